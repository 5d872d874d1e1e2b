/* house: all rooms of one site, put together. main() runs it with threads and real links and uplinks; the doll's house
 * (tests/house) runs the same rooms one step at a time in a single thread on a fake clock. */
#ifndef OUTPOST_RUN_HOUSE_H
#define OUTPOST_RUN_HOUSE_H

#include <stdatomic.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/ring.h"
#include "gateway/model/site.h"
#include "gateway/ports/link.h"
#include "gateway/ports/uplink.h"
#include "gateway/run/board.h"

struct house;

struct house_setup {
    const struct site *site;
    const struct link *links;     /* site.bus_count; the house uses, the caller destroys them after house_close */
    const struct uplink *uplinks; /* site.centre_count; likewise. Their bells: house_sender_bell() */
    uint64_t random_seed;
    const char *machine_boot_id; /* NULL: the machine's */
};

/* Uplinks need a sender's bell and a house needs its uplinks: so the bells come first. */
struct house_bells;
MUST_CHECK enum err house_bells_open(struct house_bells **ret_bells, const struct site *site);
struct bell *house_sender_bell(struct house_bells *bells, size_t centre);
void house_bells_close(struct house_bells *bells); /* after house_close; accepts NULL */

/* ERR_BUSY: another process has the journal. */
MUST_CHECK enum err house_open(struct house **ret_house, struct house_bells *bells, const struct house_setup *setup);
void house_close(struct house *house); /* threads stopped before; accepts NULL */

/* Where orders go in and answers come out, for the desk. */
struct ring *house_inbox(struct house *house);
struct bell *house_inbox_bell(struct house *house);
struct ring *house_answers(struct house *house);
struct bell *house_answers_bell(struct house *house);
struct board *house_board(struct house *house);

/* Threads: buses, judge and senders get their own, the recorder runs in the caller until *stop; then everything is
 * shut down in order (buses stop, judge drains, recorder commits, senders get at most 3 s). `idle` is called on each
 * turn of the recorder's loop, at least each second, for the first time when every thread runs; may be NULL.
 * ERR_TIMEOUT: everything that was decided is committed, but a thread hangs in a system call: the house must not be
 * closed, only the process can be ended. */
MUST_CHECK enum err house_run(struct house *house, atomic_bool *stop, void (*idle)(void *context, struct now now),
                              void *context);
/* Wakes house_run to look at *stop. Async-signal-safe. */
void house_wake(struct house *house);
/* When the judge's last step ended; while house_run runs it steps at least each second. The watchdog's food. Any thread. */
int64_t house_judge_beat_mono_us(struct house *house);

/* One turn, in the calling thread, of every room whose bell has rung or whose time has come; returns the earliest time any of
 * them wants to run again. */
int64_t house_step(struct house *house, struct now now);

#endif
