#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/core/thin.h"

#define MINUTE_MS 60000

static struct thin thin;

static void add(int64_t at_ms, const char *topic, double value, const char *mode, const char *bad)
{
    char payload[256];
    int const size =
        snprintf(payload, sizeof payload, "{\"v\":1,\"dev\":\"d\",\"values\":{\"t\":%g,\"mode\":\"%s\"},\"bad\":{%s}}",
                 value, mode, bad);
    assert_true(thin_add(&thin, at_ms, topic, payload, (size_t)size));
}

static void expect(const char *kept)
{
    for (size_t i = 0; i < strlen(kept); i++)
        if (thin_keeps(&thin, i) != (kept[i] == 'x'))
            fail_msg("record %zu should %s", i, kept[i] == 'x' ? "stay" : "go");
}

/* Of a minute: the first of all (nothing is known before it), the lowest, the highest, the last. */
static void lowest_highest_and_last_stay(void **state)
{
    static const double values[] = {5, 6, 4, 9, 7, 8, 6, 5.5};
    (void)state;
    thin_begin(&thin, MINUTE_MS);
    for (size_t i = 0; i < 8; i++)
        add((int64_t)i * 1000, "telemetry/a", values[i], "on", "");
    expect("x.xx...x");
}

static void each_bucket_and_each_device_by_itself(void **state)
{
    (void)state;
    thin_begin(&thin, MINUTE_MS);
    for (int i = 0; i < 6; i++) {
        add(i * 20000, "telemetry/a", 1 + i, "on", ""); /* a minute is three of them */
        add(i * 20000, "telemetry/b", 9, "on", "");
    }
    /* a: lowest and last of each minute; b: the first is lowest and highest, and the last */
    expect("xx..xxxx..xx");
}

static void a_change_stays(void **state)
{
    static const char *const modes[] = {"on", "on", "off", "off", "on", "on", "on", "on", "on", "on"};
    (void)state;
    thin_begin(&thin, MINUTE_MS);
    for (size_t i = 0; i < 10; i++)
        add((int64_t)i * 1000, "telemetry/a", 5, modes[i], i == 6 || i == 7 ? "\"u\":\"no_answer\"" : "");
    expect("x.x.x.x.xx");
}

/* A word with whatever in it is one value, and what is no telemetry is left alone. */
static void strange_payloads_stay(void **state)
{
    static const char *const strange[] = {"",
                                          "{",
                                          "{\"values\":{\"a\":1",
                                          "{\"values\":{\"a\"",
                                          "{\"bad\":{}}",
                                          "{\"values\":{\"a\":1,\"b\":\"x\\\",\"},\"bad\":{"};
    (void)state;
    thin_begin(&thin, MINUTE_MS);
    for (size_t i = 0; i < 6; i++)
        assert_true(thin_add(&thin, 0, "telemetry/a", strange[i], strlen(strange[i])));
    expect("xxxxxx");
}

/* More than the table holds: what finds no place stays. */
static void memory_is_bounded(void **state)
{
    char topic[32];
    size_t kept = 0;
    (void)state;
    thin_begin(&thin, 1);
    for (int i = 0; i < THIN_RECORDS_MAX; i++) {
        char payload[1024] = "{\"values\":{";
        for (int j = 0; j < 20; j++)
            (void)snprintf(payload + strlen(payload), 40, "%s\"p%d\":%d", j > 0 ? "," : "", j, i);
        (void)snprintf(payload + strlen(payload), 40, "},\"bad\":{}}");
        (void)snprintf(topic, sizeof topic, "telemetry/%d", i);
        assert_true(thin_add(&thin, i, topic, payload, strlen(payload)));
    }
    assert_false(thin_add(&thin, 0, "telemetry/a", "{}", 2));
    for (size_t i = 0; i < THIN_RECORDS_MAX; i++)
        kept += thin_keeps(&thin, i) ? 1 : 0;
    assert_int_equal(kept, THIN_RECORDS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lowest_highest_and_last_stay),
        cmocka_unit_test(each_bucket_and_each_device_by_itself),
        cmocka_unit_test(a_change_stays),
        cmocka_unit_test(strange_payloads_stay),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
