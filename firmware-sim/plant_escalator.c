/* An escalator or a moving walk: steps on a chain, two handrails, a brake, people who come by.
 *
 * The drive brings the steps to the rated speed with RAMP; the operating brake stops them with BRAKE (a comfortable stop), an
 * emergency stop and every safety device with EMERGENCY. With nobody on it for IDLE_S it goes on slowly at half speed, as energy
 * saving drives do, and speeds up for the next person (Poisson arrivals). The handrails follow the steps (0 to +2 %), each
 * with its own slip. The motor warms by its load, first order with MOTOR_S; an idle motor cools to the ambient temperature.
 *
 *   overspeed        the drive runs away with 0.1 m/s2 until 125 % of the rated speed; then the safety device stops it
 *   reversal         going up under load the drive gives way: the steps slow down, turn round and run down until a device
 *                    sees it and stops them
 *   handrail_slip    a handrail falls behind by 30 %; nothing stops by itself
 *   step_missing, comb   a safety device stops it
 *   floor_plate          opened while it runs, and nothing stops: that is for a monitor to see
 *
 * Sources: rated speed 0.5 m/s (EN 115-1 / GB 16899-2011: at most 0.75 up to 30 degrees; walks up to 0.9 at the most with
 * conditions), overspeed device before 1.2 times the rated speed there, handrail 0 to +2 % of the steps, stopping way at 0.5 m/s
 * 0.2 to 1.0 m. Here the device is late (1.25) so that a monitor has something to see. Ramp, temperatures, traffic:
 * engineering choices. Codes 61 to 65: GB/T 24476 / GB/T 38656. */
#include <math.h>

#include "firmware-sim/plant.h"

#define RATED_MPS   0.5
#define RAMP        0.25
#define BRAKE       0.35 /* from 0.5 m/s within 0.36 m */
#define EMERGENCY   0.6  /* within 0.21 m */
#define RUNAWAY     0.1
#define TRIPS_AT    1.25
#define REVERSE     0.15
#define REVERSE_MAX 0.4 /* m/s backwards when the device stops it */
#define SLOW        0.5 /* of the rated speed while nobody is there */
#define IDLE_S      60.0
#define RIDE_S      30.0
#define PEOPLE_H    400.0
#define PEOPLE_MAX  60U
#define AMBIENT_CEL 25.0
#define IDLE_CEL    20.0 /* above ambient, running empty */
#define LOAD_CEL    35.0 /* more, running full */
#define MOTOR_S     900.0
#define HOT_S       15.0
#define SLIP        0.7

#define ACTIONS                                                                                                        \
    "start [up|down] | stop | emergency_stop | overspeed | reversal | handrail_slip [l|r] | step_missing | comb | "    \
    "floor_plate | brake_wear | hot CEL | inspect | stop_service | fault NAME | reset | normal"

enum fault { NO_FAULT, SAFETY_CIRCUIT, OVERSPEED, REVERSAL, STEP_MISSING, RESTART_PREVENTED, OTHER, FAULT_COUNT };

static const struct value faults[FAULT_COUNT] = {
    [NO_FAULT] = {0, "none"},
    [SAFETY_CIRCUIT] = {61, "safety_circuit_open"},
    [OVERSPEED] = {62, "overspeed"},
    [REVERSAL] = {63, "reversal"},
    [STEP_MISSING] = {64, "step_missing"},
    [RESTART_PREVENTED] = {65, "restart_prevented"},
    [OTHER] = {99, "other"},
};

enum mode { OUT_OF_SERVICE, IN_SERVICE, INSPECTION };
enum drive { HALTED, DRIVEN, RUNS_AWAY, TURNS_ROUND };

struct escalator {
    double rated;
    enum mode mode;
    enum drive drive;
    enum fault fault;
    double going;  /* +1 up, -1 down: the direction it was started in */
    double speed;  /* m/s, positive that way; negative while it is turned round */
    double brakes; /* m/s2 while it is halted */
    double people; /* on it */
    double quiet_s;
    double slip[2]; /* of each handrail: 1 none */
    double creep[2];
    double motor_temp;
    double hot; /* by order; NaN none */
    double past_hours;
    double past_starts;
    double run_s;
    double starts;
    bool emergency_stop;
    bool comb_out;
    bool floor_plate_open;
    bool brake_worn;
    const struct point *fault_point;
};

static bool moves(const struct escalator *escalator)
{
    return fabs(escalator->speed) > 0;
}

static struct value mode_of(const struct escalator *escalator)
{
    static const struct value modes[] = {{0, "stopped"}, {1, "normal"}, {2, "inspection"}};
    return modes[escalator->mode];
}

static struct value direction_of(const struct escalator *escalator)
{
    if (!moves(escalator))
        return plant_code(0, "none");
    return escalator->going * escalator->speed > 0 ? plant_code(1, "up") : plant_code(2, "down");
}

static struct value fault_of(const struct escalator *escalator)
{
    const struct value *fault = &faults[escalator->fault];
    return plant_knows(escalator->fault_point, fault->text) ? *fault : faults[NO_FAULT];
}

static double handrail(const struct escalator *escalator, int side)
{
    return fabs(escalator->speed) * escalator->slip[side] * escalator->creep[side];
}

static bool is(const struct escalator *escalator, enum fault fault)
{
    return escalator->fault == fault;
}

/* id, unit, value; in the words of `escalator` */
#define SIGNALS(X_)                                                                                                    \
    X_("service_mode", NULL, mode_of(escalator))                                                                       \
    X_("run_status", NULL, moves(escalator) ? plant_code(1, "run") : plant_code(0, "stop"))                            \
    X_("run_direction", NULL, direction_of(escalator))                                                                 \
    X_("step_speed", "m/s", plant_number(fabs(escalator->speed)))                                                      \
    X_("handrail_speed_l", "m/s", plant_number(handrail(escalator, 0)))                                                \
    X_("handrail_speed_r", "m/s", plant_number(handrail(escalator, 1)))                                                \
    X_("motor_temp", "Cel", plant_number(escalator->motor_temp))                                                       \
    X_("brake_wear", NULL, plant_truth(escalator->brake_worn))                                                         \
    X_("run_hours", "h", plant_number(floor(escalator->past_hours + escalator->run_s / 3600)))                         \
    X_("start_count", NULL, plant_number(escalator->past_starts + escalator->starts))                                  \
    X_("emergency_stop", NULL, plant_truth(escalator->emergency_stop))                                                 \
    X_("comb_plate_ok", NULL, plant_truth(!escalator->comb_out))                                                       \
    X_("floor_plate_open", NULL, plant_truth(escalator->floor_plate_open))                                             \
    X_("fault", NULL, fault_of(escalator))                                                                             \
    X_("fault_safety_circuit", NULL, plant_truth(is(escalator, SAFETY_CIRCUIT)))                                       \
    X_("fault_overspeed", NULL, plant_truth(is(escalator, OVERSPEED)))                                                 \
    X_("fault_reversal", NULL, plant_truth(is(escalator, REVERSAL)))                                                   \
    X_("fault_step_missing", NULL, plant_truth(is(escalator, STEP_MISSING)))                                           \
    X_("fault_restart_prevented", NULL, plant_truth(is(escalator, RESTART_PREVENTED)))                                 \
    X_("fault_other", NULL, plant_truth(is(escalator, OTHER)))

#define ROW(id_, unit_, value_)   {(id_), (unit_)},
#define VALUE(id_, unit_, value_) (value_),

static const struct plant_signal signals[] = {SIGNALS(ROW)};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)

static void open(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    struct escalator *escalator = state;
    escalator->rated = RATED_MPS;
    escalator->mode = IN_SERVICE;
    escalator->drive = DRIVEN;
    escalator->going = random_chance(random, 0.5) ? 1 : -1;
    escalator->speed = escalator->rated;
    escalator->hot = (double)NAN;
    escalator->motor_temp = random_between(random, 45, 55);
    escalator->past_hours = floor(random_between(random, 2000, 30000));
    escalator->past_starts = floor(escalator->past_hours / 11);
    for (int side = 0; side < 2; side++) {
        escalator->slip[side] = 1;
        escalator->creep[side] = random_between(random, 1.002, 1.018);
    }
    for (size_t i = 0; i < point_count && i < SIGNAL_COUNT; i++) {
        if (text_equals(signals[i].id, "fault"))
            escalator->fault_point = points[i];
    }
}

static void configure(void *state, const struct settings *settings)
{
    struct escalator *escalator = state;
    escalator->rated = setting_number(settings, "rated_speed", RATED_MPS);
    escalator->speed = escalator->rated;
}

static void halt(struct escalator *escalator, double brakes)
{
    escalator->drive = HALTED;
    escalator->brakes = brakes;
}

static void fail(struct escalator *escalator, enum fault fault)
{
    escalator->fault = fault;
    halt(escalator, EMERGENCY);
}

static double towards(double from, double to, double most)
{
    return from + fmin(fmax(to - from, -most), most);
}

static void step_people(struct escalator *escalator, double dt_s, struct random *random)
{
    bool open_to_all = escalator->mode == IN_SERVICE && escalator->drive == DRIVEN;
    escalator->people *= exp(-dt_s / RIDE_S);
    escalator->quiet_s += dt_s;
    if (!random_chance(random, -expm1(-PEOPLE_H * dt_s / 3600)) || !open_to_all)
        return;
    escalator->people = fmin(escalator->people + 1 + random_below(random, 3), PEOPLE_MAX);
    escalator->quiet_s = 0;
}

static void step_drive(struct escalator *escalator, double dt_s)
{
    bool slow = escalator->mode == IN_SERVICE && escalator->quiet_s > IDLE_S;
    double wanted = escalator->rated * (escalator->mode == INSPECTION ? 0.3 : slow ? SLOW : 1);
    switch (escalator->drive) {
    case HALTED:
        escalator->speed = towards(escalator->speed, 0, escalator->brakes * dt_s);
        break;
    case DRIVEN:
        escalator->speed = towards(escalator->speed, wanted, RAMP * dt_s);
        break;
    case RUNS_AWAY:
        escalator->speed += RUNAWAY * dt_s;
        if (escalator->speed >= TRIPS_AT * escalator->rated)
            fail(escalator, OVERSPEED);
        break;
    case TURNS_ROUND:
        escalator->speed -= REVERSE * dt_s;
        if (escalator->speed <= -REVERSE_MAX)
            fail(escalator, REVERSAL);
        break;
    }
}

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    struct escalator *escalator = state;
    if (!around->power && escalator->drive != HALTED)
        halt(escalator, EMERGENCY); /* and somebody has to start it again */
    step_people(escalator, dt_s, random);
    step_drive(escalator, dt_s);
    escalator->run_s += moves(escalator) ? dt_s : 0;
    double load = IDLE_CEL + LOAD_CEL * escalator->people / PEOPLE_MAX;
    double warm = isnan(escalator->hot) ? AMBIENT_CEL + (moves(escalator) ? load : 0) : escalator->hot;
    escalator->motor_temp = plant_approach(escalator->motor_temp, warm, dt_s, isnan(escalator->hot) ? MOTOR_S : HOT_S);
}

static void show(const void *state, struct value *ret_values)
{
    const struct escalator *escalator = state;
    const struct value values[] = {SIGNALS(VALUE)};
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        ret_values[i] = values[i];
}

/* --- orders --- */

static bool may_start(const struct escalator *escalator, struct text *why)
{
    if (escalator->fault != NO_FAULT)
        return text_refuse(why, "%s prevents it: reset or normal first", faults[escalator->fault].text);
    if (escalator->emergency_stop || escalator->comb_out)
        return text_refuse(why, "a safety device is open: normal first");
    return true;
}

static bool start(struct escalator *escalator, const char *way, struct text *why)
{
    if (way != NULL && !text_equals(way, "up") && !text_equals(way, "down"))
        return text_refuse(why, "start, start up or start down");
    if (!may_start(escalator, why))
        return false;
    if (moves(escalator) && escalator->drive != HALTED)
        return text_refuse(why, "it runs already: stop first");
    escalator->going = way == NULL ? escalator->going : text_equals(way, "up") ? 1 : -1;
    escalator->speed = 0;
    escalator->starts++;
    escalator->quiet_s = 0;
    escalator->drive = DRIVEN;
    if (escalator->mode == OUT_OF_SERVICE)
        escalator->mode = IN_SERVICE;
    return true;
}

static void mend(struct escalator *escalator)
{
    struct sentence ignored;
    escalator->fault = NO_FAULT;
    escalator->emergency_stop = escalator->comb_out = escalator->floor_plate_open = escalator->brake_worn = false;
    escalator->slip[0] = escalator->slip[1] = 1;
    escalator->hot = (double)NAN;
    escalator->mode = IN_SERVICE;
    if (escalator->drive == RUNS_AWAY || escalator->drive == TURNS_ROUND)
        escalator->drive = escalator->speed > 0 ? DRIVEN : HALTED;
    if (escalator->drive == HALTED)
        (void)start(escalator, NULL, sentence_init(&ignored));
}

static bool lose_control(struct escalator *escalator, enum drive drive, struct text *why)
{
    if (escalator->drive != DRIVEN || !moves(escalator))
        return text_refuse(why, "it does not run: start first");
    escalator->drive = drive;
    if (drive == TURNS_ROUND)
        escalator->going = 1; /* it happens under load, going up */
    return true;
}

static bool order_fault(struct escalator *escalator, const char *word, struct text *why)
{
    if (text_equals(word, "overspeed"))
        return lose_control(escalator, RUNS_AWAY, why);
    if (text_equals(word, "reversal"))
        return lose_control(escalator, TURNS_ROUND, why);
    for (int i = NO_FAULT; i < FAULT_COUNT; i++) {
        if (!text_equals(faults[i].text, word))
            continue;
        escalator->fault = (enum fault)i;
        if (i != NO_FAULT)
            fail(escalator, (enum fault)i);
        return true;
    }
    return text_refuse(why, "a fault is safety_circuit_open, overspeed, reversal, step_missing, restart_prevented, "
                            "other or none");
}

static bool act_with_word(struct escalator *escalator, const char *word, const char *argument, struct text *why)
{
    if (text_equals(word, "start"))
        return start(escalator, argument, why);
    if (text_equals(word, "fault"))
        return order_fault(escalator, argument, why);
    if (text_equals(word, "handrail_slip") && (text_equals(argument, "l") || text_equals(argument, "r"))) {
        escalator->slip[text_equals(argument, "l") ? 0 : 1] = SLIP;
        return true;
    }
    if (!text_equals(word, "hot"))
        return text_refuse(why, "an escalator can: " ACTIONS);
    double hot;
    if (!text_to_number(argument, &hot) || hot < -20 || hot > 200)
        return text_refuse(why, "hot takes a number from -20 to 200");
    escalator->hot = hot;
    return true;
}

/* Opened by somebody, or worn: what a safety device watches stops it, the rest is only to be seen. */
static bool open_device(struct escalator *escalator, const char *word)
{
    if (text_equals(word, "emergency_stop"))
        escalator->emergency_stop = true;
    else if (text_equals(word, "comb"))
        escalator->comb_out = true;
    else if (text_equals(word, "floor_plate"))
        escalator->floor_plate_open = true;
    else if (text_equals(word, "brake_wear"))
        escalator->brake_worn = true;
    else if (text_equals(word, "handrail_slip"))
        escalator->slip[0] = SLIP;
    else
        return false;
    if (escalator->emergency_stop || escalator->comb_out)
        halt(escalator, EMERGENCY);
    return true;
}

static bool act(void *state, char *const *words, size_t count, struct text *why)
{
    struct escalator *escalator = state;
    const char *word = count == 1 ? words[0] : "";
    if (count == 2)
        return act_with_word(escalator, words[0], words[1], why);
    if (text_equals(word, "start"))
        return start(escalator, NULL, why);
    if (text_equals(word, "overspeed") || text_equals(word, "reversal") || text_equals(word, "step_missing"))
        return order_fault(escalator, word, why);
    if (text_equals(word, "stop") || text_equals(word, "stop_service"))
        halt(escalator, BRAKE);
    else if (text_equals(word, "inspect"))
        escalator->mode = INSPECTION;
    else if (text_equals(word, "reset"))
        escalator->fault = NO_FAULT;
    else if (text_equals(word, "normal"))
        mend(escalator);
    else if (!open_device(escalator, word))
        return text_refuse(why, "an escalator can: " ACTIONS);
    if (text_equals(word, "stop_service"))
        escalator->mode = OUT_OF_SERVICE;
    return true;
}

static void describe(const void *state, struct text *out)
{
    const struct escalator *escalator = state;
    text_add(out, "%s, %.2f m/s %s, %.0f people, motor %.0f Cel", mode_of(escalator).text, fabs(escalator->speed),
             direction_of(escalator).text, escalator->people, escalator->motor_temp);
    if (escalator->fault != NO_FAULT)
        text_add(out, ", FAULT %s", faults[escalator->fault].text);
}

const struct plant_kind plant_escalator = {
    .actions = ACTIONS,
    .signals = signals,
    .signal_count = SIGNAL_COUNT,
    .state_size = sizeof(struct escalator),
    .open = open,
    .configure = configure,
    .step = step,
    .show = show,
    .act = act,
    .describe = describe,
};
