/* What the writer does again and again: its statements, prepared once for each file; running them, and what an error of one
 * means. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

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

/* What the system said about it, where SQLite's own words leave that out. */
static void put_trouble(struct journal_file *file, const char *doing, int sqlite_code)
{
    char reason[64];
    int const system = file->db != NULL ? sqlite3_system_errno(file->db) : 0;
    bool const is_of_system = (sqlite_code & 0xFF) == SQLITE_CANTOPEN || (sqlite_code & 0xFF) == SQLITE_IOERR;
    const char *said = is_of_system && system != 0 ? strerror_r(system, reason, sizeof reason) : "";
    (void)snprintf(file->trouble, sizeof file->trouble, "%s: cannot %s: %s%s%.50s", file->name, doing,
                   file->db != NULL ? sqlite3_errmsg(file->db) : sqlite3_errstr(sqlite_code),
                   said[0] != '\0' ? ": " : "", said);
}

enum err journal_fail(struct journal *journal, enum lane lane, const char *doing, int sqlite_code)
{
    struct journal_file *file = &journal->files[lane];
    enum err err = journal_err(sqlite_code);
    put_trouble(file, doing, sqlite_code);
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

sqlite3_stmt *journal_statement(struct journal *journal, enum lane lane, enum journal_sql sql)
{
    return journal->files[lane].sql[sql];
}

void journal_bind_number(sqlite3_stmt *statement, int at, uint64_t value)
{
    (void)sqlite3_bind_int64(statement, at, (int64_t)value);
}

void journal_bind_text(sqlite3_stmt *statement, int at, const char *value)
{
    (void)sqlite3_bind_text(statement, at, value, -1, SQLITE_STATIC);
}

uint64_t journal_column_number(sqlite3_stmt *statement, int at)
{
    int64_t value = sqlite3_column_int64(statement, at);
    return value > 0 ? (uint64_t)value : 0;
}

const char *journal_column_text(sqlite3_stmt *statement, int at)
{
    const unsigned char *value = sqlite3_column_text(statement, at);
    return value != NULL ? (const char *)value : "";
}
