/* text: writing text and JSON into a fixed buffer, without allocation.
 *
 * A writer never overruns: when the buffer is full it sets `full` and writes nothing more, so a caller checks
 * once at the end. What was written is always zero-terminated. JSON strings come out as valid UTF-8 JSON for any
 * input bytes (control characters escaped, bytes that are not UTF-8 replaced by U+FFFD). */
#ifndef OUTPOST_BASE_TEXT_H
#define OUTPOST_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"

struct text {
    char *at;
    size_t size; /* of the buffer, with room for the zero */
    size_t used; /* without the zero */
    bool full;   /* something did not fit: the content is not to be used */
};

void text_init(struct text *text, char *buffer, size_t size);
void text_put(struct text *text, const char *string);
void text_put_bytes(struct text *text, const char *bytes, size_t size);
void text_put_format(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
void text_put_int(struct text *text, int64_t value);
void text_put_uint(struct text *text, uint64_t value);

/* The shortest decimal that reads back as the same double; `single`: as the same float (so that a register that
 * holds 52.1f prints 52.1, not 52.099998474121094). NaN and infinities are a bug (CHECK): they are never data. */
void text_put_number(struct text *text, double value, bool single);

/* "…" with escapes. */
void text_put_json_string(struct text *text, const char *string);
void text_put_json_bytes(struct text *text, const char *bytes, size_t size);

/* Copies `from` into `to` whole, or cut at a UTF-8 boundary; always zero-terminated. */
void text_copy(char *to, size_t to_size, const char *from);

/* True when the bytes are well-formed UTF-8 (no surrogates, no overlong forms, up to U+10FFFF). */
bool text_is_utf8(const char *bytes, size_t size);

#endif
