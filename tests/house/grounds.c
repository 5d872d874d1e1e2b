#include "tests/house/grounds.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/run/journal.h"

#define NAME "outpost-grounds-"

static char grounds[GROUNDS_MAX];
static int grounds_lock = -1;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    (void)remove(path);
    return 0;
}

static void remove_tree(const char *dir)
{
    (void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int remove_memory(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    char memory[JOURNAL_MEMORY_DIR_SIZE];
    (void)status;
    (void)where;
    if (kind == FTW_D) {
        journal_memory_dir(path, memory);
        remove_tree(memory);
    }
    return 0;
}

static void remove_grounds(const char *dir)
{
    (void)nftw(dir, remove_memory, 8, FTW_PHYS);
    remove_tree(dir);
}

/* The lock on a directory, or -1: somebody has it, or it is none. */
static int lock_dir(const char *dir, int how)
{
    int lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock >= 0 && flock(lock, how) != 0) {
        (void)close(lock);
        return -1;
    }
    return lock;
}

static void remove_what_the_dead_left(const char *base)
{
    char pattern[GROUNDS_MAX];
    glob_t found;
    (void)snprintf(pattern, sizeof pattern, "%s/" NAME "*", base);
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            int lock = lock_dir(found.gl_pathv[i], LOCK_EX | LOCK_NB);
            if (lock >= 0) {
                remove_grounds(found.gl_pathv[i]);
                (void)close(lock);
            }
        }
        globfree(&found);
    }
}

void grounds_open(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    int gate = lock_dir(base, LOCK_EX); /* so that nobody finds new grounds before they are locked */
    CHECK(gate >= 0);
    remove_what_the_dead_left(base);
    (void)snprintf(grounds, sizeof grounds, "%s/" NAME "XXXXXX", base);
    CHECK(mkdtemp(grounds) != NULL);
    grounds_lock = lock_dir(grounds, LOCK_EX);
    CHECK(grounds_lock >= 0);
    (void)close(gate);
}

void grounds_close(void)
{
    remove_grounds(grounds);
    (void)close(grounds_lock);
}

const char *grounds_dir(void)
{
    return grounds;
}
