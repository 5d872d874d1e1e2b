#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/run/judge_private.h"

static void queue(struct judge *judge, size_t rule)
{
    if (judge->rules[rule].queued)
        return;
    judge->rules[rule].queued = true;
    judge->owing[(judge->owing_first + judge->owing_count) % judge->site->rule_count] = (uint32_t)rule;
    judge->owing_count++;
}

static void show(struct judge *judge, size_t rule)
{
    struct judge_rule *own = &judge->rules[rule];
    const struct alarm *alarm = &own->alarm;
    uint8_t shown = (uint8_t)(0x80 | alarm->state | (alarm->condition ? 0x10 : 0) | (alarm->pending ? 0x20 : 0));
    if (shown == own->shown)
        return;
    own->shown = shown;
    struct board_rule value = {
        .state = alarm->state,
        .condition = alarm->condition,
        .has_value = alarm->raise_has_value,
        .pending = alarm->pending,
        .since_utc_ms = alarm->since_utc_ms,
        .value = alarm->raise_value,
    };
    board_put_rule(judge->setup.board, rule, &value);
}

void rule_settle(struct judge *judge, size_t rule)
{
    const struct rule *site = &judge->site->rules[rule];
    const struct alarm *alarm = &judge->rules[rule].alarm;
    struct alarm_change change;
    timers_set(&judge->timers, timer_rule(judge, rule), alarm_next_mono_us(alarm, site));
    if (alarm_owed(alarm, site, &change) || alarm_untold(alarm, site))
        queue(judge, rule);
    show(judge, rule);
}

void rule_feed(struct judge *judge, size_t rule, const struct alarm_reading *reading)
{
    const struct rule *site = &judge->site->rules[rule];
    struct alarm *alarm = &judge->rules[rule].alarm;
    alarm_tick(alarm, site, reading->at);
    alarm_feed(alarm, site, reading);
    rule_settle(judge, rule);
}

void rule_feed_truth(struct judge *judge, size_t rule, enum tri truth, struct alarm_moment at)
{
    struct alarm_reading reading = {.at = at, .crossing = truth, .quality = QUALITY_GOOD};
    rule_feed(judge, rule, &reading);
}

static enum tri truth_of(const struct judge *judge, const struct subject *subject)
{
    size_t const index = (size_t)subject->index;
    switch (subject->kind) {
    case SUBJECT_DEVICE:
        return device_is_lost(judge, index);
    case SUBJECT_BUS:
        return judge->buses[index].known ? tri_of(!judge->buses[index].open) : TRI_UNKNOWN;
    case SUBJECT_INTERLOCK:
        return tri_of(judge->interlocks[index].machine.failed);
    }
    return TRI_UNKNOWN;
}

void rule_due(struct judge *judge, size_t rule, struct alarm_moment at)
{
    const struct rule *site = &judge->site->rules[rule];
    if (site->kind == RULE_COMM || site->kind == RULE_FAILED) {
        rule_feed_truth(judge, rule, truth_of(judge, &judge->site->subjects[site->subject]), at);
    } else {
        alarm_tick(&judge->rules[rule].alarm, site, at);
        rule_settle(judge, rule);
    }
    const struct subject *subject = &judge->site->subjects[site->subject];
    if (subject->kind != SUBJECT_DEVICE)
        return;
    const struct judge_device *device = &judge->devices[subject->index];
    for (size_t i = 0; i < device->interlock_count; i++)
        interlock_touch(judge, device->interlocks[i]);
}

void rule_restore(struct judge *judge, const struct stored *stored)
{
    CHECK(stored->index < judge->site->rule_count);
    struct judge_rule *rule = &judge->rules[stored->index];
    if (rule->alarm.moved)
        return; /* what happened since start is newer */
    alarm_restore(&rule->alarm, &judge->site->rules[stored->index], stored);
    rule_settle(judge, stored->index);
}

bool rule_tell(struct judge *judge, size_t rule, const struct alarm_change *change, const struct order *order)
{
    struct alarm after = judge->rules[rule].alarm;
    alarm_commit(&after, change);
    struct news *news = &judge->news;
    news->kind = NEWS_ALARM;
    news->has_stored = 1;
    news->synced = change->at.synced;
    news->utc_ms = change->at.utc_ms;
    news->mono_us = change->at.mono_us;
    news->stored = alarm_stored(&after, &judge->site->rules[rule], (uint32_t)rule);
    news->is.alarm = (struct news_alarm){
        .rule = (uint32_t)rule,
        .event = change->event,
        .from = change->from,
        .to = change->to,
        .has_value = change->has_value,
        .quality = change->quality,
        .occurrence = change->occurrence,
        .value = change->value,
    };
    if (order != NULL) {
        text_copy(news->is.alarm.by, sizeof news->is.alarm.by, order->by);
        text_copy(news->is.alarm.why, sizeof news->is.alarm.why, order->why);
    }
    if (!news_push(judge))
        return false;
    judge->rules[rule].alarm = after;
    return true;
}

/* Everything one rule has to tell; false when the ring is full. */
static bool tell_all(struct judge *judge, size_t rule)
{
    const struct rule *site = &judge->site->rules[rule];
    struct alarm *alarm = &judge->rules[rule].alarm;
    struct alarm_change change;
    while (alarm_owed(alarm, site, &change))
        if (!rule_tell(judge, rule, &change, NULL))
            return false;
    if (!alarm_untold(alarm, site))
        return true;
    struct stored stored = alarm_stored(alarm, site, (uint32_t)rule);
    if (!news_push_stored(judge, &stored, moment_of(judge->clock)))
        return false;
    alarm_told(alarm);
    return true;
}

void rules_flush(struct judge *judge)
{
    while (judge->owing_count > 0) {
        size_t const rule = judge->owing[judge->owing_first];
        if (!tell_all(judge, rule))
            return;
        judge->owing_first = (judge->owing_first + 1) % judge->site->rule_count;
        judge->owing_count--;
        judge->rules[rule].queued = false;
        rule_settle(judge, rule);
    }
}
