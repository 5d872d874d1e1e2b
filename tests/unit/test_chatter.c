/* An alarm that comes and goes: what is told of it, and when it is told again one by one. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/alarm.h"

#define S INT64_C(1000000)

struct trial {
    struct alarm alarm;
    struct rule rule;
    int64_t mono_us;
    char told[512]; /* "raised UNACK; chattering UNACK ~ +5; " ~: it chatters, +5: five more activations */
};

static struct alarm_moment moment(const struct trial *t)
{
    return (struct alarm_moment){.mono_us = t->mono_us, .utc_ms = t->mono_us / 1000, .synced = true};
}

static void tell(struct trial *t, const struct alarm_change *change)
{
    size_t const used = strlen(t->told);
    char count[16] = "";
    if (change->count > 0)
        (void)snprintf(count, sizeof count, " +%u", change->count);
    alarm_commit(&t->alarm, &t->rule, change);
    (void)snprintf(t->told + used, sizeof t->told - used, "%s %s%s%s; ",
                   alarm_event_text((enum alarm_event)change->event), alarm_state_text((enum alarm_state)change->to),
                   change->chattering ? " ~" : "", count);
}

static void settle(struct trial *t)
{
    struct alarm_change change;
    while (alarm_owed(&t->alarm, &t->rule, &change))
        tell(t, &change);
}

static void read_at(struct trial *t, int64_t mono_us, enum tri crossing)
{
    t->mono_us = mono_us;
    struct alarm_reading reading = {
        .at = moment(t), .crossing = crossing, .quality = crossing == TRI_UNKNOWN ? QUALITY_BAD : QUALITY_GOOD};
    alarm_tick(&t->alarm, &t->rule, reading.at);
    alarm_feed(&t->alarm, &t->rule, &reading);
    settle(t);
}

/* As the judge does: at the time the alarm itself asked for. */
static void tick_next(struct trial *t)
{
    t->mono_us = alarm_next_mono_us(&t->alarm, &t->rule);
    assert_true(t->mono_us < ALARM_NEVER);
    alarm_tick(&t->alarm, &t->rule, moment(t));
    settle(t);
}

static void order(struct trial *t, enum alarm_order what)
{
    struct alarm_change change;
    const char *code = NULL;
    assert_int_equal(
        alarm_obey(&t->alarm, &t->rule, (struct alarm_wish){.what = (uint8_t)what}, moment(t), &change, &code), ERR_OK);
    tell(t, &change);
}

static void assert_told(struct trial *t, const char *wanted)
{
    assert_string_equal(t->told, wanted);
    t->told[0] = '\0';
}

static struct trial start(bool latch)
{
    struct trial t = {
        .rule = {.kind = RULE_HI, .limit = 40, .latch = latch, .shelvable = true, .priority = PRIORITY_LOW}};
    alarm_init(&t.alarm);
    return t;
}

/* On at 100, 110, 120 s; off after five seconds each time. */
static struct trial chattering(bool latch)
{
    struct trial t = start(latch);
    for (int i = 0; i < 3; i++) {
        read_at(&t, (100 + 10 * i) * S, TRI_YES);
        read_at(&t, (105 + 10 * i) * S, TRI_NO);
    }
    return t;
}

static void test_the_third_in_a_minute_is_the_last_told(void **state)
{
    (void)state;
    struct trial t = chattering(false);
    assert_told(&t, "raised UNACK; cleared RTN_UNACK; raised UNACK; cleared RTN_UNACK; raised UNACK ~; ");
    assert_false(t.alarm.condition); /* whoever votes sees what is */
    assert_int_equal(t.alarm.state, ALARM_UNACK);
    for (int i = 3; i < 8; i++) {
        read_at(&t, (100 + 10 * i) * S, TRI_YES);
        assert_true(t.alarm.condition);
        read_at(&t, (105 + 10 * i) * S, TRI_NO);
        assert_false(t.alarm.condition);
    }
    assert_told(&t, "");
    assert_int_equal(t.alarm.occurrence, 3);
    tick_next(&t); /* a minute after it was last told of */
    assert_int_equal(t.mono_us, 180 * S);
    assert_told(&t, "chattering UNACK ~ +5; ");
    assert_int_equal(alarm_next_mono_us(&t.alarm, &t.rule), ALARM_NEVER); /* ceases at a reading */
    read_at(&t, 230 * S - 1, TRI_NO);
    assert_told(&t, "");
    read_at(&t, 300 * S, TRI_UNKNOWN);
    assert_told(&t, "");
    read_at(&t, 301 * S, TRI_NO);
    assert_told(&t, "cleared RTN_UNACK; ");
    assert_false(t.alarm.chatter.on);
    read_at(&t, 302 * S, TRI_YES); /* told one by one again */
    read_at(&t, 303 * S, TRI_NO);
    assert_told(&t, "raised UNACK; cleared RTN_UNACK; ");
}

static void test_a_minute_is_a_minute(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct trial t = start(false);
        read_at(&t, 100 * S, TRI_YES);
        read_at(&t, 101 * S, TRI_NO);
        read_at(&t, 130 * S, TRI_YES);
        read_at(&t, 131 * S, TRI_NO);
        read_at(&t, 160 * S + late, TRI_YES);
        assert_int_equal(t.alarm.chatter.on, late == 0);
        read_at(&t, 161 * S, TRI_NO);
        read_at(&t, 162 * S, TRI_YES); /* the third within a minute of the second in any case */
        assert_true(t.alarm.chatter.on);
    }
}

static void test_acknowledged_it_stays_acknowledged(void **state)
{
    (void)state;
    struct trial t = chattering(true);
    t.told[0] = '\0';
    order(&t, ALARM_ACK);
    read_at(&t, 130 * S, TRI_YES);
    read_at(&t, 135 * S, TRI_NO);
    assert_told(&t, "acked ACKED ~; ");
    struct alarm_change change;
    const char *code = NULL;
    assert_int_equal(
        alarm_obey(&t.alarm, &t.rule, (struct alarm_wish){.what = ALARM_RESET}, moment(&t), &change, &code),
        ERR_REFUSED);
    read_at(&t, 190 * S, TRI_NO);
    assert_told(&t, "cleared LATCH_ACKED +1; ");
}

static void test_it_ceases_by_standing(void **state)
{
    (void)state;
    struct trial t = chattering(false);
    read_at(&t, 140 * S, TRI_YES);
    t.told[0] = '\0';
    tick_next(&t);
    assert_told(&t, "chattering UNACK ~ +1; ");
    tick_next(&t);
    assert_int_equal(t.mono_us, 200 * S);
    assert_told(&t, "chattering UNACK; "); /* it has ceased, and holds */
    assert_int_equal(alarm_next_mono_us(&t.alarm, &t.rule), ALARM_NEVER);
    read_at(&t, 201 * S, TRI_NO);
    assert_told(&t, "cleared RTN_UNACK; ");
}

static void test_without_a_point_it_ceases_by_time(void **state)
{
    (void)state;
    struct trial t = start(false);
    t.rule.kind = RULE_COMM;
    for (int i = 0; i < 3; i++) {
        read_at(&t, (100 + 10 * i) * S, TRI_YES);
        read_at(&t, (105 + 10 * i) * S, TRI_NO);
    }
    t.told[0] = '\0';
    tick_next(&t);
    assert_int_equal(t.mono_us, 180 * S);
    assert_told(&t, "cleared RTN_UNACK; ");
}

static void test_out_of_sight_it_does_not_chatter_but_counts(void **state)
{
    (void)state;
    struct trial t = chattering(false);
    t.told[0] = '\0';
    read_at(&t, 130 * S, TRI_YES);
    order(&t, ALARM_SHELVE);
    for (int i = 4; i < 9; i++) {
        read_at(&t, (100 + 10 * i) * S, TRI_NO);
        read_at(&t, (105 + 10 * i) * S, TRI_YES);
    }
    assert_false(t.alarm.chatter.on);
    order(&t, ALARM_UNSHELVE);
    assert_told(&t, "shelved SHELVED +1; unshelved UNACK +5; ");
    /* A raise that nobody was told of when it went out of sight. */
    struct trial late = start(false);
    late.rule.suppress_mask = 1;
    late.mono_us = 100 * S;
    alarm_suppress(&late.alarm, &late.rule, true, moment(&late));
    struct alarm_reading reading = {.at = moment(&late), .crossing = TRI_YES, .quality = QUALITY_GOOD};
    alarm_feed(&late.alarm, &late.rule, &reading);
    settle(&late);
    assert_told(&late, "suppressed SUPPRESSED +1; ");
}

static void test_it_goes_on_over_a_restart(void **state)
{
    (void)state;
    struct trial t = chattering(false);
    assert_false(alarm_untold(&t.alarm, &t.rule) && t.alarm.condition);
    read_at(&t, 130 * S, TRI_YES);
    t.told[0] = '\0';
    assert_true(alarm_untold(&t.alarm, &t.rule)); /* nothing else tells the journal that the condition holds again */
    alarm_told(&t.alarm);
    assert_false(alarm_untold(&t.alarm, &t.rule));
    for (int holds = 1; holds >= 0; holds--) {
        if (holds == 0)
            read_at(&t, 131 * S, TRI_NO);
        struct stored const stored = alarm_stored(&t.alarm, &t.rule, 0);
        struct trial next = t;
        next.mono_us = 140 * S;
        alarm_init(&next.alarm);
        alarm_restore(&next.alarm, &next.rule, &stored, moment(&next));
        assert_int_equal(next.alarm.condition, holds);
        assert_int_equal(next.alarm.state, ALARM_UNACK);
        read_at(&next, 141 * S, TRI_NO);
        read_at(&next, 142 * S, TRI_YES);
        read_at(&next, 143 * S, TRI_NO);
        assert_told(&next, "");
        read_at(&next, 202 * S, TRI_NO);
        assert_told(&next, "cleared RTN_UNACK +2; ");
    }
}

/* Each activation that became no record of its own is in the next one. */
static void test_news_that_cannot_be_told_are_counted(void **state)
{
    (void)state;
    struct trial t = start(false);
    struct alarm_change change;
    for (int i = 0; i < 3; i++) {
        for (int on = 1; on >= 0; on--) {
            t.mono_us = (100 + 40 * i + 20 * (1 - on)) * S;
            struct alarm_reading reading = {
                .at = moment(&t), .crossing = on == 1 ? TRI_YES : TRI_NO, .quality = QUALITY_GOOD};
            alarm_feed(&t.alarm, &t.rule, &reading);
            assert_true(alarm_owed(&t.alarm, &t.rule, &change));
        }
    }
    settle(&t);
    assert_told(&t, "raised UNACK +2; cleared RTN_UNACK; ");
}

/* What is told late tells of then. */
static void test_a_late_raise_tells_of_then(void **state)
{
    (void)state;
    struct trial t = start(false);
    struct alarm_change change;
    struct alarm_reading reading = {.at = {.mono_us = 100 * S, .utc_ms = 100000, .synced = true},
                                    .crossing = TRI_YES,
                                    .quality = QUALITY_UNCERTAIN,
                                    .has_value = true,
                                    .value = 52.5};
    alarm_feed(&t.alarm, &t.rule, &reading);
    reading = (struct alarm_reading){
        .at = {.mono_us = 200 * S, .utc_ms = 200000}, .crossing = TRI_NO, .quality = QUALITY_GOOD, .value = 1};
    alarm_feed(&t.alarm, &t.rule, &reading);
    assert_true(alarm_owed(&t.alarm, &t.rule, &change));
    assert_int_equal(change.event, EVENT_RAISED);
    assert_int_equal(change.at.utc_ms, 100000);
    assert_true(change.has_value && change.value > 52 && change.value < 53);
    assert_int_equal(change.quality, QUALITY_UNCERTAIN);
}

/* The same state as before, and yet another occurrence. */
static void test_in_a_flood_it_may_recur(void **state)
{
    (void)state;
    struct trial t = start(false);
    struct alarm_change change;
    read_at(&t, 100 * S, TRI_YES);
    assert_false(alarm_behind(&t.alarm, moment(&t), &change));
    for (int on = 0; on < 2; on++) {
        t.mono_us += 40 * S;
        struct alarm_reading reading = {
            .at = moment(&t), .crossing = on != 0 ? TRI_YES : TRI_NO, .quality = QUALITY_GOOD};
        alarm_feed(&t.alarm, &t.rule, &reading);
        assert_true(alarm_owed(&t.alarm, &t.rule, &change));
        alarm_commit_hushed(&t.alarm, &t.rule, &change);
        assert_false(alarm_untold(&t.alarm, &t.rule));
    }
    assert_int_equal(t.alarm.state, ALARM_UNACK);
    struct stored const stored = alarm_stored(&t.alarm, &t.rule, 0);
    assert_int_equal(stored.told, 1 + ALARM_UNACK);
    alarm_init(&t.alarm);
    alarm_restore(&t.alarm, &t.rule, &stored, moment(&t));
    assert_true(alarm_behind(&t.alarm, moment(&t), &change));
    t.told[0] = '\0';
    tell(&t, &change);
    assert_told(&t, "summarised UNACK +1; ");
    assert_false(alarm_is_behind(&t.alarm));
}

static void test_in_a_flood_it_moves_without_a_record(void **state)
{
    (void)state;
    struct trial t = start(false);
    struct alarm_change change;
    t.mono_us = 100 * S;
    for (int i = 0; i < 2; i++) {
        struct alarm_reading reading = {.at = moment(&t), .crossing = TRI_YES, .quality = QUALITY_GOOD};
        alarm_feed(&t.alarm, &t.rule, &reading);
        assert_true(alarm_owed(&t.alarm, &t.rule, &change));
        alarm_commit_hushed(&t.alarm, &t.rule, &change);
        assert_int_equal(t.alarm.state, ALARM_UNACK);
        if (i == 1)
            break;
        t.mono_us += 40 * S;
        reading = (struct alarm_reading){.at = moment(&t), .crossing = TRI_NO, .quality = QUALITY_GOOD};
        alarm_feed(&t.alarm, &t.rule, &reading);
        assert_true(alarm_owed(&t.alarm, &t.rule, &change));
        alarm_commit_hushed(&t.alarm, &t.rule, &change);
        assert_int_equal(t.alarm.state, ALARM_RTN_UNACK);
        t.mono_us += 40 * S;
    }
    assert_int_equal(t.alarm.occurrence, 2);
    struct stored const stored = alarm_stored(&t.alarm, &t.rule, 0);
    alarm_init(&t.alarm);
    alarm_restore(&t.alarm, &t.rule, &stored, moment(&t)); /* over a restart too */
    assert_int_equal(t.alarm.state, ALARM_UNACK);
    assert_false(alarm_untold(&t.alarm, &t.rule));
    assert_true(alarm_behind(&t.alarm, moment(&t), &change));
    assert_int_equal(change.from, ALARM_NORM);
    tell(&t, &change);
    assert_told(&t, "summarised UNACK +2; ");
    assert_false(alarm_behind(&t.alarm, moment(&t), &change));
    read_at(&t, t.mono_us + S, TRI_NO);
    assert_told(&t, "cleared RTN_UNACK; ");
}

/* A file that says what cannot be. */
static void test_odd_stored_states(void **state)
{
    (void)state;
    struct trial t = start(false);
    struct stored const shelved = {.state = ALARM_SHELVED, .flags = STORED_CHATTERING};
    alarm_restore(&t.alarm, &t.rule, &shelved, moment(&t));
    assert_false(t.alarm.chatter.on);
    struct stored const told = {.state = ALARM_ACKED, .told = ALARM_STATE_COUNT + 1};
    alarm_restore(&t.alarm, &t.rule, &told, moment(&t));
    assert_int_equal(t.alarm.told, ALARM_ACKED);
    struct stored const highest = {.state = ALARM_ACKED, .told = ALARM_STATE_COUNT};
    alarm_restore(&t.alarm, &t.rule, &highest, moment(&t));
    assert_int_equal(t.alarm.told, ALARM_OOS);
}

/* For the journal: no more than there are, and none of a count that is over. */
static void test_times_of_the_count(void **state)
{
    (void)state;
    static const int64_t stored[][CHATTER_KEPT + 1] = {{0, 0, 7}, {9, 0, 7}, {9, 8, 7}, {61000, 1000, 7}};
    for (size_t i = 0; i < ARRAY_SIZE(stored); i++) {
        struct chatter chatter = {.on = true, .seen = 2};
        int64_t times[CHATTER_KEPT + 1] = {-1, -1, -1};
        chatter_restore(&chatter, stored[i]);
        assert_int_equal(chatter.seen, (stored[i][0] != 0) + (stored[i][1] != 0));
        assert_false(chatter.on);
        chatter_times(&chatter, times);
        assert_int_equal(times[0], stored[i][0]);
        assert_int_equal(times[1], stored[i][1]);
        assert_int_equal(times[2], -1);
        chatter_activate(&chatter, 61000 * INT64_C(1000));
        assert_int_equal(chatter.on, i == 3);
        chatter_times(&chatter, times);
        assert_int_equal(times[0], i == 3 ? 0 : 61000);
        assert_int_equal(times[1], i == 3 ? 0 : stored[i][0]);
    }
}

/* 0 stands for none, so no time is 0. */
static void test_an_activation_just_after_boot(void **state)
{
    (void)state;
    for (int64_t mono_us = 0; mono_us < 3000; mono_us++) {
        struct chatter chatter = {0};
        int64_t times[CHATTER_KEPT];
        chatter_activate(&chatter, mono_us);
        chatter_times(&chatter, times);
        assert_int_equal(times[0], mono_us < 1000 ? 1 : mono_us / 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_third_in_a_minute_is_the_last_told),
        cmocka_unit_test(test_a_minute_is_a_minute),
        cmocka_unit_test(test_acknowledged_it_stays_acknowledged),
        cmocka_unit_test(test_it_ceases_by_standing),
        cmocka_unit_test(test_without_a_point_it_ceases_by_time),
        cmocka_unit_test(test_out_of_sight_it_does_not_chatter_but_counts),
        cmocka_unit_test(test_it_goes_on_over_a_restart),
        cmocka_unit_test(test_news_that_cannot_be_told_are_counted),
        cmocka_unit_test(test_a_late_raise_tells_of_then),
        cmocka_unit_test(test_in_a_flood_it_may_recur),
        cmocka_unit_test(test_in_a_flood_it_moves_without_a_record),
        cmocka_unit_test(test_odd_stored_states),
        cmocka_unit_test(test_times_of_the_count),
        cmocka_unit_test(test_an_activation_just_after_boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
