/* cast: which devices of a site play the roles of a scenario, and what its actions are in words of ctl.h. Pure. */
#ifndef OUTPOST_FIRMWARE_SIM_CAST_H
#define OUTPOST_FIRMWARE_SIM_CAST_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/pool.h"
#include "firmware-sim/scenario.h"
#include "firmware-sim/site.h"

struct casting { /* who plays one role */
    size_t *devices;
    size_t *valves;      /* of the site, one for each device, where the role is an interlock's; SITE_NONE */
    size_t device_count; /* 0: nobody; the role is optional, and what it does or is asked is left out */
};

struct cast {
    struct pool pool;
    const struct scenario *scenario;
    const struct site *site;
    struct casting castings[SCENARIO_ROLES_MAX]; /* one for each role */
};

/* `binds` are words "role=device", "role=interlock", or "role=a,b" where the role is for all: only these may play it.
 * False, with a sentence, when a bind is wrong or a role fits nothing: the scenario does not apply to this site.
 * Scenario, site and binds must outlive the cast. */
SIM_CHECKED bool cast_open(struct cast *cast, const struct scenario *scenario, const struct site *site,
                           char *const *binds, size_t bind_count, struct text *why);
void cast_close(struct cast *cast); /* accepts the zeroed */

/* The words of ctl.h for an action, a line for each device: "do gas-kitchen leak 60\n". Of an order: words of
 * `outpost`, "ack gas-kitchen gas.high\n". */
void cast_print_lines(const struct cast *cast, const struct action *action, struct text *out);

/* A label or what a person does, with {role} replaced by device ids. */
void cast_print_label(const struct cast *cast, const char *label, struct text *out);

/* "leaking=gas-kitchen valve=outputs" */
void cast_print(const struct cast *cast, struct text *out);

#endif
