/* The escalator: how it runs, how it stops, and what each trouble looks like from outside. */
#include "tests/support/plant_rig.h"

#define RATED 0.5

static void test_runs_for_a_day(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct rig rig;
        double slowest = 1;
        double last = RATED;
        rig_open(&rig, &plant_escalator, seed, NULL);
        for (int i = 0; i < 864000; i++) {
            rig_step(&rig);
            double speed = rig_shows(&rig, "step_speed");
            double left = rig_shows(&rig, "handrail_speed_l") / speed;
            assert_true(speed >= 0.24 && speed <= RATED + 1e-9 && fabs(speed - last) <= 0.026);
            assert_true(left >= 1 && left <= 1.02 + 1e-9);
            slowest = fmin(slowest, speed);
            last = speed;
        }
        rig_all_finite(&rig);
        assert_true(slowest < 0.3); /* nobody came for a while */
        assert_true(rig_says(&rig, "fault", "none") && rig_shows(&rig, "motor_temp") < 90);
        rig_close(&rig);
    }
}

/* Steps until it stands; the way it took. */
static double stopping_way(struct rig *rig)
{
    double way = 0;
    for (int i = 0; i < 300 && rig_says(rig, "run_status", "run"); i++) {
        rig_step(rig);
        way += rig_shows(rig, "step_speed") * RIG_STEP_S;
    }
    assert_true(rig_says(rig, "run_status", "stop") && rig_says(rig, "run_direction", "none"));
    return way;
}

static void test_start_and_stop(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_escalator, 4, NULL);
    rig_step(&rig);
    double starts = rig_shows(&rig, "start_count");
    rig_do(&rig, "stop");
    double way = stopping_way(&rig);
    assert_true(way >= 0.2 && way <= 1.0);
    rig_do(&rig, "start down");
    (void)rig_until(&rig, "step_speed", RATED - 1e-6, true, 5);
    assert_true(rig_says(&rig, "run_direction", "down") && rig_shows(&rig, "start_count") > starts);
    assert_false(rig_order(&rig, "start up"));
    rig_do(&rig, "stop");
    (void)stopping_way(&rig);
    rig_do(&rig, "start up");
    rig_pass(&rig, 1);
    assert_true(rig_says(&rig, "run_direction", "up"));
    rig_close(&rig);
}

static void test_emergency_stop(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_escalator, 5, NULL);
    rig_do(&rig, "emergency_stop");
    assert_true(stopping_way(&rig) < 0.4);
    assert_true(rig_is(&rig, "emergency_stop"));
    assert_false(rig_order(&rig, "start"));
    rig_do(&rig, "normal");
    rig_pass(&rig, 5);
    assert_true(rig_shows(&rig, "step_speed") > 0.2 && !rig_is(&rig, "emergency_stop"));
    rig_close(&rig);
}

static void test_overspeed(void **state)
{
    (void)state;
    struct rig rig;
    double over_s = 0;
    const struct setting rows[] = {{"rated_speed", 0.65, NULL}};
    const struct settings settings = {rows, 1};
    rig_open(&rig, &plant_escalator, 6, &settings);
    rig_do(&rig, "overspeed");
    for (int i = 0; i < 200 && rig_says(&rig, "fault", "none"); i++) {
        rig_step(&rig);
        over_s += rig_shows(&rig, "step_speed") > 1.2 * 0.65 ? RIG_STEP_S : 0;
        assert_true(rig_shows(&rig, "step_speed") < 1.3 * 0.65);
    }
    assert_true(rig_says(&rig, "fault", "overspeed") && rig_is(&rig, "fault_overspeed") && over_s > 0.2);
    (void)stopping_way(&rig);
    assert_false(rig_order(&rig, "start"));
    rig_do(&rig, "reset");
    rig_do(&rig, "start");
    rig_close(&rig);
}

static void test_reversal(void **state)
{
    (void)state;
    struct rig rig;
    bool down = false;
    rig_open(&rig, &plant_escalator, 7, NULL);
    rig_do(&rig, "reversal");
    rig_step(&rig);
    assert_true(rig_says(&rig, "run_direction", "up"));
    for (int i = 0; i < 300 && rig_says(&rig, "fault", "none"); i++) {
        rig_step(&rig);
        down = down || rig_says(&rig, "run_direction", "down");
    }
    assert_true(down && rig_is(&rig, "fault_reversal"));
    (void)stopping_way(&rig);
    rig_close(&rig);
}

static void test_handrail(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_escalator, 8, NULL);
    rig_do(&rig, "handrail_slip r");
    for (int i = 0; i < 600; i++) {
        rig_step(&rig);
        assert_true(rig_shows(&rig, "handrail_speed_r") < 0.8 * rig_shows(&rig, "step_speed"));
        assert_true(rig_shows(&rig, "handrail_speed_l") >= rig_shows(&rig, "step_speed"));
    }
    assert_true(rig_says(&rig, "run_status", "run"));
    rig_close(&rig);
}

static void test_other_troubles(void **state)
{
    (void)state;
    static const struct {
        const char *order;
        const char *point;
        bool shows;
        bool runs;
    } rows[] = {
        {"step_missing", "fault_step_missing", true, false},
        {"comb", "comb_plate_ok", false, false},
        {"floor_plate", "floor_plate_open", true, true},
        {"brake_wear", "brake_wear", true, true},
        {"fault safety_circuit_open", "fault_safety_circuit", true, false},
        {"fault restart_prevented", "fault_restart_prevented", true, false},
        {"fault other", "fault_other", true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        rig_open(&rig, &plant_escalator, 9, NULL);
        assert_true(rig_is(&rig, rows[i].point) != rows[i].shows);
        rig_do(&rig, rows[i].order);
        rig_pass(&rig, 10);
        assert_true(rig_is(&rig, rows[i].point) == rows[i].shows);
        assert_true(rig_says(&rig, "run_status", "run") == rows[i].runs);
        rig_do(&rig, "normal");
        rig_pass(&rig, 10);
        assert_true(rig_is(&rig, rows[i].point) != rows[i].shows && rig_says(&rig, "run_status", "run"));
        rig_close(&rig);
    }
}

static void test_modes_and_heat(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_escalator, 10, NULL);
    rig_do(&rig, "inspect");
    rig_pass(&rig, 10);
    assert_true(rig_says(&rig, "service_mode", "inspection") && rig_shows(&rig, "step_speed") < 0.2);
    rig_do(&rig, "stop_service");
    rig_pass(&rig, 10);
    assert_true(rig_says(&rig, "service_mode", "stopped") && rig_says(&rig, "run_status", "stop"));
    rig_do(&rig, "normal");
    rig_do(&rig, "hot 110");
    (void)rig_until(&rig, "motor_temp", 100, true, 60);
    rig_do(&rig, "normal");
    (void)rig_until(&rig, "motor_temp", 70, false, 3600);
    rig_close(&rig);
}

static void test_wrong_orders_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "fly",      "start sideways", "hot", "hot x", "hot 300", "fault", "fault nonsense", "handrail_slip x",
        "stop now", "start up now"};
    struct rig rig;
    rig_open(&rig, &plant_escalator, 11, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(rig_order(&rig, wrong[i]));
        assert_true(strlen(rig.why) > 10);
    }
    rig_do(&rig, "stop");
    rig_pass(&rig, 5);
    assert_false(rig_order(&rig, "overspeed"));
    rig_close(&rig);
}

static void test_seed_decides(void **state)
{
    (void)state;
    uint64_t life = rig_trace(&plant_escalator, 42, "handrail_slip l", 2000);
    assert_true(life == rig_trace(&plant_escalator, 42, "handrail_slip l", 2000));
    assert_true(life != rig_trace(&plant_escalator, 43, "handrail_slip l", 2000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_for_a_day),
        cmocka_unit_test(test_start_and_stop),
        cmocka_unit_test(test_emergency_stop),
        cmocka_unit_test(test_overspeed),
        cmocka_unit_test(test_reversal),
        cmocka_unit_test(test_handrail),
        cmocka_unit_test(test_other_troubles),
        cmocka_unit_test(test_modes_and_heat),
        cmocka_unit_test(test_wrong_orders_are_refused),
        cmocka_unit_test(test_seed_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
