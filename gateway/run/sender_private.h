/* sender_private: the sender's own state, shared by its files. Nobody else includes this.
 *
 *   sender.c           the step: a connection comes up, breaks off, is tried again, ends
 *   sender_connect.c   connecting: what the broker is told, and what it demands
 *   sender_journal.c   finding the journal, its cursors, and telling the recorder
 *   sender_trouble.c   why there is none
 *   sender_verdict.c   is the centre lost, does it refuse: what the judge is told
 *   sender_answers.c   what the broker says to a message
 *   sender_deliver.c   what is sent next: alarms, live telemetry, and who goes first
 *   sender_retained.c  what a connection begins with: active, registry, status
 *   sender_history.c   history, batches, replays
 *   sender_meant.c     what is meant for this centre, and `prev`
 *   sender_orders.c    what the centre asks for
 *   sender_reads.c     what it was answered to `read`
 */
#ifndef OUTPOST_RUN_SENDER_PRIVATE_H
#define OUTPOST_RUN_SENDER_PRIVATE_H

#include <stdatomic.h>

#include "gateway/base/deflate.h"
#include "gateway/core/ackset.h"
#include "gateway/core/backoff.h"
#include "gateway/core/payload.h"
#include "gateway/run/health.h"
#include "gateway/run/journal.h"
#include "gateway/run/order_parse.h"
#include "gateway/run/sender.h"
#include "gateway/run/sender_reads.h"
#include "gateway/run/sender_window.h"

enum sender_state {
    SENDER_DOWN,       /* waits for retry_mono_us */
    SENDER_CONNECTING, /* until connect_by_mono_us */
    SENDER_UP,
    SENDER_ENDING, /* status "stopped" is on its way, until end_by_mono_us */
    SENDER_ENDED,
};

/* What a connection begins with, in this order. */
enum greeting { GREET_ACTIVE, GREET_REGISTRY, GREET_STATUS, GREET_DONE };

struct sender_lane {
    bool loaded;           /* the cursor was read from the journal */
    struct ackset settled; /* acknowledged by this centre, declared lost, or not meant for it */
    struct ackset heard;   /* a centre with receipts: what its broker has, but it has not said so itself */
    uint64_t next;         /* the next number to send; lane t: the next live one */
    bool report_due;       /* the recorder does not know of `settled` yet */
    int64_t look_mono_us;  /* look into the journal then, whatever the board says */
};

/* The record before a number that was meant for this centre, carried along as numbers are passed; found by looking back where
 * sending begins. Only for a centre with a filter. */
struct trail {
    bool known;
    uint64_t at;   /* it is about this number */
    uint64_t prev; /* the newest meant one below it; 0: none is kept */
    uint64_t down; /* not known: looked at down to here */
};

enum trail_of { TRAIL_ALARM, TRAIL_LIVE, TRAIL_HISTORY, TRAIL_REPLAY_A, TRAIL_REPLAY_T, TRAIL_COUNT };

struct replay { /* asked for again: next .. to */
    uint64_t next;
    uint64_t to; /* below next: nothing */
};

#define REFUSALS_MAX WINDOW_MAX

struct refusal {   /* a message the broker would not have; tried twice more */
    uint8_t tries; /* 0: free */
    bool lane_t;
    uint64_t first;
};

#define ORDER_ANSWER_MAX_US 10000000 /* for the judge's answer to be in the journal */

#define REPLIES_MAX      16        /* orders that wait for their reply to be sent; more are dropped unanswered */
#define ORDERS_KNOWN_MAX READS_MAX /* answers that are remembered by id */

struct order_answer {
    char id[ORDER_ID_MAX + 1]; /* "" free */
    char verb[ORDER_VERB_SIZE];
    char code[24]; /* "" done */
    char why[ANSWER_WHY_MAX + 1];
    char detail[96];
    int32_t read_device; /* whose readings it brings; -1 */
};

struct order_reply {
    struct order_answer answer;
    int64_t wait_until_mono_us;       /* 0; or its answer will stand in the journal, until then */
    char topic[UPLINK_TOPIC_MAX + 1]; /* whole: the response topic, or "" for reply/{verb} */
    unsigned char correlation[UPLINK_CORRELATION_MAX];
    size_t correlation_size;
};

struct sender_orders {
    struct order_reply replies[REPLIES_MAX]; /* a ring */
    size_t reply_first;
    size_t reply_count;
    struct order_answer known[ORDERS_KNOWN_MAX]; /* a ring */
    size_t known_next;
    struct sender_reads reads;
    int64_t credit_us; /* a bucket: each order costs ORDER_COST_US of it */
    int64_t credit_mono_us;
};

/* Why something is as it is, for people. */
struct why {
    char en[160];
    char zh[160];
};

#define WHY(en_, zh_) (&(struct why){en_, zh_})

struct sender {
    struct sender_setup setup;
    const struct site_centre *centre;
    struct now now;
    atomic_bool finishing;
    atomic_bool finished;

    /* connection */
    enum sender_state state;
    uint32_t conn;
    size_t url; /* which of the centre's is tried */
    struct backoff backoff;
    uint16_t keepalive_s;
    uint32_t packet_max; /* of this connection: the broker takes no larger packet; 0: no bound */
    int64_t retry_mono_us;
    int64_t connect_by_mono_us;
    int64_t up_mono_us;
    int64_t finish_by_mono_us;
    int64_t end_by_mono_us;
    bool broken;         /* the uplink failed in the middle of a step */
    bool refused;        /* the broker refused this gateway, and an event says so */
    uint32_t taken_over; /* times in a row somebody else connected with our id */
    int64_t taken_over_mono_us;
    uint32_t short_lived;      /* connections in a row that did not last */
    struct centre_state found; /* of this centre, and what of it the recorder took */
    struct centre_state told;
    bool heard;            /* on this connection something was acknowledged, … */
    bool accepted;         /* … and a record was, since the last refusal */
    int64_t quota_mono_us; /* since when a quota lets no record through; 0: it does */
    struct window window;
    struct refusal refusals[REFUSALS_MAX];
    int64_t give_up_mono_us;          /* a bucket of records that may be given up: full when this is long ago */
    int64_t hold_mono_us[LANE_COUNT]; /* nothing of this lane is sent before then: too many were given up */

    /* journal */
    struct journal_reader *reader;
    struct journal_facts facts;
    int64_t outdated_check_mono_us;
    int64_t patience_mono_us;     /* until then, no journal is no trouble */
    struct board_journal journal; /* as the board has it: only to know whether to look */
    struct sender_lane lanes[LANE_COUNT];
    struct trail trails[TRAIL_COUNT];
    int64_t report_mono_us;

    /* what is sent next */
    enum greeting greeting;
    size_t greet_subject;
    struct journal_registry greet_registry; /* the last one looked at */
    bool greet_every;                       /* all registries, whatever was acknowledged; or … */
    char greet_only[SITE_ID_MAX + 1];       /* … only that one */
    bool *active_due;                       /* per subject */
    size_t active_due_count;
    uint32_t *active_moves; /* per subject: of the board, when it was last looked at */
    uint64_t all_moves;
    unsigned alarms_since_active;
    bool registry_again;
    bool status_again;
    uint64_t live_from;           /* numbers of lane t below this are history */
    uint64_t history_next;        /* the next of them to look at */
    uint64_t single_until;        /* history up to here goes one record a message: a batch was refused */
    int64_t batch_mono_us;        /* when what was collected goes out */
    int64_t history_debt_mono_us; /* the rate cap: no history before then */
    struct replay replays[LANE_COUNT];
    int64_t heal_mono_us[LANE_COUNT]; /* while a file is salvaged: not before then */
    int64_t pause_mono_us;            /* nothing is sent before then: the broker's quota was exceeded */
    bool busy;                        /* the uplink asked to try later */
    bool more;                        /* a step's share of rows was looked at; the rest at once in the next */
    int64_t health_mono_us;
    struct health *health;
    struct sender_orders orders;

    struct board_centre shown;
    struct why trouble;
    int64_t trouble_mono_us;
    char topic[UPLINK_TOPIC_MAX + 1];
    char topic_below[UPLINK_TOPIC_MAX + 1];
    struct uplink_event event;
    char payload[PAYLOAD_RETAINED_MAX + 1024];
    struct board_device reading; /* for `read` */
    struct deflater *deflater;   /* NULL: nothing is compressed */
    char packed[PAYLOAD_RETAINED_MAX];
};

#define TAKEN_OVER_NEW_US 3600000000 /* after so long it is counted from the beginning */
#define SHORT_LIVED_MAX   5          /* connections in a row that broke within a minute: somebody should look */
#define STABLE_US         60000000   /* a connection that lasted this long was a success: back-off begins anew */

/* Somebody else may have our id: that is shown also while there is a connection, until one has lasted. */
static inline bool sender_is_suspicious(const struct sender *sender)
{
    return sender->taken_over > 0 || sender->short_lived >= SHORT_LIVED_MAX;
}

/* Connections that break again and again are no connection, until one has lasted. */
static inline bool sender_is_steady(const struct sender *sender)
{
    return sender->short_lived < SHORT_LIVED_MAX || sender->now.mono_us - sender->up_mono_us >= STABLE_US;
}

/* sender.c */
#define BACKOFF (-1) /* sender_hang_up: wait as long as the back-off says */
void sender_say_trouble(struct sender *sender, const struct why *why);
void sender_hang_up(struct sender *sender, const struct why *why, int64_t wait_us);

/* sender_connect.c */
#define SENDER_KEEPALIVE_S 60
void sender_connect(struct sender *sender); /* starts to; blocks for DNS; the outcome is an event */
void sender_connected(struct sender *sender, const struct uplink_event *event);

/* sender_journal.c */
/* The journal of this start: the recorder says on the board when it has opened it and compared the registries. True: lane a
 * can be read. */
bool sender_attach_journal(struct sender *sender);
void sender_leave_journal(struct sender *sender);
void sender_report_cursors(struct sender *sender, bool now); /* now: all of it, and the recorder is woken */
MUST_CHECK bool sender_tell_recorder(struct sender *sender, struct sender_ack *ack); /* false: its ring is full */
/* An event in the journal; `detail` as for payload_event. Lost when the ring is full: it is news, not the record itself. */
void sender_note(struct sender *sender, enum notice notice, const char *detail);

/* sender_trouble.c */
/* After the hang-up: the centre refuses this gateway, or what it sends. The first time also as an event. */
void sender_note_refused(struct sender *sender, uint8_t reason, const struct why *why);
void sender_lost(struct sender *sender, const struct uplink_event *event);
void sender_refused(struct sender *sender, const struct uplink_event *event);
void sender_deaf(struct sender *sender, const struct uplink_event *event); /* the subscription was refused */

/* sender_verdict.c */
void sender_find_nothing(struct sender *sender);   /* at start */
void sender_find_connected(struct sender *sender); /* which does not say yet that it works */
void sender_find_lost(struct sender *sender);      /* no connection, and nobody refused it */
void sender_find_refusing(struct sender *sender, uint8_t reason);
void sender_find_quota(struct sender *sender); /* a refusal only when it lasts */
void sender_find_acked(struct sender *sender, enum sent_kind kind);
void sender_tell_found(struct sender *sender); /* each step: what changed, to the recorder */

/* sender_answers.c */
void sender_acked(struct sender *sender, const struct uplink_event *event);
void sender_rejected(struct sender *sender, const struct uplink_event *event);

/* sender_deliver.c */
struct outgoing {
    const char *topic_below;
    const void *payload; /* sent.size bytes of it */
    bool retain;
    bool hist;
    const uint64_t *prev; /* NULL: not said */
    const struct order_reply *reply;
};
const char *sender_topic(struct sender *sender, const char *below);
bool sender_room_for(const struct sender *sender, enum sent_kind kind, size_t size);
/* One message into the window and over to the uplink. False: not now. */
bool sender_put(struct sender *sender, struct sent *sent, const struct outgoing *out);
bool sender_to_be_sent(const struct sender *sender, enum lane lane, uint64_t number);
/* Numbers from `number`, which is to be sent, up to but not including the result are to be sent too. */
uint64_t sender_clear_until(const struct sender *sender, enum lane lane, uint64_t number);
/* The smallest number >= from that neither is settled nor has been heard of. */
uint64_t sender_open_from(const struct sender *sender, enum lane lane, uint64_t from);
void sender_settle(struct sender *sender, enum lane lane, uint64_t first, uint64_t last);
/* Numbers without a row were declared and are settled, but for those that may still come back out of a damaged file. */
void sender_settle_hole(struct sender *sender, enum lane lane, uint64_t first, uint64_t last);
/* May some of these still come back? */
bool sender_is_salvaging(const struct sender *sender, enum lane lane, uint64_t first, uint64_t last);
void sender_rewind(struct sender *sender, const struct sent *sent); /* to be sent again */
void sender_begin_live(struct sender *sender); /* with the status sent, or when lane t appears later */
void sender_deliver(struct sender *sender);
bool sender_caught_up(const struct sender *sender); /* everything there is was sent and acknowledged */

/* sender_retained.c */
void sender_greet_from_start(struct sender *sender);
void sender_greet(struct sender *sender);
void sender_active_due(struct sender *sender, const char *subject);
bool sender_put_active(struct sender *sender, int32_t subject);
/* Status online (reason NULL) or offline; false: no room. */
bool sender_put_status(struct sender *sender, const char *reason);
void sender_make_status(const struct sender *sender, const char *reason, struct payload_status *ret_status);

/* sender_history.c */
void sender_deliver_history(struct sender *sender);
void sender_deliver_replays(struct sender *sender);
void sender_rewind_replays(struct sender *sender); /* what is in flight of them goes out again */

/* sender_meant.c */
#define LOOK_ROWS_MAX 5000 /* rows a step looks at and does not send */
/* Does `trail` say what is before number `at`? False: it is still being looked for; `more` is set. */
bool sender_trail_to(struct sender *sender, enum trail_of of, uint64_t at);
void sender_trail_pass(struct sender *sender, enum trail_of of, uint64_t seq, bool is_meant);
/* For sender_put; NULL for a centre without a filter. */
const uint64_t *sender_prev(const struct sender *sender, enum trail_of of);
bool sender_meant(const struct sender *sender, const struct journal_row *row);

/* sender_orders.c */
void sender_order(struct sender *sender, const struct uplink_event *event);
void sender_put_replies(struct sender *sender);

#endif
