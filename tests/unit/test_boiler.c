#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device/boiler_burner.h"
#include "drivers/device/boiler_hot_water.h"
#include "drivers/device/boiler_steam.h"
#include "drivers/device/boiler_thermal_oil.h"
#include "drivers/device/combustion.h"
#include "gateway/base/check.h"
#include "gateway/core/normalize.h"
#include "tests/support/class_rig.h"

static const struct device_class *const boilers[] = {&boiler_burner_class, &boiler_steam_class, &boiler_hot_water_class,
                                                     &boiler_thermal_oil_class};

/* A value of whatever type the point has. */
static void set(struct rig *rig, const char *id, double value)
{
    switch (rig->class->points[rig_at(rig, id) - rig->samples].type) {
    case VALUE_BOOL:
        rig_bool(rig, id, value > 0);
        break;
    case VALUE_INT:
    case VALUE_UINT:
        rig_whole(rig, id, (int64_t)value);
        break;
    case VALUE_NUMBER:
        rig_number(rig, id, value);
        break;
    case VALUE_ENUM:
    case VALUE_TEXT:
        fail_msg("%s is no number", id);
    }
}

static void pass(struct rig *rig, int64_t ms)
{
    rig_pass(rig, ms);
    rig_derive(rig);
}

static bool has_point(const struct device_class *class, const char *id)
{
    for (size_t i = 0; i < class->point_count; i++)
        if (strcmp(class->points[i].id, id) == 0)
            return true;
    return false;
}

static bool has(struct rig *rig, const char *id)
{
    return rig->sources[rig_at(rig, id) - rig->samples] != POINT_ABSENT;
}

static bool is_unknown(struct rig *rig, const char *id)
{
    rig_derive(rig);
    return has(rig, id) && !sample_has_value(rig_at(rig, id));
}

static double number(struct rig *rig, const char *id)
{
    rig_derive(rig);
    if (!has(rig, id) || !sample_has_value(rig_at(rig, id)))
        fail_msg("%s has no value (%s)", id, reason_text((enum reason)rig_at(rig, id)->reason));
    return rig_at(rig, id)->value.number;
}

static enum quality quality(struct rig *rig, const char *id)
{
    rig_derive(rig);
    return (enum quality)rig_at(rig, id)->quality;
}

#define assert_near(value, wanted, within) assert_true(fabs((value) - (wanted)) <= (within))

/* --- tables --------------------------------------------------------------------------------------------------------- */

static bool is_same_point(const struct class_point *a, const struct class_point *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->unit, b->unit) == 0 && a->type == b->type && a->codes == b->codes &&
           a->derived == b->derived && a->poll == b->poll;
}

/* A boiler takes everything its burner controller offers, under the same ids; never_written is the burner's alone. */
static void test_boilers_contain_the_burner(void **state)
{
    (void)state;
    for (size_t b = 0; b < ARRAY_SIZE(boilers); b++) {
        const struct device_class *class = boilers[b];
        assert_true(class->point_count >= boiler_burner_class.point_count);
        for (size_t i = 0; i < boiler_burner_class.point_count; i++)
            assert_true(is_same_point(&class->points[i], &boiler_burner_class.points[i]));
        for (size_t i = 0; i < boiler_burner_class.setting_count; i++)
            assert_string_equal(class->settings[i].id, boiler_burner_class.settings[i].id);
        assert_int_equal(class->never_written, class == &boiler_burner_class);
    }
}

/* Low water and pressure are watched whether it burns or not. */
static void test_level_and_pressure_alarms_have_no_condition(void **state)
{
    (void)state;
    for (size_t i = 0; i < boiler_steam_class.alarm_count; i++) {
        const struct class_alarm *alarm = &boiler_steam_class.alarms[i];
        if (strncmp(alarm->id, "boiler.level", 12) == 0 || strncmp(alarm->id, "boiler.pressure", 15) == 0)
            assert_null(alarm->when);
    }
    assert_string_equal(class_alarm_of(&boiler_steam_class, "boiler.flue_temp")->when, "burner_firing");
    assert_string_equal(class_alarm_of(&boiler_steam_class, "boiler.o2_low")->when, "flame_on");
    const struct class_alarm *hh = class_alarm_of(&boiler_steam_class, "boiler.pressure_hh");
    assert_string_equal(hh->limit_from[0].setting, "working_pressure");
    assert_near(hh->limit_from[0].factor, 1.03, 1e-12);
    assert_string_equal(hh->limit_from[1].setting, "safety_valve_pressure");
    assert_near(hh->limit_from[1].addend, -0.02, 1e-12);
    assert_true(hh->latch && hh->on_delay_ms == 0 && hh->priority == PRIORITY_CRITICAL);
    assert_near(class_alarm_of(&boiler_steam_class, "boiler.pressure_h")->limit_from[0].factor, 1, 1e-12);
    assert_near(class_alarm_of(&boiler_steam_class, "boiler.level_ll")->limit, 15, 1e-12);
}

/* The printed table of phases. */
static void test_lmv_phases(void **state)
{
    (void)state;
    static const int64_t printed[] = {0,  2,  10, 12, 22, 24, 30, 35, 36, 38, 40, 42, 44, 50, 52, 60,
                                      62, 64, 65, 66, 67, 68, 69, 70, 72, 74, 78, 80, 81, 82, 83, 90};
    const struct class_dialect *lmv = &boiler_burner_class.dialects[0];
    assert_string_equal(lmv->system, "Siemens LMV");
    assert_int_equal(lmv->code_count, ARRAY_SIZE(printed));
    for (size_t i = 0; i < ARRAY_SIZE(printed); i++) {
        assert_true(lmv->codes[i].raw == printed[i]);
        assert_int_equal(strtol(lmv->codes[i].code, NULL, 10), printed[i]);
        assert_true((strncmp(lmv->codes[i].means, "operation", 9) == 0) == (printed[i] == 60 || printed[i] == 62));
        assert_true((strcmp(lmv->codes[i].means, "lockout") == 0) == (printed[i] == 0));
    }
}

/* --- flame and lockout ---------------------------------------------------------------------------------------------- */

static const char lmv3[] = "burner_phase flame_signal firing_rate burner_starts fuel_flow";

static void test_flame_by_phase(void **state)
{
    (void)state;
    static const struct {
        const char *phase;
        const char *on;
    } cases[] = {{"lockout", "no"},    {"standby", "no"},      {"prepurge", "no"},     {"pilot_valve_on", "no"},
                 {"interval_2", "no"}, {"operation_1", "yes"}, {"operation_2", "yes"}, {"relight", "no"},
                 {"afterburn", "no"},  {"postpurge", "no"}};
    struct rig boiler;
    rig_open(&boiler, &boiler_burner_class, lmv3);
    set(&boiler, "flame_signal", 80);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        rig_code(&boiler, "burner_phase", cases[i].phase);
        assert_string_equal(rig_says(&boiler, "flame_on"), cases[i].on);
    }
    rig_bad(&boiler, "burner_phase"); /* then by the flame itself */
    assert_string_equal(rig_says(&boiler, "flame_on"), "yes");
    set(&boiler, "flame_signal", 9.99);
    assert_string_equal(rig_says(&boiler, "flame_on"), "no");
    set(&boiler, "flame_signal", 10);
    assert_string_equal(rig_says(&boiler, "flame_on"), "yes");
    rig_bad(&boiler, "flame_signal");
    assert_string_equal(rig_says(&boiler, "flame_on"), "?");
    assert_string_equal(rig_says(&boiler, "burner_firing"), "?");
    assert_int_equal(rig_at(&boiler, "flame_on")->reason, REASON_NO_ANSWER);
}

static void test_flame_of_other_controllers(void **state)
{
    (void)state;
    static const char fireye[] = "burner_state main_valve1_on main_valve2_on";
    struct rig boiler;
    rig_open(&boiler, &boiler_burner_class, fireye);
    assert_string_equal(rig_says(&boiler, "flame_on"), "?");
    set(&boiler, "main_valve1_on", false);
    assert_string_equal(rig_says(&boiler, "main_valve_on"), "?");
    set(&boiler, "main_valve2_on", false);
    assert_string_equal(rig_says(&boiler, "flame_on"), "no");
    set(&boiler, "main_valve2_on", true);
    assert_string_equal(rig_says(&boiler, "flame_on"), "yes");
    rig_bad(&boiler, "main_valve1_on");
    assert_string_equal(rig_says(&boiler, "flame_on"), "yes");
    assert_string_equal(rig_says(&boiler, "lockout"), "-");
    assert_string_equal(rig_says(&boiler, "flame_loss"), "-");

    static const char sola[] = "burner_status lockout_code_raw";
    rig_open(&boiler, &boiler_burner_class, sola);
    rig_code(&boiler, "burner_status", "firing");
    assert_string_equal(rig_says(&boiler, "flame_on"), "yes");
    rig_code(&boiler, "burner_status", "preparing");
    assert_string_equal(rig_says(&boiler, "flame_on"), "no");
    assert_string_equal(rig_says(&boiler, "flame_loss"), "-");

    static const char bare[] = "flue_gas_temp firing_rate";
    rig_open(&boiler, &boiler_burner_class, bare);
    assert_false(has(&boiler, "flame_on") || has(&boiler, "burner_firing") || has(&boiler, "starts_per_h"));
}

static void test_firing_lasts_two_minutes_longer(void **state)
{
    (void)state;
    struct rig boiler;
    rig_open(&boiler, &boiler_steam_class, lmv3);
    set(&boiler, "flame_signal", 80);
    rig_code(&boiler, "burner_phase", "operation_1");
    assert_string_equal(rig_says(&boiler, "burner_firing"), "yes");
    rig_code(&boiler, "burner_phase", "afterburn");
    assert_string_equal(rig_says(&boiler, "flame_on"), "no");
    assert_string_equal(rig_says(&boiler, "burner_firing"), "yes");
    assert_true(boiler.next_mono_ms == boiler.mono_ms + 120000);
    pass(&boiler, 119999);
    assert_string_equal(rig_says(&boiler, "burner_firing"), "yes");
    pass(&boiler, 1);
    assert_string_equal(rig_says(&boiler, "burner_firing"), "no");
    rig_code(&boiler, "burner_phase", "operation_1");
    assert_string_equal(rig_says(&boiler, "burner_firing"), "yes");
}

static void test_flame_loss(void **state)
{
    (void)state;
    struct rig boiler;
    rig_open(&boiler, &boiler_burner_class, lmv3);
    set(&boiler, "flame_signal", 80);
    rig_code(&boiler, "burner_phase", "operation_1");
    assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    set(&boiler, "flame_signal", 10);
    assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    set(&boiler, "flame_signal", 9.9);
    assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    assert_true(boiler.next_mono_ms == boiler.mono_ms + 2000);
    pass(&boiler, 1999);
    assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    pass(&boiler, 1);
    assert_string_equal(rig_says(&boiler, "flame_loss"), "yes");
    rig_code(&boiler, "burner_phase", "operation_2");
    assert_string_equal(rig_says(&boiler, "flame_loss"), "yes");
    rig_code(&boiler, "burner_phase", "postpurge"); /* no flame is expected */
    assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    rig_bad(&boiler, "burner_phase");
    assert_string_equal(rig_says(&boiler, "flame_loss"), "?");
    set(&boiler, "flame_signal", 50);
    assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    rig_bad(&boiler, "flame_signal");
    rig_code(&boiler, "burner_phase", "operation_1");
    assert_string_equal(rig_says(&boiler, "flame_loss"), "?");

    static const char coded[] = "lockout_code";
    static const struct {
        const char *code;
        const char *loss;
        const char *lockout;
    } cases[] = {{"none", "no", "no"},
                 {"low_water", "no", "yes"},
                 {"parasitic_flame", "no", "yes"},
                 {"max_ignitions", "yes", "yes"},
                 {"max_flame_loss", "yes", "yes"}};
    rig_open(&boiler, &boiler_burner_class, coded);
    assert_string_equal(rig_says(&boiler, "flame_loss"), "?");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        rig_code(&boiler, "lockout_code", cases[i].code);
        assert_string_equal(rig_says(&boiler, "flame_loss"), cases[i].loss);
        assert_string_equal(rig_says(&boiler, "lockout"), cases[i].lockout);
    }

    static const char switched[] = "burner_status flame_present";
    rig_open(&boiler, &boiler_burner_class, switched);
    rig_code(&boiler, "burner_status", "firing");
    set(&boiler, "flame_present", true);
    assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    set(&boiler, "flame_present", false);
    assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    pass(&boiler, 2000);
    assert_string_equal(rig_says(&boiler, "flame_loss"), "yes");
}

/* Phase and flame stand in different reads: an ordinary stop may look like operation without a flame for a poll. A
 * controller that really lost it locks out instead, within a second. */
static void test_flame_loss_is_told_from_a_stop(void **state)
{
    (void)state;
    struct rig boiler;
    rig_open(&boiler, &boiler_burner_class, lmv3);
    for (int i = 0; i < 2; i++) {
        rig_code(&boiler, "burner_phase", "operation_1");
        set(&boiler, "flame_signal", 0);
        pass(&boiler, 1000);
        assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
        rig_code(&boiler, "burner_phase", "postpurge");
        assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
        rig_code(&boiler, "burner_phase", "lockout"); /* later, for something else */
        assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
        rig_code(&boiler, "burner_phase", "operation_1");
        pass(&boiler, 1000);
        assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
        rig_bad(&boiler, "burner_phase");
        assert_string_equal(rig_says(&boiler, "flame_loss"), "?");
        rig_code(&boiler, "burner_phase", "lockout");
        assert_string_equal(rig_says(&boiler, "flame_loss"), "yes");
        pass(&boiler, 3600000);
        assert_string_equal(rig_says(&boiler, "flame_loss"), "yes");
        rig_code(&boiler, "burner_phase", "standby");
        assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    }
    rig_code(&boiler, "burner_phase", "operation_1");
    assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    rig_restart(&boiler); /* what was seen before is forgotten, the lockout alarm is not */
    rig_code(&boiler, "burner_phase", "lockout");
    set(&boiler, "flame_signal", 0);
    assert_string_equal(rig_says(&boiler, "flame_loss"), "no");
    assert_string_equal(rig_says(&boiler, "lockout"), "yes");
}

/* Any one way is enough; all of them must be known to say no. */
static void test_lockout(void **state)
{
    (void)state;
    static const struct {
        const char *point;
        const char *fine;
        const char *locked;
    } ways[] = {{"burner_phase", "operation_1", "lockout"},
                {"burner_status", "firing", "lockout"},
                {"lockout_code", "none", "flow_switch"},
                {"error_class", "information", "safety_shutdown"},
                {"error_class", "start_prevented", "lockout"},
                {"burner_lockout", NULL, NULL},
                {"lockout_code_raw", NULL, NULL}};
    struct rig boiler;
    rig_open(&boiler, &boiler_hot_water_class,
             "burner_phase burner_status burner_lockout lockout_code lockout_code_raw error_class");
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(ways); j++)
            if (ways[j].fine == NULL)
                set(&boiler, ways[j].point, 0);
            else
                rig_code(&boiler, ways[j].point, ways[j].fine);
        assert_string_equal(rig_says(&boiler, "lockout"), "no");
        rig_bad(&boiler, ways[i].point);
        assert_string_equal(rig_says(&boiler, "lockout"), "?");
        assert_int_equal(rig_at(&boiler, "lockout")->reason, REASON_NO_ANSWER);
        if (ways[i].locked == NULL)
            set(&boiler, ways[i].point, 1);
        else
            rig_code(&boiler, ways[i].point, ways[i].locked);
        assert_string_equal(rig_says(&boiler, "lockout"), "yes");
    }
}

/* --- starts --------------------------------------------------------------------------------------------------------- */

static void test_starts_by_counter(void **state)
{
    (void)state;
    static const char counter[] = "burner_starts";
    struct rig boiler;
    rig_open(&boiler, &boiler_burner_class, counter);
    assert_true(is_unknown(&boiler, "starts_per_h"));
    set(&boiler, "burner_starts", 1234);
    assert_near(number(&boiler, "starts_per_h"), 0, 0);
    assert_int_equal(quality(&boiler, "starts_per_h"), QUALITY_UNCERTAIN); /* nobody saw the hour before */
    for (int i = 1; i <= 7; i++) {
        pass(&boiler, 60000);
        set(&boiler, "burner_starts", 1234 + i);
        assert_near(number(&boiler, "starts_per_h"), i, 0);
    }
    int64_t const first_ms = boiler.mono_ms - INT64_C(6) * 60000;
    assert_true(boiler.next_mono_ms == first_ms + 3600000);
    boiler.mono_ms = first_ms + 3599999;
    assert_near(number(&boiler, "starts_per_h"), 7, 0);
    pass(&boiler, 1);
    assert_near(number(&boiler, "starts_per_h"), 6, 0);
    assert_int_equal(quality(&boiler, "starts_per_h"), QUALITY_GOOD);
    set(&boiler, "burner_starts", 3); /* reset: no 3, no minus 1238 */
    assert_near(number(&boiler, "starts_per_h"), 6, 0);
    set(&boiler, "burner_starts", 4);
    pass(&boiler, 1000);
    assert_near(number(&boiler, "starts_per_h"), 7, 0);
    rig_bad(&boiler, "burner_starts");
    assert_true(is_unknown(&boiler, "starts_per_h"));
    pass(&boiler, 7200000); /* two hours without an answer, 20 starts: not all of them now */
    set(&boiler, "burner_starts", 24);
    assert_near(number(&boiler, "starts_per_h"), 10, 1);
    set(&boiler, "burner_starts", 1e9);
    pass(&boiler, 1000);
    assert_near(number(&boiler, "starts_per_h"), 64, 0); /* bounded */
}

static void test_starts_by_flame(void **state)
{
    (void)state;
    static const char phase[] = "burner_phase";
    struct rig boiler;
    rig_open(&boiler, &boiler_burner_class, phase);
    rig_code(&boiler, "burner_phase", "operation_1"); /* was burning when we came */
    assert_near(number(&boiler, "starts_per_h"), 0, 0);
    for (int i = 1; i <= 3; i++) {
        rig_code(&boiler, "burner_phase", "standby");
        pass(&boiler, 300000);
        rig_bad(&boiler, "burner_phase");
        pass(&boiler, 1000);
        rig_code(&boiler, "burner_phase", "prepurge");
        pass(&boiler, 30000);
        rig_code(&boiler, "burner_phase", "operation_1");
        pass(&boiler, 1000);
        assert_near(number(&boiler, "starts_per_h"), i, 0);
        rig_code(&boiler, "burner_phase", "operation_2"); /* still the same fire */
        assert_near(number(&boiler, "starts_per_h"), i, 0);
    }
    rig_restart(&boiler);
    rig_code(&boiler, "burner_phase", "operation_1"); /* the same fire as before */
    assert_near(number(&boiler, "starts_per_h"), 0, 0);
    assert_int_equal(quality(&boiler, "starts_per_h"), QUALITY_UNCERTAIN);
}

/* --- flue gas ------------------------------------------------------------------------------------------------------- */

static const char analyser[] = "burner_phase flue_gas_temp flue_o2 flue_co flue_nox flue_so2 ambient_temp";

static void burn_gas(struct rig *boiler, const struct device_class *class)
{
    rig_open(boiler, class, analyser);
    rig_setting(boiler, "fuel", FUEL_NATURAL_GAS);
    rig_code(boiler, "burner_phase", "operation_1");
    set(boiler, "flue_gas_temp", 150);
    set(boiler, "flue_o2", 3.5);
    set(boiler, "flue_co", 100);
    set(boiler, "flue_nox", 40);
    set(boiler, "flue_so2", 10);
    set(boiler, "ambient_temp", 20);
}

static void test_flue_gas(void **state)
{
    (void)state;
    struct rig boiler;
    burn_gas(&boiler, &boiler_burner_class);
    assert_near(number(&boiler, "lambda"), 1.2, 1e-12);
    assert_near(number(&boiler, "flue_loss"), 6.073, 0.0005);
    assert_near(number(&boiler, "q2"), 6.032, 1e-9);
    assert_near(number(&boiler, "q3"), 3.2 * 1.2 * 0.01, 1e-9);
    assert_near(number(&boiler, "nox_mgm3_ref"), 82, 1e-9);
    set(&boiler, "flue_o2", 5);
    assert_near(number(&boiler, "nox_mgm3_ref"), 89.69, 0.005);
    assert_near(number(&boiler, "so2_mgm3_ref"), 28.6 * 17.5 / 16, 1e-9);
    assert_near(number(&boiler, "co_mgm3_ref"), 125 * 17.5 / 16, 1e-9);
    assert_near(number(&boiler, "co_ppm_ref"), 100 * 17.5 / 16, 1e-9);
    rig_setting(&boiler, "o2_ref", 5);
    assert_near(number(&boiler, "nox_mgm3_ref"), 82, 1e-9);
    set(&boiler, "flue_o2", 21);
    assert_true(is_unknown(&boiler, "lambda") && is_unknown(&boiler, "flue_loss") && is_unknown(&boiler, "q2"));
    assert_true(is_unknown(&boiler, "nox_mgm3_ref") && is_unknown(&boiler, "co_ppm_ref"));
    assert_int_equal(rig_at(&boiler, "lambda")->reason, REASON_INVALID);
    rig_bad(&boiler, "flue_o2");
    assert_true(is_unknown(&boiler, "lambda") && is_unknown(&boiler, "q3"));
    assert_int_equal(rig_at(&boiler, "q3")->reason, REASON_NO_ANSWER);
}

/* Purge air is no flue gas. */
static void test_no_flue_gas_without_flame(void **state)
{
    (void)state;
    static const char *const gone[] = {"lambda",       "flue_loss",    "q2",          "q3",
                                       "nox_mgm3_ref", "so2_mgm3_ref", "co_mgm3_ref", "co_ppm_ref"};
    struct rig boiler;
    burn_gas(&boiler, &boiler_burner_class);
    rig_code(&boiler, "burner_phase", "postpurge");
    set(&boiler, "flue_o2", 20.9);
    for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
        assert_true(is_unknown(&boiler, gone[i]));
    rig_bad(&boiler, "burner_phase"); /* unknown is no reason to look away */
    set(&boiler, "flue_o2", 3.5);
    assert_near(number(&boiler, "lambda"), 1.2, 1e-12);
}

static void test_flue_gas_needs(void **state)
{
    (void)state;
    static const char o2[] = "flue_o2";
    struct rig boiler;
    rig_open(&boiler, &boiler_burner_class, o2);
    assert_true(has(&boiler, "lambda"));
    assert_false(has(&boiler, "flue_loss") || has(&boiler, "q2") || has(&boiler, "q3") || has(&boiler, "nox_mgm3_ref"));
    set(&boiler, "flue_o2", 3.5);
    assert_near(number(&boiler, "lambda"), 1.2, 1e-12);

    static const char co2[] = "flue_co2 flue_gas_temp fuel_type";
    rig_open(&boiler, &boiler_burner_class, co2);
    assert_true(has(&boiler, "flue_loss") && !has(&boiler, "lambda"));
    set(&boiler, "flue_co2", 10);
    set(&boiler, "flue_gas_temp", 150);
    assert_true(is_unknown(&boiler, "flue_loss"));
    rig_code(&boiler, "fuel_type", "natural_gas");
    assert_near(number(&boiler, "flue_loss"), 130 * 0.046, 1e-9); /* air_temp: 20 by default */
    rig_code(&boiler, "fuel_type", "light_oil");
    assert_near(number(&boiler, "flue_loss"), 130 * 0.057, 1e-9);
    rig_code(&boiler, "fuel_type", "coal");
    assert_true(is_unknown(&boiler, "flue_loss"));
    rig_bad(&boiler, "fuel_type");
    assert_true(is_unknown(&boiler, "flue_loss"));
    rig_setting(&boiler, "fuel", FUEL_NATURAL_GAS); /* in place of a reading: uncertain */
    assert_near(number(&boiler, "flue_loss"), 130 * 0.046, 1e-9);
    assert_int_equal(quality(&boiler, "flue_loss"), QUALITY_UNCERTAIN);

    burn_gas(&boiler, &boiler_burner_class);
    rig_bad(&boiler, "ambient_temp");
    assert_near(number(&boiler, "q2"), 6.032, 1e-9);
    assert_int_equal(quality(&boiler, "q2"), QUALITY_UNCERTAIN);
}

static void test_lambda_with_all_gases(void **state)
{
    (void)state;
    static const char gases[] = "flue_o2 flue_co flue_co2";
    struct rig boiler;
    rig_open(&boiler, &boiler_burner_class, gases);
    set(&boiler, "flue_o2", 3.5);
    set(&boiler, "flue_co", 2000);
    assert_near(number(&boiler, "lambda"), 1.2, 1e-12);
    set(&boiler, "flue_co2", 10);
    assert_near(number(&boiler, "lambda"), 21 / (21 - 79 * 3.4 / 86.3), 1e-12);
}

static void test_nox_mean_of_an_hour(void **state)
{
    (void)state;
    struct rig boiler;
    burn_gas(&boiler, &boiler_burner_class);
    for (int i = 0; i < 45 * 4; i++) {
        assert_true(is_unknown(&boiler, "nox_mgm3_ref_1h")); /* three quarters of an hour are the least */
        set(&boiler, "flue_nox", i % 2 == 0 ? 30 : 50);
        pass(&boiler, 15000);
    }
    assert_near(number(&boiler, "nox_mgm3_ref_1h"), 82, 1);
    set(&boiler, "flue_nox", 60);
    for (int i = 0; i < 60 * 4; i++)
        pass(&boiler, 15000);
    assert_near(number(&boiler, "nox_mgm3_ref_1h"), 123, 0.5);
    rig_code(&boiler, "burner_phase", "standby"); /* what was, stays, until less than three quarters are left */
    for (int i = 0; i < 14 * 4; i++)
        pass(&boiler, 15000);
    assert_near(number(&boiler, "nox_mgm3_ref_1h"), 123, 0.5);
    for (int i = 0; i < 3 * 4; i++)
        pass(&boiler, 15000);
    assert_true(is_unknown(&boiler, "nox_mgm3_ref_1h"));
}

/* --- efficiency ----------------------------------------------------------------------------------------------------- */

static void test_efficiency_by_losses(void **state)
{
    (void)state;
    struct rig boiler;
    burn_gas(&boiler, &boiler_steam_class);
    assert_false(has(&boiler, "q5") || has(&boiler, "efficiency"));
    rig_setting(&boiler, "rated_output", 10);
    assert_near(number(&boiler, "q5"), 1.7, 1e-9); /* no load is measured: the rated one */
    assert_near(number(&boiler, "efficiency"), 100 - 6.032 - 0.0384 - 1.7, 1e-9);
    rig_read(&boiler, "firing_rate");
    assert_true(is_unknown(&boiler, "efficiency")); /* measured, but not yet known */
    set(&boiler, "firing_rate", 50);
    assert_near(number(&boiler, "load_pct"), 50, 1e-9);
    assert_near(number(&boiler, "q5"), 3.4, 1e-9);
    rig_read(&boiler, "steam_flow");
    set(&boiler, "steam_flow", 8000);
    assert_near(number(&boiler, "load_pct"), 80, 1e-9);
    assert_near(number(&boiler, "q5"), 1.7 / 0.8, 1e-9);
    rig_setting(&boiler, "fuel", FUEL_COAL);
    assert_true(is_unknown(&boiler, "q2") && is_unknown(&boiler, "efficiency")); /* q4 and q6 are not known */
    rig_setting(&boiler, "q4", 5);
    assert_near(number(&boiler, "q2"), (0.4 + 3.55 * 1.2) * 1.3 * 0.95, 1e-9);
    assert_true(is_unknown(&boiler, "efficiency"));
    rig_setting(&boiler, "q6", 1);
    double const q2 = number(&boiler, "q2");
    assert_near(number(&boiler, "efficiency"), 100 - q2 - 0.0384 - 5 - 1.7 / 0.8 - 1, 1e-9);
    rig_code(&boiler, "burner_phase", "standby");
    assert_true(is_unknown(&boiler, "efficiency") && is_unknown(&boiler, "q5"));
}

static void test_efficiency_mean_counts_half_load(void **state)
{
    (void)state;
    static const char watched[] = "burner_phase firing_rate flue_gas_temp flue_o2";
    struct rig boiler;
    rig_open(&boiler, &boiler_thermal_oil_class, watched);
    rig_setting(&boiler, "fuel", FUEL_NATURAL_GAS);
    rig_setting(&boiler, "rated_output_mw", 7); /* 10 t/h */
    rig_code(&boiler, "burner_phase", "operation_1");
    set(&boiler, "flue_gas_temp", 150);
    set(&boiler, "flue_o2", 3.5);
    set(&boiler, "firing_rate", 50);
    for (int i = 0; i < 60; i++)
        pass(&boiler, 60000);
    assert_near(number(&boiler, "efficiency"), 100 - 6.032 - 3.4, 1e-9); /* q3 without CO: nothing */
    assert_true(is_unknown(&boiler, "efficiency_1h"));
    set(&boiler, "firing_rate", 50.1);
    for (int i = 0; i < 46; i++)
        pass(&boiler, 60000);
    assert_near(number(&boiler, "efficiency_1h"), 100 - 6.032 - 1.7 / 0.501, 1e-6);
    set(&boiler, "firing_rate", 20); /* small load spoils no mean */
    pass(&boiler, 60000);
    pass(&boiler, 60000);
    assert_near(number(&boiler, "efficiency_1h"), 100 - 6.032 - 1.7 / 0.501, 1e-6);
    rig_restart(&boiler);
    assert_true(is_unknown(&boiler, "efficiency_1h"));
}

static const char steam_heat[] = "steam_flow steam_pressure feed_water_temp fuel_flow";

/* 10 t/h of dry steam at 1.25 MPa from water of 104 Cel: 2787.7 - 436.8 kJ/kg, by steam tables. */
static void test_efficiency_by_heat(void **state)
{
    (void)state;
    struct rig boiler;
    rig_open(&boiler, &boiler_steam_class, steam_heat);
    assert_false(has(&boiler, "efficiency_direct"));
    rig_setting(&boiler, "fuel_lhv", 35590);
    set(&boiler, "steam_flow", 10000);
    set(&boiler, "steam_pressure", 1.25);
    set(&boiler, "feed_water_temp", 104);
    assert_true(is_unknown(&boiler, "efficiency_direct"));
    set(&boiler, "fuel_flow", 700);
    assert_near(number(&boiler, "efficiency_direct"), 10000 * (2787.7 - 436.8) / (700.0 * 35590) * 100, 0.02);
    set(&boiler, "fuel_flow", 0);
    assert_true(is_unknown(&boiler, "efficiency_direct"));
    set(&boiler, "fuel_flow", 700);
    set(&boiler, "feed_water_temp", 250); /* would be steam */
    assert_true(is_unknown(&boiler, "efficiency_direct"));
    set(&boiler, "feed_water_temp", 104);
    rig_setting(&boiler, "steam", 1);
    assert_true(is_unknown(&boiler, "efficiency_direct")); /* how hot is not measured */
    rig_read(&boiler, "steam_temp");
    set(&boiler, "steam_temp", 300); /* 3042.2 kJ/kg */
    assert_near(number(&boiler, "efficiency_direct"), 10000 * (3042.2 - 436.8) / (700.0 * 35590) * 100, 0.02);
}

/* --- drum ----------------------------------------------------------------------------------------------------------- */

static void test_level_from_millimetres(void **state)
{
    (void)state;
    static const char mm[] = "drum_level_mm";
    static const char both[] = "drum_level_mm drum_level_pct";
    struct rig boiler;
    rig_open(&boiler, &boiler_steam_class, mm);
    assert_false(has(&boiler, "drum_level_pct"));
    rig_setting(&boiler, "level_zero_mm", -100);
    rig_setting(&boiler, "level_full_mm", 100);
    assert_true(is_unknown(&boiler, "drum_level_pct"));
    set(&boiler, "drum_level_mm", -40);
    assert_near(number(&boiler, "drum_level_pct"), 30, 1e-9);
    set(&boiler, "drum_level_mm", -300); /* far below the gauge: low, not implausible */
    assert_near(number(&boiler, "drum_level_pct"), -10, 1e-9);
    rig_setting(&boiler, "level_full_mm", -100);
    assert_true(is_unknown(&boiler, "drum_level_pct"));
    rig_open(&boiler, &boiler_steam_class, both);
    set(&boiler, "drum_level_mm", -40);
    set(&boiler, "drum_level_pct", 77);
    rig_setting(&boiler, "level_zero_mm", -100);
    rig_setting(&boiler, "level_full_mm", 100);
    assert_near(number(&boiler, "drum_level_pct"), 77, 1e-9); /* what is read is left alone */
}

static double noise(uint32_t *seed) /* -1 … 1 */
{
    *seed = *seed * 1664525 + 1013904223;
    return (double)(*seed >> 8) / (1 << 23) - 1;
}

static void test_low_water_eta(void **state)
{
    (void)state;
    static const char level[] = "drum_level_pct";
    struct rig boiler;
    rig_open(&boiler, &boiler_steam_class, level);
    assert_true(is_unknown(&boiler, "low_water_eta"));
    set(&boiler, "drum_level_pct", 60);
    for (int i = 0; i < 120; i++) {
        assert_true(is_unknown(&boiler, "low_water_eta")); /* standing */
        pass(&boiler, 1000);
    }
    for (int i = 0; i < 150; i++) { /* 0.1 % a second */
        pass(&boiler, 1000);
        set(&boiler, "drum_level_pct", 60 - 0.1 * (i + 1));
    }
    assert_near(number(&boiler, "low_water_eta"), 150, 2);
    rig_bad(&boiler, "drum_level_pct");
    assert_true(is_unknown(&boiler, "low_water_eta"));
    set(&boiler, "drum_level_pct", 30);
    assert_near(number(&boiler, "low_water_eta"), 0, 0);
    set(&boiler, "drum_level_pct", 45);
    rig_setting(&boiler, "low_level", 44);
    assert_near(number(&boiler, "low_water_eta"), 12, 3);
    rig_restart(&boiler);
    assert_true(is_unknown(&boiler, "low_water_eta"));
    for (int i = 0; i < 200; i++) { /* rising */
        pass(&boiler, 1000);
        set(&boiler, "drum_level_pct", 45 + 0.05 * i);
        assert_true(is_unknown(&boiler, "low_water_eta"));
    }
}

/* A wavy surface: the fall is seen through it, and standing waves are no fall. Every seed. */
static void test_low_water_eta_through_waves(void **state)
{
    (void)state;
    static const char level[] = "drum_level_pct";
    int told = 0;
    for (uint32_t seed = 1; seed <= 200; seed++) {
        uint32_t random = seed;
        struct rig boiler;
        rig_open(&boiler, &boiler_steam_class, level);
        for (int i = 0; i < 130; i++) {
            set(&boiler, "drum_level_pct", 60 - 0.05 * i + noise(&random));
            pass(&boiler, 1000);
        }
        assert_near(number(&boiler, "low_water_eta"), (60 - 0.05 * 129 - 30) / 0.05, 130);
        rig_restart(&boiler);
        for (int i = 0; i < 130; i++) {
            set(&boiler, "drum_level_pct", 50 + noise(&random));
            pass(&boiler, 1000);
        }
        told += sample_has_value(rig_at(&boiler, "low_water_eta"));
    }
    assert_true(told <= 4); /* three standard errors */
}

static void test_saturation_and_mismatch(void **state)
{
    (void)state;
    static const char steam[] = "steam_pressure steam_temp";
    struct rig boiler;
    rig_open(&boiler, &boiler_steam_class, steam);
    assert_string_equal(rig_says(&boiler, "sensor_mismatch"), "?");
    set(&boiler, "steam_pressure", 1.0);
    assert_near(number(&boiler, "sat_temp"), 184.12, 0.005);
    assert_string_equal(rig_says(&boiler, "sensor_mismatch"), "?");
    static const struct {
        double pressure, temp;
        const char *saturated;
        const char *superheated;
    } cases[] = {{1.0, 184, "no", "no"},   {1.0, 189, "no", "no"},  {1.0, 189.2, "yes", "no"}, {1.0, 179.2, "no", "no"},
                 {1.0, 179, "yes", "yes"}, {1.0, 300, "yes", "no"}, {0, 20, "no", "no"},       {0.049, 20, "no", "no"},
                 {0.05, 20, "yes", "yes"}, {0, 104, "no", "no"},    {0, 180, "yes", "no"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        set(&boiler, "steam_pressure", cases[i].pressure);
        set(&boiler, "steam_temp", cases[i].temp);
        rig_setting(&boiler, "steam", 0);
        assert_string_equal(rig_says(&boiler, "sensor_mismatch"), cases[i].saturated);
        rig_setting(&boiler, "steam", 1);
        assert_string_equal(rig_says(&boiler, "sensor_mismatch"), cases[i].superheated);
    }
    rig_setting(&boiler, "ambient_pressure", 80); /* on a plateau water boils earlier */
    set(&boiler, "steam_pressure", 0);
    assert_near(number(&boiler, "sat_temp"), 93.49, 0.01);
    set(&boiler, "steam_pressure", -0.1);
    assert_true(is_unknown(&boiler, "sat_temp"));
    assert_string_equal(rig_says(&boiler, "sensor_mismatch"), "?");
}

static void test_feed_and_steam(void **state)
{
    (void)state;
    static const char flows[] = "feed_water_flow steam_flow";
    struct rig boiler;
    rig_open(&boiler, &boiler_steam_class, flows);
    set(&boiler, "steam_flow", 4650);
    for (int i = 0; i < 240; i++) {
        set(&boiler, "feed_water_flow", i % 2 == 0 ? 10000 : 0); /* the pump feeds in turns */
        pass(&boiler, 15000);
    }
    assert_near(number(&boiler, "feed_steam_balance"), 7, 0.5);
    set(&boiler, "feed_water_flow", 0);
    for (int i = 0; i < 61; i++)
        pass(&boiler, 60000);
    assert_true(is_unknown(&boiler, "feed_steam_balance")); /* nothing fed, nothing to compare */
}

/* --- circulation ---------------------------------------------------------------------------------------------------- */

static const char water[] = "outlet_temp inlet_temp outlet_pressure circ_flow circ_pump_on burner_phase";

static void test_margin_to_boiling(void **state)
{
    (void)state;
    struct rig boiler;
    rig_open(&boiler, &boiler_hot_water_class, water);
    assert_true(is_unknown(&boiler, "sat_margin"));
    set(&boiler, "outlet_pressure", 0.4);
    set(&boiler, "outlet_temp", 131.94);
    assert_near(number(&boiler, "sat_margin"), 20, 0.006);
    set(&boiler, "outlet_temp", 160);
    assert_near(number(&boiler, "sat_margin"), -8.06, 0.006);
    rig_bad(&boiler, "outlet_pressure");
    assert_true(is_unknown(&boiler, "sat_margin"));
    assert_false(has_point(boiler.class, "sensor_mismatch"));
    rig_open(&boiler, &boiler_thermal_oil_class, water); /* oil does not boil like water */
    assert_false(has_point(boiler.class, "sat_margin"));
}

static void test_circulation(void **state)
{
    (void)state;
    struct rig boiler;
    rig_open(&boiler, &boiler_hot_water_class, water);
    assert_false(has(&boiler, "circ_flow_pct"));
    rig_setting(&boiler, "circ_flow_rated", 200);
    set(&boiler, "circ_flow", 99);
    assert_near(number(&boiler, "circ_flow_pct"), 49.5, 1e-9);
    assert_string_equal(rig_says(&boiler, "pump_off_burning"), "?");
    rig_code(&boiler, "burner_phase", "operation_1");
    assert_string_equal(rig_says(&boiler, "pump_off_burning"), "?");
    set(&boiler, "circ_pump_on", true);
    assert_string_equal(rig_says(&boiler, "pump_off_burning"), "no");
    set(&boiler, "circ_pump_on", false);
    assert_string_equal(rig_says(&boiler, "pump_off_burning"), "yes");
    rig_bad(&boiler, "burner_phase");
    assert_string_equal(rig_says(&boiler, "pump_off_burning"), "?");
    rig_code(&boiler, "burner_phase", "standby");
    assert_string_equal(rig_says(&boiler, "pump_off_burning"), "no");
    const struct class_alarm *low = class_alarm_of(&boiler_hot_water_class, "boiler.flow_low");
    assert_string_equal(low->point, "circ_flow_pct");
    assert_string_equal(low->when, "flame_on");
    assert_near(low->limit, 50, 1e-12);
}

static void test_heat_output(void **state)
{
    (void)state;
    struct rig boiler;
    rig_open(&boiler, &boiler_hot_water_class, water);
    set(&boiler, "circ_flow", 100);
    set(&boiler, "outlet_temp", 90);
    set(&boiler, "inlet_temp", 70);
    assert_near(number(&boiler, "heat_output"), 2.267, 0.001);
    assert_false(has(&boiler, "load_pct"));
    rig_setting(&boiler, "rated_output_mw", 2.8);
    assert_near(number(&boiler, "load_pct"), 80.95, 0.01);
    rig_setting(&boiler, "rated_output_mw", NO_LIMIT);
    rig_setting(&boiler, "rated_output", 4);
    assert_near(number(&boiler, "load_pct"), 80.95, 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boilers_contain_the_burner),
        cmocka_unit_test(test_level_and_pressure_alarms_have_no_condition),
        cmocka_unit_test(test_lmv_phases),
        cmocka_unit_test(test_flame_by_phase),
        cmocka_unit_test(test_flame_of_other_controllers),
        cmocka_unit_test(test_firing_lasts_two_minutes_longer),
        cmocka_unit_test(test_flame_loss),
        cmocka_unit_test(test_flame_loss_is_told_from_a_stop),
        cmocka_unit_test(test_lockout),
        cmocka_unit_test(test_starts_by_counter),
        cmocka_unit_test(test_starts_by_flame),
        cmocka_unit_test(test_flue_gas),
        cmocka_unit_test(test_no_flue_gas_without_flame),
        cmocka_unit_test(test_flue_gas_needs),
        cmocka_unit_test(test_lambda_with_all_gases),
        cmocka_unit_test(test_nox_mean_of_an_hour),
        cmocka_unit_test(test_efficiency_by_losses),
        cmocka_unit_test(test_efficiency_mean_counts_half_load),
        cmocka_unit_test(test_efficiency_by_heat),
        cmocka_unit_test(test_level_from_millimetres),
        cmocka_unit_test(test_low_water_eta),
        cmocka_unit_test(test_low_water_eta_through_waves),
        cmocka_unit_test(test_saturation_and_mismatch),
        cmocka_unit_test(test_feed_and_steam),
        cmocka_unit_test(test_margin_to_boiling),
        cmocka_unit_test(test_circulation),
        cmocka_unit_test(test_heat_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
