/* measure: units of measurement, as plants, profiles and site files write them (UCUM). Pure.
 *
 * A plant gives its values in the canonical unit of the class; a register may hold them in another. */
#ifndef OUTPOST_FIRMWARE_SIM_MEASURE_H
#define OUTPOST_FIRMWARE_SIM_MEASURE_H

#include <stdbool.h>

#include "firmware-sim/text.h"

/* value in `to` = value in `from` * factor + addend. Units that are not known, or empty, convert only to themselves. */
SIM_CHECKED bool measure_convert(const char *from, const char *to, double *ret_factor, double *ret_addend);

/* The unit as people write it: "%{LEL}" -> "%LEL", "Cel" -> "°C", "kW.h" -> "kWh"; "" where nothing is written. One that is not
 * known stays as it is. */
const char *measure_name(const char *unit);

#endif
