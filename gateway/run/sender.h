/* sender: the sending room. One per centre: reads the journal over its own read-only connection, keeps its own window of
 * unacknowledged messages, and tells the recorder what was acknowledged. Never blocks measure, judge or another sender.
 *
 * Strict priority: alarms > live telemetry > history (at most 70 % of the window). On connect: every active/, then
 * the registries this centre has not acknowledged, then status; then the journal from the cursor on. Reconnects with full
 * jitter, U(0, min(backoff_max, 1 s * 2^n)), always with a new uplink handle; unacknowledged for 30 s = reconnect. */
#ifndef OUTPOST_RUN_SENDER_H
#define OUTPOST_RUN_SENDER_H

#include "gateway/base/bell.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/ring.h"
#include "gateway/model/site.h"
#include "gateway/ports/uplink.h"
#include "gateway/run/board.h"

struct sender;

/* What a sender tells the recorder, by value over the acks ring. */
enum sender_ack_kind {
    ACK_CURSOR,   /* cursor of one lane moved */
    ACK_REGISTRY, /* this centre has acknowledged registry/{dev} with this content */
    ACK_REFUSED, /* the broker will not have ranges[0] of this lane (`reason`): declare them; a cursor over them follows */
};

#define ACK_RANGES_MAX 8 /* acknowledged islands above the low-water mark; more are forgotten (sent again) */

struct sender_ack {
    uint8_t kind; /* enum sender_ack_kind */
    uint8_t lane; /* 'a' or 't' */
    uint16_t range_count;
    uint32_t centre;                    /* index into site.centres; stored by name */
    uint64_t lw;                        /* every number up to here was acknowledged or declared */
    uint64_t ranges[ACK_RANGES_MAX][2]; /* first, last; ascending, above lw */
    char dev[SITE_ID_MAX + 1];          /* ACK_REGISTRY */
    char sha256[65];                    /* ACK_REGISTRY; "" = emptied */
    uint8_t reason;                     /* ACK_REFUSED: MQTT 5 reason code */
};

struct sender_setup {
    const struct site *site;
    size_t centre;        /* index into site.centres */
    struct uplink uplink; /* owned by the caller, used by this sender only */
    struct ring *acks;    /* to the recorder */
    struct bell *recorder_bell;
    struct board *board;
    uint64_t random_seed; /* back-off jitter; main takes it from getrandom() */
};

MUST_CHECK enum err sender_open(struct sender **ret_sender, const struct sender_setup *setup);
void sender_close(struct sender *sender);          /* accepts NULL */
int64_t sender_step(void *sender, struct now now); /* blocks for its read-only journal connection and for DNS */
/* From now on: send what is there, publish status offline "stopped", disconnect. sender_finished() when that is done or
 * was impossible. Call before the thread is stopped; sets an atomic flag and needs the bell rung. */
void sender_finish(struct sender *sender);
bool sender_finished(const struct sender *sender);

#endif
