#include "firmware-sim/pool.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct pool_block {
    struct pool_block *next;
    max_align_t bytes[];
};

static void die(void)
{
    (void)fputs("outpost-sim: out of memory\n", stderr);
    abort();
}

void *pool_take(struct pool *pool, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - sizeof(struct pool_block)) / size)
        die();
    struct pool_block *block = calloc(1, sizeof *block + count * size);
    if (block == NULL)
        die();
    block->next = pool->blocks;
    pool->blocks = block;
    return block->bytes;
}

char *pool_print(struct pool *pool, const char *format, ...)
{
    va_list list;
    va_list again;
    va_start(list, format);
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (length < 0)
        die();
    char *text = pool_take(pool, (size_t)length + 1, 1);
    (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void pool_close(struct pool *pool)
{
    while (pool->blocks != NULL) {
        struct pool_block *block = pool->blocks;
        pool->blocks = block->next;
        free(block);
    }
}
