/* Drills that hold the outputs of a zone: one detector is tried with test gas, and everything else ends that at once. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

#define HIGH   52.1
#define LOW    25.0
#define BEYOND 120.0

static struct world world;
static struct ledger ledger;
static int kitchen;
static int store;
static int board;

static void begin(void)
{
    world_open(&world, &street_site.setup);
    kitchen = plant_find(&world.plant, "gas-kitchen");
    store = plant_find(&world.plant, "gas-store");
    board = plant_find(&world.plant, "valve-kitchen");
    world_run_until(&world, 12 * SECOND);
}

/* The oracle knows no drill that holds outputs: what it says of interlocks is not asked. */
static void look(void)
{
    curtain_gather(&world, &ledger, 0);
}

static void end(void)
{
    curtain_fall(&world, &ledger);
}

static struct order hold(int64_t for_us)
{
    struct order order = {.verb = ORDER_DRILL,
                          .subject = -1,
                          .rule = -1,
                          .zone = 0,
                          .on = true,
                          .hold = true,
                          .for_ms = (uint32_t)(for_us / 1000)};
    for (size_t i = 0; i < world.site.zones[0].detector_count; i++)
        device_set_put(&order.devices, (size_t)world.site.zones[0].detectors[i], true);
    return order;
}

static void assert_held(int64_t for_us)
{
    struct order const order = hold(for_us);
    struct answer const answer = world_give(&world, &order);
    assert_string_equal(answer.code, "");
    assert_true(answer.ok);
}

static void assert_refused(const struct order *order, const char *code)
{
    struct answer const answer = world_give(&world, order);
    assert_false(answer.ok);
    assert_string_equal(answer.code, code);
    assert_true(strlen(answer.why) > strlen(code));
}

static struct board_drill shown(void)
{
    struct board_drill drill;
    board_get_drill(house_board(world.house), &drill);
    return drill;
}

static struct board_interlock trip_shown(void)
{
    struct board_interlock trip;
    board_get_interlock(house_board(world.house), 0, &trip);
    return trip;
}

/* Nothing was written since `from_us`: neither valve nor siren. */
static void assert_still(int64_t from_us)
{
    assert_false(world.plant.valve_closed);
    assert_false(plant_was(&world.plant, board, TRUTH_COIL_1, 1, from_us, world.stage.t_us));
    assert_false(plant_was(&world.plant, board, TRUTH_COIL_2, 1, from_us, world.stage.t_us));
}

static const char *text_of(const struct record *record, const char *key, char *ret_text, size_t size)
{
    cJSON *tree = record_parse(record);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, key));
    (void)snprintf(ret_text, size, "%s", text != NULL ? text : "");
    cJSON_Delete(tree);
    return ret_text;
}

static void assert_ended_by(const char *why)
{
    char text[LEDGER_WORD_MAX];
    const struct record *ended = ledger_find(&ledger, "", NULL, "drill_ended", 0);
    assert_non_null(ended);
    assert_string_equal(text_of(ended, "why", text, sizeof text), why);
    assert_non_null(strstr(ended->raw, "\"holds\":true"));
}

/* Test gas at one detector: all is judged, told and marked, and nothing moves; with the gas goes what it tripped. */
void a_detector_is_tried_with_the_outputs_held(void **state)
{
    (void)state;
    char by[LEDGER_WORD_MAX];
    begin();
    int64_t const from_us = world.stage.t_us;
    assert_held(10 * MINUTE);
    assert_true(shown().holds && shown().zone == 0);
    assert_true(trip_shown().held && !trip_shown().tripped);
    plant_set_gas(&world.plant, kitchen, HIGH);
    world_run(&world, 60 * SECOND);
    assert_true(trip_shown().held && trip_shown().tripped && !trip_shown().commanded && !trip_shown().failed);
    assert_still(from_us);
    plant_set_gas(&world.plant, kitchen, 0);
    world_run(&world, 60 * SECOND);
    assert_true(trip_shown().tripped); /* it latches, as it would */
    struct order over = hold(0);
    over.on = over.hold = false;
    over.zone = -1;
    assert_true(world_give(&world, &over).ok);
    world_run(&world, 30 * SECOND);
    assert_false(shown().running || trip_shown().held || trip_shown().tripped);
    assert_still(from_us);
    look();
    assert_int_equal(ledger_count(&ledger, "", NULL, "interlock_held"), 2);
    assert_int_equal(ledger_count(&ledger, "", NULL, "interlock_tripped"), 0);
    assert_int_equal(ledger_count(&ledger, "", NULL, "interlock_commanded"), 0);
    assert_int_equal(ledger_count(&ledger, "", NULL, "interlock_released"), 2);
    assert_non_null(strstr(ledger_find(&ledger, "", NULL, "interlock_held", 0)->raw, "\"test\":true"));
    const struct record *begun = ledger_find(&ledger, "", NULL, "drill_begun", 0);
    assert_non_null(strstr(begun->raw, "\"holds\":true"));
    assert_non_null(strstr(begun->raw, "\"reason\":\"seen\""));
    assert_string_equal(text_of(begun, "by", by, sizeof by), "watchman");
    assert_true(ledger_find(&ledger, "gas-kitchen", "gas.high", "raised", 0)->test); /* told, as critical as it is */
    assert_ended_by("order");
    end();
}

static void with_a_second_detector(void)
{
    plant_set_gas(&world.plant, store, LOW); /* its on-delay of 3 s is not waited for */
    world_run(&world, 5 * SECOND / 2);
    assert_true(world.plant.slaves[board].coils[0]);
}

static void beyond_the_range(void)
{
    plant_set_gas(&world.plant, kitchen, BEYOND);
    world_run(&world, 3 * SECOND / 2);
}

static void with_a_lost_detector(void)
{
    plant_set_fault(&world.plant, store, FAULT_DEAF, 1000);
    world_run(&world, 45 * SECOND);
}

static void out_of_service(void)
{
    struct order const service = {.verb = ORDER_SERVICE,
                                  .subject = world.site.zones[0].detectors[1],
                                  .rule = world_rule(&world, "gas-store", "gas.low"),
                                  .zone = -1};
    assert_true(world_give(&world, &service).ok);
    world_run(&world, SECOND);
}

static void by_time(void)
{
    world_run(&world, 2 * MINUTE);
}

static void by_restart(void)
{
    world_stop_house(&world);
    world_run(&world, SECOND);
    world_start_house(&world);
    world_run(&world, 3 * SECOND);
}

static void by_kill(void)
{
    world_kill_house(&world, 1, SECOND);
    world_run(&world, 4 * SECOND);
}

static void by_reboot(void)
{
    world_stop_house(&world);
    world_run(&world, SECOND);
    world_reboot(&world);
    world_start_house(&world);
    world_run(&world, 3 * SECOND);
}

/* Whatever ends it while the gas is there: the valve closes then, and what is active is real. */
void what_ends_a_hold_lets_it_act(void **state)
{
    (void)state;
    static const struct {
        void (*happens)(void);
        const char *why;
    } ends[] = {
        {with_a_second_detector, "second_detector"},
        {beyond_the_range, "over_range"},
        {with_a_lost_detector, "detector_lost"},
        {out_of_service, "detector_lost"},
        {by_time, "time"},
        {by_restart, "restart"},
        {by_kill, "restart"},
        {by_reboot, "restart"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        begin();
        int64_t const from_us = world.stage.t_us;
        assert_held(2 * MINUTE);
        plant_set_gas(&world.plant, kitchen, HIGH);
        world_run(&world, 20 * SECOND);
        assert_still(from_us);
        assert_true(shown().holds);
        int64_t const happens_us = world.stage.t_us;
        ends[i].happens();
        assert_false(shown().running);
        assert_true(plant_was(&world.plant, board, TRUTH_COIL_1, 1, happens_us, world.stage.t_us));
        world_run(&world, 20 * SECOND);
        assert_true(world.plant.valve_closed);
        look();
        assert_ended_by(ends[i].why);
        assert_string_equal(ledger_chain(&ledger, "gas-kitchen", "gas.high")->state, "UNACK");
        assert_false(ledger_chain(&ledger, "gas-kitchen", "gas.high")->test);
        assert_int_equal(ledger_count(&ledger, "gas-kitchen", "gas.high", "raised"), 2);
        end();
    }
}

void what_forbids_a_hold(void **state)
{
    (void)state;
    begin();
    struct order order = hold(10 * MINUTE + SECOND / 1000);
    assert_refused(&order, "hold_too_long");
    order = hold(10 * MINUTE);
    order.zone = -1; /* more than one zone, or single devices */
    assert_refused(&order, "hold_one_zone");
    order = hold(10 * MINUTE);
    plant_set_gas(&world.plant, store, LOW);
    world_run(&world, 3 * SECOND / 2); /* it waits for its on-delay still */
    assert_refused(&order, "hold_in_alarm");
    world_run(&world, 10 * SECOND);
    plant_set_gas(&world.plant, store, HIGH);
    world_run(&world, 10 * SECOND);
    plant_set_gas(&world.plant, store, 0);
    world_run(&world, MINUTE);
    assert_refused(&order, "hold_tripped"); /* it latches */
    (void)world_order(&world, ORDER_ACK, NULL, NULL);
    (void)world_order(&world, ORDER_RESET, NULL, NULL);
    world_run(&world, 20 * SECOND);
    plant_set_fault(&world.plant, store, FAULT_DEAF, 1000);
    world_run(&world, MINUTE);
    (void)world_order(&world, ORDER_ACK, NULL, NULL);
    assert_true(trip_shown().tripped); /* the fault votes */
    assert_refused(&order, "hold_tripped");
    plant_set_fault(&world.plant, store, FAULT_NONE, 0);
    world_run(&world, MINUTE);
    (void)world_order(&world, ORDER_ACK, NULL, NULL);
    (void)world_order(&world, ORDER_RESET, NULL, NULL);
    plant_open_valve_by_hand(&world.plant);
    world_run(&world, 20 * SECOND);
    assert_held(10 * MINUTE);
    assert_refused(&order, "drill_running");
    look();
    end();
}

/* Killed anywhere around a trip that is held: after the start the valve closes, and the drill has an end. */
void a_held_trip_survives_a_kill_at_any_touch(void **state)
{
    (void)state;
    for (int64_t touch = 1; touch <= 40; touch += EFFORT_STRIDE) {
        begin();
        assert_held(2 * MINUTE);
        world_run(&world, SECOND);
        plant_set_gas(&world.plant, kitchen, HIGH);
        world_kill_house(&world, touch, SECOND);
        world_run(&world, 30 * SECOND);
        assert_int_equal(world.life, 1);
        assert_false(shown().running);
        assert_true(world.plant.valve_closed);
        look();
        assert_ended_by("restart");
        assert_true(ledger_count(&ledger, "", NULL, "drill_ended") <= 2);
        assert_string_equal(ledger_chain(&ledger, "gas-kitchen", "gas.high")->state, "UNACK");
        assert_false(ledger_chain(&ledger, "gas-kitchen", "gas.high")->test);
        end();
    }
}
