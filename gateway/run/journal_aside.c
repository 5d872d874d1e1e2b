/* A damaged file that was set aside: which one it is, reading it by SQLite as far as that can, though its first page is lost;
 * how far it had got, and its small tables (states, cursors, registries). Tables never move, so a lost first page, which says
 * where they are, is replaced by that of an empty journal. */
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_private.h"

#define CACHE_KIB       64
#define TABLE_ROWS_MAX  20000   /* of a small table */
#define TABLE_COLUMNS   21      /* of the widest */
#define UNKNOWN_SKIP    1000000 /* numbers left out when only the damaged file itself says how far it had got */
#define HIGHEST         ((uint64_t)1 << 62)
#define PAGE_DATABASE   28 /* offsets in the first page: size of the database in pages (0: ask the file system) … */
#define PAGE_WRITE_READ 18 /* … and who may write and read it: 2, 2 = with a log (SQLite file format, 1.3) */

static bool ends_in(const char *name, const char *ending)
{
    size_t const size = strlen(name);
    return size >= strlen(ending) && strcmp(name + size - strlen(ending), ending) == 0;
}

bool journal_aside_path(const struct journal *journal, const char *name, char ret_path[static PATH_MAX])
{
    struct text text;
    text_init(&text, ret_path, PATH_MAX);
    text_put(&text, journal->dir);
    text_put(&text, "/");
    text_put(&text, name);
    return !text.full;
}

/* The newest one that was set aside and not yet salvaged: the process may have ended between the two. */
void journal_aside_find(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    char path[PATH_MAX];
    char prefix[40];
    struct stat status;
    time_t newest = 0;
    if (file->salvage.name[0] != '\0') /* set aside just now */
        return;
    (void)snprintf(prefix, sizeof prefix, "%s" JOURNAL_CORRUPT, file->name);
    DIR *dir = opendir(journal->dir);
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || ends_in(entry->d_name, "-wal") ||
            ends_in(entry->d_name, "-shm") || strlen(entry->d_name) >= sizeof file->salvage.name ||
            !journal_aside_path(journal, entry->d_name, path) || stat(path, &status) != 0 || status.st_ctime < newest)
            continue;
        newest = status.st_ctime;
        text_copy(file->salvage.name, sizeof file->salvage.name, entry->d_name);
    }
    (void)closedir(dir);
}

static int prepare(struct journal_salvage *salvage)
{
    return sqlite3_prepare_v3(salvage->from, "SELECT seq FROM record WHERE seq<=?1 ORDER BY seq DESC", -1,
                              SQLITE_PREPARE_PERSISTENT, &salvage->below, NULL);
}

void journal_close_aside(struct journal_salvage *salvage)
{
    (void)sqlite3_finalize(salvage->below);
    (void)sqlite3_close_v2(salvage->from);
    salvage->below = NULL;
    salvage->from = NULL;
}

static int try_aside(struct journal_salvage *salvage, const char *path)
{
    int code = sqlite3_open_v2(path, &salvage->from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        (void)sqlite3_db_config(salvage->from, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    if (code == SQLITE_OK && journal_set_up(salvage->from, CACHE_KIB) != ERR_OK)
        code = sqlite3_extended_errcode(salvage->from);
    if (code == SQLITE_OK)
        code = prepare(salvage);
    if (code != SQLITE_OK)
        journal_close_aside(salvage);
    return code & 0xFF;
}

/* An empty journal's first page, which has the same tables in the same places. */
static bool put_first_page(enum lane lane, const char *path)
{
    sqlite3 *empty = NULL;
    unsigned char *image = NULL;
    bool done = false;
    sqlite3_int64 size = 0;
    int code = sqlite3_open_v2(":memory:", &empty, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = journal_execute(empty, "PRAGMA page_size=%d;%s%s PRAGMA user_version=%d", JOURNAL_PAGE_SIZE,
                               journal_tables_both, lane == LANE_A ? journal_tables_a : "", JOURNAL_FORMAT);
    if (code == SQLITE_OK)
        image = sqlite3_serialize(empty, "main", &size, 0);
    int const fd = image != NULL && size >= JOURNAL_PAGE_SIZE ? open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd >= 0) {
        memset(image + PAGE_DATABASE, 0, 4);
        memset(image + PAGE_WRITE_READ, 2, 2);
        done = pwrite(fd, image, JOURNAL_PAGE_SIZE, 0) == JOURNAL_PAGE_SIZE;
        (void)close(fd);
    }
    sqlite3_free(image);
    (void)sqlite3_close_v2(empty);
    return done;
}

bool journal_has_aside(const struct journal *journal, enum lane lane, char ret_path[static PATH_MAX],
                       struct stat *ret_status)
{
    const char *name = journal->files[lane].salvage.name;
    return name[0] != '\0' && journal_aside_path(journal, name, ret_path) && lstat(ret_path, ret_status) == 0 &&
           S_ISREG(ret_status->st_mode);
}

bool journal_open_aside(struct journal *journal, enum lane lane)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    char path[PATH_MAX];
    struct stat status;
    if (salvage->from != NULL)
        return true;
    if (!journal_has_aside(journal, lane, path, &status))
        return false;
    int const code = try_aside(salvage, path);
    bool const damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
    if (code == SQLITE_OK || !damaged || status.st_size < (off_t)2 * JOURNAL_PAGE_SIZE || !put_first_page(lane, path))
        return code == SQLITE_OK;
    return try_aside(salvage, path) == SQLITE_OK;
}

/* --- how far it had got: reading around damage by halving the distance, some fifty queries where the root is lost --- */

enum found { FOUND_ROW, FOUND_END, FOUND_DAMAGE };

static enum found look_below(const struct journal_salvage *salvage, uint64_t number)
{
    (void)sqlite3_reset(salvage->below);
    (void)sqlite3_bind_int64(salvage->below, 1, (sqlite3_int64)number);
    int const code = sqlite3_step(salvage->below);
    return code == SQLITE_ROW ? FOUND_ROW : code == SQLITE_DONE ? FOUND_END : FOUND_DAMAGE;
}

/* The highest number below `bad` from which something can be read again, or from which it is certain that nothing is
 * left; 0: from nowhere. */
static uint64_t skip_damage(const struct journal_salvage *salvage, uint64_t bad)
{
    uint64_t high = bad;
    uint64_t low = 0;
    for (uint64_t distance = 1; distance < bad; distance *= 2) {
        if (look_below(salvage, bad - distance) != FOUND_DAMAGE) {
            low = bad - distance;
            break;
        }
        high = bad - distance;
    }
    while (high - low > 1) {
        uint64_t const middle = low + (high - low) / 2;
        if (look_below(salvage, middle) == FOUND_DAMAGE)
            high = middle;
        else
            low = middle;
    }
    return low;
}

/* The highest number that can be read; 0 none. */
static uint64_t highest_readable(const struct journal_salvage *salvage)
{
    uint64_t from = HIGHEST;
    enum found found = look_below(salvage, from);
    if (found == FOUND_DAMAGE) {
        from = skip_damage(salvage, from);
        found = from > 0 ? look_below(salvage, from) : FOUND_END;
    }
    sqlite3_int64 const seq = found == FOUND_ROW ? sqlite3_column_int64(salvage->below, 0) : 0;
    (void)sqlite3_reset(salvage->below);
    return seq > 0 ? (uint64_t)seq : 0;
}

void journal_aside_origin(struct journal *journal, enum lane lane, struct journal_origin *origin)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    if (!journal_open_aside(journal, lane))
        return;
    uint64_t const highest = highest_readable(salvage);
    if (origin->found && highest <= origin->high + JOURNAL_SALVAGE_SKIP)
        return;
    origin->high = highest + UNKNOWN_SKIP;
    if (origin->found)
        return;
    origin->found = highest > 0;
    (void)journal_get_meta_number(salvage->from, "boot", &origin->boot);
    if (origin->stream[0] == '\0') {
        (void)journal_get_meta_text(salvage->from, "stream", origin->stream, sizeof origin->stream);
        (void)journal_get_meta_text(salvage->from, "machine", origin->machine, sizeof origin->machine);
    }
}

/* --- its small tables --- */

struct table {
    const char *up; /* the same rows from both ends: damage in the middle hides what is on one side of it */
    const char *down;
    const char *put;
};

void journal_copy_rows(sqlite3 *from, sqlite3 *to, const char *read_sql, const char *put_sql)
{
    sqlite3_stmt *read = NULL;
    sqlite3_stmt *put = NULL;
    if (sqlite3_prepare_v2(from, read_sql, -1, &read, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(to, put_sql, -1, &put, NULL) == SQLITE_OK) {
        for (int rows = 0; rows < TABLE_ROWS_MAX && sqlite3_step(read) == SQLITE_ROW; rows++) {
            for (int i = 0; i < sqlite3_column_count(read) && i < TABLE_COLUMNS; i++)
                (void)sqlite3_bind_value(put, i + 1, sqlite3_column_value(read, i));
            for (int i = sqlite3_column_count(read); i < sqlite3_bind_parameter_count(put); i++)
                (void)sqlite3_bind_int(put, i + 1, 0); /* an older format had less */
            (void)sqlite3_step(put);                   /* a row that does not fit is left out */
            (void)sqlite3_reset(put);
        }
    }
    (void)sqlite3_finalize(read);
    (void)sqlite3_finalize(put);
}

/* The states above all: an alarm that was latched stays so. */
void journal_copy_small_tables(sqlite3 *from, sqlite3 *to, enum lane lane)
{
    static const struct table tables[] = {
        {"SELECT centre,lw,ranges FROM cursor ORDER BY centre",
         "SELECT centre,lw,ranges FROM cursor ORDER BY centre DESC", "INSERT OR IGNORE INTO cursor VALUES(?1,?2,?3)"},
        {"SELECT key,value FROM meta WHERE key IN('machine_boot','gap_declared_t','purse') ORDER BY key",
         "SELECT key,value FROM meta WHERE key IN('machine_boot','gap_declared_t','purse') ORDER BY key DESC",
         "INSERT OR IGNORE INTO meta VALUES(?1,?2)"},
        {"SELECT * FROM state ORDER BY kind,subject,name,sub",
         "SELECT * FROM state ORDER BY kind DESC,subject DESC,name DESC,sub DESC",
         "INSERT OR IGNORE INTO state VALUES" JOURNAL_STATE_VALUES},
        {"SELECT * FROM registry ORDER BY dev", "SELECT * FROM registry ORDER BY dev DESC",
         "INSERT OR IGNORE INTO registry VALUES(?1,?2,?3)"},
        {"SELECT * FROM registry_acked ORDER BY centre,dev",
         "SELECT * FROM registry_acked ORDER BY centre DESC,dev DESC",
         "INSERT OR IGNORE INTO registry_acked VALUES(?1,?2,?3)"},
    };
    size_t const count = lane == LANE_A ? ARRAY_SIZE(tables) : 2;
    for (size_t i = 0; i < count; i++) {
        journal_copy_rows(from, to, tables[i].up, tables[i].put);
        journal_copy_rows(from, to, tables[i].down, tables[i].put);
    }
}
