#include "gateway/desk/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/desk/view_words.h"
#include "gateway/model/alarm_state.h"

#define CELL_SIZE       512 /* bytes of one cell or value */
#define DRILL_NAMES_MAX 8   /* devices of a drill; more are counted */

static const char *label_of(const struct tongue *tongue, const cJSON *object)
{
    return tongue_label(tongue, text_of(object, "en"), text_of(object, "zh"));
}

void view_set_zone(const cJSON *answer)
{
    const char *zone = text_of(answer, "time_zone");
    if (zone[0] == '\0')
        return;
    (void)setenv("TZ", zone, 1);
    tzset();
}

void view_put_time(FILE *to, double utc_ms, bool with_date)
{
    char buffer[64];
    struct tm parts;
    time_t const seconds = utc_ms > 0 && utc_ms < 1e15 ? (time_t)(utc_ms / 1000) : 0;
    size_t size = 0;
    if (seconds > 0 && localtime_r(&seconds, &parts) != NULL)
        size = with_date ? strftime(buffer, sizeof buffer, "%Y-%m-%d %H:%M:%S", &parts)
                         : strftime(buffer, sizeof buffer, "%H:%M:%S", &parts);
    (void)fputs(size > 0 ? buffer : "--", to);
}

/* UCUM as people write it: %{LEL} is %LEL, Cel is °C. */
static void put_unit(struct text *to, const struct tongue *tongue, const char *unit)
{
    if (unit[0] == '\0' || strcmp(unit, "1") == 0)
        return;
    text_put(to, " ");
    if (strcmp(unit, "Cel") == 0) {
        text_put(to, tongue_sign(tongue, "°C", "C"));
        return;
    }
    for (; *unit != '\0'; unit++)
        if (*unit != '{' && *unit != '}')
            text_put_bytes(to, unit, 1);
}

/* A person reads five digits; programs get all of them by --json. Whole numbers stay whole. */
static void put_number(struct text *to, double value)
{
    double const size = fabs(value);
    int const decimals = size >= 1e4 ? 0 : size >= 1000 ? 1 : size >= 100 ? 2 : size >= 10 ? 3 : 4;
    if (size >= 1e9 || floor(size) >= size) { /* whole, or too large for decimals */
        text_put_number(to, value, false);
        return;
    }
    if (size < 1e-3) {
        text_put_format(to, "%.5g", value);
        return;
    }
    text_put_format(to, "%.*f", decimals, value);
    while (decimals > 0 && !to->full && to->at[to->used - 1] == '0')
        to->at[--to->used] = '\0';
    if (decimals > 0 && !to->full && to->at[to->used - 1] == '.')
        to->at[--to->used] = '\0';
}

static void put_value(struct text *to, const struct tongue *tongue, const cJSON *point)
{
    const cJSON *value = member(point, "value");
    const char *word = tongue_label(tongue, text_of(point, "value_en"), text_of(point, "value_zh"));
    if (cJSON_IsNumber(value) && word[0] != '\0')
        text_put(to, word);
    else if (cJSON_IsNumber(value) && isfinite(value->valuedouble))
        put_number(to, value->valuedouble);
    else if (cJSON_IsBool(value))
        text_put(to, cJSON_IsTrue(value) ? tongue_pick(tongue, "yes", "是") : tongue_pick(tongue, "no", "否"));
    else if (cJSON_IsString(value))
        text_put(to, word[0] != '\0' ? word : value->valuestring);
    else
        text_put(to, "--");
}

/* Alarms. */

static enum priority priority_of(const cJSON *alarm)
{
    const char *word = text_of(alarm, "priority");
    for (int i = 0; i < PRIORITY_COUNT; i++)
        if (strcmp(word, priority_text((enum priority)i)) == 0)
            return (enum priority)i;
    return PRIORITY_INFO;
}

static const char *state_words(const struct tongue *tongue, const char *state)
{
    static const struct {
        enum alarm_state state;
        const char *en;
        const char *zh;
    } words[] = {
        {ALARM_NORM, "normal", "正常"},
        {ALARM_UNACK, "active, not acknowledged", "报警，未确认"},
        {ALARM_ACKED, "active, acknowledged", "报警，已确认"},
        {ALARM_RTN_UNACK, "over, not acknowledged", "已恢复，未确认"},
        {ALARM_LATCH_UNACK, "over, latched, not acknowledged", "已恢复，锁存，未确认"},
        {ALARM_LATCH_ACKED, "over, latched, waits for reset", "已恢复，锁存，待复位"},
        {ALARM_SHELVED, "shelved", "已搁置"},
        {ALARM_SUPPRESSED, "suppressed", "已抑制"},
        {ALARM_OOS, "out of service", "已停用"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(state, alarm_state_text(words[i].state)) == 0)
            return tongue_pick(tongue, words[i].en, words[i].zh);
    return state;
}

static void put_comparison(struct text *to, const struct tongue *tongue, const cJSON *alarm)
{
    const char *compare = text_of(alarm, "compare");
    const cJSON *limit = member(alarm, "limit");
    bool const limited = cJSON_IsNumber(limit) && isfinite(limit->valuedouble);
    if (!limited && member(alarm, "value") == NULL)
        return;
    text_put(to, "  ");
    put_value(to, tongue, alarm);
    if (limited) {
        text_put(to,
                 strcmp(compare, "<=") == 0 ? tongue_sign(tongue, " ≤ ", " <= ") : tongue_sign(tongue, " ≥ ", " >= "));
        put_number(to, limit->valuedouble);
    }
    put_unit(to, tongue, text_of(alarm, "unit"));
}

static void put_alarm(FILE *to, const struct tongue *tongue, const cJSON *alarm)
{
    enum priority const priority = priority_of(alarm);
    char buffer[CELL_SIZE];
    struct text value;
    text_init(&value, buffer, sizeof buffer);
    put_comparison(&value, tongue, alarm);
    const char *label = label_of(tongue, alarm);
    (void)fprintf(to, "%s%s %s%s %s  %s (%s)%s  ", tongue_tint(tongue, priority), tongue_sign(tongue, "▲", "^"),
                  tongue_priority(tongue, priority), tongue_plain(tongue), text_of(alarm, "dev"),
                  label[0] != '\0' ? label : text_of(alarm, "alarm"), text_of(alarm, "alarm"), buffer);
    (void)fputs(tongue_pick(tongue, "since ", "始于 "), to);
    view_put_time(to, number_of(alarm, "since"), true);
    (void)fprintf(to, "  %s", state_words(tongue, text_of(alarm, "state")));
    if (member(alarm, "until") != NULL) {
        (void)fputs(tongue_pick(tongue, " until ", "至 "), to);
        view_put_time(to, number_of(alarm, "until"), true);
    }
    if (is_true(alarm, "chattering"))
        tongue_say(tongue, to, "  comes and goes", "  反复报警");
    (void)fputs(is_true(alarm, "test") ? tongue_pick(tongue, "  DRILL\n", "  演练\n") : "\n", to);
}

/* What must not be overlooked: that some of what follows is a test. */
void view_put_drill(FILE *to, const struct tongue *tongue, const cJSON *answer)
{
    const cJSON *drill = member(answer, "drill");
    const cJSON *devices = member(drill, "devices");
    const cJSON *device = NULL;
    if (!cJSON_IsObject(drill))
        return;
    (void)fputs(tongue_tint(tongue, PRIORITY_MEDIUM), to);
    (void)fputs(tongue_pick(tongue, "DRILL until ", "演练进行中，至 "), to);
    view_put_time(to, number_of(drill, "until"), true);
    if (member(drill, "holds") != NULL)
        tongue_say(tongue, to, ", the outputs of zone %s are HELD", "，分区 %s 的输出被保持，联锁不会动作",
                   text_of(drill, "holds"));
    (void)fputs(tongue_plain(tongue), to);
    if (cJSON_GetArraySize(devices) > DRILL_NAMES_MAX) {
        tongue_say(tongue, to, ": %d devices\n", "：%d 个设备\n", cJSON_GetArraySize(devices));
        return;
    }
    (void)fputs(tongue_pick(tongue, ":", "："), to);
    cJSON_ArrayForEach(device, devices)(void) fprintf(to, " %s", cJSON_GetStringValue(device));
    (void)fputs("\n", to);
}

const char *view_interlock_words(const struct tongue *tongue, const cJSON *interlock)
{
    if (is_true(interlock, "failed"))
        return tongue_pick(tongue, "FAILED: go and look", "动作失败，请到现场查看");
    if (is_true(interlock, "held"))
        return is_true(interlock, "tripped")
                   ? tongue_pick(tongue, "would have tripped: a drill holds its outputs", "本应动作：演练保持输出")
                   : tongue_pick(tongue, "ready, a drill holds its outputs", "就绪，演练保持输出");
    if (!is_true(interlock, "tripped"))
        return tongue_pick(tongue, "ready", "就绪");
    if (is_true(interlock, "silenced"))
        return tongue_pick(tongue, "tripped, silenced", "已动作，已消音");
    if (is_true(interlock, "confirmed"))
        return tongue_pick(tongue, "tripped, confirmed by feedback", "已动作，反馈到位");
    if (is_true(interlock, "commanded"))
        return tongue_pick(tongue, "tripped, output written", "已动作，输出已写入");
    return tongue_pick(tongue, "tripped, writing", "已动作，正在写输出");
}

static void put_interlock(FILE *to, const struct tongue *tongue, const cJSON *interlock)
{
    bool const hot = is_true(interlock, "tripped") || is_true(interlock, "failed");
    (void)fprintf(to, "%s%s %s%s  %s", hot ? tongue_tint(tongue, PRIORITY_CRITICAL) : "", tongue_sign(tongue, "■", "#"),
                  text_of(interlock, "dev"), tongue_plain(tongue), view_interlock_words(tongue, interlock));
    if (is_true(interlock, "tripped")) {
        (void)fputs(tongue_pick(tongue, "  since ", "  始于 "), to);
        view_put_time(to, number_of(interlock, "since"), true);
    }
    (void)fputs("\n", to);
}

static void put_alarms(FILE *to, const struct tongue *tongue, const cJSON *answer)
{
    const cJSON *alarm = NULL;
    for (int priority = 0; priority < PRIORITY_COUNT; priority++)
        cJSON_ArrayForEach(alarm, member(answer, "alarms")) if (priority_of(alarm) == (enum priority)priority)
            put_alarm(to, tongue, alarm);
}

void view_alarms(FILE *to, const struct tongue *tongue, const cJSON *answer)
{
    const cJSON *interlock = NULL;
    view_put_drill(to, tongue, answer);
    put_alarms(to, tongue, answer);
    cJSON_ArrayForEach(interlock, member(answer, "interlocks")) put_interlock(to, tongue, interlock);
    if (cJSON_GetArraySize(member(answer, "alarms")) == 0 && cJSON_GetArraySize(member(answer, "interlocks")) == 0)
        tongue_say(tongue, to, "no alarms, no tripped interlocks\n", "无报警，无已动作的联锁\n");
}

/* Readings. */

/* The gravest alarm on this point (or, with NULL, on the device as a whole) that is not normal. */
static const cJSON *alarm_on(const cJSON *answer, const char *dev, const char *point)
{
    const cJSON *found = NULL;
    const cJSON *alarm = NULL;
    cJSON_ArrayForEach(alarm, member(answer, "alarms"))
    {
        bool const same = strcmp(text_of(alarm, "dev"), dev) == 0 && strcmp(text_of(alarm, "point"), point) == 0;
        if (same && (found == NULL || priority_of(alarm) < priority_of(found)))
            found = alarm;
    }
    return found;
}

static const char *reason_words(const struct tongue *tongue, const char *reason)
{
    static const struct {
        enum reason reason;
        const char *en;
        const char *zh;
    } words[] = {
        {REASON_STARTING, "not read yet", "尚未读到"},
        {REASON_NO_ANSWER, "no answer", "无应答"},
        {REASON_BUS_LOST, "bus lost", "总线断开"},
        {REASON_REFUSED, "refused by the device", "设备拒绝"},
        {REASON_BUSY, "device busy", "设备忙"},
        {REASON_GARBLED, "garbled", "数据乱码"},
        {REASON_INVALID, "invalid", "无效值"},
        {REASON_IMPLAUSIBLE, "implausible", "超出合理范围"},
        {REASON_SENSOR_FAULT, "sensor fault", "传感器故障"},
        {REASON_FROZEN, "frozen", "数据停滞"},
        {REASON_STALE, "stale", "数据过期"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(reason, reason_text(words[i].reason)) == 0)
            return tongue_pick(tongue, words[i].en, words[i].zh);
    return reason;
}

static void put_reading(struct text *to, const struct tongue *tongue, const cJSON *point)
{
    if (strcmp(text_of(point, "quality"), "bad") == 0) {
        text_put(to, "-- ");
        text_put(to, reason_words(tongue, text_of(point, "reason")));
        return;
    }
    put_value(to, tongue, point);
    put_unit(to, tongue, text_of(point, "unit"));
    if (strcmp(text_of(point, "quality"), "uncertain") == 0)
        text_put(to, tongue_pick(tongue, " (uncertain)", "（存疑）"));
}

static void put_point(FILE *to, const struct tongue *tongue, const cJSON *answer, const char *dev, const cJSON *point)
{
    const cJSON *alarm = alarm_on(answer, dev, text_of(point, "id"));
    char reading[CELL_SIZE];
    char row[4 * CELL_SIZE];
    struct text cell;
    struct text line;
    text_init(&cell, reading, sizeof reading);
    text_init(&line, row, sizeof row);
    put_reading(&cell, tongue, point);
    tongue_put_cell(&line, label_of(tongue, point), 24);
    text_put(&line, " ");
    tongue_put_cell(&line, text_of(point, "id"), 20);
    text_put(&line, " ");
    text_put(&line, reading);
    if (alarm == NULL) {
        (void)fprintf(to, "    %s\n", row);
        return;
    }
    enum priority const priority = priority_of(alarm);
    (void)fprintf(to, "  %s%s %s  %s %s%s\n", tongue_tint(tongue, priority), tongue_sign(tongue, "▲", "^"), row,
                  tongue_priority(tongue, priority), text_of(alarm, "alarm"), tongue_plain(tongue));
}

static void put_device(FILE *to, const struct tongue *tongue, const cJSON *answer, const cJSON *device)
{
    const char *dev = text_of(device, "dev");
    const cJSON *alarm = alarm_on(answer, dev, "");
    const cJSON *point = NULL;
    (void)fprintf(to, "%s  %s  ", dev, tongue_label(tongue, text_of(device, "cls_en"), text_of(device, "cls_zh")));
    view_put_time(to, number_of(device, "at"), false);
    if (alarm != NULL)
        (void)fprintf(to, "  %s%s %s%s", tongue_tint(tongue, priority_of(alarm)), tongue_sign(tongue, "▲", "^"),
                      text_of(alarm, "alarm"), tongue_plain(tongue));
    (void)fputs("\n", to);
    cJSON_ArrayForEach(point, member(device, "points")) put_point(to, tongue, answer, dev, point);
}

static void put_read_point(FILE *to, const struct tongue *tongue, const cJSON *point)
{
    char row[4 * CELL_SIZE];
    char reading[CELL_SIZE];
    char words[VIEW_WORDS_SIZE];
    struct text cell;
    struct text line;
    text_init(&cell, reading, sizeof reading);
    text_init(&line, row, sizeof row);
    put_reading(&cell, tongue, point);
    tongue_put_cell(&line, label_of(tongue, point), 24);
    text_put(&line, " ");
    tongue_put_cell(&line, text_of(point, "id"), 20);
    text_put(&line, " ");
    tongue_put_cell(&line, reading, 24);
    (void)fprintf(to, "    %s", row);
    if (member(point, "age_ms") != NULL)
        tongue_say(tongue, to, " %s ago", " %s前", view_duration(tongue, number_of(point, "age_ms"), words));
    (void)fputs("\n", to);
}

void view_read(FILE *to, const struct tongue *tongue, const cJSON *answer)
{
    const cJSON *device = NULL;
    const cJSON *point = NULL;
    cJSON_ArrayForEach(device, member(answer, "devices"))
    {
        (void)fprintf(to, "%s  %s  ", text_of(device, "dev"),
                      tongue_label(tongue, text_of(device, "cls_en"), text_of(device, "cls_zh")));
        view_put_time(to, number_of(device, "at"), true);
        (void)fputs("\n", to);
        cJSON_ArrayForEach(point, member(device, "points")) put_read_point(to, tongue, point);
    }
}

/* Good answers among all that came or should have come; what is still under way counts for nothing yet. */
static void put_bus(FILE *to, const struct tongue *tongue, const cJSON *bus)
{
    double const good = number_of(bus, "good");
    double const bad = number_of(bus, "timeouts") + number_of(bus, "garbled") + number_of(bus, "exceptions");
    if (!is_true(bus, "open")) {
        tongue_say(tongue, to, "bus %s: LOST\n", "总线 %s：断开\n", text_of(bus, "bus"));
        return;
    }
    tongue_say(tongue, to, "bus %s: %.1f %% good, no answer %.0f, garbled %.0f, refused %.0f, cycle %.0f ms\n",
               "总线 %s：成功率 %.1f %%，无应答 %.0f，乱码 %.0f，拒绝 %.0f，周期 %.0f ms\n", text_of(bus, "bus"),
               good + bad > 0 ? 100 * good / (good + bad) : 0, number_of(bus, "timeouts"), number_of(bus, "garbled"),
               number_of(bus, "exceptions"), number_of(bus, "cycle_us") / 1000);
}

static void put_centre(FILE *to, const struct tongue *tongue, const cJSON *centre)
{
    const char *trouble = tongue_label(tongue, text_of(centre, "trouble"), text_of(centre, "trouble_zh"));
    if (is_true(centre, "connected"))
        tongue_say(tongue, to, "centre %s: connected, acknowledged %.0f of %.0f%s%s\n",
                   "中心 %s：已连接，已送达 %.0f / %.0f%s%s\n", text_of(centre, "centre"), number_of(centre, "acked"),
                   number_of(centre, "published"), trouble[0] != '\0' ? "; " : "", trouble);
    else
        tongue_say(tongue, to, "centre %s: NOT CONNECTED %s\n", "中心 %s：未连接 %s\n", text_of(centre, "centre"),
                   trouble);
}

static void put_journal(FILE *to, const struct tongue *tongue, const cJSON *journal)
{
    const cJSON *last = member(journal, "last");
    const char *trouble = text_of(journal, "trouble");
    tongue_say(tongue, to, "journal: %s, alarms and events %.0f, telemetry %.0f, %.1f MB, dropped %.0f%s%s\n",
               "日志库：%s，报警与事件 %.0f，遥测 %.0f，%.1f MB，丢弃 %.0f%s%s\n",
               is_true(journal, "ok") ? tongue_pick(tongue, "good", "正常") : tongue_pick(tongue, "TROUBLE", "异常"),
               number_of(last, "a"), number_of(last, "t"), number_of(journal, "bytes") / 1e6,
               number_of(journal, "dropped"), trouble[0] != '\0' ? ": " : "", trouble);
}

static void put_footer(FILE *to, const struct tongue *tongue, const cJSON *answer)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, member(answer, "buses")) put_bus(to, tongue, item);
    cJSON_ArrayForEach(item, member(answer, "centres")) put_centre(to, tongue, item);
    if (member(answer, "journal") != NULL)
        put_journal(to, tongue, member(answer, "journal"));
}

void view_watch(FILE *to, const struct tongue *tongue, const cJSON *answer)
{
    const cJSON *item = NULL;
    (void)fprintf(to, "%s %s  ", text_of(answer, "gw"), text_of(answer, "name"));
    view_put_time(to, number_of(answer, "at"), true);
    (void)fputs("\n\n", to);
    view_put_drill(to, tongue, answer);
    cJSON_ArrayForEach(item, member(answer, "devices")) put_device(to, tongue, answer, item);
    (void)fputs("\n", to);
    put_alarms(to, tongue, answer);
    cJSON_ArrayForEach(item, member(answer, "interlocks")) put_interlock(to, tongue, item);
    put_footer(to, tongue, answer);
}
