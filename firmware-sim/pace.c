#include "firmware-sim/pace.h"

#include <math.h>

#define BEHIND_MAX_S 1.0  /* real seconds */
#define TINY_S       1e-9 /* what rounding may leave of a step */

void pace_init(struct pace *pace, double speed, int64_t now_us)
{
    *pace = (struct pace){.speed = speed, .last_us = now_us};
}

bool pace_set(struct pace *pace, double speed, struct text *why)
{
    if (!(speed >= PACE_SPEED_MIN) || !(speed <= PACE_SPEED_MAX))
        return text_refuse(why, "a speed is a number from %g to %g", PACE_SPEED_MIN, PACE_SPEED_MAX);
    pace->speed = speed;
    return true;
}

static double step_size(const struct pace *pace)
{
    return fmin(fmax(pace->speed / PACE_FINE_SPEED, 1) * PACE_STEP_S, PACE_STEP_MAX_S);
}

bool pace_pass(struct pace *pace, int64_t now_us)
{
    double most_s = BEHIND_MAX_S * pace->speed + step_size(pace);
    pace->owed_s += (double)(now_us - pace->last_us) * 1e-6 * pace->speed;
    pace->last_us = now_us;
    if (pace->owed_s <= most_s)
        return false;
    pace->missed_s += pace->owed_s - step_size(pace);
    pace->owed_s = step_size(pace);
    return true;
}

double pace_step(struct pace *pace)
{
    double step_s = step_size(pace);
    if (pace_owed(pace) == 0)
        return 0;
    pace->owed_s = fmax(pace->owed_s - step_s, 0);
    pace->plant_s += step_s;
    return step_s;
}

size_t pace_owed(const struct pace *pace)
{
    return (size_t)((pace->owed_s + TINY_S) / step_size(pace));
}

int64_t pace_due_us(const struct pace *pace, size_t steps)
{
    double wait_s = fmax((double)steps * step_size(pace) - pace->owed_s, 0) / pace->speed;
    return pace->last_us + (int64_t)ceil(wait_s * 1e6);
}
