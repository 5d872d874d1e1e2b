/* report_scenarios: the part of the page on the scenarios: each that was played with its table and picture, then the
 * others. */
#ifndef OUTPOST_FIRMWARE_SIM_REPORT_SCENARIOS_H
#define OUTPOST_FIRMWARE_SIM_REPORT_SCENARIOS_H

#include <stdio.h>

#include "firmware-sim/report.h"

void report_put_scenarios(const struct report *report, FILE *out);

#endif
