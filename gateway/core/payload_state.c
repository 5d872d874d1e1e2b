/* The messages without a number: what is true now (retained), the envelope of history, replies. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/payload.h"
#include "gateway/core/payload_words.h"

#define ACTIVE_TAIL_SIZE 40 /* room for ],"more":4294967295} and its zero */

/* --- active --- */

void payload_active_begin(struct payload_active *active, struct text *out, const struct site *site, const char *stream,
                          int32_t subject, int64_t at_utc_ms, uint64_t upto)
{
    CHECK(subject >= 0 && (size_t)subject < site->subject_count);
    *active = (struct payload_active){
        .out = out, .site = site, .stream = stream, .subject = subject, .lowest = PRIORITY_COUNT - 1};
    text_put(out, "{\"v\":1");
    payload_put_text(out, "gw", site->id);
    payload_put_text(out, "stream", stream);
    payload_put_int(out, "at", at_utc_ms);
    payload_put_text(out, "dev", site->subjects[subject].id);
    payload_put_uint(out, "upto", upto);
    text_put(out, ",\"alarms\":[");
}

static const struct rule *find_rule(const struct site *site, int32_t subject, const char *id)
{
    const struct subject *owner = &site->subjects[subject];
    for (int32_t i = 0; i < owner->rule_count; i++)
        if (strcmp(site->rules[owner->rule_first + i].id, id) == 0)
            return &site->rules[owner->rule_first + i];
    return NULL;
}

void payload_active_add(struct payload_active *active, const struct payload_active_alarm *alarm)
{
    const struct rule *rule = find_rule(active->site, active->subject, alarm->alarm);
    if (rule == NULL || alarm->state == ALARM_NORM || rule->priority > active->lowest)
        return;
    struct text *out = active->out;
    struct text const before = *out;
    text_put(out, active->count > 0 ? ",{\"alarm\":" : "{\"alarm\":");
    text_put_json_string(out, rule->id);
    payload_put_uid(out, active->stream, active->site->subjects[active->subject].id, rule->id, alarm->occurrence);
    payload_put_text(out, "state", alarm_state_text(alarm->state));
    payload_put_text(out, "priority", priority_text(rule->priority));
    payload_put_int(out, "since", alarm->since_utc_ms);
    payload_put_rule_value(out, payload_rule_point(active->site, rule), alarm->has_value, alarm->value);
    payload_put_rule_limit(out, rule);
    if (alarm->chattering)
        payload_put_bool(out, "chattering", true);
    if (alarm->state == ALARM_SHELVED && alarm->until_utc_ms != 0)
        payload_put_int(out, "until", alarm->until_utc_ms);
    payload_put_bool(out, "test", alarm->test);
    text_put(out, "}");
    if (out->full || out->size - out->used < ACTIVE_TAIL_SIZE) {
        payload_take_back(out, before);
        active->left_out++;
    } else {
        active->count++;
    }
}

void payload_active_end(struct payload_active *active)
{
    text_put(active->out, "]");
    if (active->left_out > 0)
        payload_put_uint(active->out, "more", active->left_out);
    text_put(active->out, "}");
}

/* --- registry --- */

static const char *type_text(enum value_type type)
{
    switch (type) {
    case VALUE_BOOL:
        return "boolean";
    case VALUE_INT:
    case VALUE_UINT:
        return "integer";
    case VALUE_NUMBER:
        return "number";
    case VALUE_ENUM:
        return "enum";
    case VALUE_TEXT:
        return "text";
    }
    return "number";
}

static const char *kind_text(enum rule_kind kind)
{
    static const char *const words[RULE_KIND_COUNT] = {
        [RULE_HIHI] = "hihi", [RULE_HI] = "hi",       [RULE_LO] = "lo",         [RULE_LOLO] = "lolo",
        [RULE_BIT] = "bit",   [RULE_CODE] = "code",   [RULE_EQUALS] = "equals", [RULE_DEVIATION] = "deviation",
        [RULE_RATE] = "rate", [RULE_STUCK] = "stuck", [RULE_COMM] = "comm",     [RULE_FAILED] = "failed",
        [RULE_DUE] = "due",   [RULE_USED] = "used",
    };
    return kind < RULE_KIND_COUNT ? words[kind] : "hi";
}

static void put_point(struct text *out, const struct device_point *point)
{
    text_put_json_string(out, point->id);
    text_put(out, ":{");
    if (point->unit != NULL && point->unit[0] != '\0') {
        text_put(out, "\"unit\":");
        text_put_json_string(out, point->unit);
        text_put(out, ",");
    }
    text_put(out, "\"type\":");
    text_put_json_string(out, type_text(point->type));
    if (point->type == VALUE_ENUM) {
        text_put(out, ",\"codes\":[");
        for (size_t i = 0; i < point->code_count; i++) {
            text_put(out, i > 0 ? "," : "");
            text_put_json_string(out, point->codes[i].id);
        }
        text_put(out, "]");
    }
    if (point->zh != NULL && point->zh[0] != '\0')
        payload_put_text(out, "zh", point->zh);
    if (point->en != NULL && point->en[0] != '\0')
        payload_put_text(out, "en", point->en);
    text_put(out, "}");
}

static void put_points(struct text *out, const struct site *site, const struct subject *subject)
{
    text_put(out, ",\"points\":{");
    if (subject->kind == SUBJECT_DEVICE) {
        const struct site_device *device = &site->devices[subject->index];
        for (size_t i = 0; i < device->point_count; i++) {
            text_put(out, i > 0 ? "," : "");
            put_point(out, &device->points[i]);
        }
    }
    text_put(out, "}");
}

/* Which states of a point open the gate: its codes, or false and true. */
static void put_when(struct text *out, const struct rule *rule, const struct device_point *gate)
{
    bool const coded = gate->type == VALUE_ENUM;
    size_t const count = coded ? gate->code_count : 2;
    const char *comma = "";
    text_put(out, ",\"when\":{\"point\":");
    text_put_json_string(out, gate->id);
    text_put(out, ",\"is\":[");
    for (size_t i = 0; i < count && i < 64; i++) {
        if ((rule->when_mask >> i & 1) == 0)
            continue;
        text_put(out, comma);
        if (coded)
            text_put_json_string(out, gate->codes[i].id);
        else
            text_put(out, i == 0 ? "false" : "true");
        comma = ",";
    }
    text_put(out, "]}");
}

static void put_from(struct text *out, const struct rule *rule, const struct device_point *points)
{
    if (rule->from_point >= 0) {
        payload_put_text(out, "from", points[rule->from_point].id);
    } else {
        text_put(out, ",\"from\":");
        text_put_number(out, rule->from_value, false);
    }
}

static void put_alarm(struct text *out, const struct site *site, const struct subject *subject, const struct rule *rule)
{
    const struct device_point *points = subject->kind == SUBJECT_DEVICE ? site->devices[subject->index].points : NULL;
    text_put_json_string(out, rule->id);
    text_put(out, ":{\"kind\":");
    text_put_json_string(out, kind_text(rule->kind));
    if (payload_rule_has_limit(rule))
        payload_put_rule_limit(out, rule);
    if (rule->kind == RULE_DEVIATION)
        put_from(out, rule, points);
    if (rule->kind == RULE_RATE)
        payload_put_uint(out, "over_ms", rule->over_ms);
    if (rule->when_mask != 0)
        put_when(out, rule, &points[rule->when_point]);
    payload_put_text(out, "priority", priority_text(rule->priority));
    if (rule->zh != NULL && rule->zh[0] != '\0')
        payload_put_text(out, "zh", rule->zh);
    if (rule->en != NULL && rule->en[0] != '\0')
        payload_put_text(out, "en", rule->en);
    text_put(out, "}");
}

static void put_alarms(struct text *out, const struct site *site, const struct subject *subject)
{
    text_put(out, ",\"alarms\":{");
    for (int32_t i = 0; i < subject->rule_count; i++) {
        text_put(out, i > 0 ? "," : "");
        put_alarm(out, site, subject, &site->rules[subject->rule_first + i]);
    }
    text_put(out, "}");
}

/* What the site file, or the class, says of this one device. */
static void put_settings(struct text *out, const struct site_device *device)
{
    bool any = false;
    for (size_t i = 0; i < device->class->setting_count && device->settings != NULL; i++) {
        const struct class_setting *setting = &device->class->settings[i];
        double const value = device->settings[i];
        if (!(value > NO_LIMIT))
            continue;
        text_put(out, any ? "," : ",\"settings\":{");
        text_put_json_string(out, setting->id);
        text_put(out, ":");
        if (setting->choices != NULL && value >= 0 && value < (double)setting->choice_count)
            text_put_json_string(out, setting->choices[(size_t)value].id);
        else
            text_put_number(out, value, false);
        any = true;
    }
    text_put(out, any ? "}" : "");
}

/* From "profile" to the end: what follows rev and sha256. */
static void put_registry_rest(struct text *out, const struct site *site, const struct subject *subject)
{
    bool const is_device = subject->kind == SUBJECT_DEVICE;
    payload_put_text_or_null(out, "profile", is_device ? site->devices[subject->index].profile : "");
    text_put(out, ",\"identity\":");
    text_put(out, is_device ? site->devices[subject->index].identity_json : "{}");
    payload_put_text(out, "time_zone", site->time_zone);
    if (is_device)
        put_settings(out, &site->devices[subject->index]);
    put_points(out, site, subject);
    put_alarms(out, site, subject);
    text_put(out, "}");
}

void payload_registry_content(struct text *out, const struct site *site, int32_t subject)
{
    CHECK(subject >= 0 && (size_t)subject < site->subject_count);
    text_put(out, "{\"dev\":");
    text_put_json_string(out, site->subjects[subject].id);
    payload_put_text(out, "cls", site->subjects[subject].cls);
    put_registry_rest(out, site, &site->subjects[subject]);
}

void payload_registry(struct text *out, const struct site *site, int32_t subject, int64_t at_utc_ms, uint32_t rev,
                      const char *sha256)
{
    CHECK(subject >= 0 && (size_t)subject < site->subject_count);
    text_put(out, "{\"v\":1");
    payload_put_text(out, "gw", site->id);
    payload_put_int(out, "at", at_utc_ms);
    payload_put_text(out, "dev", site->subjects[subject].id);
    payload_put_text(out, "cls", site->subjects[subject].cls);
    payload_put_uint(out, "rev", rev);
    payload_put_text(out, "sha256", sha256);
    put_registry_rest(out, site, &site->subjects[subject]);
}

/* --- status --- */

void payload_put_lw(struct text *out, const struct payload_status *status)
{
    text_put(out, ",\"lw\":{\"a\":");
    text_put_uint(out, status->lw_a);
    payload_put_uint(out, "t", status->lw_t);
    text_put(out, "}");
}

void payload_status(struct text *out, const struct site *site, const struct payload_status *status)
{
    text_put(out, "{\"v\":1");
    payload_put_text(out, "gw", site->id);
    payload_put_bool(out, "online", status->reason == NULL);
    if (status->reason != NULL)
        payload_put_text(out, "reason", status->reason);
    payload_put_int(out, "at", status->at_utc_ms);
    payload_put_text(out, "stream", status->stream);
    payload_put_uint(out, "boot", status->boot);
    payload_put_uint(out, "conn", status->conn);
    payload_put_lw(out, status);
    payload_put_text(out, "version", status->version);
    payload_put_text(out, "config", site->sha256);
    payload_put_text(out, "clk", status->synced ? "sync" : "unsync");
    text_put(out, "}");
}

/* --- history --- */

void payload_history_begin(struct text *out, const struct site *site, const char *stream, size_t stream_size,
                           uint64_t lw_t)
{
    text_put(out, "{\"v\":1");
    payload_put_text(out, "gw", site->id);
    text_put(out, ",\"stream\":");
    text_put_json_bytes(out, stream, stream_size);
    text_put(out, ",\"lane\":\"t\"");
    payload_put_uint(out, "lw", lw_t);
    text_put(out, ",\"records\":[");
}

void payload_history_add(struct text *out, bool first, const char *record, size_t record_size)
{
    text_put(out, first ? "" : ",");
    text_put_bytes(out, record, record_size);
}

void payload_history_end(struct text *out, const uint64_t *prev, size_t prev_count)
{
    text_put(out, "]");
    for (size_t i = 0; prev != NULL && i < prev_count; i++) {
        text_put(out, i == 0 ? ",\"prev\":[" : ",");
        text_put_uint(out, prev[i]);
    }
    text_put(out, prev != NULL && prev_count > 0 ? "]}" : "}");
}

void payload_reply(struct text *out, const struct payload_reply *reply)
{
    bool const is_ok = reply->code[0] == '\0';
    text_put(out, "{\"v\":1");
    payload_put_text(out, "id", reply->id);
    payload_put_bool(out, "ok", is_ok);
    if (!is_ok) {
        payload_put_text(out, "code", reply->code);
        payload_put_text(out, "why", reply->why);
    } else if (reply->detail[0] != '\0') {
        text_put(out, ",");
        text_put(out, reply->detail);
    }
    text_put(out, "}");
}
