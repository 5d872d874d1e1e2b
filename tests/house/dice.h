/* dice: a small seeded random source (splitmix64), so that every run can be played again. */
#ifndef OUTPOST_HOUSE_DICE_H
#define OUTPOST_HOUSE_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_roll(struct dice *dice)
{
    dice->state += 0x9E3779B97F4A7C15U;
    uint64_t mixed = dice->state;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31);
}

/* least..most, both included. */
static inline int64_t dice_between(struct dice *dice, int64_t least, int64_t most)
{
    return least + (int64_t)(dice_roll(dice) % (uint64_t)(most - least + 1));
}

static inline bool dice_chance(struct dice *dice, int per_mille)
{
    return dice_between(dice, 0, 999) < per_mille;
}

#endif
