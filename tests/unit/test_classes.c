#include "tests/support/test.h"

#include <string.h>

#include "drivers/device/classes.h"
#include "drivers/device/gas_detector.h"
#include "drivers/device/lift.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/core/normalize.h"

static const struct class_point *find_point(const struct device_class *class, const char *id)
{
    for (size_t i = 0; i < class->point_count; i++)
        if (strcmp(class->points[i].id, id) == 0)
            return &class->points[i];
    return NULL;
}

static size_t index_of(const struct device_class *class, const char *id)
{
    size_t i = 0;
    while (i < class->point_count && strcmp(class->points[i].id, id) != 0)
        i++;
    if (i == class->point_count)
        fail_msg("%s has no point %s", class->id, id);
    return i;
}

static const struct class_alarm *find_alarm(const struct device_class *class, const char *id)
{
    for (size_t i = 0; i < class->alarm_count; i++)
        if (strcmp(class->alarms[i].id, id) == 0)
            return &class->alarms[i];
    fail_msg("%s has no alarm %s", class->id, id);
    return NULL;
}

static void assert_label(const char *what, const char *zh, const char *en)
{
    if (zh == NULL || en == NULL || zh[0] == '\0' || en[0] == '\0' || !text_is_utf8(zh, strlen(zh)))
        fail_msg("%s has no label", what);
}

static void check_points(const struct device_class *class)
{
    for (size_t i = 0; i < class->point_count; i++) {
        const struct class_point *point = &class->points[i];
        assert_non_null(point->id);
        assert_non_null(point->unit);
        assert_label(point->id, point->zh, point->en);
        assert_ptr_equal(find_point(class, point->id), point); /* the first of its name: no doubles */
        assert_int_equal(point->type == VALUE_ENUM, point->code_count > 0);
        assert_true(point->deadband >= 0);
        if (point->minimum > NO_LIMIT && point->maximum > NO_LIMIT)
            assert_true(point->minimum < point->maximum);
        for (size_t c = 0; c < point->code_count; c++)
            assert_label(point->codes[c].id, point->codes[c].zh, point->codes[c].en);
    }
}

static void check_codes(const struct class_alarm *alarm, const struct class_point *point)
{
    assert_int_equal(point->type, VALUE_ENUM);
    assert_non_null(alarm->codes[0]);
    for (size_t i = 0; i < ARRAY_SIZE(alarm->codes) && alarm->codes[i] != NULL; i++) {
        bool found = false;
        for (size_t c = 0; c < point->code_count && c < 64; c++)
            found = found || strcmp(point->codes[c].id, alarm->codes[i]) == 0;
        if (!found)
            fail_msg("%s: no code %s", alarm->id, alarm->codes[i]);
    }
}

static void check_alarms(const struct device_class *class)
{
    size_t comm = 0;
    for (size_t i = 0; i < class->alarm_count; i++) {
        const struct class_alarm *alarm = &class->alarms[i];
        assert_label(alarm->id, alarm->zh, alarm->en);
        assert_ptr_equal(find_alarm(class, alarm->id), alarm);
        assert_true(alarm->on_delay_ms <= alarm->on_delay_max_ms);
        assert_int_equal(alarm->code == NULL, alarm->code_system == NULL);
        if (alarm->priority == PRIORITY_CRITICAL) {
            assert_false(alarm->shelvable);
            assert_true(alarm->latch);
            assert_true(alarm->on_delay_max_ms <= 3000); /* domain 5.3: safety is exempt from long delays */
        }
        comm += alarm->kind == RULE_COMM;
        assert_int_equal(alarm->kind == RULE_COMM, alarm->point == NULL);
        if (alarm->point == NULL)
            continue;
        const struct class_point *point = find_point(class, alarm->point);
        if (point == NULL)
            fail_msg("%s looks at %s", alarm->id, alarm->point);
        if (alarm->kind == RULE_BIT)
            assert_int_equal(point->type, VALUE_BOOL);
        else if (alarm->kind == RULE_CODE)
            check_codes(alarm, point);
        else
            assert_true(alarm->limit > NO_LIMIT);
        if (alarm->limit_ceiling > NO_LIMIT)
            assert_true(alarm->limit <= alarm->limit_ceiling);
    }
    assert_int_equal(comm, 1);
    assert_int_equal(find_alarm(class, "comm.lost")->kind, RULE_COMM);
}

static void test_tables_are_sound(void **state)
{
    (void)state;
    assert_int_equal(classes.class_count, 4);
    for (size_t i = 0; i < classes.class_count; i++) {
        const struct device_class *class = classes.classes[i];
        assert_label(class->id, class->zh, class->en);
        check_points(class);
        check_alarms(class);
        assert_int_equal(class->open, strcmp(class->id, "generic") == 0 || strcmp(class->id, "io") == 0);
        assert_int_equal(class->never_written, strcmp(class->id, "lift") == 0);
    }
}

/* GB/T 50493-2019 and the domain's starting values. */
static void test_gas_limits(void **state)
{
    (void)state;
    const struct class_alarm *low = find_alarm(&gas_detector_class, "gas.low");
    const struct class_alarm *high = find_alarm(&gas_detector_class, "gas.high");
    assert_true(low->limit > 19.9 && low->limit < 20.1 && low->limit_ceiling > 24.9 && low->limit_ceiling < 25.1);
    assert_true(high->limit > 39.9 && high->limit < 40.1 && high->limit_ceiling > 49.9 && high->limit_ceiling < 50.1);
    assert_int_equal(low->on_delay_ms, 3000);
    assert_int_equal(high->on_delay_ms, 0);
    assert_true(high->latch && !low->latch);
    assert_int_equal(high->priority, PRIORITY_CRITICAL);
    assert_int_equal(find_alarm(&gas_detector_class, "comm.lost")->priority, PRIORITY_HIGH);
    assert_string_equal(find_alarm(&lift_class, "lift.trapped")->code, "11");
}

/* What the detectors' derived points make of readings. */
struct detector {
    struct sample samples[64];
    enum point_source sources[64];
};

static struct detector detector(const char *const *has)
{
    struct detector d;
    memset(&d, 0, sizeof d);
    for (size_t i = 0; i < gas_detector_class.point_count; i++) {
        d.samples[i] = sample_bad(i, REASON_STARTING);
        d.sources[i] = gas_detector_class.points[i].derived ? POINT_DERIVED : POINT_ABSENT;
    }
    for (; *has != NULL; has++)
        d.sources[index_of(&gas_detector_class, *has)] = POINT_READ;
    return d;
}

static struct sample *at(struct detector *d, const char *id)
{
    return &d->samples[index_of(&gas_detector_class, id)];
}

static void set(struct detector *d, const char *id, union value value)
{
    *at(d, id) = (struct sample){.value = value};
}

static void set_bad(struct detector *d, const char *id, enum reason reason, double was)
{
    *at(d, id) = sample_bad(0, reason);
    at(d, id)->value.number = was;
}

static void set_code(struct detector *d, const char *id, const char *code)
{
    const struct class_point *point = &gas_detector_class.points[index_of(&gas_detector_class, id)];
    uint32_t i = 0;
    while (i < point->code_count && strcmp(point->codes[i].id, code) != 0)
        i++;
    assert_true(i < point->code_count);
    set(d, id, (union value){.code = i});
}

static const char *derived(struct detector *d, const char *id)
{
    struct hold holds[DERIVE_HOLDS_MAX] = {{0}};
    struct derive derive = {.mono_ms = 1000,
                            .samples = d->samples,
                            .sources = d->sources,
                            .sample_count = gas_detector_class.point_count,
                            .holds = holds};
    gas_detector_class.derive(&derive);
    assert_true(derive.ret_next_mono_ms == INT64_MAX);
    if (!sample_has_value(at(d, id)))
        return "?";
    return at(d, id)->value.boolean ? "yes" : "no";
}

static void test_over_range(void **state)
{
    (void)state;
    static const char *const xcd[] = {"gas_lel_pct", NULL};
    struct detector d = detector(xcd);
    assert_string_equal(derived(&d, "gas_over_range"), "?");
    set(&d, "gas_lel_pct", (union value){.number = 100});
    assert_string_equal(derived(&d, "gas_over_range"), "no");
    set(&d, "gas_lel_pct", (union value){.number = 100.1});
    assert_string_equal(derived(&d, "gas_over_range"), "yes");
    set_bad(&d, "gas_lel_pct", REASON_IMPLAUSIBLE, 250); /* far beyond: no number any more, but gas */
    assert_string_equal(derived(&d, "gas_over_range"), "yes");
    assert_string_equal(derived(&d, "gas_fault"), "no");
    set_bad(&d, "gas_lel_pct", REASON_IMPLAUSIBLE, -50);
    assert_string_equal(derived(&d, "gas_over_range"), "no");
    assert_string_equal(derived(&d, "gas_fault"), "yes");
    set_bad(&d, "gas_lel_pct", REASON_NO_ANSWER, 0);
    assert_string_equal(derived(&d, "gas_over_range"), "?");
    assert_int_equal(at(&d, "gas_over_range")->reason, REASON_NO_ANSWER);

    static const char *const panel[] = {"gas_lel_pct", "over_range", "detector_status", NULL};
    d = detector(panel);
    set(&d, "gas_lel_pct", (union value){.number = 12});
    set(&d, "over_range", (union value){.boolean = true}); /* it has fallen back to a low reading */
    assert_string_equal(derived(&d, "gas_over_range"), "yes");
    set(&d, "over_range", (union value){.boolean = false});
    assert_string_equal(derived(&d, "gas_over_range"), "?"); /* the status was not read yet */
    set_code(&d, "detector_status", "normal");
    assert_string_equal(derived(&d, "gas_over_range"), "no");
    set_code(&d, "detector_status", "over_range");
    assert_string_equal(derived(&d, "gas_over_range"), "yes");
}

static void test_fault(void **state)
{
    (void)state;
    static const char *const xcd[] = {"gas_lel_pct", "gas_ppm",       "fault_code", "fault_dev",
                                      "warning_dev", "detector_mode", NULL};
    struct detector d = detector(xcd);
    assert_string_equal(derived(&d, "gas_fault"), "?");
    set(&d, "gas_lel_pct", (union value){.number = 3});
    set_bad(&d, "gas_ppm", REASON_INVALID, 0); /* it measures %LEL, not ppm */
    set(&d, "fault_code", (union value){.integer = 0});
    set(&d, "fault_dev", (union value){.boolean = false});
    set(&d, "warning_dev", (union value){.boolean = false});
    set_code(&d, "detector_mode", "normal");
    assert_string_equal(derived(&d, "gas_fault"), "no");
    set(&d, "fault_code", (union value){.integer = 3});
    set(&d, "warning_dev", (union value){.boolean = true});
    assert_string_equal(derived(&d, "gas_fault"), "no"); /* a warning */
    set(&d, "fault_dev", (union value){.boolean = true});
    assert_string_equal(derived(&d, "gas_fault"), "yes");
    set(&d, "fault_dev", (union value){.boolean = false});
    set(&d, "warning_dev", (union value){.boolean = false});
    assert_string_equal(derived(&d, "gas_fault"), "yes"); /* a code that no warning explains */
    set(&d, "fault_code", (union value){.integer = 0});
    set(&d, "gas_lel_pct", (union value){.number = -5.1});
    assert_string_equal(derived(&d, "gas_fault"), "yes");
    set_bad(&d, "gas_lel_pct", REASON_INVALID, 0); /* it answers, but measures nothing */
    assert_string_equal(derived(&d, "gas_fault"), "yes");
    set_bad(&d, "gas_lel_pct", REASON_NO_ANSWER, 0);
    set_bad(&d, "gas_ppm", REASON_NO_ANSWER, 0);
    assert_string_equal(derived(&d, "gas_fault"), "?");
    set_bad(&d, "gas_lel_pct", REASON_REFUSED, 0); /* a matter of comm.lost, with its longer delay */
    assert_string_equal(derived(&d, "gas_fault"), "?");
    set_code(&d, "detector_mode", "fault");
    assert_string_equal(derived(&d, "gas_fault"), "yes");

    static const char *const six[] = {"gas_lel_pct", "detector_status", "under_range", "fault_code", NULL};
    d = detector(six);
    set(&d, "gas_lel_pct", (union value){.number = 3});
    set(&d, "under_range", (union value){.boolean = false});
    set(&d, "fault_code", (union value){.integer = 0});
    static const struct {
        const char *status;
        const char *fault;
    } cases[] = {{"normal", "no"},     {"warmup", "no"},           {"data_error", "yes"}, {"sensor_fault", "yes"},
                 {"high_alarm", "no"}, {"access_fault", "yes"},    {"timeout", "yes"},    {"comm_fault", "yes"},
                 {"over_range", "no"}, {"needs_calibration", "no"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        set_code(&d, "detector_status", cases[i].status);
        assert_string_equal(derived(&d, "gas_fault"), cases[i].fault);
    }
    set_code(&d, "detector_status", "normal");
    set(&d, "under_range", (union value){.boolean = true});
    assert_string_equal(derived(&d, "gas_fault"), "yes");
    set(&d, "under_range", (union value){.boolean = false});
    set(&d, "fault_code", (union value){.integer = 9});
    assert_string_equal(derived(&d, "gas_fault"), "yes");
}

/* During warm-up and calibration a reading raises alarms but clears none. */
static void test_doubt_of_the_detector(void **state)
{
    (void)state;
    static const char *const has[] = {"gas_lel_pct", "detector_mode", "detector_status", NULL};
    static const struct {
        const char *mode;
        const char *status;
        enum quality quality;
    } cases[] = {{"normal", "normal", QUALITY_GOOD},        {"warmup", "normal", QUALITY_UNCERTAIN},
                 {"inhibit", "normal", QUALITY_UNCERTAIN},  {"calibration", "normal", QUALITY_UNCERTAIN},
                 {"selftest", "normal", QUALITY_UNCERTAIN}, {"normal", "warmup", QUALITY_UNCERTAIN},
                 {"normal", "high_alarm", QUALITY_GOOD},    {"fault", "sensor_fault", QUALITY_UNCERTAIN}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct detector d = detector(has);
        set(&d, "gas_lel_pct", (union value){.number = 30});
        set_code(&d, "detector_mode", cases[i].mode);
        set_code(&d, "detector_status", cases[i].status);
        (void)derived(&d, "gas_fault");
        assert_int_equal(at(&d, "gas_lel_pct")->quality, cases[i].quality);
        assert_true(at(&d, "gas_lel_pct")->value.number > 29);
    }
    struct detector d = detector(has);
    set_bad(&d, "gas_lel_pct", REASON_BUSY, 0);
    set_code(&d, "detector_mode", "warmup");
    (void)derived(&d, "gas_fault");
    assert_int_equal(at(&d, "gas_lel_pct")->quality, QUALITY_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_sound),
        cmocka_unit_test(test_gas_limits),
        cmocka_unit_test(test_over_range),
        cmocka_unit_test(test_fault),
        cmocka_unit_test(test_doubt_of_the_detector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
