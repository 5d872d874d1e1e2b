/* Brokers that demand little, refuse in every way there is, or talk nonsense. The test itself is the broker, byte by byte: MQTT
 * 5.0, chapter 3. */
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/uplink/uplinks.h"
#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "tests/house/dice.h"
#include "tests/support/effort.h"

#define PATIENCE_MS 20000
#define PACKET_MAX  4096

/* Freed memory of messages that were under way when a connection broke stays in Paho: see test_paho.c. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpaho-mqtt3a";
}

struct place {
    struct bell bell;
    struct uplink uplink;
    struct uplink_event event;
    int listener;
    int fd; /* the connection; -1 none */
    char url[64];
    unsigned char packet[PACKET_MAX]; /* the last one that came */
    size_t packet_size;
    uint8_t mqtt;
};

static int setup(void **state)
{
    static struct place place;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    memset(&place, 0, sizeof place);
    place.fd = -1;
    place.mqtt = 5;
    place.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(place.listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(place.listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(place.listener, 4), 0);
    (void)snprintf(place.url, sizeof place.url, "mqtt://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(bell_open(&place.bell), ERR_OK);
    assert_int_equal(uplink_make(&place.bell, &place.uplink), ERR_OK);
    *state = &place;
    return 0;
}

static void hang_up(struct place *place)
{
    if (place->fd >= 0)
        (void)close(place->fd);
    place->fd = -1;
}

static int teardown(void **state)
{
    struct place *place = *state;
    hang_up(place);
    place->uplink.ops->destroy(place->uplink.self);
    bell_close(&place->bell);
    (void)close(place->listener);
    return 0;
}

static bool has_event(struct place *place)
{
    return place->uplink.ops->next(place->uplink.self, &place->event);
}

static void wait_event(struct place *place)
{
    int64_t const until = clock_now().mono_us + PATIENCE_MS * 1000LL;
    while (!has_event(place)) {
        struct pollfd wait = {.fd = place->bell.fd, .events = POLLIN};
        assert_true(clock_now().mono_us < until);
        (void)poll(&wait, 1, 100);
        bell_answer(&place->bell);
    }
}

/* --- the broker --- */

static void take_bytes(struct place *place, size_t count)
{
    assert_true(place->packet_size + count <= sizeof place->packet);
    for (size_t end = place->packet_size + count; place->packet_size < end;) {
        struct pollfd wait = {.fd = place->fd, .events = POLLIN};
        assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
        ssize_t const got = read(place->fd, place->packet + place->packet_size, end - place->packet_size);
        assert_true(got > 0);
        place->packet_size += (size_t)got;
    }
}

/* The next packet of this type (its upper four bits); others are passed over. */
static void take_packet(struct place *place, unsigned type)
{
    do {
        size_t length = 0;
        place->packet_size = 0;
        take_bytes(place, 1);
        for (unsigned shift = 0;; shift += 7) {
            take_bytes(place, 1);
            length |= (size_t)(place->packet[place->packet_size - 1] & 0x7F) << shift;
            if ((place->packet[place->packet_size - 1] & 0x80) == 0)
                break;
        }
        take_bytes(place, length);
    } while (place->packet[0] >> 4 != type);
}

static void put(struct place *place, const void *bytes, size_t size)
{
    assert_int_equal(send(place->fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void begin(struct place *place)
{
    assert_int_equal(place->uplink.ops->connect(place->uplink.self, &(struct uplink_options){.url = place->url,
                                                                                             .client_id = "g1",
                                                                                             .username = "",
                                                                                             .password = "",
                                                                                             .ca_file = "",
                                                                                             .cert_file = "",
                                                                                             .key_file = "",
                                                                                             .mqtt = place->mqtt,
                                                                                             .keepalive_s = 60,
                                                                                             .subscribe = "o/+"}),
                     ERR_OK);
    struct pollfd wait = {.fd = place->listener, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
    place->fd = accept(place->listener, NULL, NULL);
    assert_true(place->fd >= 0);
    take_packet(place, 1);
}

static void connect_with(struct place *place, const void *connack, size_t size)
{
    begin(place);
    put(place, connack, size);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_CONNECTED);
}

static void connect_well(struct place *place)
{
    static const unsigned char connack[] = {0x20, 3, 0, 0, 0};
    connect_with(place, connack, sizeof connack);
}

static void publish(struct place *place, size_t size, uint64_t ticket)
{
    static const char payload[2048] = {' '};
    struct uplink_message const message = {
        .topic = "t/x", .payload = payload, .payload_size = size, .qos = 1, .ticket = ticket};
    assert_int_equal(place->uplink.ops->publish(place->uplink.self, &message), ERR_OK);
}

static void answer_publish(struct place *place, uint8_t reason)
{
    take_packet(place, 3);
    size_t at = 1;
    while ((place->packet[at++] & 0x80) != 0)
        ;
    at += 2 + ((size_t)place->packet[at] << 8 | place->packet[at + 1]);
    unsigned char const puback[] = {0x40, 3, place->packet[at], place->packet[at + 1], reason};
    put(place, puback, sizeof puback);
}

/* --- what both ends take --- */

static void the_broker_is_told_what_this_end_takes(void **state)
{
    struct place *place = *state;
    static const unsigned char bounds[] = {
        0x21, 0, 16, 0x27, UPLINK_PACKET_MAX >> 24, UPLINK_PACKET_MAX >> 16 & 0xFF, UPLINK_PACKET_MAX >> 8 & 0xFF, 0};
    begin(place);
    assert_non_null(memmem(place->packet, place->packet_size, bounds, sizeof bounds));
    assert_true(UPLINK_PACKET_MAX >= UPLINK_INBOUND_MAX + 2 * UPLINK_TOPIC_MAX + UPLINK_CORRELATION_MAX);
}

/* Receive maximum 1, maximum packet size 500, server keep alive 5. */
static void what_the_broker_takes_is_held(void **state)
{
    struct place *place = *state;
    static const unsigned char connack[] = {0x20, 14, 0, 0, 11, 0x21, 0, 1, 0x27, 0, 0, 1, 0xF4, 0x13, 0, 5};
    connect_with(place, connack, sizeof connack);
    assert_int_equal(place->event.receive_maximum, 1);
    assert_int_equal(place->event.packet_max, 500);
    assert_int_equal(place->event.keepalive_s, 5);
    publish(place, 500, 71);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_REJECTED);
    assert_int_equal(place->event.ticket, 71);
    assert_int_equal(place->event.reason, 0x95);
    publish(place, 400, 72);
    answer_publish(place, 0);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_ACKED);
    assert_int_equal(place->event.ticket, 72);
    assert_true(place->packet_size < 500); /* the first publish that came was this one */
    struct uplink_message const health = {.topic = "t/h", .payload = place->packet, .payload_size = 500};
    assert_int_equal(place->uplink.ops->publish(place->uplink.self, &health), ERR_OK);
    publish(place, 10, 73);
    answer_publish(place, 0);
    assert_true(place->packet_size < 100);
}

/* --- refusals --- */

static void each_reason_comes_through(void **state)
{
    struct place *place = *state;
    static const uint8_t reasons[] = {0x80, 0x83, 0x87, 0x90, 0x91, 0x93, 0x94, 0x95, 0x97, 0x99};
    connect_well(place);
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        publish(place, 100, i);
        answer_publish(place, reasons[i]);
        wait_event(place);
        assert_int_equal(place->event.kind, UPLINK_REJECTED);
        assert_int_equal(place->event.ticket, i);
        assert_int_equal(place->event.reason, reasons[i]);
    }
    publish(place, 100, 99);
    answer_publish(place, 0x10); /* nobody subscribes to it */
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_ACKED);
    assert_int_equal(place->event.ticket, 99);
}

static void the_word_of_a_goodbye_comes_through(void **state)
{
    struct place *place = *state;
    static const uint8_t reasons[] = {0x80, 0x82, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x93, 0x95, 0x97, 0x98, 0x9C, 0x9F};
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        unsigned char const disconnect[] = {0xE0, 2, reasons[i], 0};
        connect_well(place);
        put(place, disconnect, sizeof disconnect);
        wait_event(place);
        assert_int_equal(place->event.kind, UPLINK_LOST);
        assert_int_equal(place->event.reason, reasons[i]);
        place->uplink.ops->close(place->uplink.self, false);
        hang_up(place);
    }
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        unsigned char const connack[] = {0x20, 3, 0, reasons[i], 0};
        begin(place);
        put(place, connack, sizeof connack);
        wait_event(place);
        assert_int_equal(place->event.kind, UPLINK_REFUSED);
        assert_int_equal(place->event.reason, reasons[i]);
        hang_up(place);
    }
}

/* It was asked for none, and says it has kept one. */
static void a_session_nobody_asked_for_is_none(void **state)
{
    struct place *place = *state;
    static const unsigned char connack[] = {0x20, 3, 1, 0, 0};
    connect_with(place, connack, sizeof connack);
    publish(place, 100, 5);
    answer_publish(place, 0);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_ACKED);
}

/* --- nonsense --- */

/* Packets a broker may send, to be damaged: SUBACK, PUBACK, an order with all that goes with it, PINGRESP, DISCONNECT, a second
 * CONNACK, PUBREC, PUBREL, AUTH. */
static size_t make_packet(struct dice *dice, unsigned char to[static PACKET_MAX])
{
    static const struct {
        size_t size;
        unsigned char bytes[48];
    } samples[] = {
        {6, {0x90, 4, 0, 1, 0, 1}},
        {5, {0x40, 3, 0, 1, 0x99}},
        {26, {0x32, 24, 0,   5,   'o', '/',  'a', 'c', 'k', 0,   9,    13, 0x08,
              0,    3,  'r', '/', 'x', 0x09, 0,   2,   'i', 'd', 0x01, 1,  '{'}},
        {2, {0xD0, 0}},
        {4, {0xE0, 2, 0x8B, 0}},
        {8, {0x20, 6, 0, 0, 3, 0x21, 0, 5}},
        {4, {0x50, 2, 0, 1}},
        {4, {0x62, 2, 0, 1}},
        {4, {0xF0, 2, 0x18, 0}},
    };
    size_t const which = (size_t)dice_between(dice, 0, (int64_t)ARRAY_SIZE(samples) - 1);
    memcpy(to, samples[which].bytes, samples[which].size);
    return samples[which].size;
}

static size_t make_nonsense(struct dice *dice, unsigned char to[static PACKET_MAX])
{
    size_t size = make_packet(dice, to);
    if (dice_chance(dice, 300))
        for (size = 0; size < 64; size++)
            to[size] = (unsigned char)dice_between(dice, 0, 255);
    for (int i = (int)dice_between(dice, 0, 3); i > 0; i--)
        to[dice_between(dice, 0, (int64_t)size - 1)] = (unsigned char)dice_between(dice, 0, 255);
    if (dice_chance(dice, 100))
        size = (size_t)dice_between(dice, 1, (int64_t)size);
    return size;
}

/* Whatever is in the mailbox is well formed. */
static bool look_at_events(struct place *place)
{
    while (has_event(place)) {
        assert_true(strlen(place->event.text) < sizeof place->event.text);
        assert_true(place->event.payload_size <= sizeof place->event.payload);
        assert_true(place->event.correlation_size <= sizeof place->event.correlation);
        if (place->event.kind == UPLINK_LOST || place->event.kind == UPLINK_REFUSED)
            return true;
    }
    return false;
}

static void talk_nonsense(struct place *place, struct dice *dice)
{
    unsigned char bytes[PACKET_MAX];
    static const unsigned char connack[] = {0x20, 3, 0, 0, 0};
    begin(place);
    if (dice_chance(dice, 800)) {
        put(place, connack, sizeof connack);
        wait_event(place);
        assert_int_equal(place->event.kind, UPLINK_CONNECTED);
        for (uint64_t i = 0; i < 5; i++)
            publish(place, 100, i);
    }
    for (int i = (int)dice_between(dice, 1, 40); i > 0; i--)
        (void)send(place->fd, bytes, make_nonsense(dice, bytes), MSG_NOSIGNAL);
    (void)shutdown(place->fd, SHUT_WR);
    for (int64_t const until = clock_now().mono_us + PATIENCE_MS * 1000LL; !look_at_events(place);) {
        struct pollfd wait = {.fd = place->bell.fd, .events = POLLIN};
        assert_true(clock_now().mono_us < until);
        (void)poll(&wait, 1, 100);
        bell_answer(&place->bell);
    }
    place->uplink.ops->close(place->uplink.self, false);
    hang_up(place);
}

static void nonsense_ends_a_connection_and_nothing_else(void **state)
{
    struct place *place = *state;
    for (unsigned seed = 1; seed <= effort_times(20); seed++) {
        struct dice dice = {.state = seed};
        place->mqtt = seed % 4 == 0 ? 3 : 5;
        talk_nonsense(place, &dice);
    }
    place->mqtt = 5;
    connect_well(place);
    publish(place, 100, 5);
    answer_publish(place, 0);
    wait_event(place);
    assert_int_equal(place->event.kind, UPLINK_ACKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_broker_is_told_what_this_end_takes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_broker_takes_is_held, setup, teardown),
        cmocka_unit_test_setup_teardown(each_reason_comes_through, setup, teardown),
        cmocka_unit_test_setup_teardown(the_word_of_a_goodbye_comes_through, setup, teardown),
        cmocka_unit_test_setup_teardown(a_session_nobody_asked_for_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense_ends_a_connection_and_nothing_else, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
