#include "tests/support/dies.h"

#include <math.h>
#include <stdlib.h>

#include "gateway/core/rate.h"

#define S  INT64_C(1000000)
#define MS INT64_C(1000)

/* Adds a reading; the change up to it. NAN: unknown. */
static double change(struct rate *rate, int64_t over_us, int64_t mono_us, double value)
{
    double result = (double)NAN;
    rate_add(rate, over_us, mono_us, value);
    if (!rate_change(rate, over_us, mono_us, value, &result))
        assert_true(isnan(result)); /* untouched */
    return result;
}

static void assert_near(double value, double wanted)
{
    if (!(fabs(value - wanted) < 1e-9))
        fail_msg("%g is not %g", value, wanted);
}

static void test_half_a_window_is_needed(void **state)
{
    (void)state;
    struct rate rate = {0};
    double none = 7;
    assert_false(rate_change(&rate, 10 * S, 1 * S, 1, &none));
    assert_near(none, 7);
    assert_true(isnan(change(&rate, 10 * S, 100 * S, 20)));
    assert_true(isnan(change(&rate, 10 * S, 105 * S - 1, 29)));
    assert_near(change(&rate, 10 * S, 105 * S, 29), 9); /* since the oldest */
    assert_near(change(&rate, 10 * S, 109 * S, 31), 11);
    assert_near(change(&rate, 10 * S, 110 * S, 31), 11); /* full: since 100 s */
    assert_near(change(&rate, 10 * S, 119 * S, 32), 1);  /* since 109 s */
}

/* A straight line has one slope, whenever and however often it is read. */
static void test_a_ramp(void **state)
{
    (void)state;
    static const int64_t steps_us[] = {10 * MS, 100 * MS, 333 * MS, 500 * MS, 4 * S, 7 * S, 10 * S};
    for (size_t i = 0; i < ARRAY_SIZE(steps_us); i++) {
        struct rate rate = {0};
        for (int64_t t = 0; t < 100 * S; t += steps_us[i]) {
            double got = change(&rate, 10 * S, 1000 * S + t, -3.0 * (double)t / (double)S);
            assert_true(rate.count <= RATE_SLOTS_MAX);
            if (t < 5 * S)
                assert_true(isnan(got));
            else
                assert_near(got, t < 10 * S ? -3.0 * (double)t / (double)S : -30);
        }
    }
}

/* A step is over when it has left the window. */
static void test_a_step(void **state)
{
    (void)state;
    struct rate rate = {0};
    for (int64_t t = 0; t <= 60 * S; t += 500 * MS) {
        double got = change(&rate, 10 * S, t, t >= 30 * S ? 8 : 5);
        if (t >= 5 * S)
            assert_near(got, t >= 30 * S && t < 40 * S ? 3 : 0);
    }
}

static void test_a_gap_begins_anew(void **state)
{
    (void)state;
    struct rate rate = {0};
    (void)change(&rate, 10 * S, 0, 1);
    assert_near(change(&rate, 10 * S, 10 * S, 2), 1); /* a step as long as the window is no gap */
    double none = 0;
    assert_false(rate_change(&rate, 10 * S, 20 * S + 1, 50, &none)); /* a reading that is not added sees it too */
    assert_true(isnan(change(&rate, 10 * S, 20 * S + 1, 50)));
    assert_true(isnan(change(&rate, 10 * S, 25 * S, 51)));
    assert_near(change(&rate, 10 * S, 25 * S + 1, 52), 2);
}

/* A reading in doubt is judged against the good ones, and is none of them. */
static void test_a_reading_that_is_not_added(void **state)
{
    (void)state;
    struct rate rate = {0};
    double got = 0;
    for (int64_t t = 0; t <= 20 * S; t += S)
        (void)change(&rate, 10 * S, t, 4);
    assert_true(rate_change(&rate, 10 * S, 20 * S + 500 * MS, 9, &got));
    assert_near(got, 5);
    assert_near(change(&rate, 10 * S, 21 * S, 4), 0);
}

static void test_time_does_not_run_backwards(void **state)
{
    (void)state;
    struct rate rate = {0};
    (void)change(&rate, 10 * S, 10 * S, 4);
    (void)change(&rate, 10 * S, 20 * S, 5);
    assert_near(change(&rate, 10 * S, 20 * S - 5, 6), 2); /* since 10 s, which is in the window */
    assert_int_equal(rate.count, 2);
    assert_near(change(&rate, 10 * S, 20 * S, 7), 3);
}

/* Against all readings, kept and searched the plain way. */
static void test_thinning_loses_little(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    static double values[COUNT];
    static int64_t times[COUNT];
    uint64_t seed = UINT64_C(0x9E3779B97F4A7C15);
    struct rate rate = {0};
    int64_t const over_us = 10 * S;
    for (size_t i = 0; i < COUNT; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        times[i] = (i > 0 ? times[i - 1] : 0) + (int64_t)(seed % 200000) + 1;
        values[i] =
            (i > 0 ? values[i - 1] : 0) + ((double)(seed >> 40) / (double)(1 << 24) - 0.5); /* at most 0.5 a step */
        double got = change(&rate, over_us, times[i], values[i]);
        if (times[i] - times[0] < over_us)
            continue;
        double nearest = 1e9; /* what it was within one step of the window's beginning */
        for (size_t n = 0; n < i; n++)
            if (llabs(times[n] - (times[i] - over_us)) <= over_us / RATE_STEPS + 200 * MS)
                nearest = fmin(nearest, fabs(values[i] - values[n] - got));
        assert_true(nearest <= 0.5);
    }
}

/* Readings exactly a step apart are all kept, those closer together are not. */
static void test_what_is_thinned_out(void **state)
{
    (void)state;
    struct rate exact = {0};
    struct rate closer = {0};
    int64_t const over_us = RATE_STEPS * S;
    for (int i = 0; i < RATE_STEPS; i++) {
        (void)change(&exact, over_us, 100 * S + i * S, i);
        (void)change(&closer, over_us, 100 * S + i * (S - 1), i);
    }
    assert_int_equal(exact.count, RATE_STEPS);
    assert_true(closer.count < RATE_STEPS && closer.count > RATE_STEPS / 2);
}

/* What is exactly a window old is its edge: the value there is the reading, and what is older is of no use. */
static void test_the_edge_of_the_window(void **state)
{
    (void)state;
    struct rate rate = {0};
    (void)change(&rate, 10 * S, 100 * S, 50);
    (void)change(&rate, 10 * S, 105 * S, 1);
    assert_near(change(&rate, 10 * S, 110 * S, 8), -42);
    assert_int_equal(rate.count, 3);
    assert_near(change(&rate, 10 * S, 115 * S, 9), 8);
    assert_int_equal(rate.count, 3); /* the one of 100 s went when that of 105 s came to the edge */
    assert_true(rate.slots[0].mono_us == 105 * S);
    assert_near(change(&rate, 10 * S, 125 * S, 5), -4); /* a whole window later is no gap yet */
    assert_true(isnan(change(&rate, 10 * S, 135 * S + 1, 5)));
    assert_int_equal(rate.count, 1);
}

/* Nothing is kept that is of no use, also when there are only two. */
static void test_of_one_and_of_two(void **state)
{
    (void)state;
    struct rate rate = {0};
    (void)change(&rate, 28 * S, 100 * S, 1);
    (void)change(&rate, 28 * S, 100 * S + 100 * MS, 2);
    (void)change(&rate, 28 * S, 100 * S + 200 * MS,
                 3); /* in the place of the second, a tenth of a step after the first */
    assert_int_equal(rate.count, 2);
    struct rate old = {0};
    (void)change(&old, 10 * S, 100 * S, 1);
    (void)change(&old, 10 * S, 110 * S + 1, 2); /* a gap: nothing of before is known */
    assert_int_equal(old.count, 1);
    struct rate two = {0};
    (void)change(&two, 10 * S, 100 * S, 1);
    (void)change(&two, 10 * S, 105 * S, 2);
    (void)change(&two, 10 * S, 115 * S, 3);
    assert_int_equal(two.count, 2);
    struct rate one = {0};
    double result = 0;
    rate_add(&one, 10 * S, 100 * S, 5);
    assert_true(rate_change(&one, 10 * S, 110 * S, 9, &result)); /* from the only one there is */
    assert_near(result, 4);
}

/* A reading that is not later takes the place of the newest, also when that is the only one. */
static void test_one_that_is_not_later(void **state)
{
    (void)state;
    struct rate rate = {0};
    (void)change(&rate, 10 * S, 100 * S, 1);
    (void)change(&rate, 10 * S, 100 * S, 2);
    (void)change(&rate, 10 * S, 99 * S, 3);
    assert_int_equal(rate.count, 1);
    assert_near(change(&rate, 10 * S, 106 * S, 10), 7);
    (void)change(&rate, 10 * S, 106 * S, 20);
    assert_int_equal(rate.count, 2);
    assert_near(change(&rate, 10 * S, 107 * S, 30), 27);
}

static void test_nothing_read_is_unknown(void **state)
{
    (void)state;
    struct rate const empty = {0};
    double none = 7;
    assert_false(rate_change(&empty, 10 * S, 1000 * S, 5, &none)); /* long after the clock began */
    assert_near(none, 7);
}

static void test_what_is_a_bug(void **state)
{
    (void)state;
    struct rate rate = {0};
    assert_dies(rate_add(&rate, 0, S, 1));
    rate_add(&rate, 1, S, 1); /* a window of a moment is one */
    assert_int_equal(rate.count, 1);
    for (size_t i = 0; i < RATE_SLOTS_MAX; i++)
        rate.slots[i].mono_us = (int64_t)i * S;
    rate.slots[RATE_SLOTS_MAX - 2].mono_us = 100 * S; /* nothing is old or superfluous */
    rate.slots[RATE_SLOTS_MAX - 1].mono_us = 200 * S;
    rate.count = RATE_SLOTS_MAX;
    assert_dies(rate_add(&rate, RATE_STEPS * 10 * S, 201 * S, 1));
    rate.count = RATE_SLOTS_MAX - 1;
    rate_add(&rate, RATE_STEPS * 10 * S, 201 * S, 1);
    assert_int_equal(rate.count, RATE_SLOTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_a_window_is_needed),
        cmocka_unit_test(test_a_ramp),
        cmocka_unit_test(test_a_step),
        cmocka_unit_test(test_a_gap_begins_anew),
        cmocka_unit_test(test_a_reading_that_is_not_added),
        cmocka_unit_test(test_time_does_not_run_backwards),
        cmocka_unit_test(test_thinning_loses_little),
        cmocka_unit_test(test_what_is_thinned_out),
        cmocka_unit_test(test_the_edge_of_the_window),
        cmocka_unit_test(test_one_that_is_not_later),
        cmocka_unit_test(test_of_one_and_of_two),
        cmocka_unit_test(test_nothing_read_is_unknown),
        cmocka_unit_test(test_what_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
