/* A centre that is away for weeks while another one stays: it costs its share of the disk, and nothing else. */
#include "tests/support/test.h"

#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

#define DAY            (24 * HOUR)
#define WEEKS_DAYS     9 /* more than a week: what is older becomes coarser once more */
#define WEEKS_FULL     21
#define JOURNAL_MAX    ((uint64_t)16 * 1024 * 1024) /* of the site below; the least there may be */
#define ALARM_EVERY_US (97 * MINUTE) /* on, and half of that later off: not at the same time of each day */
#define TELEMETRY_US   (2 * SECOND)  /* on the way to a centre that is there, at most */
#define ALARM_US       (SECOND / 2)
#define BACK_US        (5 * SECOND) /* after a return every alarm that waited is there */
#define MEMORY_GROWTH  ((int64_t)1024 * 1024)
#define HERE           0
#define AWAY           1

/* Polled each 250 s: weeks in seconds. The ticks fall on world time 0, so that no record waits for its turn. */
#define EVERY  "'every': '250s'"
#define STAMPS 10
#define POINTS 24 /* 0.6 KB a record */

static const char head_text[] =
    "{ 'gateway': { 'id': 'pumps-1', 'name': 'doll', 'language': 'en' },"
    "  'buses': [ { 'id': 'b1', 'link': 'tcp', 'host': '127.0.0.1', 'port': 15020, 'timeout': '300ms' } ],"
    "  'slaves': [ { 'id': 'inputs-1', 'bus': 'b1', 'unit': 5, 'profile': 'di-8ch', " EVERY " } ],"
    "  'centres': [ { 'id': 'property', 'url': 'mqtt://127.0.0.1:18883' },"
    "               { 'id': 'district', 'url': 'mqtt://127.0.0.1:18884' } ],"
    "  'journal': { 'dir': 'unused', 'max_size': '16MiB' },"
    "  'devices': ["
    "    { 'id': 'yard', 'class': 'generic', 'max_silence': '1h', 'points': { 'a1': 'inputs-1.in_1' },"
    "      'alarms': { 'a.1': { 'point': 'a1', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'high' "
    "} "
    "} }";

static char pump_house_text[32768];

static void write_site(void)
{
    struct text text;
    text_init(&text, pump_house_text, sizeof pump_house_text);
    text_put(&text, head_text);
    for (int stamp = 1; stamp <= STAMPS; stamp++) {
        text_put_format(&text, ", { 'id': 'stamp-%d', 'bus': 'b1', 'unit': %d, 'class': 'generic', " EVERY, stamp,
                        19 + stamp);
        text_put(&text, ", 'max_silence': '1h', 'points': { ");
        for (int point = 0; point < POINTS; point++)
            text_put_format(&text, "%s'r%d': { 'function': 'holding', 'address': %d, 'type': 'u32' }",
                            point > 0 ? "," : "", point, 2 * point);
        text_put(&text, " } }");
    }
    text_put(&text, " ] }");
    CHECK(!text.full);
}

static const struct plant_row pump_house_rows[] = {
    {"inputs-1", "b1", 5, PLANT_INPUTS}, {"stamp-1", "b1", 20, PLANT_STAMPS},  {"stamp-2", "b1", 21, PLANT_STAMPS},
    {"stamp-3", "b1", 22, PLANT_STAMPS}, {"stamp-4", "b1", 23, PLANT_STAMPS},  {"stamp-5", "b1", 24, PLANT_STAMPS},
    {"stamp-6", "b1", 25, PLANT_STAMPS}, {"stamp-7", "b1", 26, PLANT_STAMPS},  {"stamp-8", "b1", 27, PLANT_STAMPS},
    {"stamp-9", "b1", 28, PLANT_STAMPS}, {"stamp-10", "b1", 29, PLANT_STAMPS},
};

static const struct world_setup pump_house = {
    .site_text = pump_house_text, .rows = pump_house_rows, .row_count = ARRAY_SIZE(pump_house_rows), .seed = 1};

static struct world world;
static struct ledger ledger;
static uint64_t switched_on;
static uint64_t largest; /* the journal's files, ever */

static uint64_t size_of(const char *name)
{
    char path[2 * WORLD_DIR_MAX];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s/%s", world.dir, name);
    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* The alarm comes and goes, and the disk is looked at. */
static int64_t live(struct world *played)
{
    bool *input = &played->plant.slaves[plant_find(&played->plant, "inputs-1")].inputs[0];
    *input = !*input;
    switched_on += *input;
    uint64_t const size = size_of("alarms.db") + size_of("telemetry.db");
    largest = size > largest ? size : largest;
    return played->stage.t_us + ALARM_EVERY_US / 2;
}

static void begin(void)
{
    write_site();
    world_open(&world, &pump_house);
    switched_on = largest = 0;
    world.plant.slaves[plant_find(&world.plant, "inputs-1")].inputs[0] = false;
    world_run(&world, 5 * MINUTE);
    world.script = live;
    world.script_us = world.stage.t_us;
}

static void end(void)
{
    size_t const broken = world.stage.broken_count;
    world_close(&world);
    assert_int_equal(broken, 0);
}

static int64_t block(const void *at)
{
    return at != NULL ? (int64_t)malloc_usable_size((void *)(uintptr_t)at) + (int64_t)sizeof(size_t) : 0;
}

/* What is allocated, without what the plant and the brokers keep for us. 0: a sanitizer's memory, which tells nothing. */
static int64_t memory_of_house(void)
{
    struct mallinfo2 const info = mallinfo2();
    int64_t sum = (int64_t)(info.uordblks + info.hblkhd);
    if (sum == 0)
        return 0;
    sum -= block(world.log.list);
    for (size_t i = 0; i < world.site.centre_count; i++) {
        const struct fake_broker *broker = &world.brokers[i];
        sum -= block(broker->list);
        for (size_t n = 0; n < broker->count; n++)
            sum -= block(broker->list[n].topic) + block(broker->list[n].payload);
    }
    return sum;
}

/* The numbers of lane t that the journal still has. */
static size_t list_kept(unsigned char *ret_kept, size_t size)
{
    char path[2 * WORLD_DIR_MAX];
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    size_t count = 0;
    (void)snprintf(path, sizeof path, "%s/telemetry.db", world.dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT seq FROM record", -1, &rows, NULL), SQLITE_OK);
    for (; sqlite3_step(rows) == SQLITE_ROW; count++) {
        sqlite3_int64 const seq = sqlite3_column_int64(rows, 0);
        assert_in_range(seq, 1, size - 1);
        ret_kept[seq] = 1;
    }
    assert_int_equal(sqlite3_finalize(rows), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return count;
}

/* It got everything at once, as if there were no other centre. */
static void look_at_the_one_that_stayed(void)
{
    assert_true(world_settle(&world, HERE, MINUTE));
    ledger_open(&ledger, &world, HERE, true);
    assert_int_equal(world.brokers[HERE].drops, 0);
    assert_int_equal(ledger.duplicates, 0);
    for (enum lane lane = 0; lane < LANE_COUNT; lane++)
        for (uint64_t seq = 1; seq <= ledger.lanes[lane].last; seq++) {
            const struct record *record = &ledger.lanes[lane].list[seq];
            int64_t const most_us = lane == LANE_A ? ALARM_US : TELEMETRY_US;
            if (record->raw == NULL || record->by_history ||
                (record->at_us > MINUTE && record->accepted_us - record->at_us > most_us))
                stage_blame(&world.stage, INV_LATENCY, record->at_us, "lane %d number %llu: after %.3f s%s", (int)lane,
                            (unsigned long long)seq, (double)(record->accepted_us - record->at_us) / 1e6,
                            record->by_history ? ", by history" : "");
        }
    assert_int_equal(ledger_chain(&ledger, "yard", "a.1")->raises, switched_on);
    ledger_close(&ledger);
}

/* Alarms of the time away: all of them, within seconds, and before the first page of history. */
static void look_at_alarms_of(int64_t away_us, int64_t back_us)
{
    int64_t first_history_us = CLOCK_NEVER;
    size_t waited = 0;
    for (uint64_t seq = 1; seq <= ledger.lanes[LANE_T].last; seq++) {
        const struct record *record = &ledger.lanes[LANE_T].list[seq];
        if (record->by_history && record->accepted_us < first_history_us)
            first_history_us = record->accepted_us;
    }
    for (uint64_t seq = 1; seq <= ledger.lanes[LANE_A].last; seq++) {
        const struct record *record = &ledger.lanes[LANE_A].list[seq];
        assert_non_null(record->raw); /* nothing of lane a ever goes */
        if (record->at_us < away_us || record->at_us >= back_us)
            continue;
        waited++;
        assert_in_range(record->accepted_us, back_us, back_us + BACK_US);
        assert_true(record->accepted_us <= first_history_us);
    }
    assert_true(first_history_us != CLOCK_NEVER);
    assert_int_equal(ledger_chain(&ledger, "yard", "a.1")->raises, switched_on);
    print_message("%zu records of alarms and events waited, the last of them came before any history\n", waited);
}

/* What was kept has come, in order; what has not come is declared. */
static void look_at_telemetry_of(const unsigned char *kept, bool is_whole)
{
    int64_t before_us = 0;
    size_t came = 0;
    size_t declared = 0;
    for (uint64_t seq = 1; seq <= ledger.lanes[LANE_T].last; seq++) {
        const struct record *record = &ledger.lanes[LANE_T].list[seq];
        if (record->raw == NULL) {
            assert_false(kept[seq]);
            assert_true(record->declared);
            declared++;
            continue;
        }
        came++;
        if (record->by_history) {
            assert_true(record->accepted_us >= before_us);
            before_us = record->accepted_us;
        }
    }
    assert_int_equal(came + declared, ledger.lanes[LANE_T].last);
    if (is_whole)
        assert_int_equal(declared, 0);
    else
        assert_true(declared > ledger.lanes[LANE_T].last / 4);
    print_message("%zu telemetry records came, %zu are declared\n", came, declared);
}

static void look_at_the_one_that_was_away(int64_t away_us, int64_t back_us, const unsigned char *kept, bool is_whole)
{
    curtain_gather(&world, &ledger, AWAY);
    look_at_alarms_of(away_us, back_us);
    look_at_telemetry_of(kept, is_whole);
    ledger_close(&ledger);
}

static void be_away(int days, bool is_whole)
{
    static unsigned char kept[1 << 20];
    int64_t memory = 0;
    begin();
    int64_t const away_us = world.stage.t_us;
    for (int day = 0; day < days; day++) {
        world.brokers[AWAY].down = day % 3 != 1;
        world.brokers[AWAY].black_hole = day % 3 == 1;
        world_run(&world, DAY);
        if (day == 0)
            memory = memory_of_house();
    }
    memory = memory_of_house() - memory;
    memset(kept, 0, sizeof kept);
    size_t const count = list_kept(kept, sizeof kept);
    world.brokers[AWAY].black_hole = world.brokers[AWAY].down = false;
    while (world.brokers[AWAY].state != DOOR_OPEN)
        world_run(&world, SECOND / 10);
    int64_t const back_us = world.brokers[AWAY].connected_us;
    world_run(&world, 5 * MINUTE);
    look_at_the_one_that_stayed();
    look_at_the_one_that_was_away(away_us, back_us, kept, is_whole);
    print_message("%d days: %zu records kept, at most %.1f MiB, %+lld KiB of memory\n", days, count,
                  (double)largest / 1048576, (long long)memory / 1024);
    assert_true(largest <= JOURNAL_MAX);
    assert_true(memory <= MEMORY_GROWTH);
    end();
}

void a_centre_is_away_for_a_day(void **state)
{
    (void)state;
    be_away(1, true);
}

void a_centre_is_away_for_weeks(void **state)
{
    (void)state;
    unsigned const days = effort(WEEKS_DAYS, WEEKS_FULL);
    if (days < WEEKS_DAYS)
        skip(); /* a sanitizer has seen all of it in the day */
    be_away((int)days, false);
}
