/* waiver: points that whoever signs an acceptance lets pass although they have no good reading, each with why.
 *
 * "boiler-1.burner_stage=this burner modulates". The report shows each with its reason; nothing is waived silently.
 * Pure but for memory. */
#ifndef OUTPOST_FIRMWARE_SIM_WAIVER_H
#define OUTPOST_FIRMWARE_SIM_WAIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/picture.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/site.h"
#include "firmware-sim/text.h"

#define WAIVERS_MAX 256

struct waiver {
    size_t device; /* of the site */
    const char *point;
    const char *reason; /* "" none was given */
};

struct waivers {
    struct waiver list[WAIVERS_MAX];
    size_t count;
};

/* "DEV.POINT" or "DEV.POINT=reason". False, with a sentence: no such device, named twice, too many. */
SIM_CHECKED bool waiver_add(struct waivers *waivers, const struct site *site, const char *word, struct pool *pool,
                            struct text *why);

/* The points, once the gateway has told which ones there are (some it works out by itself). False, with a sentence
 * that suggests one that is near. A device that has told nothing is not judged here. */
SIM_CHECKED bool waivers_check(const struct waivers *waivers, const struct picture *picture, struct text *why);

/* NULL: it is not waived. `waivers` may be NULL. */
const struct waiver *waiver_find(const struct waivers *waivers, size_t device, const char *point);

#endif
