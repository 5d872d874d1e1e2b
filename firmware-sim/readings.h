/* readings: which registers of a device are asked for, in as few reads as one answer each can hold. Pure but for memory.
 *
 * Items (a point's registers, which belong together; or single registers) are put in one read where they touch or overlap. A
 * read that was never answered and is refused is asked for in halves, down to single items: so one wrong address does not
 * hide its neighbours. What is refused even so is asked for only every READINGS_REST rounds. */
#ifndef OUTPOST_FIRMWARE_SIM_READINGS_H
#define OUTPOST_FIRMWARE_SIM_READINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/finding.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/site.h"
#include "firmware-sim/text.h"

#define READINGS_ITEMS_MAX 20000
#define READINGS_REST      10

struct reading {
    struct span where;
    size_t item; /* the first of its items */
    size_t item_count;
    bool answered; /* ever */
    unsigned rest; /* rounds to pass over */
};

struct readings {
    struct span *items;
    size_t item_count;
    struct reading *rows; /* by table and address */
    size_t count;
};

void readings_open(struct readings *readings, struct pool *pool);

/* "0-99" or "7". False, with a sentence. */
SIM_CHECKED bool readings_add_range(struct readings *readings, enum table table, const char *word, struct text *why);

/* Everything a slave's profile and points name. */
SIM_CHECKED bool readings_add_slave(struct readings *readings, const struct site_slave *slave, struct text *why);

void readings_plan(struct readings *readings); /* when all is added */

/* Is it its turn in this round? */
bool readings_turn(struct readings *readings, size_t row);

/* What came of it. True: it is asked for in halves from now on, this row being the first, and the refusal says nothing yet. */
SIM_CHECKED bool readings_note(struct readings *readings, size_t row, const struct finding *finding);

#endif
