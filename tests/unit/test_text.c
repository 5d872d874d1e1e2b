#include "tests/support/test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"

#define NUMBERS 200000

static const char *number_text(double value, bool single)
{
    static char buffer[64];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    text_put_number(&text, value, single);
    assert_false(text.full);
    return buffer;
}

static const char *json_text(const char *bytes, size_t size)
{
    static char buffer[256];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    text_put_json_bytes(&text, bytes, size);
    assert_false(text.full);
    return buffer;
}

static void a_writer_never_overruns_and_stays_full(void **state)
{
    (void)state;
    char buffer[9] = "xxxxxxxx";
    struct text text;
    text_init(&text, buffer, 8);
    assert_string_equal(buffer, "");
    text_put(&text, "1234567");
    assert_false(text.full); /* seven and the zero: exactly full is not too full */
    text_put(&text, "");
    assert_false(text.full);
    text_put(&text, "8");
    assert_true(text.full);
    assert_string_equal(buffer, "1234567");
    assert_int_equal(text.used, 7);
    text_init(&text, buffer, 8);
    text_put(&text, "12345678");
    assert_true(text.full);
    text_put(&text, "a"); /* would fit, but the middle is missing */
    assert_string_equal(buffer, "");
    assert_int_equal(buffer[8], '\0');
}

static void formats_are_whole_or_not_at_all(void **state)
{
    (void)state;
    char buffer[8];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    text_put_format(&text, "%s-%d", "ab", 12);
    assert_string_equal(buffer, "ab-12");
    text_put_format(&text, "%d", 345);
    assert_true(text.full);
    assert_string_equal(buffer, "ab-12");
    text_put_format(&text, "%d", 3);
    assert_string_equal(buffer, "ab-12");
}

static void integers_to_their_limits(void **state)
{
    (void)state;
    char buffer[64];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    text_put_int(&text, INT64_MIN);
    text_put(&text, " ");
    text_put_int(&text, INT64_MAX);
    text_put(&text, " ");
    text_put_int(&text, 0);
    assert_string_equal(buffer, "-9223372036854775808 9223372036854775807 0");
    text_init(&text, buffer, sizeof buffer);
    text_put_uint(&text, UINT64_MAX);
    assert_string_equal(buffer, "18446744073709551615");
}

static void numbers_as_a_person_would_write_them(void **state)
{
    (void)state;
    assert_string_equal(number_text(0, false), "0");
    assert_string_equal(number_text(-0.0, false), "0");
    assert_string_equal(number_text(0.1, false), "0.1");
    assert_string_equal(number_text(-12.5, false), "-12.5");
    assert_string_equal(number_text(0.1 + 0.2, false), "0.30000000000000004");
    assert_string_equal(number_text(1e15, false), "1000000000000000");
    assert_string_equal(number_text(9007199254740993.0, false), "9007199254740992");
    assert_string_equal(number_text((double)52.1F, true), "52.1");
    assert_string_equal(number_text((double)52.1F, false), "52.099998474121094");
    assert_string_equal(number_text((double)16777216.0F, true), "16777216");
    assert_string_equal(number_text((double)0.001F, true), "0.001");
}

static void numbers_read_back_the_same(void **state)
{
    (void)state;
    static const double nasty[] = {DBL_MAX, -DBL_MAX, DBL_MIN, DBL_TRUE_MIN, DBL_EPSILON, 1.0 / 3.0, 1e22, 1e23, 1e-7};
    uint64_t bits = 1;
    for (size_t i = 0; i < sizeof nasty / sizeof nasty[0]; i++) {
        double back = strtod(number_text(nasty[i], false), NULL);
        assert_memory_equal(&back, &nasty[i], sizeof back);
    }
    for (int i = 0; i < NUMBERS; i++) {
        double value;
        float single;
        bits = bits * 6364136223846793005U + 1442695040888963407U;
        memcpy(&value, &bits, sizeof value);
        memcpy(&single, &bits, sizeof single);
        if (isfinite(value) && fpclassify(value) != FP_ZERO) {
            double back = strtod(number_text(value, false), NULL);
            assert_memory_equal(&back, &value, sizeof back);
        }
        if (isfinite(single) && fpclassify(single) != FP_ZERO) {
            float back = strtof(number_text((double)single, true), NULL);
            assert_memory_equal(&back, &single, sizeof back);
        }
    }
}

static void single_numbers_are_short(void **state)
{
    (void)state;
    for (int i = 1; i < 100000; i++) { /* what a detector with a resolution of 0.001 holds */
        char wanted[32];
        (void)snprintf(wanted, sizeof wanted, "%d.%03d", i / 1000, i % 1000);
        size_t size = strlen(wanted);
        while (wanted[size - 1] == '0')
            wanted[--size] = '\0';
        if (wanted[size - 1] == '.')
            wanted[--size] = '\0';
        assert_string_equal(number_text((double)((float)i / 1000.0F), true), wanted);
    }
}

static void json_strings_escape_what_must_be_escaped(void **state)
{
    (void)state;
    assert_string_equal(json_text("plain", 5), "\"plain\"");
    assert_string_equal(json_text("a\"b\\c", 5), "\"a\\\"b\\\\c\"");
    assert_string_equal(json_text("\n\t\x01\x7F", 4), "\"\\u000a\\u0009\\u0001\\u007f\"");
    assert_string_equal(json_text("a\0b", 3), "\"a\\u0000b\"");
    assert_string_equal(json_text("", 0), "\"\"");
    assert_string_equal(json_text("燃气 52 %", strlen("燃气 52 %")), "\"燃气 52 %\"");
}

#define BAD "\xEF\xBF\xBD"

static void bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
    (void)state;
    assert_string_equal(json_text("\xFF", 1), "\"" BAD "\"");
    assert_string_equal(json_text("a\xC3", 2), "\"a" BAD "\"");               /* cut off */
    assert_string_equal(json_text("\xC0\xAF", 2), "\"" BAD BAD "\"");         /* overlong slash */
    assert_string_equal(json_text("\xED\xA0\x80", 3), "\"" BAD BAD BAD "\""); /* surrogate */
    assert_string_equal(json_text("\xF4\x90\x80\x80", 4), "\"" BAD BAD BAD BAD "\"");
    assert_string_equal(json_text("\xC8\xBC\xC6\xF8", 4), "\"\xC8\xBC" BAD BAD "\""); /* GBK for gas */
}

static void utf8_is_known_when_seen(void **state)
{
    (void)state;
    static const char *const good[] = {"", "a", "é", "中", "\xF0\x9F\x94\xA5", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",         "\xC1\x81",         "\xE0\x80\x80",
                                      "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF5\x80\x80\x80",
                                      "\xE4\xB8",     "\xE4\xB8\x41"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(text_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
    assert_true(text_is_utf8("\0", 1));
}

static void copies_are_cut_between_characters(void **state)
{
    (void)state;
    char to[8];
    text_copy(to, sizeof to, "燃气阀"); /* nine bytes */
    assert_string_equal(to, "燃气");
    text_copy(to, sizeof to, "1234567");
    assert_string_equal(to, "1234567");
    text_copy(to, sizeof to, "12345678");
    assert_string_equal(to, "1234567");
    text_copy(to, 1, "x");
    assert_string_equal(to, "");
    text_copy(to, 3, "燃");
    assert_string_equal(to, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_never_overruns_and_stays_full),
        cmocka_unit_test(formats_are_whole_or_not_at_all),
        cmocka_unit_test(integers_to_their_limits),
        cmocka_unit_test(numbers_as_a_person_would_write_them),
        cmocka_unit_test(numbers_read_back_the_same),
        cmocka_unit_test(single_numbers_are_short),
        cmocka_unit_test(json_strings_escape_what_must_be_escaped),
        cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
        cmocka_unit_test(utf8_is_known_when_seen),
        cmocka_unit_test(copies_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
