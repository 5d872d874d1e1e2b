/* control: the local socket behind `outpost-sim ctl`: a line in, an answer out (ctl.h), as often as the client likes.
 *
 * A Unix stream socket, mode 0600. A client that does not read its answer is not read from either. */
#ifndef OUTPOST_FIRMWARE_SIM_CONTROL_H
#define OUTPOST_FIRMWARE_SIM_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/ctl.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/text.h"

#define CONTROL_CLIENTS_MAX 8
#define CONTROL_POLL_MAX    (CONTROL_CLIENTS_MAX + 1)
#define CONTROL_ANSWER_SIZE ((size_t)1024 * 1024)

struct control_client {
    int fd; /* -1: free */
    char line[CTL_LINE_MAX];
    size_t line_size;
    char *answer;
    size_t answer_size;
    size_t answer_sent;
    bool leaving; /* closes when its answer is sent */
};

struct control {
    struct ctl ctl;
    const char *path;
    int fd; /* -1: closed */
    struct control_client clients[CONTROL_CLIENTS_MAX];
};

/* Refuses to take the socket of a simulator that lives; replaces one that a dead one left. `path` must outlive it. */
SIM_CHECKED bool control_open(struct control *control, const struct ctl *ctl, const char *path, struct pool *pool,
                              struct text *why);
void control_close(struct control *control); /* removes the socket; accepts what failed to open */

size_t control_watch(const struct control *control, struct pollfd *ret_fds); /* at most CONTROL_POLL_MAX */
void control_step(struct control *control, const struct pollfd *fds, size_t fd_count);

/* --- the other side --- */

/* Sends one line, prints the answer's lines to stdout and its verdict, unless it is "ok", to stderr. Returns the exit
 * status: 0 ok, 1 could not be done or no simulator, 2 wrong words. Blocks, at most 10 s. */
int control_call(const char *path, const char *line);

/* The same without printing: false, with a sentence, when it was not done. */
SIM_CHECKED bool control_ask(const char *path, const char *line, struct text *why);

#endif
