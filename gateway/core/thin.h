/* thin: which telemetry records may go when there is no room for all of them, and still tell what happened. Of each device and
 * bucket of time stay: the last record, for every number the one where it was lowest and the one where it was highest, and
 * every record in which something that is not a number (a mode, a door, the reason why a value is missing) is not what it
 * was in the record before. Pure; one owner; a fixed amount of memory: what does not fit into it stays. */
#ifndef OUTPOST_CORE_THIN_H
#define OUTPOST_CORE_THIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define THIN_RECORDS_MAX 16384 /* looked at together */
#define THIN_POINTS_MAX  16384 /* points of devices and buckets in them; a power of two */

struct thin_point { /* of one device in one bucket */
    uint64_t key;   /* 0: free */
    uint32_t lowest_at;
    uint32_t highest_at;
    uint64_t word; /* of what is not a number: a hash of what it was */
    double lowest;
    double highest;
};

struct thin {
    int64_t bucket_ms;
    size_t count;
    size_t point_count;
    bool keep[THIN_RECORDS_MAX];
    struct thin_point points[THIN_POINTS_MAX];
};

void thin_begin(struct thin *thin, int64_t bucket_ms);
/* The next record, in the order of their numbers, as payload_telemetry wrote it. False: THIN_RECORDS_MAX are there. */
bool thin_add(struct thin *thin, int64_t at_utc_ms, const char *topic, const char *payload, size_t payload_size);
/* After the last one: does the record that was added as number `index` (from 0) stay? */
bool thin_keeps(struct thin *thin, size_t index);

#endif
