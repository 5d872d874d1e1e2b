/* recorder_private: the recorder's own state, shared by recorder.c (what happens all the time) and recorder_start.c (what
 * happens once the journal is open). Nobody else includes this. */
#ifndef OUTPOST_RUN_RECORDER_PRIVATE_H
#define OUTPOST_RUN_RECORDER_PRIVATE_H

#include "gateway/core/payload.h"
#include "gateway/model/inbox.h"
#include "gateway/model/news.h"
#include "gateway/run/journal.h"
#include "gateway/run/recorder.h"
#include "gateway/run/recorder_group.h"

enum restore { RESTORE_WAITING, RESTORE_STATES, RESTORE_ANNOUNCE, RESTORE_DONE };

struct held_news { /* taken from its ring, not yet in a group */
    bool held;
    struct news news;
};

struct cursor_kept {
    struct journal_cursor cursor;
    bool dirty; /* not stored yet */
};

struct recorder {
    struct recorder_setup setup;
    struct bell *sender_bells[SITE_CENTRES_MAX];
    struct journal *journal;
    struct now now;
    struct {
        struct group group;
        struct held_news held;
        int64_t retry_mono_us; /* not before then: opening, or writing a group that failed */
        uint32_t failures;     /* in a row */
        bool written_new;      /* records were committed that the senders do not know of */
    } lanes[LANE_COUNT];

    /* start */
    enum restore restore;
    struct journal_state restore_at; /* the last one taken; subject NULL: none yet */
    struct inbox restore_item;       /* waits for room in the judge's ring */
    bool restore_item_waits;
    bool judge_told_to_begin;  /* INBOX_RESTORED was sent, with states or without */
    uint64_t *occurrence_base; /* per rule: what the journal had at start */
    bool started;              /* boot event recorded, registries compared: senders may begin */
    bool finished;

    /* cursors */
    struct cursor_kept cursors[SITE_CENTRES_MAX][LANE_COUNT];
    int64_t cursors_due_mono_us; /* CLOCK_NEVER: nothing to store */

    /* keeping house */
    bool gaps_may_wait; /* undeclared ones */
    bool evicting;
    int64_t house_due_mono_us;
    uint64_t journal_size;
    uint64_t records_since_house;
    uint64_t commits;
    uint64_t dropped;
    struct board_journal shown;
    char logged_trouble[160];
};

/* recorder.c */
void recorder_put_event(struct recorder *recorder, enum notice notice, const char *detail, int64_t at_utc_ms,
                        bool synced);
MUST_CHECK enum err recorder_write(struct recorder *recorder, enum lane lane);
uint64_t recorder_next_number(const struct recorder *recorder, enum lane lane);
void recorder_stamp(const struct recorder *recorder, enum lane lane, int64_t at_utc_ms, bool synced,
                    struct payload_stamp *ret_stamp);
uint64_t recorder_delivered(const struct recorder *recorder, enum lane lane); /* up to here every centre has it */

/* recorder_start.c: one turn of handing the stored states to the judge and of what follows; called until RESTORE_DONE. */
void recorder_restore(struct recorder *recorder);
/* The journal cannot be opened: the judge begins without. */
void recorder_begin_without(struct recorder *recorder);

#endif
