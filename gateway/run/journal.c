/* The journal on disk, format 4 (`PRAGMA user_version`).
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
 *       reserved, tail   (telemetry.db) numbers up to `reserved` may have been given to records that are in memory only, in the
 *                 tail whose meta has the same token. Written with FULL before the first of them is given. Found by a start
 *                 without that tail, they are declared (gap, why "reserved") and never given again
 *   alarms.db also: machine_boot (kernel's boot id), occurrence_floor, gap_declared_a, gap_declared_t.
 *
 * alarms.db also:
 *   state(kind, subject, name, sub, state, flags, occurrence, quality, has_value, since, pending, value, cls, priority,
 *         until_mono, until_utc, told, count)
 *       By name: ("rule", device, alarm), ("interlock", id), ("hold", device, "", which), ("drill", device),
 *       ("due", subject, alarm of the last stage), ("cylinder", device). `state` is a word. A row is never deleted, so
 *       occurrence numbers go on when a rule is taken out of the site file and put back.
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_private.h"

static const char *const statements[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_PUT_RECORD] = "INSERT INTO record(seq,at,topic,payload,sum) VALUES(?1,?2,?3,?4,?5)",
    [SQL_PUT_OLD_RECORD] = "INSERT OR IGNORE INTO record(seq,at,topic,payload,sum) VALUES(?1,?2,?3,?4,?5)",
    [SQL_PUT_GAP] = "INSERT INTO gap(id,first,last,why) "
                    "VALUES(1+max(ifnull((SELECT max(id) FROM gap),0),?1),?2,?3,?4)",
    [SQL_PUT_CURSOR] = "INSERT OR REPLACE INTO cursor(centre,lw,ranges) VALUES(?1,?2,?3)",
    [SQL_GET_CURSOR] = "SELECT lw,ranges FROM cursor WHERE centre=?1",
    [SQL_PUT_META] = "INSERT OR REPLACE INTO meta(key,value) VALUES(?1,?2)",
    [SQL_NEXT_GAP] = "SELECT id,first,last,why FROM gap WHERE id>?1 ORDER BY id LIMIT 1",
    [SQL_LAST_GAP] = "SELECT id,last FROM gap WHERE id=(SELECT max(id) FROM gap) AND id>?1 AND why=?2",
    [SQL_EXTEND_GAP] = "UPDATE gap SET last=?2 WHERE id=?1",
    [SQL_FORGET_GAPS] = "DELETE FROM gap WHERE id<=?1 AND id<(SELECT max(id) FROM gap)",
    [SQL_OLDEST] = "SELECT min(seq) FROM record",
    [SQL_NTH] = "SELECT max(seq),count(*) FROM (SELECT seq FROM record WHERE seq<?2 ORDER BY seq LIMIT ?1)",
    [SQL_SOME] = "SELECT seq,at,topic,payload FROM record WHERE seq>=?1 AND seq<?2 AND at<?3 ORDER BY seq",
    [SQL_DELETE_ONE] = "DELETE FROM record WHERE seq=?1",
    [SQL_DELETE_TO] = "DELETE FROM record WHERE seq<=?1",
    [SQL_EXPIRABLE] = "SELECT max(seq),count(*) FROM "
                      "(SELECT seq,at FROM record WHERE seq<=?2 ORDER BY seq LIMIT ?1) WHERE at<?3",
    [SQL_PAGES] = "PRAGMA page_count",
    [SQL_FREE_PAGES] = "PRAGMA freelist_count",
    [SQL_PUT_STATE] = "INSERT OR REPLACE INTO state VALUES" JOURNAL_STATE_VALUES,
    [SQL_NEXT_STATE] = "SELECT * FROM state WHERE (kind,subject,name,sub)>(?1,?2,?3,?4) "
                       "ORDER BY kind,subject,name,sub LIMIT 1",
    [SQL_PUT_REGISTRY] = "INSERT OR REPLACE INTO registry(dev,rev,sha256) VALUES(?1,?2,?3)",
    [SQL_GET_REGISTRY] = "SELECT rev,sha256 FROM registry WHERE dev=?1",
    [SQL_NEXT_REGISTRY] = "SELECT dev,sha256='' FROM registry WHERE dev>?1 ORDER BY dev LIMIT 1",
    [SQL_PUT_REGISTRY_ACKED] = "INSERT OR REPLACE INTO registry_acked(centre,dev,sha256) VALUES(?1,?2,?3)",
    [SQL_PUT_ORDER] = "INSERT OR IGNORE INTO ordered(centre,id,at) VALUES(?1,?2,?3)",
    [SQL_ANSWER_ORDER] = "UPDATE ordered SET code=?3,why=?4,detail=?5 WHERE centre=?1 AND id=?2",
    [SQL_FIND_ORDER] = "SELECT 1 FROM ordered WHERE centre=?1 AND id=?2",
    [SQL_FORGET_ORDERS] = "DELETE FROM ordered WHERE n<=(SELECT max(n) FROM ordered)-?1",
};

static const char *const kind_words[] = {
    [STORED_RULE] = "rule", [STORED_INTERLOCK] = "interlock", [STORED_HOLD] = "hold", [STORED_DRILL] = "drill",
    [STORED_DUE] = "due",   [STORED_CYLINDER] = "cylinder"};
static const char *const interlock_words[] = {
    [STORED_READY] = "ready", [STORED_TRIPPED] = "tripped", [STORED_RELEASING] = "releasing"};
static const char *const drill_words[] = {[STORED_OVER] = "over", [STORED_RUNNING] = "running"};

enum err journal_err(int sqlite_code)
{
    switch (sqlite_code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_NOMEM:
        return ERR_MEMORY;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return ERR_PERMISSION;
    default:
        return ERR_IO;
    }
}

/* After an I/O error the pages SQLite holds may differ from the disk's, and retrying an fsync proves nothing (Rebello et
 * al., "Can Applications Recover from fsync Failures?", ATC 2020): only opening again does. */
static bool must_close(enum err err)
{
    return err == ERR_IO || err == ERR_CORRUPT || err == ERR_PERMISSION;
}

enum err journal_fail(struct journal *journal, enum lane lane, const char *doing, int sqlite_code)
{
    struct journal_file *file = &journal->files[lane];
    enum err err = journal_err(sqlite_code);
    (void)snprintf(file->trouble, sizeof file->trouble, "%s: cannot %s: %s", file->name, doing,
                   file->db != NULL ? sqlite3_errmsg(file->db) : sqlite3_errstr(sqlite_code));
    if (file->in_transaction && sqlite3_get_autocommit(file->db) == 0) {
        (void)sqlite3_step(file->sql[SQL_ROLLBACK]);
        (void)sqlite3_reset(file->sql[SQL_ROLLBACK]);
    }
    file->in_transaction = false;
    if (err == ERR_CORRUPT)
        file->condemned = true;
    if (must_close(err))
        journal_close_lane(journal, lane);
    return err;
}

void journal_close_lane(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    for (size_t i = 0; i < SQL_COUNT; i++) {
        (void)sqlite3_finalize(file->sql[i]);
        file->sql[i] = NULL;
    }
    (void)sqlite3_close_v2(file->db);
    file->db = NULL;
    file->in_transaction = false;
    journal_salvage_close(journal, lane);
}

enum err journal_prepare(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    size_t const count = lane == LANE_A ? SQL_COUNT : SQL_LANE_A_FIRST;
    for (size_t i = 0; i < count; i++) {
        int code = sqlite3_prepare_v3(file->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &file->sql[i], NULL);
        if (code != SQLITE_OK)
            return journal_fail(journal, lane, "read its tables", code);
    }
    return ERR_OK;
}

enum err journal_run(struct journal *journal, enum lane lane, enum journal_sql sql, const char *doing)
{
    sqlite3_stmt *statement = journal->files[lane].sql[sql];
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        code = SQLITE_DONE;
    (void)sqlite3_reset(statement); /* after an error too: until then it takes no other values */
    return code == SQLITE_DONE ? ERR_OK : journal_fail(journal, lane, doing, code);
}

enum err journal_query(struct journal *journal, enum lane lane, enum journal_sql sql, const char *doing)
{
    sqlite3_stmt *statement = journal->files[lane].sql[sql];
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return ERR_OK;
    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE ? ERR_EMPTY : journal_fail(journal, lane, doing, code);
}

static sqlite3_stmt *statement_of(struct journal *journal, enum lane lane, enum journal_sql sql)
{
    return journal->files[lane].sql[sql];
}

static void bind_number(sqlite3_stmt *statement, int at, uint64_t value)
{
    (void)sqlite3_bind_int64(statement, at, (int64_t)value);
}

static void bind_text(sqlite3_stmt *statement, int at, const char *value)
{
    (void)sqlite3_bind_text(statement, at, value, -1, SQLITE_STATIC);
}

static uint64_t column_number(sqlite3_stmt *statement, int at)
{
    int64_t value = sqlite3_column_int64(statement, at);
    return value > 0 ? (uint64_t)value : 0;
}

static const char *column_text(sqlite3_stmt *statement, int at)
{
    const unsigned char *value = sqlite3_column_text(statement, at);
    return value != NULL ? (const char *)value : "";
}

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
    sqlite3_stmt *put = statement_of(journal, lane, sql);
    bind_number(put, 1, record->seq);
    (void)sqlite3_bind_int64(put, 2, record->at_utc_ms);
    bind_text(put, 3, record->topic);
    (void)sqlite3_bind_blob64(put, 4, record->payload, record->payload_size, SQLITE_STATIC);
    bind_number(put, 5, journal_sum(record));
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
    sqlite3_stmt *put = statement_of(journal, lane, SQL_PUT_GAP);
    bind_number(put, 1, journal->gap_declared[lane]);
    bind_number(put, 2, gap->first);
    bind_number(put, 3, gap->last);
    bind_text(put, 4, gap->why);
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
    sqlite3_stmt *put = statement_of(journal, lane, SQL_PUT_CURSOR);
    bind_text(put, 1, centre);
    bind_number(put, 2, cursor->lw);
    bind_text(put, 3, ranges);
    return journal_run(journal, lane, SQL_PUT_CURSOR, "write a cursor");
}

enum err journal_put_state(struct journal *journal, const struct journal_state *state)
{
    CHECK(journal->files[LANE_A].in_transaction && (size_t)state->kind < ARRAY_SIZE(kind_words));
    sqlite3_stmt *put = statement_of(journal, LANE_A, SQL_PUT_STATE);
    const char *word = interlock_words[state->state % ARRAY_SIZE(interlock_words)];
    if (state->kind == STORED_RULE)
        word = alarm_state_text((enum alarm_state)state->state);
    else if (state->kind == STORED_DRILL)
        word = drill_words[state->state % ARRAY_SIZE(drill_words)];
    bind_text(put, 1, kind_words[state->kind]);
    bind_text(put, 2, state->subject);
    bind_text(put, 3, state->name);
    bind_number(put, 4, state->sub);
    bind_text(put, 5, word);
    bind_number(put, 6, state->flags);
    bind_number(put, 7, state->occurrence);
    bind_number(put, 8, state->quality);
    bind_number(put, 9, state->has_value ? 1 : 0);
    (void)sqlite3_bind_int64(put, 10, state->since_utc_ms);
    (void)sqlite3_bind_int64(put, 11, state->pending_mono_ms);
    (void)sqlite3_bind_double(put, 12, state->value);
    bind_text(put, 13, state->cls);
    bind_text(put, 14, state->priority);
    (void)sqlite3_bind_int64(put, 15, state->until_mono_ms);
    (void)sqlite3_bind_int64(put, 16, state->until_utc_ms);
    bind_number(put, 17, state->told);
    bind_number(put, 18, state->count);
    return journal_run(journal, LANE_A, SQL_PUT_STATE, "write a state");
}

enum err journal_put_meta_number(struct journal *journal, enum lane lane, const char *key, uint64_t value)
{
    sqlite3_stmt *put = statement_of(journal, lane, SQL_PUT_META);
    bind_text(put, 1, key);
    bind_number(put, 2, value);
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

enum err journal_put_registry(struct journal *journal, const char *dev, uint32_t rev, const char *sha256)
{
    CHECK(journal->files[LANE_A].in_transaction);
    sqlite3_stmt *put = statement_of(journal, LANE_A, SQL_PUT_REGISTRY);
    bind_text(put, 1, dev);
    bind_number(put, 2, rev);
    bind_text(put, 3, sha256);
    return journal_run(journal, LANE_A, SQL_PUT_REGISTRY, "write a registry");
}

enum err journal_put_registry_acked(struct journal *journal, const char *centre, const char *dev, const char *sha256)
{
    CHECK(journal->files[LANE_A].in_transaction);
    sqlite3_stmt *put = statement_of(journal, LANE_A, SQL_PUT_REGISTRY_ACKED);
    bind_text(put, 1, centre);
    bind_text(put, 2, dev);
    bind_text(put, 3, sha256);
    return journal_run(journal, LANE_A, SQL_PUT_REGISTRY_ACKED, "write an acknowledged registry");
}

enum err journal_put_order(struct journal *journal, const struct journal_order *order)
{
    CHECK(journal->files[LANE_A].in_transaction);
    enum journal_sql const sql = order->answered ? SQL_ANSWER_ORDER : SQL_PUT_ORDER;
    sqlite3_stmt *put = statement_of(journal, LANE_A, sql);
    bind_text(put, 1, order->centre);
    bind_text(put, 2, order->id);
    if (order->answered) {
        bind_text(put, 3, order->code);
        bind_text(put, 4, order->why);
        bind_text(put, 5, order->detail);
    } else {
        (void)sqlite3_bind_int64(put, 3, order->at_utc_ms);
    }
    enum err err = journal_run(journal, LANE_A, sql, "write an order");
    if (err != ERR_OK || order->answered)
        return err;
    bind_number(statement_of(journal, LANE_A, SQL_FORGET_ORDERS), 1, JOURNAL_ORDERS_MAX);
    return journal_run(journal, LANE_A, SQL_FORGET_ORDERS, "forget an order");
}

/* --- reading back --- */

enum err journal_find_order(struct journal *journal, const char *centre, const char *id)
{
    if (!journal_is_open(journal, LANE_A))
        return ERR_CLOSED;
    sqlite3_stmt *find = statement_of(journal, LANE_A, SQL_FIND_ORDER);
    bind_text(find, 1, centre);
    bind_text(find, 2, id);
    enum err err = journal_query(journal, LANE_A, SQL_FIND_ORDER, "look for an order");
    if (err == ERR_OK)
        (void)sqlite3_reset(find);
    return err == ERR_EMPTY ? ERR_NOT_FOUND : err;
}

static uint8_t state_from_word(enum stored_kind kind, const char *word)
{
    if (kind == STORED_DRILL)
        return strcmp(word, drill_words[STORED_RUNNING]) == 0 ? STORED_RUNNING : STORED_OVER;
    for (unsigned i = 0; kind != STORED_RULE && i < ARRAY_SIZE(interlock_words); i++)
        if (strcmp(word, interlock_words[i]) == 0)
            return (uint8_t)i;
    if (kind != STORED_RULE)
        return STORED_TRIPPED;
    for (unsigned i = 0; i < ALARM_STATE_COUNT; i++)
        if (strcmp(word, alarm_state_text((enum alarm_state)i)) == 0)
            return (uint8_t)i;
    return ALARM_UNACK; /* a word we do not know is something somebody should look at */
}

static enum stored_kind kind_from_word(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(kind_words); i++)
        if (strcmp(word, kind_words[i]) == 0)
            return (enum stored_kind)i;
    return STORED_HOLD; /* a hold without a class that knows it is ignored by the judge */
}

/* Columns of the table state, in its order; the strings stay in the row. */
void journal_read_state(sqlite3_stmt *row, struct journal_state *ret_state)
{
    enum stored_kind const kind = kind_from_word(column_text(row, 0));
    *ret_state = (struct journal_state){
        .kind = kind,
        .subject = column_text(row, 1),
        .name = column_text(row, 2),
        .sub = (uint8_t)column_number(row, 3),
        .state = state_from_word(kind, column_text(row, 4)),
        .flags = (uint16_t)column_number(row, 5),
        .occurrence = column_number(row, 6),
        .quality = (uint8_t)column_number(row, 7),
        .has_value = sqlite3_column_int(row, 8) != 0,
        .since_utc_ms = sqlite3_column_int64(row, 9),
        .pending_mono_ms = sqlite3_column_int64(row, 10),
        .value = sqlite3_column_double(row, 11),
        .cls = column_text(row, 12),
        .priority = column_text(row, 13),
        .until_mono_ms = sqlite3_column_int64(row, 14),
        .until_utc_ms = sqlite3_column_int64(row, 15),
        .told = (uint8_t)column_number(row, 16),
        .count = (uint32_t)column_number(row, 17),
    };
}

/* The row is left at once, so that no read stays open while something is written: its strings move into the journal. */
static void keep_strings(struct journal *journal, struct journal_state *state)
{
    text_copy(journal->row.subject, sizeof journal->row.subject, state->subject);
    text_copy(journal->row.name, sizeof journal->row.name, state->name);
    text_copy(journal->row.cls, sizeof journal->row.cls, state->cls);
    text_copy(journal->row.priority, sizeof journal->row.priority, state->priority);
    state->subject = journal->row.subject;
    state->name = journal->row.name;
    state->cls = journal->row.cls;
    state->priority = journal->row.priority;
}

enum err journal_next_state(struct journal *journal, struct journal_state *state)
{
    if (!journal_is_open(journal, LANE_A))
        return ERR_CLOSED;
    sqlite3_stmt *next = statement_of(journal, LANE_A, SQL_NEXT_STATE);
    bool const from_first = state->subject == NULL;
    bind_text(next, 1, from_first ? "" : kind_words[state->kind]);
    (void)sqlite3_bind_text(next, 2, from_first ? "" : state->subject, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(next, 3, from_first ? "" : state->name, -1, SQLITE_TRANSIENT);
    bind_number(next, 4, from_first ? 0 : state->sub);
    enum err err = journal_query(journal, LANE_A, SQL_NEXT_STATE, "read a state");
    if (err != ERR_OK)
        return err;
    journal_read_state(next, state);
    keep_strings(journal, state);
    (void)sqlite3_reset(next);
    return ERR_OK;
}

enum err journal_next_gap(struct journal *journal, enum lane lane, struct journal_gap *ret_gap)
{
    if (!journal_is_open(journal, lane))
        return ERR_EMPTY;
    sqlite3_stmt *next = statement_of(journal, lane, SQL_NEXT_GAP);
    bind_number(next, 1, journal->gap_declared[lane]);
    enum err err = journal_query(journal, lane, SQL_NEXT_GAP, "read a gap");
    if (err != ERR_OK)
        return err;
    *ret_gap = (struct journal_gap){
        .id = column_number(next, 0),
        .of = lane,
        .first = column_number(next, 1),
        .last = column_number(next, 2),
    };
    text_copy(ret_gap->why, sizeof ret_gap->why, column_text(next, 3));
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
    sqlite3_stmt *get = statement_of(journal, lane, SQL_GET_CURSOR);
    bind_text(get, 1, centre);
    enum err err = journal_query(journal, lane, SQL_GET_CURSOR, "read a cursor");
    if (err != ERR_OK)
        return err == ERR_EMPTY ? ERR_NOT_FOUND : err;
    *ret_cursor = (struct journal_cursor){.lw = column_number(get, 0)};
    journal_parse_ranges(column_text(get, 1), ret_cursor);
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

enum err journal_get_registry(struct journal *journal, const char *dev, uint32_t *ret_rev, char ret_sha256[static 65])
{
    if (!journal_is_open(journal, LANE_A))
        return ERR_CLOSED;
    sqlite3_stmt *get = statement_of(journal, LANE_A, SQL_GET_REGISTRY);
    bind_text(get, 1, dev);
    enum err err = journal_query(journal, LANE_A, SQL_GET_REGISTRY, "read a registry");
    if (err != ERR_OK)
        return err == ERR_EMPTY ? ERR_NOT_FOUND : err;
    *ret_rev = (uint32_t)column_number(get, 0);
    text_copy(ret_sha256, 65, column_text(get, 1));
    (void)sqlite3_reset(get);
    return ERR_OK;
}

enum err journal_next_registry(struct journal *journal, const char *dev, char ret_dev[static SITE_ID_MAX + 1],
                               bool *ret_gone)
{
    if (!journal_is_open(journal, LANE_A))
        return ERR_CLOSED;
    sqlite3_stmt *next = statement_of(journal, LANE_A, SQL_NEXT_REGISTRY);
    (void)sqlite3_bind_text(next, 1, dev, -1, SQLITE_TRANSIENT);
    enum err err = journal_query(journal, LANE_A, SQL_NEXT_REGISTRY, "read a registry");
    if (err != ERR_OK)
        return err;
    text_copy(ret_dev, SITE_ID_MAX + 1, column_text(next, 0));
    *ret_gone = sqlite3_column_int(next, 1) != 0;
    (void)sqlite3_reset(next);
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
