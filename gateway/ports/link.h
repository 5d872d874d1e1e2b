/* link: the door to a field bus. Split-phase, so that no step ever waits inside it.
 *
 * A link carries one transaction at a time for one bus: start() hands a request over, poll() moves it on (waits
 * for the line to be quiet, discards what is left on it, sends, receives until the absolute deadline) and says when
 * it wants to be polled again. All framing, pairing and deadlines are behind this door; scheduling, suspicion and
 * back-off are in run/bus.c. Owned and called by one bus thread only. */
#ifndef OUTPOST_PORTS_LINK_H
#define OUTPOST_PORTS_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/err.h"

#define LINK_WORDS_MAX     125
#define LINK_BITS_MAX      2000
#define LINK_FOREIGN_UNITS 4 /* of one transaction, told by name */

enum link_function { /* Modbus function codes */
                     LINK_READ_COILS = 1,
                     LINK_READ_DISCRETES = 2,
                     LINK_READ_HOLDING = 3,
                     LINK_READ_INPUT = 4,
                     LINK_WRITE_COIL = 5,
                     LINK_WRITE_REGISTER = 6,
};

struct link_request {
    uint8_t unit;
    uint8_t function; /* enum link_function */
    uint16_t address;
    uint16_t count;      /* reads: 1..125 registers or 1..2000 bits; writes: 1 */
    uint16_t value;      /* writes: the register, or 0 / 1 for a coil */
    uint32_t timeout_ms; /* from the end of sending to the end of the answer */
    uint32_t guard_ms;   /* silence to keep on the line before sending, beyond the 3.5 characters */
};

struct link_reply {
    uint16_t words[LINK_WORDS_MAX];        /* reads of registers */
    uint8_t bits[(LINK_BITS_MAX + 7) / 8]; /* reads of coils and discretes, least significant bit first */
    uint8_t exception;                     /* with ERR_EXCEPTION */
    int64_t sent_mono_us;                  /* when the request was written to the descriptor */
    int64_t done_mono_us;
    uint32_t foreign; /* frames of other units, functions or lengths that were discarded while waiting */
    uint32_t junk;    /* bytes that made no frame */
    uint32_t crc;  /* answers as asked for, by unit, function and length, whose CRC was wrong; their bytes are junk */
    uint32_t echo; /* 1: the request was heard back */
    uint32_t characters;                       /* sent and received */
    uint8_t foreign_units[LINK_FOREIGN_UNITS]; /* who sent the first of the foreign frames */
};

/* For who polls a link: counters of a transaction begin at nothing. */
static inline void link_reply_forget(struct link_reply *reply)
{
    reply->foreign = reply->junk = reply->crc = reply->echo = reply->characters = 0;
}

enum link_progress {
    LINK_IDLE,   /* no transaction */
    LINK_WAIT,   /* going on: poll again at *ret_next_mono_us or when the descriptor is readable */
    LINK_DONE,   /* the answer is in ret_reply; idle again */
    LINK_FAILED, /* *ret_err says why; idle again. ERR_CLOSED and ERR_IO: close() and open() later */
};

struct link {
    const struct link_ops *ops;
    void *self;
};

struct link_ops {
    /* Opens the port or starts the connection. ERR_BUSY: under way, call open() again after some milliseconds; close() gives
     * it up. Does not block. */
    enum err (*open)(void *self, int64_t mono_us);
    void (*close)(void *self); /* also when not open */
    /* Only when idle and open. Copies the request. */
    enum err (*start)(void *self, const struct link_request *request, int64_t mono_us);
    enum link_progress (*poll)(void *self, int64_t mono_us, struct link_reply *ret_reply, enum err *ret_err,
                               int64_t *ret_next_mono_us);
    /* To wait on for reading; -1 when closed, and while no byte would be worth waking up for. */
    int (*fd)(void *self);
    /* Throws away the transaction in flight and the object. Accepts the half-open. */
    void (*destroy)(void *self);
    /* Of the last open(), for a person: why it failed ("/dev/ttyUSB0: permission denied; add the user to group dialout"), or
     * how the port was set up beyond what was asked ("low latency"); "": nothing to say. Valid until the next call. */
    const char *(*remark)(void *self);
    /* Whether the other end is gone: an adapter unplugged, a connection closed. Only when idle and open; a transaction finds
     * it out by itself. *ret_fd: hangs up when that happens (POLLHUP, POLLERR, POLLRDHUP); -1: nothing tells. */
    bool (*gone)(void *self, int *ret_fd);
};

#endif
