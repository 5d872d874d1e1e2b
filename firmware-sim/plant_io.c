/* A relay or input board: its coils belong to the master, its inputs to whatever is wired to them (valves: world.c). The
 * board itself drives nothing. */
#include "firmware-sim/plant.h"

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    (void)state;
    (void)dt_s;
    (void)around;
    (void)random;
}

static void show(const void *state, struct value *ret_values)
{
    (void)state;
    (void)ret_values;
}

static const struct plant_signal no_signals[1] = {{"", NULL}};

const struct plant_kind plant_io = {
    .actions = "",
    .signals = no_signals,
    .signal_count = 0,
    .step = step,
    .show = show,
};
