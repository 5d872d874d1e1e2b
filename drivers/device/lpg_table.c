/* What a gas cylinder, and a scale with one on it, has: points, codes, alarms, settings. */
#include "drivers/device/lpg_table.h"

#include "drivers/device/lpg.h"
#include "drivers/device/rows.h"
#include "gateway/base/check.h"

static const struct code valve_states[] = {
    [VALVE_OPEN] = {"open", "开", "open"},
    [VALVE_CLOSED] = {"closed", "关", "closed"},
    [VALVE_MOVING] = {"moving", "动作中", "moving"},
    [VALVE_UNKNOWN] = {"unknown", "未知", "unknown"},
};

static const struct code valve_locks[] = {
    {"unlocked", "未锁", "unlocked"},
    {"locked", "已锁", "locked"},
    {"unknown", "未知", "unknown"},
};

static const struct code valve_orders[] = {
    {"none", "无", "none"},
    {"open", "开", "open"},
    {"close", "关", "close"},
};

static const struct code cylinder_states[] = {
    [CYLINDER_NORMAL] = {"normal", "正常", "normal"},
    [CYLINDER_OVERDUE] = {"overdue", "超期未检", "inspection overdue"},
    [CYLINDER_SCRAPPED] = {"scrapped", "已报废", "scrapped"},
    [CYLINDER_UNKNOWN] = {"unknown", "未知", "unknown"},
};

#define MASS_READ "gross_mass|net_mass"
#define MAX_FILL  "max_fill_mass|cylinder_type"

/* clang-format off */
const struct class_point lpg_points[POINT_COUNT] = {
    [GROSS_MASS] = {POINT_NUMBER("gross_mass", "kg", -10, 1000, 0.02, POLL_SAFETY, "毛重", "gross mass")},
    [TARE_MASS] = {POINT_NUMBER("tare_mass", "kg", 0, 200, 0.02, POLL_SLOW, "皮重", "tare mass")},
    [NET_MASS] = {POINT_NUMBER("net_mass", "kg", -300, 1000, 0.02, POLL_SAFETY, "净重", "net mass"),
                  DERIVED("gross_mass tare_mass|tare_stamped"), .readable = true},
    [FILL_PCT] = {POINT_NUMBER("fill_pct", "%", NO_LIMIT, NO_LIMIT, 1, POLL_NORMAL, "余量", "filled"),
                  DERIVED("net_mass " MAX_FILL), .readable = true},
    [SCALE_UNSTABLE] = {POINT_BOOL("scale_unstable", POLL_SAFETY, "称重不稳定", "scale unstable")},
    [SCALE_OVERFLOW] = {POINT_BOOL("scale_overflow", POLL_SAFETY, "称重溢出", "scale overflow")},
    [SCALE_OVERLOAD] = {POINT_BOOL("scale_overload", POLL_SAFETY, "称重超载", "scale overloaded")},
    [SCALE_ZERO] = {POINT_BOOL("scale_zero", POLL_NORMAL, "零位", "scale at zero")},
    [SCALE_PEAK_HOLD] = {POINT_BOOL("scale_peak_hold", POLL_SLOW, "峰值保持", "scale holds its peak")},
    [VALVE_STATE] = {POINT_CODED("valve_state", valve_states, POLL_SAFETY, "角阀状态", "cylinder valve"), .use = USE_FIRST},
    [VALVE_LOCK] = {POINT_CODED("valve_lock", valve_locks, POLL_NORMAL, "角阀锁", "valve lock")},
    [VALVE_CMD] = {POINT_CODED("valve_cmd", valve_orders, POLL_SLOW, "角阀命令", "order to the valve")},
    [LEAK_FLAG] = {POINT_BOOL("leak_flag", POLL_SAFETY, "泄漏标志（设备）", "device reports a leak")},
    [MOVED] = {POINT_BOOL("moved", POLL_SAFETY, "被移动", "moved")},
    [TILT_DEG] = {POINT_NUMBER("tilt_deg", "deg", -180, 180, 5, POLL_SAFETY, "倾角", "tilt")},
    [BODY_TEMP] = {POINT_NUMBER("body_temp", "Cel", -50, 150, 0.5, POLL_SAFETY, "瓶体温度", "body temperature")},
    [AMBIENT_TEMP] = {POINT_NUMBER("ambient_temp", "Cel", -50, 100, 0.5, POLL_SLOW, "环境温度", "ambient temperature")},
    [OUTLET_PRESSURE] = {POINT_NUMBER("outlet_pressure", "kPa", -10, 2500, 0.1, POLL_NORMAL,
                                      "出口压力", "outlet pressure")},
    [BATTERY_V] = {POINT_NUMBER("battery_v", "V", 0, 60, 0.05, POLL_SLOW, "电池电压", "battery voltage")},
    [RSSI] = {POINT_NUMBER("rssi", "dBm", -150, 20, 3, POLL_SLOW, "信号强度", "signal strength")},
    [HEARTBEAT] = {POINT_WHOLE("heartbeat", "", POLL_NORMAL, "心跳计数", "heartbeat counter")},
    [FW_VERSION] = {POINT_WHOLE("fw_version", "", POLL_SLOW, "固件版本", "firmware version")},
    [CYLINDER_STATE] = {POINT_CODED("cylinder_state", cylinder_states, POLL_NORMAL, "气瓶状态", "state of the cylinder")},
    [CYLINDER_CODE] = {POINT_TEXT("cylinder_code", POLL_NORMAL, "气瓶编码", "cylinder code")},
    [QR_RAW] = {POINT_TEXT("qr_raw", POLL_NORMAL, "二维码原文", "QR code as read")},
    [USE_CERT_NO] = {POINT_TEXT("use_cert_no", POLL_SLOW, "使用登记证编号", "registration certificate")},
    [REG_CODE] = {POINT_TEXT("reg_code", POLL_SLOW, "注册代码", "registration code")},
    [MAKER_CODE] = {POINT_TEXT("maker_code", POLL_SLOW, "制造单位代码", "maker's code")},
    [CYLINDER_NO] = {POINT_TEXT("cylinder_no", POLL_SLOW, "气瓶编号", "cylinder number")},
    [MADE_MONTH] = {POINT_TEXT("made_month", POLL_SLOW, "制造年月", "made in")},
    [SCRAP_MONTH] = {POINT_TEXT("scrap_month", POLL_SLOW, "报废年月", "to be scrapped in")},
    [NEXT_INSPECT] = {POINT_TEXT("next_inspect", POLL_SLOW, "下次检验日期", "next inspection")},
    [INSPECT_CYCLE_Y] = {POINT_NUMBER("inspect_cycle_y", "", 0, 30, 0, POLL_SLOW,
                                      "检验周期（年）", "years between inspections")},
    [OWNER_UNIT] = {POINT_TEXT("owner_unit", POLL_SLOW, "产权单位", "owner")},
    [FILL_STATION] = {POINT_TEXT("fill_station", POLL_SLOW, "充装单位", "filling station")},
    [FILL_DATE] = {POINT_TEXT("fill_date", POLL_SLOW, "充装日期", "filled on")},
    [FILL_WORKER] = {POINT_TEXT("fill_worker", POLL_SLOW, "充装人员", "filled by")},
    [FILL_MASS] = {POINT_NUMBER("fill_mass", "kg", 0, 1000, 0, POLL_SLOW, "充装量", "mass filled")},
    [MEDIUM] = {POINT_TEXT("medium", POLL_SLOW, "充装介质", "medium")},
    [DELIVERY_UNIT] = {POINT_TEXT("delivery_unit", POLL_SLOW, "配送单位", "delivered by")},
    [DELIVERED_AT] = {POINT_TEXT("delivered_at", POLL_SLOW, "配送时间", "delivered at")},
    [USER_NAME] = {POINT_TEXT("user_name", POLL_SLOW, "用户", "user")},
    [USER_ADDR] = {POINT_TEXT("user_addr", POLL_SLOW, "用户地址", "user's address")},
    [USAGE_RATE] = {POINT_NUMBER("usage_rate", "kg/h", NO_LIMIT, NO_LIMIT, 0.1, POLL_NORMAL, "用气速率", "use of gas"),
                    DERIVED(MASS_READ)},
    [BURST_FLOW] = {POINT_BOOL("burst_flow", POLL_SAFETY, "异常大流量", "far more flow than the appliance takes"),
                    DERIVED(MASS_READ)},
    [LEAK_MASS_RATE] = {POINT_NUMBER("leak_mass_rate", "kg/h", NO_LIMIT, NO_LIMIT, 0.02, POLL_NORMAL,
                                     "关阀失重速率", "mass lost behind the closed valve"),
                        DERIVED("valve_state " MASS_READ)},
    [LEAK] = {POINT_BOOL("leak", POLL_SAFETY, "泄漏", "leak"), DERIVED("leak_flag|valve_state leak_flag|" MASS_READ)},
    [DAYS_LEFT] = {POINT_NUMBER("days_left", "d", 0, 999, 0.5, POLL_SLOW, "预计可用天数", "days left"), DERIVED("net_mass")},
    [HOURS_SINCE_MOVE] = {POINT_NUMBER("hours_since_move", "h", NO_LIMIT, NO_LIMIT, 1, POLL_SLOW,
                                       "距上次移动", "since last moved"),
                          DERIVED("moved|" MASS_READ)},
    [OVERFILLED] = {POINT_BOOL("overfilled", POLL_NORMAL, "超装", "overfilled"), DERIVED("net_mass " MAX_FILL)},
    [RESIDUAL_FRAUD] = {POINT_BOOL("residual_fraud", POLL_SLOW, "皮重不符", "tare is not the stamped one"),
                        DERIVED("tare_mass tare_stamped")},
    [CYLINDER_EXPIRED] = {POINT_BOOL("cylinder_expired", POLL_NORMAL,
                                     "气瓶超期或报废", "cylinder overdue for inspection, or to be scrapped"),
                          DERIVED("cylinder_state|qr_raw|cylinder_code|scrap_month|next_inspect")},
    [CYLINDER_STRANGE] = {POINT_BOOL("cylinder_strange", POLL_NORMAL, "不明气瓶", "not one of the known cylinders"),
                          DERIVED("cylinder_state|qr_raw|cylinder_code|reg_code")},
};

/* A cylinder is not to be heated above 40 °C. Critical alarms wait 3 s at most. */
static const struct class_alarm alarms[] = {
    {ALARM_BIT("lpg.leak", "leak", 0, 600, 3, PRIORITY_CRITICAL, LATCHED, "液化气泄漏", "gas leaks from the cylinder")},
    {ALARM_BIT("lpg.burst_flow", "burst_flow", 3, 60, 3, PRIORITY_CRITICAL, LATCHED, "异常大流量", "burst flow")},
    {ALARM_BIT("lpg.overfill", "overfilled", 60, 60, 3600, PRIORITY_HIGH, FREE, "气瓶超装", "cylinder overfilled")},
    {ALARM_LIMIT("lpg.low", "fill_pct", RULE_LO, 15, NO_LIMIT, 2, 300, 60, 86400, PRIORITY_LOW, FREE,
                 "余气不足", "little gas left")},
    {ALARM_LIMIT("lpg.low_ll", "fill_pct", RULE_LOLO, 5, NO_LIMIT, 2, 300, 60, 86400, PRIORITY_MEDIUM, FREE,
                 "余气将尽", "hardly any gas left")},
    {ALARM_BIT("lpg.expired", "cylinder_expired", 5, 10, 3600, PRIORITY_HIGH, FREE,
               "超期或报废气瓶", "cylinder overdue for inspection, or scrapped")},
    {ALARM_BIT("lpg.unknown_cylinder", "cylinder_strange", 60, 10, 3600, PRIORITY_HIGH, FREE,
               "不明气瓶", "unknown cylinder")},
    {ALARM_BIT("lpg.tare", "residual_fraud", 60, 60, 3600, PRIORITY_MEDIUM, FREE,
               "皮重与钢印不符", "tare is not what the cylinder's stamp says")},
    {ALARM_BIT("lpg.moved", "moved", 2, 10, 60, PRIORITY_HIGH, FREE, "气瓶被移动", "cylinder moved")},
    {ALARM_LIMIT("lpg.tilt", "tilt_deg", RULE_HI, 45, 45, 5, 2, 10, 60, PRIORITY_HIGH, FREE,
                 "气瓶倾倒", "cylinder tilted")},
    {ALARM_LIMIT("lpg.body_temp", "body_temp", RULE_HI, 45, 45, 2, 30, 60, 300, PRIORITY_HIGH, FREE,
                 "瓶体温度高", "cylinder hot")},
    {ALARM_LIMIT("lpg.battery", "battery_v", RULE_LO, 3.3, NO_LIMIT, 0.1, 600, 60, 86400, PRIORITY_LOW, FREE,
                 "电池电压低", "battery low")},
    {ALARM_COMM(60, 10, 86400, PRIORITY_MEDIUM, "气瓶或秤通信中断", "cylinder or scale does not answer")},
};

static const struct code cylinder_types[LPG_TYPES] = {
    {"YSP4.7", "YSP4.7", "YSP4.7"},    {"YSP12", "YSP12", "YSP12"}, {"YSP26.2", "YSP26.2", "YSP26.2"},
    {"YSP35.5", "YSP35.5", "YSP35.5"}, {"YSP118", "YSP118", "YSP118"},
};
const double lpg_max_fill_of_type[LPG_TYPES] = {1.9, 5.0, 11.0, 14.9, 49.5}; /* kg, GB 5842 */

static const struct code mediums[] = {
    {"lpg", "液化石油气", "LPG"},
    {"propane", "丙烷", "propane"},
    {"butane", "丁烷", "butane"},
};

static const struct class_setting settings[SETTING_COUNT] = {
    [SET_CYLINDER_TYPE] = {SETTING_CHOICE("cylinder_type", cylinder_types, NO_LIMIT, "气瓶型号", "type of cylinder")},
    [SET_MAX_FILL_MASS] = {SETTING_NUMBER("max_fill_mass", "kg", 0.1, 1000, NO_LIMIT,
                                          "最大充装量", "most that may be filled")},
    [SET_TARE_STAMPED] = {SETTING_NUMBER("tare_stamped", "kg", 0.1, 200, NO_LIMIT, "钢印皮重", "tare as stamped")},
    [SET_APPLIANCE_MAX] = {SETTING_NUMBER("appliance_max", "kg/h", 0.05, 100, 2,
                                          "燃具最大用气量", "most that the appliances take")},
    [SET_MEDIUM] = {SETTING_CHOICE("medium", mediums, NO_LIMIT, "介质", "medium")},
};
/* clang-format on */

_Static_assert(sizeof(struct lpg_memory) <= DERIVE_MEMORY_MAX, "more than a class may remember");

#define LPG_TABLES                                                                                                     \
    .points = lpg_points, .point_count = POINT_COUNT, .alarms = alarms, .alarm_count = ARRAY_SIZE(alarms),             \
    .derive = lpg_derive, .mounted = lpg_mounted, .memory_size = sizeof(struct lpg_memory), .settings = settings,      \
    .setting_count = ARRAY_SIZE(settings)

const struct device_class lpg_cylinder_class = {
    .id = "lpg_cylinder", .zh = "液化气瓶", .en = "LPG cylinder", LPG_TABLES};
const struct device_class lpg_scale_class = {.id = "lpg_scale", .zh = "液化气瓶秤", .en = "LPG scale", LPG_TABLES};
