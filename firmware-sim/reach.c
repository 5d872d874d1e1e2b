#include "firmware-sim/reach.h"

#include <math.h>

#include "firmware-sim/world.h"

static bool is_watched(const struct site_valve *valve, size_t device)
{
    return site_lists(valve->devices, valve->device_count, device);
}

/* --- who is fed by which valve --- */

static bool hangs_on(const struct site *site, const struct site_device *device, size_t bus)
{
    for (size_t i = 0; i < device->signal_count; i++) {
        if (site->slaves[device->signals[i].slave].bus == bus)
            return true;
    }
    return false;
}

static size_t count_gas_valves(const struct site *site)
{
    size_t count = 0;
    for (size_t i = 0; i < site->valve_count; i++)
        count += site->valves[i].stays ? 1U : 0U;
    return count;
}

static bool is_named(const struct site *site, size_t device)
{
    for (size_t i = 0; i < site->valve_count; i++) {
        if (site->valves[i].stays && is_watched(&site->valves[i], device))
            return true;
    }
    return false;
}

static bool feeds(const struct world *world, size_t index, size_t device)
{
    const struct site *site = world->site;
    const struct site_valve *valve = &site->valves[index];
    if (!valve->stays || is_named(site, device))
        return valve->stays && is_watched(valve, device);
    if (!world->devices[device].kind->uses_gas)
        return false;
    return count_gas_valves(site) == 1 ||
           hangs_on(site, &site->devices[device], site->slaves[valve->command.slave].bus);
}

static bool supply_open(const struct world *world, size_t device)
{
    size_t devices = world->site->device_count;
    for (size_t i = 0; i < world->site->valve_count; i++) {
        if (world->reach.feeds[i * devices + device] && valve_is_closed(&world->valves[i].valve))
            return false;
    }
    return true;
}

/* --- rooms --- */

static struct room *room_of_watched(const struct world *world, size_t device)
{
    const struct site *site = world->site;
    for (size_t i = 0; i < site->zone_count; i++) {
        if (site_lists(site->zones[i].devices, site->zones[i].device_count, device))
            return &world->reach.rooms[i];
    }
    for (size_t i = 0; i < site->valve_count; i++) {
        if (site->valves[i].stays && is_watched(&site->valves[i], device))
            return &world->reach.rooms[site->zone_count + i];
    }
    return NULL;
}

static struct room *find_room(const struct world *world, size_t device)
{
    const struct site *site = world->site;
    struct room *room = room_of_watched(world, device);
    for (size_t i = 0; i < site->valve_count && room == NULL; i++) {
        if (world->reach.feeds[i * site->device_count + device] && site->valves[i].device_count > 0)
            room = room_of_watched(world, site->valves[i].devices[0]);
    }
    return room;
}

/* --- panels --- */

static bool shares_slave(const struct site_device *a, const struct site_device *b)
{
    for (size_t i = 0; i < a->signal_count; i++) {
        for (size_t k = 0; k < b->signal_count; k++) {
            if (a->signals[i].slave == b->signals[k].slave)
                return true;
        }
    }
    return false;
}

static size_t find_panel(const struct world *world, size_t device)
{
    const struct site *site = world->site;
    for (size_t i = 0; i < site->device_count && world->devices[device].kind->tell != NULL; i++) {
        if (world->devices[i].kind == &plant_panel && shares_slave(&site->devices[i], &site->devices[device]))
            return i;
    }
    return SITE_NONE;
}

static struct channels channels_of(const struct world *world, size_t panel)
{
    struct channels channels = {.count = 0};
    for (size_t i = 0; i < world->site->device_count && world->devices[panel].kind == &plant_panel; i++) {
        if (world->reach.panel_of[i] == panel)
            world->devices[i].kind->tell(world->devices[i].state, &channels);
    }
    return channels;
}

void reach_open(struct world *world)
{
    const struct site *site = world->site;
    struct reach *reach = &world->reach;
    size_t room_count = site->zone_count + site->valve_count;
    reach->rooms = pool_take(&world->pool, room_count, sizeof *reach->rooms);
    reach->room_of = pool_take(&world->pool, site->device_count, sizeof(struct room *));
    reach->feeds = pool_take(&world->pool, site->valve_count * site->device_count, sizeof *reach->feeds);
    for (size_t i = 0; i < room_count; i++)
        room_init(&reach->rooms[i]);
    for (size_t i = 0; i < site->valve_count; i++) {
        for (size_t k = 0; k < site->device_count; k++)
            reach->feeds[i * site->device_count + k] = feeds(world, i, k);
    }
    reach->panel_of = pool_take(&world->pool, site->device_count, sizeof *reach->panel_of);
    for (size_t i = 0; i < site->device_count; i++) {
        reach->room_of[i] = find_room(world, i);
        reach->panel_of[i] = find_panel(world, i);
    }
}

void reach_device(const struct world *world, size_t device, struct surroundings *ret_around)
{
    *ret_around = (struct surroundings){
        .supply_open = supply_open(world, device), .power = !world->reach.dark, .room = world->reach.room_of[device]};
    ret_around->channels = channels_of(world, device);
}

void reach_step(struct world *world, double dt_s)
{
    const struct site *site = world->site;
    size_t room_count = site->zone_count + site->valve_count;
    for (size_t i = 0; i < room_count; i++)
        world->reach.rooms[i].fan = false;
    for (size_t i = 0; i < site->valve_count; i++) {
        const struct site_valve *fan = &site->valves[i];
        bool runs = !fan->stays && fan->tells && valve_is_closed(&world->valves[i].valve);
        for (size_t k = 0; k < fan->device_count && runs; k++) {
            struct room *room = world->reach.room_of[fan->devices[k]];
            if (room != NULL)
                room->fan = true;
        }
    }
    for (size_t i = 0; i < room_count; i++)
        room_step(&world->reach.rooms[i], dt_s);
}

/* --- the building --- */

static void tell_units(struct world *world)
{
    for (size_t i = 0; i < world->site->slave_count; i++)
        world->units[i].dark = world->reach.dark && world_kind_of(world->site->slaves[i].class)->needs_mains;
}

bool reach_act(struct world *world, char *const *words, size_t count, struct text *why)
{
    bool cut = count == 1 && text_equals(words[0], "power_cut");
    bool back = count == 1 && text_equals(words[0], "power_back");
    if (!cut && !back)
        return text_refuse(why, "the site as a whole can: " REACH_ACTIONS);
    world->reach.dark = cut;
    tell_units(world);
    return true;
}
