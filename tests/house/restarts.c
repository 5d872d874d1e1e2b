/* A day with every transition of an alarm and of an interlock, each at its own time; and the same day again and again, with
 * the process killed in the slot of each of them: before its commit, after its commit and before anybody was told of it, and
 * a little later. What is told of each alarm is the same as without: what, from where to where, which occurrence, and when. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "tests/house/curtain.h"
#include "tests/house/ledger.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

#define HIGH         52.1
#define SLOT_US      (6 * SECOND)
#define AWAY_US      (SECOND / 5)
#define SLACK_MS     3500 /* the slot's kill, a start, first polls, a reading that waits to be confirmed */
#define STEP_MS      2000 /* of an off-delay: it goes on where the journal heard of it last (core/alarm_stored.c) … */
#define SLOW_STEP_MS 5000 /* … of the long one */
#define QUIET_MS     60000 /* who chatters is watched for a minute anew */
#define TELLING_MAX  320

static const char text[] =
    "{ 'gateway': { 'id': 'again-1', 'name': 'doll', 'language': 'en' },"
    "  'buses': [ { 'id': 'rs485-1', 'link': 'rtu', 'port': '/nowhere/rs485-1', 'baud': 9600, 'format': '8N1', "
    "'timeout': '300ms' },"
    "             { 'id': 'relays', 'link': 'tcp', 'host': '127.0.0.1', 'port': 15020, 'timeout': '300ms' } ],"
    "  'devices': ["
    "    { 'id': 'gas-kitchen', 'bus': 'rs485-1', 'unit': 1, 'profile': 'honeywell-xcd', 'every': '500ms' },"
    "    { 'id': 'board', 'bus': 'relays', 'unit': 9, 'profile': 'relay-8ch', 'every': '500ms', 'write': ['relay_1'] },"
    "    { 'id': 'bank', 'bus': 'rs485-1', 'unit': 6, 'class': 'generic', 'every': '500ms', 'points': {"
    "        'level': { 'function': 'holding', 'address': 0, 'type': 's16', 'scale': 0.1 },"
    "        'keep': { 'function': 'holding', 'address': 1, 'type': 'bits', 'bit': 0 },"
    "        'shelf': { 'function': 'holding', 'address': 1, 'type': 'bits', 'bit': 1 },"
    "        'service': { 'function': 'holding', 'address': 1, 'type': 'bits', 'bit': 2 },"
    "        'chat': { 'function': 'holding', 'address': 1, 'type': 'bits', 'bit': 3 },"
    "        'quieting': { 'function': 'holding', 'address': 1, 'type': 'bits', 'bit': 4 },"
    "        'quiet': { 'function': 'holding', 'address': 1, 'type': 'bits', 'bit': 5 },"
    "        'slow': { 'function': 'holding', 'address': 1, 'type': 'bits', 'bit': 6 } },"
    "      'alarms': {"
    "        'wait': { 'point': 'level', 'kind': 'hi', 'limit': 50, 'on_delay': '20s', 'off_delay': '3s', "
    "'priority': 'high', 'rearm': '1m' },"
    "        'keep': { 'point': 'keep', 'kind': 'bit', 'priority': 'high', 'latch': true },"
    "        'shelf': { 'point': 'shelf', 'kind': 'bit', 'priority': 'high' },"
    "        'service': { 'point': 'service', 'kind': 'bit', 'priority': 'high' },"
    "        'chat': { 'point': 'chat', 'kind': 'bit', 'priority': 'high' },"
    "        'slow': { 'point': 'slow', 'kind': 'bit', 'priority': 'high', 'off_delay': '40s' },"
    "        'quiet': { 'point': 'quiet', 'kind': 'bit', 'priority': 'high', 'suppress': { 'point': 'quieting', "
    "'is': true } } } } ],"
    "  'zones': [ { 'id': 'kitchen', 'detectors': ['gas-kitchen'], 'vote': { 'n': 1, 'of': 1 } } ],"
    "  'interlocks': ["
    "    { 'id': 'trip', 'when': { 'zone': 'kitchen', 'alarm': 'gas.high' }, 'latch': true,"
    "      'do': [ { 'write': 'board.relay_1', 'value': true } ],"
    "      'confirm': { 'point': 'board.input_1', 'equals': true, 'within': '10s' } } ],"
    "  'centres': [ { 'id': 'property', 'url': 'mqtt://127.0.0.1:18883' } ],"
    "  'journal': { 'dir': 'unused' } }";

static const struct plant_row rows[] = {
    {"gas-kitchen", "rs485-1", 1, PLANT_XCD}, {"bank", "rs485-1", 6, PLANT_BANK}, {"board", "relays", 9, PLANT_RELAYS}};
static const struct world_setup setup = {.site_text = text, .rows = rows, .row_count = ARRAY_SIZE(rows), .seed = 1};

enum bit { KEEP = 1, SHELF = 2, SERVICE = 4, CHAT = 8, QUIETING = 16, QUIET = 32, SLOW = 64 };

static struct world world;
static struct ledger ledger;
static unsigned chats; /* how often `chat` was switched on */

/* --- what happens --- */

static uint16_t *bank(void)
{
    return world.plant.slaves[plant_find(&world.plant, "bank")].bank;
}

static void turn_on(unsigned bits)
{
    bank()[1] = (uint16_t)(bank()[1] | bits);
}

static void turn_off(unsigned bits)
{
    bank()[1] = (uint16_t)(bank()[1] & ~bits);
}

static void level(uint16_t tenths)
{
    bank()[0] = tenths;
}

static void gas(double lel_pct)
{
    plant_set_gas(&world.plant, plant_find(&world.plant, "gas-kitchen"), lel_pct);
}

static bool answered(void)
{
    return world.answer.token == world.token;
}

/* Given again by who got no answer because the gateway was away; `for_ms` for a shelf. */
static void order(enum order_verb verb, const char *subject, const char *alarm, bool on, uint32_t for_ms)
{
    int const rule = alarm != NULL ? world_rule(&world, "bank", alarm) : -1;
    struct order given = {.verb = (uint8_t)verb, .subject = -1, .rule = rule, .zone = -1, .on = on, .for_ms = for_ms};
    for (size_t i = 0; subject != NULL && i < world.site.subject_count; i++)
        if (strcmp(world.site.subjects[i].id, subject) == 0)
            given.subject = (int16_t)i;
    for (int tries = 0; tries < 2; tries++) {
        world_send(&world, &given);
        for (int i = 0; i < 15 && world.house != NULL && !answered(); i++)
            world_run(&world, SECOND / 10);
        if (answered())
            return;
        world_run(&world, 2 * SECOND);
        CHECK(world.house != NULL);
        if (verb == ORDER_SHELVE && world_rule_state(&world, subject, alarm) == ALARM_SHELVED)
            return; /* it was done; once more would make it longer */
    }
    fail_msg("no answer to %s", order_verb_text(verb));
}

static void flutter(void)
{
    int64_t const end_us = world.stage.t_us + SECOND * 5 / 2;
    turn_on(CHAT);
    chats++;
    world_run_until(&world, end_us);
    turn_off(CHAT);
}

static void happen(int slot)
{
    switch (slot) {
    case 0:
        level(600); /* raised in the fourth slot from here */
        break;
    case 1:
        turn_on(KEEP | SLOW);
        break;
    case 2:
        order(ORDER_ACK, "bank", "keep", false, 0);
        break;
    case 3:
        turn_off(KEEP | SLOW);
        break;
    case 4:
        gas(HIGH);
        break;
    case 5:
        order(ORDER_SHELVE, "bank", "shelf", false, 60000);
        break;
    case 6:
        turn_on(SHELF);
        break;
    case 7:
        order(ORDER_SERVICE, "bank", "service", false, 0);
        break;
    case 8:
        turn_on(SERVICE | QUIETING);
        break;
    case 9:
        turn_on(QUIET);
        break;
    case 10:
        order(ORDER_ACK, "bank", "wait", false, 0); /* and is raised anew a minute later */
        break;
    case 11:
    case 12:
    case 13:
    case 14:
        flutter();
        break;
    case 15:
        gas(0);
        break;
    case 16:
        turn_off(QUIETING);
        break;
    case 17:
        order(ORDER_SERVICE, "bank", "service", true, 0);
        break;
    case 18:
        order(ORDER_RESET, "bank", "keep", false, 0);
        break;
    case 19:
        break; /* "wait" is raised anew in here */
    case 20:
        turn_off(SHELF | SERVICE | QUIET);
        break;
    case 21:
        order(ORDER_ACK, NULL, NULL, false, 0);
        break;
    case 22:
        level(0);
        break;
    case 23:
        order(ORDER_RESET, "trip", NULL, false, 0);
        break;
    default:
        order(ORDER_ACK, NULL, NULL, false, 0);
        break;
    }
}

#define SLOTS 25

/* --- a kill --- */

enum when { NEVER, AT_TOUCH, AT_COMMIT };

struct kill {
    int slot;
    enum when when;
    int64_t number;
};

static void arm(const struct kill *kill)
{
    if (kill->when == AT_TOUCH)
        world_kill_house(&world, kill->number, AWAY_US);
    else if (kill->when == AT_COMMIT)
        world_kill_house_at_commit(&world, kill->number, AWAY_US);
}

static void live(const struct kill *kill)
{
    chats = 0;
    world_open(&world, &setup);
    bank()[0] = bank()[1] = 0;
    world_run_until(&world, 2 * SLOT_US);
    for (int slot = 0; slot < SLOTS; slot++) {
        if (kill->slot == slot)
            arm(kill);
        happen(slot);
        world_run_until(&world, (slot + 3) * SLOT_US);
        if (kill->slot == slot)
            world.stage.crash_in = world.stage.sync_crash_in = 0; /* there were not so many in it */
    }
    world_run(&world, 80 * SECOND);
    curtain_gather(&world, &ledger, 0);
}

/* --- what was told --- */

struct told {
    char words[TELLING_MAX];
    int64_t at_ms;
};

#define TOLD_MAX 128
struct telling {
    struct told list[TOLD_MAX];
    size_t count;
};

/* gas.roc looks at the readings of a window, and those before a start are gone (core/rate.h). When `chat` is counted depends on
 * the minute, that it chatters from its third time on does not. */
static bool is_compared(const struct record *record)
{
    return record->raw != NULL && record->kind == RECORD_ALARM && strcmp(record->event, "chattering") != 0 &&
           strcmp(record->alarm, "gas.roc") != 0;
}

/* Of each alarm by itself, in its order: what happened to two at one moment may change places. */
static void write_down(struct telling *ret_telling)
{
    ret_telling->count = 0;
    for (size_t i = 0; i < ledger.chain_count; i++)
        for (uint64_t seq = 1; seq <= ledger.lanes[LANE_A].last; seq++) {
            const struct record *record = &ledger.lanes[LANE_A].list[seq];
            if (!is_compared(record) || strcmp(record->alarm, ledger.chains[i].alarm) != 0 ||
                strcmp(record->dev, ledger.chains[i].dev) != 0)
                continue;
            CHECK(ret_telling->count < TOLD_MAX);
            struct told *told = &ret_telling->list[ret_telling->count++];
            told->at_ms = record->at_us / 1000;
            (void)snprintf(told->words, sizeof told->words, "%s %s %llu %s %s>%s", record->dev, record->alarm,
                           (unsigned long long)record->occurrence, record->event, record->from, record->state);
        }
}

/* Nothing is missing, and it is over. */
static void check_chat(void)
{
    const struct chain *chain = ledger_chain(&ledger, "bank", "chat");
    if (chain->raises + chain->counted != chats)
        stage_blame(&world.stage, INV_CHAIN, world.stage.t_us, "chat: %llu raised, %llu counted, of %u",
                    (unsigned long long)chain->raises, (unsigned long long)chain->counted, chats);
    if (strcmp(chain->state, "NORM") != 0 && strcmp(chain->state, "RTN_UNACK") != 0)
        stage_blame(&world.stage, INV_CHAIN, world.stage.t_us, "chat: %s", chain->state);
}

static void check_trip(void)
{
    bool const shut = world.plant.slaves[plant_find(&world.plant, "board")].coils[0];
    size_t const tripped = ledger_count(&ledger, "", NULL, "interlock_tripped");
    size_t const released = ledger_count(&ledger, "", NULL, "interlock_released");
    if (shut || tripped != 1 || released != 1)
        stage_blame(&world.stage, INV_INTERLOCK, world.stage.t_us, "tripped %zu times, released %zu times, valve %s",
                    tripped, released, shut ? "shut" : "open");
}

static int64_t late_ms(const char *words)
{
    if (strstr(words, " cleared ") == NULL)
        return SLACK_MS;
    if (strstr(words, " chat 3 ") != NULL)
        return QUIET_MS + SLACK_MS;
    return SLACK_MS + (strstr(words, " slow ") != NULL ? SLOW_STEP_MS : STEP_MS);
}

static bool is_same(const struct told *usual, const struct told *other)
{
    return strcmp(usual->words, other->words) == 0 && other->at_ms >= usual->at_ms - SLACK_MS &&
           other->at_ms <= usual->at_ms + late_ms(usual->words);
}

static void compare(const struct telling *usual, const struct telling *other, const struct kill *kill)
{
    static const char *const names[] = {"never", "touch", "commit"};
    for (size_t i = 0; i < usual->count || i < other->count; i++) {
        const struct told *a = i < usual->count ? &usual->list[i] : NULL;
        const struct told *b = i < other->count ? &other->list[i] : NULL;
        if (a != NULL && b != NULL && is_same(a, b))
            continue;
        fail_msg("killed in slot %d at %s %lld: \"%s\" at %.3f s; without: \"%s\" at %.3f s", kill->slot,
                 names[kill->when], (long long)kill->number, b != NULL ? b->words : "nothing",
                 b != NULL ? (double)b->at_ms / 1000 : 0.0, a != NULL ? a->words : "nothing",
                 a != NULL ? (double)a->at_ms / 1000 : 0.0);
    }
}

static void end(void)
{
    check_chat();
    check_trip();
    curtain_fall(&world, &ledger);
}

static bool has(const struct telling *telling, const char *words)
{
    for (size_t i = 0; i < telling->count; i++)
        if (strcmp(telling->list[i].words, words) == 0)
            return true;
    return false;
}

static void check_usual(const struct telling *usual)
{
    static const char *const all[] = {
        "bank wait 1 raised NORM>UNACK",
        "bank wait 1 acked UNACK>ACKED",
        "bank wait 1 rearmed ACKED>UNACK",
        "bank wait 1 cleared ACKED>NORM",
        "bank keep 1 raised NORM>UNACK",
        "bank keep 1 acked UNACK>ACKED",
        "bank keep 1 cleared ACKED>LATCH_ACKED",
        "bank keep 1 reset LATCH_ACKED>NORM",
        "bank shelf 0 shelved NORM>SHELVED",
        "bank shelf 1 unshelved SHELVED>UNACK",
        "bank shelf 1 cleared UNACK>RTN_UNACK",
        "bank shelf 1 acked RTN_UNACK>NORM",
        "bank service 0 disabled NORM>OOS",
        "bank service 1 enabled OOS>UNACK",
        "bank slow 1 cleared UNACK>RTN_UNACK",
        "bank chat 3 raised RTN_UNACK>UNACK",
        "bank chat 3 cleared ACKED>NORM",
        "bank quiet 0 suppressed NORM>SUPPRESSED",
        "bank quiet 1 unsuppressed SUPPRESSED>UNACK",
        "gas-kitchen gas.high 1 raised NORM>UNACK",
    };
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (!has(usual, all[i]))
            fail_msg("the day has no \"%s\"", all[i]);
}

void killed_after_every_commit_of_a_day(void **state)
{
    (void)state;
    static struct telling usual;
    static struct telling other;
    const char *scale = getenv("SCALE");
    int64_t const most = scale != NULL && strtol(scale, NULL, 10) > 1 ? 12 : 3;
    size_t kills = 0;
    live(&(struct kill){.slot = -1});
    write_down(&usual);
    if (getenv("HOUSE_FROM") != NULL)
        for (size_t i = 0; i < usual.count; i++)
            print_message("%8.3f %s\n", (double)usual.list[i].at_ms / 1000, usual.list[i].words);
    check_usual(&usual);
    end();
    for (int slot = 0; slot < SLOTS; slot += EFFORT_STRIDE)
        for (enum when when = AT_TOUCH; when <= AT_COMMIT; when++)
            for (int64_t number = 1; number <= most; number++) {
                struct kill const kill = {.slot = slot, .when = when, .number = number};
                live(&kill);
                kills += world.life > 0;
                write_down(&other);
                compare(&usual, &other, &kill);
                end();
            }
    print_message("killed %zu times in %d slots\n", kills, SLOTS / EFFORT_STRIDE);
    assert_true(kills > (size_t)SLOTS * 4 / EFFORT_STRIDE);
}
