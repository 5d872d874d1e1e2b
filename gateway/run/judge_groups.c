#include "gateway/run/judge_private.h"

static struct judge_group *group_of(const struct judge *judge, size_t rule)
{
    uint32_t const group = judge->site->rules[rule].group;
    return group != 0 ? &judge->groups[group - 1] : NULL;
}

bool group_is_first(const struct judge *judge, size_t rule, int32_t *ret_first)
{
    const struct judge_group *group = group_of(judge, rule);
    *ret_first = NO_RULE;
    if (group == NULL)
        return false;
    *ret_first = group->first != NO_RULE ? group->first : (int32_t)rule;
    return *ret_first == (int32_t)rule;
}

void group_moved(struct judge *judge, size_t rule, uint8_t from_state)
{
    struct judge_group *group = group_of(judge, rule);
    const struct alarm *alarm = &judge->rules[rule].alarm;
    if (group == NULL)
        return;
    group->standing += (uint32_t)(alarm->state != ALARM_NORM) - (uint32_t)(from_state != ALARM_NORM);
    if (group->standing == 0)
        group->first = NO_RULE;
    else if (alarm->first_out && alarm->state != ALARM_NORM)
        group->first = (int32_t)rule;
}
