/* Dates come nearer while the house runs, is away, or is killed: each stage reaches the centre once, as event and as alarm. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

/* World time 0 is 2026-11-22 09:13:20 in Shanghai. */
#define MIDNIGHT_US ((14 * 60 + 46) * MINUTE + 40 * SECOND)
#define DAY         (24 * HOUR)

static const char archive_text[] =
    "{ 'gateway': { 'id': 'archive-1', 'name': 'doll', 'language': 'en', 'time_zone': 'Asia/Shanghai' },"
    "  'devices': [ { 'id': 'vessel-7', 'class': 'generic', 'identity': { 'dates': { 'inspect_next': '2026-11-30',"
    "    'gauge_next': '2030-01-01', 'safety_valve_next': '2026-01-01' } } } ],"
    "  'centres': [ { 'id': 'property', 'url': 'mqtt://127.0.0.1:18883' } ],"
    "  'journal': { 'dir': 'unused' } }";

static struct world world;
static struct ledger ledger;

static void begin(void)
{
    static const struct world_setup setup = {.site_text = archive_text, .seed = 1};
    world_open(&world, &setup);
    world_run(&world, 10 * SECOND);
}

static size_t events(const char *alarm)
{
    char words[64];
    size_t count = 0;
    (void)snprintf(words, sizeof words, "\"event\":\"due\",\"dev\":\"vessel-7\",\"alarm\":\"%s\"", alarm);
    for (uint64_t seq = 1; seq <= ledger.lanes[LANE_A].last; seq++)
        count +=
            ledger.lanes[LANE_A].list[seq].raw != NULL && strstr(ledger.lanes[LANE_A].list[seq].raw, words) != NULL;
    return count;
}

static void look(void)
{
    curtain_gather(&world, &ledger, 0);
}

static void end(void)
{
    curtain_fall(&world, &ledger);
}

static void assert_once(const char *alarm)
{
    assert_int_equal(events(alarm), 1);
    assert_int_equal(ledger_count(&ledger, "vessel-7", alarm, "raised"), 1);
}

/* Nobody is in until then. */
static void be_away_until(int64_t t_us)
{
    world_stop_house(&world);
    world_run_until(&world, t_us);
    world_start_house(&world);
}

void dates_come_nearer(void **state)
{
    (void)state;
    begin();
    assert_true(world_rule_condition(&world, "vessel-7", "date.inspect_30d"));
    be_away_until(MIDNIGHT_US - MINUTE);
    world_run_until(&world, MIDNIGHT_US - SECOND);
    assert_false(world_rule_condition(&world, "vessel-7", "date.inspect_7d"));
    world_run_until(&world, MIDNIGHT_US + SECOND);
    assert_true(world_rule_condition(&world, "vessel-7", "date.inspect_7d"));
    assert_false(world_rule_condition(&world, "vessel-7", "date.inspect_30d"));
    world_stop_house(&world);
    world_run_until(&world, MIDNIGHT_US + 7 * DAY - MINUTE);
    world_reboot(&world);
    world_start_house(&world);
    world_run(&world, 30 * SECOND);
    assert_true(world_rule_condition(&world, "vessel-7", "date.inspect_7d"));
    world_run(&world, MINUTE);
    assert_true(world_rule_condition(&world, "vessel-7", "date.inspect_due"));
    be_away_until(MIDNIGHT_US + 60 * DAY - MINUTE);
    world_run(&world, 2 * MINUTE);
    look();
    assert_once("date.inspect_30d");
    assert_once("date.inspect_7d");
    assert_once("date.inspect_due");
    assert_once("date.safety_valve_due");
    assert_int_equal(events("date.inspect_60d") + events("date.gauge_60d"), 0);
    assert_int_equal(ledger_count(&ledger, "vessel-7", "date.inspect_7d", "cleared"), 1);
    assert_in_range(ledger_find(&ledger, "vessel-7", "date.inspect_7d", "raised", 0)->at_us, MIDNIGHT_US,
                    MIDNIGHT_US + SECOND);
    assert_in_range(ledger_find(&ledger, "vessel-7", "date.inspect_due", "raised", 0)->at_us, MIDNIGHT_US + 7 * DAY,
                    MIDNIGHT_US + 7 * DAY + SECOND);
    end();
}

void a_date_is_told_once_over_a_kill_at_any_touch(void **state)
{
    (void)state;
    for (int64_t touch = 1; touch <= 40; touch += EFFORT_STRIDE) {
        begin();
        be_away_until(MIDNIGHT_US - 10 * SECOND);
        world_run_until(&world, MIDNIGHT_US - SECOND / 10);
        world_kill_house(&world, touch, SECOND);
        world_run(&world, 30 * SECOND);
        look();
        assert_once("date.inspect_7d");
        assert_once("date.inspect_30d");
        end();
    }
}
