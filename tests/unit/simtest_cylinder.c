/* Cylinders and their scales: what is used, what leaks, who handles them. */
#include "tests/support/plant_rig.h"

#define HOUR_S 3600.0

static const struct setting small_rows[] = {
    {"cylinder_type", (double)NAN, "YSP12"}, {"tare_stamped", 6.8, NULL}, {"max_fill_mass", 4.8, NULL}};
static const struct settings small = {.rows = small_rows, .count = 3};

static double seconds_of_gas(struct rig *rig, double seconds)
{
    double before = rig_shows(rig, "fill_pct");
    rig_pass(rig, seconds);
    return (before - rig_shows(rig, "fill_pct")) / 100 * 14.9;
}

static void test_a_restaurant_cooks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct rig rig;
        rig_open(&rig, &plant_cylinder, seed, NULL);
        double fill = rig_shows(&rig, "fill_pct");
        assert_true(fill > 50 && fill < 90);
        double noon = seconds_of_gas(&rig, HOUR_S);
        assert_true(noon > 0.1 && noon < 0.81); /* at most 0.8 kg/h */
        (void)seconds_of_gas(&rig, 10.4 * HOUR_S);
        double night = seconds_of_gas(&rig, 8 * HOUR_S);
        assert_true(night >= 0 && night < 0.01);
        rig_all_finite(&rig);
        rig_close(&rig);
    }
}

static void test_a_household_cooks_less(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_cylinder, 3, &small);
    assert_true(fabs(rig_shows(&rig, "tare_mass") - 6.8) < 1e-9);
    double before = rig_shows(&rig, "fill_pct") * 4.8 / 100;
    rig_pass(&rig, 24 * HOUR_S);
    double used = before - rig_shows(&rig, "fill_pct") * 4.8 / 100;
    assert_true(used > 0.2 && used < 1.36); /* 4.5 h at 0.3 kg/h would be the most */
    rig_close(&rig);
}

/* Gas goes only where it is drawn, and the scale says what there is, within what it swings. */
static void test_the_mass_balances(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 4; seed++) {
        struct rig rig;
        rig_open(&rig, &plant_cylinder, seed, NULL);
        double last = rig_shows(&rig, "fill_pct");
        for (long i = 0; i < lround(48 * HOUR_S / RIG_STEP_S); i++) {
            rig_step(&rig);
            double now = rig_shows(&rig, "fill_pct");
            assert_true(now <= last + 1e-12 && now >= 0);
            assert_true(last - now <= 0.8 / HOUR_S * RIG_STEP_S / 14.9 * 100 + 1e-9);
            last = now;
            double net = rig_shows(&rig, "net_mass");
            assert_true(fabs(net - now * 14.9 / 100) < 0.013);
            assert_true(fabs(rig_shows(&rig, "gross_mass") - rig_shows(&rig, "tare_mass") - net) < 1e-9);
            assert_true(rig_shows(&rig, "body_temp") > 20 && rig_shows(&rig, "body_temp") < 22.1);
            assert_false(rig_is(&rig, "scale_unstable") || rig_is(&rig, "leak_flag") || rig_is(&rig, "moved"));
        }
        assert_true(last < 40);
        rig_all_finite(&rig);
        rig_close(&rig);
    }
}

static void test_it_runs_empty(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_cylinder, 1, NULL);
    rig_do(&rig, "fill 2");
    rig_step(&rig);
    assert_true(fabs(rig_shows(&rig, "fill_pct") - 2) < 0.01);
    assert_true(rig_shows(&rig, "outlet_pressure") < 2.8);
    rig_pass(&rig, 3 * HOUR_S);
    assert_true(rig_shows(&rig, "fill_pct") < 0.01 && rig_shows(&rig, "outlet_pressure") < 0.01);
    rig_close(&rig);
}

static void test_a_swap(void **state)
{
    (void)state;
    struct rig rig;
    char code[64];
    rig_open(&rig, &plant_cylinder, 1, NULL);
    (void)snprintf(code, sizeof code, "%s", rig_word(&rig, "cylinder_code"));
    assert_int_equal(strlen(code), 12);
    rig_do(&rig, "leak");
    rig_do(&rig, "expire");
    rig_pass(&rig, 5);
    assert_true(rig_is(&rig, "leak_flag") && rig_says(&rig, "cylinder_state", "overdue"));
    rig_do(&rig, "swap");
    rig_pass(&rig, 5);
    assert_true(fabs(rig_shows(&rig, "gross_mass")) < 0.1 && rig_is(&rig, "scale_zero") && rig_is(&rig, "moved"));
    assert_true(rig_says(&rig, "qr_raw", "") && rig_says(&rig, "cylinder_code", ""));
    (void)rig_until(&rig, "net_mass", 14, true, 30);
    assert_true(rig_is(&rig, "scale_unstable"));
    (void)rig_until(&rig, "scale_unstable", 0, false, 10);
    rig_step(&rig);
    assert_true(fabs(rig_shows(&rig, "net_mass") - 14.9) < 0.05);
    assert_true(rig_says(&rig, "cylinder_state", "normal") && !rig_is(&rig, "leak_flag"));
    assert_false(rig_says(&rig, "cylinder_code", code));
    assert_non_null(strstr(rig_word(&rig, "qr_raw"), rig_word(&rig, "cylinder_no")));
    rig_close(&rig);
}

static void test_a_swap_as_one_says(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_cylinder, 1, NULL);
    rig_do(&rig, "swap [C7,132020000001,M8,N9,2018-05,2026-05]see-the-shop 11.5 17.2");
    rig_pass(&rig, 60);
    assert_true(rig_says(&rig, "qr_raw", "[C7,132020000001,M8,N9,2018-05,2026-05]see-the-shop"));
    assert_true(rig_says(&rig, "use_cert_no", "C7") && rig_says(&rig, "maker_code", "M8"));
    assert_true(rig_says(&rig, "cylinder_code", "132020000001") && rig_says(&rig, "reg_code", "132020000001"));
    assert_true(rig_says(&rig, "made_month", "2018-05") && rig_says(&rig, "scrap_month", "2026-05"));
    assert_true(fabs(rig_shows(&rig, "net_mass") - 11.5) < 0.05 && fabs(rig_shows(&rig, "tare_mass") - 17.2) < 1e-9);
    rig_do(&rig, "unknown");
    rig_step(&rig);
    assert_true(rig_says(&rig, "cylinder_state", "unknown") && rig_says(&rig, "qr_raw", ""));
    rig_close(&rig);
}

/* A leak is at the valve and does not mind that it is closed; a burst hose is behind it. */
static void test_leak_and_burst(void **state)
{
    (void)state;
    struct rig rig;
    struct room room;
    room_init(&room);
    rig_open(&rig, &plant_cylinder, 1, NULL);
    rig.around.room = &room;
    rig_do(&rig, "close");
    rig_pass(&rig, 1);
    assert_true(rig_says(&rig, "valve_state", "closed") && rig_shows(&rig, "outlet_pressure") < 0.01);
    assert_true(seconds_of_gas(&rig, HOUR_S) < 1e-9);
    rig_do(&rig, "leak");
    assert_true(fabs(seconds_of_gas(&rig, HOUR_S) - 0.5) < 0.01);
    rig_do(&rig, "leak 3");
    assert_true(fabs(seconds_of_gas(&rig, HOUR_S / 2) - 1.5) < 0.01);
    assert_true(fabs(room_lel_m3(3.5 / 2 / 1.9, 2.1) / room.inflow - 0.875) < 0.02); /* 2 kg went into the room */
    rig_do(&rig, "normal");
    rig_do(&rig, "burst");
    assert_true(fabs(seconds_of_gas(&rig, HOUR_S / 2) - 3.2) < 0.21);
    assert_true(rig_shows(&rig, "outlet_pressure") < 1 && rig_shows(&rig, "body_temp") < 14);
    rig_do(&rig, "close");
    assert_true(seconds_of_gas(&rig, HOUR_S) < 1e-9);
    rig_close(&rig);
}

static void test_the_kitchen_valve_ends_cooking_only(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_cylinder, 1, NULL);
    rig.around.supply_open = false;
    assert_true(seconds_of_gas(&rig, HOUR_S) < 1e-9);
    rig_do(&rig, "leak 1");
    assert_true(fabs(seconds_of_gas(&rig, HOUR_S) - 1) < 0.01);
    rig_close(&rig);
}

static void test_handling(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_cylinder, 1, NULL);
    rig_do(&rig, "tilt");
    rig_step(&rig);
    assert_true(rig_shows(&rig, "tilt_deg") > 59 && rig_is(&rig, "moved") && rig_is(&rig, "scale_unstable"));
    rig_pass(&rig, 20);
    assert_true(rig_shows(&rig, "tilt_deg") > 59 && !rig_is(&rig, "moved"));
    rig_do(&rig, "overload");
    rig_pass(&rig, 20);
    assert_true(rig_is(&rig, "scale_overload") && rig_shows(&rig, "gross_mass") > 170);
    rig_do(&rig, "lock");
    assert_false(rig_order(&rig, "open"));
    assert_non_null(strstr(rig.why, "unlock"));
    rig_step(&rig);
    assert_true(rig_says(&rig, "valve_lock", "locked") && rig_says(&rig, "valve_state", "closed"));
    rig_do(&rig, "unlock");
    rig_do(&rig, "open");
    rig_do(&rig, "heat 55");
    assert_true(rig_until(&rig, "body_temp", 45, true, 600) > 30);
    rig_do(&rig, "battery 3.1");
    rig_do(&rig, "drift 0.6");
    rig_do(&rig, "overfill");
    rig_step(&rig);
    assert_true(fabs(rig_shows(&rig, "battery_v") - 3.1) < 1e-6);
    assert_true(rig_shows(&rig, "fill_pct") / 100 * 14.9 > 14.9 + 0.3);
    double net = rig_shows(&rig, "net_mass");
    rig_do(&rig, "close");
    rig_pass(&rig, 3600);
    assert_true(fabs(rig_shows(&rig, "net_mass") - net - 0.6) < 0.02);
    rig_do(&rig, "normal");
    rig_pass(&rig, 900);
    assert_true(rig_shows(&rig, "fill_pct") <= 100 && rig_shows(&rig, "body_temp") < 23);
    assert_true(rig_shows(&rig, "battery_v") > 3.5 && rig_shows(&rig, "tilt_deg") < 1);
    assert_false(rig_is(&rig, "scale_overload") || rig_is(&rig, "scale_unstable"));
    rig_close(&rig);
}

static void test_wrong_orders(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "explode",      "fill",      "fill 200", "leak -1",        "tilt much", "drift",    "battery x", "swap a b",
        "swap a 1 2 3", "swap a 99", "pattern",  "pattern office", "open now",  "normal 1", "heat 500",  "unlock 1"};
    struct rig rig;
    rig_open(&rig, &plant_cylinder, 1, NULL);
    double fill = rig_shows(&rig, "fill_pct");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(rig_order(&rig, wrong[i]));
        assert_true(strlen(rig.why) > 10);
    }
    rig_step(&rig);
    assert_true(fabs(rig_shows(&rig, "fill_pct") - fill) < 0.01 && !rig_is(&rig, "leak_flag"));
    rig_close(&rig);
}

static void test_same_seed_same_life(void **state)
{
    (void)state;
    uint64_t first = rig_trace(&plant_cylinder, 9, "leak", 1800);
    assert_true(first == rig_trace(&plant_cylinder, 9, "leak", 1800));
    assert_true(first != rig_trace(&plant_cylinder, 10, "leak", 1800));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_restaurant_cooks),
        cmocka_unit_test(test_a_household_cooks_less),
        cmocka_unit_test(test_the_mass_balances),
        cmocka_unit_test(test_it_runs_empty),
        cmocka_unit_test(test_a_swap),
        cmocka_unit_test(test_a_swap_as_one_says),
        cmocka_unit_test(test_leak_and_burst),
        cmocka_unit_test(test_the_kitchen_valve_ends_cooking_only),
        cmocka_unit_test(test_handling),
        cmocka_unit_test(test_wrong_orders),
        cmocka_unit_test(test_same_seed_same_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
