/* The gas detector, the air around it and the room it stands in. */
#include "tests/support/plant_rig.h"

#include "firmware-sim/gas_head.h"

/* --- the room --- */

/* Without inflow the concentration decays by the air changes: a tenth is left after ln 10 / (9 per hour). */
static void test_room_decays_by_its_air_changes(void **state)
{
    (void)state;
    struct room room;
    room_init(&room);
    room.lel = 50;
    for (int i = 0; i < 36000; i++) {
        room_step(&room, 0.1);
        double expected = 50 * exp(-9.0 * (i + 1) / 36000);
        assert_true(fabs(room.lel - expected) < 1e-6);
    }
    room.lel = 50;
    room.fan = true;
    room_step(&room, 600); /* in one step: (9 + 30) / 6 time constants */
    assert_true(fabs(room.lel - 50 * exp(-6.5)) < 1e-9);
}

static void test_room_settles_where_leak_and_air_meet(void **state)
{
    (void)state;
    struct room room;
    room_init(&room);
    for (int i = 0; i < 72000; i++) {
        room_release(&room, 0.1 * 5.0); /* 5 %LEL m3/s against 0.5 m3/s of air */
        room_step(&room, 0.1);
        assert_true(room.lel >= 0 && room.lel <= 10 + 1e-9);
    }
    assert_true(fabs(room.lel - 10) < 1e-4);
    room_release(&room, -1e6);
    room_step(&room, 0.1);
    assert_true(room.lel >= 0);
}

/* Nothing is lost: what leaked is in the room, in the near field, or went out with the air. */
static void test_gas_is_conserved(void **state)
{
    (void)state;
    struct gas_head head = {.latching = false};
    struct random random;
    struct room room;
    random_init(&random, 1);
    room_init(&room);
    room.air_changes_h = 0; /* a tight room: everything stays */
    gas_head_open(&head, &random);
    head.setpoint_low = head.setpoint_high = 50;
    head.source = gas_source_of_m3_s(&head, 0.001); /* 1 l/s of methane */
    for (int i = 0; i < 3000; i++) {
        gas_head_step(&head, 0.1, &room, (double)NAN, &random);
        room_step(&room, 0.1);
        assert_true(head.near >= room.lel - 1e-9);
    }
    double leaked_m3 = 0.001 * 300;
    double found_m3 = (room.lel * room.volume_m3 + head.near * 0.72) * 5.0 / 1e4;
    assert_true(fabs(found_m3 - leaked_m3) < 1e-6);
}

/* --- the detector --- */

static void test_clean_air_is_quiet_for_a_day(void **state)
{
    (void)state;
    struct rig rig;
    double lowest = 0;
    double highest = 0;
    rig_open(&rig, &plant_gas, 3, NULL);
    for (int i = 0; i < 864000; i++) {
        rig_step(&rig);
        lowest = fmin(lowest, rig_shows(&rig, "gas_lel_pct"));
        highest = fmax(highest, rig_shows(&rig, "gas_lel_pct"));
    }
    rig_all_finite(&rig);
    assert_true(lowest > -1.5 && highest < 1.5 && highest - lowest > 0.2);
    assert_true(rig_shows(&rig, "heartbeat") > 17000);
    assert_true(rig_shows(&rig, "cal_due_days") < 179.1);
    rig_close(&rig);
}

static void test_leak_is_seen_and_decays(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_gas, 3, NULL);
    rig_pass(&rig, 60);
    rig_do(&rig, "leak 60");
    double rise_s = rig_until(&rig, "gas_lel_pct", 40, true, 60);
    assert_true(rise_s > 10); /* a jump would be no plant */
    (void)rig_until(&rig, "gas_lel_pct", 50, true, 60 - rise_s);
    assert_true(rig_is(&rig, "alarm1_dev") && rig_is(&rig, "alarm2_dev"));
    assert_true(rig_says(&rig, "detector_status", "high_alarm"));
    rig_pass(&rig, 3600);
    assert_true(fabs(rig_shows(&rig, "gas_lel_pct") - 60) < 1);
    rig_do(&rig, "leak stop");
    assert_true(rig_until(&rig, "gas_lel_pct", 18, false, 120) > 15);
    (void)rig_until(&rig, "gas_lel_pct", 1, false, 1800);
    assert_false(rig_is(&rig, "alarm1_dev"));
    assert_true(rig_shows(&rig, "gas_peak") > 59);
    rig_close(&rig);
}

static void test_other_measures_agree(void **state)
{
    (void)state;
    struct rig rig;
    const struct setting rows[] = {{"gas", (double)NAN, "propane"}, {"sp_alarm1", 15, NULL}, {"sp_alarm2", 30, NULL}};
    const struct settings settings = {rows, 3};
    rig_open(&rig, &plant_gas, 4, &settings);
    rig_do(&rig, "leak 40");
    rig_pass(&rig, 120);
    double lel = rig_shows(&rig, "gas_lel_pct");
    assert_true(fabs(rig_shows(&rig, "gas_vol_pct") - lel * 0.021) < 1e-9);
    assert_true(fabs(rig_shows(&rig, "gas_ppm") - lel * 210) < 1e-6);
    assert_true(rig_says(&rig, "gas_name", "C3H8") && fabs(rig_shows(&rig, "lel_vol_pct") - 2.1) < 1e-9);
    assert_true(fabs(rig_shows(&rig, "sp_alarm2_dev") - 30) < 1e-9 && rig_is(&rig, "alarm2_dev"));
    rig_close(&rig);
}

/* 2 kg/h of methane are 50.8 l/min. */
static void test_leaks_by_mass_and_volume(void **state)
{
    (void)state;
    double settled[2];
    static const char *const orders[] = {"leak 2 kg/h", "leak 50.8 l/min"};
    for (int k = 0; k < 2; k++) {
        struct rig rig;
        rig_open(&rig, &plant_gas, 5, NULL);
        rig_do(&rig, orders[k]);
        rig_pass(&rig, 3600);
        settled[k] = rig_shows(&rig, "gas_lel_pct");
        rig_close(&rig);
    }
    assert_true(fabs(settled[0] - settled[1]) < 0.1);
    /* 0.000847 m3/s of gas are 1.69 %LEL m3/s: 1.69 / 0.5 in the room and 1.69 / 0.062 around the leak */
    assert_true(fabs(settled[0] - 30.7) < 1);
}

static void test_closed_supply_ends_a_leak(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_gas, 4, NULL);
    rig_do(&rig, "leak 80");
    (void)rig_until(&rig, "gas_lel_pct", 60, true, 60);
    rig.around.supply_open = false;
    (void)rig_until(&rig, "gas_lel_pct", 5, false, 300);
    assert_true(rig_says(&rig, "valve_state", "closed"));
    rig.around.supply_open = true; /* reopened, and the leak was not mended */
    (void)rig_until(&rig, "gas_lel_pct", 60, true, 60);
    rig_close(&rig);
}

/* Two heads in one room: the far one sees the room, later and less; both go on the same clock. */
static void test_heads_share_a_room(void **state)
{
    (void)state;
    struct rig near;
    struct rig far;
    struct room room;
    room_init(&room);
    rig_open(&near, &plant_gas, 5, NULL);
    rig_open(&far, &plant_gas, 6, NULL);
    near.around.room = far.around.room = &room;
    rig_do(&near, "leak 60");
    for (int i = 0; i < 36000; i++) {
        rig_step(&near);
        rig_step(&far);
        room_step(&room, RIG_STEP_S);
        assert_true(rig_shows(&far, "gas_lel_pct") < 15);
        if (i == 600)
            assert_true(rig_shows(&far, "gas_lel_pct") < 3 && rig_shows(&near, "gas_lel_pct") > 45);
    }
    assert_true(rig_shows(&far, "gas_lel_pct") > 5 && fabs(rig_shows(&near, "gas_lel_pct") - 60) < 1.5);
    rig_do(&near, "stop");
    room.fan = true;
    for (int i = 0; i < 1800; i++) {
        rig_step(&near);
        rig_step(&far);
        room_step(&room, RIG_STEP_S);
    }
    assert_true(rig_is(&far, "fan_running"));
    assert_true(room.lel < 1.2); /* 6.6 e^-1.95: three minutes of 39 changes an hour */
    rig_close(&near);
    rig_close(&far);
}

/* A step of the gas at the head: the reading is at 90 % of it within the bead's 15 to 20 s and the way there. */
static void test_response_time(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct gas_head head = {.latching = false};
        struct random random;
        struct room room;
        double seconds = 0;
        random_init(&random, seed);
        room_init(&room);
        gas_head_open(&head, &random);
        room.lel = head.near = 50;
        for (; head.reading < 45 && seconds < 60; seconds += RIG_STEP_S)
            gas_head_step(&head, RIG_STEP_S, &room, (double)NAN, &random);
        assert_true(seconds > 14 && seconds < 30);
    }
}

/* A rich mixture: to the end of the scale, then low again although the gas is still there. */
static void test_over_range_falls_back(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct rig rig;
        double over_s = 0;
        rig_open(&rig, &plant_gas, seed, NULL);
        rig_pass(&rig, 5);
        rig_do(&rig, "over_range");
        for (int i = 0; i < 1200; i++) {
            rig_step(&rig);
            assert_true(rig_shows(&rig, "gas_lel_pct") <= 110);
            assert_true(rig_is(&rig, "over_range") == (rig_shows(&rig, "gas_lel_pct") > 100));
            over_s += rig_is(&rig, "over_range") ? RIG_STEP_S : 0;
        }
        assert_true(over_s > 3);
        assert_true(rig_shows(&rig, "gas_lel_pct") > 5 && rig_shows(&rig, "gas_lel_pct") < 50);
        rig_do(&rig, "normal");
        (void)rig_until(&rig, "gas_lel_pct", 100, true, 120); /* on the way back it burns again */
        rig_close(&rig);
    }
}

static void test_two_hundred_stays_over_range(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_gas, 6, NULL);
    rig_do(&rig, "leak 200");
    rig_until_true(&rig, "over_range", 60);
    rig_pass(&rig, 600);
    assert_true(rig_is(&rig, "over_range") && rig_says(&rig, "detector_status", "over_range"));
    rig_close(&rig);
}

static void test_alarms_follow_what_a_person_holds(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_gas, 7, NULL);
    rig.held[rig_signal(&rig, "gas_lel_pct")] = 30;
    rig_step(&rig);
    assert_true(rig_is(&rig, "alarm1_dev"));
    assert_false(rig_is(&rig, "alarm2_dev"));
    rig.held[rig_signal(&rig, "sp_alarm2_dev")] = 25;
    rig_step(&rig);
    assert_true(rig_is(&rig, "alarm2_dev"));
    rig_close(&rig);
}

static void test_latched_alarms_need_a_reset(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_gas, 8, NULL);
    rig_do(&rig, "latch");
    rig_do(&rig, "leak 70");
    rig_until_true(&rig, "alarm2_dev", 90);
    rig_do(&rig, "reset"); /* the cause is there */
    rig_step(&rig);
    assert_true(rig_is(&rig, "alarm2_dev"));
    rig_do(&rig, "stop");
    rig_pass(&rig, 600);
    assert_true(rig_is(&rig, "alarm1_dev") && rig_is(&rig, "alarm2_latched_dev"));
    rig_do(&rig, "reset");
    rig_step(&rig);
    assert_false(rig_is(&rig, "alarm1_dev") || rig_is(&rig, "alarm2_latched_dev"));
    rig_close(&rig);
}

static void test_warm_up(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_gas, 9, NULL);
    rig_do(&rig, "warmup");
    rig_step(&rig);
    assert_true(rig_says(&rig, "detector_mode", "warmup") && rig_says(&rig, "detector_status", "warmup"));
    assert_true(rig_is(&rig, "warmup_dev") && rig_shows(&rig, "gas_lel_pct") > 4);
    (void)rig_until_says(&rig, "detector_mode", "normal", 35);
    assert_true(rig_shows(&rig, "gas_lel_pct") < 1);
    rig_close(&rig);
}

static void test_calibration_and_inhibit(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_gas, 10, NULL);
    rig_do(&rig, "calibrate 50");
    rig_pass(&rig, 15);
    assert_true(rig_says(&rig, "detector_mode", "calibration") && rig_is(&rig, "calibrating_dev"));
    assert_true(fabs(rig_shows(&rig, "gas_lel_pct") - 50) < 1);
    assert_false(rig_is(&rig, "alarm1_dev") || rig_is(&rig, "alarm2_dev"));
    rig_do(&rig, "inhibit");
    rig_do(&rig, "leak 90");
    rig_pass(&rig, 90);
    assert_true(rig_is(&rig, "inhibit_dev") && rig_shows(&rig, "gas_lel_pct") > 60);
    assert_false(rig_is(&rig, "alarm1_dev"));
    rig_do(&rig, "normal");
    rig_step(&rig);
    assert_true(rig_says(&rig, "detector_mode", "normal") && rig_is(&rig, "alarm2_dev"));
    rig_close(&rig);
}

static void test_poison(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_gas, 11, NULL);
    rig_do(&rig, "poison 30");
    rig_pass(&rig, 120);
    rig_do(&rig, "leak 60");
    rig_pass(&rig, 300);
    assert_true(rig_shows(&rig, "gas_lel_pct") > 14 && rig_shows(&rig, "gas_lel_pct") < 21);
    rig_do(&rig, "normal");
    rig_pass(&rig, 600);
    rig_do(&rig, "poison");
    double beat = rig_shows(&rig, "heartbeat");
    double reading = rig_shows(&rig, "gas_lel_pct");
    rig_do(&rig, "leak 60");
    for (int i = 0; i < 3000; i++) {
        rig_step(&rig);
        assert_true(fabs(rig_shows(&rig, "heartbeat") - beat) < 0.5);
        assert_true(fabs(rig_shows(&rig, "gas_lel_pct") - reading) < 1e-12);
    }
    rig_do(&rig, "normal");
    rig_pass(&rig, 11);
    assert_true(rig_shows(&rig, "heartbeat") - beat > 0.5);
    rig_close(&rig);
}

static void test_drift(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_gas, 12, NULL);
    rig_do(&rig, "drift 5");
    rig_pass(&rig, 150);
    assert_true(fabs(rig_shows(&rig, "gas_lel_pct") - 5) < 0.6);
    rig_do(&rig, "drift_setpoint 30 60");
    rig_step(&rig);
    assert_true(fabs(rig_shows(&rig, "sp_alarm1_dev") - 30) < 1e-9 &&
                fabs(rig_shows(&rig, "sp_alarm2_dev") - 60) < 1e-9);
    rig_do(&rig, "normal");
    rig_pass(&rig, 60);
    assert_true(fabs(rig_shows(&rig, "gas_lel_pct")) < 1 && fabs(rig_shows(&rig, "sp_alarm1_dev") - 20) < 1e-9);
    rig_close(&rig);
}

static void test_faults(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_gas, 13, NULL);
    rig_do(&rig, "fault 1103");
    rig_step(&rig);
    assert_true(fabs(rig_shows(&rig, "fault_code") - 1103) < 0.5 && rig_is(&rig, "fault_dev"));
    assert_true(rig_says(&rig, "detector_mode", "fault") && rig_says(&rig, "detector_status", "sensor_fault"));
    assert_true(fabs(rig_shows(&rig, "fault_bits") - 256) < 0.5); /* F3 is bit 8 */
    rig_do(&rig, "fault 2");
    rig_step(&rig);
    assert_true(rig_is(&rig, "warning_dev") && !rig_is(&rig, "fault_dev"));
    assert_true(fabs(rig_shows(&rig, "fault_bits") - 2) < 0.5);
    rig_do(&rig, "fault 0");
    rig_do(&rig, "break");
    rig_pass(&rig, 20);
    assert_true(rig_is(&rig, "under_range") && rig_is(&rig, "sensor_fault_dev") && rig_shows(&rig, "fault_code") > 0);
    rig_do(&rig, "disable");
    rig_do(&rig, "comm_fault");
    rig_step(&rig);
    assert_true(rig_is(&rig, "disabled_dev") && rig_is(&rig, "comm_fault_dev"));
    rig_do(&rig, "normal");
    rig_pass(&rig, 120);
    assert_false(rig_is(&rig, "under_range") || rig_is(&rig, "fault_dev") || rig_is(&rig, "disabled_dev"));
    rig_close(&rig);
}

static void test_wrong_orders_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"leak",           "leak -1",           "leak 201",      "leak lots",
                                        "leak 5 gallons", "explode",           "drift",         "drift x",
                                        "calibrate",      "calibrate 200",     "fault x",       "fault 70000",
                                        "poison 120",     "drift_setpoint 20", "normal please", "leak 5 kg/h now"};
    struct rig rig;
    rig_open(&rig, &plant_gas, 8, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(rig_order(&rig, wrong[i]));
        assert_true(strlen(rig.why) > 10);
    }
    struct sentence why;
    assert_false(plant_gas.act(rig.state, NULL, 0, sentence_init(&why)));
    rig_close(&rig);
}

static void test_seed_decides(void **state)
{
    (void)state;
    uint64_t life = rig_trace(&plant_gas, 42, "leak 60", 2000);
    assert_true(life == rig_trace(&plant_gas, 42, "leak 60", 2000));
    assert_true(life != rig_trace(&plant_gas, 43, "leak 60", 2000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room_decays_by_its_air_changes),
        cmocka_unit_test(test_room_settles_where_leak_and_air_meet),
        cmocka_unit_test(test_gas_is_conserved),
        cmocka_unit_test(test_clean_air_is_quiet_for_a_day),
        cmocka_unit_test(test_leak_is_seen_and_decays),
        cmocka_unit_test(test_other_measures_agree),
        cmocka_unit_test(test_leaks_by_mass_and_volume),
        cmocka_unit_test(test_closed_supply_ends_a_leak),
        cmocka_unit_test(test_heads_share_a_room),
        cmocka_unit_test(test_response_time),
        cmocka_unit_test(test_over_range_falls_back),
        cmocka_unit_test(test_two_hundred_stays_over_range),
        cmocka_unit_test(test_alarms_follow_what_a_person_holds),
        cmocka_unit_test(test_latched_alarms_need_a_reset),
        cmocka_unit_test(test_warm_up),
        cmocka_unit_test(test_calibration_and_inhibit),
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_drift),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_wrong_orders_are_refused),
        cmocka_unit_test(test_seed_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
