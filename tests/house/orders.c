/* What people order: drills, shelves, service; over restarts, reboots and kills. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

#define HIGH 52.1
#define LOW  25.0

static struct world world;
static struct ledger ledger;
static int kitchen;
static int store;

static void begin(const struct stage_set *set)
{
    world_open(&world, &set->setup);
    kitchen = plant_find(&world.plant, "gas-kitchen");
    store = plant_find(&world.plant, "gas-store");
    world_run_until(&world, 12 * SECOND);
}

static void look(const struct stage_set *set, size_t centre)
{
    curtain_gather(&world, &ledger, centre);
    if (set != NULL)
        oracle_check(&world, &ledger, &set->expectations);
}

static void end(void)
{
    curtain_fall(&world, &ledger);
}

static struct order drill(int64_t for_us)
{
    struct order order = {.verb = ORDER_DRILL,
                          .subject = -1,
                          .rule = -1,
                          .zone = -1,
                          .on = for_us > 0,
                          .for_ms = (uint32_t)(for_us / 1000)};
    for (size_t i = 0; i < world.site.device_count; i++)
        if (for_us > 0 && strcmp(world.site.devices[i].id, "gas-kitchen") == 0)
            device_set_put(&order.devices, i, true);
    return order;
}

static void give(const struct order *order)
{
    struct answer const answer = world_give(&world, order);
    assert_true(answer.ok);
}

static bool drill_runs(void)
{
    struct board_drill shown;
    board_get_drill(house_board(world.house), &shown);
    return shown.running != 0;
}

enum coming { COMING_RESTARTED, COMING_KILLED, COMING_REBOOTED, COMING_COUNT };

static void come_back(enum coming coming, int64_t away_us)
{
    if (coming == COMING_KILLED) {
        world_kill_house(&world, 1, away_us);
        world_run(&world, away_us + SECOND);
        return;
    }
    world_stop_house(&world);
    world_run(&world, away_us);
    if (coming == COMING_REBOOTED)
        world_reboot(&world);
    world_start_house(&world);
    world_run(&world, SECOND);
}

/* Records of the kitchen from begin to end carry the mark, and nobody else's. */
static void check_marks(int64_t from_us, int64_t to_us)
{
    size_t marked = 0;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        for (uint64_t seq = 1; seq <= ledger.lanes[lane].last; seq++) {
            const struct record *record = &ledger.lanes[lane].list[seq];
            if (record->raw == NULL || record->kind == RECORD_EVENT)
                continue;
            bool const within = strcmp(record->dev, "gas-kitchen") == 0 && record->at_us >= from_us + SECOND &&
                                record->at_us < to_us - SECOND;
            bool const surely_not = strcmp(record->dev, "gas-kitchen") != 0 || record->at_us < from_us - SECOND ||
                                    record->at_us > to_us + SECOND;
            if ((within && !record->test) || (surely_not && record->test))
                stage_blame(&world.stage, INV_CHAIN, record->at_us, "wrongly marked: %.200s", record->raw);
            marked += record->test;
        }
    assert_true(marked > 0);
}

void a_drill_over_a_restart(void **state)
{
    (void)state;
    for (enum coming coming = COMING_RESTARTED; coming < COMING_COUNT; coming++) {
        begin(&street_site);
        int64_t const from_us = world.stage.t_us;
        struct order const order = drill(2 * MINUTE);
        give(&order);
        plant_set_gas(&world.plant, kitchen, HIGH);
        world_run(&world, 20 * SECOND);
        assert_true(world.plant.valve_closed); /* nothing is disarmed */
        come_back(coming, 3 * SECOND);
        assert_true(drill_runs());
        plant_set_gas(&world.plant, store, HIGH); /* that one is real */
        world_run_until(&world, from_us + 2 * MINUTE - SECOND);
        assert_true(drill_runs());
        world_run(&world, 5 * SECOND);
        assert_false(drill_runs());
        world_run(&world, 10 * SECOND);
        look(&street_site, 0);
        check_marks(from_us, from_us + 2 * MINUTE);
        assert_int_equal(ledger_count(&ledger, "", NULL, "drill_begun"), 1);
        assert_int_equal(ledger_count(&ledger, "", NULL, "drill_ended"), 1);
        assert_int_equal(ledger_count(&ledger, "gas-kitchen", "gas.high", "raised"), 2);
        assert_int_equal(ledger_count(&ledger, "gas-kitchen", "gas.low", "raised"), 2);
        assert_int_equal(ledger_count(&ledger, "gas-store", "gas.high", "raised"), 1);
        assert_false(ledger_find(&ledger, "gas-kitchen", "gas.high", "raised", 1)->test);
        assert_false(ledger_chain(&ledger, "gas-kitchen", "gas.high")->test);
        end();
    }
}

/* A centre with `drills: drop` gets of a drill only what is critical, marked; it lacks nothing else, and active/ is true. */
void a_drill_is_dropped_by_who_wants_none(void **state)
{
    (void)state;
    static char text[8192];
    static const char plain[] = "{ 'id': 'district', ";
    struct stage_set set = street_site;
    const char *at = strstr(street_site.setup.site_text, plain);
    assert_non_null(at);
    size_t const before = (size_t)(at - street_site.setup.site_text) + strlen(plain);
    assert_true(strlen(street_site.setup.site_text) + 32 < sizeof text);
    memcpy(text, street_site.setup.site_text, before);
    (void)snprintf(text + before, sizeof text - before, "'drills': 'drop', %s", at + strlen(plain));
    set.setup.site_text = text;
    begin(&set);
    plant_set_gas(&world.plant, store, LOW); /* real, and over in another's drill */
    world_run(&world, 10 * SECOND);
    struct order const order = drill(10 * MINUTE);
    give(&order);
    plant_set_gas(&world.plant, kitchen, HIGH);
    world_run(&world, 30 * SECOND);
    assert_true(world_settle(&world, 1, 5 * MINUTE));
    size_t tests = 0;
    for (size_t i = 0; i < world.brokers[1].count; i++) {
        const struct accepted *message = &world.brokers[1].list[i];
        bool const is_record = strstr(message->topic, "/alarm/") != NULL ||
                               strstr(message->topic, "/telemetry/") != NULL ||
                               strstr(message->topic, "/history") != NULL;
        bool const is_test = is_record && strstr(message->payload, "\"test\":true") != NULL;
        tests += is_test;
        if (is_test && strstr(message->payload, "\"priority\":\"critical\"") == NULL)
            fail_msg("dropped is what is no test: %s", message->payload);
    }
    assert_int_equal(tests, 1); /* gas.high; gas.low is not critical */
    char topic[128];
    (void)snprintf(topic, sizeof topic, "outpost/v1/%s/active/gas-kitchen", world.site.id);
    const struct accepted *active = fake_broker_retained(&world.brokers[1], topic);
    assert_non_null(active);
    assert_non_null(strstr(active->payload, "\"alarm\":\"gas.high\""));
    assert_non_null(strstr(active->payload, "\"alarm\":\"gas.low\"")); /* true all the same */
    assert_non_null(strstr(active->payload, "\"test\":true"));
    struct order const over = drill(0);
    give(&over);
    world_run(&world, 10 * SECOND);
    assert_true(world_settle(&world, 1, 5 * MINUTE));
    active = fake_broker_retained(&world.brokers[1], topic);
    assert_null(strstr(active->payload, "\"test\":true"));
    look(&set, 0);
    end();
}

/* Killed at any moment around the begin or the end: the drill has a begin and an end, and what is still active is real. */
static void kill_around(bool the_end, int64_t touch)
{
    begin(&street_site);
    int64_t const for_us = 40 * SECOND;
    struct order const order = drill(for_us);
    int64_t const from_us = world.stage.t_us;
    if (the_end) {
        give(&order);
        plant_set_gas(&world.plant, kitchen, HIGH);
        world_run_until(&world, from_us + for_us - SECOND / 10);
        world_kill_house(&world, touch, SECOND);
    } else {
        world_send(&world, &order);
        world_kill_house(&world, touch, SECOND);
        world_run(&world, 5 * SECOND);
        plant_set_gas(&world.plant, kitchen, HIGH);
    }
    world_run_until(&world, from_us + for_us + 20 * SECOND);
    assert_int_equal(world.life, 1);
    assert_false(drill_runs());
    look(&street_site, 0);
    size_t const begun = ledger_count(&ledger, "", NULL, "drill_begun");
    size_t const ended = ledger_count(&ledger, "", NULL, "drill_ended");
    assert_true(ended >= begun && ended <= begun + 1); /* told again at worst, never forgotten */
    assert_string_equal(ledger_chain(&ledger, "gas-kitchen", "gas.high")->state, "UNACK");
    assert_false(ledger_chain(&ledger, "gas-kitchen", "gas.high")->test);
    assert_true(ledger_count(&ledger, "gas-kitchen", "gas.high", "raised") <= 2);
    if (the_end)
        assert_int_equal(ledger_count(&ledger, "gas-kitchen", "gas.high", "raised"), 2);
    end();
}

void a_drill_survives_a_kill_at_any_touch(void **state)
{
    (void)state;
    for (int64_t touch = 1; touch <= 40; touch += EFFORT_STRIDE) {
        kill_around(false, touch);
        kill_around(true, touch);
    }
}

/* It is judged all the time, and when the shelf is over what holds then is new. */
void a_shelf_over_a_restart(void **state)
{
    (void)state;
    for (enum coming coming = COMING_RESTARTED; coming < COMING_COUNT; coming++) {
        begin(&street_site);
        int64_t const from_us = world.stage.t_us;
        int const rule = world_rule(&world, "stamp-1", "comm.lost");
        assert_true(rule >= 0);
        struct order const order = {.verb = ORDER_SHELVE,
                                    .subject = world.site.rules[rule].subject,
                                    .rule = rule,
                                    .zone = -1,
                                    .for_ms = 5 * 60 * 1000};
        give(&order);
        assert_int_equal(world_rule_state(&world, "stamp-1", "comm.lost"), ALARM_SHELVED);
        plant_set_fault(&world.plant, plant_find(&world.plant, "stamp-1"), FAULT_DEAF, 1000);
        world_run(&world, 2 * MINUTE);
        come_back(coming, 3 * SECOND);
        world_run_until(&world, from_us + 5 * MINUTE - 2 * SECOND);
        assert_int_equal(world_rule_state(&world, "stamp-1", "comm.lost"), ALARM_SHELVED);
        assert_true(world_rule_condition(&world, "stamp-1", "comm.lost"));
        world_run(&world, 5 * SECOND);
        assert_int_equal(world_rule_state(&world, "stamp-1", "comm.lost"), ALARM_UNACK);
        world_run(&world, 5 * SECOND);
        look(NULL, 0);
        assert_int_equal(ledger_count(&ledger, "stamp-1", "comm.lost", "shelved"), 1);
        assert_int_equal(ledger_count(&ledger, "stamp-1", "comm.lost", "unshelved"), 1);
        assert_int_equal(ledger_count(&ledger, "stamp-1", "comm.lost", "raised"), 0);
        assert_int_equal(ledger_chain(&ledger, "stamp-1", "comm.lost")->occurrence, 1);
        end();
    }
}
