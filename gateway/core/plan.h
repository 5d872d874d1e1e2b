/* plan: which registers of a slave are read together: those reads that occupy the line for the shortest time.
 *
 * A read of n registers costs 13 + 2n characters (8 of the request, 5 around the values), the silence before the request with
 * the bus' guard, and until the slave answers the silence again and its turnaround (LINE_TURNAROUND_US); behind a serial
 * server a round trip more. So at 9600 baud 8N1 a gap of up to 11 registers is cheaper to read than to ask twice, at 115200
 * one of up to 38. On Modbus TCP a read costs a round trip and a turnaround, and a byte what it takes at 10 Mbit/s: what may
 * be merged nearly always is. A USB adapter's latency is not in it (it is taken away where that can be done); nor is the
 * slave's own guard, in which others are served. Found by dynamic programming over the points in order of their first
 * register: 125 times n steps. Pure and deterministic; of two ways of the same cost the one whose first read is longer.
 *
 * Rules: one function code a read; safety, normal and slow points never share a read (they have periods of their own), safety
 * reads come first; a read covers at most slave.count_max registers (at most 125; Modbus Application Protocol V1.1b3, 6.3) or
 * 2000 bits (6.1), and at most BATCH_SAMPLES_MAX points; between two wanted registers lie at most slave.gap_max unwanted ones.
 * For coils and discretes gap_max counts bits times 16, as eight of them cost what half a register does. The register that a
 * point's only_if or scale_from looks at is in the same read as the point, whatever the gap. Every point
 * that is not idle is in exactly one read; a slave whose points are all idle has none. */
#ifndef OUTPOST_CORE_PLAN_H
#define OUTPOST_CORE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/model/site.h"

struct plan_read { /* one Modbus request */
    enum function function;
    uint16_t address; /* first register or bit */
    uint16_t count;   /* registers 1..125 or bits 1..2000 */
    enum poll_class poll;
    uint16_t point_first; /* its points are plan.points[point_first .. point_first + point_count) */
    uint16_t point_count; /* 1..BATCH_SAMPLES_MAX */
};

struct plan {
    struct plan_read *reads;
    size_t read_count;
    uint16_t *points;   /* indices into slave.points, grouped by read, ascending address */
    size_t point_count; /* the idle ones are left out */
};

/* `bus` is the slave's. Into the caller's memory: `reads` for reads_max (slave.point_count always suffices), `points` for
 * slave.point_count. ERR_FULL when reads_max is too small; ERR_ARGUMENT when a point reaches beyond address 65535 or is
 * wider than a read may be. */
MUST_CHECK enum err plan_make(const struct site_bus *bus, const struct site_slave *slave, struct plan_read *reads,
                              size_t reads_max, uint16_t *points, struct plan *ret_plan);

#endif
