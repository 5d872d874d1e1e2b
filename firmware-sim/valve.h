/* valve: a gas shut-off valve with a closing coil, a hand lever and an end switch. Pure.
 *
 * The coil closes it within VALVE_STROKE_S and cannot open it: reopening is done by hand at the valve, and only while the
 * coil is released. */
#ifndef OUTPOST_FIRMWARE_SIM_VALVE_H
#define OUTPOST_FIRMWARE_SIM_VALVE_H

#include <stdbool.h>

#include "firmware-sim/text.h"

#define VALVE_STROKE_S 2.0

struct valve {
    double shut; /* 0 open … 1 closed; the zeroed valve is open */
    bool jammed;
};

void valve_step(struct valve *valve, bool coil_closes, double dt_s);
bool valve_is_closed(const struct valve *valve); /* gas-tight and the end switch is made */
const char *valve_word(const struct valve *valve);

/* By hand. False, with a sentence, while the coil holds it or it is jammed. */
bool valve_reopen(struct valve *valve, bool coil_closes, struct text *why);

#endif
