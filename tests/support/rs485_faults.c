#include "tests/support/test.h"

#include "tests/support/rs485.h"

#include <string.h>

#define WORD_ADDRESS_MASK 63U
#define WORD_EPOCH_MASK   63U
#define BIT_GROUP_MASK    15U
#define BIT_EPOCH_MASK    255U
#define STALE             32U /* epochs: an answer that nobody asked for is recognised by it */
#define OTHERS_WORDS      6
#define QUEUE_TIMEOUTS    10 /* a slave that is so far behind forgets what else is asked */

struct answer { /* an RTU frame without its CRC, or what stands behind the MBAP length */
    uint8_t bytes[RS485_FRAME_MAX];
    size_t size;
};

uint16_t rs485_word(unsigned unit, unsigned address, uint32_t epoch)
{
    return (uint16_t)((unit & 15) << 12 | (address & WORD_ADDRESS_MASK) << 6 | (epoch & WORD_EPOCH_MASK));
}

bool rs485_bit(unsigned unit, unsigned address, uint32_t epoch)
{
    unsigned const word = (unit & 15) << 12 | (address / 16 & BIT_GROUP_MASK) << 8 | (epoch & BIT_EPOCH_MASK);
    return (word >> address % 16 & 1) != 0;
}

static bool is_bits(unsigned function)
{
    return function <= 2;
}

static void put_word(struct answer *answer, unsigned word)
{
    answer->bytes[answer->size++] = (uint8_t)(word >> 8);
    answer->bytes[answer->size++] = (uint8_t)(word & 0xFF);
}

static void put_read(struct answer *answer, const struct rs485_slave *slave, const struct rs485_request *request,
                     uint32_t epoch)
{
    unsigned const count = request->number;
    if (is_bits(request->function)) {
        size_t const size = (count + 7) / 8;
        answer->bytes[answer->size++] = (uint8_t)size;
        memset(answer->bytes + answer->size, 0, size);
        for (unsigned i = 0; i < count; i++) {
            unsigned const address = request->address + i;
            bool const stored = request->function == 1 && address == RS485_WRITABLE;
            if (stored ? slave->coil : rs485_bit(request->unit, address, epoch))
                answer->bytes[answer->size + i / 8] |= (uint8_t)(1U << i % 8);
        }
        answer->size += size;
        return;
    }
    answer->bytes[answer->size++] = (uint8_t)(2 * count);
    for (unsigned i = 0; i < count; i++) {
        unsigned const address = request->address + i;
        bool const stored = request->function == 3 && address == RS485_WRITABLE;
        put_word(answer, stored ? slave->word : rs485_word(request->unit, address, epoch));
    }
}

/* What a slave without fault says, and does. */
static struct answer good_answer(struct rs485_slave *slave, const struct rs485_request *request, bool ignores)
{
    struct answer answer = {.bytes = {request->unit, request->function}, .size = 2};
    if (request->function <= 4) {
        put_read(&answer, slave, request, slave->epoch);
        return answer;
    }
    put_word(&answer, request->address);
    put_word(&answer, request->number);
    if (request->address == RS485_WRITABLE && !ignores) {
        slave->coil = request->function == 5 ? request->number != 0 : slave->coil;
        slave->word = request->function == 6 ? request->number : slave->word;
    }
    return answer;
}

static size_t finish(const struct rs485 *line, const struct rs485_request *request, const struct answer *answer,
                     uint8_t frame[static RS485_FRAME_MAX])
{
    if (line->bus->kind == LINK_TCP) {
        uint8_t const head[6] = {(uint8_t)(request->transaction >> 8), (uint8_t)request->transaction, 0, 0,
                                 (uint8_t)(answer->size >> 8),         (uint8_t)answer->size};
        memcpy(frame, head, sizeof head);
        memcpy(frame + sizeof head, answer->bytes, answer->size);
        return sizeof head + answer->size;
    }
    memcpy(frame, answer->bytes, answer->size);
    unsigned const crc = rs485_crc(frame, answer->size);
    frame[answer->size] = (uint8_t)crc;
    frame[answer->size + 1] = (uint8_t)(crc >> 8);
    return answer->size + 2;
}

/* Faults of the contents: the frame is well formed, but not the answer. */
static void change(struct rs485 *line, enum rs485_fault fault, const struct rs485_request *request,
                   struct answer *answer)
{
    static const uint8_t other_function[] = {0, 2, 1, 4, 3, 6, 5};
    struct rs485_slave *slave = &line->slaves[request->unit];
    struct rs485_request other = *request;
    if (fault >= RS485_EXCEPTION_1 && fault <= RS485_EXCEPTION_99) {
        static const uint8_t codes[] = {1, 2, 3, 4, 5, 6, 10, 11, 99};
        *answer = (struct answer){.bytes = {request->unit, request->function | 0x80, codes[fault - RS485_EXCEPTION_1]},
                                  .size = 3};
    } else if (fault == RS485_WRONG_UNIT) {
        other.unit = (uint8_t)(request->unit % 8 + 1);
        answer->size = 2;
        answer->bytes[0] = other.unit;
        if (request->function <= 4)
            put_read(answer, slave, &other, line->slaves[other.unit].epoch + STALE);
        else
            answer->size = 6;
    } else if (fault == RS485_WRONG_FUNCTION) {
        answer->bytes[1] = other_function[request->function];
    } else if (fault == RS485_WRONG_LENGTH && request->function <= 4) {
        unsigned const step = is_bits(request->function) ? 8 : 1;
        other.number = (uint16_t)(request->number > step && dice_chance(&line->dice, 500) ? request->number - step
                                                                                          : request->number + step);
        answer->size = 2;
        put_read(answer, slave, &other, slave->epoch);
    } else if (fault == RS485_WRONG_LENGTH) {
        answer->size += 2;
    } else if (fault == RS485_WRITE_ECHO && request->function > 4) {
        answer->bytes[3] ^= 1;
        answer->bytes[5] ^= 1;
    }
}

static void flip(struct rs485 *line, uint8_t *bytes, size_t size, int64_t bits)
{
    while (bits-- > 0) {
        size_t const bit = (size_t)dice_between(&line->dice, 0, (int64_t)size * 8 - 1);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static size_t put_noise(struct rs485 *line, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)dice_roll(&line->dice);
    return size;
}

/* Faults of the wire: what becomes of a whole frame. Up to three bits: all of them the CRC finds. */
static size_t spoil(struct rs485 *line, enum rs485_fault fault, uint8_t frame[static RS485_FRAME_MAX], size_t size)
{
    uint8_t before[64];
    size_t put = 0;
    if (fault == RS485_BITS_IN_DATA)
        flip(line, frame + 2, size - 4, dice_between(&line->dice, 0, 1) * 2 + 1);
    else if (fault == RS485_BIT_IN_ADDRESS)
        flip(line, frame, 1, 1);
    else if (fault == RS485_BITS_IN_CRC)
        flip(line, frame + size - 2, 2, 1);
    else if (fault == RS485_NOISE)
        return put_noise(line, frame, 200);
    else if (fault == RS485_PARTIAL)
        return (size_t)dice_between(&line->dice, 1, (int64_t)size - 1);
    else if (fault == RS485_TRAILING_00)
        frame[size++] = 0;
    else if (fault == RS485_LEADING_FF)
        before[put++] = 0xFF;
    else if (fault == RS485_LEADING_00)
        before[put++] = 0;
    else if (fault == RS485_NOISE_BEFORE)
        put = put_noise(line, before, (size_t)dice_between(&line->dice, 1, (int64_t)sizeof before));
    else if (fault == RS485_WRONG_TRANSACTION)
        frame[dice_between(&line->dice, 0, 1)] ^= 0x55;
    else if (fault == RS485_NO_HEADER)
        frame[3] = 7;
    memmove(frame + put, frame, size);
    memcpy(frame, before, put);
    return put + size;
}

/* Two of them: a request to somebody, and its answer, of a length that the gateway does not ask for. Were it one that it
 * waits for, of the same unit, nobody could tell: an RTU answer does not say whose it is. */
static void other_master(struct rs485 *line, int64_t from_us)
{
    uint8_t frames[8 + 5 + 2 * OTHERS_WORDS] = {(uint8_t)dice_between(&line->dice, 1, 8), 3, 0, 7, 0, OTHERS_WORDS};
    uint8_t *answer = frames + 8;
    unsigned crc = rs485_crc(frames, 6);
    frames[6] = (uint8_t)crc;
    frames[7] = (uint8_t)(crc >> 8);
    answer[0] = frames[0];
    answer[1] = 3;
    answer[2] = 2 * OTHERS_WORDS;
    (void)put_noise(line, answer + 3, 2 * OTHERS_WORDS);
    crc = rs485_crc(answer, 3 + 2 * OTHERS_WORDS);
    answer[3 + 2 * OTHERS_WORDS] = (uint8_t)crc;
    answer[4 + 2 * OTHERS_WORDS] = (uint8_t)(crc >> 8);
    (void)rs485_fly(line, from_us, 0, frames, sizeof frames);
}

static void babble(struct rs485 *line, int64_t from_us)
{
    uint8_t noise[12];
    for (int i = 0; i < 4; i++) {
        size_t const size = put_noise(line, noise, (size_t)dice_between(&line->dice, 1, sizeof noise));
        from_us += dice_between(&line->dice, 1000, (int64_t)line->bus->timeout_ms * 500);
        (void)rs485_fly(line, from_us, 0, noise, size);
    }
}

/* The answer to the request before; to the first one none. */
static size_t keep_back(struct rs485_slave *slave, uint8_t frame[static RS485_FRAME_MAX], size_t size)
{
    uint8_t before[RS485_FRAME_MAX];
    size_t const before_size = slave->kept_size;
    memcpy(before, slave->kept, before_size);
    memcpy(slave->kept, frame, size);
    slave->kept_size = size;
    memcpy(frame, before, before_size);
    return before_size;
}

static void unplug(struct rs485 *line, int64_t mono_us)
{
    rs485_hang_up(line);
    line->back_us = mono_us + dice_between(&line->dice, 0, 20000000);
}

static void send_answer(struct rs485 *line, enum rs485_fault fault, const struct rs485_request *request,
                        uint8_t frame[static RS485_FRAME_MAX], size_t size)
{
    struct rs485_slave *slave = &line->slaves[request->unit];
    int64_t const timeout_us = (int64_t)line->bus->timeout_ms * 1000;
    int64_t at_us = request->heard_us > slave->busy_until_us ? request->heard_us : slave->busy_until_us;
    int64_t pause_us = 0;
    at_us += dice_between(&line->dice, RS485_TURNAROUND_LEAST_US, RS485_TURNAROUND_MOST_US);
    if (fault == RS485_LATE)
        at_us += dice_between(&line->dice, timeout_us / 2, 4 * timeout_us);
    if (fault == RS485_SLOW)
        pause_us = timeout_us / 4;
    if (fault == RS485_GAPS)
        pause_us = 3 * line->character_us;
    if (fault == RS485_OTHER_MASTER)
        other_master(line, request->heard_us + 500);
    if (fault == RS485_BABBLE)
        babble(line, request->heard_us);
    slave->busy_until_us = rs485_fly(line, at_us, pause_us, frame, size);
    if (fault == RS485_TWICE)
        (void)rs485_fly(line, slave->busy_until_us, 0, frame, size);
    if (fault == RS485_DUPLICATE)
        (void)rs485_fly(line, at_us + dice_between(&line->dice, 0, timeout_us), 0, frame, size);
}

/* Echo is a trait of the line, not of a request. A TCP stream that swallows bytes and goes on has no frames any more. Where
 * a second answer comes late, lengths keep the reads of a slave apart, unless another fault makes it refuse those lengths. */
static bool is_mixed_in(enum rs485_fault fault, enum link_kind kind)
{
    return fault != RS485_MIXED && fault != RS485_DUPLICATE && fault != RS485_ECHO && fault != RS485_ECHO_DEAD &&
           !(fault == RS485_PARTIAL && kind == LINK_TCP) && rs485_fault_is_of(fault, kind);
}

static enum rs485_fault roll(struct rs485 *line, const struct rs485_slave *slave)
{
    if (!slave->struck_often || line->fault == RS485_NONE || !dice_chance(&line->dice, line->per_mille))
        return RS485_NONE;
    enum rs485_fault fault = line->fault;
    while (line->fault == RS485_MIXED && !is_mixed_in(fault, line->bus->kind))
        fault = (enum rs485_fault)dice_between(&line->dice, 1, RS485_MIXED - 1);
    if (fault == RS485_UNPLUG && !dice_chance(&line->dice, 100))
        return RS485_NONE;
    line->struck++;
    return fault;
}

void rs485_answer(struct rs485 *line, const struct rs485_request *request)
{
    assert_true(request->unit <= RS485_UNIT_MAX && request->function >= 1 && request->function <= 6);
    struct rs485_slave *slave = &line->slaves[request->unit];
    enum rs485_fault const fault = roll(line, slave);
    int64_t const patience_us = line->skips_while_busy ? 0 : (int64_t)line->bus->timeout_ms * 1000 * QUEUE_TIMEOUTS;
    slave->epoch++;
    slave->asked_us[slave->epoch % RS485_EPOCHS] = line->mono_us;
    if (line->fault == RS485_ECHO || line->fault == RS485_ECHO_DEAD)
        (void)rs485_fly(line, line->mono_us, 0, request->bytes, request->size);
    if (fault == RS485_UNPLUG)
        unplug(line, line->mono_us);
    if (!slave->there || slave->dead || fault == RS485_SILENCE || fault == RS485_ECHO_DEAD || fault == RS485_UNPLUG ||
        slave->busy_until_us > request->heard_us + patience_us)
        return;
    struct answer answer = good_answer(slave, request, fault == RS485_WRITE_IGNORED);
    uint8_t frame[RS485_FRAME_MAX];
    change(line, fault, request, &answer);
    size_t size = spoil(line, fault, frame, finish(line, request, &answer, frame));
    if (fault == RS485_LATE_BY_ONE)
        size = keep_back(slave, frame, size);
    else
        slave->kept_size = 0; /* in step again */
    send_answer(line, fault, request, frame, size);
}
