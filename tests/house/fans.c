/* What an interlock leaves behind: a fan that runs on for a while, a valve that only a person opens; over restarts. */
#include "tests/support/test.h"

#include "gateway/base/check.h"
#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"

#define HIGH     52.1
#define RUNS_ON  (30 * SECOND)
#define SLACK_US (3 * SECOND)
#define VALVE    0
#define FAN      1

static const char fans_text[] =
    "{ 'gateway': { 'id': 'fans-1', 'name': 'doll', 'language': 'en' },"
    "  'buses': [ { 'id': 'rs485-1', 'link': 'rtu', 'port': '/nowhere/rs485-1', 'baud': 9600, 'format': '8N1', "
    "'timeout': '300ms' },"
    "             { 'id': 'relays', 'link': 'tcp', 'host': '127.0.0.1', 'port': 15020, 'timeout': '300ms' } ],"
    "  'devices': ["
    "    { 'id': 'gas-kitchen', 'bus': 'rs485-1', 'unit': 1, 'profile': 'honeywell-xcd', 'every': '500ms' },"
    "    { 'id': 'board', 'bus': 'relays', 'unit': 9, 'profile': 'relay-8ch', 'every': '500ms',"
    "      'write': ['relay_1', 'relay_2'] } ],"
    "  'zones': [ { 'id': 'kitchen', 'detectors': ['gas-kitchen'], 'vote': { 'n': 1, 'of': 1 } } ],"
    "  'interlocks': ["
    "    { 'id': 'trip', 'when': { 'zone': 'kitchen', 'alarm': 'gas.high' }, 'latch': true,"
    "      'do': [ { 'write': 'board.relay_1', 'value': true, 'release': 'manual' } ],"
    "      'confirm': { 'point': 'board.input_1', 'equals': true, 'within': '10s' } },"
    "    { 'id': 'fan', 'when': { 'zone': 'kitchen', 'alarm': 'gas.high' },"
    "      'do': [ { 'write': 'board.relay_2', 'value': true, 'off_delay': '30s' } ] } ],"
    "  'centres': [ { 'id': 'property', 'url': 'mqtt://127.0.0.1:18883' } ],"
    "  'journal': { 'dir': 'unused' } }";

static const struct plant_row fans_rows[] = {
    {"gas-kitchen", "rs485-1", 1, PLANT_XCD},
    {"board", "relays", 9, PLANT_RELAYS},
};
static const struct world_setup fans_setup = {
    .site_text = fans_text, .rows = fans_rows, .row_count = ARRAY_SIZE(fans_rows), .seed = 1};

enum coming { NOT_AT_ALL, RESTARTED, KILLED, REBOOTED, COMING_COUNT };

static struct world world;
static struct ledger ledger;

static bool coil(int number)
{
    return world.plant.slaves[plant_find(&world.plant, "board")].coils[number];
}

static void come_back(enum coming coming)
{
    if (coming == NOT_AT_ALL)
        return;
    if (coming == KILLED) {
        world_kill_house(&world, 1, SECOND);
    } else {
        world_stop_house(&world);
        if (coming == REBOOTED)
            world_reboot(&world);
        world.reopens_us = world.stage.t_us + SECOND;
    }
}

/* When that coil was last written so; -1 never. */
static int64_t written_us(int number, bool on)
{
    int64_t t_us = -1;
    for (size_t i = 0; i < world.log.count; i++) {
        const struct wire_event *event = &world.log.list[i];
        if (event->function == LINK_WRITE_COIL && event->address == number && (event->value != 0) == on &&
            event->err == ERR_OK)
            t_us = event->done_us;
    }
    return t_us;
}

static void leak_and_air(void)
{
    world_open(&world, &fans_setup);
    world_run_until(&world, 12 * SECOND);
    plant_set_gas(&world.plant, plant_find(&world.plant, "gas-kitchen"), HIGH);
    world_run(&world, 20 * SECOND);
    assert_true(coil(VALVE) && coil(FAN) && world.plant.valve_closed);
    plant_set_gas(&world.plant, plant_find(&world.plant, "gas-kitchen"), 0);
}

static const struct record *look(const char *event, size_t n)
{
    curtain_gather(&world, &ledger, 0);
    return ledger_find(&ledger, "", NULL, event, n);
}

static void end(void)
{
    curtain_fall(&world, &ledger);
}

/* It blows until the delay after the release has passed, whoever restarts meanwhile, and then stops for good. */
void a_fan_runs_on_after_the_gas(void **state)
{
    (void)state;
    for (enum coming coming = NOT_AT_ALL; coming < COMING_COUNT; coming++) {
        leak_and_air();
        world_run(&world, 20 * SECOND); /* the alarm's off-delay is 10 s: the vote is gone, the fan runs on */
        assert_true(coil(FAN));
        int64_t const came_us = world.stage.t_us;
        come_back(coming);
        world_run(&world, 2 * MINUTE);
        assert_false(coil(FAN));
        int64_t const off_us = written_us(FAN, false);
        const struct record *released = look("interlock_released", 0);
        assert_non_null(released);
        assert_in_range(off_us, released->at_us + RUNS_ON,
                        (coming == NOT_AT_ALL ? released->at_us : came_us + SECOND) + RUNS_ON + SLACK_US);
        assert_int_equal(ledger_count(&ledger, "", NULL, "interlock_released"), 1);
        end();
    }
}

/* Gas again while it runs on: it never stopped. */
void a_fan_that_runs_on_goes_on(void **state)
{
    (void)state;
    leak_and_air();
    world_run(&world, 25 * SECOND);
    assert_true(coil(FAN));
    plant_set_gas(&world.plant, plant_find(&world.plant, "gas-kitchen"), HIGH);
    world_run(&world, 2 * MINUTE);
    assert_true(coil(FAN));
    assert_int_equal(written_us(FAN, false), -1);
    (void)look("interlock_tripped", 0);
    end();
}

/* Reset, restarted, or both: nobody but a person at the valve opens it. */
void a_valve_that_only_a_person_opens(void **state)
{
    (void)state;
    for (enum coming coming = NOT_AT_ALL; coming < COMING_COUNT; coming++)
        for (int late = 0; late < 2; late++) {
            leak_and_air();
            world_run(&world, 20 * SECOND);
            if (late == 0) {
                come_back(coming);
                world_run(&world, 10 * SECOND);
            }
            assert_true(world_order(&world, ORDER_RESET, "trip", NULL).ok);
            world_run(&world, SECOND);
            if (late != 0)
                come_back(coming);
            world_run(&world, 2 * MINUTE);
            assert_true(coil(VALVE));
            assert_int_equal(written_us(VALVE, false), -1);
            assert_false(world_order(&world, ORDER_RESET, "trip", NULL).ok); /* it is released */
            int64_t const before_us = written_us(VALVE, true);
            world.plant.slaves[plant_find(&world.plant, "board")].coils[VALVE] = false; /* at the board … */
            plant_open_valve_by_hand(&world.plant);                                     /* … and at the valve */
            world_run(&world, 30 * SECOND);
            assert_false(world.plant.valve_closed);
            assert_int_equal(written_us(VALVE, true), before_us); /* and nobody shuts it again without gas */
            assert_non_null(look("interlock_released", 0));
            end();
        }
}
