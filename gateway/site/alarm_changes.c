/* What the file says of one alarm: in which states it counts, its delays, priority, flags and names. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/making.h"

#define CRITICAL_DELAY_MAX_S 60 /* of an added critical alarm, before somebody is asked why */

const struct raw_alarm making_default = {.kind = NOT_GIVEN,
                                         .over_ms = NOT_GIVEN,
                                         .deadband = NOT_GIVEN,
                                         .on_delay_ms = NOT_GIVEN,
                                         .off_delay_ms = NOT_GIVEN,
                                         .rearm_ms = NOT_GIVEN,
                                         .priority = NOT_GIVEN};

const struct node *making_at(const struct making *m, const char *key)
{
    if (m->raw.node != NULL)
        return place_of(m->raw.node, key);
    return m->build->raw->settings != NULL ? m->build->raw->settings : m->build->raw->wire.node;
}

bool making_given(const struct making *m, const char *key)
{
    return m->raw.node != NULL && node_child(m->raw.node, key) != NULL;
}

const char *making_kind(const struct making *m)
{
    return kind_names[m->rule.kind];
}

/* --- codes ---------------------------------------------------------------------------------------------------------- */

uint64_t mask_of_code(const struct device_point *point, const char *id)
{
    for (size_t i = 0; i < point->code_count && i < 64; i++)
        if (strcmp(point->codes[i].id, id) == 0)
            return (uint64_t)1 << i;
    return 0;
}

static const char *name_of_device_code(const void *context, size_t index)
{
    const struct device_point *point = context;
    return index < point->code_count ? point->codes[index].id : NULL;
}

static uint64_t read_code(struct making *m, const struct node *node, const struct device_point *point)
{
    const char *id;
    if (!shape_text(node, SITE_ID_MAX, making_complaints(m), &id))
        return 0;
    uint64_t const mask = mask_of_code(point, id);
    if (mask == 0)
        complain_node(making_complaints(m), node, ON_VALUE, S_MAP_CODE,
                      WORDS(words_quote(making_complaints(m), point->id), words_quote(making_complaints(m), id),
                            words_suggest(making_complaints(m), id, name_of_device_code, point)));
    return mask;
}

uint64_t making_codes(struct making *m, const struct node *node, const struct device_point *point)
{
    if (node_kind(node) != NODE_LIST)
        return read_code(m, node, point);
    if (node_count(node) == 0)
        complain_node(making_complaints(m), node, ON_VALUE, S_LIST_EMPTY, NO_WORDS);
    uint64_t mask = 0;
    for (const struct node *child = node_first(node); child != NULL; child = node_next(child))
        mask |= read_code(m, child, point);
    return mask;
}

/* --- when it counts ------------------------------------------------------------------------------------------------- */

static uint64_t read_states(struct making *m, const struct node *node, const struct device_point *point)
{
    bool const coded = point->type == VALUE_ENUM;
    if (coded ? node_kind(node) == NODE_STRING || node_kind(node) == NODE_LIST : node_kind(node) == NODE_BOOL)
        return coded ? making_codes(m, node, point) : (uint64_t)1 << node_is_true(node);
    complain_node(making_complaints(m), node, ON_VALUE, S_CONDITION_TYPE,
                  WORDS(words_quote(making_complaints(m), point->id), words_value_type(point->type),
                        coded ? both("one of its codes, or a list of them", "它的一个代码，或代码列表")
                              : both("true or false", "true 或 false"),
                        words_found(making_complaints(m), node)));
    return 0;
}

static uint64_t read_condition(struct making *m, const struct raw_alarm_when *raw, const struct device_point *point)
{
    const struct node *states = raw->is != NULL ? raw->is : raw->is_not;
    if ((raw->is == NULL) == (raw->is_not == NULL)) {
        complain_node(making_complaints(m), raw->node, ON_VALUE, S_IS_OR_NOT, NO_WORDS);
        return 0;
    }
    uint64_t const named = read_states(m, states, point);
    size_t const count = point->type == VALUE_ENUM ? point->code_count : 2;
    uint64_t const all = count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
    uint64_t const mask = raw->is != NULL ? named : all & ~named;
    if (named != 0 && mask == 0)
        complain_node(making_complaints(m), states, ON_VALUE, S_WHEN_NEVER,
                      WORDS(words_quote(making_complaints(m), point->id)));
    return mask;
}

/* {"point", "is" or "not"}: in which states of which point. Both results untouched when it is not given or not good. */
static void read_gate(struct making *m, const struct node *node, uint64_t *ret_mask, int32_t *ret_point)
{
    struct raw_alarm_when raw = {0};
    if (node == NULL || !shape_read(node, &alarm_when_shape, &raw, making_complaints(m)) || raw.point == NULL)
        return;
    const struct node *at = node_child(node, "point");
    int32_t const found = device_point_find(m->device, raw.point);
    if (found < 0) {
        if (!m->build->broken)
            complain_node(making_complaints(m), at, ON_VALUE, S_NO_DEVICE_POINT,
                          WORDS(words_quote(making_complaints(m), m->device->id),
                                words_quote(making_complaints(m), raw.point),
                                words_suggest(making_complaints(m), raw.point, name_of_device_point, m->device)));
        return;
    }
    const struct device_point *point = &m->device->points[found];
    *ret_point = found;
    if (point->type == VALUE_BOOL || point->type == VALUE_ENUM)
        *ret_mask = read_condition(m, &raw, point);
    else
        complain_node(making_complaints(m), at, ON_VALUE, S_CONDITION_POINT,
                      WORDS(words_quote(making_complaints(m), raw.point), words_value_type(point->type)));
}

/* --- what else the file changes ------------------------------------------------------------------------------------- */

static void check_on_delay(struct making *m)
{
    uint32_t most_ms = UINT32_MAX;
    if (m->of_class != NULL)
        most_ms = m->of_class->on_delay_max_ms;
    if (m->rule.on_delay_ms > most_ms)
        complain_node(making_complaints(m), making_at(m, "on_delay"), ON_VALUE, S_ON_DELAY_LONG,
                      WORDS(words_duration(making_complaints(m), m->raw.on_delay_ms),
                            words_quote(making_complaints(m), m->rule.id),
                            words_duration(making_complaints(m), most_ms)));
    else if (m->of_class == NULL && m->raw.on_delay_ms > CRITICAL_DELAY_MAX_S * 1000 &&
             m->raw.priority == PRIORITY_CRITICAL)
        complain_node(making_complaints(m), making_at(m, "on_delay"), ON_VALUE, S_CRITICAL_LATE,
                      WORDS(words_quote(making_complaints(m), m->rule.id),
                            words_duration(making_complaints(m), m->raw.on_delay_ms)));
}

static void read_delays(struct making *m)
{
    if (m->raw.off_delay_ms != NOT_GIVEN)
        m->rule.off_delay_ms = (uint32_t)m->raw.off_delay_ms;
    if (m->raw.rearm_ms != NOT_GIVEN)
        m->rule.rearm_ms = (uint32_t)m->raw.rearm_ms;
    if (m->raw.on_delay_ms != NOT_GIVEN) {
        m->rule.on_delay_ms = (uint32_t)m->raw.on_delay_ms;
        check_on_delay(m);
    }
    if (m->rule.kind == RULE_STUCK && m->rule.on_delay_ms == 0)
        complain_node(making_complaints(m), making_at(m, "on_delay"), ON_KEY, S_NEEDS_KEY,
                      WORDS(same("\"kind\": \"stuck\""), both("an \"on_delay\" above 0: how long it must stand still",
                                                              "大于 0 的 \"on_delay\"：静止多久才算卡死")));
}

static void read_priority(struct making *m)
{
    if (m->raw.priority == NOT_GIVEN)
        return;
    m->rule.priority = (enum priority)m->raw.priority;
    if (m->of_class != NULL && m->rule.priority > m->of_class->priority)
        complain_node(making_complaints(m), making_at(m, "priority"), ON_VALUE, S_WEAKENED,
                      WORDS(words_quote(making_complaints(m), m->rule.id), same(priority_names[m->of_class->priority]),
                            same(priority_names[m->rule.priority])));
}

static void read_flags(struct making *m)
{
    if (making_given(m, "latch")) {
        if (m->of_class != NULL && m->of_class->latch && !m->raw.latch)
            complain_node(
                making_complaints(m), making_at(m, "latch"), ON_VALUE, S_WEAKENED,
                WORDS(words_quote(making_complaints(m), m->rule.id), both("latched", "自锁"), both("not", "不自锁")));
        m->rule.latch = m->raw.latch;
    }
    if (making_given(m, "shelvable"))
        m->rule.shelvable = m->raw.shelvable;
    else if (m->rule.priority == PRIORITY_CRITICAL)
        m->rule.shelvable = false;
    if (m->rule.shelvable && m->rule.priority == PRIORITY_CRITICAL)
        complain_node(making_complaints(m), making_at(m, "shelvable"), ON_KEY, S_SHELVABLE, NO_WORDS);
    if (making_given(m, "suppress") && m->rule.priority == PRIORITY_CRITICAL)
        complain_node(making_complaints(m), making_at(m, "suppress"), ON_KEY, S_SUPPRESS, NO_WORDS);
    if (m->raw.group == NULL)
        return;
    m->rule.group = group_find(m->l, m->raw.group);
    if (m->rule.group == 0)
        complain_node(making_complaints(m), making_at(m, "group"), ON_VALUE, S_TOO_MANY,
                      WORDS(words_number(making_complaints(m), SITE_GROUPS_MAX + 1),
                            words_number(making_complaints(m), SITE_GROUPS_MAX)));
}

static void read_names(struct making *m)
{
    if (m->raw.zh != NULL)
        m->rule.zh = take_text(m->l->arena, m->raw.zh, making_complaints(m));
    if (m->raw.en != NULL)
        m->rule.en = take_text(m->l->arena, m->raw.en, making_complaints(m));
}

bool making_changes(struct making *m)
{
    struct loader *l = m->l;
    size_t const errors = l->complaints->errors;
    bool const limited = limits_read(m);
    read_gate(m, m->raw.when, &m->rule.when_mask, &m->rule.when_point);
    read_gate(m, m->raw.suppress, &m->rule.suppress_mask, &m->rule.suppress_point);
    read_delays(m);
    read_priority(m);
    read_flags(m);
    read_names(m);
    return limited || l->complaints->errors > errors;
}

void load_own_alarm(struct loader *l, const struct node *alarms, struct rule *rule)
{
    struct making m = {.l = l, .raw = making_default, .rule = *rule};
    const struct node *change = alarms == NULL ? NULL : node_child(alarms, rule->id);
    if (change == NULL || !shape_read(change, &own_alarm_shape, &m.raw, l->complaints))
        return;
    read_delays(&m);
    read_priority(&m);
    read_flags(&m);
    read_names(&m);
    *rule = m.rule;
}
