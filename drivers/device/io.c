#include "drivers/device/io.h"

#include "gateway/base/check.h"

#define CHANNEL(name, zh_, en_)                                                                                        \
    {                                                                                                                  \
        .id = (name), .unit = "", .type = VALUE_BOOL, .minimum = NO_LIMIT, .maximum = NO_LIMIT, .poll = POLL_SAFETY,   \
        .zh = (zh_), .en = (en_)                                                                                       \
    }
#define RELAY(n) CHANNEL("relay_" #n, "继电器 " #n, "relay " #n)
#define INPUT(n) CHANNEL("input_" #n, "输入 " #n, "input " #n)
#define IN(n)    CHANNEL("in_" #n, "输入 " #n, "input " #n)

static const struct class_point points[] = {
    RELAY(1), RELAY(2), RELAY(3), RELAY(4), RELAY(5), RELAY(6), RELAY(7), RELAY(8),
    INPUT(1), INPUT(2), INPUT(3), INPUT(4), INPUT(5), INPUT(6), INPUT(7), INPUT(8),
    IN(1),    IN(2),    IN(3),    IN(4),    IN(5),    IN(6),    IN(7),    IN(8),
};

static const struct class_alarm alarms[] = {
    {.id = "comm.lost",
     .kind = RULE_COMM,
     .limit = NO_LIMIT,
     .limit_ceiling = NO_LIMIT,
     .on_delay_ms = 10000,
     .off_delay_ms = 5000,
     .on_delay_max_ms = 90000,
     .priority = PRIORITY_HIGH,
     .shelvable = true,
     .zh = "输入输出模块通信中断",
     .en = "I/O board does not answer"},
};

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
