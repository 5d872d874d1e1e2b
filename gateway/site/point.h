/* point: one quantity of a slave and the registers that hold it: JSON -> struct profile_point, and from that the struct
 * slave_point of each channel.
 *
 * The format, the same in a profile's "points" and in the site file's inline points:
 *
 *   "gas_lel_pct": {
 *     "function": "holding",      holding input coil discrete
 *     "address": 2,               zero-based, as on the wire; the profile's "base" is added
 *     "type": "f32",              u16 s16 u32 s32 u64 s64 f32 f64 bcd16 bcd32 string bits; a coil or discrete has none
 *     "length": 14,               string: characters, two to a register
 *     "order": "CDAB",            types of more than one register: ABCD (default, or the profile's) CDAB BADC DCBA
 *     "byte": "lo",               u16 s16 bcd16 bits: only this half of the register
 *     "bit": 0,                   bits: one bit, a yes/no point, from the least significant one of what `byte` leaves
 *     "bits": [12, 4],            bits: [from, count], a number; may carry a map
 *     "scale": 0.1, "offset": -50,            value = raw * scale + offset
 *     "scale_from": {             value = raw * scale * 10^-decimals + offset, the decimals standing in another register
 *       "address": 0,             … of the same function, close enough to be read in one request
 *       "byte": "hi", "bits": [0, 4],         which part of it; both optional, "bit": 3 is short for [3, 1]
 *       "fixed": true,            it stands still while the point is repeated; else it moves along
 *       "decimals": { "0": 0, "4": 1 } },     what the part's numbers mean; absent: the number itself. A number that is not
 *                                             listed makes the point bad, invalid
 *     "only_if": {                the point has a value only while this holds; else it is bad, invalid
 *       "address": 10, "byte": "lo", "equals": 5 },   part as in scale_from; equals: a whole number
 *     "map": "GB/T 24476-2017",   a system of codes that the class knows for this point, or
 *     "map": { "1": "normal", "0x0C": "calibration" },  raw numbers (decimal or 0x…) -> codes; others: bad, invalid
 *     "invalid": [32767, "nan"],  raw numbers, before scale, that mean "no value" (NaN always does)
 *     "valid": [3600, 21000],     raw numbers below or above mean "no value" too
 *     "poll": "safety",           safety normal slow; default: what the class says, else normal
 *     "unit": "Cel",              UCUM, what the value is in after scale and offset; default: the class's unit
 *     "deadband": 0.5,            telemetry: smaller changes are no news
 *     "write": { "minimum": 0, "maximum": 1 },   limits of what may be written
 *     "zh": "…", "en": "…",       label
 *     Only in a profile:
 *     "repeat": { "count": 64, "step": 1 },   the point is there once for each channel, each `step` further on, as
 *                                 ch1.gas_lel_pct … ch64.gas_lel_pct; step 0: a register that all channels share. What it
 *                                 does not say the profile's "repeat" does.
 *                                 false: this point is not repeated though the profile is
 *     "note": "…" }               for the docs, a line is a paragraph; or { "zh": "…", "en": "…" }
 *
 * A point whose id the class knows must be able to become what the class says (type, unit, codes). A repeated point belongs
 * to the class's channel class; where it has none, any id is good. */
#ifndef OUTPOST_SITE_POINT_H
#define OUTPOST_SITE_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/class.h"
#include "gateway/model/site.h"
#include "gateway/site/channels.h"
#include "gateway/site/part.h"
#include "gateway/site/profiles.h"
#include "gateway/site/shape.h"

#define POINT_CODES_MAX 64  /* of one map; an alarm's code_mask has so many bits */
#define POINT_TEXT_MAX  240 /* bytes of a string; a batch carries 256 bytes of text */

/* As written; NOT_GIVEN, NULL or NO_LIMIT where it is not. */
struct raw_point {
    SHAPED;
    int function; /* index into function_names */
    int64_t address;
    int type; /* index into raw_type_names of resolver.h */
    int64_t length;
    int order;
    int byte; /* index into byte_names */
    int64_t bit;
    const struct node *bits;
    double scale;
    double offset;
    const struct node *scale_from;
    const struct node *only_if;
    const struct node *map;
    const struct node *invalid;
    const struct node *valid;
    int poll;
    const char *unit;
    double deadband;
    const struct node *write;
    const char *zh;
    const char *en;
    /* Only a profile's points have these two: */
    const struct node *repeat;
    const struct node *note;
    /* Only a device's points have these two: */
    const char *from; /* "slave.point" */
    bool invert;
};

extern const struct raw_point raw_point_default;
extern const struct shape register_point_shape; /* of a slave */
extern const struct shape profile_point_shape;  /* the same and `repeat`, `note` */
extern const struct shape device_point_shape;   /* the same as a slave's and `from`, `invert` */

extern const char *const order_names[];
extern const char *const poll_names[];

/* Where a point belongs. */
struct point_context {
    const struct device_class *class; /* whose canonical points it may be; NULL: none */
    bool class_is_open;           /* it was named, but there is none of that name: what only it could know is no news */
    int order;                    /* enum word_order, when the point gives none */
    int64_t count_max;            /* registers one read may cover */
    int64_t base;                 /* what will be added to its addresses … */
    bool base_is_open;            /* … unless that is not known yet */
    struct profile_repeat repeat; /* when the point says nothing */
    struct arena *arena;          /* of the result */
    struct complaints *complaints;
};

/* Resolves; complains and returns false when it cannot be. `at` is the point in the file. The result lives in the arena and
 * in the class table, not in the document. */
bool point_resolve(const struct raw_point *raw, const char *id, const struct node *at,
                   const struct point_context *context, struct profile_point *ret_point);

/* A text in both languages: "…" or {"zh", "en"}; "" where nothing is said. */
void note_read(const struct node *node, struct arena *arena, struct complaints *complaints, const char *ret_note[2]);

/* What a raw number of the point's type can be, before scale. */
void point_raw_range(const struct slave_point *point, double *ret_minimum, double *ret_maximum);

/* "a yes/no", "a whole number", … */
struct words words_value_type(enum value_type type);
bool value_type_converts(enum value_type from, enum value_type to);
bool value_type_is_number(enum value_type type);

/* A double has 53 bits: comparing with 1 and 0 as they were written is exact. */
static inline bool is_same(double a, double b)
{
    return !(a < b) && !(a > b);
}

/* False: only the gateway computes it. */
bool class_point_may_be_read(const struct class_point *canonical);
const struct class_point *class_point_find(const struct device_class *class, const char *id);
const char *name_of_class_point(const void *context, size_t index); /* context: struct device_class */
/* codes.c */
const char *name_of_code(const void *context, size_t index); /* context: struct class_point */

#endif
