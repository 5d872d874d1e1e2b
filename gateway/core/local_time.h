/* local_time: what day it is where the site stands. Pure: libc's time zone belongs to the whole process and is not for
 * threads, so the zone's file is read once and the rest is computed. */
#ifndef OUTPOST_CORE_LOCAL_TIME_H
#define OUTPOST_CORE_LOCAL_TIME_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/model/time_zone.h"

/* Any bytes as a TZif file of version 2 or later (RFC 9636): its 64-bit changes, the newest TIME_ZONE_CHANGES_MAX of them,
 * which go to `changes` (of so many places) and stay there, and the rule of its last line for the time after them.
 * Leap seconds ("right/…") are ignored: no clock of ours counts them. ERR_FORMAT. */
MUST_CHECK enum err local_time_read(const char *bytes, size_t size, struct time_zone_change *changes,
                                    struct time_zone *ret_zone);

/* Local minus UTC. `zone` NULL: UTC. */
int32_t local_time_offset_s(const struct time_zone *zone, int64_t utc_s);

/* The local day (core/civil). */
int32_t local_time_day(const struct time_zone *zone, int64_t utc_ms);
/* How long until the next local midnight, if the offset does not change before. 1 ms to a day. */
int64_t local_time_to_midnight_ms(const struct time_zone *zone, int64_t utc_ms);

#endif
