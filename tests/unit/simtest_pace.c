/* The plant's time: how many steps a real second brings at each speed, what falls behind, and the words for times. */
#include "tests/support/test.h"

#include <math.h>

#include "firmware-sim/pace.h"

/* Plays real time in turns of a millisecond; returns how many steps were made and the largest. */
static size_t play(struct pace *pace, int64_t from_us, int64_t to_us, double *ret_largest_s)
{
    size_t steps = 0;
    *ret_largest_s = 0;
    for (int64_t now_us = from_us + 1000; now_us <= to_us; now_us += 1000) {
        assert_false(pace_pass(pace, now_us));
        for (double step_s = pace_step(pace); step_s > 0; step_s = pace_step(pace)) {
            *ret_largest_s = fmax(*ret_largest_s, step_s);
            steps++;
        }
    }
    return steps;
}

static void test_steps_of_each_speed(void **state)
{
    (void)state;
    static const struct {
        double speed;
        double step_s;
        size_t steps; /* in 10 real seconds */
    } rows[] = {{0.1, 0.1, 10},   {1, 0.1, 100},  {10, 0.1, 1000}, {60, 0.1, 6000},
                {300, 0.5, 6000}, {600, 1, 6000}, {3600, 1, 36000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pace pace;
        double largest_s;
        pace_init(&pace, rows[i].speed, 5000000);
        size_t steps = play(&pace, 5000000, 15000000, &largest_s);
        assert_in_range(steps, rows[i].steps - 1, rows[i].steps);
        assert_true(fabs(largest_s - rows[i].step_s) < 1e-9);
        assert_true(fabs(pace.plant_s - 10 * rows[i].speed) <= rows[i].step_s + 1e-6);
        assert_true(!(pace.missed_s > 0));
    }
}

static void test_due(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 1, 1000000);
    assert_in_range(pace_due_us(&pace, 1), 1100000, 1100000 + 1);
    assert_false(pace_pass(&pace, 1060000));
    assert_in_range(pace_due_us(&pace, 1), 1100000, 1100000 + 1);
    assert_false(pace_pass(&pace, 1100000));
    assert_in_range(pace_due_us(&pace, 1), 1100000, 1100000 + 1);
    assert_int_equal(pace_owed(&pace), 1);
    assert_in_range(pace_due_us(&pace, 2), 1200000, 1200001);
    assert_true(pace_step(&pace) > 0);
    assert_int_equal(pace_owed(&pace), 0);
    assert_in_range(pace_due_us(&pace, 1), 1200000, 1200000 + 1);
}

/* Nobody looked for an hour: no rush of 36,000 steps, and it is said. */
static void test_suspended_process_does_not_catch_up(void **state)
{
    (void)state;
    struct pace pace;
    size_t steps = 0;
    pace_init(&pace, 1, 0);
    assert_true(pace_pass(&pace, 3600000000));
    while (pace_step(&pace) > 0)
        steps++;
    assert_in_range(steps, 1, 10);
    assert_true(fabs(pace.missed_s + pace.plant_s - 3600) < 0.2);
}

static void test_a_slow_plant_says_what_it_missed(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 3600, 0);
    size_t behind = 0;
    for (int64_t now_us = 10000; now_us <= 10000000; now_us += 10000) { /* a step takes 10 ms: 100 a second */
        behind += pace_pass(&pace, now_us) ? 1U : 0U;
        (void)pace_step(&pace);
    }
    assert_true(behind > 0);
    assert_true(fabs(pace.plant_s + pace.missed_s + pace.owed_s - 36000) < 1e-3);
    assert_true(pace.plant_s < 1001);
}

static void test_speed_can_change(void **state)
{
    (void)state;
    struct pace pace;
    struct sentence why;
    double largest_s;
    pace_init(&pace, 1, 0);
    (void)play(&pace, 0, 1000000, &largest_s);
    assert_true(pace_set(&pace, 3600, sentence_init(&why)));
    assert_in_range(play(&pace, 1000000, 2000000, &largest_s), 3599, 3600);
    assert_true(pace_set(&pace, 1, sentence_init(&why)));
    assert_in_range(play(&pace, 2000000, 3000000, &largest_s), 9, 20); /* what a large step left over is made up */
    assert_false(pace_set(&pace, 0.09, sentence_init(&why)));
    assert_false(pace_set(&pace, 3601, sentence_init(&why)));
    assert_false(pace_set(&pace, (double)NAN, sentence_init(&why)));
    assert_string_equal(why.bytes, "a speed is a number from 0.1 to 3600");
    assert_true(fabs(pace.speed - 1) < 1e-12);
}

static void test_words_for_times(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int64_t us;
        const char *printed;
    } rows[] = {
        {"500ms", 500000, "500ms"},     {"15s", 15000000, "15s"},
        {"1.5s", 1500000, "1500ms"},    {"0s", 0, "0s"},
        {"30min", 1800000000, "30min"}, {"90min", 5400000000, "90min"},
        {"2h", 7200000000, "2h"},       {"120min", 7200000000, "2h"},
        {"0.5ms", 500, "0.5ms"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sentence out;
        int64_t us = -1;
        assert_true(text_to_duration(rows[i].word, &us));
        assert_int_equal(us, rows[i].us);
        text_add_duration(sentence_init(&out), us);
        assert_string_equal(out.bytes, rows[i].printed);
    }
    static const char *const wrong[] = {"",      "5",    "s",  "-1s", "5 s", "1e99h",
                                        "nan s", "infs", "5m", "5d",  "0x",  "9000h"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t us = -1;
        assert_false(text_to_duration(wrong[i], &us));
        assert_int_equal(us, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_of_each_speed),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_suspended_process_does_not_catch_up),
        cmocka_unit_test(test_a_slow_plant_says_what_it_missed),
        cmocka_unit_test(test_speed_can_change),
        cmocka_unit_test(test_words_for_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
