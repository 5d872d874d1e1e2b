/* The senders' view of the journal: read-only connections of their own, so that a slow centre never stands in the
 * recorder's way (in WAL mode a reader blocks no writer). Reads are short: a read that stays open keeps the log from being
 * folded back into the database.
 *
 * Lane t may have a tail in memory (journal_tail.c): its rows follow the disk's. What moves is on the disk before it leaves the
 * tail, so the tail's snapshot is always taken before the disk's: then no row is missed, and one that is in both is the
 * tail's. Whether there is a tail is looked at before each read. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_read_private.h"

#define READER_CACHE_KIB 64 /* each page is read once on its way to the centre */

static const char *const statements[READ_COUNT] = {
    [READ_CURSOR] = "SELECT lw,ranges FROM cursor WHERE centre=?1",
    [READ_BOUNDS] = "SELECT (SELECT min(seq) FROM record),max(ifnull((SELECT max(seq) FROM record),0),"
                    "ifnull((SELECT max(last) FROM gap),0)),(SELECT value FROM meta WHERE key='first')",
    [READ_SINCE] = "SELECT seq FROM record WHERE seq>?1 AND at<?2 ORDER BY seq DESC LIMIT 1",
    [READ_ROWS] = "SELECT seq,at,topic,payload FROM record WHERE seq>=?1 ORDER BY seq",
    [READ_PAYLOADS] = "SELECT seq,payload FROM record WHERE seq>=?1 ORDER BY seq",
    [READ_ROWS_BACK] = "SELECT seq,at,topic,payload FROM record WHERE seq<?1 ORDER BY seq DESC",
    [READ_BEGIN] = "BEGIN",
    [READ_END] = "COMMIT",
    [READ_STATES] = "SELECT * FROM state WHERE kind='rule' AND subject=?1 AND state<>'NORM' ORDER BY name",
    [READ_REGISTRY] = "SELECT r.dev,r.rev,r.sha256,a.sha256 FROM registry r LEFT JOIN registry_acked a ON a.centre=?1 "
                      "AND a.dev=r.dev "
                      "WHERE r.dev>?2 AND (?3 OR (r.sha256<>'' AND a.sha256 IS NOT r.sha256) "
                      "OR (r.sha256='' AND a.sha256<>'')) ORDER BY r.dev LIMIT 1",
    [READ_ORDER] = "SELECT code,why,detail,at FROM ordered WHERE centre=?1 AND id=?2",
};

static void close_file(struct reader_file *file)
{
    for (size_t i = 0; i < READ_COUNT; i++) {
        (void)sqlite3_finalize(file->sql[i]);
        file->sql[i] = NULL;
    }
    (void)sqlite3_close_v2(file->db);
    file->db = NULL;
}

static enum err prepare(struct reader_file *file, enum lane lane)
{
    size_t const count = lane == LANE_A ? READ_COUNT : READ_LANE_A_FIRST;
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < count; i++)
        code = sqlite3_prepare_v3(file->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &file->sql[i], NULL);
    return (code & 0xFF) == SQLITE_ERROR ? ERR_NOT_FOUND : journal_err(code); /* no tables yet */
}

static void look_at_salvage(struct reader_file *file)
{
    file->salvage_last = 0;
    if (journal_get_meta_number(file->db, "salvage_first", &file->salvage_first))
        (void)journal_get_meta_number(file->db, "salvage_last", &file->salvage_last);
}

static enum err open_lane(struct reader_file *file, enum lane lane)
{
    struct stat status;
    if (file->db != NULL)
        return ERR_OK;
    if (stat(file->path, &status) != 0)
        return ERR_NOT_FOUND;
    int code = sqlite3_open_v2(file->path, &file->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    enum err err = journal_err(code);
    if (err == ERR_OK)
        err = journal_set_up(file->db, READER_CACHE_KIB);
    if (err == ERR_OK)
        err = prepare(file, lane);
    file->inode = status.st_ino;
    if (err == ERR_OK)
        look_at_salvage(file);
    else
        close_file(file);
    return err;
}

/* Where a lane is now: lane a in the spare while there is one. */
static bool path_now(const char *dir, enum lane lane, char ret_path[static PATH_MAX])
{
    if (lane == LANE_A && journal_memory_path(dir, LANE_A, ret_path))
        return true;
    struct text path;
    text_init(&path, ret_path, PATH_MAX);
    text_put_format(&path, "%s/%s", dir, lane == LANE_A ? "alarms.db" : "telemetry.db");
    return !path.full;
}

enum err journal_reader_open(struct journal_reader **ret_reader, const char *dir)
{
    struct journal_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return ERR_MEMORY;
    text_copy(reader->dir, sizeof reader->dir, dir);
    (void)journal_memory_path(dir, LANE_TAIL, reader->tail_path);
    enum err err = path_now(reader->dir, LANE_A, reader->files[LANE_A].path) &&
                           path_now(reader->dir, LANE_T, reader->files[LANE_T].path)
                       ? ERR_OK
                       : ERR_ARGUMENT;
    if (err == ERR_OK)
        err = open_lane(&reader->files[LANE_A], LANE_A);
    if (err != ERR_OK) {
        journal_reader_close(reader);
        return err;
    }
    *ret_reader = reader;
    return ERR_OK;
}

void journal_reader_close(struct journal_reader *reader)
{
    if (reader == NULL)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(reader->files); i++)
        close_file(&reader->files[i]);
    free(reader);
}

/* Another process's, or none any more. */
static bool tail_is_outdated(const struct reader_file *tail)
{
    struct stat status;
    return tail->db != NULL && (stat(tail->path, &status) != 0 || status.st_ino != tail->inode);
}

bool journal_reader_outdated(struct journal_reader *reader)
{
    if (tail_is_outdated(&reader->files[LANE_TAIL]))
        return true;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        struct reader_file *file = &reader->files[lane];
        struct stat status;
        char path[PATH_MAX];
        if (!path_now(reader->dir, lane, path) || strcmp(path, file->path) != 0)
            return true;
        if (file->db != NULL && (stat(file->path, &status) != 0 || status.st_ino != file->inode))
            return true;
        if (file->db != NULL && file->salvage_last > 0)
            look_at_salvage(file);
    }
    return false;
}

bool journal_reader_salvaging(const struct journal_reader *reader, enum lane lane, uint64_t *ret_first,
                              uint64_t *ret_last)
{
    *ret_first = reader->files[lane].salvage_first;
    *ret_last = reader->files[lane].salvage_last;
    return reader->files[lane].salvage_last > 0;
}

/* ERR_NOT_FOUND: there is none. */
enum err journal_reader_open_tail(struct journal_reader *reader)
{
    struct reader_file *tail = &reader->files[LANE_TAIL];
    if (tail->db != NULL && (sqlite3_get_autocommit(tail->db) == 0 || !tail_is_outdated(tail)))
        return ERR_OK;
    close_file(tail);
    if (reader->without_tail || access(reader->tail_path, F_OK) != 0 ||
        !journal_memory_path(reader->dir, LANE_TAIL, tail->path))
        return ERR_NOT_FOUND;
    enum err const err = open_lane(tail, LANE_TAIL);
    return err == ERR_NOT_FOUND ? ERR_BUSY : err; /* it was there: gone this moment, or cannot be read */
}

/* The statement, reset and its file open; NULL and *ret_err when it is not there. */
sqlite3_stmt *journal_reader_take(struct journal_reader *reader, enum lane lane, enum reader_sql sql, enum err *ret_err)
{
    struct reader_file *file = &reader->files[lane];
    *ret_err = lane == LANE_TAIL ? journal_reader_open_tail(reader) : open_lane(file, lane);
    if (*ret_err != ERR_OK)
        return NULL;
    (void)sqlite3_reset(file->sql[sql]);
    return file->sql[sql];
}

enum err journal_reader_step(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return ERR_OK;
    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE ? ERR_EMPTY : journal_err(code);
}

uint64_t journal_reader_number(sqlite3_stmt *statement, int at)
{
    int64_t value = sqlite3_column_int64(statement, at);
    return value > 0 ? (uint64_t)value : 0;
}

void journal_library_version(struct text *to)
{
    text_put(to, sqlite3_libversion());
}
