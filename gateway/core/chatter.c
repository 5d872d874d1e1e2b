#include "gateway/core/chatter.h"

#include <string.h>

#define KEPT (CHATTER_ACTIVATIONS - 1)

void chatter_activate(struct chatter *chatter, int64_t mono_us)
{
    if (chatter->seen == KEPT && mono_us - chatter->active_mono_us[KEPT - 1] <= CHATTER_US)
        chatter->on = true;
    memmove(&chatter->active_mono_us[1], &chatter->active_mono_us[0], (KEPT - 1) * sizeof *chatter->active_mono_us);
    chatter->active_mono_us[0] = mono_us;
    if (chatter->seen < KEPT)
        chatter->seen++;
}

int64_t chatter_quiet_mono_us(const struct chatter *chatter)
{
    return chatter->on ? chatter->active_mono_us[0] + CHATTER_US : INT64_MAX;
}

void chatter_restore(struct chatter *chatter, int64_t mono_us)
{
    *chatter = (struct chatter){.on = true, .seen = 1, .active_mono_us = {mono_us}};
}
