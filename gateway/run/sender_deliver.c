/* What is sent next: replies and alarms before live telemetry before history before replays. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/run/sender_private.h"

#define FRESH_MS         2000  /* telemetry that waited longer than this for a connection is history */
#define HIST_MS          10000 /* an alarm that waited longer than this is marked hist */
#define LIVE_COUNT_MAX   1000  /* and no more than this many records are live at the start of a connection */
#define LIVE_LAG_MAX     2000  /* further behind than this, live gives up and begins anew; the rest becomes history */
#define ACTIVE_AFTER_MAX 64    /* alarms sent before the retained states they changed must follow */
#define LOOK_EVERY_US    1000000
#define SMALL_SIZE       1024 /* the size assumed when asking whether there is any room at all */
#define DEFLATE_MIN      192  /* below that it is not worth its property */

/* --- handing over --- */

const char *sender_topic(struct sender *sender, const char *below)
{
    struct text topic;
    text_init(&topic, sender->topic, sizeof sender->topic);
    text_put(&topic, sender->centre->prefix);
    text_put(&topic, "/");
    text_put(&topic, sender->setup.site->id);
    text_put(&topic, "/");
    text_put(&topic, below);
    return topic.full ? "" : sender->topic; /* an empty topic is refused by the uplink, not by the broker */
}

static bool publish(struct sender *sender, const struct uplink_message *message)
{
    const struct uplink *uplink = &sender->setup.uplink;
    enum err err = uplink->ops->publish(uplink->self, message);
    if (err == ERR_OK) {
        sender->shown.published++;
        return true;
    }
    if (err == ERR_BUSY)
        sender->busy = true;
    else
        sender->broken = true;
    return false;
}

/* Puts a smaller payload in the place of a larger one, where this centre wants that. */
static void pack(struct sender *sender, struct uplink_message *message)
{
    size_t used;
    if (sender->deflater == NULL || message->payload_size < DEFLATE_MIN)
        return;
    if (deflate_bytes(sender->deflater, message->payload, message->payload_size, sender->packed,
                      message->payload_size - 1, &used) != ERR_OK)
        return;
    message->payload = sender->packed;
    message->payload_size = used;
    message->deflated = true;
}

static bool is_held(const struct sender *sender, enum sent_kind kind)
{
    bool const is_telemetry = kind == SENT_LIVE || kind == SENT_HISTORY;
    return (is_telemetry || kind == SENT_ALARM) &&
           sender->now.mono_us < sender->hold_mono_us[is_telemetry ? LANE_T : LANE_A];
}

bool sender_room_for(const struct sender *sender, enum sent_kind kind, size_t size)
{
    return !is_held(sender, kind) && !sender->busy && !sender->broken && sender->now.mono_us >= sender->pause_mono_us &&
           window_has_room(&sender->window, kind, size);
}

static bool is_telemetry(const struct sent *sent)
{
    return sent->kind == SENT_LIVE || sent->kind == SENT_HISTORY || (sent->kind == SENT_REPLAY && sent->lane_t);
}

bool sender_put(struct sender *sender, struct sent *sent, const struct outgoing *out)
{
    if (!sender_room_for(sender, sent->kind, sent->size))
        return false;
    struct uplink_message message = {.payload = out->payload,
                                     .payload_size = sent->size,
                                     .qos = 1,
                                     .retain = out->retain,
                                     .hist = out->hist,
                                     .has_prev = out->prev != NULL,
                                     .prev = out->prev != NULL ? *out->prev : 0,
                                     .expiry_s = is_telemetry(sent) ? sender->setup.site->journal.keep_sent_s : 0};
    bool const is_reply = out->reply != NULL && out->reply->topic[0] != '\0';
    message.topic = is_reply ? out->reply->topic : sender_topic(sender, out->topic_below);
    if (out->reply != NULL) {
        message.correlation = out->reply->correlation;
        message.correlation_size = out->reply->correlation_size;
    }
    if (sent->kind != SENT_STATUS &&
        sent->kind != SENT_STOPPED) /* as plain as the will, which cannot say that it is not */
        pack(sender, &message);
    sent->size = message.payload_size;
    sent->sent_mono_us = sender->now.mono_us;
    message.ticket = window_take(&sender->window, sent);
    bool const taken = publish(sender, &message);
    if (!taken)
        window_give_back(&sender->window, window_find(&sender->window, message.ticket));
    return taken;
}

/* --- what is settled --- */

void sender_settle(struct sender *sender, enum lane lane, uint64_t first, uint64_t last)
{
    if (first > last)
        return;
    ackset_add(&sender->lanes[lane].settled, first, last);
    sender->lanes[lane].report_due = true;
}

bool sender_is_salvaging(const struct sender *sender, enum lane lane, uint64_t first, uint64_t last)
{
    uint64_t from;
    uint64_t to;
    return journal_reader_salvaging(sender->reader, lane, &from, &to) && first <= to && last >= from;
}

void sender_settle_hole(struct sender *sender, enum lane lane, uint64_t first, uint64_t last)
{
    uint64_t from;
    uint64_t to;
    if (!journal_reader_salvaging(sender->reader, lane, &from, &to) || first > to || last < from) {
        sender_settle(sender, lane, first, last);
        return;
    }
    if (first < from)
        sender_settle(sender, lane, first, from - 1);
    if (last > to)
        sender_settle(sender, lane, to + 1, last);
}

bool sender_to_be_sent(const struct sender *sender, enum lane lane, uint64_t number)
{
    const struct sender_lane *state = &sender->lanes[lane];
    return !ackset_has(&state->settled, number) && !ackset_has(&state->heard, number) &&
           !window_covers(&sender->window, lane == LANE_T, number);
}

static uint64_t next_island(const struct ackset *set, uint64_t number)
{
    for (size_t i = 0; i < set->range_count; i++)
        if (set->ranges[i].first > number)
            return set->ranges[i].first;
    return UINT64_MAX;
}

uint64_t sender_clear_until(const struct sender *sender, enum lane lane, uint64_t number)
{
    uint64_t const settled = next_island(&sender->lanes[lane].settled, number);
    uint64_t const heard = next_island(&sender->lanes[lane].heard, number);
    uint64_t const sent = window_next(&sender->window, lane == LANE_T, number);
    uint64_t const until = settled < heard ? settled : heard;
    return until < sent ? until : sent;
}

uint64_t sender_open_from(const struct sender *sender, enum lane lane, uint64_t from)
{
    const struct sender_lane *state = &sender->lanes[lane];
    uint64_t open = ackset_open_from(&state->settled, from);
    for (uint64_t heard; (heard = ackset_open_from(&state->heard, open)) != open;) /* ends: both lists are finite */
        open = ackset_open_from(&state->settled, heard);
    return open;
}

static void rewind_telemetry(struct sender *sender, uint64_t first)
{
    if (first >= sender->live_from && first < sender->lanes[LANE_T].next)
        sender->lanes[LANE_T].next = first;
    if (first < sender->live_from && first < sender->history_next)
        sender->history_next = first;
}

void sender_rewind(struct sender *sender, const struct sent *sent)
{
    struct replay *replay = &sender->replays[sent->lane_t ? LANE_T : LANE_A];
    switch (sent->kind) {
    case SENT_ALARM:
        if (sent->first < sender->lanes[LANE_A].next)
            sender->lanes[LANE_A].next = sent->first;
        break;
    case SENT_LIVE:
    case SENT_HISTORY:
        rewind_telemetry(sender, sent->first);
        break;
    case SENT_ACTIVE:
        sender_active_due(sender, sender->setup.site->subjects[sent->subject].id);
        break;
    case SENT_REGISTRY:
    case SENT_EMPTIED:
        sender->registry_again = true;
        break;
    case SENT_STATUS:
        sender->status_again = true;
        break;
    case SENT_REPLAY:
        if (sent->first < replay->next)
            replay->next = sent->first;
        break;
    case SENT_STOPPED:
    case SENT_REPLY:
        break;
    }
}

/* --- lane a --- */

/* A look into the journal costs two reads; the board says when there is something, and once a second it is looked at all
 * the same. */
static bool worth_a_look(struct sender *sender, enum lane lane, uint64_t last)
{
    struct sender_lane *state = &sender->lanes[lane];
    if (state->next > last && sender->now.mono_us < state->look_mono_us)
        return false;
    state->look_mono_us = sender->now.mono_us + LOOK_EVERY_US;
    return true;
}

static void alarm_sent(struct sender *sender, const char *topic)
{
    static const char kind[] = "alarm/";
    if (strncmp(topic, kind, sizeof kind - 1) != 0)
        return;
    sender->alarms_since_active++;
    sender_active_due(sender, topic + sizeof kind - 1);
}

static bool is_refusal(const struct journal_row *row)
{
    static const char gap[] = "\"event\":\"gap\"";
    static const char why[] = "\"why\":\"refused\"";
    return strcmp(row->topic, "event") == 0 && memmem(row->payload, row->payload_size, gap, sizeof gap - 1) != NULL &&
           memmem(row->payload, row->payload_size, why, sizeof why - 1) != NULL;
}

/* Sends one row of a lane as a message of its own. False: no room. */
static bool put_row(struct sender *sender, enum lane lane, const struct journal_row *row)
{
    enum sent_kind const kind = lane == LANE_A ? SENT_ALARM : SENT_LIVE;
    struct sent sent = {.kind = kind,
                        .first = row->seq,
                        .last = row->seq,
                        .size = row->payload_size,
                        .is_refusal = lane == LANE_A && is_refusal(row)};
    return sender_put(sender, &sent,
                      &(struct outgoing){.topic_below = row->topic,
                                         .payload = row->payload,
                                         .hist = lane == LANE_A && sender->now.utc_ms - row->at_utc_ms > HIST_MS,
                                         .prev = sender_prev(sender, lane == LANE_A ? TRAIL_ALARM : TRAIL_LIVE)});
}

/* One row; false: it waits for room. */
static bool pass_row(struct sender *sender, enum lane lane, const struct journal_row *row)
{
    struct sender_lane *state = &sender->lanes[lane];
    bool const is_meant = sender_meant(sender, row);
    bool const is_wanted = is_meant && sender_to_be_sent(sender, lane, row->seq);
    sender_settle_hole(sender, lane, state->next, row->seq - 1);
    state->next = row->seq;
    if (!is_meant)
        sender_settle(sender, lane, row->seq, row->seq);
    if (is_wanted && !put_row(sender, lane, row))
        return false;
    bool const is_dropped = !is_meant && sender->centre->drills == DRILLS_DROP; /* active/ is true all the same */
    if ((is_wanted || is_dropped) && lane == LANE_A)
        alarm_sent(sender, row->topic);
    sender_trail_pass(sender, lane == LANE_A ? TRAIL_ALARM : TRAIL_LIVE, row->seq, is_meant);
    state->next = row->seq + 1;
    return true;
}

/* Sends the rows of a lane from its `next` on. ERR_EMPTY: nothing is left to send; ERR_OK: the rest waits. */
static enum err put_rows(struct sender *sender, enum lane lane)
{
    struct journal_row row;
    uint64_t const from = sender->lanes[lane].next;
    int looked = 0;
    if (!sender_trail_to(sender, lane == LANE_A ? TRAIL_ALARM : TRAIL_LIVE, from))
        return ERR_OK;
    enum err err = journal_reader_seek(sender->reader, lane, from);
    while (err == ERR_OK && (err = journal_reader_next(sender->reader, lane, &row)) == ERR_OK) {
        if (!pass_row(sender, lane, &row))
            break;
        sender->more = sender->more || ++looked >= LOOK_ROWS_MAX;
        if (looked >= LOOK_ROWS_MAX || (lane == LANE_A && sender->alarms_since_active >= ACTIVE_AFTER_MAX))
            break;
    }
    journal_reader_rest(sender->reader, lane);
    return err;
}

static void put_due_actives(struct sender *sender)
{
    for (size_t i = 0; i < sender->setup.site->subject_count && sender->active_due_count > 0; i++) {
        if (!sender->active_due[i])
            continue;
        if (!sender_put_active(sender, (int32_t)i))
            return;
        sender->active_due[i] = false;
        sender->active_due_count--;
    }
    sender->alarms_since_active = 0;
}

/* Alarms that changed without a record (core/flood.h): their active/ is due. */
static void look_for_moves(struct sender *sender)
{
    uint64_t const all = board_all_moves(sender->setup.board);
    if (all == sender->all_moves)
        return;
    sender->all_moves = all;
    for (size_t i = 0; i < sender->setup.site->subject_count; i++) {
        uint32_t const moves = board_get_moves(sender->setup.board, i);
        if (moves != sender->active_moves[i])
            sender_active_due(sender, sender->setup.site->subjects[i].id);
        sender->active_moves[i] = moves;
    }
}

/* Alarms and events, each by itself, then the retained state of every subject they changed, out of one snapshot. False:
 * some of it waits for room, and nothing of lower priority may take that. */
static bool deliver_alarms(struct sender *sender)
{
    look_for_moves(sender);
    bool const look = worth_a_look(sender, LANE_A, sender->journal.last_a);
    if (!look && sender->active_due_count == 0)
        return true;
    if (!sender_room_for(sender, SENT_ALARM, SMALL_SIZE))
        return false;
    if (journal_reader_begin(sender->reader, LANE_A) != ERR_OK)
        return true; /* a journal that cannot be read is no reason to hold telemetry back */
    enum err const err = look ? put_rows(sender, LANE_A) : ERR_EMPTY;
    if (err != ERR_OK || sender->alarms_since_active >= ACTIVE_AFTER_MAX)
        put_due_actives(sender);
    journal_reader_end(sender->reader, LANE_A);
    return err != ERR_OK && sender->active_due_count == 0;
}

/* --- lane t --- */

/* Where live telemetry begins: with what is fresh, so that a short break leaves no hole in the live topics. A centre that
 * collects gets all there is by now as history. */
void sender_begin_live(struct sender *sender)
{
    struct sender_lane *lane = &sender->lanes[LANE_T];
    uint64_t live_from = lane->settled.lw + 1;
    uint64_t last;
    enum err err = ERR_OK;
    if (sender->centre->batch_ms == 0) {
        err = journal_reader_since(sender->reader, sender->now.utc_ms - FRESH_MS, LIVE_COUNT_MAX, &live_from);
    } else if ((err = journal_reader_last(sender->reader, LANE_T, &last)) == ERR_OK) {
        live_from = last + 1;
    }
    if (err != ERR_OK || live_from <= lane->settled.lw)
        live_from = lane->settled.lw + 1;
    sender->live_from = live_from;
    sender->batch_mono_us = sender->now.mono_us + (int64_t)sender->centre->batch_ms * 1000;
    lane->next = live_from;
    lane->look_mono_us = 0;
    sender->history_next = lane->settled.lw + 1;
}

/* What was collected since becomes history, all at once. */
static bool collect(struct sender *sender)
{
    uint64_t const last = sender->journal.last_t;
    bool const is_due = sender->now.mono_us >= sender->batch_mono_us || atomic_load(&sender->finishing);
    if (is_due && last >= sender->live_from)
        sender->live_from = sender->lanes[LANE_T].next = last + 1;
    if (sender->now.mono_us >= sender->batch_mono_us)
        sender->batch_mono_us = sender->now.mono_us + (int64_t)sender->centre->batch_ms * 1000;
    return true;
}

/* False: some of it waits for room. */
static bool deliver_live(struct sender *sender)
{
    struct sender_lane *lane = &sender->lanes[LANE_T];
    uint64_t const last = sender->journal.last_t;
    if (sender->centre->batch_ms > 0)
        return collect(sender);
    if (last > lane->next + LIVE_LAG_MAX)
        sender->live_from = lane->next = last + 1;
    if (sender_room_for(sender, SENT_LIVE, SMALL_SIZE) && worth_a_look(sender, LANE_T, last))
        return put_rows(sender, LANE_T) != ERR_OK;
    return lane->next > last;
}

/* --- all of it --- */

/* Numbers that were passed over and are neither settled nor in flight (an island was forgotten, or they came back out of a
 * damaged file): from the first of them again. Only when nothing is in flight, so at most once a drain; while a file is
 * salvaged once a second. */
static void heal(struct sender *sender)
{
    if (sender->window.used > 0)
        return;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        struct sender_lane *state = &sender->lanes[lane];
        uint64_t const open = sender_open_from(sender, lane, state->settled.lw + 1);
        if (sender_is_salvaging(sender, lane, open, open)) {
            if (sender->now.mono_us < sender->heal_mono_us[lane])
                continue;
            sender->heal_mono_us[lane] = sender->now.mono_us + LOOK_EVERY_US;
        }
        if (state->loaded && open < state->next) {
            struct sent const again = {.kind = lane == LANE_A ? SENT_ALARM : SENT_HISTORY, .first = open};
            if (lane == LANE_A || open >= sender->live_from || sender->history_next >= sender->live_from)
                sender_rewind(sender, &again);
        }
    }
}

static void deliver_health(struct sender *sender)
{
    struct payload_status status;
    struct text text;
    if (sender->now.mono_us < sender->health_mono_us)
        return;
    sender->health_mono_us = sender->now.mono_us + (int64_t)sender->centre->health_ms * 1000;
    sender_make_status(sender, NULL, &status);
    text_init(&text, sender->payload, PAYLOAD_RETAINED_MAX);
    health_write(sender->health, &text, &status, sender->now);
    if (text.full)
        return;
    struct uplink_message message = {
        .topic = sender_topic(sender, "health"), .payload = text.at, .payload_size = text.used};
    pack(sender, &message);
    (void)publish(sender, &message);
}

void sender_deliver(struct sender *sender)
{
    sender->busy = false;
    sender->more = false;
    if (sender->greeting != GREET_DONE || sender->registry_again || sender->status_again)
        sender_greet(sender);
    if (sender->greeting != GREET_DONE)
        return;
    heal(sender);
    sender_put_replies(sender);
    if (deliver_alarms(sender) && sender->lanes[LANE_T].loaded && deliver_live(sender)) {
        sender_deliver_history(sender);
        sender_deliver_replays(sender);
    }
    deliver_health(sender);
}

bool sender_caught_up(const struct sender *sender)
{
    return sender->greeting == GREET_DONE && sender->window.used == 0 && sender->active_due_count == 0 &&
           sender_open_from(sender, LANE_A, 1) > sender->journal.last_a &&
           sender_open_from(sender, LANE_T, 1) > sender->journal.last_t;
}
