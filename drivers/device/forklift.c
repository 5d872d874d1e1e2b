#include "drivers/device/forklift.h"

#include <math.h>

#include "drivers/device/derive.h"
#include "drivers/device/rows.h"

#define DRIVES_KM_H 1.0

enum point {
    IGNITION,
    OPERATOR_ID,
    OPERATOR_AUTHORISED,
    LICENCE_EXPIRY,
    LICENCE_DUE_DAYS,
    SPEED,
    SEAT_BELT,
    LOAD,
    TILT,
    BATTERY_PCT,
    RUN_HOURS,
    LON,
    LAT,
    UNAUTHORISED,
    UNBELTED,
    TILTED,
    POINT_COUNT
};

#define VERDICT(id_, zh_, en_) POINT_BOOL(id_, POLL_NORMAL, zh_, en_)

static const struct class_point points[POINT_COUNT] = {
    [IGNITION] = {POINT_BOOL("ignition", POLL_NORMAL, "启动开关接通", "switched on"), .use = USE_SHOWS},
    [OPERATOR_ID] = {POINT_TEXT("operator_id", POLL_NORMAL, "司机编号", "operator")},
    [OPERATOR_AUTHORISED] = {POINT_BOOL("operator_authorised", POLL_NORMAL, "司机已授权", "operator authorised")},
    [LICENCE_EXPIRY] = {POINT_TEXT("licence_expiry", POLL_SLOW, "操作证有效期", "licence valid until")},
    [LICENCE_DUE_DAYS] = {POINT_NUMBER("licence_due_days", "d", -36500, 36500, 0.5, POLL_SLOW, "距操作证到期天数",
                                       "days to the end of the licence")},
    [SPEED] = {POINT_NUMBER("speed", "km/h", 0, 60, 1, POLL_NORMAL, "车速", "speed")},
    [SEAT_BELT] = {POINT_BOOL("seat_belt", POLL_NORMAL, "安全带系好", "seat belt fastened")},
    [LOAD] = {POINT_NUMBER("load", "kg", -1000, 60000, 50, POLL_NORMAL, "载荷", "load")},
    [TILT] = {POINT_NUMBER("tilt", "deg", -90, 90, 1, POLL_NORMAL, "车身倾角", "inclination of the truck")},
    [BATTERY_PCT] = {POINT_NUMBER("battery_pct", "%", 0, 100, 1, POLL_SLOW, "电池电量", "battery charge")},
    [RUN_HOURS] = {POINT_NUMBER("run_hours", "h", 0, NO_LIMIT, 0, POLL_SLOW, "累计运行时间", "running time"),
                   .use = USE_COUNTS},
    [LON] = {POINT_NUMBER("lon", "deg", -180, 180, 0.0001, POLL_NORMAL, "经度", "longitude")},
    [LAT] = {POINT_NUMBER("lat", "deg", -90, 90, 0.0001, POLL_NORMAL, "纬度", "latitude")},
    [UNAUTHORISED] = {VERDICT("unauthorised", "无授权使用", "used without authorisation"),
                      DERIVED("ignition operator_authorised|licence_due_days")},
    [UNBELTED] = {VERDICT("unbelted", "未系安全带行驶", "driven without a seat belt"), DERIVED("speed seat_belt")},
    [TILTED] = {VERDICT("tilted", "车身倾斜", "truck inclined"), DERIVED("tilt tilt_limit")},
};

static const struct class_alarm alarms[] = {
    {ALARM_LIMIT("forklift.overspeed", "speed", RULE_HI, NO_LIMIT, NO_LIMIT, 1, 3, 5, 30, PRIORITY_HIGH, FREE,
                 "超速行驶", "driven too fast"),
     .limit_from = {{.setting = "speed_limit", .factor = 1}}},
    {ALARM_BIT("forklift.unauthorised", "unauthorised", 10, 10, 60, PRIORITY_HIGH, FREE, "无授权使用",
               "used without authorisation")},
    {ALARM_BIT("forklift.tilt", "tilted", 1, 5, 10, PRIORITY_HIGH, FREE, "车身倾斜", "truck inclined")},
    {ALARM_LIMIT("forklift.overload", "load", RULE_HI, NO_LIMIT, NO_LIMIT, 50, 2, 5, 30, PRIORITY_HIGH, FREE, "超载",
                 "overloaded"),
     .limit_from = {{.setting = "rated_load", .factor = 1}}},
    {ALARM_BIT("forklift.seat_belt", "unbelted", 5, 5, 60, PRIORITY_MEDIUM, FREE, "未系安全带行驶",
               "driven without a seat belt")},
    {ALARM_LIMIT("forklift.licence", "licence_due_days", RULE_LO, 30, NO_LIMIT, 1, 60, 60, 86400, PRIORITY_LOW, FREE,
                 "操作证即将到期", "licence ends soon")},
    {ALARM_LIMIT("forklift.licence_ll", "licence_due_days", RULE_LOLO, 0, NO_LIMIT, 1, 60, 60, 86400, PRIORITY_MEDIUM,
                 FREE, "操作证已过期", "licence has ended")},
    {ALARM_LIMIT("forklift.battery", "battery_pct", RULE_LO, 20, NO_LIMIT, 2, 60, 60, 3600, PRIORITY_LOW, FREE,
                 "电池电量低", "battery low")},
    {ALARM_COMM(300, 30, 3600, PRIORITY_LOW, "叉车终端通信中断", "forklift terminal does not answer")},
};

enum setting { SPEED_LIMIT, RATED_LOAD, TILT_LIMIT, SETTING_COUNT };

static const struct class_setting settings[SETTING_COUNT] = {
    [SPEED_LIMIT] = {SETTING_NUMBER("speed_limit", "km/h", 1, 40, NO_LIMIT, "限速", "speed limit")},
    [RATED_LOAD] = {SETTING_NUMBER("rated_load", "kg", 100, 50000, NO_LIMIT, "额定起重量", "rated load")},
    [TILT_LIMIT] = {SETTING_NUMBER("tilt_limit", "deg", 1, 45, NO_LIMIT, "允许倾角", "inclination allowed")},
};

/* |point| reaches the limit. */
static enum tri reaches(const struct derive *derive, enum point point, double limit)
{
    const struct sample *sample = &derive->samples[point];
    return sample->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(fabs(sample->value.number) >= limit);
}

static enum tri unauthorised(const struct derive *derive)
{
    enum tri refused = TRI_NO;
    if (derive_knows(derive, OPERATOR_AUTHORISED))
        refused = tri_not(derive_bool(derive, OPERATOR_AUTHORISED));
    if (derive_knows(derive, LICENCE_DUE_DAYS)) {
        const struct sample *days = &derive->samples[LICENCE_DUE_DAYS];
        refused = tri_or(refused, days->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(days->value.number < 0));
    }
    return tri_and(derive_bool(derive, IGNITION), refused);
}

static void derive_all(struct derive *derive)
{
    CHECK(derive->sample_count == POINT_COUNT);
    derive->ret_next_mono_ms = INT64_MAX;
    if (derive_owes(derive, UNAUTHORISED))
        derive_set(derive, UNAUTHORISED, unauthorised(derive), IGNITION);
    if (derive_owes(derive, UNBELTED))
        derive_set(derive, UNBELTED,
                   tri_and(reaches(derive, SPEED, DRIVES_KM_H), tri_not(derive_bool(derive, SEAT_BELT))), SEAT_BELT);
    if (derive_owes(derive, TILTED))
        derive_set(derive, TILTED, reaches(derive, TILT, derive->settings[TILT_LIMIT]), TILT);
}

const struct device_class forklift_class = {
    .id = "forklift",
    .zh = "叉车",
    .en = "forklift",
    .points = points,
    .point_count = ARRAY_SIZE(points),
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .never_written = true,
    .derive = derive_all,
    .settings = settings,
    .setting_count = ARRAY_SIZE(settings),
};
