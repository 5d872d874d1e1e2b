#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "gateway/base/check.h"
#include "gateway/core/spread.h"

#define MANY 4000 /* fewer than are kept: nothing has aged */

static uint64_t dice(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return *state >> 33;
}

static int by_size(const void *a, const void *b)
{
    int64_t const x = *(const int64_t *)a;
    int64_t const y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Even, or spread over all orders of magnitude, or a narrow band with rare long ones as a slave's answers are. */
static int64_t roll(uint64_t *seed, int shape)
{
    double const even = (double)dice(seed) / 2147483648.0;
    if (shape == 0)
        return 100 + (int64_t)(even * 1000000.0);
    if (shape == 1)
        return (int64_t)(64.0 * pow(2.0, even * 17.99));
    return dice(seed) % 50 == 0 ? 900000 + (int64_t)(even * 300000.0) : 8000 + (int64_t)(even * 400.0);
}

static void is_near_the_exact_quantile(void **state)
{
    (void)state;
    static int64_t values[MANY];
    static const unsigned asked[] = {1, 100, 500, 900, 990, 999, 1000};
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct spread spread = {0};
        uint64_t dice_state = seed;
        for (size_t i = 0; i < MANY; i++) {
            values[i] = roll(&dice_state, (int)(seed % 3));
            spread_add(&spread, values[i]);
        }
        qsort(values, MANY, sizeof *values, by_size);
        for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
            int64_t const exact = values[(MANY * asked[i] + 999) / 1000 - 1];
            double const told = spread_quantile(&spread, asked[i]);
            assert_true(fabs(told - (double)exact) <= (double)exact * 0.0626 + 1);
        }
    }
}

static void one_value_is_every_quantile(void **state)
{
    (void)state;
    struct spread spread = {0};
    assert_int_equal(spread_quantile(&spread, 500), 0);
    spread_add(&spread, 10000);
    assert_in_range(spread_quantile(&spread, 1), 9375, 10625);
    assert_int_equal(spread_quantile(&spread, 1), spread_quantile(&spread, 1000));
}

static void takes_what_is_out_of_its_range(void **state)
{
    (void)state;
    static const int64_t odd[] = {INT64_MIN, -1, 0, 63, 16777216, 3600000000, INT64_MAX};
    struct spread spread = {0};
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
        spread_add(&spread, odd[i]);
    assert_int_equal(spread_quantile(&spread, 500), 32);
    assert_int_equal(spread_quantile(&spread, 1000), 16777216);
    spread = (struct spread){0};
    spread_add(&spread, 64);
    assert_in_range(spread_quantile(&spread, 500), 64, 71);
    spread = (struct spread){0};
    spread_add(&spread, 16777215);
    assert_in_range(spread_quantile(&spread, 500), 15728640, 16777215);
}

/* Halving keeps the shape: a rare value stays as rare. */
static void ageing_moves_no_quantile(void **state)
{
    (void)state;
    struct spread spread = {0};
    for (int i = 0; i < 200000; i++)
        spread_add(&spread, i % 50 == 0 ? 1000000 : i % 2 == 0 ? 10000 : 12000);
    assert_in_range(spread.count, SPREAD_COUNT_MAX / 2, SPREAD_COUNT_MAX);
    assert_in_range(spread_quantile(&spread, 400), 9375, 10625);
    assert_in_range(spread_quantile(&spread, 900), 11250, 12750);
    assert_in_range(spread_quantile(&spread, 979), 11250, 12750);
    assert_in_range(spread_quantile(&spread, 985), 937500, 1062500);
}

/* One in a hundred, each of another length: single counts must not be rounded away. */
static void ageing_keeps_what_is_rare(void **state)
{
    (void)state;
    struct spread spread = {0};
    for (int i = 0; i < 200000; i++)
        spread_add(&spread, i % 100 == 0 ? (int64_t)(100000.0 * pow(2.0, i / 100 % 50 / 8.0)) : 10000);
    assert_true(spread_quantile(&spread, 992) >= 90000);
    assert_in_range(spread_quantile(&spread, 988), 9375, 10625);
}

/* A line that became slow an hour ago is slow; one that became good again is good. */
static void forgets_the_old(void **state)
{
    (void)state;
    struct spread spread = {0};
    for (int i = 0; i < 1000000; i++)
        spread_add(&spread, 10000);
    for (int i = 0; i < 8192; i++)
        spread_add(&spread, 200000);
    assert_in_range(spread_quantile(&spread, 500), 187500, 212500);
    for (int i = 0; i < 8 * 8192; i++)
        spread_add(&spread, 10000);
    assert_in_range(spread_quantile(&spread, 990), 9375, 10625);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_near_the_exact_quantile),
        cmocka_unit_test(one_value_is_every_quantile),
        cmocka_unit_test(takes_what_is_out_of_its_range),
        cmocka_unit_test(ageing_moves_no_quantile),
        cmocka_unit_test(forgets_the_old),
        cmocka_unit_test(ageing_keeps_what_is_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
