/* keep: texts from outside as a report may have them: an own copy, clean UTF-8. */
#ifndef OUTPOST_FIRMWARE_SIM_KEEP_H
#define OUTPOST_FIRMWARE_SIM_KEEP_H

#include <cjson/cJSON.h>

#include "firmware-sim/pool.h"
#include "firmware-sim/scenario.h"

/* NULL is "". */
const char *keep(struct pool *pool, const char *text);

/* "zh" and "en" of the object; NULL where there is none. */
struct label keep_label(struct pool *pool, const cJSON *object);

#endif
