/* What the journal keeps of an alarm, field by field, and what becomes of it when it is put back. */
#include "tests/support/test.h"

#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/alarm.h"

#define S INT64_C(1000000)

static struct alarm_moment at(int64_t mono_us)
{
    return (struct alarm_moment){.mono_us = mono_us, .utc_ms = 1700000000000 + mono_us / 1000, .synced = true};
}

static const struct rule limit = {
    .kind = RULE_HI, .limit = 50, .on_delay_ms = 3000, .shelvable = true, .priority = PRIORITY_MEDIUM};

static struct alarm put_back(const struct rule *rule, struct stored stored, int64_t mono_us)
{
    struct alarm alarm;
    alarm_init(&alarm);
    alarm_restore(&alarm, rule, &stored, at(mono_us));
    return alarm;
}

/* A state that this version does not know counts as normal; what else was stored with it moves nothing. */
static void test_a_state_of_a_later_version(void **state)
{
    (void)state;
    for (unsigned unknown = ALARM_STATE_COUNT; unknown <= UINT8_MAX; unknown++) {
        struct alarm alarm = put_back(
            &limit, (struct stored){.state = (uint8_t)unknown, .until_mono_ms = 2000, .until_utc_ms = 1700000002000},
            S);
        struct alarm_change change;
        assert_int_equal(alarm.state, ALARM_NORM);
        alarm_tick(&alarm, &limit, at(100 * S));
        assert_false(alarm_owed(&alarm, &limit, &change));
        assert_false(alarm_is_behind(&alarm));
    }
}

/* What was told last, where it moved without being told. */
static void test_behind_what_was_told(void **state)
{
    (void)state;
    for (unsigned told = 0; told <= ALARM_STATE_COUNT + 1; told++) {
        struct alarm const alarm = put_back(&limit, (struct stored){.state = ALARM_UNACK, .told = (uint8_t)told}, S);
        unsigned const wanted = told == 0 || told > ALARM_STATE_COUNT ? (unsigned)ALARM_UNACK : told - 1;
        assert_int_equal(alarm.told, wanted);
        assert_int_equal(alarm_is_behind(&alarm), told > 0); /* also where it came back to what was told */
        struct alarm_change change;
        assert_int_equal(alarm_behind(&alarm, at(S), &change), told > 0);
    }
    struct alarm const normal = put_back(&limit, (struct stored){.state = ALARM_NORM, .told = 1 + ALARM_NORM}, S);
    assert_true(alarm_is_behind(&normal));
}

static void test_suppression_until_it_is_looked_at(void **state)
{
    (void)state;
    struct rule rule = limit;
    struct stored const stored = {.state = ALARM_SUPPRESSED};
    assert_false(put_back(&rule, stored, S).suppressing); /* the site file names no reason any more */
    rule.suppress_mask = 2;
    assert_true(put_back(&rule, stored, S).suppressing);
    rule.priority = PRIORITY_CRITICAL;
    assert_false(put_back(&rule, stored, S).suppressing);
    rule.priority = PRIORITY_MEDIUM;
    assert_false(put_back(&rule, (struct stored){.state = ALARM_UNACK}, S).suppressing);
}

/* What brings it into sight at a start is of that moment. */
static void test_in_sight_again_at_a_start(void **state)
{
    (void)state;
    struct rule rule = limit;
    rule.shelvable = false;
    static const struct {
        struct stored stored;
        enum alarm_event event;
    } cases[] = {{{.state = ALARM_SHELVED, .until_mono_ms = 90000}, EVENT_UNSHELVED},
                 {{.state = ALARM_SUPPRESSED}, EVENT_UNSUPPRESSED}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct alarm const alarm = put_back(&rule, cases[i].stored, 7 * S);
        struct alarm_change change = {.event = ALARM_EVENT_COUNT};
        assert_true(alarm_owed(&alarm, &rule, &change));
        assert_int_equal(change.event, cases[i].event);
        assert_int_equal(change.at.mono_us, 7 * S);
    }
    struct alarm const shelved = put_back(
        &limit, (struct stored){.state = ALARM_SHELVED, .until_mono_ms = 90000, .until_utc_ms = 1700000090000}, 7 * S);
    assert_int_equal(alarm_stored(&shelved, &limit, 0).until_utc_ms, 1700000090000);
    assert_int_equal(alarm_stored(&shelved, &limit, 0).until_mono_ms, 90000);
}

/* The value at the raise stands for the present one until there is one. */
static void test_the_value_at_the_raise(void **state)
{
    (void)state;
    struct stored const stored = {
        .state = ALARM_ACKED, .has_value = 1, .quality = QUALITY_UNCERTAIN, .value = 61, .since_utc_ms = 77};
    struct alarm alarm = put_back(&limit, stored, S);
    assert_true(alarm.has_value);
    assert_int_equal(alarm.quality, QUALITY_UNCERTAIN);
    assert_true(alarm.value > 60 && alarm.value < 62);
    struct stored const again = alarm_stored(&alarm, &limit, 0);
    assert_int_equal(again.quality, QUALITY_UNCERTAIN);
    assert_int_equal(again.since_utc_ms, 77);
    assert_true(again.value > 60 && again.value < 62);
}

/* An order counts as something that happened: what comes late from the journal is older. */
static void test_an_order_moves(void **state)
{
    (void)state;
    struct alarm alarm = put_back(&limit, (struct stored){.state = ALARM_UNACK}, S);
    struct alarm_change change;
    const char *code = NULL;
    assert_false(alarm.moved);
    assert_int_equal(alarm_obey(&alarm, &limit, (struct alarm_wish){.what = ALARM_ACK}, at(2 * S), &change, &code),
                     ERR_OK);
    assert_false(alarm.moved);
    alarm_commit(&alarm, &limit, &change);
    assert_true(alarm.moved);
}

/* 0 stands for "none" of every time that is stored, so no time is stored as 0. */
static void test_no_time_is_none(void **state)
{
    (void)state;
    static const int64_t begins_us[] = {0, 1, 999, 1000, 1999, 2000, S};
    for (size_t i = 0; i < ARRAY_SIZE(begins_us); i++) {
        struct alarm alarm;
        alarm_init(&alarm);
        struct alarm_reading const reading = {.at = at(begins_us[i]), .crossing = TRI_YES, .quality = QUALITY_GOOD};
        alarm_feed(&alarm, &limit, &reading);
        int64_t const kept_ms = alarm_stored(&alarm, &limit, 0).pending_mono_ms;
        assert_int_equal(kept_ms, begins_us[i] < 1000 ? 1 : begins_us[i] / 1000);
        chatter_activate(&alarm.chatter, begins_us[i]);
        assert_int_equal(alarm_stored(&alarm, &limit, 0).active_mono_ms[0], kept_ms);
        assert_int_equal(alarm_stored(&alarm, &limit, 0).active_mono_ms[1], 0);
    }
    struct stored const over = {.until_mono_ms = 5, .until_utc_ms = 0, .flags = STORED_OTHER_BOOT};
    struct alarm_moment unsynced = at(0);
    unsynced.synced = false;
    assert_int_equal(alarm_until_restored(&over, 1000, unsynced), 1);
    assert_int_equal(alarm_until_restored(&(struct stored){.until_mono_ms = 0}, 1000, at(S)), 0);
    assert_int_equal(alarm_until_restored(&(struct stored){.until_mono_ms = 1500}, 1000, at(S)), 1500 * 1000);
    assert_int_equal(alarm_until_restored(&(struct stored){.until_mono_ms = 2500}, 1000, at(S)), 2 * S);
    assert_int_equal(alarm_until_restored(&(struct stored){.until_mono_ms = 11005}, 10000, at(S)), 11 * S);
}

/* Each of these is a difference between what the journal knows and what is so. */
static void test_what_is_untold(void **state)
{
    (void)state;
    struct alarm alarm = put_back(&limit, (struct stored){.state = ALARM_UNACK}, S);
    assert_false(alarm_untold(&alarm, &limit));
    alarm.count = 1;
    assert_true(alarm_untold(&alarm, &limit));
    alarm_told(&alarm);
    assert_false(alarm_untold(&alarm, &limit));
    alarm.chatter.on = true;
    assert_true(alarm_untold(&alarm, &limit));
    alarm_told(&alarm);
    assert_false(alarm_untold(&alarm, &limit));
    alarm.condition = !alarm.condition; /* it chatters: no record says so */
    assert_true(alarm_untold(&alarm, &limit));
    alarm_told(&alarm);
    alarm.chatter.on = false;
    alarm_told(&alarm);
    alarm.condition = !alarm.condition; /* in sight a record will say so */
    assert_false(alarm_untold(&alarm, &limit));
    alarm.pending = true;
    assert_true(alarm_untold(&alarm, &limit));
    alarm_told(&alarm);
    assert_false(alarm_untold(&alarm, &limit));
    alarm.pending = false;
    assert_true(alarm_untold(&alarm, &limit));
}

static void read_in(struct alarm *alarm, const struct rule *rule, int64_t mono_us, enum tri crossing)
{
    struct alarm_reading const reading = {
        .at = at(mono_us), .crossing = crossing, .quality = crossing == TRI_UNKNOWN ? QUALITY_BAD : QUALITY_GOOD};
    alarm_tick(alarm, rule, reading.at);
    alarm_feed(alarm, rule, &reading);
}

/* What the journal has after a good reading that does not cross, each second from `from_us` to `to_us`. */
static unsigned clear_each_second(struct alarm *alarm, const struct rule *rule, int64_t from_us, int64_t to_us,
                                  struct stored *stored)
{
    unsigned rows = 0;
    for (int64_t now_us = from_us; now_us <= to_us; now_us += S) {
        read_in(alarm, rule, now_us, TRI_NO);
        if (!alarm->condition || !alarm_untold(alarm, rule))
            continue;
        *stored = alarm_stored(alarm, rule, 0);
        alarm_told(alarm);
        rows++;
    }
    return rows;
}

/* An off-delay costs at most seven rows; after a kill it goes on from the last of them, and the time away does not count. */
static void test_an_off_delay_goes_on(void **state)
{
    (void)state;
    static const struct {
        uint32_t off_ms;
        int64_t killed_s; /* after the first good reading */
        uint32_t kept_ms;
        unsigned rows;
    } cases[] = {{64000, 7, 0, 0},    {64000, 8, 8000, 1}, {64000, 63, 56000, 7}, {600000, 599, 525000, 7},
                 {10000, 1, 0, 0},    {10000, 9, 8000, 4}, {2000, 1, 0, 0},       {16000, 15, 14000, 7},
                 {16999, 3, 3000, 1}, {16999, 2, 0, 0},    {17600, 16, 15000, 5}, {86400000, 10799, 0, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rule rule = limit;
        rule.off_delay_ms = cases[i].off_ms;
        struct stored stored = {.state = ALARM_UNACK};
        struct alarm alarm = put_back(&rule, stored, S);
        int64_t const killed_us = 100 * S + cases[i].killed_s * S;
        assert_int_equal(clear_each_second(&alarm, &rule, 100 * S, killed_us, &stored), cases[i].rows);
        assert_true(alarm.condition);
        assert_int_equal(stored.cleared_ms, cases[i].kept_ms);
        assert_true(alarm_clears_further(&alarm, &rule) == (cases[i].kept_ms != cases[i].killed_s * 1000));

        stored.flags |= i % 2 == 0 ? STORED_OTHER_BOOT : 0; /* a span: no clock is asked */
        alarm = put_back(&rule, stored, killed_us + 5000 * S);
        assert_false(alarm_untold(&alarm, &rule));
        int64_t const good_us = killed_us + 6000 * S;
        int64_t const left_us = (int64_t)(cases[i].off_ms - cases[i].kept_ms) * 1000;
        read_in(&alarm, &rule, good_us, TRI_NO);
        assert_true(alarm.condition);
        read_in(&alarm, &rule, good_us + left_us - 1, TRI_NO);
        assert_true(alarm.condition);
        read_in(&alarm, &rule, good_us + left_us, TRI_NO);
        assert_false(alarm.condition);
        assert_int_equal(alarm_stored(&alarm, &rule, 0).cleared_ms, 0);
    }
}

static struct alarm half_cleared(const struct rule *rule)
{
    struct alarm alarm = put_back(rule, (struct stored){.state = ALARM_UNACK, .cleared_ms = 30000}, S);
    assert_int_equal(alarm_stored(&alarm, rule, 0).cleared_ms, 30000);
    assert_false(alarm_untold(&alarm, rule));
    assert_false(alarm_clears_further(&alarm, rule));
    return alarm;
}

/* A crossing is told at once, a bad reading changes nothing. */
static void test_an_off_delay_that_begins_again(void **state)
{
    (void)state;
    struct rule rule = limit;
    rule.off_delay_ms = 60000;
    struct alarm alarm = half_cleared(&rule);
    read_in(&alarm, &rule, 2 * S, TRI_UNKNOWN);
    assert_false(alarm_untold(&alarm, &rule));
    read_in(&alarm, &rule, 3 * S, TRI_YES);
    assert_true(alarm_untold(&alarm, &rule) && alarm_clears_further(&alarm, &rule));
    alarm_told(&alarm);
    assert_false(alarm_untold(&alarm, &rule));

    alarm = half_cleared(&rule); /* nothing could be told: it ran again meanwhile, but not as far */
    read_in(&alarm, &rule, 3 * S, TRI_YES);
    read_in(&alarm, &rule, 4 * S, TRI_NO);
    read_in(&alarm, &rule, 33 * S, TRI_NO);
    assert_true(alarm_untold(&alarm, &rule));
    read_in(&alarm, &rule, 34 * S, TRI_NO);
    assert_false(alarm_untold(&alarm, &rule));
    read_in(&alarm, &rule, 34 * S + 7499999, TRI_NO);
    assert_false(alarm_untold(&alarm, &rule));
    read_in(&alarm, &rule, 34 * S + 7500000, TRI_NO);
    assert_true(alarm_untold(&alarm, &rule));

    alarm = half_cleared(&rule); /* the site file now says less: over at the first good reading */
    rule.off_delay_ms = 20000;
    read_in(&alarm, &rule, 2 * S, TRI_UNKNOWN);
    assert_true(alarm.condition);
    read_in(&alarm, &rule, 3 * S, TRI_NO);
    assert_false(alarm.condition);
}

/* What was read before the stored state came may have been a crossing. */
static void test_an_off_delay_that_comes_late(void **state)
{
    (void)state;
    struct rule rule = limit;
    struct stored const stored = {.state = ALARM_UNACK, .cleared_ms = 30000};
    rule.off_delay_ms = 60000;
    for (enum tri crossing = TRI_NO; crossing <= TRI_UNKNOWN; crossing++) {
        struct alarm alarm;
        alarm_init(&alarm);
        read_in(&alarm, &rule, S, crossing);
        alarm_restore(&alarm, &rule, &stored, at(S));
        assert_int_equal(alarm_stored(&alarm, &rule, 0).cleared_ms, crossing == TRI_UNKNOWN ? 30000 : 0);
        assert_true(alarm_untold(&alarm, &rule) == (crossing != TRI_UNKNOWN)); /* the journal still says so */
    }
}

/* A crossing that was seen before the stored state came is no further activation when its on-delay ends. */
static void test_a_raise_that_comes_late(void **state)
{
    (void)state;
    struct alarm alarm;
    alarm_init(&alarm);
    read_in(&alarm, &limit, S, TRI_YES);
    alarm_restore(&alarm, &limit, &(struct stored){.state = ALARM_UNACK}, at(2 * S));
    read_in(&alarm, &limit, 9 * S, TRI_YES);
    assert_int_equal(alarm.count, 0);
    assert_int_equal(alarm_stored(&alarm, &limit, 0).active_mono_ms[0], 0);
    assert_false(alarm_untold(&alarm, &limit));
}

static void test_which_keep_no_off_delay(void **state)
{
    (void)state;
    static const enum rule_kind without[] = {RULE_STUCK, RULE_COMM, RULE_FAILED, RULE_DUE, RULE_USED};
    struct rule rule = limit;
    rule.off_delay_ms = 60000;
    for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
        rule.kind = without[i];
        struct alarm alarm = put_back(&rule, (struct stored){.state = ALARM_UNACK, .cleared_ms = 30000}, S);
        read_in(&alarm, &rule, 2 * S, TRI_NO);
        read_in(&alarm, &rule, 40 * S, TRI_NO);
        assert_true(alarm.condition);
        assert_int_equal(alarm_stored(&alarm, &rule, 0).cleared_ms, 0);
        assert_false(alarm_untold(&alarm, &rule) || alarm_clears_further(&alarm, &rule));
    }
    rule.kind = RULE_HI;
    struct alarm over = put_back(&rule, (struct stored){.state = ALARM_NORM, .cleared_ms = 30000}, S);
    assert_int_equal(alarm_stored(&over, &rule, 0).cleared_ms, 0);
    read_in(&over, &rule, 2 * S, TRI_YES);
    read_in(&over, &rule, 5 * S, TRI_YES);
    read_in(&over, &rule, 6 * S, TRI_NO);
    read_in(&over, &rule, 40 * S, TRI_NO);
    assert_true(over.condition); /* it owes nothing to the one before */
}

/* The third activation within a minute, wherever a restart came between. */
static void test_the_count_towards_chattering(void **state)
{
    (void)state;
    struct rule rule = limit;
    rule.on_delay_ms = 0;
    for (unsigned restarted = 0; restarted < 4; restarted++) /* after the first, the second, both */
        for (int rebooted = 0; rebooted < 2; rebooted++)
            for (int late = 0; late < 2; late++) {
                struct alarm alarm;
                alarm_init(&alarm);
                for (unsigned i = 0; i < 3; i++) {
                    struct alarm_change change;
                    read_in(&alarm, &rule, (100 + 30 * i) * S + (i == 2 ? late * 1000 : 0), TRI_YES);
                    while (alarm_owed(&alarm, &rule, &change))
                        alarm_commit(&alarm, &rule, &change);
                    read_in(&alarm, &rule, (101 + 30 * i) * S, TRI_NO);
                    while (alarm_owed(&alarm, &rule, &change))
                        alarm_commit(&alarm, &rule, &change);
                    struct stored stored = alarm_stored(&alarm, &rule, 0);
                    stored.flags |= rebooted ? STORED_OTHER_BOOT : 0;
                    if ((restarted >> i & 1) != 0)
                        alarm = put_back(&rule, stored, (110 + 30 * i) * S);
                }
                assert_int_equal(alarm.chatter.on, late == 0 && (restarted == 0 || !rebooted));
            }
}

/* Out of sight nothing is counted towards it. */
static void test_no_count_out_of_sight(void **state)
{
    (void)state;
    struct stored const stored = {.state = ALARM_OOS, .active_mono_ms = {90000, 80000}};
    struct alarm const alarm = put_back(&limit, stored, 100 * S);
    assert_int_equal(alarm_stored(&alarm, &limit, 0).active_mono_ms[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_state_of_a_later_version),
        cmocka_unit_test(test_behind_what_was_told),
        cmocka_unit_test(test_suppression_until_it_is_looked_at),
        cmocka_unit_test(test_in_sight_again_at_a_start),
        cmocka_unit_test(test_the_value_at_the_raise),
        cmocka_unit_test(test_an_order_moves),
        cmocka_unit_test(test_no_time_is_none),
        cmocka_unit_test(test_what_is_untold),
        cmocka_unit_test(test_an_off_delay_goes_on),
        cmocka_unit_test(test_an_off_delay_that_begins_again),
        cmocka_unit_test(test_an_off_delay_that_comes_late),
        cmocka_unit_test(test_a_raise_that_comes_late),
        cmocka_unit_test(test_which_keep_no_off_delay),
        cmocka_unit_test(test_the_count_towards_chattering),
        cmocka_unit_test(test_no_count_out_of_sight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
