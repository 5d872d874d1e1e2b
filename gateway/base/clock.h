/* clock: the only place that asks the operating system what time it is.
 *
 * Everything else receives a `struct now` as an argument, so a test can hand in any time it likes. The
 * monotonic clock serves every timer, delay and deadline; the wall clock only stamps. The two are never
 * subtracted from each other. */
#ifndef OUTPOST_BASE_CLOCK_H
#define OUTPOST_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_NEVER INT64_MAX /* a monotonic time that never comes: "do not wake me" */

struct now {
    int64_t mono_us; /* CLOCK_MONOTONIC, microseconds */
    int64_t utc_ms;  /* CLOCK_REALTIME, milliseconds since 1970 */
    bool synced;     /* the wall clock is disciplined (adjtimex without STA_UNSYNC), as of at most a second ago */
};

/* Does not block. Any thread. */
struct now clock_now(void);

/* Milliseconds of the monotonic clock. */
static inline int64_t clock_mono_ms(struct now now)
{
    return now.mono_us / 1000;
}

#endif
