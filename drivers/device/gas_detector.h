/* gas_detector: detectors for combustible gas (GB 15322, GB/T 50493), also heads for toxic gas and oxygen: canonical
 * points, default alarms, and what they mean together.
 *
 * gas_lel_pct     read; else computed from gas_vol_pct or gas_ppm where 100 %LEL is known in % by volume: by the
 *                 detector (lel_vol_pct), or by the settings: lel_vol_pct, or gas and lel_basis (methane is 5.0 in the
 *                 tables of GB and NFPA, 4.4 in that of IEC). A detector that speaks of ppm alarms on gas.low and
 *                 gas.high too.
 * gas_over_range  the detector says so, or more than 100 %LEL, also when the number left the plausible range; or more CO or
 *                 H2S than the range of its point, or of the gas, where there is no %LEL (oxygen: that is a fault)
 * gas_fault       a fault bit, code, mode or status; a channel that its panel has disabled or lost; under-range, below
 *                 -5 %LEL; or it answers without a value of a gas that has alarms. A warning is no fault where the
 *                 detector tells the two apart (warning_dev, fault_dev). With the setting gas at co, h2s or oxygen %LEL
 *                 may be empty.
 * gas_warming_up  by mode, status or bit
 * gas_inhibited   likewise; also: in calibration
 * gas_roc         rise above the lowest reading of the last 10 s (kept by half seconds); uncertain in the first 10 s
 * gas_zero_24h    median of the medians of the quarter hours of the last 24 h, from good readings, one each 15 s. A
 *                 quarter hour counts with half its readings; below 48 of them, as in the half day after a start, it is
 *                 unknown.
 * setpoint_mismatch   a setpoint that was read back is more than 1 %LEL away from the setting sp_alarm1 or sp_alarm2
 *
 * While a detector warms up, is inhibited, calibrated, tested or faulty, its gas values are uncertain: they raise
 * alarms and clear none (GB 15322.2-2019 wants alarms during warm-up). */
#ifndef OUTPOST_DRIVERS_DEVICE_GAS_DETECTOR_H
#define OUTPOST_DRIVERS_DEVICE_GAS_DETECTOR_H

#include "gateway/model/class.h"

extern const struct device_class gas_detector_class;

void gas_detector_derive(struct derive *derive); /* class.derive; here for tests */

#endif
