#include "firmware-sim/cast.h"

#include <string.h>

#define TRIES_MAX 20000 /* of a choice that does not work out; sites are smaller */

/* What a search knows. */
struct search {
    struct cast *cast;
    const char *binds[SCENARIO_ROLES_MAX]; /* "a,b": one of these; NULL any */
    bool *used;                            /* devices, but for roles of valves */
    bool *used_valves;
    size_t tries;
    size_t deepest; /* role that fitted nothing */
};

/* --- does a device fit a role ------------------------------------------------------------------------------------- */

static bool has_class(const struct role *role, const char *class)
{
    for (size_t i = 0; i < role->class_count; i++) {
        if (text_equals(role->classes[i], class))
            return true;
    }
    return role->class_count == 0;
}

static bool has_points(const struct role *role, const struct site_device *device)
{
    for (size_t i = 0; i < role->point_count; i++) {
        if (device_find_signal(device, role->points[i]) == NULL)
            return false;
    }
    return true;
}

static bool has_setting(const struct site_device *device, const char *id)
{
    for (size_t i = 0; i < device->settings.count; i++) {
        if (text_equals(device->settings.rows[i].id, id))
            return true;
    }
    return false;
}

static bool has_settings(const struct role *role, const struct site_device *device)
{
    for (size_t i = 0; i < role->setting_count; i++) {
        if (!has_setting(device, role->settings[i]))
            return false;
    }
    return true;
}

static const struct site_bus *bus_of(const struct site *site, const struct site_signal *signal)
{
    return &site->buses[site->slaves[signal->slave].bus];
}

static bool has_wire(const struct role *role, const struct site *site, const struct site_device *device)
{
    for (size_t i = 0; role->wire != ROLE_ANY_WIRE && i < device->signal_count; i++) {
        bool is_tcp = bus_of(site, &device->signals[i])->link == SITE_TCP;
        if (is_tcp != (role->wire == ROLE_TCP))
            return false;
    }
    return true;
}

/* In one zone with `other` (SITE_NONE: with anybody) that wants so many votes (0: any). */
static bool shares_zone(const struct site *site, size_t device, size_t other, unsigned vote)
{
    bool is_alone = true;
    for (size_t i = 0; i < site->zone_count; i++) {
        const struct site_zone *zone = &site->zones[i];
        if (!site_lists(zone->devices, zone->device_count, device))
            continue;
        is_alone = false;
        if ((vote == 0 || zone->vote == vote) &&
            (other == SITE_NONE || site_lists(zone->devices, zone->device_count, other)))
            return true;
    }
    return is_alone && other == SITE_NONE && vote == 1;
}

static size_t first_of(const struct cast *cast, size_t role)
{
    bool is_known = role != SCENARIO_NONE && cast->castings[role].device_count > 0;
    return is_known ? cast->castings[role].devices[0] : SITE_NONE;
}

static bool has_zone(const struct cast *cast, const struct role *role, size_t device)
{
    if (role->zone_of == SCENARIO_NONE && role->vote == 0)
        return true;
    return shares_zone(cast->site, device, first_of(cast, role->zone_of), role->vote);
}

static bool serves(const struct site_device *device, size_t slave)
{
    for (size_t i = 0; i < device->signal_count; i++) {
        if (device->signals[i].slave == slave)
            return true;
    }
    return false;
}

/* The device at whose coil a valve hangs; SITE_NONE. */
static size_t board_of(const struct site *site, const struct site_valve *valve)
{
    for (size_t i = 0; i < site->device_count; i++) {
        if (serves(&site->devices[i], valve->command.slave))
            return i;
    }
    return SITE_NONE;
}

static bool is_watched(const struct cast *cast, const struct role *role, const struct site_valve *valve)
{
    size_t of = first_of(cast, role->of);
    return of == SITE_NONE || site_lists(valve->devices, valve->device_count, of);
}

static bool fits(const struct cast *cast, const struct role *role, size_t device)
{
    const struct site_device *site = &cast->site->devices[device];
    return has_class(role, site->class) && has_points(role, site) && has_settings(role, site) &&
           has_wire(role, cast->site, site) && has_zone(cast, role, device);
}

/* "b" stands in "a,b". */
static bool stands_in(const char *list, const char *id)
{
    size_t length = strlen(id);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, id, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* --- choosing ----------------------------------------------------------------------------------------------------- */

static bool is_bound(const struct search *search, size_t role, const char *id)
{
    return search->binds[role] == NULL || stands_in(search->binds[role], id);
}

static void give(struct search *search, size_t role, size_t device, size_t valve)
{
    struct casting *casting = &search->cast->castings[role];
    casting->valves[casting->device_count] = valve;
    casting->devices[casting->device_count++] = device;
    if (valve == SITE_NONE)
        search->used[device] = true;
    else
        search->used_valves[valve] = true;
}

static void take_back(struct search *search, size_t role)
{
    struct casting *casting = &search->cast->castings[role];
    while (casting->device_count > 0) {
        size_t last = --casting->device_count;
        if (casting->valves[last] == SITE_NONE)
            search->used[casting->devices[last]] = false;
        else
            search->used_valves[casting->valves[last]] = false;
    }
}

/* The valve, or else the device, of that number plays the role, if it can. */
static bool try_one(struct search *search, size_t index, size_t number)
{
    const struct site *site = search->cast->site;
    const struct role *role = &search->cast->scenario->roles[index];
    const struct site_valve *valve = role->interlock ? &site->valves[number] : NULL;
    size_t device = valve != NULL ? board_of(site, valve) : number;
    search->tries++;
    if (device == SITE_NONE || !fits(search->cast, role, device))
        return false;
    bool bound =
        is_bound(search, index, site->devices[device].id) || (valve != NULL && is_bound(search, index, valve->id));
    bool used = valve != NULL ? search->used_valves[number] : search->used[device];
    if (used || !bound || (valve != NULL && (!valve->stays || !is_watched(search->cast, role, valve))))
        return false;
    give(search, index, device, valve != NULL ? number : SITE_NONE);
    return true;
}

/* How many could be tried. */
static size_t choices(const struct search *search, size_t role)
{
    const struct site *site = search->cast->site;
    return search->cast->scenario->roles[role].interlock ? site->valve_count : site->device_count;
}

/* An optional role is at last played by nobody. */
static bool leave_out(const struct search *search, size_t role, size_t *next)
{
    bool can = search->cast->scenario->roles[role].optional && *next <= choices(search, role);
    *next = choices(search, role) + 1;
    return can;
}

/* The next that fits, from *next on. */
static bool fill_one(struct search *search, size_t role, size_t *next)
{
    take_back(search, role);
    for (size_t i = *next; i < choices(search, role); i++) {
        *next = i + 1;
        if (try_one(search, role, i))
            return true;
    }
    return leave_out(search, role, next);
}

/* All that fit; there is one way to do that. */
static bool fill_all(struct search *search, size_t role, size_t *next)
{
    const struct casting *casting = &search->cast->castings[role];
    size_t bound = 0;
    size_t at_least = search->cast->scenario->roles[role].at_least;
    for (const char *comma = search->binds[role]; comma != NULL; comma = strchr(comma + 1, ','))
        at_least = at_least > ++bound ? at_least : bound;
    take_back(search, role);
    for (size_t i = *next; i < choices(search, role); i++)
        (void)try_one(search, role, i);
    bool good = *next == 0 && casting->device_count >= at_least;
    *next = good ? choices(search, role) : *next;
    return good || leave_out(search, role, next);
}

/* Role by role; one that fits nothing makes the one before choose again. */
static bool choose(struct search *search)
{
    const struct scenario *scenario = search->cast->scenario;
    size_t next[SCENARIO_ROLES_MAX] = {0};
    size_t role = 0;
    while (role < scenario->role_count && search->tries < TRIES_MAX) {
        bool all = scenario->roles[role].all;
        bool good = all ? fill_all(search, role, &next[role]) : fill_one(search, role, &next[role]);
        search->deepest = role > search->deepest ? role : search->deepest;
        if (!good && role == 0)
            return false;
        if (!good)
            next[role] = 0;
        role = good ? role + 1 : role - 1;
    }
    return role == scenario->role_count;
}

/* --- binds -------------------------------------------------------------------------------------------------------- */

static bool is_there(const struct site *site, const char *id, size_t length)
{
    bool found = false;
    for (size_t i = 0; i < site->device_count && !found; i++)
        found = strlen(site->devices[i].id) == length && strncmp(site->devices[i].id, id, length) == 0;
    for (size_t i = 0; i < site->valve_count && !found; i++)
        found = strlen(site->valves[i].id) == length && strncmp(site->valves[i].id, id, length) == 0;
    return found;
}

static bool bind(struct search *search, const char *word, struct text *why)
{
    const struct scenario *scenario = search->cast->scenario;
    size_t length = strcspn(word, "=");
    size_t role = scenario_find_role(scenario, word, length);
    if (word[length] != '=')
        return text_refuse(why, "\"%.80s\" is no ROLE=DEVICE", word);
    if (role == SCENARIO_NONE) {
        text_add(why, "%s has no role \"%.*s\"; it has:", scenario->name, (int)length, word);
        for (size_t i = 0; i < scenario->role_count; i++)
            text_add(why, " %s", scenario->roles[i].name);
        return false;
    }
    if (search->binds[role] != NULL)
        return text_refuse(why, "%s is bound twice; one word a role: %s=a,b", scenario->roles[role].name,
                           scenario->roles[role].name);
    search->binds[role] = word + length + 1;
    for (const char *id = search->binds[role]; id != NULL; id = strchr(id, ',')) {
        id += *id == ',' ? 1 : 0;
        length = strcspn(id, ",");
        if (!is_there(search->cast->site, id, length))
            return text_refuse(why, "%s: there is no device or interlock \"%.*s\"", scenario->roles[role].name,
                               (int)length, id);
    }
    return true;
}

/* --- why not ------------------------------------------------------------------------------------------------------ */

static void list(struct text *out, const char *before, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_add(out, "%s%s", i == 0 ? before : ", ", words[i]);
}

/* "valve: no output board with the valve of an interlock that watches leaking" */
static bool refuse(const struct search *search, struct text *why)
{
    const struct scenario *scenario = search->cast->scenario;
    const struct role *role = &scenario->roles[search->deepest];
    text_add(why, "%s does not apply here: nothing can play %s", scenario->name, role->name);
    if (search->binds[search->deepest] != NULL)
        text_add(why, " as bound to %s", search->binds[search->deepest]);
    text_add(why, "; wanted:");
    if (role->all && role->at_least > 1)
        text_add(why, " at least %zu times", role->at_least);
    list(why, role->class_count > 1 ? " one of class " : " class ", role->classes, role->class_count);
    list(why, " with the points ", role->points, role->point_count);
    list(why, " with the settings ", role->settings, role->setting_count);
    if (role->wire != ROLE_ANY_WIRE)
        text_add(why, " on a line of kind %s", role->wire == ROLE_TCP ? "tcp" : "rtu");
    if (role->interlock)
        text_add(why, " with the shut-off valve of an interlock");
    if (role->of != SCENARIO_NONE)
        text_add(why, " that watches %s", scenario->roles[role->of].name);
    if (role->zone_of != SCENARIO_NONE)
        text_add(why, " in the zone of %s", scenario->roles[role->zone_of].name);
    if (role->vote > 0)
        text_add(why, " where %u must see gas", role->vote);
    text_add(why, ", played by nobody else");
    return false;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

bool cast_open(struct cast *cast, const struct scenario *scenario, const struct site *site, char *const *binds,
               size_t bind_count, struct text *why)
{
    *cast = (struct cast){.scenario = scenario, .site = site};
    struct search search = {.cast = cast,
                            .used = pool_take(&cast->pool, site->device_count, sizeof(bool)),
                            .used_valves = pool_take(&cast->pool, site->valve_count, sizeof(bool))};
    size_t most = site->device_count + site->valve_count;
    bool good = true;
    for (size_t i = 0; i < scenario->role_count; i++) {
        cast->castings[i].devices = pool_take(&cast->pool, most, sizeof(size_t));
        cast->castings[i].valves = pool_take(&cast->pool, most, sizeof(size_t));
    }
    for (size_t i = 0; i < bind_count && good; i++)
        good = bind(&search, binds[i], why);
    if (good && choose(&search))
        return true;
    if (good)
        (void)refuse(&search, why);
    cast_close(cast);
    return false;
}

void cast_close(struct cast *cast)
{
    pool_close(&cast->pool);
    *cast = (struct cast){.scenario = NULL};
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static const char *device_id(const struct cast *cast, size_t role, size_t i)
{
    return cast->site->devices[cast->castings[role].devices[i]].id;
}

/* The coil, so that of a board with several valves only this one moves. */
static void print_do(const struct cast *cast, const struct action *action, size_t i, struct text *out)
{
    size_t valve = cast->castings[action->role].valves[i];
    text_add(out, "do %s %s", device_id(cast, action->role, i), action->rest);
    if (valve != SITE_NONE) {
        const struct site_signal *coil = &cast->site->valves[valve].command;
        text_add(out, " %s", cast->site->slaves[coil->slave].points[coil->point].id);
    }
    text_add(out, "\n");
}

/* All slaves of one device, each once; all buses of it, where the bus is meant. */
static void print_fault(const struct cast *cast, const struct action *action, size_t i, struct text *out)
{
    const struct site *site = cast->site;
    const struct site_device *device = &site->devices[cast->castings[action->role].devices[i]];
    for (size_t k = 0; k < device->signal_count; k++) {
        size_t slave = device->signals[k].slave;
        size_t bus = site->slaves[slave].bus;
        bool is_new = true;
        for (size_t before = 0; before < k; before++) {
            size_t other = device->signals[before].slave;
            is_new = is_new && other != slave && !(action->bus && site->slaves[other].bus == bus);
        }
        if (is_new && action->bus)
            text_add(out, "fault bus:%s %s\n", site->buses[bus].id, action->rest);
        else if (is_new)
            text_add(out, "fault %s %s\n", site->slaves[slave].id, action->rest);
    }
}

static void print_order(const struct cast *cast, const struct action *action, size_t i, struct text *out)
{
    size_t valve = cast->castings[action->role].valves[i];
    text_add(out, "%s --dev %s", action->verb,
             valve != SITE_NONE ? cast->site->valves[valve].id : device_id(cast, action->role, i));
    text_add(out, "%s%s\n", action->rest[0] == '\0' ? "" : " --alarm ", action->rest);
}

static void print_line(const struct cast *cast, const struct action *action, size_t i, struct text *out)
{
    switch (action->kind) {
    case ACTION_DO:
        print_do(cast, action, i, out);
        break;
    case ACTION_SET:
        text_add(out, "set %s.%s %s\n", device_id(cast, action->role, i), action->point, action->rest);
        break;
    case ACTION_FAULT:
        print_fault(cast, action, i, out);
        break;
    case ACTION_ORDER:
        print_order(cast, action, i, out);
        break;
    case ACTION_SPEED:
        break;
    }
}

void cast_print_lines(const struct cast *cast, const struct action *action, struct text *out)
{
    if (action->kind == ACTION_SPEED)
        text_add(out, "speed %g\n", action->speed);
    else if (action->role == SCENARIO_NONE && action->kind != ACTION_ORDER)
        text_add(out, "%s * %s\n", action->kind == ACTION_DO ? "do" : "fault", action->rest);
    else if (action->role == SCENARIO_NONE)
        text_add(out, "%s\n", action->verb);
    for (size_t i = 0; action->role != SCENARIO_NONE && i < cast->castings[action->role].device_count; i++)
        print_line(cast, action, i, out);
}

static void print_players(const struct cast *cast, size_t role, struct text *out)
{
    for (size_t i = 0; i < cast->castings[role].device_count; i++)
        text_add(out, "%s%s", i == 0 ? "" : ",", device_id(cast, role, i));
}

void cast_print_label(const struct cast *cast, const char *label, struct text *out)
{
    while (*label != '\0') {
        size_t plain = strcspn(label, "{");
        size_t length = label[plain] == '{' ? strcspn(label + plain + 1, "}") : 0;
        size_t role = length == 0 ? SCENARIO_NONE : scenario_find_role(cast->scenario, label + plain + 1, length);
        text_add(out, "%.*s", (int)plain, label);
        label += plain;
        if (role != SCENARIO_NONE) {
            print_players(cast, role, out);
            label += length + 2;
        } else if (*label == '{') {
            text_add(out, "{");
            label++;
        }
    }
}

void cast_print(const struct cast *cast, struct text *out)
{
    for (size_t i = 0; i < cast->scenario->role_count; i++) {
        text_add(out, "%s%s=", i == 0 ? "" : " ", cast->scenario->roles[i].name);
        print_players(cast, i, out);
    }
}
