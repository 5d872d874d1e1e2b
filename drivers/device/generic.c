#include "drivers/device/generic.h"

#include "drivers/device/rows.h"

/* Any other id is good too. These are known so that use of something that is registered as stopped can be seen. */
static const struct class_point points[] = {
    {POINT_NUMBER("run_hours", "h", 0, NO_LIMIT, 0, POLL_SLOW, "累计运行时间", "running time"), .use = USE_COUNTS},
    {POINT_WHOLE("run_count", "{count}", POLL_SLOW, "累计运行次数", "number of runs"), .use = USE_COUNTS},
    {POINT_WHOLE("start_count", "{count}", POLL_SLOW, "累计启动次数", "number of starts"), .use = USE_COUNTS},
    {POINT_BOOL("running", POLL_NORMAL, "运行", "running"), .use = USE_SHOWS},
};

static const struct class_alarm alarms[] = {
    {ALARM_COMM(60, 10, 86400, PRIORITY_MEDIUM, "通信中断", "device does not answer")},
};

const struct device_class generic_class = {
    .id = "generic",
    .zh = "通用设备",
    .en = "generic device",
    .points = points,
    .point_count = ARRAY_SIZE(points),
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .open = true,
};
