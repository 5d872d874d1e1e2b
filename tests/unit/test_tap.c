#include "tests/support/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/link/exchange.h"
#include "gateway/run/tape.h"

/* An exchange on a socket pair, the tape it is written to, and the slaves, played in the same thread on a clock of the test's
 * own. */
struct line {
    struct exchange exchange;
    struct tape *tape;
    struct tape_reader reader;
    int ends[2];
    int64_t mono_us;
    struct link_reply reply;
    enum err err;
    int64_t next_mono_us;
};

static enum err send_all(void *self, const uint8_t *frame, size_t size)
{
    const struct line *line = self;
    return write(line->ends[0], frame, size) == (ssize_t)size ? ERR_OK : ERR_CLOSED;
}

static void open_line(struct line *line, enum frame_kind kind)
{
    memset(line, 0, sizeof *line);
    line->mono_us = 1000000;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, line->ends), 0);
    assert_int_equal(tape_open(&line->tape, TAPE_SIZE_MIN), ERR_OK);
    exchange_init(&line->exchange, kind, 9600, 10, send_all, line);
    line->exchange.ear.tap = tape_tap(line->tape);
    exchange_open(&line->exchange, line->ends[0], line->mono_us);
}

static void close_line(struct line *line)
{
    exchange_close(&line->exchange);
    tape_close(line->tape);
    (void)close(line->ends[0]);
    if (line->ends[1] >= 0)
        (void)close(line->ends[1]);
}

static void say_at(struct line *line, int64_t mono_us, const char *bytes, size_t size)
{
    assert_int_equal(write(line->ends[1], bytes, size), size);
    line->mono_us = mono_us;
}

/* With a CRC. */
static void say_rtu_at(struct line *line, int64_t mono_us, const char *bytes, size_t size)
{
    char frame[FRAME_RTU_MAX];
    memcpy(frame, bytes, size);
    uint16_t const crc = frame_crc((const uint8_t *)bytes, size);
    frame[size] = (char)(crc & 0xFF);
    frame[size + 1] = (char)(crc >> 8);
    say_at(line, mono_us, frame, size + 2);
}

#define SAY_AT(line, mono_us, text)     say_at(line, mono_us, text, sizeof(text) - 1)
#define SAY_RTU_AT(line, mono_us, text) say_rtu_at(line, mono_us, text, sizeof(text) - 1)

static enum link_progress poll_line(struct line *line)
{
    return exchange_poll(&line->exchange, line->mono_us, &line->reply, &line->err, &line->next_mono_us);
}

/* Two registers from 0 of unit 1; returns when it was sent. */
static int64_t ask(struct line *line)
{
    struct link_request const request = {
        .unit = 1, .function = LINK_READ_HOLDING, .address = 0, .count = 2, .timeout_ms = 500};
    assert_int_equal(exchange_start(&line->exchange, &request, line->mono_us), ERR_OK);
    for (int i = 0; i < 5 && line->exchange.phase == EXCHANGE_QUIET; i++) {
        assert_int_equal(poll_line(line), LINK_WAIT);
        if (line->exchange.phase == EXCHANGE_QUIET)
            line->mono_us = line->next_mono_us;
    }
    assert_int_equal(line->exchange.phase, EXCHANGE_RECEIVE);
    return line->mono_us;
}

static void assert_heard(struct line *line, enum tap_kind kind, int64_t mono_us, size_t size)
{
    struct tap_entry entry;
    assert_int_equal(tape_read(line->tape, &line->reader, &entry), ERR_OK);
    assert_int_equal(entry.kind, kind);
    assert_int_equal(entry.mono_us, mono_us);
    assert_int_equal(entry.size, size);
}

static void assert_heard_all(struct line *line)
{
    struct tap_entry entry;
    assert_int_equal(tape_read(line->tape, &line->reader, &entry), ERR_EMPTY);
}

static void test_each_byte_is_told_once_with_its_time(void **state)
{
    (void)state;
    struct line line;
    open_line(&line, FRAME_RTU);
    SAY_RTU_AT(&line, 1000000, "\2\3\2\0\1"); /* before it asks */
    int64_t const sent_us = ask(&line);
    SAY_AT(&line, sent_us + 20000, "\xFF");
    assert_int_equal(poll_line(&line), LINK_WAIT);
    SAY_RTU_AT(&line, sent_us + 30000, "\3\3\2\0\1");
    assert_int_equal(poll_line(&line), LINK_WAIT);
    SAY_AT(&line, sent_us + 40000, "\1\3\4\0\7");
    assert_int_equal(poll_line(&line), LINK_WAIT);
    SAY_AT(&line, sent_us + 60000, "\0\10\x4A\x34\x55\x55");
    assert_int_equal(poll_line(&line), LINK_DONE);
    assert_heard(&line, TAP_OPENED, 1000000, 0);
    assert_heard(&line, TAP_STALE, line.exchange.sent_mono_us - 20000, 7); /* the silence began anew with it */
    assert_heard(&line, TAP_REQUEST, sent_us, 8);
    assert_heard(&line, TAP_JUNK, sent_us + 20000, 1);
    assert_heard(&line, TAP_FOREIGN, sent_us + 30000, 7);
    assert_heard(&line, TAP_REPLY, sent_us + 60000, 9);
    assert_heard(&line, TAP_JUNK, sent_us + 60000, 2);
    assert_heard_all(&line);
    close_line(&line);
}

static void test_echo_exception_silence_and_loss(void **state)
{
    (void)state;
    struct line line;
    open_line(&line, FRAME_RTU);
    int64_t sent_us = ask(&line);
    SAY_RTU_AT(&line, sent_us + 10000, "\1\3\0\0\0\2");
    assert_int_equal(poll_line(&line), LINK_WAIT);
    SAY_RTU_AT(&line, sent_us + 20000, "\1\x83\2");
    assert_int_equal(poll_line(&line), LINK_FAILED);
    assert_heard(&line, TAP_OPENED, 1000000, 0);
    assert_heard(&line, TAP_REQUEST, sent_us, 8);
    assert_heard(&line, TAP_ECHO, sent_us + 10000, 8);
    assert_heard(&line, TAP_EXCEPTION, sent_us + 20000, 5);
    sent_us = ask(&line);
    line.mono_us = sent_us + 600000;
    assert_int_equal(poll_line(&line), LINK_FAILED);
    assert_heard(&line, TAP_REQUEST, sent_us, 8);
    assert_heard(&line, TAP_TIMEOUT, sent_us + 600000, 0);
    sent_us = ask(&line);
    (void)close(line.ends[1]);
    line.ends[1] = -1;
    line.mono_us += 10000;
    assert_int_equal(poll_line(&line), LINK_FAILED);
    assert_heard(&line, TAP_REQUEST, sent_us, 8);
    assert_heard(&line, TAP_CLOSED, sent_us + 10000, 0);
    assert_heard_all(&line);
    close_line(&line);
}

static void test_modbus_tcp_keeps_a_frame_that_came_in_part(void **state)
{
    (void)state;
    struct line line;
    open_line(&line, FRAME_MBAP);
    int64_t sent_us = ask(&line); /* transaction 1 */
    line.mono_us = sent_us + 10000;
    SAY_AT(&line, sent_us + 10000, "\0\1\0\0\0\7\1\3");
    assert_int_equal(poll_line(&line), LINK_WAIT);
    line.mono_us = sent_us + 500000;
    assert_int_equal(poll_line(&line), LINK_FAILED);
    assert_heard(&line, TAP_OPENED, 1000000, 0);
    assert_heard(&line, TAP_REQUEST, sent_us, 12);
    assert_heard(&line, TAP_TIMEOUT, sent_us + 500000, 0);
    SAY_AT(&line, sent_us + 500000, "\4\0\1\0\2");
    int64_t const again_us = ask(&line);
    SAY_AT(&line, again_us + 10000, "\0\2\0\0\0\7\1\3\4\0\3\0\4");
    assert_int_equal(poll_line(&line), LINK_DONE);
    assert_heard(&line, TAP_STALE, again_us, 13); /* late, and read before the next was sent */
    assert_heard(&line, TAP_REQUEST, again_us, 12);
    assert_heard(&line, TAP_REPLY, again_us + 10000, 13);
    int64_t const third_us = ask(&line);
    SAY_AT(&line, third_us + 10000, "\0\3\0\0\0\7\1\3");
    assert_int_equal(poll_line(&line), LINK_WAIT);
    exchange_close(&line.exchange); /* what came in part goes with the connection */
    exchange_open(&line.exchange, line.ends[0], line.mono_us);
    int64_t const fourth_us = ask(&line);
    SAY_AT(&line, fourth_us + 10000, "\0\4\0\0\0\7\1\3\4\0\3");
    assert_int_equal(poll_line(&line), LINK_WAIT);
    SAY_AT(&line, fourth_us + 20000, "\0\4");
    assert_int_equal(poll_line(&line), LINK_DONE);
    assert_heard(&line, TAP_REQUEST, third_us, 12);
    assert_heard(&line, TAP_OPENED, third_us + 10000, 0);
    assert_heard(&line, TAP_REQUEST, fourth_us, 12);
    assert_heard(&line, TAP_REPLY, fourth_us + 20000, 13);
    assert_heard_all(&line);
    close_line(&line);
}

static void test_more_junk_than_an_entry_holds_comes_in_pieces(void **state)
{
    (void)state;
    static char noise[1000];
    struct line line;
    struct tap_entry entry;
    size_t heard = 0;
    size_t pieces = 0;
    memset(noise, 1, sizeof noise);
    open_line(&line, FRAME_RTU);
    int64_t const sent_us = ask(&line);
    say_at(&line, sent_us + 10000, noise, sizeof noise);
    assert_int_equal(poll_line(&line), LINK_WAIT);
    line.mono_us = sent_us + 600000;
    assert_int_equal(poll_line(&line), LINK_FAILED);
    while (tape_read(line.tape, &line.reader, &entry) == ERR_OK) {
        heard += entry.kind == TAP_JUNK ? entry.size : 0;
        pieces += entry.kind == TAP_JUNK;
        assert_true(entry.kind != TAP_JUNK || entry.mono_us == sent_us + 10000);
    }
    assert_int_equal(heard, sizeof noise);
    assert_in_range(pieces, 2, 3);
    close_line(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_byte_is_told_once_with_its_time),
        cmocka_unit_test(test_echo_exception_silence_and_loss),
        cmocka_unit_test(test_modbus_tcp_keeps_a_frame_that_came_in_part),
        cmocka_unit_test(test_more_junk_than_an_entry_holds_comes_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
