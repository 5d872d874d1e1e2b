/* lift: passenger and goods lifts, seen through their controller or only through sensors: canonical points (GB/T 24476,
 * GB/T 38656 items), derived points and default alarms. The gateway never writes to a lift.
 *
 * A lift moves when `car_status` says so; where that is not read or bad, when |car_speed| > 0.05 m/s, and it stands again
 * below 0.02 m/s (in between it does what it did before): the zero drift of the usual speed sensors is 0.01 m/s, and
 * re-levelling creeps with 0.05 m/s and more.
 *
 * Trapped passengers, all times without a break:
 *   trapped_nonlevel   somebody inside, standing outside the door zone for 10 s; not in inspection or fire modes
 *   trapped_level      somebody inside, standing in the zone with closed doors for 120 s, and a fault, the alarm button
 *                      or lost mains as well
 *   trapped_by_button  alarm button for 3 s, standing, doors closed
 *   trapped            any of them, or the controller's own code
 * A part whose points the lift does not have takes no side. A bad reading leaves its part open (unknown) and stops its
 * clock; it neither frees a passenger nor traps one. A bad service mode excuses nothing. */
#ifndef OUTPOST_DRIVERS_DEVICE_LIFT_H
#define OUTPOST_DRIVERS_DEVICE_LIFT_H

#include "gateway/model/class.h"

extern const struct device_class lift_class;

void lift_derive(struct derive *derive); /* class.derive; here for tests */

#endif
