/* What the judge is told of a centre: lost, refusing, or neither; and what status shows of it meanwhile. */
#include "tests/support/test.h"

#include "gateway/core/tri.h"
#include "tests/support/wire_world.h"

struct told {
    int words;  /* that came since */
    int lost;   /* … that it is */
    int well;   /* … that it is not */
    int refuse; /* … that it refuses */
    struct centre_state last;
};

static struct told hear(struct world *world)
{
    static struct inbox item;
    struct told told = {.last = {.lost = TRI_UNKNOWN, .refused = TRI_UNKNOWN}};
    size_t size;
    while (ring_pop(&world->rig.inbox, &item, sizeof item, &size) == ERR_OK) {
        if (item.kind != INBOX_CENTRE)
            continue;
        told.words++;
        told.last = item.is.centre;
        told.lost += told.last.lost == TRI_YES;
        told.well += told.last.lost == TRI_NO && told.last.refused == TRI_NO;
        told.refuse += told.last.refused == TRI_YES;
    }
    return told;
}

static void expect(struct told told, enum tri lost, enum tri refused, uint8_t reason)
{
    assert_true(told.words > 0);
    assert_int_equal(told.last.centre, 0);
    assert_int_equal(told.last.lost, lost);
    assert_int_equal(told.last.refused, refused);
    assert_int_equal(told.last.reason, reason);
}

static void a_centre_that_works_is_said_to_once(void **state)
{
    struct world *world = *state;
    run(world, 5 * SEC);
    struct told const told = hear(world);
    expect(told, TRI_NO, TRI_NO, 0);
    assert_int_equal(told.lost + told.refuse, 0);
    run(world, 600 * SEC);
    push_telemetry(world, 3);
    run(world, 5 * SEC);
    assert_int_equal(hear(world).words, 0);
}

static void a_centre_that_is_away_is_lost_until_it_answers(void **state)
{
    struct world *world = *state;
    world->broker.reachable = false;
    run(world, 600 * SEC);
    struct told told = hear(world);
    expect(told, TRI_YES, TRI_UNKNOWN, 0); /* whether it would refuse nobody knows */
    assert_int_equal(told.words, 1);
    world->broker.reachable = true;
    run(world, 130 * SEC);
    told = hear(world);
    expect(told, TRI_NO, TRI_NO, 0);
    assert_int_equal(told.words, 1);
    assert_false(shown(world).refused);
}

/* It lets us in each time, for 30 s: that is no connection, and nobody is shown one. */
static void a_centre_that_acknowledges_nothing_is_lost(void **state)
{
    struct world *world = *state;
    world->broker.answers = false;
    run(world, 32 * SEC);
    expect(hear(world), TRI_YES, TRI_UNKNOWN, 0);
    for (int i = 0; i < 6000; i++) {
        run(world, 100 * MS);
        assert_false(shown(world).connected);
        assert_non_null(strstr(shown(world).trouble, "acknowledges nothing"));
    }
    assert_in_range(world->broker.connects, 8, 20);
    assert_int_equal(hear(world).words, 0);
    world->broker.answers = true;
    run(world, 60 * SEC + 31 * SEC);
    assert_true(shown(world).connected);
    run(world, 61 * SEC); /* after so many that broke, it has to last */
    expect(hear(world), TRI_NO, TRI_NO, 0);
    assert_string_equal(shown(world).trouble, "");
}

static uint8_t refuse_records(const char *topic, const void *payload, size_t size)
{
    (void)payload;
    (void)size;
    return broker_topic_is(topic, "event") || broker_topic_is(topic, "telemetry/") ? 0x87 : 0;
}

static void a_forbidden_record_is_a_refusal_until_one_is_taken(void **state)
{
    struct world *world = *state;
    world->broker.refuse = refuse_records;
    run(world, 5 * SEC);
    expect(hear(world), TRI_NO, TRI_YES, 0x87);
    assert_true(shown(world).refused);
    run(world, 600 * SEC); /* it lets us in and takes the greeting, each minute */
    struct told const told = hear(world);
    assert_int_equal(told.lost + told.well, 0);
    world->broker.refuse = NULL;
    run(world, 130 * SEC);
    expect(hear(world), TRI_NO, TRI_NO, 0);
    assert_false(shown(world).refused);
    assert_true(shown(world).connected);
}

static void a_refused_login_is_a_refusal_and_no_loss(void **state)
{
    struct world *world = *state;
    world->broker.reachable = false;
    world->broker.connect_reason = 0x86;
    run(world, 600 * SEC);
    struct told told = hear(world);
    expect(told, TRI_NO, TRI_YES, 0x86);
    assert_int_equal(told.lost, 0);
    world->broker.connect_reason = 0; /* now it is away as well: that it would let us in nobody knows */
    run(world, 130 * SEC);
    told = hear(world);
    expect(told, TRI_YES, TRI_YES, 0x86);
    world->broker.reachable = true;
    run(world, 130 * SEC);
    expect(hear(world), TRI_NO, TRI_NO, 0);
}

/* A broker that is busy is no broker that refuses. */
static void a_busy_broker_is_away(void **state)
{
    struct world *world = *state;
    world->broker.reachable = false;
    world->broker.connect_reason = 0x88;
    run(world, 60 * SEC);
    expect(hear(world), TRI_YES, TRI_UNKNOWN, 0);
}

static const char *poison;

static uint8_t refuse_poison(const char *topic, const void *payload, size_t size)
{
    (void)topic;
    return memmem(payload, size, poison, strlen(poison)) != NULL ? 0x99 : 0;
}

/* Even when the next record is taken in the same breath. */
static void a_record_that_was_given_up_is_told(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    expect(hear(world), TRI_NO, TRI_NO, 0);
    poison = "\"lane\":\"t\",\"seq\":2,";
    world->broker.refuse = refuse_poison;
    world->broker.delay_us = 100 * MS;
    push_telemetry(world, 5);
    run(world, 60 * MS);             /* refused twice … */
    rig_pass(&world->rig, 200 * MS); /* … and all other answers at once */
    run(world, 10 * SEC);
    assert_int_equal(shown(world).lw_t, 5);
    struct told const told = hear(world);
    assert_int_equal(told.refuse, 1);
    expect(told, TRI_NO, TRI_NO, 0);
}

static int quota_left; /* messages that are refused; below 0: all */

static uint8_t refuse_quota(const char *topic, const void *payload, size_t size)
{
    (void)payload;
    (void)size;
    if (!broker_topic_is(topic, "telemetry/") || quota_left == 0)
        return 0;
    quota_left -= quota_left > 0;
    return 0x97;
}

static void a_quota_is_a_refusal_when_it_lasts(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    (void)hear(world);
    quota_left = 10;
    world->broker.refuse = refuse_quota;
    push_telemetry(world, 10);
    run(world, 50 * SEC);
    assert_int_equal(shown(world).lw_t, 10);
    assert_int_equal(hear(world).words, 0);
    quota_left = -1;
    push_telemetry(world, 10);
    run(world, 50 * SEC);
    assert_int_equal(hear(world).words, 0);
    run(world, 20 * SEC);
    expect(hear(world), TRI_NO, TRI_YES, 0x97);
    quota_left = 0;
    run(world, 10 * SEC);
    expect(hear(world), TRI_NO, TRI_NO, 0);
}

static void break_off(struct world *world, uint8_t reason)
{
    while (!shown(world).connected)
        run(world, 100 * MS);
    broker_post(&world->broker, UPLINK_LOST, 0, reason, 1000);
    run(world, 100 * MS);
}

/* Once may be a mistake; twice is another box. It stands until that one had time enough to come back. */
static void another_box_with_our_id_is_a_refusal(void **state)
{
    struct world *world = *state;
    break_off(world, 0x8E);
    assert_int_equal(hear(world).refuse, 0);
    break_off(world, 0x8E);
    expect(hear(world), TRI_NO, TRI_YES, 0x8E);
    run(world, 600 * SEC);
    assert_true(shown(world).connected);
    struct told told = hear(world);
    assert_int_equal(told.well, 0);
    run(world, 400 * SEC);
    push_telemetry(world, 1);
    run(world, 5 * SEC);
    expect(hear(world), TRI_NO, TRI_NO, 0);
}

static void a_connection_that_never_lasts_is_none(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 5; i++)
        break_off(world, 0);
    expect(hear(world), TRI_YES, TRI_NO, 0);
    while (!shown(world).connected)
        run(world, 100 * MS);
    run(world, 50 * SEC);
    assert_int_equal(hear(world).words, 0);
    run(world, 20 * SEC);
    expect(hear(world), TRI_NO, TRI_NO, 0);
}

static void a_disconnect_for_what_was_sent_is_a_refusal(void **state)
{
    struct world *world = *state;
    break_off(world, 0x87);
    expect(hear(world), TRI_NO, TRI_YES, 0x87);
    run(world, 130 * SEC);
    expect(hear(world), TRI_NO, TRI_NO, 0);
    broker_post(&world->broker, UPLINK_LOST, 0, 0x8B, 1000); /* it shuts down */
    run(world, 10 * MS);
    expect(hear(world), TRI_YES, TRI_NO, 0);
}

/* What finds no room on its way is not forgotten, and what is new takes the place of what is old. */
static void a_full_ring_delays_the_word(void **state)
{
    struct world *world = *state;
    struct inbox const filler = {.kind = INBOX_RESTORED};
    run(world, 1 * SEC);
    (void)hear(world);
    while (ring_push(&world->rig.inbox, &filler, inbox_size(&filler)) == ERR_OK) {
    }
    world->broker.reachable = false;
    broker_post(&world->broker, UPLINK_LOST, 0, 0, 1000);
    run(world, 20 * SEC);
    assert_int_equal(hear(world).words, 0);
    run(world, 5 * SEC);
    expect(hear(world), TRI_YES, TRI_NO, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_centre_that_works_is_said_to_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_centre_that_is_away_is_lost_until_it_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_centre_that_acknowledges_nothing_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(a_forbidden_record_is_a_refusal_until_one_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_login_is_a_refusal_and_no_loss, setup, teardown),
        cmocka_unit_test_setup_teardown(a_busy_broker_is_away, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_was_given_up_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_quota_is_a_refusal_when_it_lasts, setup, teardown),
        cmocka_unit_test_setup_teardown(another_box_with_our_id_is_a_refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connection_that_never_lasts_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(a_disconnect_for_what_was_sent_is_a_refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_ring_delays_the_word, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
