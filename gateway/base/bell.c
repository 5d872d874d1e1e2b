#include "gateway/base/bell.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum err bell_open(struct bell *bell)
{
    bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_store(&bell->rung, false);
    return bell->fd >= 0 ? ERR_OK : ERR_IO;
}

void bell_close(struct bell *bell)
{
    if (bell->fd >= 0)
        (void)close(bell->fd);
    bell->fd = -1;
}

void bell_ring(struct bell *bell)
{
    if (atomic_exchange(&bell->rung, true))
        return;
    int saved = errno;
    uint64_t one = 1;
    ssize_t written = write(bell->fd, &one, sizeof one);
    (void)written; /* fails only when the counter is full, and then it is readable anyway */
    errno = saved;
}

void bell_answer(struct bell *bell)
{
    uint64_t count;
    ssize_t got = read(bell->fd, &count, sizeof count);
    (void)got;
    atomic_store(&bell->rung, false);
}
