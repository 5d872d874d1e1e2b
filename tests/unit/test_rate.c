#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "gateway/base/check.h"
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
