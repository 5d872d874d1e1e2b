/* request: one line that came in over the local socket -> what is asked for, or a reason to refuse.
 *
 * A line is one JSON object of at most REQUEST_SIZE_MAX bytes, flat, with these keys and no others:
 *   {"verb":"alarms"|"watch"|"status"}
 *   {"verb":"capture", "bus":ID, "since":NUMBER}: frames of a bus behind that number; without, or 0: all that are kept
 *   {"verb":"read", "dev":ID}: the newest readings of a device
 *   {"verb":"ack"|"silence"|"reset"|"unshelve", "dev":ID, "alarm":ID, "all":true, "by":NAME, "why":TEXT}
 *   {"verb":"shelve", "dev":ID, "alarm":ID, "for_ms":NUMBER, "one_shot":true, …}; without for_ms: the longest
 *   {"verb":"service", "dev":ID, "alarm":ID, "on":false|true, …}: out of service, and back
 *   {"verb":"drill", "on":true, "for_ms":NUMBER, "devices":"ID ID …" or "zone":ID or "all":true, …}; {"on":false} ends it;
 *    "hold":true, with a zone only, holds the outputs of its interlocks
 * and everywhere "lang":"zh"|"en", the language of sentences in the answer. Doubled keys, other types, deeper objects,
 * bytes that are not UTF-8 and anything behind the object are refused. Bytes in, struct out: does not block. */
#ifndef OUTPOST_DESK_REQUEST_H
#define OUTPOST_DESK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/err.h"
#include "gateway/model/order.h"
#include "gateway/model/site.h"
#include "gateway/site/load.h"

#define REQUEST_SIZE_MAX    4096
#define REQUEST_ALARM_MAX   64
#define REQUEST_DEVICES_MAX 3071 /* some 50 of the longest names; more are `all` or a zone */

enum request_verb {
    REQUEST_ALARMS,
    REQUEST_WATCH,
    REQUEST_STATUS,
    REQUEST_CAPTURE,
    REQUEST_READ,
    REQUEST_ACK, /* from here on: orders */
    REQUEST_SILENCE,
    REQUEST_RESET,
    REQUEST_SHELVE,
    REQUEST_UNSHELVE,
    REQUEST_SERVICE,
    REQUEST_DRILL,
    REQUEST_VERB_COUNT
};

const char *request_verb_text(enum request_verb verb);
bool request_is_order(enum request_verb verb);

struct request {
    enum request_verb verb;
    enum language language;
    bool all;
    bool one_shot;
    bool has_on;
    bool on;
    bool hold;
    uint32_t for_ms;           /* 0 not given */
    char dev[SITE_ID_MAX + 1]; /* "" not given, and so on */
    char bus[SITE_ID_MAX + 1];
    uint64_t since;
    char alarm[REQUEST_ALARM_MAX + 1];
    char by[ORDER_BY_MAX + 1];
    char why[ORDER_WHY_MAX + 1];
    char devices[REQUEST_DEVICES_MAX + 1]; /* with blanks between */
    char zone[SITE_ID_MAX + 1];
};

/* Why a request is refused: one stable word for programs, one sentence for people (in the request's language). */
struct refusal {
    char code[24];
    char why[256];
};

/* Fills a refusal; always ERR_REFUSED. */
enum err request_refuse(struct refusal *refusal, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);

/* ERR_REFUSED: ret_refusal says why; ret_request is untouched but for .language, which is set as soon as it is known. */
MUST_CHECK enum err request_parse(const char *line, size_t size, struct request *ret_request,
                                  struct refusal *ret_refusal);

/* Which bus `capture` means; without a name the only one. */
MUST_CHECK enum err request_find_bus(const struct request *request, const struct site *site, size_t *ret_bus,
                                     struct refusal *ret_refusal);

/* Which device `read` means. */
MUST_CHECK enum err request_find_device(const struct request *request, const struct site *site, size_t *ret_device,
                                        struct refusal *ret_refusal);

/* Names -> indices of the site. Only for the verbs that are orders. `silence` without a target means all. */
MUST_CHECK enum err request_resolve(const struct request *request, const struct site *site, struct order *ret_order,
                                    struct refusal *ret_refusal);

#endif
