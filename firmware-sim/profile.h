/* profile: a file of config/profiles -> the points of one model of slave. */
#ifndef OUTPOST_FIRMWARE_SIM_PROFILE_H
#define OUTPOST_FIRMWARE_SIM_PROFILE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "firmware-sim/pool.h"
#include "firmware-sim/site.h"
#include "firmware-sim/text.h"

/* `json` must outlive the profile. False, with a sentence that does not name the file. */
SIM_CHECKED bool profile_read(const cJSON *json, const char *name, struct pool *pool, struct profile *ret_profile,
                              struct text *why);

/* Adds what a `points` object defines inline (members with an `address`, or of a name that is there already and no mapping)
 * to a copy of `base`. */
SIM_CHECKED bool profile_add_points(const cJSON *points, const struct profile *base, struct pool *pool,
                                    struct point **ret_points, size_t *ret_count, struct text *why);

#endif
