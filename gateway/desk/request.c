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
    static const char *const words[REQUEST_VERB_COUNT] = {"alarms", "watch", "status", "ack", "silence", "reset"};
    return verb < REQUEST_VERB_COUNT ? words[verb] : "unknown";
}

static enum err refuse(struct refusal *refusal, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);
static enum err refuse(struct refusal *refusal, const char *code, const char *format, ...)
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
        return refuse(refusal, "bad_type", zh ? "“%s”应为字符串" : "\"%s\" must be a string", item->string);
    if (strlen(item->valuestring) >= to_size)
        return refuse(refusal, "too_long", zh ? "“%s”过长，最多 %zu 字节" : "\"%s\" is too long; at most %zu bytes",
                      item->string, to_size - 1);
    if (has_control(item->valuestring))
        return refuse(refusal, "bad_value", zh ? "“%s”含有控制字符" : "\"%s\" holds control characters", item->string);
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
        return refuse(refusal, "unknown_verb",
                      zh ? "没有命令“%s”，是否指 %s？" : "there is no verb \"%s\"; did you mean %s?", word,
                      suggest.best);
    return refuse(refusal, "unknown_verb", zh ? "没有命令“%s”" : "there is no verb \"%s\"", word);
}

static enum err put_all(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    if (!cJSON_IsBool(item))
        return refuse(refusal, "bad_type", zh ? "“all”应为 true 或 false" : "\"all\" must be true or false");
    request->all = cJSON_IsTrue(item) != 0;
    return ERR_OK;
}

static enum err put_language(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    char word[8];
    enum err err = put_text(item, word, sizeof word, refusal, zh);
    if (err != ERR_OK)
        return err;
    if (strcmp(word, "zh") != 0 && strcmp(word, "en") != 0)
        return refuse(refusal, "bad_value", zh ? "“lang”应为 zh 或 en" : "\"lang\" must be zh or en");
    request->language = strcmp(word, "zh") == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
    return ERR_OK;
}

#define KEY_SHOWN_SIZE 41 /* of a key that somebody else made up */

static const char *const keys[] = {"verb", "dev", "alarm", "all", "by", "why", "lang"};

static enum err put_member(const cJSON *item, struct request *request, struct refusal *refusal, bool zh)
{
    struct suggest suggest;
    if (strcmp(item->string, "verb") == 0)
        return put_verb(item, request, refusal, zh);
    if (strcmp(item->string, "dev") == 0)
        return put_text(item, request->dev, sizeof request->dev, refusal, zh);
    if (strcmp(item->string, "alarm") == 0)
        return put_text(item, request->alarm, sizeof request->alarm, refusal, zh);
    if (strcmp(item->string, "by") == 0)
        return put_text(item, request->by, sizeof request->by, refusal, zh);
    if (strcmp(item->string, "why") == 0)
        return put_text(item, request->why, sizeof request->why, refusal, zh);
    if (strcmp(item->string, "all") == 0)
        return put_all(item, request, refusal, zh);
    if (strcmp(item->string, "lang") == 0)
        return put_language(item, request, refusal, zh);
    char shown[KEY_SHOWN_SIZE];
    text_copy(shown, sizeof shown, item->string);
    suggest_start(&suggest, item->string);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        suggest_try(&suggest, keys[i]);
    if (suggest.best != NULL)
        return refuse(refusal, "unknown_key",
                      zh ? "不认识的键“%s”，是否指 %s？" : "unknown key \"%s\"; did you mean %s?", shown, suggest.best);
    return refuse(refusal, "unknown_key", zh ? "不认识的键“%s”" : "unknown key \"%s\"", shown);
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
    return refuse(refusal, "doubled_key", zh ? "键“%s”出现了两次" : "the key \"%s\" stands there twice", shown);
}

static bool is_order(enum request_verb verb)
{
    return verb == REQUEST_ACK || verb == REQUEST_SILENCE || verb == REQUEST_RESET;
}

/* What fits together: looking takes no target, an order takes one target or all. */
static enum err check_sense(const struct request *request, struct refusal *refusal, bool zh)
{
    bool const target = request->dev[0] != '\0' || request->alarm[0] != '\0';
    const char *verb = request_verb_text(request->verb);
    if (!is_order(request->verb) && (target || request->all || request->by[0] != '\0' || request->why[0] != '\0'))
        return refuse(
            refusal, "needless_target",
            zh ? "%s 只用于查看，不接受 dev、alarm、all、by、why" : "%s only looks: no dev, alarm, all, by, why", verb);
    if (target && request->all)
        return refuse(refusal, "target_and_all",
                      zh ? "指定了设备或报警，就不能再用 all" : "name a device or alarm, or say all, not both");
    if (is_order(request->verb) && request->verb != REQUEST_SILENCE && !target && !request->all)
        return refuse(refusal, "no_target", zh ? "%s 需要 dev、alarm 或 all" : "%s needs a dev, an alarm, or all",
                      verb);
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
        return refuse(refusal, "no_verb", zh ? "缺少 “verb”" : "\"verb\" is missing");
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
        return refuse(ret_refusal, "too_long", "a request is at most %d bytes", REQUEST_SIZE_MAX);
    if (!text_is_utf8(line, size) || !is_flat(line, size))
        return refuse(ret_refusal, "not_json", "a request is one flat JSON object in UTF-8 on one line");
    const char *end = NULL;
    cJSON *object = cJSON_ParseWithLengthOpts(line, size, &end, 0);
    enum err err = ERR_OK;
    struct request request = {0};
    if (object == NULL || !cJSON_IsObject(object) || !is_blank(end, line + size))
        err = refuse(ret_refusal, "not_json", "a request is one JSON object on one line");
    else
        err = read_members(object, &request, ret_refusal);
    cJSON_Delete(object);
    ret_request->language = request.language;
    if (err == ERR_OK)
        *ret_request = request;
    return err;
}

/* Sense: names to indices. */

static enum err unknown_name(struct refusal *refusal, const char *code, const char *name, const char *suggestion,
                             const char *en, const char *zh, enum language language)
{
    if (suggestion != NULL)
        return refuse(refusal, code,
                      language == LANGUAGE_ZH ? "没有%s“%s”，是否指 %s？" : "there is no %s \"%s\"; did you mean %s?",
                      language == LANGUAGE_ZH ? zh : en, name, suggestion);
    return refuse(refusal, code, language == LANGUAGE_ZH ? "没有%s“%s”" : "there is no %s \"%s\"",
                  language == LANGUAGE_ZH ? zh : en, name);
}

static enum err find_subject(const struct request *request, const struct site *site, int32_t *ret_subject,
                             struct refusal *refusal)
{
    struct suggest suggest;
    suggest_start(&suggest, request->dev);
    for (size_t i = 0; i < site->subject_count; i++) {
        if (strcmp(site->subjects[i].id, request->dev) == 0) {
            *ret_subject = (int32_t)i;
            return ERR_OK;
        }
        suggest_try(&suggest, site->subjects[i].id);
    }
    for (size_t i = 0; i < site->zone_count; i++)
        if (strcmp(site->zones[i].id, request->dev) == 0)
            return refuse(refusal, "zone_given",
                          request->language == LANGUAGE_ZH ? "“%s”是分区，请指定其中的设备或联锁"
                                                           : "\"%s\" is a zone; name one of its devices or interlocks",
                          request->dev);
    return unknown_name(refusal, "unknown_dev", request->dev, suggest.best, "device, bus or interlock",
                        "设备、总线或联锁", request->language);
}

static enum err find_rule(const struct request *request, const struct site *site, int32_t subject, int32_t *ret_rule,
                          struct refusal *refusal)
{
    const struct subject *at = &site->subjects[subject];
    struct suggest suggest;
    suggest_start(&suggest, request->alarm);
    for (int32_t i = at->rule_first; i < at->rule_first + at->rule_count; i++) {
        if (strcmp(site->rules[i].id, request->alarm) == 0) {
            *ret_rule = i;
            return ERR_OK;
        }
        suggest_try(&suggest, site->rules[i].id);
    }
    char en[96];
    char zh[96];
    (void)snprintf(en, sizeof en, "alarm of %s named", at->id);
    (void)snprintf(zh, sizeof zh, "属于 %s 的报警", at->id);
    return unknown_name(refusal, "unknown_alarm", request->alarm, suggest.best, en, zh, request->language);
}

/* An alarm without a device: fine when only one subject has it. */
static enum err find_only_rule(const struct request *request, const struct site *site, struct order *order,
                               struct refusal *refusal)
{
    struct suggest suggest;
    suggest_start(&suggest, request->alarm);
    order->rule = -1;
    for (size_t i = 0; i < site->rule_count; i++) {
        suggest_try(&suggest, site->rules[i].id);
        if (strcmp(site->rules[i].id, request->alarm) != 0)
            continue;
        if (order->rule >= 0)
            return refuse(refusal, "which_dev",
                          request->language == LANGUAGE_ZH ? "多个设备有报警“%s”（如 %s、%s），请指定 dev"
                                                           : "several devices have \"%s\" (%s, %s): name one as dev",
                          request->alarm, site->subjects[order->subject].id, site->subjects[site->rules[i].subject].id);
        order->rule = (int32_t)i;
        order->subject = site->rules[i].subject;
    }
    if (order->rule >= 0)
        return ERR_OK;
    return unknown_name(refusal, "unknown_alarm", request->alarm, suggest.best, "alarm", "报警", request->language);
}

static enum order_verb order_verb_of(enum request_verb verb)
{
    return verb == REQUEST_ACK ? ORDER_ACK : verb == REQUEST_SILENCE ? ORDER_SILENCE : ORDER_RESET;
}

enum err request_resolve(const struct request *request, const struct site *site, struct order *ret_order,
                         struct refusal *ret_refusal)
{
    CHECK(is_order(request->verb));
    struct order order = {.source = SOURCE_LOCAL, .subject = -1, .rule = -1};
    enum err err = ERR_OK;
    order.verb = (uint8_t)order_verb_of(request->verb);
    text_copy(order.by, sizeof order.by, request->by);
    text_copy(order.why, sizeof order.why, request->why);
    if (request->dev[0] != '\0') {
        err = find_subject(request, site, &order.subject, ret_refusal);
        if (err == ERR_OK && request->alarm[0] != '\0')
            err = find_rule(request, site, order.subject, &order.rule, ret_refusal);
    } else if (request->alarm[0] != '\0') {
        err = find_only_rule(request, site, &order, ret_refusal);
    }
    if (err == ERR_OK)
        *ret_order = order;
    return err;
}
