/* sample, batch: what one read of one slave brought. */
#ifndef OUTPOST_MODEL_SAMPLE_H
#define OUTPOST_MODEL_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/model/value.h"

struct sample {
    union value value; /* meaningless when quality is QUALITY_BAD */
    uint16_t point;    /* index into slave.points (bus) or device.points (judge) */
    uint8_t quality;   /* enum quality */
    uint8_t reason;    /* enum reason */
    uint8_t zero[4];
};

#define BATCH_SAMPLES_MAX 125 /* the planner never makes a read with more points than this */
#define BATCH_TEXT_MAX    256 /* bytes of all texts of one batch; what does not fit is bad, invalid */

/* One read of one slave. By value, no pointers; only the first sample_count samples travel: batch_size(). */
struct batch {
    int64_t mono_us; /* when the answer was complete, or the failure was known */
    int64_t utc_ms;  /* the same instant on the wall clock; stamped once, never changed */
    uint16_t slave;  /* index into site.slaves */
    uint16_t read;   /* number of the read within the slave's plan */
    uint16_t sample_count;
    uint16_t text_size;
    uint8_t synced;      /* the wall clock was disciplined */
    uint8_t cycle_ended; /* no further read of this slave is due at this tick */
    uint8_t zero[6];
    char texts[BATCH_TEXT_MAX];
    struct sample samples[BATCH_SAMPLES_MAX];
};

static inline size_t batch_size(const struct batch *batch)
{
    return offsetof(struct batch, samples) + batch->sample_count * sizeof(struct sample);
}

#endif
