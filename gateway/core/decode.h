/* decode: registers and bits -> samples of a slave's points. A pure function of bytes and the point's description.
 *
 * Never fails and never reads outside the input: what cannot be decoded (not covered by the read, a sentinel of the profile or
 * outside its valid range,
 * NaN or infinity, a digit that is not BCD, a code without an entry in the map, text that is not UTF-8, a condition that does
 * not hold) becomes a sample without value, bad, `invalid`. */
#ifndef OUTPOST_CORE_DECODE_H
#define OUTPOST_CORE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/model/sample.h"
#include "gateway/model/site.h"

struct decode_input { /* what one answered read brought: words for registers, bits for coils and discretes */
    enum function function;
    uint16_t address;
    uint16_t count;
    const uint16_t *words; /* count of them, in host order */
    const uint8_t *bits;   /* count of them, least significant bit of the first byte first */
};

/* Decodes the points of one read (indices into slave.points, at most BATCH_SAMPLES_MAX, as the plan lists them) into the
 * batch's samples and texts. The rest of the batch's head is the caller's. */
void decode_read(const struct site_slave *slave, const uint16_t *points, size_t point_count,
                 const struct decode_input *input, struct batch *ret_batch);

/* Every point bad, for this reason. */
void decode_failed(const uint16_t *points, size_t point_count, enum reason reason, struct batch *ret_batch);

/* A part of a register as a number. False: the input does not cover it. */
bool decode_part(const struct decode_input *input, struct register_part part, int64_t *ret_number);

/* The inverse for writes: what FC6 (a holding register) or FC5 (a coil: 0 or 1) must carry so that the point reads
 * `value`. ERR_ARGUMENT when no raw number gives it, ERR_UNSUPPORTED when the point is not one coil or one register. */
MUST_CHECK enum err decode_write_value(const struct slave_point *point, double value, uint16_t *ret_raw);

#endif
