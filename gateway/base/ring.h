/* ring: a bounded queue of byte items between threads, by value.
 *
 * Items are 1..RING_ITEM_MAX bytes, at most `capacity` bytes in all (8 bytes of overhead an item). Any number
 * of pushing threads, one popping thread; a mutex guards it and is held only for the copy. Memory is taken at
 * ring_open; nothing is allocated later. A push that does not fit returns ERR_FULL and changes nothing: what to
 * do then is the caller's stated policy. Does not ring bells; the caller does. */
#ifndef OUTPOST_BASE_RING_H
#define OUTPOST_BASE_RING_H

#include <pthread.h>
#include <stddef.h>

#include "gateway/base/err.h"

#define RING_ITEM_MAX 65536

struct ring {
    pthread_mutex_t mutex;
    unsigned char *bytes;
    size_t capacity;
    size_t first; /* offset of the oldest item */
    size_t used;
    size_t item_count;
    size_t used_max; /* high-water mark, bytes */
};

MUST_CHECK enum err ring_open(struct ring *ring, size_t capacity);
void ring_close(struct ring *ring); /* accepts the zeroed */

MUST_CHECK enum err ring_push(struct ring *ring, const void *item, size_t size);

/* Copies the oldest item out and removes it. ERR_EMPTY when there is none. An item larger than `size_max` is a
 * bug (CHECK). */
MUST_CHECK enum err ring_pop(struct ring *ring, void *ret_item, size_t size_max, size_t *ret_size);

/* Bytes in use, and the most there ever were. */
size_t ring_used(struct ring *ring, size_t *ret_used_max);

#endif
