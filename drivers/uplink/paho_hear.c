/* What Paho tells, in its own threads and under its global mutex: copied into the mailbox, and the bell rung; nothing else.
 * Which number means what is not the same everywhere in 1.3.12: a refused connection gives its reason in `code`, a refused
 * message in `reasonCode`; -1 and below are Paho's own errors. */
#include <stdio.h>
#include <string.h>

#include "drivers/uplink/paho_private.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/model/mqtt_reason.h"

#define MAILBOX_FOR_OTHERS ((size_t)32 * 1024) /* inbound messages never take the room of acknowledgements */

size_t letter_size(const struct letter *letter)
{
    const struct mail *head = &letter->head;
    return sizeof *head + head->text_size + head->topic_size + head->response_size + head->correlation_size +
           head->payload_size;
}

static void post(struct paho *paho, const struct letter *letter)
{
    struct bell *bell = paho->bell; /* once the letter can be read, paho may be closed and gone */
    enum err err = ring_push(&paho->mailbox, letter, letter_size(letter));
    CHECK(err == ERR_OK); /* one letter a slot, a handful for the connection, and others only while there is room */
    bell_ring(bell);
}

static void post_text(struct paho *paho, enum uplink_event_kind kind, uint8_t reason, const char *text)
{
    struct letter letter;
    letter.head = (struct mail){.kind = kind, .reason = reason};
    text_copy(letter.rest, TEXT_MAX, text);
    letter.head.text_size = (uint16_t)strlen(letter.rest);
    post(paho, &letter);
}

static void post_about_slot(struct slot *slot, enum uplink_event_kind kind, uint8_t reason)
{
    struct letter letter;
    CHECK(atomic_load(&slot->used));
    letter.head = (struct mail){.kind = kind, .reason = reason, .slot = slot->index};
    post(slot->paho, &letter);
}

void post_refused(struct paho *paho, uint8_t reason, const char *text)
{
    post_text(paho, UPLINK_REFUSED, reason, text);
}

void post_rejected(struct slot *slot, uint8_t reason)
{
    post_about_slot(slot, UPLINK_REJECTED, reason);
}

/* A reason code of MQTT 5 that says no; 0 for anything else. */
static uint8_t failure_code(int code)
{
    return code >= MQTT_UNSPECIFIED && code <= UINT8_MAX ? (uint8_t)code : 0;
}

/* --- connecting --- */

static uint32_t property_of(const struct paho *paho, const MQTTProperties *properties, enum MQTTPropertyCodes code,
                            uint32_t otherwise)
{
    MQTTProperties list = *properties; /* Paho's functions are not const */
    if (!paho->library.MQTTProperties_hasProperty(&list, code))
        return otherwise;
    int const value = paho->library.MQTTProperties_getNumericValue(&list, code);
    return value > 0 ? (uint32_t)value : otherwise;
}

static void on_connected5(void *context, MQTTAsync_successData5 *data)
{
    struct paho *paho = context;
    struct letter letter;
    letter.head = (struct mail){.kind = UPLINK_CONNECTED, .receive_maximum = UINT16_MAX};
    if (data != NULL) { /* the first two have two bytes on the wire */
        const MQTTProperties *properties = &data->properties;
        letter.head.receive_maximum =
            (uint16_t)property_of(paho, properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, UINT16_MAX);
        letter.head.keepalive_s = (uint16_t)property_of(paho, properties, MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE, 0);
        letter.head.packet_max = property_of(paho, properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, 0);
    }
    post(paho, &letter);
}

static void on_connected(void *context, MQTTAsync_successData *data)
{
    struct letter letter;
    (void)data;
    letter.head = (struct mail){.kind = UPLINK_CONNECTED, .receive_maximum = UINT16_MAX};
    post(context, &letter);
}

static void say_refused(struct paho *paho, int code, uint8_t reason, const char *message)
{
    const char *said = message != NULL ? message : paho->library.MQTTAsync_strerror(code);
    if (paho->tls_trouble[0] != '\0')
        said = paho->tls_trouble;
    post_refused(paho, reason, said != NULL && reason == 0 ? said : "");
}

static void on_refused5(void *context, MQTTAsync_failureData5 *data)
{
    if (data == NULL) {
        say_refused(context, MQTTASYNC_FAILURE, 0, NULL);
        return;
    }
    uint8_t const reason = failure_code((int)data->reasonCode);
    say_refused(context, data->code, reason != 0 ? reason : failure_code(data->code), data->message);
}

static void on_refused(void *context, MQTTAsync_failureData *data)
{
    static const uint8_t meaning[] = {/* MQTT 3.1.1, section 3.2.2.3 */
                                      [1] = MQTT_BAD_VERSION,
                                      [2] = MQTT_BAD_CLIENT_ID,
                                      [3] = MQTT_UNAVAILABLE,
                                      [4] = MQTT_BAD_PASSWORD,
                                      [5] = MQTT_NOT_AUTHORIZED};
    int const code = data != NULL ? data->code : MQTTASYNC_FAILURE;
    bool const is_known = code >= 1 && code < (int)(sizeof meaning / sizeof meaning[0]);
    say_refused(context, code, is_known ? meaning[code] : 0, data != NULL ? data->message : NULL);
}

void hear_connection(struct paho *paho, MQTTAsync_connectOptions *options)
{
    options->context = paho;
    if (paho->v5) {
        options->onSuccess5 = on_connected5;
        options->onFailure5 = on_refused5;
    } else {
        options->onSuccess = on_connected;
        options->onFailure = on_refused;
    }
}

static int on_tls_trouble(const char *text, size_t size, void *context)
{
    struct paho *paho = context;
    char line[TEXT_MAX];
    size_t kept = size < sizeof line - 1 ? size : sizeof line - 1;
    memcpy(line, text, kept);
    line[kept] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    text_copy(paho->tls_trouble, sizeof paho->tls_trouble, line);
    return 1;
}

void hear_tls(struct paho *paho, MQTTAsync_SSLOptions *options)
{
    options->ssl_error_cb = on_tls_trouble;
    options->ssl_error_context = paho;
}

/* --- losing it, subscribing, inbound messages --- */

static void on_lost(void *context, char *cause)
{
    post_text(context, UPLINK_LOST, 0, cause != NULL ? cause : "");
}

static void on_kicked(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    post_text(context, UPLINK_LOST, failure_code((int)reason), "");
}

/* The text of a property that points into a packet, cut off at what there is room for; NULL when it is not there. */
static const MQTTLenString *find_data(const struct paho *paho, MQTTProperties *properties, enum MQTTPropertyCodes code,
                                      int size_max)
{
    MQTTProperty *found = paho->library.MQTTProperties_getProperty(properties, code);
    if (found == NULL || found->value.data.len <= 0 || found->value.data.len > size_max)
        return NULL;
    return &found->value.data;
}

static uint16_t put_data(char *to, const MQTTLenString *data)
{
    if (data == NULL)
        return 0;
    memcpy(to, data->data, (size_t)data->len);
    return (uint16_t)data->len;
}

static void post_message(struct paho *paho, const char *topic, size_t topic_size, MQTTAsync_message *message)
{
    struct letter letter;
    struct mail *head = &letter.head;
    char *at = letter.rest;
    bool const fits = message->payloadlen <= UPLINK_INBOUND_MAX;
    *head = (struct mail){.kind = UPLINK_MESSAGE,
                          .retained = message->retained != 0,
                          .topic_size = (uint16_t)topic_size,
                          .payload_size = fits ? (uint16_t)message->payloadlen : 0,
                          .too_large = !fits};
    memcpy(at, topic, topic_size);
    at += topic_size;
    if (paho->v5) {
        head->response_size =
            put_data(at, find_data(paho, &message->properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC, UPLINK_TOPIC_MAX));
        at += head->response_size;
        head->correlation_size = put_data(
            at, find_data(paho, &message->properties, MQTTPROPERTY_CODE_CORRELATION_DATA, UPLINK_CORRELATION_MAX));
        at += head->correlation_size;
    }
    memcpy(at, message->payload, head->payload_size);
    post(paho, &letter);
}

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    struct paho *paho = context;
    size_t used_max;
    size_t const size = topic_size > 0 ? (size_t)topic_size : strlen(topic);
    bool const fits = size <= UPLINK_TOPIC_MAX && message->payloadlen >= 0 &&
                      ring_used(&paho->mailbox, &used_max) < MAILBOX_FOR_OTHERS;
    if (fits)
        post_message(paho, topic, size, message);
    paho->library.MQTTAsync_freeMessage(&message);
    paho->library.MQTTAsync_free(topic);
    return 1; /* taken, or dropped for good: asking for it again would not make it smaller */
}

int hear_losses(struct paho *paho)
{
    int code = paho->library.MQTTAsync_setCallbacks(paho->handle, paho, on_lost, on_message, NULL);
    if (code == MQTTASYNC_SUCCESS && paho->v5)
        code = paho->library.MQTTAsync_setDisconnected(paho->handle, paho, on_kicked);
    return code;
}

static void on_deaf5(void *context, MQTTAsync_failureData5 *data)
{
    post_text(context, UPLINK_DEAF, data != NULL ? failure_code((int)data->reasonCode) : 0, "");
}

static void on_deaf(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    post_text(context, UPLINK_DEAF, 0, "");
}

void hear_subscription(struct paho *paho, MQTTAsync_responseOptions *options)
{
    options->context = paho;
    if (paho->v5)
        options->onFailure5 = on_deaf5;
    else
        options->onFailure = on_deaf;
}

/* --- what becomes of a message --- */

static void on_acked5(void *context, MQTTAsync_successData5 *data)
{
    post_about_slot(context, UPLINK_ACKED, data != NULL ? (uint8_t)data->reasonCode : 0);
}

static void on_acked(void *context, MQTTAsync_successData *data)
{
    (void)data;
    post_about_slot(context, UPLINK_ACKED, 0);
}

static void post_unwritten(struct slot *slot)
{
    CHECK(atomic_load(&slot->used));
    post_text(slot->paho, UPLINK_LOST, 0, "a message could not be written");
}

/* Refused by the broker, with a reason; or never written, and then the handle is not to be used any more. */
static void on_failed5(void *context, MQTTAsync_failureData5 *data)
{
    struct slot *slot = context;
    uint8_t const reason = data != NULL ? failure_code((int)data->reasonCode) : 0;
    if (reason != 0)
        post_about_slot(slot, UPLINK_REJECTED, reason);
    else
        post_unwritten(slot);
}

static void on_failed(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    post_unwritten(context);
}

void hear_message(const struct paho *paho, struct slot *slot, MQTTAsync_responseOptions *options)
{
    options->context = slot;
    if (slot != NULL && paho->v5) {
        options->onSuccess5 = on_acked5;
        options->onFailure5 = on_failed5;
    } else if (slot != NULL) {
        options->onSuccess = on_acked;
        options->onFailure = on_failed;
    }
}

/* --- saying goodbye --- */

static void on_disconnected5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    bell_ring(&((struct paho *)context)->disconnected);
}

static void on_disconnect_failed5(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    bell_ring(&((struct paho *)context)->disconnected);
}

static void on_disconnected(void *context, MQTTAsync_successData *data)
{
    (void)data;
    bell_ring(&((struct paho *)context)->disconnected);
}

static void on_disconnect_failed(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    bell_ring(&((struct paho *)context)->disconnected);
}

void hear_goodbye(struct paho *paho, MQTTAsync_disconnectOptions *options)
{
    options->context = paho;
    if (paho->v5) {
        options->onSuccess5 = on_disconnected5;
        options->onFailure5 = on_disconnect_failed5;
    } else {
        options->onSuccess = on_disconnected;
        options->onFailure = on_disconnect_failed;
    }
}
