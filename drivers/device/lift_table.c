#include "drivers/device/lift_table.h"

#include "drivers/device/lift.h"
#include "drivers/device/rows.h"

#define GB24476 "GB/T 24476-2017"
#define GB38656 "GB/T 38656-2020"

static const struct code service_modes[MODE_COUNT] = {
    [MODE_STOPPED] = {"stopped", "停止服务", "out of service"},
    [MODE_NORMAL] = {"normal", "正常运行", "normal"},
    [MODE_INSPECTION] = {"inspection", "检修", "inspection"},
    [MODE_FIRE_RETURN] = {"fire_return", "消防返回", "fire return"},
    [MODE_FIREFIGHTER] = {"firefighter", "消防员运行", "firefighter"},
    [MODE_EMERGENCY_POWER] = {"emergency_power", "应急电源运行", "emergency power"},
    [MODE_EARTHQUAKE] = {"earthquake", "地震模式", "earthquake"},
    [MODE_UNKNOWN] = {"unknown", "未知", "unknown"},
};

static const struct code car_statuses[] = {
    [CAR_STOP] = {"stop", "停止", "standing"}, [CAR_RUN] = {"run", "运行", "running"}};

static const struct code car_directions[] = {{"none", "无", "none"}, {"up", "上行", "up"}, {"down", "下行", "down"}};

static const struct code faults[FAULT_COUNT] = {
    [FAULT_NONE] = {"none", "无故障", "none"},
    [FAULT_SAFETY_CIRCUIT_OPEN] = {"safety_circuit_open", "安全回路断路", "safety circuit open"},
    [FAULT_DOOR_CLOSE] = {"door_close_fault", "关门故障", "door does not close"},
    [FAULT_DOOR_OPEN] = {"door_open_fault", "开门故障", "door does not open"},
    [FAULT_STOP_OUTSIDE_ZONE] = {"stop_outside_zone", "开锁区域外停止", "stopped outside the door zone"},
    [FAULT_UNINTENDED_MOVEMENT] = {"unintended_movement", "轿厢意外移动", "unintended car movement"},
    [FAULT_MOTOR_TIME_LIMITER] = {"motor_time_limiter", "电动机运转时间限制器动作", "motor run time limiter"},
    [FAULT_POSITION_LOST] = {"position_lost", "楼层位置丢失", "position lost"},
    [FAULT_ANTI_RERUN] = {"anti_rerun", "防止再运行故障", "restart prevented"},
    [FAULT_DOOR_OPEN_WHILE_RUNNING] = {"door_open_while_running", "运行中开门", "door opened while running"},
    [FAULT_OVERSHOOT_TOP] = {"overshoot_top", "冲顶", "overshoot at the top"},
    [FAULT_PIT_STRIKE] = {"pit_strike", "蹲底", "pit strike"},
    [FAULT_TRAPPED] = {"trapped", "困人", "passenger trapped"},
    [FAULT_OVERSPEED] = {"overspeed", "超速", "overspeed"},
    [FAULT_OTHER] = {"other", "其他故障", "other"},
    [FAULT_MOVE_DOOR_OPEN] = {"move_door_open", "开门走梯", "moved with open doors"},
    [FAULT_RUN_TIMEOUT] = {"run_timeout", "运行超时", "run took too long"},
    [FAULT_DOOR_HUNTING] = {"door_hunting", "反复开关门", "doors open and close again and again"},
    [FAULT_DOOR] = {"door_fault", "开关门故障", "door fault"},
    [FAULT_DOOR_LOCK_JUMPERED] = {"door_lock_jumpered", "门锁短接", "door lock jumpered"},
    [FAULT_CONTROLLER] = {"controller_fault", "控制系统故障", "controller fault"},
    [FAULT_DRIVE_MOTOR] = {"drive_motor_fault", "驱动或电动机故障", "drive or motor fault"},
    [FAULT_SAFETY_GEAR] = {"safety_gear_fault", "限速器或安全钳故障", "governor or safety gear fault"},
    [FAULT_SHAFT_DEVICE] = {"shaft_device_fault", "井道装置故障", "shaft device fault"},
    [FAULT_POWER_SUPPLY] = {"power_supply_fault", "供电故障", "power supply fault"},
    [FAULT_CALL_BUTTON_STUCK] = {"call_button_stuck", "召唤按钮卡阻", "call button stuck"},
    [FAULT_START] = {"start_failure", "启动失败", "start failed"},
    [FAULT_CONTROLLER_SUPPLY] = {"controller_supply_fault", "控制电源故障", "controller supply fault"},
    [FAULT_SELF_TEST] = {"self_test_failure", "自检失败", "self-test failed"},
    [FAULT_DRIVE_TEMP] = {"drive_overtemperature", "驱动装置过热", "drive too hot"},
    [FAULT_LOAD_MEASUREMENT] = {"load_measurement_fault", "称重装置故障", "load measurement fault"},
    [FAULT_COMM] = {"comm_fault", "控制系统通信故障", "controller's communication fault"},
    [EVENT_BACK_TO_AUTO] = {"back_to_auto", "恢复自动运行", "back to automatic"},
    [EVENT_MAINS_OFF] = {"mains_off", "主电源断电", "mains off"},
    [EVENT_STOP_SERVICE] = {"stop_service", "进入停止服务", "taken out of service"},
    [EVENT_INSPECTION] = {"inspection", "进入检修", "inspection begun"},
    [EVENT_FIRE_RETURN] = {"fire_return", "进入消防返回", "fire return begun"},
    [EVENT_FIREFIGHTER] = {"firefighter", "进入消防员运行", "firefighter operation begun"},
    [EVENT_EMERGENCY_POWER] = {"emergency_power", "进入应急电源运行", "emergency power begun"},
    [EVENT_EARTHQUAKE] = {"earthquake", "进入地震模式", "earthquake operation begun"},
    [EVENT_ALARM_BUTTON] = {"alarm_button", "报警按钮动作", "alarm button pressed"},
    [EVENT_IOT_OFFLINE_LONG] = {"iot_offline_long", "物联网设备长时间离线", "monitoring device offline for long"},
    [EVENT_LONG_STAY_FLOOR] = {"long_stay_floor", "长时间停留同一楼层", "long stay at one floor"},
    [EVENT_SUSPECTED_STOP] = {"suspected_stop", "疑似停梯", "suspected to be out of use"},
    [EVENT_EBIKE] = {"ebike", "电动车进入轿厢", "e-bike in the car"},
};

const uint8_t lift_bit_of[FAULT_COUNT] = {
    [FAULT_SAFETY_CIRCUIT_OPEN] = BIT_SAFETY_CIRCUIT,
    [FAULT_DOOR_CLOSE] = BIT_DOOR_CLOSE,
    [FAULT_DOOR_OPEN] = BIT_DOOR_OPEN,
    [FAULT_STOP_OUTSIDE_ZONE] = BIT_STOP_OUTSIDE_ZONE,
    [FAULT_UNINTENDED_MOVEMENT] = BIT_UNINTENDED_MOVEMENT,
    [FAULT_MOTOR_TIME_LIMITER] = BIT_MOTOR_TIME_LIMITER,
    [FAULT_POSITION_LOST] = BIT_POSITION_LOST,
    [FAULT_ANTI_RERUN] = BIT_ANTI_RERUN,
    [FAULT_DOOR_OPEN_WHILE_RUNNING] = BIT_DOOR_OPEN_WHILE_RUNNING,
    [FAULT_OVERSHOOT_TOP] = BIT_OVERSHOOT_TOP,
    [FAULT_PIT_STRIKE] = BIT_PIT_STRIKE,
    [FAULT_TRAPPED] = BIT_TRAPPED,
    [FAULT_OVERSPEED] = BIT_OVERSPEED,
    [FAULT_OTHER] = BIT_OTHER,
    [FAULT_MOVE_DOOR_OPEN] = BIT_MOVE_DOOR_OPEN,
    [FAULT_RUN_TIMEOUT] = BIT_RUN_TIMEOUT,
    [FAULT_DOOR_HUNTING] = BIT_DOOR_HUNTING,
    [FAULT_DOOR] = BIT_DOOR,
    [FAULT_DOOR_LOCK_JUMPERED] = BIT_DOOR_LOCK_JUMPERED,
    [FAULT_CONTROLLER] = BIT_OTHER,
    [FAULT_DRIVE_MOTOR] = BIT_OTHER,
    [FAULT_SAFETY_GEAR] = BIT_OTHER,
    [FAULT_SHAFT_DEVICE] = BIT_OTHER,
    [FAULT_POWER_SUPPLY] = BIT_OTHER,
    [FAULT_CALL_BUTTON_STUCK] = BIT_OTHER,
    [FAULT_START] = BIT_OTHER,
    [FAULT_CONTROLLER_SUPPLY] = BIT_OTHER,
    [FAULT_SELF_TEST] = BIT_OTHER,
    [FAULT_DRIVE_TEMP] = BIT_OTHER,
    [FAULT_LOAD_MEASUREMENT] = BIT_OTHER,
    [FAULT_COMM] = BIT_OTHER,
    [EVENT_EBIKE] = EBIKE_IN_CAR,
};

/* A fault that is read as a bit, or follows from `fault`; one that only bitmaps have. */
#define FAULT_BIT(id_, zh_, en_) POINT_BOOL(id_, POLL_SAFETY, zh_, en_), DERIVED("fault"), .readable = true
#define READ_BIT(id_, zh_, en_)  POINT_BOOL(id_, POLL_NORMAL, zh_, en_)
#define VERDICT(id_, zh_, en_)   POINT_BOOL(id_, POLL_SAFETY, zh_, en_)

/* What the controller itself says of it is enough. */
#define OR_OUTSIDE "|fault_stop_outside_zone"
#define OR_MOVED   "|fault_door_open_while_running|fault_move_door_open"
#define OR_SPEED   "|fault_overspeed"
#define OR_TIMEOUT "|fault_run_timeout"
#define OR_HUNTING "|fault_door_hunting"
#define EQUIPMENT                                                                                                      \
    "fault_other|fault_nonlevel_stop|fault_start|fault_speed_abnormal|fault_controller|fault_drive|fault_machine|"     \
    "fault_levelling|fault_inverter|fault_overcurrent|fault_voltage|fault_overtemp|fault_comm|fault_mains|"            \
    "car_button_alarm|upper_final_limit|lower_final_limit|fault_general"

static const struct class_point points[POINT_COUNT] = {
    [SERVICE_MODE] = {POINT_CODED("service_mode", service_modes, POLL_SAFETY, "服务模式", "service mode")},
    [CAR_SPEED] = {POINT_NUMBER("car_speed", "m/s", -12, 12, 0.1, POLL_SAFETY, "轿厢速度", "car speed")},
    [CAR_STATUS] = {POINT_CODED("car_status", car_statuses, POLL_SAFETY, "轿厢运行状态", "car running"),
                    DERIVED("car_speed"), .readable = true, .use = USE_SHOWS},
    [CAR_DIRECTION] = {POINT_CODED("car_direction", car_directions, POLL_NORMAL, "运行方向", "direction")},
    [DOOR_ZONE] = {POINT_BOOL("door_zone", POLL_SAFETY, "开锁区域", "in the door zone")},
    [CAR_FLOOR] = {POINT_TEXT("car_floor", POLL_NORMAL, "当前楼层", "floor shown")},
    [CAR_FLOOR_INDEX] = {POINT_NUMBER("car_floor_index", "{floor}", -10, 200, 0, POLL_NORMAL, "楼层序号",
                                      "floor index")},
    [DOOR_CLOSED] = {POINT_BOOL("door_closed", POLL_SAFETY, "门关闭", "doors closed")},
    [PASSENGER_PRESENT] = {POINT_BOOL("passenger_present", POLL_SAFETY, "轿厢内有人", "somebody inside")},
    [CAR_LOAD_PCT] = {POINT_NUMBER("car_load_pct", "%", 0, 150, 5, POLL_NORMAL, "载荷", "load")},
    [CAR_POSITION_M] = {POINT_NUMBER("car_position_m", "m", -100, 1000, 0.1, POLL_NORMAL, "轿厢位置", "car position")},
    [RUN_HOURS] = {POINT_NUMBER("run_hours", "h", 0, NO_LIMIT, 0, POLL_SLOW, "累计运行时间", "running time"),
                   .use = USE_COUNTS},
    [RUN_COUNT] = {POINT_WHOLE("run_count", "{count}", POLL_SLOW, "累计运行次数", "number of runs"), .use = USE_COUNTS},
    [DOOR_CYCLES] = {POINT_WHOLE("door_cycles", "{count}", POLL_SLOW, "开门次数", "door cycles")},
    [ROPE_BENDS] = {POINT_WHOLE("rope_bends", "{count}", POLL_SLOW, "钢丝绳折弯次数", "rope bends")},
    [TRAVEL_DISTANCE] = {POINT_NUMBER("travel_distance", "m", 0, NO_LIMIT, 1, POLL_SLOW, "累计运行距离",
                                      "distance travelled")},
    [PASSENGER_COUNT] = {POINT_WHOLE("passenger_count", "{count}", POLL_SLOW, "累计载客人次", "passengers carried")},
    [ENERGY_TOTAL] = {POINT_NUMBER("energy_total", "kW.h", 0, NO_LIMIT, 0.1, POLL_SLOW, "累计电能", "energy")},
    [ENERGY_REGEN] = {POINT_NUMBER("energy_regen", "kW.h", 0, NO_LIMIT, 0.1, POLL_SLOW, "累计回馈电能",
                                   "energy fed back")},
    [UPPER_LIMIT] = {POINT_BOOL("upper_limit", POLL_NORMAL, "上限位", "upper limit switch")},
    [LOWER_LIMIT] = {POINT_BOOL("lower_limit", POLL_NORMAL, "下限位", "lower limit switch")},
    [MAINS_OK] = {POINT_BOOL("mains_ok", POLL_SAFETY, "主电源正常", "mains present")},
    [ALARM_BUTTON] = {POINT_BOOL("alarm_button", POLL_SAFETY, "轿厢报警按钮", "alarm button")},
    [INTERCOM_OK] = {POINT_BOOL("intercom_ok", POLL_NORMAL, "五方对讲正常", "intercom in order")},
    [ARD_ACTIVE] = {POINT_BOOL("ard_active", POLL_NORMAL, "停电应急救援动作", "automatic rescue active")},
    [UPS_SOC] = {POINT_NUMBER("ups_soc", "%", 0, 100, 1, POLL_SLOW, "应急电源电量", "rescue battery charge")},
    [MACHINE_TEMP] = {POINT_NUMBER("machine_temp", "Cel", -20, 120, 0.5, POLL_SLOW, "机房温度",
                                   "machine room temperature")},
    [CABINET_TEMP] = {POINT_NUMBER("cabinet_temp", "Cel", -20, 120, 0.5, POLL_SLOW, "控制柜温度",
                                   "cabinet temperature")},
    [VIB_X] = {POINT_NUMBER("vib_x", "m/s2", -20, 20, 0.1, POLL_NORMAL, "振动 X", "vibration x")},
    [VIB_Y] = {POINT_NUMBER("vib_y", "m/s2", -20, 20, 0.1, POLL_NORMAL, "振动 Y", "vibration y")},
    [VIB_Z] = {POINT_NUMBER("vib_z", "m/s2", -20, 20, 0.1, POLL_NORMAL, "振动 Z", "vibration z")},
    [DOOR_BYPASS] = {POINT_BOOL("door_bypass", POLL_SAFETY, "门旁路装置投入", "door bypass switched on")},
    [SHAFT_ENTRY] = {POINT_BOOL("shaft_entry", POLL_SAFETY, "有人进入井道", "shaft entered, not yet reset")},
    [UCM_TEST_ACTIVE] = {POINT_BOOL("ucm_test_active", POLL_NORMAL, "意外移动保护试验中", "UCM test under way")},
    [FAULT] = {POINT_CODED("fault", faults, POLL_SAFETY, "故障", "fault")},
    [FAULT_CODE_RAW] = {POINT_TEXT("fault_code_raw", POLL_NORMAL, "原始故障代码", "controller's fault code")},
    [CODE_SYSTEM] = {POINT_TEXT("code_system", POLL_SLOW, "代码体系", "system of that code")},
    [HEARTBEAT] = {POINT_WHOLE("heartbeat", "", POLL_NORMAL, "心跳计数", "heartbeat counter")},
    [EBIKE_IN_CAR] = {POINT_BOOL("ebike_in_car", POLL_NORMAL, "电动车进入轿厢", "e-bike in the car"), DERIVED("fault"),
                      .readable = true},
    [BIT_SAFETY_CIRCUIT] = {FAULT_BIT("fault_safety_circuit", "安全回路断路", "safety circuit open")},
    [BIT_DOOR_CLOSE] = {FAULT_BIT("fault_door_close", "关门故障", "door does not close")},
    [BIT_DOOR_OPEN] = {FAULT_BIT("fault_door_open", "开门故障", "door does not open")},
    [BIT_DOOR] = {FAULT_BIT("fault_door", "开关门故障（不分开关）", "door fault, which is not said")},
    [BIT_STOP_OUTSIDE_ZONE] = {FAULT_BIT("fault_stop_outside_zone", "开锁区域外停止（控制器）",
                                         "stopped outside the door zone, by the controller")},
    [BIT_UNINTENDED_MOVEMENT] = {FAULT_BIT("fault_unintended_movement", "轿厢意外移动", "unintended car movement")},
    [BIT_MOTOR_TIME_LIMITER] = {FAULT_BIT("fault_motor_time_limiter", "电动机运转时间限制器动作",
                                          "motor run time limiter")},
    [BIT_POSITION_LOST] = {FAULT_BIT("fault_position_lost", "楼层位置丢失", "position lost")},
    [BIT_ANTI_RERUN] = {FAULT_BIT("fault_anti_rerun", "防止再运行故障", "restart prevented")},
    [BIT_DOOR_OPEN_WHILE_RUNNING] = {FAULT_BIT("fault_door_open_while_running", "运行中开门（控制器）",
                                               "door opened while running, by the controller")},
    [BIT_OVERSHOOT_TOP] = {FAULT_BIT("fault_overshoot_top", "冲顶", "overshoot at the top")},
    [BIT_PIT_STRIKE] = {FAULT_BIT("fault_pit_strike", "蹲底", "pit strike")},
    [BIT_TRAPPED] = {FAULT_BIT("fault_trapped", "困人（控制器）", "passenger trapped, by the controller")},
    [BIT_OVERSPEED] = {FAULT_BIT("fault_overspeed", "超速（控制器）", "overspeed, by the controller")},
    [BIT_MOVE_DOOR_OPEN] = {FAULT_BIT("fault_move_door_open", "开门走梯（控制器）",
                                      "moved with open doors, by the controller")},
    [BIT_RUN_TIMEOUT] = {FAULT_BIT("fault_run_timeout", "运行超时（控制器）", "run took too long, by the controller")},
    [BIT_DOOR_HUNTING] = {FAULT_BIT("fault_door_hunting", "反复开关门（控制器）", "doors hunting, by the controller")},
    [BIT_DOOR_LOCK_JUMPERED] = {FAULT_BIT("door_lock_jumpered", "门锁短接", "door lock jumpered")},
    [BIT_BRAKE] = {POINT_BOOL("fault_brake", POLL_SAFETY, "制动器故障", "brake fault")},
    [BIT_OTHER] = {FAULT_BIT("fault_other", "其他故障", "other fault")},
    [BIT_NONLEVEL_STOP] = {READ_BIT("fault_nonlevel_stop", "非平层停梯", "stopped between floors")},
    [BIT_START] = {READ_BIT("fault_start", "启动失败", "start failed")},
    [BIT_SPEED_ABNORMAL] = {READ_BIT("fault_speed_abnormal", "速度异常", "speed abnormal")},
    [BIT_CONTROLLER] = {READ_BIT("fault_controller", "控制系统故障", "controller fault")},
    [BIT_DRIVE] = {READ_BIT("fault_drive", "驱动系统故障", "drive fault")},
    [BIT_MACHINE] = {READ_BIT("fault_machine", "曳引机故障", "machine fault")},
    [BIT_LEVELLING] = {READ_BIT("fault_levelling", "平层故障", "levelling fault")},
    [BIT_INVERTER] = {READ_BIT("fault_inverter", "变频器故障", "inverter fault")},
    [BIT_OVERCURRENT] = {READ_BIT("fault_overcurrent", "过电流", "overcurrent")},
    [BIT_VOLTAGE] = {READ_BIT("fault_voltage", "过压或欠压", "over- or undervoltage")},
    [BIT_OVERTEMP] = {READ_BIT("fault_overtemp", "过热", "overtemperature")},
    [BIT_COMM] = {READ_BIT("fault_comm", "控制系统通信故障", "controller's communication fault")},
    [BIT_MAINS] = {READ_BIT("fault_mains", "电源故障", "power supply fault")},
    [BIT_CAR_BUTTON] = {READ_BIT("car_button_alarm", "轿内按钮故障报警", "car buttons faulty")},
    [BIT_UPPER_FINAL_LIMIT] = {READ_BIT("upper_final_limit", "上极限开关动作", "upper final limit switch")},
    [BIT_LOWER_FINAL_LIMIT] = {READ_BIT("lower_final_limit", "下极限开关动作", "lower final limit switch")},
    [BIT_GENERAL] = {READ_BIT("fault_general", "综合故障", "general fault")},
    [TRAPPED_NONLEVEL] = {VERDICT("trapped_nonlevel", "非平层困人", "trapped between floors"),
                          DERIVED("passenger_present car_status door_zone")},
    [TRAPPED_LEVEL] = {VERDICT("trapped_level", "平层困人", "trapped at a floor"),
                       DERIVED("passenger_present car_status door_zone door_closed")},
    [TRAPPED_BY_BUTTON] = {VERDICT("trapped_by_button", "报警按钮求救", "trapped, calls by button"),
                           DERIVED("alarm_button|fault car_status door_closed")},
    [TRAPPED] = {VERDICT("trapped", "困人", "passenger trapped"),
                 DERIVED("trapped_nonlevel|trapped_by_button|fault_trapped")},
    [STOP_OUTSIDE_ZONE] = {VERDICT("stop_outside_zone", "开锁区域外停止", "stopped outside the door zone"),
                           DERIVED("car_status" OR_OUTSIDE " door_zone" OR_OUTSIDE)},
    [MOVING_DOOR_OPEN] = {VERDICT("moving_door_open", "开门走梯", "moving with open doors"),
                          DERIVED("car_status" OR_MOVED " door_zone" OR_MOVED " door_closed" OR_MOVED)},
    [OVERSPEED] = {VERDICT("overspeed", "超速", "overspeed"), DERIVED("car_speed" OR_SPEED " rated_speed" OR_SPEED)},
    [RUN_TIMEOUT] = {VERDICT("run_timeout", "运行超时", "run takes too long"),
                     DERIVED("car_status" OR_TIMEOUT " car_floor_index" OR_TIMEOUT)},
    [DOOR_HUNTING] = {VERDICT("door_hunting", "反复开关门", "doors open and close again and again"),
                      DERIVED("car_status" OR_HUNTING " door_closed" OR_HUNTING)},
    [DOOR_HELD] = {VERDICT("door_held", "长时间不关门", "doors held open"), DERIVED("door_closed")},
    [DOOR_FAULT] = {VERDICT("door_fault", "开关门故障", "door fault"),
                    DERIVED("fault_door_close|fault_door_open|fault_door")},
    [EQUIPMENT_FAULT] = {VERDICT("equipment_fault", "设备故障", "equipment fault"), DERIVED(EQUIPMENT)},
    [BUTTON_CALL] = {VERDICT("button_call", "报警按钮有效", "alarm button, not at an open door"),
                     DERIVED("alarm_button|fault")},
    [MAINS_LOST] = {VERDICT("mains_lost", "主电源中断", "mains lost"), DERIVED("mains_ok|fault"), .readable = true},
    [OVERLOAD_RUN] = {VERDICT("overload_run", "超载运行", "running overloaded"), DERIVED("car_status car_load_pct")},
    [IDLE_SUSPECT] = {POINT_BOOL("idle_suspect", POLL_SLOW, "疑似停梯", "not used for long"), DERIVED("run_count")},
    [IN_SERVICE] = {VERDICT("in_service", "非检修状态", "not under inspection"), DERIVED("service_mode|fault")},
};

/* Of the alarms of GB/T 38656 and of GB/T 24476, which alone has a number for the events. */
#define GB(code_)         .code_system = GB38656, .code = (code_)
#define GB_EVENT(code_)   .code_system = GB24476, .code = (code_)
#define OUT_OF_INSPECTION .when = "in_service"

static const struct class_alarm alarms[] = {
    {ALARM_BIT("lift.trapped", "trapped", 0, 30, 3, PRIORITY_CRITICAL, LATCHED, "困人", "passenger trapped"), GB("11")},
    {ALARM_BIT("lift.ucm", "fault_unintended_movement", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "轿厢意外移动",
               "unintended car movement"),
     GB("05")},
    {ALARM_BIT("lift.moving_door_open", "moving_door_open", 0, 10, 3, PRIORITY_CRITICAL, LATCHED, "开门走梯",
               "moving with open doors"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("lift.overshoot_top", "fault_overshoot_top", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "冲顶",
               "overshoot at the top"),
     GB("09"), OUT_OF_INSPECTION},
    {ALARM_BIT("lift.pit_strike", "fault_pit_strike", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "蹲底", "pit strike"),
     GB("10"), OUT_OF_INSPECTION},
    {ALARM_BIT("lift.overspeed", "overspeed", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "超速", "overspeed")},
    {ALARM_BIT("lift.safety_circuit", "fault_safety_circuit", 1, 10, 30, PRIORITY_HIGH, FREE, "安全回路断路",
               "safety circuit open"),
     GB("01"), OUT_OF_INSPECTION},
    {ALARM_BIT("lift.stop_outside_zone", "stop_outside_zone", 0, 10, 60, PRIORITY_HIGH, FREE, "开锁区域外停止",
               "stopped outside the door zone"),
     GB("04"), OUT_OF_INSPECTION},
    {ALARM_BIT("lift.door", "door_fault", 5, 30, 300, PRIORITY_MEDIUM, FREE, "开关门故障", "door fault"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("lift.motor_limiter", "fault_motor_time_limiter", 0, 10, 60, PRIORITY_HIGH, LATCHED,
               "电动机运转时间限制器动作", "motor run time limiter"),
     GB("06"), OUT_OF_INSPECTION},
    {ALARM_BIT("lift.position_lost", "fault_position_lost", 0, 10, 60, PRIORITY_HIGH, LATCHED, "楼层位置丢失",
               "position lost"),
     GB("07"), OUT_OF_INSPECTION},
    {ALARM_BIT("lift.anti_rerun", "fault_anti_rerun", 0, 10, 60, PRIORITY_HIGH, LATCHED, "防止再运行故障",
               "restart prevented"),
     GB("08"), OUT_OF_INSPECTION},
    {ALARM_BIT("lift.door_lock_jumpered", "door_lock_jumpered", 1, 10, 30, PRIORITY_HIGH, FREE, "门锁短接",
               "door lock jumpered"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("lift.door_bypass", "door_bypass", 1, 10, 30, PRIORITY_HIGH, FREE, "门旁路装置投入",
               "door bypass switched on"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("lift.brake", "fault_brake", 1, 10, 30, PRIORITY_HIGH, FREE, "制动器故障", "brake fault"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("lift.equipment_fault", "equipment_fault", 5, 30, 300, PRIORITY_MEDIUM, FREE, "设备故障",
               "equipment fault"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("lift.run_timeout", "run_timeout", 0, 10, 60, PRIORITY_HIGH, FREE, "运行超时", "run takes too long"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("lift.door_hunting", "door_hunting", 0, 30, 300, PRIORITY_MEDIUM, FREE, "反复开关门",
               "doors open and close again and again"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("lift.door_held", "door_held", 0, 10, 300, PRIORITY_MEDIUM, FREE, "长时间不关门", "doors held open"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("lift.alarm_button", "button_call", 3, 10, 10, PRIORITY_HIGH, FREE, "轿厢报警按钮", "car alarm button"),
     GB_EVENT("90"), OUT_OF_INSPECTION},
    {ALARM_BIT("lift.power_out", "mains_lost", 5, 30, 300, PRIORITY_MEDIUM, FREE, "主电源中断", "mains lost"),
     GB_EVENT("41"), OUT_OF_INSPECTION},
    {ALARM_BIT("lift.overload_run", "overload_run", 1, 5, 30, PRIORITY_HIGH, FREE, "超载运行", "running overloaded"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("lift.ebike", "ebike_in_car", 2, 10, 60, PRIORITY_MEDIUM, FREE, "电动车进入轿厢", "e-bike in the car"),
     OUT_OF_INSPECTION},
    {ALARM_LIMIT("lift.machine_temp", "machine_temp", RULE_HI, 50, NO_LIMIT, 1, 60, 60, 3600, PRIORITY_LOW, FREE,
                 "机房温度高", "machine room warm"),
     OUT_OF_INSPECTION},
    {ALARM_LIMIT("lift.machine_temp_hh", "machine_temp", RULE_HIHI, 60, NO_LIMIT, 1, 60, 60, 3600, PRIORITY_MEDIUM,
                 FREE, "机房温度过高", "machine room hot"),
     OUT_OF_INSPECTION},
    {ALARM_COMM(60, 10, 600, PRIORITY_MEDIUM, "电梯通信中断", "lift does not answer")},
};

static const struct class_setting settings[SETTING_COUNT] = {
    [RATED_SPEED] = {SETTING_NUMBER("rated_speed", "m/s", 0.1, 12, NO_LIMIT, "额定速度", "rated speed")},
    [FULL_TRAVEL_S] = {SETTING_NUMBER("full_travel_s", "s", 1, 600, NO_LIMIT, "全程运行时间",
                                      "time from bottom to top")},
    [TRAPPED_NONLEVEL_S] = {SETTING_NUMBER("trapped_nonlevel_s", "s", 3, 60, 10, "非平层困人判定时间",
                                           "trapped between floors after")},
    [TRAPPED_LEVEL_S] = {SETTING_NUMBER("trapped_level_s", "s", 30, 600, 120, "平层困人判定时间",
                                        "trapped at a floor after")},
    [TRAPPED_BUTTON_S] = {SETTING_NUMBER("trapped_button_s", "s", 1, 10, 3, "报警按钮判定时间",
                                         "button counts as a call after")},
    [OUTSIDE_ZONE_S] = {SETTING_NUMBER("outside_zone_s", "s", 3, 60, 10, "区域外停止判定时间",
                                       "stopped outside the zone after")},
    [DOOR_HUNTING_CYCLES] = {SETTING_NUMBER("door_hunting_cycles", "{count}", 2, DOOR_CYCLES_MAX, 5, "反复开关门次数",
                                            "door cycles that are hunting")},
    [DOOR_HUNTING_S] = {SETTING_NUMBER("door_hunting_s", "s", 10, 600, 60, "反复开关门统计时间",
                                       "window of door hunting")},
    [DOOR_HELD_S] = {SETTING_NUMBER("door_held_s", "s", 30, 3600, 180, "长时间不关门判定时间",
                                    "doors held open after")},
    [IDLE_H] = {SETTING_NUMBER("idle_h", "h", 0.5, 720, 24, "疑似停梯判定时间", "not used for long after")},
};

/* --- dialects: the same number means different things: 08, 09, 10 and 11 above all -------------------------------- */

#define GB_1_TO_7(prefix_)                                                                                             \
    {1, prefix_ "1", "safety_circuit_open"}, {2, prefix_ "2", "door_close_fault"},                                     \
        {3, prefix_ "3", "door_open_fault"}, {4, prefix_ "4", "stop_outside_zone"},                                    \
        {5, prefix_ "5", "unintended_movement"}, {6, prefix_ "6", "motor_time_limiter"},                               \
    {                                                                                                                  \
        7, prefix_ "7", "position_lost"                                                                                \
    }
#define GB_EVENTS                                                                                                      \
    {40, "40", "back_to_auto"}, {41, "41", "mains_off"}, {42, "42", "stop_service"}, {43, "43", "inspection"},         \
        {44, "44", "fire_return"}, {45, "45", "firefighter"}, {46, "46", "emergency_power"}, {47, "47", "earthquake"}, \
    {                                                                                                                  \
        90, "90", "alarm_button"                                                                                       \
    }

static const struct dialect_code gb24476_faults[] = {
    {0, "0", "none"}, GB_1_TO_7(""), {8, "8", "anti_rerun"}, GB_EVENTS};

static const struct dialect_code gb38656_faults[] = {GB_1_TO_7("0"),
                                                     {8, "08", "anti_rerun"},
                                                     {9, "09", "overshoot_top"},
                                                     {10, "10", "pit_strike"},
                                                     {11, "11", "trapped"}};

static const struct dialect_code chongqing_faults[] = {
    GB_1_TO_7(""), {8, "8", "anti_rerun"}, {91, "91", "pit_strike"}, {92, "92", "overshoot_top"}, {93, "93", "trapped"},
    GB_EVENTS};

static const struct dialect_code http_faults[] = {
    {0, "00", "none"},
    GB_1_TO_7("0"),
    {8, "08", "door_open_while_running"},
    {9, "09", "overshoot_top"},
    {10, "10", "pit_strike"},
    {11, "11", "overspeed"},
    {12, "12", "move_door_open"},
    {13, "13", "run_timeout"},
    {14, "14", "door_hunting"},
    {15, "15", "alarm_button"},
    {99, "99", "other"},
};

static const struct dialect_code platform_faults[] = {
    {101, "0101", "trapped"},
    {201, "0201", "door_fault"},
    {202, "0202", "safety_circuit_open"},
    {203, "0203", "stop_outside_zone"},
    {204, "0204", "pit_strike"},
    {205, "0205", "overshoot_top"},
    {207, "0207", "unintended_movement"},
    {313, "0313", "iot_offline_long"},
    {314, "0314", "long_stay_floor"},
    {315, "0315", "suspected_stop"},
    {317, "0317", "ebike"},
    {401, "0401", "stop_service"},
    {402, "0402", "inspection"},
};

static const struct dialect_code bacnet_faults[] = {
    {0, "0", "controller_fault"},        {1, "1", "drive_motor_fault"},        {2, "2", "safety_gear_fault"},
    {3, "3", "shaft_device_fault"},      {4, "4", "power_supply_fault"},       {5, "5", "safety_circuit_open"},
    {6, "6", "door_close_fault"},        {7, "7", "door_open_fault"},          {8, "8", "stop_outside_zone"},
    {9, "9", "call_button_stuck"},       {10, "10", "start_failure"},          {11, "11", "controller_supply_fault"},
    {12, "12", "self_test_failure"},     {13, "13", "motor_time_limiter"},     {14, "14", "position_lost"},
    {15, "15", "drive_overtemperature"}, {16, "16", "load_measurement_fault"},
};

static const struct dialect_code monarch_faults[] = {
    {32, "E32", "overspeed"},           {40, "E40", "run_timeout"},
    {41, "E41", "safety_circuit_open"}, {42, "E42", "door_open_while_running"},
    {43, "E43", "overshoot_top"},       {44, "E44", "pit_strike"},
    {48, "E48", "door_open_fault"},     {49, "E49", "door_close_fault"},
    {53, "E53", "door_lock_jumpered"},  {57, "E57", "comm_fault"},
    {58, "E58", "position_lost"},       {65, "E65", "unintended_movement"},
};

static const struct dialect_code gb_modes[] = {
    {0, "0", "stopped"},     {1, "1", "normal"},          {2, "2", "inspection"}, {3, "3", "fire_return"},
    {4, "4", "firefighter"}, {5, "5", "emergency_power"}, {6, "6", "earthquake"}, {7, "7", "unknown"},
};

/* What GB/T 24476 has no mode for is normal where passengers are carried, else out of service, else unknown. */
static const struct dialect_code bacnet_modes[] = {
    {0, "0", "unknown"},
    {1, "1", "normal"},
    {2, "2", "normal" /* VIP */},
    {3, "3", "normal" /* homing */},
    {4, "4", "stopped" /* parking */},
    {5, "5", "normal" /* attendant */},
    {6, "6", "firefighter"},
    {7, "7", "emergency_power"},
    {8, "8", "inspection"},
    {9, "9", "stopped" /* cabinet recall */},
    {10, "10", "earthquake"},
    {11, "11", "fire_return"},
    {12, "12", "stopped"},
    {13, "13", "unknown" /* occupant evacuation */},
};

static const struct dialect_code gb_statuses[] = {{0, "0", "stop"}, {1, "1", "run"}};
static const struct dialect_code gb_directions[] = {{0, "0", "none"}, {1, "1", "up"}, {2, "2", "down"}};

static const struct class_dialect dialects[] = {
    {DIALECT(GB24476, "fault", gb24476_faults)},
    {DIALECT(GB38656, "fault", gb38656_faults)},
    {DIALECT("DB50 Chongqing", "fault", chongqing_faults)},
    {DIALECT("lift vendor HTTP", "fault", http_faults)},
    {DIALECT("lift platform 4-digit", "fault", platform_faults)},
    {DIALECT("BACnetLiftFault", "fault", bacnet_faults)},
    {DIALECT("Monarch NICE", "fault", monarch_faults)},
    {DIALECT(GB24476, "service_mode", gb_modes)},
    {DIALECT(GB38656, "service_mode", gb_modes)},
    {DIALECT("BACnetLiftCarMode", "service_mode", bacnet_modes)},
    {DIALECT(GB24476, "car_status", gb_statuses)},
    {DIALECT(GB38656, "car_status", gb_statuses)},
    {DIALECT(GB24476, "car_direction", gb_directions)},
    {DIALECT(GB38656, "car_direction", gb_directions)},
};

const struct device_class lift_class = {
    .id = "lift",
    .zh = "电梯",
    .en = "lift",
    .points = points,
    .point_count = ARRAY_SIZE(points),
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .never_written = true,
    .derive = lift_derive,
    .memory_size = sizeof(struct lift_memory),
    .settings = settings,
    .setting_count = ARRAY_SIZE(settings),
    .dialects = dialects,
    .dialect_count = ARRAY_SIZE(dialects),
};
