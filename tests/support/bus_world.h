/* bus_world: the bus room on a fake clock, over the real framer and a line in memory: bytes travel with times, slaves answer in
 * order but as late as they like. Every register tells (unit, address), so a misattributed answer shows.
 *
 * One bus of slaves alike, units 1 and up, with two blocks of ten registers each, far apart and of equal length, and a coil.
 * Nothing but a request's own length tells the answers to the two blocks apart. */
#ifndef OUTPOST_TESTS_SUPPORT_BUS_WORLD_H
#define OUTPOST_TESTS_SUPPORT_BUS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/link/frame.h"
#include "gateway/base/bell.h"
#include "gateway/base/clock.h"
#include "gateway/base/ring.h"
#include "gateway/model/inbox.h"
#include "gateway/run/board.h"
#include "gateway/run/bus.h"

#define MS         ((int64_t)1000)
#define SECOND     (1000 * MS)
#define TIMEOUT_MS 100 /* unless a test says otherwise before bus_world_open_bus() */

#define WORLD_SLAVES_MAX  8
#define WORLD_FLIGHTS_MAX 64
#define WORLD_POINTS      21 /* registers 0..9, registers 100..109, coil 0 */
#define WORLD_COIL        20
#define WORLD_LOG_MAX     8192

struct flight { /* an answer on its way */
    int64_t at_mono_us;
    uint8_t bytes[FRAME_RTU_MAX];
    size_t size;
};

struct fake_slave {
    bool dead;
    uint8_t model;           /* instead of the unit in the high byte of its registers: another device; 0 none */
    uint16_t no_register;    /* reads that cover it are refused with exception 2; 0 none */
    uint16_t count_max;      /* longer reads are refused with exception 3; 0 none */
    uint8_t exception;       /* answer every read longer than one register with this; 0 none */
    uint8_t always;          /* answer everything with this exception; 0 none */
    int64_t turnaround_us;   /* 0: 5 ms */
    unsigned int late_share; /* of 100 answers, so many come late: after the bus's timeout */
    int64_t late_max_us;
    int64_t again_after_us; /* each answer comes a second time, so much later; 0 it does not */
    bool garbles;           /* spoils the next answer */
    unsigned int lies;      /* so many next answers say `lie` in their first register, and their CRC is good */
    uint16_t lie;           /* 5000 more each time */
    uint16_t level;         /* what register 0 says; 0: as all others */
    bool coil;
    bool coil_stuck;
    int64_t busy_until_us;
    unsigned int asked;
    unsigned int coil_writes;
    bool coil_before; /* the last write */
    unsigned int coil_changes;
};

struct asked { /* a request as it was sent */
    int64_t mono_us;
    struct link_request request;
};

struct line {
    bool refuses_to_open;
    unsigned int busy_opens; /* open() says ERR_BUSY so often before it opens */
    bool open;
    bool breaks;                                    /* what was opened breaks at the first request */
    bool deaf;                                      /* nothing sent reaches anybody: a half-open connection */
    struct fake_slave slaves[WORLD_SLAVES_MAX + 1]; /* by unit */
    struct flight flights[WORLD_FLIGHTS_MAX];
    size_t flight_count;
    struct framer framer;
    struct link_request request;
    bool busy;
    bool sent;
    int64_t sent_mono_us;
    int64_t timeout_us; /* of the bus */
    uint32_t drained;   /* bytes of no frame that were discarded before sending */
    unsigned int seed;
    unsigned int opened;
    unsigned int tried;              /* open() calls */
    struct asked log[WORLD_LOG_MAX]; /* the first of them since the test last set log_count to 0 */
    size_t log_count;
};

struct bus_world {
    struct site site;
    struct site_bus bus_site;
    struct site_slave slaves[WORLD_SLAVES_MAX];
    struct slave_point points[WORLD_POINTS];
    struct line line;
    struct ring inbox;
    struct ring writes;
    struct bell bell;
    struct board *board;
    struct bus *bus;
    struct now now;
    unsigned int batches[WORLD_SLAVES_MAX];
    unsigned int good[WORLD_SLAVES_MAX]; /* samples */
    unsigned int wrong;
    enum reason last_reason[WORLD_SLAVES_MAX];
    enum reason point_reason[WORLD_POINTS]; /* of the first slave; REASON_NONE: its last sample was good */
    int64_t level;                          /* register 0 of the first slave, as told last */
    unsigned int levels_told;
    unsigned int written_count;
    struct written written;
    unsigned int bus_events;
    bool bus_open_told;
};

void bus_world_open(struct bus_world *world, enum link_kind kind, size_t slaves, uint32_t every_ms);
void bus_world_open_bus(struct bus_world *world); /* again, after bus_close(), with another site */
void bus_world_close(struct bus_world *world);
size_t bus_world_asked(const struct bus_world *world, uint8_t unit); /* how often that unit was asked */
void bus_world_run(struct bus_world *world, int64_t for_us);
void bus_world_write(struct bus_world *world, double value, uint32_t token); /* the coil of the first slave */

#endif
