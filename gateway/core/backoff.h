/* backoff: how long to wait before the next try to reach a centre.
 *
 * Full jitter: U(0, min(max, first * 2^n)) for the n-th try in a row, so that a thousand gateways that lost the same broker
 * at the same moment do not come back at the same moment (Marc Brooker, "Exponential Backoff And Jitter", AWS 2015). Pure;
 * the same seed gives the same waits. One owner. */
#ifndef OUTPOST_CORE_BACKOFF_H
#define OUTPOST_CORE_BACKOFF_H

#include <stdint.h>

struct backoff {
    uint64_t random; /* state of the generator (splitmix64) */
    uint32_t first_ms;
    uint32_t max_ms;
    uint32_t tries; /* failed in a row, counted up to 31 */
};

void backoff_init(struct backoff *backoff, uint64_t seed, uint32_t first_ms, uint32_t max_ms);

/* The wait before the next try, in milliseconds, 0 .. max_ms inclusive; counts one more failure. */
uint32_t backoff_next_ms(struct backoff *backoff);

/* A success that lasted: the next wait is short again. The generator goes on. */
void backoff_reset(struct backoff *backoff);

#endif
