/* Many alarms at once, and one that cannot decide; and what the site file makes of alarms over restarts. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

#define POLL_US (1500 * 1000) /* whatever was switched has been read by then */

static struct world world;
static struct ledger ledger;
static uint64_t switched_on[16]; /* how often; a1..a8, b1..b8 */

static void turn(int input, bool on)
{
    struct plant_slave *slave = &world.plant.slaves[plant_find(&world.plant, input < 8 ? "inputs-1" : "inputs-2")];
    if (on && !slave->inputs[input % 8])
        switched_on[input]++;
    slave->inputs[input % 8] = on;
}

static void begin(void)
{
    world_open(&world, &yard_site.setup);
    memset(switched_on, 0, sizeof switched_on);
    for (int i = 0; i < 16; i++)
        turn(i, false);
    memset(switched_on, 0, sizeof switched_on);
    world_run_until(&world, 10 * SECOND);
}

static void look(void)
{
    curtain_gather(&world, &ledger, 0);
    oracle_check(&world, &ledger, &yard_site.expectations);
}

static void end(void)
{
    curtain_fall(&world, &ledger);
}

/* What the centre would be told if it asked now. */
static bool active_says(const char *words)
{
    const struct accepted *message = fake_broker_retained(&world.brokers[0], "outpost/v1/yard-1/active/yard");
    return message != NULL && strstr(message->payload, words) != NULL;
}

static size_t count_records(const char *alarm)
{
    size_t count = 0;
    for (uint64_t seq = 1; seq <= ledger.lanes[LANE_A].last; seq++)
        count += strcmp(ledger.lanes[LANE_A].list[seq].alarm, alarm) == 0;
    return count;
}

/* Each activation was told or counted. */
static void assert_none_is_missing(void)
{
    static const char *const names[] = {"a.1", "a.2", "a.3", "a.4", "a.5", "a.6", "a.7", NULL,
                                        "b.1", "b.2", "b.3", "b.4", "b.5", "b.6", "b.7", "b.8"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i] == NULL)
            continue;
        const struct chain *chain = ledger_chain(&ledger, "yard", names[i]);
        if (chain->raises + chain->counted != switched_on[i])
            fail_msg("%s: raised %llu times and counted %llu, but it was switched on %llu times", names[i],
                     (unsigned long long)chain->raises, (unsigned long long)chain->counted,
                     (unsigned long long)switched_on[i]);
    }
}

/* Thirteen that are hushed and two that are not, each on for a moment, the last ones for good. */
static void storm(void)
{
    for (int round = 0; round < 2; round++)
        for (int input = 0; input < 16; input++) {
            if (input == 7)
                continue; /* suppresses another */
            turn(input, true);
            world_run(&world, POLL_US);
            if (round == 0)
                turn(input, false);
            world_run(&world, POLL_US);
        }
}

static double number_in(const struct record *record, const char *key)
{
    cJSON *tree = record_parse(record);
    double const number = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(tree, key));
    cJSON_Delete(tree);
    return number;
}

void a_flood_is_told_in_sums(void **state)
{
    (void)state;
    begin();
    storm();
    assert_true(active_says("\"alarm\":\"b.6\",")); /* at once, without a record of it */
    assert_int_equal(world_rule_state(&world, "yard", "b.6"), ALARM_UNACK);
    (void)world_order(&world, ORDER_ACK, "yard", "b.5"); /* a person wants to know what he has acknowledged */
    turn(13, false);
    world_run(&world, POLL_US);
    assert_true(active_says("\"alarm\":\"b.6\",\"uid\"") && active_says("\"state\":\"RTN_UNACK\""));
    world_run(&world, 12 * MINUTE);
    look();
    const struct record *started = ledger_find(&ledger, "", NULL, "flood_started", 0);
    const struct record *ended = ledger_find(&ledger, "", NULL, "flood_ended", 0);
    assert_non_null(started);
    assert_non_null(ended);
    double hushed = 0;
    for (size_t n = 0; ledger_find(&ledger, "", NULL, "flood_summary", n) != NULL; n++)
        hushed += number_in(ledger_find(&ledger, "", NULL, "flood_summary", n), "raised");
    uint64_t told = 0;
    for (size_t i = 0; i < ledger.chain_count; i++)
        told += ledger.chains[i].raises;
    assert_true(hushed > 10);
    assert_int_equal(told + (uint64_t)hushed, number_in(ended, "raised")); /* all were raised in it */
    assert_int_equal(ledger_count(&ledger, "yard", "b.7", "raised"), 2);
    assert_int_equal(ledger_count(&ledger, "yard", "b.8", "raised"), 2);
    assert_int_equal(ledger_count(&ledger, "yard", "b.5", "raised"), 0);
    const struct record *summed = ledger_find(&ledger, "yard", "b.5", "summarised", 0);
    const struct record *acked = ledger_find(&ledger, "yard", "b.5", "acked", 0);
    assert_true(summed != NULL && acked != NULL && acked->seq > summed->seq && acked->at_us < ended->at_us);
    const struct record *after = ledger_find(&ledger, "yard", "b.6", "summarised", 0);
    assert_true(after != NULL && after->seq > ended->seq && strcmp(after->state, "RTN_UNACK") == 0);
    assert_int_equal(after->count, 2);
    assert_none_is_missing();
    end();
}

void a_flood_ends_with_a_restart(void **state)
{
    (void)state;
    for (int killed = 0; killed < 2; killed++) {
        begin();
        storm();
        if (killed != 0) {
            world_kill_house(&world, 1, SECOND);
            world_run(&world, 3 * SECOND);
        } else {
            world_stop_house(&world);
            world_run(&world, SECOND);
            world_start_house(&world);
        }
        world_run(&world, 10 * SECOND);
        assert_true(active_says("\"alarm\":\"b.6\","));
        look();
        assert_int_equal(ledger_count(&ledger, "", NULL, "flood_ended"), 0);
        const struct record *boot = ledger_find(&ledger, "", NULL, "boot", 1);
        const struct record *summed = ledger_find(&ledger, "yard", "b.6", "summarised", 0);
        assert_true(boot != NULL && summed != NULL && summed->boot == boot->boot);
        assert_none_is_missing();
        end();
    }
}

static void flutter(int input, int times)
{
    for (int i = 0; i < times; i++) {
        turn(input, true);
        world_run(&world, POLL_US);
        turn(input, false);
        world_run(&world, 3 * SECOND);
    }
}

void an_alarm_that_chatters_stands(void **state)
{
    (void)state;
    begin();
    flutter(15, 20);
    assert_int_equal(world_rule_state(&world, "yard", "b.8"), ALARM_UNACK);
    assert_false(world_rule_condition(&world, "yard", "b.8")); /* whoever votes knows */
    assert_true(active_says("\"chattering\":true"));
    (void)world_order(&world, ORDER_ACK, "yard", "b.8");
    flutter(15, 5);
    assert_int_equal(world_rule_state(&world, "yard", "b.8"), ALARM_ACKED);
    world_run(&world, 2 * MINUTE);
    assert_int_equal(world_rule_state(&world, "yard", "b.8"), ALARM_NORM);
    assert_false(active_says("b.8"));
    flutter(15, 1); /* once is once again */
    look();
    assert_int_equal(ledger_count(&ledger, "yard", "b.8", "raised"), 4);
    assert_int_equal(ledger_count(&ledger, "yard", "b.8", "cleared"), 4);
    assert_true(ledger_count(&ledger, "yard", "b.8", "chattering") >= 1);
    assert_true(count_records("b.8") <= 12);
    assert_none_is_missing();
    end();
}

void chattering_survives_a_kill_at_any_touch(void **state)
{
    (void)state;
    for (int64_t touch = 1; touch <= 40; touch += EFFORT_STRIDE) {
        begin();
        flutter(2, 4);
        world_kill_house(&world, touch, SECOND / 10);
        turn(2, true);
        world_run(&world, 4 * SECOND);
        turn(2, false);
        world_run(&world, POLL_US);
        flutter(2, 2);
        assert_int_equal(world.life, 1);
        assert_int_equal(world_rule_state(&world, "yard", "a.3"), ALARM_UNACK);
        world_run(&world, 2 * MINUTE);
        look();
        assert_int_equal(ledger_count(&ledger, "yard", "a.3", "raised"), 3);
        assert_int_equal(ledger_count(&ledger, "yard", "a.3", "cleared"), 3);
        assert_none_is_missing();
        end();
    }
}

/* One course of things; after which of them somebody restarts the gateway makes no difference to what is told. */

enum coming { STOPPED, KILLED, REBOOTED, COMING_COUNT };

static void come_again(enum coming coming)
{
    if (coming == KILLED) {
        world_kill_house(&world, 1, SECOND);
        world_run(&world, 2 * SECOND);
    } else {
        world_stop_house(&world);
        world_run(&world, SECOND);
        if (coming == REBOOTED)
            world_reboot(&world);
        world_start_house(&world);
    }
    world_run(&world, 3 * SECOND);
}

static void set_a1(void)
{
    turn(0, true);
}
static void set_a2(void)
{
    turn(1, true);
}
static void drop_both(void)
{
    turn(0, false);
    turn(1, false);
}
static void suppress(void)
{
    turn(7, true);
}
static void unsuppress(void)
{
    turn(7, false);
}
static void acknowledge(void)
{
    (void)world_order(&world, ORDER_ACK, NULL, NULL);
}
static void reset(void)
{
    (void)world_order(&world, ORDER_RESET, NULL, NULL);
}
static void wait(void)
{
    world_run(&world, 75 * SECOND); /* what was acknowledged is raised anew; what chattered would cease */
}

static void rest(void)
{
    world_run(&world, 11 * MINUTE); /* no flood of it all together */
}

static void (*const course[])(void) = {
    set_a1, set_a2, acknowledge, wait,   acknowledge, suppress,   drop_both,   wait,      unsuppress,  acknowledge,
    reset,  rest,   set_a2,      set_a1, suppress,    unsuppress, acknowledge, drop_both, acknowledge, reset,
};

#define TELLING_MAX 16384

/* What was told, in the order in which it was for each alarm by itself; times and numbers are left out. */
static void write_down(char *ret_telling)
{
    size_t used = 0;
    for (size_t i = 0; i < ledger.chain_count; i++)
        for (uint64_t seq = 1; seq <= ledger.lanes[LANE_A].last; seq++) {
            const struct record *record = &ledger.lanes[LANE_A].list[seq];
            if (record->raw == NULL || record->kind != RECORD_ALARM ||
                strcmp(record->alarm, ledger.chains[i].alarm) != 0)
                continue;
            bool const first = strstr(record->raw, "\"first_out\":true") != NULL;
            bool const second = strstr(record->raw, "\"first_out_of\"") != NULL;
            int const size = snprintf(ret_telling + used, TELLING_MAX - used, "%s %llu %s %s>%s%s%s\n", record->alarm,
                                      (unsigned long long)record->occurrence, record->event, record->from,
                                      record->state, first ? " first" : "", second ? " after another" : "");
            CHECK(size > 0 && used + (size_t)size < TELLING_MAX);
            used += (size_t)size;
        }
}

static void play(size_t restart_after, enum coming coming, char *ret_telling)
{
    begin();
    for (size_t i = 0; i < ARRAY_SIZE(course); i++) {
        course[i]();
        world_run(&world, POLL_US);
        if (i == restart_after)
            come_again(coming);
    }
    look();
    write_down(ret_telling);
    end();
}

void suppression_first_out_and_re_alarm_survive_a_restart_anywhere(void **state)
{
    (void)state;
    static char usual[TELLING_MAX];
    static char other[TELLING_MAX];
    play(SIZE_MAX, STOPPED, usual);
    assert_non_null(strstr(usual, "first.1 1 raised NORM>UNACK first\n"));
    assert_non_null(strstr(usual, "first.2 1 raised NORM>UNACK after another\n"));
    assert_non_null(strstr(usual, "first.2 2 raised NORM>UNACK first\n"));
    assert_non_null(strstr(usual, "again.1 1 rearmed ACKED>UNACK\n"));
    assert_non_null(strstr(usual, "quiet.1 1 suppressed ACKED>SUPPRESSED\n"));
    assert_non_null(strstr(usual, "quiet.1 1 unsuppressed SUPPRESSED>LATCH_ACKED\n"));
    assert_non_null(strstr(usual, "quiet.1 3 unsuppressed SUPPRESSED>UNACK\n"));
    for (int coming = 0; coming < COMING_COUNT; coming++)
        for (size_t i = 0; i < ARRAY_SIZE(course); i += EFFORT_STRIDE) {
            play(i, (enum coming)coming, other);
            if (strcmp(usual, other) != 0)
                fail_msg("restarted (%d) after step %zu:\n%s\nwithout:\n%s", coming, i, other, usual);
        }
}
