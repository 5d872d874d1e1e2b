#include "firmware-sim/bank.h"

#include <stdlib.h>

static int by_first(const void *a, const void *b)
{
    const struct bank_range *x = a;
    const struct bank_range *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

static struct bank_range range_around(const struct point *point, uint32_t margin)
{
    uint32_t end = (uint32_t)point->address + point->count + margin;
    return (struct bank_range){
        .first = point->address > margin ? point->address - margin : 0,
        .end = end < 65536 ? end : 65536,
    };
}

/* Joins sorted ranges that touch; returns how many are left. */
static size_t join_ranges(struct bank_range *ranges, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && ranges[i].first <= ranges[kept - 1].end) {
            if (ranges[i].end > ranges[kept - 1].end)
                ranges[kept - 1].end = ranges[i].end;
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    return kept;
}

static void open_table(struct bank *bank, struct pool *pool, enum table table, const struct point *points, size_t count,
                       uint32_t margin)
{
    struct bank_range *ranges = pool_take(pool, count, sizeof *ranges);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (points[i].table == table)
            ranges[used++] = range_around(&points[i], margin);
    }
    qsort(ranges, used, sizeof *ranges, by_first);
    used = join_ranges(ranges, used);
    for (size_t i = 0; i < used; i++)
        ranges[i].words = pool_take(pool, ranges[i].end - ranges[i].first, sizeof *ranges[i].words);
    bank->ranges[table] = ranges;
    bank->range_count[table] = used;
}

void bank_open(struct bank *bank, struct pool *pool, const struct point *points, size_t point_count, uint32_t margin)
{
    for (unsigned table = 0; table < TABLE_COUNT; table++)
        open_table(bank, pool, (enum table)table, points, point_count, margin);
}

uint16_t *bank_at(const struct bank *bank, enum table table, uint16_t address, uint32_t count)
{
    for (size_t i = 0; i < bank->range_count[table]; i++) {
        const struct bank_range *range = &bank->ranges[table][i];
        if (address >= range->first && (uint64_t)address + count <= range->end)
            return range->words + (address - range->first);
    }
    return NULL;
}
