#include "tests/support/test.h"

#include <string.h>

#include "gateway/desk/options.h"
#include "gateway/desk/suggest.h"
#include "gateway/desk/verb.h"

/* parse() splits a line at blanks, as a shell would. */
struct words {
    char bytes[256];
    char *argv[32];
    int argc;
};

static void split(struct words *words, const char *line)
{
    assert_true(strlen(line) < sizeof words->bytes);
    memcpy(words->bytes, line, strlen(line) + 1);
    words->argc = 0;
    for (char *at = words->bytes; *at != '\0';) {
        words->argv[words->argc++] = at;
        at += strcspn(at, " ");
        if (*at == ' ')
            *at++ = '\0';
    }
}

static unsigned accepted_by(const char *verb)
{
    const struct verb *found = verb_find(verb);
    assert_non_null(found);
    return found->options;
}

static enum misuse misuse_of(const char *verb, const char *line, const char *word, const char *suggestion)
{
    struct words words;
    struct options options = {.file = "untouched"};
    struct complaint_of_use complaint = {0};
    split(&words, line);
    if (options_parse(words.argc, words.argv, accepted_by(verb), &options, &complaint) == ERR_OK)
        return MISUSE_NONE;
    assert_string_equal(options.file, "untouched");
    if (word != NULL)
        assert_string_equal(complaint.word, word);
    if (suggestion == NULL)
        assert_null(complaint.suggestion);
    else
        assert_string_equal(complaint.suggestion, suggestion);
    return complaint.misuse;
}

static void test_what_is_given_arrives(void **state)
{
    (void)state;
    struct words words;
    struct options options;
    struct complaint_of_use complaint;
    split(&words, "site.json --dev gas-1 --alarm=gas.high --by Li --why=later --json --lang zh --socket /run/x");
    assert_int_equal(options_parse(words.argc, words.argv, accepted_by("ack"), &options, &complaint), ERR_OK);
    assert_string_equal(options.file, "site.json");
    assert_string_equal(options.dev, "gas-1");
    assert_string_equal(options.alarm, "gas.high");
    assert_string_equal(options.by, "Li");
    assert_string_equal(options.why, "later");
    assert_string_equal(options.lang, "zh");
    assert_string_equal(options.socket, "/run/x");
    assert_true(options.json);
    assert_false(options.all || options.once || options.help);
    assert_int_equal(options_parse(0, NULL, accepted_by("run"), &options, &complaint), ERR_OK);
    assert_null(options.file);
}

static void test_values_may_look_like_anything_behind_an_equals(void **state)
{
    (void)state;
    struct words words;
    struct options options;
    struct complaint_of_use complaint;
    split(&words, "--why=--help --by=a=b -- --json");
    assert_int_equal(options_parse(words.argc, words.argv, accepted_by("ack"), &options, &complaint), ERR_OK);
    assert_string_equal(options.why, "--help");
    assert_string_equal(options.by, "a=b");
    assert_string_equal(options.file, "--json");
    assert_false(options.json || options.help);
}

static void test_words_of_its_own(void **state)
{
    (void)state;
    static char *many[OPTIONS_WORDS_MAX + 1];
    struct words words;
    struct options options;
    struct complaint_of_use complaint;
    split(&words, "check a.json --json b.json -- --c");
    assert_int_equal(options_parse(words.argc, words.argv, accepted_by("profile"), &options, &complaint), ERR_OK);
    assert_int_equal(options.word_count, 4);
    assert_string_equal(options.words[2], "b.json");
    assert_string_equal(options.words[3], "--c");
    assert_true(options.json);
    assert_null(options.file);
    for (size_t i = 0; i <= OPTIONS_WORDS_MAX; i++)
        many[i] = words.argv[0];
    assert_int_equal(options_parse(OPTIONS_WORDS_MAX, many, accepted_by("profile"), &options, &complaint), ERR_OK);
    assert_int_equal(options_parse(OPTIONS_WORDS_MAX + 1, many, accepted_by("profile"), &options, &complaint),
                     ERR_ARGUMENT);
    assert_int_equal(complaint.misuse, MISUSE_ARGUMENT);
}

static void test_misuse(void **state)
{
    (void)state;
    assert_int_equal(misuse_of("check", "--jsno", "--jsno", "--json"), MISUSE_UNKNOWN);
    assert_int_equal(misuse_of("check", "--jsno=1", "--jsno=1", "--json"), MISUSE_UNKNOWN);
    assert_int_equal(misuse_of("check", "--frobnicate", "--frobnicate", NULL), MISUSE_UNKNOWN);
    assert_int_equal(misuse_of("check", "-x", "-x", NULL), MISUSE_UNKNOWN);
    assert_int_equal(misuse_of("check", "--", NULL, NULL), MISUSE_NONE);
    assert_int_equal(misuse_of("check", "--all", "--all", NULL), MISUSE_ELSEWHERE);
    assert_int_equal(misuse_of("run", "--json", "--json", NULL), MISUSE_ELSEWHERE);
    assert_int_equal(misuse_of("ack", "--dev", "--dev", NULL), MISUSE_VALUE);
    assert_int_equal(misuse_of("ack", "--dev --all", "--dev", NULL), MISUSE_VALUE);
    assert_int_equal(misuse_of("ack", "--dev=", "--dev", NULL), MISUSE_EMPTY);
    assert_int_equal(misuse_of("ack", "--all=yes", "--all", NULL), MISUSE_SWITCH);
    assert_int_equal(misuse_of("ack", "--all --all", "--all", NULL), MISUSE_TWICE);
    assert_int_equal(misuse_of("ack", "--dev a --dev=b", "--dev", NULL), MISUSE_TWICE);
    assert_int_equal(misuse_of("ack", "--lang fr", "fr", NULL), MISUSE_LANGUAGE);
    assert_int_equal(misuse_of("ack", "a.json b.json", "b.json", NULL), MISUSE_ARGUMENT);
    assert_int_equal(misuse_of("version", "a.json", "a.json", NULL), MISUSE_ARGUMENT);
}

static void test_help_and_language_are_everywhere(void **state)
{
    (void)state;
    size_t count;
    const struct verb *list = verbs(&count);
    assert_true(count >= 9);
    for (size_t i = 0; i < count; i++) {
        struct words words;
        struct options options;
        struct complaint_of_use complaint;
        split(&words, "-h --lang en");
        assert_int_equal(options_parse(words.argc, words.argv, list[i].options, &options, &complaint), ERR_OK);
        assert_true(options.help);
        assert_ptr_equal(verb_find(list[i].name), &list[i]);
        assert_true(strlen(list[i].en) > 4 && strlen(list[i].zh) > 4);
        assert_non_null(list[i].run);
        assert_true(strlen(list[i].manual->en) > 20 && strlen(list[i].manual->zh) > 10);
        assert_non_null(strstr(list[i].manual->exit_en, "  0  "));
        assert_non_null(strstr(list[i].manual->exit_zh, "  0  "));
        assert_non_null(strstr(list[i].manual->examples, list[i].name));
    }
    assert_null(verb_find("chek"));
}

static void test_language_is_found_before_the_rest_is_read(void **state)
{
    (void)state;
    struct words words;
    split(&words, "check --bogus --lang zh");
    assert_string_equal(options_find_language(words.argc, words.argv), "zh");
    split(&words, "check --lang=en");
    assert_string_equal(options_find_language(words.argc, words.argv), "en");
    split(&words, "check --lang");
    assert_null(options_find_language(words.argc, words.argv));
}

static const char *nearest(const char *word)
{
    size_t count;
    const struct verb *list = verbs(&count);
    struct suggest suggest;
    suggest_start(&suggest, word);
    for (size_t i = 0; i < count; i++)
        suggest_try(&suggest, list[i].name);
    return suggest.best;
}

static void test_suggestions(void **state)
{
    (void)state;
    char endless[200];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_string_equal(nearest("chekc"), "check");
    assert_string_equal(nearest("wacth"), "watch");
    assert_string_equal(nearest("alarm"), "alarms");
    assert_string_equal(nearest("rest"), "reset");
    assert_string_equal(nearest("sil"), "silence");
    assert_null(nearest("xyzzy"));
    assert_null(nearest(""));
    assert_null(nearest(endless));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_given_arrives),
        cmocka_unit_test(test_values_may_look_like_anything_behind_an_equals),
        cmocka_unit_test(test_words_of_its_own),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_help_and_language_are_everywhere),
        cmocka_unit_test(test_language_is_found_before_the_rest_is_read),
        cmocka_unit_test(test_suggestions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
