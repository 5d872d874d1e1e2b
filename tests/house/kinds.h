/* kinds: holds alarms of every kind against what a bank of registers showed on the wire.
 *
 * A second opinion: it knows the rules by a table of its own, looks at whole stretches of time instead of single readings, and
 * shares no code with the judge. What a reading says is one of three: surely crossing, surely not, or too near to say (in the
 * deadband; a rate while a step passes the edge of its window). It demands:
 *
 *   raised      not before the delay, counted back through readings that do not deny it; and when readings said so all along,
 *               at most a poll later in calm times, three seconds later on a line that was in trouble
 *   cleared     only at a good reading that does not cross, and after the off-delay; in time likewise
 *   suppressed  exactly while the point that suppresses says so
 *   reset       not while readings say so
 *   rearmed     exactly the time after the acknowledgement, and only then */
#ifndef OUTPOST_HOUSE_KINDS_H
#define OUTPOST_HOUSE_KINDS_H

#include "tests/house/ledger.h"

enum kind { KIND_HI, KIND_LO, KIND_DEVIATION, KIND_RATE, KIND_STUCK, KIND_EQUALS, KIND_BIT, KIND_CODE, KIND_SENSOR };

struct kind_rule {
    const char *alarm;
    enum kind kind;
    double limit;
    double deadband;
    int64_t on_us;
    int64_t off_us;
    int64_t over_us;  /* KIND_RATE */
    bool gated;       /* counts only while the mill runs */
    bool quieted;     /* is suppressed by the point `quieting` */
    int64_t rearm_us; /* 0: never */
    unsigned bit;     /* KIND_BIT: which of the flags */
    uint32_t codes;   /* KIND_CODE: bit i: code i */
    bool latch;
};

#define MILL_RULES 16
extern const struct kind_rule mill_rules[MILL_RULES];

/* One rule of the device `dev`, whose registers are those of mill_site. */
void kinds_check(struct world *world, const struct ledger *ledger, const char *dev, const struct kind_rule *rule);

#endif
