#include "gateway/desk/reply.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/desk/reply_private.h"
#include "gateway/model/mqtt_reason.h"

/* Devices: a head, a piece a point, a tail. */

#define EXACT_MAX ((int64_t)1 << 53) /* JSON readers keep integers exact up to here */

static void put_integer(struct text *to, int64_t value)
{
    bool const exact = value >= -EXACT_MAX && value <= EXACT_MAX;
    text_put(to, exact ? "" : "\"");
    text_put_int(to, value);
    text_put(to, exact ? "" : "\"");
}

static void put_natural(struct text *to, uint64_t value)
{
    bool const exact = value <= (uint64_t)EXACT_MAX;
    text_put(to, exact ? "" : "\"");
    text_put_uint(to, value);
    text_put(to, exact ? "" : "\"");
}

static void put_code(struct text *to, const struct device_point *point, uint32_t code)
{
    CHECK(code < point->code_count);
    const struct code *word = &point->codes[code];
    put_text(to, "value", word->id);
    put_given(to, "value_zh", word->zh);
    put_given(to, "value_en", word->en);
}

/* A value that cannot be printed has no place here; the rooms never make one. */
static bool is_printable(const struct device_point *point, const struct sample *sample, size_t text_size)
{
    switch (point->type) {
    case VALUE_NUMBER:
        return isfinite(sample->value.number);
    case VALUE_ENUM:
        return sample->value.code < point->code_count;
    case VALUE_TEXT:
        return (size_t)sample->value.text.offset + sample->value.text.size <= text_size;
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_UINT:
        break;
    }
    return true;
}

static void put_value(struct text *to, const struct device_point *point, const struct sample *sample, const char *texts)
{
    if (point->type == VALUE_ENUM) {
        put_code(to, point, sample->value.code);
        return;
    }
    put_key(to, "value");
    switch (point->type) {
    case VALUE_BOOL:
        text_put(to, sample->value.boolean ? "true" : "false");
        break;
    case VALUE_INT:
        put_integer(to, sample->value.integer);
        break;
    case VALUE_UINT:
        put_natural(to, sample->value.natural);
        break;
    case VALUE_NUMBER:
        text_put_number(to, sample->value.number, point->single);
        break;
    case VALUE_TEXT: {
        size_t size = sample->value.text.size < BATCH_TEXT_MAX ? sample->value.text.size : BATCH_TEXT_MAX;
        text_put_json_bytes(to, texts + sample->value.text.offset, size);
        break;
    }
    case VALUE_ENUM:
        break;
    }
}

static const char *quality_text(uint8_t quality)
{
    return quality == QUALITY_GOOD ? "good" : quality == QUALITY_UNCERTAIN ? "uncertain" : "bad";
}

static void put_point(struct text *to, const struct reply *reply, const struct device_point *point, size_t at)
{
    const struct board_device *device = &reply->device;
    const struct sample *sample = &device->samples[at];
    bool const has_value = sample->quality != QUALITY_BAD && is_printable(point, sample, device->text_size);
    text_put(to, at == 0 ? "{\"id\":" : ",{\"id\":");
    text_put_json_string(to, point->id);
    put_text(to, "quality", quality_text(has_value ? sample->quality : QUALITY_BAD));
    if (has_value)
        put_value(to, point, sample, device->texts);
    else
        put_text(to, "reason", reason_text((enum reason)sample->reason));
    if (device->read_mono_us[at] > 0)
        put_int(to, "age_ms", (reply->now.mono_us - device->read_mono_us[at]) / 1000);
    put_given(to, "unit", point->unit);
    put_given(to, "zh", point->zh);
    put_given(to, "en", point->en);
    text_put(to, "}");
}

static enum put put_device(struct reply *reply, struct text *to)
{
    const struct site_device *device = &reply->site->devices[reply->index];
    if (reply->index < reply->device_first || reply->index >= reply->device_end)
        return PUT_SKIPPED;
    if (reply->sub == 0) {
        board_get_device(reply->board, reply->index, &reply->device);
        begin(reply, to, "dev", device->id);
        put_text(to, "cls", device->class->id);
        put_given(to, "cls_zh", device->class->zh);
        put_given(to, "cls_en", device->class->en);
        if (reply->device.utc_ms > 0)
            put_int(to, "at", reply->device.utc_ms);
        put_key(to, "points");
        text_put(to, "[");
    } else {
        put_point(to, reply, &device->points[reply->sub - 1], reply->sub - 1);
    }
    if (reply->sub < device->point_count)
        return PUT_MORE;
    text_put(to, "]}");
    return PUT_WHOLE;
}

/* Alarms and interlocks. */

/* What the rule looked at, in the point's own manner. */
static void put_rule_value(struct text *to, const struct device_point *point, double value)
{
    enum value_type const type = point != NULL ? point->type : VALUE_NUMBER;
    if (type == VALUE_ENUM && value >= 0 && value < (double)point->code_count) {
        put_code(to, point, (uint32_t)value);
        return;
    }
    put_key(to, "value");
    if (type == VALUE_BOOL)
        text_put(to, value > 0 ? "true" : "false");
    else
        text_put_number(to, value, point != NULL && point->single);
}

/* The reason for which a centre refuses, as a code and in words. */
static void put_reason(struct text *to, double value)
{
    const struct mqtt_words *words = mqtt_reason_words((uint8_t)value);
    char label[120];
    put_key(to, "value");
    text_put_number(to, value, false);
    (void)snprintf(label, sizeof label, "%s (0x%02X)", words->en, (unsigned)value);
    put_text(to, "value_en", label);
    (void)snprintf(label, sizeof label, "%s (0x%02X)", words->zh, (unsigned)value);
    put_text(to, "value_zh", label);
}

static void put_rule(struct text *to, const struct site *site, const struct rule *rule, const struct board_rule *state)
{
    const struct subject *subject = &site->subjects[rule->subject];
    put_text(to, "cls", subject->cls);
    put_text(to, "alarm", rule->id);
    const struct device_point *point = NULL;
    if (subject->kind == SUBJECT_DEVICE && rule->point >= 0)
        point = &site->devices[subject->index].points[rule->point];
    if (point != NULL)
        put_text(to, "point", point->id);
    put_text(to, "state", alarm_state_text((enum alarm_state)state->state));
    if (state->until_utc_ms != 0)
        put_int(to, "until", state->until_utc_ms);
    if (state->chattering != 0)
        put_bool(to, "chattering", true);
    if (state->test != 0)
        put_bool(to, "test", true);
    put_text(to, "priority", priority_text(rule->priority));
    put_text(to, "colour", priority_colour(rule->priority));
    put_bool(to, "condition", state->condition != 0);
    put_int(to, "since", state->since_utc_ms);
    bool const has_value = state->has_value != 0 && isfinite(state->value);
    if (has_value && subject->kind == SUBJECT_CENTRE && state->value >= 0 && state->value <= UINT8_MAX)
        put_reason(to, state->value);
    else if (has_value)
        put_rule_value(to, point, state->value);
    if (rule->kind == RULE_HIHI || rule->kind == RULE_HI || rule->kind == RULE_LO || rule->kind == RULE_LOLO) {
        put_text(to, "compare", rule->kind == RULE_HIHI || rule->kind == RULE_HI ? ">=" : "<=");
        put_key(to, "limit");
        text_put_number(to, rule->limit, false);
    }
    put_given(to, "unit", rule->unit);
    put_given(to, "zh", rule->zh);
    put_given(to, "en", rule->en);
    text_put(to, "}");
}

static enum put put_alarm(struct reply *reply, struct text *to)
{
    const struct rule *rule = &reply->site->rules[reply->index];
    struct board_rule state;
    board_get_rule(reply->board, reply->index, &state);
    if (state.state == ALARM_NORM)
        return PUT_SKIPPED;
    begin(reply, to, "dev", reply->site->subjects[rule->subject].id);
    put_rule(to, reply->site, rule, &state);
    return PUT_WHOLE;
}

static enum put put_interlock(struct reply *reply, struct text *to)
{
    struct board_interlock state;
    board_get_interlock(reply->board, reply->index, &state);
    if (reply->verb == REQUEST_ALARMS && state.tripped == 0 && state.failed == 0)
        return PUT_SKIPPED;
    begin(reply, to, "dev", reply->site->interlocks[reply->index].id);
    put_bool(to, "tripped", state.tripped != 0);
    put_bool(to, "commanded", state.commanded != 0);
    put_bool(to, "confirmed", state.confirmed != 0);
    put_bool(to, "failed", state.failed != 0);
    put_bool(to, "silenced", state.silenced != 0);
    put_bool(to, "held", state.held != 0);
    put_bool(to, "latch", reply->site->interlocks[reply->index].latch);
    if (state.tripped != 0)
        put_int(to, "since", state.since_utc_ms);
    text_put(to, "}");
    return PUT_WHOLE;
}

/* A head, a piece a device, a tail; or null. */
static enum put put_drill(struct reply *reply, struct text *to)
{
    const struct site *site = reply->site;
    if (reply->sub == 0) {
        board_get_drill(reply->board, &reply->drill);
        if (reply->drill.running == 0) {
            text_put(to, "null");
            return PUT_WHOLE;
        }
        text_put_format(to, "{\"until\":%" PRId64, reply->drill.until_utc_ms);
        put_uint(to, "count", reply->drill.device_count);
        if (reply->drill.holds != 0)
            put_text(to, "holds", site->zones[reply->drill.zone].id);
        put_key(to, "devices");
        text_put(to, "[");
    } else if (device_set_has(&reply->drill.devices, reply->sub - 1)) {
        text_put(to, reply->any ? "," : "");
        text_put_json_string(to, site->devices[reply->sub - 1].id);
        reply->any = true;
    }
    if (reply->sub < site->device_count)
        return PUT_MORE;
    text_put(to, "]}");
    return PUT_WHOLE;
}

/* Frames. */

#define FRAMES_PIECE ((size_t)REPLY_PIECE_MAX / 2) /* an entry is at most 2 * TAP_BYTES_MAX and its numbers */

static const char *const kinds[TAP_KIND_COUNT] = {
    [TAP_REQUEST] = "request", [TAP_REPLY] = "reply",   [TAP_EXCEPTION] = "exception", [TAP_ECHO] = "echo",
    [TAP_FOREIGN] = "foreign", [TAP_STALE] = "stale",   [TAP_JUNK] = "junk",           [TAP_TIMEOUT] = "timeout",
    [TAP_OPENED] = "opened",   [TAP_CLOSED] = "closed",
};

const char *reply_kind(enum tap_kind kind)
{
    return kind < TAP_KIND_COUNT ? kinds[kind] : "unknown";
}

enum tap_kind reply_kind_of(const char *word)
{
    unsigned kind = 0;
    while (kind < TAP_KIND_COUNT && strcmp(kinds[kind], word) != 0)
        kind++;
    return (enum tap_kind)kind;
}

static void put_frame(struct reply *reply, struct text *to, const struct tap_entry *entry)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * TAP_BYTES_MAX];
    text_put_format(to, "%s{\"n\":%" PRIu64, reply->any ? "," : "", entry->number);
    reply->any = true;
    put_int(to, "mono_us", entry->mono_us);
    put_key(to, "kind");
    text_put_format(to, "\"%s\",\"hex\":\"", reply_kind(entry->kind));
    for (size_t i = 0; i < entry->size; i++) {
        hex[2 * i] = digits[entry->bytes[i] >> 4];
        hex[2 * i + 1] = digits[entry->bytes[i] & 15];
    }
    text_put_bytes(to, hex, 2U * entry->size);
    text_put(to, "\"}");
}

static enum put put_frames(struct reply *reply, struct text *to)
{
    size_t const before = to->used;
    struct tap_entry entry;
    text_put(to, reply->sub == 0 ? "[" : "");
    while (reply->reader.number < reply->last && tape_read(reply->tape, &reply->reader, &entry) == ERR_OK) {
        put_frame(reply, to, &entry);
        if (to->used - before > FRAMES_PIECE)
            return PUT_MORE;
    }
    text_put(to, "]");
    return PUT_WHOLE;
}

/* The order of things. */

#define IN_ALARMS  (1u << REQUEST_ALARMS)
#define IN_WATCH   (1u << REQUEST_WATCH)
#define IN_STATUS  (1u << REQUEST_STATUS)
#define IN_CAPTURE (1u << REQUEST_CAPTURE)
#define IN_READ    (1u << REQUEST_READ)
#define ONCE       SIZE_MAX /* not a list */

static const struct section {
    const char *key;
    unsigned verbs;
    size_t count; /* offset of the number of items in struct site; ONCE */
    enum put (*put)(struct reply *reply, struct text *to);
} sections[] = {
    {"drill", IN_WATCH | IN_ALARMS | IN_STATUS, ONCE, put_drill},
    {"devices", IN_WATCH | IN_READ, offsetof(struct site, device_count), put_device},
    {"alarms", IN_WATCH | IN_ALARMS, offsetof(struct site, rule_count), put_alarm},
    {"gateway", IN_STATUS, ONCE, reply_put_gateway},
    {"alarms", IN_STATUS, ONCE, reply_put_alarms},
    {"interlocks", IN_WATCH | IN_ALARMS | IN_STATUS, offsetof(struct site, interlock_count), put_interlock},
    {"buses", IN_WATCH | IN_STATUS, offsetof(struct site, bus_count), reply_put_bus},
    {"slaves", IN_WATCH | IN_STATUS, offsetof(struct site, slave_count), reply_put_slave},
    {"centres", IN_WATCH | IN_STATUS, offsetof(struct site, centre_count), reply_put_centre},
    {"journal", IN_WATCH | IN_STATUS, ONCE, reply_put_journal},
    {"frames", IN_CAPTURE, ONCE, put_frames},
};

static size_t item_count(const struct section *section, const struct site *site)
{
    size_t count = 1;
    if (section->count != ONCE)
        memcpy(&count, (const char *)site + section->count, sizeof count);
    return count;
}

void reply_start(struct reply *reply, const struct site *site, struct board *board, enum request_verb verb,
                 struct now now)
{
    reply->site = site;
    reply->board = board;
    reply->verb = verb;
    reply->now = now;
    reply->section = reply->index = reply->sub = 0;
    reply->device_first = 0;
    reply->device_end = site->device_count;
    reply->any = reply->done = false;
}

void reply_start_read(struct reply *reply, const struct site *site, struct board *board, size_t device, struct now now)
{
    reply_start(reply, site, board, REQUEST_READ, now);
    reply->device_first = device;
    reply->device_end = device + 1;
}

void reply_start_capture(struct reply *reply, const struct site *site, size_t bus, struct tape *tape, uint64_t since,
                         struct now now)
{
    reply_start(reply, site, NULL, REQUEST_CAPTURE, now);
    reply->bus = bus;
    reply->tape = tape;
    reply->last = tape_last(tape);
    tape_seek(tape, since, &reply->reader);
}

static void put_head(const struct reply *reply, struct text *to)
{
    text_put(to, "{\"ok\":true");
    put_text(to, "verb", request_verb_text(reply->verb));
    put_int(to, "at", reply->now.utc_ms);
    put_text(to, "gw", reply->site->id);
    put_given(to, "name", reply->site->name);
    put_given(to, "time_zone", reply->site->time_zone);
    if (reply->verb != REQUEST_CAPTURE)
        return;
    const struct site_bus *bus = &reply->site->buses[reply->bus];
    put_text(to, "bus", bus->id);
    put_text(to, "modbus", bus->kind == LINK_TCP ? "tcp" : "rtu");
    put_int(to, "mono_us", reply->now.mono_us);
}

/* One item, with what stands before the first and behind the last. */
static void put_item(struct reply *reply, const struct section *section, struct text *to)
{
    size_t const count = item_count(section, reply->site);
    bool const list = section->count != ONCE;
    enum put put = PUT_WHOLE;
    if (reply->index == 0 && reply->sub == 0) {
        put_key(to, section->key);
        text_put(to, list ? "[" : "");
        reply->any = false;
    }
    if (reply->index < count)
        put = section->put(reply, to);
    if (put == PUT_MORE) {
        reply->sub++;
        return;
    }
    reply->sub = 0;
    if (++reply->index < count)
        return;
    text_put(to, list ? "]" : "");
    reply->index = 0;
    reply->section++;
}

/* Skips over thousands of quiet alarms are one piece, so the number of steps of a reply is that of what it says. */
bool reply_next(struct reply *reply, struct text *to)
{
    size_t const before = to->used;
    if (reply->done)
        return false;
    if (reply->section == 0 && reply->index == 0 && reply->sub == 0)
        put_head(reply, to);
    while (reply->section < ARRAY_SIZE(sections) && (sections[reply->section].verbs & 1u << reply->verb) == 0)
        reply->section++;
    if (reply->section >= ARRAY_SIZE(sections)) {
        text_put(to, "}\n");
        reply->done = true;
        CHECK(!to->full);
        return false;
    }
    size_t const section = reply->section;
    do
        put_item(reply, &sections[section], to);
    while (reply->section == section && to->used - before < 64);
    CHECK(!to->full);
    return true;
}

/* Short answers. */

static const struct {
    const char *code;
    const char *zh;
} sentences[] = {
    /* what the judge answers, for a Chinese reader; other words come through as they are */
    {"nothing_to_do", "没有可以执行的对象"},
    {"ack_first", "请先确认，再复位"},
    {"condition_active", "原因仍然存在，或无法确定是否已消除"},
    {"not_silenceable", "不是允许消音的声光报警"},
    {"local_only", "联锁只能在现场复位"},
    {"not_supported", "当前状态下不能执行"},
    {"not_shelvable", "该报警不允许搁置；红色报警一律不允许"},
    {"latched", "已锁存的报警应确认并复位，不能搁置"},
    {"too_long", "时间过长：搁置最长 8 小时，演练最长 2 小时"},
    {"suppressed", "站点文件规定此时抑制该报警"},
    {"out_of_service", "该报警已停用，请先恢复使用"},
    {"hold_one_zone", "保持输出的演练只针对一个分区，请用 --zone 指定"},
    {"hold_too_long", "保持输出的演练最长 10 分钟"},
    {"hold_on_site", "只能在现场用 outpost drill 保持输出"},
    {"hold_tripped", "该分区有联锁已动作，请先查明原因并复位"},
    {"hold_in_alarm", "该分区有探测器正在报警，此时不能保持输出"},
    {"hold_in_doubt", "该分区有探测器故障、无应答或已停用，其余探测器无法替代，不能保持输出"},
    {"nothing_to_hold", "没有联锁使用该分区，请去掉 --hold-outputs"},
    {"drill_running", "已有演练在进行，请先结束它"},
    {"no_drill", "没有正在进行的演练"},
    {"not_found", "没有这个设备或报警"},
    {"busy", "记录来不及写入，请重试"},
};

void reply_put_answer(struct text *to, const struct answer *answer, enum request_verb verb, enum language language)
{
    text_put(to, answer->ok ? "{\"ok\":true" : "{\"ok\":false");
    put_text(to, "verb", request_verb_text(verb));
    put_uint(to, "count", answer->count);
    if (!answer->ok || answer->code[0] != '\0') { /* also when only a part was done */
        const char *why = answer->why;
        for (size_t i = 0; i < ARRAY_SIZE(sentences); i++)
            if (language == LANGUAGE_ZH && strcmp(sentences[i].code, answer->code) == 0)
                why = sentences[i].zh;
        put_text(to, "code", answer->code);
        put_text(to, "why", why);
    }
    text_put(to, "}\n");
}

void reply_put_refusal(struct text *to, const struct refusal *refusal)
{
    text_put(to, "{\"ok\":false,\"code\":");
    text_put_json_string(to, refusal->code);
    text_put(to, ",\"why\":");
    text_put_json_string(to, refusal->why);
    text_put(to, "}\n");
}
