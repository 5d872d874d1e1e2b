/* acts: the scenarios of an acceptance, each with its cast: those that were named, else all that apply and are not
 * long. */
#ifndef OUTPOST_FIRMWARE_SIM_ACTS_H
#define OUTPOST_FIRMWARE_SIM_ACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/accept.h"
#include "firmware-sim/cast.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/scenario.h"
#include "firmware-sim/site.h"
#include "firmware-sim/text.h"

#define ACTS_LONG_MIN 60 /* one that may take longer is played only when it is named */

struct act {
    struct scenario scenario;
    struct cast cast;
    bool applies;
    struct sentence why; /* it does not, or is not played */
};

struct acts {
    const struct accept_options *wish;
    const struct site *site;
    struct pool *pool;
    struct act *list;
    size_t count;
};

/* All must outlive it; close it also when it failed. False, with a sentence: no such scenario, a file that cannot be
 * read, one that was named and does not apply, a bind that names no role of any. */
SIM_CHECKED bool acts_open(struct acts *acts, const struct accept_options *options, const struct site *site,
                           struct pool *pool, struct text *why);
void acts_close(struct acts *acts); /* accepts the zeroed */

/* Minutes that all take which are to be played, at most, without what people need; and how many there are. */
int64_t acts_length_min(const struct acts *acts, size_t *ret_count);

#endif
