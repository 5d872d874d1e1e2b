/* order_parse: an order of a centre, from the bytes that came over MQTT to something to act upon, or to a refusal in words.
 *
 *   {"id":"…","issued":ms,"expires":ms,"by":"…","args":{…}}      at most ORDER_SIZE_MAX bytes of UTF-8
 *
 * `id` 1..64 bytes, chosen by whoever orders, new for each order; `by` a name for the journal; `args` what the verb needs:
 *
 *   receipt   {"stream":"9f3c2a71","lane":"a","upto":913}   the centre has every number up to there
 *   replay    {"lane":"t","from":100,"to":240}              send these again
 *   registry  {} or {"dev":"gas-kitchen"}                   publish the archives again: the broker has forgotten them
 *   ack       {"dev":"gas-kitchen","alarm":"gas.high"}      or without "alarm", or {"all":true}; and "why":"…"
 *   silence   {} or {"dev":"kitchen-siren"}; and "why":"…"
 *   read      {"dev":"gas-kitchen"}                         its newest readings
 *
 * What has to be signed (write, reset, shelve, unshelve, service, drill, config) is refused as `signature`, with a sentence:
 * that it is not, or that this version knows no key to check one with.
 *
 * Strict: an unknown or doubled key, a number that is not whole, a control character in a text, a missing member is refused and
 * nothing is done. Whether an order is expired, repeated or allowed is not decided here. Any bytes may come in: nothing here
 * trusts them. Takes memory while it runs (cJSON), bounded by the size of the order. Any thread. */
#ifndef OUTPOST_RUN_ORDER_PARSE_H
#define OUTPOST_RUN_ORDER_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/model/order.h"
#include "gateway/model/site.h"

#define ORDER_SIZE_MAX   4096
#define ORDER_VERB_SIZE  16
#define ORDER_STREAM_MAX 16

/* What may stand behind order/ in a topic. */
enum wire_verb {
    WIRE_ACK,
    WIRE_SILENCE,
    WIRE_READ,
    WIRE_RECEIPT,
    WIRE_REPLAY,
    WIRE_REGISTRY,
    WIRE_WRITE, /* from here on: signed ones */
    WIRE_RESET,
    WIRE_SHELVE,
    WIRE_UNSHELVE,
    WIRE_SERVICE,
    WIRE_DRILL,
    WIRE_CONFIG,
    WIRE_VERB_COUNT
};

const char *wire_verb_text(enum wire_verb verb);

struct receipt_args {
    char stream[ORDER_STREAM_MAX + 1];
    char lane; /* 'a' or 't' */
    uint64_t upto;
};

struct replay_args {
    char lane;
    uint64_t from; /* 1 .. to */
    uint64_t to;
};

struct registry_args {
    char dev[SITE_ID_MAX + 1]; /* "": all */
};

struct target_args { /* ack, silence, read */
    char dev[SITE_ID_MAX + 1];
    char alarm[SITE_ID_MAX + 1];
    char why[ORDER_WHY_MAX + 1];
    bool all;
};

struct wire_order {
    enum wire_verb verb;
    char id[ORDER_ID_MAX + 1];
    char by[ORDER_BY_MAX + 1];
    int64_t issued_utc_ms;
    int64_t expires_utc_ms;
    union {
        struct receipt_args receipt;
        struct replay_args replay;
        struct registry_args registry;
        struct target_args target;
    } is;
};

struct order_refusal {
    char id[ORDER_ID_MAX + 1]; /* as far as it could be read; "" not */
    char by[ORDER_BY_MAX + 1]; /* likewise */
    const char *code;          /* one word: verb signature too_large format. Static */
    char why[ANSWER_WHY_MAX + 1];
};

/* ERR_FORMAT: refused, and only *ret_refusal is set. ERR_MEMORY: neither is. */
MUST_CHECK enum err order_parse(const char *verb, const void *payload, size_t size, struct wire_order *ret_order,
                                struct order_refusal *ret_refusal);

#endif
