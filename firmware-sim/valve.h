/* valve: what hangs on a relay: a gas shut-off valve with a closing coil, a hand lever and an end switch; or, where it
 * `returns`, a fan or a damper that follows its coil both ways. Pure.
 *
 * The coil of a shut-off valve closes it within VALVE_STROKE_S and cannot open it: reopening is done by hand at the valve,
 * and only while the coil is released. A fan is up to speed, and down again, within FAN_SPIN_S. The end switch (of a fan: the
 * air flow switch) is a contact: after each change it may bounce. The strokes are engineering choices; GB 50028 wants an
 * emergency valve shut within some seconds. */
#ifndef OUTPOST_FIRMWARE_SIM_VALVE_H
#define OUTPOST_FIRMWARE_SIM_VALVE_H

#include <stdbool.h>

#include "firmware-sim/text.h"

#define VALVE_STROKE_S     2.0
#define FAN_SPIN_S         1.5
#define VALVE_BOUNCE_MAX_S 10.0

struct valve {
    double shut; /* 0 open … 1 closed; the zeroed valve is open. Of a fan: 0 … full speed */
    bool returns;
    bool jammed;     /* of a fan: it stands */
    double bounce_s; /* how long its contact bounces; 0 not at all */
    double bounces;  /* seconds left */
    bool was_closed;
    bool contact; /* what the input sees */
};

void valve_step(struct valve *valve, bool coil_closes, double dt_s);
bool valve_is_closed(const struct valve *valve); /* gas-tight; of a fan: it runs */
const char *valve_word(const struct valve *valve);

/* By hand. False, with a sentence, while the coil holds it, it is jammed, or it needs no hand. */
bool valve_reopen(struct valve *valve, bool coil_closes, struct text *why);

#endif
