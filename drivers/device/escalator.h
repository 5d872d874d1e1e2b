/* escalator: escalators and moving walks: canonical points (GB/T 24476, GB/T 38656 items), derived points and default alarms.
 * The gateway never writes to them.
 *
 *   overspeed           |step_speed| above overspeed_pct of rated_speed, or the controller's code 62
 *   handrail_deviation  a handrail is handrail_deviation_pct or more slower or faster than the steps for
 *                       handrail_deviation_s without a break, while these move with 0.1 m/s or more
 *   floor_open_run      it runs with an open floor plate
 * Reversal and missing steps are only known from the controller. The standards' texts were not at hand for the limits of
 * overspeed, handrail and motor temperature: they are engineering choices, and settings or alarm limits a site can change. */
#ifndef OUTPOST_DRIVERS_DEVICE_ESCALATOR_H
#define OUTPOST_DRIVERS_DEVICE_ESCALATOR_H

#include "gateway/model/class.h"

extern const struct device_class escalator_class;
extern const struct device_class moving_walk_class; /* the same under its own name */

#endif
