/* point: one quantity of a slave and the registers that hold it: JSON -> struct slave_point.
 *
 * The format, the same in a profile's "points" and in the site file's inline points:
 *
 *   "gas_lel_pct": {
 *     "function": "holding",      holding input coil discrete
 *     "address": 2,               zero-based, as on the wire
 *     "type": "f32",              u16 s16 u32 s32 u64 s64 f32 f64 bcd16 bcd32 string bits; a coil or discrete has none
 *     "length": 14,               string: characters, two to a register
 *     "order": "CDAB",            types of more than one register: ABCD (default, or the profile's) CDAB BADC DCBA
 *     "byte": "lo",               u16 and bits: only this half of the register
 *     "bit": 0,                   bits: one bit, a yes/no point, from the least significant one of what `byte` leaves
 *     "bits": [12, 4],            bits: [from, count], a number; may carry a map
 *     "scale": 0.1, "offset": -50,            value = raw * scale + offset
 *     "scale_from": {             value = raw * scale * 10^-decimals + offset, the decimals standing in another register
 *       "address": 0,             … of the same function, close enough to be read in one request
 *       "byte": "hi", "bits": [0, 4],         which part of it; both optional
 *       "decimals": { "0": 0, "4": 1 } },     what the part's numbers mean; absent: the number itself. A number that is not
 *                                             listed makes the point bad, invalid
 *     "only_if": {                the point has a value only while this holds; else it is bad, invalid
 *       "address": 10, "byte": "lo", "equals": 5 },   part as in scale_from; equals: a whole number
 *     "map": { "1": "normal", "0x0C": "calibration" },  raw numbers (decimal or 0x…) -> codes; others: bad, invalid
 *     "invalid": [32767, "nan"],  raw numbers that mean "no value" (NaN always does)
 *     "poll": "safety",           safety normal slow; default: what the class says, else normal
 *     "unit": "Cel",              UCUM, what the value is in after scale and offset; default: the class's unit
 *     "deadband": 0.5,            telemetry: smaller changes are no news
 *     "write": { "minimum": 0, "maximum": 1 },   limits of what may be written
 *     "zh": "…", "en": "…" }
 *
 * A point whose id the class knows must be able to become what the class says (type, unit, codes). */
#ifndef OUTPOST_SITE_POINT_H
#define OUTPOST_SITE_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/class.h"
#include "gateway/model/site.h"
#include "gateway/site/shape.h"

#define NOT_GIVEN       (-1)
#define POINT_CODES_MAX 64 /* of one map; an alarm's code_mask has so many bits */

/* As written; NOT_GIVEN, NULL or NO_LIMIT where it is not. */
struct raw_point {
    SHAPED;
    int function; /* index into function_names */
    int64_t address;
    int type; /* index into raw_type_names */
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
    int poll;
    const char *unit;
    double deadband;
    const struct node *write;
    const char *zh;
    const char *en;
    /* Only a device's points have these two: */
    const char *from; /* "slave.point" */
    bool invert;
};

extern const struct raw_point raw_point_default;
extern const struct shape register_point_shape; /* of a profile or slave */
extern const struct shape device_point_shape;   /* the same and `from`, `invert` */

extern const char *const function_names[];
extern const char *const order_names[];
extern const char *const poll_names[];

/* Where a point belongs. */
struct point_context {
    const struct device_class *class; /* whose canonical points it may be; NULL: none */
    int order;                        /* enum word_order, when the point gives none */
    int64_t count_max;                /* registers one read may cover */
    struct arena *arena;              /* of the result */
    struct complaints *complaints;
};

/* Resolves; complains and returns false when it cannot be. `at` is the point in the file. The result lives in the arena and
 * in the class table, not in the document. */
bool point_resolve(const struct raw_point *raw, const char *id, const struct node *at,
                   const struct point_context *context, struct slave_point *ret_point);

/* {"function", "address", "byte", "bit", "bits", "equals"}: a part that must hold a number. The function is optional where
 * `function` gives one already (then it must be the same). */
struct raw_part {
    SHAPED;
    int function;
    int64_t address;
    int byte;
    int64_t bit;
    const struct node *bits;
    int64_t equals;
    const struct node *decimals; /* scale_from only */
};
bool part_resolve(const struct node *node, const struct shape *shape, struct raw_part *ret_raw,
                  struct register_part *ret_part, struct complaints *complaints);
extern const struct shape condition_shape; /* only_if, identity */
enum function function_of(int index);

/* "write": { "minimum", "maximum" }; NO_LIMIT where it says nothing or there is none. Complains about its shape. */
void write_limits_read(const struct node *write, struct complaints *complaints, double *ret_minimum,
                       double *ret_maximum);

/* What may be written to the point: a yes/no or a range of values. False when it cannot be written at all. */
bool point_write_range(const struct slave_point *point, double *ret_minimum, double *ret_maximum);

/* "a yes/no", "a whole number", … */
struct words words_value_type(enum value_type type);
bool value_type_converts(enum value_type from, enum value_type to);

const struct class_point *class_point_find(const struct device_class *class, const char *id);
const char *name_of_class_point(const void *context, size_t index); /* context: struct device_class */

#endif
