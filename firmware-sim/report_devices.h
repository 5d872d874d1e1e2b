/* report_devices: the part of the page on the devices: who each is, what was read, its alarms. */
#ifndef OUTPOST_FIRMWARE_SIM_REPORT_DEVICES_H
#define OUTPOST_FIRMWARE_SIM_REPORT_DEVICES_H

#include <stdio.h>

#include "firmware-sim/report.h"

void report_put_devices(const struct report *report, FILE *out);

#endif
