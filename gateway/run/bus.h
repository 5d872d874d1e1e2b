/* bus: the measuring room. One per field bus: decides which read is due, drives the link, decodes what comes, and hands
 * batches to the judge. Never waits for anything but its own wire.
 *
 * Guards the bus contract beyond the link. Everything it knows of a slave it knows per bus and unit; a lost line forgets it.
 *
 * - Silence. A slave that did not answer is *suspect*: others are served; it is left alone for max(1 s, 2 x its timeout, the
 *   timeout of the bus), then gets a probe whose answer differs in length from what was lost, then what was lost; only then
 *   it is believed. Dead slaves are asked less and less often (0.5 s steps to 10 s), all together for a tenth of the time.
 *   How long it is waited for is learned (core/patience.h). A failed read gives a batch whose samples are all bad with the
 *   reason; no number is ever made up.
 * - Confusion. Reads of one slave differ in the length of their answers where gap_max lets them. A frame that nobody waited
 *   for, of a slave that owes none, means that its answers come twice (a duplicate address): for ten minutes after each it is
 *   read only when the whole timeout has passed since its last answer. Frame content never closes a port; on Modbus TCP bytes
 *   that cannot be a header end the connection, as there is no way to find the next one.
 * - Doubt. For 5 s after a garbled answer, a foreign frame or the silence of a slave that was alive, a safety reading that says
 *   something else than the one before it is read once more before it is told; if these two contradict, the third is told.
 *   The cost: a crossing or a clearing is told one transaction later (two, if one of them was false; each with the slave's
 *   guard), about 30 ms at 9600 baud, and only on a line that has just misbehaved. "Something else" is another state, or a
 *   number more than 1/32 and more than a step of its register away. A poll that is not of the safety class is told at once:
 *   nothing closes a valve by it.
 * - Refusals. Exceptions 1, 2, 3: twice in a row takes a merged read apart, into runs of registers that touch, then into points,
 *   until the point is found that is refused alone; that is said once in the log with point, function, register and code,
 *   shown by `outpost status`, and asked again after 10 s, 20 s, ... 1 h (safety points each 2 s, points that were read before
 *   each 10 s). What was taken apart is tried as planned once after a minute (the slave may have been starting), then hourly,
 *   and when the slave was gone. 4, 8 and unknown ones: the device's fault. 5, 6: busy, asked again, no fault of the line.
 *   10, 11: a bridge answers for a slave that is not there; that slave counts as silent, the connection as good.
 * - Writes overtake polls after the transaction in flight and are read back. They keep the bus's guard and their slave's, and
 *   for so long nothing else is begun: a write waits for the transaction in flight and its slave's guard, never for more.
 *   Heartbeats are written likewise, but not to the dead (a probe finds them when they are back), nor before a slave with an
 *   identity probe has passed it.
 * - The line. One that hangs up while nothing is asked is noticed at once. A lost port is opened again after 0.5 s, then each
 *   second; a connection after 0.5 s, doubling to 10 s until somebody answers on it. Three timeouts in a row without any answer
 *   on a connection: perhaps half open, it is renewed quietly; the judge hears of it only when that fails.
 * - Identity. A slave whose profile has an identity probe is asked who it is whenever it appears; another model counts as no
 *   answer, and nothing is written to it. */
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
int64_t bus_step(void *bus, struct now now); /* see base/thread.h; never blocks */
int bus_fd(void *bus);
int bus_end_fd(void *bus); /* idle: of the line, for its hang-up */

#endif
