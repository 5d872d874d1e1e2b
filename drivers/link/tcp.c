#include "drivers/link/tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_GONE_AFTER_MS  5000U
#define KEEPALIVE_IDLE_S    10
#define KEEPALIVE_EVERY_S   5
#define KEEPALIVE_PROBE_MAX 3

void tcp_init(struct tcp *tcp, const struct site_bus *bus)
{
    *tcp = (struct tcp){.bus = bus, .fd = -1};
}

static void close_socket(struct tcp *tcp)
{
    if (tcp->fd >= 0)
        (void)close(tcp->fd);
    tcp->fd = -1;
}

void tcp_close(struct tcp *tcp)
{
    close_socket(tcp);
    tcp->next = 0;
}

static enum err explain(const struct tcp *tcp, enum err err, const char *sentence, struct text *ret_trouble)
{
    text_put_format(ret_trouble, "%s port %u: %s", tcp->bus->host, (unsigned)tcp->bus->tcp_port, sentence);
    return err;
}

static enum err explain_errno(const struct tcp *tcp, int number, struct text *ret_trouble)
{
    switch (number) {
    case ETIMEDOUT:
        return explain(tcp, ERR_TIMEOUT, "no answer to connecting; check cable, address and firewall", ret_trouble);
    case ECONNREFUSED:
        return explain(tcp, ERR_REFUSED,
                       "the connection is refused; check the port, and whether the device takes another client",
                       ret_trouble);
    case EMFILE:
    case ENFILE:
        return explain(tcp, ERR_FULL, "too many open files; raise LimitNOFILE", ret_trouble);
    default:
        return explain(tcp, ERR_IO, strerrordesc_np(number), ret_trouble);
    }
}

static bool set_number(int fd, int level, int option, int number)
{
    return setsockopt(fd, level, option, &number, sizeof number) == 0;
}

static bool set_options(const struct tcp *tcp, int fd)
{
    int gone_after_ms = (int)(PEER_GONE_AFTER_MS + tcp->bus->timeout_ms);
    return set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1) && set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S) &&
           set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S) &&
           set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBE_MAX) &&
           set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, gone_after_ms);
}

/* Returns errno, or 0 when the connection is under way. */
static int start_connecting(struct tcp *tcp, const char *host)
{
    struct addrinfo const hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)tcp->bus->tcp_port);
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return EADDRNOTAVAIL;
    tcp->fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    bool const started = tcp->fd >= 0 && set_options(tcp, tcp->fd) &&
                         (connect(tcp->fd, found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS);
    int const number = started ? 0 : errno;
    freeaddrinfo(found);
    return number;
}

/* Returns errno, or 0: connected; EINPROGRESS: not yet. */
static int look_at_connecting(const struct tcp *tcp, int64_t mono_us)
{
    struct pollfd ready = {.fd = tcp->fd, .events = POLLOUT};
    int number = 0;
    socklen_t size = sizeof number;
    if (poll(&ready, 1, 0) <= 0)
        return mono_us < tcp->give_up_mono_us ? EINPROGRESS : ETIMEDOUT;
    return getsockopt(tcp->fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 ? number : errno;
}

/* One address after the other. Returns errno of the last, 0: connected; EINPROGRESS: not yet. */
static int connect_to_one(struct tcp *tcp, int64_t mono_us)
{
    int number = EADDRNOTAVAIL;
    while (tcp->fd >= 0 || tcp->next < tcp->resolved.count) {
        number = 0;
        if (tcp->fd < 0) {
            tcp->give_up_mono_us = mono_us + ((int64_t)tcp->bus->timeout_ms / tcp->resolved.count + 1) * 1000;
            number = start_connecting(tcp, tcp->resolved.hosts[tcp->next++]);
        }
        if (number == 0)
            number = look_at_connecting(tcp, mono_us);
        if (number == 0 || number == EINPROGRESS)
            return number;
        close_socket(tcp);
    }
    return number;
}

/* Where the last connection was made to is tried first, so that a half-open connection is renewed at once. */
enum err tcp_open(struct tcp *tcp, int64_t mono_us, struct text *ret_trouble)
{
    const char *why = "out of memory";
    enum err err = ERR_OK;
    if (tcp->resolved.count == 0)
        err = resolver_ask(&tcp->resolver, tcp->bus->host, &tcp->resolved, &why);
    if (err == ERR_BUSY)
        return err;
    if (err != ERR_OK)
        return explain(tcp, err, why, ret_trouble);
    int const number = connect_to_one(tcp, mono_us);
    if (number == EINPROGRESS)
        return ERR_BUSY;
    tcp->next = 0;
    if (number == 0)
        return ERR_OK;
    tcp->resolved.count = 0;
    return explain_errno(tcp, number, ret_trouble);
}

void tcp_destroy(struct tcp *tcp)
{
    tcp_close(tcp);
    resolver_close(&tcp->resolver);
}

enum err tcp_send(void *self, const uint8_t *frame, size_t size)
{
    const struct tcp *tcp = self;
    ssize_t sent;
    do {
        sent = send(tcp->fd, frame, size, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size ? ERR_OK : ERR_CLOSED;
}
