#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>

#include "drivers/device/steam.h"
#include "gateway/base/check.h"

/* As printed: all nine digits. */
static void assert_printed(double value, double printed)
{
    char a[32];
    char b[32];
    (void)snprintf(a, sizeof a, "%.8e", value);
    (void)snprintf(b, sizeof b, "%.8e", printed);
    assert_string_equal(a, b);
}

/* The verification values of the release: tables 35 and 36. */
static void test_saturation_is_the_published_one(void **state)
{
    (void)state;
    static const double t_p[][2] = {{300, 0.353658941e-2}, {500, 0.263889776e1}, {600, 0.123443146e2}};
    static const double p_t[][2] = {{0.1, 0.372755919e3}, {1, 0.453035632e3}, {10, 0.584149488e3}};
    double value = 0;
    for (size_t i = 0; i < ARRAY_SIZE(t_p); i++) {
        assert_true(steam_p_sat(t_p[i][0], &value));
        assert_printed(value, t_p[i][1]);
        assert_true(steam_t_sat(p_t[i][0], &value));
        assert_printed(value, p_t[i][1]);
    }
}

/* Tables 5 and 15. */
static void test_enthalpies_are_the_published_ones(void **state)
{
    (void)state;
    static const double water[][3] = {{3, 300, 0.115331273e3}, {80, 300, 0.184142828e3}, {3, 500, 0.975542239e3}};
    static const double steam[][3] = {
        {0.0035, 300, 0.254991145e4}, {0.0035, 700, 0.333568375e4}, {30, 700, 0.263149474e4}};
    double value = 0;
    for (size_t i = 0; i < ARRAY_SIZE(water); i++) {
        assert_true(steam_h_water(water[i][0], water[i][1], &value));
        assert_printed(value, water[i][2]);
        assert_true(steam_h_steam(steam[i][0], steam[i][1], &value));
        assert_printed(value, steam[i][2]);
    }
}

/* What a gauge shows at 101.325 kPa of air. */
static void test_saturation_over_gauge_pressure(void **state)
{
    (void)state;
    static const double gauge[][2] = {{0, 99.97},    {0.4, 151.94},  {0.7, 170.48}, {0.8, 175.42},
                                      {1.0, 184.12}, {1.25, 193.40}, {1.6, 204.35}, {2.5, 226.08}};
    for (size_t i = 0; i < ARRAY_SIZE(gauge); i++) {
        double t_k = 0;
        assert_true(steam_t_sat(gauge[i][0] + 0.101325, &t_k));
        assert_true(fabs(t_k - ZERO_CELSIUS_K - gauge[i][1]) < 0.00501);
    }
}

static void test_there_and_back(void **state)
{
    (void)state;
    double before_k = 0;
    for (int i = 0; i <= 20000; i++) {
        double const p_mpa = 611.213e-6 * pow(22.064 / 611.213e-6, i / 20000.0) * (i == 20000 ? 1 - 1e-12 : 1);
        double t_k = 0;
        double back_mpa = 0;
        assert_true(steam_t_sat(p_mpa, &t_k));
        assert_true(t_k > before_k); /* rises all the way */
        before_k = t_k;
        if (i == 0 || i == 20000)
            continue; /* the ends may round out of the domain */
        assert_true(steam_p_sat(t_k, &back_mpa));
        assert_true(fabs(back_mpa / p_mpa - 1) < 1e-9);
    }
}

static void test_enthalpies_meet_at_saturation(void **state)
{
    (void)state;
    double before = 0;
    for (double p_mpa = 0.001; p_mpa < 16; p_mpa += 0.01) {
        double t_k = 0;
        double water = 0;
        double vapour = 0;
        assert_true(steam_t_sat(p_mpa, &t_k));
        assert_true(steam_h_water(p_mpa, t_k, &water)); /* the edge belongs to both regions */
        assert_true(steam_h_steam(p_mpa, t_k, &vapour));
        assert_true(water > before && vapour > water + 900 && vapour < 2810);
        before = water;
        assert_false(steam_h_water(p_mpa * 0.999, t_k, &water));
        assert_false(steam_h_steam(p_mpa * 1.001, t_k, &vapour));
    }
}

static void test_no_value_outside_the_domain(void **state)
{
    (void)state;
    static const double pressures[] = {-1,         0, 611.212e-6, 22.0641, 1e9, (double)INFINITY, -(double)INFINITY,
                                       (double)NAN};
    static const double temperatures[] = {-1, 0, 273.149, 647.0961, 1e9, (double)INFINITY, (double)NAN};
    double value = 7;
    for (size_t i = 0; i < ARRAY_SIZE(pressures); i++)
        assert_false(steam_t_sat(pressures[i], &value));
    for (size_t i = 0; i < ARRAY_SIZE(temperatures); i++) {
        assert_false(steam_p_sat(temperatures[i], &value));
        assert_false(steam_h_water(3, temperatures[i], &value));
    }
    assert_true(steam_t_sat(611.213e-6, &value) && steam_t_sat(22.064, &value));
    value = 7;
    assert_false(steam_h_water(101, 300, &value));
    assert_false(steam_h_water(50, 624, &value));
    assert_false(steam_h_water((double)NAN, 300, &value));
    assert_false(steam_h_steam(0, 500, &value));
    assert_false(steam_h_steam(0.1, 1074, &value));
    assert_false(steam_h_steam(0.1, 273.1, &value));
    assert_false(steam_h_steam(0.1, (double)NAN, &value));
    assert_false(steam_h_steam((double)NAN, 700, &value));
    assert_false(steam_h_steam(101, 1000, &value));
    assert_false(steam_h_steam(32, 700, &value)); /* region 3 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_saturation_is_the_published_one),
        cmocka_unit_test(test_enthalpies_are_the_published_ones),
        cmocka_unit_test(test_saturation_over_gauge_pressure),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_enthalpies_meet_at_saturation),
        cmocka_unit_test(test_no_value_outside_the_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
