/* The lift: what it must never do, what each trouble looks like from outside, and how long it takes. */
#include "tests/support/plant_rig.h"

#define LOOKS 20000

static const char *const plots[] = {
    "trap",        "trap_level", "rescue", "normal",   "reset",        "power_cut", "power_back",
    "fire_return", "earthquake", "hunt",   "obstruct", "stop_service", "stop",      "fault safety_circuit_open"};

/* How the lift was built, found out by watching: the floors it stops at. */
struct watch {
    double position;
    double speed;
    double carried;
    double runs;
    double hours;
    double energy;
    bool closed;
};

static struct watch see(const struct rig *rig)
{
    return (struct watch){rig_shows(rig, "car_position_m"),  rig_shows(rig, "car_speed"),
                          rig_shows(rig, "passenger_count"), rig_shows(rig, "run_count"),
                          rig_shows(rig, "run_hours"),       rig_shows(rig, "energy_total"),
                          rig_is(rig, "door_closed")};
}

/* What holds in every step of a lift that no fault lets move with open doors. */
static void look(const struct rig *rig, struct watch *watch)
{
    struct watch now = see(rig);
    assert_true(fabs(now.position - watch->position) <= fmax(now.speed, watch->speed) * RIG_STEP_S + 0.02);
    assert_true(fabs(now.speed - watch->speed) <= 2.6 * RIG_STEP_S + 0.17); /* the brake, or the last centimetre */
    assert_true(now.speed >= 0 && now.speed <= 1.76);
    if (!now.closed) {
        assert_true(rig_is(rig, "door_zone"));
        assert_true(now.speed < 1e-9 && fabs(now.position - watch->position) < 0.02);
    }
    assert_true(rig_says(rig, "car_status", "run") == (now.speed > 0));
    assert_true(rig_is(rig, "passenger_present") == (rig_shows(rig, "car_load_pct") > 0));
    assert_true(rig_shows(rig, "car_load_pct") <= 100);
    assert_true(now.carried >= watch->carried && now.runs >= watch->runs && now.hours >= watch->hours);
    assert_true(now.energy >= watch->energy);
    *watch = now;
}

static void test_doors_never_open_between_floors(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct rig rig;
        double lowest = 99;
        double highest = 0;
        rig_open(&rig, &plant_lift, seed, NULL);
        struct watch watch = see(&rig);
        for (int i = 0; i < 5 * LOOKS; i++) {
            if (random_chance(&rig.random, 0.003))
                (void)rig_order(&rig, plots[random_below(&rig.random, sizeof plots / sizeof *plots)]);
            rig_step(&rig);
            look(&rig, &watch);
            lowest = fmin(lowest, watch.position);
            highest = fmax(highest, watch.position);
        }
        assert_true(lowest < 0.1 && lowest > -0.31 && highest > 15);
        rig_close(&rig);
    }
}

static void test_traffic_follows_the_day(void **state)
{
    (void)state;
    struct rig rig;
    double runs[24];
    rig_open(&rig, &plant_lift, 11, NULL);
    for (int hour = 0; hour < 24; hour++) {
        double before = rig_shows(&rig, "run_count");
        for (int i = 0; i < 36000; i++) {
            rig_step(&rig);
            assert_false(rig_is(&rig, "alarm_button"));
            assert_true(rig_says(&rig, "fault", "none"));
        }
        rig_all_finite(&rig);
        runs[hour] = rig_shows(&rig, "run_count") - before;
    }
    assert_true(runs[0] > 60);            /* it begins in the morning */
    assert_true(runs[18] < runs[0] / 4);  /* and 18 hours later it is night */
    assert_true(runs[10] > 3 * runs[18]); /* the evening */
    assert_true(rig_shows(&rig, "passenger_count") > 0);
    rig_close(&rig);
}

/* The doors open exactly at landings: as far from the lowest one as there are floors between. */
static void test_levels_exactly(void **state)
{
    (void)state;
    struct rig rig;
    double floor_m = 0;
    rig_open(&rig, &plant_lift, 2, NULL);
    double lowest = rig_shows(&rig, "car_floor_index");
    for (int i = 0; i < LOOKS; i++) {
        rig_step(&rig);
        double shown = rig_shows(&rig, "car_floor_index");
        double above = shown - lowest - (lowest < 0 && shown > 0 ? 1 : 0);
        if (rig_is(&rig, "door_closed") || above < 1)
            continue;
        double one = rig_shows(&rig, "car_position_m") / above;
        assert_true(floor_m < 1 || fabs(one - floor_m) < 1e-6);
        floor_m = one;
    }
    assert_true(floor_m > 2.7 && floor_m < 3.3);
    rig_close(&rig);
}

static void test_traffic_by_order(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_lift, 12, NULL);
    rig_pass(&rig, 60);
    rig_do(&rig, "traffic 0");
    rig_pass(&rig, 600);
    double runs = rig_shows(&rig, "run_count");
    rig_pass(&rig, 3600);
    assert_true(rig_shows(&rig, "run_count") - runs < 0.5);
    rig_do(&rig, "traffic 400");
    rig_pass(&rig, 3600);
    assert_true(rig_shows(&rig, "run_count") - runs > 100);
    assert_false(rig_order(&rig, "traffic lots"));
    rig_close(&rig);
}

/* At any moment: trapped within 45 s, for as long as nobody comes, and out again within 30 s of the rescue. */
static void trap_and_rescue(uint64_t seed, int after)
{
    struct rig rig;
    bool button = false;
    rig_open(&rig, &plant_lift, seed, NULL);
    rig_pass(&rig, after * RIG_STEP_S);
    rig_do(&rig, "trap");
    (void)rig_until_says(&rig, "fault", "stop_outside_zone", 45);
    rig_pass(&rig, 1);
    for (int i = 0; i < 1000; i++) {
        rig_step(&rig);
        assert_true(rig_is(&rig, "passenger_present") && rig_is(&rig, "door_closed"));
        assert_false(rig_is(&rig, "door_zone"));
        assert_true(rig_is(&rig, "fault_stop_outside_zone") && rig_is(&rig, "fault_general"));
        assert_true(rig_shows(&rig, "car_speed") < 1e-9);
        button = button || rig_is(&rig, "alarm_button");
    }
    assert_true(button);
    assert_false(rig_order(&rig, "trap"));
    double from = rig_shows(&rig, "car_position_m");
    rig_do(&rig, "rescue");
    rig_until_false(&rig, "door_closed", 15);
    assert_true(rig_is(&rig, "door_zone") && rig_says(&rig, "fault", "none"));
    assert_true(fabs(rig_shows(&rig, "car_position_m") - from) <= 1.7);
    rig_until_false(&rig, "passenger_present", 15);
    rig_close(&rig);
}

static void test_trap_and_rescue(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        for (int after = 0; after < 1500; after += 97)
            trap_and_rescue(seed, after);
    }
}

static void test_trapped_at_a_landing(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_lift, 3, NULL);
    rig_do(&rig, "trap_level");
    (void)rig_until_says(&rig, "fault", "door_open_fault", 120);
    rig_until_true(&rig, "alarm_button", 10);
    for (int i = 0; i < 2000; i++) {
        rig_step(&rig);
        assert_true(rig_is(&rig, "door_zone") && rig_is(&rig, "door_closed") && rig_is(&rig, "passenger_present"));
        assert_true(rig_says(&rig, "car_status", "stop"));
    }
    rig_do(&rig, "rescue");
    rig_until_false(&rig, "passenger_present", 15);
    assert_true(rig_says(&rig, "fault", "none"));
    rig_close(&rig);
}

static void test_button(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_lift, 3, NULL);
    rig_do(&rig, "button 4");
    rig_pass(&rig, 3.8);
    assert_true(rig_is(&rig, "alarm_button") && rig_says(&rig, "fault", "alarm_button"));
    rig_pass(&rig, 0.4);
    assert_false(rig_is(&rig, "alarm_button"));
    rig_close(&rig);
}

/* Every fault there is: its code and its bit appear, and `normal` ends it and puts the lift back to work. */
static void provoke(const char *fault, const char *bit)
{
    struct rig rig;
    char order[64];
    rig_open(&rig, &plant_lift, 21, NULL);
    rig_pass(&rig, 30);
    assert_false(rig_is(&rig, bit));
    (void)snprintf(order, sizeof order, "fault %s", fault);
    rig_do(&rig, order);
    (void)rig_until_says(&rig, "fault", fault, 300);
    assert_true(rig_is(&rig, bit));
    rig_pass(&rig, 120);
    assert_true(rig_says(&rig, "fault", fault) && rig_is(&rig, bit));
    rig_all_finite(&rig);
    rig_do(&rig, "normal");
    rig_step(&rig);
    assert_false(rig_is(&rig, bit));
    assert_true(rig_says(&rig, "fault", "none"));
    double runs = rig_shows(&rig, "run_count");
    (void)rig_until(&rig, "run_count", runs + 3, true, 600);
    rig_close(&rig);
}

static void test_every_fault(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        const char *bit;
    } rows[] = {
        {"safety_circuit_open", "fault_safety_circuit"},
        {"door_close_fault", "fault_door_close"},
        {"door_open_fault", "fault_door_open"},
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
        {"door_fault", "fault_door"},
        {"door_lock_jumpered", "door_lock_jumpered"},
        {"controller_fault", "fault_controller"},
        {"drive_motor_fault", "fault_drive"},
        {"safety_gear_fault", "fault_machine"},
        {"shaft_device_fault", "fault_other"},
        {"power_supply_fault", "fault_voltage"},
        {"call_button_stuck", "car_button_alarm"},
        {"start_failure", "fault_start"},
        {"controller_supply_fault", "fault_voltage"},
        {"self_test_failure", "fault_other"},
        {"drive_overtemperature", "fault_overtemp"},
        {"load_measurement_fault", "fault_other"},
        {"comm_fault", "fault_comm"},
        {"other", "fault_other"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        provoke(rows[i].fault, rows[i].bit);
}

/* Faster than 115 % for long enough to be seen, then held by the safety gear between two landings. */
static void test_overspeed(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct rig rig;
        const struct setting rows[] = {{"rated_speed", 1.75, NULL}};
        const struct settings settings = {rows, 1};
        double over_s = 0;
        double fastest = 0;
        rig_open(&rig, &plant_lift, seed, &settings);
        rig_pass(&rig, 20);
        rig_do(&rig, "overspeed");
        for (int i = 0; i < 3000 && !rig_says(&rig, "fault", "overspeed"); i++) {
            rig_step(&rig);
            over_s += rig_shows(&rig, "car_speed") > 1.15 * 1.75 ? RIG_STEP_S : 0;
            fastest = fmax(fastest, rig_shows(&rig, "car_speed"));
        }
        assert_true(rig_is(&rig, "fault_overspeed"));
        assert_true(over_s > 1 && fastest < 2.5);
        (void)rig_until(&rig, "car_speed", 0, false, 2);
        rig_do(&rig, "rescue");
        rig_until_false(&rig, "door_closed", 20);
        assert_true(rig_says(&rig, "fault", "overspeed")); /* it stays until it is reset */
        double runs = rig_shows(&rig, "run_count");
        rig_pass(&rig, 300);
        assert_true(rig_shows(&rig, "run_count") - runs < 0.5);
        rig_do(&rig, "reset");
        (void)rig_until(&rig, "run_count", runs + 2, true, 600);
        rig_close(&rig);
    }
}

static void test_drift_with_open_doors(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_lift, 5, NULL);
    rig_do(&rig, "ucm");
    double off_m = 0;
    (void)rig_until_says(&rig, "fault", "unintended_movement", 120);
    double at = rig_shows(&rig, "car_position_m");
    rig_pass(&rig, 5);
    off_m = fabs(rig_shows(&rig, "car_position_m") - at);
    assert_true(off_m < 0.9); /* with the 0.3 m before: within 1.2 m */
    assert_false(rig_is(&rig, "door_closed") || rig_is(&rig, "door_zone"));
    rig_close(&rig);
}

static void test_ends_of_the_shaft(void **state)
{
    (void)state;
    struct rig rig;
    for (int k = 0; k < 2; k++) {
        rig_open(&rig, &plant_lift, 6, NULL);
        rig_do(&rig, k == 0 ? "overshoot" : "pit");
        rig_until_true(&rig, k == 0 ? "fault_overshoot_top" : "fault_pit_strike", 240);
        rig_pass(&rig, 5);
        assert_true(rig_is(&rig, k == 0 ? "upper_limit" : "lower_limit"));
        assert_true(rig_is(&rig, k == 0 ? "upper_final_limit" : "lower_final_limit"));
        assert_false(rig_is(&rig, k == 0 ? "lower_limit" : "upper_limit") || rig_is(&rig, "door_zone"));
        assert_true(rig_shows(&rig, "car_speed") < 1e-9);
        rig_close(&rig);
    }
}

static void test_stalled_car_runs_and_stays(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_lift, 7, NULL);
    rig_do(&rig, "stall");
    double last = -1;
    double still_s = 0;
    double longest_s = 0;
    for (int i = 0; i < 3000 && !rig_is(&rig, "fault_motor_time_limiter"); i++) {
        rig_step(&rig);
        bool still = fabs(rig_shows(&rig, "car_position_m") - last) < 1e-9 && rig_says(&rig, "car_status", "run");
        still_s = still ? still_s + RIG_STEP_S : 0;
        longest_s = fmax(longest_s, still_s);
        last = rig_shows(&rig, "car_position_m");
    }
    assert_true(longest_s > 46); /* longer than the 45 s that a limiter may take */
    assert_true(rig_is(&rig, "fault_motor_time_limiter"));
    rig_close(&rig);
}

static void test_open_contact_on_the_way(void **state)
{
    (void)state;
    struct rig rig;
    double open_s = 0;
    rig_open(&rig, &plant_lift, 8, NULL);
    rig_do(&rig, "open_running");
    for (int i = 0; i < 3000 && !rig_is(&rig, "fault_door_open_while_running"); i++) {
        rig_step(&rig);
        open_s += !rig_is(&rig, "door_closed") && rig_says(&rig, "car_status", "run") ? RIG_STEP_S : 0;
    }
    assert_true(rig_is(&rig, "fault_door_open_while_running") && open_s > 2);
    rig_close(&rig);
}

/* `seconds` of watching: how often the doors opened, and how long they were open at a stretch. */
static int openings(struct rig *rig, double seconds, double *ret_longest_s)
{
    int count = 0;
    double open_s = 0;
    double at = rig_shows(rig, "car_position_m");
    bool was = rig_is(rig, "door_closed");
    *ret_longest_s = 0;
    for (long i = lround(seconds / RIG_STEP_S); i > 0; i--) {
        rig_step(rig);
        bool now = rig_is(rig, "door_closed");
        count += was && !now ? 1 : 0;
        open_s = now ? 0 : open_s + RIG_STEP_S;
        *ret_longest_s = fmax(*ret_longest_s, open_s);
        was = now;
        assert_true(fabs(rig_shows(rig, "car_position_m") - at) < 1e-9);
    }
    return count;
}

static void test_doors_hunt_are_held_and_obstructed(void **state)
{
    (void)state;
    struct rig rig;
    double longest_s;
    rig_open(&rig, &plant_lift, 9, NULL);
    rig_do(&rig, "hunt");
    (void)rig_until(&rig, "door_closed", 0, false, 60);
    assert_true(openings(&rig, 60, &longest_s) >= 6);
    assert_true(rig_is(&rig, "fault_door_hunting"));
    rig_do(&rig, "normal");
    rig_do(&rig, "hold_door");
    rig_pass(&rig, 60);
    (void)openings(&rig, 240, &longest_s);
    assert_true(longest_s > 239 && rig_says(&rig, "fault", "none"));
    rig_do(&rig, "normal");
    rig_do(&rig, "obstruct");
    rig_until_true(&rig, "fault_door_close", 120);
    assert_false(rig_is(&rig, "door_closed"));
    rig_close(&rig);
}

static void test_status_that_lies(void **state)
{
    (void)state;
    struct rig rig;
    bool moved = false;
    rig_open(&rig, &plant_lift, 10, NULL);
    rig_do(&rig, "status_stuck");
    rig_do(&rig, "stop");
    for (int i = 0; i < 3000; i++) {
        rig_step(&rig);
        assert_true(rig_says(&rig, "car_status", "stop") && rig_says(&rig, "service_mode", "stopped"));
        moved = moved || (rig_shows(&rig, "car_speed") > 0.9 && rig_is(&rig, "passenger_present"));
    }
    assert_true(moved);
    rig_close(&rig);
}

static void test_inspection(void **state)
{
    (void)state;
    struct rig rig;
    bool outside = false;
    bool open_outside = false;
    double fastest = 0;
    rig_open(&rig, &plant_lift, 13, NULL);
    rig_pass(&rig, 100);
    rig_do(&rig, "inspect");
    (void)rig_until_says(&rig, "service_mode", "inspection", 120);
    for (int i = 0; i < LOOKS; i++) {
        rig_step(&rig);
        bool rests = rig_shows(&rig, "car_speed") <= 0;
        outside = outside || (rests && !rig_is(&rig, "door_zone"));
        open_outside = open_outside || (rests && !rig_is(&rig, "door_zone") && !rig_is(&rig, "door_closed"));
        fastest = fmax(fastest, rig_shows(&rig, "car_speed"));
        assert_false(rig_is(&rig, "passenger_present"));
        assert_true(rests || rig_is(&rig, "door_closed"));
    }
    assert_true(outside && open_outside && fastest > 0.2 && fastest <= 0.63);
    double runs = rig_shows(&rig, "run_count");
    rig_do(&rig, "normal");
    (void)rig_until(&rig, "run_count", runs + 3, true, 300);
    assert_true(rig_says(&rig, "service_mode", "normal"));
    rig_close(&rig);
}

/* Fire return and the others: to a landing, doors open, and there it stays. */
static void test_recalls(void **state)
{
    (void)state;
    static const char *const modes[] = {"fire_return", "firefighter", "emergency_power", "earthquake"};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct rig rig;
        rig_open(&rig, &plant_lift, 14, NULL);
        rig_pass(&rig, 200);
        rig_do(&rig, modes[i]);
        rig_pass(&rig, 150);
        assert_true(rig_says(&rig, "service_mode", modes[i]));
        if (i < 3)
            assert_true(rig_says(&rig, "car_floor", "1"));
        double runs = rig_shows(&rig, "run_count");
        for (int k = 0; k < 3000; k++) {
            rig_step(&rig);
            assert_false(rig_is(&rig, "door_closed") || rig_is(&rig, "passenger_present"));
        }
        rig_do(&rig, "normal");
        (void)rig_until(&rig, "run_count", runs + 3, true, 300);
        rig_close(&rig);
    }
}

/* Cuts the power in the middle of a run with somebody aboard. */
static void cut_on_the_way(struct rig *rig, const char *order)
{
    for (int i = 0; i < LOOKS; i++) {
        rig_step(rig);
        if (rig_is(rig, "passenger_present") && rig_shows(rig, "car_speed") > 0.9 && !rig_is(rig, "door_zone"))
            break;
    }
    rig_do(rig, order);
    (void)rig_until(rig, "car_speed", 0, false, 3);
    assert_false(rig_is(rig, "mains_ok"));
}

static void test_power_cut_with_rescue_device(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_lift, 15, NULL);
    cut_on_the_way(&rig, "power_cut");
    rig_until_true(&rig, "ard_active", 15);
    rig_until_false(&rig, "door_closed", 30);
    assert_true(rig_is(&rig, "door_zone") && rig_is(&rig, "ard_active") && rig_shows(&rig, "ups_soc") < 100);
    rig_until_false(&rig, "passenger_present", 10);
    rig_pass(&rig, 300);
    assert_false(rig_is(&rig, "door_closed"));
    assert_true(rig_says(&rig, "fault", "mains_off"));
    double runs = rig_shows(&rig, "run_count");
    rig_do(&rig, "power_back");
    (void)rig_until(&rig, "run_count", runs + 3, true, 300);
    assert_true(rig_is(&rig, "mains_ok") && !rig_is(&rig, "ard_active"));
    rig_close(&rig);
}

static void test_power_cut_without_it(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_lift, 16, NULL);
    cut_on_the_way(&rig, "power_cut no_ard");
    for (int i = 0; i < 3000; i++) {
        rig_step(&rig);
        assert_true(rig_is(&rig, "passenger_present") && rig_is(&rig, "door_closed"));
        assert_false(rig_is(&rig, "ard_active") || rig_shows(&rig, "car_speed") > 0);
    }
    rig_do(&rig, "power_back");
    rig_until_false(&rig, "passenger_present", 60);
    assert_false(rig_order(&rig, "power_cut maybe"));
    rig_close(&rig);
}

static void test_small_things(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_lift, 17, NULL);
    rig_do(&rig, "ebike");
    rig_do(&rig, "intercom");
    rig_do(&rig, "overload");
    rig_do(&rig, "hot 65");
    rig_pass(&rig, 2);
    assert_true(rig_is(&rig, "ebike_in_car") && !rig_is(&rig, "intercom_ok"));
    assert_true(rig_shows(&rig, "car_load_pct") > 110);
    (void)rig_until(&rig, "machine_temp", 60, true, 60);
    double beat = rig_shows(&rig, "heartbeat");
    rig_pass(&rig, 11);
    assert_true(rig_shows(&rig, "heartbeat") - beat > 1);
    rig_do(&rig, "freeze");
    beat = rig_shows(&rig, "heartbeat");
    rig_pass(&rig, 60);
    assert_true(rig_shows(&rig, "heartbeat") - beat < 0.5);
    rig_do(&rig, "normal");
    rig_pass(&rig, 2);
    assert_false(rig_is(&rig, "ebike_in_car") || !rig_is(&rig, "intercom_ok"));
    assert_true(rig_shows(&rig, "machine_temp") > 60); /* it takes its time to cool down */
    (void)rig_until(&rig, "machine_temp", 40, false, 3600);
    rig_close(&rig);
}

static void test_wrong_orders_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "rescue",  "fly",      "trap twice", "fault",      "fault nonsense",        "hot",
        "hot 500", "button x", "hunt 3",     "traffic -1", "power_cut later please"};
    struct rig rig;
    rig_open(&rig, &plant_lift, 8, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(rig_order(&rig, wrong[i]));
        assert_true(strlen(rig.why) > 10);
    }
    rig_do(&rig, "power_cut");
    assert_false(rig_order(&rig, "trap")); /* nothing runs */
    rig_close(&rig);
}

static void test_the_site_says_how_it_is_built(void **state)
{
    (void)state;
    const struct setting rows[] = {{"rated_speed", 1.0, NULL}, {"full_travel_s", 20, NULL}};
    const struct settings settings = {rows, 2};
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct rig rig;
        double fastest = 0;
        double highest = 0;
        rig_open(&rig, &plant_lift, seed, &settings);
        for (int i = 0; i < LOOKS; i++) {
            rig_step(&rig);
            fastest = fmax(fastest, rig_shows(&rig, "car_speed"));
            highest = fmax(highest, rig_shows(&rig, "car_position_m"));
        }
        assert_true(fastest > 0.95 && fastest <= 1.0 + 1e-9);
        assert_true(highest <= 20);
        rig_close(&rig);
    }
}

static void test_seed_decides(void **state)
{
    (void)state;
    uint64_t life = rig_trace(&plant_lift, 42, "trap", 2000);
    assert_true(life == rig_trace(&plant_lift, 42, "trap", 2000));
    assert_true(life != rig_trace(&plant_lift, 43, "trap", 2000));
}

/* A site steps with up to 1 s; the lift must not be another one for it. */
static void test_long_steps(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_lift, 4, NULL);
    double last = 0;
    for (int i = 0; i < LOOKS; i++) {
        rig.kind->step(rig.state, 1.0, &rig.around, &rig.random);
        rig.kind->show(rig.state, rig.values);
        assert_true(fabs(rig_shows(&rig, "car_position_m") - last) < 1.8);
        last = rig_shows(&rig, "car_position_m");
    }
    assert_true(rig_says(&rig, "fault", "none"));
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doors_never_open_between_floors),
        cmocka_unit_test(test_traffic_follows_the_day),
        cmocka_unit_test(test_levels_exactly),
        cmocka_unit_test(test_traffic_by_order),
        cmocka_unit_test(test_trap_and_rescue),
        cmocka_unit_test(test_trapped_at_a_landing),
        cmocka_unit_test(test_button),
        cmocka_unit_test(test_every_fault),
        cmocka_unit_test(test_overspeed),
        cmocka_unit_test(test_drift_with_open_doors),
        cmocka_unit_test(test_ends_of_the_shaft),
        cmocka_unit_test(test_stalled_car_runs_and_stays),
        cmocka_unit_test(test_open_contact_on_the_way),
        cmocka_unit_test(test_doors_hunt_are_held_and_obstructed),
        cmocka_unit_test(test_status_that_lies),
        cmocka_unit_test(test_inspection),
        cmocka_unit_test(test_recalls),
        cmocka_unit_test(test_power_cut_with_rescue_device),
        cmocka_unit_test(test_power_cut_without_it),
        cmocka_unit_test(test_small_things),
        cmocka_unit_test(test_wrong_orders_are_refused),
        cmocka_unit_test(test_the_site_says_how_it_is_built),
        cmocka_unit_test(test_seed_decides),
        cmocka_unit_test(test_long_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
