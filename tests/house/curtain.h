/* curtain: how a play ends. */
#ifndef OUTPOST_HOUSE_CURTAIN_H
#define OUTPOST_HOUSE_CURTAIN_H

#include "tests/house/ledger.h"
#include "tests/house/world.h"

/* Lets the house run until this centre has all there is, blames it if that never comes, and opens the ledger. */
void curtain_gather(struct world *world, struct ledger *ledger, size_t centre);

/* HOUSE_FROM and HOUSE_TO in the environment: what was between those seconds. */
void curtain_print(const struct ledger *ledger);

/* Prints, closes both. How often something was not as it must be. */
size_t curtain_leave(struct world *world, struct ledger *ledger);

void curtain_fall(struct world *world, struct ledger *ledger); /* … and it must not have been */

#endif
