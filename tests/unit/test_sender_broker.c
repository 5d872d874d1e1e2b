/* What a broker demands, and how it refuses: at connecting, and by ending a connection. */
#include "tests/support/test.h"

#include "gateway/base/check.h"
#include "tests/support/wire_world.h"

static void a_refusal_is_named_and_waits(void **state)
{
    struct world *world = *state;
    world->broker.reachable = false;
    world->broker.connect_reason = 0x86;
    run(world, 50 * SEC);
    assert_int_equal(world->broker.connects, 1);
    assert_string_equal(shown(world).trouble, "the broker refuses the connection: wrong user name or password (0x86)");
    assert_string_equal(shown(world).trouble_zh, "服务器拒绝连接：用户名或密码错误 (0x86)");
    run(world, 200 * SEC);
    assert_in_range(world->broker.connects, 4, 5); /* each 60 s */
    char payload[1024];
    assert_true(rig_record(world->rig.dir, LANE_A, 2, payload, sizeof payload)); /* said once, for the other centres */
    assert_non_null(strstr(payload, "\"event\":\"centre\",\"centre\":\"property\",\"what\":\"refused\""));
    assert_false(rig_record(world->rig.dir, LANE_A, 3, payload, sizeof payload));
}

static void two_boxes_with_one_id_are_recognised(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    for (int i = 0; i < 6; i++) {
        broker_post(&world->broker, UPLINK_LOST, 0, 0x8E, 1000);
        run(world, 100 * MS);
        assert_non_null(strstr(shown(world).trouble, "two boxes have one id"));
        while (!shown(world).connected)
            run(world, 1 * SEC);
        assert_non_null(strstr(shown(world).trouble, "two boxes have one id")); /* also while it is connected */
    }
    /* 30 + 60 + 120 + 240 + 480 + 600 s, and the back-off */
    assert_in_range(world->rig.now.mono_us / SEC, 1530, 1530 + 6 * 61);
    assert_true(count_of(world, "event") == 2);
    run(world, 2 * 3600 * SEC);
    assert_string_equal(shown(world).trouble, "");
}

/* MQTT 3.1.1, and Debian's mosquitto, close without a word. */
static void a_connection_that_never_lasts_makes_suspicious(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 7; i++) {
        while (!shown(world).connected)
            run(world, 100 * MS);
        broker_post(&world->broker, UPLINK_LOST, 0, 0, 1000);
        run(world, 10 * MS);
    }
    assert_non_null(strstr(shown(world).trouble, "does another box have the id lq-xz-0001?"));
    run(world, 200 * SEC);
    assert_true(shown(world).connected);
    assert_string_equal(shown(world).trouble, "");
}

static void a_shorter_keepalive_is_honoured(void **state)
{
    struct world *world = *state;
    world->broker.keepalive_s = 20;
    run(world, 2 * SEC);
    assert_int_equal(world->broker.connects, 2);
    assert_int_equal(world->broker.offered_keepalive_s, 20);
    assert_true(world->broker.polite); /* the first one: no will */
    assert_true(shown(world).connected);
    assert_int_equal(count_of(world, "status"), 1);
}

static void addresses_are_tried_in_turn(void **state)
{
    struct world *world = *state;
    unsigned tried[3] = {0};
    world->rig.centres[0].urls[1] = "mqtt://second";
    world->rig.centres[0].urls[2] = "mqtt://third";
    world->rig.centres[0].url_count = 3;
    world->rig.centres[0].backoff_min_ms = 200;
    world->rig.centres[0].backoff_max_ms = 2000;
    sender_close(world->sender);
    open_sender(world, 7);
    world->broker.reachable = false;
    for (unsigned seen = 0; world->broker.connects < 30;) {
        run(world, 10 * MS);
        if (world->broker.connects == seen)
            continue;
        seen = world->broker.connects;
        tried[strcmp(world->broker.url, "mqtt://second") == 0  ? 1
              : strcmp(world->broker.url, "mqtt://third") == 0 ? 2
                                                               : 0]++;
        assert_int_equal(tried[0] + tried[1] + tried[2], seen);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(tried[i], 10);
    assert_true(world->rig.now.mono_us < 80 * SEC); /* never more than 2 s between two, by its own bounds */
}

/* A broker that refuses is left alone for a minute, but the centre may have others. */
static void a_refusal_does_not_hold_up_the_next_address(void **state)
{
    struct world *world = *state;
    world->rig.centres[0].urls[1] = "mqtt://second";
    world->rig.centres[0].url_count = 2;
    sender_close(world->sender);
    open_sender(world, 7);
    world->broker.reachable = false;
    world->broker.connect_reason = 0x8A;
    run(world, 10 * SEC);
    assert_int_equal(world->broker.connects, 2);
    assert_string_equal(world->broker.url, "mqtt://second");
    run(world, 45 * SEC);
    assert_int_equal(world->broker.connects, 2); /* both have said no */
    run(world, 30 * SEC);
    assert_int_equal(world->broker.connects, 4);
}

/* "Quota exceeded" and "connections come too fast" ask for a pause; other reasons do not. */
static void a_broker_that_has_too_much_is_left_alone(void **state)
{
    struct world *world = *state;
    static const uint8_t reasons[] = {0x97, 0x9F, 0x8B};
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        while (!shown(world).connected)
            run(world, 1 * SEC);
        unsigned const connects = world->broker.connects;
        broker_post(&world->broker, UPLINK_LOST, 0, reasons[i], 1000);
        run(world, 50 * SEC);
        assert_int_equal(world->broker.connects, connects + (reasons[i] == 0x8B ? 1 : 0));
        run(world, 20 * SEC);
        assert_int_equal(world->broker.connects, connects + 1);
    }
}

/* --- what it takes at a time --- */

static void push_history(struct world *world, int count)
{
    for (int i = 0; i < count; i += 50) {
        push_telemetry(world, 50);
        run(world, 10 * SEC);
    }
}

/* A broker that takes one message at a time gets all of them, history too. */
static void one_at_a_time_is_enough(void **state)
{
    struct world *world = *state;
    world->broker.reachable = false;
    world->broker.receive_maximum = 1;
    run(world, 1 * SEC);
    push_alarm(world, ALARM_UNACK);
    push_history(world, 300);
    world->broker.reachable = true;
    run(world, 130 * SEC);
    push_telemetry(world, 20);
    push_alarm(world, ALARM_NORM);
    run(world, 10 * SEC);
    assert_int_equal(shown(world).lw_t, 320);
    expect_all(world, LANE_T, 1, 320);
    expect_all(world, LANE_A, 1, 3);
    assert_int_equal(world->broker.in_flight_max, 1);
}

/* History is cut to what the broker takes, and nothing is tried that it would not. */
static void history_fits_the_broker(void **state)
{
    struct world *world = *state;
    world->broker.reachable = false;
    world->broker.packet_max = 2048;
    run(world, 1 * SEC);
    push_history(world, 300);
    world->broker.reachable = true;
    run(world, 130 * SEC);
    assert_int_equal(shown(world).lw_t, 300);
    expect_all(world, LANE_T, 1, 300);
    assert_int_equal(world->broker.too_large, 0);
    unsigned const messages = count_of(world, "history");
    assert_in_range(messages, 300 / 8, 300 / 3); /* several a message */
}

/* A record that is too large by itself is declared, like one that the broker refuses; its neighbours arrive. */
static void a_record_the_broker_cannot_take_is_declared(void **state)
{
    struct world *world = *state;
    static char payload[1024];
    run(world, 1 * SEC);
    push_telemetry(world, 1);
    run(world, 1 * SEC);
    const struct broker_line *line = &world->broker.log[line_of(world, 0, "telemetry/")];
    world->broker.packet_max = (uint32_t)(strlen(line->topic) + line->size + 100 + 2);
    struct news const large = wire_telemetry(1.2345678, world->rig.now.utc_ms);
    rig_push(&world->rig.telemetry, &large);
    push_telemetry(world, 5);
    run(world, 10 * SEC);
    assert_int_equal(shown(world).lw_t, 7);
    for (uint64_t seq = 1; seq <= 7; seq++)
        assert_int_equal(world->broker.copies[LANE_T][seq], seq != 2);
    assert_int_equal(world->broker.too_large, 3 + 3); /* tried twice more; and its declaration, which is larger yet */
    assert_true(rig_record(world->rig.dir, LANE_A, 2, payload, sizeof payload));
    assert_non_null(strstr(payload, "\"event\":\"gap\",\"of\":\"t\",\"from\":2,\"to\":2,\"why\":\"refused\""));
    assert_int_equal(world->broker.connects, 1);
}

static uint8_t refuse_telemetry(const char *topic, const void *payload, size_t size)
{
    (void)payload;
    (void)size;
    return broker_topic_is(topic, "telemetry/") || broker_topic_is(topic, "history") ? 0x99 : 0;
}

/* What is refused is declared by events, which are kept like alarms: slowly, and without holding up any alarm. */
static void a_broker_that_takes_no_telemetry_fills_no_journal(void **state)
{
    struct world *world = *state;
    world->broker.refuse = refuse_telemetry;
    run(world, 60 * SEC);
    push_history(world, 200);
    uint64_t const last = rig_last(world->rig.dir, LANE_A);
    run(world, 300 * SEC);
    assert_in_range(rig_last(world->rig.dir, LANE_A) - last, 80, 110); /* one each 3 s */
    push_alarm(world, ALARM_UNACK);
    run(world, 100 * MS);
    assert_int_equal(count_of(world, "alarm/"), 1);
    world->broker.refuse = NULL;
    run(world, 200 * SEC);
    assert_int_equal(shown(world).lw_t, 200);
    expect_all(world, LANE_T, 195, 200);
}

static uint8_t refuse_events(const char *topic, const void *payload, size_t size)
{
    (void)payload;
    (void)size;
    return broker_topic_is(topic, "event") ? 0x90 : 0;
}

/* Each refusal is declared by an event; one that refuses those too would be told for ever. */
static void a_broker_that_takes_no_events_is_not_told_for_ever(void **state)
{
    struct world *world = *state;
    world->broker.refuse = refuse_events; /* the first is that of the start */
    push_alarm(world, ALARM_UNACK);
    run(world, 600 * SEC);
    uint64_t const last = rig_last(world->rig.dir, LANE_A);
    assert_in_range(last, 3, 4);
    assert_int_equal(shown(world).lw_a, last);
    assert_int_equal(count_of(world, "alarm/"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_refusal_is_named_and_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(two_boxes_with_one_id_are_recognised, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connection_that_never_lasts_makes_suspicious, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shorter_keepalive_is_honoured, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses_are_tried_in_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_does_not_hold_up_the_next_address, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broker_that_has_too_much_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(one_at_a_time_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(history_fits_the_broker, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_the_broker_cannot_take_is_declared, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broker_that_takes_no_telemetry_fills_no_journal, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broker_that_takes_no_events_is_not_told_for_ever, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
