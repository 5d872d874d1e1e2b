/* A centre that does not want everything: what is meant for it, and which record came before. */
#include "gateway/core/meant.h"
#include "gateway/run/sender_private.h"

bool sender_meant(const struct sender *sender, const struct journal_row *row)
{
    return meant_record(sender->centre, row->topic, row->payload, row->payload_size);
}

static enum lane lane_of(enum trail_of of)
{
    return of == TRAIL_ALARM || of == TRAIL_REPLAY_A ? LANE_A : LANE_T;
}

/* Looks on, down from where it had got to. */
static void look_back(struct sender *sender, struct trail *trail, enum lane lane)
{
    struct journal_row row;
    enum err err = journal_reader_seek_back(sender->reader, lane, trail->down);
    for (int i = 0; err == ERR_OK && !trail->known && i < LOOK_ROWS_MAX; i++) {
        err = journal_reader_next_back(sender->reader, lane, &row);
        if (err != ERR_OK)
            break;
        trail->down = row.seq;
        trail->known = sender_meant(sender, &row);
        trail->prev = trail->known ? row.seq : 0;
    }
    journal_reader_rest_back(sender->reader, lane);
    if (err == ERR_EMPTY) /* none before it is kept */
        trail->known = true;
}

bool sender_trail_to(struct sender *sender, enum trail_of of, uint64_t at)
{
    struct trail *trail = &sender->trails[of];
    if (!sender->centre->filtered)
        return true;
    if (trail->at != at)
        *trail = (struct trail){.at = at, .down = at};
    if (!trail->known)
        look_back(sender, trail, lane_of(of));
    sender->more = sender->more || !trail->known;
    return trail->known;
}

void sender_trail_pass(struct sender *sender, enum trail_of of, uint64_t seq, bool is_meant)
{
    struct trail *trail = &sender->trails[of];
    if (is_meant)
        trail->prev = seq;
    trail->at = seq + 1;
}

const uint64_t *sender_prev(const struct sender *sender, enum trail_of of)
{
    return sender->centre->filtered ? &sender->trails[of].prev : NULL;
}
