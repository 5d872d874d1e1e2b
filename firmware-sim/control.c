#include "firmware-sim/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "firmware-sim/path.h"

#define CALL_TIMEOUT_MS 10000

static const char *error_text(void)
{
    return strerror(errno); /* NOLINT(concurrency-mt-unsafe): one thread */
}

static bool set_address(struct sockaddr_un *address, const char *path, struct text *why)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address->sun_path)
        return text_refuse(why, "%s: a socket's path has 1 to %zu characters; name a shorter one with --socket", path,
                           sizeof address->sun_path - 1);
    memcpy(address->sun_path, path, length);
    return true;
}

/* A connected socket, or -1 with errno. */
static int dial(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

/* --- serving --- */

static bool clear_place(const struct sockaddr_un *address, struct text *why)
{
    struct stat there;
    if (lstat(address->sun_path, &there) != 0)
        return true;
    if (!S_ISSOCK(there.st_mode))
        return text_refuse(why, "%s is there already and is no socket", address->sun_path);
    int fd = dial(address);
    if (fd < 0) {
        (void)unlink(address->sun_path);
        return true;
    }
    (void)close(fd);
    return text_refuse(why, "%s: another outpost-sim is running there", address->sun_path);
}

static bool bind_private(int fd, const struct sockaddr_un *address)
{
    mode_t before = umask(0177);
    bool bound = bind(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    (void)umask(before);
    return bound;
}

bool control_open(struct control *control, const struct ctl *ctl, const char *path, struct pool *pool, struct text *why)
{
    struct sockaddr_un address;
    *control = (struct control){.ctl = *ctl, .fd = -1};
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        control->clients[i].fd = -1;
        control->clients[i].answer = pool_take(pool, CONTROL_ANSWER_SIZE, 1);
    }
    if (!set_address(&address, path, why) || !path_make_parents(path, why) || !clear_place(&address, why))
        return false;
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->fd >= 0 && bind_private(control->fd, &address))
        control->path = path;
    if (control->path != NULL && listen(control->fd, CONTROL_CLIENTS_MAX) == 0)
        return true;
    text_add(why, "cannot listen on %s: %s", path, error_text());
    control_close(control);
    return false;
}

static void drop_client(struct control_client *client)
{
    if (client->fd >= 0)
        (void)close(client->fd);
    client->fd = -1;
}

void control_close(struct control *control)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX && control->path != NULL; i++)
        drop_client(&control->clients[i]);
    if (control->path != NULL)
        (void)unlink(control->path);
    control->path = NULL;
    if (control->fd > 0)
        (void)close(control->fd);
    control->fd = -1;
}

static bool owes_answer(const struct control_client *client)
{
    return client->answer_sent < client->answer_size;
}

size_t control_watch(const struct control *control, struct pollfd *ret_fds)
{
    size_t count = 0;
    ret_fds[count++] = (struct pollfd){.fd = control->fd, .events = POLLIN};
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        const struct control_client *client = &control->clients[i];
        if (client->fd >= 0)
            ret_fds[count++] = (struct pollfd){.fd = client->fd, .events = owes_answer(client) ? POLLOUT : POLLIN};
    }
    return count;
}

/* False when the client is gone. */
static bool send_answer(struct control_client *client)
{
    while (owes_answer(client)) {
        ssize_t sent = send(client->fd, client->answer + client->answer_sent, client->answer_size - client->answer_sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        client->answer_sent += (size_t)sent;
    }
    return !client->leaving;
}

static void answer_line(const struct control *control, struct control_client *client, char *line)
{
    struct text out;
    text_init(&out, client->answer, CONTROL_ANSWER_SIZE);
    ctl_run(&control->ctl, line, &out);
    client->answer_size = out.used;
    client->answer_sent = 0;
}

static void refuse_line(struct control_client *client)
{
    struct text out;
    text_init(&out, client->answer, CONTROL_ANSWER_SIZE);
    text_add(&out, "usage: a line has at most %d characters\n", CTL_LINE_MAX - 1);
    client->answer_size = out.used;
    client->answer_sent = 0;
    client->leaving = true;
}

/* Runs the lines that are complete, one answer at a time. */
static bool run_lines(const struct control *control, struct control_client *client)
{
    while (!owes_answer(client)) {
        char *end = memchr(client->line, '\n', client->line_size);
        if (end == NULL)
            break;
        char line[CTL_LINE_MAX];
        size_t length = (size_t)(end - client->line);
        memcpy(line, client->line, length);
        line[length] = '\0';
        client->line_size -= length + 1;
        memmove(client->line, end + 1, client->line_size);
        answer_line(control, client, line);
        if (!send_answer(client))
            return false;
    }
    if (!owes_answer(client) && client->line_size == sizeof client->line)
        refuse_line(client);
    return send_answer(client);
}

static bool read_client(struct control_client *client)
{
    ssize_t size =
        recv(client->fd, client->line + client->line_size, sizeof client->line - client->line_size, MSG_DONTWAIT);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR;
    client->line_size += (size_t)size;
    client->leaving = client->leaving || size == 0;
    return true;
}

static bool step_client(const struct control *control, struct control_client *client, short revents)
{
    if ((revents & (POLLHUP | POLLERR)) != 0 && owes_answer(client))
        return false;
    if ((revents & (POLLIN | POLLHUP)) != 0 && !owes_answer(client) && !read_client(client))
        return false;
    return run_lines(control, client);
}

static short revents_of(const struct pollfd *fds, size_t count, int fd)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i].fd == fd)
            return fds[i].revents;
    }
    return 0;
}

static void accept_client(struct control *control)
{
    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    for (size_t i = 0; fd >= 0 && i < CONTROL_CLIENTS_MAX; i++) {
        struct control_client *client = &control->clients[i];
        if (client->fd >= 0)
            continue;
        *client = (struct control_client){.fd = fd, .answer = client->answer};
        return;
    }
    if (fd >= 0)
        (void)close(fd);
}

void control_step(struct control *control, const struct pollfd *fds, size_t fd_count)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct control_client *client = &control->clients[i];
        if (client->fd < 0)
            continue;
        short revents = revents_of(fds, fd_count, client->fd);
        if (revents != 0 && !step_client(control, client, revents))
            drop_client(client);
    }
    if ((revents_of(fds, fd_count, control->fd) & POLLIN) != 0)
        accept_client(control);
}

/* --- calling --- */

/* Everything until the other side closes, zero-terminated; false when it does not in time. */
static bool receive_all(int fd, char *bytes, size_t size_max)
{
    size_t size = 0;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    while (size + 1 < size_max) {
        if (poll(&wait, 1, CALL_TIMEOUT_MS) <= 0)
            return false;
        ssize_t got = recv(fd, bytes + size, size_max - 1 - size, 0);
        if (got < 0)
            return false;
        if (got == 0)
            break;
        size += (size_t)got;
    }
    bytes[size] = '\0';
    return size > 0;
}

/* Cuts the answer into what was said and the verdict, its last line. */
static const char *cut_verdict(char *answer)
{
    size_t length = strlen(answer);
    if (answer[length - 1] == '\n')
        answer[length - 1] = '\0';
    char *newline = strrchr(answer, '\n');
    if (newline == NULL)
        return answer;
    *newline = '\0';
    return newline + 1;
}

/* The answer, to be freed; NULL with a sentence. */
static char *exchange(int fd, const char *line, struct text *why)
{
    char *answer = malloc(CONTROL_ANSWER_SIZE + 1);
    bool sent = send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line);
    (void)shutdown(fd, SHUT_WR);
    if (answer != NULL && sent && receive_all(fd, answer, CONTROL_ANSWER_SIZE + 1))
        return answer;
    free(answer);
    text_add(why, "the simulator did not answer");
    return NULL;
}

static char *call(const char *path, const char *line, struct text *why)
{
    struct sockaddr_un address;
    if (!set_address(&address, path, why))
        return NULL;
    int fd = dial(&address);
    if (fd < 0) {
        text_add(why, "no simulator at %s (%s); start one with `outpost-sim run`", path, error_text());
        return NULL;
    }
    char *answer = exchange(fd, line, why);
    (void)close(fd);
    return answer;
}

int control_call(const char *path, const char *line)
{
    struct sentence why;
    int status = 1;
    char *answer = call(path, line, sentence_init(&why));
    if (answer == NULL) {
        (void)fprintf(stderr, "outpost-sim: %s\n", why.bytes);
        return status;
    }
    const char *verdict = cut_verdict(answer);
    if (verdict != answer)
        (void)printf("%s\n", answer);
    if (strcmp(verdict, "ok") == 0)
        status = 0;
    else
        (void)fprintf(stderr, "outpost-sim: %s\n", verdict);
    if (strncmp(verdict, "usage: ", 7) == 0)
        status = 2;
    free(answer);
    return status;
}

bool control_ask(const char *path, const char *line, struct text *why)
{
    char *answer = call(path, line, why);
    if (answer == NULL)
        return false;
    const char *verdict = cut_verdict(answer);
    bool done = strcmp(verdict, "ok") == 0;
    if (!done)
        text_add(why, "%.*s: %s", (int)strcspn(line, "\n"), line, verdict);
    free(answer);
    return done;
}
