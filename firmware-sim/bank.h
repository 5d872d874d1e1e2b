/* bank: the registers of one slave.
 *
 * Only addresses near a point exist: each point with `margin` addresses on either side, joined where these touch. So a
 * master may read across small gaps, where unused registers answer 0, and learns of a wrong address (exception 2). */
#ifndef OUTPOST_FIRMWARE_SIM_BANK_H
#define OUTPOST_FIRMWARE_SIM_BANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/point.h"
#include "firmware-sim/pool.h"

#define BANK_MARGIN 8 /* addresses on either side of a point that still answer */

struct bank_range {
    uint32_t first;
    uint32_t end; /* one beyond */
    uint16_t *words;
};

struct bank {
    struct bank_range *ranges[TABLE_COUNT]; /* ascending, apart from each other */
    size_t range_count[TABLE_COUNT];
};

void bank_open(struct bank *bank, struct pool *pool, const struct point *points, size_t point_count, uint32_t margin);

/* The words of these addresses, or NULL when one of them does not exist. `count` > 0. */
uint16_t *bank_at(const struct bank *bank, enum table table, uint16_t address, uint32_t count);

#endif
