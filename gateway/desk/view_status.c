/* The picture of `outpost status`: what is wrong, then tables. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/desk/view_words.h"

static const char *state_word(const struct tongue *tongue, const char *state)
{
    static const char *const words[][3] = {
        {"good", "good", "正常"},        {"closed", "CLOSED", "未打开"},     {"behind", "BEHIND", "来不及"},
        {"silent", "SILENT", "无应答"},  {"garbled", "GARBLED", "乱码"},     {"stranger", "STRANGER", "型号不符"},
        {"refusing", "REFUSES", "拒绝"}, {"starting", "starting", "启动中"}, {"bus_lost", "bus lost", "总线断开"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(words[i][0], state) == 0)
            return tongue_pick(tongue, words[i][1], words[i][2]);
    return state;
}

static void put_count(struct sheet *sheet, const cJSON *item, const char *key)
{
    sheet_put_number(sheet, number_of(item, key) > 0 ? number_of(item, key) : NO_LIMIT);
}

static void put_percent(struct sheet *sheet, const cJSON *item, const char *key)
{
    if (member(item, key) != NULL)
        sheet_put_format(sheet, "%.0f %%", number_of(item, key));
    else
        sheet_put(sheet, NULL);
}

/* Of all that have ended. */
static void put_good(struct sheet *sheet, const cJSON *item)
{
    static const char *const bad[] = {"timeouts", "garbled", "exceptions", "lost"};
    double const good = number_of(item, "good");
    double all = good;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        all += number_of(item, bad[i]);
    if (all > 0)
        sheet_put_format(sheet, "%.1f %%", good < all ? (100 * good / all < 99.95 ? 100 * good / all : 99.9) : 100.0);
    else
        sheet_put(sheet, NULL);
}

static void put_ms(struct sheet *sheet, const cJSON *item, const char *key)
{
    if (member(item, key) != NULL)
        sheet_put_format(sheet, "%.1f", number_of(item, key) / 1000);
    else
        sheet_put(sheet, NULL);
}

/* "2 x12, 6 x1" */
static void put_codes(struct sheet *sheet, const cJSON *item)
{
    const cJSON *code = NULL;
    struct text *text = sheet_begin(sheet);
    cJSON_ArrayForEach(code, member(item, "codes"))
        text_put_format(text, "%s%s x%.0f", text->used > 0 ? ", " : "", code->string, code->valuedouble);
    sheet_end(sheet);
}

/* Achieved against planned of the class with the shortest plan, as the site file has them. */
static void put_periods(struct sheet *sheet, const struct tongue *tongue, const cJSON *item)
{
    const cJSON *poll = NULL;
    char words[VIEW_WORDS_SIZE];
    struct text *text = sheet_begin(sheet);
    cJSON_ArrayForEach(poll, member(item, "polls"))
    {
        text_put_format(text, "%s%s ", text->used > 0 ? ", " : "", view_poll(tongue, poll->string));
        text_put(text, member(poll, "achieved_ms") != NULL
                           ? view_duration(tongue, number_of(poll, "achieved_ms"), words)
                           : "--");
        if (number_of(poll, "planned_ms") > 0)
            text_put_format(text, " / %s", view_duration(tongue, number_of(poll, "planned_ms"), words));
    }
    sheet_end(sheet);
}

static const struct column bus_columns[] = {
    {"bus", "bus", "总线", CELL_TEXT, FOR_PEOPLE},
    {"state", "state", "状态", CELL_TEXT, FOR_PEOPLE},
    {"load", "load", "负荷", CELL_TEXT, FOR_PEOPLE},
    {"wire", "characters", "字符占用", CELL_TEXT, FOR_PEOPLE},
    {"requests", "requests", "请求", CELL_NUMBER, FOR_PEOPLE},
    {"good", "good", "成功", CELL_TEXT, FOR_PEOPLE},
    {"timeouts", "no answer", "无应答", CELL_NUMBER, FOR_PEOPLE},
    {"garbled", "garbled", "乱码", CELL_NUMBER, FOR_PEOPLE},
    {"crc", "CRC", "CRC", CELL_NUMBER, FOR_PEOPLE},
    {"late", "late", "迟到", CELL_NUMBER, FOR_PEOPLE},
    {"foreign", "foreign", "外来", CELL_NUMBER, FOR_PEOPLE},
    {"echo", "echo", "回显", CELL_NUMBER, FOR_PEOPLE},
    {"codes", "exceptions", "异常码", CELL_TEXT, FOR_PEOPLE},
    {"reopened", "opened", "打开次数", CELL_NUMBER, FOR_PEOPLE},
    {"periods", "period / planned", "周期 / 计划", CELL_TEXT, FOR_PEOPLE},
};

static void put_bus(struct sheet *sheet, const struct tongue *tongue, const cJSON *bus)
{
    sheet_put(sheet, text_of(bus, "bus"));
    sheet_put(sheet, state_word(tongue, text_of(bus, "state")));
    put_percent(sheet, bus, "load_pct");
    put_percent(sheet, bus, "wire_pct");
    put_count(sheet, bus, "requests");
    put_good(sheet, bus);
    put_count(sheet, bus, "timeouts");
    put_count(sheet, bus, "garbled");
    put_count(sheet, bus, "crc");
    put_count(sheet, bus, "late");
    put_count(sheet, bus, "foreign");
    put_count(sheet, bus, "echo");
    put_codes(sheet, bus);
    put_count(sheet, bus, "reopened");
    put_periods(sheet, tongue, bus);
}

static const struct column slave_columns[] = {
    {"slave", "slave", "从站", CELL_TEXT, FOR_PEOPLE},
    {"bus", "bus", "总线", CELL_TEXT, FOR_PEOPLE},
    {"unit", "unit", "地址", CELL_NUMBER, FOR_PEOPLE},
    {"state", "state", "状态", CELL_TEXT, FOR_PEOPLE},
    {"p50", "median ms", "中位 ms", CELL_NUMBER, FOR_PEOPLE},
    {"p99", "p99 ms", "p99 ms", CELL_NUMBER, FOR_PEOPLE},
    {"good", "good", "成功", CELL_TEXT, FOR_PEOPLE},
    {"timeouts", "no answer", "无应答", CELL_NUMBER, FOR_PEOPLE},
    {"garbled", "garbled", "乱码", CELL_NUMBER, FOR_PEOPLE},
    {"crc", "CRC", "CRC", CELL_NUMBER, FOR_PEOPLE},
    {"late", "late", "迟到", CELL_NUMBER, FOR_PEOPLE},
    {"codes", "exceptions", "异常码", CELL_TEXT, FOR_PEOPLE},
    {"last", "last exception", "最近异常", CELL_TEXT, FOR_PEOPLE},
    {"age", "last answer", "最近应答", CELL_TEXT, FOR_PEOPLE},
};

static void put_slave(struct sheet *sheet, const struct tongue *tongue, const cJSON *slave)
{
    const cJSON *last = member(slave, "last_exception");
    sheet_put(sheet, text_of(slave, "slave"));
    sheet_put(sheet, text_of(slave, "bus"));
    sheet_put_number(sheet, number_of(slave, "unit"));
    sheet_put(sheet, state_word(tongue, text_of(slave, "state")));
    put_ms(sheet, slave, "rtt_p50_us");
    put_ms(sheet, slave, "rtt_p99_us");
    put_good(sheet, slave);
    put_count(sheet, slave, "timeouts");
    put_count(sheet, slave, "garbled");
    put_count(sheet, slave, "crc");
    put_count(sheet, slave, "late");
    put_codes(sheet, slave);
    struct text *text = sheet_begin(sheet);
    if (last != NULL) {
        text_put_format(text, "%.0f %s, ", number_of(last, "code"),
                        view_exception(tongue, (int)number_of(last, "code")));
        view_put_duration(text, tongue, number_of(last, "age_ms"));
    }
    sheet_end(sheet);
    text = sheet_begin(sheet);
    if (member(slave, "age_ms") != NULL)
        view_put_duration(text, tongue, number_of(slave, "age_ms"));
    sheet_end(sheet);
}

static const struct column centre_columns[] = {
    {"centre", "centre", "中心", CELL_TEXT, FOR_PEOPLE},
    {"state", "state", "状态", CELL_TEXT, FOR_PEOPLE},
    {"alarms", "alarms waiting", "待发报警", CELL_NUMBER, FOR_PEOPLE},
    {"telemetry", "telemetry waiting", "待发遥测", CELL_NUMBER, FOR_PEOPLE},
    {"acked", "last acknowledged", "最近送达", CELL_TEXT, FOR_PEOPLE},
    {"reconnects", "reconnects", "重连", CELL_NUMBER, FOR_PEOPLE},
};

static const char *centre_state(const struct tongue *tongue, const cJSON *centre)
{
    if (is_true(centre, "refused"))
        return tongue_pick(tongue, "REFUSES", "拒绝接收");
    return is_true(centre, "connected") ? tongue_pick(tongue, "connected", "已连接")
                                        : tongue_pick(tongue, "NOT CONNECTED", "未连接");
}

static void put_centre(struct sheet *sheet, const struct tongue *tongue, const cJSON *centre)
{
    const cJSON *backlog = member(centre, "backlog");
    sheet_put(sheet, text_of(centre, "centre"));
    sheet_put(sheet, centre_state(tongue, centre));
    sheet_put_number(sheet, number_of(backlog, "a"));
    sheet_put_number(sheet, number_of(backlog, "t"));
    struct text *text = sheet_begin(sheet);
    if (member(centre, "acked_age_ms") != NULL)
        view_put_duration(text, tongue, number_of(centre, "acked_age_ms"));
    else
        text_put(text, tongue_pick(tongue, "never", "从未"));
    sheet_end(sheet);
    put_count(sheet, centre, "reconnects");
}

static const struct column interlock_columns[] = {
    {"dev", "interlock", "联锁", CELL_TEXT, FOR_PEOPLE},
    {"state", "state", "状态", CELL_TEXT, FOR_PEOPLE},
};

static void put_interlock(struct sheet *sheet, const struct tongue *tongue, const cJSON *interlock)
{
    sheet_put(sheet, text_of(interlock, "dev"));
    sheet_put(sheet, view_interlock_words(tongue, interlock));
}

/* A table of a list, what is wrong first. */
struct listing {
    const char *key;
    const struct column *columns;
    size_t column_count;
    bool (*is_well)(const cJSON *item);
    void (*put)(struct sheet *sheet, const struct tongue *tongue, const cJSON *item);
};

static const struct listing listings[] = {
    {"buses", bus_columns, ARRAY_SIZE(bus_columns), view_is_good, put_bus},
    {"slaves", slave_columns, ARRAY_SIZE(slave_columns), view_is_good, put_slave},
    {"centres", centre_columns, ARRAY_SIZE(centre_columns), view_centre_is_well, put_centre},
    {"interlocks", interlock_columns, ARRAY_SIZE(interlock_columns), view_interlock_is_well, put_interlock},
};

static void put_listing(struct paper *paper, const struct listing *listing, const cJSON *answer)
{
    struct sheet sheet;
    const cJSON *item = NULL;
    sheet_open(&sheet, listing->columns, listing->column_count);
    for (int well = 0; well <= 1; well++)
        cJSON_ArrayForEach(item, member(answer, listing->key)) if (listing->is_well(item) == (well != 0))
            listing->put(&sheet, &paper->tongue, item);
    if (sheet.count > 0)
        (void)fputs("\n", paper->to);
    paper_table(paper, listing->key, "", "", &sheet);
}

static void put_head(FILE *to, const struct tongue *tongue, const cJSON *answer, size_t wrong)
{
    const cJSON *gateway = member(answer, "gateway");
    char words[VIEW_WORDS_SIZE];
    (void)fprintf(to, "%s %s  ", text_of(answer, "gw"), text_of(answer, "name"));
    view_put_time(to, number_of(answer, "at"), true);
    if (wrong == 0)
        tongue_say(tongue, to, "  all is well\n", "  一切正常\n");
    else
        tongue_say(tongue, to, wrong == 1 ? "  %zu thing is wrong\n" : "  %zu things are wrong\n", "  %zu 处异常\n",
                   wrong);
    tongue_say(tongue, to, "outpost %s, up %s, boot %.0f, clock %s\n",
               "outpost %s，已运行 %s，第 %.0f 次启动，时钟%s\n", text_of(gateway, "version"),
               view_duration(tongue, number_of(gateway, "uptime_s") * 1000, words), number_of(gateway, "boot"),
               strcmp(text_of(gateway, "clk"), "sync") == 0 ? tongue_pick(tongue, "synchronised", "已同步")
                                                            : tongue_pick(tongue, "NOT synchronised", "未同步"));
}

static void put_alarms(FILE *to, const struct tongue *tongue, const cJSON *alarms)
{
    tongue_say(tongue, to, "\nalarms: %.0f raised, %.0f in the last ten minutes, %.0f at most",
               "\n报警：共 %.0f 次，近十分钟 %.0f 次，最多 %.0f 次", number_of(alarms, "raised"),
               number_of(alarms, "recent"), number_of(alarms, "peak"));
    if (number_of(alarms, "chattering") > 0)
        tongue_say(tongue, to, ", %.0f come and go", "，%.0f 项反复报警", number_of(alarms, "chattering"));
    if (is_true(alarms, "flood"))
        tongue_say(tongue, to, ", FLOOD: those of medium priority and below are sent in sums",
                   "，报警洪峰：中级及以下的报警汇总上报");
    (void)fputs("\n", to);
}

static void put_journal(FILE *to, const struct tongue *tongue, const cJSON *journal)
{
    tongue_say(tongue, to, "\njournal: %.1f of %.0f MB", "\n日志库：%.1f / %.0f MB", number_of(journal, "bytes") / 1e6,
               number_of(journal, "max_bytes") / 1e6);
    if (member(journal, "days_to_full") != NULL)
        tongue_say(tongue, to, ", full in %.0f days at this pace", "，按此速度 %.0f 天后满",
                   number_of(journal, "days_to_full"));
    if (number_of(journal, "dropped") > 0)
        tongue_say(tongue, to, ", %.0f telemetry records dropped", "，已丢弃遥测 %.0f 条",
                   number_of(journal, "dropped"));
    if (is_true(journal, "budget_used"))
        tongue_say(tongue, to, "; the flash budget is used up: telemetry is sent from memory, most of it is not kept",
                   "；写入预算已用完：遥测由内存直接上报，多数不再保存");
    (void)fputs("\n", to);
}

size_t view_status(struct paper *paper, const cJSON *answer)
{
    size_t const wrong = view_status_wrong(answer);
    put_head(paper->to, &paper->tongue, answer, wrong);
    view_put_drill(paper->to, &paper->tongue, answer);
    view_put_wrong(paper->to, &paper->tongue, answer);
    for (size_t i = 0; i < ARRAY_SIZE(listings); i++)
        put_listing(paper, &listings[i], answer);
    if (member(answer, "alarms") != NULL)
        put_alarms(paper->to, &paper->tongue, member(answer, "alarms"));
    if (member(answer, "journal") != NULL)
        put_journal(paper->to, &paper->tongue, member(answer, "journal"));
    return wrong;
}
