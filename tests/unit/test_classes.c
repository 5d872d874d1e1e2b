/* What holds for every class: the tables are sound, and derive() stands any readings. What a class computes is tested in its
 * own file. */
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/core/normalize.h"
#include "gateway/model/site.h"
#include "gateway/site/units.h"
#include "tests/support/class_rig.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

static void assert_label(const char *what, const char *zh, const char *en)
{
    if (zh == NULL || en == NULL || zh[0] == '\0' || en[0] == '\0' || !text_is_utf8(zh, strlen(zh)))
        fail_msg("%s has no label", what);
}

static void assert_id(const char *class, const char *id, const char *letters)
{
    size_t const length = id == NULL ? 0 : strlen(id);
    if (length == 0 || length > SITE_ID_MAX || strspn(id, letters) != length || strchr("_-.", id[0]) != NULL)
        fail_msg("%s: %s is no id", class, id == NULL ? "NULL" : id);
}

static bool is_numeric(enum value_type type)
{
    return type == VALUE_INT || type == VALUE_UINT || type == VALUE_NUMBER;
}

static bool is_one_of(const char *id, const char *const *list)
{
    while (*list != NULL && strcmp(*list, id) != 0)
        list++;
    return *list != NULL;
}

/* Of the first `before` points. */
static const struct class_point *find_word(const struct device_class *class, size_t before, const char *id,
                                           size_t length)
{
    for (size_t i = 0; i < before; i++)
        if (strlen(class->points[i].id) == length && strncmp(class->points[i].id, id, length) == 0)
            return &class->points[i];
    return NULL;
}

static const struct class_point *find_point(const struct device_class *class, const char *id)
{
    return find_word(class, class->point_count, id, strlen(id));
}

static const struct class_setting *find_setting(const struct device_class *class, const char *id, size_t length)
{
    for (size_t i = 0; i < class->setting_count; i++)
        if (strlen(class->settings[i].id) == length && strncmp(class->settings[i].id, id, length) == 0)
            return &class->settings[i];
    return NULL;
}

static const struct class_alarm *find_alarm(const struct device_class *class, const char *id)
{
    for (size_t i = 0; i < class->alarm_count; i++)
        if (strcmp(class->alarms[i].id, id) == 0)
            return &class->alarms[i];
    fail_msg("%s has no alarm %s", class->id, id);
    return class->alarms;
}

static bool has_code(const struct class_point *point, const char *code)
{
    for (size_t i = 0; i < point->code_count; i++)
        if (strcmp(point->codes[i].id, code) == 0)
            return true;
    return false;
}

/* --- points --- */

/* Every word of `needs` is a point before this one or a setting. */
static void check_needs(const struct device_class *class, const struct class_point *point)
{
    for (const char *at = point->needs; at != NULL && *at != '\0';) {
        size_t const length = strcspn(at, "| ");
        size_t const before = (size_t)(point - class->points);
        if (length == 0 || (find_word(class, before, at, length) == NULL && find_setting(class, at, length) == NULL))
            fail_msg("%s %s needs \"%s\"", class->id, point->id, at);
        at += length + (at[length] != '\0');
    }
}

static void check_codes_of(const struct class_point *point)
{
    assert_int_equal(point->type == VALUE_ENUM, point->code_count > 0);
    for (size_t i = 0; i < point->code_count; i++) {
        assert_id(point->id, point->codes[i].id, LETTERS);
        assert_label(point->codes[i].id, point->codes[i].zh, point->codes[i].en);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(point->codes[i].id, point->codes[j].id);
    }
}

static void check_range(const struct device_class *class, const struct class_point *point)
{
    bool const bounded = point->minimum > NO_LIMIT && point->maximum > NO_LIMIT;
    if (point->deadband < 0 || (bounded && point->deadband >= point->maximum - point->minimum))
        fail_msg("%s %s: deadband %g", class->id, point->id, point->deadband);
    if (point->unit == NULL || (point->unit[0] != '\0' && !unit_is_known(point->unit)))
        fail_msg("%s %s: unit %s", class->id, point->id, point->unit == NULL ? "NULL" : point->unit);
    assert_true(is_numeric(point->type) || point->unit[0] == '\0');
}

static void check_points(const struct device_class *class)
{
    assert_true(class->point_count <= SITE_DEVICE_POINTS_MAX);
    for (size_t i = 0; i < class->point_count; i++) {
        const struct class_point *point = &class->points[i];
        assert_id(class->id, point->id, LETTERS);
        assert_label(point->id, point->zh, point->en);
        assert_ptr_equal(find_point(class, point->id), point); /* the first of its name: no doubles */
        assert_true(point->derived || (!point->readable && point->needs == NULL));
        assert_true(!point->derived || class->derive != NULL);
        check_range(class, point);
        check_needs(class, point);
        check_codes_of(point);
    }
}

/* --- alarms --- */

static void check_codes(const struct class_alarm *alarm, const struct class_point *point)
{
    assert_true(point->code_count <= 64); /* rule.code_mask */
    assert_non_null(alarm->codes[0]);
    for (size_t i = 0; i < ARRAY_SIZE(alarm->codes) && alarm->codes[i] != NULL; i++)
        if (!has_code(point, alarm->codes[i]))
            fail_msg("%s: no code %s", alarm->id, alarm->codes[i]);
}

/* A limit, or settings it follows from; within the range of the point and on the right side of the ceiling. */
static void check_limit(const struct device_class *class, const struct class_alarm *alarm,
                        const struct class_point *point)
{
    bool const high = alarm->kind == RULE_HI || alarm->kind == RULE_HIHI;
    bool const low = alarm->kind == RULE_LO || alarm->kind == RULE_LOLO;
    if (alarm->limit <= NO_LIMIT && alarm->limit_from[0].setting == NULL)
        fail_msg("%s %s has no limit", class->id, alarm->id);
    for (size_t i = 0; i < ARRAY_SIZE(alarm->limit_from) && alarm->limit_from[i].setting != NULL; i++) {
        const char *id = alarm->limit_from[i].setting;
        if (find_setting(class, id, strlen(id)) == NULL || fabs(alarm->limit_from[i].factor) < 1e-9)
            fail_msg("%s %s: limit from %s", class->id, alarm->id, id);
    }
    if (alarm->limit <= NO_LIMIT || (!high && !low))
        return;
    if ((point->minimum > NO_LIMIT && alarm->limit < point->minimum) ||
        (point->maximum > NO_LIMIT && alarm->limit > point->maximum))
        fail_msg("%s %s: %g can never be", class->id, alarm->id, alarm->limit);
    if (alarm->limit_ceiling > NO_LIMIT)
        assert_true(high ? alarm->limit <= alarm->limit_ceiling : alarm->limit >= alarm->limit_ceiling);
}

static void check_kind(const struct device_class *class, const struct class_alarm *alarm,
                       const struct class_point *point)
{
    bool const fits = alarm->kind == RULE_BIT    ? point->type == VALUE_BOOL
                      : alarm->kind == RULE_CODE ? point->type == VALUE_ENUM
                                                 : is_numeric(point->type);
    if (!fits)
        fail_msg("%s %s: a rule of that kind cannot look at %s", class->id, alarm->id, alarm->point);
    if (alarm->kind == RULE_CODE)
        check_codes(alarm, point);
    else if (alarm->kind != RULE_BIT && alarm->kind != RULE_STUCK)
        check_limit(class, alarm, point);
    bool const bounded = point->minimum > NO_LIMIT && point->maximum > NO_LIMIT && is_numeric(point->type);
    assert_true(alarm->deadband >= 0 && (!bounded || alarm->deadband < point->maximum - point->minimum));
    assert_int_equal(alarm->kind == RULE_RATE, alarm->over_ms > 0);
    assert_true(alarm->kind != RULE_STUCK || alarm->on_delay_ms > 0);
}

static void check_references(const struct device_class *class, const struct class_alarm *alarm)
{
    const struct class_point *when = alarm->when == NULL ? NULL : find_point(class, alarm->when);
    const struct class_point *from = alarm->from == NULL ? NULL : find_point(class, alarm->from);
    if (alarm->when != NULL && (when == NULL || when->type != VALUE_BOOL))
        fail_msg("%s %s: when %s", class->id, alarm->id, alarm->when);
    if (alarm->from != NULL && (from == NULL || !is_numeric(from->type) || alarm->kind != RULE_DEVIATION))
        fail_msg("%s %s: from %s", class->id, alarm->id, alarm->from);
    assert_true(alarm->kind != RULE_DEVIATION || alarm->from != NULL);
}

/* Of "a|b" one is a setting: what stands in the site file does not change from poll to poll. */
static bool is_constant(const struct device_class *class, const char *words)
{
    size_t length = strcspn(words, "| ");
    while (find_setting(class, words, length) == NULL && words[length] == '|') {
        words += length + 1;
        length = strcspn(words, "| ");
    }
    return find_setting(class, words, length) != NULL;
}

/* What a critical alarm looks at is polled as safety, down to the points it is derived from. */
static void check_safety(const struct device_class *class, const char *alarm, const struct class_point *point)
{
    if (point->poll != POLL_SAFETY)
        fail_msg("%s %s depends on %s, which is not polled as safety", class->id, alarm, point->id);
    bool constant = point->needs != NULL && is_constant(class, point->needs);
    for (const char *at = point->needs; at != NULL && *at != '\0';) {
        size_t const length = strcspn(at, "| ");
        const struct class_point *input = find_word(class, (size_t)(point - class->points), at, length);
        if (input != NULL && !constant)
            check_safety(class, alarm, input);
        at += length;
        if (*at == ' ')
            constant = is_constant(class, at + 1);
        at += *at != '\0';
    }
}

/* Latched, but for CO in the flue, which comes and goes with the flame; and the site file may not make it slower. */
static void check_critical(const struct device_class *class, const struct class_alarm *alarm,
                           const struct class_point *point)
{
    bool const latched = alarm->latch || strcmp(alarm->id, "boiler.co_hh") == 0;
    if (alarm->shelvable || !latched || (alarm->on_delay_max_ms > 3000 && alarm->on_delay_max_ms > alarm->on_delay_ms))
        fail_msg("%s %s is critical: latched, not shelvable, no slower than it is", class->id, alarm->id);
    check_safety(class, alarm->id, point);
}

/* Of two limits on one point, the graver lies further out. */
static void check_order(const struct device_class *class, const struct class_alarm *alarm)
{
    for (size_t i = 0; i < class->alarm_count; i++) {
        const struct class_alarm *other = &class->alarms[i];
        if (other->point == NULL || strcmp(other->point, alarm->point) != 0 || other->limit <= NO_LIMIT ||
            alarm->limit <= NO_LIMIT)
            continue;
        if ((alarm->kind == RULE_HIHI && other->kind == RULE_HI && alarm->limit <= other->limit) ||
            (alarm->kind == RULE_LOLO && other->kind == RULE_LO && alarm->limit >= other->limit))
            fail_msg("%s: %s lies before %s", class->id, alarm->id, other->id);
    }
}

static void check_looks_at(const struct device_class *class, const struct class_alarm *alarm)
{
    const struct class_point *point = find_point(class, alarm->point);
    if (point == NULL) {
        fail_msg("%s %s looks at %s", class->id, alarm->id, alarm->point);
        return;
    }
    check_kind(class, alarm, point);
    check_order(class, alarm);
    if (alarm->priority == PRIORITY_CRITICAL)
        check_critical(class, alarm, point);
}

static void check_alarms(const struct device_class *class)
{
    size_t comm = 0;
    for (size_t i = 0; i < class->alarm_count; i++) {
        const struct class_alarm *alarm = &class->alarms[i];
        const char *dot = alarm->id == NULL ? NULL : strchr(alarm->id, '.');
        assert_id(class->id, alarm->id, LETTERS ".");
        if (dot == NULL || dot != strrchr(alarm->id, '.'))
            fail_msg("%s: %s is not group.name", class->id, alarm->id);
        assert_label(alarm->id, alarm->zh, alarm->en);
        assert_ptr_equal(find_alarm(class, alarm->id), alarm);
        assert_true(alarm->priority < PRIORITY_COUNT);
        assert_true(alarm->on_delay_ms <= alarm->on_delay_max_ms);
        assert_int_equal(alarm->code == NULL, alarm->code_system == NULL);
        assert_int_equal(alarm->kind == RULE_COMM, alarm->point == NULL);
        comm += alarm->kind == RULE_COMM;
        check_references(class, alarm);
        if (alarm->point != NULL)
            check_looks_at(class, alarm);
    }
    assert_int_equal(comm, 1);
    assert_int_equal(find_alarm(class, "comm.lost")->kind, RULE_COMM);
}

/* --- settings, dialects, the class itself --- */

static void check_setting(const struct device_class *class, const struct class_setting *setting)
{
    bool const known = setting->standard > NO_LIMIT;
    assert_id(class->id, setting->id, LETTERS);
    assert_label(setting->id, setting->zh, setting->en);
    assert_ptr_equal(find_setting(class, setting->id, strlen(setting->id)), setting);
    if (setting->unit[0] != '\0' && !unit_is_known(setting->unit))
        fail_msg("%s %s: unit %s", class->id, setting->id, setting->unit);
    if (setting->choices != NULL) {
        assert_true(setting->choice_count > 1);
        assert_true(!known || (setting->standard >= 0 && setting->standard < (double)setting->choice_count));
        for (size_t i = 0; i < setting->choice_count; i++)
            assert_label(setting->choices[i].id, setting->choices[i].zh, setting->choices[i].en);
        return;
    }
    if (setting->minimum <= NO_LIMIT || setting->minimum >= setting->maximum ||
        (known && (setting->standard < setting->minimum || setting->standard > setting->maximum)))
        fail_msg("%s %s: %g … %g, standard %g", class->id, setting->id, setting->minimum, setting->maximum,
                 setting->standard);
}

static void check_dialect(const struct device_class *class, const struct class_dialect *dialect)
{
    const struct class_point *point = find_point(class, dialect->point);
    if (point == NULL || point->type != VALUE_ENUM || dialect->code_count == 0) {
        fail_msg("%s: dialect %s of %s", class->id, dialect->system, dialect->point);
        return;
    }
    for (const struct class_dialect *other = class->dialects; other < dialect; other++)
        assert_false(strcmp(other->system, dialect->system) == 0 && strcmp(other->point, dialect->point) == 0);
    for (size_t i = 0; i < dialect->code_count; i++) {
        const struct dialect_code *code = &dialect->codes[i];
        if (!has_code(point, code->means))
            fail_msg("%s %s: %s means %s", class->id, dialect->system, code->code, code->means);
        assert_true(code->code[0] != '\0');
        for (size_t j = 0; j < i; j++)
            if (code->raw == dialect->codes[j].raw || strcmp(code->code, dialect->codes[j].code) == 0)
                fail_msg("%s %s: %s twice", class->id, dialect->system, code->code);
    }
}

static void check_class(const struct device_class *class)
{
    static const char *const open[] = {"generic", "io", NULL};
    static const char *const looked_at[] = {"lift", "escalator", "moving_walk", "forklift", "boiler_burner", NULL};
    assert_id("class", class->id, LETTERS);
    assert_label(class->id, class->zh, class->en);
    check_points(class);
    check_alarms(class);
    for (size_t i = 0; i < class->setting_count; i++)
        check_setting(class, &class->settings[i]);
    for (size_t i = 0; i < class->dialect_count; i++)
        check_dialect(class, &class->dialects[i]);
    assert_true(class->memory_size <= DERIVE_MEMORY_MAX);
    assert_int_equal(class->open, is_one_of(class->id, open));
    assert_true(class->never_written || !is_one_of(class->id, looked_at));
    assert_false(class->never_written && class->open);
}

static void test_tables_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < classes.class_count; i++)
        check_class(classes.classes[i]);
}

static void test_all_classes(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "lift",          "escalator", "moving_walk",  "gas_detector",     "gas_panel",
        "lpg_cylinder",  "lpg_scale", "boiler_steam", "boiler_hot_water", "boiler_thermal_oil",
        "boiler_burner", "io",        "forklift",     "generic",          NULL};
    for (size_t i = 0; i < classes.class_count; i++) {
        const struct device_class *class = classes.classes[i];
        if (!is_one_of(class->id, ids))
            fail_msg("%s?", class->id);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(class->id, classes.classes[j]->id);
        bool found = class->channel == NULL;
        for (size_t j = 0; j < classes.class_count; j++)
            found = found || classes.classes[j] == class->channel;
        assert_true(found);
    }
    assert_int_equal(classes.class_count, ARRAY_SIZE(ids) - 1);
}

/* --- derive() of any class --- */

static uint32_t dice(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static double any_setting(const struct class_setting *setting, uint32_t *seed)
{
    if (setting->choices != NULL)
        return (double)(dice(seed) % (uint32_t)setting->choice_count);
    return setting->minimum + (setting->maximum - setting->minimum) * (double)(dice(seed) % 1001) / 1000;
}

/* Some of its points, and some of its settings; `all`: every one. */
static void open_some(struct rig *rig, const struct device_class *class, bool all, uint32_t *seed)
{
    char has[8192] = "";
    size_t size = 0;
    for (size_t i = 0; i < class->point_count; i++) {
        const struct class_point *point = &class->points[i];
        if ((!point->derived || (point->readable && !all)) && (all || dice(seed) % 2 == 0))
            size += (size_t)snprintf(has + size, sizeof has - size, "%s ", point->id);
    }
    for (size_t i = 0; i < class->setting_count; i++)
        if (all || dice(seed) % 2 == 0)
            size += (size_t)snprintf(has + size, sizeof has - size, "%s=%.17g ", class->settings[i].id,
                                     any_setting(&class->settings[i], seed));
    assert_true(size < sizeof has);
    rig_open(rig, class, has);
}

static double any_number(const struct class_point *point, uint32_t *seed)
{
    double const low = point->minimum > NO_LIMIT ? point->minimum : -1e6;
    double const high = point->maximum > NO_LIMIT ? point->maximum : 1e6;
    switch (dice(seed) % 4) {
    case 0:
        return low;
    case 1:
        return high;
    case 2:
        return low <= 0 && high >= 0 ? 0 : low;
    default:
        return low + (high - low) * (double)(dice(seed) % 1001) / 1000;
    }
}

static struct sample any_sample(const struct class_point *point, size_t index, uint32_t *seed)
{
    static const enum reason reasons[] = {REASON_NO_ANSWER, REASON_INVALID, REASON_IMPLAUSIBLE, REASON_STALE};
    struct sample sample = {.point = (uint16_t)index};
    if (dice(seed) % 8 == 0)
        sample = sample_bad(index, reasons[dice(seed) % ARRAY_SIZE(reasons)]);
    else if (dice(seed) % 8 == 0)
        sample.quality = QUALITY_UNCERTAIN;
    if (point->type == VALUE_BOOL)
        sample.value.boolean = dice(seed) % 2 == 0;
    else if (point->type == VALUE_ENUM)
        sample.value.code = dice(seed) % (uint32_t)point->code_count;
    else if (point->type == VALUE_NUMBER)
        sample.value.number = any_number(point, seed);
    else if (point->type == VALUE_TEXT)
        sample.value.text.size = (uint16_t)(dice(seed) % 20);
    else
        sample.value.integer = (int64_t)(dice(seed) % 100000);
    return sample;
}

/* What is derived is a value of its type, or bad for a reason; a number is one, and within its range. */
static void check_derived(const struct rig *rig, size_t index)
{
    const struct class_point *point = &rig->class->points[index];
    const struct sample *sample = &rig->samples[index];
    bool const has_value = sample_has_value(sample);
    bool good = has_value == (sample->reason == REASON_NONE) || sample->quality == QUALITY_UNCERTAIN;
    if (has_value && point->type == VALUE_ENUM)
        good = good && sample->value.code < point->code_count;
    double const number = has_value && point->type == VALUE_NUMBER ? sample->value.number : 0;
    if (has_value && point->type == VALUE_NUMBER)
        good = good && isfinite(number) && (point->minimum <= NO_LIMIT || number >= point->minimum) &&
               (point->maximum <= NO_LIMIT || number <= point->maximum);
    if (!good)
        fail_msg("%s %s: quality %u, reason %u, value %g", rig->class->id, point->id, sample->quality, sample->reason,
                 number);
}

/* What is read is left alone, but for a good quality that is lowered to uncertain. */
static void check_read(const struct rig *rig, size_t index, const struct sample *before)
{
    const struct sample *after = &rig->samples[index];
    bool const lowered = before->quality == QUALITY_GOOD && after->quality == QUALITY_UNCERTAIN;
    if (memcmp(&before->value, &after->value, sizeof before->value) != 0 ||
        (before->quality != after->quality && !lowered))
        fail_msg("%s %s was read, and changed", rig->class->id, rig->class->points[index].id);
}

static void check_step(struct rig *rig)
{
    static struct sample before[RIG_POINTS_MAX];
    memcpy(before, rig->samples, sizeof before);
    rig_derive(rig);
    for (size_t i = 0; i < rig->class->point_count; i++) {
        if (rig->sources[i] == POINT_DERIVED)
            check_derived(rig, i);
        if (rig->sources[i] == POINT_READ)
            check_read(rig, i, &before[i]);
    }
}

static void test_derive_any_readings(void **state)
{
    (void)state;
    static struct rig rig;
    for (size_t c = 0; c < classes.class_count; c++) {
        const struct device_class *class = classes.classes[c];
        for (uint32_t run = 0; class->derive != NULL && run < 60; run++) {
            uint32_t seed = run;
            open_some(&rig, class, run == 0, &seed);
            for (int step = 0; step < 100; step++) {
                for (size_t i = 0; i < class->point_count; i++)
                    if (rig.sources[i] == POINT_READ && dice(&seed) % 3 == 0)
                        rig.samples[i] = any_sample(&class->points[i], i, &seed);
                rig_pass(&rig, (int64_t)(dice(&seed) % (dice(&seed) % 3 == 0 ? 100000000 : 3000)));
                check_step(&rig);
                if (dice(&seed) % 50 == 0)
                    rig_restart(&rig);
            }
        }
    }
}

/* Nothing was read yet: no alarm, of any class, however long it takes and whatever holds were restored. */
static void test_derive_nothing(void **state)
{
    (void)state;
    static struct rig rig;
    uint32_t seed = 1;
    for (size_t c = 0; c < classes.class_count; c++) {
        const struct device_class *class = classes.classes[c];
        if (class->derive == NULL)
            continue;
        open_some(&rig, class, true, &seed);
        for (size_t i = 0; i < DERIVE_HOLDS_MAX; i++)
            rig.holds[i].since_mono_ms = INT64_MIN / 2000000;
        for (int day = 0; day < 3; day++, rig_pass(&rig, 86400000))
            for (size_t i = 0; i < class->alarm_count; i++)
                if (class->alarms[i].kind == RULE_BIT && strcmp(rig_says(&rig, class->alarms[i].point), "yes") == 0)
                    fail_msg("%s %s out of nothing", class->id, class->alarms[i].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_sound),
        cmocka_unit_test(test_all_classes),
        cmocka_unit_test(test_derive_any_readings),
        cmocka_unit_test(test_derive_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
