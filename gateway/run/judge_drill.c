/* Drills. While one runs everything that is told of its devices is marked as a test; what is measured, judged, voted and
 * written is as ever, unless it holds the outputs of a zone (judge_hold.c). It ends by an order or by itself. What it told and
 * what is still active then is raised as real. */
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/run/judge_private.h"

bool drill_covers(const struct judge *judge, size_t rule)
{
    const struct subject *subject = &judge->site->subjects[judge->site->rules[rule].subject];
    return subject->kind == SUBJECT_DEVICE && judge->devices[subject->index].drilled;
}

static void show(struct judge *judge)
{
    const struct judge_drill *drill = &judge->drill;
    struct board_drill shown = {.running = drill->running,
                                .holds = drill->holds,
                                .zone = drill->zone,
                                .device_count = (uint32_t)drill->device_count,
                                .until_utc_ms = drill->until_utc_ms};
    for (size_t i = 0; i < judge->site->device_count; i++)
        device_set_put(&shown.devices, i, judge->devices[i].drilled);
    board_put_drill(judge->setup.board, &shown);
    timers_set(&judge->timers, timer_drill(judge), drill->running ? drill->until_mono_us : INT64_MAX);
}

/* Telling. */

#define DEVICES_SIZE (NEWS_DETAIL_MAX / 2) /* of the list; the rest are counted */

/* Who was in it, before anybody has left. */
static void put_devices(const struct judge *judge, struct text *detail)
{
    const struct site *site = judge->site;
    const struct judge_drill *drill = &judge->drill;
    bool first = true;
    text_put_format(detail, "\"count\":%zu", drill->device_count);
    if (drill->zone >= 0) {
        text_put(detail, ",\"zone\":");
        text_put_json_string(detail, site->zones[drill->zone].id);
    }
    if (drill->holds || drill->held)
        text_put(detail, ",\"holds\":true");
    text_put(detail, ",\"devices\":[");
    for (size_t i = 0; i < site->device_count; i++) {
        if (!judge->devices[i].drilled || detail->used + SITE_ID_MAX > DEVICES_SIZE)
            continue;
        text_put(detail, first ? "" : ",");
        text_put_json_string(detail, site->devices[i].id);
        first = false;
    }
    text_put(detail, "]");
}

static void put_member(struct text *detail, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    text_put_format(detail, ",\"%s\":", name);
    text_put_json_string(detail, value);
}

/* `order` NULL: it ended by itself, and `why` says by what. */
static void tell_ended(struct judge *judge, const struct order *order, const char *why, struct alarm_moment at)
{
    struct text detail;
    if (notice_begin(judge, NOTICE_DRILL_ENDED, at, &detail) == NULL)
        return;
    put_devices(judge, &detail);
    put_member(&detail, "why", why);
    put_member(&detail, "by", order != NULL ? order->by : "");
    notices_flush(judge, at); /* before what is raised again, as far as there is room */
}

static void tell_begun(struct judge *judge, const struct order *order, struct alarm_moment at)
{
    struct text detail;
    if (notice_begin(judge, NOTICE_DRILL_BEGUN, at, &detail) == NULL)
        return;
    put_devices(judge, &detail);
    text_put(&detail, ",\"until\":");
    text_put_int(&detail, judge->drill.until_utc_ms);
    put_member(&detail, "by", order->by);
    struct text before = detail;
    put_member(&detail, "reason", order->why);
    if (detail.full) { /* a long one full of escapes: the event `order` has it */
        before.at[before.used] = '\0';
        detail = before;
    }
    notices_flush(judge, at); /* before the first record that is a test */
}

/* Beginning and ending. */

static void raise_again(struct judge *judge, const struct site_device *device)
{
    for (int32_t i = 0; i < device->rule_count; i++)
        (void)rule_raise_again(judge, (size_t)(device->rule_first + i));
}

static void end(struct judge *judge, const struct order *order, const char *why, struct alarm_moment at)
{
    tell_ended(judge, order, why, at);
    for (size_t i = 0; i < judge->site->device_count; i++) {
        if (!judge->devices[i].drilled)
            continue;
        judge->devices[i].drilled = false;
        device_is_news(judge, i); /* a centre sees by the next record that it is real again … */
        raise_again(judge, &judge->site->devices[i]);
    }
    judge->drill = (struct judge_drill){.untold = true, .moved = true, .zone = -1};
    hold_end(judge, at);
    show(judge);
}

void drill_break_off(struct judge *judge, const char *why, struct alarm_moment at)
{
    end(judge, NULL, why, at);
}

void drill_due(struct judge *judge, struct alarm_moment at)
{
    if (judge->drill.running && at.mono_us >= judge->drill.until_mono_us)
        end(judge, NULL, judge->drill.held ? "restart" : "time", at);
}

static void begin(struct judge *judge, const struct order *order, size_t device_count, struct alarm_moment at)
{
    judge->drill = (struct judge_drill){.running = true,
                                        .untold = true,
                                        .moved = true,
                                        .until_mono_us = at.mono_us + (int64_t)order->for_ms * 1000,
                                        .until_utc_ms = at.utc_ms + order->for_ms,
                                        .device_count = device_count,
                                        .zone = order->zone,
                                        .holds = order->hold};
    for (size_t i = 0; i < judge->site->device_count; i++) {
        judge->devices[i].drilled = device_set_has(&order->devices, i);
        if (judge->devices[i].drilled)
            device_is_news(judge, i); /* … or that it no longer is */
    }
    drill_flush(judge, at); /* stored before it is told: what is told has an end */
    tell_begun(judge, order, at);
    if (order->hold)
        hold_begin(judge);
    show(judge);
}

const char *drill_obey(struct judge *judge, const struct order *order, struct alarm_moment at, uint32_t *ret_count)
{
    size_t device_count = 0;
    for (size_t i = 0; i < judge->site->device_count; i++)
        device_count += device_set_has(&order->devices, i);
    if (!order->on && !judge->drill.running)
        return "no_drill";
    if (!order->on) {
        *ret_count = (uint32_t)judge->drill.device_count;
        end(judge, order, "order", at);
        return NULL;
    }
    if (judge->drill.running)
        return "drill_running";
    if (device_count == 0)
        return "nothing_to_do";
    if (order->for_ms == 0 || order->for_ms > DRILL_MAX_MS)
        return "too_long";
    const char *refused = order->hold ? hold_refused(judge, order) : NULL;
    if (refused != NULL)
        return refused;
    begin(judge, order, device_count, at);
    *ret_count = (uint32_t)device_count;
    return NULL;
}

/* The journal. */

void drill_flush(struct judge *judge, struct alarm_moment at)
{
    if (!judge->drill.untold)
        return;
    judge->drill.untold = false;
    for (uint32_t i = 0; i < judge->site->device_count; i++) {
        struct judge_device *device = &judge->devices[i];
        if (device->drilled == device->told_drilled)
            continue;
        struct stored const stored = {.kind = STORED_DRILL,
                                      .state = device->drilled ? STORED_RUNNING : STORED_OVER,
                                      .flags = judge->drill.holds && device->drilled ? STORED_HOLDS : 0,
                                      .index = i,
                                      .until_mono_ms = device->drilled ? judge->drill.until_mono_us / 1000 : 0,
                                      .until_utc_ms = device->drilled ? judge->drill.until_utc_ms : 0};
        if (news_push_stored(judge, &stored, at))
            device->told_drilled = device->drilled;
        else
            judge->drill.untold = true;
    }
}

void drill_restore(struct judge *judge, const struct stored *stored, struct alarm_moment at)
{
    CHECK(stored->index < judge->site->device_count);
    struct judge_device *device = &judge->devices[stored->index];
    struct judge_drill *drill = &judge->drill;
    if (stored->state != STORED_RUNNING || device->drilled)
        return;
    device->told_drilled = true;
    if (drill->moved) {
        drill->untold = true; /* what was ordered since start is newer */
        return;
    }
    bool const held = (stored->flags & STORED_HOLDS) != 0;
    int64_t const until_mono_us = held ? at.mono_us : alarm_until_restored(stored, DRILL_MAX_MS, at);
    drill->held = drill->held || held;
    device->drilled = drill->running = true;
    drill->device_count++;
    if (until_mono_us > drill->until_mono_us)
        drill->until_mono_us = until_mono_us;
    if (stored->until_utc_ms > drill->until_utc_ms)
        drill->until_utc_ms = stored->until_utc_ms;
    show(judge);
}
