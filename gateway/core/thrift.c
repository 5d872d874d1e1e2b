#include "gateway/core/thrift.h"

#define PURSES_A_DAY 4
#define PURSE_US     (6 * 3600e6)

#define USED_UP_SHARE 16

void thrift_init(struct thrift *thrift, uint64_t bytes_a_day, int64_t mono_us)
{
    double const size = (double)bytes_a_day / PURSES_A_DAY;
    *thrift = (struct thrift){.size = size, .saved = size, .at_mono_us = mono_us};
}

void thrift_spend(struct thrift *thrift, uint64_t bytes)
{
    thrift->saved -= (double)bytes;
    if (thrift->saved < 0)
        thrift->saved = 0;
}

void thrift_earn(struct thrift *thrift, int64_t for_us)
{
    thrift->saved += thrift->size * (double)for_us / PURSE_US;
    if (thrift->saved > thrift->size)
        thrift->saved = thrift->size;
}

int64_t thrift_wait_us(struct thrift *thrift, int64_t mono_us, int64_t least_us, int64_t most_us)
{
    thrift_earn(thrift, mono_us - thrift->at_mono_us);
    thrift->at_mono_us = mono_us;
    double const half = thrift->size / 2;
    if (thrift->saved >= half)
        return least_us;
    return least_us + (int64_t)((double)(most_us - least_us) * (1 - thrift->saved / half));
}

bool thrift_is_used_up(const struct thrift *thrift)
{
    return thrift->saved < thrift->size / USED_UP_SHARE;
}

bool thrift_has_recovered(const struct thrift *thrift)
{
    return thrift->saved >= thrift->size / 2;
}

uint64_t thrift_saved(const struct thrift *thrift)
{
    return (uint64_t)thrift->saved;
}
