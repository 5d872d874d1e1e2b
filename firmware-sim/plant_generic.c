/* Equipment nobody has described: every point moves, each second by one step, so that a reader can be checked against the
 * simulator, and no two points move alike.
 *
 * Integers ramp over a thousand raw numbers, point i from 1000 * (i % 10); floats swing around 20 + i once a minute; bits
 * toggle every 2, 3, … 9 seconds; codes walk through their map. */
#include <math.h>

#include "firmware-sim/plant.h"

struct generic {
    const struct point *const *points;
    size_t point_count;
    double age_s;
};

static void open(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    struct generic *generic = state;
    generic->points = points;
    generic->point_count = point_count;
    generic->age_s = floor(random_between(random, 0, 1000));
}

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    (void)around;
    (void)random;
    struct generic *generic = state;
    generic->age_s += dt_s;
}

static struct value integer_of(const struct point *point, size_t index, double second)
{
    double room =
        point->has_valid ? point->valid_high - point->valid_low + 1 : ldexp(1, point->width < 15 ? point->width : 15);
    double raw =
        fmod(1000.0 * (double)(index % 10) + fmod(second, 1000), room) + (point->has_valid ? point->valid_low : 0);
    return plant_number(raw * point->scale + point->offset);
}

static struct value value_of(const struct point *point, size_t index, double second)
{
    if (point->map_count > 0) {
        const struct map_entry *entry = &point->map[(size_t)second % point->map_count];
        return plant_code((double)entry->raw, entry->name);
    }
    switch (point->kind) {
    case POINT_BIT:
        return plant_truth((size_t)second / (2 + index % 8) % 2 == 1);
    case POINT_STRING:
        return plant_code(0, "SIM");
    case POINT_FLOAT:
        return plant_number(20 + (double)(index % 100) + 5 * sin(second * M_PI / 30));
    case POINT_UNSIGNED:
    case POINT_SIGNED:
    case POINT_BCD:
        break;
    }
    return integer_of(point, index, second);
}

static void show(const void *state, struct value *ret_values)
{
    const struct generic *generic = state;
    for (size_t i = 0; i < generic->point_count; i++)
        ret_values[i] = value_of(generic->points[i], i, floor(generic->age_s));
}

const struct plant_kind plant_generic = {
    .actions = "",
    .state_size = sizeof(struct generic),
    .open = open,
    .step = step,
    .show = show,
};
