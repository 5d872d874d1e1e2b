/* recorder_news: what the judge decided becomes records and states, in the group of its lane. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/run/recorder_private.h"

/* Notes the time, so that a group is not kept for longer than it may. */
void recorder_stamp_group(struct recorder *recorder, enum lane lane)
{
    struct group *group = &recorder->lanes[lane].group;
    if (group->first_mono_us == 0)
        group->first_mono_us = recorder->now.mono_us;
    group->newest_mono_us = recorder->now.mono_us;
}

/* Each of these returns false when the group has no room for it. */

static void name_rule(const struct site *site, size_t index, struct journal_state *state)
{
    CHECK(index < site->rule_count);
    const struct rule *rule = &site->rules[index];
    state->subject = site->subjects[rule->subject].id;
    state->name = rule->id;
    state->cls = site->subjects[rule->subject].cls;
    state->priority = priority_text(rule->priority);
}

static const char *device_id(const struct site *site, size_t index)
{
    CHECK(index < site->device_count);
    return site->devices[index].id;
}

void recorder_state(const struct recorder *recorder, const struct stored *stored, struct journal_state *ret_state)
{
    const struct site *site = recorder->setup.site;
    *ret_state = (struct journal_state){
        .kind = (enum stored_kind)stored->kind,
        .name = "",
        .sub = stored->sub,
        .state = stored->state,
        .flags = stored->flags, /* of another boot too: a file that is begun anew gets what was restored, as it was */
        .quality = stored->quality,
        .has_value = stored->has_value != 0,
        .since_utc_ms = stored->since_utc_ms,
        .pending_mono_ms = stored->pending_mono_ms,
        .value = stored->value,
        .cls = "",
        .priority = "",
        .until_mono_ms = stored->until_mono_ms,
        .until_utc_ms = stored->until_utc_ms,
        .told = stored->told,
        .count = stored->count,
        .cleared_ms = stored->cleared_ms,
        .active_mono_ms = {stored->active_mono_ms[0], stored->active_mono_ms[1]},
    };
    switch (ret_state->kind) {
    case STORED_RULE:
        name_rule(site, stored->index, ret_state);
        ret_state->occurrence = recorder->occurrence_base[stored->index] + stored->occurrence;
        break;
    case STORED_DUE:
        name_rule(site, stored->index, ret_state);
        break;
    case STORED_INTERLOCK:
        CHECK(stored->index < site->interlock_count);
        ret_state->subject = site->interlocks[stored->index].id;
        break;
    case STORED_HOLD:
        CHECK(stored->sub < DERIVE_HOLDS_MAX);
        ret_state->subject = device_id(site, stored->index);
        break;
    case STORED_DRILL:
    case STORED_CYLINDER:
        ret_state->subject = device_id(site, stored->index);
        break;
    }
}

static bool add_stored(struct recorder *recorder, struct group *group, const struct stored *stored)
{
    struct journal_state state;
    recorder_state(recorder, stored, &state);
    recorder_keep_state(recorder, stored);
    return group_add_state(group, &state);
}

static bool add_alarm(struct recorder *recorder, struct group *group, const struct news *news)
{
    const struct site *site = recorder->setup.site;
    const struct news_alarm *alarm = &news->is.alarm;
    struct payload_stamp stamp;
    struct text payload;
    CHECK(alarm->rule < site->rule_count);
    recorder_stamp(recorder, LANE_A, news->utc_ms, news->synced != 0, &stamp);
    stamp.mono_ms = news->mono_us / 1000;
    if (!group_begin_record(group, &payload))
        return false;
    payload_alarm(&payload, site, &stamp, alarm, recorder->occurrence_base[alarm->rule] + alarm->occurrence);
    return group_end_record(group, &payload, stamp.seq, stamp.at_utc_ms, "alarm/",
                            site->subjects[site->rules[alarm->rule].subject].id);
}

static bool add_event(struct recorder *recorder, struct group *group, enum notice notice, const char *detail,
                      int64_t at_utc_ms, bool synced)
{
    struct payload_stamp stamp;
    struct text payload;
    recorder_stamp(recorder, LANE_A, at_utc_ms, synced, &stamp);
    if (!group_begin_record(group, &payload))
        return false;
    payload_event(&payload, recorder->setup.site, &stamp, notice_text(notice), detail);
    return group_end_record(group, &payload, stamp.seq, stamp.at_utc_ms, "event", "");
}

/* What became of a centre's order goes with the event that says so. */
static bool add_answer(struct recorder *recorder, struct group *group, const struct news_answer *answer)
{
    struct journal_order order = {.answered = true};
    if (answer->id[0] == '\0')
        return true;
    CHECK(answer->centre < recorder->setup.site->centre_count);
    order.centre = recorder->setup.site->centres[answer->centre].id;
    text_copy(order.id, sizeof order.id, answer->id);
    text_copy(order.code, sizeof order.code, answer->code);
    text_copy(order.why, sizeof order.why, answer->why);
    (void)snprintf(order.detail, sizeof order.detail, "\"count\":%" PRIu32, answer->count);
    return group_add_order(group, &order);
}

/* When the clock is first set, a centre may want to correct what came before: up to which numbers that was. */
static bool add_notice(struct recorder *recorder, struct group *group, const struct news *news)
{
    const struct news_notice *notice = &news->is.notice;
    char detail[NEWS_DETAIL_MAX + 64];
    struct text text;
    text_init(&text, detail, sizeof detail);
    text_put(&text, notice->detail);
    if (notice->notice == NOTICE_CLOCK_SET) {
        text_put_format(&text, ",\"upto\":{\"a\":%" PRIu64, recorder_next_number(recorder, LANE_A) - 1);
        if (journal_is_open(recorder->journal, LANE_T))
            text_put_format(&text, ",\"t\":%" PRIu64, recorder_next_number(recorder, LANE_T) - 1);
        text_put(&text, "}");
    }
    return add_event(recorder, group, (enum notice)notice->notice, detail, news->utc_ms, news->synced != 0) &&
           add_answer(recorder, group, &notice->answer);
}

static bool add_telemetry(struct recorder *recorder, struct group *group, struct news *news)
{
    const struct site *site = recorder->setup.site;
    struct payload_stamp stamp;
    struct text payload;
    if (news->is.telemetry.dropped > 0) { /* numbers for what never was: burned and declared */
        uint64_t const first = recorder_next_number(recorder, LANE_T);
        struct journal_gap const gap = {
            .of = LANE_T, .first = first, .last = first + news->is.telemetry.dropped - 1, .why = "ring"};
        if (!group_add_gap(group, &gap))
            return false;
        recorder->dropped += news->is.telemetry.dropped;
        news->is.telemetry.dropped = 0;
        recorder->gaps_may_wait = true;
        recorder_tail_soon(recorder);
    }
    recorder_stamp(recorder, LANE_T, news->utc_ms, news->synced != 0, &stamp);
    if (!group_begin_record(group, &payload))
        return false;
    payload_telemetry(&payload, site, &stamp, &news->is.telemetry);
    return group_end_record(group, &payload, stamp.seq, stamp.at_utc_ms, "telemetry/",
                            site->devices[news->is.telemetry.device].id);
}

/* The record and the state it led to never part: both or neither. */
bool recorder_add_news(struct recorder *recorder, enum lane lane, struct news *news)
{
    struct group *group = &recorder->lanes[lane].group;
    struct group const before = *group;
    bool added = true;
    switch ((enum news_kind)news->kind) {
    case NEWS_ALARM:
        added = add_alarm(recorder, group, news);
        break;
    case NEWS_NOTICE:
        added = add_notice(recorder, group, news);
        break;
    case NEWS_TELEMETRY:
        added = add_telemetry(recorder, group, news);
        break;
    case NEWS_STORED:
    case NEWS_HUSHED:
        break;
    }
    if (added && news->has_stored != 0 && lane == LANE_A)
        added = add_stored(recorder, group, &news->stored);
    if (added && news->kind == NEWS_HUSHED) {
        recorder->hushed[recorder->setup.site->rules[news->stored.index].subject] = true;
        recorder->any_hushed = true;
    }
    if (added)
        recorder_stamp_group(recorder, lane);
    else if (lane == LANE_A)
        *group = before;
    return added;
}

void recorder_put_event(struct recorder *recorder, enum notice notice, const char *detail, int64_t at_utc_ms,
                        bool synced)
{
    struct group *group = &recorder->lanes[LANE_A].group;
    bool added = add_event(recorder, group, notice, detail, at_utc_ms, synced);
    if (!added && recorder_write(recorder, LANE_A) == ERR_OK)
        added = add_event(recorder, group, notice, detail, at_utc_ms, synced);
    if (added)
        recorder_stamp_group(recorder, LANE_A);
}

void recorder_put_journal_event(struct recorder *recorder, const char *what, const char *why)
{
    char detail[400];
    struct text text;
    text_init(&text, detail, sizeof detail);
    text_put_format(&text, "\"what\":\"%s\",\"why\":", what);
    text_put_json_string(&text, why);
    if (text.full) {
        text_init(&text, detail, sizeof detail);
        text_put_format(&text, "\"what\":\"%s\"", what);
    }
    recorder_put_event(recorder, NOTICE_JOURNAL, detail, recorder->now.utc_ms, recorder->now.synced);
}

void recorder_put_gap_event(struct recorder *recorder, const struct journal_gap *gap, const char *centre,
                            unsigned reason)
{
    char detail[256];
    struct text text;
    text_init(&text, detail, sizeof detail);
    text_put_format(&text, "\"of\":\"%c\",\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"why\":", lane_letter(gap->of),
                    gap->first, gap->last);
    text_put_json_string(&text, gap->why);
    if (centre != NULL) {
        text_put(&text, ",\"centre\":");
        text_put_json_string(&text, centre);
        text_put_format(&text, ",\"reason\":%u", reason);
    }
    CHECK(!text.full);
    recorder_put_event(recorder, NOTICE_GAP, detail, recorder->now.utc_ms, recorder->now.synced);
}
