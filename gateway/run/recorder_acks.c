/* recorder_acks: what comes back from the senders: how far a centre has come, what it refused, how it is found, its orders. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/run/recorder_private.h"
#include "gateway/run/sender.h"

#define CURSOR_WAIT_US 1000000
#define STEP_ACKS_MAX  256

/* --- cursors --- */

enum err recorder_put_cursors(struct recorder *recorder, enum lane lane, enum lane into)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < recorder->setup.site->centre_count; i++)
        if (recorder->cursors[i][lane].dirty)
            err = journal_put_cursor(recorder->journal, into, recorder->setup.site->centres[i].id,
                                     &recorder->cursors[i][lane].cursor);
    return err;
}

void recorder_cursors_stored(struct recorder *recorder, enum lane lane)
{
    bool any = false;
    for (size_t i = 0; i < recorder->setup.site->centre_count; i++) {
        recorder->cursors[i][lane].dirty = false;
        any = any || recorder->cursors[i][LANE_A].dirty || recorder->cursors[i][LANE_T].dirty;
    }
    if (!any)
        recorder->cursors_due_mono_us = CLOCK_NEVER;
}

void recorder_store_cursors(struct recorder *recorder)
{
    if (recorder->now.mono_us < recorder->cursors_due_mono_us)
        return;
    recorder->cursors_due_mono_us = recorder->now.mono_us + CURSOR_WAIT_US; /* should a lane be closed */
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        bool dirty = false;
        for (size_t i = 0; i < recorder->setup.site->centre_count; i++)
            dirty = dirty || recorder->cursors[i][lane].dirty;
        if (dirty && recorder_lane_ready(recorder, lane) && recorder_write(recorder, lane) != ERR_OK)
            return;
    }
}

void recorder_load_cursors(struct recorder *recorder, enum lane lane)
{
    for (size_t i = 0; i < recorder->setup.site->centre_count; i++) {
        struct journal_cursor cursor;
        struct cursor_kept *kept = &recorder->cursors[i][lane];
        if (kept->cursor.lw == 0 &&
            journal_get_cursor(recorder->journal, lane, recorder->setup.site->centres[i].id, &cursor) == ERR_OK)
            kept->cursor = cursor;
    }
}

/* --- acknowledgements --- */

/* --- acknowledgements --- */

static void take_cursor(struct recorder *recorder, const struct sender_ack *ack)
{
    enum lane const lane = ack->lane == 'a' ? LANE_A : LANE_T;
    struct cursor_kept *kept = &recorder->cursors[ack->centre][lane];
    if (ack->lw < kept->cursor.lw)
        return;
    kept->cursor = (struct journal_cursor){.lw = ack->lw};
    for (size_t i = 0; i < ack->range_count && i < JOURNAL_RANGES_MAX; i++) {
        kept->cursor.ranges[i][0] = ack->ranges[i][0];
        kept->cursor.ranges[i][1] = ack->ranges[i][1];
        kept->cursor.range_count++;
    }
    kept->dirty = true;
    if (recorder->cursors_due_mono_us == CLOCK_NEVER)
        recorder->cursors_due_mono_us = recorder->now.mono_us + CURSOR_WAIT_US;
}

static void take_refused(struct recorder *recorder, const struct sender_ack *ack)
{
    struct journal_gap const gap = {.of = ack->lane == 'a' ? LANE_A : LANE_T,
                                    .first = ack->ranges[0][0],
                                    .last = ack->ranges[0][1],
                                    .why = "refused"};
    recorder_put_gap_event(recorder, &gap, recorder->setup.site->centres[ack->centre].id, ack->reason);
    /* Before any cursor that passes over it: when this fails no acknowledgement is taken until it went through. */
    if (recorder_write(recorder, LANE_A) != ERR_OK)
        log_say(LOG_WARNING, "recorder", "what a broker refused is not declared yet");
}

static void take_registry(struct recorder *recorder, const struct sender_ack *ack)
{
    struct group *group = &recorder->lanes[LANE_A].group;
    const char *centre = recorder->setup.site->centres[ack->centre].id;
    bool added = group_add_registry_acked(group, centre, ack->dev, ack->sha256);
    if (!added && recorder_write(recorder, LANE_A) == ERR_OK)
        added = group_add_registry_acked(group, centre, ack->dev, ack->sha256);
    if (added) /* if not: it is published once more at the next connection */
        recorder_stamp_group(recorder, LANE_A);
}

static void take_notice(struct recorder *recorder, const struct sender_ack *ack)
{
    CHECK(ack->notice < NOTICE_COUNT);
    recorder_put_event(recorder, (enum notice)ack->notice, ack->detail, recorder->now.utc_ms, recorder->now.synced);
}

/* What the judge's ring has no room for now it may have in the next step. */
void recorder_tell_centres(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->setup.site->centre_count; i++) {
        struct inbox const item = {.kind = INBOX_CENTRE, .is.centre = recorder->centres[i]};
        if (recorder->centre_waits[i] && recorder_push_item(recorder, &item))
            recorder->centre_waits[i] = false;
    }
}

/* The word before goes first: a refusal may be over at once. */
static void take_centre(struct recorder *recorder, const struct sender_ack *ack)
{
    recorder_tell_centres(recorder);
    recorder->centres[ack->centre] = ack->found;
    recorder->centres[ack->centre].centre = ack->centre;
    recorder->centre_waits[ack->centre] = true;
}

static bool add_order(struct recorder *recorder, const struct journal_order *order)
{
    struct group *group = &recorder->lanes[LANE_A].group;
    bool added = group_add_order(group, order);
    if (!added && recorder_write(recorder, LANE_A) == ERR_OK)
        added = group_add_order(group, order);
    return added && recorder_write(recorder, LANE_A) == ERR_OK;
}

/* Its id is on the disk before anything happens: it never happens twice. Whoever gets no answer is told so by the sender. */
static void take_order(struct recorder *recorder, const struct sender_ack *ack)
{
    struct inbox item = {.kind = INBOX_ORDER, .is.order = ack->order};
    struct journal_order order = {.centre = recorder->setup.site->centres[ack->centre].id,
                                  .at_utc_ms = recorder->now.utc_ms};
    item.is.order.source = SOURCE_CENTRE;
    item.is.order.centre = ack->centre;
    text_copy(order.id, sizeof order.id, ack->order.id);
    if (recorder->now.mono_us - ack->asked_mono_us > ORDER_TAKE_MAX_US ||
        journal_find_order(recorder->journal, order.centre, order.id) != ERR_NOT_FOUND ||
        !add_order(recorder, &order) || recorder_push_item(recorder, &item))
        return;
    order.answered = true;
    text_copy(order.code, sizeof order.code, "busy");
    text_copy(order.why, sizeof order.why, "the gateway is busy; try again with another id");
    (void)add_order(recorder, &order);
    recorder->lanes[LANE_A].written_new = true; /* so that the sender looks */
}

void recorder_take_acks(struct recorder *recorder)
{
    struct sender_ack ack;
    size_t size;
    for (int i = 0; i < STEP_ACKS_MAX && recorder_lane_ready(recorder, LANE_A); i++) {
        if (ring_pop(recorder->setup.acks, &ack, sizeof ack, &size) != ERR_OK)
            return;
        CHECK(size == sizeof ack && ack.centre < recorder->setup.site->centre_count);
        switch ((enum sender_ack_kind)ack.kind) {
        case ACK_CURSOR:
            take_cursor(recorder, &ack);
            break;
        case ACK_REGISTRY:
            take_registry(recorder, &ack);
            break;
        case ACK_REFUSED:
            take_refused(recorder, &ack);
            break;
        case ACK_NOTICE:
            take_notice(recorder, &ack);
            break;
        case ACK_CENTRE:
            take_centre(recorder, &ack);
            break;
        case ACK_ORDER:
            take_order(recorder, &ack);
            break;
        }
    }
}
