/* unit: one slave: its registers, who decides what stands in them, and how it answers a request.
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
#include "firmware-sim/site.h"

/* Who decides what a point shows. */
enum hold {
    HOLD_NONE,    /* its model */
    HOLD_WRITTEN, /* the master, by a Modbus write: the model leaves it alone */
    HOLD_SET,     /* a person: writes of the master are answered but do not take */
};

struct unit_counters {
    uint64_t requests;
    uint64_t answers;
    uint64_t exceptions; /* among the answers */
    uint64_t struck;     /* requests that met the fault */
    uint64_t writes;     /* that took */
};

struct unit {
    const struct site_slave *slave;
    struct bank bank;
    enum hold *holds;  /* of each point */
    size_t hold_count; /* that are not HOLD_NONE */
    struct fault fault;
    struct unit_counters counters;
    struct answer previous; /* late-by-one */
};

/* Registers around all points, and in those that explain others (unit codes, decimals, identity) what these need. */
void unit_open(struct unit *unit, const struct site_slave *slave, struct pool *pool);

/* A model's value; passed over while the point, or another one that reads the same bits, is held, or the unit is frozen. */
void unit_put(struct unit *unit, size_t point, struct value value);

double unit_number(const struct unit *unit, size_t point); /* NaN for what is no number */
void unit_print(const struct unit *unit, size_t point, struct text *out);

/* A person's value. False when it is none for this point. */
SIM_CHECKED bool unit_set(struct unit *unit, size_t point, struct value value);
void unit_set_raw(struct unit *unit, size_t point, uint64_t raw);
void unit_release(struct unit *unit, size_t point); /* back to its model */
void unit_set_fault(struct unit *unit, const struct fault *fault);

/* Answers as its fault lets it; size 0 is silence. */
void unit_serve(struct unit *unit, enum wire wire, const struct request *request, struct random *random,
                struct answer *ret_answer);

/* A broadcast: writes are done, nothing is answered. */
void unit_obey(struct unit *unit, const struct request *request);

#endif
