/* near: the name somebody probably meant. Pure. */
#ifndef OUTPOST_FIRMWARE_SIM_NEAR_H
#define OUTPOST_FIRMWARE_SIM_NEAR_H

#include <stddef.h>

#include "firmware-sim/text.h"

struct near {
    const char *wanted;
    const char *best; /* NULL: none is near enough */
    size_t distance;  /* of the best: letters to add, drop or change */
};

void near_init(struct near *near, const char *wanted);
void near_look(struct near *near, const char *candidate); /* must outlive it */

/* "; did you mean humidity?", or nothing. */
void near_print(const struct near *near, struct text *out);

#endif
