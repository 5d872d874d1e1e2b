/* replay: a recording that goes on with the plant's time. Pure but for memory taken at open.
 *
 * At its start each register is as it was when it was first read: a recorder needs a while for its first round. At its end it
 * stands still, or begins again. */
#ifndef OUTPOST_FIRMWARE_SIM_REPLAY_H
#define OUTPOST_FIRMWARE_SIM_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/image.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/recording.h"
#include "firmware-sim/text.h"

#define REPLAY_ORDERS "pause|resume|seek TIME|loop|once|off"

enum replay_mode { REPLAY_PLAYS, REPLAY_PAUSES, REPLAY_OFF };

struct replay {
    const struct recording *recording;
    const struct image *first; /* at the start */
    struct image *image;       /* now */
    size_t next;               /* change that is not applied yet */
    int64_t at_us;             /* of the recording */
    bool loop;
    enum replay_mode mode;
    bool fresh;               /* the image is not shown yet */
    const struct span *spans; /* all registers that were recorded */
    size_t span_count;
    uint64_t writes; /* answered, and not taken */
};

/* The recording must outlive it. */
void replay_open(struct replay *replay, const struct recording *recording, bool loop, struct pool *pool);

bool replay_is_on(const struct replay *replay); /* its registers count, also while it pauses; NULL: no */

/* So much time of the plant goes on. */
void replay_step(struct replay *replay, double dt_s);

/* pause, resume, seek TIME, loop, once, off (resume and seek also end `off`). False, with a sentence. */
SIM_CHECKED bool replay_order(struct replay *replay, char *const *words, size_t count, struct text *why);

void replay_describe(const struct replay *replay, struct text *out); /* "at 12.300s of 600.000s plays" */

#endif
