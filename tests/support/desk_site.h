/* desk_site: a small site for tests of what reads a site but does not load one. Two gas detectors that share an alarm id,
 * a valve with a text point, a zone, an interlock, one bus, one centre. */
#ifndef OUTPOST_TESTS_SUPPORT_DESK_SITE_H
#define OUTPOST_TESTS_SUPPORT_DESK_SITE_H

#include "gateway/model/site.h"

enum { DEV_KITCHEN, DEV_STORE, DEV_VALVE, DEV_COUNT };
enum {
    RULE_KITCHEN_HIGH,
    RULE_KITCHEN_COMM,
    RULE_STORE_HIGH,
    RULE_VALVE_STUCK,
    RULE_BUS_LOST,
    RULE_TRIP_FAILED,
    RULE_COUNT
};

static const struct code desk_codes[] = {{"normal", "正常", "normal"}, {"warmup", "预热", "warming up"}};
static const struct device_class desk_class_gas = {.id = "gas_detector", .zh = "燃气探测器", .en = "gas detector"};
static const struct device_class desk_class_io = {.id = "io", .zh = "输入输出", .en = "inputs and outputs"};
static const struct device_point desk_gas_points[] = {
    {.id = "gas_lel_pct", .unit = "%{LEL}", .type = VALUE_NUMBER, .single = true, .zh = "燃气浓度", .en = "gas"},
    {.id = "mode", .unit = "", .type = VALUE_ENUM, .codes = desk_codes, .code_count = 2, .zh = "模式", .en = "mode"},
};
static const struct device_point desk_io_points[] = {
    {.id = "input_1", .unit = "", .type = VALUE_BOOL, .zh = "关到位", .en = "closed"},
    {.id = "serial", .unit = "", .type = VALUE_TEXT, .zh = "", .en = ""},
    {.id = "strokes", .unit = "1", .type = VALUE_UINT, .zh = "", .en = ""},
    {.id = "offset", .unit = "mm", .type = VALUE_INT, .zh = "", .en = ""},
};
static const struct site_device desk_devices[DEV_COUNT] = {
    {.id = "gas-kitchen", .class = &desk_class_gas, .points = desk_gas_points, .point_count = 2, .rule_count = 2},
    {.id = "gas-store",
     .class = &desk_class_gas,
     .points = desk_gas_points,
     .point_count = 2,
     .rule_first = 2,
     .rule_count = 1},
    {.id = "valve-kitchen",
     .class = &desk_class_io,
     .points = desk_io_points,
     .point_count = 4,
     .rule_first = 3,
     .rule_count = 1},
};
static const struct subject desk_subjects[] = {
    {"gas-kitchen", "gas_detector", SUBJECT_DEVICE, DEV_KITCHEN, RULE_KITCHEN_HIGH, 2},
    {"gas-store", "gas_detector", SUBJECT_DEVICE, DEV_STORE, RULE_STORE_HIGH, 1},
    {"valve-kitchen", "io", SUBJECT_DEVICE, DEV_VALVE, RULE_VALVE_STUCK, 1},
    {"rs485-1", "bus", SUBJECT_BUS, 0, RULE_BUS_LOST, 1},
    {"kitchen-gas-trip", "interlock", SUBJECT_INTERLOCK, 0, RULE_TRIP_FAILED, 1},
};
static const struct rule desk_rules[RULE_COUNT] = {
    {.id = "gas.high",
     .subject = 0,
     .point = 0,
     .kind = RULE_HI,
     .limit = 40,
     .priority = PRIORITY_CRITICAL,
     .unit = "%{LEL}",
     .zh = "燃气高限",
     .en = "gas high"},
    {.id = "comm.lost",
     .subject = 0,
     .point = -1,
     .kind = RULE_COMM,
     .priority = PRIORITY_HIGH,
     .unit = "",
     .zh = "通信中断",
     .en = "no communication"},
    {.id = "gas.high",
     .subject = 1,
     .point = 0,
     .kind = RULE_HI,
     .limit = 40,
     .priority = PRIORITY_CRITICAL,
     .unit = "%{LEL}",
     .zh = "燃气高限",
     .en = "gas high"},
    {.id = "valve.stuck",
     .subject = 2,
     .point = 0,
     .kind = RULE_BIT,
     .priority = PRIORITY_MEDIUM,
     .unit = "",
     .zh = "阀门卡住",
     .en = "valve stuck"},
    {.id = "bus.lost",
     .subject = 3,
     .point = -1,
     .kind = RULE_COMM,
     .priority = PRIORITY_HIGH,
     .unit = "",
     .zh = "总线断开",
     .en = "bus lost"},
    {.id = "interlock.failed",
     .subject = 4,
     .point = -1,
     .kind = RULE_FAILED,
     .priority = PRIORITY_CRITICAL,
     .unit = "",
     .zh = "联锁动作失败",
     .en = "interlock failed"},
};
static const struct site_bus desk_buses[] = {{.id = "rs485-1", .kind = LINK_RTU}};
static const struct slave_point desk_slave_points[] = {{.id = "gas_lel_pct"}};
static const struct site_slave desk_slaves[] = {
    {.id = "gas-kitchen", .bus = 0, .unit = 1, .points = desk_slave_points, .point_count = 1}};
static const struct site_zone desk_zones[] = {{.id = "kitchen"}};
static const struct site_interlock desk_interlocks[] = {
    {.id = "kitchen-gas-trip", .subject = 4, .zone = 0, .device = -1, .latch = true, .failed_rule = RULE_TRIP_FAILED}};
static const struct site_centre desk_centres[] = {{.id = "property"}};

static const struct site desk_site = {
    .file = "/etc/outpost/site.json",
    .id = "demo-0001",
    .name = "演示 \"1\"",
    .time_zone = "Asia/Shanghai",
    .buses = desk_buses,
    .bus_count = 1,
    .slaves = desk_slaves,
    .slave_count = 1,
    .devices = desk_devices,
    .device_count = DEV_COUNT,
    .subjects = desk_subjects,
    .subject_count = 5,
    .rules = desk_rules,
    .rule_count = RULE_COUNT,
    .zones = desk_zones,
    .zone_count = 1,
    .interlocks = desk_interlocks,
    .interlock_count = 1,
    .centres = desk_centres,
    .centre_count = 1,
};

#endif
