/* lpg: cylinders for liquefied petroleum gas that report themselves (lpg_cylinder) and scales that a cylinder stands on
 * (lpg_scale). Both are one table: what a device has follows from what its slaves offer.
 *
 * net_mass        read, else gross less tare: the tare that is read, else the stamped one of the settings
 * fill_pct        read, else net_mass in % of what may be filled: setting max_fill_mass, or by cylinder_type
 * usage_rate      kg/h over the last 15 min, a reading each 20 s: the median of all slopes (Theil 1950, Sen 1968), not
 *                 below 0. Unknown below 5 min of readings, uncertain below 14. A burst of five times the usual shows
 *                 after about 6 min; a knock or a hand on the cylinder does not show.
 * burst_flow      usage_rate is above 1.5 times the setting appliance_max
 * leak            the device says so, or the valve has been closed and 0.05 kg went within 30 min: the median of the
 *                 first five readings against that of the last five; unknown below ten
 * leak_mass_rate  kg/h as usage_rate, of the time since the valve closed; without value while it is not closed
 * days_left       net_mass by the mean daily use of what was seen, up to 7 days. Unknown until 24 h were seen,
 *                 uncertain until 7 days; at most 999.
 * hours_since_move   since it was moved or handled; uncertain while that was not seen since start
 * overfilled      net_mass is more than 0.2 kg above what may be filled
 * residual_fraud  read and stamped tare are more than 0.5 kg apart
 * cylinder_expired   the device says overdue or scrapped, or the day has come of next_inspect, of scrap_month or of the month
 *                 to be scrapped in the QR code (core/qr; of a month its last day); unknown while the clock is not set
 * cylinder_strange   the device says unknown; or its code (cylinder_code, else of qr_raw, else reg_code) is not among those
 *                 of the site file, if that lists any; or there is no code and 2 kg or more stand on the scale
 *
 * Handled is exchanged, lifted or refilled: from one reading to the next the mass rose by more than 0.2 kg, or fell by
 * more than 0.3 kg beside what a burst could use in that time. The slopes then begin anew; the use of the days goes on
 * without that step. While the scale says that it is unstable or beyond its load, masses are uncertain, and only good
 * ones are remembered. Memory is lost at a restart. Numbers without a source are engineering choices. */
#ifndef OUTPOST_DRIVERS_DEVICE_LPG_H
#define OUTPOST_DRIVERS_DEVICE_LPG_H

#include "gateway/model/class.h"

extern const struct device_class lpg_cylinder_class;
extern const struct device_class lpg_scale_class;

void lpg_derive(struct derive *derive); /* class.derive of both; here for tests */

#endif
