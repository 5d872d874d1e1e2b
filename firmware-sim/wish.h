/* wish: how buses are to be played beyond what the site file says, as the command line has it. Pure.
 *
 *   --map BUS=PATH       the port is there: a symlink to make, or an existing serial port to be a slave on
 *   --echo BUS           a line with local echo: every request comes back to its sender first
 *   --latency BUS=TIME   behind a USB adapter with such a latency timer */
#ifndef OUTPOST_FIRMWARE_SIM_WISH_H
#define OUTPOST_FIRMWARE_SIM_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/site.h"
#include "firmware-sim/text.h"

#define WISHES_MAX          256
#define WISH_BUS_SIZE       64
#define WISH_LATENCY_MAX_US 255000 /* of an FTDI chip's timer (AN232B-04) */

struct wish {
    char bus[WISH_BUS_SIZE];
    const char *path; /* NULL: as configured */
    bool echo;
    int64_t latency_us; /* 0: none */
};

struct wishes {
    struct wish all[WISHES_MAX];
    size_t count;
};

/* False, with a sentence; `word` must outlive the wishes. */
SIM_CHECKED bool wish_map(struct wishes *wishes, const char *word, struct text *why);
SIM_CHECKED bool wish_echo(struct wishes *wishes, const char *word, struct text *why);
SIM_CHECKED bool wish_latency(struct wishes *wishes, const char *word, struct text *why);

const struct wish *wish_find(const struct wishes *wishes, const char *bus); /* NULL */

/* Every wish names a bus of the site. */
SIM_CHECKED bool wish_check(const struct wishes *wishes, const struct site *site, struct text *why);

#endif
