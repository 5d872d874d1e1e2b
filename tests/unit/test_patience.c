#include "tests/support/test.h"

#include "gateway/core/patience.h"

#define MS     ((int64_t)1000)
#define SECOND (1000 * MS)
#define WHOLE  SECOND

static struct patience learned(int64_t own_us, uint32_t answers)
{
    struct patience patience = {0};
    for (uint32_t i = 0; i < answers; i++)
        patience_learn(&patience, own_us, i * SECOND);
    return patience;
}

static void nothing_is_concluded_from_few_answers(void **state)
{
    (void)state;
    struct patience few = learned(5 * MS, PATIENCE_ANSWERS - 1);
    assert_int_equal(patience_us(&few, 0, 0, WHOLE, 0), WHOLE);
    patience_spent(&few, 1, 0);
    assert_int_equal(patience_us(&few, 2, 0, WHOLE, 0), WHOLE);
    assert_int_equal(patience_us(&few, 3, 0, WHOLE, 0), PATIENCE_FLOOR_US); /* dead */
    patience_learn(&few, 5 * MS, 60 * SECOND);
    assert_int_equal(patience_us(&few, 0, 0, WHOLE, 0), PATIENCE_FLOOR_US);
}

static void waits_three_times_the_longest_between_floor_and_ceiling(void **state)
{
    (void)state;
    struct patience patience = learned(20 * MS, 100);
    patience_learn(&patience, 100 * MS, 100 * SECOND);
    assert_int_equal(patience_us(&patience, 0, 0, WHOLE, 0), 332 * MS);
    assert_int_equal(patience_us(&patience, 0, 50 * MS, WHOLE, 0), 382 * MS); /* a long answer takes its time */
    assert_int_equal(patience_us(&patience, 0, 50 * MS, 200 * MS, 0), 200 * MS);
    patience_learn(&patience, 2 * SECOND, 101 * SECOND);
    assert_int_equal(patience_us(&patience, 0, 0, WHOLE, 0), WHOLE);
    struct patience quick = learned(-3 * MS, 100); /* what was on the wire can be a guess */
    assert_int_equal(patience_us(&quick, 0, 0, WHOLE, 0), PATIENCE_FLOOR_US);
}

/* Slow once in nine minutes is not forgotten in between; slow half an hour ago is. */
static void remembers_for_ten_to_twenty_minutes(void **state)
{
    (void)state;
    struct patience patience = {0};
    for (int64_t second = 0; second < 3600; second++) {
        patience_learn(&patience, second % 540 == 0 ? 200 * MS : 2 * MS, second * SECOND);
        if (second > 20)
            assert_int_equal(patience_us(&patience, 0, 0, WHOLE, 0), 632 * MS);
    }
    for (int64_t second = 3600; second < 3600 + 1300; second++)
        patience_learn(&patience, 2 * MS, second * SECOND);
    assert_int_equal(patience_us(&patience, 0, 0, WHOLE, 0), PATIENCE_FLOOR_US);
}

static void a_late_answer_gives_the_whole_time_for_an_hour(void **state)
{
    (void)state;
    struct patience patience = learned(5 * MS, 100);
    patience_widen(&patience, 100 * SECOND);
    patience_learn(&patience, 5 * MS, 101 * SECOND);
    assert_int_equal(patience_us(&patience, 0, 0, WHOLE, 3699 * SECOND), WHOLE);
    assert_int_equal(patience_us(&patience, 0, 0, WHOLE, 3700 * SECOND), PATIENCE_FLOOR_US);
}

static void a_silent_slave_gets_the_whole_time_now_and_then(void **state)
{
    (void)state;
    struct patience patience = learned(5 * MS, 100);
    assert_int_equal(patience_us(&patience, 1, 0, WHOLE, 0), WHOLE); /* at once after the loss */
    patience_spent(&patience, 2, 0);
    unsigned int whole = 0;
    for (uint32_t failures = 2; failures < 362; failures++) { /* an hour, two dead */
        int64_t const mono_us = failures * 10 * SECOND;
        if (patience_us(&patience, failures, 0, WHOLE, mono_us) < WHOLE)
            continue;
        whole++;
        patience_spent(&patience, 2, mono_us);
    }
    assert_int_equal(whole, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_concluded_from_few_answers),
        cmocka_unit_test(waits_three_times_the_longest_between_floor_and_ceiling),
        cmocka_unit_test(remembers_for_ten_to_twenty_minutes),
        cmocka_unit_test(a_late_answer_gives_the_whole_time_for_an_hour),
        cmocka_unit_test(a_silent_slave_gets_the_whole_time_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
