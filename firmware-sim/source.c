#include "firmware-sim/source.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "firmware-sim/clock.h"
#include "firmware-sim/tty.h"

#define ADAPTER_US 5000
#define HEARD_MAX  1024 /* of one question, with noise */

/* --- waiting --- */

enum wake { WAKE_TIME, WAKE_READY, WAKE_STOP };

static enum wake wait_for(const struct source *source, int fd, short events, int64_t until_us)
{
    struct pollfd fds[2] = {{.fd = source->signals, .events = POLLIN}, {.fd = fd, .events = events}};
    for (;;) {
        int64_t left_us = until_us - clock_mono_us();
        left_us = left_us < 0 ? 0 : left_us;
        const struct timespec timeout = {.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};
        int count = ppoll(fds, fd < 0 ? 1 : 2, &timeout, NULL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return WAKE_TIME;
        return fds[0].revents != 0 ? WAKE_STOP : WAKE_READY;
    }
}

bool source_wait(struct source *source, int64_t until_us)
{
    return wait_for(source, -1, 0, until_us) != WAKE_STOP;
}

/* --- opening --- */

static void drop(struct source *source)
{
    if (source->fd >= 0)
        (void)close(source->fd);
    source->fd = -1;
}

static bool is_connected(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

static int connect_to(const struct source *source, const struct addrinfo *address, int64_t until_us)
{
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    bool good = connect(fd, address->ai_addr, address->ai_addrlen) == 0;
    if (!good && errno == EINPROGRESS)
        good = wait_for(source, fd, POLLOUT, until_us) == WAKE_READY && is_connected(fd);
    if (!good) {
        (void)close(fd);
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static bool connect_tcp(struct source *source)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    char service[8];
    (void)snprintf(service, sizeof service, "%u", source->bus->port);
    if (getaddrinfo(source->bus->host, service, &hints, &addresses) != 0)
        return false;
    int64_t until_us = clock_mono_us() + source->timeout_us;
    for (const struct addrinfo *address = addresses; address != NULL && source->fd < 0; address = address->ai_next)
        source->fd = connect_to(source, address, until_us);
    freeaddrinfo(addresses);
    return source->fd >= 0;
}

/* What a simulator's symlink points to: a pty is told by its name. */
static const char *real_port(const char *path, char real[static PATH_MAX])
{
    return realpath(path, real) != NULL && strncmp(real, "/dev/pts/", 9) == 0 ? real : path;
}

bool source_open(struct source *source, const struct site_bus *bus, uint8_t unit, int64_t timeout_us, int signals,
                 struct text *why)
{
    *source =
        (struct source){.bus = bus,
                        .unit = unit,
                        .wire = bus->link == SITE_TCP ? WIRE_MBAP : WIRE_RTU,
                        .timeout_us = timeout_us,
                        .quiet_us = bus->link == SITE_TCP ? 0 : ADAPTER_US + (int64_t)bus->bits * 3500000 / bus->baud,
                        .signals = signals,
                        .fd = -1};
    char real[PATH_MAX];
    if (bus->link == SITE_RTU)
        source->fd = tty_open(real_port(bus->path, real), bus->baud, bus->format, why);
    return bus->link != SITE_RTU || source->fd >= 0;
}

void source_close(struct source *source)
{
    drop(source);
}

/* --- bytes --- */

enum told source_hear(struct source *source, int64_t until_us, uint8_t *ret_bytes, size_t size_max, size_t *ret_size)
{
    *ret_size = 0;
    for (;;) {
        enum wake wake = wait_for(source, source->fd, POLLIN, until_us);
        if (wake != WAKE_READY)
            return wake == WAKE_STOP ? TOLD_STOP : TOLD_NOISE;
        ssize_t size = read(source->fd, ret_bytes, size_max);
        if (size < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (size <= 0)
            return TOLD_GONE;
        *ret_size = (size_t)size;
        return TOLD_NOISE;
    }
}

/* Everything that comes until then is not looked at. */
static enum told discard(struct source *source, int64_t until_us)
{
    uint8_t bytes[HEARD_MAX];
    size_t size;
    enum told told;
    do
        told = source_hear(source, until_us, bytes, sizeof bytes, &size);
    while (told == TOLD_NOISE && size > 0);
    return told;
}

static bool send_question(struct source *source, const struct question *question)
{
    uint8_t frame[FRAME_MAX];
    size_t size = master_ask(question, frame);
    ssize_t written;
    do
        written = write(source->fd, frame, size);
    while (written < 0 && errno == EINTR);
    return written == (ssize_t)size;
}

static enum told await_answer(struct source *source, const struct question *question, struct finding *ret_finding)
{
    uint8_t bytes[HEARD_MAX];
    size_t used = 0;
    size_t size = 1;
    int64_t until_us = clock_mono_us() + source->timeout_us;
    while (size > 0) {
        enum told told = source_hear(source, until_us, bytes + used, sizeof bytes - used, &size);
        used += size;
        if (told != TOLD_NOISE)
            return told;
        if (master_understand(question, bytes, used, source->words, ret_finding))
            return TOLD_FINDING;
        if (used == sizeof bytes)
            return TOLD_NOISE;
    }
    *ret_finding = (struct finding){.where = question->where, .outcome = OUTCOME_SILENCE};
    return used > 0 ? TOLD_NOISE : TOLD_FINDING;
}

static enum told be_silent(const struct span *where, struct finding *ret_finding)
{
    *ret_finding = (struct finding){.where = *where, .outcome = OUTCOME_SILENCE};
    return TOLD_FINDING;
}

/* A TCP device that hangs up did not answer. */
static enum told hang_up(struct source *source, const struct span *where, struct finding *ret_finding)
{
    if (source->bus->link == SITE_RTU)
        return TOLD_GONE;
    drop(source);
    return be_silent(where, ret_finding);
}

enum told source_ask(struct source *source, const struct span *where, struct finding *ret_finding)
{
    const struct question question = {
        .wire = source->wire, .transaction = ++source->transaction, .unit = source->unit, .where = *where};
    if (source->fd < 0 && !connect_tcp(source))
        return source_wait(source, 0) ? be_silent(where, ret_finding) : TOLD_STOP;
    enum told told = discard(source, clock_mono_us() + source->quiet_us);
    if (told == TOLD_GONE && source->bus->link != SITE_RTU) { /* hung up since the last question */
        drop(source);
        told = connect_tcp(source) ? TOLD_NOISE : TOLD_GONE;
    }
    if (told == TOLD_NOISE)
        told = send_question(source, &question) ? await_answer(source, &question, ret_finding) : TOLD_GONE;
    bool answered = told == TOLD_FINDING && ret_finding->outcome != OUTCOME_SILENCE;
    if ((told == TOLD_FINDING && !answered) || told == TOLD_NOISE) {
        enum told after = discard(source, clock_mono_us() + (source->wire == WIRE_RTU ? source->timeout_us : 0));
        told = after == TOLD_NOISE ? told : after;
    }
    return told == TOLD_GONE ? hang_up(source, where, ret_finding) : told;
}
