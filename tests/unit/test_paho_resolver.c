/* A name server or a broker that does not answer holds up the one uplink that asks it, and no other: neither one that
 * connects nor one that publishes. The resolver is this program's own: it stands still until it is let go, so nothing here
 * is a matter of how fast anything is. */
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/uplink/names.h"
#include "drivers/uplink/uplinks.h"
#include "gateway/base/clock.h"

#define PATIENCE_MS 20000
#define MESSAGES    200

static struct {
    int gate[2]; /* a byte lets one lookup go */
    atomic_bool waits;
    atomic_uint others; /* lookups of other names than numbers, Paho's own included */
} dns;

/* In the place of the system's, for Paho too. */
int names_ask(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret_found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    char byte;
    memcpy(&real, &found, sizeof real);
    if (node != NULL && strcmp(node, "dead.example") == 0) {
        atomic_store(&dns.waits, true);
        (void)!read(dns.gate[0], &byte, 1);
        atomic_store(&dns.waits, false);
        return EAI_AGAIN;
    }
    if (node != NULL && strcmp(node, "localhost") == 0)
        atomic_fetch_add(&dns.others, 1);
    return real(node, service, hints, ret_found);
}

struct line {
    struct bell bell;
    struct uplink uplink;
    struct uplink_event event;
};

static void open_line(struct line *line)
{
    assert_int_equal(bell_open(&line->bell), ERR_OK);
    assert_int_equal(uplink_make(&line->bell, &line->uplink), ERR_OK);
}

static void close_line(struct line *line)
{
    line->uplink.ops->destroy(line->uplink.self);
    bell_close(&line->bell);
}

static enum err connect_to(struct line *line, const char *url)
{
    return line->uplink.ops->connect(line->uplink.self, &(struct uplink_options){.url = url,
                                                                                 .client_id = "g1",
                                                                                 .username = "",
                                                                                 .password = "",
                                                                                 .ca_file = "",
                                                                                 .cert_file = "",
                                                                                 .key_file = "",
                                                                                 .mqtt = 3,
                                                                                 .keepalive_s = 60});
}

static void wait_event(struct line *line)
{
    int64_t const until = clock_now().mono_us + PATIENCE_MS * 1000LL;
    while (!line->uplink.ops->next(line->uplink.self, &line->event)) {
        struct pollfd wait = {.fd = line->bell.fd, .events = POLLIN};
        assert_true(clock_now().mono_us < until);
        (void)poll(&wait, 1, 100);
        bell_answer(&line->bell);
    }
}

/* A broker of a few bytes: takes a connection, acknowledges every publish of this test. */
struct small_broker {
    int listener;
    unsigned short port;
    pthread_t thread;
};

static bool read_all(int fd, unsigned char *to, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t more = read(fd, to + got, size - got);
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

static void *serve(void *context)
{
    const struct small_broker *broker = context;
    static const unsigned char connack[] = {0x20, 2, 0, 0};
    unsigned char packet[256];
    int const fd = accept(broker->listener, NULL, NULL);
    while (fd >= 0 && read_all(fd, packet, 2) && read_all(fd, packet + 2, packet[1])) {
        size_t const topic = (size_t)packet[3] + 4; /* packets are below 128 bytes, topics below 256 */
        unsigned char const puback[] = {0x40, 2, packet[topic], packet[topic + 1]};
        if (packet[0] >> 4 == 1)
            (void)!write(fd, connack, sizeof connack);
        else if (packet[0] >> 4 == 3)
            (void)!write(fd, puback, sizeof puback);
    }
    (void)close(fd);
    return NULL;
}

static void start_broker(struct small_broker *broker)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    broker->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(broker->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(broker->listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(broker->listener, 1), 0);
    broker->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&broker->thread, NULL, serve, broker), 0);
}

static void *connect_dead(void *context)
{
    assert_int_equal(connect_to(context, "mqtt://dead.example:1883"), ERR_OK);
    return NULL;
}

static void start_dead(struct line *dead, pthread_t *ret_thread)
{
    int64_t const until = clock_now().mono_us + PATIENCE_MS * 1000LL;
    assert_int_equal(pthread_create(ret_thread, NULL, connect_dead, dead), 0);
    while (!atomic_load(&dns.waits)) {
        assert_true(clock_now().mono_us < until);
        (void)poll(NULL, 0, 1);
    }
}

static void publish_all(struct line *line)
{
    for (uint64_t i = 0; i < MESSAGES; i++) {
        assert_int_equal(line->uplink.ops->publish(
                             line->uplink.self,
                             &(struct uplink_message){
                                 .topic = "alarm/x", .payload = "{}", .payload_size = 2, .qos = 1, .ticket = i}),
                         ERR_OK);
        wait_event(line);
        assert_int_equal(line->event.kind, UPLINK_ACKED);
        assert_int_equal(line->event.ticket, i);
    }
}

static void a_dead_name_server_holds_up_nobody_else(void **state)
{
    (void)state;
    struct line dead;
    struct line good;
    struct small_broker broker;
    char url[64];
    pthread_t thread;
    assert_int_equal(pipe(dns.gate), 0);
    start_broker(&broker);
    open_line(&dead);
    open_line(&good);
    (void)snprintf(url, sizeof url, "mqtt://localhost:%u", broker.port);
    start_dead(&dead, &thread);
    assert_int_equal(connect_to(&good, url), ERR_OK); /* connects … */
    wait_event(&good);
    assert_int_equal(good.event.kind, UPLINK_CONNECTED);
    publish_all(&good); /* … and is acknowledged, all the while the other waits for its name */
    assert_true(atomic_load(&dns.waits));
    assert_int_equal(atomic_load(&dns.others), 1); /* ours: Paho, which holds its lock then, asks nobody */
    assert_int_equal(write(dns.gate[1], "x", 1), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    wait_event(&dead);
    assert_int_equal(dead.event.kind, UPLINK_REFUSED);
    assert_non_null(strstr(dead.event.text, "dead.example"));
    good.uplink.ops->close(good.uplink.self, true);
    assert_int_equal(pthread_join(broker.thread, NULL), 0);
    close_line(&good);
    close_line(&dead);
    (void)close(broker.listener);
}

/* With TLS Paho is given the name, which the certificate is held against. */
static void with_tls_too_the_name_is_looked_up_once(void **state)
{
    (void)state;
    struct line line;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct addrinfo *found = NULL;
    unsigned char hello[512];
    char url[64];
    int const listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(listener, 1), 0);
    atomic_store(&dns.others, 0);
    open_line(&line);
    (void)snprintf(url, sizeof url, "mqtts://localhost:%u", ntohs(address.sin_port));
    assert_int_equal(connect_to(&line, url), ERR_OK);
    int const fd = accept(listener, NULL, NULL); /* so Paho has the address … */
    ssize_t const got = read(fd, hello, sizeof hello);
    assert_int_equal(atomic_load(&dns.others), 1); /* … and the name server was asked once, by us */
    assert_true(got > 0);
    assert_non_null(memmem(hello, (size_t)got, "localhost", 9)); /* server name indication: RFC 6066, 3 */
    assert_int_equal(getaddrinfo("localhost", NULL, NULL, &found), 0);
    freeaddrinfo(found);
    assert_int_equal(atomic_load(&dns.others), 1);
    close_line(&line);
    assert_int_equal(getaddrinfo("localhost", NULL, NULL, &found), 0); /* closed: it is not kept any longer */
    freeaddrinfo(found);
    assert_int_equal(atomic_load(&dns.others), 2);
    (void)close(fd);
    (void)close(listener);
}

static void names_are_kept_as_long_as_anybody_needs_them(void **state)
{
    (void)state;
    struct addrinfo *found = NULL;
    char number[NAMES_NUMBER_MAX + 1];
    atomic_store(&dns.others, 0);
    names_keep("localhost", "127.0.0.9");
    names_keep("localhost", "127.0.0.7");
    names_forget("localhost");
    assert_int_equal(getaddrinfo("localhost", "1883", NULL, &found), 0);
    assert_int_equal(getnameinfo(found->ai_addr, found->ai_addrlen, number, sizeof number, NULL, 0, NI_NUMERICHOST), 0);
    freeaddrinfo(found);
    assert_string_equal(number, "127.0.0.7");
    names_forget("localhost");
    names_forget("localhost"); /* one too many: nothing */
    for (int i = 0; i < 2 * NAMES_MAX; i++) {
        (void)snprintf(number, sizeof number, "host-%d", i);
        names_keep(number, "127.0.0.3"); /* those there is no room for are asked for */
    }
    assert_int_equal(atomic_load(&dns.others), 0);
    assert_int_equal(getaddrinfo("host-0", NULL, NULL, &found), 0);
    freeaddrinfo(found);
    assert_int_equal(getaddrinfo("localhost", NULL, NULL, &found), 0);
    freeaddrinfo(found);
    assert_int_equal(atomic_load(&dns.others), 1);
    for (int i = 0; i < 2 * NAMES_MAX; i++) {
        (void)snprintf(number, sizeof number, "host-%d", i);
        names_forget(number);
    }
}

/* A broker that takes the connection and says nothing, with and without TLS. */
static void a_silent_broker_holds_up_nobody_else(void **state)
{
    (void)state;
    struct line silent[2];
    struct line good;
    struct small_broker broker;
    struct small_broker mute; /* its backlog takes connections, nobody ever accepts them */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char url[64];
    mute.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(mute.listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(mute.listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(mute.listener, 4), 0);
    start_broker(&broker);
    open_line(&good);
    for (size_t i = 0; i < 2; i++) {
        open_line(&silent[i]);
        (void)snprintf(url, sizeof url, "%s://127.0.0.1:%u", i == 0 ? "mqtt" : "mqtts", ntohs(address.sin_port));
        assert_int_equal(connect_to(&silent[i], url), ERR_OK);
    }
    (void)snprintf(url, sizeof url, "mqtt://127.0.0.1:%u", broker.port);
    assert_int_equal(connect_to(&good, url), ERR_OK);
    wait_event(&good);
    assert_int_equal(good.event.kind, UPLINK_CONNECTED);
    publish_all(&good);
    for (size_t i = 0; i < 2; i++) { /* they still wait */
        assert_false(silent[i].uplink.ops->next(silent[i].uplink.self, &silent[i].event));
        close_line(&silent[i]);
    }
    good.uplink.ops->close(good.uplink.self, true);
    assert_int_equal(pthread_join(broker.thread, NULL), 0);
    close_line(&good);
    (void)close(broker.listener);
    (void)close(mute.listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_name_server_holds_up_nobody_else),
        cmocka_unit_test(a_silent_broker_holds_up_nobody_else),
        cmocka_unit_test(with_tls_too_the_name_is_looked_up_once),
        cmocka_unit_test(names_are_kept_as_long_as_anybody_needs_them),
    };
    uplink_library_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
