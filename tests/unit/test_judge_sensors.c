/* A point that lives hang on is read and has no value: the line is fine, the alarms that look at it hold, and one of its own says
 * that they are blind. */
#include "tests/support/judge_rig.h"

/* The lift with a speed that is none, empty at a floor or with somebody between two; for a while. */
static void lift_says(struct room *room, enum reason reason, bool between, int64_t us)
{
    for (int64_t t = 0; t < us; t += EVERY * MS) {
        gas(room, SLAVE_GAS_1, 1);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, false, false, false);
        struct batch *own = batch(room, SLAVE_DI);
        add(own, IN_DOOR_CLOSED, (union value){.boolean = true});
        add(own, IN_DOOR_ZONE, (union value){.boolean = !between});
        add(own, IN_PASSENGER, (union value){.boolean = between});
        add(own, IN_BUTTON, (union value){.boolean = false});
        push(room);
        own = batch(room, SLAVE_SPEED);
        if (reason == REASON_IMPLAUSIBLE) /* by the range of the class, ±12 m/s */
            add(own, 0, (union value){.number = 99});
        else
            own->samples[own->sample_count++] = sample_bad(0, reason);
        push(room);
        pass(room, EVERY * MS);
    }
}

static void without_speed(struct room *room, enum reason reason, int64_t us)
{
    lift_says(room, reason, false, us);
}

static const char fault[] = "lift-1 sensor.fault raised UNACK; ";
static const char over[] = "lift-1 sensor.fault cleared RTN_UNACK; ";

static void a_sensor_that_says_nothing_is_told(void **state)
{
    (void)state;
    static const enum reason reasons[] = {REASON_INVALID, REASON_IMPLAUSIBLE};
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        struct room *room = running(RING);
        without_speed(room, reasons[i], 19 * EVERY * MS);
        pass(room, EVERY * MS - 1);
        assert_string_equal(said(room), "");
        pass(room, 1);                          /* 10 s after the first of them, between two readings */
        assert_string_equal(said(room), fault); /* and nothing of a line that is lost */
        calm(room, 9 * S);
        assert_string_equal(said(room), "");
        calm(room, 2 * S);
        assert_string_equal(said(room), over);
        room_close(room);
    }
}

/* Who does not answer is lost, and no more is known of its sensor than before. */
static void a_lost_line_is_no_fault_and_ends_none(void **state)
{
    (void)state;
    struct room *room = running(RING);
    without_speed(room, REASON_NO_ANSWER, 70 * S);
    assert_string_equal(said(room), "lift-1 comm.lost raised UNACK; ");
    without_speed(room, REASON_INVALID, 11 * S);
    assert_non_null(strstr(said(room), fault));
    without_speed(room, REASON_NO_ANSWER, 30 * S);
    assert_null(strstr(said(room), over));
    restart(room, true);
    restored(room);
    without_speed(room, REASON_NO_ANSWER, 30 * S);
    assert_null(strstr(said(room), "sensor.fault"));
    calm(room, 11 * S);
    assert_non_null(strstr(said(room), over));
    room_close(room);
}

/* The lift votes in the zone of the valve, by that alarm. */
static void let_lift_vote(struct room *room, const char *alarm)
{
    struct small_site *small = &room->small;
    small->detectors[1] = DEVICE_LIFT;
    for (size_t i = 0; i < SMALL_INTERLOCKS; i++)
        small->interlock_rules[i][1] = (int32_t)small_site_rule(small, "lift-1", alarm);
    restart(room, false);
    restored(room);
    calm(room, S);
    (void)said(room);
}

/* A vote by a reading that is not there is one by a fault; that of another point of the same device is not. */
static void a_blind_alarm_votes_as_a_fault(void **state)
{
    (void)state;
    struct room *room = running(RING);
    let_lift_vote(room, "lift.trapped");           /* needs the speed */
    lift_says(room, REASON_INVALID, true, 11 * S); /* somebody in there, and does it stand? */
    assert_non_null(strstr(said(room), "!interlock_tripped; "));
    room_close(room);

    room = running(RING);
    let_lift_vote(room, "lift.alarm_button");
    without_speed(room, REASON_INVALID, 11 * S);
    assert_string_equal(said(room), fault);
    room_close(room);
}

int main(void)
{
    log_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sensor_that_says_nothing_is_told),
        cmocka_unit_test(a_lost_line_is_no_fault_and_ends_none),
        cmocka_unit_test(a_blind_alarm_votes_as_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
