/* The step: a connection comes up, breaks off, is tried again, ends. */
#include "gateway/run/sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/core/tri.h"
#include "gateway/run/sender_private.h"

#define UNACKED_MAX_US  30000000
#define ATTACH_EVERY_US 200000
#define PATIENCE_US     2000000 /* at start the journal may take a moment: no trouble yet */
#define BUSY_WAIT_US    5000
#define FINISH_US       2000000 /* to send what is there; house.c gives 3 s in all */
#define END_US          600000  /* for the last status to be acknowledged */
#define STEP_EVENTS_MAX 256

/* --- trouble --- */

void sender_say_trouble(struct sender *sender, const struct why *why)
{
    if (strcmp(why->en, sender->trouble.en) == 0)
        return;
    sender->trouble = *why;
    sender->trouble_mono_us = sender->now.mono_us;
    if (why->en[0] != '\0')
        log_say(LOG_WARNING, "sender", "%s: %s", sender->centre->id, why->en);
}

/* Breaks off and waits; everything in flight goes out again on the next connection. Not politely, unless it was asked for:
 * then the broker publishes the will. */
void sender_hang_up(struct sender *sender, const struct why *why, int64_t wait_us)
{
    struct why const said = *why; /* it may be the trouble itself */
    bool const was_up = sender->state == SENDER_UP;
    bool const was_stable = was_up && sender->now.mono_us - sender->up_mono_us >= STABLE_US;
    if (was_up)
        log_say(LOG_NOTICE, "sender", "%s: disconnected", sender->centre->id);
    if (was_stable) {
        backoff_reset(&sender->backoff);
        sender->short_lived = 0;
    } else if (was_up) {
        sender->short_lived++;
    }
    if (wait_us < 0)
        wait_us = (int64_t)backoff_next_ms(&sender->backoff) * 1000;
    sender_rewind_replays(sender);
    sender->setup.uplink.ops->close(sender->setup.uplink.self, false);
    sender->state = SENDER_DOWN;
    sender->retry_mono_us = sender->now.mono_us + wait_us;
    sender->url = (sender->url + 1) % sender->centre->url_count;
    sender_find_lost(sender); /* who was refused says so next */
    sender_say_trouble(sender, &said);
}

/* --- what the uplink tells --- */

/* A connection that lasted: what was wrong before is over. */
static void lasted(struct sender *sender)
{
    if (sender->now.mono_us - sender->up_mono_us < STABLE_US)
        return;
    bool const was_suspicious = sender_is_suspicious(sender);
    sender->refused = false;
    sender->short_lived = 0;
    if (sender->now.mono_us - sender->taken_over_mono_us > TAKEN_OVER_NEW_US)
        sender->taken_over = 0;
    if (was_suspicious && !sender_is_suspicious(sender))
        sender_say_trouble(sender, WHY("", ""));
}

static void take_event(struct sender *sender, const struct uplink_event *event)
{
    switch (event->kind) {
    case UPLINK_CONNECTED:
        if (sender->state == SENDER_CONNECTING)
            sender_connected(sender, event);
        break;
    case UPLINK_REFUSED:
        if (sender->state == SENDER_CONNECTING)
            sender_refused(sender, event);
        break;
    case UPLINK_LOST:
        if (sender->state != SENDER_DOWN && sender->state != SENDER_ENDED)
            sender_lost(sender, event);
        break;
    case UPLINK_ACKED:
        sender_acked(sender, event);
        break;
    case UPLINK_REJECTED:
        sender_rejected(sender, event);
        break;
    case UPLINK_MESSAGE:
        if (sender->state == SENDER_UP)
            sender_order(sender, event);
        break;
    case UPLINK_DEAF:
        sender_deaf(sender, event);
        break;
    }
}

static void take_events(struct sender *sender)
{
    const struct uplink *uplink = &sender->setup.uplink;
    for (int i = 0; i < STEP_EVENTS_MAX && uplink->ops->next(uplink->self, &sender->event); i++)
        take_event(sender, &sender->event);
}

/* --- ending --- */

static void end(struct sender *sender)
{
    sender->setup.uplink.ops->close(sender->setup.uplink.self, sender->state == SENDER_ENDING);
    sender->state = SENDER_ENDED;
    sender_report_cursors(sender, true);
    atomic_store(&sender->finished, true);
    bell_ring(sender->setup.recorder_bell);
}

static void try_to_finish(struct sender *sender)
{
    if (sender->finish_by_mono_us == 0)
        sender->finish_by_mono_us = sender->now.mono_us + FINISH_US;
    if (sender->state == SENDER_DOWN || sender->state == SENDER_CONNECTING) {
        end(sender);
        return;
    }
    bool const enough = sender_caught_up(sender) || sender->now.mono_us >= sender->finish_by_mono_us;
    if (enough && sender_put_status(sender, "stopped")) {
        sender->state = SENDER_ENDING;
        sender->end_by_mono_us = sender->now.mono_us + END_US;
    } else if (sender->now.mono_us >= sender->finish_by_mono_us + END_US) {
        end(sender); /* a broker that takes nothing any more: its will says lost */
    }
}

/* --- the step --- */

static void live(struct sender *sender)
{
    bool const attached = sender_attach_journal(sender);
    switch (sender->state) {
    case SENDER_DOWN:
        if (!attached && sender->now.mono_us >= sender->patience_mono_us)
            sender_say_trouble(sender, WHY("waits for the journal", "等待日志"));
        if (!attached)
            break;
        if (sender->now.mono_us >= sender->retry_mono_us && !atomic_load(&sender->finishing))
            sender_connect(sender);
        break;
    case SENDER_CONNECTING:
        if (sender->now.mono_us >= sender->connect_by_mono_us)
            sender_hang_up(sender, WHY("the broker does not answer", "服务器没有应答"), BACKOFF);
        break;
    case SENDER_UP:
        lasted(sender);
        if (attached)
            sender_deliver(sender);
        if (sender->broken)
            sender_hang_up(sender, WHY("the connection was lost", "连接中断"), BACKOFF);
        else if (window_oldest_mono_us(&sender->window) < sender->now.mono_us - UNACKED_MAX_US)
            sender_hang_up(sender, WHY("the broker acknowledges nothing", "服务器不确认任何消息"), BACKOFF);
        break;
    case SENDER_ENDING:
    case SENDER_ENDED:
        break;
    }
    if (atomic_load(&sender->finishing) && sender->state != SENDER_ENDED && sender->state != SENDER_ENDING)
        try_to_finish(sender);
    if (sender->state == SENDER_ENDING && sender->now.mono_us >= sender->end_by_mono_us)
        end(sender);
}

static void tell_board(struct sender *sender)
{
    struct board_centre *shown = &sender->shown;
    shown->connected = (sender->state == SENDER_UP || sender->state == SENDER_ENDING) &&
                       (sender->heard || sender->found.lost != TRI_YES);
    shown->refused = sender->found.refused == TRI_YES;
    shown->lw_a = sender->lanes[LANE_A].settled.lw;
    shown->lw_t = sender->lanes[LANE_T].settled.lw;
    text_copy(shown->trouble, sizeof shown->trouble, sender->trouble.en);
    text_copy(shown->trouble_zh, sizeof shown->trouble_zh, sender->trouble.zh);
    board_put_centre(sender->setup.board, sender->setup.centre, shown);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A time that has passed without its work being done waits for something else (room in the window, the journal): a look
 * now and then is enough, and what it waits for rings the bell. */
static int64_t ahead(const struct sender *sender, int64_t mono_us)
{
    return mono_us > sender->now.mono_us ? mono_us : sender->now.mono_us + ATTACH_EVERY_US;
}

static int64_t next_while_up_mono_us(const struct sender *sender)
{
    int64_t const oldest = window_oldest_mono_us(&sender->window);
    int64_t next = earlier(ahead(sender, sender->lanes[LANE_A].look_mono_us), ahead(sender, sender->health_mono_us));
    if (oldest != CLOCK_NEVER)
        next = earlier(next, ahead(sender, oldest + UNACKED_MAX_US + 1));
    if (sender->pause_mono_us > sender->now.mono_us)
        next = earlier(next, sender->pause_mono_us);
    if (sender->history_debt_mono_us > sender->now.mono_us)
        next = earlier(next, sender->history_debt_mono_us);
    if (sender->centre->batch_ms > 0)
        next = earlier(next, ahead(sender, sender->batch_mono_us));
    if (sender->orders.reply_count > 0 && sender->orders.replies[sender->orders.reply_first].wait_until_mono_us > 0)
        next = earlier(next, ahead(sender, sender->orders.replies[sender->orders.reply_first].wait_until_mono_us));
    if (sender->busy)
        next = earlier(next, sender->now.mono_us + BUSY_WAIT_US);
    return sender->more ? sender->now.mono_us : next;
}

static int64_t next_step_mono_us(const struct sender *sender)
{
    int64_t next = CLOCK_NEVER;
    switch (sender->state) {
    case SENDER_DOWN:
        next = ahead(sender, sender->retry_mono_us);
        break;
    case SENDER_CONNECTING:
        next = sender->connect_by_mono_us;
        break;
    case SENDER_UP:
        next = next_while_up_mono_us(sender);
        break;
    case SENDER_ENDING:
        next = sender->end_by_mono_us;
        break;
    case SENDER_ENDED:
        return CLOCK_NEVER;
    }
    if (sender->lanes[LANE_A].report_due || sender->lanes[LANE_T].report_due)
        next = earlier(next, ahead(sender, sender->report_mono_us));
    if (atomic_load(&sender->finishing))
        next = earlier(next, sender->now.mono_us + BUSY_WAIT_US);
    return next;
}

int64_t sender_step(void *self, struct now now)
{
    struct sender *sender = self;
    sender->now = now;
    if (sender->state == SENDER_ENDED)
        return CLOCK_NEVER;
    if (sender->patience_mono_us == 0)
        sender->patience_mono_us = now.mono_us + PATIENCE_US;
    board_get_journal(sender->setup.board, &sender->journal);
    take_events(sender);
    live(sender);
    sender_tell_found(sender);
    sender_report_cursors(sender, false);
    tell_board(sender);
    return next_step_mono_us(sender);
}

enum err sender_open(struct sender **ret_sender, const struct sender_setup *setup)
{
    CHECK(setup->centre < setup->site->centre_count && setup->site->centres[setup->centre].url_count > 0);
    struct sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL)
        return ERR_MEMORY;
    sender->setup = *setup;
    sender->centre = &setup->site->centres[setup->centre];
    window_init(&sender->window);
    sender_find_nothing(sender);
    backoff_init(&sender->backoff, setup->random_seed, sender->centre->backoff_min_ms, sender->centre->backoff_max_ms);
    sender->keepalive_s = SENDER_KEEPALIVE_S;
    sender->retry_mono_us = INT64_MIN;
    sender->give_up_mono_us = INT64_MIN;
    sender->active_due = calloc(setup->site->subject_count + 1, sizeof *sender->active_due);
    sender->active_moves = calloc(setup->site->subject_count + 1, sizeof *sender->active_moves);
    bool const all = sender->active_due != NULL && sender->active_moves != NULL;
    enum err err = all ? health_open(&sender->health, setup->site, setup->board, setup->centre) : ERR_MEMORY;
    if (err == ERR_OK && sender->centre->deflate)
        err = deflate_open(&sender->deflater);
    if (err != ERR_OK) {
        sender_close(sender);
        return err;
    }
    *ret_sender = sender;
    return ERR_OK;
}

void sender_close(struct sender *sender)
{
    if (sender == NULL)
        return;
    if (sender->state == SENDER_CONNECTING || sender->state == SENDER_UP || sender->state == SENDER_ENDING)
        sender->setup.uplink.ops->close(sender->setup.uplink.self, false);
    sender_leave_journal(sender);
    health_close(sender->health);
    deflate_close(sender->deflater);
    free(sender->active_due);
    free(sender->active_moves);
    free(sender);
}

void sender_finish(struct sender *sender)
{
    atomic_store(&sender->finishing, true);
}

bool sender_finished(const struct sender *sender)
{
    return atomic_load(&sender->finished);
}
