/* encode: a value <-> the registers of a point. Pure.
 *
 * The simulator's own reading of the profiles; the gateway has another one, and the two must agree. Integers saturate at
 * the ends of their type, as an analogue-to-digital converter does. */
#ifndef OUTPOST_FIRMWARE_SIM_ENCODE_H
#define OUTPOST_FIRMWARE_SIM_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/point.h"
#include "firmware-sim/text.h"

/* What a plant gives or a person sets: a number, and for codes and strings also a word. A point with a map takes the
 * entry of that name, else the entry with that number as its raw number. */
struct value {
    double number;    /* NaN: no value (a sentinel, a float's NaN) */
    const char *text; /* NULL: the number alone */
};

/* Writes `value` into the point's `count` registers (bits: one word, 0 or 1). Other bits of a shared register stay.
 * False when the word is neither in the point's map nor a string's text; the registers are untouched then. */
bool encode_value(const struct point *point, struct value value, uint16_t *registers);

/* Writes a raw number as it stands (cut to the point's width). */
void encode_raw(const struct point *point, uint64_t raw, uint16_t *registers);
void encode_part(const struct part *part, uint16_t raw, uint16_t *word); /* leaves the register's other bits */

/* Writes a raw number that means "no value": the sentinel, one beyond what is valid, a float's NaN. False when the point has
 * none. */
bool encode_invalid(const struct point *point, uint16_t *registers);

/* The number a perfect master reads: NaN for strings and for what holds no number. */
double decode_number(const struct point *point, const uint16_t *registers);

/* The same for people: codes by name, bits as true or false, floats in the shortest form that is the same float. */
void decode_print(const struct point *point, const uint16_t *registers, struct text *out);

/* A word of `ctl set` as a value of this point: true/false, a number, a code, text. */
SIM_CHECKED bool value_read(const struct point *point, const char *word, struct value *ret_value, struct text *why);

#endif
