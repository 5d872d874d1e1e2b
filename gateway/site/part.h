/* part: a number hidden in (part of) a register: what only_if, scale_from and the identity probe look at.
 *
 *   { "function": "holding", "address": 10, "byte": "lo", "bits": [0, 4], "equals": 5 } */
#ifndef OUTPOST_SITE_PART_H
#define OUTPOST_SITE_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/model/site.h"
#include "gateway/site/shape.h"

#define NOT_GIVEN (-1)

/* As written; NOT_GIVEN or NULL where it is not. */
struct raw_part {
    SHAPED;
    int function; /* index into function_names */
    int64_t address;
    int byte; /* index into byte_names */
    int64_t bit;
    const struct node *bits;
    int64_t equals;              /* not of scale_from */
    bool fixed;                  /* not of an identity */
    const struct node *decimals; /* scale_from only */
};

extern const struct shape probe_shape, only_if_shape, scale_from_shape;

/* Complains and returns false when it is not good. */
bool part_resolve(const struct node *node, const struct shape *shape, struct raw_part *ret_raw,
                  struct register_part *ret_part, struct complaints *complaints);

/* [from, count] within `width` bits. */
bool part_read_bits(const struct node *list, int64_t width, struct complaints *complaints, uint8_t *ret_first,
                    uint8_t *ret_count);

extern const char *const function_names[];
extern const char *const byte_names[];
enum function function_of(int index);
enum byte_half byte_of(int index); /* of NOT_GIVEN: both */

#endif
