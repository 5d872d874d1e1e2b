/* Salvage: what can still be read of a damaged file comes back into the fresh one, under its own numbers, from the newest to
 * the oldest; what cannot is declared. At opening only the small tables (states, cursors, registries); the records follow in
 * small steps (journal_salvage), whose progress is in meta, in the same transaction as the rows.
 *
 * Reading goes on below a place that cannot be read: the distance doubles until something can be, then it is halved (rowid
 * bisection), so a lost page costs some ten queries and a lost root some fifty. Tables never move, so a lost first page,
 * which says where they are, is replaced by that of an empty journal. A record is taken back only when its checksum agrees. */
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
#define TABLE_COLUMNS   18      /* of the widest */
#define PROBE_COST      8       /* a place that cannot be read counts as this many records of a step */
#define UNKNOWN_SKIP    1000000 /* numbers left out when only the damaged file itself says how far it had got */
#define HIGHEST         ((uint64_t)1 << 62)
#define PAGE_DATABASE   28 /* offsets in the first page: size of the database in pages (0: ask the file system) … */
#define PAGE_WRITE_READ 18 /* … and who may write and read it: 2, 2 = with a log (SQLite file format, 1.3) */
#define FNV_BASIS       0xCBF29CE484222325U
#define FNV_PRIME       0x100000001B3U

/* FNV-1a, folded to 32 bits: finds damage, not malice. */
static uint64_t add_to_sum(uint64_t sum, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ at[i]) * FNV_PRIME;
    return sum;
}

uint64_t journal_hash(const void *bytes, size_t size)
{
    return add_to_sum(FNV_BASIS, bytes, size);
}

uint32_t journal_sum(const struct journal_record *record)
{
    uint64_t sum = add_to_sum(FNV_BASIS, &record->seq, sizeof record->seq);
    sum = add_to_sum(sum, &record->at_utc_ms, sizeof record->at_utc_ms);
    sum = add_to_sum(sum, record->topic, strlen(record->topic));
    sum = add_to_sum(sum, record->payload, record->payload_size);
    return (uint32_t)(sum ^ sum >> 32);
}

/* --- the damaged file --- */

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
void journal_salvage_find(struct journal *journal, enum lane lane)
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
    static const char *const reads[] = {
        "SELECT seq,at,topic,payload,sum FROM record WHERE seq<=?1 ORDER BY seq DESC",
        "SELECT seq,at,topic,payload,NULL FROM record WHERE seq<=?1 ORDER BY seq DESC", /* format 1 */
    };
    int code = SQLITE_ERROR;
    for (size_t i = 0; code != SQLITE_OK && i < ARRAY_SIZE(reads); i++)
        code = sqlite3_prepare_v3(salvage->from, reads[i], -1, SQLITE_PREPARE_PERSISTENT, &salvage->below, NULL);
    return code;
}

static void close_aside(struct journal_salvage *salvage)
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
        close_aside(salvage);
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

/* False: nothing can be read of it, not even with a first page that fits. */
static bool open_aside(struct journal *journal, enum lane lane)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    char path[PATH_MAX];
    struct stat status;
    if (salvage->from != NULL)
        return true;
    if (salvage->name[0] == '\0' || !journal_aside_path(journal, salvage->name, path) || stat(path, &status) != 0 ||
        !S_ISREG(status.st_mode))
        return false;
    int const code = try_aside(salvage, path);
    bool const damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
    if (code == SQLITE_OK || !damaged || status.st_size < (off_t)2 * JOURNAL_PAGE_SIZE || !put_first_page(lane, path))
        return code == SQLITE_OK;
    return try_aside(salvage, path) == SQLITE_OK;
}

/* --- reading around damage --- */

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

/* --- at opening --- */

void journal_salvage_origin(struct journal *journal, enum lane lane, struct journal_origin *origin)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    if (!open_aside(journal, lane))
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
        {"SELECT key,value FROM meta WHERE key IN('machine_boot','gap_declared_t') ORDER BY key",
         "SELECT key,value FROM meta WHERE key IN('machine_boot','gap_declared_t') ORDER BY key DESC",
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
    size_t const count = lane == LANE_A ? ARRAY_SIZE(tables) : 1;
    for (size_t i = 0; i < count; i++) {
        journal_copy_rows(from, to, tables[i].up, tables[i].put);
        journal_copy_rows(from, to, tables[i].down, tables[i].put);
    }
}

int journal_salvage_begin(struct journal *journal, enum lane lane, uint64_t first, uint64_t last)
{
    struct journal_file *file = &journal->files[lane];
    if (last == 0)
        return SQLITE_OK; /* there was nothing */
    if (!open_aside(journal, lane))
        return journal_put_lost(file->db, journal->gap_declared[lane], first, last, "salvage");
    journal_copy_small_tables(file->salvage.from, file->db, lane);
    int code = journal_set_meta_text(file->db, "salvage", file->salvage.name);
    if (code == SQLITE_OK)
        code = journal_set_meta_number(file->db, "salvage_first", first);
    if (code == SQLITE_OK)
        code = journal_set_meta_number(file->db, "salvage_last", last);
    if (code == SQLITE_OK)
        code = journal_set_meta_number(file->db, "salvage_next", last);
    return code;
}

void journal_salvage_resume(struct journal *journal, enum lane lane)
{
    struct journal_file *file = &journal->files[lane];
    struct journal_salvage *salvage = &file->salvage;
    salvage->going = journal_get_meta_text(file->db, "salvage", salvage->name, sizeof salvage->name) &&
                     journal_get_meta_number(file->db, "salvage_first", &salvage->first) &&
                     journal_get_meta_number(file->db, "salvage_next", &salvage->next);
    salvage->expected = salvage->next;
    if (!salvage->going)
        salvage->name[0] = '\0';
}

/* --- the records --- */

bool journal_is_salvaging(const struct journal *journal, enum lane lane)
{
    return journal_is_open(journal, lane) && journal->files[lane].salvage.going;
}

/* The row the statement stands on, when it is what was once written. */
static bool read_record(sqlite3_stmt *row, uint64_t below, struct journal_record *ret_record)
{
    sqlite3_int64 const seq = sqlite3_column_int64(row, 0);
    const char *topic = (const char *)sqlite3_column_text(row, 2);
    const void *payload = sqlite3_column_blob(row, 3);
    if (seq <= 0 || (uint64_t)seq > below || topic == NULL || strlen(topic) > JOURNAL_TOPIC_MAX || payload == NULL)
        return false;
    *ret_record = (struct journal_record){.seq = (uint64_t)seq,
                                          .at_utc_ms = sqlite3_column_int64(row, 1),
                                          .topic = topic,
                                          .payload = payload,
                                          .payload_size = (size_t)sqlite3_column_bytes(row, 3)};
    return sqlite3_column_type(row, 4) == SQLITE_NULL ||
           sqlite3_column_int64(row, 4) == (sqlite3_int64)journal_sum(ret_record);
}

/* Numbers first..last did not come back; those every centre had already need no word. */
static enum err declare(struct journal *journal, enum lane lane, uint64_t first, uint64_t last)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    if (first < salvage->first)
        first = salvage->first;
    if (first > last)
        return ERR_OK;
    salvage->lost += last - first + 1;
    return journal_put_gap(journal, lane,
                           &(struct journal_gap){.of = lane, .first = first, .last = last, .why = "salvage"});
}

static enum err take_back(struct journal *journal, enum lane lane, const struct journal_record *record)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    enum err err = declare(journal, lane, record->seq + 1, salvage->expected);
    if (err == ERR_OK)
        err = journal_put_old_record(journal, lane, record);
    if (err == ERR_OK) {
        salvage->back++;
        salvage->expected = record->seq - 1;
    }
    return err;
}

/* Reads and puts at most about `count` records; salvage->next says from where on it goes on (0: that was all). */
static enum err take_some(struct journal *journal, enum lane lane, unsigned count)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    struct journal_record record;
    enum err err = ERR_OK;
    enum found found = look_below(salvage, salvage->next);
    for (unsigned done = 0; err == ERR_OK && salvage->next > 0 && done < count; done++) {
        if (found == FOUND_END) {
            salvage->next = 0;
        } else if (found == FOUND_DAMAGE) {
            salvage->next = skip_damage(salvage, salvage->next);
            found = look_below(salvage, salvage->next);
            done += PROBE_COST;
        } else {
            sqlite3_int64 const seq = sqlite3_column_int64(salvage->below, 0);
            bool const good = read_record(salvage->below, salvage->next, &record);
            if (good)
                err = take_back(journal, lane, &record);
            salvage->next = seq > 0 && (uint64_t)seq <= salvage->next ? (uint64_t)seq - 1 : salvage->next - 1;
            int const code = sqlite3_step(salvage->below);
            found = code == SQLITE_ROW ? FOUND_ROW : code == SQLITE_DONE ? FOUND_END : FOUND_DAMAGE;
        }
    }
    (void)sqlite3_reset(salvage->below);
    return err;
}

static enum err put_progress(struct journal *journal, enum lane lane)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    sqlite3 *db = journal->files[lane].db;
    if (salvage->next > 0)
        return journal_err(journal_set_meta_number(db, "salvage_next", salvage->expected));
    enum err err = declare(journal, lane, 1, salvage->expected);
    if (err == ERR_OK)
        err = journal_err(journal_execute(db, "DELETE FROM meta WHERE key IN('salvage','salvage_first','salvage_last',"
                                              "'salvage_next')"));
    return err;
}

/* Nothing more will be read of it. It stays for whoever wants to look at it, until the disk is needed. */
static void leave_aside(struct journal *journal, enum lane lane)
{
    static const char *const endings[] = {"", "-wal"};
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    const char *word = strstr(salvage->name, JOURNAL_CORRUPT);
    close_aside(salvage);
    for (size_t i = 0; word != NULL && i < ARRAY_SIZE(endings); i++) {
        char from[PATH_MAX];
        char to[PATH_MAX];
        struct text path;
        text_init(&path, from, sizeof from);
        text_put_format(&path, "%s/%s%s", journal->dir, salvage->name, endings[i]);
        text_init(&path, to, sizeof to);
        text_put_format(&path, "%s/%.*s" JOURNAL_SALVAGED "%s%s", journal->dir, (int)(word - salvage->name),
                        salvage->name, word + strlen(JOURNAL_CORRUPT), endings[i]);
        if (!path.full)
            (void)rename(from, to);
    }
    salvage->name[0] = '\0';
    salvage->going = false;
}

enum err journal_salvage(struct journal *journal, enum lane lane, unsigned count, bool give_up,
                         struct journal_salvaged *ret_salvaged)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    if (!journal_is_salvaging(journal, lane))
        return ERR_EMPTY;
    if (give_up || !open_aside(journal, lane))
        salvage->next = 0;
    uint64_t const before[] = {salvage->next, salvage->expected, salvage->back, salvage->lost};
    enum err err = journal_begin(journal, lane);
    if (err == ERR_OK && salvage->next > 0)
        err = take_some(journal, lane, count);
    if (err == ERR_OK)
        err = put_progress(journal, lane);
    if (err == ERR_OK)
        err = journal_commit(journal, lane);
    if (err != ERR_OK) {
        salvage->next = before[0];
        salvage->expected = before[1];
        salvage->back = before[2];
        salvage->lost = before[3];
        if (journal->files[lane].in_transaction)
            return journal_fail(journal, lane, "take back what was salvaged", SQLITE_IOERR);
        return err;
    }
    *ret_salvaged = (struct journal_salvaged){.done = salvage->next == 0, .back = salvage->back, .lost = salvage->lost};
    if (ret_salvaged->done)
        leave_aside(journal, lane);
    return ERR_OK;
}

void journal_salvage_close(struct journal *journal, enum lane lane)
{
    close_aside(&journal->files[lane].salvage);
}
