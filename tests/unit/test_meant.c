#include "tests/support/test.h"

#include <stdio.h>

#include "gateway/core/meant.h"
#include "gateway/core/payload.h"
#include "tests/support/wire_site.h"

static const char *const lifts[] = {"lift"};
static const char *const kitchen[] = {"gas-kitchen"};

static struct site_centre centre_of(struct site_only only, enum drills drills)
{
    return (struct site_centre){.filtered = true, .only = only, .drills = drills};
}

/* Real records, as the recorder writes them. */
static bool alarm_is_meant(const struct site_centre *centre, uint32_t rule, bool test)
{
    struct site const site = wire_site(NULL, 0, "");
    struct payload_stamp const stamp = {.stream = "9f3c2a71", .lane = 'a', .seq = 1, .boot = 1, .synced = true};
    struct news news = wire_alarm(rule, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, 5);
    char buffer[2048];
    char topic[128];
    struct text text;
    news.is.alarm.test = test;
    text_init(&text, buffer, sizeof buffer);
    payload_alarm(&text, &site, &stamp, &news.is.alarm, 1);
    (void)snprintf(topic, sizeof topic, "alarm/%s", site.subjects[site.rules[rule].subject].id);
    return meant_record(centre, topic, text.at, text.used);
}

static bool telemetry_is_meant(const struct site_centre *centre, bool test)
{
    struct site const site = wire_site(NULL, 0, "");
    struct payload_stamp const stamp = {.stream = "9f3c2a71", .lane = 't', .seq = 1, .boot = 1, .synced = true};
    struct news news = wire_telemetry(1, 5);
    char buffer[2048];
    struct text text;
    news.is.telemetry.test = test;
    text_init(&text, buffer, sizeof buffer);
    payload_telemetry(&text, &site, &stamp, &news.is.telemetry);
    return meant_record(centre, "telemetry/lift-1", text.at, text.used);
}

static void classes_and_devices_add_up(void **state)
{
    (void)state;
    struct site_centre const none = centre_of((struct site_only){.lowest = PRIORITY_INFO}, DRILLS_MARK);
    struct site_centre const by_class =
        centre_of((struct site_only){.classes = lifts, .class_count = 1, .lowest = PRIORITY_INFO}, DRILLS_MARK);
    struct site_centre const by_device =
        centre_of((struct site_only){.devices = kitchen, .device_count = 1, .lowest = PRIORITY_INFO}, DRILLS_MARK);
    assert_true(telemetry_is_meant(&none, false));
    assert_true(alarm_is_meant(&none, WIRE_BUS_LOST, false));
    assert_true(telemetry_is_meant(&by_class, false));
    assert_false(alarm_is_meant(&by_class, WIRE_GAS_HIGH, false));
    assert_false(alarm_is_meant(&by_class, WIRE_BUS_LOST, false));
    assert_true(alarm_is_meant(&by_device, WIRE_GAS_HIGH, false));
    assert_false(telemetry_is_meant(&by_device, false));
    assert_true(meant_subject(&by_device, "gas-kitchen", "gas_detector"));
    assert_false(meant_subject(&by_device, "lift-1", "lift"));
    assert_true(meant_subject(&by_class, "lift-1", "lift"));
    assert_true(meant_record(&by_class, "event", "{\"v\":1}", 7));
}

static void priority_is_a_floor_for_alarms(void **state)
{
    (void)state;
    struct site_centre const high = centre_of((struct site_only){.lowest = PRIORITY_HIGH}, DRILLS_MARK);
    assert_true(alarm_is_meant(&high, WIRE_GAS_HIGH, false));  /* critical */
    assert_true(alarm_is_meant(&high, WIRE_GAS_COMM, false));  /* high */
    assert_false(alarm_is_meant(&high, WIRE_GAS_MODE, false)); /* medium */
    assert_true(telemetry_is_meant(&high, false));
}

static void drills_leave_only_what_is_critical(void **state)
{
    (void)state;
    struct site_centre const drop = centre_of((struct site_only){.lowest = PRIORITY_INFO}, DRILLS_DROP);
    assert_false(telemetry_is_meant(&drop, true));
    assert_true(telemetry_is_meant(&drop, false));
    assert_true(alarm_is_meant(&drop, WIRE_GAS_HIGH, true));
    assert_false(alarm_is_meant(&drop, WIRE_GAS_MODE, true));
    assert_true(alarm_is_meant(&drop, WIRE_GAS_MODE, false));
}

static void doubt_counts_for_the_alarm(void **state)
{
    (void)state;
    static const char strange[] = "{\"v\":1,\"dev\":\"x\",\"cls\":\"y\",\"priority\":\"unheard-of\"}";
    struct site_centre const high = centre_of((struct site_only){.lowest = PRIORITY_CRITICAL}, DRILLS_DROP);
    assert_true(meant_record(&high, "alarm/x", strange, sizeof strange - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_and_devices_add_up),
        cmocka_unit_test(priority_is_a_floor_for_alarms),
        cmocka_unit_test(drills_leave_only_what_is_critical),
        cmocka_unit_test(doubt_counts_for_the_alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
