#include "gateway/base/thread.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "gateway/base/check.h"

#define STACK_SIZE  ((size_t)256 * 1024)
#define WAIT_MAX_US 3600000000LL /* an hour: keeps the arithmetic far from overflow */

static void wait_for_work(struct room *room, int64_t until_mono_us)
{
    struct pollfd fds[2] = {
        {.fd = room->bell->fd, .events = POLLIN},
        {.fd = room->fd != NULL ? room->fd(room->self) : -1, .events = POLLIN},
    };
    int64_t wait_us = WAIT_MAX_US;
    if (until_mono_us != CLOCK_NEVER) {
        wait_us = until_mono_us - clock_now().mono_us;
        if (wait_us < 0)
            wait_us = 0;
        if (wait_us > WAIT_MAX_US)
            wait_us = WAIT_MAX_US;
    }
    struct timespec timeout = {.tv_sec = wait_us / 1000000, .tv_nsec = (wait_us % 1000000) * 1000};
    int ready = ppoll(fds, 2, &timeout, NULL);
    CHECK(ready >= 0 || errno == EINTR);
    if (fds[0].revents != 0)
        bell_answer(room->bell);
}

void thread_run(struct room *room, atomic_bool *stop)
{
    while (!atomic_load(stop)) {
        int64_t next_mono_us = room->step(room->self, clock_now());
        atomic_store(&room->beat_mono_us, clock_now().mono_us);
        wait_for_work(room, next_mono_us);
    }
}

static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    thread_run(thread->room, &thread->stopping);
    return NULL;
}

enum err thread_start(struct thread *thread, struct room *room)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    thread->room = room;
    atomic_store(&thread->stopping, false);
    if (pthread_attr_init(&attributes) != 0)
        return ERR_MEMORY;
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread->id, &attributes, thread_main, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    if (failed != 0)
        return ERR_MEMORY;
    (void)pthread_setname_np(thread->id, room->name);
    thread->started = true;
    return ERR_OK;
}

void thread_stop(struct thread *thread)
{
    if (!thread->started)
        return;
    atomic_store(&thread->stopping, true);
    bell_ring(thread->room->bell);
    (void)pthread_join(thread->id, NULL);
    thread->started = false;
}
