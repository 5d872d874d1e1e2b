/* Any bytes as a TZif file. What is taken has its changes in order, and a day for every moment of two thousand years; days go
 * on, but for an hour that comes twice. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/civil.h"
#include "gateway/core/local_time.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define OFFSET_MAX_S (26 * 3600)

static void check_moment(const struct time_zone *zone, int64_t utc_s)
{
    int32_t const offset_s = local_time_offset_s(zone, utc_s);
    CHECK(offset_s >= -OFFSET_MAX_S && offset_s <= OFFSET_MAX_S);
    int64_t const local_s = utc_s + offset_s;
    int64_t const day = local_time_day(zone, utc_s * 1000);
    CHECK(day * CIVIL_DAY_S <= local_s && local_s < (day + 1) * CIVIL_DAY_S);
    int64_t const left_ms = local_time_to_midnight_ms(zone, utc_s * 1000);
    CHECK(left_ms == ((day + 1) * CIVIL_DAY_S - local_s) * 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct time_zone_change changes[TIME_ZONE_CHANGES_MAX];
    struct time_zone zone;
    if (local_time_read((const char *)bytes, size, changes, &zone) != ERR_OK)
        return 0;
    CHECK(zone.change_count <= TIME_ZONE_CHANGES_MAX);
    for (size_t i = 1; i < zone.change_count; i++)
        CHECK(zone.changes[i - 1].from_utc_s < zone.changes[i].from_utc_s);
    for (int64_t utc_s = -30000000000; utc_s < 30000000000; utc_s += 86400 * 97 + 12347)
        check_moment(&zone, utc_s);
    return 0;
}
