#include "gateway/core/flood.h"

#include <string.h>

#include "gateway/base/check.h"

#define MINUTE_US INT64_C(60000000)

/* When the raise that many before the newest was (0: the newest itself). */
static int64_t raised_before(const struct flood *flood, unsigned many)
{
    CHECK(many < flood->seen);
    return flood->raised_mono_us[(flood->next + (FLOOD_BEGIN - 1U) - many) % FLOOD_BEGIN];
}

static void count_minute(struct flood *flood, int64_t mono_us)
{
    int64_t const minute = mono_us / MINUTE_US;
    if (minute - flood->minute >= FLOOD_MINUTES) {
        memset(flood->minutes, 0, sizeof flood->minutes);
        flood->minute = minute;
    }
    while (flood->minute < minute)
        flood->minutes[++flood->minute % FLOOD_MINUTES] = 0;
    flood->minutes[flood->minute % FLOOD_MINUTES]++;
}

uint32_t flood_recent(const struct flood *flood, int64_t mono_us)
{
    int64_t const past = mono_us / MINUTE_US - flood->minute; /* minutes in which nothing was raised */
    uint32_t count = 0;
    for (int64_t age = 0; age + past < FLOOD_MINUTES; age++)
        count += flood->minutes[(flood->minute + FLOOD_MINUTES - age) % FLOOD_MINUTES];
    return count;
}

bool flood_raise(struct flood *flood, int64_t mono_us)
{
    count_minute(flood, mono_us);
    flood->raised_mono_us[flood->next] = mono_us;
    flood->next = (uint8_t)((flood->next + 1) % FLOOD_BEGIN);
    if (flood->seen < FLOOD_BEGIN)
        flood->seen++;
    bool const many = flood->seen == FLOOD_BEGIN && mono_us - raised_before(flood, FLOOD_BEGIN - 1) <= FLOOD_WINDOW_US;
    bool const begins = many && !flood->on;
    if (begins) {
        flood->on = true;
        flood->since_mono_us = raised_before(flood, FLOOD_BEGIN - 1);
        flood->sum_mono_us = mono_us + FLOOD_SUM_US;
        flood->size = FLOOD_BEGIN - 1;
        flood->peak = 0;
    }
    if (!flood->on)
        return false;
    flood->size++;
    uint32_t const recent = flood_recent(flood, mono_us);
    flood->peak = recent > flood->peak ? recent : flood->peak;
    return begins;
}

static int64_t over_mono_us(const struct flood *flood)
{
    return raised_before(flood, FLOOD_ENDS - 1) + FLOOD_WINDOW_US + 1;
}

enum flood_due flood_tick(struct flood *flood, int64_t mono_us)
{
    if (!flood->on)
        return FLOOD_NOTHING;
    if (mono_us >= over_mono_us(flood)) {
        flood->on = false;
        return FLOOD_OVER;
    }
    if (mono_us < flood->sum_mono_us)
        return FLOOD_NOTHING;
    flood->sum_mono_us = mono_us + FLOOD_SUM_US;
    return FLOOD_SUM;
}

int64_t flood_next_mono_us(const struct flood *flood)
{
    if (!flood->on)
        return FLOOD_NEVER;
    return over_mono_us(flood) < flood->sum_mono_us ? over_mono_us(flood) : flood->sum_mono_us;
}
