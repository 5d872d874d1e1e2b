/* gas_detector: points, derived points and default alarms of combustible-gas detectors.
 *
 * Limits: GB/T 50493-2019 (A1 at most 25 %LEL, A2 at most 50 %LEL) and GB 15322. The device's own alarm bits are judged
 * beside the gateway's limits and get no delay of ours. The raw ids follow what detectors offer in their registers. */
#include "drivers/device/gas_detector.h"

#include "drivers/device/derive.h"
#include "gateway/base/check.h"

#define OVER_RANGE_LEL_PCT  100.0 /* above it a catalytic bead may read low again (EN 60079-29-1): latched */
#define UNDER_RANGE_LEL_PCT (-5.0)

enum mode { MODE_NORMAL, MODE_WARMUP, MODE_INHIBIT, MODE_CALIBRATION, MODE_SELFTEST, MODE_FAULT };

static const struct code modes[] = {
    [MODE_NORMAL] = {"normal", "正常", "normal"},        [MODE_WARMUP] = {"warmup", "预热", "warming up"},
    [MODE_INHIBIT] = {"inhibit", "抑制", "inhibited"},   [MODE_CALIBRATION] = {"calibration", "标定", "calibration"},
    [MODE_SELFTEST] = {"selftest", "自检", "self-test"}, [MODE_FAULT] = {"fault", "故障", "fault"},
};

/* One-of-many status words, as the common Chinese modules give them. */
enum status {
    STATUS_NORMAL,
    STATUS_WARMUP,
    STATUS_DATA_ERROR,
    STATUS_SENSOR_FAULT,
    STATUS_PRE_ALARM,
    STATUS_LOW_ALARM,
    STATUS_HIGH_ALARM,
    STATUS_ACCESS_FAULT,
    STATUS_OVER_RANGE,
    STATUS_NEEDS_CALIBRATION,
    STATUS_TIMEOUT,
    STATUS_STEL,
    STATUS_TWA,
    STATUS_COMM_FAULT
};

static const struct code statuses[] = {
    [STATUS_NORMAL] = {"normal", "正常", "normal"},
    [STATUS_WARMUP] = {"warmup", "预热", "warming up"},
    [STATUS_DATA_ERROR] = {"data_error", "数据错误", "data error"},
    [STATUS_SENSOR_FAULT] = {"sensor_fault", "传感器故障", "sensor fault"},
    [STATUS_PRE_ALARM] = {"pre_alarm", "预报警", "pre-alarm"},
    [STATUS_LOW_ALARM] = {"low_alarm", "低报", "low alarm"},
    [STATUS_HIGH_ALARM] = {"high_alarm", "高报", "high alarm"},
    [STATUS_ACCESS_FAULT] = {"access_fault", "接入故障", "access fault"},
    [STATUS_OVER_RANGE] = {"over_range", "超量程", "over range"},
    [STATUS_NEEDS_CALIBRATION] = {"needs_calibration", "需标定", "needs calibration"},
    [STATUS_TIMEOUT] = {"timeout", "超时", "timeout"},
    [STATUS_STEL] = {"stel", "短时接触限值", "short-term exposure limit"},
    [STATUS_TWA] = {"twa", "时间加权平均限值", "time-weighted average"},
    [STATUS_COMM_FAULT] = {"comm_fault", "通信故障", "communication fault"},
};

static const struct code valve_states[] = {
    {"open", "开", "open"},
    {"closed", "关", "closed"},
    {"moving", "动作中", "moving"},
    {"unknown", "未知", "unknown"},
};

enum point {
    GAS_LEL_PCT,
    GAS_VOL_PCT,
    GAS_PPM,
    GAS_MGM3,
    ALARM1_DEV,
    ALARM2_DEV,
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
    GAS_CODE,
    LEL_VOL_PCT,
    SP_ALARM1_DEV,
    SP_ALARM2_DEV,
    RANGE_FULL_SCALE,
    DETECTOR_TEMP,
    AMBIENT_TEMP,
    HUMIDITY,
    SUPPLY_VOLTAGE,
    CAL_DUE_DAYS,
    CAL_INTERVAL_DAYS,
    RELAY_BITS,
    VALVE_STATE,
    FAN_RUNNING,
    GAS_OVER_RANGE,
    GAS_FAULT,
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
#define CODED(name, list, poll_, zh_, en_)                                                                             \
    {                                                                                                                  \
        .id = (name), .unit = "", .type = VALUE_ENUM, .codes = (list), .code_count = ARRAY_SIZE(list),                 \
        .minimum = NO_LIMIT, .maximum = NO_LIMIT, .poll = (poll_), .zh = (zh_), .en = (en_)                            \
    }
#define DERIVED(name, zh_, en_)                                                                                        \
    {                                                                                                                  \
        .id = (name), .unit = "", .type = VALUE_BOOL, .minimum = NO_LIMIT, .maximum = NO_LIMIT, .poll = POLL_SAFETY,   \
        .derived = true, .zh = (zh_), .en = (en_)                                                                      \
    }

static const struct class_point points[POINT_COUNT] = {
    [GAS_LEL_PCT] = NUMBER("gas_lel_pct", "%{LEL}", -10, 110, 0.5, POLL_SAFETY, "可燃气体浓度", "gas, % of LEL"),
    [GAS_VOL_PCT] = NUMBER("gas_vol_pct", "%{vol}", -10, 110, 0.1, POLL_SAFETY, "气体体积浓度", "gas, % by volume"),
    [GAS_PPM] = NUMBER("gas_ppm", "[ppm]", -1000, 1e6, 1, POLL_SAFETY, "气体浓度 ppm", "gas, ppm"),
    [GAS_MGM3] = NUMBER("gas_mgm3", "mg/m3", -1000, 1e7, 1, POLL_SAFETY, "气体质量浓度", "gas, mg/m3"),
    [ALARM1_DEV] = PLAIN("alarm1_dev", "", VALUE_BOOL, POLL_SAFETY, "探测器一级报警", "detector's own alarm 1"),
    [ALARM2_DEV] = PLAIN("alarm2_dev", "", VALUE_BOOL, POLL_SAFETY, "探测器二级报警", "detector's own alarm 2"),
    [FAULT_CODE] = PLAIN("fault_code", "", VALUE_INT, POLL_SAFETY, "故障代码", "fault code, 0 none"),
    [FAULT_DEV] = PLAIN("fault_dev", "", VALUE_BOOL, POLL_SAFETY, "探测器故障", "detector's own fault bit"),
    [WARNING_DEV] = PLAIN("warning_dev", "", VALUE_BOOL, POLL_NORMAL, "探测器警告", "detector's own warning bit"),
    [DETECTOR_MODE] = CODED("detector_mode", modes, POLL_SAFETY, "探测器工作模式", "detector mode"),
    [DETECTOR_STATUS] = CODED("detector_status", statuses, POLL_SAFETY, "探测器状态", "detector status"),
    [OVER_RANGE] =
        PLAIN("over_range", "", VALUE_BOOL, POLL_SAFETY, "超量程（探测器）", "detector's own over-range bit"),
    [UNDER_RANGE] = PLAIN("under_range", "", VALUE_BOOL, POLL_SAFETY, "欠量程（探测器）", "detector's under-range bit"),
    [HEARTBEAT] = PLAIN("heartbeat", "", VALUE_INT, POLL_NORMAL, "心跳计数", "heartbeat counter"),
    [GAS_PEAK] = NUMBER("gas_peak", "%{LEL}", NO_LIMIT, NO_LIMIT, 0.5, POLL_SLOW, "浓度峰值", "highest reading"),
    [GAS_NAME] = PLAIN("gas_name", "", VALUE_TEXT, POLL_SLOW, "气体名称", "gas name"),
    [GAS_CODE] = PLAIN("gas_code", "", VALUE_INT, POLL_SLOW, "气体代码", "gas code"),
    [LEL_VOL_PCT] =
        NUMBER("lel_vol_pct", "%{vol}", 0, 100, 0, POLL_SLOW, "爆炸下限体积浓度", "100 %LEL in % by volume"),
    [SP_ALARM1_DEV] = NUMBER("sp_alarm1_dev", "%{LEL}", NO_LIMIT, NO_LIMIT, 0, POLL_SLOW, "探测器一级设定值",
                             "detector's own alarm 1 setpoint"),
    [SP_ALARM2_DEV] = NUMBER("sp_alarm2_dev", "%{LEL}", NO_LIMIT, NO_LIMIT, 0, POLL_SLOW, "探测器二级设定值",
                             "detector's own alarm 2 setpoint"),
    [RANGE_FULL_SCALE] = NUMBER("range_full_scale", "%{LEL}", NO_LIMIT, NO_LIMIT, 0, POLL_SLOW, "满量程", "full scale"),
    [DETECTOR_TEMP] = NUMBER("detector_temp", "Cel", -40, 85, 0.5, POLL_SLOW, "探测器温度", "detector temperature"),
    [AMBIENT_TEMP] = NUMBER("ambient_temp", "Cel", -50, 100, 0.5, POLL_SLOW, "环境温度", "ambient temperature"),
    [HUMIDITY] = NUMBER("humidity", "%", 0, 105, 1, POLL_SLOW, "环境湿度", "relative humidity"),
    [SUPPLY_VOLTAGE] = NUMBER("supply_voltage", "V", 0, 60, 0.2, POLL_SLOW, "供电电压", "supply voltage"),
    [CAL_DUE_DAYS] =
        NUMBER("cal_due_days", "d", -36500, 36500, 0.5, POLL_SLOW, "距标定到期天数", "days to calibration"),
    [CAL_INTERVAL_DAYS] = PLAIN("cal_interval_days", "d", VALUE_INT, POLL_SLOW, "标定周期", "calibration interval"),
    [RELAY_BITS] = PLAIN("relay_bits", "", VALUE_INT, POLL_NORMAL, "探测器继电器状态", "detector's relays, a bit each"),
    [VALVE_STATE] = CODED("valve_state", valve_states, POLL_SAFETY, "切断阀状态", "shut-off valve"),
    [FAN_RUNNING] = PLAIN("fan_running", "", VALUE_BOOL, POLL_NORMAL, "风机运行", "fan running"),
    [GAS_OVER_RANGE] = DERIVED("gas_over_range", "浓度超量程", "gas over range"),
    [GAS_FAULT] = DERIVED("gas_fault", "探测失效", "detector cannot be trusted"),
};

#define SECONDS(n) ((n)*1000U)

static const struct class_alarm alarms[] = {
    {.id = "gas.low",
     .point = "gas_lel_pct",
     .kind = RULE_HI,
     .limit = 20,
     .limit_ceiling = 25, /* GB/T 50493-2019 */
     .deadband = 2,
     .on_delay_ms = SECONDS(3),
     .off_delay_ms = SECONDS(10),
     .on_delay_max_ms = SECONDS(60), /* dwellings, GB 15322.2 */
     .priority = PRIORITY_HIGH,
     .shelvable = true,
     .zh = "燃气浓度低限报警",
     .en = "gas, low alarm (A1)"},
    {.id = "gas.high",
     .point = "gas_lel_pct",
     .kind = RULE_HIHI,
     .limit = 40,
     .limit_ceiling = 50, /* GB/T 50493-2019 */
     .deadband = 3,
     .on_delay_ms = 0,
     .off_delay_ms = SECONDS(10),
     .on_delay_max_ms = SECONDS(3),
     .priority = PRIORITY_CRITICAL,
     .latch = true,
     .zh = "燃气浓度高限报警",
     .en = "gas, high alarm (A2)"},
    {.id = "gas.over_range",
     .point = "gas_over_range",
     .kind = RULE_BIT,
     .limit = NO_LIMIT,
     .limit_ceiling = NO_LIMIT,
     .off_delay_ms = SECONDS(10),
     .on_delay_max_ms = SECONDS(3),
     .priority = PRIORITY_CRITICAL,
     .latch = true,
     .zh = "燃气浓度超量程",
     .en = "gas over range",
     .role = ROLE_OVER_RANGE},
    {.id = "gas.dev_a1",
     .point = "alarm1_dev",
     .kind = RULE_BIT,
     .limit = NO_LIMIT,
     .limit_ceiling = NO_LIMIT,
     .off_delay_ms = SECONDS(10),
     .on_delay_max_ms = SECONDS(3),
     .priority = PRIORITY_HIGH,
     .shelvable = true,
     .zh = "探测器自身一级报警",
     .en = "detector's own alarm 1"},
    {.id = "gas.dev_a2",
     .point = "alarm2_dev",
     .kind = RULE_BIT,
     .limit = NO_LIMIT,
     .limit_ceiling = NO_LIMIT,
     .off_delay_ms = SECONDS(10),
     .on_delay_max_ms = SECONDS(3),
     .priority = PRIORITY_CRITICAL,
     .latch = true,
     .zh = "探测器自身二级报警",
     .en = "detector's own alarm 2"},
    {.id = "gas.dev_low",
     .point = "detector_status",
     .kind = RULE_CODE,
     .limit = NO_LIMIT,
     .limit_ceiling = NO_LIMIT,
     .off_delay_ms = SECONDS(10),
     .on_delay_max_ms = SECONDS(3),
     .priority = PRIORITY_HIGH,
     .shelvable = true,
     .codes = {"low_alarm", "twa"},
     .zh = "探测器状态：低报",
     .en = "detector reports its low alarm"},
    {.id = "gas.dev_high",
     .point = "detector_status",
     .kind = RULE_CODE,
     .limit = NO_LIMIT,
     .limit_ceiling = NO_LIMIT,
     .off_delay_ms = SECONDS(10),
     .on_delay_max_ms = SECONDS(3),
     .priority = PRIORITY_CRITICAL,
     .latch = true,
     .codes = {"high_alarm", "stel"},
     .zh = "探测器状态：高报",
     .en = "detector reports its high alarm"},
    {.id = "gas.fault",
     .point = "gas_fault",
     .kind = RULE_BIT,
     .limit = NO_LIMIT,
     .limit_ceiling = NO_LIMIT,
     .on_delay_ms = SECONDS(5),
     .off_delay_ms = SECONDS(10),
     .on_delay_max_ms = SECONDS(60), /* a fault is shown within 100 s, GB 16808 */
     .priority = PRIORITY_MEDIUM,
     .shelvable = true,
     .zh = "探测器故障",
     .en = "detector fault",
     .role = ROLE_FAULT},
    {.id = "gas.cal_due",
     .point = "cal_due_days",
     .kind = RULE_LO,
     .limit = 30,
     .limit_ceiling = NO_LIMIT,
     .deadband = 1,
     .on_delay_ms = SECONDS(60),
     .off_delay_ms = SECONDS(60),
     .on_delay_max_ms = SECONDS(86400),
     .priority = PRIORITY_LOW,
     .shelvable = true,
     .zh = "标定即将到期",
     .en = "calibration due soon"},
    {.id = "gas.cal_due_ll",
     .point = "cal_due_days",
     .kind = RULE_LOLO,
     .limit = 0,
     .limit_ceiling = NO_LIMIT,
     .deadband = 1,
     .on_delay_ms = SECONDS(60),
     .off_delay_ms = SECONDS(60),
     .on_delay_max_ms = SECONDS(86400),
     .priority = PRIORITY_MEDIUM,
     .shelvable = true,
     .zh = "标定已过期",
     .en = "calibration overdue"},
    {.id = "comm.lost",
     .point = NULL,
     .kind = RULE_COMM,
     .limit = NO_LIMIT,
     .limit_ceiling = NO_LIMIT,
     .on_delay_ms = SECONDS(30),
     .off_delay_ms = SECONDS(5),
     .on_delay_max_ms = SECONDS(90), /* with detection, within the 100 s of GB 16808 */
     .priority = PRIORITY_HIGH,
     .shelvable = true,
     .zh = "探测器通信中断",
     .en = "detector does not answer"},
};

/* How far a gas value left its range: above is gas, below is a broken detector. */
enum side { SIDE_NONE, SIDE_ABOVE, SIDE_BELOW };

static enum side implausible_side(const struct sample *sample)
{
    if (sample->quality != QUALITY_BAD || sample->reason != REASON_IMPLAUSIBLE)
        return SIDE_NONE;
    return sample->value.number > 0 ? SIDE_ABOVE : SIDE_BELOW;
}

static enum tri lel_above(const struct derive *derive)
{
    const struct sample *lel = &derive->samples[GAS_LEL_PCT];
    if (implausible_side(lel) != SIDE_NONE)
        return tri_of(implausible_side(lel) == SIDE_ABOVE);
    return lel->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(lel->value.number > OVER_RANGE_LEL_PCT);
}

static enum tri lel_below(const struct derive *derive)
{
    const struct sample *lel = &derive->samples[GAS_LEL_PCT];
    if (implausible_side(lel) != SIDE_NONE)
        return tri_of(implausible_side(lel) == SIDE_BELOW);
    return lel->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(lel->value.number < UNDER_RANGE_LEL_PCT);
}

static enum tri over_range(const struct derive *derive)
{
    enum tri result = TRI_NO;
    if (derive_has(derive, OVER_RANGE))
        result = tri_or(result, derive_bool(derive, OVER_RANGE));
    if (derive_has(derive, DETECTOR_STATUS))
        result = tri_or(result, derive_is_code(derive, DETECTOR_STATUS, STATUS_OVER_RANGE));
    if (derive_has(derive, GAS_LEL_PCT))
        result = tri_or(result, lel_above(derive));
    return result;
}

/* A code next to a lone warning bit is a warning, not a fault. */
static enum tri fault_by_code(const struct derive *derive)
{
    const struct sample *code = &derive->samples[FAULT_CODE];
    enum tri coded = code->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(code->value.integer != 0);
    enum tri only_warned = TRI_NO;
    if (derive_has(derive, WARNING_DEV) && derive_has(derive, FAULT_DEV))
        only_warned = tri_and(derive_bool(derive, WARNING_DEV), tri_not(derive_bool(derive, FAULT_DEV)));
    return tri_and(coded, tri_not(only_warned));
}

static enum tri fault_by_status(const struct derive *derive)
{
    static const uint32_t faults[] = {STATUS_DATA_ERROR, STATUS_SENSOR_FAULT, STATUS_ACCESS_FAULT, STATUS_TIMEOUT,
                                      STATUS_COMM_FAULT};
    enum tri result = TRI_NO;
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
        result = tri_or(result, derive_is_code(derive, DETECTOR_STATUS, faults[i]));
    return result;
}

/* It answers, but with no gas value at all: blind. Where it does not answer, or refuses, comm.lost says so. */
static enum tri blind(const struct derive *derive)
{
    static const enum point gases[] = {GAS_LEL_PCT, GAS_VOL_PCT, GAS_PPM, GAS_MGM3};
    enum tri result = TRI_NO;
    for (size_t i = 0; i < ARRAY_SIZE(gases); i++) {
        const struct sample *gas = &derive->samples[gases[i]];
        if (!derive_has(derive, gases[i]))
            continue;
        if (gas->quality != QUALITY_BAD || implausible_side(gas) == SIDE_ABOVE)
            return TRI_NO;
        bool answered = gas->reason == REASON_INVALID || gas->reason == REASON_IMPLAUSIBLE ||
                        gas->reason == REASON_SENSOR_FAULT || gas->reason == REASON_FROZEN;
        result = tri_or(result, answered ? TRI_YES : TRI_UNKNOWN);
    }
    return result;
}

static enum tri fault(const struct derive *derive)
{
    enum tri result = blind(derive);
    if (derive_has(derive, FAULT_DEV))
        result = tri_or(result, derive_bool(derive, FAULT_DEV));
    if (derive_has(derive, FAULT_CODE))
        result = tri_or(result, fault_by_code(derive));
    if (derive_has(derive, UNDER_RANGE))
        result = tri_or(result, derive_bool(derive, UNDER_RANGE));
    if (derive_has(derive, DETECTOR_MODE))
        result = tri_or(result, derive_is_code(derive, DETECTOR_MODE, MODE_FAULT));
    if (derive_has(derive, DETECTOR_STATUS))
        result = tri_or(result, fault_by_status(derive));
    if (derive_has(derive, GAS_LEL_PCT))
        result = tri_or(result, lel_below(derive));
    return result;
}

static bool is_measuring(const struct derive *derive)
{
    enum tri measuring = TRI_YES;
    if (derive_has(derive, DETECTOR_MODE))
        measuring = tri_and(measuring, derive_is_code(derive, DETECTOR_MODE, MODE_NORMAL));
    if (derive_has(derive, DETECTOR_STATUS))
        measuring = tri_and(measuring, tri_not(derive_is_code(derive, DETECTOR_STATUS, STATUS_WARMUP)));
    return measuring != TRI_NO;
}

void gas_detector_derive(struct derive *derive)
{
    CHECK(derive->sample_count == POINT_COUNT);
    derive_set(derive, GAS_OVER_RANGE, over_range(derive), GAS_LEL_PCT);
    derive_set(derive, GAS_FAULT, fault(derive), GAS_LEL_PCT);
    if (!is_measuring(derive))
        for (size_t i = GAS_LEL_PCT; i <= GAS_MGM3; i++)
            if (derive->samples[i].quality == QUALITY_GOOD)
                derive->samples[i].quality = QUALITY_UNCERTAIN;
    derive->ret_next_mono_ms = INT64_MAX;
}

const struct device_class gas_detector_class = {
    .id = "gas_detector",
    .zh = "可燃气体探测器",
    .en = "gas detector",
    .points = points,
    .point_count = ARRAY_SIZE(points),
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .derive = gas_detector_derive,
};
