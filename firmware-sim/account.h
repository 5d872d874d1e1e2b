/* account: what came of a scenario, as an entry of the report. Pure. */
#ifndef OUTPOST_FIRMWARE_SIM_ACCOUNT_H
#define OUTPOST_FIRMWARE_SIM_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/cast.h"
#include "firmware-sim/hands.h"
#include "firmware-sim/judge.h"
#include "firmware-sim/picture.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/report.h"
#include "firmware-sim/stopwatch.h"

#define ACCOUNT_TRENDS_MAX 12
#define ACCOUNT_MARKS_MAX  1000 /* a flood: 60 detectors, two alarms, each raised, cleared, acknowledged and reset */

struct task { /* what was done for an action */
    bool begun;
    enum deed deed;
    int64_t from_ms; /* of the wall */
    int64_t to_ms;
    const char *why; /* NULL: nothing to say */
};

struct played { /* a scenario that was begun */
    const struct cast *cast;
    const struct judge *judge;
    const struct task *tasks; /* of each step */
    const struct picture *picture;
    const struct stopwatch *watch;
    int64_t ended_ms;
    bool cut_short; /* before its end: what is undecided was not tried */
    const char *note;
};

void account_scenario(const struct played *played, struct pool *pool, struct report_scenario *ret_scenario);

/* One line on a check for the screen, in words: "gas.high of gas-kitchen raised within 60s: 4.1 s". */
void account_print_check(const struct check *check, const struct site *site, struct text *out);

#endif
