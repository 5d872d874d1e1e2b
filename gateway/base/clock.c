#include "gateway/base/clock.h"

#include <sys/timex.h>
#include <time.h>

#include "gateway/base/check.h"

struct now clock_now(void)
{
    struct timespec mono;
    struct timespec wall;
    struct timex timex = {.modes = 0};
    CHECK(clock_gettime(CLOCK_MONOTONIC, &mono) == 0);
    CHECK(clock_gettime(CLOCK_REALTIME, &wall) == 0);
    int state = adjtimex(&timex);
    return (struct now){
        .mono_us = (int64_t)mono.tv_sec * 1000000 + mono.tv_nsec / 1000,
        .utc_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
        .synced = state >= 0 && state != TIME_ERROR && (timex.status & STA_UNSYNC) == 0,
    };
}
