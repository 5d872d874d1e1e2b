/* boiler_hot_water: hot-water boilers: outlet and circulation; the rest is in burner.h and boiler.h.
 *
 *   heat_output  MW, from circulation flow and the two temperatures (water at 60 … 95 Cel, within 1 %)
 *   sat_margin   K between the outlet and boiling at its pressure: below 20 K steam may form, in pumps first
 *
 * The outlet limits follow from outlet_temp_max (100 Cel: a boiler without pressure). A pressurised boiler is told its own;
 * the margin to boiling is watched at any. */
#ifndef OUTPOST_DRIVERS_DEVICE_BOILER_HOT_WATER_H
#define OUTPOST_DRIVERS_DEVICE_BOILER_HOT_WATER_H

#include "gateway/model/class.h"

extern const struct device_class boiler_hot_water_class;

#endif
