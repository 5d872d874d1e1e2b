#include "gateway/desk/server.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/desk/reply.h"
#include "gateway/desk/request.h"
#include "gateway/model/inbox.h"

#define OUT_SIZE         ((size_t)4 * REPLY_PIECE_MAX) /* one client's answer under way; touched only when used */
#define BACKLOG          SERVER_CLIENTS_MAX
#define ANSWERS_A_STEP   64
#define WRITES_A_STEP    16 /* a quick reader of a long answer does not keep the others waiting */
#define REQUESTS_A_STEP  4  /* of one client, before the others get their turn */
#define NAME_BUFFER_SIZE 4096
#define RECORDED_POLL_US 5000 /* while somebody waits for the disk, nobody rings */

enum client_state {
    CLIENT_FREE,
    CLIENT_READING,   /* waits for a whole line */
    CLIENT_ASKING,    /* its order is with the judge */
    CLIENT_ANSWERING, /* its answer is being written */
};

struct client {
    enum client_state state;
    int fd;
    bool ended;               /* it will send no more: close when answered */
    uint32_t interest;        /* epoll events asked for */
    int64_t deadline_mono_us; /* to be dropped; ASKING: for the answer */
    uint64_t token;           /* ASKING */
    bool told;                /* ASKING: .answer is the judge's, and not on the disk yet */
    struct answer answer;
    struct request request;
    char peer[ORDER_BY_MAX + 1]; /* user name of the asker */
    char in[REQUEST_SIZE_MAX + 1];
    size_t in_used;
    char *out;        /* OUT_SIZE */
    size_t out_first; /* what is not written yet */
    size_t out_used;
    bool replying; /* .reply has more pieces */
    struct reply reply;
};

struct server {
    const struct site *site;
    struct board *board;
    struct ring *inbox;
    struct bell *inbox_bell;
    struct ring *answers;
    struct tape *const *tapes;
    int listen_fd;
    int epoll_fd;
    bool bound; /* the socket file is ours to remove */
    char path[SERVER_PATH_MAX + 1];
    uint64_t token_last;
    char *out_all;
    struct client clients[SERVER_CLIENTS_MAX];
};

/* Opening. */

static enum err listen_at(struct server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, server->path, strlen(server->path) + 1);
    server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listen_fd < 0)
        return ERR_IO;
    if (unlink(server->path) != 0 && errno != ENOENT)
        return errno == EACCES ? ERR_PERMISSION : ERR_IO;
    mode_t const before = umask(0117); /* 0660 from the first moment */
    int const failed = bind(server->listen_fd, (const struct sockaddr *)&address, sizeof address);
    int const saved = errno;
    (void)umask(before);
    errno = saved;
    if (failed != 0)
        return errno == EACCES ? ERR_PERMISSION : ERR_IO;
    server->bound = true;
    return listen(server->listen_fd, BACKLOG) == 0 ? ERR_OK : ERR_IO;
}

static enum err watch(struct server *server, int fd, uint64_t place)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = place};
    return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? ERR_OK : ERR_IO;
}

enum err server_open(struct server **ret_server, const struct server_setup *setup)
{
    size_t const path_size = strlen(setup->path);
    if (path_size == 0 || path_size > SERVER_PATH_MAX)
        return ERR_ARGUMENT;
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return ERR_MEMORY;
    server->site = setup->site;
    server->board = setup->board;
    server->inbox = setup->inbox;
    server->inbox_bell = setup->inbox_bell;
    server->answers = setup->answers;
    server->tapes = setup->tapes;
    server->listen_fd = -1;
    memcpy(server->path, setup->path, path_size + 1);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->out_all = malloc(SERVER_CLIENTS_MAX * OUT_SIZE);
    enum err err = server->epoll_fd >= 0 && server->out_all != NULL ? listen_at(server) : ERR_MEMORY;
    if (err == ERR_OK)
        err = watch(server, server->listen_fd, SERVER_CLIENTS_MAX);
    if (err != ERR_OK) {
        int const saved = errno;
        server_close(server);
        errno = saved;
        return err;
    }
    *ret_server = server;
    return ERR_OK;
}

static void drop(struct client *client)
{
    if (client->state == CLIENT_FREE)
        return;
    (void)close(client->fd); /* leaves the epoll set by itself */
    client->state = CLIENT_FREE;
}

void server_close(struct server *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        drop(&server->clients[i]);
    if (server->listen_fd >= 0)
        (void)close(server->listen_fd);
    if (server->bound)
        (void)unlink(server->path);
    if (server->epoll_fd >= 0)
        (void)close(server->epoll_fd);
    free(server->out_all);
    free(server);
}

int server_fd(void *self)
{
    const struct server *server = self;
    return server->epoll_fd;
}

/* Coming in. */

static void name_peer(struct client *client)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof peer;
    char buffer[NAME_BUFFER_SIZE];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        text_copy(client->peer, sizeof client->peer, "local");
    else if (getpwuid_r(peer.uid, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
        text_copy(client->peer, sizeof client->peer, entry.pw_name);
    else
        (void)snprintf(client->peer, sizeof client->peer, "uid %u", (unsigned)peer.uid);
}

static void read_some(struct client *client)
{
    size_t const space = sizeof client->in - client->in_used;
    if (space == 0 || client->ended)
        return;
    ssize_t got = recv(client->fd, client->in + client->in_used, space, 0);
    if (got > 0)
        client->in_used += (size_t)got;
    else if (got == 0)
        client->ended = true;
    else if (errno != EAGAIN && errno != EINTR)
        drop(client);
}

static struct client *free_place(struct server *server)
{
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        if (server->clients[i].state == CLIENT_FREE)
            return &server->clients[i];
    return NULL;
}

static void take_in(struct server *server, struct client *client, int fd, struct now now)
{
    client->fd = fd;
    client->out = server->out_all + (size_t)(client - server->clients) * OUT_SIZE;
    client->ended = client->replying = false;
    client->in_used = client->out_first = client->out_used = 0;
    client->interest = EPOLLIN;
    client->deadline_mono_us = now.mono_us + SERVER_SILENCE_MAX_US;
    if (watch(server, fd, (uint64_t)(client - server->clients)) != ERR_OK) {
        (void)close(fd);
        return;
    }
    client->state = CLIENT_READING;
    name_peer(client);
    read_some(client); /* mostly it has spoken already */
}

static void accept_all(struct server *server, struct now now)
{
    static const char busy[] = "{\"ok\":false,\"code\":\"busy\",\"why\":\"too many clients; try again later\"}\n";
    for (size_t i = 0; i < BACKLOG; i++) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        struct client *client = free_place(server);
        if (client != NULL) {
            take_in(server, client, fd, now);
            continue;
        }
        (void)send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL);
        (void)close(fd);
    }
}

/* Answering. */

static void start_answering(struct client *client, struct now now)
{
    client->state = CLIENT_ANSWERING;
    client->deadline_mono_us = now.mono_us + SERVER_STALL_MAX_US;
}

static void answer_refusal(struct client *client, const struct refusal *refusal, struct now now)
{
    struct text text;
    text_init(&text, client->out, OUT_SIZE);
    reply_put_refusal(&text, refusal);
    client->out_first = 0;
    client->out_used = text.used;
    client->replying = false;
    start_answering(client, now);
}

static void answer_order(struct client *client, const struct answer *answer, struct now now)
{
    struct text text;
    text_init(&text, client->out, OUT_SIZE);
    reply_put_answer(&text, answer, client->request.verb, client->request.language);
    client->out_first = 0;
    client->out_used = text.used;
    client->replying = false;
    start_answering(client, now);
}

static void ask_judge(struct server *server, struct client *client, struct now now)
{
    struct refusal refusal;
    struct inbox item = {.kind = INBOX_ORDER};
    if (request_resolve(&client->request, server->site, &item.is.order, &refusal) != ERR_OK) {
        answer_refusal(client, &refusal, now);
        return;
    }
    if (item.is.order.by[0] == '\0')
        text_copy(item.is.order.by, sizeof item.is.order.by, client->peer);
    item.is.order.token = ++server->token_last;
    if (ring_push(server->inbox, &item, inbox_size(&item)) != ERR_OK) {
        bool const zh = client->request.language == LANGUAGE_ZH;
        text_copy(refusal.code, sizeof refusal.code, "busy");
        text_copy(refusal.why, sizeof refusal.why, zh ? "网关正忙，请重试" : "the gateway is busy; try again");
        answer_refusal(client, &refusal, now);
        return;
    }
    bell_ring(server->inbox_bell);
    client->state = CLIENT_ASKING;
    client->told = false;
    client->token = item.is.order.token;
    client->deadline_mono_us = now.mono_us + SERVER_ANSWER_MAX_US;
}

static void start_reply(struct client *client, struct now now)
{
    client->replying = true;
    client->out_first = client->out_used = 0;
    start_answering(client, now);
}

static void start_capture(struct server *server, struct client *client, struct now now)
{
    struct refusal refusal;
    size_t bus;
    bool const zh = client->request.language == LANGUAGE_ZH;
    if (request_find_bus(&client->request, server->site, &bus, &refusal) != ERR_OK) {
        answer_refusal(client, &refusal, now);
        return;
    }
    if (server->tapes == NULL || server->tapes[bus] == NULL) {
        text_copy(refusal.code, sizeof refusal.code, "nothing_recorded");
        text_copy(refusal.why, sizeof refusal.why,
                  zh ? "该总线在回放录制文件，没有线路可抓取"
                     : "this bus plays a recording back: there is no wire to listen to");
        answer_refusal(client, &refusal, now);
        return;
    }
    reply_start_capture(&client->reply, server->site, bus, server->tapes[bus], client->request.since, now);
    start_reply(client, now);
}

static void start_read(struct server *server, struct client *client, struct now now)
{
    struct refusal refusal;
    size_t device;
    if (request_find_device(&client->request, server->site, &device, &refusal) != ERR_OK) {
        answer_refusal(client, &refusal, now);
        return;
    }
    reply_start_read(&client->reply, server->site, server->board, device, now);
    start_reply(client, now);
}

static void serve_line(struct server *server, struct client *client, size_t size, struct now now)
{
    struct refusal refusal;
    if (request_parse(client->in, size, &client->request, &refusal) != ERR_OK) {
        answer_refusal(client, &refusal, now);
        return;
    }
    if (request_is_order(client->request.verb)) {
        ask_judge(server, client, now);
    } else if (client->request.verb == REQUEST_CAPTURE) {
        start_capture(server, client, now);
    } else if (client->request.verb == REQUEST_READ) {
        start_read(server, client, now);
    } else {
        reply_start(&client->reply, server->site, server->board, client->request.verb, now);
        start_reply(client, now);
    }
}

/* Takes the next whole line out of what was read. A last line without a newline counts when the client has ended. */
static void serve_next(struct server *server, struct client *client, struct now now)
{
    struct refusal const too_long = {"too_long", "a request is one line of at most 4096 bytes"};
    const char *newline = memchr(client->in, '\n', client->in_used);
    size_t size = newline != NULL ? (size_t)(newline - client->in) : client->in_used;
    if (newline == NULL && client->in_used == sizeof client->in) {
        client->ended = true; /* where the next line would begin is unknown */
        client->in_used = 0;
        answer_refusal(client, &too_long, now);
        return;
    }
    if (newline == NULL && (!client->ended || client->in_used == 0)) {
        if (client->ended)
            drop(client);
        return;
    }
    serve_line(server, client, size, now);
    size_t const taken = newline != NULL ? size + 1 : size;
    client->in_used -= taken;
    memmove(client->in, client->in + taken, client->in_used);
}

/* Fills the buffer with pieces of the reply and writes until the socket is full. What is left goes on when epoll says so. */
static void write_some(struct client *client, struct now now)
{
    for (int i = 0; i < WRITES_A_STEP && client->state == CLIENT_ANSWERING; i++) {
        struct text text;
        if (client->out_first == client->out_used && client->replying) {
            text_init(&text, client->out, OUT_SIZE);
            while (client->replying && OUT_SIZE - text.used > REPLY_PIECE_MAX)
                client->replying = reply_next(&client->reply, &text);
            client->out_first = 0;
            client->out_used = text.used;
        }
        if (client->out_first == client->out_used) {
            client->state = CLIENT_READING;
            client->deadline_mono_us = now.mono_us + SERVER_SILENCE_MAX_US;
            return;
        }
        ssize_t put =
            send(client->fd, client->out + client->out_first, client->out_used - client->out_first, MSG_NOSIGNAL);
        if (put < 0) {
            if (errno != EAGAIN && errno != EINTR)
                drop(client);
            return;
        }
        client->out_first += (size_t)put;
        client->deadline_mono_us = now.mono_us + SERVER_STALL_MAX_US;
    }
}

static void check_deadline(struct client *client, struct now now)
{
    if (client->state == CLIENT_FREE || now.mono_us < client->deadline_mono_us)
        return;
    if (client->state != CLIENT_ASKING) {
        drop(client);
        return;
    }
    bool const zh = client->request.language == LANGUAGE_ZH;
    struct refusal refusal = {.code = "timeout"};
    text_copy(refusal.why, sizeof refusal.why,
              zh ? "5 秒内没有得到答复；命令仍可能生效" : "no answer within 5 s; the order may still take effect");
    answer_refusal(client, &refusal, now);
}

/* What epoll has to tell about a client: reading only while it may speak, so that a chatty one does not keep us awake. */
static void set_interest(struct server *server, struct client *client)
{
    uint32_t wanted = 0;
    if (client->state == CLIENT_FREE)
        return;
    if (client->state == CLIENT_READING && !client->ended)
        wanted = EPOLLIN;
    if (client->state == CLIENT_ANSWERING)
        wanted = EPOLLOUT;
    if (wanted == client->interest)
        return;
    struct epoll_event event = {.events = wanted, .data.u64 = (uint64_t)(client - server->clients)};
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, client->fd, &event) != 0)
        drop(client);
    client->interest = wanted;
}

static void take_answers(struct server *server)
{
    struct answer answer;
    size_t size;
    for (int i = 0; i < ANSWERS_A_STEP; i++) {
        if (ring_pop(server->answers, &answer, sizeof answer, &size) != ERR_OK)
            return;
        for (size_t j = 0; j < SERVER_CLIENTS_MAX; j++) {
            struct client *client = &server->clients[j];
            if (client->state != CLIENT_ASKING || client->token != answer.token)
                continue;
            client->told = true;
            client->answer = answer;
        }
    }
}

/* What was done is told when a kill cannot undo it any more. */
static void tell_what_is_recorded(struct server *server, struct client *client, struct now now)
{
    struct board_journal journal;
    if (client->state != CLIENT_ASKING || !client->told)
        return;
    board_get_journal(server->board, &journal);
    if (journal.recorded >= client->answer.after)
        answer_order(client, &client->answer, now);
}

static void look_around(struct server *server, struct now now)
{
    struct epoll_event events[SERVER_CLIENTS_MAX + 1];
    int count = epoll_wait(server->epoll_fd, events, SERVER_CLIENTS_MAX + 1, 0);
    for (int i = 0; i < count; i++) {
        uint64_t const place = events[i].data.u64;
        if (place == SERVER_CLIENTS_MAX)
            continue;
        struct client *client = &server->clients[place];
        if ((events[i].events & EPOLLIN) != 0 && client->state == CLIENT_READING)
            read_some(client);
        else if ((events[i].events & (EPOLLHUP | EPOLLERR)) != 0)
            drop(client); /* nobody is left to read an answer */
    }
    accept_all(server, now); /* last: a place that was freed just now is not mistaken for its next guest */
}

static void attend(struct server *server, struct client *client, struct now now)
{
    for (int i = 0; i < REQUESTS_A_STEP && client->state == CLIENT_READING; i++) {
        serve_next(server, client, now);
        if (client->state != CLIENT_ANSWERING)
            break;
        write_some(client, now);
    }
    write_some(client, now);
    check_deadline(client, now);
    set_interest(server, client);
}

/* More requests wait in its buffer, for which no event will come. */
static bool has_work(const struct client *client)
{
    return client->state == CLIENT_READING && (client->ended || memchr(client->in, '\n', client->in_used) != NULL);
}

int64_t server_step(void *self, struct now now)
{
    struct server *server = self;
    int64_t next_mono_us = CLOCK_NEVER;
    take_answers(server);
    look_around(server, now);
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
        struct client *client = &server->clients[i];
        tell_what_is_recorded(server, client, now);
        attend(server, client, now);
        if (client->state == CLIENT_FREE)
            continue;
        if (has_work(client))
            next_mono_us = now.mono_us;
        else if (client->state == CLIENT_ASKING && client->told && now.mono_us + RECORDED_POLL_US < next_mono_us)
            next_mono_us = now.mono_us + RECORDED_POLL_US;
        else if (client->deadline_mono_us < next_mono_us)
            next_mono_us = client->deadline_mono_us;
    }
    return next_mono_us;
}
