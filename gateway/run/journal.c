/* The journal on disk, format 5 (`PRAGMA user_version`).
 *
 * Two SQLite 3 databases in journal.dir, WAL, synchronous=FULL, page_size 4096. `lock` beside them is held with flock(2)
 * by the one process that writes. Times are UTC milliseconds, numbers of records start at 1.
 *
 * Both files:
 *   record(seq INTEGER PRIMARY KEY, at, topic, payload, sum)
 *       One row a record; `topic` is the part below {prefix}/{gw}, `payload` the bytes as they are published, `sum` a checksum
 *       of the four before it (journal_sum; NULL: written by format 1). A row is never changed. The newest row is never
 *       deleted, so max(seq) is the high-water mark without a row of its own: a plain rowid table without index costs one leaf
 *       page a commit (5.2 kB; AUTOINCREMENT or an index 9.4 kB, measured).
 *   gap(id INTEGER PRIMARY KEY, first, last, why)
 *       Numbers of this lane that no row holds any more, or never did. Written in the transaction that drops them; declared
 *       by an event in lane a afterwards (meta gap_declared_a, gap_declared_t in alarms.db: the id up to which that is
 *       done, in the same transaction as the event). So each gap is declared exactly once, whenever the power goes.
 *       A number that is neither in `record` nor in `gap` and below the newest one was delivered to every centre.
 *   cursor(centre, lw, ranges)
 *       What each centre has of this lane: up to `lw` all, above it `ranges` ("first-last first-last …").
 *   meta(key, value)
 *       stream    random id, 8 hex digits, written once; the same in both files
 *       machine   /etc/machine-id of the machine that wrote it: on another one the stream changes, numbers go on
 *       boot      number of starts
 *       clean     1: closed properly; 0: in use, or the power went: the next opening checks the file
 *       first     the number this file began with (1, or after a lost file a higher one)
 *       salvage, salvage_first, salvage_last, salvage_next   while a damaged file is salvaged: its name; numbers from `first` to
 *                 `last` come back or are declared; down to `next` that is done. Gone when it is finished
 *       note_X_high, note_X_lw   (in the file of the *other* lane) how far lane X had got, noted at least each 4096 numbers
 *       purse     (telemetry.db) what the flash budget had left: bytes, UTC, monotonic milliseconds, the kernel's boot id
 *       reserved, tail   (telemetry.db) numbers up to `reserved` may have been given to records that are in memory only, in the
 *                 tail whose meta has the same token. Written with FULL before the first of them is given. Found by a start
 *                 without that tail, they are declared (gap, why "reserved") and never given again
 *   alarms.db also: machine_boot (kernel's boot id), occurrence_floor, gap_declared_a, gap_declared_t.
 *
 * alarms.db also:
 *   state(kind, subject, name, sub, state, flags, occurrence, quality, has_value, since, pending, value, cls, priority,
 *         until_mono, until_utc, told, count, cleared, active, active_before)
 *       By name: ("rule", device, alarm), ("interlock", id), ("hold", device, "", which), ("drill", device),
 *       ("due", subject, alarm of the last stage), ("cylinder", device). `state` is a word. A row is never deleted, so
 *       occurrence numbers go on when a rule is taken out of the site file and put back. Times `_mono`, `pending`, `active` and
 *       `active_before` (the last two activations) are of the machine's clock since boot, 0 none: a start after a reboot marks
 *       the row in `flags`. `cleared` is a span: so much of the off-delay had run.
 *   ordered(n, centre, id, at, code, why, detail)
 *       The newest orders of the centres; `code` NULL: not answered (yet), "" done.
 *   registry(dev, rev, sha256), registry_acked(centre, dev, sha256)
 *       sha256 "" = the device is gone.
 *
 * Beside them:
 *   NAME.corrupt-BOOT    a damaged or unreadable file. A fresh one was begun at once, whose numbers go on from the note in the
 *                 other file + 10,000. What can be read comes back under its own numbers (journal_salvage.c), the rest is
 *                 declared (gap, why "salvage"); then it is
 *   NAME.salvaged-BOOT   which may be deleted, and is when the disk is needed
 *   reserve       room for the next transactions of a full disk, nothing else (journal_room.c)
 *   /dev/shm/outpost-HASH/alarms.db   lane a while the disk cannot be written (journal_spare.c)
 *   /dev/shm/outpost-HASH/telemetry.db   the tail: the newest part of lane t while the flash budget is used up; record, gap and
 *                 cursor as above, all numbers above those of the disk (journal_tail.c)
 *
 * What may never change: the meaning of seq, of gap and of a record's bytes. A newer format gets the next user_version and
 * a row in `migrations` (journal_fresh.c), which is run in the transaction of the opening; a file that is newer than the
 * program is refused and left as it is: alarms run, and are sent from memory. */
#include "gateway/run/journal.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_private.h"

/* --- transactions --- */

enum err journal_begin(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    if (file->db == NULL)
        return ERR_CLOSED;
    CHECK(!file->in_transaction);
    enum err err = journal_run(journal, lane, SQL_BEGIN, "begin to write");
    if (err != ERR_OK)
        return err;
    file->in_transaction = true;
    file->uncommitted_last = file->last;
    journal->tail.uncommitted = 0;
    memcpy(journal->uncommitted_declared, journal->gap_declared, sizeof journal->gap_declared);
    return ERR_OK;
}

enum err journal_commit(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    CHECK(file->in_transaction);
    enum err err = journal_run(journal, lane, SQL_COMMIT, "write");
    if (err != ERR_OK)
        return err;
    file->in_transaction = false;
    file->last = file->uncommitted_last;
    if (lane == LANE_A)
        memcpy(journal->gap_declared, journal->uncommitted_declared, sizeof journal->gap_declared);
    if (lane == LANE_TAIL)
        journal->tail.bytes += journal->tail.uncommitted;
    file->trouble[0] = '\0';
    return ERR_OK;
}

static enum err put_record(struct journal *journal, enum lane lane, enum journal_sql sql,
                           const struct journal_record *record)
{
    sqlite3_stmt *put = journal_statement(journal, lane, sql);
    journal_bind_number(put, 1, record->seq);
    (void)sqlite3_bind_int64(put, 2, record->at_utc_ms);
    journal_bind_text(put, 3, record->topic);
    (void)sqlite3_bind_blob64(put, 4, record->payload, record->payload_size, SQLITE_STATIC);
    journal_bind_number(put, 5, journal_sum(record));
    return journal_run(journal, lane, sql, "write a record");
}

enum err journal_put_record(struct journal *journal, enum lane lane, const struct journal_record *record)
{
    struct journal_file *file = &journal->files[lane];
    CHECK(file->in_transaction && record->seq == file->uncommitted_last + 1);
    enum err err = put_record(journal, lane, SQL_PUT_RECORD, record);
    if (err == ERR_OK)
        file->uncommitted_last = record->seq;
    if (err == ERR_OK && lane == LANE_TAIL)
        journal->tail.uncommitted += record->payload_size;
    return err;
}

enum err journal_put_moved_record(struct journal *journal, const struct journal_record *record)
{
    struct journal_file *file = &journal->files[LANE_T];
    CHECK(file->in_transaction && record->seq > file->uncommitted_last);
    file->uncommitted_last = record->seq;
    return put_record(journal, LANE_T, SQL_PUT_RECORD, record);
}

enum err journal_put_old_record(struct journal *journal, enum lane lane, const struct journal_record *record)
{
    CHECK(journal->files[lane].in_transaction && record->seq <= journal->files[lane].last);
    return put_record(journal, lane, SQL_PUT_OLD_RECORD, record);
}

enum err journal_put_gap(struct journal *journal, enum lane lane, const struct journal_gap *gap)
{
    struct journal_file *file = &journal->files[lane];
    CHECK(file->in_transaction && gap->first <= gap->last);
    sqlite3_stmt *put = journal_statement(journal, lane, SQL_PUT_GAP);
    journal_bind_number(put, 1, journal->gap_declared[lane]);
    journal_bind_number(put, 2, gap->first);
    journal_bind_number(put, 3, gap->last);
    journal_bind_text(put, 4, gap->why);
    enum err err = journal_run(journal, lane, SQL_PUT_GAP, "write a gap");
    if (err == ERR_OK && gap->last > file->uncommitted_last)
        file->uncommitted_last = gap->last;
    return err;
}

enum err journal_put_cursor(struct journal *journal, enum lane lane, const char *centre,
                            const struct journal_cursor *cursor)
{
    CHECK(journal->files[lane].in_transaction);
    char ranges[JOURNAL_RANGES_MAX * 42 + 1];
    struct text text;
    text_init(&text, ranges, sizeof ranges);
    for (size_t i = 0; i < cursor->range_count && i < JOURNAL_RANGES_MAX; i++)
        text_put_format(&text, "%s%" PRIu64 "-%" PRIu64, i > 0 ? " " : "", cursor->ranges[i][0], cursor->ranges[i][1]);
    sqlite3_stmt *put = journal_statement(journal, lane, SQL_PUT_CURSOR);
    journal_bind_text(put, 1, centre);
    journal_bind_number(put, 2, cursor->lw);
    journal_bind_text(put, 3, ranges);
    return journal_run(journal, lane, SQL_PUT_CURSOR, "write a cursor");
}

enum err journal_put_meta_number(struct journal *journal, enum lane lane, const char *key, uint64_t value)
{
    sqlite3_stmt *put = journal_statement(journal, lane, SQL_PUT_META);
    journal_bind_text(put, 1, key);
    journal_bind_number(put, 2, value);
    return journal_run(journal, lane, SQL_PUT_META, "write what it knows of itself");
}

enum err journal_put_gap_declared(struct journal *journal, enum lane lane, uint64_t gap_id)
{
    CHECK(journal->files[LANE_A].in_transaction);
    enum err err =
        journal_put_meta_number(journal, LANE_A, lane == LANE_A ? "gap_declared_a" : "gap_declared_t", gap_id);
    if (err == ERR_OK)
        journal->uncommitted_declared[lane] = gap_id;
    return err;
}

/* --- reading back --- */

enum err journal_next_gap(struct journal *journal, enum lane lane, struct journal_gap *ret_gap)
{
    if (!journal_is_open(journal, lane))
        return ERR_EMPTY;
    sqlite3_stmt *next = journal_statement(journal, lane, SQL_NEXT_GAP);
    journal_bind_number(next, 1, journal->gap_declared[lane]);
    enum err err = journal_query(journal, lane, SQL_NEXT_GAP, "read a gap");
    if (err != ERR_OK)
        return err;
    *ret_gap = (struct journal_gap){
        .id = journal_column_number(next, 0),
        .of = lane,
        .first = journal_column_number(next, 1),
        .last = journal_column_number(next, 2),
    };
    text_copy(ret_gap->why, sizeof ret_gap->why, journal_column_text(next, 3));
    (void)sqlite3_reset(next);
    return ERR_OK;
}

void journal_parse_ranges(const char *ranges, struct journal_cursor *cursor)
{
    while (*ranges != '\0' && cursor->range_count < JOURNAL_RANGES_MAX) {
        char *end;
        uint64_t const first = strtoull(ranges, &end, 10);
        if (*end != '-')
            return;
        uint64_t const last = strtoull(end + 1, &end, 10);
        if (first > last || last == UINT64_MAX)
            return;
        cursor->ranges[cursor->range_count][0] = first;
        cursor->ranges[cursor->range_count][1] = last;
        cursor->range_count++;
        ranges = *end == ' ' ? end + 1 : end;
    }
}

static enum err get_cursor(struct journal *journal, enum lane lane, const char *centre,
                           struct journal_cursor *ret_cursor)
{
    sqlite3_stmt *get = journal_statement(journal, lane, SQL_GET_CURSOR);
    journal_bind_text(get, 1, centre);
    enum err err = journal_query(journal, lane, SQL_GET_CURSOR, "read a cursor");
    if (err != ERR_OK)
        return err == ERR_EMPTY ? ERR_NOT_FOUND : err;
    *ret_cursor = (struct journal_cursor){.lw = journal_column_number(get, 0)};
    journal_parse_ranges(journal_column_text(get, 1), ret_cursor);
    (void)sqlite3_reset(get);
    return ERR_OK;
}

enum err journal_get_cursor(struct journal *journal, enum lane lane, const char *centre,
                            struct journal_cursor *ret_cursor)
{
    struct journal_cursor newer = {.lw = 0};
    if (!journal_is_open(journal, lane))
        return ERR_CLOSED;
    bool const in_tail = lane == LANE_T && journal_is_open(journal, LANE_TAIL) &&
                         get_cursor(journal, LANE_TAIL, centre, &newer) == ERR_OK;
    enum err const err = get_cursor(journal, lane, centre, ret_cursor);
    if (!in_tail || (err == ERR_OK && newer.lw < ret_cursor->lw))
        return err;
    *ret_cursor = newer;
    return ERR_OK;
}

/* --- the object --- */

bool journal_is_open(const struct journal *journal, enum lane lane)
{
    return journal->files[lane].db != NULL;
}

const char *journal_stream(const struct journal *journal)
{
    return journal->stream;
}

uint32_t journal_boot(const struct journal *journal)
{
    return journal->boot;
}

uint64_t journal_occurrence_floor(const struct journal *journal)
{
    return journal->occurrence_floor;
}

uint64_t journal_last(const struct journal *journal, enum lane lane)
{
    uint64_t const last = journal->files[lane].last;
    uint64_t const in_tail = lane == LANE_T ? journal->files[LANE_TAIL].last : 0;
    return in_tail > last ? in_tail : last;
}

const char *journal_trouble(const struct journal *journal)
{
    const struct journal_file *alarms = &journal->files[LANE_A];
    return alarms->trouble[0] != '\0' ? alarms->trouble : journal->files[LANE_T].trouble;
}

bool journal_take_renewed(struct journal *journal, enum lane lane)
{
    bool const renewed = journal->files[lane].renewed;
    journal->files[lane].renewed = false;
    return renewed;
}

const char *journal_take_incident(struct journal *journal, char *ret_text, size_t text_size)
{
    text_copy(ret_text, text_size, journal->incident);
    journal->incident[0] = '\0';
    return journal->incident_what;
}

void journal_destroy(struct journal *journal)
{
    if (journal == NULL)
        return;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        if (!journal_is_open(journal, lane))
            continue;
        enum err err = journal_note(journal, lane, journal->files[lane].lw, true);
        if (err == ERR_OK && journal_is_open(journal, lane)) {
            err = journal_begin(journal, lane);
            if (err == ERR_OK)
                err = journal_put_meta_number(journal, lane, "clean", 1);
            if (err == ERR_OK)
                err = journal_commit(journal, lane);
        }
    }
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        journal_close_lane(journal, lane);
    if (journal_is_open(journal, LANE_TAIL) && journal->tail.reserved == 0)
        journal_remove_tail(journal);
    journal_close_lane(journal, LANE_TAIL); /* what is in it is there at the next start */
    if (journal->lock_fd >= 0)
        (void)close(journal->lock_fd);
    free(journal);
}
