/* judge_private: the judge's tables and what its files call of each other. Included by run/judge*.c only.
 *
 *   judge.c            the step: inbox, restoring, clock
 *   judge_open.c       the tables, made once from the site
 *   judge_slaves.c     does a slave answer, and does it live
 *   judge_devices.c    slave samples -> device samples, staleness, derived points, telemetry
 *   judge_readings.c   what the samples of a device say to its rules: limits, gates, references, rates, standing still
 *   judge_rules.c      the delays of rules, and what is owed to the recorder about them
 *   judge_interlocks.c votes, interlocks, outputs
 *   judge_orders.c     ack, silence, reset
 *   judge_news.c       notices, and everything that goes into the recorder's rings
 *   judge_timers.c     what is due when
 */
#ifndef OUTPOST_RUN_JUDGE_PRIVATE_H
#define OUTPOST_RUN_JUDGE_PRIVATE_H

#include "gateway/base/arena.h"
#include "gateway/base/text.h"
#include "gateway/core/alarm.h"
#include "gateway/core/interlock.h"
#include "gateway/core/rate.h"
#include "gateway/core/report.h"
#include "gateway/core/vote.h"
#include "gateway/model/inbox.h"
#include "gateway/model/news.h"
#include "gateway/run/judge.h"
#include "gateway/run/judge_timers.h"

#define JUDGE_MEMORY_MAX      ((size_t)96 * 1024 * 1024) /* what the largest site that the loader accepts may need */
#define JUDGE_ITEMS_MAX       4096                       /* of the inbox in one step; then others get their turn */
#define JUDGE_NOTICES_MAX     32                         /* that wait for room in the recorder's ring */
#define JUDGE_RETRY_US        20000                      /* when the recorder's ring is full */
#define STALE_PERIODS         3                          /* wire.md: older than three of its periods */
#define STALE_FLAT_OUT_US     1000000                    /* instead, for points that are polled flat out */
#define STALE_INTERVAL_MAX_US 10000000 /* a line that is slower than its plan ages its points more slowly, up to this */
#define GATE_WAIT_US          (STALE_PERIODS * STALE_INTERVAL_MAX_US) /* after start, for the first reading of a gate */
#define HOLD_TOLD_AFTER_US    1000000 /* a hold is worth a commit when it has lasted so long */
#define CLOCK_STEP_MS         1000    /* wall against monotonic, beyond slewing */
#define CLOCK_SLEW_PERMILLE   1       /* adjtime slews by at most 0.5 ms a second */

#define NO_RULE (-1)

struct judge_feed { /* a device point that takes a slave point */
    uint32_t device;
    uint16_t point;
};

enum heard { HEARD_NOTHING, HEARD_GOOD, HEARD_FAILED };

struct judge_pulse {       /* of a slave with a freeze watchdog: its heartbeat */
    bool known;            /* a good reading came since start */
    bool stands;           /* it is bad: the clock stands since read_mono_us */
    bool frozen;           /* it has not changed for too long */
    union value value;     /* of its last good reading */
    int64_t since_mono_us; /* when it last changed; later by the time the clock stood */
    int64_t read_mono_us;  /* of its last good reading, or of the first bad one after it */
};

struct judge_slave {
    const struct site_slave *site;
    const uint32_t *feed_first; /* by slave point, point_count + 1: into judge.feeds */
    uint8_t *heard;             /* enum heard, by slave point: what the last read of it brought */
    int64_t *failed_mono_us;    /* by slave point, with HEARD_FAILED: since when */
    size_t good_count;
    size_t failed_count;
    bool failing;            /* its last read brought nothing good */
    bool overdue;            /* some read of it has failed for more than STALE_PERIODS of its periods */
    const uint32_t *devices; /* that take its points */
    size_t device_count;
    size_t output_first; /* judge.outputs are sorted by slave */
    size_t output_count;
    bool stale;         /* something of it grew stale since its last good read */
    bool never_written; /* serves a device that nobody may write to */
    struct judge_pulse pulse;
};

struct judge_age {
    int64_t read_mono_us;
    int64_t interval_us; /* between the last two reads */
    bool tried;          /* a read, good or not, came since start; derived: it had a value */
};

struct text_slot { /* where in its device's texts a text point lives */
    uint16_t offset;
    uint16_t size;
};

struct judge_device {
    const struct site_device *site;
    struct sample *samples;  /* by device point */
    struct sample *reported; /* as they were in the last telemetry record */
    struct judge_age *ages;
    struct text_slot *slots;
    char *texts;
    uint16_t text_size;
    uint8_t *touched; /* by device point: a sample came that was not judged yet */
    bool any_touched;
    bool listed;                /* in judge.listed */
    struct hold *holds;         /* DERIVE_HOLDS_MAX; NULL: nothing derived */
    int64_t *held_told_ms;      /* what the journal knows of them */
    enum point_source *sources; /* by class point */
    const double *settings;
    void *memory;               /* class.memory_size; NULL: none */
    struct alarm_moment newest; /* of its batches */
    struct report report;
    struct report_pace pace;
    uint64_t prompt; /* bit i: site->slaves[i] is polled as often as the device reports */
    int32_t comm_rule;
    const uint32_t *interlocks; /* that look at it */
    size_t interlock_count;
};

struct judge_rule {
    struct alarm alarm;
    uint8_t role;  /* enum alarm_role */
    uint8_t shown; /* state, condition and pending as the board has them */
    uint8_t gate;  /* enum tri: as it was judged the last time */
    bool queued;   /* in judge.owing */
    bool stands;   /* RULE_STUCK: stood_at is valid */
    double stood_at;
    struct rate *rate; /* RULE_RATE */
};

struct judge_bus_state {
    bool known;
    bool open;
    bool lost; /* told as a notice */
    int32_t rule;
};

struct judge_member { /* of a vote */
    uint32_t device;
    int32_t rule;
};

struct judge_interlock {
    const struct site_interlock *site;
    struct interlock machine;
    const struct judge_member *members;
    size_t member_count;
    size_t n;
    enum fault_vote fault_vote;
    bool fault_votes;        /* a zone says so; a single device's faults do not trip */
    const uint32_t *outputs; /* by action: into judge.outputs */
    bool dirty;
    bool moved; /* something happened since start */
    bool has_restored;
    struct stored restored; /* waits until the rules it votes by are restored */
    bool releasing;         /* released, its outputs not yet written back */
    uint8_t told_state;     /* what the journal has: enum stored_interlock */
    bool told_silenced;
    int64_t tripped_mono_us;
    int64_t since_utc_ms;
};

struct judge_claim {
    uint32_t interlock;
    uint32_t action;
};

struct judge_output {
    int32_t slave;
    int32_t point;
    struct output machine;
    const struct judge_claim *claims; /* ascending by interlock */
    size_t claim_count;
    int64_t wire_mono_us; /* when the last good write left */
};

struct judge_notice {
    enum notice notice;
    struct alarm_moment at;
    bool has_stored;
    struct stored stored;
    char detail[NEWS_DETAIL_MAX];
};

struct judge {
    struct judge_setup setup;
    const struct site *site;
    struct arena arena;

    struct judge_slave *slaves;
    struct judge_feed *feeds;
    struct judge_device *devices;
    struct judge_rule *rules;
    struct judge_bus_state *buses;
    struct judge_interlock *interlocks;
    struct judge_output *outputs;
    size_t output_count;
    struct timers timers; /* rules; stale, derive, report of devices; outputs; interlocks; overdue, frozen of slaves */

    uint32_t *listed; /* devices whose samples the board is to get at the end of the step */
    size_t listed_count;
    uint32_t *owing; /* rules with something to tell: a queue of rule_count places */
    size_t owing_first;
    size_t owing_count;
    struct judge_notice *notices; /* a queue of JUDGE_NOTICES_MAX places */
    size_t notice_first;
    size_t notice_count;
    uint64_t notices_dropped;
    uint32_t telemetry_dropped; /* since the ring last took one */
    bool interlocks_dirty;
    bool interlocks_untold;
    bool told; /* the recorder's bell is to be rung */
    uint32_t token;

    bool started;
    bool restoring;
    int64_t start_mono_us;
    struct now clock;         /* at the last step */
    int64_t unsync_offset_ms; /* wall minus monotonic when the clock was found unsynced */

    struct sample *scratch; /* of the class with the most points */
    double *no_settings;    /* NO_LIMIT, as many as the class with the most settings has */
    struct inbox item;
    struct news news;
};

/* Timers. */
static inline size_t timer_rule(const struct judge *judge, size_t rule)
{
    (void)judge;
    return rule;
}
static inline size_t timer_stale(const struct judge *judge, size_t device)
{
    return judge->site->rule_count + device;
}
static inline size_t timer_derive(const struct judge *judge, size_t device)
{
    return judge->site->rule_count + judge->site->device_count + device;
}
static inline size_t timer_report(const struct judge *judge, size_t device)
{
    return judge->site->rule_count + 2 * judge->site->device_count + device;
}
static inline size_t timer_output(const struct judge *judge, size_t output)
{
    return judge->site->rule_count + 3 * judge->site->device_count + output;
}
static inline size_t timer_interlock(const struct judge *judge, size_t interlock)
{
    return judge->site->rule_count + 3 * judge->site->device_count + judge->output_count + interlock;
}
static inline size_t timer_overdue(const struct judge *judge, size_t slave)
{
    return timer_interlock(judge, judge->site->interlock_count) + slave;
}
static inline size_t timer_frozen(const struct judge *judge, size_t slave)
{
    return timer_overdue(judge, judge->site->slave_count) + slave;
}
static inline size_t timer_count(const struct judge *judge)
{
    return timer_frozen(judge, judge->site->slave_count);
}

static inline struct alarm_moment moment_of(struct now now)
{
    return (struct alarm_moment){.mono_us = now.mono_us, .utc_ms = now.utc_ms, .synced = now.synced};
}

/* judge_open.c */
MUST_CHECK enum err judge_make_tables(struct judge *judge);

/* judge_slaves.c */
/* Before its samples are taken. What a frozen slave says becomes bad. */
void slave_hear(struct judge *judge, struct batch *batch);
void slave_overdue(struct judge *judge, size_t slave, struct alarm_moment at);
void slave_frozen(struct judge *judge, size_t slave, struct alarm_moment at);
void slave_judge(struct judge *judge, size_t slave, struct alarm_moment at); /* the devices it serves */
bool slave_is_lost(const struct judge *judge, size_t slave);
enum tri device_is_lost(const struct judge *judge, size_t device);
void device_judge_line(struct judge *judge, size_t device, struct alarm_moment at);

/* judge_devices.c */
void devices_take_batch(struct judge *judge, struct batch *batch);
void devices_take_bus(struct judge *judge, const struct bus_state *state);
void device_judge(struct judge *judge, size_t device, struct alarm_moment at);
void device_age(struct judge *judge, size_t device, struct alarm_moment at);
/* All that the slave said has no value any more. Not judged yet. */
void devices_spoil(struct judge *judge, size_t slave, enum reason reason);
void device_report(struct judge *judge, size_t device, struct alarm_moment at);
void devices_show(struct judge *judge);
void device_restore_hold(struct judge *judge, const struct stored *stored);

/* judge_readings.c */
void rules_judge(struct judge *judge, const struct judge_device *device, struct alarm_moment at); /* what was touched */

/* judge_rules.c */
void rule_feed(struct judge *judge, size_t rule, const struct alarm_reading *reading);
void rule_feed_truth(struct judge *judge, size_t rule, enum tri truth, struct alarm_moment at);
void rule_due(struct judge *judge, size_t rule, struct alarm_moment at);
void rule_restore(struct judge *judge, const struct stored *stored);
void rule_settle(struct judge *judge, size_t rule);
/* Tells and commits one change; false when the ring is full. */
bool rule_tell(struct judge *judge, size_t rule, const struct alarm_change *change, const struct order *order);
void rules_flush(struct judge *judge);

/* judge_interlocks.c */
void interlock_touch(struct judge *judge, size_t interlock);
void interlocks_run(struct judge *judge, struct alarm_moment at);
void interlocks_take_written(struct judge *judge, const struct written *written, struct alarm_moment at);
void interlocks_see(struct judge *judge, const struct judge_slave *slave, const struct sample *sample,
                    const struct batch *batch);
void interlocks_flush(struct judge *judge, struct alarm_moment at);
void interlock_put_back(struct judge *judge, const struct stored *stored, struct alarm_moment at);
MUST_CHECK enum err interlock_try_reset(struct judge *judge, size_t interlock, const struct order *order,
                                        struct alarm_moment at, const char **ret_code);
MUST_CHECK enum err interlock_try_silence(struct judge *judge, size_t interlock, const struct order *order,
                                          struct alarm_moment at, const char **ret_code);

/* judge_orders.c */
void orders_take(struct judge *judge, const struct order *order, struct alarm_moment at);

/* judge_news.c: false when the ring is full. */
bool news_push(struct judge *judge);
bool news_push_stored(struct judge *judge, const struct stored *stored, struct alarm_moment at);
/* A detail writer into the next notice of the queue; NULL when the queue is full (counted, declared later). */
struct judge_notice *notice_begin(struct judge *judge, enum notice notice, struct alarm_moment at,
                                  struct text *ret_detail);
void notices_flush(struct judge *judge, struct alarm_moment at);

#endif
