/* rs485: a field bus with its slaves, seen from the far end of a descriptor, on the test's own clock.
 *
 * The near side is the gateway's real exchange and framer over a socket pair, behind ports/link.h. The far side shares no
 * code with it: it has its own CRC, reads requests as bytes, and answers byte by byte at line speed. Slaves answer one request
 * after the other, in order, and may be struck by a fault at any request. What they say tells who said it, of which register,
 * and to which request: rs485_word() and rs485_bit(), so that an answer taken for another one's, or for an older one's, shows.
 *
 * Three carriers: an RTU line (a serial port: bytes as they come, or in lumps as a USB adapter hands them over), RTU behind a
 * serial server (late bytes survive a new connection, as the line does not know of it), Modbus TCP (they do not).
 *
 * It also keeps watch over what the gateway must do whatever the slaves do: 3.5 characters of silence before each request,
 * no request while another one is open, each exchange over at its deadline. */
#ifndef OUTPOST_TESTS_SUPPORT_RS485_H
#define OUTPOST_TESTS_SUPPORT_RS485_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/link/exchange.h"
#include "gateway/model/site.h"
#include "gateway/ports/link.h"
#include "tests/house/dice.h"

#define RS485_UNIT_MAX            16  /* units 1..16 */
#define RS485_EPOCHS              64  /* what a word or sixteen bits can tell apart */
#define RS485_WRITABLE            300 /* the coil and the holding register that can be written */
#define RS485_FRAME_MAX           264
#define RS485_FLIGHTS_MAX         64
#define RS485_TURNAROUND_LEAST_US 2000
#define RS485_TURNAROUND_MOST_US  5000

/* What strikes a request, where: R an RTU line, S RTU behind a serial server, T Modbus TCP. */
#define RS485_FAULTS(X)                                                                                                \
    X(NONE, "none", "RST")                                                                                             \
    X(LATE, "late reply", "RST")                                                                                       \
    X(LATE_BY_ONE, "late by one", "RST")                                                                               \
    X(TWICE, "two replies", "RST")                                                                                     \
    X(DUPLICATE, "duplicate address", "RST")                                                                           \
    X(LEADING_FF, "leading FF", "RS")                                                                                  \
    X(LEADING_00, "leading 00", "RS")                                                                                  \
    X(TRAILING_00, "trailing 00", "RS")                                                                                \
    X(BITS_IN_DATA, "bit errors in data", "RS")                                                                        \
    X(BIT_IN_ADDRESS, "bit error in address", "RS")                                                                    \
    X(BITS_IN_CRC, "bit errors in CRC", "RS")                                                                          \
    X(NOISE, "noise burst", "RS")                                                                                      \
    X(NOISE_BEFORE, "noise, then reply", "RS")                                                                         \
    X(PARTIAL, "partial frame", "RST")                                                                                 \
    X(WRONG_UNIT, "wrong unit", "RST")                                                                                 \
    X(WRONG_FUNCTION, "wrong function", "RST")                                                                         \
    X(WRONG_LENGTH, "wrong length", "RST")                                                                             \
    X(WRONG_TRANSACTION, "wrong transaction", "T")                                                                     \
    X(NO_HEADER, "no MBAP header", "T")                                                                                \
    X(EXCEPTION_1, "exception 1", "RST")                                                                               \
    X(EXCEPTION_2, "exception 2", "RST")                                                                               \
    X(EXCEPTION_3, "exception 3", "RST")                                                                               \
    X(EXCEPTION_4, "exception 4", "RST")                                                                               \
    X(EXCEPTION_5, "exception 5", "RST")                                                                               \
    X(EXCEPTION_6, "exception 6", "RST")                                                                               \
    X(EXCEPTION_10, "exception 10", "RST")                                                                             \
    X(EXCEPTION_11, "exception 11", "RST")                                                                             \
    X(EXCEPTION_99, "exception 99", "RST")                                                                             \
    X(ECHO, "local echo", "RS")                                                                                        \
    X(ECHO_DEAD, "local echo, dead slave", "RS")                                                                       \
    X(WRITE_ECHO, "wrong write echo", "RST")                                                                           \
    X(WRITE_IGNORED, "write echoed, not done", "RST")                                                                  \
    X(SLOW, "a byte now and then", "RST")                                                                              \
    X(GAPS, "gaps in the frame", "RS")                                                                                 \
    X(SILENCE, "silence", "RST")                                                                                       \
    X(BABBLE, "babble", "RS")                                                                                          \
    X(OTHER_MASTER, "another master", "RS")                                                                            \
    X(UNPLUG, "unplugged", "RST")                                                                                      \
    X(MIXED, "all of these", "RST")

enum rs485_fault {
#define RS485_ENUM(id, text, where) RS485_##id,
    RS485_FAULTS(RS485_ENUM)
#undef RS485_ENUM
        RS485_FAULT_COUNT
};

const char *rs485_fault_text(enum rs485_fault fault);
bool rs485_fault_is_of(enum rs485_fault fault, enum link_kind kind);

struct rs485_flight { /* bytes on their way to the gateway */
    int64_t from_us;  /* begins not before */
    int64_t pause_us; /* between its bytes, beyond the character */
    uint8_t bytes[RS485_FRAME_MAX];
    size_t size;
    size_t gone; /* bytes that have arrived */
};

struct rs485_slave {
    bool there; /* somebody has this address */
    bool dead;
    bool struck_often;              /* faults strike this one */
    uint32_t epoch;                 /* requests it was sent, dead or not */
    int64_t asked_us[RS485_EPOCHS]; /* when, by epoch */
    int64_t busy_until_us;
    bool coil;
    uint16_t word;
    uint8_t kept[RS485_FRAME_MAX]; /* LATE_BY_ONE: what it says next time */
    size_t kept_size;
};

struct rs485 {
    /* Set by the test between rs485_open and the first step; some also later. */
    enum rs485_fault fault;
    int per_mille;         /* of the requests to whom it strikes */
    bool skips_while_busy; /* a request that comes while a slave still works is lost; else it waits */
    int64_t lump_us;       /* bytes become readable at multiples of this; 1 at once */
    bool unfenced;         /* asks what was lost again instead of the probe: what fencing is good for */
    struct rs485_slave slaves[RS485_UNIT_MAX + 1]; /* by unit */

    /* What was seen. */
    uint64_t requests;
    uint64_t struck;
    uint64_t short_silences; /* requests less than 3.5 characters after the last byte that had arrived */
    int64_t overdue_us;      /* the worst end of an exchange behind its deadline */
    uint64_t opened;
    int64_t back_us; /* UNPLUG: when it can be opened again */

    const struct site_bus *bus;
    struct dice dice;
    struct exchange exchange;
    struct link_request asked;
    struct link_request lost; /* the last read that had no answer, by which a probe is known */
    int64_t asked_us;
    int64_t mono_us;
    int near_fd;
    int far_fd;
    uint16_t transaction;
    int64_t character_us; /* rounded up */
    int64_t silent_from_us;
    struct rs485_flight flights[RS485_FLIGHTS_MAX];
    size_t flight_count;
    int64_t line_free_us;
    bool broken; /* the far side has hung up */
};

/* `bus` (kind, baud, format, timeout) must stay. `struct link` for the bus room is rs485_link(). */
void rs485_open(struct rs485 *line, const struct site_bus *bus, uint64_t seed);
void rs485_close(struct rs485 *line);
struct link rs485_link(struct rs485 *line);

/* The gateway has made a step at this time: takes what it has sent. */
void rs485_take(struct rs485 *line, int64_t mono_us);
/* When the next byte becomes readable; INT64_MAX none. */
int64_t rs485_next(const struct rs485 *line);
/* Makes readable whatever is due by then. */
void rs485_give(struct rs485 *line, int64_t mono_us);

/* What the register (FC 3, 4) says in answer to request number `epoch` to that unit. */
uint16_t rs485_word(unsigned unit, unsigned address, uint32_t epoch);
bool rs485_bit(unsigned unit, unsigned address, uint32_t epoch);

/* rs485_faults.c: answers the request (unit, function, address, count or value), struck by a fault or not. */
struct rs485_request {
    uint8_t unit;
    uint8_t function;
    uint16_t address;
    uint16_t number; /* count or value as on the wire */
    uint16_t transaction;
    uint8_t bytes[12];
    size_t size;
    int64_t heard_us; /* when its last byte was over */
};
void rs485_answer(struct rs485 *line, const struct rs485_request *request);
/* For it: a flight that begins at that time; returns when it will be over. Bytes that overlap another flight wait. */
int64_t rs485_fly(struct rs485 *line, int64_t from_us, int64_t pause_us, const uint8_t *bytes, size_t size);
void rs485_hang_up(struct rs485 *line);
uint16_t rs485_crc(const uint8_t *bytes, size_t size);

#endif
