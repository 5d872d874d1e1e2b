#include "drivers/device/generic.h"

#include "drivers/device/rows.h"

static const struct class_alarm alarms[] = {
    {ALARM_COMM(60, 10, 86400, PRIORITY_MEDIUM, "通信中断", "device does not answer")},
};

const struct device_class generic_class = {
    .id = "generic",
    .zh = "通用设备",
    .en = "generic device",
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .open = true,
};
