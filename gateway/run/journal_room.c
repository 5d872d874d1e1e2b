/* Room on the disk: the reserve for alarms, and what may go when there is none. */
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "gateway/run/journal_private.h"

#define RESERVE_FILE "reserve"

static bool reserve_path(const struct journal *journal, char ret_path[static PATH_MAX])
{
    return journal_aside_path(journal, RESERVE_FILE, ret_path);
}

/* Both logs twice: one for what is written, one for what is folded back. */
static uint64_t reserve_size(const struct journal *journal)
{
    uint64_t const logs = journal_log_pages(journal, LANE_A) + journal_log_pages(journal, LANE_T);
    return 2 * logs * JOURNAL_PAGE_SIZE;
}

static bool has_reserve(const char *path, uint64_t size)
{
    struct stat status;
    return stat(path, &status) == 0 && (uint64_t)status.st_blocks * 512 >= size;
}

/* max_page_count: of the quota, or what the file has now. */
static void let_telemetry_grow(struct journal *journal, bool grow)
{
    sqlite3 *db = journal->files[LANE_T].db;
    uint64_t const pages = journal->size_max / JOURNAL_PAGE_SIZE;
    int64_t now = 0;
    if (db == NULL || pages == 0 || journal_ask_number(db, "PRAGMA page_count", &now) != SQLITE_OK)
        return;
    (void)journal_execute(db, "PRAGMA max_page_count=%lld", grow ? (long long)pages : (long long)now);
}

bool journal_keep_reserve(struct journal *journal)
{
    char path[PATH_MAX];
    struct statvfs disk;
    uint64_t const size = reserve_size(journal);
    if (!reserve_path(journal, path))
        return false;
    if (has_reserve(path, size))
        return true;
    if (statvfs(journal->dir, &disk) != 0 || (uint64_t)disk.f_bavail * disk.f_frsize < 2 * size)
        return false;
    int const fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    bool const made = fd >= 0 && fallocate(fd, 0, 0, (off_t)size) == 0;
    if (fd >= 0)
        (void)close(fd);
    if (made)
        let_telemetry_grow(journal, true);
    else
        (void)unlink(path);
    return made;
}

bool journal_give_reserve(struct journal *journal)
{
    char path[PATH_MAX];
    if (!reserve_path(journal, path) || unlink(path) != 0)
        return false;
    let_telemetry_grow(journal, false);
    return true;
}

bool journal_drop_aside(struct journal *journal)
{
    char path[PATH_MAX];
    bool dropped = false;
    DIR *dir = opendir(journal->dir);
    if (dir == NULL)
        return false;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (strstr(entry->d_name, JOURNAL_SALVAGED) != NULL && journal_aside_path(journal, entry->d_name, path) &&
            unlink(path) == 0)
            dropped = true;
    (void)closedir(dir);
    return dropped;
}
