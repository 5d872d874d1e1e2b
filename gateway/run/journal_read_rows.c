/* The senders' view of the journal: its records, forward and backward; of lane t the disk's, then the tail's. */
#include <sqlite3.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_read_private.h"

/* The first row of the tail, which pins its snapshot. */
static enum err look_ahead(struct journal_reader *reader, enum reader_sql sql, uint64_t bound)
{
    enum err err;
    reader->tail_waits = reader->in_tail = false;
    reader->tail_from = 0;
    sqlite3_stmt *statement = journal_reader_take(reader, LANE_TAIL, sql, &err);
    if (statement == NULL)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    (void)sqlite3_bind_int64(statement, 1, (int64_t)bound);
    err = journal_reader_step(statement);
    reader->tail_waits = err == ERR_OK;
    if (err == ERR_OK)
        reader->tail_from = journal_reader_number(statement, 0);
    return err == ERR_EMPTY ? ERR_OK : err;
}

static enum err seek(struct journal_reader *reader, enum lane lane, enum reader_sql sql, uint64_t from)
{
    enum err err = lane == LANE_T ? look_ahead(reader, sql, from) : ERR_OK;
    if (err != ERR_OK)
        return err;
    sqlite3_stmt *statement = journal_reader_take(reader, lane, sql, &err);
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

static void read_row(sqlite3_stmt *row, struct journal_row *ret_row)
{
    const char *topic = (const char *)sqlite3_column_text(row, 2);
    const void *payload = sqlite3_column_blob(row, 3);
    *ret_row = (struct journal_row){
        .seq = journal_reader_number(row, 0),
        .at_utc_ms = sqlite3_column_int64(row, 1),
        .topic = topic != NULL ? topic : "",
        .payload = payload != NULL ? payload : "",
        .payload_size = (size_t)sqlite3_column_bytes(row, 3),
    };
}

static void read_payload(sqlite3_stmt *row, struct journal_row *ret_row)
{
    const void *payload = sqlite3_column_blob(row, 1);
    *ret_row = (struct journal_row){
        .seq = journal_reader_number(row, 0),
        .topic = "",
        .payload = payload != NULL ? payload : "",
        .payload_size = (size_t)sqlite3_column_bytes(row, 1),
    };
}

/* The next row of the tail: the first was read ahead. */
static enum err step_tail(struct journal_reader *reader, sqlite3_stmt *statement)
{
    enum err err = ERR_OK;
    if (!reader->tail_waits)
        err = journal_reader_step(statement);
    reader->tail_waits = false;
    return err;
}

static enum err step_up(struct journal_reader *reader, enum lane lane, enum reader_sql sql, sqlite3_stmt **ret_row)
{
    sqlite3_stmt *row = reader->files[lane].sql[sql];
    if (lane == LANE_A || !reader->in_tail) {
        enum err const err = journal_reader_step(row);
        *ret_row = row;
        if (lane == LANE_A || reader->tail_from == 0 || (err != ERR_EMPTY && err != ERR_OK) ||
            (err == ERR_OK && journal_reader_number(row, 0) < reader->tail_from))
            return err;
        (void)sqlite3_reset(row);
        reader->in_tail = true;
    }
    *ret_row = reader->files[LANE_TAIL].sql[sql];
    return step_tail(reader, *ret_row);
}

enum err journal_reader_next(struct journal_reader *reader, enum lane lane, struct journal_row *ret_row)
{
    enum reader_sql const sql = reader->files[lane].seeking;
    sqlite3_stmt *row;
    enum err err = step_up(reader, lane, sql, &row);
    if (err == ERR_OK)
        (sql == READ_PAYLOADS ? read_payload : read_row)(row, ret_row);
    return err;
}

static void rest(struct journal_reader *reader, enum lane lane, enum reader_sql sql)
{
    (void)sqlite3_reset(reader->files[lane].sql[sql]);
    if (lane == LANE_T)
        (void)sqlite3_reset(reader->files[LANE_TAIL].sql[sql]);
}

void journal_reader_rest(struct journal_reader *reader, enum lane lane)
{
    rest(reader, lane, reader->files[lane].seeking == READ_PAYLOADS ? READ_PAYLOADS : READ_ROWS);
}

enum err journal_reader_seek_back(struct journal_reader *reader, enum lane lane, uint64_t below)
{
    enum err err = lane == LANE_T ? look_ahead(reader, READ_ROWS_BACK, below) : ERR_OK;
    if (err != ERR_OK)
        return err;
    sqlite3_stmt *statement = journal_reader_take(reader, lane, READ_ROWS_BACK, &err);
    reader->in_tail = lane == LANE_T && reader->tail_waits;
    if (statement != NULL && !reader->in_tail)
        (void)sqlite3_bind_int64(statement, 1, (int64_t)below);
    return err;
}

enum err journal_reader_next_back(struct journal_reader *reader, enum lane lane, struct journal_row *ret_row)
{
    sqlite3_stmt *row = reader->files[lane].sql[READ_ROWS_BACK];
    if (lane == LANE_T && reader->in_tail) {
        sqlite3_stmt *in_tail = reader->files[LANE_TAIL].sql[READ_ROWS_BACK];
        enum err const err = step_tail(reader, in_tail);
        if (err == ERR_OK) {
            read_row(in_tail, ret_row);
            reader->tail_from = ret_row->seq;
        }
        if (err != ERR_EMPTY)
            return err;
        reader->in_tail = false;
        (void)sqlite3_bind_int64(row, 1, (int64_t)reader->tail_from);
    }
    enum err const err = journal_reader_step(row);
    if (err == ERR_OK)
        read_row(row, ret_row);
    return err;
}

void journal_reader_rest_back(struct journal_reader *reader, enum lane lane)
{
    rest(reader, lane, READ_ROWS_BACK);
}
