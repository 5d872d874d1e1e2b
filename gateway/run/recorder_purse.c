/* What the flash budget has left outlives the process, so that a box that starts often does not write a full purse anew each
 * time. It is stored with telemetry whenever it fell or rose by some share, and at an orderly end. After an orderly end it is
 * what it was, and filled for the time between, when a clock tells that: the monotonic one of the same boot, or UTC that was
 * set then and is now. After a kill or a power cut it is what was stored less what may have been spent since, without that
 * time. A journal that has none is new: the purse is full. */
#include "gateway/base/log.h"
#include "gateway/run/recorder_private.h"

/* A row costs some 8 KB of writing: stored after so much was spent … */
#define SPENT_SHARE  64
#define SPENT_MIN    ((uint64_t)256 * 1024)
#define EARNED_SHARE 4                     /* … or earned */
#define END_BYTES    ((uint64_t)64 * 1024) /* what an orderly end writes afterwards: notes, that it was clean */

static bool has_budget(const struct recorder *recorder)
{
    return recorder->setup.site->journal.flash_budget > 0;
}

/* No more than that is spent without being stored. */
static uint64_t spent_max(const struct recorder *recorder)
{
    uint64_t const share = (uint64_t)recorder->thrift.size / SPENT_SHARE;
    return share > SPENT_MIN ? share : SPENT_MIN;
}

void recorder_load_purse(struct recorder *recorder)
{
    struct journal_purse purse;
    struct thrift *thrift = &recorder->thrift;
    if (recorder->purse.known || !has_budget(recorder))
        return;
    recorder->purse.known = true;
    recorder->purse.stored = thrift_saved(thrift);
    if (journal_get_purse(recorder->disk, &purse) != ERR_OK)
        return;
    uint64_t const size = (uint64_t)thrift->size;
    recorder->purse.stored = purse.saved;
    thrift_spend(thrift, purse.saved < size ? size - purse.saved : 0); /* beside what this process has spent */
    if (!purse.is_exact) {
        thrift_spend(thrift, spent_max(recorder));
    } else if (purse.mono_ms > 0 && purse.mono_ms <= clock_mono_ms(recorder->now)) {
        thrift_earn(thrift, recorder->now.mono_us - purse.mono_ms * 1000);
    } else {
        recorder->purse.stopped_utc_ms = purse.utc_ms;
        recorder->purse.loaded_mono_us = recorder->now.mono_us;
    }
}

void recorder_fill_purse(struct recorder *recorder)
{
    int64_t const stopped_utc_ms = recorder->purse.stopped_utc_ms;
    if (stopped_utc_ms == 0 || !recorder->now.synced)
        return;
    recorder->purse.stopped_utc_ms = 0;
    if (stopped_utc_ms < 0 || stopped_utc_ms > recorder->now.utc_ms)
        return;
    int64_t const since_us = recorder->now.mono_us - recorder->purse.loaded_mono_us; /* filled already */
    int64_t const away_us = (recorder->now.utc_ms - stopped_utc_ms) * 1000 - since_us;
    if (away_us > 0)
        thrift_earn(&recorder->thrift, away_us);
}

static enum err put(struct recorder *recorder, uint64_t saved)
{
    const struct now *now = &recorder->now;
    recorder->purse.put = saved;
    return journal_put_purse(recorder->disk, &(struct journal_purse){.saved = saved,
                                                                     .utc_ms = now->synced ? now->utc_ms : 0,
                                                                     .mono_ms = clock_mono_ms(*now)});
}

enum err recorder_put_purse(struct recorder *recorder)
{
    uint64_t const saved = thrift_saved(&recorder->thrift);
    uint64_t const stored = recorder->purse.stored;
    recorder->purse.put = stored;
    if (!recorder->purse.known ||
        (saved + spent_max(recorder) > stored && saved < stored + (uint64_t)recorder->thrift.size / EARNED_SHARE))
        return ERR_OK;
    return put(recorder, saved);
}

void recorder_purse_stored(struct recorder *recorder)
{
    recorder->purse.stored = recorder->purse.put;
}

void recorder_leave_purse(struct recorder *recorder)
{
    if (!recorder->purse.known || !journal_is_open(recorder->disk, LANE_T))
        return;
    thrift_spend(&recorder->thrift, journal_take_written(recorder->disk) + END_BYTES);
    enum err err = journal_begin(recorder->disk, LANE_T);
    if (err == ERR_OK)
        err = put(recorder, thrift_saved(&recorder->thrift));
    if (err == ERR_OK)
        err = journal_commit(recorder->disk, LANE_T);
    if (err != ERR_OK)
        log_say(LOG_WARNING, "recorder", "what the flash budget has left is not stored: less is taken for granted");
}
