/* pace: how fast the plant's time goes. Pure.
 *
 * The plant is stepped in small, equal steps; `speed` says how many of its seconds fit into a real one. Steps are
 * PACE_STEP_S up to PACE_FINE_SPEED, then grow with the speed up to PACE_STEP_MAX_S. Lines keep real time whatever the
 * speed. A process that was suspended, or a plant that is too large for the speed, does not catch up on more than one
 * real second: what is beyond is skipped, and `missed_s` says how much. */
#ifndef OUTPOST_FIRMWARE_SIM_PACE_H
#define OUTPOST_FIRMWARE_SIM_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/text.h"

#define PACE_SPEED_MIN  0.1
#define PACE_SPEED_MAX  3600.0
#define PACE_FINE_SPEED 60.0 /* up to here steps are what the models are made for: 600 a second */
#define PACE_STEP_S     0.1
#define PACE_STEP_MAX_S 1.0

struct pace {
    double speed;
    double plant_s;  /* since the start */
    double owed_s;   /* of the plant, not yet stepped */
    double missed_s; /* of the plant, skipped */
    int64_t last_us; /* of the lines: up to here it is accounted for */
};

void pace_init(struct pace *pace, double speed, int64_t now_us);

/* From now on. False, with a sentence, when it is out of range. */
SIM_CHECKED bool pace_set(struct pace *pace, double speed, struct text *why);

/* Real time went on until now. True when plant time had to be skipped. */
bool pace_pass(struct pace *pace, int64_t now_us);

/* The next step that is owed, in seconds of the plant, and takes it off; 0 when none is. */
double pace_step(struct pace *pace);

size_t pace_owed(const struct pace *pace);                  /* how many steps are owed now */
int64_t pace_due_us(const struct pace *pace, size_t steps); /* when so many are */

#endif
