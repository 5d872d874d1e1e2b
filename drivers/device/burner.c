#include "drivers/device/burner.h"

#include "gateway/base/check.h"

#define FLAME_LOST_PCT 10.0 /* a flame signal below it is no flame */
#define AFTER_FLAME_MS 120000
#define FLAME_GONE_MS  2000 /* engineering choice: a poll and its neighbour */

enum phase {
    PHASE_LOCKOUT,
    PHASE_SAFETY,
    PHASE_HOME_RUN,
    PHASE_STANDBY,
    PHASE_FAN_ON,
    PHASE_DRIVE_TO_PREPURGE,
    PHASE_PREPURGE,
    PHASE_DRIVE_TO_IGNITION,
    PHASE_PREIGNITION,
    PHASE_PILOT_VALVE_ON,
    PHASE_IGNITION_OFF,
    PHASE_INTERVAL_1,
    PHASE_SAFETY_TIME_2,
    PHASE_INTERVAL_2,
    PHASE_OPERATION_1,
    PHASE_OPERATION_2,
    PHASE_RELIGHT,
    PHASE_AFTERBURN,
    PHASE_DRIVE_TO_POSTPURGE,
    PHASE_POSTPURGE,
    PHASE_PROVE_EVACUATE,
    PHASE_PROVE_ATMOSPHERE,
    PHASE_PROVE_FILL,
    PHASE_PROVE_PRESSURE,
    PHASE_GAS_SHORTAGE,
    PHASE_OTHER,
    PHASE_COUNT
};

const struct code burner_phases[PHASE_COUNT] = {
    [PHASE_LOCKOUT] = {"lockout", "锁定", "locked out"},
    [PHASE_SAFETY] = {"safety", "安全停机", "safety phase"},
    [PHASE_HOME_RUN] = {"home_run", "回零位", "driving home"},
    [PHASE_STANDBY] = {"standby", "待机", "standby"},
    [PHASE_FAN_ON] = {"fan_on", "风机启动、安全阀开", "fan and safety valve on"},
    [PHASE_DRIVE_TO_PREPURGE] = {"drive_to_prepurge", "驱动至前吹扫位", "driving to pre-purge"},
    [PHASE_PREPURGE] = {"prepurge", "前吹扫", "pre-purge"},
    [PHASE_DRIVE_TO_IGNITION] = {"drive_to_ignition", "驱动至点火位", "driving to ignition"},
    [PHASE_PREIGNITION] = {"preignition", "点火变压器通电", "pre-ignition, spark on"},
    [PHASE_PILOT_VALVE_ON] = {"pilot_valve_on", "点火阀开", "pilot valve on"},
    [PHASE_IGNITION_OFF] = {"ignition_off", "点火变压器断电", "spark off"},
    [PHASE_INTERVAL_1] = {"interval_1", "间隔 1（点火火焰稳定）", "interval 1, pilot stabilises"},
    [PHASE_SAFETY_TIME_2] = {"safety_time_2", "安全时间 2", "safety time 2"},
    [PHASE_INTERVAL_2] = {"interval_2", "间隔 2（主火焰稳定）", "interval 2, main flame stabilises"},
    [PHASE_OPERATION_1] = {"operation_1", "运行 1（正常燃烧）", "operation 1, normal"},
    [PHASE_OPERATION_2] = {"operation_2", "运行 2（降至小火停炉）", "operation 2, driving to low fire"},
    [PHASE_RELIGHT] = {"relight", "点火枪运行/再点火", "pilot or relighting"},
    [PHASE_AFTERBURN] = {"afterburn", "后燃烧", "after-burn"},
    [PHASE_DRIVE_TO_POSTPURGE] = {"drive_to_postpurge", "驱动至后吹扫位", "driving to post-purge"},
    [PHASE_POSTPURGE] = {"postpurge", "后吹扫", "post-purge"},
    [PHASE_PROVE_EVACUATE] = {"prove_evacuate", "检漏：排空", "valve proving, evacuating"},
    [PHASE_PROVE_ATMOSPHERE] = {"prove_atmosphere", "检漏：常压测试", "valve proving, atmospheric test"},
    [PHASE_PROVE_FILL] = {"prove_fill", "检漏：充气", "valve proving, filling"},
    [PHASE_PROVE_PRESSURE] = {"prove_pressure", "检漏：压力测试", "valve proving, pressure test"},
    [PHASE_GAS_SHORTAGE] = {"gas_shortage", "燃气不足", "gas shortage"},
    [PHASE_OTHER] = {"other", "其他", "other"},
};

enum status {
    STATUS_DISABLED,
    STATUS_LOCKOUT,
    STATUS_HOLD,
    STATUS_UNCONFIGURED,
    STATUS_STANDBY,
    STATUS_PREPARING,
    STATUS_FIRING,
    STATUS_POSTPURGE,
    STATUS_COUNT
};

const struct code burner_statuses[STATUS_COUNT] = {
    [STATUS_DISABLED] = {"disabled", "停用", "disabled"},
    [STATUS_LOCKOUT] = {"lockout", "锁定", "locked out"},
    [STATUS_HOLD] = {"hold", "待机保持", "held in standby"},
    [STATUS_UNCONFIGURED] = {"unconfigured", "安全参数未配置", "safety data not configured"},
    [STATUS_STANDBY] = {"standby", "待机", "standby"},
    [STATUS_PREPARING] = {"preparing", "启动准备", "preparing"},
    [STATUS_FIRING] = {"firing", "燃烧", "firing"},
    [STATUS_POSTPURGE] = {"postpurge", "后吹扫", "post-purge"},
};

enum cause {
    CAUSE_NONE,
    CAUSE_FLOW_SWITCH,
    CAUSE_LOW_WATER,
    CAUSE_HIGH_LIMIT,
    CAUSE_PRESSURE_SWITCH,
    CAUSE_GAS_PRESSURE_HIGH,
    CAUSE_GAS_PRESSURE_LOW,
    CAUSE_FIELD_INTERLOCK,
    CAUSE_OUTLET_PROBE,
    CAUSE_OUTLET_DRIFT,
    CAUSE_OUTLET_HIGH,
    CAUSE_FLUE_PROBE,
    CAUSE_FLUE_DRIFT,
    CAUSE_FLUE_HIGH,
    CAUSE_INLET_PROBE,
    CAUSE_INLET_DRIFT,
    CAUSE_INLET_HIGH,
    CAUSE_DELTA_T,
    CAUSE_AIR_PRESSURE,
    CAUSE_PARASITIC_FLAME,
    CAUSE_MAX_IGNITIONS,
    CAUSE_MAX_FLAME_LOSS,
    CAUSE_FAN_SPEED,
    CAUSE_OTHER,
    CAUSE_COUNT
};

const struct code burner_lockouts[CAUSE_COUNT] = {
    [CAUSE_NONE] = {"none", "无", "none"},
    [CAUSE_FLOW_SWITCH] = {"flow_switch", "水流开关", "flow switch"},
    [CAUSE_LOW_WATER] = {"low_water", "低水位切断", "low-water cut-off"},
    [CAUSE_HIGH_LIMIT] = {"high_limit", "高限（手动复位）", "manual-reset high limit"},
    [CAUSE_PRESSURE_SWITCH] = {"pressure_switch", "压力开关", "pressure switch"},
    [CAUSE_GAS_PRESSURE_HIGH] = {"gas_pressure_high", "燃气压力高", "gas pressure high"},
    [CAUSE_GAS_PRESSURE_LOW] = {"gas_pressure_low", "燃气压力低", "gas pressure low"},
    [CAUSE_FIELD_INTERLOCK] = {"field_interlock", "外部联锁", "field interlock"},
    [CAUSE_OUTLET_PROBE] = {"outlet_probe", "出口温度探头故障", "outlet probe"},
    [CAUSE_OUTLET_DRIFT] = {"outlet_drift", "出口温度探头漂移", "outlet probe drifts"},
    [CAUSE_OUTLET_HIGH] = {"outlet_high", "出口温度高限", "outlet high limit"},
    [CAUSE_FLUE_PROBE] = {"flue_probe", "烟温探头故障", "flue probe"},
    [CAUSE_FLUE_DRIFT] = {"flue_drift", "烟温探头漂移", "flue probe drifts"},
    [CAUSE_FLUE_HIGH] = {"flue_high", "烟温高限", "flue high limit"},
    [CAUSE_INLET_PROBE] = {"inlet_probe", "进口温度探头故障", "inlet probe"},
    [CAUSE_INLET_DRIFT] = {"inlet_drift", "进口温度探头漂移", "inlet probe drifts"},
    [CAUSE_INLET_HIGH] = {"inlet_high", "进口温度高限", "inlet high limit"},
    [CAUSE_DELTA_T] = {"delta_t", "进出口温差", "temperature difference"},
    [CAUSE_AIR_PRESSURE] = {"air_pressure", "风压开关", "air-pressure switch"},
    [CAUSE_PARASITIC_FLAME] = {"parasitic_flame", "伪火焰", "parasitic flame"},
    [CAUSE_MAX_IGNITIONS] = {"max_ignitions", "点火失败次数超限", "too many ignition attempts"},
    [CAUSE_MAX_FLAME_LOSS] = {"max_flame_loss", "熄火次数超限", "flame lost too often"},
    [CAUSE_FAN_SPEED] = {"fan_speed", "风机转速错误", "fan speed error"},
    [CAUSE_OTHER] = {"other", "其他", "other"},
};

enum error_class { CLASS_NONE, CLASS_INFORMATION, CLASS_START_PREVENTED, CLASS_SAFETY_SHUTDOWN, CLASS_LOCKOUT };

const struct code burner_error_classes[] = {
    [CLASS_NONE] = {"none", "无", "none"},
    [CLASS_INFORMATION] = {"information", "提示", "information"},
    [CLASS_START_PREVENTED] = {"start_prevented", "禁止启动", "start prevented"},
    [CLASS_SAFETY_SHUTDOWN] = {"safety_shutdown", "安全停机", "safety shutdown"},
    [CLASS_LOCKOUT] = {"lockout", "锁定", "lockout"},
};

const struct code burner_actuator_positions[] = {
    {"unknown", "未知", "unknown"}, {"high_fire", "大火位", "high fire"}, {"low_fire", "小火位", "low fire"},
    {"closed", "关闭", "closed"},   {"auto", "自动调节", "modulating"},
};

const struct code fuels[FUEL_COUNT] = {
    [FUEL_NATURAL_GAS] = {"natural_gas", "天然气", "natural gas"},
    [FUEL_LIGHT_OIL] = {"light_oil", "轻油", "light oil"},
    [FUEL_LPG] = {"lpg", "液化石油气", "LPG"},
    [FUEL_TOWN_GAS] = {"town_gas", "城市煤气", "town gas"},
    [FUEL_COKE_OVEN_GAS] = {"coke_oven_gas", "焦炉煤气", "coke-oven gas"},
    [FUEL_COAL] = {"coal", "烟煤", "bituminous coal"},
};

static const struct dialect_code lmv_phases[] = {
    {0, "0", "lockout"},
    {2, "2", "safety"},
    {10, "10", "home_run"},
    {12, "12", "standby"},
    {22, "22", "fan_on"},
    {24, "24", "drive_to_prepurge"},
    {30, "30", "prepurge"},
    {35, "35", "drive_to_ignition"},
    {36, "36", "drive_to_ignition"},
    {38, "38", "preignition"},
    {40, "40", "pilot_valve_on"},
    {42, "42", "ignition_off"},
    {44, "44", "interval_1"},
    {50, "50", "safety_time_2"},
    {52, "52", "interval_2"},
    {60, "60", "operation_1"},
    {62, "62", "operation_2"},
    {64, "64", "relight"},
    {65, "65", "relight"},
    {66, "66", "relight"},
    {67, "67", "relight"},
    {68, "68", "relight"},
    {69, "69", "relight"},
    {70, "70", "afterburn"},
    {72, "72", "drive_to_postpurge"},
    {74, "74", "postpurge"},
    {78, "78", "postpurge"},
    {80, "80", "prove_evacuate"},
    {81, "81", "prove_atmosphere"},
    {82, "82", "prove_fill"},
    {83, "83", "prove_pressure"},
    {90, "90", "gas_shortage"},
};

static const struct dialect_code sola_statuses[] = {
    {0, "0", "disabled"},  {1, "1", "lockout"},     {2, "2", "hold"},     {3, "3", "unconfigured"},
    {16, "16", "standby"}, {17, "17", "preparing"}, {18, "18", "firing"}, {19, "19", "postpurge"},
};

const struct class_dialect burner_dialects[] = {
    {DIALECT("Siemens LMV", "burner_phase", lmv_phases)},
    {DIALECT("Siemens LMV", "error_phase", lmv_phases)},
    {DIALECT("Honeywell SOLA", "burner_status", sola_statuses)},
};

/* --- flame ---------------------------------------------------------------------------------------------------------- */

/* yes: burning in normal operation. Unknown: the controller's phase is not known. */
static enum tri in_operation(const struct derive *derive)
{
    if (derive_has(derive, BURNER_PHASE))
        return tri_or(derive_is_code(derive, BURNER_PHASE, PHASE_OPERATION_1),
                      derive_is_code(derive, BURNER_PHASE, PHASE_OPERATION_2));
    return derive_is_code(derive, BURNER_STATUS, STATUS_FIRING);
}

static enum tri has_flame_signal(const struct derive *derive)
{
    const struct sample *signal = &derive->samples[FLAME_SIGNAL];
    return signal->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(signal->value.number >= FLAME_LOST_PCT);
}

/* The first of the ways to know it that this burner has and that is readable now. */
static enum tri flame_on(const struct derive *derive)
{
    enum tri const ways[] = {in_operation(derive), derive_bool(derive, FLAME_PRESENT),
                             derive_bool(derive, MAIN_VALVE_ON), has_flame_signal(derive)};
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
        if (ways[i] != TRI_UNKNOWN)
            return ways[i];
    return TRI_UNKNOWN;
}

/* The point to blame when a verdict is unknown: the first of its sources that the device has and that is bad. */
static size_t blame(const struct derive *derive)
{
    static const size_t sources[] = {BURNER_PHASE,   BURNER_STATUS, FLAME_PRESENT,    MAIN_VALVE_ON, FLAME_SIGNAL,
                                     BURNER_LOCKOUT, LOCKOUT_CODE,  LOCKOUT_CODE_RAW, ERROR_CLASS};
    size_t i = 0;
    while (i < ARRAY_SIZE(sources) - 1 &&
           !(derive_knows(derive, sources[i]) && derive->samples[sources[i]].quality == QUALITY_BAD))
        i++;
    return sources[i];
}

static void put_flame(struct derive *derive)
{
    if (derive_owes(derive, MAIN_VALVE_ON)) {
        enum tri open = TRI_NO;
        for (size_t valve = MAIN_VALVE1_ON; valve <= MAIN_VALVE2_ON; valve++)
            if (derive_has(derive, valve))
                open = tri_or(open, derive_bool(derive, valve));
        derive_set(derive, MAIN_VALVE_ON, open, derive_has(derive, MAIN_VALVE1_ON) ? MAIN_VALVE1_ON : MAIN_VALVE2_ON);
    }
    if (!derive_owes(derive, FLAME_ON))
        return;
    enum tri const burning = flame_on(derive);
    derive_set(derive, FLAME_ON, burning, blame(derive));
    derive_set(derive, BURNER_FIRING, tri_not(derive_held(derive, HOLD_NO_FLAME, tri_not(burning), AFTER_FLAME_MS)),
               FLAME_ON);
}

/* --- trouble -------------------------------------------------------------------------------------------------------- */

static enum tri or_code(const struct derive *derive, enum tri any, size_t point, uint32_t code)
{
    return derive_has(derive, point) ? tri_or(any, derive_is_code(derive, point, code)) : any;
}

static enum tri locked_out(const struct derive *derive)
{
    enum tri any = TRI_NO;
    any = or_code(derive, any, BURNER_PHASE, PHASE_LOCKOUT);
    any = or_code(derive, any, BURNER_STATUS, STATUS_LOCKOUT);
    any = or_code(derive, any, ERROR_CLASS, CLASS_LOCKOUT);
    any = or_code(derive, any, ERROR_CLASS, CLASS_SAFETY_SHUTDOWN);
    if (derive_has(derive, BURNER_LOCKOUT))
        any = tri_or(any, derive_bool(derive, BURNER_LOCKOUT));
    if (derive_has(derive, LOCKOUT_CODE))
        any = tri_or(any, tri_not(derive_is_code(derive, LOCKOUT_CODE, CAUSE_NONE)));
    const struct sample *raw = &derive->samples[LOCKOUT_CODE_RAW];
    if (derive_has(derive, LOCKOUT_CODE_RAW))
        any = tri_or(any, raw->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(raw->value.integer != 0));
    return any;
}

static enum tri lost_in_operation(struct derive *derive, struct burner_memory *memory)
{
    enum tri gone = TRI_NO;
    if (!derive_has(derive, BURNER_PHASE) && !derive_has(derive, BURNER_STATUS))
        return TRI_NO;
    if (derive_has(derive, FLAME_SIGNAL))
        gone = tri_not(has_flame_signal(derive));
    if (derive_has(derive, FLAME_PRESENT))
        gone = tri_or(gone, tri_not(derive_bool(derive, FLAME_PRESENT)));
    enum tri const missing = tri_and(in_operation(derive), gone);
    enum tri const locked = locked_out(derive);
    if (missing == TRI_YES)
        memory->flame_went = true;
    else if (missing == TRI_NO && locked == TRI_NO)
        memory->flame_went = false;
    enum tri const held = derive_held(derive, HOLD_FLAME_GONE, missing, FLAME_GONE_MS);
    return memory->flame_went && locked == TRI_YES ? TRI_YES : held;
}

static void put_flame_loss(struct derive *derive, struct burner_memory *memory)
{
    if (!derive_owes(derive, FLAME_LOSS))
        return;
    enum tri lost = lost_in_operation(derive, memory);
    lost = or_code(derive, lost, LOCKOUT_CODE, CAUSE_MAX_FLAME_LOSS);
    lost = or_code(derive, lost, LOCKOUT_CODE, CAUSE_MAX_IGNITIONS);
    derive_set(derive, FLAME_LOSS, lost, blame(derive));
}

static void put_lockout(struct derive *derive)
{
    if (derive_owes(derive, LOCKOUT))
        derive_set(derive, LOCKOUT, locked_out(derive), blame(derive));
}

/* --- starts --------------------------------------------------------------------------------------------------------- */

/* The counter of the controller. It fell: it was reset or rolled over, and is counted from where it is now. */
static void count_by_counter(const struct derive *derive, struct burner_memory *memory)
{
    const struct sample *counter = &derive->samples[BURNER_STARTS];
    if (counter->quality == QUALITY_BAD)
        return;
    int64_t const counted = counter->value.integer;
    if (memory->counted_mono_ms != 0 && counted > memory->counted)
        hour_events_add(&memory->starts, memory->counted_mono_ms, derive->mono_ms, counted - memory->counted);
    memory->counted = counted;
    memory->counted_mono_ms = derive->mono_ms;
}

static void count_by_flame(const struct derive *derive, struct burner_memory *memory)
{
    enum tri const burning = derive_bool(derive, FLAME_ON);
    if (burning == TRI_UNKNOWN)
        return;
    if (burning == TRI_YES && memory->was_off)
        hour_events_add(&memory->starts, derive->mono_ms, derive->mono_ms, 1);
    memory->was_off = burning == TRI_NO;
}

/* Uncertain until an hour was watched: it may have been more. */
static void put_starts(struct derive *derive, struct burner_memory *memory)
{
    if (!derive_owes(derive, STARTS_PER_H))
        return;
    bool const has_counter = derive_has(derive, BURNER_STARTS);
    if (has_counter)
        count_by_counter(derive, memory);
    else
        count_by_flame(derive, memory);
    const struct sample *source = &derive->samples[has_counter ? BURNER_STARTS : FLAME_ON];
    if (source->quality == QUALITY_BAD) {
        number_put(derive, STARTS_PER_H, number_none((enum reason)source->reason));
        return;
    }
    if (memory->watched_since_mono_ms == 0)
        memory->watched_since_mono_ms = derive->mono_ms;
    int64_t next_mono_ms = INT64_MAX;
    struct number starts = number_good((double)hour_events_count(&memory->starts, derive->mono_ms, &next_mono_ms));
    if (derive->mono_ms - memory->watched_since_mono_ms < HOUR_MS)
        starts.quality = QUALITY_UNCERTAIN;
    number_put(derive, STARTS_PER_H, starts);
    if (next_mono_ms < derive->ret_next_mono_ms)
        derive->ret_next_mono_ms = next_mono_ms;
}

/* --- flue gas ------------------------------------------------------------------------------------------------------- */

struct number burner_fuel(const struct derive *derive, const struct class_point *points)
{
    return number_or_setting(derive, points, FUEL_TYPE, SETTING_FUEL);
}

struct number burner_air_cel(const struct derive *derive, const struct class_point *points)
{
    return number_or_setting(derive, points, AMBIENT_TEMP, SETTING_AIR_TEMP);
}

struct number burner_while_burning(const struct derive *derive, struct number number)
{
    bool const is_out = derive_knows(derive, FLAME_ON) && derive_bool(derive, FLAME_ON) == TRI_NO;
    return is_out ? number_none(REASON_INVALID) : number;
}

static void put_lambda(struct derive *derive, const struct class_point *points)
{
    struct number const o2 = number_of(derive, points, FLUE_O2);
    struct number const co = number_of(derive, points, FLUE_CO);
    struct number const co2 = number_of(derive, points, FLUE_CO2);
    struct number const gases = number_with(number_with(o2, co), co2);
    double value = 0;
    struct number lambda = o2;
    if (number_is_known(gases) && lambda_by_gases(o2.value, co.value / 1e4, co2.value, &value))
        lambda = number_with(number_good(value), gases);
    else if (number_is_known(o2))
        lambda = number_with(number_if(lambda_by_o2(o2.value, &value), &value), o2);
    number_put(derive, LAMBDA, burner_while_burning(derive, lambda));
}

static struct number siegert(const struct derive *derive, const struct class_point *points)
{
    struct number const fuel = burner_fuel(derive, points);
    struct number const air = burner_air_cel(derive, points);
    struct number const flue = number_of(derive, points, FLUE_GAS_TEMP);
    bool const by_o2 = derive_has(derive, FLUE_O2);
    struct number const gas = number_of(derive, points, by_o2 ? FLUE_O2 : FLUE_CO2);
    struct number inputs = number_with(number_with(fuel, air), number_with(flue, gas));
    if (!number_is_known(inputs))
        return inputs;
    double loss_pct = 0;
    enum fuel const burnt = (enum fuel)fuel.value;
    bool const holds = by_o2 ? siegert_by_o2(burnt, flue.value, air.value, gas.value, &loss_pct)
                             : siegert_by_co2(burnt, flue.value, air.value, gas.value, &loss_pct);
    return number_with(number_if(holds, &loss_pct), inputs);
}

static struct number unburnt_gas(const struct derive *derive, const struct class_point *points)
{
    struct number const lambda = number_of(derive, points, LAMBDA);
    struct number const co = number_of(derive, points, FLUE_CO);
    struct number const inputs = number_with(lambda, co);
    double q3_pct = 0;
    return number_is_known(inputs)
               ? number_with(number_if(heat_loss_q3(lambda.value, co.value, &q3_pct), &q3_pct), inputs)
               : inputs;
}

/* Gas and oil leave nothing unburnt but gas. */
struct number burner_loss_of_solids(const struct derive *derive, const struct class_point *points, size_t setting)
{
    struct number const fuel = burner_fuel(derive, points);
    if (!number_is_known(fuel) || (enum fuel)fuel.value == FUEL_COAL)
        return number_of_setting(derive, setting);
    return number_with(number_good(0), fuel);
}

static struct number flue_heat(const struct derive *derive, const struct class_point *points)
{
    struct number const fuel = burner_fuel(derive, points);
    struct number const air = burner_air_cel(derive, points);
    struct number const flue = number_of(derive, points, FLUE_GAS_TEMP);
    struct number const lambda = number_of(derive, points, LAMBDA);
    struct number const q4 = burner_loss_of_solids(derive, points, SETTING_Q4);
    struct number const inputs = number_with(number_with(number_with(fuel, air), number_with(flue, lambda)), q4);
    double q2_pct = 0;
    if (!number_is_known(inputs))
        return inputs;
    bool const holds = heat_loss_q2((enum fuel)fuel.value, lambda.value, flue.value, air.value, q4.value, &q2_pct);
    return number_with(number_if(holds, &q2_pct), inputs);
}

/* `ppm` of the flue gas at reference oxygen, in a unit of which one ppm is `per_ppm`. */
static void put_at_reference(struct derive *derive, const struct class_point *points, size_t to, size_t ppm_point,
                             double per_ppm)
{
    struct number const ppm = number_of(derive, points, ppm_point);
    struct number const o2 = number_of(derive, points, FLUE_O2);
    struct number reference = number_of_setting(derive, SETTING_O2_REF);
    if (!number_is_known(reference)) {
        struct number const fuel = burner_fuel(derive, points);
        reference = number_with(number_good(number_is_known(fuel) ? reference_o2_pct((enum fuel)fuel.value) : 0), fuel);
    }
    struct number result = number_with(number_with(ppm, o2), reference);
    double value = 0;
    if (number_is_known(result))
        result = number_with(number_if(at_reference_o2(ppm.value * per_ppm, o2.value, reference.value, &value), &value),
                             result);
    number_put(derive, to, burner_while_burning(derive, result));
}

static void put_nox_mean(struct derive *derive, const struct class_point *points, struct burner_memory *memory)
{
    if (!derive_owes(derive, NOX_MGM3_REF_1H))
        return;
    struct number const now = number_of(derive, points, NOX_MGM3_REF);
    double mean = 0;
    hour_mean_feed(&memory->nox_mgm3_ref, derive->mono_ms, number_is_known(now), now.value);
    bool const has_mean = hour_mean_get(&memory->nox_mgm3_ref, &mean);
    number_put(derive, NOX_MGM3_REF_1H, has_mean ? number_good(mean) : number_none(REASON_STARTING));
}

void burner_derive(struct derive *derive, const struct class_point *points)
{
    struct burner_memory *memory = derive->memory;
    put_flame(derive);
    put_flame_loss(derive, memory);
    put_lockout(derive);
    put_starts(derive, memory);
    put_lambda(derive, points);
    number_put(derive, FLUE_LOSS, burner_while_burning(derive, siegert(derive, points)));
    number_put(derive, Q2, burner_while_burning(derive, flue_heat(derive, points)));
    number_put(derive, Q3, burner_while_burning(derive, unburnt_gas(derive, points)));
    put_at_reference(derive, points, NOX_MGM3_REF, FLUE_NOX, NOX_MGM3_PER_PPM);
    put_at_reference(derive, points, SO2_MGM3_REF, FLUE_SO2, SO2_MGM3_PER_PPM);
    put_at_reference(derive, points, CO_MGM3_REF, FLUE_CO, CO_MGM3_PER_PPM);
    put_at_reference(derive, points, CO_PPM_REF, FLUE_CO, 1);
    put_nox_mean(derive, points, memory);
}
