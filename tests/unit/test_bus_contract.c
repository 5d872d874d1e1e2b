/* The bus contract in the bus room: guards, doubtful readings, learned timeouts. */
#include "tests/support/test.h"

#include <stdbool.h>

#include "tests/support/bus_world.h"

#define TURNAROUND (5 * MS)
#define GUARD_MS   300

static struct bus_world world;

static bool is_write(const struct asked *asked)
{
    return asked->request.function >= LINK_WRITE_COIL;
}

/* The shortest time between an answer of the slave and its next request, of what the log has. */
static int64_t shortest_rest_us(uint8_t unit)
{
    int64_t shortest_us = INT64_MAX;
    int64_t answered_us = 0;
    for (size_t i = 0; i < world.line.log_count; i++) {
        const struct asked *asked = &world.line.log[i];
        if (asked->request.unit != unit)
            continue;
        if (answered_us != 0 && asked->mono_us - answered_us < shortest_us)
            shortest_us = asked->mono_us - answered_us;
        answered_us = asked->mono_us + TURNAROUND;
    }
    return shortest_us;
}

static void test_writes_keep_the_guard_of_the_slave(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 3, 0);
    world.slaves[0].guard_ms = GUARD_MS;
    bus_world_run(&world, 5 * SECOND);
    for (uint32_t i = 0; i < 20; i++) {
        world.line.log_count = 0;
        int64_t const asked_us = world.now.mono_us;
        bus_world_write(&world, i % 2, i);
        bus_world_run(&world, 3 * SECOND + 17 * MS); /* another place in the cycle each time */
        assert_int_equal(world.written.token, i);
        assert_int_equal(world.written.err, ERR_OK);
        assert_true(world.written.wire_mono_us - asked_us <= GUARD_MS * MS + TURNAROUND);
        assert_true(shortest_rest_us(1) >= GUARD_MS * MS);
    }
    bus_world_close(&world);
}

/* Polls of others wait, too: a poll may last as long as the timeout, the guard does not. */
static void test_the_line_is_kept_for_a_write_at_rest(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 3, 0);
    world.slaves[0].guard_ms = GUARD_MS;
    bus_world_run(&world, 5 * SECOND);
    world.line.log_count = 0;
    while (bus_world_asked(&world, 1) == 0)
        bus_world_run(&world, MS);
    world.line.log_count = 0;
    bus_world_write(&world, 1, 7);
    bus_world_run(&world, SECOND);
    assert_true(is_write(&world.line.log[0]));
    assert_int_equal(world.line.log[1].request.function, LINK_READ_COILS);
    bus_world_close(&world);
}

static void test_heartbeats_keep_the_guard_and_spare_the_dead(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 2, 500);
    world.slaves[0].guard_ms = GUARD_MS / 3;
    world.slaves[0].heartbeat_point = WORLD_COIL;
    world.slaves[0].heartbeat_ms = 930; /* now and then while it rests */
    bus_world_run(&world, 60 * SECOND);
    assert_true(shortest_rest_us(1) >= GUARD_MS / 3 * MS);
    assert_in_range(world.line.slaves[1].coil_writes, 58, 65);
    world.line.slaves[1].dead = true;
    bus_world_run(&world, 10 * SECOND);
    world.line.log_count = 0;
    bus_world_run(&world, 60 * SECOND);
    for (size_t i = 0; i < world.line.log_count; i++)
        assert_false(is_write(&world.line.log[i]));
    unsigned int const before = world.line.slaves[1].coil_writes;
    world.line.slaves[1].dead = false;
    bus_world_run(&world, 20 * SECOND);
    assert_true(world.line.slaves[1].coil_writes - before >= 9);
    bus_world_close(&world);
}

static void open_safety(size_t slaves, uint32_t every_ms)
{
    bus_world_open(&world, LINK_RTU, slaves, every_ms);
    bus_close(world.bus);
    for (size_t i = 0; i < 10; i++)
        world.points[i].poll = POLL_SAFETY;
    bus_world_open_bus(&world);
    bus_world_run(&world, 10 * SECOND + 500 * MS);
    world.line.slaves[1].level = 1000; /* unlike anything it said before */
    bus_world_run(&world, SECOND);
    assert_int_equal(world.level, 1000);
}

static size_t reads_of_the_first_block(void)
{
    size_t count = 0;
    for (size_t i = 0; i < world.line.log_count; i++)
        count += world.line.log[i].request.unit == 1 && world.line.log[i].request.address == 0 &&
                 world.line.log[i].request.count == 10;
    return count;
}

static void trouble(void)
{
    world.line.slaves[2].garbles = true;
    bus_world_run(&world, SECOND);
    world.line.log_count = 0;
}

static void test_a_changed_safety_reading_is_read_twice_after_trouble(void **state)
{
    (void)state;
    open_safety(2, 1000);
    world.line.log_count = 0;
    world.line.slaves[1].level = 2000;
    bus_world_run(&world, SECOND);
    assert_int_equal(reads_of_the_first_block(), 1); /* a calm line is believed */
    assert_int_equal(world.level, 2000);
    trouble();
    unsigned int const told = world.levels_told;
    world.line.slaves[1].level = 3000;
    bus_world_run(&world, SECOND);
    assert_int_equal(reads_of_the_first_block(), 2);
    assert_int_equal(world.level, 3000);
    assert_int_equal(world.levels_told - told, 1);
    world.line.log_count = 0;
    world.line.slaves[1].level = 3020; /* less than a sensor is worth */
    bus_world_run(&world, SECOND);
    assert_int_equal(reads_of_the_first_block(), 1);
    bus_world_run(&world, 5 * SECOND); /* it is over */
    world.line.log_count = 0;
    world.line.slaves[1].level = 1000;
    bus_world_run(&world, SECOND);
    assert_int_equal(reads_of_the_first_block(), 1);
    bus_world_close(&world);
}

static void test_a_lie_is_not_told_after_trouble(void **state)
{
    (void)state;
    open_safety(2, 1000);
    for (int i = 0; i < 20; i++) {
        trouble();
        world.line.slaves[1].lie = 40000;
        world.line.slaves[1].lies = 1;
        bus_world_run(&world, SECOND);
        assert_int_equal(world.line.slaves[1].lies, 0);
        assert_in_range(reads_of_the_first_block(), 2, 3); /* the second contradicts, the third decides */
        assert_int_equal(world.level, 1000);
    }
    assert_int_equal(world.wrong, 0);
    assert_int_equal(world.last_reason[0], REASON_NONE);
    bus_world_run(&world, 10 * SECOND);
    world.line.slaves[1].lies = 1; /* the same on a calm line is told: this test can fail */
    bus_world_run(&world, SECOND);
    assert_int_equal(world.wrong, 1);
    bus_world_close(&world);
}

/* Three that contradict each other: the third is told, and no fourth is asked for. */
static void test_the_third_reading_decides(void **state)
{
    (void)state;
    open_safety(2, 1000);
    trouble();
    unsigned int const told = world.levels_told;
    world.line.slaves[1].lie = 30000;
    world.line.slaves[1].lies = 3;
    bus_world_run(&world, SECOND);
    assert_int_equal(reads_of_the_first_block(), 3);
    assert_int_equal(world.levels_told - told, 1);
    assert_int_equal(world.level, 40000);
    bus_world_close(&world);
}

/* A doubtful reading goes before everything but a write: also where all are asked in turn, without pause. */
static void test_doubt_costs_one_transaction(void **state)
{
    (void)state;
    open_safety(4, 0);
    world.line.slaves[2].garbles = true;
    bus_world_run(&world, SECOND);
    world.line.slaves[1].level = 5000;
    world.line.log_count = 0;
    int64_t const from_us = world.now.mono_us;
    while (world.level != 5000)
        bus_world_run(&world, MS);
    assert_in_range(reads_of_the_first_block(), 2, 3); /* one may have been on its way before */
    const struct asked *last = &world.line.log[world.line.log_count - 2];
    const struct asked *before = last - 1;
    assert_true(last->request.unit == 1 && before->request.unit == 1);
    assert_true(world.now.mono_us - from_us < SECOND);
    bus_world_close(&world);
}

static void open_patient(size_t slaves)
{
    bus_world_open(&world, LINK_RTU, slaves, 1000);
    bus_close(world.bus);
    world.bus_site.timeout_ms = 1000;
    bus_world_open_bus(&world);
    bus_world_run(&world, 60 * SECOND);
    world.line.log_count = 0;
}

static void test_a_dead_slave_costs_little_once_its_times_are_known(void **state)
{
    (void)state;
    open_patient(2);
    world.line.slaves[1].dead = true;
    bus_world_run(&world, 300 * SECOND);
    unsigned int whole = 0;
    unsigned int shortened = 0;
    for (size_t i = 0; i < world.line.log_count; i++) {
        const struct link_request *request = &world.line.log[i].request;
        if (request->unit != 1)
            continue;
        whole += request->timeout_ms == 1000;
        shortened += request->timeout_ms >= 100 && request->timeout_ms < 300;
    }
    assert_int_equal(whole + shortened, bus_world_asked(&world, 1));
    assert_in_range(whole, 1, 3); /* at once after the loss, and every 300 s */
    assert_true(shortened >= 25);
    bus_world_close(&world);
}

/* Slow, never heard before, and long given up: found all the same, by its late answer. */
static void test_a_slow_slave_that_was_never_there_is_found(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 2, 1000);
    bus_close(world.bus);
    world.bus_site.timeout_ms = 1000;
    world.line.slaves[1] = (struct fake_slave){.dead = true, .turnaround_us = 300 * MS};
    bus_world_open_bus(&world);
    bus_world_run(&world, 100 * SECOND);
    assert_true(world.line.log[world.line.log_count - 1].request.timeout_ms < 300);
    world.line.slaves[1].dead = false;
    bus_world_run(&world, 25 * SECOND);
    assert_true(world.good[0] > 0);
    world.line.log_count = 0;
    bus_world_run(&world, 10 * SECOND);
    for (size_t i = 0; i < world.line.log_count; i++)
        assert_true(world.line.log[i].request.unit == 2 || world.line.log[i].request.timeout_ms == 1000);
    assert_int_equal(world.wrong, 0);
    bus_world_close(&world);
}

/* Slower than it ever was: once unanswered, then known. */
static void test_an_answer_that_comes_late_widens_the_timeout_at_once(void **state)
{
    (void)state;
    open_patient(1);
    world.line.slaves[1].turnaround_us = 300 * MS;
    bus_world_run(&world, 10 * SECOND);
    world.line.log_count = 0;
    unsigned int const good = world.good[0];
    bus_world_run(&world, 600 * SECOND);
    for (size_t i = 0; i < world.line.log_count; i++)
        assert_int_equal(world.line.log[i].request.timeout_ms, 1000);
    assert_true(world.good[0] - good >= 599 * 20);
    assert_int_equal(world.wrong, 0);
    bus_world_close(&world);
}

/* A short timeout does not mean that a late answer comes sooner. */
static void test_a_suspect_slave_is_left_alone_for_the_whole_timeout(void **state)
{
    (void)state;
    bus_world_open(&world, LINK_RTU, 2, 1000);
    bus_close(world.bus);
    world.bus_site.timeout_ms = 3000;
    bus_world_open_bus(&world);
    bus_world_run(&world, 60 * SECOND);
    world.line.slaves[1].dead = true;
    world.line.log_count = 0;
    bus_world_run(&world, 20 * SECOND);
    int64_t lost_us = 0;
    for (size_t i = 0; i < world.line.log_count; i++) {
        const struct asked *asked = &world.line.log[i];
        if (asked->request.unit != 1)
            continue;
        assert_true(lost_us == 0 || asked->mono_us - lost_us >= 3 * SECOND);
        assert_true(lost_us != 0 || asked->request.timeout_ms < 300);
        lost_us = asked->mono_us;
    }
    assert_true(lost_us != 0);
    bus_world_close(&world);
}

static void test_what_was_learned_is_forgotten_with_the_line(void **state)
{
    (void)state;
    open_patient(1);
    bus_world_run(&world, 2 * SECOND);
    assert_true(world.line.log[world.line.log_count - 1].request.timeout_ms < 300);
    world.line.open = false;
    bus_world_run(&world, 3 * SECOND);
    assert_int_equal(world.line.log[world.line.log_count - 1].request.timeout_ms, 1000);
    bus_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_keep_the_guard_of_the_slave),
        cmocka_unit_test(test_the_line_is_kept_for_a_write_at_rest),
        cmocka_unit_test(test_heartbeats_keep_the_guard_and_spare_the_dead),
        cmocka_unit_test(test_a_changed_safety_reading_is_read_twice_after_trouble),
        cmocka_unit_test(test_a_lie_is_not_told_after_trouble),
        cmocka_unit_test(test_the_third_reading_decides),
        cmocka_unit_test(test_doubt_costs_one_transaction),
        cmocka_unit_test(test_a_dead_slave_costs_little_once_its_times_are_known),
        cmocka_unit_test(test_a_slow_slave_that_was_never_there_is_found),
        cmocka_unit_test(test_an_answer_that_comes_late_widens_the_timeout_at_once),
        cmocka_unit_test(test_a_suspect_slave_is_left_alone_for_the_whole_timeout),
        cmocka_unit_test(test_what_was_learned_is_forgotten_with_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
