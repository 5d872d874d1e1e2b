/* html: words into a page, escaped. */
#ifndef OUTPOST_FIRMWARE_SIM_HTML_H
#define OUTPOST_FIRMWARE_SIM_HTML_H

#include <stdint.h>
#include <stdio.h>

/* Also fit for attributes in double quotes; what is no text becomes a question mark. */
void html_put(FILE *out, const char *text);

/* "%{LEL}" -> "%LEL", "Cel" -> "°C": a UCUM unit as people write it. */
void html_put_unit(FILE *out, const char *unit);

/* "2026-03-01 09:30:15", and with milliseconds "09:30:15.250". */
void html_put_date(FILE *out, int64_t wall_ms, int utc_offset_min);
void html_put_clock(FILE *out, int64_t wall_ms, int utc_offset_min);

#endif
