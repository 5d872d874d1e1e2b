/* Against a real mosquitto, private and on a free port. Nothing here waits for time: only for events, with a bound. */
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "drivers/uplink/uplinks.h"
#include "drivers/uplink/url.h"
#include "gateway/base/clock.h"
#include "gateway/model/mqtt_reason.h"
#include "tests/support/scratch.h"

#define PATIENCE_MS 20000

/* Paho 1.3.12 loses the copies of messages that were queued in the very moment the connection broke: at most one window a
 * break, none when they had been written. Ours are still looked for. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpaho-mqtt3a"; /* and 3as */
}

struct place {
    char dir[SCRATCH_MAX];
    int port;
    pid_t broker;
    struct bell bell;
    struct uplink uplink;
    struct uplink_event event;
    char url[64];
};

/* --- the broker --- */

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

static bool listens(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool const connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return connected;
}

static pid_t spawn(const char *const argv[], int out_fd)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        (void)dup2(null, 0);
        (void)dup2(out_fd >= 0 ? out_fd : null, 1);
        (void)dup2(null, 2);
        (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return child;
}

static int run_tool(const char *const argv[])
{
    int status;
    pid_t child = spawn(argv, -1);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_file(const struct place *place, const char *name, const char *content)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", place->dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    (void)close(fd);
}

static void start_broker(struct place *place, const char *more)
{
    char config[1024];
    char path[128];
    int const wait_ms = 10;
    (void)snprintf(config, sizeof config, "listener %d 127.0.0.1\nuser root\npersistence false\n%s", place->port, more);
    write_file(place, "broker.conf", config);
    (void)snprintf(path, sizeof path, "%s/broker.conf", place->dir);
    const char *const argv[] = {"mosquitto", "-c", path, NULL};
    place->broker = spawn(argv, -1);
    for (int i = 0; i < PATIENCE_MS / wait_ms; i++) {
        if (listens(place->port))
            return;
        assert_int_equal(waitpid(place->broker, NULL, WNOHANG), 0);
        (void)poll(NULL, 0, wait_ms);
    }
    fail_msg("mosquitto does not listen");
}

static void kill_broker(struct place *place)
{
    if (place->broker <= 0)
        return;
    (void)kill(place->broker, SIGKILL);
    (void)waitpid(place->broker, NULL, 0);
    place->broker = 0;
}

/* One retained message as an independent client sees it, in mosquitto_sub's own format. */
static void fetch(const struct place *place, const char *topic, const char *format, char *ret_line, size_t size)
{
    char port[16];
    int fds[2];
    size_t used = 0;
    ssize_t got;
    assert_int_equal(pipe(fds), 0);
    (void)snprintf(port, sizeof port, "%d", place->port);
    const char *const argv[] = {"mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-V", "5", "-C", "1", "-W", "20", "-t",
                                topic,           "-F", format,      NULL};
    pid_t child = spawn(argv, fds[1]);
    (void)close(fds[1]);
    while (used < size - 1 && (got = read(fds[0], ret_line + used, size - 1 - used)) > 0)
        used += (size_t)got;
    (void)close(fds[0]);
    (void)waitpid(child, NULL, 0);
    ret_line[used] = '\0';
    ret_line[strcspn(ret_line, "\n")] = '\0';
}

/* "topic|retained|user properties|payload" */
static void fetch_retained(const struct place *place, const char *topic, char *ret_line, size_t size)
{
    fetch(place, topic, "%t|%r|%P|%p", ret_line, size);
}

/* --- the uplink --- */

static int setup(void **state)
{
    static struct place place;
    memset(&place, 0, sizeof place);
    scratch_make(place.dir);
    place.port = free_port();
    (void)snprintf(place.url, sizeof place.url, "mqtt://127.0.0.1:%d", place.port);
    assert_int_equal(bell_open(&place.bell), ERR_OK);
    assert_int_equal(uplink_make(&place.bell, &place.uplink), ERR_OK);
    *state = &place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    place->uplink.ops->destroy(place->uplink.self);
    kill_broker(place);
    bell_close(&place->bell);
    scratch_remove(place->dir);
    return 0;
}

static struct uplink_options options_for(const struct place *place)
{
    return (struct uplink_options){.url = place->url,
                                   .client_id = "lq-xz-0001",
                                   .username = "lq-xz-0001",
                                   .password = "",
                                   .ca_file = "",
                                   .cert_file = "",
                                   .key_file = "",
                                   .mqtt = 5,
                                   .keepalive_s = 60,
                                   .will_topic = "t/status",
                                   .will_payload = "lost",
                                   .will_size = 4};
}

/* The next event, waiting on the bell for it. */
static void wait_event(struct place *place)
{
    int64_t const until = clock_now().mono_us + PATIENCE_MS * 1000LL;
    while (!place->uplink.ops->next(place->uplink.self, &place->event)) {
        struct pollfd wait = {.fd = place->bell.fd, .events = POLLIN};
        assert_true(clock_now().mono_us < until);
        (void)poll(&wait, 1, 1000);
        bell_answer(&place->bell);
    }
}

static void connect_with(struct place *place, const struct uplink_options *options)
{
    assert_int_equal(place->uplink.ops->connect(place->uplink.self, options), ERR_OK);
    wait_event(place);
}

static void connect_well(struct place *place)
{
    struct uplink_options const options = options_for(place);
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
}

static enum err publish(struct place *place, const char *topic, const char *payload, uint64_t ticket, bool retain,
                        bool hist)
{
    return place->uplink.ops->publish(place->uplink.self, &(struct uplink_message){.topic = topic,
                                                                                   .payload = payload,
                                                                                   .payload_size = strlen(payload),
                                                                                   .qos = 1,
                                                                                   .retain = retain,
                                                                                   .hist = hist,
                                                                                   .ticket = ticket});
}

static void takes_urls_apart(void **state)
{
    (void)state;
    struct mqtt_url url;
    assert_int_equal(mqtt_url_parse("mqtt://broker", &url), ERR_OK);
    assert_string_equal(url.host, "broker");
    assert_string_equal(url.port, "1883");
    assert_false(url.tls);
    assert_int_equal(mqtt_url_parse("mqtts://[fe80::1]:99/", &url), ERR_OK);
    assert_string_equal(url.host, "fe80::1");
    assert_string_equal(url.port, "99");
    assert_true(url.tls);
    assert_int_equal(mqtt_url_parse("mqtts://b", &url), ERR_OK);
    assert_string_equal(url.port, "8883");
    static const char *const wrong[] = {
        "",           "mqtt://",         "mqtt://:1",   "tcp://b:1",  "mqtt://b:0", "mqtt://b:65536",
        "mqtt://b:x", "mqtt://b:123456", "mqtt://[::1", "mqtt://b/x", "MQTT://b",   "mqtt://a b",
        "mqtt://u@b"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(mqtt_url_parse(wrong[i], &url), ERR_FORMAT);
}

static void every_message_is_acknowledged_once(void **state)
{
    struct place *place = *state;
    unsigned acked[500] = {0};
    unsigned sent = 0;
    unsigned done = 0;
    char line[256];
    start_broker(place, "allow_anonymous true\n");
    connect_well(place);
    assert_int_equal(place->event.receive_maximum, 20);
    while (done < 500) {
        while (sent < 500 && sent - done < 20) {
            assert_int_equal(publish(place, "t/x", "{\"v\":1}", sent, false, false), ERR_OK);
            sent++;
        }
        wait_event(place);
        assert_int_equal(place->event.kind, UPLINK_ACKED);
        assert_true(place->event.ticket < sent);
        acked[place->event.ticket]++;
        done++;
    }
    for (size_t i = 0; i < 500; i++)
        assert_int_equal(acked[i], 1);
    assert_int_equal(publish(place, "t/alarm", "{\"v\":1}", 9, true, true), ERR_OK);
    wait_event(place);
    fetch_retained(place, "t/alarm", line, sizeof line);
    assert_string_equal(line, "t/alarm|1|schema:1 hist:1|{\"v\":1}");
    assert_int_equal(publish(place, "t/alarm", "", 10, true, false), ERR_OK); /* forgotten */
    wait_event(place);
    assert_int_equal(publish(place, "t/y", "y", 11, true, false), ERR_OK);
    wait_event(place);
    fetch_retained(place, "t/+", line, sizeof line);
    assert_string_equal(line, "t/y|1|schema:1|y");
    assert_int_equal(publish(place, "", "y", 11, true, false), ERR_ARGUMENT);
}

static void the_will_speaks_unless_it_was_polite(void **state)
{
    struct place *place = *state;
    char line[256];
    start_broker(place, "allow_anonymous true\n");
    connect_well(place);
    assert_int_equal(publish(place, "t/status", "online", 1, true, false), ERR_OK);
    wait_event(place);
    place->uplink.ops->close(place->uplink.self, true);
    assert_int_equal(publish(place, "t/status", "x", 1, true, false), ERR_CLOSED);
    fetch_retained(place, "t/status", line, sizeof line);
    assert_string_equal(line, "t/status|1|schema:1|online");
    connect_well(place);
    place->uplink.ops->close(place->uplink.self, false);
    for (int i = 0; i < 100 && strstr(line, "lost") == NULL; i++)
        fetch_retained(place, "t/status", line, sizeof line);
    assert_string_equal(line, "t/status|1||lost");
}

static void a_broker_that_dies_is_noticed(void **state)
{
    struct place *place = *state;
    start_broker(place, "allow_anonymous true\n");
    for (int round = 0; round < 3; round++) {
        connect_well(place);
        for (uint64_t i = 0; i < 15; i++)
            assert_int_equal(publish(place, "t/x", "x", i, false, false), ERR_OK);
        kill_broker(place);
        do
            wait_event(place);
        while (place->event.kind == UPLINK_ACKED);
        assert_int_equal(place->event.kind, UPLINK_LOST);
        assert_int_equal(publish(place, "t/x", "x", 99, false, false), ERR_CLOSED);
        place->uplink.ops->close(place->uplink.self, false);
        assert_false(place->uplink.ops->next(place->uplink.self, &place->event));
        struct uplink_options const options = options_for(place);
        connect_with(place, &options); /* nobody there */
        assert_int_equal(place->event.kind, UPLINK_REFUSED);
        assert_true(place->event.text[0] != '\0');
        place->uplink.ops->close(place->uplink.self, false);
        start_broker(place, "allow_anonymous true\n");
    }
}

static void a_name_that_does_not_resolve(void **state)
{
    struct place *place = *state;
    struct uplink_options options = options_for(place);
    options.url = "mqtt://no-such-host.invalid:1883"; /* RFC 6761, section 6.4 */
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_REFUSED);
    assert_non_null(strstr(place->event.text, "no-such-host.invalid"));
    options.url = "http://nonsense";
    assert_int_equal(place->uplink.ops->connect(place->uplink.self, &options), ERR_FORMAT);
}

static void passwords_and_rights(void **state)
{
    struct place *place = *state;
    char path[128];
    char config[512];
    struct uplink_options options = options_for(place);
    (void)snprintf(path, sizeof path, "%s/passwords", place->dir);
    const char *const tool[] = {"mosquitto_passwd", "-b", "-c", path, "lq-xz-0001", "secret", NULL};
    assert_int_equal(run_tool(tool), 0);
    write_file(place, "acl", "pattern readwrite outpost/v1/%u/#\nuser lq-xz-0001\ntopic readwrite t/#\n");
    (void)snprintf(config, sizeof config, "allow_anonymous false\npassword_file %s\nacl_file %s/acl\n", path,
                   place->dir);
    start_broker(place, config);
    options.password = "wrong";
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_REFUSED);
    assert_int_equal(place->event.reason, MQTT_NOT_AUTHORIZED); /* what mosquitto calls it, with MQTT 5 */
    options.mqtt = 3;
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_REFUSED);
    assert_int_equal(place->event.reason, MQTT_NOT_AUTHORIZED);
    options.mqtt = 5;
    options.password = "secret";
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
    assert_int_equal(publish(place, "outpost/v1/lq-xz-0001/event", "x", 1, false, false), ERR_OK);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_ACKED);
    assert_int_equal(publish(place, "outpost/v1/somebody-else/event", "x", 2, false, false), ERR_OK);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_REJECTED);
    assert_int_equal(place->event.ticket, 2);
    assert_int_equal(place->event.reason, 0x87);
}

/* What a message says of itself, as an independent client sees it. */
static void a_message_says_what_it_is(void **state)
{
    struct place *place = *state;
    char line[256];
    start_broker(place, "allow_anonymous true\n");
    connect_well(place);
    assert_int_equal(place->uplink.ops->publish(place->uplink.self, &(struct uplink_message){.topic = "t/all",
                                                                                             .payload = "{}",
                                                                                             .payload_size = 2,
                                                                                             .qos = 1,
                                                                                             .retain = true,
                                                                                             .deflated = true,
                                                                                             .has_prev = true,
                                                                                             .prev = UINT64_MAX,
                                                                                             .expiry_s = 86400,
                                                                                             .correlation = "abc",
                                                                                             .correlation_size = 3}),
                     ERR_OK);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_ACKED);
    fetch(place, "t/all", "%C|%D|%P", line, sizeof line);
    assert_string_equal(line, "application/json|abc|schema:1 content-encoding:deflate prev:18446744073709551615");
    fetch(place, "t/all", "%E", line, sizeof line); /* seconds that are left */
    assert_in_range(strtol(line, NULL, 10), 86000, 86400);
}

/* A broker that hears less long says so; the library does not heed it, so the uplink passes it on. */
static void a_shorter_keepalive_is_told(void **state)
{
    struct place *place = *state;
    struct uplink_options options = options_for(place);
    start_broker(place, "allow_anonymous true\nmax_keepalive 30\n");
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
    assert_int_equal(place->event.keepalive_s, 30);
    options.keepalive_s = 30;
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
    assert_int_equal(place->event.keepalive_s, 0);
}

/* A broker of a few bytes, because Debian's mosquitto closes without a word: it accepts, and then says that somebody else
 * has connected with the same id. */
static void being_taken_over_is_told(void **state)
{
    static const unsigned char connack[] = {0x20, 0x03, 0x00, 0x00, 0x00};
    static const unsigned char disconnect[] = {0xE0, 0x02, MQTT_TAKEN_OVER, 0x00};
    struct place *place = *state;
    struct uplink_options const options = options_for(place);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)place->port)};
    unsigned char request[512];
    int const listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(place->uplink.ops->connect(place->uplink.self, &options), ERR_OK);
    int const peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0 && read(peer, request, sizeof request) > 0);
    assert_int_equal(write(peer, connack, sizeof connack), (ssize_t)sizeof connack);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
    assert_int_equal(write(peer, disconnect, sizeof disconnect), (ssize_t)sizeof disconnect);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_LOST);
    assert_int_equal(place->event.reason, MQTT_TAKEN_OVER);
    (void)close(peer);
    (void)close(listener);
}

/* Where to answer, and what the answer has to carry. */
static void an_order_brings_its_return_address(void **state)
{
    struct place *place = *state;
    struct uplink_options options = options_for(place);
    char port[16];
    options.subscribe = "o/+";
    start_broker(place, "allow_anonymous true\n");
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
    (void)snprintf(port, sizeof port, "%d", place->port);
    const char *const order[] = {"mosquitto_pub",
                                 "-h",
                                 "127.0.0.1",
                                 "-p",
                                 port,
                                 "-V",
                                 "5",
                                 "-q",
                                 "1",
                                 "-t",
                                 "o/replay",
                                 "-m",
                                 "{}",
                                 "-D",
                                 "publish",
                                 "response-topic",
                                 "o/reply/x",
                                 "-D",
                                 "publish",
                                 "correlation-data",
                                 "k1",
                                 "-r",
                                 NULL};
    assert_int_equal(run_tool(order), 0);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_MESSAGE);
    assert_string_equal(place->event.topic, "o/replay");
    assert_string_equal(place->event.response_topic, "o/reply/x");
    assert_int_equal(place->event.correlation_size, 2);
    assert_memory_equal(place->event.correlation, "k1", 2);
    assert_int_equal(place->event.payload_size, 2);
    assert_true(place->event.retained); /* although it came at once: an order must not be */
}

static void the_older_protocol(void **state)
{
    struct place *place = *state;
    struct uplink_options options = options_for(place);
    char line[256];
    options.mqtt = 3;
    start_broker(place, "allow_anonymous true\n");
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
    assert_int_equal(publish(place, "t/x", "x", 1, true, true), ERR_OK); /* hist has no place in 3.1.1 */
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_ACKED);
    fetch_retained(place, "t/x", line, sizeof line);
    assert_string_equal(line, "t/x|1||x");
    place->uplink.ops->close(place->uplink.self, true);
}

static void what_is_subscribed_arrives(void **state)
{
    struct place *place = *state;
    struct uplink_options options = options_for(place);
    static char huge[UPLINK_INBOUND_MAX + 2];
    start_broker(place, "allow_anonymous true\n");
    connect_well(place);
    memset(huge, 'x', sizeof huge - 1);
    assert_int_equal(publish(place, "o/a-too-large", huge, 1, true, false), ERR_OK); /* delivered first */
    assert_int_equal(publish(place, "o/b", "hello", 2, true, false), ERR_OK);
    wait_event(place);
    wait_event(place);
    options.subscribe = "o/#";
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_MESSAGE);
    assert_string_equal(place->event.topic, "o/a-too-large");
    assert_int_equal(place->event.payload_size, UPLINK_INBOUND_MAX + 1);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_MESSAGE);
    assert_string_equal(place->event.topic, "o/b");
    assert_int_equal(place->event.payload_size, 5);
    assert_memory_equal(place->event.payload, "hello", 5);
    assert_true(place->event.retained);
}

/* --- TLS --- */

static void make_certificate(const struct place *place, const char *name, const char *host)
{
    char key[128];
    char cert[128];
    char subject[128];
    char alternative[128];
    (void)snprintf(key, sizeof key, "%s/%s.key", place->dir, name);
    (void)snprintf(cert, sizeof cert, "%s/%s.crt", place->dir, name);
    (void)snprintf(subject, sizeof subject, "/CN=%s", host);
    (void)snprintf(alternative, sizeof alternative, "subjectAltName=%s", host);
    const char *const argv[] = {"openssl", "req",   "-x509", "-newkey", "ec",    "-pkeyopt", "ec_paramgen_curve:P-256",
                                "-nodes",  "-days", "2",     "-subj",   subject, "-addext",  alternative,
                                "-keyout", key,     "-out",  cert,      NULL};
    assert_int_equal(run_tool(argv), 0);
}

static void only_the_right_broker_is_talked_to(void **state)
{
    struct place *place = *state;
    char config[512];
    char ca_good[128];
    char ca_other[128];
    struct uplink_options options = options_for(place);
    make_certificate(place, "good", "DNS:localhost");
    make_certificate(place, "other", "DNS:localhost");
    (void)snprintf(ca_good, sizeof ca_good, "%s/good.crt", place->dir);
    (void)snprintf(ca_other, sizeof ca_other, "%s/other.crt", place->dir);
    (void)snprintf(config, sizeof config, "allow_anonymous true\ncertfile %s/good.crt\nkeyfile %s/good.key\n",
                   place->dir, place->dir);
    start_broker(place, config);

    (void)snprintf(place->url, sizeof place->url, "mqtts://localhost:%d", place->port);
    options.url = place->url;
    options.ca_file = ca_good;
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
    assert_int_equal(publish(place, "t/x", "x", 1, false, false), ERR_OK);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_ACKED);

    options.ca_file = ca_other; /* a certificate somebody else signed */
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_REFUSED);
    assert_non_null(strstr(place->event.text, "certificate"));

    options.ca_file = ca_good; /* the right certificate, on another host */
    (void)snprintf(place->url, sizeof place->url, "mqtts://127.0.0.1:%d", place->port);
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_REFUSED);

    options.ca_file = ""; /* the system's authorities do not know it */
    (void)snprintf(place->url, sizeof place->url, "mqtts://localhost:%d", place->port);
    connect_with(place, &options);
    assert_int_equal(place->event.kind, UPLINK_REFUSED);
}

static void a_file_takes_everything(void **state)
{
    struct place *place = *state;
    struct uplink file;
    char path[128];
    char content[512];
    (void)snprintf(path, sizeof path, "%s/messages", place->dir);
    assert_int_equal(uplink_make_file(path, &place->bell, &file), ERR_OK);
    assert_int_equal(file.ops->publish(file.self, &(struct uplink_message){.topic = "t"}), ERR_CLOSED);
    assert_int_equal(file.ops->connect(file.self, &(struct uplink_options){.url = ""}), ERR_OK);
    assert_true(file.ops->next(file.self, &place->event));
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
    assert_int_equal(
        file.ops->publish(
            file.self,
            &(struct uplink_message){
                .topic = "a/b", .payload = "{\"v\":1}", .payload_size = 7, .qos = 1, .retain = true, .ticket = 77}),
        ERR_OK);
    assert_true(file.ops->next(file.self, &place->event));
    assert_int_equal(place->event.kind, UPLINK_ACKED);
    assert_int_equal(place->event.ticket, 77);
    assert_false(file.ops->next(file.self, &place->event));
    file.ops->destroy(file.self);
    int fd = open(path, O_RDONLY);
    ssize_t got = read(fd, content, sizeof content - 1);
    (void)close(fd);
    content[got > 0 ? got : 0] = '\0';
    assert_string_equal(content,
                        "{\"topic\":\"a/b\",\"qos\":1,\"retain\":true,\"hist\":false,\"payload\":\"{\\\"v\\\":1}\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_urls_apart),
        cmocka_unit_test_setup_teardown(every_message_is_acknowledged_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_will_speaks_unless_it_was_polite, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broker_that_dies_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_that_does_not_resolve, setup, teardown),
        cmocka_unit_test_setup_teardown(passwords_and_rights, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_says_what_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shorter_keepalive_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(being_taken_over_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(an_order_brings_its_return_address, setup, teardown),
        cmocka_unit_test_setup_teardown(the_older_protocol, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_subscribed_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_right_broker_is_talked_to, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_takes_everything, setup, teardown),
    };
    (void)setenv("http_proxy", "http://127.0.0.1:9", 1); /* must not be honoured */
    uplink_library_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
