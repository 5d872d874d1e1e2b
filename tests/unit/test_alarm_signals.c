/* An alarm under random signals, seeded: a second count of delays and of chattering agrees with it whatever else happens,
 * orders, suppression, floods, restarts, news that cannot be told; and every activation is told or counted. */
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

static void refer_reading(struct reference *r, const struct rule *rule, int64_t mono_us, double value,
                          enum quality quality, bool in_sight)
{
    double const edge = r->on ? rule->limit - rule->deadband : rule->limit;
    int const now = quality == QUALITY_BAD ? 0 : value >= edge ? 1 : quality == QUALITY_GOOD ? -1 : 0;
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
    unsigned raised;
    unsigned counted;
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
        if (life->alarm.state >= ALARM_SHELVED)
            forget(&life->reference);
    }
    if (!life->mute && !life->flood && alarm_behind(&life->alarm, now_of(life), &change))
        record(life, &change);
}

static void read_in(struct life *life)
{
    struct alarm_reading reading = {
        .at = now_of(life), .value = life->value, .quality = life->quality, .has_value = life->quality != QUALITY_BAD};
    bool const in_sight = life->alarm.state < ALARM_SHELVED;
    bool const before = life->alarm.condition;
    alarm_tick(&life->alarm, &life->rule, reading.at);
    bool const ticked = life->alarm.condition;
    reading.crossing =
        reading.has_value ? alarm_crosses(&life->rule, reading.value, life->alarm.condition) : TRI_UNKNOWN;
    alarm_feed(&life->alarm, &life->rule, &reading);
    refer_time(&life->reference, &life->rule, life->mono_us, in_sight);
    refer_reading(&life->reference, &life->rule, life->mono_us, life->value, life->quality, in_sight);
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

/* Only between two whole steps, as it is stored. */
static void restart(struct life *life)
{
    struct stored const stored = alarm_stored(&life->alarm, &life->rule, 0);
    bool const wanted = life->alarm.suppressing;
    alarm_init(&life->alarm);
    alarm_restore(&life->alarm, &life->rule, &stored, now_of(life));
    alarm_suppress(&life->alarm, &life->rule, wanted, now_of(life));
    demand(life, !alarm_untold(&life->alarm, &life->rule));
    bool const chatters = life->reference.chatters;
    forget(&life->reference);
    life->reference.chatters = chatters;
    if (chatters)
        life->reference.times[0] = life->mono_us;
    life->reference.below_us = 0;
    life->reference.before = 0;
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

static void begin(struct life *life, uint64_t seed)
{
    *life = (struct life){.seed = seed, .first_seed = seed, .mono_us = S, .value = 40};
    life->rule = (struct rule){.kind = RULE_HI,
                               .limit = 50,
                               .deadband = (double)(dice(&life->seed) % 10),
                               .on_delay_ms = (uint32_t)(dice(&life->seed) % 4 * 1000),
                               .off_delay_ms = (uint32_t)(dice(&life->seed) % 6 * 1000),
                               .latch = chance(&life->seed, 2),
                               .shelvable = true,
                               .priority = PRIORITY_MEDIUM,
                               .rearm_ms = chance(&life->seed, 2) ? 30000 : 0,
                               .suppress_mask = 2};
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
};

static void one_life(uint64_t seed, bool with_restarts, struct seen *seen)
{
    struct life life;
    begin(&life, seed);
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
}

static void play(bool with_restarts)
{
    struct seen seen = {0};
    for (uint64_t seed = 1; seed <= LIVES; seed++)
        one_life(seed * UINT64_C(0x9E3779B97F4A7C15), with_restarts, &seen);
    print_message("%u activations, %u of them in counts; %u times chattering; %u steps behind in a flood\n",
                  seen.activations, seen.counted, seen.chatters, seen.hushed);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_signals),
        cmocka_unit_test(test_random_signals_with_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
