/* boiler_steam: steam boilers: the drum and its water level, steam, feed water; the rest is in burner.h and boiler.h.
 *
 *   drum_level_pct     where only millimetres are measured: from level_zero_mm (0 %) to level_full_mm (100 %);
 *                      at most -10 … 110 %
 *   low_water_eta      seconds until the level reaches low_level if it goes on falling as in the last two minutes; 0 below it;
 *                      no value while it stands or rises, or when it is more than an hour away
 *   sensor_mismatch    steam_temp is more than 5 K above what its pressure allows (not on a boiler with superheater), or more
 *                      than 5 K below it while there is pressure (0.05 MPa and more): one of the two sensors is wrong
 *   feed_steam_balance what was fed within the hour and did not leave as steam, % of the feed: blow-down and leaks
 *   efficiency_direct  steam D(h_steam - h_feed) over fuel B LHV; saturated steam counts as dry
 *
 * Levels alarm twice, each under its own id: by the measured number (boiler.level_ll) and by the level switch
 * (boiler.level_ll_bit). One is enough; that both say the same is what tells a false alarm from low water. */
#ifndef OUTPOST_DRIVERS_DEVICE_BOILER_STEAM_H
#define OUTPOST_DRIVERS_DEVICE_BOILER_STEAM_H

#include "gateway/model/class.h"

extern const struct device_class boiler_steam_class;

#endif
