#include "gateway/core/alarm.h"

#include <math.h>
#include <stddef.h>

#include "gateway/base/check.h"
#include "gateway/core/alarm_table.h"

void alarm_init(struct alarm *alarm)
{
    *alarm = (struct alarm){.state = ALARM_NORM};
}

enum tri alarm_crosses(const struct rule *rule, double measure, bool condition)
{
    double const band = condition ? rule->deadband : 0;
    switch (rule->kind) {
    case RULE_HIHI:
    case RULE_HI:
    case RULE_DEVIATION:
        return tri_of(measure >= rule->limit - band);
    case RULE_LO:
    case RULE_LOLO:
        return tri_of(measure <= rule->limit + band);
    case RULE_RATE:
        return tri_of(rule->limit < 0 ? measure <= rule->limit + band : measure >= rule->limit - band);
    case RULE_EQUALS:
        return tri_of(fabs(measure - rule->limit) <= band);
    case RULE_STUCK:
        return tri_of(measure <= rule->deadband);
    case RULE_BIT:
        return tri_of(fabs(measure) > 0);
    case RULE_CODE:
        return tri_of(alarm_mask_has(rule->code_mask, measure));
    case RULE_COMM:
    case RULE_FAILED:
    case RULE_DUE:
    case RULE_USED:
    case RULE_KIND_COUNT:
        break;
    }
    return TRI_UNKNOWN;
}

void alarm_gate(struct alarm_reading *reading, enum tri gate, enum quality quality)
{
    if (gate == TRI_NO && (reading->crossing != TRI_NO || quality < reading->quality))
        reading->quality = quality;
    reading->crossing = tri_and(reading->crossing, gate);
}

static bool goes(const struct alarm *alarm, enum alarm_action action)
{
    return alarm_move(alarm->state, action)->goes;
}

static void begin(struct alarm *alarm, const struct rule *rule, struct alarm_moment at)
{
    alarm->condition = true;
    alarm->moved = true;
    alarm->pending = false;
    if (alarm_is_out_of_sight(alarm)) {
        alarm->seen = false;
        alarm->latched = alarm->latched || rule->latch;
        alarm->count++;
        return;
    }
    chatter_activate(&alarm->chatter, at.mono_us);
    if (!goes(alarm, DO_RAISE) || alarm->owes_raise) { /* its end was never told: the same occurrence goes on */
        alarm->count++;
        return;
    }
    alarm->owes_raise = true;
    alarm->raised_at = at;
    alarm->raise_has_value = alarm->has_value;
    alarm->raise_quality = alarm->quality;
    alarm->raise_value = alarm->value;
}

static void end(struct alarm *alarm, struct alarm_moment at)
{
    alarm->condition = false;
    alarm->moved = true;
    alarm->ended_at = at;
    if (alarm->state == ALARM_SHELVED && alarm->one_shot && !alarm->over) {
        alarm->over = true;
        alarm->over_at = at;
    }
}

static void cease(struct alarm *alarm, struct alarm_moment at)
{
    alarm->chatter = (struct chatter){0};
    alarm->owes_count = true;
    alarm->counted_at = at;
    alarm->ended_at = at; /* now the end is told, if it has ended */
}

/* When it is to say how often it activated; ALARM_NEVER. */
static int64_t count_mono_us(const struct alarm *alarm)
{
    bool const waits = alarm->chatter.on && alarm->count > 0 && !alarm->owes_count;
    return waits ? alarm->counted_mono_us + CHATTER_US : ALARM_NEVER;
}

/* When it ceases to chatter without a further reading; ALARM_NEVER. */
static int64_t cease_mono_us(const struct alarm *alarm, const struct rule *rule)
{
    return alarm->condition || !alarm_has_point(rule) ? chatter_quiet_mono_us(&alarm->chatter) : ALARM_NEVER;
}

static void tick_chatter(struct alarm *alarm, const struct rule *rule, struct alarm_moment at)
{
    if (at.mono_us >= cease_mono_us(alarm, rule)) {
        cease(alarm, at);
    } else if (at.mono_us >= count_mono_us(alarm)) {
        alarm->owes_count = true;
        alarm->counted_at = at;
    }
}

void alarm_tick(struct alarm *alarm, const struct rule *rule, struct alarm_moment at)
{
    if (alarm->pending && alarm->running && at.mono_us >= alarm->pending_mono_us + (int64_t)rule->on_delay_ms * 1000)
        begin(alarm, rule, at);
    if (alarm->until_mono_us != 0 && !alarm->over && at.mono_us >= alarm->until_mono_us) {
        alarm->over = true;
        alarm->over_at = at;
    }
    tick_chatter(alarm, rule, at);
}

void alarm_suppress(struct alarm *alarm, const struct rule *rule, bool wanted, struct alarm_moment at)
{
    if (wanted == alarm->suppressing || (wanted && rule->priority == PRIORITY_CRITICAL))
        return;
    alarm->suppressing = wanted;
    alarm->suppress_at = at;
}

/* Readings of different slaves may overtake each other by a moment; time never runs backwards for that. */
static int64_t span(int64_t from_mono_us, int64_t to_mono_us)
{
    return to_mono_us > from_mono_us ? to_mono_us - from_mono_us : 0;
}

static void feed_crossing(struct alarm *alarm, const struct rule *rule, struct alarm_moment at)
{
    alarm->clearing = false;
    alarm->cleared_for_us = 0;
    if (alarm->condition)
        return;
    if (!alarm->pending) {
        alarm->pending = true;
        alarm->pending_mono_us = at.mono_us;
    } else if (alarm->frozen) {
        alarm->pending_mono_us += span(alarm->frozen_mono_us, at.mono_us);
    }
    alarm->frozen = false;
    alarm->running = true;
    alarm_tick(alarm, rule, at);
}

static void feed_clear(struct alarm *alarm, const struct rule *rule, struct alarm_moment at)
{
    alarm->pending = false;
    if (!alarm->condition) {
        if (at.mono_us >= chatter_quiet_mono_us(&alarm->chatter))
            cease(alarm, at);
        return;
    }
    if (alarm->clearing)
        alarm->cleared_for_us += span(alarm->clearing_mono_us, at.mono_us);
    alarm->clearing = true;
    alarm->clearing_mono_us = at.mono_us;
    if (alarm->cleared_for_us < (int64_t)rule->off_delay_ms * 1000)
        return;
    alarm->clearing = false;
    end(alarm, at);
}

static void feed_doubt(struct alarm *alarm, struct alarm_moment at)
{
    alarm->clearing = false;
    if (!alarm->running)
        return;
    alarm->running = false;
    alarm->frozen = true;
    alarm->frozen_mono_us = at.mono_us;
}

void alarm_feed(struct alarm *alarm, const struct rule *rule, const struct alarm_reading *reading)
{
    if (reading->crossing == TRI_UNKNOWN || reading->quality == QUALITY_BAD) {
        feed_doubt(alarm, reading->at);
        return;
    }
    alarm->known = true;
    alarm->has_value = reading->has_value;
    alarm->quality = (uint8_t)reading->quality;
    alarm->value = reading->value;
    if (reading->crossing == TRI_YES)
        feed_crossing(alarm, rule, reading->at);
    else if (reading->quality == QUALITY_GOOD)
        feed_clear(alarm, rule, reading->at);
    else
        feed_doubt(alarm, reading->at);
}

static int64_t earlier(int64_t a_us, int64_t b_us)
{
    return a_us < b_us ? a_us : b_us;
}

int64_t alarm_next_mono_us(const struct alarm *alarm, const struct rule *rule)
{
    int64_t next_mono_us = ALARM_NEVER;
    if (alarm->pending && alarm->running)
        next_mono_us = alarm->pending_mono_us + (int64_t)rule->on_delay_ms * 1000;
    else if (alarm->clearing && !alarm_has_point(rule))
        next_mono_us = alarm->clearing_mono_us + (int64_t)rule->off_delay_ms * 1000 - alarm->cleared_for_us;
    if (alarm->until_mono_us != 0 && !alarm->over)
        next_mono_us = earlier(next_mono_us, alarm->until_mono_us);
    next_mono_us = earlier(next_mono_us, count_mono_us(alarm));
    return earlier(next_mono_us, cease_mono_us(alarm, rule));
}

/* Where an alarm that comes into sight again goes. */
static uint8_t place_in_sight(const struct alarm *alarm)
{
    if (alarm->suppressing)
        return ALARM_SUPPRESSED;
    if (alarm->condition)
        return ALARM_UNACK;
    if (alarm->latched)
        return alarm->seen ? ALARM_LATCH_ACKED : ALARM_LATCH_UNACK;
    return ALARM_NORM;
}

static struct alarm_change change_by(const struct alarm *alarm, const struct rule *rule, enum alarm_action action,
                                     struct alarm_moment at)
{
    const struct alarm_move *move = alarm_move(alarm->state, action);
    struct alarm_change change = {
        .event = move->event,
        .from = alarm->state,
        .to = rule->latch ? move->to_latched : move->to,
        .has_value = alarm->has_value,
        .quality = alarm->quality,
        .chattering = alarm->chatter.on,
        .count = alarm->count,
        .occurrence = alarm->occurrence,
        .value = alarm->value,
        .at = at,
    };
    if (change.to >= ALARM_SHELVED) {
        change.chattering = false;
        change.count += alarm->owes_raise ? 1 : 0; /* nobody will be told of it */
    }
    if (move->leaves) {
        change.to = place_in_sight(alarm);
        change.occurrence += change.to == ALARM_UNACK ? 1 : 0;
    }
    if (change.to == ALARM_ACKED && rule->rearm_ms != 0) {
        change.until_mono_us = at.mono_us + (int64_t)rule->rearm_ms * 1000;
        change.until_utc_ms = at.utc_ms + rule->rearm_ms;
    }
    return change;
}

static bool raise_owed(const struct alarm *alarm, const struct rule *rule, struct alarm_change *ret_change)
{
    if (!alarm->owes_raise)
        return false;
    *ret_change = change_by(alarm, rule, DO_RAISE, alarm->raised_at);
    ret_change->occurrence = alarm->occurrence + 1;
    ret_change->has_value = alarm->raise_has_value;
    ret_change->quality = alarm->raise_quality;
    ret_change->value = alarm->raise_value;
    return true;
}

/* A raise that was decided before the suppression is told before it. */
static bool suppression_owed(const struct alarm *alarm, const struct rule *rule, struct alarm_change *ret_change)
{
    enum alarm_action const action = alarm->suppressing ? DO_SUPPRESS : DO_UNSUPPRESS;
    if (!goes(alarm, action) || (alarm->owes_raise && alarm->raised_at.mono_us < alarm->suppress_at.mono_us))
        return false;
    *ret_change = change_by(alarm, rule, action, alarm->suppress_at);
    return true;
}

bool alarm_owed(const struct alarm *alarm, const struct rule *rule, struct alarm_change *ret_change)
{
    if (suppression_owed(alarm, rule, ret_change) || raise_owed(alarm, rule, ret_change))
        return true;
    if (alarm->over && goes(alarm, DO_UNSHELVE)) {
        *ret_change = change_by(alarm, rule, DO_UNSHELVE, alarm->over_at);
        return true;
    }
    if (!alarm->condition && !alarm->chatter.on && goes(alarm, DO_CLEAR)) {
        *ret_change = change_by(alarm, rule, DO_CLEAR, alarm->ended_at);
        return true;
    }
    if (alarm->owes_count) {
        *ret_change = change_by(alarm, rule, DO_CLEAR, alarm->counted_at);
        ret_change->event = EVENT_CHATTERING;
        ret_change->to = alarm->state;
        return true;
    }
    if (!alarm->over || !goes(alarm, DO_REARM))
        return false;
    *ret_change = change_by(alarm, rule, DO_REARM, alarm->over_at);
    return true;
}

/* What is known of it goes with it, out of sight. */
static void take_along(struct alarm *alarm, const struct rule *rule)
{
    bool const holds = alarm->state == ALARM_LATCH_UNACK || alarm->state == ALARM_LATCH_ACKED;
    alarm->seen = !alarm->owes_raise && (alarm->state == ALARM_ACKED || alarm->state == ALARM_LATCH_ACKED);
    alarm->latched =
        holds || (rule->latch && (alarm->condition || alarm->state == ALARM_UNACK || alarm->state == ALARM_ACKED));
    alarm->owes_raise = false;
}

void alarm_commit(struct alarm *alarm, const struct rule *rule, const struct alarm_change *change)
{
    CHECK(alarm->state == change->from || change->event == EVENT_SUMMARISED);
    bool const was_out = alarm_is_out_of_sight(alarm);
    bool const occurs = change->occurrence != alarm->occurrence;
    if (!was_out && change->to >= ALARM_SHELVED)
        take_along(alarm, rule);
    alarm->state = change->to;
    alarm->moved = true;
    if (change->event != EVENT_CHATTERING && change->event != EVENT_SUMMARISED) { /* these two only tell */
        alarm->over = false;
        alarm->one_shot = change->one_shot;
        alarm->until_mono_us = change->until_mono_us;
        alarm->until_utc_ms = change->until_utc_ms;
    }
    if (alarm_is_out_of_sight(alarm))
        alarm->chatter = (struct chatter){0};
    else
        alarm->latched = alarm->seen = false;
    alarm->told = alarm->state;
    alarm->recurred = false;
    alarm->count = 0;
    alarm->owes_count = false;
    alarm->counted_mono_us = change->at.mono_us;
    if (occurs) {
        alarm->owes_raise = false;
        alarm->occurrence = change->occurrence;
        alarm->first_out = change->first_out;
        alarm->since_utc_ms = change->at.utc_ms;
        alarm->raise_has_value = change->has_value;
        alarm->raise_quality = change->quality;
        alarm->raise_value = change->value;
    }
    alarm_told(alarm);
}

void alarm_commit_hushed(struct alarm *alarm, const struct rule *rule, const struct alarm_change *change)
{
    uint8_t const told = alarm->told;
    bool const recurred = alarm->recurred || change->occurrence != alarm->occurrence;
    alarm_commit(alarm, rule, change);
    alarm->told = told;
    alarm->recurred = recurred;
    alarm->count = change->count + (change->event == EVENT_RAISED ? 1 : 0);
    alarm_told(alarm);
}

bool alarm_behind(const struct alarm *alarm, struct alarm_moment at, struct alarm_change *ret_change)
{
    if (!alarm_is_behind(alarm))
        return false;
    *ret_change = (struct alarm_change){
        .event = EVENT_SUMMARISED,
        .from = alarm->told,
        .to = alarm->state,
        .has_value = alarm->has_value,
        .quality = alarm->quality,
        .first_out = alarm->first_out,
        .chattering = alarm->chatter.on,
        .count = alarm->count,
        .occurrence = alarm->occurrence,
        .value = alarm->value,
        .at = at,
        .until_utc_ms = alarm->until_utc_ms,
    };
    return true;
}

static const char *refusal_of(const struct alarm *alarm, const struct rule *rule, struct alarm_wish wish,
                              enum alarm_action action)
{
    if (!goes(alarm, action))
        return alarm_move(alarm->state, action)->refusal;
    if (wish.what == ALARM_RESET && alarm->condition)
        return "condition_active";
    if (wish.what == ALARM_SHELVE && (!rule->shelvable || rule->priority == PRIORITY_CRITICAL))
        return "not_shelvable";
    if (wish.what == ALARM_SHELVE && wish.for_ms > ALARM_SHELVE_MAX_MS)
        return "too_long";
    return NULL;
}

enum err alarm_obey(const struct alarm *alarm, const struct rule *rule, struct alarm_wish wish, struct alarm_moment at,
                    struct alarm_change *ret_change, const char **ret_code)
{
    static const enum alarm_action actions[] = {
        [ALARM_ACK] = DO_ACK,           [ALARM_RESET] = DO_RESET,     [ALARM_SHELVE] = DO_SHELVE,
        [ALARM_UNSHELVE] = DO_UNSHELVE, [ALARM_DISABLE] = DO_DISABLE, [ALARM_ENABLE] = DO_ENABLE,
    };
    CHECK(wish.what <= ALARM_ENABLE);
    const char *refusal = refusal_of(alarm, rule, wish, actions[wish.what]);
    if (refusal != NULL) {
        *ret_code = refusal;
        return ERR_REFUSED;
    }
    *ret_change = change_by(alarm, rule, actions[wish.what], at);
    if (wish.what == ALARM_SHELVE) {
        uint32_t const for_ms = wish.for_ms != 0 ? wish.for_ms : ALARM_SHELVE_MAX_MS;
        ret_change->one_shot = wish.one_shot;
        ret_change->until_mono_us = at.mono_us + (int64_t)for_ms * 1000;
        ret_change->until_utc_ms = at.utc_ms + for_ms;
    }
    return ERR_OK;
}
