/* judge: the deciding room. Assembles devices from the samples of their slaves, derives points, steps the alarm rules,
 * votes, trips interlocks, and decides when telemetry is worth a record. Touches no disk and no network: from the deciding
 * sample to the write in the bus's ring is one step.
 *
 * At start it waits at most RESTORE_WAIT_MAX_MS for the stored states (INBOX_RESTORED), then begins without; states that
 * come later are merged where the rule has not moved yet. A state only advances when the recorder's ring took the news
 * of it, so nothing is published that was not decided and nothing decided that is not published. */
#ifndef OUTPOST_RUN_JUDGE_H
#define OUTPOST_RUN_JUDGE_H

#include "gateway/base/bell.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/ring.h"
#include "gateway/model/site.h"
#include "gateway/run/board.h"

#define RESTORE_WAIT_MAX_MS 1000

struct judge;

struct judge_bus { /* the way back to one bus */
    struct ring *writes;
    struct bell *bell;
};

struct judge_setup {
    const struct site *site;
    struct ring *inbox;     /* struct inbox, many producers */
    struct ring *news;      /* alarms, notices, stored states: struct news */
    struct ring *telemetry; /* telemetry: struct news */
    struct bell *recorder_bell;
    const struct judge_bus *buses; /* site.bus_count; copied */
    struct ring *answers;          /* struct answer, to the desk */
    struct bell *answers_bell;
    struct board *board;
};

MUST_CHECK enum err judge_open(struct judge **ret_judge, const struct judge_setup *setup);
void judge_close(struct judge *judge); /* accepts NULL */
int64_t judge_step(void *judge, struct now now);
/* After the last step of an orderly stop: how far each off-delay has run is told, which else the journal knows in steps. */
void judge_finish(struct judge *judge, struct now now);

#endif
