/* aside: holds shelves and service off/on against the orders that were given, over whatever happened to the house meanwhile.
 *
 *   an order    does what it says within a second, where the house lived and nothing else befell the alarm at that moment
 *   a shelf     ends at its time, or at the start after it; sooner by an order, or, a one-shot one, when the condition ends
 *   service     is ended by an order and by nothing else
 *   nobody      shelves what is critical */
#ifndef OUTPOST_HOUSE_ASIDE_H
#define OUTPOST_HOUSE_ASIDE_H

#include "tests/house/ledger.h"

#define ASIDE_ORDERS_MAX 4096

struct aside_order {
    int64_t t_us;
    const char *alarm;
    enum order_verb verb; /* ORDER_SHELVE, ORDER_UNSHELVE, ORDER_SERVICE */
    uint32_t for_ms;
    bool one_shot;
    bool on;
};

struct asides {
    struct aside_order list[ASIDE_ORDERS_MAX];
    size_t count;
};

/* Gives an order, and notes it. Somebody must be in. */
void aside_give(struct world *world, struct asides *asides, const char *dev, struct aside_order order);

/* One alarm of the device `dev`. */
void aside_check(struct world *world, const struct ledger *ledger, const char *dev, const char *alarm,
                 const struct asides *asides);

#endif
