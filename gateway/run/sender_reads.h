/* sender_reads: the answers to `read` that a centre has had, by the id of its order: asked again under that id, it gets the same
 * bytes. The newest of them, as many as fit; they are gone with the process, like every answer that is not the judge's. The
 * sender's thread only; no allocation. */
#ifndef OUTPOST_RUN_SENDER_READS_H
#define OUTPOST_RUN_SENDER_READS_H

#include <stddef.h>

#include "gateway/model/order.h"

#define READS_MAX       64
#define READS_KEPT_SIZE 65536 /* bytes of them: more than the four largest, some sixty of a gas detector */

struct sender_reads { /* zeroed: empty. The oldest first */
    struct kept_read {
        char id[ORDER_ID_MAX + 1];
        size_t size;
    } list[READS_MAX];
    size_t count;
    char bytes[READS_KEPT_SIZE]; /* of one after the other */
    size_t used;
};

/* Under an id that is not kept yet. One that is larger than all the room is not kept. */
void sender_keep_read(struct sender_reads *reads, const char *id, const char *bytes, size_t size);
/* NULL: it is not kept (any more). Valid until the next one is. */
const char *sender_find_read(const struct sender_reads *reads, const char *id, size_t *ret_size);

#endif
