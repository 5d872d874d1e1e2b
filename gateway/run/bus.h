/* bus: the measuring room. One per field bus: decides which read is due, drives the link, decodes what comes, and hands
 * batches to the judge. Never waits for anything but its own wire.
 *
 * Guards the bus contract beyond the link: a slave that did not answer is *suspect*: others are served, and the next
 * request to it differs in length from the one that was lost; dead slaves are asked less and less often (0.5 s steps to
 * 10 s); writes overtake polls after the transaction in flight and are read back. A failed read gives a batch whose
 * samples are all bad with the reason; no number is ever made up. A slave whose profile has an identity probe is asked
 * who it is whenever it appears; another model counts as no answer, and nothing is written to it. */
#ifndef OUTPOST_RUN_BUS_H
#define OUTPOST_RUN_BUS_H

#include "gateway/base/bell.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/ring.h"
#include "gateway/model/site.h"
#include "gateway/ports/link.h"
#include "gateway/run/board.h"

struct bus;

struct bus_setup {
    const struct site *site;
    size_t bus;         /* index into site.buses */
    struct link link;   /* owned by the caller, used by this bus only */
    struct ring *inbox; /* the judge's: struct inbox */
    struct bell *inbox_bell;
    struct ring *writes; /* to this bus: struct bus_write */
    struct board *board;
};

MUST_CHECK enum err bus_open(struct bus **ret_bus, const struct bus_setup *setup);
void bus_close(struct bus *bus);             /* accepts NULL */
int64_t bus_step(void *bus, struct now now); /* see base/thread.h; blocks only in link.open */
int bus_fd(void *bus);

#endif
