/* number: a number with its quality, for the derived points that are computed from several others. What is computed is as
 * good as the worst of what it was computed from. */
#ifndef OUTPOST_DRIVERS_DEVICE_NUMBER_H
#define OUTPOST_DRIVERS_DEVICE_NUMBER_H

#include "drivers/device/derive.h"
#include "gateway/core/normalize.h"

struct number {
    double value; /* meaningless when bad */
    enum quality quality;
    enum reason reason;
};

static inline struct number number_none(enum reason reason)
{
    return (struct number){.quality = QUALITY_BAD, .reason = reason};
}

static inline struct number number_good(double value)
{
    return (struct number){.value = value, .quality = QUALITY_GOOD};
}

static inline bool number_is_known(struct number number)
{
    return number.quality != QUALITY_BAD;
}

static inline struct number number_of(const struct derive *derive, const struct class_point *points, size_t point)
{
    const struct sample *sample = &derive->samples[point];
    struct number number = {.quality = (enum quality)sample->quality, .reason = (enum reason)sample->reason};
    if (!sample_number(points[point].type, sample, &number.value))
        number.quality = QUALITY_BAD;
    return number;
}

/* A setting; bad, invalid when the site file does not give it. */
static inline struct number number_of_setting(const struct derive *derive, size_t setting)
{
    double const value = derive->settings[setting];
    return value > NO_LIMIT ? number_good(value) : number_none(REASON_INVALID);
}

/* What is measured, else what the site file says; the latter in place of a bad reading is uncertain. */
static inline struct number number_or_setting(const struct derive *derive, const struct class_point *points,
                                              size_t point, size_t setting)
{
    struct number const measured = number_of(derive, points, point);
    struct number set = number_of_setting(derive, setting);
    if (number_is_known(measured))
        return measured;
    if (!derive_knows(derive, point))
        return set;
    if (!number_is_known(set))
        return measured;
    set.quality = QUALITY_UNCERTAIN;
    set.reason = measured.reason;
    return set;
}

/* `number`, as good as the worst of `number` and `other`. */
static inline struct number number_with(struct number number, struct number other)
{
    if (other.quality > number.quality) {
        number.quality = other.quality;
        number.reason = other.reason;
    }
    return number;
}

/* The result of a formula, number_if(formula(…, &value), &value): bad, invalid when it does not hold. */
static inline struct number number_if(bool holds, const double *value)
{
    return holds ? number_good(*value) : number_none(REASON_INVALID);
}

/* Sets a derived number; a read one is left alone. */
static inline void number_put(struct derive *derive, size_t point, struct number number)
{
    if (!derive_owes(derive, point))
        return;
    derive->samples[point] =
        (struct sample){.point = (uint16_t)point, .quality = (uint8_t)number.quality, .reason = (uint8_t)number.reason};
    if (number_is_known(number))
        derive->samples[point].value.number = number.value;
}

/* The same for a yes/no; an unknown is bad for the reason of a point it depends on. */
static inline void tri_put(struct derive *derive, size_t point, enum tri value, size_t depends_on)
{
    if (derive_owes(derive, point))
        derive_set(derive, point, value, depends_on);
}

#endif
