/* The spare journal: when the disk cannot be written, lane a goes on in memory, in a directory of a RAM disk. It has the stream
 * of the journal it stands for, and numbers far above those that may have been given: a number that a centre got from memory is
 * never given again, not even when the power goes before the disk is back. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_private.h"

#define MEMORY_BASE    "/dev/shm" /* of every Linux; its files are memory, and gone after a reboot */
#define SPARE_SIZE_MAX ((uint64_t)8 * 1024 * 1024)
#define SPARE_SKIP     1000000 /* and a random number below 2^32 */
#define COPY_COUNT     200

void journal_memory_dir(const char *dir, char ret_dir[static JOURNAL_MEMORY_DIR_SIZE])
{
    (void)snprintf(ret_dir, JOURNAL_MEMORY_DIR_SIZE, MEMORY_BASE "/outpost-%016llx",
                   (unsigned long long)journal_hash(dir, strlen(dir)));
}

/* Ours alone: in a directory where everybody may make files, a name proves nothing. */
static bool is_ours(const char *dir)
{
    struct stat status;
    return lstat(dir, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & 077) == 0;
}

bool journal_make_memory(const char *dir)
{
    char memory[JOURNAL_MEMORY_DIR_SIZE];
    journal_memory_dir(dir, memory);
    return (mkdir(memory, 0700) == 0 || errno == EEXIST) && is_ours(memory);
}

bool journal_memory_path(const char *dir, enum lane lane, char ret_path[static PATH_MAX])
{
    char memory[JOURNAL_MEMORY_DIR_SIZE];
    journal_memory_dir(dir, memory);
    (void)snprintf(ret_path, PATH_MAX, "%s/%s", memory, lane == LANE_A ? "alarms.db" : "telemetry.db");
    return access(ret_path, F_OK) == 0 && is_ours(memory);
}

bool journal_has_spare(const struct journal *journal)
{
    char path[PATH_MAX];
    return journal_memory_path(journal->dir, LANE_A, path);
}

/* The disk may still be read: states, cursors and registries as they stand there, and what it says of itself. */
static sqlite3 *open_read_only(const struct journal *journal)
{
    static const char *const forms[] = {"file:%s?mode=ro", "file:%s?mode=ro&immutable=1"};
    char name[PATH_MAX + 40];
    int64_t tables = 0;
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        sqlite3 *db = NULL;
        (void)sqlite3_snprintf((int)sizeof name, name, forms[i], journal->files[LANE_A].path);
        int code = sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
        if (code == SQLITE_OK)
            code = journal_ask_number(db, "SELECT count(*) FROM meta", &tables);
        if (code == SQLITE_OK)
            return db;
        (void)sqlite3_close_v2(db);
    }
    return NULL;
}

static void find_given(const struct journal *journal, sqlite3 *disk, struct journal_origin *ret_given)
{
    uint32_t random;
    int64_t last = 0;
    *ret_given = (struct journal_origin){.high = journal->files[LANE_A].last, .boot = journal->boot};
    text_copy(ret_given->stream, sizeof ret_given->stream, journal->stream);
    if (disk != NULL && !journal->known) {
        (void)journal_get_meta_text(disk, "stream", ret_given->stream, sizeof ret_given->stream);
        (void)journal_get_meta_number(disk, "boot", &ret_given->boot);
        ret_given->boot++;
        if (journal_ask_number(disk,
                               "SELECT max(ifnull((SELECT max(seq) FROM record),0),"
                               "ifnull((SELECT max(last) FROM gap),0))",
                               &last) == SQLITE_OK &&
            last > 0)
            ret_given->high = (uint64_t)last;
    }
    sqlite3_randomness((int)sizeof random, &random);
    ret_given->high += SPARE_SKIP + random;
    ret_given->found = true;
}

static enum err open_spare(struct journal *spare, sqlite3 *disk)
{
    enum err err = journal_open(spare, LANE_A);
    if (err == ERR_OK && disk != NULL && journal_take_renewed(spare, LANE_A))
        journal_copy_small_tables(disk, spare->files[LANE_A].db, LANE_A);
    return err;
}

enum err journal_open_spare(struct journal **ret_spare, struct journal *journal)
{
    char dir[JOURNAL_MEMORY_DIR_SIZE];
    struct journal *spare = NULL;
    journal_memory_dir(journal->dir, dir);
    bool const left = journal_has_spare(journal);
    if (!journal_make_memory(journal->dir))
        return ERR_PERMISSION;
    enum err err = journal_make(&spare, &(struct journal_setup){.dir = dir,
                                                                .size_max = SPARE_SIZE_MAX,
                                                                .machine_id = journal->machine_id,
                                                                .machine_boot_id = journal->machine_boot_id});
    if (err != ERR_OK)
        return err;
    sqlite3 *disk = open_read_only(journal);
    find_given(journal, disk, &spare->given);
    err = left || spare->given.stream[0] != '\0' ? open_spare(spare, disk) : ERR_NOT_FOUND;
    (void)sqlite3_close_v2(disk);
    if (err == ERR_OK)
        *ret_spare = spare;
    else if (left)
        journal_destroy(spare);
    else
        journal_remove_spare(spare);
    return err;
}

static enum err copy_record(struct journal *journal, sqlite3_stmt *row)
{
    const char *topic = (const char *)sqlite3_column_text(row, 2);
    const void *payload = sqlite3_column_blob(row, 3);
    return journal_put_record(journal, LANE_A,
                              &(struct journal_record){.seq = (uint64_t)sqlite3_column_int64(row, 0),
                                                       .at_utc_ms = sqlite3_column_int64(row, 1),
                                                       .topic = topic != NULL ? topic : "",
                                                       .payload = payload != NULL ? payload : "",
                                                       .payload_size = (size_t)sqlite3_column_bytes(row, 3)});
}

/* The numbers between what the disk had and the first of the spare were never given. */
static enum err skip_to(struct journal *journal, uint64_t first)
{
    uint64_t const last = journal->files[LANE_A].uncommitted_last;
    if (first <= last + 1)
        return ERR_OK;
    return journal_put_gap(
        journal, LANE_A, &(struct journal_gap){.of = LANE_A, .first = last + 1, .last = first - 1, .why = "reserved"});
}

static enum err copy_some(struct journal *journal, sqlite3 *from, unsigned *ret_copied)
{
    sqlite3_stmt *read = NULL;
    unsigned copied = 0;
    int code =
        sqlite3_prepare_v2(from, "SELECT seq,at,topic,payload FROM record WHERE seq>?1 ORDER BY seq", -1, &read, NULL);
    (void)sqlite3_bind_int64(read, 1, (sqlite3_int64)journal->files[LANE_A].last);
    enum err err = journal_err(code);
    if (err == ERR_OK)
        err = journal_begin(journal, LANE_A);
    while (err == ERR_OK && copied < COPY_COUNT && (code = sqlite3_step(read)) == SQLITE_ROW) {
        err = skip_to(journal, (uint64_t)sqlite3_column_int64(read, 0));
        if (err == ERR_OK)
            err = copy_record(journal, read);
        copied++;
    }
    (void)sqlite3_finalize(read);
    if (err == ERR_OK)
        err = journal_commit(journal, LANE_A);
    *ret_copied = copied;
    return err;
}

/* They are newer than those of the disk. */
static enum err copy_states(struct journal *journal, sqlite3 *from)
{
    enum err err = journal_begin(journal, LANE_A);
    if (err != ERR_OK)
        return err;
    journal_copy_rows(from, journal->files[LANE_A].db, "SELECT * FROM state",
                      "INSERT OR REPLACE INTO state VALUES" JOURNAL_STATE_VALUES);
    return journal_commit(journal, LANE_A);
}

enum err journal_take_spare(struct journal *journal, struct journal *spare)
{
    unsigned copied = 0;
    CHECK(journal_is_open(journal, LANE_A) && journal_is_open(spare, LANE_A));
    if (strcmp(journal->stream, spare->stream) != 0)
        return ERR_ARGUMENT;
    enum err err = copy_some(journal, spare->files[LANE_A].db, &copied);
    if (err == ERR_OK && copied == COPY_COUNT)
        return ERR_BUSY;
    return err == ERR_OK ? copy_states(journal, spare->files[LANE_A].db) : err;
}

void journal_remove_spare(struct journal *spare)
{
    static const char *const names[] = {"alarms.db", "alarms.db-wal", "alarms.db-shm", "lock"};
    char dir[sizeof spare->dir];
    char path[PATH_MAX];
    text_copy(dir, sizeof dir, spare->dir);
    journal_destroy(spare);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}
