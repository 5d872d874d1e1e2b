/* The flash budget. While the purse is used up telemetry is written into the tail, in memory, and what becomes old there
 * moves to the disk in large groups: as much of it as the purse affords. When it has recovered, or at the end, all of it
 * moves and telemetry is on the disk again before it is sent. In small steps, between which alarms are written. */
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/run/recorder_private.h"

#define BLOCK_COUNT      8192 /* numbers reserved at once: below JOURNAL_SALVAGE_SKIP, and some minutes of a large site */
#define TAIL_BYTES_HIGH  ((uint64_t)8 * 1024 * 1024) /* of payloads; 12 MiB of pages hold them */
#define TAIL_WAIT_US     600000000LL                 /* a power cut loses no more, and the youngest quarter before it */
#define TAIL_SOON_US     10000000LL
#define LOOK_COUNT       400 /* records a step: some milliseconds */
#define FINISH_STEPS_MAX 200 /* of up to JOURNAL_MOVE_KEPT records: more than the tail holds */
#define ALL              1024
/* A moved record is written twice, into the log and into the database, on pages that are nine tenths full; beside the
 * records a move writes some pages of its own, and a note in the other file. */
#define COST_PERCENT 225
#define COST_FIXED   ((uint64_t)64 * 1024)

static const int64_t buckets_ms[] = {60 * 1000, 600 * 1000};

static void say(struct recorder *recorder, const char *what, const char *why)
{
    log_say(LOG_NOTICE, "recorder", "%s", why);
    recorder_put_journal_event(recorder, what, why);
}

/* --- into the tail and out of it --- */

enum lane recorder_into(const struct recorder *recorder, enum lane lane)
{
    return lane == LANE_T && recorder->saving ? LANE_TAIL : lane;
}

enum err recorder_reserve(struct recorder *recorder)
{
    uint64_t const wanted = recorder->lanes[LANE_T].group.last_number;
    return wanted <= journal_reserved(recorder->disk) ? ERR_OK : journal_reserve(recorder->disk, wanted + BLOCK_COUNT);
}

static void lose_tail(struct recorder *recorder)
{
    struct group *group = &recorder->lanes[LANE_T].group;
    if (journal_lose_tail(recorder->disk) != ERR_OK)
        return; /* again at the next failure */
    log_say(LOG_ERROR, "recorder", "telemetry that was kept in memory is lost, and is declared");
    recorder->dropped += group->record_count; /* their numbers are declared too */
    group_reset(group);
    recorder->saving = false;
    recorder->tail.off = true;
    recorder->tail.doing = TAIL_RESTS;
    recorder->gaps_may_wait = true;
    for (size_t i = 0; i < recorder->setup.site->centre_count; i++)
        recorder->cursors[i][LANE_T].dirty = true;
    recorder->cursors_due_mono_us = recorder->now.mono_us;
}

void recorder_tail_failed(struct recorder *recorder, enum err err)
{
    if (err == ERR_DISK_FULL && journal_tail_count(recorder->disk) > 0)
        recorder->tail.hurry = true;
    else if (err == ERR_DISK_FULL || !journal_is_open(recorder->disk, LANE_TAIL))
        lose_tail(recorder);
}

void recorder_tail_soon(struct recorder *recorder)
{
    if (recorder->tail.due_mono_us > recorder->now.mono_us + TAIL_SOON_US)
        recorder->tail.due_mono_us = recorder->now.mono_us + TAIL_SOON_US;
}

static bool wants_to_save(const struct recorder *recorder)
{
    return !recorder->finished && !recorder->tail.off && recorder->setup.site->journal.flash_budget > 0;
}

static void begin_saving(struct recorder *recorder)
{
    enum err const err = journal_reserve(recorder->disk, recorder_next_number(recorder, LANE_T) + BLOCK_COUNT);
    if (err != ERR_OK && journal_is_open(recorder->disk, LANE_TAIL)) {
        recorder_failed(recorder, LANE_T); /* it is the disk's fault */
        return;
    }
    if (err != ERR_OK) {
        recorder->tail.off = true;
        log_say(LOG_WARNING, "recorder", "the flash budget cannot be held: no room for telemetry in /dev/shm");
        return;
    }
    recorder->saving = true;
    recorder->tail.due_mono_us = recorder->now.mono_us + TAIL_WAIT_US;
    say(recorder, "budget_used", "the flash budget is used up: telemetry is sent from memory and written in parts");
}

void recorder_keep_budget(struct recorder *recorder)
{
    struct thrift *thrift = &recorder->thrift;
    recorder_fill_purse(recorder);
    thrift_spend(thrift, journal_take_written(recorder->disk));
    int64_t const wait_us =
        thrift_wait_us(thrift, recorder->now.mono_us, RECORDER_GROUP_WAIT_US, RECORDER_GROUP_MAX_US);
    bool const ready = recorder_lane_ready(recorder, LANE_T);
    if (ready && !recorder->saving && journal_reserved(recorder->disk) > 0) {
        recorder->saving = true; /* a killed process left it so; nor is its purse any fuller for that */
        recorder->tail.due_mono_us = recorder->now.mono_us + TAIL_WAIT_US; /* a centre may be about to come for it */
        thrift_spend(thrift, UINT64_MAX);
    }
    if (ready && !recorder->saving && wants_to_save(recorder) && thrift_is_used_up(thrift))
        begin_saving(recorder);
    bool const waits = recorder->setup.site->journal.flash_budget > 0 && !recorder->saving;
    recorder->group_wait_us = waits ? wait_us : RECORDER_GROUP_WAIT_US;
}

/* --- to the disk --- */

static bool is_leaving(const struct recorder *recorder)
{
    return !wants_to_save(recorder) || thrift_has_recovered(&recorder->thrift);
}

static bool is_due(const struct recorder *recorder)
{
    return is_leaving(recorder) || recorder->tail.hurry || recorder->now.mono_us >= recorder->tail.due_mono_us ||
           journal_tail_bytes(recorder->disk) >= TAIL_BYTES_HIGH ||
           journal_tail_count(recorder->disk) >= THIN_RECORDS_MAX;
}

static uint64_t affordable(const struct recorder *recorder)
{
    uint64_t const saved = thrift_saved(&recorder->thrift);
    return saved > COST_FIXED ? (saved - COST_FIXED) / COST_PERCENT * 100 : 0;
}

static unsigned share_of(uint64_t bytes, uint64_t wanted)
{
    return bytes >= wanted ? ALL : (unsigned)(bytes * ALL / wanted);
}

/* What moves: what every centre has; if that is little, the oldest three quarters. */
static void begin_move(struct recorder *recorder)
{
    uint64_t const count = journal_tail_count(recorder->disk);
    uint64_t const last = journal_last(recorder->disk, LANE_T);
    uint64_t const first = last - count + 1;
    uint64_t const delivered = recorder_delivered(recorder, LANE_T);
    uint64_t upto = is_leaving(recorder) ? last : first + count / 4 * 3;
    if (upto < delivered)
        upto = delivered;
    if (upto > last)
        upto = last;
    if (upto >= first + THIN_RECORDS_MAX)
        upto = first + THIN_RECORDS_MAX - 1;
    uint64_t const bytes = journal_tail_bytes(recorder->disk) * (upto - first + 1) / count;
    struct tail_move *move = &recorder->tail.move;
    *move = (struct tail_move){.upto = upto, .next = first, .bytes = bytes, .share = ALL, .keep_from = UINT64_MAX};
    recorder->tail.doing = TAIL_MOVES;
    if (recorder->finished) { /* no time to look at it, and what a centre still wants is not thinned */
        move->keep_from = delivered + 1;
        move->share = share_of(affordable(recorder), bytes);
    } else if (bytes > affordable(recorder) && !is_leaving(recorder)) {
        thin_begin(&recorder->tail.thin, buckets_ms[recorder->tail.bucket]);
        move->thinned = true;
        recorder->tail.doing = TAIL_LOOKS;
    }
}

/* How much of what is kept can be written; the buckets of the next move follow from it. */
static void end_look(struct recorder *recorder)
{
    struct tail_move *move = &recorder->tail.move;
    size_t const count = recorder->tail.thin.count;
    uint64_t kept = 0;
    for (size_t i = 0; i < count; i++)
        kept += thin_keeps(&recorder->tail.thin, i) ? 1 : 0;
    uint64_t const wanted = count > 0 ? move->bytes * kept / count : 0;
    uint64_t const bytes = affordable(recorder);
    move->share = share_of(bytes, wanted);
    if (move->share < ALL / 2 && recorder->tail.bucket + 1 < sizeof buckets_ms / sizeof *buckets_ms)
        recorder->tail.bucket++;
    else if (wanted * 4 < bytes && recorder->tail.bucket > 0)
        recorder->tail.bucket--;
    recorder->tail.doing = TAIL_MOVES;
}

static void look(struct recorder *recorder)
{
    struct tail_move *move = &recorder->tail.move;
    enum err err =
        journal_look_at_tail(recorder->disk, move->next, move->upto, LOOK_COUNT, &recorder->tail.thin, &move->next);
    if (err != ERR_OK)
        recorder_tail_failed(recorder, err);
    else if (move->next > move->upto)
        end_look(recorder);
}

static uint64_t reserve_now(const struct recorder *recorder, uint64_t last)
{
    uint64_t const reserved = journal_reserved(recorder->disk);
    return reserved > last + BLOCK_COUNT / 2 ? reserved : last + BLOCK_COUNT;
}

/* One transaction; with `reserve` 0 the tail is left. */
static bool move_some(struct recorder *recorder, uint64_t reserve)
{
    struct tail_move *move = &recorder->tail.move;
    struct journal_moved moved = {.looked_at = 0};
    struct journal_moving const how = {.upto = move->upto,
                                       .thin = move->thinned ? &recorder->tail.thin : NULL,
                                       .thin_index = move->thin_index,
                                       .share = move->share,
                                       .keep_from = move->keep_from,
                                       .delivered = recorder_delivered(recorder, LANE_T),
                                       .reserve = reserve};
    enum err err = journal_move_tail(recorder->disk, &how, &moved);
    if (err == ERR_DISK_FULL && recorder_make_room(recorder, LANE_T))
        err = journal_move_tail(recorder->disk, &how, &moved);
    recorder->dropped += moved.declared;
    recorder->gaps_may_wait = true;
    if (err == ERR_OK) {
        move->thin_index += moved.looked_at;
        return true;
    }
    if (!journal_is_open(recorder->disk, LANE_TAIL))
        lose_tail(recorder);
    recorder_failed(recorder, LANE_T);
    return false;
}

static void end_move(struct recorder *recorder)
{
    recorder->tail.doing = TAIL_RESTS;
    recorder->tail.hurry = false;
    recorder->tail.due_mono_us = recorder->now.mono_us + TAIL_WAIT_US;
}

static void move_on(struct recorder *recorder)
{
    uint64_t const last = journal_last(recorder->disk, LANE_T);
    if (move_some(recorder, reserve_now(recorder, last)) &&
        last - journal_tail_count(recorder->disk) >= recorder->tail.move.upto)
        end_move(recorder);
}

static void leave(struct recorder *recorder)
{
    recorder->tail.move = (struct tail_move){.upto = journal_last(recorder->disk, LANE_T), .share = ALL};
    if (!move_some(recorder, 0))
        return;
    recorder->saving = false;
    if (!recorder->finished)
        say(recorder, "budget_free", "telemetry is on the disk before it is sent again");
}

static void tend_once(struct recorder *recorder)
{
    bool const is_empty = journal_tail_count(recorder->disk) == 0;
    if (is_empty)
        end_move(recorder);
    switch (recorder->tail.doing) {
    case TAIL_RESTS:
        if (!is_empty && is_due(recorder))
            begin_move(recorder);
        else if (is_empty && is_leaving(recorder))
            leave(recorder);
        break;
    case TAIL_LOOKS:
        look(recorder);
        break;
    case TAIL_MOVES:
        move_on(recorder);
        break;
    }
}

void recorder_tend_tail(struct recorder *recorder)
{
    int const steps = recorder->finished ? FINISH_STEPS_MAX : 1;
    if (recorder->finished)
        recorder->tail.doing = TAIL_RESTS; /* a move that is under way would thin */
    for (int i = 0; i < steps && recorder->saving && recorder_lane_ready(recorder, LANE_T); i++)
        tend_once(recorder);
}

int64_t recorder_tail_due_mono_us(const struct recorder *recorder)
{
    if (!recorder->saving || !recorder_lane_ready(recorder, LANE_T))
        return CLOCK_NEVER;
    bool const busy = recorder->tail.doing != TAIL_RESTS || is_leaving(recorder) || recorder->tail.hurry;
    return busy ? recorder->now.mono_us + RECORDER_SOON_US : recorder->tail.due_mono_us;
}
