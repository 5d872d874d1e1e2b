/* oracle: holds what a centre got against what the plant really did.
 *
 * Knows the site by a table of its own, written by hand (struct expect_*), not by the loader; knows what the house could
 * have seen from the wire log; and shares no code with the rooms. Where the exact moment depends on when a poll happened
 * to come, it demands a band: what must have happened by then, and what must not have happened yet. */
#ifndef OUTPOST_HOUSE_ORACLE_H
#define OUTPOST_HOUSE_ORACLE_H

#include "tests/house/ledger.h"

struct expect_rule { /* a limit on the gas concentration */
    const char *dev;
    const char *alarm;
    double limit;
    double deadband;
    int64_t on_us;
    int64_t off_us;
};

struct expect_device {
    const char *dev;
    const char *slaves[3]; /* NULL-ended */
    int64_t every_us;
    int64_t max_silence_us;
    int64_t comm_on_us;
    int64_t comm_off_us;
    int64_t frozen_after_us; /* 0: nobody watches its heartbeat */
    const char *comm_priority;
};

struct expectations {
    const struct expect_rule *rules;
    size_t rule_count;
    const struct expect_device *devices;
    size_t device_count;
    const char *trip;  /* the interlock that closes the valve; NULL none */
    const char *board; /* its slave */
};

void oracle_check(struct world *world, const struct ledger *ledger, const struct expectations *expectations);

/* What a detector showed on the wire, in time order. */
enum sight {
    SIGHT_GOOD,  /* its concentration */
    SIGHT_BAD,   /* that was asked for, and did not come */
    SIGHT_DOUBT, /* something else of it did not come; whether the rest is believed is the house's business */
};

struct seen {
    int64_t t_us;
    enum sight sight;
    double value;
    int life;
};
size_t oracle_watch_gas(const struct world *world, int slave, struct seen **ret_list); /* the caller frees */

#endif
