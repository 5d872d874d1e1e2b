#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/desk/tongue.h"

static struct tongue of(const char *lang, const char *term, const char *asked, bool terminal)
{
    return tongue_of(&(struct tongue_hints){.lang = lang, .term = term, .asked = asked, .terminal = terminal});
}

static void test_the_environment_decides(void **state)
{
    (void)state;
    assert_int_equal(of("zh_CN.UTF-8", "xterm", NULL, true).language, LANGUAGE_ZH);
    assert_int_equal(of("en_US.UTF-8", "xterm", NULL, true).language, LANGUAGE_EN);
    assert_true(of("en_US.UTF-8", "xterm", NULL, true).utf8);
    assert_int_equal(of(NULL, NULL, NULL, false).language, LANGUAGE_EN);
    assert_false(of(NULL, NULL, NULL, false).utf8);
    assert_false(of("C", "xterm", NULL, true).utf8);
    struct tongue_hints hints = {.lc_all = "en_GB.UTF-8", .lang = "zh_CN.UTF-8", .term = "xterm", .terminal = true};
    assert_int_equal(tongue_of(&hints).language, LANGUAGE_EN);
    hints = (struct tongue_hints){.lc_messages = "zh_CN", .lc_ctype = "en_US.utf8", .term = "xterm", .terminal = true};
    assert_int_equal(tongue_of(&hints).language, LANGUAGE_ZH);
}

/* Better English that can be read than Chinese that cannot. */
static void test_chinese_needs_a_terminal_that_shows_it(void **state)
{
    (void)state;
    assert_int_equal(of("zh_CN.GBK", "xterm", NULL, true).language, LANGUAGE_EN);
    assert_int_equal(of("zh_CN.UTF-8", "linux", NULL, true).language, LANGUAGE_EN);
    assert_false(of("zh_CN.UTF-8", "linux", NULL, true).utf8);
    assert_int_equal(of("zh_CN.UTF-8", "linux", NULL, false).language, LANGUAGE_ZH); /* into a file */
    assert_int_equal(of("C", "xterm", "zh", true).language, LANGUAGE_ZH);            /* who asks shall have it */
    assert_int_equal(of("zh_CN.UTF-8", "xterm", "en", true).language, LANGUAGE_EN);
}

static void test_colours_only_on_a_terminal(void **state)
{
    (void)state;
    assert_true(of("C", "xterm", NULL, true).colour);
    assert_false(of("C", "xterm", NULL, false).colour);
    assert_false(of("C", "dumb", NULL, true).colour);
    assert_false(of("C", NULL, NULL, true).colour);
    struct tongue_hints const hints = {.lang = "C", .term = "xterm", .no_color = "1", .terminal = true};
    assert_false(tongue_of(&hints).colour);
}

static void test_columns_of_chinese(void **state)
{
    (void)state;
    char buffer[64];
    struct text text;
    assert_int_equal(tongue_width("abc"), 3);
    assert_int_equal(tongue_width("燃气 A"), 6);
    assert_int_equal(tongue_width(""), 0);
    assert_int_equal(tongue_width("\xE7\x87"), 2); /* a character cut in the middle is bytes */
    text_init(&text, buffer, sizeof buffer);
    tongue_put_cell(&text, "燃气浓度", 5); /* a wide character that would stick out is left out */
    assert_string_equal(buffer, "燃气 ");
    text_init(&text, buffer, sizeof buffer);
    tongue_put_cell(&text, "ab", 4);
    assert_string_equal(buffer, "ab  ");
    text_init(&text, buffer, sizeof buffer);
    tongue_put_cell(&text, "", 0);
    assert_string_equal(buffer, "");
}

static void test_labels_fall_back(void **state)
{
    (void)state;
    struct tongue const zh = {.language = LANGUAGE_ZH, .utf8 = true};
    struct tongue const en = {.language = LANGUAGE_EN};
    assert_string_equal(tongue_label(&zh, "gas", "燃气"), "燃气");
    assert_string_equal(tongue_label(&en, "gas", "燃气"), "gas");
    assert_string_equal(tongue_label(&zh, "gas", ""), "gas");
    assert_string_equal(tongue_label(&en, NULL, "燃气"), "燃气");
    assert_string_equal(tongue_label(&en, NULL, ""), "");
    assert_string_equal(tongue_sign(&en, "≥", ">="), ">=");
    assert_string_equal(tongue_sign(&zh, "≥", ">="), "≥");
}

static void cleans_to(const char *dirty, struct tongue tongue, const char *clean)
{
    char bytes[128];
    assert_true(strlen(dirty) < sizeof bytes);
    memcpy(bytes, dirty, strlen(dirty));
    size_t size = page_clean(bytes, strlen(dirty), &tongue);
    assert_int_equal(size, strlen(clean));
    assert_memory_equal(bytes, clean, size);
}

/* Texts of a site may not move the cursor, ring the bell or rename the window of whoever looks at them. */
static void test_pages_are_cleaned(void **state)
{
    (void)state;
    struct tongue const plain = {.utf8 = true};
    struct tongue const colour = {.utf8 = true, .colour = true};
    struct tongue const ascii = {.utf8 = false};
    cleans_to("a\tb\n燃气 ≥", plain, "a\tb\n燃气 ≥");
    cleans_to("燃气 52 °C", ascii, "?? 52 ?C");
    cleans_to("\033[31mred\033[0m", colour, "\033[31mred\033[0m");
    cleans_to("\033[31mred", plain, "[31mred");
    cleans_to("\033]0;title\007x", colour, "]0;titlex");
    cleans_to("\033[2q\033", colour, "[2q");
    cleans_to("a\rb\bc\x7F", plain, "abc");
    cleans_to("x\xC2\x9B"
              "31my",
              plain, "x31my");
    cleans_to("", plain, "");
}

static void test_a_page_is_written_whole(void **state)
{
    (void)state;
    struct tongue const tongue = {.utf8 = true};
    struct page page;
    char *bytes = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&bytes, &size);
    assert_non_null(to);
    assert_int_equal(page_open(&page), ERR_OK);
    tongue_say(&tongue, page.stream, "%d of %s\n", "%d，共 %s\n", 3, "four");
    assert_int_equal(page_show(&page, &tongue, to), ERR_OK);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(bytes, "3 of four\n");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_environment_decides),
        cmocka_unit_test(test_chinese_needs_a_terminal_that_shows_it),
        cmocka_unit_test(test_colours_only_on_a_terminal),
        cmocka_unit_test(test_columns_of_chinese),
        cmocka_unit_test(test_labels_fall_back),
        cmocka_unit_test(test_pages_are_cleaned),
        cmocka_unit_test(test_a_page_is_written_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
