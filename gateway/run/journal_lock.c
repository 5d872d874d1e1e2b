/* The lock of a journal's directory: two writers would give the same numbers twice. flock(2) on the file `lock`, which goes with
 * the process however it ends; what stands in the file is only told to people. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/run/journal_private.h"

#define LOCK_MODE 0640
#define HOLDER_MAX                                                                                                     \
    12 /* "4194304\n", always that many bytes: on a full disk a block that is there can be written again */

static bool lock_path(const char *dir, char ret_path[static PATH_MAX])
{
    return snprintf(ret_path, PATH_MAX, "%s/lock", dir) < PATH_MAX;
}

static void write_holder(int fd)
{
    char line[HOLDER_MAX + 1];
    (void)snprintf(line, sizeof line, "%-*ld\n", HOLDER_MAX - 1, (long)getpid());
    if (pwrite(fd, line, HOLDER_MAX, 0) != HOLDER_MAX && ftruncate(fd, 0) != 0)
        log_say(LOG_WARNING, "journal", "the lock names a process that is gone"); /* it holds all the same */
}

long journal_holder(const char *dir)
{
    char path[PATH_MAX];
    char line[HOLDER_MAX + 1];
    int fd = lock_path(dir, path) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return 0;
    ssize_t const got = read(fd, line, HOLDER_MAX);
    (void)close(fd);
    line[got > 0 ? got : 0] = '\0';
    long const holder = strtol(line, NULL, 10);
    return holder > 0 ? holder : 0;
}

static enum err refuse(struct journal *journal, const char *path, int error)
{
    struct journal_file *file = &journal->files[LANE_A];
    char reason[64];
    if (error == EWOULDBLOCK)
        (void)snprintf(file->trouble, sizeof file->trouble,
                       "another outpost (process %ld) is using the journal %.70s: stop one of them",
                       journal_holder(journal->dir), journal->dir);
    else
        (void)snprintf(file->trouble, sizeof file->trouble, "%.100s: %s", path,
                       strerror_r(error, reason, sizeof reason));
    return error == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
}

enum err journal_lock(struct journal *journal)
{
    char path[PATH_MAX];
    if (journal->lock_fd >= 0)
        return ERR_OK;
    if (!lock_path(journal->dir, path))
        return refuse(journal, path, ENAMETOOLONG);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
    if (fd < 0 && errno == EROFS) /* alarms run from memory: still only one gateway */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return refuse(journal, path, errno);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int const error = errno;
        (void)close(fd);
        return refuse(journal, path, error);
    }
    write_holder(fd);
    journal->lock_fd = fd;
    return ERR_OK;
}
