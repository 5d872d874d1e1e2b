#include "gateway/run/bus_private.h"

#include <math.h>

#define DOUBTS_MAX 2  /* readings held back: the third is told */
#define NEAR_SHARE 32 /* two readings of a quantity that differ by less than this part of it say the same */

void bus_line_troubled(struct bus *bus, struct now now)
{
    bus->troubled_until_mono_us = now.mono_us + TROUBLED_US;
}

static double number_of(const struct sample *sample, enum value_type type)
{
    if (type == VALUE_INT)
        return (double)sample->value.integer;
    if (type == VALUE_UINT)
        return (double)sample->value.natural;
    return sample->value.number;
}

/* By a step of the register, or by less than what any sensor is worth: what such a difference could do to an alarm, the
 * sensor's own error does. */
static bool is_near(double a, double b, const struct slave_point *point)
{
    double const apart = fabs(a - b);
    bool const counts = point->raw != RAW_F32 && point->raw != RAW_F64; /* an integer in the register */
    return apart <= fmax(fabs(a), fabs(b)) / NEAR_SHARE || (counts && apart <= fabs(point->scale));
}

static bool says_the_same(const struct sample *a, const struct sample *b, const struct slave_point *point)
{
    if (a->quality != b->quality || a->reason != b->reason)
        return false;
    if (a->quality == QUALITY_BAD)
        return true;
    switch (point->type) {
    case VALUE_BOOL:
        return a->value.boolean == b->value.boolean;
    case VALUE_ENUM:
        return a->value.code == b->value.code;
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_NUMBER:
        return is_near(number_of(a, point->type), number_of(b, point->type), point);
    case VALUE_TEXT:
        break; /* no alarm depends on a text */
    }
    return true;
}

/* Compares with what it brought before, and keeps what it brings now. */
static bool says_what_it_said(struct bus *bus, const struct plan_read *plan)
{
    const struct bus_slave *slave = &bus->slaves[bus->slave];
    const struct batch *batch = &bus->item.is.batch;
    bool same = true;
    for (uint16_t i = 0; i < plan->point_count; i++) {
        struct bus_point *point = &slave->memory[plan->point_first + i];
        const struct slave_point *what = &slave->site->points[slave->points[plan->point_first + i]];
        same &= point->known && says_the_same(&point->last, &batch->samples[i], what);
        point->last = batch->samples[i];
        point->known = true;
    }
    return same;
}

bool bus_read_doubted(struct bus *bus, size_t read, struct now now)
{
    struct bus_read *doubted = &bus->reads[read];
    bool const same = says_what_it_said(bus, &doubted->plan);
    if (same || now.mono_us >= bus->troubled_until_mono_us || doubted->doubts == DOUBTS_MAX) {
        doubted->doubts = 0;
        return false;
    }
    doubted->doubts++; /* not served: it is the next to be asked */
    return true;
}
