/* replays: which slaves of a site play a recording: "SLAVE=FILE" or "FILE" of `run --replay`, and `ctl replay`. */
#ifndef OUTPOST_FIRMWARE_SIM_REPLAYS_H
#define OUTPOST_FIRMWARE_SIM_REPLAYS_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/pool.h"
#include "firmware-sim/text.h"
#include "firmware-sim/world.h"

#define REPLAYS_MAX 64

/* Opens the recording and gives it to its slave, for as long as the pool lives. Warnings (a recording that is cut, of another
 * profile, without some points) go, a line each, to `warnings`. False, with a sentence. */
SIM_CHECKED bool replays_open(struct world *world, const char *word, bool loop, struct pool *pool,
                              struct text *warnings, struct text *why);

/* `words` as in replay.h. False, with a sentence. */
SIM_CHECKED bool replays_order(struct world *world, const char *slave, char *const *words, size_t count,
                               struct text *why);

void replays_describe(const struct world *world, struct text *out); /* a line each, for `status` */

#endif
