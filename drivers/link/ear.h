/* ear: what a link hears, told to the tap: every byte once, in order, with the time at which it was read.
 *
 * Reading and understanding are two things: the exchange reads pieces (ear_heard), the framer says later what they were
 * (ear_tell); the ear keeps when each piece came. Without a tap it does nothing. One thread; pure but for the tap. */
#ifndef OUTPOST_DRIVERS_LINK_EAR_H
#define OUTPOST_DRIVERS_LINK_EAR_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/ports/tap.h"

#define EAR_PIECES_MAX 16 /* read and not understood yet; more are taken for one with the last */

struct ear {
    struct tap tap; /* .put NULL: nobody listens */
    uint64_t heard; /* bytes, ever */
    uint64_t told;
    size_t piece_count;
    struct ear_piece {
        uint64_t end; /* .heard behind it */
        int64_t mono_us;
    } pieces[EAR_PIECES_MAX];
};

/* Something without bytes, or a request that was sent. */
void ear_put(struct ear *ear, enum tap_kind kind, int64_t mono_us, const uint8_t *bytes, size_t size);

void ear_heard(struct ear *ear, size_t size, int64_t mono_us);

/* The next `size` of the bytes that were heard. A frame_witness of frame.h. */
void ear_tell(void *self, enum tap_kind kind, const uint8_t *bytes, size_t size);

/* A new port or connection: what was heard and not understood is gone. */
void ear_forget(struct ear *ear);

#endif
