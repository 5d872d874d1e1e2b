/* flood: are more alarms raised than a person can follow? Pure.
 *
 * A flood begins with the FLOOD_BEGINth alarm raised within FLOOD_WINDOW_US and is over when fewer than FLOOD_ENDS were
 * (ISA-18.2, IEC 62682: more than ten, fewer than five, in ten minutes; of every priority, on the whole site). While it lasts,
 * alarms of medium priority and below are told in sums, each FLOOD_SUM_US; critical and high ones one by one as ever. */
#ifndef OUTPOST_CORE_FLOOD_H
#define OUTPOST_CORE_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/class.h"

#define FLOOD_WINDOW_US INT64_C(600000000)
#define FLOOD_SUM_US    INT64_C(60000000)
#define FLOOD_BEGIN     11
#define FLOOD_ENDS      5
#define FLOOD_NEVER     INT64_MAX

#define FLOOD_MINUTES 10 /* the counts below are of whole minutes: a window is told with a fault of one */

struct flood { /* the zeroed struct is valid */
    bool on;
    uint8_t seen;                        /* how many of these are times */
    uint8_t next;                        /* where the next one goes */
    int64_t raised_mono_us[FLOOD_BEGIN]; /* of the last raises, a ring */
    int64_t since_mono_us;               /* on: the first raise of it */
    int64_t sum_mono_us;                 /* on: when the next sum is due */
    uint32_t size;                       /* on: raised in it */
    uint32_t peak;                       /* on: the most in a window */
    int64_t minute;                      /* of the newest count */
    uint32_t minutes[FLOOD_MINUTES];
};

/* An alarm was raised, in order of time or nearly so. True: with it a flood begins. */
bool flood_raise(struct flood *flood, int64_t mono_us);

/* Raised within the last window. */
uint32_t flood_recent(const struct flood *flood, int64_t mono_us);

enum flood_due { FLOOD_NOTHING, FLOOD_SUM, FLOOD_OVER };
/* What is due now. FLOOD_SUM: the next one is due later. FLOOD_OVER: `on` is false, the rest still tells of it. */
enum flood_due flood_tick(struct flood *flood, int64_t mono_us);

/* When flood_tick() has something to do; FLOOD_NEVER. */
int64_t flood_next_mono_us(const struct flood *flood);

/* Alarms of this priority are told in sums now. */
static inline bool flood_hushes(const struct flood *flood, enum priority priority)
{
    return flood->on && priority > PRIORITY_HIGH;
}

#endif
