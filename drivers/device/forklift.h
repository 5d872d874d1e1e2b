/* forklift: works trucks, seen through the terminal that is fitted to them. The gateway never writes to them.
 *
 *   unauthorised   switched on by somebody the terminal does not let, or whose licence has expired
 *   unbelted       drives, with 1 km/h or more, without a fastened seat belt
 *   tilted         inclined by tilt_limit or more, to any side
 * The limits are the site's: speed_limit, rated_load and tilt_limit have no standard value, and a truck without them does not
 * have the alarms. All of it is engineering choice: no standard of such terminals was at hand. */
#ifndef OUTPOST_DRIVERS_DEVICE_FORKLIFT_H
#define OUTPOST_DRIVERS_DEVICE_FORKLIFT_H

#include "gateway/model/class.h"

extern const struct device_class forklift_class;

#endif
