/* The air at a detector head, and the head.
 *
 * Air, the near field of the two-box model (room.h): a hemisphere of radius 0.7 m around the leak and the head, where the
 * air moves with u = 0.04 m/s. With G the leak, F the room's concentration and N the near field's,
 *
 *     Vn dN/dt = G - b (N - F)     Vn = 2/3 pi r^3 = 0.72 m3,  b = pi r^2 u = 0.062 m3/s,  Vn / b = 12 s
 *
 * so a leak fills the near field within half a minute to F + G / b and the room within V / Q (minutes) to G / Q; what the
 * near field takes or gives, the room gives or takes. Sensor, a catalytic bead: gas arrives with a lag by the distance (1 to
 * 4 s), the bead answers with another (T90 15 to 20 s = 2.303 lags). It burns what there is, up to the stoichiometric mixture;
 * richer mixtures lack oxygen, and the answer falls again, to nothing in pure gas: above 100 %LEL a bead may read low
 * (EN 60079-29-1, over-range). Poison lowers its sensitivity; its zero drifts; a broken wire reads -10 %LEL.
 *
 * Sources: T90 of catalytic and infrared heads 15 to 30 s; r and u: AIHA's usual values, u at its calm end; explosion
 * limits: GB (methane 5.0 %vol, propane 2.1, butane 1.8, hydrogen 4.0). Warm-up, drift and noise: engineering choices. */
#include "firmware-sim/gas_head.h"

#include <math.h>

#include "firmware-sim/plant.h"

#define NEAR_M3       0.72
#define NEAR_AIR_M3_S 0.062
#define NOISE_LEL     0.08
#define ZERO_LEL      0.3
#define DRIFT_S       20.0 /* lag of a drift and of poisoning */
#define WARMUP_S      30.0
#define WARMUP_LEL    6.0 /* too much, at first */
#define WARMUP_LAG_S  6.0
#define CALIBRATION_S 2.0 /* lag to the calibration gas */
#define ALARM_BACK    1.0 /* %LEL that an alarm falls below its set-point */
#define HEARTBEAT_S   5.0

static const struct gas_kind kinds[] = {
    {"methane", "CH4", 5.0, 0.656, 9.5, 11},
    {"natural_gas", "CH4", 5.0, 0.656, 9.5, 11},
    {"propane", "C3H8", 2.1, 1.803, 4.0, 21},
    {"butane", "C4H10", 1.8, 2.377, 3.1, 22},
    {"lpg", "LPG", 1.8, 2.1, 3.5, 23},
    {"hydrogen", "H2", 4.0, 0.082, 29.5, 30},
    {"town_gas", "TOWN GAS", 5.0, 0.6, 17.0, 24},
};

const struct gas_kind *gas_kind_find(const char *setting)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_equals(kinds[i].setting, setting))
            return &kinds[i];
    }
    return &kinds[0];
}

double gas_source_for(double lel)
{
    struct room usual;
    room_init(&usual);
    return lel / (1 / room_air_m3_s(&usual) + 1 / NEAR_AIR_M3_S);
}

double gas_source_of_m3_s(const struct gas_head *head, double gas_m3_s)
{
    return room_lel_m3(gas_m3_s, head->gas->lel_vol_pct);
}

void gas_head_open(struct gas_head *head, struct random *random)
{
    head->gas = &kinds[0];
    room_init(&head->own_room);
    head->distance_s = random_between(random, 1, 4);
    head->bead_s = random_between(random, 15, 20) / 2.303;
    head->zero = random_between(random, -ZERO_LEL, ZERO_LEL);
    head->zero_goal = head->zero;
    head->sensed = head->zero;
    head->reading = head->zero;
    head->sensitivity = 1;
    head->sensitivity_goal = 1;
    head->temperature = random_between(random, 20, 25);
    head->supply_open = true;
}

static void step_air(struct gas_head *head, double dt_s, struct room *room)
{
    double source = head->supply_open ? head->source : 0;
    double before = head->near;
    double most = 100 * 100 / head->gas->lel_vol_pct; /* pure gas */
    double goal = fmin(room->lel + source / NEAR_AIR_M3_S, most);
    head->near = plant_approach(before, goal, dt_s, NEAR_M3 / NEAR_AIR_M3_S);
    room_release(room, source * dt_s - NEAR_M3 * (head->near - before));
    head->fan_runs = room->fan;
}

/* What a bead makes of a mixture. */
static double burns(const struct gas_kind *gas, double lel)
{
    double vol_pct = lel * gas->lel_vol_pct / 100;
    if (vol_pct <= gas->stoichiometric)
        return lel;
    double best = 100 * gas->stoichiometric / gas->lel_vol_pct;
    return best * fmax(0, 100 - vol_pct) / (100 - gas->stoichiometric);
}

static void step_sensor(struct gas_head *head, double dt_s, struct random *random)
{
    head->arrives = plant_approach(head->arrives, head->near, dt_s, head->distance_s);
    head->sensitivity = plant_approach(head->sensitivity, head->sensitivity_goal, dt_s, DRIFT_S);
    head->zero = plant_approach(head->zero, head->zero_goal, dt_s, DRIFT_S);
    double answer = burns(head->gas, head->arrives) * head->sensitivity + head->zero;
    double goal = head->mode == GAS_CALIBRATION ? head->span : head->broken ? GAS_READING_MIN : answer;
    bool quick = head->mode == GAS_CALIBRATION || head->broken;
    head->sensed = plant_approach(head->sensed, goal, dt_s, quick ? CALIBRATION_S : head->bead_s);
    if (floor(head->age_s + dt_s) > floor(head->age_s))
        head->noise = NOISE_LEL * random_bell(random);
}

static void step_reading(struct gas_head *head, double held_reading)
{
    double warm = head->mode == GAS_WARMUP ? WARMUP_LEL * exp(-head->in_mode_s / WARMUP_LAG_S) : 0;
    double reading = head->sensed + head->noise + warm;
    if (!head->frozen)
        head->reading = fmin(fmax(reading, GAS_READING_MIN), GAS_READING_MAX);
    if (!isnan(held_reading))
        head->reading = held_reading;
    head->peak = fmax(head->peak, head->reading);
}

static bool alarm_of(bool before, double reading, double setpoint)
{
    return reading >= (before ? setpoint - ALARM_BACK : setpoint);
}

/* Its own alarms are quiet in calibration and while it is inhibited. */
static void step_alarms(struct gas_head *head)
{
    bool quiet = head->mode == GAS_INHIBIT || head->mode == GAS_CALIBRATION;
    head->low = !quiet && alarm_of(head->low, head->reading, head->setpoint_low);
    head->high = !quiet && alarm_of(head->high, head->reading, head->setpoint_high);
    head->low_latched = head->latching && (head->low || head->low_latched);
    head->high_latched = head->latching && (head->high || head->high_latched);
}

void gas_head_step(struct gas_head *head, double dt_s, struct room *room, double held_reading, struct random *random)
{
    bool alone = room == NULL;
    struct room *air = alone ? &head->own_room : room;
    head->in_mode_s += dt_s;
    if (head->mode == GAS_WARMUP && head->in_mode_s >= WARMUP_S)
        head->mode = GAS_NORMAL;
    step_air(head, dt_s, air);
    if (alone)
        room_step(air, dt_s);
    step_sensor(head, dt_s, random);
    step_reading(head, held_reading);
    step_alarms(head);
    head->age_s += dt_s;
    head->beats += head->frozen ? 0 : dt_s / HEARTBEAT_S;
}

void gas_head_reset(struct gas_head *head)
{
    head->low_latched = head->low_latched && head->low;
    head->high_latched = head->high_latched && head->high;
}
