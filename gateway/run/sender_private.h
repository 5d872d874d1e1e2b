/* sender_private: the sender's own state, shared by sender.c (the life of a connection) and sender_deliver.c (what is sent
 * next). Nobody else includes this. */
#ifndef OUTPOST_RUN_SENDER_PRIVATE_H
#define OUTPOST_RUN_SENDER_PRIVATE_H

#include <stdatomic.h>

#include "gateway/core/ackset.h"
#include "gateway/core/backoff.h"
#include "gateway/core/payload.h"
#include "gateway/run/health.h"
#include "gateway/run/journal.h"
#include "gateway/run/sender.h"
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
    struct ackset settled; /* acknowledged by this centre, or declared lost */
    uint64_t next;         /* the next number to send; lane t: the next live one */
    bool report_due;       /* the recorder does not know of `settled` yet */
    int64_t look_mono_us;  /* look into the journal then, whatever the board says */
};

#define REFUSALS_MAX WINDOW_MAX

struct refusal {   /* a message the broker would not have; tried twice more */
    uint8_t tries; /* 0: free */
    bool lane_t;
    uint64_t first;
};

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
    int64_t retry_mono_us;
    int64_t connect_by_mono_us;
    int64_t up_mono_us;
    int64_t finish_by_mono_us;
    int64_t end_by_mono_us;
    bool broken; /* the uplink failed in the middle of a step */
    struct window window;
    struct refusal refusals[REFUSALS_MAX];

    /* journal */
    struct journal_reader *reader;
    struct journal_facts facts;
    int64_t outdated_check_mono_us;
    int64_t patience_mono_us;     /* until then, no journal is no trouble */
    struct board_journal journal; /* as the board has it: only to know whether to look */
    struct sender_lane lanes[LANE_COUNT];
    int64_t report_mono_us;

    /* what is sent next */
    enum greeting greeting;
    size_t greet_subject;
    char greet_dev[SITE_ID_MAX + 1];
    bool *active_due; /* per subject */
    size_t active_due_count;
    unsigned alarms_since_active;
    bool registry_again;
    bool status_again;
    uint64_t live_from;    /* numbers of lane t below this are history */
    uint64_t history_next; /* the next of them to look at */
    uint64_t single_until; /* history up to here goes one record a message: a batch was refused */
    int64_t pause_mono_us; /* nothing is sent before then: the broker's quota was exceeded */
    bool busy;             /* the uplink asked to try later */
    int64_t health_mono_us;
    struct health *health;

    struct board_centre shown;
    char trouble[160];
    int64_t trouble_mono_us;
    char topic[UPLINK_TOPIC_MAX + 1];
    char topic_below[UPLINK_TOPIC_MAX + 1];
    struct uplink_event event;
    char payload[PAYLOAD_RETAINED_MAX + 1024];
};

/* sender_deliver.c */
void sender_greet_from_start(struct sender *sender);
void sender_begin_live(struct sender *sender); /* with the status sent, or when lane t appears later */
void sender_deliver(struct sender *sender);
/* Everything there is was sent and acknowledged. */
bool sender_caught_up(const struct sender *sender);
/* To be sent again. */
void sender_rewind(struct sender *sender, const struct sent *sent);
void sender_settle(struct sender *sender, enum lane lane, uint64_t first, uint64_t last);
/* Status online (reason NULL) or offline; false: no room. */
bool sender_put_status(struct sender *sender, const char *reason);
void sender_make_status(const struct sender *sender, const char *reason, struct payload_status *ret_status);
const char *sender_topic(struct sender *sender, const char *below);

#endif
