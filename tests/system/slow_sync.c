/* slow_sync: every fsync and fdatasync takes SLOW_SYNC_MS longer, as on an SD card, for programs started with LD_PRELOAD. Each is
 * noted in the file SLOW_SYNC_LOG when it is done: "begin end path", in microseconds of the wall clock. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t wall_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* One write to a file opened for appending: lines of several threads do not mix. */
static void note(int fd, int64_t begin_us)
{
    char link[64];
    char path[200] = "";
    char line[300];
    const char *log = getenv("SLOW_SYNC_LOG");
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (log == NULL || readlink(link, path, sizeof path - 1) < 0)
        return;
    int size = snprintf(line, sizeof line, "%lld %lld %s\n", (long long)begin_us, (long long)wall_us(), path);
    int to = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (to < 0 || write(to, line, (size_t)size) != size)
        abort();
    (void)close(to);
}

static int slowly(long call, int fd)
{
    const char *text = getenv("SLOW_SYNC_MS");
    long const ms = text != NULL ? strtol(text, NULL, 10) : 0;
    struct timespec const pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    int64_t const begin_us = wall_us();
    (void)nanosleep(&pause, NULL);
    int const result = (int)syscall(call, fd);
    note(fd, begin_us);
    return result;
}

int fsync(int fd)
{
    return slowly(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return slowly(SYS_fdatasync, fd);
}
