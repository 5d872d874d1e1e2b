/* recorder_private: the recorder's own state, shared by recorder.c (what happens all the time: rings, groups, commits),
 * recorder_news.c (news into records), recorder_acks.c (what comes back), recorder_tail.c (the flash budget), recorder_purse.c
 * (what of it outlives the process), recorder_start.c
 * (once the journal is open), recorder_states.c, recorder_spare.c (a dead disk) and recorder_house.c (keeping house). Nobody
 * else includes this. */
#ifndef OUTPOST_RUN_RECORDER_PRIVATE_H
#define OUTPOST_RUN_RECORDER_PRIVATE_H

#include "gateway/core/payload.h"
#include "gateway/core/thin.h"
#include "gateway/core/thrift.h"
#include "gateway/model/class.h"
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

/* The newest state of everything, so that it can be written again into a file that had to be begun anew. Touched only where
 * there is one. */
struct kept_state {
    bool known;
    struct stored stored;
};
struct kept_states {
    struct kept_state *rules;
    struct kept_state *interlocks;
    struct kept_state *holds; /* DERIVE_HOLDS_MAX a device */
    struct kept_state *drills;
    struct kept_state *dues; /* by rule */
    struct kept_state *cylinders;
};

#define RECORDER_AGES    3
#define RECORDER_SOON_US 20000LL /* while there is more to do */
/* Telemetry: no longer than this after the first of a group, unless the flash budget is running out. */
#define RECORDER_GROUP_WAIT_US 5000
#define RECORDER_GROUP_MAX_US  10000000LL
#define RECORDER_DISK_FULL     "the disk is full: alarms are written in the room kept for them, the oldest telemetry goes"

/* From the tail to the disk, in several steps. */
struct tail_move {
    uint64_t upto;
    uint64_t next;  /* to be looked at */
    uint64_t bytes; /* of it, about */
    bool thinned;
    size_t thin_index; /* struct journal_moving */
    unsigned share;
    uint64_t keep_from;
};

struct recorder {
    struct recorder_setup setup;
    struct bell *sender_bells[SITE_CENTRES_MAX];
    struct journal *journal; /* in use: the disk's, or the spare */
    struct journal *disk;
    struct journal *spare; /* NULL: not needed */
    struct group spare_group;
    bool spare_left; /* by an earlier process */
    bool in_memory_to_say;
    int64_t disk_due_mono_us;
    char disk_trouble[160];
    struct now now;
    struct {
        struct group group;
        struct held_news held;
        int64_t retry_mono_us;  /* not before then: opening, or writing a group that failed */
        uint32_t failures;      /* in a row */
        bool busy;              /* … because another process has the journal */
        int64_t failed_mono_us; /* the first of them, and why */
        char failed_why[160];
        int64_t silent_us; /* it works again after that long, and no event says so yet; 0 none */
        bool written_new;  /* records were committed that the senders do not know of */
        bool renew;        /* its file was begun anew while running: what is known has to be put again */
    } lanes[LANE_COUNT];

    /* start */
    enum restore restore;
    struct journal_state restore_at; /* the last one taken; subject NULL: none yet */
    struct inbox restore_item;       /* waits for room in the judge's ring */
    bool restore_item_waits;
    bool judge_told_to_begin;  /* INBOX_RESTORED was sent, with states or without */
    uint64_t *occurrence_base; /* per rule: what the journal had at start */
    bool *hushed; /* per subject: alarms of it changed without a record, and the senders do not know of it */
    bool any_hushed;
    struct kept_states kept;
    bool started; /* boot event recorded, registries compared: senders may begin */
    bool finished;

    /* flash */
    struct thrift thrift;
    int64_t group_wait_us; /* telemetry waits for company at most that long; 0 before the first step */
    bool saving;           /* it is used up: telemetry goes into the tail */
    struct {
        bool known;             /* the purse of the process before was looked at */
        uint64_t stored;        /* as the disk has it … */
        uint64_t put;           /* … or will, when the transaction goes through */
        int64_t stopped_utc_ms; /* since then it was not filled, because the clock is not set; 0: it was */
        int64_t loaded_mono_us;
    } purse;
    struct {
        bool off;   /* there is no such memory, or it failed: not in this process */
        bool hurry; /* it is full */
        int64_t due_mono_us;
        enum { TAIL_RESTS, TAIL_LOOKS, TAIL_MOVES } doing;
        struct tail_move move;
        size_t bucket;    /* the coarseness of the next move */
        struct thin thin; /* touched only while it is thinned */
    } tail;

    /* cursors */
    struct cursor_kept cursors[SITE_CENTRES_MAX][LANE_COUNT];
    int64_t cursors_due_mono_us; /* CLOCK_NEVER: nothing to store */

    /* what the senders found of their centres, on its way to the judge */
    struct centre_state centres[SITE_CENTRES_MAX];
    bool centre_waits[SITE_CENTRES_MAX]; /* for room in the judge's ring; a newer word takes its place */

    /* keeping house */
    bool gaps_may_wait; /* undeclared ones */
    bool evicting;
    int64_t house_due_mono_us;
    struct thin thin;
    uint64_t thin_next[RECORDER_AGES]; /* telemetry below is as coarse as its age allows */
    int64_t salvage_due_mono_us[LANE_COUNT];
    int64_t reserve_due_mono_us;
    bool tight;        /* the disk is full: the reserve is in use */
    bool tight_to_say; /* … and no event says so yet */
    uint64_t journal_size;
    uint64_t records_since_house;
    uint64_t commits;
    uint64_t news_taken; /* of the judge's, from its ring */
    uint64_t dropped;
    struct board_journal shown;
    char logged_trouble[160];
};

/* recorder.c */
MUST_CHECK enum err recorder_write(struct recorder *recorder, enum lane lane);
uint64_t recorder_next_number(const struct recorder *recorder, enum lane lane);
void recorder_stamp(const struct recorder *recorder, enum lane lane, int64_t at_utc_ms, bool synced,
                    struct payload_stamp *ret_stamp);
uint64_t recorder_delivered(const struct recorder *recorder, enum lane lane); /* up to here every centre has it */

void recorder_failed(struct recorder *recorder, enum lane lane); /* waits before the next try */
bool recorder_lane_ready(const struct recorder *recorder, enum lane lane);

/* recorder_news.c: into the lane's group */
/* False: the group has no room for it. The record and the state it led to never part. */
bool recorder_add_news(struct recorder *recorder, enum lane lane, struct news *news);
/* These write the group first when it has no room. */
void recorder_put_event(struct recorder *recorder, enum notice notice, const char *detail, int64_t at_utc_ms,
                        bool synced);
/* Event `journal`: what happened to it, and why (left out where it is too long). */
void recorder_put_journal_event(struct recorder *recorder, const char *what, const char *why);
void recorder_put_gap_event(struct recorder *recorder, const struct journal_gap *gap, const char *centre,
                            unsigned reason); /* centre NULL: for all */
/* Notes the time, so that a group is not kept for longer than it may. */
void recorder_stamp_group(struct recorder *recorder, enum lane lane);
/* As the journal has it, by name. */
void recorder_state(const struct recorder *recorder, const struct stored *stored, struct journal_state *ret_state);

/* recorder_acks.c */
void recorder_take_acks(struct recorder *recorder);
void recorder_tell_centres(struct recorder *recorder); /* to the judge, what its ring had no room for before */
void recorder_load_cursors(struct recorder *recorder, enum lane lane);
void recorder_store_cursors(struct recorder *recorder); /* when they have waited long enough */
MUST_CHECK enum err recorder_put_cursors(struct recorder *recorder, enum lane lane, enum lane into);
void recorder_cursors_stored(struct recorder *recorder, enum lane lane); /* the transaction went through */

/* recorder_house.c */
void recorder_keep_house(struct recorder *recorder);
int64_t recorder_house_due_mono_us(const struct recorder *recorder);
/* On a full disk: true when something was given up, so that another try may succeed. */
bool recorder_make_room(struct recorder *recorder, enum lane lane);
/* A transaction went through: were there failures before? */
void recorder_works_again(struct recorder *recorder, enum lane lane);

/* recorder_spare.c */
void recorder_look_at_disk(struct recorder *recorder); /* to memory, or back to the disk */
void recorder_say_memory(struct recorder *recorder);

/* recorder_tail.c */
/* Takes what was written out of the purse; begins to save when it is used up. */
void recorder_keep_budget(struct recorder *recorder);
enum lane recorder_into(const struct recorder *recorder, enum lane lane);
/* The numbers of the group that is to be written into the tail. */
MUST_CHECK enum err recorder_reserve(struct recorder *recorder);
void recorder_tail_failed(struct recorder *recorder, enum err err); /* it could not be read or written */
void recorder_tail_soon(struct recorder *recorder); /* there is something in it that should be declared */
void recorder_tend_tail(struct recorder *recorder); /* one step; when the recorder is finished, all of them */
int64_t recorder_tail_due_mono_us(const struct recorder *recorder);

/* recorder_purse.c */
void recorder_load_purse(struct recorder *recorder); /* once lane t is open */
void recorder_fill_purse(struct recorder *recorder); /* for the time between the processes, once the clock is set */
/* Into the open transaction of lane t, when it has changed enough; and that it went through. */
MUST_CHECK enum err recorder_put_purse(struct recorder *recorder);
void recorder_purse_stored(struct recorder *recorder);
void recorder_leave_purse(struct recorder *recorder); /* the process ends orderly */

/* recorder_states.c */
MUST_CHECK enum err recorder_open_states(struct recorder *recorder);
void recorder_close_states(struct recorder *recorder);
void recorder_keep_state(struct recorder *recorder, const struct stored *stored);
/* Into a file that was begun anew while running: all that is known. False: not written, try again. */
bool recorder_renew(struct recorder *recorder, enum lane lane);

/* recorder_start.c: one turn of handing the stored states to the judge and of what follows; called until RESTORE_DONE. */
void recorder_restore(struct recorder *recorder);
/* Into the judge's inbox; false: it is full. */
bool recorder_push_item(struct recorder *recorder, const struct inbox *item);
/* The journal cannot be opened: the judge begins without. */
void recorder_begin_without(struct recorder *recorder);
/* Compares what is to be published of each device with what was; what differs gets a new revision. */
MUST_CHECK enum err recorder_compare_registries(struct recorder *recorder);

#endif
