/* An alarm of each kind under random signals, seeded: a second count of delays and of chattering agrees with it whatever else
 * happens, orders, suppression, floods, restarts, news that cannot be told; and every activation is told or counted. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/alarm.h"

#define S        INT64_C(1000000)
#define LIVES    400
#define STEPS    2000
#define CHATTERS (60 * S)

static uint64_t dice(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static bool chance(uint64_t *seed, unsigned one_in)
{
    return dice(seed) % one_in == 0;
}

/* The second count. It remembers spans of time, where the alarm remembers moments. */
struct reference {
    bool on;
    int64_t above_us;
    int64_t below_us;
    int before; /* the last reading: 1 above, -1 good below, 0 neither */
    int64_t before_us;
    bool chatters;
    int64_t times[3]; /* of activations in sight, the newest first; far in the past: none */
    unsigned activations;
};

#define LONG_AGO (-1000 * CHATTERS)

static void forget(struct reference *r)
{
    r->chatters = false;
    for (int i = 0; i < 3; i++)
        r->times[i] = LONG_AGO;
}

static void activate(struct reference *r, int64_t mono_us, bool in_sight)
{
    r->on = true;
    r->below_us = 0;
    r->activations++;
    if (!in_sight)
        return;
    memmove(&r->times[1], &r->times[0], 2 * sizeof r->times[0]);
    r->times[0] = mono_us;
    r->chatters = r->chatters || r->times[0] - r->times[2] <= CHATTERS;
}

static void refer_time(struct reference *r, const struct rule *rule, int64_t mono_us, bool in_sight)
{
    int64_t const span = mono_us - r->before_us;
    if (!r->on && r->before == 1)
        r->above_us += span;
    if (!r->on && r->before == 1 && r->above_us >= rule->on_delay_ms * INT64_C(1000))
        activate(r, mono_us, in_sight);
    if (r->chatters && r->on && mono_us - r->times[0] >= CHATTERS)
        forget(r);
}

/* What each kind looks at, by hand. */
static bool is_above(const struct rule *rule, double value, bool on)
{
    double const slack = on ? rule->deadband : 0;
    switch ((int)rule->kind) {
    case RULE_LO:
    case RULE_LOLO:
        return value <= rule->limit + slack;
    case RULE_EQUALS:
        return value >= rule->limit - slack && value <= rule->limit + slack;
    case RULE_STUCK:
        return !(value > rule->deadband);
    case RULE_BIT:
        return value > 0.5;
    case RULE_CODE:
        return (int)value == 3 || (int)value == 8;
    case RULE_RATE:
        return rule->limit > 0 ? value >= rule->limit - slack : value <= rule->limit + slack;
    default:
        return value >= rule->limit - slack;
    }
}

static void refer_reading(struct reference *r, const struct rule *rule, int64_t mono_us, double value,
                          enum quality quality, bool in_sight)
{
    bool const above = is_above(rule, value, r->on);
    int const now = quality == QUALITY_BAD ? 0 : above ? 1 : quality == QUALITY_GOOD ? -1 : 0;
    if (now == -1 && !r->on && r->chatters && mono_us - r->times[0] >= CHATTERS)
        forget(r);
    if (r->on && now == -1 && r->before == -1)
        r->below_us += mono_us - r->before_us;
    if (now == 1)
        r->below_us = 0;
    if (now == -1)
        r->above_us = 0;
    if (!r->on && now == 1 && rule->on_delay_ms == 0)
        activate(r, mono_us, in_sight);
    else if (r->on && now == -1 && r->below_us >= rule->off_delay_ms * INT64_C(1000))
        r->on = false;
    if (!r->on)
        r->below_us = 0;
    if (r->on)
        r->above_us = 0;
    r->before = now;
    r->before_us = mono_us;
}

struct life {
    uint64_t seed;
    uint64_t first_seed;
    struct rule rule;
    struct alarm alarm;
    struct reference reference;
    int64_t mono_us;
    double value;
    enum quality quality;
    unsigned wild; /* one in so many readings is anywhere */
    bool mute;     /* nothing can be told just now */
    bool flood;    /* changes are made without being told */
    uint8_t told;
    struct stored kept; /* what the journal has */
    unsigned raised;
    unsigned counted;
    unsigned rows; /* without a record */
};

static struct alarm_moment now_of(const struct life *life)
{
    return (struct alarm_moment){.mono_us = life->mono_us, .utc_ms = life->mono_us / 1000, .synced = true};
}

#define demand(life, holds)                                                                                            \
    do {                                                                                                               \
        if (!(holds))                                                                                                  \
            fail_msg("seed %llu, %.6f s: not so: %s", (unsigned long long)(life)->first_seed,                          \
                     (double)(life)->mono_us / 1e6, #holds);                                                           \
    } while (0)

static void record(struct life *life, const struct alarm_change *change)
{
    demand(life, change->from == life->told);
    demand(life, change->event != EVENT_CLEARED || !change->chattering);
    life->told = change->to;
    life->raised += change->event == EVENT_RAISED ? 1 : 0;
    life->counted += change->count;
    alarm_commit(&life->alarm, &life->rule, change);
    life->kept = alarm_stored(&life->alarm, &life->rule, 0);
    if (life->alarm.state >= ALARM_SHELVED)
        forget(&life->reference);
}

static void tell(struct life *life, const struct alarm_change *told)
{
    struct alarm_change change = *told;
    struct alarm_change behind;
    if (alarm_behind(&life->alarm, now_of(life), &behind)) {
        record(life, &behind);
        change.count -= behind.count;
    }
    record(life, &change);
}

static void settle(struct life *life)
{
    struct alarm_change change;
    for (int i = 0; !life->mute && alarm_owed(&life->alarm, &life->rule, &change); i++) {
        demand(life, i < 5);
        demand(life,
               change.event != EVENT_CLEARED || life->quality == QUALITY_GOOD || change.at.mono_us < life->mono_us);
        if (life->flood)
            alarm_commit_hushed(&life->alarm, &life->rule, &change);
        else
            tell(life, &change);
        life->kept = alarm_stored(&life->alarm, &life->rule, 0);
        if (life->alarm.state >= ALARM_SHELVED)
            forget(&life->reference);
    }
    if (!life->mute && !life->flood && alarm_behind(&life->alarm, now_of(life), &change))
        record(life, &change);
    if (life->mute || !alarm_untold(&life->alarm, &life->rule))
        return;
    life->kept = alarm_stored(&life->alarm, &life->rule, 0);
    alarm_told(&life->alarm);
    life->rows++;
}

/* What it looks at, of a signal that wanders between 0 and 100: a fall is a rise below 0, a code one of ten. */
static double measure(const struct life *life)
{
    double const signal = life->value;
    switch ((int)life->rule.kind) {
    case RULE_BIT:
        return signal > 50 ? 1 : 0;
    case RULE_CODE:
        return (double)((int)signal / 10);
    case RULE_EQUALS:
        return (double)((int)signal / 4 * 4 - 2); /* 50 among them */
    case RULE_RATE:
        return life->rule.limit < 0 ? -signal : signal;
    default:
        return signal;
    }
}

static void read_in(struct life *life)
{
    struct alarm_reading reading = {.at = now_of(life),
                                    .value = measure(life),
                                    .quality = life->quality,
                                    .has_value = life->quality != QUALITY_BAD};
    bool const in_sight = life->alarm.state < ALARM_SHELVED;
    bool const before = life->alarm.condition;
    alarm_tick(&life->alarm, &life->rule, reading.at);
    bool const ticked = life->alarm.condition;
    reading.crossing =
        reading.has_value ? alarm_crosses(&life->rule, reading.value, life->alarm.condition) : TRI_UNKNOWN;
    alarm_feed(&life->alarm, &life->rule, &reading);
    refer_time(&life->reference, &life->rule, life->mono_us, in_sight);
    refer_reading(&life->reference, &life->rule, life->mono_us, reading.value, life->quality, in_sight);
    demand(life, !before || ticked); /* no end without a reading */
    demand(life, life->alarm.condition || !ticked || life->quality == QUALITY_GOOD);
    demand(life, ticked || !life->alarm.condition || life->quality != QUALITY_BAD);
    demand(life, life->alarm.condition == life->reference.on);
    demand(life, life->alarm.chatter.on == life->reference.chatters);
}

static void order(struct life *life)
{
    static const uint8_t orders[] = {ALARM_ACK,    ALARM_ACK,      ALARM_ACK,    ALARM_RESET,
                                     ALARM_RESET,  ALARM_UNSHELVE, ALARM_ENABLE, ALARM_ENABLE,
                                     ALARM_ENABLE, ALARM_UNSHELVE, ALARM_SHELVE, ALARM_DISABLE};
    struct alarm_wish const wish = {.what = orders[dice(&life->seed) % ARRAY_SIZE(orders)],
                                    .one_shot = chance(&life->seed, 2),
                                    .for_ms = 1000 + (uint32_t)(dice(&life->seed) % 60000)};
    struct alarm_change change;
    const char *code = NULL;
    if (alarm_obey(&life->alarm, &life->rule, wish, now_of(life), &change, &code) == ERR_OK)
        tell(life, &change);
}

/* The journal has everything, but of an off-delay that runs only the last of eight steps, or of two seconds. */
static struct stored stored_at_a_kill(const struct life *life)
{
    struct stored now = alarm_stored(&life->alarm, &life->rule, 0);
    uint32_t const step_ms = life->rule.off_delay_ms > 16000 ? life->rule.off_delay_ms / 8 : 2000;
    demand(life, now.cleared_ms >= life->kept.cleared_ms && now.cleared_ms - life->kept.cleared_ms < step_ms);
    now.cleared_ms = life->kept.cleared_ms;
    demand(life, memcmp(&now, &life->kept, sizeof now) == 0);
    return now;
}

/* A kill, an orderly stop or a reboot, between two whole steps. */
static void restart(struct life *life)
{
    bool const rebooted = chance(&life->seed, 4);
    bool const killed = rebooted || chance(&life->seed, 2);
    struct stored stored = killed ? stored_at_a_kill(life) : alarm_stored(&life->alarm, &life->rule, 0);
    demand(life,
           killed || alarm_clears_further(&life->alarm, &life->rule) == (stored.cleared_ms != life->kept.cleared_ms));
    demand(life, stored.cleared_ms <= life->reference.below_us / 1000);
    demand(life, killed || life->rule.kind == RULE_STUCK || stored.cleared_ms == life->reference.below_us / 1000);
    life->kept = stored;
    if (rebooted)
        memset(life->kept.active_mono_ms, 0, sizeof life->kept.active_mono_ms); /* of another boot */
    stored.flags |= rebooted ? STORED_OTHER_BOOT : 0;
    bool const wanted = life->alarm.suppressing;
    alarm_init(&life->alarm);
    alarm_restore(&life->alarm, &life->rule, &stored, now_of(life));
    alarm_suppress(&life->alarm, &life->rule, wanted, now_of(life));
    demand(life, !alarm_untold(&life->alarm, &life->rule));
    struct reference *r = &life->reference;
    bool const chatters = r->chatters;
    if (chatters || rebooted)
        forget(r);
    r->chatters = chatters;
    for (int i = 0; i < 3; i++)
        r->times[i] -= r->times[i] % 1000;
    if (chatters)
        r->times[0] = life->mono_us;
    r->below_us = stored.cleared_ms * INT64_C(1000);
    r->before = 0;
}

static void look(struct life *life)
{
    const struct alarm *alarm = &life->alarm;
    bool const active = alarm->state == ALARM_UNACK || alarm->state == ALARM_ACKED;
    bool const in_sight = alarm->state < ALARM_SHELVED;
    demand(life, alarm->told == life->told);
    if (life->mute)
        return;
    demand(life, !in_sight || !alarm->condition || active);
    demand(life, !active || alarm->condition || alarm->chatter.on);
    demand(life, !alarm->chatter.on || active);
    demand(life, life->flood || !alarm_is_behind(alarm));
    demand(life, life->raised + life->counted + alarm->count == life->reference.activations);
}

/* Once it was looked at there is nothing left to do now. */
static void rest(struct life *life)
{
    if (life->mute)
        return;
    alarm_tick(&life->alarm, &life->rule, now_of(life));
    settle(life);
    demand(life, alarm_next_mono_us(&life->alarm, &life->rule) > life->mono_us);
}

/* Of the kinds that look at a point. */
static enum rule_kind kind_of(unsigned number)
{
    static const enum rule_kind kinds[] = {RULE_HI,   RULE_HIHI,  RULE_LO,  RULE_LOLO,   RULE_DEVIATION, RULE_RATE,
                                           RULE_RATE, RULE_STUCK, RULE_BIT, RULE_EQUALS, RULE_CODE};
    return kinds[number % ARRAY_SIZE(kinds)];
}

static void begin(struct life *life, uint64_t seed, unsigned number)
{
    *life = (struct life){.seed = seed, .first_seed = seed, .mono_us = S, .value = 40};
    life->rule =
        (struct rule){.kind = kind_of(number),
                      .limit = number % 11 == 6 ? -50 : 50,
                      .code_mask = UINT64_C(1) << 3 | UINT64_C(1) << 8,
                      .deadband = (double)(dice(&life->seed) % 10),
                      .on_delay_ms = (uint32_t)(dice(&life->seed) % 4 * 1000),
                      .off_delay_ms = (uint32_t)(dice(&life->seed) % 6 * (chance(&life->seed, 8) ? 5000 : 1000)),
                      .latch = chance(&life->seed, 2),
                      .shelvable = true,
                      .priority = PRIORITY_MEDIUM,
                      .rearm_ms = chance(&life->seed, 2) ? 30000 : 0,
                      .suppress_mask = 2};
    if (life->rule.kind == RULE_STUCK)
        life->rule.deadband += 40; /* it is the limit */
    life->wild = chance(&life->seed, 2) ? 4 : 100;
    alarm_init(&life->alarm);
    forget(&life->reference);
}

static void next_reading(struct life *life)
{
    uint64_t *seed = &life->seed;
    life->mono_us += chance(seed, 64) ? (int64_t)(dice(seed) % 70) * S + 1 : (int64_t)(dice(seed) % 1500000) + 1;
    double const step = (double)(dice(seed) % 1000) / 50 - 10;
    life->value = chance(seed, life->wild) ? (double)(dice(seed) % 100) : life->value + step;
    life->value = life->value < 0 ? 0 : life->value > 100 ? 100 : life->value;
    life->quality = chance(seed, 8) ? QUALITY_BAD : chance(seed, 8) ? QUALITY_UNCERTAIN : QUALITY_GOOD;
    if (chance(seed, 32))
        life->mute = !life->mute;
    if (chance(seed, 64))
        life->flood = !life->flood;
    if (chance(seed, 32))
        alarm_suppress(&life->alarm, &life->rule, chance(seed, 4), now_of(life));
}

struct seen {
    unsigned activations;
    unsigned chatters;
    unsigned counted;
    unsigned hushed;
    unsigned rows;
};

static void one_life(unsigned number, bool with_restarts, struct seen *seen)
{
    struct life life;
    begin(&life, number * UINT64_C(0x9E3779B97F4A7C15), number);
    if (with_restarts)
        life.rule.on_delay_ms = 0; /* a crossing that waits is looked at in test_alarm.c */
    for (int i = 0; i < STEPS; i++) {
        bool const chattered = life.alarm.chatter.on;
        next_reading(&life);
        read_in(&life);
        settle(&life);
        look(&life);
        if (!life.mute && chance(&life.seed, 16))
            order(&life);
        rest(&life);
        look(&life);
        if (with_restarts && !life.mute && chance(&life.seed, 64))
            restart(&life);
        seen->chatters += !chattered && life.alarm.chatter.on ? 1 : 0;
        seen->hushed += life.alarm.told != life.alarm.state ? 1 : 0;
    }
    seen->activations += life.reference.activations;
    seen->counted += life.counted;
    seen->rows += life.rows;
}

static void play(bool with_restarts)
{
    struct seen seen = {0};
    for (unsigned number = 1; number <= LIVES; number++)
        one_life(number, with_restarts, &seen);
    print_message("%u activations, %u of them in counts; %u times chattering; %u steps behind in a flood; %u rows\n",
                  seen.activations, seen.counted, seen.chatters, seen.hushed, seen.rows);
    assert_true(seen.activations > 10000 && seen.chatters > 500 && seen.counted > 1000 && seen.hushed > 1000);
}

static void test_random_signals(void **state)
{
    (void)state;
    play(false);
}

static void test_random_signals_with_restarts(void **state)
{
    (void)state;
    play(true);
}

/* --- rules without a point --- */

/* They know their truth at any time: each edge is of the microsecond in which its delay was over, and they alternate. */
static void one_truth(unsigned number)
{
    static const enum rule_kind kinds[] = {RULE_COMM, RULE_FAILED, RULE_DUE, RULE_USED};
    uint64_t seed = number * UINT64_C(0x9E3779B97F4A7C15);
    struct rule const rule = {.kind = kinds[number % ARRAY_SIZE(kinds)],
                              .on_delay_ms = (uint32_t)(dice(&seed) % 4 * 10000),
                              .off_delay_ms = (uint32_t)(dice(&seed) % 4 * 5000)};
    struct alarm alarm;
    alarm_init(&alarm);
    bool truth = false;
    bool expected = false;
    int64_t since_us = S; /* of the present truth */
    for (int64_t now_us = S, change_us = S; now_us < 4000 * S;) {
        if (now_us == change_us) {
            truth = !truth;
            since_us = now_us;
            change_us = now_us + 1 + (int64_t)(dice(&seed) % (uint64_t)(chance(&seed, 3) ? 60 * S : 12 * S));
        }
        struct alarm_reading const reading = {
            .at = {.mono_us = now_us}, .crossing = truth ? TRI_YES : TRI_NO, .quality = QUALITY_GOOD};
        alarm_tick(&alarm, &rule, reading.at);
        alarm_feed(&alarm, &rule, &reading);
        int64_t const delay_us = INT64_C(1000) * (truth ? rule.on_delay_ms : rule.off_delay_ms);
        if (now_us - since_us >= delay_us)
            expected = truth;
        if (alarm.condition != expected)
            fail_msg("truth %u, %.6f s: it is %d", number, (double)now_us / 1e6, alarm.condition);
        struct alarm_change change;
        while (alarm_owed(&alarm, &rule, &change))
            alarm_commit(&alarm, &rule, &change);
        int64_t next_us = alarm_next_mono_us(&alarm, &rule);
        assert_true(next_us > now_us);
        assert_true(expected == truth || next_us <= since_us + delay_us); /* what is to come is known */
        now_us = next_us < change_us ? next_us : change_us;
    }
}

static void test_rules_without_a_point(void **state)
{
    (void)state;
    for (unsigned number = 1; number <= LIVES; number++)
        one_truth(number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_signals),
        cmocka_unit_test(test_random_signals_with_restarts),
        cmocka_unit_test(test_rules_without_a_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
