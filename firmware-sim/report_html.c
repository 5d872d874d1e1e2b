/* The page: verdict, facts, summary, each device, each scenario with its picture, room for signatures. */
#include <string.h>

#include "firmware-sim/html.h"
#include "firmware-sim/report.h"
#include "firmware-sim/report_devices.h"
#include "firmware-sim/report_pieces.h"
#include "firmware-sim/report_scenarios.h"

/* Fonts: what Windows, macOS, Debian and Android have for Chinese; a printer has none. Colours say nothing that
 * words do not. */
static const char style[] =
    "@page{size:A4;margin:14mm}*{box-sizing:border-box}"
    "body{font:13px/1.4 'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',"
    "'WenQuanYi Micro Hei',SimSun,sans-serif;color:#111;max-width:760px;margin:0 auto;padding:12px;"
    "print-color-adjust:exact;-webkit-print-color-adjust:exact}"
    "h1{font-size:22px;margin:0 0 4px}h2{font-size:16px;border-bottom:2px solid #111;margin:26px 0 8px;"
    "padding-bottom:2px}h3{font-size:14px;margin:18px 0 4px}h2,h3,h3+p{break-after:avoid}p{margin:4px 0}"
    "table{border-collapse:collapse;width:100%;margin:6px 0}"
    "th,td{border:1px solid #999;padding:2px 6px;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:#eee;font-weight:600}tr{break-inside:avoid}thead{display:table-header-group}"
    "thead,thead tr{break-after:avoid}td.f{width:190px;background:#f6f6f6}"
    "table.m td:nth-child(1){width:110px}table.m td:nth-child(3){width:180px}table.i{break-after:avoid}"
    "table.p{table-layout:fixed;font-size:11px}table.p .q{font-size:9px}"
    "table.p th:nth-child(3n+1){width:28%}table.p th:nth-child(3n+2){width:12%}"
    "table.s th:nth-child(1){width:44px}table.s th:nth-child(3){width:86px}table.s th:nth-child(4){width:92px}"
    "table.s th:nth-child(5){width:104px}table.s th:nth-child(6){width:86px}"
    ".r{text-align:right}.ok{color:#0a6b2d;font-weight:600}.no{color:#b00020;font-weight:700}.sk{color:#666}"
    ".wv{color:#8a4b00;font-weight:600}.q{color:#555;font-size:11px;font-weight:400}"
    ".big{font-size:18px;border:2px solid;padding:6px 10px;margin:8px 0}"
    ".sign{break-inside:avoid}.sign td{height:40px;width:36%}.sign td.f{width:14%}"
    ".sign tr:nth-child(3) td{height:70px}.code{font-family:monospace;font-size:11px;overflow-wrap:anywhere}"
    "svg{width:100%;height:auto;break-inside:avoid;margin:4px 0}svg text{font:9px sans-serif;fill:#222}"
    "svg .t{fill:#555;font-size:8px}svg .g{stroke:#ddd}svg .a{stroke:#1565c0;stroke-dasharray:3 2}"
    "svg .m{stroke:#d32f2f;stroke-width:.6}svg .e{stroke:#6a1b9a;stroke-width:.6}svg .w{fill:#e4e4e4}"
    "svg .ok{fill:#2e9d57}svg .no{fill:#d3263b}svg .v{stroke:#0d3b66;fill:none;stroke-width:1.1}";

/* --- what it is about --- */

static void start_fact(FILE *out, const char *en, const char *zh)
{
    (void)fputs("<tr><td class=\"f\">", out);
    put_both(out, en, zh);
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
    html_put_date(out, report->ended_ms, offset);
    (void)fprintf(out, " (UTC%+03d:%02d)</td></tr>\n", offset / 60, offset % 60 < 0 ? -(offset % 60) : offset % 60);
    start_fact(out, "gateway's clock", "网关时钟");
    if (report->delay_ms == REPORT_NEVER)
        (void)fputs("—", out);
    else
        (void)fprintf(out, "%+.3f s", (double)report->delay_ms / 1000);
    (void)fputc(' ', out);
    if (report->delay_ms != REPORT_NEVER)
        put_both(out, "smallest time from reading to arrival, counted as none below",
                 "从采到到收到的最短时间，下文按零计");
    if (report->clock_unsync)
        put_both(out, "; the gateway's clock was never set", "；网关未对时");
    (void)fputs("</td></tr>\n", out);
}

static void put_kind(const struct report *report, FILE *out)
{
    start_fact(out, "provoked by", "触发方式");
    if (report->manual)
        put_both(out, "people on site", "现场人工");
    else
        put_both(out, "the simulator; no real equipment was tried", "模拟器，未试验真实设备");
    (void)fputs("</td></tr>\n", out);
    start_fact(out, "records", "记录性质");
    if (report->drill)
        put_both(out, "marked as a drill", "已标为演练");
    else
        put_both(out, "not marked as a drill: real to every centre", "未标演练，各中心按真实记录处理");
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
        put_both(out, "the gateway does not say which file it runs", "网关未说明所用文件");
    else if (strcmp(report->sha256, report->running_sha256) == 0)
        put_both(out, "the gateway runs this very file", "与网关所用文件一致");
    else
        put_both(out, "the gateway runs ANOTHER file", "与网关所用文件不一致");
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

static void put_waived_row(const struct report_device *device, const struct report_point *point, FILE *out)
{
    (void)fputs("<tr><td>", out);
    html_put(out, device->id);
    (void)fputs(" ", out);
    put_label(out, &point->label, "");
    (void)fputs(" <span class=\"q\">", out);
    html_put(out, point->id);
    (void)fputs("</span></td><td>", out);
    html_put(out, point->quality);
    (void)fputs("</td><td>", out);
    put_reason(out, point);
    (void)fputs("</td></tr>\n", out);
}

/* Each by name, before anybody signs. */
static void put_waivers(const struct report *report, FILE *out)
{
    if (report_waived(report) == 0)
        return;
    (void)fputs("<table class=\"wv\">\n<tr><th>", out);
    put_both(out, "waived: has no good reading, and is let pass", "豁免：无有效读数，经同意不计");
    (void)fputs("</th><th>", out);
    put_both(out, "quality", "质量");
    (void)fputs("</th><th>", out);
    put_both(out, "why", "理由");
    (void)fputs("</th></tr>\n", out);
    for (size_t i = 0; i < report->device_count; i++) {
        const struct report_device *device = &report->devices[i];
        for (size_t k = 0; k < device->point_count; k++) {
            if (device->points[k].waived != NULL)
                put_waived_row(device, &device->points[k], out);
        }
    }
    (void)fputs("</table>\n", out);
}

static bool is_plain(const struct report_device *device)
{
    return device->good && device->waived_count == 0;
}

static void put_device_row(const struct report_device *device, FILE *out)
{
    (void)fputs("<tr><td>", out);
    put_both(out, "device", "设备");
    (void)fputs("</td><td>", out);
    html_put(out, device->id);
    (void)fputs("</td><td>", out);
    put_result_of_device(out, device);
    (void)fputs("</td></tr>\n", out);
}

/* Those of which there is nothing to say share a row. */
static void put_plain_devices(const struct report *report, FILE *out)
{
    size_t count = 0;
    for (size_t i = 0; i < report->device_count; i++) {
        if (!is_plain(&report->devices[i]))
            continue;
        if (count++ == 0) {
            (void)fputs("<tr><td>", out);
            put_both(out, "device", "设备");
            (void)fputs("</td><td>", out);
        }
        (void)fputs(count == 1 ? "" : ", ", out);
        html_put(out, report->devices[i].id);
    }
    if (count == 0)
        return;
    (void)fputs("</td><td>", out);
    put_result(out, REPORT_PASSED);
    (void)fprintf(out, " × %zu</td></tr>\n", count);
}

static void put_summary(const struct report *report, FILE *out)
{
    (void)fputs("<h2>", out);
    put_both(out, "Summary", "汇总");
    (void)fputs("</h2>\n<table class=\"m\">\n", out);
    for (size_t i = 0; i < report->device_count; i++) {
        if (!is_plain(&report->devices[i]))
            put_device_row(&report->devices[i], out);
    }
    put_plain_devices(report, out);
    for (size_t i = 0; i < report->scenario_count; i++) {
        if (report->scenarios[i].row_count == 0)
            continue;
        (void)fputs("<tr><td>", out);
        put_both(out, "scenario", "场景");
        (void)fputs("</td><td>", out);
        put_label(out, &report->scenarios[i].label, report->scenarios[i].name);
        (void)fputs("</td><td>", out);
        put_result(out, report->scenarios[i].result);
        (void)fputs("</td></tr>\n", out);
    }
    (void)fputs("</table>\n", out);
    put_waivers(report, out);
}

/* --- the page --- */

static void put_verdict(const struct report *report, FILE *out)
{
    put_result(out, report_passed(report) ? REPORT_PASSED : REPORT_FAILED);
    if (report_waived(report) > 0) {
        (void)fprintf(out, " <span class=\"wv\">%zu ", report_waived(report));
        put_both(out, "points waived", "个测点豁免");
        (void)fputs("</span>", out);
    }
    if (report->stopped) {
        (void)fputs(" <span class=\"no\">", out);
        put_both(out, "stopped before its end", "中途停止");
        (void)fputs("</span>", out);
    }
}

/* On one page with what it is signed for: the verdict, the file's digest and how much was waived stand there again. */
static void put_signatures(const struct report *report, FILE *out)
{
    static const char *const who[][2] = {{"installer", "安装单位"}, {"user", "使用单位"}};
    static const char *const what[][2] = {{"name", "姓名"}, {"signature", "签名"}, {"date", "日期"}};
    (void)fputs("<div class=\"sign\">\n<h2>", out);
    put_both(out, "Signatures", "签字");
    (void)fputs("</h2>\n<p>", out);
    put_verdict(report, out);
    (void)fputs(" <span class=\"code\">", out);
    html_put(out, report->gateway);
    (void)fputs(" SHA-256 ", out);
    html_put(out, report->sha256);
    (void)fputs("</span></p>\n<table>\n<tr>", out);
    for (size_t i = 0; i < 2; i++) {
        (void)fputs("<th colspan=\"2\">", out);
        put_both(out, who[i][0], who[i][1]);
        (void)fputs("</th>", out);
    }
    (void)fputs("</tr>\n", out);
    for (size_t k = 0; k < 3; k++) {
        (void)fputs("<tr>", out);
        for (size_t i = 0; i < 2; i++) {
            (void)fputs("<td class=\"f\">", out);
            put_both(out, what[k][0], what[k][1]);
            (void)fputs("</td><td></td>", out);
        }
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</table>\n</div>\n", out);
}

static void put_head(const struct report *report, FILE *out)
{
    (void)fputs("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"zh\">\n<head>\n<meta "
                "charset=\"utf-8\"/>\n<title>",
                out);
    put_both(out, "Acceptance report", "验收报告");
    (void)fputc(' ', out);
    html_put(out, report->site);
    (void)fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
    put_both(out, "Acceptance report", "验收报告");
    (void)fputs("</h1>\n<p class=\"big\">", out);
    put_verdict(report, out);
    (void)fputs("</p>\n", out);
}

bool report_put_html(const struct report *report, FILE *out)
{
    put_head(report, out);
    put_facts(report, out);
    put_summary(report, out);
    report_put_devices(report, out);
    report_put_scenarios(report, out);
    put_signatures(report, out);
    (void)fputs("</body>\n</html>\n", out);
    return fflush(out) == 0 && ferror(out) == 0;
}
