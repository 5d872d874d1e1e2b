#include "gateway/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)16 * 1024)

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t size_max)
{
    *arena = (struct arena){.size_max = size_max};
}

void arena_close(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    *arena = (struct arena){0};
}

void *arena_take(struct arena *arena, size_t count, size_t size)
{
    size_t const alignment = alignof(max_align_t);
    if (size != 0 && count > (SIZE_MAX - alignment) / size)
        return NULL;
    size_t wanted = (count * size + alignment - 1) & ~(alignment - 1);
    if (wanted > arena->size_max - arena->used_size)
        return NULL;
    struct arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->size - chunk->used < wanted) {
        size_t chunk_size = wanted > CHUNK_SIZE ? wanted : CHUNK_SIZE;
        chunk = calloc(1, sizeof *chunk + chunk_size);
        if (chunk == NULL)
            return NULL;
        chunk->size = chunk_size;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    void *at = chunk->bytes + chunk->used;
    chunk->used += wanted;
    arena->used_size += wanted;
    return at;
}

char *arena_copy_text(struct arena *arena, const char *text, size_t size)
{
    char *copy = arena_take(arena, size + 1, 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}
