#include "tests/house/curtain.h"

#include <stdlib.h>

#include "tests/house/scenes.h"
#include "tests/support/test.h"

void curtain_gather(struct world *world, struct ledger *ledger, size_t centre)
{
    if (!world_settle(world, centre, 5 * MINUTE))
        stage_blame(&world->stage, INV_NUMBERS, world->stage.t_us, "centre %zu never gets all", centre);
    ledger_open(ledger, world, centre, true);
}

void curtain_print(const struct ledger *ledger)
{
    const char *from = getenv("HOUSE_FROM");
    const char *to = getenv("HOUSE_TO");
    if (from != NULL && to != NULL)
        ledger_print(ledger, strtoll(from, NULL, 10) * SECOND, strtoll(to, NULL, 10) * SECOND);
}

size_t curtain_leave(struct world *world, struct ledger *ledger)
{
    curtain_print(ledger);
    size_t const broken = world->stage.broken_count;
    ledger_close(ledger);
    world_close(world);
    return broken;
}

void curtain_fall(struct world *world, struct ledger *ledger)
{
    assert_int_equal(curtain_leave(world, ledger), 0);
}
