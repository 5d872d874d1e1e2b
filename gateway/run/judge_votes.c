/* How the detectors of an interlock vote, and when all of it is over. */
#include "gateway/core/normalize.h"
#include "gateway/run/judge_private.h"

static bool is_high(const struct rule *rule)
{
    return rule->kind == RULE_HI || rule->kind == RULE_HIHI;
}

static bool is_low(const struct rule *rule)
{
    return rule->kind == RULE_LO || rule->kind == RULE_LOLO;
}

/* Beyond its range a catalytic bead may read low again (EN 60079-29-1): one that latches votes until somebody has reset it. What
 * was told follows the condition: the latch is there before its state is. */
static bool is_over_range(const struct rule *rule, const struct alarm *alarm)
{
    bool const told = alarm->state == ALARM_UNACK || alarm->state == ALARM_ACKED || alarm->owes_raise;
    return alarm->condition || alarm->latched || (told && rule->latch) || alarm->state == ALARM_LATCH_UNACK ||
           alarm->state == ALARM_LATCH_ACKED;
}

/* Over-range stands above every high limit, whatever its reading says then. While it is out of service it is a doubt. */
static void hear_over_range(const struct judge *judge, size_t rule, const struct judge_member *member,
                            struct vote_member *result)
{
    const struct alarm *alarm = &judge->rules[rule].alarm;
    if (!is_over_range(&judge->site->rules[rule], alarm) ||
        (!is_high(&judge->site->rules[member->rule]) && (int32_t)rule != member->rule))
        return;
    if (alarm->state == ALARM_OOS) {
        result->fault = true;
        return;
    }
    result->known = result->known || alarm->known;
    result->condition = true;
}

/* Out of service or not: that nobody wants to hear of a fault makes no detector sound. What says itself that it is faulty was
 * read. That some sensor of the device gives no reading (RULE_FAILED) concerns the vote where it is the one that is asked. */
static void hear_fault(const struct judge *judge, size_t rule, const struct judge_member *member,
                       struct vote_member *result)
{
    const struct rule *site = &judge->site->rules[rule];
    const struct alarm *alarm = &judge->rules[rule].alarm;
    int32_t const asked = judge->site->rules[member->rule].point;
    if (!alarm->condition ||
        (site->kind == RULE_FAILED && asked >= 0 && sample_has_value(&judge->devices[member->device].samples[asked])))
        return;
    result->fault = true;
    result->known = result->known || (alarm_has_point(site) && alarm->known);
}

static struct vote_member member_of(const struct judge *judge, const struct judge_interlock *interlock,
                                    const struct judge_member *member)
{
    const struct site_device *device = judge->devices[member->device].site;
    const struct alarm *asked = &judge->rules[member->rule].alarm;
    struct vote_member result = {.known = asked->known, .condition = asked->condition};
    if (asked->state == ALARM_OOS) /* what it says now is somebody's test gas */
        return (struct vote_member){.known = asked->known && interlock->fault_votes, .fault = interlock->fault_votes};
    for (int32_t i = 0; i < device->rule_count; i++) {
        size_t const rule = (size_t)(device->rule_first + i);
        if (judge->rules[rule].role == ROLE_FAULT)
            hear_fault(judge, rule, member, &result);
        if (judge->rules[rule].role == ROLE_OVER_RANGE)
            hear_over_range(judge, rule, member, &result);
    }
    result.fault = result.fault && interlock->fault_votes;
    return result;
}

struct vote vote_of(const struct judge *judge, const struct judge_interlock *interlock)
{
    struct vote_member members[SITE_DETECTORS_MAX];
    for (size_t i = 0; i < interlock->member_count; i++)
        members[i] = member_of(judge, interlock, &interlock->members[i]);
    return vote_take(members, interlock->member_count, interlock->n, interlock->fault_vote);
}

uint64_t vote_of_stored(const struct judge *judge, const struct judge_interlock *interlock)
{
    uint64_t voters = 0;
    for (size_t i = 0; i < interlock->member_count; i++)
        if (judge->rules[interlock->members[i].rule].alarm.condition)
            voters |= UINT64_C(1) << i;
    return voters;
}

/* A limit on the same side of the same point as what is asked for, or below what is over its range. */
static bool is_stage_of(const struct judge *judge, const struct rule *stage, const struct judge_member *member)
{
    const struct rule *asked = &judge->site->rules[member->rule];
    if (judge->rules[member->rule].role == ROLE_OVER_RANGE)
        return is_high(stage);
    return stage->point == asked->point && ((is_high(stage) && is_high(asked)) || (is_low(stage) && is_low(asked)));
}

/* Nobody asks its doubts for a vote, but who is to say then that it is over? */
static bool is_in_doubt(const struct judge *judge, const struct judge_member *member)
{
    const struct site_device *device = judge->devices[member->device].site;
    struct vote_member result = {0};
    for (int32_t i = 0; i < device->rule_count; i++)
        if (judge->rules[device->rule_first + i].role == ROLE_FAULT)
            hear_fault(judge, (size_t)(device->rule_first + i), member, &result);
    return result.fault;
}

bool vote_is_over(const struct judge *judge, const struct judge_interlock *interlock)
{
    if (vote_of(judge, interlock).verdict != TRI_NO)
        return false;
    for (size_t i = 0; i < interlock->member_count; i++) {
        const struct judge_member *member = &interlock->members[i];
        const struct site_device *device = judge->devices[member->device].site;
        if (!interlock->fault_votes && is_in_doubt(judge, member))
            return false;
        for (int32_t r = 0; r < device->rule_count; r++)
            if (judge->rules[device->rule_first + r].alarm.condition &&
                is_stage_of(judge, &judge->site->rules[device->rule_first + r], member))
                return false;
    }
    return true;
}
