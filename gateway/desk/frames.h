/* frames: what the gateway thought of each frame on a wire, in words, for `outpost capture`.
 *
 * The link says what it took as the answer and what it passed over (ports/tap.h); looking back along the recording tells the
 * rest: how long an answer took, whether a frame that came at the wrong time answers an earlier request, whether bytes that make
 * no frame were to be one. Pure: entries in, notes out, in order. */
#ifndef OUTPOST_DESK_FRAMES_H
#define OUTPOST_DESK_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/text.h"
#include "gateway/desk/tongue.h"
#include "gateway/ports/tap.h"

#define FRAMES_LATE_MAX_US 60000000LL /* later than this it answers nothing any more */

struct frames {
    bool mbap; /* Modbus TCP; else RTU */
    struct frames_request {
        bool sent;
        uint8_t unit;
        uint8_t function;
        uint16_t transaction; /* Modbus TCP */
        int64_t mono_us;
    } open;                            /* the request under way, or the last one */
    struct frames_request missed[256]; /* by unit: the last one that got no answer */
};

/* What stands in a frame; false for bytes that are none. */
struct frames_pdu {
    uint8_t unit;
    uint8_t function; /* with the exception's bit */
    const uint8_t *data;
    size_t size;
};
bool frames_pdu(const struct frames *frames, const struct tap_entry *entry, struct frames_pdu *ret_pdu);

/* The next entry: a few words on it are put into `verdict`, in the reader's language. */
void frames_judge(struct frames *frames, const struct tap_entry *entry, const struct tongue *tongue,
                  struct text *verdict);

/* "read holding 0 +10": what a PDU asks for; for answers only the function. */
void frames_put_function(const struct frames_pdu *pdu, bool request, const struct tongue *tongue, struct text *to);

#endif
