#include "tests/support/test.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/desk/request.h"
#include "gateway/desk/server.h"
#include "gateway/model/inbox.h"
#include "tests/support/desk_site.h"

#define ANSWER_MAX 131072

/* The server alone, on a fake clock; the test plays the judge and the clients. */
struct bench {
    char dir[64];
    char path[96];
    struct board *board;
    struct ring inbox;
    struct ring answers;
    struct bell inbox_bell;
    struct tape *tape;
    struct server *server;
    struct now now;
    char answer[ANSWER_MAX];
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    (void)snprintf(bench->dir, sizeof bench->dir, "/tmp/outpost-desk-XXXXXX");
    assert_non_null(mkdtemp(bench->dir));
    (void)snprintf(bench->path, sizeof bench->path, "%s/outpost.sock", bench->dir);
    assert_int_equal(board_open(&bench->board, &desk_site), ERR_OK);
    assert_int_equal(ring_open(&bench->inbox, 4096), ERR_OK);
    assert_int_equal(ring_open(&bench->answers, 4096), ERR_OK);
    assert_int_equal(bell_open(&bench->inbox_bell), ERR_OK);
    assert_int_equal(tape_open(&bench->tape, TAPE_SIZE_MAX), ERR_OK);
    struct server_setup const server = {&desk_site,         bench->path,     bench->board, &bench->inbox,
                                        &bench->inbox_bell, &bench->answers, &bench->tape};
    assert_int_equal(server_open(&bench->server, &server), ERR_OK);
    bench->now = (struct now){.mono_us = 1000000, .utc_ms = 1795310584757};
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    server_close(bench->server);
    assert_int_not_equal(access(bench->path, F_OK), 0); /* nothing is left behind */
    tape_close(bench->tape);
    bell_close(&bench->inbox_bell);
    ring_close(&bench->answers);
    ring_close(&bench->inbox);
    board_close(bench->board);
    assert_int_equal(rmdir(bench->dir), 0);
    free(bench);
    return 0;
}

static int call(const struct bench *bench)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", bench->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *bytes)
{
    assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
}

static void step(struct bench *bench, int64_t later_us)
{
    bench->now.mono_us += later_us;
    (void)server_step(bench->server, bench->now);
}

/* Steps as often as there is something to do, until the client has a line or is cut off (""). */
static const char *hear(struct bench *bench, int fd)
{
    size_t used = 0;
    for (int i = 0; i < 10000; i++) {
        step(bench, 0);
        ssize_t got = recv(fd, bench->answer + used, sizeof bench->answer - 1 - used, 0);
        if (got == 0)
            return "";
        if (got > 0)
            used += (size_t)got;
        bench->answer[used] = '\0';
        if (used > 0 && bench->answer[used - 1] == '\n')
            return bench->answer;
    }
    fail_msg("no answer");
    return "";
}

static bool is_silent(struct bench *bench, int fd)
{
    char byte;
    step(bench, 0);
    step(bench, 0);
    return recv(fd, &byte, 1, 0) < 0;
}

static bool is_cut_off(struct bench *bench, int fd)
{
    char byte;
    step(bench, 0);
    ssize_t got = recv(fd, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET); /* reset: it had more to say */
}

static void test_only_owner_and_group_may_come_in(void **state)
{
    const struct bench *bench = *state;
    struct stat info;
    assert_int_equal(stat(bench->path, &info), 0);
    assert_true(S_ISSOCK(info.st_mode));
    assert_int_equal(info.st_mode & 0777, 0660);
}

static void test_looking(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    say(fd, "{\"verb\":\"alarms\"}\n");
    assert_non_null(strstr(hear(bench, fd), "\"alarms\":[]"));
    say(fd, "{\"verb\":\"watch\"}\n");
    assert_non_null(strstr(hear(bench, fd), "\"dev\":\"gas-store\""));
    (void)close(fd);
}

/* A full tape is more than one piece and more than the socket takes at once. */
static void test_a_capture_is_whole(void **state)
{
    struct bench *bench = *state;
    struct tap const tap = tape_tap(bench->tape);
    uint8_t bytes[TAP_BYTES_MAX];
    int fd = call(bench);
    memset(bytes, 0xA5, sizeof bytes);
    for (int64_t i = 1; i <= 2000; i++)
        tap.put(tap.self, TAP_REPLY, i, bytes, (size_t)i % 40);
    say(fd, "{\"verb\":\"capture\",\"bus\":\"rs485-1\",\"since\":1000}\n");
    const char *at = hear(bench, fd);
    assert_non_null(strstr(at, "\"bus\":\"rs485-1\",\"modbus\":\"rtu\",\"mono_us\":"));
    for (int i = 1001; i <= 2000; i++) {
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "{\"n\":%d,\"mono_us\":%d,\"kind\":\"reply\",\"hex\":\"", i, i);
        at = strstr(at, wanted);
        assert_non_null(at);
        at += strlen(wanted);
        assert_int_equal(strspn(at, "a5"), 2 * (i % 40));
    }
    tap.put(tap.self, TAP_TIMEOUT, 2001, NULL, 0);
    say(fd, "{\"verb\":\"capture\",\"since\":2000}\n");
    at = hear(bench, fd);
    assert_non_null(strstr(at, "\"frames\":[{\"n\":2001,\"mono_us\":2001,\"kind\":\"timeout\",\"hex\":\"\"}]}"));
    say(fd, "{\"verb\":\"capture\",\"since\":2001}\n");
    assert_non_null(strstr(hear(bench, fd), "\"frames\":[]}"));
    say(fd, "{\"verb\":\"capture\",\"bus\":\"rs485\"}\n");
    assert_non_null(strstr(hear(bench, fd), "\"code\":\"unknown_bus\""));
    (void)close(fd);
}

static void test_a_bus_without_a_wire(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    tape_close(bench->tape);
    bench->tape = NULL;
    say(fd, "{\"verb\":\"capture\"}\n");
    assert_non_null(strstr(hear(bench, fd), "\"code\":\"nothing_recorded\""));
    (void)close(fd);
}

static struct order ordered(struct bench *bench)
{
    struct inbox item;
    size_t size;
    assert_int_equal(ring_pop(&bench->inbox, &item, sizeof item, &size), ERR_OK);
    assert_int_equal(item.kind, INBOX_ORDER);
    assert_int_equal(size, inbox_size(&item));
    return item.is.order;
}

static void judge(struct bench *bench, const struct answer *answer)
{
    assert_int_equal(ring_push(&bench->answers, answer, sizeof *answer), ERR_OK);
}

static void test_an_order_and_its_answer(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    say(fd, "{\"verb\":\"ack\",\"dev\":\"gas-store\",\"alarm\":\"gas.high\",\"by\":\"Li\",\"why\":\"seen\"}\n");
    assert_true(is_silent(bench, fd)); /* until the judge has spoken */
    assert_true(atomic_load(&bench->inbox_bell.rung));
    struct order order = ordered(bench);
    assert_int_equal(order.verb, ORDER_ACK);
    assert_int_equal(order.rule, RULE_STORE_HIGH);
    assert_string_equal(order.by, "Li");
    assert_string_equal(order.why, "seen");
    judge(bench, &(struct answer){.token = order.token + 1000, .ok = true, .count = 9}); /* somebody else's */
    assert_true(is_silent(bench, fd));
    judge(bench, &(struct answer){.token = order.token, .ok = true, .count = 1});
    assert_string_equal(hear(bench, fd), "{\"ok\":true,\"verb\":\"ack\",\"count\":1}\n");
    (void)close(fd);
}

/* What is told as done is on the disk: a kill right after it loses nothing. */
static void test_done_is_told_when_it_is_recorded(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    say(fd, "{\"verb\":\"ack\",\"all\":true}\n");
    assert_true(is_silent(bench, fd));
    judge(bench, &(struct answer){.token = ordered(bench).token, .after = 3, .ok = true, .count = 1});
    for (uint64_t recorded = 0; recorded < 3; recorded++) {
        board_put_journal(bench->board, &(struct board_journal){.recorded = recorded});
        assert_true(is_silent(bench, fd));
    }
    board_put_journal(bench->board, &(struct board_journal){.recorded = 3});
    assert_string_equal(hear(bench, fd), "{\"ok\":true,\"verb\":\"ack\",\"count\":1}\n");
    say(fd, "{\"verb\":\"ack\",\"all\":true}\n");
    assert_true(is_silent(bench, fd));
    judge(bench, &(struct answer){.token = ordered(bench).token, .after = 4, .ok = true, .count = 1});
    bench->now.mono_us += 6000000; /* a disk that cannot be written */
    assert_non_null(strstr(hear(bench, fd), "\"code\":\"timeout\""));
    (void)close(fd);
}

/* Who gives no name is known by the socket. */
static void test_the_asker_is_known(void **state)
{
    struct bench *bench = *state;
    const struct passwd *me = getpwuid(getuid());
    int fd = call(bench);
    say(fd, "{\"verb\":\"silence\"}\n");
    assert_true(is_silent(bench, fd));
    struct order order = ordered(bench);
    assert_int_equal(order.subject, -1);
    if (me != NULL)
        assert_string_equal(order.by, me->pw_name);
    else
        assert_memory_equal(order.by, "uid ", 4);
    (void)close(fd);
}

static void test_answers_find_their_askers(void **state)
{
    struct bench *bench = *state;
    int one = call(bench);
    int two = call(bench);
    say(one, "{\"verb\":\"ack\",\"all\":true}\n");
    step(bench, 0);
    say(two, "{\"verb\":\"reset\",\"all\":true}\n");
    step(bench, 0);
    struct order first = ordered(bench);
    struct order second = ordered(bench);
    assert_int_not_equal(first.token, second.token);
    assert_int_equal(first.verb, ORDER_ACK);
    judge(bench, &(struct answer){.token = second.token, .code = "ack_first", .why = "acknowledge first"});
    assert_true(is_silent(bench, one));
    assert_non_null(strstr(hear(bench, two), "ack_first"));
    judge(bench, &(struct answer){.token = first.token, .ok = true});
    assert_non_null(strstr(hear(bench, one), "\"ok\":true"));
    (void)close(one);
    (void)close(two);
}

/* The next guest at a place must not get the answer that was meant for the last one. */
static void test_a_late_answer_reaches_nobody(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    say(fd, "{\"verb\":\"ack\",\"all\":true}\n");
    step(bench, 0);
    struct order order = ordered(bench);
    (void)close(fd);
    step(bench, 0);
    fd = call(bench);
    say(fd, "{\"verb\":\"reset\",\"all\":true}\n");
    step(bench, 0);
    judge(bench, &(struct answer){.token = order.token, .ok = true, .count = 7});
    assert_true(is_silent(bench, fd));
    (void)close(fd);
}

static void test_a_judge_who_does_not_answer(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    say(fd, "{\"verb\":\"ack\",\"all\":true}\n");
    assert_true(is_silent(bench, fd));
    step(bench, SERVER_ANSWER_MAX_US - 1);
    assert_true(is_silent(bench, fd));
    step(bench, 1);
    assert_non_null(strstr(hear(bench, fd), "\"code\":\"timeout\""));
    say(fd, "{\"verb\":\"status\"}\n"); /* and the line still serves */
    assert_non_null(strstr(hear(bench, fd), "\"ok\":true"));
    (void)close(fd);
}

static void test_a_full_inbox_is_told(void **state)
{
    struct bench *bench = *state;
    char filler[500] = "";
    while (ring_push(&bench->inbox, filler, sizeof filler) == ERR_OK) {
    }
    while (ring_push(&bench->inbox, filler, 1) == ERR_OK) {
    }
    int fd = call(bench);
    say(fd, "{\"verb\":\"ack\",\"all\":true}\n");
    assert_non_null(strstr(hear(bench, fd), "\"code\":\"busy\""));
    (void)close(fd);
}

static void test_lines_in_pieces_and_in_a_row(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    say(fd, "{\"verb\":");
    assert_true(is_silent(bench, fd));
    say(fd, "\"alarms\"}\n{\"verb\":\"x\"}\n{\"verb\":\"alarms\"}\n");
    const char *answer = hear(bench, fd);
    size_t lines = 0;
    for (int i = 0; i < 100 && lines < 3; i++) {
        lines = 0;
        for (const char *at = answer; *at != '\0'; at++)
            lines += *at == '\n';
        if (lines < 3) {
            size_t used = strlen(answer);
            step(bench, 0);
            ssize_t got = recv(fd, bench->answer + used, sizeof bench->answer - 1 - used, 0);
            if (got > 0)
                bench->answer[used + (size_t)got] = '\0';
        }
    }
    assert_int_equal(lines, 3);
    assert_non_null(strstr(bench->answer, "unknown_verb"));
    (void)close(fd);
}

/* `echo … | nc -U`: the asker closes its half and still gets the answer, newline or not. */
static void test_half_closed(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    say(fd, "{\"verb\":\"alarms\"}");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_non_null(strstr(hear(bench, fd), "\"alarms\":[]"));
    assert_true(is_cut_off(bench, fd));
    (void)close(fd);
}

static void test_an_endless_line_is_cut_off(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    char blanks[REQUEST_SIZE_MAX + 10];
    memset(blanks, ' ', sizeof blanks);
    assert_int_equal(send(fd, blanks, sizeof blanks, MSG_NOSIGNAL), sizeof blanks);
    assert_non_null(strstr(hear(bench, fd), "\"code\":\"too_long\""));
    assert_true(is_cut_off(bench, fd));
    (void)close(fd);
}

static void test_the_silent_are_dropped(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    say(fd, "{\"verb\":"); /* and never ends */
    assert_true(is_silent(bench, fd));
    step(bench, SERVER_SILENCE_MAX_US - 1);
    assert_true(is_silent(bench, fd));
    step(bench, 1);
    assert_true(is_cut_off(bench, fd));
    (void)close(fd);
}

/* Who does not read holds no place for ever, and keeps nobody busy meanwhile. */
static void test_who_does_not_read_is_dropped(void **state)
{
    struct bench *bench = *state;
    int fd = call(bench);
    int small = 2048;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    bool stuck = false;
    for (int i = 0; i < 5000 && !stuck; i++) {
        static const char line[] = "{\"verb\":\"watch\"}\n";
        stuck = send(fd, line, sizeof line - 1, MSG_NOSIGNAL) < 0;
        step(bench, 0);
    }
    assert_true(stuck);
    int64_t next_mono_us = server_step(bench->server, bench->now);
    assert_true(next_mono_us > bench->now.mono_us);
    struct pollfd poll_fd = {.fd = server_fd(bench->server), .events = POLLIN};
    assert_int_equal(poll(&poll_fd, 1, 0), 0); /* nothing to do: the thread sleeps */
    step(bench, SERVER_STALL_MAX_US);
    char byte;
    ssize_t got;
    do
        got = recv(fd, bench->answer, sizeof bench->answer, 0);
    while (got > 0);
    assert_true(got == 0 || recv(fd, &byte, 1, 0) <= 0);
    assert_int_equal(server_step(bench->server, bench->now), CLOCK_NEVER); /* its place is free */
    (void)close(fd);
}

static void test_a_guest_too_many(void **state)
{
    struct bench *bench = *state;
    int fds[SERVER_CLIENTS_MAX];
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
        fds[i] = call(bench);
        step(bench, 0);
    }
    int more = call(bench);
    assert_non_null(strstr(hear(bench, more), "\"code\":\"busy\""));
    assert_true(is_cut_off(bench, more));
    (void)close(more);
    (void)close(fds[7]);
    step(bench, 0);
    more = call(bench);
    say(more, "{\"verb\":\"alarms\"}\n");
    assert_non_null(strstr(hear(bench, more), "\"ok\":true"));
    (void)close(more);
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        if (i != 7)
            (void)close(fds[i]);
    step(bench, 0);
    step(bench, 0);
    assert_int_equal(server_step(bench->server, bench->now), CLOCK_NEVER);
}

static void test_paths(void **state)
{
    struct bench *bench = *state;
    struct server *other = NULL;
    char long_path[SERVER_PATH_MAX + 2];
    memset(long_path, 'a', sizeof long_path);
    long_path[0] = '/';
    long_path[SERVER_PATH_MAX + 1] = '\0';
    struct server_setup setup = {&desk_site,         long_path,       bench->board, &bench->inbox,
                                 &bench->inbox_bell, &bench->answers, &bench->tape};
    assert_int_equal(server_open(&other, &setup), ERR_ARGUMENT);
    setup.path = "/nonexistent/outpost.sock";
    assert_int_equal(server_open(&other, &setup), ERR_IO);
    assert_null(other);
    server_close(NULL);
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ON_BENCH(test_only_owner_and_group_may_come_in),
        ON_BENCH(test_looking),
        ON_BENCH(test_a_capture_is_whole),
        ON_BENCH(test_a_bus_without_a_wire),
        ON_BENCH(test_an_order_and_its_answer),
        ON_BENCH(test_the_asker_is_known),
        ON_BENCH(test_answers_find_their_askers),
        ON_BENCH(test_done_is_told_when_it_is_recorded),
        ON_BENCH(test_a_late_answer_reaches_nobody),
        ON_BENCH(test_a_judge_who_does_not_answer),
        ON_BENCH(test_a_full_inbox_is_told),
        ON_BENCH(test_lines_in_pieces_and_in_a_row),
        ON_BENCH(test_half_closed),
        ON_BENCH(test_an_endless_line_is_cut_off),
        ON_BENCH(test_the_silent_are_dropped),
        ON_BENCH(test_who_does_not_read_is_dropped),
        ON_BENCH(test_a_guest_too_many),
        ON_BENCH(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
