/* Units: what one is in another. */
#include "tests/support/test.h"

#include <math.h>

#include "firmware-sim/measure.h"

static double convert(double value, const char *from, const char *to)
{
    double factor;
    double addend;
    assert_true(measure_convert(from, to, &factor, &addend));
    return value * factor + addend;
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

static void test_known_pairs(void **state)
{
    (void)state;
    assert_true(near(convert(0.7, "MPa", "kPa"), 700));
    assert_true(near(convert(1, "bar", "[psi]"), 14.503773773));
    assert_true(near(convert(25, "Cel", "[degF]"), 77));
    assert_true(near(convert(-40, "[degF]", "Cel"), -40));
    assert_true(near(convert(0, "Cel", "K"), 273.15));
    assert_true(near(convert(1.6, "m/s", "mm/s"), 1600));
    assert_true(near(convert(12, "%{LEL}", "%{LEL}"), 12));
}

static void test_what_does_not_convert(void **state)
{
    (void)state;
    double factor;
    double addend;
    assert_false(measure_convert("MPa", "Cel", &factor, &addend));
    assert_false(measure_convert("MPa", "", &factor, &addend));
    assert_false(measure_convert("%{LEL}", "%", &factor, &addend));
}

static void test_as_people_write(void **state)
{
    (void)state;
    assert_string_equal("%LEL", measure_name("%{LEL}"));
    assert_string_equal("°C", measure_name("Cel"));
    assert_string_equal("", measure_name("1"));
    assert_string_equal("MPa", measure_name("MPa"));
    assert_string_equal("{furlong}", measure_name("{furlong}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_pairs),
        cmocka_unit_test(test_what_does_not_convert),
        cmocka_unit_test(test_as_people_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
