/* The records: what is journaled, numbered and never changes. Retained and unnumbered messages: payload_state.c. */
#include "gateway/core/payload.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/payload_words.h"

#define EXACT_MAX ((int64_t)1 << 53) /* the largest integer up to which a double holds every one */

void payload_put_text(struct text *out, const char *key, const char *value)
{
    text_put(out, ",\"");
    text_put(out, key);
    text_put(out, "\":");
    text_put_json_string(out, value);
}

void payload_put_text_or_null(struct text *out, const char *key, const char *value)
{
    if (value[0] != '\0') {
        payload_put_text(out, key, value);
        return;
    }
    text_put(out, ",\"");
    text_put(out, key);
    text_put(out, "\":null");
}

void payload_put_int(struct text *out, const char *key, int64_t value)
{
    text_put(out, ",\"");
    text_put(out, key);
    text_put(out, "\":");
    text_put_int(out, value);
}

void payload_put_uint(struct text *out, const char *key, uint64_t value)
{
    text_put(out, ",\"");
    text_put(out, key);
    text_put(out, "\":");
    text_put_uint(out, value);
}

void payload_put_bool(struct text *out, const char *key, bool value)
{
    text_put(out, ",\"");
    text_put(out, key);
    text_put(out, value ? "\":true" : "\":false");
}

void payload_put_uid(struct text *out, const char *stream, const char *dev, const char *alarm, uint64_t occurrence)
{
    char uid[PAYLOAD_UID_MAX];
    (void)snprintf(uid, sizeof uid, "%s/%s/%.255s/%" PRIu64, stream, dev, alarm, occurrence);
    payload_put_text(out, "uid", uid);
}

static void begin_record(struct text *out, const struct site *site, const struct payload_stamp *stamp)
{
    char const lane[2] = {stamp->lane, '\0'};
    text_put(out, "{\"v\":1");
    payload_put_text(out, "gw", site->id);
    payload_put_text(out, "stream", stamp->stream);
    payload_put_text(out, "lane", lane);
    payload_put_uint(out, "seq", stamp->seq);
    payload_put_uint(out, "boot", stamp->boot);
    payload_put_int(out, "at", stamp->at_utc_ms);
    payload_put_text(out, "clk", stamp->synced ? "sync" : "unsync");
}

const char *payload_stream_of(const char *record, size_t record_size, size_t *ret_stream_size)
{
    static const char key[] = ",\"stream\":\"";
    const char *found = memmem(record, record_size, key, sizeof key - 1);
    if (found == NULL)
        return NULL;
    const char *stream = found + sizeof key - 1;
    const char *end = memchr(stream, '"', record_size - (size_t)(stream - record));
    if (end == NULL)
        return NULL;
    *ret_stream_size = (size_t)(end - stream);
    return stream;
}

/* Why a sample has no value on the wire; REASON_NONE: it has one. */
enum reason payload_why_bad(const struct device_point *point, const struct sample *sample, size_t text_size)
{
    if (sample->quality == QUALITY_BAD)
        return sample->reason > REASON_NONE && sample->reason < REASON_COUNT ? (enum reason)sample->reason
                                                                             : REASON_INVALID;
    bool printable = true;
    switch (point->type) {
    case VALUE_NUMBER:
        printable = isfinite(sample->value.number);
        break;
    case VALUE_ENUM:
        printable = sample->value.code < point->code_count;
        break;
    case VALUE_TEXT:
        printable = (size_t)sample->value.text.offset + sample->value.text.size <= text_size;
        break;
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_UINT:
        break;
    }
    return printable ? REASON_NONE : REASON_INVALID;
}

void payload_put_value(struct text *out, const struct device_point *point, const struct sample *sample,
                       const char *texts)
{
    bool exact = true;
    switch (point->type) {
    case VALUE_BOOL:
        text_put(out, sample->value.boolean ? "true" : "false");
        break;
    case VALUE_INT:
        exact = sample->value.integer >= -EXACT_MAX && sample->value.integer <= EXACT_MAX;
        text_put(out, exact ? "" : "\"");
        text_put_int(out, sample->value.integer);
        text_put(out, exact ? "" : "\"");
        break;
    case VALUE_UINT:
        exact = sample->value.natural <= (uint64_t)EXACT_MAX;
        text_put(out, exact ? "" : "\"");
        text_put_uint(out, sample->value.natural);
        text_put(out, exact ? "" : "\"");
        break;
    case VALUE_NUMBER:
        text_put_number(out, sample->value.number, point->single);
        break;
    case VALUE_ENUM:
        text_put_json_string(out, point->codes[sample->value.code].id);
        break;
    case VALUE_TEXT:
        text_put_json_bytes(out, texts + sample->value.text.offset, sample->value.text.size);
        break;
    }
}

static const struct device_point *point_of(const struct site_device *device, const struct sample *sample)
{
    CHECK(sample->point < device->point_count);
    return &device->points[sample->point];
}

static void put_values(struct text *out, const struct site_device *device, const struct news_telemetry *news)
{
    const char *comma = "";
    text_put(out, ",\"values\":{");
    for (size_t i = 0; i < news->sample_count; i++) {
        const struct device_point *point = point_of(device, &news->samples[i]);
        if (payload_why_bad(point, &news->samples[i], news->text_size) != REASON_NONE)
            continue;
        text_put(out, comma);
        text_put_json_string(out, point->id);
        text_put(out, ":");
        payload_put_value(out, point, &news->samples[i], news->texts);
        comma = ",";
    }
    text_put(out, "}");
}

static void put_uncertain(struct text *out, const struct site_device *device, const struct news_telemetry *news)
{
    bool any = false;
    for (size_t i = 0; i < news->sample_count; i++) {
        const struct device_point *point = point_of(device, &news->samples[i]);
        if (news->samples[i].quality != QUALITY_UNCERTAIN ||
            payload_why_bad(point, &news->samples[i], news->text_size) != REASON_NONE)
            continue;
        text_put(out, any ? "," : ",\"uncertain\":[");
        text_put_json_string(out, point->id);
        any = true;
    }
    if (any)
        text_put(out, "]");
}

static void put_bad(struct text *out, const struct site_device *device, const struct news_telemetry *news)
{
    const char *comma = "";
    text_put(out, ",\"bad\":{");
    for (size_t i = 0; i < news->sample_count; i++) {
        const struct device_point *point = point_of(device, &news->samples[i]);
        enum reason reason = payload_why_bad(point, &news->samples[i], news->text_size);
        if (reason == REASON_NONE)
            continue;
        text_put(out, comma);
        text_put_json_string(out, point->id);
        text_put(out, ":");
        text_put_json_string(out, reason_text(reason));
        comma = ",";
    }
    text_put(out, "}");
}

void payload_telemetry(struct text *out, const struct site *site, const struct payload_stamp *stamp,
                       const struct news_telemetry *news)
{
    CHECK(news->device < site->device_count && news->sample_count <= SITE_DEVICE_POINTS_MAX &&
          news->text_size <= NEWS_TEXTS_MAX);
    const struct site_device *device = &site->devices[news->device];
    begin_record(out, site, stamp);
    payload_put_text(out, "dev", device->id);
    payload_put_text(out, "cls", device->class->id);
    put_values(out, device, news);
    put_uncertain(out, device, news);
    put_bad(out, device, news);
    if (news->test != 0)
        text_put(out, ",\"test\":true");
    text_put(out, "}");
}

const struct device_point *payload_rule_point(const struct site *site, const struct rule *rule)
{
    const struct subject *subject = &site->subjects[rule->subject];
    if (rule->point < 0 || subject->kind != SUBJECT_DEVICE)
        return NULL;
    return &site->devices[subject->index].points[rule->point];
}

void payload_put_rule_value(struct text *out, const struct device_point *point, bool has_value, double value)
{
    text_put(out, ",\"value\":");
    if (!has_value || !isfinite(value))
        text_put(out, "null");
    else if (point != NULL && point->type == VALUE_BOOL)
        text_put(out, value > 0 || value < 0 ? "true" : "false");
    else if (point != NULL && point->type == VALUE_ENUM && value >= 0 && value < (double)point->code_count)
        text_put_json_string(out, point->codes[(size_t)value].id);
    else
        text_put_number(out, value, point != NULL && point->single);
}

bool payload_rule_has_limit(const struct rule *rule)
{
    switch (rule->kind) {
    case RULE_HIHI:
    case RULE_HI:
    case RULE_LO:
    case RULE_LOLO:
    case RULE_EQUALS:
    case RULE_DEVIATION:
    case RULE_RATE:
    case RULE_DUE:
        return isfinite(rule->limit) && rule->limit > NO_LIMIT;
    case RULE_STUCK:
    case RULE_BIT:
    case RULE_CODE:
    case RULE_COMM:
    case RULE_FAILED:
    case RULE_USED:
    case RULE_KIND_COUNT:
        break;
    }
    return false;
}

void payload_put_rule_limit(struct text *out, const struct rule *rule)
{
    text_put(out, ",\"limit\":");
    if (payload_rule_has_limit(rule))
        text_put_number(out, rule->limit, false);
    else
        text_put(out, "null");
}

static void put_code(struct text *out, const struct rule *rule)
{
    if (rule->code_system == NULL || rule->code == NULL)
        return;
    text_put(out, ",\"code\":{\"system\":");
    text_put_json_string(out, rule->code_system);
    payload_put_text(out, "code", rule->code);
    text_put(out, "}");
}

static void put_place(struct text *out, const struct site *site, const struct subject *subject)
{
    if (site->grid_code != NULL && site->grid_code[0] != '\0')
        payload_put_text(out, "grid_code", site->grid_code);
    if (subject->kind != SUBJECT_DEVICE)
        return;
    const char *use_cod = site->devices[subject->index].use_cod;
    if (use_cod != NULL && use_cod[0] != '\0')
        payload_put_text(out, "use_cod", use_cod);
}

/* Of a group: which alarm came first, when it was another one. */
static void put_first_of(struct text *out, const struct site *site, const struct news_alarm *alarm)
{
    if (alarm->first_rule == 0)
        return;
    CHECK(alarm->first_rule <= site->rule_count);
    const struct rule *first = &site->rules[alarm->first_rule - 1];
    text_put_format(out, ",\"first_out_of\":\"%s/%s\"", site->subjects[first->subject].id, first->id);
}

/* Whether it comes and goes, and how often it did since the last record of it. */
static void put_activations(struct text *out, const struct news_alarm *alarm)
{
    bool const sum = alarm->event == EVENT_CHATTERING;
    if (alarm->chattering != 0 || sum)
        payload_put_bool(out, "chattering", alarm->chattering != 0);
    if (alarm->count > 0 || sum)
        payload_put_uint(out, "count", alarm->count);
}

static void put_context(struct text *out, const struct site *site, const struct subject *subject,
                        const struct news_alarm *alarm)
{
    if (alarm->context_count == 0)
        return;
    CHECK(subject->kind == SUBJECT_DEVICE && alarm->context_count <= NEWS_CONTEXT_MAX);
    const struct site_device *device = &site->devices[subject->index];
    for (size_t i = 0; i < alarm->context_count; i++) {
        const struct news_context *context = &alarm->context[i];
        CHECK(context->point < device->point_count && context->code < device->points[context->point].code_count);
        text_put(out, i == 0 ? ",\"ctx\":{" : ",");
        text_put_json_string(out, device->points[context->point].id);
        text_put(out, ":");
        text_put_json_string(out, device->points[context->point].codes[context->code].id);
    }
    text_put(out, "}");
}

void payload_alarm(struct text *out, const struct site *site, const struct payload_stamp *stamp,
                   const struct news_alarm *alarm, uint64_t occurrence)
{
    CHECK(alarm->rule < site->rule_count);
    const struct rule *rule = &site->rules[alarm->rule];
    const struct subject *subject = &site->subjects[rule->subject];
    begin_record(out, site, stamp);
    payload_put_text(out, "dev", subject->id);
    payload_put_text(out, "cls", subject->cls);
    payload_put_text(out, "alarm", rule->id);
    payload_put_uid(out, stamp->stream, subject->id, rule->id, occurrence);
    payload_put_text(out, "event", alarm_event_text((enum alarm_event)alarm->event));
    payload_put_text(out, "from", alarm_state_text((enum alarm_state)alarm->from));
    payload_put_text(out, "state", alarm_state_text((enum alarm_state)alarm->to));
    payload_put_text(out, "priority", priority_text(rule->priority));
    payload_put_text(out, "colour", priority_colour(rule->priority));
    payload_put_rule_value(out, payload_rule_point(site, rule), alarm->has_value != 0, alarm->value);
    payload_put_rule_limit(out, rule);
    payload_put_text_or_null(out, "unit", rule->unit);
    put_code(out, rule);
    payload_put_bool(out, "first_out", alarm->first_out != 0);
    put_first_of(out, site, alarm);
    put_activations(out, alarm);
    payload_put_text_or_null(out, "by", alarm->by);
    payload_put_text_or_null(out, "why", alarm->why);
    payload_put_int(out, "mono", stamp->mono_ms);
    put_place(out, site, subject);
    put_context(out, site, subject, alarm);
    if (alarm->until_utc_ms != 0)
        payload_put_int(out, "until", alarm->until_utc_ms);
    if (alarm->test != 0)
        text_put(out, ",\"test\":true");
    text_put(out, "}");
}

/* As it was stored: a word of a site file that may be gone. */
static const char *colour_of(const char *priority)
{
    enum priority found = 0;
    while (found < PRIORITY_COUNT && strcmp(priority_text(found), priority) != 0)
        found++;
    return priority_colour(found);
}

void payload_removed(struct text *out, const struct site *site, const struct payload_stamp *stamp,
                     const struct payload_removed *removed)
{
    begin_record(out, site, stamp);
    payload_put_text(out, "dev", removed->dev);
    payload_put_text(out, "cls", removed->cls);
    payload_put_text(out, "alarm", removed->alarm);
    payload_put_uid(out, stamp->stream, removed->dev, removed->alarm, removed->occurrence);
    payload_put_text(out, "event", alarm_event_text(EVENT_CLEARED));
    payload_put_text(out, "from", alarm_state_text(removed->from));
    payload_put_text(out, "state", alarm_state_text(ALARM_NORM));
    payload_put_text(out, "priority", removed->priority);
    payload_put_text(out, "colour", colour_of(removed->priority));
    text_put(out, ",\"value\":null,\"limit\":null,\"unit\":null,\"first_out\":false,\"by\":null");
    text_put(out, ",\"why\":\"removed\"}");
}

void payload_event(struct text *out, const struct site *site, const struct payload_stamp *stamp, const char *event,
                   const char *detail)
{
    begin_record(out, site, stamp);
    payload_put_text(out, "event", event);
    if (detail[0] != '\0') {
        text_put(out, ",");
        text_put(out, detail);
    }
    text_put(out, "}");
}
