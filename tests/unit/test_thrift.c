#include "tests/support/test.h"

#include "gateway/core/thrift.h"

#define DAY_BYTES 240000000U
#define HOUR_US   3600000000LL
#define LEAST_US  5000
#define MOST_US   10000000

static int64_t wait_at(struct thrift *thrift, int64_t mono_us)
{
    return thrift_wait_us(thrift, mono_us, LEAST_US, MOST_US);
}

static void waits_longer_as_the_purse_empties(void **state)
{
    struct thrift thrift;
    (void)state;
    thrift_init(&thrift, DAY_BYTES, 0);
    assert_int_equal(wait_at(&thrift, 0), LEAST_US);
    thrift_spend(&thrift, 30000000); /* half of six hours' share */
    assert_int_equal(wait_at(&thrift, 0), LEAST_US);
    thrift_spend(&thrift, 15000000);
    assert_in_range(wait_at(&thrift, 0), 4900000, 5100000);
    thrift_spend(&thrift, 99000000); /* nothing is owed */
    assert_int_equal(wait_at(&thrift, 0), MOST_US);
    assert_in_range(wait_at(&thrift, HOUR_US), 6600000, 6700000); /* 10 of 30 MB */
    assert_int_equal(wait_at(&thrift, 4 * HOUR_US), LEAST_US);
    thrift_spend(&thrift, 30000001);
    assert_true(wait_at(&thrift, 4 * HOUR_US) > LEAST_US);
    (void)wait_at(&thrift, 400 * HOUR_US); /* and no more is saved than fits */
    thrift_spend(&thrift, 60000000);
    assert_int_equal(wait_at(&thrift, 400 * HOUR_US), MOST_US);
}

static void without_a_budget_nobody_waits(void **state)
{
    struct thrift thrift;
    (void)state;
    thrift_init(&thrift, 0, 0);
    thrift_spend(&thrift, 1000000);
    assert_int_equal(wait_at(&thrift, HOUR_US), LEAST_US);
}

static void is_used_up_until_it_is_half_full(void **state)
{
    struct thrift thrift;
    (void)state;
    thrift_init(&thrift, DAY_BYTES, 0);
    thrift_spend(&thrift, 56000000); /* of 60 */
    assert_false(thrift_is_used_up(&thrift));
    assert_false(thrift_has_recovered(&thrift));
    thrift_spend(&thrift, 250001);
    assert_true(thrift_is_used_up(&thrift));
    assert_int_equal(thrift_saved(&thrift), 3749999);
    (void)wait_at(&thrift, 2 * HOUR_US);
    assert_false(thrift_is_used_up(&thrift));
    assert_false(thrift_has_recovered(&thrift));
    (void)wait_at(&thrift, 3 * HOUR_US);
    assert_true(thrift_has_recovered(&thrift));
    thrift_init(&thrift, 0, 0);
    assert_false(thrift_is_used_up(&thrift));
    assert_true(thrift_has_recovered(&thrift));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_longer_as_the_purse_empties),
        cmocka_unit_test(is_used_up_until_it_is_half_full),
        cmocka_unit_test(without_a_budget_nobody_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
