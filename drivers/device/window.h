/* window: the last while of one quantity in bounded memory: its mean over an hour, events in an hour, its slope. All are
 * zeroed at start and fed in order of time (mono_ms, from 0 up); none knows a clock. */
#ifndef OUTPOST_DRIVERS_DEVICE_WINDOW_H
#define OUTPOST_DRIVERS_DEVICE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOUR_MS 3600000

/* The mean over the last hour, weighted by time, a minute a bucket. A value counts until the next one, five minutes at
 * most; while it is unknown nothing counts. */
struct hour_mean {
    double sums[60]; /* value * milliseconds */
    int32_t covered_ms[60];
    int64_t minute; /* of the newest bucket */
    int64_t mono_ms;
    double value; /* since mono_ms */
    bool known;
};

void hour_mean_feed(struct hour_mean *mean, int64_t mono_ms, bool known, double value);
/* False while less than three quarters of the hour are covered (or nothing was fed). */
bool hour_mean_get(const struct hour_mean *mean, double *ret_mean);

/* How often something happened within the last hour. More than HOUR_EVENTS_MAX count as so many. */
#define HOUR_EVENTS_MAX 64
struct hour_events {
    int64_t mono_ms[HOUR_EVENTS_MAX]; /* ring, the oldest at `first` */
    uint32_t first;
    uint32_t count;
};

/* `count` events, at times nobody knows, after from_mono_ms until to_mono_ms: as if evenly spread. */
void hour_events_add(struct hour_events *events, int64_t from_mono_ms, int64_t to_mono_ms, int64_t count);
/* Those younger than an hour. ret_next_mono_ms: when the oldest of them is an hour old; INT64_MAX: none. */
size_t hour_events_count(struct hour_events *events, int64_t mono_ms, int64_t *ret_next_mono_ms);

/* The straight line through the last two minutes (least squares), a point every four seconds. */
#define TREND_POINTS_MAX 30
struct trend {
    int64_t mono_ms[TREND_POINTS_MAX]; /* ring, the oldest at `first` */
    double values[TREND_POINTS_MAX];
    uint32_t first;
    uint32_t count;
};

void trend_feed(struct trend *trend, int64_t mono_ms, double value);
/* The line's value at mono_ms and its slope. False when there is no trend: points of less than half a minute, or a slope
 * that is not three times its own standard error (noise, standing still). */
bool trend_get(const struct trend *trend, int64_t mono_ms, double *ret_value, double *ret_slope_per_s);

#endif
