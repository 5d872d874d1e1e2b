#include "gateway/run/sender_reads.h"

#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"

static void drop_oldest(struct sender_reads *reads)
{
    size_t const size = reads->list[0].size;
    memmove(reads->bytes, reads->bytes + size, reads->used - size);
    memmove(&reads->list[0], &reads->list[1], (reads->count - 1) * sizeof reads->list[0]);
    reads->used -= size;
    reads->count--;
}

void sender_keep_read(struct sender_reads *reads, const char *id, const char *bytes, size_t size)
{
    if (size > sizeof reads->bytes)
        return;
    while (reads->count == ARRAY_SIZE(reads->list) || reads->used + size > sizeof reads->bytes)
        drop_oldest(reads);
    text_copy(reads->list[reads->count].id, sizeof reads->list[0].id, id);
    reads->list[reads->count].size = size;
    memcpy(reads->bytes + reads->used, bytes, size);
    reads->count++;
    reads->used += size;
}

const char *sender_find_read(const struct sender_reads *reads, const char *id, size_t *ret_size)
{
    const char *at = reads->bytes;
    for (size_t i = 0; i < reads->count; i++) {
        *ret_size = reads->list[i].size;
        if (strcmp(reads->list[i].id, id) == 0)
            return at;
        at += reads->list[i].size;
    }
    return NULL;
}
