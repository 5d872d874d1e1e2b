#include "gateway/site/deadlines.h"

#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"

#define CODE_BEGINS "deadline_"

static enum err forecast_one(const struct site *site, size_t bus, const struct forecast_basis *basis,
                             struct arena *arena, struct forecast_bus *ret_forecast)
{
    size_t const points = forecast_point_count(site, bus);
    size_t const slaves = forecast_slave_count(site, bus);
    struct forecast_memory const memory = {
        .reads = arena_take(arena, points, sizeof *memory.reads),
        .points = arena_take(arena, points, sizeof *memory.points),
        .plan = arena_take(arena, points, sizeof *memory.plan),
        .schedule_reads = arena_take(arena, points, sizeof *memory.schedule_reads),
        .slaves = arena_take(arena, slaves, sizeof *memory.slaves),
        .schedule_slaves = arena_take(arena, slaves, sizeof *memory.schedule_slaves),
    };
    if (memory.reads == NULL || memory.points == NULL || memory.plan == NULL || memory.schedule_reads == NULL ||
        memory.slaves == NULL || memory.schedule_slaves == NULL)
        return ERR_MEMORY;
    return forecast_make(site, bus, basis, &memory, ret_forecast);
}

enum err deadlines_forecast(const struct site *site, const struct forecast_basis *basis, struct arena *arena,
                            struct forecast_bus **ret_buses)
{
    static const struct forecast_basis usual = FORECAST_BASIS_DEFAULT;
    struct forecast_bus *buses = arena_take(arena, site->bus_count, sizeof *buses);
    enum err err = buses == NULL ? ERR_MEMORY : ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < site->bus_count; i++)
        err = forecast_one(site, i, basis != NULL ? basis : &usual, arena, &buses[i]);
    if (err == ERR_OK)
        *ret_buses = buses;
    return err;
}

bool deadlines_is_one(const struct complaint *complaint)
{
    return strncmp(complaint->code, CODE_BEGINS, sizeof CODE_BEGINS - 1) == 0;
}

/* --- the lints -------------------------------------------------------------------------------------------------------- */

static struct words words_time(struct loader *l, int64_t us)
{
    return us < 1000000 ? words_format(l->complaints, "%lldms", (long long)((us + 999) / 1000))
                        : words_format(l->complaints, "%.3gs", (double)us / 1e6);
}

static void lint_load(struct loader *l, const struct forecast_bus *forecast, size_t bus)
{
    if (forecast->load > 1)
        complain_node(l->complaints, l->raw.buses[bus].node, ON_VALUE, S_DEADLINE_LOAD,
                      WORDS(words_format(l->complaints, "%.0f", forecast->load * 100)));
}

/* Of a bus only the worst is told: what helps it helps the others. */
static void lint_age(struct loader *l, const struct forecast_bus *forecast)
{
    bool late;
    const struct forecast_read *read = forecast_oldest(forecast, &late);
    if (read == NULL || !late)
        return;
    size_t const slave = forecast->slaves[read->slave].index;
    const struct slave_point *point = &l->slaves[slave].points[read->points[0]];
    int64_t const wanted_us = FORECAST_AGE_PERIODS * read->period_us;
    int64_t const most_us = wanted_us > 0 && wanted_us < FORECAST_AGE_MAX_US ? wanted_us : FORECAST_AGE_MAX_US;
    complain_node(l->complaints, place_of(l->build_slaves[slave].raw->node, "every"), ON_VALUE, S_DEADLINE_AGE,
                  WORDS(words_quote(l->complaints, point->id), words_time(l, read->age_us), words_time(l, most_us),
                        words_quote(l->complaints, forecast->bus->id),
                        words_duration(l->complaints, read->period_us / 1000)));
}

static void lint_watchdogs(struct loader *l, const struct forecast_bus *forecast)
{
    for (size_t i = 0; i < forecast->slave_count; i++) {
        size_t const index = forecast->slaves[i].index;
        const struct site_slave *slave = &l->slaves[index];
        int64_t const gap_us = forecast_heartbeat_us(forecast, &forecast->slaves[i]);
        if (slave->watchdog_ms == 0 || slave->heartbeat_ms >= slave->watchdog_ms ||
            gap_us <= (int64_t)slave->watchdog_ms * 1000)
            continue;
        complain_node(l->complaints, place_of(l->build_slaves[index].raw->node, "heartbeat"), ON_VALUE,
                      S_DEADLINE_HEARTBEAT,
                      WORDS(words_quote(l->complaints, forecast->bus->id), words_time(l, gap_us),
                            words_duration(l->complaints, slave->watchdog_ms)));
    }
}

static void lint_trip(struct loader *l, const struct forecast_bus *buses, size_t interlock)
{
    struct forecast_trip const trip = forecast_trip(buses, interlock);
    if (trip.found && trip.wire_us > FORECAST_TRIP_MAX_US)
        complain_node(l->complaints, l->raw.interlocks[interlock].node, ON_VALUE, S_DEADLINE_TRIP,
                      WORDS(words_quote(l->complaints, l->rules[trip.rule].id), words_time(l, trip.wire_us),
                            words_time(l, FORECAST_TRIP_MAX_US), words_time(l, trip.age_us),
                            words_time(l, trip.delay_us)));
}

void lint_deadlines(struct loader *l)
{
    struct forecast_bus *buses = NULL;
    if (deadlines_forecast(l->site, l->basis, &l->scratch, &buses) != ERR_OK)
        return; /* only a lint: what it would need its memory for is not missing anywhere else */
    for (size_t i = 0; i < l->site->bus_count; i++) {
        lint_load(l, &buses[i], i);
        lint_age(l, &buses[i]);
        lint_watchdogs(l, &buses[i]);
    }
    for (size_t i = 0; i < l->site->interlock_count; i++)
        lint_trip(l, buses, i);
}
