#include "firmware-sim/boiler.h"

#include <math.h>

#define EFFICIENCY    0.92
#define LOAD_MEAN     0.55
#define LOAD_SWING    0.15
#define LOAD_PERIOD_S 1500.0
#define LOAD_NOISE    0.05
#define LOAD_NOISE_S  60.0
#define LOAD_SMALL    0.08 /* while it short-cycles, and when the consumers shut */
#define BAND_NORMAL   1.0
#define BAND_SMALL    0.1 /* somebody set the switching differential to almost nothing */
#define MODULATION    0.6
#define ATTENDED_S    120.0
#define FLUE_LAG_S    60.0
#define FLUE_COLD_CEL 60.0
#define O2_AIR        20.9
#define O2_LAG_S      10.0
#define O2_DRIFT_S    0.08 /* %/s */
#define O2_REF        3.5
#define NOX_PPM       18.0
#define NOX_MG_PPM    2.05
#define TAU           6.283185307179586

static struct troubles no_troubles(void)
{
    return (struct troubles){.o2 = (double)NAN, .nox = (double)NAN};
}

void boiler_open(struct boiler *boiler, struct random *random)
{
    static const struct settings none = {.count = 0};
    *boiler = (struct boiler){.power = true,
                              .demand = true,
                              .troubles = no_troubles(),
                              .load = LOAD_MEAN,
                              .phase = random_between(random, 0, TAU),
                              .o2 = 5 - 1.5 * 0.5,
                              .flue_cel = 125};
    burner_open(&boiler->burner, random);
    boiler_configure(boiler, &none);
}

void boiler_configure(struct boiler *boiler, const struct settings *settings)
{
    struct nameplate *plate = &boiler->plate;
    double rated_mw = setting_number(settings, "rated_output_mw", 2 * KW_PER_T_H / 1000);
    double nox_limit = setting_number(settings, "nox_limit", 2000);
    plate->rated_t_h = setting_number(settings, "rated_output", rated_mw * 1000 / KW_PER_T_H);
    plate->working_mpa = setting_number(settings, "working_pressure", 0.8);
    /* TSG 11: at most 0.03 MPa above the working pressure up to 0.8 MPa, 4 % above that */
    plate->blow_mpa = plate->working_mpa + fmax(0.03, 0.04 * plate->working_mpa);
    plate->blow_mpa = setting_number(settings, "safety_valve_pressure", plate->blow_mpa);
    plate->outlet_max_cel = setting_number(settings, "outlet_temp_max", 0);
    plate->circ_m3_h = setting_number(settings, "circ_flow_rated", 0);
    plate->low_level_pct = setting_number(settings, "low_level", 30);
    plate->flue_limit_cel = setting_number(settings, "flue_limit", 170);
    plate->nox_ppm = fmin(NOX_PPM, 0.75 * nox_limit / NOX_MG_PPM);
    plate->fuel_kj_m3 = setting_number(settings, "fuel_lhv", 35600);
    plate->fuel = setting_text(settings, "fuel", "natural_gas");
}

double boiler_rated_kw(const struct boiler *boiler)
{
    return boiler->plate.rated_t_h * KW_PER_T_H;
}

double boiler_heat_kw(const struct boiler *boiler)
{
    return burner_heat(&boiler->burner) * boiler_rated_kw(boiler);
}

double boiler_fuel_kw(const struct boiler *boiler)
{
    return boiler_heat_kw(boiler) / EFFICIENCY;
}

/* --- stepping --- */

static void step_load(struct boiler *boiler, double dt_s, struct random *random)
{
    double keeps = exp(-dt_s / LOAD_NOISE_S);
    boiler->load_noise = boiler->load_noise * keeps + LOAD_NOISE * sqrt(1 - keeps * keeps) * random_bell(random);
    double load =
        LOAD_MEAN + LOAD_SWING * sin(TAU * boiler->age_s / LOAD_PERIOD_S + boiler->phase) + boiler->load_noise;
    bool small = boiler->troubles.short_cycle || boiler->troubles.no_load;
    boiler->load = small ? LOAD_SMALL : fmin(fmax(load, 0.3), 0.9);
}

static void step_fire(struct boiler *boiler, const struct boiler_control *control, double dt_s, bool gas,
                      struct random *random)
{
    double band = boiler->troubles.short_cycle ? BAND_SMALL : BAND_NORMAL;
    double x = (control->actual - control->set) / control->span;
    if (x < -band)
        boiler->demand = true;
    if (x > band)
        boiler->demand = false;
    struct burner_inputs inputs = {.power = boiler->power,
                                   .gas = gas,
                                   .demand = boiler->demand || boiler->troubles.control_stuck,
                                   .rate = 0.5 - 0.5 * x / MODULATION,
                                   .chain = control->chain,
                                   .attended = boiler->attended_s > 0};
    if (boiler->troubles.control_stuck)
        inputs.rate = 1;
    burner_step(&boiler->burner, &inputs, dt_s, random);
}

static bool burns(const struct boiler *boiler)
{
    return burner_main_open(&boiler->burner) && boiler->burner.lit;
}

static void step_flue(struct boiler *boiler, double dt_s)
{
    const struct burner *burner = &boiler->burner;
    const struct troubles *troubles = &boiler->troubles;
    bool fire = burns(boiler);
    double wanted = fire ? 5 - 1.5 * burner->rate : O2_AIR;
    if (fire && !isnan(troubles->o2))
        boiler->o2 += fmin(fmax(troubles->o2 - boiler->o2, -O2_DRIFT_S * dt_s), O2_DRIFT_S * dt_s);
    else
        boiler->o2 = plant_approach(boiler->o2, wanted, dt_s, O2_LAG_S);
    double thinned = (21 - boiler->o2) / (21 - O2_REF);
    double nox = !isnan(troubles->nox) ? troubles->nox : boiler->plate.nox_ppm * (0.9 + 0.2 * burner->rate) * thinned;
    double co = 12 + 3000 * exp(-boiler->o2 / 0.4);
    boiler->nox = fire ? nox : plant_approach(boiler->nox, 0, dt_s, O2_LAG_S);
    boiler->co = plant_approach(boiler->co, fire ? co : 0, dt_s, O2_LAG_S);
    double full = fmin(150, boiler->plate.flue_limit_cel - 15);
    double flue = full - 50 * (1 - burner->rate) + 4 * fmax(0, boiler->o2 - O2_REF) + troubles->fouling_k;
    boiler->flue_cel = plant_approach(boiler->flue_cel, fire ? flue : FLUE_COLD_CEL, dt_s, FLUE_LAG_S);
}

void boiler_step(struct boiler *boiler, const struct boiler_control *control, double dt_s,
                 const struct surroundings *around, struct random *random)
{
    struct troubles *troubles = &boiler->troubles;
    boiler->power = around->power;
    boiler->age_s += dt_s;
    boiler->attended_s = fmax(0, boiler->attended_s - dt_s);
    if (troubles->water_fails_in_s > 0 && troubles->water_fails_in_s <= dt_s)
        troubles->no_pump = troubles->drain = true;
    troubles->water_fails_in_s = fmax(0, troubles->water_fails_in_s - dt_s);
    step_load(boiler, dt_s, random);
    step_fire(boiler, control, dt_s, around->supply_open, random);
    step_flue(boiler, dt_s);
    const struct room *room = around->room;
    if (room == NULL || !around->supply_open)
        return;
    room_release(around->room, troubles->gas_leak_lel * room->volume_m3 * room->air_changes_h / 3600 * dt_s);
}

/* --- showing --- */

double boiler_lambda(const struct boiler *boiler)
{
    return burns(boiler) ? 21 / (21 - fmin(boiler->o2, 20)) : 0;
}

double boiler_dilution(const struct boiler *boiler)
{
    return boiler_lambda(boiler) * (21 - O2_REF) / 21;
}

double boiler_q2(const struct boiler *boiler)
{
    return burns(boiler) ? (0.5 + 3.45 * boiler_lambda(boiler)) * (boiler->flue_cel - BOILER_AMBIENT_CEL) / 100 : 0;
}

double boiler_q3(const struct boiler *boiler)
{
    return 3.2e-4 * boiler_lambda(boiler) * boiler->co;
}

double boiler_efficiency(const struct boiler *boiler)
{
    return burns(boiler) ? 100 - boiler_q2(boiler) - boiler_q3(boiler) - BOILER_Q5_PCT : 0;
}

struct value boiler_status(const struct boiler *boiler)
{
    enum burner_phase phase = boiler->burner.phase;
    if (burner_is_locked(&boiler->burner))
        return plant_code(1, "lockout");
    if (boiler->burner.off)
        return plant_code(0, "disabled");
    if (phase == PHASE_STANDBY || phase == PHASE_HOME)
        return plant_code(16, "standby");
    if (phase == PHASE_SHORTAGE)
        return plant_code(2, "hold");
    if (phase >= PHASE_AFTERBURN)
        return plant_code(19, "postpurge");
    return phase >= PHASE_OPERATION ? plant_code(18, "firing") : plant_code(17, "preparing");
}

struct value boiler_error_class(const struct boiler *boiler)
{
    if (burner_is_locked(&boiler->burner))
        return plant_code(4, "lockout");
    if (boiler->burner.phase == PHASE_SHORTAGE)
        return plant_code(2, "start_prevented");
    return plant_code(0, "none");
}

struct value boiler_actuator(const struct boiler *boiler)
{
    enum burner_phase phase = boiler->burner.phase;
    if (phase == PHASE_OPERATION)
        return plant_code(4, "auto");
    if (phase == PHASE_PREPURGE)
        return plant_code(1, "high_fire");
    return burner_main_open(&boiler->burner) ? plant_code(2, "low_fire") : plant_code(3, "closed");
}

void boiler_describe(const struct boiler *boiler, struct text *out)
{
    const struct burner *burner = &boiler->burner;
    text_add(out, "phase %d %s, fire %.0f %%, load %.0f %%", (int)burner->phase, burner_phase_word(burner->phase),
             100 * burner_heat(burner), 100 * boiler->load);
    if (burner->cause != CAUSE_NONE)
        text_add(out, ", LOCKED OUT: %s", burner_cause_sentence(burner->cause));
    if (!boiler->power)
        text_add(out, ", NO POWER");
}

/* --- what people do --- */

void boiler_cool(struct boiler *boiler)
{
    struct burner *burner = &boiler->burner;
    burner->phase = PHASE_STANDBY;
    burner->off = true;
    burner->lit = false;
    burner->rate = burner->seen = burner->damper = 0;
    boiler->flue_cel = BOILER_AMBIENT_CEL;
}

static void repair(struct boiler *boiler)
{
    boiler->troubles = no_troubles();
    boiler->filling = true;
    boiler->attended_s = ATTENDED_S;
    burner_mend(&boiler->burner);
}

static void break_something(struct boiler *boiler, const char *word, bool *ret_known)
{
    struct burner *burner = &boiler->burner;
    struct troubles *troubles = &boiler->troubles;
    const struct {
        const char *word;
        bool *flag;
    } breaks[] = {
        {"flame_loss", &burner->snuff},          {"no_ignition", &burner->no_ignition},
        {"parasitic", &burner->parasitic},       {"fan_fail", &burner->no_air},
        {"pump_stop", &troubles->no_pump},       {"control_fail", &troubles->control_stuck},
        {"short_cycle", &troubles->short_cycle}, {"prove", &burner->proves},
        {"valve_leak", &burner->leaky},
    };
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        if (!text_equals(word, breaks[i].word))
            continue;
        *breaks[i].flag = true;
        *ret_known = true;
    }
}

static enum boiler_answer act_alone(struct boiler *boiler, const char *word, struct text *why)
{
    bool known = text_equals(word, "start") || text_equals(word, "stop") || text_equals(word, "normal");
    if (text_equals(word, "reset"))
        return burner_reset(&boiler->burner, why) ? BOILER_DOES : BOILER_REFUSES;
    if (text_equals(word, "normal"))
        repair(boiler);
    else if (known)
        boiler->burner.off = text_equals(word, "stop");
    else
        break_something(boiler, word, &known);
    return known ? BOILER_DOES : BOILER_KNOWS_NOT;
}

static enum boiler_answer lock_out(struct boiler *boiler, const char *word, struct text *why)
{
    long long error;
    if (text_to_integer(word, 1, 255, &error)) {
        burner_lock_out(&boiler->burner, (int)error, CAUSE_OTHER);
        return BOILER_DOES;
    }
    (void)text_refuse(why, "lockout takes an error code of the burner control, 1 to 255, not \"%.40s\"", word);
    return BOILER_REFUSES;
}

static enum boiler_answer act_with(struct boiler *boiler, const char *word, const char *amount, struct text *why)
{
    struct troubles *troubles = &boiler->troubles;
    const struct {
        const char *word;
        double high;
        double *number;
    } amounts[] = {
        {"o2_drift", 20, &troubles->o2},
        {"nox_step", 2000, &troubles->nox},
        {"fouling", 250, &troubles->fouling_k},
        {"gas_leak", 200, &troubles->gas_leak_lel},
    };
    if (text_equals(word, "lockout"))
        return lock_out(boiler, amount, why);
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        double number;
        if (!text_equals(word, amounts[i].word))
            continue;
        if (!text_to_number(amount, &number) || number < 0 || number > amounts[i].high) {
            (void)text_refuse(why, "%s takes a number from 0 to %g, not \"%.40s\"", word, amounts[i].high, amount);
            return BOILER_REFUSES;
        }
        *amounts[i].number = number;
        return BOILER_DOES;
    }
    return BOILER_KNOWS_NOT;
}

enum boiler_answer boiler_act(struct boiler *boiler, char *const *words, size_t count, struct text *why)
{
    if (count == 1)
        return act_alone(boiler, words[0], why);
    return count == 2 ? act_with(boiler, words[0], words[1], why) : BOILER_KNOWS_NOT;
}
