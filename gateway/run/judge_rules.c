#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/core/normalize.h"
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
    uint8_t shown = (uint8_t)(0x80 | alarm->state | (alarm->condition ? 0x10 : 0) | (alarm->pending ? 0x20 : 0) |
                              (own->test ? 0x40 : 0));
    if (shown == own->shown && alarm->chatter.on == own->shown_chattering &&
        alarm->occurrence == own->shown_occurrence && alarm->until_utc_ms == own->shown_until_ms)
        return;
    judge->flood.totals.chattering += (uint32_t)alarm->chatter.on - (uint32_t)own->shown_chattering;
    own->shown = shown;
    own->shown_chattering = alarm->chatter.on;
    own->shown_occurrence = alarm->occurrence;
    own->shown_until_ms = alarm->until_utc_ms;
    struct board_rule value = {
        .state = alarm->state,
        .condition = alarm->condition,
        .has_value = alarm->raise_has_value,
        .pending = alarm->pending,
        .test = own->test,
        .chattering = alarm->chatter.on,
        .until_utc_ms = alarm->state == ALARM_SHELVED ? alarm->until_utc_ms : 0,
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
    bool const behind = alarm_is_behind(alarm) && !flood_hushes_rule(judge, rule);
    if (behind || alarm_owed(alarm, site, &change) || alarm_untold(alarm, site) || judge->rules[rule].again)
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

static enum tri truth_of(const struct judge *judge, const struct rule *rule)
{
    const struct subject *subject = &judge->site->subjects[rule->subject];
    size_t const index = (size_t)subject->index;
    switch (subject->kind) {
    case SUBJECT_DEVICE:
        if (rule->kind == RULE_FAILED)
            return sensors_fail(&judge->devices[index]);
        return rule->kind == RULE_USED ? use_shows(&judge->devices[index]) : device_is_lost(judge, index);
    case SUBJECT_BUS:
        return judge->buses[index].known ? tri_of(!judge->buses[index].open) : TRI_UNKNOWN;
    case SUBJECT_INTERLOCK:
        return tri_of(judge->interlocks[index].machine.failed);
    case SUBJECT_CENTRE:
        break; /* with a value: centre_reading() */
    }
    return TRI_UNKNOWN;
}

/* Those that look at the device whose rule it is. */
static void touch_interlocks(struct judge *judge, size_t rule)
{
    const struct subject *subject = &judge->site->subjects[judge->site->rules[rule].subject];
    if (subject->kind != SUBJECT_DEVICE)
        return;
    const struct judge_device *device = &judge->devices[subject->index];
    for (size_t i = 0; i < device->interlock_count; i++)
        interlock_touch(judge, device->interlocks[i]);
}

void rule_due(struct judge *judge, size_t rule, struct alarm_moment at)
{
    const struct rule *site = &judge->site->rules[rule];
    bool const of_centre = judge->site->subjects[site->subject].kind == SUBJECT_CENTRE;
    if (site->kind == RULE_DUE || of_centre) {
        struct alarm_reading const reading = of_centre ? centre_reading(judge, site, at) : due_reading(judge, site, at);
        if (site->kind == RULE_DUE && reading.crossing == TRI_UNKNOWN)
            alarm_feed(&judge->rules[rule].alarm, site, &reading); /* its delays stand before one of them can end */
        rule_feed(judge, rule, &reading);
    } else if (!alarm_has_point(site)) {
        rule_feed_truth(judge, rule, truth_of(judge, site), at);
    } else {
        alarm_tick(&judge->rules[rule].alarm, site, at);
        rule_settle(judge, rule);
    }
    touch_interlocks(judge, rule);
}

void rule_restore(struct judge *judge, const struct stored *stored)
{
    CHECK(stored->index < judge->site->rule_count);
    struct judge_rule *rule = &judge->rules[stored->index];
    if (rule->alarm.moved)
        return; /* what happened since start is newer */
    uint8_t const from = rule->alarm.state;
    struct stored own = *stored;
    own.flags &= (uint16_t)~STORED_TEST;
    rule->test = own.flags != stored->flags;
    alarm_restore(&rule->alarm, &judge->site->rules[stored->index], &own, moment_of(judge->clock));
    group_moved(judge, stored->index, from);
    rule_settle(judge, stored->index);
}

/* What the journal is to keep of it. */
static struct stored stored_of(const struct judge *judge, const struct alarm *alarm, size_t rule, bool test)
{
    struct stored stored = alarm_stored(alarm, &judge->site->rules[rule], (uint32_t)rule);
    if (test)
        stored.flags |= STORED_TEST;
    return stored;
}

static void take_after(struct judge *judge, size_t rule, const struct alarm *after, bool test)
{
    uint8_t const from = judge->rules[rule].alarm.state;
    judge->rules[rule].alarm = *after;
    judge->rules[rule].test = test;
    group_moved(judge, rule, from);
    bool const votes = from == ALARM_OOS || after->state == ALARM_OOS || judge->rules[rule].role == ROLE_OVER_RANGE;
    if (from != after->state && votes) /* that one votes as long as it is latched */
        touch_interlocks(judge, rule);
}

/* What befell it in a flood, before anything else is told of it. Its activations are not to be counted twice. */
static bool catch_up(struct judge *judge, size_t rule, struct alarm_change *next)
{
    struct alarm_change change;
    if (next->event == EVENT_SUMMARISED || !alarm_behind(&judge->rules[rule].alarm, next->at, &change))
        return true;
    next->count -= change.count;
    return rule_tell(judge, rule, &change, NULL);
}

/* The modes of its device, as they were last read well; not what the alarm tells as its value. */
static void put_context(const struct judge *judge, size_t rule, struct news_alarm *alarm)
{
    const struct rule *site = &judge->site->rules[rule];
    const struct subject *subject = &judge->site->subjects[site->subject];
    if (subject->kind != SUBJECT_DEVICE)
        return;
    const struct judge_device *device = &judge->devices[subject->index];
    for (size_t i = 0; i < device->site->point_count && alarm->context_count < NEWS_CONTEXT_MAX; i++) {
        const struct device_point *point = &device->site->points[i];
        const struct sample *sample = &device->samples[i];
        bool const is_told = site->point == (int32_t)i;
        if (point->type == VALUE_ENUM && !is_told && device->ages[i].tried && sample_has_value(sample) &&
            sample->value.code < point->code_count)
            alarm->context[alarm->context_count++] =
                (struct news_context){.point = (uint16_t)i, .code = (uint16_t)sample->value.code};
    }
}

bool rule_tell(struct judge *judge, size_t rule, const struct alarm_change *told, const struct order *order)
{
    struct alarm_change change = *told;
    if (!catch_up(judge, rule, &change))
        return false;
    struct alarm after = judge->rules[rule].alarm;
    int32_t first = NO_RULE;
    change.first_out = group_is_first(judge, rule, &first);
    alarm_commit(&after, &judge->site->rules[rule], &change);
    bool const test = drill_covers(judge, rule);
    struct news *news = &judge->news;
    news->kind = NEWS_ALARM;
    news->has_stored = 1;
    news->synced = change.at.synced;
    news->utc_ms = change.at.utc_ms;
    news->mono_us = change.at.mono_us;
    news->stored = stored_of(judge, &after, rule, test);
    news->is.alarm = (struct news_alarm){
        .rule = (uint32_t)rule,
        .event = change.event,
        .from = change.from,
        .to = change.to,
        .has_value = change.has_value,
        .quality = change.quality,
        .occurrence = change.occurrence,
        .value = change.value,
        .first_out = after.first_out,
        .first_rule = after.first_out ? 0 : (uint32_t)(first + 1), /* NO_RULE is -1 */
        .test = test ? 1 : 0,
        .chattering = change.chattering,
        .count = change.count,
        .until_utc_ms = change.to == ALARM_SHELVED ? change.until_utc_ms : 0,
    };
    put_context(judge, rule, &news->is.alarm);
    if (order != NULL) {
        text_copy(news->is.alarm.by, sizeof news->is.alarm.by, order->by);
        text_copy(news->is.alarm.why, sizeof news->is.alarm.why, order->why);
    }
    if (!news_push(judge))
        return false;
    take_after(judge, rule, &after, test);
    flood_take(judge, rule, &change, false);
    return true;
}

/* In a flood: made, stored and counted, but not told. */
static bool hush(struct judge *judge, size_t rule, struct alarm_change *change)
{
    struct alarm after = judge->rules[rule].alarm;
    bool const test = drill_covers(judge, rule);
    int32_t first = NO_RULE;
    change->first_out = group_is_first(judge, rule, &first);
    alarm_commit_hushed(&after, &judge->site->rules[rule], change);
    struct stored const stored = stored_of(judge, &after, rule, test);
    if (!news_push_hushed(judge, &stored, change->at))
        return false;
    take_after(judge, rule, &after, test);
    flood_take(judge, rule, change, true);
    return true;
}

static bool is_active(const struct alarm *alarm)
{
    return alarm->condition && (alarm->state == ALARM_UNACK || alarm->state == ALARM_ACKED);
}

bool rule_raise_again(struct judge *judge, size_t rule)
{
    struct judge_rule *own = &judge->rules[rule];
    own->again = own->test && is_active(&own->alarm);
    if (own->again)
        rule_settle(judge, rule);
    return own->again;
}

/* A new occurrence of what is active: the one before was a drill's. */
static bool tell_again(struct judge *judge, size_t rule)
{
    const struct alarm *alarm = &judge->rules[rule].alarm;
    struct alarm_moment const at = moment_of(judge->clock);
    struct alarm_change const change = {.event = EVENT_RAISED,
                                        .from = alarm->state,
                                        .to = ALARM_UNACK,
                                        .has_value = alarm->has_value,
                                        .quality = alarm->quality,
                                        .chattering = alarm->chatter.on,
                                        .count = alarm->count,
                                        .occurrence = alarm->occurrence + 1,
                                        .value = alarm->value,
                                        .at = at};
    return !is_active(alarm) || rule_tell(judge, rule, &change, NULL);
}

/* Everything one rule has to tell; false when the ring is full. */
static bool tell_all(struct judge *judge, size_t rule)
{
    const struct rule *site = &judge->site->rules[rule];
    struct alarm *alarm = &judge->rules[rule].alarm;
    struct alarm_change change;
    if (judge->rules[rule].again && !tell_again(judge, rule))
        return false;
    judge->rules[rule].again = false;
    while (alarm_owed(alarm, site, &change))
        if (!(flood_hushes_rule(judge, rule) ? hush(judge, rule, &change) : rule_tell(judge, rule, &change, NULL)))
            return false;
    if (!flood_hushes_rule(judge, rule) && alarm_behind(alarm, moment_of(judge->clock), &change) &&
        !rule_tell(judge, rule, &change, NULL))
        return false;
    if (!alarm_untold(alarm, site))
        return true;
    struct stored stored = stored_of(judge, alarm, rule, judge->rules[rule].test);
    if (!news_push_stored(judge, &stored, moment_of(judge->clock)))
        return false;
    alarm_told(alarm);
    return true;
}

void rules_finish(struct judge *judge, struct alarm_moment at)
{
    for (size_t i = 0; i < judge->site->rule_count; i++) {
        struct judge_rule *rule = &judge->rules[i];
        struct stored const stored = stored_of(judge, &rule->alarm, i, rule->test);
        if (!rule->queued && alarm_clears_further(&rule->alarm, &judge->site->rules[i]) &&
            news_push_stored(judge, &stored, at))
            alarm_told(&rule->alarm);
    }
}

void rules_catch_up(struct judge *judge)
{
    for (size_t i = 0; i < judge->site->rule_count; i++)
        rule_settle(judge, i);
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
