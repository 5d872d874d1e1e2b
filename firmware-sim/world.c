#include "firmware-sim/world.h"

#include <math.h>
#include <string.h>

/* Kinds of equipment that are played; whatever else a site names is generic. */
static const struct plant_kind *const kinds[] = {&plant_gas, &plant_lift, &plant_io, &plant_generic, NULL};

static const struct plant_kind *kind_of(const char *class)
{
    for (const struct plant_kind *const *kind = kinds; *kind != NULL; kind++) {
        if (text_equals((*kind)->class, class))
            return *kind;
    }
    return &plant_generic;
}

/* --- opening --- */

static void open_units(struct world *world)
{
    const struct site *site = world->site;
    world->units = pool_take(&world->pool, site->slave_count, sizeof *world->units);
    world->lines = pool_take(&world->pool, site->bus_count, sizeof *world->lines);
    for (size_t i = 0; i < site->bus_count; i++) {
        world->lines[i].world = world;
        world->lines[i].wire = site->buses[i].link == SITE_TCP ? WIRE_MBAP : WIRE_RTU;
    }
    for (size_t i = 0; i < site->slave_count; i++) {
        struct unit *unit = &world->units[i];
        unit_open(unit, &site->slaves[i], &world->pool);
        world->lines[unit->slave->bus].units[unit->slave->unit] = unit;
    }
}

static struct output output_of(const struct world *world, const struct site_signal *signal)
{
    if (signal == NULL)
        return (struct output){.unit = NULL};
    return (struct output){.unit = &world->units[signal->slave], .point = signal->point, .invert = signal->invert};
}

const struct point *output_point(const struct output *output)
{
    return &output->unit->slave->points[output->point];
}

static void bind_outputs(struct world *world, struct device *device)
{
    const struct plant_kind *kind = device->kind;
    device->output_count = kind->signals == NULL ? device->site->signal_count : kind->signal_count;
    device->outputs = pool_take(&world->pool, device->output_count, sizeof *device->outputs);
    for (size_t i = 0; i < device->output_count; i++) {
        const struct site_signal *signal =
            kind->signals == NULL ? &device->site->signals[i] : device_find_signal(device->site, kind->signals[i]);
        device->outputs[i] = output_of(world, signal);
    }
}

static void open_device(struct world *world, struct device *device, const struct site_device *site)
{
    device->site = site;
    device->kind = kind_of(site->class);
    bind_outputs(world, device);
    device->values = pool_take(&world->pool, device->output_count, sizeof *device->values);
    device->held = pool_take(&world->pool, device->output_count, sizeof *device->held);
    device->state = pool_take(&world->pool, 1, device->kind->state_size);
    const struct point **points = pool_take(&world->pool, device->output_count, sizeof(struct point *));
    for (size_t i = 0; i < device->output_count; i++)
        points[i] = device->outputs[i].unit == NULL ? NULL : output_point(&device->outputs[i]);
    if (device->kind->open != NULL)
        device->kind->open(device->state, points, device->output_count, &world->random);
}

static struct value inverted(struct value value)
{
    return isnan(value.number) ? value : plant_truth(!(fabs(value.number) > 0));
}

static void put_value(const struct output *output, struct value value)
{
    if (output->unit != NULL)
        unit_put(output->unit, output->point, output->invert ? inverted(value) : value);
}

/* Valves start open with their coils at rest, also those that a coil holds open. */
static void open_valves(struct world *world)
{
    world->valves = pool_take(&world->pool, world->site->valve_count, sizeof *world->valves);
    for (size_t i = 0; i < world->site->valve_count; i++) {
        struct world_valve *valve = &world->valves[i];
        valve->site = &world->site->valves[i];
        valve->command = output_of(world, &valve->site->command);
        valve->feedback = output_of(world, &valve->site->feedback);
        bool rest = !valve->site->closes;
        put_value(&valve->command, plant_truth(rest));
    }
}

void world_open(struct world *world, const struct site *site, uint64_t seed)
{
    *world = (struct world){.site = site};
    random_init(&world->random, seed);
    open_units(world);
    world->devices = pool_take(&world->pool, site->device_count, sizeof *world->devices);
    for (size_t i = 0; i < site->device_count; i++)
        open_device(world, &world->devices[i], &site->devices[i]);
    open_valves(world);
    world_step(world, WORLD_STEP_S);
}

void world_close(struct world *world)
{
    pool_close(&world->pool);
    *world = (struct world){.site = NULL};
}

/* --- stepping --- */

/* What the output's point shows, seen by the device; NaN for what is no number. */
static double get_number(const struct output *output)
{
    double number = unit_number(output->unit, output->point);
    return output->invert && !isnan(number) ? (fabs(number) > 0 ? 0 : 1) : number;
}

bool world_valve_commanded(const struct world_valve *valve)
{
    return (get_number(&valve->command) > 0) == valve->site->closes;
}

static void step_valve(struct world_valve *valve, double dt_s)
{
    double closed = valve->site->closed;
    valve_step(&valve->valve, world_valve_commanded(valve), dt_s);
    bool is_closed = valve_is_closed(&valve->valve);
    double other = fabs(closed) > 0 ? 0 : 1;
    put_value(&valve->feedback, plant_number(is_closed ? closed : other));
}

static bool names_device(const size_t *devices, size_t count, size_t device)
{
    for (size_t i = 0; i < count; i++) {
        if (devices[i] == device)
            return true;
    }
    return false;
}

static bool supply_open(const struct world *world, size_t device)
{
    for (size_t i = 0; i < world->site->valve_count; i++) {
        const struct world_valve *valve = &world->valves[i];
        if (valve_is_closed(&valve->valve) && names_device(valve->site->devices, valve->site->device_count, device))
            return false;
    }
    return true;
}

static double spill_around(const struct world *world, size_t device)
{
    double worst = 0;
    for (size_t i = 0; i < world->site->zone_count; i++) {
        const struct site_zone *zone = &world->site->zones[i];
        if (!names_device(zone->devices, zone->device_count, device))
            continue;
        for (size_t k = 0; k < zone->device_count; k++) {
            const struct device *other = &world->devices[zone->devices[k]];
            if (zone->devices[k] != device && other->kind->spill != NULL)
                worst = fmax(worst, other->kind->spill(other->state));
        }
    }
    return worst;
}

static void look_at_held(struct device *device)
{
    for (size_t i = 0; i < device->output_count; i++) {
        const struct output *output = &device->outputs[i];
        bool held = output->unit != NULL && output->unit->holds[output->point] == HOLD_SET;
        device->held[i] = held ? get_number(output) : (double)NAN;
    }
}

static void step_device(struct world *world, size_t index, double dt_s)
{
    struct device *device = &world->devices[index];
    look_at_held(device);
    struct surroundings around = {.supply_open = true, .held = device->held};
    if (device->kind->spill != NULL) {
        around.supply_open = supply_open(world, index);
        around.spill = spill_around(world, index);
    }
    device->kind->step(device->state, dt_s, &around, &world->random);
    device->kind->show(device->state, device->values);
    for (size_t i = 0; i < device->output_count; i++)
        put_value(&device->outputs[i], device->values[i]);
}

void world_step(struct world *world, double dt_s)
{
    for (size_t i = 0; i < world->site->valve_count; i++)
        step_valve(&world->valves[i], dt_s);
    for (size_t i = 0; i < world->site->device_count; i++)
        step_device(world, i, dt_s);
}

/* --- serving --- */

static void serve_broadcast(struct line *line, const struct request *request)
{
    uint8_t function = request->pdu[0];
    bool is_write = function == 5 || function == 6 || function == 15 || function == 16;
    for (size_t i = 1; i < LINE_UNITS_MAX && is_write; i++) {
        if (line->units[i] != NULL)
            unit_obey(line->units[i], request);
    }
}

void world_serve(void *self, const struct request *request, struct answer *ret_answer)
{
    struct line *line = self;
    struct unit *unit = line->units[request->unit];
    if (request->unit == 0 && line->wire == WIRE_RTU)
        serve_broadcast(line, request);
    else if (unit != NULL && (request->pdu[0] & 0x80) == 0)
        unit_serve(unit, line->wire, request, &line->world->random, ret_answer);
}

/* --- people --- */

static bool find_in_unit(const struct world *world, const char *id, const char *point, struct output *ret_output)
{
    size_t slave = site_find_slave(world->site, id);
    size_t index = slave == SITE_NONE ? SITE_NONE : slave_find_point(&world->site->slaves[slave], point);
    if (index == SITE_NONE)
        return false;
    *ret_output = (struct output){.unit = &world->units[slave], .point = index};
    return true;
}

bool world_find(const struct world *world, const char *reference, struct output *ret_output, struct text *why)
{
    const char *dot = strchr(reference, '.');
    char id[SENTENCE_SIZE];
    if (dot == NULL || (size_t)(dot - reference) >= sizeof id)
        return text_refuse(why, "\"%.80s\" is no SLAVE.POINT", reference);
    memcpy(id, reference, (size_t)(dot - reference));
    id[dot - reference] = '\0';
    size_t device = site_find_device(world->site, id);
    const struct site_signal *signal =
        device == SITE_NONE ? NULL : device_find_signal(&world->site->devices[device], dot + 1);
    if (signal != NULL) {
        *ret_output = output_of(world, signal);
        return true;
    }
    if (find_in_unit(world, id, dot + 1, ret_output))
        return true;
    if (device == SITE_NONE && site_find_slave(world->site, id) == SITE_NONE)
        return text_refuse(why, "there is no slave or device %s", id);
    return text_refuse(why, "%s has no point %.80s", id, dot + 1);
}

void output_print(const struct output *output, struct text *out)
{
    if (output->invert && output_point(output)->kind == POINT_BIT)
        text_add(out, "%s", get_number(output) > 0 ? "true" : "false");
    else
        unit_print(output->unit, output->point, out);
}

bool output_set(const struct output *output, const char *word, struct text *why)
{
    const struct point *point = output_point(output);
    struct value value;
    if (!value_read(point, word, &value, why))
        return false;
    if (!unit_set(output->unit, output->point, output->invert ? inverted(value) : value))
        return text_refuse(why, "\"%s\" is no value for %s", word, point->id);
    return true;
}

static bool serves(const struct site_device *device, const struct output *output, const struct world *world)
{
    for (size_t i = 0; i < device->signal_count; i++) {
        if (&world->units[device->signals[i].slave] == output->unit)
            return true;
    }
    return false;
}

static bool turn_valve(struct world_valve *valve, const char *word, struct text *why)
{
    if (text_equals(word, "reopen"))
        return valve_reopen(&valve->valve, world_valve_commanded(valve), why);
    if (!text_equals(word, "jam") && !text_equals(word, "free"))
        return text_refuse(why, "a valve can: reopen, jam, free");
    valve->valve.jammed = text_equals(word, "jam");
    return true;
}

/* The valves whose coil is on this device; `point` narrows it down to one of them. */
static bool act_on_valves(struct world *world, const struct site_device *device, char *const *words, size_t count,
                          size_t *ret_found, struct text *why)
{
    const char *point = count > 1 ? words[1] : NULL;
    for (size_t i = 0; i < world->site->valve_count; i++) {
        struct world_valve *valve = &world->valves[i];
        if (!serves(device, &valve->command, world))
            continue;
        if (point != NULL && !text_equals(point, output_point(&valve->command)->id))
            continue;
        (*ret_found)++;
        if (!turn_valve(valve, words[0], why))
            return false;
    }
    return true;
}

bool world_act(struct world *world, const char *id, char *const *words, size_t count, struct text *why)
{
    size_t index = site_find_device(world->site, id);
    size_t found = 0;
    if (index == SITE_NONE)
        return text_refuse(why, "there is no device %.80s", id);
    struct device *device = &world->devices[index];
    if (device->kind->act != NULL)
        return device->kind->act(device->state, words, count, why);
    if (count < 1 || !act_on_valves(world, device->site, words, count, &found, why))
        return count >= 1 ? false : text_refuse(why, "what should %s do?", id);
    return found > 0 || text_refuse(why, "%s can do nothing: it is of class %s and no interlock has a valve there", id,
                                    device->site->class);
}

static bool fits_wire(const struct world *world, const struct unit *unit, const struct fault *fault, struct text *why)
{
    if (fault->kind != FAULT_CRC || world->lines[unit->slave->bus].wire == WIRE_RTU)
        return true;
    return text_refuse(why, "%s is on Modbus TCP, which has no CRC", unit->slave->id);
}

bool world_set_fault(struct world *world, const char *id, const struct fault *fault, struct text *why)
{
    bool all = text_equals(id, WORLD_ALL_SLAVES);
    size_t found = 0;
    for (size_t i = 0; i < world->site->slave_count; i++) {
        struct unit *unit = &world->units[i];
        if (!all && !text_equals(unit->slave->id, id))
            continue;
        if (!fits_wire(world, unit, fault, why))
            return false;
        found++;
    }
    for (size_t i = 0; i < world->site->slave_count; i++) {
        struct unit *unit = &world->units[i];
        if (!all && !text_equals(unit->slave->id, id))
            continue;
        unit_set_fault(unit, fault);
    }
    return found > 0 || text_refuse(why, "there is no slave %.80s", id);
}
