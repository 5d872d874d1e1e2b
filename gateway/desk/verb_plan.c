#include "gateway/desk/verb.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/forecast.h"
#include "gateway/core/traffic.h"
#include "gateway/desk/loading.h"
#include "gateway/desk/paper.h"
#include "gateway/site/deadlines.h"
#include "gateway/site/point.h"
#include "gateway/site/profiles.h"

const struct manual manual_plan = {
    .en =
        "Foretells, before anything runs, how the buses of a site will do, and what the centres will cost. Connects "
        "to\n"
        "nothing. Per bus: the reads of one cycle and what each costs, how much of the line's time they take, how "
        "long\n"
        "everything takes once, how often each poll class really comes round. Per safety read: how old its reading "
        "can\n"
        "get. Per interlock: how long it can take from a crossing to the write on the wire, and to its reading back. "
        "All\n"
        "of it again with 1, 2 and half of the slaves of a bus dead, from the moment they die; each request to a dead\n"
        "one is counted with the whole timeout of its bus (the safe side: the gateway soon waits less). Per centre: "
        "bytes a\n"
        "month, idle (nothing changes) and busy (every poll brings news), good to about 15 %, without alarms and "
        "before\n"
        "what batch and compress save.\n"
        "It counts from the worst moment: everything is due at once and the longest transaction has just begun.\n"
        "A deadline is missed, and the exit status is 1, when a bus is asked for more time than there is, a safety\n"
        "reading can get older than twice its period or than 10 s, or a crossing can take more than 5 s to the write.\n"
        "Assumed, as nobody can know it: how long slaves think, how late the adapter is, how far away TCP servers "
        "are.\n"
        "outpost watch shows what they really take. With --json, one object, times in ms, shares of 1.",
    .zh = "不运行、不连接任何设备，预先算出各总线的表现和上报流量。\n"
          "每条总线：一轮的读取及各自耗时、占用线路时间的百分比、全部读一遍的时间、各轮询类别的实际周期。\n"
          "每个安全类读取：读数最长多久才更新。每个联锁：从越限到写命令发出、到回读完成最长多久。\n"
          "以上再按总线上 1 个、2 个、一半从站失联（从失联那一刻起）各算一遍；\n"
          "对失联从站的每次请求都按总线的完整超时计（偏于安全，实际等待会缩短）。\n"
          "每个中心：每月字节数，分空闲（无变化）和繁忙（每次轮询都有变化），误差约 15 "
          "%，不含报警，未计合并与压缩的节省。\n"
          "按最坏时刻计算：所有读取同时到期，而最长的一次通信刚刚开始。\n"
          "总线负荷超过 100 %、安全读数可能超过两个周期或 10 s、从越限到写出可能超过 5 s，即为不达标，退出状态为 1。\n"
          "从站的应答时间、转换器的延迟、到 TCP 服务器的往返时间无法预知，用假定值；outpost watch 显示实际值。\n"
          "加 --json 输出一个对象，时间单位 ms，负荷以 1 为满。",
    .exit_en = "  0  every deadline can be met\n  1  one cannot, or the site file has errors\n  2  wrong usage\n",
    .exit_zh = "  0  全部达标\n  1  有不达标，或站点文件有错误\n  2  用法错误\n",
    .examples = "  outpost plan\n  outpost plan new.json --turnaround 20\n  outpost plan --latency 16   # FTDI USB\n"
                "  outpost plan new.json --json | jq .interlocks\n",
};

#define MEMORY_MAX     ((size_t)512 * 1024 * 1024)
#define ASSUMED_MAX_US 60000000
#define SHOWN_POINTS   3

struct planning {
    const struct desk *desk;
    struct paper paper;
    struct loading loading;
    struct arena arena; /* owns the forecasts */
    struct forecast_basis basis;
    struct forecast_bus *buses;
    const struct site *site;
};

/* --- cells ------------------------------------------------------------------------------------------------------------ */

/* Milliseconds for programs; "43 ms", "1.25 s" for people. */
static void put_time(struct sheet *sheet, enum form form, int64_t us)
{
    if (us < 0)
        sheet_put(sheet, "");
    else if (form == FORM_JSON)
        sheet_put_format(sheet, "%.3f", (double)us / 1000);
    else if (us < 1000000)
        sheet_put_format(sheet, us < 100000 ? "%.1f ms" : "%.0f ms", (double)us / 1000);
    else
        sheet_put_format(sheet, "%.2f s", (double)us / 1e6);
}

static void put_share(struct sheet *sheet, enum form form, double share)
{
    sheet_put_format(sheet, form == FORM_JSON ? "%.4f" : "%.1f %%", form == FORM_JSON ? share : share * 100);
}

static void put_bytes(struct sheet *sheet, enum form form, double bytes)
{
    if (form == FORM_JSON)
        sheet_put_format(sheet, "%.0f", bytes);
    else if (bytes < 1e9)
        sheet_put_format(sheet, "%.1f MB", bytes / 1e6);
    else
        sheet_put_format(sheet, "%.2f GB", bytes / 1e9);
}

/* "a, b, c … (12)": who wants them all asks for JSON. */
static void put_points(struct sheet *sheet, const struct planning *planning, const struct forecast_bus *bus,
                       const struct forecast_read *read)
{
    struct text *text = sheet_begin(sheet);
    const struct site_slave *slave = &planning->site->slaves[bus->slaves[read->slave].index];
    size_t const count = read->plan.point_count;
    bool const all = planning->paper.form == FORM_JSON || count <= SHOWN_POINTS;
    for (size_t i = 0; i < (all ? count : SHOWN_POINTS); i++)
        text_put_format(text, "%s%s", i > 0 ? ", " : "", slave->points[read->points[i]].id);
    if (!all)
        text_put_format(text, ", %s (%zu)", tongue_sign(&planning->paper.tongue, "…", "..."), count);
    sheet_end(sheet);
}

/* --- tables ----------------------------------------------------------------------------------------------------------- */

static const struct column basis_columns[] = {
    {"site", "site file", "站点文件", CELL_TEXT, FOR_ALL},
    {"turnaround", "assumed: a slave answers within (after 3.5 characters)", "假定：从站应答时间（3.5 字符静默之后）",
     CELL_NUMBER, FOR_ALL},
    {"latency", "assumed: the serial adapter hands over each", "假定：串口转换器交付间隔", CELL_NUMBER, FOR_ALL},
    {"round_trip", "assumed: to a TCP server and back", "假定：到 TCP 服务器往返", CELL_NUMBER, FOR_ALL},
};

static void put_basis(struct planning *planning)
{
    struct sheet sheet;
    enum form const form = planning->paper.form;
    sheet_open(&sheet, basis_columns, ARRAY_SIZE(basis_columns));
    sheet_put(&sheet, planning->site->file);
    put_time(&sheet, form, planning->basis.turnaround_us);
    put_time(&sheet, form, planning->basis.latency_us);
    put_time(&sheet, form, planning->basis.round_trip_us);
    paper_facts(&planning->paper, &sheet);
}

static const struct column bus_columns[] = {
    {"bus", "bus", "总线", CELL_TEXT, FOR_ALL},
    {"line", "line", "线路", CELL_TEXT, FOR_ALL},
    {"slaves", "slaves", "从站", CELL_NUMBER, FOR_ALL},
    {"reads", "reads", "读取", CELL_NUMBER, FOR_ALL},
    {"load", "load", "负荷", CELL_NUMBER, FOR_ALL},
    {"", "", "", CELL_TEXT, FOR_PEOPLE},
    {"flat_out", "", "", CELL_FLAG, FORM_JSON},
    {"heartbeats", "of it heartbeats", "其中心跳", CELL_NUMBER, FOR_ALL},
    {"busy", "busy", "占用", CELL_NUMBER, FOR_ALL},
    {"cycle", "everything once", "全部读一遍", CELL_NUMBER, FOR_ALL},
    {"longest", "longest transaction", "最长通信", CELL_NUMBER, FOR_ALL},
};

static void put_line(struct sheet *sheet, const struct site_bus *bus)
{
    static const char *const kinds[LINK_KIND_COUNT] = {"rtu", "tcp", "rtu-over-tcp", "replay"};
    if (bus->kind == LINK_TCP)
        sheet_put(sheet, kinds[bus->kind]);
    else
        sheet_put_format(sheet, "%s %u %u%c%u", kinds[bus->kind], bus->baud, (unsigned)bus->data_bits, bus->parity,
                         (unsigned)bus->stop_bits);
}

static void put_buses(struct planning *planning)
{
    struct sheet sheet;
    enum form const form = planning->paper.form;
    sheet_open(&sheet, bus_columns, ARRAY_SIZE(bus_columns));
    for (size_t i = 0; i < planning->site->bus_count; i++) {
        const struct forecast_bus *bus = &planning->buses[i];
        sheet_put(&sheet, bus->bus->id);
        put_line(&sheet, bus->bus);
        sheet_put_format(&sheet, "%zu", bus->slave_count);
        sheet_put_format(&sheet, "%zu", bus->read_count);
        put_share(&sheet, form, bus->load);
        sheet_put(&sheet, bus->flat_out ? tongue_pick(&planning->paper.tongue, "+ flat out", "+ 连续") : "");
        sheet_put_flag(&sheet, bus->flat_out);
        if (bus->heartbeat_load > 0)
            put_share(&sheet, form, bus->heartbeat_load);
        else
            sheet_put(&sheet, "");
        put_share(&sheet, form, bus->busy);
        put_time(&sheet, form, bus->cycle_us);
        put_time(&sheet, form, bus->longest_us);
    }
    paper_table(&planning->paper, "buses", "Buses", "总线", &sheet);
}

static const struct column class_columns[] = {
    {"bus", "bus", "总线", CELL_TEXT, FOR_ALL},
    {"class", "poll class", "轮询类别", CELL_TEXT, FOR_ALL},
    {"reads", "reads", "读取", CELL_NUMBER, FOR_ALL},
    {"load", "load", "负荷", CELL_NUMBER, FOR_ALL},
    {"every", "asked each", "要求周期", CELL_NUMBER, FOR_ALL},
    {"achieved", "achieved each", "实际周期", CELL_NUMBER, FOR_ALL},
};

static void put_every(struct sheet *sheet, enum form form, int64_t period_us)
{
    if (form == FORM_JSON)
        put_time(sheet, form, period_us);
    else if (period_us == 0)
        sheet_put(sheet, "0s");
    else
        sheet_put_duration(sheet, period_us / 1000);
}

static void put_classes(struct planning *planning)
{
    struct sheet sheet;
    enum form const form = planning->paper.form;
    sheet_open(&sheet, class_columns, ARRAY_SIZE(class_columns));
    for (size_t i = 0; i < planning->site->bus_count; i++) {
        for (size_t j = 0; j < POLL_CLASS_COUNT; j++) {
            const struct forecast_class *class = &planning->buses[i].classes[j];
            if (class->read_count == 0)
                continue;
            sheet_put(&sheet, planning->buses[i].bus->id);
            sheet_put(&sheet, poll_names[j]);
            sheet_put_format(&sheet, "%zu", class->read_count);
            put_share(&sheet, form, class->load);
            put_every(&sheet, form, class->period_us);
            put_time(&sheet, form, class->every_us);
        }
    }
    paper_table(&planning->paper, "classes", "Poll classes (of each the read that is served worst)",
                "轮询类别（各取最差的一个读取）", &sheet);
}

static const struct column read_columns[] = {
    {"bus", "bus", "总线", CELL_TEXT, FOR_ALL},
    {"slave", "slave", "从站", CELL_TEXT, FOR_ALL},
    {"class", "poll class", "轮询类别", CELL_TEXT, FOR_ALL},
    {"function", "function", "功能", CELL_TEXT, FOR_ALL},
    {"address", "address", "地址", CELL_NUMBER, FOR_ALL},
    {"count", "count", "数量", CELL_NUMBER, FOR_ALL},
    {"bytes", "bytes", "字节", CELL_NUMBER, FOR_ALL},
    {"time", "time", "耗时", CELL_NUMBER, FOR_ALL},
    {"every", "asked each", "要求周期", CELL_NUMBER, FOR_ALL},
    {"achieved", "", "", CELL_NUMBER, FORM_JSON},
    {"age", "worst age", "最长更新", CELL_NUMBER, FOR_ALL},
    {"points", "points", "点", CELL_TEXT, FOR_ALL},
};

static void put_read(struct planning *planning, struct sheet *sheet, const struct forecast_bus *bus,
                     const struct forecast_read *read)
{
    enum form const form = planning->paper.form;
    sheet_put(sheet, bus->bus->id);
    sheet_put(sheet, planning->site->slaves[bus->slaves[read->slave].index].id);
    sheet_put(sheet, poll_names[read->plan.poll]);
    sheet_put(sheet, profile_function_name(read->plan.function));
    sheet_put_format(sheet, "%u", (unsigned)read->plan.address);
    sheet_put_format(sheet, "%u", (unsigned)read->plan.count);
    sheet_put_format(sheet, "%u", (unsigned)read->request_size + read->answer_size);
    put_time(sheet, form, read->cost_us);
    put_every(sheet, form, read->period_us);
    put_time(sheet, form, read->every_us);
    put_time(sheet, form, read->age_us);
    put_points(sheet, planning, bus, read);
}

static void put_reads(struct planning *planning)
{
    struct sheet sheet;
    sheet_open(&sheet, read_columns, ARRAY_SIZE(read_columns));
    for (size_t i = 0; i < planning->site->bus_count; i++)
        for (size_t j = 0; j < planning->buses[i].read_count; j++)
            put_read(planning, &sheet, &planning->buses[i], &planning->buses[i].reads[j]);
    paper_table(&planning->paper, "reads", "Reads", "读取", &sheet);
}

static const struct column trip_columns[] = {
    {"interlock", "interlock", "联锁", CELL_TEXT, FOR_ALL},
    {"dev", "slowest detector", "最慢的探测器", CELL_TEXT, FOR_ALL},
    {"alarm", "alarm", "报警", CELL_TEXT, FOR_ALL},
    {"age", "read within", "读到", CELL_NUMBER, FOR_ALL},
    {"on_delay", "on-delay", "报警延时", CELL_NUMBER, FOR_ALL},
    {"wait", "wait", "等待线路", CELL_NUMBER, FOR_ALL},
    {"written", "crossing to write", "越限到写出", CELL_NUMBER, FOR_ALL},
    {"read_back", "to read-back", "到回读", CELL_NUMBER, FOR_ALL},
};

static void put_trips(struct planning *planning)
{
    struct sheet sheet;
    enum form const form = planning->paper.form;
    const struct site *site = planning->site;
    sheet_open(&sheet, trip_columns, ARRAY_SIZE(trip_columns));
    for (size_t i = 0; i < site->interlock_count; i++) {
        struct forecast_trip const trip = forecast_trip(planning->buses, i);
        if (!trip.found)
            continue;
        const struct rule *rule = &site->rules[trip.rule];
        sheet_put(&sheet, site->interlocks[i].id);
        sheet_put(&sheet, site->subjects[rule->subject].id);
        sheet_put(&sheet, rule->id);
        put_time(&sheet, form, trip.age_us);
        put_time(&sheet, form, trip.delay_us);
        put_time(&sheet, form, trip.wait_us);
        put_time(&sheet, form, trip.wire_us);
        put_time(&sheet, form, trip.back_us);
    }
    paper_table(&planning->paper, "interlocks", "Interlocks, worst case", "联锁（最坏情况）", &sheet);
}

static const struct column dead_columns[] = {
    {"bus", "bus", "总线", CELL_TEXT, FOR_ALL},
    {"dead", "dead slaves", "失联从站", CELL_NUMBER, FOR_ALL},
    {"busy", "busy", "占用", CELL_NUMBER, FOR_ALL},
    {"cycle", "everything else once", "其余读一遍", CELL_NUMBER, FOR_ALL},
    {"slave", "worst safety read", "最差的安全读取", CELL_TEXT, FOR_ALL},
    {"age", "its worst age", "最长更新", CELL_NUMBER, FOR_ALL},
    {"interlock", "slowest interlock", "最慢的联锁", CELL_TEXT, FOR_ALL},
    {"written", "crossing to write", "越限到写出", CELL_NUMBER, FOR_ALL},
};

static bool touches(const struct site *site, const struct site_interlock *interlock, size_t bus)
{
    for (size_t i = 0; i < interlock->action_count; i++)
        if ((size_t)site->slaves[interlock->actions[i].slave].bus == bus)
            return true;
    for (size_t i = 0; i < interlock->rule_count; i++) {
        if (interlock->rules[i] < 0)
            continue;
        const struct subject *subject = &site->subjects[site->rules[interlock->rules[i]].subject];
        const struct site_device *device = &site->devices[subject->index];
        for (size_t j = 0; j < device->slave_count; j++)
            if ((size_t)site->slaves[device->slaves[j]].bus == bus)
                return true;
    }
    return false;
}

static void put_slowest_trip(struct planning *planning, struct sheet *sheet, size_t bus)
{
    const struct site_interlock *slowest = NULL;
    struct forecast_trip worst = {0};
    for (size_t i = 0; i < planning->site->interlock_count; i++) {
        const struct site_interlock *interlock = &planning->site->interlocks[i];
        struct forecast_trip const trip = forecast_trip(planning->buses, i);
        if (!trip.found || trip.wire_us <= worst.wire_us || !touches(planning->site, interlock, bus))
            continue;
        slowest = interlock;
        worst = trip;
    }
    sheet_put(sheet, slowest != NULL ? slowest->id : "");
    put_time(sheet, planning->paper.form, slowest != NULL ? worst.wire_us : -1);
}

static void put_dead_row(struct planning *planning, struct sheet *sheet, size_t index, size_t dead)
{
    struct forecast_bus *bus = &planning->buses[index];
    enum form const form = planning->paper.form;
    bool late;
    forecast_run(bus, dead);
    const struct forecast_read *oldest = forecast_oldest(bus, &late);
    sheet_put(sheet, bus->bus->id);
    sheet_put_format(sheet, "%zu", dead);
    put_share(sheet, form, bus->busy);
    put_time(sheet, form, bus->cycle_us);
    sheet_put(sheet, oldest != NULL ? planning->site->slaves[bus->slaves[oldest->slave].index].id : "");
    put_time(sheet, form, oldest != NULL ? oldest->age_us : -1);
    put_slowest_trip(planning, sheet, index);
}

/* Leaves every bus as it was, with all slaves alive. */
static void put_dead(struct planning *planning)
{
    struct sheet sheet;
    sheet_open(&sheet, dead_columns, ARRAY_SIZE(dead_columns));
    for (size_t i = 0; i < planning->site->bus_count; i++) {
        size_t const asked = planning->buses[i].asked_count;
        size_t const counts[] = {1, 2, asked / 2};
        for (size_t j = 0; j < ARRAY_SIZE(counts); j++)
            if (counts[j] < asked && (j == 0 || counts[j] > counts[j - 1]))
                put_dead_row(planning, &sheet, i, counts[j]);
        forecast_run(&planning->buses[i], 0);
    }
    paper_table(&planning->paper, "dead", "With dead slaves", "有从站失联时", &sheet);
}

static const struct column centre_columns[] = {
    {"centre", "centre", "中心", CELL_TEXT, FOR_ALL},
    {"records_idle", "records a month, idle", "每月记录（空闲）", CELL_NUMBER, FOR_ALL},
    {"records_busy", "busy", "繁忙", CELL_NUMBER, FOR_ALL},
    {"payload_idle", "", "", CELL_NUMBER, FORM_JSON},
    {"payload_busy", "", "", CELL_NUMBER, FORM_JSON},
    {"bytes_idle", "bytes a month, idle", "每月流量（空闲）", CELL_NUMBER, FOR_ALL},
    {"bytes_busy", "busy", "繁忙", CELL_NUMBER, FOR_ALL},
};

static enum err put_centres(struct planning *planning)
{
    struct sheet sheet;
    enum form const form = planning->paper.form;
    struct traffic_room *room = arena_take(&planning->arena, 1, sizeof *room);
    if (room == NULL)
        return ERR_MEMORY;
    sheet_open(&sheet, centre_columns, ARRAY_SIZE(centre_columns));
    for (size_t i = 0; i < planning->site->centre_count; i++) {
        struct traffic const traffic = traffic_of(planning->buses, &planning->site->centres[i], room);
        sheet_put(&sheet, planning->site->centres[i].id);
        sheet_put_format(&sheet, "%.0f", traffic.records_idle);
        sheet_put_format(&sheet, "%.0f", traffic.records_busy);
        sheet_put_format(&sheet, "%.0f", traffic.payload_idle);
        sheet_put_format(&sheet, "%.0f", traffic.payload_busy);
        put_bytes(&sheet, form, traffic.bytes_idle);
        put_bytes(&sheet, form, traffic.bytes_busy);
    }
    paper_table(&planning->paper, "centres", "Centres (within about 15 %, without alarms, before batch and compress)",
                "中心（误差约 15 %，不含报警，未计合并与压缩）", &sheet);
    return ERR_OK;
}

/* --- deadlines -------------------------------------------------------------------------------------------------------- */

static const struct column deadline_columns[] = {
    {"code", "deadline", "期限", CELL_TEXT, FORM_JSON},
    {"line", "line", "行", CELL_NUMBER, FOR_ALL},
    {"path", "where", "位置", CELL_TEXT, FOR_ALL},
    {"text", "what", "内容", CELL_TEXT, FOR_ALL},
};

static bool put_deadlines(struct planning *planning)
{
    struct sheet sheet;
    const struct complaints *complaints = &planning->loading.complaints;
    size_t missed = 0;
    sheet_open(&sheet, deadline_columns, ARRAY_SIZE(deadline_columns));
    for (size_t i = 0; i < complaints->count; i++) {
        const struct complaint *complaint = &complaints->list[i];
        if (!deadlines_is_one(complaint))
            continue;
        missed++;
        sheet_put(&sheet, complaint->code);
        sheet_put_format(&sheet, "%u", complaint->line);
        sheet_put(&sheet, complaint->path);
        sheet_put(&sheet, complaint->text[planning->paper.tongue.language]);
    }
    paper_table(&planning->paper, "missed", "Deadlines that cannot be met", "不能达到的期限", &sheet);
    if (missed == 0)
        paper_remark(&planning->paper, "\nEvery deadline can be met.", "\n全部达标。");
    return missed == 0;
}

/* --- the verb --------------------------------------------------------------------------------------------------------- */

/* "2", "2ms", "0.5": milliseconds. */
static bool read_time(const struct desk *desk, const char *name, const char *value, int64_t *us)
{
    char *end;
    if (value == NULL)
        return true;
    double const ms = strtod(value, &end);
    if (end != value && (*end == '\0' || strcmp(end, "ms") == 0) && ms >= 0 && ms * 1000 <= ASSUMED_MAX_US) {
        *us = (int64_t)(ms * 1000 + 0.5);
        return true;
    }
    desk_complain(desk, "%s wants milliseconds from 0 to %d, not %s", "%s 应为 0 到 %d 毫秒，而不是 %s", name,
                  ASSUMED_MAX_US / 1000, value);
    return false;
}

static bool read_basis(struct planning *planning)
{
    const struct options *options = &planning->desk->options;
    planning->basis = (struct forecast_basis)FORECAST_BASIS_DEFAULT;
    return read_time(planning->desk, "--turnaround", options->turnaround, &planning->basis.turnaround_us) &&
           read_time(planning->desk, "--latency", options->latency, &planning->basis.latency_us) &&
           read_time(planning->desk, "--round-trip", options->round_trip, &planning->basis.round_trip_us);
}

static int refuse(const struct planning *planning)
{
    struct page page;
    const struct desk *desk = planning->desk;
    if (page_open(&page) != ERR_OK)
        return EXIT_WRONG;
    if (desk->options.json) {
        loading_put_json(page.stream, &desk->tongue, &planning->loading.complaints, false);
        (void)fputs("}\n", page.stream);
    } else {
        loading_put_complaints(page.stream, &desk->tongue, &planning->loading.complaints, COMPLAINTS_MAX);
    }
    (void)desk_show(desk, &page);
    return EXIT_WRONG;
}

static int put_plan(struct planning *planning)
{
    struct paper *paper = &planning->paper;
    planning->site = planning->loading.site;
    if (deadlines_forecast(planning->site, &planning->basis, &planning->arena, &planning->buses) != ERR_OK ||
        paper_open(paper, form_asked(&planning->desk->options), &planning->desk->tongue) != ERR_OK)
        return EXIT_WRONG;
    put_basis(planning);
    put_buses(planning);
    put_classes(planning);
    put_reads(planning);
    put_trips(planning);
    put_dead(planning);
    enum err const err = put_centres(planning);
    bool const good = put_deadlines(planning);
    return paper_show(paper, stdout) == ERR_OK && err == ERR_OK && good ? EXIT_GOOD : EXIT_WRONG;
}

int verb_plan(const struct desk *desk)
{
    struct planning planning = {.desk = desk};
    if (!read_basis(&planning))
        return EXIT_USAGE;
    arena_init(&planning.arena, MEMORY_MAX);
    bool const good = loading_open_with(&planning.loading, desk, desk->options.file, &planning.basis) == ERR_OK;
    int const status = good ? put_plan(&planning) : refuse(&planning);
    loading_close(&planning.loading);
    arena_close(&planning.arena);
    return status;
}
