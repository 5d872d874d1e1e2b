#include "gateway/base/clock.h"

#include <stdatomic.h>
#include <sys/timex.h>
#include <time.h>

#include "gateway/base/check.h"

#define SYNC_CHECK_US 1000000

/* Asking whether the clock is disciplined is a system call, the two times are not: once a second is enough. */
static bool is_synced(int64_t mono_us)
{
    static _Atomic int64_t asked_mono_us = -SYNC_CHECK_US;
    static atomic_bool synced;
    if (mono_us - atomic_load(&asked_mono_us) >= SYNC_CHECK_US) {
        struct timex timex = {.modes = 0};
        int state = adjtimex(&timex);
        atomic_store(&synced, state >= 0 && state != TIME_ERROR && (timex.status & STA_UNSYNC) == 0);
        atomic_store(&asked_mono_us, mono_us);
    }
    return atomic_load(&synced);
}

struct now clock_now(void)
{
    struct timespec mono;
    struct timespec wall;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &mono) == 0);
    CHECK(clock_gettime(CLOCK_REALTIME, &wall) == 0);
    int64_t const mono_us = (int64_t)mono.tv_sec * 1000000 + mono.tv_nsec / 1000;
    return (struct now){
        .mono_us = mono_us,
        .utc_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
        .synced = is_synced(mono_us),
    };
}
