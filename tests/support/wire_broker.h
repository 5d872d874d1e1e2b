/* wire_broker: an uplink that leads to a broker in memory, with a subscriber who remembers everything. It loses, delays and
 * refuses as it is told, by seed. What the subscriber knows is kept apart from what the sender was told. */
#ifndef OUTPOST_TESTS_SUPPORT_WIRE_BROKER_H
#define OUTPOST_TESTS_SUPPORT_WIRE_BROKER_H

#include "tests/support/test.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "gateway/base/bell.h"
#include "gateway/base/clock.h"
#include "gateway/ports/uplink.h"

#define BROKER_EVENTS_MAX  64
#define BROKER_NUMBERS_MAX 20000
#define BROKER_LOG_MAX     4096

struct broker_line { /* one message as the broker saw it */
    char topic[96];
    char head[400]; /* the first bytes of the payload */
    size_t size;
    bool retain;
    bool hist;
    uint8_t qos;
    bool deflated;
    uint32_t expiry_s;
    char correlation[16];
};

struct broker_event {
    int64_t due_mono_us;
    enum uplink_event_kind kind;
    uint64_t ticket;
    uint8_t reason;
};

struct broker_letter { /* for the gateway */
    char topic[96];
    char payload[UPLINK_INBOUND_MAX];
    char response_topic[96];
    char correlation[16];
    bool retained;
};

struct broker {
    struct bell *bell;
    const struct now *now;
    uint32_t seed;
    /* how it behaves */
    bool reachable;
    bool answers; /* acknowledges what it takes */
    uint16_t receive_maximum;
    uint16_t keepalive_s;   /* what it demands; 0: nothing */
    uint32_t packet_max;    /* a larger message is refused, as the uplink promises it; 0: no bound */
    uint8_t connect_reason; /* it refuses connections for this reason; 0: they are just not possible, see reachable */
    struct broker_letter letter; /* goes out with the next event; topic "" none */
    int64_t delay_us;            /* of an acknowledgement */
    unsigned cut_permille;       /* chance that a publish cuts the connection */
    uint8_t (*refuse)(const char *topic, const void *payload, size_t size); /* NULL or a reason code; 0 takes it */
    /* the connection */
    bool connected;
    bool cut; /* LOST is on its way */
    struct broker_event events[BROKER_EVENTS_MAX];
    size_t event_count;
    unsigned connects;
    bool polite; /* how the last connection was closed */
    char will[1024];
    char password[64];
    char url[64];
    char subscribed[96];
    uint16_t offered_keepalive_s;
    size_t in_flight;
    size_t in_flight_max;
    unsigned too_large; /* messages refused for packet_max */
    /* what the subscriber knows */
    struct broker_line log[BROKER_LOG_MAX];
    size_t log_count;
    uint64_t hash[2][BROKER_NUMBERS_MAX]; /* by lane: of the record's bytes; 0 never seen */
    unsigned copies[2][BROKER_NUMBERS_MAX];
    unsigned conflicts;                   /* the same number with other bytes */
    uint64_t prev[2][BROKER_NUMBERS_MAX]; /* the last one that was said of it, plus 1; 0 none */
    uint64_t newest_a;                    /* highest number of lane a on this connection or acknowledged before */
    void (*on_message)(struct broker *broker, const char *topic, const char *payload, size_t size);
    void *context;
};

static inline uint32_t broker_random(struct broker *broker)
{
    broker->seed = broker->seed * 1664525u + 1013904223u;
    return broker->seed >> 8;
}

static inline uint64_t broker_hash(const char *bytes, size_t size)
{
    uint64_t hash = 1469598103934665603u; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    return hash | 1;
}

static inline uint64_t broker_number(const char *record, size_t size)
{
    const char *seq = memmem(record, size, "\"seq\":", 6);
    assert_non_null(seq);
    return strtoull(seq + 6, NULL, 10);
}

static inline void broker_take_record(struct broker *broker, const char *record, size_t size)
{
    const char *lane = memmem(record, size, "\"lane\":\"", 8);
    const char *seq = memmem(record, size, "\"seq\":", 6);
    assert_true(size > 50 && lane != NULL && seq != NULL && record[0] == '{' && record[size - 1] == '}');
    size_t const at = lane[8] == 'a' ? 0 : 1;
    uint64_t const number = strtoull(seq + 6, NULL, 10);
    assert_true(number > 0 && number < BROKER_NUMBERS_MAX);
    uint64_t const hash = broker_hash(record, size);
    if (broker->hash[at][number] != 0 && broker->hash[at][number] != hash)
        broker->conflicts++;
    broker->hash[at][number] = hash;
    broker->copies[at][number]++;
    if (at == 0 && number > broker->newest_a)
        broker->newest_a = number;
}

/* The objects of a history message, by braces outside of strings, and the list of numbers behind them. */
static inline unsigned broker_take_history(struct broker *broker, const char *payload, size_t size)
{
    static const char key[] = "],\"prev\":[";
    const char *at = memmem(payload, size, "\"records\":[", 11);
    const char *end = payload + size;
    uint64_t numbers[512];
    unsigned count = 0;
    assert_non_null(at);
    at += 11;
    while (at < end && *at == '{') {
        const char *first = at;
        int depth = 0;
        bool quoted = false;
        do {
            if (quoted && *at == '\\')
                at++;
            else if (*at == '"')
                quoted = !quoted;
            else if (!quoted && *at == '{')
                depth++;
            else if (!quoted && *at == '}')
                depth--;
            at++;
        } while (at < end && depth > 0);
        assert_int_equal(depth, 0);
        broker_take_record(broker, first, (size_t)(at - first));
        assert_true(count < sizeof numbers / sizeof numbers[0]);
        numbers[count++] = broker_number(first, (size_t)(at - first));
        if (at < end && *at == ',')
            at++;
    }
    if ((size_t)(end - at) > sizeof key && memcmp(at, key, sizeof key - 1) == 0) {
        at += sizeof key - 1;
        for (unsigned i = 0; i < count; i++) {
            char *behind;
            broker->prev[1][numbers[i]] = strtoull(at, &behind, 10) + 1;
            assert_true(behind > at);
            at = behind + (i + 1 < count ? 1 : 0);
        }
    }
    assert_true(end - at == 2 && memcmp(at, "]}", 2) == 0);
    return count;
}

static inline bool broker_topic_is(const char *topic, const char *kind)
{
    const char *below = strstr(topic, "lq-xz-0001/");
    return below != NULL && strncmp(below + 11, kind, strlen(kind)) == 0;
}

static inline void broker_take_plain(struct broker *broker, const struct uplink_message *message)
{
    if (broker->on_message != NULL)
        broker->on_message(broker, message->topic, message->payload, message->payload_size);
    if (broker_topic_is(message->topic, "telemetry/") || broker_topic_is(message->topic, "alarm/") ||
        broker_topic_is(message->topic, "event"))
        broker_take_record(broker, message->payload, message->payload_size);
    if (message->has_prev)
        broker->prev[broker_topic_is(message->topic, "telemetry/") ? 1 : 0]
                    [broker_number(message->payload, message->payload_size)] = message->prev + 1;
    if (broker_topic_is(message->topic, "history"))
        (void)broker_take_history(broker, message->payload, message->payload_size);
    if (broker->log_count == BROKER_LOG_MAX)
        return;
    struct broker_line *line = &broker->log[broker->log_count++];
    size_t const kept = message->payload_size < sizeof line->head - 1 ? message->payload_size : sizeof line->head - 1;
    memset(line, 0, sizeof *line);
    (void)snprintf(line->topic, sizeof line->topic, "%s", message->topic);
    memcpy(line->head, message->payload, kept);
    line->size = message->payload_size;
    line->retain = message->retain;
    line->hist = message->hist;
    line->qos = message->qos;
    line->deflated = message->deflated;
    line->expiry_s = message->expiry_s;
    memcpy(line->correlation, message->correlation_size > 0 ? message->correlation : "",
           message->correlation_size < sizeof line->correlation ? message->correlation_size : 0);
}

/* `size` in the log stays what came over the line. */
static inline void broker_take(struct broker *broker, const struct uplink_message *message)
{
    static unsigned char plain[128 * 1024];
    struct uplink_message opened = *message;
    uLongf plain_size = sizeof plain;
    size_t const before = broker->log_count;
    if (message->deflated) {
        assert_int_equal(uncompress(plain, &plain_size, message->payload, (uLong)message->payload_size), Z_OK);
        assert_true(plain_size > message->payload_size);
        opened.payload = plain;
        opened.payload_size = plain_size;
    }
    broker_take_plain(broker, &opened);
    if (broker->log_count > before)
        broker->log[before].size = message->payload_size;
}

/* Kept in the order in which they are due. */
static inline void broker_post(struct broker *broker, enum uplink_event_kind kind, uint64_t ticket, uint8_t reason,
                               int64_t delay_us)
{
    struct broker_event const event = {broker->now->mono_us + delay_us, kind, ticket, reason};
    size_t at = broker->event_count;
    assert_true(broker->event_count < BROKER_EVENTS_MAX);
    for (; at > 0 && broker->events[at - 1].due_mono_us > event.due_mono_us; at--)
        broker->events[at] = broker->events[at - 1];
    broker->events[at] = event;
    broker->event_count++;
    bell_ring(broker->bell);
}

static inline enum err broker_connect(void *self, const struct uplink_options *options)
{
    struct broker *broker = self;
    broker->connects++;
    assert_true(options->will_size < sizeof broker->will);
    memcpy(broker->will, options->will_payload, options->will_size);
    broker->will[options->will_size] = '\0';
    (void)snprintf(broker->password, sizeof broker->password, "%s", options->password);
    (void)snprintf(broker->url, sizeof broker->url, "%s", options->url);
    (void)snprintf(broker->subscribed, sizeof broker->subscribed, "%s", options->subscribe);
    broker->offered_keepalive_s = options->keepalive_s;
    broker_post(broker, broker->reachable ? UPLINK_CONNECTED : UPLINK_REFUSED, 0, broker->connect_reason, 1000);
    broker->connected = broker->reachable;
    broker->cut = false;
    broker->in_flight = 0;
    return ERR_OK;
}

static inline enum err broker_publish(void *self, const struct uplink_message *message)
{
    struct broker *broker = self;
    if (!broker->connected)
        return ERR_CLOSED;
    if (broker->cut)
        return ERR_OK; /* into a socket that nobody reads any more */
    if (broker->cut_permille > 0 && broker_random(broker) % 1000 < broker->cut_permille) {
        broker->cut = true;
        if (broker_random(broker) % 2 == 0)
            broker_take(broker, message); /* arrived, but the acknowledgement did not */
        broker->event_count = broker->event_count > 0 ? broker_random(broker) % broker->event_count : 0;
        broker_post(broker, UPLINK_LOST, 0, 0, 1000);
        return ERR_OK;
    }
    uint8_t reason =
        broker->refuse != NULL ? broker->refuse(message->topic, message->payload, message->payload_size) : 0;
    if (broker->packet_max > 0 && strlen(message->topic) + message->payload_size + 100 > broker->packet_max) {
        reason = 0x95;
        broker->too_large++;
    }
    if (reason == 0)
        broker_take(broker, message);
    if (message->qos == 0)
        return ERR_OK;
    broker->in_flight++;
    if (broker->in_flight > broker->in_flight_max)
        broker->in_flight_max = broker->in_flight;
    if (broker->answers)
        broker_post(broker, reason == 0 ? UPLINK_ACKED : UPLINK_REJECTED, message->ticket, reason,
                    reason == 0 ? broker->delay_us : broker->delay_us / 4); /* a refusal is quick */
    return ERR_OK;
}

/* A message for the gateway; one at a time. */
static inline void broker_order(struct broker *broker, const char *verb, const char *payload)
{
    assert_true(broker->letter.topic[0] == '\0' && strlen(payload) < sizeof broker->letter.payload);
    (void)snprintf(broker->letter.topic, sizeof broker->letter.topic, "outpost/v1/lq-xz-0001/order/%s", verb);
    (void)snprintf(broker->letter.payload, sizeof broker->letter.payload, "%s", payload);
    bell_ring(broker->bell);
}

static inline bool broker_next_letter(struct broker *broker, struct uplink_event *ret_event)
{
    struct broker_letter *letter = &broker->letter;
    if (letter->topic[0] == '\0' || !broker->connected)
        return false;
    memset(ret_event, 0, sizeof *ret_event);
    ret_event->kind = UPLINK_MESSAGE;
    ret_event->retained = letter->retained;
    (void)snprintf(ret_event->topic, sizeof ret_event->topic, "%s", letter->topic);
    (void)snprintf(ret_event->response_topic, sizeof ret_event->response_topic, "%s", letter->response_topic);
    ret_event->correlation_size = strlen(letter->correlation);
    memcpy(ret_event->correlation, letter->correlation, ret_event->correlation_size);
    ret_event->payload_size = strlen(letter->payload);
    memcpy(ret_event->payload, letter->payload, ret_event->payload_size);
    memset(letter, 0, sizeof *letter);
    return true;
}

static inline bool broker_next(void *self, struct uplink_event *ret_event)
{
    struct broker *broker = self;
    if (broker_next_letter(broker, ret_event))
        return true;
    if (broker->event_count == 0 || broker->events[0].due_mono_us > broker->now->mono_us)
        return false;
    memset(ret_event, 0, sizeof *ret_event);
    ret_event->kind = broker->events[0].kind;
    ret_event->ticket = broker->events[0].ticket;
    ret_event->reason = broker->events[0].reason;
    ret_event->receive_maximum = broker->receive_maximum;
    ret_event->packet_max = broker->packet_max;
    ret_event->keepalive_s = broker->keepalive_s < broker->offered_keepalive_s ? broker->keepalive_s : 0;
    if (ret_event->kind == UPLINK_ACKED || ret_event->kind == UPLINK_REJECTED)
        broker->in_flight--;
    broker->event_count--;
    memmove(&broker->events[0], &broker->events[1], broker->event_count * sizeof broker->events[0]);
    return true;
}

static inline void broker_close(void *self, bool polite)
{
    struct broker *broker = self;
    broker->connected = false;
    broker->event_count = 0;
    broker->in_flight = 0;
    broker->polite = polite;
}

static inline void broker_destroy(void *self)
{
    (void)self;
}

/* When the next event is due; INT64_MAX for none. */
static inline int64_t broker_due(const struct broker *broker)
{
    return broker->event_count > 0 ? broker->events[0].due_mono_us : INT64_MAX;
}

static inline struct uplink broker_make(struct broker *broker, struct bell *bell, const struct now *now, uint32_t seed)
{
    static const struct uplink_ops ops = {broker_connect, broker_publish, broker_next, broker_close, broker_destroy};
    memset(broker, 0, sizeof *broker);
    broker->bell = bell;
    broker->now = now;
    broker->seed = seed;
    broker->reachable = true;
    broker->answers = true;
    broker->receive_maximum = 20;
    broker->delay_us = 2000;
    return (struct uplink){.ops = &ops, .self = broker};
}

#endif
