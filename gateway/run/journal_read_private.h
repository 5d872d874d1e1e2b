/* journal_read_private: a reader's own state, shared by journal_read_open.c (files, statements), journal_read_rows.c
 * (records) and journal_read.c (everything else that is asked, snapshots). Nobody else includes this. */
#ifndef OUTPOST_RUN_JOURNAL_READ_PRIVATE_H
#define OUTPOST_RUN_JOURNAL_READ_PRIVATE_H

#include <sqlite3.h>
#include <sys/stat.h>

#include "gateway/run/journal_private.h"

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
    struct reader_file files[LANE_COUNT + 1]; /* the last: LANE_TAIL */
    char tail_path[PATH_MAX];                 /* where one would be */
    bool tail_waits;                          /* a row of the tail was read ahead … */
    uint64_t tail_from;                       /* … with this number: the disk's are wanted up to here */
    bool in_tail;
    bool without_tail; /* in a snapshot of lane t that was taken when there was none */
};

/* ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err journal_reader_open_tail(struct journal_reader *reader);

/* The statement, reset and its file open; NULL and *ret_err when it is not there. */
sqlite3_stmt *journal_reader_take(struct journal_reader *reader, enum lane lane, enum reader_sql sql,
                                  enum err *ret_err);

/* ERR_OK: a row is there; ERR_EMPTY: no more, and the statement is reset. */
enum err journal_reader_step(sqlite3_stmt *statement);

uint64_t journal_reader_number(sqlite3_stmt *statement, int at); /* 0 for NULL and what is negative */

#endif
