/* The acceptance report: the same report gives the same bytes, and no text can break it.
 *
 * GOLDEN=write in the environment writes tests/golden/report anew; look at the difference before you keep it. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware-sim/report.h"
#include "firmware-sim/utf8.h"

#define GOLDEN_DIR "tests/golden/report/"
#define BYTES_MAX  ((size_t)256 * 1024)
#define BEGAN_MS   1795310584757
#define NASTY      "<b>&\"'</b><script>alert(1)</script>]]>"

static const struct report_fact identity[] = {
    {"use_cod", "梯11鲁G00025(14)"}, {"reg_cod", NASTY}, {"dates.inspect_next", "2027-03-01"}};
static const struct report_point points[] = {
    {"gas_lel_pct", {"可燃气浓度", "gas"}, "%{LEL}", "0.512345678", "good", true, NULL},
    {"detector_mode", {NULL, NULL}, "", "", "no_answer", false, NULL},
};
static const struct report_point waived_points[] = {
    {"humidity", {"湿度", "humidity"}, "%", "", "invalid", false, "未装 " NASTY},
    {"fault", {NULL, NULL}, "", "false", "good", true, NULL},
    {"gas_zero_24h", {"零点", "zero"}, "%{LEL}", "", "pending", true, NULL},
};
static const struct report_alarm alarms[] = {{"gas.high", {"燃气高限", "gas high"}, "hi", "40", "critical"}};
static const struct report_device devices[] = {
    {"gas-kitchen", "gas_detector", "honeywell-xcd", identity, 3, points, 1, 0, alarms, 1, true, ""},
    {"gas-" NASTY, "gas_detector", "", NULL, 0, points, 2, 0, NULL, 0, false,
     "有测点读数无效 some points have no good reading"},
    {"gas-store", "gas_detector", "honeywell-xcd", NULL, 0, waived_points, 3, 1, alarms, 1, true, ""},
};
static const struct report_row rows[] = {
    {.is_action = true,
     .result = REPORT_PASSED,
     .label = {"喷标准气", "spray test gas"},
     .text = "do leaking leak 60",
     .subject = "gas-kitchen",
     .note = "",
     .since_ms = BEGAN_MS,
     .until_ms = BEGAN_MS + 10,
     .when_ms = REPORT_NEVER,
     .arrived_ms = REPORT_NEVER,
     .took_ms = REPORT_NEVER},
    {.result = REPORT_PASSED,
     .outcome = JUDGED_MET,
     .label = {"燃气高限", "gas high"},
     .text = "alarm gas.high of leaking raised within 60s",
     .subject = "gas-kitchen",
     .note = "",
     .since_ms = BEGAN_MS,
     .until_ms = BEGAN_MS + 60000,
     .when_ms = BEGAN_MS + 29270,
     .arrived_ms = BEGAN_MS + 29311,
     .took_ms = 29270,
     .within_ms = 60000,
     .test = true},
    {.result = REPORT_FAILED,
     .outcome = JUDGED_MISSING,
     .label = {NULL, NULL},
     .text = "event interlock_confirmed of valve within 10s",
     .subject = "valve-kitchen",
     .note = NASTY,
     .since_ms = BEGAN_MS + 29270,
     .until_ms = BEGAN_MS + 39270,
     .when_ms = REPORT_NEVER,
     .arrived_ms = REPORT_NEVER,
     .took_ms = REPORT_NEVER,
     .within_ms = 10000},
    {.result = REPORT_FAILED,
     .outcome = JUDGED_VIOLATED,
     .never = true,
     .label = {NULL, NULL},
     .text = "never alarm comm.lost for 5s",
     .subject = "gas-store",
     .note = "",
     .since_ms = BEGAN_MS + 29270,
     .until_ms = BEGAN_MS + 34270,
     .when_ms = BEGAN_MS + 30000,
     .arrived_ms = BEGAN_MS + 30001,
     .took_ms = 730,
     .within_ms = 5000},
};
static const struct report_sample curve[] = {{BEGAN_MS - 500, 0, true},
                                             {BEGAN_MS + 10000, 22.5, true},
                                             {BEGAN_MS + 20000, 0, false},
                                             {BEGAN_MS + 30000, 52.125, true},
                                             {BEGAN_MS + 40000, 60, true}};
static const struct report_sample truth[] = {{BEGAN_MS, 0, true}, {BEGAN_MS + 29290, 1, true}};
static const struct report_trend trends[] = {{"gas-kitchen", "gas_lel_pct", "%{LEL}", false, curve, 5},
                                             {"valve-kitchen", "relay_1", "", true, truth, 2}};
static const struct report_mark marks[] = {{BEGAN_MS + 29270, true, "gas-kitchen", "gas.high", "raised"},
                                           {BEGAN_MS + 29275, false, "kitchen-gas-trip", NASTY, ""}};
static const struct report_scenario scenarios[] = {
    {"gas-leak-trip",
     {"燃气泄漏联锁关阀", "gas leak"},
     "leaking=gas-kitchen",
     REPORT_FAILED,
     "",
     BEGAN_MS,
     BEGAN_MS + 45000,
     rows,
     4,
     trends,
     2,
     marks,
     2},
    {"lift-trapped",
     {"困人", "trapped"},
     "",
     REPORT_SKIPPED,
     "role lift: no device",
     REPORT_NEVER,
     REPORT_NEVER,
     NULL,
     0,
     NULL,
     0,
     NULL,
     0},
};
/* One expectation of many devices. */
#define SHOP(id, ms)                                                                                                   \
    {                                                                                                                  \
        .result = REPORT_PASSED, .outcome = JUDGED_MET, .label = {"燃气低限", "gas low"},                              \
        .text = "alarm gas.low of all raised within 60s", .subject = id, .note = "", .since_ms = BEGAN_MS,             \
        .until_ms = BEGAN_MS + 60000, .when_ms = BEGAN_MS + (ms), .arrived_ms = BEGAN_MS + (ms), .took_ms = (ms),      \
        .within_ms = 60000                                                                                             \
    }
static const struct report_row shops[] = {SHOP("shop-1", 1000), SHOP("shop-2", 1500), SHOP("shop-3", 900),
                                          SHOP("shop-4", 1000), SHOP("shop-5", 1000)};
static const struct report_scenario flood = {.name = "flood",
                                             .cast = "all=shop-1,shop-2,shop-3,shop-4,shop-5",
                                             .note = "",
                                             .began_ms = BEGAN_MS,
                                             .ended_ms = BEGAN_MS + 60000,
                                             .rows = shops,
                                             .row_count = 5,
                                             .marks = marks,
                                             .mark_count = 2};
static const char *const notes[] = {"消息服务器曾断开 the broker was away for a while"};

static struct report example(void)
{
    return (struct report){.site = "演示小区 " NASTY,
                           .gateway = "demo-0001",
                           .file = "site.json",
                           .sha256 = "00ff",
                           .running_sha256 = "11ee",
                           .gateway_version = "1.2.3",
                           .version = "outpost-sim 1.2.3",
                           .broker = "mqtts://broker.example:8883",
                           .began_ms = BEGAN_MS,
                           .ended_ms = BEGAN_MS + 100000,
                           .utc_offset_min = 480,
                           .delay_ms = 12,
                           .notes = notes,
                           .note_count = 1,
                           .devices = devices,
                           .device_count = 3,
                           .scenarios = scenarios,
                           .scenario_count = 2};
}

static size_t print(bool (*put)(const struct report *report, FILE *out), const struct report *report, char *bytes)
{
    memset(bytes, 0, BYTES_MAX);
    FILE *stream = fmemopen(bytes, BYTES_MAX, "w");
    assert_non_null(stream);
    assert_true(put(report, stream));
    assert_int_equal(fclose(stream), 0);
    return strlen(bytes);
}

static void read_file(const char *path, char *bytes)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail_msg("%s cannot be read", path);
    memset(bytes, 0, BYTES_MAX);
    assert_true(fread(bytes, 1, BYTES_MAX - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
}

static void write_file(const char *path, const char *bytes)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(bytes, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void compare(bool (*put)(const struct report *report, FILE *out), const char *path)
{
    static char made[BYTES_MAX];
    static char golden[BYTES_MAX];
    struct report report = example();
    assert_true(print(put, &report, made) < BYTES_MAX - 1);
    const char *mode = getenv("GOLDEN"); /* NOLINT(concurrency-mt-unsafe) */
    if (mode != NULL && strcmp(mode, "write") == 0)
        write_file(path, made);
    read_file(path, golden);
    if (strcmp(made, golden) != 0)
        fail_msg("%s is not what is made now; see the head of this test", path);
}

static void test_golden_json(void **state)
{
    (void)state;
    compare(report_put_json, GOLDEN_DIR "report.json");
}

static void test_golden_html(void **state)
{
    (void)state;
    compare(report_put_html, GOLDEN_DIR "report.html");
}

static void test_nothing_can_break_the_page(void **state)
{
    static char made[BYTES_MAX];
    (void)state;
    struct report report = example();
    report.site = "a\x01\xff\xc0\xaf\xed\xa0\x80\xef\xbf\xbf" NASTY;
    (void)print(report_put_html, &report, made);
    assert_null(strstr(made, "<script"));
    assert_null(strstr(made, "http://www.w3.org/2000/svg\" on"));
    assert_non_null(strstr(made, "a??????????&lt;b&gt;&amp;&quot;&#39;"));
    for (size_t i = 0, length = strlen(made); i < length;) {
        size_t size = made[i] == '\n' ? 1 : utf8_size(made + i, length - i);
        assert_true(size > 0);
        i += size;
    }
}

static void test_no_network(void **state)
{
    static char made[BYTES_MAX];
    (void)state;
    struct report report = example();
    (void)print(report_put_html, &report, made);
    for (const char *at = strstr(made, "://"); at != NULL; at = strstr(at + 1, "://")) {
        bool names = strncmp(at - 4, "http://www.w3.org/", 18) == 0; /* of XML: nobody looks there */
        bool broker = strncmp(at - 5, "mqtts://broker.example", 22) == 0;
        assert_true(names || broker);
    }
}

static void test_many_devices_are_one_line(void **state)
{
    static char made[BYTES_MAX];
    (void)state;
    struct report report = example();
    report.scenarios = &flood;
    report.scenario_count = 1;
    assert_int_equal(report_alike(&flood, 0), 5);
    (void)print(report_put_html, &report, made);
    assert_non_null(strstr(made, "1–5</td>"));
    assert_non_null(strstr(made, ">shop-1, shop-2, shop-3, shop-4, shop-5"));
    assert_non_null(strstr(made, "0.90 s … 1.50 s<br/>≤ 60.00 s"));
    (void)print(report_put_json, &report, made);
    assert_non_null(strstr(made, "\"subject\": \"shop-3\""));
    struct report_row few[5];
    struct report_scenario failed = flood;
    memcpy(few, shops, sizeof few);
    few[2].result = REPORT_FAILED; /* stands alone, and parts the others */
    failed.rows = few;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(report_alike(&failed, i), 1);
}

static void test_waived_is_never_silent(void **state)
{
    static char made[BYTES_MAX];
    (void)state;
    struct report report = example();
    assert_int_equal(report_waived(&report), 1);
    (void)print(report_put_html, &report, made);
    const char *first = strstr(made, "个测点豁免");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "个测点豁免")); /* at the top, and where it is signed */
    assert_non_null(strstr(made, "豁免 waived: 未装 &lt;b&gt;"));
    report.device_count = 2;
    (void)print(report_put_html, &report, made);
    assert_null(strstr(made, "豁免"));
}

static void test_verdict(void **state)
{
    (void)state;
    struct report report = example();
    struct report_scenario played = scenarios[0];
    played.result = REPORT_PASSED;
    report.device_count = 1;
    report.scenarios = &played;
    report.scenario_count = 1;
    assert_true(report_passed(&report));
    report.stopped = true;
    assert_false(report_passed(&report));
    report.stopped = false;
    report.device_count = 2; /* a device that was not read right */
    assert_false(report_passed(&report));
    report.device_count = 1;
    report.scenario_count = 0; /* nothing was tried */
    assert_false(report_passed(&report));
    report.scenario_count = 1;
    played.result = REPORT_SKIPPED;
    assert_false(report_passed(&report));
    played.result = REPORT_FAILED;
    assert_false(report_passed(&report));
}

static void test_files(void **state)
{
    (void)state;
    char dir[] = "/tmp/simtest-XXXXXX";
    char base[64];
    struct sentence why;
    struct report report = example();
    assert_non_null(mkdtemp(dir));
    (void)snprintf(base, sizeof base, "%s/none/r", dir);
    assert_false(report_try(base, sentence_init(&why)));
    assert_non_null(strstr(why.bytes, "--report"));
    assert_false(report_write(&report, base, sentence_init(&why)));
    (void)snprintf(base, sizeof base, "%s/r", dir);
    assert_true(report_try(base, sentence_init(&why)));
    assert_true(report_write(&report, base, sentence_init(&why)));
    (void)snprintf(base, sizeof base, "%s/r.json", dir);
    assert_int_equal(unlink(base), 0);
    (void)snprintf(base, sizeof base, "%s/r.html", dir);
    assert_int_equal(unlink(base), 0);
    assert_int_equal(rmdir(dir), 0); /* and nothing else is in there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_json),
        cmocka_unit_test(test_golden_html),
        cmocka_unit_test(test_nothing_can_break_the_page),
        cmocka_unit_test(test_no_network),
        cmocka_unit_test(test_many_devices_are_one_line),
        cmocka_unit_test(test_waived_is_never_silent),
        cmocka_unit_test(test_verdict),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
