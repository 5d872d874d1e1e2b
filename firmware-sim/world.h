/* world: the plant being played: slaves with their registers, devices with their models, valves between them.
 *
 * Pure but for memory taken at open: time comes in as steps, requests as PDUs, people's wishes as function calls. All
 * chance comes from one seed. One thread. */
#ifndef OUTPOST_FIRMWARE_SIM_WORLD_H
#define OUTPOST_FIRMWARE_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/channel.h"
#include "firmware-sim/plant.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/random.h"
#include "firmware-sim/site.h"
#include "firmware-sim/unit.h"
#include "firmware-sim/valve.h"

#define WORLD_STEP_S     0.1
#define WORLD_ALL_SLAVES "*"
#define LINE_UNITS_MAX   256

/* A device's point: where its value goes. */
struct output {
    struct unit *unit; /* NULL: nowhere */
    size_t point;
    bool invert;
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

struct line { /* the units of one bus, by unit id */
    struct world *world;
    enum wire wire;
    struct unit *units[LINE_UNITS_MAX];
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
    struct random random;
    struct unit *units; /* one for each site slave */
    struct device *devices;
    struct line *lines; /* one for each site bus */
    struct world_valve *valves;
};

/* The site must outlive the world. */
void world_open(struct world *world, const struct site *site, uint64_t seed);
void world_close(struct world *world); /* accepts the zeroed */

/* Everything goes on by so much time. Steps of WORLD_STEP_S are what the models are made for; up to 1 s is fine. */
void world_step(struct world *world, double dt_s);

/* A request on a line: the channel's serve function, `self` is a struct line. An unknown unit is silent; unit 0 on a serial
 * line is a broadcast: writes are done by all, nobody answers. */
void world_serve(void *self, const struct request *request, struct answer *ret_answer);

/* --- what people do; false, with a sentence --- */

/* "gas-kitchen.gas_lel_pct" of a slave or a device. */
SIM_CHECKED bool world_find(const struct world *world, const char *reference, struct output *ret_output,
                            struct text *why);

const struct point *output_point(const struct output *output);
void output_print(const struct output *output, struct text *out); /* what a perfect master reads there */
SIM_CHECKED bool output_set(const struct output *output, const char *word, struct text *why);

/* `device` does what the words say ("leak 60", "trap", "reopen relay_1"). */
SIM_CHECKED bool world_act(struct world *world, const char *device, char *const *words, size_t count, struct text *why);

/* `slave` may be WORLD_ALL_SLAVES. */
SIM_CHECKED bool world_set_fault(struct world *world, const char *slave, const struct fault *fault, struct text *why);

/* The valve's coil says "close". */
bool world_valve_commanded(const struct world_valve *valve);

#endif
