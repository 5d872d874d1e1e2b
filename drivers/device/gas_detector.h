/* gas_detector: combustible-gas detectors (GB 15322, GB/T 50493): canonical points, default alarms, and what they mean
 * together.
 *
 * Derived: `gas_over_range` (the detector says so, or more than 100 %LEL, also when the number left the plausible range)
 * and `gas_fault` (a fault bit, code, mode or status, under-range, below -5 %LEL, or an answering detector without any
 * gas value). A warning is not a fault where the detector tells the two apart (`warning_dev`, `fault_dev`).
 * While the detector warms up, is inhibited, calibrated, tested or faulty, its gas values are uncertain: they raise
 * alarms and clear none (GB 15322.2-2019 wants alarms during warm-up). */
#ifndef OUTPOST_DRIVERS_DEVICE_GAS_DETECTOR_H
#define OUTPOST_DRIVERS_DEVICE_GAS_DETECTOR_H

#include "gateway/model/class.h"

extern const struct device_class gas_detector_class;

void gas_detector_derive(struct derive *derive); /* class.derive; here for tests */

#endif
