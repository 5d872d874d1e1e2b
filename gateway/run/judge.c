#include "gateway/run/judge.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/run/judge_private.h"

enum err judge_open(struct judge **ret_judge, const struct judge_setup *setup)
{
    struct judge *judge = calloc(1, sizeof *judge);
    if (judge == NULL)
        return ERR_MEMORY;
    judge->setup = *setup;
    judge->site = setup->site;
    judge->restoring = true;
    arena_init(&judge->arena, JUDGE_MEMORY_MAX);
    enum err err = judge_make_tables(judge);
    if (err != ERR_OK) {
        judge_close(judge);
        return err;
    }
    *ret_judge = judge;
    return ERR_OK;
}

void judge_close(struct judge *judge)
{
    if (judge == NULL)
        return;
    arena_close(&judge->arena);
    free(judge);
}

/* Restoring. Until the stored states are here, or RESTORE_WAIT_MAX_MS have passed, samples are taken in but nothing is
 * decided; then everything that is known is judged at once. */

static void restore(struct judge *judge, const struct stored *stored, struct alarm_moment at)
{
    switch ((enum stored_kind)stored->kind) {
    case STORED_RULE:
        rule_restore(judge, stored);
        return;
    case STORED_HOLD:
        device_restore_hold(judge, stored);
        return;
    case STORED_INTERLOCK:
        CHECK(stored->index < judge->site->interlock_count);
        if (judge->restoring) {
            judge->interlocks[stored->index].has_restored = true;
            judge->interlocks[stored->index].restored = *stored;
        } else {
            interlock_put_back(judge, stored, at);
            interlocks_run(judge, at);
        }
        return;
    case STORED_DUE:
        due_restore(judge, stored);
        return;
    case STORED_CYLINDER:
        mounted_restore(judge, stored);
        return;
    case STORED_DRILL:
        drill_restore(judge, stored, at);
        return;
    }
}

static void begin_judging(struct judge *judge, struct alarm_moment at)
{
    judge->restoring = false;
    for (size_t i = 0; i < judge->site->interlock_count; i++) {
        if (judge->interlocks[i].has_restored)
            interlock_put_back(judge, &judge->interlocks[i].restored, at);
        interlock_touch(judge, i);
    }
    interlocks_run(judge, at); /* what was tripped is written again before anything else */
    for (size_t i = 0; i < judge->site->device_count; i++) {
        struct judge_device *device = &judge->devices[i];
        if (device->any_touched)
            device_judge(judge, i, device->newest.mono_us > 0 ? device->newest : at);
        if (device->comm_rule != NO_RULE)
            rule_feed_truth(judge, (size_t)device->comm_rule, device_is_lost(judge, i), at);
    }
    for (size_t i = 0; i < judge->site->bus_count; i++)
        if (judge->buses[i].rule != NO_RULE && judge->buses[i].known)
            rule_feed_truth(judge, (size_t)judge->buses[i].rule, tri_of(!judge->buses[i].open), at);
    for (size_t i = 0; i < judge->site->centre_count; i++)
        centre_judge(judge, i, at);
    interlocks_run(judge, at);
}

/* The wall clock only stamps. What it does besides running is told. */

static int64_t wall_offset_ms(struct now now)
{
    return now.utc_ms - now.mono_us / 1000;
}

static void tell_clock(struct judge *judge, enum notice notice, const char *name, int64_t ms, struct alarm_moment at)
{
    struct text detail;
    if (notice_begin(judge, notice, at, &detail) == NULL)
        return;
    text_put_format(&detail, "\"%s\":", name);
    text_put_int(&detail, ms);
}

static void watch_clock(struct judge *judge, struct now now)
{
    struct now const before = judge->clock;
    judge->clock = now;
    int64_t drift_ms = wall_offset_ms(now) - wall_offset_ms(before);
    int64_t slew_ms = (now.mono_us - before.mono_us) / 1000 * CLOCK_SLEW_PERMILLE / 1000;
    if (drift_ms > CLOCK_STEP_MS + slew_ms || drift_ms < -CLOCK_STEP_MS - slew_ms)
        tell_clock(judge, NOTICE_CLOCK_STEP, "by_ms", drift_ms, moment_of(now));
    if (before.synced != now.synced || drift_ms > CLOCK_STEP_MS + slew_ms || drift_ms < -CLOCK_STEP_MS - slew_ms)
        dues_look_soon(judge, moment_of(now));
    if (before.synced && !now.synced)
        judge->unsync_offset_ms = wall_offset_ms(now);
    if (!before.synced && now.synced)
        tell_clock(judge, NOTICE_CLOCK_SET, "offset_ms", wall_offset_ms(now) - judge->unsync_offset_ms, moment_of(now));
}

/* The step. */

static void take(struct judge *judge, struct alarm_moment at)
{
    struct inbox *item = &judge->item;
    switch ((enum inbox_kind)item->kind) {
    case INBOX_BATCH:
        devices_take_batch(judge, &item->is.batch);
        return;
    case INBOX_WRITTEN:
        interlocks_take_written(judge, &item->is.written, at);
        return;
    case INBOX_BUS:
        devices_take_bus(judge, &item->is.bus);
        return;
    case INBOX_CENTRE:
        centre_take(judge, &item->is.centre, at);
        return;
    case INBOX_ORDER:
        orders_take(judge, &item->is.order, at);
        return;
    case INBOX_STORED:
        restore(judge, &item->is.stored, at);
        return;
    case INBOX_RESTORED:
        if (judge->restoring)
            begin_judging(judge, at);
        judge->restored = true;
        dues_look_soon(judge, at);
        return;
    }
}

/* Items that push their news at once (orders) find the earlier ones already told. */
static void flush(struct judge *judge, struct alarm_moment at)
{
    if (judge->restoring)
        return;
    rules_flush(judge);
    interlocks_flush(judge, at);
    drill_flush(judge, at);
    notices_flush(judge, at);
}

/* True when the inbox was emptied. */
static bool drain_inbox(struct judge *judge, struct alarm_moment at)
{
    for (size_t i = 0; i < JUDGE_ITEMS_MAX; i++) {
        size_t size = 0;
        if (ring_pop(judge->setup.inbox, &judge->item, sizeof judge->item, &size) != ERR_OK)
            return true;
        CHECK(size == inbox_size(&judge->item));
        if (judge->item.kind == INBOX_ORDER)
            flush(judge, at);
        take(judge, at);
    }
    return false;
}

static void run_timer(struct judge *judge, size_t timer, struct alarm_moment at)
{
    if (timer < timer_stale(judge, 0))
        rule_due(judge, timer, at);
    else if (timer < timer_derive(judge, 0))
        device_age(judge, timer - timer_stale(judge, 0), at);
    else if (timer < timer_report(judge, 0))
        device_judge(judge, timer - timer_derive(judge, 0), at);
    else if (timer < timer_output(judge, 0))
        device_report(judge, timer - timer_report(judge, 0), at);
    else if (timer < timer_interlock(judge, 0))
        interlock_touch(judge, judge->outputs[timer - timer_output(judge, 0)].claims[0].interlock);
    else if (timer < timer_overdue(judge, 0))
        interlock_touch(judge, timer - timer_interlock(judge, 0));
    else if (timer < timer_frozen(judge, 0))
        slave_overdue(judge, timer - timer_overdue(judge, 0), at);
    else if (timer < timer_drill(judge))
        slave_frozen(judge, timer - timer_frozen(judge, 0), at);
    else if (timer < timer_dues(judge))
        drill_due(judge, at);
    else if (timer < timer_flood(judge))
        dues_look(judge, at);
    else
        flood_due(judge, at);
}

/* A timer may arm another that is due at once, but each makes the clock of its thing move on: the bound is never met. */
static void run_timers(struct judge *judge, struct alarm_moment at)
{
    size_t timer = 0;
    for (size_t i = 0; i < 4 * judge->timers.timer_count && timers_take(&judge->timers, at.mono_us, &timer); i++)
        run_timer(judge, timer, at);
    interlocks_run(judge, at);
}

static int64_t next_mono_us(const struct judge *judge, bool emptied, struct now now)
{
    if (!emptied)
        return now.mono_us;
    if (judge->restoring)
        return judge->start_mono_us + RESTORE_WAIT_MAX_MS * 1000;
    int64_t next = timers_next_mono_us(&judge->timers);
    bool waiting = judge->owing_count > 0 || judge->notice_count > 0 || judge->drill.untold;
    int64_t retry = now.mono_us + JUDGE_RETRY_US;
    return waiting && retry < next ? retry : next;
}

static void start(struct judge *judge, struct now now)
{
    if (judge->started)
        return;
    judge->started = true;
    judge->start_mono_us = now.mono_us;
    judge->clock = now;
    judge->unsync_offset_ms = wall_offset_ms(now);
}

void judge_finish(struct judge *judge, struct now now)
{
    if (!judge->restoring)
        rules_finish(judge, moment_of(now));
}

int64_t judge_step(void *self, struct now now)
{
    struct judge *judge = self;
    struct alarm_moment at = moment_of(now);
    start(judge, now);
    watch_clock(judge, now);
    judge->told = false;
    bool emptied = drain_inbox(judge, at);
    if (judge->restoring && now.mono_us - judge->start_mono_us >= RESTORE_WAIT_MAX_MS * 1000) {
        log_say(LOG_WARNING, "judge", "no stored states after %d ms; begins without", RESTORE_WAIT_MAX_MS);
        begin_judging(judge, at);
    }
    if (!judge->restoring)
        run_timers(judge, at);
    flush(judge, at);
    devices_show(judge);
    flood_show(judge);
    if (judge->told)
        bell_ring(judge->setup.recorder_bell);
    return next_mono_us(judge, emptied, now);
}
