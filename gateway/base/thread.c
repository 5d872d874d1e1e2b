#include "gateway/base/thread.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "gateway/base/check.h"

#define STACK_SIZE  ((size_t)256 * 1024)
#define WAIT_MAX_US 3600000000LL /* an hour: keeps the arithmetic far from overflow */

/* Until one of them is ready or that time has come; true for the first. A signal ends the wait, too. */
static bool wait_ready(struct pollfd *fds, nfds_t fd_count, int64_t until_mono_us)
{
    int64_t wait_us = WAIT_MAX_US;
    if (until_mono_us != CLOCK_NEVER) {
        wait_us = until_mono_us - clock_now().mono_us;
        if (wait_us < 0)
            wait_us = 0;
        if (wait_us > WAIT_MAX_US)
            wait_us = WAIT_MAX_US;
    }
    struct timespec timeout = {.tv_sec = wait_us / 1000000, .tv_nsec = (wait_us % 1000000) * 1000};
    int ready = ppoll(fds, fd_count, &timeout, NULL);
    CHECK(ready >= 0 || errno == EINTR);
    return ready > 0;
}

static void wait_for_work(struct room *room, int64_t until_mono_us)
{
    struct pollfd fds[] = {
        {.fd = room->bell->fd, .events = POLLIN},
        {.fd = room->fd != NULL ? room->fd(room->self) : -1, .events = POLLIN},
        {.fd = room->end_fd != NULL ? room->end_fd(room->self) : -1, .events = POLLRDHUP},
    };
    if (wait_ready(fds, ARRAY_SIZE(fds), until_mono_us) && fds[0].revents != 0)
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
    bell_ring(&thread->ended);
    return NULL;
}

static enum err create(pthread_t *ret_id, void *(*main)(void *), void *argument)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    if (pthread_attr_init(&attributes) != 0)
        return ERR_MEMORY;
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(ret_id, &attributes, main, argument);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return failed == 0 ? ERR_OK : ERR_MEMORY;
}

enum err thread_start(struct thread *thread, struct room *room)
{
    thread->room = room;
    atomic_store(&thread->stopping, false);
    enum err err = bell_open(&thread->ended);
    if (err != ERR_OK)
        return err;
    err = create(&thread->id, thread_main, thread);
    if (err != ERR_OK) {
        bell_close(&thread->ended);
        return err;
    }
    (void)pthread_setname_np(thread->id, room->name);
    thread->started = true;
    return ERR_OK;
}

enum err thread_do_once(const char *name, void *(*job)(void *), void *argument)
{
    pthread_t id;
    enum err err = create(&id, job, argument);
    if (err != ERR_OK)
        return err;
    (void)pthread_setname_np(id, name);
    (void)pthread_detach(id);
    return ERR_OK;
}

void thread_ask_stop(struct thread *thread)
{
    if (!thread->started)
        return;
    atomic_store(&thread->stopping, true);
    bell_ring(thread->room->bell);
}

static void join(struct thread *thread)
{
    (void)pthread_join(thread->id, NULL);
    bell_close(&thread->ended);
    thread->started = false;
}

void thread_stop(struct thread *thread)
{
    if (!thread->started)
        return;
    thread_ask_stop(thread);
    join(thread);
}

enum err thread_stop_until(struct thread *thread, int64_t mono_us)
{
    if (!thread->started)
        return ERR_OK;
    thread_ask_stop(thread);
    if (!wait_ready(&(struct pollfd){.fd = thread->ended.fd, .events = POLLIN}, 1, mono_us))
        return ERR_TIMEOUT;
    join(thread);
    return ERR_OK;
}
