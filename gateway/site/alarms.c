/* The alarms of a device: what its class gives it, what the file changes, and what the file adds. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/site/making.h"

#define COMM_ON_DELAY_MS  30000
#define SENSOR_DELAY_MS   10000 /* a reading or two may be lost to noise; GB 16808 wants a fault told within 100 s */
#define COMM_OFF_DELAY_MS 5000
#define RATE_OVER_MS      10000

/* --- from the class ------------------------------------------------------------------------------------------------- */

static uint64_t mask_of_class(const struct device_point *point, const struct class_alarm *alarm)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < ARRAY_SIZE(alarm->codes) && alarm->codes[i] != NULL; i++)
        mask |= mask_of_code(point, alarm->codes[i]);
    return mask;
}

static const char *unit_of_rule(enum rule_kind kind, const struct device_point *point)
{
    return kind == RULE_BIT || kind == RULE_CODE ? "" : point->unit;
}

/* False: the device does not have the point. */
static bool rule_of_class(const struct site_device *device, const struct class_alarm *alarm, struct rule *ret_rule)
{
    int32_t const point = alarm->point == NULL ? -1 : device_point_find(device, alarm->point);
    if (alarm->point != NULL && point < 0)
        return false;
    *ret_rule = (struct rule){
        .id = alarm->id,
        .point = point,
        .kind = alarm->kind,
        .limit = alarm->limit,
        .deadband = alarm->deadband,
        .on_delay_ms = alarm->on_delay_ms,
        .off_delay_ms = alarm->off_delay_ms,
        .priority = alarm->priority,
        .latch = alarm->latch,
        .shelvable = alarm->shelvable,
        .from_point = alarm->from == NULL ? -1 : device_point_find(device, alarm->from),
        .over_ms = alarm->over_ms,
        .when_point = alarm->when == NULL ? -1 : device_point_find(device, alarm->when),
        .suppress_point = -1,
        .unit = point >= 0 ? unit_of_rule(alarm->kind, &device->points[point]) : "",
        .code_system = alarm->code_system,
        .code = alarm->code,
        .zh = alarm->zh,
        .en = alarm->en,
    };
    if (alarm->kind == RULE_CODE)
        ret_rule->code_mask = mask_of_class(&device->points[point], alarm);
    if (ret_rule->when_point >= 0)
        ret_rule->when_mask = 1U << 1; /* yes */
    return true;
}

static const struct rule comm_lost = {.id = "comm.lost",
                                      RULE_WITHOUT_POINT,
                                      .kind = RULE_COMM,
                                      .on_delay_ms = COMM_ON_DELAY_MS,
                                      .off_delay_ms = COMM_OFF_DELAY_MS,
                                      .priority = PRIORITY_HIGH,
                                      .shelvable = true,
                                      .zh = "通信中断",
                                      .en = "does not answer"};

/* Of a device whose class has no fault alarm of its own (run/judge_sensors.c). */
static const struct rule sensor_fault = {.id = "sensor.fault",
                                         RULE_WITHOUT_POINT,
                                         .kind = RULE_FAILED,
                                         .on_delay_ms = SENSOR_DELAY_MS,
                                         .off_delay_ms = SENSOR_DELAY_MS,
                                         .priority = PRIORITY_HIGH,
                                         .shelvable = true,
                                         .zh = "测点无有效读数",
                                         .en = "a sensor gives no reading"};

/* Point and kind are what the alarm is; and nobody makes a critical one look away. */
static void check_fixed(struct making *m)
{
    static const char *const fixed[] = {"point", "kind", "when", "suppress", "shelvable"};
    bool const critical = m->of_class != NULL && m->of_class->priority == PRIORITY_CRITICAL;
    bool const lowered = critical && m->raw.priority != NOT_GIVEN && m->raw.priority != PRIORITY_CRITICAL;
    bool const held[] = {true, true, critical, lowered, lowered && m->raw.shelvable}; /* as it is: alarm_changes.c */
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
        if (making_given(m, fixed[i]) && held[i])
            complain_node(making_complaints(m), making_at(m, fixed[i]), ON_KEY, S_ALARM_FIXED,
                          WORDS(words_format(making_complaints(m), "\"%s\"", fixed[i]),
                                words_quote(making_complaints(m), m->rule.id)));
}

/* --- added alarms --------------------------------------------------------------------------------------------------- */

/* Parts like ids, joined by points. */
static bool alarm_id_is_good(const char *id)
{
    size_t const length = strlen(id);
    return length > 0 && length <= SITE_ID_MAX && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-.") == length &&
           id[0] != '.' && id[length - 1] != '.' && strstr(id, "..") == NULL && id[0] != '_' && id[0] != '-';
}

static const char *name_of_class_alarm(const void *context, size_t index)
{
    const struct device_class *class = context;
    return index < class->alarm_count ? class->alarms[index].id : NULL;
}

static enum value_type type_for(enum rule_kind kind)
{
    return kind == RULE_BIT ? VALUE_BOOL : kind == RULE_CODE ? VALUE_ENUM : VALUE_NUMBER;
}

static bool kind_fits(enum rule_kind kind, enum value_type type)
{
    enum value_type const wanted = type_for(kind);
    return type == wanted || (wanted == VALUE_NUMBER && value_type_is_number(type));
}

static bool is_written_point(const struct making *m, const char *id)
{
    const struct node *points = m->build->raw->wire.points;
    return points != NULL && node_child(points, id) != NULL;
}

/* The point it watches; -1 for kind comm. */
static bool read_point(struct making *m)
{
    struct loader *l = m->l;
    if (m->rule.kind == RULE_COMM) {
        if (m->raw.point != NULL)
            complain_node(l->complaints, making_at(m, "point"), ON_KEY, S_NOT_WITH,
                          WORDS(same("\"point\""), same("\"kind\": \"comm\"")));
        return m->raw.point == NULL;
    }
    if (m->raw.point == NULL) {
        if (!making_given(m, "point"))
            complain_node(l->complaints, m->raw.node, ON_KEY, S_NEEDS_KEY,
                          WORDS(words_quote(l->complaints, m->rule.id), same("\"point\"")));
        return false;
    }
    m->rule.point = device_point_find(m->device, m->raw.point);
    if (m->rule.point < 0) {
        if (!m->build->broken && !is_written_point(m, m->raw.point))
            complain_node(l->complaints, making_at(m, "point"), ON_VALUE, S_NO_DEVICE_POINT,
                          WORDS(words_quote(l->complaints, m->device->id), words_quote(l->complaints, m->raw.point),
                                words_suggest(l->complaints, m->raw.point, name_of_device_point, m->device)));
        return false;
    }
    if (kind_fits(m->rule.kind, making_point(m)->type))
        return true;
    complain_node(l->complaints, making_at(m, "kind"), ON_VALUE, S_ALARM_KIND,
                  WORDS(same(making_kind(m)), words_value_type(type_for(m->rule.kind)),
                        words_quote(l->complaints, making_point(m)->id), words_value_type(making_point(m)->type)));
    return false;
}

static bool read_kind(struct making *m)
{
    if (m->raw.kind == NOT_GIVEN) {
        if (!making_given(m, "kind"))
            complain_node(making_complaints(m), m->raw.node, ON_KEY, S_NEEDS_KEY,
                          WORDS(words_quote(making_complaints(m), m->rule.id), same("\"kind\"")));
        return false;
    }
    m->rule.kind = (enum rule_kind)m->raw.kind;
    return true;
}

static void add_alarm(struct loader *l, const struct site_device *device, const struct build_device *build,
                      const struct node *node)
{
    struct making m = {.l = l, .device = device, .build = build, .raw = making_default};
    const char *id = node_key(node);
    if (!alarm_id_is_good(id)) {
        complain_node(l->complaints, node, ON_KEY, S_ALARM_ID, WORDS(words_quote(l->complaints, id)));
        return;
    }
    if (!shape_read(node, &alarm_shape, &m.raw, l->complaints))
        return;
    if (!making_given(&m, "point") && !making_given(&m, "kind")) {
        complain_node(l->complaints, node, ON_KEY, S_NO_ALARM,
                      WORDS(same(device->class->id), words_quote(l->complaints, id),
                            words_suggest(l->complaints, id, name_of_class_alarm, device->class)));
        return;
    }
    id = take_text(l->arena, id, l->complaints);
    m.rule = (struct rule){.id = id,
                           .point = -1,
                           .limit = NO_LIMIT,
                           .priority = PRIORITY_MEDIUM,
                           .shelvable = true,
                           .from_point = -1,
                           .when_point = -1,
                           .suppress_point = -1,
                           .unit = "",
                           .zh = id,
                           .en = id};
    if (!read_kind(&m) || !read_point(&m))
        return;
    m.rule.over_ms = m.rule.kind == RULE_RATE ? RATE_OVER_MS : 0;
    m.rule.unit = m.rule.point >= 0 ? unit_of_rule(m.rule.kind, making_point(&m)) : "";
    if (making_changes(&m))
        (void)rule_add(l, &m.rule);
}

/* --- all alarms of a device ----------------------------------------------------------------------------------------- */

static const struct class_alarm *class_alarm_find(const struct device_class *class, const char *id)
{
    for (size_t i = 0; i < class->alarm_count; i++)
        if (strcmp(class->alarms[i].id, id) == 0)
            return &class->alarms[i];
    return NULL;
}

/* `rule` is the class's own, or comm.lost, as it is when the file says nothing. */
static void add_given(struct loader *l, const struct site_device *device, const struct build_device *build,
                      const struct class_alarm *of_class, const struct rule *rule)
{
    struct making m = {
        .l = l, .device = device, .build = build, .of_class = of_class, .raw = making_default, .rule = *rule};
    const struct node *alarms = build->raw->alarms;
    const struct node *change = alarms == NULL ? NULL : node_child(alarms, rule->id);
    if (change != NULL && !shape_read(change, &alarm_shape, &m.raw, l->complaints))
        m.raw = making_default;
    check_fixed(&m);
    if (making_changes(&m))
        (void)rule_add(l, &m.rule);
}

static void add_class_alarm(struct loader *l, const struct site_device *device, const struct build_device *build,
                            const struct class_alarm *alarm)
{
    struct rule rule;
    const struct node *alarms = build->raw->alarms;
    const struct node *change = alarms == NULL ? NULL : node_child(alarms, alarm->id);
    if (alarm->kind == RULE_COMM && device->slave_count == 0)
        return;
    if (rule_of_class(device, alarm, &rule))
        add_given(l, device, build, alarm, &rule);
    else if (change != NULL && !build->broken)
        complain_node(l->complaints, change, ON_KEY, S_ALARM_POINTLESS,
                      WORDS(words_quote(l->complaints, alarm->point), words_quote(l->complaints, alarm->id)));
}

static void add_comm_lost(struct loader *l, const struct site_device *device, const struct build_device *build)
{
    if (device->slave_count > 0 && class_alarm_find(device->class, comm_lost.id) == NULL)
        add_given(l, device, build, NULL, &comm_lost);
}

static bool tells_its_faults(const struct device_class *class)
{
    for (size_t i = 0; i < class->alarm_count; i++)
        if (class->alarms[i].role == ROLE_FAULT)
            return true;
    return false;
}

/* What the profile reads as a safety point, or an alarm of high priority looks at. A coil or an input is always one of two; and
 * where the profile has a value for "this machine does not know it", a lift without it must not stand in alarm for ever. */
static bool is_vital(const struct loader *l, const struct site_device *device, size_t index)
{
    const struct device_point *point = &device->points[index];
    if (point->slave < 0 || point->type == VALUE_TEXT)
        return false;
    const struct slave_point *from = &l->slaves[point->slave].points[point->slave_point];
    if (from->function == FUNCTION_COIL || from->function == FUNCTION_DISCRETE)
        return false;
    bool vital = from->poll == POLL_SAFETY && from->invalid_count == 0;
    for (size_t i = (size_t)device->rule_first; i < l->rule_count; i++)
        vital = vital || (l->rules[i].point == (int32_t)index && l->rules[i].priority <= PRIORITY_HIGH);
    return vital;
}

static void add_sensor_fault(struct loader *l, const struct site_device *device, const struct build_device *build)
{
    bool any = false;
    if (tells_its_faults(device->class))
        return;
    for (size_t i = 0; i < device->point_count; i++) {
        build->points[i].vital = is_vital(l, device, i);
        any = any || build->points[i].vital;
    }
    if (any)
        add_given(l, device, build, NULL, &sensor_fault);
}

/* Of its dates, and of its use while it is registered as stopped. */
static void add_identity_alarms(struct loader *l, const struct site_device *device, const struct build_device *build)
{
    struct rule rules[IDENTITY_RULES_MAX];
    size_t const count = rules_of_identity(device, build->raw->identity, rules);
    for (size_t i = 0; i < count; i++)
        add_given(l, device, build, NULL, &rules[i]);
}

static bool is_added(const struct loader *l, const struct site_device *device, const char *id)
{
    for (size_t i = (size_t)device->rule_first; i < l->rule_count; i++)
        if (strcmp(l->rules[i].id, id) == 0)
            return true;
    return false;
}

/* --- alarms that wait for a setting --------------------------------------------------------------------------------- */

static bool is_lacking(const struct loader *l, size_t index, const struct class_alarm *alarm)
{
    const struct site_device *device = &l->devices[index];
    return alarm->point != NULL && device_point_find(device, alarm->point) >= 0 &&
           limits_wait_for_setting(device, alarm) && rule_find(l, index, alarm->id) < 0;
}

static bool has_same_settings(const struct class_alarm *one, const struct class_alarm *other)
{
    for (size_t i = 0; i < ARRAY_SIZE(one->limit_from); i++) {
        const char *mine = one->limit_from[i].setting;
        const char *theirs = other->limit_from[i].setting;
        if (mine == NULL || theirs == NULL ? mine != theirs : strcmp(mine, theirs) != 0)
            return false;
    }
    return true;
}

/* One complaint for all alarms that wait for the same setting as the first one. */
static void complain_lacking(struct loader *l, size_t index, const struct class_alarm *first)
{
    const struct device_class *class = l->devices[index].class;
    const struct raw_device *raw = l->build_devices[index].raw;
    char buffer[240];
    struct text list;
    text_init(&list, buffer, sizeof buffer);
    for (const struct class_alarm *alarm = first; alarm < class->alarms + class->alarm_count; alarm++)
        if (is_lacking(l, index, alarm) && has_same_settings(first, alarm))
            text_put_format(&list, "%s%s", alarm == first ? "" : ", ", alarm->id);
    const char *one = first->limit_from[0].setting;
    const char *other = first->limit_from[1].setting;
    struct words const wanted =
        other == NULL ? words_quote(l->complaints, one) : words_format(l->complaints, "\"%s\" / \"%s\"", one, other);
    complain_node(l->complaints, raw->settings != NULL ? raw->settings : raw->wire.node, ON_KEY, S_SETTING_NEEDED,
                  WORDS(wanted, words_format(l->complaints, "%s", buffer)));
}

static void check_settings(struct loader *l, size_t index)
{
    const struct device_class *class = l->devices[index].class;
    for (size_t i = 0; i < class->alarm_count; i++) {
        bool told = !is_lacking(l, index, &class->alarms[i]);
        for (size_t j = 0; j < i && !told; j++)
            told = is_lacking(l, index, &class->alarms[j]) && has_same_settings(&class->alarms[j], &class->alarms[i]);
        if (!told)
            complain_lacking(l, index, &class->alarms[i]);
    }
}

void load_device_alarms(struct loader *l, size_t index)
{
    struct site_device *device = &l->devices[index];
    const struct build_device *build = &l->build_devices[index];
    const struct node *alarms = build->raw->alarms;
    device->rule_first = (int32_t)l->rule_count;
    if (device->class == NULL)
        return;
    for (size_t i = 0; i < device->class->alarm_count; i++)
        add_class_alarm(l, device, build, &device->class->alarms[i]);
    add_comm_lost(l, device, build);
    add_identity_alarms(l, device, build);
    for (const struct node *child = alarms == NULL ? NULL : node_first(alarms); child != NULL; child = node_next(child))
        if (class_alarm_find(device->class, node_key(child)) == NULL && strcmp(node_key(child), comm_lost.id) != 0 &&
            strcmp(node_key(child), sensor_fault.id) != 0 && !is_added(l, device, node_key(child)))
            add_alarm(l, device, build, child);
    add_sensor_fault(l, device, build);
    device->rule_count = (int32_t)l->rule_count - device->rule_first;
    for (int32_t i = 0; i < device->rule_count; i++)
        l->rules[device->rule_first + i].subject = (int32_t)index;
    check_settings(l, index);
    limits_check_order(l, index);
}
