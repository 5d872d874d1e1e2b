/* player: the timeline of a scenario. Pure: time comes in, actions that are due come out, in their order.
 *
 * All times are milliseconds since the start. What happens is a function of the scenario and of what the judge says:
 * with no judge every expectation takes its whole time. */
#ifndef OUTPOST_FIRMWARE_SIM_PLAYER_H
#define OUTPOST_FIRMWARE_SIM_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/scenario.h"

struct player {
    const struct scenario *scenario;
    size_t next; /* step; scenario->step_count when all were begun */
    int64_t
        over_ms[SCENARIO_STEPS_MAX]; /* of the steps before `next`; an expectation's: when it is over at the latest */
    bool met[SCENARIO_STEPS_MAX];
};

void player_start(struct player *player, const struct scenario *scenario);

/* The next action that is due by `now_ms`; NULL: none. Call it until it says NULL. The action counts as done at its
 * exact time, however late it is asked for; expectations on the way begin. */
const struct step *player_step(struct player *player, int64_t now_ms);

/* When player_step() has something again, or when all is over; at the latest. */
int64_t player_due_ms(const struct player *player);

/* The judge: this expectation, begun and not a `never`, is met since then. What comes after may come earlier. */
void player_meet(struct player *player, size_t step, int64_t at_ms);

/* An expectation that has begun: when its time began and when it is over. */
int64_t player_since_ms(const struct player *player, size_t step);
int64_t player_until_ms(const struct player *player, size_t step);

/* All actions are done and all expectations over. */
bool player_is_over(const struct player *player, int64_t now_ms);

/* How long the whole takes without a judge. */
int64_t scenario_length_ms(const struct scenario *scenario);

#endif
