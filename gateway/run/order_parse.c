#include "gateway/run/order_parse.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"

#define WHOLE_MAX 9007199254740992.0 /* 2^53: beyond it a JSON number is not exact */

static const char *const verbs[WIRE_VERB_COUNT] = {
    [WIRE_ACK] = "ack",       [WIRE_SILENCE] = "silence",   [WIRE_READ] = "read",       [WIRE_RECEIPT] = "receipt",
    [WIRE_REPLAY] = "replay", [WIRE_REGISTRY] = "registry", [WIRE_WRITE] = "write",     [WIRE_RESET] = "reset",
    [WIRE_SHELVE] = "shelve", [WIRE_UNSHELVE] = "unshelve", [WIRE_SERVICE] = "service", [WIRE_DRILL] = "drill",
    [WIRE_CONFIG] = "config",
};

const char *wire_verb_text(enum wire_verb verb)
{
    return verb < WIRE_VERB_COUNT ? verbs[verb] : "?";
}

/* The reading of one order: what was found wrong first is what is said. */
struct reading {
    struct wire_order order;
    struct order_refusal *refusal;
    bool is_bad;
};

PRINTF_LIKE(3, 4)
static void refuse(struct reading *reading, const char *code, const char *format, ...)
{
    va_list args;
    if (reading->is_bad)
        return;
    reading->is_bad = true;
    reading->refusal->code = code;
    va_start(args, format);
    (void)vsnprintf(reading->refusal->why, sizeof reading->refusal->why, format, args);
    va_end(args);
}

/* Only the keys of the list, and each of them once. */
static void check_keys(struct reading *reading, const cJSON *object, const char *const *keys, size_t key_count)
{
    for (const cJSON *child = object->child; child != NULL; child = child->next) {
        bool is_known = false;
        for (size_t i = 0; i < key_count; i++)
            is_known = is_known || strcmp(keys[i], child->string) == 0;
        if (!is_known)
            refuse(reading, "format", "unknown key \"%.40s\"", child->string);
        if (cJSON_GetObjectItemCaseSensitive(object, child->string) != child)
            refuse(reading, "format", "\"%.40s\" stands there twice", child->string);
    }
}

/* Control characters have no business in a name or a reason: they end up on somebody's terminal. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            return false;
    return true;
}

static void take_text(struct reading *reading, const cJSON *object, const char *key, char *to, size_t to_size,
                      bool required)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (item == NULL && !required)
        return;
    if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
        refuse(reading, "format", "\"%s\" must be a text", key);
    else if (strlen(item->valuestring) >= to_size)
        refuse(reading, "format", "\"%s\" is longer than %zu bytes", key, to_size - 1);
    else if (!is_plain(item->valuestring))
        refuse(reading, "format", "\"%s\" must not contain control characters", key);
    else
        text_copy(to, to_size, item->valuestring);
}

static uint64_t take_whole(struct reading *reading, const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    double const value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (value >= 0 && value <= WHOLE_MAX && !((double)(uint64_t)value < value))
        return (uint64_t)value;
    refuse(reading, "format", "\"%s\" must be a whole number of 0 or more", key);
    return 0;
}

static char take_lane(struct reading *reading, const cJSON *args)
{
    char lane[2] = "";
    take_text(reading, args, "lane", lane, sizeof lane, true);
    if (lane[0] != 'a' && lane[0] != 't')
        refuse(reading, "format", "\"lane\" must be \"a\" or \"t\"");
    return lane[0];
}

static void read_receipt(struct reading *reading, const cJSON *args)
{
    static const char *const keys[] = {"stream", "lane", "upto"};
    struct receipt_args *receipt = &reading->order.is.receipt;
    check_keys(reading, args, keys, ARRAY_SIZE(keys));
    take_text(reading, args, "stream", receipt->stream, sizeof receipt->stream, true);
    receipt->lane = take_lane(reading, args);
    receipt->upto = take_whole(reading, args, "upto");
}

static void read_replay(struct reading *reading, const cJSON *args)
{
    static const char *const keys[] = {"lane", "from", "to"};
    struct replay_args *replay = &reading->order.is.replay;
    check_keys(reading, args, keys, ARRAY_SIZE(keys));
    replay->lane = take_lane(reading, args);
    replay->from = take_whole(reading, args, "from");
    replay->to = take_whole(reading, args, "to");
    if (replay->from < 1 || replay->from > replay->to)
        refuse(reading, "format", "\"from\" must be 1 or more, and no more than \"to\"");
}

static void read_registry(struct reading *reading, const cJSON *args)
{
    static const char *const keys[] = {"dev"};
    struct registry_args *registry = &reading->order.is.registry;
    if (args == NULL)
        return;
    check_keys(reading, args, keys, ARRAY_SIZE(keys));
    take_text(reading, args, "dev", registry->dev, sizeof registry->dev, false);
}

static bool take_bool(struct reading *reading, const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (item != NULL && !cJSON_IsBool(item))
        refuse(reading, "format", "\"%s\" must be true or false", key);
    return cJSON_IsTrue(item) != 0;
}

static void read_ack(struct reading *reading, const cJSON *args)
{
    static const char *const keys[] = {"dev", "alarm", "all", "why"};
    struct target_args *target = &reading->order.is.target;
    check_keys(reading, args, keys, ARRAY_SIZE(keys));
    take_text(reading, args, "dev", target->dev, sizeof target->dev, false);
    take_text(reading, args, "alarm", target->alarm, sizeof target->alarm, false);
    take_text(reading, args, "why", target->why, sizeof target->why, false);
    target->all = take_bool(reading, args, "all");
    if (target->all == (target->dev[0] != '\0') || (target->alarm[0] != '\0' && target->dev[0] == '\0'))
        refuse(reading, "format", "name a \"dev\", a \"dev\" and an \"alarm\" of it, or say \"all\":true");
}

static void read_silence(struct reading *reading, const cJSON *args)
{
    static const char *const keys[] = {"dev", "why"};
    struct target_args *target = &reading->order.is.target;
    target->all = true;
    if (args == NULL)
        return;
    check_keys(reading, args, keys, ARRAY_SIZE(keys));
    take_text(reading, args, "dev", target->dev, sizeof target->dev, false);
    take_text(reading, args, "why", target->why, sizeof target->why, false);
    target->all = target->dev[0] == '\0';
}

static void read_read(struct reading *reading, const cJSON *args)
{
    static const char *const keys[] = {"dev"};
    struct target_args *target = &reading->order.is.target;
    check_keys(reading, args, keys, ARRAY_SIZE(keys));
    take_text(reading, args, "dev", target->dev, sizeof target->dev, true);
}

static void read_args(struct reading *reading, const cJSON *args)
{
    bool const may_lack = reading->order.verb == WIRE_REGISTRY || reading->order.verb == WIRE_SILENCE;
    if (args != NULL ? !cJSON_IsObject(args) : !may_lack) {
        refuse(reading, "format", "\"args\" must be an object");
        return;
    }
    switch (reading->order.verb) {
    case WIRE_RECEIPT:
        read_receipt(reading, args);
        break;
    case WIRE_REPLAY:
        read_replay(reading, args);
        break;
    case WIRE_REGISTRY:
        read_registry(reading, args);
        break;
    case WIRE_ACK:
        read_ack(reading, args);
        break;
    case WIRE_SILENCE:
        read_silence(reading, args);
        break;
    case WIRE_READ:
        read_read(reading, args);
        break;
    case WIRE_WRITE: /* read_signed */
    case WIRE_RESET:
    case WIRE_SHELVE:
    case WIRE_UNSHELVE:
    case WIRE_SERVICE:
    case WIRE_DRILL:
    case WIRE_CONFIG:
    case WIRE_VERB_COUNT:
        break;
    }
}

static void take_if_short(const cJSON *object, const char *key, char *to, size_t to_size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    if (text != NULL && strlen(text) < to_size && is_plain(text))
        text_copy(to, to_size, text);
}

/* Whose order it is, inside or not, for the answer and the event. */
static void take_names(struct reading *reading, const cJSON *root)
{
    struct order_refusal *refusal = reading->refusal;
    const char *order = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "order"));
    cJSON *inner = order != NULL ? cJSON_Parse(order) : NULL;
    take_if_short(order != NULL ? inner : root, "id", refusal->id, sizeof refusal->id);
    take_if_short(order != NULL ? inner : root, "by", refusal->by, sizeof refusal->by);
    cJSON_Delete(inner);
}

static void read_signed(struct reading *reading, const cJSON *root)
{
    const char *verb = wire_verb_text(reading->order.verb);
    if (!cJSON_IsObject(root)) {
        refuse(reading, "format", "the order must be one JSON object");
        return;
    }
    take_names(reading, root);
    bool const is_command = reading->order.verb != WIRE_WRITE && reading->order.verb != WIRE_CONFIG;
    const char *key = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "key"));
    char on_site[48] = "";
    if (is_command)
        (void)snprintf(on_site, sizeof on_site, "; on site it is `outpost %s`", verb);
    if (cJSON_GetObjectItemCaseSensitive(root, "sig") == NULL)
        refuse(reading, "signature", "the order \"%s\" must be signed%s", verb, on_site);
    else
        refuse(reading, "signature", "unknown key \"%.40s\": this version checks no signatures%s",
               key != NULL ? key : "", on_site);
}

static void read_order(struct reading *reading, const cJSON *root)
{
    static const char *const keys[] = {"id", "issued", "expires", "by", "args"};
    struct wire_order *order = &reading->order;
    if (!cJSON_IsObject(root)) {
        refuse(reading, "format", "the order must be one JSON object");
        return;
    }
    take_text(reading, root, "id", order->id, sizeof order->id, true);
    text_copy(reading->refusal->id, sizeof reading->refusal->id, order->id);
    take_if_short(root, "by", reading->refusal->by, sizeof reading->refusal->by);
    check_keys(reading, root, keys, ARRAY_SIZE(keys));
    order->issued_utc_ms = (int64_t)take_whole(reading, root, "issued");
    order->expires_utc_ms = (int64_t)take_whole(reading, root, "expires");
    take_text(reading, root, "by", order->by, sizeof order->by, true);
    read_args(reading, cJSON_GetObjectItemCaseSensitive(root, "args"));
}

static bool find_verb(const char *text, enum wire_verb *ret_verb)
{
    for (enum wire_verb verb = 0; verb < WIRE_VERB_COUNT; verb++)
        if (strcmp(verbs[verb], text) == 0) {
            *ret_verb = verb;
            return true;
        }
    return false;
}

/* A text of C would end there, and an order be taken that nobody gave. */
static bool has_escaped_nul(const char *payload, size_t size)
{
    static const char nul[] = "\\u0000";
    for (size_t i = 0; i + sizeof nul - 1 <= size; i++) {
        if (memcmp(payload + i, nul, sizeof nul - 1) == 0)
            return true;
        i += payload[i] == '\\' ? 1 : 0; /* what is behind it belongs to it */
    }
    return false;
}

enum err order_parse(const char *verb, const void *payload, size_t size, struct wire_order *ret_order,
                     struct order_refusal *ret_refusal)
{
    struct order_refusal refusal = {.code = "format"};
    struct reading reading = {.refusal = &refusal};
    const char *end = NULL;
    cJSON *root = NULL;
    bool const is_known = find_verb(verb, &reading.order.verb);
    if (!is_known)
        refuse(&reading, "verb", "there is no order \"%.40s\"", verb);
    if (size > ORDER_SIZE_MAX)
        refuse(&reading, "too_large", "an order has at most %d bytes", ORDER_SIZE_MAX);
    else if (!text_is_utf8(payload, size) || memchr(payload, '\0', size) != NULL)
        refuse(&reading, "format", "the order must be UTF-8 text");
    else if (has_escaped_nul(payload, size))
        refuse(&reading, "format", "the order must not contain \\u0000");
    else if ((root = cJSON_ParseWithLengthOpts(payload, size, &end, 0)) == NULL)
        refuse(&reading, "format", "the order is not JSON");
    else if (!is_known)
        take_names(&reading, root);
    else if (reading.order.verb >= WIRE_WRITE)
        read_signed(&reading, root);
    else
        read_order(&reading, root);
    for (const char *at = end; !reading.is_bad && at < (const char *)payload + size; at++)
        if (strchr(" \t\r\n", *at) == NULL)
            refuse(&reading, "format", "something stands behind the order");
    cJSON_Delete(root);
    if (reading.is_bad)
        *ret_refusal = refusal;
    else
        *ret_order = reading.order;
    return reading.is_bad ? ERR_FORMAT : ERR_OK;
}
