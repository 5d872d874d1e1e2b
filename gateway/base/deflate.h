/* deflate: making a message smaller, by zlib. The format is HTTP's "deflate": a zlib stream (RFC 1950), one a message, so
 * that each can be read without those before it. Memory (about 140 KiB) is taken at deflate_open; one thread. */
#ifndef OUTPOST_BASE_DEFLATE_H
#define OUTPOST_BASE_DEFLATE_H

#include <stddef.h>

#include "gateway/base/err.h"

struct deflater;
struct text;

void deflate_library_version(struct text *to); /* zlib's, at run time: "1.2.13" */

MUST_CHECK enum err deflate_open(struct deflater **ret_deflater); /* ERR_MEMORY */
void deflate_close(struct deflater *deflater);                    /* accepts NULL */

/* The whole of `bytes`. ERR_FULL when it does not fit into `out_size`: it is no use then. */
MUST_CHECK enum err deflate_bytes(struct deflater *deflater, const void *bytes, size_t size, void *ret_out,
                                  size_t out_size, size_t *ret_used);

#endif
