/* generic: anything without a class of its own. Open: its points and alarms are written in the site file or a profile. */
#ifndef OUTPOST_DRIVERS_DEVICE_GENERIC_H
#define OUTPOST_DRIVERS_DEVICE_GENERIC_H

#include "gateway/model/class.h"

extern const struct device_class generic_class;

#endif
