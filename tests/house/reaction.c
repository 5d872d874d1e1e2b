/* From the deciding sample to the write on the wire: at most the transaction that is in flight, then the write's own, whatever
 * else the line, the other slaves or the centre are doing. Counted, not timed. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "tests/house/scenes.h"
#include "tests/house/world.h"
#include "tests/support/effort.h"

#define PHASES     20          /* moments of the poll at which the gas comes */
#define PHASE_US   (53 * 1000) /* 20 of them are two polls of a detector, and meet all that is on the lines */
#define LIMIT_PCT  40.0        /* gas.high, as the class has it */
#define LEAK_PCT   52.0
#define NEVER_SEEN 1000

#define STAMPS                                                                                                         \
    "{ 'r0': { 'function': 'holding', 'address': 0, 'type': 'u32' },"                                                  \
    "  'r40': { 'function': 'holding', 'address': 40, 'type': 'u32' } }"

static struct world world;

/* Two detectors, a relay board and three slaves that keep the lines busy; the board on the detectors' line or on another. */
static const char site_format[] =
    "{ 'gateway': { 'id': 'reaction-1' },"
    "  'buses': [ { 'id': 'rs485-1', 'link': 'rtu', 'port': '/nowhere/rs485-1', 'baud': 9600, 'format': '8N1', "
    "'timeout': '300ms' },"
    "             { 'id': 'rs485-2', 'link': 'rtu', 'port': '/nowhere/rs485-2', 'baud': 9600, 'format': '8N1', "
    "'timeout': '300ms' } ],"
    "  'devices': ["
    "    { 'id': 'gas-kitchen', 'bus': 'rs485-1', 'unit': 1, 'profile': 'honeywell-xcd', 'every': '500ms' },"
    "    { 'id': 'gas-store', 'bus': 'rs485-1', 'unit': 2, 'profile': 'cn-gas6in1', 'every': '500ms' },"
    "    { 'id': 'valve-kitchen', 'bus': '%s', 'unit': 9, 'profile': 'relay-8ch', 'every': '1s', 'write': ['relay_1'] "
    "},"
    "    { 'id': 'stamp-1', 'bus': 'rs485-1', 'unit': 20, 'class': 'generic', 'every': '0s', 'points': " STAMPS " },"
    "    { 'id': 'stamp-2', 'bus': 'rs485-1', 'unit': 21, 'class': 'generic', 'every': '200ms', 'points': " STAMPS " },"
    "    { 'id': 'stamp-3', 'bus': 'rs485-2', 'unit': 22, 'class': 'generic', 'every': '0s', 'points': " STAMPS " } ],"
    "  'zones': [ { 'id': 'kitchen', 'detectors': ['gas-kitchen', 'gas-store'], 'vote': { 'n': 1, 'of': 2 },"
    "               'fault_vote': 'remove' } ],"
    "  'interlocks': ["
    "    { 'id': 'kitchen-gas-trip', 'when': { 'zone': 'kitchen', 'alarm': 'gas.high' }, 'latch': true,"
    "      'do': [ { 'write': 'valve-kitchen.relay_1', 'value': true } ] } ],"
    "  'centres': [ { 'id': 'property', 'url': 'mqtt://127.0.0.1:18883' } ],"
    "  'journal': { 'dir': 'unused' } }";

static const struct plant_row rows[][6] = {
    {{"gas-kitchen", "rs485-1", 1, PLANT_XCD},
     {"gas-store", "rs485-1", 2, PLANT_GAS6IN1},
     {"valve-kitchen", "rs485-1", 9, PLANT_RELAYS},
     {"stamp-1", "rs485-1", 20, PLANT_STAMPS},
     {"stamp-2", "rs485-1", 21, PLANT_STAMPS},
     {"stamp-3", "rs485-2", 22, PLANT_STAMPS}},
    {{"gas-kitchen", "rs485-1", 1, PLANT_XCD},
     {"gas-store", "rs485-1", 2, PLANT_GAS6IN1},
     {"valve-kitchen", "rs485-2", 9, PLANT_RELAYS},
     {"stamp-1", "rs485-1", 20, PLANT_STAMPS},
     {"stamp-2", "rs485-1", 21, PLANT_STAMPS},
     {"stamp-3", "rs485-2", 22, PLANT_STAMPS}},
};

enum trouble { TROUBLE_NONE, TROUBLE_MUTE_BROKER, TROUBLE_NO_BROKER, TROUBLE_DEAF_SLAVES, TROUBLE_COUNT };

static void begin(size_t where, enum trouble trouble)
{
    static char text[sizeof site_format + 64];
    (void)snprintf(text, sizeof text, site_format, rows[where][2].bus);
    world_open(&world, &(struct world_setup){
                           .site_text = text, .rows = rows[where], .row_count = ARRAY_SIZE(rows[where]), .seed = 7});
    plant_set_gas(&world.plant, plant_find(&world.plant, "gas-kitchen"), 1);
    plant_set_gas(&world.plant, plant_find(&world.plant, "gas-store"), 1);
    world.brokers[0].mute = trouble == TROUBLE_MUTE_BROKER;
    world.brokers[0].down = trouble == TROUBLE_NO_BROKER;
    world_run(&world, 10 * SECOND);
    if (trouble == TROUBLE_DEAF_SLAVES) {
        plant_set_fault(&world.plant, plant_find(&world.plant, "stamp-1"), FAULT_DEAF, 1000);
        plant_set_fault(&world.plant, plant_find(&world.plant, "stamp-3"), FAULT_DEAF, 1000);
        world_run(&world, 30 * SECOND); /* known to be dead: a sample that comes into a fresh trouble is read twice */
    }
}

/* When the answer was complete that said so first; -1 none. */
static int64_t decided_us(size_t from)
{
    for (size_t i = from; i < world.log.count; i++)
        if (world.log.list[i].has_gas && world.log.list[i].gas_lel_pct >= LIMIT_PCT)
            return world.log.list[i].done_us;
    return -1;
}

/* Other transactions on the board's line between that moment and the write: the one in flight then counts, too. */
static int others_before_the_write(int64_t decided)
{
    int const board = plant_find(&world.plant, "valve-kitchen");
    int const bus = strcmp(world.plant.slaves[board].row.bus, "rs485-1") == 0 ? 0 : 1;
    int others = 0;
    for (size_t i = 0; i < world.log.count; i++) {
        const struct wire_event *event = &world.log.list[i];
        if (event->bus != bus || event->done_us <= decided)
            continue;
        if (event->slave == board && event->function == LINK_WRITE_COIL)
            return others;
        others++;
    }
    return NEVER_SEEN;
}

static int leak_at(size_t where, enum trouble trouble, int phase)
{
    begin(where, trouble);
    world_run(&world, phase * PHASE_US);
    size_t const from = world.log.count;
    plant_set_gas(&world.plant, plant_find(&world.plant, phase % 2 == 0 ? "gas-kitchen" : "gas-store"), LEAK_PCT);
    world_run(&world, 5 * SECOND);
    int64_t const decided = decided_us(from);
    assert_true(decided >= 0);
    int const others = others_before_the_write(decided);
    world_close(&world);
    return others;
}

void a_write_waits_for_one_transaction_at_most(void **state)
{
    (void)state;
    for (size_t where = 0; where < ARRAY_SIZE(rows); where++)
        for (int trouble = 0; trouble < TROUBLE_COUNT; trouble++) {
            int most = 0;
            for (int phase = 0; phase < PHASES; phase += EFFORT_STRIDE) {
                int const others = leak_at(where, (enum trouble)trouble, phase);
                if (others > 1)
                    fail_msg("board on %s, trouble %d, phase %d: %d transactions before the write", rows[where][2].bus,
                             trouble, phase, others);
                most = others > most ? others : most;
            }
            assert_int_equal(most, 1); /* the lines are busy: else nothing would be shown */
        }
}
