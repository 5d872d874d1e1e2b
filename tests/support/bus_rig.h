/* bus_rig: the real bus room on the test's clock, over rs485, and an oracle that believes nothing.
 *
 * A site of `slaves` alike on one bus, units 1 and up. Each has two blocks of equal length, far apart, of one function code,
 * so that an answer to the one would pass for the other's. For FC 5 and 6 the blocks are coils or holding registers, and
 * there is a point to write. (The gateway writes with FC 5 and 6 only; 15 and 16 do not exist in it.)
 *
 * Every reading that is not bad must be what its own slave said in answer to the very last request that it was sent, else it
 * is wrong. A write that is told done must have been done. */
#ifndef OUTPOST_TESTS_SUPPORT_BUS_RIG_H
#define OUTPOST_TESTS_SUPPORT_BUS_RIG_H

#include "gateway/base/bell.h"
#include "gateway/base/clock.h"
#include "gateway/base/ring.h"
#include "gateway/model/inbox.h"
#include "gateway/run/board.h"
#include "gateway/run/bus.h"
#include "tests/support/rs485.h"

#define BUS_RIG_BLOCK_MAX  16
#define BUS_RIG_POINTS_MAX (2 * BUS_RIG_BLOCK_MAX + 1)
#define BUS_RIG_FAR_WORD   100 /* where the second block begins */
#define BUS_RIG_FAR_BIT    208
#define BUS_RIG_AGES_MAX   20000

struct bus_rig_shape {
    enum link_kind kind;
    unsigned function; /* 1..6 */
    size_t slaves;     /* 1..16 */
    size_t block;      /* registers of a block, 1..16; bits are always 16 */
    uint16_t gap_max;  /* registers nobody wants that may be read along */
    uint32_t every_ms; /* 0: flat out */
    uint32_t timeout_ms;
    uint32_t baud;
    uint64_t seed;
};

struct bus_rig_seen { /* of one slave, or of all */
    uint64_t good;    /* batches */
    uint64_t bad;
    uint64_t wrong;     /* samples that are not bad and not true */
    int64_t good_us[2]; /* when each block last came good */
};

struct bus_rig {
    struct bus_rig_shape shape;
    struct site site;
    struct site_bus bus_site;
    struct site_slave slaves[RS485_UNIT_MAX];
    struct slave_point points[BUS_RIG_POINTS_MAX];
    size_t point_count;
    struct rs485 line;
    struct ring inbox;
    struct ring writes;
    struct bell bell;
    struct board *board;
    struct bus *bus;
    struct now now;
    struct inbox item;

    int64_t stale_us; /* readings of the right registers may be so old; 0: each answers its own request */
    struct bus_rig_seen all;
    struct bus_rig_seen seen[RS485_UNIT_MAX]; /* by slave */
    uint64_t lost;                            /* the judge was told that the bus is gone */
    uint64_t found;
    uint64_t write_number;
    int64_t write_next_us;
    bool write_open;
    uint64_t written; /* told done */
    uint64_t write_failures;
    uint64_t untrue_writes;            /* told done, and not */
    int32_t ages_ms[BUS_RIG_AGES_MAX]; /* between two good readings of a block of a slave that is alive */
    size_t age_count;
};

void bus_rig_open(struct bus_rig *rig, const struct bus_rig_shape *shape);
void bus_rig_close(struct bus_rig *rig);

/* Lets time pass until then, waking the room when its own thread would. */
void bus_rig_run_until(struct bus_rig *rig, int64_t mono_us);
/* Until so many requests more have been sent, but at most for so long. */
void bus_rig_run_requests(struct bus_rig *rig, uint64_t requests, int64_t most_us);

/* The age below which `per_cent` of them are, in milliseconds. */
int32_t bus_rig_age_ms(struct bus_rig *rig, unsigned per_cent);

#endif
