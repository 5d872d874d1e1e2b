/* line: how long a character and a silence take on a serial line. What drives the line keeps these times, and what foretells
 * its load counts with them. */
#ifndef OUTPOST_MODEL_LINE_H
#define OUTPOST_MODEL_LINE_H

#include <stdint.h>

#include "gateway/model/site.h"

#define LINE_SILENCE_SAFE_US 20000 /* no baud known, or after trouble: USB adapters hand bytes over up to 16 ms late */
#define LINE_SILENCE_FAST_US 1750  /* above 19200 baud: MODBUS over Serial Line V1.02, section 2.5.1.1 */
#define LINE_BAUD_SLOW_MAX   19200

/* Start, data, parity and stop bits of one character. */
static inline unsigned line_character_bits(const struct site_bus *bus)
{
    return 1U + bus->data_bits + (bus->parity == 'N' ? 0U : 1U) + bus->stop_bits;
}

/* Between two frames: 3.5 characters of 11 bits, whatever the format. `baud` 0: unknown. */
static inline int64_t line_silence_us(uint32_t baud)
{
    if (baud == 0)
        return LINE_SILENCE_SAFE_US;
    return baud > LINE_BAUD_SLOW_MAX ? LINE_SILENCE_FAST_US : (38500000 + baud - 1) / baud;
}

#endif
