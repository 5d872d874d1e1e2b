/* Opening the journal: finding the files sound, beginning fresh ones, setting damaged ones aside. The format is described
 * on top of journal.c. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_private.h"

#define CACHE_KIB       128 /* appending touches few pages; what a restart reads is read once */
#define BUSY_MS         5000
#define CHECK_SIZE_MAX  ((int64_t)32 * 1024 * 1024) /* quick_check: 2 s a GB cached, 10 times that on a card */
#define LOG_PAGES_T     1000                        /* 4 MB: fewer checkpoints, each page of a burst is written once */
#define LOG_PAGES_A     256
#define LOG_PAGES_MIN   16
#define HEAP_SIZE_MAX   ((sqlite3_int64)2 * 1024 * 1024) /* soft: SQLite gives clean pages back beyond this */
#define ASIDE_NAMES_MAX 100
#define DIR_MODE        0750
#define FILE_MODE       0640
#define MACHINE_ID_FILE "/etc/machine-id"
#define BOOT_ID_FILE    "/proc/sys/kernel/random/boot_id"

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

enum err journal_set_up(sqlite3 *db, int cache_kib)
{
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_busy_timeout(db, BUSY_MS);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 256, 40); /* 10 KB: every statement is prepared once */
    return journal_err(journal_execute(db,
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
        text_put(&text, JOURNAL_CORRUPT);
        text_put_uint(&text, boot);
        if (i > 0)
            text_put_format(&text, ".%d", i);
        if (join_path(ret_path, file->path, ending) && lstat(ret_path, &status) != 0)
            return true;
    }
    return false;
}

bool journal_is_forbidden(const char *path)
{
    return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0 && errno == EACCES;
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
    bool const forbidden = journal_is_forbidden(aside);
    file->condemned = false;
    text_copy(file->salvage.name, sizeof file->salvage.name, strrchr(aside, '/') + 1);
    journal->incident_what = "set_aside";
    (void)snprintf(journal->incident, sizeof journal->incident,
                   forbidden ? "%s may not be read by this user and is set aside as %.40s: when its owner is set right "
                               "(chown) its records come back"
                             : "%s was damaged or unreadable and is set aside as %.80s",
                   file->name, strrchr(aside, '/') + 1);
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
    file->suspect = true;
    int code = journal_ask_text(file->db, "PRAGMA quick_check(1)", answer, sizeof answer);
    if (code != SQLITE_OK)
        return code;
    return strcmp(answer, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
}

static bool is_ours(sqlite3 *db)
{
    int64_t tables = 0;
    return journal_ask_number(db, "SELECT count(*) FROM sqlite_schema WHERE name IN('record','gap','cursor','meta')",
                              &tables) == SQLITE_OK &&
           tables == 4;
}

/* A database of ours that this program understands, or empty. SQLITE_MISMATCH: it is newer than the program. */
static int check_format(struct journal_file *file)
{
    int64_t version = 0;
    int64_t tables = 0;
    int code = journal_ask_number(file->db, "PRAGMA user_version", &version);
    if (code == SQLITE_OK)
        code = journal_ask_number(file->db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (code != SQLITE_OK)
        return code;
    file->suspect = false;
    if (version == 0 && tables == 0)
        return SQLITE_OK;
    if (version < 1)
        return SQLITE_FORMAT;
    if (version > JOURNAL_FORMAT)
        return is_ours(file->db) ? SQLITE_MISMATCH : SQLITE_FORMAT;
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
        code = journal_execute(file->db, "PRAGMA page_size=%d", JOURNAL_PAGE_SIZE);
    if (code == SQLITE_OK)
        code = journal_ask_text(file->db, "PRAGMA journal_mode=WAL", mode, sizeof mode);
    if (code == SQLITE_OK && strcmp(mode, "wal") != 0)
        code = SQLITE_CANTOPEN;
    if (code == SQLITE_OK)
        code = journal_execute(file->db, "PRAGMA synchronous=FULL");
    return code;
}

uint64_t journal_log_pages(const struct journal *journal, enum lane lane)
{
    uint64_t const share = journal->size_max / JOURNAL_PAGE_SIZE / 16;
    uint64_t const pages = lane == LANE_A ? LOG_PAGES_A : LOG_PAGES_T;
    if (pages <= share)
        return pages;
    return share > LOG_PAGES_MIN ? share : LOG_PAGES_MIN;
}

static void set_limits(const struct journal *journal, enum lane lane)
{
    sqlite3 *db = journal->files[lane].db;
    uint64_t const pages = journal->size_max / JOURNAL_PAGE_SIZE;
    uint64_t const log_pages = journal_log_pages(journal, lane);
    (void)sqlite3_wal_autocheckpoint(db, (int)log_pages);
    (void)journal_execute(db, "PRAGMA journal_size_limit=%lld", (long long)(log_pages * 2 * JOURNAL_PAGE_SIZE));
    if ((lane == LANE_T || journal->given.found) && pages > 0 && pages < INT_MAX)
        (void)journal_execute(db, "PRAGMA max_page_count=%lld", (long long)pages);
}

/* --- opening --- */

static int try_open(struct journal *journal, enum lane lane)
{
    int code = open_database(journal, lane);
    if (code == SQLITE_OK)
        code = journal_settle_in(journal, lane);
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
        if (code == SQLITE_MISMATCH)
            (void)snprintf(file->trouble, sizeof file->trouble,
                           "%s was written by a newer version: install that one again, or move the file away",
                           file->name);
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
        err = journal_lock(journal);
    if (err == ERR_OK)
        err = open_file(journal, lane);
    if (err != ERR_OK)
        return err;
    file->known = true;
    uint64_t noted = 0;
    enum lane const other = lane == LANE_A ? LANE_T : LANE_A;
    if (journal->files[other].db != NULL) {
        struct journal_origin origin;
        journal_find_origin(journal, lane, &origin);
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
    /* Pages of a cache as they are needed, not twenty at once for each file. Refused, and in force, from the second time on. */
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    (void)sqlite3_soft_heap_limit64(HEAP_SIZE_MAX);
    *ret_journal = journal;
    return ERR_OK;
}
