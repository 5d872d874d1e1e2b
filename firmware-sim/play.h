/* play: plays one scenario, judges it as it goes, and says on stderr what it sees. */
#ifndef OUTPOST_FIRMWARE_SIM_PLAY_H
#define OUTPOST_FIRMWARE_SIM_PLAY_H

#include "firmware-sim/cast.h"
#include "firmware-sim/hands.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/report.h"
#include "firmware-sim/session.h"

/* Whatever happens in between, what restores the plant is done at the end: by the simulator, or a person is told. Blocks for as
 * long as the scenario takes; ends early when the session is stopped. */
void play(struct session *session, const struct hands *hands, const struct cast *cast, struct pool *pool,
          struct report_scenario *ret_scenario);

#endif
