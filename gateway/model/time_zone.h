/* time_zone: how far local time is from UTC, and when that changes. Made by core/local_time from a TZif file (RFC 9636). */
#ifndef OUTPOST_MODEL_TIME_ZONE_H
#define OUTPOST_MODEL_TIME_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIME_ZONE_CHANGES_MAX 512 /* tzdata 2025b: 310 at most (Asia/Hebron) */

struct time_zone_change {
    int64_t from_utc_s;
    int32_t offset_s; /* local minus UTC, from then on */
};

enum time_zone_day { TIME_ZONE_DAY_OF_MONTH, TIME_ZONE_DAY_OF_YEAR, TIME_ZONE_DAY_OF_YEAR_NO_LEAP };

/* A day of each year, as POSIX TZ says it: Mm.w.d, n, Jn; and the local time on it. */
struct time_zone_turn {
    uint8_t form;    /* enum time_zone_day */
    uint8_t month;   /* M: 1..12 */
    uint8_t week;    /* M: 1..5, 5 the last */
    uint8_t weekday; /* M: 0 Sunday .. 6 */
    uint16_t day;    /* n: 0..365; J: 1..365 */
    int32_t time_s;  /* -167..167 hours */
};

struct time_zone {
    int32_t before_s; /* before the first change */
    const struct time_zone_change *changes;
    size_t change_count;
    bool has_rest; /* after the last change … */
    bool has_summer;
    int32_t standard_s;
    int32_t summer_s;
    struct time_zone_turn summer_begins;
    struct time_zone_turn summer_ends;
};

#endif
