#include "drivers/device/window.h"

#include <math.h>

#include "gateway/base/check.h"

#define MINUTE_MS        INT64_C(60000)
#define MINUTES          60
#define VALUE_COUNTS_MS  (5 * MINUTE_MS)
#define COVERED_MIN_MS   (45 * MINUTE_MS)
#define TREND_EVERY_MS   INT64_C(4000)
#define TREND_WINDOW_MS  (TREND_POINTS_MAX * TREND_EVERY_MS)
#define TREND_SPAN_MS    30000
#define TREND_POINTS_MIN 5
#define TREND_SURE       3.0

/* --- hour_mean ------------------------------------------------------------------------------------------------------ */

/* Makes that minute the newest; those that fall out of the hour are emptied. */
static void turn(struct hour_mean *mean, int64_t minute)
{
    int64_t first = mean->minute + 1;
    if (minute - first >= MINUTES)
        first = minute - MINUTES + 1;
    for (int64_t m = first; m <= minute; m++) {
        mean->sums[m % MINUTES] = 0;
        mean->covered_ms[m % MINUTES] = 0;
    }
    if (minute > mean->minute)
        mean->minute = minute;
}

static void cover(struct hour_mean *mean, int64_t from_ms, int64_t to_ms)
{
    while (from_ms < to_ms) {
        int64_t const minute = from_ms / MINUTE_MS;
        int64_t const end_ms = (minute + 1) * MINUTE_MS < to_ms ? (minute + 1) * MINUTE_MS : to_ms;
        turn(mean, minute);
        mean->sums[minute % MINUTES] += mean->value * (double)(end_ms - from_ms);
        mean->covered_ms[minute % MINUTES] += (int32_t)(end_ms - from_ms);
        from_ms = end_ms;
    }
}

void hour_mean_feed(struct hour_mean *mean, int64_t mono_ms, bool known, double value)
{
    int64_t const until_ms = mono_ms - mean->mono_ms < VALUE_COUNTS_MS ? mono_ms : mean->mono_ms + VALUE_COUNTS_MS;
    if (mean->known)
        cover(mean, mean->mono_ms, until_ms);
    turn(mean, mono_ms / MINUTE_MS);
    mean->mono_ms = mono_ms;
    mean->known = known;
    mean->value = value;
}

bool hour_mean_get(const struct hour_mean *mean, double *ret_mean)
{
    double sum = 0;
    int64_t covered_ms = 0;
    for (size_t i = 0; i < MINUTES; i++) {
        sum += mean->sums[i];
        covered_ms += mean->covered_ms[i];
    }
    if (covered_ms < COVERED_MIN_MS)
        return false;
    *ret_mean = sum / (double)covered_ms;
    return true;
}

/* --- hour_events ---------------------------------------------------------------------------------------------------- */

void hour_events_add(struct hour_events *events, int64_t from_mono_ms, int64_t to_mono_ms, int64_t count)
{
    int64_t const skipped = count > HOUR_EVENTS_MAX ? count - HOUR_EVENTS_MAX : 0;
    for (int64_t i = skipped + 1; i <= count; i++) {
        double const part = (double)i / (double)count;
        int64_t const at_ms = from_mono_ms + (int64_t)((double)(to_mono_ms - from_mono_ms) * part);
        if (events->count == HOUR_EVENTS_MAX) {
            events->first = (events->first + 1) % HOUR_EVENTS_MAX;
            events->count--;
        }
        events->mono_ms[(events->first + events->count++) % HOUR_EVENTS_MAX] = at_ms;
    }
}

size_t hour_events_count(struct hour_events *events, int64_t mono_ms, int64_t *ret_next_mono_ms)
{
    while (events->count > 0 && events->mono_ms[events->first] + HOUR_MS <= mono_ms) {
        events->first = (events->first + 1) % HOUR_EVENTS_MAX;
        events->count--;
    }
    *ret_next_mono_ms = events->count > 0 ? events->mono_ms[events->first] + HOUR_MS : INT64_MAX;
    return events->count;
}

/* --- trend ---------------------------------------------------------------------------------------------------------- */

static void forget_before(struct trend *trend, int64_t mono_ms)
{
    while (trend->count > 0 && trend->mono_ms[trend->first] < mono_ms) {
        trend->first = (trend->first + 1) % TREND_POINTS_MAX;
        trend->count--;
    }
}

void trend_feed(struct trend *trend, int64_t mono_ms, double value)
{
    size_t const newest = (trend->first + trend->count + TREND_POINTS_MAX - 1) % TREND_POINTS_MAX;
    if (trend->count > 0 && mono_ms - trend->mono_ms[newest] < TREND_EVERY_MS)
        return;
    forget_before(trend, mono_ms - TREND_WINDOW_MS + 1);
    size_t const next = (trend->first + trend->count++) % TREND_POINTS_MAX;
    trend->mono_ms[next] = mono_ms;
    trend->values[next] = value;
}

struct fit {
    double mean_s, mean_value; /* seconds before `mono_ms` count negative */
    double ss, sv, vv;         /* sums of squares and products about the means */
};

static struct fit fit_line(const struct trend *trend, int64_t mono_ms)
{
    struct fit fit = {0};
    double const count = trend->count;
    for (uint32_t i = 0; i < trend->count; i++) {
        size_t const at = (trend->first + i) % TREND_POINTS_MAX;
        fit.mean_s += (double)(trend->mono_ms[at] - mono_ms) / 1000 / count;
        fit.mean_value += trend->values[at] / count;
    }
    for (uint32_t i = 0; i < trend->count; i++) {
        size_t const at = (trend->first + i) % TREND_POINTS_MAX;
        double const s = (double)(trend->mono_ms[at] - mono_ms) / 1000 - fit.mean_s;
        double const v = trend->values[at] - fit.mean_value;
        fit.ss += s * s;
        fit.sv += s * v;
        fit.vv += v * v;
    }
    return fit;
}

bool trend_get(const struct trend *trend, int64_t mono_ms, double *ret_value, double *ret_slope_per_s)
{
    if (trend->count < TREND_POINTS_MIN)
        return false;
    size_t const newest = (trend->first + trend->count - 1) % TREND_POINTS_MAX;
    if (trend->mono_ms[newest] - trend->mono_ms[trend->first] < TREND_SPAN_MS ||
        mono_ms - trend->mono_ms[newest] > TREND_SPAN_MS)
        return false;
    struct fit const fit = fit_line(trend, mono_ms);
    double const slope = fit.sv / fit.ss;
    double const rest = fit.vv - slope * fit.sv; /* what the line does not explain */
    double const error = sqrt((rest > 0 ? rest : 0) / (trend->count - 2.0) / fit.ss);
    if (!(fabs(slope) > TREND_SURE * error) || !(fabs(slope) > 0))
        return false;
    *ret_value = fit.mean_value - slope * fit.mean_s;
    *ret_slope_per_s = slope;
    return true;
}
