#include "gateway/desk/verb.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/desk/action.h"
#include "gateway/desk/paper.h"
#include "gateway/desk/suggest.h"
#include "gateway/model/alarm_state.h"
#include "gateway/site/point.h"
#include "gateway/site/profile.h"

const struct manual manual_class = {
    .en = "A class is what a kind of equipment is: its points with units and ranges, its alarms with their defaults, "
          "the\n"
          "settings it wants to be told, the codes its states have. Site files and profiles use these ids.\n"
          "`list` prints all classes, `show` one of them. With --json, one object; with --markdown, a page for "
          "documents.",
    .zh = "类别定义一种设备：有哪些点（单位、量程）、哪些报警（默认限值和延时）、需要哪些参数、状态有哪些代码。\n"
          "站点文件和型号文件用的就是这些编号。list 列出全部类别，show 显示一个类别。\n"
          "加 --json 输出一个对象，加 --markdown 输出文档页面。",
    .exit_en = "  0  printed\n  1  there is no such class\n  2  wrong usage\n",
    .exit_zh = "  0  已显示\n  1  没有这个类别\n  2  用法错误\n",
    .examples = "  outpost class list\n  outpost class show lift\n"
                "  outpost class show gas_detector --json | jq .alarms\n",
    .words_en = " list | show NAME",
    .words_zh = " list | show 类别",
};

/* --- list ------------------------------------------------------------------------------------------------------------- */

static void put_list(struct paper *paper, const struct class_table *classes)
{
    static const struct column columns[] = {
        {"id", "class", "类别", CELL_CODE, FORM_TEXT | FORM_JSON},
        {"", "class", "类别", CELL_TEXT, FORM_MARKDOWN},
        {"zh", "中文", "中文", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
        {"en", "English", "English", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
        {"", "what it is", "名称", CELL_TEXT, FORM_TEXT},
        {"points", "points", "点", CELL_NUMBER, FOR_ALL},
        {"alarms", "alarms", "报警", CELL_NUMBER, FOR_ALL},
        {"settings", "settings", "参数", CELL_NUMBER, FOR_ALL},
    };
    struct sheet sheet;
    sheet_open(&sheet, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < classes->class_count; i++) {
        const struct device_class *class = classes->classes[i];
        sheet_put(&sheet, class->id);
        sheet_put_format(&sheet, "[%s](%s.md)", class->id, class->id);
        sheet_put(&sheet, class->zh);
        sheet_put(&sheet, class->en);
        sheet_put(&sheet, tongue_pick(&paper->tongue, class->en, class->zh));
        sheet_put_format(&sheet, "%zu", class->point_count);
        sheet_put_format(&sheet, "%zu", class->alarm_count);
        sheet_put_format(&sheet, "%zu", class->setting_count);
    }
    paper_heading(paper, 1, "Device classes", "设备类别");
    paper_remark(paper, "What each kind of equipment is: points, alarms with their defaults, settings, codes.",
                 "每种设备有哪些点、报警（默认值）、参数和代码。");
    paper_table(paper, "classes", "", "", &sheet);
}

/* --- show: points and codes ------------------------------------------------------------------------------------------- */

static const char *const type_words[] = {
    [VALUE_BOOL] = "bool",     [VALUE_INT] = "int",   [VALUE_UINT] = "uint",
    [VALUE_NUMBER] = "number", [VALUE_ENUM] = "code", [VALUE_TEXT] = "text",
};

/* Where its value comes from. Most points are read, so people are not told. */
static void put_source(const struct paper *paper, struct sheet *sheet, const struct class_point *point)
{
    static const char *const keys[] = {"read", "computed", "read_or_computed"};
    static const char *const en[] = {"", "computed", "read or computed"};
    static const char *const zh[] = {"", "计算", "读取或计算"};
    size_t const source = !point->derived ? 0 : point->readable ? 2 : 1;
    if (paper->form == FORM_JSON)
        sheet_put(sheet, keys[source]);
    else if (paper->form == FORM_TEXT)
        sheet_put(sheet, tongue_pick(&paper->tongue, en[source], zh[source]));
    else
        sheet_put_format(sheet, "%s%s%s", zh[source], source > 0 ? " " : "", en[source]);
}

static void put_range(const struct paper *paper, struct sheet *sheet, double minimum, double maximum)
{
    char low[NUMBER_TEXT_MAX] = "";
    char high[NUMBER_TEXT_MAX] = "";
    if (minimum > NO_LIMIT)
        (void)number_text(minimum, low);
    if (maximum > NO_LIMIT)
        (void)number_text(maximum, high);
    sheet_put_format(sheet, "%s%s%s", low,
                     low[0] != '\0' || high[0] != '\0' ? tongue_sign(&paper->tongue, " … ", " .. ") : "", high);
}

static const char *label_of(const struct paper *paper, const char *en, const char *zh)
{
    return tongue_label(&paper->tongue, en, zh);
}

static void put_points(struct paper *paper, const struct device_class *class)
{
    static const struct column columns[] = {
        {"id", "point", "点", CELL_CODE, FOR_ALL},
        {"zh", "中文", "中文", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
        {"en", "English", "English", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
        {"", "what it is", "名称", CELL_TEXT, FORM_TEXT},
        {"type", "type", "类型", CELL_TEXT, FOR_ALL},
        {"unit", "unit", "单位", CELL_CODE, FOR_ALL},
        {"", "range", "量程", CELL_TEXT, FOR_PEOPLE},
        {"minimum", "", "", CELL_NUMBER, FORM_JSON},
        {"maximum", "", "", CELL_NUMBER, FORM_JSON},
        {"deadband", "deadband", "死区", CELL_NUMBER, FOR_ALL},
        {"poll", "poll", "轮询", CELL_TEXT, FOR_ALL},
        {"source", "source", "来源", CELL_TEXT, FOR_ALL},
        {"needs", "needs", "需要", CELL_CODE, FOR_ALL},
        {"use", "use", "使用判据", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
    };
    static const char *const uses[] = {
        [USE_NONE] = "", [USE_COUNTS] = "counts", [USE_SHOWS] = "shows", [USE_FIRST] = "first code"};
    struct sheet sheet;
    sheet_open(&sheet, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < class->point_count; i++) {
        const struct class_point *point = &class->points[i];
        sheet_put(&sheet, point->id);
        sheet_put(&sheet, point->zh);
        sheet_put(&sheet, point->en);
        sheet_put(&sheet, label_of(paper, point->en, point->zh));
        sheet_put(&sheet, type_words[point->type]);
        sheet_put(&sheet, point->unit);
        put_range(paper, &sheet, point->minimum, point->maximum);
        sheet_put_number(&sheet, point->minimum);
        sheet_put_number(&sheet, point->maximum);
        sheet_put_number(&sheet, point->deadband > 0 ? point->deadband : NO_LIMIT);
        sheet_put(&sheet, point->derived && !point->readable ? "" : poll_names[point->poll]);
        put_source(paper, &sheet, point);
        sheet_put(&sheet, point->needs);
        sheet_put(&sheet, uses[point->use]);
    }
    paper_table(paper, "points", "points", "点", &sheet);
}

static const struct column code_columns[] = {
    {"point", "point", "点", CELL_CODE, FOR_ALL},
    {"code", "code", "代码", CELL_CODE, FOR_ALL},
    {"zh", "中文", "中文", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
    {"en", "English", "English", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
    {"", "meaning", "含义", CELL_TEXT, FORM_TEXT},
};

static void put_codes(struct paper *paper, const struct device_class *class)
{
    struct sheet sheet;
    sheet_open(&sheet, code_columns, ARRAY_SIZE(code_columns));
    for (size_t i = 0; i < class->point_count; i++)
        for (size_t j = 0; j < class->points[i].code_count; j++) {
            const struct code *code = &class->points[i].codes[j];
            sheet_put(&sheet, class->points[i].id);
            sheet_put(&sheet, code->id);
            sheet_put(&sheet, code->zh);
            sheet_put(&sheet, code->en);
            sheet_put(&sheet, label_of(paper, code->en, code->zh));
        }
    paper_table(paper, "codes", "codes", "状态代码", &sheet);
}

/* --- show: alarms ----------------------------------------------------------------------------------------------------- */

static void put_number(struct text *to, double number)
{
    text_put_number(to, number, false);
}

/* "50", "1.15 * rated_speed", or both */
static void put_limit(const struct paper *paper, struct text *to, const struct class_alarm *alarm)
{
    bool any = alarm->limit > NO_LIMIT;
    if (any)
        put_number(to, alarm->limit);
    for (size_t i = 0; i < ARRAY_SIZE(alarm->limit_from) && alarm->limit_from[i].setting != NULL; i++) {
        const struct class_limit *from = &alarm->limit_from[i];
        text_put(to, any ? ", " : "");
        if (from->factor < 1 || from->factor > 1) {
            put_number(to, from->factor);
            text_put(to, tongue_sign(&paper->tongue, " × ", " * "));
        }
        text_put(to, from->setting);
        if (from->addend < 0 || from->addend > 0) {
            text_put(to, from->addend < 0 ? " - " : " + ");
            put_number(to, fabs(from->addend));
        }
        any = true;
    }
}

static const char *unit_of(const struct device_class *class, const char *id)
{
    const struct class_point *point = id != NULL ? class_point_find(class, id) : NULL;
    return point != NULL ? point->unit : "";
}

static void put_codes_of(struct text *to, const struct class_alarm *alarm)
{
    for (size_t i = 0; i < ARRAY_SIZE(alarm->codes) && alarm->codes[i] != NULL; i++)
        text_put_format(to, "%s%s", i > 0 ? ", " : " = ", alarm->codes[i]);
}

/* Between the point and its limit: UTF-8, ASCII; NULL: the kind has no limit. */
static const char *const signs[RULE_KIND_COUNT][2] = {
    [RULE_HIHI] = {" ≥ ", " >= "},  [RULE_HI] = {" ≥ ", " >= "},    [RULE_LO] = {" ≤ ", " <= "},
    [RULE_LOLO] = {" ≤ ", " <= "},  [RULE_EQUALS] = {" = ", " = "}, [RULE_DEVIATION] = {" ± ", " +- "},
    [RULE_RATE] = {" Δ ", " +/- "},
};

/* "gas_lel_pct ≥ 40 %{LEL}" */
static void put_condition(const struct paper *paper, struct text *to, const struct device_class *class,
                          const struct class_alarm *alarm)
{
    const char *const *sign = signs[alarm->kind];
    const char *unit = unit_of(class, alarm->point);
    text_put(to, alarm->point != NULL ? alarm->point : "");
    if (alarm->from != NULL)
        text_put_format(to, " - %s", alarm->from);
    if (sign[0] != NULL) {
        text_put(to, tongue_sign(&paper->tongue, sign[0], sign[1]));
        put_limit(paper, to, alarm);
        text_put_format(to, "%s%s", unit[0] != '\0' ? " " : "", unit);
    }
    if (alarm->kind == RULE_RATE)
        text_put_format(to, " / %g s", alarm->over_ms / 1000.0);
    put_codes_of(to, alarm);
    if (alarm->when != NULL)
        text_put_format(to, " (when %s)", alarm->when);
}

static void put_alarm(struct paper *paper, struct sheet *sheet, const struct device_class *class,
                      const struct class_alarm *alarm)
{
    static const char *const kinds[RULE_KIND_COUNT] = {
        [RULE_HIHI] = "hihi", [RULE_HI] = "hi",       [RULE_LO] = "lo",         [RULE_LOLO] = "lolo",
        [RULE_BIT] = "bit",   [RULE_CODE] = "code",   [RULE_EQUALS] = "equals", [RULE_DEVIATION] = "deviation",
        [RULE_RATE] = "rate", [RULE_STUCK] = "stuck", [RULE_COMM] = "comm",     [RULE_FAILED] = "failed",
        [RULE_DUE] = "due",   [RULE_USED] = "used",
    };
    sheet_put(sheet, alarm->id);
    sheet_put(sheet, alarm->zh);
    sheet_put(sheet, alarm->en);
    sheet_put(sheet, label_of(paper, alarm->en, alarm->zh));
    sheet_put(sheet, kinds[alarm->kind]);
    put_condition(paper, sheet_begin(sheet), class, alarm);
    sheet_end(sheet);
    sheet_put(sheet, alarm->point);
    sheet_put_number(sheet, alarm->limit);
    sheet_put_number(sheet, alarm->limit_ceiling);
    sheet_put_number(sheet, alarm->deadband > 0 ? alarm->deadband : NO_LIMIT);
    sheet_put_duration(sheet, alarm->on_delay_ms);
    sheet_put_duration(sheet, alarm->on_delay_max_ms);
    sheet_put_duration(sheet, alarm->off_delay_ms);
    sheet_put(sheet, priority_text(alarm->priority));
    sheet_put_flag(sheet, alarm->latch);
    sheet_put_flag(sheet, alarm->shelvable);
    if (alarm->code != NULL)
        sheet_put_format(sheet, "%s: %s", alarm->code_system != NULL ? alarm->code_system : "", alarm->code);
    else
        sheet_put(sheet, "");
}

static void put_alarms(struct paper *paper, const struct device_class *class)
{
    static const struct column columns[] = {
        {"id", "alarm", "报警", CELL_CODE, FOR_ALL},
        {"zh", "中文", "中文", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
        {"en", "English", "English", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
        {"", "what it is", "名称", CELL_TEXT, FORM_TEXT},
        {"kind", "kind", "种类", CELL_TEXT, FOR_ALL},
        {"condition", "condition", "条件", CELL_CODE, FOR_ALL},
        {"point", "", "", CELL_TEXT, FORM_JSON},
        {"limit", "", "", CELL_NUMBER, FORM_JSON},
        {"limit_ceiling", "limit at most", "限值上限", CELL_NUMBER, FOR_ALL},
        {"deadband", "deadband", "死区", CELL_NUMBER, FOR_ALL},
        {"on_delay", "on delay", "延时", CELL_TEXT, FOR_ALL},
        {"on_delay_max", "at most", "延时上限", CELL_TEXT, FOR_ALL},
        {"off_delay", "off delay", "恢复延时", CELL_TEXT, FOR_ALL},
        {"priority", "priority", "级别", CELL_TEXT, FOR_ALL},
        {"latch", "latched", "锁存", CELL_FLAG, FOR_ALL},
        {"shelvable", "shelvable", "可搁置", CELL_FLAG, FOR_ALL},
        {"code", "code", "标准代码", CELL_TEXT, FOR_ALL},
    };
    struct sheet sheet;
    sheet_open(&sheet, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < class->alarm_count; i++)
        put_alarm(paper, &sheet, class, &class->alarms[i]);
    paper_table(paper, "alarms", "alarms", "报警", &sheet);
}

/* --- show: settings and dialects -------------------------------------------------------------------------------------- */

static void put_choices(struct text *to, const struct class_setting *setting)
{
    for (size_t i = 0; i < setting->choice_count; i++)
        text_put_format(to, "%s%s", i > 0 ? ", " : "", setting->choices[i].id);
}

static void put_settings(struct paper *paper, const struct device_class *class)
{
    static const struct column columns[] = {
        {"id", "setting", "参数", CELL_CODE, FOR_ALL},
        {"zh", "中文", "中文", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
        {"en", "English", "English", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
        {"", "what it is", "名称", CELL_TEXT, FORM_TEXT},
        {"unit", "unit", "单位", CELL_CODE, FOR_ALL},
        {"", "range", "范围", CELL_TEXT, FOR_PEOPLE},
        {"minimum", "", "", CELL_NUMBER, FORM_JSON},
        {"maximum", "", "", CELL_NUMBER, FORM_JSON},
        {"choices", "one of", "可选", CELL_CODE, FOR_ALL},
        {"default", "default", "默认", CELL_TEXT, FOR_ALL},
    };
    struct sheet sheet;
    sheet_open(&sheet, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < class->setting_count; i++) {
        const struct class_setting *setting = &class->settings[i];
        bool const is_word = setting->choices != NULL;
        sheet_put(&sheet, setting->id);
        sheet_put(&sheet, setting->zh);
        sheet_put(&sheet, setting->en);
        sheet_put(&sheet, label_of(paper, setting->en, setting->zh));
        sheet_put(&sheet, setting->unit);
        put_range(paper, &sheet, is_word ? NO_LIMIT : setting->minimum, is_word ? NO_LIMIT : setting->maximum);
        sheet_put_number(&sheet, is_word ? NO_LIMIT : setting->minimum);
        sheet_put_number(&sheet, is_word ? NO_LIMIT : setting->maximum);
        put_choices(sheet_begin(&sheet), setting);
        sheet_end(&sheet);
        if (is_word && setting->standard >= 0 && setting->standard < (double)setting->choice_count)
            sheet_put(&sheet, setting->choices[(size_t)setting->standard].id);
        else
            sheet_put_number(&sheet, setting->standard);
    }
    paper_table(paper, "settings", "settings", "参数", &sheet);
}

static void put_dialects(struct paper *paper, const struct device_class *class)
{
    static const struct column columns[] = {
        {"system", "system", "代码体系", CELL_TEXT, FOR_ALL}, {"point", "point", "点", CELL_CODE, FOR_ALL},
        {"raw", "raw", "原始值", CELL_NUMBER, FOR_ALL},       {"printed", "as printed", "文件写法", CELL_TEXT, FOR_ALL},
        {"means", "means", "对应代码", CELL_CODE, FOR_ALL},
    };
    struct sheet sheet;
    sheet_open(&sheet, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < class->dialect_count; i++)
        for (size_t j = 0; j < class->dialects[i].code_count; j++) {
            const struct dialect_code *code = &class->dialects[i].codes[j];
            sheet_put(&sheet, class->dialects[i].system);
            sheet_put(&sheet, class->dialects[i].point);
            sheet_put_format(&sheet, "%" PRId64, code->raw);
            sheet_put(&sheet, code->code);
            sheet_put(&sheet, code->means);
        }
    paper_table(paper, "dialects", "code systems", "代码体系", &sheet);
}

/* --- show ------------------------------------------------------------------------------------------------------------- */

static void put_class(struct paper *paper, const struct device_class *class)
{
    static const struct column facts[] = {
        {"id", "class", "类别", CELL_CODE, FOR_ALL},
        {"zh", "", "", CELL_TEXT, FORM_JSON},
        {"en", "", "", CELL_TEXT, FORM_JSON},
        {"channel", "its channels are of class", "通道类别", CELL_CODE, FOR_ALL},
        {"open", "profile or site file may add points under any id", "型号文件或站点文件可另加任意编号的点", CELL_FLAG,
         FOR_ALL},
        {"never_written", "never written: the gateway only looks", "从不写入：网关只看", CELL_FLAG, FOR_ALL},
    };
    struct sheet sheet;
    sheet_open(&sheet, facts, ARRAY_SIZE(facts));
    sheet_put(&sheet, class->id);
    sheet_put(&sheet, class->zh);
    sheet_put(&sheet, class->en);
    sheet_put(&sheet, class->channel != NULL ? class->channel->id : "");
    sheet_put_flag(&sheet, class->open);
    sheet_put_flag(&sheet, class->never_written);
    paper_heading(paper, 1, class->en, class->zh);
    paper_facts(paper, &sheet);
    put_points(paper, class);
    put_alarms(paper, class);
    put_settings(paper, class);
    put_codes(paper, class);
    put_dialects(paper, class);
}

static int no_such_class(const struct desk *desk, const char *name)
{
    const struct class_table *classes = desk->doors->classes;
    struct suggest suggest;
    suggest_start(&suggest, name);
    for (size_t i = 0; i < classes->class_count; i++)
        suggest_try(&suggest, classes->classes[i]->id);
    if (suggest.best != NULL)
        desk_complain(desk, "there is no class %s; did you mean %s?", "没有类别 %s，是否指 %s？", name, suggest.best);
    else
        desk_complain(desk, "there is no class %s; see: outpost class list", "没有类别 %s；参见：outpost class list",
                      name);
    return EXIT_WRONG;
}

/* A page with a list of all, or with one class. */
static int show(const struct desk *desk, const struct device_class *class)
{
    struct paper paper;
    if (paper_open(&paper, form_asked(&desk->options), &desk->tongue) != ERR_OK)
        return EXIT_WRONG;
    if (class != NULL)
        put_class(&paper, class);
    else
        put_list(&paper, desk->doors->classes);
    return paper_show(&paper, stdout) == ERR_OK ? EXIT_GOOD : EXIT_WRONG;
}

static int run_list(const struct desk *desk)
{
    return show(desk, NULL);
}

static int run_show(const struct desk *desk)
{
    const char *name = desk->options.words[1];
    const struct device_class *class = class_find(desk->doors->classes, name);
    return class != NULL ? show(desk, class) : no_such_class(desk, name);
}

int verb_class(const struct desk *desk)
{
    static const struct action actions[] = {
        {"list", 0, 0, "", "", run_list},
        {"show", 1, 1, " NAME", " 类别", run_show},
    };
    return action_run(desk, "class", actions, ARRAY_SIZE(actions));
}
