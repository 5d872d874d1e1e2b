/* The recorder keeps house: what everybody has and nobody will ask for again goes; when the journal grows too large, the
 * oldest telemetry; when the disk is full, room is made for the alarms; what was damaged is brought back. In small steps,
 * between which alarms are written. */
#include <inttypes.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/run/recorder_private.h"

#define HOUSE_EVERY_US      10000000LL
#define HOUSE_EVERY_RECORDS 512
#define DELETE_COUNT        200 /* records a transaction: some 10 ms on a slow card */
#define SALVAGE_COUNT       200
#define FORBIDDEN_EVERY_US  10000000LL
#define RESERVE_EVERY_US    10000000LL
#define WORTH_SAYING_US     1000000LL
#define QUOTA_HIGH_PERCENT  80 /* of journal.max_size: evict above … */
#define QUOTA_LOW_PERCENT   78 /* … down to here, as one gap */

static bool measure(struct recorder *recorder)
{
    uint64_t size_a = 0;
    uint64_t size_t_lane = 0;
    if (journal_size(recorder->journal, LANE_A, &size_a) != ERR_OK ||
        journal_size(recorder->journal, LANE_T, &size_t_lane) != ERR_OK)
        return false;
    recorder->journal_size = size_a + size_t_lane;
    return true;
}

/* What everybody has and nobody will ask for again. True when there is more. */
static bool expire(struct recorder *recorder, enum lane lane, int64_t before_utc_ms)
{
    uint64_t expired = 0;
    enum err err = journal_expire(recorder->journal, lane, recorder_delivered(recorder, lane), before_utc_ms,
                                  DELETE_COUNT, &expired);
    return err == ERR_OK && expired == DELETE_COUNT;
}

static bool over(const struct recorder *recorder, unsigned percent)
{
    uint64_t const size_max = recorder->setup.site->journal.size_max;
    return size_max > 0 && recorder->journal_size > size_max / 100 * percent;
}

/* The older, the coarser: of what is older than this, a bucket of that stays. */
static const struct age {
    int64_t older_ms;
    int64_t bucket_ms;
} ages[RECORDER_AGES] = {
    {7LL * 24 * 3600 * 1000, 3600 * 1000},
    {24LL * 3600 * 1000, 600 * 1000},
    {3600 * 1000, 60 * 1000},
};

/* Telemetry that nobody has fetched yet and that is old becomes coarser. True when something went, or there may be more. */
static bool thin_some(struct recorder *recorder)
{
    for (size_t i = 0; i < RECORDER_AGES; i++) {
        struct journal_thinned thinned;
        struct journal_thinning const how = {.from = recorder->thin_next[i],
                                             .before_utc_ms = recorder->now.utc_ms - ages[i].older_ms,
                                             .bucket_ms = ages[i].bucket_ms};
        if (journal_thin(recorder->journal, &how, &recorder->thin, &thinned) != ERR_OK)
            return false;
        recorder->thin_next[i] = thinned.next;
        recorder->dropped += thinned.gone;
        recorder->gaps_may_wait = recorder->gaps_may_wait || thinned.gone > 0;
        if (thinned.looked_at > 0)
            return true;
    }
    return false;
}

/* Too large: first what everybody has, however young; then what is old becomes coarser; then the oldest telemetry goes. All
 * of it is declared. Alarms never. */
static bool shed(struct recorder *recorder)
{
    uint64_t evicted = 0;
    if (expire(recorder, LANE_T, INT64_MAX) || expire(recorder, LANE_A, INT64_MAX))
        return true;
    if (!measure(recorder) || !over(recorder, QUOTA_LOW_PERCENT))
        return false;
    if (thin_some(recorder))
        return true;
    if (journal_evict(recorder->journal, DELETE_COUNT, &evicted) != ERR_OK || evicted == 0)
        return false;
    recorder->dropped += evicted;
    recorder->gaps_may_wait = true;
    return true;
}

static void keep_size(struct recorder *recorder)
{
    bool more = false;
    bool const due =
        recorder->now.mono_us >= recorder->house_due_mono_us || recorder->records_since_house >= HOUSE_EVERY_RECORDS;
    if (!due || !recorder_lane_ready(recorder, LANE_A) || !recorder_lane_ready(recorder, LANE_T))
        return;
    recorder->records_since_house = 0;
    int64_t const keep_ms = (int64_t)recorder->setup.site->journal.keep_sent_s * 1000;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        more = expire(recorder, lane, recorder->now.utc_ms - keep_ms) || more;
    if (measure(recorder)) {
        recorder->evicting = over(recorder, recorder->evicting ? QUOTA_LOW_PERCENT : QUOTA_HIGH_PERCENT);
        if (recorder->evicting)
            recorder->evicting = shed(recorder);
        more = more || recorder->evicting;
    }
    recorder->house_due_mono_us = recorder->now.mono_us + (more ? RECORDER_SOON_US : HOUSE_EVERY_US);
}

/* --- damaged files --- */

static void put_salvaged(struct recorder *recorder, enum lane lane, const struct journal_salvaged *salvaged)
{
    char detail[160];
    struct text text;
    text_init(&text, detail, sizeof detail);
    text_put_format(&text, "\"what\":\"salvaged\",\"lane\":\"%c\",\"back\":%" PRIu64 ",\"lost\":%" PRIu64,
                    lane_letter(lane), salvaged->back, salvaged->lost);
    log_say(LOG_NOTICE, "recorder",
            "the damaged file of lane %c: %" PRIu64 " records are back, %" PRIu64 " numbers declared",
            lane_letter(lane), salvaged->back, salvaged->lost);
    recorder_put_event(recorder, NOTICE_JOURNAL, detail, recorder->now.utc_ms, recorder->now.synced);
}

/* One small step. It gives up, and declares what is left, rather than push out what is newer. */
static void salvage(struct recorder *recorder, enum lane lane)
{
    struct journal_salvaged salvaged = {.done = false};
    if (!journal_is_salvaging(recorder->journal, lane) || !recorder_lane_ready(recorder, lane) ||
        recorder->now.mono_us < recorder->salvage_due_mono_us[lane])
        return;
    recorder->salvage_due_mono_us[lane] = recorder->now.mono_us + RECORDER_SOON_US;
    bool const give_up = over(recorder, QUOTA_HIGH_PERCENT) || recorder->tight;
    if (journal_salvage(recorder->journal, lane, SALVAGE_COUNT, give_up, &salvaged) != ERR_OK) {
        recorder_failed(recorder, lane);
        return;
    }
    if (salvaged.forbidden) {
        recorder->salvage_due_mono_us[lane] = recorder->now.mono_us + FORBIDDEN_EVERY_US;
        return;
    }
    recorder->gaps_may_wait = true;
    recorder->lanes[lane].written_new = true;
    if (salvaged.done)
        put_salvaged(recorder, lane, &salvaged);
}

/* --- a full disk --- */

static void say_disk(struct recorder *recorder, const char *what, const char *why)
{
    log_say(LOG_ERROR, "recorder", "%s", why);
    recorder_put_journal_event(recorder, what, why);
}

bool recorder_make_room(struct recorder *recorder, enum lane lane)
{
    if (journal_drop_aside(recorder->journal))
        return true;
    if (journal_give_reserve(recorder->journal)) {
        recorder->tight = true;
        recorder->tight_to_say = true;
        recorder->reserve_due_mono_us = recorder->now.mono_us + RESERVE_EVERY_US;
        return true;
    }
    uint64_t evicted = 0;
    if (journal_expire(recorder->journal, lane, recorder_delivered(recorder, lane), INT64_MAX, DELETE_COUNT,
                       &evicted) == ERR_OK &&
        evicted > 0)
        return true;
    if (lane != LANE_T || !journal_is_open(recorder->journal, LANE_T) ||
        journal_evict(recorder->journal, DELETE_COUNT, &evicted) != ERR_OK)
        return false;
    recorder->dropped += evicted;
    recorder->gaps_may_wait = recorder->gaps_may_wait || evicted > 0;
    return evicted > 0;
}

/* The room for the alarms of a full disk is taken when there is plenty, and given back as soon as there is plenty again. */
static void keep_reserve(struct recorder *recorder)
{
    if (recorder->now.mono_us < recorder->reserve_due_mono_us || recorder->spare != NULL ||
        !recorder_lane_ready(recorder, LANE_A))
        return;
    recorder->reserve_due_mono_us = recorder->now.mono_us + RESERVE_EVERY_US;
    bool const kept = journal_keep_reserve(recorder->journal);
    if (recorder->tight && recorder->tight_to_say) {
        recorder->tight_to_say = false;
        say_disk(recorder, "disk_full", RECORDER_DISK_FULL);
    } else if (recorder->tight && kept) {
        recorder->tight = false;
        say_disk(recorder, "disk_free", "the disk has room again");
    }
}

/* --- a disk that failed --- */

void recorder_works_again(struct recorder *recorder, enum lane lane)
{
    int64_t const silent_us = recorder->now.mono_us - recorder->lanes[lane].failed_mono_us;
    if (recorder->lanes[lane].failures > 0 && silent_us >= WORTH_SAYING_US)
        recorder->lanes[lane].silent_us = silent_us;
    recorder->lanes[lane].failures = 0;
}

static void say_back(struct recorder *recorder, enum lane lane)
{
    char detail[320];
    struct text text;
    if (recorder->lanes[lane].silent_us == 0 || !recorder_lane_ready(recorder, LANE_A))
        return;
    text_init(&text, detail, sizeof detail);
    text_put_format(&text, "\"what\":\"resumed\",\"lane\":\"%c\",\"ms\":%" PRId64 ",\"why\":", lane_letter(lane),
                    recorder->lanes[lane].silent_us / 1000);
    text_put_json_string(&text, recorder->lanes[lane].failed_why);
    recorder->lanes[lane].silent_us = 0;
    recorder_put_event(recorder, NOTICE_JOURNAL, text.full ? "\"what\":\"resumed\"" : detail, recorder->now.utc_ms,
                       recorder->now.synced);
}

void recorder_keep_house(struct recorder *recorder)
{
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        say_back(recorder, lane);
    keep_size(recorder);
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        salvage(recorder, lane);
    keep_reserve(recorder);
}

int64_t recorder_house_due_mono_us(const struct recorder *recorder)
{
    int64_t due = CLOCK_NEVER;
    if (!recorder_lane_ready(recorder, LANE_A))
        return due;
    if (recorder_lane_ready(recorder, LANE_T))
        due = recorder->house_due_mono_us;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        if (journal_is_salvaging(recorder->journal, lane) && recorder->salvage_due_mono_us[lane] < due)
            due = recorder->salvage_due_mono_us[lane];
    if (recorder->spare != NULL)
        return recorder->disk_due_mono_us;
    return recorder->reserve_due_mono_us < due ? recorder->reserve_due_mono_us : due;
}
