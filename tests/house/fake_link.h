/* fake_link: a field bus on fake time, at the level that a real link guarantees (ports/link.h).
 *
 * Knows how long bytes take at the line's baud rate, waits for a quiet line, drops what comes late between requests, and
 * discards frames of another unit, function or length. What RTU cannot tell apart, it does not tell apart either: a late
 * answer of the same unit, function and length *is* taken for the answer (and blamed on whoever asked so). */
#ifndef OUTPOST_HOUSE_FAKE_LINK_H
#define OUTPOST_HOUSE_FAKE_LINK_H

#include "gateway/model/site.h"
#include "gateway/ports/link.h"
#include "tests/house/plant.h"

#define WIRE_WORDS 6

struct wire_event { /* one transaction, as an oscilloscope on the line would see it */
    int64_t start_us;
    int64_t sent_us;
    int64_t done_us;
    int slave; /* in the plant; -1 nobody has that address */
    int bus;
    int life; /* of the house */
    uint8_t unit;
    uint8_t function;
    uint8_t exception;
    uint8_t bits;               /* the first eight of a good read of bits */
    uint16_t words[WIRE_WORDS]; /* the first of a good read of registers */
    uint16_t address;
    uint16_t count;
    uint16_t value;
    enum err err;
    bool has_gas; /* carried the concentration of a detector */
    double gas_lel_pct;
};

struct wire_log {
    struct wire_event *list;
    size_t count;
    size_t max;
};

struct late_frame {
    bool there;
    int64_t arrives_us;
    struct link_request request;
    struct link_reply reply;
};

enum fake_link_phase { PHASE_IDLE, PHASE_SENDING, PHASE_WAITING };

struct fake_link {
    struct stage *stage;
    struct plant *plant;
    struct wire_log *log;
    struct dice dice;
    int bus;
    const char *bus_id;
    bool rtu;
    int64_t byte_us;

    bool port_there; /* false: open fails, what is open breaks */
    int opens_in;    /* ERR_BUSY so often before it opens */
    int *life;

    bool is_open;
    int open_steps;
    enum fake_link_phase phase;
    struct link_request request;
    struct link_reply reply;
    enum err outcome;
    int64_t start_us;
    int64_t sent_us;
    int64_t reacts_us;
    int64_t done_us;
    struct late_frame late;
    uint8_t drained_unit; /* who sent what was read off the line since the last transaction; 0 nobody */

    uint64_t crossings; /* late answers that were taken for another request's */
};

void fake_link_open(struct fake_link *fake, const struct site_bus *bus, int index, struct stage *stage,
                    struct plant *plant, struct wire_log *log, int *life, uint64_t seed);
struct link fake_link_door(struct fake_link *fake);
/* The adapter is unplugged, or plugged in again. */
void fake_link_plug(struct fake_link *fake, bool there);
/* A new process has it: closed, nothing in flight; a late frame may still come. */
void fake_link_reset(struct fake_link *fake);

#endif
