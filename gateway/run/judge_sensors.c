/* Readings that lives hang on and that are none. A device may answer and yet say nothing: a transmitter with a broken wire reads
 * far outside its range, a register holds no number or a code nobody knows. The line is fine then (judge_slaves.c), the alarms
 * that look at the point hold, and without an alarm of its own nobody would hear that they are blind. Classes with a fault alarm
 * of their own, as gas detectors, say it by that. */
#include "gateway/core/normalize.h"
#include "gateway/run/judge_private.h"

static bool is_no_reading(const struct sample *sample)
{
    return sample->quality == QUALITY_BAD && (sample->reason == REASON_INVALID || sample->reason == REASON_IMPLAUSIBLE);
}

/* Unknown, and so it holds, while something of it is bad for another reason: then nobody knows what the sensor says. */
enum tri sensors_fail(const struct judge_device *device)
{
    enum tri fails = TRI_NO;
    for (size_t i = 0; i < device->site->point_count; i++) {
        const struct sample *sample = &device->samples[i];
        if (!device->site->points[i].vital || sample_has_value(sample))
            continue;
        if (is_no_reading(sample))
            return TRI_YES;
        fails = TRI_UNKNOWN;
    }
    return fails;
}

void sensors_judge(struct judge *judge, size_t index, struct alarm_moment at)
{
    const struct judge_device *device = &judge->devices[index];
    if (device->sensor_rule != NO_RULE && device->any_touched)
        rule_feed_truth(judge, (size_t)device->sensor_rule, sensors_fail(device), at);
}
