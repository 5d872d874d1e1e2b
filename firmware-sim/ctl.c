#include "firmware-sim/ctl.h"

#include <math.h>
#include <string.h>

#include "firmware-sim/measure.h"
#include "firmware-sim/replays.h"

/* One command: its words after the verb, where lines go, where a sentence goes. */
struct call {
    const struct ctl *ctl;
    char **words;
    size_t count;
    struct text *out;
    struct text *why;
};

enum verdict { DONE, FAILED, MISUSED };

struct verb {
    const char *word;
    const char *usage;
    const char *help;
    size_t words_min;
    size_t words_max;
    enum verdict (*run)(struct call *call);
};

static enum verdict judge(bool good)
{
    return good ? DONE : FAILED;
}

/* --- list and status --- */

static void print_slave(const struct world *world, const struct unit *unit, struct text *out)
{
    const struct site_slave *slave = unit->slave;
    text_add(out, "slave %s bus %s unit %d profile %s points %zu fault ", slave->id, world->site->buses[slave->bus].id,
             slave->unit, slave->profile == NULL ? "-" : slave->profile->name, slave->point_count);
    fault_print(&unit->fault, out);
    text_add(out, "\n");
}

static bool has_valve(const struct world *world, const struct device *device)
{
    for (size_t i = 0; i < world->site->valve_count; i++) {
        size_t slave = world->site->valves[i].tells ? world->site->valves[i].command.slave : SITE_NONE;
        for (size_t k = 0; k < device->site->signal_count; k++) {
            if (device->site->signals[k].slave == slave && device->kind->act == NULL)
                return true;
        }
    }
    return false;
}

static enum verdict run_list(struct call *call)
{
    const struct world *world = call->ctl->world;
    for (size_t i = 0; i < world->site->slave_count; i++)
        print_slave(world, &world->units[i], call->out);
    for (size_t i = 0; i < world->site->device_count; i++) {
        const struct device *device = &world->devices[i];
        const char *actions = has_valve(world, device) ? WORLD_VALVE_ACTIONS : device->kind->actions;
        text_add(call->out, "device %s class %s", device->site->id, device->site->class);
        if (actions[0] != '\0')
            text_add(call->out, " do %s", actions);
        text_add(call->out, "\n");
    }
    text_add(call->out, "site " REACH_SITE " do " REACH_ACTIONS "\n");
    return DONE;
}

static void print_counters(const struct unit *unit, struct status *status)
{
    struct sentence fault;
    status_begin(status, "slave", unit->slave->id);
#define PUT_COUNTER(name) status_number(status, #name, unit->counters.name);
    UNIT_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
    if (unit->turnaround_us >= 0)
        status_real(status, "turnaround_ms", (double)unit->turnaround_us / 1000);
    fault_print(&unit->fault, sentence_init(&fault));
    status_word(status, "fault", fault.bytes);
    status_end(status);
}

static void print_holds(const struct unit *unit, struct text *out)
{
    for (size_t i = 0; i < unit->slave->point_count; i++) {
        if (unit->holds[i] == HOLD_NONE)
            continue;
        text_add(out, "%s %s.%s ", unit->holds[i] == HOLD_SET ? "set" : "written", unit->slave->id,
                 unit->slave->points[i].id);
        unit_print(unit, i, out);
        text_add(out, "\n");
    }
}

static void print_models(const struct world *world, struct text *out)
{
    if (world->reach.dark)
        text_add(out, "site " REACH_SITE " NO POWER\n");
    for (size_t i = 0; i < world->site->device_count; i++) {
        const struct device *device = &world->devices[i];
        if (device->kind->describe == NULL)
            continue;
        text_add(out, "device %s ", device->site->id);
        device->kind->describe(device->state, out);
        text_add(out, "\n");
    }
    for (size_t i = 0; i < world->site->valve_count; i++) {
        const struct world_valve *valve = &world->valves[i];
        bool on = world_valve_commanded(valve);
        if (!valve->site->tells)
            text_add(out, "siren %s %s\n", valve->site->id, on ? "on" : "off");
        else if (!valve->site->stays)
            text_add(out, "fan %s %s, coil %s\n", valve->site->id, valve_word(&valve->valve), on ? "on" : "off");
        else
            text_add(out, "valve %s %s, coil %s\n", valve->site->id, valve_word(&valve->valve),
                     on ? "closes" : "at rest");
    }
}

static void print_pace(const struct pace *pace, struct status *status)
{
    status_real(status, "speed", pace->speed);
    status_real(status, "plant_s", round(pace->plant_s * 10) / 10);
    status_real(status, "missed_s", round(pace->missed_s * 10) / 10);
}

/* One object with what programs ask for; what models and scenarios say is for people. */
static enum verdict print_json(struct call *call)
{
    const struct ctl *ctl = call->ctl;
    struct status status = {.out = call->out, .json = true};
    text_add(call->out, "{");
    if (ctl->pace != NULL)
        print_pace(ctl->pace, &status);
    status_begin_list(&status, "buses");
    if (ctl->describe_ports != NULL)
        ctl->describe_ports(ctl->self, &status);
    status_end_list(&status);
    status_begin_list(&status, "slaves");
    for (size_t i = 0; i < ctl->world->site->slave_count; i++)
        print_counters(&ctl->world->units[i], &status);
    status_end_list(&status);
    text_add(call->out, "}\n");
    return DONE;
}

static enum verdict run_status(struct call *call)
{
    const struct world *world = call->ctl->world;
    struct status status = {.out = call->out};
    if (call->count == 1 && text_equals(call->words[0], "json"))
        return print_json(call);
    if (call->count == 1) {
        text_add(call->why, "status [json]");
        return MISUSED;
    }
    if (call->ctl->pace != NULL) {
        text_add(call->out, "pace");
        print_pace(call->ctl->pace, &status);
        text_add(call->out, "\n");
    }
    if (call->ctl->describe_ports != NULL)
        call->ctl->describe_ports(call->ctl->self, &status);
    if (call->ctl->stage != NULL)
        stage_describe(call->ctl->stage, call->out);
    for (size_t i = 0; i < world->site->slave_count; i++) {
        print_counters(&world->units[i], &status);
        print_holds(&world->units[i], call->out);
    }
    replays_describe(world, call->out);
    print_models(world, call->out);
    return DONE;
}

/* --- get and set --- */

static void print_point(const char *owner, const char *id, const struct output *output, struct text *out)
{
    const char *unit = measure_name(output->measure);
    text_add(out, "%s.%s ", owner, id);
    output_print(output, out);
    text_add(out, "%s%s\n", unit[0] == '\0' ? "" : " ", unit);
}

static enum verdict get_all(struct call *call, const char *id)
{
    const struct world *world = call->ctl->world;
    size_t slave = site_find_slave(world->site, id);
    size_t device = site_find_device(world->site, id);
    if (slave == SITE_NONE && device == SITE_NONE)
        return judge(text_refuse(call->why, "there is no slave or device %.80s", id));
    for (size_t i = 0; slave != SITE_NONE && i < world->site->slaves[slave].point_count; i++) {
        struct output output = slave_output(world, slave, i);
        print_point(id, world->site->slaves[slave].points[i].id, &output, call->out);
    }
    for (size_t i = 0; slave == SITE_NONE && i < world->site->devices[device].signal_count; i++) {
        const struct site_signal *signal = &world->site->devices[device].signals[i];
        struct output output = device_output(world, &world->devices[device], signal);
        print_point(id, signal->id, &output, call->out);
    }
    return DONE;
}

static enum verdict run_get(struct call *call)
{
    char *reference = call->words[0];
    char *dot = strchr(reference, '.');
    struct output output;
    if (dot == NULL)
        return get_all(call, reference);
    if (!world_find(call->ctl->world, reference, &output, call->why))
        return FAILED;
    *dot = '\0';
    print_point(reference, dot + 1, &output, call->out);
    return DONE;
}

static enum verdict set_raw(struct call *call, const struct output *output)
{
    long long raw;
    if (call->count != 3 || !text_to_integer(call->words[2], INT64_MIN, INT64_MAX, &raw)) {
        text_add(call->why, "set %s raw NUMBER", call->words[0]);
        return MISUSED;
    }
    if (output_point(output)->kind == POINT_STRING)
        return judge(text_refuse(call->why, "%s is a string; it has no raw number", call->words[0]));
    unit_set_raw(output->unit, output->point, (uint64_t)raw);
    return DONE;
}

static enum verdict run_set(struct call *call)
{
    struct output output;
    if (!world_find(call->ctl->world, call->words[0], &output, call->why))
        return FAILED;
    if (text_equals(call->words[1], "raw"))
        return set_raw(call, &output);
    if (call->count != 2) {
        text_add(call->why, "set %s VALUE", call->words[0]);
        return MISUSED;
    }
    if (!text_equals(call->words[1], "auto"))
        return judge(output_set(&output, call->words[1], call->why));
    unit_release(output.unit, output.point);
    return DONE;
}

/* --- do and fault --- */

static enum verdict run_do(struct call *call)
{
    return judge(world_act(call->ctl->world, call->words[0], call->words + 1, call->count - 1, call->why));
}

static enum verdict run_fault(struct call *call)
{
    struct fault fault;
    if (!fault_read(call->words + 1, call->count - 1, &fault, call->why))
        return MISUSED;
    return judge(world_set_fault(call->ctl->world, call->words[0], &fault, call->why));
}

static enum verdict run_turnaround(struct call *call)
{
    double ms = 0;
    bool automatic = text_equals(call->words[1], "auto");
    if (!automatic && (!text_to_number(call->words[1], &ms) || ms < 0 || ms > 600000)) {
        text_add(call->why, "turnaround SLAVE MS: milliseconds up to 600000, or auto: as the line has it");
        return MISUSED;
    }
    int64_t turnaround_us = automatic ? -1 : llround(ms * 1000);
    return judge(world_set_turnaround(call->ctl->world, call->words[0], turnaround_us, call->why));
}

/* --- scenario and speed --- */

static enum verdict start_scenario(struct call *call)
{
    if (call->count < 2) {
        text_add(call->why, "scenario start NAME|FILE [ROLE=DEVICE …]");
        return MISUSED;
    }
    return judge(stage_start(call->ctl->stage, call->words[1], call->words + 2, call->count - 2, call->why));
}

static enum verdict run_scenario(struct call *call)
{
    struct stage *stage = call->ctl->stage;
    const char *word = call->words[0];
    if (stage == NULL)
        return judge(text_refuse(call->why, "nothing can be rehearsed here"));
    if (text_equals(word, "start"))
        return start_scenario(call);
    if (call->count == 1 && text_equals(word, "stop"))
        return judge(stage_stop(stage, call->why));
    if (call->count == 1 && text_equals(word, "list")) {
        stage_list(stage, call->out);
        return DONE;
    }
    if (call->count == 1 && text_equals(word, "status")) {
        stage_describe(stage, call->out);
        return DONE;
    }
    text_add(call->why, "scenario list, scenario start NAME|FILE [ROLE=DEVICE …], scenario stop, scenario status");
    return MISUSED;
}

static enum verdict run_replay(struct call *call)
{
    return judge(replays_order(call->ctl->world, call->words[0], call->words + 1, call->count - 1, call->why));
}

static enum verdict run_speed(struct call *call)
{
    double speed;
    if (!text_to_number(call->words[0], &speed)) {
        text_add(call->why, "speed N: a number, 1 is real time");
        return MISUSED;
    }
    if (call->ctl->pace == NULL)
        return judge(text_refuse(call->why, "the plant has no clock here"));
    return judge(pace_set(call->ctl->pace, speed, call->why));
}

static enum verdict run_help(struct call *call)
{
    ctl_help(call->out);
    return DONE;
}

/* --- the table --- */

static const struct verb verbs[] = {
    {"list", "list", "slaves, devices and what they can do", 0, 0, run_list},
    {"get", "get SLAVE[.POINT]", "what a perfect master reads", 1, 1, run_get},
    {"set", "set SLAVE.POINT VALUE|auto|raw N", "hold a value, or give it back", 2, 3, run_set},
    {"do", "do DEVICE ACTION [ARG …]", "lift-1 trap, gas-1 leak 60, valve-1 reopen (see list)", 2, 5, run_do},
    {"fault", "fault SLAVE KIND [ARG] [WHEN]", "make it misbehave; SLAVE * means all", 2, 10, run_fault},
    {"fault", "fault bus:BUS gone|back [WHEN]", "WHEN: once, a probability, for 10s, every 30s for 2s", 2, 10,
     run_fault},
    {"turnaround", "turnaround SLAVE MS|auto", "from a request's end to its answer", 2, 2, run_turnaround},
    {"scenario", "scenario list|start NAME|stop|status", "rehearse: start NAME|FILE [ROLE=DEVICE …]", 1,
     CTL_WORDS_MAX - 1, run_scenario},
    {"replay", "replay SLAVE ORDER", "of its recording: " REPLAY_ORDERS, 2, 3, run_replay},
    {"speed", "speed N", "the plant lives N times as fast", 1, 1, run_speed},
    {"status", "status [json]", "counters, faults, held values, models", 0, 1, run_status},
    {"help", "help", "these lines", 0, 0, run_help},
};

void ctl_help(struct text *out)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        text_add(out, "  %-34s %s\n", verbs[i].usage, verbs[i].help);
    text_add(out, "  faults: ");
    fault_words(out);
    text_add(out, "\n");
}

static const struct verb *find_verb(const char *word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (text_equals(verbs[i].word, word))
            return &verbs[i];
    }
    return NULL;
}

static enum verdict refuse_verb(const char *word, struct text *why)
{
    if (word == NULL)
        text_add(why, "what should be done? One of:");
    else
        text_add(why, "\"%.40s\" is no command; there are:", word);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        text_add(why, " %s", verbs[i].word);
    return MISUSED;
}

static enum verdict dispatch(struct call *call, const char *word)
{
    const struct verb *verb = word == NULL ? NULL : find_verb(word);
    if (verb == NULL)
        return refuse_verb(word, call->why);
    if (call->count >= verb->words_min && call->count <= verb->words_max)
        return verb->run(call);
    text_add(call->why, "%s", verb->usage);
    return MISUSED;
}

/* Room for the verdict is always found: an answer without one would look like a lost connection. */
static void make_room(struct text *out)
{
    static const char cut[] = "\nerror: the answer was too long and is cut\n";
    if (!out->cut || out->size <= sizeof cut)
        return;
    out->used = out->size - sizeof cut;
    text_add(out, "%s", cut);
}

void ctl_run(const struct ctl *ctl, char *line, struct text *out)
{
    static const char *const prefixes[] = {[DONE] = "ok", [FAILED] = "error: ", [MISUSED] = "usage: "};
    char *words[CTL_WORDS_MAX];
    struct sentence why;
    size_t count = text_split(line, words, CTL_WORDS_MAX);
    struct call call = {
        .ctl = ctl, .words = words + 1, .count = count > 0 ? count - 1 : 0, .out = out, .why = sentence_init(&why)};
    enum verdict verdict = MISUSED;
    if (count > CTL_WORDS_MAX)
        text_add(call.why, "at most %d words", CTL_WORDS_MAX);
    else
        verdict = dispatch(&call, count > 0 ? words[0] : NULL);
    text_add(out, "%s%s\n", prefixes[verdict], verdict == DONE ? "" : why.bytes);
    make_room(out);
}
