/* units: which units there are and how one becomes another.
 *
 * A table of the UCUM units (https://ucum.org) that this trade uses, each with its dimension and its affine way to the
 * dimension's base. Annotated ones ("%{LEL}") only convert to themselves unless the table says otherwise. */
#ifndef OUTPOST_SITE_UNITS_H
#define OUTPOST_SITE_UNITS_H

#include <stdbool.h>
#include <stddef.h>

bool unit_is_known(const char *unit);

/* value in `to` = value in `from` * factor + addend. False when they do not convert (different dimensions, or a unit that
 * is not in the table and is not the same text). */
bool unit_convert(const char *from, const char *to, double *ret_factor, double *ret_addend);

/* How UCUM writes what people write: "°C" -> "Cel", "%LEL" -> "%{LEL}"; NULL when there is no such habit. */
const char *unit_of_habit(const char *written);

/* Names for suggestions; NULL after the last. */
const char *unit_name(const void *context, size_t index);

#endif
