/* judge_timers: when is what due? An indexed binary heap: as many timers as there are things to wait for, each armed once.
 * Arming, disarming and finding the next one cost O(log n), asking O(1). Memory is taken at start. */
#ifndef OUTPOST_RUN_JUDGE_TIMERS_H
#define OUTPOST_RUN_JUDGE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/err.h"

struct timers {
    int64_t *due_mono_us; /* by timer */
    uint32_t *place;      /* by timer: where in the heap, + 1; 0 not armed */
    uint32_t *heap;       /* timers, the earliest first */
    size_t timer_count;
    size_t armed_count;
};

MUST_CHECK enum err timers_init(struct timers *timers, struct arena *arena, size_t timer_count);
/* INT64_MAX disarms. */
void timers_set(struct timers *timers, size_t timer, int64_t due_mono_us);
int64_t timers_due_mono_us(const struct timers *timers, size_t timer); /* INT64_MAX: not armed */
int64_t timers_next_mono_us(const struct timers *timers);              /* INT64_MAX: none armed */
/* Takes out the earliest one that is due; false when there is none. */
bool timers_take(struct timers *timers, int64_t mono_us, size_t *ret_timer);

#endif
