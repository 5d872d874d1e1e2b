#include "tests/support/test.h"

#include <math.h>

#include "drivers/device/combustion.h"
#include "gateway/base/check.h"

static bool is_near(double value, double wanted, double within)
{
    return fabs(value - wanted) <= within;
}

static void test_lambda(void **state)
{
    (void)state;
    double value = 0;
    assert_true(lambda_by_o2(3.5, &value) && is_near(value, 1.2, 1e-12));
    assert_true(lambda_by_o2(0, &value) && is_near(value, 1, 1e-12));
    assert_true(lambda_by_gases(3.5, 0, 10, &value));
    assert_true(is_near(value, 21 / (21 - 79 * 3.5 / 86.5), 1e-12));
    double with_co = 0;
    assert_true(lambda_by_gases(3.5, 0.2, 10, &with_co));
    assert_true(with_co < value); /* unburnt gas: less air was used than the oxygen says */
    assert_true(is_near(with_co, 21 / (21 - 79 * 3.4 / 86.3), 1e-12));
}

/* T 150, air 20, O2 3.5; and 180/20/4.5 for natural gas. */
static void test_siegert(void **state)
{
    (void)state;
    static const struct {
        enum fuel fuel;
        double loss_pct;
    } cases[] = {{FUEL_NATURAL_GAS, 6.073},
                 {FUEL_LIGHT_OIL, 5.961},
                 {FUEL_LPG, 5.720},
                 {FUEL_TOWN_GAS, 6.110},
                 {FUEL_COKE_OVEN_GAS, 5.887}};
    double value = 0;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_true(siegert_by_o2(cases[i].fuel, 150, 20, 3.5, &value));
        assert_true(is_near(value, cases[i].loss_pct, 0.0005));
    }
    assert_true(siegert_by_o2(FUEL_NATURAL_GAS, 180, 20, 4.5, &value) && is_near(value, 7.840, 0.0005));
    assert_true(siegert_by_co2(FUEL_NATURAL_GAS, 150, 20, 10, &value));
    assert_true(is_near(value, 130 * (0.37 / 10 + 0.009), 1e-12));
    assert_true(siegert_by_co2(FUEL_LIGHT_OIL, 180, 20, 12.5, &value) && is_near(value, 160 * 0.047, 1e-12));
    assert_false(siegert_by_o2(FUEL_COAL, 150, 20, 3.5, &value)); /* has no constants */
    assert_false(siegert_by_co2(FUEL_COAL, 150, 20, 10, &value));
}

static void test_heat_balance(void **state)
{
    (void)state;
    double value = 0;
    assert_true(heat_loss_q2(FUEL_NATURAL_GAS, 1.2, 150, 20, 0, &value) && is_near(value, 6.032, 1e-9));
    assert_true(heat_loss_q2(FUEL_COAL, 1.6, 150, 20, 5, &value) && is_near(value, 6.08 * 1.3 * 0.95, 1e-9));
    assert_true(heat_loss_q3(1.25, 100, &value) && is_near(value, 0.04, 1e-12));
}

static void test_q5_over_rating_and_load(void **state)
{
    (void)state;
    static const double cases[][3] = {
        {1, 1, 2.9},    {4, 1, 2.9},    {5, 1, 2.65}, {6, 1, 2.4},   {8, 1, 2.05},         {10, 1, 1.7},
        {15, 1, 1.5},   {20, 1, 1.3},   {35, 1, 1.1}, {50, 1, 0.95}, {65, 1, 0.8},         {130, 1, 0.8},
        {10, 0.5, 3.4}, {10, 0.1, 6.8}, {10, 0, 6.8}, {10, -3, 6.8}, {10, 1.2, 1.7 / 1.2}, {10, 9, 1.7 / 1.2}};
    double value = 0;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_true(heat_loss_q5(cases[i][0], cases[i][1], &value));
        assert_true(is_near(value, cases[i][2], 1e-9));
    }
    double before = 3;
    for (double rated = 0.5; rated < 80; rated += 0.25) {
        assert_true(heat_loss_q5(rated, 1, &value) && value <= before);
        before = value;
    }
}

static void test_reference_oxygen(void **state)
{
    (void)state;
    double value = 0;
    assert_true(is_near(40 * NOX_MGM3_PER_PPM, 82.0, 1e-9));
    assert_true(at_reference_o2(40 * NOX_MGM3_PER_PPM, 5, 3.5, &value) && is_near(value, 89.69, 0.005));
    assert_true(at_reference_o2(100, 3.5, 3.5, &value) && is_near(value, 100, 1e-9));
    assert_true(at_reference_o2(100 * SO2_MGM3_PER_PPM, 12, 9, &value) && is_near(value, 286 * 12 / 9.0, 1e-9));
    assert_true(at_reference_o2(100 * CO_MGM3_PER_PPM, 5, 3.5, &value) && is_near(value, 125 * 17.5 / 16, 1e-9));
    assert_true(is_near(reference_o2_pct(FUEL_COAL), 9, 1e-12));
    assert_true(is_near(reference_o2_pct(FUEL_LIGHT_OIL), 3.5, 1e-12));
}

/* Nothing that is no number comes out, whatever goes in. */
static void test_no_value(void **state)
{
    (void)state;
    static const double odd[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, -0.001, 21, 21.5, 1e300, -1e300};
    double out = 7;
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        double const x = odd[i];
        assert_false(lambda_by_o2(x, &out));
        assert_false(lambda_by_gases(x, 0, 10, &out));
        assert_false(siegert_by_o2(FUEL_LPG, 150, 20, x, &out));
        assert_false(at_reference_o2(100, x, 3.5, &out));
        assert_false(at_reference_o2(100, 5, x, &out));
        bool const finite = isfinite(x);
        assert_true(siegert_by_o2(FUEL_LPG, x, 20, 3, &out) == finite);
        assert_true(siegert_by_o2(FUEL_LPG, 150, x, 3, &out) == finite);
        assert_true(heat_loss_q2(FUEL_LPG, 1.2, x, 20, 0, &out) == finite);
        assert_true(at_reference_o2(x, 5, 3.5, &out) == finite);
        assert_true(isfinite(out));
    }
    out = 7;
    assert_false(lambda_by_gases(3, -1, 10, &out) || lambda_by_gases(3, 0, -1, &out) ||
                 lambda_by_gases(3, 0, 97, &out));
    assert_false(lambda_by_gases(20.9, 0, 60, &out)); /* cannot be: all air and combustion products besides */
    assert_false(lambda_by_gases(3, (double)NAN, 10, &out) || lambda_by_gases(3, 0, (double)NAN, &out));
    assert_false(siegert_by_co2(FUEL_LPG, 150, 20, 0, &out) || siegert_by_co2(FUEL_LPG, 150, 20, (double)NAN, &out));
    assert_false(siegert_by_co2(FUEL_LPG, 150, 20, 101, &out));
    assert_false(heat_loss_q2(FUEL_LPG, 0, 150, 20, 0, &out) || heat_loss_q2(FUEL_LPG, 1.2, 150, 20, 101, &out));
    assert_false(heat_loss_q2(FUEL_LPG, (double)NAN, 150, 20, 0, &out));
    assert_false(heat_loss_q3(1.2, -1, &out) || heat_loss_q3(1.2, (double)NAN, &out) || heat_loss_q3(-1, 1, &out));
    assert_false(heat_loss_q3(1.2, (double)INFINITY, &out));
    assert_false(heat_loss_q5(0, 1, &out) || heat_loss_q5((double)NAN, 1, &out) || heat_loss_q5(10, (double)NAN, &out));
    assert_false(siegert_by_o2(FUEL_COUNT, 150, 20, 3, &out) || heat_loss_q2(FUEL_COUNT, 1, 150, 20, 0, &out));
    assert_true(is_near(out, 7, 0)); /* untouched on failure */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lambda),           cmocka_unit_test(test_siegert),
        cmocka_unit_test(test_heat_balance),     cmocka_unit_test(test_q5_over_rating_and_load),
        cmocka_unit_test(test_reference_oxygen), cmocka_unit_test(test_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
