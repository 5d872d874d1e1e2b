#include "firmware-sim/random.h"

void random_init(struct random *random, uint64_t seed)
{
    random->state = seed;
}

uint64_t random_bits(struct random *random)
{
    random->state += 0x9E3779B97F4A7C15U;
    uint64_t z = random->state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

double random_unit(struct random *random)
{
    return (double)(random_bits(random) >> 11) * 0x1p-53;
}

double random_between(struct random *random, double low, double high)
{
    return low + (high - low) * random_unit(random);
}

unsigned random_below(struct random *random, unsigned bound)
{
    return (unsigned)(random_bits(random) % bound);
}

double random_bell(struct random *random)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += random_unit(random);
    return sum - 6;
}

bool random_chance(struct random *random, double probability)
{
    return probability >= 1 || random_unit(random) < probability;
}
