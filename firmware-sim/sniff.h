/* sniff: what is said on an RS-485 line between a master and its slaves, heard by a third who is silent. Pure.
 *
 * Frames are told by their lengths and checksums, not by silence, which a USB adapter does not let through. What makes no
 * frame is noise and passed over byte by byte. A read and the next answer that fits it in unit, function and length are one
 * exchange; a read that another request follows, or nothing for SNIFF_WAIT_US, was met by silence. An answer does not say which
 * registers it holds: where one was missing and the next read looks alike (function and length the same, another address), for
 * SNIFF_DOUBT_US nobody can tell to which of them an answer belongs, and it is not believed. */
#ifndef OUTPOST_FIRMWARE_SIM_SNIFF_H
#define OUTPOST_FIRMWARE_SIM_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/finding.h"
#include "firmware-sim/frame.h"

#define SNIFF_WAIT_US  3000000
#define SNIFF_DOUBT_US 1000000

struct sniff_counters {
    uint64_t requests; /* reads of the unit */
    uint64_t answers;  /* to them */
    uint64_t silences;
    uint64_t noise; /* bytes */
    uint64_t doubts;
};

/* `finding` and its words are gone after the call. */
typedef void sniff_heard(void *self, int64_t at_us, const struct finding *finding);

struct sniff_read { /* of any unit */
    bool open;      /* not answered yet */
    uint8_t unit;
    uint8_t function;
    struct span where;
    int64_t at_us;
};

struct sniff {
    uint8_t unit;   /* whose answers matter */
    int64_t gap_us; /* half a frame before such a silence stays half */
    sniff_heard *heard;
    void *self;
    uint8_t in[2 * FRAME_MAX];
    size_t in_size;
    int64_t in_us;            /* the last byte */
    struct sniff_read read;   /* the last one */
    struct sniff_read missed; /* the last one of the unit without an answer */
    uint16_t words[SPAN_BITS_MAX];
    struct sniff_counters counters;
};

/* An adapter hands over what it collected: up to 16 characters at once, or what came in 16 ms. */
void sniff_init(struct sniff *sniff, uint8_t unit, unsigned baud, sniff_heard *heard, void *self);
void sniff_receive(struct sniff *sniff, const uint8_t *bytes, size_t size, int64_t now_us);
void sniff_pass(struct sniff *sniff, int64_t now_us); /* time went on without bytes */

#endif
