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

#define UPLINK_TOPIC_MAX   256
#define UPLINK_INBOUND_MAX 4096 /* a larger message is refused by the mailbox and counted */

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
    const char *subscribe[2]; /* filters to subscribe at QoS 1 after connecting; NULL none */
};

struct uplink_message {
    const char *topic;
    const void *payload;
    size_t payload_size;
    uint8_t qos;
    bool retain;
    bool hist;         /* MQTT 5 user property hist=1 */
    uint32_t expiry_s; /* MQTT 5 message expiry; 0 none */
    uint64_t ticket;   /* comes back with the acknowledgement; QoS 0 gives none */
};

enum uplink_event_kind {
    UPLINK_CONNECTED, /* receive_maximum is set */
    UPLINK_REFUSED,   /* connecting failed; reason, text */
    UPLINK_LOST,      /* the connection is gone; close() it */
    UPLINK_ACKED,     /* ticket; reason 0x00 or 0x10 */
    UPLINK_REJECTED,  /* ticket; the broker refused this message: reason (MQTT 5), or 0x80 */
    UPLINK_MESSAGE,   /* topic, payload, retained */
};

struct uplink_event {
    enum uplink_event_kind kind;
    uint64_t ticket;
    uint8_t reason; /* MQTT 5 reason code */
    uint16_t receive_maximum;
    bool retained;
    char text[160];
    char topic[UPLINK_TOPIC_MAX + 1];
    size_t payload_size;
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
    /* Hands one message over; copies it. ERR_CLOSED when not connected, ERR_BUSY to try later. */
    enum err (*publish)(void *self, const struct uplink_message *message);
    bool (*next)(void *self, struct uplink_event *ret_event);
    /* Disconnects (politely when `polite`: no will) and destroys the handle. Messages without an acknowledgement by now
     * will get none. */
    void (*close)(void *self, bool polite);
    void (*destroy)(void *self);
};

#endif
