#include "firmware-sim/stopwatch.h"

void stopwatch_start(struct stopwatch *watch, int64_t wall_ms)
{
    *watch = (struct stopwatch){.start_ms = wall_ms};
}

void stopwatch_pause(struct stopwatch *watch, int64_t from_ms, int64_t to_ms)
{
    if (to_ms <= from_ms)
        return;
    if (watch->pause_count < STOPWATCH_PAUSES_MAX)
        watch->pauses[watch->pause_count++] = (struct pause){from_ms, to_ms};
    else
        watch->pauses[watch->pause_count - 1].to_ms = to_ms;
}

int64_t stopwatch_of(const struct stopwatch *watch, int64_t wall_ms)
{
    int64_t time_ms = wall_ms - watch->start_ms;
    for (size_t i = 0; i < watch->pause_count && watch->pauses[i].from_ms < wall_ms; i++) {
        const struct pause *pause = &watch->pauses[i];
        time_ms -= (wall_ms < pause->to_ms ? wall_ms : pause->to_ms) - pause->from_ms;
    }
    return time_ms;
}

int64_t stopwatch_wall(const struct stopwatch *watch, int64_t time_ms)
{
    int64_t wall_ms = watch->start_ms + time_ms;
    for (size_t i = 0; i < watch->pause_count && watch->pauses[i].from_ms <= wall_ms; i++)
        wall_ms += watch->pauses[i].to_ms - watch->pauses[i].from_ms;
    return wall_ms;
}
