#include "gateway/core/chatter.h"

#include <string.h>

void chatter_activate(struct chatter *chatter, int64_t mono_us)
{
    if (chatter->seen == CHATTER_KEPT && mono_us - chatter->active_mono_us[CHATTER_KEPT - 1] <= CHATTER_US)
        chatter->on = true;
    memmove(&chatter->active_mono_us[1], &chatter->active_mono_us[0],
            (CHATTER_KEPT - 1) * sizeof *chatter->active_mono_us);
    chatter->active_mono_us[0] = mono_us;
    if (chatter->seen < CHATTER_KEPT)
        chatter->seen++;
}

int64_t chatter_quiet_mono_us(const struct chatter *chatter)
{
    return chatter->on ? chatter->active_mono_us[0] + CHATTER_US : INT64_MAX;
}

void chatter_times(const struct chatter *chatter, int64_t ret_active_mono_ms[static CHATTER_KEPT])
{
    int const count = chatter->on ? 0 : chatter->seen;
    for (int i = 0; i < CHATTER_KEPT; i++) {
        int64_t const mono_ms = chatter->active_mono_us[i] / 1000;
        ret_active_mono_ms[i] = i >= count ? 0 : mono_ms == 0 ? 1 : mono_ms; /* 0 is none */
    }
}

void chatter_restore(struct chatter *chatter, const int64_t active_mono_ms[static CHATTER_KEPT])
{
    *chatter = (struct chatter){0};
    for (int i = 0; i < CHATTER_KEPT && active_mono_ms[i] != 0; i++) {
        chatter->active_mono_us[i] = active_mono_ms[i] * 1000;
        chatter->seen++;
    }
}

void chatter_restore_on(struct chatter *chatter, int64_t mono_us)
{
    *chatter = (struct chatter){.on = true, .seen = 1, .active_mono_us = {mono_us}};
}
