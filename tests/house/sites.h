/* sites: what the tests play on, each with the electrician's list of its slaves and what the oracle expects of it. */
#ifndef OUTPOST_HOUSE_SITES_H
#define OUTPOST_HOUSE_SITES_H

#include "tests/house/oracle.h"

struct stage_set {
    struct world_setup setup; /* seed 1 */
    struct expectations expectations;
};

/* config/outpost.example.json, as it is shipped: what `make demo` shows. */
extern const struct stage_set example_site;
/* The same house with two centres, and slaves whose registers say who, where and when. */
extern const struct stage_set street_site;
/* A boiler house: a detector with a heartbeat whose doubt closes the valve, one channel of a panel of 64, and an alarm that
 * counts only while the burner fires. */
extern const struct stage_set works_site;
/* A yard with two dozen switches, each with an alarm: what many alarms do to each other, and to a person. */
extern const struct stage_set yard_site;

/* A mill with one bank of registers and an alarm of each kind on them: limits, deviation, rate, stuck, equals, bit; one behind
 * a gate, one that is suppressed by design, one that is raised anew. What is to be expected of them: mill_rules. */
extern const struct stage_set mill_site;

#endif
