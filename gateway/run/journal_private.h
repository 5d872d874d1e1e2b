/* journal_private: what journal.c, journal_open.c and journal_read.c share. Nobody else includes this; sqlite3.h stays in
 * the three .c files. */
#ifndef OUTPOST_RUN_JOURNAL_PRIVATE_H
#define OUTPOST_RUN_JOURNAL_PRIVATE_H

#include <limits.h>

#include "gateway/base/text.h"
#include "gateway/run/journal.h"

struct sqlite3;
struct sqlite3_stmt;

#define JOURNAL_FORMAT    1 /* user_version of both files */
#define JOURNAL_PAGE_SIZE 4096
#define JOURNAL_NAME_MAX  255 /* of an alarm id */

/* What the writer does again and again; each is prepared once. */
enum journal_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_PUT_RECORD,
    SQL_PUT_GAP,
    SQL_PUT_CURSOR,
    SQL_GET_CURSOR,
    SQL_PUT_META,
    SQL_NEXT_GAP,
    SQL_LAST_GAP,
    SQL_EXTEND_GAP,
    SQL_FORGET_GAPS,
    SQL_OLDEST,
    SQL_NTH,
    SQL_DELETE_TO,
    SQL_EXPIRABLE,
    SQL_PAGES,
    SQL_FREE_PAGES,
    SQL_LANE_A_FIRST, /* from here on: alarms.db only */
    SQL_PUT_STATE = SQL_LANE_A_FIRST,
    SQL_NEXT_STATE,
    SQL_PUT_REGISTRY,
    SQL_GET_REGISTRY,
    SQL_NEXT_REGISTRY,
    SQL_PUT_REGISTRY_ACKED,
    SQL_COUNT
};

struct journal_file {
    struct sqlite3 *db; /* NULL: not open */
    struct sqlite3_stmt *sql[SQL_COUNT];
    char path[PATH_MAX];
    const char *name; /* "alarms.db" */
    bool known;       /* was open before in this process: `last` is exact */
    bool condemned;   /* found damaged while running: set aside at the next opening */
    bool in_transaction;
    uint64_t last;
    uint64_t uncommitted_last;
    bool noted; /* `noted_last` is in the other file */
    uint64_t noted_last;
    char trouble[160]; /* "" none */
    uint64_t lw;       /* up to where every centre has it, as last told by journal_note */
};

struct journal {
    char dir[PATH_MAX - 64];
    uint64_t size_max;
    char machine_id[64];
    char machine_boot_id[64];
    int lock_fd;
    struct journal_file files[LANE_COUNT];
    bool known; /* stream, boot and floor are those of this process */
    char stream[JOURNAL_STREAM_SIZE];
    uint32_t boot;
    uint64_t occurrence_floor;
    uint64_t gap_declared[LANE_COUNT]; /* id of the last gap an event declares */
    uint64_t uncommitted_declared[LANE_COUNT];
    char incident[160];
    struct { /* the strings of the last journal_next_state */
        char subject[SITE_ID_MAX + 1];
        char name[JOURNAL_NAME_MAX + 1];
        char cls[SITE_ID_MAX + 1];
        char priority[16];
    } row;
};

enum err journal_err(int sqlite_code);

/* Records the trouble in words, takes the transaction back, closes the lane when that is called for. Returns the error. */
enum err journal_fail(struct journal *journal, enum lane lane, const char *doing, int sqlite_code);
void journal_close_lane(struct journal *journal, enum lane lane);

/* Prepares every statement of a writer's file. */
MUST_CHECK enum err journal_prepare(struct journal *journal, enum lane lane);

/* Runs a prepared statement that gives no rows; resets it. */
MUST_CHECK enum err journal_run(struct journal *journal, enum lane lane, enum journal_sql sql, const char *doing);

void journal_read_state(struct sqlite3_stmt *row, struct journal_state *ret_state);
/* Adds "first-last first-last" to a cursor; stops at what is not that. */
void journal_parse_ranges(const char *ranges, struct journal_cursor *cursor);

/* Settings of every connection; `cache_kib` of page cache. */
MUST_CHECK enum err journal_set_up(struct sqlite3 *db, int cache_kib);

/* One text or number of the table meta; false when it is not there. */
bool journal_get_meta_text(struct sqlite3 *db, const char *key, char *ret_value, size_t value_size);
bool journal_get_meta_number(struct sqlite3 *db, const char *key, uint64_t *ret_value);

#endif
