/* journal_private: what the journal's .c files share. Nobody else includes this; sqlite3.h stays in those files. */
#ifndef OUTPOST_RUN_JOURNAL_PRIVATE_H
#define OUTPOST_RUN_JOURNAL_PRIVATE_H

#include <limits.h>

#include "gateway/base/text.h"
#include "gateway/run/journal.h"

struct sqlite3;
struct sqlite3_stmt;

#define JOURNAL_FORMAT    5 /* user_version of both files */
#define JOURNAL_PAGE_SIZE 4096
#define JOURNAL_NAME_MAX  255          /* of an alarm id */
#define JOURNAL_CORRUPT   ".corrupt-"  /* what follows a damaged file's name, then the boot: still to be salvaged … */
#define JOURNAL_SALVAGED  ".salvaged-" /* … and done with: may be deleted by anybody */

#define JOURNAL_STATE_VALUES                                                                                           \
    "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)" /* columns of state */

/* What the writer does again and again; each is prepared once. */
enum journal_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_PUT_RECORD,
    SQL_PUT_OLD_RECORD,
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
    SQL_SOME,
    SQL_DELETE_ONE,
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
    SQL_PUT_ORDER,
    SQL_ANSWER_ORDER,
    SQL_FIND_ORDER,
    SQL_FORGET_ORDERS,
    SQL_COUNT
};

/* What is known of a lane whose file is lost. */
struct journal_origin {
    bool found;
    uint64_t high; /* numbers up to about here were given */
    uint64_t lw;   /* up to here every centre has them */
    uint64_t boot;
    char stream[JOURNAL_STREAM_SIZE];
    char machine[64];
};

/* A damaged file whose records are being brought back. */
struct journal_salvage {
    bool going;
    char name[64];        /* of the damaged file, in the journal's directory; "" none */
    struct sqlite3 *from; /* NULL: not open */
    struct sqlite3_stmt *below;
    struct carve *carve; /* NULL: the next two are not valid */
    int pages_fd;
    uint64_t page_count;
    unsigned folds; /* times it was tried to fold its log */
    uint64_t first; /* numbers from here on must come back or be declared; older ones every centre has … */
    uint64_t last;  /* … and up to here */
    uint64_t page;  /* to be looked at; 0: all were */
    uint64_t next;  /* afterwards: numbers above are there or declared; 0: it is done */
    uint64_t back;
    uint64_t lost;
};

struct journal_file {
    struct sqlite3 *db; /* NULL: not open */
    struct sqlite3_stmt *sql[SQL_COUNT];
    char path[PATH_MAX];
    const char *name; /* "alarms.db" */
    bool known;       /* was open before in this process: `last` is exact */
    bool condemned;   /* found damaged while running: set aside at the next opening */
    bool suspect;     /* the last stop was not clean: look at every record */
    bool renewed;     /* begun anew since journal_take_renewed was asked */
    bool in_transaction;
    uint64_t last;
    uint64_t uncommitted_last;
    bool noted; /* `noted_last` is in the other file */
    uint64_t noted_last;
    char trouble[160]; /* "" none */
    uint64_t lw;       /* up to where every centre has it, as last told by journal_note */
    struct journal_salvage salvage;
};

struct journal {
    char dir[PATH_MAX - 64];
    uint64_t size_max;
    char machine_id[64];
    char machine_boot_id[64];
    int lock_fd;
    struct journal_file files[LANE_COUNT + 1]; /* the last: LANE_TAIL */
    bool known;                                /* stream, boot and floor are those of this process */
    char stream[JOURNAL_STREAM_SIZE];
    uint32_t boot;
    uint64_t occurrence_floor;
    uint64_t gap_declared[LANE_COUNT + 1]; /* id of the last gap an event declares; of the tail none is */
    uint64_t uncommitted_declared[LANE_COUNT + 1];
    struct journal_origin given; /* of a spare: where it begins */
    struct {
        char token[20];    /* also on the disk, beside `reserved`: whose rows go on from the disk's */
        uint64_t reserved; /* numbers up to here may have been given in the tail; 0: none */
        uint64_t bytes;    /* of its records */
        uint64_t uncommitted;
    } tail;
    bool was_clean; /* telemetry.db, before this process */
    const char *incident_what;
    char incident[160];
    struct { /* the strings of the last journal_next_state */
        char subject[SITE_ID_MAX + 1];
        char name[JOURNAL_NAME_MAX + 1];
        char cls[SITE_ID_MAX + 1];
        char priority[16];
    } row;
};

/* --- journal_statements.c --- */

enum err journal_err(int sqlite_code);

/* Records the trouble in words, takes the transaction back, closes the lane when that is called for. Returns the error. */
enum err journal_fail(struct journal *journal, enum lane lane, const char *doing, int sqlite_code);
void journal_close_lane(struct journal *journal, enum lane lane);

/* Prepares every statement of a writer's file. */
MUST_CHECK enum err journal_prepare(struct journal *journal, enum lane lane);

/* Runs a prepared statement that gives no rows; resets it. */
MUST_CHECK enum err journal_run(struct journal *journal, enum lane lane, enum journal_sql sql, const char *doing);

/* Steps to the next row a query gives. ERR_EMPTY: none (and the statement is reset). On ERR_OK the caller resets. */
MUST_CHECK enum err journal_query(struct journal *journal, enum lane lane, enum journal_sql sql, const char *doing);
struct sqlite3_stmt *journal_statement(struct journal *journal, enum lane lane, enum journal_sql sql);
void journal_bind_number(struct sqlite3_stmt *statement, int at, uint64_t value);
void journal_bind_text(struct sqlite3_stmt *statement, int at, const char *value); /* not copied */
uint64_t journal_column_number(struct sqlite3_stmt *statement, int at);            /* 0 for a negative one */
const char *journal_column_text(struct sqlite3_stmt *statement, int at); /* "" for NULL; lives until the next step */

/* --- journal.c, journal_states.c --- */

/* Into the open transaction of the lane. */
MUST_CHECK enum err journal_put_meta_number(struct journal *journal, enum lane lane, const char *key, uint64_t value);

void journal_read_state(struct sqlite3_stmt *row, struct journal_state *ret_state);
/* Adds "first-last first-last" to a cursor; stops at what is not that. */
void journal_parse_ranges(const char *ranges, struct journal_cursor *cursor);

/* Settings of every connection; `cache_kib` of page cache. */
MUST_CHECK enum err journal_set_up(struct sqlite3 *db, int cache_kib);

/* journal_open.c: pages of its log after which it is folded back; it may grow to twice that. */
uint64_t journal_log_pages(const struct journal *journal, enum lane lane);
/* journal_open.c: this user may not read and write it: somebody changed its owner or mode. It is taken to be sound. */
bool journal_is_forbidden(const char *path);

/* --- journal_sql.c: small questions; codes are SQLite's --- */

/* The value of a PRAGMA or of a SELECT of one text; "" when there is none. */
MUST_CHECK int journal_ask_text(struct sqlite3 *db, const char *sql, char *ret_answer, size_t answer_size);
MUST_CHECK int journal_ask_number(struct sqlite3 *db, const char *sql, int64_t *ret_answer);
/* Statements that give no rows; sqlite3_mprintf's format. */
int journal_execute(struct sqlite3 *db, const char *format, ...);
/* One text or number of the table meta; false when it is not there. */
bool journal_get_meta_text(struct sqlite3 *db, const char *key, char *ret_value, size_t value_size);
bool journal_get_meta_number(struct sqlite3 *db, const char *key, uint64_t *ret_value);
MUST_CHECK int journal_set_meta_text(struct sqlite3 *db, const char *key, const char *value);
MUST_CHECK int journal_set_meta_number(struct sqlite3 *db, const char *key, uint64_t value);

/* --- journal_fresh.c: tables --- */

extern const char journal_tables_both[];
extern const char journal_tables_a[]; /* after the others, in alarms.db */

/* What the other file says about it. */
void journal_find_origin(struct journal *journal, enum lane lane, struct journal_origin *ret_origin);
/* The first transaction: fresh tables where there are none, an older format brought up to date, and this start. */
MUST_CHECK int journal_settle_in(struct journal *journal, enum lane lane);
/* Numbers first..last may be lost; nothing when first > last. `declared`: id of the last gap that was declared. */
MUST_CHECK int journal_put_lost(struct sqlite3 *db, uint64_t declared, uint64_t first, uint64_t last, const char *why);

/* --- journal_sum.c --- */

uint32_t journal_sum(const struct journal_record *record);
uint64_t journal_hash(const void *bytes, size_t size);

/* --- journal_aside.c --- */

/* Path of a file in the journal's directory; false: too long. */
bool journal_aside_path(const struct journal *journal, const char *name, char ret_path[static PATH_MAX]);
/* For a fresh file: which damaged one it stands for; what that one says about itself. */
void journal_aside_find(struct journal *journal, enum lane lane);
void journal_aside_origin(struct journal *journal, enum lane lane, struct journal_origin *origin);
/* It is there; its path and size. */
struct stat;
bool journal_has_aside(const struct journal *journal, enum lane lane, char ret_path[static PATH_MAX],
                       struct stat *ret_status);
/* False: SQLite can read nothing of it, not even with a first page that fits. */
bool journal_open_aside(struct journal *journal, enum lane lane);
void journal_close_aside(struct journal_salvage *salvage);
/* What can be read of a small table; columns are bound in their order. A row that does not fit is left out. */
void journal_copy_rows(struct sqlite3 *from, struct sqlite3 *to, const char *read_sql, const char *put_sql);
/* States, cursors, registries. */
void journal_copy_small_tables(struct sqlite3 *from, struct sqlite3 *to, enum lane lane);

/* --- journal_salvage.c --- */

/* Into a fresh file: the damaged one's small tables, and which numbers have to come back or to be declared (up to `last`, the
 * highest it can have had). */
MUST_CHECK int journal_salvage_begin(struct journal *journal, enum lane lane, uint64_t first, uint64_t last);
/* At each opening: is there one that is not done? */
void journal_salvage_resume(struct journal *journal, enum lane lane);
void journal_salvage_close(struct journal *journal, enum lane lane);

/* --- journal_spare.c --- */

/* Of the spare (LANE_A) or the tail (LANE_TAIL); false: there is none. */
bool journal_memory_path(const char *dir, enum lane lane, char ret_path[static PATH_MAX]);
/* The directory of both, made, and nobody else's. */
MUST_CHECK bool journal_make_memory(const char *dir);

/* --- journal_tail.c --- */

/* In the first transaction on telemetry.db, whose newest number is `last`: takes up the tail that a killed process left, or
 * declares what was reserved. */
MUST_CHECK int journal_settle_tail(struct journal *journal, uint64_t last);
/* Into a telemetry.db that had to be begun anew: what is reserved. */
MUST_CHECK int journal_put_reserved(struct journal *journal);
void journal_remove_tail(struct journal *journal); /* closes it; its file goes */

/* journal.c: a record of the tail, above the newest number. */
MUST_CHECK enum err journal_put_moved_record(struct journal *journal, const struct journal_record *record);
/* journal_house.c: declares deleted ones; one gap a run of them: the last gap grows while no event declares it. */
MUST_CHECK enum err journal_put_gone(struct journal *journal, uint64_t first, uint64_t last, const char *why);

/* journal.c: a record below the newest number, for journal_salvage. */
MUST_CHECK enum err journal_put_old_record(struct journal *journal, enum lane lane,
                                           const struct journal_record *record);

#endif
