#include "gateway/run/bus_stats.h"

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/model/line.h"

#define MEAN_SHIFT 3 /* an achieved period is the mean of about the last 8 */

static void no_polls(struct tally_poll polls[static POLL_CLASS_COUNT])
{
    for (size_t i = 0; i < POLL_CLASS_COUNT; i++)
        polls[i] = (struct tally_poll){.planned_us = -1, .achieved_us = -1, .age_us = -1, .slave = -1};
}

enum err bus_stats_open(struct bus_stats *stats, struct arena *arena, const struct site *site, size_t bus)
{
    size_t count = 0;
    for (size_t i = 0; i < site->slave_count; i++)
        count += (size_t)site->slaves[i].bus == bus ? 1 : 0;
    *stats = (struct bus_stats){.site = &site->buses[bus], .bus = bus};
    stats->slaves = arena_take(arena, count, sizeof *stats->slaves);
    if (stats->slaves == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < site->slave_count; i++) {
        if ((size_t)site->slaves[i].bus != bus)
            continue;
        struct bus_stats_slave *slave = &stats->slaves[stats->slave_count++];
        slave->index = i;
        slave->unit = site->slaves[i].unit;
        no_polls(slave->board.polls);
    }
    no_polls(stats->board.polls);
    stats->board.load_permille = stats->board.wire_permille = -1;
    return ERR_OK;
}

void bus_stats_opened(struct bus_stats *stats)
{
    stats->board.open = 1;
    stats->board.reopened++;
    stats->board.trouble[0] = '\0';
}

void bus_stats_closed(struct bus_stats *stats, const char *why)
{
    stats->board.open = 0;
    if (why != NULL)
        text_copy(stats->board.trouble, sizeof stats->board.trouble, why);
}

void bus_stats_begun(struct bus_stats *stats, size_t slave, bool write, struct now now)
{
    CHECK(slave < stats->slave_count);
    stats->slave = slave;
    stats->begun_mono_us = now.mono_us;
    stats->board.tally.requests++;
    stats->slaves[slave].board.tally.requests++;
    stats->board.tally.writes += write ? 1 : 0;
    stats->slaves[slave].board.tally.writes += write ? 1 : 0;
}

/* A frame nobody asked for now: from a slave that owes an answer it is that answer, late. */
static bool take_late(struct bus_stats *stats, uint8_t unit)
{
    for (size_t i = 0; i < stats->slave_count; i++) {
        struct bus_stats_slave *slave = &stats->slaves[i];
        if (slave->unit != unit || !slave->owes)
            continue;
        slave->owes = false;
        slave->board.late = BOARD_LATE;
        slave->board.tally.late++;
        stats->board.tally.late++;
        return true;
    }
    return false;
}

static void count_seen(struct bus_stats *stats, struct tally *slave, const struct link_reply *reply)
{
    uint32_t foreign = reply->foreign;
    for (uint32_t i = 0; i < reply->foreign && i < LINK_FOREIGN_UNITS; i++)
        foreign -= take_late(stats, reply->foreign_units[i]) ? 1 : 0;
    struct tally *both[] = {slave, &stats->board.tally};
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        both[i]->foreign += foreign;
        both[i]->crc += reply->crc;
        both[i]->echo += reply->echo;
        both[i]->characters += reply->characters;
    }
}

static void count_outcome(struct tally *counts, enum err err, bool good, uint8_t exception)
{
    if (good) {
        counts->good++;
    } else if (err == ERR_EXCEPTION) {
        counts->exceptions++;
        counts->by_code[exception < TALLY_CODES ? exception : 0]++;
    } else if (err == ERR_TIMEOUT) {
        counts->timeouts++;
    } else if (err == ERR_GARBLED) {
        counts->garbled++;
    } else {
        counts->lost++;
    }
}

static void took(struct bus_stats_slave *slave, const struct link_reply *reply, struct now now)
{
    int64_t const rtt_us = reply->done_mono_us - reply->sent_mono_us;
    spread_add(&slave->rtt, rtt_us);
    slave->fresh = true;
    slave->board.rtt_us = rtt_us > 0 ? (uint32_t)rtt_us : 0;
    slave->board.good_mono_us = now.mono_us;
    slave->board.failures = 0;
    slave->board.late = 0;
    slave->owes = false;
}

static void failed(struct bus_stats_slave *slave, enum err err)
{
    if (slave->owes && slave->board.late > 0)
        slave->board.late--;
    slave->owes = true;
    slave->board.garbled = err == ERR_GARBLED ? 1 : 0;
    if (slave->board.failures < UINT16_MAX)
        slave->board.failures++;
}

void bus_stats_ended(struct bus_stats *stats, enum err err, bool probe, const struct link_reply *reply, struct now now)
{
    struct bus_stats_slave *slave = &stats->slaves[stats->slave];
    bool const answered = err == ERR_OK || err == ERR_EXCEPTION;
    bool const good = err == ERR_OK || (err == ERR_EXCEPTION && probe);
    stats->board.busy_us += (uint64_t)(now.mono_us - stats->begun_mono_us);
    count_seen(stats, &slave->board.tally, reply);
    count_outcome(&slave->board.tally, err, good, reply->exception);
    count_outcome(&stats->board.tally, err, good, reply->exception);
    if (answered)
        took(slave, reply, now);
    if (err == ERR_TIMEOUT || err == ERR_GARBLED)
        failed(slave, err);
    if (err == ERR_EXCEPTION && !probe) {
        slave->board.last_exception = reply->exception;
        slave->board.exception_mono_us = now.mono_us;
    }
}

void bus_stats_read(struct bus_stats *stats, size_t slave, enum poll_class poll, bool first, int64_t *good_mono_us,
                    struct now now)
{
    struct bus_stats_slave *at = &stats->slaves[slave];
    int64_t *achieved_us = &at->board.polls[poll].achieved_us;
    if (*good_mono_us > at->appeared_mono_us) {
        int64_t const period_us = now.mono_us - *good_mono_us;
        *achieved_us = *achieved_us < 0 ? period_us : *achieved_us + (period_us - *achieved_us) / (1 << MEAN_SHIFT);
    }
    *good_mono_us = now.mono_us;
    if (!first)
        return;
    stats->board.cycle_us = stats->cycle_mono_us > 0 ? now.mono_us - stats->cycle_mono_us : 0;
    stats->cycle_mono_us = now.mono_us;
}

void bus_stats_answering(struct bus_stats *stats, size_t slave, bool answering, struct now now)
{
    struct bus_stats_slave *at = &stats->slaves[slave];
    if (answering && at->board.answering == 0)
        at->appeared_mono_us = now.mono_us;
    at->board.answering = answering ? 1 : 0;
}

void bus_stats_stranger(struct bus_stats *stats, size_t slave, bool stranger, int64_t found)
{
    stats->slaves[slave].board.stranger = stranger ? 1 : 0;
    stats->slaves[slave].board.stranger_found = stranger ? found : 0;
}

void bus_stats_timeout(struct bus_stats *stats, size_t slave, uint32_t timeout_ms)
{
    stats->slaves[slave].board.timeout_ms = timeout_ms;
}

/* Showing. */

void bus_stats_show_begin(struct bus_stats *stats)
{
    for (size_t i = 0; i < stats->slave_count; i++) {
        struct board_slave *slave = &stats->slaves[i].board;
        slave->refusal_count = 0;
        for (size_t poll = 0; poll < POLL_CLASS_COUNT; poll++)
            slave->polls[poll].age_us = -1;
    }
}

void bus_stats_show_read(struct bus_stats *stats, size_t slave, enum poll_class poll, int64_t period_us,
                         int64_t good_mono_us, struct now now)
{
    struct tally_poll *class = &stats->slaves[slave].board.polls[poll];
    class->planned_us = period_us;
    if (good_mono_us > 0 && now.mono_us - good_mono_us > class->age_us)
        class->age_us = now.mono_us - good_mono_us;
}

void bus_stats_show_refused(struct bus_stats *stats, size_t slave, const struct board_refusal *refusal)
{
    struct board_slave *at = &stats->slaves[slave].board;
    if (at->refusal_count < BOARD_REFUSALS_MAX)
        at->refusals[at->refusal_count] = *refusal;
    at->refusal_count++;
}

/* Worse: further behind its plan; flat out: slower. */
static bool is_worse(const struct tally_poll *a, const struct tally_poll *b)
{
    if (b->achieved_us < 0)
        return true;
    int64_t const planned_a = a->planned_us > 0 ? a->planned_us : 1;
    int64_t const planned_b = b->planned_us > 0 ? b->planned_us : 1;
    return (double)a->achieved_us / (double)planned_a > (double)b->achieved_us / (double)planned_b;
}

static void fill_polls(struct bus_stats *stats)
{
    no_polls(stats->board.polls);
    for (size_t i = 0; i < stats->slave_count; i++) {
        const struct bus_stats_slave *slave = &stats->slaves[i];
        for (size_t poll = 0; poll < POLL_CLASS_COUNT; poll++) {
            const struct tally_poll *own = &slave->board.polls[poll];
            struct tally_poll *worst = &stats->board.polls[poll];
            if (slave->board.answering == 0 || slave->board.stranger != 0 || own->planned_us < 0)
                continue;
            if (own->age_us > worst->age_us)
                worst->age_us = own->age_us;
            if (!is_worse(own, worst))
                continue;
            worst->planned_us = own->planned_us;
            worst->achieved_us = own->achieved_us;
            worst->slave = (int32_t)slave->index;
        }
    }
}

static int32_t permille(uint64_t part_us, int64_t whole_us)
{
    int64_t const share = (int64_t)part_us * 1000 / whole_us;
    return share > 1000 ? 1000 : (int32_t)share; /* what began in the window before may end in this one */
}

static void fill_load(struct bus_stats *stats, struct now now)
{
    int64_t const elapsed_us = now.mono_us - stats->window_mono_us;
    uint64_t const characters = stats->board.tally.characters - stats->window_characters;
    if (stats->window_mono_us != 0 && elapsed_us < BUS_STATS_WINDOW_US)
        return;
    if (stats->window_mono_us != 0) {
        stats->board.load_permille = permille(stats->board.busy_us - stats->window_busy_us, elapsed_us);
        if (stats->site->kind != LINK_TCP && stats->site->baud > 0)
            stats->board.wire_permille =
                permille(characters * line_character_bits(stats->site) * 1000000 / stats->site->baud, elapsed_us);
    }
    stats->window_mono_us = now.mono_us;
    stats->window_busy_us = stats->board.busy_us;
    stats->window_characters = stats->board.tally.characters;
}

void bus_stats_show_end(struct bus_stats *stats, struct board *board, struct now now)
{
    fill_polls(stats);
    fill_load(stats, now);
    board_put_bus(board, stats->bus, &stats->board);
    for (size_t i = 0; i < stats->slave_count; i++) {
        struct bus_stats_slave *slave = &stats->slaves[i];
        if (slave->fresh) {
            slave->board.rtt_p50_us = spread_quantile(&slave->rtt, 500);
            slave->board.rtt_p99_us = spread_quantile(&slave->rtt, 990);
            slave->fresh = false;
        }
        board_put_slave(board, slave->index, &slave->board);
    }
}
