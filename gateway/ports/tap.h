/* tap: the door through which a link tells what was on the wire, for people who look for a fault afterwards.
 *
 * Whoever listens takes copies, never blocks for longer than a copy, never fails, and decides nothing: a link works the
 * same with and without it. Every byte that was read is told once, in the order in which it came, as whole frames or as
 * bytes that make none; every request when it has been sent. */
#ifndef OUTPOST_PORTS_TAP_H
#define OUTPOST_PORTS_TAP_H

#include <stddef.h>
#include <stdint.h>

#define TAP_BYTES_MAX 512 /* of one entry; the longest frame has 260, more junk than this is told in pieces */

enum tap_kind {
    TAP_REQUEST,   /* sent */
    TAP_REPLY,     /* the answer that was taken */
    TAP_EXCEPTION, /* the same, a Modbus exception */
    TAP_ECHO,      /* our own request, heard back */
    TAP_FOREIGN,   /* a whole frame that is not the answer: of another slave or master, or late */
    TAP_STALE,     /* a whole frame that was there before the request was sent, and was discarded */
    TAP_JUNK,      /* bytes that make no frame */
    TAP_TIMEOUT,   /* nothing was taken as the answer in time; no bytes */
    TAP_OPENED,    /* the port or connection was opened; no bytes */
    TAP_CLOSED,    /* it was lost, or given up; no bytes */
    TAP_KIND_COUNT
};

struct tap_entry {
    uint64_t number; /* strictly +1 a bus, from 1: a hole is a loss */
    int64_t mono_us; /* requests: when sent; the others: when their last byte was read */
    enum tap_kind kind;
    uint16_t size;
    uint8_t bytes[TAP_BYTES_MAX];
};

/* From the bus's thread. `size` <= TAP_BYTES_MAX; bytes may be NULL when it is 0. */
typedef void tap_put(void *self, enum tap_kind kind, int64_t mono_us, const uint8_t *bytes, size_t size);

struct tap {
    tap_put *put;
    void *self;
};

#endif
