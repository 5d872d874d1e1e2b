/* session: one listener, its picture, the keyboard and the signals, waited for together. */
#ifndef OUTPOST_FIRMWARE_SIM_SESSION_H
#define OUTPOST_FIRMWARE_SIM_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/listen.h"
#include "firmware-sim/picture.h"
#include "firmware-sim/site.h"
#include "firmware-sim/text.h"

#define SESSION_KEYS_MAX    80
#define SESSION_OUTAGES_MAX 64

struct outage { /* the broker was away */
    int64_t from_ms;
    int64_t to_ms; /* INT64_MAX: still */
};

enum woke {
    WOKE_NEWS /* or time */,
    WOKE_KEYS,
    WOKE_STOP /* Ctrl-C, SIGTERM */,
    WOKE_DEAF /* nobody at the keyboard */
};

struct session {
    struct listener *listener;
    struct picture picture;
    int signals; /* signalfd; -1 */
    bool stopped;
    bool heard; /* the broker let us listen, once */
    char keys[SESSION_KEYS_MAX];
    size_t key_count;
    struct outage outages[SESSION_OUTAGES_MAX]; /* after the first connection */
    size_t outage_count;
    char trouble[LISTEN_TROUBLE_SIZE]; /* the last one said */
    size_t dropped;
    size_t message_count; /* that came; a broker may refuse to hand out any without a word */
};

/* Site, options and root must outlive it. False, with a sentence. */
SIM_CHECKED bool session_open(struct session *session, const struct listen_options *options, const struct site *site,
                              const char *root, struct text *why);
void session_close(struct session *session); /* accepts the zeroed */

/* Waits for news, at most until then (clock_wall_ms), and takes them in; what the broker does is said on stderr. Once it has said
 * WOKE_STOP it says so at once. With `line` it also waits for a line typed on stdin, which it puts there. */
enum woke session_wait(struct session *session, int64_t until_ms, char *line, size_t line_size);

/* It listens, and has done so without a break for so long; the first connection needs no such proof. */
bool session_hears(const struct session *session, int64_t for_ms);

/* The broker was away in that time. */
bool session_was_away(const struct session *session, int64_t from_ms, int64_t to_ms);

#endif
