/* The bus room on a quiet line and on one where answers are late: nothing is ever taken for what it is not. */
#include "tests/support/test.h"

#include <stdbool.h>

#include "gateway/model/order.h"
#include "tests/support/bus_world.h"

static void test_polls_at_its_period_for_hours(void **state)
{
    (void)state;
    static struct bus_world world;
    bus_world_open(&world, LINK_RTU, 2, 1000);
    bus_world_run(&world, 3600 * SECOND);
    for (size_t i = 0; i < 2; i++) /* two blocks a second and the coil a minute */
        assert_in_range(world.batches[i], 7200 + 60, 7200 + 64);
    assert_int_equal(world.wrong, 0);
    bus_world_close(&world);
}

/* Panels of which no device takes a channel: nothing is asked of them, and those between and behind are none the worse for
 * it, though the line is lost and one of them falls silent. */
static void test_a_slave_nobody_takes_from_is_not_asked(void **state)
{
    (void)state;
    static struct bus_world world;
    static struct slave_point idle[21];
    bus_world_open(&world, LINK_RTU, 4, 1000);
    bus_close(world.bus);
    for (size_t i = 0; i < 21; i++) {
        idle[i] = world.points[i];
        idle[i].idle = true;
    }
    world.slaves[0].points = world.slaves[2].points = world.slaves[3].points = idle;
    bus_world_open_bus(&world);
    bus_world_run(&world, 100 * SECOND);
    world.line.slaves[2].dead = true;
    bus_world_run(&world, 60 * SECOND);
    world.line.slaves[2].dead = false;
    bus_world_run(&world, 1000 * SECOND);
    assert_int_equal(world.batches[0] + world.batches[2] + world.batches[3], 0);
    assert_int_equal(world.line.slaves[1].asked + world.line.slaves[3].asked + world.line.slaves[4].asked, 0);
    assert_in_range(world.batches[1], 2000, 2400);
    assert_int_equal(world.wrong, 0);
    bus_world_close(&world);
}

/* Late by up to fifteen timeouts, which is more than a suspect slave is left alone, a fifth of all answers: nothing is ever taken
 * for an answer to another question. */
static unsigned int wrong_values(enum link_kind kind, unsigned int *ret_good)
{
    static struct bus_world world;
    bus_world_open(&world, kind, 3, 0);
    for (size_t unit = 1; unit <= 3; unit++)
        world.line.slaves[unit] = (struct fake_slave){.late_share = 20, .late_max_us = 15 * TIMEOUT_MS * MS};
    bus_world_run(&world, 4000 * SECOND);
    *ret_good = world.good[0] + world.good[1] + world.good[2];
    bus_world_close(&world);
    return world.wrong;
}

static void test_late_answers_are_never_taken_for_another(void **state)
{
    (void)state;
    unsigned int good;
    assert_int_equal(wrong_values(LINK_RTU, &good), 0);
    assert_true(good > 100000);
}

/* The same line without fencing (a TCP bus pairs by transaction id and does not probe): the test above can fail. */
static void test_without_fencing_values_go_wrong(void **state)
{
    (void)state;
    unsigned int good;
    assert_true(wrong_values(LINK_TCP, &good) > 0);
}

/* Each slave says in register 5 who it is: the high byte is its unit. */
static void open_identified(struct bus_world *world, size_t slaves, uint32_t every_ms)
{
    bus_world_open(world, LINK_RTU, slaves, every_ms);
    for (size_t i = 0; i < slaves; i++) {
        world->slaves[i].has_identity = true;
        world->slaves[i].identity_function = FUNCTION_HOLDING;
        world->slaves[i].identity = (struct register_part){.address = 5, .byte = BYTE_HIGH};
        world->slaves[i].identity_equals = (int64_t)i + 1;
    }
}

static void test_a_stranger_is_not_believed(void **state)
{
    (void)state;
    static struct bus_world world;
    open_identified(&world, 2, 1000);
    world.line.slaves[1].model = 77;
    bus_world_run(&world, 60 * SECOND);
    assert_int_equal(world.good[0], 0);
    assert_int_equal(world.last_reason[0], REASON_NO_ANSWER);
    assert_in_range(world.good[1], 20 * 59, 20 * 62);
    assert_in_range(world.line.slaves[1].asked, 5, 20); /* who are you, each 10 s */
    struct bus_write const write = {.slave = 0, .point = 20, .value = 1, .token = 1};
    assert_int_equal(ring_push(&world.writes, &write, sizeof write), ERR_OK);
    bus_world_run(&world, SECOND);
    assert_int_equal(world.written.err, ERR_REFUSED);
    assert_int_equal(world.line.slaves[1].coil_writes, 0);
    world.line.slaves[1].model = 0;
    bus_world_run(&world, 11 * SECOND);
    assert_true(world.good[0] > 0);
    assert_int_equal(world.wrong, 0);
    bus_world_close(&world);
}

static void test_who_came_back_has_to_say_who_it_is(void **state)
{
    (void)state;
    static struct bus_world world;
    open_identified(&world, 2, 1000);
    bus_world_run(&world, 60 * SECOND);
    world.line.slaves[1].dead = true;
    bus_world_run(&world, 60 * SECOND);
    unsigned int const good = world.good[0];
    assert_true(good > 1000);
    world.line.slaves[1].dead = false;
    world.line.slaves[1].model = 77;
    bus_world_run(&world, 60 * SECOND);
    assert_int_equal(world.good[0], good);
    assert_int_equal(world.wrong, 0);
    bus_world_close(&world);
}

/* A version of the model that does not have the register is believed: it is no proof of another. */
static void test_a_refused_identity_proves_nothing(void **state)
{
    (void)state;
    static struct bus_world world;
    open_identified(&world, 1, 1000);
    world.slaves[0].identity.address = 0x7000;
    world.line.slaves[1].no_register = 0x7000;
    bus_world_run(&world, 10 * SECOND);
    assert_true(world.good[0] > 100);
    bus_world_close(&world);
}

static void test_too_busy_to_say_who_it_is_is_busy(void **state)
{
    (void)state;
    static struct bus_world world;
    open_identified(&world, 1, 1000);
    world.line.slaves[1].always = 6;
    bus_world_run(&world, 10 * SECOND);
    for (size_t i = 0; i < WORLD_POINTS; i++)
        assert_int_equal(world.point_reason[i], REASON_BUSY);
    assert_int_equal(world.good[0], 0);
    world.line.slaves[1].always = 0;
    bus_world_run(&world, 3 * SECOND);
    assert_true(world.good[0] > 0);
    bus_world_close(&world);
}

static void test_late_answers_do_not_identify(void **state)
{
    (void)state;
    static struct bus_world world;
    open_identified(&world, 3, 0);
    for (size_t unit = 1; unit <= 3; unit++)
        world.line.slaves[unit] = (struct fake_slave){.late_share = 20, .late_max_us = 15 * TIMEOUT_MS * MS};
    bus_world_run(&world, 2000 * SECOND);
    assert_true(world.good[0] > 10000);
    assert_int_equal(world.wrong, 0);
    bus_world_close(&world);
}

static void test_a_dead_slave_has_no_values_and_costs_little(void **state)
{
    (void)state;
    static struct bus_world world;
    bus_world_open(&world, LINK_RTU, 4, 1000);
    bus_world_run(&world, 10 * SECOND);
    world.line.slaves[2].dead = true;
    bus_world_run(&world, 5 * SECOND);
    unsigned int const good = world.good[1];
    assert_int_equal(world.last_reason[1], REASON_NO_ANSWER);
    unsigned int const others = world.good[0];
    bus_world_run(&world, 100 * SECOND);
    assert_int_equal(world.good[1], good);
    assert_true(world.good[0] - others >= 100 * 20 - 20); /* nobody else missed more than one tick */
    world.line.slaves[2].dead = false;
    bus_world_run(&world, 30 * SECOND);
    assert_true(world.good[1] > good + 15 * 20);
    bus_world_close(&world);
}

static void test_a_garbled_answer_is_asked_again_before_anybody_is_told(void **state)
{
    (void)state;
    static struct bus_world world;
    bus_world_open(&world, LINK_RTU, 1, 1000);
    bus_world_run(&world, 2500 * MS);
    for (int i = 0; i < 50; i++) {
        world.line.slaves[1].garbles = true;
        bus_world_run(&world, SECOND);
    }
    assert_int_equal(world.last_reason[0], REASON_NONE);
    assert_in_range(world.good[0], 52 * 20, 56 * 20);
    bus_world_close(&world);
}

static void test_a_write_overtakes_polls_and_is_read_back(void **state)
{
    (void)state;
    static struct bus_world world;
    bus_world_open(&world, LINK_RTU, 3, 0);
    bus_world_run(&world, 5 * SECOND);
    int64_t const asked = world.now.mono_us;
    bus_world_write(&world, 1, 77);
    bus_world_run(&world, 100 * MS);
    assert_int_equal(world.written_count, 1);
    assert_int_equal(world.written.err, ERR_OK);
    assert_int_equal(world.written.token, 77);
    assert_true(world.line.slaves[1].coil);
    assert_true(world.written.wire_mono_us - asked <= 5 * MS); /* the transaction in flight, no more */
    bus_world_close(&world);
}

static void test_a_write_that_does_not_stick_is_not_ok(void **state)
{
    (void)state;
    static struct bus_world world;
    bus_world_open(&world, LINK_RTU, 1, 1000);
    bus_world_run(&world, 2 * SECOND);
    world.line.slaves[1].coil_stuck = true; /* echoes the request like a good one */
    bus_world_write(&world, 1, 1);
    bus_world_run(&world, SECOND);
    assert_int_equal(world.written.err, ERR_MISMATCH);
    world.line.slaves[1].dead = true;
    bus_world_write(&world, 1, 2);
    bus_world_run(&world, SECOND);
    assert_int_equal(world.written.err, ERR_TIMEOUT);
    world.line.refuses_to_open = true;
    world.line.open = false;
    bus_world_run(&world, 10 * SECOND);
    bus_world_write(&world, 1, 3);
    bus_world_run(&world, SECOND);
    assert_int_equal(world.written.err, ERR_CLOSED);
    assert_int_equal(world.written_count, 3);
    bus_world_close(&world);
}

static void test_only_writable_points_are_written(void **state)
{
    (void)state;
    static struct bus_world world;
    bus_world_open(&world, LINK_RTU, 1, 1000);
    bus_world_run(&world, 2 * SECOND);
    struct bus_write const write = {.slave = 0, .point = 3, .value = 1, .token = 5};
    assert_int_equal(ring_push(&world.writes, &write, sizeof write), ERR_OK);
    bus_world_run(&world, SECOND);
    assert_int_equal(world.written.err, ERR_REFUSED);
    for (size_t i = 0; i < world.line.log_count; i++)
        assert_true(world.line.log[i].request.function < LINK_WRITE_COIL);
    bus_world_close(&world);
}

/* A board with a watchdog: fed in time, with another value each time, and polled all the same. */
static void test_a_heartbeat_is_written_at_its_period(void **state)
{
    (void)state;
    static struct bus_world world;
    bus_world_open(&world, LINK_RTU, 2, 1000);
    world.slaves[0].heartbeat_point = 20;
    world.slaves[0].heartbeat_ms = 2000;
    bus_world_run(&world, 100 * SECOND);
    assert_in_range(world.line.slaves[1].coil_writes, 49, 51);
    assert_in_range(world.line.slaves[1].coil_changes, 49, 51);
    assert_int_equal(world.line.slaves[2].coil_writes, 0);
    assert_in_range(world.good[0], 99 * 20, 103 * 20);
    assert_int_equal(world.written_count, 0);
    bus_world_close(&world);
}

static void test_a_lost_port_is_said_once_and_found_again(void **state)
{
    (void)state;
    static struct bus_world world;
    bus_world_open(&world, LINK_RTU, 1, 1000);
    bus_world_run(&world, 3 * SECOND);
    assert_int_equal(world.bus_events, 1);
    world.line.refuses_to_open = true;
    world.line.open = false;
    bus_world_run(&world, 100 * SECOND);
    assert_int_equal(world.bus_events, 2);
    assert_false(world.bus_open_told);
    assert_int_equal(world.last_reason[0], REASON_BUS_LOST);
    unsigned int const good = world.good[0];
    world.line.refuses_to_open = false;
    bus_world_run(&world, 11 * SECOND);
    assert_true(world.bus_open_told);
    assert_true(world.good[0] > good);
    bus_world_close(&world);
}

/* A slave that refuses every merged read: the points are read one by one, and none is blind. */
static void test_refused_reads_are_taken_apart(void **state)
{
    (void)state;
    static struct bus_world world;
    bus_world_open(&world, LINK_RTU, 1, 1000);
    world.line.slaves[1].exception = 2;
    bus_world_run(&world, 2500 * MS);
    assert_int_equal(world.last_reason[0], REASON_REFUSED);
    unsigned int const before = world.good[0];
    bus_world_run(&world, 10 * SECOND);
    assert_in_range(world.good[0] - before, 20 * 9, 20 * 11);
    assert_int_equal(world.wrong, 0);
    bus_world_close(&world);
}

static void test_busy_is_not_a_fault_and_not_a_zero(void **state)
{
    (void)state;
    static struct bus_world world;
    bus_world_open(&world, LINK_RTU, 1, 1000);
    world.line.slaves[1].exception = 6;
    bus_world_run(&world, 5 * SECOND);
    assert_int_equal(world.last_reason[0], REASON_BUSY);
    world.line.slaves[1].exception = 0;
    bus_world_run(&world, 2 * SECOND);
    assert_true(world.good[0] >= 20);
    bus_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_polls_at_its_period_for_hours),
        cmocka_unit_test(test_a_slave_nobody_takes_from_is_not_asked),
        cmocka_unit_test(test_late_answers_are_never_taken_for_another),
        cmocka_unit_test(test_without_fencing_values_go_wrong),
        cmocka_unit_test(test_a_stranger_is_not_believed),
        cmocka_unit_test(test_who_came_back_has_to_say_who_it_is),
        cmocka_unit_test(test_a_refused_identity_proves_nothing),
        cmocka_unit_test(test_too_busy_to_say_who_it_is_is_busy),
        cmocka_unit_test(test_late_answers_do_not_identify),
        cmocka_unit_test(test_a_dead_slave_has_no_values_and_costs_little),
        cmocka_unit_test(test_a_garbled_answer_is_asked_again_before_anybody_is_told),
        cmocka_unit_test(test_a_write_overtakes_polls_and_is_read_back),
        cmocka_unit_test(test_a_write_that_does_not_stick_is_not_ok),
        cmocka_unit_test(test_only_writable_points_are_written),
        cmocka_unit_test(test_a_heartbeat_is_written_at_its_period),
        cmocka_unit_test(test_a_lost_port_is_said_once_and_found_again),
        cmocka_unit_test(test_refused_reads_are_taken_apart),
        cmocka_unit_test(test_busy_is_not_a_fault_and_not_a_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
