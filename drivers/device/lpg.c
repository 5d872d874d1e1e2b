#include "drivers/device/lpg.h"

#include <math.h>
#include <string.h>

#include "drivers/device/number.h"
#include "drivers/device/robust.h"
#include "drivers/device/rows.h"
#include "gateway/core/qr.h"

enum cylinder { CYLINDER_NORMAL, CYLINDER_OVERDUE, CYLINDER_SCRAPPED, CYLINDER_UNKNOWN };

enum valve { VALVE_OPEN, VALVE_CLOSED, VALVE_MOVING, VALVE_UNKNOWN };

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

enum point {
    GROSS_MASS,
    TARE_MASS,
    NET_MASS,
    FILL_PCT,
    SCALE_UNSTABLE,
    SCALE_OVERFLOW,
    SCALE_OVERLOAD,
    SCALE_ZERO,
    SCALE_PEAK_HOLD,
    VALVE_STATE,
    VALVE_LOCK,
    VALVE_CMD,
    LEAK_FLAG,
    MOVED,
    TILT_DEG,
    BODY_TEMP,
    AMBIENT_TEMP,
    OUTLET_PRESSURE,
    BATTERY_V,
    RSSI,
    HEARTBEAT,
    FW_VERSION,
    CYLINDER_STATE,
    CYLINDER_CODE,
    QR_RAW,
    USE_CERT_NO,
    REG_CODE,
    MAKER_CODE,
    CYLINDER_NO,
    MADE_MONTH,
    SCRAP_MONTH,
    NEXT_INSPECT,
    INSPECT_CYCLE_Y,
    OWNER_UNIT,
    FILL_STATION,
    FILL_DATE,
    FILL_WORKER,
    FILL_MASS,
    MEDIUM,
    DELIVERY_UNIT,
    DELIVERED_AT,
    USER_NAME,
    USER_ADDR,
    USAGE_RATE,
    BURST_FLOW,
    LEAK_MASS_RATE,
    LEAK,
    DAYS_LEFT,
    HOURS_SINCE_MOVE,
    OVERFILLED,
    RESIDUAL_FRAUD,
    CYLINDER_EXPIRED,
    CYLINDER_STRANGE,
    POINT_COUNT
};

#define MASS_READ "gross_mass|net_mass"
#define MAX_FILL  "max_fill_mass|cylinder_type"

/* clang-format off */
static const struct class_point points[POINT_COUNT] = {
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

enum setting { SET_CYLINDER_TYPE, SET_MAX_FILL_MASS, SET_TARE_STAMPED, SET_APPLIANCE_MAX, SET_MEDIUM, SETTING_COUNT };

static const struct code cylinder_types[] = {
    {"YSP4.7", "YSP4.7", "YSP4.7"},    {"YSP12", "YSP12", "YSP12"}, {"YSP26.2", "YSP26.2", "YSP26.2"},
    {"YSP35.5", "YSP35.5", "YSP35.5"}, {"YSP118", "YSP118", "YSP118"},
};
static const double max_fill_of_type[ARRAY_SIZE(cylinder_types)] = {1.9, 5.0, 11.0, 14.9, 49.5}; /* kg, GB 5842 */

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

/* --- what is remembered ------------------------------------------------------------------------------------------- */

#define MINUTE_MS          60000
#define HOUR_MS            (60 * MINUTE_MS)
#define DAY_MS             (24 * (int64_t)HOUR_MS)
#define READING_EVERY_MS   20000
#define READINGS           91 /* half an hour */
#define SLOPE_MS           (15 * MINUTE_MS)
#define SLOPE_READINGS_MIN 15
#define SLOPE_SURE_MS      (14 * MINUTE_MS)
#define LEAK_MS            (30 * MINUTE_MS)
#define LEAK_ENDS          5
#define LEAK_KG            0.05
#define RISE_KG            0.2
#define FALL_KG            0.3
#define BURST_FACTOR       1.5
#define OVERFILL_KG        0.2
#define TARE_APART_KG      0.5
#define HOURS_OF_USE       168
#define DAYS_MAX           999.0
#define TINY_KG            1e-6 /* what decimals lose */
_Static_assert(SLOPE_MS / READING_EVERY_MS <= ROBUST_SLOPE_MAX, "all readings of a slope fit");

struct reading {
    int64_t mono_ms;
    double kg;
};

struct used {
    int64_t seen_ms;
    double kg;
};

struct memory {
    bool begun;
    bool handled; /* since start */
    int64_t moved_mono_ms;
    int64_t closed_mono_ms;            /* the valve has been closed since; 0: it is not */
    struct reading readings[READINGS]; /* ring, the oldest at `first` */
    size_t first;
    size_t count;
    int64_t rated_mono_ms; /* when the two rates were computed */
    struct number usage;
    struct number behind_valve;
    struct used now;                     /* what was used, and the time that was seen */
    struct used hours[HOURS_OF_USE + 1]; /* ring: the same as of each hour seen, the oldest at `first_hour` */
    size_t first_hour;
    size_t hour_count;
};
_Static_assert(sizeof(struct memory) <= DERIVE_MEMORY_MAX, "more than a class may remember");

static const struct reading *reading_at(const struct memory *memory, size_t i)
{
    return &memory->readings[(memory->first + i) % READINGS];
}

static void remember_hour(struct memory *memory)
{
    size_t const newest = (memory->first_hour + memory->hour_count + HOURS_OF_USE) % (HOURS_OF_USE + 1);
    if (memory->hour_count > 0 && memory->now.seen_ms - memory->hours[newest].seen_ms < HOUR_MS)
        return;
    if (memory->hour_count == HOURS_OF_USE + 1) {
        memory->first_hour = (memory->first_hour + 1) % (HOURS_OF_USE + 1);
        memory->hour_count--;
    }
    memory->hours[(memory->first_hour + memory->hour_count++) % (HOURS_OF_USE + 1)] = memory->now;
}

static bool is_handled(double change_kg, int64_t span_ms, double burst_kg_h)
{
    return change_kg > RISE_KG || -change_kg > FALL_KG + burst_kg_h * (double)span_ms / HOUR_MS;
}

static void forget_old(struct memory *memory, int64_t mono_ms)
{
    while (memory->count > 0 && reading_at(memory, 0)->mono_ms <= mono_ms - LEAK_MS) {
        memory->first = (memory->first + 1) % READINGS;
        memory->count--;
    }
}

static void note_mass(struct memory *memory, int64_t mono_ms, double kg, double burst_kg_h)
{
    struct reading const *newest = memory->count > 0 ? reading_at(memory, memory->count - 1) : NULL;
    int64_t const span_ms = newest != NULL ? mono_ms - newest->mono_ms : 0;
    if (newest != NULL && span_ms < READING_EVERY_MS)
        return;
    if (newest != NULL && is_handled(kg - newest->kg, span_ms, burst_kg_h)) {
        memory->count = 0;
        memory->handled = true;
        memory->moved_mono_ms = mono_ms;
    } else if (newest != NULL) {
        memory->now.seen_ms += span_ms;
        memory->now.kg += newest->kg - kg;
    }
    forget_old(memory, mono_ms);
    CHECK(memory->count < READINGS);
    memory->readings[(memory->first + memory->count++) % READINGS] = (struct reading){mono_ms, kg};
    remember_hour(memory);
}

/* --- slopes ------------------------------------------------------------------------------------------------------- */

/* kg/h that went since `from`, within the last 15 minutes. */
static struct number loss_rate(const struct memory *memory, int64_t from_mono_ms)
{
    struct robust_point of[ROBUST_SLOPE_MAX];
    size_t count = 0;
    for (size_t i = memory->count; i > 0 && count < ROBUST_SLOPE_MAX; i--) {
        const struct reading *reading = reading_at(memory, i - 1);
        if (reading->mono_ms < from_mono_ms)
            break;
        of[count++] = (struct robust_point){(double)reading->mono_ms / HOUR_MS, reading->kg};
    }
    if (count < SLOPE_READINGS_MIN)
        return number_none(REASON_STARTING);
    struct number rate = number_good(fmax(-robust_slope(of, count), 0));
    if (of[0].x - of[count - 1].x < (double)SLOPE_SURE_MS / HOUR_MS)
        rate.quality = QUALITY_UNCERTAIN;
    return rate;
}

/* The slopes change with a new reading, and when one has become too old. */
static void rate_loss(struct memory *memory, int64_t mono_ms)
{
    int64_t const newest_ms = memory->count > 0 ? reading_at(memory, memory->count - 1)->mono_ms : mono_ms;
    if (newest_ms < mono_ms && mono_ms - memory->rated_mono_ms < READING_EVERY_MS)
        return;
    int64_t const from_ms = mono_ms - SLOPE_MS + 1;
    memory->rated_mono_ms = mono_ms;
    memory->usage = loss_rate(memory, from_ms);
    memory->behind_valve = memory->closed_mono_ms > from_ms ? loss_rate(memory, memory->closed_mono_ms) : memory->usage;
}

static double median_of(const struct memory *memory, size_t from)
{
    double kg[LEAK_ENDS];
    for (size_t i = 0; i < LEAK_ENDS; i++)
        kg[i] = reading_at(memory, from + i)->kg;
    return robust_median(kg, LEAK_ENDS);
}

/* Has mass gone since the valve closed, within the last half hour? */
static enum tri is_losing(const struct memory *memory, int64_t mono_ms)
{
    int64_t const from_ms = memory->closed_mono_ms > mono_ms - LEAK_MS ? memory->closed_mono_ms : mono_ms - LEAK_MS + 1;
    size_t first = 0;
    while (first < memory->count && reading_at(memory, first)->mono_ms < from_ms)
        first++;
    if (memory->count - first < 2 * (size_t)LEAK_ENDS)
        return TRI_UNKNOWN;
    return tri_of(median_of(memory, first) - median_of(memory, memory->count - LEAK_ENDS) > LEAK_KG + TINY_KG);
}

/* --- points ------------------------------------------------------------------------------------------------------- */

static void doubt_masses(struct derive *derive)
{
    static const uint8_t doubts[] = {SCALE_UNSTABLE, SCALE_OVERFLOW, SCALE_OVERLOAD};
    static const uint8_t masses[] = {GROSS_MASS, NET_MASS, FILL_PCT};
    bool doubtful = false;
    for (size_t i = 0; i < ARRAY_SIZE(doubts); i++)
        doubtful = doubtful || (derive_has(derive, doubts[i]) && derive_bool(derive, doubts[i]) == TRI_YES);
    for (size_t i = 0; doubtful && i < ARRAY_SIZE(masses); i++)
        if (derive->samples[masses[i]].quality == QUALITY_GOOD)
            derive->samples[masses[i]].quality = QUALITY_UNCERTAIN;
}

static void derive_net(struct derive *derive)
{
    struct number const gross = number_of(derive, points, GROSS_MASS);
    struct number const tare = derive_has(derive, TARE_MASS) ? number_of(derive, points, TARE_MASS)
                                                             : number_of_setting(derive, SET_TARE_STAMPED);
    struct number net = number_with(gross, tare);
    net.value = number_is_known(net) ? gross.value - tare.value : 0;
    number_put(derive, NET_MASS, net);
}

static struct number max_fill(const struct derive *derive)
{
    struct number const given = number_of_setting(derive, SET_MAX_FILL_MASS);
    struct number const type = number_of_setting(derive, SET_CYLINDER_TYPE);
    if (number_is_known(given) || !number_is_known(type))
        return given;
    return number_good(max_fill_of_type[(size_t)type.value]);
}

static void derive_filling(struct derive *derive)
{
    struct number const net = number_of(derive, points, NET_MASS);
    struct number const most = max_fill(derive);
    struct number fill = number_with(net, most);
    bool const known = number_is_known(fill);
    fill.value = known ? net.value / most.value * 100 : 0;
    number_put(derive, FILL_PCT, fill);
    tri_put(derive, OVERFILLED, known ? tri_of(net.value > most.value + OVERFILL_KG + TINY_KG) : TRI_UNKNOWN, NET_MASS);
}

static void derive_tare(struct derive *derive)
{
    struct number const found = number_of(derive, points, TARE_MASS);
    struct number const stamped = number_of_setting(derive, SET_TARE_STAMPED);
    bool const known = number_is_known(found) && number_is_known(stamped);
    bool const apart = known && fabs(found.value - stamped.value) > TARE_APART_KG + TINY_KG;
    tri_put(derive, RESIDUAL_FRAUD, known ? tri_of(apart) : TRI_UNKNOWN, TARE_MASS);
}

static enum tri is_closed(const struct derive *derive)
{
    if (!derive_has(derive, VALVE_STATE) || derive_is_code(derive, VALVE_STATE, VALVE_UNKNOWN) == TRI_YES)
        return TRI_UNKNOWN;
    return derive_is_code(derive, VALVE_STATE, VALVE_CLOSED);
}

/* Since when the valve has been closed, as far as it is known. */
static enum tri watch_valve(const struct derive *derive, struct memory *memory)
{
    enum tri const closed = is_closed(derive);
    if (closed == TRI_NO)
        memory->closed_mono_ms = 0;
    if (closed != TRI_YES || memory->closed_mono_ms != 0)
        return closed;
    memory->closed_mono_ms = derive->mono_ms > 0 ? derive->mono_ms : 1;
    memory->behind_valve = number_none(REASON_STARTING);
    return closed;
}

static void derive_leak(struct derive *derive, const struct memory *memory, enum tri closed, struct number mass)
{
    struct number const rate = number_is_known(mass) ? number_with(memory->behind_valve, mass) : mass;
    number_put(derive, LEAK_MASS_RATE, closed == TRI_YES ? rate : number_none(REASON_INVALID));
    enum tri leak = TRI_NO;
    if (derive_knows(derive, LEAK_MASS_RATE))
        leak = tri_and(closed, number_is_known(mass) ? is_losing(memory, derive->mono_ms) : TRI_UNKNOWN);
    if (derive_has(derive, LEAK_FLAG))
        leak = tri_or(leak, derive_bool(derive, LEAK_FLAG));
    tri_put(derive, LEAK, leak, derive_has(derive, LEAK_FLAG) ? LEAK_FLAG : VALVE_STATE);
}

static void derive_usage(struct derive *derive, const struct memory *memory, struct number mass)
{
    struct number const rate = number_is_known(mass) ? number_with(memory->usage, mass) : mass;
    double const burst_kg_h = BURST_FACTOR * number_of_setting(derive, SET_APPLIANCE_MAX).value;
    number_put(derive, USAGE_RATE, rate);
    tri_put(derive, BURST_FLOW, number_is_known(rate) ? tri_of(rate.value > burst_kg_h) : TRI_UNKNOWN, USAGE_RATE);
}

static void derive_days(struct derive *derive, const struct memory *memory)
{
    struct number days = number_of(derive, points, NET_MASS);
    const struct used *oldest = &memory->hours[memory->first_hour];
    double const seen_days = (double)(memory->now.seen_ms - oldest->seen_ms) / (double)DAY_MS;
    if (number_is_known(days) && (memory->hour_count == 0 || seen_days < 1))
        days = number_none(REASON_STARTING);
    if (number_is_known(days)) {
        double const net = fmax(days.value, 0);
        double const per_day = (memory->now.kg - oldest->kg) / seen_days;
        days.value = per_day * DAYS_MAX > net ? net / per_day : DAYS_MAX;
        if (days.quality == QUALITY_GOOD && seen_days < HOURS_OF_USE / 24)
            days.quality = QUALITY_UNCERTAIN;
    }
    number_put(derive, DAYS_LEFT, days);
}

static void derive_move(struct derive *derive, struct memory *memory, struct number mass)
{
    struct number hours = mass;
    if (derive_has(derive, MOVED)) {
        enum tri const moved = derive_bool(derive, MOVED);
        if (moved == TRI_YES) {
            memory->moved_mono_ms = derive->mono_ms;
            memory->handled = true;
        }
        hours = number_of(derive, points, MOVED);
    }
    hours.value = (double)(derive->mono_ms - memory->moved_mono_ms) / HOUR_MS;
    if (hours.quality == QUALITY_GOOD && !memory->handled)
        hours.quality = QUALITY_UNCERTAIN;
    number_put(derive, HOURS_SINCE_MOVE, hours);
}

/* --- which cylinder ------------------------------------------------------------------------------------------------- */

/* Lighter things than the smallest cylinder (YSP4.7, 3.4 kg) are none. */
#define OCCUPIED_KG 2.0

struct seen {          /* what can be read of the label */
    enum tri readable; /* no: the device has no such point; unknown: it cannot be read now */
    struct qr qr;
};

/* The first of these points that says something. */
static struct seen see_label(const struct derive *derive, const uint8_t *of, size_t of_count)
{
    struct seen seen = {.readable = TRI_NO};
    for (size_t i = 0; i < of_count && seen.qr.code.size == 0; i++) {
        const struct sample *sample = &derive->samples[of[i]];
        if (!derive_has(derive, of[i]))
            continue;
        if (sample->quality == QUALITY_BAD || derive->texts == NULL) {
            seen.readable = TRI_UNKNOWN;
            continue;
        }
        seen.readable = seen.readable == TRI_NO ? TRI_YES : seen.readable;
        seen.qr = qr_read(derive->texts + sample->value.text.offset, sample->value.text.size);
    }
    return seen;
}

static struct seen see_code(const struct derive *derive)
{
    static const uint8_t codes[] = {CYLINDER_CODE, QR_RAW, REG_CODE};
    return see_label(derive, codes, ARRAY_SIZE(codes));
}

/* Is it over? Of a month when its last day has come. */
static enum tri is_over(const struct derive *derive, int32_t day)
{
    return derive->today_known ? tri_of(derive->today >= day) : TRI_UNKNOWN;
}

static enum tri text_is_over(const struct derive *derive, size_t point)
{
    const struct sample *sample = &derive->samples[point];
    int32_t day = 0;
    if (!derive_has(derive, point))
        return TRI_NO;
    if (sample->quality == QUALITY_BAD || derive->texts == NULL)
        return TRI_UNKNOWN;
    bool const said = qr_read_day(derive->texts + sample->value.text.offset, sample->value.text.size, &day);
    return said ? is_over(derive, day) : TRI_NO;
}

static enum tri label_is_over(const struct derive *derive)
{
    static const uint8_t labels[] = {QR_RAW, CYLINDER_CODE};
    enum tri over = TRI_NO;
    for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
        struct seen const seen = see_label(derive, &labels[i], 1);
        if (seen.qr.has_scrap)
            over = tri_or(over, is_over(derive, seen.qr.scrap_day));
        else if (seen.readable == TRI_UNKNOWN)
            over = tri_or(over, TRI_UNKNOWN);
    }
    return over;
}

static enum tri state_is(const struct derive *derive, uint32_t code)
{
    return derive_has(derive, CYLINDER_STATE) ? derive_is_code(derive, CYLINDER_STATE, code) : TRI_NO;
}

static void derive_expired(struct derive *derive)
{
    enum tri expired = tri_or(state_is(derive, CYLINDER_OVERDUE), state_is(derive, CYLINDER_SCRAPPED));
    expired = tri_or(expired, label_is_over(derive));
    expired = tri_or(expired, tri_or(text_is_over(derive, SCRAP_MONTH), text_is_over(derive, NEXT_INSPECT)));
    tri_put(derive, CYLINDER_EXPIRED, expired, derive_has(derive, CYLINDER_STATE) ? CYLINDER_STATE : QR_RAW);
}

static enum tri is_listed(const struct cylinder_list *list, struct qr_part code)
{
    size_t low = 0;
    for (size_t high = list->code_count; low < high;) {
        size_t const middle = low + (high - low) / 2;
        const char *listed = list->codes[middle];
        int const order = strncmp(listed, code.at, code.size);
        if (order == 0 && listed[code.size] == '\0')
            return TRI_YES;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return TRI_NO;
}

/* Something stands there that shows no code, or one that is not listed. */
static enum tri is_strange(const struct derive *derive, struct seen seen)
{
    if (seen.qr.code.size > 0 && derive->doubled)
        return TRI_YES; /* one label, one cylinder */
    if (seen.qr.code.size > 0)
        return derive->cylinders == NULL ? TRI_NO : tri_not(is_listed(derive->cylinders, seen.qr.code));
    if (seen.readable != TRI_YES)
        return seen.readable;
    struct number const gross = number_of(derive, points, GROSS_MASS);
    if (!derive_has(derive, GROSS_MASS))
        return TRI_NO;
    return number_is_known(gross) ? tri_of(gross.value >= OCCUPIED_KG) : TRI_UNKNOWN;
}

static void derive_strange(struct derive *derive)
{
    enum tri const strange = tri_or(state_is(derive, CYLINDER_UNKNOWN), is_strange(derive, see_code(derive)));
    tri_put(derive, CYLINDER_STRANGE, strange, derive_has(derive, CYLINDER_STATE) ? CYLINDER_STATE : CYLINDER_CODE);
}

static void lpg_mounted(const struct derive *derive, struct class_item *ret_item)
{
    static const uint8_t people[] = {DELIVERY_UNIT, FILL_WORKER};
    struct seen const code = see_code(derive);
    struct number const mass = number_of(derive, points, derive_has(derive, GROSS_MASS) ? GROSS_MASS : NET_MASS);
    *ret_item = (struct class_item){
        .code = code.qr.code.at, .code_size = code.qr.code.size, .has_mass = number_is_known(mass), .mass = mass.value};
    for (size_t i = 0; i < ARRAY_SIZE(people) && ret_item->by_size == 0; i++) {
        const struct sample *sample = &derive->samples[people[i]];
        if (!derive_has(derive, people[i]) || sample->quality == QUALITY_BAD || derive->texts == NULL)
            continue;
        ret_item->by = derive->texts + sample->value.text.offset;
        ret_item->by_size = sample->value.text.size;
    }
}

void lpg_derive(struct derive *derive)
{
    CHECK(derive->sample_count == POINT_COUNT);
    struct memory *memory = derive->memory;
    if (!memory->begun)
        memory->moved_mono_ms = derive->mono_ms;
    memory->begun = true;
    doubt_masses(derive);
    derive_net(derive);
    derive_filling(derive);
    derive_tare(derive);
    struct number const mass = number_of(derive, points, derive_has(derive, GROSS_MASS) ? GROSS_MASS : NET_MASS);
    if (mass.quality == QUALITY_GOOD)
        note_mass(memory, derive->mono_ms, mass.value,
                  BURST_FACTOR * number_of_setting(derive, SET_APPLIANCE_MAX).value);
    enum tri const closed = watch_valve(derive, memory);
    rate_loss(memory, derive->mono_ms);
    derive_usage(derive, memory, mass);
    derive_leak(derive, memory, closed, mass);
    derive_days(derive, memory);
    derive_move(derive, memory, mass);
    derive_expired(derive);
    derive_strange(derive);
    derive->ret_next_mono_ms = INT64_MAX;
}

#define LPG_TABLES                                                                                                     \
    .points = points, .point_count = ARRAY_SIZE(points), .alarms = alarms, .alarm_count = ARRAY_SIZE(alarms),          \
    .derive = lpg_derive, .mounted = lpg_mounted, .memory_size = sizeof(struct memory), .settings = settings,          \
    .setting_count = ARRAY_SIZE(settings)

const struct device_class lpg_cylinder_class = {
    .id = "lpg_cylinder", .zh = "液化气瓶", .en = "LPG cylinder", LPG_TABLES};
const struct device_class lpg_scale_class = {.id = "lpg_scale", .zh = "液化气瓶秤", .en = "LPG scale", LPG_TABLES};
