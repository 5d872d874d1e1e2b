#include "firmware-sim/port.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware-sim/path.h"
#include "firmware-sim/tty.h"

#define PTY_SILENCE_MIN_US  5000   /* what scheduling may tear a burst apart by */
#define REAL_SILENCE_MIN_US 20000  /* what a USB adapter may (its timer has 16 ms) */
#define TCP_SILENCE_MIN_US  50000  /* RTU over TCP: segments of one frame */
#define RETRY_US            100000 /* before a port is opened again */
#define QUIET_US            20000  /* a hung-up pty that stays would wake the loop without end */
#define READ_SIZE           2048
#define READS_MAX           4 /* per step and connection, so that a flood does not starve the others */

static const char *error_text(void)
{
    return strerror(errno); /* NOLINT(concurrency-mt-unsafe): one thread */
}

static bool speed_fits(struct port *port, int fd)
{
    bool fits = port->kind == PORT_REAL || tty_speed_fits(fd, port->bus->baud);
    if (!fits && !port->deaf_to_speed)
        (void)fprintf(stderr, "outpost-sim: %s: a master uses another speed than %u baud and is not understood\n",
                      port->bus->id, port->bus->baud);
    port->deaf_to_speed = !fits;
    return fits;
}

/* --- connections --- */

static void open_connection(struct port *port, int fd, int64_t now_us)
{
    struct connection *connection = port->connections[port->connection_count++];
    connection->fd = fd;
    connection->heard = false;
    connection->used_us = now_us;
    connection->pending_size = 0;
    enum wire wire = port->bus->link == SITE_TCP ? WIRE_MBAP : WIRE_RTU;
    channel_init(&connection->channel, wire, &port->timing, line_serve, port->line);
}

static void add_counters(struct channel_counters *sum, const struct channel_counters *more)
{
#define ADD_COUNTER(name) sum->name += more->name;
    CHANNEL_COUNTERS(ADD_COUNTER)
#undef ADD_COUNTER
}

static void close_connection(struct port *port, size_t index)
{
    struct connection *connection = port->connections[index];
    add_counters(&port->closed, &connection->channel.counters);
    (void)close(connection->fd);
    port->connection_count--;
    port->connections[index] = port->connections[port->connection_count];
    port->connections[port->connection_count] = connection;
}

/* --- opening --- */

static bool open_pty(struct port *port, struct text *why)
{
    int fd = tty_new_pty(port->bus->baud, port->pts, sizeof port->pts);
    if (fd < 0)
        return text_refuse(why, "cannot make a pty: %s", error_text());
    open_connection(port, fd, 0);
    port->linked = path_link_pts(port->path, port->pts, why);
    return port->linked;
}

static bool open_real(struct port *port, struct text *why)
{
    int fd = tty_open(port->path, port->bus->baud, port->bus->format, why);
    if (fd >= 0)
        open_connection(port, fd, 0);
    return fd >= 0;
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

static bool open_listener(struct port *port, struct text *why)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *addresses = NULL;
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port->bus->port);
    int failure = getaddrinfo(port->host, service, &hints, &addresses);
    if (failure != 0)
        return text_refuse(why, "host %s: %s", port->host, gai_strerror(failure));
    int error = EADDRNOTAVAIL;
    for (const struct addrinfo *address = addresses; address != NULL && port->listener < 0;
         address = address->ai_next) {
        port->listener = listen_on(address);
        error = errno;
    }
    freeaddrinfo(addresses);
    return port->listener >= 0 || refuse_bind(port, port->host, error, why);
}

/* Everything that masters can hold on to. */
static void shut(struct port *port)
{
    if (port->linked)
        path_unlink_pts(port->path, port->pts);
    port->linked = false;
    while (port->connection_count > 0)
        close_connection(port, port->connection_count - 1);
    if (port->connection_max > 0 && port->listener >= 0)
        (void)close(port->listener);
    port->listener = -1;
    port->open = false;
}

static bool open_way(struct port *port, struct text *why)
{
    static bool (*const ways[])(struct port *, struct text *) = {
        [PORT_PTY] = open_pty, [PORT_LISTENER] = open_listener, [PORT_REAL] = open_real};
    port->deaf_to_speed = false;
    port->quiet_us = 0;
    port->retry_us = CHANNEL_NEVER;
    port->open = ways[port->kind](port, why);
    if (!port->open)
        shut(port);
    return port->open;
}

static struct channel_timing timing_of(const struct port *port, const struct port_options *options,
                                       const struct wish *wish)
{
    static const int64_t silences_us[] = {
        [PORT_PTY] = PTY_SILENCE_MIN_US, [PORT_LISTENER] = TCP_SILENCE_MIN_US, [PORT_REAL] = REAL_SILENCE_MIN_US};
    const struct site_bus *bus = port->bus;
    bool real = port->kind == PORT_REAL;
    bool fast = (options->fast && !real) || bus->link == SITE_TCP;
    struct channel_timing timing =
        channel_timing_of(bus->baud, bus->bits, options->turnaround_us, silences_us[port->kind], fast);
    timing.real = real;
    timing.echo = wish != NULL && wish->echo;
    timing.latency_us = wish == NULL || fast ? 0 : wish->latency_us;
    if (port->kind != PORT_PTY)
        timing.gap_us = 0; /* what the network or a USB adapter does to gaps says nothing of the master */
    return timing;
}

static bool check_wish(const struct port *port, const struct wish *wish, struct text *why)
{
    if (wish == NULL || port->kind == PORT_PTY)
        return true;
    if (port->kind == PORT_LISTENER)
        return text_refuse(why, "it is on the network: --map, --echo and --latency are for serial lines");
    return !(wish->echo || wish->latency_us > 0) ||
           text_refuse(why, "%s is a real port: --echo and --latency are for lines that are played", port->path);
}

static void take_connections(struct port *port, struct pool *pool)
{
    port->connection_max = port->kind == PORT_LISTENER ? PORT_CONNECTIONS_MAX : 1;
    struct connection *all = pool_take(pool, port->connection_max, sizeof *all);
    port->connections = pool_take(pool, port->connection_max, sizeof(struct connection *));
    for (size_t i = 0; i < port->connection_max; i++)
        port->connections[i] = &all[i];
}

bool port_open(struct port *port, const struct site_bus *bus, struct line *line, const struct port_options *options,
               const struct wish *wish, struct pool *pool, struct text *why)
{
    struct sentence inner;
    bool mapped = wish != NULL && wish->path != NULL;
    *port = (struct port){.bus = bus, .line = line, .listener = -1};
    port->path = mapped ? wish->path : bus->path;
    port->host = options->listen == NULL ? bus->host : options->listen;
    port->kind = bus->link != SITE_RTU ? PORT_LISTENER : mapped && tty_exists(port->path) ? PORT_REAL : PORT_PTY;
    port->timing = timing_of(port, options, wish);
    take_connections(port, pool);
    if (check_wish(port, wish, sentence_init(&inner)) && open_way(port, &inner.text))
        return true;
    text_add(why, "bus %s: %s", bus->id, inner.bytes);
    port_close(port);
    return false;
}

void port_close(struct port *port)
{
    shut(port);
}

/* --- waiting --- */

size_t port_watch(struct port *port, struct pollfd *ret_fds)
{
    size_t count = 0;
    if (port->listener >= 0)
        ret_fds[count++] = (struct pollfd){.fd = port->listener, .events = POLLIN};
    for (size_t i = 0; i < port->connection_count && port->quiet_us == 0; i++) {
        const struct connection *connection = port->connections[i];
        ret_fds[count++] =
            (struct pollfd){.fd = connection->fd, .events = connection->pending_size > 0 ? POLLOUT : POLLIN};
    }
    port->watched = count;
    return count;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* It has to go, or may come back. */
static bool wants_to_turn(const struct port *port, int64_t now_us)
{
    bool gone = fault_is_on(&port->line->fault, now_us);
    return gone ? port->open : !port->open && port->retry_us == CHANNEL_NEVER;
}

int64_t port_due_us(const struct port *port, int64_t now_us)
{
    int64_t due_us = port->quiet_us == 0 ? CHANNEL_NEVER : port->quiet_us;
    due_us = earlier(due_us, wants_to_turn(port, now_us) ? now_us : port->retry_us);
    due_us = earlier(due_us, line_due_us(port->line, now_us));
    for (size_t i = 0; i < port->connection_count; i++) {
        const struct connection *connection = port->connections[i];
        if (connection->pending_size == 0)
            due_us = earlier(due_us, channel_due_us(&connection->channel));
    }
    return due_us;
}

/* --- going and coming back --- */

static void vanish(struct port *port, int64_t retry_us)
{
    shut(port);
    port->gone++;
    port->retry_us = retry_us;
}

/* As the bus's fault wants it; a port that cannot be opened again is tried later. */
static void follow_fault(struct port *port, int64_t now_us)
{
    struct sentence why;
    bool gone = fault_is_on(&port->line->fault, now_us);
    if (gone && port->open)
        vanish(port, 0);
    if (gone) {
        port->retry_us = CHANNEL_NEVER;
        return;
    }
    bool again = !port->open && (port->retry_us == CHANNEL_NEVER || now_us >= port->retry_us);
    if (again && !open_way(port, sentence_init(&why)))
        port->retry_us = now_us + RETRY_US;
}

/* --- the last master closed the pty --- */

/* A fresh pty behind the symlink, and its master side; -1 when there is none to be had, or when the next master was quick
 * and has the old one open already. */
static int fresh_pty(const struct port *port, int old_fd, char *ret_pts, size_t pts_size)
{
    int fd = tty_is_hung_up(old_fd) ? tty_new_pty(port->bus->baud, ret_pts, pts_size) : -1;
    if (fd < 0)
        return -1;
    bool linked = path_relink_pts(port->path, port->pts, ret_pts);
    if (linked && (tty_is_hung_up(old_fd) || !path_relink_pts(port->path, ret_pts, port->pts)))
        return fd;
    (void)close(fd);
    return -1;
}

static void renew_pty(struct port *port, int64_t now_us)
{
    int old_fd = port->connections[0]->fd;
    char pts[sizeof port->pts];
    int fd = fresh_pty(port, old_fd, pts, sizeof pts);
    port->quiet_us = fd < 0 && tty_is_hung_up(old_fd) ? now_us + QUIET_US : 0;
    if (fd < 0)
        return;
    close_connection(port, 0);
    open_connection(port, fd, now_us);
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
    if (port->kind != PORT_LISTENER)
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
    connection->heard = true;
    if (port->kind == PORT_PTY && !speed_fits(port, connection->fd))
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

static void end_connection(struct port *port, size_t index, int64_t now_us)
{
    if (port->kind == PORT_PTY) {
        renew_pty(port, now_us);
    } else if (port->kind == PORT_LISTENER) {
        close_connection(port, index);
    } else {
        (void)fprintf(stderr, "outpost-sim: %s: %s is gone; it is opened again when it is back\n", port->bus->id,
                      port->path);
        vanish(port, now_us + RETRY_US);
    }
}

static void step_connection(struct port *port, size_t index, short revents, int64_t now_us)
{
    struct connection *connection = port->connections[index];
    bool good = true;
    if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0)
        good = read_bytes(port, connection, now_us);
    if (port->kind == PORT_PTY && (revents & POLLHUP) != 0)
        good = false;
    good = good && send_answers(port, connection, now_us);
    if (!good || (connection->channel.broken && connection->pending_size == 0))
        end_connection(port, index, now_us);
}

static size_t oldest_connection(const struct port *port)
{
    size_t oldest = 0;
    for (size_t i = 1; i < port->connection_count; i++) {
        if (port->connections[i]->used_us < port->connections[oldest]->used_us)
            oldest = i;
    }
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
        if (port->connection_count == port->connection_max)
            close_connection(port, oldest_connection(port));
        open_connection(port, fd, now_us);
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

/* Masters that were never heard of are not there: nobody has opened the pty. */
static void babble(struct port *port, int64_t now_us)
{
    struct answer noise = {.size = 0};
    uint8_t unit;
    while (line_babble(port->line, now_us, &noise, &unit)) {
        for (size_t i = 0; i < port->connection_count; i++) {
            if (port->connections[i]->heard)
                channel_emit(&port->connections[i]->channel, unit, &noise, now_us);
        }
    }
}

void port_step(struct port *port, const struct pollfd *fds, int64_t now_us)
{
    if (now_us >= port->quiet_us)
        port->quiet_us = 0;
    bool knocked = port->listener >= 0 && (revents_of(fds, port->watched, port->listener) & POLLIN) != 0;
    if (now_us >= port->line->babble_us)
        babble(port, now_us);
    for (size_t i = port->connection_count; i-- > 0;)
        step_connection(port, i, revents_of(fds, port->watched, port->connections[i]->fd), now_us);
    follow_fault(port, now_us);
    if (knocked && port->listener >= 0)
        accept_masters(port, now_us);
}

/* --- status --- */

void port_announce(const struct port *port, struct text *out)
{
    if (port->kind == PORT_PTY)
        text_add(out, "%s -> %s, %u baud", port->path, port->pts, port->bus->baud);
    else if (port->kind == PORT_REAL)
        text_add(out, "slave on %s, %u baud %s", port->path, port->bus->baud, port->bus->format);
    else
        text_add(out, "TCP port %u", port->bus->port);
}

void port_describe(const struct port *port, struct status *status)
{
    struct channel_counters sum = port->closed;
    struct sentence where;
    for (size_t i = 0; i < port->connection_count; i++)
        add_counters(&sum, &port->connections[i]->channel.counters);
    port_announce(port, sentence_init(&where));
    status_begin(status, "bus", port->bus->id);
    status_word(status, "port", where.bytes);
    if (port->kind == PORT_LISTENER)
        status_number(status, "connections", port->connection_count);
#define PUT_COUNTER(name) status_number(status, #name, sum.name);
    CHANNEL_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
    status_number(status, "wrong_speed_bytes", port->wrong_speed_size);
    status_number(status, "gone", port->gone);
    fault_print(&port->line->fault, sentence_init(&where));
    status_word(status, "fault", where.bytes);
    status_end(status);
}
