/* ackset: which numbers of one lane are settled, as a low-water mark and a bounded list of islands above it.
 *
 * A number is settled when the centre acknowledged it or when it was declared lost. Everything up to `lw` is; above it,
 * the numbers in `ranges` are (live telemetry overtakes history, so acknowledgements come out of order). The list is
 * bounded: when it overflows, the shortest island is forgotten and its records are sent a second time, which a centre
 * tells by their numbers. Forgetting is always safe, remembering wrongly never happens. Pure; one owner. */
#ifndef OUTPOST_CORE_ACKSET_H
#define OUTPOST_CORE_ACKSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACKSET_RANGES_MAX 64

struct ackset_range {
    uint64_t first; /* both inclusive */
    uint64_t last;
};

struct ackset {
    uint64_t lw; /* every number up to and including this one is settled */
    size_t range_count;
    struct ackset_range ranges[ACKSET_RANGES_MAX]; /* ascending, apart from each other and from lw */
};

void ackset_init(struct ackset *set, uint64_t lw);

/* Settles first..last; nothing happens when first > last. */
void ackset_add(struct ackset *set, uint64_t first, uint64_t last);

bool ackset_has(const struct ackset *set, uint64_t number);

/* The smallest number >= from that is not settled. */
uint64_t ackset_open_from(const struct ackset *set, uint64_t from);

/* Copies the `ranges_max` longest islands, ascending; returns how many. For storing a cursor in little space. */
size_t ackset_longest(const struct ackset *set, struct ackset_range *ret_ranges, size_t ranges_max);

#endif
