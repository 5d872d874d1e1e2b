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
 *   and call it only after that has worked. It gets the address and asks nobody; with TLS, which needs the name, it gets the
 *   name and, when it asks for its address, our answer (names.h).
 * - `verify` (is this the host I asked for?) is 0 unless set. http_proxy in the environment is honoured unless removed.
 * - onFailure5.packet_type is read from freed memory: not looked at.
 * - It does not honour Server Keep Alive: CONNECTED says what the broker demands, and the sender connects again with it. */
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/names.h"
#include "drivers/uplink/paho_private.h"
#include "drivers/uplink/uplinks.h"
#include "drivers/uplink/url.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/model/mqtt_reason.h"

#define MAILBOX_SIZE       ((size_t)64 * 1024)
#define CONNECT_TIMEOUT_S  10
#define DISCONNECT_WAIT_MS 1000
#define BUFFERED_MAX       200 /* above any window: Paho's own queue is never the limit */
#define RECEIVE_MAX        16  /* orders the broker may have under way to us */
#define ADDRESS_MAX        (URL_HOST_MAX + 32)

static void keep_name(struct paho *paho, const char *host, const char *number)
{
    text_copy(paho->kept_host, sizeof paho->kept_host, host);
    names_keep(host, number);
}

static void forget_name(struct paho *paho)
{
    if (paho->kept_host[0] != '\0')
        names_forget(paho->kept_host);
    paho->kept_host[0] = '\0';
}

/* Where to connect to, as Paho wants it. Blocks in the resolver, here and only here. With TLS the name itself: it is what
 * the certificate is held against; else the first address. Paho has nothing to look up. */
static bool resolve(struct paho *paho, const struct mqtt_url *url, char ret_address[static ADDRESS_MAX])
{
    struct addrinfo const hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char number[NAMES_NUMBER_MAX + 1];
    char text[TEXT_MAX];
    int code = names_ask(url->host, url->port, &hints, &found);
    if (code == 0)
        code = getnameinfo(found->ai_addr, found->ai_addrlen, number, sizeof number, NULL, 0, NI_NUMERICHOST);
    freeaddrinfo(found);
    if (code != 0) {
        (void)snprintf(text, sizeof text, "cannot find the address of %.70s: %.50s", url->host, gai_strerror(code));
        post_refused(paho, 0, text);
        return false;
    }
    if (url->tls)
        keep_name(paho, url->host, number);
    const char *host = url->tls ? url->host : number;
    bool const is_ipv6 = strchr(host, ':') != NULL;
    (void)snprintf(ret_address, ADDRESS_MAX, "%s%s%s%s:%s", url->tls ? "ssl://" : "tcp://", is_ipv6 ? "[" : "", host,
                   is_ipv6 ? "]" : "", url->port);
    return true;
}

static enum err create(struct paho *paho, const char *address, const struct uplink_options *options)
{
    MQTTAsync_createOptions v5 = MQTTAsync_createOptions_initializer5;
    MQTTAsync_createOptions v3 = MQTTAsync_createOptions_initializer;
    v3.MQTTVersion = MQTTVERSION_3_1_1;
    MQTTAsync_createOptions *create_options = paho->v5 ? &v5 : &v3;
    create_options->sendWhileDisconnected = 0;
    create_options->maxBufferedMessages = BUFFERED_MAX;
    int code = paho->library.MQTTAsync_createWithOptions(&paho->handle, address, options->client_id,
                                                         MQTTCLIENT_PERSISTENCE_NONE, NULL, create_options);
    if (code != MQTTASYNC_SUCCESS) {
        paho->handle = NULL;
        return ERR_MEMORY;
    }
    return hear_losses(paho) == MQTTASYNC_SUCCESS ? ERR_OK : ERR_ARGUMENT;
}

static const char *given(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* TLS 1.2 and 1.3. Paho can pin one version but not set a floor; security level 2 is one, whatever openssl.cnf says:
 * OpenSSL 3 allows TLS 1.1 and older only at level 0. */
static void set_tls(MQTTAsync_SSLOptions *tls, const struct uplink_options *options)
{
    tls->trustStore = given(options->ca_file);
    tls->keyStore = given(options->cert_file);
    tls->privateKey = given(options->key_file);
    tls->enabledCipherSuites = "DEFAULT@SECLEVEL=2";
    tls->enableServerCertAuth = 1;
    tls->verify = 1;
}

static void set_will(MQTTAsync_willOptions *will, const struct uplink_options *options)
{
    will->topicName = options->will_topic;
    will->payload.data = options->will_payload;
    will->payload.len = (int)options->will_size;
    will->qos = 1;
    will->retained = 1;
}

/* The outcome is an event. */
static void start(struct paho *paho, bool tls_wanted, const struct uplink_options *options)
{
    MQTTAsync_connectOptions v5 = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_connectOptions v3 = MQTTAsync_connectOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTProperty bounds[] = {
        {.identifier = MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, .value.integer2 = RECEIVE_MAX},
        {.identifier = MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, .value.integer4 = UPLINK_PACKET_MAX},
    };
    MQTTProperties properties = {
        .count = ARRAY_SIZE(bounds), .max_count = ARRAY_SIZE(bounds), .length = 1 + 2 + 1 + 4, .array = bounds};
    MQTTAsync_connectOptions *connect_options = paho->v5 ? &v5 : &v3;
    v5.cleanstart = 1;
    v5.connectProperties = &properties;
    v3.MQTTVersion = MQTTVERSION_3_1_1;
    v3.cleansession = 1;
    hear_connection(paho, connect_options);
    connect_options->keepAliveInterval = options->keepalive_s;
    connect_options->connectTimeout = CONNECT_TIMEOUT_S;
    connect_options->automaticReconnect = 0;
    connect_options->maxInflight = SLOTS_MAX;
    connect_options->username = given(options->username);
    connect_options->password = given(options->password);
    if (given(options->will_topic) != NULL) {
        set_will(&will, options);
        connect_options->will = &will;
    }
    if (tls_wanted) {
        set_tls(&tls, options);
        hear_tls(paho, &tls);
        connect_options->ssl = &tls;
    }
    int code = paho->library.MQTTAsync_connect(paho->handle, connect_options);
    const char *said = paho->library.MQTTAsync_strerror(code);
    if (code != MQTTASYNC_SUCCESS)
        post_refused(paho, 0, said != NULL ? said : "");
}

static bool open_library(struct paho *paho, bool tls)
{
    char why[TEXT_MAX];
    if (paho_library_open(&paho->library, tls, why, sizeof why) == ERR_OK)
        return true;
    post_refused(paho, 0, why);
    return false;
}

static void paho_close(void *self, bool polite);

static enum err paho_connect(void *self, const struct uplink_options *options)
{
    struct paho *paho = self;
    struct mqtt_url url;
    char address[ADDRESS_MAX];
    enum err err = mqtt_url_parse(options->url, &url);
    if (err != ERR_OK)
        return err;
    paho_close(paho, false);
    paho->v5 = options->mqtt != 3;
    paho->tls_trouble[0] = '\0';
    text_copy(paho->subscribe, sizeof paho->subscribe, options->subscribe != NULL ? options->subscribe : "");
    if (!resolve(paho, &url, address) || !open_library(paho, url.tls))
        return ERR_OK;
    err = create(paho, address, options);
    if (err == ERR_OK)
        start(paho, url.tls, options);
    else
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

static enum err paho_publish(void *self, const struct uplink_message *message)
{
    struct paho *paho = self;
    struct slot *slot = NULL;
    if (!paho->connected)
        return ERR_CLOSED;
    if (message->topic[0] == '\0' || message->payload_size > INT32_MAX)
        return ERR_ARGUMENT;
    if (message->qos > 0) {
        slot = take_slot(paho, message->ticket);
        if (slot == NULL)
            return ERR_BUSY;
    }
    int const code = say_message(paho, message, slot);
    if (code == MQTTASYNC_BAD_MQTT_OPTION) {
        if (slot != NULL)
            post_rejected(slot, MQTT_TOO_LARGE);
        return ERR_OK;
    }
    enum err err = err_of(code);
    if (err != ERR_OK && slot != NULL)
        atomic_store(&slot->used, false);
    return err;
}

/* With MQTT 5 a message that was published to be retained says so even when it comes at once. */
static void subscribe(struct paho *paho)
{
    MQTTAsync_responseOptions answer = MQTTAsync_responseOptions_initializer;
    if (paho->subscribe[0] == '\0')
        return;
    hear_subscription(paho, &answer);
    answer.subscribeOptions.retainAsPublished = 1;
    (void)paho->library.MQTTAsync_subscribe(paho->handle, paho->subscribe, 1, &answer);
}

static const char *take_text(const char *from, char *to, size_t size)
{
    memcpy(to, from, size);
    to[size] = '\0';
    return from + size;
}

static void read_letter(const struct letter *letter, struct uplink_event *ret_event)
{
    const struct mail *head = &letter->head;
    const char *at = letter->rest;
    ret_event->kind = head->kind;
    ret_event->ticket = 0;
    ret_event->reason = head->reason;
    ret_event->receive_maximum = head->receive_maximum;
    ret_event->keepalive_s = head->keepalive_s;
    ret_event->packet_max = head->packet_max;
    ret_event->retained = head->retained;
    at = take_text(at, ret_event->text, head->text_size);
    at = take_text(at, ret_event->topic, head->topic_size);
    at = take_text(at, ret_event->response_topic, head->response_size);
    memcpy(ret_event->correlation, at, head->correlation_size);
    ret_event->correlation_size = head->correlation_size;
    at += head->correlation_size;
    memcpy(ret_event->payload, at, head->payload_size);
    ret_event->payload_size = head->too_large ? UPLINK_INBOUND_MAX + 1 : head->payload_size;
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
        paho->packet_max = letter.head.packet_max;
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
    case UPLINK_DEAF:
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
    MQTTAsync_disconnectOptions *options = paho->v5 ? &v5 : &v3;
    hear_goodbye(paho, options);
    v5.reasonCode = polite ? MQTTREASONCODE_NORMAL_DISCONNECTION : MQTTREASONCODE_DISCONNECT_WITH_WILL_MESSAGE;
    bell_answer(&paho->disconnected);
    if (paho->library.MQTTAsync_disconnect(paho->handle, options) != MQTTASYNC_SUCCESS)
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
        paho->library.MQTTAsync_destroy(&paho->handle);
        paho->handle = NULL;
    }
    forget_name(paho);
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
    (void)unsetenv("http_proxy");
    (void)unsetenv("https_proxy");
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

static const char *version_of(bool tls, const char *what)
{
    struct paho_library library = {.is_open = false};
    char why[TEXT_MAX];
    if (paho_library_open(&library, tls, why, sizeof why) != ERR_OK)
        return "not installed";
    for (const MQTTAsync_nameValue *fact = library.MQTTAsync_getVersionInfo(); fact->name != NULL; fact++)
        if (strcmp(fact->name, what) == 0)
            return fact->value;
    return "unknown";
}

void uplink_library_version(struct text *to)
{
    text_put(to, version_of(false, "Version"));
}

void uplink_tls_version(struct text *to)
{
    text_put(to, version_of(true, "OpenSSL version"));
}
