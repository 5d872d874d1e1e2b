/* listen: a subscriber at a centre's broker: MQTT 5, TLS verified, for as long as the program runs.
 *
 * What comes is put into a mailbox by the library's threads; the program takes it out when it likes. When the connection is
 * lost a new one is made, with pauses that grow from LISTEN_RETRY_MIN_MS to LISTEN_RETRY_MAX_MS; the broker keeps the
 * subscription for LISTEN_SESSION_S meanwhile, so that an outage of the network loses nothing. One thread calls all this. */
#ifndef OUTPOST_FIRMWARE_SIM_LISTEN_H
#define OUTPOST_FIRMWARE_SIM_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/text.h"

#define LISTEN_RETRY_MIN_MS 500
#define LISTEN_RETRY_MAX_MS 8000
#define LISTEN_SESSION_S    3600
#define LISTEN_MESSAGE_MAX  ((size_t)256 * 1024)       /* larger ones are dropped, and said */
#define LISTEN_MAILBOX_MAX  ((size_t)64 * 1024 * 1024) /* what waits to be taken out; beyond, the same */
#define LISTEN_TROUBLE_SIZE 256

struct listen_options {  /* NULL where there is none */
    const char *url;     /* mqtt://host[:1883] or mqtts://host[:8883]; IPv6 in brackets */
    const char *ca_file; /* of mqtts; without, the system's authorities */
    const char *username;
    const char *password;
    const char *topic; /* filter */
};

enum letter_kind { LETTER_LISTENING, LETTER_TROUBLE, LETTER_MESSAGE };

struct letter {
    enum letter_kind kind;
    const char *text; /* TROUBLE: what is wrong, a sentence; MESSAGE: the topic */
    const void *payload;
    size_t size;
    bool retained;
    int64_t arrived_ms; /* wall clock, when the library had it */
};

struct listener;

/* True when `url` can be understood; else a sentence. */
SIM_CHECKED bool listen_check_url(const char *url, struct text *why);

/* NULL, with a sentence. The texts of the options must outlive it. Whether the broker can be reached is told by letters. */
struct listener *listener_open(const struct listen_options *options, struct text *why);
void listener_close(struct listener *listener); /* says goodbye, at most a second; accepts NULL */

int listener_fd(const struct listener *listener); /* readable while a letter waits */

/* Connects when it is time to. Returns when it wants to be called again, on clock_mono_us; INT64_MAX: no matter. Blocks for as
 * long as the name is looked up. */
int64_t listener_step(struct listener *listener, int64_t now_us);

/* The next letter; it lives until the next call. */
bool listener_next(struct listener *listener, struct letter *ret_letter);

bool listener_is_listening(const struct listener *listener);

/* Messages that were dropped, for their size or for lack of room. */
size_t listener_dropped(struct listener *listener);

#endif
