/* boiler_burner: a burner controller, for sites that watch only the burner. See burner.h. */
#ifndef OUTPOST_DRIVERS_DEVICE_BOILER_BURNER_H
#define OUTPOST_DRIVERS_DEVICE_BOILER_BURNER_H

#include "gateway/model/class.h"

extern const struct device_class boiler_burner_class;

#endif
