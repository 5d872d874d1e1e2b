/* A relay board with a watchdog, fed by the gateway: it closes the valve when nobody feeds it, and only a person opens it. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"

static struct world world;
static struct ledger ledger;
static int board;

/* The street, its relay board exchanged for one with a watchdog. */
static void begin(void)
{
    static const char plain[] = "'profile': 'relay-8ch', 'every': '500ms',";
    static const char fed[] =
        "'profile': 'relay-8ch-watchdog', 'every': '500ms', 'heartbeat': { 'write': 'watchdog', 'every': '2s' },";
    static char text[8192];
    struct world_setup setup = street_site.setup;
    const char *at = strstr(setup.site_text, plain);
    assert_non_null(at);
    size_t const before = (size_t)(at - setup.site_text);
    assert_true(strlen(setup.site_text) + sizeof fed < sizeof text);
    memcpy(text, setup.site_text, before);
    (void)snprintf(text + before, sizeof text - before, "%s%s", fed, at + strlen(plain));
    setup.site_text = text;
    world_open(&world, &setup);
    board = plant_find(&world.plant, "valve-kitchen");
    world_run_until(&world, 5 * MINUTE); /* many times as long as the board waits */
    assert_false(plant_was(&world.plant, board, TRUTH_COIL_1, 1, 0, world.stage.t_us));
}

static void end(void)
{
    curtain_fall(&world, &ledger);
}

static void look(void)
{
    curtain_gather(&world, &ledger, 0);
}

static bool is_tripped(size_t interlock)
{
    struct board_interlock shown;
    board_get_interlock(house_board(world.house), interlock, &shown);
    return shown.tripped != 0;
}

/* The valve is closed, told as a trip, and stays so until somebody resets it and opens it by hand. */
static void assert_closed_for_good(void)
{
    int64_t const from_us = world.stage.t_us;
    world_run(&world, MINUTE);
    assert_true(is_tripped(0));
    assert_false(is_tripped(1)); /* the siren: it latches nothing, and there is no gas */
    assert_false(world.plant.slaves[board].coils[1]);
    assert_true(world.plant.valve_closed && world.plant.slaves[board].coils[0]);
    assert_false(plant_was(&world.plant, board, TRUTH_COIL_1, 0, from_us, world.stage.t_us));
    assert_true(world_order(&world, ORDER_RESET, "kitchen-gas-trip", NULL).ok);
    world_run(&world, 10 * SECOND);
    assert_false(world.plant.slaves[board].coils[0]);
    assert_true(world.plant.valve_closed);
    plant_open_valve_by_hand(&world.plant);
    world_run(&world, 30 * SECOND);
    assert_false(is_tripped(0) || world.plant.valve_closed);
}

static void assert_told_once(void)
{
    size_t found = 0;
    const struct record *record;
    look();
    for (size_t n = 0; (record = ledger_find(&ledger, "", NULL, "interlock_tripped", n)) != NULL; n++)
        found += strstr(record->raw, "kitchen-gas-trip") != NULL && strstr(record->raw, "\"found\":true") != NULL;
    assert_int_equal(found, 1);
    assert_int_equal(ledger_count(&ledger, "gas-kitchen", "gas.high", "raised"), 0);
}

void a_dead_gateway_closes_the_valve_and_none_opens_it(void **state)
{
    (void)state;
    for (int64_t touch = 1; touch <= 12; touch++) {
        begin();
        world_kill_house(&world, touch, 15 * SECOND);
        world_run(&world, 14 * SECOND);
        assert_true(world.plant.valve_closed); /* nobody is in */
        world_run(&world, 6 * SECOND);
        assert_int_equal(world.life, 1);
        assert_closed_for_good();
        assert_told_once();
        end();
    }
    begin(); /* shorter than the board waits: nothing happened */
    world_kill_house(&world, 1, 5 * SECOND);
    world_run(&world, MINUTE);
    assert_false(is_tripped(0) || world.plant.valve_closed);
    look();
    assert_int_equal(ledger_count(&ledger, "", NULL, "interlock_tripped"), 0);
    end();
}

/* The gateway lives, and the board does not hear it. */
void a_cut_line_is_told_as_a_trip(void **state)
{
    (void)state;
    begin();
    plant_set_fault(&world.plant, board, FAULT_DEAF, 1000);
    world_run(&world, 20 * SECOND);
    assert_true(world.plant.valve_closed);
    assert_false(is_tripped(0)); /* it cannot be seen yet */
    plant_set_fault(&world.plant, board, FAULT_NONE, 0);
    world_run(&world, 20 * SECOND);
    assert_closed_for_good();
    assert_told_once();
    end();
}
