#include "firmware-sim/port.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "firmware-sim/path.h"

#define PTY_SILENCE_MIN_US 5000  /* what scheduling may tear a burst apart by */
#define TCP_SILENCE_MIN_US 50000 /* RTU over TCP: segments of one frame */
#define QUIET_US           20000 /* a hung-up pty that stays would wake the loop without end */
#define READ_SIZE          2048
#define READS_MAX          4 /* per step and connection, so that a flood does not starve the others */

static const char *error_text(void)
{
    return strerror(errno); /* NOLINT(concurrency-mt-unsafe): one thread */
}

/* --- speeds --- */

struct speed_row {
    unsigned baud;
    speed_t speed;
};

static const struct speed_row speeds[] = {
    {1200, B1200},   {2400, B2400},   {4800, B4800},     {9600, B9600},     {19200, B19200},
    {38400, B38400}, {57600, B57600}, {115200, B115200}, {230400, B230400},
};

/* B0 for a speed without a name, which is then not checked. */
static speed_t speed_of(unsigned baud)
{
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        if (speeds[i].baud == baud)
            return speeds[i].speed;
    }
    return B0;
}

static bool speed_fits(struct port *port, int fd)
{
    struct termios termios;
    speed_t speed = speed_of(port->bus->baud);
    if (speed == B0 || tcgetattr(fd, &termios) != 0)
        return true;
    bool fits = cfgetospeed(&termios) == speed;
    if (!fits && !port->deaf_to_speed)
        (void)fprintf(stderr, "outpost-sim: %s: a master uses another speed than %u baud and is not understood\n",
                      port->bus->id, port->bus->baud);
    port->deaf_to_speed = !fits;
    return fits;
}

/* --- opening --- */

static void init_connection(struct port *port, struct connection *connection, int fd, int64_t now_us)
{
    connection->fd = fd;
    connection->used_us = now_us;
    connection->pending_size = 0;
    enum wire wire = port->bus->link == SITE_TCP ? WIRE_MBAP : WIRE_RTU;
    channel_init(&connection->channel, wire, &port->timing, world_serve, port->line);
}

/* Raw, at the line's speed, for masters that set nothing. On Linux the master side reaches the slave's settings, so that
 * the slave need not be opened here; once opened and closed it would count as hung up. */
static bool make_raw(int fd, unsigned baud)
{
    struct termios termios;
    if (tcgetattr(fd, &termios) != 0)
        return false;
    cfmakeraw(&termios);
    if (speed_of(baud) != B0)
        (void)cfsetspeed(&termios, speed_of(baud));
    return tcsetattr(fd, TCSANOW, &termios) == 0;
}

/* The master side, or -1. */
static int new_pty(unsigned baud, char *ret_pts, size_t pts_size)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (grantpt(fd) == 0 && unlockpt(fd) == 0 && make_raw(fd, baud) && ptsname_r(fd, ret_pts, pts_size) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static bool open_pty(struct port *port, struct text *why)
{
    int fd = new_pty(port->bus->baud, port->pts, sizeof port->pts);
    if (fd < 0)
        return text_refuse(why, "cannot make a pty: %s", error_text());
    init_connection(port, &port->connections[0], fd, 0);
    port->linked = path_link_pts(port->bus->path, port->pts, why);
    return port->linked;
}

static bool refuse_bind(const struct port *port, const char *host, int error, struct text *why)
{
    if (error == EADDRNOTAVAIL)
        return text_refuse(why,
                           "%s is no address of this machine; `--listen 127.0.0.1` plays it here (the gateway's file "
                           "must then name that host)",
                           host);
    if (error == EACCES)
        return text_refuse(why, "port %u of %s: permission denied; ports below 1024 need root", port->bus->port, host);
    if (error == EADDRINUSE)
        return text_refuse(why, "port %u of %s is in use by another program or another bus of this file",
                           port->bus->port, host);
    return text_refuse(why, "cannot listen on port %u of %s: %s", port->bus->port, host,
                       strerror(error)); /* NOLINT(concurrency-mt-unsafe): one thread */
}

/* The listening socket, or -1 with errno. */
static int listen_on(const struct addrinfo *address)
{
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, PORT_CONNECTIONS_MAX) == 0)
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

static bool open_listener(struct port *port, const char *host, struct text *why)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *addresses = NULL;
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port->bus->port);
    int failure = getaddrinfo(host, service, &hints, &addresses);
    if (failure != 0)
        return text_refuse(why, "host %s: %s", host, gai_strerror(failure));
    int error = EADDRNOTAVAIL;
    for (const struct addrinfo *address = addresses; address != NULL && port->listener < 0;
         address = address->ai_next) {
        port->listener = listen_on(address);
        error = errno;
    }
    freeaddrinfo(addresses);
    return port->listener >= 0 || refuse_bind(port, host, error, why);
}

bool port_open(struct port *port, const struct site_bus *bus, struct line *line, const struct port_options *options,
               struct pool *pool, struct text *why)
{
    struct sentence inner;
    bool pty = bus->link == SITE_RTU;
    *port = (struct port){.bus = bus, .line = line, .listener = -1};
    port->timing =
        channel_timing_of(bus->baud, bus->bits, options->turnaround_us, pty ? PTY_SILENCE_MIN_US : TCP_SILENCE_MIN_US,
                          options->fast || bus->link == SITE_TCP);
    port->connection_max = pty ? 1 : PORT_CONNECTIONS_MAX;
    port->connections = pool_take(pool, port->connection_max, sizeof *port->connections);
    for (size_t i = 0; i < port->connection_max; i++)
        port->connections[i].fd = -1;
    const char *host = options->listen == NULL ? bus->host : options->listen;
    if (pty ? open_pty(port, sentence_init(&inner)) : open_listener(port, host, sentence_init(&inner)))
        return true;
    text_add(why, "bus %s: %s", bus->id, inner.bytes);
    port_close(port);
    return false;
}

static void add_counters(struct channel_counters *sum, const struct channel_counters *more)
{
    sum->requests += more->requests;
    sum->garbled += more->garbled;
    sum->collisions += more->collisions;
    sum->lost += more->lost;
}

static void close_connection(struct port *port, struct connection *connection)
{
    if (connection->fd < 0)
        return;
    add_counters(&port->closed, &connection->channel.counters);
    (void)close(connection->fd);
    connection->fd = -1;
}

void port_close(struct port *port)
{
    if (port->linked)
        path_unlink_pts(port->bus->path, port->pts);
    port->linked = false;
    for (size_t i = 0; i < port->connection_max; i++)
        close_connection(port, &port->connections[i]);
    if (port->connection_max > 0 && port->listener >= 0)
        (void)close(port->listener);
    port->listener = -1;
}

/* --- waiting --- */

size_t port_watch(struct port *port, struct pollfd *ret_fds)
{
    size_t count = 0;
    if (port->listener >= 0)
        ret_fds[count++] = (struct pollfd){.fd = port->listener, .events = POLLIN};
    for (size_t i = 0; i < port->connection_max && port->quiet_us == 0; i++) {
        const struct connection *connection = &port->connections[i];
        if (connection->fd >= 0)
            ret_fds[count++] =
                (struct pollfd){.fd = connection->fd, .events = connection->pending_size > 0 ? POLLOUT : POLLIN};
    }
    port->watched = count;
    return count;
}

int64_t port_due_us(const struct port *port)
{
    int64_t due_us = port->quiet_us == 0 ? CHANNEL_NEVER : port->quiet_us;
    for (size_t i = 0; i < port->connection_max; i++) {
        const struct connection *connection = &port->connections[i];
        if (connection->fd < 0 || connection->pending_size > 0)
            continue;
        int64_t channel_us = channel_due_us(&connection->channel);
        due_us = channel_us < due_us ? channel_us : due_us;
    }
    return due_us;
}

/* --- the last master closed the pty --- */

static bool is_hung_up(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    return poll(&look, 1, 0) > 0 && (look.revents & POLLHUP) != 0;
}

/* A fresh pty behind the symlink, and its master side; -1 when there is none to be had, or when the next master was quick
 * and has the old one open already. */
static int fresh_pty(const struct port *port, int old_fd, char *ret_pts, size_t pts_size)
{
    int fd = is_hung_up(old_fd) ? new_pty(port->bus->baud, ret_pts, pts_size) : -1;
    if (fd < 0)
        return -1;
    bool linked = path_relink_pts(port->bus->path, port->pts, ret_pts);
    if (linked && (is_hung_up(old_fd) || !path_relink_pts(port->bus->path, ret_pts, port->pts)))
        return fd;
    (void)close(fd);
    return -1;
}

static void renew_pty(struct port *port, int64_t now_us)
{
    struct connection *connection = &port->connections[0];
    char pts[sizeof port->pts];
    int fd = fresh_pty(port, connection->fd, pts, sizeof pts);
    port->quiet_us = fd < 0 && is_hung_up(connection->fd) ? now_us + QUIET_US : 0;
    if (fd < 0)
        return;
    close_connection(port, connection);
    init_connection(port, connection, fd, now_us);
    memcpy(port->pts, pts, sizeof pts);
    port->deaf_to_speed = false;
}

/* --- bytes --- */

/* What could not be written stays pending on TCP; a pty whose buffer is full has no reader, and the line forgets. */
static bool write_bytes(struct port *port, struct connection *connection)
{
    size_t done = 0;
    while (done < connection->pending_size) {
        ssize_t written = write(connection->fd, connection->pending + done, connection->pending_size - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno != EAGAIN)
            return false;
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    if (port->listener < 0)
        done = connection->pending_size;
    connection->pending_size -= done;
    memmove(connection->pending, connection->pending + done, connection->pending_size);
    return true;
}

static bool send_answers(struct port *port, struct connection *connection, int64_t now_us)
{
    for (;;) {
        if (!write_bytes(port, connection))
            return false;
        if (connection->pending_size > 0)
            return true;
        connection->pending_size =
            channel_take(&connection->channel, now_us, connection->pending, sizeof connection->pending);
        if (connection->pending_size == 0)
            return true;
    }
}

static void take_bytes(struct port *port, struct connection *connection, const uint8_t *bytes, size_t size,
                       int64_t now_us)
{
    connection->used_us = now_us;
    if (port->listener < 0 && !speed_fits(port, connection->fd))
        port->wrong_speed_size += size;
    else
        channel_receive(&connection->channel, bytes, size, now_us);
}

/* False when the other side is gone. */
static bool read_bytes(struct port *port, struct connection *connection, int64_t now_us)
{
    uint8_t bytes[READ_SIZE];
    for (int i = 0; i < READS_MAX && !connection->channel.broken; i++) {
        ssize_t size = read(connection->fd, bytes, sizeof bytes);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return true;
        if (size <= 0)
            return false;
        take_bytes(port, connection, bytes, (size_t)size, now_us);
        if ((size_t)size < sizeof bytes)
            break;
    }
    return true;
}

static void end_connection(struct port *port, struct connection *connection, int64_t now_us)
{
    if (port->listener < 0)
        renew_pty(port, now_us);
    else
        close_connection(port, connection);
}

static void step_connection(struct port *port, struct connection *connection, short revents, int64_t now_us)
{
    bool good = true;
    if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0)
        good = read_bytes(port, connection, now_us);
    if (port->listener < 0 && (revents & POLLHUP) != 0)
        good = false;
    good = good && send_answers(port, connection, now_us);
    if (!good || (connection->channel.broken && connection->pending_size == 0))
        end_connection(port, connection, now_us);
}

/* --- connections --- */

static struct connection *free_connection(struct port *port)
{
    struct connection *oldest = &port->connections[0];
    for (size_t i = 0; i < port->connection_max; i++) {
        struct connection *connection = &port->connections[i];
        if (connection->fd < 0)
            return connection;
        if (connection->used_us < oldest->used_us)
            oldest = connection;
    }
    close_connection(port, oldest);
    return oldest;
}

static void accept_masters(struct port *port, int64_t now_us)
{
    for (int i = 0; i < PORT_CONNECTIONS_MAX; i++) {
        int on = 1;
        int fd = accept4(port->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        init_connection(port, free_connection(port), fd, now_us);
    }
}

static short revents_of(const struct pollfd *fds, size_t count, int fd)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i].fd == fd)
            return fds[i].revents;
    }
    return 0;
}

void port_step(struct port *port, const struct pollfd *fds, int64_t now_us)
{
    if (now_us >= port->quiet_us)
        port->quiet_us = 0;
    for (size_t i = 0; i < port->connection_max; i++) {
        struct connection *connection = &port->connections[i];
        if (connection->fd >= 0)
            step_connection(port, connection, revents_of(fds, port->watched, connection->fd), now_us);
    }
    if (port->listener >= 0 && (revents_of(fds, port->watched, port->listener) & POLLIN) != 0)
        accept_masters(port, now_us);
}

/* --- status --- */

void port_describe(const struct port *port, struct text *out)
{
    struct channel_counters sum = port->closed;
    size_t connected = 0;
    for (size_t i = 0; i < port->connection_max; i++) {
        if (port->connections[i].fd < 0)
            continue;
        add_counters(&sum, &port->connections[i].channel.counters);
        connected++;
    }
    if (port->listener < 0)
        text_add(out, "bus %s %s -> %s %u baud", port->bus->id, port->bus->path, port->pts, port->bus->baud);
    else
        text_add(out, "bus %s port %u connections %zu", port->bus->id, port->bus->port, connected);
    text_add(out,
             " requests %" PRIu64 " garbled %" PRIu64 " collisions %" PRIu64 " lost %" PRIu64
             " wrong_speed_bytes %" PRIu64 "\n",
             sum.requests, sum.garbled, sum.collisions, sum.lost, port->wrong_speed_size);
}
