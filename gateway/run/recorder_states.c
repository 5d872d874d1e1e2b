/* The newest state of everything that is stored, as the journal was last told: when a damaged file has to be begun anew while
 * the house runs, it is written again, and nobody has to ask the judge. */
#include <stdlib.h>

#include "gateway/base/check.h"
#include "gateway/run/recorder_private.h"

enum err recorder_open_states(struct recorder *recorder)
{
    const struct site *site = recorder->setup.site;
    recorder->occurrence_base = calloc(site->rule_count + 1, sizeof *recorder->occurrence_base);
    recorder->hushed = calloc(site->subject_count + 1, sizeof *recorder->hushed);
    recorder->kept.rules = calloc(site->rule_count + 1, sizeof *recorder->kept.rules);
    recorder->kept.interlocks = calloc(site->interlock_count + 1, sizeof *recorder->kept.interlocks);
    recorder->kept.holds = calloc(site->device_count * DERIVE_HOLDS_MAX + 1, sizeof *recorder->kept.holds);
    recorder->kept.dues = calloc(site->rule_count + 1, sizeof *recorder->kept.dues);
    recorder->kept.cylinders = calloc(site->device_count + 1, sizeof *recorder->kept.cylinders);
    recorder->kept.drills = calloc(site->device_count + 1, sizeof *recorder->kept.drills);
    bool const all = recorder->occurrence_base != NULL && recorder->hushed != NULL && recorder->kept.rules != NULL &&
                     recorder->kept.interlocks != NULL && recorder->kept.holds != NULL &&
                     recorder->kept.drills != NULL && recorder->kept.dues != NULL && recorder->kept.cylinders != NULL;
    return all ? ERR_OK : ERR_MEMORY;
}

void recorder_close_states(struct recorder *recorder)
{
    free(recorder->occurrence_base);
    free(recorder->hushed);
    free(recorder->kept.rules);
    free(recorder->kept.interlocks);
    free(recorder->kept.holds);
    free(recorder->kept.drills);
    free(recorder->kept.dues);
    free(recorder->kept.cylinders);
}

void recorder_keep_state(struct recorder *recorder, const struct stored *stored)
{
    struct kept_state *kept = NULL;
    switch ((enum stored_kind)stored->kind) {
    case STORED_RULE:
        kept = &recorder->kept.rules[stored->index];
        break;
    case STORED_INTERLOCK:
        kept = &recorder->kept.interlocks[stored->index];
        break;
    case STORED_HOLD:
        if (stored->sub < DERIVE_HOLDS_MAX)
            kept = &recorder->kept.holds[stored->index * DERIVE_HOLDS_MAX + stored->sub];
        break;
    case STORED_DUE:
        kept = &recorder->kept.dues[stored->index];
        break;
    case STORED_CYLINDER:
        kept = &recorder->kept.cylinders[stored->index];
        break;
    case STORED_DRILL:
        kept = &recorder->kept.drills[stored->index];
        break;
    }
    if (kept != NULL)
        *kept = (struct kept_state){.known = true, .stored = *stored};
}

static enum err put_states(struct recorder *recorder, const struct kept_state *kept, size_t count)
{
    struct journal_state state;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        if (!kept[i].known)
            continue;
        recorder_state(recorder, &kept[i].stored, &state);
        err = journal_put_state(recorder->journal, &state);
    }
    return err;
}

static enum err renew_states(struct recorder *recorder)
{
    const struct site *site = recorder->setup.site;
    enum err err = journal_begin(recorder->journal, LANE_A);
    if (err == ERR_OK)
        err = put_states(recorder, recorder->kept.rules, site->rule_count);
    if (err == ERR_OK)
        err = put_states(recorder, recorder->kept.dues, site->rule_count);
    if (err == ERR_OK)
        err = put_states(recorder, recorder->kept.cylinders, site->device_count);
    if (err == ERR_OK)
        err = put_states(recorder, recorder->kept.interlocks, site->interlock_count);
    if (err == ERR_OK)
        err = put_states(recorder, recorder->kept.holds, site->device_count * DERIVE_HOLDS_MAX);
    if (err == ERR_OK)
        err = put_states(recorder, recorder->kept.drills, site->device_count);
    return err == ERR_OK ? journal_commit(recorder->journal, LANE_A) : err;
}

bool recorder_renew(struct recorder *recorder, enum lane lane)
{
    enum err err = lane == LANE_A ? renew_states(recorder) : ERR_OK;
    if (err == ERR_OK && lane == LANE_A)
        err = recorder_compare_registries(recorder);
    if (err != ERR_OK)
        return false;
    for (size_t i = 0; i < recorder->setup.site->centre_count; i++)
        recorder->cursors[i][lane].dirty = true;
    recorder->cursors_due_mono_us = recorder->now.mono_us;
    recorder->lanes[lane].renew = false;
    return true;
}
