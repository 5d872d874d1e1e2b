/* boiler: what all boilers are made of beside their water: nameplate, burner, control of the fire, flue gas, load,
 * and what a person can do to them. Steam is in plant_steam.c, hot water and thermal oil in plant_circuit.c.
 *
 *   control   x = (actual - set) / span, by pressure or by temperature. On below x = -1, off above +1; in between the
 *             fire is modulated from full (x <= -0.6) to low fire (x >= +0.6)
 *   load      of the rated output: 0.55 + 0.15 sin(2 pi t / 25 min) and a wandering of 0.05 (deviation, 60 s)
 *   flue O2   5 - 1.5 rate %; a damaged linkage drives it to what `o2_drift` says, 0.08 %/s
 *   flue CO   12 + 3000 exp(-O2 / 0.4) ppm: nothing to speak of above 3 %, hundreds of ppm below 1 %
 *   flue NOx  18 (0.9 + 0.2 rate) ppm at 3.5 % O2, thinned as (21 - O2) / 17.5; at most 3/4 of the nameplate's limit
 *   flue temp 100 + 50 rate Cel, 4 K hotter for each % of O2 above 3.5, within 60 s; at full fire 15 K below its limit
 *   losses    as a control room that computes them itself would show: lambda 21/(21-O2), q2 = (0.5 + 3.45 lambda)
 *             (T_flue - T_air)/100, q3 = 3.2 lambda CO(%), q5 2.9 % (GB/T 10180, 4 t/h and less), NOx 2.05 and CO
 *             1.25 mg/m3 for each ppm, at 3.5 % O2
 *   fuel      useful heat / (0.92 * lower heating value); natural gas 35.6 MJ/m3, oil 42.7 MJ/kg
 *
 * Sources: excess air and flue loss as in 1. BImSchV; natural gas by GB 17820 (2nd class: at least 31.4 MJ/m3);
 * low-NOx burners 30 mg/m3 and more. The rest are engineering choices: a burner of middling age in good order. */
#ifndef OUTPOST_FIRMWARE_SIM_BOILER_H
#define OUTPOST_FIRMWARE_SIM_BOILER_H

#include <stdbool.h>

#include "firmware-sim/burner.h"
#include "firmware-sim/plant.h"

#define BOILER_AMBIENT_CEL 26.0
#define BOILER_Q5_PCT      2.9
#define BOILER_HOUR_S      3600.0
#define KW_PER_T_H         700.0 /* a boiler of 0.7 MW counts as one of 1 t/h */

/* By its nameplate: the site file's settings, else a boiler of 2 t/h, 0.8 MPa. */
struct nameplate {
    double rated_t_h;
    double working_mpa;
    double blow_mpa; /* the safety valve's lowest set pressure */
    double outlet_max_cel;
    double circ_m3_h;
    double low_level_pct;
    double flue_limit_cel;
    double nox_ppm;
    double fuel_kj_m3;
    const char *fuel;
};

/* What is broken. */
struct troubles {
    bool control_stuck; /* full fire whatever the pressure */
    bool limiter_stuck;
    bool no_pump; /* feed pump, circulation pump */
    bool drain;   /* water runs out */
    bool flood;   /* feed valve stuck open */
    bool short_cycle;
    bool no_load; /* the consumers have shut */
    double o2;    /* to which it drifts; NaN: it does not */
    double nox;   /* stands at; NaN: it does not */
    double fouling_k;
    double gas_leak_lel;     /* what the leak makes of the room while no fan runs */
    double water_fails_in_s; /* the pump stops and a drain opens; 0: not */
};

struct boiler {
    struct nameplate plate;
    struct burner burner;
    struct troubles troubles;
    bool power;
    bool demand;
    bool filling;      /* quickly, until the level is back */
    double attended_s; /* who repaired it still stands by */
    double load;       /* of rated output */
    double load_noise;
    double phase; /* of the load, at the start */
    double age_s;
    double o2;
    double nox;
    double co;
    double flue_cel;
};

struct boiler_control {
    double actual;
    double set;
    double span;
    enum burner_cause chain;
};

/* id, unit, value; in the words of `boiler` */
#define BOILER_SIGNALS(X)                                                                                              \
    X("burner_phase", NULL, plant_code(boiler->burner.phase, burner_phase_word(boiler->burner.phase)))                 \
    X("burner_status", NULL, boiler_status(boiler))                                                                    \
    X("burner_state", NULL, plant_number(boiler->burner.phase / 2))                                                    \
    X("flame_present", NULL, plant_truth(burner_flame(&boiler->burner) > 0.1))                                         \
    X("flame_signal", "%", plant_number(100 * burner_flame(&boiler->burner)))                                          \
    X("flame_voltage", "V", plant_number(4 * burner_flame(&boiler->burner)))                                           \
    X("ignition_on", NULL, plant_truth(burner_sparks(&boiler->burner)))                                                \
    X("pilot_valve_on", NULL, plant_truth(burner_pilot_open(&boiler->burner)))                                         \
    X("main_valve1_on", NULL, plant_truth(burner_main_open(&boiler->burner)))                                          \
    X("main_valve2_on", NULL, plant_truth(burner_main_open(&boiler->burner)))                                          \
    X("main_valve_on", NULL, plant_truth(burner_main_open(&boiler->burner)))                                           \
    X("burner_lockout", NULL, plant_truth(burner_is_locked(&boiler->burner)))                                          \
    X("lockout_code", NULL, plant_code(boiler->burner.error, burner_cause_word(boiler->burner.cause)))                 \
    X("lockout_code_raw", NULL, plant_number(boiler->burner.error))                                                    \
    X("error_class", NULL, boiler_error_class(boiler))                                                                 \
    X("error_code", NULL, plant_number(boiler->burner.error))                                                          \
    X("error_phase", NULL, plant_code(boiler->burner.error_phase, burner_phase_word(boiler->burner.error_phase)))      \
    X("error_phase_raw", NULL, plant_number(boiler->burner.error_phase))                                               \
    X("firing_rate", "%", plant_number(100 * boiler->burner.rate))                                                     \
    X("fuel_type", NULL, plant_code(0, boiler->plate.fuel))                                                            \
    X("fuel_actuator_pos", "deg", plant_number(90 * boiler->burner.rate))                                              \
    X("air_actuator_pos", "deg", plant_number(90 * boiler->burner.damper))                                             \
    X("actuator_pos", NULL, boiler_actuator(boiler))                                                                   \
    X("vsd_output", "%", plant_number(burner_fan_runs(&boiler->burner) ? 40 + 55 * boiler->burner.damper : 0))         \
    X("fan_speed", NULL, plant_number(burner_fan_runs(&boiler->burner) ? 1500 + 3000 * boiler->burner.damper : 0))     \
    X("fd_fan_on", NULL, plant_truth(burner_fan_runs(&boiler->burner)))                                                \
    X("id_fan_on", NULL, plant_truth(burner_fan_runs(&boiler->burner)))                                                \
    X("burner_hours", "h", plant_number(boiler->burner.fired_s / BOILER_HOUR_S))                                       \
    X("burner_starts", NULL, plant_number(boiler->burner.starts))                                                      \
    X("lockout_count", NULL, plant_number(boiler->burner.lockouts))                                                    \
    X("fuel_flow", "m3/h", plant_number(boiler_fuel_kw(boiler) / boiler->plate.fuel_kj_m3 * BOILER_HOUR_S))            \
    X("fuel_mass_flow", "kg/h", plant_number(boiler_fuel_kw(boiler) / 42700 * BOILER_HOUR_S))                          \
    X("fuel_pressure", "kPa", plant_number(boiler->burner.gas ? 10 - 0.8 * burner_heat(&boiler->burner) : 0))          \
    X("fuel_lhv", "kJ/m3", plant_number(boiler->plate.fuel_kj_m3))                                                     \
    X("furnace_pressure", "Pa", plant_number(250 * burner_heat(&boiler->burner)))                                      \
    X("furnace_temp", "Cel", plant_number(boiler->flue_cel + 900 * burner_heat(&boiler->burner)))                      \
    X("flue_gas_temp", "Cel", plant_number(boiler->flue_cel))                                                          \
    X("flue_gas_temp_front", "Cel", plant_number(boiler->flue_cel + 70 * burner_heat(&boiler->burner)))                \
    X("flue_o2", "%", plant_number(boiler->o2))                                                                        \
    X("flue_co2", "%", plant_number(11.9 * (20.9 - boiler->o2) / 20.9))                                                \
    X("flue_co", "[ppm]", plant_number(boiler->co))                                                                    \
    X("flue_nox", "[ppm]", plant_number(boiler->nox))                                                                  \
    X("flue_so2", "[ppm]", plant_number(0))                                                                            \
    X("lambda", NULL, plant_number(boiler_lambda(boiler)))                                                             \
    X("q2", "%", plant_number(boiler_q2(boiler)))                                                                      \
    X("q3", "%", plant_number(boiler_q3(boiler)))                                                                      \
    X("q5", "%", plant_number(BOILER_Q5_PCT))                                                                          \
    X("efficiency", "%", plant_number(boiler_efficiency(boiler)))                                                      \
    X("nox_mgm3_ref", "mg/m3", plant_number(2.05 * boiler->nox * boiler_dilution(boiler)))                             \
    X("so2_mgm3_ref", "mg/m3", plant_number(0))                                                                        \
    X("co_mgm3_ref", "mg/m3", plant_number(1.25 * boiler->co * boiler_dilution(boiler)))                               \
    X("ambient_temp", "Cel", plant_number(BOILER_AMBIENT_CEL))                                                         \
    X("ambient_pressure", "kPa", plant_number(101.3))                                                                  \
    X("outdoor_temp", "Cel", plant_number(8))                                                                          \
    X("soft_water_hardness", NULL, plant_number(0.01))                                                                 \
    X("boiler_water_ph", NULL, plant_number(10.6))                                                                     \
    X("conductivity", NULL, plant_number(2400))

#define BOILER_ROW(id_, unit_, value_)   {(id_), (unit_)},
#define BOILER_VALUE(id_, unit_, value_) (value_),

/* Every kind also has `refill` and `cold`, which need to know its water. */
#define BOILER_ACTIONS                                                                                                 \
    "start | stop | reset | lockout N | flame_loss | no_ignition | parasitic | fan_fail | prove | valve_leak"          \
    " | pump_stop | control_fail | short_cycle | o2_drift PERCENT | nox_step PPM | fouling K | gas_leak LEL | normal"

void boiler_open(struct boiler *boiler, struct random *random);
void boiler_configure(struct boiler *boiler, const struct settings *settings);

/* Load, control, burner, flue gas and what leaks; the water comes after it, in the file of its kind. */
void boiler_step(struct boiler *boiler, const struct boiler_control *control, double dt_s,
                 const struct surroundings *around, struct random *random);

double boiler_rated_kw(const struct boiler *boiler);
double boiler_heat_kw(const struct boiler *boiler); /* into the water, now */
double boiler_fuel_kw(const struct boiler *boiler);
double boiler_lambda(const struct boiler *boiler);   /* 21/(21-O2); 0 without fire */
double boiler_dilution(const struct boiler *boiler); /* to 3.5 % O2; 0 without fire */
double boiler_q2(const struct boiler *boiler);       /* %; 0 without fire */
double boiler_q3(const struct boiler *boiler);
double boiler_efficiency(const struct boiler *boiler);
struct value boiler_status(const struct boiler *boiler); /* as a SOLA numbers them */
struct value boiler_error_class(const struct boiler *boiler);
struct value boiler_actuator(const struct boiler *boiler);

/* What every boiler understands; BOILER_REFUSES with a sentence. */
enum boiler_answer { BOILER_DOES, BOILER_REFUSES, BOILER_KNOWS_NOT };
enum boiler_answer boiler_act(struct boiler *boiler, char *const *words, size_t count, struct text *why);
void boiler_cool(struct boiler *boiler); /* as after days: the burner is off and cold */
void boiler_describe(const struct boiler *boiler, struct text *out);

#endif
