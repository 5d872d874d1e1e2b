/* unit_replay: a unit whose registers come from a recording instead of its models. Pure but for memory taken at attaching.
 *
 * What was silent or an exception in the recording is so again. Registers of points that were not recorded do not exist
 * (exception 2), since nobody knows what they would say. Writes are answered as before, and counted, but do not take. What a
 * person sets, and faults, go before the recording. */
#ifndef OUTPOST_FIRMWARE_SIM_UNIT_REPLAY_H
#define OUTPOST_FIRMWARE_SIM_UNIT_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/channel.h"
#include "firmware-sim/finding.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/replay.h"
#include "firmware-sim/text.h"
#include "firmware-sim/unit.h"

/* From now on. The replay must outlive the unit. */
void unit_attach(struct unit *unit, struct replay *replay, struct pool *pool);

/* So much time of the plant goes on for the recording, if there is one. */
void unit_step_replay(struct unit *unit, double dt_s);

/* What replay_order takes; off gives the registers back to the models. False, with a sentence. */
SIM_CHECKED bool unit_order_replay(struct unit *unit, char *const *words, size_t count, struct text *why);

/* How the recording has this request end: OUTCOME_WORDS, it is answered from the registers, also without a recording. */
enum outcome unit_replay_outcome(const struct unit *unit, const struct request *request, uint8_t *ret_exception);

/* A write that is answered, and that the recording keeps from being done? */
bool unit_replay_takes_write(struct unit *unit);

#endif
