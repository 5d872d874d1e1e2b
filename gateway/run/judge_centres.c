/* Centres: is one lost, does it refuse. As its sender found; until it found anything nobody knows. */
#include "gateway/base/check.h"
#include "gateway/run/judge_private.h"

struct alarm_reading centre_reading(const struct judge *judge, const struct rule *rule, struct alarm_moment at)
{
    const struct centre_state *state = &judge->centres[judge->site->subjects[rule->subject].index].state;
    struct alarm_reading reading = {.at = at, .crossing = (enum tri)state->lost, .quality = QUALITY_GOOD};
    if (rule->kind == RULE_FAILED) {
        reading.crossing = (enum tri)state->refused;
        reading.has_value = reading.crossing == TRI_YES;
        reading.value = reading.has_value ? state->reason : 0;
    }
    return reading;
}

static void judge_rule(struct judge *judge, int32_t rule, struct alarm_moment at)
{
    if (rule == NO_RULE)
        return;
    struct alarm_reading const reading = centre_reading(judge, &judge->site->rules[rule], at);
    rule_feed(judge, (size_t)rule, &reading);
}

void centre_judge(struct judge *judge, size_t centre, struct alarm_moment at)
{
    judge_rule(judge, judge->centres[centre].lost_rule, at);
    judge_rule(judge, judge->centres[centre].refused_rule, at);
}

void centre_take(struct judge *judge, const struct centre_state *state, struct alarm_moment at)
{
    CHECK(state->centre < judge->site->centre_count && state->lost <= TRI_UNKNOWN && state->refused <= TRI_UNKNOWN);
    judge->centres[state->centre].state = *state;
    if (!judge->restoring)
        centre_judge(judge, state->centre, at);
}
