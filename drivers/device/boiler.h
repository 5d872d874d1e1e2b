/* boiler: what steam boilers, hot-water boilers and thermal-oil heaters have in common beside their burner: circulation,
 * pressure, losses and efficiency. Their tables go on where those of burner.h end.
 *
 * Efficiency is the indirect one: 100 - (q2+q3+q4+q5+q6). q3 counts as nothing where carbon monoxide is not measured; q4 and
 * q6 are nothing for gas and oil and settings for coal. Flue gas tells something only while it burns: without flame these
 * points have no value.
 *
 * The ranges of level and flow go a little beyond what can be: a transmitter that drifts below zero at the bottom must not
 * become an implausible reading, which raises nothing, when there is no water.
 *
 * A boiler may be written to, other than a burner: its device may take points from an I/O board whose relay is a permissive in
 * the burner's safety chain. Such a relay may only stop the burner, and no profile of a burner has a writable point. */
#ifndef OUTPOST_DRIVERS_DEVICE_BOILER_H
#define OUTPOST_DRIVERS_DEVICE_BOILER_H

#include "drivers/device/burner.h"

enum boiler_point {
    OUTLET_PRESSURE = BURNER_POINT_COUNT,
    INLET_PRESSURE,
    CIRC_FLOW,
    CIRC_PUMP_ON,
    SAFETY_VALVE_OPEN,
    CIRC_FLOW_PCT,
    PUMP_OFF_BURNING,
    Q5,
    EFFICIENCY,
    EFFICIENCY_1H,
    BOILER_POINT_COUNT
};

enum boiler_setting {
    SETTING_WORKING_PRESSURE = BURNER_SETTING_COUNT,
    SETTING_SAFETY_VALVE_PRESSURE,
    SETTING_RATED_OUTPUT,
    SETTING_RATED_OUTPUT_MW,
    SETTING_DESIGN_EFFICIENCY,
    SETTING_Q6,
    SETTING_CIRC_FLOW_RATED,
    BOILER_SETTING_COUNT
};

struct boiler_memory {
    struct burner_memory burner;
    struct hour_mean efficiency;
};

#define MW_PER_T_H 0.7 /* a boiler of 0.7 MW counts as one of 1 t/h */
#define RATED      "rated_output|rated_output_mw"

/* clang-format off */
#define BOILER_POINT_ROWS \
    [OUTLET_PRESSURE] = {POINT_NUMBER("outlet_pressure", "MPa", -0.1, 6, 0.005, POLL_SAFETY, "出口压力（表压）", \
                                      "outlet pressure, gauge")}, \
    [INLET_PRESSURE] = {POINT_NUMBER("inlet_pressure", "MPa", -0.1, 6, 0.005, POLL_NORMAL, "进口压力（表压）", \
                                     "inlet pressure, gauge")}, \
    [CIRC_FLOW] = {POINT_NUMBER("circ_flow", "m3/h", -100, 20000, 1, POLL_SAFETY, "循环流量", "circulation flow")}, \
    [CIRC_PUMP_ON] = {POINT_BOOL("circ_pump_on", POLL_SAFETY, "循环泵运行", "circulation pump on")}, \
    [SAFETY_VALVE_OPEN] = {POINT_BOOL("safety_valve_open", POLL_SAFETY, "安全阀起跳", "safety valve open")}, \
    [CIRC_FLOW_PCT] = {POINT_NUMBER("circ_flow_pct", "%", NO_LIMIT, NO_LIMIT, 1, POLL_SAFETY, "循环流量占额定", \
                                    "circulation flow, of the rated one"), DERIVED("circ_flow circ_flow_rated")}, \
    [PUMP_OFF_BURNING] = {POINT_BOOL("pump_off_burning", POLL_SAFETY, "燃烧中循环泵停", "burning with the pump off"), \
                          DERIVED("circ_pump_on flame_on")}, \
    [Q5] = {POINT_NUMBER("q5", "%", NO_LIMIT, NO_LIMIT, 0.1, POLL_NORMAL, "散热损失 q5", "loss q5, casing"), \
            DERIVED(RATED), .readable = true}, \
    [EFFICIENCY] = {POINT_NUMBER("efficiency", "%", NO_LIMIT, NO_LIMIT, 0.2, POLL_NORMAL, "热效率（反平衡）", \
                                 "efficiency, by the losses"), DERIVED("q2 q5"), .readable = true}, \
    [EFFICIENCY_1H] = {POINT_NUMBER("efficiency_1h", "%", NO_LIMIT, NO_LIMIT, 0.2, POLL_NORMAL, \
                                    "热效率小时均值（负荷大于 50%）", "efficiency, mean of an hour at more than half load"), \
                       DERIVED("efficiency")}

/* The load, where the class knows it by more than the firing rate. */
#define LOAD_ROW(needs_) \
    {POINT_NUMBER("load_pct", "%", NO_LIMIT, NO_LIMIT, 1, POLL_NORMAL, "负荷率", "load, of the rated output"), DERIVED(needs_)}
#define SAT_TEMP_ROW(needs_) \
    {POINT_NUMBER("sat_temp", "Cel", NO_LIMIT, NO_LIMIT, 0.5, POLL_SAFETY, "饱和温度", "saturation temperature"), DERIVED(needs_)}
#define WATER_ROWS \
    {POINT_NUMBER("soft_water_hardness", "mmol/L", 0, 5, 0.005, POLL_SLOW, "软化水硬度", "hardness of the soft water")}, \
    {POINT_NUMBER("boiler_water_ph", "[pH]", 0, 14, 0.1, POLL_SLOW, "锅水 pH", "pH of the boiler water")}, \
    {POINT_NUMBER("conductivity", "uS/cm", 0, 20000, 20, POLL_SLOW, "锅水电导率", "conductivity of the boiler water")}

#define BOILER_SETTING_ROWS \
    [SETTING_WORKING_PRESSURE] = {SETTING_NUMBER("working_pressure", "MPa", 0.01, 6, NO_LIMIT, "额定工作压力（表压）", \
                                                 "working pressure, gauge")}, \
    [SETTING_SAFETY_VALVE_PRESSURE] = {SETTING_NUMBER("safety_valve_pressure", "MPa", 0.01, 7, NO_LIMIT, \
                                                      "安全阀最低整定压力（表压）", "lowest set pressure of the safety valves")}, \
    [SETTING_RATED_OUTPUT] = {SETTING_NUMBER("rated_output", "t/h", 0.01, 4000, NO_LIMIT, "额定蒸发量", "rated steam output")}, \
    [SETTING_RATED_OUTPUT_MW] = {SETTING_NUMBER("rated_output_mw", "MW", 0.01, 3000, NO_LIMIT, "额定热功率", \
                                                "rated heat output")}, \
    [SETTING_DESIGN_EFFICIENCY] = {SETTING_NUMBER("design_efficiency", "%", 40, 110, NO_LIMIT, "设计热效率", \
                                                  "efficiency by design")}, \
    [SETTING_Q6] = {SETTING_NUMBER("q6", "%", 0, 20, NO_LIMIT, "灰渣物理热损失 q6（燃煤）", "loss q6, ash of coal")}, \
    [SETTING_CIRC_FLOW_RATED] = {SETTING_NUMBER("circ_flow_rated", "m3/h", 0.1, 20000, NO_LIMIT, "额定循环流量", \
                                                "rated circulation flow")}

/* Never only while it burns: pressure and level outlive the fire. */
#define PRESSURE_ALARM_ROWS(point_) \
    {ALARM_LIMIT("boiler.pressure_hh", point_, RULE_HIHI, NO_LIMIT, NO_LIMIT, 0.02, 0, 15, 3, PRIORITY_CRITICAL, LATCHED, \
                 "超压", "over-pressure"), \
     .limit_from = {{"working_pressure", 1.03, 0}, {"safety_valve_pressure", 1, -0.02}}}, \
    {ALARM_LIMIT("boiler.pressure_h", point_, RULE_HI, NO_LIMIT, NO_LIMIT, 0.02, 5, 15, 60, PRIORITY_HIGH, FREE, \
                 "压力高", "pressure high"), .limit_from = {{"working_pressure", 1, 0}}}, \
    {ALARM_BIT("boiler.safety_valve", "safety_valve_open", 0, 60, 60, PRIORITY_HIGH, FREE, "安全阀起跳", "safety valve open")}
#define OUTLET_TEMP_ALARM_ROWS \
    {ALARM_LIMIT("boiler.outlet_temp_hh", "outlet_temp", RULE_HIHI, NO_LIMIT, NO_LIMIT, 1, 10, 60, 10, PRIORITY_CRITICAL, \
                 LATCHED, "出口超温", "outlet too hot"), .limit_from = {{"outlet_temp_max", 1, 0}}}, \
    {ALARM_LIMIT("boiler.outlet_temp_h", "outlet_temp", RULE_HI, NO_LIMIT, NO_LIMIT, 1, 10, 60, 600, PRIORITY_HIGH, FREE, \
                 "出口温度高", "outlet hot"), .limit_from = {{"outlet_temp_max", 1, -5}}}
#define CIRCULATION_ALARM_ROWS \
    {ALARM_LIMIT("boiler.flow_low", "circ_flow_pct", RULE_LOLO, 50, NO_LIMIT, 5, 3, 15, 3, PRIORITY_CRITICAL, LATCHED, \
                 "循环流量低", "circulation too low"), WHILE_BURNING}, \
    {ALARM_BIT("boiler.pump_off", "pump_off_burning", 3, 15, 3, PRIORITY_CRITICAL, LATCHED, "燃烧中循环泵停", \
               "burning with the circulation pump off")}
#define EFFICIENCY_ALARM_ROW \
    {ALARM_LIMIT("boiler.efficiency_low", "efficiency_1h", RULE_LO, NO_LIMIT, NO_LIMIT, 1, 3600, 0, 7200, PRIORITY_LOW, FREE, \
                 "热效率低", "efficiency low"), .limit_from = {{"design_efficiency", 1, -3}}}
#define HARDNESS_ALARM_ROW \
    {ALARM_LIMIT("boiler.hardness", "soft_water_hardness", RULE_HI, 0.03, NO_LIMIT, 0, 600, 0, 3600, PRIORITY_MEDIUM, FREE, \
                 "软化水硬度超标", "soft water too hard")}
/* clang-format on */

/* A class's derive() in three steps: burner_derive(); its load; this. `load` is in % of the rated output; where the class
 * does not know it, 100. */
void boiler_derive(struct derive *derive, const struct class_point *points, struct number load);

/* The rated output in t/h; bad when it is not set. */
struct number boiler_rated_t_h(const struct derive *derive);
/* A temperature in Celsius at which water boils under that gauge pressure. */
struct number boiler_sat_cel(struct number gauge_mpa, struct number air_kpa);

#endif
