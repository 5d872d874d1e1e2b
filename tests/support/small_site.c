#include "tests/support/test.h"

#include "tests/support/small_site.h"

#include <stdio.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"

static const struct device_class *class_of(const char *id)
{
    for (size_t i = 0; i < classes.class_count; i++)
        if (strcmp(classes.classes[i]->id, id) == 0)
            return classes.classes[i];
    fail_msg("no class %s", id);
    return NULL;
}

static const struct class_point *class_point(const char *class, const char *id)
{
    const struct device_class *own = class_of(class);
    for (size_t i = 0; i < own->point_count; i++)
        if (strcmp(own->points[i].id, id) == 0)
            return &own->points[i];
    fail_msg("%s has no point %s", class, id);
    return NULL;
}

static void make_slave(struct small_site *small, size_t index, const char *id, int32_t bus, uint32_t every_ms,
                       const struct slave_point *points, size_t point_count)
{
    small->slaves[index] = (struct site_slave){.id = id,
                                               .bus = bus,
                                               .unit = (uint8_t)(index + 1),
                                               .profile = "",
                                               .every_ms = {every_ms, every_ms, every_ms},
                                               .points = points,
                                               .point_count = point_count,
                                               .heartbeat_point = -1};
}

static struct slave_point slave_point(const char *id, enum value_type type)
{
    return (struct slave_point){
        .id = id, .type = type, .unit = "", .scale = 1, .register_count = 1, .zh = "", .en = ""};
}

static void make_slaves(struct small_site *small, uint32_t every_ms)
{
    struct slave_point mode = slave_point("detector_mode", VALUE_ENUM);
    mode.codes = class_point("gas_detector", mode.id)->codes;
    mode.code_count = class_point("gas_detector", mode.id)->code_count;
    small->gas_points[GAS_LEL] = slave_point("gas_lel_pct", VALUE_NUMBER);
    small->gas_points[GAS_MODE] = mode;
    small->gas_points[GAS_NAME] = slave_point("gas_name", VALUE_TEXT);
    small->gas_points[GAS_NAME].register_count = 4;
    small->valve_points[RELAY_1] = slave_point("relay_1", VALUE_BOOL);
    small->valve_points[RELAY_2] = slave_point("relay_2", VALUE_BOOL);
    small->valve_points[RELAY_1].function = small->valve_points[RELAY_2].function = FUNCTION_COIL;
    small->valve_points[RELAY_1].writable = small->valve_points[RELAY_2].writable = true;
    small->valve_points[INPUT_1] = slave_point("input_1", VALUE_BOOL);
    static const char *const names[DI_POINTS] = {"in_1", "in_2", "in_3", "in_4"};
    for (size_t i = 0; i < DI_POINTS; i++)
        small->di_points[i] = slave_point(names[i], VALUE_BOOL);
    small->speed_point = slave_point("car_speed", VALUE_NUMBER);
    make_slave(small, SLAVE_GAS_1, "gas-1", BUS_GAS, every_ms, small->gas_points, GAS_POINTS);
    make_slave(small, SLAVE_GAS_2, "gas-2", BUS_GAS, every_ms, small->gas_points, GAS_POINTS);
    make_slave(small, SLAVE_VALVE, "valve", BUS_GAS, every_ms, small->valve_points, VALVE_POINTS);
    make_slave(small, SLAVE_DI, "di-1", BUS_LIFT, every_ms, small->di_points, DI_POINTS);
    make_slave(small, SLAVE_SPEED, "speed-1", BUS_LIFT, every_ms, &small->speed_point, 1);
}

static void add_point(struct small_site *small, size_t device, const char *id, int32_t slave, int32_t from,
                      uint32_t every_ms)
{
    struct site_device *own = &small->devices[device];
    const struct class_point *canonical = class_point(own->class->id, id);
    ptrdiff_t const place = canonical - own->class->points;
    CHECK(own->point_count < SMALL_POINTS_MAX);
    small->points[device][own->point_count] = (struct device_point){.id = id,
                                                                    .unit = canonical->unit,
                                                                    .type = canonical->type,
                                                                    .codes = canonical->codes,
                                                                    .code_count = canonical->code_count,
                                                                    .class_point = (int32_t)place,
                                                                    .slave = slave,
                                                                    .slave_point = from,
                                                                    .factor = 1,
                                                                    .minimum = canonical->minimum,
                                                                    .maximum = canonical->maximum,
                                                                    .deadband = canonical->deadband,
                                                                    .every_ms = every_ms,
                                                                    .zh = canonical->zh,
                                                                    .en = canonical->en};
    small->by_class[device][place] = (int32_t)own->point_count++;
}

static void begin_device(struct small_site *small, size_t index, const char *id, const char *class, uint32_t every_ms)
{
    const struct device_class *own = class_of(class);
    CHECK(own->point_count <= SMALL_CLASS_MAX && own->setting_count <= SMALL_SETTINGS_MAX);
    for (size_t i = 0; i < own->point_count; i++)
        small->by_class[index][i] = -1;
    for (size_t i = 0; i < own->setting_count; i++)
        small->settings[index][i] = own->settings[i].standard;
    small->devices[index] = (struct site_device){.id = id,
                                                 .class = own,
                                                 .points = small->points[index],
                                                 .by_class = small->by_class[index],
                                                 .slaves = small->slave_lists[index],
                                                 .max_silence_ms = 60000,
                                                 .every_ms = every_ms,
                                                 .identity_json = "{}",
                                                 .use_cod = "",
                                                 .profile = "",
                                                 .maker = "",
                                                 .model = "",
                                                 .settings = small->settings[index]};
}

/* -1 none, or its index. */
static int32_t find_point(const struct small_site *small, size_t device, const char *id)
{
    for (size_t i = 0; i < small->devices[device].point_count; i++)
        if (strcmp(small->points[device][i].id, id) == 0)
            return (int32_t)i;
    return -1;
}

/* NO_LIMIT: unknown, or no setting at all. */
static double setting_of(const struct small_site *small, size_t device, const char *id)
{
    const struct device_class *class = small->devices[device].class;
    for (size_t i = 0; i < class->setting_count; i++)
        if (strcmp(class->settings[i].id, id) == 0)
            return small->settings[device][i];
    return NO_LIMIT;
}

/* "car_status|car_speed door_zone": of each word one. */
static bool has_needs(const struct small_site *small, size_t device, const char *needs)
{
    char words[256];
    char *rest = NULL;
    (void)snprintf(words, sizeof words, "%s", needs == NULL ? "" : needs);
    for (char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *others = NULL;
        bool met = false;
        for (const char *one = strtok_r(word, "|", &others); one != NULL; one = strtok_r(NULL, "|", &others))
            met = met || find_point(small, device, one) >= 0 || setting_of(small, device, one) > NO_LIMIT;
        if (!met)
            return false;
    }
    return true;
}

static void end_device(struct small_site *small, size_t index, uint32_t every_ms)
{
    const struct device_class *class = small->devices[index].class;
    for (size_t i = 0; i < class->point_count; i++)
        if (class->points[i].derived && small->by_class[index][i] < 0 &&
            has_needs(small, index, class->points[i].needs))
            add_point(small, index, class->points[i].id, -1, -1, every_ms);
}

static void make_devices(struct small_site *small, uint32_t every_ms)
{
    static const char *const names[] = {"gas-1", "gas-2"};
    for (size_t i = DEVICE_GAS_1; i <= DEVICE_GAS_2; i++) {
        int32_t slave = (int32_t)(i - DEVICE_GAS_1) + SLAVE_GAS_1;
        begin_device(small, i, names[i], "gas_detector", every_ms);
        add_point(small, i, "gas_lel_pct", slave, GAS_LEL, every_ms);
        add_point(small, i, "detector_mode", slave, GAS_MODE, every_ms);
        add_point(small, i, "gas_name", slave, GAS_NAME, every_ms);
        small->slave_lists[i][small->devices[i].slave_count++] = slave;
        end_device(small, i, every_ms);
    }
    begin_device(small, DEVICE_VALVE, "valve", "io", every_ms);
    add_point(small, DEVICE_VALVE, "relay_1", SLAVE_VALVE, RELAY_1, every_ms);
    add_point(small, DEVICE_VALVE, "relay_2", SLAVE_VALVE, RELAY_2, every_ms);
    add_point(small, DEVICE_VALVE, "input_1", SLAVE_VALVE, INPUT_1, every_ms);
    small->slave_lists[DEVICE_VALVE][small->devices[DEVICE_VALVE].slave_count++] = SLAVE_VALVE;
    begin_device(small, DEVICE_LIFT, "lift-1", "lift", every_ms);
    add_point(small, DEVICE_LIFT, "door_closed", SLAVE_DI, IN_DOOR_CLOSED, every_ms);
    add_point(small, DEVICE_LIFT, "door_zone", SLAVE_DI, IN_DOOR_ZONE, every_ms);
    add_point(small, DEVICE_LIFT, "passenger_present", SLAVE_DI, IN_PASSENGER, every_ms);
    add_point(small, DEVICE_LIFT, "alarm_button", SLAVE_DI, IN_BUTTON, every_ms);
    add_point(small, DEVICE_LIFT, "car_speed", SLAVE_SPEED, 0, every_ms);
    small->slave_lists[DEVICE_LIFT][0] = SLAVE_DI;
    small->slave_lists[DEVICE_LIFT][1] = SLAVE_SPEED;
    small->devices[DEVICE_LIFT].slave_count = 2;
    end_device(small, DEVICE_LIFT, every_ms);
}

static struct rule *add_rule(struct small_site *small, size_t subject)
{
    CHECK(small->site.rule_count < SMALL_RULES_MAX);
    struct subject *own = &small->subjects[subject];
    if (own->rule_count++ == 0)
        own->rule_first = (int32_t)small->site.rule_count;
    struct rule *rule = &small->rules[small->site.rule_count++];
    *rule = (struct rule){.subject = (int32_t)subject, .point = -1, .from_point = -1, .unit = "", .zh = "", .en = ""};
    return rule;
}

static uint64_t mask_of(const struct class_alarm *alarm, const struct device_point *point)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < ARRAY_SIZE(alarm->codes) && alarm->codes[i] != NULL; i++)
        for (size_t c = 0; c < point->code_count; c++)
            if (strcmp(point->codes[c].id, alarm->codes[i]) == 0)
                mask |= UINT64_C(1) << c;
    return mask;
}

/* Low limits follow settings downwards: the strictest is the highest. */
static double limit_of(const struct small_site *small, size_t device, const struct class_alarm *alarm)
{
    bool const low = alarm->kind == RULE_LO || alarm->kind == RULE_LOLO;
    double strictest = NO_LIMIT;
    for (size_t i = 0; i < ARRAY_SIZE(alarm->limit_from) && alarm->limit_from[i].setting != NULL; i++) {
        double const setting = setting_of(small, device, alarm->limit_from[i].setting);
        double const limit = setting * alarm->limit_from[i].factor + alarm->limit_from[i].addend;
        if (setting > NO_LIMIT && (!(strictest > NO_LIMIT) || (low ? limit > strictest : limit < strictest)))
            strictest = limit;
    }
    return strictest > NO_LIMIT ? strictest : alarm->limit;
}

static bool has_alarm(const struct small_site *small, size_t device, const struct class_alarm *alarm)
{
    const char *const points[] = {alarm->point, alarm->from};
    for (size_t i = 0; i < ARRAY_SIZE(points); i++)
        if (points[i] != NULL && find_point(small, device, points[i]) < 0)
            return false;
    return alarm->limit_from[0].setting == NULL || limit_of(small, device, alarm) > NO_LIMIT;
}

static void make_rule(struct small_site *small, size_t device, const struct class_alarm *alarm)
{
    struct rule *rule = add_rule(small, device);
    small->devices[device].rule_count++;
    rule->id = alarm->id;
    rule->kind = alarm->kind;
    rule->limit = limit_of(small, device, alarm);
    rule->deadband = alarm->deadband;
    rule->on_delay_ms = alarm->on_delay_ms;
    rule->off_delay_ms = alarm->off_delay_ms;
    rule->priority = alarm->priority;
    rule->latch = alarm->latch;
    rule->over_ms = alarm->over_ms;
    if (alarm->point == NULL)
        return;
    rule->point = find_point(small, device, alarm->point);
    rule->code_mask = mask_of(alarm, &small->points[device][rule->point]);
    if (alarm->from != NULL)
        rule->from_point = find_point(small, device, alarm->from);
    if (alarm->when != NULL && find_point(small, device, alarm->when) >= 0) {
        rule->when_point = find_point(small, device, alarm->when);
        rule->when_mask = 2; /* yes */
    }
}

static void make_device_rules(struct small_site *small, size_t device)
{
    struct site_device *own = &small->devices[device];
    small->subjects[device] =
        (struct subject){.id = own->id, .cls = own->class->id, .kind = SUBJECT_DEVICE, .index = (int32_t)device};
    own->rule_first = (int32_t)small->site.rule_count;
    for (size_t i = 0; i < own->class->alarm_count; i++)
        if (has_alarm(small, device, &own->class->alarms[i]))
            make_rule(small, device, &own->class->alarms[i]);
}

/* The lift's speed is read from a register: it may hold no number. */
static void make_sensor_rule(struct small_site *small, size_t device, const char *point)
{
    struct rule *rule = add_rule(small, device);
    small->devices[device].rule_count++;
    small->points[device][find_point(small, device, point)].vital = true;
    rule->id = "sensor.fault";
    rule->kind = RULE_FAILED;
    rule->on_delay_ms = rule->off_delay_ms = 10000;
    rule->priority = PRIORITY_HIGH;
}

static void make_centre_rules(struct small_site *small)
{
    size_t const subject = SMALL_DEVICES + SMALL_BUSES + SMALL_INTERLOCKS;
    small->centres[CENTRE_PROPERTY] = (struct site_centre){.id = "property"};
    small->subjects[subject] =
        (struct subject){.id = "property", .cls = "centre", .kind = SUBJECT_CENTRE, .index = CENTRE_PROPERTY};
    struct rule *rule = add_rule(small, subject);
    rule->id = "centre.lost";
    rule->kind = RULE_COMM;
    rule->on_delay_ms = 300000;
    rule->off_delay_ms = 10000;
    rule->priority = PRIORITY_MEDIUM;
    rule = add_rule(small, subject);
    rule->id = "centre.refused";
    rule->kind = RULE_FAILED;
    rule->off_delay_ms = 60000;
    rule->priority = PRIORITY_MEDIUM;
}

static void make_other_rules(struct small_site *small)
{
    static const char *const buses[] = {"bus-gas", "bus-lift"};
    static const char *const interlocks[] = {"trip", "siren"};
    for (size_t i = 0; i < SMALL_BUSES; i++) {
        small->buses[i] = (struct site_bus){.id = buses[i], .kind = LINK_TCP, .timeout_ms = 500};
        small->subjects[SMALL_DEVICES + i] =
            (struct subject){.id = buses[i], .cls = "bus", .kind = SUBJECT_BUS, .index = (int32_t)i};
        struct rule *rule = add_rule(small, SMALL_DEVICES + i);
        rule->id = "bus.lost";
        rule->kind = RULE_COMM;
        rule->on_delay_ms = rule->off_delay_ms = 5000;
        rule->priority = PRIORITY_HIGH;
    }
    for (size_t i = 0; i < SMALL_INTERLOCKS; i++) {
        size_t const subject = SMALL_DEVICES + SMALL_BUSES + i;
        small->subjects[subject] =
            (struct subject){.id = interlocks[i], .cls = "interlock", .kind = SUBJECT_INTERLOCK, .index = (int32_t)i};
        small->interlocks[i].subject = (int32_t)subject;
        small->interlocks[i].failed_rule = (int32_t)small->site.rule_count;
        struct rule *rule = add_rule(small, subject);
        rule->id = "interlock.failed";
        rule->kind = RULE_FAILED;
        rule->priority = PRIORITY_CRITICAL;
        rule->latch = true;
    }
    make_centre_rules(small);
}

static void make_interlock(struct small_site *small, size_t index, const char *id, const char *alarm, int32_t point)
{
    struct site_interlock *own = &small->interlocks[index];
    small->actions[index] = (struct site_action){.slave = SLAVE_VALVE, .point = point, .value = 1};
    own->id = id;
    own->zone = 0;
    own->device = -1;
    own->alarm = alarm;
    own->rules = small->interlock_rules[index];
    own->rule_count = 2;
    own->actions = &small->actions[index];
    own->action_count = 1;
    own->confirm_device = -1;
    for (size_t i = 0; i < 2; i++)
        small->interlock_rules[index][i] =
            (int32_t)small_site_rule(small, small->devices[small->detectors[i]].id, alarm);
}

void small_site_make(struct small_site *small, uint32_t every_ms)
{
    memset(small, 0, sizeof *small);
    make_slaves(small, every_ms);
    make_devices(small, every_ms);
    small->site = (struct site){.file = "small",
                                .sha256 = "",
                                .id = "g1",
                                .name = "",
                                .time_zone = "Asia/Shanghai",
                                .language = "zh",
                                .area_code = "",
                                .grid_code = "",
                                .buses = small->buses,
                                .bus_count = SMALL_BUSES,
                                .slaves = small->slaves,
                                .slave_count = SMALL_SLAVES,
                                .devices = small->devices,
                                .device_count = SMALL_DEVICES,
                                .subjects = small->subjects,
                                .subject_count = ARRAY_SIZE(small->subjects),
                                .rules = small->rules,
                                .zones = &small->zone,
                                .zone_count = 1,
                                .interlocks = small->interlocks,
                                .interlock_count = SMALL_INTERLOCKS,
                                .centres = small->centres,
                                .centre_count = SMALL_CENTRES};
    for (size_t i = 0; i < SMALL_DEVICES; i++)
        make_device_rules(small, i);
    make_sensor_rule(small, DEVICE_LIFT, "car_speed");
    make_other_rules(small);
    small->detectors[0] = DEVICE_GAS_1;
    small->detectors[1] = DEVICE_GAS_2;
    small->zone = (struct site_zone){
        .id = "kitchen", .detectors = small->detectors, .detector_count = 2, .vote_n = 1, .fault_vote = FAULT_VOTE_FOR};
    make_interlock(small, INTERLOCK_TRIP, "trip", "gas.high", RELAY_1);
    make_interlock(small, INTERLOCK_SIREN, "siren", "gas.low", RELAY_2);
    struct site_interlock *trip = &small->interlocks[INTERLOCK_TRIP];
    trip->latch = true;
    trip->confirm_device = DEVICE_VALVE;
    trip->confirm_point = (int32_t)small_site_point(small, DEVICE_VALVE, "input_1");
    trip->confirm_equals = 1;
    trip->confirm_within_ms = 10000;
    small->interlocks[INTERLOCK_SIREN].silenceable = true;
}

size_t small_site_rule(const struct small_site *small, const char *subject, const char *alarm)
{
    for (size_t i = 0; i < small->site.rule_count; i++)
        if (strcmp(small->rules[i].id, alarm) == 0 && strcmp(small->subjects[small->rules[i].subject].id, subject) == 0)
            return i;
    fail_msg("no rule %s of %s", alarm, subject);
    return 0;
}

size_t small_site_point(const struct small_site *small, size_t device, const char *point)
{
    int32_t const found = find_point(small, device, point);
    if (found < 0)
        fail_msg("no point %s of %s", point, small->devices[device].id);
    return (size_t)found;
}
