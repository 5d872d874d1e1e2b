/* boiler_thermal_oil: thermal-oil heaters (organic heat carriers): outlet, circulation, expansion tank; the rest is in
 * burner.h and boiler.h. Oil overheats at the tube wall when it stands: circulation matters more than temperature. */
#ifndef OUTPOST_DRIVERS_DEVICE_BOILER_THERMAL_OIL_H
#define OUTPOST_DRIVERS_DEVICE_BOILER_THERMAL_OIL_H

#include "gateway/model/class.h"

extern const struct device_class boiler_thermal_oil_class;

#endif
