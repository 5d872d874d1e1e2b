/* Alarms of centres: raised and cleared by what their senders find, and by nothing else. */
#include "tests/support/test.h"

#include "gateway/core/tri.h"
#include "tests/support/judge_rig.h"

static void find(struct room *room, enum tri lost, enum tri refused, uint8_t reason)
{
    room->item.kind = INBOX_CENTRE;
    room->item.is.centre = (struct centre_state){
        .centre = CENTRE_PROPERTY, .lost = (uint8_t)lost, .refused = (uint8_t)refused, .reason = reason};
    push(room);
    step(room);
}

static void test_a_lost_centre(void **state)
{
    (void)state;
    struct room *room = running(RING);
    find(room, TRI_YES, TRI_UNKNOWN, 0);
    calm(room, 299 * S);
    assert_string_equal(said(room), "");
    calm(room, 2 * S);
    assert_string_equal(said(room), "property centre.lost raised UNACK; ");
    assert_false(room->last_alarm.has_value);
    find(room, TRI_NO, TRI_NO, 0);
    calm(room, 9 * S);
    find(room, TRI_YES, TRI_NO, 0); /* not for long enough */
    calm(room, 60 * S);
    find(room, TRI_NO, TRI_NO, 0);
    calm(room, 9 * S);
    assert_string_equal(said(room), "");
    calm(room, 2 * S);
    assert_string_equal(said(room), "property centre.lost cleared RTN_UNACK; ");
    room_close(room);
}

static void test_a_short_loss_is_none(void **state)
{
    (void)state;
    struct room *room = running(RING);
    for (int i = 0; i < 4; i++) {
        find(room, TRI_YES, TRI_NO, 0);
        calm(room, 200 * S);
        find(room, TRI_NO, TRI_NO, 0);
        calm(room, 1 * S);
    }
    assert_string_equal(said(room), "");
    room_close(room);
}

/* The value is the reason; a new reason is no new alarm. */
static void test_a_centre_that_refuses(void **state)
{
    (void)state;
    struct room *room = running(RING);
    find(room, TRI_NO, TRI_YES, 0x87);
    assert_string_equal(said(room), "property centre.refused raised UNACK; ");
    assert_true(room->last_alarm.has_value);
    assert_int_equal((int)room->last_alarm.value, 0x87);
    find(room, TRI_NO, TRI_YES, 0x86);
    calm(room, 600 * S);
    assert_string_equal(said(room), "");
    find(room, TRI_NO, TRI_NO, 0);
    calm(room, 50 * S);
    find(room, TRI_NO, TRI_YES, 0x87); /* its next try */
    find(room, TRI_NO, TRI_NO, 0);
    calm(room, 59 * S);
    assert_string_equal(said(room), "");
    calm(room, 2 * S);
    assert_string_equal(said(room), "property centre.refused cleared RTN_UNACK; ");
    assert_false(room->last_alarm.has_value);
    room_close(room);
}

/* Raised with what came last, though both words are read in one step. */
static void test_a_refusal_that_is_over_at_once(void **state)
{
    (void)state;
    struct room *room = running(RING);
    room->item.kind = INBOX_CENTRE;
    room->item.is.centre = (struct centre_state){.lost = TRI_NO, .refused = TRI_YES, .reason = 0x99};
    push(room);
    find(room, TRI_NO, TRI_NO, 0);
    assert_string_equal(said(room), "property centre.refused raised UNACK; ");
    assert_int_equal((int)room->last_alarm.value, 0x99);
    calm(room, 61 * S);
    assert_string_equal(said(room), "property centre.refused cleared RTN_UNACK; ");
    room_close(room);
}

static struct order *order_to(struct room *room, enum order_verb verb)
{
    struct order *own = order(room, verb, "property", NULL);
    own->source = SOURCE_LOCAL;
    return own;
}

static void give(struct room *room)
{
    push(room);
    step(room);
}

static void test_orders(void **state)
{
    (void)state;
    struct room *room = running(RING);
    find(room, TRI_NO, TRI_YES, 0x87);
    (void)said(room);
    (void)order_to(room, ORDER_ACK);
    give(room);
    assert_string_equal(said(room), "property centre.refused acked ACKED; !order; ");
    order_to(room, ORDER_SERVICE)->on = false;
    give(room);
    assert_string_equal(said(room),
                        "property centre.lost disabled OOS; property centre.refused disabled OOS; !order; ");
    find(room, TRI_YES, TRI_NO, 0);
    calm(room, 400 * S);
    assert_string_equal(said(room), "");
    order_to(room, ORDER_SERVICE)->on = true;
    give(room);
    assert_string_equal(said(room),
                        "property centre.lost enabled UNACK; property centre.refused enabled NORM; !order; ");
    room_close(room);
}

/* What stood stands, and neither alarms nor clears until somebody has looked. */
static void test_over_a_restart(void **state)
{
    (void)state;
    struct room *room = running(RING);
    find(room, TRI_YES, TRI_YES, 0x86);
    calm(room, 301 * S);
    assert_string_equal(said(room), "property centre.refused raised UNACK; property centre.lost raised UNACK; ");
    judge_close(room->judge);
    open_judge(room);
    for (size_t i = 0; i < room->stored_count; i++) {
        room->item.kind = INBOX_STORED;
        room->item.is.stored = room->stored[i];
        push(room);
    }
    restored(room);
    calm(room, 600 * S);
    assert_string_equal(said(room), "");
    find(room, TRI_YES, TRI_UNKNOWN, 0);
    calm(room, 600 * S);
    assert_string_equal(said(room), "");
    find(room, TRI_NO, TRI_NO, 0);
    calm(room, 70 * S);
    assert_string_equal(said(room),
                        "property centre.lost cleared RTN_UNACK; property centre.refused cleared RTN_UNACK; ");
    room_close(room);
}

/* What was found while the stored states were still on their way counts from the moment they are there. */
static void test_found_before_the_states(void **state)
{
    (void)state;
    struct room *room = room_open(RING);
    find(room, TRI_NO, TRI_YES, 0x97);
    assert_string_equal(said(room), "");
    restored(room);
    assert_string_equal(said(room), "property centre.refused raised UNACK; ");
    room_close(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lost_centre),
        cmocka_unit_test(test_a_short_loss_is_none),
        cmocka_unit_test(test_a_centre_that_refuses),
        cmocka_unit_test(test_a_refusal_that_is_over_at_once),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_over_a_restart),
        cmocka_unit_test(test_found_before_the_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
