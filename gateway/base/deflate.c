#include "gateway/base/deflate.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "gateway/base/text.h"

#define LEVEL       6
#define WINDOW_BITS 14 /* 16 KiB: more than a message has */
#define MEMORY      7  /* (1 << (14 + 2)) + (1 << (7 + 9)) bytes, by zconf.h */

struct deflater {
    z_stream stream;
};

void deflate_library_version(struct text *to)
{
    text_put(to, zlibVersion());
}

enum err deflate_open(struct deflater **ret_deflater)
{
    struct deflater *deflater = calloc(1, sizeof *deflater);
    if (deflater == NULL)
        return ERR_MEMORY;
    if (deflateInit2(&deflater->stream, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(deflater);
        return ERR_MEMORY;
    }
    *ret_deflater = deflater;
    return ERR_OK;
}

void deflate_close(struct deflater *deflater)
{
    if (deflater == NULL)
        return;
    (void)deflateEnd(&deflater->stream);
    free(deflater);
}

enum err deflate_bytes(struct deflater *deflater, const void *bytes, size_t size, void *ret_out, size_t out_size,
                       size_t *ret_used)
{
    z_stream *stream = &deflater->stream;
    union { /* zlib takes what it only reads without const */
        const void *given;
        Bytef *taken;
    } in = {.given = bytes};
    if (size > UINT_MAX || out_size > UINT_MAX || deflateReset(stream) != Z_OK)
        return ERR_ARGUMENT;
    stream->next_in = in.taken;
    stream->avail_in = (uInt)size;
    stream->next_out = ret_out;
    stream->avail_out = (uInt)out_size;
    if (deflate(stream, Z_FINISH) != Z_STREAM_END)
        return ERR_FULL;
    *ret_used = out_size - stream->avail_out;
    return ERR_OK;
}
