/* paho_private: what paho.c and paho_say.c (the sender's thread) and paho_hear.c (Paho's threads) share. Nobody else
 * includes this. */
#ifndef OUTPOST_DRIVERS_UPLINK_PAHO_PRIVATE_H
#define OUTPOST_DRIVERS_UPLINK_PAHO_PRIVATE_H

#include <MQTTAsync.h>
#include <stdatomic.h>

#include "drivers/uplink/paho_library.h"
#include "drivers/uplink/url.h"
#include "gateway/base/bell.h"
#include "gateway/base/ring.h"
#include "gateway/ports/uplink.h"

#define SLOTS_MAX 64 /* messages in flight; the sender's window is at most 20 */
#define TEXT_MAX  159

/* What Paho gets as the context of a message. Filled by the sender's thread before `used` is set, read by Paho's threads
 * after they have seen it set, given back by the sender's thread when the letter about it was read. */
struct slot {
    struct paho *paho;
    uint32_t index;
    uint64_t ticket;
    atomic_bool used;
};

struct paho {
    struct bell *bell;
    struct paho_library library; /* open while there is a handle */
    MQTTAsync handle;            /* NULL: none */
    bool connected;
    bool v5;
    uint32_t packet_max; /* 0: not bounded */
    char subscribe[UPLINK_TOPIC_MAX + 1];
    char kept_host[URL_HOST_MAX + 1]; /* names.h; "" none */
    struct slot slots[SLOTS_MAX];
    struct ring mailbox;
    struct bell disconnected;   /* answered by close(polite) */
    char tls_trouble[TEXT_MAX]; /* written by Paho's threads only, under its mutex */
};

/* What travels through the mailbox: this head, then text, topic, response topic, correlation and payload. */
struct mail {
    enum uplink_event_kind kind;
    uint32_t slot; /* UPLINK_ACKED, UPLINK_REJECTED */
    uint16_t receive_maximum;
    uint16_t keepalive_s;
    uint32_t packet_max;
    uint8_t reason;
    bool retained;
    bool too_large; /* its payload was left out */
    uint16_t text_size;
    uint16_t topic_size;
    uint16_t response_size;
    uint16_t correlation_size;
    uint16_t payload_size;
};

struct letter {
    struct mail head;
    char rest[TEXT_MAX + UPLINK_TOPIC_MAX * 2 + UPLINK_CORRELATION_MAX + UPLINK_INBOUND_MAX];
};

size_t letter_size(const struct letter *letter);

/* paho_hear.c. The callbacks of a connection, of a subscription and of a message, for the version that is spoken. They run
 * in Paho's threads under its global mutex and only copy what they are told into the mailbox. */
void hear_connection(struct paho *paho, MQTTAsync_connectOptions *options);
MUST_CHECK int hear_losses(struct paho *paho); /* a code of Paho's */
void hear_subscription(struct paho *paho, MQTTAsync_responseOptions *options);
void hear_message(const struct paho *paho, struct slot *slot,
                  MQTTAsync_responseOptions *options); /* slot NULL: QoS 0 */
void hear_goodbye(struct paho *paho, MQTTAsync_disconnectOptions *options);
void hear_tls(struct paho *paho, MQTTAsync_SSLOptions *options);

/* paho_say.c. Hands a message to Paho, which copies it; slot NULL: QoS 0. A code of Paho's; MQTTASYNC_BAD_MQTT_OPTION: it is
 * larger than the broker takes, and nothing was sent. */
MUST_CHECK int say_message(const struct paho *paho, const struct uplink_message *message, struct slot *slot);

/* Post UPLINK_REFUSED, UPLINK_REJECTED: for the sender's thread too, when connecting fails before anything is on the wire. */
void post_refused(struct paho *paho, uint8_t reason, const char *text);
void post_rejected(struct slot *slot, uint8_t reason);

#endif
