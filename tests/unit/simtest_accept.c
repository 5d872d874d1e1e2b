/* What a scenario expects against recorded streams of records: the times are written down, nothing waits. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "firmware-sim/cast.h"
#include "firmware-sim/judge.h"
#include "firmware-sim/picture.h"
#include "firmware-sim/stopwatch.h"

#define START_MS 1000000
#define ROOT     "outpost/v1/g"
#define ROOM     100

static const char plant[] =
    "{'gateway':{'id':'g'},'buses':[{'id':'b','link':'tcp','host':'h','port':1}],'devices':["
    "{'id':'gas-1','bus':'b','unit':1,'class':'gas_detector','points':{'gas_lel_pct':{'address':0},'mode':{'address':1}"
    "}},"
    "{'id':'gas-2','bus':'b','unit':2,'class':'gas_detector','points':{'gas_lel_pct':{'address':0}}}]}";

static struct site site;
static struct scenario scenario;
static struct cast cast;
static struct judge judge;
static struct picture picture;
static struct stopwatch watch;
static long long number;

static const char *quote(const char *json)
{
    static char quoted[8192];
    size_t size = strlen(json);
    assert_true(size < sizeof quoted);
    for (size_t i = 0; i <= size; i++)
        quoted[i] = json[i] == '\'' ? '"' : json[i];
    return quoted;
}

/* `steps` of a scenario with the roles `one` (gas-1) and `each` (both); starts at START_MS. */
static void begin(const char *roles, const char *steps)
{
    char json[4096];
    struct sentence why;
    struct sentence warnings;
    const char *file = quote(plant);
    if (!site_open_bytes(&site, "s", file, strlen(file), NULL, sentence_init(&warnings), sentence_init(&why)))
        fail_msg("%s", why.bytes);
    (void)snprintf(json, sizeof json, "{'scenario':'t','zh':'试','en':'try','roles':{%s},'steps':[%s]}", roles, steps);
    file = quote(json);
    if (!scenario_open_bytes(&scenario, "t.json", file, strlen(file), sentence_init(&why)) ||
        !cast_open(&cast, &scenario, &site, NULL, 0, &why.text))
        fail_msg("%s", why.bytes);
    judge_open(&judge, &cast);
    picture_open(&picture, &site, ROOT, ROOM);
    picture.has_delay = true; /* the clocks agree, and the way takes no time */
    stopwatch_start(&watch, START_MS);
    number = 0;
}

static int end(void **state)
{
    (void)state;
    judge_close(&judge);
    picture_close(&picture);
    cast_close(&cast);
    scenario_close(&scenario);
    site_close(&site);
    return 0;
}

static void take(const char *topic, int64_t arrived_ms, const char *payload)
{
    const char *bytes = quote(payload);
    picture_take(&picture, topic, bytes, strlen(bytes), false, START_MS + arrived_ms);
}

static void alarm(const char *device, const char *name, const char *event, int64_t at_ms, int64_t arrived_ms)
{
    char payload[512];
    (void)snprintf(payload, sizeof payload,
                   "{'lane':'a','stream':'x','seq':%lld,'at':%lld,'dev':'%s','alarm':'%s','event':'%s'}", ++number,
                   (long long)(START_MS + at_ms), device, name, event);
    take(ROOT "/alarm/d", arrived_ms, payload);
}

static void reading(const char *device, const char *members, int64_t at_ms)
{
    char payload[512];
    (void)snprintf(payload, sizeof payload, "{'lane':'t','stream':'x','seq':%lld,'at':%lld,'dev':'%s',%s}", ++number,
                   (long long)(START_MS + at_ms), device, members);
    take(ROOT "/telemetry/d", at_ms, payload);
}

static void look(void)
{
    judge_look(&judge, &picture, &watch);
}

static void watch_all(void)
{
    static const size_t both[] = {0, 1};
    picture_watch(&picture, both, 2);
}

#define ONE  "'one':{'class':'gas_detector'}"
#define EACH "'each':{'class':'gas_detector','all':true}"
#define LEAK "{'do':'one leak 60'}"
#define HIGH "{'expect':{'alarm':'gas.high','of':'one','event':'raised'},'within':'10s'}"

static void begin_high(void)
{
    begin(ONE, LEAK "," HIGH);
    judge_done(&judge, 0, 0);
    look();
}

static void test_pass(void **state)
{
    (void)state;
    begin_high();
    alarm("gas-1", "gas.high", "raised", 4000, 4020);
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_MET);
    assert_int_equal(judge.checks[0].met_ms, 4000);
    assert_int_equal(judge.checks[0].arrived_ms, 4020);
    assert_true(judge_met(&judge, 1));
}

static void test_arrives_late_but_was_in_time(void **state)
{
    (void)state;
    begin_high();
    alarm("gas-1", "gas.high", "raised", 9999, 15000);
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_MET);
    assert_int_equal(judge.checks[0].arrived_ms, 15000);
}

static void test_late(void **state)
{
    (void)state;
    begin_high();
    alarm("gas-1", "gas.high", "raised", 10001, 10002);
    look();
    judge_finish(&judge);
    assert_int_equal(judge.checks[0].outcome, JUDGED_LATE);
    assert_int_equal(judge.checks[0].met_ms, 10001);
    assert_false(judge_met(&judge, 1));
}

static void test_out_of_order(void **state)
{
    (void)state;
    begin_high();
    alarm("gas-1", "gas.high", "raised", 12000, 12001);
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_LATE);
    alarm("gas-1", "gas.high", "raised", 8000, 12500);
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_MET);
    assert_int_equal(judge.checks[0].met_ms, 8000);
}

static void test_missing_and_how_long_to_wait(void **state)
{
    (void)state;
    begin_high();
    assert_int_equal(judge_wait_ms(&judge), 10000 + JUDGE_GRACE_MS);
    judge_finish(&judge);
    assert_int_equal(judge.checks[0].outcome, JUDGED_MISSING);
    assert_true(judge_wait_ms(&judge) == INT64_MIN);
}

static void test_wrong_device_event_or_time(void **state)
{
    (void)state;
    begin_high();
    alarm("gas-2", "gas.high", "raised", 4000, 4001);
    alarm("gas-1", "gas.low", "raised", 4000, 4001);
    alarm("gas-1", "gas.high", "cleared", 4000, 4001);
    alarm("gas-1", "gas.high", "raised", -1, 4001); /* before the action */
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_OPEN);
}

static void test_duplicates_say_nothing_new(void **state)
{
    (void)state;
    begin_high();
    alarm("gas-1", "gas.low", "raised", 3000, 3001);
    size_t facts = picture.fact_count;
    number--; /* the same number again */
    alarm("gas-1", "gas.low", "raised", 3000, 9000);
    assert_int_equal(picture.fact_count, facts);
    number += 1000;
    alarm("gas-1", "gas.low", "raised", 3500, 9000);
    number -= 500; /* one that was overtaken */
    alarm("gas-1", "gas.low", "raised", 3400, 9000);
    assert_int_equal(picture.fact_count, facts + 2);
    for (int turn = 0; turn < 3; turn++) { /* far on, where places are used again */
        number += (long long)PICTURE_BURST_MAX - 1;
        alarm("gas-1", "gas.low", "raised", 3600, 9000);
    }
    assert_int_equal(picture.fact_count, facts + 5);
}

static void test_never(void **state)
{
    (void)state;
    begin(ONE, LEAK ",{'expect':{'never':{'alarm':'comm.lost'},'for':'5s'}}");
    judge_done(&judge, 0, 1000);
    alarm("gas-2", "comm.lost", "raised", 900, 901);   /* before */
    alarm("gas-2", "comm.lost", "raised", 6001, 6002); /* after */
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_OPEN);
    assert_int_equal(judge_wait_ms(&judge), 6000 + JUDGE_NEVER_MS);
    alarm("gas-2", "comm.lost", "raised", 5999, 7000);
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_VIOLATED);
}

static void test_never_kept(void **state)
{
    (void)state;
    begin(ONE, LEAK ",{'expect':{'never':{'alarm':'comm.lost'},'for':'5s'}}");
    judge_done(&judge, 0, 0);
    look();
    judge_finish(&judge);
    assert_int_equal(judge.checks[0].outcome, JUDGED_MET);
}

static void test_counted_from_an_expectation(void **state)
{
    (void)state;
    begin(ONE, LEAK ",{'id':'high','expect':{'alarm':'gas.high','of':'one','event':'raised'},'within':'10s'},"
                    "{'expect':{'event':'interlock_confirmed'},'within':'2s','after':'high'}");
    judge_done(&judge, 0, 0);
    look();
    assert_false(judge.checks[1].begun);
    alarm("gas-1", "gas.high", "raised", 4000, 4200);
    take(ROOT "/event", 6050, "{'lane':'a','seq':99,'at':1005900,'event':'interlock_confirmed','interlock':'trip'}");
    look();
    assert_int_equal(judge.checks[1].since_ms, 4000);
    assert_int_equal(judge.checks[1].outcome, JUDGED_MET);
    assert_int_equal(judge.checks[1].met_ms, 5900);
    assert_string_equal(judge.checks[1].fact.subject, "trip");
}

static void test_what_it_counts_from_never_came(void **state)
{
    (void)state;
    begin(ONE, LEAK ",{'id':'high','expect':{'alarm':'gas.high','of':'one','event':'raised'},'within':'10s'},"
                    "{'expect':{'event':'interlock_confirmed'},'within':'2s','after':'high'}");
    judge_done(&judge, 0, 0);
    look();
    judge_finish(&judge);
    assert_int_equal(judge.checks[0].outcome, JUDGED_MISSING);
    assert_int_equal(judge.checks[1].outcome, JUDGED_NOT_BEGUN);
}

/* Nothing waits for what cannot come any more. */
static void test_what_runs_out(void **state)
{
    (void)state;
    begin(ONE, LEAK ",{'id':'high','expect':{'alarm':'gas.high','of':'one','event':'raised'},'within':'10s'},"
                    "{'id':'shut','expect':{'event':'interlock_confirmed'},'within':'10min','after':'high'},"
                    "{'expect':{'event':'interlock_released'},'within':'10min','after':'shut'},"
                    "{'expect':{'never':{'alarm':'comm.lost'},'for':'5s'}}");
    judge_done(&judge, 0, 0);
    look();
    judge_expire(&judge, 10000 + JUDGE_GRACE_MS - 1);
    assert_int_equal(judge.checks[0].outcome, JUDGED_OPEN);
    assert_int_equal(judge.checks[1].outcome, JUDGED_OPEN);
    assert_false(judge_settled(&judge, 1));
    assert_int_equal(judge.checks[3].outcome, JUDGED_MET);
    judge_expire(&judge, 10000 + JUDGE_GRACE_MS);
    assert_int_equal(judge.checks[0].outcome, JUDGED_MISSING);
    assert_int_equal(judge.checks[1].outcome, JUDGED_NOT_BEGUN);
    assert_int_equal(judge.checks[2].outcome, JUDGED_NOT_BEGUN);
    assert_true(judge_settled(&judge, 1) && judge_settled(&judge, 3));
    assert_false(judge_met(&judge, 1));
    assert_false(judge_settled(&judge, 0)); /* an action */
}

/* A late one may still be overtaken by one that was in time. */
static void test_what_is_late_is_not_hopeless_yet(void **state)
{
    (void)state;
    begin(ONE, LEAK ",{'id':'high','expect':{'alarm':'gas.high','of':'one','event':'raised'},'within':'10s'},"
                    "{'expect':{'event':'interlock_confirmed'},'within':'10min','after':'high'}");
    judge_done(&judge, 0, 0);
    alarm("gas-1", "gas.high", "raised", 10500, 10501);
    look();
    judge_expire(&judge, 11000);
    assert_int_equal(judge.checks[1].outcome, JUDGED_OPEN);
    judge_expire(&judge, 10000 + JUDGE_GRACE_MS);
    assert_int_equal(judge.checks[0].outcome, JUDGED_LATE);
    assert_int_equal(judge.checks[1].outcome, JUDGED_NOT_BEGUN);
}

static void test_each_device(void **state)
{
    (void)state;
    begin(EACH, "{'do':'each leak 60'},{'expect':{'alarm':'gas.high','of':'each','event':'raised'},'within':'10s'}");
    judge_done(&judge, 0, 0);
    assert_int_equal(judge.check_count, 2);
    alarm("gas-2", "gas.high", "raised", 3000, 3001);
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_OPEN);
    assert_int_equal(judge.checks[1].outcome, JUDGED_MET);
    assert_false(judge_met(&judge, 1));
    alarm("gas-1", "gas.high", "raised", 5000, 5001);
    look();
    assert_true(judge_met(&judge, 1));
    assert_int_equal(judge.done_ms[1], 5000);
}

static void test_readings(void **state)
{
    (void)state;
    begin(ONE, LEAK ",{'expect':{'telemetry':'gas_lel_pct','of':'one','above':20},'within':'10s'},"
                    "{'expect':{'telemetry':'mode','of':'one','equals':'normal'},'within':'10s'},"
                    "{'expect':{'quality':'gas_lel_pct','of':'one','is':'no_answer'},'within':'10s'},"
                    "{'expect':{'quality':'gas_lel_pct','of':'one','is':'bad'},'within':'10s'}");
    watch_all();
    judge_done(&judge, 0, 0);
    reading("gas-2", "'values':{'gas_lel_pct':99},'bad':{}", 1000);
    reading("gas-1", "'values':{'gas_lel_pct':20,'mode':'warmup'},'bad':{}", 2000);
    look();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(judge.checks[i].outcome, JUDGED_OPEN);
    reading("gas-1", "'values':{'gas_lel_pct':20.5,'mode':'normal'},'uncertain':['gas_lel_pct'],'bad':{}", 3000);
    look();
    assert_int_equal(judge.checks[0].met_ms, 3000);
    assert_int_equal(judge.checks[1].outcome, JUDGED_MET);
    reading("gas-1", "'values':{},'bad':{'gas_lel_pct':'no_answer'}", 4000);
    look();
    assert_int_equal(judge.checks[2].met_ms, 4000);
    assert_int_equal(judge.checks[3].met_ms, 4000);
}

/* What does not change is not sent again: the newest reading before the action counts, an older one does not. */
static void test_reading_that_holds_already(void **state)
{
    (void)state;
    begin(ONE, LEAK ",{'expect':{'telemetry':'gas_lel_pct','of':'one','above':20},'within':'10s'},"
                    "{'expect':{'telemetry':'gas_lel_pct','of':'one','below':20},'within':'10s'}");
    reading("gas-1", "'values':{'gas_lel_pct':31},'bad':{}", -9000);
    reading("gas-1", "'values':{'gas_lel_pct':10},'bad':{}", -8000);
    watch_all(); /* takes the newest over */
    reading("gas-1", "'values':{'gas_lel_pct':35},'bad':{}", -6000);
    reading("gas-1", "'values':{'gas_lel_pct':5},'bad':{}", -7000); /* was overtaken */
    judge_done(&judge, 0, 500);
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_MET);
    assert_int_equal(judge.checks[0].met_ms, 500);
    assert_int_equal(judge.checks[1].outcome, JUDGED_OPEN);
}

/* The gateway's clock is an hour behind; the quickest record tells. */
static void test_clocks_apart(void **state)
{
    (void)state;
    begin_high();
    picture.has_delay = false;
    take(ROOT "/telemetry/d", 0, "{'lane':'t','seq':1,'at':-2599960,'dev':'gas-1','values':{},'bad':{}}");
    take(ROOT "/telemetry/d", 0, "{'lane':'t','seq':2,'at':400000,'dev':'gas-1','values':{},'bad':{}}");
    assert_int_equal(picture.delay_ms, 600000);
    alarm("gas-1", "gas.high", "raised", 4000 - 600000, 4300);
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_MET);
    assert_int_equal(judge.checks[0].met_ms, 4000);
}

/* A record that was quicker than all before it moves nothing while something is judged: what happened at once stays at once. */
static void test_clocks_stand_still_while_judging(void **state)
{
    (void)state;
    begin(ONE, LEAK ",{'id':'high','expect':{'alarm':'gas.high','of':'one','event':'raised'},'within':'10s'},"
                    "{'expect':{'event':'interlock_tripped'},'within':'2s','after':'high'}");
    picture.delay_ms = 30;
    watch_all();
    judge_done(&judge, 0, 0);
    alarm("gas-1", "gas.high", "raised", 4000, 4030);
    look();
    reading("gas-2", "'values':{},'bad':{}", 4500); /* no time on its way */
    take(ROOT "/event", 5000, "{'lane':'a','seq':99,'at':1004000,'event':'interlock_tripped','interlock':'trip'}");
    look();
    assert_int_equal(picture.delay_ms, 0);
    assert_int_equal(judge.checks[0].met_ms, 4030);
    assert_int_equal(judge.checks[1].outcome, JUDGED_MET);
    assert_int_equal(judge.checks[1].met_ms, 4030);
}

/* While a person sprays gas the scenario's clock stands still. */
static void test_pauses(void **state)
{
    (void)state;
    begin_high();
    stopwatch_pause(&watch, START_MS, START_MS + 60000);
    assert_int_equal(stopwatch_of(&watch, START_MS + 30000), 0);
    assert_int_equal(stopwatch_of(&watch, START_MS + 60500), 500);
    assert_int_equal(stopwatch_wall(&watch, 500), START_MS + 60500);
    assert_int_equal(stopwatch_of(&watch, START_MS - 5), -5);
    alarm("gas-1", "gas.high", "raised", 40000, 40001); /* before ENTER */
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_MET);
    assert_int_equal(judge.checks[0].met_ms, 0);
}

static void test_history_counts(void **state)
{
    (void)state;
    begin(ONE, LEAK ",{'expect':{'telemetry':'gas_lel_pct','of':'one','above':20},'within':'10s'}");
    watch_all();
    judge_done(&judge, 0, 0);
    take(ROOT "/history", 30000,
         "{'lane':'t','records':[{'lane':'t','stream':'x','seq':7,'at':1003000,'dev':'gas-1','values':{'gas_lel_pct':"
         "50}},"
         "{'at':null},7,{'lane':'t','stream':'x','seq':8,'at':1004000,'dev':'other','values':{'gas_lel_pct':50}}]}");
    look();
    assert_int_equal(judge.checks[0].outcome, JUDGED_MET);
    assert_int_equal(judge.checks[0].met_ms, 3000);
    assert_false(judge.checks[0].fact.live);
}

static void test_what_is_no_message(void **state)
{
    (void)state;
    begin_high();
    take(ROOT "/alarm/d", 1, "{");
    take(ROOT "/alarm/d", 1, "[]");
    assert_int_equal(picture.garbled, 2);
    take("outpost/v1/gxalarm/d", 1, "{'alarm':'gas.high','at':1000001}");
    take("other", 1, "{}");
    take(ROOT "/unheard_of/d", 1, "{}");
    take(ROOT "/alarm/d", 1, "{'alarm':'gas.high','dev':'gas-1','event':'raised','at':'now'}");
    assert_int_equal(picture.fact_count, 0);
    take(ROOT "/alarm/d", 1, "{'alarm':7,'dev':[],'event':{},'at':1000001,'seq':-1,'value':1e999}");
    assert_int_equal(picture.fact_count, 1);
    assert_string_equal(picture.facts[0].name, "");
    take(ROOT "/status", 1, "{'online':true}");
    assert_true(picture_online(&picture));
    take(ROOT "/status", 1, "{'online':false}");
    assert_false(picture_online(&picture));
}

static void test_room_for_facts(void **state)
{
    (void)state;
    begin_high();
    for (size_t i = 0; i < ROOM + 3; i++)
        alarm("gas-2", "gas.low", "raised", 3000, 3000);
    assert_int_equal(picture.fact_count, ROOM);
    assert_int_equal(picture.forgotten, 3);
    watch_all();
    assert_int_equal(picture.fact_count + picture.forgotten, 0);
}

static void test_drill(void **state)
{
    (void)state;
    begin_high();
    reading("gas-1", "'values':{},'bad':{}", 1);
    assert_false(picture_in_drill(&picture, 0));
    reading("gas-1", "'values':{},'bad':{},'test':true", 2);
    assert_true(picture_in_drill(&picture, 0));
    assert_false(picture_in_drill(&picture, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pass, end),
        cmocka_unit_test_teardown(test_arrives_late_but_was_in_time, end),
        cmocka_unit_test_teardown(test_late, end),
        cmocka_unit_test_teardown(test_out_of_order, end),
        cmocka_unit_test_teardown(test_missing_and_how_long_to_wait, end),
        cmocka_unit_test_teardown(test_wrong_device_event_or_time, end),
        cmocka_unit_test_teardown(test_duplicates_say_nothing_new, end),
        cmocka_unit_test_teardown(test_never, end),
        cmocka_unit_test_teardown(test_never_kept, end),
        cmocka_unit_test_teardown(test_counted_from_an_expectation, end),
        cmocka_unit_test_teardown(test_what_it_counts_from_never_came, end),
        cmocka_unit_test_teardown(test_what_runs_out, end),
        cmocka_unit_test_teardown(test_what_is_late_is_not_hopeless_yet, end),
        cmocka_unit_test_teardown(test_each_device, end),
        cmocka_unit_test_teardown(test_readings, end),
        cmocka_unit_test_teardown(test_reading_that_holds_already, end),
        cmocka_unit_test_teardown(test_clocks_apart, end),
        cmocka_unit_test_teardown(test_clocks_stand_still_while_judging, end),
        cmocka_unit_test_teardown(test_pauses, end),
        cmocka_unit_test_teardown(test_history_counts, end),
        cmocka_unit_test_teardown(test_what_is_no_message, end),
        cmocka_unit_test_teardown(test_room_for_facts, end),
        cmocka_unit_test_teardown(test_drill, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
