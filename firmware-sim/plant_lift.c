/* A passenger lift, as its points show it: traffic, car, doors and troubles are in lift_*.c.
 *
 * Each lift is built a little differently (floors, floor height, rated speed, traffic), by the seed; what the site file
 * says about it (rated_speed, full_travel_s) counts. A controller shows one code at a time: a fault before an event
 * (mains off, inspection, alarm button …); what its code system has no number for, it shows as "other", else not at all.
 * The bits of a bitmap follow the fault itself. */
#include <math.h>
#include <stdio.h>

#include "firmware-sim/lift.h"
#include "firmware-sim/plant.h"

#define DOOR_SHUT 1e-9

static bool is(const struct lift *lift, enum lift_fault fault)
{
    return lift->fault == fault;
}

static bool closed(const struct lift *lift)
{
    return lift->door <= DOOR_SHUT;
}

static double top_of(const struct lift *lift)
{
    return (lift->floors - 1) * lift->floor_m;
}

static int shown_mode(const struct lift *lift)
{
    return lift->out_of_use || lift->mains_off ? LIFT_OUT_OF_SERVICE : (int)lift->mode;
}

static struct value mode_of(const struct lift *lift)
{
    static const char *const words[] = {
        [LIFT_OUT_OF_SERVICE] = "stopped",  [LIFT_IN_SERVICE] = "normal",
        [LIFT_INSPECTION] = "inspection",   [LIFT_FIRE_RETURN] = "fire_return",
        [LIFT_FIREFIGHTER] = "firefighter", [LIFT_EMERGENCY_POWER] = "emergency_power",
        [LIFT_EARTHQUAKE] = "earthquake",
    };
    return plant_code(shown_mode(lift), words[shown_mode(lift)]);
}

static struct value status_of(const struct lift *lift)
{
    return lift_moves(lift) && !lift->status_stuck ? plant_code(1, "run") : plant_code(0, "stop");
}

static struct value direction_of(const struct lift *lift)
{
    if (!lift_moves(lift))
        return plant_code(0, "none");
    return lift->going > 0 ? plant_code(1, "up") : plant_code(2, "down");
}

static double load_of(const struct lift *lift)
{
    return lift->overloaded ? 118 : 100 * lift->inside / lift->persons_max;
}

/* The motor's shaft turns even when the rope slips. */
static double speed_of(const struct lift *lift)
{
    return lift->phase == LIFT_STALLED ? 0.3 * lift->rated_mps : lift->speed;
}

/* Events that share the codes with faults: GB/T 24476, 40 to 47 and 90. */
static struct value event_of(const struct lift *lift)
{
    static const struct value of_mode[] = {
        [LIFT_OUT_OF_SERVICE] = {42, "stop_service"}, [LIFT_IN_SERVICE] = {0, "none"},
        [LIFT_INSPECTION] = {43, "inspection"},       [LIFT_FIRE_RETURN] = {44, "fire_return"},
        [LIFT_FIREFIGHTER] = {45, "firefighter"},     [LIFT_EMERGENCY_POWER] = {46, "emergency_power"},
        [LIFT_EARTHQUAKE] = {47, "earthquake"},
    };
    if (lift->mains_off)
        return plant_code(41, "mains_off");
    if (shown_mode(lift) != LIFT_IN_SERVICE)
        return of_mode[shown_mode(lift)];
    return lift->button_s > 0 ? plant_code(90, "alarm_button") : plant_code(0, "none");
}

static struct value fault_of(const struct lift *lift)
{
    struct value code = plant_code(lift_faults[lift->fault].number, lift_faults[lift->fault].word);
    if (is(lift, LIFT_NO_FAULT))
        code = event_of(lift);
    else if (!plant_knows(lift->fault_point, code.text))
        code = plant_code(lift_faults[LIFT_OTHER].number, lift_faults[LIFT_OTHER].word);
    return plant_knows(lift->fault_point, code.text) ? code : plant_code(0, "none");
}

static bool nobodys_bit(const struct lift *lift)
{
    return lift->fault >= LIFT_CONTROLLER;
}

static bool past(const struct lift *lift, double over_m)
{
    return lift->position > top_of(lift) + over_m || lift->position < -over_m;
}

static double floor_index(const struct lift *lift)
{
    int number = lift_landing(lift) + lift->lowest;
    return lift->lowest < 0 && number >= 0 ? number + 1 : number;
}

/* id, unit, value; in the words of `lift` */
#define SIGNALS(X_)                                                                                                    \
    X_("service_mode", NULL, mode_of(lift))                                                                            \
    X_("car_status", NULL, status_of(lift))                                                                            \
    X_("car_direction", NULL, direction_of(lift))                                                                      \
    X_("door_zone", NULL, plant_truth(lift_in_zone(lift)))                                                             \
    X_("car_floor", NULL, plant_code(floor_index(lift), lift->floor))                                                  \
    X_("car_floor_index", NULL, plant_number(floor_index(lift)))                                                       \
    X_("door_closed", NULL, plant_truth(closed(lift)))                                                                 \
    X_("passenger_present", NULL, plant_truth(lift->inside > 0))                                                       \
    X_("car_load_pct", NULL, plant_number(load_of(lift)))                                                              \
    X_("car_speed", "m/s", plant_number(speed_of(lift)))                                                               \
    X_("car_position_m", "m", plant_number(lift->position))                                                            \
    X_("run_hours", "h", plant_number(floor(lift->past_hours + lift->run_s / 3600)))                                   \
    X_("run_count", NULL, plant_number(lift->past_runs + lift->run_count))                                             \
    X_("door_cycles", NULL, plant_number(floor(1.04 * lift->past_runs) + lift->door_cycles))                           \
    X_("rope_bends", NULL, plant_number(2 * (lift->past_runs + lift->run_count)))                                      \
    X_("travel_distance", "m", plant_number(9 * lift->past_runs + lift->travel_m))                                     \
    X_("passenger_count", NULL, plant_number(floor(1.3 * lift->past_runs) + lift->carried))                            \
    X_("energy_total", "kW.h", plant_number(floor(0.11 * lift->past_runs) + lift->energy_kwh))                         \
    X_("energy_regen", "kW.h", plant_number(floor(0.02 * lift->past_runs) + lift->regen_kwh))                          \
    X_("upper_limit", NULL, plant_truth(lift->position > top_of(lift) + 0.1))                                          \
    X_("lower_limit", NULL, plant_truth(lift->position < -0.1))                                                        \
    X_("mains_ok", NULL, plant_truth(!lift->mains_off))                                                                \
    X_("alarm_button", NULL, plant_truth(lift->button_s > 0))                                                          \
    X_("intercom_ok", NULL, plant_truth(!lift->intercom_dead))                                                         \
    X_("ard_active", NULL, plant_truth(lift->rescue_device))                                                           \
    X_("ups_soc", NULL, plant_number(lift->charge))                                                                    \
    X_("machine_temp", "Cel", plant_number(lift->machine_temp))                                                        \
    X_("cabinet_temp", "Cel", plant_number(lift->machine_temp + 3))                                                    \
    X_("vib_x", NULL, plant_number(lift->vibration[0]))                                                                \
    X_("vib_y", NULL, plant_number(lift->vibration[1]))                                                                \
    X_("vib_z", NULL, plant_number(lift->vibration[2]))                                                                \
    X_("ebike_in_car", NULL, plant_truth(lift->ebike))                                                                 \
    X_("door_bypass", NULL, plant_truth(false))                                                                        \
    X_("shaft_entry", NULL, plant_truth(lift->mode == LIFT_INSPECTION))                                                \
    X_("ucm_test_active", NULL, plant_truth(false))                                                                    \
    X_("fault", NULL, fault_of(lift))                                                                                  \
    X_("fault_code_raw", NULL, plant_code(fault_of(lift).number, lift->code))                                          \
    X_("code_system", NULL, plant_code(0, "GB/T 24476-2017"))                                                          \
    X_("heartbeat", NULL, plant_number(fmod(floor(lift->beats), 65536)))                                               \
    X_("fault_safety_circuit", NULL, plant_truth(is(lift, LIFT_SAFETY_CIRCUIT)))                                       \
    X_("fault_door_close", NULL, plant_truth(is(lift, LIFT_DOOR_CLOSE)))                                               \
    X_("fault_door_open", NULL, plant_truth(is(lift, LIFT_DOOR_OPEN)))                                                 \
    X_("fault_door", NULL, plant_truth(is(lift, LIFT_DOOR)))                                                           \
    X_("fault_stop_outside_zone", NULL, plant_truth(is(lift, LIFT_OUTSIDE_ZONE)))                                      \
    X_("fault_unintended_movement", NULL, plant_truth(is(lift, LIFT_UCM)))                                             \
    X_("fault_motor_time_limiter", NULL, plant_truth(is(lift, LIFT_MOTOR_LIMITER)))                                    \
    X_("fault_position_lost", NULL, plant_truth(is(lift, LIFT_POSITION_LOST)))                                         \
    X_("fault_anti_rerun", NULL, plant_truth(is(lift, LIFT_ANTI_RERUN)))                                               \
    X_("fault_door_open_while_running", NULL, plant_truth(is(lift, LIFT_OPEN_RUNNING)))                                \
    X_("fault_overshoot_top", NULL, plant_truth(is(lift, LIFT_OVERSHOOT)))                                             \
    X_("fault_pit_strike", NULL, plant_truth(is(lift, LIFT_PIT)))                                                      \
    X_("fault_trapped", NULL, plant_truth(is(lift, LIFT_TRAPPED)))                                                     \
    X_("fault_overspeed", NULL, plant_truth(is(lift, LIFT_OVERSPEED)))                                                 \
    X_("fault_move_door_open", NULL, plant_truth(is(lift, LIFT_MOVE_OPEN)))                                            \
    X_("fault_run_timeout", NULL, plant_truth(is(lift, LIFT_RUN_TIMEOUT)))                                             \
    X_("fault_door_hunting", NULL, plant_truth(is(lift, LIFT_HUNTING)))                                                \
    X_("door_lock_jumpered", NULL, plant_truth(is(lift, LIFT_LOCK_JUMPERED)))                                          \
    X_("fault_brake", NULL, plant_truth(is(lift, LIFT_UCM)))                                                           \
    X_("fault_other", NULL, plant_truth(nobodys_bit(lift)))                                                            \
    X_("fault_nonlevel_stop", NULL, plant_truth(is(lift, LIFT_OUTSIDE_ZONE)))                                          \
    X_("fault_start", NULL, plant_truth(is(lift, LIFT_START)))                                                         \
    X_("fault_speed_abnormal", NULL, plant_truth(is(lift, LIFT_OVERSPEED)))                                            \
    X_("fault_controller", NULL, plant_truth(is(lift, LIFT_CONTROLLER) || is(lift, LIFT_SELF_TEST)))                   \
    X_("fault_drive", NULL, plant_truth(is(lift, LIFT_DRIVE)))                                                         \
    X_("fault_machine", NULL, plant_truth(is(lift, LIFT_SAFETY_GEAR)))                                                 \
    X_("fault_levelling", NULL, plant_truth(is(lift, LIFT_SHAFT_DEVICE)))                                              \
    X_("fault_inverter", NULL, plant_truth(is(lift, LIFT_DRIVE)))                                                      \
    X_("fault_overcurrent", NULL, plant_truth(false))                                                                  \
    X_("fault_voltage", NULL, plant_truth(is(lift, LIFT_POWER_SUPPLY) || is(lift, LIFT_CONTROLLER_SUPPLY)))            \
    X_("fault_overtemp", NULL, plant_truth(is(lift, LIFT_DRIVE_TEMP)))                                                 \
    X_("fault_comm", NULL, plant_truth(is(lift, LIFT_COMM)))                                                           \
    X_("fault_mains", NULL, plant_truth(lift->mains_off))                                                              \
    X_("car_button_alarm", NULL, plant_truth(is(lift, LIFT_CALL_STUCK)))                                               \
    X_("upper_final_limit", NULL, plant_truth(lift->position > 0 && past(lift, 0.2)))                                  \
    X_("lower_final_limit", NULL, plant_truth(lift->position < 0 && past(lift, 0.2)))                                  \
    X_("fault_general", NULL, plant_truth(!is(lift, LIFT_NO_FAULT)))

#define ROW(id_, unit_, value_)   {(id_), (unit_)},
#define VALUE(id_, unit_, value_) (value_),

static const struct plant_signal signals[] = {SIGNALS(ROW)};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)

static void find_fault_point(struct lift *lift, const struct point *const *points, size_t point_count)
{
    for (size_t i = 0; i < point_count && i < SIGNAL_COUNT; i++) {
        if (text_equals(signals[i].id, "fault"))
            lift->fault_point = points[i];
    }
}

static void open(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    static const double speeds[] = {1.0, 1.5, 1.6, 1.75};
    struct lift *lift = state;
    find_fault_point(lift, points, point_count);
    lift->floors = 7 + (int)random_below(random, 12);
    lift->lowest = random_chance(random, 0.5) ? 1 : -1;
    lift->floor_m = 2.8 + 0.1 * random_below(random, 5);
    lift->rated_mps = speeds[random_below(random, sizeof speeds / sizeof *speeds)];
    lift->persons_max = 8 + random_below(random, 6);
    lift->calls_h = random_between(random, 90, 180);
    lift->hour = random_between(random, 7.5, 9);
    lift->traffic_h = (double)NAN;
    lift->hot = (double)NAN;
    lift->past_runs = floor(random_between(random, 80000, 400000));
    lift->past_hours = floor(lift->past_runs / 44);
    lift->mode = LIFT_IN_SERVICE;
    lift->going = 1;
    lift->service_call = -1;
    lift->charge = 100;
    lift->machine_temp = random_between(random, 24, 30);
    (void)snprintf(lift->floor, sizeof lift->floor, "%d", lift->lowest);
    (void)snprintf(lift->code, sizeof lift->code, "0");
}

/* The site's rated speed; so few floors that the whole shaft takes no longer than the site says. */
static void configure(void *state, const struct settings *settings)
{
    struct lift *lift = state;
    lift->rated_mps = setting_number(settings, "rated_speed", lift->rated_mps);
    double full_s = setting_number(settings, "full_travel_s", (double)INFINITY);
    double run_up_s = lift->rated_mps / LIFT_ACCELERATION;
    while (lift->floors > 3 && top_of(lift) / lift->rated_mps + run_up_s > full_s)
        lift->floors--;
}

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    struct lift *lift = state;
    lift_power(lift, around->power);
    lift_step(lift, dt_s, random);
    (void)snprintf(lift->code, sizeof lift->code, "%d", (int)fault_of(lift).number);
}

static void show(const void *state, struct value *ret_values)
{
    const struct lift *lift = state;
    const struct value values[] = {SIGNALS(VALUE)};
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        ret_values[i] = values[i];
}

static bool act(void *state, char *const *words, size_t count, struct text *why)
{
    return lift_act(state, words, count, why);
}

static void describe(const void *state, struct text *out)
{
    static const char *const words[] = {
        [LIFT_STANDING] = "standing",   [LIFT_OPENING] = "doors opening",
        [LIFT_OPEN] = "doors open",     [LIFT_CLOSING] = "doors closing",
        [LIFT_RUNNING] = "running",     [LIFT_RUNAWAY] = "RUNNING AWAY",
        [LIFT_STALLED] = "STALLED",     [LIFT_DRIFTING] = "DRIFTING WITH OPEN DOORS",
        [LIFT_BRAKING] = "braking",     [LIFT_STOPPED] = "STOPPED",
        [LIFT_LEVELLING] = "levelling", [LIFT_CREEPING] = "under inspection",
    };
    const struct lift *lift = state;
    text_add(out, "%s at %.2f m (floor %s of %d), %.2f of %.2f m/s, %u inside, mode %s", words[lift->phase],
             lift->position, lift->floor, lift->floors, lift->speed, lift->rated_mps, lift->inside, mode_of(lift).text);
    if (lift->fault != LIFT_NO_FAULT)
        text_add(out, ", FAULT %s", lift_faults[lift->fault].word);
    text_add(out, "%s", lift->plot != NO_PLOT ? ", something is about to happen" : "");
}

const struct plant_kind plant_lift = {
    .actions = LIFT_ACTIONS,
    .signals = signals,
    .signal_count = SIGNAL_COUNT,
    .state_size = sizeof(struct lift),
    .open = open,
    .configure = configure,
    .step = step,
    .show = show,
    .act = act,
    .describe = describe,
};
