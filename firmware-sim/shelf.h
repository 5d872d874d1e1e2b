/* shelf: where scenarios are found: by name in some directories, or as a file. */
#ifndef OUTPOST_FIRMWARE_SIM_SHELF_H
#define OUTPOST_FIRMWARE_SIM_SHELF_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/pool.h"
#include "firmware-sim/scenario.h"
#include "firmware-sim/text.h"

/* `what` is the name of a scenario of the dirs (NULL-ended, first to last), or a file: it ends with .json. False, with a
 * sentence. */
SIM_CHECKED bool shelf_open(const char *const *dirs, const char *what, struct scenario *scenario, struct text *why);

/* The files of all scenarios, by name; one that stands in two directories comes once, from the first. Lives in the pool. */
size_t shelf_list(const char *const *dirs, struct pool *pool, const char *const **ret_files);

#endif
