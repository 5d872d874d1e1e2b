#include "gateway/desk/reply.h"

#include <math.h>
#include <string.h>

#include "gateway/base/check.h"

/* A piece holds at most two labels, one text of a device and a few ids, each escaped to at most six bytes a byte:
 * 2 * 6 * 200 + 6 * 256 + 6 * 160 + ids stay below REPLY_PIECE_MAX. */
#define LABEL_MAX 200

enum put { PUT_SKIPPED, PUT_WHOLE, PUT_MORE };

static void put_key(struct text *to, const char *key)
{
    text_put_format(to, ",\"%s\":", key);
}

static void put_text(struct text *to, const char *key, const char *value)
{
    char cut[LABEL_MAX + 1];
    text_copy(cut, sizeof cut, value);
    put_key(to, key);
    text_put_json_string(to, cut);
}

static void put_given(struct text *to, const char *key, const char *value)
{
    if (value != NULL && value[0] != '\0')
        put_text(to, key, value);
}

static void put_uint(struct text *to, const char *key, uint64_t value)
{
    put_key(to, key);
    text_put_uint(to, value);
}

static void put_int(struct text *to, const char *key, int64_t value)
{
    put_key(to, key);
    text_put_int(to, value);
}

static void put_bool(struct text *to, const char *key, bool value)
{
    put_key(to, key);
    text_put(to, value ? "true" : "false");
}

/* Items begin with `{"first":"id"`, everything after it with a comma. */
static void begin(struct reply *reply, struct text *to, const char *key, const char *id)
{
    text_put(to, reply->any ? ",{" : "{");
    reply->any = true;
    text_put_json_string(to, key);
    text_put(to, ":");
    text_put_json_string(to, id);
}

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

static void put_point(struct text *to, const struct device_point *point, const struct board_device *device, size_t at)
{
    const struct sample *sample = &device->samples[at];
    bool const has_value = sample->quality != QUALITY_BAD && is_printable(point, sample, device->text_size);
    text_put(to, at == 0 ? "{\"id\":" : ",{\"id\":");
    text_put_json_string(to, point->id);
    put_text(to, "quality", quality_text(has_value ? sample->quality : QUALITY_BAD));
    if (has_value)
        put_value(to, point, sample, device->texts);
    else
        put_text(to, "reason", reason_text((enum reason)sample->reason));
    put_given(to, "unit", point->unit);
    put_given(to, "zh", point->zh);
    put_given(to, "en", point->en);
    text_put(to, "}");
}

static enum put put_device(struct reply *reply, struct text *to)
{
    const struct site_device *device = &reply->site->devices[reply->index];
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
        put_point(to, &device->points[reply->sub - 1], &reply->device, reply->sub - 1);
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
    put_text(to, "priority", priority_text(rule->priority));
    put_text(to, "colour", priority_colour(rule->priority));
    put_bool(to, "condition", state->condition != 0);
    put_int(to, "since", state->since_utc_ms);
    if (state->has_value != 0 && isfinite(state->value))
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
    put_bool(to, "latch", reply->site->interlocks[reply->index].latch);
    if (state.tripped != 0)
        put_int(to, "since", state.since_utc_ms);
    text_put(to, "}");
    return PUT_WHOLE;
}

/* Buses, slaves, centres, journal. */

static enum put put_bus(struct reply *reply, struct text *to)
{
    struct board_bus bus;
    board_get_bus(reply->board, reply->index, &bus);
    begin(reply, to, "bus", reply->site->buses[reply->index].id);
    put_bool(to, "open", bus.open != 0);
    put_uint(to, "requests", bus.requests);
    put_uint(to, "good", bus.good);
    put_uint(to, "timeouts", bus.timeouts);
    put_uint(to, "garbled", bus.garbled);
    put_uint(to, "foreign", bus.foreign);
    put_uint(to, "exceptions", bus.exceptions);
    put_uint(to, "writes", bus.writes);
    put_uint(to, "reopened", bus.reopened);
    put_uint(to, "busy_us", bus.busy_us);
    put_int(to, "cycle_us", bus.cycle_us);
    text_put(to, "}");
    return PUT_WHOLE;
}

static enum put put_slave(struct reply *reply, struct text *to)
{
    const struct site_slave *site_slave = &reply->site->slaves[reply->index];
    struct board_slave slave;
    board_get_slave(reply->board, reply->index, &slave);
    begin(reply, to, "slave", site_slave->id);
    put_text(to, "bus", reply->site->buses[site_slave->bus].id);
    put_uint(to, "unit", site_slave->unit);
    put_bool(to, "answering", slave.answering != 0);
    put_uint(to, "requests", slave.requests);
    put_uint(to, "good", slave.good);
    put_uint(to, "rtt_us", slave.rtt_us);
    if (slave.good_mono_us > 0 && slave.good_mono_us <= reply->now.mono_us)
        put_int(to, "age_ms", (reply->now.mono_us - slave.good_mono_us) / 1000);
    text_put(to, "}");
    return PUT_WHOLE;
}

static enum put put_centre(struct reply *reply, struct text *to)
{
    struct board_centre centre;
    board_get_centre(reply->board, reply->index, &centre);
    begin(reply, to, "centre", reply->site->centres[reply->index].id);
    put_bool(to, "connected", centre.connected != 0);
    put_uint(to, "published", centre.published);
    put_uint(to, "acked", centre.acked);
    put_uint(to, "reconnects", centre.reconnects);
    text_put_format(to, ",\"lw\":{\"a\":%llu,\"t\":%llu}", (unsigned long long)centre.lw_a,
                    (unsigned long long)centre.lw_t);
    put_given(to, "trouble", centre.trouble);
    text_put(to, "}");
    return PUT_WHOLE;
}

static enum put put_journal(struct reply *reply, struct text *to)
{
    struct board_journal journal;
    board_get_journal(reply->board, &journal);
    text_put(to, "{\"ok\":");
    text_put(to, journal.ok != 0 ? "true" : "false");
    text_put_format(to, ",\"last\":{\"a\":%llu,\"t\":%llu}", (unsigned long long)journal.last_a,
                    (unsigned long long)journal.last_t);
    put_uint(to, "bytes", journal.bytes);
    put_uint(to, "commits", journal.commits);
    put_uint(to, "dropped", journal.dropped);
    put_uint(to, "boot", journal.boot);
    put_given(to, "stream", journal.stream);
    put_given(to, "trouble", journal.trouble);
    text_put(to, "}");
    return PUT_WHOLE;
}

/* The order of things. */

#define IN_ALARMS (1u << REQUEST_ALARMS)
#define IN_WATCH  (1u << REQUEST_WATCH)
#define IN_STATUS (1u << REQUEST_STATUS)
#define ONCE      SIZE_MAX /* not a list */

static const struct section {
    const char *key;
    unsigned verbs;
    size_t count; /* offset of the number of items in struct site; ONCE */
    enum put (*put)(struct reply *reply, struct text *to);
} sections[] = {
    {"devices", IN_WATCH, offsetof(struct site, device_count), put_device},
    {"alarms", IN_WATCH | IN_ALARMS, offsetof(struct site, rule_count), put_alarm},
    {"interlocks", IN_WATCH | IN_ALARMS | IN_STATUS, offsetof(struct site, interlock_count), put_interlock},
    {"buses", IN_WATCH | IN_STATUS, offsetof(struct site, bus_count), put_bus},
    {"slaves", IN_WATCH | IN_STATUS, offsetof(struct site, slave_count), put_slave},
    {"centres", IN_WATCH | IN_STATUS, offsetof(struct site, centre_count), put_centre},
    {"journal", IN_WATCH | IN_STATUS, ONCE, put_journal},
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
    reply->any = reply->done = false;
}

static void put_head(const struct reply *reply, struct text *to)
{
    text_put(to, "{\"ok\":true");
    put_text(to, "verb", request_verb_text(reply->verb));
    put_int(to, "at", reply->now.utc_ms);
    put_text(to, "gw", reply->site->id);
    put_given(to, "name", reply->site->name);
    put_given(to, "time_zone", reply->site->time_zone);
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
