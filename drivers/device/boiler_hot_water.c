#include "drivers/device/boiler_hot_water.h"

#include "drivers/device/boiler.h"

#define WATER_MJ_M3_K 4.08 /* density times heat capacity: 4.05 at 95 Cel, 4.12 at 60 Cel */

enum hot_water_point { HEAT_OUTPUT = BOILER_POINT_COUNT, LOAD_PCT, SAT_TEMP, SAT_MARGIN };

enum hot_water_setting { SETTING_OUTLET_TEMP_MAX = BOILER_SETTING_COUNT, SETTING_AMBIENT_PRESSURE };

/* clang-format off */
static const struct class_point points[] = {
    BURNER_POINT_ROWS,
    BOILER_POINT_ROWS,
    [HEAT_OUTPUT] = {POINT_NUMBER("heat_output", "MW", NO_LIMIT, NO_LIMIT, 0.02, POLL_NORMAL, "供热功率", "heat output"),
                     DERIVED("circ_flow outlet_temp inlet_temp"), .readable = true},
    [LOAD_PCT] = LOAD_ROW("firing_rate|heat_output firing_rate|" RATED),
    [SAT_TEMP] = SAT_TEMP_ROW("outlet_pressure"),
    [SAT_MARGIN] = {POINT_NUMBER("sat_margin", "K", NO_LIMIT, NO_LIMIT, 0.5, POLL_SAFETY, "出口过冷度（距汽化）",
                                 "outlet below boiling"), DERIVED("sat_temp outlet_temp")},
    WATER_ROWS,
};

static const struct class_setting settings[] = {
    BURNER_SETTING_ROWS,
    BOILER_SETTING_ROWS,
    [SETTING_OUTLET_TEMP_MAX] = {SETTING_NUMBER("outlet_temp_max", "Cel", 40, 250, 100, "允许最高出口温度",
                                                "highest allowed outlet temperature")},
    [SETTING_AMBIENT_PRESSURE] = {SETTING_NUMBER("ambient_pressure", "kPa", 50, 110, 101.325, "大气压力（无测点时）",
                                                 "air pressure, where not measured")},
};

static const struct class_alarm alarms[] = {
    OUTLET_TEMP_ALARM_ROWS,
    {ALARM_LIMIT("boiler.sat_margin_ll", "sat_margin", RULE_LOLO, 10, NO_LIMIT, 1, 10, 60, 10, PRIORITY_CRITICAL, LATCHED,
                 "出口过冷度过低（汽化危险）", "outlet about to boil")},
    {ALARM_LIMIT("boiler.sat_margin", "sat_margin", RULE_LO, 20, NO_LIMIT, 1, 10, 60, 600, PRIORITY_HIGH, FREE, "出口过冷度低",
                 "outlet close to boiling")},
    CIRCULATION_ALARM_ROWS,
    PRESSURE_ALARM_ROWS("outlet_pressure"),
    EFFICIENCY_ALARM_ROW,
    HARDNESS_ALARM_ROW,
    BURNER_ALARM_ROWS,
};
/* clang-format on */

static struct number heat_output(const struct derive *derive)
{
    struct number const flow = number_of(derive, points, CIRC_FLOW);
    struct number const outlet = number_of(derive, points, OUTLET_TEMP);
    struct number const inlet = number_of(derive, points, INLET_TEMP);
    double const mw = flow.value * WATER_MJ_M3_K * (outlet.value - inlet.value) / 3600;
    return number_with(number_with(number_good(mw), flow), number_with(outlet, inlet));
}

/* By the heat where it and the rating are known, else by the burner. */
static struct number load_of(const struct derive *derive)
{
    struct number const rated_t_h = boiler_rated_t_h(derive);
    bool const by_heat = derive_knows(derive, HEAT_OUTPUT) && number_is_known(rated_t_h);
    if (!by_heat && !derive_knows(derive, FIRING_RATE))
        return number_good(100);
    struct number load = number_of(derive, points, by_heat ? HEAT_OUTPUT : FIRING_RATE);
    if (by_heat)
        load.value *= 100 / (rated_t_h.value * MW_PER_T_H);
    return load;
}

static void boiler_hot_water_derive(struct derive *derive)
{
    CHECK(derive->sample_count == ARRAY_SIZE(points));
    derive->ret_next_mono_ms = INT64_MAX;
    burner_derive(derive, points);
    number_put(derive, HEAT_OUTPUT, heat_output(derive));
    struct number const load = load_of(derive);
    number_put(derive, LOAD_PCT, load);
    boiler_derive(derive, points, load);
    struct number const air_kpa = number_or_setting(derive, points, AMBIENT_PRESSURE, SETTING_AMBIENT_PRESSURE);
    number_put(derive, SAT_TEMP, boiler_sat_cel(number_of(derive, points, OUTLET_PRESSURE), air_kpa));
    struct number const boils = number_of(derive, points, SAT_TEMP);
    struct number const outlet = number_of(derive, points, OUTLET_TEMP);
    number_put(derive, SAT_MARGIN, number_with(number_with(number_good(boils.value - outlet.value), boils), outlet));
}

const struct device_class boiler_hot_water_class = {
    .id = "boiler_hot_water",
    .zh = "热水锅炉",
    .en = "hot-water boiler",
    .points = points,
    .point_count = ARRAY_SIZE(points),
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .derive = boiler_hot_water_derive,
    .memory_size = sizeof(struct boiler_memory),
    .settings = settings,
    .setting_count = ARRAY_SIZE(settings),
    .dialects = burner_dialects,
    .dialect_count = BURNER_DIALECT_COUNT,
};
