/* By Eclipse Paho C (MQTTAsync). Its callbacks run in threads of its own, under its mutex: asking it anything from there stops
 * it for good, so they copy what they were told into the mailbox and do nothing else. Each connection has a handle of its own:
 * after a failure a handle is not to be trusted. It honours http_proxy, which nobody means for MQTT. */
#include "firmware-sim/listen.h"

#include <MQTTAsync.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "firmware-sim/clock.h"

#define KEEPALIVE_S       20
#define CONNECT_TIMEOUT_S 10
#define GOODBYE_MS        1000
#define HOST_SIZE         256
#define REASON_BAD        0x80 /* MQTT 5, section 2.4: from here on a reason is a failure */

struct address {
    bool tls;
    char host[HOST_SIZE];
    char port[6];
};

enum mail_kind { MAIL_CONNECTED, MAIL_SUBSCRIBED, MAIL_TROUBLE, MAIL_MESSAGE };

struct mail {
    struct mail *next;
    enum mail_kind kind;
    unsigned connection; /* which one it is about */
    bool retained;
    int64_t arrived_ms;
    size_t cost; /* bytes */
    size_t size;
    char *payload; /* in `bytes` */
    char bytes[];  /* text, zero, payload */
};

struct listener {
    struct listen_options options;
    struct address address;
    char client_id[64];
    MQTTAsync handle;       /* NULL: none */
    atomic_uint connection; /* changes only while there is no handle */
    bool listening;
    int64_t retry_us;
    int64_t pause_ms;
    struct mail *taken;    /* lives until the next is taken */
    int ready;             /* eventfd: counts letters */
    int gone;              /* eventfd: the goodbye was said */
    pthread_mutex_t mutex; /* of what follows */
    struct mail *first;
    struct mail *last;
    size_t waiting; /* bytes */
    size_t dropped;
    char tls_trouble[LISTEN_TROUBLE_SIZE];
};

/* --- the mailbox: any thread --- */

static void ring(int fd)
{
    uint64_t one = 1;
    if (write(fd, &one, sizeof one) < 0)
        return; /* a counter that is full is readable all the same */
}

static void push(struct listener *listener, struct mail *mail)
{
    (void)pthread_mutex_lock(&listener->mutex);
    bool fits = mail != NULL && listener->waiting + mail->cost <= LISTEN_MAILBOX_MAX;
    if (fits) {
        *(listener->first == NULL ? &listener->first : &listener->last->next) = mail;
        listener->last = mail;
        listener->waiting += mail->cost;
    } else {
        listener->dropped++;
    }
    (void)pthread_mutex_unlock(&listener->mutex);
    if (fits)
        ring(listener->ready);
    else
        free(mail);
}

static void post(struct listener *listener, enum mail_kind kind, const char *text, size_t text_size,
                 const MQTTAsync_message *message)
{
    size_t size = message == NULL || message->payloadlen < 0 ? 0 : (size_t)message->payloadlen;
    size_t cost = sizeof(struct mail) + text_size + 1 + size + 1;
    struct mail *mail = size > LISTEN_MESSAGE_MAX ? NULL : calloc(1, cost);
    if (mail != NULL) {
        mail->kind = kind;
        mail->connection = atomic_load(&listener->connection);
        mail->cost = cost;
        mail->arrived_ms = clock_wall_ms();
        mail->retained = message != NULL && message->retained != 0;
        mail->payload = mail->bytes + text_size + 1;
        mail->size = size;
        memcpy(mail->bytes, text, text_size);
        if (size > 0)
            memcpy(mail->payload, message->payload, size);
    }
    push(listener, mail);
}

static void post_trouble(struct listener *listener, const char *what, const char *said)
{
    char text[2 * LISTEN_TROUBLE_SIZE];
    (void)snprintf(text, sizeof text, "%s%s%.250s", what, said[0] == '\0' ? "" : ": ", said);
    post(listener, MAIL_TROUBLE, text, strlen(text), NULL);
}

/* --- the library's threads --- */

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    size_t size = topic_size > 0 ? (size_t)topic_size : strlen(topic);
    post(context, MAIL_MESSAGE, topic, size, message);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void on_lost(void *context, char *cause)
{
    post_trouble(context, "the connection to the broker is lost", cause == NULL ? "" : cause);
}

static void on_kicked(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    const char *said = MQTTReasonCode_toString(reason);
    (void)properties;
    post_trouble(context, "the broker ended the connection", said == NULL ? "" : said);
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    post(context, MAIL_CONNECTED, "", 0, NULL);
}

/* A CONNACK that refuses gives its reason as `code`; the library's own codes are negative. */
static const char *refusal_of(const MQTTAsync_failureData5 *data)
{
    if (data->code >= REASON_BAD)
        return MQTTReasonCode_toString((enum MQTTReasonCodes)data->code);
    return data->message != NULL ? data->message : MQTTAsync_strerror(data->code);
}

static void on_refused(void *context, MQTTAsync_failureData5 *data)
{
    struct listener *listener = context;
    const char *said = data == NULL ? NULL : refusal_of(data);
    if (listener->tls_trouble[0] != '\0')
        said = listener->tls_trouble;
    post_trouble(context, "the broker cannot be reached, or refuses", said == NULL ? "" : said);
}

static void on_not_subscribed(void *context, MQTTAsync_failureData5 *data)
{
    const char *said = data == NULL ? NULL : MQTTReasonCode_toString(data->reasonCode);
    post_trouble(context, "the broker does not let us read the gateway's topics; give its account the right to",
                 said == NULL ? "" : said);
}

static void on_subscribed(void *context, MQTTAsync_successData5 *data)
{
    if (data != NULL && data->reasonCode >= REASON_BAD)
        on_not_subscribed(context, NULL);
    else
        post(context, MAIL_SUBSCRIBED, "", 0, NULL);
}

static int on_tls_trouble(const char *line, size_t size, void *context)
{
    struct listener *listener = context;
    (void)snprintf(listener->tls_trouble, sizeof listener->tls_trouble, "%.*s", (int)(size < 250 ? size : 250), line);
    listener->tls_trouble[strcspn(listener->tls_trouble, "\r\n")] = '\0';
    return 1;
}

static void on_goodbye(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    ring(((struct listener *)context)->gone);
}

static void on_no_goodbye(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    ring(((struct listener *)context)->gone);
}

/* --- where to --- */

static bool read_port(const char *word, const char *fallback, char ret_port[static 6])
{
    long long port;
    if (word[0] == '\0')
        word = fallback;
    else if (word[0] != ':' || !text_to_integer(++word, 1, 65535, &port) || strspn(word, "0123456789") != strlen(word))
        return false;
    if (strlen(word) > 5)
        return false;
    (void)snprintf(ret_port, 6, "%.5s", word);
    return true;
}

static bool read_url(const char *url, struct address *ret_address)
{
    ret_address->tls = strncmp(url, "mqtts://", 8) == 0;
    if (!ret_address->tls && strncmp(url, "mqtt://", 7) != 0)
        return false;
    const char *host = url + (ret_address->tls ? 8 : 7);
    bool bracket = host[0] == '[';
    host += bracket ? 1 : 0;
    size_t length = strcspn(host, bracket ? "]" : ":/@");
    if (length == 0 || length >= HOST_SIZE || (bracket && host[length] != ']'))
        return false;
    memcpy(ret_address->host, host, length);
    ret_address->host[length] = '\0';
    return read_port(host + length + (bracket ? 1 : 0), ret_address->tls ? "8883" : "1883", ret_address->port);
}

bool listen_check_url(const char *url, struct text *why)
{
    struct address address;
    return read_url(url, &address) ||
           text_refuse(why, "%.200s: a broker is written mqtt://host:1883 or mqtts://host:8883", url);
}

/* The library would look the name up under its mutex. */
static bool resolves(const struct listener *listener, const char **ret_said)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(listener->address.host, listener->address.port, &hints, &found);
    if (code == 0)
        freeaddrinfo(found);
    *ret_said = code == 0 ? "" : gai_strerror(code);
    return code == 0;
}

/* --- connecting --- */

/* TLS 1.2 and newer: OpenSSL 3 allows older ones only at security level 0. */
static MQTTAsync_SSLOptions tls_of(struct listener *listener)
{
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    tls.trustStore = listener->options.ca_file;
    tls.enabledCipherSuites = "DEFAULT@SECLEVEL=2";
    tls.enableServerCertAuth = 1;
    tls.verify = 1;
    tls.disableDefaultTrustStore = listener->options.ca_file != NULL ? 1 : 0;
    tls.ssl_error_cb = on_tls_trouble;
    tls.ssl_error_context = listener;
    return tls;
}

static int start(struct listener *listener)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_SSLOptions tls = tls_of(listener);
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};
    expiry.value.integer4 = LISTEN_SESSION_S;
    if (MQTTProperties_add(&properties, &expiry) != 0)
        return MQTTASYNC_FAILURE;
    options.context = listener;
    options.keepAliveInterval = KEEPALIVE_S;
    options.connectTimeout = CONNECT_TIMEOUT_S;
    options.cleanstart = 0; /* nobody had this name before; mosquitto 2.0 stores no session that began as a clean one */
    options.username = listener->options.username;
    options.password = listener->options.password;
    options.connectProperties = &properties;
    options.onSuccess5 = on_connected;
    options.onFailure5 = on_refused;
    options.ssl = listener->address.tls ? &tls : NULL;
    int code = MQTTAsync_connect(listener->handle, &options);
    MQTTProperties_free(&properties);
    return code;
}

static int create(struct listener *listener)
{
    char uri[HOST_SIZE + 32];
    const struct address *address = &listener->address;
    bool bracket = strchr(address->host, ':') != NULL;
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
    (void)snprintf(uri, sizeof uri, "%s%s%s%s:%s", address->tls ? "ssl://" : "tcp://", bracket ? "[" : "",
                   address->host, bracket ? "]" : "", address->port);
    int code = MQTTAsync_createWithOptions(&listener->handle, uri, listener->client_id, MQTTCLIENT_PERSISTENCE_NONE,
                                           NULL, &options);
    if (code == MQTTASYNC_SUCCESS)
        code = MQTTAsync_setCallbacks(listener->handle, listener, on_lost, on_message, NULL);
    if (code == MQTTASYNC_SUCCESS)
        code = MQTTAsync_setDisconnected(listener->handle, listener, on_kicked);
    return code;
}

static void drop_handle(struct listener *listener)
{
    if (listener->handle != NULL)
        MQTTAsync_destroy(&listener->handle);
    listener->handle = NULL;
    listener->listening = false;
}

/* What is still said about this connection is of no interest. */
static void try_later(struct listener *listener)
{
    drop_handle(listener);
    atomic_fetch_add(&listener->connection, 1U);
    listener->retry_us = clock_mono_us() + listener->pause_ms * 1000;
    listener->pause_ms = 2 * listener->pause_ms < LISTEN_RETRY_MAX_MS ? 2 * listener->pause_ms : LISTEN_RETRY_MAX_MS;
}

static bool connect_now(struct listener *listener, const char **ret_said)
{
    listener->tls_trouble[0] = '\0';
    if (!resolves(listener, ret_said))
        return false;
    int code = create(listener);
    if (code == MQTTASYNC_SUCCESS)
        code = start(listener);
    *ret_said = MQTTAsync_strerror(code);
    return code == MQTTASYNC_SUCCESS;
}

int64_t listener_step(struct listener *listener, int64_t now_us)
{
    const char *said = NULL;
    if (listener->handle != NULL)
        return INT64_MAX;
    if (now_us < listener->retry_us)
        return listener->retry_us;
    if (connect_now(listener, &said))
        return INT64_MAX;
    try_later(listener);
    post_trouble(listener, "the broker cannot be reached", said == NULL ? "" : said);
    return listener->retry_us;
}

static void subscribe(struct listener *listener)
{
    MQTTAsync_responseOptions answer = MQTTAsync_responseOptions_initializer;
    answer.context = listener;
    answer.onSuccess5 = on_subscribed;
    answer.onFailure5 = on_not_subscribed;
    if (MQTTAsync_subscribe(listener->handle, listener->options.topic, 1, &answer) != MQTTASYNC_SUCCESS)
        post_trouble(listener, "the gateway's topics cannot be asked for", "");
}

/* --- opening and closing --- */

static void set_library_up(void)
{
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    options.do_openssl_init = 1;
    (void)unsetenv("http_proxy");  /* NOLINT(concurrency-mt-unsafe): before the library's threads are */
    (void)unsetenv("https_proxy"); /* NOLINT(concurrency-mt-unsafe) */
    MQTTAsync_global_init(&options);
}

struct listener *listener_open(const struct listen_options *options, struct text *why)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL || !listen_check_url(options->url, why) || !read_url(options->url, &listener->address)) {
        free(listener);
        return NULL;
    }
    listener->options = *options;
    listener->pause_ms = LISTEN_RETRY_MIN_MS;
    (void)snprintf(listener->client_id, sizeof listener->client_id, "outpost-accept-%ld-%llx", (long)getpid(),
                   (unsigned long long)clock_wall_ms());
    (void)pthread_mutex_init(&listener->mutex, NULL);
    listener->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    listener->gone = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (listener->ready < 0 || listener->gone < 0) {
        text_add(why, "no eventfd");
        listener_close(listener);
        return NULL;
    }
    set_library_up();
    return listener;
}

/* The broker need not keep what we shall not ask for. */
static void say_goodbye(struct listener *listener)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};
    struct pollfd wait = {.fd = listener->gone, .events = POLLIN};
    options.context = listener;
    options.onSuccess5 = on_goodbye;
    options.onFailure5 = on_no_goodbye;
    (void)MQTTProperties_add(&options.properties, &expiry);
    if (MQTTAsync_disconnect(listener->handle, &options) == MQTTASYNC_SUCCESS)
        (void)poll(&wait, 1, GOODBYE_MS);
    MQTTProperties_free(&options.properties);
}

void listener_close(struct listener *listener)
{
    if (listener == NULL)
        return;
    if (listener->listening)
        say_goodbye(listener);
    drop_handle(listener);
    while (listener->first != NULL) {
        struct mail *mail = listener->first;
        listener->first = mail->next;
        free(mail);
    }
    free(listener->taken);
    (void)pthread_mutex_destroy(&listener->mutex);
    if (listener->ready >= 0)
        (void)close(listener->ready);
    if (listener->gone >= 0)
        (void)close(listener->gone);
    free(listener);
}

/* --- taking out --- */

int listener_fd(const struct listener *listener)
{
    return listener->ready;
}

bool listener_is_listening(const struct listener *listener)
{
    return listener->listening;
}

size_t listener_dropped(struct listener *listener)
{
    (void)pthread_mutex_lock(&listener->mutex);
    size_t dropped = listener->dropped;
    (void)pthread_mutex_unlock(&listener->mutex);
    return dropped;
}

static struct mail *pop(struct listener *listener)
{
    (void)pthread_mutex_lock(&listener->mutex);
    struct mail *mail = listener->first;
    if (mail != NULL) {
        listener->first = mail->next;
        listener->waiting -= mail->cost;
    } else {
        uint64_t count;
        if (read(listener->ready, &count, sizeof count) < 0)
            count = 0; /* nobody rang since */
    }
    (void)pthread_mutex_unlock(&listener->mutex);
    return mail;
}

/* False: it is of no interest to who listens. */
static bool handle_mail(struct listener *listener, const struct mail *mail)
{
    bool current = listener->handle != NULL && mail->connection == atomic_load(&listener->connection);
    switch (mail->kind) {
    case MAIL_CONNECTED:
        if (current)
            subscribe(listener);
        return false;
    case MAIL_SUBSCRIBED:
        listener->listening = current;
        listener->pause_ms = current ? LISTEN_RETRY_MIN_MS : listener->pause_ms;
        return current;
    case MAIL_TROUBLE:
        if (mail->connection != atomic_load(&listener->connection))
            return false;
        if (listener->handle != NULL)
            try_later(listener);
        return true;
    case MAIL_MESSAGE:
        return true;
    }
    return false;
}

bool listener_next(struct listener *listener, struct letter *ret_letter)
{
    static const enum letter_kind kinds[] = {
        [MAIL_SUBSCRIBED] = LETTER_LISTENING, [MAIL_TROUBLE] = LETTER_TROUBLE, [MAIL_MESSAGE] = LETTER_MESSAGE};
    struct mail *mail;
    do {
        free(listener->taken);
        mail = listener->taken = pop(listener);
        if (mail == NULL)
            return false;
    } while (!handle_mail(listener, mail));
    *ret_letter = (struct letter){.kind = kinds[mail->kind],
                                  .text = mail->bytes,
                                  .payload = mail->payload,
                                  .size = mail->size,
                                  .retained = mail->retained,
                                  .arrived_ms = mail->arrived_ms};
    return true;
}
