/* reel: the recording that is being made: takes what was found, writes what is new of it. One write() a line. */
#ifndef OUTPOST_FIRMWARE_SIM_REEL_H
#define OUTPOST_FIRMWARE_SIM_REEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/image.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/recording.h"
#include "firmware-sim/text.h"

struct reel {
    const char *path;
    int fd; /* -1: closed */
    size_t size;
    struct image *image;
    int64_t ms;       /* of the last line */
    uint64_t changes; /* lines */
    struct sentence trouble;
    bool full;   /* no more changes are taken; `trouble` says why */
    bool broken; /* nothing can be written at all */
};

/* Makes the file, which must not exist. False, with a sentence. */
SIM_CHECKED bool reel_open(struct reel *reel, const char *path, const struct recording_head *head, struct pool *pool,
                           struct text *why);

/* `ms` since the start; what lies before the last line counts as at the same time. */
void reel_take(struct reel *reel, int64_t ms, const struct finding *finding);

void reel_end(struct reel *reel, int64_t ms);
void reel_close(struct reel *reel); /* accepts what failed to open, with fd -1 */

#endif
