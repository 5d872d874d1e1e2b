#include "tests/support/test.h"

#include <stdbool.h>
#include <string.h>

#include "gateway/core/schedule.h"

#define MS      ((int64_t)1000)
#define SECOND  (1000 * MS)
#define TIMEOUT (500 * MS)

struct world {
    struct schedule schedule;
    struct schedule_read reads[16];
    struct schedule_slave slaves[16];
};

static void make(struct world *world, size_t slaves, int64_t period_us)
{
    memset(world, 0, sizeof *world);
    for (size_t i = 0; i < slaves; i++)
        world->reads[i] = (struct schedule_read){.slave = (uint16_t)i, .poll = POLL_NORMAL, .period_us = period_us};
    world->schedule =
        (struct schedule){.reads = world->reads, .read_count = slaves, .slaves = world->slaves, .slave_count = slaves};
    schedule_restart(&world->schedule, 0);
}

static void test_ticks_are_common_and_exact(void **state)
{
    (void)state;
    struct world world;
    make(&world, 2, SECOND);
    int64_t now = 0;
    for (int64_t tick = 1; tick <= 3600; tick++) {
        for (int i = 0; i < 2; i++) {
            struct schedule_choice choice = schedule_choose(&world.schedule, now);
            assert_true(choice.found);
            schedule_served(&world.schedule, choice.read, now + (i + 1) * 70 * MS);
        }
        struct schedule_choice none = schedule_choose(&world.schedule, now + 200 * MS);
        assert_false(none.found);
        assert_int_equal(none.next_mono_us, tick * SECOND);
        now = none.next_mono_us;
    }
}

static void test_safety_goes_first_and_nothing_starves(void **state)
{
    (void)state;
    struct world world;
    make(&world, 2, 0);
    world.reads[1].poll = POLL_SAFETY;
    unsigned int served[2] = {0};
    int64_t longest_us = 0;
    int64_t last_us = 0;
    for (int64_t now = 0; now < 60 * SECOND; now += 50 * MS) {
        struct schedule_choice choice = schedule_choose(&world.schedule, now);
        assert_true(choice.found);
        served[choice.read]++;
        if (choice.read == 0) {
            longest_us = now - last_us > longest_us ? now - last_us : longest_us;
            last_us = now;
        }
        schedule_served(&world.schedule, choice.read, now);
    }
    assert_true(served[1] > 10 * served[0]); /* flat-out safety first */
    assert_true(longest_us <= 1200 * MS);    /* yet the other gets its turn each second */
}

static void test_flat_out_is_fair(void **state)
{
    (void)state;
    struct world world;
    make(&world, 5, 0);
    unsigned int served[5] = {0};
    for (int64_t now = 0; now < 100 * SECOND; now += 100 * MS) {
        struct schedule_choice choice = schedule_choose(&world.schedule, now);
        served[choice.read]++;
        schedule_served(&world.schedule, choice.read, now);
    }
    for (size_t i = 0; i < 5; i++)
        assert_in_range(served[i], 199, 201);
}

static void test_a_silent_slave_rests_then_gets_a_probe(void **state)
{
    (void)state;
    struct world world;
    make(&world, 1, SECOND);
    schedule_silent(&world.schedule, 0, TIMEOUT, TIMEOUT, TIMEOUT);
    struct schedule_choice choice = schedule_choose(&world.schedule, TIMEOUT + 999 * MS);
    assert_false(choice.found);
    assert_int_equal(choice.next_mono_us, TIMEOUT + SECOND);
    choice = schedule_choose(&world.schedule, TIMEOUT + SECOND);
    assert_true(choice.found && choice.probe);
    schedule_answered(&world.schedule, 0, TIMEOUT + SECOND);
    choice = schedule_choose(&world.schedule, TIMEOUT + SECOND);
    assert_true(choice.found && !choice.probe);
}

static void test_backoff_grows_to_ten_seconds(void **state)
{
    (void)state;
    struct world world;
    make(&world, 1, SECOND);
    int64_t rest = 0;
    for (int i = 0; i < 40; i++) {
        schedule_silent(&world.schedule, 0, 0, TIMEOUT, TIMEOUT);
        assert_true(world.slaves[0].not_before_mono_us >= rest);
        rest = world.slaves[0].not_before_mono_us;
    }
    assert_int_equal(rest, 10 * SECOND);
}

/* A bus of 16 at 60 ms a read, 8 of them dead: what the dead cost, and what the living get. */
static void test_dead_slaves_cost_a_tenth(void **state)
{
    (void)state;
    struct world world;
    make(&world, 16, SECOND);
    int64_t dead_us = 0;
    int64_t const end = 600 * SECOND;
    unsigned int good = 0;
    unsigned int probed[16] = {0};
    for (int64_t now = 0; now < end;) {
        struct schedule_choice choice = schedule_choose(&world.schedule, now);
        if (!choice.found) {
            now = choice.next_mono_us;
            continue;
        }
        uint16_t const slave = world.reads[choice.read].slave;
        if (slave % 2 == 0) {
            now += 60 * MS;
            good++;
            schedule_answered(&world.schedule, slave, now);
            schedule_served(&world.schedule, choice.read, now);
        } else {
            now += TIMEOUT;
            dead_us += TIMEOUT;
            probed[slave]++;
            schedule_silent(&world.schedule, slave, now, TIMEOUT, TIMEOUT);
        }
    }
    assert_true(dead_us <= end / 10 + 24 * TIMEOUT); /* a tenth, and the three failures that make one dead */
    assert_true(good >= 8 * 600 * 9 / 10);
    for (size_t i = 1; i < 16; i += 2)
        assert_true(probed[i] >= 10); /* none is forgotten */
}

static void test_alone_and_dead_is_not_held_to_the_share(void **state)
{
    (void)state;
    struct world world;
    make(&world, 1, SECOND);
    for (int i = 0; i < 5; i++)
        schedule_silent(&world.schedule, 0, 0, 4 * SECOND, 4 * SECOND);
    world.schedule.dead_not_before_mono_us = 36 * SECOND;
    assert_true(schedule_choose(&world.schedule, 8 * SECOND).found);
}

static void test_recovery_reads_everything_at_once(void **state)
{
    (void)state;
    struct world world;
    make(&world, 1, 60 * SECOND);
    schedule_served(&world.schedule, 0, 0);
    schedule_silent(&world.schedule, 0, SECOND, TIMEOUT, TIMEOUT);
    schedule_answered(&world.schedule, 0, 5 * SECOND);
    struct schedule_choice choice = schedule_choose(&world.schedule, 5 * SECOND);
    assert_true(choice.found && !choice.probe);
}

static void test_cycle_ends_with_the_last_due_read(void **state)
{
    (void)state;
    struct world world;
    make(&world, 2, SECOND);
    world.reads[1].slave = 0;
    world.reads[1].period_us = 2 * SECOND;
    schedule_served(&world.schedule, 0, 10 * MS);
    assert_false(schedule_cycle_ended(&world.schedule, 0, 10 * MS));
    schedule_served(&world.schedule, 1, 20 * MS);
    assert_true(schedule_cycle_ended(&world.schedule, 0, 20 * MS));
    schedule_served(&world.schedule, 0, SECOND);
    assert_true(schedule_cycle_ended(&world.schedule, 0, SECOND)); /* the slow one is not due */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks_are_common_and_exact),
        cmocka_unit_test(test_safety_goes_first_and_nothing_starves),
        cmocka_unit_test(test_flat_out_is_fair),
        cmocka_unit_test(test_a_silent_slave_rests_then_gets_a_probe),
        cmocka_unit_test(test_backoff_grows_to_ten_seconds),
        cmocka_unit_test(test_dead_slaves_cost_a_tenth),
        cmocka_unit_test(test_alone_and_dead_is_not_held_to_the_share),
        cmocka_unit_test(test_recovery_reads_everything_at_once),
        cmocka_unit_test(test_cycle_ends_with_the_last_due_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
