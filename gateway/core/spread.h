/* spread: how long things took, as a histogram of fixed size. Pure; the caller owns the memory, one owner.
 *
 * Eight buckets an octave from 64 us to 16.8 s, one below and one above: what is told is the middle of a bucket and at
 * most 6.25 % (1/16) away from what was put in. Below 64 us everything is told as 32 us, above as 16.8 s.
 * It ages: when SPREAD_COUNT_MAX values are in, all counts are halved, so it speaks of the last 4,096 to 8,192 values (an
 * hour or two of one a second). Halving carries remainders on to the next bucket and so moves no quantile. */
#ifndef OUTPOST_CORE_SPREAD_H
#define OUTPOST_CORE_SPREAD_H

#include <stdint.h>

#define SPREAD_FIRST_LOG2   6  /* 64 us */
#define SPREAD_LAST_LOG2    24 /* 16.8 s: longer than the longest timeout of a bus */
#define SPREAD_OCTAVE       8
#define SPREAD_BUCKET_COUNT ((SPREAD_LAST_LOG2 - SPREAD_FIRST_LOG2) * SPREAD_OCTAVE + 2)
#define SPREAD_COUNT_MAX    8192

struct spread { /* zeroed: empty; 294 bytes */
    uint16_t count;
    uint16_t buckets[SPREAD_BUCKET_COUNT];
};

/* Negative counts as 0. */
void spread_add(struct spread *spread, int64_t us);

/* The smallest value that `permille` of all values do not exceed (nearest rank), to a bucket; 0 when there is none.
 * permille 1..1000. */
uint32_t spread_quantile(const struct spread *spread, unsigned permille);

#endif
