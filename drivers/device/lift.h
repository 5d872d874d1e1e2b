/* lift: passenger and goods lifts, seen through their controller or only through sensors: canonical points (GB/T 24476,
 * GB/T 38656 items), derived points and default alarms. The gateway never writes to a lift.
 *
 * A lift moves when `car_status` says so; where that is not read or bad, when |car_speed| > 0.05 m/s, and it stands again
 * below 0.02 m/s (in between it does what it did before): the zero drift of the usual speed sensors is 0.01 m/s, and
 * re-levelling creeps with 0.05 m/s and more.
 *
 * Faults: one code register (`fault`, in the dialect of its profile) or a bitmap, several at once. Each fault with an alarm of
 * its own is a yes/no point, fault_…: read where a profile offers it, else what `fault` says. All others are summed up in
 * equipment_fault.
 *
 * Trapped passengers, all times without a break (and settings):
 *   trapped_nonlevel   somebody inside, standing outside the door zone for 10 s; not in inspection or fire modes
 *   trapped_level      somebody inside, standing in the zone with closed doors for 120 s, and a fault, the alarm button
 *                      or lost mains as well
 *   trapped_by_button  alarm button for 3 s, standing, doors closed
 *   trapped            any of them, or the controller's own word
 * And, each of them also by the controller's own word, where it has one:
 *   stop_outside_zone  standing outside the door zone for 10 s, not in inspection
 *   moving_door_open   moving with open doors outside the zone for 0.3 s
 *   overspeed          |car_speed| > 1.15 rated_speed
 *   run_timeout        running without a change of floor for full_travel_s + 10 s, at least 20 s, at most 45 s
 *   door_hunting       5 door cycles in 60 s, standing at one floor
 *   door_held          doors open for 180 s in normal mode
 *   idle_suspect       no run for 24 h while mains are not known to be lost
 *
 * A part whose points the lift does not have takes no side. A bad reading leaves its part open (unknown) and stops its
 * clock; it neither frees a passenger nor traps one. A bad service mode excuses nothing. The last four live in memory, which
 * a restart empties: until what was before does not matter any more they are unknown, unless they are `yes`.
 *
 * In inspection (`in_service` is no) only trapped, unintended movement, overspeed and comm.lost are alarmed.
 *
 * Counters over months (availability, faults per month, starts per day) are not here: they need more memory than a class has. */
#ifndef OUTPOST_DRIVERS_DEVICE_LIFT_H
#define OUTPOST_DRIVERS_DEVICE_LIFT_H

#include "gateway/model/class.h"

extern const struct device_class lift_class;

void lift_derive(struct derive *derive); /* class.derive; here for lift_table.c */

#endif
