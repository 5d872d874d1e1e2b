/* What the last runs of the buses mean: for a safety reading, for a device, for an interlock. */
#include "gateway/core/forecast.h"

#include "gateway/core/forecast_private.h"

const struct forecast_read *forecast_oldest(const struct forecast_bus *forecast, bool *ret_late)
{
    const struct forecast_read *oldest = NULL;
    double worst = 0;
    for (size_t i = 0; i < forecast->read_count; i++) {
        const struct forecast_read *read = &forecast->reads[i];
        int64_t const wanted_us = FORECAST_AGE_PERIODS * read->period_us;
        int64_t const most_us = wanted_us > 0 ? earlier(wanted_us, FORECAST_AGE_MAX_US) : FORECAST_AGE_MAX_US;
        double const share = (double)read->age_us / (double)most_us;
        if (read->plan.poll != POLL_SAFETY || forecast->slaves[read->slave].dead || (oldest != NULL && share <= worst))
            continue;
        oldest = read;
        worst = share;
    }
    *ret_late = worst > 1;
    return oldest;
}

int64_t forecast_period_us(const struct forecast_bus *buses, const struct site_device *device)
{
    int64_t shortest_us = 0;
    for (size_t i = 0; i < device->slave_count; i++) {
        const struct forecast_bus *forecast = &buses[buses->site->slaves[device->slaves[i]].bus];
        for (size_t j = 0; j < forecast->read_count; j++) {
            const struct forecast_read *read = &forecast->reads[j];
            if (forecast->slaves[read->slave].index == (size_t)device->slaves[i] && read->every_us > 0 &&
                (shortest_us == 0 || read->every_us < shortest_us))
                shortest_us = read->every_us;
        }
    }
    return shortest_us;
}

static bool has_point(const struct forecast_read *read, int32_t point)
{
    for (size_t i = 0; i < read->plan.point_count; i++)
        if (read->points[i] == point)
            return true;
    return false;
}

/* `point` -1: any safety point of the slave, any point where it has none. -1: dead, or never read. */
static int64_t age_on_slave(const struct forecast_bus *buses, const struct site *site, int32_t slave, int32_t point)
{
    const struct forecast_bus *forecast = &buses[site->slaves[slave].bus];
    int64_t oldest_us[2] = {-1, -1};
    for (size_t i = 0; i < forecast->read_count; i++) {
        const struct forecast_read *read = &forecast->reads[i];
        const struct forecast_slave *of = &forecast->slaves[read->slave];
        if (of->index != (size_t)slave || of->dead || (point >= 0 && !has_point(read, point)))
            continue;
        int const safety = read->plan.poll == POLL_SAFETY ? 1 : 0;
        oldest_us[safety] = later(oldest_us[safety], read->age_us);
    }
    return oldest_us[1] >= 0 ? oldest_us[1] : oldest_us[0];
}

/* A derived point is as old as what its device is read by. */
static int64_t age_of_rule(const struct forecast_bus *buses, const struct site *site, const struct rule *rule)
{
    const struct site_device *device = &site->devices[site->subjects[rule->subject].index];
    int64_t age_us = -1;
    if (rule->point < 0)
        return -1;
    const struct device_point *point = &device->points[rule->point];
    if (point->slave >= 0)
        return age_on_slave(buses, site, point->slave, point->slave_point);
    for (size_t i = 0; i < device->slave_count; i++)
        age_us = later(age_us, age_on_slave(buses, site, device->slaves[i], -1));
    return age_us;
}

static void find_slowest(const struct forecast_bus *buses, const struct site *site,
                         const struct site_interlock *interlock, struct forecast_trip *trip)
{
    for (size_t i = 0; i < interlock->rule_count; i++) {
        if (interlock->rules[i] < 0)
            continue;
        const struct rule *rule = &site->rules[interlock->rules[i]];
        int64_t const age_us = age_of_rule(buses, site, rule);
        int64_t const delay_us = (int64_t)rule->on_delay_ms * 1000;
        if (age_us < 0 || (trip->found && age_us + delay_us <= trip->age_us + trip->delay_us))
            continue;
        *trip =
            (struct forecast_trip){.found = true, .rule = interlock->rules[i], .age_us = age_us, .delay_us = delay_us};
    }
}

/* What all interlocks that may trip together with this one write on the bus. */
static int64_t write_count(const struct site *site, const struct site_interlock *interlock, int32_t bus)
{
    int64_t count = 0;
    for (size_t i = 0; i < site->interlock_count; i++) {
        const struct site_interlock *other = &site->interlocks[i];
        if (other->zone != interlock->zone || other->device != interlock->device)
            continue;
        for (size_t j = 0; j < other->action_count; j++)
            count += site->slaves[other->actions[j].slave].bus == bus ? 1 : 0;
    }
    return count;
}

struct forecast_trip forecast_trip(const struct forecast_bus *buses, size_t interlock)
{
    struct forecast_trip trip = {.rule = -1};
    const struct site *site = buses->site;
    const struct site_interlock *of = &site->interlocks[interlock];
    find_slowest(buses, site, of, &trip);
    for (size_t i = 0; trip.found && i < of->action_count; i++) {
        int32_t const bus = site->slaves[of->actions[i].slave].bus;
        const struct forecast_bus *to = &buses[bus];
        int64_t const seen_us = trip.age_us + trip.delay_us;
        int64_t const before_us = to->longest_us + (write_count(site, of, bus) - 1) * (to->write_us + to->read_back_us);
        trip.wait_us = later(trip.wait_us, before_us);
        trip.wire_us = later(trip.wire_us, seen_us + before_us + to->write_wire_us);
        trip.back_us = later(trip.back_us, seen_us + before_us + to->write_us + to->read_back_us);
    }
    return trip;
}
