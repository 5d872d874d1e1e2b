#include "gateway/core/schedule.h"

#include "gateway/base/check.h"

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

bool schedule_is_dead(const struct schedule_slave *slave)
{
    return slave->failures >= SCHEDULE_DEAD_FAILURES;
}

static bool anybody_answers(const struct schedule *schedule)
{
    for (size_t i = 0; i < schedule->slave_count; i++)
        if (schedule->slaves[i].failures == 0)
            return true;
    return false;
}

/* How long a read of this class may give way to safety reads. */
static int64_t patience_us(const struct schedule_read *read)
{
    static const int64_t most[POLL_CLASS_COUNT] = {[POLL_SAFETY] = 0, [POLL_NORMAL] = 1000000, [POLL_SLOW] = 5000000};
    int64_t patience = most[read->poll];
    return read->period_us > 0 ? earlier(patience, read->period_us) : patience;
}

/* Not before its tick, its slave's rest, and the share of the dead. */
static int64_t ready_at(const struct schedule *schedule, const struct schedule_read *read, bool dead_share)
{
    const struct schedule_slave *slave = &schedule->slaves[read->slave];
    int64_t at = later(read->due_mono_us, slave->not_before_mono_us);
    if (dead_share && schedule_is_dead(slave))
        at = later(at, schedule->dead_not_before_mono_us);
    return at;
}

struct schedule_choice schedule_choose(const struct schedule *schedule, int64_t mono_us)
{
    struct schedule_choice choice = {.next_mono_us = SCHEDULE_NEVER};
    int64_t best = SCHEDULE_NEVER;
    bool const dead_share = anybody_answers(schedule);
    for (size_t i = 0; i < schedule->read_count; i++) {
        const struct schedule_read *read = &schedule->reads[i];
        int64_t ready = ready_at(schedule, read, dead_share);
        if (ready > mono_us) {
            choice.next_mono_us = earlier(choice.next_mono_us, ready);
            continue;
        }
        const struct schedule_slave *slave = &schedule->slaves[read->slave];
        bool const suspect = slave->suspect;
        int64_t key =
            (suspect ? slave->not_before_mono_us : read->due_mono_us) + patience_us(read); /* they take turns */
        if (key < best) {
            best = key;
            choice.found = true;
            choice.read = i;
            choice.probe = suspect;
        }
    }
    return choice;
}

void schedule_served(struct schedule *schedule, size_t read, int64_t mono_us)
{
    struct schedule_read *served = &schedule->reads[read];
    served->served = true;
    if (served->period_us > 0)
        served->due_mono_us = (mono_us / served->period_us + 1) * served->period_us;
    else
        served->due_mono_us = mono_us;
}

static void all_due(struct schedule *schedule, size_t slave, int64_t mono_us)
{
    for (size_t i = 0; i < schedule->read_count; i++)
        if (schedule->reads[i].slave == slave)
            schedule->reads[i].due_mono_us = earlier(schedule->reads[i].due_mono_us, mono_us);
}

void schedule_answered(struct schedule *schedule, size_t slave, int64_t mono_us)
{
    struct schedule_slave *state = &schedule->slaves[slave];
    if (state->failures > 0)
        all_due(schedule, slave, mono_us);
    state->failures = 0;
    state->suspect = false;
    state->not_before_mono_us = mono_us;
}

void schedule_silent(struct schedule *schedule, size_t slave, int64_t mono_us, int64_t timeout_us, int64_t cost_us)
{
    struct schedule_slave *state = &schedule->slaves[slave];
    bool const was_dead = schedule_is_dead(state);
    if (state->failures < UINT32_MAX)
        state->failures++;
    int64_t const steps = earlier(state->failures, SCHEDULE_BACKOFF_MAX / SCHEDULE_BACKOFF_US);
    int64_t const rest = later(steps * SCHEDULE_BACKOFF_US, later(SCHEDULE_SUSPECT_US, 2 * timeout_us));
    state->suspect = true;
    state->not_before_mono_us = mono_us + rest;
    if (was_dead)
        schedule->dead_not_before_mono_us =
            later(schedule->dead_not_before_mono_us, mono_us + SCHEDULE_DEAD_SHARE * cost_us);
}

void schedule_garbled(struct schedule *schedule, size_t slave)
{
    schedule->slaves[slave].suspect = true;
}

void schedule_restart(struct schedule *schedule, int64_t mono_us)
{
    schedule->dead_not_before_mono_us = mono_us;
    for (size_t i = 0; i < schedule->slave_count; i++)
        schedule->slaves[i] = (struct schedule_slave){.not_before_mono_us = mono_us};
    for (size_t i = 0; i < schedule->read_count; i++) {
        schedule->reads[i].due_mono_us = mono_us;
        schedule->reads[i].served = false;
    }
}

bool schedule_cycle_ended(struct schedule *schedule, size_t slave, int64_t mono_us)
{
    for (size_t i = 0; i < schedule->read_count; i++) {
        const struct schedule_read *read = &schedule->reads[i];
        if (read->slave == slave && !read->served && read->due_mono_us <= mono_us)
            return false;
    }
    for (size_t i = 0; i < schedule->read_count; i++)
        if (schedule->reads[i].slave == slave)
            schedule->reads[i].served = false;
    return true;
}
