#include "gateway/run/judge_timers.h"

#include "gateway/base/check.h"

enum err timers_init(struct timers *timers, struct arena *arena, size_t timer_count)
{
    *timers = (struct timers){.timer_count = timer_count};
    timers->due_mono_us = arena_take(arena, timer_count, sizeof *timers->due_mono_us);
    timers->place = arena_take(arena, timer_count, sizeof *timers->place);
    timers->heap = arena_take(arena, timer_count, sizeof *timers->heap);
    return timers->due_mono_us == NULL || timers->place == NULL || timers->heap == NULL ? ERR_MEMORY : ERR_OK;
}

static bool is_before(const struct timers *timers, size_t a, size_t b)
{
    return timers->due_mono_us[timers->heap[a]] < timers->due_mono_us[timers->heap[b]];
}

static void put(struct timers *timers, size_t at, uint32_t timer)
{
    timers->heap[at] = timer;
    timers->place[timer] = (uint32_t)at + 1;
}

static void swap(struct timers *timers, size_t a, size_t b)
{
    uint32_t const was = timers->heap[a];
    put(timers, a, timers->heap[b]);
    put(timers, b, was);
}

static void rise(struct timers *timers, size_t at)
{
    while (at > 0 && is_before(timers, at, (at - 1) / 2)) {
        swap(timers, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void sink(struct timers *timers, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < timers->armed_count; child++)
            if (is_before(timers, child, least))
                least = child;
        if (least == at)
            return;
        swap(timers, at, least);
        at = least;
    }
}

static void disarm(struct timers *timers, size_t timer)
{
    size_t const at = timers->place[timer] - 1;
    timers->place[timer] = 0;
    timers->armed_count--;
    if (at == timers->armed_count)
        return;
    put(timers, at, timers->heap[timers->armed_count]);
    rise(timers, at);
    sink(timers, at);
}

void timers_set(struct timers *timers, size_t timer, int64_t due_mono_us)
{
    CHECK(timer < timers->timer_count);
    if (timers->place[timer] != 0) {
        if (timers->due_mono_us[timer] == due_mono_us)
            return;
        disarm(timers, timer);
    }
    if (due_mono_us == INT64_MAX)
        return;
    timers->due_mono_us[timer] = due_mono_us;
    put(timers, timers->armed_count, (uint32_t)timer);
    timers->armed_count++;
    rise(timers, timers->armed_count - 1);
}

int64_t timers_due_mono_us(const struct timers *timers, size_t timer)
{
    return timers->place[timer] == 0 ? INT64_MAX : timers->due_mono_us[timer];
}

int64_t timers_next_mono_us(const struct timers *timers)
{
    return timers->armed_count == 0 ? INT64_MAX : timers->due_mono_us[timers->heap[0]];
}

bool timers_take(struct timers *timers, int64_t mono_us, size_t *ret_timer)
{
    if (timers_next_mono_us(timers) > mono_us || timers->armed_count == 0)
        return false;
    *ret_timer = timers->heap[0];
    disarm(timers, *ret_timer);
    return true;
}
