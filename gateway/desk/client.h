/* client: a verb's line to the running gateway over its local socket. Blocks, with a deadline; one thread. */
#ifndef OUTPOST_DESK_CLIENT_H
#define OUTPOST_DESK_CLIENT_H

#include <stddef.h>

#include "gateway/desk/desk.h"

#define CLIENT_PATH_MAX   4096
#define CLIENT_TIMEOUT_US 10000000LL                 /* the server answers an order within 5 s */
#define CLIENT_ANSWER_MAX ((size_t)64 * 1024 * 1024) /* the largest site's every reading is smaller */

struct client_line {
    int fd; /* -1: not connected */
    char *bytes;
    size_t size; /* of the memory */
    size_t used; /* received */
};

/* Where the socket of that site file is: <journal.dir>/outpost.sock, or `--socket`. Looks at journal.dir only: a site file
 * that somebody is just spoiling must not keep an operator from silencing a siren. Complains itself. */
MUST_CHECK enum err client_find(const struct desk *desk, char ret_path[static CLIENT_PATH_MAX]);

/* Connects; complains itself in a sentence (nobody there, permission). */
MUST_CHECK enum err client_open(struct client_line *line, const struct desk *desk, const char *path);
void client_close(struct client_line *line); /* accepts the zeroed with fd -1 */

/* Sends one request line (newline included), waits for one answer line. *ret_answer is zero-terminated, without the
 * newline, valid until the next call. ERR_TIMEOUT, ERR_CLOSED, ERR_FULL, ERR_MEMORY. */
MUST_CHECK enum err client_ask(struct client_line *line, const char *request, size_t size, const char **ret_answer);

/* Asks the gateway of the site file one line and hands its answer to `show`, whose exit status is the result. Complains
 * itself, then EXIT_WRONG. */
int client_look(const struct desk *desk, const char *request, int (*show)(const struct desk *desk, const char *answer));

#endif
