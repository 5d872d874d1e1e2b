/* Envelopes and line timing: what a master may send in whatever pieces, and when the answer comes. */
#include "tests/support/test.h"

#include <string.h>

#include "firmware-sim/channel.h"
#include "firmware-sim/frame.h"

/* Serves each request with a fixed PDU and remembers it. */
struct server {
    size_t requests;
    struct request last;
    uint8_t last_pdu[300];
    size_t answer_size; /* of the PDU; 0: silence */
    int64_t delay_us;
    bool own_turnaround;
    bool stays;
    uint8_t only_unit; /* 0: answers for all */
    bool echoes;       /* answers with the request itself */
};

static void serve(void *self, const struct request *request, struct answer *ret_answer)
{
    struct server *server = self;
    uint8_t pdu[253];
    uint8_t frame[FRAME_MAX];
    server->requests++;
    server->last = *request;
    memcpy(server->last_pdu, request->pdu, request->pdu_size);
    if (server->answer_size == 0 || (server->only_unit != 0 && server->only_unit != request->unit))
        return;
    if (server->echoes) {
        memcpy(ret_answer->bytes, request->frame, request->frame_size);
        ret_answer->size = request->frame_size;
        return;
    }
    memset(pdu, 0x11, sizeof pdu);
    pdu[1] = (uint8_t)(server->answer_size - 2);
    pdu[0] = request->pdu[0];
    enum wire wire = request->frame[0] == request->unit ? WIRE_RTU : WIRE_MBAP;
    ret_answer->size = frame_wrap(wire, request->transaction, request->unit, pdu, server->answer_size, frame);
    memcpy(ret_answer->bytes, frame, ret_answer->size);
    ret_answer->delay_us = server->delay_us;
    ret_answer->stays = server->stays;
    ret_answer->own_turnaround = server->own_turnaround;
}

static struct channel serial(struct server *server, unsigned baud)
{
    struct channel channel;
    struct channel_timing timing = channel_timing_of(baud, 10, 2000, 5000, false);
    channel_init(&channel, WIRE_RTU, &timing, serve, server);
    return channel;
}

static struct channel tcp(struct server *server)
{
    struct channel channel;
    struct channel_timing timing = channel_timing_of(9600, 10, 2000, 5000, true);
    channel_init(&channel, WIRE_MBAP, &timing, serve, server);
    return channel;
}

/* All bytes that are due now. */
static size_t drain(struct channel *channel, int64_t now_us, uint8_t *bytes, size_t size_max)
{
    size_t size = 0;
    for (;;) {
        size_t part = channel_take(channel, now_us, bytes + size, size_max - size);
        if (part == 0)
            return size;
        size += part;
    }
}

/* The line carries what came in. */
static void pass_time(struct channel *channel, int64_t now_us)
{
    uint8_t ignored[2048];
    (void)drain(channel, now_us, ignored, sizeof ignored);
}

static const uint8_t read_holding[] = {0x01, 0x03, 0x00, 0x00, 0x00, 0x0A, 0xC5, 0xCD};

static void test_crc_vectors(void **state)
{
    (void)state;
    static const uint8_t lift[] = {0x02, 0x03, 0x00, 0x40, 0x00, 0x17, 0x04, 0x23};
    static const uint8_t scale[] = {0x01, 0x03, 0x04, 0xFF, 0xFF, 0xC1, 0xEF, 0xEA, 0x0B};
    static const uint8_t wrong[] = {0x01, 0x03, 0x00, 0x00, 0x00, 0x0A, 0xC5, 0xCC};
    assert_true(frame_crc_fits(read_holding, sizeof read_holding));
    assert_true(frame_crc_fits(lift, sizeof lift));
    assert_true(frame_crc_fits(scale, sizeof scale));
    assert_false(frame_crc_fits(wrong, sizeof wrong));
    assert_false(frame_crc_fits(read_holding, 3));
    assert_int_equal(frame_crc(read_holding, 6), 0xCDC5);
}

static void test_request_sizes(void **state)
{
    (void)state;
    static const uint8_t write_many[] = {0x01, 0x10, 0x00, 0x01, 0x00, 0x02, 0x04};
    static const uint8_t strange[] = {0x01, 0x2B};
    assert_int_equal(frame_rtu_request_size(read_holding, 1), 0);
    assert_int_equal(frame_rtu_request_size(read_holding, 2), 8);
    assert_int_equal(frame_rtu_request_size(write_many, 6), 0);
    assert_int_equal(frame_rtu_request_size(write_many, 7), 13);
    assert_true(frame_rtu_request_size(strange, 2) == SIZE_MAX);
    assert_int_equal(frame_rtu_request_size((const uint8_t[]){1, 17}, 2), 4);
    assert_int_equal(frame_rtu_request_size((const uint8_t[]){1, 22}, 2), 10);
    static const uint8_t swap[] = {1, 23, 0, 0, 0, 1, 0, 0, 0, 3, 6};
    assert_int_equal(frame_rtu_request_size(swap, 10), 0);
    assert_int_equal(frame_rtu_request_size(swap, 11), 19);
}

static void test_answer_sizes(void **state)
{
    (void)state;
    assert_int_equal(frame_rtu_answer_size((const uint8_t[]){1, 3}, 2), 0);
    assert_int_equal(frame_rtu_answer_size((const uint8_t[]){1, 3, 4}, 3), 9);
    assert_int_equal(frame_rtu_answer_size((const uint8_t[]){1, 0x83}, 2), 5);
    assert_int_equal(frame_rtu_answer_size((const uint8_t[]){1, 6}, 2), 8);
    assert_int_equal(frame_rtu_answer_size((const uint8_t[]){1, 16}, 2), 8);
    assert_int_equal(frame_rtu_answer_size((const uint8_t[]){1, 22}, 2), 10);
    assert_int_equal(frame_rtu_answer_size((const uint8_t[]){1, 17, 5}, 3), 10);
    assert_true(frame_rtu_answer_size((const uint8_t[]){1, 0x2B}, 2) == SIZE_MAX);
}

static void test_mbap_sizes(void **state)
{
    (void)state;
    static const uint8_t good[] = {0, 1, 0, 0, 0, 6};
    static const uint8_t longest[] = {0, 1, 0, 0, 0, 254};
    static const uint8_t too_long[] = {0, 1, 0, 0, 0, 255};
    static const uint8_t empty[] = {0, 1, 0, 0, 0, 1};
    static const uint8_t protocol[] = {0, 1, 0, 1, 0, 6};
    assert_int_equal(frame_mbap_size(good, 5), 0);
    assert_int_equal(frame_mbap_size(good, 6), 12);
    assert_int_equal(frame_mbap_size(longest, 6), 260);
    assert_true(frame_mbap_size(too_long, 6) == SIZE_MAX);
    assert_true(frame_mbap_size(empty, 6) == SIZE_MAX);
    assert_true(frame_mbap_size(protocol, 6) == SIZE_MAX);
}

/* 8 characters in, 2 ms, 25 characters out at 9600 8N1: the pty gives all at once, the answer ends when a line would. */
static void test_answer_takes_line_time(void **state)
{
    (void)state;
    struct server server = {.answer_size = 22};
    struct channel channel = serial(&server, 9600);
    uint8_t bytes[64];
    channel_receive(&channel, read_holding, sizeof read_holding, 1000000);
    int64_t begins_us = 1000000 + 8334 + 2000; /* 8 * 1041.67, rounded up */
    int64_t ends_us = begins_us + 26042;       /* 25 * 1041.67 */
    assert_int_equal(drain(&channel, begins_us + 3 * 1041, bytes, sizeof bytes), 0);
    assert_int_equal(channel_due_us(&channel), begins_us + 3125);
    assert_int_equal(drain(&channel, begins_us + 3125, bytes, sizeof bytes), 3);
    assert_int_equal(drain(&channel, ends_us - 1, bytes + 3, sizeof bytes), 21);
    assert_int_equal(channel_due_us(&channel), ends_us);
    assert_int_equal(drain(&channel, ends_us, bytes + 24, sizeof bytes), 1);
    assert_true(frame_crc_fits(bytes, 25));
    assert_int_equal(channel_due_us(&channel), CHANNEL_NEVER);
}

static void test_gaps_between_chunks_end_no_frame(void **state)
{
    (void)state;
    static const unsigned bauds[] = {1200, 9600, 19200, 38400, 115200};
    for (size_t i = 0; i < sizeof bauds / sizeof *bauds; i++) {
        struct channel_timing timing = channel_timing_of(bauds[i], 11, 2000, 0, false);
        assert_true((int64_t)timing.chunk_size * timing.character_ns < timing.silence_us * 1000);
    }
}

static void test_fast_answers_at_once(void **state)
{
    (void)state;
    struct server server = {.answer_size = 22};
    struct channel channel;
    struct channel_timing timing = channel_timing_of(9600, 10, 2000, 5000, true);
    uint8_t bytes[64];
    channel_init(&channel, WIRE_RTU, &timing, serve, &server);
    channel_receive(&channel, read_holding, sizeof read_holding, 77);
    assert_int_equal(drain(&channel, 77, bytes, sizeof bytes), 25);
}

static void test_request_in_single_bytes(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = serial(&server, 9600);
    for (size_t i = 0; i < sizeof read_holding; i++)
        channel_receive(&channel, read_holding + i, 1, (int64_t)i * 1042);
    pass_time(&channel, 9000);
    assert_int_equal(server.requests, 1);
    assert_int_equal(server.last.unit, 1);
    assert_int_equal(server.last.pdu_size, 5);
    assert_int_equal(channel.counters.garbled, 0);
}

/* Five characters are on the line until 5.2 ms; the next 8 begin after 5 ms of silence. */
static void test_half_frame_is_forgotten_after_silence(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = serial(&server, 9600);
    channel_receive(&channel, read_holding, 5, 0);
    assert_int_equal(channel_due_us(&channel), 5209 + 5000);
    channel_receive(&channel, read_holding, sizeof read_holding, 10209);
    pass_time(&channel, 20000);
    assert_int_equal(server.requests, 1);
    assert_int_equal(channel.counters.garbled, 1);
}

static void test_half_frame_spoils_what_follows_at_once(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = serial(&server, 9600);
    channel_receive(&channel, read_holding, 5, 0);
    channel_receive(&channel, read_holding, sizeof read_holding, 3000);
    channel_receive(&channel, read_holding, sizeof read_holding, 4000);
    pass_time(&channel, 100000);
    assert_int_equal(server.requests, 0);
    channel_receive(&channel, read_holding, sizeof read_holding, 100000);
    pass_time(&channel, 109000);
    assert_int_equal(server.requests, 1);
}

static void test_wrong_crc_is_not_answered(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = serial(&server, 9600);
    uint8_t frame[sizeof read_holding];
    memcpy(frame, read_holding, sizeof frame);
    for (size_t bit = 0; bit < sizeof frame * 8; bit++) {
        frame[bit / 8] ^= (uint8_t)(1U << bit % 8);
        channel_receive(&channel, frame, sizeof frame, (int64_t)bit * 100000);
        frame[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(server.requests, 0);
    assert_int_equal(channel.counters.garbled, sizeof frame * 8 - 1); /* the last one waits for its silence */
    channel_receive(&channel, frame, sizeof frame, 10000000);
    pass_time(&channel, 10010000);
    assert_int_equal(server.requests, 1);
}

static void test_flood_is_bounded(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = serial(&server, 9600);
    uint8_t junk[4096];
    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (uint8_t)(i * 7 + 3);
    for (int64_t i = 0; i < 100; i++)
        channel_receive(&channel, junk, sizeof junk, i * 1000);
    assert_int_equal(server.requests, 0);
    assert_int_equal(channel.counters.garbled, 1);
    int64_t silence_us = channel_due_us(&channel);
    assert_true(silence_us < 99000 + 1000000); /* however much it was */
    channel_receive(&channel, read_holding, sizeof read_holding, silence_us);
    pass_time(&channel, silence_us + 9000);
    assert_int_equal(server.requests, 1);
}

static void test_unknown_function_ends_with_silence(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = serial(&server, 9600);
    uint8_t frame[] = {0x01, 0x2B, 0x0E, 0x01, 0x00, 0, 0};
    uint16_t crc = frame_crc(frame, 5);
    frame[5] = (uint8_t)(crc & 0xFF);
    frame[6] = (uint8_t)(crc >> 8);
    uint8_t bytes[8];
    channel_receive(&channel, frame, sizeof frame, 0);
    assert_int_equal(server.requests, 0);
    assert_int_equal(channel_due_us(&channel), 7292 + 5000);
    assert_int_equal(drain(&channel, 12292, bytes, sizeof bytes), 0);
    assert_int_equal(server.requests, 1);
    assert_int_equal(server.last_pdu[0], 0x2B);
    assert_int_equal(server.last.pdu_size, 4);
}

static void test_new_request_supersedes_unbegun_answer(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2, .delay_us = 500000};
    struct channel channel = serial(&server, 9600);
    uint8_t bytes[64];
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    pass_time(&channel, 10000);
    server.delay_us = 0;
    server.answer_size = 4;
    channel_receive(&channel, read_holding, sizeof read_holding, 100000);
    assert_int_equal(drain(&channel, 2000000, bytes, sizeof bytes), 7);
}

static void test_late_answer_stays(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2, .delay_us = 500000, .stays = true};
    struct channel channel = serial(&server, 9600);
    uint8_t bytes[64];
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    pass_time(&channel, 10000);
    server.delay_us = 0;
    server.stays = false;
    server.answer_size = 4;
    channel_receive(&channel, read_holding, sizeof read_holding, 100000);
    assert_int_equal(drain(&channel, 200000, bytes, sizeof bytes), 7);
    assert_int_equal(drain(&channel, 2000000, bytes, sizeof bytes), 5);
    assert_int_equal(channel.counters.collisions, 0);
}

static void test_own_turnaround(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2, .delay_us = 7000, .own_turnaround = true};
    struct channel channel = serial(&server, 9600);
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    pass_time(&channel, 8334);
    assert_int_equal(channel_due_us(&channel), 8334 + 7000 + 3125);
}

/* --- two senders at once --- */

static void test_request_into_an_answer_spoils_both(void **state)
{
    (void)state;
    struct server server = {.answer_size = 97};
    struct channel channel = serial(&server, 9600);
    uint8_t good[128];
    uint8_t bytes[128];
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    assert_int_equal(drain(&channel, 1000000, good, sizeof good), 100);
    channel_receive(&channel, read_holding, sizeof read_holding, 1000000);
    size_t before = drain(&channel, 1050000, bytes, sizeof bytes);
    assert_in_range(before, 30, 40);
    channel_receive(&channel, read_holding, sizeof read_holding, 1050000); /* until 1058.3 ms */
    assert_int_equal(drain(&channel, 2000000, bytes + before, sizeof bytes - before), 100 - before);
    assert_int_equal(server.requests, 2);
    assert_int_equal(channel.counters.collisions, 1);
    size_t spoiled = 0;
    for (size_t i = 0; i < 100; i++)
        spoiled += bytes[i] != good[i] ? 1U : 0U;
    assert_in_range(spoiled, 8, 9); /* the characters that met */
    assert_memory_equal(bytes, good, before);
    channel_receive(&channel, read_holding, sizeof read_holding, 2000000);
    assert_int_equal(drain(&channel, 3000000, bytes, sizeof bytes), 100);
    assert_memory_equal(bytes, good, 100);
}

static void test_second_request_at_once_meets_the_first_answer(void **state)
{
    (void)state;
    struct server server = {.answer_size = 10};
    struct channel channel = serial(&server, 9600);
    uint8_t twice[2 * sizeof read_holding];
    uint8_t bytes[64];
    memcpy(twice, read_holding, sizeof read_holding);
    memcpy(twice + sizeof read_holding, read_holding, sizeof read_holding);
    channel_receive(&channel, twice, sizeof twice, 0);
    assert_int_equal(drain(&channel, 1000000, bytes, sizeof bytes), 13);
    assert_false(frame_crc_fits(bytes, 13));
    assert_int_equal(server.requests, 1);
    assert_int_equal(channel.counters.collisions, 1);
}

static void test_late_answer_meets_a_request(void **state)
{
    (void)state;
    struct server server = {.answer_size = 10, .delay_us = 91666, .stays = true}; /* from 102 ms on */
    struct channel channel = serial(&server, 9600);
    uint8_t bytes[64];
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    pass_time(&channel, 10000);
    channel_receive(&channel, read_holding, sizeof read_holding, 100000); /* until 108.3 ms */
    assert_int_equal(drain(&channel, 1000000, bytes, sizeof bytes), 13);
    assert_false(frame_crc_fits(bytes, 13));
    assert_int_equal(server.requests, 1);
    assert_int_equal(channel.counters.collisions, 1);
}

static void test_two_units_at_once(void **state)
{
    (void)state;
    struct server server = {.answer_size = 20};
    struct channel channel = serial(&server, 9600);
    struct answer noise = {.size = 5, .stays = true};
    uint8_t good[64];
    uint8_t bytes[64];
    memset(noise.bytes, 0x33, noise.size);
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    assert_int_equal(drain(&channel, 1000000, good, sizeof good), 23);
    channel_receive(&channel, read_holding, sizeof read_holding, 1000000);
    size_t before = drain(&channel, 1020000, bytes, sizeof bytes);
    channel_emit(&channel, 9, &noise, 1020000);
    assert_int_equal(before + drain(&channel, 2000000, bytes + before, sizeof bytes - before), 23);
    assert_memory_equal(bytes, good, before);
    assert_memory_not_equal(bytes, good, 23);
    assert_int_equal(channel.counters.collisions, 1);
    channel_emit(&channel, 9, &noise, 3000000); /* alone on the line */
    assert_int_equal(drain(&channel, 4000000, bytes, sizeof bytes), 5);
    assert_memory_equal(bytes, noise.bytes, 5);
    assert_int_equal(channel.counters.collisions, 1);
}

static void test_noise_spoils_a_request(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = serial(&server, 9600);
    struct answer noise = {.size = 2, .stays = true};
    uint8_t bytes[64];
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    channel_emit(&channel, 9, &noise, 4000);
    assert_int_equal(drain(&channel, 1000000, bytes, sizeof bytes), 2);
    assert_int_equal(server.requests, 0);
    assert_int_equal(channel.counters.collisions, 1);
}

/* 3.5 characters of 9600 8N1 are 3.65 ms; 1.5 are 1.56 ms. */
static void test_gaps_are_counted(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = serial(&server, 9600);
    channel_receive(&channel, read_holding, sizeof read_holding, 1000000);
    int64_t end_us = 1000000 + 8334 + 2000 + 5209;
    pass_time(&channel, end_us);
    channel_receive(&channel, read_holding, sizeof read_holding, end_us + 3600);
    pass_time(&channel, 2000000);
    assert_int_equal(channel.counters.short_gaps, 1);
    channel_receive(&channel, read_holding, sizeof read_holding, 2000000);
    end_us = 2000000 + 8334 + 2000 + 5209;
    pass_time(&channel, end_us);
    channel_receive(&channel, read_holding, 4, end_us + 3700); /* until 4.17 ms later */
    channel_receive(&channel, read_holding + 4, 4, end_us + 3700 + 4167 + 1500);
    pass_time(&channel, 3000000);
    assert_int_equal(channel.counters.torn, 0);
    channel_receive(&channel, read_holding, 4, 3000000);
    channel_receive(&channel, read_holding + 4, 4, 3000000 + 4167 + 1700);
    pass_time(&channel, 4000000);
    assert_int_equal(channel.counters.torn, 1);
    assert_int_equal(channel.counters.short_gaps, 1);
    assert_int_equal(server.requests, 5);
}

/* --- what adapters do --- */

static void test_local_echo_comes_first(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = serial(&server, 9600);
    uint8_t bytes[64];
    channel.timing.echo = true;
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    assert_int_equal(drain(&channel, 3124, bytes, sizeof bytes), 0);
    assert_int_equal(channel_due_us(&channel), 3125);
    assert_int_equal(drain(&channel, 8334, bytes, sizeof bytes), 8);
    assert_memory_equal(bytes, read_holding, 8);
    assert_int_equal(drain(&channel, 100000, bytes, sizeof bytes), 5);
    channel_receive(&channel, read_holding, 3, 200000); /* junk comes back too */
    assert_int_equal(drain(&channel, 300000, bytes, sizeof bytes), 3);
}

/* The timer runs freely every 16 ms from 0: the answer is on the line from 10.3 to 36.4 ms. */
static void test_latency_timer_makes_packets(void **state)
{
    (void)state;
    struct server server = {.answer_size = 22};
    struct channel channel = serial(&server, 9600);
    uint8_t bytes[64];
    channel.timing.latency_us = 16000;
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    pass_time(&channel, 8334);
    assert_int_equal(channel_due_us(&channel), 16000);
    assert_int_equal(drain(&channel, 15999, bytes, sizeof bytes), 0);
    assert_int_equal(drain(&channel, 16000, bytes, sizeof bytes), 5); /* (16 - 10.33) / 1.04 */
    assert_int_equal(channel_due_us(&channel), 32000);
    assert_int_equal(drain(&channel, 32000, bytes, sizeof bytes), 15);
    assert_int_equal(drain(&channel, 47999, bytes, sizeof bytes), 0);
    assert_int_equal(drain(&channel, 48000, bytes, sizeof bytes), 5);
    assert_int_equal(channel_due_us(&channel), CHANNEL_NEVER);
}

/* At 115200 62 characters take 5.4 ms: full packets do not wait for the timer, and start it anew. */
static void test_full_packets_do_not_wait(void **state)
{
    (void)state;
    struct server server = {.answer_size = 197};
    struct channel channel = serial(&server, 115200);
    uint8_t bytes[256];
    channel.timing.latency_us = 16000;
    channel_receive(&channel, read_holding, sizeof read_holding, 0); /* the answer from 2.7 to 20.1 ms */
    pass_time(&channel, 695);
    int64_t begins_us = 695 + 2000;
    assert_int_equal(channel_due_us(&channel), begins_us + 5382);
    assert_int_equal(drain(&channel, begins_us + 5382, bytes, sizeof bytes), 62);
    assert_int_equal(drain(&channel, begins_us + 10764, bytes, sizeof bytes), 62);
    assert_int_equal(drain(&channel, begins_us + 16146, bytes, sizeof bytes), 62);
    assert_int_equal(channel_due_us(&channel), begins_us + 16146 + 16000);
    assert_int_equal(drain(&channel, 100000, bytes, sizeof bytes), 14);
}

/* --- a real line --- */

static struct channel real_line(struct server *server)
{
    struct channel channel = serial(server, 9600);
    channel.timing.real = true;
    channel.timing.silence_us = 20000;
    return channel;
}

static size_t make_frame(const uint8_t *pdu, size_t size, uint8_t unit, uint8_t *ret_frame)
{
    uint8_t frame[FRAME_MAX];
    size_t frame_size = frame_wrap(WIRE_RTU, 0, unit, pdu, size, frame);
    memcpy(ret_frame, frame, frame_size);
    return frame_size;
}

/* A request to another slave, its answer, a request to us: in one piece, as a USB adapter may hand them over. */
static void test_answers_of_others_are_passed_over(void **state)
{
    (void)state;
    struct server server = {.answer_size = 4, .only_unit = 1};
    struct channel channel = real_line(&server);
    uint8_t bytes[128];
    size_t size = make_frame((const uint8_t[]){3, 0, 0, 0, 2}, 5, 7, bytes);
    size += make_frame((const uint8_t[]){3, 4, 1, 2, 3, 4}, 6, 7, bytes + size);
    size += make_frame((const uint8_t[]){0x83, 2}, 2, 7, bytes + size);
    memcpy(bytes + size, read_holding, sizeof read_holding);
    size += sizeof read_holding;
    channel_receive(&channel, bytes, 12, 1000); /* also torn anywhere */
    channel_receive(&channel, bytes + 12, size - 12, 9000);
    assert_int_equal(server.requests, 2);
    assert_int_equal(server.last.unit, 1);
    assert_int_equal(channel.counters.foreign, 2);
    assert_int_equal(channel.counters.garbled, 0);
    assert_int_equal(channel_due_us(&channel), 9000 + 2000);
    pass_time(&channel, 10999);
    assert_int_equal(drain(&channel, 11000, bytes, sizeof bytes), 7); /* whole: the port keeps the time */
}

static void test_real_line_finds_its_feet_after_silence(void **state)
{
    (void)state;
    struct server server = {.answer_size = 4};
    struct channel channel = real_line(&server);
    channel_receive(&channel, (const uint8_t[]){9, 3, 2, 0, 0, 0, 0, 0, 0}, 9, 0);
    channel_receive(&channel, read_holding, sizeof read_holding, 10000);
    assert_int_equal(server.requests, 0);
    channel_receive(&channel, read_holding, sizeof read_holding, 30000);
    assert_int_equal(server.requests, 1);
    assert_int_equal(channel.counters.garbled, 1);
}

/* An adapter that hears itself: the echo of a read tells; the echo of a write is not taken for a second request. */
static void test_adapter_that_hears_itself(void **state)
{
    (void)state;
    static const uint8_t write_pdu[] = {6, 0, 1, 0, 3};
    struct server server = {.answer_size = 6, .echoes = true};
    struct channel channel = real_line(&server);
    uint8_t bytes[64];
    uint8_t request[16];
    size_t size = make_frame(write_pdu, sizeof write_pdu, 1, request);
    for (int64_t now_us = 0; now_us < 3000000; now_us += 1000000) {
        channel_receive(&channel, request, size, now_us);
        assert_int_equal(drain(&channel, now_us + 2000, bytes, sizeof bytes), size);
        channel_receive(&channel, bytes, size, now_us + 12000);
        if (now_us > 0)
            continue;
        server.echoes = false;
        channel_receive(&channel, read_holding, sizeof read_holding, 500000);
        size_t answer_size = drain(&channel, 502000, bytes, sizeof bytes);
        channel_receive(&channel, bytes, answer_size, 512000);
        assert_int_equal(channel.hearing, HEARING_SELF);
        server.echoes = true;
    }
    assert_int_equal(server.requests, 4);
    assert_int_equal(channel.counters.heard_self, 4);
}

static void test_adapter_that_does_not_hear_itself(void **state)
{
    (void)state;
    static const uint8_t write_pdu[] = {6, 0, 1, 0, 3};
    struct server server = {.answer_size = 6};
    struct channel channel = real_line(&server);
    uint8_t bytes[64];
    uint8_t request[16];
    size_t size = make_frame(write_pdu, sizeof write_pdu, 1, request);
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    pass_time(&channel, 100000);
    server.echoes = true;
    for (int64_t now_us = 1000000; now_us < 5000000; now_us += 1000000) {
        channel_receive(&channel, request, size, now_us);
        assert_int_equal(drain(&channel, now_us + 2000, bytes, sizeof bytes), size);
    }
    assert_int_equal(server.requests, 5);
    assert_int_equal(channel.hearing, HEARING_OTHERS);
}

static void test_tcp_pipelines_in_order(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = tcp(&server);
    uint8_t requests[3][12];
    uint8_t bytes[64];
    for (uint8_t i = 0; i < 3; i++) {
        const uint8_t request[12] = {0x12, i, 0, 0, 0, 6, 9, 3, 0, 0, 0, 1};
        memcpy(requests[i], request, sizeof request);
    }
    channel_receive(&channel, requests[0], 17, 5);
    channel_receive(&channel, requests[1] + 5, 19, 6);
    assert_int_equal(server.requests, 3);
    assert_int_equal(drain(&channel, 6, bytes, sizeof bytes), 27);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(bytes[9 * i], 0x12);
        assert_int_equal(bytes[9 * i + 1], i);
        assert_int_equal(bytes[9 * i + 5], 3);
        assert_int_equal(bytes[9 * i + 6], 9);
    }
}

static void test_tcp_junk_breaks_the_connection(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = tcp(&server);
    static const uint8_t http[] = "GET / HTTP/1.1\r\n";
    channel_receive(&channel, http, sizeof http - 1, 0);
    assert_true(channel.broken);
    assert_int_equal(server.requests, 0);
}

static void test_answers_beyond_the_queue_are_counted(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2, .delay_us = 1000000};
    struct channel channel = tcp(&server);
    static const uint8_t request[12] = {0, 1, 0, 0, 0, 6, 9, 3, 0, 0, 0, 1};
    uint8_t bytes[512];
    for (int i = 0; i < CHANNEL_ANSWERS_MAX + 5; i++)
        channel_receive(&channel, request, sizeof request, i);
    assert_int_equal(channel.counters.lost, 5);
    assert_int_equal(drain(&channel, 3000000, bytes, sizeof bytes), 9 * CHANNEL_ANSWERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc_vectors),
        cmocka_unit_test(test_request_sizes),
        cmocka_unit_test(test_answer_sizes),
        cmocka_unit_test(test_mbap_sizes),
        cmocka_unit_test(test_answer_takes_line_time),
        cmocka_unit_test(test_gaps_between_chunks_end_no_frame),
        cmocka_unit_test(test_fast_answers_at_once),
        cmocka_unit_test(test_request_in_single_bytes),
        cmocka_unit_test(test_half_frame_is_forgotten_after_silence),
        cmocka_unit_test(test_half_frame_spoils_what_follows_at_once),
        cmocka_unit_test(test_wrong_crc_is_not_answered),
        cmocka_unit_test(test_flood_is_bounded),
        cmocka_unit_test(test_unknown_function_ends_with_silence),
        cmocka_unit_test(test_new_request_supersedes_unbegun_answer),
        cmocka_unit_test(test_late_answer_stays),
        cmocka_unit_test(test_own_turnaround),
        cmocka_unit_test(test_request_into_an_answer_spoils_both),
        cmocka_unit_test(test_second_request_at_once_meets_the_first_answer),
        cmocka_unit_test(test_late_answer_meets_a_request),
        cmocka_unit_test(test_two_units_at_once),
        cmocka_unit_test(test_noise_spoils_a_request),
        cmocka_unit_test(test_gaps_are_counted),
        cmocka_unit_test(test_local_echo_comes_first),
        cmocka_unit_test(test_latency_timer_makes_packets),
        cmocka_unit_test(test_full_packets_do_not_wait),
        cmocka_unit_test(test_answers_of_others_are_passed_over),
        cmocka_unit_test(test_real_line_finds_its_feet_after_silence),
        cmocka_unit_test(test_adapter_that_hears_itself),
        cmocka_unit_test(test_adapter_that_does_not_hear_itself),
        cmocka_unit_test(test_tcp_pipelines_in_order),
        cmocka_unit_test(test_tcp_junk_breaks_the_connection),
        cmocka_unit_test(test_answers_beyond_the_queue_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
