/* chatter: does an alarm come and go too often to be told each time? Pure.
 *
 * It chatters from CHATTER_ACTIVATIONS activations within CHATTER_US on (the common figure of EEMUA 191 and ISA-18.2: three
 * in a minute), until nothing has activated it for as long. The zeroed struct is valid. */
#ifndef OUTPOST_CORE_CHATTER_H
#define OUTPOST_CORE_CHATTER_H

#include <stdbool.h>
#include <stdint.h>

#define CHATTER_ACTIVATIONS 3
#define CHATTER_US          INT64_C(60000000)
#define CHATTER_KEPT        (CHATTER_ACTIVATIONS - 1) /* before the present one */

struct chatter {
    bool on;
    uint8_t seen;                         /* how many of these are times */
    int64_t active_mono_us[CHATTER_KEPT]; /* of the last activations, the newest first */
};

/* An activation, in order of time. */
void chatter_activate(struct chatter *chatter, int64_t mono_us);

/* When it ceases if nothing activates it before; INT64_MAX: it does not chatter. */
int64_t chatter_quiet_mono_us(const struct chatter *chatter);

/* When the last activations were, the newest first, for the journal: milliseconds, 0 none. None while it chatters: then the
 * count is over. */
void chatter_times(const struct chatter *chatter, int64_t ret_active_mono_ms[static CHATTER_KEPT]);

/* It did not chatter when it was stored: the count goes on. Times are of this boot. */
void chatter_restore(struct chatter *chatter, const int64_t active_mono_ms[static CHATTER_KEPT]);

/* It chattered when it was stored; as if it had activated now. */
void chatter_restore_on(struct chatter *chatter, int64_t mono_us);

#endif
