/* MQTT by Eclipse Paho C (MQTTAsync), Debian's 1.3.12. What had to be learnt about it:
 *
 * - Callbacks run in Paho's threads under its global mutex. Asking it anything from there (isConnected, destroy …) unlocks
 *   that mutex for good. So a callback only copies what it was told into the mailbox (a ring) and rings the bell; every
 *   call into Paho comes from the sender's thread.
 * - What identifies a message is the context pointer (a slot of ours), never Paho's token (16 bits, used again).
 * - A publish that could not be written leaves freed memory in the handle's outbound list: after any failure the handle is
 *   destroyed. Hence a new handle for each connection, clean start, no persistence, no automatic reconnect.
 * - Messages queued but not written stay silent over a disconnect; MQTTAsync_destroy then calls onFailure for them, from
 *   inside destroy. They are of no interest any more: close() empties the mailbox afterwards.
 * - It resolves names under its mutex, so a dead DNS server would stall every centre: we look the name up ourselves first
 *   and call it only after that has worked.
 * - `verify` (is this the host I asked for?) is 0 unless set. http_proxy in the environment is honoured unless removed.
 * - onFailure5.packet_type is read from freed memory: not looked at. */
#include <MQTTAsync.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/uplinks.h"
#include "drivers/uplink/url.h"
#include "gateway/base/check.h"
#include "gateway/base/ring.h"
#include "gateway/base/text.h"

#define SLOTS_MAX          64 /* messages in flight; the sender's window is at most 20 */
#define MAILBOX_SIZE       ((size_t)64 * 1024)
#define MAILBOX_FOR_OTHERS ((size_t)32 * 1024) /* inbound messages never take the room of acknowledgements */
#define CONNECT_TIMEOUT_S  10
#define DISCONNECT_WAIT_MS 1000
#define BUFFERED_MAX       200 /* above any window: Paho's own queue is never the limit */
#define TEXT_MAX           159
#define REASON_UNKNOWN     0x80

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
    MQTTAsync handle; /* NULL: none */
    bool connected;
    bool v5;
    char subscribe[2][UPLINK_TOPIC_MAX + 1];
    struct slot slots[SLOTS_MAX];
    struct ring mailbox;
    struct bell disconnected;   /* answered by close(polite) */
    char tls_trouble[TEXT_MAX]; /* written by Paho's threads only, under its mutex */
};

/* What travels through the mailbox: this head, then text, topic and payload. */
struct mail {
    enum uplink_event_kind kind;
    uint32_t slot; /* UPLINK_ACKED, UPLINK_REJECTED */
    uint16_t receive_maximum;
    uint8_t reason;
    bool retained;
    uint16_t text_size;
    uint16_t topic_size;
    uint16_t payload_size;
};

struct letter {
    struct mail head;
    char rest[TEXT_MAX + UPLINK_TOPIC_MAX + UPLINK_INBOUND_MAX];
};

/* --- Paho's threads --- */

static void post(struct paho *paho, const struct letter *letter)
{
    size_t const size =
        sizeof letter->head + letter->head.text_size + letter->head.topic_size + letter->head.payload_size;
    struct bell *bell = paho->bell; /* once the letter can be read, paho may be closed and gone */
    enum err err = ring_push(&paho->mailbox, letter, size);
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

static void on_connected5(void *context, MQTTAsync_successData5 *data)
{
    struct paho *paho = context;
    struct letter letter;
    letter.head = (struct mail){.kind = UPLINK_CONNECTED, .receive_maximum = UINT16_MAX};
    if (data != NULL && MQTTProperties_hasProperty(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM)) {
        int maximum = MQTTProperties_getNumericValue(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
        if (maximum > 0 && maximum <= UINT16_MAX)
            letter.head.receive_maximum = (uint16_t)maximum;
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

static void refused(struct paho *paho, int code, uint8_t reason, const char *message)
{
    char text[TEXT_MAX];
    const char *said = message != NULL ? message : MQTTAsync_strerror(code);
    if (paho->tls_trouble[0] != '\0')
        said = paho->tls_trouble;
    if (reason >= REASON_UNKNOWN)
        said = MQTTReasonCode_toString((enum MQTTReasonCodes)reason);
    if (said != NULL)
        (void)snprintf(text, sizeof text, "the broker cannot be reached or refuses: %.110s", said);
    else
        (void)snprintf(text, sizeof text, "the broker cannot be reached or refuses (%d)", code);
    post_text(paho, UPLINK_REFUSED, reason, text);
}

static void on_refused5(void *context, MQTTAsync_failureData5 *data)
{
    int const code = data != NULL ? data->code : MQTTASYNC_FAILURE;
    int const reason = data != NULL ? (int)data->reasonCode : 0;
    refused(context, code, (uint8_t)(reason >= 0 && reason <= UINT8_MAX ? reason : 0),
            data != NULL ? data->message : NULL);
}

/* MQTT 3.1.1, section 3.2.2.3: 4 bad user name or password, 5 not authorized. */
static void on_refused(void *context, MQTTAsync_failureData *data)
{
    int const code = data != NULL ? data->code : MQTTASYNC_FAILURE;
    refused(context, code, code == 4 ? 0x86 : code == 5 ? 0x87 : 0, data != NULL ? data->message : NULL);
}

static void on_lost(void *context, char *cause)
{
    post_text(context, UPLINK_LOST, 0, cause != NULL ? cause : "the connection was lost");
}

static void on_kicked(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    char text[TEXT_MAX];
    const char *said = MQTTReasonCode_toString(reason);
    (void)properties;
    (void)snprintf(text, sizeof text, "the broker ended the connection: %s", said != NULL ? said : "no reason given");
    post_text(context, UPLINK_LOST, (uint8_t)reason, text);
}

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
    if (data != NULL && (int)data->reasonCode >= REASON_UNKNOWN && (int)data->reasonCode <= UINT8_MAX)
        post_about_slot(slot, UPLINK_REJECTED, (uint8_t)data->reasonCode);
    else
        post_unwritten(slot);
}

static void on_failed(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    post_unwritten(context);
}

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    struct paho *paho = context;
    struct letter letter;
    size_t used_max;
    size_t const size = topic_size > 0 ? (size_t)topic_size : strlen(topic);
    bool const fits = size <= UPLINK_TOPIC_MAX && message->payloadlen >= 0 &&
                      message->payloadlen <= UPLINK_INBOUND_MAX &&
                      ring_used(&paho->mailbox, &used_max) < MAILBOX_FOR_OTHERS;
    if (fits) {
        letter.head = (struct mail){.kind = UPLINK_MESSAGE,
                                    .retained = message->retained != 0,
                                    .topic_size = (uint16_t)size,
                                    .payload_size = (uint16_t)message->payloadlen};
        memcpy(letter.rest, topic, size);
        memcpy(letter.rest + size, message->payload, (size_t)message->payloadlen);
        post(paho, &letter);
    }
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1; /* taken, or dropped for good: asking for it again would not make it smaller */
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

/* --- the sender's thread --- */

/* Blocks in the resolver, here and only here. */
static bool resolves(struct paho *paho, const struct mqtt_url *url)
{
    struct addrinfo const hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char text[TEXT_MAX];
    int code = getaddrinfo(url->host, url->port, &hints, &found);
    if (code == 0) {
        freeaddrinfo(found);
        return true;
    }
    (void)snprintf(text, sizeof text, "cannot find the address of %.70s: %.50s", url->host, gai_strerror(code));
    post_text(paho, UPLINK_REFUSED, 0, text);
    return false;
}

static enum err create(struct paho *paho, const struct mqtt_url *url, const struct uplink_options *options)
{
    char address[URL_HOST_MAX + 32];
    MQTTAsync_createOptions v5 = MQTTAsync_createOptions_initializer5;
    MQTTAsync_createOptions v3 = MQTTAsync_createOptions_initializer;
    v3.MQTTVersion = MQTTVERSION_3_1_1;
    MQTTAsync_createOptions *create_options = paho->v5 ? &v5 : &v3;
    create_options->sendWhileDisconnected = 0;
    create_options->maxBufferedMessages = BUFFERED_MAX;
    bool const is_ipv6 = strchr(url->host, ':') != NULL;
    (void)snprintf(address, sizeof address, "%s%s%s%s:%s", url->tls ? "ssl://" : "tcp://", is_ipv6 ? "[" : "",
                   url->host, is_ipv6 ? "]" : "", url->port);
    int code = MQTTAsync_createWithOptions(&paho->handle, address, options->client_id, MQTTCLIENT_PERSISTENCE_NONE,
                                           NULL, create_options);
    if (code != MQTTASYNC_SUCCESS) {
        paho->handle = NULL;
        return ERR_MEMORY;
    }
    code = MQTTAsync_setCallbacks(paho->handle, paho, on_lost, on_message, NULL);
    if (code == MQTTASYNC_SUCCESS && paho->v5)
        code = MQTTAsync_setDisconnected(paho->handle, paho, on_kicked);
    return code == MQTTASYNC_SUCCESS ? ERR_OK : ERR_ARGUMENT;
}

static const char *given(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* TLS 1.2 and 1.3. Paho can pin one version but not set a floor; security level 2 is one, whatever openssl.cnf says:
 * OpenSSL 3 allows TLS 1.1 and older only at level 0. */
static void set_tls(struct paho *paho, MQTTAsync_SSLOptions *tls, const struct uplink_options *options)
{
    tls->trustStore = given(options->ca_file);
    tls->keyStore = given(options->cert_file);
    tls->privateKey = given(options->key_file);
    tls->enabledCipherSuites = "DEFAULT@SECLEVEL=2";
    tls->enableServerCertAuth = 1;
    tls->verify = 1;
    tls->ssl_error_cb = on_tls_trouble;
    tls->ssl_error_context = paho;
}

static enum err start(struct paho *paho, const struct mqtt_url *url, const struct uplink_options *options)
{
    MQTTAsync_connectOptions v5 = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_connectOptions v3 = MQTTAsync_connectOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_connectOptions *connect_options = paho->v5 ? &v5 : &v3;
    v5.cleanstart = 1;
    v5.onSuccess5 = on_connected5;
    v5.onFailure5 = on_refused5;
    v3.MQTTVersion = MQTTVERSION_3_1_1;
    v3.cleansession = 1;
    v3.onSuccess = on_connected;
    v3.onFailure = on_refused;
    connect_options->context = paho;
    connect_options->keepAliveInterval = options->keepalive_s;
    connect_options->connectTimeout = CONNECT_TIMEOUT_S;
    connect_options->automaticReconnect = 0;
    connect_options->maxInflight = SLOTS_MAX;
    connect_options->username = given(options->username);
    connect_options->password = given(options->password);
    if (given(options->will_topic) != NULL) {
        will.topicName = options->will_topic;
        will.payload.data = options->will_payload;
        will.payload.len = (int)options->will_size;
        will.qos = 1;
        will.retained = 1;
        connect_options->will = &will;
    }
    if (url->tls) {
        set_tls(paho, &tls, options);
        connect_options->ssl = &tls;
    }
    int code = MQTTAsync_connect(paho->handle, connect_options);
    if (code == MQTTASYNC_SUCCESS)
        return ERR_OK;
    refused(paho, code, 0, NULL);
    return ERR_OK; /* the outcome is an event */
}

static void paho_close(void *self, bool polite);

static enum err paho_connect(void *self, const struct uplink_options *options)
{
    struct paho *paho = self;
    struct mqtt_url url;
    enum err err = mqtt_url_parse(options->url, &url);
    if (err != ERR_OK)
        return err;
    paho_close(paho, false);
    paho->v5 = options->mqtt != 3;
    paho->tls_trouble[0] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(paho->subscribe); i++)
        text_copy(paho->subscribe[i], sizeof paho->subscribe[i],
                  options->subscribe[i] != NULL ? options->subscribe[i] : "");
    if (!resolves(paho, &url))
        return ERR_OK;
    err = create(paho, &url, options);
    if (err == ERR_OK)
        err = start(paho, &url, options);
    if (err != ERR_OK)
        paho_close(paho, false);
    return err;
}

static struct slot *take_slot(struct paho *paho, uint64_t ticket)
{
    for (uint32_t i = 0; i < SLOTS_MAX; i++) {
        struct slot *slot = &paho->slots[i];
        if (atomic_load(&slot->used))
            continue;
        slot->paho = paho;
        slot->index = i;
        slot->ticket = ticket;
        atomic_store(&slot->used, true);
        return slot;
    }
    return NULL;
}

#define PROPERTIES_MAX 2

struct properties_room { /* Paho's types are not const, so the words are here, too */
    MQTTProperty list[PROPERTIES_MAX];
    char hist_name[5];
    char hist_value[2];
};

/* Put together in place: MQTTAsync_sendMessage copies them, so nothing has to be allocated and freed here. */
static void fill_properties(struct properties_room *room, const struct uplink_message *message,
                            MQTTProperties *ret_properties)
{
    MQTTProperty *list = room->list;
    int const name_size = sizeof room->hist_name - 1;
    int const value_size = sizeof room->hist_value - 1;
    int count = 0;
    int length = 0;
    if (message->hist) {
        memcpy(room->hist_name, "hist", sizeof room->hist_name);
        memcpy(room->hist_value, "1", sizeof room->hist_value);
        list[count] = (MQTTProperty){.identifier = MQTTPROPERTY_CODE_USER_PROPERTY};
        list[count].value.data = (MQTTLenString){.len = name_size, .data = room->hist_name};
        list[count].value.value = (MQTTLenString){.len = value_size, .data = room->hist_value};
        length += 1 + 2 + name_size + 2 + value_size;
        count++;
    }
    if (message->expiry_s > 0) {
        list[count] = (MQTTProperty){.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL};
        list[count].value.integer4 = message->expiry_s;
        length += 1 + 4;
        count++;
    }
    *ret_properties = (MQTTProperties){.count = count, .max_count = count, .length = length, .array = list};
}

static enum err err_of(int code)
{
    switch (code) {
    case MQTTASYNC_SUCCESS:
        return ERR_OK;
    case MQTTASYNC_DISCONNECTED:
        return ERR_CLOSED;
    case MQTTASYNC_MAX_MESSAGES_INFLIGHT:
    case MQTTASYNC_MAX_BUFFERED_MESSAGES:
    case MQTTASYNC_NO_MORE_MSGIDS:
        return ERR_BUSY;
    case MQTTASYNC_BAD_UTF8_STRING:
    case MQTTASYNC_BAD_QOS:
    case MQTTASYNC_NULL_PARAMETER:
        return ERR_ARGUMENT;
    default:
        return ERR_IO;
    }
}

static int hand_over(struct paho *paho, const struct uplink_message *message, struct slot *slot,
                     MQTTProperties properties)
{
    char nothing[1] = {0};
    MQTTAsync_message packet = MQTTAsync_message_initializer;
    MQTTAsync_responseOptions answer = MQTTAsync_responseOptions_initializer;
    union { /* Paho copies the payload and takes it without const */
        const void *given;
        void *taken;
    } payload = {.given = message->payload};
    packet.payload = message->payload_size > 0 ? payload.taken : nothing;
    packet.payloadlen = (int)message->payload_size;
    packet.qos = message->qos;
    packet.retained = message->retain ? 1 : 0;
    packet.properties = properties;
    answer.context = slot;
    if (slot != NULL && paho->v5) {
        answer.onSuccess5 = on_acked5;
        answer.onFailure5 = on_failed5;
    } else if (slot != NULL) {
        answer.onSuccess = on_acked;
        answer.onFailure = on_failed;
    }
    return MQTTAsync_sendMessage(paho->handle, message->topic, &packet, &answer);
}

static enum err paho_publish(void *self, const struct uplink_message *message)
{
    struct paho *paho = self;
    struct slot *slot = NULL;
    struct properties_room room;
    MQTTProperties properties = MQTTProperties_initializer;
    if (!paho->connected)
        return ERR_CLOSED;
    if (message->topic[0] == '\0' || message->payload_size > INT32_MAX)
        return ERR_ARGUMENT;
    if (message->qos > 0) {
        slot = take_slot(paho, message->ticket);
        if (slot == NULL)
            return ERR_BUSY;
    }
    if (paho->v5)
        fill_properties(&room, message, &properties);
    enum err err = err_of(hand_over(paho, message, slot, properties));
    if (err != ERR_OK && slot != NULL)
        atomic_store(&slot->used, false);
    return err;
}

static void subscribe(struct paho *paho)
{
    for (size_t i = 0; i < ARRAY_SIZE(paho->subscribe); i++) {
        MQTTAsync_responseOptions answer = MQTTAsync_responseOptions_initializer;
        if (paho->subscribe[i][0] != '\0')
            (void)MQTTAsync_subscribe(paho->handle, paho->subscribe[i], 1, &answer);
    }
}

static void read_letter(const struct letter *letter, struct uplink_event *ret_event)
{
    const char *at = letter->rest;
    ret_event->kind = letter->head.kind;
    ret_event->ticket = 0;
    ret_event->reason = letter->head.reason;
    ret_event->receive_maximum = letter->head.receive_maximum;
    ret_event->retained = letter->head.retained;
    memcpy(ret_event->text, at, letter->head.text_size);
    ret_event->text[letter->head.text_size] = '\0';
    at += letter->head.text_size;
    memcpy(ret_event->topic, at, letter->head.topic_size);
    ret_event->topic[letter->head.topic_size] = '\0';
    at += letter->head.topic_size;
    memcpy(ret_event->payload, at, letter->head.payload_size);
    ret_event->payload_size = letter->head.payload_size;
}

static bool paho_next(void *self, struct uplink_event *ret_event)
{
    struct paho *paho = self;
    struct letter letter;
    size_t size;
    if (ring_pop(&paho->mailbox, &letter, sizeof letter, &size) != ERR_OK)
        return false;
    read_letter(&letter, ret_event);
    switch (letter.head.kind) {
    case UPLINK_CONNECTED:
        paho->connected = true;
        subscribe(paho);
        break;
    case UPLINK_REFUSED:
    case UPLINK_LOST:
        paho->connected = false;
        break;
    case UPLINK_ACKED:
    case UPLINK_REJECTED:
        CHECK(letter.head.slot < SLOTS_MAX);
        ret_event->ticket = paho->slots[letter.head.slot].ticket;
        atomic_store(&paho->slots[letter.head.slot].used, false);
        break;
    case UPLINK_MESSAGE:
        break;
    }
    return true;
}

/* MQTTAsync_destroy would say a polite goodbye by itself (or none, when it comes too early), and the will would be dropped:
 * so the DISCONNECT is ours and on the wire before the handle goes. MQTT 5 can ask for the will (reason 0x04); 3.1.1 has no
 * such word, there the next connection's status is what corrects the retained one. */
static void disconnect(struct paho *paho, bool polite)
{
    MQTTAsync_disconnectOptions v5 = MQTTAsync_disconnectOptions_initializer5;
    MQTTAsync_disconnectOptions v3 = MQTTAsync_disconnectOptions_initializer;
    v5.context = v3.context = paho;
    v5.reasonCode = polite ? MQTTREASONCODE_NORMAL_DISCONNECTION : MQTTREASONCODE_DISCONNECT_WITH_WILL_MESSAGE;
    v5.onSuccess5 = on_disconnected5;
    v5.onFailure5 = on_disconnect_failed5;
    v3.onSuccess = on_disconnected;
    v3.onFailure = on_disconnect_failed;
    bell_answer(&paho->disconnected);
    if (MQTTAsync_disconnect(paho->handle, paho->v5 ? &v5 : &v3) != MQTTASYNC_SUCCESS)
        return;
    struct pollfd wait = {.fd = paho->disconnected.fd, .events = POLLIN};
    if (poll(&wait, 1, DISCONNECT_WAIT_MS) > 0)
        bell_answer(&paho->disconnected);
}

static void paho_close(void *self, bool polite)
{
    struct paho *paho = self;
    struct letter letter;
    size_t size;
    if (paho->handle != NULL) {
        if (paho->connected && (polite || paho->v5))
            disconnect(paho, polite);
        MQTTAsync_destroy(&paho->handle);
        paho->handle = NULL;
    }
    paho->connected = false;
    while (ring_pop(&paho->mailbox, &letter, sizeof letter, &size) == ERR_OK)
        ; /* of a connection that is no more */
    for (size_t i = 0; i < SLOTS_MAX; i++)
        atomic_store(&paho->slots[i].used, false);
}

static void paho_destroy(void *self)
{
    struct paho *paho = self;
    paho_close(paho, false);
    ring_close(&paho->mailbox);
    bell_close(&paho->disconnected);
    free(paho);
}

void uplink_library_init(void)
{
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    options.do_openssl_init = 1;
    (void)unsetenv("http_proxy");
    (void)unsetenv("https_proxy");
    MQTTAsync_global_init(&options);
}

enum err uplink_make(struct bell *bell, struct uplink *ret_uplink)
{
    static const struct uplink_ops ops = {paho_connect, paho_publish, paho_next, paho_close, paho_destroy};
    struct paho *paho = calloc(1, sizeof *paho);
    if (paho == NULL)
        return ERR_MEMORY;
    paho->bell = bell;
    paho->disconnected.fd = -1;
    enum err err = ring_open(&paho->mailbox, MAILBOX_SIZE);
    if (err == ERR_OK)
        err = bell_open(&paho->disconnected);
    if (err != ERR_OK) {
        paho_destroy(paho);
        return err;
    }
    *ret_uplink = (struct uplink){.ops = &ops, .self = paho};
    return ERR_OK;
}

const char *uplink_library_version(void)
{
    const MQTTAsync_nameValue *facts = MQTTAsync_getVersionInfo();
    for (; facts->name != NULL; facts++)
        if (strcmp(facts->name, "Version") == 0)
            return facts->value;
    return "unknown";
}
