/* report_plot: a scenario as a picture over time: what was expected, what the points did, what was reported. Inline SVG. */
#ifndef OUTPOST_FIRMWARE_SIM_REPORT_PLOT_H
#define OUTPOST_FIRMWARE_SIM_REPORT_PLOT_H

#include <stdio.h>

#include "firmware-sim/report.h"

void report_put_plot(const struct report_scenario *scenario, FILE *out);

#endif
