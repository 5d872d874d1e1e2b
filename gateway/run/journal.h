/* journal: what survives a restart. Two SQLite files in one directory, one writer (the recorder), any number of readers
 * (the senders, each with its own read-only connection). The format is described on top of journal.c.
 *
 * Lane a (alarms.db) holds alarms, events, the stored states, and what the journal knows about itself; lane t
 * (telemetry.db) holds telemetry. Each file fails alone: while one cannot be written the other goes on.
 *
 * A record's number is its row number: strictly +1 per lane, over restarts too. A number exists exactly when its row is
 * committed or a gap row that covers it is; numbers of the tail exist when its row is committed there, and are reserved on the
 * disk before.
 *
 * Every function blocks for the disk unless it says otherwise. A journal and a reader each belong to one thread. */
#ifndef OUTPOST_RUN_JOURNAL_H
#define OUTPOST_RUN_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/model/alarm_state.h"
#include "gateway/model/order.h"
#include "gateway/model/site.h"

/* SQLite's, at run time: "3.40.1". Does not block. */
struct text;
void journal_library_version(struct text *to);

/* LANE_TAIL: lane t's newest part, in memory (journal_tail.c); no lane of its own. */
enum lane { LANE_A, LANE_T, LANE_COUNT, LANE_TAIL = LANE_COUNT };

static inline char lane_letter(enum lane lane)
{
    return lane == LANE_A ? 'a' : 't';
}

#define JOURNAL_STREAM_SIZE  17                 /* 8 hex digits today; the board has room for 16 */
#define JOURNAL_TOPIC_MAX    (SITE_ID_MAX + 16) /* below {prefix}/{gw}: "telemetry/gas-kitchen" */
#define JOURNAL_RANGES_MAX   8
#define JOURNAL_SALVAGE_SKIP 10000 /* numbers left out after a file was lost: more than could be unknown */
#define JOURNAL_NOTE_EVERY   4096  /* numbers after which one file's high-water mark is noted in the other */

struct journal_record {
    uint64_t seq;
    int64_t at_utc_ms;
    const char *topic; /* below {prefix}/{gw} */
    const void *payload;
    size_t payload_size;
};

struct journal_state { /* of one rule, interlock or hold; by name, so that it survives a changed site file */
    enum stored_kind kind;
    const char *subject; /* subject, interlock or device id */
    const char *name;    /* rule: alarm id; else "" */
    uint8_t sub;         /* hold: which */
    uint8_t state;
    uint16_t flags; /* STORED_* */
    uint8_t quality;
    bool has_value;
    uint64_t occurrence; /* absolute */
    int64_t since_utc_ms;
    int64_t pending_mono_ms;
    double value;
    const char *cls;
    const char *priority;
    int64_t until_mono_ms; /* struct stored */
    int64_t until_utc_ms;
    uint8_t told;
    uint32_t count;
    uint32_t cleared_ms;
    int64_t active_mono_ms[STORED_ACTIVATIONS];
};

#define JOURNAL_ORDERS_MAX 1024 /* the newest are kept */

struct journal_order { /* of a centre, by the id that it gave */
    const char *centre;
    char id[ORDER_ID_MAX + 1];
    int64_t at_utc_ms; /* when it came */
    bool answered;     /* the rest is valid */
    char code[24];     /* "" done */
    char why[ANSWER_WHY_MAX + 1];
    char detail[96]; /* members of the reply, as for payload_reply */
};

struct journal_cursor {
    uint64_t lw; /* every number up to here is settled */
    size_t range_count;
    uint64_t ranges[JOURNAL_RANGES_MAX][2]; /* settled islands above: first, last */
};

struct journal_gap {
    uint64_t id; /* given by journal_put_gap */
    enum lane of;
    uint64_t first;
    uint64_t last;
    char why[16]; /* a word of wire.md: size, ring, salvage … */
};

/* --- the writer --- */

struct journal;

struct journal_setup {
    const char *dir;             /* made when missing, mode 0750 */
    uint64_t size_max;           /* of both files */
    const char *machine_id;      /* NULL: /etc/machine-id. Another machine means a new stream */
    const char *machine_boot_id; /* NULL: the kernel's. Stored monotonic times mean nothing under another one */
};

/* Memory only; opens nothing. */
MUST_CHECK enum err journal_make(struct journal **ret_journal, const struct journal_setup *setup);
/* Closes both files, marked as stopped cleanly; accepts NULL. */
void journal_destroy(struct journal *journal);

/* Takes the directory for this process until journal_destroy; journal_open does it where nobody did. ERR_BUSY: another process
 * has it (journal_holder). ERR_IO: the directory is not there, or cannot be written. */
MUST_CHECK enum err journal_lock(struct journal *journal);
/* The number of the process that has it, as it noted it; 0: not noted. */
long journal_holder(const char *dir);

/* Opens one file if it is not open: creates it, sets a damaged one aside and begins a fresh one. Lane a must be open
 * before lane t. ERR_BUSY: another process has this journal. Every other error is worth trying again later. */
MUST_CHECK enum err journal_open(struct journal *journal, enum lane lane);
bool journal_is_open(const struct journal *journal, enum lane lane);

/* Valid once lane a was open. */
const char *journal_stream(const struct journal *journal);
uint32_t journal_boot(const struct journal *journal); /* number of starts, this one included */
/* Occurrences of a rule without a stored state go on from here (a lost alarms.db must not repeat a uid). */
uint64_t journal_occurrence_floor(const struct journal *journal);

/* The newest committed (or burned) number, of lane t also in the tail; the next record gets the one after it. Does not block. */
uint64_t journal_last(const struct journal *journal, enum lane lane);

/* Why it does not work, or what was found at opening, for a person; "" when all is well. Does not block. */
const char *journal_trouble(const struct journal *journal);
/* What happened at opening and should be recorded as an event: the sentence, once, then "". Returns the word of the event's
 * `what`: "set_aside" a damaged file, "changed" records. */
const char *journal_take_incident(struct journal *journal, char *ret_text, size_t text_size);

/* One transaction at a time and lane: begin, puts, commit. After any error the transaction is gone; when the error was of
 * the disk or of the file the lane is closed too and has to be opened again: then compare journal_last with what was to
 * be written, because a commit that reported an error may have reached the disk whole. */
MUST_CHECK enum err journal_begin(struct journal *journal, enum lane lane);
MUST_CHECK enum err journal_commit(struct journal *journal, enum lane lane);
MUST_CHECK enum err journal_put_record(struct journal *journal, enum lane lane, const struct journal_record *record);
/* Burns the numbers journal_last+1 .. gap.last (they were never records) or declares deleted ones. */
MUST_CHECK enum err journal_put_gap(struct journal *journal, enum lane lane, const struct journal_gap *gap);
MUST_CHECK enum err journal_put_cursor(struct journal *journal, enum lane lane, const char *centre,
                                       const struct journal_cursor *cursor);
/* These live in lane a. */
MUST_CHECK enum err journal_put_state(struct journal *journal, const struct journal_state *state);
/* An order that came (nothing when it is there already; the oldest goes for it), or its answer. */
MUST_CHECK enum err journal_put_order(struct journal *journal, const struct journal_order *order);
MUST_CHECK enum err journal_put_gap_declared(struct journal *journal, enum lane lane, uint64_t gap_id);
MUST_CHECK enum err journal_put_registry(struct journal *journal, const char *dev, uint32_t rev, const char *sha256);
MUST_CHECK enum err journal_put_registry_acked(struct journal *journal, const char *centre, const char *dev,
                                               const char *sha256);

/* Stored states one after the other, by key: the one after (kind, subject, name, sub) of *state, from the first when
 * state->subject is NULL. Strings live until the next call. ERR_EMPTY: that was all. */
MUST_CHECK enum err journal_next_state(struct journal *journal, struct journal_state *state);
/* ERR_OK: this centre's order of that id is there; ERR_NOT_FOUND. */
MUST_CHECK enum err journal_find_order(struct journal *journal, const char *centre, const char *id);
/* The oldest gap of that file that no event declares yet. ERR_EMPTY: none. */
MUST_CHECK enum err journal_next_gap(struct journal *journal, enum lane lane, struct journal_gap *ret_gap);
/* ERR_NOT_FOUND: this centre is new; it begins with the oldest record that is kept. */
MUST_CHECK enum err journal_get_cursor(struct journal *journal, enum lane lane, const char *centre,
                                       struct journal_cursor *ret_cursor);
/* ERR_NOT_FOUND: never published. */
MUST_CHECK enum err journal_get_registry(struct journal *journal, const char *dev, uint32_t *ret_rev,
                                         char ret_sha256[static 65]);
/* Devices by name: the one after `dev` ("" the first); ERR_EMPTY: that was all. `ret_dev` may be `dev`. */
MUST_CHECK enum err journal_next_registry(struct journal *journal, const char *dev,
                                          char ret_dev[static SITE_ID_MAX + 1], bool *ret_gone);

/* Bytes handed to the disk since this was asked last: what the logs took, and three quarters of that for folding them back
 * (measured: a quarter with single records, all of it with full groups). Does not block. */
uint64_t journal_take_written(struct journal *journal);

/* The purse of the flash budget (core/thrift.h), which outlives the process: a row in meta of telemetry.db. */
struct journal_purse {
    uint64_t saved;
    int64_t utc_ms;  /* when; 0: the clock was not set */
    int64_t mono_ms; /* likewise, by the monotonic clock; got: 0 when the machine was started anew since */
    bool is_exact;   /* got: the process ended orderly, so nothing was spent since */
};
/* Into the open transaction of lane t. */
MUST_CHECK enum err journal_put_purse(struct journal *journal, const struct journal_purse *purse);
/* As it was before this process. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err journal_get_purse(struct journal *journal, struct journal_purse *ret_purse);

/* Bytes in use (free pages of the files do not count). */
MUST_CHECK enum err journal_size(struct journal *journal, enum lane lane, uint64_t *ret_size);

/* Both delete at most `count` of the oldest records in a transaction of their own, and never the newest record.
 * journal_evict (telemetry, whoever has not got it yet) writes the gap in the same transaction, joined to the last one
 * while no event declares that. journal_expire deletes what every centre has (up to `lw`) and is older than `before`. */
MUST_CHECK enum err journal_evict(struct journal *journal, unsigned count, uint64_t *ret_evicted);
MUST_CHECK enum err journal_expire(struct journal *journal, enum lane lane, uint64_t lw, int64_t before_utc_ms,
                                   unsigned count, uint64_t *ret_expired);

/* After a damaged file was replaced by a fresh one: brings back about `count` of its records, or everything that is left is
 * declared (`give_up`: the room is needed). ERR_EMPTY: there is nothing to bring back. */
struct journal_salvaged {
    bool done;
    bool forbidden; /* it may not be read by this user: nothing was done, and nothing is lost yet */
    uint64_t back;  /* records, since the opening */
    uint64_t lost;  /* numbers that were declared */
};
bool journal_is_salvaging(const struct journal *journal, enum lane lane);
MUST_CHECK enum err journal_salvage(struct journal *journal, enum lane lane, unsigned count, bool give_up,
                                    struct journal_salvaged *ret_salvaged);

/* The reserve: a file that does nothing but hold room, deleted when the disk is full so that alarms and gaps can still be
 * written. keep: makes it when the disk has room to spare, lets telemetry grow again; true when it is there. give: deletes
 * it, and the telemetry file may not grow any more; false: it was not there. */
bool journal_keep_reserve(struct journal *journal);
bool journal_give_reserve(struct journal *journal);
/* Deletes damaged files that were salvaged; false: there were none. */
bool journal_drop_aside(struct journal *journal);

/* The spare: lane a in memory (a directory of /dev/shm, 8 MiB), for a disk that cannot be written. Readers find it by
 * themselves. `journal` need not be open. Its numbers begin far above those of the journal; until the disk is back they have
 * a hole before them that is not settled (journal_reader_salvaging). One that an earlier process left is gone on with.
 * ERR_PERMISSION: there is no such memory. ERR_NOT_FOUND: the disk was never read, so nobody knows which stream it has. */
MUST_CHECK enum err journal_open_spare(struct journal **ret_spare, struct journal *journal);
bool journal_has_spare(const struct journal *journal); /* an earlier process left one */
/* The disk is back: some of its records into the journal. ERR_BUSY: there are more. ERR_ARGUMENT: it is of another stream and
 * cannot be taken. */
MUST_CHECK enum err journal_take_spare(struct journal *journal, struct journal *spare);
void journal_remove_spare(struct journal *spare);

/* The tail: the newest part of lane t in memory (beside the spare, 12 MiB and a log of 1 MiB), for when writing each record would
 * wear the disk out. begin, put_record, put_gap, put_cursor and commit take LANE_TAIL once it is open; readers find it by
 * themselves, behind the disk's rows. What a killed process left is gone on with by journal_open(LANE_T); what is lost with the
 * power is declared there (gap "reserved"). */
/* Numbers of the lane up to `upto` may be given in the tail; opens it. ERR_PERMISSION: there is no such memory. */
MUST_CHECK enum err journal_reserve(struct journal *journal, uint64_t upto);
uint64_t journal_reserved(const struct journal *journal);   /* does not block; nor do these two */
uint64_t journal_tail_count(const struct journal *journal); /* numbers that are not on the disk */
uint64_t journal_tail_bytes(const struct journal *journal); /* of their records */

/* Hands at most `count` records of the tail, from number `from` up to `upto`, to thin_add (core/thin.h). */
struct thin;
MUST_CHECK enum err journal_look_at_tail(struct journal *journal, uint64_t from, uint64_t upto, unsigned count,
                                         struct thin *thin, uint64_t *ret_next);

/* Moves the oldest records of the tail to the disk, in one transaction with the cursors: JOURNAL_MOVE_KEPT of them, or as many as
 * that takes, up to `upto`. Of what is left out, numbers that not every centre has are declared (gap "thin"). */
#define JOURNAL_MOVE_KEPT   400
#define JOURNAL_MOVE_LOOKED 4000
struct journal_moving {
    uint64_t upto;
    struct thin *thin; /* what is kept; NULL: all. The next record to be moved is its number `thin_index` */
    size_t thin_index;
    unsigned share;     /* … and of that so much, in 1024 */
    uint64_t keep_from; /* from here on all is kept */
    uint64_t delivered; /* up to here every centre has it */
    uint64_t reserve;   /* the new limit of reserved numbers; 0: the tail is left, none */
};
struct journal_moved {
    size_t looked_at;
    size_t kept;
    uint64_t declared; /* records that are gone and that not every centre had */
};
MUST_CHECK enum err journal_move_tail(struct journal *journal, const struct journal_moving *how,
                                      struct journal_moved *ret_moved);
/* The tail cannot be written: it is given up, and all its numbers are declared (gap "reserved"). */
MUST_CHECK enum err journal_lose_tail(struct journal *journal);

/* The directory of spare and tail of a journal in `dir`; it need not exist. */
#define JOURNAL_MEMORY_DIR_SIZE 64
void journal_memory_dir(const char *dir, char ret_dir[static JOURNAL_MEMORY_DIR_SIZE]);

/* True once after the lane's file was begun anew: states, cursors and registries that are known have to be put again. */
bool journal_take_renewed(struct journal *journal, enum lane lane);

/* Deletes of telemetry what core/thin.h can do without, in a transaction of its own: of at most 400 records from
 * number `from` on, made before `before`. The gap ("thin") covers all numbers between the first and the last that went. */
struct journal_thinning {
    uint64_t from;
    int64_t before_utc_ms;
    int64_t bucket_ms;
};
struct journal_thinned {
    uint64_t next; /* where the next call goes on */
    size_t looked_at;
    uint64_t gone;
};
MUST_CHECK enum err journal_thin(struct journal *journal, const struct journal_thinning *how, struct thin *thin,
                                 struct journal_thinned *ret_thinned);

/* Notes, in the other file, how far this lane has got and up to where every centre has it, when that is due: what a
 * fresh file goes on from when this one is lost. */
MUST_CHECK enum err journal_note(struct journal *journal, enum lane lane, uint64_t lw, bool always);

/* --- a reader --- */

struct journal_reader;

struct journal_row {
    uint64_t seq;
    int64_t at_utc_ms;
    const char *topic; /* these two live until the next call for this lane */
    const char *payload;
    size_t payload_size;
};

struct journal_facts {
    char stream[JOURNAL_STREAM_SIZE];
    uint32_t boot;
};

/* ERR_NOT_FOUND: not there yet. */
MUST_CHECK enum err journal_reader_open(struct journal_reader **ret_reader, const char *dir);
void journal_reader_close(struct journal_reader *reader); /* accepts NULL */
/* True when a file was set aside since: close and open again. Costs three stat(2); while a file is salvaged a read more. */
bool journal_reader_outdated(struct journal_reader *reader);

MUST_CHECK enum err journal_reader_facts(struct journal_reader *reader, struct journal_facts *ret_facts);
MUST_CHECK enum err journal_reader_cursor(struct journal_reader *reader, enum lane lane, const char *centre,
                                          struct journal_cursor *ret_cursor);
/* The newest number; ERR_NOT_FOUND when the lane's file is not there. */
MUST_CHECK enum err journal_reader_last(struct journal_reader *reader, enum lane lane, uint64_t *ret_last);
/* The oldest of the newest `count_max` numbers that was made at or after `since`: where live begins. */
MUST_CHECK enum err journal_reader_since(struct journal_reader *reader, int64_t since_utc_ms, uint64_t count_max,
                                         uint64_t *ret_first);

/* Records of a lane from a number on, ascending: seek, next until ERR_EMPTY or enough, rest (always). */
MUST_CHECK enum err journal_reader_seek(struct journal_reader *reader, enum lane lane, uint64_t from);
MUST_CHECK enum err journal_reader_next(struct journal_reader *reader, enum lane lane, struct journal_row *ret_row);
void journal_reader_rest(struct journal_reader *reader, enum lane lane);
/* Instead of seek: rows with number and payload only (topic "", no time), for two thirds of the cost. */
MUST_CHECK enum err journal_reader_seek_payloads(struct journal_reader *reader, enum lane lane, uint64_t from);

/* Records of a lane below a number, descending: seek_back, next_back until ERR_EMPTY or enough, rest_back (always). */
MUST_CHECK enum err journal_reader_seek_back(struct journal_reader *reader, enum lane lane, uint64_t below);
MUST_CHECK enum err journal_reader_next_back(struct journal_reader *reader, enum lane lane,
                                             struct journal_row *ret_row);
void journal_reader_rest_back(struct journal_reader *reader, enum lane lane);

/* The oldest number that is kept; one beyond the newest when none is. */
MUST_CHECK enum err journal_reader_oldest(struct journal_reader *reader, enum lane lane, uint64_t *ret_oldest);

/* Numbers that may still come back out of a damaged file (journal_salvage): a hole between them is neither delivered nor
 * declared yet. False: there are none. As of the last journal_reader_outdated; does not block. */
bool journal_reader_salvaging(const struct journal_reader *reader, enum lane lane, uint64_t *ret_first,
                              uint64_t *ret_last);

/* One snapshot of a lane for several reads, which are cheaper inside it; always ended, and soon. */
MUST_CHECK enum err journal_reader_begin(struct journal_reader *reader, enum lane lane);
void journal_reader_end(struct journal_reader *reader, enum lane lane);

/* The alarms of a subject that are not NORM; as seek, next, rest above. */
MUST_CHECK enum err journal_reader_seek_states(struct journal_reader *reader, const char *subject);
MUST_CHECK enum err journal_reader_next_state(struct journal_reader *reader, struct journal_state *ret_state);
void journal_reader_rest_states(struct journal_reader *reader);

/* ERR_NOT_FOUND: no such order of this centre has come. */
MUST_CHECK enum err journal_reader_order(struct journal_reader *reader, const char *centre, const char *id,
                                         struct journal_order *ret_order);

struct journal_registry {
    char dev[SITE_ID_MAX + 1];
    uint32_t rev;
    char sha256[65]; /* "": the device is gone, and its retained messages are to be emptied */
    char acked[65];  /* what this centre has acknowledged; "" nothing, or that it was emptied */
};

/* The first device after `dev` whose registry this centre has not acknowledged; `every`: the first after it at all.
 * `dev` may be in *ret_registry. ERR_EMPTY: that was all. */
MUST_CHECK enum err journal_reader_next_registry(struct journal_reader *reader, const char *centre, const char *dev,
                                                 bool every, struct journal_registry *ret_registry);

#endif
