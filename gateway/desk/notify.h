/* notify: the few words a service manager understands (sd_notify(3)), without its library.
 *
 * Datagrams to the socket that NOTIFY_SOCKET names; with no such variable nothing happens. The watchdog is fed at half of
 * its period, and only when the judge has taken a step since the last time: a wedged judge means a restart. */
#ifndef OUTPOST_DESK_NOTIFY_H
#define OUTPOST_DESK_NOTIFY_H

#include <stdint.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"

struct notify {
    int fd;          /* -1: nobody listens */
    int64_t feed_us; /* half of the watchdog's period; 0: no watchdog */
    int64_t next_mono_us;
    int64_t beat_mono_us; /* the judge's, when it was fed last */
};

/* The values of NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, each NULL when not set, and our process id. Never fails: a
 * manager that cannot be reached is none. */
void notify_open(struct notify *notify, const char *socket_path, const char *watchdog_us, const char *watchdog_pid,
                 int64_t pid);
void notify_close(struct notify *notify);

/* "READY=1", "STOPPING=1", "RELOADING=1", "STATUS=…"; newline-separated. Does not block. */
void notify_say(const struct notify *notify, const char *words);

/* Feeds when it is time and `beat_mono_us` has moved. Returns when it wants to be called again. */
int64_t notify_step(struct notify *notify, struct now now, int64_t beat_mono_us);

#endif
