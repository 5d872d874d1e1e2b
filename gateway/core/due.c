#include "gateway/core/due.h"

size_t due_stage(int32_t days_left)
{
    size_t stage = 0;
    while (stage < DUE_STAGES && days_left <= DUE_DAYS[stage])
        stage++;
    return stage;
}
