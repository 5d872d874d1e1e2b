#include "gateway/core/ackset.h"

#include <string.h>

#include "gateway/base/check.h"

void ackset_init(struct ackset *set, uint64_t lw)
{
    *set = (struct ackset){.lw = lw};
}

static void remove_ranges(struct ackset *set, size_t at, size_t count)
{
    memmove(&set->ranges[at], &set->ranges[at + count], (set->range_count - at - count) * sizeof set->ranges[0]);
    set->range_count -= count;
}

static uint64_t length(const struct ackset_range *range)
{
    return range->last - range->first;
}

/* The islands that touch the low-water mark sink into it. */
static void sink(struct ackset *set)
{
    size_t sunk = 0;
    while (sunk < set->range_count && set->ranges[sunk].first <= set->lw + 1) {
        if (set->ranges[sunk].last > set->lw)
            set->lw = set->ranges[sunk].last;
        sunk++;
    }
    remove_ranges(set, 0, sunk);
}

/* Makes room by forgetting the shortest island; false when that would be the new one. */
static bool forget_shortest(struct ackset *set, const struct ackset_range *added, size_t *at)
{
    size_t shortest = 0;
    for (size_t i = 1; i < set->range_count; i++)
        if (length(&set->ranges[i]) < length(&set->ranges[shortest]))
            shortest = i;
    if (length(added) <= length(&set->ranges[shortest]))
        return false;
    remove_ranges(set, shortest, 1);
    if (shortest < *at)
        (*at)--;
    return true;
}

static void insert_range(struct ackset *set, size_t at, struct ackset_range added)
{
    if (set->range_count == ACKSET_RANGES_MAX && !forget_shortest(set, &added, &at))
        return;
    memmove(&set->ranges[at + 1], &set->ranges[at], (set->range_count - at) * sizeof set->ranges[0]);
    set->ranges[at] = added;
    set->range_count++;
}

void ackset_add(struct ackset *set, uint64_t first, uint64_t last)
{
    CHECK(last < UINT64_MAX);
    if (first > last || last <= set->lw)
        return;
    if (first <= set->lw + 1) {
        set->lw = last;
        sink(set);
        return;
    }
    struct ackset_range merged = {first, last};
    size_t at = 0;
    while (at < set->range_count && set->ranges[at].last + 1 < first)
        at++;
    size_t touched = 0;
    while (at + touched < set->range_count && set->ranges[at + touched].first <= last + 1) {
        const struct ackset_range *other = &set->ranges[at + touched];
        if (other->first < merged.first)
            merged.first = other->first;
        if (other->last > merged.last)
            merged.last = other->last;
        touched++;
    }
    remove_ranges(set, at, touched);
    insert_range(set, at, merged);
}

bool ackset_has(const struct ackset *set, uint64_t number)
{
    return ackset_open_from(set, number) != number;
}

uint64_t ackset_open_from(const struct ackset *set, uint64_t from)
{
    if (from <= set->lw)
        from = set->lw + 1;
    for (size_t i = 0; i < set->range_count && set->ranges[i].first <= from; i++)
        if (set->ranges[i].last >= from)
            return set->ranges[i].last + 1;
    return from;
}

size_t ackset_longest(const struct ackset *set, struct ackset_range *ret_ranges, size_t ranges_max)
{
    struct ackset kept = *set;
    while (kept.range_count > ranges_max) {
        size_t shortest = 0;
        for (size_t i = 1; i < kept.range_count; i++)
            if (length(&kept.ranges[i]) < length(&kept.ranges[shortest]))
                shortest = i;
        remove_ranges(&kept, shortest, 1);
    }
    memcpy(ret_ranges, kept.ranges, kept.range_count * sizeof kept.ranges[0]);
    return kept.range_count;
}
