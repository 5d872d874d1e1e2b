#include "tests/support/test.h"

#include "gateway/base/clock.h"

#define YEAR_2020_MS 1577836800000LL
#define YEAR_2100_MS 4102444800000LL

static void monotonic_time_never_goes_back(void **state)
{
    (void)state;
    int64_t last_mono_us = clock_now().mono_us;
    int distinct = 0;
    assert_true(last_mono_us > 0);
    /* Until it has moved a thousand times: microseconds, not milliseconds or jiffies. */
    for (long turn = 0; distinct < 1000; turn++) {
        int64_t mono_us = clock_now().mono_us;
        assert_true(mono_us >= last_mono_us);
        assert_true(turn < 100000000);
        distinct += mono_us > last_mono_us;
        last_mono_us = mono_us;
    }
}

static void the_wall_clock_is_in_milliseconds_of_our_age(void **state)
{
    (void)state;
    struct now now = clock_now();
    assert_true(now.utc_ms > YEAR_2020_MS);
    assert_true(now.utc_ms < YEAR_2100_MS);
}

static void milliseconds_round_down(void **state)
{
    (void)state;
    assert_int_equal(clock_mono_ms((struct now){.mono_us = 1999}), 1);
    assert_int_equal(clock_mono_ms((struct now){.mono_us = 2000}), 2);
    assert_true(clock_mono_ms((struct now){.mono_us = CLOCK_NEVER}) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic_time_never_goes_back),
        cmocka_unit_test(the_wall_clock_is_in_milliseconds_of_our_age),
        cmocka_unit_test(milliseconds_round_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
