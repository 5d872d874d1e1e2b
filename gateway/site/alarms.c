#include <math.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"

#define COMM_ON_DELAY_MS    30000
#define COMM_OFF_DELAY_MS   5000
#define BUS_DELAY_MS        5000
#define FAILED_OFF_DELAY_MS 5000

/* kind_names: the first eight in the order of this table, the rest not supported yet. */
static const enum rule_kind kinds[] = {RULE_HIHI, RULE_HI,   RULE_LO,     RULE_LOLO,
                                       RULE_BIT,  RULE_CODE, RULE_EQUALS, RULE_COMM};

/* One alarm of one device while it is put together: from the class, or new, then overridden. */
struct making {
    struct loader *l;
    const struct site_device *device;
    const struct class_alarm *of_class; /* NULL: an added one */
    struct raw_alarm raw;
    struct rule rule;
};

static struct complaints *complaints_of(const struct making *m)
{
    return m->l->complaints;
}

static const struct node *at(const struct making *m, const char *key)
{
    return place_of(m->raw.node, key);
}

static bool is_given(const struct making *m, const char *key)
{
    return m->raw.node != NULL && node_child(m->raw.node, key) != NULL;
}

static const char *kind_name(enum rule_kind kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i] == kind)
            return kind_names[i];
    return "?";
}

static bool is_limit_kind(enum rule_kind kind)
{
    return kind == RULE_HIHI || kind == RULE_HI || kind == RULE_LO || kind == RULE_LOLO;
}

static bool is_high(enum rule_kind kind)
{
    return kind == RULE_HIHI || kind == RULE_HI;
}

static const struct device_point *point_of(const struct making *m)
{
    return &m->device->points[m->rule.point];
}

static bool add_rule(struct loader *l, const struct rule *rule)
{
    if (l->rule_count == SITE_RULES_MAX)
        return false;
    if (l->rule_count == l->rule_capacity) {
        size_t const capacity = l->rule_capacity == 0 ? 64 : l->rule_capacity * 2;
        struct rule *rules = take_array(&l->scratch, capacity, sizeof *rules, l->complaints);
        if (rules == NULL)
            return false;
        if (l->rule_count > 0)
            memcpy(rules, l->rules, l->rule_count * sizeof *rules);
        l->rules = rules;
        l->rule_capacity = capacity;
    }
    l->rules[l->rule_count++] = *rule;
    return true;
}

/* --- defaults ------------------------------------------------------------------------------------------------------- */

static uint64_t mask_of_code(const struct device_point *point, const char *id)
{
    for (size_t i = 0; i < point->code_count && i < 64; i++)
        if (strcmp(point->codes[i].id, id) == 0)
            return (uint64_t)1 << i;
    return 0;
}

static uint64_t mask_of_class(const struct device_point *point, const struct class_alarm *alarm)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < ARRAY_SIZE(alarm->codes) && alarm->codes[i] != NULL; i++)
        mask |= mask_of_code(point, alarm->codes[i]);
    return mask;
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
        .unit = point >= 0 && is_limit_kind(alarm->kind) ? device->points[point].unit : "",
        .code_system = alarm->code_system,
        .code = alarm->code,
        .zh = alarm->zh,
        .en = alarm->en,
    };
    if (alarm->kind == RULE_CODE)
        ret_rule->code_mask = mask_of_class(&device->points[point], alarm);
    return true;
}

static const struct rule comm_lost = {.id = "comm.lost",
                                      .point = -1,
                                      .kind = RULE_COMM,
                                      .limit = NO_LIMIT,
                                      .on_delay_ms = COMM_ON_DELAY_MS,
                                      .off_delay_ms = COMM_OFF_DELAY_MS,
                                      .priority = PRIORITY_HIGH,
                                      .shelvable = true,
                                      .unit = "",
                                      .zh = "通信中断",
                                      .en = "does not answer"};

/* --- what the site file changes ------------------------------------------------------------------------------------- */

/* A class's own alarm may become stricter, not laxer, where the class names a bound. */
static void check_ceiling(struct making *m)
{
    const struct class_alarm *alarm = m->of_class;
    if (alarm == NULL || !has_limit(alarm->limit_ceiling) || !is_limit_kind(m->rule.kind))
        return;
    bool const beyond =
        is_high(m->rule.kind) ? m->rule.limit > alarm->limit_ceiling : m->rule.limit < alarm->limit_ceiling;
    if (beyond)
        complain_node(complaints_of(m), at(m, "limit"), ON_VALUE, S_LIMIT_CEILING,
                      WORDS(words_number(complaints_of(m), m->rule.limit), words_quote(complaints_of(m), m->rule.id),
                            words_number(complaints_of(m), alarm->limit_ceiling)));
}

static void check_reachable(struct making *m)
{
    const struct device_point *point = point_of(m);
    bool const below = has_limit(point->minimum) && m->rule.limit < point->minimum;
    bool const above = has_limit(point->maximum) && m->rule.limit > point->maximum;
    if (below || above)
        complain_node(complaints_of(m), at(m, "limit"), ON_VALUE, S_LIMIT_OUTSIDE,
                      WORDS(words_number(complaints_of(m), m->rule.limit), words_quote(complaints_of(m), point->id),
                            has_limit(point->minimum) ? words_number(complaints_of(m), point->minimum) : same("-∞"),
                            has_limit(point->maximum) ? words_number(complaints_of(m), point->maximum) : same("∞")));
}

static const char *name_of_device_code(const void *context, size_t index)
{
    const struct device_point *point = context;
    return index < point->code_count ? point->codes[index].id : NULL;
}

static void add_code(struct making *m, const struct node *node)
{
    const char *id;
    if (!shape_text(node, SITE_ID_MAX, complaints_of(m), &id))
        return;
    uint64_t const mask = mask_of_code(point_of(m), id);
    if (mask == 0)
        complain_node(complaints_of(m), node, ON_VALUE, S_MAP_CODE,
                      WORDS(words_quote(complaints_of(m), point_of(m)->id), words_quote(complaints_of(m), id),
                            words_suggest(complaints_of(m), id, name_of_device_code, point_of(m))));
    m->rule.code_mask |= mask;
}

static void read_codes(struct making *m)
{
    m->rule.code_mask = 0;
    if (node_kind(m->raw.limit) != NODE_LIST) {
        add_code(m, m->raw.limit);
        return;
    }
    if (node_count(m->raw.limit) == 0)
        complain_node(complaints_of(m), m->raw.limit, ON_VALUE, S_LIST_EMPTY, NO_WORDS);
    for (const struct node *child = node_first(m->raw.limit); child != NULL; child = node_next(child))
        add_code(m, child);
}

static void read_limit(struct making *m)
{
    enum rule_kind const kind = m->rule.kind;
    bool const numeric = is_limit_kind(kind) || kind == RULE_EQUALS;
    bool const wanted = numeric || kind == RULE_CODE;
    if (m->raw.limit == NULL) {
        if (wanted && m->of_class == NULL)
            complain_node(complaints_of(m), m->raw.node, ON_KEY, S_LIMIT_NEEDED,
                          WORDS(same(kind_name(kind)), numeric
                                                           ? both("a number", "一个数字")
                                                           : both("a code or a list of codes", "一个代码或代码列表")));
        return;
    }
    if (!wanted)
        complain_node(complaints_of(m), at(m, "limit"), ON_KEY, S_LIMIT_NONE, WORDS(same(kind_name(kind))));
    else if (kind == RULE_CODE)
        read_codes(m);
    else if (shape_number(m->raw.limit, -1e15, 1e15, complaints_of(m), &m->rule.limit)) {
        check_ceiling(m);
        check_reachable(m);
    }
}

static void read_deadband(struct making *m)
{
    if (m->raw.deadband < 0)
        return;
    m->rule.deadband = m->raw.deadband;
    if (!is_limit_kind(m->rule.kind)) {
        complain_node(complaints_of(m), at(m, "deadband"), ON_KEY, S_LIMIT_NONE, WORDS(same(kind_name(m->rule.kind))));
        return;
    }
    const struct device_point *point = point_of(m);
    if (has_limit(point->minimum) && has_limit(point->maximum) && m->rule.deadband >= point->maximum - point->minimum)
        complain_node(
            complaints_of(m), at(m, "deadband"), ON_VALUE, S_DEADBAND_WIDE,
            WORDS(words_number(complaints_of(m), m->rule.deadband), words_quote(complaints_of(m), point->id)));
}

static void read_delays(struct making *m)
{
    if (m->raw.off_delay_ms != NOT_GIVEN)
        m->rule.off_delay_ms = (uint32_t)m->raw.off_delay_ms;
    if (m->raw.on_delay_ms == NOT_GIVEN)
        return;
    m->rule.on_delay_ms = (uint32_t)m->raw.on_delay_ms;
    if (m->of_class != NULL && m->rule.on_delay_ms > m->of_class->on_delay_max_ms)
        complain_node(complaints_of(m), at(m, "on_delay"), ON_VALUE, S_ON_DELAY_LONG,
                      WORDS(words_duration(complaints_of(m), m->raw.on_delay_ms),
                            words_quote(complaints_of(m), m->rule.id),
                            words_duration(complaints_of(m), m->of_class->on_delay_max_ms)));
}

static void read_priority(struct making *m)
{
    if (m->raw.priority == NOT_GIVEN)
        return;
    m->rule.priority = (enum priority)m->raw.priority;
    if (m->of_class != NULL && m->rule.priority > m->of_class->priority)
        complain_node(complaints_of(m), at(m, "priority"), ON_VALUE, S_WEAKENED,
                      WORDS(words_quote(complaints_of(m), m->rule.id), same(priority_names[m->of_class->priority]),
                            same(priority_names[m->rule.priority])));
}

static void read_flags(struct making *m)
{
    if (is_given(m, "latch")) {
        if (m->of_class != NULL && m->of_class->latch && !m->raw.latch)
            complain_node(
                complaints_of(m), at(m, "latch"), ON_VALUE, S_WEAKENED,
                WORDS(words_quote(complaints_of(m), m->rule.id), both("latched", "自锁"), both("not", "不自锁")));
        m->rule.latch = m->raw.latch;
    }
    if (is_given(m, "shelvable"))
        m->rule.shelvable = m->raw.shelvable;
    else if (m->rule.priority == PRIORITY_CRITICAL)
        m->rule.shelvable = false;
    if (m->rule.shelvable && m->rule.priority == PRIORITY_CRITICAL)
        complain_node(complaints_of(m), at(m, "shelvable"), ON_KEY, S_SHELVABLE, NO_WORDS);
}

static void read_changes(struct making *m)
{
    struct loader *l = m->l;
    if (m->raw.when != NULL)
        complain_node(l->complaints, m->raw.when, ON_KEY, S_NOT_YET, WORDS(same("\"when\"")));
    read_limit(m);
    read_deadband(m);
    read_delays(m);
    read_priority(m);
    read_flags(m);
    if (m->raw.zh != NULL)
        m->rule.zh = take_text(l->arena, m->raw.zh, l->complaints);
    if (m->raw.en != NULL)
        m->rule.en = take_text(l->arena, m->raw.en, l->complaints);
}

static const struct raw_alarm raw_alarm_default = {.kind = NOT_GIVEN,
                                                   .deadband = NOT_GIVEN,
                                                   .on_delay_ms = NOT_GIVEN,
                                                   .off_delay_ms = NOT_GIVEN,
                                                   .priority = NOT_GIVEN};

static void override_alarm(struct loader *l, const struct site_device *device, const struct class_alarm *of_class,
                           const struct node *node, struct rule *rule)
{
    struct making m = {.l = l, .device = device, .of_class = of_class, .raw = raw_alarm_default, .rule = *rule};
    if (!shape_read(node, &alarm_shape, &m.raw, l->complaints))
        return;
    static const char *const fixed[] = {"point", "kind"};
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
        if (is_given(&m, fixed[i]))
            complain_node(l->complaints, at(&m, fixed[i]), ON_KEY, S_ALARM_FIXED,
                          WORDS(words_format(l->complaints, "\"%s\"", fixed[i]), words_quote(l->complaints, rule->id)));
    read_changes(&m);
    *rule = m.rule;
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

static const char *name_of_device_point(const void *context, size_t index)
{
    const struct site_device *device = context;
    return index < device->point_count ? device->points[index].id : NULL;
}

static bool kind_fits(enum rule_kind kind, enum value_type type)
{
    bool const numeric = type == VALUE_INT || type == VALUE_UINT || type == VALUE_NUMBER;
    if (kind == RULE_BIT)
        return type == VALUE_BOOL;
    if (kind == RULE_CODE)
        return type == VALUE_ENUM;
    return numeric;
}

static struct words words_for_kind(enum rule_kind kind)
{
    return words_value_type(kind == RULE_BIT ? VALUE_BOOL : kind == RULE_CODE ? VALUE_ENUM : VALUE_NUMBER);
}

static bool is_written_point(const struct loader *l, const struct making *m, const char *id)
{
    const struct node *points = l->build_devices[m->device - l->devices].raw->wire.points;
    return points != NULL && node_child(points, id) != NULL;
}

/* The point it watches; -1 for kind comm. */
static bool read_point(struct making *m)
{
    struct loader *l = m->l;
    if (m->rule.kind == RULE_COMM) {
        if (m->raw.point != NULL)
            complain_node(l->complaints, at(m, "point"), ON_KEY, S_NOT_WITH,
                          WORDS(same("\"point\""), same("\"kind\": \"comm\"")));
        return m->raw.point == NULL;
    }
    if (m->raw.point == NULL) {
        if (!is_given(m, "point"))
            complain_node(l->complaints, m->raw.node, ON_KEY, S_NEEDS_KEY,
                          WORDS(words_quote(l->complaints, m->rule.id), same("\"point\"")));
        return false;
    }
    m->rule.point = device_point_find(m->device, m->raw.point);
    if (m->rule.point < 0) {
        if (!l->build_devices[m->device - l->devices].broken && !is_written_point(l, m, m->raw.point))
            complain_node(l->complaints, at(m, "point"), ON_VALUE, S_NO_DEVICE_POINT,
                          WORDS(words_quote(l->complaints, m->device->id), words_quote(l->complaints, m->raw.point),
                                words_suggest(l->complaints, m->raw.point, name_of_device_point, m->device)));
        return false;
    }
    if (kind_fits(m->rule.kind, point_of(m)->type))
        return true;
    complain_node(l->complaints, at(m, "kind"), ON_VALUE, S_ALARM_KIND,
                  WORDS(same(kind_name(m->rule.kind)), words_for_kind(m->rule.kind),
                        words_quote(l->complaints, point_of(m)->id), words_value_type(point_of(m)->type)));
    return false;
}

static bool read_kind(struct making *m)
{
    if (m->raw.kind == NOT_GIVEN) {
        if (!is_given(m, "kind"))
            complain_node(complaints_of(m), m->raw.node, ON_KEY, S_NEEDS_KEY,
                          WORDS(words_quote(complaints_of(m), m->rule.id), same("\"kind\"")));
        return false;
    }
    if ((size_t)m->raw.kind >= ARRAY_SIZE(kinds)) {
        complain_node(complaints_of(m), at(m, "kind"), ON_VALUE, S_NOT_YET,
                      WORDS(words_format(complaints_of(m), "\"kind\": \"%s\"", kind_names[m->raw.kind])));
        return false;
    }
    m->rule.kind = kinds[m->raw.kind];
    return true;
}

static void add_alarm(struct loader *l, const struct site_device *device, const struct node *node)
{
    struct making m = {.l = l, .device = device, .raw = raw_alarm_default};
    const char *id = node_key(node);
    if (!alarm_id_is_good(id)) {
        complain_node(l->complaints, node, ON_KEY, S_ALARM_ID, WORDS(words_quote(l->complaints, id)));
        return;
    }
    if (!shape_read(node, &alarm_shape, &m.raw, l->complaints))
        return;
    if (!is_given(&m, "point") && !is_given(&m, "kind")) {
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
                           .unit = "",
                           .zh = id,
                           .en = id};
    if (!read_kind(&m) || !read_point(&m))
        return;
    if (m.rule.point >= 0 && (is_limit_kind(m.rule.kind) || m.rule.kind == RULE_EQUALS))
        m.rule.unit = point_of(&m)->unit;
    read_changes(&m);
    (void)add_rule(l, &m.rule);
}

/* --- all alarms of a device ----------------------------------------------------------------------------------------- */

static const struct class_alarm *class_alarm_find(const struct device_class *class, const char *id)
{
    for (size_t i = 0; i < class->alarm_count; i++)
        if (strcmp(class->alarms[i].id, id) == 0)
            return &class->alarms[i];
    return NULL;
}

static void add_class_alarm(struct loader *l, const struct site_device *device, const struct class_alarm *alarm,
                            const struct node *alarms, bool broken)
{
    struct rule rule;
    const struct node *change = alarms == NULL ? NULL : node_child(alarms, alarm->id);
    if (alarm->kind == RULE_COMM && device->slave_count == 0)
        return;
    if (!rule_of_class(device, alarm, &rule)) {
        if (change != NULL && !broken)
            complain_node(l->complaints, change, ON_KEY, S_ALARM_POINTLESS,
                          WORDS(words_quote(l->complaints, alarm->point), words_quote(l->complaints, alarm->id)));
        return;
    }
    if (change != NULL)
        override_alarm(l, device, alarm, change, &rule);
    (void)add_rule(l, &rule);
}

static void add_comm_lost(struct loader *l, const struct site_device *device, const struct node *alarms)
{
    if (device->slave_count == 0 || class_alarm_find(device->class, comm_lost.id) != NULL)
        return;
    struct rule rule = comm_lost;
    const struct node *change = alarms == NULL ? NULL : node_child(alarms, comm_lost.id);
    if (change != NULL)
        override_alarm(l, device, NULL, change, &rule);
    (void)add_rule(l, &rule);
}

/* The graver of two limits on one point lies further out. */
static void check_order(struct loader *l, const struct site_device *device, const struct node *alarms)
{
    for (int32_t i = device->rule_first; i < device->rule_first + device->rule_count; i++) {
        for (int32_t j = device->rule_first; j < device->rule_first + device->rule_count; j++) {
            const struct rule *graver = &l->rules[i];
            const struct rule *milder = &l->rules[j];
            bool const high = graver->kind == RULE_HIHI && milder->kind == RULE_HI && graver->limit < milder->limit;
            bool const low = graver->kind == RULE_LOLO && milder->kind == RULE_LO && graver->limit > milder->limit;
            if (graver->point != milder->point || (!high && !low))
                continue;
            const struct node *written = node_child(alarms, graver->id);
            if (written == NULL)
                written = node_child(alarms, milder->id);
            complain_node(l->complaints, written != NULL ? written : alarms, ON_KEY, S_LIMIT_ORDER,
                          WORDS(words_quote(l->complaints, graver->id), words_number(l->complaints, graver->limit),
                                words_quote(l->complaints, milder->id), words_number(l->complaints, milder->limit)));
        }
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
        add_class_alarm(l, device, &device->class->alarms[i], alarms, build->broken);
    add_comm_lost(l, device, alarms);
    for (const struct node *child = alarms == NULL ? NULL : node_first(alarms); child != NULL; child = node_next(child))
        if (class_alarm_find(device->class, node_key(child)) == NULL && strcmp(node_key(child), comm_lost.id) != 0)
            add_alarm(l, device, child);
    device->rule_count = (int32_t)l->rule_count - device->rule_first;
    for (int32_t i = 0; i < device->rule_count; i++)
        l->rules[device->rule_first + i].subject = (int32_t)index;
    if (alarms != NULL && device->rule_count <= 256)
        check_order(l, device, alarms);
}

int32_t rule_find(const struct loader *l, size_t device, const char *id)
{
    const struct site_device *found = &l->devices[device];
    for (int32_t i = 0; i < found->rule_count; i++)
        if (strcmp(l->rules[found->rule_first + i].id, id) == 0)
            return found->rule_first + i;
    return -1;
}

/* --- subjects ------------------------------------------------------------------------------------------------------- */

static void add_subject_rule(struct loader *l, struct subject *subject, size_t index, const struct rule *rule)
{
    struct rule own = *rule;
    own.subject = (int32_t)index;
    subject->rule_first = (int32_t)l->rule_count;
    subject->rule_count = add_rule(l, &own) ? 1 : 0;
}

static const struct rule bus_lost = {.id = "bus.lost",
                                     .point = -1,
                                     .kind = RULE_COMM,
                                     .limit = NO_LIMIT,
                                     .on_delay_ms = BUS_DELAY_MS,
                                     .off_delay_ms = BUS_DELAY_MS,
                                     .priority = PRIORITY_HIGH,
                                     .shelvable = true,
                                     .unit = "",
                                     .zh = "总线中断",
                                     .en = "bus lost"};

static const struct rule interlock_failed = {.id = "interlock.failed",
                                             .point = -1,
                                             .kind = RULE_FAILED,
                                             .limit = NO_LIMIT,
                                             .off_delay_ms = FAILED_OFF_DELAY_MS,
                                             .priority = PRIORITY_CRITICAL,
                                             .latch = true,
                                             .unit = "",
                                             .zh = "联锁动作失败",
                                             .en = "interlock failed"};

/* Devices, then buses, then interlocks; the devices' rules stand already. */
void load_subjects(struct loader *l)
{
    struct site *site = l->site;
    site->subject_count = l->raw.device_count + l->raw.bus_count + l->raw.interlock_count;
    struct subject *subjects = take_array(l->arena, site->subject_count, sizeof *subjects, l->complaints);
    if (subjects == NULL || l->devices == NULL || l->buses == NULL || l->interlocks == NULL)
        return;
    size_t count = 0;
    for (size_t i = 0; i < l->raw.device_count; i++, count++) {
        const struct site_device *device = &l->devices[i];
        subjects[count] = (struct subject){.id = device->id,
                                           .cls = device->class != NULL ? device->class->id : "?",
                                           .kind = SUBJECT_DEVICE,
                                           .index = (int32_t)i,
                                           .rule_first = device->rule_first,
                                           .rule_count = device->rule_count};
    }
    for (size_t i = 0; i < l->raw.bus_count; i++, count++) {
        subjects[count] =
            (struct subject){.id = l->buses[i].id, .cls = "bus", .kind = SUBJECT_BUS, .index = (int32_t)i};
        add_subject_rule(l, &subjects[count], count, &bus_lost);
    }
    for (size_t i = 0; i < l->raw.interlock_count; i++, count++) {
        struct site_interlock *interlock = &l->interlocks[i];
        subjects[count] =
            (struct subject){.id = interlock->id, .cls = "interlock", .kind = SUBJECT_INTERLOCK, .index = (int32_t)i};
        add_subject_rule(l, &subjects[count], count, &interlock_failed);
        interlock->subject = (int32_t)count;
        interlock->failed_rule = subjects[count].rule_first;
    }
    if (l->rule_count == SITE_RULES_MAX)
        complain_node(
            l->complaints, document_root(&l->document), ON_VALUE, S_TOO_MANY,
            WORDS(words_number(l->complaints, (double)l->rule_count), words_number(l->complaints, SITE_RULES_MAX - 1)));
    struct rule *rules = take_array(l->arena, l->rule_count, sizeof *rules, l->complaints);
    if (rules == NULL)
        return;
    if (l->rule_count > 0)
        memcpy(rules, l->rules, l->rule_count * sizeof *rules);
    l->rules = rules;
    site->subjects = subjects;
    site->rules = rules;
    site->rule_count = l->rule_count;
}
