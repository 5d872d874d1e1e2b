/* profile: a file of config/profiles -> the points of one model, and of them the points of one slave. */
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

/* What a slave (its JSON: points, base, channels) makes of a profile, or of none (NULL). Its `points` change the profile's
 * points of the same id, and add those that have an address; mappings ("slave.point", { "from": … }) are no points. */
SIM_CHECKED bool profile_make_points(const cJSON *slave, const struct profile *profile, struct pool *pool,
                                     struct site_slave *ret_slave, struct text *why);

#endif
