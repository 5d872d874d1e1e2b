#include "firmware-sim/ctl.h"

#include <inttypes.h>
#include <string.h>

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
        size_t slave = world->site->valves[i].command.slave;
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
        const char *actions = has_valve(world, device) ? "reopen | jam | free" : device->kind->actions;
        text_add(call->out, "device %s class %s", device->site->id, device->site->class);
        if (actions[0] != '\0')
            text_add(call->out, " do %s", actions);
        text_add(call->out, "\n");
    }
    return DONE;
}

static void print_counters(const struct unit *unit, struct text *out)
{
    const struct unit_counters *counters = &unit->counters;
    text_add(out,
             "slave %s requests %" PRIu64 " answers %" PRIu64 " exceptions %" PRIu64 " struck %" PRIu64
             " writes %" PRIu64 " fault ",
             unit->slave->id, counters->requests, counters->answers, counters->exceptions, counters->struck,
             counters->writes);
    fault_print(&unit->fault, out);
    text_add(out, "\n");
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
        text_add(out, "valve %s %s, coil %s\n", valve->site->id, valve_word(&valve->valve),
                 world_valve_commanded(valve) ? "closes" : "at rest");
    }
}

static enum verdict run_status(struct call *call)
{
    const struct world *world = call->ctl->world;
    if (call->ctl->describe_ports != NULL)
        call->ctl->describe_ports(call->ctl->self, call->out);
    for (size_t i = 0; i < world->site->slave_count; i++) {
        print_counters(&world->units[i], call->out);
        print_holds(&world->units[i], call->out);
    }
    print_models(world, call->out);
    return DONE;
}

/* --- get and set --- */

static void print_point(const char *owner, const char *id, const struct output *output, struct text *out)
{
    const char *unit = output_point(output)->unit;
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
        struct output output = {.unit = &world->units[slave], .point = i};
        print_point(id, world->site->slaves[slave].points[i].id, &output, call->out);
    }
    for (size_t i = 0; slave == SITE_NONE && i < world->site->devices[device].signal_count; i++) {
        const struct site_signal *signal = &world->site->devices[device].signals[i];
        struct output output = {.unit = &world->units[signal->slave], .point = signal->point, .invert = signal->invert};
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
    {"do", "do DEVICE ACTION [ARG]", "lift-1 trap, gas-1 leak 60, valve-1 reopen (see list)", 2, 4, run_do},
    {"fault", "fault SLAVE KIND [N] [once|P]", "make it misbehave; SLAVE * means all", 2, 4, run_fault},
    {"status", "status", "counters, faults, held values, models", 0, 0, run_status},
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
