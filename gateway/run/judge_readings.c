#include <math.h>

#include "gateway/core/normalize.h"
#include "gateway/run/judge_private.h"

/* A gate that was not read since start is waited for, as long as a reading may be late; one that cannot be read stands
 * open. */
static enum tri gate_of(const struct judge *judge, const struct judge_device *device, const struct rule *rule,
                        int64_t mono_us)
{
    double value = 0;
    if (rule->when_mask == 0)
        return TRI_YES;
    if (sample_number(device->site->points[rule->when_point].type, &device->samples[rule->when_point], &value))
        return tri_of(alarm_mask_has(rule->when_mask, value));
    bool waits = !device->ages[rule->when_point].tried && mono_us < judge->start_mono_us + GATE_WAIT_US;
    return waits ? TRI_UNKNOWN : TRI_YES;
}

/* A shut gate is as good a reading as any; an open one only when it opens. */
static bool is_touched(const struct judge_device *device, const struct rule *rule, enum tri gate, enum tri gate_before)
{
    if (device->touched[rule->point])
        return true;
    if (rule->kind == RULE_DEVIATION && rule->from_point >= 0 && device->touched[rule->from_point])
        return true;
    return rule->when_mask != 0 && device->touched[rule->when_point] && (gate == TRI_NO || gate != gate_before);
}

static bool reference_of(const struct judge_device *device, const struct rule *rule, double *ret_value,
                         enum quality *quality)
{
    *ret_value = rule->from_value;
    if (rule->from_point < 0)
        return true;
    const struct sample *sample = &device->samples[rule->from_point];
    if (sample->quality > *quality)
        *quality = (enum quality)sample->quality;
    return sample_number(device->site->points[rule->from_point].type, sample, ret_value);
}

static bool rate_of(struct judge_rule *own, const struct rule *rule, const struct alarm_reading *reading,
                    double *ret_change)
{
    int64_t const over_us = (int64_t)rule->over_ms * 1000;
    if (reading->quality == QUALITY_GOOD)
        rate_add(own->rate, over_us, reading->at.mono_us, reading->value);
    return rate_change(own->rate, over_us, reading->at.mono_us, reading->value, ret_change);
}

static bool distance_stood(struct judge_rule *own, const struct alarm_reading *reading, double *ret_distance)
{
    if (!own->stands && reading->quality != QUALITY_GOOD)
        return false;
    if (!own->stands)
        own->stood_at = reading->value;
    own->stands = true;
    *ret_distance = fabs(reading->value - own->stood_at);
    return true;
}

/* What the kind looks at, see alarm_crosses(). False: unknown. May lower the reading's quality to that of what it is held
 * against. */
static bool measure_of(struct judge_rule *own, const struct judge_device *device, const struct rule *rule,
                       struct alarm_reading *reading, double *ret_measure)
{
    *ret_measure = reading->value;
    if (rule->kind == RULE_RATE)
        return rate_of(own, rule, reading, ret_measure);
    if (rule->kind == RULE_STUCK)
        return distance_stood(own, reading, ret_measure);
    if (rule->kind != RULE_DEVIATION)
        return true;
    double reference = 0;
    if (!reference_of(device, rule, &reference, &reading->quality))
        return false;
    *ret_measure = fabs(reading->value - reference);
    return true;
}

static struct alarm_reading read_point(struct judge_rule *own, const struct judge_device *device,
                                       const struct rule *rule, struct alarm_moment at)
{
    const struct sample *sample = &device->samples[rule->point];
    struct alarm_reading reading = {.at = at, .quality = (enum quality)sample->quality, .crossing = TRI_UNKNOWN};
    double measure = 0;
    if (!sample_number(device->site->points[rule->point].type, sample, &reading.value))
        return reading;
    reading.has_value = rule->kind != RULE_BIT && rule->kind != RULE_CODE;
    if (measure_of(own, device, rule, &reading, &measure))
        reading.crossing = alarm_crosses(rule, measure, own->alarm.condition);
    return reading;
}

/* It moved: from here it may stand again. */
static void stand_again(struct judge *judge, size_t index, enum tri gate, struct alarm_reading *reading)
{
    struct judge_rule *own = &judge->rules[index];
    if (gate == TRI_NO || own->alarm.condition || reading->crossing != TRI_NO || reading->quality != QUALITY_GOOD)
        return;
    own->stood_at = reading->value;
    reading->crossing = tri_and(TRI_YES, gate);
    rule_feed(judge, index, reading);
}

/* Out of sight only while its reason is known to hold; after start one that was so stays so until that was read. */
static void judge_suppression(struct judge *judge, const struct judge_device *device, size_t index,
                              struct alarm_moment at)
{
    const struct rule *rule = &judge->site->rules[index];
    double value = 0;
    if (rule->suppress_mask == 0 || !device->touched[rule->suppress_point])
        return;
    bool const known =
        sample_number(device->site->points[rule->suppress_point].type, &device->samples[rule->suppress_point], &value);
    if (!known && !device->ages[rule->suppress_point].tried)
        return;
    alarm_suppress(&judge->rules[index].alarm, rule, known && alarm_mask_has(rule->suppress_mask, value), at);
    rule_settle(judge, index);
}

void rules_judge(struct judge *judge, const struct judge_device *device, struct alarm_moment at)
{
    for (int32_t i = 0; i < device->site->rule_count; i++) {
        size_t const index = (size_t)(device->site->rule_first + i);
        const struct rule *rule = &judge->site->rules[index];
        struct judge_rule *own = &judge->rules[index];
        judge_suppression(judge, device, index, at);
        if (rule->point < 0)
            continue;
        enum tri const gate = gate_of(judge, device, rule, at.mono_us);
        if (!is_touched(device, rule, gate, (enum tri)own->gate))
            continue;
        own->gate = (uint8_t)gate;
        alarm_tick(&own->alarm, rule, at); /* the deadband depends on it */
        struct alarm_reading reading = read_point(own, device, rule, at);
        if (rule->when_mask != 0)
            alarm_gate(&reading, gate, (enum quality)device->samples[rule->when_point].quality);
        rule_feed(judge, index, &reading);
        if (rule->kind == RULE_STUCK)
            stand_again(judge, index, gate, &reading);
    }
}
