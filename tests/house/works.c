/* What a day in a boiler house brings: a detector that stands still, an alarm behind a gate, one channel of a panel. */
#include "tests/support/test.h"

#include <string.h>

#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"

#define HIGH 52.1

static struct world world;
static struct ledger ledger;

static void begin(void)
{
    world_open(&world, &works_site.setup);
    world_run_until(&world, 12 * SECOND);
}

static int find(const char *id)
{
    return plant_find(&world.plant, id);
}

static void look(void)
{
    curtain_gather(&world, &ledger, 0);
    oracle_check(&world, &ledger, &works_site.expectations);
}

static void end(void)
{
    curtain_fall(&world, &ledger);
}

static bool valve_is_shut(void)
{
    return world.plant.slaves[find("valve-boiler")].coils[0];
}

/* It answers, and always the same: what it says is worth nothing, and its doubt closes the valve. */
void a_frozen_detector_votes(void **state)
{
    (void)state;
    begin();
    int const detector = find("gas-boiler");
    plant_freeze(&world.plant, detector, true); /* its last beat was at 10 s */
    int64_t const beat_us = 10 * SECOND;
    world_run(&world, 10 * SECOND);
    plant_set_gas(&world.plant, detector, HIGH); /* nobody sees it */
    world_run_until(&world, beat_us + MINUTE - SECOND);
    assert_false(world_rule_condition(&world, "gas-boiler", "gas.high"));
    assert_false(world_rule_condition(&world, "gas-boiler", "gas.fault"));
    world_run_until(&world, beat_us + MINUTE + 4 * SECOND);
    assert_false(valve_is_shut());
    world_run_until(&world, beat_us + MINUTE + 8 * SECOND); /* the fault's 5 s, and two polls */
    assert_true(world_rule_condition(&world, "gas-boiler", "gas.fault"));
    assert_true(valve_is_shut());
    world_run_until(&world, beat_us + 100 * SECOND); /* GB 16808: a fault is shown within 100 s */
    assert_true(world_rule_condition(&world, "gas-boiler", "comm.lost"));
    world_run(&world, 2 * MINUTE);
    assert_false(world_rule_condition(&world, "gas-boiler", "gas.high"));
    int64_t const lives_us = world.stage.t_us;
    plant_freeze(&world.plant, detector, false);
    world_run(&world, 5 * SECOND);
    assert_true(world_rule_condition(&world, "gas-boiler", "gas.high"));
    world_run(&world, 30 * SECOND);
    assert_false(world_rule_condition(&world, "gas-boiler", "gas.fault"));
    assert_false(world_rule_condition(&world, "gas-boiler", "comm.lost"));
    look();
    const struct record *fault = ledger_find(&ledger, "gas-boiler", "gas.fault", "raised", 0);
    const struct record *high = ledger_find(&ledger, "gas-boiler", "gas.high", "raised", 0);
    assert_in_range(fault->at_us, beat_us + MINUTE + 5 * SECOND, beat_us + MINUTE + 8 * SECOND);
    assert_in_range(high->at_us, lives_us, lives_us + 3 * SECOND);
    assert_int_equal(ledger_count(&ledger, "gas-boiler", "gas.fault", "raised"), 1);
    assert_int_equal(ledger_count(&ledger, "gas-17", "comm.lost", "raised"), 0);
    bool told = false;
    for (uint64_t seq = 1; seq <= ledger.lanes[LANE_T].last; seq++) {
        const struct record *record = &ledger.lanes[LANE_T].list[seq];
        if (strcmp(record->dev, "gas-boiler") == 0 && record->at_us > beat_us + MINUTE + SECOND &&
            record->at_us < lives_us)
            told = told || strstr(record->raw, "\"gas_lel_pct\":\"frozen\"") != NULL;
    }
    assert_true(told);
    end();
}

static void set_firing(bool firing)
{
    world.plant.slaves[find("inputs-1")].inputs[0] = firing;
}

void an_alarm_behind_a_gate(void **state)
{
    (void)state;
    begin();
    set_firing(false);
    world_run(&world, 2 * SECOND);
    world.plant.slaves[find("gauge-1")].speed_cm_s = 300;
    world_run(&world, MINUTE);
    assert_false(world_rule_condition(&world, "boiler-1", "boiler.pressure"));
    int64_t const on_us = world.stage.t_us;
    set_firing(true);
    world_run(&world, 10 * SECOND);
    assert_true(world_rule_condition(&world, "boiler-1", "boiler.pressure"));
    plant_set_fault(&world.plant, find("inputs-1"), FAULT_DEAF, 1000); /* doubt: it stands open */
    world_run(&world, MINUTE);
    assert_true(world_rule_condition(&world, "boiler-1", "boiler.pressure"));
    plant_set_fault(&world.plant, find("inputs-1"), FAULT_NONE, 0);
    world_run(&world, 20 * SECOND);
    int64_t const off_us = world.stage.t_us;
    set_firing(false);
    world_run(&world, 20 * SECOND);
    assert_false(world_rule_condition(&world, "boiler-1", "boiler.pressure"));
    look();
    const struct record *raised = ledger_find(&ledger, "boiler-1", "boiler.pressure", "raised", 0);
    const struct record *cleared = ledger_find(&ledger, "boiler-1", "boiler.pressure", "cleared", 0);
    assert_in_range(raised->at_us, on_us + 2 * SECOND, on_us + 4 * SECOND);
    assert_in_range(cleared->at_us, off_us + 5 * SECOND, off_us + 8 * SECOND);
    assert_int_equal(ledger_count(&ledger, "boiler-1", "boiler.pressure", "raised"), 1);
    end();
}

/* 63 channels that nobody takes are neither read (but for some registers that make answers differ) nor missed. */
void one_channel_of_a_panel(void **state)
{
    (void)state;
    begin();
    int const panel = find("panel-1");
    world_run(&world, 2 * MINUTE);
    assert_false(world_rule_condition(&world, "gas-17", "comm.lost"));
    int64_t const leak_us = world.stage.t_us;
    plant_set_gas(&world.plant, panel, HIGH);
    world_run(&world, 5 * SECOND);
    assert_true(world_rule_condition(&world, "gas-17", "gas.high"));
    plant_set_fault(&world.plant, panel, FAULT_DEAF, 1000);
    world_run(&world, MINUTE);
    assert_true(world_rule_condition(&world, "gas-17", "comm.lost"));
    plant_set_fault(&world.plant, panel, FAULT_NONE, 0);
    plant_set_gas(&world.plant, panel, 0);
    world_run(&world, MINUTE);
    assert_false(world_rule_condition(&world, "gas-17", "comm.lost"));
    assert_false(world_rule_condition(&world, "gas-17", "gas.high"));
    look();
    const struct record *raised = ledger_find(&ledger, "gas-17", "gas.high", "raised", 0);
    assert_in_range(raised->at_us, leak_us, leak_us + 3 * SECOND);
    assert_int_equal(ledger_count(&ledger, "gas-17", "comm.lost", "raised"), 1);
    for (size_t i = 0; i < world.log.count; i++) {
        const struct wire_event *event = &world.log.list[i];
        if (event->slave == panel && event->err == ERR_OK)
            assert_true(event->count <= 5 && (event->address % 1000 == PANEL_CHANNEL - 1 || event->address == 2000));
    }
    end();
}
