/* Three forms of one paper. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "gateway/base/check.h"
#include "gateway/desk/paper.h"

static const struct tongue english = {.language = LANGUAGE_EN, .utf8 = true};
static const struct tongue chinese = {.language = LANGUAGE_ZH, .utf8 = true};
static const struct tongue poor = {.language = LANGUAGE_EN};

static const struct column facts[] = {
    {"id", "name", "名称", CELL_CODE, FOR_ALL},          {"source", "source", "来源", CELL_TEXT, FOR_ALL},
    {"open", "open to all", "开放", CELL_FLAG, FOR_ALL}, {"closed", "closed", "关闭", CELL_FLAG, FOR_ALL},
    {"count", "", "", CELL_NUMBER, FOR_PROGRAMS},
};
static const struct column rows[] = {
    {"id", "id", "编号", CELL_CODE, FOR_ALL},         {"zh", "中文", "中文", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
    {"", "what", "名称", CELL_TEXT, FORM_TEXT},       {"limit", "limit", "限值", CELL_NUMBER, FOR_ALL},
    {"delay", "delay", "延时", CELL_TEXT, FOR_ALL},   {"never", "never filled", "从不", CELL_TEXT, FOR_ALL},
    {"latch", "latched", "锁存", CELL_FLAG, FOR_ALL},
};

static void put_row(struct sheet *sheet, const char *id, const char *zh, double limit, int64_t ms, bool latch)
{
    sheet_put(sheet, id);
    sheet_put(sheet, zh);
    sheet_put(sheet, zh);
    sheet_put_number(sheet, limit);
    sheet_put_duration(sheet, ms);
    sheet_put(sheet, NULL);
    sheet_put_flag(sheet, latch);
}

static char *print(enum form form, const struct tongue *tongue)
{
    struct paper paper;
    struct sheet sheet;
    char *bytes = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&bytes, &size);
    assert_non_null(to);
    assert_int_equal(paper_open(&paper, form, tongue), ERR_OK);
    paper_heading(&paper, 1, "gas", "燃气");
    paper_remark(&paper, "a remark", "说明");
    paper_remark(&paper, "", "");
    sheet_open(&sheet, facts, ARRAY_SIZE(facts));
    sheet_put_format(&sheet, "gas-%d", 1);
    sheet_put(&sheet, "");
    sheet_put_flag(&sheet, true);
    sheet_put_flag(&sheet, false);
    sheet_put_number(&sheet, 3);
    paper_facts(&paper, &sheet);
    sheet_open(&sheet, rows, ARRAY_SIZE(rows));
    put_row(&sheet, "a", "高限|\"红\"", 40.5, 90000, true);
    put_row(&sheet, "bcd", "低", NO_LIMIT, 0, false);
    paper_table(&paper, "rows", "rows", "行", &sheet);
    sheet_open(&sheet, rows, ARRAY_SIZE(rows));
    paper_table(&paper, "none", "nothing", "没有", &sheet);
    assert_int_equal(paper_show(&paper, to), ERR_OK);
    assert_int_equal(fclose(to), 0);
    return bytes;
}

static void prints(enum form form, const struct tongue *tongue, const char *wanted)
{
    char *bytes = print(form, tongue);
    assert_string_equal(bytes, wanted);
    free(bytes);
}

static void test_text_is_aligned_and_in_one_language(void **state)
{
    (void)state;
    prints(FORM_TEXT, &english,
           "gas\na remark\n  name: gas-1\n  open to all\n\nrows\n"
           "  id   what       limit  delay  latched\n"
           "  a    高限|\"红\"  40.5   90s    ✓\n"
           "  bcd  低\n");
    prints(FORM_TEXT, &chinese,
           "燃气\n说明\n  名称: gas-1\n  开放\n\n行\n"
           "  编号  名称       限值  延时  锁存\n"
           "  a     高限|\"红\"  40.5  90s   ✓\n"
           "  bcd   低\n");
}

static void test_text_falls_back_to_ascii(void **state)
{
    (void)state;
    char *bytes = print(FORM_TEXT, &poor);
    for (const char *at = bytes; *at != '\0'; at++)
        assert_true((unsigned char)*at < 0x80);
    assert_non_null(strstr(bytes, "90s    x\n"));
    free(bytes);
}

static void test_markdown_is_in_both_languages_whatever_the_terminal(void **state)
{
    (void)state;
    prints(FORM_MARKDOWN, &poor,
           "# 燃气 gas\n\n说明\n\na remark\n\n- 名称 name: `gas-1`\n- 开放 open to all\n\n## 行 rows\n\n"
           "| 编号 id | 中文 | 限值 limit | 延时 delay | 锁存 latched |\n|---|---|---|---|---|\n"
           "| `a` | 高限\\|\"红\" | 40.5 | 90s | ✓ |\n| `bcd` | 低 |  |  |  |\n");
}

static void test_json_is_for_programs(void **state)
{
    (void)state;
    char *bytes = print(FORM_JSON, &poor);
    cJSON *told = cJSON_Parse(bytes);
    assert_non_null(told);
    assert_string_equal(cJSON_GetObjectItem(told, "id")->valuestring, "gas-1");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(told, "open")) && cJSON_IsFalse(cJSON_GetObjectItem(told, "closed")));
    assert_int_equal(cJSON_GetObjectItem(told, "count")->valueint, 3);
    assert_null(cJSON_GetObjectItem(told, "source"));
    const cJSON *list = cJSON_GetObjectItem(told, "rows");
    assert_int_equal(cJSON_GetArraySize(list), 2);
    const cJSON *first = cJSON_GetArrayItem(list, 0);
    assert_string_equal(cJSON_GetObjectItem(first, "zh")->valuestring, "高限|\"红\"");
    assert_true(cJSON_GetObjectItem(first, "limit")->valuedouble > 40.4);
    assert_null(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 1), "limit"));
    assert_null(cJSON_GetObjectItem(first, ""));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(told, "none")), 0);
    cJSON_Delete(told);
    free(bytes);
}

static void test_a_cell_too_long_is_no_whole_paper(void **state)
{
    (void)state;
    struct paper paper;
    struct sheet sheet;
    FILE *to = fopen("/dev/null", "we");
    assert_non_null(to);
    assert_int_equal(paper_open(&paper, FORM_TEXT, &english), ERR_OK);
    sheet_open(&sheet, rows, 1);
    struct text *cell = sheet_begin(&sheet);
    for (size_t i = 0; i < SHEET_CELL_MAX; i++)
        text_put(cell, "x");
    sheet_end(&sheet);
    paper_table(&paper, "rows", "", "", &sheet);
    assert_int_equal(paper_show(&paper, to), ERR_MEMORY);
    assert_int_equal(fclose(to), 0);
}

static void test_durations_as_in_a_site_file(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{1, "1ms"}, {1500, "1500ms"}, {15000, "15s"}, {60000, "1min"}, {5400000, "90min"}, {86400000, "1d"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sheet sheet;
        sheet_open(&sheet, rows, 1);
        sheet_put_duration(&sheet, cases[i].ms);
        assert_int_equal(fflush(sheet.stream), 0);
        assert_string_equal(sheet.bytes, cases[i].text);
        assert_int_equal(fclose(sheet.stream), 0);
        free(sheet.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_aligned_and_in_one_language),
        cmocka_unit_test(test_text_falls_back_to_ascii),
        cmocka_unit_test(test_markdown_is_in_both_languages_whatever_the_terminal),
        cmocka_unit_test(test_json_is_for_programs),
        cmocka_unit_test(test_a_cell_too_long_is_no_whole_paper),
        cmocka_unit_test(test_durations_as_in_a_site_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
