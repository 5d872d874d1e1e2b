/* record: the program `outpost-sim record`: makes a recording (recording.h) of a real or a played device, by asking it (poll) or
 * by listening to a master that does (listen). Never writes to a device. */
#ifndef OUTPOST_FIRMWARE_SIM_RECORD_H
#define OUTPOST_FIRMWARE_SIM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/point.h"

#define RECORD_RANGES_MAX 64

struct record_range {
    enum table table;
    const char *word; /* "0-99" */
};

struct record_options {
    const char *out;
    const char *file;  /* a site; NULL: the device is told by the options below */
    const char *slave; /* of the site; NULL: the only one */
    const char *link;  /* rtu, tcp, rtu-over-tcp; NULL: as the site has it */
    const char *place; /* path or HOST[:PORT] */
    const char *unit;
    const char *profile;
    const char *baud;
    const char *format;
    const char *device; /* its name in the recording */
    struct record_range ranges[RECORD_RANGES_MAX];
    size_t range_count;
    int64_t every_us;
    int64_t for_us; /* 0: until a signal */
    int64_t timeout_us;
    bool listen;
};

/* Says on stdout what it records and, at the end, what came of it; complaints on stderr. The exit status: 0 when the time was
 * over or a signal ended it, 1 when something could not be opened or written, or the port went away. */
int record(const struct record_options *options);

/* `outpost-sim record WORDS …`; 2 for words it does not know. */
int record_verb(int count, char **words);

#endif
