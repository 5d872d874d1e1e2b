/* world: the plant being played: slaves with their registers, devices with their models, valves between them.
 *
 * Pure but for memory taken at open: time comes in as steps, requests as PDUs, people's wishes as function calls. All
 * chance comes from one seed. One thread. */
#ifndef OUTPOST_FIRMWARE_SIM_WORLD_H
#define OUTPOST_FIRMWARE_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/line.h"
#include "firmware-sim/plant.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/random.h"
#include "firmware-sim/reach.h"
#include "firmware-sim/site.h"
#include "firmware-sim/unit.h"
#include "firmware-sim/valve.h"

#define WORLD_STEP_S        0.1
#define WORLD_VALVE_ACTIONS "reopen | jam | free | bounce MS"
#define WORLD_ALL_SLAVES    "*"
#define WORLD_BUS           "bus:" /* before a bus's id, where a slave's may stand */

/* A device's point: where its value goes. */
struct output {
    struct unit *unit; /* NULL: nowhere */
    size_t point;
    bool invert;
    double factor; /* what stands in the slave = the device's value * factor + addend */
    double addend;
    const char *measure; /* unit of the device's value, UCUM */
};

struct device {
    const struct site_device *site;
    const struct plant_kind *kind;
    void *state;
    struct output *outputs; /* of each signal of the kind */
    size_t output_count;
    struct value *values;
    double *held;
};

struct world_valve {
    const struct site_valve *site;
    struct valve valve;
    struct output command;
    struct output feedback;
};

struct world {
    struct pool pool;
    const struct site *site;
    struct random random;      /* of the models */
    struct random line_random; /* of the lines' faults: what a master asks changes nothing in the plant */
    struct unit *units;        /* one for each site slave */
    struct device *devices;
    struct line *lines; /* one for each site bus */
    struct world_valve *valves;
    struct reach reach;
    int64_t now_us;    /* of the lines */
    int64_t looked_us; /* at the faults' times */
};

/* The site must outlive the world. */
void world_open(struct world *world, const struct site *site, uint64_t seed);
void world_close(struct world *world); /* accepts the zeroed */

/* Everything goes on by so much time. Steps of WORLD_STEP_S are what the models are made for; up to 1 s is fine. */
void world_step(struct world *world, double dt_s);

/* The lines' time, which is real time, goes on: faults come and go by it. To be told often. */
void world_pass(struct world *world, int64_t now_us);

/* --- what people do; false, with a sentence --- */

/* "gas-kitchen.gas_lel_pct" of a slave or a device. */
SIM_CHECKED bool world_find(const struct world *world, const char *reference, struct output *ret_output,
                            struct text *why);

/* Where a device's point goes, in the unit of the device. */
struct output slave_output(const struct world *world, size_t slave, size_t point); /* as the slave has it */
struct output device_output(const struct world *world, const struct device *device, const struct site_signal *signal);

const struct point *output_point(const struct output *output);
void output_print(const struct output *output, struct text *out); /* what a perfect master reads there */
SIM_CHECKED bool output_set(const struct output *output, const char *word, struct text *why);

/* `device` does what the words say ("leak 60", "trap", "reopen relay_1"); REACH_SITE is the whole site. */
SIM_CHECKED bool world_act(struct world *world, const char *device, char *const *words, size_t count, struct text *why);

/* `id`: a slave's, WORLD_ALL_SLAVES, or WORLD_BUS and a bus's. Its times count from now. */
SIM_CHECKED bool world_set_fault(struct world *world, const char *id, const struct fault *fault, struct text *why);

/* From a request's end to its answer, whatever the line has; -1: as the line has it. `id` may be WORLD_ALL_SLAVES. */
SIM_CHECKED bool world_set_turnaround(struct world *world, const char *id, int64_t turnaround_us, struct text *why);

/* Which model plays a device class. */
const struct plant_kind *world_kind_of(const char *class);

/* The valve's coil says "close". */
bool world_valve_commanded(const struct world_valve *valve);

#endif
