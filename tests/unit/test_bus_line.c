/* The bus contract in the bus room: slaves that refuse, bridges, addresses that two have, ports and connections. */
#include "tests/support/test.h"

#include <stdbool.h>

#include "tests/support/bus_world.h"

static struct bus_world world;

static struct board_slave board_of(size_t slave)
{
    struct board_slave shown;
    board_get_slave(world.board, slave, &shown);
    return shown;
}

/* How many requests it takes to read the first block once, now. */
static size_t parts_of_the_first_block(void)
{
    world.line.log_count = 0;
    bus_world_run(&world, SECOND);
    size_t parts = 0;
    for (size_t i = 0; i < world.line.log_count; i++) {
        const struct link_request *request = &world.line.log[i].request;
        parts += request->unit == 1 && request->function == LINK_READ_HOLDING && request->address < 10;
    }
    return parts;
}

static void test_a_register_that_is_not_there_costs_only_its_point(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 2, 1000);
    world.line.slaves[1].no_register = 5;
    bus_world_run(&world, 20 * SECOND);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(world.point_reason[i], i == 5 ? REASON_REFUSED : REASON_NONE);
    struct board_slave shown = board_of(0);
    assert_int_equal(shown.refusal_count, 1);
    assert_int_equal(shown.refusals[0].point, 5);
    assert_int_equal(shown.refusals[0].address, 5);
    assert_int_equal(shown.refusals[0].function, FUNCTION_HOLDING);
    assert_int_equal(shown.refusals[0].exception, 2);
    assert_int_equal(board_of(1).refusal_count, 0);
    bus_world_run(&world, 60 * SECOND); /* tried merged again, and then in runs around it */
    assert_int_equal(parts_of_the_first_block(), 2);
    world.line.log_count = 0;
    bus_world_run(&world, 3 * 3600 * SECOND);
    size_t merged = 0;
    for (size_t i = 0; i < world.line.log_count; i++)
        merged += world.line.log[i].request.unit == 1 && world.line.log[i].request.address == 0 &&
                  world.line.log[i].request.count == 10;
    assert_true(merged <= 3); /* hourly */
    assert_int_equal(world.wrong, 0);
    assert_int_equal(board_of(0).refusal_count, 1);
    bus_world_close(&world);
}

static void test_a_register_that_appears_is_read_and_merged_again(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 2, 1000);
    world.line.slaves[1].no_register = 5;
    bus_world_run(&world, 120 * SECOND);
    world.line.slaves[1].no_register = 0;
    bus_world_run(&world, 170 * SECOND); /* it is asked again after as long as it was refused */
    assert_int_equal(world.point_reason[5], REASON_NONE);
    assert_int_equal(board_of(0).refusal_count, 0);
    bus_world_run(&world, 3600 * SECOND);
    assert_int_equal(parts_of_the_first_block(), 1);
    assert_int_equal(world.wrong, 0);
    bus_world_close(&world);
}

/* Two slaves refuse, at different times: the parts of the one do not disturb those of the other. */
static void test_splits_are_of_one_slave(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 3, 1000);
    world.line.slaves[3].no_register = 3;
    bus_world_run(&world, 30 * SECOND);
    world.line.slaves[1].no_register = 104;
    bus_world_run(&world, 50 * SECOND); /* now the third is tried merged, the first is in parts */
    world.line.slaves[2].dead = true;
    bus_world_run(&world, 3 * 3600 * SECOND);
    world.line.slaves[2].dead = false;
    bus_world_run(&world, 30 * SECOND);
    assert_int_equal(board_of(0).refusals[0].point, 14);
    assert_int_equal(board_of(1).refusal_count, 0);
    assert_int_equal(board_of(2).refusals[0].point, 3);
    assert_int_equal(world.wrong, 0);
    unsigned int const good = world.good[0];
    bus_world_run(&world, 100 * SECOND);
    assert_in_range(world.good[0] - good, 1850, 1950); /* 19 of 20 points, and a coil a minute */
    bus_world_close(&world);
}

/* It only refuses long reads: each point alone is fine, and none is blind. */
static void test_a_slave_with_a_limit_is_read_in_parts(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 1, 1000);
    world.line.slaves[1].count_max = 4;
    bus_world_run(&world, 20 * SECOND);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(world.point_reason[i], REASON_NONE);
    assert_int_equal(board_of(0).refusal_count, 0);
    bus_world_close(&world);
}

/* Behind a bridge, exception 11 in place of each answer: that slave is gone, and nothing else is. */
static void test_a_bridge_that_misses_a_slave(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_TCP, 3, 1000);
    bus_world_run(&world, 10 * SECOND);
    unsigned int const others = world.good[0];
    world.line.slaves[2].always = 11;
    world.line.log_count = 0;
    bus_world_run(&world, 100 * SECOND);
    assert_int_equal(world.last_reason[1], REASON_NO_ANSWER);
    assert_true(world.good[0] - others >= 100 * 20 - 20);
    assert_in_range(bus_world_asked(&world, 2), 10, 25);
    assert_int_equal(board_of(1).answering, 0);
    assert_int_equal(world.line.opened, 1);
    assert_int_equal(world.bus_events, 1);
    world.line.slaves[2].always = 0;
    bus_world_run(&world, 15 * SECOND);
    assert_int_equal(board_of(1).answering, 1);
    bus_world_close(&world);
}

static void test_a_half_open_connection_is_renewed_quietly(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_TCP, 2, 1000);
    bus_world_run(&world, 10 * SECOND);
    world.line.deaf = true;
    world.line.busy_opens = 20; /* connecting takes a while */
    for (int i = 0; i < 100 && world.line.opened == 1; i++)
        bus_world_run(&world, 100 * MS);
    assert_int_equal(world.line.opened, 2);
    world.line.deaf = false;
    unsigned int const good = world.good[0];
    bus_world_run(&world, 10 * SECOND);
    assert_true(world.good[0] > good);
    assert_int_equal(world.bus_events, 1);
    bus_world_close(&world);
}

static void test_a_write_waits_while_the_connection_is_renewed(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_TCP, 1, 1000);
    bus_world_run(&world, 10 * SECOND);
    world.line.deaf = true;
    world.line.busy_opens = 20;
    while (world.line.tried < 2)
        bus_world_run(&world, 10 * MS);
    world.line.deaf = false;
    bus_world_write(&world, 1, 9);
    bus_world_run(&world, SECOND);
    assert_int_equal(world.written_count, 1);
    assert_int_equal(world.written.err, ERR_OK);
    bus_world_close(&world);
}

static void test_a_connection_that_cannot_be_renewed_is_lost(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_TCP, 1, 1000);
    bus_world_run(&world, 10 * SECOND);
    world.line.deaf = world.line.refuses_to_open = true;
    bus_world_run(&world, 60 * SECOND);
    assert_int_equal(world.bus_events, 2);
    assert_false(world.bus_open_told);
    assert_int_equal(world.last_reason[0], REASON_BUS_LOST);
    bus_world_close(&world);
}

/* Connected and broken off each time: that is no success, and is tried less and less often. A port costs nothing to try. */
static unsigned int tries_in_100_s(enum link_kind kind)
{
    bus_world_open(&world, kind, 1, 1000);
    world.line.breaks = true;
    bus_world_run(&world, 30 * SECOND);
    unsigned int const before = world.line.tried;
    bus_world_run(&world, 100 * SECOND);
    unsigned int const tried = world.line.tried - before;
    bus_world_close(&world);
    return tried;
}

static void test_reopening_backs_off_until_somebody_answers(void **state)
{
    (void)state;
    assert_in_range(tries_in_100_s(LINK_TCP), 9, 11);
    assert_in_range(tries_in_100_s(LINK_RTU_OVER_TCP), 9, 11);
    assert_in_range(tries_in_100_s(LINK_RTU), 99, 101);
}

static void test_a_port_that_is_back_is_open_within_a_second(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 1, 1000);
    bus_world_run(&world, 10 * SECOND);
    world.line.refuses_to_open = true;
    world.line.open = false;
    bus_world_run(&world, 3600 * SECOND);
    world.line.refuses_to_open = false;
    unsigned int const good = world.good[0];
    bus_world_run(&world, 1100 * MS);
    assert_true(world.good[0] > good);
    bus_world_close(&world);
}

/* Two devices with one address: the second answer comes when the next question has been asked. */
static void test_a_slave_that_answers_twice_is_asked_with_care(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 2, 0);
    bus_close(world.bus);
    world.slaves[0].gap_max = 4;
    bus_world_open_bus(&world);
    bus_world_run(&world, 5 * SECOND);
    assert_true(world.line.slaves[1].asked > 400);
    world.line.slaves[1].again_after_us = 12 * MS;
    bus_world_run(&world, 100 * SECOND);
    unsigned int const asked = world.line.slaves[1].asked;
    unsigned int const good = world.good[1];
    bus_world_run(&world, 100 * SECOND);
    assert_int_equal(world.wrong, 0);
    assert_in_range(world.line.slaves[1].asked - asked, 400, 1000); /* it rests a timeout after each answer */
    assert_true(world.good[1] - good > 100000);                     /* the other one does not */
    world.line.slaves[1].again_after_us = 0;
    bus_world_run(&world, 700 * SECOND);
    unsigned int const after = world.line.slaves[1].asked;
    bus_world_run(&world, 10 * SECOND);
    assert_true(world.line.slaves[1].asked - after > 800);
    bus_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_register_that_is_not_there_costs_only_its_point),
        cmocka_unit_test(test_a_register_that_appears_is_read_and_merged_again),
        cmocka_unit_test(test_splits_are_of_one_slave),
        cmocka_unit_test(test_a_slave_with_a_limit_is_read_in_parts),
        cmocka_unit_test(test_a_bridge_that_misses_a_slave),
        cmocka_unit_test(test_a_half_open_connection_is_renewed_quietly),
        cmocka_unit_test(test_a_write_waits_while_the_connection_is_renewed),
        cmocka_unit_test(test_a_connection_that_cannot_be_renewed_is_lost),
        cmocka_unit_test(test_reopening_backs_off_until_somebody_answers),
        cmocka_unit_test(test_a_port_that_is_back_is_open_within_a_second),
        cmocka_unit_test(test_a_slave_that_answers_twice_is_asked_with_care),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
