/* A drill that holds the outputs of one zone: while it runs the interlocks of that zone are judged and told, and write nothing.
 * It ends, and with it the whole drill, with the first thing that a test of one detector does not explain: a second detector
 * that crosses, without waiting for its delay, a reading beyond the range, or a detector of which nothing is known. What its
 * interlocks voted for by then they do at that moment, before any output is driven by the sample that ended it. */
#include "gateway/base/check.h"
#include "gateway/run/judge_private.h"

static bool is_of_zone(const struct judge_interlock *interlock, int32_t zone)
{
    return zone >= 0 && interlock->site->zone == zone;
}

/* What the detectors of the zone say. */
struct hearing {
    size_t crossing; /* detectors of which an alarm that its interlocks ask for crosses */
    bool over_range;
    bool lost; /* faulty, not answering, out of service, or not read since start */
};

static bool speaks(const struct alarm *alarm)
{
    return alarm->condition || alarm->pending;
}

static void hear_rules(const struct judge *judge, const struct site_device *device, struct hearing *hearing)
{
    for (int32_t i = 0; i < device->rule_count; i++) {
        const struct judge_rule *rule = &judge->rules[device->rule_first + i];
        if (rule->role == ROLE_FAULT)
            hearing->lost = hearing->lost || rule->alarm.condition || rule->alarm.state == ALARM_OOS;
        if (rule->role == ROLE_OVER_RANGE)
            hearing->over_range = hearing->over_range || speaks(&rule->alarm);
    }
}

/* Does a rule by which an interlock of the zone votes cross in this detector? */
static bool hear_votes(const struct judge *judge, int32_t zone, size_t detector, struct hearing *hearing)
{
    bool crosses = false;
    for (size_t i = 0; i < judge->site->interlock_count; i++) {
        const struct judge_interlock *interlock = &judge->interlocks[i];
        for (size_t m = 0; is_of_zone(interlock, zone) && m < interlock->member_count; m++) {
            const struct alarm *alarm = &judge->rules[interlock->members[m].rule].alarm;
            if (interlock->members[m].device != detector)
                continue;
            crosses = crosses || speaks(alarm);
            hearing->lost = hearing->lost || !alarm->known || alarm->state == ALARM_OOS;
        }
    }
    return crosses;
}

static struct hearing hear(const struct judge *judge, int32_t zone)
{
    struct hearing hearing = {0};
    const struct site_zone *site = &judge->site->zones[zone];
    for (size_t i = 0; i < site->detector_count; i++) {
        hear_rules(judge, &judge->site->devices[site->detectors[i]], &hearing);
        hearing.crossing += hear_votes(judge, zone, (size_t)site->detectors[i], &hearing);
    }
    return hearing;
}

const char *hold_refused(const struct judge *judge, const struct order *order)
{
    size_t interlock_count = 0;
    if (order->source != SOURCE_LOCAL)
        return "hold_on_site";
    if (order->zone < 0)
        return "hold_one_zone";
    if (order->for_ms > HOLD_MAX_MS)
        return "hold_too_long";
    if (!judge->restored)
        return "busy"; /* an interlock may yet turn out to be tripped */
    for (size_t i = 0; i < judge->site->interlock_count; i++) {
        if (!is_of_zone(&judge->interlocks[i], order->zone))
            continue;
        interlock_count++;
        if (judge->interlocks[i].machine.tripped)
            return "hold_tripped";
    }
    struct hearing const hearing = hear(judge, order->zone);
    if (hearing.crossing > 0 || hearing.over_range)
        return "hold_in_alarm";
    if (hearing.lost)
        return "hold_in_doubt";
    return interlock_count == 0 ? "nothing_to_hold" : NULL;
}

void hold_begin(struct judge *judge)
{
    for (size_t i = 0; i < judge->site->interlock_count; i++) {
        if (!is_of_zone(&judge->interlocks[i], judge->drill.zone))
            continue;
        interlock_hold(&judge->interlocks[i].machine);
        interlock_touch(judge, i); /* it is shown */
    }
}

void hold_end(struct judge *judge, struct alarm_moment at)
{
    for (size_t i = 0; i < judge->site->interlock_count; i++)
        if (judge->interlocks[i].machine.held)
            interlock_let_loose(judge, i, at);
}

void hold_watch(struct judge *judge, struct alarm_moment at)
{
    if (!judge->drill.holds)
        return;
    struct hearing const hearing = hear(judge, judge->drill.zone);
    if (hearing.over_range)
        drill_break_off(judge, "over_range", at);
    else if (hearing.crossing > 1)
        drill_break_off(judge, "second_detector", at);
    else if (hearing.lost)
        drill_break_off(judge, "detector_lost", at);
}
