#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/alarm.h"

#define S INT64_C(1000000)

static struct alarm_moment at(int64_t mono_us)
{
    return (struct alarm_moment){.mono_us = mono_us, .utc_ms = 1700000000000 + mono_us / 1000, .synced = true};
}

static struct rule gas(double limit, double deadband, uint32_t on_ms, uint32_t off_ms, bool latch)
{
    return (struct rule){.id = "gas.high",
                         .kind = RULE_HI,
                         .limit = limit,
                         .deadband = deadband,
                         .on_delay_ms = on_ms,
                         .off_delay_ms = off_ms,
                         .latch = latch};
}

static struct alarm_reading number(double value, enum quality quality)
{
    return (struct alarm_reading){.value = value, .has_value = quality != QUALITY_BAD, .quality = quality};
}

static struct alarm_wish wish(enum alarm_order what)
{
    return (struct alarm_wish){.what = (uint8_t)what};
}

/* One reading through the whole machine; what it has to tell is committed at once, into `told` ("raised cleared "). */
static void step(struct alarm *alarm, const struct rule *rule, int64_t mono_us, struct alarm_reading reading,
                 char *told)
{
    reading.at = at(mono_us);
    alarm_tick(alarm, rule, reading.at);
    reading.crossing = reading.has_value ? alarm_crosses(rule, reading.value, alarm->condition) : TRI_UNKNOWN;
    alarm_feed(alarm, rule, &reading);
    struct alarm_change change;
    while (alarm_owed(alarm, rule, &change)) {
        strcat(told, alarm_event_text((enum alarm_event)change.event));
        strcat(told, " ");
        alarm_commit(alarm, rule, &change);
    }
}

/* A condition-only feed, for the table test. */
static void feed(struct alarm *alarm, const struct rule *rule, int64_t mono_us, enum tri crossing, enum quality quality)
{
    struct alarm_reading reading = {.at = at(mono_us), .crossing = crossing, .quality = quality};
    alarm_feed(alarm, rule, &reading);
}

/* Restoring only asks whether a rule looks at a point. */
static const struct rule any_rule = {.kind = RULE_HI};

/* The table of ISA-18.2 as the domain states it, written down a second time: what each thing does in each state. "-":
 * nothing; "!code": refused. The latch column stands for rules that latch. */
enum doing { DO_ALM, DO_RTN, DO_ACK_, DO_RST, DO_BAD, DO_DOUBT_ALM, DO_DOUBT_RTN, DOING_COUNT };

static const struct {
    enum alarm_state state;
    const char *plain[DOING_COUNT];
    const char *latch[DOING_COUNT];
} table[] = {
    {ALARM_NORM,
     {"raised UNACK", "-", "!nothing_to_do", "!nothing_to_do", "-", "raised UNACK", "-"},
     {"raised UNACK", "-", "!nothing_to_do", "!nothing_to_do", "-", "raised UNACK", "-"}},
    {ALARM_UNACK,
     {"-", "cleared RTN_UNACK", "acked ACKED", "!condition_active", "-", "-", "-"},
     {"-", "cleared LATCH_UNACK", "acked ACKED", "!condition_active", "-", "-", "-"}},
    {ALARM_ACKED,
     {"-", "cleared NORM", "!nothing_to_do", "!condition_active", "-", "-", "-"},
     {"-", "cleared LATCH_ACKED", "!nothing_to_do", "!condition_active", "-", "-", "-"}},
    {ALARM_RTN_UNACK,
     {"raised UNACK", "-", "acked NORM", "!ack_first", "-", "raised UNACK", "-"},
     {"raised UNACK", "-", "acked NORM", "!ack_first", "-", "raised UNACK", "-"}},
    {ALARM_LATCH_UNACK,
     {"raised UNACK", "-", "acked LATCH_ACKED", "!ack_first", "-", "raised UNACK", "-"},
     {"raised UNACK", "-", "acked LATCH_ACKED", "!ack_first", "-", "raised UNACK", "-"}},
    {ALARM_LATCH_ACKED,
     {"raised UNACK", "-", "!nothing_to_do", "reset NORM", "-", "raised UNACK", "-"},
     {"raised UNACK", "-", "!nothing_to_do", "reset NORM", "-", "raised UNACK", "-"}},
};

static struct alarm in_state(enum alarm_state state)
{
    struct alarm alarm;
    struct stored stored = {.state = (uint8_t)state, .occurrence = 0, .since_utc_ms = 5};
    alarm_init(&alarm);
    alarm_restore(&alarm, &any_rule, &stored, at(0));
    alarm.known = true;
    return alarm;
}

static void describe(const struct alarm *alarm, const struct rule *rule, enum doing doing, char *ret_text, size_t size)
{
    struct alarm copy = *alarm;
    struct alarm_change change;
    const char *code = NULL;
    bool changes = false;
    switch (doing) {
    case DO_ACK_:
    case DO_RST:
        if (alarm_obey(&copy, rule, wish(doing == DO_ACK_ ? ALARM_ACK : ALARM_RESET), at(9 * S), &change, &code) ==
            ERR_OK)
            changes = true;
        break;
    case DO_ALM:
    case DO_DOUBT_ALM:
        feed(&copy, rule, 9 * S, TRI_YES, doing == DO_ALM ? QUALITY_GOOD : QUALITY_UNCERTAIN);
        changes = alarm_owed(&copy, rule, &change);
        break;
    case DO_RTN:
    case DO_DOUBT_RTN:
        feed(&copy, rule, 9 * S, TRI_NO, doing == DO_RTN ? QUALITY_GOOD : QUALITY_UNCERTAIN);
        changes = alarm_owed(&copy, rule, &change);
        break;
    case DO_BAD:
        feed(&copy, rule, 9 * S, TRI_UNKNOWN, QUALITY_BAD);
        changes = alarm_owed(&copy, rule, &change);
        break;
    case DOING_COUNT:
        break;
    }
    if (code != NULL)
        (void)snprintf(ret_text, size, "!%s", code);
    else if (!changes)
        (void)snprintf(ret_text, size, "-");
    else {
        assert_int_equal(change.from, alarm->state);
        assert_int_equal(change.occurrence, change.event == EVENT_RAISED ? 1 : 0);
        alarm_commit(&copy, rule, &change);
        assert_int_equal(copy.state, change.to);
        (void)snprintf(ret_text, size, "%s %s", alarm_event_text((enum alarm_event)change.event),
                       alarm_state_text((enum alarm_state)change.to));
    }
}

static void test_every_state_and_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        for (int latch = 0; latch < 2; latch++) {
            struct rule rule = gas(40, 0, 0, 0, latch != 0);
            struct alarm alarm = in_state(table[i].state);
            for (int doing = 0; doing < DOING_COUNT; doing++) {
                char got[64];
                describe(&alarm, &rule, (enum doing)doing, got, sizeof got);
                assert_string_equal(got, latch != 0 ? table[i].latch[doing] : table[i].plain[doing]);
            }
        }
    }
}

static void test_reset_is_refused_while_the_condition_runs_ahead(void **state)
{
    (void)state;
    struct rule rule = gas(40, 0, 0, 0, true);
    struct alarm alarm = in_state(ALARM_LATCH_ACKED);
    struct alarm_change change;
    const char *code = NULL;
    feed(&alarm, &rule, S, TRI_YES, QUALITY_GOOD); /* not told yet */
    assert_int_equal(alarm_obey(&alarm, &rule, wish(ALARM_RESET), at(S), &change, &code), ERR_REFUSED);
    assert_string_equal(code, "condition_active");
}

static void test_limits_and_deadbands(void **state)
{
    (void)state;
    struct {
        enum rule_kind kind;
        double limit, deadband, value;
        bool condition;
        enum tri crosses;
    } const cases[] = {
        {RULE_HI, 20, 2, 20, false, TRI_YES},
        {RULE_HI, 20, 2, 19.99, false, TRI_NO},
        {RULE_HI, 20, 2, 18, true, TRI_YES},
        {RULE_HI, 20, 2, 17.99, true, TRI_NO},
        {RULE_HIHI, 40, 3, 40, false, TRI_YES},
        {RULE_HIHI, 40, 3, 37, true, TRI_YES},
        {RULE_HIHI, 40, 3, 36.9, true, TRI_NO},
        {RULE_LO, 5, 1, 5, false, TRI_YES},
        {RULE_LO, 5, 1, 5.01, false, TRI_NO},
        {RULE_LO, 5, 1, 6, true, TRI_YES},
        {RULE_LO, 5, 1, 6.01, true, TRI_NO},
        {RULE_LOLO, 5, 0, 5, true, TRI_YES},
        {RULE_LOLO, 5, 0, 5.01, true, TRI_NO},
        {RULE_EQUALS, 7, 1, 7, false, TRI_YES},
        {RULE_EQUALS, 7, 1, 7.5, false, TRI_NO},
        {RULE_EQUALS, 7, 1, 7.5, true, TRI_YES},
        {RULE_EQUALS, 7, 1, 5.9, true, TRI_NO},
        {RULE_DEVIATION, 3, 1, 3, false, TRI_YES},
        {RULE_DEVIATION, 3, 1, 2.9, false, TRI_NO},
        {RULE_DEVIATION, 3, 1, 2, true, TRI_YES},
        {RULE_DEVIATION, 3, 1, 1.9, true, TRI_NO},
        {RULE_RATE, 8, 2, 8, false, TRI_YES},
        {RULE_RATE, 8, 2, 7.9, false, TRI_NO},
        {RULE_RATE, 8, 2, 6, true, TRI_YES},
        {RULE_RATE, 8, 2, 5.9, true, TRI_NO},
        {RULE_RATE, 8, 2, -9, false, TRI_NO},
        {RULE_RATE, -8, 2, -8, false, TRI_YES},
        {RULE_RATE, -8, 2, -7.9, false, TRI_NO},
        {RULE_RATE, -8, 2, -6, true, TRI_YES},
        {RULE_RATE, -8, 2, -5.9, true, TRI_NO},
        {RULE_RATE, -8, 2, 9, false, TRI_NO},
        {RULE_STUCK, 0, 0.5, 0.5, false, TRI_YES},
        {RULE_STUCK, 0, 0.5, 0.51, false, TRI_NO},
        {RULE_STUCK, 0, 0.5, 0.5, true, TRI_YES},
        {RULE_STUCK, 0, 0.5, 0.51, true, TRI_NO},
        {RULE_BIT, 0, 0, 1, false, TRI_YES},
        {RULE_BIT, 0, 0, 0, true, TRI_NO},
        {RULE_COMM, 0, 0, 1, false, TRI_UNKNOWN},
        {RULE_FAILED, 0, 0, 1, false, TRI_UNKNOWN},
        {RULE_KIND_COUNT, 0, 0, 1, false, TRI_UNKNOWN},
        {(enum rule_kind)99, 0, 0, 1, false, TRI_UNKNOWN}, /* of a later version of the program */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rule rule = {.kind = cases[i].kind, .limit = cases[i].limit, .deadband = cases[i].deadband};
        assert_int_equal(alarm_crosses(&rule, cases[i].value, cases[i].condition), cases[i].crosses);
    }
}

static void test_codes(void **state)
{
    (void)state;
    struct rule code = {.kind = RULE_CODE, .code_mask = UINT64_C(1) << 63 | 4};
    double const codes[] = {0, 2, 3, 63, 64, 4e9, -1};
    enum tri const wanted[] = {TRI_NO, TRI_YES, TRI_NO, TRI_YES, TRI_NO, TRI_NO, TRI_NO};
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        assert_int_equal(alarm_crosses(&code, codes[i], false), wanted[i]);
}

/* The condition is crossing AND gate, and the reading as good as the half that decided. */
static void test_a_gate_is_half_of_the_condition(void **state)
{
    (void)state;
    struct {
        enum tri crossing;
        enum quality quality;
        enum tri gate;
        enum quality gate_quality;
        enum tri wanted;
        enum quality wanted_quality;
    } const cases[] = {
        {TRI_YES, QUALITY_GOOD, TRI_YES, QUALITY_GOOD, TRI_YES, QUALITY_GOOD},
        {TRI_YES, QUALITY_UNCERTAIN, TRI_YES, QUALITY_GOOD, TRI_YES, QUALITY_UNCERTAIN},
        {TRI_NO, QUALITY_GOOD, TRI_YES, QUALITY_UNCERTAIN, TRI_NO, QUALITY_GOOD},
        {TRI_YES, QUALITY_GOOD, TRI_YES, QUALITY_BAD, TRI_YES, QUALITY_GOOD}, /* cannot be read: stands open */
        {TRI_UNKNOWN, QUALITY_BAD, TRI_YES, QUALITY_GOOD, TRI_UNKNOWN, QUALITY_BAD},
        {TRI_YES, QUALITY_GOOD, TRI_NO, QUALITY_GOOD, TRI_NO, QUALITY_GOOD},
        {TRI_YES, QUALITY_GOOD, TRI_NO, QUALITY_UNCERTAIN, TRI_NO, QUALITY_UNCERTAIN}, /* holds */
        {TRI_YES, QUALITY_UNCERTAIN, TRI_NO, QUALITY_GOOD, TRI_NO, QUALITY_GOOD},
        {TRI_UNKNOWN, QUALITY_BAD, TRI_NO, QUALITY_GOOD, TRI_NO, QUALITY_GOOD},
        {TRI_NO, QUALITY_GOOD, TRI_NO, QUALITY_UNCERTAIN, TRI_NO, QUALITY_GOOD}, /* either would do */
        {TRI_NO, QUALITY_UNCERTAIN, TRI_NO, QUALITY_GOOD, TRI_NO, QUALITY_GOOD},
        {TRI_YES, QUALITY_GOOD, TRI_UNKNOWN, QUALITY_BAD, TRI_UNKNOWN, QUALITY_GOOD}, /* not read since start */
        {TRI_NO, QUALITY_GOOD, TRI_UNKNOWN, QUALITY_BAD, TRI_NO, QUALITY_GOOD},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct alarm_reading reading = {.crossing = cases[i].crossing, .quality = cases[i].quality};
        alarm_gate(&reading, cases[i].gate, cases[i].gate_quality);
        if (reading.crossing != cases[i].wanted || reading.quality != cases[i].wanted_quality)
            fail_msg("case %zu: crossing %d, quality %d", i, (int)reading.crossing, (int)reading.quality);
    }
}

/* Nobody knows any more at what it stood: a standing begins anew at each start, what was raised stays. */
static void test_a_standing_is_not_kept(void **state)
{
    (void)state;
    struct rule rule = {.kind = RULE_STUCK, .on_delay_ms = 60000};
    struct alarm alarm;
    alarm_init(&alarm);
    feed(&alarm, &rule, 100 * S, TRI_YES, QUALITY_GOOD);
    assert_true(alarm.pending);
    assert_false(alarm_untold(&alarm, &rule));
    struct stored stored = alarm_stored(&alarm, &rule, 0);
    assert_int_equal(stored.pending_mono_ms, 0);
    stored.pending_mono_ms = 1;
    alarm_init(&alarm);
    alarm_restore(&alarm, &rule, &stored, at(0));
    assert_false(alarm.pending);
    stored.state = ALARM_UNACK;
    alarm_restore(&alarm, &rule, &stored, at(0));
    assert_true(alarm.condition);
}

/* Whatever is said of a bad reading: it is bad. */
static void test_a_bad_reading_says_nothing(void **state)
{
    (void)state;
    struct rule rule = gas(40, 0, 0, 0, false);
    struct alarm alarm;
    alarm_init(&alarm);
    feed(&alarm, &rule, S, TRI_YES, QUALITY_BAD);
    assert_false(alarm.condition || alarm.known);
    feed(&alarm, &rule, 2 * S, TRI_YES, QUALITY_GOOD);
    feed(&alarm, &rule, 3 * S, TRI_NO, QUALITY_BAD);
    assert_true(alarm.condition);
}

/* Delays end exactly when they end, polls or not. */
static void test_on_delay_is_exact(void **state)
{
    (void)state;
    struct rule rule = gas(20, 2, 3000, 10000, false);
    struct alarm alarm;
    char told[256] = "";
    alarm_init(&alarm);
    step(&alarm, &rule, 1 * S, number(25, QUALITY_GOOD), told);
    assert_true(alarm.pending);
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), 4 * S);
    alarm_tick(&alarm, &rule, at(4 * S - 1));
    assert_false(alarm.condition);
    alarm_tick(&alarm, &rule, at(4 * S));
    assert_true(alarm.condition);
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), ALARM_NEVER);
    struct alarm_change change;
    assert_true(alarm_owed(&alarm, &rule, &change));
    assert_int_equal(change.event, EVENT_RAISED);
    assert_int_equal(change.at.mono_us, 4 * S);
    assert_true(change.has_value && change.value > 24.9 && change.value < 25.1);
    assert_int_equal(change.occurrence, 1);
}

static void test_on_delay_begins_again_after_a_good_reading_below(void **state)
{
    (void)state;
    struct rule rule = gas(20, 2, 3000, 0, false);
    struct alarm alarm;
    char told[256] = "";
    alarm_init(&alarm);
    step(&alarm, &rule, 1 * S, number(25, QUALITY_GOOD), told);
    step(&alarm, &rule, 3 * S, number(19, QUALITY_GOOD), told); /* within the deadband, but nothing was raised */
    assert_false(alarm.pending);
    step(&alarm, &rule, 3500000, number(25, QUALITY_GOOD), told);
    alarm_tick(&alarm, &rule, at(6499999));
    assert_false(alarm.condition);
    alarm_tick(&alarm, &rule, at(6500000));
    assert_true(alarm.condition);
}

/* A delay that ended before a late reading has ended, even when that reading is below. */
static void test_a_delay_that_ended_has_ended(void **state)
{
    (void)state;
    struct rule rule = gas(20, 2, 3000, 0, false);
    struct alarm alarm;
    char told[256] = "";
    alarm_init(&alarm);
    step(&alarm, &rule, 1 * S, number(25, QUALITY_GOOD), told);
    step(&alarm, &rule, 9 * S, number(1, QUALITY_GOOD), told);
    assert_string_equal(told, "raised cleared ");
    assert_int_equal(alarm.state, ALARM_RTN_UNACK);
}

static void test_off_delay_needs_good_readings_all_along(void **state)
{
    (void)state;
    struct rule rule = gas(20, 2, 0, 10000, false);
    struct alarm alarm;
    char told[256] = "";
    alarm_init(&alarm);
    step(&alarm, &rule, 0, number(30, QUALITY_GOOD), told);
    step(&alarm, &rule, 1 * S, number(10, QUALITY_GOOD), told);
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), ALARM_NEVER); /* nothing clears by itself */
    step(&alarm, &rule, 8 * S, number(10, QUALITY_GOOD), told);       /* 7 s */
    step(&alarm, &rule, 9 * S, number(0, QUALITY_BAD), told);         /* stands still */
    step(&alarm, &rule, 60 * S, number(0, QUALITY_BAD), told);
    step(&alarm, &rule, 61 * S, number(10, QUALITY_GOOD), told); /* 7 s: begins a new pair */
    step(&alarm, &rule, 62 * S, number(10, QUALITY_UNCERTAIN), told);
    step(&alarm, &rule, 63 * S, number(10, QUALITY_GOOD), told);
    step(&alarm, &rule, 66 * S - 1, number(10, QUALITY_GOOD), told); /* 1 µs short of 10 s */
    assert_true(alarm.condition);
    step(&alarm, &rule, 66 * S, number(10, QUALITY_GOOD), told);
    assert_false(alarm.condition);
    assert_string_equal(told, "raised cleared ");
}

static void test_a_crossing_ends_the_off_delay(void **state)
{
    (void)state;
    struct rule rule = gas(20, 2, 0, 10000, false);
    struct alarm alarm;
    char told[256] = "";
    alarm_init(&alarm);
    step(&alarm, &rule, 0, number(30, QUALITY_GOOD), told);
    step(&alarm, &rule, 1 * S, number(10, QUALITY_GOOD), told);
    step(&alarm, &rule, 9 * S, number(10, QUALITY_GOOD), told);
    step(&alarm, &rule, 10 * S, number(19, QUALITY_GOOD), told); /* in the deadband: still on */
    step(&alarm, &rule, 11 * S, number(10, QUALITY_GOOD), told);
    step(&alarm, &rule, 20 * S, number(10, QUALITY_GOOD), told);
    assert_true(alarm.condition);
    step(&alarm, &rule, 21 * S, number(10, QUALITY_GOOD), told);
    assert_false(alarm.condition);
}

static void test_bad_readings_freeze_the_on_delay(void **state)
{
    (void)state;
    struct rule rule = gas(20, 2, 3000, 0, false);
    struct alarm alarm;
    char told[256] = "";
    alarm_init(&alarm);
    step(&alarm, &rule, 0, number(25, QUALITY_GOOD), told);
    step(&alarm, &rule, 2 * S, number(0, QUALITY_BAD), told);
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), ALARM_NEVER);
    step(&alarm, &rule, 50 * S, number(0, QUALITY_BAD), told);
    step(&alarm, &rule, 60 * S, number(5, QUALITY_UNCERTAIN), told); /* doubt below: stands, is not forgotten */
    assert_false(alarm.condition);
    step(&alarm, &rule, 100 * S, number(25, QUALITY_UNCERTAIN), told); /* doubt above counts */
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), 101 * S);
    alarm_tick(&alarm, &rule, at(101 * S));
    assert_true(alarm.condition);
}

/* A reading that overtakes another by a moment does not turn the clocks back. */
static void test_time_does_not_run_backwards(void **state)
{
    (void)state;
    struct rule rule = gas(20, 0, 3000, 5000, false);
    struct alarm alarm;
    char told[256] = "";
    alarm_init(&alarm);
    step(&alarm, &rule, 10 * S, number(25, QUALITY_GOOD), told);
    step(&alarm, &rule, 11 * S, number(0, QUALITY_BAD), told);
    step(&alarm, &rule, 11 * S - 5, number(25, QUALITY_GOOD), told);
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), 13 * S);
    alarm_tick(&alarm, &rule, at(13 * S));
    step(&alarm, &rule, 20 * S, number(5, QUALITY_GOOD), told);
    step(&alarm, &rule, 20 * S - 5, number(5, QUALITY_GOOD), told);
    assert_int_equal(alarm.cleared_for_us, 0);
}

static void test_rules_without_a_point_clear_by_time(void **state)
{
    (void)state;
    struct rule rule = {.kind = RULE_COMM, .on_delay_ms = 30000, .off_delay_ms = 5000};
    struct alarm alarm;
    alarm_init(&alarm);
    feed(&alarm, &rule, 0, TRI_YES, QUALITY_GOOD);
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), 30 * S);
    assert_false(alarm_untold(&alarm, &rule));
    alarm_tick(&alarm, &rule, at(30 * S));
    assert_true(alarm.condition);
    feed(&alarm, &rule, 40 * S, TRI_NO, QUALITY_GOOD);
    feed(&alarm, &rule, 42 * S, TRI_NO, QUALITY_GOOD);
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), 45 * S);
    feed(&alarm, &rule, 45 * S, TRI_NO, QUALITY_GOOD);
    assert_false(alarm.condition);
}

/* A loss that waits is not kept, not even beside a state that is: at each start it is found anew. */
static void test_a_waiting_loss_is_not_kept(void **state)
{
    (void)state;
    struct rule rule = {.kind = RULE_COMM, .on_delay_ms = 30000, .off_delay_ms = 5000};
    struct stored unacked = {.state = ALARM_RTN_UNACK};
    struct alarm alarm;
    struct alarm_change change;
    const char *code = NULL;
    alarm_init(&alarm);
    alarm_restore(&alarm, &rule, &unacked, at(0));
    feed(&alarm, &rule, 100 * S, TRI_YES, QUALITY_GOOD);
    assert_true(alarm.pending);
    assert_int_equal(alarm_obey(&alarm, &rule, wish(ALARM_ACK), at(110 * S), &change, &code), ERR_OK);
    alarm_commit(&alarm, &rule, &change);
    struct stored stored = alarm_stored(&alarm, &rule, 0);
    assert_int_equal(stored.pending_mono_ms, 0);
    stored.pending_mono_ms = 100000; /* of a journal that an older version wrote */
    alarm_init(&alarm);
    alarm_restore(&alarm, &rule, &stored, at(0));
    feed(&alarm, &rule, 500 * S, TRI_YES, QUALITY_GOOD);
    assert_false(alarm.condition);
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), 530 * S);
}

/* While nobody takes the news the condition goes on by itself, and what was raised is still told. */
static void test_condition_runs_ahead_of_the_news(void **state)
{
    (void)state;
    struct rule rule = gas(40, 0, 0, 0, true);
    struct alarm alarm;
    struct alarm_change change;
    alarm_init(&alarm);
    feed(&alarm, &rule, 1 * S, TRI_YES, QUALITY_GOOD);
    assert_true(alarm.condition);
    assert_int_equal(alarm.state, ALARM_NORM);
    feed(&alarm, &rule, 2 * S, TRI_NO, QUALITY_GOOD);
    feed(&alarm, &rule, 3 * S, TRI_YES, QUALITY_GOOD); /* the same occurrence: the first was not told */
    feed(&alarm, &rule, 4 * S, TRI_NO, QUALITY_GOOD);
    assert_false(alarm.condition);
    assert_true(alarm_owed(&alarm, &rule, &change));
    assert_int_equal(change.event, EVENT_RAISED);
    assert_int_equal(change.at.mono_us, 1 * S);
    alarm_commit(&alarm, &rule, &change);
    assert_true(alarm_owed(&alarm, &rule, &change));
    assert_int_equal(change.event, EVENT_CLEARED);
    assert_int_equal(change.at.mono_us, 4 * S);
    assert_int_equal(change.to, ALARM_LATCH_UNACK);
    alarm_commit(&alarm, &rule, &change);
    assert_false(alarm_owed(&alarm, &rule, &change));
    assert_int_equal(alarm.occurrence, 1);
    /* An end that was not told, and a new beginning: the occurrence goes on. */
    feed(&alarm, &rule, 5 * S, TRI_YES, QUALITY_GOOD);
    assert_true(alarm_owed(&alarm, &rule, &change));
    alarm_commit(&alarm, &rule, &change);
    feed(&alarm, &rule, 6 * S, TRI_NO, QUALITY_GOOD);
    feed(&alarm, &rule, 7 * S, TRI_YES, QUALITY_GOOD);
    assert_false(alarm_owed(&alarm, &rule, &change));
    assert_int_equal(alarm.occurrence, 2);
}

static void test_nothing_happens_before_the_first_reading(void **state)
{
    (void)state;
    struct rule rule = gas(40, 0, 3000, 0, true);
    struct alarm_change change;
    for (int s = ALARM_NORM; s <= ALARM_LATCH_ACKED; s++) {
        struct alarm alarm;
        struct stored stored = {.state = (uint8_t)s, .pending_mono_ms = s == ALARM_NORM ? 1 : 0};
        alarm_init(&alarm);
        alarm_restore(&alarm, &any_rule, &stored, at(0));
        alarm_tick(&alarm, &rule, at(100 * S));
        feed(&alarm, &rule, 101 * S, TRI_UNKNOWN, QUALITY_BAD);
        alarm_tick(&alarm, &rule, at(1000 * S));
        assert_false(alarm_owed(&alarm, &rule, &change));
        assert_int_equal(alarm_next_mono_us(&alarm, &rule), ALARM_NEVER);
        assert_int_equal(alarm.state, s);
        assert_false(alarm.known);
    }
}

/* Stopped and started after every step of a life with all transitions: the second half goes on as if nothing was. */
static struct alarm restart(const struct alarm *alarm, bool rebooted)
{
    struct stored stored = alarm_stored(alarm, &any_rule, 7);
    assert_int_equal(stored.index, 7);
    assert_int_equal(stored.kind, STORED_RULE);
    assert_int_equal((stored.flags & STORED_CONDITION) != 0, alarm->condition);
    if (rebooted)
        stored.flags |= STORED_OTHER_BOOT;
    struct alarm again;
    alarm_init(&again);
    stored.occurrence = 0;
    alarm_restore(&again, &any_rule, &stored, at(0));
    return again;
}

static void test_restart_after_every_transition(void **state)
{
    (void)state;
    struct rule rule = gas(40, 3, 0, 0, true);
    static const struct {
        double value;
        int order; /* -1 none */
        const char *told;
        enum alarm_state state;
    } life[] = {
        {10, -1, "", ALARM_NORM},
        {50, -1, "raised ", ALARM_UNACK},
        {50, ALARM_ACK, "", ALARM_ACKED},
        {10, -1, "cleared ", ALARM_LATCH_ACKED},
        {10, ALARM_RESET, "", ALARM_NORM},
        {45, -1, "raised ", ALARM_UNACK},
        {10, -1, "cleared ", ALARM_LATCH_UNACK},
        {60, -1, "raised ", ALARM_UNACK},
        {38, -1, "", ALARM_UNACK}, /* in the deadband: it must remember that it is on */
        {10, -1, "cleared ", ALARM_LATCH_UNACK},
        {10, ALARM_ACK, "", ALARM_LATCH_ACKED},
        {10, ALARM_RESET, "", ALARM_NORM},
    };
    for (int rebooted = 0; rebooted < 2; rebooted++) {
        struct alarm alarm;
        alarm_init(&alarm);
        for (size_t i = 0; i < ARRAY_SIZE(life); i++) {
            char told[256] = "";
            int64_t const now_us = (int64_t)i * 20 * S; /* more of them in a minute would be chattering */
            step(&alarm, &rule, now_us, number(life[i].value, QUALITY_GOOD), told);
            assert_string_equal(told, life[i].told);
            struct alarm_change change;
            const char *code = NULL;
            if (life[i].order >= 0) {
                assert_int_equal(
                    alarm_obey(&alarm, &rule, wish((enum alarm_order)life[i].order), at(now_us), &change, &code),
                    ERR_OK);
                alarm_commit(&alarm, &rule, &change);
            }
            assert_int_equal(alarm.state, life[i].state);
            struct alarm again = restart(&alarm, rebooted != 0);
            assert_int_equal(again.state, alarm.state);
            assert_int_equal(again.condition, alarm.condition);
            assert_int_equal(again.since_utc_ms, alarm.since_utc_ms);
            assert_false(alarm_owed(&again, &rule, &change));
            alarm = again;
        }
    }
}

static void test_pending_crossing_survives_restart(void **state)
{
    (void)state;
    struct rule rule = gas(20, 2, 3000, 0, false);
    struct alarm alarm;
    char told[256] = "";
    alarm_init(&alarm);
    step(&alarm, &rule, 10 * S, number(25, QUALITY_GOOD), told);
    assert_true(alarm_untold(&alarm, &rule));
    assert_int_equal(alarm_stored(&alarm, &any_rule, 0).pending_mono_ms, 10000);
    alarm_told(&alarm);
    assert_false(alarm_untold(&alarm, &rule));

    struct alarm same = restart(&alarm, false);
    step(&same, &rule, 11 * S, number(25, QUALITY_GOOD), told);
    assert_false(same.condition);
    assert_int_equal(alarm_next_mono_us(&same, &rule), 13 * S); /* goes on from where it began */
    struct alarm over = restart(&alarm, false);
    step(&over, &rule, 14 * S, number(25, QUALITY_GOOD), told);
    assert_true(over.condition);
    struct alarm below = restart(&alarm, false);
    step(&below, &rule, 14 * S, number(5, QUALITY_GOOD), told);
    assert_false(below.condition || below.pending);
    assert_true(alarm_untold(&below, &rule)); /* the journal still knows of it */

    struct alarm rebooted = restart(&alarm, true);
    assert_int_equal(alarm_stored(&rebooted, &any_rule, 0).pending_mono_ms, 1);
    step(&rebooted, &rule, 1 * S, number(25, QUALITY_GOOD), told);
    assert_true(rebooted.condition);
    struct alarm rebooted_below = restart(&alarm, true);
    step(&rebooted_below, &rule, 1 * S, number(5, QUALITY_GOOD), told);
    assert_false(rebooted_below.condition);
    assert_string_equal(told, "raised raised ");
}

/* A state that comes late merges with what was read meanwhile. */
static void test_late_restore(void **state)
{
    (void)state;
    struct rule rule = gas(20, 2, 3000, 0, false);
    char told[256] = "";
    struct stored waiting = {.state = ALARM_NORM, .pending_mono_ms = 8000};
    struct alarm alarm;
    alarm_init(&alarm);
    step(&alarm, &rule, 10 * S, number(5, QUALITY_GOOD), told);
    alarm_restore(&alarm, &any_rule, &waiting, at(0)); /* it was read and does not cross */
    assert_false(alarm.pending);
    assert_true(alarm_untold(&alarm, &rule));

    alarm_init(&alarm);
    step(&alarm, &rule, 10 * S, number(25, QUALITY_GOOD), told);
    alarm_restore(&alarm, &any_rule, &waiting, at(0)); /* it crosses: since then */
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), 11 * S);

    struct stored active = {.state = ALARM_ACKED, .has_value = 1, .value = 33};
    alarm_restore(&alarm, &any_rule, &active, at(0));
    assert_true(alarm.condition);
    assert_true(alarm.value > 24 && alarm.value < 26); /* the reading of today stays */
    struct alarm fresh;
    alarm_init(&fresh);
    alarm_restore(&fresh, &any_rule, &active, at(0));
    assert_true(fresh.has_value && fresh.value > 32 && fresh.value < 34);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_state_and_event),
        cmocka_unit_test(test_reset_is_refused_while_the_condition_runs_ahead),
        cmocka_unit_test(test_limits_and_deadbands),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_a_gate_is_half_of_the_condition),
        cmocka_unit_test(test_a_standing_is_not_kept),
        cmocka_unit_test(test_a_bad_reading_says_nothing),
        cmocka_unit_test(test_on_delay_is_exact),
        cmocka_unit_test(test_on_delay_begins_again_after_a_good_reading_below),
        cmocka_unit_test(test_a_delay_that_ended_has_ended),
        cmocka_unit_test(test_off_delay_needs_good_readings_all_along),
        cmocka_unit_test(test_a_crossing_ends_the_off_delay),
        cmocka_unit_test(test_bad_readings_freeze_the_on_delay),
        cmocka_unit_test(test_time_does_not_run_backwards),
        cmocka_unit_test(test_rules_without_a_point_clear_by_time),
        cmocka_unit_test(test_a_waiting_loss_is_not_kept),
        cmocka_unit_test(test_condition_runs_ahead_of_the_news),
        cmocka_unit_test(test_nothing_happens_before_the_first_reading),
        cmocka_unit_test(test_restart_after_every_transition),
        cmocka_unit_test(test_pending_crossing_survives_restart),
        cmocka_unit_test(test_late_restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
