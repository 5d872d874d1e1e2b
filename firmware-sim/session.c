#include "firmware-sim/session.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware-sim/clock.h"
#include "firmware-sim/signals.h"

#define WAIT_MAX_MS 1000
#define FACTS_MAX   200000 /* of one scenario: half an hour of a busy site */

bool session_open(struct session *session, const struct listen_options *options, const struct site *site,
                  const char *root, struct text *why)
{
    *session = (struct session){.signals = -1};
    picture_open(&session->picture, site, root, FACTS_MAX);
    session->listener = listener_open(options, why);
    if (session->listener != NULL)
        session->signals = signals_open();
    if (session->signals >= 0)
        return true;
    if (session->listener != NULL)
        text_add(why, "no signalfd");
    session_close(session);
    return false;
}

void session_close(struct session *session)
{
    listener_close(session->listener);
    session->listener = NULL;
    picture_close(&session->picture);
    if (session->signals > 0)
        (void)close(session->signals);
    session->signals = -1;
}

/* --- letters --- */

static void say_listening(struct session *session, int64_t now_ms)
{
    struct outage *last = session->outage_count > 0 ? &session->outages[session->outage_count - 1] : NULL;
    if (last != NULL && last->to_ms == INT64_MAX)
        last->to_ms = now_ms;
    (void)fprintf(stderr, session->heard ? "the broker is back 消息服务器已恢复\n"
                                         : "listening at the broker 已连接消息服务器\n");
    session->heard = true;
    session->trouble[0] = '\0';
}

/* Each trouble once, not with each attempt. */
static void say_trouble(struct session *session, const char *what, int64_t now_ms)
{
    bool open = session->outage_count > 0 && session->outages[session->outage_count - 1].to_ms == INT64_MAX;
    if (session->heard && !open && session->outage_count < SESSION_OUTAGES_MAX)
        session->outages[session->outage_count++] = (struct outage){now_ms, INT64_MAX};
    if (strncmp(session->trouble, what, sizeof session->trouble - 1) == 0)
        return;
    (void)snprintf(session->trouble, sizeof session->trouble, "%s", what);
    (void)fprintf(stderr, "%s; trying again 消息服务器连接异常，正在重试\n", session->trouble);
}

static void say_dropped(struct session *session)
{
    size_t dropped = listener_dropped(session->listener);
    if (dropped == session->dropped)
        return;
    session->dropped = dropped;
    (void)fprintf(stderr, "%zu messages were too large or too many and are not looked at 消息过大或过多，已忽略\n",
                  dropped);
}

static void take_letters(struct session *session)
{
    struct letter letter;
    while (listener_next(session->listener, &letter)) {
        switch (letter.kind) {
        case LETTER_LISTENING:
            say_listening(session, letter.arrived_ms);
            break;
        case LETTER_TROUBLE:
            say_trouble(session, letter.text, letter.arrived_ms);
            break;
        case LETTER_MESSAGE:
            session->message_count++;
            picture_take(&session->picture, letter.text, letter.payload, letter.size, letter.retained,
                         letter.arrived_ms);
            break;
        }
    }
    say_dropped(session);
}

bool session_hears(const struct session *session, int64_t for_ms)
{
    const struct outage *last = session->outage_count > 0 ? &session->outages[session->outage_count - 1] : NULL;
    return listener_is_listening(session->listener) &&
           (last == NULL || (last->to_ms != INT64_MAX && clock_wall_ms() - last->to_ms >= for_ms));
}

bool session_was_away(const struct session *session, int64_t from_ms, int64_t to_ms)
{
    for (size_t i = 0; i < session->outage_count; i++) {
        if (session->outages[i].from_ms < to_ms && session->outages[i].to_ms > from_ms)
            return true;
    }
    return false;
}

/* --- keyboard --- */

/* A line that was typed; longer ones are cut. */
static bool take_line(struct session *session, char *line, size_t line_size)
{
    char *end = memchr(session->keys, '\n', session->key_count);
    if (end == NULL && session->key_count < sizeof session->keys)
        return false;
    size_t length = end == NULL ? session->key_count : (size_t)(end - session->keys);
    size_t used = end == NULL ? length : length + 1;
    (void)snprintf(line, line_size, "%.*s", (int)length, session->keys);
    memmove(session->keys, session->keys + used, session->key_count - used);
    session->key_count -= used;
    return true;
}

static enum woke read_keys(struct session *session, char *line, size_t line_size)
{
    ssize_t got = read(STDIN_FILENO, session->keys + session->key_count, sizeof session->keys - session->key_count);
    if (got <= 0)
        return WOKE_DEAF;
    session->key_count += (size_t)got;
    return take_line(session, line, line_size) ? WOKE_KEYS : WOKE_NEWS;
}

/* --- waiting --- */

static int timeout_of(struct session *session, int64_t until_ms)
{
    int64_t now_ms = clock_wall_ms();
    int64_t now_us = clock_mono_us();
    int64_t retry_us = listener_step(session->listener, now_us);
    int64_t left_ms = until_ms - now_ms < WAIT_MAX_MS ? until_ms - now_ms : WAIT_MAX_MS;
    int64_t retry_ms = retry_us == INT64_MAX ? WAIT_MAX_MS : (retry_us - now_us) / 1000 + 1;
    left_ms = retry_ms < left_ms ? retry_ms : left_ms;
    return left_ms < 0 ? 0 : (int)left_ms;
}

enum woke session_wait(struct session *session, int64_t until_ms, char *line, size_t line_size)
{
    if (session->stopped)
        return WOKE_STOP;
    if (line != NULL && take_line(session, line, line_size))
        return WOKE_KEYS;
    struct pollfd fds[3] = {{.fd = session->signals, .events = POLLIN},
                            {.fd = listener_fd(session->listener), .events = POLLIN},
                            {.fd = line != NULL ? STDIN_FILENO : -1, .events = POLLIN}};
    if (poll(fds, 3, timeout_of(session, until_ms)) < 0)
        return WOKE_NEWS;
    take_letters(session);
    session->stopped = (fds[0].revents & POLLIN) != 0;
    if (session->stopped)
        return WOKE_STOP;
    return fds[2].revents != 0 ? read_keys(session, line, line_size) : WOKE_NEWS;
}
