#include "drivers/device/boiler_steam.h"

#include <math.h>

#include "drivers/device/boiler.h"
#include "drivers/device/steam.h"

#define ETA_MAX_S        3600.0
#define MISMATCH_K       5.0
#define UNDER_PRESSURE   0.05 /* MPa gauge: a drum under that holds steam, not air */
#define BALANCE_FEED_MIN 1.0  /* kg/h: below nothing was fed */

enum steam_point {
    DRUM_LEVEL_MM = BOILER_POINT_COUNT,
    DRUM_LEVEL_PCT,
    LEVEL_LL,
    LEVEL_L,
    LEVEL_H,
    LEVEL_HH,
    STEAM_TEMP,
    STEAM_FLOW,
    FEED_WATER_FLOW,
    FEED_WATER_TEMP,
    FEED_WATER_TEMP_HOT,
    FEED_WATER_PRESSURE,
    FEED_WATER_PRESSURE_HOT,
    FEED_PUMP_ON,
    LOAD_PCT,
    LOW_WATER_ETA,
    SAT_TEMP,
    SENSOR_MISMATCH,
    FEED_STEAM_BALANCE,
    EFFICIENCY_DIRECT,
};

enum steam_setting {
    SETTING_LOW_LEVEL = BOILER_SETTING_COUNT,
    SETTING_LEVEL_ZERO_MM,
    SETTING_LEVEL_FULL_MM,
    SETTING_STEAM,
    SETTING_AMBIENT_PRESSURE,
    SETTING_FUEL_LHV,
};

enum steam_kind { STEAM_SATURATED, STEAM_SUPERHEATED };
static const struct code steam_kinds[] = {
    [STEAM_SATURATED] = {"saturated", "饱和蒸汽", "saturated"},
    [STEAM_SUPERHEATED] = {"superheated", "过热蒸汽", "superheated"},
};

struct steam_memory {
    struct boiler_memory boiler;
    struct trend level_pct;
    struct hour_mean feed_kg_h;
    struct hour_mean steam_kg_h;
};
_Static_assert(sizeof(struct steam_memory) <= DERIVE_MEMORY_MAX, "fits what the judge keeps of a device");

/* clang-format off */
static const struct class_point points[] = {
    BURNER_POINT_ROWS,
    BOILER_POINT_ROWS,
    [DRUM_LEVEL_MM] = {POINT_NUMBER("drum_level_mm", "mm", -300, 300, 2, POLL_SAFETY, "锅筒水位", "drum level")},
    [DRUM_LEVEL_PCT] = {POINT_NUMBER("drum_level_pct", "%", -10, 110, 1, POLL_SAFETY, "锅筒水位百分比", "drum level, %"),
                        DERIVED("drum_level_mm level_zero_mm level_full_mm"), .readable = true},
    [LEVEL_LL] = {POINT_BOOL("level_ll", POLL_SAFETY, "极低水位开关", "extreme low level switch")},
    [LEVEL_L] = {POINT_BOOL("level_l", POLL_SAFETY, "低水位开关", "low level switch")},
    [LEVEL_H] = {POINT_BOOL("level_h", POLL_SAFETY, "高水位开关", "high level switch")},
    [LEVEL_HH] = {POINT_BOOL("level_hh", POLL_SAFETY, "超高水位开关", "extreme high level switch")},
    [STEAM_TEMP] = {POINT_NUMBER("steam_temp", "Cel", 0, 500, 0.5, POLL_NORMAL, "蒸汽温度", "steam temperature")},
    [STEAM_FLOW] = {POINT_NUMBER("steam_flow", "kg/h", 0, 1e6, 20, POLL_NORMAL, "蒸汽流量", "steam flow")},
    [FEED_WATER_FLOW] = {POINT_NUMBER("feed_water_flow", "kg/h", 0, 1e6, 20, POLL_NORMAL, "给水流量", "feed water flow")},
    [FEED_WATER_TEMP] = {POINT_NUMBER("feed_water_temp", "Cel", 0, 350, 0.5, POLL_NORMAL, "给水温度", "feed water temperature")},
    [FEED_WATER_TEMP_HOT] = {POINT_NUMBER("feed_water_temp_hot", "Cel", 0, 350, 0.5, POLL_NORMAL, "省煤器后给水温度",
                                          "feed water after the economiser")},
    [FEED_WATER_PRESSURE] = {POINT_NUMBER("feed_water_pressure", "MPa", -0.1, 10, 0.01, POLL_NORMAL, "给水压力",
                                          "feed water pressure, gauge")},
    [FEED_WATER_PRESSURE_HOT] = {POINT_NUMBER("feed_water_pressure_hot", "MPa", -0.1, 10, 0.01, POLL_NORMAL,
                                              "省煤器后给水压力", "feed water pressure after the economiser")},
    [FEED_PUMP_ON] = {POINT_BOOL("feed_pump_on", POLL_NORMAL, "给水泵运行", "feed pump on")},
    [LOAD_PCT] = LOAD_ROW("firing_rate|steam_flow firing_rate|" RATED),
    [LOW_WATER_ETA] = {POINT_NUMBER("low_water_eta", "s", NO_LIMIT, NO_LIMIT, 10, POLL_SAFETY, "到低水位剩余时间",
                                    "time to low level"), DERIVED("drum_level_pct")},
    [SAT_TEMP] = SAT_TEMP_ROW("steam_pressure"),
    [SENSOR_MISMATCH] = {POINT_BOOL("sensor_mismatch", POLL_NORMAL, "汽温与汽压不符", "steam temperature contradicts pressure"),
                         DERIVED("steam_temp sat_temp")},
    [FEED_STEAM_BALANCE] = {POINT_NUMBER("feed_steam_balance", "%", NO_LIMIT, NO_LIMIT, 1, POLL_SLOW, "汽水平衡差（小时）",
                                         "feed water that did not become steam"), DERIVED("feed_water_flow steam_flow")},
    [EFFICIENCY_DIRECT] = {POINT_NUMBER("efficiency_direct", "%", NO_LIMIT, NO_LIMIT, 0.5, POLL_NORMAL, "热效率（正平衡）",
                                        "efficiency, by steam and fuel"),
                           DERIVED("steam_flow steam_pressure feed_water_temp fuel_flow fuel_lhv")},
    WATER_ROWS,
};

static const struct class_setting settings[] = {
    BURNER_SETTING_ROWS,
    BOILER_SETTING_ROWS,
    [SETTING_LOW_LEVEL] = {SETTING_NUMBER("low_level", "%", 0, 100, 30, "低水位", "low level")},
    [SETTING_LEVEL_ZERO_MM] = {SETTING_NUMBER("level_zero_mm", "mm", -300, 300, NO_LIMIT, "水位 0% 处", "level at 0 %")},
    [SETTING_LEVEL_FULL_MM] = {SETTING_NUMBER("level_full_mm", "mm", -300, 300, NO_LIMIT, "水位 100% 处", "level at 100 %")},
    [SETTING_STEAM] = {SETTING_CHOICE("steam", steam_kinds, STEAM_SATURATED, "蒸汽种类", "kind of steam")},
    [SETTING_AMBIENT_PRESSURE] = {SETTING_NUMBER("ambient_pressure", "kPa", 50, 110, 101.325, "大气压力（无测点时）",
                                                 "air pressure, where not measured")},
    [SETTING_FUEL_LHV] = {SETTING_NUMBER("fuel_lhv", "kJ/m3", 1000, 150000, NO_LIMIT, "燃料低位发热量（无测点时）",
                                         "lower heating value of the fuel, where not measured")},
};

static const struct class_alarm alarms[] = {
    {ALARM_LIMIT("boiler.level_ll", "drum_level_pct", RULE_LOLO, 15, NO_LIMIT, 5, 2, 10, 3, PRIORITY_CRITICAL, LATCHED,
                 "极低水位", "extreme low water")},
    {ALARM_BIT("boiler.level_ll_bit", "level_ll", 2, 10, 3, PRIORITY_CRITICAL, LATCHED, "极低水位（水位开关）",
               "extreme low water, by the level switch")},
    {ALARM_LIMIT("boiler.level_l", "drum_level_pct", RULE_LO, NO_LIMIT, NO_LIMIT, 5, 10, 60, 300, PRIORITY_HIGH, FREE, "低水位",
                 "low water"), .limit_from = {{"low_level", 1, 0}}},
    {ALARM_BIT("boiler.level_l_bit", "level_l", 10, 60, 300, PRIORITY_HIGH, FREE, "低水位（水位开关）",
               "low water, by the level switch")},
    {ALARM_LIMIT("boiler.level_h", "drum_level_pct", RULE_HI, 75, NO_LIMIT, 5, 10, 60, 300, PRIORITY_MEDIUM, FREE, "高水位",
                 "high water")},
    {ALARM_BIT("boiler.level_h_bit", "level_h", 10, 60, 300, PRIORITY_MEDIUM, FREE, "高水位（水位开关）",
               "high water, by the level switch")},
    {ALARM_LIMIT("boiler.level_hh", "drum_level_pct", RULE_HIHI, 90, NO_LIMIT, 5, 5, 60, 60, PRIORITY_HIGH, FREE, "超高水位",
                 "extreme high water")},
    {ALARM_BIT("boiler.level_hh_bit", "level_hh", 5, 60, 60, PRIORITY_HIGH, FREE, "超高水位（水位开关）",
               "extreme high water, by the level switch")},
    PRESSURE_ALARM_ROWS("steam_pressure"),
    {ALARM_BIT("boiler.sensor_mismatch", "sensor_mismatch", 120, 120, 3600, PRIORITY_MEDIUM, FREE, "汽温与汽压不符",
               "steam temperature contradicts pressure")},
    EFFICIENCY_ALARM_ROW,
    HARDNESS_ALARM_ROW,
    BURNER_ALARM_ROWS,
};
/* clang-format on */

/* By the steam where its flow and the rating are known, else by the burner. */
static struct number load_of(const struct derive *derive)
{
    struct number const rated = boiler_rated_t_h(derive);
    bool const by_steam = derive_knows(derive, STEAM_FLOW) && number_is_known(rated);
    if (!by_steam && !derive_knows(derive, FIRING_RATE))
        return number_good(100);
    struct number load = number_of(derive, points, by_steam ? STEAM_FLOW : FIRING_RATE);
    if (by_steam)
        load.value *= 100 / (rated.value * 1000);
    return load;
}

static void put_level(struct derive *derive)
{
    struct number const zero = number_of_setting(derive, SETTING_LEVEL_ZERO_MM);
    struct number const full = number_of_setting(derive, SETTING_LEVEL_FULL_MM);
    struct number level = number_with(number_of(derive, points, DRUM_LEVEL_MM), number_with(zero, full));
    if (number_is_known(level) && fabs(full.value - zero.value) > 0)
        level.value = fmin(fmax((level.value - zero.value) / (full.value - zero.value) * 100, -10), 110);
    else if (number_is_known(level))
        level = number_none(REASON_INVALID);
    number_put(derive, DRUM_LEVEL_PCT, level);
}

static struct number low_water_eta(const struct derive *derive, struct trend *trend)
{
    struct number const level = number_of(derive, points, DRUM_LEVEL_PCT);
    struct number const low = number_of_setting(derive, SETTING_LOW_LEVEL);
    struct number const inputs = number_with(level, low);
    if (!number_is_known(inputs))
        return inputs;
    trend_feed(trend, derive->mono_ms, level.value);
    if (level.value <= low.value)
        return number_with(number_good(0), inputs);
    double fitted = 0;
    double slope_per_s = 0;
    if (!trend_get(trend, derive->mono_ms, &fitted, &slope_per_s) || !(slope_per_s < 0))
        return number_none(REASON_INVALID);
    double const eta_s = fitted > low.value ? (low.value - fitted) / slope_per_s : 0;
    return number_with(number_if(eta_s <= ETA_MAX_S, &eta_s), inputs);
}

static void put_mismatch(struct derive *derive)
{
    if (!derive_owes(derive, SENSOR_MISMATCH))
        return;
    struct number const steam = number_of(derive, points, STEAM_TEMP);
    struct number const saturated = number_of(derive, points, SAT_TEMP);
    struct number const pressure = number_of(derive, points, STEAM_PRESSURE);
    struct number const kind = number_of_setting(derive, SETTING_STEAM);
    enum tri mismatch = TRI_UNKNOWN;
    if (number_is_known(steam) && number_is_known(saturated)) {
        bool const superheated = number_is_known(kind) && kind.value > STEAM_SATURATED;
        bool const too_hot = !superheated && steam.value > saturated.value + MISMATCH_K;
        bool const too_cold = pressure.value >= UNDER_PRESSURE && steam.value < saturated.value - MISMATCH_K;
        mismatch = tri_of(too_hot || too_cold);
    }
    derive_set(derive, SENSOR_MISMATCH, mismatch, number_is_known(steam) ? SAT_TEMP : STEAM_TEMP);
}

static void put_balance(struct derive *derive, struct steam_memory *memory)
{
    if (!derive_owes(derive, FEED_STEAM_BALANCE))
        return;
    struct number const feed = number_of(derive, points, FEED_WATER_FLOW);
    struct number const steam = number_of(derive, points, STEAM_FLOW);
    bool const known = number_is_known(number_with(feed, steam));
    hour_mean_feed(&memory->feed_kg_h, derive->mono_ms, known, feed.value);
    hour_mean_feed(&memory->steam_kg_h, derive->mono_ms, known, steam.value);
    double fed = 0;
    double left = 0;
    struct number balance = number_none(REASON_STARTING);
    if (hour_mean_get(&memory->feed_kg_h, &fed) && hour_mean_get(&memory->steam_kg_h, &left))
        balance = fed >= BALANCE_FEED_MIN ? number_good((fed - left) / fed * 100) : number_none(REASON_INVALID);
    number_put(derive, FEED_STEAM_BALANCE, balance);
}

/* What a kilogram takes up between feed pump and steam main, in kJ. */
static bool heat_of_steam(const struct derive *derive, double p_mpa, double feed_cel, double *ret_kj_kg)
{
    struct number const kind = number_of_setting(derive, SETTING_STEAM);
    struct number const steam = number_of(derive, points, STEAM_TEMP);
    bool const superheated = number_is_known(kind) && kind.value > STEAM_SATURATED;
    double t_k = 0;
    double steam_kj_kg = 0;
    double feed_kj_kg = 0;
    if (superheated && number_is_known(steam))
        t_k = steam.value + ZERO_CELSIUS_K;
    else if (superheated || !steam_t_sat(p_mpa, &t_k))
        return false;
    if (!steam_h_steam(p_mpa, t_k, &steam_kj_kg) || !steam_h_water(p_mpa, feed_cel + ZERO_CELSIUS_K, &feed_kj_kg))
        return false;
    *ret_kj_kg = steam_kj_kg - feed_kj_kg;
    return true;
}

static struct number efficiency_direct(const struct derive *derive, struct number air_kpa)
{
    struct number const flow = number_of(derive, points, STEAM_FLOW);
    struct number const pressure = number_of(derive, points, STEAM_PRESSURE);
    struct number const feed = number_of(derive, points, FEED_WATER_TEMP);
    struct number const fuel = number_of(derive, points, FUEL_FLOW);
    struct number const lhv = number_or_setting(derive, points, FUEL_LHV, SETTING_FUEL_LHV);
    struct number const inputs =
        number_with(number_with(number_with(flow, pressure), number_with(feed, fuel)), number_with(lhv, air_kpa));
    if (!number_is_known(inputs))
        return inputs;
    double kj_kg = 0;
    double const p_mpa = pressure.value + air_kpa.value / 1000;
    if (!(fuel.value > 0) || !heat_of_steam(derive, p_mpa, feed.value, &kj_kg))
        return number_none(REASON_INVALID);
    return number_with(number_good(flow.value * kj_kg / (fuel.value * lhv.value) * 100), inputs);
}

static void boiler_steam_derive(struct derive *derive)
{
    struct steam_memory *memory = derive->memory;
    CHECK(derive->sample_count == ARRAY_SIZE(points));
    derive->ret_next_mono_ms = INT64_MAX;
    burner_derive(derive, points);
    struct number const load = load_of(derive);
    number_put(derive, LOAD_PCT, load);
    boiler_derive(derive, points, load);
    struct number const air_kpa = number_or_setting(derive, points, AMBIENT_PRESSURE, SETTING_AMBIENT_PRESSURE);
    put_level(derive);
    number_put(derive, LOW_WATER_ETA, low_water_eta(derive, &memory->level_pct));
    number_put(derive, SAT_TEMP, boiler_sat_cel(number_of(derive, points, STEAM_PRESSURE), air_kpa));
    put_mismatch(derive);
    put_balance(derive, memory);
    number_put(derive, EFFICIENCY_DIRECT, burner_while_burning(derive, efficiency_direct(derive, air_kpa)));
}

const struct device_class boiler_steam_class = {
    .id = "boiler_steam",
    .zh = "蒸汽锅炉",
    .en = "steam boiler",
    .points = points,
    .point_count = ARRAY_SIZE(points),
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .derive = boiler_steam_derive,
    .memory_size = sizeof(struct steam_memory),
    .settings = settings,
    .setting_count = ARRAY_SIZE(settings),
    .dialects = burner_dialects,
    .dialect_count = BURNER_DIALECT_COUNT,
};
