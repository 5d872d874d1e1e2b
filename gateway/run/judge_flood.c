/* Floods: what is told in sums, and the counts of all alarms. */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/run/judge_private.h"

#define TAIL_SIZE 24 /* room for },"others":4294967295 */

static size_t name_of(const struct judge_flood *flood, const char *id)
{
    size_t name = 0;
    while (name < flood->name_count && strcmp(flood->names[name], id) != 0)
        name++;
    return name < flood->name_count ? name : FLOOD_NAMES_MAX;
}

void flood_names(struct judge *judge)
{
    struct judge_flood *flood = &judge->flood;
    for (size_t i = 0; i < judge->site->rule_count && flood->name_count < FLOOD_NAMES_MAX; i++) {
        const struct rule *rule = &judge->site->rules[i];
        if (rule->priority > PRIORITY_HIGH && name_of(flood, rule->id) == FLOOD_NAMES_MAX)
            flood->names[flood->name_count++] = rule->id;
    }
}

/* Raises by the alarm's id, as many names as there is room for; the rest of them in one number. */
static void put_raised(struct text *detail, const struct judge_flood *flood)
{
    uint32_t others = flood->raised[FLOOD_NAMES_MAX];
    bool first = true;
    text_put(detail, ",\"alarms\":{");
    for (size_t i = 0; i < flood->name_count; i++) {
        struct text const before = *detail;
        if (flood->raised[i] == 0)
            continue;
        text_put(detail, first ? "" : ",");
        text_put_json_string(detail, flood->names[i]);
        text_put(detail, ":");
        text_put_uint(detail, flood->raised[i]);
        if (detail->full || detail->size - detail->used < TAIL_SIZE) {
            before.at[before.used] = '\0';
            *detail = before;
            others += flood->raised[i];
        } else {
            first = false;
        }
    }
    text_put(detail, "}");
    if (others > 0) {
        text_put(detail, ",\"others\":");
        text_put_uint(detail, others);
    }
}

static void put_number(struct text *detail, const char *name, uint64_t number)
{
    text_put_format(detail, ",\"%s\":", name);
    text_put_uint(detail, number);
}

static void tell_started(struct judge *judge, struct alarm_moment at)
{
    struct text detail;
    if (notice_begin(judge, NOTICE_FLOOD_STARTED, at, &detail) == NULL)
        return;
    text_put_format(&detail, "\"raised\":%d,\"ms\":", FLOOD_BEGIN);
    text_put_int(&detail, (at.mono_us - judge->flood.flood.since_mono_us) / 1000);
}

/* What was hushed since the last sum. Nothing: nothing is said. */
static void tell_sum(struct judge *judge, struct alarm_moment at)
{
    struct judge_flood *flood = &judge->flood;
    struct text detail;
    uint32_t raised = 0;
    for (size_t i = 0; i <= FLOOD_NAMES_MAX; i++)
        raised += flood->raised[i];
    if ((raised == 0 && flood->changes == 0) || notice_begin(judge, NOTICE_FLOOD_SUMMARY, at, &detail) == NULL)
        return;
    text_put(&detail, "\"raised\":");
    text_put_uint(&detail, raised);
    put_number(&detail, "changes", flood->changes);
    put_raised(&detail, flood);
    memset(flood->raised, 0, sizeof flood->raised);
    flood->changes = 0;
}

static void tell_ended(struct judge *judge, struct alarm_moment at)
{
    const struct flood *flood = &judge->flood.flood;
    struct text detail;
    if (notice_begin(judge, NOTICE_FLOOD_ENDED, at, &detail) == NULL)
        return;
    text_put(&detail, "\"ms\":");
    text_put_int(&detail, (at.mono_us - flood->since_mono_us) / 1000);
    put_number(&detail, "raised", flood->size);
    put_number(&detail, "peak", flood->peak);
}

static void arm(struct judge *judge)
{
    timers_set(&judge->timers, timer_flood(judge), flood_next_mono_us(&judge->flood.flood));
}

void flood_take(struct judge *judge, size_t rule, const struct alarm_change *change, bool hushed)
{
    struct judge_flood *flood = &judge->flood;
    bool const raised = change->event == EVENT_RAISED;
    flood->totals.counted += hushed ? 0 : change->count;
    flood->totals.hushed += hushed ? 1 : 0;
    if (hushed && raised)
        flood->raised[name_of(flood, judge->site->rules[rule].id)]++;
    else if (hushed && change->from != change->to)
        flood->changes++;
    if (!raised)
        return;
    flood->totals.raised++;
    if (flood_raise(&flood->flood, change->at.mono_us)) {
        flood->totals.floods++;
        tell_started(judge, change->at);
    }
    arm(judge);
}

void flood_due(struct judge *judge, struct alarm_moment at)
{
    enum flood_due const due = flood_tick(&judge->flood.flood, at.mono_us);
    if (due != FLOOD_NOTHING)
        tell_sum(judge, at);
    if (due == FLOOD_OVER) {
        tell_ended(judge, at);
        notices_flush(judge, at); /* before what it held back */
        rules_catch_up(judge);
    }
    arm(judge);
}

void flood_show(struct judge *judge)
{
    struct judge_flood *flood = &judge->flood;
    flood->totals.recent = flood_recent(&flood->flood, judge->clock.mono_us);
    if (flood->totals.recent > flood->totals.peak)
        flood->totals.peak = flood->totals.recent;
    flood->totals.flood = flood->flood.on;
    if (memcmp(&flood->totals, &flood->shown, sizeof flood->totals) == 0)
        return;
    flood->shown = flood->totals;
    board_put_alarms(judge->setup.board, &flood->totals);
}
