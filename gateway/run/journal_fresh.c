/* The tables: beginning a fresh file, bringing an older format up to date, and taking up a file that was here before. The
 * format is described on top of journal.c. */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_private.h"

#define CHANGED_MAX 64 /* more of them: the file as a whole cannot be trusted */

#define ORDERED_TABLE                                                                                                  \
    "CREATE TABLE ordered(n INTEGER PRIMARY KEY,centre TEXT NOT NULL,id TEXT NOT NULL,at INTEGER NOT NULL,code TEXT,"  \
    "why TEXT,detail TEXT,UNIQUE(centre,id));"

const char journal_tables_both[] =
    "CREATE TABLE record(seq INTEGER PRIMARY KEY,at INTEGER NOT NULL,topic TEXT NOT NULL,"
    "payload BLOB NOT NULL,sum INTEGER);"
    "CREATE TABLE gap(id INTEGER PRIMARY KEY,first INTEGER NOT NULL,last INTEGER NOT NULL,"
    "why TEXT NOT NULL);"
    "CREATE TABLE cursor(centre TEXT PRIMARY KEY,lw INTEGER NOT NULL,ranges TEXT NOT NULL)"
    "WITHOUT ROWID;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY,value)WITHOUT ROWID;";
const char journal_tables_a[] =
    "CREATE TABLE state(kind TEXT,subject TEXT,name TEXT,sub INTEGER,state TEXT NOT NULL,flags INTEGER NOT NULL,"
    "occurrence INTEGER NOT NULL,quality INTEGER NOT NULL,has_value INTEGER NOT NULL,since INTEGER NOT NULL,"
    "pending INTEGER NOT NULL,value REAL NOT NULL,cls TEXT NOT NULL,priority TEXT NOT NULL,"
    "until_mono INTEGER NOT NULL DEFAULT 0,until_utc INTEGER NOT NULL DEFAULT 0,"
    "told INTEGER NOT NULL DEFAULT 0,count INTEGER NOT NULL DEFAULT 0,cleared INTEGER NOT NULL DEFAULT 0,"
    "active INTEGER NOT NULL DEFAULT 0,active_before INTEGER NOT NULL DEFAULT 0,"
    "PRIMARY KEY(kind,subject,name,sub))WITHOUT ROWID;"
    "CREATE TABLE registry(dev TEXT PRIMARY KEY,rev INTEGER NOT NULL,sha256 TEXT NOT NULL)WITHOUT ROWID;"
    "CREATE TABLE registry_acked(centre TEXT,dev TEXT,sha256 TEXT NOT NULL,PRIMARY KEY(centre,dev))WITHOUT "
    "ROWID;" ORDERED_TABLE; /* the last, as in a file that got it later: see put_first_page in journal_aside.c */

/* --- a fresh file, and one that was here before --- */

static void read_origin(sqlite3 *db, enum lane lane, struct journal_origin *ret_origin)
{
    ret_origin->found =
        journal_get_meta_number(db, lane == LANE_A ? "note_a_high" : "note_t_high", &ret_origin->high) &&
        journal_get_meta_number(db, lane == LANE_A ? "note_a_lw" : "note_t_lw", &ret_origin->lw);
    (void)journal_get_meta_number(db, "boot", &ret_origin->boot);
    (void)journal_get_meta_text(db, "stream", ret_origin->stream, sizeof ret_origin->stream);
    (void)journal_get_meta_text(db, "machine", ret_origin->machine, sizeof ret_origin->machine);
}

void journal_find_origin(struct journal *journal, enum lane lane, struct journal_origin *ret_origin)
{
    const struct journal_file *other = &journal->files[lane == LANE_A ? LANE_T : LANE_A];
    *ret_origin = (struct journal_origin){0};
    if (other->db != NULL) {
        read_origin(other->db, lane, ret_origin);
        return;
    }
    sqlite3 *db = NULL;
    if (access(other->path, R_OK) == 0 &&
        sqlite3_open_v2(other->path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
        read_origin(db, lane, ret_origin);
    (void)sqlite3_close_v2(db);
}

static void make_stream(struct journal *journal)
{
    uint32_t random;
    sqlite3_randomness((int)sizeof random, &random);
    (void)snprintf(journal->stream, sizeof journal->stream, "%08" PRIx32, random);
}

static bool same_machine(const struct journal *journal, const char *machine)
{
    return journal->machine_id[0] == '\0' || machine[0] == '\0' || strcmp(journal->machine_id, machine) == 0;
}

int journal_put_lost(sqlite3 *db, uint64_t declared, uint64_t first, uint64_t last, const char *why)
{
    if (first > last)
        return SQLITE_OK;
    return journal_execute(
        db, "INSERT INTO gap(id,first,last,why) VALUES(1+max(ifnull((SELECT max(id) FROM gap),0),%lld),%lld,%lld,%Q)",
        (long long)declared, (long long)first, (long long)last, why);
}

/* Where a fresh file's numbers begin, and what is lost before them (lost_first > lost_last: nothing). */
static uint64_t first_number(const struct journal_file *file, const struct journal_origin *origin,
                             uint64_t *ret_lost_first)
{
    if (file->known) {
        *ret_lost_first = file->lw + 1;
        return file->last + 1;
    }
    *ret_lost_first = origin->lw + 1;
    return origin->found ? origin->high + JOURNAL_SALVAGE_SKIP + 1 : 1;
}

/* Of a spare: what is before it is on the disk. */
static int put_hole(sqlite3 *db, uint64_t last)
{
    int const code = journal_set_meta_number(db, "salvage_first", 1);
    return code == SQLITE_OK ? journal_set_meta_number(db, "salvage_last", last) : code;
}

/* Where this file's numbers begin, who it belongs to, and what of the lost one must be found again or declared. */
static int put_beginning(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    struct journal_origin origin;
    uint64_t lost_first = 1;
    journal_find_origin(journal, lane, &origin);
    if (!file->known)
        journal_aside_origin(journal, lane, &origin);
    if (journal->given.found)
        origin = journal->given;
    uint64_t const first = journal->given.found ? origin.high + 1 : first_number(file, &origin, &lost_first);
    if (lane == LANE_A && !journal->known) {
        if (origin.stream[0] != '\0' && same_machine(journal, origin.machine))
            text_copy(journal->stream, sizeof journal->stream, origin.stream);
        else
            make_stream(journal);
        journal->boot =
            (uint32_t)origin.boot - (journal->given.found && origin.boot > 0 ? 1 : 0); /* this start has a number */
        journal->occurrence_floor = first - 1; /* a lane has more numbers than any of its rules occurrences */
    }
    int code = journal_set_meta_text(file->db, "stream", journal->stream);
    if (code == SQLITE_OK)
        code = journal_set_meta_number(file->db, "first", first);
    if (code == SQLITE_OK && lane == LANE_A)
        code = journal_set_meta_number(file->db, "occurrence_floor", journal->occurrence_floor);
    if (code == SQLITE_OK)
        code = journal->given.found ? put_hole(file->db, first - 1)
                                    : journal_salvage_begin(journal, lane, lost_first, first - 1);
    return code;
}

static int create_tables(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    journal_aside_find(journal, lane);
    int code = journal_execute(file->db, "%s%s PRAGMA user_version=%d", journal_tables_both,
                               lane == LANE_A ? journal_tables_a : "", JOURNAL_FORMAT);
    if (code == SQLITE_OK)
        code = put_beginning(journal, lane);
    if (code == SQLITE_OK && lane == LANE_T)
        code = journal_put_reserved(journal);
    file->noted = false;
    file->renewed = true;
    return code;
}

/* --- older formats: step `n` makes format n+1 out of format n, all of them in the transaction of the opening --- */

static const struct migration {
    const char *both;
    const char *a; /* after it, in alarms.db */
} migrations[JOURNAL_FORMAT] = {
    [1] = {"ALTER TABLE record ADD COLUMN sum INTEGER;", ""}, /* what was written before has none: not checked */
    [2] = {"", "ALTER TABLE state ADD COLUMN until_mono INTEGER NOT NULL DEFAULT 0;"
               "ALTER TABLE state ADD COLUMN until_utc INTEGER NOT NULL DEFAULT 0;"
               "ALTER TABLE state ADD COLUMN told INTEGER NOT NULL DEFAULT 0;"
               "ALTER TABLE state ADD COLUMN count INTEGER NOT NULL DEFAULT 0;" ORDERED_TABLE},
    [3] = {"", ""}, /* meta knows reserved numbers: who does not would give them twice */
    [4] = {"", "ALTER TABLE state ADD COLUMN cleared INTEGER NOT NULL DEFAULT 0;"
               "ALTER TABLE state ADD COLUMN active INTEGER NOT NULL DEFAULT 0;"
               "ALTER TABLE state ADD COLUMN active_before INTEGER NOT NULL DEFAULT 0;"},
};

static int migrate(sqlite3 *db, enum lane lane, int64_t version)
{
    int code = SQLITE_OK;
    for (int64_t format = version; code == SQLITE_OK && format < JOURNAL_FORMAT; format++)
        code = journal_execute(db, "%s%s", migrations[format].both, lane == LANE_A ? migrations[format].a : "");
    if (code == SQLITE_OK && version < JOURNAL_FORMAT)
        code = journal_execute(db, "PRAGMA user_version=%d", JOURNAL_FORMAT);
    return code;
}

/* --- bytes that changed on the disk, which no check of SQLite's sees: such a record is declared like a lost one --- */

static int drop_record(sqlite3 *db, uint64_t declared, uint64_t seq)
{
    int code = journal_execute(db, "DELETE FROM record WHERE seq=%lld", (long long)seq);
    return code == SQLITE_OK ? journal_put_lost(db, declared, seq, seq, "salvage") : code;
}

static bool is_sound(sqlite3_stmt *row, uint64_t *ret_seq)
{
    const char *topic = (const char *)sqlite3_column_text(row, 2);
    const void *payload = sqlite3_column_blob(row, 3);
    *ret_seq = (uint64_t)sqlite3_column_int64(row, 0);
    struct journal_record const record = {.seq = *ret_seq,
                                          .at_utc_ms = sqlite3_column_int64(row, 1),
                                          .topic = topic != NULL ? topic : "",
                                          .payload = payload != NULL ? payload : "",
                                          .payload_size = (size_t)sqlite3_column_bytes(row, 3)};
    return sqlite3_column_type(row, 4) == SQLITE_NULL ||
           sqlite3_column_int64(row, 4) == (sqlite3_int64)journal_sum(&record);
}

static int drop_changed(struct journal *journal, enum lane lane)
{
    sqlite3 *db = journal->files[lane].db;
    sqlite3_stmt *read = NULL;
    uint64_t changed[CHANGED_MAX];
    size_t count = 0;
    int code = sqlite3_prepare_v2(db, "SELECT seq,at,topic,payload,sum FROM record", -1, &read, NULL);
    while (code == SQLITE_OK && count < CHANGED_MAX && (code = sqlite3_step(read)) == SQLITE_ROW) {
        if (!is_sound(read, &changed[count]))
            count++;
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(read);
    if (count == CHANGED_MAX)
        return SQLITE_CORRUPT;
    code = code == SQLITE_DONE ? SQLITE_OK : code;
    for (size_t i = 0; code == SQLITE_OK && i < count; i++)
        code = drop_record(db, journal->gap_declared[lane], changed[i]);
    if (count == 0)
        return code;
    journal->incident_what = "changed";
    (void)snprintf(journal->incident, sizeof journal->incident,
                   "%zu records of %s had changed on the disk and are declared lost", count, journal->files[lane].name);
    return code;
}

/* --- the start --- */

/* A number that cannot be read must not be given again: an error here is damage. */
static int read_last(sqlite3 *db, uint64_t *ret_last)
{
    int64_t last = 0;
    uint64_t first = 1;
    (void)journal_get_meta_number(db, "first", &first);
    int const code = journal_ask_number(
        db, "SELECT max(ifnull((SELECT max(seq) FROM record),0),ifnull((SELECT max(last) FROM gap),0))", &last);
    *ret_last = last >= (int64_t)first ? (uint64_t)last : first - 1;
    return code;
}

/* A journal that was copied to, or restored on, another machine: two boxes must not give the same keys. Numbers go on, and
 * those the new stream never had are declared. */
static int change_stream(struct journal *journal, enum lane lane)
{
    uint64_t last;
    sqlite3 *db = journal->files[lane].db;
    int code = read_last(db, &last);
    if (code == SQLITE_OK)
        code = journal_set_meta_text(db, "stream", journal->stream);
    return code == SQLITE_OK ? journal_put_lost(db, journal->gap_declared[lane], 1, last, "salvage") : code;
}

static int adopt_states(struct journal *journal)
{
    sqlite3 *db = journal->files[LANE_A].db;
    char boot_id[64];
    if (journal_get_meta_text(db, "machine_boot", boot_id, sizeof boot_id) &&
        strcmp(boot_id, journal->machine_boot_id) == 0)
        return SQLITE_OK;
    int code = journal_execute(db, "UPDATE state SET flags=flags|%d WHERE pending<>0 OR until_mono<>0 OR active<>0",
                               STORED_OTHER_BOOT);
    return code == SQLITE_OK ? journal_set_meta_text(db, "machine_boot", journal->machine_boot_id) : code;
}

/* Once in a process: this is a start. */
static int begin_boot(struct journal *journal)
{
    sqlite3 *db = journal->files[LANE_A].db;
    char machine[64] = "";
    uint64_t boot = journal->boot;
    (void)journal_get_meta_text(db, "stream", journal->stream, sizeof journal->stream);
    (void)journal_get_meta_text(db, "machine", machine, sizeof machine);
    (void)journal_get_meta_number(db, "boot", &boot);
    (void)journal_get_meta_number(db, "occurrence_floor", &journal->occurrence_floor);
    journal->boot = (uint32_t)boot + 1;
    int code = SQLITE_OK;
    if (!same_machine(journal, machine)) {
        make_stream(journal);
        code = change_stream(journal, LANE_A);
    }
    return code;
}

static void read_declared(struct journal *journal)
{
    sqlite3 *db = journal->files[LANE_A].db;
    (void)journal_get_meta_number(db, "gap_declared_a", &journal->gap_declared[LANE_A]);
    (void)journal_get_meta_number(db, "gap_declared_t", &journal->gap_declared[LANE_T]);
}

static int adopt(struct journal *journal, enum lane lane)
{
    sqlite3 *db = journal->files[lane].db;
    char stream[JOURNAL_STREAM_SIZE] = "";
    uint64_t clean = 0;
    int code = SQLITE_OK;
    if (lane == LANE_A && !journal->known)
        code = begin_boot(journal);
    if (lane == LANE_T && !journal->files[lane].known)
        journal->was_clean = journal_get_meta_number(db, "clean", &clean) && clean == 1;
    if (code == SQLITE_OK && lane == LANE_A)
        code = adopt_states(journal);
    (void)journal_get_meta_text(db, "stream", stream, sizeof stream);
    if (code == SQLITE_OK && strcmp(stream, journal->stream) != 0)
        code = change_stream(journal, lane);
    if (code == SQLITE_OK)
        code = journal_set_meta_text(db, "machine", journal->machine_id);
    if (code == SQLITE_OK)
        code = journal_set_meta_number(db, "boot", journal->boot);
    if (code == SQLITE_OK)
        code = journal_set_meta_number(db, "clean", 0);
    return code;
}

int journal_settle_in(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    int64_t version = 0;
    uint64_t last = 0;
    int code = journal_execute(file->db, "BEGIN IMMEDIATE");
    if (code == SQLITE_OK)
        code = journal_ask_number(file->db, "PRAGMA user_version", &version);
    if (code == SQLITE_OK)
        code = version == 0 ? create_tables(journal, lane) : migrate(file->db, lane, version);
    if (code == SQLITE_OK)
        code = adopt(journal, lane);
    if (code == SQLITE_OK && file->suspect)
        code = drop_changed(journal, lane);
    if (code == SQLITE_OK)
        code = read_last(file->db, &last);
    if (code == SQLITE_OK && lane == LANE_T) {
        code = journal_settle_tail(journal, last);
        if (code == SQLITE_OK)
            code = read_last(file->db, &last);
    }
    if (code == SQLITE_OK)
        code = journal_execute(file->db, "COMMIT");
    if (code != SQLITE_OK)
        return code;
    if (lane == LANE_A) {
        journal->known = true;
        read_declared(journal);
    }
    file->last = last;
    journal_salvage_resume(journal, lane);
    return SQLITE_OK;
}
