/* Limits: GB/T 50493-2019 (combustible gas: A1 at most 25 %LEL, A2 at most 50 %LEL; toxic gas: A1 at most 100 %, A2 at
 * most 200 % of the occupational exposure limit; oxygen 19.5 and 23.5 %vol) and GB 15322. The device's own alarm bits
 * are judged beside the gateway's limits and get no delay of ours. The raw ids follow what detectors offer in their
 * registers. */
#include "drivers/device/gas_table.h"

#include "drivers/device/gas_detector.h"
#include "drivers/device/rows.h"

static const struct code modes[] = {
    [MODE_NORMAL] = {"normal", "正常", "normal"},        [MODE_WARMUP] = {"warmup", "预热", "warming up"},
    [MODE_INHIBIT] = {"inhibit", "抑制", "inhibited"},   [MODE_CALIBRATION] = {"calibration", "标定", "calibration"},
    [MODE_SELFTEST] = {"selftest", "自检", "self-test"}, [MODE_FAULT] = {"fault", "故障", "fault"},
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

static const struct code alarm_types[] = {
    {"off", "关闭", "off"},
    {"rising", "上升报警", "rising"},
    {"falling", "下降报警", "falling"},
};

static const struct code sensor_types[] = {
    {"electrochemical", "电化学", "electrochemical"},
    {"catalytic", "催化燃烧", "catalytic"},
    {"infrared", "红外", "infrared"},
    {"pid", "光离子", "photo-ionisation"},
    {"mos", "半导体", "metal-oxide"},
};

/* clang-format off */
const struct class_point gas_points[POINT_COUNT] = {
    [GAS_VOL_PCT] = {POINT_NUMBER("gas_vol_pct", "%{vol}", -10, 110, 0.1, POLL_SAFETY, "气体体积浓度", "gas, % by volume")},
    [GAS_PPM] = {POINT_NUMBER("gas_ppm", "[ppm]", -1000, 1e6, 1, POLL_SAFETY, "气体浓度 ppm", "gas, ppm")},
    [GAS_MGM3] = {POINT_NUMBER("gas_mgm3", "mg/m3", -1000, 1e7, 1, POLL_SAFETY, "气体质量浓度", "gas, mg/m3")},
    [LEL_VOL_PCT] = {POINT_NUMBER("lel_vol_pct", "%{vol}", 0, 100, 0, POLL_SLOW,
                                  "爆炸下限体积浓度", "100 %LEL in % by volume")},
    [GAS_LEL_PCT] = {POINT_NUMBER("gas_lel_pct", "%{LEL}", -10, 110, 0.5, POLL_SAFETY, "可燃气体浓度", "gas, % of LEL"),
                     DERIVED("gas_vol_pct|gas_ppm lel_vol_pct|gas"), .readable = true},
    [CO_PPM] = {POINT_NUMBER("co_ppm", "[ppm]", -100, 1e5, 1, POLL_SAFETY, "一氧化碳浓度", "carbon monoxide")},
    [H2S_PPM] = {POINT_NUMBER("h2s_ppm", "[ppm]", -100, 1e5, 0.5, POLL_SAFETY, "硫化氢浓度", "hydrogen sulphide")},
    [O2_VOL_PCT] = {POINT_NUMBER("o2_vol_pct", "%{vol}", -1, 100, 0.1, POLL_SAFETY, "氧气浓度", "oxygen")},
    [ALARM1_DEV] = {POINT_BOOL("alarm1_dev", POLL_SAFETY, "探测器一级报警", "detector's own alarm 1")},
    [ALARM2_DEV] = {POINT_BOOL("alarm2_dev", POLL_SAFETY, "探测器二级报警", "detector's own alarm 2")},
    [ALARM3_DEV] = {POINT_BOOL("alarm3_dev", POLL_SAFETY, "探测器三级报警", "detector's own alarm 3")},
    [ALARM1_LATCHED_DEV] = {POINT_BOOL("alarm1_latched_dev", POLL_NORMAL, "探测器一级报警自锁", "detector's alarm 1 latched")},
    [ALARM2_LATCHED_DEV] = {POINT_BOOL("alarm2_latched_dev", POLL_NORMAL, "探测器二级报警自锁", "detector's alarm 2 latched")},
    [ALARM1_MUTED] = {POINT_BOOL("alarm1_muted", POLL_NORMAL, "一级报警已消音", "alarm 1 muted at the panel")},
    [ALARM2_MUTED] = {POINT_BOOL("alarm2_muted", POLL_NORMAL, "二级报警已消音", "alarm 2 muted at the panel")},
    [ALARM3_MUTED] = {POINT_BOOL("alarm3_muted", POLL_NORMAL, "三级报警已消音", "alarm 3 muted at the panel")},
    [FAULT_CODE] = {POINT_WHOLE("fault_code", "", POLL_SAFETY, "故障代码", "fault code, 0 none")},
    [FAULT_DEV] = {POINT_BOOL("fault_dev", POLL_SAFETY, "探测器故障", "detector's own fault bit")},
    [FAULT_DEV2] = {POINT_BOOL("fault_dev2", POLL_SAFETY, "探测器故障（第二位）", "detector's second fault bit")},
    [SENSOR_FAULT_DEV] = {POINT_BOOL("sensor_fault_dev", POLL_SAFETY, "传感器故障", "sensor fault")},
    [COMM_FAULT_DEV] = {POINT_BOOL("comm_fault_dev", POLL_SAFETY, "控制器与探测器通信故障", "panel lost its detector")},
    [DISABLED_DEV] = {POINT_BOOL("disabled_dev", POLL_SAFETY, "通道已屏蔽", "channel disabled at the panel")},
    [WARNING_DEV] = {POINT_BOOL("warning_dev", POLL_NORMAL, "探测器警告", "detector's own warning bit")},
    [DETECTOR_MODE] = {POINT_CODED("detector_mode", modes, POLL_SAFETY, "探测器工作模式", "detector mode")},
    [DETECTOR_STATUS] = {POINT_CODED("detector_status", statuses, POLL_SAFETY, "探测器状态", "detector status")},
    [WARMUP_DEV] = {POINT_BOOL("warmup_dev", POLL_SAFETY, "预热位", "detector's warm-up bit")},
    [INHIBIT_DEV] = {POINT_BOOL("inhibit_dev", POLL_SAFETY, "抑制位", "detector's inhibit bit")},
    [CALIBRATING_DEV] = {POINT_BOOL("calibrating_dev", POLL_SAFETY, "标定位", "detector's calibration bit")},
    [OVER_RANGE] = {POINT_BOOL("over_range", POLL_SAFETY, "超量程（探测器）", "detector's own over-range bit")},
    [UNDER_RANGE] = {POINT_BOOL("under_range", POLL_SAFETY, "欠量程（探测器）", "detector's under-range bit")},
    [HEARTBEAT] = {POINT_WHOLE("heartbeat", "", POLL_NORMAL, "心跳计数", "heartbeat counter")},
    [GAS_PEAK] = {POINT_NUMBER("gas_peak", "%{LEL}", NO_LIMIT, NO_LIMIT, 0.5, POLL_SLOW, "浓度峰值", "highest reading")},
    [GAS_NAME] = {POINT_TEXT("gas_name", POLL_SLOW, "气体名称", "gas name")},
    [GAS_CODE] = {POINT_WHOLE("gas_code", "", POLL_SLOW, "气体代码", "gas code")},
    [SP_ALARM1_DEV] = {POINT_NUMBER("sp_alarm1_dev", "%{LEL}", NO_LIMIT, NO_LIMIT, 0, POLL_SLOW,
                                    "探测器一级设定值", "detector's own alarm 1 setpoint")},
    [SP_ALARM2_DEV] = {POINT_NUMBER("sp_alarm2_dev", "%{LEL}", NO_LIMIT, NO_LIMIT, 0, POLL_SLOW,
                                    "探测器二级设定值", "detector's own alarm 2 setpoint")},
    [ALARM1_LATCHING] = {POINT_BOOL("alarm1_latching", POLL_SLOW, "一级报警自锁设置", "alarm 1 is set to latch")},
    [ALARM2_LATCHING] = {POINT_BOOL("alarm2_latching", POLL_SLOW, "二级报警自锁设置", "alarm 2 is set to latch")},
    [ALARM1_TYPE] = {POINT_CODED("alarm1_type", alarm_types, POLL_SLOW, "一级报警方式", "kind of alarm 1")},
    [ALARM2_TYPE] = {POINT_CODED("alarm2_type", alarm_types, POLL_SLOW, "二级报警方式", "kind of alarm 2")},
    [SENSOR_TYPE] = {POINT_CODED("sensor_type", sensor_types, POLL_SLOW, "传感器类型", "kind of sensor")},
    [SENSOR_VOLTAGE] = {POINT_NUMBER("sensor_voltage", "V", 0, 10, 0.05, POLL_SLOW, "传感器电压", "sensor voltage")},
    [UNIT_CODE] = {POINT_WHOLE("unit_code", "", POLL_SLOW, "单位代码", "detector's code of its unit")},
    [STATUS_RAW] = {POINT_WHOLE("status_raw", "", POLL_NORMAL, "原始状态字", "status word as read")},
    [FAULT_BITS] = {POINT_WHOLE("fault_bits", "", POLL_SLOW, "故障位", "faults, a bit each")},
    [ALARM_BITS] = {POINT_WHOLE("alarm_bits", "", POLL_SLOW, "报警位", "alarms, a bit each")},
    [ALARM_LATCHED_BITS] = {POINT_WHOLE("alarm_latched_bits", "", POLL_SLOW, "自锁报警位", "latched alarms, a bit each")},
    [RANGE_FULL_SCALE] = {POINT_NUMBER("range_full_scale", "%{LEL}", NO_LIMIT, NO_LIMIT, 0, POLL_SLOW,
                                       "满量程", "full scale")},
    [DETECTOR_TEMP] = {POINT_NUMBER("detector_temp", "Cel", -40, 85, 0.5, POLL_SLOW, "探测器温度", "detector temperature")},
    [AMBIENT_TEMP] = {POINT_NUMBER("ambient_temp", "Cel", -50, 100, 0.5, POLL_SLOW, "环境温度", "ambient temperature")},
    [HUMIDITY] = {POINT_NUMBER("humidity", "%", 0, 105, 1, POLL_SLOW, "环境湿度", "relative humidity")},
    [SUPPLY_VOLTAGE] = {POINT_NUMBER("supply_voltage", "V", 0, 60, 0.2, POLL_SLOW, "供电电压", "supply voltage")},
    [CAL_DUE_DAYS] = {POINT_NUMBER("cal_due_days", "d", -36500, 36500, 0.5, POLL_SLOW,
                                   "距标定到期天数", "days to calibration")},
    [CAL_INTERVAL_DAYS] = {POINT_WHOLE("cal_interval_days", "d", POLL_SLOW, "标定周期", "calibration interval")},
    [RELAY_BITS] = {POINT_WHOLE("relay_bits", "", POLL_NORMAL, "探测器继电器状态", "detector's relays, a bit each")},
    [VALVE_STATE] = {POINT_CODED("valve_state", valve_states, POLL_SAFETY, "切断阀状态", "shut-off valve")},
    [FAN_RUNNING] = {POINT_BOOL("fan_running", POLL_NORMAL, "风机运行", "fan running")},
    [INSTALL_DATE] = {POINT_TEXT("install_date", POLL_SLOW, "安装日期", "installed on")},
    [DETECTOR_EXPIRY] = {POINT_TEXT("detector_expiry", POLL_SLOW, "探测器有效期至", "detector to be replaced by")},
    [GAS_OVER_RANGE] = {POINT_BOOL("gas_over_range", POLL_SAFETY, "浓度超量程", "gas over range"), DERIVED(NULL)},
    [GAS_FAULT] = {POINT_BOOL("gas_fault", POLL_SAFETY, "探测失效", "detector cannot be trusted"), DERIVED(NULL)},
    [GAS_WARMING_UP] = {POINT_BOOL("gas_warming_up", POLL_SAFETY, "正在预热", "warming up"),
                        DERIVED("detector_mode|detector_status|warmup_dev")},
    [GAS_INHIBITED] = {POINT_BOOL("gas_inhibited", POLL_SAFETY, "抑制或标定中", "inhibited or in calibration"),
                       DERIVED("detector_mode|inhibit_dev|calibrating_dev")},
    [GAS_ROC] = {POINT_NUMBER("gas_roc", "%{LEL}", NO_LIMIT, NO_LIMIT, 1, POLL_SAFETY,
                              "10 秒内浓度上升", "gas, rise within 10 s"),
                 DERIVED("gas_lel_pct")},
    [GAS_ZERO_24H] = {POINT_NUMBER("gas_zero_24h", "%{LEL}", NO_LIMIT, NO_LIMIT, 0.5, POLL_SLOW, "24 小时零点（中位值）",
                                   "zero: median of 24 hours"),
                      DERIVED("gas_lel_pct")},
    [SETPOINT_MISMATCH] = {POINT_BOOL("setpoint_mismatch", POLL_SLOW,
                                      "设定值不一致", "detector's setpoints are not the site's"),
                           DERIVED("sp_alarm1_dev|sp_alarm2_dev sp_alarm1|sp_alarm2")},
};

/* Ceilings: GB/T 50493-2019. On-delays of 60 s are for dwellings (GB 15322.2). A fault is shown within 100 s (GB
 * 16808). CO: 24 and 160 ppm are common field practice. What has no source is an engineering choice: gas.roc,
 * gas.inhibit_long, gas.zero_drift, gas.setpoint_mismatch, gas.cal_due, and all deadbands. */
static const struct class_alarm alarms[] = {
    {ALARM_LIMIT("gas.low", "gas_lel_pct", RULE_HI, 20, 25, 2, 3, 10, 60, PRIORITY_HIGH, FREE,
                 "燃气浓度低限报警", "gas, low alarm (A1)")},
    {ALARM_LIMIT("gas.high", "gas_lel_pct", RULE_HIHI, 40, 50, 3, 0, 10, 3, PRIORITY_CRITICAL, LATCHED,
                 "燃气浓度高限报警", "gas, high alarm (A2)")},
    {ALARM_BIT("gas.over_range", "gas_over_range", 0, 10, 3, PRIORITY_CRITICAL, LATCHED, "燃气浓度超量程", "gas over range"),
     .role = ROLE_OVER_RANGE},
    {ALARM_LIMIT("gas.roc", "gas_roc", RULE_HI, 5, NO_LIMIT, 1, 0, 30, 10, PRIORITY_HIGH, FREE,
                 "燃气浓度快速上升", "gas rises fast")},
    {ALARM_BIT("gas.dev_a1", "alarm1_dev", 0, 10, 3, PRIORITY_HIGH, FREE, "探测器自身一级报警", "detector's own alarm 1")},
    {ALARM_BIT("gas.dev_a2", "alarm2_dev", 0, 10, 3, PRIORITY_CRITICAL, LATCHED,
               "探测器自身二级报警", "detector's own alarm 2")},
    {ALARM_BIT("gas.dev_a3", "alarm3_dev", 0, 10, 3, PRIORITY_CRITICAL, LATCHED,
               "探测器自身三级报警", "detector's own alarm 3")},
    {ALARM_CODE("gas.dev_low", "detector_status", 0, 10, 3, PRIORITY_HIGH, FREE,
                "探测器状态：低报", "detector reports its low alarm"), .codes = {"low_alarm", "twa"}},
    {ALARM_CODE("gas.dev_high", "detector_status", 0, 10, 3, PRIORITY_CRITICAL, LATCHED,
                "探测器状态：高报", "detector reports its high alarm"), .codes = {"high_alarm", "stel"}},
    {ALARM_LIMIT("gas.co_low", "co_ppm", RULE_HI, 24, NO_LIMIT, 2, 3, 10, 60, PRIORITY_HIGH, FREE,
                 "一氧化碳低限报警", "carbon monoxide, low alarm")},
    {ALARM_LIMIT("gas.co_high", "co_ppm", RULE_HIHI, 160, NO_LIMIT, 5, 0, 10, 3, PRIORITY_CRITICAL, LATCHED,
                 "一氧化碳高限报警", "carbon monoxide, high alarm")},
    {ALARM_LIMIT("gas.h2s_low", "h2s_ppm", RULE_HI, NO_LIMIT, NO_LIMIT, 0.5, 3, 10, 60, PRIORITY_HIGH, FREE,
                 "硫化氢低限报警", "hydrogen sulphide, low alarm"), .limit_from = {{"h2s_oel_ppm", 1, 0}}},
    {ALARM_LIMIT("gas.h2s_high", "h2s_ppm", RULE_HIHI, NO_LIMIT, NO_LIMIT, 1, 0, 10, 3, PRIORITY_CRITICAL, LATCHED,
                 "硫化氢高限报警", "hydrogen sulphide, high alarm"), .limit_from = {{"h2s_oel_ppm", 2, 0}}},
    {ALARM_LIMIT("gas.o2_low", "o2_vol_pct", RULE_LO, 19.5, 19.5, 0.3, 3, 10, 60, PRIORITY_HIGH, FREE,
                 "缺氧报警", "too little oxygen")},
    {ALARM_LIMIT("gas.o2_high", "o2_vol_pct", RULE_HI, 23.5, 23.5, 0.3, 3, 10, 60, PRIORITY_HIGH, FREE,
                 "富氧报警", "too much oxygen")},
    {ALARM_BIT("gas.fault", "gas_fault", 5, 10, 60, PRIORITY_MEDIUM, FREE,
               "探测器故障", "detector fault"), .role = ROLE_FAULT},
    {ALARM_BIT("gas.inhibit_long", "gas_inhibited", 3600, 0, 14400, PRIORITY_MEDIUM, FREE,
               "抑制或标定时间过长", "inhibited or in calibration for too long")},
    {ALARM_BIT("gas.warmup", "gas_warming_up", 0, 0, 60, PRIORITY_INFO, FREE, "探测器预热", "detector warms up")},
    {ALARM_LIMIT("gas.zero_drift", "gas_zero_24h", RULE_HI, 3, NO_LIMIT, 0.5, 0, 0, 3600, PRIORITY_LOW, FREE,
                 "零点漂移", "zero has drifted")},
    {ALARM_BIT("gas.setpoint_mismatch", "setpoint_mismatch", 60, 60, 3600, PRIORITY_MEDIUM, FREE,
               "探测器设定值与站点不一致", "detector's setpoints are not the site's")},
    {ALARM_LIMIT("gas.cal_due", "cal_due_days", RULE_LO, 30, NO_LIMIT, 1, 60, 60, 86400, PRIORITY_LOW, FREE,
                 "标定即将到期", "calibration due soon")},
    {ALARM_LIMIT("gas.cal_due_ll", "cal_due_days", RULE_LOLO, 0, NO_LIMIT, 1, 60, 60, 86400, PRIORITY_MEDIUM, FREE,
                 "标定已过期", "calibration overdue")},
    {ALARM_COMM(30, 5, 90, PRIORITY_HIGH, "探测器通信中断", "detector does not answer")},
};
/* clang-format on */

enum density { LIGHTER, HEAVIER, DENSITY_COUNT };

static const struct code gases[GAS_COUNT] = {
    [NATURAL_GAS] = {"natural_gas", "天然气", "natural gas"},
    [METHANE] = {"methane", "甲烷", "methane"},
    [LPG] = {"lpg", "液化石油气", "LPG"},
    [PROPANE] = {"propane", "丙烷", "propane"},
    [BUTANE] = {"butane", "丁烷", "butane"},
    [TOWN_GAS] = {"town_gas", "人工煤气", "town gas"},
    [HYDROGEN] = {"hydrogen", "氢气", "hydrogen"},
    [CARBON_MONOXIDE] = {"co", "一氧化碳", "carbon monoxide"},
    [HYDROGEN_SULPHIDE] = {"h2s", "硫化氢", "hydrogen sulphide"},
    [OXYGEN] = {"oxygen", "氧气", "oxygen"},
};

static const struct code bases[BASIS_COUNT] = {
    [BASIS_GB] = {"gb", "国标", "GB, NFPA"},
    [BASIS_IEC] = {"iec", "IEC", "IEC"},
};

/* LPG counts as butane, the lower of its two; town gas is what a town makes of it. */
const double gas_lel_vol_pct[GAS_COUNT][BASIS_COUNT] = {
    [NATURAL_GAS] = {5.0, 4.4},
    [METHANE] = {5.0, 4.4},
    [LPG] = {1.8, 1.4},
    [PROPANE] = {2.1, 1.7},
    [BUTANE] = {1.8, 1.4},
    [HYDROGEN] = {4.0, 4.0},
    [CARBON_MONOXIDE] = {12.5, 10.9},
    [HYDROGEN_SULPHIDE] = {4.0, 4.0},
};

static const struct code densities[DENSITY_COUNT] = {
    [LIGHTER] = {"lighter", "比空气轻", "lighter than air"},
    [HEAVIER] = {"heavier", "比空气重", "heavier than air"},
};

/* clang-format off */
static const struct class_setting settings[SETTING_COUNT] = {
    [SET_GAS] = {SETTING_CHOICE("gas", gases, NO_LIMIT, "被测气体", "gas it detects")},
    [SET_LEL_BASIS] = {SETTING_CHOICE("lel_basis", bases, BASIS_GB, "爆炸下限依据", "whose table of explosive limits")},
    [SET_LEL_VOL_PCT] = {SETTING_NUMBER("lel_vol_pct", "%{vol}", 0.1, 100, NO_LIMIT,
                                        "爆炸下限体积浓度", "100 %LEL in % by volume")},
    [SET_SP_ALARM1] = {SETTING_NUMBER("sp_alarm1", "%{LEL}", 0.1, 100, NO_LIMIT,
                                      "一级设定值应为", "what alarm 1 is to be set to")},
    [SET_SP_ALARM2] = {SETTING_NUMBER("sp_alarm2", "%{LEL}", 0.1, 100, NO_LIMIT,
                                      "二级设定值应为", "what alarm 2 is to be set to")},
    [SET_H2S_OEL_PPM] = {SETTING_NUMBER("h2s_oel_ppm", "[ppm]", 0.1, 100, NO_LIMIT,
                                        "硫化氢职业接触限值", "exposure limit of hydrogen sulphide")},
    [SET_GAS_DENSITY] = {SETTING_CHOICE("gas_density", densities, NO_LIMIT, "气体密度", "density of the gas")},
    [SET_MOUNT_HEIGHT_M] = {SETTING_NUMBER("mount_height_m", "m", 0, 100, NO_LIMIT, "安装高度", "height above the floor")},
    [SET_ROOM_HEIGHT_M] = {SETTING_NUMBER("room_height_m", "m", 0.5, 100, NO_LIMIT, "房间净高", "height of the room")},
};
/* clang-format on */

const struct device_class gas_detector_class = {
    .id = "gas_detector",
    .zh = "可燃气体探测器",
    .en = "gas detector",
    .points = gas_points,
    .point_count = POINT_COUNT,
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .derive = gas_detector_derive,
    .memory_size = sizeof(struct gas_memory),
    .settings = settings,
    .setting_count = SETTING_COUNT,
};
