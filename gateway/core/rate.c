#include "gateway/core/rate.h"

#include <string.h>

#include "gateway/base/check.h"

static void drop_oldest(struct rate *rate)
{
    rate->count--;
    memmove(rate->slots, rate->slots + 1, rate->count * sizeof *rate->slots);
}

static bool newest_is_superfluous(const struct rate *rate, int64_t over_us)
{
    const struct rate_slot *slots = rate->slots;
    size_t const count = rate->count;
    return count >= 2 && slots[count - 1].mono_us - slots[count - 2].mono_us < over_us / RATE_STEPS;
}

void rate_add(struct rate *rate, int64_t over_us, int64_t mono_us, double value)
{
    CHECK(over_us > 0);
    if (rate->count > 0 && mono_us <= rate->slots[rate->count - 1].mono_us) {
        rate->slots[rate->count - 1].value = value;
        return;
    }
    if (rate->count != 0 && mono_us - rate->slots[rate->count - 1].mono_us > over_us)
        rate->count = 0;
    while (rate->count >= 2 && rate->slots[1].mono_us <= mono_us - over_us)
        drop_oldest(rate);
    if (newest_is_superfluous(rate, over_us))
        rate->count--;
    CHECK(rate->count < RATE_SLOTS_MAX);
    rate->slots[rate->count++] = (struct rate_slot){.mono_us = mono_us, .value = value};
}

static double value_between(const struct rate_slot *before, struct rate_slot after, int64_t mono_us)
{
    double part = (double)(mono_us - before->mono_us) / (double)(after.mono_us - before->mono_us);
    return before->value + part * (after.value - before->value);
}

bool rate_change(const struct rate *rate, int64_t over_us, int64_t mono_us, double value, double *ret_change)
{
    int64_t const from_mono_us = mono_us - over_us;
    size_t later = 0; /* the first reading inside the window */
    while (later < rate->count && rate->slots[later].mono_us <= from_mono_us)
        later++;
    if (later == 0) {
        if (rate->count == 0 || mono_us - rate->slots[0].mono_us < over_us / 2)
            return false;
        *ret_change = value - rate->slots[0].value;
        return true;
    }
    struct rate_slot after = {.mono_us = mono_us, .value = value};
    if (later < rate->count)
        after = rate->slots[later];
    if (after.mono_us - rate->slots[later - 1].mono_us > over_us)
        return false;
    *ret_change = value - value_between(&rate->slots[later - 1], after, from_mono_us);
    return true;
}
