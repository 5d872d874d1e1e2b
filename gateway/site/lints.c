/* Lints of the whole site: what is allowed and yet leaves somebody unprotected. Warnings all of them, each with what to do;
 * looked for only where there is no error, when periods, rules and interlocks stand. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"

#define SAFETY_EVERY_MAX_MS 5000
#define MOUNT_FAR_M         0.3        /* from ceiling or floor: GB 50028, 10.8.2 */
#define WATCHDOG            "watchdog" /* what a board without "watchdog" in its profile would call it */

/* --- periods -------------------------------------------------------------------------------------------------------- */

/* The slave whose period decides how old the rule's point may be; -1: none. */
static int32_t slave_of_rule(const struct loader *l, const struct rule *rule)
{
    const struct site_device *device = &l->devices[rule->subject];
    const struct device_point *point = &device->points[rule->point];
    if (point->slave >= 0 || device->slave_count == 0)
        return point->slave;
    return device->slaves[0];
}

static uint32_t period_of_rule(const struct loader *l, const struct rule *rule)
{
    return l->devices[rule->subject].points[rule->point].every_ms;
}

static void lint_safety_periods(struct loader *l)
{
    const struct rule **slowest = take_array(&l->scratch, l->slave_count, sizeof(const struct rule *), l->complaints);
    if (slowest == NULL)
        return;
    for (size_t i = 0; i < l->rule_count; i++) {
        const struct rule *rule = &l->rules[i];
        int32_t const slave = rule->priority != PRIORITY_CRITICAL || rule->point < 0 ? -1 : slave_of_rule(l, rule);
        if (slave >= 0 && period_of_rule(l, rule) > SAFETY_EVERY_MAX_MS &&
            (slowest[slave] == NULL || period_of_rule(l, rule) > period_of_rule(l, slowest[slave])))
            slowest[slave] = rule;
    }
    for (size_t i = 0; i < l->slave_count; i++)
        if (slowest[i] != NULL)
            complain_node(l->complaints, place_of(l->build_slaves[i].raw->node, "every"), ON_VALUE, S_SAFETY_SLOW,
                          WORDS(words_quote(l->complaints, slowest[i]->id),
                                words_duration(l->complaints, period_of_rule(l, slowest[i])),
                                words_duration(l->complaints, SAFETY_EVERY_MAX_MS)));
}

/* How a number changes, or that it does not, takes two readings at least. */
static void lint_windows(struct loader *l)
{
    for (size_t i = 0; i < l->rule_count; i++) {
        const struct rule *rule = &l->rules[i];
        if (rule->kind != RULE_RATE && rule->kind != RULE_STUCK)
            continue;
        const struct raw_device *raw = l->build_devices[rule->subject].raw;
        const struct device_point *point = &l->devices[rule->subject].points[rule->point];
        uint32_t const window_ms = rule->kind == RULE_RATE ? rule->over_ms : rule->on_delay_ms;
        const struct node *alarm = raw->alarms == NULL ? NULL : node_child(raw->alarms, rule->id);
        if (window_ms < 2 * (uint64_t)point->every_ms)
            complain_node(l->complaints, alarm != NULL ? alarm : raw->wire.node, ON_KEY, S_WINDOW_SHORT,
                          WORDS(words_quote(l->complaints, rule->id), words_duration(l->complaints, window_ms),
                                words_quote(l->complaints, point->id), words_duration(l->complaints, point->every_ms)));
    }
}

/* --- zones and interlocks ------------------------------------------------------------------------------------------- */

static void lint_zones(struct loader *l)
{
    for (size_t i = 0; i < l->raw.zone_count; i++) {
        bool used = false;
        for (size_t j = 0; j < l->raw.interlock_count; j++)
            used |= l->interlocks[j].zone == (int32_t)i;
        if (!used)
            complain_node(l->complaints, l->raw.zones[i].node, ON_VALUE, S_ZONE_UNUSED, NO_WORDS);
    }
}

/* Whether all slaves of the device hang on the bus. */
static bool is_on_bus(const struct loader *l, int32_t device, int32_t bus)
{
    for (size_t i = 0; i < l->devices[device].slave_count; i++)
        if (l->slaves[l->devices[device].slaves[i]].bus != bus)
            return false;
    return true;
}

/* One cable carries what is to be seen and what is to be done, and nothing acts when it breaks. */
static void lint_common_cause(struct loader *l, const struct site_interlock *interlock, const struct raw_interlock *raw)
{
    const int32_t *detectors = &interlock->device;
    size_t count = 1;
    if (interlock->zone >= 0) {
        detectors = l->zones[interlock->zone].detectors;
        count = l->zones[interlock->zone].detector_count;
    }
    int32_t const bus = l->slaves[interlock->actions[0].slave].bus;
    for (size_t i = 0; i < interlock->action_count; i++)
        if (l->slaves[interlock->actions[i].slave].bus != bus ||
            l->slaves[interlock->actions[i].slave].heartbeat_point >= 0)
            return;
    for (size_t i = 0; i < count; i++)
        if (!is_on_bus(l, detectors[i], bus))
            return;
    complain_node(l->complaints, raw->actions, ON_KEY, S_ONE_BUS, WORDS(words_quote(l->complaints, l->buses[bus].id)));
}

/* What a critical alarm closed is opened by nobody but a person who has looked. */
static void lint_release(struct loader *l, const struct site_interlock *interlock, const struct raw_interlock *raw)
{
    bool critical = false;
    bool at_once = false;
    for (size_t i = 0; i < interlock->rule_count; i++)
        critical |= interlock->rules[i] >= 0 && l->rules[interlock->rules[i]].priority == PRIORITY_CRITICAL;
    for (size_t i = 0; i < interlock->action_count; i++)
        at_once |= !interlock->actions[i].by_hand && interlock->actions[i].off_delay_ms == 0;
    if (critical && at_once && !interlock->latch)
        complain_node(l->complaints, raw->when, ON_VALUE, S_TAKES_BACK,
                      WORDS(words_quote(l->complaints, interlock->alarm)));
}

static void lint_interlocks(struct loader *l)
{
    for (size_t i = 0; i < l->raw.interlock_count; i++) {
        if (l->interlocks[i].silenceable || l->interlocks[i].action_count == 0)
            continue;
        lint_common_cause(l, &l->interlocks[i], &l->raw.interlocks[i]);
        lint_release(l, &l->interlocks[i], &l->raw.interlocks[i]);
    }
}

/* A board that could fall to its safe state by itself, and is not asked to. */
static void lint_heartbeats(struct loader *l)
{
    for (size_t i = 0; i < l->slave_count; i++) {
        bool trips = false;
        for (size_t j = 0; j < l->raw.interlock_count; j++)
            for (size_t k = 0; k < l->interlocks[j].action_count; k++)
                trips |= !l->interlocks[j].silenceable && l->interlocks[j].actions[k].slave == (int32_t)i;
        const struct profile_file *file = l->build_slaves[i].profile;
        const char *named =
            file != NULL && file->profile.watchdog_point[0] != '\0' ? file->profile.watchdog_point : NULL;
        bool const fed = named != NULL ? l->slaves[i].watchdog_ms > 0 : l->slaves[i].heartbeat_point >= 0;
        for (size_t j = 0; trips && !fed && j < l->slaves[i].point_count; j++)
            if (strcmp(l->slaves[i].points[j].id, named != NULL ? named : WATCHDOG) == 0)
                complain_node(l->complaints, l->build_slaves[i].raw->node, ON_VALUE, S_NO_HEARTBEAT,
                              WORDS(words_quote(l->complaints, l->slaves[i].id)));
    }
}

/* A board that falls to the wrong side. A sounder may fall to either. */
static void lint_fail_states(struct loader *l, size_t index)
{
    const struct site_interlock *interlock = &l->interlocks[index];
    for (size_t i = 0; i < interlock->action_count && !interlock->silenceable; i++) {
        const struct site_action *action = &interlock->actions[i];
        const struct site_slave *slave = &l->slaves[action->slave];
        if (slave->watchdog_ms == 0 || slave->points[action->point].function != FUNCTION_COIL ||
            slave->watchdog_fail == (action->value > 0))
            continue;
        complain_node(l->complaints, l->raw.interlocks[index].actions, ON_KEY, S_FAIL_STATE,
                      WORDS(words_quote(l->complaints, slave->id), same(slave->watchdog_fail ? "true" : "false"),
                            words_quote(l->complaints, interlock->id), same(action->value > 0 ? "true" : "false")));
        return;
    }
}

/* --- where detectors hang ------------------------------------------------------------------------------------------- */

static double setting_of(const struct site_device *device, const char *id)
{
    for (size_t i = 0; device->settings != NULL && i < device->class->setting_count; i++)
        if (strcmp(device->class->settings[i].id, id) == 0)
            return device->settings[i];
    return NO_LIMIT;
}

static bool setting_is(const struct site_device *device, const char *id, const char *word)
{
    for (size_t i = 0; device->settings != NULL && i < device->class->setting_count; i++) {
        const struct class_setting *setting = &device->class->settings[i];
        if (strcmp(setting->id, id) == 0 && setting->choices != NULL && has_limit(device->settings[i]))
            return strcmp(setting->choices[(size_t)device->settings[i]].id, word) == 0;
    }
    return false;
}

/* Light gas gathers under the ceiling, heavy gas on the floor. */
static void lint_mounting(struct loader *l, size_t index)
{
    const struct site_device *device = &l->devices[index];
    double const height_m = setting_of(device, "mount_height_m");
    double const room_m = setting_of(device, "room_height_m");
    if (!has_limit(height_m))
        return;
    const struct node *at = place_of(l->build_devices[index].raw->settings, "mount_height_m");
    if (has_limit(room_m) && height_m > room_m)
        complain_node(l->complaints, at, ON_VALUE, S_ABOVE_CEILING,
                      WORDS(words_number(l->complaints, height_m), words_number(l->complaints, room_m)));
    else if (setting_is(device, "gas_density", "heavier") && height_m > MOUNT_FAR_M)
        complain_node(l->complaints, at, ON_VALUE, S_MOUNTED_HIGH, WORDS(words_number(l->complaints, height_m)));
    else if (setting_is(device, "gas_density", "lighter") && has_limit(room_m) && room_m - height_m > MOUNT_FAR_M)
        complain_node(l->complaints, at, ON_VALUE, S_MOUNTED_LOW,
                      WORDS(words_format(l->complaints, "%.3g", room_m - height_m)));
}

void lint_site(struct loader *l)
{
    lint_safety_periods(l);
    lint_windows(l);
    lint_zones(l);
    lint_interlocks(l);
    lint_heartbeats(l);
    for (size_t i = 0; i < l->raw.interlock_count; i++)
        lint_fail_states(l, i);
    for (size_t i = 0; i < l->raw.device_count; i++)
        lint_mounting(l, i);
}
