/* Telemetry that waited, many records a message; and what a centre asks for again. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/run/sender_private.h"

#define BEGIN_MAX   160 /* {"v":1,"gw":"…64…","stream":"…16…" */
#define LEAP_MIN    64
#define RECORDS_MAX 256 /* of one message: each of them takes more than 50 of its 12 KB */
#define AROUND_MAX  512 /* bytes of a packet around its payload: topic and properties */
#define PREV_MAX    21  /* bytes a record has in the list `prev` */

struct history_batch {
    struct text text;
    enum trail_of trail;
    uint64_t first;
    uint64_t last; /* 0: empty */
    size_t count;
    uint64_t prev[RECORDS_MAX];
    uint64_t clear_until;   /* numbers of the batch below this are to be sent, without looking again */
    char begins[BEGIN_MAX]; /* the bytes its first record begins with, up to the end of the stream */
    size_t begins_size;     /* 0: it belongs to itself */
};

static void begin_batch(struct sender *sender, struct history_batch *batch, const struct journal_row *row)
{
    size_t stream_size = 0;
    const char *stream = payload_stream_of(row->payload, row->payload_size, &stream_size);
    size_t const begins_size = stream != NULL ? (size_t)(stream - row->payload) + stream_size + 1 : 0;
    batch->begins_size = begins_size <= sizeof batch->begins ? begins_size : 0;
    memcpy(batch->begins, row->payload, batch->begins_size);
    if (stream == NULL || batch->begins_size == 0) {
        stream = sender->facts.stream;
        stream_size = strlen(stream);
    }
    batch->first = row->seq;
    text_init(&batch->text, sender->payload, sizeof sender->payload);
    payload_history_begin(&batch->text, sender->setup.site, stream, stream_size, sender->lanes[LANE_T].settled.lw + 1);
}

/* Within what the broker takes; a record that does not fit by itself is refused as any that is too large. */
static size_t batch_max(const struct sender *sender, const struct history_batch *batch)
{
    size_t const packet_max = sender->packet_max;
    size_t const around = AROUND_MAX + (sender->centre->filtered ? (batch->count + 1) * PREV_MAX : 0);
    if (packet_max == 0 || packet_max >= PAYLOAD_HISTORY_MAX + around)
        return PAYLOAD_HISTORY_MAX;
    return packet_max > around ? packet_max - around : 0;
}

/* Records of one gateway and stream begin with the same bytes. */
static bool belongs(const struct sender *sender, const struct history_batch *batch, const struct journal_row *row)
{
    return batch->text.used + row->payload_size + sizeof ",]}" <= batch_max(sender, batch) &&
           batch->last > sender->single_until && batch->count < RECORDS_MAX && batch->begins_size > 0 &&
           row->payload_size > batch->begins_size && memcmp(row->payload, batch->begins, batch->begins_size) == 0;
}

static void add_row(struct sender *sender, struct history_batch *batch, const struct journal_row *row)
{
    const uint64_t *prev = sender_prev(sender, batch->trail);
    if (batch->last == 0)
        begin_batch(sender, batch, row);
    payload_history_add(&batch->text, batch->last == 0, row->payload, row->payload_size);
    batch->prev[batch->count++] = prev != NULL ? *prev : 0;
    batch->last = row->seq;
}

static bool put_batch(struct sender *sender, struct history_batch *batch, enum sent_kind kind)
{
    struct sent sent = {.kind = kind, .first = batch->first, .last = batch->last, .lane_t = true};
    payload_history_end(&batch->text, sender->centre->filtered ? batch->prev : NULL, batch->count);
    CHECK(!batch->text.full); /* the buffer takes any one record, and a batch is smaller */
    sent.size = batch->text.used;
    if (!sender_put(sender, &sent, &(struct outgoing){.topic_below = "history", .payload = batch->text.at}))
        return false;
    if (sender->centre->history_rate > 0) {
        int64_t const cost_us = (int64_t)sent.size * 1000000 / sender->centre->history_rate;
        int64_t const from = sender->history_debt_mono_us;
        sender->history_debt_mono_us = (from > sender->now.mono_us ? from : sender->now.mono_us) + cost_us;
    }
    return true;
}

/* One row of history; false: it begins the next message. `expected` is the number that should come. */
static bool take_row(struct sender *sender, struct history_batch *batch, const struct journal_row *row,
                     uint64_t expected)
{
    uint64_t const hole_end = row->seq < sender->live_from ? row->seq : sender->live_from;
    if (hole_end > expected) {
        if (batch->last != 0 && sender_is_salvaging(sender, LANE_T, expected, hole_end - 1))
            return false; /* a message settles all numbers from its first to its last */
        sender_settle_hole(sender, LANE_T, expected, hole_end - 1);
    }
    if (row->seq >= sender->live_from)
        return false;
    bool const is_meant = sender_meant(sender, row);
    bool const is_clear = batch->last != 0 && row->seq < batch->clear_until;
    bool const is_wanted = is_meant && (is_clear || sender_to_be_sent(sender, LANE_T, row->seq));
    if (batch->last != 0 && is_meant && (!is_wanted || !belongs(sender, batch, row)))
        return false;
    if (is_wanted && batch->last == 0)
        batch->clear_until = sender_clear_until(sender, LANE_T, row->seq);
    if (is_wanted)
        add_row(sender, batch, row);
    else if (!is_meant && batch->last == 0) /* within a message they are settled with it */
        sender_settle(sender, LANE_T, row->seq, row->seq);
    sender_trail_pass(sender, batch->trail, row->seq, is_meant);
    return true;
}

/* Only a filter asks for more than the payload. */
static enum err seek_records(struct sender *sender, uint64_t from)
{
    return sender->centre->filtered ? journal_reader_seek(sender->reader, LANE_T, from)
                                    : journal_reader_seek_payloads(sender->reader, LANE_T, from);
}

/* Joins the records from history_next on. A batch never reaches over a record that is in flight by itself. Empty when
 * nothing is left below live_from, or when a step's share of rows was passed without one to send. */
static enum err fill_batch(struct sender *sender, struct history_batch *batch)
{
    struct journal_row row;
    uint64_t expected = sender->history_next;
    int looked = 0;
    uint64_t leap = 0; /* where to go on, when that is far */
    enum err err = seek_records(sender, expected);
    while (err == ERR_OK && looked < LOOK_ROWS_MAX &&
           (err = journal_reader_next(sender->reader, LANE_T, &row)) == ERR_OK) {
        if (!take_row(sender, batch, &row, expected))
            break;
        expected = row.seq + 1;
        looked++;
        leap = batch->last == 0 ? sender_open_from(sender, LANE_T, expected) : 0;
        if (leap > expected + LEAP_MIN)
            break; /* over what was settled, without reading it */
        leap = 0;
    }
    journal_reader_rest(sender->reader, LANE_T);
    if (err == ERR_EMPTY && expected < sender->live_from)
        sender_settle_hole(sender, LANE_T, expected, sender->live_from - 1);
    if (batch->last == 0 && (err == ERR_OK || err == ERR_EMPTY)) {
        bool const is_cut = looked == LOOK_ROWS_MAX || leap > expected;
        sender->history_next = !is_cut ? sender->live_from : leap > expected ? leap : expected;
        sender->more = sender->more || is_cut;
    }
    return err == ERR_EMPTY ? ERR_OK : err;
}

/* True when a batch was sent and there may be more. */
static bool put_history(struct sender *sender)
{
    struct history_batch batch;
    uint64_t const lw = sender->lanes[LANE_T].settled.lw;
    uint64_t const from = sender->history_next > lw ? sender->history_next : lw + 1;
    sender->history_next = sender_open_from(sender, LANE_T, from);
    if (sender->history_next >= sender->live_from || !sender_trail_to(sender, TRAIL_HISTORY, sender->history_next))
        return false;
    batch.trail = TRAIL_HISTORY;
    batch.last = 0;
    batch.count = 0;
    if (fill_batch(sender, &batch) != ERR_OK || batch.last == 0 || !put_batch(sender, &batch, SENT_HISTORY))
        return false;
    sender->history_next = batch.last + 1;
    return true;
}

static bool may_send(const struct sender *sender, enum sent_kind kind)
{
    return sender->now.mono_us >= sender->history_debt_mono_us && sender_room_for(sender, kind, PAYLOAD_HISTORY_MAX);
}

void sender_deliver_history(struct sender *sender)
{
    if (!may_send(sender, SENT_HISTORY) || journal_reader_begin(sender->reader, LANE_T) != ERR_OK)
        return;
    while (may_send(sender, SENT_HISTORY) && put_history(sender))
        ;
    journal_reader_end(sender->reader, LANE_T);
}

/* --- replays --- */

static bool replay_telemetry(struct sender *sender, struct replay *replay)
{
    struct history_batch batch;
    struct journal_row row = {.seq = 0};
    int looked = 0;
    if (!sender_trail_to(sender, TRAIL_REPLAY_T, replay->next))
        return false;
    batch.trail = TRAIL_REPLAY_T;
    batch.last = 0;
    batch.count = 0;
    uint64_t next = replay->next;
    enum err err = seek_records(sender, next);
    while (err == ERR_OK && looked++ < LOOK_ROWS_MAX &&
           (err = journal_reader_next(sender->reader, LANE_T, &row)) == ERR_OK && row.seq <= replay->to) {
        bool const is_meant = sender_meant(sender, &row);
        if (is_meant && batch.last != 0 && !belongs(sender, &batch, &row))
            break;
        if (is_meant)
            add_row(sender, &batch, &row);
        sender_trail_pass(sender, TRAIL_REPLAY_T, row.seq, is_meant);
        next = row.seq + 1;
    }
    journal_reader_rest(sender->reader, LANE_T);
    if (batch.last != 0 && !put_batch(sender, &batch, SENT_REPLAY))
        return false;
    bool const is_done = err != ERR_OK || row.seq > replay->to;
    replay->next = is_done ? replay->to + 1 : next;
    return !is_done;
}

static bool replay_alarm(struct sender *sender, struct replay *replay)
{
    struct journal_row row;
    bool put = true;
    if (!sender_trail_to(sender, TRAIL_REPLAY_A, replay->next))
        return false;
    enum err err = journal_reader_seek(sender->reader, LANE_A, replay->next);
    if (err == ERR_OK)
        err = journal_reader_next(sender->reader, LANE_A, &row);
    if (err == ERR_OK && row.seq <= replay->to) {
        struct sent sent = {.kind = SENT_REPLAY, .first = row.seq, .last = row.seq, .size = row.payload_size};
        bool const is_meant = sender_meant(sender, &row);
        put = !is_meant || sender_put(sender, &sent,
                                      &(struct outgoing){.topic_below = row.topic,
                                                         .payload = row.payload,
                                                         .hist = true,
                                                         .prev = sender_prev(sender, TRAIL_REPLAY_A)});
        if (put) {
            sender_trail_pass(sender, TRAIL_REPLAY_A, row.seq, is_meant);
            replay->next = row.seq + 1;
        }
    } else {
        replay->next = replay->to + 1;
    }
    journal_reader_rest(sender->reader, LANE_A);
    return put;
}

void sender_deliver_replays(struct sender *sender)
{
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        struct replay *replay = &sender->replays[lane];
        while (replay->next <= replay->to && replay->to > 0 && may_send(sender, SENT_REPLAY) &&
               (lane == LANE_A ? replay_alarm(sender, replay) : replay_telemetry(sender, replay)))
            ;
    }
}

void sender_rewind_replays(struct sender *sender)
{
    for (size_t i = 0; i < WINDOW_MAX; i++) {
        const struct sent *sent = &sender->window.slots[i];
        if (sent->used && sent->kind == SENT_REPLAY)
            sender_rewind(sender, sent);
    }
}
