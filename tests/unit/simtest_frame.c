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
    bool stays;
};

static void serve(void *self, const struct request *request, struct answer *ret_answer)
{
    struct server *server = self;
    uint8_t pdu[253];
    uint8_t frame[FRAME_MAX];
    server->requests++;
    server->last = *request;
    memcpy(server->last_pdu, request->pdu, request->pdu_size);
    if (server->answer_size == 0)
        return;
    memset(pdu, 0x11, sizeof pdu);
    pdu[0] = request->pdu[0];
    enum wire wire = request->frame[0] == request->unit ? WIRE_RTU : WIRE_MBAP;
    ret_answer->size = frame_wrap(wire, request->transaction, request->unit, pdu, server->answer_size, frame);
    memcpy(ret_answer->bytes, frame, ret_answer->size);
    ret_answer->delay_us = server->delay_us;
    ret_answer->stays = server->stays;
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
    assert_int_equal(server.requests, 1);
    assert_int_equal(server.last.unit, 1);
    assert_int_equal(server.last.pdu_size, 5);
    assert_int_equal(channel.counters.garbled, 0);
}

static void test_half_frame_is_forgotten_after_silence(void **state)
{
    (void)state;
    struct server server = {.answer_size = 2};
    struct channel channel = serial(&server, 9600);
    channel_receive(&channel, read_holding, 5, 0);
    assert_int_equal(channel_due_us(&channel), 5000);
    channel_receive(&channel, read_holding, sizeof read_holding, 6000);
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
    assert_int_equal(server.requests, 0);
    channel_receive(&channel, read_holding, sizeof read_holding, 10000);
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
    channel_receive(&channel, frame, sizeof frame, 10000000);
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
    channel_receive(&channel, read_holding, sizeof read_holding, 99000 + 5000);
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
    assert_int_equal(channel_due_us(&channel), 5000);
    assert_int_equal(drain(&channel, 5000, bytes, sizeof bytes), 0);
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
    server.delay_us = 0;
    server.stays = false;
    server.answer_size = 4;
    channel_receive(&channel, read_holding, sizeof read_holding, 100000);
    assert_int_equal(drain(&channel, 200000, bytes, sizeof bytes), 7);
    assert_int_equal(drain(&channel, 2000000, bytes, sizeof bytes), 5);
}

static void test_request_into_an_answer_collides(void **state)
{
    (void)state;
    struct server server = {.answer_size = 100};
    struct channel channel = serial(&server, 9600);
    uint8_t bytes[256];
    channel_receive(&channel, read_holding, sizeof read_holding, 0);
    assert_true(drain(&channel, 50000, bytes, sizeof bytes) > 0);
    channel_receive(&channel, read_holding, sizeof read_holding, 50000);
    assert_int_equal(server.requests, 1);
    assert_int_equal(channel.counters.collisions, 1);
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
        cmocka_unit_test(test_request_into_an_answer_collides),
        cmocka_unit_test(test_tcp_pipelines_in_order),
        cmocka_unit_test(test_tcp_junk_breaks_the_connection),
        cmocka_unit_test(test_answers_beyond_the_queue_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
