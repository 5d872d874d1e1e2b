#include "firmware-sim/judge.h"

#include <string.h>

#define NOT_YET INT64_MIN
/* Readings travel as the shortest decimal of a float. */
#define SAME_NUMBER 1e-6

bool judgement_is_good(enum judgement outcome)
{
    return outcome == JUDGED_MET;
}

/* --- opening --- */

static void add_subject(struct check *check, const char *id)
{
    for (size_t i = 0; i < check->subject_count; i++) {
        if (strcmp(check->subjects[i], id) == 0)
            return;
    }
    if (check->subject_count < JUDGE_SUBJECTS_MAX)
        check->subjects[check->subject_count++] = id;
}

/* The device, its valve's interlock, and of an event the buses it hangs on. */
static void add_subjects(struct check *check, const struct cast *cast, size_t player)
{
    const struct site *site = cast->site;
    const struct expectation *expectation = expectation_of(check);
    const struct casting *casting = &cast->castings[expectation->role];
    size_t device = casting->devices[player];
    add_subject(check, site->devices[device].id);
    if (casting->valves[player] != SITE_NONE)
        add_subject(check, site->valves[casting->valves[player]].id);
    for (size_t i = 0; expectation->kind == EXPECT_EVENT && i < site->devices[device].signal_count; i++) {
        const struct site_slave *slave = &site->slaves[site->devices[device].signals[i].slave];
        add_subject(check, site->buses[slave->bus].id);
    }
}

static size_t count_checks(const struct cast *cast, const struct step *step)
{
    if (step->is_action)
        return 0;
    return step->expectation.role == SCENARIO_NONE ? 1 : cast->castings[step->expectation.role].device_count;
}

static void add_checks(struct judge *judge, size_t step)
{
    const struct cast *cast = judge->cast;
    size_t count = count_checks(cast, &cast->scenario->steps[step]);
    size_t role = cast->scenario->steps[step].expectation.role;
    for (size_t i = 0; i < count; i++) {
        struct check *check = &judge->checks[judge->check_count++];
        *check = (struct check){.scenario = cast->scenario, .step = step, .device = SITE_NONE, .arrived_ms = NOT_YET};
        if (role == SCENARIO_NONE)
            continue;
        check->device = cast->castings[role].devices[i];
        add_subjects(check, cast, i);
    }
}

void judge_open(struct judge *judge, const struct cast *cast)
{
    const struct scenario *scenario = cast->scenario;
    *judge = (struct judge){.cast = cast};
    size_t count = 0;
    for (size_t i = 0; i < scenario->step_count; i++)
        count += count_checks(cast, &scenario->steps[i]);
    judge->checks = pool_take(&judge->pool, count + 1, sizeof *judge->checks);
    judge->done_ms = pool_take(&judge->pool, scenario->step_count + 1, sizeof *judge->done_ms);
    for (size_t i = 0; i < scenario->step_count; i++) {
        judge->done_ms[i] = NOT_YET;
        add_checks(judge, i);
    }
}

void judge_close(struct judge *judge)
{
    pool_close(&judge->pool);
    *judge = (struct judge){0};
}

void judge_done(struct judge *judge, size_t step, int64_t at_ms)
{
    judge->done_ms[step] = at_ms;
}

/* --- does a fact fit --- */

static bool subject_fits(const struct check *check, const struct fact *fact)
{
    for (size_t i = 0; i < check->subject_count; i++) {
        if (strcmp(check->subjects[i], fact->subject) == 0)
            return true;
    }
    return check->subject_count == 0;
}

static bool value_fits(const struct expectation *expectation, const struct fact *fact)
{
    double difference = fact->number - expectation->number;
    double allowed = SAME_NUMBER * (expectation->number < 0 ? 1 - expectation->number : 1 + expectation->number);
    switch (expectation->compare) {
    case COMPARE_NUMBER:
        return fact->value == FACT_NUMBER && difference <= allowed && difference >= -allowed;
    case COMPARE_TRUTH:
        return fact->value == FACT_TRUTH && (fact->number > 0.5) == (expectation->number > 0.5);
    case COMPARE_TEXT:
        return fact->value == FACT_WORD && text_equals(fact->word, expectation->text);
    case COMPARE_ABOVE:
        return fact->value == FACT_NUMBER && difference > 0;
    case COMPARE_BELOW:
        return fact->value == FACT_NUMBER && difference < 0;
    }
    return false;
}

static bool quality_fits(const char *wanted, const char *state)
{
    if (strcmp(wanted, "bad") == 0)
        return strcmp(state, "good") != 0 && strcmp(state, "uncertain") != 0;
    return strcmp(wanted, state) == 0;
}

/* It is about the same thing, whatever it says. */
static bool topic_fits(const struct check *check, const struct fact *fact)
{
    static const enum fact_kind kinds[] = {[EXPECT_ALARM] = FACT_ALARM,
                                           [EXPECT_EVENT] = FACT_EVENT,
                                           [EXPECT_TELEMETRY] = FACT_READING,
                                           [EXPECT_QUALITY] = FACT_READING};
    const struct expectation *expectation = expectation_of(check);
    return fact->kind == kinds[expectation->kind] && strcmp(fact->name, expectation->name) == 0 &&
           subject_fits(check, fact);
}

static bool content_fits(const struct check *check, const struct fact *fact)
{
    const struct expectation *expectation = expectation_of(check);
    switch (expectation->kind) {
    case EXPECT_ALARM:
        return (expectation->event == NULL || text_equals(expectation->event, fact->state)) &&
               (!expectation->has_first_out || expectation->first_out == fact->first_out);
    case EXPECT_EVENT:
        return true;
    case EXPECT_TELEMETRY:
        return value_fits(expectation, fact);
    case EXPECT_QUALITY:
        return quality_fits(expectation->text, fact->state);
    }
    return false;
}

/* --- looking --- */

static void decide(struct check *check, enum judgement outcome, const struct fact *fact, int64_t at_ms,
                   int64_t arrived_ms)
{
    check->outcome = outcome;
    check->fact = *fact;
    check->met_ms = at_ms;
    check->arrived_ms = arrived_ms;
}

static void weigh(struct check *check, const struct fact *fact, int64_t at_ms, int64_t arrived_ms)
{
    bool never = expectation_of(check)->never;
    if (at_ms < check->since_ms) {
        if (fact->kind == FACT_READING && (!check->has_prior || fact->at_ms >= check->prior.at_ms)) {
            check->has_prior = true;
            check->prior = *fact;
        }
        return;
    }
    if (!content_fits(check, fact))
        return;
    if (at_ms <= check->until_ms)
        decide(check, never ? JUDGED_VIOLATED : JUDGED_MET, fact, at_ms, arrived_ms);
    else if (!never && check->outcome == JUDGED_OPEN)
        decide(check, JUDGED_LATE, fact, at_ms, arrived_ms);
}

static bool is_decided(const struct check *check)
{
    return check->outcome != JUDGED_OPEN && check->outcome != JUDGED_LATE;
}

static void look(struct check *check, const struct picture *picture, const struct stopwatch *watch)
{
    for (; check->looked < picture->fact_count && !is_decided(check); check->looked++) {
        const struct fact *fact = &picture->facts[check->looked];
        if (topic_fits(check, fact))
            weigh(check, fact, stopwatch_of(watch, picture_when(picture, fact)), stopwatch_of(watch, fact->arrived_ms));
    }
    if (is_decided(check) || !check->has_prior || expectation_of(check)->never || !content_fits(check, &check->prior))
        return;
    decide(check, JUDGED_MET, &check->prior, check->since_ms, stopwatch_of(watch, check->prior.arrived_ms));
}

static bool begin(const struct judge *judge, struct check *check)
{
    const struct expectation *expectation = expectation_of(check);
    if (check->begun)
        return true;
    int64_t since_ms = expectation->since == SCENARIO_NONE ? 0 : judge->done_ms[expectation->since];
    if (since_ms == NOT_YET)
        return false;
    check->begun = true;
    check->since_ms = since_ms;
    check->until_ms = since_ms + expectation->within_ms;
    return true;
}

/* When all devices of the step had met it. */
static void note_step(struct judge *judge, const struct check *check)
{
    int64_t last_ms = NOT_YET;
    for (size_t i = 0; i < judge->check_count; i++) {
        const struct check *other = &judge->checks[i];
        if (other->step != check->step)
            continue;
        if (other->outcome != JUDGED_MET)
            return;
        last_ms = other->met_ms > last_ms ? other->met_ms : last_ms;
    }
    judge->done_ms[check->step] = last_ms;
}

void judge_look(struct judge *judge, const struct picture *picture, const struct stopwatch *watch)
{
    for (size_t i = 0; i < judge->check_count; i++) {
        struct check *check = &judge->checks[i];
        if (is_decided(check) || !begin(judge, check))
            continue;
        look(check, picture, watch);
        if (check->outcome == JUDGED_MET)
            note_step(judge, check);
    }
}

bool judge_met(const struct judge *judge, size_t step)
{
    return !judge->cast->scenario->steps[step].is_action && judge->done_ms[step] != NOT_YET;
}

/* When nothing that is on its way can change it any more. */
static int64_t last_ms_of(const struct check *check)
{
    return check->until_ms + (expectation_of(check)->never ? JUDGE_NEVER_MS : JUDGE_GRACE_MS);
}

bool judge_settled(const struct judge *judge, size_t step)
{
    for (size_t i = 0; i < judge->check_count; i++) {
        if (judge->checks[i].step == step && judge->checks[i].outcome == JUDGED_OPEN)
            return false;
    }
    return !judge->cast->scenario->steps[step].is_action;
}

static void run_out(struct check *check)
{
    bool never = expectation_of(check)->never;
    check->outcome = !check->begun ? JUDGED_NOT_BEGUN : never ? JUDGED_MET : JUDGED_MISSING;
    check->met_ms = check->until_ms;
}

/* What it is counted from will not happen: that step is decided, and was not met. */
static bool is_hopeless(const struct judge *judge, const struct check *check, int64_t now_ms)
{
    size_t since = expectation_of(check)->since;
    if (check->begun || since == SCENARIO_NONE || !judge_settled(judge, since) || judge_met(judge, since))
        return false;
    for (size_t i = 0; i < judge->check_count; i++) {
        const struct check *other = &judge->checks[i];
        if (other->step == since && other->outcome == JUDGED_LATE && last_ms_of(other) > now_ms)
            return false;
    }
    return true;
}

void judge_expire(struct judge *judge, int64_t now_ms)
{
    for (size_t i = 0; i < judge->check_count; i++) {
        struct check *check = &judge->checks[i];
        if (check->outcome != JUDGED_OPEN)
            continue;
        if ((check->begun && last_ms_of(check) <= now_ms) || is_hopeless(judge, check, now_ms))
            run_out(check);
    }
}

int64_t judge_wait_ms(const struct judge *judge)
{
    int64_t wait_ms = NOT_YET;
    for (size_t i = 0; i < judge->check_count; i++) {
        const struct check *check = &judge->checks[i];
        if (check->begun && check->outcome == JUDGED_OPEN && last_ms_of(check) > wait_ms)
            wait_ms = last_ms_of(check);
    }
    return wait_ms;
}

void judge_finish(struct judge *judge)
{
    for (size_t i = 0; i < judge->check_count; i++) {
        if (judge->checks[i].outcome == JUDGED_OPEN)
            run_out(&judge->checks[i]);
    }
}
