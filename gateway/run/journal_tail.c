/* The tail: the newest part of lane t in memory, while the flash budget is used up. Its numbers are reserved on the disk, by
 * a token, before any of them is given: whoever finds the reservation without the tail of that token knows that they may be
 * in the world and are lost. The disk gets a record before the tail loses it, and a reader looks at the tail first. */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/core/thin.h"
#include "gateway/run/journal_private.h"

#define TAIL_PAGES_MAX      ((12 * 1024 * 1024) / JOURNAL_PAGE_SIZE)
#define TAIL_LOG_PAGES      128 /* folded back often: it is memory too */
#define TAIL_LOG_SIZE_MAX   (2 * TAIL_LOG_PAGES * JOURNAL_PAGE_SIZE)
#define TAIL_CACHE_KIB      128
#define SPREAD              0x9E3779B97F4A7C15U /* 2^64 / golden ratio: neighbours land far apart (Knuth, TAOCP 6.4) */
#define SPREAD_TO_1024(seq) ((unsigned)((uint64_t)(seq)*SPREAD >> 54))

static struct journal_file *tail_of(struct journal *journal)
{
    return &journal->files[LANE_TAIL];
}

static bool has_tail(const struct journal *journal)
{
    return journal->files[LANE_TAIL].db != NULL;
}

uint64_t journal_reserved(const struct journal *journal)
{
    return journal->tail.reserved;
}

uint64_t journal_tail_count(const struct journal *journal)
{
    uint64_t const on_disk = journal->files[LANE_T].last;
    uint64_t const last = journal->files[LANE_TAIL].last;
    return has_tail(journal) && last > on_disk ? last - on_disk : 0;
}

uint64_t journal_tail_bytes(const struct journal *journal)
{
    return journal_tail_count(journal) > 0 ? journal->tail.bytes : 0;
}

/* --- the file --- */

static bool tail_path(const struct journal *journal, const char *ending, char ret_path[static PATH_MAX])
{
    char dir[JOURNAL_MEMORY_DIR_SIZE];
    journal_memory_dir(journal->dir, dir);
    return snprintf(ret_path, PATH_MAX, "%s/telemetry.%s", dir, ending) < PATH_MAX;
}

void journal_remove_tail(struct journal *journal)
{
    static const char *const endings[] = {"new", "new-journal", "db", "db-wal", "db-shm"};
    char path[PATH_MAX];
    char dir[JOURNAL_MEMORY_DIR_SIZE];
    journal_close_lane(journal, LANE_TAIL);
    tail_of(journal)->last = 0;
    journal->tail.bytes = 0;
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
        if (tail_path(journal, endings[i], path))
            (void)unlink(path);
    journal_memory_dir(journal->dir, dir);
    (void)rmdir(dir); /* stays while there is a spare */
}

/* Under another name until its tables are there: who finds the file can read it. */
static int make_file(struct journal *journal)
{
    char path[PATH_MAX];
    char making[PATH_MAX];
    uint64_t random;
    sqlite3 *db = NULL;
    journal_remove_tail(journal);
    if (!journal_make_memory(journal->dir) || !tail_path(journal, "db", path) || !tail_path(journal, "new", making))
        return SQLITE_PERM;
    sqlite3_randomness((int)sizeof random, &random);
    (void)snprintf(journal->tail.token, sizeof journal->tail.token, "%016" PRIx64, random);
    int code = sqlite3_open_v2(making, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = journal_execute(db, "PRAGMA page_size=%d; PRAGMA synchronous=OFF; BEGIN; %s PRAGMA user_version=%d",
                               JOURNAL_PAGE_SIZE, journal_tables_both, JOURNAL_FORMAT);
    if (code == SQLITE_OK)
        code = journal_set_meta_text(db, "tail", journal->tail.token);
    if (code == SQLITE_OK)
        code = journal_set_meta_text(db, "stream", journal->stream);
    if (code == SQLITE_OK)
        code = journal_execute(db, "COMMIT");
    (void)sqlite3_close_v2(db);
    return code == SQLITE_OK && rename(making, path) != 0 ? SQLITE_CANTOPEN : code;
}

static int open_file(struct journal *journal)
{
    struct journal_file *tail = tail_of(journal);
    char mode[16] = "";
    tail->name = "telemetry in memory";
    if (!journal_memory_path(journal->dir, LANE_TAIL, tail->path))
        return SQLITE_CANTOPEN;
    int code = sqlite3_open_v2(tail->path, &tail->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK && journal_set_up(tail->db, TAIL_CACHE_KIB) != ERR_OK)
        code = sqlite3_extended_errcode(tail->db);
    if (code == SQLITE_OK)
        code = journal_ask_text(tail->db, "PRAGMA journal_mode=WAL", mode, sizeof mode);
    if (code == SQLITE_OK)
        code = journal_execute(tail->db,
                               "PRAGMA synchronous=OFF; PRAGMA max_page_count=%d; PRAGMA journal_size_limit=%d;"
                               "PRAGMA wal_autocheckpoint=%d",
                               TAIL_PAGES_MAX, TAIL_LOG_SIZE_MAX, TAIL_LOG_PAGES);
    if (code == SQLITE_OK && journal_prepare(journal, LANE_TAIL) != ERR_OK)
        code = SQLITE_CORRUPT;
    return code;
}

static enum err open_fresh(struct journal *journal)
{
    int code = make_file(journal);
    if (code == SQLITE_OK)
        code = open_file(journal);
    if (code != SQLITE_OK)
        journal_remove_tail(journal);
    return journal_err(code);
}

/* --- after a kill, or a power cut --- */

/* A killed process left it; what the disk has already goes. *ret_first: its oldest number, or the next one. */
static int take_up(struct journal *journal, const char *token, uint64_t last, uint64_t *ret_first)
{
    struct journal_file *tail = tail_of(journal);
    char found[20] = "";
    char stream[JOURNAL_STREAM_SIZE] = "";
    int64_t first = 0;
    int64_t highest = 0;
    int64_t bytes = 0;
    int code = has_tail(journal) ? SQLITE_OK : open_file(journal);
    if (code == SQLITE_OK && (!journal_get_meta_text(tail->db, "tail", found, sizeof found) ||
                              !journal_get_meta_text(tail->db, "stream", stream, sizeof stream) ||
                              strcmp(found, token) != 0 || strcmp(stream, journal->stream) != 0))
        code = SQLITE_MISMATCH;
    if (code == SQLITE_OK)
        code = journal_execute(tail->db,
                               "BEGIN; DELETE FROM record WHERE seq<=%lld; DELETE FROM gap WHERE last<=%lld; COMMIT",
                               (long long)last, (long long)last);
    if (code == SQLITE_OK)
        code = journal_ask_number(
            tail->db,
            "SELECT ifnull(min(n),0) FROM (SELECT min(seq) n FROM record UNION ALL SELECT min(first) FROM gap)",
            &first);
    if (code == SQLITE_OK)
        code = journal_ask_number(
            tail->db,
            "SELECT ifnull(max(n),0) FROM (SELECT max(seq) n FROM record UNION ALL SELECT max(last) FROM gap)",
            &highest);
    if (code == SQLITE_OK)
        code = journal_ask_number(tail->db, "SELECT ifnull(sum(length(payload)),0) FROM record", &bytes);
    if (code != SQLITE_OK)
        return code;
    text_copy(journal->tail.token, sizeof journal->tail.token, token);
    journal->tail.bytes = (uint64_t)bytes;
    tail->last = highest > 0 ? (uint64_t)highest : last;
    *ret_first = first > 0 ? (uint64_t)first : last + 1;
    return SQLITE_OK;
}

int journal_settle_tail(struct journal *journal, uint64_t last)
{
    sqlite3 *db = journal->files[LANE_T].db;
    uint64_t first = 0;
    uint64_t reserved = 0;
    char token[sizeof journal->tail.token] = "";
    (void)journal_get_meta_number(db, "reserved", &reserved);
    (void)journal_get_meta_text(db, "tail", token, sizeof token);
    journal->tail.reserved = reserved;
    if (journal->files[LANE_T].known)
        return SQLITE_OK;
    if (reserved <= last) {
        journal_remove_tail(journal);
        return SQLITE_OK;
    }
    if (take_up(journal, token, last, &first) == SQLITE_OK)
        return journal_put_lost(db, journal->gap_declared[LANE_T], last + 1, first - 1, "reserved");
    journal_remove_tail(journal);
    journal->tail.reserved = 0;
    int const code = journal_put_lost(db, journal->gap_declared[LANE_T], last + 1, reserved, "reserved");
    return code == SQLITE_OK ? journal_set_meta_number(db, "reserved", 0) : code;
}

int journal_put_reserved(struct journal *journal)
{
    sqlite3 *db = journal->files[LANE_T].db;
    if (journal->tail.reserved == 0)
        return SQLITE_OK;
    int const code = journal_set_meta_text(db, "tail", journal->tail.token);
    return code == SQLITE_OK ? journal_set_meta_number(db, "reserved", journal->tail.reserved) : code;
}

/* --- writing --- */

/* Into the open transaction on the disk. */
static enum err put_reserved(struct journal *journal, uint64_t upto)
{
    sqlite3 *db = journal->files[LANE_T].db;
    int const code = journal_set_meta_text(db, "tail", journal->tail.token);
    return code == SQLITE_OK ? journal_put_meta_number(journal, LANE_T, "reserved", upto)
                             : journal_fail(journal, LANE_T, "reserve numbers", code);
}

enum err journal_reserve(struct journal *journal, uint64_t upto)
{
    struct journal_file *tail = tail_of(journal);
    if (!journal_is_open(journal, LANE_T))
        return ERR_CLOSED;
    enum err err = has_tail(journal) ? ERR_OK : open_fresh(journal);
    if (err == ERR_OK)
        err = journal_begin(journal, LANE_T);
    if (err == ERR_OK)
        err = put_reserved(journal, upto);
    if (err == ERR_OK)
        err = journal_commit(journal, LANE_T);
    if (err != ERR_OK)
        return err;
    journal->tail.reserved = upto;
    if (tail->last < journal->files[LANE_T].last)
        tail->last = journal->files[LANE_T].last;
    return journal_note(journal, LANE_T, journal->files[LANE_T].lw, true);
}

/* --- to the disk --- */

static int read_from(struct journal *journal, uint64_t from, uint64_t upto, unsigned count, sqlite3_stmt **ret_read)
{
    static const char sql[] = "SELECT seq,at,topic,payload FROM record WHERE seq>=?1 AND seq<=?2 ORDER BY seq LIMIT ?3";
    int const code = sqlite3_prepare_v2(tail_of(journal)->db, sql, -1, ret_read, NULL);
    (void)sqlite3_bind_int64(*ret_read, 1, (sqlite3_int64)from);
    (void)sqlite3_bind_int64(*ret_read, 2, (sqlite3_int64)upto);
    (void)sqlite3_bind_int64(*ret_read, 3, (sqlite3_int64)count);
    return code;
}

static struct journal_record record_of(sqlite3_stmt *row)
{
    const char *topic = (const char *)sqlite3_column_text(row, 2);
    const void *payload = sqlite3_column_blob(row, 3);
    return (struct journal_record){.seq = (uint64_t)sqlite3_column_int64(row, 0),
                                   .at_utc_ms = sqlite3_column_int64(row, 1),
                                   .topic = topic != NULL ? topic : "",
                                   .payload = payload != NULL ? payload : "",
                                   .payload_size = (size_t)sqlite3_column_bytes(row, 3)};
}

enum err journal_look_at_tail(struct journal *journal, uint64_t from, uint64_t upto, unsigned count, struct thin *thin,
                              uint64_t *ret_next)
{
    sqlite3_stmt *read = NULL;
    uint64_t next = from;
    unsigned looked = 0;
    if (!has_tail(journal))
        return ERR_CLOSED;
    int code = read_from(journal, from, upto, count, &read);
    while (code == SQLITE_OK && (code = sqlite3_step(read)) == SQLITE_ROW) {
        struct journal_record const record = record_of(read);
        CHECK(thin_add(thin, record.at_utc_ms, record.topic, record.payload, record.payload_size));
        next = record.seq + 1;
        looked++;
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(read);
    if (code != SQLITE_DONE)
        return journal_fail(journal, LANE_TAIL, "read it", code);
    *ret_next = looked < count ? upto + 1 : next;
    return ERR_OK;
}

struct moving {
    const struct journal_moving *how;
    struct journal_moved moved;
    uint64_t bytes;
    uint64_t gone_first; /* not with every centre; 0: none */
    uint64_t gone_last;
};

static bool is_kept(const struct moving *moving, uint64_t seq)
{
    const struct journal_moving *how = moving->how;
    size_t const looked = moving->moved.looked_at;
    if (seq == how->upto || seq >= how->keep_from || looked + 1 == JOURNAL_MOVE_LOOKED)
        return true; /* the last of a transaction stays: numbers on the disk go on from it */
    return (how->thin == NULL || thin_keeps(how->thin, how->thin_index + looked)) && SPREAD_TO_1024(seq) < how->share;
}

static enum err move_record(struct journal *journal, struct moving *moving, const struct journal_record *record)
{
    enum err err = ERR_OK;
    if (is_kept(moving, record->seq)) {
        err = journal_put_moved_record(journal, record);
        moving->moved.kept++;
    } else if (record->seq > moving->how->delivered) {
        moving->gone_first = moving->gone_first > 0 ? moving->gone_first : record->seq;
        moving->gone_last = record->seq;
        moving->moved.declared++;
    }
    moving->moved.looked_at++;
    moving->bytes += record->payload_size;
    return err;
}

static enum err move_records(struct journal *journal, struct moving *moving)
{
    sqlite3_stmt *read = NULL;
    enum err err = ERR_OK;
    int code = read_from(journal, journal->files[LANE_T].last + 1, moving->how->upto, JOURNAL_MOVE_LOOKED, &read);
    while (err == ERR_OK && code == SQLITE_OK && moving->moved.kept < JOURNAL_MOVE_KEPT &&
           (code = sqlite3_step(read)) == SQLITE_ROW) {
        struct journal_record const record = record_of(read);
        err = move_record(journal, moving, &record);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(read);
    if (err == ERR_OK && code != SQLITE_OK && code != SQLITE_DONE)
        err = journal_fail(journal, LANE_TAIL, "read it", code);
    return err;
}

/* Numbers that were burned while the tail was written. */
static enum err move_gaps(struct journal *journal, uint64_t upto)
{
    sqlite3_stmt *read = NULL;
    enum err err = ERR_OK;
    int code = sqlite3_prepare_v2(tail_of(journal)->db, "SELECT first,last,why FROM gap WHERE last<=?1 ORDER BY id", -1,
                                  &read, NULL);
    (void)sqlite3_bind_int64(read, 1, (sqlite3_int64)upto);
    while (err == ERR_OK && code == SQLITE_OK && (code = sqlite3_step(read)) == SQLITE_ROW) {
        const char *why = (const char *)sqlite3_column_text(read, 2);
        struct journal_gap gap = {.of = LANE_T,
                                  .first = (uint64_t)sqlite3_column_int64(read, 0),
                                  .last = (uint64_t)sqlite3_column_int64(read, 1)};
        text_copy(gap.why, sizeof gap.why, why != NULL ? why : "");
        err = journal_put_gap(journal, LANE_T, &gap);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(read);
    return err == ERR_OK && code != SQLITE_DONE ? journal_fail(journal, LANE_TAIL, "read it", code) : err;
}

/* Everything that belongs to one move, in the open transaction on the disk. */
static enum err put_moved(struct journal *journal, struct moving *moving)
{
    struct journal_file *file = &journal->files[LANE_T];
    enum err err = move_records(journal, moving);
    if (err == ERR_OK)
        err = move_gaps(journal, moving->moved.looked_at > 0 ? file->uncommitted_last : moving->how->upto);
    if (err == ERR_OK && moving->gone_first > 0)
        err = journal_put_gone(journal, moving->gone_first, moving->gone_last, "thin");
    if (err != ERR_OK)
        return err;
    journal_copy_rows(tail_of(journal)->db, file->db, "SELECT centre,lw,ranges FROM cursor",
                      "INSERT OR REPLACE INTO cursor VALUES(?1,?2,?3)");
    return moving->how->reserve != journal->tail.reserved ? put_reserved(journal, moving->how->reserve) : ERR_OK;
}

static enum err trim(struct journal *journal)
{
    long long const last = (long long)journal->files[LANE_T].last;
    int const code = journal_execute(tail_of(journal)->db,
                                     "BEGIN IMMEDIATE; DELETE FROM record WHERE seq<=%lld;"
                                     "DELETE FROM gap WHERE last<=%lld; DELETE FROM cursor; COMMIT",
                                     last, last);
    return code == SQLITE_OK ? ERR_OK : journal_fail(journal, LANE_TAIL, "forget what is on the disk", code);
}

enum err journal_move_tail(struct journal *journal, const struct journal_moving *how, struct journal_moved *ret_moved)
{
    struct moving moving = {.how = how};
    if (!has_tail(journal))
        return ERR_CLOSED;
    enum err err = journal_begin(journal, LANE_T);
    if (err == ERR_OK)
        err = put_moved(journal, &moving);
    if (err != ERR_OK) {
        if (journal_is_open(journal, LANE_T) && journal->files[LANE_T].in_transaction)
            (void)journal_fail(journal, LANE_T, "take the tail",
                               SQLITE_BUSY); /* the tail's error: taken back here too */
        return err;
    }
    err = journal_commit(journal, LANE_T);
    if (err != ERR_OK)
        return err;
    journal->tail.reserved = how->reserve;
    journal->tail.bytes -= moving.bytes < journal->tail.bytes ? moving.bytes : journal->tail.bytes;
    *ret_moved = moving.moved;
    return trim(journal);
}

enum err journal_lose_tail(struct journal *journal)
{
    uint64_t const last = journal->files[LANE_T].last;
    uint64_t const given = journal->files[LANE_TAIL].last;
    uint64_t const upto = journal->tail.reserved > given ? journal->tail.reserved : given;
    enum err err = journal_begin(journal, LANE_T);
    if (err == ERR_OK && upto > last)
        err = journal_put_gap(journal, LANE_T,
                              &(struct journal_gap){.of = LANE_T, .first = last + 1, .last = upto, .why = "reserved"});
    if (err == ERR_OK)
        err = journal_put_meta_number(journal, LANE_T, "reserved", 0);
    if (err == ERR_OK)
        err = journal_commit(journal, LANE_T);
    if (err != ERR_OK)
        return err;
    journal->tail.reserved = 0;
    journal_remove_tail(journal);
    return ERR_OK;
}
