#include "tests/support/test.h"

#include <string.h>

#include "drivers/device/escalator.h"
#include "gateway/base/check.h"
#include "gateway/core/normalize.h"
#include "tests/support/class_rig.h"

#define ASSERT_SAYS(rig_, point_, what_) assert_string_equal(rig_says(rig_, point_), what_)

static void test_overspeed(void **state)
{
    (void)state;
    static const struct {
        const char *has;
        double speed;
        const char *overspeed;
    } cases[] = {{"step_speed rated_speed=0.5", 0.5999, "no"},
                 {"step_speed rated_speed=0.5", 0.6001, "yes"},
                 {"step_speed rated_speed=0.5", -0.6001, "yes"}, /* downwards */
                 {"step_speed rated_speed=0.5 overspeed_pct=110", 0.5499, "no"},
                 {"step_speed rated_speed=0.5 overspeed_pct=110", 0.5501, "yes"},
                 {"step_speed", 2.5, "-"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig walk;
        rig_open(&walk, &escalator_class, cases[i].has);
        assert_string_not_equal(rig_says(&walk, "overspeed"), "no");
        rig_number(&walk, "step_speed", cases[i].speed);
        ASSERT_SAYS(&walk, "overspeed", cases[i].overspeed);
    }
    struct rig walk;
    rig_open(&walk, &escalator_class,
             "step_speed fault_overspeed"); /* rated speed unknown: only the controller knows */
    rig_number(&walk, "step_speed", 2.5);
    rig_bool(&walk, "fault_overspeed", false);
    ASSERT_SAYS(&walk, "overspeed", "no");
    rig_open(&walk, &escalator_class, "step_speed fault rated_speed=0.5");
    rig_number(&walk, "step_speed", 0.5);
    ASSERT_SAYS(&walk, "overspeed", "?"); /* what the controller says is not known yet */
    rig_code(&walk, "fault", "overspeed");
    ASSERT_SAYS(&walk, "overspeed", "yes");
    rig_code(&walk, "fault", "reversal");
    ASSERT_SAYS(&walk, "overspeed", "no");
    rig_bad(&walk, "step_speed");
    ASSERT_SAYS(&walk, "overspeed", "?");
    assert_int_equal(rig_at(&walk, "overspeed")->reason, REASON_NO_ANSWER);
}

#define HANDRAILS "step_speed handrail_speed_l handrail_speed_r"

static struct rig moving(const char *has)
{
    struct rig walk;
    rig_open(&walk, &escalator_class, has);
    rig_number(&walk, "step_speed", 0.5);
    rig_number(&walk, "handrail_speed_l", 0.5);
    if (strstr(has, "handrail_speed_r") != NULL)
        rig_number(&walk, "handrail_speed_r", 0.51);
    ASSERT_SAYS(&walk, "handrail_deviation", "no");
    return walk;
}

static void test_handrail(void **state)
{
    (void)state;
    static const struct {
        const char *point;
        double speed;
        const char *deviates; /* from 0.5 m/s by 15 % */
    } cases[] = {{"handrail_speed_l", 0.4251, "no"}, {"handrail_speed_l", 0.4249, "yes"},
                 {"handrail_speed_r", 0.5749, "no"}, {"handrail_speed_r", 0.5751, "yes"},
                 {"handrail_speed_r", 0, "yes"},     {"handrail_speed_r", -0.5, "no"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig walk = moving(HANDRAILS);
        rig_number(&walk, cases[i].point, cases[i].speed);
        rig_derive(&walk);
        rig_pass(&walk, 14999);
        ASSERT_SAYS(&walk, "handrail_deviation", "no");
        rig_pass(&walk, 1);
        ASSERT_SAYS(&walk, "handrail_deviation", cases[i].deviates);
    }
}

static void test_handrail_in_doubt(void **state)
{
    (void)state;
    struct rig walk = moving(HANDRAILS);
    rig_number(&walk, "handrail_speed_l", 0.2);
    rig_derive(&walk);
    rig_pass(&walk, 10000);
    rig_bad(&walk, "handrail_speed_l");
    ASSERT_SAYS(&walk, "handrail_deviation", "?");
    assert_int_equal(rig_at(&walk, "handrail_deviation")->reason, REASON_NO_ANSWER);
    rig_pass(&walk, 60000);
    rig_number(&walk, "handrail_speed_l", 0.2);
    ASSERT_SAYS(&walk, "handrail_deviation", "no"); /* the clock stood still */
    rig_pass(&walk, 5000);
    ASSERT_SAYS(&walk, "handrail_deviation", "yes");
    rig_bad(&walk, "step_speed");
    ASSERT_SAYS(&walk, "handrail_deviation", "?");
    rig_number(&walk, "step_speed", 0.0999); /* it crawls or stands: nothing to compare */
    rig_bad(&walk, "handrail_speed_r");
    ASSERT_SAYS(&walk, "handrail_deviation", "no");
    walk = moving("step_speed handrail_speed_l handrail_deviation_s=5 handrail_deviation_pct=5"); /* one is enough */
    ASSERT_SAYS(&walk, "handrail_deviation", "no");
    rig_number(&walk, "handrail_speed_l", 0.47);
    rig_derive(&walk);
    rig_pass(&walk, 5000);
    ASSERT_SAYS(&walk, "handrail_deviation", "yes");
}

static void test_floor_plate(void **state)
{
    (void)state;
    struct rig walk;
    rig_open(&walk, &escalator_class, "floor_plate_open run_status step_speed");
    ASSERT_SAYS(&walk, "floor_open_run", "?");
    rig_bool(&walk, "floor_plate_open", true);
    rig_code(&walk, "run_status", "stop");
    rig_number(&walk, "step_speed", 0.5);
    ASSERT_SAYS(&walk, "floor_open_run", "no"); /* the controller's word goes before the sensor */
    rig_bad(&walk, "run_status");
    ASSERT_SAYS(&walk, "floor_open_run", "yes");
    rig_number(&walk, "step_speed", 0.0999);
    ASSERT_SAYS(&walk, "floor_open_run", "no");
    rig_bad(&walk, "step_speed");
    ASSERT_SAYS(&walk, "floor_open_run", "?");
    rig_bool(&walk, "floor_plate_open", false);
    ASSERT_SAYS(&walk, "floor_open_run", "no");
    rig_bad(&walk, "floor_plate_open");
    rig_code(&walk, "run_status", "run");
    ASSERT_SAYS(&walk, "floor_open_run", "?");
}

static void test_contacts(void **state)
{
    (void)state;
    struct rig walk;
    rig_open(&walk, &escalator_class, "comb_plate_ok service_mode");
    ASSERT_SAYS(&walk, "comb_plate_fault", "?");
    ASSERT_SAYS(&walk, "in_service", "?");
    rig_bool(&walk, "comb_plate_ok", true);
    ASSERT_SAYS(&walk, "comb_plate_fault", "no");
    rig_bool(&walk, "comb_plate_ok", false);
    ASSERT_SAYS(&walk, "comb_plate_fault", "yes");
    static const char *const modes[] = {"stopped", "normal", "inspection", "unknown"};
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        rig_code(&walk, "service_mode", modes[i]);
        ASSERT_SAYS(&walk, "in_service", i == 2 ? "no" : "yes");
    }
    rig_bad(&walk, "service_mode");
    ASSERT_SAYS(&walk, "in_service", "?");
}

static void test_bits(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"none", NULL},
        {"safety_circuit_open", "fault_safety_circuit"},
        {"overspeed", "fault_overspeed"},
        {"reversal", "fault_reversal"},
        {"step_missing", "fault_step_missing"},
        {"restart_prevented", "fault_restart_prevented"},
        {"other", "fault_other"},
    };
    struct rig walk;
    rig_open(&walk, &escalator_class, "fault");
    for (size_t code = 0; code < ARRAY_SIZE(names); code++) {
        rig_code(&walk, "fault", names[code][0]);
        for (size_t bit = 1; bit < ARRAY_SIZE(names); bit++)
            ASSERT_SAYS(&walk, names[bit][1], bit == code ? "yes" : "no");
    }
    rig_open(&walk, &escalator_class, "fault fault_reversal fault_step_missing"); /* two at once, of a bitmap */
    rig_code(&walk, "fault", "none");
    rig_bool(&walk, "fault_reversal", true);
    rig_bool(&walk, "fault_step_missing", true);
    ASSERT_SAYS(&walk, "fault_reversal", "yes");
    ASSERT_SAYS(&walk, "fault_step_missing", "yes");
    ASSERT_SAYS(&walk, "fault_restart_prevented", "no");
}

/* 61 to 65 in both standards; the modes are not those of a lift, where 3 is fire return. */
static void test_dialects(void **state)
{
    (void)state;
    static const char *const faults[] = {"safety_circuit_open", "overspeed", "reversal", "step_missing",
                                         "restart_prevented"};
    size_t seen = 0;
    for (size_t i = 0; i < escalator_class.dialect_count; i++) {
        const struct class_dialect *dialect = &escalator_class.dialects[i];
        for (size_t c = 0; c < dialect->code_count; c++) {
            const struct dialect_code *code = &dialect->codes[c];
            if (strcmp(dialect->point, "fault") == 0 && code->raw >= 61) {
                assert_string_equal(code->means, faults[code->raw - 61]);
                seen++;
            }
            if (strcmp(dialect->point, "service_mode") == 0 && code->raw == 3) {
                assert_string_equal(code->means, "unknown");
                seen++;
            }
        }
    }
    assert_int_equal(seen, 12);
}

static void test_both_classes(void **state)
{
    (void)state;
    assert_string_equal(escalator_class.id, "escalator");
    assert_string_equal(moving_walk_class.id, "moving_walk");
    assert_string_not_equal(escalator_class.zh, moving_walk_class.zh);
    assert_ptr_equal(escalator_class.points, moving_walk_class.points);
    static const struct {
        const char *id;
        const char *code;
        enum priority priority;
        bool in_inspection;
    } cases[] = {{"escalator.reversal", "63", PRIORITY_CRITICAL, true},
                 {"escalator.overspeed", "62", PRIORITY_CRITICAL, true},
                 {"escalator.step_missing", "64", PRIORITY_CRITICAL, true},
                 {"escalator.floor_open_run", NULL, PRIORITY_CRITICAL, false},
                 {"escalator.safety_circuit", "61", PRIORITY_HIGH, false},
                 {"escalator.restart_prevented", "65", PRIORITY_HIGH, false},
                 {"escalator.emergency_stop", NULL, PRIORITY_HIGH, false},
                 {"escalator.comb_plate", NULL, PRIORITY_HIGH, false},
                 {"escalator.floor_plate", NULL, PRIORITY_HIGH, false},
                 {"escalator.handrail_deviation", NULL, PRIORITY_MEDIUM, false},
                 {"escalator.motor_temp", NULL, PRIORITY_MEDIUM, false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct class_alarm *alarm = escalator_class.alarms;
        while (strcmp(alarm->id, cases[i].id) != 0)
            assert_true(++alarm < escalator_class.alarms + escalator_class.alarm_count);
        assert_int_equal(alarm->priority, cases[i].priority);
        assert_int_equal(alarm->when == NULL, cases[i].in_inspection);
        assert_int_equal(alarm->code == NULL, cases[i].code == NULL);
        if (cases[i].code != NULL)
            assert_string_equal(alarm->code, cases[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overspeed),         cmocka_unit_test(test_handrail),
        cmocka_unit_test(test_handrail_in_doubt), cmocka_unit_test(test_floor_plate),
        cmocka_unit_test(test_contacts),          cmocka_unit_test(test_bits),
        cmocka_unit_test(test_dialects),          cmocka_unit_test(test_both_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
