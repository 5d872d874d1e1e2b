#include "gateway/base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE_MAX ((size_t)16 * 1024)
#define CHUNK_SIZE_MIN ((size_t)1024)

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

/* As much again as was taken so far: an arena of little is little, one of much has few chunks. */
static size_t next_chunk_size(const struct arena *arena)
{
    size_t const size = arena->used_size;
    return size < CHUNK_SIZE_MIN ? CHUNK_SIZE_MIN : size > CHUNK_SIZE_MAX ? CHUNK_SIZE_MAX : size;
}

/* What is large for a chunk gets one of its own, behind the newest, of which the rest goes on being used. */
static struct arena_chunk *add_chunk(struct arena *arena, size_t wanted)
{
    size_t const usual = next_chunk_size(arena);
    bool const own = wanted > usual / 4;
    size_t const size = own ? wanted : usual;
    struct arena_chunk *chunk = calloc(1, sizeof *chunk + size);
    if (chunk == NULL)
        return NULL;
    struct arena_chunk **place = own && arena->chunks != NULL ? &arena->chunks->next : &arena->chunks;
    chunk->size = size;
    chunk->next = *place;
    *place = chunk;
    return chunk;
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
    if (chunk == NULL || chunk->size - chunk->used < wanted)
        chunk = add_chunk(arena, wanted);
    if (chunk == NULL)
        return NULL;
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
