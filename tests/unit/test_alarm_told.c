/* What a change says: the reading that decided it, the moment, how many activations, until when. */
#include "tests/support/dies.h"

#include <string.h>

#include "gateway/core/alarm.h"
#include "gateway/core/alarm_table.h"

#define S INT64_C(1000000)

static struct alarm_moment at(int64_t mono_us)
{
    return (struct alarm_moment){.mono_us = mono_us, .utc_ms = 1700000000000 + mono_us / 1000, .synced = true};
}

static struct rule limit_of_50(void)
{
    return (struct rule){.kind = RULE_HI, .limit = 50, .shelvable = true, .priority = PRIORITY_MEDIUM};
}

static void feed(struct alarm *alarm, const struct rule *rule, int64_t mono_us, double value, enum quality quality)
{
    struct alarm_reading reading = {.at = at(mono_us), .value = value, .has_value = true, .quality = quality};
    alarm_tick(alarm, rule, reading.at);
    reading.crossing = alarm_crosses(rule, value, alarm->condition);
    alarm_feed(alarm, rule, &reading);
}

static struct alarm_change owed(const struct alarm *alarm, const struct rule *rule)
{
    struct alarm_change change = {.event = ALARM_EVENT_COUNT};
    assert_true(alarm_owed(alarm, rule, &change));
    return change;
}

static void tell_all(struct alarm *alarm, const struct rule *rule)
{
    struct alarm_change change;
    while (alarm_owed(alarm, rule, &change))
        alarm_commit(alarm, rule, &change);
}

static struct alarm_change order(struct alarm *alarm, const struct rule *rule, struct alarm_wish wish, int64_t mono_us)
{
    struct alarm_change change = {.event = ALARM_EVENT_COUNT};
    const char *code = NULL;
    assert_int_equal(alarm_obey(alarm, rule, wish, at(mono_us), &change, &code), ERR_OK);
    alarm_commit(alarm, rule, &change);
    return change;
}

static void assert_value(double value, double wanted)
{
    assert_true(value > wanted - 1e-9 && value < wanted + 1e-9);
}

/* A raise that is told late tells of the reading that raised it, not of a later one. */
static void test_a_raise_tells_of_its_own_reading(void **state)
{
    (void)state;
    struct rule const rule = limit_of_50();
    struct alarm alarm;
    alarm_init(&alarm);
    feed(&alarm, &rule, 1 * S, 61, QUALITY_UNCERTAIN);
    feed(&alarm, &rule, 2 * S, 99, QUALITY_GOOD);
    struct alarm_change change = owed(&alarm, &rule);
    assert_int_equal(change.event, EVENT_RAISED);
    assert_int_equal(change.at.mono_us, 1 * S);
    assert_true(change.has_value);
    assert_int_equal(change.quality, QUALITY_UNCERTAIN);
    assert_value(change.value, 61);
    alarm_commit(&alarm, &rule, &change);
    struct stored const stored = alarm_stored(&alarm, &rule, 0);
    assert_int_equal(stored.quality, QUALITY_UNCERTAIN);
    assert_int_equal(stored.has_value, 1);
    assert_int_equal(stored.since_utc_ms, at(1 * S).utc_ms);
    assert_value(stored.value, 61);
    feed(&alarm, &rule, 3 * S, 7, QUALITY_GOOD);
    change = owed(&alarm, &rule);
    assert_int_equal(change.event, EVENT_CLEARED);
    assert_int_equal(change.quality, QUALITY_GOOD);
    assert_value(change.value, 7);
}

/* A rule without a point has no value to tell, even beside one that a reading left. */
static void test_without_a_value(void **state)
{
    (void)state;
    struct rule const rule = {.kind = RULE_COMM};
    struct alarm alarm;
    alarm_init(&alarm);
    struct alarm_reading reading = {.at = at(S), .crossing = TRI_YES, .quality = QUALITY_GOOD};
    alarm_feed(&alarm, &rule, &reading);
    reading = (struct alarm_reading){.at = at(2 * S), .crossing = TRI_YES, .quality = QUALITY_GOOD, .has_value = true};
    alarm_feed(&alarm, &rule, &reading);
    struct alarm_change const change = owed(&alarm, &rule);
    assert_int_equal(change.event, EVENT_RAISED);
    assert_false(change.has_value);
}

/* What came back from a shelf as raised is a new occurrence, of that moment and of the reading of that moment. */
static void test_back_from_a_shelf(void **state)
{
    (void)state;
    struct rule const rule = limit_of_50();
    struct alarm alarm;
    alarm_init(&alarm);
    feed(&alarm, &rule, 1 * S, 61, QUALITY_GOOD);
    tell_all(&alarm, &rule);
    (void)order(&alarm, &rule, (struct alarm_wish){.what = ALARM_SHELVE, .for_ms = 60000}, 2 * S);
    feed(&alarm, &rule, 3 * S, 77, QUALITY_UNCERTAIN);
    alarm_tick(&alarm, &rule, at(62 * S - 1));
    struct alarm_change none;
    assert_false(alarm_owed(&alarm, &rule, &none));
    alarm_tick(&alarm, &rule, at(62 * S));
    alarm_tick(&alarm, &rule, at(70 * S));
    struct alarm_change const change = owed(&alarm, &rule);
    assert_int_equal(change.event, EVENT_UNSHELVED);
    assert_int_equal(change.at.mono_us, 62 * S); /* the first look at the clock that saw its end */
    assert_int_equal(change.to, ALARM_UNACK);
    alarm_commit(&alarm, &rule, &change);
    struct stored const stored = alarm_stored(&alarm, &rule, 0);
    assert_int_equal(stored.occurrence, 2);
    assert_int_equal(stored.since_utc_ms, at(62 * S).utc_ms);
    assert_int_equal(stored.quality, QUALITY_UNCERTAIN);
    assert_value(stored.value, 77);
}

/* Raised for the first time while out of sight: all of it is of the reading then, and nothing of the shelf is left. */
static void test_first_raised_on_a_shelf(void **state)
{
    (void)state;
    struct rule rule = limit_of_50();
    rule.latch = true;
    struct alarm alarm;
    alarm_init(&alarm);
    struct alarm_wish const wish = {.what = ALARM_SHELVE, .for_ms = ALARM_SHELVE_MAX_MS, .one_shot = true};
    struct alarm_change change = order(&alarm, &rule, wish, 1 * S);
    assert_true(change.one_shot);
    assert_int_equal(change.until_utc_ms, at(1 * S).utc_ms + ALARM_SHELVE_MAX_MS);
    assert_int_equal(change.until_mono_us, 1 * S + (int64_t)ALARM_SHELVE_MAX_MS * 1000);
    feed(&alarm, &rule, 2 * S, 77, QUALITY_GOOD);
    assert_true((alarm_stored(&alarm, &rule, 0).flags & STORED_LATCHED) != 0);
    change = order(&alarm, &rule, (struct alarm_wish){.what = ALARM_UNSHELVE}, 3 * S);
    assert_int_equal(change.to, ALARM_UNACK);
    struct stored const stored = alarm_stored(&alarm, &rule, 0);
    assert_int_equal(stored.has_value, 1);
    assert_value(stored.value, 77);
    assert_int_equal(stored.flags, STORED_CONDITION);
}

/* A shelf for once is over in the moment in which the condition ends, whenever that is told. */
static void test_the_end_of_a_shelf_for_once(void **state)
{
    (void)state;
    struct rule const rule = limit_of_50();
    struct alarm alarm;
    alarm_init(&alarm);
    feed(&alarm, &rule, 1 * S, 61, QUALITY_GOOD);
    tell_all(&alarm, &rule);
    (void)order(&alarm, &rule, (struct alarm_wish){.what = ALARM_SHELVE, .one_shot = true}, 2 * S);
    feed(&alarm, &rule, 5 * S, 1, QUALITY_GOOD);
    feed(&alarm, &rule, 9 * S, 1, QUALITY_GOOD);
    struct alarm_change const change = owed(&alarm, &rule);
    assert_int_equal(change.event, EVENT_UNSHELVED);
    assert_int_equal(change.to, ALARM_NORM);
    assert_int_equal(change.at.mono_us, 5 * S);
}

/* That it no longer chatters, and that it is over, is of the reading that shows it. */
static void test_when_chattering_ceases(void **state)
{
    (void)state;
    struct rule const rule = limit_of_50();
    struct alarm alarm;
    alarm_init(&alarm);
    for (int64_t t = 1; t <= 9; t++) {
        feed(&alarm, &rule, t * S, t % 2 != 0 ? 61 : 1, QUALITY_GOOD);
        tell_all(&alarm, &rule);
    }
    feed(&alarm, &rule, 10 * S, 1, QUALITY_GOOD);
    assert_true(alarm.chatter.on);
    feed(&alarm, &rule, 9 * S + CHATTER_US - 1, 1, QUALITY_GOOD);
    assert_true(alarm.chatter.on);
    feed(&alarm, &rule, 9 * S + CHATTER_US + 5 * S, 1, QUALITY_GOOD);
    assert_false(alarm.chatter.on);
    struct alarm_change const change = owed(&alarm, &rule);
    assert_int_equal(change.event, EVENT_CLEARED);
    assert_int_equal(change.at.mono_us, 9 * S + CHATTER_US + 5 * S);
    /* The same while the condition holds: then that alone is told. */
    alarm_init(&alarm);
    for (int64_t t = 1; t <= 9; t++) {
        feed(&alarm, &rule, t * S, t % 2 != 0 ? 61 : 1, QUALITY_GOOD);
        tell_all(&alarm, &rule);
    }
    alarm_tick(&alarm, &rule, at(100 * S));
    struct alarm_change const ceased = owed(&alarm, &rule);
    assert_int_equal(ceased.event, EVENT_CHATTERING);
    assert_false(ceased.chattering);
    assert_int_equal(ceased.at.mono_us, 100 * S);
}

/* A raise that nobody was told of when the alarm goes out of sight is in the count of that record. */
static void test_an_untold_raise_is_counted(void **state)
{
    (void)state;
    static const uint8_t orders[] = {ALARM_SHELVE, ALARM_DISABLE};
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
        for (int raised = 0; raised < 2; raised++) {
            struct rule const rule = limit_of_50();
            struct alarm alarm;
            alarm_init(&alarm);
            feed(&alarm, &rule, 1 * S, raised != 0 ? 61 : 41, QUALITY_GOOD);
            struct alarm_change const change =
                order(&alarm, &rule, (struct alarm_wish){.what = orders[i], .for_ms = 1000}, 2 * S);
            assert_int_equal(change.count, raised);
            assert_false(change.chattering);
        }
}

/* The moment of a re-alarm is in the acknowledgement that starts the wait, on both clocks, and no rule without it has one. */
static void test_when_it_will_be_raised_anew(void **state)
{
    (void)state;
    for (uint32_t rearm_ms = 0; rearm_ms <= 90000; rearm_ms += 90000) {
        struct rule rule = limit_of_50();
        rule.rearm_ms = rearm_ms;
        struct alarm alarm;
        alarm_init(&alarm);
        feed(&alarm, &rule, 1 * S, 61, QUALITY_GOOD);
        tell_all(&alarm, &rule);
        struct alarm_change change = order(&alarm, &rule, (struct alarm_wish){.what = ALARM_ACK}, 5 * S);
        assert_int_equal(change.until_mono_us, rearm_ms > 0 ? 95 * S : 0);
        assert_int_equal(change.until_utc_ms, rearm_ms > 0 ? at(95 * S).utc_ms : 0);
        assert_int_equal(alarm_stored(&alarm, &rule, 0).until_utc_ms, change.until_utc_ms);
        alarm_tick(&alarm, &rule, at(95 * S - 1));
        assert_false(alarm_owed(&alarm, &rule, &change));
        alarm_tick(&alarm, &rule, at(95 * S));
        alarm_tick(&alarm, &rule, at(99 * S));
        assert_int_equal(alarm_owed(&alarm, &rule, &change), rearm_ms > 0);
        if (rearm_ms == 0)
            continue;
        assert_int_equal(change.event, EVENT_REARMED);
        assert_int_equal(change.at.mono_us, 95 * S);
    }
}

/* Out of sight a latch goes along: it was set, or becomes set by what was decided and not told yet. */
static void test_a_latch_goes_along(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool raise, tell_raise, ack, clear;
        bool latched;
    } cases[] = {
        {"nothing was", false, false, false, false, false},
        {"raised, not told", true, false, false, false, true},
        {"raised", true, true, false, false, true},
        {"acknowledged", true, true, true, false, true},
        {"over, not told", true, true, false, true, true},
        {"acknowledged and over, not told", true, true, true, true, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int latch = 0; latch < 2; latch++) {
            struct rule rule = limit_of_50();
            rule.latch = latch != 0;
            struct alarm alarm;
            alarm_init(&alarm);
            feed(&alarm, &rule, 1 * S, cases[i].raise ? 61 : 41, QUALITY_GOOD);
            if (cases[i].tell_raise)
                tell_all(&alarm, &rule);
            if (cases[i].ack)
                (void)order(&alarm, &rule, (struct alarm_wish){.what = ALARM_ACK}, 2 * S);
            if (cases[i].clear)
                feed(&alarm, &rule, 3 * S, 1, QUALITY_GOOD);
            (void)order(&alarm, &rule, (struct alarm_wish){.what = ALARM_DISABLE}, 4 * S);
            if (alarm.latched != (cases[i].latched && rule.latch))
                fail_msg("%s: latched %d", cases[i].what, alarm.latched);
            assert_int_equal(alarm.seen, cases[i].ack);
        }
}

/* In a flood a change is made and not told: what becomes of it is told later, once, with all that happened. */
static void test_made_without_being_told(void **state)
{
    (void)state;
    struct rule const rule = limit_of_50();
    struct alarm alarm;
    struct alarm_change change;
    alarm_init(&alarm);
    assert_false(alarm_behind(&alarm, at(S), &change));
    feed(&alarm, &rule, 1 * S, 61, QUALITY_GOOD);
    change = owed(&alarm, &rule);
    alarm_commit_hushed(&alarm, &rule, &change);
    assert_true(alarm.recurred);
    assert_false(alarm_untold(&alarm, &rule)); /* the caller stores it with the change */
    change = order(&alarm, &rule, (struct alarm_wish){.what = ALARM_ACK}, 2 * S); /* told: nothing is behind */
    assert_false(alarm_is_behind(&alarm));
    feed(&alarm, &rule, 3 * S, 1, QUALITY_GOOD);
    change = owed(&alarm, &rule);
    alarm_commit_hushed(&alarm, &rule, &change);
    assert_false(alarm.recurred); /* the same occurrence ended */
    assert_true(alarm_is_behind(&alarm));
    feed(&alarm, &rule, 4 * S, 66, QUALITY_UNCERTAIN);
    change = owed(&alarm, &rule);
    alarm_commit_hushed(&alarm, &rule, &change);
    assert_true(alarm_behind(&alarm, at(5 * S), &change));
    assert_int_equal(change.event, EVENT_SUMMARISED);
    assert_int_equal(change.from, ALARM_ACKED);
    assert_int_equal(change.to, ALARM_UNACK);
    assert_int_equal(change.occurrence, 2);
    assert_int_equal(change.count, 1);
    assert_int_equal(change.quality, QUALITY_UNCERTAIN);
    assert_value(change.value, 66);
    alarm_commit(&alarm, &rule, &change);
    assert_false(alarm_is_behind(&alarm));
}

/* That something became of it in a flood does not end a wait. */
static void test_a_sum_does_not_end_a_wait(void **state)
{
    (void)state;
    struct rule rule = limit_of_50();
    rule.rearm_ms = 60000;
    struct alarm alarm;
    struct alarm_change change;
    const char *code = NULL;
    alarm_init(&alarm);
    feed(&alarm, &rule, 1 * S, 61, QUALITY_GOOD);
    tell_all(&alarm, &rule);
    assert_int_equal(alarm_obey(&alarm, &rule, (struct alarm_wish){.what = ALARM_ACK}, at(2 * S), &change, &code),
                     ERR_OK);
    alarm_commit_hushed(&alarm, &rule, &change);
    assert_true(alarm_behind(&alarm, at(3 * S), &change));
    assert_int_equal(change.until_utc_ms, at(62 * S).utc_ms);
    alarm_commit(&alarm, &rule, &change);
    assert_int_equal(alarm_next_mono_us(&alarm, &rule), 62 * S);
    alarm_tick(&alarm, &rule, at(62 * S));
    assert_int_equal(owed(&alarm, &rule).event, EVENT_REARMED);
}

static void test_only_a_change_of_its_state_is_committed(void **state)
{
    (void)state;
    struct rule const rule = limit_of_50();
    struct alarm alarm;
    alarm_init(&alarm);
    struct alarm_change const foreign = {.event = EVENT_CLEARED, .from = ALARM_ACKED};
    assert_dies(alarm_commit(&alarm, &rule, &foreign));
    struct alarm_change const sum = {.event = EVENT_SUMMARISED, .from = ALARM_ACKED};
    alarm_commit(&alarm, &rule, &sum); /* from what was told, not from where it stands */
    struct alarm_change const own = {.event = EVENT_RAISED, .from = ALARM_NORM, .to = ALARM_UNACK, .occurrence = 1};
    alarm_commit(&alarm, &rule, &own);
    assert_int_equal(alarm.state, ALARM_UNACK);
}

static void test_only_what_is_in_the_table_is_asked(void **state)
{
    (void)state;
    struct rule const rule = limit_of_50();
    struct alarm alarm;
    struct alarm_change change;
    const char *code = NULL;
    alarm_init(&alarm);
    struct alarm_wish const unknown = {.what = ALARM_ENABLE + 1};
    assert_dies(alarm_obey(&alarm, &rule, unknown, at(0), &change, &code) == ERR_OK);
    assert_dies(alarm_move(ALARM_STATE_COUNT, DO_RAISE));
    assert_dies(alarm_move(ALARM_NORM, ALARM_ACTION_COUNT));
    assert_non_null(alarm_move(ALARM_OOS, DO_REARM));
}

static void test_what_is_no_comparison(void **state)
{
    (void)state;
    for (int kind = 0; kind <= RULE_KIND_COUNT; kind++) {
        struct rule const rule = {.kind = (enum rule_kind)kind, .limit = 1};
        bool const compares = kind < RULE_KIND_COUNT && alarm_has_point(&rule);
        assert_int_equal(alarm_crosses(&rule, 1, false) != TRI_UNKNOWN, compares);
    }
    double volatile beyond = 64; /* unknown to the compiler */
    assert_true(alarm_mask_has(UINT64_C(1) << 63, 63));
    assert_false(alarm_mask_has(UINT64_MAX, beyond));
    assert_false(alarm_mask_has(UINT64_MAX, -1));
    assert_true(alarm_mask_has(1, 0));
}

static void test_which_way_a_rate_goes(void **state)
{
    (void)state;
    struct rule rule = {.kind = RULE_RATE, .limit = 0.5};
    assert_int_equal(alarm_crosses(&rule, 10, false), TRI_YES);
    assert_int_equal(alarm_crosses(&rule, -10, false), TRI_NO);
    rule.limit = 0;
    assert_int_equal(alarm_crosses(&rule, 10, false), TRI_YES);
    assert_int_equal(alarm_crosses(&rule, -10, false), TRI_NO);
    rule.limit = -0.5;
    assert_int_equal(alarm_crosses(&rule, 10, false), TRI_NO);
    assert_int_equal(alarm_crosses(&rule, -10, false), TRI_YES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_raise_tells_of_its_own_reading),
        cmocka_unit_test(test_without_a_value),
        cmocka_unit_test(test_back_from_a_shelf),
        cmocka_unit_test(test_first_raised_on_a_shelf),
        cmocka_unit_test(test_the_end_of_a_shelf_for_once),
        cmocka_unit_test(test_when_chattering_ceases),
        cmocka_unit_test(test_which_way_a_rate_goes),
        cmocka_unit_test(test_an_untold_raise_is_counted),
        cmocka_unit_test(test_when_it_will_be_raised_anew),
        cmocka_unit_test(test_a_latch_goes_along),
        cmocka_unit_test(test_made_without_being_told),
        cmocka_unit_test(test_a_sum_does_not_end_a_wait),
        cmocka_unit_test(test_only_a_change_of_its_state_is_committed),
        cmocka_unit_test(test_only_what_is_in_the_table_is_asked),
        cmocka_unit_test(test_what_is_no_comparison),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
