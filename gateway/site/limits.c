/* Limits of alarms: where they come from, what they may be, and that they can be reached, left, and stand in their order. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/making.h"

#define NUMBER_MAX   1e15
#define RULES_PAIRED 256 /* of one device: more are not compared each with each */

static bool has_number(enum rule_kind kind)
{
    return kind_is_high(kind) || kind_is_low(kind) || kind == RULE_EQUALS || kind == RULE_DEVIATION ||
           kind == RULE_RATE;
}

/* --- from the class and its settings -------------------------------------------------------------------------------- */

static bool is_stricter(enum rule_kind kind, double one, double other)
{
    if (kind_is_low(kind))
        return one > other;
    return kind_is_high(kind) ? one < other : fabs(one) < fabs(other);
}

/* Of those that are known the strictest; NO_LIMIT: none. */
static double limit_of_settings(const struct site_device *device, const struct class_alarm *alarm)
{
    double strictest = NO_LIMIT;
    for (size_t i = 0; i < ARRAY_SIZE(alarm->limit_from) && alarm->limit_from[i].setting != NULL; i++) {
        const struct class_limit *from = &alarm->limit_from[i];
        for (size_t j = 0; j < device->class->setting_count && device->settings != NULL; j++) {
            if (strcmp(device->class->settings[j].id, from->setting) != 0 || !has_limit(device->settings[j]))
                continue;
            double const limit = device->settings[j] * from->factor + from->addend;
            if (!has_limit(strictest) || is_stricter(alarm->kind, limit, strictest))
                strictest = limit;
        }
    }
    return strictest;
}

bool limits_wait_for_setting(const struct site_device *device, const struct class_alarm *alarm)
{
    return alarm->limit_from[0].setting != NULL && !has_limit(alarm->limit) &&
           !has_limit(limit_of_settings(device, alarm));
}

static void set_limit_of_class(struct making *m)
{
    double const limit = limit_of_settings(m->device, m->of_class);
    m->rule.limit = has_limit(limit) ? limit : m->of_class->limit;
}

/* --- what a limit may be -------------------------------------------------------------------------------------------- */

/* A class's own alarm may become stricter, not laxer, where the class names a bound. */
static void check_ceiling(struct making *m)
{
    if (m->of_class == NULL || !has_limit(m->of_class->limit_ceiling) || m->rule.kind == RULE_EQUALS ||
        !is_stricter(m->rule.kind, m->of_class->limit_ceiling, m->rule.limit))
        return;
    complain_node(making_complaints(m), making_at(m, "limit"), ON_VALUE, S_LIMIT_CEILING,
                  WORDS(words_number(making_complaints(m), m->rule.limit),
                        words_quote(making_complaints(m), m->rule.id),
                        words_number(making_complaints(m), m->of_class->limit_ceiling)));
}

/* What follows from the settings of this very device is the stricter of two only for a reason. */
static void check_laxer(struct making *m)
{
    double const from_settings = m->of_class == NULL ? NO_LIMIT : limit_of_settings(m->device, m->of_class);
    if (has_limit(from_settings) && is_stricter(m->rule.kind, from_settings, m->rule.limit))
        complain_node(making_complaints(m), making_at(m, "limit"), ON_VALUE, S_WEAKENED,
                      WORDS(words_quote(making_complaints(m), m->rule.id),
                            words_number(making_complaints(m), from_settings),
                            words_number(making_complaints(m), m->rule.limit)));
}

struct range {
    double low;
    double high;
};

static const struct range everything = {-DBL_MAX, DBL_MAX};

/* What the registers can hold, in the unit of the device's point. */
static struct range range_of_registers(const struct making *m)
{
    const struct device_point *point = making_point(m);
    if (point->slave < 0)
        return everything;
    const struct slave_point *from = &m->l->slaves[point->slave].points[point->slave_point];
    struct range raw;
    point_raw_range(from, &raw.low, &raw.high);
    if (from->has_scale_from || raw.high >= (double)FLT_MAX)
        return everything;
    double const one = (raw.low * from->scale + from->offset) * point->factor + point->addend;
    double const other = (raw.high * from->scale + from->offset) * point->factor + point->addend;
    return (struct range){fmin(one, other), fmax(one, other)};
}

static struct words words_bound(struct complaints *complaints, double bound)
{
    return fabs(bound) < DBL_MAX / 2 ? words_number(complaints, bound) : same(bound < 0 ? "-∞" : "∞");
}

static void complain_range(const struct making *m, enum sentence sentence, struct range range)
{
    complain_node(making_complaints(m), making_at(m, "limit"), ON_VALUE, sentence,
                  WORDS(words_number(making_complaints(m), m->rule.limit),
                        words_quote(making_complaints(m), making_point(m)->id),
                        words_bound(making_complaints(m), range.low), words_bound(making_complaints(m), range.high),
                        words_quote(making_complaints(m), m->rule.id)));
}

static bool is_difference(enum rule_kind kind)
{
    return kind == RULE_DEVIATION || kind == RULE_RATE;
}

/* What is physically possible. */
static struct range range_of_point(const struct making *m)
{
    const struct device_point *point = making_point(m);
    return (struct range){has_limit(point->minimum) ? point->minimum : -DBL_MAX,
                          has_limit(point->maximum) ? point->maximum : DBL_MAX};
}

/* That it can begin. */
static void check_reachable(struct making *m, struct range range, struct range registers)
{
    double const limit = m->rule.limit;
    enum rule_kind const kind = m->rule.kind;
    if (is_difference(kind)) {
        if (fabs(limit) > range.high - range.low)
            complain_range(m, S_LIMIT_OUTSIDE, range);
        else if (fabs(limit) > registers.high - registers.low)
            complain_range(m, S_LIMIT_UNREADABLE, registers);
    } else if (limit < range.low || limit > range.high) {
        complain_range(m, S_LIMIT_OUTSIDE, range);
    } else if ((!kind_is_low(kind) && limit > registers.high) || (!kind_is_high(kind) && limit < registers.low)) {
        complain_range(m, S_LIMIT_UNREADABLE, registers);
    }
}

/* That it can end: there is something possible on the other side of limit and deadband. */
static void check_clears(struct making *m, struct range range)
{
    double const limit = m->rule.limit;
    double const deadband = m->rule.deadband;
    enum rule_kind const kind = m->rule.kind;
    bool stays = false;
    if (kind_is_high(kind))
        stays = limit - deadband <= range.low;
    else if (kind_is_low(kind))
        stays = limit + deadband >= range.high;
    else if (is_difference(kind))
        stays = fabs(limit) - deadband <= 0;
    else if (kind == RULE_STUCK)
        stays = deadband >= range.high - range.low;
    if (stays)
        complain_node(making_complaints(m), making_at(m, m->raw.deadband >= 0 ? "deadband" : "limit"), ON_VALUE,
                      S_DEADBAND_WIDE,
                      WORDS(words_number(making_complaints(m), deadband), words_quote(making_complaints(m), m->rule.id),
                            words_quote(making_complaints(m), making_point(m)->id)));
}

static void check_sign(struct making *m)
{
    double const limit = m->rule.limit;
    bool const turned = m->of_class != NULL && m->rule.kind == RULE_RATE && has_limit(m->of_class->limit) &&
                        limit * m->of_class->limit < 0;
    if (turned || (m->rule.kind == RULE_DEVIATION && limit <= 0) || (m->rule.kind == RULE_RATE && !(fabs(limit) > 0)))
        complain_node(making_complaints(m), making_at(m, "limit"), ON_VALUE, S_LIMIT_SIGN,
                      WORDS(words_number(making_complaints(m), limit), same(making_kind(m)),
                            m->rule.kind == RULE_RATE
                                ? both("a rise above 0 or, for a fall, below 0", "上升写正数，下降写负数")
                                : both("a distance above 0", "大于 0 的偏差")));
}

/* --- what the file says --------------------------------------------------------------------------------------------- */

/* A key that its kind has no use for. */
static bool is_useless(struct making *m, const char *key, bool useful)
{
    if (!making_given(m, key) || useful)
        return false;
    complain_node(making_complaints(m), making_at(m, key), ON_KEY, S_ALARM_KEY,
                  WORDS(words_format(making_complaints(m), "\"%s\"", key), same(making_kind(m))));
    return true;
}

static bool limit_is_missing(struct making *m)
{
    bool const coded = m->rule.kind == RULE_CODE;
    if (m->of_class == NULL && !making_given(m, "limit"))
        complain_node(making_complaints(m), m->raw.node, ON_KEY, S_LIMIT_NEEDED,
                      WORDS(same(making_kind(m)), coded ? both("a code or a list of codes", "一个代码或代码列表")
                                                        : both("a number", "一个数字")));
    return false;
}

/* True: the rule has its limit, or none is needed. */
static bool read_limit(struct making *m)
{
    bool const numeric = has_number(m->rule.kind);
    bool const coded = m->rule.kind == RULE_CODE;
    if (is_useless(m, "limit", numeric || coded) || (!numeric && !coded))
        return true;
    if (m->raw.limit == NULL)
        return (m->of_class != NULL && (coded || has_limit(m->rule.limit))) || limit_is_missing(m);
    if (coded) {
        m->rule.code_mask = making_codes(m, m->raw.limit, making_point(m));
        return true;
    }
    if (!shape_number(m->raw.limit, -NUMBER_MAX, NUMBER_MAX, making_complaints(m), &m->rule.limit))
        return false;
    check_ceiling(m);
    check_laxer(m);
    return true;
}

static bool same_unit(const char *one, const char *other)
{
    return strcmp(one, other) == 0;
}

static void read_from_point(struct making *m, const char *id)
{
    int32_t const from = device_point_find(m->device, id);
    if (from < 0) {
        if (!m->build->broken)
            complain_node(making_complaints(m), making_at(m, "from"), ON_VALUE, S_NO_DEVICE_POINT,
                          WORDS(words_quote(making_complaints(m), m->device->id), words_quote(making_complaints(m), id),
                                words_suggest(making_complaints(m), id, name_of_device_point, m->device)));
        return;
    }
    const struct device_point *point = &m->device->points[from];
    bool const numeric = value_type_is_number(point->type);
    m->rule.from_point = from;
    if (from == m->rule.point)
        complain_node(making_complaints(m), making_at(m, "from"), ON_VALUE, S_FROM_ITSELF,
                      WORDS(words_quote(making_complaints(m), id)));
    else if (!numeric)
        complain_node(making_complaints(m), making_at(m, "from"), ON_VALUE, S_ALARM_KIND,
                      WORDS(same(making_kind(m)), words_value_type(VALUE_NUMBER), words_quote(making_complaints(m), id),
                            words_value_type(point->type)));
    else if (!same_unit(point->unit, making_point(m)->unit))
        complain_node(making_complaints(m), making_at(m, "from"), ON_VALUE, S_FROM_UNIT,
                      WORDS(words_quote(making_complaints(m), making_point(m)->id),
                            words_quote(making_complaints(m), making_point(m)->unit),
                            words_quote(making_complaints(m), id), words_quote(making_complaints(m), point->unit)));
}

/* True: it knows what to compare with, or need not. */
static bool read_from(struct making *m)
{
    bool const wanted = m->rule.kind == RULE_DEVIATION;
    const char *id;
    if (is_useless(m, "from", wanted) || !wanted)
        return true;
    if (m->raw.from == NULL) {
        if (m->of_class == NULL && !making_given(m, "from"))
            complain_node(making_complaints(m), m->raw.node, ON_KEY, S_NEEDS_KEY,
                          WORDS(words_quote(making_complaints(m), m->rule.id), same("\"from\"")));
        return m->rule.from_point >= 0;
    }
    m->rule.from_point = -1;
    if (node_kind(m->raw.from) == NODE_NUMBER)
        return shape_number(m->raw.from, -NUMBER_MAX, NUMBER_MAX, making_complaints(m), &m->rule.from_value);
    if (node_kind(m->raw.from) != NODE_STRING) {
        complain_node(making_complaints(m), m->raw.from, ON_VALUE, S_BAD_TYPE,
                      WORDS(words_found(making_complaints(m), m->raw.from),
                            both("a number, or the id of a point of this device", "数字，或本设备的点名")));
        return false;
    }
    if (shape_text(m->raw.from, SITE_ID_MAX, making_complaints(m), &id))
        read_from_point(m, id);
    return m->rule.from_point >= 0;
}

static void read_over(struct making *m)
{
    bool const wanted = m->rule.kind == RULE_RATE;
    if (!is_useless(m, "over", wanted) && wanted && m->raw.over_ms != NOT_GIVEN)
        m->rule.over_ms = (uint32_t)m->raw.over_ms;
}

static void read_deadband(struct making *m)
{
    bool const wanted = (has_number(m->rule.kind) && m->rule.kind != RULE_EQUALS) || m->rule.kind == RULE_STUCK;
    if (!is_useless(m, "deadband", wanted) && wanted && m->raw.deadband >= 0)
        m->rule.deadband = m->raw.deadband;
}

static void check_possible(struct making *m)
{
    size_t const errors = making_complaints(m)->errors;
    struct range const range = range_of_point(m);
    struct range const registers = range_of_registers(m);
    check_sign(m);
    if (has_number(m->rule.kind))
        check_reachable(m, range, registers);
    if (making_complaints(m)->errors == errors)
        check_clears(m, (struct range){fmax(range.low, registers.low), fmin(range.high, registers.high)});
}

bool limits_read(struct making *m)
{
    if (m->of_class != NULL && has_number(m->rule.kind))
        set_limit_of_class(m);
    bool const limited = read_limit(m);
    bool const compared = read_from(m);
    read_over(m);
    read_deadband(m);
    if (!limited || !compared)
        return false;
    if (!has_number(m->rule.kind) && m->rule.kind != RULE_STUCK)
        return true;
    check_possible(m);
    return true;
}

/* --- their order ---------------------------------------------------------------------------------------------------- */

/* "gas.high_hh" is the second stage of "gas.high". */
static bool is_second_stage(const struct rule *graver, const struct rule *milder)
{
    size_t const length = strlen(milder->id);
    return strncmp(graver->id, milder->id, length) == 0 &&
           (strcmp(graver->id + length, "_hh") == 0 || strcmp(graver->id + length, "_ll") == 0);
}

static bool is_graver(const struct rule *one, const struct rule *other)
{
    bool const high = kind_is_high(one->kind) && kind_is_high(other->kind);
    bool const low = kind_is_low(one->kind) && kind_is_low(other->kind);
    bool const outer =
        (one->kind == RULE_HIHI && other->kind == RULE_HI) || (one->kind == RULE_LOLO && other->kind == RULE_LO);
    return (high || low) && (outer || is_second_stage(one, other));
}

/* Where the order of two rules is a matter of the file: the one it names. */
static const struct node *place_of_pair(const struct loader *l, size_t device, const struct rule *one,
                                        const struct rule *other)
{
    const struct raw_device *raw = l->build_devices[device].raw;
    const struct node *written = raw->alarms == NULL ? NULL : node_child(raw->alarms, one->id);
    if (written == NULL && raw->alarms != NULL)
        written = node_child(raw->alarms, other->id);
    if (written == NULL)
        written = raw->settings;
    return written != NULL ? written : raw->wire.node;
}

static void complain_pair(struct loader *l, size_t device, enum sentence sentence, const struct rule *one,
                          const struct rule *other)
{
    complain_node(l->complaints, place_of_pair(l, device, one, other), ON_KEY, sentence,
                  WORDS(words_quote(l->complaints, one->id), words_number(l->complaints, one->limit),
                        words_quote(l->complaints, other->id), words_number(l->complaints, other->limit)));
}

static void check_pair(struct loader *l, size_t device, const struct rule *one, const struct rule *other)
{
    if (is_graver(one, other)) {
        if (kind_is_high(one->kind) ? one->limit < other->limit : one->limit > other->limit)
            complain_pair(l, device, S_LIMIT_ORDER, one, other);
        if (one->priority > other->priority)
            complain_pair(l, device, S_STAGE_PRIORITY, one, other);
    }
    if (kind_is_high(one->kind) && kind_is_low(other->kind) && one->when_mask == 0 && other->when_mask == 0 &&
        one->limit <= other->limit)
        complain_pair(l, device, S_LIMITS_CROSS, one, other);
}

void limits_check_order(struct loader *l, size_t device)
{
    const struct site_device *of = &l->devices[device];
    if (of->rule_count == 0 || of->rule_count > RULES_PAIRED)
        return;
    const struct rule *rules = &l->rules[of->rule_first];
    for (int32_t i = 0; i < of->rule_count; i++)
        for (int32_t j = 0; j < of->rule_count; j++)
            if (i != j && rules[i].point >= 0 && rules[i].point == rules[j].point)
                check_pair(l, device, &rules[i], &rules[j]);
}
