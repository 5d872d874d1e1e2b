#include "drivers/link/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define FD_MAX              (FD_SETSIZE - SITE_BUSES_MAX) /* libmodbus 3.1.6 overruns an fd_set at 1024; room for races */
#define PEER_GONE_AFTER_MS  5000U
#define KEEPALIVE_IDLE_S    10
#define KEEPALIVE_EVERY_S   5
#define KEEPALIVE_PROBE_MAX 3

void tcp_init(struct tcp *tcp, const struct site_bus *bus)
{
    *tcp = (struct tcp){.bus = bus, .fd = -1};
}

void tcp_close(struct tcp *tcp)
{
    if (tcp->modbus == NULL)
        return;
    if (tcp->fd >= 0)
        modbus_close(tcp->modbus);
    modbus_free(tcp->modbus);
    tcp->modbus = NULL;
    tcp->fd = -1;
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
        return explain(tcp, ERR_FULL, "too many open files; raise LimitNOFILE (at most 1024)", ret_trouble);
    default:
        return explain(tcp, ERR_IO, strerrordesc_np(number), ret_trouble);
    }
}

/* libmodbus waits for the connection with select(). */
static bool descriptors_are_low(void)
{
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe >= 0)
        (void)close(probe);
    return probe >= 0 && probe < FD_MAX;
}

static int connect_to(struct tcp *tcp, const char *host, uint32_t timeout_ms)
{
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)tcp->bus->tcp_port);
    tcp->modbus = modbus_new_tcp_pi(host, port);
    if (tcp->modbus == NULL)
        return errno;
    (void)modbus_set_byte_timeout(tcp->modbus, 0, 0);
    (void)modbus_set_response_timeout(tcp->modbus, timeout_ms / 1000, timeout_ms % 1000 * 1000);
    if (modbus_connect(tcp->modbus) != 0) {
        int number = errno;
        tcp_close(tcp);
        return number;
    }
    tcp->fd = modbus_get_socket(tcp->modbus);
    return 0;
}

static bool set_number(int fd, int level, int option, int number)
{
    return setsockopt(fd, level, option, &number, sizeof number) == 0;
}

static bool settle(const struct tcp *tcp)
{
    int fd = tcp->fd;
    int gone_after_ms = (int)(PEER_GONE_AFTER_MS + tcp->bus->timeout_ms);
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
           set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1) && set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S) &&
           set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S) &&
           set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBE_MAX) &&
           set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, gone_after_ms);
}

static enum err connect_to_one(struct tcp *tcp, struct text *ret_trouble)
{
    const struct resolved *resolved = &tcp->resolved;
    int failed = 0;
    for (unsigned i = 0; i < resolved->count && tcp->fd < 0; i++)
        failed = connect_to(tcp, resolved->hosts[i], tcp->bus->timeout_ms / resolved->count + 1);
    if (tcp->fd < 0)
        return explain_errno(tcp, failed, ret_trouble);
    if (settle(tcp))
        return ERR_OK;
    enum err err = explain_errno(tcp, errno, ret_trouble);
    tcp_close(tcp);
    return err;
}

/* Where the last connection was made to is tried first, so that a half-open connection is renewed at once. */
enum err tcp_open(struct tcp *tcp, struct text *ret_trouble)
{
    const char *why = "out of memory";
    if (!descriptors_are_low())
        return explain_errno(tcp, EMFILE, ret_trouble);
    enum err err = ERR_OK;
    if (tcp->resolved.count == 0)
        err = resolver_ask(&tcp->resolver, tcp->bus->host, &tcp->resolved, &why);
    if (err == ERR_BUSY)
        return err;
    err = err == ERR_OK ? connect_to_one(tcp, ret_trouble) : explain(tcp, err, why, ret_trouble);
    if (err != ERR_OK)
        tcp->resolved.count = 0;
    return err;
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
