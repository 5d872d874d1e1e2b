/* unit: one slave: its registers, who decides what stands in them, and how it answers a request.
 *
 * A board with a watchdog (its profile says so) sets all its coils to their fail state when the master has not written the
 * watchdog for too long; it begins to count with the first write, and a coil stays so until the master writes it again.
 *
 * A point shows what its model gives, until the master writes it or a person sets it. Pure but for memory taken at open. */
#ifndef OUTPOST_FIRMWARE_SIM_UNIT_H
#define OUTPOST_FIRMWARE_SIM_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/bank.h"
#include "firmware-sim/channel.h"
#include "firmware-sim/encode.h"
#include "firmware-sim/fault.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/random.h"
#include "firmware-sim/replay.h"
#include "firmware-sim/site.h"

/* Who decides what a point shows. */
enum hold {
    HOLD_NONE,    /* its model */
    HOLD_WRITTEN, /* the master, by a Modbus write: the model leaves it alone */
    HOLD_SET,     /* a person: writes of the master are answered but do not take */
};

/* exceptions are among the answers; struck: requests that met the fault, and bursts of noise; writes: that took */
#define UNIT_COUNTERS(X)                                                                                               \
    X(requests)                                                                                                        \
    X(answers)                                                                                                         \
    X(exceptions)                                                                                                      \
    X(struck)                                                                                                          \
    X(writes)

#define UNIT_COUNTER(name) uint64_t name;
struct unit_counters {
    UNIT_COUNTERS(UNIT_COUNTER)
};
#undef UNIT_COUNTER

struct unit {
    const struct site_slave *slave;
    struct bank bank;
    enum hold *holds;      /* of each point */
    bool *explains;        /* of each point: others mean what they say only while it stands still */
    size_t hold_count;     /* that are not HOLD_NONE */
    bool dark;             /* it has no mains: silent */
    struct replay *replay; /* its registers come from there while it is on (unit_replay.h); NULL: none */
    struct fault fault;
    bool frozen;           /* by its fault, now */
    bool blank;            /* the fault's invalid values stand in the registers now */
    int64_t turnaround_us; /* from request to answer; -1: the line's */
    int64_t babble_us;     /* the next burst of noise */
    int64_t now_us;        /* of the last unit_pass() */
    int64_t fed_us;        /* when its watchdog was last written; -1: it does not count */
    struct unit_counters counters;
    struct answer previous; /* late-by-one */
};

/* Registers around all points, and in those that explain others (unit codes, decimals, identity) what these need. */
void unit_open(struct unit *unit, const struct site_slave *slave, struct pool *pool);

/* These registers exist too. */
void unit_make_room(struct unit *unit, const struct span *spans, size_t count, struct pool *pool);
void unit_plant_seeds(struct unit *unit); /* the registers that explain others get what these need */

/* The bits of a register that a person holds. */
unsigned unit_held_bits(const struct unit *unit, enum table table, uint16_t address);

/* A model's value; passed over while the point, or another one that reads the same bits, is held, or the unit is frozen. */
void unit_put(struct unit *unit, size_t point, struct value value);

double unit_number(const struct unit *unit, size_t point); /* NaN for what is no number */
void unit_print(const struct unit *unit, size_t point, struct text *out);
bool unit_is_blank(const struct unit *unit, size_t point); /* "invalid" is what a master reads there */

/* A person's value. False when it is none for this point. */
SIM_CHECKED bool unit_set(struct unit *unit, size_t point, struct value value);
void unit_set_raw(struct unit *unit, size_t point, uint64_t raw);
void unit_release(struct unit *unit, size_t point); /* back to its model */
void unit_set_fault(struct unit *unit, const struct fault *fault);

/* Has this point (or with FAULT_ALL_POINTS any) a raw number that means "no value"? False, with a sentence. */
SIM_CHECKED bool unit_has_sentinel(const struct unit *unit, const char *point, struct text *why);

/* Its fault begins, pauses or ends by its times. */
void unit_pass(struct unit *unit, int64_t now_us);

/* A burst of noise when one is due. */
bool unit_babble(struct unit *unit, int64_t now_us, struct random *random, struct answer *ret_answer);

/* Answers as its fault lets it; size 0 is silence. */
void unit_serve(struct unit *unit, enum wire wire, const struct request *request, struct random *random,
                struct answer *ret_answer);

/* A broadcast: writes are done, nothing is answered. */
void unit_obey(struct unit *unit, const struct request *request);

#endif
