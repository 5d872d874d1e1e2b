/* What people may order of the judge besides ack, silence and reset, and what becomes of it: shelves, service, drills. */
#include "tests/support/judge_rig.h"

#define MINUTE (60 * S)

static struct room *calm_room(void)
{
    struct room *room = running(RING);
    room->small.rules[small_site_rule(&room->small, "gas-1", "gas.low")].shelvable = true;
    return room;
}

static const char *done(struct room *room)
{
    push(room);
    step(room);
    hear(room);
    return room->answer.ok ? "ok" : room->answer.code;
}

static const char *shelve(struct room *room, const char *subject, const char *alarm, int64_t for_us, bool one_shot)
{
    struct order *own = order(room, ORDER_SHELVE, subject, alarm);
    own->for_ms = (uint32_t)(for_us / 1000);
    own->one_shot = one_shot;
    return done(room);
}

static const char *service(struct room *room, bool on, const char *subject, const char *alarm)
{
    order(room, ORDER_SERVICE, subject, alarm)->on = on;
    return done(room);
}

static const char *drill(struct room *room, int64_t for_us, size_t device)
{
    struct order *own = order(room, ORDER_DRILL, NULL, NULL);
    own->on = for_us > 0;
    own->for_ms = (uint32_t)(for_us / 1000);
    if (device < SMALL_DEVICES)
        device_set_put(&own->devices, device, true);
    return done(room);
}

static void leak(struct room *room, double gas_1, double gas_2, int64_t us)
{
    for (int64_t t = 0; t < us; t += EVERY * MS) {
        gas(room, SLAVE_GAS_1, gas_1);
        gas(room, SLAVE_GAS_2, gas_2);
        valve(room, false, false, false);
        lift(room, true, true, false, 0);
        pass(room, EVERY * MS);
    }
}

static struct board_rule shown(struct room *room, const char *subject, const char *alarm)
{
    struct board_rule value;
    board_get_rule(room->board, small_site_rule(&room->small, subject, alarm), &value);
    return value;
}

static void a_shelf_hides_and_ends(void **state)
{
    (void)state;
    struct room *room = calm_room();
    assert_string_equal(shelve(room, "gas-1", "gas.low", 10 * MINUTE, false), "ok");
    assert_string_equal(said(room), "gas-1 gas.low shelved SHELVED; !order; ");
    assert_string_equal(room->detail,
                        "\"verb\":\"shelve\",\"ok\":true,\"count\":1,\"dev\":\"gas-1\",\"alarm\":\"gas.low\""
                        ",\"for_ms\":600000,\"by\":\"li\",\"source\":\"local\",\"why\":\"test\"");
    int64_t const until_ms = room->now.utc_ms + 600000;
    assert_int_equal(room->last_alarm.until_utc_ms, until_ms);
    assert_int_equal(shown(room, "gas-1", "gas.low").until_utc_ms, until_ms);
    leak(room, 25, 1, 20 * S);
    assert_string_equal(said(room), "!interlock_tripped; siren interlock.failed raised UNACK; "); /* on the condition */
    leak(room, 25, 1, 10 * MINUTE - 25 * S);
    assert_string_equal(said(room), "");
    leak(room, 25, 1, 10 * S);
    assert_string_equal(said(room), "gas-1 gas.low unshelved UNACK; ");
    assert_int_equal(room->last_alarm.occurrence, 1);
    assert_string_equal(shelve(room, "gas-1", "gas.low", 0, true), "ok"); /* until it next ends */
    leak(room, 25, 1, 10 * S);
    assert_string_equal(said(room), "gas-1 gas.low shelved SHELVED; !order; ");
    assert_non_null(strstr(room->detail, "\"one_shot\":true"));
    leak(room, 1, 1, MINUTE);
    const char *words = said(room);
    assert_non_null(strstr(words, "gas-1 gas.low unshelved NORM; "));
    assert_null(strstr(words, "raised UNACK"));
    room_close(room);
}

static void what_may_not_be_shelved(void **state)
{
    (void)state;
    struct room *room = calm_room();
    assert_string_equal(shelve(room, "gas-1", "gas.high", MINUTE, false), "not_shelvable"); /* critical */
    assert_false(room->answer.ok);
    assert_string_equal(said(room), "!order; "); /* also what is refused is an event */
    assert_non_null(strstr(room->detail, "\"ok\":false,\"count\":0,\"code\":\"not_shelvable\""));
    assert_string_equal(shelve(room, "gas-1", "gas.low", 9 * 60 * MINUTE, false), "too_long");
    assert_non_null(strstr(room->answer.why, "at most 8 h"));
    assert_string_equal(obey(room, ORDER_UNSHELVE, "gas-1", NULL), "nothing_to_do");
    assert_string_equal(shelve(room, "gas-1", NULL, MINUTE, false), "ok"); /* what may be; the rest is said */
    assert_string_equal(room->answer.code, "not_shelvable");
    assert_true(room->answer.count >= 1);
    assert_int_equal(shown(room, "gas-1", "gas.high").state, ALARM_NORM);
    (void)said(room);
    assert_string_equal(obey(room, ORDER_UNSHELVE, "gas-1", "gas.low"), "ok");
    assert_string_equal(said(room), "gas-1 gas.low unshelved NORM; !order; ");
    size_t const low = small_site_rule(&room->small, "gas-1", "gas.low");
    room->small.rules[low].latch = true;
    leak(room, 25, 1, 10 * S);
    leak(room, 1, 1, MINUTE);
    assert_int_equal(shown(room, "gas-1", "gas.low").state, ALARM_LATCH_UNACK);
    assert_string_equal(shelve(room, "gas-1", "gas.low", MINUTE, false), "latched");
    room_close(room);
}

static void suppression_outranks_a_shelf(void **state)
{
    (void)state;
    struct room *room = calm_room();
    struct rule *low = &room->small.rules[small_site_rule(&room->small, "gas-1", "gas.low")];
    low->suppress_mask = 1; /* while the detector is in its normal mode: it is */
    low->suppress_point = (int32_t)small_site_point(&room->small, DEVICE_GAS_1, "detector_mode");
    leak(room, 1, 1, S);
    assert_string_equal(said(room), "gas-1 gas.low suppressed SUPPRESSED; ");
    assert_string_equal(shelve(room, "gas-1", "gas.low", MINUTE, false), "suppressed");
    room_close(room);
}

/* A shelf goes on over a restart, and over a reboot by the wall clock. */
static void a_shelf_survives_a_restart(void **state)
{
    (void)state;
    for (int rebooted = 0; rebooted <= 1; rebooted++) {
        struct room *room = calm_room();
        assert_string_equal(shelve(room, "gas-1", "gas.low", 5 * MINUTE, false), "ok");
        leak(room, 25, 1, MINUTE);
        (void)said(room);
        restart(room, rebooted != 0);
        restored(room);
        leak(room, 25, 1, 3 * MINUTE + 50 * S);
        assert_int_equal(shown(room, "gas-1", "gas.low").state, ALARM_SHELVED);
        leak(room, 25, 1, 15 * S);
        assert_int_equal(shown(room, "gas-1", "gas.low").state, ALARM_UNACK);
        room_close(room);
    }
}

static void out_of_service_and_back(void **state)
{
    (void)state;
    struct room *room = calm_room();
    room->small.zone.fault_vote = FAULT_VOTE_REMOVE;
    judge_close(room->judge);
    open_judge(room);
    restored(room);
    calm(room, 3 * S);
    (void)said(room);
    assert_string_equal(service(room, false, "gas-1", "gas.high"), "ok"); /* also a critical one, on site */
    assert_string_equal(said(room), "gas-1 gas.high disabled OOS; !order; ");
    assert_non_null(strstr(room->detail, "\"to\":\"off\""));
    assert_string_equal(shelve(room, "gas-1", "gas.high", MINUTE, false), "out_of_service");
    assert_string_equal(service(room, false, "gas-1", "gas.high"), "nothing_to_do");
    (void)said(room);
    gas(room, SLAVE_GAS_1, 60); /* somebody's test gas */
    step(room);
    assert_string_equal(said(room), "");
    assert_string_equal(service(room, true, "gas-1", "gas.high"), "ok");
    assert_string_equal(said(room), "gas-1 gas.high enabled UNACK; !interlock_tripped; !order; "); /* at once */
    assert_int_equal(room->write_count, 1);
    room_close(room);
}

/* fault_vote `for`: a detector that is out of service votes, and with one of two that is a trip, in the same step. */
static void out_of_service_votes_as_a_fault(void **state)
{
    (void)state;
    struct room *room = calm_room();
    room->small.zone.fault_vote = FAULT_VOTE_FOR;
    judge_close(room->judge);
    open_judge(room);
    restored(room);
    calm(room, 3 * S);
    (void)said(room);
    order(room, ORDER_SERVICE, "gas-1", NULL)->on = false;
    assert_string_equal(done(room), "ok");
    assert_non_null(strstr(said(room), "!interlock_tripped; "));
    assert_true(room->write_count > 0);
    room_close(room);
}

static void a_drill_marks_its_devices_only(void **state)
{
    (void)state;
    struct room *room = calm_room();
    struct board_drill board;
    assert_string_equal(drill(room, 0, SMALL_DEVICES), "no_drill");
    assert_string_equal(drill(room, 3 * 60 * MINUTE, DEVICE_GAS_1), "too_long");
    assert_string_equal(drill(room, 30 * MINUTE, SMALL_DEVICES), "nothing_to_do");
    (void)said(room);
    assert_string_equal(drill(room, 30 * MINUTE, DEVICE_GAS_1), "ok");
    assert_string_equal(said(room), "!drill_begun; !order; ");
    assert_string_equal(drill(room, 30 * MINUTE, DEVICE_GAS_2), "drill_running");
    (void)said(room);
    board_get_drill(room->board, &board);
    assert_true(board.running && device_set_has(&board.devices, DEVICE_GAS_1));
    assert_false(device_set_has(&board.devices, DEVICE_GAS_2));
    assert_int_equal(board.until_utc_ms, room->now.utc_ms + 30 * 60000);
    calm(room, S); /* nothing has changed but that */
    assert_string_equal(said(room), "");
    assert_int_equal(room->last_telemetry[DEVICE_GAS_1].is.telemetry.test, 1);
    gas(room, SLAVE_GAS_1, 60);
    gas(room, SLAVE_GAS_2, 60);
    step(room); /* nothing is disarmed, nothing is dropped */
    assert_string_equal(said(room),
                        "gas-1 gas.high raised UNACK (test); gas-2 gas.high raised UNACK; !interlock_tripped; ");
    assert_int_equal(room->write_count, 1);
    assert_int_equal(room->last_telemetry[DEVICE_GAS_1].is.telemetry.test, 1);
    leak(room, 60, 60, S);
    assert_int_equal(room->last_telemetry[DEVICE_GAS_2].is.telemetry.test, 0);
    assert_int_equal(room->last_telemetry[DEVICE_LIFT].is.telemetry.test, 0);
    assert_true(shown(room, "gas-1", "gas.high").test);
    assert_false(shown(room, "gas-2", "gas.high").test);
    room_close(room);
}

/* It ends by an order: what is active then is raised as real, once; what is over stays what it was. */
static void the_end_of_a_drill_raises_as_real(void **state)
{
    (void)state;
    struct room *room = calm_room();
    assert_string_equal(drill(room, 30 * MINUTE, DEVICE_GAS_1), "ok");
    leak(room, 60, 1, 10 * S);
    assert_string_equal(obey(room, ORDER_ACK, "gas-1", "gas.high"), "ok");
    leak(room, 60, 1, 5 * S);
    (void)said(room);
    uint32_t const occurrence = room->last_alarm.occurrence;
    assert_string_equal(drill(room, 0, SMALL_DEVICES), "ok");
    const char *words = said(room);
    assert_non_null(strstr(words, "!drill_ended; "));
    assert_non_null(
        strstr(words, "gas-1 gas.high raised UNACK; ")); /* it was acknowledged: a new occurrence all the same */
    assert_non_null(strstr(words, "gas-1 gas.low raised UNACK; "));
    assert_null(strstr(words, "(test)"));
    assert_int_equal(room->last_alarm.occurrence, occurrence + 1);
    leak(room, 60, 1, 10 * S);
    assert_null(strstr(said(room), "raised"));
    assert_false(shown(room, "gas-1", "gas.high").test);
    assert_string_equal(drill(room, 0, SMALL_DEVICES), "no_drill");
    room_close(room);
}

static void a_drill_ends_by_itself(void **state)
{
    (void)state;
    struct room *room = calm_room();
    struct board_drill board;
    gas(room, SLAVE_GAS_1, 60); /* was there before: it is real, and stays so */
    step(room);
    leak(room, 60, 1, 20 * S);
    (void)said(room);
    assert_string_equal(drill(room, MINUTE, DEVICE_GAS_1), "ok");
    leak(room, 60, 1, MINUTE + S);
    assert_non_null(strstr(said(room), "!drill_ended; "));
    assert_non_null(strstr(room->detail, "\"why\":\"time\""));
    assert_int_equal(shown(room, "gas-1", "gas.high").state, ALARM_UNACK);
    board_get_drill(room->board, &board);
    assert_false(board.running);
    leak(room, 64, 1, S);
    (void)said(room);
    assert_int_equal(room->last_telemetry[DEVICE_GAS_1].is.telemetry.test, 0);
    room_close(room);
}

enum coming { RESTARTED, REBOOTED, REBOOTED_UNSYNC, AWAY_TOO_LONG };

/* Like a shelf: by the monotonic clock, after a reboot by the wall clock, and over when nobody knows the time. */
static void a_drill_survives_a_restart(void **state)
{
    (void)state;
    for (enum coming coming = RESTARTED; coming <= AWAY_TOO_LONG; coming++) {
        struct room *room = calm_room();
        assert_string_equal(drill(room, 10 * MINUTE, DEVICE_GAS_1), "ok");
        leak(room, 60, 1, MINUTE);
        (void)said(room);
        assert_true(shown(room, "gas-1", "gas.high").test);
        room->now.synced = coming != REBOOTED_UNSYNC;
        if (coming == AWAY_TOO_LONG) {
            room->now.mono_us += 20 * MINUTE;
            room->now.utc_ms += 20 * 60000;
        }
        restart(room, coming == REBOOTED || coming == REBOOTED_UNSYNC);
        restored(room);
        leak(room, 60, 1, 2 * S);
        const char *words = said(room);
        if (coming == RESTARTED || coming == REBOOTED) {
            assert_null(strstr(words, "drill"));
            assert_int_equal(room->last_telemetry[DEVICE_GAS_1].is.telemetry.test, 1);
            leak(room, 60, 1, 9 * MINUTE);
            words = said(room);
        }
        assert_non_null(strstr(words, "!drill_ended; "));
        assert_non_null(strstr(words, "gas-1 gas.high raised UNACK; "));
        leak(room, 64, 1, 2 * S);
        (void)said(room);
        assert_int_equal(room->last_telemetry[DEVICE_GAS_1].is.telemetry.test, 0);
        restart(room, false); /* and it is over for good */
        restored(room);
        leak(room, 60, 1, 2 * S);
        assert_null(strstr(said(room), "raised"));
        assert_int_equal(room->last_telemetry[DEVICE_GAS_1].is.telemetry.test, 0);
        room_close(room);
    }
}

static struct order *hold_order(struct room *room)
{
    struct order *own = order(room, ORDER_DRILL, NULL, NULL);
    own->on = own->hold = true;
    own->zone = 0;
    own->for_ms = HOLD_MAX_MS;
    for (size_t i = 0; i < room->small.zone.detector_count; i++)
        device_set_put(&own->devices, (size_t)room->small.zone.detectors[i], true);
    return own;
}

/* Each refusal, and nothing begun by it. */
static void what_outputs_are_not_held_against(void **state)
{
    (void)state;
    struct room *room = calm_room();
    hold_order(room)->for_ms = HOLD_MAX_MS + 1;
    assert_string_equal(done(room), "hold_too_long");
    hold_order(room)->zone = -1;
    assert_string_equal(done(room), "hold_one_zone");
    struct site_centre const centre = {.id = "property"};
    room->small.site.centres = &centre;
    room->small.site.centre_count = 1;
    hold_order(room)->source = SOURCE_CENTRE;
    push(room);
    step(room);
    (void)said(room);
    assert_non_null(strstr(room->detail, "\"code\":\"hold_on_site\""));
    (void)hold_order(room);
    room->small.zone.fault_vote = FAULT_VOTE_REMOVE;
    judge_close(room->judge);
    open_judge(room);
    (void)hold_order(room);
    assert_string_equal(done(room), "busy");
    calm(room, 3 * S); /* it began without what is stored, which may come yet */
    (void)hold_order(room);
    assert_string_equal(done(room), "busy");
    judge_close(room->judge);
    open_judge(room);
    restored(room);
    (void)hold_order(room);
    assert_string_equal(done(room), "hold_in_doubt"); /* nor was a detector read yet */
    calm(room, 3 * S);
    order(room, ORDER_SERVICE, "gas-2", "gas.fault")->on = false;
    assert_string_equal(done(room), "ok");
    (void)hold_order(room);
    assert_string_equal(done(room), "hold_in_doubt");
    order(room, ORDER_SERVICE, "gas-2", "gas.fault")->on = true;
    assert_string_equal(done(room), "ok");
    (void)said(room);
    gas(room, SLAVE_GAS_1, 25);
    step(room);
    (void)hold_order(room);
    assert_string_equal(done(room), "hold_in_alarm");
    assert_null(strstr(said(room), "drill"));
    assert_int_equal(room->write_count, 0);
    room_close(room);
}

/* In the step of the sample that ends it the outputs are written, before anybody tells of it. */
static void a_hold_ends_in_the_step_of_the_second_detector(void **state)
{
    (void)state;
    struct room *room = calm_room();
    (void)hold_order(room);
    assert_string_equal(done(room), "ok");
    (void)said(room);
    leak(room, 60, 1, 10 * S);
    const char *words = said(room);
    assert_non_null(strstr(words, "gas-1 gas.high raised UNACK (test); "));
    assert_non_null(strstr(words, "!interlock_held; "));
    assert_null(strstr(words, "!interlock_tripped; "));
    assert_int_equal(room->write_count, 0);
    gas(room, SLAVE_GAS_2, 25); /* gas.low: its delay has only begun */
    step(room);
    words = said(room);
    assert_true(room->write_count > 0);
    assert_non_null(strstr(words, "!drill_ended; "));
    assert_non_null(strstr(words, "!interlock_tripped; "));
    assert_non_null(strstr(words, "gas-1 gas.high raised UNACK; "));
    room_close(room);
}

/* What cannot be told yet is not forgotten: the recorder stands still while the drill ends. */
static void a_full_ring_at_the_end_of_a_drill(void **state)
{
    (void)state;
    struct room *room = calm_room();
    assert_string_equal(drill(room, 30 * MINUTE, DEVICE_GAS_1), "ok");
    leak(room, 60, 1, 10 * S);
    (void)said(room);
    char filler[1024] = {0};
    while (ring_push(&room->news, filler, sizeof filler) == ERR_OK)
        continue;
    while (ring_push(&room->news, filler, 64) == ERR_OK)
        continue;
    order(room, ORDER_DRILL, NULL, NULL)->on = false;
    push(room);
    step(room);
    size_t size;
    while (ring_pop(&room->news, &room->popped, sizeof room->popped, &size) == ERR_OK)
        continue;
    pass(room, S);
    const char *words = said(room);
    assert_non_null(strstr(words, "!drill_ended; "));
    assert_non_null(strstr(words, "gas-1 gas.high raised UNACK; "));
    restart(room, false);
    restored(room);
    leak(room, 60, 1, 2 * S);
    assert_int_equal(room->last_telemetry[DEVICE_GAS_1].is.telemetry.test, 0);
    room_close(room);
}

/* The answer to a centre goes with the event, the one to the desk over its ring; never the other way round. */
static void a_centre_is_answered_in_the_journal(void **state)
{
    (void)state;
    struct room *room = calm_room();
    struct site_centre const centre = {.id = "property"};
    size_t size;
    room->small.site.centres = &centre;
    room->small.site.centre_count = 1;
    gas(room, SLAVE_GAS_1, 60);
    step(room);
    (void)said(room);
    struct order *own = order(room, ORDER_ACK, "gas-1", "gas.high");
    own->source = SOURCE_CENTRE;
    memcpy(own->id, "o-7", 4);
    push(room);
    step(room);
    assert_int_equal(ring_pop(&room->answers, &room->answer, sizeof room->answer, &size), ERR_EMPTY);
    assert_string_equal(said(room), "gas-1 gas.high acked ACKED; !order; ");
    assert_string_equal(room->told.id, "o-7");
    assert_string_equal(room->told.code, "");
    assert_int_equal(room->told.count, 1);
    assert_non_null(strstr(room->detail, "\"id\":\"o-7\",\"source\":\"property\""));
    own = order(room, ORDER_ACK, "gas-1", "gas.high");
    own->source = SOURCE_CENTRE;
    memcpy(own->id, "o-8", 4);
    push(room);
    step(room);
    (void)said(room);
    assert_string_equal(room->told.id, "o-8");
    assert_string_equal(room->told.code, "nothing_to_do");
    assert_true(strlen(room->told.why) > 10);
    own = order(room, ORDER_ACK, "gas-1", NULL); /* a centre that is not there */
    own->source = SOURCE_CENTRE;
    own->centre = 1;
    push(room);
    step(room);
    assert_string_equal(said(room), "!order; ");
    assert_non_null(strstr(room->detail, "\"code\":\"not_found\""));
    room_close(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shelf_hides_and_ends),
        cmocka_unit_test(what_may_not_be_shelved),
        cmocka_unit_test(suppression_outranks_a_shelf),
        cmocka_unit_test(a_shelf_survives_a_restart),
        cmocka_unit_test(out_of_service_and_back),
        cmocka_unit_test(out_of_service_votes_as_a_fault),
        cmocka_unit_test(a_drill_marks_its_devices_only),
        cmocka_unit_test(the_end_of_a_drill_raises_as_real),
        cmocka_unit_test(a_drill_ends_by_itself),
        cmocka_unit_test(a_drill_survives_a_restart),
        cmocka_unit_test(what_outputs_are_not_held_against),
        cmocka_unit_test(a_hold_ends_in_the_step_of_the_second_detector),
        cmocka_unit_test(a_full_ring_at_the_end_of_a_drill),
        cmocka_unit_test(a_centre_is_answered_in_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
