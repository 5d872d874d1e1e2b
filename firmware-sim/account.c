#include "firmware-sim/account.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/json.h"
#include "firmware-sim/keep.h"

#define LINE_SIZE    1024
#define CHANGE_LEAST 0.001 /* of its size: less is no movement worth a picture */

/* --- rows --- */

static const char *line_of(const struct played *played, size_t step, struct pool *pool)
{
    char bytes[LINE_SIZE];
    struct text text;
    text_init(&text, bytes, sizeof bytes);
    step_print(played->cast->scenario, &played->cast->scenario->steps[step], &text);
    return keep(pool, bytes);
}

static const char *print_label(const struct played *played, const char *label, struct pool *pool)
{
    char bytes[LINE_SIZE];
    struct text text;
    if (label == NULL)
        return NULL;
    text_init(&text, bytes, sizeof bytes);
    cast_print_label(played->cast, label, &text);
    return keep(pool, bytes);
}

static const char *devices_of(const struct played *played, size_t role, struct pool *pool)
{
    char bytes[LINE_SIZE];
    struct text text;
    text_init(&text, bytes, sizeof bytes);
    const struct casting *casting = role == SCENARIO_NONE ? NULL : &played->cast->castings[role];
    for (size_t i = 0; casting != NULL && i < casting->device_count; i++) {
        bool again = i > 0 && casting->devices[i] == casting->devices[i - 1]; /* two valves of one board */
        if (!again)
            text_add(&text, "%s%s", i == 0 ? "" : " ", played->cast->site->devices[casting->devices[i]].id);
    }
    return keep(pool, bytes);
}

static enum report_result result_of_deed(const struct task *task)
{
    if (!task->begun)
        return REPORT_SKIPPED;
    switch (task->deed) {
    case DEED_DONE:
        return REPORT_PASSED;
    case DEED_FAILED:
        return REPORT_FAILED;
    case DEED_NEEDLESS:
    case DEED_SKIPPED:
    case DEED_STOPPED:
        return REPORT_SKIPPED;
    }
    return REPORT_FAILED;
}

static struct report_row row_of_task(const struct played *played, size_t step, struct pool *pool)
{
    const struct step *what = &played->cast->scenario->steps[step];
    const struct task *task = &played->tasks[step];
    const struct label *label = what->label.zh != NULL || what->label.en != NULL ? &what->label : &what->action.manual;
    return (struct report_row){
        .is_action = true,
        .result = result_of_deed(task),
        .label = {.zh = print_label(played, label->zh, pool), .en = print_label(played, label->en, pool)},
        .text = line_of(played, step, pool),
        .subject = devices_of(played, what->action.role, pool),
        .note = task->why == NULL ? "" : keep(pool, task->why),
        .since_ms = task->begun ? task->from_ms : REPORT_NEVER,
        .until_ms = task->begun ? task->to_ms : REPORT_NEVER,
        .when_ms = REPORT_NEVER,
        .arrived_ms = REPORT_NEVER,
        .took_ms = REPORT_NEVER};
}

/* The archive's words for what is expected. */
static struct label label_of_check(const struct played *played, const struct check *check, struct pool *pool)
{
    const struct step *what = &check->scenario->steps[check->step];
    const char *list = what->expectation.kind == EXPECT_ALARM ? "alarms" : "points";
    if (what->label.zh != NULL || what->label.en != NULL)
        return (struct label){print_label(played, what->label.zh, pool), print_label(played, what->label.en, pool)};
    if (check->device == SITE_NONE || what->expectation.kind == EXPECT_EVENT)
        return (struct label){NULL, NULL};
    const cJSON *registry = played->picture->devices[check->device].registry;
    return keep_label(pool, json_member(json_member(registry, list), what->expectation.name));
}

/* The alarm was active before it was to be raised: it cannot be raised again. */
static bool was_active(const struct played *played, const struct check *check)
{
    const struct expectation *expectation = expectation_of(check);
    const cJSON *item;
    if (check->device == SITE_NONE || expectation->kind != EXPECT_ALARM || !text_equals(expectation->event, "raised"))
        return false;
    cJSON_ArrayForEach(item, json_member(played->picture->devices[check->device].active, "alarms"))
    {
        double since_ms = json_number(item, "since", 0) + (double)played->picture->offset_ms;
        if (text_equals(json_text(item, "alarm", ""), expectation->name) && since_ms < (double)played->watch->start_ms)
            return true;
    }
    return false;
}

static const char *note_of_check(const struct played *played, const struct check *check, struct pool *pool)
{
    switch (check->outcome) {
    case JUDGED_LATE:
        return pool_print(pool, "晚了 late by %.2f s", (double)(check->met_ms - check->until_ms) / 1000);
    case JUDGED_MISSING:
        return was_active(played, check)
                   ? "开始前已在报警，须先复位 it was active before: reset it first, then try again"
                   : "";
    case JUDGED_OPEN:
        return "未试完 not tried to the end";
    case JUDGED_MET:
    case JUDGED_VIOLATED:
    case JUDGED_NOT_BEGUN:
        return "";
    }
    return "";
}

static enum report_result result_of_check(const struct played *played, const struct check *check)
{
    if (judgement_is_good(check->outcome))
        return REPORT_PASSED;
    bool undecided = check->outcome == JUDGED_OPEN || check->outcome == JUDGED_NOT_BEGUN;
    return played->cut_short && undecided ? REPORT_SKIPPED : REPORT_FAILED;
}

static struct report_row row_of_check(const struct played *played, const struct check *check, struct pool *pool)
{
    const struct expectation *expectation = expectation_of(check);
    const struct stopwatch *watch = played->watch;
    bool came = check->arrived_ms != INT64_MIN;
    const char *subject = check->device == SITE_NONE ? "" : played->cast->site->devices[check->device].id;
    return (struct report_row){.result = result_of_check(played, check),
                               .outcome = check->outcome,
                               .label = label_of_check(played, check, pool),
                               .text = line_of(played, check->step, pool),
                               .subject =
                                   keep(pool, came && check->fact.subject[0] != '\0' ? check->fact.subject : subject),
                               .note = note_of_check(played, check, pool),
                               .since_ms = check->begun ? stopwatch_wall(watch, check->since_ms) : REPORT_NEVER,
                               .until_ms = check->begun ? stopwatch_wall(watch, check->until_ms) : REPORT_NEVER,
                               .when_ms = came ? picture_when(played->picture, &check->fact) : REPORT_NEVER,
                               .arrived_ms = came ? check->fact.arrived_ms : REPORT_NEVER,
                               .took_ms = came ? check->met_ms - check->since_ms : REPORT_NEVER,
                               .within_ms = expectation->within_ms,
                               .never = expectation->never,
                               .test = came && check->fact.test};
}

static void find_rows(const struct played *played, struct pool *pool, struct report_scenario *ret)
{
    const struct judge *judge = played->judge;
    size_t steps = played->cast->scenario->step_count;
    struct report_row *rows = pool_take(pool, steps + judge->check_count, sizeof *rows);
    size_t at = 0;
    for (size_t step = 0; step < steps; step++) {
        if (played->cast->scenario->steps[step].is_action)
            rows[ret->row_count++] = row_of_task(played, step, pool);
        for (; at < judge->check_count && judge->checks[at].step == step; at++)
            rows[ret->row_count++] = row_of_check(played, &judge->checks[at], pool);
    }
    ret->rows = rows;
}

/* --- trends and marks --- */

struct thread { /* one point through the facts */
    const char *device;
    const char *point;
    size_t count;
    bool changed;
    bool wanted; /* an expectation names it */
    bool truth;
    double first;
};

struct loom {
    struct thread threads[ACCOUNT_TRENDS_MAX * 8];
    size_t count;
};

static bool is_curve(const struct fact *fact)
{
    return fact->kind == FACT_READING && (fact->value == FACT_NUMBER || fact->value == FACT_TRUTH);
}

static bool is_wanted(const struct judge *judge, const struct fact *fact)
{
    for (size_t i = 0; i < judge->check_count; i++) {
        const struct expectation *expectation = expectation_of(&judge->checks[i]);
        bool reading = expectation->kind == EXPECT_TELEMETRY || expectation->kind == EXPECT_QUALITY;
        if (reading && strcmp(expectation->name, fact->name) == 0)
            return true;
    }
    return false;
}

/* Words of facts are one copy each: the same pointer is the same word. */
static void weave(struct loom *loom, const struct judge *judge, const struct fact *fact)
{
    size_t i = 0;
    while (i < loom->count && (loom->threads[i].device != fact->subject || loom->threads[i].point != fact->name))
        i++;
    if (i == sizeof loom->threads / sizeof *loom->threads || (i == loom->count && !is_curve(fact)))
        return;
    struct thread *thread = &loom->threads[i];
    if (i == loom->count) {
        loom->count++;
        *thread = (struct thread){.device = fact->subject,
                                  .point = fact->name,
                                  .truth = fact->value == FACT_TRUTH,
                                  .first = fact->number,
                                  .wanted = is_wanted(judge, fact)};
    }
    thread->count++;
    thread->changed = thread->changed || !is_curve(fact) ||
                      fabs(fact->number - thread->first) > CHANGE_LEAST * fmax(1, fabs(thread->first));
}

static const char *unit_of(const struct played *played, const struct thread *thread, struct pool *pool)
{
    size_t device = site_find_device(played->cast->site, thread->device);
    if (device == SITE_NONE)
        return "";
    const cJSON *points = json_member(played->picture->devices[device].registry, "points");
    return keep(pool, json_text(json_member(points, thread->point), "unit", ""));
}

static int compare_samples(const void *a, const void *b)
{
    const struct report_sample *one = a;
    const struct report_sample *other = b;
    return one->at_ms < other->at_ms ? -1 : one->at_ms > other->at_ms ? 1 : 0;
}

static struct report_trend trend_of(const struct played *played, const struct thread *thread, struct pool *pool)
{
    struct report_sample *samples = pool_take(pool, thread->count, sizeof *samples);
    size_t count = 0;
    for (size_t i = 0; i < played->picture->fact_count; i++) {
        const struct fact *fact = &played->picture->facts[i];
        if (fact->subject != thread->device || fact->name != thread->point || fact->kind != FACT_READING ||
            count == thread->count)
            continue;
        samples[count++] = (struct report_sample){picture_when(played->picture, fact), fact->number, is_curve(fact)};
    }
    qsort(samples, count, sizeof *samples, compare_samples);
    return (struct report_trend){.device = keep(pool, thread->device),
                                 .point = keep(pool, thread->point),
                                 .unit = unit_of(played, thread, pool),
                                 .truth = thread->truth,
                                 .samples = samples,
                                 .sample_count = count};
}

/* What expectations name, then what moved. */
static void find_trends(const struct played *played, struct pool *pool, struct report_scenario *ret)
{
    struct report_trend *trends = pool_take(pool, ACCOUNT_TRENDS_MAX, sizeof *trends);
    struct loom loom = {.count = 0};
    for (size_t i = 0; i < played->picture->fact_count; i++) {
        if (played->picture->facts[i].kind == FACT_READING)
            weave(&loom, played->judge, &played->picture->facts[i]);
    }
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < loom.count && ret->trend_count < ACCOUNT_TRENDS_MAX; i++) {
            const struct thread *thread = &loom.threads[i];
            if (turn == 0 ? thread->wanted : thread->changed && !thread->wanted)
                trends[ret->trend_count++] = trend_of(played, thread, pool);
        }
    }
    ret->trends = trends;
}

static int compare_marks(const void *a, const void *b)
{
    const struct report_mark *one = a;
    const struct report_mark *other = b;
    return one->at_ms < other->at_ms ? -1 : one->at_ms > other->at_ms ? 1 : 0;
}

static void find_marks(const struct played *played, struct pool *pool, struct report_scenario *ret)
{
    struct report_mark *marks = pool_take(pool, ACCOUNT_MARKS_MAX, sizeof *marks);
    for (size_t i = 0; i < played->picture->fact_count && ret->mark_count < ACCOUNT_MARKS_MAX; i++) {
        const struct fact *fact = &played->picture->facts[i];
        int64_t when_ms = picture_when(played->picture, fact);
        if (fact->kind == FACT_READING || when_ms < ret->began_ms || when_ms > ret->ended_ms)
            continue;
        marks[ret->mark_count++] = (struct report_mark){.at_ms = when_ms,
                                                        .is_alarm = fact->kind == FACT_ALARM,
                                                        .subject = keep(pool, fact->subject),
                                                        .name = keep(pool, fact->name),
                                                        .state = keep(pool, fact->state)};
    }
    qsort(marks, ret->mark_count, sizeof *marks, compare_marks);
    ret->marks = marks;
}

/* --- scenarios --- */

static enum report_result result_of_rows(const struct report_scenario *scenario, bool cut_short)
{
    enum report_result result = cut_short ? REPORT_SKIPPED : REPORT_PASSED;
    for (size_t i = 0; i < scenario->row_count; i++) {
        if (scenario->rows[i].result == REPORT_FAILED)
            result = REPORT_FAILED;
    }
    return result;
}

void account_scenario(const struct played *played, struct pool *pool, struct report_scenario *ret_scenario)
{
    const struct scenario *scenario = played->cast->scenario;
    char bytes[LINE_SIZE];
    struct text cast;
    text_init(&cast, bytes, sizeof bytes);
    cast_print(played->cast, &cast);
    *ret_scenario = (struct report_scenario){.name = keep(pool, scenario->name),
                                             .label = {.zh = print_label(played, scenario->label.zh, pool),
                                                       .en = print_label(played, scenario->label.en, pool)},
                                             .cast = keep(pool, bytes),
                                             .note = played->note == NULL ? "" : keep(pool, played->note),
                                             .began_ms = played->watch->start_ms,
                                             .ended_ms = played->ended_ms};
    find_rows(played, pool, ret_scenario);
    find_trends(played, pool, ret_scenario);
    find_marks(played, pool, ret_scenario);
    ret_scenario->result = result_of_rows(ret_scenario, played->cut_short);
}

void account_print_check(const struct check *check, const struct site *site, struct text *out)
{
    text_add(out, "%s ", judgement_is_good(check->outcome) ? "✓" : "✗");
    step_print(check->scenario, &check->scenario->steps[check->step], out);
    if (check->device != SITE_NONE)
        text_add(out, " (%s)", site->devices[check->device].id);
    if (check->arrived_ms != INT64_MIN)
        text_add(out, ": %.2f s", (double)(check->met_ms - check->since_ms) / 1000);
    if (!judgement_is_good(check->outcome))
        text_add(out, ": %s", report_judgement_word(check->outcome));
}
