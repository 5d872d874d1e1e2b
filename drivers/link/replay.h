/* replay: a link (ports/link.h) that answers from a recording of `outpost capture`, through the same framer and on the
 * clock that is passed in.
 *
 * A read gets what came of the same read, the next time it was asked in the recording, with the same delays: answers,
 * exceptions, noise, late frames and silence. From a unit that was asked, a read that never was gets exception 2 (illegal data
 * address), so that merged reads are split until they fit; a unit that never was is silent. Writes get exception 1 (illegal
 * function): the past cannot be written to. What came after an exchange was over is passed over.
 *
 * Opens the file in open(), which blocks for reading it; nothing else blocks. One thread. */
#ifndef OUTPOST_DRIVERS_LINK_REPLAY_H
#define OUTPOST_DRIVERS_LINK_REPLAY_H

#include "gateway/base/err.h"
#include "gateway/model/site.h"
#include "gateway/ports/link.h"

/* `bus` of kind LINK_REPLAY; outlives the link. */
MUST_CHECK enum err replay_make(const struct site_bus *bus, struct link *ret_link);

#endif
