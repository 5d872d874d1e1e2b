/* sender_window: the messages one centre has been sent and has not acknowledged yet.
 *
 * Bounded in number (the broker's receive maximum, at most WINDOW_MAX: beyond 20 Paho 1.3.12 stalls for a second) and in
 * bytes, so that a slow line is not filled for longer than about a second: the byte bound halves when an acknowledgement
 * took longer than that, and grows while it is the limit and answers come quickly (AIMD). A ticket names a slot and the
 * connection it was used in, so an answer from an earlier connection is recognised and ignored. Pure; one owner. */
#ifndef OUTPOST_RUN_SENDER_WINDOW_H
#define OUTPOST_RUN_SENDER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/site.h"

#define WINDOW_MAX           20
#define WINDOW_BYTES_MIN     ((size_t)16 * 1024)
#define WINDOW_BYTES_FIRST   ((size_t)64 * 1024)
#define WINDOW_BYTES_MAX     ((size_t)1024 * 1024)
#define WINDOW_HISTORY_SHARE 70 /* percent of the window that history, replays included, may fill */

enum sent_kind {
    SENT_ALARM,
    SENT_LIVE,
    SENT_HISTORY,
    SENT_ACTIVE,
    SENT_REGISTRY,
    SENT_EMPTIED,
    SENT_STATUS,
    SENT_STOPPED,
    SENT_REPLAY, /* records that were asked for again: settles nothing */
    SENT_REPLY,
};

struct sent {
    bool used;
    enum sent_kind kind;
    uint64_t first; /* numbers it settles: SENT_ALARM in lane a, SENT_LIVE and SENT_HISTORY in lane t */
    uint64_t last;
    bool lane_t;     /* SENT_REPLAY */
    bool is_refusal; /* SENT_ALARM: the gap event of a record that some broker would not have */
    int32_t subject; /* SENT_ACTIVE */
    size_t size;
    int64_t sent_mono_us;
    char dev[SITE_ID_MAX + 1]; /* SENT_REGISTRY, SENT_EMPTIED */
    char sha256[65];
};

struct window {
    struct sent slots[WINDOW_MAX];
    size_t slot_max; /* 1 .. WINDOW_MAX */
    size_t slot_ceiling;
    size_t used;
    size_t history_used;
    size_t bytes;
    size_t bytes_max;
    uint32_t connection;
    uint32_t acks_since_halved;
    int64_t narrowed_mono_us; /* when the byte bound was last halved */
};

void window_init(struct window *window);
/* A new connection: empty, and as wide as its receive maximum allows (0: unknown). The byte bound is kept. */
void window_reset(struct window *window, uint16_t receive_maximum);

/* Is there room for a message of this kind and size? An empty window takes any size. */
bool window_has_room(const struct window *window, enum sent_kind kind, size_t size);
/* Puts it into a free slot (there must be room) and returns its ticket, to be handed to the uplink. */
uint64_t window_take(struct window *window, const struct sent *sent);

/* The message a ticket stands for; NULL when it is none of this connection's. */
struct sent *window_find(struct window *window, uint64_t ticket);
void window_acked(struct window *window, struct sent *sent, int64_t now_mono_us);
void window_give_back(struct window *window, struct sent *sent); /* refused: no lesson about the line */
void window_halve(struct window *window);                        /* quota exceeded */

/* CLOCK_NEVER when nothing is in flight. */
int64_t window_oldest_mono_us(const struct window *window);
/* The lowest first number above `number` of what is in flight of a lane; UINT64_MAX: none. */
uint64_t window_next(const struct window *window, bool lane_t, uint64_t number);
bool window_covers(const struct window *window, bool lane_t, uint64_t number);

#endif
