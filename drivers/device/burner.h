/* burner: the part of the boiler classes that is the fire: burner controller, fuel, flue gas, and the temperatures and the
 * pressure that burner controllers measure beside them.
 *
 * The class boiler_burner is this part alone. The boilers' tables begin with it, so that a boiler takes the points of its
 * burner controller by the same ids: points, settings and memory of a boiler start with those of the burner, index by index.
 *
 * The gateway never writes to a burner: a lockout is reset by a person at the burner, after looking.
 *
 *   flame_on         burning in normal operation, by the first of these that the burner has and that is readable: its phase
 *                    (operation_1, operation_2) or status (firing), flame_present, main_valve_on, flame_signal >= 10 %
 *   burner_firing    flame_on, and for 120 s after it: for alarms of what cools slowly
 *   flame_loss       the controller locked out for want of a flame, or it is in operation and there is none: for 2 s, or
 *                    until it locks out. Phase and flame may stand in different reads: at an ordinary stop the two can
 *                    contradict each other for a poll
 *   lockout          any of: phase or status lockout, burner_lockout, a lockout_code other than none, a lockout_code_raw other
 *                    than 0, error_class lockout or safety_shutdown. error_class_raw says nothing: its numbers are a maker's
 *   starts_per_h     by the controller's counter, else by the flame; uncertain until an hour was watched
 *   lambda           with the carbon gases where both are measured
 *   flue_loss, q2, q3, *_ref   have a value only while it burns: purge air is no flue gas
 *   *_1h             mean of the last hour; no value below 45 minutes of values. It needs no `when`: what counts burnt
 *
 * Where fuel_type or ambient_temp is read but bad, the setting stands in for it, and the result is uncertain. */
#ifndef OUTPOST_DRIVERS_DEVICE_BURNER_H
#define OUTPOST_DRIVERS_DEVICE_BURNER_H

#include "drivers/device/combustion.h"
#include "drivers/device/number.h"
#include "drivers/device/rows.h"
#include "drivers/device/window.h"

enum burner_point {
    BURNER_PHASE,
    BURNER_STATUS,
    BURNER_STATE,
    FLAME_PRESENT,
    FLAME_SIGNAL,
    FLAME_VOLTAGE,
    IGNITION_ON,
    PILOT_VALVE_ON,
    MAIN_VALVE1_ON,
    MAIN_VALVE2_ON,
    MAIN_VALVE_ON,
    BURNER_LOCKOUT,
    LOCKOUT_CODE,
    LOCKOUT_CODE_RAW,
    ERROR_CLASS,
    ERROR_CLASS_RAW,
    ERROR_CODE,
    ERROR_DIAG,
    ERROR_PHASE,
    ERROR_PHASE_RAW,
    FIRING_RATE,
    BURNER_STAGE,
    FUEL_SELECT,
    FUEL_TYPE,
    FUEL_ACTUATOR_POS,
    AIR_ACTUATOR_POS,
    VSD_OUTPUT,
    ACTUATOR_POS,
    FAN_SPEED,
    FD_FAN_ON,
    ID_FAN_ON,
    DEMAND_SOURCE,
    LIMITS_RAW,
    PROCESS_VALUE,
    UNIT_TEMP,
    UNIT_PRESSURE,
    SENSOR_SELECT,
    TEMP_LIMITER_OFF,
    AUX_TEMP,
    BURNER_HOURS,
    BURNER_STARTS,
    LOCKOUT_COUNT,
    FUEL_FLOW,
    FUEL_MASS_FLOW,
    FUEL_PRESSURE,
    FUEL_LHV,
    FURNACE_PRESSURE,
    FURNACE_TEMP,
    FLUE_GAS_TEMP,
    FLUE_GAS_TEMP_FRONT,
    FLUE_O2,
    FLUE_CO2,
    FLUE_CO,
    FLUE_NOX,
    FLUE_SO2,
    AMBIENT_TEMP,
    AMBIENT_PRESSURE,
    OUTDOOR_TEMP,
    OUTLET_TEMP,
    INLET_TEMP,
    STEAM_PRESSURE,
    FLAME_ON,
    BURNER_FIRING,
    FLAME_LOSS,
    LOCKOUT,
    STARTS_PER_H,
    LAMBDA,
    FLUE_LOSS,
    Q2,
    Q3,
    NOX_MGM3_REF,
    SO2_MGM3_REF,
    CO_MGM3_REF,
    CO_PPM_REF,
    NOX_MGM3_REF_1H,
    BURNER_POINT_COUNT
};

enum burner_setting {
    SETTING_FUEL,
    SETTING_AIR_TEMP,
    SETTING_O2_REF,
    SETTING_Q4,
    SETTING_FLUE_LIMIT,
    SETTING_NOX_LIMIT,
    BURNER_SETTING_COUNT
};

enum burner_hold { HOLD_NO_FLAME, HOLD_FLAME_GONE };

struct burner_memory {
    struct hour_events starts;
    struct hour_mean nox_mgm3_ref;
    int64_t watched_since_mono_ms; /* 0: not yet */
    int64_t counted_mono_ms;       /* last reading of the counter; 0: none yet */
    int64_t counted;
    bool was_off;    /* the last known flame_on was no */
    bool flame_went; /* no flame was seen in operation, and since then nothing but that or a lockout */
};

#define BURNER_DIALECT_COUNT 3
extern const struct code burner_phases[26];
extern const struct code burner_statuses[8];
extern const struct code burner_lockouts[24];
extern const struct code burner_error_classes[5];
extern const struct code burner_actuator_positions[5];
extern const struct code fuels[FUEL_COUNT];
extern const struct class_dialect burner_dialects[BURNER_DIALECT_COUNT];

#define BY_FLAME "burner_phase|burner_status|flame_present|main_valve_on|flame_signal"
#define O2_REF   " o2_ref|fuel|fuel_type"

/* clang-format off */
#define BURNER_POINT_ROWS \
    [BURNER_PHASE] = {POINT_CODED("burner_phase", burner_phases, POLL_SAFETY, "燃烧程序阶段", "burner phase")}, \
    [BURNER_STATUS] = {POINT_CODED("burner_status", burner_statuses, POLL_SAFETY, "燃烧器状态", "burner status")}, \
    [BURNER_STATE] = {POINT_WHOLE("burner_state", "", POLL_SAFETY, "燃烧器状态号", "controller's state number")}, \
    [FLAME_PRESENT] = {POINT_BOOL("flame_present", POLL_SAFETY, "有火焰", "flame detected")}, \
    [FLAME_SIGNAL] = {POINT_NUMBER("flame_signal", "%", 0, 110, 2, POLL_SAFETY, "火焰信号", "flame signal")}, \
    [FLAME_VOLTAGE] = {POINT_NUMBER("flame_voltage", "V", 0, 30, 0.2, POLL_SAFETY, "火焰信号电压", "flame signal, volts")}, \
    [IGNITION_ON] = {POINT_BOOL("ignition_on", POLL_SAFETY, "点火", "ignition on")}, \
    [PILOT_VALVE_ON] = {POINT_BOOL("pilot_valve_on", POLL_SAFETY, "点火阀开", "pilot valve open")}, \
    [MAIN_VALVE1_ON] = {POINT_BOOL("main_valve1_on", POLL_SAFETY, "主燃料阀 1 开", "main fuel valve 1 open")}, \
    [MAIN_VALVE2_ON] = {POINT_BOOL("main_valve2_on", POLL_SAFETY, "主燃料阀 2 开", "main fuel valve 2 open")}, \
    [MAIN_VALVE_ON] = {POINT_BOOL("main_valve_on", POLL_SAFETY, "主燃料阀开", "main fuel valves open"), \
                       DERIVED("main_valve1_on|main_valve2_on"), .readable = true}, \
    [BURNER_LOCKOUT] = {POINT_BOOL("burner_lockout", POLL_SAFETY, "燃烧器锁定（信号）", "lockout signal of the burner")}, \
    [LOCKOUT_CODE] = {POINT_CODED("lockout_code", burner_lockouts, POLL_SAFETY, "锁定原因", "cause of the lockout")}, \
    [LOCKOUT_CODE_RAW] = {POINT_WHOLE("lockout_code_raw", "", POLL_SAFETY, "锁定代码（0 无）", "lockout number, 0 none")}, \
    [ERROR_CLASS] = {POINT_CODED("error_class", burner_error_classes, POLL_SAFETY, "故障等级", "error class")}, \
    [ERROR_CLASS_RAW] = {POINT_WHOLE("error_class_raw", "", POLL_SAFETY, "故障等级号", "error class number")}, \
    [ERROR_CODE] = {POINT_WHOLE("error_code", "", POLL_SAFETY, "故障代码", "error code")}, \
    [ERROR_DIAG] = {POINT_WHOLE("error_diag", "", POLL_NORMAL, "诊断代码", "diagnostic code")}, \
    [ERROR_PHASE] = {POINT_CODED("error_phase", burner_phases, POLL_NORMAL, "故障时的阶段", "phase of the error")}, \
    [ERROR_PHASE_RAW] = {POINT_WHOLE("error_phase_raw", "", POLL_NORMAL, "故障时的阶段号", "number of the phase of the error")}, \
    [FIRING_RATE] = {POINT_NUMBER("firing_rate", "%", 0, 110, 2, POLL_NORMAL, "燃烧负荷", "firing rate")}, \
    [BURNER_STAGE] = {POINT_WHOLE("burner_stage", "", POLL_NORMAL, "燃烧档位", "burner stage")}, \
    [FUEL_SELECT] = {POINT_WHOLE("fuel_select", "", POLL_NORMAL, "燃料选择号", "number of the selected fuel")}, \
    [FUEL_TYPE] = {POINT_CODED("fuel_type", fuels, POLL_SAFETY, "燃料", "fuel")}, \
    [FUEL_ACTUATOR_POS] = {POINT_NUMBER("fuel_actuator_pos", "deg", -50, 150, 1, POLL_NORMAL, "燃料执行器位置", \
                                        "fuel actuator")}, \
    [AIR_ACTUATOR_POS] = {POINT_NUMBER("air_actuator_pos", "deg", -50, 150, 1, POLL_NORMAL, "风门执行器位置", \
                                       "air actuator")}, \
    [VSD_OUTPUT] = {POINT_NUMBER("vsd_output", "%", 0, 110, 2, POLL_NORMAL, "变频器输出", "drive output")}, \
    [ACTUATOR_POS] = {POINT_CODED("actuator_pos", burner_actuator_positions, POLL_NORMAL, "执行器位置", "actuator")}, \
    [FAN_SPEED] = {POINT_NUMBER("fan_speed", "{rpm}", 0, 20000, 50, POLL_NORMAL, "风机转速", "fan speed")}, \
    [FD_FAN_ON] = {POINT_BOOL("fd_fan_on", POLL_NORMAL, "鼓风机运行", "forced-draught fan on")}, \
    [ID_FAN_ON] = {POINT_BOOL("id_fan_on", POLL_NORMAL, "引风机运行", "induced-draught fan on")}, \
    [DEMAND_SOURCE] = {POINT_WHOLE("demand_source", "", POLL_NORMAL, "热需求来源号", "number of the source of demand")}, \
    [LIMITS_RAW] = {POINT_WHOLE("limits_raw", "", POLL_NORMAL, "限制状态字", "limits, a bit each")}, \
    [PROCESS_VALUE] = {POINT_NUMBER("process_value", "", NO_LIMIT, NO_LIMIT, 0.5, POLL_NORMAL, "被控量（控制器单位）", \
                                    "controlled value, in the controller's unit")}, \
    [UNIT_TEMP] = {POINT_WHOLE("unit_temp", "", POLL_SLOW, "控制器温度单位号", "controller's temperature unit")}, \
    [UNIT_PRESSURE] = {POINT_WHOLE("unit_pressure", "", POLL_SLOW, "控制器压力单位号", "controller's pressure unit")}, \
    [SENSOR_SELECT] = {POINT_WHOLE("sensor_select", "", POLL_SLOW, "控制器传感器选择", "controller's sensor")}, \
    [TEMP_LIMITER_OFF] = {POINT_NUMBER("temp_limiter_off", "Cel", 0, 2000, 1, POLL_SLOW, "温度限制器断开值", \
                                       "temperature limiter switches off at")}, \
    [AUX_TEMP] = {POINT_NUMBER("aux_temp", "Cel", -50, 2000, 1, POLL_NORMAL, "附加温度", "extra temperature sensor")}, \
    [BURNER_HOURS] = {POINT_NUMBER("burner_hours", "h", 0, NO_LIMIT, 0.1, POLL_SLOW, "燃烧器运行时间", "burner hours"), .use = USE_COUNTS}, \
    [BURNER_STARTS] = {POINT_WHOLE("burner_starts", "{count}", POLL_SLOW, "启动次数", "burner starts"), .use = USE_COUNTS}, \
    [LOCKOUT_COUNT] = {POINT_WHOLE("lockout_count", "{count}", POLL_SLOW, "锁定次数", "lockouts")}, \
    [FUEL_FLOW] = {POINT_NUMBER("fuel_flow", "m3/h", 0, 1e5, 1, POLL_NORMAL, "燃料流量", "fuel flow")}, \
    [FUEL_MASS_FLOW] = {POINT_NUMBER("fuel_mass_flow", "kg/h", 0, 1e5, 1, POLL_NORMAL, "燃料质量流量", "fuel mass flow")}, \
    [FUEL_PRESSURE] = {POINT_NUMBER("fuel_pressure", "kPa", -10, 4000, 0.2, POLL_NORMAL, "燃料压力", "fuel pressure")}, \
    [FUEL_LHV] = {POINT_NUMBER("fuel_lhv", "kJ/m3", 1000, 150000, 50, POLL_SLOW, "燃料低位发热量", \
                               "lower heating value of the fuel")}, \
    [FURNACE_PRESSURE] = {POINT_NUMBER("furnace_pressure", "Pa", -2000, 2000, 10, POLL_NORMAL, "炉膛压力", \
                                       "furnace pressure")}, \
    [FURNACE_TEMP] = {POINT_NUMBER("furnace_temp", "Cel", -40, 2000, 5, POLL_NORMAL, "炉膛温度", "furnace temperature")}, \
    [FLUE_GAS_TEMP] = {POINT_NUMBER("flue_gas_temp", "Cel", -40, 500, 1, POLL_NORMAL, "排烟温度", "flue gas temperature")}, \
    [FLUE_GAS_TEMP_FRONT] = {POINT_NUMBER("flue_gas_temp_front", "Cel", -40, 800, 1, POLL_NORMAL, "省煤器前烟温", \
                                          "flue gas before the economiser")}, \
    [FLUE_O2] = {POINT_NUMBER("flue_o2", "%", -1, 25, 0.1, POLL_SAFETY, "烟气含氧量", "oxygen in the flue gas")}, \
    [FLUE_CO2] = {POINT_NUMBER("flue_co2", "%", 0, 25, 0.1, POLL_NORMAL, "烟气二氧化碳", "carbon dioxide in the flue gas")}, \
    [FLUE_CO] = {POINT_NUMBER("flue_co", "[ppm]", 0, 1e5, 5, POLL_SAFETY, "烟气一氧化碳", "carbon monoxide in the flue gas")}, \
    [FLUE_NOX] = {POINT_NUMBER("flue_nox", "[ppm]", 0, 1e4, 2, POLL_NORMAL, "烟气氮氧化物", "nitrogen oxides in the flue gas")}, \
    [FLUE_SO2] = {POINT_NUMBER("flue_so2", "[ppm]", 0, 1e4, 2, POLL_NORMAL, "烟气二氧化硫", "sulphur dioxide in the flue gas")}, \
    [AMBIENT_TEMP] = {POINT_NUMBER("ambient_temp", "Cel", -40, 80, 0.5, POLL_SLOW, "环境温度（送风）", "combustion air")}, \
    [AMBIENT_PRESSURE] = {POINT_NUMBER("ambient_pressure", "kPa", 50, 110, 0.1, POLL_SLOW, "大气压力", "air pressure")}, \
    [OUTDOOR_TEMP] = {POINT_NUMBER("outdoor_temp", "Cel", -60, 60, 0.5, POLL_SLOW, "室外温度", "outdoor temperature")}, \
    [OUTLET_TEMP] = {POINT_NUMBER("outlet_temp", "Cel", -20, 450, 0.5, POLL_SAFETY, "出口温度", "outlet temperature")}, \
    [INLET_TEMP] = {POINT_NUMBER("inlet_temp", "Cel", -20, 450, 0.5, POLL_NORMAL, "进口温度", "inlet temperature")}, \
    [STEAM_PRESSURE] = {POINT_NUMBER("steam_pressure", "MPa", -0.1, 6, 0.005, POLL_SAFETY, "蒸汽压力（表压）", \
                                     "steam pressure, gauge")}, \
    [FLAME_ON] = {POINT_BOOL("flame_on", POLL_SAFETY, "燃烧中", "burning"), DERIVED(BY_FLAME), .use = USE_SHOWS}, \
    [BURNER_FIRING] = {POINT_BOOL("burner_firing", POLL_SAFETY, "燃烧中或停炉 120 秒内", "burning, or off for less than 120 s"), \
                       DERIVED("flame_on")}, \
    [FLAME_LOSS] = {POINT_BOOL("flame_loss", POLL_SAFETY, "熄火", "flame failure"), \
                    DERIVED("lockout_code|flame_signal|flame_present lockout_code|burner_phase|burner_status")}, \
    [LOCKOUT] = {POINT_BOOL("lockout", POLL_SAFETY, "燃烧器锁定", "burner locked out"), \
                 DERIVED("burner_phase|burner_status|burner_lockout|lockout_code|lockout_code_raw|error_class")}, \
    [STARTS_PER_H] = {POINT_NUMBER("starts_per_h", "{count}", NO_LIMIT, NO_LIMIT, 0, POLL_NORMAL, "近一小时启动次数", \
                                   "starts within the last hour"), DERIVED("burner_starts|flame_on")}, \
    [LAMBDA] = {POINT_NUMBER("lambda", "", NO_LIMIT, NO_LIMIT, 0.01, POLL_NORMAL, "过量空气系数", "excess air ratio"), \
                DERIVED("flue_o2"), .readable = true}, \
    [FLUE_LOSS] = {POINT_NUMBER("flue_loss", "%", NO_LIMIT, NO_LIMIT, 0.1, POLL_NORMAL, "排烟损失（Siegert）", \
                                "flue loss by Siegert"), DERIVED("flue_gas_temp flue_o2|flue_co2 fuel|fuel_type")}, \
    [Q2] = {POINT_NUMBER("q2", "%", NO_LIMIT, NO_LIMIT, 0.1, POLL_NORMAL, "排烟热损失 q2", "loss q2, flue gas"), \
            DERIVED("flue_gas_temp lambda fuel|fuel_type"), .readable = true}, \
    [Q3] = {POINT_NUMBER("q3", "%", NO_LIMIT, NO_LIMIT, 0.05, POLL_NORMAL, "气体未完全燃烧热损失 q3", \
                         "loss q3, unburnt gas"), DERIVED("lambda flue_co"), .readable = true}, \
    [NOX_MGM3_REF] = {POINT_NUMBER("nox_mgm3_ref", "mg/m3", NO_LIMIT, NO_LIMIT, 2, POLL_NORMAL, "氮氧化物折算浓度", \
                                   "NOx at reference O2"), DERIVED("flue_nox flue_o2" O2_REF), .readable = true}, \
    [SO2_MGM3_REF] = {POINT_NUMBER("so2_mgm3_ref", "mg/m3", NO_LIMIT, NO_LIMIT, 2, POLL_NORMAL, "二氧化硫折算浓度", \
                                   "SO2 at reference O2"), DERIVED("flue_so2 flue_o2" O2_REF), .readable = true}, \
    [CO_MGM3_REF] = {POINT_NUMBER("co_mgm3_ref", "mg/m3", NO_LIMIT, NO_LIMIT, 5, POLL_NORMAL, "一氧化碳折算浓度", \
                                  "CO at reference O2"), DERIVED("flue_co flue_o2" O2_REF), .readable = true}, \
    [CO_PPM_REF] = {POINT_NUMBER("co_ppm_ref", "[ppm]", NO_LIMIT, NO_LIMIT, 5, POLL_SAFETY, "一氧化碳折算浓度 ppm", \
                                 "CO at reference O2, ppm"), DERIVED("flue_co flue_o2" O2_REF)}, \
    [NOX_MGM3_REF_1H] = {POINT_NUMBER("nox_mgm3_ref_1h", "mg/m3", NO_LIMIT, NO_LIMIT, 2, POLL_NORMAL, \
                                      "氮氧化物折算小时均值", "NOx at reference O2, mean of an hour"), \
                         DERIVED("nox_mgm3_ref")}

#define BURNER_SETTING_ROWS \
    [SETTING_FUEL] = {SETTING_CHOICE("fuel", fuels, NO_LIMIT, "燃料", "fuel")}, \
    [SETTING_AIR_TEMP] = {SETTING_NUMBER("air_temp", "Cel", -40, 80, 20, "送风温度（无测点时）", "combustion air, where not measured")}, \
    [SETTING_O2_REF] = {SETTING_NUMBER("o2_ref", "%", 0, 20, NO_LIMIT, "基准氧含量（缺省按燃料）", "reference O2; else by the fuel")}, \
    [SETTING_Q4] = {SETTING_NUMBER("q4", "%", 0, 50, NO_LIMIT, "固体未完全燃烧热损失 q4（燃煤）", "loss q4, unburnt coal")}, \
    [SETTING_FLUE_LIMIT] = {SETTING_NUMBER("flue_limit", "Cel", 50, 500, 170, "排烟温度限值", "limit of the flue gas temperature")}, \
    [SETTING_NOX_LIMIT] = {SETTING_NUMBER("nox_limit", "mg/m3", 1, 2000, NO_LIMIT, "氮氧化物排放限值", "emission limit for NOx")}

/* While it burns; the flue gas cools, and its readings end, after the flame. */
#define WHILE_BURNING .when = "flame_on"
#define WHILE_FIRING  .when = "burner_firing"

#define BURNER_ALARM_ROWS \
    {ALARM_BIT("boiler.flame_loss", "flame_loss", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "熄火", "flame failure")}, \
    {ALARM_BIT("boiler.lockout", "lockout", 0, 0, 60, PRIORITY_HIGH, LATCHED, "燃烧器锁定（须现场复位）", \
               "burner locked out: to be reset at the burner")}, \
    {ALARM_LIMIT("boiler.flue_temp", "flue_gas_temp", RULE_HI, NO_LIMIT, NO_LIMIT, 2, 60, 60, 3600, PRIORITY_MEDIUM, FREE, \
                 "排烟温度高", "flue gas hot"), .limit_from = {{"flue_limit", 1, 0}}, WHILE_FIRING}, \
    {ALARM_LIMIT("boiler.flue_temp_hh", "flue_gas_temp", RULE_HIHI, 250, NO_LIMIT, 2, 60, 60, 600, PRIORITY_HIGH, FREE, \
                 "排烟温度过高", "flue gas much too hot"), WHILE_FIRING}, \
    {ALARM_LIMIT("boiler.o2_low", "flue_o2", RULE_LO, 1.5, NO_LIMIT, 0.3, 60, 60, 600, PRIORITY_HIGH, FREE, \
                 "烟气含氧量低", "too little oxygen in the flue gas"), WHILE_BURNING}, \
    {ALARM_LIMIT("boiler.o2_high", "flue_o2", RULE_HI, 8, NO_LIMIT, 0.3, 60, 60, 3600, PRIORITY_LOW, FREE, \
                 "烟气含氧量高", "too much oxygen in the flue gas"), WHILE_BURNING}, \
    {ALARM_LIMIT("boiler.co", "co_ppm_ref", RULE_HI, 200, NO_LIMIT, 20, 30, 60, 600, PRIORITY_HIGH, FREE, \
                 "一氧化碳高", "carbon monoxide"), WHILE_FIRING}, \
    {ALARM_LIMIT("boiler.co_hh", "co_ppm_ref", RULE_HIHI, 500, NO_LIMIT, 20, 30, 60, 30, PRIORITY_CRITICAL, FREE, \
                 "一氧化碳过高", "much carbon monoxide"), WHILE_FIRING}, \
    {ALARM_LIMIT("boiler.nox", "nox_mgm3_ref_1h", RULE_HI, NO_LIMIT, NO_LIMIT, 5, 0, 0, 3600, PRIORITY_MEDIUM, FREE, \
                 "氮氧化物超标（小时均值）", "NOx above the emission limit (mean of an hour)"), \
     .limit_from = {{"nox_limit", 1, 0}}}, \
    {ALARM_LIMIT("boiler.short_cycling", "starts_per_h", RULE_HI, 7, NO_LIMIT, 0, 0, 0, 3600, PRIORITY_LOW, FREE, \
                 "启停频繁（每小时多于 6 次）", "more than six starts within an hour")}, \
    {ALARM_COMM(60, 10, 600, PRIORITY_HIGH, "锅炉通信中断", "boiler does not answer")}
/* clang-format on */

/* The derived points of the burner; `points` is the class's table. Called first by every boiler's derive(). */
void burner_derive(struct derive *derive, const struct class_point *points);

/* What several of the boilers' formulas need, as good as its sources. */
struct number burner_fuel(const struct derive *derive, const struct class_point *points);    /* enum fuel */
struct number burner_air_cel(const struct derive *derive, const struct class_point *points); /* combustion air */
/* q4 or q6: nothing for gas and oil, a setting for coal. */
struct number burner_loss_of_solids(const struct derive *derive, const struct class_point *points, size_t setting);
/* `number`, and while nothing burns none: what flue gas tells has no meaning then. */
struct number burner_while_burning(const struct derive *derive, struct number number);

#endif
