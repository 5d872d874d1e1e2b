/* recording: what was on a bus (a pcapng file of `outpost capture`) as questions and what came after each. Pure.
 *
 * A request and everything that was received until the next one are an exchange; each piece of it keeps its distance in time
 * from the request, so that an answer that came late comes late again. The same request asked many times has its exchanges in
 * the order of the file; when they are used up they begin anew. */
#ifndef OUTPOST_DRIVERS_LINK_RECORDING_H
#define OUTPOST_DRIVERS_LINK_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/link/frame.h"
#include "gateway/base/err.h"
#include "gateway/base/text.h"

#define RECORDING_SIZE_MAX     ((size_t)64 * 1024 * 1024) /* of the file: half a day of a busy line */
#define RECORDING_AFTER_MAX_US 3600000000LL               /* beyond any timeout; what came later counts as that late */

struct recording_piece {
    const uint8_t *bytes; /* of the file */
    size_t size;
    int64_t after_us; /* its request was sent */
};

struct recording_exchange {
    const uint8_t *key; /* of the file: unit, function and data of the request */
    size_t key_size;
    uint16_t transaction; /* Modbus TCP */
    size_t piece_first;
    size_t piece_count;
    size_t order; /* in the file */
};

struct recording {
    enum frame_kind kind;
    struct recording_exchange *exchanges; /* sorted by key, then by order */
    size_t *next; /* of as many: at the first of equal requests, which of them is asked for next */
    size_t exchange_count;
    struct recording_piece *pieces;
    size_t piece_count;
    bool units[256]; /* that were asked */
    int64_t first_utc_us;
    int64_t last_utc_us;
};

/* Takes memory; the bytes stay the caller's and are needed as long. ERR_FORMAT, ERR_MEMORY: trouble says why. */
MUST_CHECK enum err recording_open(struct recording *recording, const uint8_t *bytes, size_t size,
                                   struct text *trouble);
void recording_close(struct recording *recording); /* accepts the zeroed */

/* What came of that (valid) request the next time; NULL: it was never asked. */
const struct recording_exchange *recording_take(struct recording *recording, const struct link_request *request);

#endif
