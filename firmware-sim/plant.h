/* plant: what a kind of equipment does, as a model that knows neither registers nor time of day.
 *
 * A kind names the points it drives (canonical ids, as in drivers/device) and is stepped with the seconds that passed;
 * show() then gives one value for each of them. Where a value ends up, and whether a person holds it, is the world's
 * business. A new kind of equipment is one file with one `struct plant_kind`, named in the table of world.c. */
#ifndef OUTPOST_FIRMWARE_SIM_PLANT_H
#define OUTPOST_FIRMWARE_SIM_PLANT_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/encode.h"
#include "firmware-sim/random.h"
#include "firmware-sim/text.h"

/* What reaches a device from outside itself. */
struct surroundings {
    bool supply_open;   /* no shut-off valve of its gas is closed */
    double spill;       /* the worst of its zone's other devices' spill() */
    const double *held; /* for each signal: the number a person has set, NaN when nobody has */
};

struct plant_kind {
    const char *class;          /* device class it plays */
    const char *actions;        /* what act() understands, for help; "" nothing */
    const char *const *signals; /* ids of the points it drives; NULL: all points of the device, in their order */
    size_t signal_count;
    size_t state_size; /* of its zeroed state */
    void (*open)(void *state, const struct point *const *points, size_t point_count, struct random *random);
    void (*step)(void *state, double dt_s, const struct surroundings *around, struct random *random);
    void (*show)(const void *state, struct value *ret_values);                    /* one for each signal */
    bool (*act)(void *state, char *const *words, size_t count, struct text *why); /* false, with a sentence */
    void (*describe)(const void *state, struct text *out);                        /* a few words for `status` */
    double (*spill)(const void *state); /* gas that escapes into the zone, %LEL; NULL none */
};

/* A yes or no, by number for a bit and by word for a map. */
struct value plant_truth(bool truth);
struct value plant_number(double number);
struct value plant_code(double number, const char *text); /* the word for a map, the number where there is none */

extern const struct plant_kind plant_gas;
extern const struct plant_kind plant_lift;
extern const struct plant_kind plant_io;
extern const struct plant_kind plant_generic;

#endif
