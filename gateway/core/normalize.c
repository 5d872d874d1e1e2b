#include "gateway/core/normalize.h"

#include <math.h>

#include "gateway/base/check.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53: up to here a double counts every integer */

bool sample_number(enum value_type type, const struct sample *sample, double *ret_number)
{
    if (sample->quality == QUALITY_BAD)
        return false;
    switch (type) {
    case VALUE_BOOL:
        *ret_number = sample->value.boolean ? 1 : 0;
        return true;
    case VALUE_INT:
        *ret_number = (double)sample->value.integer;
        return true;
    case VALUE_UINT:
        *ret_number = (double)sample->value.natural;
        return true;
    case VALUE_NUMBER:
        *ret_number = sample->value.number;
        return true;
    case VALUE_ENUM:
        *ret_number = sample->value.code;
        return true;
    case VALUE_TEXT:
        break;
    }
    return false;
}

static void make_bad(struct sample *sample, enum reason reason)
{
    sample->quality = QUALITY_BAD;
    sample->reason = (uint8_t)reason;
}

static bool is_whole(double number)
{
    return fabs(number) <= EXACT_MAX && fabs(number - trunc(number)) <= 0;
}

static void check_range(const struct device_point *point, double number, struct sample *sample)
{
    bool below = point->minimum > NO_LIMIT && number < point->minimum;
    bool above = point->maximum > NO_LIMIT && number > point->maximum;
    if (!below && !above)
        return;
    make_bad(sample, REASON_IMPLAUSIBLE);
    sample->value = (union value){.number = number}; /* see normalize.h: on which side it left the range */
}

static void to_bool(const struct device_point *point, double number, struct sample *sample)
{
    if (fabs(number) > 0 && fabs(number - 1) > 0) {
        make_bad(sample, REASON_INVALID);
        return;
    }
    sample->value = (union value){.boolean = (number > 0) != point->invert};
}

static void to_code(const struct device_point *point, const struct slave_point *from, double number,
                    struct sample *sample)
{
    size_t known = point->code_of == NULL ? point->code_count : from->code_count;
    if (!is_whole(number) || number < 0 || number >= (double)known) {
        make_bad(sample, REASON_INVALID);
        return;
    }
    uint32_t code = point->code_of == NULL ? (uint32_t)number : point->code_of[(uint32_t)number];
    if (code >= point->code_count)
        make_bad(sample, REASON_INVALID);
    else
        sample->value = (union value){.code = code};
}

static void to_integer(const struct device_point *point, double number, struct sample *sample)
{
    if (!is_whole(number) || (point->type == VALUE_UINT && number < 0)) {
        make_bad(sample, REASON_INVALID);
        return;
    }
    if (point->type == VALUE_UINT)
        sample->value = (union value){.natural = (uint64_t)number};
    else
        sample->value = (union value){.integer = (int64_t)number};
    check_range(point, number, sample);
}

static bool is_integer(enum value_type type)
{
    return type == VALUE_INT || type == VALUE_UINT;
}

/* 64-bit integers beyond 2^53 must not pass through a double. */
static bool passes_unchanged(const struct device_point *point, const struct slave_point *from)
{
    bool converts = fabs(point->factor - 1) > 0 || fabs(point->addend) > 0;
    return is_integer(from->type) && is_integer(point->type) && !converts;
}

/* Same bits, unless the sign does not fit. */
static void pass(const struct device_point *point, const struct slave_point *from, double number, struct sample *sample)
{
    if (from->type != point->type && sample->value.integer < 0) /* for an unsigned one: above INT64_MAX */
        make_bad(sample, REASON_INVALID);
    else
        check_range(point, number, sample);
}

static void convert(const struct device_point *point, const struct slave_point *from, double number,
                    struct sample *sample)
{
    switch (point->type) {
    case VALUE_BOOL:
        to_bool(point, number, sample);
        return;
    case VALUE_ENUM:
        to_code(point, from, number, sample);
        return;
    case VALUE_INT:
    case VALUE_UINT:
        to_integer(point, number * point->factor + point->addend, sample);
        return;
    case VALUE_NUMBER:
        CHECK(fabs(point->factor) > 0); /* it would make one number of all readings */
        sample->value = (union value){.number = number * point->factor + point->addend};
        if (isfinite(sample->value.number))
            check_range(point, sample->value.number, sample);
        else
            make_bad(sample, REASON_INVALID);
        return;
    case VALUE_TEXT:
        break;
    }
    make_bad(sample, REASON_INVALID);
}

void normalize_sample(const struct device_point *point, const struct slave_point *from, const struct sample *sample,
                      struct sample *ret_sample)
{
    *ret_sample = (struct sample){
        .value = sample->value, .point = ret_sample->point, .quality = sample->quality, .reason = sample->reason};
    double number = 0;
    bool is_number = sample_number(from->type, sample, &number);
    if (sample->quality == QUALITY_BAD)
        ret_sample->value = (union value){.natural = 0}; /* all eight bytes: {0} would only be the first member's */
    else if (from->type == VALUE_TEXT && point->type == VALUE_TEXT)
        return;
    else if (!is_number || isnan(number))
        make_bad(ret_sample, REASON_INVALID);
    else if (passes_unchanged(point, from))
        pass(point, from, number, ret_sample);
    else
        convert(point, from, number, ret_sample);
}
