/* From the top: the time axis, a bar for each expectation, a lane for each point, a row of marks. A bar is its whole
 * time, filled up to the moment that decided it; vertical lines are actions (dashed) and alarms. */
#include "firmware-sim/report_plot.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "firmware-sim/html.h"

#define WIDTH     720.0
#define LEFT      170.0
#define RIGHT     12.0
#define AXIS_H    20.0
#define BAR_H     15.0
#define NUMBER_H  44.0
#define TRUTH_H   20.0
#define MARK_H    14.0
#define TICKS_MAX 9
#define NAME_ROOM 150.0

#define TOGETHER_MS 5000
#define MARKS_MAX   40 /* drawn; the rest is counted */

struct plot {
    const struct report_scenario *scenario;
    FILE *out;
    double y; /* where the next thing goes */
    double height;
};

static double x_of(const struct plot *plot, int64_t wall_ms)
{
    double whole = (double)(plot->scenario->ended_ms - plot->scenario->began_ms);
    double part = (double)(wall_ms - plot->scenario->began_ms) / (whole < 1 ? 1 : whole);
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    return LEFT + part * (WIDTH - LEFT - RIGHT);
}

/* Marks of the same kind at nearly the same time are drawn as one: the first is; `ret_count` is how many it stands
 * for. */
static bool is_drawn(const struct report_scenario *scenario, size_t place, size_t *ret_count)
{
    const struct report_mark *mark = &scenario->marks[place];
    *ret_count = 0;
    for (size_t i = 0; i < scenario->mark_count; i++) {
        const struct report_mark *other = &scenario->marks[i];
        bool alike = mark->is_alarm == other->is_alarm && strcmp(mark->name, other->name) == 0 &&
                     strcmp(mark->state, other->state) == 0 && mark->at_ms / TOGETHER_MS == other->at_ms / TOGETHER_MS;
        if (alike && i < place)
            return false;
        *ret_count += alike ? 1U : 0U;
    }
    return true;
}

static size_t count_marks(const struct report_scenario *scenario)
{
    size_t drawn = 0;
    size_t together;
    for (size_t i = 0; i < scenario->mark_count; i++)
        drawn += is_drawn(scenario, i, &together) ? 1U : 0U;
    return drawn < MARKS_MAX ? drawn : MARKS_MAX + 1;
}

static double height_of(const struct report_scenario *scenario)
{
    double height = AXIS_H + MARK_H * (double)count_marks(scenario) + 6;
    for (size_t i = 0; i < scenario->row_count; i += report_alike(scenario, i))
        height += scenario->rows[i].is_action ? 0 : BAR_H;
    for (size_t i = 0; i < scenario->trend_count; i++)
        height += scenario->trends[i].truth ? TRUTH_H : NUMBER_H;
    return height;
}

static void put_name(const struct plot *plot, double y, const char *first, const char *second)
{
    (void)fprintf(plot->out, "<text class=\"n\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", NAME_ROOM + 14, y);
    html_put(plot->out, first);
    (void)fputs(first[0] == '\0' || second[0] == '\0' ? "" : " ", plot->out);
    html_put(plot->out, second);
    (void)fputs("</text>\n", plot->out);
}

/* --- axis and actions --- */

static int64_t tick_of(int64_t whole_ms)
{
    static const int64_t steps_s[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600};
    for (size_t i = 0; i < sizeof steps_s / sizeof *steps_s; i++) {
        if (whole_ms / (steps_s[i] * 1000) <= TICKS_MAX)
            return steps_s[i] * 1000;
    }
    return whole_ms / TICKS_MAX;
}

static void put_axis(struct plot *plot)
{
    int64_t whole_ms = plot->scenario->ended_ms - plot->scenario->began_ms;
    int64_t tick_ms = tick_of(whole_ms);
    for (int64_t at_ms = 0; at_ms <= whole_ms; at_ms += tick_ms) {
        double x = x_of(plot, plot->scenario->began_ms + at_ms);
        (void)fprintf(plot->out,
                      "<line class=\"g\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>"
                      "<text class=\"t\" x=\"%.1f\" y=\"12\" text-anchor=\"middle\">%lld s</text>\n",
                      x, AXIS_H - 4, x, plot->height, x, (long long)(at_ms / 1000));
    }
    plot->y = AXIS_H;
}

static void put_actions(const struct plot *plot)
{
    for (size_t i = 0; i < plot->scenario->row_count; i++) {
        const struct report_row *row = &plot->scenario->rows[i];
        if (!row->is_action || row->until_ms == REPORT_NEVER)
            continue;
        double x = x_of(plot, row->until_ms);
        (void)fprintf(plot->out, "<line class=\"a\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"><title>", x,
                      AXIS_H - 4, x, plot->height);
        html_put(plot->out, row->text);
        (void)fputs("</title></line>\n", plot->out);
    }
}

/* --- expectations --- */

/* Its number is that of the table. Several that are alike (report_alike): the whole time of all, filled up to the
 * last. */
static void put_bar(struct plot *plot, size_t number, size_t count)
{
    const struct report_row *row = &plot->scenario->rows[number];
    bool good = row->result == REPORT_PASSED;
    char sign[64];
    char all[32];
    int64_t when_ms = row->when_ms;
    for (size_t i = 1; i < count; i++)
        when_ms = row[i].when_ms > when_ms ? row[i].when_ms : when_ms;
    (void)snprintf(sign, sizeof sign, count > 1 ? "%s %zu–%zu" : "%s %zu",
                   good                            ? "✓"
                   : row->result == REPORT_SKIPPED ? "–"
                                                   : "✗",
                   number + 1, number + count);
    (void)snprintf(all, sizeof all, "× %zu", count);
    put_name(plot, plot->y + 11, sign, count > 1 ? all : row->subject);
    if (row->since_ms != REPORT_NEVER) {
        double from = x_of(plot, row->since_ms);
        double to = x_of(plot, row->until_ms);
        double at = x_of(plot, when_ms == REPORT_NEVER ? row->until_ms : when_ms);
        (void)fprintf(plot->out,
                      "<rect class=\"w\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>"
                      "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
                      from, plot->y + 3, fmax(to - from, 1), BAR_H - 5, good ? "ok" : "no", from, plot->y + 3,
                      fmax(at - from, 1.5), BAR_H - 5);
    }
    plot->y += BAR_H;
}

/* --- points --- */

struct range {
    double low; /* of the values; drawn with some room around */
    double high;
    double room;
};

static struct range range_of(const struct report_trend *trend)
{
    struct range range = {DBL_MAX, -DBL_MAX, 0};
    for (size_t i = 0; i < trend->sample_count; i++) {
        double value = trend->samples[i].value;
        if (!trend->samples[i].good)
            continue;
        range.low = fmin(range.low, value);
        range.high = fmax(range.high, value);
    }
    if (range.low > range.high || trend->truth)
        return (struct range){0, 1, 0};
    range.room = fmax((range.high - range.low) * 0.05, fmax(fabs(range.high), 1) * 0.001);
    return range;
}

/* A value holds until the next one comes; where there is none the line is broken. */
static void put_line(const struct plot *plot, const struct report_trend *trend, const struct range *range,
                     double height)
{
    bool down = false;
    (void)fputs("<path class=\"v\" d=\"", plot->out);
    for (size_t i = 0; i < trend->sample_count; i++) {
        const struct report_sample *sample = &trend->samples[i];
        double x = x_of(plot, sample->at_ms);
        if (down)
            (void)fprintf(plot->out, "H%.1f", x);
        if (sample->good) {
            double part = (sample->value - range->low + range->room) / (range->high - range->low + 2 * range->room);
            double y = plot->y + 4 + (1 - part) * (height - 8);
            if (down)
                (void)fprintf(plot->out, "V%.1f", y);
            else
                (void)fprintf(plot->out, "M%.1f %.1f", x, y);
        }
        down = sample->good;
    }
    if (down)
        (void)fprintf(plot->out, "H%.1f", WIDTH - RIGHT);
    (void)fputs("\"/>\n", plot->out);
}

static void put_trend(struct plot *plot, const struct report_trend *trend)
{
    double height = trend->truth ? TRUTH_H : NUMBER_H;
    struct range range = range_of(trend);
    (void)fprintf(plot->out, "<line class=\"g\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", LEFT, plot->y,
                  WIDTH - RIGHT, plot->y);
    put_name(plot, plot->y + (trend->truth ? 13 : 14), trend->device, trend->point);
    if (!trend->truth) {
        (void)fprintf(plot->out, "<text class=\"t\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.4g … %.4g ",
                      NAME_ROOM + 14, plot->y + 28, range.low, range.high);
        html_put_unit(plot->out, trend->unit);
        (void)fputs("</text>\n", plot->out);
    }
    put_line(plot, trend, &range, height);
    plot->y += height;
}

/* --- marks --- */

static void put_mark(struct plot *plot, const struct report_mark *mark, size_t count)
{
    double x = x_of(plot, mark->at_ms);
    char all[32];
    (void)snprintf(all, sizeof all, "× %zu", count);
    (void)fprintf(plot->out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                  mark->is_alarm ? "m" : "e", x, AXIS_H, x, plot->y + 9);
    bool right = x > WIDTH / 2;
    (void)fprintf(plot->out, "<text class=\"t\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", right ? x - 4 : x + 4,
                  plot->y + 11, right ? "end" : "start");
    html_put(plot->out, mark->is_alarm ? "▲ " : "■ ");
    html_put(plot->out, count > 1 ? all : mark->subject);
    (void)fputc(' ', plot->out);
    html_put(plot->out, mark->name);
    (void)fputc(' ', plot->out);
    html_put(plot->out, mark->state);
    (void)fputs("</text>\n", plot->out);
    plot->y += MARK_H;
}

static void put_marks(struct plot *plot)
{
    const struct report_scenario *scenario = plot->scenario;
    size_t drawn = 0;
    size_t together;
    for (size_t i = 0; i < scenario->mark_count; i++) {
        if (!is_drawn(scenario, i, &together))
            continue;
        if (drawn++ < MARKS_MAX)
            put_mark(plot, &scenario->marks[i], together);
    }
    if (drawn > MARKS_MAX)
        (void)fprintf(plot->out, "<text class=\"t\" x=\"%.1f\" y=\"%.1f\">… + %zu</text>\n", LEFT, plot->y + 11,
                      drawn - MARKS_MAX);
}

void report_put_plot(const struct report_scenario *scenario, FILE *out)
{
    struct plot plot = {.scenario = scenario, .out = out, .height = height_of(scenario)};
    (void)fprintf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
                  "role=\"img\">\n",
                  WIDTH, plot.height, WIDTH, plot.height);
    put_axis(&plot);
    put_actions(&plot);
    for (size_t i = 0; i < scenario->row_count;) {
        size_t count = report_alike(scenario, i);
        if (!scenario->rows[i].is_action)
            put_bar(&plot, i, count);
        i += count;
    }
    for (size_t i = 0; i < scenario->trend_count; i++)
        put_trend(&plot, &scenario->trends[i]);
    put_marks(&plot);
    (void)fputs("</svg>\n", out);
}
