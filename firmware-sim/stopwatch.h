/* stopwatch: the time of a scenario: that of the wall since its start, without the pauses in which something is being done.
 *
 * A person needs a minute to spray test gas; the scenario's deadlines count from when it is done. What happened during a pause
 * happened, for the scenario, when the pause began. Milliseconds. Pure. */
#ifndef OUTPOST_FIRMWARE_SIM_STOPWATCH_H
#define OUTPOST_FIRMWARE_SIM_STOPWATCH_H

#include <stddef.h>
#include <stdint.h>

#define STOPWATCH_PAUSES_MAX 1024

struct pause {
    int64_t from_ms; /* of the wall */
    int64_t to_ms;
};

struct stopwatch {
    int64_t start_ms; /* of the wall */
    struct pause pauses[STOPWATCH_PAUSES_MAX];
    size_t pause_count;
};

void stopwatch_start(struct stopwatch *watch, int64_t wall_ms);

/* One that is longer than nothing; they come in order and do not overlap. Beyond STOPWATCH_PAUSES_MAX the last one grows. */
void stopwatch_pause(struct stopwatch *watch, int64_t from_ms, int64_t to_ms);

int64_t stopwatch_of(const struct stopwatch *watch, int64_t wall_ms); /* negative: before the start */
int64_t stopwatch_wall(const struct stopwatch *watch,
                       int64_t time_ms); /* the other way, after the pauses at that time */

#endif
