#include "drivers/device/escalator.h"

#include <math.h>

#include "drivers/device/derive.h"
#include "drivers/device/rows.h"

#define HANDRAIL_MOVES_MPS 0.1 /* slower than any crawl speed: below it a percentage says nothing */

#define GB24476 "GB/T 24476-2017"
#define GB38656 "GB/T 38656-2020"

enum mode { MODE_STOPPED, MODE_NORMAL, MODE_INSPECTION, MODE_UNKNOWN }; /* not the lift's */
static const struct code service_modes[] = {
    [MODE_STOPPED] = {"stopped", "停止服务", "out of service"},
    [MODE_NORMAL] = {"normal", "正常运行", "normal"},
    [MODE_INSPECTION] = {"inspection", "检修", "inspection"},
    [MODE_UNKNOWN] = {"unknown", "未知", "unknown"},
};

enum run_status { RUN_STOP, RUN_RUN };
static const struct code run_statuses[] = {
    [RUN_STOP] = {"stop", "停止", "standing"}, [RUN_RUN] = {"run", "运行", "running"}};

static const struct code run_directions[] = {{"none", "无", "none"}, {"up", "上行", "up"}, {"down", "下行", "down"}};

enum fault {
    FAULT_NONE,
    FAULT_SAFETY_CIRCUIT,
    FAULT_OVERSPEED,
    FAULT_REVERSAL,
    FAULT_STEP_MISSING,
    FAULT_RESTART_PREVENTED,
    FAULT_OTHER
};
static const struct code faults[] = {
    [FAULT_NONE] = {"none", "无故障", "none"},
    [FAULT_SAFETY_CIRCUIT] = {"safety_circuit_open", "安全回路断路", "safety circuit open"},
    [FAULT_OVERSPEED] = {"overspeed", "超速", "overspeed"},
    [FAULT_REVERSAL] = {"reversal", "非操纵逆转", "unintended reversal"},
    [FAULT_STEP_MISSING] = {"step_missing", "梯级或踏板缺失", "step or pallet missing"},
    [FAULT_RESTART_PREVENTED] = {"restart_prevented", "防止再启动", "restart prevented"},
    [FAULT_OTHER] = {"other", "其他故障", "other"},
};

enum point {
    SERVICE_MODE,
    RUN_STATUS,
    RUN_DIRECTION,
    STEP_SPEED,
    HANDRAIL_SPEED_L,
    HANDRAIL_SPEED_R,
    MOTOR_TEMP,
    BRAKE_WEAR,
    RUN_HOURS,
    START_COUNT,
    EMERGENCY_STOP,
    COMB_PLATE_OK,
    FLOOR_PLATE_OPEN,
    FAULT,
    BIT_SAFETY_CIRCUIT, /* in the order of the faults */
    BIT_OVERSPEED,
    BIT_REVERSAL,
    BIT_STEP_MISSING,
    BIT_RESTART_PREVENTED,
    BIT_OTHER,
    OVERSPEED,
    HANDRAIL_DEVIATION,
    COMB_PLATE_FAULT,
    FLOOR_OPEN_RUN,
    IN_SERVICE,
    POINT_COUNT
};

#define FAULT_BIT(id_, zh_, en_) POINT_BOOL(id_, POLL_SAFETY, zh_, en_), DERIVED("fault"), .readable = true
#define VERDICT(id_, zh_, en_)   POINT_BOOL(id_, POLL_SAFETY, zh_, en_)

static const struct class_point points[POINT_COUNT] = {
    [SERVICE_MODE] = {POINT_CODED("service_mode", service_modes, POLL_SAFETY, "服务模式", "service mode")},
    [RUN_STATUS] = {POINT_CODED("run_status", run_statuses, POLL_SAFETY, "运行状态", "running"), .use = USE_SHOWS},
    [RUN_DIRECTION] = {POINT_CODED("run_direction", run_directions, POLL_NORMAL, "运行方向", "direction")},
    [STEP_SPEED] = {POINT_NUMBER("step_speed", "m/s", -3, 3, 0.02, POLL_SAFETY, "梯级速度", "speed of the steps")},
    [HANDRAIL_SPEED_L] = {POINT_NUMBER("handrail_speed_l", "m/s", -3, 3, 0.02, POLL_NORMAL, "左扶手带速度",
                                       "speed of the left handrail")},
    [HANDRAIL_SPEED_R] = {POINT_NUMBER("handrail_speed_r", "m/s", -3, 3, 0.02, POLL_NORMAL, "右扶手带速度",
                                       "speed of the right handrail")},
    [MOTOR_TEMP] = {POINT_NUMBER("motor_temp", "Cel", -20, 200, 0.5, POLL_SLOW, "电动机温度", "motor temperature")},
    [BRAKE_WEAR] = {POINT_BOOL("brake_wear", POLL_NORMAL, "制动衬磨损", "brake lining worn")},
    [RUN_HOURS] = {POINT_NUMBER("run_hours", "h", 0, NO_LIMIT, 0, POLL_SLOW, "累计运行时间", "running time"),
                   .use = USE_COUNTS},
    [START_COUNT] = {POINT_WHOLE("start_count", "{count}", POLL_SLOW, "累计启动次数", "number of starts"),
                     .use = USE_COUNTS},
    [EMERGENCY_STOP] = {POINT_BOOL("emergency_stop", POLL_SAFETY, "急停动作", "emergency stop pressed")},
    [COMB_PLATE_OK] = {POINT_BOOL("comb_plate_ok", POLL_SAFETY, "梳齿板正常", "comb plate in place")},
    [FLOOR_PLATE_OPEN] = {POINT_BOOL("floor_plate_open", POLL_SAFETY, "盖板打开", "floor plate open")},
    [FAULT] = {POINT_CODED("fault", faults, POLL_SAFETY, "故障", "fault")},
    [BIT_SAFETY_CIRCUIT] = {FAULT_BIT("fault_safety_circuit", "安全回路断路", "safety circuit open")},
    [BIT_OVERSPEED] = {FAULT_BIT("fault_overspeed", "超速（控制器）", "overspeed, by the controller")},
    [BIT_REVERSAL] = {FAULT_BIT("fault_reversal", "非操纵逆转", "unintended reversal")},
    [BIT_STEP_MISSING] = {FAULT_BIT("fault_step_missing", "梯级或踏板缺失", "step or pallet missing")},
    [BIT_RESTART_PREVENTED] = {FAULT_BIT("fault_restart_prevented", "防止再启动", "restart prevented")},
    [BIT_OTHER] = {FAULT_BIT("fault_other", "其他故障", "other fault")},
    [OVERSPEED] = {VERDICT("overspeed", "超速", "overspeed"),
                   DERIVED("step_speed|fault_overspeed rated_speed|fault_overspeed")},
    [HANDRAIL_DEVIATION] = {VERDICT("handrail_deviation", "扶手带速度偏离", "handrail not as fast as the steps"),
                            DERIVED("step_speed handrail_speed_l|handrail_speed_r")},
    [COMB_PLATE_FAULT] = {VERDICT("comb_plate_fault", "梳齿板异常", "comb plate out of place"),
                          DERIVED("comb_plate_ok")},
    [FLOOR_OPEN_RUN] = {VERDICT("floor_open_run", "盖板打开运行", "running with an open floor plate"),
                        DERIVED("floor_plate_open run_status|step_speed")},
    [IN_SERVICE] = {VERDICT("in_service", "非检修状态", "not under inspection"), DERIVED("service_mode")},
};

#define GB(code_)         .code_system = GB38656, .code = (code_)
#define OUT_OF_INSPECTION .when = "in_service"

static const struct class_alarm alarms[] = {
    {ALARM_BIT("escalator.reversal", "fault_reversal", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "非操纵逆转",
               "unintended reversal"),
     GB("63")},
    {ALARM_BIT("escalator.overspeed", "overspeed", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "超速", "overspeed"), GB("62")},
    {ALARM_BIT("escalator.step_missing", "fault_step_missing", 0, 0, 3, PRIORITY_CRITICAL, LATCHED, "梯级或踏板缺失",
               "step or pallet missing"),
     GB("64")},
    {ALARM_BIT("escalator.floor_open_run", "floor_open_run", 0, 10, 3, PRIORITY_CRITICAL, LATCHED, "盖板打开运行",
               "running with an open floor plate"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("escalator.safety_circuit", "fault_safety_circuit", 1, 10, 30, PRIORITY_HIGH, FREE, "安全回路断路",
               "safety circuit open"),
     GB("61"), OUT_OF_INSPECTION},
    {ALARM_BIT("escalator.emergency_stop", "emergency_stop", 0, 10, 10, PRIORITY_HIGH, FREE, "急停动作",
               "emergency stop pressed"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("escalator.comb_plate", "comb_plate_fault", 0, 10, 10, PRIORITY_HIGH, FREE, "梳齿板异常",
               "comb plate out of place"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("escalator.floor_plate", "floor_plate_open", 1, 10, 30, PRIORITY_HIGH, FREE, "盖板打开",
               "floor plate open"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("escalator.restart_prevented", "fault_restart_prevented", 0, 10, 60, PRIORITY_HIGH, LATCHED,
               "防止再启动", "restart prevented"),
     GB("65"), OUT_OF_INSPECTION},
    {ALARM_BIT("escalator.handrail_deviation", "handrail_deviation", 0, 30, 60, PRIORITY_MEDIUM, FREE, "扶手带速度偏离",
               "handrail not as fast as the steps"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("escalator.brake_wear", "brake_wear", 5, 30, 300, PRIORITY_MEDIUM, FREE, "制动衬磨损",
               "brake lining worn"),
     OUT_OF_INSPECTION},
    {ALARM_BIT("escalator.other_fault", "fault_other", 5, 30, 300, PRIORITY_MEDIUM, FREE, "其他故障", "other fault"),
     OUT_OF_INSPECTION},
    {ALARM_LIMIT("escalator.motor_temp", "motor_temp", RULE_HI, 100, NO_LIMIT, 2, 60, 60, 3600, PRIORITY_MEDIUM, FREE,
                 "电动机温度高", "motor hot"),
     OUT_OF_INSPECTION},
    {ALARM_COMM(60, 10, 600, PRIORITY_MEDIUM, "扶梯或人行道通信中断", "escalator or moving walk does not answer")},
};

enum setting { RATED_SPEED, OVERSPEED_PCT, HANDRAIL_DEVIATION_PCT, HANDRAIL_DEVIATION_S, SETTING_COUNT };

static const struct class_setting settings[SETTING_COUNT] = {
    [RATED_SPEED] = {SETTING_NUMBER("rated_speed", "m/s", 0.1, 1.5, NO_LIMIT, "名义速度", "rated speed")},
    [OVERSPEED_PCT] = {SETTING_NUMBER("overspeed_pct", "%", 105, 140, 120, "超速判定比例",
                                      "overspeed, of the rated speed")},
    [HANDRAIL_DEVIATION_PCT] = {SETTING_NUMBER("handrail_deviation_pct", "%", 2, 50, 15, "扶手带速度允许偏离",
                                               "deviation of a handrail")},
    [HANDRAIL_DEVIATION_S] = {SETTING_NUMBER("handrail_deviation_s", "s", 5, 120, 15, "扶手带偏离判定时间",
                                             "deviation of a handrail after")},
};

static const struct dialect_code gb24476_faults[] = {{0, "0", "none"},           {61, "61", "safety_circuit_open"},
                                                     {62, "62", "overspeed"},    {63, "63", "reversal"},
                                                     {64, "64", "step_missing"}, {65, "65", "restart_prevented"}};
static const struct dialect_code gb38656_faults[] = {{61, "61", "safety_circuit_open"},
                                                     {62, "62", "overspeed"},
                                                     {63, "63", "reversal"},
                                                     {64, "64", "step_missing"},
                                                     {65, "65", "restart_prevented"}};
static const struct dialect_code gb_modes[] = {
    {0, "0", "stopped"}, {1, "1", "normal"}, {2, "2", "inspection"}, {3, "3", "unknown"}};
static const struct dialect_code gb_statuses[] = {{0, "0", "stop"}, {1, "1", "run"}};
static const struct dialect_code gb_directions[] = {{0, "0", "none"}, {1, "1", "up"}, {2, "2", "down"}};

static const struct class_dialect dialects[] = {
    {DIALECT(GB24476, "fault", gb24476_faults)},        {DIALECT(GB38656, "fault", gb38656_faults)},
    {DIALECT(GB24476, "service_mode", gb_modes)},       {DIALECT(GB38656, "service_mode", gb_modes)},
    {DIALECT(GB24476, "run_status", gb_statuses)},      {DIALECT(GB38656, "run_status", gb_statuses)},
    {DIALECT(GB24476, "run_direction", gb_directions)}, {DIALECT(GB38656, "run_direction", gb_directions)},
};

enum hold_index { HOLD_HANDRAIL };

static bool has_value(const struct derive *derive, size_t point)
{
    return derive->samples[point].quality != QUALITY_BAD;
}

static double speed(const struct derive *derive, enum point point)
{
    return fabs(derive->samples[point].value.number);
}

static void derive_bits(struct derive *derive)
{
    for (size_t i = BIT_SAFETY_CIRCUIT; i <= BIT_OTHER; i++)
        if (derive_owes(derive, i))
            derive_set(derive, i,
                       derive_is_code(derive, FAULT, (uint32_t)(FAULT_SAFETY_CIRCUIT + i - BIT_SAFETY_CIRCUIT)), FAULT);
}

static void derive_overspeed(struct derive *derive)
{
    if (!derive_owes(derive, OVERSPEED))
        return;
    enum tri result = TRI_NO;
    if (derive_knows(derive, BIT_OVERSPEED))
        result = derive_bool(derive, BIT_OVERSPEED);
    if (derive_knows(derive, STEP_SPEED) && derive->settings[RATED_SPEED] > NO_LIMIT) {
        double const limit = derive->settings[RATED_SPEED] * derive->settings[OVERSPEED_PCT] / 100;
        result =
            tri_or(result, has_value(derive, STEP_SPEED) ? tri_of(speed(derive, STEP_SPEED) > limit) : TRI_UNKNOWN);
    }
    derive_set(derive, OVERSPEED, result, STEP_SPEED);
}

static enum tri deviates(const struct derive *derive, enum point handrail)
{
    if (!derive_knows(derive, handrail))
        return TRI_NO;
    if (!has_value(derive, STEP_SPEED))
        return TRI_UNKNOWN;
    double const steps = speed(derive, STEP_SPEED);
    if (steps < HANDRAIL_MOVES_MPS)
        return TRI_NO;
    if (!has_value(derive, handrail))
        return TRI_UNKNOWN;
    return tri_of(fabs(speed(derive, handrail) - steps) * 100 >= steps * derive->settings[HANDRAIL_DEVIATION_PCT]);
}

static void derive_handrail(struct derive *derive)
{
    if (!derive_owes(derive, HANDRAIL_DEVIATION))
        return;
    enum tri condition = tri_or(deviates(derive, HANDRAIL_SPEED_L), deviates(derive, HANDRAIL_SPEED_R));
    size_t const cause = !has_value(derive, STEP_SPEED) ? STEP_SPEED
                         : derive_knows(derive, HANDRAIL_SPEED_L) && !has_value(derive, HANDRAIL_SPEED_L)
                             ? HANDRAIL_SPEED_L
                             : HANDRAIL_SPEED_R;
    int64_t const for_ms = (int64_t)(derive->settings[HANDRAIL_DEVIATION_S] * 1000 + 0.5);
    derive_set(derive, HANDRAIL_DEVIATION, derive_held(derive, HOLD_HANDRAIL, condition, for_ms), cause);
}

/* The controller's word, else whether the steps move. */
static enum tri running(const struct derive *derive)
{
    if (derive_knows(derive, RUN_STATUS) && has_value(derive, RUN_STATUS))
        return derive_is_code(derive, RUN_STATUS, RUN_RUN);
    return has_value(derive, STEP_SPEED) ? tri_of(speed(derive, STEP_SPEED) >= HANDRAIL_MOVES_MPS) : TRI_UNKNOWN;
}

static void derive_all(struct derive *derive)
{
    CHECK(derive->sample_count == POINT_COUNT);
    derive->ret_next_mono_ms = INT64_MAX;
    derive_bits(derive);
    derive_overspeed(derive);
    derive_handrail(derive);
    if (derive_owes(derive, COMB_PLATE_FAULT))
        derive_set(derive, COMB_PLATE_FAULT, tri_not(derive_bool(derive, COMB_PLATE_OK)), COMB_PLATE_OK);
    if (derive_owes(derive, FLOOR_OPEN_RUN))
        derive_set(derive, FLOOR_OPEN_RUN, tri_and(derive_bool(derive, FLOOR_PLATE_OPEN), running(derive)),
                   FLOOR_PLATE_OPEN);
    if (derive_owes(derive, IN_SERVICE))
        derive_set(derive, IN_SERVICE, tri_not(derive_is_code(derive, SERVICE_MODE, MODE_INSPECTION)), SERVICE_MODE);
}

#define CLASS(id_, zh_, en_)                                                                                           \
    {                                                                                                                  \
        .id = (id_), .zh = (zh_), .en = (en_), .points = points, .point_count = ARRAY_SIZE(points), .alarms = alarms,  \
        .alarm_count = ARRAY_SIZE(alarms), .never_written = true, .derive = derive_all, .settings = settings,          \
        .setting_count = ARRAY_SIZE(settings), .dialects = dialects, .dialect_count = ARRAY_SIZE(dialects)             \
    }

const struct device_class escalator_class = CLASS("escalator", "自动扶梯", "escalator");
const struct device_class moving_walk_class = CLASS("moving_walk", "自动人行道", "moving walk");
