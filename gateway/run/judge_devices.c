#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/core/normalize.h"
#include "gateway/run/judge_private.h"

static void touch_interlocks(struct judge *judge, const struct judge_device *device)
{
    for (size_t i = 0; i < device->interlock_count; i++)
        interlock_touch(judge, device->interlocks[i]);
}

/* Samples. */

static void touch(struct judge_device *device, size_t point)
{
    device->touched[point] = 1;
    device->any_touched = true;
}

/* The bytes of a text into its slot; what does not fit is bad, invalid. */
static void take_text(struct judge_device *device, size_t point, const char *texts, struct sample *sample)
{
    struct text_slot slot = device->slots[point];
    const char *from = texts + sample->value.text.offset;
    size_t size = sample->value.text.size;
    CHECK(sample->value.text.offset + size <= BATCH_TEXT_MAX);
    const struct sample *before = &device->samples[point];
    if (size > slot.size) {
        *sample = sample_bad(point, REASON_INVALID);
        return;
    }
    if (before->quality == QUALITY_BAD || before->value.text.size != size ||
        memcmp(device->texts + slot.offset, from, size) != 0)
        device->report.changed = true;
    memcpy(device->texts + slot.offset, from, size);
    sample->value.text.offset = slot.offset;
}

/* Staleness. A point's allowance is three of its periods; where the line is slower than planned, of what it does. */

static int64_t stale_mono_us(const struct device_point *point, const struct judge_age *age)
{
    int64_t period_us = (int64_t)point->every_ms * 1000;
    int64_t seen_us = age->interval_us < STALE_INTERVAL_MAX_US ? age->interval_us : STALE_INTERVAL_MAX_US;
    if (seen_us > period_us + period_us / 4)
        period_us = seen_us;
    int64_t allowed_us = STALE_PERIODS * period_us;
    if (point->every_ms == 0 && allowed_us < STALE_FLAT_OUT_US)
        allowed_us = STALE_FLAT_OUT_US;
    return age->read_mono_us + allowed_us;
}

/* A point that had no value has one now: perhaps it is the first to grow stale. */
static void watch_stale(struct judge *judge, size_t device, int64_t mono_us)
{
    size_t const timer = timer_stale(judge, device);
    if (mono_us < timers_due_mono_us(&judge->timers, timer))
        timers_set(&judge->timers, timer, mono_us);
}

static void take_sample(struct judge *judge, struct judge_feed feed, const struct slave_point *from,
                        const struct sample *sample, const struct batch *batch)
{
    struct judge_device *device = &judge->devices[feed.device];
    const struct device_point *point = &device->site->points[feed.point];
    struct judge_age *age = &device->ages[feed.point];
    struct sample taken = {.point = feed.point};
    normalize_sample(point, from, sample, &taken);
    if (point->type == VALUE_TEXT && sample_has_value(&taken))
        take_text(device, feed.point, batch->texts, &taken);
    age->interval_us = age->tried ? batch->mono_us - age->read_mono_us : 0;
    age->read_mono_us = batch->mono_us;
    age->tried = true;
    if (sample_has_value(&taken) && !sample_has_value(&device->samples[feed.point]))
        watch_stale(judge, feed.device, stale_mono_us(point, age));
    device->samples[feed.point] = taken;
    touch(device, feed.point);
}

static int64_t first_stale_mono_us(const struct judge_device *device)
{
    int64_t first_mono_us = INT64_MAX;
    for (size_t i = 0; i < device->site->point_count; i++) {
        if (device->site->points[i].slave < 0 || !sample_has_value(&device->samples[i]))
            continue;
        int64_t mono_us = stale_mono_us(&device->site->points[i], &device->ages[i]);
        first_mono_us = mono_us < first_mono_us ? mono_us : first_mono_us;
    }
    return first_mono_us;
}

void device_age(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct judge_device *device = &judge->devices[index];
    for (size_t i = 0; i < device->site->point_count; i++) {
        const struct device_point *point = &device->site->points[i];
        if (point->slave < 0 || !sample_has_value(&device->samples[i]) ||
            at.mono_us < stale_mono_us(point, &device->ages[i]))
            continue;
        device->samples[i] = sample_bad(i, REASON_STALE);
        judge->slaves[point->slave].stale = true;
        touch(device, i);
    }
    timers_set(&judge->timers, timer_stale(judge, index), first_stale_mono_us(device));
    if (!device->any_touched)
        return;
    device_judge(judge, index, at);
    device_judge_line(judge, index, at);
}

/* Derived points. */

static void tell_holds(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct judge_device *device = &judge->devices[index];
    for (size_t i = 0; i < DERIVE_HOLDS_MAX; i++) {
        int64_t since_ms = device->holds[i].since_mono_ms;
        bool begins = since_ms != 0 && at.mono_us - since_ms * 1000 >= HOLD_TOLD_AFTER_US;
        int64_t wanted_ms = begins ? since_ms : 0;
        if ((wanted_ms != 0) == (device->held_told_ms[i] != 0))
            continue;
        struct stored stored = {
            .kind = STORED_HOLD, .sub = (uint8_t)i, .index = (uint32_t)index, .pending_mono_ms = wanted_ms};
        if (news_push_stored(judge, &stored, at))
            device->held_told_ms[i] = wanted_ms;
    }
}

/* Brings one class point back from the scratch: derived ones whole, of read ones only a lowered quality. */
static void take_derived(struct judge_device *device, size_t class_point, const struct sample *derived)
{
    if (device->sources[class_point] == POINT_ABSENT)
        return;
    size_t const point = (size_t)device->site->by_class[class_point];
    struct sample *own = &device->samples[point];
    if (device->sources[class_point] == POINT_READ) {
        if (own->quality == QUALITY_GOOD && derived->quality == QUALITY_UNCERTAIN)
            own->quality = QUALITY_UNCERTAIN;
        return;
    }
    *own = *derived;
    own->point = (uint16_t)point;
    if (sample_has_value(own))
        device->ages[point].tried = true;
    touch(device, point);
}

static void derive(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct judge_device *device = &judge->devices[index];
    const struct device_class *class = device->site->class;
    for (size_t i = 0; i < class->point_count; i++)
        judge->scratch[i] = device->sources[i] == POINT_ABSENT ? sample_bad(i, REASON_STARTING)
                                                               : device->samples[device->site->by_class[i]];
    struct derive in = {.mono_ms = at.mono_us / 1000,
                        .samples = judge->scratch,
                        .sources = device->sources,
                        .sample_count = class->point_count,
                        .holds = device->holds,
                        .settings = device->settings,
                        .texts = device->texts,
                        .doubled = device->mounted != NULL && device->mounted->doubled,
                        .today_known = judge->today_known && at.synced,
                        .today = judge->today,
                        .cylinders = judge->site->cylinders,
                        .memory = device->memory,
                        .ret_next_mono_ms = INT64_MAX};
    class->derive(&in);
    for (size_t i = 0; i < class->point_count; i++)
        take_derived(device, i, &judge->scratch[i]);
    timers_set(&judge->timers, timer_derive(judge, index),
               in.ret_next_mono_ms == INT64_MAX ? INT64_MAX : in.ret_next_mono_ms * 1000);
    if (device->mounted != NULL)
        mounted_watch(judge, index, &in, at);
    tell_holds(judge, index, at);
}

void device_restore_hold(struct judge *judge, const struct stored *stored)
{
    CHECK(stored->index < judge->site->device_count);
    struct judge_device *device = &judge->devices[stored->index];
    if (device->holds == NULL || stored->sub >= DERIVE_HOLDS_MAX || stored->pending_mono_ms == 0)
        return;
    struct hold *hold = &device->holds[stored->sub];
    bool judged = !judge->restoring && device->newest.mono_us != 0;
    if (judged && hold->since_mono_ms == 0)
        return; /* it was found not to hold since start */
    bool rebooted = (stored->flags & STORED_OTHER_BOOT) != 0;
    hold->since_mono_ms = rebooted ? INT64_MIN / 2000000 : stored->pending_mono_ms; /* long ago on any clock */
    device->held_told_ms[stored->sub] = hold->since_mono_ms;
}

/* Judging what came. */

static void note_news(struct judge_device *device)
{
    for (size_t i = 0; i < device->site->point_count; i++) {
        if (!device->touched[i])
            continue;
        device->touched[i] = 0;
        if (device->ages[i].tried &&
            report_is_news(&device->site->points[i], &device->reported[i], &device->samples[i]))
            device->report.changed = true;
    }
    device->any_touched = false;
}

static void arm_report(struct judge *judge, size_t index)
{
    const struct judge_device *device = &judge->devices[index];
    timers_set(&judge->timers, timer_report(judge, index), report_due_mono_us(&device->report, &device->pace));
}

void device_is_news(struct judge *judge, size_t index)
{
    judge->devices[index].report.changed = true;
    arm_report(judge, index);
}

static void list_for_board(struct judge *judge, size_t index)
{
    if (judge->devices[index].listed)
        return;
    judge->devices[index].listed = true;
    judge->listed[judge->listed_count++] = (uint32_t)index;
}

void device_judge(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct judge_device *device = &judge->devices[index];
    list_for_board(judge, index);
    if (device->holds != NULL)
        derive(judge, index, at);
    rules_judge(judge, device, at);
    sensors_judge(judge, index, at);
    use_judge(judge, index, at);
    note_news(device);
    touch_interlocks(judge, device);
    arm_report(judge, index);
}

/* Batches. */

static unsigned place_of(const struct site_device *device, uint16_t slave)
{
    unsigned place = 0;
    while (place < device->slave_count && device->slaves[place] != slave)
        place++;
    CHECK(place < device->slave_count);
    return place < 64 ? place : 63;
}

/* Which slaves a round waits for: those that answer and are polled as often as the device reports. */
static uint64_t expected(const struct judge *judge, const struct judge_device *device)
{
    uint64_t wanted = 0;
    for (size_t i = 0; i < device->site->slave_count && i < 64; i++)
        if ((device->prompt >> i & 1) != 0 && !slave_is_lost(judge, (size_t)device->site->slaves[i]))
            wanted |= UINT64_C(1) << i;
    return wanted;
}

static void device_take_batch(struct judge *judge, size_t index, const struct batch *batch, struct alarm_moment at)
{
    struct judge_device *device = &judge->devices[index];
    device->newest = at;
    report_batch(&device->report, place_of(device->site, batch->slave), batch->cycle_ended != 0,
                 expected(judge, device), batch->mono_us);
    if (judge->restoring)
        return;
    device_judge(judge, index, at);
    device_judge_line(judge, index, at);
}

void devices_take_batch(struct judge *judge, struct batch *batch)
{
    CHECK(batch->slave < judge->site->slave_count && batch->sample_count <= BATCH_SAMPLES_MAX);
    const struct judge_slave *slave = &judge->slaves[batch->slave];
    struct alarm_moment at = {.mono_us = batch->mono_us, .utc_ms = batch->utc_ms, .synced = batch->synced != 0};
    slave_hear(judge, batch);
    for (size_t i = 0; i < batch->sample_count; i++) {
        const struct sample *sample = &batch->samples[i];
        for (uint32_t f = slave->feed_first[sample->point]; f < slave->feed_first[sample->point + 1]; f++)
            take_sample(judge, judge->feeds[f], &slave->site->points[sample->point], sample, batch);
        interlocks_see(judge, slave, sample, batch);
    }
    for (size_t i = 0; i < slave->device_count; i++)
        device_take_batch(judge, slave->devices[i], batch, at);
    interlocks_run(judge, at);
}

void devices_spoil(struct judge *judge, size_t slave, enum reason reason)
{
    const struct judge_slave *own = &judge->slaves[slave];
    for (size_t i = 0; i < own->device_count; i++) {
        struct judge_device *device = &judge->devices[own->devices[i]];
        for (size_t p = 0; p < device->site->point_count; p++) {
            if (device->site->points[p].slave != (int32_t)slave || !sample_has_value(&device->samples[p]))
                continue;
            device->samples[p] = sample_bad(p, reason);
            touch(device, p);
        }
    }
}

static void tell_bus(struct judge *judge, const struct bus_state *state, struct alarm_moment at)
{
    struct judge_bus_state *bus = &judge->buses[state->bus];
    if (bus->open != bus->lost)
        return;
    struct text detail;
    bus->lost = !bus->open;
    if (notice_begin(judge, bus->lost ? NOTICE_BUS_LOST : NOTICE_BUS_FOUND, at, &detail) == NULL)
        return;
    text_put(&detail, "\"bus\":");
    text_put_json_string(&detail, judge->site->buses[state->bus].id);
}

void devices_take_bus(struct judge *judge, const struct bus_state *state)
{
    CHECK(state->bus >= 0 && (size_t)state->bus < judge->site->bus_count);
    struct judge_bus_state *bus = &judge->buses[state->bus];
    struct alarm_moment at = {.mono_us = state->mono_us, .utc_ms = state->utc_ms, .synced = judge->clock.synced};
    bus->known = true;
    bus->open = state->open != 0;
    tell_bus(judge, state, at);
    for (size_t i = 0; i < judge->site->slave_count; i++) {
        if (judge->site->slaves[i].bus != state->bus)
            continue;
        if (!bus->open)
            devices_spoil(judge, i, REASON_BUS_LOST); /* whether or not its reads are reported one by one */
        slave_judge(judge, i, at);
    }
    if (judge->restoring)
        return;
    if (bus->rule != NO_RULE)
        rule_feed_truth(judge, (size_t)bus->rule, tri_of(!bus->open), at);
    interlocks_run(judge, at);
}

/* Telemetry and the board. */

static void put_text(const struct judge_device *device, const struct sample *from, struct news_telemetry *telemetry,
                     struct sample *to)
{
    uint16_t const size = from->value.text.size;
    memcpy(telemetry->texts + telemetry->text_size, device->texts + from->value.text.offset, size);
    to->value.text.offset = telemetry->text_size;
    telemetry->text_size = (uint16_t)(telemetry->text_size + size);
}

static void fill_telemetry(struct judge *judge, size_t index)
{
    struct judge_device *device = &judge->devices[index];
    struct news_telemetry *telemetry = &judge->news.is.telemetry;
    telemetry->device = (uint32_t)index;
    telemetry->sample_count = 0;
    telemetry->text_size = 0;
    telemetry->test = device->drilled ? 1 : 0;
    telemetry->dropped = judge->telemetry_dropped; /* the recorder burns and declares their numbers */
    memset(telemetry->zero, 0, sizeof telemetry->zero);
    for (size_t i = 0; i < device->site->point_count; i++) {
        device->reported[i] = device->samples[i];
        if (!device->ages[i].tried)
            continue;
        struct sample *to = &telemetry->samples[telemetry->sample_count++];
        *to = device->samples[i];
        if (device->site->points[i].type == VALUE_TEXT && sample_has_value(to))
            put_text(device, &device->samples[i], telemetry, to);
    }
}

/* A record is as old as the poll it reports. One that only breaks the silence of a device that brought nothing new is
 * decided now. */
static struct alarm_moment moment_of_report(const struct judge_device *device, struct alarm_moment at)
{
    int64_t age_us = at.mono_us - device->newest.mono_us;
    bool fresh = device->report.in_round && age_us <= device->pace.every_us + REPORT_GRACE_MS * 1000;
    return fresh ? device->newest : at;
}

void device_report(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct judge_device *device = &judge->devices[index];
    struct alarm_moment when = moment_of_report(device, at);
    judge->news.kind = NEWS_TELEMETRY;
    judge->news.has_stored = 0;
    judge->news.synced = when.synced;
    judge->news.utc_ms = when.utc_ms;
    judge->news.mono_us = when.mono_us;
    fill_telemetry(judge, index);
    report_sent(&device->report, &device->pace, at.mono_us);
    arm_report(judge, index);
    if (judge->news.is.telemetry.sample_count == 0)
        return;
    if (ring_push(judge->setup.telemetry, &judge->news, news_size(&judge->news)) != ERR_OK) {
        judge->telemetry_dropped++;
        return;
    }
    judge->telemetry_dropped = 0;
    judge->told = true;
}

static void show_ages(struct judge *judge, size_t index)
{
    const struct judge_device *device = &judge->devices[index];
    size_t const count = device->site->point_count;
    for (size_t i = 0; i < count; i++)
        judge->read_times[i] = device->ages[i].read_mono_us;
    board_put_ages(judge->setup.board, index, judge->read_times, count);
}

void devices_show(struct judge *judge)
{
    for (size_t i = 0; i < judge->listed_count; i++) {
        size_t const index = judge->listed[i];
        struct judge_device *device = &judge->devices[index];
        device->listed = false;
        board_put_device(judge->setup.board, index, device->newest.utc_ms, device->samples, device->site->point_count,
                         device->texts, device->text_size);
        show_ages(judge, index);
    }
    judge->listed_count = 0;
}
