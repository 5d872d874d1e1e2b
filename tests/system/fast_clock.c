/* fast_clock: both clocks run FAST_CLOCK times as fast, and so do waits, for a program started with LD_PRELOAD: ten minutes of a
 * site in one. What the program waits for on a condition variable it is woken up for, or waits longer. The kernel says that the
 * wall clock is disciplined. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL

static int64_t factor(void)
{
    const char *words = getenv("FAST_CLOCK");
    long const number = words != NULL ? strtol(words, NULL, 10) : 1;
    return number > 0 ? number : 1;
}

static int64_t ns_of(struct timespec time)
{
    return (int64_t)time.tv_sec * SECOND_NS + time.tv_nsec;
}

/* Since the machine was booted; the wall clock is ahead of the true one by as much as the other is. */
int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    struct timespec now;
    struct timespec boot;
    if (syscall(SYS_clock_gettime, clock, &now) != 0 || syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &boot) != 0)
        return -1;
    int64_t ns = ns_of(now);
    if (clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME)
        ns += ns_of(boot) * (factor() - 1);
    *ret_time = (struct timespec){.tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS)};
    return 0;
}

static int shorter(int ms)
{
    return ms <= 0 ? ms : (int)((ms + factor() - 1) / factor());
}

int poll(struct pollfd *list, nfds_t count, int ms)
{
    struct timespec const wait = {.tv_sec = shorter(ms) / 1000, .tv_nsec = shorter(ms) % 1000 * 1000000L};
    return (int)syscall(SYS_ppoll, list, count, ms < 0 ? NULL : &wait, NULL, 0);
}

int ppoll(struct pollfd *list, nfds_t count, const struct timespec *wait, const sigset_t *mask)
{
    struct timespec less;
    if (wait != NULL) {
        int64_t const ns = ns_of(*wait) / factor();
        less = (struct timespec){.tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS)};
    }
    return (int)syscall(SYS_ppoll, list, count, wait != NULL ? &less : NULL, mask, _NSIG / 8);
}

int epoll_wait(int epoll, struct epoll_event *events, int count, int ms)
{
    return (int)syscall(SYS_epoll_pwait, epoll, events, count, shorter(ms), NULL, 0);
}

int adjtimex(struct timex *timex)
{
    memset(timex, 0, sizeof *timex);
    return TIME_OK;
}
