/* thread: the one loop. A room is a step() that never sleeps; this waits for it.
 *
 * thread_run() calls step(self, now) again and again. A step does what is due and returns the monotonic time in
 * microseconds at which it wants to be called again (CLOCK_NEVER for "only when the bell rings"); the loop then
 * waits on the room's bell and on the descriptors the room names, until that time. The same step() is called by
 * tests on a fake clock, with no thread at all. */
#ifndef OUTPOST_BASE_THREAD_H
#define OUTPOST_BASE_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/bell.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"

struct room {
    const char *name; /* thread name in ps and gdb, at most 15 bytes */
    void *self;
    int64_t (*step)(void *self, struct now now); /* never blocks but where the room's header says so */
    int (*fd)(void *self);                       /* NULL, or a descriptor to wait on for reading (-1: none now) */
    int (*end_fd)(void *self); /* NULL, or one whose hang-up is waited for, and nothing else (-1: none now). The step
                                * must then no longer name it: a hang-up does not go away */
    struct bell *bell;
    _Atomic int64_t beat_mono_us; /* when the last step ended: the watchdog's food */
};

struct thread {
    struct room *room;
    pthread_t id;
    struct bell ended; /* rung as its last act */
    atomic_bool stopping;
    bool started;
};

/* Runs the room in the calling thread until *stop is true (checked after each wake-up). */
void thread_run(struct room *room, atomic_bool *stop);

/* A thread with a small stack (256 KiB) and all signals blocked. */
MUST_CHECK enum err thread_start(struct thread *thread, struct room *room);
/* Sets the stop flag, rings the bell, joins. Accepts a thread that never started. */
void thread_stop(struct thread *thread);
/* Sets the stop flag and rings the bell without waiting, so that many threads can come to their end at the same time. */
void thread_ask_stop(struct thread *thread);
/* The same as thread_stop, but waits only until that monotonic time. ERR_TIMEOUT: the thread is still inside a step (a
 * system call that does not return); whatever it uses must stay where it is until the process ends. */
MUST_CHECK enum err thread_stop_until(struct thread *thread, int64_t mono_us);

/* A thread that does one thing that may block for long (resolving a name), then ends by itself; nobody waits for it, so
 * whatever it uses must be its own. */
MUST_CHECK enum err thread_do_once(const char *name, void *(*job)(void *), void *argument);

#endif
