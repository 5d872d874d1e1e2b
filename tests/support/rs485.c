#include "tests/support/test.h"

#include "tests/support/rs485.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/model/line.h"

#define SILENCE_SLOW_MAX_BAUD 19200 /* Serial Line V1.02, section 2.5.1.1: 3.5 characters of 11 bits up to here, */
#define SILENCE_FAST_US       1750  /* and this above */
#define COLLISION_US          50000 /* what is said so long into somebody else's answer is lost */
#define SILENCE_TROUBLE_US    20000 /* what the gateway may wait for after trouble, each time */

const char *rs485_fault_text(enum rs485_fault fault)
{
    static const char *const texts[RS485_FAULT_COUNT] = {
#define RS485_TEXT(id, text, where) text,
        RS485_FAULTS(RS485_TEXT)
#undef RS485_TEXT
    };
    return texts[fault];
}

bool rs485_fault_is_of(enum rs485_fault fault, enum link_kind kind)
{
    static const char *const places[RS485_FAULT_COUNT] = {
#define RS485_WHERE(id, text, where) where,
        RS485_FAULTS(RS485_WHERE)
#undef RS485_WHERE
    };
    return strchr(places[fault], kind == LINK_RTU ? 'R' : kind == LINK_TCP ? 'T' : 'S') != NULL;
}

/* The near side: ports/link.h over the real exchange. */

static enum err near_send(void *self, const uint8_t *frame, size_t size)
{
    const struct rs485 *line = self;
    return send(line->near_fd, frame, size, MSG_NOSIGNAL) == (ssize_t)size ? ERR_OK : ERR_CLOSED;
}

static void far_close(struct rs485 *line)
{
    if (line->far_fd >= 0)
        (void)close(line->far_fd);
    line->far_fd = -1;
}

static void link_close(void *self)
{
    struct rs485 *line = self;
    exchange_close(&line->exchange);
    if (line->near_fd >= 0)
        (void)close(line->near_fd);
    line->near_fd = -1;
    far_close(line);
}

static enum err link_open(void *self, int64_t mono_us)
{
    struct rs485 *line = self;
    int ends[2];
    link_close(line);
    if (mono_us < line->back_us)
        return ERR_NOT_FOUND;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    line->near_fd = ends[0];
    line->far_fd = ends[1];
    line->opened++;
    line->transaction = 0;
    line->broken = false;
    if (line->bus->kind == LINK_TCP)
        line->flight_count = 0; /* they belonged to the old connection */
    exchange_open(&line->exchange, line->near_fd, mono_us);
    return ERR_OK;
}

static bool is_same_read(const struct link_request *a, const struct link_request *b)
{
    return a->unit == b->unit && a->function == b->function && a->function <= LINK_READ_INPUT;
}

/* The probe is another length of what was lost, at about its place. */
static bool is_probe(const struct rs485 *line, const struct link_request *request)
{
    int const off = request->address - line->lost.address;
    return is_same_read(request, &line->lost) && request->count != line->lost.count && off > -16 && off < 16;
}

static enum err link_start(void *self, const struct link_request *request, int64_t mono_us)
{
    struct rs485 *line = self;
    assert_true(request->timeout_ms <= line->bus->timeout_ms);
    line->asked = *request;
    if (line->unfenced && is_probe(line, request)) {
        line->asked.address = line->lost.address;
        line->asked.count = line->lost.count;
    }
    line->asked_us = mono_us;
    return exchange_start(&line->exchange, &line->asked, mono_us);
}

/* An exchange may wait for a quiet line as long as for an answer, and no longer (exchange.h). */
static void judge_end(struct rs485 *line, const struct link_reply *reply, int64_t mono_us)
{
    int64_t const request_us = line->bus->kind == LINK_TCP ? 0 : 8 * line->character_us;
    int64_t const silence_us = line->bus->kind == LINK_TCP ? 0 : SILENCE_TROUBLE_US;
    int64_t const timeout_us = (int64_t)line->asked.timeout_ms * 1000;
    int64_t const guard_us = (int64_t)line->asked.guard_ms * 1000;
    int64_t due_us = line->asked_us + 3 * (silence_us + guard_us) + timeout_us; /* never sent */
    if (reply->sent_mono_us > 0)
        due_us = reply->sent_mono_us + request_us + timeout_us;
    if (mono_us - due_us > line->overdue_us)
        line->overdue_us = mono_us - due_us;
}

static enum link_progress link_poll(void *self, int64_t mono_us, struct link_reply *ret_reply, enum err *ret_err,
                                    int64_t *ret_next_mono_us)
{
    struct rs485 *line = self;
    enum link_progress progress = exchange_poll(&line->exchange, mono_us, ret_reply, ret_err, ret_next_mono_us);
    if (progress != LINK_DONE && progress != LINK_FAILED)
        return progress;
    judge_end(line, ret_reply, mono_us);
    bool const excepted = progress == LINK_FAILED && *ret_err == ERR_EXCEPTION;
    if (progress == LINK_FAILED && !excepted && line->asked.function <= LINK_READ_INPUT)
        line->lost = line->asked;
    return progress;
}

static int link_fd(void *self)
{
    const struct rs485 *line = self;
    return exchange_fd(&line->exchange);
}

static void link_destroy(void *self)
{
    link_close(self);
}

static const char *link_trouble(void *self)
{
    (void)self;
    return "unplugged";
}

static bool link_gone(void *self, int *ret_fd)
{
    const struct rs485 *line = self;
    return exchange_gone(&line->exchange, ret_fd);
}

struct link rs485_link(struct rs485 *line)
{
    static const struct link_ops ops = {link_open, link_close,   link_start,   link_poll,
                                        link_fd,   link_destroy, link_trouble, link_gone};
    return (struct link){.ops = &ops, .self = line};
}

/* The far side. */

void rs485_open(struct rs485 *line, const struct site_bus *bus, uint64_t seed)
{
    memset(line, 0, sizeof *line);
    line->bus = bus;
    line->dice.state = seed;
    line->near_fd = line->far_fd = -1;
    line->lump_us = 1;
    unsigned const bits = line_character_bits(bus);
    if (bus->kind != LINK_TCP)
        line->character_us = ((int64_t)bits * 1000000 + bus->baud - 1) / bus->baud;
    exchange_init(&line->exchange, bus->kind == LINK_TCP ? FRAME_MBAP : FRAME_RTU,
                  bus->kind == LINK_TCP ? 0 : bus->baud, bus->kind == LINK_TCP ? 0 : bits, near_send, line);
}

void rs485_close(struct rs485 *line)
{
    link_close(line);
}

void rs485_hang_up(struct rs485 *line)
{
    far_close(line);
    line->broken = true;
    line->flight_count = 0;
}

uint16_t rs485_crc(const uint8_t *bytes, size_t size)
{
    unsigned crc = 0xFFFF; /* Serial Line V1.02, section 6.2.2: bit by bit */
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1;
    }
    return (uint16_t)crc;
}

static int64_t flight_us(const struct rs485 *line, const struct rs485_flight *flight, size_t bytes)
{
    return (int64_t)bytes * (line->character_us + flight->pause_us);
}

int64_t rs485_fly(struct rs485 *line, int64_t from_us, int64_t pause_us, const uint8_t *bytes, size_t size)
{
    assert_true(size <= RS485_FRAME_MAX);
    if (line->flight_count == RS485_FLIGHTS_MAX || size == 0 || line->broken)
        return from_us;
    struct rs485_flight *flight = &line->flights[line->flight_count++];
    *flight = (struct rs485_flight){.from_us = from_us, .pause_us = pause_us, .size = size};
    memcpy(flight->bytes, bytes, size);
    return from_us + flight_us(line, flight, size);
}

/* Whose bytes are on the line, or will be next: who has begun goes on, else who begins first. */
static size_t first_flight(const struct rs485 *line)
{
    size_t first = 0;
    for (size_t i = 0; i < line->flight_count; i++) {
        if (line->flights[i].gone > 0)
            return i;
        if (line->flights[i].from_us < line->flights[first].from_us)
            first = i;
    }
    return first;
}

/* When the next byte of the flight is over, on the wire. */
static int64_t byte_us(const struct rs485 *line, const struct rs485_flight *flight)
{
    int64_t from_us = flight->from_us > line->line_free_us || flight->gone > 0 ? flight->from_us : line->line_free_us;
    return from_us + flight_us(line, flight, flight->gone + 1);
}

static int64_t readable_us(const struct rs485 *line, int64_t wire_us)
{
    return (wire_us + line->lump_us - 1) / line->lump_us * line->lump_us;
}

int64_t rs485_next(const struct rs485 *line)
{
    if (line->flight_count == 0)
        return INT64_MAX;
    return readable_us(line, byte_us(line, &line->flights[first_flight(line)]));
}

static void send_near(struct rs485 *line, const uint8_t *bytes, size_t size, int64_t mono_us)
{
    if (size == 0)
        return;
    line->silent_from_us = mono_us;
    if (line->far_fd >= 0)
        (void)!send(line->far_fd, bytes, size, MSG_NOSIGNAL); /* a full pipe or a closed one: the bytes are lost */
}

void rs485_give(struct rs485 *line, int64_t mono_us)
{
    uint8_t bytes[1024];
    size_t size = 0;
    while (line->flight_count > 0 && rs485_next(line) <= mono_us) {
        size_t const at = first_flight(line);
        struct rs485_flight *flight = &line->flights[at];
        if (flight->gone == 0 && flight->from_us + COLLISION_US < line->line_free_us) {
            *flight = line->flights[--line->flight_count];
            continue;
        }
        if (flight->gone == 0 && flight->from_us < line->line_free_us)
            flight->from_us = line->line_free_us; /* the worse case: it comes whole, behind the other */
        int64_t const over_us = byte_us(line, flight);
        bytes[size++] = flight->bytes[flight->gone++];
        if (size == sizeof bytes) {
            send_near(line, bytes, size, mono_us);
            size = 0;
        }
        if (flight->gone < flight->size)
            continue;
        line->line_free_us = over_us;
        *flight = line->flights[--line->flight_count];
    }
    send_near(line, bytes, size, mono_us);
}

static unsigned word_at(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static bool read_request(const struct rs485 *line, const uint8_t *bytes, size_t size, struct rs485_request *ret_request)
{
    bool const mbap = line->bus->kind == LINK_TCP;
    const uint8_t *adu = mbap ? bytes + 6 : bytes;
    if (size != (mbap ? 12U : 8U))
        return false;
    if (mbap && (word_at(bytes + 2) != 0 || word_at(bytes + 4) != 6))
        return false;
    if (!mbap && rs485_crc(bytes, 6) != (bytes[6] | bytes[7] << 8))
        return false;
    *ret_request = (struct rs485_request){.unit = adu[0],
                                          .function = adu[1],
                                          .address = (uint16_t)word_at(adu + 2),
                                          .number = (uint16_t)word_at(adu + 4),
                                          .transaction = (uint16_t)(mbap ? word_at(bytes) : 0),
                                          .size = size};
    memcpy(ret_request->bytes, bytes, size);
    return true;
}

static int64_t least_silence_us(uint32_t baud)
{
    return baud > SILENCE_SLOW_MAX_BAUD ? SILENCE_FAST_US : (int64_t)35 * 11 * 100000 / baud;
}

void rs485_take(struct rs485 *line, int64_t mono_us)
{
    uint8_t bytes[64];
    line->mono_us = mono_us;
    if (line->far_fd < 0)
        return;
    ssize_t got = recv(line->far_fd, bytes, sizeof bytes, 0);
    if (got <= 0)
        return;
    struct rs485_request request;
    assert_true(read_request(line, bytes, (size_t)got, &request)); /* one request at a time, whole, well formed */
    bool const mbap = line->bus->kind == LINK_TCP;
    if (!mbap && mono_us - line->silent_from_us < least_silence_us(line->bus->baud))
        line->short_silences++;
    if (mbap)
        assert_int_not_equal(request.transaction, line->transaction); /* another one each time */
    line->transaction = request.transaction;
    request.heard_us = mono_us + (mbap ? 0 : 8 * line->character_us);
    if (!mbap)
        line->silent_from_us = request.heard_us;
    line->requests++;
    rs485_answer(line, &request);
}
