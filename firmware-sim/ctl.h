/* ctl: the words of `outpost-sim ctl`, one line a command. Pure but for the world.
 *
 *   list                              slaves and devices, and what devices can do
 *   get SLAVE[.POINT]                 what a perfect master reads (a device's points too)
 *   set SLAVE.POINT VALUE             holds a value; also: set SLAVE.POINT raw NUMBER
 *   set SLAVE.POINT auto              gives it back to its model
 *   do DEVICE ACTION [ARG]            lift-1 trap, gas-kitchen leak 60, valve-kitchen reopen
 *   fault SLAVE KIND [ARG] [WHEN]     what is wrong with it (fault.h); SLAVE * for all; none ends it
 *   fault bus:BUS gone|back [WHEN]    the port of a bus vanishes
 *   turnaround SLAVE MS|auto          from a request's end to its answer; SLAVE * for all
 *   scenario list                     what can be rehearsed here (scenario.h)
 *   scenario start NAME|FILE [ROLE=DEVICE …]   plays its actions; stop, status
 *   replay SLAVE pause|resume|seek TIME|loop|once|off   of its recording (replay.h)
 *   speed N                           the plant lives N times as fast
 *   status [json]                     what is going on; json: pace, buses and slaves as one JSON object
 *   help
 *
 * The answer is lines of text, then one line that is "ok", "error: …" (it could not be done) or "usage: …" (wrong words). */
#ifndef OUTPOST_FIRMWARE_SIM_CTL_H
#define OUTPOST_FIRMWARE_SIM_CTL_H

#include <stddef.h>

#include "firmware-sim/pace.h"
#include "firmware-sim/stage.h"
#include "firmware-sim/status.h"
#include "firmware-sim/text.h"
#include "firmware-sim/world.h"

#define CTL_LINE_MAX  1024
#define CTL_WORDS_MAX 16

struct ctl {
    struct world *world;
    struct pace *pace;                                         /* NULL: the plant has no clock of its own */
    struct stage *stage;                                       /* NULL: nothing can be rehearsed */
    void (*describe_ports)(void *self, struct status *status); /* for `status`; NULL none */
    void *self;
};

/* `line` is cut up in place. */
void ctl_run(const struct ctl *ctl, char *line, struct text *out);

void ctl_help(struct text *out);

#endif
