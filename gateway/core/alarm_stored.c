/* What the journal keeps of an alarm, and how it is put back. */
#include "gateway/core/alarm.h"

#define CLEARED_STEPS                                                                                                  \
    8 /* an off-delay that runs is stored in so many steps: few rows, and a kill costs an eighth of it … */
#define CLEARED_STEP_MS 2000 /* … or so much of a short one */

_Static_assert(STORED_ACTIVATIONS == CHATTER_KEPT, "as many as the count looks at");

/* Its delays go on over a restart. */
static bool keeps_delays(const struct rule *rule)
{
    return alarm_has_point(rule) && rule->kind != RULE_STUCK;
}

static bool condition_of(const struct stored *stored)
{
    if (stored->state >= ALARM_SHELVED || (stored->flags & STORED_CHATTERING) != 0)
        return (stored->flags & STORED_CONDITION) != 0;
    return stored->state == ALARM_UNACK || stored->state == ALARM_ACKED;
}

int64_t alarm_until_restored(const struct stored *stored, int64_t most_ms, struct alarm_moment at)
{
    int64_t until_mono_us = stored->until_mono_ms * 1000;
    if (stored->until_mono_ms == 0)
        return 0;
    if ((stored->flags & STORED_OTHER_BOOT) != 0)
        until_mono_us = at.synced ? at.mono_us + (stored->until_utc_ms - at.utc_ms) * 1000 : at.mono_us;
    if (until_mono_us > at.mono_us + most_ms * 1000)
        until_mono_us = at.mono_us + most_ms * 1000;
    return until_mono_us > 0 ? until_mono_us : 1; /* 0 is none */
}

static void restore_until(struct alarm *alarm, const struct rule *rule, const struct stored *stored,
                          struct alarm_moment at)
{
    alarm->until_utc_ms = stored->until_utc_ms;
    int64_t const most_ms = alarm->state == ALARM_SHELVED ? ALARM_SHELVE_MAX_MS : (int64_t)rule->rearm_ms;
    alarm->until_mono_us = alarm_until_restored(stored, most_ms, at);
    alarm->over = alarm->state == ALARM_SHELVED && !rule->shelvable;
    alarm->over_at = at;
}

static void restore_pending(struct alarm *alarm, const struct rule *rule, const struct stored *stored)
{
    alarm->told_pending_ms = stored->pending_mono_ms;
    if (alarm->condition)
        alarm->pending = false; /* a crossing seen before this came is the one that was raised */
    if (!keeps_delays(rule) || alarm->condition || stored->pending_mono_ms == 0 || (alarm->known && !alarm->pending))
        return;
    alarm->pending = true;
    alarm->pending_mono_us = stored->pending_mono_ms * 1000;
    if ((stored->flags & STORED_OTHER_BOOT) != 0)
        alarm->pending_mono_us = INT64_MIN / 2; /* long ago on any clock */
}

/* Nobody looked while the process was away: that time does not count. */
static void restore_clearing(struct alarm *alarm, const struct rule *rule, const struct stored *stored)
{
    alarm->told_cleared_ms = stored->cleared_ms;
    if (keeps_delays(rule) && alarm->condition && !alarm->known)
        alarm->cleared_for_us = (int64_t)stored->cleared_ms * 1000;
}

static void restore_chatter(struct alarm *alarm, const struct stored *stored, struct alarm_moment at)
{
    alarm->counted_mono_us = at.mono_us;
    if (alarm_is_out_of_sight(alarm))
        return;
    if ((stored->flags & STORED_CHATTERING) != 0)
        chatter_restore_on(&alarm->chatter, at.mono_us);
    else if ((stored->flags & STORED_OTHER_BOOT) == 0)
        chatter_restore(&alarm->chatter, stored->active_mono_ms);
}

void alarm_restore(struct alarm *alarm, const struct rule *rule, const struct stored *stored, struct alarm_moment at)
{
    alarm->state = stored->state < ALARM_STATE_COUNT ? stored->state : (uint8_t)ALARM_NORM;
    alarm->condition = condition_of(stored);
    alarm->latched = (stored->flags & STORED_LATCHED) != 0;
    alarm->seen = (stored->flags & STORED_SEEN) != 0;
    alarm->one_shot = (stored->flags & STORED_ONE_SHOT) != 0;
    alarm->first_out = (stored->flags & STORED_FIRST_OUT) != 0;
    alarm->suppressing = alarm->state == ALARM_SUPPRESSED && rule->suppress_mask != 0 &&
                         rule->priority != PRIORITY_CRITICAL; /* until it is looked at again */
    alarm->suppress_at = at;
    alarm->told = alarm->state;
    alarm->recurred = stored->told > 0;
    if (stored->told > 0 && stored->told <= ALARM_STATE_COUNT)
        alarm->told = (uint8_t)(stored->told - 1);
    alarm->count = stored->count;
    alarm->told_count = stored->count;
    alarm->told_flags = stored->flags & (uint16_t)~STORED_OTHER_BOOT;
    alarm->occurrence = stored->occurrence;
    alarm->since_utc_ms = stored->since_utc_ms;
    alarm->raise_has_value = stored->has_value != 0;
    alarm->raise_value = stored->value;
    alarm->raise_quality = stored->quality;
    if (!alarm->has_value) {
        alarm->has_value = alarm->raise_has_value;
        alarm->value = stored->value;
        alarm->quality = stored->quality;
    }
    restore_chatter(alarm, stored, at);
    restore_until(alarm, rule, stored, at);
    restore_pending(alarm, rule, stored);
    restore_clearing(alarm, rule, stored);
}

static int64_t pending_ms(const struct alarm *alarm)
{
    if (!alarm->pending)
        return 0;
    int64_t mono_ms = alarm->pending_mono_us / 1000;
    return mono_ms > 0 ? mono_ms : 1;
}

static uint32_t cleared_ms(const struct alarm *alarm)
{
    return alarm->condition ? (uint32_t)(alarm->cleared_for_us / 1000) : 0;
}

/* That it began again from nothing is told at once; that it went on, in steps. */
static bool cleared_untold(const struct alarm *alarm, const struct rule *rule)
{
    uint32_t const part_ms = rule->off_delay_ms / CLEARED_STEPS;
    uint32_t const step_ms = part_ms > CLEARED_STEP_MS ? part_ms : CLEARED_STEP_MS;
    int64_t const further_ms = (int64_t)cleared_ms(alarm) - alarm->told_cleared_ms;
    return further_ms < 0 || further_ms >= step_ms;
}

static uint16_t flags_of(const struct alarm *alarm)
{
    unsigned flags = alarm->condition ? STORED_CONDITION : 0U;
    if (alarm->latched)
        flags |= STORED_LATCHED;
    if (alarm->seen)
        flags |= STORED_SEEN;
    if (alarm->one_shot)
        flags |= STORED_ONE_SHOT;
    if (alarm->first_out)
        flags |= STORED_FIRST_OUT;
    if (alarm->chatter.on)
        flags |= STORED_CHATTERING;
    return (uint16_t)flags;
}

struct stored alarm_stored(const struct alarm *alarm, const struct rule *rule, uint32_t index)
{
    struct stored stored = {
        .kind = STORED_RULE,
        .state = alarm->state,
        .told = (uint8_t)(alarm_is_behind(alarm) ? alarm->told + 1 : 0),
        .count = alarm->count,
        .flags = flags_of(alarm),
        .index = index,
        .occurrence = alarm->occurrence,
        .quality = alarm->raise_quality,
        .has_value = alarm->raise_has_value,
        .since_utc_ms = alarm->since_utc_ms,
        .pending_mono_ms = keeps_delays(rule) ? pending_ms(alarm) : 0,
        .cleared_ms = keeps_delays(rule) ? cleared_ms(alarm) : 0,
        .value = alarm->raise_value,
        .until_mono_ms = alarm->until_mono_us / 1000,
        .until_utc_ms = alarm->until_utc_ms,
    };
    chatter_times(&alarm->chatter, stored.active_mono_ms);
    return stored;
}

bool alarm_clears_further(const struct alarm *alarm, const struct rule *rule)
{
    return keeps_delays(rule) && cleared_ms(alarm) != alarm->told_cleared_ms;
}

bool alarm_untold(const struct alarm *alarm, const struct rule *rule)
{
    if ((alarm_is_out_of_sight(alarm) || alarm->chatter.on) && flags_of(alarm) != alarm->told_flags)
        return true;
    if (alarm->count != alarm->told_count)
        return true;
    return keeps_delays(rule) && (alarm->pending != (alarm->told_pending_ms != 0) || cleared_untold(alarm, rule));
}

void alarm_told(struct alarm *alarm)
{
    alarm->told_pending_ms = pending_ms(alarm);
    alarm->told_cleared_ms = cleared_ms(alarm);
    alarm->told_flags = flags_of(alarm);
    alarm->told_count = alarm->count;
}
