/* sender: the sending room. One per centre: reads the journal over its own read-only connection, keeps its own window of
 * unacknowledged messages, and tells the recorder what was acknowledged. Never blocks measure, judge or another sender.
 *
 * Strict priority: alarms and replies > live telemetry > history (at most 70 % of the window, and no more bytes a second than
 * the centre wants) > replays. On connect: every active/, then the registries this centre has not acknowledged, then status;
 * then the journal from the cursor on. Reconnects with full jitter, U(0, min(backoff_max, backoff_min * 2^n)), always with a
 * new uplink handle; unacknowledged for 30 s = reconnect. Orders that concern nothing but what is sent (`receipt`, `replay`,
 * `registry`) or known (`read`) end here; `ack` and `silence` go over the recorder to the judge; the others are refused. The
 * same way goes what it finds of its centre, for the alarms centre.lost and centre.refused. */
#ifndef OUTPOST_RUN_SENDER_H
#define OUTPOST_RUN_SENDER_H

#include "gateway/base/bell.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/ring.h"
#include "gateway/model/inbox.h"
#include "gateway/model/order.h"
#include "gateway/model/site.h"
#include "gateway/ports/uplink.h"
#include "gateway/run/board.h"

struct sender;

/* What a sender tells the recorder, by value over the acks ring. */
enum sender_ack_kind {
    ACK_CURSOR,   /* cursor of one lane moved */
    ACK_REGISTRY, /* this centre has acknowledged registry/{dev} with this content */
    ACK_REFUSED, /* the broker will not have ranges[0] of this lane (`reason`): declare them; a cursor over them follows */
    ACK_NOTICE, /* record an event: `notice` with `detail` */
    ACK_CENTRE, /* what was found of this centre: for the judge */
    ACK_ORDER,  /* keep the id of `order`, then hand it to the judge; the answer will stand in the journal */
};

#define ACK_DETAIL_MAX    512
#define ORDER_TAKE_MAX_US 5000000

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
    uint8_t reason;                     /* ACK_REFUSED: model/mqtt_reason.h */
    uint16_t notice;                    /* ACK_NOTICE: enum notice */
    union {
        char detail[ACK_DETAIL_MAX]; /* ACK_NOTICE: as in news_notice */
        struct centre_state found;   /* ACK_CENTRE; .centre is set by the recorder */
        struct {                     /* ACK_ORDER */
            struct order order;
            int64_t asked_mono_us; /* not carried out any more ORDER_TAKE_MAX_US later: nobody waits for it */
        };
    };
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
