#include "gateway/core/patience.h"

#include <stdbool.h>

#include "gateway/core/schedule.h"

void patience_learn(struct patience *patience, int64_t own_us, int64_t mono_us)
{
    if (patience->answers == 0)
        patience->window_mono_us = mono_us;
    if (patience->answers < PATIENCE_ANSWERS)
        patience->answers++;
    if (mono_us - patience->window_mono_us >= PATIENCE_WINDOW_US) {
        patience->window_mono_us = mono_us;
        patience->longest_before_us = patience->longest_us;
        patience->longest_us = 0;
    }
    if (own_us > patience->longest_us)
        patience->longest_us = own_us;
}

void patience_widen(struct patience *patience, int64_t mono_us)
{
    patience->widened_until_mono_us = mono_us + PATIENCE_WIDENED_US;
}

void patience_spent(struct patience *patience, size_t dead, int64_t mono_us)
{
    patience->whole_mono_us = mono_us + (int64_t)dead * PATIENCE_WHOLE_US;
}

int64_t patience_us(const struct patience *patience, uint32_t failures, int64_t answer_us, int64_t whole_us,
                    int64_t mono_us)
{
    bool const known = patience->answers >= PATIENCE_ANSWERS || failures >= SCHEDULE_DEAD_FAILURES;
    bool const first = failures == 1;
    bool const rare = failures > 1 && mono_us >= patience->whole_mono_us;
    if (!known || mono_us < patience->widened_until_mono_us || first || rare)
        return whole_us;
    int64_t const longest_us =
        patience->longest_us > patience->longest_before_us ? patience->longest_us : patience->longest_before_us;
    int64_t const learned_us = PATIENCE_FACTOR * longest_us + PATIENCE_TICKS_US;
    int64_t const wait_us = answer_us + (learned_us > PATIENCE_FLOOR_US ? learned_us : PATIENCE_FLOOR_US);
    return wait_us < whole_us ? wait_us : whole_us;
}
