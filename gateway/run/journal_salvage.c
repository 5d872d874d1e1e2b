/* Salvage: what can still be read of a damaged file comes back into the fresh one, under its own numbers; what cannot is
 * declared. At opening only its small tables (journal_aside.c); the records follow in small steps, whose progress is in meta,
 * in the same transaction as the rows: first all pages are looked through for records (journal_carve.h), then the numbers that
 * are not there are declared, from the highest down. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_carve.h"
#include "gateway/run/journal_private.h"

#define FOLDS_MAX 100 /* steps of RECORDER_SOON_US: no sender reads for so long */

/* --- at opening --- */

int journal_salvage_begin(struct journal *journal, enum lane lane, uint64_t first, uint64_t last)
{
    struct journal_file *file = &journal->files[lane];
    if (last == 0)
        return SQLITE_OK; /* there was nothing */
    char path[PATH_MAX];
    struct stat status;
    if (!journal_has_aside(journal, lane, path, &status))
        return journal_put_lost(file->db, journal->gap_declared[lane], first, last, "salvage");
    if (journal_open_aside(journal, lane))
        journal_copy_small_tables(file->salvage.from, file->db, lane);
    journal_close_aside(&file->salvage);
    int code = journal_set_meta_text(file->db, "salvage", file->salvage.name);
    if (code == SQLITE_OK)
        code = journal_set_meta_number(file->db, "salvage_first", first);
    if (code == SQLITE_OK)
        code = journal_set_meta_number(file->db, "salvage_last", last);
    if (code == SQLITE_OK)
        code = journal_set_meta_number(file->db, "salvage_page", 1);
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
                     journal_get_meta_number(file->db, "salvage_last", &salvage->last) &&
                     journal_get_meta_number(file->db, "salvage_next", &salvage->next);
    salvage->page = 1; /* of an older version, which read in another way, or as it says */
    (void)journal_get_meta_number(file->db, "salvage_page", &salvage->page);
    if (!salvage->going)
        salvage->name[0] = '\0';
}

/* --- the records --- */

bool journal_is_salvaging(const struct journal *journal, enum lane lane)
{
    return journal_is_open(journal, lane) && journal->files[lane].salvage.going;
}

static bool read_page(void *self, uint64_t number, unsigned char *ret_page)
{
    const struct journal_salvage *salvage = self;
    if (number == 0 || number > salvage->page_count)
        return false;
    ssize_t const got =
        pread(salvage->pages_fd, ret_page, CARVE_PAGE_SIZE, (off_t)(number - 1) * (off_t)CARVE_PAGE_SIZE);
    if (got > 0)
        memset(ret_page + got, 0, CARVE_PAGE_SIZE - (size_t)got); /* the last one may be cut off */
    return got > 0;
}

static void close_pages(struct journal_salvage *salvage)
{
    if (salvage->carve != NULL)
        (void)close(salvage->pages_fd);
    free(salvage->carve);
    salvage->carve = NULL;
}

/* Its log is folded into it, by SQLite, which knows what of the log was committed. A sender may be reading it still, which it
 * soon no longer does. False: to be tried again. */
static bool fold_log(struct journal *journal, enum lane lane)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    int pages = 0;
    int folded = 0;
    if (!journal_open_aside(journal, lane))
        return true; /* SQLite can read nothing of it */
    int const code = sqlite3_wal_checkpoint_v2(salvage->from, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &folded);
    bool const is_read = (code & 0xFF) == SQLITE_BUSY || (code == SQLITE_OK && folded < pages);
    return !is_read || ++salvage->folds >= FOLDS_MAX;
}

/* False: there is nothing to read. */
static bool open_pages(struct journal *journal, enum lane lane)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    char path[PATH_MAX];
    struct stat status;
    if (salvage->carve != NULL)
        return true;
    journal_close_aside(salvage);
    if (!journal_has_aside(journal, lane, path, &status))
        return false;
    int const fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct carve *carve = fd >= 0 ? malloc(sizeof *carve) : NULL;
    if (carve == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    carve->read_page = read_page;
    carve->self = salvage;
    salvage->carve = carve;
    salvage->pages_fd = fd;
    salvage->page_count = ((uint64_t)status.st_size + CARVE_PAGE_SIZE - 1) / CARVE_PAGE_SIZE;
    return true;
}

static enum err take_back(struct journal *journal, enum lane lane, const struct journal_record *record)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    if (record->seq > salvage->last)
        return ERR_OK;
    enum err const err = journal_put_old_record(journal, lane, record);
    if (err == ERR_OK)
        salvage->back += (uint64_t)sqlite3_changes(journal->files[lane].db); /* 0: it was back already */
    return err;
}

/* The records of the next pages, about `count`; salvage->page says where it goes on (0: that was all). */
static enum err take_pages(struct journal *journal, enum lane lane, unsigned count)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    struct journal_record record;
    enum err err = ERR_OK;
    unsigned taken = 0;
    for (unsigned pages = 0; err == ERR_OK && salvage->page > 0 && taken < count && pages < count; pages++) {
        bool const is_there = journal_carve_page(salvage->carve, salvage->page);
        for (; is_there && err == ERR_OK && journal_carve_next(salvage->carve, &record); taken++)
            err = take_back(journal, lane, &record);
        salvage->page = salvage->page < salvage->page_count ? salvage->page + 1 : 0;
    }
    return err;
}

/* --- what did not come back --- */

/* Numbers every centre has need no word. */
static uint64_t first_wanted(const struct journal_file *file)
{
    return file->lw >= file->salvage.first ? file->lw + 1 : file->salvage.first;
}

static enum err declare(struct journal *journal, enum lane lane, uint64_t first, uint64_t last)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    uint64_t const wanted = first_wanted(&journal->files[lane]);
    if (first < wanted)
        first = wanted;
    if (first > last)
        return ERR_OK;
    salvage->lost += last - first + 1;
    return journal_put_gap(journal, lane,
                           &(struct journal_gap){.of = lane, .first = first, .last = last, .why = "salvage"});
}

/* Passes about `count` records downwards and declares what is missing between them; salvage->next says from where on it goes
 * on (0: that was all). */
static enum err declare_some(struct journal *journal, enum lane lane, unsigned count)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    sqlite3_stmt *read = NULL;
    unsigned passed = 0;
    enum err err = ERR_OK;
    int code = sqlite3_prepare_v2(journal->files[lane].db,
                                  "SELECT seq FROM record WHERE seq BETWEEN ?2 AND ?1 ORDER BY seq DESC LIMIT ?3", -1,
                                  &read, NULL);
    (void)sqlite3_bind_int64(read, 1, (sqlite3_int64)salvage->next);
    (void)sqlite3_bind_int64(read, 2, (sqlite3_int64)first_wanted(&journal->files[lane]));
    (void)sqlite3_bind_int64(read, 3, (sqlite3_int64)count);
    while (err == ERR_OK && code == SQLITE_OK && (code = sqlite3_step(read)) == SQLITE_ROW) {
        uint64_t const seq = (uint64_t)sqlite3_column_int64(read, 0);
        err = declare(journal, lane, seq + 1, salvage->next);
        salvage->next = seq - 1;
        passed++;
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(read);
    if (err == ERR_OK && code != SQLITE_DONE)
        err = journal_fail(journal, lane, "read what is back", code);
    if (err != ERR_OK || passed == count)
        return err;
    err = declare(journal, lane, 1, salvage->next);
    salvage->next = 0;
    return err;
}

static enum err put_progress(struct journal *journal, enum lane lane)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    sqlite3 *db = journal->files[lane].db;
    int code = SQLITE_OK;
    if (salvage->next == 0)
        code = journal_execute(db, "DELETE FROM meta WHERE key IN('salvage','salvage_first','salvage_last',"
                                   "'salvage_page','salvage_next')");
    else
        code = journal_set_meta_number(db, "salvage_page", salvage->page);
    if (code == SQLITE_OK && salvage->next > 0)
        code = journal_set_meta_number(db, "salvage_next", salvage->next);
    return journal_err(code);
}

/* Nothing more will be read of it. It stays for whoever wants to look at it, until the disk is needed. */
static void leave_aside(struct journal *journal, enum lane lane)
{
    static const char *const endings[] = {"", "-wal"};
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    const char *word = strstr(salvage->name, JOURNAL_CORRUPT);
    journal_close_aside(salvage);
    close_pages(salvage);
    salvage->folds = 0;
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

static bool is_forbidden(const struct journal *journal, enum lane lane)
{
    char path[PATH_MAX];
    struct stat status;
    return journal_has_aside(journal, lane, path, &status) && journal_is_forbidden(path);
}

enum err journal_salvage(struct journal *journal, enum lane lane, unsigned count, bool give_up,
                         struct journal_salvaged *ret_salvaged)
{
    struct journal_salvage *salvage = &journal->files[lane].salvage;
    if (!journal_is_salvaging(journal, lane))
        return ERR_EMPTY;
    if (salvage->page > 0 && !give_up && salvage->carve == NULL && is_forbidden(journal, lane)) {
        *ret_salvaged = (struct journal_salvaged){.forbidden = true, .back = salvage->back, .lost = salvage->lost};
        return ERR_OK;
    }
    if (salvage->page > 0 && !give_up && salvage->carve == NULL && !fold_log(journal, lane)) {
        *ret_salvaged = (struct journal_salvaged){.back = salvage->back, .lost = salvage->lost};
        return ERR_OK;
    }
    if (salvage->page > 0 && (give_up || !open_pages(journal, lane)))
        salvage->page = 0;
    uint64_t const before[] = {salvage->page, salvage->next, salvage->back, salvage->lost};
    enum err err = journal_begin(journal, lane);
    if (err == ERR_OK)
        err = salvage->page > 0 ? take_pages(journal, lane, count) : declare_some(journal, lane, count);
    if (err == ERR_OK)
        err = put_progress(journal, lane);
    if (err == ERR_OK)
        err = journal_commit(journal, lane);
    if (err != ERR_OK) {
        salvage->page = before[0];
        salvage->next = before[1];
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
    journal_close_aside(&journal->files[lane].salvage);
    close_pages(&journal->files[lane].salvage);
}
