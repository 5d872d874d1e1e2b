#include "drivers/device/generic.h"

#include "gateway/base/check.h"

static const struct class_alarm alarms[] = {
    {.id = "comm.lost",
     .kind = RULE_COMM,
     .limit = NO_LIMIT,
     .limit_ceiling = NO_LIMIT,
     .on_delay_ms = 60000,
     .off_delay_ms = 10000,
     .on_delay_max_ms = 24U * 3600 * 1000,
     .priority = PRIORITY_MEDIUM,
     .shelvable = true,
     .zh = "通信中断",
     .en = "device does not answer"},
};

const struct device_class generic_class = {
    .id = "generic",
    .zh = "通用设备",
    .en = "generic device",
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .open = true,
};
