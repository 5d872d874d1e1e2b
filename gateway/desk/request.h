/* request: one line that came in over the local socket -> what is asked for, or a reason to refuse.
 *
 * A line is one JSON object of at most REQUEST_SIZE_MAX bytes, flat, with these keys and no others:
 *   {"verb":"alarms"|"watch"|"status"}
 *   {"verb":"ack"|"silence"|"reset", "dev":ID, "alarm":ID, "all":true, "by":NAME, "why":TEXT}
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

#define REQUEST_SIZE_MAX  4096
#define REQUEST_ALARM_MAX 64

enum request_verb {
    REQUEST_ALARMS,
    REQUEST_WATCH,
    REQUEST_STATUS,
    REQUEST_ACK,
    REQUEST_SILENCE,
    REQUEST_RESET,
    REQUEST_VERB_COUNT
};

const char *request_verb_text(enum request_verb verb);

struct request {
    enum request_verb verb;
    enum language language;
    bool all;
    char dev[SITE_ID_MAX + 1]; /* "" not given, and so on */
    char alarm[REQUEST_ALARM_MAX + 1];
    char by[ORDER_BY_MAX + 1];
    char why[ORDER_WHY_MAX + 1];
};

/* Why a request is refused: one stable word for programs, one sentence for people (in the request's language). */
struct refusal {
    char code[24];
    char why[256];
};

/* ERR_REFUSED: ret_refusal says why; ret_request is untouched but for .language, which is set as soon as it is known. */
MUST_CHECK enum err request_parse(const char *line, size_t size, struct request *ret_request,
                                  struct refusal *ret_refusal);

/* Names -> indices of the site. Only for the verbs that are orders. `silence` without a target means all. */
MUST_CHECK enum err request_resolve(const struct request *request, const struct site *site, struct order *ret_order,
                                    struct refusal *ret_refusal);

#endif
