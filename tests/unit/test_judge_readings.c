/* What the judge makes of readings beyond plain limits: gates, references, rates, standing still, frozen slaves, idle
 * points, and what derive() is given. A site of its own, so that no class of the product matters. */
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/bell.h"
#include "gateway/base/check.h"
#include "gateway/core/normalize.h"
#include "gateway/model/inbox.h"
#include "gateway/model/news.h"
#include "gateway/run/judge.h"

#define S       INT64_C(1000000)
#define MS      INT64_C(1000)
#define BEGIN   (1000 * S)
#define UTC0    INT64_C(1700000000000)
#define EVERY   1000U
#define RING    ((size_t)64 * 1024)
#define SAID    1024
#define CHANNEL 600 /* idle points of the second slave */
#define YES     (UINT64_C(1) << 1)
#define NO      (UINT64_C(1) << 0)

enum { NEAR, FAR, SLAVES };               /* slaves */
enum { LEVEL, PULSE, NEAR_POINTS };       /* points of the near one */
enum { OTHER, FIRING, MODE, FAR_POINTS }; /* of the far one; idle ones follow */
enum { MAIN, SIDE, DEVICES };             /* the side device takes only the pulse */
enum { P_LEVEL, P_PULSE, P_OTHER, P_FIRING, P_MODE, P_SEEN, P_TWICE, P_LATE, POINTS };
enum { RULE, COMM, SIDE_COMM, RULES };

static const struct code modes[] = {{"off", "", ""}, {"low", "", ""}, {"high", "", ""}};

#define NUMBER(id_) .id = (id_), .unit = "", .type = VALUE_NUMBER, .minimum = NO_LIMIT, .maximum = NO_LIMIT

static const struct class_point class_points[POINTS] = {
    [P_LEVEL] = {NUMBER("level")},
    [P_PULSE] = {.id = "pulse", .unit = "", .type = VALUE_UINT, .minimum = NO_LIMIT, .maximum = NO_LIMIT},
    [P_OTHER] = {NUMBER("other")},
    [P_FIRING] = {.id = "firing", .unit = "", .type = VALUE_BOOL, .minimum = NO_LIMIT, .maximum = NO_LIMIT},
    [P_MODE] = {.id = "mode",
                .unit = "",
                .type = VALUE_ENUM,
                .codes = modes,
                .code_count = 3,
                .minimum = NO_LIMIT,
                .maximum = NO_LIMIT},
    [P_SEEN] = {NUMBER("seen"), .derived = true},
    [P_TWICE] = {NUMBER("twice"), .derived = true, .readable = true},
    [P_LATE] = {NUMBER("late"), .derived = true},
};

/* seen: how often derive() was called with a good level, from its memory, times its setting. late: 1 from 1.5 s after the
 * first good level on. */
struct remembered {
    int64_t first_mono_ms;
    double count;
};

static void derive_thing(struct derive *derive)
{
    struct remembered *remembered = derive->memory;
    derive->ret_next_mono_ms = INT64_MAX;
    if (derive->samples[P_LEVEL].quality == QUALITY_GOOD) {
        remembered->count += 1;
        if (remembered->first_mono_ms == 0)
            remembered->first_mono_ms = derive->mono_ms;
    }
    double const factor = derive->settings[0] > NO_LIMIT ? derive->settings[0] : -1;
    derive->samples[P_SEEN] = (struct sample){.value.number = remembered->count * factor};
    derive->samples[P_TWICE] = (struct sample){.value.number = 2 * derive->samples[P_SEEN].value.number};
    bool const late = remembered->first_mono_ms != 0 && derive->mono_ms >= remembered->first_mono_ms + 1500;
    derive->samples[P_LATE] = (struct sample){.value.number = late ? 1 : 0};
    if (remembered->first_mono_ms != 0 && !late)
        derive->ret_next_mono_ms = remembered->first_mono_ms + 1500;
}

static const struct class_setting class_settings[] = {{.id = "factor", .unit = "", .standard = NO_LIMIT}};

static const struct device_class thing = {.id = "thing",
                                          .points = class_points,
                                          .point_count = POINTS,
                                          .derive = derive_thing,
                                          .memory_size = sizeof(struct remembered),
                                          .settings = class_settings,
                                          .setting_count = 1};
static const struct device_class plain = {.id = "plain", .points = class_points, .point_count = POINTS};

struct room {
    struct site site;
    struct site_bus bus;
    struct site_slave slaves[SLAVES];
    struct slave_point near[NEAR_POINTS];
    struct slave_point far[FAR_POINTS + CHANNEL];
    struct site_device devices[DEVICES];
    struct device_point points[DEVICES][POINTS];
    int32_t by_class[DEVICES][POINTS];
    struct subject subjects[DEVICES];
    struct rule rules[RULES];
    struct judge *judge;
    struct board *board;
    struct ring inbox, news, telemetry, answers, writes;
    struct bell recorder_bell, answers_bell, bus_bell;
    struct now now;
    int64_t next;
    uint64_t pulse;
    char said[SAID];
    struct stored stored; /* of the rule, as a journal would have it */
    struct news record;   /* the last telemetry of the main device */
    struct news_alarm last_alarm;
    int64_t record_mono_us;
    struct inbox item;
    struct news popped;
};

static struct slave_point slave_point(const char *id, enum value_type type)
{
    return (struct slave_point){
        .id = id, .type = type, .unit = "", .scale = 1, .register_count = 1, .zh = "", .en = ""};
}

static void make_slaves(struct room *room)
{
    room->near[LEVEL] = slave_point("level", VALUE_NUMBER);
    room->near[PULSE] = slave_point("pulse", VALUE_UINT);
    room->far[OTHER] = slave_point("other", VALUE_NUMBER);
    room->far[FIRING] = slave_point("firing", VALUE_BOOL);
    room->far[MODE] = slave_point("mode", VALUE_ENUM);
    room->far[MODE].codes = modes;
    room->far[MODE].code_count = 3;
    for (size_t i = FAR_POINTS; i < FAR_POINTS + CHANNEL; i++) {
        room->far[i] = slave_point("idle", VALUE_NUMBER);
        room->far[i].idle = true;
        room->far[i].poll = POLL_SAFETY;
    }
    for (size_t i = OTHER; i < FAR_POINTS; i++)
        room->far[i].poll = POLL_NORMAL;
    room->slaves[NEAR] = (struct site_slave){
        .id = "near", .every_ms = {EVERY, EVERY, EVERY}, .points = room->near, .point_count = NEAR_POINTS};
    room->slaves[FAR] = (struct site_slave){
        .id = "far", .every_ms = {EVERY, EVERY, EVERY}, .points = room->far, .point_count = FAR_POINTS + CHANNEL};
}

static void add_point(struct room *room, size_t device, size_t point, int32_t slave, int32_t from)
{
    struct site_device *own = &room->devices[device];
    const struct class_point *canonical = &class_points[point];
    room->by_class[device][point] = (int32_t)own->point_count;
    room->points[device][own->point_count++] = (struct device_point){.id = canonical->id,
                                                                     .unit = "",
                                                                     .type = canonical->type,
                                                                     .codes = canonical->codes,
                                                                     .code_count = canonical->code_count,
                                                                     .class_point = (int32_t)point,
                                                                     .slave = slave,
                                                                     .slave_point = from,
                                                                     .factor = 1,
                                                                     .minimum = NO_LIMIT,
                                                                     .maximum = NO_LIMIT,
                                                                     .every_ms = EVERY};
}

static void make_device(struct room *room, size_t index, const char *id, const struct device_class *class)
{
    static const int32_t both[] = {NEAR, FAR};
    for (size_t i = 0; i < POINTS; i++)
        room->by_class[index][i] = -1;
    room->devices[index] = (struct site_device){.id = id,
                                                .class = class,
                                                .points = room->points[index],
                                                .by_class = room->by_class[index],
                                                .slaves = both,
                                                .slave_count = index == MAIN ? 2 : 1,
                                                .max_silence_ms = 60000,
                                                .every_ms = EVERY,
                                                .identity_json = "{}",
                                                .rule_first = index == MAIN ? RULE : SIDE_COMM,
                                                .rule_count = index == MAIN ? 2 : 1};
    room->subjects[index] = (struct subject){.id = id,
                                             .cls = class->id,
                                             .kind = SUBJECT_DEVICE,
                                             .index = (int32_t)index,
                                             .rule_first = room->devices[index].rule_first,
                                             .rule_count = room->devices[index].rule_count};
}

static void make_devices(struct room *room)
{
    make_device(room, MAIN, "main", &plain);
    add_point(room, MAIN, P_LEVEL, NEAR, LEVEL);
    add_point(room, MAIN, P_PULSE, NEAR, PULSE);
    add_point(room, MAIN, P_OTHER, FAR, OTHER);
    add_point(room, MAIN, P_FIRING, FAR, FIRING);
    add_point(room, MAIN, P_MODE, FAR, MODE);
    make_device(room, SIDE, "side", &plain);
    add_point(room, SIDE, P_PULSE, NEAR, PULSE);
    room->rules[RULE] = (struct rule){
        .id = "rule", .point = P_LEVEL, .kind = RULE_HI, .limit = 10, .from_point = -1, .when_point = -1, .unit = ""};
    room->rules[COMM] = room->rules[SIDE_COMM] =
        (struct rule){.id = "comm", .point = -1, .kind = RULE_COMM, .on_delay_ms = 3600000, .unit = ""};
    room->rules[SIDE_COMM].subject = SIDE;
}

/* For tests that are about it; elsewhere only one slave may be read. */
static void tell_losses(struct room *room)
{
    room->rules[COMM].on_delay_ms = 5000;
    room->rules[SIDE_COMM].on_delay_ms = 6000;
}

/* The site is made; a test changes it, then opens the judge. */
static struct room *room_make(void)
{
    struct room *room = calloc(1, sizeof *room);
    assert_non_null(room);
    make_slaves(room);
    make_devices(room);
    room->bus = (struct site_bus){.id = "bus", .kind = LINK_TCP, .timeout_ms = 500};
    room->site = (struct site){.file = "",
                               .sha256 = "",
                               .id = "g",
                               .buses = &room->bus,
                               .bus_count = 1,
                               .slaves = room->slaves,
                               .slave_count = SLAVES,
                               .devices = room->devices,
                               .device_count = DEVICES,
                               .subjects = room->subjects,
                               .subject_count = DEVICES,
                               .rules = room->rules,
                               .rule_count = RULES};
    room->now = (struct now){.mono_us = BEGIN, .utc_ms = UTC0, .synced = true};
    assert_int_equal(ring_open(&room->inbox, RING), ERR_OK);
    assert_int_equal(ring_open(&room->news, RING), ERR_OK);
    assert_int_equal(ring_open(&room->telemetry, RING), ERR_OK);
    assert_int_equal(ring_open(&room->answers, 4096), ERR_OK);
    assert_int_equal(ring_open(&room->writes, 4096), ERR_OK);
    assert_int_equal(bell_open(&room->recorder_bell), ERR_OK);
    assert_int_equal(bell_open(&room->answers_bell), ERR_OK);
    assert_int_equal(bell_open(&room->bus_bell), ERR_OK);
    return room;
}

static void push(struct room *room)
{
    assert_int_equal(ring_push(&room->inbox, &room->item, inbox_size(&room->item)), ERR_OK);
}

static void step(struct room *room)
{
    room->next = judge_step(room->judge, room->now);
}

static void open_judge(struct room *room)
{
    struct judge_bus const bus = {&room->writes, &room->bus_bell};
    assert_int_equal(board_open(&room->board, &room->site), ERR_OK);
    assert_int_equal(judge_open(&room->judge, &(struct judge_setup){.site = &room->site,
                                                                    .inbox = &room->inbox,
                                                                    .news = &room->news,
                                                                    .telemetry = &room->telemetry,
                                                                    .recorder_bell = &room->recorder_bell,
                                                                    .buses = &bus,
                                                                    .answers = &room->answers,
                                                                    .answers_bell = &room->answers_bell,
                                                                    .board = room->board}),
                     ERR_OK);
    step(room);
}

static void close_judge(struct room *room)
{
    judge_close(room->judge);
    board_close(room->board);
}

static void begin(struct room *room)
{
    room->item.kind = INBOX_RESTORED;
    push(room);
    step(room);
}

static void start(struct room *room)
{
    open_judge(room);
    begin(room);
}

static void room_close(struct room *room)
{
    close_judge(room);
    ring_close(&room->inbox);
    ring_close(&room->news);
    ring_close(&room->telemetry);
    ring_close(&room->answers);
    ring_close(&room->writes);
    bell_close(&room->recorder_bell);
    bell_close(&room->answers_bell);
    bell_close(&room->bus_bell);
    free(room);
}

static void hear(struct room *room)
{
    size_t size = 0;
    while (ring_pop(&room->news, &room->popped, sizeof room->popped, &size) == ERR_OK) {
        const struct news *news = &room->popped;
        if (news->has_stored != 0 && news->stored.kind == STORED_RULE && news->stored.index == RULE)
            room->stored = news->stored;
        if (news->kind != NEWS_ALARM)
            continue;
        room->last_alarm = news->is.alarm;
        const struct rule *rule = &room->rules[news->is.alarm.rule];
        size_t const used = strlen(room->said);
        (void)snprintf(room->said + used, SAID - used, "%s.%s %s@%.3f; ", room->subjects[rule->subject].id, rule->id,
                       alarm_event_text((enum alarm_event)news->is.alarm.event),
                       (double)(news->mono_us - BEGIN) / (double)S);
    }
    while (ring_pop(&room->telemetry, &room->popped, sizeof room->popped, &size) == ERR_OK)
        if (room->popped.is.telemetry.device == MAIN) {
            room->record_mono_us = room->now.mono_us;
            memcpy(&room->record, &room->popped, size);
        }
}

/* What was said since the last time: "main.rule raised@3.000; " */
static const char *said(struct room *room)
{
    static char words[SAID];
    hear(room);
    memcpy(words, room->said, sizeof words);
    room->said[0] = '\0';
    return words;
}

static void set_time(struct room *room, int64_t mono_us)
{
    room->now.mono_us = mono_us;
    room->now.utc_ms = UTC0 + (mono_us - BEGIN) / 1000;
}

/* Until so long after the beginning, stepping whenever the judge wants to be stepped. */
static void until(struct room *room, int64_t us)
{
    step(room);
    while (room->next <= BEGIN + us) {
        assert_true(room->next > room->now.mono_us);
        set_time(room, room->next);
        step(room);
    }
    set_time(room, BEGIN + us);
    step(room);
}

static struct batch *batch(struct room *room, uint16_t slave)
{
    room->item.kind = INBOX_BATCH;
    struct batch *own = &room->item.is.batch;
    memset(own, 0, offsetof(struct batch, samples));
    own->mono_us = room->now.mono_us;
    own->utc_ms = room->now.utc_ms;
    own->synced = 1;
    own->slave = slave;
    own->cycle_ended = 1;
    return own;
}

static void add(struct batch *own, size_t point, union value value)
{
    own->samples[own->sample_count++] = (struct sample){.point = (uint16_t)point, .value = value};
}

static void give(struct room *room)
{
    push(room);
    step(room);
}

/* Readings. The pulse goes on with each of them. */
static void level(struct room *room, double value)
{
    struct batch *own = batch(room, NEAR);
    add(own, LEVEL, (union value){.number = value});
    add(own, PULSE, (union value){.natural = ++room->pulse});
    give(room);
}

static void no_level(struct room *room)
{
    struct batch *own = batch(room, NEAR);
    own->samples[own->sample_count++] = sample_bad(LEVEL, REASON_INVALID);
    add(own, PULSE, (union value){.natural = ++room->pulse});
    give(room);
}

static void pulse(struct room *room, double value, uint64_t beat)
{
    struct batch *own = batch(room, NEAR);
    add(own, LEVEL, (union value){.number = value});
    add(own, PULSE, (union value){.natural = beat});
    give(room);
}

static void far(struct room *room, double other, bool firing, uint32_t mode)
{
    struct batch *own = batch(room, FAR);
    add(own, OTHER, (union value){.number = other});
    add(own, FIRING, (union value){.boolean = firing});
    add(own, MODE, (union value){.code = mode});
    give(room);
}

static void bad(struct room *room, uint16_t slave, enum reason reason)
{
    struct batch *own = batch(room, slave);
    size_t const count = slave == NEAR ? (size_t)NEAR_POINTS : (size_t)FAR_POINTS;
    for (size_t i = 0; i < count; i++)
        own->samples[own->sample_count++] = sample_bad(i, reason);
    give(room);
}

static const struct board_device *shown(const struct room *room, size_t device)
{
    static struct board_device last;
    board_get_device(room->board, device, &last);
    return &last;
}

static bool holds(struct room *room)
{
    struct board_rule rule;
    board_get_rule(room->board, RULE, &rule);
    return rule.condition;
}

static bool waits(struct room *room)
{
    struct board_rule rule;
    board_get_rule(room->board, RULE, &rule);
    return rule.pending;
}

static void restart(struct room *room)
{
    hear(room);
    close_judge(room);
    open_judge(room);
    room->item.kind = INBOX_STORED;
    room->item.is.stored = room->stored;
    room->item.is.stored.occurrence = 0;
    push(room);
    begin(room);
}

/* --- gates --- */

static struct room *gated(uint32_t on_ms, uint32_t off_ms)
{
    struct room *room = room_make();
    room->rules[RULE].on_delay_ms = on_ms;
    room->rules[RULE].off_delay_ms = off_ms;
    room->rules[RULE].when_point = P_FIRING;
    room->rules[RULE].when_mask = YES;
    start(room);
    return room;
}

static void test_a_gate_opens_and_shuts(void **state)
{
    (void)state;
    struct room *room = gated(2000, 3000);
    far(room, 0, false, 0);
    level(room, 50);
    until(room, 1 * S);
    level(room, 50);
    assert_false(waits(room));
    until(room, 1500 * MS);
    far(room, 0, true, 0); /* opens: nothing else is read, and the delay runs from here */
    assert_true(waits(room));
    until(room, 3500 * MS - 1);
    assert_string_equal(said(room), "");
    until(room, 3500 * MS);
    assert_string_equal(said(room), "main.rule raised@3.500; ");
    until(room, 4 * S);
    level(room, 50);
    far(room, 0, false, 0); /* shuts: the reading still crosses, the off-delay runs */
    until(room, 5500 * MS);
    level(room, 50);
    until(room, 7 * S - 1);
    assert_true(holds(room));
    far(room, 0, false, 0); /* 1 µs short */
    assert_true(holds(room));
    until(room, 7 * S);
    far(room, 0, false, 0); /* the gate's own reading ends it */
    assert_string_equal(said(room), "main.rule cleared@7.000; ");
    room_close(room);
}

/* An open gate brings no reading: what clears has to be read. */
static void test_an_open_gate_does_not_count_as_a_reading(void **state)
{
    (void)state;
    struct room *room = gated(0, 2000);
    far(room, 0, true, 0);
    level(room, 50);
    until(room, 1 * S);
    level(room, 1);
    until(room, 2 * S);
    far(room, 0, true, 0);
    until(room, 3 * S);
    far(room, 0, true, 0);
    assert_true(holds(room));
    level(room, 1);
    assert_false(holds(room));
    room_close(room);
}

static void test_a_gate_that_opens_again_keeps_the_alarm(void **state)
{
    (void)state;
    struct room *room = gated(0, 3000);
    far(room, 0, true, 0);
    level(room, 50);
    far(room, 0, false, 0);
    until(room, 2 * S);
    far(room, 0, true, 0);
    until(room, 2500 * MS);
    far(room, 0, false, 0);
    until(room, 5 * S);
    far(room, 0, false, 0);
    assert_true(holds(room)); /* 2 s and 2.5 s are not 3 s */
    assert_string_equal(said(room), "main.rule raised@0.000; ");
    room_close(room);
}

static void test_a_latched_alarm_behind_a_gate_stays_latched(void **state)
{
    (void)state;
    struct room *room = gated(0, 0);
    room->rules[RULE].latch = true;
    far(room, 0, true, 0);
    level(room, 50);
    far(room, 0, false, 0);
    struct board_rule rule;
    board_get_rule(room->board, RULE, &rule);
    assert_int_equal(rule.state, ALARM_LATCH_UNACK);
    room_close(room);
}

/* Doubt counts for the alarm: a gate that cannot be read stands open. */
static void test_a_gate_that_cannot_be_read(void **state)
{
    (void)state;
    struct room *room = gated(2000, 0);
    far(room, 0, false, 0);
    level(room, 50);
    until(room, 1 * S);
    level(room, 50);
    bad(room, FAR, REASON_NO_ANSWER);
    until(room, 3 * S);
    assert_string_equal(said(room), "main.rule raised@3.000; ");
    bad(room, FAR, REASON_NO_ANSWER);
    assert_true(holds(room));
    far(room, 0, false, 0);
    assert_string_equal(said(room), "main.rule cleared@3.000; ");
    room_close(room);
}

/* Shut, it decides even beside a reading that says nothing: no AND unknown is no. */
static void test_a_shut_gate_beside_a_bad_reading(void **state)
{
    (void)state;
    struct room *room = gated(0, 3000);
    far(room, 0, true, 0);
    level(room, 50);
    until(room, 1 * S);
    no_level(room);
    far(room, 0, true, 0);
    until(room, 2 * S);
    assert_true(holds(room));
    no_level(room);
    far(room, 0, false, 0);
    until(room, 4 * S);
    far(room, 0, false, 0);
    until(room, 5 * S);
    assert_true(holds(room));
    no_level(room);
    assert_string_equal(said(room), "main.rule raised@0.000; main.rule cleared@5.000; ");
    room_close(room);
}

/* At start the gate may be read after what it gates: no false alarm of each start, and no silence for ever. */
static void test_a_gate_that_was_not_read_yet(void **state)
{
    (void)state;
    struct room *room = gated(0, 0);
    level(room, 50);
    assert_false(holds(room));
    until(room, 1 * S);
    far(room, 0, true, 0);
    assert_string_equal(said(room), "main.rule raised@1.000; ");
    room_close(room);
    room = gated(0, 0);
    for (int64_t t = 0; t <= 30; t++) {
        until(room, t * S);
        level(room, 50);
        assert_int_equal(holds(room), t == 30);
    }
    room_close(room);
    room = gated(0, 0); /* but what cannot cross needs no gate */
    room->rules[RULE].off_delay_ms = 0;
    level(room, 50);
    level(room, 1);
    far(room, 0, true, 0);
    assert_string_equal(said(room), "");
    room_close(room);
}

static void test_a_gate_of_codes(void **state)
{
    (void)state;
    struct room *room = room_make();
    room->rules[RULE].when_point = P_MODE;
    room->rules[RULE].when_mask = 1 << 1 | 1 << 2;
    start(room);
    level(room, 50);
    far(room, 0, false, 0);
    assert_false(holds(room));
    for (uint32_t mode = 1; mode <= 2; mode++) {
        far(room, 0, false, mode);
        assert_true(holds(room));
        far(room, 0, false, 0);
        assert_false(holds(room));
    }
    room_close(room);
}

/* The state its device was in goes with an alarm, as it was last read well. */
static void test_an_alarm_tells_the_mode(void **state)
{
    (void)state;
    struct room *room = room_make();
    start(room);
    level(room, 50);
    assert_string_equal(said(room), "main.rule raised@0.000; ");
    assert_int_equal(room->last_alarm.context_count, 0); /* never read */
    level(room, 1);
    far(room, 0, false, 2);
    level(room, 50);
    assert_string_equal(said(room), "main.rule cleared@0.000; main.rule raised@0.000; ");
    assert_int_equal(room->last_alarm.context_count, 1);
    assert_int_equal(room->last_alarm.context[0].point, P_MODE);
    assert_int_equal(room->last_alarm.context[0].code, 2);
    bad(room, FAR, REASON_NO_ANSWER);
    level(room, 1);
    assert_string_equal(said(room), "main.rule cleared@0.000; ");
    assert_int_equal(room->last_alarm.context_count, 0);
    room_close(room);
}

/* --- deviation --- */

static void test_deviation_from_a_point(void **state)
{
    (void)state;
    struct room *room = room_make();
    room->rules[RULE] = (struct rule){.id = "rule",
                                      .point = P_LEVEL,
                                      .kind = RULE_DEVIATION,
                                      .limit = 3,
                                      .deadband = 1,
                                      .from_point = P_OTHER,
                                      .on_delay_ms = 2000,
                                      .unit = ""};
    start(room);
    level(room, 20); /* nothing to compare with yet */
    assert_false(waits(room));
    far(room, 17, false, 0); /* the reference alone makes it cross */
    assert_true(waits(room));
    until(room, 1 * S);
    bad(room, FAR, REASON_NO_ANSWER); /* unknown: the clock stands */
    until(room, 2500 * MS);
    level(room, 21);
    assert_string_equal(said(room), "");
    far(room, 25, false, 0); /* the other way round */
    until(room, 3500 * MS);
    assert_string_equal(said(room), "main.rule raised@3.500; ");
    far(room, 23, false, 0); /* 2 away: within the deadband */
    assert_true(holds(room));
    level(room, 21.5);
    assert_string_equal(said(room), "main.rule cleared@3.500; ");
    room_close(room);
}

static void test_deviation_from_a_number(void **state)
{
    (void)state;
    struct room *room = room_make();
    room->rules[RULE].kind = RULE_DEVIATION;
    room->rules[RULE].limit = 3;
    room->rules[RULE].from_value = -10;
    start(room);
    level(room, -12.9);
    assert_false(holds(room));
    level(room, -13);
    assert_true(holds(room));
    level(room, -7.1);
    assert_false(holds(room));
    level(room, -7);
    assert_true(holds(room));
    room_close(room);
}

/* --- rate --- */

static struct room *rated(double limit)
{
    struct room *room = room_make();
    room->rules[RULE].kind = RULE_RATE;
    room->rules[RULE].limit = limit;
    room->rules[RULE].deadband = 1;
    room->rules[RULE].over_ms = 10000;
    start(room);
    return room;
}

static void test_rate(void **state)
{
    (void)state;
    for (int sign = 1; sign >= -1; sign -= 2) {
        struct room *room = rated(sign * 5);
        for (int64_t t = 0; t <= 40; t++) { /* 0.4 a second, then 0.6, then nothing */
            double value = 0.4 * (double)(t < 20 ? t : 20) + 0.6 * (double)(t < 20 ? 0 : t < 30 ? t - 20 : 10);
            until(room, t * S);
            level(room, 100 + sign * value);
        }
        /* At 25 s: 100 + 8 + 3 against 100 + 6; at 33 s 14 against 9.8, at 34 s against 10.4 */
        assert_string_equal(said(room), "main.rule raised@25.000; main.rule cleared@34.000; ");
        room_close(room);
    }
}

static void test_rate_needs_a_window(void **state)
{
    (void)state;
    struct room *room = rated(5);
    for (int64_t t = 0; t < 5; t++) {
        until(room, t * S);
        level(room, 7 * (double)t);
        assert_false(holds(room));
    }
    until(room, 5 * S);
    level(room, 30);
    assert_true(holds(room));
    for (int64_t t = 6; t < 20; t++) { /* unknown: holds */
        until(room, t * S);
        no_level(room);
    }
    until(room, 20 * S);
    level(room, 30); /* a gap of more than the window: nothing is known again */
    until(room, 25 * S - 1);
    level(room, 30);
    assert_true(holds(room));
    until(room, 25 * S);
    level(room, 30);
    assert_false(holds(room));
    level(room, 50);
    assert_true(holds(room));
    restart(room);
    assert_true(holds(room));
    level(room, 50);
    until(room, 29 * S);
    level(room, 50);
    assert_true(holds(room));
    until(room, 30 * S);
    level(room, 50);
    assert_false(holds(room));
    room_close(room);
}

/* A shut gate hides the change, not the readings. */
static void test_rate_behind_a_gate(void **state)
{
    (void)state;
    struct room *room = room_make();
    room->rules[RULE] = (struct rule){.id = "rule",
                                      .point = P_LEVEL,
                                      .kind = RULE_RATE,
                                      .limit = 5,
                                      .over_ms = 10000,
                                      .when_point = P_FIRING,
                                      .when_mask = YES,
                                      .unit = ""};
    start(room);
    for (int64_t t = 0; t <= 10; t++) {
        until(room, t * S);
        far(room, 0, false, 0);
        level(room, (double)t);
    }
    assert_false(holds(room));
    until(room, 11 * S);
    far(room, 0, true, 0); /* the window went on behind the gate: 10 now, 1 at 1 s */
    assert_true(holds(room));
    room_close(room);
}

/* --- stuck --- */

static struct room *stuck(double deadband)
{
    struct room *room = room_make();
    room->rules[RULE].kind = RULE_STUCK;
    room->rules[RULE].limit = NO_LIMIT;
    room->rules[RULE].deadband = deadband;
    room->rules[RULE].on_delay_ms = 10000;
    room->rules[RULE].off_delay_ms = 2000;
    start(room);
    return room;
}

static void test_stuck(void **state)
{
    (void)state;
    struct room *room = stuck(0.5);
    static const double readings[] = {5, 5.5, 5.6, 5.2, 6.0, 6.2, 5.8}; /* it creeps: 0 s, 2 s and 5 s begin anew */
    int64_t t = 0;
    for (; t < 7; t++) {
        until(room, t * S);
        level(room, readings[t]);
    }
    for (; t <= 14; t++) {
        until(room, t * S);
        level(room, 6);
    }
    until(room, 15 * S - 1);
    assert_string_equal(said(room), "");
    until(room, 15 * S);
    assert_string_equal(said(room), "main.rule raised@15.000; ");
    for (; t <= 20; t++) {
        until(room, t * S);
        level(room, 5.8); /* still where it stood, at 6.2 */
    }
    assert_true(holds(room));
    until(room, 21 * S);
    level(room, 9);
    until(room, 22 * S);
    level(room, 9);
    until(room, 23 * S);
    level(room, 9); /* it moved, and stands somewhere else: that is another standing */
    assert_string_equal(said(room), "main.rule cleared@23.000; ");
    for (t = 24; t <= 33; t++) {
        until(room, t * S);
        level(room, 9);
    }
    assert_string_equal(said(room), "main.rule raised@33.000; ");
    room_close(room);
}

static void test_stuck_does_not_count_what_is_not_read(void **state)
{
    (void)state;
    struct room *room = stuck(0);
    level(room, 5);
    until(room, 2 * S);
    level(room, 5);
    until(room, 4 * S);
    no_level(room); /* 4 s have run */
    until(room, 60 * S);
    level(room, 5);
    until(room, 62 * S);
    level(room, 5);
    until(room, 64 * S);
    level(room, 5);
    until(room, 66 * S - 1);
    assert_string_equal(said(room), "");
    until(room, 66 * S);
    assert_string_equal(said(room), "main.rule raised@66.000; ");
    restart(room);
    level(room, 7); /* where it stood is not known any more: it still does, until it is seen to move */
    until(room, 70 * S);
    level(room, 7);
    assert_true(holds(room));
    level(room, 8);
    until(room, 72 * S);
    level(room, 9);
    assert_string_equal(said(room), "main.rule cleared@72.000; ");
    restart(room); /* a standing that waits begins anew */
    for (int64_t t = 75; t < 85; t++) {
        until(room, t * S);
        level(room, 9);
    }
    assert_string_equal(said(room), "");
    until(room, 85 * S);
    assert_string_equal(said(room), "main.rule raised@85.000; ");
    room_close(room);
}

static void test_stuck_behind_a_gate(void **state)
{
    (void)state;
    struct room *room = stuck(0);
    room->rules[RULE].when_point = P_FIRING;
    room->rules[RULE].when_mask = YES;
    for (int64_t t = 0; t <= 20; t++) {
        until(room, t * S);
        far(room, 0, t >= 8, 0); /* opens at 8 s: from there it stands */
        level(room, 5);
    }
    assert_string_equal(said(room), "main.rule raised@18.000; ");
    until(room, 21 * S);
    far(room, 0, false, 0);
    until(room, 23 * S);
    far(room, 0, false, 0);
    assert_string_equal(said(room), "main.rule cleared@23.000; ");
    room_close(room);
}

/* --- frozen slaves --- */

static struct room *watched(void)
{
    struct room *room = room_make();
    room->slaves[NEAR].frozen_point = PULSE;
    room->slaves[NEAR].frozen_after_ms = 10000;
    tell_losses(room);
    start(room);
    return room;
}

static enum reason reason_of(struct room *room, size_t device, size_t point)
{
    const struct sample *sample = &shown(room, device)->samples[point];
    return sample->quality == QUALITY_BAD ? (enum reason)sample->reason : REASON_NONE;
}

static void test_a_heartbeat_that_stands_still(void **state)
{
    (void)state;
    struct room *room = watched();
    for (int64_t t = 0; t < 20; t++) { /* changes for the last time at 9.5 s */
        until(room, t * S + 500 * MS);
        far(room, 0, false, 0);
        pulse(room, 50, (uint64_t)(t < 9 ? t : 9));
    }
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_FROZEN); /* the reading at 19.5 s */
    assert_int_equal(reason_of(room, MAIN, P_PULSE), REASON_FROZEN);
    assert_int_equal(reason_of(room, SIDE, 0), REASON_FROZEN);
    assert_int_equal(reason_of(room, MAIN, P_OTHER), REASON_NONE);
    assert_string_equal(said(room), "main.rule raised@0.500; ");
    assert_true(holds(room)); /* alarms hold */
    for (int64_t t = 20; t < 30; t++) {
        until(room, t * S + 500 * MS);
        far(room, 0, false, 0);
        pulse(room, 1, 9);
        assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_FROZEN);
    }
    assert_string_equal(said(room), "main.comm raised@24.500; side.comm raised@25.500; "); /* it counts as lost */
    assert_true(holds(room));
    pulse(room, 1, 10); /* it lives: with that very reading */
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NONE);
    assert_string_equal(said(room), "main.rule cleared@29.500; main.comm cleared@29.500; side.comm cleared@29.500; ");
    room_close(room);
}

/* Between two readings of the heartbeat the timer is as exact as everywhere. */
static void test_it_freezes_between_readings(void **state)
{
    (void)state;
    struct room *room = watched();
    pulse(room, 1, 7);
    for (int64_t t = 1; t < 10; t++) {
        until(room, t * S + 200 * MS);
        pulse(room, 1, 7);
    }
    until(room, 10 * S - 1);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NONE);
    assert_int_equal(room->next, BEGIN + 10 * S);
    until(room, 10 * S);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_FROZEN);
    assert_int_equal(reason_of(room, SIDE, 0), REASON_FROZEN);
    until(room, 15 * S);
    pulse(room, 1, 8);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NONE);
    room_close(room);
}

/* What is not read does not stand still. */
static void test_a_heartbeat_that_is_not_read(void **state)
{
    (void)state;
    struct room *room = watched();
    bad(room, NEAR, REASON_NO_ANSWER); /* before the first good one: nothing to count from */
    until(room, 1 * S);
    pulse(room, 1, 7);
    until(room, 5 * S);
    pulse(room, 1, 7);
    bad(room, NEAR, REASON_NO_ANSWER); /* 4 s have run */
    until(room, 7 * S);
    bad(room, NEAR, REASON_NO_ANSWER);
    until(room, 40 * S);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NO_ANSWER);
    pulse(room, 1, 7);
    for (int64_t t = 41; t < 46; t++) {
        until(room, t * S);
        pulse(room, 1, 7);
    }
    until(room, 46 * S - 1);
    pulse(room, 1, 7);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NONE);
    until(room, 46 * S);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_FROZEN);
    bad(room, NEAR, REASON_NO_ANSWER);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NO_ANSWER);
    pulse(room, 1, 7); /* an answer in between is no sign of life */
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_FROZEN);
    room_close(room);
}

/* The reading that would show a change is late: it decides when it comes, not the timer. */
static void test_a_late_reading_of_the_heartbeat(void **state)
{
    (void)state;
    struct room *room = watched();
    for (int64_t t = 0; t < 9; t++) {
        until(room, t * S);
        pulse(room, 1, 7);
    }
    until(room, 10 * S + 100 * MS); /* the last one came at 8 s; a period and a quarter are over */
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NONE);
    struct batch *other = batch(room, NEAR); /* another read of that slave decides nothing either */
    add(other, LEVEL, (union value){.number = 1});
    give(room);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NONE);
    pulse(room, 1, 8);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NONE);
    for (int64_t t = 11; t < 19; t++) {
        until(room, t * S);
        pulse(room, 1, 8);
    }
    until(room, 20 * S + 200 * MS);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NONE);
    pulse(room, 1, 8);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_FROZEN);
    room_close(room);
}

/* The clock runs while the judge still waits for the journal, and what is frozen then is frozen when it begins. */
static void test_it_freezes_while_restoring(void **state)
{
    (void)state;
    struct room *room = room_make();
    room->slaves[NEAR].frozen_point = PULSE;
    room->slaves[NEAR].frozen_after_ms = 500;
    open_judge(room);
    pulse(room, 50, 7);
    set_time(room, BEGIN + 500 * MS);
    pulse(room, 50, 7);
    begin(room);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_FROZEN);
    assert_string_equal(said(room), "");
    pulse(room, 50, 8);
    assert_string_equal(said(room), "main.rule raised@0.500; ");
    room_close(room);
}

static void test_a_slave_without_a_watchdog(void **state)
{
    (void)state;
    struct room *room = room_make();
    tell_losses(room);
    start(room);
    for (int64_t t = 0; t < 300; t++) {
        until(room, t * S);
        far(room, 0, false, 0);
        pulse(room, 1, 7);
    }
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NONE);
    assert_string_equal(said(room), "");
    room_close(room);
}

/* --- staleness --- */

/* What is read once a minute, and first, does not make what is read each second old only after three minutes. */
static void test_a_slow_point_that_is_read_first(void **state)
{
    (void)state;
    struct room *room = room_make();
    for (size_t i = P_OTHER; i <= P_MODE; i++)
        room->points[MAIN][i].every_ms = 60000;
    start(room);
    far(room, 0, false, 0);
    until(room, 1 * S);
    level(room, 1);
    until(room, 4 * S - 1);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_NONE);
    until(room, 4 * S);
    assert_int_equal(reason_of(room, MAIN, P_LEVEL), REASON_STALE);
    until(room, 180 * S - 1);
    assert_int_equal(reason_of(room, MAIN, P_OTHER), REASON_NONE);
    until(room, 180 * S);
    assert_int_equal(reason_of(room, MAIN, P_OTHER), REASON_STALE);
    room_close(room);
}

/* --- idle points --- */

/* A panel of which one channel is used: what is never read is not waited for. */
static void test_idle_points_are_not_missed(void **state)
{
    (void)state;
    struct room *room = room_make();
    tell_losses(room);
    room->slaves[FAR].every_ms[POLL_NORMAL] = 60000; /* what is read; the idle ones would be, each second */
    for (size_t i = P_OTHER; i <= P_MODE; i++)
        room->points[MAIN][i].every_ms = 60000;
    room->points[MAIN][P_PULSE].deadband = 1e9;
    start(room);
    for (int64_t t = 0; t < 120; t++) {
        until(room, t * S);
        if (t % 60 == 0)
            far(room, (double)t, false, 0);
        hear(room);
        level(room, (double)(t / 5 % 9)); /* now and then there is news */
        room->record_mono_us = 0;
        hear(room);
        if (t % 5 == 0 && t % 60 != 0)
            assert_int_equal(room->record_mono_us, room->now.mono_us); /* a round waits for nobody else */
    }
    assert_string_equal(said(room), "");
    until(room, 300 * S); /* and then the line is cut: 119 s and 60 s were the last readings, so 122 s and 240 s */
    assert_int_equal(reason_of(room, MAIN, P_OTHER), REASON_STALE);
    assert_string_equal(said(room), "main.comm raised@127.000; side.comm raised@128.000; ");
    room_close(room);
}

/* --- what derive() is given --- */

static double number_of(struct room *room, size_t point)
{
    return shown(room, MAIN)->samples[point].value.number;
}

static struct room *deriving(const double *settings, bool read_twice)
{
    struct room *room = room_make();
    make_device(room, MAIN, "main", &thing);
    room->devices[MAIN].settings = settings;
    add_point(room, MAIN, P_LEVEL, NEAR, LEVEL);
    add_point(room, MAIN, P_PULSE, NEAR, PULSE);
    add_point(room, MAIN, P_OTHER, FAR, OTHER);
    add_point(room, MAIN, P_FIRING, FAR, FIRING);
    add_point(room, MAIN, P_MODE, FAR, MODE);
    add_point(room, MAIN, P_SEEN, -1, -1);
    add_point(room, MAIN, P_TWICE, read_twice ? FAR : -1, read_twice ? OTHER : -1);
    add_point(room, MAIN, P_LATE, -1, -1);
    start(room);
    return room;
}

static void assert_near(double value, double wanted)
{
    if (!(fabs(value - wanted) < 1e-9))
        fail_msg("%g is not %g", value, wanted);
}

static void test_settings_and_memory(void **state)
{
    (void)state;
    static const double settings[] = {10};
    struct room *room = deriving(settings, false);
    level(room, 1);
    assert_near(number_of(room, P_SEEN), 10);
    assert_near(number_of(room, P_TWICE), 20); /* a derived point of a derived point */
    level(room, 1);
    assert_near(number_of(room, P_SEEN), 20);
    restart(room); /* the memory is not kept */
    level(room, 1);
    assert_near(number_of(room, P_SEEN), 10);
    room_close(room);
    room = deriving(NULL, false); /* nothing is known of it: not zero, and no pointer to nothing */
    level(room, 1);
    assert_near(number_of(room, P_SEEN), -1);
    room_close(room);
}

static void test_a_derived_point_that_is_read(void **state)
{
    (void)state;
    static const double settings[] = {10};
    struct room *room = deriving(settings, true);
    far(room, 77, false, 0);
    level(room, 1);
    assert_near(number_of(room, P_SEEN), 10);
    assert_near(number_of(room, P_TWICE), 77);
    room_close(room);
}

static void test_derive_is_called_when_it_wants(void **state)
{
    (void)state;
    struct room *room = deriving(NULL, false);
    room->rules[RULE] = (struct rule){.id = "rule", .point = P_LATE, .kind = RULE_HI, .limit = 1, .from_point = -1};
    level(room, 1);
    until(room, 1500 * MS - 1);
    assert_near(number_of(room, P_LATE), 0);
    until(room, 1500 * MS);
    assert_near(number_of(room, P_LATE), 1);
    assert_string_equal(said(room), "main.rule raised@1.500; ");
    room_close(room);
}

/* --- size --- */

static void derive_nothing(struct derive *derive)
{
    derive->ret_next_mono_ms = INT64_MAX;
}

/* Everything at its maximum at once, and of everything the dearest kind. */
static void test_the_largest_site(void **state)
{
    (void)state;
    static const struct device_class dear = {
        .id = "dear", .derive = derive_nothing, .memory_size = DERIVE_MEMORY_MAX, .point_count = 0};
    struct room *room = room_make();
    struct site_slave *slaves = calloc(SITE_SLAVES_MAX, sizeof *slaves);
    struct slave_point *slave_points = calloc(SITE_POINTS_MAX, sizeof *slave_points);
    struct site_device *devices = calloc(SITE_DEVICES_MAX, sizeof *devices);
    struct device_point *points = calloc((size_t)SITE_SLAVES_MAX * SITE_DEVICE_POINTS_MAX, sizeof *points);
    int32_t *numbers = calloc(SITE_SLAVES_MAX, sizeof *numbers);
    struct rule *rules = calloc(SITE_RULES_MAX, sizeof *rules);
    struct subject *subjects = calloc(SITE_DEVICES_MAX, sizeof *subjects);
    assert_true(slaves != NULL && slave_points != NULL && devices != NULL && points != NULL && numbers != NULL &&
                rules != NULL && subjects != NULL);
    for (size_t i = 0; i < SITE_POINTS_MAX; i++)
        slave_points[i] = slave_point("p", VALUE_TEXT);
    for (int32_t i = 0; i < SITE_SLAVES_MAX; i++) {
        numbers[i] = i;
        slaves[i] = (struct site_slave){.id = "s", .points = slave_points, .point_count = SITE_POINTS_MAX};
        for (int32_t p = 0; p < SITE_DEVICE_POINTS_MAX; p++)
            points[i * SITE_DEVICE_POINTS_MAX + p] =
                (struct device_point){.id = "p", .type = VALUE_TEXT, .slave = i, .slave_point = p};
    }
    for (int32_t i = 0; i < SITE_DEVICES_MAX; i++) {
        int32_t const slave = i % SITE_SLAVES_MAX;
        devices[i] = (struct site_device){.id = "d",
                                          .class = &dear,
                                          .points = &points[slave * SITE_DEVICE_POINTS_MAX],
                                          .point_count = SITE_DEVICE_POINTS_MAX,
                                          .slaves = &numbers[slave],
                                          .slave_count = 1};
        subjects[i] = (struct subject){.id = "d", .cls = "dear", .kind = SUBJECT_DEVICE, .index = i};
    }
    for (int32_t i = 0; i < SITE_RULES_MAX; i++)
        rules[i] = (struct rule){.id = "r", .subject = 0, .point = 0, .kind = RULE_RATE, .over_ms = 1};
    room->site.slaves = slaves;
    room->site.slave_count = SITE_SLAVES_MAX;
    room->site.devices = devices;
    room->site.device_count = SITE_DEVICES_MAX;
    room->site.subjects = subjects;
    room->site.subject_count = SITE_DEVICES_MAX;
    room->site.rules = rules;
    room->site.rule_count = SITE_RULES_MAX;
    open_judge(room);
    room_close(room);
    free(slaves);
    free(slave_points);
    free(devices);
    free(points);
    free(numbers);
    free(rules);
    free(subjects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_gate_opens_and_shuts),
        cmocka_unit_test(test_an_open_gate_does_not_count_as_a_reading),
        cmocka_unit_test(test_a_gate_that_opens_again_keeps_the_alarm),
        cmocka_unit_test(test_a_latched_alarm_behind_a_gate_stays_latched),
        cmocka_unit_test(test_a_gate_that_cannot_be_read),
        cmocka_unit_test(test_a_shut_gate_beside_a_bad_reading),
        cmocka_unit_test(test_a_gate_that_was_not_read_yet),
        cmocka_unit_test(test_a_gate_of_codes),
        cmocka_unit_test(test_an_alarm_tells_the_mode),
        cmocka_unit_test(test_deviation_from_a_point),
        cmocka_unit_test(test_deviation_from_a_number),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_rate_needs_a_window),
        cmocka_unit_test(test_rate_behind_a_gate),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_stuck_does_not_count_what_is_not_read),
        cmocka_unit_test(test_stuck_behind_a_gate),
        cmocka_unit_test(test_a_heartbeat_that_stands_still),
        cmocka_unit_test(test_it_freezes_between_readings),
        cmocka_unit_test(test_a_heartbeat_that_is_not_read),
        cmocka_unit_test(test_a_late_reading_of_the_heartbeat),
        cmocka_unit_test(test_it_freezes_while_restoring),
        cmocka_unit_test(test_a_slave_without_a_watchdog),
        cmocka_unit_test(test_a_slow_point_that_is_read_first),
        cmocka_unit_test(test_idle_points_are_not_missed),
        cmocka_unit_test(test_settings_and_memory),
        cmocka_unit_test(test_a_derived_point_that_is_read),
        cmocka_unit_test(test_derive_is_called_when_it_wants),
        cmocka_unit_test(test_the_largest_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
