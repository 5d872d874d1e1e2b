#include "drivers/device/io.h"

#include "drivers/device/rows.h"

/* clang-format off */
#define RELAY(n) {POINT_BOOL("relay_" #n, POLL_SAFETY, "继电器 " #n, "relay " #n)}
#define INPUT(n) {POINT_BOOL("input_" #n, POLL_SAFETY, "输入 " #n, "input " #n)}
#define IN(n)    {POINT_BOOL("in_" #n, POLL_SAFETY, "输入 " #n, "input " #n)}
#define SIXTEEN(row_) \
    row_(1), row_(2), row_(3), row_(4), row_(5), row_(6), row_(7), row_(8), \
    row_(9), row_(10), row_(11), row_(12), row_(13), row_(14), row_(15), row_(16)

static const struct class_point points[] = {SIXTEEN(RELAY), SIXTEEN(INPUT), SIXTEEN(IN)};

static const struct class_alarm alarms[] = {
    {ALARM_COMM(10, 5, 90, PRIORITY_HIGH, "输入输出模块通信中断", "I/O board does not answer")},
};
/* clang-format on */

const struct device_class io_class = {
    .id = "io",
    .zh = "输入输出模块",
    .en = "input/output board",
    .points = points,
    .point_count = ARRAY_SIZE(points),
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .open = true,
};
