/* What a sender has to do with the journal besides reading records: finding it, its cursors, and telling the recorder. */
#include "gateway/run/sender_private.h"

#define OUTDATED_EVERY_US 1000000
#define REPORT_EVERY_US   250000

static void load_cursor(struct sender *sender, enum lane lane)
{
    struct journal_cursor cursor;
    struct sender_lane *state = &sender->lanes[lane];
    if (state->loaded || journal_reader_cursor(sender->reader, lane, sender->centre->id, &cursor) != ERR_OK)
        return;
    ackset_init(&state->settled, cursor.lw);
    for (size_t i = 0; i < cursor.range_count; i++)
        ackset_add(&state->settled, cursor.ranges[i][0], cursor.ranges[i][1]);
    state->loaded = true;
    state->report_due = true; /* a new centre's cursor is stored at once, so that nothing is deleted under it */
    if (lane == LANE_T && sender->state == SENDER_UP && sender->greeting == GREET_DONE)
        sender_begin_live(sender);
}

void sender_leave_journal(struct sender *sender)
{
    journal_reader_close(sender->reader);
    sender->reader = NULL;
}

/* The journal of this start: the recorder says on the board when it has opened it and compared the registries. */
bool sender_attach_journal(struct sender *sender)
{
    struct journal_facts facts;
    if (sender->reader != NULL && sender->now.mono_us >= sender->outdated_check_mono_us) {
        sender->outdated_check_mono_us = sender->now.mono_us + OUTDATED_EVERY_US;
        if (journal_reader_outdated(sender->reader))
            sender_leave_journal(sender);
    }
    if (sender->reader == NULL) {
        if (sender->journal.boot == 0 ||
            journal_reader_open(&sender->reader, sender->setup.site->journal.dir) != ERR_OK)
            return false;
        if (journal_reader_facts(sender->reader, &facts) != ERR_OK || facts.boot != sender->journal.boot) {
            sender_leave_journal(sender);
            return false;
        }
        sender->facts = facts;
    }
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        load_cursor(sender, lane);
    return sender->lanes[LANE_A].loaded;
}

/* --- telling the recorder --- */

bool sender_tell_recorder(struct sender *sender, struct sender_ack *ack)
{
    ack->centre = (uint32_t)sender->setup.centre;
    return ring_push(sender->setup.acks, ack, sizeof *ack) == ERR_OK;
}

static bool report_cursor(struct sender *sender, enum lane lane)
{
    struct ackset_range longest[ACK_RANGES_MAX];
    const struct ackset *settled = &sender->lanes[lane].settled;
    struct sender_ack ack = {.kind = ACK_CURSOR, .lane = (uint8_t)lane_letter(lane), .lw = settled->lw};
    ack.range_count = (uint16_t)ackset_longest(settled, longest, ACK_RANGES_MAX);
    for (size_t i = 0; i < ack.range_count; i++) {
        ack.ranges[i][0] = longest[i].first;
        ack.ranges[i][1] = longest[i].last;
    }
    return sender_tell_recorder(sender, &ack);
}

/* The recorder stores cursors with its next commit or within a second; its bell is not rung for that. */
void sender_report_cursors(struct sender *sender, bool now)
{
    if (!now && sender->now.mono_us < sender->report_mono_us)
        return;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        if (!sender->lanes[lane].report_due || !report_cursor(sender, lane))
            continue;
        sender->lanes[lane].report_due = false;
        sender->report_mono_us = sender->now.mono_us + REPORT_EVERY_US;
    }
    if (now)
        bell_ring(sender->setup.recorder_bell);
}

void sender_note(struct sender *sender, enum notice notice, const char *detail)
{
    struct sender_ack ack = {.kind = ACK_NOTICE, .notice = (uint16_t)notice};
    text_copy(ack.detail, sizeof ack.detail, detail);
    if (sender_tell_recorder(sender, &ack))
        bell_ring(sender->setup.recorder_bell);
}
