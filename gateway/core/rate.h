/* rate: how much has a number changed over the last `over`? Pure; a few readings are kept, whatever the polling.
 *
 * The change is the reading minus what the number was `over` earlier, drawn as a straight line between the readings before
 * and after that moment. Readings closer together than over / RATE_STEPS are thinned out.
 *
 * Unknown, and the answer is no number: after a start, and after a gap of more than `over` between two readings, until the
 * oldest reading is half of `over` old. From then until the window is full the change is the one since the oldest reading:
 * what rose by so much in less time rose by so much. Whoever polls must do so at least once per `over`. */
#ifndef OUTPOST_CORE_RATE_H
#define OUTPOST_CORE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATE_STEPS     28
#define RATE_SLOTS_MAX (RATE_STEPS + 4) /* of the window, one before it, the newest, and a step that was cut short */

struct rate_slot {
    int64_t mono_us;
    double value;
};

struct rate { /* zeroed: empty */
    struct rate_slot slots[RATE_SLOTS_MAX];
    size_t count; /* oldest first */
};

/* A good reading. One that is not later than the newest takes its place. */
void rate_add(struct rate *rate, int64_t over_us, int64_t mono_us, double value);

/* The change up to a reading at mono_us, added or not. False: unknown. */
bool rate_change(const struct rate *rate, int64_t over_us, int64_t mono_us, double value, double *ret_change);

#endif
