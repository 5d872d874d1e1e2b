/* scan: is this JSON, and where does each value stand?
 *
 * A strict reading of RFC 8259 over the raw bytes, before cJSON sees them: cJSON is lenient (it takes "01", control
 * characters in strings, and text after the end) and knows no places. Accepted beyond the RFC: a BOM, CRLF, // and block
 * comments. Mistakes with an obvious meaning (a full-width comma, a trailing comma, single quotes …) are complained about
 * and passed over, so that one run shows all of them. Bounded: size, depth, number of values. Pure but for its memory. */
#ifndef OUTPOST_SITE_SCAN_H
#define OUTPOST_SITE_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/site/load.h"

#define SCAN_VALUES_MAX 500000

struct mark {
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in characters */
};

struct value_marks {
    struct mark key; /* of the member's key; zeros for list elements and the root */
    struct mark value;
};

struct scan {
    char *clean; /* the bytes with BOM and comments blanked; `size` of them */
    size_t size;
    struct value_marks *marks; /* one a value, in document order (an object before its members) */
    size_t mark_count;
};

/* ERR_FORMAT: at least one complaint was made. ERR_MEMORY: likewise (S_MEMORY). `name` is the file in complaints. */
MUST_CHECK enum err scan_bytes(struct scan *scan, const char *name, const char *bytes, size_t size,
                               struct complaints *complaints);
void scan_close(struct scan *scan); /* accepts the zeroed */

#endif
