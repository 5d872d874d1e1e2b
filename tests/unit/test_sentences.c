/* The sentences of the loader as a table: codes are unique, and both languages say the same about the same things. */
#include "tests/support/test.h"

#include <stdbool.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/sentences.h"

enum severity { E, W };

#define ROW(name, code, severity, en, zh) {code, severity == W, en, zh},
static const struct {
    const char *code;
    bool warning;
    const char *en;
    const char *zh;
} rows[] = {SENTENCE_LIST(ROW)};
#undef ROW

/* A bit for each {n}; an opening brace that begins none is text. */
static unsigned places(const char *text)
{
    unsigned found = 0;
    for (const char *at = strchr(text, '{'); at != NULL; at = strchr(at + 1, '{'))
        if (at[1] >= '0' && at[1] <= '9' && at[2] == '}')
            found |= 1U << (at[1] - '0');
    return found;
}

static bool has_chinese(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        if (*at >= 0xE4 && *at <= 0xE9)
            return true;
    return false;
}

static void codes_are_unique(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_SIZE(rows), SENTENCE_COUNT);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_string_equal(rows[i].code, sentence_code((enum sentence)i));
        assert_int_equal(rows[i].warning, sentence_is_warning((enum sentence)i));
        assert_int_equal(strspn(rows[i].code, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(rows[i].code));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(rows[i].code, rows[j].code);
    }
}

static void both_languages_have_the_same_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (places(rows[i].en) != places(rows[i].zh))
            fail_msg("%s fills in other words in the two languages", rows[i].code);
        assert_true(places(rows[i].en) < 1U << WORDS_MAX);
    }
}

/* An example of Chinese stands in English where nothing else would do: the use registration number. */
static void each_language_is_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!has_chinese(rows[i].zh) || (has_chinese(rows[i].en) && strcmp(rows[i].code, "use_cod") != 0))
            fail_msg("%s is in the wrong language", rows[i].code);
        assert_true(strlen(rows[i].en) > 10 && strlen(rows[i].en) < 300);
        assert_null(strstr(rows[i].en, "  "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_unique),
        cmocka_unit_test(both_languages_have_the_same_places),
        cmocka_unit_test(each_language_is_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
