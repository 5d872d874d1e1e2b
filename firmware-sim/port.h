/* port: where a bus meets its masters: a pty behind a symlink, or a listening socket with its connections.
 *
 * When the last master closes a pty, a fresh one takes its place behind the symlink: what a master leaves behind (exclusive
 * use by TIOCEXCL, its speed, unread bytes) ends with it, as on a real port. A master that set another speed than
 * the line's is not understood, as on a real line. A listener serves PORT_CONNECTIONS_MAX masters at once; one more takes
 * the place of the one that was silent for longest. */
#ifndef OUTPOST_FIRMWARE_SIM_PORT_H
#define OUTPOST_FIRMWARE_SIM_PORT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/channel.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/site.h"
#include "firmware-sim/text.h"
#include "firmware-sim/world.h"

#define PORT_CONNECTIONS_MAX 32
#define PORT_POLL_MAX        (PORT_CONNECTIONS_MAX + 1)

struct port_options {
    bool fast;
    int64_t turnaround_us;
    const char *listen; /* instead of the configured hosts; NULL */
};

struct connection {
    int fd; /* -1: free */
    struct channel channel;
    int64_t used_us;             /* last heard of */
    uint8_t pending[ANSWER_MAX]; /* taken from the channel, not yet written */
    size_t pending_size;
};

struct port {
    const struct site_bus *bus;
    struct line *line;
    struct channel_timing timing;
    int listener; /* -1: a pty */
    char pts[32]; /* of a pty: /dev/pts/N */
    bool linked;
    int64_t quiet_us;          /* of a pty that could not be renewed: not watched before then; 0 */
    bool deaf_to_speed;        /* the master's speed is not the line's */
    uint64_t wrong_speed_size; /* bytes that came so */
    struct connection *connections;
    size_t connection_max;
    struct channel_counters closed; /* of connections that ended */
    size_t watched;                 /* entries of the last port_watch */
};

/* False, with a sentence; the port is then closed. */
SIM_CHECKED bool port_open(struct port *port, const struct site_bus *bus, struct line *line,
                           const struct port_options *options, struct pool *pool, struct text *why);
void port_close(struct port *port); /* removes the symlink; accepts the half-open */

/* What to wait for; fills in at most PORT_POLL_MAX entries and returns how many. */
size_t port_watch(struct port *port, struct pollfd *ret_fds);
int64_t port_due_us(const struct port *port);

/* Reads, serves, writes. `fds` are the entries the last port_watch filled in, after poll(). Never blocks. */
void port_step(struct port *port, const struct pollfd *fds, int64_t now_us);

void port_describe(const struct port *port, struct text *out); /* a line for `status` */

#endif
