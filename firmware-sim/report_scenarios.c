#include "firmware-sim/report_scenarios.h"

#include <string.h>

#include "firmware-sim/html.h"
#include "firmware-sim/report_pieces.h"
#include "firmware-sim/report_plot.h"

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
        put_both(out, "late", "超时");
        break;
    case JUDGED_VIOLATED:
        put_both(out, "came, and must not", "不应出现而出现");
        break;
    case JUDGED_NOT_BEGUN:
        put_both(out, "what it counts from did not happen", "前一步未发生");
        break;
    case JUDGED_MISSING:
    case JUDGED_OPEN:
    case JUDGED_MET:
        put_both(out, "did not come", "未出现");
        break;
    }
}

static void put_took(const struct report_row *rows, size_t count, FILE *out)
{
    int64_t least_ms = rows->took_ms;
    int64_t most_ms = rows->took_ms;
    for (size_t i = 1; i < count; i++) {
        least_ms = rows[i].took_ms < least_ms ? rows[i].took_ms : least_ms;
        most_ms = rows[i].took_ms > most_ms ? rows[i].took_ms : most_ms;
    }
    put_seconds(out, least_ms);
    if (most_ms > least_ms) {
        (void)fputs(" … ", out);
        put_seconds(out, most_ms);
    }
    (void)fputs(rows->never ? "<br/>≠ " : "<br/>≤ ", out);
    put_seconds(out, rows->within_ms);
    (void)fputs("<br/><span class=\"q\">", out);
    if (count == 1 && rows->arrived_ms != REPORT_NEVER && rows->when_ms != REPORT_NEVER)
        put_seconds(out, rows->arrived_ms < rows->when_ms ? 0 : rows->arrived_ms - rows->when_ms);
    (void)fputs("</span>", out);
}

static void put_subjects(const struct report_row *rows, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        (void)fputs(i == 0 ? "" : ", ", out);
        html_put(out, rows[i].subject);
    }
}

static size_t count_words(const char *text)
{
    size_t count = text[0] == '\0' ? 0 : 1;
    for (const char *at = strchr(text, ' '); at != NULL; at = strchr(at + 1, ' '))
        count++;
    return count;
}

/* One line of the table: a row, or several that are alike (report_alike). */
static void put_line(const struct report *report, const struct report_row *row, size_t number, size_t count, FILE *out)
{
    int64_t shown_ms = row->is_action ? row->since_ms : row->when_ms;
    (void)fprintf(out, "<tr><td class=\"r\">%zu", number);
    if (count > 1)
        (void)fprintf(out, "–%zu", number + count - 1);
    (void)fputs("</td><td>", out);
    put_what(row, out);
    size_t subjects = count > 1 ? count : count_words(row->subject);
    if (subjects >= REPORT_ALIKE_LEAST) {
        (void)fputs("<br/><span class=\"q\">", out);
        put_subjects(row, count, out);
        (void)fputs("</span>", out);
    }
    (void)fputs("</td><td>", out);
    if (subjects < REPORT_ALIKE_LEAST)
        html_put(out, row->subject);
    else
        (void)fprintf(out, "× %zu", subjects);
    (void)fputs("</td><td class=\"r\">", out);
    if (shown_ms != REPORT_NEVER)
        html_put_clock(out, shown_ms, report->utc_offset_min);
    (void)fputs("</td><td class=\"r\">", out);
    if (!row->is_action)
        put_took(row, count, out);
    (void)fputs("</td><td>", out);
    put_verdict(row, out);
    if (row->test)
        (void)fputs("<br/><span class=\"q\">test</span>", out);
    (void)fputs("</td></tr>\n", out);
}

static void put_rows(const struct report *report, const struct report_scenario *scenario, FILE *out)
{
    (void)fputs("<table class=\"s\">\n<thead><tr><th>#</th><th>", out);
    put_both(out, "action or expectation", "动作或应见结果");
    (void)fputs("</th><th>", out);
    put_both(out, "device", "设备");
    (void)fputs("</th><th>", out);
    put_both(out, "at", "时刻");
    (void)fputs("</th><th>", out);
    put_both(out, "took / limit", "用时/限时");
    (void)fputs("<br/><span class=\"q\">", out);
    put_both(out, "on the way", "传输");
    (void)fputs("</span></th><th>", out);
    put_both(out, "result", "结果");
    (void)fputs("</th></tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < scenario->row_count;) {
        size_t count = report_alike(scenario, i);
        put_line(report, &scenario->rows[i], i + 1, count, out);
        i += count;
    }
    (void)fputs("</tbody></table>\n", out);
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
    put_rows(report, scenario, out);
    report_put_plot(scenario, out);
}

/* What was not played, and why, in a table of its own. */
static void put_others(const struct report *report, FILE *out)
{
    size_t count = 0;
    for (size_t i = 0; i < report->scenario_count; i++) {
        const struct report_scenario *scenario = &report->scenarios[i];
        if (scenario->row_count > 0)
            continue;
        if (count++ == 0) {
            (void)fputs("<h3>", out);
            put_both(out, "Not played", "未进行的场景");
            (void)fputs("</h3>\n<table>\n", out);
        }
        (void)fputs("<tr><td>", out);
        put_label(out, &scenario->label, scenario->name);
        (void)fputs(" <span class=\"q\">", out);
        html_put(out, scenario->name);
        (void)fputs("</span></td><td class=\"q\">", out);
        html_put(out, scenario->note);
        (void)fputs("</td></tr>\n", out);
    }
    if (count > 0)
        (void)fputs("</table>\n", out);
}

void report_put_scenarios(const struct report *report, FILE *out)
{
    (void)fputs("<h2>", out);
    put_both(out, "Scenarios", "场景");
    (void)fputs("</h2>\n", out);
    for (size_t i = 0; i < report->scenario_count; i++) {
        if (report->scenarios[i].row_count > 0)
            put_scenario(report, &report->scenarios[i], out);
    }
    put_others(report, out);
}
