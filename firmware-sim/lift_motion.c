/* The car and the doors of a lift.
 *
 *   standing --call--> running --landing--> opening --> open --> closing --> standing
 *                         |                    ^
 *                     emergency stop           |
 *                         v                    |
 *             braking --> stopped --help--> levelling
 *
 * Doors move only at a landing and with the car at rest; the car moves only with closed doors; what breaks this is a fault
 * (lift_trouble.c). A run has a trapezoid of speed: up with a, at most v, down so that v = sqrt(2 a s) over the way s that
 * is left. Counterweight: 45 % of the load, so the motor gives P = (load - 0.45 rated) g v / 0.75 where that is positive,
 * and half of it comes back where it is negative. The machine room warms by what the motor did (first order, 20 min).
 *
 * Sources: unlocking zone, brake, inspection speed (at most 0.63 m/s), overspeed governor (trips between 1.15 v and
 * 1.25 v + 0.25 / v), unintended movement stopped within 1.2 m: EN 81-20/-50, GB/T 7588.1/.2-2020. Door times, dwell,
 * acceleration, efficiency: engineering choices for a residential lift. */
#include "firmware-sim/lift.h"

#include <math.h>
#include <stdio.h>

#define CREEP_MPS       0.2
#define INSPECTION_MPS  0.3
#define INSPECTION_REST 8.0 /* s between the technician's runs */
#define ARRIVED_M       0.01
#define DOOR_OPENS_S    2.0
#define DOOR_CLOSES_S   2.5
#define DWELL_S         5.0
#define HUNT_PAUSE_S    1.5 /* closed, until the doors open again */
#define RUNAWAY_MPS2    0.15
#define SAFETY_GEAR     6.0 /* m/s2: a progressive safety gear, 0.2 to 1 g */
#define DRIFT_MPS2      0.3
#define DRIFT_SEEN_M    0.35
#define BRAKE           2.5  /* m/s2: emergency stop */
#define LIMITER_S       60.0 /* the motor's run time limiter, here set longer than the 45 s that are allowed */
#define PERSON_KG       75.0
#define BALANCE         0.45
#define GRAVITY         9.81
#define EFFICIENCY      0.75
#define STANDBY_KW      0.3
#define ROOM_CEL        24.0
#define WARMS_CEL       14.0 /* at full work */
#define WARMS_S         1200.0
#define RESCUE_AFTER_S  8.0  /* of a power cut */
#define CHARGE_USE      0.02 /* %/s while the rescue device moves the car */
#define CHARGE_BACK     0.005
#define HEARTBEAT_S     5.0

int lift_landing(const struct lift *lift)
{
    long landing = lround(lift->position / lift->floor_m);
    return (int)(landing < 0 ? 0 : landing >= lift->floors ? lift->floors - 1 : landing);
}

double lift_off_landing(const struct lift *lift)
{
    return fabs(lift->position - lift->floor_m * lift_landing(lift));
}

bool lift_in_zone(const struct lift *lift)
{
    return lift_off_landing(lift) <= LIFT_ZONE_M;
}

bool lift_moves(const struct lift *lift)
{
    return lift->speed > 0 || lift->phase == LIFT_STALLED;
}

bool lift_serves(const struct lift *lift)
{
    bool stands = lift->fault != LIFT_NO_FAULT && lift_faults[lift->fault].effect != REPORTED;
    return lift->mode == LIFT_IN_SERVICE && !lift->mains_off && !stands && lift->plot != PLOT_INSPECTION;
}

void lift_enter(struct lift *lift, enum lift_phase phase)
{
    lift->phase = phase;
    lift->in_phase_s = 0;
}

void lift_open_doors(struct lift *lift)
{
    lift->door_cycles++;
    lift->moved_people = false;
    lift_enter(lift, LIFT_OPENING);
}

static void head_for(struct lift *lift, int landing)
{
    lift->target = landing;
    lift->going = landing * lift->floor_m > lift->position ? 1 : -1;
}

void lift_run_to(struct lift *lift, int landing)
{
    head_for(lift, landing);
    lift->run_count++;
    lift_enter(lift, LIFT_RUNNING);
}

void lift_brake(struct lift *lift, double deceleration)
{
    lift->brake = deceleration;
    lift_enter(lift, LIFT_BRAKING);
}

void lift_level(struct lift *lift)
{
    head_for(lift, lift_landing(lift));
    lift->help = false;
    lift->everybody_out = true;
    lift->door = 0;
    lift_enter(lift, LIFT_LEVELLING);
}

/* --- the car --- */

static void move(struct lift *lift, double dt_s)
{
    double way = lift->speed * dt_s;
    double top = (lift->floors - 1) * lift->floor_m;
    lift->position = fmin(fmax(lift->position + lift->going * way, -LIFT_BUFFER_M), top + LIFT_BUFFER_M);
    lift->travel_m += way;
}

static void work(struct lift *lift, double dt_s)
{
    double kg = PERSON_KG * (lift->inside - BALANCE * lift->persons_max);
    double kw = lift->going * kg * GRAVITY * lift->speed / 1000;
    bool motor = lift_moves(lift) && !lift->mains_off;
    lift->run_s += lift_moves(lift) ? dt_s : 0;
    lift->energy_kwh += ((lift->mains_off ? 0 : STANDBY_KW) + (motor ? fmax(0, kw) / EFFICIENCY : 0)) * dt_s / 3600;
    lift->regen_kwh += motor ? fmax(0, -kw) * 0.5 * dt_s / 3600 : 0;
    double warm = isnan(lift->hot) ? ROOM_CEL + (motor ? WARMS_CEL : 0) : lift->hot;
    lift->machine_temp = warm + (lift->machine_temp - warm) * exp(-dt_s / (isnan(lift->hot) ? WARMS_S : 15.0));
}

/* Speeds up and slows down so that it comes to rest at the target. True when it is there. */
static bool travel(struct lift *lift, double speed_max, double dt_s)
{
    double left = fabs(lift->target * lift->floor_m - lift->position);
    double wanted = fmin(speed_max, sqrt(2 * LIFT_ACCELERATION * left));
    lift->speed = wanted < lift->speed ? wanted : fmin(wanted, lift->speed + LIFT_ACCELERATION * dt_s);
    if (left <= ARRIVED_M || lift->speed * dt_s >= left)
        return true;
    move(lift, dt_s);
    return false;
}

static void arrive(struct lift *lift)
{
    lift->travel_m += fabs(lift->target * lift->floor_m - lift->position);
    lift->position = lift->target * lift->floor_m;
    lift->speed = 0;
    if (lift->target == lift->service_call)
        lift->service_call = -1;
    lift_open_doors(lift);
}

static void step_running(struct lift *lift, double dt_s)
{
    int call = lift_next_call(lift);
    if (call >= 0 && lift->going * (lift->target - call) > 0)
        lift->target = call;
    if (travel(lift, lift->rated_mps, dt_s))
        arrive(lift);
}

/* The drive has lost its grip; at the governor's speed, or before the end of the shaft, the safety gear holds the car. */
static void step_runaway(struct lift *lift, double dt_s)
{
    double trips = 1.25 * lift->rated_mps + 0.25 / lift->rated_mps;
    double end = lift->going > 0 ? (lift->floors - 1) * lift->floor_m : 0;
    lift->speed += RUNAWAY_MPS2 * dt_s;
    move(lift, dt_s);
    if (lift->speed < trips && fabs(end - lift->position) > lift->speed * lift->speed / (2 * SAFETY_GEAR) + 0.2)
        return;
    lift_fail(lift, LIFT_OVERSPEED);
    lift_brake(lift, SAFETY_GEAR);
}

static void step_drifting(struct lift *lift, double dt_s)
{
    bool own_code = lift->plot == PLOT_MOVE_OPEN;
    lift->speed += DRIFT_MPS2 * dt_s;
    move(lift, dt_s);
    if (lift_off_landing(lift) < fmin(DRIFT_SEEN_M, LIFT_BUFFER_M - 0.02))
        return;
    lift->plot = NO_PLOT;
    lift_fail(lift, own_code ? LIFT_MOVE_OPEN : LIFT_UCM);
    lift_brake(lift, BRAKE);
}

static void step_braking(struct lift *lift, double dt_s)
{
    move(lift, dt_s);
    lift->speed = fmax(0, lift->speed - lift->brake * dt_s);
    if (lift->speed > 0)
        return;
    if (lift->help)
        lift_level(lift);
    else
        lift_enter(lift, LIFT_STOPPED);
}

/* Up and down by button, never near the ends; between runs the technician opens the doors, wherever the car is. */
static void step_creeping(struct lift *lift, double dt_s, struct random *random)
{
    double top = (lift->floors - 1) * lift->floor_m;
    double rest_s = lift->rests_s - lift->in_phase_s;
    lift->door = lift->speed <= 0 && rest_s > 1 && rest_s < INSPECTION_REST - 1 ? 1 : 0;
    if (lift->speed <= 0 && rest_s <= 0) {
        lift->creeps_until = fmin(fmax(lift->position + random_between(random, -6, 6), 0.5), top - 0.5);
        lift->going = lift->creeps_until > lift->position ? 1 : -1;
        lift->speed = 0.01;
        lift->run_count++;
    }
    if (lift->speed <= 0)
        return;
    lift->speed = fmin(INSPECTION_MPS, lift->speed + LIFT_ACCELERATION * dt_s);
    move(lift, dt_s);
    if (lift->going * (lift->creeps_until - lift->position) > 0)
        return;
    lift->speed = 0;
    lift->rests_s = lift->in_phase_s + INSPECTION_REST + random_between(random, 0, 4);
}

/* Stopped and nothing is broken: with mains it levels by itself, without them the rescue device does it. */
static void await_help(struct lift *lift)
{
    bool device = !lift->no_rescue_device && lift->charge > 5;
    if (lift->fault != LIFT_NO_FAULT || lift->in_phase_s < RESCUE_AFTER_S || (lift->mains_off && !device))
        return;
    lift->rescue_device = lift->mains_off;
    lift_level(lift);
}

/* --- the doors --- */

static bool keeps_open(const struct lift *lift)
{
    return lift->mode == LIFT_FIRE_RETURN || lift->mode == LIFT_FIREFIGHTER || lift->mode == LIFT_EMERGENCY_POWER ||
           lift->mode == LIFT_EARTHQUAKE;
}

static void step_standing(struct lift *lift)
{
    if (lift->mains_off) {
        if (lift->inside > 0)
            await_help(lift);
        return;
    }
    int call = lift_next_call(lift);
    bool hunts = lift->door_trouble == DOOR_HUNTS;
    if (hunts && lift->in_phase_s < HUNT_PAUSE_S)
        return;
    if (lift->door_trouble != DOOR_FINE)
        lift_open_doors(lift);
    else if (call >= 0 && call != lift_landing(lift))
        lift_run_to(lift, call);
    else if (call >= 0 || keeps_open(lift) || lift->inside > 0)
        lift_open_doors(lift);
    if (call >= 0 && call == lift->service_call && call == lift_landing(lift))
        lift->service_call = -1;
}

static void step_opening(struct lift *lift, double dt_s)
{
    lift->door = fmin(1, lift->door + dt_s / DOOR_OPENS_S);
    if (lift->door >= 1)
        lift_enter(lift, LIFT_OPEN);
}

static void step_open(struct lift *lift, struct random *random)
{
    bool parks = keeps_open(lift) && lift->service_call < 0;
    lift_people_move(lift, random);
    double dwell = lift->door_trouble == DOOR_HUNTS ? 1.0 : DWELL_S;
    if (lift->in_phase_s < dwell || parks || lift->mains_off || lift->door_trouble == DOOR_HELD)
        return;
    if (lift->fault != LIFT_DOOR_CLOSE)
        lift_enter(lift, LIFT_CLOSING);
}

static void step_closing(struct lift *lift, double dt_s)
{
    if (lift->mains_off)
        return;
    lift->door = fmax(0, lift->door - dt_s / DOOR_CLOSES_S);
    if (lift->door_trouble == DOOR_OBSTRUCTED && lift->door < 0.4) {
        lift_enter(lift, LIFT_OPENING); /* never closed: no new cycle */
        if (++lift->door_tries >= 5)
            lift_fail(lift, LIFT_DOOR_CLOSE);
    } else if (lift->door <= 0) {
        lift->everybody_out = false;
        lift_enter(lift, LIFT_STANDING);
        if (lift->door_trouble == DOOR_HUNTS && ++lift->door_tries >= 5)
            lift_fail(lift, LIFT_HUNTING);
    }
}

/* --- all of it --- */

static void step_levelling(struct lift *lift, double dt_s)
{
    lift->charge -= lift->rescue_device ? CHARGE_USE * dt_s : 0;
    if (travel(lift, CREEP_MPS, dt_s)) {
        arrive(lift);
        lift->rescue_device = lift->mains_off && lift->rescue_device;
    }
}

static void step_phase(struct lift *lift, double dt_s, struct random *random)
{
    switch (lift->phase) {
    case LIFT_STANDING:
        step_standing(lift);
        break;
    case LIFT_OPENING:
        step_opening(lift, dt_s);
        break;
    case LIFT_OPEN:
        step_open(lift, random);
        break;
    case LIFT_CLOSING:
        step_closing(lift, dt_s);
        break;
    case LIFT_RUNNING:
        step_running(lift, dt_s);
        break;
    case LIFT_RUNAWAY:
        step_runaway(lift, dt_s);
        break;
    case LIFT_STALLED:
        if (lift->in_phase_s >= LIMITER_S) {
            lift_fail(lift, LIFT_MOTOR_LIMITER);
            lift_enter(lift, LIFT_STOPPED);
        }
        break;
    case LIFT_DRIFTING:
        step_drifting(lift, dt_s);
        break;
    case LIFT_BRAKING:
        step_braking(lift, dt_s);
        break;
    case LIFT_STOPPED:
        await_help(lift);
        break;
    case LIFT_LEVELLING:
        step_levelling(lift, dt_s);
        break;
    case LIFT_CREEPING:
        step_creeping(lift, dt_s, random);
        break;
    }
}

static void step_once(struct lift *lift, double dt_s, struct random *random)
{
    lift->in_phase_s += dt_s;
    lift->age_s += dt_s;
    lift->button_s = fmax(0, lift->button_s - dt_s);
    lift->charge += lift->mains_off ? 0 : fmin(CHARGE_BACK * dt_s, 100 - lift->charge);
    lift->beats += lift->frozen ? 0 : dt_s / HEARTBEAT_S;
    lift_people_arrive(lift, dt_s, random);
    lift_plot_step(lift);
    step_phase(lift, dt_s, random);
    work(lift, dt_s);
}

void lift_step(struct lift *lift, double dt_s, struct random *random)
{
    int parts = (int)ceil(dt_s / LIFT_STEP_MAX_S - 1e-9);
    for (int i = 0; i < parts; i++)
        step_once(lift, dt_s / parts, random);
    int number = lift_landing(lift) + lift->lowest;
    number += lift->lowest < 0 && number >= 0 ? 1 : 0;
    (void)snprintf(lift->floor, sizeof lift->floor, "%d", number);
    for (int axis = 0; axis < 3; axis++)
        lift->vibration[axis] = (lift->speed > 0 ? 0.1 : 0.01) * random_bell(random);
}
