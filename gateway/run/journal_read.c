/* The senders' view of the journal: read-only connections of their own, so that a slow centre never stands in the
 * recorder's way (in WAL mode a reader blocks no writer). Reads are short: a read that stays open keeps the log from being
 * folded back into the database. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_private.h"

#define READER_CACHE_KIB 64 /* each page is read once on its way to the centre */

enum reader_sql {
    READ_CURSOR,
    READ_BOUNDS,
    READ_SINCE,
    READ_ROWS,
    READ_PAYLOADS,
    READ_ROWS_BACK,
    READ_BEGIN,
    READ_END,
    READ_LANE_A_FIRST,
    READ_STATES = READ_LANE_A_FIRST,
    READ_REGISTRY,
    READ_ORDER,
    READ_COUNT
};

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

struct reader_file {
    sqlite3 *db;
    uint64_t salvage_last; /* 0: nothing is being salvaged */
    uint64_t salvage_first;
    sqlite3_stmt *sql[READ_COUNT];
    enum reader_sql seeking; /* READ_ROWS or READ_PAYLOADS */
    char path[PATH_MAX];
    ino_t inode;
};

struct journal_reader {
    char dir[PATH_MAX];
    struct reader_file files[LANE_COUNT];
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
    if (lane == LANE_A && journal_spare_path(dir, ret_path))
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
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        close_file(&reader->files[lane]);
    free(reader);
}

bool journal_reader_outdated(struct journal_reader *reader)
{
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

/* The statement, reset and its lane open; NULL and *ret_err when it is not there. */
static sqlite3_stmt *take(struct journal_reader *reader, enum lane lane, enum reader_sql sql, enum err *ret_err)
{
    struct reader_file *file = &reader->files[lane];
    *ret_err = open_lane(file, lane);
    if (*ret_err != ERR_OK)
        return NULL;
    (void)sqlite3_reset(file->sql[sql]);
    return file->sql[sql];
}

static enum err step(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return ERR_OK;
    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE ? ERR_EMPTY : journal_err(code);
}

static uint64_t number(sqlite3_stmt *statement, int at)
{
    int64_t value = sqlite3_column_int64(statement, at);
    return value > 0 ? (uint64_t)value : 0;
}

enum err journal_reader_facts(struct journal_reader *reader, struct journal_facts *ret_facts)
{
    struct journal_facts facts = {{0}, 0};
    uint64_t boot = 0;
    sqlite3 *db = reader->files[LANE_A].db;
    if (!journal_get_meta_text(db, "stream", facts.stream, sizeof facts.stream) ||
        !journal_get_meta_number(db, "boot", &boot))
        return ERR_NOT_FOUND;
    facts.boot = (uint32_t)boot;
    *ret_facts = facts;
    return ERR_OK;
}

static enum err bounds(struct journal_reader *reader, enum lane lane, uint64_t *ret_oldest, uint64_t *ret_last)
{
    enum err err;
    sqlite3_stmt *statement = take(reader, lane, READ_BOUNDS, &err);
    if (statement == NULL)
        return err;
    err = step(statement);
    if (err != ERR_OK)
        return err;
    uint64_t const first = number(statement, 2) > 0 ? number(statement, 2) : 1;
    uint64_t const last = number(statement, 1);
    uint64_t const oldest = number(statement, 0);
    (void)sqlite3_reset(statement);
    const struct reader_file *file = &reader->files[lane];
    *ret_last = last >= first ? last : first - 1;
    *ret_oldest = oldest > 0 ? oldest : *ret_last + 1;
    if (file->salvage_last > 0 && file->salvage_first < *ret_oldest) /* it may come back */
        *ret_oldest = file->salvage_first;
    return ERR_OK;
}

enum err journal_reader_last(struct journal_reader *reader, enum lane lane, uint64_t *ret_last)
{
    uint64_t oldest;
    return bounds(reader, lane, &oldest, ret_last);
}

enum err journal_reader_cursor(struct journal_reader *reader, enum lane lane, const char *centre,
                               struct journal_cursor *ret_cursor)
{
    enum err err;
    uint64_t oldest;
    uint64_t last;
    sqlite3_stmt *statement = take(reader, lane, READ_CURSOR, &err);
    if (statement == NULL)
        return err;
    (void)sqlite3_bind_text(statement, 1, centre, -1, SQLITE_STATIC);
    err = step(statement);
    if (err == ERR_OK) {
        struct journal_cursor cursor = {.lw = number(statement, 0)};
        const char *ranges = (const char *)sqlite3_column_text(statement, 1);
        journal_parse_ranges(ranges != NULL ? ranges : "", &cursor);
        (void)sqlite3_reset(statement);
        *ret_cursor = cursor;
        return ERR_OK;
    }
    if (err != ERR_EMPTY)
        return err;
    err = bounds(reader, lane, &oldest, &last);
    if (err == ERR_OK)
        *ret_cursor = (struct journal_cursor){.lw = oldest - 1};
    return err;
}

enum err journal_reader_since(struct journal_reader *reader, int64_t since_utc_ms, uint64_t count_max,
                              uint64_t *ret_first)
{
    uint64_t oldest;
    uint64_t last;
    enum err err = bounds(reader, LANE_T, &oldest, &last);
    if (err != ERR_OK)
        return err;
    uint64_t const before = last > count_max ? last - count_max : 0;
    sqlite3_stmt *statement = take(reader, LANE_T, READ_SINCE, &err);
    if (statement == NULL)
        return err;
    (void)sqlite3_bind_int64(statement, 1, (int64_t)before);
    (void)sqlite3_bind_int64(statement, 2, since_utc_ms);
    err = step(statement);
    if (err != ERR_OK && err != ERR_EMPTY)
        return err;
    *ret_first = err == ERR_OK ? number(statement, 0) + 1 : before + 1;
    (void)sqlite3_reset(statement);
    return ERR_OK;
}

static enum err seek(struct journal_reader *reader, enum lane lane, enum reader_sql sql, uint64_t from)
{
    enum err err;
    sqlite3_stmt *statement = take(reader, lane, sql, &err);
    if (statement != NULL)
        (void)sqlite3_bind_int64(statement, 1, (int64_t)from);
    reader->files[lane].seeking = sql;
    return err;
}

enum err journal_reader_seek(struct journal_reader *reader, enum lane lane, uint64_t from)
{
    return seek(reader, lane, READ_ROWS, from);
}

enum err journal_reader_seek_payloads(struct journal_reader *reader, enum lane lane, uint64_t from)
{
    return seek(reader, lane, READ_PAYLOADS, from);
}

static enum err next_row(sqlite3_stmt *statement, struct journal_row *ret_row)
{
    enum err err = step(statement);
    if (err != ERR_OK)
        return err;
    const char *topic = (const char *)sqlite3_column_text(statement, 2);
    const void *payload = sqlite3_column_blob(statement, 3);
    *ret_row = (struct journal_row){
        .seq = number(statement, 0),
        .at_utc_ms = sqlite3_column_int64(statement, 1),
        .topic = topic != NULL ? topic : "",
        .payload = payload != NULL ? payload : "",
        .payload_size = (size_t)sqlite3_column_bytes(statement, 3),
    };
    return ERR_OK;
}

static enum err next_payload(sqlite3_stmt *statement, struct journal_row *ret_row)
{
    enum err err = step(statement);
    if (err != ERR_OK)
        return err;
    const void *payload = sqlite3_column_blob(statement, 1);
    *ret_row = (struct journal_row){
        .seq = number(statement, 0),
        .topic = "",
        .payload = payload != NULL ? payload : "",
        .payload_size = (size_t)sqlite3_column_bytes(statement, 1),
    };
    return ERR_OK;
}

enum err journal_reader_next(struct journal_reader *reader, enum lane lane, struct journal_row *ret_row)
{
    const struct reader_file *file = &reader->files[lane];
    return file->seeking == READ_PAYLOADS ? next_payload(file->sql[READ_PAYLOADS], ret_row)
                                          : next_row(file->sql[READ_ROWS], ret_row);
}

void journal_reader_rest(struct journal_reader *reader, enum lane lane)
{
    const struct reader_file *file = &reader->files[lane];
    (void)sqlite3_reset(file->sql[file->seeking == READ_PAYLOADS ? READ_PAYLOADS : READ_ROWS]);
}

enum err journal_reader_seek_back(struct journal_reader *reader, enum lane lane, uint64_t below)
{
    enum err err;
    sqlite3_stmt *statement = take(reader, lane, READ_ROWS_BACK, &err);
    if (statement != NULL)
        (void)sqlite3_bind_int64(statement, 1, (int64_t)below);
    return err;
}

enum err journal_reader_next_back(struct journal_reader *reader, enum lane lane, struct journal_row *ret_row)
{
    return next_row(reader->files[lane].sql[READ_ROWS_BACK], ret_row);
}

void journal_reader_rest_back(struct journal_reader *reader, enum lane lane)
{
    (void)sqlite3_reset(reader->files[lane].sql[READ_ROWS_BACK]);
}

enum err journal_reader_oldest(struct journal_reader *reader, enum lane lane, uint64_t *ret_oldest)
{
    uint64_t last;
    return bounds(reader, lane, ret_oldest, &last);
}

enum err journal_reader_begin(struct journal_reader *reader, enum lane lane)
{
    enum err err;
    sqlite3_stmt *statement = take(reader, lane, READ_BEGIN, &err);
    if (statement == NULL)
        return err;
    err = step(statement);
    return err == ERR_EMPTY ? ERR_OK : err;
}

void journal_reader_end(struct journal_reader *reader, enum lane lane)
{
    enum err err;
    sqlite3_stmt *statement = take(reader, lane, READ_END, &err);
    if (statement != NULL)
        (void)step(statement);
}

enum err journal_reader_seek_states(struct journal_reader *reader, const char *subject)
{
    enum err err;
    sqlite3_stmt *statement = take(reader, LANE_A, READ_STATES, &err);
    if (statement != NULL)
        (void)sqlite3_bind_text(statement, 1, subject, -1, SQLITE_STATIC);
    return err;
}

enum err journal_reader_next_state(struct journal_reader *reader, struct journal_state *ret_state)
{
    enum err err = step(reader->files[LANE_A].sql[READ_STATES]);
    if (err == ERR_OK)
        journal_read_state(reader->files[LANE_A].sql[READ_STATES], ret_state);
    return err;
}

void journal_reader_rest_states(struct journal_reader *reader)
{
    (void)sqlite3_reset(reader->files[LANE_A].sql[READ_STATES]);
}

static void take_column(sqlite3_stmt *statement, int at, char *to, size_t to_size)
{
    const char *found = (const char *)sqlite3_column_text(statement, at);
    text_copy(to, to_size, found != NULL ? found : "");
}

enum err journal_reader_next_registry(struct journal_reader *reader, const char *centre, const char *dev, bool every,
                                      struct journal_registry *ret_registry)
{
    enum err err;
    sqlite3_stmt *statement = take(reader, LANE_A, READ_REGISTRY, &err);
    if (statement == NULL)
        return err;
    (void)sqlite3_bind_text(statement, 1, centre, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(statement, 2, dev, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int(statement, 3, every ? 1 : 0);
    err = step(statement);
    if (err != ERR_OK)
        return err;
    take_column(statement, 0, ret_registry->dev, sizeof ret_registry->dev);
    ret_registry->rev = (uint32_t)number(statement, 1);
    take_column(statement, 2, ret_registry->sha256, sizeof ret_registry->sha256);
    take_column(statement, 3, ret_registry->acked, sizeof ret_registry->acked);
    (void)sqlite3_reset(statement);
    return ERR_OK;
}

enum err journal_reader_order(struct journal_reader *reader, const char *centre, const char *id,
                              struct journal_order *ret_order)
{
    enum err err;
    sqlite3_stmt *statement = take(reader, LANE_A, READ_ORDER, &err);
    if (statement == NULL)
        return err;
    (void)sqlite3_bind_text(statement, 1, centre, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(statement, 2, id, -1, SQLITE_STATIC);
    err = step(statement);
    if (err == ERR_OK) {
        *ret_order = (struct journal_order){.centre = centre,
                                            .at_utc_ms = (int64_t)number(statement, 3),
                                            .answered = sqlite3_column_type(statement, 0) != SQLITE_NULL};
        text_copy(ret_order->id, sizeof ret_order->id, id);
        take_column(statement, 0, ret_order->code, sizeof ret_order->code);
        take_column(statement, 1, ret_order->why, sizeof ret_order->why);
        take_column(statement, 2, ret_order->detail, sizeof ret_order->detail);
    }
    (void)sqlite3_reset(statement);
    return err == ERR_EMPTY ? ERR_NOT_FOUND : err;
}

const char *journal_library_version(void)
{
    return sqlite3_libversion();
}
