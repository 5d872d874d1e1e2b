#include "drivers/link/exchange.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/model/line.h"

#define READS_MAX 4 /* in one poll: more than any frame; the rest waits for the next */

void exchange_init(struct exchange *exchange, enum frame_kind kind, uint32_t baud, unsigned character_bits,
                   exchange_send *send, void *self)
{
    *exchange = (struct exchange){
        .kind = kind,
        .character_ns = kind == FRAME_MBAP || baud == 0 ? 0 : (int64_t)character_bits * 1000000000 / baud,
        .silence_us = kind == FRAME_MBAP ? 0 : line_silence_us(baud),
        .switch_us = kind == FRAME_MBAP ? 0 : line_switch_us(baud),
        .send = send,
        .self = self,
        .fd = -1,
        .phase = EXCHANGE_CLOSED,
    };
}

/* What is read before the request is sent answers something else. */
static void witness(void *self, enum tap_kind kind, const uint8_t *bytes, size_t size)
{
    struct exchange *exchange = self;
    bool is_stale = kind == TAP_FOREIGN && exchange->phase != EXCHANGE_RECEIVE;
    ear_tell(&exchange->ear, is_stale ? TAP_STALE : kind, bytes, size);
}

void exchange_open(struct exchange *exchange, int fd, int64_t mono_us)
{
    exchange->fd = fd;
    exchange->phase = EXCHANGE_IDLE;
    exchange->troubled = true; /* who knows what is on the line */
    exchange->echo = ECHO_UNKNOWN;
    exchange->last_unit = -1;
    exchange->line_free_mono_us = mono_us;
    framer_init(&exchange->framer, exchange->kind);
    exchange->framer.witness = witness;
    exchange->framer.witness_self = exchange;
    ear_forget(&exchange->ear);
    ear_put(&exchange->ear, TAP_OPENED, mono_us, NULL, 0);
}

void exchange_close(struct exchange *exchange)
{
    exchange->fd = -1;
    exchange->phase = EXCHANGE_CLOSED;
}

static int64_t on_the_line_us(const struct exchange *exchange, size_t size)
{
    return ((int64_t)size * exchange->character_ns + 999) / 1000;
}

static int64_t silence_us(const struct exchange *exchange)
{
    int64_t line_us = exchange->silence_us + (exchange->switches ? exchange->switch_us : 0);
    if (exchange->kind == FRAME_RTU && exchange->troubled && line_us < LINE_SILENCE_SAFE_US)
        line_us = LINE_SILENCE_SAFE_US;
    return line_us + (int64_t)exchange->request.guard_ms * 1000;
}

enum err exchange_start(struct exchange *exchange, const struct link_request *request, int64_t mono_us)
{
    if (exchange->phase == EXCHANGE_CLOSED)
        return ERR_CLOSED;
    if (exchange->phase != EXCHANGE_IDLE)
        return ERR_BUSY;
    if (!frame_request_is_valid(request, exchange->kind))
        return ERR_ARGUMENT;
    exchange->request = *request;
    exchange->switches = exchange->last_unit >= 0 && exchange->last_unit != request->unit;
    exchange->last_unit = request->unit;
    exchange->transaction++;
    exchange->frame_size = frame_build(request, exchange->kind, exchange->transaction, exchange->frame);
    framer_expect(&exchange->framer, request, exchange->transaction, exchange->echo);
    exchange->phase = EXCHANGE_QUIET;
    exchange->sent_mono_us = 0;
    exchange->characters = 0;
    exchange->quiet_until_mono_us = exchange->line_free_mono_us + silence_us(exchange);
    int64_t from_mono_us = exchange->quiet_until_mono_us > mono_us ? exchange->quiet_until_mono_us : mono_us;
    exchange->give_up_mono_us = from_mono_us + silence_us(exchange) + (int64_t)request->timeout_ms * 1000;
    return ERR_OK;
}

/* What there is, at most FRAME_FEED_MAX bytes; *ret_size 0 when there is nothing. */
static enum err read_some(struct exchange *exchange, uint8_t *ret_bytes, size_t *ret_size)
{
    ssize_t got;
    do {
        got = read(exchange->fd, ret_bytes, FRAME_FEED_MAX);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno != EAGAIN)
        return ERR_CLOSED; /* EIO, ENXIO, ENODEV, ECONNRESET, ETIMEDOUT …: all mean the same here */
    if (got == 0)
        return ERR_CLOSED; /* hung up: the other end or the adapter is gone */
    *ret_size = got > 0 ? (size_t)got : 0;
    exchange->characters += (uint32_t)*ret_size;
    return ERR_OK;
}

static enum link_progress finish(struct exchange *exchange, enum err err, int64_t mono_us, struct link_reply *ret_reply,
                                 enum err *ret_err)
{
    struct framer *framer = &exchange->framer;
    bool answered = err == ERR_OK || err == ERR_EXCEPTION;
    enum frame_echo learned = framer_learned_echo(framer, answered);
    if (exchange->phase == EXCHANGE_RECEIVE && learned != ECHO_UNKNOWN)
        exchange->echo = learned;
    exchange->troubled = !answered;
    if (!answered)
        ear_put(&exchange->ear, err == ERR_CLOSED ? TAP_CLOSED : TAP_TIMEOUT, mono_us, NULL, 0);
    exchange->phase = EXCHANGE_IDLE;
    ret_reply->sent_mono_us = exchange->sent_mono_us;
    ret_reply->done_mono_us = mono_us;
    ret_reply->characters = exchange->characters;
    framer_report(framer, ret_reply);
    if (err == ERR_OK)
        return LINK_DONE;
    *ret_err = err;
    return LINK_FAILED;
}

static enum err send_frame(struct exchange *exchange, int64_t mono_us)
{
    enum err err = exchange->send(exchange->self, exchange->frame, exchange->frame_size);
    if (err != ERR_OK)
        return err;
    ear_put(&exchange->ear, TAP_REQUEST, mono_us, exchange->frame, exchange->frame_size);
    exchange->phase = EXCHANGE_RECEIVE;
    exchange->sent_mono_us = mono_us;
    exchange->characters += (uint32_t)exchange->frame_size;
    exchange->junk_before = exchange->framer.junk;
    exchange->line_free_mono_us = mono_us + on_the_line_us(exchange, exchange->frame_size);
    exchange->look_mono_us = mono_us;
    exchange->looking = true;
    exchange->deadline_mono_us = exchange->line_free_mono_us + (int64_t)exchange->request.timeout_ms * 1000;
    return ERR_OK;
}

/* Reads what is left from before; says ERR_BUSY when the silence begins anew. */
static enum err clear_line(struct exchange *exchange, int64_t mono_us, struct link_reply *ret_reply)
{
    uint8_t bytes[FRAME_FEED_MAX];
    size_t size = 1;
    for (int i = 0; i < READS_MAX && size > 0; i++) {
        enum err err = read_some(exchange, bytes, &size);
        if (err != ERR_OK)
            return err;
        if (size == 0)
            return ERR_OK;
        ear_heard(&exchange->ear, size, mono_us);
        if (exchange->kind == FRAME_RTU) {
            framer_discard(&exchange->framer, bytes, size);
            exchange->line_free_mono_us = mono_us;
            exchange->quiet_until_mono_us = mono_us + silence_us(exchange);
            return ERR_BUSY;
        }
        if (framer_feed(&exchange->framer, bytes, size, ret_reply) == FRAME_BROKEN)
            return ERR_CLOSED;
    }
    return ERR_CLOSED; /* MBAP: nobody asked for that much */
}

static enum link_progress poll_quiet(struct exchange *exchange, int64_t mono_us, struct link_reply *ret_reply,
                                     enum err *ret_err, int64_t *ret_next_mono_us)
{
    if (mono_us >= exchange->quiet_until_mono_us) {
        enum err err = clear_line(exchange, mono_us, ret_reply);
        if (err == ERR_OK)
            err = send_frame(exchange, mono_us);
        if (err == ERR_BUSY && exchange->quiet_until_mono_us > exchange->give_up_mono_us)
            err = ERR_GARBLED;
        if (err == ERR_OK) {
            *ret_next_mono_us = exchange->deadline_mono_us;
            return LINK_WAIT;
        }
        if (err != ERR_BUSY)
            return finish(exchange, err, mono_us, ret_reply, ret_err);
    }
    *ret_next_mono_us = exchange->quiet_until_mono_us;
    return LINK_WAIT;
}

/* FRAME_MORE also when nothing came. */
static enum err receive(struct exchange *exchange, int64_t mono_us, struct link_reply *ret_reply,
                        enum frame_state *ret_state)
{
    uint8_t bytes[FRAME_FEED_MAX];
    size_t size = FRAME_FEED_MAX;
    enum frame_state state = FRAME_MORE;
    exchange->look_mono_us = mono_us; /* when nothing came in time, any byte is news */
    for (int i = 0; i < READS_MAX && size == FRAME_FEED_MAX && state == FRAME_MORE; i++) {
        enum err err = read_some(exchange, bytes, &size);
        if (err != ERR_OK)
            return err;
        if (size == 0)
            break;
        ear_heard(&exchange->ear, size, mono_us);
        exchange->line_free_mono_us = mono_us;
        state = framer_feed(&exchange->framer, bytes, size, ret_reply);
        exchange->look_mono_us = mono_us + on_the_line_us(exchange, framer_missing(&exchange->framer));
    }
    *ret_state = state;
    return state == FRAME_BROKEN ? ERR_CLOSED : ERR_OK;
}

static enum err nothing_came(struct exchange *exchange)
{
    framer_end(&exchange->framer);
    return exchange->framer.junk > exchange->junk_before ? ERR_GARBLED : ERR_TIMEOUT;
}

static enum link_progress poll_receive(struct exchange *exchange, int64_t mono_us, struct link_reply *ret_reply,
                                       enum err *ret_err, int64_t *ret_next_mono_us)
{
    enum frame_state state = FRAME_MORE;
    if (mono_us >= exchange->look_mono_us) {
        enum err err = receive(exchange, mono_us, ret_reply, &state);
        if (err != ERR_OK)
            return finish(exchange, err, mono_us, ret_reply, ret_err);
        if (exchange->look_mono_us > exchange->deadline_mono_us)
            exchange->look_mono_us = exchange->deadline_mono_us;
    }
    if (state == FRAME_REPLY)
        return finish(exchange, ERR_OK, mono_us, ret_reply, ret_err);
    if (state == FRAME_EXCEPTION)
        return finish(exchange, ERR_EXCEPTION, mono_us, ret_reply, ret_err);
    if (mono_us >= exchange->deadline_mono_us)
        return finish(exchange, nothing_came(exchange), mono_us, ret_reply, ret_err);
    exchange->looking = mono_us >= exchange->look_mono_us;
    *ret_next_mono_us = exchange->looking ? exchange->deadline_mono_us : exchange->look_mono_us;
    return LINK_WAIT;
}

enum link_progress exchange_poll(struct exchange *exchange, int64_t mono_us, struct link_reply *ret_reply,
                                 enum err *ret_err, int64_t *ret_next_mono_us)
{
    *ret_next_mono_us = CLOCK_NEVER;
    switch (exchange->phase) {
    case EXCHANGE_QUIET:
        return poll_quiet(exchange, mono_us, ret_reply, ret_err, ret_next_mono_us);
    case EXCHANGE_RECEIVE:
        return poll_receive(exchange, mono_us, ret_reply, ret_err, ret_next_mono_us);
    case EXCHANGE_CLOSED:
    case EXCHANGE_IDLE:
        break;
    }
    return LINK_IDLE;
}

int exchange_fd(const struct exchange *exchange)
{
    return exchange->phase == EXCHANGE_RECEIVE && exchange->looking ? exchange->fd : -1;
}

/* What has come meanwhile may stay: the next request looks at it. */
bool exchange_gone(const struct exchange *exchange, int *ret_fd)
{
    struct pollfd end = {.fd = exchange->fd, .events = POLLRDHUP};
    *ret_fd = exchange->fd;
    return exchange->phase == EXCHANGE_IDLE && poll(&end, 1, 0) > 0;
}
