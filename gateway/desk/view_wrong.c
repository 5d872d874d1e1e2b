/* What is wrong with a gateway, a sentence each with what to do about it. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/desk/view_words.h"

static bool is_state(const cJSON *item, const char *state)
{
    return strcmp(text_of(item, "state"), state) == 0;
}

bool view_centre_is_well(const cJSON *centre)
{
    return is_true(centre, "connected") && !is_true(centre, "refused");
}

bool view_is_good(const cJSON *item)
{
    return is_state(item, "good");
}

/* Or its bus says so for it. */
static bool has_nothing_to_say(const cJSON *slave)
{
    return view_is_good(slave) || is_state(slave, "bus_lost");
}

bool view_interlock_is_well(const cJSON *interlock)
{
    return !is_true(interlock, "failed");
}

static size_t count_wrong(const cJSON *list, bool (*is_well)(const cJSON *item))
{
    size_t wrong = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list) wrong += is_well(item) ? 0 : 1;
    return wrong;
}

size_t view_status_wrong(const cJSON *answer)
{
    const cJSON *journal = member(answer, "journal");
    return count_wrong(member(answer, "interlocks"), view_interlock_is_well) +
           count_wrong(member(answer, "buses"), view_is_good) +
           count_wrong(member(answer, "slaves"), has_nothing_to_say) +
           count_wrong(member(answer, "centres"), view_centre_is_well) +
           (journal != NULL && !is_true(journal, "ok") ? 1 : 0);
}

/* Durations as people say them: 340 ms, 12 s, 5 min, 3 h, 12 d. */
void view_put_duration(struct text *to, const struct tongue *tongue, double ms)
{
    static const struct {
        double ms;
        const char *en;
        const char *zh;
    } units[] = {
        {1, "ms", "毫秒"}, {1000, "s", "秒"}, {60000, "min", "分钟"}, {3600000, "h", "小时"}, {86400000, "d", "天"}};
    size_t at = 0;
    while (at + 1 < ARRAY_SIZE(units) && ms >= 2 * units[at + 1].ms)
        at++;
    text_put_format(to, "%.0f %s", ms / units[at].ms, tongue_pick(tongue, units[at].en, units[at].zh));
}

const char *view_duration(const struct tongue *tongue, double ms, char ret_words[static VIEW_WORDS_SIZE])
{
    struct text text;
    text_init(&text, ret_words, VIEW_WORDS_SIZE);
    view_put_duration(&text, tongue, ms);
    return ret_words;
}

const char *view_poll(const struct tongue *tongue, const char *poll)
{
    static const char *const words[][3] = {
        {"safety", "safety", "安全"}, {"normal", "normal", "一般"}, {"slow", "slow", "慢速"}};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(words[i][0], poll) == 0)
            return tongue_pick(tongue, words[i][1], words[i][2]);
    return poll;
}

const char *view_exception(const struct tongue *tongue, int code)
{
    static const char *const words[][2] = {
        {"other", "其他"},
        {"illegal function", "不支持的功能码"},
        {"illegal address", "地址无效"},
        {"illegal value", "数值或数量无效"},
        {"device failure", "设备故障"},
        {"acknowledge", "已受理，处理中"},
        {"device busy", "设备忙"},
        {"negative acknowledge", "拒绝执行"},
        {"memory parity error", "存储校验错"},
        {"other", "其他"},
        {"gateway path unavailable", "网关路径不可用"},
        {"gateway target silent", "网关后的设备无应答"},
    };
    bool const known = code > 0 && (size_t)code < ARRAY_SIZE(words);
    return tongue_pick(tongue, words[known ? code : 0][0], words[known ? code : 0][1]);
}

static void begin_sentence(FILE *to, const struct tongue *tongue)
{
    (void)fprintf(to, "%s%s%s ", tongue_tint(tongue, PRIORITY_CRITICAL), tongue_sign(tongue, "●", "!"),
                  tongue_plain(tongue));
}

static void say_interlock(FILE *to, const struct tongue *tongue, const cJSON *interlock)
{
    begin_sentence(to, tongue);
    tongue_say(tongue, to, "interlock %s: its action FAILED; go and look\n", "联锁 %s：动作失败，请到现场查看\n",
               text_of(interlock, "dev"));
}

/* The reason comes from the driver, in English: in Chinese it stands in brackets behind the sentence. */
static void say_lost(FILE *to, const struct tongue *tongue, const cJSON *bus, const cJSON *slaves)
{
    const char *trouble = text_of(bus, "trouble");
    const cJSON *slave = NULL;
    size_t behind = 0;
    cJSON_ArrayForEach(slave, slaves) behind += strcmp(text_of(slave, "bus"), text_of(bus, "bus")) == 0 ? 1 : 0;
    tongue_say(tongue, to,
               behind == 1 ? "bus %s is not open, %zu slave is behind it: %s\n"
                           : "bus %s is not open, %zu slaves are behind it: %s\n",
               "总线 %s 未打开，其上 %zu 个从站无法读取（%s）\n", text_of(bus, "bus"), behind,
               trouble[0] != '\0' ? trouble : tongue_pick(tongue, "it broke off", "连接中断"));
}

static void say_behind(FILE *to, const struct tongue *tongue, const cJSON *bus)
{
    const cJSON *poll = NULL;
    const char *mark = tongue_pick(tongue, ":", "：");
    char planned[VIEW_WORDS_SIZE];
    char achieved[VIEW_WORDS_SIZE];
    tongue_say(tongue, to, "bus %s is behind", "总线 %s 来不及", text_of(bus, "bus"));
    cJSON_ArrayForEach(poll, member(bus, "polls"))
    {
        if (!is_true(poll, "behind"))
            continue;
        tongue_say(tongue, to, "%s %s readings of %s are planned every %s and come every %s",
                   "%s%s读数（%s）计划每 %s，实际每 %s", mark, view_poll(tongue, poll->string), text_of(poll, "slave"),
                   view_duration(tongue, number_of(poll, "planned_ms"), planned),
                   view_duration(tongue, number_of(poll, "achieved_ms"), achieved));
        mark = tongue_pick(tongue, ",", "，");
    }
    tongue_say(tongue, to, "; see `outpost plan`\n", "；见 outpost plan\n");
}

static void say_buses(FILE *to, const struct tongue *tongue, const cJSON *answer)
{
    const cJSON *bus = NULL;
    cJSON_ArrayForEach(bus, member(answer, "buses"))
    {
        if (view_is_good(bus))
            continue;
        begin_sentence(to, tongue);
        if (is_state(bus, "behind"))
            say_behind(to, tongue, bus);
        else
            say_lost(to, tongue, bus, member(answer, "slaves"));
    }
}

static void say_stranger(FILE *to, const struct tongue *tongue, const cJSON *slave)
{
    const cJSON *stranger = member(slave, "stranger");
    tongue_say(tongue, to,
               "answers, but is not what profile %s describes: register %.0f has %.0f, not %.0f; nothing of it is "
               "taken. Is it another model, or another address?\n",
               "有应答，但不是型号文件 %s 所描述的设备：寄存器 %.0f 为 %.0f，应为 %.0f；其数据一律不采用。"
               "请核对型号和地址\n",
               text_of(slave, "profile"), number_of(stranger, "address"), number_of(stranger, "found"),
               number_of(stranger, "expected"));
}

static void say_refusing(FILE *to, const struct tongue *tongue, const cJSON *slave)
{
    const char *profile = text_of(slave, "profile");
    const cJSON *refused = member(slave, "refused");
    const cJSON *item = NULL;
    tongue_say(tongue, to,
               "refuses to be read (%s); these lines of %s do not fit it:", "拒绝读取（%s），%s中这些行不符：",
               view_exception(tongue, (int)number_of(cJSON_GetArrayItem(refused, 0), "code")),
               profile[0] != '\0' ? profile : tongue_pick(tongue, "the site file", "站点文件"));
    cJSON_ArrayForEach(item, refused) tongue_say(
        tongue, to, " %s (function %.0f, address %.0f, exception %.0f)", " %s（功能码 %.0f，地址 %.0f，异常 %.0f）",
        text_of(item, "point"), number_of(item, "function"), number_of(item, "address"), number_of(item, "code"));
    double const more = number_of(slave, "refused_points") - cJSON_GetArraySize(refused);
    if (more > 0)
        tongue_say(tongue, to, " and %.0f more", " 等，另有 %.0f 个", more);
    (void)fputs("\n", to);
}

static void say_garbled(FILE *to, const struct tongue *tongue, const cJSON *slave)
{
    bool const crc = number_of(slave, "crc") > 0;
    tongue_say(tongue, to,
               "answers, but nothing that holds (%s): check baud and parity, A/B, termination, shield, and whether two "
               "slaves have this address\n",
               "有应答但数据无效（%s）：请检查波特率和校验、A/B 极性、终端电阻、屏蔽，以及是否有两个从站地址相同\n",
               crc ? tongue_pick(tongue, "wrong CRC", "CRC 错误") : tongue_pick(tongue, "no frame", "不成帧"));
}

static void say_silent(FILE *to, const struct tongue *tongue, const cJSON *slave)
{
    char words[VIEW_WORDS_SIZE];
    if (is_true(slave, "too_late"))
        tongue_say(tongue, to, "answers too late (%.0f times): give bus %s a longer \"timeout\" in the site file\n",
                   "应答过晚（%.0f 次）：请在站点文件中加大总线 %s 的 \"timeout\"\n", number_of(slave, "late"),
                   text_of(slave, "bus"));
    else if (member(slave, "age_ms") == NULL)
        tongue_say(tongue, to, "has never answered (asked %.0f times): check power, wiring A/B, address and baud\n",
                   "从未应答（已请求 %.0f 次）：请检查供电、A/B 接线、地址和波特率\n", number_of(slave, "requests"));
    else
        tongue_say(tongue, to, "has not answered for %s: check its power and wiring\n",
                   "已 %s 无应答：请检查其供电和接线\n", view_duration(tongue, number_of(slave, "age_ms"), words));
}

static void say_slave(FILE *to, const struct tongue *tongue, const cJSON *slave)
{
    static const struct {
        const char *state;
        void (*say)(FILE *to, const struct tongue *tongue, const cJSON *slave);
    } sayings[] = {
        {"silent", say_silent}, {"garbled", say_garbled}, {"stranger", say_stranger}, {"refusing", say_refusing}};
    begin_sentence(to, tongue);
    tongue_say(tongue, to, "%s (unit %.0f on %s) ", "%s（地址 %.0f，总线 %s）", text_of(slave, "slave"),
               number_of(slave, "unit"), text_of(slave, "bus"));
    for (size_t i = 0; i < ARRAY_SIZE(sayings); i++) {
        if (is_state(slave, sayings[i].state)) {
            sayings[i].say(to, tongue, slave);
            return;
        }
    }
    tongue_say(tongue, to, "has not answered yet\n", "尚未应答\n");
}

static void say_centre(FILE *to, const struct tongue *tongue, const cJSON *centre)
{
    const char *trouble = tongue_label(tongue, text_of(centre, "trouble"), text_of(centre, "trouble_zh"));
    begin_sentence(to, tongue);
    tongue_say(tongue, to, "centre %s %s%s%s\n", "中心 %s %s%s%s\n", text_of(centre, "centre"),
               is_true(centre, "refused") ? tongue_pick(tongue, "refuses", "拒绝接收")
                                          : tongue_pick(tongue, "is not connected", "未连接"),
               trouble[0] != '\0' ? tongue_pick(tongue, ": ", "：") : "", trouble);
}

static void say_all(FILE *to, const struct tongue *tongue, const cJSON *list, bool (*is_well)(const cJSON *item),
                    void (*say)(FILE *to, const struct tongue *tongue, const cJSON *item))
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list) if (!is_well(item)) say(to, tongue, item);
}

void view_put_wrong(FILE *to, const struct tongue *tongue, const cJSON *answer)
{
    const cJSON *journal = member(answer, "journal");
    say_all(to, tongue, member(answer, "interlocks"), view_interlock_is_well, say_interlock);
    say_buses(to, tongue, answer);
    say_all(to, tongue, member(answer, "slaves"), has_nothing_to_say, say_slave);
    say_all(to, tongue, member(answer, "centres"), view_centre_is_well, say_centre);
    if (journal == NULL || is_true(journal, "ok"))
        return;
    begin_sentence(to, tongue);
    tongue_say(tongue, to, "journal: %s\n", "日志库：%s\n",
               text_of(journal, "trouble")[0] != '\0' ? text_of(journal, "trouble")
                                                      : tongue_pick(tongue, "not open", "未打开"));
}
