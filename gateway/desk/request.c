#include "gateway/desk/request.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/desk/suggest.h"

const char *request_verb_text(enum request_verb verb)
{
    static const char *const words[REQUEST_VERB_COUNT] = {
        [REQUEST_ALARMS] = "alarms",     [REQUEST_WATCH] = "watch",     [REQUEST_STATUS] = "status",
        [REQUEST_CAPTURE] = "capture",   [REQUEST_READ] = "read",       [REQUEST_ACK] = "ack",
        [REQUEST_SILENCE] = "silence",   [REQUEST_RESET] = "reset",     [REQUEST_SHELVE] = "shelve",
        [REQUEST_UNSHELVE] = "unshelve", [REQUEST_SERVICE] = "service", [REQUEST_DRILL] = "drill"};
    return verb < REQUEST_VERB_COUNT ? words[verb] : "unknown";
}

enum err request_refuse(struct refusal *refusal, const char *code, const char *format, ...)
{
    char why[1024];
    va_list arguments;
    text_copy(refusal->code, sizeof refusal->code, code);
    va_start(arguments, format);
    (void)vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    text_copy(refusal->why, sizeof refusal->why, why);
    return ERR_REFUSED;
}

/* Shape. */

/* The size of an escape of a string at `at` (behind its backslash), or 0 for the escape of a zero byte, which would cut
 * the text that comes out. */
static size_t escape_size(const char *at, const char *end)
{
    return end - at >= 5 && memcmp(at, "u0000", 5) == 0 ? 0 : 1;
}

/* cJSON recurses once per level and cuts texts at zero bytes, so both are looked for before it sees the bytes. */
static bool is_flat(const char *line, size_t size)
{
    const char *const end = line + size;
    bool inside = false; /* a string */
    size_t braces = 0;
    for (const char *at = line; at < end; at++) {
        if (*at == '\0')
            return false;
        if (*at == '"')
            inside = !inside;
        if (inside && *at == '\\') {
            if (escape_size(at + 1, end) == 0)
                return false;
            at++;
        }
        if (!inside && (*at == '[' || (*at == '{' && ++braces > 1)))
            return false;
    }
    return true;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

static enum err put_text(const cJSON *item, char *to, size_t to_size, struct refusal *refusal, bool zh)
{
    if (!cJSON_IsString(item))
        return request_refuse(refusal, "bad_type", zh ? "“%s”应为字符串" : "\"%s\" must be a string", item->string);
    if (strlen(item->valuestring) >= to_size)
        return request_refuse(refusal, "too_long",
                              zh ? "“%s”过长，最多 %zu 字节" : "\"%s\" is too long; at most %zu bytes", item->string,
                              to_size - 1);
    if (has_control(item->valuestring))
        return request_refuse(refusal, "bad_value", zh ? "“%s”含有控制字符" : "\"%s\" holds control characters",
                              item->string);
    text_copy(to, to_size, item->valuestring);
    return ERR_OK;
}

static enum err put_verb(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    char word[SUGGEST_WORD_MAX + 1];
    enum err err = put_text(item, word, sizeof word, refusal, zh);
    if (err != ERR_OK)
        return err;
    struct suggest suggest;
    suggest_start(&suggest, word);
    for (int verb = 0; verb < REQUEST_VERB_COUNT; verb++) {
        if (strcmp(word, request_verb_text((enum request_verb)verb)) == 0) {
            request->verb = (enum request_verb)verb;
            return ERR_OK;
        }
        suggest_try(&suggest, request_verb_text((enum request_verb)verb));
    }
    if (suggest.best != NULL)
        return request_refuse(refusal, "unknown_verb",
                              zh ? "没有命令“%s”，是否指 %s？" : "there is no verb \"%s\"; did you mean %s?", word,
                              suggest.best);
    return request_refuse(refusal, "unknown_verb", zh ? "没有命令“%s”" : "there is no verb \"%s\"", word);
}

static enum err put_bool(const cJSON *item, bool *to, struct refusal *refusal, bool zh)
{
    if (!cJSON_IsBool(item))
        return request_refuse(refusal, "bad_type", zh ? "“%s”应为 true 或 false" : "\"%s\" must be true or false",
                              item->string);
    *to = cJSON_IsTrue(item) != 0;
    return ERR_OK;
}

static enum err put_all(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    return put_bool(item, &request->all, refusal, zh);
}

static enum err put_one_shot(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    return put_bool(item, &request->one_shot, refusal, zh);
}

static enum err put_hold(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    return put_bool(item, &request->hold, refusal, zh);
}

static enum err put_on(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    request->has_on = true;
    return put_bool(item, &request->on, refusal, zh);
}

static enum err put_for(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 1 && item->valuedouble <= UINT32_MAX))
        return request_refuse(refusal, "bad_value",
                              zh ? "“for_ms”应为毫秒数" : "\"for_ms\" must be a number of milliseconds");
    request->for_ms = (uint32_t)item->valuedouble;
    return ERR_OK;
}

static enum err put_language(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    char word[8];
    enum err err = put_text(item, word, sizeof word, refusal, zh);
    if (err != ERR_OK)
        return err;
    if (strcmp(word, "zh") != 0 && strcmp(word, "en") != 0)
        return request_refuse(refusal, "bad_value", zh ? "“lang”应为 zh 或 en" : "\"lang\" must be zh or en");
    request->language = strcmp(word, "zh") == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
    return ERR_OK;
}

#define SINCE_MAX 9007199254740992.0 /* 2^53: what JSON carries exactly */

static enum err put_since(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= SINCE_MAX))
        return request_refuse(refusal, "bad_value",
                              zh ? "“since”应为帧号（0 或正整数）"
                                 : "\"since\" must be the number of a frame, 0 or more");
    request->since = (uint64_t)item->valuedouble;
    return ERR_OK;
}

#define KEY_SHOWN_SIZE 41 /* of a key that somebody else made up */

static const struct key {
    const char *name;
    size_t offset; /* of a text … */
    size_t size;   /* … and its room; 0: `put` takes it */
    enum err (*put)(const cJSON *item, struct request *request, struct refusal *refusal, bool zh);
} keys[] = {
#define TEXT_KEY(name)                                                                                                 \
    {                                                                                                                  \
#name, offsetof(struct request, name), sizeof((struct request *)NULL)->name, NULL                              \
    }
    {"verb", 0, 0, put_verb},
    TEXT_KEY(bus),
    {"since", 0, 0, put_since},
    TEXT_KEY(dev),
    TEXT_KEY(alarm),
    {"all", 0, 0, put_all},
    TEXT_KEY(by),
    TEXT_KEY(why),
    {"for_ms", 0, 0, put_for},
    {"one_shot", 0, 0, put_one_shot},
    {"on", 0, 0, put_on},
    {"hold", 0, 0, put_hold},
    TEXT_KEY(devices),
    TEXT_KEY(zone),
    {"lang", 0, 0, put_language},
#undef TEXT_KEY
};

static enum err put_member(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    struct suggest suggest;
    char shown[KEY_SHOWN_SIZE];
    suggest_start(&suggest, item->string);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (strcmp(item->string, keys[i].name) != 0) {
            suggest_try(&suggest, keys[i].name);
            continue;
        }
        if (keys[i].size > 0)
            return put_text(item, (char *)request + keys[i].offset, keys[i].size, refusal, zh);
        return keys[i].put(item, request, refusal, zh);
    }
    text_copy(shown, sizeof shown, item->string);
    if (suggest.best != NULL)
        return request_refuse(refusal, "unknown_key",
                              zh ? "不认识的键“%s”，是否指 %s？" : "unknown key \"%s\"; did you mean %s?", shown,
                              suggest.best);
    return request_refuse(refusal, "unknown_key", zh ? "不认识的键“%s”" : "unknown key \"%s\"", shown);
}

static bool is_doubled(const cJSON *object, const cJSON *item)
{
    for (const cJSON *other = object->child; other != item; other = other->next)
        if (strcmp(other->string, item->string) == 0)
            return true;
    return false;
}

static enum err refuse_doubled(const cJSON *item, struct refusal *refusal, bool zh)
{
    char shown[KEY_SHOWN_SIZE];
    text_copy(shown, sizeof shown, item->string);
    return request_refuse(refusal, "doubled_key", zh ? "键“%s”出现了两次" : "the key \"%s\" stands there twice", shown);
}

bool request_is_order(enum request_verb verb)
{
    return verb >= REQUEST_ACK && verb < REQUEST_VERB_COUNT;
}

/* Keys that only one or two verbs take. */
static enum err check_needless(const struct request *request, struct refusal *refusal, bool zh)
{
    enum request_verb const verb = request->verb;
    if (!request_is_order(verb) && (request->alarm[0] != '\0' || request->all || request->by[0] != '\0' ||
                                    request->why[0] != '\0' || (request->dev[0] != '\0' && verb != REQUEST_READ)))
        return request_refuse(refusal, "needless_target",
                              zh ? "%s 只用于查看，不接受 dev、alarm、all、by、why"
                                 : "%s only looks: no dev, alarm, all, by, why",
                              request_verb_text(verb));
    if (verb != REQUEST_CAPTURE && (request->bus[0] != '\0' || request->since != 0))
        return request_refuse(refusal, "needless_bus",
                              zh ? "只有 capture 接受 bus、since" : "only capture takes bus, since");
    if ((verb != REQUEST_SHELVE && request->one_shot) ||
        (verb != REQUEST_SHELVE && verb != REQUEST_DRILL && request->for_ms != 0))
        return request_refuse(refusal, "needless_time",
                              zh ? "只有 shelve 接受 one_shot，只有 shelve、drill 接受 for_ms"
                                 : "only shelve takes one_shot, only shelve and drill take for_ms");
    if (verb != REQUEST_SERVICE && verb != REQUEST_DRILL && request->has_on)
        return request_refuse(refusal, "needless_on",
                              zh ? "只有 service、drill 接受 on" : "only service and drill take on");
    if (verb != REQUEST_DRILL && (request->devices[0] != '\0' || request->zone[0] != '\0' || request->hold))
        return request_refuse(refusal, "needless_devices",
                              zh ? "只有 drill 接受 devices、zone、hold" : "only drill takes devices, zone, hold");
    return ERR_OK;
}

/* A drill begins with devices, a zone or all, for a time; and ends with nothing of that. */
static enum err check_drill(const struct request *request, struct refusal *refusal, bool zh)
{
    int const sets = (request->devices[0] != '\0') + (request->zone[0] != '\0') + request->all;
    if (request->dev[0] != '\0' || request->alarm[0] != '\0' || !request->has_on || sets != (request->on ? 1 : 0) ||
        (request->for_ms != 0) != request->on)
        return request_refuse(refusal, "bad_drill",
                              zh ? "drill 需要 on、for_ms 以及 devices、zone、all 之一；结束时只需 on: false"
                                 : "a drill needs on, for_ms and one of devices, zone, all; to end it only on: false");
    if (request->hold && request->zone[0] == '\0')
        return request_refuse(refusal, "hold_one_zone",
                              zh ? "保持输出只用于一个分区：请用 zone 指定"
                                 : "outputs are held for one zone only: name it with zone");
    return ERR_OK;
}

/* What fits together: looking takes no target, an order takes one target or all; what takes alarms out of sight is never
 * meant for the whole site. */
static enum err check_sense(const struct request *request, struct refusal *refusal, bool zh)
{
    bool const target = request->dev[0] != '\0' || request->alarm[0] != '\0';
    const char *verb = request_verb_text(request->verb);
    enum err err = check_needless(request, refusal, zh);
    if (err != ERR_OK)
        return err;
    if (request->verb == REQUEST_DRILL)
        return check_drill(request, refusal, zh);
    if (request->verb == REQUEST_READ && !target)
        return request_refuse(refusal, "no_target", zh ? "read 需要 dev" : "read needs a dev");
    if (target && request->all)
        return request_refuse(refusal, "target_and_all",
                              zh ? "指定了设备或报警，就不能再用 all" : "name a device or alarm, or say all, not both");
    if (!target && (request->verb == REQUEST_SHELVE || request->verb == REQUEST_SERVICE))
        return request_refuse(refusal, "no_target", zh ? "%s 需要 dev 或 alarm" : "%s needs a dev or an alarm", verb);
    if (request->verb == REQUEST_SERVICE && !request->has_on)
        return request_refuse(refusal, "no_on",
                              zh ? "service 需要 on：false 停用，true 恢复"
                                 : "service needs on: false for out of service, true for back");
    if (request_is_order(request->verb) && request->verb != REQUEST_SILENCE && !target && !request->all)
        return request_refuse(refusal, "no_target",
                              zh ? "%s 需要 dev、alarm 或 all" : "%s needs a dev, an alarm, or all", verb);
    return ERR_OK;
}

static enum err read_members(const cJSON *object, struct request *request, struct refusal *refusal)
{
    bool zh = false;
    bool has_verb = false;
    const cJSON *language = cJSON_GetObjectItemCaseSensitive(object, "lang");
    enum err err = language != NULL ? put_language(language, request, refusal, zh) : ERR_OK;
    zh = request->language == LANGUAGE_ZH;
    for (const cJSON *item = object->child; err == ERR_OK && item != NULL; item = item->next) {
        has_verb = has_verb || strcmp(item->string, "verb") == 0;
        if (is_doubled(object, item))
            return refuse_doubled(item, refusal, zh);
        err = put_member(item, request, refusal, zh);
    }
    if (err == ERR_OK && !has_verb)
        return request_refuse(refusal, "no_verb", zh ? "缺少 “verb”" : "\"verb\" is missing");
    return err == ERR_OK ? check_sense(request, refusal, zh) : err;
}

/* Only blanks may follow the object. */
static bool is_blank(const char *from, const char *to)
{
    for (; from < to; from++)
        if (strchr(" \t\r", *from) == NULL || *from == '\0')
            return false;
    return true;
}

enum err request_parse(const char *line, size_t size, struct request *ret_request, struct refusal *ret_refusal)
{
    if (size > REQUEST_SIZE_MAX)
        return request_refuse(ret_refusal, "too_long", "a request is at most %d bytes", REQUEST_SIZE_MAX);
    if (!text_is_utf8(line, size) || !is_flat(line, size))
        return request_refuse(ret_refusal, "not_json", "a request is one flat JSON object in UTF-8 on one line");
    const char *end = NULL;
    cJSON *object = cJSON_ParseWithLengthOpts(line, size, &end, 0);
    enum err err = ERR_OK;
    struct request request = {0};
    if (object == NULL || !cJSON_IsObject(object) || !is_blank(end, line + size))
        err = request_refuse(ret_refusal, "not_json", "a request is one JSON object on one line");
    else
        err = read_members(object, &request, ret_refusal);
    cJSON_Delete(object);
    ret_request->language = request.language;
    if (err == ERR_OK)
        *ret_request = request;
    return err;
}
