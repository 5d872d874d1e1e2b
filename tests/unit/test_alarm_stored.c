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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
