/* bell: wakes one thread that waits in thread_run().
 *
 * An eventfd. Whoever has put something where a thread will look (a ring, a mailbox, a flag) rings its bell
 * afterwards. Ringing a bell that has not been answered yet costs no system call. bell_ring is async-signal-safe
 * and may be called from any thread and from signal handlers. */
#ifndef OUTPOST_BASE_BELL_H
#define OUTPOST_BASE_BELL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "gateway/base/err.h"

struct bell {
    int fd; /* readable when rung; -1 when not open */
    atomic_bool rung;
};

MUST_CHECK enum err bell_open(struct bell *bell);
void bell_close(struct bell *bell); /* accepts a closed one (fd -1) */
void bell_ring(struct bell *bell);
/* Called by the owner after waking and before looking for work. */
void bell_answer(struct bell *bell);

#endif
