/* The sense of a request: its names become indices of the site. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/desk/request.h"
#include "gateway/desk/suggest.h"

static enum err unknown_name(struct refusal *refusal, const char *code, const char *name, const char *suggestion,
                             const char *en, const char *zh, enum language language)
{
    if (suggestion != NULL)
        return request_refuse(refusal, code,
                              language == LANGUAGE_ZH ? "没有%s“%s”，是否指 %s？"
                                                      : "there is no %s \"%s\"; did you mean %s?",
                              language == LANGUAGE_ZH ? zh : en, name, suggestion);
    return request_refuse(refusal, code, language == LANGUAGE_ZH ? "没有%s“%s”" : "there is no %s \"%s\"",
                          language == LANGUAGE_ZH ? zh : en, name);
}

static enum err refuse_no_bus(const struct site *site, struct refusal *refusal, bool zh)
{
    char names[160] = "";
    struct text text;
    text_init(&text, names, sizeof names);
    for (size_t i = 0; i < site->bus_count && text.used < sizeof names / 2; i++) {
        text_put(&text, i > 0 ? " " : "");
        text_put(&text, site->buses[i].id);
    }
    return request_refuse(refusal, "no_bus", zh ? "请指定总线：%s" : "name the bus; there are: %s", names);
}

enum err request_find_bus(const struct request *request, const struct site *site, size_t *ret_bus,
                          struct refusal *ret_refusal)
{
    struct suggest suggest;
    if (request->bus[0] == '\0' && site->bus_count != 1)
        return refuse_no_bus(site, ret_refusal, request->language == LANGUAGE_ZH);
    suggest_start(&suggest, request->bus);
    for (size_t i = 0; i < site->bus_count; i++) {
        if (request->bus[0] == '\0' || strcmp(site->buses[i].id, request->bus) == 0) {
            *ret_bus = i;
            return ERR_OK;
        }
        suggest_try(&suggest, site->buses[i].id);
    }
    return unknown_name(ret_refusal, "unknown_bus", request->bus, suggest.best, "bus", "总线", request->language);
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
            return request_refuse(refusal, "zone_given",
                                  request->language == LANGUAGE_ZH
                                      ? "“%s”是分区，请指定其中的设备或联锁"
                                      : "\"%s\" is a zone; name one of its devices or interlocks",
                                  request->dev);
    return unknown_name(refusal, "unknown_dev", request->dev, suggest.best, "device, bus, interlock or centre",
                        "设备、总线、联锁或中心", request->language);
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
            return request_refuse(
                refusal, "which_dev",
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

enum err request_find_device(const struct request *request, const struct site *site, size_t *ret_device,
                             struct refusal *ret_refusal)
{
    struct suggest suggest;
    suggest_start(&suggest, request->dev);
    for (size_t i = 0; i < site->device_count; i++) {
        if (strcmp(site->devices[i].id, request->dev) == 0) {
            *ret_device = i;
            return ERR_OK;
        }
        suggest_try(&suggest, site->devices[i].id);
    }
    return unknown_name(ret_refusal, "unknown_dev", request->dev, suggest.best, "device", "设备", request->language);
}

/* Drills. */

static enum err find_zone(const struct request *request, const struct site *site, struct order *order,
                          struct refusal *refusal)
{
    struct suggest suggest;
    suggest_start(&suggest, request->zone);
    for (size_t i = 0; i < site->zone_count; i++) {
        const struct site_zone *zone = &site->zones[i];
        suggest_try(&suggest, zone->id);
        if (strcmp(zone->id, request->zone) != 0)
            continue;
        order->zone = (int32_t)i;
        for (size_t d = 0; d < zone->detector_count; d++)
            device_set_put(&order->devices, (size_t)zone->detectors[d], true);
        return ERR_OK;
    }
    return unknown_name(refusal, "unknown_zone", request->zone, suggest.best, "zone", "分区", request->language);
}

static enum err find_devices(const struct request *request, const struct site *site, struct order *order,
                             struct refusal *refusal)
{
    const char *at = request->devices;
    enum err err = ERR_OK;
    while (err == ERR_OK && at[strspn(at, " ")] != '\0') {
        struct request one = {.language = request->language};
        size_t device = 0;
        at += strspn(at, " ");
        size_t const size = strcspn(at, " ");
        (void)snprintf(one.dev, sizeof one.dev, "%.*s", (int)(size <= SITE_ID_MAX ? size : 0), at);
        err = request_find_device(&one, site, &device, refusal);
        if (err == ERR_OK)
            device_set_put(&order->devices, device, true);
        at += size;
    }
    return err;
}

static enum err resolve_drill(const struct request *request, const struct site *site, struct order *order,
                              struct refusal *refusal)
{
    for (size_t i = 0; request->all && i < site->device_count; i++)
        device_set_put(&order->devices, i, true);
    if (request->zone[0] != '\0')
        return find_zone(request, site, order, refusal);
    return find_devices(request, site, order, refusal);
}

static enum order_verb order_verb_of(enum request_verb verb)
{
    static const enum order_verb verbs[REQUEST_VERB_COUNT] = {
        [REQUEST_ACK] = ORDER_ACK,       [REQUEST_SILENCE] = ORDER_SILENCE,   [REQUEST_RESET] = ORDER_RESET,
        [REQUEST_SHELVE] = ORDER_SHELVE, [REQUEST_UNSHELVE] = ORDER_UNSHELVE, [REQUEST_SERVICE] = ORDER_SERVICE,
        [REQUEST_DRILL] = ORDER_DRILL,
    };
    CHECK(request_is_order(verb));
    return verbs[verb];
}

enum err request_resolve(const struct request *request, const struct site *site, struct order *ret_order,
                         struct refusal *ret_refusal)
{
    struct order order = {.verb = (uint8_t)order_verb_of(request->verb),
                          .source = SOURCE_LOCAL,
                          .subject = -1,
                          .rule = -1,
                          .for_ms = request->for_ms,
                          .one_shot = request->one_shot,
                          .on = request->on,
                          .hold = request->hold,
                          .zone = -1};
    enum err err = ERR_OK;
    text_copy(order.by, sizeof order.by, request->by);
    text_copy(order.why, sizeof order.why, request->why);
    if (request->verb == REQUEST_DRILL) {
        err = resolve_drill(request, site, &order, ret_refusal);
    } else if (request->dev[0] != '\0') {
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
