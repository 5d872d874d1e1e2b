#include "firmware-sim/burner.h"

#include <math.h>

#include "firmware-sim/plant.h"

#define STEP_S          3.0 /* of the short phases */
#define DAMPER_S        12.0
#define POSTPURGE_S     10.0
#define PROVE_MOVE_S    3.0  /* to evacuate and to fill */
#define PROVE_TEST_S    10.0 /* each of the two tests */
#define AFTERBURN_S     3.0
#define RATE_S          30.0 /* from nothing to full fire */
#define IGNITES_S       0.6  /* after the pilot valve opened */
#define FLAME_LAG_S     0.2
#define FLAME_SEEN      0.1
#define FLAME_PILOT     0.45
#define FLAME_MAIN      0.82
#define FLAME_PARASITIC 0.3
#define FLAME_FAILS_S   0.9 /* with its lag: 1 s */
#define STRAY_LIGHT_S   5.0
#define IGNITION_DAMPER 0.2
#define STARTS_BEFORE   1840.0
#define HOURS_BEFORE    6210.0
#define LOCKOUTS_BEFORE 23.0
#define PART_S          0.25 /* the program does not skip a phase when time passes in longer steps */

void burner_open(struct burner *burner, struct random *random)
{
    *burner = (struct burner){.phase = PHASE_OPERATION,
                              .gas = true,
                              .lit = true,
                              .seen = FLAME_MAIN,
                              .damper = 0.5,
                              .rate = 0.5,
                              .starts = STARTS_BEFORE + random_below(random, 500),
                              .lockouts = LOCKOUTS_BEFORE,
                              .fired_s = HOURS_BEFORE * 3600};
}

/* --- what is on in which phase --- */

static bool is_locked(enum burner_phase phase)
{
    return phase == PHASE_LOCKOUT || phase == PHASE_SAFETY;
}

static bool is_between(const struct burner *burner, enum burner_phase first, enum burner_phase last)
{
    return !burner->dark && burner->phase >= first && burner->phase <= last;
}

bool burner_is_locked(const struct burner *burner)
{
    return is_locked(burner->phase);
}

bool burner_fan_runs(const struct burner *burner)
{
    return is_between(burner, PHASE_FAN, PHASE_POSTPURGE_END) && !burner->no_air;
}

bool burner_sparks(const struct burner *burner)
{
    return is_between(burner, PHASE_SPARK, PHASE_PILOT);
}

bool burner_pilot_open(const struct burner *burner)
{
    return is_between(burner, PHASE_PILOT, PHASE_MAIN);
}

bool burner_main_open(const struct burner *burner)
{
    return is_between(burner, PHASE_MAIN, PHASE_TO_LOW);
}

double burner_heat(const struct burner *burner)
{
    if (!burner->lit)
        return 0;
    return burner_main_open(burner) ? burner->rate : 0.01;
}

double burner_flame(const struct burner *burner)
{
    double flicker = burner->lit ? burner->flicker : 0;
    return fmin(fmax(burner->seen + flicker, 0), 1);
}

/* --- the program --- */

static void enter(struct burner *burner, enum burner_phase phase)
{
    burner->phase = phase;
    burner->in_phase_s = 0;
    burner->starts += phase == PHASE_SPARK ? 1 : 0;
    if (!burner_main_open(burner))
        burner->rate = 0;
}

void burner_lock_out(struct burner *burner, int error, enum burner_cause cause)
{
    if (is_locked(burner->phase))
        return;
    burner->error = error;
    burner->error_phase = burner->phase;
    burner->cause = cause;
    burner->lockouts++;
    enter(burner, PHASE_SAFETY);
}

static void lock_out_for(struct burner *burner, enum burner_cause cause)
{
    burner_lock_out(burner, burner_error_of(cause), cause);
}

static double damper_wanted(const struct burner *burner)
{
    if (is_between(burner, PHASE_TO_PREPURGE, PHASE_PREPURGE))
        return 1;
    if (is_between(burner, PHASE_TO_POSTPURGE, PHASE_POSTPURGE_END))
        return 0.6;
    if (is_between(burner, PHASE_TO_IGNITION, PHASE_TO_LOW))
        return IGNITION_DAMPER + (1 - IGNITION_DAMPER) * fmax(0, burner->rate - BURNER_LOW_FIRE);
    return 0;
}

static bool damper_is_there(const struct burner *burner)
{
    return fabs(burner->damper - damper_wanted(burner)) < 0.01 && burner->in_phase_s >= STEP_S;
}

/* What comes after a phase that is simply over after a while. */
static const struct {
    enum burner_phase phase;
    double lasts_s;
    enum burner_phase next;
} timed[] = {
    {PHASE_SAFETY, 1, PHASE_LOCKOUT},
    {PHASE_FAN, STEP_S, PHASE_TO_PREPURGE},
    {PHASE_PREPURGE, BURNER_PREPURGE_S, PHASE_TO_IGNITION},
    {PHASE_SPARK, STEP_S, PHASE_PILOT},
    {PHASE_PILOT, STEP_S, PHASE_SPARK_OFF},
    {PHASE_SPARK_OFF, STEP_S, PHASE_INTERVAL_1},
    {PHASE_INTERVAL_1, STEP_S, PHASE_MAIN},
    {PHASE_MAIN, STEP_S, PHASE_INTERVAL_2},
    {PHASE_INTERVAL_2, STEP_S, PHASE_OPERATION},
    {PHASE_AFTERBURN, AFTERBURN_S, PHASE_TO_POSTPURGE},
    {PHASE_POSTPURGE, POSTPURGE_S, PHASE_POSTPURGE_END},
    {PHASE_POSTPURGE_END, STEP_S, PHASE_HOME},
    {PHASE_PROVE_EVACUATE, PROVE_MOVE_S, PHASE_PROVE_ATMOSPHERE},
    {PHASE_PROVE_ATMOSPHERE, PROVE_TEST_S, PHASE_PROVE_FILL},
    {PHASE_PROVE_FILL, PROVE_MOVE_S, PHASE_PROVE_PRESSURE},
    {PHASE_PROVE_PRESSURE, PROVE_TEST_S, PHASE_HOME},
};

/* And after one that is over when the damper is where it should be. */
static const struct {
    enum burner_phase phase;
    enum burner_phase next;
} driven[] = {
    {PHASE_TO_PREPURGE, PHASE_PREPURGE},
    {PHASE_TO_IGNITION, PHASE_SPARK},
    {PHASE_TO_POSTPURGE, PHASE_POSTPURGE},
    {PHASE_HOME, PHASE_STANDBY},
};

/* A time is over. Pressure that comes back between closed valves is gas through the first. */
static void leave(struct burner *burner, enum burner_phase next)
{
    if (burner->phase == PHASE_PROVE_ATMOSPHERE && burner->leaky)
        lock_out_for(burner, CAUSE_VALVES);
    else
        enter(burner, burner->phase == PHASE_POSTPURGE_END && burner->proves ? PHASE_PROVE_EVACUATE : next);
}

static void follow_program(struct burner *burner, bool wanted)
{
    enum burner_phase phase = burner->phase;
    if (phase == PHASE_STANDBY && wanted && burner->chain == CAUSE_NONE)
        enter(burner, burner->gas ? PHASE_FAN : PHASE_SHORTAGE);
    else if (phase == PHASE_SHORTAGE && (burner->gas || !wanted))
        enter(burner, PHASE_HOME);
    else if (phase == PHASE_OPERATION && !wanted)
        enter(burner, PHASE_TO_LOW);
    else if (phase == PHASE_TO_LOW && burner->rate <= BURNER_LOW_FIRE && burner->in_phase_s >= STEP_S)
        enter(burner, PHASE_AFTERBURN);
    for (size_t i = 0; i < sizeof timed / sizeof *timed && burner->phase == phase; i++) {
        if (timed[i].phase == phase && burner->in_phase_s >= timed[i].lasts_s)
            leave(burner, timed[i].next);
    }
    for (size_t i = 0; i < sizeof driven / sizeof *driven && burner->phase == phase; i++) {
        if (driven[i].phase == phase && damper_is_there(burner))
            enter(burner, driven[i].next);
    }
}

/* --- flame and its supervision --- */

static void burn(struct burner *burner, double dt_s, struct random *random)
{
    bool ignites = burner->phase == PHASE_PILOT && burner->in_phase_s >= IGNITES_S && !burner->no_ignition;
    bool fed = burner->gas && (burner_pilot_open(burner) || burner_main_open(burner));
    burner->lit = fed && (burner->lit || ignites);
    if (burner->snuff && burner->lit && burner->phase >= PHASE_OPERATION) {
        burner->lit = false;
        burner->snuff = false;
    }
    double flame = burner_main_open(burner) ? FLAME_MAIN : FLAME_PILOT;
    double light = fmax(burner->lit ? flame : 0, burner->parasitic && !burner->dark ? FLAME_PARASITIC : 0);
    burner->seen = plant_approach(burner->seen, light, dt_s, FLAME_LAG_S);
    burner->flicker = 0.02 * random_bell(random);
}

static void move_damper_and_gas(struct burner *burner, double wanted, double dt_s)
{
    double travel = dt_s / DAMPER_S;
    double off = damper_wanted(burner) - burner->damper;
    burner->damper += burner->dark ? 0 : fmin(fmax(off, -travel), travel);
    double target = burner->phase == PHASE_OPERATION ? fmin(fmax(wanted, BURNER_LOW_FIRE), 1) : BURNER_LOW_FIRE;
    double change = dt_s / RATE_S;
    if (!burner_main_open(burner))
        burner->rate = 0;
    else if (burner->rate < BURNER_LOW_FIRE)
        burner->rate = BURNER_LOW_FIRE;
    else
        burner->rate += fmin(fmax(target - burner->rate, -change), change);
}

/* Locks out for what must not be. The gas is looked at first: without it the flame is gone for no fault of the
 * burner. */
static void supervise(struct burner *burner, double dt_s, bool attended)
{
    bool must = is_between(burner, PHASE_SPARK_OFF, PHASE_TO_LOW);
    bool may = is_between(burner, PHASE_PILOT, PHASE_AFTERBURN);
    bool seen = burner->seen >= FLAME_SEEN;
    burner->gone_s = must && !seen ? burner->gone_s + dt_s : 0;
    burner->here_s = seen && !may && !is_locked(burner->phase) ? burner->here_s + dt_s : 0;
    if (is_between(burner, PHASE_FAN, PHASE_TO_LOW) && !burner->gas)
        enter(burner, PHASE_SHORTAGE);
    else if (is_between(burner, PHASE_FAN, PHASE_TO_LOW) && burner->chain != CAUSE_NONE && attended)
        enter(burner, PHASE_AFTERBURN);
    else if (is_between(burner, PHASE_FAN, PHASE_TO_LOW) && burner->chain != CAUSE_NONE)
        lock_out_for(burner, burner->chain);
    else if (is_between(burner, PHASE_PREPURGE, PHASE_TO_LOW) && burner->no_air)
        lock_out_for(burner, CAUSE_NO_AIR);
    else if (burner->gone_s >= FLAME_FAILS_S)
        lock_out_for(burner, burner->phase < PHASE_MAIN ? CAUSE_NO_FLAME : CAUSE_FLAME_LOST);
    else if (burner->here_s >= STRAY_LIGHT_S)
        lock_out_for(burner, CAUSE_PARASITIC);
}

static void step_part(struct burner *burner, const struct burner_inputs *inputs, double dt_s, struct random *random)
{
    burner->in_phase_s += dt_s;
    follow_program(burner, inputs->demand && !burner->off);
    move_damper_and_gas(burner, inputs->rate, dt_s);
    burn(burner, dt_s, random);
    supervise(burner, dt_s, inputs->attended);
    burner->fired_s += burner->lit ? dt_s : 0;
}

/* Without mains all valves fall shut and the program stands; with it again the dampers first drive home. A lockout
 * stays. */
void burner_step(struct burner *burner, const struct burner_inputs *inputs, double dt_s, struct random *random)
{
    int parts = (int)ceil(dt_s / PART_S);
    bool back = burner->dark && inputs->power;
    burner->dark = !inputs->power;
    burner->gas = inputs->gas;
    burner->chain = inputs->chain;
    if (back && !is_locked(burner->phase))
        enter(burner, PHASE_HOME);
    for (int i = 0; i < parts && !burner->dark; i++)
        step_part(burner, inputs, dt_s / parts, random);
    if (!burner->dark)
        return;
    burner->rate = 0;
    burn(burner, dt_s, random);
}

static void unlock(struct burner *burner)
{
    burner->error = 0;
    burner->error_phase = PHASE_LOCKOUT;
    burner->cause = CAUSE_NONE;
    burner->gone_s = 0;
    burner->here_s = 0;
    enter(burner, PHASE_HOME);
}

bool burner_reset(struct burner *burner, struct text *why)
{
    if (!is_locked(burner->phase))
        return text_refuse(why, "the burner is not locked out");
    if (burner->dark)
        return text_refuse(why, "the burner has no power: power_back first");
    if (burner->chain != CAUSE_NONE)
        return text_refuse(why, "the burner does not take the reset: %s; mend that first",
                           burner_cause_sentence(burner->chain));
    unlock(burner);
    return true;
}

void burner_mend(struct burner *burner)
{
    burner->off = burner->snuff = burner->no_ignition = burner->parasitic = burner->no_air = false;
    burner->proves = burner->leaky = false;
    if (is_locked(burner->phase))
        unlock(burner);
}

/* --- words --- */

static const struct {
    enum burner_phase phase;
    const char *word;
} phase_words[] = {
    {PHASE_LOCKOUT, "lockout"},
    {PHASE_SAFETY, "safety"},
    {PHASE_HOME, "home_run"},
    {PHASE_STANDBY, "standby"},
    {PHASE_FAN, "fan_on"},
    {PHASE_TO_PREPURGE, "drive_to_prepurge"},
    {PHASE_PREPURGE, "prepurge"},
    {PHASE_TO_IGNITION, "drive_to_ignition"},
    {PHASE_SPARK, "preignition"},
    {PHASE_PILOT, "pilot_valve_on"},
    {PHASE_SPARK_OFF, "ignition_off"},
    {PHASE_INTERVAL_1, "interval_1"},
    {PHASE_MAIN, "safety_time_2"},
    {PHASE_INTERVAL_2, "interval_2"},
    {PHASE_OPERATION, "operation_1"},
    {PHASE_TO_LOW, "operation_2"},
    {PHASE_AFTERBURN, "afterburn"},
    {PHASE_TO_POSTPURGE, "drive_to_postpurge"},
    {PHASE_POSTPURGE, "postpurge"},
    {PHASE_POSTPURGE_END, "postpurge"},
    {PHASE_PROVE_EVACUATE, "prove_evacuate"},
    {PHASE_PROVE_ATMOSPHERE, "prove_atmosphere"},
    {PHASE_PROVE_FILL, "prove_fill"},
    {PHASE_PROVE_PRESSURE, "prove_pressure"},
    {PHASE_SHORTAGE, "gas_shortage"},
};

const char *burner_phase_word(enum burner_phase phase)
{
    for (size_t i = 0; i < sizeof phase_words / sizeof *phase_words; i++) {
        if (phase_words[i].phase == phase)
            return phase_words[i].word;
    }
    return NULL;
}

/* The codes are of the LMV2/LMV3's list of errors. */
static const struct {
    int error;
    const char *word;
    const char *sentence;
} causes[] = {
    [CAUSE_NONE] = {0, "none", "nothing is wrong"},
    [CAUSE_NO_FLAME] = {2, "max_ignitions", "it does not light"},
    [CAUSE_NO_AIR] = {3, "air_pressure", "there is no air pressure"},
    [CAUSE_PARASITIC] = {4, "parasitic_flame", "it sees a flame where none may be"},
    [CAUSE_FLAME_LOST] = {7, "max_flame_loss", "the flame was lost"},
    [CAUSE_LOW_WATER] = {22, "low_water", "the low-water limiter is open"},
    [CAUSE_PRESSURE] = {22, "pressure_switch", "the pressure limiter is open"},
    [CAUSE_HIGH_TEMP] = {22, "high_limit", "the temperature limiter is open"},
    [CAUSE_NO_FLOW] = {22, "flow_switch", "the flow switch is open"},
    [CAUSE_VALVES] = {12, "other", "a gas valve is not tight"},
    [CAUSE_OTHER] = {167, "other", "it was locked out by hand"},
};

const char *burner_cause_word(enum burner_cause cause)
{
    return causes[cause].word;
}

int burner_error_of(enum burner_cause cause)
{
    return causes[cause].error;
}

const char *burner_cause_sentence(enum burner_cause cause)
{
    return causes[cause].sentence;
}
