/* stage: the scenario that a running simulator plays: found by name, cast, and given out action by action.
 *
 * Its clock is the plant's steps divided by the speed: an action falls between the same two steps each time, so that
 * with the same seed the plant is the same to the bit. Nobody judges here: expectations take their whole time. */
#ifndef OUTPOST_FIRMWARE_SIM_STAGE_H
#define OUTPOST_FIRMWARE_SIM_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/cast.h"
#include "firmware-sim/player.h"
#include "firmware-sim/scenario.h"
#include "firmware-sim/site.h"
#include "firmware-sim/text.h"

struct stage {
    const struct site *site;
    const char *const *dirs; /* where names are looked for, first to last; NULL-ended */
    struct scenario scenario;
    struct cast cast;
    struct player player;
    bool playing;
    double clock_s;          /* since the start of the scenario */
    size_t done;             /* actions */
    size_t refused;          /* lines of them */
    struct sentence trouble; /* the last refusal */
};

/* Site and dirs must outlive the stage. */
void stage_init(struct stage *stage, const struct site *site, const char *const *dirs);
void stage_close(struct stage *stage); /* accepts the zeroed */

/* `what` is the name of a scenario of the dirs, or a file: it ends with .json. False, with a sentence; what played
 * before goes on. */
SIM_CHECKED bool stage_start(struct stage *stage, const char *what, char *const *binds, size_t bind_count,
                             struct text *why);
/* The plant stays as it is. */
SIM_CHECKED bool stage_stop(struct stage *stage, struct text *why);

/* So much real time went on; with `speed` the plant's. */
void stage_pass(struct stage *stage, double real_s);

/* The next action that is due: lines of ctl.h in `out`, none for an order. False: none is. Call it until it says so. */
bool stage_take(struct stage *stage, struct text *out);
/* The answer to one of these lines. */
void stage_note(struct stage *stage, const char *line, const char *answer);

/* What there is, a line each: whether it applies to this site, how long it takes, what it is called. */
void stage_list(const struct stage *stage, struct text *out);
/* What plays or played last; nothing when nothing did. */
void stage_describe(const struct stage *stage, struct text *out);

#endif
