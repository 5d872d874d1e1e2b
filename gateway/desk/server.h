/* server: the local socket, where people's commands reach the running gateway.
 *
 * A Unix stream socket guarded by file permissions (mode 0660, in a directory of mode 0750). One JSON object per line
 * each way (request.h, reply.h); a client may send further lines and gets the answers in order, one at a time. An order
 * goes into the judge's inbox, its answer comes back over the answers ring by token. At most SERVER_CLIENTS_MAX clients;
 * a line is at most REQUEST_SIZE_MAX bytes; who is silent or does not read its answer is dropped, so nobody can hold a
 * place for ever. A room (base/thread.h): never blocks, all memory is taken at open. Knows the asker by SO_PEERCRED. */
#ifndef OUTPOST_DESK_SERVER_H
#define OUTPOST_DESK_SERVER_H

#include "gateway/base/bell.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/ring.h"
#include "gateway/model/site.h"
#include "gateway/run/board.h"
#include "gateway/run/tape.h"

#define SERVER_CLIENTS_MAX    16
#define SERVER_SILENCE_MAX_US 60000000LL /* without a whole request */
#define SERVER_STALL_MAX_US   10000000LL /* without taking a byte of its answer */
#define SERVER_ANSWER_MAX_US  5000000LL  /* for the judge to answer an order; it needs microseconds */
#define SERVER_PATH_MAX       107        /* sockaddr_un.sun_path without its zero */

struct server;

struct server_setup {
    const struct site *site;
    const char *path;    /* of the socket; a stale one is replaced: the caller holds the journal's lock */
    struct board *board; /* outlives the server, like all of these */
    struct ring *inbox;  /* the judge's */
    struct bell *inbox_bell;
    struct ring *answers;      /* struct answer; only the server pops it */
    struct tape *const *tapes; /* site.bus_count; NULL, or one of them: nothing is recorded */
};

/* ERR_ARGUMENT: the path is too long. ERR_IO, ERR_PERMISSION: errno says why. Before threads start (sets the umask for a
 * moment). */
MUST_CHECK enum err server_open(struct server **ret_server, const struct server_setup *setup);
void server_close(struct server *server);        /* removes the socket; accepts NULL */
int64_t server_step(void *self, struct now now); /* self: the server */
int server_fd(void *self);                       /* readable when something happened on any client */

#endif
