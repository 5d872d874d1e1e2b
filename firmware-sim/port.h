/* port: where a bus meets its masters: a pty behind a symlink, a listening socket with its connections, or a real serial port
 * on which real slaves may answer too.
 *
 * When the last master closes a pty, a fresh one takes its place behind the symlink: what a master leaves behind (exclusive
 * use by TIOCEXCL, its speed, unread bytes) ends with it, as on a real port. A master that set another speed than
 * the line's is not understood, as on a real line. A listener serves PORT_CONNECTIONS_MAX masters at once; one more takes
 * the place of the one that was silent for longest. A real port that vanishes is opened again when it is back; so is
 * any port that a fault of its bus took away. */
#ifndef OUTPOST_FIRMWARE_SIM_PORT_H
#define OUTPOST_FIRMWARE_SIM_PORT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/channel.h"
#include "firmware-sim/line.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/site.h"
#include "firmware-sim/status.h"
#include "firmware-sim/text.h"
#include "firmware-sim/wish.h"

#define PORT_CONNECTIONS_MAX 32
#define PORT_POLL_MAX        (PORT_CONNECTIONS_MAX + 1)

struct port_options {
    bool fast;
    int64_t turnaround_us;
    const char *listen; /* instead of the configured hosts; NULL */
};

struct connection {
    int fd;
    struct channel channel;
    bool heard;                  /* something came */
    int64_t used_us;             /* last heard of */
    uint8_t pending[ANSWER_MAX]; /* taken from the channel, not yet written */
    size_t pending_size;
};

enum port_kind { PORT_PTY, PORT_LISTENER, PORT_REAL };

struct port {
    enum port_kind kind;
    const struct site_bus *bus;
    struct line *line;
    const char *path; /* of the symlink or the real port */
    const char *host; /* of the listener */
    struct channel_timing timing;
    int listener; /* -1 */
    char pts[32]; /* of a pty: /dev/pts/N */
    bool linked;
    bool open;                       /* not gone */
    uint64_t gone;                   /* how often it went */
    int64_t retry_us;                /* when to try to open it again; CHANNEL_NEVER */
    int64_t quiet_us;                /* of a pty that could not be renewed: not watched before then; 0 */
    bool deaf_to_speed;              /* the master's speed is not the line's */
    uint64_t wrong_speed_size;       /* bytes that came so */
    struct connection **connections; /* the open ones first */
    size_t connection_count;         /* open */
    size_t connection_max;
    struct channel_counters closed; /* of connections that ended */
    size_t watched;                 /* entries of the last port_watch */
};

/* `wish` may be NULL. False, with a sentence; the port is then closed. */
SIM_CHECKED bool port_open(struct port *port, const struct site_bus *bus, struct line *line,
                           const struct port_options *options, const struct wish *wish, struct pool *pool,
                           struct text *why);
void port_close(struct port *port); /* removes the symlink; accepts the half-open */

/* What to wait for; fills in at most PORT_POLL_MAX entries and returns how many. */
size_t port_watch(struct port *port, struct pollfd *ret_fds);
int64_t port_due_us(const struct port *port, int64_t now_us);

/* Reads, serves, writes, comes and goes. `fds` are the entries the last port_watch filled in, after poll(). Never blocks. */
void port_step(struct port *port, const struct pollfd *fds, int64_t now_us);

void port_announce(const struct port *port, struct text *out);      /* what masters have to open */
void port_describe(const struct port *port, struct status *status); /* for `status` */

#endif
