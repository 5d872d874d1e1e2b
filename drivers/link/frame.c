#include "drivers/link/frame.h"

#include <string.h>

#include "gateway/base/check.h"

#define EXCEPTION_FLAG     0x80
#define EXCEPTION_RTU_SIZE 5 /* unit, function, code, CRC */
#define RTU_REQUEST_SIZE   8 /* unit, function, address, count or value, CRC; also the answer to a write */
#define MBAP_HEAD_SIZE     6 /* transaction, protocol, length: what stands before the bytes that `length` counts */
#define MBAP_LENGTH_MIN    3 /* unit, function and at least one byte: an exception */
#define MBAP_LENGTH_MAX    (FRAME_MBAP_MAX - MBAP_HEAD_SIZE)
#define UNIT_RTU_MAX       247

uint16_t frame_crc(const uint8_t *bytes, size_t size)
{
    /* polynomial 0xA001 (0x8005 reflected), four bits at a time */
    static const uint16_t table[16] = {0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
                                       0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400};
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return (uint16_t)crc;
}

static bool crc_is_good(const uint8_t *frame, size_t size)
{
    return frame_crc(frame, size - 2) == (frame[size - 2] | frame[size - 1] << 8);
}

static void put_word(uint8_t *at, unsigned word)
{
    at[0] = (uint8_t)(word >> 8 & 0xFF);
    at[1] = (uint8_t)(word & 0xFF);
}

static uint16_t get_word(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static bool is_bits(uint8_t function)
{
    return function == LINK_READ_COILS || function == LINK_READ_DISCRETES;
}

static bool is_read(uint8_t function)
{
    return function >= LINK_READ_COILS && function <= LINK_READ_INPUT;
}

bool frame_request_is_valid(const struct link_request *request, enum frame_kind kind)
{
    if (kind == FRAME_RTU && (request->unit == 0 || request->unit > UNIT_RTU_MAX))
        return false;
    if (request->function == LINK_WRITE_COIL)
        return request->count == 1 && request->value <= 1;
    if (request->function == LINK_WRITE_REGISTER)
        return request->count == 1;
    unsigned count_max = is_bits(request->function) ? LINK_BITS_MAX : LINK_WORDS_MAX;
    return is_read(request->function) && request->count >= 1 && request->count <= count_max &&
           request->address + request->count <= 65536;
}

static unsigned last_word(const struct link_request *request)
{
    if (is_read(request->function))
        return request->count;
    if (request->function == LINK_WRITE_COIL)
        return request->value != 0 ? 0xFF00 : 0x0000; /* V1.1b3, section 6.5 */
    return request->value;
}

size_t frame_build(const struct link_request *request, enum frame_kind kind, uint16_t transaction,
                   uint8_t ret_bytes[static FRAME_REQUEST_MAX])
{
    uint8_t *adu = kind == FRAME_MBAP ? ret_bytes + MBAP_HEAD_SIZE : ret_bytes;
    adu[0] = request->unit;
    adu[1] = request->function;
    put_word(adu + 2, request->address);
    put_word(adu + 4, last_word(request));
    if (kind == FRAME_MBAP) {
        put_word(ret_bytes, transaction);
        put_word(ret_bytes + 2, 0);
        put_word(ret_bytes + 4, 6);
        return MBAP_HEAD_SIZE + 6;
    }
    uint16_t crc = frame_crc(adu, 6);
    adu[6] = (uint8_t)(crc & 0xFF);
    adu[7] = (uint8_t)(crc >> 8);
    return RTU_REQUEST_SIZE;
}

void framer_init(struct framer *framer, enum frame_kind kind)
{
    *framer = (struct framer){.kind = kind};
}

static uint8_t data_size_of(const struct link_request *request)
{
    unsigned count = request->count;
    return (uint8_t)(is_bits(request->function) ? (count + 7) / 8 : count * 2);
}

static void count_foreign(struct framer *framer, uint8_t unit)
{
    if (framer->foreign < LINK_FOREIGN_UNITS)
        framer->foreign_units[framer->foreign] = unit;
    framer->foreign++;
}

/* Would the request, coming back as echo, be a perfect answer to itself? */
static bool would_answer_itself(const struct framer *framer)
{
    return framer->reply_size <= RTU_REQUEST_SIZE && framer->request[2] == framer->data_size &&
           crc_is_good(framer->request, framer->reply_size);
}

void framer_expect(struct framer *framer, const struct link_request *request, uint16_t transaction,
                   enum frame_echo echo)
{
    CHECK(frame_request_is_valid(request, framer->kind));
    framer->expects = true;
    framer->is_read = is_read(request->function);
    framer->echo = echo;
    framer->echo_seen = false;
    framer->unit = request->unit;
    framer->function = request->function;
    framer->count = request->count;
    framer->data_size = framer->is_read ? data_size_of(request) : 0;
    framer->request_size = frame_build(request, framer->kind, transaction, framer->request);
    framer->foreign = 0;
    framer->junk = 0;
    framer->crc = 0;
    if (framer->kind == FRAME_MBAP) {
        framer->reply_size = framer->is_read ? MBAP_HEAD_SIZE + 3U + framer->data_size : framer->request_size;
        return;
    }
    framer->reply_size = framer->is_read ? 5U + framer->data_size : framer->request_size;
    framer->ambiguous = !framer->is_read || would_answer_itself(framer);
    framer->wanted = 0;
    framer->at = 0;
    framer->used = 0;
}

/* `data` is what stands behind the byte count. */
static void decode(const struct framer *framer, const uint8_t *data, struct link_reply *ret_reply)
{
    if (is_bits(framer->function)) {
        memcpy(ret_reply->bits, data, framer->data_size);
        if (framer->count % 8 != 0) /* the rest of the last byte means nothing */
            ret_reply->bits[framer->data_size - 1] &= (uint8_t)((1U << framer->count % 8) - 1);
    } else if (framer->is_read) {
        for (size_t i = 0; i < framer->count; i++)
            ret_reply->words[i] = get_word(data + 2 * i);
    }
}

/* --- RTU ------------------------------------------------------------------------------------------------------------ */

/* How long a frame of anybody (an answer, or the request of another master) that begins here may be, at most two sizes. */
static size_t frame_sizes(const uint8_t *at, size_t left, size_t ret_sizes[static 2])
{
    if (left < EXCEPTION_RTU_SIZE || at[0] > UNIT_RTU_MAX)
        return 0;
    unsigned function = at[1];
    if ((function & EXCEPTION_FLAG) != 0) {
        ret_sizes[0] = EXCEPTION_RTU_SIZE;
        return 1;
    }
    ret_sizes[0] = RTU_REQUEST_SIZE; /* reads, single writes, answers to multiple writes */
    ret_sizes[1] = 5U + at[2];       /* answers to reads */
    if (function >= 1 && function <= 4)
        return 2;
    if (function == 15 || function == 16) {
        ret_sizes[1] = left > 6 ? 9U + at[6] : 0; /* requests to write several */
        return 2;
    }
    return function == 5 || function == 6 ? 1 : 0;
}

static size_t whole_frame(const uint8_t *at, size_t left)
{
    size_t sizes[2];
    size_t size_count = frame_sizes(at, left, sizes);
    for (size_t i = 0; i < size_count; i++)
        if (sizes[i] >= EXCEPTION_RTU_SIZE && sizes[i] <= left && sizes[i] <= FRAME_RTU_MAX &&
            crc_is_good(at, sizes[i]))
            return sizes[i];
    return 0;
}

static void tell(const struct framer *framer, enum tap_kind kind, const uint8_t *bytes, size_t size)
{
    if (framer->witness != NULL && size > 0)
        framer->witness(framer->witness_self, kind, bytes, size);
}

/* Would be the answer, or an exception, but for its CRC. */
static bool was_answer(const struct framer *framer, const uint8_t *at, size_t left)
{
    if (framer->reply_size == 0 || left < EXCEPTION_RTU_SIZE || at[0] != framer->unit)
        return false;
    if (at[1] == (framer->function | EXCEPTION_FLAG))
        return true;
    if (left < framer->reply_size || at[1] != framer->function)
        return false;
    return framer->is_read ? at[2] == framer->data_size : memcmp(at, framer->request, RTU_REQUEST_SIZE - 2) == 0;
}

void framer_discard(struct framer *framer, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    size_t told = 0;
    while (at < size) {
        size_t frame_size = whole_frame(bytes + at, size - at);
        if (frame_size == 0) {
            framer->crc += was_answer(framer, bytes + at, size - at) ? 1 : 0;
            framer->junk++;
            at++;
            continue;
        }
        tell(framer, TAP_JUNK, bytes + told, at - told);
        tell(framer, TAP_FOREIGN, bytes + at, frame_size);
        count_foreign(framer, bytes[at]);
        at += frame_size;
        told = at;
    }
    tell(framer, TAP_JUNK, bytes + told, at - told);
}

/* Counts what stands before `end` and takes it out, with `skip` bytes more, a frame of that kind. */
static void drop(struct framer *framer, size_t end, size_t skip, enum tap_kind kind)
{
    framer_discard(framer, framer->bytes, end);
    tell(framer, kind, framer->bytes + end, skip);
    framer->used -= end + skip;
    memmove(framer->bytes, framer->bytes + end + skip, framer->used);
    framer->at = 0;
}

enum sight { SIGHT_NOTHING, SIGHT_WAIT, SIGHT_ECHO, SIGHT_REPLY, SIGHT_EXCEPTION };

static enum sight when_whole(struct framer *framer, const uint8_t *at, size_t left, size_t size, enum sight sight)
{
    framer->wanted = size;
    if (left < size)
        return SIGHT_WAIT;
    return crc_is_good(at, size) ? sight : SIGHT_NOTHING;
}

static bool may_be_echo(const struct framer *framer)
{
    if (framer->echo_seen)
        return false;
    if (!framer->is_read)
        return framer->echo == ECHO_YES;
    return !framer->ambiguous || framer->echo != ECHO_NO;
}

/* What begins here, as far as the open request is concerned? */
static enum sight look(struct framer *framer, const uint8_t *at, size_t left)
{
    if (at[0] != framer->unit)
        return SIGHT_NOTHING;
    framer->wanted = EXCEPTION_RTU_SIZE;
    if (left < 2)
        return SIGHT_WAIT;
    if (at[1] == (framer->function | EXCEPTION_FLAG))
        return when_whole(framer, at, left, EXCEPTION_RTU_SIZE, SIGHT_EXCEPTION);
    if (at[1] != framer->function)
        return SIGHT_NOTHING;
    bool is_copy = memcmp(at, framer->request, left < RTU_REQUEST_SIZE ? left : RTU_REQUEST_SIZE) == 0;
    if (is_copy && may_be_echo(framer))
        return when_whole(framer, at, left, RTU_REQUEST_SIZE, SIGHT_ECHO);
    if (!framer->is_read)
        return is_copy ? when_whole(framer, at, left, RTU_REQUEST_SIZE, SIGHT_REPLY) : SIGHT_NOTHING;
    if (left >= 3 && at[2] != framer->data_size)
        return SIGHT_NOTHING;
    return when_whole(framer, at, left, framer->reply_size, SIGHT_REPLY);
}

static enum frame_state take(struct framer *framer, enum sight sight, struct link_reply *ret_reply)
{
    const uint8_t *frame = framer->bytes + framer->at;
    bool is_exception = sight == SIGHT_EXCEPTION;
    if (is_exception)
        ret_reply->exception = frame[2];
    else
        decode(framer, frame + 3, ret_reply);
    if (is_exception)
        drop(framer, framer->at, EXCEPTION_RTU_SIZE, TAP_EXCEPTION);
    else
        drop(framer, framer->at, framer->reply_size, TAP_REPLY);
    framer->expects = false;
    framer_end(framer);
    return is_exception ? FRAME_EXCEPTION : FRAME_REPLY;
}

/* Goes on from `at`. A frame of ours that has begun holds the search up; should it turn out to be none, the real one cannot
 * have been complete earlier, because it has the same size and begins later. */
static enum frame_state search(struct framer *framer, struct link_reply *ret_reply)
{
    while (framer->at < framer->used) {
        enum sight sight = look(framer, framer->bytes + framer->at, framer->used - framer->at);
        if (sight == SIGHT_WAIT)
            return FRAME_MORE;
        if (sight == SIGHT_REPLY || sight == SIGHT_EXCEPTION)
            return take(framer, sight, ret_reply);
        if (sight == SIGHT_ECHO) {
            framer->echo_seen = true;
            drop(framer, framer->at, RTU_REQUEST_SIZE, TAP_ECHO);
        } else {
            framer->at++;
        }
    }
    framer->wanted = 0;
    return FRAME_MORE;
}

void framer_end(struct framer *framer)
{
    framer->wanted = 0;
    if (framer->kind == FRAME_RTU)
        drop(framer, framer->used, 0, TAP_JUNK);
}

size_t framer_missing(const struct framer *framer)
{
    size_t begun = framer->used - framer->at;
    return framer->kind == FRAME_RTU && framer->wanted > begun ? framer->wanted - begun : 0;
}

enum frame_echo framer_learned_echo(const struct framer *framer, bool answered)
{
    if (framer->kind != FRAME_RTU || framer->ambiguous)
        return ECHO_UNKNOWN;
    if (framer->echo_seen)
        return ECHO_YES;
    return answered ? ECHO_NO : ECHO_UNKNOWN;
}

void framer_report(const struct framer *framer, struct link_reply *ret_reply)
{
    ret_reply->foreign = framer->foreign;
    ret_reply->junk = framer->junk;
    ret_reply->crc = framer->crc;
    ret_reply->echo = framer->echo_seen ? 1 : 0;
    memcpy(ret_reply->foreign_units, framer->foreign_units, sizeof ret_reply->foreign_units);
}

/* --- MBAP ----------------------------------------------------------------------------------------------------------- */

/* The size of the frame at the beginning of the buffer, 0 when not even its head is whole. */
static enum frame_state mbap_size(const struct framer *framer, size_t *ret_size)
{
    *ret_size = 0;
    if (framer->used < MBAP_HEAD_SIZE)
        return FRAME_MORE;
    uint16_t length = get_word(framer->bytes + 4);
    if (get_word(framer->bytes + 2) != 0 || length < MBAP_LENGTH_MIN || length > MBAP_LENGTH_MAX)
        return FRAME_BROKEN;
    *ret_size = MBAP_HEAD_SIZE + (size_t)length;
    return FRAME_MORE;
}

static enum sight mbap_look(const struct framer *framer, size_t size)
{
    const uint8_t *frame = framer->bytes;
    if (!framer->expects || memcmp(frame, framer->request, 2) != 0 || frame[6] != framer->unit)
        return SIGHT_NOTHING;
    if (frame[7] == (framer->function | EXCEPTION_FLAG))
        return size == MBAP_HEAD_SIZE + MBAP_LENGTH_MIN ? SIGHT_EXCEPTION : SIGHT_NOTHING;
    if (frame[7] != framer->function || size != framer->reply_size)
        return SIGHT_NOTHING;
    if (framer->is_read)
        return frame[8] == framer->data_size ? SIGHT_REPLY : SIGHT_NOTHING;
    return memcmp(frame, framer->request, size) == 0 ? SIGHT_REPLY : SIGHT_NOTHING;
}

static enum frame_state mbap_take(struct framer *framer, size_t size, struct link_reply *ret_reply)
{
    enum sight sight = mbap_look(framer, size);
    if (sight == SIGHT_NOTHING) {
        count_foreign(framer, framer->bytes[6]);
        return FRAME_MORE;
    }
    framer->expects = false;
    if (sight == SIGHT_EXCEPTION) {
        ret_reply->exception = framer->bytes[8];
        return FRAME_EXCEPTION;
    }
    decode(framer, framer->bytes + 9, ret_reply);
    return FRAME_REPLY;
}

static enum tap_kind mbap_kind(enum frame_state state)
{
    return state == FRAME_REPLY ? TAP_REPLY : state == FRAME_EXCEPTION ? TAP_EXCEPTION : TAP_FOREIGN;
}

/* Takes every whole frame, also those behind the answer, so that at most one part of a frame stays. */
static enum frame_state mbap_consume(struct framer *framer, struct link_reply *ret_reply)
{
    enum frame_state outcome = FRAME_MORE;
    for (;;) {
        size_t size;
        if (mbap_size(framer, &size) == FRAME_BROKEN) {
            framer->junk += (uint32_t)framer->used;
            tell(framer, TAP_JUNK, framer->bytes, framer->used);
            framer->used = 0;
            return FRAME_BROKEN;
        }
        if (size == 0 || framer->used < size)
            return outcome;
        enum frame_state state = mbap_take(framer, size, ret_reply);
        if (state != FRAME_MORE)
            outcome = state;
        tell(framer, mbap_kind(state), framer->bytes, size);
        framer->used -= size;
        memmove(framer->bytes, framer->bytes + size, framer->used);
    }
}

enum frame_state framer_feed(struct framer *framer, const uint8_t *bytes, size_t size, struct link_reply *ret_reply)
{
    CHECK(size <= FRAME_FEED_MAX);
    if (framer->kind == FRAME_RTU && !framer->expects) {
        framer_discard(framer, bytes, size);
        return FRAME_MORE;
    }
    CHECK(framer->used + size <= sizeof framer->bytes);
    memcpy(framer->bytes + framer->used, bytes, size);
    framer->used += size;
    if (framer->kind == FRAME_MBAP)
        return mbap_consume(framer, ret_reply);
    enum frame_state state = search(framer, ret_reply);
    /* Room for the next: what has begun is shorter than FRAME_RTU_MAX and stays. */
    if (framer->used > FRAME_FEED_MAX)
        drop(framer, framer->at, 0, TAP_JUNK);
    return state;
}
