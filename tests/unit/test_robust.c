#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "drivers/device/robust.h"
#include "tests/house/dice.h"

static int by_size(const void *a, const void *b)
{
    double const x = *(const double *)a;
    double const y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Against sorting; with many equal values too, where a selection is easily wrong or endless. */
static void test_median_is_that_of_sorting(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 2000; seed++) {
        double values[64];
        double sorted[64];
        struct dice dice = {seed};
        size_t const count = (size_t)dice_between(&dice, 1, 64);
        int64_t const kinds = dice_between(&dice, 1, 100);
        for (size_t i = 0; i < count; i++)
            values[i] = sorted[i] = (double)dice_between(&dice, -50, kinds - 50);
        qsort(sorted, count, sizeof *sorted, by_size);
        double const expected = count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
        double const median = robust_median(values, count);
        if (fabs(median - expected) > 1e-12)
            fail_msg("seed %u: %g, not %g", seed, median, expected);
    }
    double one[] = {7};
    double rising[] = {1, 2, 3, 4};
    assert_true(fabs(robust_median(one, 1) - 7) <= 0);
    assert_true(fabs(robust_median(rising, 4) - 2.5) <= 0);
}

static void test_slope_of_a_line(void **state)
{
    (void)state;
    struct robust_point points[ROBUST_SLOPE_MAX];
    for (size_t count = 2; count <= ROBUST_SLOPE_MAX; count++) {
        for (size_t i = 0; i < count; i++)
            points[i] = (struct robust_point){(double)i * 3 + 1000, 5 - 0.25 * (double)i * 3};
        assert_true(fabs(robust_slope(points, count) + 0.25) < 1e-12);
    }
}

/* One point in six is far off: a straight line by least squares would follow, this one does not move. */
static void test_slope_does_not_follow_wild_points(void **state)
{
    (void)state;
    struct robust_point knocked[ROBUST_SLOPE_MAX];
    for (size_t i = 0; i < ROBUST_SLOPE_MAX; i++)
        knocked[i] = (struct robust_point){(double)i, 2 * (double)i + (i % 6 == 5 ? 1000 : 0)};
    assert_true(fabs(robust_slope(knocked, ROBUST_SLOPE_MAX) - 2) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median_is_that_of_sorting),
        cmocka_unit_test(test_slope_of_a_line),
        cmocka_unit_test(test_slope_does_not_follow_wild_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
