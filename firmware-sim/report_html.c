/* The page: verdict, facts, summary, each device, each scenario with its picture, room for signatures. */
#include <string.h>

#include "firmware-sim/html.h"
#include "firmware-sim/report.h"
#include "firmware-sim/report_plot.h"

static const char style[] =
    "@page{size:A4;margin:14mm}*{box-sizing:border-box}"
    "body{font:13px/1.45 'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif;color:#111;max-width:760px;"
    "margin:0 auto;padding:12px}"
    "h1{font-size:22px;margin:0 0 4px}h2{font-size:16px;border-bottom:2px solid #111;margin:26px 0 "
    "8px;padding-bottom:2px}"
    "h3{font-size:14px;margin:18px 0 4px;break-after:avoid}h2{break-after:avoid}"
    "table{border-collapse:collapse;width:100%;margin:6px 0}"
    "th,td{border:1px solid #999;padding:2px 6px;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:#eee;font-weight:600}tr{break-inside:avoid}td.f{width:190px;background:#f6f6f6}"
    ".r{text-align:right;white-space:nowrap}.ok{color:#0a6b2d;font-weight:600}.no{color:#b00020;font-weight:700}"
    ".sk{color:#666}.q{color:#555;font-size:11px}.big{font-size:18px;border:2px solid;padding:6px 10px;margin:8px 0}"
    ".sign td{height:62px;width:50%}.code{font-family:monospace;font-size:11px}"
    "svg{width:100%;height:auto;break-inside:avoid;margin:4px 0}svg text{font:9px sans-serif;fill:#222}svg "
    ".t{fill:#555;font-size:8px}"
    "svg .g{stroke:#ddd}svg .a{stroke:#1565c0;stroke-dasharray:3 2}svg .m{stroke:#d32f2f;stroke-width:.6}"
    "svg .e{stroke:#6a1b9a;stroke-width:.6}svg .w{fill:#e4e4e4}svg .ok{fill:#2e9d57}svg .no{fill:#d3263b}"
    "svg .v{stroke:#0d3b66;fill:none;stroke-width:1.1}";

/* "中文 English": the people who sign read one of them. */
static void both(FILE *out, const char *en, const char *zh)
{
    html_put(out, zh);
    (void)fputc(' ', out);
    html_put(out, en);
}

static void put_label(FILE *out, const struct label *label, const char *fallback)
{
    if (label->zh == NULL && label->en == NULL)
        html_put(out, fallback);
    if (label->zh != NULL)
        html_put(out, label->zh);
    if (label->zh != NULL && label->en != NULL)
        (void)fputc(' ', out);
    if (label->en != NULL)
        html_put(out, label->en);
}

static void put_result(FILE *out, enum report_result result)
{
    switch (result) {
    case REPORT_PASSED:
        (void)fputs("<span class=\"ok\">✓ ", out);
        both(out, "passed", "合格");
        break;
    case REPORT_FAILED:
        (void)fputs("<span class=\"no\">✗ ", out);
        both(out, "failed", "不合格");
        break;
    case REPORT_SKIPPED:
        (void)fputs("<span class=\"sk\">– ", out);
        both(out, "not played", "未进行");
        break;
    }
    (void)fputs("</span>", out);
}

/* --- what it is about --- */

static void start_fact(FILE *out, const char *en, const char *zh)
{
    (void)fputs("<tr><td class=\"f\">", out);
    both(out, en, zh);
    (void)fputs("</td><td>", out);
}

static void put_fact(FILE *out, const char *en, const char *zh, const char *value)
{
    start_fact(out, en, zh);
    html_put(out, value[0] == '\0' ? "—" : value);
    (void)fputs("</td></tr>\n", out);
}

static void put_times(const struct report *report, FILE *out)
{
    int offset = report->utc_offset_min;
    start_fact(out, "date", "日期");
    html_put_date(out, report->began_ms, offset);
    (void)fputs(" – ", out);
    html_put_clock(out, report->ended_ms, offset);
    (void)fprintf(out, " (UTC%+03d:%02d)</td></tr>\n", offset / 60, offset % 60 < 0 ? -(offset % 60) : offset % 60);
    start_fact(out, "gateway's clock", "网关时钟");
    if (report->delay_ms == REPORT_NEVER)
        (void)fputs("—", out);
    else
        (void)fprintf(out, "%+.3f s", (double)report->delay_ms / 1000);
    (void)fputc(' ', out);
    if (report->delay_ms != REPORT_NEVER)
        both(out, "smallest time from reading to arrival, counted as none below", "从采到到收到的最短时间，下文按零计");
    if (report->clock_unsync)
        both(out, "; the gateway's clock was never set", "；网关未对时");
    (void)fputs("</td></tr>\n", out);
}

static void put_kind(const struct report *report, FILE *out)
{
    start_fact(out, "provoked by", "触发方式");
    if (report->manual)
        both(out, "people on site", "现场人工");
    else
        both(out, "the simulator; no real equipment was tried", "模拟器，未试验真实设备");
    (void)fputs("</td></tr>\n", out);
    start_fact(out, "records", "记录性质");
    if (report->drill)
        both(out, "marked as a drill", "已标为演练");
    else
        both(out, "not marked as a drill: real to every centre", "未标演练，各中心按真实记录处理");
    (void)fputs("</td></tr>\n", out);
}

static void put_config(const struct report *report, FILE *out)
{
    start_fact(out, "site file", "站点文件");
    html_put(out, report->file);
    (void)fputs("<br/><span class=\"code\">SHA-256 ", out);
    html_put(out, report->sha256);
    (void)fputs("</span><br/>", out);
    if (report->running_sha256[0] == '\0')
        both(out, "the gateway does not say which file it runs", "网关未说明所用文件");
    else if (strcmp(report->sha256, report->running_sha256) == 0)
        both(out, "the gateway runs this very file", "与网关所用文件一致");
    else
        both(out, "the gateway runs ANOTHER file", "与网关所用文件不一致");
    (void)fputs("</td></tr>\n", out);
}

static void put_facts(const struct report *report, FILE *out)
{
    (void)fputs("<table>\n", out);
    put_fact(out, "site", "站点", report->site);
    put_fact(out, "gateway", "网关", report->gateway);
    put_times(report, out);
    put_kind(report, out);
    put_config(report, out);
    put_fact(out, "gateway's version", "网关版本", report->gateway_version);
    put_fact(out, "report by", "报告程序", report->version);
    put_fact(out, "broker", "消息服务器", report->broker);
    (void)fputs("</table>\n", out);
    for (size_t i = 0; i < report->note_count; i++) {
        (void)fputs("<p class=\"no\">", out);
        html_put(out, report->notes[i]);
        (void)fputs("</p>\n", out);
    }
}

static void put_summary(const struct report *report, FILE *out)
{
    (void)fputs("<h2>", out);
    both(out, "Summary", "汇总");
    (void)fputs("</h2>\n<table>\n", out);
    for (size_t i = 0; i < report->device_count; i++) {
        (void)fputs("<tr><td>", out);
        both(out, "device", "设备");
        (void)fputs("</td><td>", out);
        html_put(out, report->devices[i].id);
        (void)fputs("</td><td>", out);
        put_result(out, report->devices[i].good ? REPORT_PASSED : REPORT_FAILED);
        (void)fputs("</td></tr>\n", out);
    }
    for (size_t i = 0; i < report->scenario_count; i++) {
        (void)fputs("<tr><td>", out);
        both(out, "scenario", "场景");
        (void)fputs("</td><td>", out);
        put_label(out, &report->scenarios[i].label, report->scenarios[i].name);
        (void)fputs("</td><td>", out);
        put_result(out, report->scenarios[i].result);
        (void)fputs("</td></tr>\n", out);
    }
    (void)fputs("</table>\n", out);
}

/* --- devices --- */

static void put_identity(const struct report_device *device, FILE *out)
{
    static const char *const names[][3] = {
        {"use_cod", "use registration", "使用登记证编号"},
        {"reg_cod", "equipment code", "设备注册代码"},
        {"use_unit", "used by", "使用单位"},
        {"address", "address", "地址"},
        {"maint_unit", "maintained by", "维保单位"},
        {"dates.inspect_next", "next inspection", "下次检验日期"},
        {"factory_no", "serial number", "产品编号"},
        {"maker", "made by", "制造单位"},
        {"risk_grade.value", "risk grade", "风险等级"},
        {"risk_grade.scheme", "risk grade's scheme", "风险等级体系"},
    };
    (void)fputs("<table>\n", out);
    for (size_t i = 0; i < device->identity_count; i++) {
        const char *name = device->identity[i].name;
        size_t known = 0;
        while (known < sizeof names / sizeof *names && strcmp(names[known][0], name) != 0)
            known++;
        (void)fputs("<tr><td class=\"f\">", out);
        if (known < sizeof names / sizeof *names)
            both(out, names[known][1], names[known][2]);
        (void)fputs(" <span class=\"q\">", out);
        html_put(out, name);
        (void)fputs("</span></td><td>", out);
        html_put(out, device->identity[i].value);
        (void)fputs("</td></tr>\n", out);
    }
    if (device->identity_count == 0) {
        (void)fputs("<tr><td>", out);
        both(out, "no identity in the site file", "站点文件中没有登记信息");
        (void)fputs("</td></tr>\n", out);
    }
    (void)fputs("</table>\n", out);
}

static void put_points(const struct report_device *device, FILE *out)
{
    (void)fputs("<table>\n<tr><th>", out);
    both(out, "point", "测点");
    (void)fputs("</th><th>", out);
    both(out, "reading", "读数");
    (void)fputs("</th><th>", out);
    both(out, "quality", "质量");
    (void)fputs("</th></tr>\n", out);
    for (size_t i = 0; i < device->point_count; i++) {
        const struct report_point *point = &device->points[i];
        (void)fputs("<tr><td>", out);
        put_label(out, &point->label, "");
        (void)fputs(" <span class=\"q\">", out);
        html_put(out, point->id);
        (void)fputs("</span></td><td>", out);
        html_put(out, point->value);
        (void)fputc(' ', out);
        html_put_unit(out, point->unit);
        (void)fprintf(out, "</td><td class=\"%s\">", point->good ? "ok" : "no");
        html_put(out, point->quality);
        (void)fputs("</td></tr>\n", out);
    }
    (void)fputs("</table>\n", out);
}

static void put_alarms(const struct report_device *device, FILE *out)
{
    if (device->alarm_count == 0)
        return;
    (void)fputs("<table>\n<tr><th>", out);
    both(out, "alarm", "报警");
    (void)fputs("</th><th>", out);
    both(out, "kind", "类型");
    (void)fputs("</th><th>", out);
    both(out, "limit", "限值");
    (void)fputs("</th><th>", out);
    both(out, "priority", "优先级");
    (void)fputs("</th></tr>\n", out);
    for (size_t i = 0; i < device->alarm_count; i++) {
        const struct report_alarm *alarm = &device->alarms[i];
        (void)fputs("<tr><td>", out);
        put_label(out, &alarm->label, "");
        (void)fputs(" <span class=\"q\">", out);
        html_put(out, alarm->id);
        (void)fputs("</span></td><td>", out);
        html_put(out, alarm->kind);
        (void)fputs("</td><td>", out);
        html_put(out, alarm->limit);
        (void)fputs("</td><td>", out);
        html_put(out, alarm->priority);
        (void)fputs("</td></tr>\n", out);
    }
    (void)fputs("</table>\n", out);
}

static void put_device(const struct report_device *device, FILE *out)
{
    (void)fputs("<h3>", out);
    html_put(out, device->id);
    (void)fputs(" <span class=\"q\">", out);
    html_put(out, device->class);
    (void)fputs(device->profile[0] == '\0' ? "" : ", ", out);
    html_put(out, device->profile);
    (void)fputs("</span> ", out);
    put_result(out, device->good ? REPORT_PASSED : REPORT_FAILED);
    (void)fputs("</h3>\n", out);
    if (device->note[0] != '\0') {
        (void)fputs("<p class=\"no\">", out);
        html_put(out, device->note);
        (void)fputs("</p>\n", out);
    }
    put_identity(device, out);
    if (device->point_count > 0)
        put_points(device, out);
    put_alarms(device, out);
}

/* --- scenarios --- */

static void put_seconds(FILE *out, int64_t ms)
{
    if (ms != REPORT_NEVER)
        (void)fprintf(out, "%.2f s", (double)ms / 1000);
}

static void put_what(const struct report_row *row, FILE *out)
{
    if (row->label.zh != NULL || row->label.en != NULL) {
        put_label(out, &row->label, "");
        (void)fputs("<br/>", out);
    }
    (void)fputs("<span class=\"q\">", out);
    html_put(out, row->text);
    (void)fputs("</span>", out);
    if (row->note[0] != '\0') {
        (void)fprintf(out, "<br/><span class=\"%s\">", row->result == REPORT_FAILED ? "no" : "q");
        html_put(out, row->note);
        (void)fputs("</span>", out);
    }
}

static void put_verdict(const struct report_row *row, FILE *out)
{
    put_result(out, row->result);
    if (row->is_action || row->result != REPORT_FAILED)
        return;
    (void)fputs("<br/>", out);
    switch (row->outcome) {
    case JUDGED_LATE:
        both(out, "late", "超时");
        break;
    case JUDGED_VIOLATED:
        both(out, "came, and must not", "不应出现而出现");
        break;
    case JUDGED_NOT_BEGUN:
        both(out, "what it counts from did not happen", "前一步未发生");
        break;
    case JUDGED_MISSING:
    case JUDGED_OPEN:
    case JUDGED_MET:
        both(out, "did not come", "未出现");
        break;
    }
}

static void put_row(const struct report *report, const struct report_row *row, size_t number, FILE *out)
{
    int64_t shown_ms = row->is_action ? row->since_ms : row->when_ms;
    (void)fprintf(out, "<tr><td class=\"r\">%zu</td><td>", number);
    put_what(row, out);
    (void)fputs("</td><td>", out);
    html_put(out, row->subject);
    (void)fputs("</td><td class=\"r\">", out);
    if (shown_ms != REPORT_NEVER)
        html_put_clock(out, shown_ms, report->utc_offset_min);
    (void)fputs("</td><td class=\"r\">", out);
    if (!row->is_action) {
        put_seconds(out, row->took_ms);
        (void)fputs(row->never ? " / ≠ " : " / ≤ ", out);
        put_seconds(out, row->within_ms);
        (void)fputs("<br/><span class=\"q\">", out);
        if (row->arrived_ms != REPORT_NEVER && row->when_ms != REPORT_NEVER)
            put_seconds(out, row->arrived_ms < row->when_ms ? 0 : row->arrived_ms - row->when_ms);
        (void)fputs("</span>", out);
    }
    (void)fputs("</td><td>", out);
    put_verdict(row, out);
    if (row->test)
        (void)fputs("<br/><span class=\"q\">test</span>", out);
    (void)fputs("</td></tr>\n", out);
}

static void put_rows(const struct report *report, const struct report_scenario *scenario, FILE *out)
{
    (void)fputs("<table>\n<tr><th>#</th><th>", out);
    both(out, "action or expectation", "动作或应见结果");
    (void)fputs("</th><th>", out);
    both(out, "device", "设备");
    (void)fputs("</th><th>", out);
    both(out, "at", "时刻");
    (void)fputs("</th><th>", out);
    both(out, "took / limit", "用时/限时");
    (void)fputs("<br/><span class=\"q\">", out);
    both(out, "on the way", "传输");
    (void)fputs("</span></th><th>", out);
    both(out, "result", "结果");
    (void)fputs("</th></tr>\n", out);
    for (size_t i = 0; i < scenario->row_count; i++)
        put_row(report, &scenario->rows[i], i + 1, out);
    (void)fputs("</table>\n", out);
}

static void put_scenario(const struct report *report, const struct report_scenario *scenario, FILE *out)
{
    (void)fputs("<h3>", out);
    put_label(out, &scenario->label, scenario->name);
    (void)fputs(" <span class=\"q\">", out);
    html_put(out, scenario->name);
    (void)fputs("</span> ", out);
    put_result(out, scenario->result);
    (void)fputs("</h3>\n<p class=\"q\">", out);
    html_put(out, scenario->cast);
    (void)fputs("</p>\n", out);
    if (scenario->note[0] != '\0') {
        (void)fprintf(out, "<p class=\"%s\">", scenario->result == REPORT_FAILED ? "no" : "sk");
        html_put(out, scenario->note);
        (void)fputs("</p>\n", out);
    }
    if (scenario->row_count == 0)
        return;
    put_rows(report, scenario, out);
    report_put_plot(scenario, out);
}

/* --- the page --- */

static void put_signatures(FILE *out)
{
    (void)fputs("<h2>", out);
    both(out, "Signatures", "签字");
    (void)fputs("</h2>\n<table class=\"sign\"><tr><td>", out);
    both(out, "installer: name, date", "安装单位：签名、日期");
    (void)fputs("</td><td>", out);
    both(out, "user: name, date", "使用单位：签名、日期");
    (void)fputs("</td></tr></table>\n", out);
}

static void put_head(const struct report *report, FILE *out)
{
    (void)fputs("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"zh\">\n<head>\n<meta "
                "charset=\"utf-8\"/>\n<title>",
                out);
    both(out, "Acceptance report", "验收报告");
    (void)fputc(' ', out);
    html_put(out, report->site);
    (void)fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
    both(out, "Acceptance report", "验收报告");
    (void)fputs("</h1>\n<p class=\"big\">", out);
    put_result(out, report_passed(report) ? REPORT_PASSED : REPORT_FAILED);
    if (report->stopped) {
        (void)fputs(" <span class=\"no\">", out);
        both(out, "stopped before its end", "中途停止");
        (void)fputs("</span>", out);
    }
    (void)fputs("</p>\n", out);
}

bool report_put_html(const struct report *report, FILE *out)
{
    put_head(report, out);
    put_facts(report, out);
    put_summary(report, out);
    (void)fputs("<h2>", out);
    both(out, "Devices", "设备");
    (void)fputs("</h2>\n", out);
    for (size_t i = 0; i < report->device_count; i++)
        put_device(&report->devices[i], out);
    (void)fputs("<h2>", out);
    both(out, "Scenarios", "场景");
    (void)fputs("</h2>\n", out);
    for (size_t i = 0; i < report->scenario_count; i++)
        put_scenario(report, &report->scenarios[i], out);
    put_signatures(out);
    (void)fputs("</body>\n</html>\n", out);
    return fflush(out) == 0 && ferror(out) == 0;
}
