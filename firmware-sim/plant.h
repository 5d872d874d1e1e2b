/* plant: what a kind of equipment does, as a model that knows neither registers nor time of day.
 *
 * A kind names the points it drives (canonical ids and units, as in drivers/device) and is stepped with the seconds that passed;
 * show() then gives one value for each of them. Where a value ends up, and whether a person holds it, is the world's
 * business. A new kind of equipment is one file with one `struct plant_kind`, named in the table of classes in world.c. */
#ifndef OUTPOST_FIRMWARE_SIM_PLANT_H
#define OUTPOST_FIRMWARE_SIM_PLANT_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/encode.h"
#include "firmware-sim/random.h"
#include "firmware-sim/room.h"
#include "firmware-sim/setting.h"
#include "firmware-sim/text.h"

/* The channels of a gas control panel, together. */
struct channels {
    unsigned count;
    unsigned low;  /* in alarm 1, or in alarm 2 */
    unsigned high; /* in alarm 2 */
    unsigned fault;
    unsigned disabled;
    unsigned first; /* the first in alarm, in the panel's order, from 1; 0 none */
};

/* What reaches a device from outside itself. */
struct surroundings {
    bool supply_open;         /* no shut-off valve of its gas is closed */
    bool power;               /* the building has mains */
    struct room *room;        /* the air it stands in; NULL: it is alone in one of its own */
    struct channels channels; /* of a panel: the detectors behind it */
    const double *held;       /* for each signal: the number a person has set, NaN when nobody has */
};

/* A point that a kind drives. */
struct plant_signal {
    const char *id;
    const char *unit; /* UCUM, in which show() gives it; NULL: whatever the register holds */
};

struct plant_kind {
    const char *actions;                /* what act() understands, for help; "" nothing */
    const struct plant_signal *signals; /* NULL: all points of the device, in their order */
    size_t signal_count;
    size_t state_size; /* of its zeroed state */
    bool needs_mains;  /* its own controllers are silent while the building has no mains */
    bool uses_gas;     /* it burns or gives the gas of a room: see reach.h */
    void (*open)(void *state, const struct point *const *points, size_t point_count, struct random *random);
    void (*configure)(void *state, const struct settings *settings); /* after open; NULL: it has no settings */
    void (*step)(void *state, double dt_s, const struct surroundings *around, struct random *random);
    void (*show)(const void *state, struct value *ret_values);                    /* one for each signal */
    bool (*act)(void *state, char *const *words, size_t count, struct text *why); /* false, with a sentence */
    void (*describe)(const void *state, struct text *out);                        /* a few words for `status` */
    void (*tell)(const void *state, struct channels *channels); /* adds itself to its panel's; NULL: it is no channel */
};

/* A yes or no, by number for a bit and by word for a map. */
struct value plant_truth(bool truth);
struct value plant_number(double number);
struct value plant_code(double number, const char *text); /* the word for a map, the number where there is none */

/* The point can show this word: it has no map, or one with it. NULL: nobody reads it, so any word will do. */
bool plant_knows(const struct point *point, const char *word);

/* Where a first-order lag is after dt, exactly, so that the length of a step does not matter. */
double plant_approach(double from, double to, double dt_s, double time_constant_s);

extern const struct plant_kind plant_gas;
extern const struct plant_kind plant_panel;
extern const struct plant_kind plant_lift;
extern const struct plant_kind plant_escalator;
extern const struct plant_kind plant_steam;
extern const struct plant_kind plant_hot_water;
extern const struct plant_kind plant_thermal_oil;
extern const struct plant_kind plant_cylinder;
extern const struct plant_kind plant_io;
extern const struct plant_kind plant_generic;

#endif
