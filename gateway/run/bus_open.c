#include "gateway/run/bus_private.h"

#include <stdlib.h>

static enum err add_slave(struct bus *bus, struct bus_slave *slave, struct plan_read *reads)
{
    const struct site_slave *site = slave->site;
    slave->points = arena_take(&bus->arena, site->point_count, sizeof *slave->points);
    slave->memory = arena_take(&bus->arena, site->point_count, sizeof *slave->memory);
    if (slave->points == NULL || slave->memory == NULL)
        return ERR_MEMORY;
    struct plan plan;
    enum err err = plan_make(bus->site, site, reads, site->point_count, slave->points, &plan);
    if (err != ERR_OK)
        return err;
    slave->first_read = slave->lost_read = bus->schedule.read_count;
    slave->planned_count = plan.read_count;
    slave->merge_mono_us = CLOCK_NEVER;
    slave->unproved = site->has_identity;
    for (size_t i = 0; i < plan.read_count; i++) {
        size_t const at = bus->schedule.read_count++;
        bus->reads[at] = (struct bus_read){.plan = reads[i]};
        bus->planned[at] = reads[i];
        bus->schedule.reads[at] = (struct schedule_read){
            .slave = (uint16_t)(slave - bus->slaves),
            .poll = reads[i].poll,
            .period_us = (int64_t)site->every_ms[reads[i].poll] * 1000,
        };
        bus_choose_length(bus, at);
    }
    return ERR_OK;
}

static enum err take_memory(struct bus *bus)
{
    const struct site *site = bus->setup.site;
    size_t points_max = 1;
    for (size_t i = 0; i < site->slave_count; i++) {
        if ((size_t)site->slaves[i].bus != bus->setup.bus)
            continue;
        bus->slave_count++;
        bus->read_count_max += site->slaves[i].point_count;
        if (site->slaves[i].point_count > points_max)
            points_max = site->slaves[i].point_count;
    }
    if (bus_stats_open(&bus->stats, &bus->arena, site, bus->setup.bus) != ERR_OK)
        return ERR_MEMORY;
    bus->slaves = arena_take(&bus->arena, bus->slave_count, sizeof *bus->slaves);
    bus->reads = arena_take(&bus->arena, bus->read_count_max, sizeof *bus->reads);
    bus->planned = arena_take(&bus->arena, bus->read_count_max, sizeof *bus->planned);
    bus->schedule.reads = arena_take(&bus->arena, bus->read_count_max, sizeof *bus->schedule.reads);
    bus->schedule.slaves = arena_take(&bus->arena, bus->slave_count, sizeof *bus->schedule.slaves);
    bus->schedule.slave_count = bus->slave_count;
    struct plan_read *scratch = calloc(points_max, sizeof *scratch);
    enum err err = ERR_OK;
    if (bus->slaves == NULL || bus->reads == NULL || bus->planned == NULL || bus->schedule.reads == NULL ||
        bus->schedule.slaves == NULL || scratch == NULL)
        err = ERR_MEMORY;
    size_t at = 0;
    for (size_t i = 0; err == ERR_OK && i < site->slave_count; i++) {
        if ((size_t)site->slaves[i].bus != bus->setup.bus)
            continue;
        bus->slaves[at] = (struct bus_slave){.index = i, .site = &site->slaves[i]};
        err = add_slave(bus, &bus->slaves[at++], scratch);
    }
    bus->planned_count = bus->schedule.read_count;
    free(scratch);
    return err;
}

enum err bus_open(struct bus **ret_bus, const struct bus_setup *setup)
{
    CHECK(setup->bus < setup->site->bus_count);
    struct bus *bus = calloc(1, sizeof *bus);
    if (bus == NULL)
        return ERR_MEMORY;
    bus->setup = *setup;
    bus->site = &setup->site->buses[setup->bus];
    arena_init(&bus->arena, BUS_MEMORY_MAX);
    bus->reopen_wait_us = REOPEN_FIRST_US;
    bus->end_fd = -1;
    enum err err = take_memory(bus);
    if (err != ERR_OK) {
        bus_close(bus);
        return err;
    }
    *ret_bus = bus;
    return ERR_OK;
}

void bus_close(struct bus *bus)
{
    if (bus == NULL)
        return;
    bus->setup.link.ops->close(bus->setup.link.self);
    arena_close(&bus->arena);
    free(bus);
}
