#include "tests/support/judge_rig.h"

#include <math.h>

/* The main job: gas, valve closed and confirmed, silence, ack, gas over, reset. */
static void test_a_leak_from_begin_to_end(void **state)
{
    (void)state;
    struct room *room = running(RING);
    gas(room, SLAVE_GAS_1, 52.1);
    step(room); /* one step: from the deciding sample to the write */
    assert_string_equal(said(room), "gas-1 gas.high raised UNACK; !interlock_tripped; ");
    assert_non_null(strstr(room->detail, "\"interlock\":\"trip\""));
    assert_non_null(strstr(room->detail, "\"voters\":[\"gas-1\"]"));
    assert_int_equal(room->write_count, 1);
    assert_int_equal(room->write.slave, SLAVE_VALVE);
    assert_int_equal(room->write.point, RELAY_1);
    assert_true(room->write.value > 0.5);
    pass(room, 30 * MS);
    answer_write(room, ERR_OK);
    assert_string_equal(said(room), "!interlock_commanded; ");
    assert_non_null(strstr(room->detail, "\"ms\":30,\"wire_ms\":20"));
    for (int i = 0; i < 6; i++) { /* gas.low after its 3 s */
        gas(room, SLAVE_GAS_1, 55);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, true, false, i >= 4);
        lift(room, true, true, false, 0);
        pass(room, EVERY * MS);
    }
    assert_string_equal(said(room), "!interlock_confirmed; gas-1 gas.low raised UNACK; !interlock_tripped; ");
    assert_int_equal(room->write.point, RELAY_2);
    answer_write(room, ERR_OK);
    (void)said(room);
    assert_string_equal(obey(room, ORDER_RESET, "trip", NULL), "condition_active");
    assert_string_equal(obey(room, ORDER_SILENCE, "trip", NULL), "not_silenceable");
    assert_string_equal(said(room), "!order; !order; ");
    assert_string_equal(obey(room, ORDER_SILENCE, NULL, NULL), "ok");
    assert_string_equal(said(room), "!interlock_silenced; !order; ");
    assert_true(room->write.point == RELAY_2 && room->write.value < 0.5);
    answer_write(room, ERR_OK);
    assert_string_equal(obey(room, ORDER_ACK, "gas-1", NULL), "ok");
    assert_int_equal(room->answer.count, 2);
    assert_string_equal(said(room), "gas-1 gas.low acked ACKED; gas-1 gas.high acked ACKED; !order; ");
    assert_string_equal(obey(room, ORDER_ACK, "gas-1", "gas.high"), "nothing_to_do");
    assert_string_equal(obey(room, ORDER_RESET, "gas-1", "gas.high"), "condition_active");
    (void)said(room);
    for (int i = 0; i < 22; i++) {
        gas(room, SLAVE_GAS_1, 1);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, true, false, true);
        lift(room, true, true, false, 0);
        pass(room, EVERY * MS);
    }
    assert_string_equal(said(room),
                        "gas-1 gas.low cleared NORM; gas-1 gas.high cleared LATCH_ACKED; !interlock_released; ");
    size_t const writes = room->write_count;
    assert_string_equal(obey(room, ORDER_RESET, NULL, NULL), "ok");
    assert_string_equal(said(room), "gas-1 gas.high reset NORM; !interlock_released; !order; ");
    assert_int_equal(room->write_count, writes + 1);
    assert_true(room->write.point == RELAY_1 && room->write.value < 0.5);
    assert_string_equal(obey(room, ORDER_RESET, NULL, NULL), "nothing_to_do");
    room_close(room);
}

/* A leak so strong that the number leaves the plausible range closes the valve all the same. */
static void test_over_range_trips(void **state)
{
    (void)state;
    struct room *room = running(RING);
    gas(room, SLAVE_GAS_2, 400);
    step(room);
    assert_string_equal(said(room), "gas-2 gas.over_range raised UNACK; !interlock_tripped; !interlock_tripped; ");
    assert_int_equal(room->write_count, 2);
    room_close(room);
}

static void test_bad_readings_neither_raise_nor_clear(void **state)
{
    (void)state;
    struct room *room = running(RING);
    gas(room, SLAVE_GAS_1, 60);
    step(room);
    (void)said(room);
    for (int i = 0; i < 40; i++) { /* 20 s without an answer: less than comm.lost needs */
        dead(room, SLAVE_GAS_1, REASON_NO_ANSWER);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, true, false, true);
        lift(room, true, true, false, 0);
        pass(room, EVERY * MS);
    }
    assert_null(strstr(said(room), "gas-1 gas"));
    struct board_rule shown;
    board_get_rule(room->board, small_site_rule(&room->small, "gas-1", "gas.high"), &shown);
    assert_int_equal(shown.state, ALARM_UNACK);
    assert_true(shown.condition && shown.has_value);
    assert_string_equal(obey(room, ORDER_RESET, "trip", NULL), "condition_active");
    room_close(room);
}

static void test_comm_lost(void **state)
{
    (void)state;
    struct room *room = running(RING);
    for (int i = 0; i < 59; i++) {
        dead(room, SLAVE_GAS_1, REASON_NO_ANSWER);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, false, false, false);
        lift(room, true, true, false, 0);
        pass(room, EVERY * MS);
    }
    assert_string_equal(said(room), "");
    dead(room, SLAVE_GAS_1, REASON_NO_ANSWER);
    gas(room, SLAVE_GAS_2, 1);
    valve(room, false, false, false);
    pass(room, EVERY * MS - 1);
    assert_string_equal(said(room), "");
    pass(room, 1); /* 30 s after the first failed read; and its vote, since the zone says so */
    assert_string_equal(said(room), "gas-1 comm.lost raised UNACK; !interlock_tripped; !interlock_tripped; ");
    assert_int_equal(room->write_count, 2);
    calm(room, 5500 * MS);
    const char *words = said(room);
    assert_non_null(strstr(words, "gas-1 comm.lost cleared RTN_UNACK; "));
    room_close(room);
}

/* An answer without a reading is no reading, in whatever words it comes. */
static void test_only_exceptions(void **state)
{
    (void)state;
    static const enum reason reasons[] = {REASON_REFUSED, REASON_BUSY, REASON_SENSOR_FAULT};
    for (size_t r = 0; r < ARRAY_SIZE(reasons); r++) {
        struct room *room = room_open(RING);
        restored(room);
        for (int i = 0; i < 62; i++) {
            dead(room, SLAVE_GAS_1, reasons[r]);
            gas(room, SLAVE_GAS_2, 1);
            valve(room, false, false, false);
            lift(room, true, true, false, 0);
            pass(room, EVERY * MS);
        }
        assert_non_null(strstr(said(room), "gas-1 comm.lost raised UNACK; "));
        room_close(room);
    }
}

static void slow_read(struct room *room, enum reason reason)
{
    struct batch *own = batch(room, SLAVE_GAS_1);
    own->samples[own->sample_count++] = sample_bad(GAS_NAME, reason);
    push(room);
}

static void fast_read(struct room *room, bool good)
{
    struct batch *own = batch(room, SLAVE_GAS_1);
    add(own, GAS_LEL, (union value){.number = 1});
    add(own, GAS_MODE, (union value){.code = 0});
    for (size_t i = 0; i < own->sample_count && !good; i++)
        own->samples[i] = sample_bad(i, REASON_NO_ANSWER);
    push(room);
}

/* A read that comes once a minute and was lost once is no lost device: it would close a valve for a single frame. One that
 * is lost three times is; and so is a fast one that fails while the slow one is fine. */
static void test_one_of_several_reads_fails(void **state)
{
    (void)state;
    struct room *room = room_open(RING);
    room->small.gas_points[GAS_NAME].poll = POLL_SLOW;
    for (size_t i = 0; i < SMALL_SLAVES; i++)
        room->small.slaves[i].every_ms[POLL_SLOW] = 60000;
    restored(room);
    calm(room, 3 * S);
    slow_read(room, REASON_NO_ANSWER);
    char const *lost = "gas-1 comm.lost raised";
    for (int i = 0; i < 420; i++) { /* 210 s: 180 s until it is overdue, and its 30 s */
        fast_read(room, true);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, false, false, false);
        lift(room, true, true, false, 0);
        if (i == 419)
            assert_null(strstr(said(room), lost));
        pass(room, EVERY * MS);
    }
    assert_non_null(strstr(said(room), lost));
    calm(room, 6 * S);
    (void)said(room);
    for (int i = 0; i < 64; i++) {
        fast_read(room, false);
        struct batch *own = batch(room, SLAVE_GAS_1);
        memcpy(own->texts, "CH4", 3);
        add(own, GAS_NAME, (union value){.text = {.offset = 0, .size = 3}});
        push(room);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, false, false, false);
        lift(room, true, true, false, 0);
        pass(room, EVERY * MS);
    }
    assert_non_null(strstr(said(room), lost));
    room_close(room);
}

/* A register that the slave never had is no loss, unless it is one of those that lives hang on; nor is it one after the line
 * was lost for a moment. */
static void test_a_register_that_is_refused_for_good(void **state)
{
    (void)state;
    for (int poll = POLL_SAFETY; poll <= POLL_SLOW; poll++) {
        struct room *room = room_open(RING);
        room->small.gas_points[GAS_NAME].poll = (enum poll_class)poll;
        restored(room);
        for (int i = 0; i < 200; i++) {
            slow_read(room, i == 20 ? REASON_BUS_LOST : REASON_REFUSED);
            fast_read(room, true);
            gas(room, SLAVE_GAS_2, 1);
            valve(room, false, false, false);
            lift(room, true, true, false, 0);
            pass(room, EVERY * MS);
        }
        bool told = strstr(said(room), "gas-1 comm.lost raised") != NULL;
        assert_int_equal(told, poll == POLL_SAFETY);
        room_close(room);
    }
}

/* Silent from the start: nothing is known, nobody votes, but somebody is told. */
static void test_never_answered(void **state)
{
    (void)state;
    struct room *room = room_open(RING);
    restored(room);
    for (int i = 0; i < 70; i++) {
        gas(room, SLAVE_GAS_2, 1);
        valve(room, false, false, false);
        lift(room, true, true, false, 0);
        pass(room, EVERY * MS);
    }
    assert_string_equal(said(room), "gas-1 comm.lost raised UNACK; ");
    assert_int_equal(room->write_count, 0);
    assert_int_equal(room->telemetry_count[DEVICE_GAS_1], 0);
    room_close(room);
}

static void test_staleness(void **state)
{
    (void)state;
    struct room *room = running(RING); /* the last batches came one period ago */
    size_t const point = small_site_point(&room->small, DEVICE_GAS_1, "gas_lel_pct");
    struct board_device *shown = calloc(1, sizeof *shown);
    pass(room, 2 * EVERY * MS - 1);
    board_get_device(room->board, DEVICE_GAS_1, shown);
    assert_int_equal(shown->samples[point].quality, QUALITY_GOOD);
    pass(room, 1);
    board_get_device(room->board, DEVICE_GAS_1, shown);
    assert_int_equal(shown->samples[point].quality, QUALITY_BAD);
    assert_int_equal(shown->samples[point].reason, REASON_STALE);
    pass(room, 30 * S - 1); /* and comm.lost counts from there */
    assert_null(strstr(said(room), "gas-1 comm.lost"));
    pass(room, 1);
    assert_non_null(strstr(said(room), "gas-1 comm.lost raised"));
    free(shown);
    room_close(room);
}

static void bus(struct room *room, int32_t index, bool open)
{
    room->item.kind = INBOX_BUS;
    room->item.is.bus =
        (struct bus_state){.bus = index, .open = open, .mono_us = room->now.mono_us, .utc_ms = room->now.utc_ms};
    push(room);
    step(room);
}

static void test_a_lost_bus(void **state)
{
    (void)state;
    struct room *room = running(RING);
    bus(room, BUS_LIFT, true); /* the first word of a bus is no news */
    assert_string_equal(said(room), "");
    bus(room, BUS_LIFT, false);
    assert_string_equal(said(room), "!bus_lost; ");
    assert_string_equal(room->detail, "\"bus\":\"bus-lift\"");
    bus(room, BUS_LIFT, false);
    assert_string_equal(said(room), "");
    struct board_device *shown = calloc(1, sizeof *shown);
    board_get_device(room->board, DEVICE_LIFT, shown);
    assert_int_equal(shown->samples[0].reason, REASON_BUS_LOST);
    free(shown);
    for (int i = 0; i < 10; i++) {
        gas(room, SLAVE_GAS_1, 1);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, false, false, false);
        pass(room, EVERY * MS);
    }
    assert_string_equal(said(room), "bus-lift bus.lost raised UNACK; ");
    bus(room, BUS_LIFT, true);
    assert_string_equal(said(room), "!bus_found; ");
    calm(room, 5500 * MS);
    assert_string_equal(said(room), "bus-lift bus.lost cleared RTN_UNACK; ");
    room_close(room);
}

/* One device made of two slaves; the hold runs out between polls. */
static void test_trapped(void **state)
{
    (void)state;
    struct room *room = running(RING);
    for (int i = 0; i < 20; i++) {
        gas(room, SLAVE_GAS_1, 1);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, false, false, false);
        lift(room, true, false, true, 0);
        pass(room, i == 19 ? EVERY * MS - 1 : EVERY * MS);
    }
    assert_string_equal(said(room), "");
    pass(room, 1);
    const char *words = said(room);
    assert_non_null(strstr(words, "lift-1 lift.trapped raised UNACK; "));
    assert_non_null(strstr(words, "lift-1 lift.stop_outside_zone raised UNACK; "));
    calm(room, 31 * S);
    words = said(room);
    assert_non_null(strstr(words, "lift-1 lift.trapped cleared LATCH_UNACK; "));
    assert_string_equal(obey(room, ORDER_RESET, "lift-1", "lift.trapped"), "ack_first");
    assert_string_equal(obey(room, ORDER_ACK, "lift-1", "lift.trapped"), "ok");
    assert_string_equal(obey(room, ORDER_RESET, "lift-1", "lift.trapped"), "ok");
    assert_int_equal(room->write_count, 0);
    room_close(room);
}

static void test_restart_with_a_tripped_interlock(void **state)
{
    (void)state;
    struct room *room = running(RING);
    gas(room, SLAVE_GAS_1, 60);
    step(room);
    (void)said(room);
    answer_write(room, ERR_OK);
    (void)said(room);
    size_t const writes = room->write_count;
    restart(room, false);
    assert_int_equal(room->write_count, writes);
    restored(room);
    assert_string_equal(said(room), "");
    assert_int_equal(room->write_count, writes + 1); /* written again at once, before any reading */
    assert_true(room->write.point == RELAY_1 && room->write.value > 0.5);
    assert_string_equal(obey(room, ORDER_RESET, "trip", NULL), "condition_active"); /* nobody knows yet */
    (void)said(room);
    gas(room, SLAVE_GAS_1, 60);
    step(room);
    assert_string_equal(said(room), ""); /* the alarm is the same alarm */
    room_close(room);
}

static void test_restart_with_waiting_delays(void **state)
{
    (void)state;
    for (int rebooted = 0; rebooted < 2; rebooted++) {
        struct room *room = running(RING);
        gas(room, SLAVE_GAS_1, 25); /* gas.low waits for 3 s */
        for (int i = 0; i < 3; i++) {
            lift(room, true, false, true, 0); /* and somebody is inside for 1.5 s */
            pass(room, EVERY * MS);
        }
        assert_string_equal(said(room), "");
        assert_true(room->stored_count >= 2);
        restart(room, rebooted != 0);
        restored(room);
        gas(room, SLAVE_GAS_1, 25);
        lift(room, true, false, true, 0);
        step(room);
        const char *words = said(room);
        if (rebooted != 0) { /* counts as run out */
            assert_non_null(strstr(words, "gas-1 gas.low raised"));
            assert_non_null(strstr(words, "lift-1 lift.trapped raised"));
        } else {
            assert_string_equal(words, "");
            pass(room, 1500 * MS - 1);
            assert_null(strstr(said(room), "gas.low"));
            pass(room, 1);
            assert_non_null(strstr(said(room), "gas-1 gas.low raised"));
        }
        room_close(room);
    }
}

/* The on-delay ran out before a late reading, which lies in the deadband: the alarm is on, and stays on. */
/* gas.low of one detector, raised, and 9.5 s of its off-delay of 10 s over. */
static struct room *nearly_cleared(void)
{
    struct room *room = running(RING);
    for (int i = 0; i < 8; i++) {
        gas(room, SLAVE_GAS_1, 25);
        gas(room, SLAVE_GAS_2, 1);
        pass(room, EVERY * MS);
        answer_write(room, ERR_OK);
    }
    assert_non_null(strstr(said(room), "gas-1 gas.low raised"));
    calm(room, 10 * S);
    assert_null(strstr(said(room), "gas.low"));
    return room;
}

/* How long until it is cleared. */
static int64_t clears_after(struct room *room)
{
    int64_t const from_us = room->now.mono_us;
    while (strstr(said(room), "gas-1 gas.low cleared") == NULL) {
        assert_true(room->now.mono_us < from_us + 60 * S);
        calm(room, EVERY * MS);
    }
    return room->now.mono_us - from_us - EVERY * MS; /* of the reading */
}

/* After an orderly stop an off-delay goes on where it was, after a kill where the journal last heard of it; the time away does
 * not count, whatever clock there is. */
static void test_restart_with_a_running_off_delay(void **state)
{
    (void)state;
    for (int killed = 0; killed < 2; killed++)
        for (int rebooted = 0; rebooted < 2; rebooted++) {
            struct room *room = nearly_cleared();
            size_t const rows = room->news_heard;
            for (int times = 0; times < 2 && !killed; times++) /* the second has nothing to say */
                judge_finish(room->judge, room->now);
            hear(room);
            assert_int_equal(room->news_heard - rows, killed ? 0 : 1);
            room->now.mono_us += 3600 * S;
            restart(room, rebooted != 0);
            restored(room);
            assert_int_equal(clears_after(room), killed ? 2000 * MS : 500 * MS);
            room_close(room);
        }
}

static void test_a_late_reading_in_the_deadband(void **state)
{
    (void)state;
    struct room *room = running(RING);
    room->small.rules[small_site_rule(&room->small, "gas-1", "gas.low")].off_delay_ms = 0; /* it would clear at once */
    gas(room, SLAVE_GAS_1, 25);
    step(room);
    room->now.mono_us += 4 * S; /* the judge had no turn for 4 s */
    room->now.utc_ms += 4000;
    gas(room, SLAVE_GAS_1, 19);
    step(room);
    assert_non_null(strstr(said(room), "gas-1 gas.low raised UNACK; "));
    for (int i = 0; i < 24; i++) { /* 12 s, longer than its off-delay */
        gas(room, SLAVE_GAS_1, 19);
        pass(room, EVERY * MS);
    }
    assert_null(strstr(said(room), "gas.low cleared"));
    struct board_rule shown;
    board_get_rule(room->board, small_site_rule(&room->small, "gas-1", "gas.low"), &shown);
    assert_true(shown.condition);
    room_close(room);
}

static uint8_t journal_of(const struct room *room, enum stored_kind kind, uint32_t index)
{
    for (size_t i = 0; i < room->stored_count; i++)
        if (room->stored[i].kind == kind && room->stored[i].index == index)
            return room->stored[i].state;
    return UINT8_MAX;
}

/* A release is done when the outputs are written back: a crash in between goes on with it. */
static void test_a_crash_while_releasing(void **state)
{
    (void)state;
    struct room *room = running(RING);
    gas(room, SLAVE_GAS_1, 60);
    step(room);
    answer_write(room, ERR_OK);
    for (int i = 0; i < 24; i++) {
        gas(room, SLAVE_GAS_1, 1);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, true, false, true);
        pass(room, EVERY * MS);
    }
    (void)said(room);
    assert_int_equal(journal_of(room, STORED_INTERLOCK, INTERLOCK_TRIP), STORED_TRIPPED);
    assert_string_equal(obey(room, ORDER_RESET, "trip", NULL), "ok");
    assert_int_equal(journal_of(room, STORED_INTERLOCK, INTERLOCK_TRIP), STORED_RELEASING);
    size_t const writes = room->write_count;
    restart(room, false);
    restored(room);
    hear(room);
    assert_int_equal(room->write_count, writes + 1);
    assert_true(room->write.point == RELAY_1 && room->write.value < 0.5);
    assert_int_equal(journal_of(room, STORED_INTERLOCK, INTERLOCK_TRIP), STORED_RELEASING);
    answer_write(room, ERR_OK);
    hear(room);
    assert_int_equal(journal_of(room, STORED_INTERLOCK, INTERLOCK_TRIP), STORED_READY);
    room_close(room);
}

static struct room *with_a_watchdog(void)
{
    struct room *room = running(RING);
    room->small.slaves[SLAVE_VALVE].watchdog_ms = 10000;
    room->small.slaves[SLAVE_VALVE].watchdog_fail = true;
    judge_close(room->judge);
    open_judge(room);
    return room;
}

static void board_shows(struct room *room, bool relay, int64_t us)
{
    for (int64_t t = 0; t < us; t += EVERY * MS) {
        gas(room, SLAVE_GAS_1, 1);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, relay, relay, relay);
        pass(room, EVERY * MS);
    }
}

/* Both relays fell while nobody was there. The valve stays closed until a reset, as after any trip; the siren, which latches
 * nothing, is taken back by a vote that is known. */
static void test_a_board_that_fell_has_tripped(void **state)
{
    (void)state;
    struct room *room = with_a_watchdog();
    valve(room, true, true, true);
    step(room); /* what is stored is not there yet */
    assert_string_equal(said(room), "");
    assert_int_equal(room->write_count, 0);
    restored(room);
    valve(room, true, true, true);
    step(room);
    assert_string_equal(said(room), "!interlock_tripped; !interlock_tripped; ");
    assert_non_null(strstr(room->detail, "\"voters\":[],\"found\":true"));
    assert_int_equal(journal_of(room, STORED_INTERLOCK, INTERLOCK_TRIP), STORED_TRIPPED);
    assert_true(room->open_writes[RELAY_1].value > 0.5);
    gas(room, SLAVE_GAS_1, 1);
    gas(room, SLAVE_GAS_2, 1);
    step(room);
    assert_non_null(strstr(said(room), "!interlock_released; "));
    assert_true(room->open_writes[RELAY_2].value < 0.5);
    assert_true(room->open_writes[RELAY_1].value > 0.5);
    answer_write(room, ERR_OK);
    assert_string_equal(obey(room, ORDER_RESET, "trip", NULL), "ok");
    (void)said(room);
    size_t const writes = room->write_count;
    valve(room, true, false, true); /* read before the write was done: that is no second fall */
    step(room);
    assert_null(strstr(said(room), "interlock_tripped"));
    assert_int_equal(room->write_count, writes);
    answer_write(room, ERR_OK);
    valve(room, true, false, true); /* nor is what was read when it was done */
    step(room);
    assert_null(strstr(said(room), "interlock_tripped"));
    board_shows(room, false, 5 * S);
    assert_null(strstr(said(room), "interlock_tripped"));
    valve(room, true, false, true); /* and again, while the gateway lives: the line was cut for so long */
    step(room);
    assert_string_equal(said(room), "!interlock_tripped; ");
    size_t const before = room->write_count;
    valve(room, true, true, true); /* the siren: there is no gas, and that is known */
    step(room);
    assert_string_equal(said(room), "!interlock_tripped; !interlock_released; ");
    assert_int_equal(room->write_count, before + 1);
    assert_true(room->write.point == RELAY_2 && room->write.value < 0.5);
    restart(room, false); /* what is known to be tripped did not fall again */
    valve(room, true, false, true);
    step(room);
    restored(room);
    valve(room, true, false, true);
    step(room);
    assert_null(strstr(said(room), "interlock_tripped"));
    room_close(room);
}

/* Somebody else's relay, a board without a watchdog, and a valve that is opened at the valve: none of them is the gateway's to
 * explain. */
static void test_what_is_no_fall(void **state)
{
    (void)state;
    struct room *room = running(RING);
    board_shows(room, true, 5 * S);
    assert_string_equal(said(room), "");
    room_close(room);
    room = with_a_watchdog();
    room->small.slaves[SLAVE_VALVE].watchdog_fail = false;
    restored(room);
    board_shows(room, true, 5 * S);
    assert_string_equal(said(room), "");
    room_close(room);
    room = running(RING);
    room->small.slaves[SLAVE_VALVE].watchdog_ms = 10000;
    room->small.slaves[SLAVE_VALVE].watchdog_fail = true;
    room->small.actions[INTERLOCK_TRIP].by_hand = room->small.actions[INTERLOCK_SIREN].by_hand = true;
    judge_close(room->judge);
    open_judge(room);
    restored(room);
    board_shows(room, true, 5 * S);
    assert_string_equal(said(room), "");
    room_close(room);
}

/* A silenced siren stays silent over a restart for those who voted then; a further detector sounds it. */
static void test_silence_survives_a_restart(void **state)
{
    (void)state;
    struct room *room = running(RING);
    for (int i = 0; i < 8; i++) {
        gas(room, SLAVE_GAS_1, 25);
        gas(room, SLAVE_GAS_2, 1);
        pass(room, EVERY * MS);
    }
    answer_write(room, ERR_OK);
    assert_string_equal(obey(room, ORDER_SILENCE, "siren", NULL), "ok");
    answer_write(room, ERR_OK);
    (void)said(room);
    restart(room, false);
    restored(room);
    for (int i = 0; i < 4; i++) {
        gas(room, SLAVE_GAS_1, 25);
        gas(room, SLAVE_GAS_2, 1);
        pass(room, EVERY * MS);
        answer_write(room, ERR_OK);
    }
    assert_null(strstr(said(room), "interlock_tripped"));
    assert_true(room->write.point == RELAY_2 && room->write.value < 0.5);
    for (int i = 0; i < 8; i++) {
        gas(room, SLAVE_GAS_1, 25);
        gas(room, SLAVE_GAS_2, 25);
        pass(room, EVERY * MS);
    }
    assert_non_null(strstr(said(room), "!interlock_tripped; "));
    assert_true(room->write.point == RELAY_2 && room->write.value > 0.5);
    room_close(room);
}

/* Stored states that come after the judge began: merged where nothing moved. */
static void test_late_states(void **state)
{
    (void)state;
    struct room *room = running(RING);
    gas(room, SLAVE_GAS_1, 60);
    gas(room, SLAVE_GAS_2, 60);
    step(room);
    (void)said(room);
    judge_close(room->judge);
    open_judge(room);
    log_set_quiet(true);
    step(room);
    assert_int_equal(room->next, room->now.mono_us + RESTORE_WAIT_MAX_MS * MS);
    gas(room, SLAVE_GAS_1, 61);
    step(room);
    assert_string_equal(said(room), ""); /* it waits for the journal */
    pass(room, RESTORE_WAIT_MAX_MS * MS);
    log_set_quiet(false);
    assert_string_equal(said(room), "gas-1 gas.high raised UNACK; !interlock_tripped; ");
    struct stored late = {.kind = STORED_RULE,
                          .state = ALARM_ACKED,
                          .index = (uint32_t)small_site_rule(&room->small, "gas-2", "gas.high")};
    room->item.kind = INBOX_STORED;
    room->item.is.stored = late;
    push(room);
    late.index = (uint32_t)small_site_rule(&room->small, "gas-1", "gas.high");
    room->item.is.stored = late;
    push(room);
    step(room);
    struct board_rule shown;
    board_get_rule(room->board, small_site_rule(&room->small, "gas-2", "gas.high"), &shown);
    assert_int_equal(shown.state, ALARM_ACKED);
    board_get_rule(room->board, small_site_rule(&room->small, "gas-1", "gas.high"), &shown);
    assert_int_equal(shown.state, ALARM_UNACK); /* what happened today is newer */
    restored(room);
    assert_string_equal(said(room), "");
    room_close(room);
}

/* The recorder stands still: the valve closes, states wait, and nothing is lost but what is declared. */
static void test_a_full_ring(void **state)
{
    (void)state;
    struct room *room = running(1400);
    static const unsigned char filler[1300];
    size_t size = 0;
    assert_int_equal(ring_push(&room->news, filler, sizeof filler), ERR_OK);
    gas(room, SLAVE_GAS_1, 60);
    step(room);
    assert_int_equal(ring_pop(&room->writes[BUS_GAS], &room->write, sizeof room->write, &size), ERR_OK);
    assert_true(room->write.value > 0.5);
    assert_int_equal(room->next, room->now.mono_us + 20 * MS);
    struct board_rule shown;
    size_t const rule = small_site_rule(&room->small, "gas-1", "gas.high");
    board_get_rule(room->board, rule, &shown);
    assert_int_equal(shown.state, ALARM_NORM);
    assert_true(shown.condition);
    (void)order(room, ORDER_ACK, "gas-1", NULL);
    push(room);
    step(room);
    assert_int_equal(ring_pop(&room->answers, &room->answer, sizeof room->answer, &size), ERR_OK);
    assert_string_equal(room->answer.code, "busy");
    assert_int_equal(ring_pop(&room->news, &room->popped, sizeof room->popped, &size), ERR_OK);
    for (int i = 0; i < 8; i++) {
        pass(room, 20 * MS);
        hear(room);
    }
    assert_string_equal(said(room), "gas-1 gas.high raised UNACK; !interlock_tripped; !order; ");
    board_get_rule(room->board, rule, &shown);
    assert_int_equal(shown.state, ALARM_UNACK);
    room_close(room);
}

static void test_dropped_telemetry_is_declared(void **state)
{
    (void)state;
    struct room *room = running(RING);
    static unsigned char item[RING_ITEM_MAX];
    size_t size = 0;
    size_t free_size = RING;
    while (free_size > 8) { /* nothing fits any more */
        size_t const next = free_size - 8 < sizeof item ? free_size - 8 : sizeof item;
        assert_int_equal(ring_push(&room->telemetry, item, next), ERR_OK);
        free_size -= next + 8;
    }
    for (int i = 0; i < 10; i++) { /* a change each second poll, so five records */
        gas(room, SLAVE_GAS_1, 5 * (i / 2 % 2) + 2);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, false, false, false);
        lift(room, true, true, false, 0);
        pass(room, EVERY * MS);
    }
    while (ring_pop(&room->telemetry, item, sizeof item, &size) == ERR_OK)
        continue;
    gas(room, SLAVE_GAS_1, 15);
    step(room);
    assert_string_equal(said(room), ""); /* the record says it: the recorder burns and declares their numbers */
    assert_int_equal(room->last_telemetry[DEVICE_GAS_1].is.telemetry.dropped, 5);
    gas(room, SLAVE_GAS_1, 25);
    pass(room, EVERY * MS);
    (void)said(room);
    assert_int_equal(room->last_telemetry[DEVICE_GAS_1].is.telemetry.dropped, 0);
    room_close(room);
}

static void test_telemetry(void **state)
{
    (void)state;
    struct room *room = running(RING);
    size_t const before = room->telemetry_count[DEVICE_GAS_1];
    assert_int_equal(before, 1); /* nothing changed since the first */
    gas(room, SLAVE_GAS_1, 1.4);
    pass(room, EVERY * MS);
    hear(room);
    assert_int_equal(room->telemetry_count[DEVICE_GAS_1], before); /* within the deadband */
    gas(room, SLAVE_GAS_1, 1.5);
    int64_t const read_utc_ms = room->now.utc_ms;
    step(room); /* a device of one slave reports in the step of its poll */
    hear(room);
    assert_int_equal(room->telemetry_count[DEVICE_GAS_1], before + 1);
    const struct news *news = &room->last_telemetry[DEVICE_GAS_1];
    assert_int_equal(news->utc_ms, read_utc_ms);
    const struct news_telemetry *record = &news->is.telemetry;
    size_t found = 0;
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        const char *id = room->small.points[DEVICE_GAS_1][sample->point].id;
        if (i > 0)
            assert_true(sample->point > record->samples[i - 1].point);
        if (strcmp(id, "gas_lel_pct") == 0)
            found += fabs(sample->value.number - 1.5) < 1e-9;
        if (strcmp(id, "gas_name") == 0)
            found += sample->value.text.size == 3 && memcmp(record->texts + sample->value.text.offset, "CH4", 3) == 0;
        if (strcmp(id, "gas_over_range") == 0)
            found += !sample->value.boolean;
    }
    assert_int_equal(found, 3);
    /* A lift of two slaves: one record for both, and only when both are in. */
    size_t const lifts = room->telemetry_count[DEVICE_LIFT];
    lift(room, false, true, true, 0);
    step(room);
    hear(room);
    assert_int_equal(room->telemetry_count[DEVICE_LIFT], lifts + 1);
    room_close(room);
}

/* A device that brought nothing new is reported all the same, as of now: the old batch's time would look like silence. */
static void test_silence_is_broken_as_of_now(void **state)
{
    (void)state;
    struct room *room = running(RING);
    for (int i = 0; i < 2; i++) { /* the first is news, the second leaves its round open, and then nothing more comes */
        pass(room, EVERY * MS);
        dead(room, SLAVE_GAS_1, REASON_NO_ANSWER);
        step(room);
    }
    hear(room);
    size_t const before = room->telemetry_count[DEVICE_GAS_1];
    int64_t last_utc_ms = room->last_telemetry[DEVICE_GAS_1].utc_ms;
    for (int i = 0; i < 4; i++) {
        pass(room, 60 * S);
        hear(room);
        int64_t const utc_ms = room->last_telemetry[DEVICE_GAS_1].utc_ms;
        assert_true(utc_ms > last_utc_ms && utc_ms - last_utc_ms <= 60500);
        last_utc_ms = utc_ms;
    }
    assert_true(room->telemetry_count[DEVICE_GAS_1] >= before + 4);
    room_close(room);
}

static void test_text_changes_are_news(void **state)
{
    (void)state;
    struct room *room = running(RING);
    size_t const before = room->telemetry_count[DEVICE_GAS_1];
    struct batch *own = batch(room, SLAVE_GAS_1);
    memcpy(own->texts, "H2", 2);
    add(own, GAS_NAME, (union value){.text = {.offset = 0, .size = 2}});
    push(room);
    step(room);
    hear(room);
    assert_int_equal(room->telemetry_count[DEVICE_GAS_1], before + 1);
    own = batch(room, SLAVE_GAS_1); /* 4 registers hold 8 bytes */
    memcpy(own->texts, "123456789", 9);
    add(own, GAS_NAME, (union value){.text = {.offset = 0, .size = 9}});
    push(room);
    pass(room, EVERY * MS);
    hear(room);
    const struct news_telemetry *record = &room->last_telemetry[DEVICE_GAS_1].is.telemetry;
    assert_int_equal(record->samples[2].quality, QUALITY_BAD);
    assert_int_equal(record->samples[2].reason, REASON_INVALID);
    room_close(room);
}

static void test_an_interlock_that_fails(void **state)
{
    (void)state;
    struct room *room = running(RING);
    gas(room, SLAVE_GAS_1, 60);
    step(room);
    (void)said(room);
    for (int i = 0; i < 8; i++) {
        answer_write(room, ERR_TIMEOUT);
        gas(room, SLAVE_GAS_1, 60);
        gas(room, SLAVE_GAS_2, 1);
        pass(room, 1 * S);
        hear(room);
    }
    assert_non_null(strstr(said(room), "trip interlock.failed raised UNACK; "));
    assert_true(room->write_count >= 8);
    answer_write(room, ERR_OK);
    for (int i = 0; i < 14; i++) {
        gas(room, SLAVE_GAS_1, 60);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, true, true, true);
        pass(room, EVERY * MS);
    }
    const char *words = said(room);
    assert_non_null(strstr(words, "!interlock_commanded; "));
    assert_non_null(strstr(words, "!interlock_confirmed; "));
    assert_non_null(strstr(words, "trip interlock.failed cleared LATCH_UNACK; "));
    size_t const writes = room->write_count; /* the board forgot its relay */
    valve(room, false, true, true);
    step(room);
    hear(room);
    assert_int_equal(room->write_count, writes + 1);
    assert_non_null(strstr(said(room), "trip interlock.failed raised UNACK; "));
    room_close(room);
}

/* An output without feedback of its own: found off, it is written again in the same step. */
static void test_a_siren_that_falls_off(void **state)
{
    (void)state;
    struct room *room = running(RING);
    for (int i = 0; i < 7; i++) {
        gas(room, SLAVE_GAS_1, 25);
        pass(room, EVERY * MS);
    }
    answer_write(room, ERR_OK);
    (void)said(room);
    size_t const writes = room->write_count;
    pass(room, EVERY * MS);
    valve(room, false, true, false);
    step(room);
    hear(room);
    assert_int_equal(room->write_count, writes);
    pass(room, EVERY * MS);
    valve(room, false, false, false);
    step(room);
    hear(room);
    assert_int_equal(room->write_count, writes + 1);
    assert_true(room->write.point == RELAY_2 && room->write.value > 0.5);
    assert_non_null(strstr(said(room), "siren interlock.failed raised UNACK; "));
    room_close(room);
}

static void test_orders_that_are_refused(void **state)
{
    (void)state;
    struct room *room = running(RING);
    struct order *own = order(room, ORDER_ACK, NULL, NULL);
    own->subject = 4711;
    push(room);
    step(room);
    hear(room);
    assert_string_equal(room->answer.code, "not_found");
    own = order(room, ORDER_ACK, "gas-1", NULL);
    own->rule = (int32_t)small_site_rule(&room->small, "gas-2", "gas.high"); /* of another */
    push(room);
    step(room);
    hear(room);
    assert_string_equal(room->answer.code, "not_found");
    own = order(room, ORDER_VERB_COUNT, NULL, NULL);
    push(room);
    step(room);
    hear(room);
    assert_string_equal(room->answer.code, "not_found");
    assert_string_equal(obey(room, ORDER_SILENCE, "siren", NULL), "nothing_to_do");
    assert_string_equal(obey(room, ORDER_SILENCE, "gas-1", NULL), "nothing_to_do");
    gas(room, SLAVE_GAS_1, 60);
    step(room);
    own = order(room, ORDER_RESET, "trip", NULL);
    struct site_centre const centre = {.id = "property"};
    room->small.site.centres = &centre;
    room->small.site.centre_count = 1;
    own->source = SOURCE_CENTRE;
    memcpy(own->id, "o-1", 4);
    push(room);
    step(room);
    hear(room);
    assert_string_equal(room->told.code, "local_only");
    own = order(room, ORDER_ACK, "gas-1", NULL); /* a reason of nothing but escapes */
    memset(own->why, '\1', ORDER_WHY_MAX);
    memset(own->by, '\2', ORDER_BY_MAX);
    memset(own->id, '"', ORDER_ID_MAX);
    push(room);
    step(room);
    hear(room);
    assert_true(room->answer.ok);
    assert_non_null(strstr(room->detail, "\"verb\":\"ack\""));
    size_t const end = strlen(room->detail);
    assert_true(end > 0 && room->detail[end - 1] == '"');
    room_close(room);
}

static void test_clocks(void **state)
{
    (void)state;
    struct room *room = running(RING);
    room->now.utc_ms += 999;
    step(room);
    assert_string_equal(said(room), "");
    room->now.utc_ms -= 3600000;
    step(room);
    assert_string_equal(said(room), "!clock_step; ");
    assert_string_equal(room->detail, "\"by_ms\":-3600000");
    room->now.mono_us += 600 * MS; /* time itself is no step */
    room->now.utc_ms += 600;
    step(room);
    assert_string_equal(said(room), "");
    room->now.synced = false;
    step(room);
    room->now.utc_ms += 3599001;
    step(room);
    room->now.synced = true;
    step(room);
    assert_string_equal(said(room), "!clock_step; !clock_set; ");
    assert_string_equal(room->detail, "\"offset_ms\":3599001");
    room_close(room);
}

/* Random days: whatever comes, the journal's states follow the transitions, interlocks follow the gas, and a restart at any
 * moment changes no verdict. */
static uint64_t dice(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void random_order(struct room *room, uint64_t *seed)
{
    struct order *own = order(room, (enum order_verb)(dice(seed) % ORDER_VERB_COUNT), NULL, NULL);
    own->on = dice(seed) % 2 == 0;
    own->one_shot = dice(seed) % 2 == 0;
    own->for_ms = (uint32_t)(dice(seed) % 60000);
    device_set_put(&own->devices, dice(seed) % SMALL_DEVICES, true);
    push(room);
    step(room);
}

static void random_poll(struct room *room, uint64_t *seed)
{
    double const lel = (double)(dice(seed) % 80);
    for (uint16_t slave = SLAVE_GAS_1; slave <= SLAVE_GAS_2; slave++) {
        if (dice(seed) % 6 == 0)
            dead(room, slave, (enum reason)(REASON_NO_ANSWER + dice(seed) % 5));
        else if (dice(seed) % 6 != 0)
            gas(room, slave, slave == SLAVE_GAS_1 ? lel : 1);
    }
    if (dice(seed) % 4 != 0)
        valve(room, dice(seed) % 2 == 0, dice(seed) % 2 == 0, dice(seed) % 2 == 0);
    lift(room, dice(seed) % 2 == 0, dice(seed) % 2 == 0, dice(seed) % 2 == 0, (double)(dice(seed) % 3));
    if (dice(seed) % 20 == 0)
        random_order(room, seed);
    if (room->write_count > 0 && dice(seed) % 2 == 0)
        answer_write(room, dice(seed) % 3 == 0 ? ERR_TIMEOUT : ERR_OK);
}

static void test_random_days(void **state)
{
    (void)state;
    for (uint64_t s = 1; s <= 12; s++) {
        uint64_t seed = s * UINT64_C(0x9E3779B97F4A7C15);
        struct room *room = running(RING);
        size_t const high = small_site_rule(&room->small, "gas-1", "gas.high");
        for (int i = 0; i < 400; i++) {
            random_poll(room, &seed);
            pass(room, (int64_t)(dice(&seed) % 1000) * MS + 1);
            (void)said(room);
            struct board_rule shown;
            struct board_interlock trip;
            board_get_rule(room->board, high, &shown);
            board_get_interlock(room->board, INTERLOCK_TRIP, &trip);
            bool const in_sight = shown.state != ALARM_OOS; /* a critical alarm is neither shelved nor suppressed */
            if (shown.condition && in_sight)
                assert_true(trip.tripped);
            bool active = shown.state == ALARM_UNACK || shown.state == ALARM_ACKED;
            assert_int_equal(active, shown.condition && in_sight);
            if (dice(&seed) % 50 != 0)
                continue;
            restart(room, false);
            restored(room);
            struct board_rule after;
            board_get_rule(room->board, high, &after);
            assert_int_equal(after.state, shown.state);
            struct board_interlock again;
            board_get_interlock(room->board, INTERLOCK_TRIP, &again);
            if (trip.tripped)
                assert_true(again.tripped);
            (void)said(room);
        }
        room_close(room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_leak_from_begin_to_end),
        cmocka_unit_test(test_over_range_trips),
        cmocka_unit_test(test_bad_readings_neither_raise_nor_clear),
        cmocka_unit_test(test_comm_lost),
        cmocka_unit_test(test_only_exceptions),
        cmocka_unit_test(test_one_of_several_reads_fails),
        cmocka_unit_test(test_a_register_that_is_refused_for_good),
        cmocka_unit_test(test_never_answered),
        cmocka_unit_test(test_staleness),
        cmocka_unit_test(test_a_lost_bus),
        cmocka_unit_test(test_trapped),
        cmocka_unit_test(test_restart_with_a_tripped_interlock),
        cmocka_unit_test(test_restart_with_waiting_delays),
        cmocka_unit_test(test_restart_with_a_running_off_delay),
        cmocka_unit_test(test_a_late_reading_in_the_deadband),
        cmocka_unit_test(test_a_crash_while_releasing),
        cmocka_unit_test(test_a_board_that_fell_has_tripped),
        cmocka_unit_test(test_what_is_no_fall),
        cmocka_unit_test(test_silence_survives_a_restart),
        cmocka_unit_test(test_late_states),
        cmocka_unit_test(test_a_full_ring),
        cmocka_unit_test(test_dropped_telemetry_is_declared),
        cmocka_unit_test(test_telemetry),
        cmocka_unit_test(test_silence_is_broken_as_of_now),
        cmocka_unit_test(test_text_changes_are_news),
        cmocka_unit_test(test_an_interlock_that_fails),
        cmocka_unit_test(test_a_siren_that_falls_off),
        cmocka_unit_test(test_orders_that_are_refused),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_random_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
