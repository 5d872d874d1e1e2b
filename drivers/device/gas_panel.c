#include "drivers/device/gas_panel.h"

#include "drivers/device/gas_detector.h"
#include "drivers/device/number.h"
#include "drivers/device/rows.h"

enum point {
    PANEL_FAULT,
    MAINS_OK,
    BATTERY_OK,
    EARTH_FAULT,
    ALARM_COUNT,
    FAULT_COUNT,
    DISABLED_COUNT,
    ANY_ALARM1,
    ANY_ALARM2,
    ANY_FAULT,
    AREA_ALARM1,
    AREA_ALARM2,
    AREA_ALARM3,
    AREA_FAULT,
    AREA_DISABLED,
    MUTED,
    FIRST_ALARM,
    HEARTBEAT,
    CMD_MUTE_ALL,
    CMD_RESET_ALL,
    MAINS_LOST,
    BATTERY_LOST,
    POINT_COUNT
};

/* clang-format off */
static const struct class_point points[POINT_COUNT] = {
    [PANEL_FAULT] = {POINT_BOOL("panel_fault", POLL_SAFETY, "控制器故障", "panel fault")},
    [MAINS_OK] = {POINT_BOOL("mains_ok", POLL_SAFETY, "主电源正常", "mains present")},
    [BATTERY_OK] = {POINT_BOOL("battery_ok", POLL_NORMAL, "备用电源正常", "standby battery healthy")},
    [EARTH_FAULT] = {POINT_BOOL("earth_fault", POLL_NORMAL, "接地故障", "earth fault")},
    [ALARM_COUNT] = {POINT_WHOLE("alarm_count", "{count}", POLL_SAFETY, "报警总数", "channels in alarm")},
    [FAULT_COUNT] = {POINT_WHOLE("fault_count", "{count}", POLL_SAFETY, "故障总数", "channels in fault")},
    [DISABLED_COUNT] = {POINT_WHOLE("disabled_count", "{count}", POLL_NORMAL, "屏蔽总数", "channels disabled")},
    [ANY_ALARM1] = {POINT_BOOL("any_alarm1", POLL_SAFETY, "有通道一级报警", "a channel is in alarm 1"),
                    DERIVED("alarm_count"), .readable = true},
    [ANY_ALARM2] = {POINT_BOOL("any_alarm2", POLL_SAFETY, "有通道二级报警", "a channel is in alarm 2")},
    [ANY_FAULT] = {POINT_BOOL("any_fault", POLL_SAFETY, "有通道故障", "a channel is in fault"),
                   DERIVED("fault_count"), .readable = true},
    [AREA_ALARM1] = {POINT_BOOL("area_alarm1", POLL_SAFETY, "区域一级报警", "area in alarm 1")},
    [AREA_ALARM2] = {POINT_BOOL("area_alarm2", POLL_SAFETY, "区域二级报警", "area in alarm 2")},
    [AREA_ALARM3] = {POINT_BOOL("area_alarm3", POLL_SAFETY, "区域三级报警", "area in alarm 3")},
    [AREA_FAULT] = {POINT_BOOL("area_fault", POLL_SAFETY, "区域故障", "area in fault")},
    [AREA_DISABLED] = {POINT_BOOL("area_disabled", POLL_SAFETY, "区域已屏蔽", "area disabled")},
    [MUTED] = {POINT_BOOL("muted", POLL_NORMAL, "已消音", "sounder muted")},
    [FIRST_ALARM] = {POINT_WHOLE("first_alarm", "", POLL_NORMAL, "首警通道", "channel that alarmed first")},
    [HEARTBEAT] = {POINT_WHOLE("heartbeat", "", POLL_NORMAL, "心跳计数", "heartbeat counter")},
    [CMD_MUTE_ALL] = {POINT_BOOL("cmd_mute_all", POLL_SLOW, "全部消音命令", "order: mute all")},
    [CMD_RESET_ALL] = {POINT_BOOL("cmd_reset_all", POLL_SLOW, "全部复位命令", "order: reset all")},
    [MAINS_LOST] = {POINT_BOOL("mains_lost", POLL_SAFETY, "主电源中断", "mains lost"), DERIVED("mains_ok")},
    [BATTERY_LOST] = {POINT_BOOL("battery_lost", POLL_SAFETY,
                                 "备用电源故障", "standby battery fails"), DERIVED("battery_ok")},
};

/* A fault is shown within 100 s (GB 16808). Delays are engineering choices. */
static const struct class_alarm alarms[] = {
    {ALARM_BIT("panel.alarm1", "any_alarm1", 0, 10, 3, PRIORITY_HIGH, FREE, "控制器一级报警", "panel: alarm 1")},
    {ALARM_BIT("panel.alarm2", "any_alarm2", 0, 10, 3, PRIORITY_CRITICAL, LATCHED, "控制器二级报警", "panel: alarm 2")},
    {ALARM_BIT("panel.area_alarm1", "area_alarm1", 0, 10, 3, PRIORITY_HIGH, FREE, "区域一级报警", "area: alarm 1")},
    {ALARM_BIT("panel.area_alarm2", "area_alarm2", 0, 10, 3, PRIORITY_CRITICAL, LATCHED, "区域二级报警", "area: alarm 2")},
    {ALARM_BIT("panel.area_alarm3", "area_alarm3", 0, 10, 3, PRIORITY_CRITICAL, LATCHED, "区域三级报警", "area: alarm 3")},
    {ALARM_BIT("panel.fault", "panel_fault", 5, 10, 60, PRIORITY_MEDIUM, FREE, "控制器故障", "panel fault")},
    {ALARM_BIT("panel.channel_fault", "any_fault", 5, 10, 60, PRIORITY_MEDIUM, FREE, "有通道故障", "a channel is in fault")},
    {ALARM_BIT("panel.area_fault", "area_fault", 5, 10, 60, PRIORITY_MEDIUM, FREE, "区域故障", "area in fault")},
    {ALARM_BIT("panel.area_disabled", "area_disabled", 5, 10, 60, PRIORITY_MEDIUM, FREE, "区域已屏蔽", "area disabled")},
    {ALARM_BIT("panel.mains", "mains_lost", 5, 30, 60, PRIORITY_MEDIUM, FREE, "控制器主电源中断", "panel has lost its mains")},
    {ALARM_BIT("panel.battery", "battery_lost", 5, 30, 60, PRIORITY_MEDIUM, FREE,
               "控制器备用电源故障", "panel's standby battery fails")},
    {ALARM_BIT("panel.earth", "earth_fault", 5, 30, 300, PRIORITY_LOW, FREE, "控制器接地故障", "panel: earth fault")},
    {ALARM_COMM(30, 5, 90, PRIORITY_HIGH, "控制器通信中断", "panel does not answer")},
};
/* clang-format on */

static enum tri is_counted(const struct derive *derive, size_t point)
{
    struct number const count = number_of(derive, points, point);
    return number_is_known(count) ? tri_of(count.value > 0) : TRI_UNKNOWN;
}

void gas_panel_derive(struct derive *derive)
{
    CHECK(derive->sample_count == POINT_COUNT);
    tri_put(derive, ANY_ALARM1, is_counted(derive, ALARM_COUNT), ALARM_COUNT);
    tri_put(derive, ANY_FAULT, is_counted(derive, FAULT_COUNT), FAULT_COUNT);
    tri_put(derive, MAINS_LOST, tri_not(derive_bool(derive, MAINS_OK)), MAINS_OK);
    tri_put(derive, BATTERY_LOST, tri_not(derive_bool(derive, BATTERY_OK)), BATTERY_OK);
    derive->ret_next_mono_ms = INT64_MAX;
}

const struct device_class gas_panel_class = {
    .id = "gas_panel",
    .zh = "可燃气体报警控制器",
    .en = "gas control panel",
    .points = points,
    .point_count = ARRAY_SIZE(points),
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .derive = gas_panel_derive,
    .channel = &gas_detector_class,
};
