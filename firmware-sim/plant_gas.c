/* A gas detector and the air around it.
 *
 * Two stages. The air at the detector head: a leak mixes into it within AIR_MIX_S, ventilation clears it within
 * AIR_VENT_S (a jet fills a corner faster than a room is aired). The sensor: a first-order lag, noise and a small zero
 * offset. A leak in another room of the zone seeps over to a fifth. Gas comes only while the supply is open: the zone's
 * shut-off valve ends a leak, and reopening it without mending the leak starts it again.
 *
 * Sources: response of catalytic and infrared heads t90 15-30 s, so a lag of 7 s (t90 = 2.3 lags); set-points 20 and
 * 50 %LEL as detectors ship for industry (GB/T 50493-2019: first stage <= 25, second <= 50 %LEL); methane, 5 %vol = 100 %LEL. */
#include <math.h>

#include "firmware-sim/plant.h"

#define AIR_MIX_S       12.0
#define AIR_VENT_S      30.0
#define SEEP            0.2
#define SENSOR_LAG_S    7.0
#define NOISE_LEL       0.08
#define ZERO_OFFSET_LEL 0.3
#define READING_MAX_LEL 110.0
#define LEAK_MAX_LEL    200.0
#define SETPOINT_LOW    20.0
#define SETPOINT_HIGH   50.0
#define ALARM_BACK_LEL  1.0 /* a device alarm falls this much below its set-point */
#define HEARTBEAT_S     5.0
#define LEL_VOL_PCT     5.0

enum signal {
    GAS_LEL_PCT,
    GAS_VOL_PCT,
    GAS_PPM,
    ALARM1_DEV,
    ALARM2_DEV,
    SP_ALARM1_DEV,
    SP_ALARM2_DEV,
    FAULT_CODE,
    FAULT_DEV,
    WARNING_DEV,
    DETECTOR_MODE,
    DETECTOR_STATUS,
    OVER_RANGE,
    UNDER_RANGE,
    HEARTBEAT,
    GAS_PEAK,
    GAS_NAME,
    LEL,
    RANGE_FULL_SCALE,
    DETECTOR_TEMP,
    AMBIENT_TEMP,
    HUMIDITY,
    SUPPLY_VOLTAGE,
    CAL_DUE_DAYS,
    CAL_INTERVAL_DAYS,
    RELAY_BITS,
    VALVE_STATE,
    SIGNAL_COUNT
};

static const char *const signals[SIGNAL_COUNT] = {
    [GAS_LEL_PCT] = "gas_lel_pct",
    [GAS_VOL_PCT] = "gas_vol_pct",
    [GAS_PPM] = "gas_ppm",
    [ALARM1_DEV] = "alarm1_dev",
    [ALARM2_DEV] = "alarm2_dev",
    [SP_ALARM1_DEV] = "sp_alarm1_dev",
    [SP_ALARM2_DEV] = "sp_alarm2_dev",
    [FAULT_CODE] = "fault_code",
    [FAULT_DEV] = "fault_dev",
    [WARNING_DEV] = "warning_dev",
    [DETECTOR_MODE] = "detector_mode",
    [DETECTOR_STATUS] = "detector_status",
    [OVER_RANGE] = "over_range",
    [UNDER_RANGE] = "under_range",
    [HEARTBEAT] = "heartbeat",
    [GAS_PEAK] = "gas_peak",
    [GAS_NAME] = "gas_name",
    [LEL] = "lel_vol_pct",
    [RANGE_FULL_SCALE] = "range_full_scale",
    [DETECTOR_TEMP] = "detector_temp",
    [AMBIENT_TEMP] = "ambient_temp",
    [HUMIDITY] = "humidity",
    [SUPPLY_VOLTAGE] = "supply_voltage",
    [CAL_DUE_DAYS] = "cal_due_days",
    [CAL_INTERVAL_DAYS] = "cal_interval_days",
    [RELAY_BITS] = "relay_bits",
    [VALVE_STATE] = "valve_state",
};

struct gas {
    double leak;    /* what the air would settle at, %LEL; 0 none */
    double air;     /* at the head */
    double sensed;  /* after the lag */
    double reading; /* what the detector says */
    double peak;
    double zero;  /* this head's offset */
    double noise; /* new each second, as detectors do their averaging */
    double temperature;
    double age_s;
    bool supply_open;
    bool low;
    bool high;
    double setpoint_low;
    double setpoint_high;
};

static void open(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    (void)points;
    (void)point_count;
    struct gas *gas = state;
    gas->zero = random_between(random, -ZERO_OFFSET_LEL, ZERO_OFFSET_LEL);
    gas->sensed = gas->zero;
    gas->reading = gas->zero;
    gas->temperature = random_between(random, 20, 25);
    gas->supply_open = true;
    gas->setpoint_low = SETPOINT_LOW;
    gas->setpoint_high = SETPOINT_HIGH;
}

/* Where a first-order system is after dt, exactly, so that the length of a step does not matter. */
static double approach(double from, double to, double dt_s, double time_constant_s)
{
    return to + (from - to) * exp(-dt_s / time_constant_s);
}

static bool alarm_of(bool before, double reading, double setpoint)
{
    return reading >= (before ? setpoint - ALARM_BACK_LEL : setpoint);
}

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    struct gas *gas = state;
    double own = around->supply_open ? gas->leak : 0;
    double target = fmax(own, SEEP * around->spill);
    gas->supply_open = around->supply_open;
    gas->air = approach(gas->air, target, dt_s, target > gas->air ? AIR_MIX_S : AIR_VENT_S);
    gas->sensed = approach(gas->sensed, gas->air + gas->zero, dt_s, SENSOR_LAG_S);
    if (floor(gas->age_s + dt_s) > floor(gas->age_s))
        gas->noise = NOISE_LEL * random_bell(random);
    gas->reading = fmin(gas->sensed + gas->noise, READING_MAX_LEL);
    if (!isnan(around->held[GAS_LEL_PCT]))
        gas->reading = around->held[GAS_LEL_PCT];
    gas->setpoint_low = isnan(around->held[SP_ALARM1_DEV]) ? SETPOINT_LOW : around->held[SP_ALARM1_DEV];
    gas->setpoint_high = isnan(around->held[SP_ALARM2_DEV]) ? SETPOINT_HIGH : around->held[SP_ALARM2_DEV];
    gas->low = alarm_of(gas->low, gas->reading, gas->setpoint_low);
    gas->high = alarm_of(gas->high, gas->reading, gas->setpoint_high);
    gas->peak = fmax(gas->peak, gas->reading);
    gas->age_s += dt_s;
}

static struct value status_of(const struct gas *gas)
{
    if (gas->reading > 100)
        return plant_code(8, "over_range");
    if (gas->high)
        return plant_code(6, "high_alarm");
    return gas->low ? plant_code(5, "low_alarm") : plant_code(1, "normal");
}

static void show_gas(const struct gas *gas, struct value *values)
{
    values[GAS_LEL_PCT] = plant_number(gas->reading);
    values[GAS_VOL_PCT] = plant_number(gas->reading * LEL_VOL_PCT / 100);
    values[GAS_PPM] = plant_number(gas->reading * LEL_VOL_PCT * 100);
    values[ALARM1_DEV] = plant_truth(gas->low);
    values[ALARM2_DEV] = plant_truth(gas->high);
    values[SP_ALARM1_DEV] = plant_number(gas->setpoint_low);
    values[SP_ALARM2_DEV] = plant_number(gas->setpoint_high);
    values[OVER_RANGE] = plant_truth(gas->reading > 100);
    values[UNDER_RANGE] = plant_truth(gas->reading < -5);
    values[DETECTOR_STATUS] = status_of(gas);
    values[GAS_PEAK] = plant_number(gas->peak);
    values[RELAY_BITS] = plant_number((gas->low ? 1 : 0) + (gas->high ? 2 : 0));
}

static void show(const void *state, struct value *ret_values)
{
    const struct gas *gas = state;
    show_gas(gas, ret_values);
    ret_values[FAULT_CODE] = plant_number(0);
    ret_values[FAULT_DEV] = plant_truth(false);
    ret_values[WARNING_DEV] = plant_truth(false);
    ret_values[DETECTOR_MODE] = plant_code(1, "normal");
    ret_values[HEARTBEAT] = plant_number(fmod(floor(gas->age_s / HEARTBEAT_S), 65536));
    ret_values[GAS_NAME] = plant_code(0, "CH4");
    ret_values[LEL] = plant_number(LEL_VOL_PCT);
    ret_values[RANGE_FULL_SCALE] = plant_number(100);
    ret_values[DETECTOR_TEMP] = plant_number(gas->temperature);
    ret_values[AMBIENT_TEMP] = plant_number(gas->temperature - 1);
    ret_values[HUMIDITY] = plant_number(45);
    ret_values[SUPPLY_VOLTAGE] = plant_number(24.1);
    ret_values[CAL_DUE_DAYS] = plant_number(180 - gas->age_s / 86400);
    ret_values[CAL_INTERVAL_DAYS] = plant_number(365);
    ret_values[VALVE_STATE] = gas->supply_open ? plant_code(0, "open") : plant_code(1, "closed");
}

static bool act(void *state, char *const *words, size_t count, struct text *why)
{
    struct gas *gas = state;
    double leak;
    if (count == 1 && text_equals(words[0], "stop")) {
        gas->leak = 0;
        return true;
    }
    if (count != 2 || !text_equals(words[0], "leak"))
        return text_refuse(why, "a gas detector can: leak PERCENT_LEL, leak stop, stop");
    if (text_equals(words[1], "stop"))
        leak = 0;
    else if (!text_to_number(words[1], &leak) || leak < 0 || leak > LEAK_MAX_LEL)
        return text_refuse(why, "a leak is a number of %%LEL from 0 to %g, not \"%s\"", LEAK_MAX_LEL, words[1]);
    gas->leak = leak;
    return true;
}

static void describe(const void *state, struct text *out)
{
    const struct gas *gas = state;
    text_add(out, "leak %g %%LEL%s, air %.1f, reading %.1f", gas->leak,
             gas->leak > 0 && !gas->supply_open ? " (shut off)" : "", gas->air, gas->reading);
}

static double spill(const void *state)
{
    const struct gas *gas = state;
    return gas->supply_open ? gas->leak : 0;
}

const struct plant_kind plant_gas = {
    .class = "gas_detector",
    .actions = "leak PERCENT_LEL | leak stop",
    .signals = signals,
    .signal_count = SIGNAL_COUNT,
    .state_size = sizeof(struct gas),
    .open = open,
    .step = step,
    .show = show,
    .act = act,
    .describe = describe,
    .spill = spill,
};
