/* normalize: what a slave said -> what it means for a device: units, names, plausibility.
 *
 * Pure. Takes one decoded sample of a slave point and makes the sample of the device point that takes it: inverts
 * booleans, converts types and units, translates codes, and marks what lies outside the device's physical range as bad,
 * implausible. A bad sample stays bad with its reason; no number is ever made up. */
#ifndef OUTPOST_CORE_NORMALIZE_H
#define OUTPOST_CORE_NORMALIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/err.h"
#include "gateway/model/sample.h"
#include "gateway/model/site.h"

/* ret_sample: quality, reason and value; its `point` is left to the caller. Texts keep offset and size as they are: the
 * bytes are the caller's to copy.
 *
 * An implausible number stays in ret_sample->value.number although the sample is bad, so that a class can see on which
 * side it left the range (over-range is a danger, under-range a fault). Nobody else may look at it.
 *
 * What does not fit (a fraction for an integer, a code without a name) is bad, invalid: the loader refuses types that
 * do not convert, so this is the value's fault. */
void normalize_sample(const struct device_point *point, const struct slave_point *from, const struct sample *sample,
                      struct sample *ret_sample);

/* The sample as a number, for limits, deadbands and feedback: booleans are 0 and 1, codes their index. False when it is
 * bad or a text. */
bool sample_number(enum value_type type, const struct sample *sample, double *ret_number);

static inline bool sample_has_value(const struct sample *sample)
{
    return sample->quality != QUALITY_BAD;
}

/* A bad sample of that point. */
static inline struct sample sample_bad(size_t point, enum reason reason)
{
    return (struct sample){
        .value = {.natural = 0}, .point = (uint16_t)point, .quality = QUALITY_BAD, .reason = (uint8_t)reason};
}

#endif
