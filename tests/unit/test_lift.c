#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "drivers/device/lift.h"
#include "gateway/base/check.h"
#include "gateway/core/normalize.h"
#include "tests/support/class_rig.h"

/* What the sensor-only kit has, and a controller. */
#define KIT "door_closed door_zone passenger_present alarm_button car_speed"
#define CONTROLLER                                                                                                     \
    "door_closed door_zone passenger_present alarm_button car_status car_speed mains_ok fault service_mode "           \
    "car_load_pct"

#define ASSERT_SAYS(rig_, point_, what_) assert_string_equal(rig_says(rig_, point_), what_)

/* Somebody inside, standing between floors, doors closed. */
static struct rig stuck(const char *has)
{
    struct rig lift;
    rig_open(&lift, &lift_class, has);
    rig_bool(&lift, "door_closed", true);
    rig_bool(&lift, "door_zone", false);
    rig_bool(&lift, "passenger_present", true);
    rig_bool(&lift, "alarm_button", false);
    rig_number(&lift, "car_speed", 0);
    if (strcmp(has, CONTROLLER) == 0) {
        rig_code(&lift, "car_status", "stop");
        rig_code(&lift, "fault", "none");
        rig_code(&lift, "service_mode", "normal");
        rig_bool(&lift, "mains_ok", true);
        rig_number(&lift, "car_load_pct", 20);
    }
    return lift;
}

/* --- trapped --- */

static void test_trapped_between_floors(void **state)
{
    (void)state;
    struct rig lift = stuck(KIT);
    ASSERT_SAYS(&lift, "trapped", "no");
    assert_int_equal(lift.next_mono_ms, lift.mono_ms + 10000);
    rig_pass(&lift, 9999);
    ASSERT_SAYS(&lift, "trapped_nonlevel", "no");
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "trapped_nonlevel", "yes");
    ASSERT_SAYS(&lift, "trapped", "yes");
    ASSERT_SAYS(&lift, "stop_outside_zone", "yes");
    assert_int_equal(lift.next_mono_ms, 1000 + 60000); /* then the doors have been watched for a whole window */
    rig_bool(&lift, "door_zone", true);                /* rescued: levelled, doors open, nobody inside */
    rig_bool(&lift, "door_closed", false);
    rig_bool(&lift, "passenger_present", false);
    ASSERT_SAYS(&lift, "trapped", "no");
    ASSERT_SAYS(&lift, "stop_outside_zone", "no");
}

static void test_a_stop_on_the_way_is_no_trap(void **state)
{
    (void)state;
    struct rig lift = stuck(KIT);
    rig_derive(&lift);
    rig_pass(&lift, 9000);
    rig_number(&lift, "car_speed", 1.0);
    ASSERT_SAYS(&lift, "trapped", "no");
    rig_number(&lift, "car_speed", 0);
    rig_derive(&lift);
    rig_pass(&lift, 9999);
    ASSERT_SAYS(&lift, "trapped", "no"); /* ten seconds without a break */
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "trapped", "yes");
}

static void test_bad_inputs_freeze_a_hold(void **state)
{
    (void)state;
    static const char *const inputs[] = {"passenger_present", "door_zone", "car_speed"};
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
        struct rig lift = stuck(KIT);
        rig_derive(&lift);
        rig_pass(&lift, 6000);
        struct sample before = *rig_at(&lift, inputs[i]);
        rig_bad(&lift, inputs[i]);
        ASSERT_SAYS(&lift, "trapped", "?");
        assert_int_equal(rig_at(&lift, "trapped_nonlevel")->quality, QUALITY_BAD);
        rig_pass(&lift, 60000);
        ASSERT_SAYS(&lift, "trapped", "?"); /* nobody is trapped by a bad reading */
        *rig_at(&lift, inputs[i]) = before;
        ASSERT_SAYS(&lift, "trapped", "no"); /* the clock stood still */
        assert_int_equal(lift.next_mono_ms, lift.mono_ms + 4000);
        rig_pass(&lift, 4000);
        ASSERT_SAYS(&lift, "trapped", "yes");
        rig_bad(&lift, inputs[i]);
        ASSERT_SAYS(&lift, "trapped", "?"); /* and nobody is freed by one */
        *rig_at(&lift, inputs[i]) = before;
        ASSERT_SAYS(&lift, "trapped", "yes");
    }
}

/* What is known may decide although something else is not: nobody inside is nobody trapped. */
static void test_a_known_no_decides(void **state)
{
    (void)state;
    struct rig lift = stuck(KIT);
    rig_derive(&lift);
    rig_pass(&lift, 60000);
    rig_bool(&lift, "passenger_present", false);
    rig_bad(&lift, "car_speed");
    ASSERT_SAYS(&lift, "trapped_nonlevel", "no");
    ASSERT_SAYS(&lift, "stop_outside_zone", "?");
}

static void test_modes_excuse(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        const char *trapped;
        const char *outside;
        const char *held;
        const char *in_service;
    } cases[] = {{"normal", "yes", "yes", "yes", "yes"},    {"inspection", "no", "no", "no", "no"},
                 {"fire_return", "no", "yes", "no", "yes"}, {"firefighter", "no", "yes", "no", "yes"},
                 {"stopped", "yes", "yes", "no", "yes"},    {"emergency_power", "yes", "yes", "no", "yes"},
                 {"earthquake", "yes", "yes", "no", "yes"}, {"unknown", "yes", "yes", "yes", "yes"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig lift = stuck(CONTROLLER);
        rig_code(&lift, "service_mode", cases[i].mode);
        rig_bool(&lift, "door_closed", false);
        rig_derive(&lift);
        rig_pass(&lift, 180000);
        ASSERT_SAYS(&lift, "trapped", cases[i].trapped);
        ASSERT_SAYS(&lift, "stop_outside_zone", cases[i].outside);
        ASSERT_SAYS(&lift, "door_held", cases[i].held);
        ASSERT_SAYS(&lift, "in_service", cases[i].in_service);
    }
    struct rig lift = stuck(CONTROLLER);
    rig_bad(&lift, "service_mode"); /* doubt counts for the alarm */
    rig_derive(&lift);
    rig_pass(&lift, 10000);
    ASSERT_SAYS(&lift, "trapped", "yes");
    ASSERT_SAYS(&lift, "in_service", "?"); /* which suppresses nothing: class_alarm.when */
    lift = stuck(KIT);
    ASSERT_SAYS(&lift, "in_service", "-");
}

/* Without a mode, the event that began one is the mode for as long as it is shown. */
static void test_mode_by_event(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        const char *in_service;
        const char *trapped;
    } cases[] = {{"inspection", "no", "no"},     {"stop_service", "yes", "yes"}, {"fire_return", "yes", "no"},
                 {"firefighter", "yes", "no"},   {"earthquake", "yes", "yes"},   {"emergency_power", "yes", "yes"},
                 {"back_to_auto", "yes", "yes"}, {"none", "yes", "yes"},         {"alarm_button", "yes", "yes"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig lift = stuck(KIT " fault");
        rig_code(&lift, "fault", cases[i].event);
        rig_derive(&lift);
        rig_pass(&lift, 10000);
        ASSERT_SAYS(&lift, "in_service", cases[i].in_service);
        ASSERT_SAYS(&lift, "trapped_nonlevel", cases[i].trapped);
        ASSERT_SAYS(&lift, "equipment_fault", "no"); /* an event is no fault */
        rig_bad(&lift, "fault");
        ASSERT_SAYS(&lift, "in_service", "?");
    }
    struct rig lift = stuck(CONTROLLER); /* a mode of its own is believed, not the event */
    rig_code(&lift, "fault", "inspection");
    ASSERT_SAYS(&lift, "in_service", "yes");
}

static void test_trapped_at_a_floor(void **state)
{
    (void)state;
    struct rig lift = stuck(CONTROLLER);
    rig_bool(&lift, "door_zone", true);
    rig_derive(&lift);
    rig_pass(&lift, 119999);
    ASSERT_SAYS(&lift, "trapped_level", "no");
    rig_code(&lift, "fault", "door_open_fault");
    ASSERT_SAYS(&lift, "trapped_level", "no");
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "trapped_level", "yes");
    rig_code(&lift, "fault", "none");
    ASSERT_SAYS(&lift, "trapped_level", "no"); /* waiting with closed doors is no trap */
    rig_bad(&lift, "fault");
    ASSERT_SAYS(&lift, "trapped_level", "?");
    rig_bool(&lift, "mains_ok", false);
    ASSERT_SAYS(&lift, "trapped_level", "yes");
    ASSERT_SAYS(&lift, "trapped", "yes");
    rig_code(&lift, "fault", "none");
    rig_bool(&lift, "mains_ok", true);
    rig_bool(&lift, "alarm_button", true);
    ASSERT_SAYS(&lift, "trapped_level", "yes");
    rig_bool(&lift, "door_closed", false);
    ASSERT_SAYS(&lift, "trapped_level", "no");
}

static void test_trapped_by_button(void **state)
{
    (void)state;
    struct rig lift = stuck(KIT);
    rig_bool(&lift, "passenger_present", false); /* the sensor does not see somebody lying down */
    rig_bool(&lift, "door_zone", true);
    rig_bool(&lift, "alarm_button", true);
    rig_derive(&lift);
    rig_pass(&lift, 2999);
    ASSERT_SAYS(&lift, "trapped", "no");
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "trapped_by_button", "yes");
    ASSERT_SAYS(&lift, "trapped", "yes");
    ASSERT_SAYS(&lift, "button_call", "yes");
    rig_bool(&lift, "door_closed", false); /* at an open door at a floor it is play */
    ASSERT_SAYS(&lift, "trapped", "no");
    ASSERT_SAYS(&lift, "button_call", "no");
    rig_bad(&lift, "door_zone");
    ASSERT_SAYS(&lift, "button_call", "yes"); /* or is it? */
    rig_bad(&lift, "alarm_button");
    ASSERT_SAYS(&lift, "button_call", "?");
    rig_open(&lift, &lift_class, "fault car_status door_closed"); /* the button as an event */
    rig_code(&lift, "fault", "alarm_button");
    rig_code(&lift, "car_status", "stop");
    rig_bool(&lift, "door_closed", true);
    rig_derive(&lift);
    rig_pass(&lift, 3000);
    ASSERT_SAYS(&lift, "trapped_by_button", "yes");
}

/* The windows are settings. */
static void test_windows(void **state)
{
    (void)state;
    static const struct {
        const char *setting;
        const char *point;
        int64_t ms;
    } cases[] = {{"trapped_nonlevel_s=4.5", "trapped_nonlevel", 4500},
                 {"outside_zone_s=25", "stop_outside_zone", 25000},
                 {"trapped_button_s=2", "trapped_by_button", 2000},
                 {"trapped_level_s=33", "trapped_level", 33000},
                 {"door_held_s=40", "door_held", 40000}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char has[256];
        (void)snprintf(has, sizeof has, KIT " %s", cases[i].setting);
        struct rig lift = stuck(has);
        rig_derive(&lift);
        rig_bool(&lift, "door_zone", i == 3);
        rig_bool(&lift, "door_closed", i != 4);
        rig_bool(&lift, "alarm_button", i == 2 || i == 3);
        rig_derive(&lift);
        rig_pass(&lift, cases[i].ms - 1);
        ASSERT_SAYS(&lift, cases[i].point, "no");
        rig_pass(&lift, 1);
        ASSERT_SAYS(&lift, cases[i].point, "yes");
    }
}

static void test_the_controllers_own_word(void **state)
{
    (void)state;
    struct rig lift = stuck(CONTROLLER);
    rig_bool(&lift, "door_zone", true);
    rig_bool(&lift, "passenger_present", false);
    rig_code(&lift, "fault", "trapped");
    ASSERT_SAYS(&lift, "trapped", "yes");
    rig_code(&lift, "fault", "other");
    ASSERT_SAYS(&lift, "trapped", "no");
    struct rig only;
    rig_open(&only, &lift_class, "fault");
    ASSERT_SAYS(&only, "trapped", "?");
    rig_code(&only, "fault", "trapped");
    ASSERT_SAYS(&only, "trapped", "yes");
    rig_open(&only, &lift_class, "fault_trapped"); /* a bitmap */
    ASSERT_SAYS(&only, "trapped", "?");
    rig_bool(&only, "fault_trapped", true);
    ASSERT_SAYS(&only, "trapped", "yes");
    rig_bool(&only, "fault_trapped", false);
    ASSERT_SAYS(&only, "trapped", "no");
}

/* A lift has only what it can know: parts whose points are missing take no side. */
static void test_missing_points(void **state)
{
    (void)state;
    struct rig lift;
    rig_open(&lift, &lift_class, "door_closed alarm_button car_speed");
    rig_bool(&lift, "door_closed", true);
    rig_bool(&lift, "alarm_button", true);
    rig_number(&lift, "car_speed", 0);
    rig_derive(&lift);
    rig_pass(&lift, 3000);
    ASSERT_SAYS(&lift, "trapped", "yes");
    rig_bool(&lift, "alarm_button", false);
    ASSERT_SAYS(&lift, "trapped", "no");
    ASSERT_SAYS(&lift, "trapped_nonlevel", "-");
    ASSERT_SAYS(&lift, "stop_outside_zone", "-");
    ASSERT_SAYS(&lift, "overspeed", "-"); /* its rated speed is not known */
    ASSERT_SAYS(&lift, "mains_lost", "-");
    rig_open(&lift, &lift_class, "door_closed door_zone passenger_present"); /* whether it stands is not known at all */
    ASSERT_SAYS(&lift, "trapped", "-");
    rig_open(&lift, &lift_class, "machine_temp"); /* nothing to compute from */
    rig_derive(&lift);
    for (size_t i = 0; i < lift_class.point_count; i++)
        assert_int_not_equal(lift.sources[i], POINT_DERIVED);
}

/* --- faults one by one --- */

static void test_bits_follow_the_code(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        const char *point;
    } cases[] = {{"safety_circuit_open", "fault_safety_circuit"},
                 {"door_close_fault", "fault_door_close"},
                 {"door_open_fault", "fault_door_open"},
                 {"door_fault", "fault_door"},
                 {"stop_outside_zone", "fault_stop_outside_zone"},
                 {"unintended_movement", "fault_unintended_movement"},
                 {"motor_time_limiter", "fault_motor_time_limiter"},
                 {"position_lost", "fault_position_lost"},
                 {"anti_rerun", "fault_anti_rerun"},
                 {"door_open_while_running", "fault_door_open_while_running"},
                 {"overshoot_top", "fault_overshoot_top"},
                 {"pit_strike", "fault_pit_strike"},
                 {"trapped", "fault_trapped"},
                 {"overspeed", "fault_overspeed"},
                 {"move_door_open", "fault_move_door_open"},
                 {"run_timeout", "fault_run_timeout"},
                 {"door_hunting", "fault_door_hunting"},
                 {"door_lock_jumpered", "door_lock_jumpered"},
                 {"other", "fault_other"},
                 {"call_button_stuck", "fault_other"},
                 {"comm_fault", "fault_other"}};
    struct rig lift;
    rig_open(&lift, &lift_class, "fault");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        rig_code(&lift, "fault", cases[i].code);
        for (size_t other = 0; other < ARRAY_SIZE(cases); other++)
            ASSERT_SAYS(&lift, cases[other].point, strcmp(cases[i].point, cases[other].point) == 0 ? "yes" : "no");
    }
    rig_bad(&lift, "fault");
    ASSERT_SAYS(&lift, "fault_pit_strike", "?");
    assert_int_equal(rig_at(&lift, "fault_pit_strike")->reason, REASON_NO_ANSWER);
}

/* Of a bitmap, each fault stands for itself, and a bit that is read is not touched. */
static void test_several_faults_at_once(void **state)
{
    (void)state;
    struct rig lift;
    rig_open(&lift, &lift_class, "fault fault_safety_circuit fault_door_close fault_brake fault_drive fault_general");
    rig_code(&lift, "fault", "none");
    rig_bool(&lift, "fault_safety_circuit", true);
    rig_bool(&lift, "fault_door_close", true);
    rig_bool(&lift, "fault_brake", true);
    rig_bool(&lift, "fault_drive", false);
    rig_bool(&lift, "fault_general", true);
    ASSERT_SAYS(&lift, "fault_safety_circuit", "yes");
    ASSERT_SAYS(&lift, "door_fault", "yes");
    ASSERT_SAYS(&lift, "fault_brake", "yes");
    ASSERT_SAYS(&lift, "equipment_fault", "no"); /* the general bit is explained by the others */
    rig_bool(&lift, "fault_drive", true);
    ASSERT_SAYS(&lift, "equipment_fault", "yes");
    rig_bool(&lift, "fault_drive", false);
    rig_bool(&lift, "fault_safety_circuit", false);
    rig_bool(&lift, "fault_door_close", false);
    rig_bool(&lift, "fault_brake", false);
    ASSERT_SAYS(&lift, "door_fault", "no");
    ASSERT_SAYS(&lift, "equipment_fault", "yes"); /* and now by none */
    rig_bad(&lift, "fault_brake");
    ASSERT_SAYS(&lift, "equipment_fault", "?");
    rig_bool(&lift, "fault_general", false);
    ASSERT_SAYS(&lift, "equipment_fault", "no");
}

static void test_the_controllers_word_adds(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        const char *point;
        int64_t after_ms;
    } cases[] = {{"stop_outside_zone", "stop_outside_zone", 10000},
                 {"overspeed", "overspeed", 0},
                 {"move_door_open", "moving_door_open", 0},
                 {"door_open_while_running", "moving_door_open", 0},
                 {"run_timeout", "run_timeout", 0},
                 {"door_hunting", "door_hunting", 0},
                 {"mains_off", "mains_lost", 0},
                 {"alarm_button", "button_call", 0}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig lift;
        rig_open(&lift, &lift_class, "fault");
        ASSERT_SAYS(&lift, cases[i].point, "?");
        rig_code(&lift, "fault", "none");
        ASSERT_SAYS(&lift, cases[i].point, "no");
        rig_code(&lift, "fault", cases[i].code);
        if (cases[i].after_ms > 0) {
            ASSERT_SAYS(&lift, cases[i].point, "no");
            rig_pass(&lift, cases[i].after_ms);
        }
        ASSERT_SAYS(&lift, cases[i].point, "yes");
    }
}

/* Where there is a contact, a code register that is busy with something else does not contradict it. */
static void test_contact_before_code(void **state)
{
    (void)state;
    struct rig lift = stuck(CONTROLLER);
    rig_bad(&lift, "fault");
    ASSERT_SAYS(&lift, "mains_lost", "no");
    ASSERT_SAYS(&lift, "button_call", "no");
    rig_code(&lift, "fault", "mains_off");
    ASSERT_SAYS(&lift, "mains_lost", "yes");
    rig_code(&lift, "fault", "door_close_fault");
    rig_bool(&lift, "alarm_button", true);
    rig_bool(&lift, "mains_ok", false);
    ASSERT_SAYS(&lift, "mains_lost", "yes");
    ASSERT_SAYS(&lift, "button_call", "yes");
    rig_bad(&lift, "mains_ok");
    ASSERT_SAYS(&lift, "mains_lost", "?");
    rig_open(&lift, &lift_class, "mains_lost"); /* a bitmap's bit for a power cut */
    rig_bool(&lift, "mains_lost", true);
    ASSERT_SAYS(&lift, "mains_lost", "yes");
}

/* --- motion --- */

static void test_running_by_speed(void **state)
{
    (void)state;
    struct rig lift;
    rig_open(&lift, &lift_class, KIT);
    assert_string_equal(rig_says_code(&lift, "car_status"), "?");
    static const struct {
        double speed;
        const char *status;
    } cases[] = {{0, "stop"},    {0.05, "stop"}, {0.051, "run"}, {-1.5, "run"},  {0.03, "run"},
                 {0.021, "run"}, {0.02, "stop"}, {0.03, "stop"}, {-0.06, "run"}, {0, "stop"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        rig_number(&lift, "car_speed", cases[i].speed);
        assert_string_equal(rig_says_code(&lift, "car_status"), cases[i].status);
    }
    rig_bad(&lift, "car_speed");
    assert_string_equal(rig_says_code(&lift, "car_status"), "?");
}

/* A controller's word goes before the sensor; when it is missing, the sensor speaks. */
static void test_running_by_controller(void **state)
{
    (void)state;
    struct rig lift = stuck(CONTROLLER);
    rig_code(&lift, "car_status", "run");
    rig_derive(&lift);
    rig_pass(&lift, 60000);
    ASSERT_SAYS(&lift, "trapped", "no");
    assert_string_equal(rig_says_code(&lift, "car_status"), "run"); /* a read point is not overwritten */
    rig_bad(&lift, "car_status");
    rig_derive(&lift);
    rig_pass(&lift, 10000);
    ASSERT_SAYS(&lift, "trapped", "yes");
    assert_string_equal(rig_says_code(&lift, "car_status"), "?");
}

static void test_moving_with_open_doors(void **state)
{
    (void)state;
    struct rig lift = stuck(CONTROLLER);
    rig_code(&lift, "car_status", "run");
    rig_bool(&lift, "door_closed", false);
    rig_derive(&lift);
    rig_pass(&lift, 299);
    ASSERT_SAYS(&lift, "moving_door_open", "no");
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "moving_door_open", "yes");
    rig_bool(&lift, "door_zone", true); /* levelling with opening doors is allowed */
    ASSERT_SAYS(&lift, "moving_door_open", "no");
    rig_bad(&lift, "door_zone");
    ASSERT_SAYS(&lift, "moving_door_open", "?");
}

static void test_overspeed(void **state)
{
    (void)state;
    struct rig lift;
    rig_open(&lift, &lift_class, "car_speed rated_speed=2");
    ASSERT_SAYS(&lift, "overspeed", "?");
    static const struct {
        double speed;
        const char *overspeed;
    } cases[] = {{0, "no"}, {2, "no"}, {2.2999, "no"}, {2.3001, "yes"}, {-2.3001, "yes"}, {-2.2999, "no"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        rig_number(&lift, "car_speed", cases[i].speed);
        ASSERT_SAYS(&lift, "overspeed", cases[i].overspeed);
    }
    rig_bad(&lift, "car_speed");
    ASSERT_SAYS(&lift, "overspeed", "?");
    rig_open(&lift, &lift_class, "car_speed fault_overspeed"); /* rated speed unknown: only the controller knows */
    rig_number(&lift, "car_speed", 9);
    rig_bool(&lift, "fault_overspeed", false);
    ASSERT_SAYS(&lift, "overspeed", "no");
    rig_open(&lift, &lift_class, "car_speed rated_speed=2 fault_overspeed");
    rig_number(&lift, "car_speed", 3);
    rig_bool(&lift, "fault_overspeed", false);
    ASSERT_SAYS(&lift, "overspeed", "yes");
}

/* A lift with a floor counter, standing at floor 1 when it was first seen. */
static struct rig at_floor(const char *has)
{
    struct rig lift;
    rig_open(&lift, &lift_class, has);
    rig_code(&lift, "car_status", "stop");
    rig_number(&lift, "car_floor_index", 1);
    ASSERT_SAYS(&lift, "run_timeout", "no");
    return lift;
}

static void test_run_timeout(void **state)
{
    (void)state;
    static const struct {
        const char *has;
        int64_t limit_ms;
    } cases[] = {{"car_status car_floor_index", 45000},
                 {"car_status car_floor_index full_travel_s=5", 20000},
                 {"car_status car_floor_index full_travel_s=10", 20000},
                 {"car_status car_floor_index full_travel_s=10.5", 20500},
                 {"car_status car_floor_index full_travel_s=34.9", 44900},
                 {"car_status car_floor_index full_travel_s=120", 45000}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig lift = at_floor(cases[i].has);
        rig_code(&lift, "car_status", "run");
        rig_derive(&lift);
        assert_int_equal(lift.next_mono_ms, lift.mono_ms + cases[i].limit_ms);
        rig_pass(&lift, cases[i].limit_ms - 1);
        rig_number(&lift, "car_floor_index", 2); /* it gets on: the time starts anew */
        ASSERT_SAYS(&lift, "run_timeout", "no");
        rig_pass(&lift, cases[i].limit_ms - 1);
        ASSERT_SAYS(&lift, "run_timeout", "no");
        rig_pass(&lift, 1);
        ASSERT_SAYS(&lift, "run_timeout", "yes");
        rig_number(&lift, "car_floor_index", 3);
        ASSERT_SAYS(&lift, "run_timeout", "no");
    }
}

static void test_run_timeout_in_doubt(void **state)
{
    (void)state;
    struct rig lift = at_floor("car_status car_floor_index");
    rig_code(&lift, "car_status", "run");
    rig_derive(&lift);
    rig_pass(&lift, 40000);
    rig_bad(&lift, "car_floor_index");
    ASSERT_SAYS(&lift, "run_timeout", "?");
    rig_pass(&lift, 3600000);
    rig_number(&lift, "car_floor_index", 1);
    ASSERT_SAYS(&lift, "run_timeout", "no"); /* the clock stood still */
    rig_pass(&lift, 5000);
    ASSERT_SAYS(&lift, "run_timeout", "yes");
    rig_bad(&lift, "car_floor_index");
    rig_code(&lift, "car_status", "stop"); /* standing is known, and enough */
    ASSERT_SAYS(&lift, "run_timeout", "no");

    rig_restart(&lift); /* running when the gateway comes back: since when is not known */
    rig_code(&lift, "car_status", "run");
    rig_number(&lift, "car_floor_index", 7);
    ASSERT_SAYS(&lift, "run_timeout", "?");
    rig_pass(&lift, 44999);
    ASSERT_SAYS(&lift, "run_timeout", "?");
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "run_timeout", "yes");
    rig_restart(&lift);
    rig_code(&lift, "car_status", "run");
    rig_number(&lift, "car_floor_index", 7);
    rig_derive(&lift);
    rig_number(&lift, "car_floor_index", 8);
    ASSERT_SAYS(&lift, "run_timeout", "no");

    rig_open(&lift, &lift_class, "car_status car_floor_index fault_run_timeout"); /* either is enough */
    rig_code(&lift, "car_status", "stop");
    rig_number(&lift, "car_floor_index", 1);
    rig_bool(&lift, "fault_run_timeout", true);
    ASSERT_SAYS(&lift, "run_timeout", "yes");
}

static void test_load_and_mains(void **state)
{
    (void)state;
    struct rig lift = stuck(CONTROLLER);
    rig_number(&lift, "car_load_pct", 111);
    ASSERT_SAYS(&lift, "overload_run", "no");
    rig_code(&lift, "car_status", "run");
    ASSERT_SAYS(&lift, "overload_run", "yes");
    rig_number(&lift, "car_load_pct", 110);
    ASSERT_SAYS(&lift, "overload_run", "no");
    rig_bad(&lift, "car_load_pct");
    ASSERT_SAYS(&lift, "overload_run", "?");
    ASSERT_SAYS(&lift, "mains_lost", "no");
    rig_bool(&lift, "mains_ok", false);
    ASSERT_SAYS(&lift, "mains_lost", "yes");
    rig_bad(&lift, "mains_ok");
    ASSERT_SAYS(&lift, "mains_lost", "?");
}

/* --- doors --- */

#define DOORS "door_closed car_status car_floor_index"

/* Stands at floor 1 with closed doors, and has just come there. */
static struct rig arrived(const char *has)
{
    struct rig lift;
    rig_open(&lift, &lift_class, has);
    rig_bool(&lift, "door_closed", true);
    rig_number(&lift, "car_floor_index", 1);
    rig_code(&lift, "car_status", "run");
    ASSERT_SAYS(&lift, "door_hunting", "no");
    rig_code(&lift, "car_status", "stop");
    ASSERT_SAYS(&lift, "door_hunting", "no");
    return lift;
}

static void cycle(struct rig *lift, int64_t then_ms)
{
    rig_bool(lift, "door_closed", false);
    rig_derive(lift);
    rig_bool(lift, "door_closed", true);
    rig_derive(lift);
    rig_pass(lift, then_ms);
}

static void test_door_hunting(void **state)
{
    (void)state;
    struct rig lift = arrived(DOORS);
    for (int i = 0; i < 4; i++)
        cycle(&lift, 15000);
    ASSERT_SAYS(&lift, "door_hunting", "no");
    rig_bool(&lift, "door_closed", false); /* the fifth opening, 60 s after the first */
    ASSERT_SAYS(&lift, "door_hunting", "yes");
    assert_int_equal(lift.next_mono_ms, lift.mono_ms + 1);
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "door_hunting", "no");
    rig_bool(&lift, "door_closed", true);
    rig_derive(&lift);
    rig_pass(&lift, 14998);
    rig_bool(&lift, "door_closed", false); /* and the sixth, 59.999 s after the second */
    ASSERT_SAYS(&lift, "door_hunting", "yes");
    rig_bool(&lift, "door_closed", true);
    ASSERT_SAYS(&lift, "door_hunting", "yes"); /* closing does not end it */
    rig_code(&lift, "car_status", "run");
    ASSERT_SAYS(&lift, "door_hunting", "no"); /* going on does */
    rig_code(&lift, "car_status", "stop");
    ASSERT_SAYS(&lift, "door_hunting", "no");
}

/* A busy lift: it runs between the cycles, or is seen at another floor. */
static void test_no_hunting_of_a_lift_that_runs(void **state)
{
    (void)state;
    struct rig lift = arrived(DOORS);
    for (int i = 0; i < 20; i++) {
        cycle(&lift, 3000);
        ASSERT_SAYS(&lift, "door_hunting", "no");
        rig_code(&lift, "car_status", "run");
        rig_derive(&lift);
        rig_code(&lift, "car_status", "stop");
    }
    for (int i = 0; i < 20; i++) { /* so quick between two readings that only the floor tells */
        cycle(&lift, 3000);
        ASSERT_SAYS(&lift, "door_hunting", "no");
        rig_number(&lift, "car_floor_index", i % 2 + 2);
        rig_derive(&lift);
    }
    for (int i = 0; i < 4; i++)
        cycle(&lift, 3000);
    rig_bool(&lift, "door_closed", false);
    ASSERT_SAYS(&lift, "door_hunting", "yes");
}

static void test_hunting_settings(void **state)
{
    (void)state;
    struct rig lift = arrived(DOORS " door_hunting_cycles=10 door_hunting_s=90");
    for (int i = 0; i < 9; i++)
        cycle(&lift, 10000);
    ASSERT_SAYS(&lift, "door_hunting", "no");
    cycle(&lift, 0);
    ASSERT_SAYS(&lift, "door_hunting", "yes"); /* the tenth, 90 s after the first */
    lift = arrived(DOORS " door_hunting_cycles=10 door_hunting_s=90");
    for (int i = 0; i < 30; i++) {
        cycle(&lift, 0);
        ASSERT_SAYS(&lift, "door_hunting", "no"); /* always 90.009 s for ten */
        rig_pass(&lift, 10001);
    }
}

static void test_hunting_in_doubt(void **state)
{
    (void)state;
    struct rig lift = arrived(DOORS);
    for (int i = 0; i < 4; i++)
        cycle(&lift, 5000);
    rig_bad(&lift, "door_closed");
    ASSERT_SAYS(&lift, "door_hunting", "?");
    rig_pass(&lift, 5000);
    rig_bool(&lift, "door_closed", true); /* who knows what it did meanwhile */
    ASSERT_SAYS(&lift, "door_hunting", "?");
    rig_pass(&lift, 59999);
    ASSERT_SAYS(&lift, "door_hunting", "?");
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "door_hunting", "no");
    for (int i = 0; i < 4; i++)
        cycle(&lift, 1000);
    rig_bad(&lift, "door_closed");
    ASSERT_SAYS(&lift, "door_hunting", "?");
    rig_bool(&lift, "door_closed", false); /* it has opened, whenever that was */
    ASSERT_SAYS(&lift, "door_hunting", "yes");
    rig_bad(&lift, "door_closed");
    ASSERT_SAYS(&lift, "door_hunting", "yes"); /* five were seen */
    rig_bad(&lift, "car_status");
    ASSERT_SAYS(&lift, "door_hunting", "?"); /* but is it still there? */

    rig_restart(&lift);
    rig_bool(&lift, "door_closed", true);
    rig_number(&lift, "car_floor_index", 1);
    rig_code(&lift, "car_status", "stop");
    ASSERT_SAYS(&lift, "door_hunting", "?");
    for (int i = 0; i < 4; i++) {
        cycle(&lift, 1000);
        ASSERT_SAYS(&lift, "door_hunting", "?");
    }
    cycle(&lift, 1000);
    ASSERT_SAYS(&lift, "door_hunting", "yes");
    rig_restart(&lift);
    rig_bool(&lift, "door_closed", false); /* open when first seen: not seen to open */
    rig_code(&lift, "car_status", "stop");
    rig_derive(&lift);
    rig_bool(&lift, "door_closed", true);
    for (int i = 0; i < 4; i++)
        cycle(&lift, 1000);
    ASSERT_SAYS(&lift, "door_hunting", "?");
}

static void test_door_held(void **state)
{
    (void)state;
    struct rig lift;
    rig_open(&lift, &lift_class, "door_closed service_mode");
    rig_code(&lift, "service_mode", "normal");
    rig_bool(&lift, "door_closed", true);
    ASSERT_SAYS(&lift, "door_held", "no");
    rig_bool(&lift, "door_closed", false);
    ASSERT_SAYS(&lift, "door_held", "no");
    assert_int_equal(lift.next_mono_ms, lift.mono_ms + 180000);
    rig_pass(&lift, 100000);
    rig_bad(&lift, "door_closed");
    ASSERT_SAYS(&lift, "door_held", "?");
    rig_pass(&lift, 500000);
    rig_bool(&lift, "door_closed", false);
    ASSERT_SAYS(&lift, "door_held", "no");
    rig_pass(&lift, 79999);
    ASSERT_SAYS(&lift, "door_held", "no");
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "door_held", "yes");
    rig_code(&lift, "service_mode", "inspection");
    ASSERT_SAYS(&lift, "door_held", "no");
    rig_restart(&lift); /* open, and since when is not known */
    rig_code(&lift, "service_mode", "normal");
    rig_bool(&lift, "door_closed", false);
    ASSERT_SAYS(&lift, "door_held", "?");
    rig_pass(&lift, 179999);
    ASSERT_SAYS(&lift, "door_held", "?");
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "door_held", "yes");
}

/* --- use --- */

#define HOUR_MS 3600000

static void test_idle(void **state)
{
    (void)state;
    struct rig lift;
    rig_open(&lift, &lift_class, "run_count mains_ok idle_h=2");
    rig_whole(&lift, "run_count", 500);
    rig_bool(&lift, "mains_ok", true);
    ASSERT_SAYS(&lift, "idle_suspect", "?"); /* it may have stood for days */
    rig_pass(&lift, HOUR_MS);
    rig_whole(&lift, "run_count", 501);
    ASSERT_SAYS(&lift, "idle_suspect", "no");
    rig_pass(&lift, 2 * HOUR_MS - 1);
    ASSERT_SAYS(&lift, "idle_suspect", "no");
    rig_pass(&lift, 1);
    ASSERT_SAYS(&lift, "idle_suspect", "yes");
    rig_bad(&lift, "run_count");
    ASSERT_SAYS(&lift, "idle_suspect", "?");
    rig_pass(&lift, HOUR_MS);
    rig_whole(&lift, "run_count", 501);
    ASSERT_SAYS(&lift, "idle_suspect", "yes");
    rig_bool(&lift, "mains_ok", false); /* no wonder */
    ASSERT_SAYS(&lift, "idle_suspect", "no");
    rig_bool(&lift, "mains_ok", true);
    ASSERT_SAYS(&lift, "idle_suspect", "no");
    rig_pass(&lift, HOUR_MS);
    rig_bad(&lift, "mains_ok");
    ASSERT_SAYS(&lift, "idle_suspect", "?");
    rig_pass(&lift, 5 * HOUR_MS);
    rig_bool(&lift, "mains_ok", true);
    ASSERT_SAYS(&lift, "idle_suspect", "no");
    rig_pass(&lift, HOUR_MS);
    ASSERT_SAYS(&lift, "idle_suspect", "yes");
    rig_whole(&lift, "run_count", 3); /* a new counter is a change */
    ASSERT_SAYS(&lift, "idle_suspect", "no");
    rig_restart(&lift);
    rig_whole(&lift, "run_count", 3);
    rig_bool(&lift, "mains_ok", true);
    ASSERT_SAYS(&lift, "idle_suspect", "?");
    rig_pass(&lift, 2 * HOUR_MS);
    ASSERT_SAYS(&lift, "idle_suspect", "yes");
    rig_open(&lift, &lift_class, "run_count"); /* 24 h, and mains that are not watched are taken to be there */
    rig_whole(&lift, "run_count", 1);
    rig_derive(&lift);
    rig_whole(&lift, "run_count", 2);
    ASSERT_SAYS(&lift, "idle_suspect", "no");
    assert_int_equal(lift.next_mono_ms, lift.mono_ms + INT64_C(24) * HOUR_MS);
}

/* --- restarts --- */

/* A hold that began long ago (restored after a reboot) has run out as soon as its condition is seen to hold. */
static void test_restored_hold(void **state)
{
    (void)state;
    struct rig lift = stuck(KIT);
    lift.holds[0].since_mono_ms = INT64_MIN / 2000000;
    ASSERT_SAYS(&lift, "trapped_nonlevel", "yes");
    lift = stuck(KIT);
    lift.holds[0].since_mono_ms = INT64_MIN / 2000000;
    rig_bool(&lift, "door_zone", true);
    ASSERT_SAYS(&lift, "trapped_nonlevel", "no");
    assert_int_equal(lift.holds[0].since_mono_ms, 0);
    struct rig first = stuck(KIT); /* a clock that stands at zero is a clock */
    first.mono_ms = 0;
    rig_derive(&first);
    assert_true(first.holds[0].since_mono_ms != 0);
}

/* Which hold is which is in journals: it never changes. */
static void test_numbers_of_holds(void **state)
{
    (void)state;
    static const struct {
        bool zone;
        bool closed;
        bool button;
        double speed;
        unsigned holds;
    } cases[] = {{false, true, false, 0, 1U << 0 | 1U << 3},
                 {true, true, false, 0, 1U << 1},
                 {true, true, true, 0, 1U << 1 | 1U << 2},
                 {false, false, false, 1, 1U << 4},
                 {true, false, false, 0, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig lift = stuck(KIT);
        rig_bool(&lift, "door_zone", cases[i].zone);
        rig_bool(&lift, "door_closed", cases[i].closed);
        rig_bool(&lift, "alarm_button", cases[i].button);
        rig_number(&lift, "car_speed", cases[i].speed);
        rig_derive(&lift);
        for (unsigned hold = 0; hold < DERIVE_HOLDS_MAX; hold++)
            assert_int_equal(lift.holds[hold].since_mono_ms != 0, cases[i].holds >> hold & 1U);
    }
}

/* --- dialects --- */

static const char *means(const char *system, const char *point, int64_t raw)
{
    for (size_t i = 0; i < lift_class.dialect_count; i++) {
        const struct class_dialect *dialect = &lift_class.dialects[i];
        if (strcmp(dialect->system, system) != 0 || strcmp(dialect->point, point) != 0)
            continue;
        for (size_t c = 0; c < dialect->code_count; c++)
            if (dialect->codes[c].raw == raw)
                return dialect->codes[c].means;
        return "-";
    }
    fail_msg("no dialect %s of %s", system, point);
    return "";
}

/* The trap: one number, several meanings. */
static void test_dialects_differ(void **state)
{
    (void)state;
    static const struct {
        const char *system;
        const char *means[4]; /* 8, 9, 10, 11 */
    } cases[] = {
        {"GB/T 24476-2017", {"anti_rerun", "-", "-", "-"}},
        {"GB/T 38656-2020", {"anti_rerun", "overshoot_top", "pit_strike", "trapped"}},
        {"DB50 Chongqing", {"anti_rerun", "-", "-", "-"}},
        {"lift vendor HTTP", {"door_open_while_running", "overshoot_top", "pit_strike", "overspeed"}},
        {"lift platform 4-digit", {"-", "-", "-", "-"}},
        {"BACnetLiftFault", {"stop_outside_zone", "call_button_stuck", "start_failure", "controller_supply_fault"}},
        {"Monarch NICE", {"-", "-", "-", "-"}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int64_t raw = 8; raw <= 11; raw++)
            assert_string_equal(means(cases[i].system, "fault", raw), cases[i].means[raw - 8]);
}

static void test_dialects(void **state)
{
    (void)state;
    static const char *const gb[] = {"-",
                                     "safety_circuit_open",
                                     "door_close_fault",
                                     "door_open_fault",
                                     "stop_outside_zone",
                                     "unintended_movement",
                                     "motor_time_limiter",
                                     "position_lost"};
    static const char *const systems[] = {"GB/T 24476-2017", "GB/T 38656-2020", "DB50 Chongqing", "lift vendor HTTP"};
    for (int64_t raw = 1; raw <= 7; raw++) /* in these four they agree */
        for (size_t i = 0; i < ARRAY_SIZE(systems); i++)
            assert_string_equal(means(systems[i], "fault", raw), gb[raw]);
    assert_string_equal(means("GB/T 24476-2017", "fault", 0), "none");
    assert_string_equal(means("GB/T 38656-2020", "fault", 0), "-");
    assert_string_equal(means("GB/T 24476-2017", "fault", 43), "inspection");
    assert_string_equal(means("DB50 Chongqing", "fault", 90), "alarm_button");
    assert_string_equal(means("lift vendor HTTP", "fault", 15), "alarm_button");
    assert_string_equal(means("DB50 Chongqing", "fault", 91), "pit_strike");
    assert_string_equal(means("DB50 Chongqing", "fault", 92), "overshoot_top");
    assert_string_equal(means("DB50 Chongqing", "fault", 93), "trapped");
    assert_string_equal(means("lift platform 4-digit", "fault", 101), "trapped");
    assert_string_equal(means("lift platform 4-digit", "fault", 201), "door_fault");
    assert_string_equal(means("lift platform 4-digit", "fault", 207), "unintended_movement");
    /* Domain: BACnet 8 -> 04, 6 -> 02, 7 -> 03, 13 -> 06, 14 -> 07, 5 -> 01 */
    static const int64_t bacnet[][2] = {{8, 4}, {6, 2}, {7, 3}, {13, 6}, {14, 7}, {5, 1}};
    for (size_t i = 0; i < ARRAY_SIZE(bacnet); i++)
        assert_string_equal(means("BACnetLiftFault", "fault", bacnet[i][0]), gb[bacnet[i][1]]);
    /* E-codes: 41 -> 01, 48 -> 03, 49 -> 02, 58 -> 07, 65 -> 05 */
    static const int64_t monarch[][2] = {{41, 1}, {48, 3}, {49, 2}, {58, 7}, {65, 5}};
    for (size_t i = 0; i < ARRAY_SIZE(monarch); i++)
        assert_string_equal(means("Monarch NICE", "fault", monarch[i][0]), gb[monarch[i][1]]);
    assert_string_equal(means("GB/T 24476-2017", "service_mode", 2), "inspection");
    assert_string_equal(means("BACnetLiftCarMode", "service_mode", 8), "inspection");
    assert_string_equal(means("BACnetLiftCarMode", "service_mode", 2), "normal");
    assert_string_equal(means("BACnetLiftCarMode", "service_mode", 12), "stopped");
}

/* --- alarms --- */

static const struct class_alarm *alarm_of(const char *id)
{
    for (size_t i = 0; i < lift_class.alarm_count; i++)
        if (strcmp(lift_class.alarms[i].id, id) == 0)
            return &lift_class.alarms[i];
    fail_msg("no alarm %s", id);
    return lift_class.alarms;
}

/* The domain's table of starting values. */
static void test_alarms(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *code;
        enum priority priority;
        unsigned on_s;
        unsigned off_s;
        bool latch;
        bool in_inspection;
    } cases[] = {
        {"lift.trapped", "11", PRIORITY_CRITICAL, 0, 30, true, true},
        {"lift.ucm", "05", PRIORITY_CRITICAL, 0, 0, true, true},
        {"lift.overspeed", NULL, PRIORITY_CRITICAL, 0, 0, true, true},
        {"lift.pit_strike", "10", PRIORITY_CRITICAL, 0, 0, true, false},
        {"lift.overshoot_top", "09", PRIORITY_CRITICAL, 0, 0, true, false},
        {"lift.safety_circuit", "01", PRIORITY_HIGH, 1, 10, false, false},
        {"lift.stop_outside_zone", "04", PRIORITY_HIGH, 0, 10, false, false}, /* and 10 s in the point itself */
        {"lift.door", NULL, PRIORITY_MEDIUM, 5, 30, false, false},
        {"lift.motor_limiter", "06", PRIORITY_HIGH, 0, 10, true, false},
        {"lift.position_lost", "07", PRIORITY_HIGH, 0, 10, true, false},
        {"lift.anti_rerun", "08", PRIORITY_HIGH, 0, 10, true, false},
        {"lift.alarm_button", "90", PRIORITY_HIGH, 3, 10, false, false},
        {"lift.power_out", "41", PRIORITY_MEDIUM, 5, 30, false, false},
        {"lift.machine_temp", NULL, PRIORITY_LOW, 60, 60, false, false},
        {"lift.machine_temp_hh", NULL, PRIORITY_MEDIUM, 60, 60, false, false},
        {"lift.overload_run", NULL, PRIORITY_HIGH, 1, 5, false, false},
        {"lift.ebike", NULL, PRIORITY_MEDIUM, 2, 10, false, false},
        {"lift.run_timeout", NULL, PRIORITY_HIGH, 0, 10, false, false},
        {"lift.door_hunting", NULL, PRIORITY_MEDIUM, 0, 30, false, false},
        {"lift.door_held", NULL, PRIORITY_MEDIUM, 0, 10, false, false},
        {"comm.lost", NULL, PRIORITY_MEDIUM, 60, 10, false, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct class_alarm *alarm = alarm_of(cases[i].id);
        assert_int_equal(alarm->priority, cases[i].priority);
        assert_int_equal(alarm->on_delay_ms, cases[i].on_s * 1000);
        assert_int_equal(alarm->off_delay_ms, cases[i].off_s * 1000);
        assert_int_equal(alarm->latch, cases[i].latch);
        assert_int_equal(alarm->code == NULL, cases[i].code == NULL);
        if (cases[i].code != NULL)
            assert_string_equal(alarm->code, cases[i].code);
        if (cases[i].in_inspection)
            assert_null(alarm->when);
        else
            assert_string_equal(alarm->when, "in_service");
    }
}

/* What a code register says is raised by one alarm, whichever dialect it speaks: no fault goes untold. */
static void test_every_fault_is_alarmed(void **state)
{
    (void)state;
    struct rig lift;
    rig_open(&lift, &lift_class, "fault");
    const struct class_point *fault = &lift_class.points[rig_at(&lift, "fault") - lift.samples];
    static const char *const quiet[] = {
        "none",          "back_to_auto",    "stop_service", "inspection",      "fire_return",
        "firefighter",   "emergency_power", "earthquake",   "long_stay_floor", "iot_offline_long",
        "suspected_stop"};
    for (size_t code = 0; code < fault->code_count; code++) {
        size_t raised = 0;
        size_t silent = 0;
        rig_open(&lift, &lift_class, "fault");
        rig_code(&lift, "fault", fault->codes[code].id);
        rig_derive(&lift);
        rig_pass(&lift, 60000);
        for (size_t i = 0; i < lift_class.alarm_count; i++)
            if (lift_class.alarms[i].kind == RULE_BIT &&
                strcmp(rig_says(&lift, lift_class.alarms[i].point), "yes") == 0)
                raised++;
        for (size_t i = 0; i < ARRAY_SIZE(quiet); i++)
            silent += strcmp(quiet[i], fault->codes[code].id) == 0;
        if (raised + silent != 1)
            fail_msg("%s raises %zu alarms", fault->codes[code].id, raised);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trapped_between_floors),
        cmocka_unit_test(test_a_stop_on_the_way_is_no_trap),
        cmocka_unit_test(test_bad_inputs_freeze_a_hold),
        cmocka_unit_test(test_a_known_no_decides),
        cmocka_unit_test(test_modes_excuse),
        cmocka_unit_test(test_mode_by_event),
        cmocka_unit_test(test_trapped_at_a_floor),
        cmocka_unit_test(test_trapped_by_button),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_the_controllers_own_word),
        cmocka_unit_test(test_missing_points),
        cmocka_unit_test(test_bits_follow_the_code),
        cmocka_unit_test(test_several_faults_at_once),
        cmocka_unit_test(test_the_controllers_word_adds),
        cmocka_unit_test(test_contact_before_code),
        cmocka_unit_test(test_running_by_speed),
        cmocka_unit_test(test_running_by_controller),
        cmocka_unit_test(test_moving_with_open_doors),
        cmocka_unit_test(test_overspeed),
        cmocka_unit_test(test_run_timeout),
        cmocka_unit_test(test_run_timeout_in_doubt),
        cmocka_unit_test(test_load_and_mains),
        cmocka_unit_test(test_door_hunting),
        cmocka_unit_test(test_no_hunting_of_a_lift_that_runs),
        cmocka_unit_test(test_hunting_settings),
        cmocka_unit_test(test_hunting_in_doubt),
        cmocka_unit_test(test_door_held),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_restored_hold),
        cmocka_unit_test(test_numbers_of_holds),
        cmocka_unit_test(test_dialects_differ),
        cmocka_unit_test(test_dialects),
        cmocka_unit_test(test_alarms),
        cmocka_unit_test(test_every_fault_is_alarmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
