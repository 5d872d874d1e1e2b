/* schedule: which slave is asked next, and when. Pure: the bus room owns the memory and tells what happened.
 *
 * - Reads fall due on common ticks: multiples of their period on the monotonic clock, so that buses poll together and the
 *   recorder commits them together. Period 0 is "flat out": due again as soon as it was served, in turn.
 * - The read with the earliest due time plus the patience of its class goes first (safety none, normal 1 s, slow 5 s, never more
 *   than its period): safety reads come first, and nothing starves.
 * - A slave that did not answer is *suspect* for max(1 s, 2 x timeout): it is left alone so that a late answer dies on a line
 *   where somebody else is being asked, then it gets a probe of another length. With each further failure it is asked 0.5 s
 *   later, up to 10 s.
 * - Slaves that failed three times are *dead*; all dead ones together get at most a tenth of the bus time (as long as anybody on
 *   the bus answers): after a probe that cost c, the next one waits 9 c. */
#ifndef OUTPOST_CORE_SCHEDULE_H
#define OUTPOST_CORE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/class.h"

#define SCHEDULE_NEVER         INT64_MAX
#define SCHEDULE_DEAD_FAILURES 3        /* failures in a row that make a slave dead */
#define SCHEDULE_BACKOFF_US    500000   /* more for each failure */
#define SCHEDULE_BACKOFF_MAX   10000000 /* at most, µs */
#define SCHEDULE_SUSPECT_US    1000000  /* at least, µs */
#define SCHEDULE_DEAD_SHARE    9        /* a dead probe of length c is followed by 9 c without one: 10 % */

struct schedule_read {
    uint16_t slave; /* index into schedule.slaves */
    enum poll_class poll;
    int64_t period_us; /* 0: flat out */
    int64_t due_mono_us;
    bool served; /* in the slave's present cycle */
};

struct schedule_slave {
    uint32_t failures;          /* in a row */
    bool suspect;               /* the next request has to be a probe */
    int64_t not_before_mono_us; /* guard time, suspicion, back-off */
};

struct schedule {
    struct schedule_read *reads; /* caller's memory */
    size_t read_count;
    struct schedule_slave *slaves;
    size_t slave_count;
    int64_t dead_not_before_mono_us;
};

struct schedule_choice {
    bool found;
    size_t read;          /* the read to make, or that shall be made once the probe succeeded */
    bool probe;           /* its slave is suspect: ask for another length first */
    int64_t next_mono_us; /* not found: when to ask again */
};

struct schedule_choice schedule_choose(const struct schedule *schedule, int64_t mono_us);

/* The read was answered, well or with an exception: its next tick. Until it is served it stays due, and is the next one again
 * unless its slave rests. */
void schedule_served(struct schedule *schedule, size_t read, int64_t mono_us);
/* The slave answered something: no longer suspect; after a silence all of its reads are due at once. */
void schedule_answered(struct schedule *schedule, size_t slave, int64_t mono_us);
/* No answer within timeout_us, on a poll that took cost_us (0: it was a write, which is not held to the share). */
void schedule_silent(struct schedule *schedule, size_t slave, int64_t mono_us, int64_t timeout_us, int64_t cost_us);
/* An answer came, but garbled: the next request is a probe, as soon as the slave may be asked. */
void schedule_garbled(struct schedule *schedule, size_t slave);
/* The line is new (port opened): everything is due, nobody is suspect; the caller may know better. */
void schedule_restart(struct schedule *schedule, int64_t mono_us);

/* True when no further read of this slave is due at this tick; starts its next cycle. */
bool schedule_cycle_ended(struct schedule *schedule, size_t slave, int64_t mono_us);

bool schedule_is_dead(const struct schedule_slave *slave);

#endif
