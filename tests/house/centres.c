/* What one centre hears of another: away, let in and not heard, refusing; over restarts and kills. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

#define PROPERTY 0
#define DISTRICT 1
#define DELAY    (5 * MINUTE)
#define NOTICED  (30 * SECOND) /* the longest the gateway takes to see that nothing is acknowledged */
#define RETRY    (2 * MINUTE)  /* the longest it takes to come back, and to believe that it lasts */

static struct world world;
static struct ledger ledger;

static void begin(void)
{
    world_open(&world, &street_site.setup);
    world_run_until(&world, MINUTE);
}

static void look(size_t centre)
{
    curtain_gather(&world, &ledger, centre);
    oracle_check(&world, &ledger, &street_site.expectations);
}

static void end(void)
{
    curtain_fall(&world, &ledger);
}

/* Raised and cleared exactly once, each within its time and at once at the other centre. */
static void expect_once(const char *centre, const char *alarm, int64_t raised_us, int64_t raised_by_us,
                        int64_t cleared_us, int64_t cleared_by_us)
{
    const struct record *raised = ledger_find(&ledger, centre, alarm, "raised", 0);
    const struct record *cleared = ledger_find(&ledger, centre, alarm, "cleared", 0);
    assert_int_equal(ledger_count(&ledger, centre, alarm, "raised"), 1);
    assert_int_equal(ledger_count(&ledger, centre, alarm, "cleared"), 1);
    assert_in_range(raised->at_us, raised_us, raised_by_us);
    assert_in_range(cleared->at_us, cleared_us, cleared_by_us);
    assert_true(raised->accepted_us - raised->at_us < SECOND && cleared->accepted_us - cleared->at_us < SECOND);
    assert_string_equal(raised->priority, "medium");
    assert_string_equal(cleared->state, "RTN_UNACK");
}

static void expect_no(const char *centre, const char *alarm)
{
    assert_int_equal(ledger_count(&ledger, centre, alarm, "raised"), 0);
}

static const char *retained(const char *kind, const char *dev)
{
    char topic[128];
    (void)snprintf(topic, sizeof topic, "outpost/v1/%s/%s/%s", world.site.id, kind, dev);
    const struct accepted *message = fake_broker_retained(&world.brokers[PROPERTY], topic);
    return message != NULL ? message->payload : "";
}

/* Does every health message of that time say that this centre is not well; or none? */
static void expect_health(size_t centre, const char *says, bool always, int64_t from_us, int64_t to_us)
{
    size_t count = 0;
    for (size_t i = 0; i < world.brokers[centre].count; i++) {
        const struct accepted *message = &world.brokers[centre].list[i];
        if (strstr(message->topic, "/health") == NULL || message->t_us < from_us || message->t_us > to_us)
            continue;
        assert_int_equal(strstr(message->payload, says) != NULL, always);
        count++;
    }
    assert_true(count >= 3);
}

void a_centre_that_is_away_is_told_to_the_other(void **state)
{
    (void)state;
    begin();
    assert_non_null(strstr(retained("registry", "district"), "\"cls\":\"centre\""));
    assert_non_null(strstr(retained("active", "district"), "\"alarms\":[]"));
    int64_t const away_us = world.stage.t_us;
    world.brokers[DISTRICT].down = true;
    world_run(&world, 2 * DELAY);
    assert_non_null(strstr(retained("active", "district"), "\"alarm\":\"centre.lost\""));
    assert_true(world_rule_condition(&world, "district", "centre.lost"));
    int64_t const back_us = world.stage.t_us;
    world.brokers[DISTRICT].down = false;
    world_run(&world, RETRY);
    (void)world_order(&world, ORDER_ACK, "district", NULL);
    world_run(&world, 4 * MINUTE);
    expect_health(PROPERTY, "\"centres\":{\"district\":{\"connected\":false,\"refused\":false,\"trouble\":", true,
                  away_us + SECOND, back_us);
    expect_health(PROPERTY, "\"centres\"", false, back_us + RETRY, world.stage.t_us);
    look(PROPERTY);
    expect_once("district", "centre.lost", away_us + DELAY, away_us + DELAY + 5 * SECOND, back_us, back_us + RETRY);
    expect_no("district", "centre.refused");
    expect_no("property", "centre.lost");
    assert_int_equal(ledger_count(&ledger, "district", "centre.lost", "acked"), 1);
    ledger_close(&ledger);
    expect_health(DISTRICT, "\"centres\"", false, 0, world.stage.t_us); /* it knows how it is itself */
    look(DISTRICT);                                                     /* it reads of itself when it is back */
    assert_int_equal(ledger_count(&ledger, "district", "centre.lost", "raised"), 1);
    assert_int_equal(ledger_count(&ledger, "district", "centre.lost", "cleared"), 1);
    end();
}

/* Each of its connections lives for 30 s. */
void a_centre_that_only_listens_is_lost(void **state)
{
    (void)state;
    begin();
    int64_t const mute_us = world.stage.t_us;
    world.brokers[DISTRICT].mute = true;
    world_run(&world, 4 * DELAY);
    int64_t const heard_us = world.stage.t_us;
    world.brokers[DISTRICT].mute = false;
    world_run(&world, 2 * RETRY);
    expect_health(PROPERTY,
                  "\"district\":{\"connected\":false,\"refused\":false,\"trouble\":\"the broker acknowledges nothing\"",
                  true, mute_us + 2 * MINUTE, heard_us);
    look(PROPERTY);
    expect_once("district", "centre.lost", mute_us + DELAY, mute_us + DELAY + MINUTE + NOTICED, heard_us,
                heard_us + 2 * RETRY);
    expect_no("district", "centre.refused");
    end();
}

static double value_of(const char *alarm, size_t n)
{
    const struct record *raised = ledger_find(&ledger, "district", alarm, "raised", n);
    assert_non_null(raised);
    assert_true(raised->has_value);
    return raised->value;
}

/* Its records first, then its door: each is one alarm, with the reason; and no loss, for it does answer. */
void a_centre_that_refuses_is_told_to_the_other(void **state)
{
    (void)state;
    begin();
    int64_t const forbidden_us = world.stage.t_us;
    world.brokers[DISTRICT].rejects = 0x87;
    world_run(&world, 2 * DELAY);
    int64_t const allowed_us = world.stage.t_us;
    world.brokers[DISTRICT].rejects = 0;
    world_run(&world, 2 * RETRY);
    look(PROPERTY);
    expect_once("district", "centre.refused", forbidden_us, forbidden_us + MINUTE + SECOND, allowed_us + MINUTE,
                allowed_us + 2 * RETRY);
    assert_int_equal((int)value_of("centre.refused", 0), 0x87);
    assert_int_equal(ledger_count(&ledger, "", NULL, "centre"), 1);
    ledger_close(&ledger);
    world.brokers[DISTRICT].forbids = 0x86;
    fake_broker_drop(&world.brokers[DISTRICT]);
    world_run(&world, 2 * DELAY);
    world.brokers[DISTRICT].forbids = 0;
    world_run(&world, 2 * RETRY);
    look(PROPERTY);
    assert_int_equal(ledger_count(&ledger, "district", "centre.refused", "raised"), 2);
    assert_int_equal(ledger_count(&ledger, "district", "centre.refused", "cleared"), 2);
    assert_int_equal((int)value_of("centre.refused", 1), 0x86);
    expect_no("district", "centre.lost");
    expect_no("property", "centre.refused");
    end();
}

void a_lost_centre_over_a_restart(void **state)
{
    (void)state;
    begin();
    int64_t const away_us = world.stage.t_us;
    world.brokers[DISTRICT].down = true;
    world_run(&world, DELAY + MINUTE);
    for (int i = 0; i < 3; i++) { /* what stands is neither raised again nor cleared by not being known */
        world_stop_house(&world);
        if (i == 1)
            world_reboot(&world);
        world_start_house(&world);
        world_run(&world, 2 * DELAY);
        assert_true(world_rule_condition(&world, "district", "centre.lost"));
    }
    int64_t const back_us = world.stage.t_us;
    world.brokers[DISTRICT].down = false;
    world_run(&world, RETRY);
    look(PROPERTY);
    expect_once("district", "centre.lost", away_us + DELAY, away_us + DELAY + 5 * SECOND, back_us, back_us + RETRY);
    end();
}

/* Killed at each touch of the outside world around the refusal: told once, and over once. */
void a_refusal_survives_a_kill_at_any_touch(void **state)
{
    (void)state;
    for (int64_t touch = 1; touch <= 60; touch += 3 * EFFORT_STRIDE) {
        begin();
        world.brokers[DISTRICT].rejects = 0x87;
        world_kill_house(&world, touch, SECOND);
        world_run(&world, 2 * DELAY);
        world.brokers[DISTRICT].rejects = 0;
        world_run(&world, 2 * RETRY);
        look(PROPERTY);
        assert_int_equal(ledger_count(&ledger, "district", "centre.refused", "raised"), 1);
        assert_int_equal(ledger_count(&ledger, "district", "centre.refused", "cleared"), 1);
        expect_no("district", "centre.lost");
        end();
    }
}
