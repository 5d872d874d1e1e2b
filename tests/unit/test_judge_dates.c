/* What the judge makes of a site file's dates, of what is registered as stopped, and of cylinders that are exchanged: from the
 * text of the site file to the news, over restarts, on a clock that this test sets. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/core/civil.h"
#include "gateway/core/normalize.h"
#include "gateway/model/inbox.h"
#include "gateway/model/news.h"
#include "gateway/run/judge.h"
#include "gateway/site/load.h"

#define S          INT64_C(1000000)
#define DAY_US     (CIVIL_DAY_S * S)
#define SAID_MAX   8192
#define STORED_MAX 256

struct scene {
    struct arena arena;
    struct complaints *complaints;
    const struct site *site;
    struct judge *judge;
    struct board *board;
    struct ring inbox, news, telemetry, answers, writes;
    struct bell bell;
    struct now now;
    struct stored stored[STORED_MAX]; /* what a journal would have */
    size_t stored_count;
    char said[SAID_MAX];
    struct inbox item;
    struct news heard;
};

static int64_t utc_ms_of(const char *day, int hour, int minute)
{
    int32_t number = 0;
    assert_true(civil_read(day, strlen(day), &number));
    return (number * CIVIL_DAY_S + hour * 3600 + minute * 60) * 1000;
}

static void load(struct scene *scene, const char *text)
{
    static struct complaints complaints;
    struct site_sources const sources = {.classes = &classes};
    size_t const size = strlen(text);
    char line[512] = "";
    char *json = malloc(size + 1);
    assert_non_null(json);
    for (size_t i = 0; i <= size; i++)
        json[i] = text[i] == '\'' ? '"' : text[i];
    complaints_init(&complaints);
    arena_init(&scene->arena, 64 * 1024 * 1024);
    enum err const err = site_load_bytes("site.json", json, size, &sources, &scene->arena, &complaints, &scene->site);
    if (err != ERR_OK && complaints.count > 0)
        complaint_print(&complaints.list[0], LANGUAGE_EN, line, sizeof line);
    complaints_close(&complaints);
    if (err != ERR_OK)
        fail_msg("the site does not load: %s", line);
    free(json);
}

static void open_judge(struct scene *scene)
{
    static struct judge_bus buses[2];
    for (size_t i = 0; i < ARRAY_SIZE(buses); i++)
        buses[i] = (struct judge_bus){&scene->writes, &scene->bell};
    struct judge_setup const setup = {.site = scene->site,
                                      .inbox = &scene->inbox,
                                      .news = &scene->news,
                                      .telemetry = &scene->telemetry,
                                      .recorder_bell = &scene->bell,
                                      .buses = buses,
                                      .answers = &scene->answers,
                                      .answers_bell = &scene->bell,
                                      .board = scene->board};
    assert_int_equal(judge_open(&scene->judge, &setup), ERR_OK);
}

static struct scene *scene_open(const char *text, const char *day, int hour, int minute)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    load(scene, text);
    scene->now = (struct now){.mono_us = 1000 * S, .utc_ms = utc_ms_of(day, hour, minute), .synced = true};
    assert_int_equal(board_open(&scene->board, scene->site), ERR_OK);
    assert_int_equal(ring_open(&scene->inbox, 256 * 1024), ERR_OK);
    assert_int_equal(ring_open(&scene->news, 64 * 1024), ERR_OK);
    assert_int_equal(ring_open(&scene->telemetry, 64 * 1024), ERR_OK);
    assert_int_equal(ring_open(&scene->answers, 4096), ERR_OK);
    assert_int_equal(ring_open(&scene->writes, 4096), ERR_OK);
    assert_int_equal(bell_open(&scene->bell), ERR_OK);
    open_judge(scene);
    return scene;
}

static void scene_close(struct scene *scene)
{
    judge_close(scene->judge);
    board_close(scene->board);
    ring_close(&scene->inbox);
    ring_close(&scene->news);
    ring_close(&scene->telemetry);
    ring_close(&scene->answers);
    ring_close(&scene->writes);
    bell_close(&scene->bell);
    arena_close(&scene->arena);
    free(scene);
}

static void push(struct scene *scene, const struct inbox *item)
{
    assert_int_equal(ring_push(&scene->inbox, item, inbox_size(item)), ERR_OK);
}

/* The recorder's part at start. */
static void give_back(struct scene *scene)
{
    for (size_t i = 0; i < scene->stored_count; i++) {
        struct inbox item = {.kind = INBOX_STORED};
        item.is.stored = scene->stored[i];
        item.is.stored.occurrence = 0;
        push(scene, &item);
    }
    struct inbox const last = {.kind = INBOX_RESTORED};
    push(scene, &last);
}

static void restart(struct scene *scene)
{
    judge_close(scene->judge);
    open_judge(scene);
    give_back(scene);
}

static void keep(struct scene *scene, const struct stored *stored)
{
    size_t i = 0;
    while (i < scene->stored_count &&
           (scene->stored[i].kind != stored->kind || scene->stored[i].index != stored->index))
        i++;
    CHECK(i < STORED_MAX);
    scene->stored_count += i == scene->stored_count;
    scene->stored[i] = *stored;
}

static void say(struct scene *scene, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(struct scene *scene, const char *format, ...)
{
    size_t const used = strlen(scene->said);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(scene->said + used, SAID_MAX - used, format, arguments);
    va_end(arguments);
}

static void hear(struct scene *scene)
{
    size_t size = 0;
    while (ring_pop(&scene->telemetry, &scene->heard, sizeof scene->heard, &size) == ERR_OK)
        continue;
    while (ring_pop(&scene->news, &scene->heard, sizeof scene->heard, &size) == ERR_OK) {
        const struct news *news = &scene->heard;
        if (news->has_stored != 0)
            keep(scene, &news->stored);
        if (news->kind == NEWS_ALARM) {
            const struct rule *rule = &scene->site->rules[news->is.alarm.rule];
            say(scene, "%s %s", rule->id, alarm_event_text((enum alarm_event)news->is.alarm.event));
            if (news->is.alarm.has_value != 0)
                say(scene, " %g", news->is.alarm.value);
            say(scene, "; ");
        } else if (news->kind == NEWS_NOTICE && news->is.notice.notice != NOTICE_CLOCK_STEP &&
                   news->is.notice.notice != NOTICE_CLOCK_SET) {
            say(scene, "!%s %s; ", notice_text((enum notice)news->is.notice.notice), news->is.notice.detail);
        }
    }
}

/* Lets time pass on both clocks, stepping whenever the judge wants to. */
static void pass(struct scene *scene, int64_t us)
{
    int64_t const end = scene->now.mono_us + us;
    for (;;) {
        int64_t next = judge_step(scene->judge, scene->now);
        hear(scene);
        if (next > end)
            next = end;
        if (scene->now.mono_us >= end)
            return;
        if (next == scene->now.mono_us)
            next++;
        scene->now.utc_ms += (next - scene->now.mono_us) / 1000;
        scene->now.mono_us = next;
    }
}

static void assert_said(struct scene *scene, const char *wanted)
{
    if (strcmp(scene->said, wanted) != 0)
        fail_msg("\nsaid:   %s\nwanted: %s", scene->said, wanted);
    scene->said[0] = '\0';
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

/* --- dates --- */

#define SITE_OF(zone, dates)                                                                                           \
    "{ 'gateway': { 'id': 'g1', 'time_zone': '" zone "' },"                                                            \
    "  'devices': [ { 'id': 'vessel-7', 'class': 'generic', 'identity': { 'dates': { " dates " } } } ],"               \
    "  'centres': [ { 'id': 'c1', 'url': 'mqtt://127.0.0.1:1883' } ], 'journal': { 'dir': 'state' } }"

#define EVENT(alarm, stage, days)                                                                                      \
    "!due \"dev\":\"vessel-7\",\"alarm\":\"date.inspect_" alarm                                                        \
    "\",\"date\":\"inspect_next\",\"on\":\"2028-03-01\",\"stage\":" stage ",\"days\":" days "; "

static const char inspected[] = SITE_OF("Asia/Shanghai", "'inspect_next': '2028-03-01'");

/* 2028 is a leap year: 60 days before March 1 is January 1, 30 days before is January 31, 7 days before February 23. */
static void each_stage_once_at_the_site_s_midnight(void **state)
{
    (void)state;
    struct scene *scene = scene_open(inspected, "2027-12-31", 15, 59);
    give_back(scene);
    pass(scene, 59 * S);
    assert_said(scene, "");
    pass(scene, S); /* 16:00 UTC: midnight in Shanghai */
    assert_said(scene, "date.inspect_60d raised 60; " EVENT("60d", "60", "60"));
    pass(scene, 30 * DAY_US - S);
    assert_said(scene, "");
    pass(scene, S);
    assert_said(scene, "date.inspect_30d raised 30; date.inspect_60d cleared 30; " EVENT("30d", "30", "30"));
    pass(scene, 23 * DAY_US);
    assert_said(scene, "date.inspect_7d raised 7; date.inspect_30d cleared 7; " EVENT("7d", "7", "7"));
    pass(scene, 7 * DAY_US - S);
    assert_said(scene, "");
    pass(scene, S);
    assert_said(scene, "date.inspect_due raised 0; date.inspect_7d cleared 0; " EVENT("due", "0", "0"));
    pass(scene, 400 * DAY_US);
    assert_said(scene, "");
    scene_close(scene);
}

static void nothing_is_told_twice_over_restarts(void **state)
{
    (void)state;
    struct scene *scene = scene_open(inspected, "2028-02-22", 15, 0);
    give_back(scene);
    pass(scene, 2 * S);
    assert_said(scene, "date.inspect_30d raised 8; " EVENT("30d", "30", "8"));
    for (int i = 0; i < 3; i++) {
        restart(scene);
        pass(scene, 600 * S);
        assert_said(scene, "");
    }
    restart(scene);
    pass(scene, 3600 * S); /* over midnight */
    assert_said(scene, "date.inspect_7d raised 7; date.inspect_30d cleared 7; " EVENT("7d", "7", "7"));
    scene->now.utc_ms += 100 * CIVIL_DAY_S * 1000; /* away meanwhile: only where it stands now is told */
    restart(scene);
    pass(scene, 2 * S);
    assert_said(scene, "date.inspect_due raised -93; date.inspect_7d cleared -93; " EVENT("due", "0", "-93"));
    restart(scene);
    pass(scene, DAY_US);
    assert_said(scene, "");
    scene_close(scene);
}

/* Late stored states, or none: nothing is told before they are there. */
static void waits_for_what_was_stored(void **state)
{
    (void)state;
    struct scene *scene = scene_open(inspected, "2028-03-02", 0, 0);
    scene->now.synced = false;
    pass(scene, 2 * S); /* begins to judge without */
    scene->now.synced = true;
    pass(scene, 3 * S);
    assert_said(scene, "");
    give_back(scene);
    pass(scene, S);
    assert_int_equal(count_of(scene->said, "!due"), 1);
    scene_close(scene);
}

static void an_unset_clock_raises_and_clears_nothing(void **state)
{
    (void)state;
    struct scene *scene = scene_open(inspected, "1970-01-01", 0, 0);
    scene->now.synced = false;
    give_back(scene);
    pass(scene, DAY_US);
    assert_said(scene, "");
    scene->now.utc_ms = utc_ms_of("2028-03-05", 0, 0); /* set, and not yet trusted */
    pass(scene, DAY_US);
    assert_said(scene, "");
    scene->now.synced = true; /* late, and at once */
    pass(scene, 0);
    assert_said(scene, "date.inspect_due raised -5; " EVENT("due", "0", "-5"));
    scene->now.synced = false;
    scene->now.utc_ms = utc_ms_of("1970-01-01", 0, 0);
    restart(scene);
    pass(scene, DAY_US);
    assert_said(scene, "");
    scene_close(scene);
}

/* Both delays of a date alarm stand while the clock is not set, to the second, and go on when it is. */
static void delays_stand_while_the_clock_is_unset(void **state)
{
    (void)state;
    struct scene *scene =
        scene_open("{ 'gateway': { 'id': 'g1' }, 'devices': [ { 'id': 'vessel-7', 'class': 'generic', 'identity':"
                   "    { 'dates': { 'inspect_next': '2028-03-01' } }, 'alarms':"
                   "    { 'date.inspect_7d': { 'on_delay': '1h', 'off_delay': '1h' } } } ],"
                   "  'centres': [ { 'id': 'c1', 'url': 'mqtt://127.0.0.1:1883' } ], 'journal': { 'dir': 'state' } }",
                   "2028-02-24", 0, 0);
    give_back(scene);
    pass(scene, 1800 * S);
    assert_said(scene, EVENT("7d", "7", "6"));
    scene->now.synced = false;
    pass(scene, DAY_US / 2);
    assert_said(scene, "");
    scene->now.synced = true;
    pass(scene, 1798 * S);
    assert_said(scene, "");
    scene->now.synced = false; /* found out only after it would have ended */
    scene->now.mono_us += 10 * S;
    scene->now.utc_ms += 10000;
    pass(scene, 60 * S);
    assert_said(scene, "");
    scene->now.synced = true;
    pass(scene, 4 * S);
    assert_said(scene, "date.inspect_7d raised 6; ");
    scene->now.utc_ms = utc_ms_of("2028-01-24", 0, 0); /* it was wrong: no stage of 7 days, one of 60 */
    pass(scene, 1800 * S);
    assert_said(scene, "date.inspect_60d raised 37; ");
    scene->now.synced = false;
    pass(scene, 6 * 3600 * S);
    assert_said(scene, "");
    scene->now.synced = true;
    pass(scene, 1790 * S);
    assert_said(scene, "");
    pass(scene, 1820 * S); /* the good looks of which it needs two are a minute apart */
    assert_said(scene, "date.inspect_7d cleared 37; ");
    scene_close(scene);
}

/* By mistake a year ahead: what was raised clears when it is put right, and the stage is not an event again. */
static void a_clock_that_was_wrong(void **state)
{
    (void)state;
    struct scene *scene = scene_open(inspected, "2027-10-01", 0, 0);
    give_back(scene);
    pass(scene, S);
    assert_said(scene, "");
    scene->now.utc_ms = utc_ms_of("2028-10-01", 0, 0);
    pass(scene, 0);
    assert_said(scene, "date.inspect_due raised -214; " EVENT("due", "0", "-214"));
    scene->now.utc_ms = utc_ms_of("2027-10-01", 0, 0);
    pass(scene, 0);
    assert_said(scene, "date.inspect_due cleared 152; ");
    pass(scene, 200 * DAY_US);
    assert_int_equal(count_of(scene->said, "!due"), 0);
    assert_int_equal(count_of(scene->said, "date.inspect_due raised"), 1);
    scene_close(scene);
}

static void another_date_begins_anew(void **state)
{
    (void)state;
    struct scene *scene = scene_open(inspected, "2028-03-02", 0, 0);
    give_back(scene);
    pass(scene, S);
    assert_said(scene, "date.inspect_due raised -1; " EVENT("due", "0", "-1"));
    judge_close(scene->judge);
    board_close(scene->board);
    arena_close(&scene->arena);
    load(scene, SITE_OF("Asia/Shanghai", "'inspect_next': '2028-04-01'"));
    assert_int_equal(board_open(&scene->board, scene->site), ERR_OK);
    open_judge(scene);
    give_back(scene);
    pass(scene, S);
    assert_int_equal(count_of(scene->said, "date.inspect_30d raised 30; "), 1);
    assert_int_equal(count_of(scene->said, "date.inspect_due cleared 30; "), 1);
    assert_int_equal(count_of(scene->said, "\"on\":\"2028-04-01\",\"stage\":30,\"days\":30"), 1);
    assert_int_equal(count_of(scene->said, "!due"), 1);
    scene_close(scene);
}

/* In Santiago the last hour of April 1, 2028 comes twice. */
static void a_midnight_that_comes_twice(void **state)
{
    (void)state;
    struct scene *scene = scene_open(SITE_OF("America/Santiago", "'gauge_next': '2028-04-02'"), "2028-04-02", 1, 0);
    give_back(scene);
    pass(scene, 600 * S);
    assert_int_equal(count_of(scene->said, "date.gauge_7d raised 1; "), 1);
    pass(scene, 6 * 3600 * S);
    assert_int_equal(count_of(scene->said, "date.gauge_due raised 0; "), 1);
    assert_int_equal(count_of(scene->said, "raised"), 2);
    assert_int_equal(count_of(scene->said, "!due"), 2);
    scene_close(scene);
}

static void every_date_has_its_alarms(void **state)
{
    (void)state;
    static const char *const alarms[] = {"date.inspect_due",      "date.self_check_due",    "date.maint_due",
                                         "date.safety_valve_due", "date.gauge_due",         "date.detector_due",
                                         "date.valve_due",        "date.cylinder_scrap_due"};
    struct scene *scene =
        scene_open(SITE_OF("Asia/Shanghai", "'inspect_next': '2028-01-01', 'self_check_next': '2028-01-01',"
                                            "'maint_last': '2027-12-17', 'maint_interval_d': 15,"
                                            "'safety_valve_next': '2028-01-01', 'gauge_next': '2028-01-01',"
                                            "'detector_expiry': '2028-01-01', 'valve_expiry': '2028-01-01',"
                                            "'cylinder_scrap': '2028-01-01', 'inspect_last': '2020-01-01'"),
                   "2027-12-31", 16, 0);
    give_back(scene);
    pass(scene, S);
    assert_int_equal(count_of(scene->said, "raised 0; "), ARRAY_SIZE(alarms));
    assert_int_equal(count_of(scene->said, "!due"), ARRAY_SIZE(alarms));
    for (size_t i = 0; i < ARRAY_SIZE(alarms); i++)
        if (strstr(scene->said, alarms[i]) == NULL)
            fail_msg("no %s", alarms[i]);
    scene_close(scene);
}

/* More dates than there is room for news at once: all are told, each once. */
static void many_dates_at_once(void **state)
{
    (void)state;
    static char text[80000];
    struct text json;
    text_init(&json, text, sizeof text);
    text_put(&json, "{ 'gateway': { 'id': 'g1' }, 'devices': [");
    for (int i = 0; i < 300; i++)
        text_put_format(&json,
                        "%s{ 'id': 'v-%d', 'class': 'generic', 'identity': { 'dates': { 'inspect_next': '2020-01-01',"
                        " 'gauge_next': '2020-01-01' } } }",
                        i > 0 ? "," : "", i);
    text_put(&json, "], 'centres': [ { 'id': 'c1', 'url': 'mqtt://127.0.0.1:1883' } ],'journal': { 'dir': 'state' } }");
    assert_false(json.full);
    struct scene *scene = scene_open(text, "2028-01-01", 0, 0);
    size_t raised = 0;
    size_t events = 0;
    give_back(scene);
    for (int i = 0; i < 200; i++) {
        (void)judge_step(scene->judge, scene->now);
        size_t size = 0;
        while (ring_pop(&scene->news, &scene->heard, sizeof scene->heard, &size) == ERR_OK) {
            raised += scene->heard.kind == NEWS_ALARM;
            events += scene->heard.kind == NEWS_NOTICE && scene->heard.is.notice.notice == NOTICE_DUE;
        }
        scene->now.mono_us += S;
        scene->now.utc_ms += 1000;
    }
    assert_int_equal(raised, 600);
    assert_int_equal(events, 600);
    scene_close(scene);
}

/* --- interlocks --- */

static void the_proof_test_of_an_interlock(void **state)
{
    (void)state;
    struct scene *scene = scene_open(
        "{ 'gateway': { 'id': 'g1' }, 'buses': [ { 'id': 'b', 'link': 'tcp', 'host': '127.0.0.1', 'port': 15020 } ],"
        "  'devices': [ { 'id': 'gas', 'bus': 'b', 'unit': 1, 'class': 'gas_detector', 'points':"
        "    { 'gas_lel_pct': { 'function': 'holding', 'address': 0, 'type': 'u16', 'unit': '%{LEL}' } } },"
        "    { 'id': 'valve', 'bus': 'b', 'unit': 2, 'class': 'io', 'write': ['relay_1'], 'points':"
        "    { 'relay_1': { 'function': 'coil', 'address': 0 } } } ],"
        "  'interlocks': [ { 'id': 'trip', 'when': { 'device': 'gas', 'alarm': 'gas.high' }, 'latch': true,"
        "    'do': [ { 'write': 'valve.relay_1', 'value': true } ], 'proof_test_next': '2028-03-01' } ],"
        "  'centres': [ { 'id': 'c1', 'url': 'mqtt://127.0.0.1:1883' } ], 'journal': { 'dir': 'state' } }",
        "2028-02-24", 0, 0);
    give_back(scene);
    pass(scene, S);
    assert_said(scene, "date.proof_test_7d raised 6; "
                       "!due \"dev\":\"trip\",\"alarm\":\"date.proof_test_7d\",\"date\":\"proof_test_next\","
                       "\"on\":\"2028-03-01\",\"stage\":7,\"days\":6; ");
    const struct subject *trip = &scene->site->subjects[scene->site->interlocks[0].subject];
    assert_int_equal(trip->rule_count, 5);
    assert_int_equal(scene->site->rules[scene->site->interlocks[0].failed_rule].kind, RULE_FAILED);
    scene_close(scene);
}

/* --- use --- */

enum { HOURS, RUNS, STATUS, LIFT_POINTS };

#define LIFT(status)                                                                                                   \
    "{ 'gateway': { 'id': 'g1' }, 'buses': [ { 'id': 'b', 'link': 'tcp', 'host': '127.0.0.1', 'port': 15020 } ],"      \
    "  'devices': [ { 'id': 'lift-1', 'bus': 'b', 'unit': 1, 'class': 'lift', 'every': '1s',"                          \
    "    'identity': { 'register_status': '" status "' }, 'points': {"                                                 \
    "      'run_hours': { 'function': 'holding', 'address': 0, 'type': 'u16', 'unit': 'h' },"                          \
    "      'run_count': { 'function': 'holding', 'address': 1, 'type': 'u16' },"                                       \
    "      'car_status': { 'function': 'holding', 'address': 2, 'type': 'u16', 'map': { '0': 'stop', '1': 'run' } }"   \
    "    } } ],"                                                                                                       \
    "  'centres': [ { 'id': 'c1', 'url': 'mqtt://127.0.0.1:1883' } ], 'journal': { 'dir': 'state' } }"

static size_t slave_point(const struct scene *scene, const char *id)
{
    const struct site_slave *slave = &scene->site->slaves[0];
    for (size_t i = 0; i < slave->point_count; i++)
        if (strcmp(slave->points[i].id, id) == 0)
            return i;
    fail_msg("no point %s", id);
    return 0;
}

static struct sample sample_of(const struct scene *scene, const char *id, int64_t value)
{
    size_t const at = slave_point(scene, id);
    struct sample sample = {.point = (uint16_t)at};
    enum value_type const type = scene->site->slaves[0].points[at].type;
    if (type == VALUE_NUMBER)
        sample.value.number = (double)value;
    else if (type == VALUE_ENUM)
        sample.value.code = (uint32_t)value;
    else
        sample.value.integer = value;
    return sample;
}

/* One reading of all three; negative: that one is not answered. */
static void read_lift(struct scene *scene, int64_t hours, int64_t runs, int64_t status)
{
    static const char *const ids[LIFT_POINTS] = {"run_hours", "run_count", "car_status"};
    int64_t const values[LIFT_POINTS] = {hours, runs, status};
    struct inbox *item = &scene->item;
    *item = (struct inbox){.kind = INBOX_BATCH};
    item->is.batch.mono_us = scene->now.mono_us;
    item->is.batch.utc_ms = scene->now.utc_ms;
    item->is.batch.synced = 1;
    item->is.batch.cycle_ended = 1;
    for (size_t i = 0; i < LIFT_POINTS; i++)
        item->is.batch.samples[item->is.batch.sample_count++] =
            values[i] >= 0 ? sample_of(scene, ids[i], values[i])
                           : sample_bad(slave_point(scene, ids[i]), REASON_NO_ANSWER);
    push(scene, item);
    pass(scene, S);
}

static size_t used(struct scene *scene, const char *event)
{
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "used_while_stopped %s", event);
    size_t const count = count_of(scene->said, wanted);
    scene->said[0] = '\0';
    return count;
}

static struct scene *lift_open(const char *text)
{
    struct scene *scene = scene_open(text, "2028-01-01", 0, 0);
    give_back(scene);
    pass(scene, S);
    scene->said[0] = '\0';
    return scene;
}

static void a_stopped_lift_that_runs(void **state)
{
    (void)state;
    struct scene *scene = lift_open(LIFT("stopped"));
    for (int i = 0; i < 5; i++)
        read_lift(scene, 1000, 52000, 0);
    assert_int_equal(used(scene, "raised"), 0);
    read_lift(scene, 1000, 52000, 1);
    assert_int_equal(used(scene, "raised"), 1);
    for (int i = 0; i < 599; i++)
        read_lift(scene, 1000, 52000, 0);
    assert_int_equal(used(scene, "cleared"), 0);
    for (int i = 0; i < 3; i++)
        read_lift(scene, 1000, 52000, 0);
    assert_int_equal(used(scene, "cleared"), 1);
    scene_close(scene);
}

static void counters_that_rise_are_use(void **state)
{
    (void)state;
    struct scene *scene = lift_open(LIFT("scrapped"));
    read_lift(scene, 1000, 52000, 0);
    read_lift(scene, 1000, 52001, 0);
    assert_int_equal(used(scene, "raised"), 1);
    scene_close(scene);
    scene = lift_open(LIFT("stopped"));
    read_lift(scene, 1000, 52000, 0);
    read_lift(scene, 1001, 52000, 0);
    assert_int_equal(used(scene, "raised"), 1);
    scene_close(scene);
}

static void what_is_not_read_is_no_use(void **state)
{
    (void)state;
    struct scene *scene = lift_open(LIFT("stopped"));
    read_lift(scene, -1, -1, -1);
    read_lift(scene, 7, 52000, 0); /* the first one says nothing */
    read_lift(scene, -1, -1, -1);
    read_lift(scene, 7, 52000, -1);
    read_lift(scene, -1, -1, 0);
    read_lift(scene, 3, 100, 0); /* another counter */
    read_lift(scene, 3, 100, 0);
    assert_int_equal(used(scene, "raised"), 0);
    read_lift(scene, -1, -1, -1); /* what happened meanwhile is seen afterwards */
    read_lift(scene, 3, 101, 0);
    assert_int_equal(used(scene, "raised"), 1);
    for (int i = 0; i < 1200; i++)
        read_lift(scene, -1, -1, -1);
    assert_int_equal(used(scene, "cleared"), 0);
    scene_close(scene);
}

/* One reading of one point of the only slave. */
static void read_one(struct scene *scene, const char *id, int64_t value)
{
    struct inbox *item = &scene->item;
    *item = (struct inbox){.kind = INBOX_BATCH};
    item->is.batch.mono_us = scene->now.mono_us;
    item->is.batch.utc_ms = scene->now.utc_ms;
    item->is.batch.synced = 1;
    item->is.batch.cycle_ended = 1;
    item->is.batch.samples[item->is.batch.sample_count++] = sample_of(scene, id, value);
    push(scene, item);
    pass(scene, S);
}

#define STOPPED(class, points)                                                                                         \
    "{ 'gateway': { 'id': 'g1' }, 'buses': [ { 'id': 'b', 'link': 'tcp', 'host': '127.0.0.1', 'port': 15020 } ],"      \
    "  'devices': [ { 'id': 'any', 'bus': 'b', 'unit': 1, 'class': '" class "', 'every': '1s',"                        \
                                                                            "    'identity': { 'register_status': "    \
                                                                            "'stopped' }, 'points': { " points         \
                                                                            " } } ],"                                  \
                                                                            "  'centres': [ { 'id': 'c1', 'url': "     \
                                                                            "'mqtt://127.0.0.1:1883' } ], 'journal': " \
                                                                            "{ 'dir': 'state' } }"

#define WORD(id, address, more) "'" id "': { 'function': 'holding', 'address': " address ", 'type': 'u16'" more " }"

/* A device of class generic by points that its class knows, a cylinder by its valve. */
static void other_devices_show_use_too(void **state)
{
    (void)state;
    struct scene *scene =
        lift_open(STOPPED("generic", WORD("run_hours", "0", ", 'unit': 'h'") ", " WORD("temp", "1", "")));
    read_one(scene, "temp", 1);
    read_one(scene, "temp", 2); /* any other point says nothing */
    read_one(scene, "run_hours", 700);
    read_one(scene, "run_hours", 700);
    assert_int_equal(used(scene, "raised"), 0);
    read_one(scene, "run_hours", 701);
    assert_int_equal(used(scene, "raised"), 1);
    scene_close(scene);
    scene = lift_open(STOPPED("generic", "'running': { 'function': 'coil', 'address': 0 }"));
    read_one(scene, "running", 0);
    assert_int_equal(used(scene, "raised"), 0);
    read_one(scene, "running", 1);
    assert_int_equal(used(scene, "raised"), 1);
    scene_close(scene);
    scene = lift_open(
        STOPPED("lpg_cylinder", WORD("valve_state", "0", ", 'map': { '0': 'open', '1': 'closed', '2': 'moving' }")));
    read_one(scene, "valve_state", 1);
    read_one(scene, "valve_state", 2);
    assert_int_equal(used(scene, "raised"), 0);
    read_one(scene, "valve_state", 0);
    assert_int_equal(used(scene, "raised"), 1);
    scene_close(scene);
}

static void a_lift_in_use_has_no_such_alarm(void **state)
{
    (void)state;
    struct scene *scene = lift_open(LIFT("in_use"));
    for (size_t i = 0; i < scene->site->rule_count; i++)
        assert_int_not_equal(scene->site->rules[i].kind, RULE_USED);
    read_lift(scene, 1000, 52000, 1);
    read_lift(scene, 1001, 52001, 1);
    assert_int_equal(used(scene, "raised"), 0);
    scene_close(scene);
}

/* --- cylinders --- */

#define SCALE(more)                                                                                                    \
    "{ 'gateway': { 'id': 'g1' }, 'buses': [ { 'id': 'b', 'link': 'tcp', 'host': '127.0.0.1', 'port': 15020 } ],"      \
    "  'devices': [ { 'id': 'scale-1', 'bus': 'b', 'unit': 1, 'class': 'lpg_scale', 'every': '1s', 'points': {"        \
    "      'gross_mass': { 'function': 'holding', 'address': 0, 'type': 'u16', 'scale': 0.01, 'unit': 'kg' },"         \
    "      'qr_raw': { 'function': 'holding', 'address': 1, 'type': 'string', 'length': 100 } } } ]," more             \
    "  'centres': [ { 'id': 'c1', 'url': 'mqtt://127.0.0.1:1883' } ], 'journal': { 'dir': 'state' } }"

#define QR(code, scrap) "[QP02001," code ",AG,323232,2015年09月," scrap "]气瓶安全云"

/* `qr` NULL: it cannot be read. */
static void push_weight(struct scene *scene, uint16_t slave, const char *qr, double mass)
{
    struct batch *batch = &scene->item.is.batch;
    scene->item = (struct inbox){.kind = INBOX_BATCH};
    *batch = (struct batch){.slave = slave,
                            .mono_us = scene->now.mono_us,
                            .utc_ms = scene->now.utc_ms,
                            .synced = scene->now.synced,
                            .cycle_ended = 1};
    batch->samples[0] = (struct sample){.point = (uint16_t)slave_point(scene, "gross_mass"), .value.number = mass};
    batch->samples[1] = sample_bad(slave_point(scene, "qr_raw"), REASON_NO_ANSWER);
    batch->sample_count = 2;
    if (qr != NULL) {
        batch->samples[1].quality = QUALITY_GOOD;
        batch->samples[1].reason = REASON_NONE;
        batch->samples[1].value = (union value){.text = {.offset = 0, .size = (uint16_t)strlen(qr)}};
        memcpy(batch->texts, qr, strlen(qr));
        batch->text_size = (uint16_t)strlen(qr);
    }
    push(scene, &scene->item);
}

static void weigh(struct scene *scene, const char *qr, double mass, int times)
{
    for (int i = 0; i < times; i++) {
        push_weight(scene, 0, qr, mass);
        pass(scene, S);
    }
}

static void weigh_both(struct scene *scene, const char *qr_1, const char *qr_2, int times)
{
    for (int i = 0; i < times; i++) {
        push_weight(scene, 0, qr_1, qr_1 != NULL && qr_1[0] == '\0' ? 0 : 30);
        push_weight(scene, 1, qr_2, qr_2 != NULL && qr_2[0] == '\0' ? 0 : 30);
        pass(scene, S);
    }
}

#define SWAP(old, new, mass)                                                                                           \
    "!cylinder_swapped \"dev\":\"scale-1\",\"old\":" old ",\"new\":\"" new "\",\"mass\":" mass ",\"by\":null; "

static void a_swap_is_told_with_both_codes(void **state)
{
    (void)state;
    struct scene *scene = lift_open(SCALE(""));
    weigh(scene, QR("132020000001", "2045年09月"), 30, 3); /* the first one ever */
    assert_said(scene, "");
    weigh(scene, "", 0, 10); /* taken off */
    weigh(scene, NULL, 31.4, 3);
    assert_said(scene, "");
    weigh(scene, QR("132020000001", "2045年09月"), 30, 3); /* the same one again */
    assert_said(scene, "");
    weigh(scene, QR("132020000002", "2045年09月"), 31.4, 3);
    assert_said(scene, SWAP("\"132020000001\"", "132020000002", "31.4"));
    restart(scene);
    pass(scene, S);
    weigh(scene, QR("132020000002", "2045年09月"), 31, 3);
    assert_said(scene, "");
    weigh(scene, QR("132020000003", "2045年09月"), 31, 3);
    assert_said(scene, SWAP("\"132020000002\"", "132020000003", "31"));
    restart(scene); /* exchanged while nobody was there */
    pass(scene, S);
    weigh(scene, QR("132020000004", "2045年09月"), 31, 3);
    assert_said(scene, SWAP("null", "132020000004", "31"));
    scene_close(scene);
}

static void an_expired_cylinder(void **state)
{
    (void)state;
    struct scene *scene =
        scene_open(SCALE(""), "2028-02-29", 15, 59); /* one minute to the last day's end of Shanghai */
    scene->now.utc_ms = utc_ms_of("2028-02-28", 15, 59);
    give_back(scene);
    weigh(scene, QR("132020000001", "2028年02月"), 30, 20);
    assert_said(scene, "");
    weigh(scene, QR("132020000001", "2028年02月"), 30, 60); /* February 29 begins, its last day */
    assert_said(scene, "lpg.expired raised; ");
    weigh(scene, NULL, 30, 60);
    assert_said(scene, "");
    weigh(scene, QR("132020000002", "2045年09月"), 30, 20);
    assert_said(scene, SWAP("\"132020000001\"", "132020000002", "30") "lpg.expired cleared; ");
    scene_close(scene);
}

static void an_unset_clock_lets_no_cylinder_expire(void **state)
{
    (void)state;
    struct scene *scene = lift_open(SCALE(""));
    scene->now.synced = false;
    weigh(scene, QR("132020000001", "2020年02月"), 30, 60);
    assert_said(scene, "");
    scene->now.synced = true;
    weigh(scene, QR("132020000001", "2020年02月"), 30, 20);
    assert_said(scene, "lpg.expired raised; ");
    scene->now.synced = false;
    weigh(scene, QR("132020000001", "2045年02月"), 30, 60);
    assert_said(scene, "");
    scene_close(scene);
}

static void an_unknown_cylinder(void **state)
{
    (void)state;
    struct scene *scene = lift_open(
        SCALE("'cylinders': { 'allow': ['" QR("132020000005", "2045年09月") "', '132020000009', '132020000001'] },"));
    weigh(scene, QR("132020000001", "2045年09月"), 30, 90);
    weigh(scene, QR("132020000005", "2045年09月"), 30, 90);
    assert_said(scene, SWAP("\"132020000001\"", "132020000005", "30"));
    weigh(scene, QR("132020000007", "2045年09月"), 30, 90);
    assert_said(scene, SWAP("\"132020000005\"", "132020000007", "30") "lpg.unknown_cylinder raised; ");
    weigh(scene, "", 0, 20); /* nothing there */
    assert_said(scene, "lpg.unknown_cylinder cleared; ");
    weigh(scene, "", 16.5, 90); /* no code */
    assert_said(scene, "lpg.unknown_cylinder raised; ");
    weigh(scene, NULL, 0, 40);
    assert_said(scene, "");
    scene_close(scene);
    scene = lift_open(SCALE(""));
    weigh(scene, QR("132020000007", "2045年09月"), 30, 90); /* none listed: any may be used */
    assert_said(scene, "");
    scene_close(scene);
}

#define POINTS                                                                                                         \
    "'every': '1s', 'points': {"                                                                                       \
    "      'gross_mass': { 'function': 'holding', 'address': 0, 'type': 'u16', 'scale': 0.01, 'unit': 'kg' },"         \
    "      'qr_raw': { 'function': 'holding', 'address': 1, 'type': 'string', 'length': 100 } } }"

#define SCALES(class_2)                                                                                                \
    "{ 'gateway': { 'id': 'g1' }, 'buses': [ { 'id': 'b', 'link': 'tcp', 'host': '127.0.0.1', 'port': 15020 } ],"      \
    "  'devices': [ { 'id': 'scale-1', 'bus': 'b', 'unit': 1, 'class': 'lpg_scale', " POINTS ","                       \
    "    { 'id': 'scale-2', 'bus': 'b', 'unit': 2, 'class': '" class_2 "', " POINTS " ],"                              \
    "  'centres': [ { 'id': 'c1', 'url': 'mqtt://127.0.0.1:1883' } ], 'journal': { 'dir': 'state' } }"

/* One label, one cylinder. It may be carried from one scale to the other, and it may have a valve that knows its code too. */
static void a_code_that_stands_twice(void **state)
{
    (void)state;
    static const char one[] = QR("132020000001", "2045年09月");
    static const char two[] = QR("132020000002", "2045年09月");
    struct scene *scene = lift_open(SCALES("lpg_scale"));
    weigh_both(scene, one, two, 90);
    assert_said(scene, "");
    weigh_both(scene, "", two, 5);
    weigh_both(scene, "", one, 90); /* carried over */
    assert_string_equal(strstr(scene->said, "lpg.") != NULL ? scene->said : "", "");
    scene->said[0] = '\0';
    weigh_both(scene, one, one, 58);
    assert_int_equal(count_of(scene->said, "lpg.unknown_cylinder raised"), 0);
    weigh_both(scene, one, one, 10); /* both of them: nobody knows which is the copy */
    assert_int_equal(count_of(scene->said, "lpg.unknown_cylinder raised"), 2);
    scene->said[0] = '\0';
    weigh_both(scene, NULL, one, 60); /* whose label cannot be read stays as it is; the other stands alone now */
    assert_int_equal(count_of(scene->said, "lpg.unknown_cylinder cleared"), 1);
    weigh_both(scene, two, one, 20);
    assert_int_equal(count_of(scene->said, "lpg.unknown_cylinder cleared"), 2);
    scene_close(scene);
    scene = lift_open(SCALES("lpg_cylinder"));
    weigh_both(scene, one, one, 90);
    assert_said(scene, "");
    scene_close(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stage_once_at_the_site_s_midnight),
        cmocka_unit_test(nothing_is_told_twice_over_restarts),
        cmocka_unit_test(waits_for_what_was_stored),
        cmocka_unit_test(an_unset_clock_raises_and_clears_nothing),
        cmocka_unit_test(delays_stand_while_the_clock_is_unset),
        cmocka_unit_test(a_clock_that_was_wrong),
        cmocka_unit_test(another_date_begins_anew),
        cmocka_unit_test(a_midnight_that_comes_twice),
        cmocka_unit_test(every_date_has_its_alarms),
        cmocka_unit_test(many_dates_at_once),
        cmocka_unit_test(the_proof_test_of_an_interlock),
        cmocka_unit_test(a_stopped_lift_that_runs),
        cmocka_unit_test(counters_that_rise_are_use),
        cmocka_unit_test(what_is_not_read_is_no_use),
        cmocka_unit_test(other_devices_show_use_too),
        cmocka_unit_test(a_lift_in_use_has_no_such_alarm),
        cmocka_unit_test(a_code_that_stands_twice),
        cmocka_unit_test(a_swap_is_told_with_both_codes),
        cmocka_unit_test(an_expired_cylinder),
        cmocka_unit_test(an_unset_clock_lets_no_cylinder_expire),
        cmocka_unit_test(an_unknown_cylinder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
