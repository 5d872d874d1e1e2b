#include "gateway/desk/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A whole positive decimal number, or 0. */
static int64_t number_of(const char *text)
{
    char *end = NULL;
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return 0;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' ? value : 0;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t const size = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || size < 2 || size >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, size);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* the abstract name space */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t const address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, address_size) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

void notify_open(struct notify *notify, const char *socket_path, const char *watchdog_us, const char *watchdog_pid,
                 int64_t pid)
{
    *notify = (struct notify){.fd = socket_path != NULL ? connect_to(socket_path) : -1};
    if (notify->fd >= 0 && (watchdog_pid == NULL || number_of(watchdog_pid) == pid))
        notify->feed_us = number_of(watchdog_us) / 2;
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0)
        (void)close(notify->fd);
    notify->fd = -1;
}

void notify_say(const struct notify *notify, const char *words)
{
    if (notify->fd < 0)
        return;
    ssize_t put = send(notify->fd, words, strlen(words), MSG_NOSIGNAL);
    (void)put; /* a manager that does not listen decides for itself what that means */
}

int64_t notify_step(struct notify *notify, struct now now, int64_t beat_mono_us)
{
    if (notify->fd < 0 || notify->feed_us <= 0)
        return CLOCK_NEVER;
    if (now.mono_us < notify->next_mono_us)
        return notify->next_mono_us;
    if (beat_mono_us != notify->beat_mono_us)
        notify_say(notify, "WATCHDOG=1");
    notify->beat_mono_us = beat_mono_us;
    notify->next_mono_us = now.mono_us + notify->feed_us;
    return notify->next_mono_us;
}
