/* pool: memory that is taken while setting up and given back all at once.
 *
 * Everything the simulator owns lives as long as the program, so there is one pool and no free(). Objects come zeroed
 * and aligned for any type. */
#ifndef OUTPOST_FIRMWARE_SIM_POOL_H
#define OUTPOST_FIRMWARE_SIM_POOL_H

#include <stddef.h>

struct pool_block;

struct pool {
    struct pool_block *blocks; /* newest first */
};

/* Aborts when memory is out: at set-up there is nothing else to do. `count * size` is checked. */
void *pool_take(struct pool *pool, size_t count, size_t size);
char *pool_print(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pool_close(struct pool *pool); /* accepts the zeroed */

#endif
