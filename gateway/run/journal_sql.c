/* Small questions to a database of the journal, for opening and salvaging. Codes are SQLite's. */
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/run/journal_private.h"

/* The value of a PRAGMA or of a SELECT of one text; "" when there is none. */
int journal_ask_text(sqlite3 *db, const char *sql, char *ret_answer, size_t answer_size)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    const char *answer = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    text_copy(ret_answer, answer_size, answer != NULL ? answer : "");
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

int journal_ask_number(sqlite3 *db, const char *sql, int64_t *ret_answer)
{
    char answer[32];
    int code = journal_ask_text(db, sql, answer, sizeof answer);
    if (code == SQLITE_OK)
        *ret_answer = strtoll(answer, NULL, 10);
    return code;
}

int journal_execute(sqlite3 *db, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sql = sqlite3_vmprintf(format, arguments);
    va_end(arguments);
    int code = sql != NULL ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return code;
}

bool journal_get_meta_text(sqlite3 *db, const char *key, char *ret_value, size_t value_size)
{
    sqlite3_stmt *statement = NULL;
    bool found = false;
    if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key=?1", -1, &statement, NULL) != SQLITE_OK)
        return false;
    (void)sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        const char *value = (const char *)sqlite3_column_text(statement, 0);
        text_copy(ret_value, value_size, value != NULL ? value : "");
        found = true;
    }
    (void)sqlite3_finalize(statement);
    return found;
}

bool journal_get_meta_number(sqlite3 *db, const char *key, uint64_t *ret_value)
{
    char value[32];
    if (!journal_get_meta_text(db, key, value, sizeof value) || value[0] < '0' || value[0] > '9')
        return false;
    *ret_value = strtoull(value, NULL, 10);
    return true;
}

int journal_set_meta_text(sqlite3 *db, const char *key, const char *value)
{
    return journal_execute(db, "INSERT OR REPLACE INTO meta(key,value) VALUES(%Q,%Q)", key, value);
}

int journal_set_meta_number(sqlite3 *db, const char *key, uint64_t value)
{
    return journal_execute(db, "INSERT OR REPLACE INTO meta(key,value) VALUES(%Q,%lld)", key, (long long)value);
}
