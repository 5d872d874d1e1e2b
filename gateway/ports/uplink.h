/* uplink: the door to one centre's broker. A pull port: nothing behind it calls back into the house.
 *
 * Owned and called by one sender thread. What happens behind it (Paho's threads) only fills a mailbox and rings the
 * bell given at construction; next() empties the mailbox. A connection is one handle: connect() makes it,
 * close() destroys it with everything in flight, and there is no automatic reconnect. */
#ifndef OUTPOST_PORTS_UPLINK_H
#define OUTPOST_PORTS_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"

#define UPLINK_TOPIC_MAX       256
#define UPLINK_INBOUND_MAX     4096 /* of a larger message only that it came is told */
#define UPLINK_PACKET_MAX      8192 /* what the broker is told that this end takes: an order with all that may go with it */
#define UPLINK_CORRELATION_MAX 256
#define UPLINK_SCHEMA          "1" /* of every payload: its "v" */

struct uplink_options {
    const char *url; /* mqtt://host:port or mqtts://host:port */
    const char *client_id;
    const char *username; /* "" none */
    const char *password; /* "" none */
    const char *ca_file;
    const char *cert_file;
    const char *key_file;
    uint8_t mqtt; /* 5 or 3 */
    uint16_t keepalive_s;
    const char *will_topic;
    const void *will_payload; /* QoS 1, retained */
    size_t will_size;
    const char *subscribe; /* a filter to subscribe at QoS 1 after connecting; NULL none */
};

struct uplink_message {
    const char *topic;
    const void *payload;
    size_t payload_size;
    uint8_t qos;
    bool retain;
    uint64_t ticket; /* comes back with the acknowledgement; QoS 0 gives none */
    /* What follows is said with MQTT 5 only, which also says of every payload that it is application/json, and its schema. */
    bool hist;     /* user property hist=1 */
    bool deflated; /* user property content-encoding=deflate */
    bool has_prev; /* user property prev=number */
    uint64_t prev;
    uint32_t expiry_s; /* message expiry; 0 none */
    const void *correlation;
    size_t correlation_size; /* 0 none */
};

enum uplink_event_kind {
    UPLINK_CONNECTED, /* receive_maximum, keepalive_s and packet_max are set */
    UPLINK_REFUSED,   /* connecting failed; reason, text */
    UPLINK_LOST,      /* the connection is gone; close() it; reason, text */
    UPLINK_ACKED,     /* ticket; reason 0x00 or 0x10 */
    UPLINK_REJECTED,  /* ticket; the broker refused this message: reason (MQTT 5), or 0x80 */
    UPLINK_MESSAGE,   /* topic, payload, retained, response_topic, correlation */
    UPLINK_DEAF,      /* the subscription was refused: no message will come; reason */
};

struct uplink_event {
    enum uplink_event_kind kind;
    uint64_t ticket;
    uint8_t reason; /* model/mqtt_reason.h; 0: the broker gave none, and `text` says what is wrong */
    uint16_t receive_maximum;
    uint16_t keepalive_s; /* what the broker demands instead of what it was offered; 0: nothing */
    uint32_t packet_max;  /* bytes of a packet that the broker takes; 0: as many as MQTT allows */
    bool retained;
    char text[160]; /* of the library or the system, in English; "" none */
    char topic[UPLINK_TOPIC_MAX + 1];
    char response_topic[UPLINK_TOPIC_MAX + 1]; /* "" none */
    size_t correlation_size;                   /* 0 none; a longer one is dropped */
    unsigned char correlation[UPLINK_CORRELATION_MAX];
    size_t payload_size; /* UPLINK_INBOUND_MAX + 1: it was larger, and `payload` is not set */
    unsigned char payload[UPLINK_INBOUND_MAX];
};

struct uplink {
    const struct uplink_ops *ops;
    void *self;
};

struct uplink_ops {
    /* Resolves the name (this may block in getaddrinfo: only this sender waits), makes a new handle and starts to
     * connect. The outcome is an event. */
    enum err (*connect)(void *self, const struct uplink_options *options);
    /* Hands one message over; copies it. ERR_CLOSED when not connected, ERR_BUSY to try later. One that is larger than the
     * broker takes is not sent (MQTT 5.0, section 3.2.2.3.6) but answered as the broker would: UPLINK_REJECTED, 0x95; with
     * QoS 0 there is no answer. */
    enum err (*publish)(void *self, const struct uplink_message *message);
    bool (*next)(void *self, struct uplink_event *ret_event);
    /* Disconnects (politely when `polite`: no will) and destroys the handle. Messages without an acknowledgement by now
     * will get none. */
    void (*close)(void *self, bool polite);
    void (*destroy)(void *self);
};

#endif
