#include "tests/support/test.h"

#include "tests/support/wire_world.h"

static void greets_in_order(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    static const char *const topics[] = {
        "active/gas-kitchen",
        "active/lift-1",
        "active/rs485-1",
        "active/kitchen-trip",
        "registry/gas-kitchen",
        "registry/kitchen-trip",
        "registry/lift-1",
        "registry/rs485-1",
        "status",
        "event",
        "health",
    };
    assert_int_equal(world->broker.log_count, sizeof topics / sizeof topics[0]);
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        char topic[128];
        (void)snprintf(topic, sizeof topic, "outpost/v1/lq-xz-0001/%s", topics[i]);
        assert_string_equal(world->broker.log[i].topic, topic);
        assert_int_equal(world->broker.log[i].retain, i < 9);
        assert_int_equal(world->broker.log[i].qos, i == 10 ? 0 : 1);
    }
    assert_non_null(strstr(world->broker.log[0].head, "\"dev\":\"gas-kitchen\",\"upto\":1,\"alarms\":[]}"));
    assert_non_null(strstr(world->broker.log[8].head, "\"online\":true,"));
    assert_non_null(strstr(world->broker.log[8].head, "\"boot\":1,\"conn\":1,\"lw\":{\"a\":1,\"t\":1},"));
    assert_non_null(strstr(world->broker.will, "\"online\":false,\"reason\":\"lost\","));
    assert_non_null(strstr(world->broker.will, "\"boot\":1,\"conn\":1,"));
    assert_true(shown(world).connected);
    assert_string_equal(shown(world).trouble, "");
    assert_int_equal(shown(world).lw_a, 1);
    run(world, 60 * SEC);
    assert_int_equal(count_of(world, "health"), 2);
}

static void live_records_go_one_by_one(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    push_telemetry(world, 5);
    run(world, 100 * MS);
    assert_int_equal(count_of(world, "telemetry/lift-1"), 5);
    assert_int_equal(count_of(world, "history"), 0);
    int const at = line_of(world, 0, "telemetry/");
    assert_false(world->broker.log[at].hist || world->broker.log[at].retain);
    assert_int_equal(shown(world).lw_t, 5);
    run(world, 2 * SEC);
    struct journal_reader *reader;
    struct journal_cursor cursor;
    assert_int_equal(journal_reader_open(&reader, world->rig.dir), ERR_OK);
    assert_int_equal(journal_reader_cursor(reader, LANE_T, "property", &cursor), ERR_OK);
    journal_reader_close(reader);
    assert_int_equal(cursor.lw, 5);
}

static void an_alarm_takes_its_retained_state_along(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    int const before = (int)world->broker.log_count;
    push_alarm(world, ALARM_UNACK);
    push_alarm(world, ALARM_LATCH_UNACK);
    run(world, 100 * MS);
    assert_int_equal(world->broker.log_count, before + 3);
    assert_true(broker_topic_is(world->broker.log[before].topic, "alarm/gas-kitchen"));
    assert_true(broker_topic_is(world->broker.log[before + 1].topic, "alarm/gas-kitchen"));
    assert_false(world->broker.log[before].hist);
    assert_true(broker_topic_is(world->broker.log[before + 2].topic, "active/gas-kitchen"));
    assert_non_null(strstr(world->broker.log[before + 2].head, "\"upto\":3,\"alarms\":[{\"alarm\":\"gas.high\","));
    assert_non_null(strstr(world->broker.log[before + 2].head, "\"state\":\"LATCH_UNACK\""));
    push_alarm(world, ALARM_NORM);
    run(world, 100 * MS);
    assert_non_null(strstr(world->broker.log[before + 4].head, "\"upto\":4,\"alarms\":[]}"));
}

/* Hours without a broker: alarms first and marked, fresh telemetry live, the rest as history, nothing missing. */
static void an_outage_comes_back_in_order(void **state)
{
    struct world *world = *state;
    uint64_t pushed = 600;
    world->broker.reachable = false;
    for (int i = 0; i < 600; i++) {
        run(world, 5 * SEC);
        push_telemetry(world, 1);
        if (i % 100 == 0)
            push_alarm(world, i % 200 == 0 ? ALARM_UNACK : ALARM_NORM);
    }
    assert_true(world->broker.connects > 30 && world->broker.connects < 400);
    assert_true(shown(world).trouble[0] != '\0');
    world->broker.reachable = true;
    for (; !shown(world).connected; pushed++) { /* the back-off runs out within a minute */
        assert_true(pushed < 800);
        push_telemetry(world, 1);
        run(world, SEC / 2);
    }
    run(world, 120 * SEC);
    assert_int_equal(shown(world).lw_a, 7);
    assert_int_equal(shown(world).lw_t, pushed);
    expect_all(world, LANE_A, 1, 7);
    expect_all(world, LANE_T, 1, pushed);
    int const alarm = line_of(world, 0, "alarm/");
    int const history = line_of(world, 0, "history");
    assert_true(alarm >= 0 && history >= 0);
    assert_true(world->broker.log[alarm].hist);
    unsigned alarms_before = 0;
    for (int i = 0; i < history; i++)
        alarms_before += broker_topic_is(world->broker.log[i].topic, "alarm/");
    assert_int_equal(alarms_before, 6);
    for (size_t i = 0; i < world->broker.log_count; i++)
        assert_true(world->broker.log[i].size <= 12 * 1024);
    assert_true(count_of(world, "history") < 30);         /* many records a message */
    assert_in_range(count_of(world, "telemetry/"), 1, 8); /* what is fresh is not history */
    for (uint64_t seq = 1; seq <= pushed; seq++)
        assert_int_equal(world->broker.copies[LANE_T][seq], 1);
    assert_true(world->broker.in_flight_max <= 20);
}

static void check_priority(struct broker *broker, const char *topic, const char *payload, size_t size)
{
    struct board_journal journal;
    (void)payload;
    (void)size;
    if (!broker_topic_is(topic, "telemetry/") && !broker_topic_is(topic, "history"))
        return;
    board_get_journal(broker->context, &journal);
    assert_true(broker->newest_a >= journal.last_a); /* no telemetry while an alarm waits */
}

static uint32_t quota_seed;

/* Now and then, whatever it is: so that batches overlap with what is still in flight. */
static uint8_t refuse_sometimes(const char *topic, const void *payload, size_t size)
{
    (void)topic;
    (void)payload;
    (void)size;
    quota_seed = quota_seed * 1664525u + 1013904223u;
    return (quota_seed >> 8) % 16 == 0 ? 0x97 : 0;
}

/* The oracle of P2: whatever the broker does, every number arrives, repeats are byte-identical, alarms go first. */
static void loses_nothing_on_a_bad_line(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 25; seed++) {
        struct world *world = made();
        world->uplink = broker_make(&world->broker, &world->rig.sender_bells[0], &world->rig.now, seed);
        world->broker.cut_permille = 5 + seed;
        world->broker.receive_maximum = (uint16_t)(seed % 3 == 0 ? 3 : 20);
        world->broker.delay_us = seed % 2 == 0 ? 2000 : 150000;
        world->broker.on_message = seed % 2 == 0 ? check_priority : NULL;
        world->broker.refuse = seed % 2 == 0 ? NULL : refuse_sometimes;
        quota_seed = seed;
        world->broker.context = world->rig.board;
        world->rig.centres[0].backoff_max_ms = 8000;
        open_sender(world, seed);
        unsigned pushed = 0;
        unsigned alarms = 0;
        for (int i = 0; i < 200; i++) {
            unsigned const now = broker_random(&world->broker) % 8;
            push_telemetry(world, (int)now);
            pushed += now;
            if (broker_random(&world->broker) % 10 == 0) {
                push_alarm(world, alarms % 2 == 0 ? ALARM_UNACK : ALARM_NORM);
                alarms++;
            }
            if (broker_random(&world->broker) % 40 == 0)
                world->broker.reachable = !world->broker.reachable;
            if (i == 100) { /* a restart of the whole gateway in the middle of it */
                sender_close(world->sender);
                rig_stop(&world->rig);
                rig_pass(&world->rig, 100 * MS);
                rig_start(&world->rig);
                world->broker.context = world->rig.board;
                open_sender(world, seed + 1000);
            }
            run(world, (int64_t)(broker_random(&world->broker) % 900) * MS);
        }
        world->broker.reachable = true;
        world->broker.cut_permille = 0;
        run(world, 240 * SEC);
        uint64_t const last_a = rig_last(world->rig.dir, LANE_A);
        assert_int_equal(last_a, alarms + 3); /* boot, stop, boot */
        assert_int_equal(rig_last(world->rig.dir, LANE_T), pushed);
        expect_all(world, LANE_A, 1, last_a);
        expect_all(world, LANE_T, 1, pushed);
        assert_int_equal(shown(world).lw_a, last_a);
        assert_int_equal(shown(world).lw_t, pushed);
        assert_true(world->broker.connects > 2);
        assert_true(world->broker.in_flight_max <= world->broker.receive_maximum);
        sender_close(world->sender);
        rig_remove(&world->rig);
    }
}

static void a_broker_that_does_not_answer_is_left(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    push_telemetry(world, 3);
    world->broker.answers = false;
    run(world, 20 * SEC);
    assert_true(shown(world).connected);
    run(world, 12 * SEC);
    assert_int_equal(shown(world).reconnects, 1);
    assert_false(world->broker.polite); /* so the broker publishes the will */
    world->broker.answers = true;
    run(world, 130 * SEC);
    expect_all(world, LANE_T, 1, 3);
    assert_int_equal(shown(world).lw_t, 3);
}

static void waits_longer_and_longer(void **state)
{
    struct world *world = *state;
    world->broker.reachable = false;
    run(world, 60 * SEC);
    unsigned const first_minute = world->broker.connects;
    run(world, 3600 * SEC);
    unsigned const hour = world->broker.connects - first_minute;
    assert_in_range(first_minute, 3, 20);
    assert_in_range(hour, 60, 250); /* U(0, 60 s): 120 on average */
}

static uint8_t refuse_all(const char *topic, const void *payload, size_t size)
{
    (void)topic;
    (void)payload;
    (void)size;
    return 0x87;
}

static void a_forbidden_centre_stops_for_a_minute(void **state)
{
    struct world *world = *state;
    world->broker.refuse = refuse_all;
    run(world, 30 * SEC);
    assert_int_equal(world->broker.connects, 1);
    assert_false(shown(world).connected);
    assert_non_null(strstr(shown(world).trouble, "0x87"));
    run(world, 40 * SEC);
    assert_int_equal(world->broker.connects, 2);
    world->broker.refuse = NULL;
    run(world, 61 * SEC);
    assert_true(shown(world).connected);
    assert_string_equal(shown(world).trouble, "");
    char payload[1024];
    assert_true(rig_record(world->rig.dir, LANE_A, 2, payload, sizeof payload)); /* said once, for the other centres */
    assert_non_null(strstr(payload, "\"event\":\"centre\",\"centre\":\"property\",\"what\":\"refused\""));
    assert_int_equal(shown(world).lw_a, 2);
}

static unsigned quota_left;

static uint8_t refuse_quota(const char *topic, const void *payload, size_t size)
{
    (void)payload;
    (void)size;
    if (broker_topic_is(topic, "telemetry/") && quota_left > 0) {
        quota_left--;
        return 0x97;
    }
    return 0;
}

static void a_full_quota_means_fewer_at_a_time(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    quota_left = 12;
    world->broker.refuse = refuse_quota;
    push_telemetry(world, 100);
    run(world, 5 * MS);
    assert_non_null(strstr(shown(world).trouble, "quota"));
    world->broker.in_flight_max = 0;
    run(world, 30 * SEC);
    assert_true(world->broker.in_flight_max < 20);
    assert_int_equal(quota_left, 0);
    assert_int_equal(shown(world).lw_t, 100);
    expect_all(world, LANE_T, 1, 100);
    for (uint64_t seq = 1; seq <= 100; seq++)
        assert_int_equal(world->broker.copies[LANE_T][seq], 1); /* what was in flight did not go twice */
    assert_int_equal(world->broker.connects, 1);
}

static const char *poison;

static uint8_t refuse_poison(const char *topic, const void *payload, size_t size)
{
    (void)topic;
    return memmem(payload, size, poison, strlen(poison)) != NULL ? 0x99 : 0;
}

/* One poisoned record must cost one record: not its neighbours, and not the lane. */
static void a_poisoned_record_is_declared_and_passed_over(void **state)
{
    struct world *world = *state;
    world->broker.reachable = false;
    run(world, 1 * SEC);
    push_telemetry(world, 20);
    run(world, 60 * SEC); /* now it is history */
    poison = "\"lane\":\"t\",\"seq\":7,";
    world->broker.refuse = refuse_poison;
    world->broker.reachable = true;
    run(world, 130 * SEC);
    assert_int_equal(shown(world).lw_t, 20);
    for (uint64_t seq = 1; seq <= 20; seq++)
        assert_int_equal(world->broker.hash[LANE_T][seq] != 0, seq != 7);
    char payload[1024];
    assert_true(rig_record(world->rig.dir, LANE_A, 2, payload, sizeof payload));
    assert_non_null(strstr(
        payload, "\"event\":\"gap\",\"of\":\"t\",\"from\":7,\"to\":7,\"why\":\"refused\",\"centre\":\"property\""));
    expect_all(world, LANE_A, 1, 2);
    poison = "\"lane\":\"t\",\"seq\":24,"; /* and live, with others in flight around it */
    push_telemetry(world, 15);
    run(world, 1 * SEC);
    assert_int_equal(shown(world).lw_t, 35);
    for (uint64_t seq = 21; seq <= 35; seq++)
        assert_int_equal(world->broker.copies[LANE_T][seq], seq != 24);
}

static void declared_gaps_are_passed_over(void **state)
{
    struct world *world = *state;
    struct news news = wire_telemetry(1, world->rig.now.utc_ms);
    run(world, 1 * SEC);
    push_telemetry(world, 2);
    news.is.telemetry.dropped = 40;
    rig_push(&world->rig.telemetry, &news);
    bell_ring(&world->rig.recorder_bell);
    run(world, 1 * SEC);
    assert_int_equal(shown(world).lw_t, 43);
    expect_all(world, LANE_T, 43, 43);
    expect_all(world, LANE_A, 1, 2);
    assert_non_null(strstr(world->broker.log[line_of(world, line_of(world, 0, "event") + 1, "event")].head,
                           "\"from\":3,\"to\":42,\"why\":\"ring\"}"));
}

static void registries_go_once(void **state)
{
    struct world *world = *state;
    run(world, 2 * SEC);
    assert_int_equal(count_of(world, "registry/"), 4);
    sender_close(world->sender);
    rig_stop(&world->rig);
    world->broker.log_count = 0;
    world->rig.site.subjects += 1; /* the gas detector is gone */
    world->rig.site.subject_count -= 1;
    rig_start(&world->rig);
    open_sender(world, 8);
    run(world, 2 * SEC);
    assert_int_equal(count_of(world, "registry/"), 1);
    int const emptied = line_of(world, 0, "registry/gas-kitchen");
    assert_true(emptied >= 0);
    assert_int_equal(world->broker.log[emptied].size, 0);
    assert_true(world->broker.log[emptied].retain);
    int const active = line_of(world, 0, "active/gas-kitchen");
    assert_true(active >= 0 && world->broker.log[active].size == 0);
    sender_close(world->sender);
    world->broker.log_count = 0;
    open_sender(world, 9);
    run(world, 2 * SEC);
    assert_int_equal(count_of(world, "registry/"), 0);
    assert_int_equal(count_of(world, "active/"), 3);
}

static void ends_with_what_is_there_and_a_word(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    push_telemetry(world, 30);
    run(world, 6 * MS);
    recorder_finish(world->rig.recorder, world->rig.now);
    sender_finish(world->sender);
    bell_ring(&world->rig.sender_bells[0]);
    run(world, 1 * SEC);
    assert_true(sender_finished(world->sender));
    assert_true(world->broker.polite);
    expect_all(world, LANE_T, 1, 30);
    expect_all(world, LANE_A, 1, 2); /* boot and stop */
    const struct broker_line *last = &world->broker.log[world->broker.log_count - 1];
    assert_true(broker_topic_is(last->topic, "status") && last->retain);
    assert_non_null(strstr(last->head, "\"online\":false,\"reason\":\"stopped\""));
    assert_non_null(strstr(last->head, "\"lw\":{\"a\":3,\"t\":31}"));
}

static void ends_at_once_without_a_broker(void **state)
{
    struct world *world = *state;
    world->broker.reachable = false;
    run(world, 1 * SEC);
    sender_finish(world->sender);
    bell_ring(&world->rig.sender_bells[0]);
    run(world, 10 * MS);
    assert_true(sender_finished(world->sender));
}

static void ends_in_time_with_a_broker_that_hangs(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    world->broker.answers = false;
    push_telemetry(world, 3);
    run(world, 10 * MS);
    sender_finish(world->sender);
    bell_ring(&world->rig.sender_bells[0]);
    run(world, 2900 * MS);
    assert_true(sender_finished(world->sender));
}

static void a_password_for_everybody_is_none(void **state)
{
    struct world *world = *state;
    char path[SCRATCH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/password", world->rig.dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "secret\n", 7), 7);
    assert_int_equal(fchmod(fd, 0644), 0);
    world->rig.centres[0].password_file = path;
    run(world, 5 * SEC);
    assert_int_equal(world->broker.connects, 0);
    assert_non_null(strstr(shown(world).trouble, "everybody can read the password file"));
    assert_int_equal(fchmod(fd, 0640), 0);
    (void)close(fd);
    run(world, 60 * SEC);
    assert_true(shown(world).connected);
    assert_string_equal(world->broker.password, "secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(greets_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(live_records_go_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(an_alarm_takes_its_retained_state_along, setup, teardown),
        cmocka_unit_test_setup_teardown(an_outage_comes_back_in_order, setup, teardown),
        cmocka_unit_test(loses_nothing_on_a_bad_line),
        cmocka_unit_test_setup_teardown(a_broker_that_does_not_answer_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_longer_and_longer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_forbidden_centre_stops_for_a_minute, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_quota_means_fewer_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_poisoned_record_is_declared_and_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(declared_gaps_are_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(registries_go_once, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_with_what_is_there_and_a_word, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_at_once_without_a_broker, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_in_time_with_a_broker_that_hangs, setup, teardown),
        cmocka_unit_test_setup_teardown(a_password_for_everybody_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
