/* wire_site: a small site for the tests of what is recorded and sent: one gas detector with every type of point, one lift
 * without rules, one bus, one interlock. Centres and the journal's directory are set by each test. */
#ifndef OUTPOST_TESTS_SUPPORT_WIRE_SITE_H
#define OUTPOST_TESTS_SUPPORT_WIRE_SITE_H

#include <string.h>

#include "gateway/model/news.h"
#include "gateway/model/site.h"

enum { WIRE_GAS, WIRE_LIFT, WIRE_DEVICES };
enum { WIRE_GAS_HIGH, WIRE_GAS_MODE, WIRE_GAS_COMM, WIRE_BUS_LOST, WIRE_TRIP_FAILED, WIRE_RULES };
enum { WIRE_LEL, WIRE_MODE, WIRE_FAULT, WIRE_RUNS, WIRE_TOTAL, WIRE_SERIAL, WIRE_GAS_POINTS };

static const struct code wire_codes[] = {{"normal", "正常", "normal"}, {"warmup", "预热", "warming up"}};
static const struct device_class wire_gas_class = {.id = "gas_detector"};
static const struct device_class wire_lift_class = {.id = "lift"};
static const struct device_point wire_gas_points[WIRE_GAS_POINTS] = {
    {.id = "gas_lel_pct", .unit = "%{LEL}", .type = VALUE_NUMBER, .single = true, .zh = "燃气浓度", .en = "gas"},
    {.id = "detector_mode", .unit = "", .type = VALUE_ENUM, .codes = wire_codes, .code_count = 2, .zh = "", .en = ""},
    {.id = "fault", .unit = "", .type = VALUE_BOOL, .zh = "故障", .en = "fault"},
    {.id = "runs", .unit = "1", .type = VALUE_INT, .zh = "", .en = ""},
    {.id = "total", .unit = "L", .type = VALUE_UINT, .zh = "", .en = ""},
    {.id = "serial", .unit = "", .type = VALUE_TEXT, .zh = "", .en = ""},
};
static const struct device_point wire_lift_points[] = {
    {.id = "car_speed", .unit = "m/s", .type = VALUE_NUMBER, .zh = "速度", .en = "speed"},
};
static const struct site_device wire_devices[WIRE_DEVICES] = {
    {.id = "gas-kitchen",
     .class = &wire_gas_class,
     .points = wire_gas_points,
     .point_count = WIRE_GAS_POINTS,
     .rule_first = WIRE_GAS_HIGH,
     .rule_count = 3,
     .identity_json = "{\"reg_cod\":\"123\"}",
     .use_cod = "",
     .profile = "honeywell-xcd",
     .max_silence_ms = 60000},
    {.id = "lift-1",
     .class = &wire_lift_class,
     .points = wire_lift_points,
     .point_count = 1,
     .rule_first = 3,
     .rule_count = 0,
     .identity_json = "{}",
     .use_cod = "梯11鲁G00025(14)",
     .profile = ""},
};
static const struct subject wire_subjects[] = {
    {"gas-kitchen", "gas_detector", SUBJECT_DEVICE, WIRE_GAS, WIRE_GAS_HIGH, 3},
    {"lift-1", "lift", SUBJECT_DEVICE, WIRE_LIFT, 3, 0},
    {"rs485-1", "bus", SUBJECT_BUS, 0, WIRE_BUS_LOST, 1},
    {"kitchen-trip", "interlock", SUBJECT_INTERLOCK, 0, WIRE_TRIP_FAILED, 1},
};
static const struct rule wire_rules[WIRE_RULES] = {
    {.id = "gas.high",
     .subject = 0,
     .point = WIRE_LEL,
     .kind = RULE_HI,
     .limit = 40,
     .priority = PRIORITY_CRITICAL,
     .latch = true,
     .unit = "%{LEL}",
     .code_system = "GB/T 38656-2020",
     .code = "11",
     .zh = "燃气高报",
     .en = "gas high"},
    {.id = "gas.mode",
     .subject = 0,
     .point = WIRE_MODE,
     .kind = RULE_CODE,
     .limit = NO_LIMIT,
     .priority = PRIORITY_MEDIUM,
     .unit = "",
     .zh = "",
     .en = ""},
    {.id = "comm.lost",
     .subject = 0,
     .point = -1,
     .kind = RULE_COMM,
     .limit = NO_LIMIT,
     .priority = PRIORITY_HIGH,
     .unit = "",
     .zh = "通信中断",
     .en = "no answer"},
    {.id = "bus.lost",
     .subject = 2,
     .point = -1,
     .kind = RULE_COMM,
     .limit = NO_LIMIT,
     .priority = PRIORITY_HIGH,
     .unit = "",
     .zh = "",
     .en = ""},
    {.id = "interlock.failed",
     .subject = 3,
     .point = -1,
     .kind = RULE_FAILED,
     .limit = NO_LIMIT,
     .priority = PRIORITY_CRITICAL,
     .unit = "",
     .zh = "",
     .en = ""},
};
static const struct site_bus wire_buses[] = {{.id = "rs485-1"}};
static const struct site_slave wire_slaves[] = {{.id = "gas-kitchen", .bus = 0}};
static const struct site_interlock wire_interlocks[] = {
    {.id = "kitchen-trip", .subject = 3, .failed_rule = WIRE_TRIP_FAILED}};

static inline struct site wire_site(const struct site_centre *centres, size_t centre_count, const char *journal_dir)
{
    return (struct site){
        .file = "/etc/outpost/site.json",
        .sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        .id = "lq-xz-0001",
        .name = "test",
        .time_zone = "Asia/Shanghai",
        .language = "zh",
        .area_code = "",
        .grid_code = "370724001002003",
        .buses = wire_buses,
        .bus_count = 1,
        .slaves = wire_slaves,
        .slave_count = 1,
        .devices = wire_devices,
        .device_count = WIRE_DEVICES,
        .subjects = wire_subjects,
        .subject_count = sizeof wire_subjects / sizeof wire_subjects[0],
        .rules = wire_rules,
        .rule_count = WIRE_RULES,
        .interlocks = wire_interlocks,
        .interlock_count = 1,
        .centres = centres,
        .centre_count = centre_count,
        .journal = {.dir = journal_dir, .size_max = (uint64_t)64 * 1024 * 1024, .keep_sent_s = 7 * 24 * 3600},
    };
}

/* One telemetry record of the lift. */
static inline struct news wire_telemetry(double speed, int64_t utc_ms)
{
    struct news news;
    memset(&news, 0, sizeof news);
    news.kind = NEWS_TELEMETRY;
    news.synced = 1;
    news.utc_ms = utc_ms;
    news.is.telemetry.device = WIRE_LIFT;
    news.is.telemetry.sample_count = 1;
    news.is.telemetry.samples[0] = (struct sample){.value.number = speed, .quality = QUALITY_GOOD};
    return news;
}

/* One change of state of a rule, with the state it leads to. */
static inline struct news wire_alarm(uint32_t rule, enum alarm_event event, enum alarm_state from, enum alarm_state to,
                                     uint32_t occurrence, int64_t utc_ms)
{
    struct news news;
    memset(&news, 0, sizeof news);
    news.kind = NEWS_ALARM;
    news.has_stored = 1;
    news.synced = 1;
    news.utc_ms = utc_ms;
    news.stored = (struct stored){.kind = STORED_RULE,
                                  .state = (uint8_t)to,
                                  .flags = STORED_CONDITION,
                                  .index = rule,
                                  .occurrence = occurrence,
                                  .has_value = 1,
                                  .since_utc_ms = utc_ms,
                                  .value = 52.1};
    news.is.alarm = (struct news_alarm){.rule = rule,
                                        .event = (uint8_t)event,
                                        .from = (uint8_t)from,
                                        .to = (uint8_t)to,
                                        .has_value = 1,
                                        .occurrence = occurrence,
                                        .value = 52.1};
    return news;
}

#endif
