/* judge_private: the judge's tables and what its files call of each other. Included by run/judge*.c only.
 *
 *   judge.c            the step: inbox, restoring, clock
 *   judge_open.c       the tables, made once from the site
 *   judge_slaves.c     does a slave answer, and does it live
 *   judge_devices.c    slave samples -> device samples, staleness, derived points, telemetry
 *   judge_readings.c   what the samples of a device say to its rules: limits, gates, references, rates, standing still
 *   judge_rules.c      the delays of rules, and what is owed to the recorder about them
 *   judge_groups.c     which alarm of a group came first
 *   judge_votes.c      how the detectors of an interlock vote
 *   judge_interlocks.c interlocks, outputs
 *   judge_orders.c     ack, silence, reset, shelve, unshelve, service
 *   judge_drill.c      who is in a drill, its beginning and its end
 *   judge_hold.c       a drill that holds the outputs of a zone: when it may, and what ends that at once
 *   judge_due.c        dates of the site file, and the day it is there
 *   judge_sensors.c    readings that lives hang on and that are none
 *   judge_use.c        use of what is registered as stopped
 *   judge_mounted.c    which cylinder stands where, and that it was exchanged
 *   judge_centres.c    is a centre lost, does it refuse
 *   judge_news.c       notices, and everything that goes into the recorder's rings
 *   judge_timers.c     what is due when
 */
#ifndef OUTPOST_RUN_JUDGE_PRIVATE_H
#define OUTPOST_RUN_JUDGE_PRIVATE_H

#include "gateway/base/arena.h"
#include "gateway/base/text.h"
#include "gateway/core/alarm.h"
#include "gateway/core/flood.h"
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

enum heard {
    HEARD_NOTHING, /* neither; also what the slave never had */
    HEARD_GOOD,
    HEARD_FAILED,      /* it was good before */
    HEARD_FAILED_EVER, /* it never was */
};

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
    int64_t *failed_mono_us;    /* by slave point, while it fails: since when */
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

struct judge_use { /* a point of a device that shows whether it is in use */
    uint16_t point;
    uint8_t shows; /* enum tri: at its last reading */
    uint8_t kind;  /* enum point_use */
    bool known;
    double last; /* USE_COUNTS: of its last reading; with `known` */
};

#define MOUNTED_CODE_MAX 64 /* bytes of it that are kept for the news; two of them and a name fit into one */

struct judge_mounted { /* of a device in which something may be mounted: what was there last */
    bool known;
    bool present; /* its code can be read now */
    bool doubled; /* and another device of the class shows the same */
    bool stored;  /* only its digest is known, from before the start */
    int64_t digest;
    char code[MOUNTED_CODE_MAX + 1];
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
    bool drilled;               /* in a drill: what is told of it is a test */
    bool told_drilled;          /* … as the journal has it */
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
    int32_t sensor_rule;           /* NO_RULE: its class says itself when it is faulty */
    struct judge_mounted *mounted; /* NULL: the class knows nothing that is */
    int32_t used_rule;             /* NO_RULE: it is not registered as stopped */
    struct judge_use *uses;
    size_t use_count;
    const uint32_t *interlocks; /* that look at it */
    size_t interlock_count;
};

struct judge_rule {
    struct alarm alarm;
    uint8_t role;  /* enum alarm_role */
    uint8_t shown; /* state, condition, pending and test as the board has them, and which occurrence, and until when */
    bool shown_chattering;
    uint32_t shown_occurrence;
    int64_t shown_until_ms;
    uint8_t gate; /* enum tri: as it was judged the last time */
    bool votes;   /* an interlock looks at it: it is told one by one in a flood too */
    bool queued;  /* in judge.owing */
    bool test;    /* the last that was told of it belonged to a drill … */
    bool again;   /* … which is over: what is still active is to be raised as real */
    bool stands;  /* RULE_STUCK: stood_at is valid */
    double stood_at;
    struct rate *rate; /* RULE_RATE */
};

struct judge_group {   /* first-out: frozen until every member is NORM again */
    uint32_t standing; /* members that are not */
    int32_t first;     /* the rule that came first; NO_RULE while nothing stands */
};

#define FLOOD_NAMES_MAX 64 /* alarm ids that are counted by name; the rest of them together */

struct judge_flood {
    struct flood flood;
    const char *names[FLOOD_NAMES_MAX]; /* of the site's alarms of medium priority and below */
    size_t name_count;
    uint32_t raised[FLOOD_NAMES_MAX + 1]; /* since the last sum, without a record; the last: all others */
    uint32_t changes;                     /* the same: what else befell such alarms */
    struct tally_alarms totals;
    struct tally_alarms shown;
};

struct judge_bus_state {
    bool known;
    bool open;
    bool lost; /* told as a notice */
    int32_t rule;
};

struct judge_centre {
    struct centre_state state;
    int32_t lost_rule; /* NO_RULE: none, both of them */
    int32_t refused_rule;
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

struct judge_drill {
    bool running;
    bool untold; /* a device's `drilled` is not stored yet */
    bool moved;  /* an order began or ended one since start: stored ones that come later do not count */
    int64_t until_mono_us;
    int64_t until_utc_ms;
    size_t device_count;
    int32_t zone; /* whose devices they are; -1, also after a restart */
    bool holds;   /* the outputs of the zone; never after a restart … */
    bool held;    /* … which ends it, if they were until then */
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
    struct news_answer answer;
    bool has_local;
    struct answer local; /* to whoever asked on site: given when this is handed to the recorder */
    char detail[NEWS_DETAIL_MAX];
};

struct judge_due {      /* a date */
    uint32_t last_rule; /* of its last stage; those of the others stand right before it */
    int32_t told_day;   /* of which … */
    uint8_t told_stage; /* … this stage was told as an event; 0 none */
};

struct judge {
    struct judge_setup setup;
    const struct site *site;
    struct arena arena;

    struct judge_slave *slaves;
    struct judge_feed *feeds;
    struct judge_device *devices;
    struct judge_rule *rules;
    struct judge_group *groups;
    struct judge_flood flood;
    struct judge_bus_state *buses;
    struct judge_centre *centres;
    struct judge_drill drill;
    struct judge_due *dues; /* ascending by rule */
    size_t due_count;
    size_t due_next;  /* those below were looked at today */
    bool restored;    /* all that was stored is here */
    bool today_known; /* the clock was set at some time since start */
    int32_t today;    /* core/civil, in the site's time zone */
    struct judge_interlock *interlocks;
    struct judge_output *outputs;
    size_t output_count;
    struct timers
        timers; /* rules; stale, derive, report of devices; outputs; interlocks; overdue, frozen of slaves; drill; dues */

    uint32_t *listed; /* devices whose samples the board is to get at the end of the step */
    size_t listed_count;
    uint32_t *owing; /* rules with something to tell: a queue of rule_count places */
    size_t owing_first;
    size_t owing_count;
    struct judge_notice *notices; /* a queue of JUDGE_NOTICES_MAX places */
    size_t notice_first;
    size_t notice_count;
    uint64_t notices_dropped;
    uint64_t news_count;        /* handed to the recorder */
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
    int64_t read_times[SITE_DEVICE_POINTS_MAX];
    double *no_settings; /* NO_LIMIT, as many as the class with the most settings has */
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
static inline size_t timer_drill(const struct judge *judge)
{
    return timer_frozen(judge, judge->site->slave_count);
}
static inline size_t timer_dues(const struct judge *judge)
{
    return timer_drill(judge) + 1;
}
static inline size_t timer_flood(const struct judge *judge)
{
    return timer_dues(judge) + 1;
}
static inline size_t timer_count(const struct judge *judge)
{
    return timer_flood(judge) + 1;
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
/* It is worth a record, whatever its values say. */
void device_is_news(struct judge *judge, size_t device);
void devices_show(struct judge *judge);
void device_restore_hold(struct judge *judge, const struct stored *stored);

/* judge_centres.c */
void centre_take(struct judge *judge, const struct centre_state *state, struct alarm_moment at);
void centre_judge(struct judge *judge, size_t centre, struct alarm_moment at);
struct alarm_reading centre_reading(const struct judge *judge, const struct rule *rule, struct alarm_moment at);

/* judge_readings.c */
void rules_judge(struct judge *judge, const struct judge_device *device, struct alarm_moment at); /* what was touched */

/* judge_rules.c */
void rule_feed(struct judge *judge, size_t rule, const struct alarm_reading *reading);
void rule_feed_truth(struct judge *judge, size_t rule, enum tri truth, struct alarm_moment at);
void rule_due(struct judge *judge, size_t rule, struct alarm_moment at);
void rule_restore(struct judge *judge, const struct stored *stored);
/* How far each off-delay has run, at an orderly stop. */
void rules_finish(struct judge *judge, struct alarm_moment at);
void rule_settle(struct judge *judge, size_t rule);
/* A drill is over: what it told of this rule and is still active will be raised as real. True: there is such. */
bool rule_raise_again(struct judge *judge, size_t rule);
/* Tells and commits one change; false when the ring is full. */
bool rule_tell(struct judge *judge, size_t rule, const struct alarm_change *change, const struct order *order);
void rules_flush(struct judge *judge);

/* judge_due.c */
void dues_look(struct judge *judge, struct alarm_moment at);
void dues_look_soon(struct judge *judge, struct alarm_moment at); /* the wall clock was set, or is no longer */
void due_restore(struct judge *judge, const struct stored *stored);
struct alarm_reading due_reading(const struct judge *judge, const struct rule *rule, struct alarm_moment at);

/* judge_mounted.c */
void mounted_watch(struct judge *judge, size_t device, const struct derive *derive, struct alarm_moment at);
void mounted_restore(struct judge *judge, const struct stored *stored);

/* judge_sensors.c */
void sensors_judge(struct judge *judge, size_t device, struct alarm_moment at); /* what was touched */
enum tri sensors_fail(const struct judge_device *device);

/* judge_use.c */
void use_judge(struct judge *judge, size_t device, struct alarm_moment at); /* what was touched */
enum tri use_shows(const struct judge_device *device);

/* What befell it in a flood is told once that is over. */
void rules_catch_up(struct judge *judge);

/* judge_flood.c */
void flood_names(struct judge *judge);
/* Is a change of this rule to be made without a record? */
static inline bool flood_hushes_rule(const struct judge *judge, size_t rule)
{
    return !judge->rules[rule].votes && flood_hushes(&judge->flood.flood, judge->site->rules[rule].priority);
}
/* After a change was made; `hushed`: without a record. */
void flood_take(struct judge *judge, size_t rule, const struct alarm_change *change, bool hushed);
void flood_due(struct judge *judge, struct alarm_moment at);
void flood_show(struct judge *judge); /* the counts, onto the board */

/* judge_groups.c */
/* Before the change is told: is this occurrence the first of its group? *ret_first: who was, NO_RULE without a group. */
bool group_is_first(const struct judge *judge, size_t rule, int32_t *ret_first);
/* After the state of a rule has changed (told or restored). */
void group_moved(struct judge *judge, size_t rule, uint8_t from_state);

/* judge_votes.c */
struct vote vote_of(const struct judge *judge, const struct judge_interlock *interlock);
/* Who voted when the process ended, as far as the stored states tell. */
uint64_t vote_of_stored(const struct judge *judge, const struct judge_interlock *interlock);
/* May it be reset? The vote is a known no, and of no detector a milder stage of what tripped it still holds: gas is to be gone,
 * water back, not just on the other side of the limit that tripped. A detector whose faults have no vote is to be sound. */
bool vote_is_over(const struct judge *judge, const struct judge_interlock *interlock);

/* judge_interlocks.c */
void interlock_touch(struct judge *judge, size_t interlock);
void interlocks_run(struct judge *judge, struct alarm_moment at);
void interlocks_take_written(struct judge *judge, const struct written *written, struct alarm_moment at);
void interlocks_see(struct judge *judge, const struct judge_slave *slave, const struct sample *sample,
                    const struct batch *batch);
void interlocks_flush(struct judge *judge, struct alarm_moment at);
/* Its outputs are held no longer. */
void interlock_let_loose(struct judge *judge, size_t interlock, struct alarm_moment at);
void interlock_put_back(struct judge *judge, const struct stored *stored, struct alarm_moment at);
MUST_CHECK enum err interlock_try_reset(struct judge *judge, size_t interlock, const struct order *order,
                                        struct alarm_moment at, const char **ret_code);
MUST_CHECK enum err interlock_try_silence(struct judge *judge, size_t interlock, const struct order *order,
                                          struct alarm_moment at, const char **ret_code);

/* judge_orders.c */
void orders_take(struct judge *judge, const struct order *order, struct alarm_moment at);

/* judge_drill.c */
/* The code of the refusal, or NULL; *ret_count: devices. */
const char *drill_obey(struct judge *judge, const struct order *order, struct alarm_moment at, uint32_t *ret_count);
void drill_due(struct judge *judge, struct alarm_moment at);
void drill_restore(struct judge *judge, const struct stored *stored, struct alarm_moment at);
void drill_flush(struct judge *judge, struct alarm_moment at);
/* Ends it, for a reason of the event `drill_ended`. */
void drill_break_off(struct judge *judge, const char *why, struct alarm_moment at);
/* Is the device whose rule it is in a drill? */
bool drill_covers(const struct judge *judge, size_t rule);

/* judge_hold.c */
/* The code of the refusal, or NULL. */
const char *hold_refused(const struct judge *judge, const struct order *order);
void hold_begin(struct judge *judge); /* of the drill that has begun */
void hold_end(struct judge *judge, struct alarm_moment at);
/* Ends the drill, if there is a reason to end the hold. After every sample, before outputs are driven. */
void hold_watch(struct judge *judge, struct alarm_moment at);

/* judge_news.c: false when the ring is full. */
bool news_push(struct judge *judge);
bool news_push_stored(struct judge *judge, const struct stored *stored, struct alarm_moment at);
bool news_push_hushed(struct judge *judge, const struct stored *stored, struct alarm_moment at);
/* A detail writer into the next notice of the queue; NULL when the queue is full (counted, declared later). */
struct judge_notice *notice_begin(struct judge *judge, enum notice notice, struct alarm_moment at,
                                  struct text *ret_detail);
void notices_flush(struct judge *judge, struct alarm_moment at);
void answer_push(struct judge *judge, const struct answer *answer);

#endif
