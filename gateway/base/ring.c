#include "gateway/base/ring.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

#define HEAD_SIZE 8 /* bytes before each item: its size */

enum err ring_open(struct ring *ring, size_t capacity)
{
    *ring = (struct ring){.capacity = capacity};
    ring->bytes = malloc(capacity); /* pages are touched as they are used */
    if (ring->bytes == NULL)
        return ERR_MEMORY;
    if (pthread_mutex_init(&ring->mutex, NULL) != 0) {
        free(ring->bytes);
        ring->bytes = NULL;
        return ERR_MEMORY;
    }
    return ERR_OK;
}

void ring_close(struct ring *ring)
{
    if (ring->bytes == NULL)
        return;
    (void)pthread_mutex_destroy(&ring->mutex);
    free(ring->bytes);
    *ring = (struct ring){0};
}

static void put(struct ring *ring, size_t offset, const void *from, size_t size)
{
    size_t at = (ring->first + offset) % ring->capacity;
    size_t head = ring->capacity - at < size ? ring->capacity - at : size;
    memcpy(ring->bytes + at, from, head);
    memcpy(ring->bytes, (const unsigned char *)from + head, size - head);
}

static void get(const struct ring *ring, size_t offset, void *to, size_t size)
{
    size_t at = (ring->first + offset) % ring->capacity;
    size_t head = ring->capacity - at < size ? ring->capacity - at : size;
    memcpy(to, ring->bytes + at, head);
    memcpy((unsigned char *)to + head, ring->bytes, size - head);
}

enum err ring_push(struct ring *ring, const void *item, size_t size)
{
    CHECK(size > 0 && size <= RING_ITEM_MAX);
    enum err err = ERR_FULL;
    CHECK(pthread_mutex_lock(&ring->mutex) == 0);
    if (ring->capacity - ring->used >= size + HEAD_SIZE) {
        uint64_t head = size;
        put(ring, ring->used, &head, HEAD_SIZE);
        put(ring, ring->used + HEAD_SIZE, item, size);
        ring->used += size + HEAD_SIZE;
        ring->item_count++;
        if (ring->used > ring->used_max)
            ring->used_max = ring->used;
        err = ERR_OK;
    }
    CHECK(pthread_mutex_unlock(&ring->mutex) == 0);
    return err;
}

enum err ring_pop(struct ring *ring, void *ret_item, size_t size_max, size_t *ret_size)
{
    enum err err = ERR_EMPTY;
    CHECK(pthread_mutex_lock(&ring->mutex) == 0);
    if (ring->item_count > 0) {
        uint64_t size;
        get(ring, 0, &size, HEAD_SIZE);
        CHECK(size <= size_max);
        get(ring, HEAD_SIZE, ret_item, (size_t)size);
        ring->first = (ring->first + HEAD_SIZE + (size_t)size) % ring->capacity;
        ring->used -= HEAD_SIZE + (size_t)size;
        ring->item_count--;
        if (ring->item_count == 0)
            ring->first = 0; /* a quiet house touches only the first pages */
        *ret_size = (size_t)size;
        err = ERR_OK;
    }
    CHECK(pthread_mutex_unlock(&ring->mutex) == 0);
    return err;
}

size_t ring_used(struct ring *ring, size_t *ret_used_max)
{
    CHECK(pthread_mutex_lock(&ring->mutex) == 0);
    size_t used = ring->used;
    *ret_used_max = ring->used_max;
    CHECK(pthread_mutex_unlock(&ring->mutex) == 0);
    return used;
}
