#include "drivers/device/boiler_thermal_oil.h"

#include "drivers/device/boiler.h"

enum thermal_oil_point { TANK_LEVEL_PCT = BOILER_POINT_COUNT, TANK_LEVEL_L, LOAD_PCT };

enum thermal_oil_setting { SETTING_OUTLET_TEMP_MAX = BOILER_SETTING_COUNT };

/* clang-format off */
static const struct class_point points[] = {
    BURNER_POINT_ROWS,
    BOILER_POINT_ROWS,
    [TANK_LEVEL_PCT] = {POINT_NUMBER("tank_level_pct", "%", -10, 110, 1, POLL_NORMAL, "膨胀槽液位", "expansion tank level")},
    [TANK_LEVEL_L] = {POINT_BOOL("tank_level_l", POLL_SAFETY, "膨胀槽低液位开关", "expansion tank low, level switch")},
    [LOAD_PCT] = LOAD_ROW("firing_rate"),
};

static const struct class_setting settings[] = {
    BURNER_SETTING_ROWS,
    BOILER_SETTING_ROWS,
    [SETTING_OUTLET_TEMP_MAX] = {SETTING_NUMBER("outlet_temp_max", "Cel", 40, 450, NO_LIMIT, "允许最高出口温度",
                                                "highest allowed outlet temperature")},
};

static const struct class_alarm alarms[] = {
    OUTLET_TEMP_ALARM_ROWS,
    CIRCULATION_ALARM_ROWS,
    PRESSURE_ALARM_ROWS("outlet_pressure"),
    {ALARM_BIT("boiler.tank_level_l", "tank_level_l", 10, 60, 300, PRIORITY_HIGH, FREE, "膨胀槽液位低", "expansion tank low")},
    EFFICIENCY_ALARM_ROW,
    BURNER_ALARM_ROWS,
};
/* clang-format on */

static void boiler_thermal_oil_derive(struct derive *derive)
{
    CHECK(derive->sample_count == ARRAY_SIZE(points));
    derive->ret_next_mono_ms = INT64_MAX;
    burner_derive(derive, points);
    struct number const load =
        derive_knows(derive, FIRING_RATE) ? number_of(derive, points, FIRING_RATE) : number_good(100);
    number_put(derive, LOAD_PCT, load);
    boiler_derive(derive, points, load);
}

const struct device_class boiler_thermal_oil_class = {
    .id = "boiler_thermal_oil",
    .zh = "有机热载体锅炉",
    .en = "thermal-oil heater",
    .points = points,
    .point_count = ARRAY_SIZE(points),
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .derive = boiler_thermal_oil_derive,
    .memory_size = sizeof(struct boiler_memory),
    .settings = settings,
    .setting_count = ARRAY_SIZE(settings),
    .dialects = burner_dialects,
    .dialect_count = BURNER_DIALECT_COUNT,
};
