#include "firmware-sim/report_devices.h"

#include <string.h>

#include "firmware-sim/html.h"
#include "firmware-sim/report_pieces.h"

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
    (void)fputs("<table class=\"i\">\n", out);
    for (size_t i = 0; i < device->identity_count; i++) {
        const char *name = device->identity[i].name;
        size_t known = 0;
        while (known < sizeof names / sizeof *names && strcmp(names[known][0], name) != 0)
            known++;
        (void)fputs("<tr><td class=\"f\">", out);
        if (known < sizeof names / sizeof *names)
            put_both(out, names[known][1], names[known][2]);
        (void)fputs(" <span class=\"q\">", out);
        html_put(out, name);
        (void)fputs("</span></td><td>", out);
        html_put(out, device->identity[i].value);
        (void)fputs("</td></tr>\n", out);
    }
    if (device->identity_count == 0) {
        (void)fputs("<tr><td>", out);
        put_both(out, "no identity in the site file", "站点文件中没有登记信息");
        (void)fputs("</td></tr>\n", out);
    }
    (void)fputs("</table>\n", out);
}

/* --- points: two in a row, so that a street of shops stays a booklet --- */

/* Green is only what is plainly good. */
static const char *class_of_point(const struct report_point *point)
{
    if (!point->good)
        return point->waived != NULL ? "wv" : "no";
    return strcmp(point->quality, "good") == 0 ? "ok" : "sk";
}

static void put_point(const struct report_point *point, FILE *out)
{
    (void)fputs("<td>", out);
    put_label(out, &point->label, "");
    (void)fputs(" <span class=\"q\">", out);
    html_put(out, point->id);
    (void)fputs("</span>", out);
    if (point->waived != NULL) {
        (void)fputs("<br/><span class=\"wv\">", out);
        put_both(out, "waived:", "豁免");
        (void)fputc(' ', out);
        put_reason(out, point);
        (void)fputs("</span>", out);
    }
    (void)fputs("</td><td>", out);
    if (point->value[0] != '\0') {
        put_value(out, point->value);
        (void)fputc(' ', out);
        html_put_unit(out, point->unit);
    }
    (void)fprintf(out, "</td><td class=\"%s\">", class_of_point(point));
    html_put(out, point->quality);
    (void)fputs("</td>", out);
}

static void put_heads(const char *const (*heads)[2], size_t count, FILE *out)
{
    (void)fputs("<thead><tr>", out);
    for (size_t i = 0; i < 2 * count; i++) {
        (void)fputs("<th>", out);
        put_both(out, heads[i % count][0], heads[i % count][1]);
        (void)fputs("</th>", out);
    }
    (void)fputs("</tr></thead>\n<tbody>\n", out);
}

static void put_points(const struct report_device *device, FILE *out)
{
    static const char *const heads[][2] = {{"point", "测点"}, {"reading", "读数"}, {"quality", "质量"}};
    (void)fputs("<table class=\"p\">\n", out);
    put_heads(heads, 3, out);
    for (size_t i = 0; i < device->point_count; i += 2) {
        (void)fputs("<tr>", out);
        put_point(&device->points[i], out);
        if (i + 1 < device->point_count)
            put_point(&device->points[i + 1], out);
        else
            (void)fputs("<td colspan=\"3\"></td>", out);
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</tbody></table>\n", out);
}

/* --- alarms --- */

static void put_alarm(const struct report_alarm *alarm, FILE *out)
{
    (void)fputs("<td>", out);
    put_label(out, &alarm->label, "");
    (void)fputs(" <span class=\"q\">", out);
    html_put(out, alarm->id);
    (void)fputs("</span></td><td>", out);
    html_put(out, alarm->kind);
    (void)fputc(' ', out);
    put_value(out, alarm->limit);
    (void)fputs("</td><td>", out);
    html_put(out, alarm->priority);
    (void)fputs("</td>", out);
}

static bool has_same_alarms(const struct report_device *a, const struct report_device *b)
{
    bool same = a->alarm_count == b->alarm_count && strcmp(a->class, b->class) == 0;
    for (size_t i = 0; same && i < a->alarm_count; i++)
        same = strcmp(a->alarms[i].id, b->alarms[i].id) == 0 && strcmp(a->alarms[i].kind, b->alarms[i].kind) == 0 &&
               strcmp(a->alarms[i].limit, b->alarms[i].limit) == 0 &&
               strcmp(a->alarms[i].priority, b->alarms[i].priority) == 0;
    return same;
}

/* Those of a device before it are not printed again. */
static bool put_reference(const struct report *report, size_t device, FILE *out)
{
    for (size_t i = 0; i < device; i++) {
        if (!has_same_alarms(&report->devices[i], &report->devices[device]))
            continue;
        (void)fputs("<p class=\"q\">", out);
        put_both(out, "alarms and limits as of", "报警及限值同");
        (void)fputc(' ', out);
        html_put(out, report->devices[i].id);
        (void)fputs("</p>\n", out);
        return true;
    }
    return false;
}

static void put_alarms(const struct report *report, size_t place, FILE *out)
{
    static const char *const heads[][2] = {{"alarm", "报警"}, {"limit", "限值"}, {"priority", "优先级"}};
    const struct report_device *device = &report->devices[place];
    if (device->alarm_count == 0 || put_reference(report, place, out))
        return;
    (void)fputs("<table class=\"p\">\n", out);
    put_heads(heads, 3, out);
    for (size_t i = 0; i < device->alarm_count; i += 2) {
        (void)fputs("<tr>", out);
        put_alarm(&device->alarms[i], out);
        if (i + 1 < device->alarm_count)
            put_alarm(&device->alarms[i + 1], out);
        else
            (void)fputs("<td colspan=\"3\"></td>", out);
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</tbody></table>\n", out);
}

/* --- the whole --- */

static void put_device(const struct report *report, size_t place, FILE *out)
{
    const struct report_device *device = &report->devices[place];
    (void)fputs("<h3>", out);
    html_put(out, device->id);
    (void)fputs(" <span class=\"q\">", out);
    html_put(out, device->class);
    (void)fputs(device->profile[0] == '\0' ? "" : ", ", out);
    html_put(out, device->profile);
    (void)fputs("</span> ", out);
    put_result_of_device(out, device);
    (void)fputs("</h3>\n", out);
    if (device->note[0] != '\0') {
        (void)fputs("<p class=\"no\">", out);
        html_put(out, device->note);
        (void)fputs("</p>\n", out);
    }
    put_identity(device, out);
    if (device->point_count > 0)
        put_points(device, out);
    put_alarms(report, place, out);
}

void report_put_devices(const struct report *report, FILE *out)
{
    (void)fputs("<h2>", out);
    put_both(out, "Devices", "设备");
    (void)fputs("</h2>\n", out);
    for (size_t i = 0; i < report->device_count; i++)
        put_device(report, i, out);
}
