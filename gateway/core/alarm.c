#include "gateway/core/alarm.h"

#include <math.h>
#include <stddef.h>

#include "gateway/base/check.h"

/* What can happen to a state. Shelving, suppressing and taking out of service get their columns here. */
enum action { DO_RAISE, DO_CLEAR, DO_ACK, DO_RESET, ACTION_COUNT };

struct move {
    bool goes;
    uint8_t event;
    uint8_t to;
    uint8_t to_latched; /* the same for a rule that latches */
    const char *refusal;
};

#define STAY                                                                                                           \
    {                                                                                                                  \
        .goes = false, .refusal = "nothing_to_do"                                                                      \
    }
#define REFUSE(code)                                                                                                   \
    {                                                                                                                  \
        .goes = false, .refusal = (code)                                                                               \
    }
#define GO(event_, to_)                                                                                                \
    {                                                                                                                  \
        true, (event_), (to_), (to_), NULL                                                                             \
    }
#define GO_OR(event_, to_, latched)                                                                                    \
    {                                                                                                                  \
        true, (event_), (to_), (latched), NULL                                                                         \
    }
#define LATER                                                                                                          \
    {                                                                                                                  \
        REFUSE("not_supported"), REFUSE("not_supported"), REFUSE("not_supported"), REFUSE("not_supported")             \
    }

/* The whole behaviour: state x action. A raise in UNACK or ACKED changes nothing; from anywhere else it is a new
 * occurrence. */
/* clang-format off */
static const struct move moves[ALARM_STATE_COUNT][ACTION_COUNT] = {
    [ALARM_NORM]        = {[DO_RAISE] = GO(EVENT_RAISED, ALARM_UNACK),
                           [DO_CLEAR] = STAY,
                           [DO_ACK]   = STAY,
                           [DO_RESET] = STAY},
    [ALARM_UNACK]       = {[DO_RAISE] = STAY,
                           [DO_CLEAR] = GO_OR(EVENT_CLEARED, ALARM_RTN_UNACK, ALARM_LATCH_UNACK),
                           [DO_ACK]   = GO(EVENT_ACKED, ALARM_ACKED),
                           [DO_RESET] = REFUSE("condition_active")},
    [ALARM_ACKED]       = {[DO_RAISE] = STAY,
                           [DO_CLEAR] = GO_OR(EVENT_CLEARED, ALARM_NORM, ALARM_LATCH_ACKED),
                           [DO_ACK]   = STAY,
                           [DO_RESET] = REFUSE("condition_active")},
    [ALARM_RTN_UNACK]   = {[DO_RAISE] = GO(EVENT_RAISED, ALARM_UNACK),
                           [DO_CLEAR] = STAY,
                           [DO_ACK]   = GO(EVENT_ACKED, ALARM_NORM),
                           [DO_RESET] = REFUSE("ack_first")},
    [ALARM_LATCH_UNACK] = {[DO_RAISE] = GO(EVENT_RAISED, ALARM_UNACK),
                           [DO_CLEAR] = STAY,
                           [DO_ACK]   = GO(EVENT_ACKED, ALARM_LATCH_ACKED),
                           [DO_RESET] = REFUSE("ack_first")},
    [ALARM_LATCH_ACKED] = {[DO_RAISE] = GO(EVENT_RAISED, ALARM_UNACK),
                           [DO_CLEAR] = STAY,
                           [DO_ACK]   = STAY,
                           [DO_RESET] = GO(EVENT_RESET, ALARM_NORM)},
    [ALARM_SHELVED]     = LATER,
    [ALARM_SUPPRESSED]  = LATER,
    [ALARM_OOS]         = LATER,
};
/* clang-format on */

void alarm_init(struct alarm *alarm)
{
    *alarm = (struct alarm){.state = ALARM_NORM};
}

static bool has_point(const struct rule *rule)
{
    return rule->kind != RULE_COMM && rule->kind != RULE_FAILED;
}

/* A waiting crossing goes on over a restart. */
static bool keeps_pending(const struct rule *rule)
{
    return has_point(rule) && rule->kind != RULE_STUCK;
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

static void begin(struct alarm *alarm, struct alarm_moment at)
{
    alarm->condition = true;
    alarm->moved = true;
    alarm->pending = false;
    alarm->running = false;
    alarm->frozen = false;
    if (!moves[alarm->state][DO_RAISE].goes)
        return; /* its end was never told: the same occurrence goes on */
    if (alarm->owes_raise)
        return;
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
}

void alarm_tick(struct alarm *alarm, const struct rule *rule, struct alarm_moment at)
{
    if (!alarm->pending || !alarm->running)
        return;
    int64_t due_mono_us = alarm->pending_mono_us + (int64_t)rule->on_delay_ms * 1000;
    if (at.mono_us < due_mono_us)
        return;
    begin(alarm, at);
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
    alarm->running = false;
    alarm->frozen = false;
    if (!alarm->condition)
        return;
    if (alarm->clearing)
        alarm->cleared_for_us += span(alarm->clearing_mono_us, at.mono_us);
    alarm->clearing = true;
    alarm->clearing_mono_us = at.mono_us;
    if (alarm->cleared_for_us < (int64_t)rule->off_delay_ms * 1000)
        return;
    alarm->clearing = false;
    alarm->cleared_for_us = 0;
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

int64_t alarm_next_mono_us(const struct alarm *alarm, const struct rule *rule)
{
    if (alarm->pending && alarm->running)
        return alarm->pending_mono_us + (int64_t)rule->on_delay_ms * 1000;
    if (alarm->clearing && !has_point(rule))
        return alarm->clearing_mono_us + (int64_t)rule->off_delay_ms * 1000 - alarm->cleared_for_us;
    return ALARM_NEVER;
}

static struct alarm_change change_by(const struct alarm *alarm, const struct rule *rule, const struct move *move,
                                     struct alarm_moment at)
{
    return (struct alarm_change){
        .event = move->event,
        .from = alarm->state,
        .to = rule->latch ? move->to_latched : move->to,
        .has_value = alarm->has_value,
        .quality = alarm->quality,
        .occurrence = alarm->occurrence,
        .value = alarm->value,
        .at = at,
    };
}

bool alarm_owed(const struct alarm *alarm, const struct rule *rule, struct alarm_change *ret_change)
{
    if (alarm->owes_raise) {
        *ret_change = change_by(alarm, rule, &moves[alarm->state][DO_RAISE], alarm->raised_at);
        ret_change->occurrence = alarm->occurrence + 1;
        ret_change->has_value = alarm->raise_has_value;
        ret_change->quality = alarm->raise_quality;
        ret_change->value = alarm->raise_value;
        return true;
    }
    if (alarm->condition || !moves[alarm->state][DO_CLEAR].goes)
        return false;
    *ret_change = change_by(alarm, rule, &moves[alarm->state][DO_CLEAR], alarm->ended_at);
    return true;
}

void alarm_commit(struct alarm *alarm, const struct alarm_change *change)
{
    CHECK(alarm->state == change->from);
    alarm->state = change->to;
    alarm->moved = true;
    alarm_told(alarm);
    if (change->event != EVENT_RAISED)
        return;
    alarm->owes_raise = false;
    alarm->occurrence = change->occurrence;
    alarm->since_utc_ms = change->at.utc_ms;
}

enum err alarm_obey(const struct alarm *alarm, const struct rule *rule, enum alarm_order order, struct alarm_moment at,
                    struct alarm_change *ret_change, const char **ret_code)
{
    const struct move *move = &moves[alarm->state][order == ALARM_ACK ? DO_ACK : DO_RESET];
    if (!move->goes) {
        *ret_code = move->refusal;
        return ERR_REFUSED;
    }
    if (order == ALARM_RESET && alarm->condition) {
        *ret_code = "condition_active";
        return ERR_REFUSED;
    }
    *ret_change = change_by(alarm, rule, move, at);
    return ERR_OK;
}

void alarm_restore(struct alarm *alarm, const struct rule *rule, const struct stored *stored)
{
    alarm->state = stored->state < ALARM_SHELVED ? stored->state : (uint8_t)ALARM_NORM;
    alarm->condition = alarm->state == ALARM_UNACK || alarm->state == ALARM_ACKED;
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
    alarm->told_pending_ms = stored->pending_mono_ms;
    alarm->clearing = false;
    alarm->cleared_for_us = 0;
    if (!keeps_pending(rule) || alarm->condition || stored->pending_mono_ms == 0 || (alarm->known && !alarm->pending))
        return;
    alarm->pending = true;
    alarm->pending_mono_us = stored->pending_mono_ms * 1000;
    if ((stored->flags & STORED_OTHER_BOOT) != 0)
        alarm->pending_mono_us = INT64_MIN / 2; /* long ago on any clock */
}

static int64_t pending_ms(const struct alarm *alarm)
{
    if (!alarm->pending)
        return 0;
    int64_t mono_ms = alarm->pending_mono_us / 1000;
    return mono_ms > 0 ? mono_ms : 1;
}

struct stored alarm_stored(const struct alarm *alarm, const struct rule *rule, uint32_t index)
{
    return (struct stored){
        .kind = STORED_RULE,
        .state = alarm->state,
        .flags = alarm->condition ? STORED_CONDITION : 0,
        .index = index,
        .occurrence = alarm->occurrence,
        .quality = alarm->raise_quality,
        .has_value = alarm->raise_has_value,
        .since_utc_ms = alarm->since_utc_ms,
        .pending_mono_ms = keeps_pending(rule) ? pending_ms(alarm) : 0,
        .value = alarm->raise_value,
    };
}

bool alarm_untold(const struct alarm *alarm, const struct rule *rule)
{
    if (!keeps_pending(rule))
        return false;
    return alarm->pending != (alarm->told_pending_ms != 0);
}

void alarm_told(struct alarm *alarm)
{
    alarm->told_pending_ms = pending_ms(alarm);
}
