/* bus_stats: what the wire does, counted: per bus and per slave, for health messages and `outpost status`. The bus room tells
 * when a transaction begins and how it ended; this decides nothing and knows nothing the room does not tell.
 *
 * Owned and called by one bus room; memory is taken at start (about 800 bytes a slave) and nothing is allocated after. `slave`
 * is the index into the slaves of this bus, in the order of the site. */
#ifndef OUTPOST_RUN_BUS_STATS_H
#define OUTPOST_RUN_BUS_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/core/spread.h"
#include "gateway/model/site.h"
#include "gateway/ports/link.h"
#include "gateway/run/board.h"

#define BUS_STATS_WINDOW_US 10000000 /* of the load */

struct bus_stats_slave {
    size_t index; /* into site.slaves */
    uint8_t unit;
    bool owes;                /* did not answer its last request: what comes from it unasked is late, not foreign */
    bool fresh;               /* rtt has news since the quantiles were taken */
    int64_t appeared_mono_us; /* when it began to answer: no achieved period reaches over that */
    struct spread rtt;
    struct board_slave board;
};

struct bus_stats {
    const struct site_bus *site;
    size_t bus;
    struct bus_stats_slave *slaves;
    size_t slave_count;
    size_t slave; /* of the transaction in flight */
    int64_t begun_mono_us;
    int64_t cycle_mono_us;
    int64_t window_mono_us; /* when the present window began; 0: not yet */
    uint64_t window_busy_us;
    uint64_t window_characters;
    struct board_bus board;
};

/* ERR_MEMORY. */
MUST_CHECK enum err bus_stats_open(struct bus_stats *stats, struct arena *arena, const struct site *site, size_t bus);

/* The port or connection. `why`: for a person, when it could not be opened; NULL when it broke off. */
void bus_stats_opened(struct bus_stats *stats);
void bus_stats_closed(struct bus_stats *stats, const char *why);

/* One transaction. `probe`: it was sent for any answer, so that an exception is a good one. `err`: ERR_OK, ERR_EXCEPTION (reply
 * says which), ERR_TIMEOUT, ERR_GARBLED; anything else counts as lost. The counters of `reply` are taken in every case:
 * whoever polls the link zeroes them before (link_reply_forget). */
void bus_stats_begun(struct bus_stats *stats, size_t slave, bool write, struct now now);
void bus_stats_ended(struct bus_stats *stats, enum err err, bool probe, const struct link_reply *reply, struct now now);

/* A planned read brought its data. *good_mono_us is when the same read did so before (0 never), and is set to now. `first`:
 * it is the first read of the bus's plan, which marks its cycle. A read that is split hands its time on to its parts. */
void bus_stats_read(struct bus_stats *stats, size_t slave, enum poll_class poll, bool first, int64_t *good_mono_us,
                    struct now now);

/* What the room thinks of a slave; told when it changes, or always. */
void bus_stats_answering(struct bus_stats *stats, size_t slave, bool answering, struct now now);
void bus_stats_stranger(struct bus_stats *stats, size_t slave, bool stranger, int64_t found);
void bus_stats_timeout(struct bus_stats *stats, size_t slave, uint32_t timeout_ms);

/* Showing: begin, every read as it is now scheduled, every point that is refused on its own, end (copies to the board). */
void bus_stats_show_begin(struct bus_stats *stats);
void bus_stats_show_read(struct bus_stats *stats, size_t slave, enum poll_class poll, int64_t period_us,
                         int64_t good_mono_us, struct now now);
void bus_stats_show_refused(struct bus_stats *stats, size_t slave, const struct board_refusal *refusal);
void bus_stats_show_end(struct bus_stats *stats, struct board *board, struct now now);

#endif
