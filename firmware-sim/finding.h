/* finding: what one read of a device said: values, an exception, or nothing. */
#ifndef OUTPOST_FIRMWARE_SIM_FINDING_H
#define OUTPOST_FIRMWARE_SIM_FINDING_H

#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/point.h"

/* What one answer holds (Modbus Application Protocol V1.1b3, sections 6.1 to 6.4). */
#define SPAN_BITS_MAX  2000
#define SPAN_WORDS_MAX 125

struct span { /* registers next to each other, all below 65536 */
    enum table table;
    uint16_t address;
    uint16_t count; /* at least 1 */
};

enum outcome { OUTCOME_WORDS, OUTCOME_SILENCE, OUTCOME_EXCEPTION };

struct finding {
    struct span where;
    enum outcome outcome;
    uint8_t exception;     /* OUTCOME_EXCEPTION */
    const uint16_t *words; /* OUTCOME_WORDS: `count` of them; bits are 0 and 1 */
};

#endif
