/* random: reproducible chance. The same seed gives the same plant, noise and faults. Not for secrets. */
#ifndef OUTPOST_FIRMWARE_SIM_RANDOM_H
#define OUTPOST_FIRMWARE_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

void random_init(struct random *random, uint64_t seed);
uint64_t random_bits(struct random *random); /* SplitMix64 (Steele, Lea, Flood 2014) */
double random_unit(struct random *random);   /* [0, 1) */
double random_between(struct random *random, double low, double high);
unsigned random_below(struct random *random, unsigned bound);  /* 0 … bound-1; bound > 0 */
double random_bell(struct random *random);                     /* mean 0, deviation 1, within ±6 */
bool random_chance(struct random *random, double probability); /* draws nothing when it is 1 or more */

#endif
