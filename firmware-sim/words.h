/* words: each text once, for as long as needed. What comes over a network repeats itself; its memory must not grow with it. */
#ifndef OUTPOST_FIRMWARE_SIM_WORDS_H
#define OUTPOST_FIRMWARE_SIM_WORDS_H

#include <stddef.h>

#include "firmware-sim/pool.h"

#define WORDS_MAX       16384 /* different ones; what comes beyond is the empty word */
#define WORDS_BYTES_MAX 256   /* of one; the rest is cut, between characters */
#define WORDS_PLACES    ((size_t)2 * WORDS_MAX)

struct words {
    struct pool pool;
    const char **places; /* WORDS_PLACES; by hash */
    size_t count;
};

void words_open(struct words *words);
void words_close(struct words *words); /* accepts the zeroed */

/* The one copy of it; NULL is the empty word. */
const char *words_keep(struct words *words, const char *word);

#endif
