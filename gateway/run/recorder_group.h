/* recorder_group: what is to be written to one lane in one transaction, held in memory until the disk has it.
 *
 * Nothing is taken out of a ring and then lost because a commit failed: the group stays as it is, with the same numbers
 * and the same bytes, until it is written. One buffer taken at start; items go by value (strings of a state must outlive
 * the group). Only the recorder uses this. */
#ifndef OUTPOST_RUN_RECORDER_GROUP_H
#define OUTPOST_RUN_RECORDER_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/base/text.h"
#include "gateway/run/journal.h"

struct group {
    unsigned char *bytes;
    size_t size;
    size_t used;
    size_t item_count;
    size_t record_count;
    bool urgent;          /* has a record or a state in it */
    uint64_t last_number; /* highest number in it, given or burned; 0 none */
    int64_t first_mono_us;
    int64_t newest_mono_us;
};

MUST_CHECK enum err group_open(struct group *group, size_t size);
void group_close(struct group *group); /* accepts the zeroed */
void group_reset(struct group *group);

static inline bool group_is_empty(const struct group *group)
{
    return group->item_count == 0;
}

/* A record: begin gives a writer over what room there is, the caller writes the payload, end keeps it. False, and nothing
 * changed: no room (or what was written is not to be used); write the group and try again. */
bool group_begin_record(struct group *group, struct text *ret_payload);
bool group_end_record(struct group *group, const struct text *payload, uint64_t seq, int64_t at_utc_ms,
                      const char *topic_kind, const char *topic_dev);

/* False: no room. */
bool group_add_state(struct group *group, const struct journal_state *state);
bool group_add_gap(struct group *group, const struct journal_gap *gap);
bool group_add_gap_declared(struct group *group, enum lane lane, uint64_t id);
bool group_add_order(struct group *group, const struct journal_order *order);
bool group_add_registry_acked(struct group *group, const char *centre, const char *dev, const char *sha256);

/* The same with records numbered from `first` on, into an empty group with a buffer of its own; false: no room. For records
 * that are written somewhere else than they were meant for. */
bool group_renumber(const struct group *group, uint64_t first, struct group *ret_group);

/* Puts everything into the open transaction of the lane. */
MUST_CHECK enum err group_put(const struct group *group, struct journal *journal, enum lane lane);

#endif
