#include "drivers/device/lift.h"

#include <math.h>

#include "drivers/device/derive.h"
#include "gateway/base/check.h"

#define SPEED_RUN_MPS       0.05
#define SPEED_STOP_MPS      0.02
#define NONLEVEL_MS         10000
#define LEVEL_MS            120000
#define BUTTON_MS           3000
#define OUTSIDE_ZONE_MS     10000
#define MOVING_DOOR_OPEN_MS 300
#define OVERLOAD_PCT        110.0
#define GB_CODES            "GB/T 38656-2020"

enum service_mode {
    MODE_STOPPED,
    MODE_NORMAL,
    MODE_INSPECTION,
    MODE_FIRE_RETURN,
    MODE_FIREFIGHTER,
    MODE_EMERGENCY_POWER,
    MODE_EARTHQUAKE,
    MODE_UNKNOWN
};

static const struct code service_modes[] = {
    [MODE_STOPPED] = {"stopped", "停止服务", "out of service"},
    [MODE_NORMAL] = {"normal", "正常运行", "normal"},
    [MODE_INSPECTION] = {"inspection", "检修", "inspection"},
    [MODE_FIRE_RETURN] = {"fire_return", "消防返回", "fire return"},
    [MODE_FIREFIGHTER] = {"firefighter", "消防员运行", "firefighter"},
    [MODE_EMERGENCY_POWER] = {"emergency_power", "应急电源运行", "emergency power"},
    [MODE_EARTHQUAKE] = {"earthquake", "地震模式", "earthquake"},
    [MODE_UNKNOWN] = {"unknown", "未知", "unknown"},
};

enum car_status { CAR_STOP, CAR_RUN };
static const struct code car_statuses[] = {
    [CAR_STOP] = {"stop", "停止", "standing"}, [CAR_RUN] = {"run", "运行", "running"}};

static const struct code car_directions[] = {{"none", "无", "none"}, {"up", "上行", "up"}, {"down", "下行", "down"}};

/* Canonical faults; a profile maps its own dialect (GB/T 24476, GB/T 38656, DB50, vendors) onto them. */
enum fault {
    FAULT_NONE,
    FAULT_SAFETY_CIRCUIT_OPEN,
    FAULT_DOOR_CLOSE,
    FAULT_DOOR_OPEN,
    FAULT_STOP_OUTSIDE_ZONE,
    FAULT_UNINTENDED_MOVEMENT,
    FAULT_MOTOR_TIME_LIMITER,
    FAULT_POSITION_LOST,
    FAULT_ANTI_RERUN,
    FAULT_DOOR_OPEN_WHILE_RUNNING,
    FAULT_OVERSHOOT_TOP,
    FAULT_PIT_STRIKE,
    FAULT_TRAPPED,
    FAULT_OVERSPEED,
    FAULT_OTHER
};

static const struct code faults[] = {
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
};

enum point {
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
    FAULT_CODE_RAW,
    CODE_SYSTEM,
    TRAPPED_NONLEVEL,
    TRAPPED_LEVEL,
    TRAPPED_BY_BUTTON,
    TRAPPED,
    STOP_OUTSIDE_ZONE,
    MOVING_DOOR_OPEN,
    BUTTON_CALL,
    MAINS_LOST,
    OVERLOAD_RUN,
    POINT_COUNT
};

#define NUMBER(name, unit_, low, high, band, poll_, zh_, en_)                                                          \
    {                                                                                                                  \
        .id = (name), .unit = (unit_), .type = VALUE_NUMBER, .minimum = (low), .maximum = (high), .deadband = (band),  \
        .poll = (poll_), .zh = (zh_), .en = (en_)                                                                      \
    }
#define PLAIN(name, unit_, type_, poll_, zh_, en_)                                                                     \
    {                                                                                                                  \
        .id = (name), .unit = (unit_), .type = (type_), .minimum = NO_LIMIT, .maximum = NO_LIMIT, .poll = (poll_),     \
        .zh = (zh_), .en = (en_)                                                                                       \
    }
#define CODED(name, list, poll_, derived_, zh_, en_)                                                                   \
    {                                                                                                                  \
        .id = (name), .unit = "", .type = VALUE_ENUM, .codes = (list), .code_count = ARRAY_SIZE(list),                 \
        .minimum = NO_LIMIT, .maximum = NO_LIMIT, .poll = (poll_), .derived = (derived_), .zh = (zh_), .en = (en_)     \
    }
#define DERIVED(name, zh_, en_)                                                                                        \
    {                                                                                                                  \
        .id = (name), .unit = "", .type = VALUE_BOOL, .minimum = NO_LIMIT, .maximum = NO_LIMIT, .poll = POLL_SAFETY,   \
        .derived = true, .zh = (zh_), .en = (en_)                                                                      \
    }

static const struct class_point points[POINT_COUNT] = {
    [SERVICE_MODE] = CODED("service_mode", service_modes, POLL_SAFETY, false, "服务模式", "service mode"),
    [CAR_STATUS] = CODED("car_status", car_statuses, POLL_SAFETY, true, "轿厢运行状态", "car running"),
    [CAR_DIRECTION] = CODED("car_direction", car_directions, POLL_NORMAL, false, "运行方向", "direction"),
    [DOOR_ZONE] = PLAIN("door_zone", "", VALUE_BOOL, POLL_SAFETY, "开锁区域", "in the door zone"),
    [CAR_FLOOR] = PLAIN("car_floor", "", VALUE_TEXT, POLL_NORMAL, "当前楼层", "floor shown"),
    [CAR_FLOOR_INDEX] = NUMBER("car_floor_index", "{floor}", -10, 200, 0, POLL_NORMAL, "楼层序号", "floor index"),
    [DOOR_CLOSED] = PLAIN("door_closed", "", VALUE_BOOL, POLL_SAFETY, "门关闭", "doors closed"),
    [PASSENGER_PRESENT] = PLAIN("passenger_present", "", VALUE_BOOL, POLL_SAFETY, "轿厢内有人", "somebody inside"),
    [CAR_LOAD_PCT] = NUMBER("car_load_pct", "%", 0, 150, 5, POLL_NORMAL, "载荷", "load"),
    [CAR_SPEED] = NUMBER("car_speed", "m/s", -12, 12, 0.1, POLL_SAFETY, "轿厢速度", "car speed"),
    [CAR_POSITION_M] = NUMBER("car_position_m", "m", -100, 1000, 0.1, POLL_NORMAL, "轿厢位置", "car position"),
    [RUN_HOURS] = NUMBER("run_hours", "h", 0, NO_LIMIT, 0, POLL_SLOW, "累计运行时间", "running time"),
    [RUN_COUNT] = PLAIN("run_count", "{count}", VALUE_INT, POLL_SLOW, "累计运行次数", "number of runs"),
    [DOOR_CYCLES] = PLAIN("door_cycles", "{count}", VALUE_INT, POLL_SLOW, "开门次数", "door cycles"),
    [ROPE_BENDS] = PLAIN("rope_bends", "{count}", VALUE_INT, POLL_SLOW, "钢丝绳折弯次数", "rope bends"),
    [TRAVEL_DISTANCE] = NUMBER("travel_distance", "m", 0, NO_LIMIT, 1, POLL_SLOW, "累计运行距离", "distance travelled"),
    [ENERGY_TOTAL] = NUMBER("energy_total", "kW.h", 0, NO_LIMIT, 0.1, POLL_SLOW, "累计电能", "energy"),
    [UPPER_LIMIT] = PLAIN("upper_limit", "", VALUE_BOOL, POLL_NORMAL, "上限位", "upper limit switch"),
    [LOWER_LIMIT] = PLAIN("lower_limit", "", VALUE_BOOL, POLL_NORMAL, "下限位", "lower limit switch"),
    [MAINS_OK] = PLAIN("mains_ok", "", VALUE_BOOL, POLL_SAFETY, "主电源正常", "mains present"),
    [ALARM_BUTTON] = PLAIN("alarm_button", "", VALUE_BOOL, POLL_SAFETY, "报警按钮", "alarm button"),
    [INTERCOM_OK] = PLAIN("intercom_ok", "", VALUE_BOOL, POLL_NORMAL, "对讲正常", "intercom healthy"),
    [ARD_ACTIVE] = PLAIN("ard_active", "", VALUE_BOOL, POLL_NORMAL, "停电应急平层动作", "rescue device active"),
    [UPS_SOC] = NUMBER("ups_soc", "%", 0, 100, 1, POLL_SLOW, "应急电源电量", "emergency battery"),
    [MACHINE_TEMP] = NUMBER("machine_temp", "Cel", -20, 120, 0.5, POLL_SLOW, "机房温度", "machine room temperature"),
    [CABINET_TEMP] = NUMBER("cabinet_temp", "Cel", -20, 120, 0.5, POLL_SLOW, "控制柜温度", "cabinet temperature"),
    [VIB_X] = NUMBER("vib_x", "m/s2", -20, 20, 0.1, POLL_NORMAL, "振动 X", "vibration x"),
    [VIB_Y] = NUMBER("vib_y", "m/s2", -20, 20, 0.1, POLL_NORMAL, "振动 Y", "vibration y"),
    [VIB_Z] = NUMBER("vib_z", "m/s2", -20, 20, 0.1, POLL_NORMAL, "振动 Z", "vibration z"),
    [EBIKE_IN_CAR] = PLAIN("ebike_in_car", "", VALUE_BOOL, POLL_NORMAL, "电动车进入轿厢", "e-bike in the car"),
    [FAULT] = CODED("fault", faults, POLL_SAFETY, false, "故障", "fault"),
    [FAULT_CODE_RAW] = PLAIN("fault_code_raw", "", VALUE_TEXT, POLL_NORMAL, "原始故障代码", "controller's fault code"),
    [CODE_SYSTEM] = PLAIN("code_system", "", VALUE_TEXT, POLL_SLOW, "代码体系", "system of that code"),
    [TRAPPED_NONLEVEL] = DERIVED("trapped_nonlevel", "非平层困人", "trapped between floors"),
    [TRAPPED_LEVEL] = DERIVED("trapped_level", "平层困人", "trapped at a floor"),
    [TRAPPED_BY_BUTTON] = DERIVED("trapped_by_button", "报警按钮求救", "trapped, calls by button"),
    [TRAPPED] = DERIVED("trapped", "困人", "passenger trapped"),
    [STOP_OUTSIDE_ZONE] = DERIVED("stop_outside_zone", "开锁区域外停止", "stopped outside the door zone"),
    [MOVING_DOOR_OPEN] = DERIVED("moving_door_open", "开门走梯", "moving with open doors"),
    [BUTTON_CALL] = DERIVED("button_call", "报警按钮有效", "alarm button, not at an open door"),
    [MAINS_LOST] = DERIVED("mains_lost", "主电源中断", "mains lost"),
    [OVERLOAD_RUN] = DERIVED("overload_run", "超载运行", "running overloaded"),
};

#define SECONDS(n) ((n)*1000U)
#define LATCHED    true
#define FREE       false
#define COMMON(id_, point_, on_, off_, on_max_, priority_, latch_, code_)                                              \
    .id = (id_), .point = (point_), .limit_ceiling = NO_LIMIT, .on_delay_ms = SECONDS(on_),                            \
    .off_delay_ms = SECONDS(off_), .on_delay_max_ms = SECONDS(on_max_), .priority = (priority_), .latch = (latch_),    \
    .shelvable = (priority_) != PRIORITY_CRITICAL, .code_system = (code_) == NULL ? NULL : GB_CODES, .code = (code_)

static const struct class_alarm alarms[] = {
    {COMMON("lift.trapped", "trapped", 0, 30, 3, PRIORITY_CRITICAL, LATCHED, "11"), .kind = RULE_BIT, .limit = NO_LIMIT,
     .zh = "困人", .en = "passenger trapped"},
    {COMMON("lift.ucm", "fault", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "05"), .kind = RULE_CODE, .limit = NO_LIMIT,
     .codes = {"unintended_movement"}, .zh = "轿厢意外移动", .en = "unintended car movement"},
    {COMMON("lift.moving_door_open", "moving_door_open", 0, 10, 3, PRIORITY_CRITICAL, LATCHED, NULL), .kind = RULE_BIT,
     .limit = NO_LIMIT, .zh = "开门走梯", .en = "moving with open doors"},
    {COMMON("lift.overshoot_top", "fault", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "09"), .kind = RULE_CODE,
     .limit = NO_LIMIT, .codes = {"overshoot_top"}, .zh = "冲顶", .en = "overshoot at the top"},
    {COMMON("lift.pit_strike", "fault", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "10"), .kind = RULE_CODE,
     .limit = NO_LIMIT, .codes = {"pit_strike"}, .zh = "蹲底", .en = "pit strike"},
    {COMMON("lift.overspeed", "fault", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, NULL), .kind = RULE_CODE, .limit = NO_LIMIT,
     .codes = {"overspeed"}, .zh = "超速", .en = "overspeed"},
    {COMMON("lift.safety_circuit", "fault", 1, 10, 30, PRIORITY_HIGH, FREE, "01"), .kind = RULE_CODE, .limit = NO_LIMIT,
     .codes = {"safety_circuit_open"}, .zh = "安全回路断路", .en = "safety circuit open"},
    {COMMON("lift.stop_outside_zone", "stop_outside_zone", 0, 10, 60, PRIORITY_HIGH, FREE, "04"), .kind = RULE_BIT,
     .limit = NO_LIMIT, .zh = "开锁区域外停止", .en = "stopped outside the door zone"},
    {COMMON("lift.door", "fault", 5, 30, 300, PRIORITY_MEDIUM, FREE, NULL), .kind = RULE_CODE, .limit = NO_LIMIT,
     .codes = {"door_close_fault", "door_open_fault"}, .zh = "开关门故障", .en = "door fault"},
    {COMMON("lift.motor_limiter", "fault", 0, 10, 60, PRIORITY_HIGH, LATCHED, "06"), .kind = RULE_CODE,
     .limit = NO_LIMIT, .codes = {"motor_time_limiter"}, .zh = "电动机运转时间限制器动作",
     .en = "motor run time limiter"},
    {COMMON("lift.position_lost", "fault", 0, 10, 60, PRIORITY_HIGH, LATCHED, "07"), .kind = RULE_CODE,
     .limit = NO_LIMIT, .codes = {"position_lost"}, .zh = "楼层位置丢失", .en = "position lost"},
    {COMMON("lift.anti_rerun", "fault", 0, 10, 60, PRIORITY_HIGH, LATCHED, "08"), .kind = RULE_CODE, .limit = NO_LIMIT,
     .codes = {"anti_rerun"}, .zh = "防止再运行故障", .en = "restart prevented"},
    {COMMON("lift.alarm_button", "button_call", 3, 10, 10, PRIORITY_HIGH, FREE, NULL), .kind = RULE_BIT,
     .limit = NO_LIMIT, .zh = "轿厢报警按钮", .en = "car alarm button"},
    {COMMON("lift.power_out", "mains_lost", 5, 30, 300, PRIORITY_MEDIUM, FREE, NULL), .kind = RULE_BIT,
     .limit = NO_LIMIT, .zh = "主电源中断", .en = "mains lost"},
    {COMMON("lift.overload_run", "overload_run", 1, 5, 30, PRIORITY_HIGH, FREE, NULL), .kind = RULE_BIT,
     .limit = NO_LIMIT, .zh = "超载运行", .en = "running overloaded"},
    {COMMON("lift.ebike", "ebike_in_car", 2, 10, 60, PRIORITY_MEDIUM, FREE, NULL), .kind = RULE_BIT, .limit = NO_LIMIT,
     .zh = "电动车进入轿厢", .en = "e-bike in the car"},
    {COMMON("lift.machine_temp", "machine_temp", 60, 60, 3600, PRIORITY_LOW, FREE, NULL), .kind = RULE_HI, .limit = 50,
     .deadband = 1, .zh = "机房温度高", .en = "machine room warm"},
    {COMMON("lift.machine_temp_hh", "machine_temp", 60, 60, 3600, PRIORITY_MEDIUM, FREE, NULL), .kind = RULE_HIHI,
     .limit = 60, .deadband = 1, .zh = "机房温度过高", .en = "machine room hot"},
    {COMMON("comm.lost", NULL, 60, 10, 600, PRIORITY_MEDIUM, FREE, NULL), .kind = RULE_COMM, .limit = NO_LIMIT,
     .zh = "电梯通信中断", .en = "lift does not answer"},
};

enum hold_index { HOLD_NONLEVEL, HOLD_LEVEL, HOLD_BUTTON, HOLD_OUTSIDE_ZONE, HOLD_MOVING_DOOR_OPEN };

static bool has_motion(const struct derive *derive)
{
    return derive_has(derive, CAR_STATUS) || derive_has(derive, CAR_SPEED);
}

static enum tri moving(const struct derive *derive)
{
    const struct sample *status = &derive->samples[CAR_STATUS];
    if (derive_has(derive, CAR_STATUS) && status->quality != QUALITY_BAD)
        return tri_of(status->value.code == CAR_RUN);
    const struct sample *speed = &derive->samples[CAR_SPEED];
    if (!derive_has(derive, CAR_SPEED) || speed->quality == QUALITY_BAD)
        return TRI_UNKNOWN;
    bool ran = status->quality != QUALITY_BAD && status->value.code == CAR_RUN; /* what was derived before */
    return tri_of(fabs(speed->value.number) > (ran ? SPEED_STOP_MPS : SPEED_RUN_MPS));
}

/* A mode that is unknown, bad or not read excuses nothing. */
static bool in_mode(const struct derive *derive, enum service_mode mode)
{
    return derive_has(derive, SERVICE_MODE) && derive_is_code(derive, SERVICE_MODE, mode) == TRI_YES;
}

static enum tri trapped_nonlevel(struct derive *derive, enum tri standing)
{
    bool excused =
        in_mode(derive, MODE_INSPECTION) || in_mode(derive, MODE_FIRE_RETURN) || in_mode(derive, MODE_FIREFIGHTER);
    enum tri condition =
        tri_and(derive_bool(derive, PASSENGER_PRESENT), tri_and(standing, tri_not(derive_bool(derive, DOOR_ZONE))));
    return derive_held(derive, HOLD_NONLEVEL, excused ? TRI_NO : condition, NONLEVEL_MS);
}

static enum tri trouble(const struct derive *derive)
{
    enum tri result = TRI_NO;
    if (derive_has(derive, FAULT))
        result = tri_or(result, tri_not(derive_is_code(derive, FAULT, FAULT_NONE)));
    if (derive_has(derive, ALARM_BUTTON))
        result = tri_or(result, derive_bool(derive, ALARM_BUTTON));
    if (derive_has(derive, MAINS_OK))
        result = tri_or(result, tri_not(derive_bool(derive, MAINS_OK)));
    return result;
}

static enum tri trapped_level(struct derive *derive, enum tri standing)
{
    enum tri condition = tri_and(tri_and(derive_bool(derive, PASSENGER_PRESENT), standing),
                                 tri_and(derive_bool(derive, DOOR_ZONE), derive_bool(derive, DOOR_CLOSED)));
    return tri_and(derive_held(derive, HOLD_LEVEL, condition, LEVEL_MS), trouble(derive));
}

static enum tri trapped_by_button(struct derive *derive, enum tri standing)
{
    enum tri condition =
        tri_and(derive_bool(derive, ALARM_BUTTON), tri_and(standing, derive_bool(derive, DOOR_CLOSED)));
    return derive_held(derive, HOLD_BUTTON, condition, BUTTON_MS);
}

/* Each part that this lift has the points for, and their sum. */
static void derive_trapped(struct derive *derive, enum tri standing)
{
    bool has_car = has_motion(derive) && derive_has(derive, PASSENGER_PRESENT) && derive_has(derive, DOOR_ZONE);
    bool has_any = derive_has(derive, FAULT);
    enum tri any = has_any ? derive_is_code(derive, FAULT, FAULT_TRAPPED) : TRI_NO;
    if (has_car) {
        enum tri part = trapped_nonlevel(derive, standing);
        derive_set(derive, TRAPPED_NONLEVEL, part, DOOR_ZONE);
        any = tri_or(any, part);
    }
    if (has_car && derive_has(derive, DOOR_CLOSED)) {
        enum tri part = trapped_level(derive, standing);
        derive_set(derive, TRAPPED_LEVEL, part, DOOR_CLOSED);
        any = tri_or(any, part);
    }
    bool has_button = has_motion(derive) && derive_has(derive, ALARM_BUTTON) && derive_has(derive, DOOR_CLOSED);
    if (has_button) {
        enum tri part = trapped_by_button(derive, standing);
        derive_set(derive, TRAPPED_BY_BUTTON, part, ALARM_BUTTON);
        any = tri_or(any, part);
    }
    if (has_any || has_car || has_button)
        derive_set(derive, TRAPPED, any, has_car ? PASSENGER_PRESENT : has_button ? ALARM_BUTTON : FAULT);
}

static void derive_motion_faults(struct derive *derive, enum tri running, enum tri standing)
{
    if (has_motion(derive) && derive_has(derive, DOOR_ZONE)) {
        enum tri outside = tri_and(standing, tri_not(derive_bool(derive, DOOR_ZONE)));
        if (in_mode(derive, MODE_INSPECTION))
            outside = TRI_NO;
        derive_set(derive, STOP_OUTSIDE_ZONE, derive_held(derive, HOLD_OUTSIDE_ZONE, outside, OUTSIDE_ZONE_MS),
                   DOOR_ZONE);
    }
    if (has_motion(derive) && derive_has(derive, DOOR_ZONE) && derive_has(derive, DOOR_CLOSED)) {
        enum tri open_run = tri_and(
            running, tri_and(tri_not(derive_bool(derive, DOOR_CLOSED)), tri_not(derive_bool(derive, DOOR_ZONE))));
        derive_set(derive, MOVING_DOOR_OPEN, derive_held(derive, HOLD_MOVING_DOOR_OPEN, open_run, MOVING_DOOR_OPEN_MS),
                   DOOR_CLOSED);
    }
    if (has_motion(derive) && derive_has(derive, CAR_LOAD_PCT)) {
        const struct sample *load = &derive->samples[CAR_LOAD_PCT];
        enum tri heavy = load->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(load->value.number > OVERLOAD_PCT);
        derive_set(derive, OVERLOAD_RUN, tri_and(running, heavy), CAR_LOAD_PCT);
    }
}

/* The button of somebody who stands at an open door at a floor is play, not a call. */
static void derive_calls(struct derive *derive)
{
    if (derive_has(derive, ALARM_BUTTON)) {
        bool at_open_door = derive_has(derive, DOOR_CLOSED) && derive_has(derive, DOOR_ZONE) &&
                            derive_bool(derive, DOOR_CLOSED) == TRI_NO && derive_bool(derive, DOOR_ZONE) == TRI_YES;
        enum tri call = at_open_door ? TRI_NO : derive_bool(derive, ALARM_BUTTON);
        derive_set(derive, BUTTON_CALL, call, ALARM_BUTTON);
    }
    if (derive_has(derive, MAINS_OK))
        derive_set(derive, MAINS_LOST, tri_not(derive_bool(derive, MAINS_OK)), MAINS_OK);
}

static void derive_car_status(struct derive *derive, enum tri running)
{
    if (derive_has(derive, CAR_STATUS) || !derive_has(derive, CAR_SPEED))
        return;
    derive_set(derive, CAR_STATUS, running, CAR_SPEED);
    if (running != TRI_UNKNOWN)
        derive->samples[CAR_STATUS].value = (union value){.code = running == TRI_YES ? CAR_RUN : CAR_STOP};
}

void lift_derive(struct derive *derive)
{
    CHECK(derive->sample_count == POINT_COUNT);
    derive->ret_next_mono_ms = INT64_MAX;
    enum tri running = moving(derive);
    enum tri standing = tri_not(running);
    derive_car_status(derive, running);
    derive_trapped(derive, standing);
    derive_motion_faults(derive, running, standing);
    derive_calls(derive);
}

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
};
