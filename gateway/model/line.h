/* line: how long a character and a silence take on a serial line. What drives the line keeps these times, and what foretells
 * its load counts with them. */
#ifndef OUTPOST_MODEL_LINE_H
#define OUTPOST_MODEL_LINE_H

#include <stdint.h>

#include "gateway/model/site.h"

#define LINE_SILENCE_SAFE_US 20000 /* no baud known, or after trouble: USB adapters hand bytes over up to 16 ms late */
#define LINE_SILENCE_FAST_US 1750  /* above 19200 baud: MODBUS over Serial Line V1.02, section 2.5.1.1 */
#define LINE_SWITCH_FAST_US  750
#define LINE_BAUD_SLOW_MAX   19200
#define LINE_BAUD_DEFAULT    9600
#define LINE_TURNAROUND_US   2000 /* a slave's own time, where nobody has measured it */
#define LINE_ROUND_TRIP_US   2000 /* to a TCP server of the same building and back, likewise */

/* The rates a bus may have: what termios has a name for and libmodbus 3.1.6 really sets (it takes 1800 for 9600). */
#define LINE_BAUDS(baud)                                                                                               \
    baud(300) baud(600) baud(1200) baud(2400) baud(4800) baud(9600) baud(19200) baud(38400) baud(57600) baud(115200)   \
        baud(230400) baud(460800) baud(500000) baud(576000) baud(921600)

/* Start, data, parity and stop bits of one character. */
static inline unsigned line_character_bits(const struct site_bus *bus)
{
    return 1U + bus->data_bits + (bus->parity == 'N' ? 0U : 1U) + bus->stop_bits;
}

static inline int64_t line_character_ns(const struct site_bus *bus)
{
    return (int64_t)line_character_bits(bus) * 1000000000 / (bus->baud > 0 ? bus->baud : LINE_BAUD_DEFAULT);
}

/* Between two frames: 3.5 characters of 11 bits, whatever the format. `baud` 0: unknown. */
static inline int64_t line_silence_us(uint32_t baud)
{
    if (baud == 0)
        return LINE_SILENCE_SAFE_US;
    return baud > LINE_BAUD_SLOW_MAX ? LINE_SILENCE_FAST_US : (38500000 + baud - 1) / baud;
}

/* More of it before another slave is asked than the one before: 1.5 characters, in which that one lets go of the line and the
 * other, which heard it all, begins anew. 750 us above 19200 baud (the t1.5 of section 2.5.1.1). */
static inline int64_t line_switch_us(uint32_t baud)
{
    if (baud == 0)
        return 0;
    return baud > LINE_BAUD_SLOW_MAX ? LINE_SWITCH_FAST_US : (16500000 + baud - 1) / baud;
}

#endif
