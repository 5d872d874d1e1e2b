#include "gateway/core/spread.h"

#include <stddef.h>

#include "gateway/base/check.h"

#define OCTAVE_LOG2 3

static unsigned log2_of(uint32_t value)
{
    return 31U - (unsigned)__builtin_clz(value);
}

static size_t bucket_of(int64_t us)
{
    if (us < 1 << SPREAD_FIRST_LOG2)
        return 0;
    if (us >= 1 << SPREAD_LAST_LOG2)
        return SPREAD_BUCKET_COUNT - 1;
    uint32_t const value = (uint32_t)us;
    unsigned const log2 = log2_of(value);
    unsigned const part = value >> (log2 - OCTAVE_LOG2) & (SPREAD_OCTAVE - 1);
    return 1 + (size_t)(log2 - SPREAD_FIRST_LOG2) * SPREAD_OCTAVE + part;
}

static uint32_t middle_of(size_t bucket)
{
    if (bucket == 0)
        return 1 << (SPREAD_FIRST_LOG2 - 1);
    if (bucket == SPREAD_BUCKET_COUNT - 1)
        return 1 << SPREAD_LAST_LOG2;
    size_t const log2 = SPREAD_FIRST_LOG2 + (bucket - 1) / SPREAD_OCTAVE;
    uint32_t const width = 1U << (log2 - OCTAVE_LOG2);
    return (1U << log2) + (uint32_t)((bucket - 1) % SPREAD_OCTAVE) * width + width / 2;
}

static void halve(struct spread *spread)
{
    unsigned rest = 0;
    spread->count = 0;
    for (size_t i = 0; i < SPREAD_BUCKET_COUNT; i++) {
        unsigned const both = spread->buckets[i] + rest;
        spread->buckets[i] = (uint16_t)(both / 2);
        spread->count = (uint16_t)(spread->count + both / 2);
        rest = both % 2;
    }
}

void spread_add(struct spread *spread, int64_t us)
{
    if (spread->count >= SPREAD_COUNT_MAX)
        halve(spread);
    spread->buckets[bucket_of(us)]++;
    spread->count++;
}

uint32_t spread_quantile(const struct spread *spread, unsigned permille)
{
    CHECK(permille >= 1 && permille <= 1000);
    if (spread->count == 0)
        return 0;
    uint32_t const rank = (spread->count * permille + 999) / 1000;
    uint32_t seen = 0;
    size_t at = 0;
    for (; at < SPREAD_BUCKET_COUNT - 1; at++) {
        seen += spread->buckets[at];
        if (seen >= rank)
            break;
    }
    return middle_of(at);
}
