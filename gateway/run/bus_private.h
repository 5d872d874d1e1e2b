/* bus_private: the bus room's tables and what its files call of each other. Included by run/bus*.c only.
 *
 *   bus.c        the step: what is begun next, what became of it
 *   bus_open.c   the tables, made once from the site
 *   bus_line.c   the port or connection: lost, found, renewed; a transaction handed to the link
 *   bus_slaves.c does a slave answer, is it suspect, how long is it waited for
 *   bus_identity.c is it who the site file says
 *   bus_reads.c  polls: what is asked, what came
 *   bus_doubts.c safety readings on a line that has just misbehaved: read once more before they are told
 *   bus_splits.c merged reads that a slave refuses, taken apart and put together again; which points are refused
 *   bus_writes.c writes, their read-back, heartbeats
 *   bus_tell.c   everything that goes to the judge
 *   bus_stats.c  everything that is counted
 */
#ifndef OUTPOST_RUN_BUS_PRIVATE_H
#define OUTPOST_RUN_BUS_PRIVATE_H

#include "gateway/base/arena.h"
#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/core/decode.h"
#include "gateway/core/patience.h"
#include "gateway/core/plan.h"
#include "gateway/core/schedule.h"
#include "gateway/model/inbox.h"
#include "gateway/model/order.h"
#include "gateway/run/bus.h"
#include "gateway/run/bus_stats.h"

#define BUS_MEMORY_MAX     ((size_t)32 * 1024 * 1024) /* what the largest bus that the loader accepts may need */
#define REOPEN_FIRST_US    500000   /* after a failed open, and until somebody answers, doubled each time */
#define REOPEN_MAX_US      10000000 /* a connection: up to this */
#define REOPEN_PORT_MAX_US 1000000  /* a port: opening one that is not there costs nothing, and an adapter comes back */
#define OPENING_POLL_US    10000    /* while open() is under way */
#define EXCEPTION_RETRY_US 2000000  /* a slow read that met an exception does not wait for its next tick */
#define REFUSALS_TO_SPLIT  2        /* in a row, before a merged read is taken apart */
#define REFUSED_WAIT_US    10000000 /* before a point that is refused alone is asked again; doubled each time ... */
#define REFUSED_MAX_US     3600000000 /* ... up to this, if it was never read; a safety point each EXCEPTION_RETRY_US */
#define MERGE_EARLY_US     60000000 /* after a first split: a slave that was only busy starting is read merged again */
#define MERGE_AGAIN_US     3600000000 /* after each further one */
#define STRANGER_RETRY_US  10000000   /* another model than the profile's is asked again who it is */
#define SILENT_CONNECTION  3          /* timeouts in a row, without any answer, that make a TCP connection suspect */
#define TROUBLED_US        5000000 /* a disturbance of a line (a motor that starts, a plug that is moved) takes seconds */
#define DOUBLED_US         600000000 /* a slave whose answers came twice is asked with care for so long */
#define BOARD_PERIOD_US    200000
#define TURNS_MAX          8 /* transactions ended or begun in one step */

enum doing { DOING_NOTHING, DOING_READ, DOING_PROBE, DOING_IDENTITY, DOING_WRITE, DOING_READ_BACK, DOING_HEARTBEAT };

struct bus_point {      /* what the room remembers of a point, in the order of the plan */
    struct sample last; /* safety: what it brought last, told or in doubt; with `known` */
    bool known;
    bool granted;         /* its register was read since start */
    uint8_t refused_code; /* exception 1, 2 or 3 that refuses it when it is asked for alone; 0 none */
    uint8_t refusals;     /* so often in a row */
};

struct bus_read {
    struct plan_read plan;
    uint8_t refusals;     /* exceptions 1, 2, 3 in a row */
    uint8_t reported;     /* enum reason its points are bad for at the judge; REASON_NONE: they are good */
    uint8_t refused_code; /* exception 1, 2 or 3 that met it last; 0: its data came since */
    uint8_t doubts;       /* readings in a row that were not told as they are in doubt */
    int64_t good_mono_us; /* when it last brought its data; 0 never */
    bool trial;           /* merged again after a split: one refusal splits it, and nobody is told */
    uint16_t count;       /* to ask for: plan.count, or some more so that its answer differs from others of the slave */
};

struct bus_slave {
    size_t index; /* into site.slaves */
    const struct site_slave *site;
    uint16_t *points;         /* the plan's */
    struct bus_point *memory; /* of each of them, parallel */
    size_t first_read;
    size_t planned_count;
    size_t lost_read; /* one of its reads: what was asked when it fell silent. The probe differs from it */
    bool fenced;      /* the probe was answered: lost_read is asked next, so that a second answer to the probe shows */
    bool unproved;    /* it has an identity probe and did not pass it since it was last gone: nothing it says counts */
    bool stranger;    /* it failed that probe: another model, or another profile, than the site file says */
    bool retrying;    /* a garbled answer is being asked for again */
    bool owes;        /* it did not answer: what comes from it unasked is that answer, late */
    bool cut_short;   /* and it was not given the whole timeout */
    bool answering;   /* to people: it is called silent only after a few failures */
    enum reason silent_as; /* why it is suspect: no_answer or garbled */
    int64_t
        doubled_until_mono_us; /* frames come from it that nobody asked for: another slave may have the same address */
    struct patience patience;
    int64_t rest_until_mono_us; /* the silence it wants after it has spoken: nothing is asked of it before */
    int64_t merge_mono_us;      /* when to try its merged reads again; CLOCK_NEVER: nothing of it is split */
    bool merged_early;          /* that was tried once since it was last gone */
    int64_t heartbeat_mono_us;
    uint16_t heartbeat;
};

struct bus {
    struct bus_setup setup;
    const struct site_bus *site;
    struct arena arena;
    struct bus_slave *slaves;
    size_t slave_count;
    struct bus_read *reads;    /* parallel to schedule.reads; splitting appends */
    struct plan_read *planned; /* the plan as it was made, planned_count */
    size_t planned_count;
    size_t read_count_max;
    struct schedule schedule;

    bool open;
    bool ever_told; /* the judge knows whether the bus is open: */
    bool told_open; /* so. Open to the judge and not open: the connection is being renewed */
    int64_t reopen_mono_us;
    int64_t reopen_wait_us;
    unsigned int silences; /* timeouts in a row on the whole connection */
    int64_t troubled_until_mono_us;

    enum doing doing;
    size_t read;  /* DOING_READ, DOING_PROBE */
    size_t slave; /* whose transaction it is */
    struct link_request request;
    struct bus_write write; /* DOING_WRITE, DOING_READ_BACK, and while one of them is pending */
    enum doing pending;     /* taken from the ring, but its slave is still at rest; nothing else is begun meanwhile */
    size_t write_slave;
    uint16_t write_raw;
    int64_t write_sent_mono_us;
    int64_t started_mono_us;
    int end_fd; /* nothing is done: hangs up when the line is gone; -1 */

    struct bus_stats stats;
    int64_t board_mono_us;
    struct link_reply reply;
    struct inbox item;
};

/* bus_tell.c */
void bus_tell_batch(struct bus *bus, size_t read, struct now now);
void bus_tell_failed(struct bus *bus, size_t read, enum reason reason, struct now now);
void bus_tell_slave_failed(struct bus *bus, size_t slave, enum reason reason, struct now now); /* all of its reads */
void bus_tell_written(struct bus *bus, enum err err, struct now now);
void bus_tell_line(struct bus *bus, struct now now);

/* bus_line.c */
void bus_line_open(struct bus *bus, struct now now);
void bus_line_lost(struct bus *bus, struct now now);
void bus_line_renew(struct bus *bus, struct now now);
void bus_begin(struct bus *bus, enum doing doing, struct now now);

/* bus_slaves.c */
bool bus_slave_find(const struct bus *bus, int32_t index, size_t *ret_at);
/* A request to it: its unit, the whole timeout, the guard of the bus. */
struct link_request bus_request(const struct bus *bus, size_t slave);
/* Of bus.request, a read: no longer than its slave needs. */
void bus_shorten_timeout(struct bus *bus, struct now now);
void bus_slave_forget(struct bus *bus, size_t slave, struct now now); /* the line is new */
void bus_slave_suspect(struct bus *bus, size_t slave, struct now now);
void bus_slave_answering(struct bus *bus, size_t slave, bool answering, struct now now);
void bus_report_silent(struct bus *bus, struct now now);
/* How the transaction in flight ended; then whoever began it does the rest. */
void bus_slave_seen(struct bus *bus, bool good, struct now now); /* what else was on the line, how long it took */
void bus_slave_answered(struct bus *bus, struct now now);
void bus_slave_unreached(struct bus *bus, enum doing doing, struct now now); /* says who stands before it */
void bus_slave_silent(struct bus *bus, enum doing doing, struct now now);
void bus_slave_garbled(struct bus *bus, enum doing doing, struct now now);

/* bus_identity.c */
void bus_begin_identity(struct bus *bus, struct now now);
void bus_identity_answered(struct bus *bus, struct now now);
void bus_identity_excepted(struct bus *bus, struct now now);

/* bus_reads.c */
bool bus_is_bits(uint8_t function); /* enum function, enum link_function */
bool bus_is_line(const struct bus *bus);
uint8_t bus_answer_bytes(const struct link_request *request); /* of data, in the answer to a read */
void bus_choose_length(struct bus *bus, size_t read);
void bus_begin_read(struct bus *bus, const struct schedule_choice *choice, struct now now);
struct decode_input bus_decode_input(const struct bus *bus);
enum reason bus_reason_of(uint8_t exception);
void bus_read_answered(struct bus *bus, struct now now);
void bus_read_excepted(struct bus *bus, struct now now);

/* bus_doubts.c */
void bus_line_troubled(struct bus *bus, struct now now);
/* Of the good reading in item.is.batch: shall it be read again before it is told? Then that is arranged. */
bool bus_read_doubted(struct bus *bus, size_t read, struct now now);

/* bus_splits.c */
void bus_read_refused(struct bus *bus, size_t read, struct now now);
void bus_read_granted(struct bus *bus, size_t read, struct now now); /* its data came */
/* Back to the plan as it was made, where it is time to. */
void bus_merge_again(struct bus *bus, struct now now);
void bus_merge_early(struct bus *bus, size_t slave, struct now now); /* it was gone and may have become another */

/* bus_writes.c */
/* True: a write or read-back was begun, or answered without. False: there is none, or one is pending until *ret_next. */
bool bus_write_next(struct bus *bus, struct now now, int64_t *ret_next_mono_us);
void bus_write_echoed(struct bus *bus);
bool bus_begin_heartbeat(struct bus *bus, struct now now, int64_t *ret_next_mono_us);
bool bus_reads_back(const struct bus *bus);

#endif
