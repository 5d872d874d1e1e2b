#include "gateway/core/backoff.h"

#define TRIES_MAX 31 /* first_ms * 2^31 fits 64 bits */

void backoff_init(struct backoff *backoff, uint64_t seed, uint32_t first_ms, uint32_t max_ms)
{
    *backoff = (struct backoff){.random = seed, .first_ms = first_ms, .max_ms = max_ms};
}

/* splitmix64 (Sebastiano Vigna, public domain): any seed is a good one, also 0. */
static uint64_t next_random(struct backoff *backoff)
{
    backoff->random += 0x9E3779B97F4A7C15u;
    uint64_t mixed = backoff->random;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

uint32_t backoff_next_ms(struct backoff *backoff)
{
    uint64_t span_ms = (uint64_t)backoff->first_ms << backoff->tries;
    if (span_ms > backoff->max_ms)
        span_ms = backoff->max_ms;
    if (backoff->tries < TRIES_MAX)
        backoff->tries++;
    return (uint32_t)(next_random(backoff) % (span_ms + 1));
}

void backoff_reset(struct backoff *backoff)
{
    backoff->tries = 0;
}
