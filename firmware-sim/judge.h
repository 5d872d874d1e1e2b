/* judge: holds what a scenario expects against what a centre was told.
 *
 * One check for each expectation, and for each device where a role is played by all. A check looks at facts (picture.h) and
 * decides by when they were, not by when they came: a record that was late on the network still counts, one that came in time
 * but is from before the action does not. Times are those of the stopwatch. Pure.
 *
 * An alarm or event counts within [since, until]. A reading also counts when it was the newest at `since`: a point that does
 * not change is not sent again. A `never` is violated by what comes within its time; what was true before does not count. */
#ifndef OUTPOST_FIRMWARE_SIM_JUDGE_H
#define OUTPOST_FIRMWARE_SIM_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/cast.h"
#include "firmware-sim/picture.h"
#include "firmware-sim/scenario.h"
#include "firmware-sim/site.h"
#include "firmware-sim/stopwatch.h"

#define JUDGE_SUBJECTS_MAX 16
#define JUDGE_GRACE_MS     10000 /* for a record that was late on its way */
#define JUDGE_NEVER_MS     2000  /* the same for one that should not come */

enum judgement {
    JUDGED_OPEN,
    JUDGED_MET,      /* in time; of a `never`: did not come */
    JUDGED_LATE,     /* came, after its time */
    JUDGED_MISSING,  /* never came */
    JUDGED_VIOLATED, /* a `never` that came */
    JUDGED_NOT_BEGUN /* what it is counted from did not happen */
};

struct check {
    const struct scenario *scenario;
    size_t step;
    size_t device; /* of the site; SITE_NONE: whoever */
    const char *subjects[JUDGE_SUBJECTS_MAX];
    size_t subject_count; /* 0: any */
    enum judgement outcome;
    bool begun;
    int64_t since_ms;
    int64_t until_ms;
    int64_t met_ms;     /* when what decided it was (MET, LATE, VIOLATED); of a `never` that was kept: until_ms */
    int64_t arrived_ms; /* and when it came, on the stopwatch; INT64_MIN: nothing came */
    struct fact fact;   /* what decided it, where arrived_ms says so */
    size_t looked;      /* facts */
    bool has_prior;     /* a reading from before `since` */
    struct fact prior;
};

static inline const struct expectation *expectation_of(const struct check *check)
{
    return &check->scenario->steps[check->step].expectation;
}

struct judge {
    struct pool pool;
    const struct cast *cast;
    struct check *checks; /* in the order of the steps */
    size_t check_count;
    int64_t *done_ms; /* of each step: when the action was done, the expectation met by all; INT64_MIN: not */
};

/* The cast must outlive it. */
void judge_open(struct judge *judge, const struct cast *cast);
void judge_close(struct judge *judge); /* accepts the zeroed */

/* The action of this step was begun then. */
void judge_done(struct judge *judge, size_t step, int64_t at_ms);

/* Looks at the facts that are new. An expectation begins when that which it is counted from was done. */
void judge_look(struct judge *judge, const struct picture *picture, const struct stopwatch *watch);

/* All checks of the step are met. */
bool judge_met(const struct judge *judge, size_t step);

/* What has run out of time, with a while for what is late on its way, is decided now: and with it what is counted from it. */
void judge_expire(struct judge *judge, int64_t now_ms);

/* All checks of the step are decided, one way or the other. */
bool judge_settled(const struct judge *judge, size_t step);

/* Until when records may still come that decide what has run out of time: a while after that; INT64_MIN: nothing waits. */
int64_t judge_wait_ms(const struct judge *judge);

/* Nothing more is awaited: what is open is missing, a `never` was kept. */
void judge_finish(struct judge *judge);

bool judgement_is_good(enum judgement outcome);

#endif
