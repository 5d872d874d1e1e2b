#include <math.h>

#include "gateway/base/check.h"
#include "gateway/core/normalize.h"
#include "gateway/run/judge_private.h"

/* Does the line work? A slave is lost when its last read brought nothing good, when nothing of it is good, or when some
 * read of it fails for longer than STALE_PERIODS of its own periods. One lost frame of a read that comes once a minute is
 * therefore over with the next good read of any kind: a device is not lost, and no valve closes, for a single frame. */

static bool has_failed(enum heard heard)
{
    return heard == HEARD_FAILED || heard == HEARD_FAILED_EVER;
}

static enum heard heard_of(const struct sample *sample, enum poll_class poll, enum heard before)
{
    bool const was_good = before == HEARD_GOOD || before == HEARD_FAILED;
    if (sample->quality != QUALITY_BAD)
        return HEARD_GOOD;
    switch ((enum reason)sample->reason) {
    case REASON_NONE:
    case REASON_INVALID:
    case REASON_IMPLAUSIBLE:
    case REASON_FROZEN:
        return HEARD_GOOD; /* it was read; what it says is another matter */
    case REASON_NO_ANSWER:
    case REASON_BUS_LOST:
    case REASON_BUSY:
    case REASON_GARBLED:
    case REASON_SENSOR_FAULT: /* exception 4: an answer without a reading */
    case REASON_STALE:
        return was_good ? HEARD_FAILED : HEARD_FAILED_EVER;
    case REASON_REFUSED: /* never had it: the profile's fault, and no loss, unless lives hang on it */
        if (poll != POLL_SAFETY && !was_good)
            return HEARD_NOTHING;
        return was_good ? HEARD_FAILED : HEARD_FAILED_EVER;
    case REASON_STARTING:
    case REASON_COUNT:
        break;
    }
    return before;
}

static void hear(struct judge_slave *slave, const struct sample *sample, int64_t mono_us)
{
    enum heard const before = (enum heard)slave->heard[sample->point];
    enum heard const heard = heard_of(sample, slave->site->points[sample->point].poll, before);
    if (has_failed(heard) && !has_failed(before))
        slave->failed_mono_us[sample->point] = mono_us;
    slave->good_count -= before == HEARD_GOOD;
    slave->failed_count -= has_failed(before);
    slave->good_count += heard == HEARD_GOOD;
    slave->failed_count += has_failed(heard);
    slave->heard[sample->point] = (uint8_t)heard;
    if (heard == HEARD_GOOD)
        slave->failing = slave->stale = false;
}

/* When the first of its failing reads is overdue; INT64_MAX: none fails. */
static int64_t overdue_mono_us(const struct judge_slave *slave)
{
    int64_t first_mono_us = INT64_MAX;
    for (size_t i = 0; slave->failed_count > 0 && i < slave->site->point_count; i++) {
        if (!has_failed((enum heard)slave->heard[i]))
            continue;
        int64_t allowed_us = STALE_PERIODS * (int64_t)slave->site->every_ms[slave->site->points[i].poll] * 1000;
        if (allowed_us == 0)
            allowed_us = STALE_FLAT_OUT_US;
        int64_t mono_us = slave->failed_mono_us[i] + allowed_us;
        first_mono_us = mono_us < first_mono_us ? mono_us : first_mono_us;
    }
    return first_mono_us;
}

static void watch_overdue(struct judge *judge, size_t slave, int64_t mono_us)
{
    int64_t due_mono_us = overdue_mono_us(&judge->slaves[slave]);
    judge->slaves[slave].overdue = due_mono_us <= mono_us;
    timers_set(&judge->timers, timer_overdue(judge, slave), due_mono_us > mono_us ? due_mono_us : INT64_MAX);
}

bool slave_is_lost(const struct judge *judge, size_t slave)
{
    const struct judge_slave *own = &judge->slaves[slave];
    const struct judge_bus_state *bus = &judge->buses[own->site->bus];
    return (bus->known && !bus->open) || own->good_count == 0 || own->failing || own->overdue || own->stale ||
           own->pulse.frozen;
}

enum tri device_is_lost(const struct judge *judge, size_t device)
{
    const struct site_device *site = judge->devices[device].site;
    for (size_t i = 0; i < site->slave_count; i++)
        if (slave_is_lost(judge, (size_t)site->slaves[i]))
            return TRI_YES;
    return TRI_NO;
}

void device_judge_line(struct judge *judge, size_t device, struct alarm_moment at)
{
    int32_t const rule = judge->devices[device].comm_rule;
    if (rule != NO_RULE)
        rule_feed_truth(judge, (size_t)rule, device_is_lost(judge, device), at);
}

void slave_judge(struct judge *judge, size_t slave, struct alarm_moment at)
{
    const struct judge_slave *own = &judge->slaves[slave];
    for (size_t i = 0; i < own->device_count && !judge->restoring; i++) {
        if (judge->devices[own->devices[i]].any_touched)
            device_judge(judge, own->devices[i], at);
        device_judge_line(judge, own->devices[i], at);
    }
}

void slave_overdue(struct judge *judge, size_t slave, struct alarm_moment at)
{
    watch_overdue(judge, slave, at.mono_us);
    slave_judge(judge, slave, at);
}

/* Does it live? A slave whose heartbeat stands still answers out of a dead memory: all that it says is bad, frozen, until
 * the heartbeat changes, and it counts as lost. The clock starts with the first good reading since start and stands while
 * the heartbeat itself is bad. */

static bool is_same(enum value_type type, union value a, union value b)
{
    switch (type) {
    case VALUE_BOOL:
        return a.boolean == b.boolean;
    case VALUE_INT:
    case VALUE_UINT:
        return a.natural == b.natural;
    case VALUE_NUMBER:
        return fabs(a.number - b.number) <= 0;
    case VALUE_ENUM:
        return a.code == b.code;
    case VALUE_TEXT:
        break;
    }
    return false;
}

static int64_t frozen_mono_us(const struct judge_slave *slave)
{
    return slave->pulse.since_mono_us + (int64_t)slave->site->frozen_after_ms * 1000;
}

static const struct sample *find_heartbeat(const struct judge_slave *slave, const struct batch *batch)
{
    for (size_t i = 0; i < batch->sample_count; i++)
        if (batch->samples[i].point == slave->site->frozen_point)
            return &batch->samples[i];
    return NULL;
}

static void take_heartbeat(struct judge_slave *slave, const struct sample *sample, int64_t mono_us)
{
    struct judge_pulse *pulse = &slave->pulse;
    enum value_type const type = slave->site->points[slave->site->frozen_point].type;
    bool const bad = sample->quality != QUALITY_GOOD;
    if (bad && pulse->stands)
        return;
    if (!bad && (!pulse->known || !is_same(type, pulse->value, sample->value)))
        *pulse = (struct judge_pulse){.known = true, .value = sample->value, .since_mono_us = mono_us};
    else if (!bad && pulse->stands)
        pulse->since_mono_us += mono_us - pulse->read_mono_us;
    pulse->stands = bad;
    pulse->read_mono_us = mono_us;
}

static void watch_heartbeat(struct judge *judge, size_t slave, const struct batch *batch)
{
    struct judge_slave *own = &judge->slaves[slave];
    const struct sample *sample = find_heartbeat(own, batch);
    if (sample == NULL)
        return; /* what was not read now decides nothing */
    take_heartbeat(own, sample, batch->mono_us);
    bool const runs = own->pulse.known && !own->pulse.stands && !own->pulse.frozen;
    bool const due = runs && frozen_mono_us(own) <= batch->mono_us;
    if (due) {
        own->pulse.frozen = true;
        devices_spoil(judge, slave, REASON_FROZEN);
    }
    timers_set(&judge->timers, timer_frozen(judge, slave), runs && !due ? frozen_mono_us(own) : INT64_MAX);
}

/* Between two readings of the heartbeat. If the next one is late, it decides when it comes. */
void slave_frozen(struct judge *judge, size_t slave, struct alarm_moment at)
{
    struct judge_slave *own = &judge->slaves[slave];
    uint32_t const every_ms = own->site->every_ms[own->site->points[own->site->frozen_point].poll];
    int64_t const period_us = every_ms == 0 ? STALE_FLAT_OUT_US : (int64_t)every_ms * 1000;
    if (at.mono_us - own->pulse.read_mono_us > period_us + period_us / 4)
        return;
    own->pulse.frozen = true;
    devices_spoil(judge, slave, REASON_FROZEN);
    slave_judge(judge, slave, at);
}

/* What it says is not to be believed. */
static void spoil(struct batch *batch)
{
    for (size_t i = 0; i < batch->sample_count; i++)
        if (sample_has_value(&batch->samples[i]))
            batch->samples[i] = sample_bad(batch->samples[i].point, REASON_FROZEN);
}

void slave_hear(struct judge *judge, struct batch *batch)
{
    struct judge_slave *slave = &judge->slaves[batch->slave];
    slave->failing = slave->failing || batch->sample_count > 0; /* until one of them is good */
    for (size_t i = 0; i < batch->sample_count; i++) {
        CHECK(batch->samples[i].point < slave->site->point_count);
        hear(slave, &batch->samples[i], batch->mono_us);
    }
    watch_overdue(judge, batch->slave, batch->mono_us);
    if (slave->site->frozen_after_ms == 0)
        return;
    watch_heartbeat(judge, batch->slave, batch);
    if (slave->pulse.frozen)
        spoil(batch);
}
