/* judge_rig: the judge's room with real rings and a fake clock; what it says is collected as words. */
#ifndef OUTPOST_TESTS_SUPPORT_JUDGE_RIG_H
#define OUTPOST_TESTS_SUPPORT_JUDGE_RIG_H

#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/bell.h"
#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/core/normalize.h"
#include "gateway/model/inbox.h"
#include "gateway/model/news.h"
#include "gateway/run/judge.h"
#include "tests/support/small_site.h"

#define S       INT64_C(1000000)
#define MS      INT64_C(1000)
#define UTC0    INT64_C(1700000000000)
#define BEGIN   (1000 * S)
#define EVERY   500U
#define RING    ((size_t)256 * 1024)
#define LOG_MAX 4096

struct room {
    struct small_site small;
    struct judge *judge;
    struct board *board;
    uint64_t news_heard, orders_heard, order_heard; /* counts, and place of the last event `order` */
    struct ring inbox, news, telemetry, answers, writes[SMALL_BUSES];
    struct bell recorder_bell, answers_bell, bus_bells[SMALL_BUSES];
    struct now now;
    int64_t next;
    char said[LOG_MAX]; /* "gas-1 gas.high raised UNACK; …" and notices "!clock_step; " */
    size_t telemetry_count[SMALL_DEVICES];
    struct news last_telemetry[SMALL_DEVICES];
    struct stored stored[64]; /* what a journal would have */
    size_t stored_count;
    struct bus_write write;                     /* the last one */
    struct bus_write open_writes[VALVE_POINTS]; /* not answered yet; token 0 none */
    size_t write_count;
    struct answer answer;
    struct inbox item;
    struct news popped;
    char detail[NEWS_DETAIL_MAX]; /* of the last notice */
    struct news_answer told;      /* the last that went to a centre */
    struct news_alarm last_alarm;
};

static inline void open_judge(struct room *room)
{
    struct judge_bus const buses[SMALL_BUSES] = {{&room->writes[0], &room->bus_bells[0]},
                                                 {&room->writes[1], &room->bus_bells[1]}};
    struct judge_setup setup = {.site = &room->small.site,
                                .inbox = &room->inbox,
                                .news = &room->news,
                                .telemetry = &room->telemetry,
                                .recorder_bell = &room->recorder_bell,
                                .buses = buses,
                                .answers = &room->answers,
                                .answers_bell = &room->answers_bell,
                                .board = room->board};
    assert_int_equal(judge_open(&room->judge, &setup), ERR_OK);
    room->news_heard = room->orders_heard = room->order_heard = 0;
}

static inline struct room *room_open(size_t news_size)
{
    struct room *room = calloc(1, sizeof *room);
    assert_non_null(room);
    small_site_make(&room->small, EVERY);
    for (size_t i = 0; i < room->small.site.rule_count; i++)
        if (strcmp(room->small.rules[i].id, "gas.roc") == 0)
            room->small.rules[i].on_delay_ms =
                UINT32_MAX; /* would repeat what the limits say: these leaks come in one step */
    room->now = (struct now){.mono_us = BEGIN, .utc_ms = UTC0, .synced = true};
    assert_int_equal(board_open(&room->board, &room->small.site), ERR_OK);
    assert_int_equal(ring_open(&room->inbox, 4 * RING), ERR_OK);
    assert_int_equal(ring_open(&room->news, news_size), ERR_OK);
    assert_int_equal(ring_open(&room->telemetry, RING), ERR_OK);
    assert_int_equal(ring_open(&room->answers, 4096), ERR_OK);
    assert_int_equal(bell_open(&room->recorder_bell), ERR_OK);
    assert_int_equal(bell_open(&room->answers_bell), ERR_OK);
    for (size_t i = 0; i < SMALL_BUSES; i++) {
        assert_int_equal(ring_open(&room->writes[i], 4096), ERR_OK);
        assert_int_equal(bell_open(&room->bus_bells[i]), ERR_OK);
    }
    open_judge(room);
    return room;
}

static inline void room_close(struct room *room)
{
    judge_close(room->judge);
    board_close(room->board);
    ring_close(&room->inbox);
    ring_close(&room->news);
    ring_close(&room->telemetry);
    ring_close(&room->answers);
    bell_close(&room->recorder_bell);
    bell_close(&room->answers_bell);
    for (size_t i = 0; i < SMALL_BUSES; i++) {
        ring_close(&room->writes[i]);
        bell_close(&room->bus_bells[i]);
    }
    free(room);
}

static inline void say(struct room *room, const char *format, ...) PRINTF_LIKE(2, 3);
static inline void say(struct room *room, const char *format, ...)
{
    size_t const used = strlen(room->said);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(room->said + used, LOG_MAX - used, format, arguments);
    va_end(arguments);
}

static inline void keep(struct room *room, const struct stored *stored)
{
    size_t i = 0;
    while (i < room->stored_count && (room->stored[i].kind != stored->kind || room->stored[i].index != stored->index ||
                                      room->stored[i].sub != stored->sub))
        i++;
    if (i == room->stored_count)
        room->stored_count++;
    CHECK(i < ARRAY_SIZE(room->stored));
    room->stored[i] = *stored;
}

static inline void hear_news(struct room *room)
{
    size_t size = 0;
    while (ring_pop(&room->news, &room->popped, sizeof room->popped, &size) == ERR_OK) {
        const struct news *news = &room->popped;
        assert_int_equal(size, news_size(news));
        room->news_heard++;
        if (news->has_stored != 0)
            keep(room, &news->stored);
        if (news->kind == NEWS_ALARM) {
            const struct rule *rule = &room->small.rules[news->is.alarm.rule];
            say(room, "%s %s %s %s%s; ", room->small.subjects[rule->subject].id, rule->id,
                alarm_event_text((enum alarm_event)news->is.alarm.event),
                alarm_state_text((enum alarm_state)news->is.alarm.to), news->is.alarm.test != 0 ? " (test)" : "");
            room->last_alarm = news->is.alarm;
        } else if (news->kind == NEWS_NOTICE) {
            say(room, "!%s; ", notice_text((enum notice)news->is.notice.notice));
            if (news->is.notice.notice == NOTICE_ORDER) {
                room->order_heard = room->news_heard;
                room->orders_heard++;
            }
            memcpy(room->detail, news->is.notice.detail, sizeof room->detail);
            if (news->is.notice.answer.id[0] != '\0')
                room->told = news->is.notice.answer;
        }
    }
}

static inline void hear_telemetry(struct room *room)
{
    size_t size = 0;
    while (ring_pop(&room->telemetry, &room->popped, sizeof room->popped, &size) == ERR_OK) {
        size_t const device = room->popped.is.telemetry.device;
        assert_int_equal(size, news_size(&room->popped));
        room->telemetry_count[device]++;
        memcpy(&room->last_telemetry[device], &room->popped, size);
    }
}

static inline void hear(struct room *room)
{
    size_t size = 0;
    uint64_t const before = room->orders_heard;
    hear_news(room);
    hear_telemetry(room);
    for (size_t i = 0; i < SMALL_BUSES; i++)
        while (ring_pop(&room->writes[i], &room->write, sizeof room->write, &size) == ERR_OK) {
            room->write_count++;
            room->open_writes[room->write.point] = room->write;
        }
    uint64_t answers = 0;
    while (ring_pop(&room->answers, &room->answer, sizeof room->answer, &size) == ERR_OK)
        answers++;
    if (answers == 1 &&
        room->orders_heard - before == 1) /* "done" waits for the event of its order, a refusal for nothing */
        assert_int_equal(room->answer.after, room->answer.ok ? room->order_heard : 0);
}

/* What was said since the last time. */
static inline const char *said(struct room *room)
{
    static char words[LOG_MAX];
    hear(room);
    memcpy(words, room->said, sizeof words);
    room->said[0] = '\0';
    return words;
}

static inline void step(struct room *room)
{
    room->next = judge_step(room->judge, room->now);
    assert_true(room->next >= room->now.mono_us);
}

/* Lets time pass, stepping whenever the judge wants to be stepped. */
static inline void pass(struct room *room, int64_t us)
{
    int64_t const end = room->now.mono_us + us;
    for (int i = 0; i < 100000; i++) {
        step(room);
        if (room->next > end)
            break;
        int64_t const went = room->next - room->now.mono_us;
        room->now.mono_us += went;
        room->now.utc_ms = UTC0 + (room->now.mono_us - BEGIN) / 1000;
    }
    room->now.mono_us = end;
    room->now.utc_ms = UTC0 + (end - BEGIN) / 1000;
    step(room);
}

static inline void push(struct room *room)
{
    assert_int_equal(ring_push(&room->inbox, &room->item, inbox_size(&room->item)), ERR_OK);
}

static inline struct batch *batch(struct room *room, uint16_t slave)
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

static inline void add(struct batch *own, size_t point, union value value)
{
    own->samples[own->sample_count++] = (struct sample){.point = (uint16_t)point, .value = value};
}

static inline void gas(struct room *room, uint16_t slave, double lel)
{
    struct batch *own = batch(room, slave);
    memcpy(own->texts, "xCH4", 4);
    add(own, GAS_LEL, (union value){.number = lel});
    add(own, GAS_MODE, (union value){.code = 0});
    add(own, GAS_NAME, (union value){.text = {.offset = 1, .size = 3}});
    push(room);
}

static inline void valve(struct room *room, bool relay_1, bool relay_2, bool closed)
{
    struct batch *own = batch(room, SLAVE_VALVE);
    add(own, RELAY_1, (union value){.boolean = relay_1});
    add(own, RELAY_2, (union value){.boolean = relay_2});
    add(own, INPUT_1, (union value){.boolean = closed});
    push(room);
}

static inline void lift(struct room *room, bool closed, bool zone, bool passenger, double speed)
{
    struct batch *own = batch(room, SLAVE_DI);
    add(own, IN_DOOR_CLOSED, (union value){.boolean = closed});
    add(own, IN_DOOR_ZONE, (union value){.boolean = zone});
    add(own, IN_PASSENGER, (union value){.boolean = passenger});
    add(own, IN_BUTTON, (union value){.boolean = false});
    push(room);
    own = batch(room, SLAVE_SPEED);
    add(own, 0, (union value){.number = speed});
    push(room);
}

static inline void dead(struct room *room, uint16_t slave, enum reason reason)
{
    struct batch *own = batch(room, slave);
    for (size_t i = 0; i < room->small.slaves[slave].point_count; i++)
        own->samples[own->sample_count++] = sample_bad(i, reason);
    push(room);
}

static inline void restored(struct room *room)
{
    room->item.kind = INBOX_RESTORED;
    push(room);
    step(room);
}

/* Everything answers for a while: gas at 1 %LEL, relays off, lift empty at a floor. */
static inline void calm(struct room *room, int64_t us)
{
    for (int64_t t = 0; t < us; t += EVERY * MS) {
        gas(room, SLAVE_GAS_1, 1);
        gas(room, SLAVE_GAS_2, 1);
        valve(room, false, false, false);
        lift(room, true, true, false, 0);
        pass(room, EVERY * MS);
    }
}

static inline struct room *running(size_t news_size)
{
    struct room *room = room_open(news_size);
    restored(room);
    calm(room, 3 * S);
    assert_string_equal(said(room), "");
    assert_int_equal(room->write_count, 0);
    return room;
}

/* Answers every write that waits for one. */
static inline void answer_write(struct room *room, enum err err)
{
    hear(room);
    for (size_t i = 0; i < VALVE_POINTS; i++) {
        struct bus_write *write = &room->open_writes[i];
        if (write->token == 0)
            continue;
        room->item.kind = INBOX_WRITTEN;
        room->item.is.written = (struct written){.slave = write->slave,
                                                 .point = write->point,
                                                 .value = write->value,
                                                 .token = write->token,
                                                 .err = (uint8_t)err,
                                                 .asked_mono_us = write->asked_mono_us,
                                                 .wire_mono_us = room->now.mono_us - 10 * MS,
                                                 .done_mono_us = room->now.mono_us};
        write->token = 0;
        push(room);
    }
    step(room);
}

static inline struct order *order(struct room *room, enum order_verb verb, const char *subject, const char *alarm)
{
    room->item.kind = INBOX_ORDER;
    struct order *own = &room->item.is.order;
    *own = (struct order){
        .verb = (uint8_t)verb, .source = SOURCE_LOCAL, .subject = -1, .rule = -1, .zone = -1, .token = 99};
    memcpy(own->by, "li", 3);
    memcpy(own->why, "test", 5);
    for (size_t i = 0; subject != NULL && i < room->small.site.subject_count; i++)
        if (strcmp(room->small.subjects[i].id, subject) == 0)
            own->subject = (int32_t)i;
    if (alarm != NULL)
        own->rule = (int32_t)small_site_rule(&room->small, subject, alarm);
    return own;
}

static inline const char *obey(struct room *room, enum order_verb verb, const char *subject, const char *alarm)
{
    (void)order(room, verb, subject, alarm);
    push(room);
    step(room);
    hear(room);
    assert_int_equal(room->answer.token, 99);
    return room->answer.ok ? "ok" : room->answer.code;
}

static inline void restart(struct room *room, bool rebooted)
{
    judge_close(room->judge);
    open_judge(room);
    step(room);
    for (size_t i = 0; i < room->stored_count; i++) {
        room->item.kind = INBOX_STORED;
        room->item.is.stored = room->stored[i];
        room->item.is.stored.occurrence = 0;
        room->item.is.stored.flags |= rebooted ? STORED_OTHER_BOOT : 0;
        push(room);
    }
}

#endif
