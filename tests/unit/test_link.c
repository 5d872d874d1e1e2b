#include "tests/support/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "drivers/link/frame.h"
#include "drivers/link/links.h"
#include "gateway/base/clock.h"
#include "gateway/model/line.h"

/* The test plays the slaves on the other end of a pty or socket, in the same thread, between two polls of the link. The link
 * gets a time of the test's own making, so nothing depends on how fast the machine is. */
struct world {
    struct site_bus bus;
    struct link link;
    int64_t mono_us;
    int end;    /* the slaves' */
    int listen; /* TCP */
    int peek;   /* pty: to see what has arrived at the link's end */
    char port[128];
    struct link_reply reply;
    enum err err;
    int64_t next_mono_us;
};

#define START_US 1000000000LL

static void make_bus(struct world *world, enum link_kind kind)
{
    memset(world, 0, sizeof *world);
    world->mono_us = START_US;
    world->end = -1;
    world->listen = -1;
    world->peek = -1;
    world->bus = (struct site_bus){.id = "b",
                                   .kind = kind,
                                   .port = world->port,
                                   .baud = 9600,
                                   .data_bits = 8,
                                   .parity = 'N',
                                   .stop_bits = 1,
                                   .host = "127.0.0.1",
                                   .timeout_ms = 500};
}

static void new_pty(struct world *world)
{
    world->end = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(world->end >= 0);
    assert_int_equal(grantpt(world->end), 0);
    assert_int_equal(unlockpt(world->end), 0);
    assert_int_equal(ptsname_r(world->end, world->port, sizeof world->port), 0);
    if (world->peek >= 0)
        (void)close(world->peek);
    world->peek = open(world->port, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(world->peek >= 0);
}

static void open_rtu(struct world *world)
{
    make_bus(world, LINK_RTU);
    new_pty(world);
    assert_int_equal(link_make(&world->bus, NULL, &world->link), ERR_OK);
    assert_int_equal(world->link.ops->open(world->link.self, world->mono_us), ERR_OK);
}

static void take_connection(struct world *world)
{
    struct pollfd ready = {.fd = world->listen, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 10000), 1);
    world->end = accept(world->listen, NULL, NULL);
    assert_true(world->end >= 0);
}

static void listen_somewhere(struct world *world)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    world->listen = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(world->listen, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(world->listen, 4), 0);
    assert_int_equal(getsockname(world->listen, (struct sockaddr *)&address, &size), 0);
    world->bus.tcp_port = ntohs(address.sin_port);
}

/* A name is resolved, or a connection made, while open() says that it is under way. */
static enum err open_patiently(struct world *world)
{
    enum err err = ERR_BUSY;
    for (int i = 0; err == ERR_BUSY && i < 30000; i++) {
        err = world->link.ops->open(world->link.self, 0);
        (void)poll(NULL, 0, 1);
    }
    return err;
}

static void open_tcp(struct world *world, enum link_kind kind)
{
    make_bus(world, kind);
    world->bus.timeout_ms = 5000;
    listen_somewhere(world);
    assert_int_equal(link_make(&world->bus, NULL, &world->link), ERR_OK);
    assert_int_equal(open_patiently(world), ERR_OK);
    take_connection(world);
}

static void shut(struct world *world)
{
    world->link.ops->destroy(world->link.self);
    if (world->end >= 0)
        (void)close(world->end);
    if (world->listen >= 0)
        (void)close(world->listen);
    if (world->peek >= 0)
        (void)close(world->peek);
}

static struct link_request reading(unsigned unit, unsigned address, unsigned count)
{
    return (struct link_request){.unit = (uint8_t)unit,
                                 .function = LINK_READ_HOLDING,
                                 .address = (uint16_t)address,
                                 .count = (uint16_t)count,
                                 .timeout_ms = 500};
}

static enum link_progress poll_link(struct world *world)
{
    return world->link.ops->poll(world->link.self, world->mono_us, &world->reply, &world->err, &world->next_mono_us);
}

/* Hands the request over and lets the time pass until the slaves have it, whole. Returns its size. */
static size_t ask(struct world *world, struct link_request request, uint8_t ret_bytes[static 64])
{
    assert_int_equal(world->link.ops->start(world->link.self, &request, world->mono_us), ERR_OK);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(poll_link(world), LINK_WAIT);
        struct pollfd ready = {.fd = world->end, .events = POLLIN};
        if (world->link.ops->fd(world->link.self) >= 0) { /* sent: now it listens */
            assert_int_equal(poll(&ready, 1, 10000), 1);
            ssize_t got = read(world->end, ret_bytes, 64);
            assert_true(got > 0);
            return (size_t)got;
        }
        assert_true(world->next_mono_us > world->mono_us);
        world->mono_us = world->next_mono_us;
    }
    fail_msg("nothing was sent");
    return 0;
}

static void ask_blindly(struct world *world, struct link_request request)
{
    uint8_t bytes[64];
    (void)ask(world, request, bytes);
}

static size_t arrived(const struct world *world)
{
    int size = 0;
    if (world->peek >= 0)
        assert_int_equal(ioctl(world->peek, FIONREAD, &size), 0);
    else
        assert_int_equal(ioctl(world->end, SIOCOUTQ, &size), 0); /* what the other kernel end has not acknowledged */
    return (size_t)size;
}

/* Returns when all of it can be read at the other end. */
static void say(struct world *world, const uint8_t *bytes, size_t size)
{
    size_t wanted = world->peek >= 0 ? arrived(world) + size : 0;
    assert_int_equal(write(world->end, bytes, size), size);
    for (int waited_ms = 0; arrived(world) != wanted && waited_ms < 10000; waited_ms++)
        (void)poll(NULL, 0, 1);
    assert_int_equal(arrived(world), wanted);
}

static void hang_up(struct world *world)
{
    struct pollfd ready = {.fd = world->link.ops->fd(world->link.self), .events = POLLIN};
    (void)close(world->end);
    world->end = -1;
    if (ready.fd >= 0)
        assert_int_equal(poll(&ready, 1, 10000), 1);
}

/* Whoever waits for the end of an idle link is woken by that alone, not by bytes that nobody asked for. */
static void assert_gone(const struct world *world, bool gone)
{
    int fd = -1;
    (void)world->link.ops->gone(world->link.self, &fd);
    struct pollfd end = {.fd = fd, .events = POLLRDHUP};
    assert_true(fd >= 0);
    assert_int_equal(poll(&end, 1, gone ? 10000 : 0), gone ? 1 : 0);
    assert_int_equal(world->link.ops->gone(world->link.self, &fd), gone);
}

/* With a CRC. */
static void say_rtu(struct world *world, const char *bytes, size_t size)
{
    uint8_t frame[FRAME_RTU_MAX];
    memcpy(frame, bytes, size);
    uint16_t crc = frame_crc(frame, size);
    frame[size] = (uint8_t)(crc & 0xFF);
    frame[size + 1] = (uint8_t)(crc >> 8);
    say(world, frame, size + 2);
}

#define SAY_RTU(world, text) say_rtu(world, text, sizeof(text) - 1)
#define SAY(world, text)     say(world, (const uint8_t *)(text), sizeof(text) - 1)

/* Polls, as its own thread would, until it says something else than wait. */
static enum link_progress outcome(struct world *world)
{
    for (int i = 0; i < 1000; i++) {
        enum link_progress progress = poll_link(world);
        if (progress != LINK_WAIT)
            return progress;
        assert_true(world->next_mono_us > world->mono_us);
        world->mono_us = world->next_mono_us;
    }
    fail_msg("no end");
    return LINK_IDLE;
}

static void assert_words(struct world *world, unsigned first, unsigned second)
{
    assert_int_equal(outcome(world), LINK_DONE);
    assert_int_equal(world->reply.words[0], first);
    assert_int_equal(world->reply.words[1], second);
}

static void assert_failed(struct world *world, enum err err)
{
    assert_int_equal(outcome(world), LINK_FAILED);
    assert_int_equal(world->err, err);
}

static void assert_good_read(struct world *world)
{
    ask_blindly(world, reading(1, 0, 2));
    SAY_RTU(world, "\1\3\4\0\7\0\10");
    assert_words(world, 7, 8);
}

static void test_rtu_reads(void **state)
{
    struct world world;
    uint8_t bytes[64];
    (void)state;
    open_rtu(&world);
    assert_int_equal(poll_link(&world), LINK_IDLE);
    assert_int_equal(world.next_mono_us, CLOCK_NEVER);
    assert_int_equal(ask(&world, reading(1, 0, 10), bytes), 8);
    assert_memory_equal(bytes, "\1\3\0\0\0\12\xC5\xCD", 8);
    SAY_RTU(&world, "\1\3\24\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\10\0\11\0\12");
    assert_words(&world, 1, 2);
    assert_int_equal(world.reply.words[9], 10);
    assert_int_equal(world.reply.junk + world.reply.foreign, 0);
    assert_int_equal(world.reply.done_mono_us, world.mono_us);
    assert_int_equal(poll_link(&world), LINK_IDLE);
    assert_int_equal(world.link.ops->fd(world.link.self), -1); /* nothing to wake up for */
    shut(&world);
}

static void test_rtu_keeps_silence_and_deadline_to_the_microsecond(void **state)
{
    struct world world;
    (void)state;
    open_rtu(&world);
    assert_good_read(&world);
    int64_t done_us = world.mono_us;
    struct link_request request = reading(1, 0, 2);
    request.guard_ms = 30;
    world.mono_us += 10;
    ask_blindly(&world, request);
    assert_int_equal(world.mono_us - done_us, 4011 + 30000); /* 3.5 * 11 / 9600 s, rounded up, and the guard */
    assert_int_equal(world.next_mono_us - world.mono_us, 8334 + 500000); /* 8 * 10 / 9600 s and the timeout */
    assert_failed(&world, ERR_TIMEOUT);
    assert_int_equal(world.reply.done_mono_us - world.reply.sent_mono_us, 508334);
    int64_t failed_us = world.mono_us;
    ask_blindly(&world, reading(1, 0, 2));
    assert_int_equal(world.mono_us - failed_us, 0); /* it was silent for half a second */
    shut(&world);
}

/* Two silences of 3.5 characters, and 1.5 of them more between two slaves: all as 11 bits, rounded up. */
static void test_rtu_another_slave_is_asked_after_a_longer_silence(void **state)
{
    static const struct {
        uint8_t unit;
        int64_t wait_us;
    } rows[] = {{1, 4011}, {2, 4011 + 1719}, {2, 4011}, {1, 4011 + 1719}};
    struct world world;
    (void)state;
    open_rtu(&world);
    assert_good_read(&world);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t const done_us = world.mono_us;
        ask_blindly(&world, reading(rows[i].unit, 0, 2));
        assert_int_equal(world.mono_us - done_us, rows[i].wait_us);
        if (rows[i].unit == 1)
            SAY_RTU(&world, "\1\3\4\0\1\0\2");
        else
            SAY_RTU(&world, "\2\3\4\0\1\0\2");
        world.mono_us += 20000;
        assert_words(&world, 1, 2);
    }
    shut(&world);
}

static void test_rtu_reply_in_pieces(void **state)
{
    struct world world;
    (void)state;
    open_rtu(&world);
    ask_blindly(&world, reading(1, 0, 2));
    SAY(&world, "\1");
    assert_int_equal(poll_link(&world), LINK_WAIT);
    SAY(&world, "\3\4\0\0");
    world.mono_us = world.next_mono_us;
    assert_int_equal(poll_link(&world), LINK_WAIT);
    assert_int_equal(world.link.ops->fd(world.link.self),
                     -1); /* four are missing: nobody looks before they can be there */
    assert_int_equal(world.next_mono_us - world.mono_us, 4167);
    world.mono_us = world.next_mono_us;
    assert_int_equal(poll_link(&world), LINK_WAIT);
    assert_true(world.link.ops->fd(world.link.self) >= 0); /* they are overdue: whatever comes wakes it up */
    assert_int_equal(world.next_mono_us, START_US + 20000 + 8334 + 500000);
    SAY(&world, "\0\x84\xFA");
    assert_int_equal(poll_link(&world), LINK_WAIT);
    SAY(&world, "\x50");
    assert_words(&world, 0, 132);
    shut(&world);
}

static void test_rtu_late_answer_is_not_the_next_one(void **state)
{
    struct world world;
    (void)state;
    open_rtu(&world);
    ask_blindly(&world, reading(1, 0, 2));
    assert_failed(&world, ERR_TIMEOUT);
    SAY_RTU(&world, "\1\3\4\0\1\0\1"); /* after the deadline, before the next request: same unit, function, length */
    ask_blindly(&world, reading(1, 100, 2));
    SAY_RTU(&world, "\1\3\4\0\7\0\10");
    assert_words(&world, 7, 8);
    assert_int_equal(world.reply.foreign, 1);
    ask_blindly(&world, reading(1, 0, 2));
    assert_failed(&world, ERR_TIMEOUT);
    ask_blindly(&world, reading(1, 0, 1));
    SAY_RTU(&world, "\1\3\4\0\1\0\1"); /* after the next request, which differs in length */
    SAY_RTU(&world, "\1\3\2\0\11");
    assert_int_equal(outcome(&world), LINK_DONE);
    assert_int_equal(world.reply.words[0], 9);
    assert_int_equal(world.reply.foreign, 1);
    shut(&world);
}

static void test_rtu_late_answers_in_great_number(void **state)
{
    struct world world;
    (void)state;
    open_rtu(&world);
    for (unsigned i = 0; i < 200; i++) {
        ask_blindly(&world, reading(1, i, 2));
        if (i % 3 != 0) {
            uint8_t answer[] = {1, 3, 4, 0, (uint8_t)i, 0xAA, (uint8_t)i};
            say_rtu(&world, (const char *)answer, sizeof answer);
            assert_words(&world, i, 0xAA00 + i);
            continue;
        }
        assert_failed(&world, ERR_TIMEOUT);
        SAY_RTU(&world, "\1\3\4\xDE\xAD\xDE\xAD");
    }
    shut(&world);
}

static void test_rtu_junk_echo_and_others(void **state)
{
    struct world world;
    uint8_t bytes[64];
    (void)state;
    open_rtu(&world);
    size_t size = ask(&world, reading(1, 0, 2), bytes);
    SAY(&world, "\xFF\0");
    say(&world, bytes, size);          /* echo */
    SAY_RTU(&world, "\2\3\4\1\1\1\1"); /* another unit */
    SAY_RTU(&world, "\1\3\4\0\7\0\10");
    assert_words(&world, 7, 8);
    assert_int_equal(world.reply.junk, 2);
    assert_int_equal(world.reply.foreign, 1);
    assert_int_equal(world.reply.foreign_units[0], 2);
    assert_int_equal(world.reply.echo, 1);
    assert_int_equal(world.reply.crc, 0);
    assert_int_equal(world.reply.characters, 8 + 2 + 8 + 9 + 9); /* out, and in: junk, echo, the other's, the answer */
    shut(&world);
}

static void test_rtu_bad_answers(void **state)
{
    struct world world;
    (void)state;
    open_rtu(&world);
    ask_blindly(&world, reading(1, 0, 2));
    SAY(&world, "\1\3\4\0\0"); /* cut off */
    assert_failed(&world, ERR_GARBLED);
    assert_int_equal(world.reply.junk, 5);
    SAY(&world, "\0"); /* the rest comes late: silence begins anew, and is longer after trouble */
    int64_t failed_us = world.mono_us;
    ask_blindly(&world, reading(1, 0, 2));
    assert_int_equal(world.mono_us - failed_us, 20000);
    SAY(&world, "\1\3\4\0\0\0\x84\xFA\x51"); /* CRC */
    assert_failed(&world, ERR_GARBLED);
    assert_int_equal(world.reply.crc, 1);
    ask_blindly(&world, reading(1, 0, 2));
    SAY_RTU(&world, "\1\x83\6");
    assert_failed(&world, ERR_EXCEPTION);
    assert_int_equal(world.reply.exception, 6);
    assert_int_equal(world.reply.crc, 0); /* of this exchange alone */
    assert_int_equal(world.reply.characters, 8 + 5);
    ask_blindly(&world, reading(1, 0, 2));
    SAY_RTU(&world, "\2\3\4\1\1\1\1"); /* only another unit */
    assert_failed(&world, ERR_TIMEOUT);
    assert_int_equal(world.reply.foreign, 1);
    assert_good_read(&world);
    shut(&world);
}

static void test_rtu_writes(void **state)
{
    struct world world;
    uint8_t bytes[64];
    struct link_request const request = {
        .unit = 9, .function = LINK_WRITE_COIL, .address = 2, .count = 1, .value = 1, .timeout_ms = 300};
    (void)state;
    open_rtu(&world);
    size_t size = ask(&world, request, bytes);
    assert_memory_equal(bytes, "\11\5\0\2\xFF\0", 6);
    SAY_RTU(&world, "\11\5\0\3\xFF\0"); /* another coil */
    say(&world, bytes, size);
    assert_int_equal(outcome(&world), LINK_DONE);
    assert_int_equal(world.reply.foreign, 1);
    shut(&world);
}

/* Once a read has shown that the line echoes, the echo of a write proves nothing. */
static void test_rtu_write_to_a_dead_slave_on_a_line_that_echoes(void **state)
{
    struct world world;
    uint8_t bytes[64];
    struct link_request const request = {
        .unit = 9, .function = LINK_WRITE_COIL, .address = 2, .count = 1, .value = 1, .timeout_ms = 300};
    (void)state;
    open_rtu(&world);
    size_t size = ask(&world, reading(9, 0, 2), bytes);
    say(&world, bytes, size);
    assert_failed(&world, ERR_TIMEOUT);
    size = ask(&world, request, bytes);
    say(&world, bytes, size);
    assert_failed(&world, ERR_TIMEOUT);
    size = ask(&world, request, bytes);
    say(&world, bytes, size);
    say(&world, bytes, size);
    assert_int_equal(outcome(&world), LINK_DONE);
    assert_good_read(&world); /* the adapter was changed: no echo any more */
    size = ask(&world, request, bytes);
    say(&world, bytes, size);
    assert_int_equal(outcome(&world), LINK_DONE);
    shut(&world);
}

static void test_rtu_babble_does_not_hang(void **state)
{
    struct world world;
    (void)state;
    open_rtu(&world);
    struct link_request request = reading(1, 0, 2);
    int64_t began_us = world.mono_us;
    assert_int_equal(world.link.ops->start(world.link.self, &request, world.mono_us), ERR_OK);
    enum link_progress progress = LINK_WAIT;
    for (int i = 0; i < 1000 && progress == LINK_WAIT; i++) {
        SAY(&world, "\x55\xAA\x55\xAA");
        world.mono_us += 1000;
        progress = poll_link(&world);
    }
    assert_int_equal(progress, LINK_FAILED);
    assert_int_equal(world.err, ERR_GARBLED);
    assert_true(world.mono_us - began_us < 600000);
    assert_true(world.reply.junk > 100);
    uint8_t bytes[64];
    assert_int_equal(read(world.end, bytes, sizeof bytes), -1); /* it never spoke into the babble */
    world.mono_us += 100000;
    assert_good_read(&world); /* what is left on the line is drained first */
    shut(&world);
}

static void test_rtu_unplugged_and_plugged_in_again(void **state)
{
    struct world world;
    char link_path[64];
    char pty_path[sizeof world.port];
    (void)state;
    make_bus(&world, LINK_RTU);
    new_pty(&world);
    memcpy(pty_path, world.port, sizeof pty_path);
    (void)snprintf(link_path, sizeof link_path, "/tmp/test_link.%d", (int)getpid());
    (void)unlink(link_path);
    assert_int_equal(symlink(pty_path, link_path), 0);
    world.bus.port = link_path;
    assert_int_equal(link_make(&world.bus, NULL, &world.link), ERR_OK);
    assert_int_equal(world.link.ops->open(world.link.self, world.mono_us), ERR_OK);
    ask_blindly(&world, reading(1, 0, 2));
    hang_up(&world);
    assert_failed(&world, ERR_CLOSED);
    world.link.ops->close(world.link.self);
    struct link_request request = reading(1, 0, 2);
    assert_int_equal(world.link.ops->start(world.link.self, &request, world.mono_us), ERR_CLOSED);
    (void)unlink(link_path);
    assert_int_equal(world.link.ops->open(world.link.self, world.mono_us), ERR_NOT_FOUND);
    assert_non_null(strstr(world.link.ops->remark(world.link.self), "/dev/serial/by-path"));
    new_pty(&world);
    memcpy(pty_path, world.port, sizeof pty_path);
    assert_int_equal(symlink(pty_path, link_path), 0);
    assert_int_equal(world.link.ops->open(world.link.self, world.mono_us), ERR_OK);
    assert_good_read(&world);
    SAY(&world, "\0");
    assert_gone(&world, false);
    hang_up(&world); /* while idle: who asks is told, and the next request notices, without having sent */
    assert_gone(&world, true);
    assert_int_equal(world.link.ops->start(world.link.self, &request, world.mono_us), ERR_OK);
    assert_failed(&world, ERR_CLOSED);
    (void)unlink(link_path);
    shut(&world);
}

static void test_rtu_ports_that_do_not_open(void **state)
{
    struct world world;
    (void)state;
    open_rtu(&world);
    struct link second;
    assert_int_equal(link_make(&world.bus, NULL, &second), ERR_OK);
    assert_int_equal(second.ops->open(second.self, 0), ERR_REFUSED);
    assert_non_null(strstr(second.ops->remark(second.self), "another program holds the port"));
    world.link.ops->close(world.link.self);
    assert_int_equal(second.ops->open(second.self, 0), ERR_OK);
    second.ops->destroy(second.self);
    world.bus.port = "/dev/null";
    assert_int_equal(world.link.ops->open(world.link.self, 0), ERR_UNSUPPORTED);
    assert_non_null(strstr(world.link.ops->remark(world.link.self), "not a serial port"));
    world.bus.port = "/etc/passwd";
    assert_int_equal(world.link.ops->open(world.link.self, 0), ERR_UNSUPPORTED);
    world.bus.port = "";
    assert_int_equal(world.link.ops->open(world.link.self, 0), ERR_NOT_FOUND);
    world.bus.port = world.port;
    static const uint32_t rates[] = {0, 150, 1800, 12345, 14400, 2000000, 4000000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        world.bus.baud = rates[i];
        assert_int_equal(world.link.ops->open(world.link.self, 0), ERR_UNSUPPORTED);
    }
    shut(&world);
}

#define SPEED(baud) {baud, B##baud},

/* Set, read back, and ours alone. A pty keeps speed and stop bits of what is set, neither parity nor size. */
static void test_rtu_sets_every_rate_and_format(void **state)
{
    static const struct {
        uint32_t baud;
        speed_t speed;
    } rates[] = {LINE_BAUDS(SPEED)};
    struct world world;
    (void)state;
    open_rtu(&world);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct termios now;
        int exclusive = 0;
        world.bus.baud = rates[i].baud;
        world.bus.data_bits = i % 2 == 0 ? 7 : 8;
        world.bus.parity = "NEO"[i % 3];
        world.bus.stop_bits = (uint8_t)(1 + i % 2);
        assert_int_equal(world.link.ops->open(world.link.self, 0), ERR_OK);
        assert_string_equal(world.link.ops->remark(world.link.self), ""); /* a pty has nothing to be tuned */
        assert_int_equal(tcgetattr(world.peek, &now), 0);
        assert_int_equal(cfgetospeed(&now), rates[i].speed);
        assert_int_equal((now.c_cflag & CSTOPB) != 0, i % 2);
        assert_int_equal(ioctl(world.peek, TIOCGEXCL, &exclusive), 0);
        assert_int_equal(exclusive, 1);
    }
    shut(&world);
}

/* Whatever name it is opened by. */
static void test_rtu_one_port_by_two_names(void **state)
{
    struct world world;
    struct site_bus other;
    struct link second;
    char name[64];
    (void)state;
    open_rtu(&world);
    (void)snprintf(name, sizeof name, "/tmp/test_link.%d", (int)getpid());
    (void)unlink(name);
    assert_int_equal(symlink(world.port, name), 0);
    other = world.bus;
    other.port = name;
    assert_int_equal(link_make(&other, NULL, &second), ERR_OK);
    assert_int_equal(second.ops->open(second.self, 0), ERR_REFUSED);
    second.ops->destroy(second.self);
    assert_good_read(&world); /* and who has it is not disturbed */
    (void)unlink(name);
    shut(&world);
}

static void test_requests_out_of_range(void **state)
{
    struct world world;
    (void)state;
    open_rtu(&world);
    struct link_request request = reading(1, 0, 126);
    assert_int_equal(world.link.ops->start(world.link.self, &request, world.mono_us), ERR_ARGUMENT);
    request = reading(0, 0, 1);
    assert_int_equal(world.link.ops->start(world.link.self, &request, world.mono_us), ERR_ARGUMENT);
    request = reading(1, 0, 1);
    assert_int_equal(world.link.ops->start(world.link.self, &request, world.mono_us), ERR_OK);
    assert_int_equal(world.link.ops->start(world.link.self, &request, world.mono_us), ERR_BUSY);
    shut(&world);
}

/* --- TCP ------------------------------------------------------------------------------------------------------------ */

static void test_tcp_reads(void **state)
{
    struct world world;
    uint8_t bytes[64];
    (void)state;
    open_tcp(&world, LINK_TCP);
    assert_int_equal(ask(&world, reading(5, 0, 2), bytes), 12);
    assert_memory_equal(bytes, "\0\1\0\0\0\6\5\3\0\0\0\2", 12);
    SAY(&world, "\0\1\0\0\0\7\5\3\4\0\1");
    assert_int_equal(poll_link(&world), LINK_WAIT);
    SAY(&world, "\0\2");
    assert_words(&world, 1, 2);
    (void)ask(&world, reading(5, 0, 2), bytes);
    assert_memory_equal(bytes, "\0\2", 2);
    SAY(&world, "\0\2\0\0\0\3\5\x83\2");
    assert_failed(&world, ERR_EXCEPTION);
    assert_int_equal(world.reply.exception, 2);
    shut(&world);
}

static void test_tcp_late_answers_are_told_by_their_number(void **state)
{
    struct world world;
    (void)state;
    open_tcp(&world, LINK_TCP);
    ask_blindly(&world, reading(5, 0, 2));
    SAY(&world, "\0\1\0\0\0\7\5"); /* comes in part */
    assert_failed(&world, ERR_TIMEOUT);
    SAY(&world, "\3\4\xDE\xAD\xDE\xAD");
    ask_blindly(&world, reading(5, 0, 2));
    assert_failed(&world, ERR_TIMEOUT);
    ask_blindly(&world, reading(5, 0, 2));
    SAY(&world, "\0\2\0\0\0\7\5\3\4\xDE\xAD\xDE\xAD\0\3\0\0\0\7\5\3\4\0\7\0\10");
    assert_words(&world, 7, 8);
    assert_int_equal(world.reply.foreign, 1);
    shut(&world);
}

static void test_tcp_closed_by_the_other_side(void **state)
{
    struct world world;
    (void)state;
    open_tcp(&world, LINK_TCP);
    ask_blindly(&world, reading(5, 0, 2));
    hang_up(&world);
    assert_failed(&world, ERR_CLOSED);
    world.link.ops->close(world.link.self);
    assert_int_equal(world.link.ops->fd(world.link.self), -1);
    assert_int_equal(open_patiently(&world), ERR_OK);
    take_connection(&world);
    ask_blindly(&world, reading(5, 0, 2));
    SAY(&world, "\0\2\0\0\0\7\5\3\4\0\1\0\2"); /* numbers go on: nothing of the old connection can match */
    assert_words(&world, 1, 2);
    ask_blindly(&world, reading(5, 0, 2));
    SAY(&world, "HTTP/1.1 400 Bad Request\r\n");
    assert_failed(&world, ERR_CLOSED);
    world.link.ops->close(world.link.self);
    assert_int_equal(open_patiently(&world), ERR_OK);
    take_connection(&world);
    SAY(&world, "\0\1\0\0\0\3\5\203\2");
    assert_gone(&world, false);
    hang_up(&world);
    assert_gone(&world, true);
    shut(&world);
}

static void test_tcp_reset(void **state)
{
    struct world world;
    struct linger const at_once = {.l_onoff = 1};
    (void)state;
    open_tcp(&world, LINK_TCP);
    ask_blindly(&world, reading(5, 0, 2));
    assert_int_equal(setsockopt(world.end, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    hang_up(&world);
    assert_failed(&world, ERR_CLOSED);
    shut(&world);
}

static void test_tcp_by_name(void **state)
{
    struct world world;
    (void)state;
    make_bus(&world, LINK_TCP);
    listen_somewhere(&world);
    world.bus.host = "localhost";
    assert_int_equal(link_make(&world.bus, NULL, &world.link), ERR_OK);
    assert_int_equal(world.link.ops->open(world.link.self, world.mono_us), ERR_BUSY);
    assert_int_equal(open_patiently(&world), ERR_OK);
    take_connection(&world);
    hang_up(&world);
    world.link.ops->close(world.link.self);
    world.bus.host = "another-name.invalid"; /* where the last connection was is tried first */
    assert_int_equal(open_patiently(&world), ERR_OK);
    take_connection(&world);
    shut(&world);
}

static void test_tcp_given_up_while_resolving(void **state)
{
    struct world world;
    (void)state;
    make_bus(&world, LINK_TCP);
    world.bus.host = "no-such-host.invalid";
    assert_int_equal(link_make(&world.bus, NULL, &world.link), ERR_OK);
    assert_int_equal(world.link.ops->open(world.link.self, world.mono_us), ERR_BUSY);
    world.link.ops->close(world.link.self);
    shut(&world);
}

static void test_tcp_that_does_not_open(void **state)
{
    struct world world;
    (void)state;
    open_tcp(&world, LINK_TCP);
    world.link.ops->close(world.link.self);
    (void)close(world.listen);
    world.listen = -1;
    assert_int_equal(open_patiently(&world), ERR_REFUSED);
    assert_non_null(strstr(world.link.ops->remark(world.link.self), "refused"));
    world.bus.host = "no-such-host.invalid";
    assert_int_equal(open_patiently(&world), ERR_NOT_FOUND);
    assert_non_null(strstr(world.link.ops->remark(world.link.self), "no-such-host.invalid"));
    shut(&world);
}

/* A server that takes no more connections lets the call ring: that costs the caller nothing, and ends. */
static void test_tcp_connecting_does_not_block(void **state)
{
    struct world world;
    int callers[4];
    (void)state;
    make_bus(&world, LINK_TCP);
    listen_somewhere(&world);
    assert_int_equal(listen(world.listen, 0), 0);
    struct sockaddr_in const address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(world.bus.tcp_port)};
    for (size_t i = 0; i < sizeof callers / sizeof *callers; i++) {
        callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(callers[i], (const struct sockaddr *)&address, sizeof address);
    }
    assert_int_equal(link_make(&world.bus, NULL, &world.link), ERR_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(world.link.ops->open(world.link.self, world.mono_us), ERR_BUSY);
        assert_int_equal(world.link.ops->open(world.link.self, world.mono_us + 500000), ERR_BUSY);
        assert_int_equal(world.link.ops->open(world.link.self, world.mono_us + 501000), ERR_TIMEOUT);
        assert_non_null(strstr(world.link.ops->remark(world.link.self), "no answer to connecting"));
    }
    assert_int_equal(world.link.ops->open(world.link.self, world.mono_us), ERR_BUSY);
    world.link.ops->close(world.link.self); /* given up on the way */
    for (size_t i = 0; i < sizeof callers / sizeof *callers; i++)
        (void)close(callers[i]);
    shut(&world);
}

static int option_of(int fd, int level, int option)
{
    int number = -1;
    socklen_t size = sizeof number;
    assert_int_equal(getsockopt(fd, level, option, &number, &size), 0);
    return number;
}

/* Nobody can cut a cable here; what the kernel was told to do then can be seen. */
static void test_tcp_watches_for_a_peer_that_is_gone(void **state)
{
    struct world world;
    (void)state;
    open_tcp(&world, LINK_TCP);
    ask_blindly(&world, reading(5, 0, 2));
    int const fd = world.link.ops->fd(world.link.self);
    assert_true(fd >= 0);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_in_range(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
                        option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL) * option_of(fd, IPPROTO_TCP, TCP_KEEPCNT),
                    1, 30);
    assert_in_range(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 5000, 15000);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    shut(&world);
}

static void test_rtu_over_tcp(void **state)
{
    struct world world;
    uint8_t bytes[64];
    (void)state;
    open_tcp(&world, LINK_RTU_OVER_TCP);
    assert_int_equal(ask(&world, reading(1, 0, 10), bytes), 8);
    assert_memory_equal(bytes, "\1\3\0\0\0\12\xC5\xCD", 8);
    SAY(&world, "\xFF");
    SAY_RTU(&world, "\1\3\24\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\10\0\11\0\12");
    assert_words(&world, 1, 2);
    assert_int_equal(world.reply.junk, 1);
    int64_t done_us = world.mono_us;
    ask_blindly(&world, reading(1, 0, 2));
    assert_int_equal(world.mono_us - done_us, 4011);
    hang_up(&world);
    assert_failed(&world, ERR_CLOSED);
    shut(&world);
}

static void test_rtu_over_tcp_without_a_baud_rate_waits_20_ms(void **state)
{
    struct world world;
    (void)state;
    make_bus(&world, LINK_RTU_OVER_TCP);
    listen_somewhere(&world);
    world.bus.baud = 0;
    assert_int_equal(link_make(&world.bus, NULL, &world.link), ERR_OK);
    assert_int_equal(open_patiently(&world), ERR_OK);
    take_connection(&world);
    assert_good_read(&world);
    int64_t done_us = world.mono_us;
    ask_blindly(&world, reading(1, 0, 2));
    assert_int_equal(world.mono_us - done_us, 20000);
    shut(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtu_reads),
        cmocka_unit_test(test_rtu_keeps_silence_and_deadline_to_the_microsecond),
        cmocka_unit_test(test_rtu_another_slave_is_asked_after_a_longer_silence),
        cmocka_unit_test(test_rtu_reply_in_pieces),
        cmocka_unit_test(test_rtu_late_answer_is_not_the_next_one),
        cmocka_unit_test(test_rtu_late_answers_in_great_number),
        cmocka_unit_test(test_rtu_junk_echo_and_others),
        cmocka_unit_test(test_rtu_bad_answers),
        cmocka_unit_test(test_rtu_writes),
        cmocka_unit_test(test_rtu_write_to_a_dead_slave_on_a_line_that_echoes),
        cmocka_unit_test(test_rtu_babble_does_not_hang),
        cmocka_unit_test(test_rtu_unplugged_and_plugged_in_again),
        cmocka_unit_test(test_rtu_ports_that_do_not_open),
        cmocka_unit_test(test_rtu_sets_every_rate_and_format),
        cmocka_unit_test(test_rtu_one_port_by_two_names),
        cmocka_unit_test(test_requests_out_of_range),
        cmocka_unit_test(test_tcp_reads),
        cmocka_unit_test(test_tcp_late_answers_are_told_by_their_number),
        cmocka_unit_test(test_tcp_closed_by_the_other_side),
        cmocka_unit_test(test_tcp_reset),
        cmocka_unit_test(test_tcp_by_name),
        cmocka_unit_test(test_tcp_given_up_while_resolving),
        cmocka_unit_test(test_tcp_that_does_not_open),
        cmocka_unit_test(test_tcp_connecting_does_not_block),
        cmocka_unit_test(test_tcp_watches_for_a_peer_that_is_gone),
        cmocka_unit_test(test_rtu_over_tcp),
        cmocka_unit_test(test_rtu_over_tcp_without_a_baud_rate_waits_20_ms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
