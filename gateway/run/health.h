/* health: the message now and then that says how the gateway itself is doing (docs/PROTOCOL.md, health). Gathered from the
 * board and from /proc/self; one for each sender, because the load of a bus is that of the time since this sender's last
 * message. One thread. */
#ifndef OUTPOST_RUN_HEALTH_H
#define OUTPOST_RUN_HEALTH_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/text.h"
#include "gateway/core/payload.h"
#include "gateway/model/site.h"
#include "gateway/run/board.h"

struct health;

/* `centre`: who will read it. It is told of the other centres, not of itself. */
MUST_CHECK enum err health_open(struct health **ret_health, const struct site *site, struct board *board,
                                size_t centre);
void health_close(struct health *health); /* accepts NULL */

/* At the pace since the journal was opened; -1 while it does not grow. */
int64_t health_days_to_full(const struct site *site, const struct board_journal *journal, int64_t now_mono_us);

/* Writes the message; at most PAYLOAD_MESSAGE_MAX bytes (what is in trouble comes first, what does not fit is counted).
 * `status` gives stream, boot, lw and the time. Reads a few small files in /proc; does not block otherwise. */
void health_write(struct health *health, struct text *out, const struct payload_status *status, struct now now);

#endif
