/* Opening the journal: finding the files sound, beginning fresh ones, setting damaged ones aside. The format is described
 * on top of journal.c. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_private.h"

#define CACHE_KIB       128 /* appending touches few pages; what a restart reads is read once */
#define BUSY_MS         5000
#define CHECK_SIZE_MAX  ((int64_t)32 * 1024 * 1024) /* quick_check: 2 s a GB cached, 10 times that on a card */
#define WAL_PAGES_MAX   1000                        /* 4 MB: fewer checkpoints, each page of a burst is written once */
#define WAL_PAGES_A     256
#define HEAP_SIZE_MAX   ((sqlite3_int64)2 * 1024 * 1024) /* soft: SQLite gives clean pages back beyond this */
#define ASIDE_NAMES_MAX 100
#define DIR_MODE        0750
#define FILE_MODE       0640
#define MACHINE_ID_FILE "/etc/machine-id"
#define BOOT_ID_FILE    "/proc/sys/kernel/random/boot_id"

static const char schema_both[] =
    "CREATE TABLE record(seq INTEGER PRIMARY KEY,at INTEGER NOT NULL,topic TEXT NOT NULL,"
    "payload BLOB NOT NULL);"
    "CREATE TABLE gap(id INTEGER PRIMARY KEY,first INTEGER NOT NULL,last INTEGER NOT NULL,"
    "why TEXT NOT NULL);"
    "CREATE TABLE cursor(centre TEXT PRIMARY KEY,lw INTEGER NOT NULL,ranges TEXT NOT NULL)"
    "WITHOUT ROWID;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY,value)WITHOUT ROWID;";
static const char schema_a[] =
    "CREATE TABLE state(kind TEXT,subject TEXT,name TEXT,sub INTEGER,state TEXT NOT NULL,flags INTEGER NOT NULL,"
    "occurrence INTEGER NOT NULL,quality INTEGER NOT NULL,has_value INTEGER NOT NULL,since INTEGER NOT NULL,"
    "pending INTEGER NOT NULL,value REAL NOT NULL,cls TEXT NOT NULL,priority TEXT NOT NULL,"
    "PRIMARY KEY(kind,subject,name,sub))WITHOUT ROWID;"
    "CREATE TABLE registry(dev TEXT PRIMARY KEY,rev INTEGER NOT NULL,sha256 TEXT NOT NULL)WITHOUT ROWID;"
    "CREATE TABLE registry_acked(centre TEXT,dev TEXT,sha256 TEXT NOT NULL,PRIMARY KEY(centre,dev))WITHOUT ROWID;";

/* --- small things --- */

static void read_id_file(const char *path, char *ret_id, size_t id_size)
{
    ret_id[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, ret_id, id_size - 1);
    (void)close(fd);
    ret_id[got > 0 ? got : 0] = '\0';
    ret_id[strcspn(ret_id, "\r\n")] = '\0';
}

/* The value of a PRAGMA or of a SELECT of one text; "" when there is none. */
static int ask_text(sqlite3 *db, const char *sql, char *ret_answer, size_t answer_size)
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

static int ask_number(sqlite3 *db, const char *sql, int64_t *ret_answer)
{
    char answer[32];
    int code = ask_text(db, sql, answer, sizeof answer);
    if (code == SQLITE_OK)
        *ret_answer = strtoll(answer, NULL, 10);
    return code;
}

static int run(sqlite3 *db, const char *format, ...)
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

static int put_meta_text(sqlite3 *db, const char *key, const char *value)
{
    return run(db, "INSERT OR REPLACE INTO meta(key,value) VALUES(%Q,%Q)", key, value);
}

static int put_meta_number(sqlite3 *db, const char *key, uint64_t value)
{
    return run(db, "INSERT OR REPLACE INTO meta(key,value) VALUES(%Q,%lld)", key, (long long)value);
}

enum err journal_set_up(sqlite3 *db, int cache_kib)
{
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_busy_timeout(db, BUSY_MS);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 256, 40); /* 10 KB: every statement is prepared once */
    return journal_err(run(db,
                           "PRAGMA cache_size=-%d; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
                           "PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF",
                           cache_kib));
}

/* --- the directory --- */

static enum err make_dir(struct journal *journal, struct journal_file *file)
{
    char path[sizeof journal->dir];
    text_copy(path, sizeof path, journal->dir);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, DIR_MODE) != 0 && errno != EEXIST)
            break;
        *slash = '/';
    }
    if (mkdir(journal->dir, DIR_MODE) == 0 || errno == EEXIST)
        return ERR_OK;
    char reason[64];
    (void)snprintf(file->trouble, sizeof file->trouble, "cannot make the journal's directory %.80s: %s", journal->dir,
                   strerror_r(errno, reason, sizeof reason));
    return ERR_IO;
}

/* Two writers would give the same numbers twice. */
static enum err lock_dir(struct journal *journal, struct journal_file *file)
{
    char path[PATH_MAX];
    char reason[64];
    if (journal->lock_fd >= 0)
        return ERR_OK;
    (void)snprintf(path, sizeof path, "%s/lock", journal->dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        journal->lock_fd = fd;
        return ERR_OK;
    }
    bool const busy = fd >= 0 && errno == EWOULDBLOCK;
    (void)snprintf(file->trouble, sizeof file->trouble, "%.100s: %s", path,
                   busy ? "another outpost is using this journal" : strerror_r(errno, reason, sizeof reason));
    if (fd >= 0)
        (void)close(fd);
    return busy ? ERR_BUSY : ERR_IO;
}

static void sync_dir(const struct journal *journal)
{
    int fd = open(journal->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

/* SQLite would make it 0644; what it makes beside it (-wal, -shm) takes the file's mode. Only ever creates: to open and
 * close an existing file here would drop the locks of every other connection of this process. */
static void create_file(const struct journal_file *file)
{
    int fd = open(file->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd >= 0)
        (void)close(fd);
}

/* --- damage --- */

static bool join_path(char ret_path[static PATH_MAX], const char *path, const char *ending)
{
    struct text text;
    text_init(&text, ret_path, PATH_MAX);
    text_put(&text, path);
    text_put(&text, ending);
    return !text.full;
}

static bool free_aside_name(const struct journal_file *file, uint32_t boot, char ret_path[static PATH_MAX])
{
    struct stat status;
    for (int i = 0; i < ASIDE_NAMES_MAX; i++) {
        char ending[40];
        struct text text;
        text_init(&text, ending, sizeof ending);
        text_put(&text, ".corrupt-");
        text_put_uint(&text, boot);
        if (i > 0)
            text_put_format(&text, ".%d", i);
        if (join_path(ret_path, file->path, ending) && lstat(ret_path, &status) != 0)
            return true;
    }
    return false;
}

/* The database first: SQLite deletes a -wal it finds beside an empty database, and never applies it to a fresh one. */
static enum err set_aside(struct journal *journal, enum lane lane, uint32_t boot)
{
    struct journal_file *file = &journal->files[lane];
    char aside[PATH_MAX];
    char from[PATH_MAX];
    char to[PATH_MAX];
    if (!free_aside_name(file, boot, aside) || rename(file->path, aside) != 0) {
        (void)snprintf(file->trouble, sizeof file->trouble, "%s is damaged and cannot be renamed", file->name);
        return ERR_IO;
    }
    if (join_path(from, file->path, "-wal") && join_path(to, aside, "-wal"))
        (void)rename(from, to);
    if (join_path(from, file->path, "-shm"))
        (void)unlink(from);
    sync_dir(journal);
    file->condemned = false;
    (void)snprintf(journal->incident, sizeof journal->incident,
                   "%s was damaged or unreadable and is set aside as %.80s", file->name, strrchr(aside, '/') + 1);
    return ERR_OK;
}

/* Would a fresh file help? Damage: yes. A full disk or a missing directory: no. */
static bool is_damage(sqlite3 *db, int code)
{
    switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR: /* no such table: somebody else's database */
        return true;
    case SQLITE_IOERR:
        return (code >> 8) == (SQLITE_IOERR_READ >> 8) || (code >> 8) == (SQLITE_IOERR_SHORT_READ >> 8);
    case SQLITE_CANTOPEN: {
        int const reason = db != NULL ? sqlite3_system_errno(db) : 0;
        return reason == EISDIR || reason == EACCES || reason == ELOOP;
    }
    default:
        return false;
    }
}

static int64_t file_size(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (int64_t)status.st_size : 0;
}

/* After an unclean stop the pages are walked, when that is a matter of a second. */
static int check_sound(struct journal_file *file)
{
    char answer[160];
    uint64_t clean = 0;
    if (file->known || (journal_get_meta_number(file->db, "clean", &clean) && clean == 1) ||
        file_size(file->path) > CHECK_SIZE_MAX)
        return SQLITE_OK;
    int code = ask_text(file->db, "PRAGMA quick_check(1)", answer, sizeof answer);
    if (code != SQLITE_OK)
        return code;
    return strcmp(answer, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
}

/* A database of ours, or empty. */
static int check_format(struct journal_file *file)
{
    int64_t version = 0;
    int64_t tables = 0;
    int code = ask_number(file->db, "PRAGMA user_version", &version);
    if (code == SQLITE_OK)
        code = ask_number(file->db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (code != SQLITE_OK)
        return code;
    if (version == 0 && tables == 0)
        return SQLITE_OK;
    if (version != JOURNAL_FORMAT)
        return SQLITE_FORMAT;
    return check_sound(file);
}

static int open_database(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    char mode[16] = "";
    create_file(file);
    int code = sqlite3_open_v2(file->path, &file->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK && journal_set_up(file->db, CACHE_KIB) != ERR_OK)
        code = sqlite3_extended_errcode(file->db);
    if (code == SQLITE_OK)
        code = check_format(file);
    if (code == SQLITE_OK)
        code = run(file->db, "PRAGMA page_size=%d", JOURNAL_PAGE_SIZE);
    if (code == SQLITE_OK)
        code = ask_text(file->db, "PRAGMA journal_mode=WAL", mode, sizeof mode);
    if (code == SQLITE_OK && strcmp(mode, "wal") != 0)
        code = SQLITE_CANTOPEN;
    if (code == SQLITE_OK)
        code = run(file->db, "PRAGMA synchronous=FULL");
    return code;
}

static void set_limits(const struct journal *journal, enum lane lane)
{
    sqlite3 *db = journal->files[lane].db;
    uint64_t const pages = journal->size_max / JOURNAL_PAGE_SIZE;
    uint64_t wal_pages = lane == LANE_A ? WAL_PAGES_A : WAL_PAGES_MAX;
    if (wal_pages > pages / 16)
        wal_pages = pages / 16 > 16 ? pages / 16 : 16;
    (void)sqlite3_wal_autocheckpoint(db, (int)wal_pages);
    (void)run(db, "PRAGMA journal_size_limit=%lld", (long long)(wal_pages * 2 * JOURNAL_PAGE_SIZE));
    if (lane == LANE_T && pages > 0 && pages < INT_MAX)
        (void)run(db, "PRAGMA max_page_count=%lld", (long long)pages);
}

/* --- a fresh file, and one that was here before --- */

/* What the other file knows: where this lane had got to before this file was lost. */
struct origin {
    bool found;
    uint64_t high; /* numbers up to about here were given */
    uint64_t lw;   /* up to here every centre has them */
    uint64_t boot;
    char stream[JOURNAL_STREAM_SIZE];
    char machine[64];
};

static void read_origin(sqlite3 *db, enum lane lane, struct origin *ret_origin)
{
    ret_origin->found =
        journal_get_meta_number(db, lane == LANE_A ? "note_a_high" : "note_t_high", &ret_origin->high) &&
        journal_get_meta_number(db, lane == LANE_A ? "note_a_lw" : "note_t_lw", &ret_origin->lw);
    (void)journal_get_meta_number(db, "boot", &ret_origin->boot);
    (void)journal_get_meta_text(db, "stream", ret_origin->stream, sizeof ret_origin->stream);
    (void)journal_get_meta_text(db, "machine", ret_origin->machine, sizeof ret_origin->machine);
}

static void find_origin(struct journal *journal, enum lane lane, struct origin *ret_origin)
{
    const struct journal_file *other = &journal->files[lane == LANE_A ? LANE_T : LANE_A];
    *ret_origin = (struct origin){0};
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

static int put_lost(sqlite3 *db, uint64_t declared, uint64_t first, uint64_t last)
{
    if (first > last)
        return SQLITE_OK;
    return run(db,
               "INSERT INTO gap(id,first,last,why) VALUES(1+max(ifnull((SELECT max(id) FROM gap),0),%lld),%lld,%lld,"
               "'salvage')",
               (long long)declared, (long long)first, (long long)last);
}

/* Where a fresh file's numbers begin, and what is lost before them (lost_first > lost_last: nothing). */
static uint64_t first_number(const struct journal_file *file, const struct origin *origin, uint64_t *ret_lost_first)
{
    if (file->known) {
        *ret_lost_first = file->lw + 1;
        return file->last + 1;
    }
    *ret_lost_first = origin->lw + 1;
    return origin->found ? origin->high + JOURNAL_SALVAGE_SKIP + 1 : 1;
}

static int create_tables(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    struct origin origin;
    uint64_t lost_first;
    find_origin(journal, lane, &origin);
    uint64_t const first = first_number(file, &origin, &lost_first);
    if (lane == LANE_A && !journal->known) {
        if (origin.stream[0] != '\0' && same_machine(journal, origin.machine))
            text_copy(journal->stream, sizeof journal->stream, origin.stream);
        else
            make_stream(journal);
        journal->boot = (uint32_t)origin.boot;
        journal->occurrence_floor = first - 1; /* a lane has more numbers than any of its rules occurrences */
    }
    int code =
        run(file->db, "%s%s PRAGMA user_version=%d", schema_both, lane == LANE_A ? schema_a : "", JOURNAL_FORMAT);
    if (code == SQLITE_OK)
        code = put_meta_text(file->db, "stream", journal->stream);
    if (code == SQLITE_OK)
        code = put_meta_number(file->db, "first", first);
    if (code == SQLITE_OK && lane == LANE_A)
        code = put_meta_number(file->db, "occurrence_floor", journal->occurrence_floor);
    if (code == SQLITE_OK)
        code = put_lost(file->db, journal->gap_declared[lane], lost_first, first - 1);
    file->noted = false;
    return code;
}

/* A journal that was copied to, or restored on, another machine: two boxes must not give the same keys. Numbers go on, and
 * those the new stream never had are declared. */
static int change_stream(struct journal *journal, enum lane lane, uint64_t last)
{
    sqlite3 *db = journal->files[lane].db;
    int code = put_meta_text(db, "stream", journal->stream);
    return code == SQLITE_OK ? put_lost(db, journal->gap_declared[lane], 1, last) : code;
}

static uint64_t read_last(sqlite3 *db)
{
    int64_t last = 0;
    uint64_t first = 1;
    (void)journal_get_meta_number(db, "first", &first);
    (void)ask_number(db, "SELECT max(ifnull((SELECT max(seq) FROM record),0),ifnull((SELECT max(last) FROM gap),0))",
                     &last);
    return last >= (int64_t)first ? (uint64_t)last : first - 1;
}

static int adopt_states(struct journal *journal)
{
    sqlite3 *db = journal->files[LANE_A].db;
    char boot_id[64];
    if (journal_get_meta_text(db, "machine_boot", boot_id, sizeof boot_id) &&
        strcmp(boot_id, journal->machine_boot_id) == 0)
        return SQLITE_OK;
    int code = run(db, "UPDATE state SET flags=flags|%d WHERE pending<>0", STORED_OTHER_BOOT);
    return code == SQLITE_OK ? put_meta_text(db, "machine_boot", journal->machine_boot_id) : code;
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
        code = change_stream(journal, LANE_A, read_last(db));
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
    int code = SQLITE_OK;
    if (lane == LANE_A && !journal->known)
        code = begin_boot(journal);
    if (code == SQLITE_OK && lane == LANE_A)
        code = adopt_states(journal);
    (void)journal_get_meta_text(db, "stream", stream, sizeof stream);
    if (code == SQLITE_OK && strcmp(stream, journal->stream) != 0)
        code = change_stream(journal, lane, read_last(db));
    if (code == SQLITE_OK)
        code = put_meta_text(db, "machine", journal->machine_id);
    if (code == SQLITE_OK)
        code = put_meta_number(db, "boot", journal->boot);
    if (code == SQLITE_OK)
        code = put_meta_number(db, "clean", 0);
    return code;
}

/* The first transaction: fresh tables where there are none, and this start. */
static int settle_in(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    int64_t version = 0;
    int code = run(file->db, "BEGIN IMMEDIATE");
    if (code == SQLITE_OK)
        code = ask_number(file->db, "PRAGMA user_version", &version);
    if (code == SQLITE_OK && version == 0)
        code = create_tables(journal, lane);
    if (code == SQLITE_OK)
        code = adopt(journal, lane);
    if (code == SQLITE_OK)
        code = run(file->db, "COMMIT");
    if (code != SQLITE_OK)
        return code;
    if (lane == LANE_A) {
        journal->known = true;
        read_declared(journal);
    }
    file->last = read_last(file->db);
    return SQLITE_OK;
}

static int try_open(struct journal *journal, enum lane lane)
{
    int code = open_database(journal, lane);
    if (code == SQLITE_OK)
        code = settle_in(journal, lane);
    return code;
}

static enum err open_file(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    enum err err = ERR_OK;
    uint32_t const boot = journal->boot;
    if (file->condemned)
        err = set_aside(journal, lane, boot);
    if (err != ERR_OK)
        return err;
    int code = try_open(journal, lane);
    if (code != SQLITE_OK && is_damage(file->db, code)) {
        journal_close_lane(journal, lane);
        err = set_aside(journal, lane, boot);
        if (err != ERR_OK)
            return err;
        code = try_open(journal, lane);
    }
    if (code != SQLITE_OK) {
        err = journal_fail(journal, lane, "open it", code);
        journal_close_lane(journal, lane);
        return err;
    }
    set_limits(journal, lane);
    return journal_prepare(journal, lane);
}

enum err journal_open(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    if (file->db != NULL)
        return ERR_OK;
    CHECK(lane == LANE_A || journal->known);
    enum err err = make_dir(journal, file);
    if (err == ERR_OK)
        err = lock_dir(journal, file);
    if (err == ERR_OK)
        err = open_file(journal, lane);
    if (err != ERR_OK)
        return err;
    file->known = true;
    uint64_t noted = 0;
    enum lane const other = lane == LANE_A ? LANE_T : LANE_A;
    if (journal->files[other].db != NULL) {
        struct origin origin;
        find_origin(journal, lane, &origin);
        file->noted = origin.found;
        file->noted_last = origin.high;
        const char *key = lane == LANE_A ? "note_t_high" : "note_a_high";
        journal->files[other].noted = journal_get_meta_number(file->db, key, &noted);
        journal->files[other].noted_last = noted;
    }
    file->trouble[0] = '\0';
    return ERR_OK;
}

enum err journal_make(struct journal **ret_journal, const struct journal_setup *setup)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL)
        return ERR_MEMORY;
    static const char *const names[LANE_COUNT] = {"alarms.db", "telemetry.db"};
    journal->lock_fd = -1;
    journal->size_max = setup->size_max;
    text_copy(journal->dir, sizeof journal->dir, setup->dir);
    if (setup->machine_id != NULL)
        text_copy(journal->machine_id, sizeof journal->machine_id, setup->machine_id);
    else
        read_id_file(MACHINE_ID_FILE, journal->machine_id, sizeof journal->machine_id);
    if (setup->machine_boot_id != NULL)
        text_copy(journal->machine_boot_id, sizeof journal->machine_boot_id, setup->machine_boot_id);
    else
        read_id_file(BOOT_ID_FILE, journal->machine_boot_id, sizeof journal->machine_boot_id);
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        journal->files[lane].name = names[lane];
        (void)snprintf(journal->files[lane].path, sizeof journal->files[lane].path, "%s/%s", journal->dir, names[lane]);
    }
    (void)sqlite3_soft_heap_limit64(HEAP_SIZE_MAX);
    *ret_journal = journal;
    return ERR_OK;
}
