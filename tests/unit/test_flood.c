/* Floods by themselves: when one begins, what is summed up, when it is over. */
#include "tests/support/dies.h"

#include "gateway/core/flood.h"

#define S   INT64_C(1000000)
#define MIN (60 * S)

/* Whatever the machine's clock says. */
#define START (100000 * S)

static void raise_each(struct flood *flood, int64_t from_us, int64_t each_us, int count)
{
    for (int i = 0; i < count; i++)
        (void)flood_raise(flood, from_us + i * each_us);
}

static void test_it_begins_with_the_eleventh_in_ten_minutes(void **state)
{
    (void)state;
    struct flood flood = {0};
    raise_each(&flood, START, MIN, 10);
    assert_false(flood.on);
    assert_true(flood_raise(&flood, START + 10 * MIN)); /* the first is ten minutes old */
    assert_true(flood.on);
    assert_int_equal(flood.since_mono_us, START);
    assert_int_equal(flood.size, 11);
    assert_false(flood_raise(&flood, START + 10 * MIN + 1)); /* it is on */
    assert_int_equal(flood.size, 12);

    struct flood slow = {0};
    raise_each(&slow, START, MIN, 10);
    assert_false(flood_raise(&slow, START + 10 * MIN + 1));
    for (int i = 1; i < 200; i++) /* one a minute is the most that a person can follow */
        assert_false(flood_raise(&slow, START + 10 * MIN + 1 + i * (MIN + 1)));
    assert_false(slow.on);
    assert_int_equal(flood_next_mono_us(&slow), FLOOD_NEVER);
    assert_int_equal(flood_tick(&slow, START + 1000 * MIN), FLOOD_NOTHING);
}

static void test_it_is_over_with_the_fifth_gone(void **state)
{
    (void)state;
    struct flood flood = {0};
    raise_each(&flood, START, S, 20); /* the fifth newest at START + 15 s */
    int64_t const over_us = START + 15 * S + 10 * MIN + 1;
    int64_t now_us = START + 19 * S;
    int sums = 0;
    for (;;) {
        int64_t const next_us = flood_next_mono_us(&flood);
        assert_true(next_us > now_us);
        assert_int_equal(flood_tick(&flood, next_us - 1), FLOOD_NOTHING);
        now_us = next_us;
        if (flood_tick(&flood, now_us) == FLOOD_OVER)
            break;
        sums++;
    }
    assert_int_equal(now_us, over_us);
    assert_int_equal(sums, 10);
    assert_false(flood.on);
    assert_int_equal(flood.size, 20);
    assert_int_equal(flood.peak, 20);
    assert_int_equal(flood_tick(&flood, now_us + MIN), FLOOD_NOTHING);
    assert_false(flood_raise(&flood, now_us + MIN));
    raise_each(&flood, now_us + 20 * MIN, S, 11); /* and another one */
    assert_true(flood.on);
    assert_int_equal(flood.size, 11);
    assert_int_equal(flood.peak, 11);
}

static void test_the_peak_is_the_most(void **state)
{
    (void)state;
    struct flood flood = {0};
    raise_each(&flood, START, 0, 20);
    raise_each(&flood, START + 9 * MIN, 0, 5);
    assert_int_equal(flood.peak, 25);
    (void)flood_raise(&flood, START + 12 * MIN);
    assert_true(flood.on);
    assert_int_equal(flood.size, 26);
    assert_int_equal(flood.peak, 25);
}

static void test_a_late_step_sums_once(void **state)
{
    (void)state;
    struct flood flood = {0};
    raise_each(&flood, START, 0, 11);
    assert_int_equal(flood_next_mono_us(&flood), START + MIN);
    assert_int_equal(flood_tick(&flood, START + 3 * MIN + S), FLOOD_SUM);
    assert_int_equal(flood_tick(&flood, START + 3 * MIN + S), FLOOD_NOTHING);
    assert_int_equal(flood_next_mono_us(&flood), START + 4 * MIN + S);
}

static void test_what_is_told_in_sums(void **state)
{
    (void)state;
    struct flood flood = {0};
    for (enum priority priority = PRIORITY_CRITICAL; priority < PRIORITY_COUNT; priority++)
        assert_false(flood_hushes(&flood, priority));
    raise_each(&flood, START, 0, 11);
    assert_false(flood_hushes(&flood, PRIORITY_CRITICAL));
    assert_false(flood_hushes(&flood, PRIORITY_HIGH));
    assert_true(flood_hushes(&flood, PRIORITY_MEDIUM));
    assert_true(flood_hushes(&flood, PRIORITY_LOW));
}

static void test_how_many_in_ten_minutes(void **state)
{
    (void)state;
    struct flood flood = {0};
    assert_int_equal(flood_recent(&flood, START), 0);
    raise_each(&flood, START, 0, 3);
    raise_each(&flood, START + 5 * MIN, 0, 4);
    assert_int_equal(flood_recent(&flood, START + 5 * MIN), 7);
    assert_int_equal(flood_recent(&flood, START + 9 * MIN), 7);
    assert_int_equal(flood_recent(&flood, START + 10 * MIN), 4);
    assert_int_equal(flood_recent(&flood, START + 15 * MIN), 0);
    (void)flood_raise(&flood, START + 11 * MIN); /* the cells of the first minutes are used anew */
    assert_int_equal(flood_recent(&flood, START + 11 * MIN), 5);
    (void)flood_raise(&flood, START + 500 * MIN);
    assert_int_equal(flood_recent(&flood, START + 500 * MIN), 1);
    assert_int_equal(flood_recent(&flood, START + 509 * MIN), 1);
    assert_int_equal(flood_recent(&flood, START + 510 * MIN), 0);
    (void)flood_raise(&flood, START + 499 * MIN); /* told late: counted where the newest is */
    assert_int_equal(flood_recent(&flood, START + 500 * MIN), 2);
}

/* The ring of minutes is read backwards from the newest: what lies before the window is not in it. */
static void test_minutes_before_the_window(void **state)
{
    (void)state;
    struct flood flood = {0};
    int64_t const hour = 60 * MIN;
    raise_each(&flood, hour + 6 * MIN, 0, 1);
    raise_each(&flood, hour + 8 * MIN, 0, 2);
    raise_each(&flood, hour + 12 * MIN, 0, 3);
    raise_each(&flood, hour + 15 * MIN, 0, 4);
    static const uint32_t recent[] = {10, 9, 9, 7, 7, 7, 7, 4, 4, 4, 0}; /* from the 15th minute on */
    for (int i = 0; i < (int)ARRAY_SIZE(recent); i++)
        assert_int_equal(flood_recent(&flood, hour + (15 + i) * MIN), recent[i]);
}

/* The clock begins at 0. */
static void test_the_first_minutes_of_a_clock(void **state)
{
    (void)state;
    struct flood flood = {0};
    for (int minute = 0; minute < 30; minute++) {
        (void)flood_raise(&flood, minute * MIN);
        assert_int_equal(flood_recent(&flood, minute * MIN), minute < 10 ? minute + 1 : 10);
    }
}

/* A year after the clock began, or a year of silence later, costs no more than a minute of it. */
static void test_far_on_the_clock(void **state)
{
    (void)state;
    struct flood flood = {0};
    assert_false(flood_raise(&flood, INT64_MAX / 2));
    assert_int_equal(flood_recent(&flood, INT64_MAX / 2), 1);
}

/* While one is on, at least FLOOD_BEGIN times are known. */
static void test_a_flood_of_nothing_is_a_bug(void **state)
{
    (void)state;
    struct flood flood = {.on = true, .seen = FLOOD_ENDS - 1};
    assert_dies(flood_next_mono_us(&flood));
    flood.seen = FLOOD_ENDS;
    assert_true(flood_next_mono_us(&flood) < FLOOD_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_begins_with_the_eleventh_in_ten_minutes),
        cmocka_unit_test(test_it_is_over_with_the_fifth_gone),
        cmocka_unit_test(test_the_peak_is_the_most),
        cmocka_unit_test(test_a_late_step_sums_once),
        cmocka_unit_test(test_what_is_told_in_sums),
        cmocka_unit_test(test_how_many_in_ten_minutes),
        cmocka_unit_test(test_minutes_before_the_window),
        cmocka_unit_test(test_the_first_minutes_of_a_clock),
        cmocka_unit_test(test_far_on_the_clock),
        cmocka_unit_test(test_a_flood_of_nothing_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
