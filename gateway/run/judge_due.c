#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/core/civil.h"
#include "gateway/core/due.h"
#include "gateway/core/local_time.h"
#include "gateway/run/judge_private.h"

/* Dates of the site file. They are looked at when the site's day turns, by the wall clock in its time zone, and only while that
 * clock is set: an unset one raises nothing and clears nothing. Each stage is an alarm of its own, and once an event, which is
 * stored in one transaction with the news that it was told; so nothing is told before the stored states are there. */

#define LOOK_US 60000000 /* again after that: the clock may have been set, or the offset changed before midnight */

void dues_look_soon(struct judge *judge, struct alarm_moment at)
{
    judge->due_next = 0;
    if (judge->restored)
        timers_set(&judge->timers, timer_dues(judge), at.mono_us);
}

static int32_t days_left(const struct judge *judge, const struct rule *rule)
{
    return rule->due_day - judge->today;
}

struct alarm_reading due_reading(const struct judge *judge, const struct rule *rule, struct alarm_moment at)
{
    struct alarm_reading reading = {.at = at, .crossing = TRI_UNKNOWN};
    if (!judge->today_known || !at.synced)
        return reading;
    reading.crossing = due_crosses(rule, days_left(judge, rule));
    reading.has_value = true;
    reading.value = days_left(judge, rule);
    return reading;
}

static void turn_day(struct judge *judge, int32_t day)
{
    if (judge->today_known && day == judge->today)
        return;
    judge->today_known = true;
    judge->today = day;
    judge->due_next = 0;
}

/* False: there is no room for it now. */
static bool tell_stage(struct judge *judge, struct judge_due *due, size_t stage, struct alarm_moment at)
{
    const struct rule *rule = &judge->site->rules[due->last_rule + stage - DUE_STAGES];
    struct text detail;
    char on[CIVIL_TEXT_SIZE];
    struct judge_notice *notice = notice_begin(judge, NOTICE_DUE, at, &detail);
    if (notice == NULL)
        return false;
    civil_write(rule->due_day, on);
    text_put(&detail, "\"dev\":");
    text_put_json_string(&detail, judge->site->subjects[rule->subject].id);
    text_put_format(&detail, ",\"alarm\":\"%s\",\"date\":\"%s\",\"on\":\"%s\",\"stage\":%d,\"days\":%d", rule->id,
                    rule->date, on, (int)DUE_DAYS[stage - 1], (int)days_left(judge, rule));
    notice->has_stored = true;
    notice->stored = (struct stored){
        .kind = STORED_DUE, .index = due->last_rule, .quality = (uint8_t)stage, .has_value = 1, .value = rule->due_day};
    due->told_day = rule->due_day;
    due->told_stage = (uint8_t)stage;
    return true;
}

static bool look_at(struct judge *judge, struct judge_due *due, struct alarm_moment at)
{
    const struct rule *last = &judge->site->rules[due->last_rule];
    size_t const stage = due_stage(days_left(judge, last));
    size_t const told = due->told_day == last->due_day ? due->told_stage : 0;
    if (stage > told && !tell_stage(judge, due, stage, at))
        return false;
    for (size_t i = 0; i < DUE_STAGES; i++)
        rule_due(judge, due->last_rule - i, at);
    return true;
}

/* Nobody knows the day: what was waiting for its delay waits until somebody does. */
static void stand_still(struct judge *judge, struct alarm_moment at)
{
    for (size_t i = 0; i < judge->due_count && judge->today_known; i++)
        for (size_t stage = 0; stage < DUE_STAGES; stage++)
            rule_due(judge, judge->dues[i].last_rule - stage, at);
}

void dues_look(struct judge *judge, struct alarm_moment at)
{
    int64_t wait_us = LOOK_US;
    if (at.synced) {
        int64_t const midnight_us = local_time_to_midnight_ms(judge->site->local_time, at.utc_ms) * 1000;
        turn_day(judge, local_time_day(judge->site->local_time, at.utc_ms));
        while (judge->due_next < judge->due_count && look_at(judge, &judge->dues[judge->due_next], at))
            judge->due_next++;
        wait_us = judge->due_next < judge->due_count ? JUDGE_RETRY_US : midnight_us < wait_us ? midnight_us : wait_us;
    } else {
        stand_still(judge, at);
    }
    timers_set(&judge->timers, timer_dues(judge), at.mono_us + wait_us);
}

void due_restore(struct judge *judge, const struct stored *stored)
{
    size_t low = 0;
    for (size_t high = judge->due_count; low < high;) {
        size_t const middle = low + (high - low) / 2;
        if (judge->dues[middle].last_rule < stored->index)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == judge->due_count || judge->dues[low].last_rule != stored->index || judge->restored ||
        stored->quality > DUE_STAGES || !(stored->value > INT32_MIN && stored->value < INT32_MAX))
        return; /* another version of the program knew more, or less */
    judge->dues[low].told_day = (int32_t)stored->value;
    judge->dues[low].told_stage = stored->quality;
}
