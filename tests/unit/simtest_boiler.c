/* Boilers: the program of their burners, their balances, their protections, and what each action leads to. */
#include "tests/support/plant_rig.h"

#include "firmware-sim/burner.h"

#define DAY_S 86400.0

static const struct plant_kind *const kinds[] = {&plant_steam, &plant_hot_water, &plant_thermal_oil};
#define KINDS (sizeof kinds / sizeof *kinds)

/* The site file of a boiler of 10 t/h, 1.25 MPa. */
static const struct setting large_rows[] = {
    {"rated_output", 10, NULL}, {"working_pressure", 1.25, NULL}, {"low_level", 35, NULL}};
static const struct settings large = {.rows = large_rows, .count = 3};

static int phase(const struct rig *rig)
{
    return (int)lround(rig_shows(rig, "burner_phase"));
}

#define STRIDE_S 0.5 /* for days on end */

static void stride(struct rig *rig)
{
    rig->kind->step(rig->state, STRIDE_S, &rig->around, &rig->random);
    rig->kind->show(rig->state, rig->values);
    rig->seconds += STRIDE_S;
}

/* --- the program --- */

/* Steps until the phase changes; how long it lasted. */
static double pass_phase(struct rig *rig, double limit_s)
{
    int before = phase(rig);
    double from = rig->seconds;
    while (phase(rig) == before) {
        rig_step(rig);
        if (rig->seconds - from > limit_s)
            fail_msg("phase %d does not end within %g s", before, limit_s);
    }
    return rig->seconds - from;
}

/* Each as the control has them, in order, none left out; those that the damper makes last as long as it travels. */
static void test_a_start_and_a_stop_phase_by_phase(void **state)
{
    (void)state;
    static const struct {
        int phase;
        double low_s;
        double high_s;
    } program[] = {
        {62, 2.9, 31}, {70, 2.9, 4}, {72, 2.9, 13}, {74, 9.9, 11},  {78, 2.9, 4}, {10, 2.9, 13},
        {12, 0, 2000}, {22, 2.9, 4}, {24, 11, 13},  {30, 29.9, 31}, {36, 9, 13},  {38, 2.9, 4},
        {40, 2.9, 4},  {42, 2.9, 4}, {44, 2.9, 4},  {50, 2.9, 4},   {52, 2.9, 4}, {60, 0, 1e9},
    };
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 5, NULL);
        rig_pass(&rig, 60);
        assert_int_equal(phase(&rig), 60);
        rig_do(&rig, "stop");
        rig_step(&rig);
        for (size_t k = 0; program[k].phase != 60; k++) {
            assert_int_equal(phase(&rig), program[k].phase);
            if (program[k].phase == 12)
                rig_do(&rig, "start");
            double lasted_s = pass_phase(&rig, program[k].high_s);
            assert_true(lasted_s >= program[k].low_s);
        }
        assert_int_equal(phase(&rig), 60);
        rig_close(&rig);
    }
}

static void stop_and_reach(struct rig *rig, int wanted)
{
    rig_do(rig, "stop");
    for (double from = rig->seconds; phase(rig) != wanted; rig_step(rig))
        if (rig->seconds - from > 120)
            fail_msg("phase %d is not reached: %d", wanted, phase(rig));
}

/* Where it proves its valves: evacuate, test, fill, test, in the numbers of the control; then as ever. */
static void test_valves_are_proved(void **state)
{
    (void)state;
    static const double lasts_s[] = {3, 10, 3, 10};
    struct rig rig;
    rig_open(&rig, &plant_steam, 5, NULL);
    rig_pass(&rig, 60);
    rig_do(&rig, "prove");
    stop_and_reach(&rig, 80);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(phase(&rig), 80 + k);
        assert_false(rig_is(&rig, "main_valve_on") || rig_is(&rig, "fd_fan_on"));
        assert_true(fabs(pass_phase(&rig, 11) - lasts_s[k]) < 0.3);
    }
    assert_int_equal(phase(&rig), 10);
    rig_close(&rig);
}

static void test_a_valve_that_leaks_locks_out(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_steam, 5, NULL);
    rig_pass(&rig, 60);
    rig_do(&rig, "prove");
    rig_do(&rig, "valve_leak");
    stop_and_reach(&rig, 81);
    rig_pass(&rig, 12);
    assert_int_equal(phase(&rig), 0);
    assert_int_equal((int)rig_shows(&rig, "error_code"), 12);
    assert_int_equal((int)rig_shows(&rig, "error_phase"), 81);
    rig_do(&rig, "normal");
    rig_pass(&rig, 600);
    assert_false(rig_is(&rig, "burner_lockout"));
    stop_and_reach(&rig, 10); /* and nothing is proved any more */
    rig_close(&rig);
}

struct purge {
    double fresh_s; /* pre-purge since anything burnt */
    bool burnt;
};

/* Whatever happens, nothing burns that was not purged for before, and there is flame only where one may be. */
static void look_at_fire(const struct rig *rig, struct purge *purge)
{
    bool gas = rig_is(rig, "main_valve_on") || rig_is(rig, "pilot_valve_on");
    if (phase(rig) == 30 && rig_is(rig, "fd_fan_on"))
        purge->fresh_s += RIG_STEP_S;
    if (gas && !purge->burnt)
        assert_true(purge->fresh_s >= BURNER_PREPURGE_S - 0.2);
    if (!gas && purge->burnt)
        purge->fresh_s = 0;
    purge->burnt = gas;
    if (rig_shows(rig, "firing_rate") > 0)
        assert_true(phase(rig) >= 50 && phase(rig) <= 62);
    if (gas)
        assert_false(rig_is(rig, "burner_lockout"));
}

static void test_nothing_burns_without_prepurge(void **state)
{
    (void)state;
    static const char *const orders[] = {
        "flame_loss", "stop",      "start",     "reset",  "short_cycle", "normal",     "control_fail", "no_ignition",
        "normal",     "lockout 3", "parasitic", "normal", "fan_fail",    "normal",     "storm",        "refill",
        "normal",     "pump_stop", "normal",    "cold",   "start",       "o2_drift 9", "prove",        "valve_leak",
    };
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        struct purge purge = {.burnt = true};
        rig_open(&rig, kinds[i], 40 + i, NULL);
        int starts = 0;
        for (int k = 0; k < 400000; k++) {
            if (random_chance(&rig.random, 0.002))
                (void)rig_order(&rig, orders[random_below(&rig.random, sizeof orders / sizeof *orders)]);
            if (random_chance(&rig.random, 0.001))
                rig.around.supply_open = !rig.around.supply_open;
            if (random_chance(&rig.random, 0.0003))
                rig.around.power = !rig.around.power;
            bool burnt = purge.burnt;
            rig_step(&rig);
            look_at_fire(&rig, &purge);
            starts += purge.burnt && !burnt ? 1 : 0;
        }
        assert_true(starts > 20);
        rig_all_finite(&rig);
        rig_close(&rig);
    }
}

/* --- balances and bounds --- */

/* What was fed and did not leave is what the drum holds more; level is that and bubbles. */
static void test_the_water_of_a_drum_balances(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_steam, 2, NULL);
    rig_pass(&rig, 60);
    double level = rig_shows(&rig, "drum_level_pct");
    double kg = 0;
    double fed = 0;
    for (int i = 0; i < 8 * 7200; i++) { /* by then the blow-down is 15 % of the glass */
        double steam = rig_shows(&rig, "steam_flow");
        stride(&rig);
        fed += rig_shows(&rig, "feed_water_flow") * STRIDE_S / 3600;
        kg += (rig_shows(&rig, "feed_water_flow") - 1.02 * steam) * STRIDE_S / 3600;
        double now = rig_shows(&rig, "drum_level_pct");
        assert_true(fabs(now - level - kg / 10.8) < 5.5); /* 10.8 kg make a percent; the rest swells and shrinks */
    }
    assert_true(fed > 6400); /* two tons an hour at about half load */
    rig_close(&rig);
}

/* Heat that went in = heat that left with steam + what the drum stores: over hours the store is nothing. */
static void test_the_heat_of_a_drum_balances(void **state)
{
    (void)state;
    struct rig rig;
    double burnt_kj = 0;
    double steam_kj = 0;
    rig_open(&rig, &plant_steam, 3, NULL);
    for (int i = 0; i < 6 * 7200; i++) {
        stride(&rig);
        burnt_kj += rig_shows(&rig, "fuel_flow") * rig_shows(&rig, "fuel_lhv") * STRIDE_S / 3600;
        steam_kj += rig_shows(&rig, "steam_flow") * (2047 + 4.35 * (170 - 62)) * STRIDE_S / 3600;
    }
    double efficiency = steam_kj / burnt_kj;
    assert_true(efficiency > 0.87 && efficiency < 0.92); /* 0.92 less casing and blow-down */
    rig_close(&rig);
}

static void test_the_heat_of_a_circuit_balances(void **state)
{
    (void)state;
    for (size_t i = 1; i < KINDS; i++) {
        struct rig rig;
        double fired_kw = 0;
        double carried_kw = 0;
        rig_open(&rig, kinds[i], 3, NULL);
        double per_m3_k = i == 1 ? 4.2 * 965 : 2.5 * 720;
        for (int k = 0; k < 72000; k++) {
            rig_step(&rig);
            fired_kw += 0.92 * rig_shows(&rig, "fuel_flow") * rig_shows(&rig, "fuel_lhv") / 3600;
            carried_kw += rig_shows(&rig, "circ_flow") / 3600 * per_m3_k *
                          (rig_shows(&rig, "outlet_temp") - rig_shows(&rig, "inlet_temp"));
        }
        assert_true(carried_kw / fired_kw > 0.93 && carried_kw / fired_kw < 1.0);
        double part =
            fired_kw / 72000 / 1400; /* what is fired is what is used: 0.55 of the rated heat, and the casing's loss */
        assert_true(part > 0.52 && part < 0.62);
        rig_close(&rig);
    }
}

static void test_steam_is_as_hot_as_its_pressure(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_steam, 1, NULL);
    assert_true(fabs(rig_shows(&rig, "steam_pressure") - 0.7) < 0.001);
    assert_true(fabs(rig_shows(&rig, "steam_temp") - 170.4) < 0.5); /* steam tables: 170.4 Cel at 0.8 MPa absolute */
    rig_close(&rig);
    rig_open(&rig, &plant_steam, 1, &large);
    assert_true(fabs(rig_shows(&rig, "steam_pressure") - 1.094) < 0.001);
    assert_true(fabs(rig_shows(&rig, "steam_temp") - 187.8) < 0.5); /* 187.8 Cel at 1.195 MPa absolute */
    rig_close(&rig);
}

/* Nothing that a default alarm of the gateway would look at. */
static void look_at_peace(const struct rig *rig, double working)
{
    assert_int_equal(phase(rig), 60);
    assert_false(rig_is(rig, "burner_lockout") || rig_is(rig, "safety_valve_open"));
    assert_true(rig_shows(rig, "flame_signal") > 70 && rig_shows(rig, "flame_signal") <= 100);
    assert_true(rig_shows(rig, "flue_o2") > 3 && rig_shows(rig, "flue_o2") < 5.2);
    assert_true(rig_shows(rig, "flue_co") < 50 && rig_shows(rig, "flue_nox") < 24);
    assert_true(rig_shows(rig, "flue_gas_temp") < 165);
    assert_true(rig_shows(rig, "outlet_pressure") < working);
}

static void test_a_day_of_steam_is_quiet(void **state)
{
    (void)state;
    struct rig rig;
    double lowest = 9;
    double highest = 0;
    rig_open(&rig, &plant_steam, 7, NULL);
    for (long i = 0; i < lround(DAY_S / STRIDE_S); i++) {
        stride(&rig);
        look_at_peace(&rig, 0.8);
        lowest = fmin(lowest, rig_shows(&rig, "steam_pressure"));
        highest = fmax(highest, rig_shows(&rig, "steam_pressure"));
        assert_true(rig_shows(&rig, "drum_level_pct") > 38 && rig_shows(&rig, "drum_level_pct") < 62);
    }
    rig_all_finite(&rig);
    assert_true(lowest > 0.64 && highest < 0.76);
    assert_true(highest - lowest > 0.01); /* and it is alive */
    rig_close(&rig);
}

static void test_a_day_of_hot_water_is_quiet(void **state)
{
    (void)state;
    for (size_t i = 1; i < KINDS; i++) {
        struct rig rig;
        double most = i == 1 ? 100 : 280;
        double lowest = 999;
        double highest = 0;
        rig_open(&rig, kinds[i], 8, NULL);
        for (long k = 0; k < lround(DAY_S / STRIDE_S); k++) {
            stride(&rig);
            look_at_peace(&rig, 0.8);
            lowest = fmin(lowest, rig_shows(&rig, "outlet_temp"));
            highest = fmax(highest, rig_shows(&rig, "outlet_temp"));
            double spread = rig_shows(&rig, "outlet_temp") - rig_shows(&rig, "inlet_temp");
            assert_true(spread > 5 && spread < 26);
        }
        rig_all_finite(&rig);
        assert_true(lowest > most - 11 && highest < most - 5.5);
        assert_true(highest - lowest > 0.3);
        rig_close(&rig);
    }
}

static void test_the_nameplate_scales_it(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_steam, 2, &large);
    for (int i = 0; i < 36000; i++) {
        rig_step(&rig);
        look_at_peace(&rig, 1.25);
        assert_true(rig_shows(&rig, "drum_level_pct") > 38 && rig_shows(&rig, "drum_level_pct") < 62);
        assert_true(fabs(rig_shows(&rig, "steam_pressure") - 1.094) < 0.08);
    }
    assert_true(rig_shows(&rig, "steam_flow") > 3000);
    rig_do(&rig, "low_water");
    double at_s = rig_until(&rig, "drum_level_pct", 35, false, 60);
    rig_step(&rig);
    assert_true(rig_is(&rig, "level_l") && at_s > 10);
    rig_close(&rig);
}

/* Long steps are as good as short ones, within what chance makes of them. */
static void test_long_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 8, NULL);
        for (int k = 0; k < 7200; k++) {
            kinds[i]->step(rig.state, 1.0, &rig.around, &rig.random);
            kinds[i]->show(rig.state, rig.values);
            look_at_peace(&rig, 0.8);
        }
        rig_do(&rig, "stop");
        rig_do(&rig, "start");
        rig_close(&rig);
    }
}

/* --- actions --- */

/* The switch acts while there is still water in the glass, the burner follows, and only a person brings it back. */
static void test_low_water(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_steam, 2, NULL);
    rig_pass(&rig, 30);
    rig_do(&rig, "low_water");
    assert_true(rig_until(&rig, "drum_level_pct", 30, false, 60) > 10);
    (void)rig_until(&rig, "level_ll", 1, true, 60);
    assert_true(rig_shows(&rig, "drum_level_pct") > 12 && rig_is(&rig, "main_valve_on") && rig_is(&rig, "level_l"));
    assert_true(rig_until(&rig, "burner_lockout", 1, true, 10) > 1.5);
    assert_true(rig_shows(&rig, "drum_level_pct") > 5);
    assert_true(rig_says(&rig, "lockout_code", "low_water") && lround(rig_shows(&rig, "error_code")) == 22);
    assert_true(lround(rig_shows(&rig, "error_phase")) == 60);
    rig_pass(&rig, 60);
    assert_false(rig_order(&rig, "reset"));
    assert_non_null(strstr(rig.why, "low-water limiter"));
    rig_do(&rig, "refill");
    (void)rig_until(&rig, "drum_level_pct", 40, true, 180);
    rig_pass(&rig, 600);
    assert_true(rig_is(&rig, "burner_lockout") && phase(&rig) == 0);
    rig_do(&rig, "reset");
    rig_step(&rig);
    assert_true(rig_says(&rig, "lockout_code", "none") && rig_shows(&rig, "error_code") < 1);
    (void)rig_until(&rig, "main_valve_on", 1, true, 600);
    assert_true(rig_shows(&rig, "drum_level_pct") > 38);
    rig_close(&rig);
}

/* Left alone what is drained stops above the tubes, and what boils away with the stored heat ends: `normal` has everything
 * running within minutes. */
static void test_low_water_for_an_hour(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_steam, 3, NULL);
    rig_do(&rig, "low_water");
    for (int i = 0; i < 36000; i++) {
        rig_step(&rig);
        assert_true(rig_shows(&rig, "drum_level_pct") >= -10);
    }
    rig_do(&rig, "normal");
    (void)rig_until(&rig, "drum_level_pct", 20, true, 300);
    (void)rig_until(&rig, "main_valve_on", 1, true, 300);
    (void)rig_until(&rig, "steam_pressure", 0.68, true, 3600);
    rig_close(&rig);
}

static void test_pump_stop_and_high_water(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_steam, 3, NULL);
    rig_do(&rig, "pump_stop");
    double fell_s = rig_until(&rig, "level_ll", 1, true, 3600);
    assert_true(fell_s > 600); /* what is boiled away: much slower than a drain */
    rig_do(&rig, "normal");
    (void)rig_until(&rig, "drum_level_pct", 45, true, 180);
    rig_do(&rig, "high_water");
    (void)rig_until(&rig, "level_h", 1, true, 120);
    (void)rig_until(&rig, "level_hh", 1, true, 120);
    assert_false(rig_is(&rig, "burner_lockout"));
    for (int i = 0; i < 6000; i++) {
        rig_step(&rig);
        assert_true(rig_shows(&rig, "drum_level_pct") <= 110);
    }
    rig_do(&rig, "normal");
    (void)rig_until(&rig, "level_h", 0, false, 3600);
    rig_close(&rig);
}

static void test_over_pressure_ends_at_the_safety_valve(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_steam, 3, NULL);
    rig_do(&rig, "over_pressure");
    assert_true(rig_until(&rig, "steam_pressure", 0.8, true, 75) > 20);
    (void)rig_until(&rig, "safety_valve_open", 1, true, 300);
    assert_true(fabs(rig_shows(&rig, "steam_pressure") - 0.832) < 0.01);
    for (int i = 0; i < 6000; i++) {
        rig_step(&rig);
        assert_true(rig_shows(&rig, "steam_pressure") < 0.86 && rig_shows(&rig, "steam_pressure") > 0.7);
        assert_false(rig_is(&rig, "burner_lockout"));
    }
    rig_do(&rig, "normal");
    (void)rig_until(&rig, "steam_pressure", 0.74, false, 600);
    assert_false(rig_is(&rig, "burner_lockout"));
    rig_close(&rig);
}

/* The limiter works: it never comes to the safety valve. */
static void test_control_fails(void **state)
{
    (void)state;
    static const char *const causes[KINDS] = {"pressure_switch", "high_limit", "high_limit"};
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 3, NULL);
        rig_do(&rig, "control_fail");
        (void)rig_until(&rig, "burner_lockout", 1, true, 600);
        assert_true(rig_says(&rig, "lockout_code", causes[i]));
        for (int k = 0; k < 3000; k++) {
            rig_step(&rig);
            assert_false(rig_is(&rig, "safety_valve_open"));
        }
        rig_close(&rig);
    }
}

static void test_over_temp_stays_below_what_breaks(void **state)
{
    (void)state;
    for (size_t i = 1; i < KINDS; i++) {
        struct rig rig;
        double most = i == 1 ? 100 : 280;
        rig_open(&rig, kinds[i], 3, NULL);
        rig_do(&rig, "over_temp");
        (void)rig_until(&rig, "outlet_temp", most, true, 900);
        for (int k = 0; k < 72000; k++) {
            rig_step(&rig);
            assert_true(rig_shows(&rig, "outlet_temp") < (i == 1 ? 180 : 350));
            assert_true(rig_shows(&rig, "outlet_pressure") < 0.9);
        }
        rig_do(&rig, "normal");
        (void)rig_until(&rig, "outlet_temp", most - 5, false, 3600);
        assert_false(rig_is(&rig, "burner_lockout"));
        rig_close(&rig);
    }
}

static void test_a_lost_flame_stays_lost(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 4, NULL);
        rig_pass(&rig, 10);
        rig_do(&rig, "flame_loss");
        double seen_s = rig_until(&rig, "flame_signal", 10, false, 1);
        assert_true(seen_s + rig_until(&rig, "burner_lockout", 1, true, 2) < 1.6);
        double lockouts = rig_shows(&rig, "lockout_count");
        for (int k = 0; k < 6000; k++) {
            rig_step(&rig);
            assert_true(rig_is(&rig, "burner_lockout") && rig_shows(&rig, "flame_signal") < 1);
            assert_false(rig_is(&rig, "main_valve_on") || rig_is(&rig, "pilot_valve_on"));
        }
        assert_true(lround(rig_shows(&rig, "error_code")) == 7 && rig_says(&rig, "lockout_code", "max_flame_loss"));
        assert_true(lround(rig_shows(&rig, "lockout_count") - lockouts) == 0);
        rig_do(&rig, "reset");
        assert_false(rig_order(&rig, "reset"));
        (void)rig_until(&rig, "main_valve_on", 1, true, 200);
        rig_close(&rig);
    }
}

static void stop_and_start(struct rig *rig)
{
    rig_do(rig, "stop");
    while (phase(rig) != 12)
        (void)pass_phase(rig, 2000);
    rig_do(rig, "start");
}

static void test_what_keeps_a_burner_from_starting(void **state)
{
    (void)state;
    static const struct {
        const char *order;
        const char *cause;
        int error;
        int phase;
    } rows[] = {{"no_ignition", "max_ignitions", 2, 42},
                {"fan_fail", "air_pressure", 3, 30},
                {"parasitic", "parasitic_flame", 4, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        rig_open(&rig, &plant_hot_water, 4, NULL);
        rig_pass(&rig, 10);
        stop_and_start(&rig);
        rig_do(&rig, rows[i].order);
        (void)rig_until(&rig, "burner_lockout", 1, true, 2000);
        assert_true(rig_says(&rig, "lockout_code", rows[i].cause));
        assert_int_equal(lround(rig_shows(&rig, "error_code")), rows[i].error);
        if (rows[i].phase != 0)
            assert_int_equal(lround(rig_shows(&rig, "error_phase")), rows[i].phase);
        rig_do(&rig, "normal");
        (void)rig_until(&rig, "main_valve_on", 1, true, 2000);
        rig_close(&rig);
    }
}

static void test_gas_gone_is_no_lockout(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 4, NULL);
        rig_pass(&rig, 10);
        rig.around.supply_open = false;
        rig_pass(&rig, 2);
        assert_int_equal(phase(&rig), 90);
        assert_true(rig_shows(&rig, "flame_signal") < 1 && rig_shows(&rig, "fuel_pressure") < 0.1);
        assert_false(rig_is(&rig, "burner_lockout") || rig_is(&rig, "main_valve_on"));
        rig_pass(&rig, 600);
        assert_int_equal(phase(&rig), 90);
        rig.around.supply_open = true;
        (void)rig_until(&rig, "main_valve_on", 1, true, 120);
        rig_close(&rig);
    }
}

static void test_mains_gone_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 4, NULL);
        rig_pass(&rig, 10);
        rig.around.power = false;
        rig_pass(&rig, 30);
        assert_false(rig_is(&rig, "main_valve_on") || rig_is(&rig, "fd_fan_on") || rig_is(&rig, "ignition_on"));
        assert_true(rig_shows(&rig, "flame_signal") < 1 && rig_shows(&rig, "firing_rate") < 1);
        assert_false(i == 0 ? rig_is(&rig, "feed_pump_on") : rig_is(&rig, "circ_pump_on"));
        rig.around.power = true;
        rig_step(&rig);
        assert_false(rig_is(&rig, "burner_lockout"));
        (void)rig_until(&rig, "main_valve_on", 1, true, 200);
        rig_do(&rig, "flame_loss");
        rig_pass(&rig, 10);
        assert_int_equal(phase(&rig), 0);
        rig.around.power = false;
        rig_pass(&rig, 10);
        assert_false(rig_order(&rig, "reset"));
        rig.around.power = true;
        rig_pass(&rig, 60);
        assert_int_equal(phase(&rig), 0); /* a lockout outlives the mains */
        rig_close(&rig);
    }
}

static void test_circulation_stops(void **state)
{
    (void)state;
    for (size_t i = 1; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 4, NULL);
        rig_pass(&rig, 10);
        double flow = rig_shows(&rig, "circ_flow");
        double hottest = rig_shows(&rig, "outlet_temp");
        rig_do(&rig, "pump_stop");
        assert_true(rig_until(&rig, "circ_flow", flow / 2, false, 10) > 1);
        assert_true(rig_is(&rig, "main_valve_on") && !rig_is(&rig, "circ_pump_on"));
        double after_s = rig_until(&rig, "burner_lockout", 1, true, 15);
        assert_true(after_s > 7 && rig_says(&rig, "lockout_code", "flow_switch"));
        for (int k = 0; k < 6000; k++) {
            rig_step(&rig);
            assert_true(rig_shows(&rig, "outlet_temp") < hottest + 5);
        }
        rig_do(&rig, "normal");
        (void)rig_until(&rig, "main_valve_on", 1, true, 600);
        rig_close(&rig);
    }
}

/* The margin to boiling shrinks within the minutes that somebody has to see it, and water of 130 Cel ends at the limiter. */
static void test_flash(void **state)
{
    (void)state;
    static const struct setting rows[] = {{"outlet_temp_max", 130, NULL}, {"working_pressure", 1.0, NULL}};
    static const struct settings hot = {.rows = rows, .count = 2};
    struct rig rig;
    rig_open(&rig, &plant_hot_water, 4, NULL);
    rig_do(&rig, "flash");
    (void)rig_until(&rig, "outlet_pressure", 0.055, false, 75); /* 112 Cel: 20 K above 91.5 */
    assert_true(rig_is(&rig, "main_valve_on"));
    (void)rig_until(&rig, "outlet_pressure", 0.008, false, 180); /* 102 Cel */
    assert_true(rig_is(&rig, "main_valve_on"));
    rig_close(&rig);
    rig_open(&rig, &plant_hot_water, 4, &hot);
    rig_do(&rig, "flash");
    (void)rig_until(&rig, "burner_lockout", 1, true, 180);
    assert_true(rig_says(&rig, "lockout_code", "pressure_switch"));
    rig_do(&rig, "normal");
    (void)rig_until(&rig, "main_valve_on", 1, true, 300);
    assert_true(rig_shows(&rig, "outlet_pressure") > 0.5);
    rig_close(&rig);
}

static void test_oil_leaks(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_thermal_oil, 4, NULL);
    rig_do(&rig, "leak");
    (void)rig_until(&rig, "tank_level_l", 1, true, 120);
    assert_true(rig_is(&rig, "main_valve_on"));
    (void)rig_until(&rig, "burner_lockout", 1, true, 60);
    assert_false(rig_order(&rig, "reset"));
    rig_do(&rig, "refill");
    (void)rig_until(&rig, "tank_level_pct", 59, true, 120);
    assert_true(rig_is(&rig, "burner_lockout"));
    rig_do(&rig, "reset");
    rig_close(&rig);
}

static void test_short_cycling(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 4, NULL);
        rig_pass(&rig, 60);
        double starts = rig_shows(&rig, "burner_starts");
        rig_do(&rig, "short_cycle");
        rig_pass(&rig, 3600);
        assert_true(rig_shows(&rig, "burner_starts") - starts >= 8);
        rig_do(&rig, "normal");
        rig_pass(&rig, 1800);
        starts = rig_shows(&rig, "burner_starts");
        rig_pass(&rig, 3600);
        assert_true(rig_shows(&rig, "burner_starts") - starts < 2);
        rig_close(&rig);
    }
}

static void test_flue_gas(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_steam, 4, NULL);
    rig_pass(&rig, 60);
    double flue = rig_shows(&rig, "flue_gas_temp");
    rig_do(&rig, "o2_drift 9");
    assert_true(rig_until(&rig, "flue_o2", 8.9, true, 90) > 30);
    rig_pass(&rig, 300);
    assert_true(rig_shows(&rig, "flue_gas_temp") > flue + 8);
    rig_do(&rig, "o2_drift 0.5");
    (void)rig_until(&rig, "flue_co", 500, true, 180);
    rig_do(&rig, "nox_step 60");
    rig_step(&rig);
    assert_true(fabs(rig_shows(&rig, "flue_nox") - 60) < 1e-9);
    rig_do(&rig, "fouling 80");
    (void)rig_until(&rig, "flue_gas_temp", 185, true, 600);
    rig_do(&rig, "normal");
    rig_pass(&rig, 600);
    look_at_peace(&rig, 0.8);
    rig_do(&rig, "stop");
    rig_pass(&rig, 120);
    assert_true(rig_shows(&rig, "flue_o2") > 20 && rig_shows(&rig, "flue_co") < 1 &&
                rig_shows(&rig, "fuel_flow") < 0.1);
    rig_close(&rig);
}

static void test_cold_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 4, NULL);
        rig_do(&rig, "cold");
        rig_pass(&rig, 600);
        assert_true(phase(&rig) == 12 && rig_shows(&rig, "outlet_temp") < 27 && rig_shows(&rig, "flame_signal") < 1);
        rig_do(&rig, "start");
        (void)rig_until(&rig, "main_valve_on", 1, true, 90);
        (void)rig_until(&rig, "outlet_temp", i == 0 ? 160 : 80, true, 2 * 3600);
        rig_close(&rig);
    }
}

static void test_gas_leak_fills_the_room(void **state)
{
    (void)state;
    struct rig rig;
    struct room room;
    room_init(&room);
    rig_open(&rig, &plant_steam, 4, NULL);
    rig.around.room = &room;
    rig_do(&rig, "gas_leak 60");
    for (int i = 0; i < 36000; i++) {
        rig_step(&rig);
        room_step(&room, RIG_STEP_S);
    }
    assert_true(fabs(room.lel - 60) < 2);
    rig.around.supply_open = false;
    for (int i = 0; i < 36000; i++) {
        rig_step(&rig);
        room_step(&room, RIG_STEP_S);
    }
    assert_true(room.lel < 1);
    rig_close(&rig);
}

static void test_storm(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 4, NULL);
        rig_pass(&rig, 5);
        rig_do(&rig, "storm");
        (void)rig_until(&rig, "burner_lockout", 1, true, 3);
        assert_true(rig_says(&rig, "lockout_code", "max_flame_loss"));
        if (i == 0)
            (void)rig_until(&rig, "level_ll", 1, true, 120);
        else
            (void)rig_until(&rig, "circ_flow", 1, false, 60);
        assert_true(rig_says(&rig, "lockout_code", "max_flame_loss")); /* the first one counts */
        rig_do(&rig, "normal");
        (void)rig_until(&rig, "main_valve_on", 1, true, 400);
        rig_close(&rig);
    }
}

static void test_wrong_orders(void **state)
{
    (void)state;
    static const char *const wrong[] = {"dance",        "lockout",     "lockout 0",   "lockout x",
                                        "o2_drift",     "o2_drift 22", "nox_step -1", "fouling q",
                                        "gas_leak 201", "start now",   "normal 1",    "reset"};
    for (size_t i = 0; i < KINDS; i++) {
        struct rig rig;
        rig_open(&rig, kinds[i], 4, NULL);
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
            assert_false(rig_order(&rig, wrong[k]));
            assert_true(strlen(rig.why) > 10);
        }
        rig_pass(&rig, 60);
        look_at_peace(&rig, 0.8);
        rig_do(&rig, "lockout 21");
        rig_pass(&rig, 2);
        assert_true(lround(rig_shows(&rig, "error_code")) == 21 && phase(&rig) == 0);
        rig_close(&rig);
    }
    struct rig rig;
    rig_open(&rig, &plant_hot_water, 4, NULL);
    assert_false(rig_order(&rig, "low_water"));
    rig_close(&rig);
}

static void test_same_seed_same_life(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        uint64_t first = rig_trace(kinds[i], 9, "short_cycle", 900);
        assert_true(first == rig_trace(kinds[i], 9, "short_cycle", 900));
        assert_true(first != rig_trace(kinds[i], 10, "short_cycle", 900));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_start_and_a_stop_phase_by_phase),
        cmocka_unit_test(test_valves_are_proved),
        cmocka_unit_test(test_a_valve_that_leaks_locks_out),
        cmocka_unit_test(test_nothing_burns_without_prepurge),
        cmocka_unit_test(test_the_water_of_a_drum_balances),
        cmocka_unit_test(test_the_heat_of_a_drum_balances),
        cmocka_unit_test(test_the_heat_of_a_circuit_balances),
        cmocka_unit_test(test_steam_is_as_hot_as_its_pressure),
        cmocka_unit_test(test_a_day_of_steam_is_quiet),
        cmocka_unit_test(test_a_day_of_hot_water_is_quiet),
        cmocka_unit_test(test_the_nameplate_scales_it),
        cmocka_unit_test(test_long_steps),
        cmocka_unit_test(test_low_water),
        cmocka_unit_test(test_low_water_for_an_hour),
        cmocka_unit_test(test_pump_stop_and_high_water),
        cmocka_unit_test(test_over_pressure_ends_at_the_safety_valve),
        cmocka_unit_test(test_control_fails),
        cmocka_unit_test(test_over_temp_stays_below_what_breaks),
        cmocka_unit_test(test_a_lost_flame_stays_lost),
        cmocka_unit_test(test_what_keeps_a_burner_from_starting),
        cmocka_unit_test(test_gas_gone_is_no_lockout),
        cmocka_unit_test(test_mains_gone_and_back),
        cmocka_unit_test(test_circulation_stops),
        cmocka_unit_test(test_flash),
        cmocka_unit_test(test_oil_leaks),
        cmocka_unit_test(test_short_cycling),
        cmocka_unit_test(test_flue_gas),
        cmocka_unit_test(test_cold_start),
        cmocka_unit_test(test_gas_leak_fills_the_room),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_wrong_orders),
        cmocka_unit_test(test_same_seed_same_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
