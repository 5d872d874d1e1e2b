/* What is sent next: the greeting of a connection, then alarms before live telemetry before history. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/run/sender_private.h"

#define FRESH_MS         2000  /* telemetry that waited longer than this for a connection is history */
#define HIST_MS          10000 /* an alarm that waited longer than this is marked hist */
#define LIVE_COUNT_MAX   1000  /* and no more than this many records are live at the start of a connection */
#define LIVE_LAG_MAX     2000  /* further behind than this, live gives up and begins anew; the rest becomes history */
#define ACTIVE_AFTER_MAX 64    /* alarms sent before the retained states they changed must follow */
#define LOOK_EVERY_US    1000000
#define HEALTH_EVERY_US  60000000
#define SMALL_SIZE       1024 /* the size assumed when asking whether there is any room at all */

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

static const char *below(struct sender *sender, const char *kind, const char *dev)
{
    struct text text;
    text_init(&text, sender->topic_below, sizeof sender->topic_below);
    text_put(&text, kind);
    text_put(&text, dev);
    return sender->topic_below;
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

static bool room_for(const struct sender *sender, enum sent_kind kind, size_t size)
{
    return !sender->busy && !sender->broken && sender->now.mono_us >= sender->pause_mono_us &&
           window_has_room(&sender->window, kind, size);
}

/* One message into the window and over to the uplink. False: not now. */
static bool put(struct sender *sender, struct sent *sent, const char *topic_below, const void *payload, bool retain,
                bool hist)
{
    if (!room_for(sender, sent->kind, sent->size))
        return false;
    sent->sent_mono_us = sender->now.mono_us;
    uint64_t const ticket = window_take(&sender->window, sent);
    bool const taken = publish(sender, &(struct uplink_message){.topic = sender_topic(sender, topic_below),
                                                                .payload = payload,
                                                                .payload_size = sent->size,
                                                                .qos = 1,
                                                                .retain = retain,
                                                                .hist = hist,
                                                                .ticket = ticket});
    if (!taken)
        window_give_back(&sender->window, window_find(&sender->window, ticket));
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

static bool in_flight(const struct sender *sender, enum lane lane, uint64_t number)
{
    return window_covers(&sender->window, lane == LANE_T, number);
}

static bool to_be_sent(const struct sender *sender, enum lane lane, uint64_t number)
{
    return !ackset_has(&sender->lanes[lane].settled, number) && !in_flight(sender, lane, number);
}

void sender_rewind(struct sender *sender, const struct sent *sent)
{
    switch (sent->kind) {
    case SENT_ALARM:
        if (sent->first < sender->lanes[LANE_A].next)
            sender->lanes[LANE_A].next = sent->first;
        break;
    case SENT_LIVE:
    case SENT_HISTORY:
        if (sent->first >= sender->live_from && sent->first < sender->lanes[LANE_T].next)
            sender->lanes[LANE_T].next = sent->first;
        if (sent->first < sender->live_from && sent->first < sender->history_next)
            sender->history_next = sent->first;
        break;
    case SENT_ACTIVE:
        if (!sender->active_due[sent->subject]) {
            sender->active_due[sent->subject] = true;
            sender->active_due_count++;
        }
        break;
    case SENT_REGISTRY:
    case SENT_EMPTIED:
        sender->registry_again = true;
        break;
    case SENT_STATUS:
        sender->status_again = true;
        break;
    case SENT_STOPPED:
        break;
    }
}

/* --- retained messages --- */

/* active/{dev} from the stored states; the caller holds a snapshot of lane a, so `upto` is exact. */
static bool put_active(struct sender *sender, int32_t subject)
{
    const struct site *site = sender->setup.site;
    struct payload_active active;
    struct journal_state state;
    struct text text;
    uint64_t upto = 0;
    enum err err = journal_reader_last(sender->reader, LANE_A, &upto);
    if (err == ERR_OK)
        err = journal_reader_seek_states(sender->reader, site->subjects[subject].id);
    if (err != ERR_OK)
        return false;
    text_init(&text, sender->payload, PAYLOAD_RETAINED_MAX);
    payload_active_begin(&active, &text, site, sender->facts.stream, subject, sender->now.utc_ms, upto);
    while ((err = journal_reader_next_state(sender->reader, &state)) == ERR_OK)
        payload_active_add(&active, &(struct payload_active_alarm){.alarm = state.name,
                                                                   .state = (enum alarm_state)state.state,
                                                                   .occurrence = state.occurrence,
                                                                   .since_utc_ms = state.since_utc_ms,
                                                                   .has_value = state.has_value,
                                                                   .value = state.value});
    journal_reader_rest_states(sender->reader);
    payload_active_end(&active);
    if (err != ERR_EMPTY || text.full)
        return false;
    return put(sender, &(struct sent){.kind = SENT_ACTIVE, .subject = subject, .size = text.used},
               below(sender, "active/", site->subjects[subject].id), text.at, true, false);
}

static int32_t find_subject(const struct site *site, const char *id)
{
    for (size_t i = 0; i < site->subject_count; i++)
        if (strcmp(site->subjects[i].id, id) == 0)
            return (int32_t)i;
    return -1;
}

/* registry/{dev}, and for a device that is gone the two empty messages that make a broker forget it. */
static bool put_registry(struct sender *sender, const char *dev, uint32_t rev, const char *sha256)
{
    const struct site *site = sender->setup.site;
    struct sent sent = {.kind = sha256[0] != '\0' ? SENT_REGISTRY : SENT_EMPTIED};
    struct text text;
    text_copy(sent.dev, sizeof sent.dev, dev);
    text_copy(sent.sha256, sizeof sent.sha256, sha256);
    if (sent.kind == SENT_EMPTIED)
        return put(sender, &(struct sent){.kind = SENT_STATUS}, below(sender, "active/", dev), "", true, false) &&
               put(sender, &sent, below(sender, "registry/", dev), "", true, false);
    int32_t const subject = find_subject(site, dev);
    if (subject < 0)
        return true;
    text_init(&text, sender->payload, PAYLOAD_RETAINED_MAX);
    payload_registry(&text, site, subject, sender->now.utc_ms, rev, sha256);
    if (text.full) {
        log_say(LOG_WARNING, "sender", "the archive of %s is too large for one message", dev);
        return true;
    }
    sent.size = text.used;
    return put(sender, &sent, below(sender, "registry/", dev), text.at, true, false);
}

void sender_make_status(const struct sender *sender, const char *reason, struct payload_status *ret_status)
{
    *ret_status = (struct payload_status){
        .stream = sender->facts.stream,
        .version = OUTPOST_VERSION,
        .reason = reason,
        .boot = sender->facts.boot,
        .conn = sender->conn,
        .lw_a = sender->lanes[LANE_A].settled.lw + 1,
        .lw_t = sender->lanes[LANE_T].settled.lw + 1,
        .at_utc_ms = sender->now.utc_ms,
        .synced = sender->now.synced,
    };
}

bool sender_put_status(struct sender *sender, const char *reason)
{
    struct payload_status status;
    struct text text;
    sender_make_status(sender, reason, &status);
    text_init(&text, sender->payload, PAYLOAD_MESSAGE_MAX);
    payload_status(&text, sender->setup.site, &status);
    CHECK(!text.full);
    return put(sender, &(struct sent){.kind = reason == NULL ? SENT_STATUS : SENT_STOPPED, .size = text.used}, "status",
               text.at, true, false);
}

/* --- the greeting --- */

void sender_greet_from_start(struct sender *sender)
{
    sender->greeting = GREET_ACTIVE;
    sender->greet_subject = 0;
    sender->greet_dev[0] = '\0';
    sender->registry_again = false;
    sender->status_again = false;
    sender->active_due_count = 0;
    memset(sender->active_due, 0, sender->setup.site->subject_count * sizeof *sender->active_due);
    sender->lanes[LANE_A].next = sender->lanes[LANE_A].settled.lw + 1;
    sender->lanes[LANE_A].look_mono_us = 0;
    sender->health_mono_us = 0;
}

static void greet_actives(struct sender *sender)
{
    if (journal_reader_begin(sender->reader) != ERR_OK)
        return;
    while (sender->greet_subject < sender->setup.site->subject_count && room_for(sender, SENT_ACTIVE, SMALL_SIZE) &&
           put_active(sender, (int32_t)sender->greet_subject))
        sender->greet_subject++;
    journal_reader_end(sender->reader);
    if (sender->greet_subject == sender->setup.site->subject_count)
        sender->greeting = GREET_REGISTRY;
}

/* True when every registry this centre lacks is on its way. */
static bool greet_registries(struct sender *sender)
{
    char dev[SITE_ID_MAX + 1];
    char sha256[65];
    uint32_t rev;
    while (room_for(sender, SENT_REGISTRY, SMALL_SIZE)) {
        enum err err =
            journal_reader_next_registry(sender->reader, sender->centre->id, sender->greet_dev, dev, &rev, sha256);
        if (err != ERR_OK)
            return err == ERR_EMPTY;
        if (!put_registry(sender, dev, rev, sha256))
            return false;
        text_copy(sender->greet_dev, sizeof sender->greet_dev, dev);
    }
    return false;
}

/* Where live telemetry begins: with what is fresh, so that a short break leaves no hole in the live topics. */
void sender_begin_live(struct sender *sender)
{
    struct sender_lane *lane = &sender->lanes[LANE_T];
    uint64_t live_from = lane->settled.lw + 1;
    if (journal_reader_since(sender->reader, sender->now.utc_ms - FRESH_MS, LIVE_COUNT_MAX, &live_from) != ERR_OK ||
        live_from <= lane->settled.lw)
        live_from = lane->settled.lw + 1;
    sender->live_from = live_from;
    lane->next = live_from;
    lane->look_mono_us = 0;
    sender->history_next = lane->settled.lw + 1;
}

static void greet(struct sender *sender)
{
    if (sender->greeting == GREET_ACTIVE)
        greet_actives(sender);
    if (sender->greeting == GREET_REGISTRY && greet_registries(sender))
        sender->greeting = GREET_STATUS;
    if (sender->greeting == GREET_STATUS && room_for(sender, SENT_STATUS, SMALL_SIZE) &&
        sender_put_status(sender, NULL)) {
        sender->greeting = GREET_DONE;
        sender_begin_live(sender);
    }
}

/* Parts of the greeting that a broker with a full quota would not have. */
static void greet_again(struct sender *sender)
{
    if (sender->registry_again) {
        sender->greet_dev[0] = '\0';
        sender->registry_again = false;
        sender->greeting = GREET_REGISTRY; /* and status after it */
    } else if (sender->status_again && sender_put_status(sender, NULL)) {
        sender->status_again = false;
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
    int32_t const subject = find_subject(sender->setup.site, topic + sizeof kind - 1);
    sender->alarms_since_active++;
    if (subject >= 0 && !sender->active_due[subject]) {
        sender->active_due[subject] = true;
        sender->active_due_count++;
    }
}

/* Sends one row of a lane as a message of its own. False: no room. */
static bool put_row(struct sender *sender, enum lane lane, const struct journal_row *row)
{
    enum sent_kind const kind = lane == LANE_A ? SENT_ALARM : SENT_LIVE;
    bool const hist = lane == LANE_A && sender->now.utc_ms - row->at_utc_ms > HIST_MS;
    return put(sender, &(struct sent){.kind = kind, .first = row->seq, .last = row->seq, .size = row->payload_size},
               row->topic, row->payload, false, hist);
}

/* Sends the rows of a lane from its `next` on. ERR_EMPTY: nothing is left to send; ERR_OK: the rest waits for room. */
static enum err put_rows(struct sender *sender, enum lane lane)
{
    struct sender_lane *state = &sender->lanes[lane];
    struct journal_row row;
    enum err err = journal_reader_seek(sender->reader, lane, state->next);
    while (err == ERR_OK && (err = journal_reader_next(sender->reader, lane, &row)) == ERR_OK) {
        sender_settle(sender, lane, state->next, row.seq - 1); /* numbers without a row were declared */
        state->next = row.seq;
        if (to_be_sent(sender, lane, row.seq) && !put_row(sender, lane, &row))
            break;
        if (lane == LANE_A)
            alarm_sent(sender, row.topic);
        state->next = row.seq + 1;
        if (lane == LANE_A && sender->alarms_since_active >= ACTIVE_AFTER_MAX)
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
        if (!put_active(sender, (int32_t)i))
            return;
        sender->active_due[i] = false;
        sender->active_due_count--;
    }
    sender->alarms_since_active = 0;
}

/* Alarms and events, each by itself, then the retained state of every subject they changed, out of one snapshot. False:
 * some of it waits for room, and nothing of lower priority may take that. */
static bool deliver_alarms(struct sender *sender)
{
    bool const look = worth_a_look(sender, LANE_A, sender->journal.last_a);
    if (!look && sender->active_due_count == 0)
        return true;
    if (!room_for(sender, SENT_ALARM, SMALL_SIZE))
        return false;
    if (journal_reader_begin(sender->reader) != ERR_OK)
        return true; /* a journal that cannot be read is no reason to hold telemetry back */
    enum err const err = look ? put_rows(sender, LANE_A) : ERR_EMPTY;
    if (err != ERR_OK || sender->alarms_since_active >= ACTIVE_AFTER_MAX)
        put_due_actives(sender);
    journal_reader_end(sender->reader);
    return err != ERR_OK && sender->active_due_count == 0;
}

/* --- lane t --- */

/* False: some of it waits for room. */
static bool deliver_live(struct sender *sender)
{
    struct sender_lane *lane = &sender->lanes[LANE_T];
    uint64_t const last = sender->journal.last_t;
    if (last > lane->next + LIVE_LAG_MAX)
        sender->live_from = lane->next = last + 1;
    if (room_for(sender, SENT_LIVE, SMALL_SIZE) && worth_a_look(sender, LANE_T, last))
        return put_rows(sender, LANE_T) != ERR_OK;
    return lane->next > last;
}

struct batch_of_history {
    struct text text;
    uint64_t first;
    uint64_t last; /* 0: empty */
    char stream[JOURNAL_STREAM_SIZE];
};

static void begin_batch(struct sender *sender, struct batch_of_history *batch, const struct journal_row *row)
{
    size_t stream_size = 0;
    const char *stream = payload_stream_of(row->payload, row->payload_size, &stream_size);
    if (stream == NULL || stream_size >= sizeof batch->stream) {
        stream = sender->facts.stream;
        stream_size = strlen(stream);
    }
    memcpy(batch->stream, stream, stream_size);
    batch->stream[stream_size] = '\0';
    batch->first = row->seq;
    text_init(&batch->text, sender->payload, sizeof sender->payload);
    payload_history_begin(&batch->text, sender->setup.site, stream, stream_size, sender->lanes[LANE_T].settled.lw + 1);
}

static bool belongs(const struct sender *sender, const struct batch_of_history *batch, const struct journal_row *row)
{
    size_t stream_size = 0;
    const char *stream = payload_stream_of(row->payload, row->payload_size, &stream_size);
    if (batch->text.used + row->payload_size + sizeof ",]}" > PAYLOAD_HISTORY_MAX ||
        batch->last <= sender->single_until)
        return false;
    return stream == NULL || (strlen(batch->stream) == stream_size && memcmp(batch->stream, stream, stream_size) == 0);
}

/* Joins the records from history_next on. A batch never reaches over a record that is in flight by itself. Numbers without
 * a row were declared and count as settled. Empty when nothing is left below live_from. */
static enum err fill_batch(struct sender *sender, struct batch_of_history *batch)
{
    struct journal_row row;
    uint64_t expected = sender->history_next;
    enum err err = journal_reader_seek(sender->reader, LANE_T, expected);
    while (err == ERR_OK && (err = journal_reader_next(sender->reader, LANE_T, &row)) == ERR_OK) {
        uint64_t const hole_end = row.seq < sender->live_from ? row.seq : sender->live_from;
        if (hole_end > expected)
            sender_settle(sender, LANE_T, expected, hole_end - 1);
        if (row.seq >= sender->live_from)
            break;
        bool const wanted = to_be_sent(sender, LANE_T, row.seq);
        if (batch->last != 0 && (!wanted || !belongs(sender, batch, &row)))
            break;
        if (wanted) {
            if (batch->last == 0)
                begin_batch(sender, batch, &row);
            payload_history_add(&batch->text, batch->last == 0, row.payload, row.payload_size);
            batch->last = row.seq;
        }
        expected = row.seq + 1;
    }
    journal_reader_rest(sender->reader, LANE_T);
    if (err == ERR_EMPTY && expected < sender->live_from)
        sender_settle(sender, LANE_T, expected, sender->live_from - 1);
    if (batch->last == 0 && (err == ERR_OK || err == ERR_EMPTY))
        sender->history_next = sender->live_from;
    return err == ERR_EMPTY ? ERR_OK : err;
}

/* True when a batch was sent and there may be more. */
static bool put_history(struct sender *sender)
{
    struct sender_lane const *lane = &sender->lanes[LANE_T];
    struct batch_of_history batch = {.last = 0};
    uint64_t const from = sender->history_next > lane->settled.lw ? sender->history_next : lane->settled.lw + 1;
    sender->history_next = ackset_open_from(&lane->settled, from);
    if (sender->history_next >= sender->live_from || fill_batch(sender, &batch) != ERR_OK || batch.last == 0)
        return false;
    payload_history_end(&batch.text);
    CHECK(!batch.text.full); /* the buffer takes any one record, and a batch is smaller */
    if (!put(sender,
             &(struct sent){.kind = SENT_HISTORY, .first = batch.first, .last = batch.last, .size = batch.text.used},
             "history", batch.text.at, false, false))
        return false;
    sender->history_next = batch.last + 1;
    return true;
}

static void deliver_history(struct sender *sender)
{
    while (room_for(sender, SENT_HISTORY, PAYLOAD_HISTORY_MAX) && put_history(sender))
        ;
}

/* --- all of it --- */

/* Numbers that were passed over and are neither settled nor in flight (an island was forgotten): from the first of them
 * again. Only when nothing is in flight, so at most once a drain. */
static void heal(struct sender *sender)
{
    if (sender->window.used > 0)
        return;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        struct sender_lane *state = &sender->lanes[lane];
        uint64_t const open = ackset_open_from(&state->settled, state->settled.lw + 1);
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
    sender->health_mono_us = sender->now.mono_us + HEALTH_EVERY_US;
    sender_make_status(sender, NULL, &status);
    text_init(&text, sender->payload, PAYLOAD_RETAINED_MAX);
    health_write(sender->health, &text, &status, sender->now);
    if (!text.full)
        (void)publish(sender, &(struct uplink_message){.topic = sender_topic(sender, "health"),
                                                       .payload = text.at,
                                                       .payload_size = text.used});
}

void sender_deliver(struct sender *sender)
{
    sender->busy = false;
    if (sender->greeting == GREET_DONE)
        greet_again(sender);
    if (sender->greeting != GREET_DONE)
        greet(sender);
    if (sender->greeting != GREET_DONE)
        return;
    heal(sender);
    if (deliver_alarms(sender) && sender->lanes[LANE_T].loaded && deliver_live(sender))
        deliver_history(sender);
    deliver_health(sender);
}

bool sender_caught_up(const struct sender *sender)
{
    return sender->greeting == GREET_DONE && sender->window.used == 0 && sender->active_due_count == 0 &&
           sender->lanes[LANE_A].settled.lw >= sender->journal.last_a &&
           sender->lanes[LANE_T].settled.lw >= sender->journal.last_t;
}
