#include "gateway/base/check.h"
#include "gateway/core/normalize.h"
#include "gateway/run/judge_private.h"

/* Use of a device that is registered as stopped or scrapped: a count rises, or a reading shows it (enum point_use). A reading
 * that is missing is never use, and the first one of a count says nothing yet; nor does one that fell, because a counter
 * that is replaced begins anew. */

static enum tri count_rises(struct judge_use *use, double value)
{
    enum tri const rises = use->known ? tri_of(value > use->last) : TRI_UNKNOWN;
    use->known = true;
    use->last = value;
    return rises;
}

static enum tri see(const struct judge_device *device, struct judge_use *use)
{
    const struct device_point *point = &device->site->points[use->point];
    double value = 0;
    if (!sample_number(point->type, &device->samples[use->point], &value))
        return TRI_UNKNOWN;
    if (use->kind == USE_COUNTS)
        return count_rises(use, value);
    return use->kind == USE_FIRST ? tri_of(value < 1) : tri_of(value > 0);
}

void use_judge(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct judge_device *device = &judge->devices[index];
    bool touched = false;
    if (device->used_rule == NO_RULE)
        return;
    for (size_t i = 0; i < device->use_count; i++) {
        struct judge_use *use = &device->uses[i];
        if (device->touched[use->point] == 0)
            continue;
        use->shows = (uint8_t)see(device, use);
        touched = true;
    }
    if (touched)
        rule_feed_truth(judge, (size_t)device->used_rule, use_shows(device), at);
}

enum tri use_shows(const struct judge_device *device)
{
    enum tri shows = device->use_count > 0 ? TRI_NO : TRI_UNKNOWN;
    for (size_t i = 0; i < device->use_count; i++)
        shows = tri_or(shows, (enum tri)device->uses[i].shows);
    return shows;
}
