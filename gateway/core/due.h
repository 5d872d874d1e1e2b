/* due: how near a day is by which something has to be done. Pure.
 *
 * A date has four stages: at most 60, 30 and 7 days left, and the day itself, which lasts until the site file names another
 * date. Only the newest stage holds: each is an alarm of its own (docs/decisions/0015), and gives way to the next. */
#ifndef OUTPOST_CORE_DUE_H
#define OUTPOST_CORE_DUE_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/core/tri.h"
#include "gateway/model/site.h"

#define DUE_STAGES 4
#define DUE_DAYS   ((const int32_t[DUE_STAGES]){60, 30, 7, 0})

/* 0: none yet; 1 … DUE_STAGES. */
size_t due_stage(int32_t days_left);

/* What the stage of this rule (RULE_DUE) says with so many days left. */
static inline enum tri due_crosses(const struct rule *rule, int32_t days_left)
{
    size_t const stage = due_stage(days_left);
    return tri_of(stage > 0 && (int32_t)rule->limit == DUE_DAYS[stage - 1]);
}

#endif
