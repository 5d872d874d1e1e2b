#include "tests/support/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "drivers/link/links.h"
#include "drivers/link/recording.h"
#include "gateway/base/clock.h"
#include "gateway/ports/pcapng.h"
#include "tests/support/scratch.h"

#define START_US 1000000000LL
#define UTC_US   1795310584000000LL

/* A recording that the test writes, the link that plays it, and a clock of the test's own. */
struct play {
    char dir[SCRATCH_MAX];
    char path[SCRATCH_MAX + 16];
    FILE *file;
    bool mbap;
    struct site_bus bus;
    struct link link;
    int64_t mono_us;
    struct link_reply reply;
    enum err err;
};

static void begin(struct play *play, bool mbap)
{
    uint8_t head[PCAPNG_HEAD_MAX];
    memset(play, 0, sizeof *play);
    scratch_make(play->dir);
    (void)snprintf(play->path, sizeof play->path, "%s/x.pcapng", play->dir);
    play->file = fopen(play->path, "we");
    assert_non_null(play->file);
    play->mbap = mbap;
    play->mono_us = START_US;
    play->bus = (struct site_bus){.id = "b", .kind = LINK_REPLAY, .file = play->path, .baud = 9600};
    size_t const size = pcapng_put_head(head, "test", "b");
    assert_int_equal(fwrite(head, 1, size, play->file), size);
}

static void end(struct play *play)
{
    play->link.ops->destroy(play->link.self);
    scratch_remove(play->dir);
}

static void put(struct play *play, int64_t at_ms, bool sent, bool framed, const uint8_t *bytes, size_t size)
{
    uint8_t packet[PCAPNG_PACKET_MAX];
    enum pcapng_content const frame = play->mbap ? PCAPNG_MBAP : PCAPNG_RTU;
    size_t const put_size = pcapng_put_packet(packet, &(struct pcapng_packet){.utc_us = UTC_US + at_ms * 1000,
                                                                              .sent = sent,
                                                                              .content = framed ? frame : PCAPNG_BYTES,
                                                                              .bytes = bytes,
                                                                              .size = size});
    assert_int_equal(fwrite(packet, 1, put_size, play->file), put_size);
}

static struct link_request reading(unsigned unit, unsigned address, unsigned count)
{
    return (struct link_request){.unit = (uint8_t)unit,
                                 .function = LINK_READ_HOLDING,
                                 .address = (uint16_t)address,
                                 .count = (uint16_t)count,
                                 .timeout_ms = 500};
}

static void asked(struct play *play, int64_t at_ms, struct link_request request, uint16_t transaction)
{
    uint8_t frame[FRAME_REQUEST_MAX];
    size_t const size = frame_build(&request, play->mbap ? FRAME_MBAP : FRAME_RTU, transaction, frame);
    put(play, at_ms, true, true, frame, size);
}

/* One register; with its CRC or as that transaction. */
static void answered(struct play *play, int64_t at_ms, unsigned unit, unsigned value, uint16_t transaction)
{
    uint8_t frame[FRAME_MBAP_MAX] = {(uint8_t)(transaction >> 8), (uint8_t)transaction, 0, 0, 0, 5};
    uint8_t const pdu[5] = {(uint8_t)unit, 3, 2, (uint8_t)(value >> 8), (uint8_t)value};
    uint16_t const crc = frame_crc(pdu, sizeof pdu);
    memcpy(frame + (play->mbap ? 6 : 0), pdu, sizeof pdu);
    if (!play->mbap)
        memcpy(frame + 5, (uint8_t const[]){(uint8_t)(crc & 0xFF), (uint8_t)(crc >> 8)}, 2);
    put(play, at_ms, false, true, frame, play->mbap ? 11 : 7);
}

static void open_play(struct play *play)
{
    assert_int_equal(fclose(play->file), 0);
    assert_int_equal(link_make(&play->bus, NULL, &play->link), ERR_OK);
    assert_int_equal(play->link.ops->open(play->link.self, play->mono_us), ERR_OK);
    assert_int_equal(play->link.ops->fd(play->link.self), -1);
}

static enum link_progress outcome(struct play *play, struct link_request request)
{
    int64_t next_mono_us;
    link_reply_forget(&play->reply);
    assert_int_equal(play->link.ops->start(play->link.self, &request, play->mono_us), ERR_OK);
    assert_int_equal(play->link.ops->start(play->link.self, &request, play->mono_us), ERR_BUSY);
    for (int i = 0; i < 20; i++) {
        enum link_progress const progress =
            play->link.ops->poll(play->link.self, play->mono_us, &play->reply, &play->err, &next_mono_us);
        if (progress != LINK_WAIT)
            return progress;
        assert_true(next_mono_us > play->mono_us && next_mono_us < CLOCK_NEVER);
        play->mono_us = next_mono_us;
    }
    fail_msg("no end");
    return LINK_IDLE;
}

static void assert_read(struct play *play, unsigned unit, unsigned address, unsigned value, int64_t took_ms)
{
    int64_t const from_us = play->mono_us;
    assert_int_equal(outcome(play, reading(unit, address, 1)), LINK_DONE);
    assert_int_equal(play->reply.words[0], value);
    assert_int_equal(play->reply.sent_mono_us, from_us);
    assert_int_equal(play->reply.done_mono_us - from_us, took_ms * 1000);
}

static void assert_failed(struct play *play, struct link_request request, enum err err)
{
    assert_int_equal(outcome(play, request), LINK_FAILED);
    assert_int_equal(play->err, err);
}

static void test_each_read_has_its_own_story(void **state)
{
    (void)state;
    for (int mbap = 0; mbap <= 1; mbap++) {
        struct play play;
        begin(&play, mbap != 0);
        for (unsigned i = 0; i < 3; i++) {
            asked(&play, i * 100, reading(1, 0, 1), (uint16_t)(2 * i + 1));
            answered(&play, i * 100 + 10 + i, 1, 100 + i, (uint16_t)(2 * i + 1));
            asked(&play, i * 100 + 50, reading(2, 0, 1), (uint16_t)(2 * i + 2));
            answered(&play, i * 100 + 70, 2, 200 + i, (uint16_t)(2 * i + 2));
        }
        open_play(&play);
        assert_read(&play, 2, 0, 200, 20); /* not in the order of the file: each goes on by itself */
        assert_read(&play, 2, 0, 201, 20);
        for (unsigned i = 0; i < 3; i++)
            assert_read(&play, 1, 0, 100 + i, 10 + i);
        assert_read(&play, 1, 0, 100, 10); /* from the beginning again */
        play.link.ops->close(play.link.self);
        assert_int_equal(play.link.ops->start(play.link.self, &(struct link_request){0}, 0), ERR_CLOSED);
        assert_int_equal(play.link.ops->open(play.link.self, play.mono_us), ERR_OK);
        assert_read(&play, 2, 0, 202, 20); /* opening again does not bring the past back */
        end(&play);
    }
}

static void test_what_went_wrong_goes_wrong_again(void **state)
{
    (void)state;
    struct play play;
    begin(&play, false);
    asked(&play, 0, reading(1, 0, 1), 0); /* silence, then the late answer when another one is asked */
    asked(&play, 600, reading(2, 0, 1), 0);
    answered(&play, 610, 1, 7, 0);
    put(&play, 615, false, false, (const uint8_t *)"\xFF\xFF", 2);
    answered(&play, 620, 2, 8, 0);
    asked(&play, 700, reading(1, 0, 1), 0); /* noise only */
    put(&play, 710, false, false, (const uint8_t *)"\1\3\2\0\1\0\0", 7);
    asked(&play, 1300, reading(1, 0, 1), 0);
    put(&play, 1310, false, true, (const uint8_t *)"\1\x83\2\xC0\xF1", 5);
    asked(&play, 1400, reading(1, 0, 1), 0); /* an answer beyond the timeout */
    answered(&play, 1400 + 509, 1, 9, 0);
    open_play(&play);
    int64_t const from_us = play.mono_us;
    assert_failed(&play, reading(1, 0, 1), ERR_TIMEOUT);
    assert_int_equal(play.mono_us - from_us, 500000 + 8 * 11 * 1000000 / 9600);
    assert_read(&play, 2, 0, 8, 20);
    assert_int_equal(play.reply.foreign, 1);
    assert_int_equal(play.reply.junk, 2);
    assert_failed(&play, reading(1, 0, 1), ERR_GARBLED);
    assert_failed(&play, reading(1, 0, 1), ERR_EXCEPTION);
    assert_int_equal(play.reply.exception, 2);
    assert_read(&play, 1, 0, 9, 509); /* 9 ms for the request itself: just in time */
    end(&play);
}

static void test_what_was_never_asked(void **state)
{
    (void)state;
    struct play play;
    struct link_request write = reading(1, 0, 1);
    begin(&play, false);
    asked(&play, 0, reading(1, 0, 1), 0);
    answered(&play, 10, 1, 7, 0);
    write.function = LINK_WRITE_REGISTER;
    write.value = 5;
    asked(&play, 20, write, 0);
    put(&play, 30, false, true, (const uint8_t *)"\1\6\0\0\0\5\x48\x09", 8);
    open_play(&play);
    assert_failed(&play, reading(1, 0, 2), ERR_EXCEPTION);
    assert_int_equal(play.reply.exception, 2);
    assert_failed(&play, reading(9, 0, 1), ERR_TIMEOUT);
    assert_failed(&play, write, ERR_EXCEPTION); /* also one that was written then */
    assert_int_equal(play.reply.exception, 1);
    assert_read(&play, 1, 0, 7, 10);
    int64_t next_mono_us;
    assert_int_equal(play.link.ops->poll(play.link.self, play.mono_us, &play.reply, &play.err, &next_mono_us),
                     LINK_IDLE);
    assert_int_equal(play.link.ops->start(play.link.self, &(struct link_request){.unit = 1}, 0), ERR_ARGUMENT);
    end(&play);
}

static void test_an_echoing_line(void **state)
{
    (void)state;
    struct play play;
    begin(&play, false);
    asked(&play, 0, reading(1, 0, 1), 0);
    put(&play, 5, false, true, (const uint8_t *)"\1\3\0\0\0\1\x84\x0A", 8);
    answered(&play, 20, 1, 7, 0);
    open_play(&play);
    assert_read(&play, 1, 0, 7, 20);
    assert_int_equal(play.reply.foreign + play.reply.junk, 0);
    end(&play);
}

static void assert_will_not_open(struct play *play, const char *why)
{
    assert_int_equal(fclose(play->file), 0);
    assert_int_equal(link_make(&play->bus, NULL, &play->link), ERR_OK);
    assert_int_not_equal(play->link.ops->open(play->link.self, play->mono_us), ERR_OK);
    assert_non_null(strstr(play->link.ops->remark(play->link.self), play->bus.file));
    assert_non_null(strstr(play->link.ops->remark(play->link.self), why));
    assert_int_equal(play->link.ops->start(play->link.self, &(struct link_request){0}, 0), ERR_CLOSED);
    end(play);
}

static void test_what_cannot_be_played_says_why(void **state)
{
    (void)state;
    struct play play;
    begin(&play, false);
    assert_will_not_open(&play, "no request");
    begin(&play, false);
    answered(&play, 0, 1, 7, 0); /* an answer to nothing */
    assert_will_not_open(&play, "no request");
    begin(&play, false);
    put(&play, 0, true, true, (const uint8_t *)"\1\3\0", 3);
    assert_will_not_open(&play, "too short");
    begin(&play, false);
    asked(&play, 0, reading(1, 0, 1), 0);
    play.mbap = true;
    asked(&play, 0, reading(1, 0, 1), 0);
    assert_will_not_open(&play, "keep one bus");
    begin(&play, false);
    play.bus.file = "/nonexistent/x.pcapng";
    assert_will_not_open(&play, "No such file");
    begin(&play, false);
    play.bus.file = "/dev/null";
    assert_will_not_open(&play, "is no file");
    begin(&play, false);
    assert_non_null(freopen(play.path, "we", play.file));
    (void)fputs("{\"gateway\": {}, \"buses\": []}", play.file);
    assert_will_not_open(&play, "is no pcapng file");
}

/* Many different reads, and each finds its own. */
static void test_it_finds_one_among_many(void **state)
{
    (void)state;
    struct play play;
    begin(&play, true);
    for (unsigned i = 0; i < 2000; i++) {
        unsigned const at = i * 7919 % 2000;
        asked(&play, i, reading(1 + at % 5, at, 1), (uint16_t)i);
        answered(&play, i, 1 + at % 5, at, (uint16_t)i);
    }
    open_play(&play);
    assert_non_null(strstr(play.link.ops->remark(play.link.self), "2000 exchanges"));
    for (unsigned at = 0; at < 2000; at++)
        assert_read(&play, 1 + at % 5, at, at, 0);
    end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_read_has_its_own_story),    cmocka_unit_test(test_what_went_wrong_goes_wrong_again),
        cmocka_unit_test(test_what_was_never_asked),           cmocka_unit_test(test_an_echoing_line),
        cmocka_unit_test(test_what_cannot_be_played_says_why), cmocka_unit_test(test_it_finds_one_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
