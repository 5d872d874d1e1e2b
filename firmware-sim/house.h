/* house: what a site file says about the gateway itself and where it reports. */
#ifndef OUTPOST_FIRMWARE_SIM_HOUSE_H
#define OUTPOST_FIRMWARE_SIM_HOUSE_H

#include <stdbool.h>

#include "firmware-sim/pool.h"
#include "firmware-sim/text.h"

struct house { /* texts live in the pool */
    const char *id;
    const char *name;     /* its id where it has none */
    const char *language; /* "zh" or "en"; "" not said */
    const char *url;      /* of the first centre; NULL none */
    const char *root;     /* of its topics there: "outpost/v1/demo-0001" */
};

/* `url` chooses the centre; NULL: the first. False, with a sentence. */
SIM_CHECKED bool house_read(const char *file, const char *url, struct pool *pool, struct house *ret_house,
                            struct text *why);

#endif
