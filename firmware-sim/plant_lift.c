/* A passenger lift: a car, its doors, at most one passenger.
 *
 *   standing --call--> running --landing--> opening --> open --> closing --> standing
 *                         |                    ^
 *                       trap                   |
 *                         v                    |
 *                      stopped --rescue--> levelling
 *
 * Doors move only at a landing and with the car at rest; the car moves only with closed doors. `trap` arranges for a passenger
 * to be aboard and stops the next run well between two landings; after a while the passenger presses the alarm button.
 * `rescue` lets the car creep to the nearest landing, where the doors open and the passenger walks out.
 *
 * Sources: EN 81-20 / GB/T 7588.1: unlocking zone at most +-0.35 m with coupled doors (0.2 here). The speeds, times and
 * the floor height are those of an ordinary residential lift (1.6 m/s, 0.8 m/s2, 3 m). */
#include <math.h>
#include <stdio.h>

#include "firmware-sim/plant.h"

#define FLOORS          8
#define FLOOR_M         3.0
#define ZONE_M          0.2
#define SPEED_MPS       1.6
#define CREEP_MPS       0.2
#define ACCELERATION    0.8
#define BRAKE           2.5 /* emergency stop, m/s2 */
#define CLEAR_OF_ZONE_M 0.6 /* a trapped car is at least so far from a landing */
#define ARRIVED_M       0.01
#define DOOR_OPENS_S    2.0
#define DOOR_CLOSES_S   2.5
#define LEAVES_AFTER_S  1.5 /* of open doors */
#define BOARDS_AFTER_S  2.5
#define DWELL_S         5.0
#define IDLE_MIN_S      8.0
#define IDLE_MAX_S      30.0
#define BUTTON_FIRST_S  8.0 /* after the stop */
#define BUTTON_EVERY_S  25.0
#define BUTTON_HOLDS_S  5.0
#define STEP_MAX_S      0.1
#define RUN_POWER_KW    5.0

enum signal {
    SERVICE_MODE,
    CAR_STATUS,
    CAR_DIRECTION,
    DOOR_ZONE,
    CAR_FLOOR,
    CAR_FLOOR_INDEX,
    DOOR_CLOSED,
    PASSENGER_PRESENT,
    CAR_LOAD_PCT,
    CAR_SPEED,
    CAR_POSITION_M,
    RUN_HOURS,
    RUN_COUNT,
    DOOR_CYCLES,
    ROPE_BENDS,
    TRAVEL_DISTANCE,
    ENERGY_TOTAL,
    UPPER_LIMIT,
    LOWER_LIMIT,
    MAINS_OK,
    ALARM_BUTTON,
    INTERCOM_OK,
    ARD_ACTIVE,
    UPS_SOC,
    MACHINE_TEMP,
    CABINET_TEMP,
    VIB_X,
    VIB_Y,
    VIB_Z,
    EBIKE_IN_CAR,
    FAULT,
    SIGNAL_COUNT
};

static const char *const signals[SIGNAL_COUNT] = {
    [SERVICE_MODE] = "service_mode",
    [CAR_STATUS] = "car_status",
    [CAR_DIRECTION] = "car_direction",
    [DOOR_ZONE] = "door_zone",
    [CAR_FLOOR] = "car_floor",
    [CAR_FLOOR_INDEX] = "car_floor_index",
    [DOOR_CLOSED] = "door_closed",
    [PASSENGER_PRESENT] = "passenger_present",
    [CAR_LOAD_PCT] = "car_load_pct",
    [CAR_SPEED] = "car_speed",
    [CAR_POSITION_M] = "car_position_m",
    [RUN_HOURS] = "run_hours",
    [RUN_COUNT] = "run_count",
    [DOOR_CYCLES] = "door_cycles",
    [ROPE_BENDS] = "rope_bends",
    [TRAVEL_DISTANCE] = "travel_distance",
    [ENERGY_TOTAL] = "energy_total",
    [UPPER_LIMIT] = "upper_limit",
    [LOWER_LIMIT] = "lower_limit",
    [MAINS_OK] = "mains_ok",
    [ALARM_BUTTON] = "alarm_button",
    [INTERCOM_OK] = "intercom_ok",
    [ARD_ACTIVE] = "ard_active",
    [UPS_SOC] = "ups_soc",
    [MACHINE_TEMP] = "machine_temp",
    [CABINET_TEMP] = "cabinet_temp",
    [VIB_X] = "vib_x",
    [VIB_Y] = "vib_y",
    [VIB_Z] = "vib_z",
    [EBIKE_IN_CAR] = "ebike_in_car",
    [FAULT] = "fault",
};

enum phase { STANDING, OPENING, OPEN, CLOSING, RUNNING, BRAKING, STOPPED, LEVELLING };

static const char *const phase_words[] = {
    [STANDING] = "standing", [OPENING] = "doors opening", [OPEN] = "doors open", [CLOSING] = "doors closing",
    [RUNNING] = "running",   [BRAKING] = "braking",       [STOPPED] = "TRAPPED", [LEVELLING] = "being levelled",
};

struct lift {
    enum phase phase;
    double in_phase_s;
    double idle_s;   /* until the next call */
    double position; /* m above the lowest landing */
    double speed;    /* m/s, never negative */
    double going;    /* +1 up, -1 down */
    int target;      /* landing */
    bool inside;     /* a passenger */
    bool arrived;    /* and is where it wanted to go */
    bool waiting;    /* somebody at the landing we go to or stand at */
    bool trap;       /* ordered, not yet sprung */
    bool help;       /* rescue was ordered while it still brakes */
    char floor[12];
    double vibration[3];
    double run_s;
    double run_count;
    double door_cycles;
    double travel;
};

static int nearest_landing(const struct lift *lift)
{
    long landing = lround(lift->position / FLOOR_M);
    return (int)(landing < 0 ? 0 : landing >= FLOORS ? FLOORS - 1 : landing);
}

static double from_landing(double position)
{
    return fabs(position - FLOOR_M * round(position / FLOOR_M));
}

static bool in_zone(const struct lift *lift)
{
    return from_landing(lift->position) <= ZONE_M;
}

static void enter(struct lift *lift, enum phase phase)
{
    lift->phase = phase;
    lift->in_phase_s = 0;
}

static void run_to(struct lift *lift, int landing)
{
    lift->target = landing;
    lift->going = landing * FLOOR_M > lift->position ? 1 : -1;
    lift->run_count++;
    enter(lift, RUNNING);
}

static void open_doors(struct lift *lift)
{
    lift->door_cycles++;
    enter(lift, OPENING);
}

/* A random landing other than where the car is. */
static int other_landing(const struct lift *lift, struct random *random)
{
    int landing = (int)random_below(random, FLOORS - 1);
    return landing >= nearest_landing(lift) ? landing + 1 : landing;
}

static void move(struct lift *lift, double dt_s)
{
    double way = lift->speed * dt_s;
    lift->position += lift->going * way;
    lift->travel += way;
    lift->run_s += dt_s;
}

static void arrive(struct lift *lift)
{
    lift->position = lift->target * FLOOR_M;
    lift->speed = 0;
    lift->arrived = lift->inside;
    open_doors(lift);
}

/* Speeds up and slows down so that it comes to rest at the target. True when it is there. */
static bool travel(struct lift *lift, double speed_max, double dt_s)
{
    double left = fabs(lift->target * FLOOR_M - lift->position);
    double wanted = fmin(speed_max, sqrt(2 * ACCELERATION * left));
    lift->speed = wanted < lift->speed ? wanted : fmin(wanted, lift->speed + ACCELERATION * dt_s);
    if (left <= ARRIVED_M || lift->speed * dt_s >= left)
        return true;
    move(lift, dt_s);
    return false;
}

static bool may_spring(const struct lift *lift)
{
    double stop = lift->position + lift->going * lift->speed * lift->speed / (2 * BRAKE);
    return lift->trap && lift->inside && lift->speed > 0 && from_landing(stop) >= CLEAR_OF_ZONE_M;
}

static void step_running(struct lift *lift, double dt_s)
{
    if (may_spring(lift)) {
        lift->trap = false;
        enter(lift, BRAKING);
    } else if (travel(lift, SPEED_MPS, dt_s)) {
        arrive(lift);
    }
}

static void level(struct lift *lift)
{
    lift->target = nearest_landing(lift);
    lift->going = lift->target * FLOOR_M > lift->position ? 1 : -1;
    lift->help = false;
    enter(lift, LEVELLING);
}

static void step_braking(struct lift *lift, double dt_s)
{
    move(lift, dt_s);
    lift->speed -= BRAKE * dt_s;
    if (lift->speed > 0)
        return;
    lift->speed = 0;
    if (lift->help)
        level(lift);
    else
        enter(lift, STOPPED);
}

static void step_standing(struct lift *lift, double dt_s, struct random *random)
{
    lift->idle_s -= dt_s;
    if (lift->inside) {
        run_to(lift, other_landing(lift, random));
    } else if (lift->waiting) {
        open_doors(lift);
    } else if (lift->idle_s <= 0) {
        lift->idle_s = random_between(random, IDLE_MIN_S, IDLE_MAX_S);
        lift->waiting = true;
        if (random_chance(random, 0.7))
            run_to(lift, other_landing(lift, random));
    }
}

static void step_open(struct lift *lift)
{
    if (lift->inside && lift->arrived && lift->in_phase_s >= LEAVES_AFTER_S) {
        lift->inside = false;
        lift->arrived = false;
    }
    if (lift->waiting && !lift->inside && lift->in_phase_s >= BOARDS_AFTER_S) {
        lift->inside = true;
        lift->waiting = false;
    }
    if (lift->in_phase_s >= DWELL_S)
        enter(lift, CLOSING);
}

/* A trap needs a passenger: somebody waits where the car is, or at the next landing it can stop at. */
static void bait(struct lift *lift)
{
    if (!lift->trap || lift->inside)
        return;
    lift->waiting = true;
    if (lift->phase == CLOSING)
        open_doors(lift);
    if (lift->phase != RUNNING)
        return;
    double stop = lift->position + lift->going * lift->speed * lift->speed / (2 * ACCELERATION);
    double landing = lift->going > 0 ? ceil(stop / FLOOR_M) : floor(stop / FLOOR_M);
    if (lift->going * (lift->target - landing) > 0.5)
        lift->target = (int)landing;
}

static void step_once(struct lift *lift, double dt_s, struct random *random)
{
    lift->in_phase_s += dt_s;
    bait(lift);
    switch (lift->phase) {
    case STANDING:
        step_standing(lift, dt_s, random);
        break;
    case OPENING:
        if (lift->in_phase_s >= DOOR_OPENS_S)
            enter(lift, OPEN);
        break;
    case OPEN:
        step_open(lift);
        break;
    case CLOSING:
        if (lift->in_phase_s >= DOOR_CLOSES_S)
            enter(lift, STANDING);
        break;
    case RUNNING:
        step_running(lift, dt_s);
        break;
    case BRAKING:
        step_braking(lift, dt_s);
        break;
    case STOPPED:
        break;
    case LEVELLING:
        if (travel(lift, CREEP_MPS, dt_s))
            arrive(lift);
        break;
    }
}

static void open(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    (void)points;
    (void)point_count;
    struct lift *lift = state;
    lift->going = 1;
    lift->idle_s = random_between(random, IDLE_MIN_S, IDLE_MAX_S);
    (void)snprintf(lift->floor, sizeof lift->floor, "%d", 1);
}

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    (void)around;
    struct lift *lift = state;
    int parts = (int)ceil(dt_s / STEP_MAX_S);
    for (int i = 0; i < parts; i++)
        step_once(lift, dt_s / parts, random);
    (void)snprintf(lift->floor, sizeof lift->floor, "%d", nearest_landing(lift) + 1);
    for (int axis = 0; axis < 3; axis++)
        lift->vibration[axis] = lift->speed > 0 ? 0.1 * random_bell(random) : 0;
}

static bool presses_button(const struct lift *lift)
{
    double since = lift->in_phase_s - BUTTON_FIRST_S;
    return lift->phase == STOPPED && lift->inside && since >= 0 && fmod(since, BUTTON_EVERY_S) < BUTTON_HOLDS_S;
}

static bool doors_closed(const struct lift *lift)
{
    return lift->phase != OPENING && lift->phase != OPEN && lift->phase != CLOSING;
}

static void show_car(const struct lift *lift, struct value *values)
{
    bool moves = lift->speed > 0;
    bool up = lift->going > 0;
    values[CAR_STATUS] = moves ? plant_code(1, "run") : plant_code(0, "stop");
    values[CAR_DIRECTION] = !moves ? plant_code(0, "none") : up ? plant_code(1, "up") : plant_code(2, "down");
    values[DOOR_ZONE] = plant_truth(in_zone(lift));
    values[CAR_FLOOR] = plant_code(nearest_landing(lift) + 1, lift->floor);
    values[CAR_FLOOR_INDEX] = plant_number(nearest_landing(lift) + 1);
    values[DOOR_CLOSED] = plant_truth(doors_closed(lift));
    values[PASSENGER_PRESENT] = plant_truth(lift->inside);
    values[CAR_LOAD_PCT] = plant_number(lift->inside ? 9 : 0);
    values[CAR_SPEED] = plant_number(lift->speed);
    values[CAR_POSITION_M] = plant_number(lift->position);
    values[ALARM_BUTTON] = plant_truth(presses_button(lift));
    values[VIB_X] = plant_number(lift->vibration[0]);
    values[VIB_Y] = plant_number(lift->vibration[1]);
    values[VIB_Z] = plant_number(lift->vibration[2]);
    values[FAULT] = lift->phase == STOPPED ? plant_code(4, "stop_outside_zone") : plant_code(0, "none");
}

static void show(const void *state, struct value *ret_values)
{
    const struct lift *lift = state;
    show_car(lift, ret_values);
    ret_values[SERVICE_MODE] = plant_code(1, "normal");
    ret_values[RUN_HOURS] = plant_number(4120 + floor(lift->run_s / 3600));
    ret_values[RUN_COUNT] = plant_number(182500 + lift->run_count);
    ret_values[DOOR_CYCLES] = plant_number(190300 + lift->door_cycles);
    ret_values[ROPE_BENDS] = plant_number(365000 + 2 * lift->run_count);
    ret_values[TRAVEL_DISTANCE] = plant_number(1640000 + lift->travel);
    ret_values[ENERGY_TOTAL] = plant_number(20600 + RUN_POWER_KW * lift->run_s / 3600);
    ret_values[UPPER_LIMIT] = plant_truth(false);
    ret_values[LOWER_LIMIT] = plant_truth(false);
    ret_values[MAINS_OK] = plant_truth(true);
    ret_values[INTERCOM_OK] = plant_truth(true);
    ret_values[ARD_ACTIVE] = plant_truth(lift->phase == LEVELLING);
    ret_values[UPS_SOC] = plant_number(100);
    ret_values[MACHINE_TEMP] = plant_number(26);
    ret_values[CABINET_TEMP] = plant_number(29);
    ret_values[EBIKE_IN_CAR] = plant_truth(false);
}

static bool is_trapped(const struct lift *lift)
{
    return lift->phase == STOPPED || lift->phase == BRAKING;
}

static bool rescue(struct lift *lift, struct text *why)
{
    bool ordered = lift->trap;
    lift->trap = false;
    if (lift->phase == BRAKING)
        lift->help = true;
    else if (lift->phase == STOPPED)
        level(lift);
    else if (!ordered)
        return text_refuse(why, "nobody is trapped");
    return true;
}

static bool act(void *state, char *const *words, size_t count, struct text *why)
{
    struct lift *lift = state;
    const char *word = count == 1 ? words[0] : "";
    if (text_equals(word, "trap")) {
        if (is_trapped(lift))
            return text_refuse(why, "a passenger is trapped already");
        lift->trap = true;
        return true;
    }
    if (text_equals(word, "rescue"))
        return rescue(lift, why);
    if (text_equals(word, "normal")) {
        struct sentence ignored;
        (void)rescue(lift, sentence_init(&ignored));
        return true;
    }
    return text_refuse(why, "a lift can: trap, rescue, normal");
}

static void describe(const void *state, struct text *out)
{
    const struct lift *lift = state;
    text_add(out, "%s at %.2f m (floor %s), %.2f m/s, %s%s", phase_words[lift->phase], lift->position, lift->floor,
             lift->speed, lift->inside ? "a passenger" : "empty", lift->trap ? ", a trap is set" : "");
}

const struct plant_kind plant_lift = {
    .class = "lift",
    .actions = "trap | rescue | normal",
    .signals = signals,
    .signal_count = SIGNAL_COUNT,
    .state_size = sizeof(struct lift),
    .open = open,
    .step = step,
    .show = show,
    .act = act,
    .describe = describe,
};
