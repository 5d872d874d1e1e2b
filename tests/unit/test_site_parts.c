/* The small parts of the loader: durations, sizes, ids, units, suggestions, names, nodes. */
#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/json.h"
#include "gateway/site/names.h"
#include "gateway/site/shape.h"
#include "gateway/site/units.h"

#define assert_near(is, wanted) assert_true(fabs((is) - (wanted)) < 1e-9) /* cmocka compares as float */

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0s", 0},        {"500ms", 500},    {"15s", 15000},         {"1.5s", 1500},
                {"5min", 300000}, {"30m", 1800000},  {"2h", 7200000},        {"30d", 2592000000},
                {"2 s", 2000},    {"1w", 604800000}, {"3650d", 315360000000}};
    static const char *const bad[] = {"",
                                      "500",
                                      "s",
                                      "-1s",
                                      "+1s",
                                      "1.5ms",
                                      "1..5s",
                                      "1e3s",
                                      "0x10s",
                                      "5 minutes",
                                      ".5s",
                                      "5.s",
                                      "1s ",
                                      "3651d",
                                      "NaNs",
                                      "1,5s",
                                      "99999999999999999999d",
                                      "5S"};
    int64_t ms;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_true(duration_parse(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ms = 42;
        assert_false(duration_parse(bad[i], &ms));
        assert_int_equal(ms, 42);
    }
}

static void sizes(void **state)
{
    (void)state;
    int64_t bytes;
    assert_true(size_parse("2GiB", &bytes) && bytes == (int64_t)2 << 30);
    assert_true(size_parse("64MiB", &bytes) && bytes == (int64_t)64 << 20);
    assert_true(size_parse("1.5KiB", &bytes) && bytes == 1536);
    assert_true(size_parse("5GB", &bytes) && bytes == 5000000000);
    static const char *const bad[] = {"", "2", "2G", "2 gigs", "-1MiB", "1.0001KiB", "9999999TiB"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(size_parse(bad[i], &bytes));
}

static void ids(void **state)
{
    (void)state;
    char longest[SITE_ID_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[SITE_ID_MAX] = '\0';
    assert_true(id_is_good(longest));
    longest[SITE_ID_MAX] = 'a';
    longest[SITE_ID_MAX + 1] = '\0';
    assert_false(id_is_good(longest));
    static const char *const good[] = {"a", "0", "gas-kitchen", "di_1", "9-_"};
    static const char *const bad[] = {"", "-a", "_a", "A", "a.b", "a b", "a/b", "é", "厨房", "a\n"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(id_is_good(good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(id_is_good(bad[i]));
}

static void assert_converts(double value, const char *from, const char *to, double expected)
{
    double factor = 0;
    double addend = 0;
    assert_true(unit_convert(from, to, &factor, &addend));
    assert_near(value * factor + addend, expected);
    assert_true(unit_convert(to, from, &factor, &addend));
    assert_near(expected * factor + addend, value);
}

static void units_convert(void **state)
{
    (void)state;
    double factor = 5;
    double addend = 5;
    assert_converts(0, "Cel", "K", 273.15);
    assert_converts(212, "[degF]", "Cel", 100);
    assert_converts(-40, "[degF]", "Cel", -40);
    assert_converts(14.5, "[psi]", "kPa", 99.973980751);
    assert_converts(0.7, "MPa", "bar", 7);
    assert_converts(36, "km/h", "m/s", 10);
    assert_converts(1.25, "%{vol}", "[ppm]", 12500);
    assert_converts(1, "d", "h", 24);
    assert_converts(2.5, "kW.h", "MJ", 9);
    assert_true(unit_convert("{widget}", "{widget}", &factor, &addend)); /* unknown, but the same */
    assert_near(factor, 1);
    static const char *const apart[][2] = {{"%{LEL}", "%{vol}"}, {"%{LEL}", "%"}, {"mg/m3", "[ppm]"},
                                           {"Cel", "kPa"},       {"", "V"},       {"{widget}", "V"},
                                           {"m", "m/s"}};
    factor = 5;
    for (size_t i = 0; i < ARRAY_SIZE(apart); i++)
        assert_false(unit_convert(apart[i][0], apart[i][1], &factor, &addend));
    assert_near(factor, 5);
    assert_string_equal(unit_of_habit("℃"), "Cel");
    assert_null(unit_of_habit("Cel"));
}

/* Every habit leads to a unit there is. */
static void habits_are_known_units(void **state)
{
    (void)state;
    static const char *const habits[] = {"°C", "℃", "%LEL", "%VOL", "ppm", "psi", "kWh", "rpm", "m³/h", "pH", "Ω"};
    for (size_t i = 0; i < ARRAY_SIZE(habits); i++) {
        assert_non_null(unit_of_habit(habits[i]));
        assert_true(unit_is_known(unit_of_habit(habits[i])));
        assert_false(unit_is_known(habits[i]));
    }
}

static void suggestions(void **state)
{
    (void)state;
    static const char *const names[] = {"baud", "format", "timeout", "host", NULL};
    static const char *const none[] = {NULL};
    struct complaints *complaints = malloc(sizeof *complaints);
    CHECK(complaints != NULL);
    complaints_init(complaints);
    static const char *const cases[][2] = {
        {"buad", "baud"}, {"bauds", "baud"}, {"formt", "format"}, {"timeuot", "timeout"}, {"Host", "host"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct words words = words_suggest(complaints, cases[i][0], name_of_array, names);
        assert_non_null(strstr(words.text[LANGUAGE_EN], "did you mean"));
        assert_non_null(strstr(words.text[LANGUAGE_EN], cases[i][1]));
        assert_non_null(strstr(words.text[LANGUAGE_ZH], "是不是想写"));
    }
    assert_string_equal(words_suggest(complaints, "voltage", name_of_array, names).text[LANGUAGE_EN],
                        "allowed: baud, format, timeout, host");
    assert_string_equal(words_suggest(complaints, "x", name_of_array, none).text[LANGUAGE_ZH], "一个也没有");
    char *huge = malloc(100001);
    CHECK(huge != NULL);
    memset(huge, 'b', 100000);
    huge[100000] = '\0';
    assert_non_null(words_suggest(complaints, huge, name_of_array, names).text[LANGUAGE_EN]);
    assert_true(strlen(words_quote(complaints, huge).text[LANGUAGE_EN]) < 80);
    free(huge);
    assert_string_equal(words_quote(complaints, "a\nb").text[LANGUAGE_EN], "\"a?b\"");
    complaints_close(complaints);
    free(complaints);
}

static void nodes_know_their_places(void **state)
{
    (void)state;
    static const char text[] = "{ \"名\": [1, {\"a.b\": true}],\n\t\"x\": \"y\", \"x\": 2 }";
    struct complaints *complaints = malloc(sizeof *complaints);
    CHECK(complaints != NULL);
    complaints_init(complaints);
    struct document document;
    char path[64];
    assert_int_equal(document_open(&document, "f", text, strlen(text), complaints), ERR_OK);
    const struct node *root = document_root(&document);
    const struct node *list = node_first(root);
    assert_int_equal(node_kind(list), NODE_LIST);
    assert_int_equal(list->marks.key.column, 3);
    assert_int_equal(list->marks.value.column, 8); /* characters, not bytes */
    assert_int_equal(node_count(list), 2);
    const struct node *deep = node_first(node_next(node_first(list)));
    node_path(deep, path, sizeof path);
    assert_string_equal(path, "名[1][\"a.b\"]");
    assert_true(node_is_true(deep));
    const struct node *x = node_next(list);
    assert_string_equal(node_string(x), "y"); /* the first of the doubled ones */
    assert_int_equal(node_line(x, ON_KEY), 2);
    assert_null(node_next(x));
    assert_int_equal(node_count(root), 2);
    assert_ptr_equal(node_parent(deep), node_next(node_first(list)));
    assert_int_equal(complaints->errors, 1);
    assert_string_equal(complaints->list[0].code, "doubled_key");
    assert_int_equal(complaints->list[0].column, 12);
    document_close(&document);
    complaints_close(complaints);
    free(complaints);
}

static void names_are_found_by_kind(void **state)
{
    (void)state;
    struct arena arena;
    struct names names;
    char ids_of[300][8];
    arena_init(&arena, (size_t)1 << 20);
    assert_int_equal(names_init(&names, 300, &arena), ERR_OK);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(ids_of[i], sizeof ids_of[i], "id-%d", i % 150);
        names_add(&names, i < 150 ? NAME_SLAVE : NAME_DEVICE, ids_of[i], i, NULL);
    }
    assert_int_equal(names_find(&names, NAME_SLAVE, "id-149")->index, 149);
    assert_int_equal(names_find(&names, NAME_DEVICE, "id-149")->index, 299);
    assert_null(names_find(&names, NAME_ZONE, "id-149"));
    assert_null(names_find(&names, NAME_SLAVE, "id-150"));
    struct names_of_kind const of = {&names, NAME_DEVICE};
    assert_string_equal(name_of_kind(&of, 149), "id-149");
    assert_null(name_of_kind(&of, 150));
    arena_close(&arena);
}

/* Every sentence is there in both languages and asks for no more words than there may be. */
static void sentences_are_complete(void **state)
{
    (void)state;
    struct complaints *complaints = malloc(sizeof *complaints);
    CHECK(complaints != NULL);
    complaints_init(complaints);
    struct place const place = {.file = "f", .line = 1, .column = 1, .path = "p"};
    for (int i = 0; i < SENTENCE_COUNT && complaints_want_words(complaints); i++) {
        complain(complaints, &place, (enum sentence)i, WORDS(same("w0"), same("w1"), same("w2"), same("w3")));
        const struct complaint *complaint = &complaints->list[complaints->count - 1];
        for (size_t language = 0; language < 2; language++) {
            assert_true(strlen(complaint->text[language]) > 4);
            assert_null(strstr(complaint->text[language], "{0}"));
            assert_null(strstr(complaint->text[language], "{4}"));
        }
        /* Both languages say the same words. */
        for (char digit = '0'; digit < '4'; digit++) {
            char const word[] = {'w', digit, '\0'};
            assert_int_equal(strstr(complaint->text[0], word) != NULL, strstr(complaint->text[1], word) != NULL);
        }
        for (int j = 0; j < i; j++)
            assert_string_not_equal(sentence_code((enum sentence)i), sentence_code((enum sentence)j));
    }
    complaints_close(complaints);
    free(complaints);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(ids),
        cmocka_unit_test(units_convert),
        cmocka_unit_test(habits_are_known_units),
        cmocka_unit_test(suggestions),
        cmocka_unit_test(nodes_know_their_places),
        cmocka_unit_test(names_are_found_by_kind),
        cmocka_unit_test(sentences_are_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
