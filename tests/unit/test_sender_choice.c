/* A centre that does not want everything, or not as it comes: only, drills, batch, compress, health, history_rate. */
#include "tests/support/test.h"

#include "tests/support/wire_world.h"

static const char *const lifts[] = {"lift"};

static void want_lifts(struct world *world)
{
    world->rig.centres[0].filtered = true;
    world->rig.centres[0].only = (struct site_only){.classes = lifts, .class_count = 1, .lowest = PRIORITY_COUNT - 1};
}

static void push_gas(struct world *world, int count)
{
    for (int i = 0; i < count; i++) {
        struct news news = wire_telemetry(0, world->rig.now.utc_ms);
        news.is.telemetry.device = WIRE_GAS;
        news.is.telemetry.samples[0].value.number = 1;
        rig_push(&world->rig.telemetry, &news);
        bell_ring(&world->rig.recorder_bell);
    }
}

/* Every record of lane t that arrived names the one before it, back to the first: nothing is missing between them. */
static void expect_chain(const struct world *world, uint64_t last)
{
    uint64_t before = 0;
    for (uint64_t seq = 1; seq <= last; seq++) {
        if (world->broker.hash[LANE_T][seq] == 0)
            continue;
        if (world->broker.prev[LANE_T][seq] != before + 1)
            fail_msg("%" PRIu64 " names %" PRId64 " as the one before it; it was %" PRIu64, seq,
                     (int64_t)world->broker.prev[LANE_T][seq] - 1, before);
        before = seq;
    }
}

static void only_what_is_meant_is_sent(void **state)
{
    struct world *world = *state;
    want_lifts(world);
    run(world, 1 * SEC);
    assert_int_equal(count_of(world, "active/"), 1);
    assert_int_equal(count_of(world, "registry/"), 1);
    assert_true(line_of(world, 0, "registry/lift-1") >= 0);
    for (int i = 0; i < 10; i++) { /* numbers 3, 6, 9 … are the lift's */
        push_gas(world, 2);
        push_telemetry(world, 1);
    }
    push_alarm(world, ALARM_UNACK); /* the gas detector's */
    run(world, 1 * SEC);
    assert_int_equal(count_of(world, "telemetry/"), 10);
    assert_int_equal(count_of(world, "telemetry/lift-1"), 10);
    assert_int_equal(count_of(world, "alarm/"), 0);
    assert_int_equal(count_of(world, "active/"), 1);
    assert_int_equal(count_of(world, "event"), 1); /* events are everybody's */
    assert_int_equal(world->broker.prev[LANE_A][1], 1);
    for (uint64_t seq = 1; seq <= 30; seq++)
        assert_int_equal(world->broker.copies[LANE_T][seq], seq % 3 == 0);
    expect_chain(world, 30);
    assert_int_equal(shown(world).lw_t, 30); /* the rest counts as settled */
    assert_int_equal(shown(world).lw_a, 2);
}

static void history_names_what_came_before_too(void **state)
{
    struct world *world = *state;
    want_lifts(world);
    world->broker.reachable = false;
    run(world, 1 * SEC);
    for (int i = 0; i < 400; i++) {
        push_gas(world, 1 + i % 3);
        push_telemetry(world, 1);
        if (i % 20 == 0)
            run(world, 1 * SEC);
    }
    run(world, 60 * SEC);
    world->broker.cut_permille = 300; /* so that it begins in the middle again and again */
    world->broker.reachable = true;
    run(world, 600 * SEC);
    world->broker.cut_permille = 0;
    push_gas(world, 5);
    push_telemetry(world, 5);
    run(world, 120 * SEC);
    uint64_t const last = rig_last(world->rig.dir, LANE_T);
    assert_int_equal(shown(world).lw_t, last);
    unsigned arrived = 0;
    for (uint64_t seq = 1; seq <= last; seq++)
        arrived += world->broker.hash[LANE_T][seq] != 0;
    assert_int_equal(arrived, 405);
    assert_true(count_of(world, "history") > 0 && world->broker.connects > 5);
    expect_chain(world, last);
}

/* More rows between two that are meant than a step looks at. */
static void a_rare_device_is_found_behind_thousands(void **state)
{
    struct world *world = *state;
    want_lifts(world);
    world->broker.reachable = false;
    run(world, 1 * SEC);
    push_telemetry(world, 1);
    for (int i = 0; i < 600; i++) {
        push_gas(world, 20);
        run(world, 100 * MS);
    }
    push_telemetry(world, 1);
    run(world, 10 * SEC);
    world->broker.reachable = true;
    run(world, 120 * SEC);
    assert_int_equal(shown(world).lw_t, 12002);
    assert_int_equal(world->broker.copies[LANE_T][1], 1);
    assert_int_equal(world->broker.copies[LANE_T][12002], 1);
    assert_int_equal(world->broker.prev[LANE_T][12002], 2);
    sender_close(world->sender); /* a restart: the one before is looked for in the journal */
    open_sender(world, 3);
    run(world, 1 * SEC);
    for (int i = 0; i < 300; i++) {
        push_gas(world, 20);
        run(world, 100 * MS);
    }
    push_gas(world, 1);
    run(world, 1 * SEC);
    push_telemetry(world, 1);
    run(world, 5 * SEC);
    assert_int_equal(world->broker.prev[LANE_T][18004], 12003);
}

/* What a centre once got is emptied when it is no longer meant for it. */
static void what_is_no_longer_meant_is_emptied(void **state)
{
    struct world *world = *state;
    run(world, 2 * SEC);
    assert_int_equal(count_of(world, "registry/"), 4);
    sender_close(world->sender);
    want_lifts(world);
    world->broker.log_count = 0;
    open_sender(world, 5);
    run(world, 2 * SEC);
    assert_int_equal(count_of(world, "registry/"), 3);
    int const emptied = line_of(world, 0, "active/gas-kitchen");
    assert_true(emptied >= 0 && world->broker.log[emptied].size == 0 && world->broker.log[emptied].retain);
    assert_true(world->broker.log[line_of(world, 0, "registry/rs485-1")].size == 0);
    sender_close(world->sender);
    world->rig.centres[0].filtered = false;
    world->broker.log_count = 0;
    open_sender(world, 6);
    run(world, 2 * SEC);
    assert_int_equal(count_of(world, "registry/"), 3);
    assert_true(world->broker.log[line_of(world, 0, "registry/gas-kitchen")].size > 0);
}

static void drills_are_dropped_where_that_is_wanted(void **state)
{
    struct world *world = *state;
    world->rig.centres[0].filtered = true;
    world->rig.centres[0].drills = DRILLS_DROP;
    run(world, 1 * SEC);
    struct news real = wire_telemetry(1, world->rig.now.utc_ms);
    struct news drill = real;
    drill.is.telemetry.test = 1;
    struct news critical = wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, world->rig.now.utc_ms);
    struct news medium = wire_alarm(WIRE_GAS_MODE, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, world->rig.now.utc_ms);
    critical.is.alarm.test = medium.is.alarm.test = 1;
    rig_push(&world->rig.telemetry, &drill);
    rig_push(&world->rig.telemetry, &real);
    rig_push(&world->rig.news, &critical);
    rig_push(&world->rig.news, &medium);
    bell_ring(&world->rig.recorder_bell);
    run(world, 1 * SEC);
    assert_int_equal(world->broker.copies[LANE_T][1], 0);
    assert_int_equal(world->broker.copies[LANE_T][2], 1);
    assert_int_equal(count_of(world, "alarm/"), 1);
    assert_non_null(strstr(world->broker.log[line_of(world, 0, "alarm/")].head, "\"alarm\":\"gas.high\""));
    assert_int_equal(shown(world).lw_a, 3);
    assert_int_equal(shown(world).lw_t, 2);
}

static void a_batch_collects_and_alarms_do_not_wait(void **state)
{
    struct world *world = *state;
    world->rig.centres[0].batch_ms = 60000;
    run(world, 1 * SEC);
    for (int i = 0; i < 40; i++) {
        push_telemetry(world, 1);
        run(world, 1 * SEC);
    }
    push_alarm(world, ALARM_UNACK);
    run(world, 1 * SEC);
    assert_int_equal(count_of(world, "telemetry/") + count_of(world, "history"), 0);
    assert_int_equal(count_of(world, "alarm/"), 1);
    assert_int_equal(shown(world).lw_a, 2);
    assert_int_equal(shown(world).lw_t, 0);
    run(world, 20 * SEC);
    assert_int_equal(count_of(world, "telemetry/"), 0);
    assert_int_equal(count_of(world, "history"), 1);
    expect_all(world, LANE_T, 1, 40);
    assert_int_equal(shown(world).lw_t, 40);
    push_telemetry(world, 3);
    run(world, 10 * SEC);
    assert_int_equal(count_of(world, "history"), 1);
    recorder_finish(world->rig.recorder, world->rig.now); /* what was collected is not kept back at the end */
    sender_finish(world->sender);
    bell_ring(&world->rig.sender_bells[0]);
    run(world, 1 * SEC);
    expect_all(world, LANE_T, 1, 43);
}

static void a_batch_begins_with_what_is_there(void **state)
{
    struct world *world = *state;
    uint64_t pushed = 0;
    world->rig.centres[0].batch_ms = 600000;
    world->broker.reachable = false;
    for (int i = 0; i < 1000 && !shown(world).connected; i++) {
        world->broker.reachable = i >= 50;
        push_telemetry(world, i % 5 == 0);
        pushed += i % 5 == 0;
        run(world, 100 * MS);
    }
    assert_true(shown(world).connected && pushed > 3);
    run(world, 1 * SEC);
    assert_int_equal(count_of(world, "telemetry/"), 0);
    expect_all(world, LANE_T, 1, pushed - 1); /* also what is fresh; the last may be newer than the connection */
}

static void what_is_compressed_reads_the_same(void **state)
{
    struct world *world = *state;
    world->rig.centres[0].deflate = true;
    world->rig.centres[0].batch_ms = 10000;
    sender_close(world->sender);
    open_sender(world, 7); /* compressing is decided at its start */
    run(world, 1 * SEC);
    push_telemetry(world, 60);
    run(world, 20 * SEC);
    expect_all(world, LANE_T, 1, 60);
    int const history = line_of(world, 0, "history");
    assert_true(history >= 0 && world->broker.log[history].deflated);
    assert_true(world->broker.log[history].size < 60 * 40); /* records of 200 bytes */
    int const status = line_of(world, 0, "status");
    assert_false(world->broker.log[status].deflated); /* as plain as the will */
    assert_true(world->broker.log[line_of(world, 0, "registry/gas-kitchen")].deflated);
}

static void health_comes_as_often_as_it_is_wanted(void **state)
{
    struct world *world = *state;
    run(world, 301 * SEC);
    assert_int_equal(count_of(world, "health"), 6); /* once connected, and each minute */
    world->rig.centres[0].health_ms = 300000;
    run(world, 60 * SEC); /* the one that was due by the minute */
    assert_int_equal(count_of(world, "health"), 7);
    run(world, 299 * SEC);
    assert_int_equal(count_of(world, "health"), 7);
    run(world, 2 * SEC);
    assert_int_equal(count_of(world, "health"), 8);
}

static void history_keeps_to_its_rate(void **state)
{
    struct world *world = *state;
    world->rig.centres[0].history_rate = 2000;
    world->broker.reachable = false;
    run(world, 1 * SEC);
    for (int i = 0; i < 10; i++) {
        push_telemetry(world, 50); /* about 100 KB */
        run(world, 1 * SEC);
    }
    run(world, 10 * SEC);
    world->broker.reachable = true;
    while (!shown(world).connected)
        run(world, 100 * MS);
    run(world, 20 * SEC);
    uint64_t const slow = shown(world).lw_t;
    assert_in_range(slow, 100, 400); /* 40 KB and one message */
    push_alarm(world, ALARM_UNACK);
    run(world, 50 * MS);
    assert_int_equal(count_of(world, "alarm/"), 1);
    run(world, 60 * SEC);
    expect_all(world, LANE_T, 1, 500);
}

/* A damaged file: a fresh one takes over at higher numbers, and what is brought back out of the old one is sent under its own
 * numbers. A hole where something may still come back is not taken for a declared one. */
static void what_is_salvaged_is_sent_too(void **state)
{
    struct world *world = *state;
    char path[SCRATCH_MAX + 32];
    char junk[100];
    world->broker.reachable = false;
    run(world, 1 * SEC);
    for (int i = 0; i < 20; i++) {
        push_telemetry(world, 20);
        run(world, 1 * SEC);
    }
    sender_close(world->sender);
    rig_stop(&world->rig);
    memset(junk, 0xA5, sizeof junk);
    (void)snprintf(path, sizeof path, "%s/telemetry.db", world->rig.dir);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 0), (ssize_t)sizeof junk);
    (void)close(fd);
    world->broker.reachable = true;
    rig_start(&world->rig);
    open_sender(world, 11);
    run(world, 1 * SEC);
    push_telemetry(world, 5);
    run(world, 120 * SEC);
    uint64_t const last = rig_last(world->rig.dir, LANE_T);
    assert_true(last > JOURNAL_SALVAGE_SKIP + 400);
    expect_all(world, LANE_T, 1, 400);
    expect_all(world, LANE_T, last - 4, last);
    assert_int_equal(shown(world).lw_t, last); /* the numbers in between were declared at the end */
}

static void telemetry_expires_and_alarms_do_not(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    push_telemetry(world, 1);
    push_alarm(world, ALARM_UNACK);
    run(world, 1 * SEC);
    assert_int_equal(world->broker.log[line_of(world, 0, "telemetry/")].expiry_s, 7 * 24 * 3600);
    assert_int_equal(world->broker.log[line_of(world, 0, "alarm/")].expiry_s, 0);
    assert_int_equal(world->broker.log[line_of(world, 0, "active/")].expiry_s, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_meant_is_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(history_names_what_came_before_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rare_device_is_found_behind_thousands, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_longer_meant_is_emptied, setup, teardown),
        cmocka_unit_test_setup_teardown(drills_are_dropped_where_that_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_collects_and_alarms_do_not_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_begins_with_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_compressed_reads_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(health_comes_as_often_as_it_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(history_keeps_to_its_rate, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_salvaged_is_sent_too, setup, teardown),
        cmocka_unit_test_setup_teardown(telemetry_expires_and_alarms_do_not, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
