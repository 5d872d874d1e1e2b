/* tape: the last frames of one bus, always on, for `outpost capture`.
 *
 * A ring of bytes: 11 and the frame an entry, so a read of ten registers and its answer take 55, and 64 KiB hold the last 1,190
 * exchanges (four minutes at five a second). The oldest go when a new one needs their room. Memory is taken at open, its pages
 * are touched as they are used; writing is one copy under a mutex, and allocates nothing. One writer (the bus), any readers. */
#ifndef OUTPOST_RUN_TAPE_H
#define OUTPOST_RUN_TAPE_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/ports/tap.h"

#define TAPE_SIZE_MAX ((size_t)64 * 1024)  /* a bus */
#define TAPE_SIZE_MIN ((size_t)8 * 1024)   /* 148 such exchanges */
#define TAPE_SIZE_ALL ((size_t)512 * 1024) /* all buses of a site together, as long as that is TAPE_SIZE_MIN each */

struct tape;

/* What each of so many buses gets. */
size_t tape_size(size_t bus_count);

MUST_CHECK enum err tape_open(struct tape **ret_tape, size_t size);
void tape_close(struct tape *tape); /* accepts NULL */

/* For the link. Valid as long as the tape. */
struct tap tape_tap(struct tape *tape);

/* Where a reader stands; zeroed: before the oldest entry there is. */
struct tape_reader {
    uint64_t number; /* of the last entry that was read; 0 none */
    uint64_t at;     /* private: where the next one begins */
};

/* A reader that has read everything up to `number` (which may come from anywhere). */
void tape_seek(struct tape *tape, uint64_t number, struct tape_reader *ret_reader);

/* The next entry, whole. What was overwritten before it could be read shows as a hole in the numbers. ERR_EMPTY: none yet. */
MUST_CHECK enum err tape_read(struct tape *tape, struct tape_reader *reader, struct tap_entry *ret_entry);

/* Number of the newest entry; 0 none. */
uint64_t tape_last(struct tape *tape);

#endif
