/* What makes a detector vote although its alarm does not say so now, and what keeps a tripped interlock from being reset: each of
 * these would otherwise be a gas alarm that is missed, or a valve that is opened too early. */
#include "tests/support/judge_rig.h"

/* Both detectors for a while, and the board as it was written. */
static void polls(struct room *room, double lel_1, double lel_2, int64_t us)
{
    for (int64_t t = 0; t < us; t += EVERY * MS) {
        gas(room, SLAVE_GAS_1, lel_1);
        gas(room, SLAVE_GAS_2, lel_2);
        pass(room, EVERY * MS);
        answer_write(room, ERR_OK);
    }
}

/* The first detector answers, and has no value. */
static void blanks(struct room *room, int64_t us)
{
    for (int64_t t = 0; t < us; t += EVERY * MS) {
        struct batch *own = batch(room, SLAVE_GAS_1);
        own->samples[own->sample_count++] = sample_bad(GAS_LEL, REASON_INVALID);
        add(own, GAS_MODE, (union value){.code = 0});
        push(room);
        gas(room, SLAVE_GAS_2, 1);
        pass(room, EVERY * MS);
    }
}

static void service(struct room *room, bool on, const char *subject, const char *alarm)
{
    struct order *own = order(room, ORDER_SERVICE, subject, alarm);
    own->on = on;
    push(room);
    step(room);
    hear(room);
    assert_true(room->answer.ok);
}

static bool trips(struct room *room)
{
    return strstr(said(room), "!interlock_tripped") != NULL;
}

/* Does a reset of the valve's interlock release it? (The alarm that it failed may be reset all the while: no board answers.) */
static bool resets(struct room *room)
{
    struct board_interlock shown;
    (void)obey(room, ORDER_RESET, "trip", NULL);
    (void)said(room);
    board_get_interlock(room->board, INTERLOCK_TRIP, &shown);
    return !shown.tripped;
}

/* The tables anew, on a site that was changed by hand. */
static void site_changed(struct room *room)
{
    restart(room, false);
    restored(room);
    (void)said(room);
}

static void two_of_two(struct room *room, enum fault_vote fault_vote)
{
    room->small.zone.vote_n = 2;
    room->small.zone.fault_vote = fault_vote;
    site_changed(room);
}

/* gas-1 alone trips its valve: no zone, so no vote by fault. */
static void one_detector(struct room *room)
{
    struct site_interlock *own = &room->small.interlocks[INTERLOCK_TRIP];
    own->zone = -1;
    own->device = DEVICE_GAS_1;
    own->rule_count = 1;
    site_changed(room);
}

/* Beyond its range a catalytic bead may read low again: the vote stays until a person has reset the alarm. */
static void over_range_votes_until_it_is_reset(void **state)
{
    (void)state;
    struct room *room = running(RING);
    polls(room, 400, 1, 2 * S);
    assert_true(trips(room));
    polls(room, 5, 1, 30 * S);                              /* it reads 5 %LEL, and nobody knows why */
    assert_null(strstr(said(room), "!interlock_released")); /* the siren, which does not latch */
    assert_string_equal(obey(room, ORDER_ACK, NULL, NULL), "ok");
    assert_false(resets(room));
    restart(room, false);
    restored(room);
    polls(room, 5, 1, 3 * S);
    assert_null(strstr(said(room), "!interlock_released"));
    assert_false(resets(room));
    (void)said(room);
    assert_string_equal(obey(room, ORDER_RESET, "gas-1", "gas.over_range"), "ok");
    assert_non_null(strstr(said(room), "!interlock_released")); /* in the same step */
    assert_true(resets(room));
    room_close(room);
}

/* Out of sight the latch is kept, and votes. */
static void over_range_out_of_service_is_a_doubt(void **state)
{
    (void)state;
    for (int remove = 0; remove < 2; remove++) {
        struct room *room = running(RING);
        room->small.zone.fault_vote = remove != 0 ? FAULT_VOTE_REMOVE : FAULT_VOTE_FOR;
        site_changed(room);
        polls(room, 1, 1, 2 * S);
        service(room, false, "gas-1", "gas.over_range");
        (void)said(room);
        polls(room, 400, 1, 2 * S); /* gas.high has no number to judge by */
        assert_int_equal(trips(room), remove == 0);
        room_close(room);
    }
}

/* To silence the fault alarm of a detector takes nothing from its vote. */
static void a_fault_out_of_service_still_counts(void **state)
{
    (void)state;
    struct room *room = running(RING);
    service(room, false, "gas-1", "gas.fault");
    (void)said(room);
    blanks(room, 10 * S);
    assert_true(trips(room));
    room_close(room);

    room = running(RING);
    two_of_two(room, FAULT_VOTE_REMOVE);
    polls(room, 1, 1, 2 * S);
    service(room, false, "gas-1", "comm.lost");
    for (int64_t t = 0; t < 40 * S; t += EVERY * MS) {
        dead(room, SLAVE_GAS_1, REASON_NO_ANSWER);
        gas(room, SLAVE_GAS_2, 1);
        pass(room, EVERY * MS);
    }
    assert_false(trips(room));
    gas(room, SLAVE_GAS_2, 60); /* two of two are one of one now */
    step(room);
    assert_true(trips(room));
    room_close(room);
}

/* Who says from the start that it is faulty was read, and votes; who says nothing at all is not known. */
static void a_detector_that_starts_faulty_votes(void **state)
{
    (void)state;
    struct room *room = room_open(RING);
    restored(room);
    blanks(room, 4 * S);
    assert_false(trips(room));
    blanks(room, 3 * S);
    assert_true(trips(room));
    room_close(room);
}

/* It was in alarm when it fell silent, and the gateway was restarted: it is removed from no vote. */
static void a_silent_detector_in_alarm_keeps_its_vote(void **state)
{
    (void)state;
    struct room *room = running(RING);
    room->small.zone.fault_vote = FAULT_VOTE_REMOVE;
    room->small.interlocks[INTERLOCK_TRIP].latch = false;
    site_changed(room);
    polls(room, 60, 1, 5 * S);
    assert_true(trips(room));
    for (int again = 0; again < 2; again++) {
        for (int64_t t = 0; t < 40 * S; t += EVERY * MS) {
            dead(room, SLAVE_GAS_1, REASON_NO_ANSWER);
            gas(room, SLAVE_GAS_2, 1);
            pass(room, EVERY * MS);
        }
        assert_null(strstr(said(room), "!interlock_released"));
        restart(room, again == 0);
        restored(room);
    }
    polls(room, 1, 1, 12 * S);
    assert_non_null(strstr(said(room), "!interlock_released"));
    room_close(room);
}

/* The gas is to be gone, not only below the limit that closed the valve. */
static void no_reset_while_a_milder_stage_holds(void **state)
{
    (void)state;
    struct room *room = running(RING);
    polls(room, 60, 1, 5 * S);
    assert_true(trips(room));
    polls(room, 30, 1, 15 * S);
    assert_non_null(strstr(said(room), "gas.high cleared"));
    assert_false(resets(room));
    polls(room, 1, 30, 15 * S); /* of any of its detectors */
    assert_false(resets(room));
    polls(room, 1, 1, 15 * S);
    assert_true(resets(room));
    room_close(room);
}

/* Its fault closes nothing, but opens nothing either. */
static void no_reset_by_a_blind_detector(void **state)
{
    (void)state;
    struct room *room = running(RING);
    one_detector(room);
    polls(room, 60, 1, 5 * S);
    assert_true(trips(room));
    polls(room, 1, 1, 15 * S);
    blanks(room, 10 * S);
    assert_false(resets(room));
    polls(room, 1, 1, 15 * S);
    assert_true(resets(room));
    room_close(room);
}

int main(void)
{
    log_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_range_votes_until_it_is_reset),
        cmocka_unit_test(over_range_out_of_service_is_a_doubt),
        cmocka_unit_test(a_fault_out_of_service_still_counts),
        cmocka_unit_test(a_detector_that_starts_faulty_votes),
        cmocka_unit_test(a_silent_detector_in_alarm_keeps_its_vote),
        cmocka_unit_test(no_reset_while_a_milder_stage_holds),
        cmocka_unit_test(no_reset_by_a_blind_detector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
