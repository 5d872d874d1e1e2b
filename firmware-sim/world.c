#include "firmware-sim/world.h"

#include <math.h>
#include <string.h>

#include "firmware-sim/measure.h"
#include "firmware-sim/unit_replay.h"

/* Which model plays a device class; whatever else a site names is generic. */
static const struct {
    const char *class;
    const struct plant_kind *kind;
} kinds[] = {
    {"gas_detector", &plant_gas},
    {"gas_panel", &plant_panel},
    {"io", &plant_io},
    {"lift", &plant_lift},
    {"escalator", &plant_escalator},
    {"moving_walk", &plant_escalator},
    {"boiler_steam", &plant_steam},
    {"boiler_hot_water", &plant_hot_water},
    {"boiler_thermal_oil", &plant_thermal_oil},
    {"boiler_burner", &plant_steam},
    {"lpg_cylinder", &plant_cylinder},
    {"lpg_scale", &plant_cylinder},
};

const struct plant_kind *world_kind_of(const char *class)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_equals(kinds[i].class, class))
            return kinds[i].kind;
    }
    return &plant_generic;
}

/* --- opening --- */

static void open_units(struct world *world)
{
    const struct site *site = world->site;
    world->units = pool_take(&world->pool, site->slave_count, sizeof *world->units);
    world->lines = pool_take(&world->pool, site->bus_count, sizeof *world->lines);
    for (size_t i = 0; i < site->bus_count; i++)
        line_init(&world->lines[i], site->buses[i].id, site->buses[i].link == SITE_TCP ? WIRE_MBAP : WIRE_RTU,
                  &world->line_random);
    for (size_t i = 0; i < site->slave_count; i++) {
        struct unit *unit = &world->units[i];
        unit_open(unit, &site->slaves[i], &world->pool);
        world->lines[unit->slave->bus].units[unit->slave->unit] = unit;
    }
}

/* `unit`: in which the device gives the value; NULL: as the site file has it. */
static struct output output_of(const struct world *world, const struct site_signal *signal, const char *unit)
{
    double factor;
    double addend;
    if (signal == NULL)
        return (struct output){.unit = NULL};
    if (unit == NULL || !measure_convert(unit, signal->unit, &factor, &addend)) {
        unit = signal->unit;
        factor = 1;
        addend = 0;
    }
    return (struct output){.unit = &world->units[signal->slave],
                           .point = signal->point,
                           .invert = signal->invert,
                           .factor = factor / signal->scale,
                           .addend = (addend - signal->offset) / signal->scale,
                           .measure = unit};
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
        const struct plant_signal *drives = kind->signals == NULL ? NULL : &kind->signals[i];
        const struct site_signal *signal =
            drives == NULL ? &device->site->signals[i] : device_find_signal(device->site, drives->id);
        device->outputs[i] = output_of(world, signal, drives == NULL ? NULL : drives->unit);
    }
}

static void open_device(struct world *world, struct device *device, const struct site_device *site)
{
    device->site = site;
    device->kind = world_kind_of(site->class);
    bind_outputs(world, device);
    device->values = pool_take(&world->pool, device->output_count, sizeof *device->values);
    device->held = pool_take(&world->pool, device->output_count, sizeof *device->held);
    device->state = pool_take(&world->pool, 1, device->kind->state_size);
    const struct point **points = pool_take(&world->pool, device->output_count, sizeof(struct point *));
    for (size_t i = 0; i < device->output_count; i++)
        points[i] = device->outputs[i].unit == NULL ? NULL : output_point(&device->outputs[i]);
    if (device->kind->open != NULL)
        device->kind->open(device->state, points, device->output_count, &world->random);
    if (device->kind->configure != NULL)
        device->kind->configure(device->state, &site->settings);
}

/* A device's value as its slave has to show it. */
static struct value to_slave(const struct output *output, struct value value)
{
    if (isnan(value.number))
        return value;
    if (output->invert)
        return plant_truth(!(fabs(value.number) > 0));
    value.number = value.number * output->factor + output->addend;
    return value;
}

/* A transmitter that works keeps its current within these, in mA, whatever it measures: NAMUR NE 43. */
#define CURRENT_LOW  3.8
#define CURRENT_HIGH 20.5

static void put_value(const struct output *output, struct value value)
{
    if (output->unit == NULL)
        return;
    value = to_slave(output, value);
    if (text_equals(output_point(output)->unit, "mA") && !text_equals(output->measure, "mA") && !isnan(value.number))
        value.number = fmin(fmax(value.number, CURRENT_LOW), CURRENT_HIGH);
    unit_put(output->unit, output->point, value);
}

/* Valves start open with their coils at rest, also those that a coil holds open. */
static void open_valves(struct world *world)
{
    world->valves = pool_take(&world->pool, world->site->valve_count, sizeof *world->valves);
    for (size_t i = 0; i < world->site->valve_count; i++) {
        struct world_valve *valve = &world->valves[i];
        valve->site = &world->site->valves[i];
        valve->command = output_of(world, &valve->site->command, NULL);
        valve->feedback = output_of(world, valve->site->tells ? &valve->site->feedback : NULL, NULL);
        valve->valve.returns = !valve->site->stays;
        bool rest = !valve->site->closes;
        put_value(&valve->command, plant_truth(rest));
    }
}

void world_open(struct world *world, const struct site *site, uint64_t seed)
{
    *world = (struct world){.site = site};
    random_init(&world->random, seed);
    random_init(&world->line_random, random_bits(&(struct random){.state = seed}));
    open_units(world);
    world->devices = pool_take(&world->pool, site->device_count, sizeof *world->devices);
    for (size_t i = 0; i < site->device_count; i++)
        open_device(world, &world->devices[i], &site->devices[i]);
    open_valves(world);
    reach_open(world);
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
    if (output->invert && !isnan(number))
        return fabs(number) > 0 ? 0 : 1;
    return (number - output->addend) / output->factor;
}

bool world_valve_commanded(const struct world_valve *valve)
{
    return (get_number(&valve->command) > 0) == valve->site->closes;
}

static void step_valve(struct world_valve *valve, double dt_s)
{
    double closed = valve->site->closed;
    double other = fabs(closed) > 0 ? 0 : 1;
    valve_step(&valve->valve, world_valve_commanded(valve), dt_s);
    put_value(&valve->feedback, plant_number(valve->valve.contact ? closed : other));
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
    struct surroundings around;
    reach_device(world, index, &around);
    around.held = device->held;
    device->kind->step(device->state, dt_s, &around, &world->random);
    device->kind->show(device->state, device->values);
    for (size_t i = 0; i < device->output_count; i++)
        put_value(&device->outputs[i], device->values[i]);
}

void world_step(struct world *world, double dt_s)
{
    for (size_t i = 0; i < world->site->slave_count; i++)
        unit_step_replay(&world->units[i], dt_s);
    for (size_t i = 0; i < world->site->valve_count; i++)
        step_valve(&world->valves[i], dt_s);
    for (size_t i = 0; i < world->site->device_count; i++)
        step_device(world, i, dt_s);
    reach_step(world, dt_s);
}

/* --- the lines' time --- */

#define LOOK_EVERY_US 20000 /* at what faults do by their times; requests look for themselves */

void world_pass(struct world *world, int64_t now_us)
{
    world->now_us = now_us;
    if (now_us - world->looked_us < LOOK_EVERY_US)
        return;
    world->looked_us = now_us;
    for (size_t i = 0; i < world->site->bus_count; i++)
        line_pass(&world->lines[i], now_us);
}

/* --- people --- */

struct output slave_output(const struct world *world, size_t slave, size_t point)
{
    const char *unit = world->site->slaves[slave].points[point].unit;
    return (struct output){.unit = &world->units[slave], .point = point, .factor = 1, .measure = unit};
}

static bool find_in_unit(const struct world *world, const char *id, const char *point, struct output *ret_output)
{
    size_t slave = site_find_slave(world->site, id);
    size_t index = slave == SITE_NONE ? SITE_NONE : slave_find_point(&world->site->slaves[slave], point);
    if (index == SITE_NONE)
        return false;
    *ret_output = slave_output(world, slave, index);
    return true;
}

struct output device_output(const struct world *world, const struct device *device, const struct site_signal *signal)
{
    const struct plant_kind *kind = device->kind;
    for (size_t i = 0; kind->signals != NULL && i < kind->signal_count; i++) {
        if (text_equals(kind->signals[i].id, signal->id))
            return device->outputs[i];
    }
    return output_of(world, signal, NULL);
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
        *ret_output = device_output(world, &world->devices[device], signal);
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
    bool is_plain = !(fabs(output->factor - 1) > 0) && !(fabs(output->addend) > 0);
    if (unit_is_blank(output->unit, output->point))
        unit_print(output->unit, output->point, out);
    else if (output->invert && output_point(output)->kind == POINT_BIT)
        text_add(out, "%s", get_number(output) > 0 ? "true" : "false");
    else if (!is_plain)
        text_add(out, "%.10g", get_number(output));
    else
        unit_print(output->unit, output->point, out);
}

bool output_set(const struct output *output, const char *word, struct text *why)
{
    const struct point *point = output_point(output);
    struct value value;
    if (!value_read(point, word, &value, why))
        return false;
    if (!unit_set(output->unit, output->point, to_slave(output, value)))
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

static bool set_bounce(struct world_valve *valve, const char *word, struct text *why)
{
    double ms;
    if (word == NULL || !text_to_number(word, &ms) || ms < 0 || ms > 1000 * VALVE_BOUNCE_MAX_S)
        return text_refuse(why, "bounce takes milliseconds from 0 to %g", 1000 * VALVE_BOUNCE_MAX_S);
    valve->valve.bounce_s = ms / 1000;
    return true;
}

/* Several valves on one board: what needs no hand is passed over. */
static bool turn_valve(struct world_valve *valve, char *const *words, size_t count, struct text *why)
{
    const char *word = words[0];
    if (text_equals(word, "bounce"))
        return set_bounce(valve, count > 1 ? words[1] : NULL, why);
    if (text_equals(word, "reopen"))
        return (valve->valve.returns && count == 1) || valve_reopen(&valve->valve, world_valve_commanded(valve), why);
    if (!text_equals(word, "jam") && !text_equals(word, "free"))
        return text_refuse(why, "a valve can: " WORLD_VALVE_ACTIONS);
    valve->valve.jammed = text_equals(word, "jam");
    return true;
}

/* The valves whose coil is on this device; a point after the word narrows it down to one of them. */
static bool act_on_valves(struct world *world, const struct site_device *device, char *const *words, size_t count,
                          size_t *ret_found, struct text *why)
{
    const char *point = count > 1 && !text_equals(words[0], "bounce") ? words[1] : NULL;
    for (size_t i = 0; i < world->site->valve_count; i++) {
        struct world_valve *valve = &world->valves[i];
        if (!valve->site->tells || !serves(device, &valve->command, world))
            continue;
        if (point != NULL && !text_equals(point, output_point(&valve->command)->id))
            continue;
        (*ret_found)++;
        if (!turn_valve(valve, words, count, why))
            return false;
    }
    return true;
}

bool world_act(struct world *world, const char *id, char *const *words, size_t count, struct text *why)
{
    size_t index = site_find_device(world->site, id);
    size_t found = 0;
    if (text_equals(id, REACH_SITE))
        return reach_act(world, words, count, why);
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

static bool is_slave(const struct world *world, size_t slave, const char *id)
{
    return text_equals(id, WORLD_ALL_SLAVES) || text_equals(id, world->site->slaves[slave].id);
}

static bool set_bus_fault(struct world *world, const char *id, const struct fault *fault, struct text *why)
{
    if (fault->kind != FAULT_NONE && !fault_is_of_bus(fault->kind))
        return text_refuse(why, "a bus can be gone or back; other faults are of a slave");
    for (size_t i = 0; i < world->site->bus_count; i++) {
        struct line *line = &world->lines[i];
        if (!text_equals(line->id, id))
            continue;
        line->fault = *fault;
        if (fault->kind == FAULT_BACK)
            line->fault.kind = FAULT_NONE;
        return true;
    }
    return text_refuse(why, "there is no bus %.80s", id);
}

static struct line *line_of(const struct world *world, size_t slave)
{
    return &world->lines[world->site->slaves[slave].bus];
}

/* All of them or none; "sentinel *" of all slaves strikes those that have an invalid value. */
static bool set_slave_fault(struct world *world, const char *id, const struct fault *fault, struct text *why)
{
    bool some = text_equals(id, WORLD_ALL_SLAVES) && fault->kind == FAULT_SENTINEL;
    size_t found = 0;
    for (size_t i = 0; i < world->site->slave_count; i++) {
        struct sentence ignored;
        if (!is_slave(world, i, id))
            continue;
        if (line_takes_fault(line_of(world, i), &world->units[i], fault, some ? sentence_init(&ignored) : why))
            found++;
        else if (!some)
            return false;
    }
    if (found == 0)
        return some ? text_refuse(why, "no slave has an invalid value there")
                    : text_refuse(why, "there is no slave %.80s", id);
    for (size_t i = 0; i < world->site->slave_count; i++) {
        struct sentence ignored;
        struct unit *unit = &world->units[i];
        if (is_slave(world, i, id) && line_takes_fault(line_of(world, i), unit, fault, sentence_init(&ignored)))
            line_set_unit_fault(line_of(world, i), unit, fault);
    }
    return true;
}

bool world_set_fault(struct world *world, const char *id, const struct fault *fault, struct text *why)
{
    static const char bus[] = WORLD_BUS;
    struct fault begun = *fault;
    begun.begun_us = world->now_us;
    if (strncmp(id, bus, sizeof bus - 1) == 0)
        return set_bus_fault(world, id + sizeof bus - 1, &begun, why);
    return set_slave_fault(world, id, &begun, why);
}

bool world_set_turnaround(struct world *world, const char *id, int64_t turnaround_us, struct text *why)
{
    size_t found = 0;
    for (size_t i = 0; i < world->site->slave_count; i++) {
        if (!is_slave(world, i, id))
            continue;
        world->units[i].turnaround_us = turnaround_us;
        found++;
    }
    return found > 0 || text_refuse(why, "there is no slave %.80s", id);
}
