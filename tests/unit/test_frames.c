#include "tests/support/test.h"

#include <stdbool.h>
#include <string.h>

#include "gateway/desk/frames.h"

static const struct tongue english = {.language = LANGUAGE_EN, .utf8 = true};
static const struct tongue chinese = {.language = LANGUAGE_ZH, .utf8 = true};

struct story {
    struct frames frames;
    int64_t mono_us;
    char verdict[160];
};

static const char *judged(struct story *story, const struct tongue *tongue, enum tap_kind kind, int64_t after_us,
                          const char *bytes, size_t size)
{
    struct tap_entry entry = {.kind = kind, .size = (uint16_t)size};
    struct text text;
    story->mono_us += after_us;
    entry.mono_us = story->mono_us;
    memcpy(entry.bytes, bytes, size);
    text_init(&text, story->verdict, sizeof story->verdict);
    frames_judge(&story->frames, &entry, tongue, &text);
    assert_false(text.full);
    return story->verdict;
}

#define JUDGED(story, kind, after_us, bytes) judged(story, &english, kind, after_us, bytes, sizeof(bytes) - 1)

#define READ   "\1\3\0\0\0\2\xC4\x0B"
#define ANSWER "\1\3\4\0\1\0\2\x2A\x32"

static void test_answers_and_silence(void **state)
{
    (void)state;
    struct story story = {0};
    assert_string_equal(JUDGED(&story, TAP_OPENED, 0, ""), "opened");
    assert_string_equal(JUDGED(&story, TAP_TIMEOUT, 0, ""), "no answer");
    assert_string_equal(JUDGED(&story, TAP_REQUEST, 0, READ), "");
    assert_string_equal(JUDGED(&story, TAP_ECHO, 9000, READ), "echo of the request");
    assert_string_equal(JUDGED(&story, TAP_REPLY, 3340, ANSWER), "answer after 12.3 ms");
    assert_string_equal(JUDGED(&story, TAP_REQUEST, 1000, READ), "");
    assert_string_equal(JUDGED(&story, TAP_EXCEPTION, 5000, "\1\x83\2\xC0\xF1"),
                        "exception 2 (illegal data address) after 5.0 ms");
    assert_string_equal(JUDGED(&story, TAP_REQUEST, 1000, READ), "");
    assert_string_equal(JUDGED(&story, TAP_TIMEOUT, 508000, ""), "no answer within 508 ms");
    assert_string_equal(JUDGED(&story, TAP_CLOSED, 0, ""), "closed or lost");
    assert_string_equal(judged(&story, &chinese, TAP_REQUEST, 0, READ, 8), "");
    assert_string_equal(judged(&story, &chinese, TAP_REPLY, 2000, ANSWER, 9), "应答，用时 2.0 ms");
}

static void test_late_answers_are_told_from_foreign_frames(void **state)
{
    (void)state;
    struct story story = {0};
    (void)JUDGED(&story, TAP_REQUEST, 0, READ);
    (void)JUDGED(&story, TAP_TIMEOUT, 500000, "");
    (void)JUDGED(&story, TAP_REQUEST, 50000, "\2\3\0\0\0\2\xC4\x38");
    assert_string_equal(JUDGED(&story, TAP_FOREIGN, 10000, "\3\3\4\0\1\0\2\x2B\xF3"),
                        "foreign: not the answer; discarded");
    assert_string_equal(JUDGED(&story, TAP_FOREIGN, 0, "\1\4\4\0\1\0\2\x2B\x85"), "foreign: not the answer; discarded");
    assert_string_equal(JUDGED(&story, TAP_FOREIGN, 0, ANSWER),
                        "late: answers the request of 560.0 ms before; discarded");
    assert_string_equal(JUDGED(&story, TAP_FOREIGN, 0, ANSWER), "foreign: not the answer; discarded"); /* once */
    (void)JUDGED(&story, TAP_TIMEOUT, 500000, "");
    assert_string_equal(JUDGED(&story, TAP_STALE, 1000000, "\2\x83\6\xB1\x32"),
                        "late: answers the request of 1510.0 ms before; discarded");
    assert_string_equal(JUDGED(&story, TAP_STALE, 0, ANSWER), "foreign: on the line before the request; discarded");
    (void)JUDGED(&story, TAP_REQUEST, 0, READ);
    (void)JUDGED(&story, TAP_TIMEOUT, 500000, "");
    assert_string_equal(JUDGED(&story, TAP_STALE, FRAMES_LATE_MAX_US, ANSWER),
                        "foreign: on the line before the request; discarded");
}

static void test_modbus_tcp_pairs_by_transaction(void **state)
{
    (void)state;
    struct story story = {.frames.mbap = true};
    (void)JUDGED(&story, TAP_REQUEST, 0, "\1\7\0\0\0\6\1\3\0\0\0\2");
    (void)JUDGED(&story, TAP_TIMEOUT, 500000, "");
    assert_string_equal(JUDGED(&story, TAP_FOREIGN, 1000, "\1\6\0\0\0\7\1\3\4\0\1\0\2"),
                        "foreign: not the answer; discarded");
    assert_string_equal(JUDGED(&story, TAP_FOREIGN, 1000, "\1\7\0\0\0\7\1\3\4\0\1\0\2"),
                        "late: answers the request of 502.0 ms before; discarded");
}

static void test_damaged_frames_are_told_from_noise(void **state)
{
    (void)state;
    struct story story = {0};
    assert_string_equal(JUDGED(&story, TAP_JUNK, 0, "\1\3\4\0\1\0\2\x2A\x33"), "junk: no frame; discarded");
    (void)JUDGED(&story, TAP_REQUEST, 0, READ);
    assert_string_equal(JUDGED(&story, TAP_JUNK, 0, "\1\3\4\0\1\0\2\x2A\x33"), "CRC wrong, or cut: discarded");
    assert_string_equal(JUDGED(&story, TAP_JUNK, 0, "\1\x83\2\xC0\xF2"), "CRC wrong, or cut: discarded");
    assert_string_equal(JUDGED(&story, TAP_JUNK, 0, "\2\3\4\0\1\0\2\x2A\x33"), "junk: no frame; discarded");
    assert_string_equal(JUDGED(&story, TAP_JUNK, 0, "\1"), "junk: no frame; discarded");
    assert_string_equal(judged(&story, &chinese, TAP_JUNK, 0, "\xFF", 1), "杂波：不成帧；已丢弃");
}

static const char *function_of(struct story *story, bool mbap, enum tap_kind kind, const char *bytes, size_t size)
{
    struct tap_entry entry = {.kind = kind, .size = (uint16_t)size};
    struct frames_pdu pdu;
    struct text text;
    memcpy(entry.bytes, bytes, size);
    story->frames.mbap = mbap;
    text_init(&text, story->verdict, sizeof story->verdict);
    if (!frames_pdu(&story->frames, &entry, &pdu))
        return "none";
    frames_put_function(&pdu, kind == TAP_REQUEST, &english, &text);
    return story->verdict;
}

#define FUNCTION_OF(story, mbap, kind, bytes) function_of(story, mbap, kind, bytes, sizeof(bytes) - 1)

static void test_functions_have_names(void **state)
{
    (void)state;
    struct story story = {0};
    assert_string_equal(FUNCTION_OF(&story, false, TAP_REQUEST, "\1\3\1\0\0\2\xC4\x0B"), "read holding 256 +2");
    assert_string_equal(FUNCTION_OF(&story, false, TAP_REPLY, ANSWER), "read holding");
    assert_string_equal(FUNCTION_OF(&story, false, TAP_REQUEST, "\1\5\0\7\xFF\0xx"), "write coil 7 = 1");
    assert_string_equal(FUNCTION_OF(&story, true, TAP_REQUEST, "\0\1\0\0\0\6\1\4\0\1\0\2"), "read input 1 +2");
    assert_string_equal(FUNCTION_OF(&story, true, TAP_FOREIGN, "\0\1\0\0\0\3\1\x83\2"), "read holding");
    assert_string_equal(FUNCTION_OF(&story, false, TAP_FOREIGN, "\1\x2Bxx"), "function 43");
    assert_string_equal(FUNCTION_OF(&story, false, TAP_JUNK, READ), "none");
    assert_string_equal(FUNCTION_OF(&story, false, TAP_TIMEOUT, ""), "none");
    assert_string_equal(FUNCTION_OF(&story, true, TAP_STALE, "\0\1\0\0\0\1\1"), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_and_silence),
        cmocka_unit_test(test_late_answers_are_told_from_foreign_frames),
        cmocka_unit_test(test_modbus_tcp_pairs_by_transaction),
        cmocka_unit_test(test_damaged_frames_are_told_from_noise),
        cmocka_unit_test(test_functions_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
