/* gas_panel: control panels for combustible gas (GB 16808): what the panel says of itself. Its channels are
 * gas_detector devices, which take a whole channel of the panel ("slaves": ["panel-1.ch17"]).
 *
 * any_alarm1, any_fault      read, or: the panel counts more than none (alarm_count, fault_count)
 * mains_lost, battery_lost   the panel no longer says that its supply is healthy
 *
 * The alarms of the panel cover channels that no device takes. Muting and resetting are orders of people: cmd_mute_all
 * and cmd_reset_all are written only where a site file says so. */
#ifndef OUTPOST_DRIVERS_DEVICE_GAS_PANEL_H
#define OUTPOST_DRIVERS_DEVICE_GAS_PANEL_H

#include "gateway/model/class.h"

extern const struct device_class gas_panel_class;

void gas_panel_derive(struct derive *derive); /* class.derive; here for tests */

#endif
