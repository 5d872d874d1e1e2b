/* plant: what is really there. Slaves with registers, a valve, a lift, gas; what they did and when.
 *
 * Written from the register maps of the makers, not from the profiles: a wrong profile shows. Slaves of kind PLANT_STAMPS
 * answer each 32-bit register with (number of the slave, address, time of reading), so that any mix-up of slaves, addresses
 * or times is visible in the value itself. */
#ifndef OUTPOST_HOUSE_PLANT_H
#define OUTPOST_HOUSE_PLANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/ports/link.h"
#include "tests/house/dice.h"
#include "tests/house/stage.h"

#define PLANT_SLAVES_MAX 16
#define PANEL_CHANNEL    17
#define BANK_REGISTERS   50
#define HEARTBEAT_US     (5 * SECOND)
#define WATCHDOG_US      (10 * SECOND)
#define STAMP_TICK_US    250000 /* the time in a stamp counts in these, 16 bits: 4.5 hours */

enum plant_kind {
    PLANT_XCD,     /* Honeywell Sensepoint XCD */
    PLANT_GAS6IN1, /* the Chinese 6-in-1 gas module */
    PLANT_RELAYS, /* 8 relays (coils), 8 inputs (discretes); relay 1 closes the valve, input 1 says closed. Holding 0 is a
                    * watchdog: from its first write on all relays go on when it was not written for WATCHDOG_US */
    PLANT_INPUTS, /* 8 discrete inputs: door closed, door zone, passenger, alarm button */
    PLANT_SPEED,  /* holding 0: cm/s, signed */
    PLANT_STAMPS,
    PLANT_XRL,   /* Honeywell Sensepoint XRL, catalytic: a heartbeat that counts each 5 s */
    PLANT_BANK,  /* holding 0 to 49: whatever is put there */
    PLANT_PANEL, /* IGD TOC-635: gas of channel 17, the others read -10 %LEL */
};

enum fault {
    FAULT_NONE,
    FAULT_DEAF,      /* hears nothing, does nothing, says nothing */
    FAULT_MUTE,      /* does what it is told and says nothing */
    FAULT_LATE,      /* answers after the deadline */
    FAULT_GARBLED,   /* answers with a broken checksum */
    FAULT_EXCEPTION, /* answers with `exception` */
    FAULT_ECHO,      /* only echoes writes and does not do them; reads are fine */
};

enum input { INPUT_DOOR_CLOSED, INPUT_DOOR_ZONE, INPUT_PASSENGER, INPUT_BUTTON, INPUT_COUNT = 8 };

struct plant_row { /* how a slave is wired, in the words of the electrician */
    const char *id;
    const char *bus;
    uint8_t unit;
    enum plant_kind kind;
};

struct plant_slave {
    struct plant_row row;
    uint8_t number; /* in stamps */

    enum fault fault;
    int fault_per_mille; /* of transactions; 1000 all */
    uint8_t exception;
    int64_t late_us;         /* FAULT_LATE: after the deadline */
    int64_t silent_since_us; /* -1: answers */
    int64_t answered_us;     /* the last time */
    int answered_life;       /* and to which process */

    double gas_lel_pct;
    uint8_t mode;            /* PLANT_XCD: 1 normal, 2 warm-up */
    int64_t frozen_since_us; /* PLANT_XRL: answers out of a memory that nobody writes any more; -1: lives */
    bool coils[8];
    uint16_t fed;     /* PLANT_RELAYS: what was written to its watchdog last … */
    int64_t falls_us; /* … and when all coils go on if it is not written again; 0 never */
    bool inputs[INPUT_COUNT];
    int16_t speed_cm_s;
    uint16_t bank[BANK_REGISTERS];
};

enum truth {
    TRUTH_GAS,
    TRUTH_COIL_1,
    TRUTH_COIL_2,
    TRUTH_CLOSED,
    TRUTH_TRAPPED,
    TRUTH_FROZEN,
    TRUTH_PORT_GONE, /* of a bus, not of a slave */
};

struct truth_step { /* from t_us on, this is so */
    int64_t t_us;
    int slave;
    enum truth what;
    double value;
};

struct plant {
    struct stage *stage;
    struct plant_slave slaves[PLANT_SLAVES_MAX];
    int slave_count;

    int64_t valve_stroke_us; /* from coil to feedback */
    bool valve_stuck;
    bool valve_closed;
    int64_t valve_closes_at_us; /* CLOCK_NEVER: is not moving */

    struct truth_step *steps;
    size_t step_count;
    size_t step_max;
};

void plant_open(struct plant *plant, struct stage *stage, const struct plant_row *rows, int row_count);
void plant_close(struct plant *plant);

int plant_find(const struct plant *plant, const char *id);              /* -1 none */
int plant_at(const struct plant *plant, const char *bus, uint8_t unit); /* -1 nobody has this address */
const char *plant_kind_text(enum plant_kind kind);

/* From now on this is so. */
void plant_note(struct plant *plant, int slave, enum truth what, double value);

/* What happens in the plant, from now on. */
void plant_set_gas(struct plant *plant, int slave, double lel_pct);
void plant_set_fault(struct plant *plant, int slave, enum fault fault, int per_mille);
void plant_freeze(struct plant *plant, int slave, bool frozen);
void plant_trap(struct plant *plant, int slave, bool trapped); /* between floors, somebody inside */
void plant_open_valve_by_hand(struct plant *plant);

/* When something moves by itself; CLOCK_NEVER if nothing does. */
int64_t plant_next_us(const struct plant *plant);
void plant_move(struct plant *plant);

/* The slave does what the request says, now. 0, or a Modbus exception. */
uint8_t plant_do(struct plant *plant, int slave, const struct link_request *request, struct link_reply *ret_reply);

/* What was true at a time. */
double plant_truth(const struct plant *plant, int slave, enum truth what, int64_t t_us);
/* True when it was `value` (within 1e-4 of it) at any time of from..to. */
bool plant_was(const struct plant *plant, int slave, enum truth what, double value, int64_t from_us, int64_t to_us);

/* The value of a stamp register, and taking it apart again. */
uint32_t plant_stamp(uint8_t number, uint16_t address, int64_t t_us);

#endif
