/* plan: which registers of a slave are read together.
 *
 * On a line a register costs two characters and a request costs thirteen, two silences and a turnaround, so points that lie
 * near each other are read in one request, over gaps the profile allows. Pure and deterministic.
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

/* Into the caller's memory: `reads` for reads_max (slave.point_count always suffices), `points` for slave.point_count. ERR_FULL
 * when reads_max is too small; ERR_ARGUMENT when a point reaches beyond address 65535 or is wider than a read may be. */
MUST_CHECK enum err plan_make(const struct site_slave *slave, struct plan_read *reads, size_t reads_max,
                              uint16_t *points, struct plan *ret_plan);

#endif
