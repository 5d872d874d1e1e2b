/* arena: memory that is taken at start and given back all at once.
 *
 * For what lives as long as the program (the site, the tables of a room). Grows in chunks of 1 to 16 KiB, as it has much in it
 * itself, up to a stated maximum; single objects are never freed. Not thread-safe: one owner. Returned memory is zeroed and
 * aligned for any type. */
#ifndef OUTPOST_BASE_ARENA_H
#define OUTPOST_BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t used_size;           /* bytes handed out */
    size_t size_max;            /* arena_take returns NULL beyond this */
};

void arena_init(struct arena *arena, size_t size_max);
void arena_close(struct arena *arena); /* accepts the zeroed */

/* NULL when the maximum is reached or memory is out; `count * size` is checked for overflow. count 0 gives a
 * valid pointer to nothing. */
void *arena_take(struct arena *arena, size_t count, size_t size);

/* A zero-terminated copy; NULL as above. */
char *arena_copy_text(struct arena *arena, const char *text, size_t size);

#endif
