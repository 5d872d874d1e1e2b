#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/payload.h"
#include "tests/support/wire_site.h"

static const struct site_centre no_centres[1];
static char buffer[PAYLOAD_RETAINED_MAX];

static const struct payload_stamp stamp_t = {
    .stream = "9f3c2a71", .lane = 't', .seq = 48213, .boot = 12, .at_utc_ms = 1795310584757, .synced = true};
static const struct payload_stamp stamp_a = {.stream = "9f3c2a71",
                                             .lane = 'a',
                                             .seq = 913,
                                             .boot = 12,
                                             .at_utc_ms = 1795310590001,
                                             .synced = false,
                                             .mono_ms = 86400123};

static struct text fresh(void)
{
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    return text;
}

static struct news_telemetry gas_record(void)
{
    struct news_telemetry news;
    memset(&news, 0, sizeof news);
    news.device = WIRE_GAS;
    news.sample_count = WIRE_GAS_POINTS;
    for (uint16_t i = 0; i < WIRE_GAS_POINTS; i++)
        news.samples[i].point = i;
    memcpy(news.texts, "A\"\xFF\x01中", 7);
    news.text_size = 7;
    news.samples[WIRE_LEL].value.number = (double)52.1f;
    news.samples[WIRE_MODE].value.code = 1;
    news.samples[WIRE_MODE].quality = QUALITY_UNCERTAIN;
    news.samples[WIRE_FAULT].value.boolean = true;
    news.samples[WIRE_RUNS].value.integer = -7;
    news.samples[WIRE_TOTAL].value.natural = UINT64_MAX;
    news.samples[WIRE_SERIAL].value.text.size = 7;
    return news;
}

#define HEAD_T                                                                                                         \
    "{\"v\":1,\"gw\":\"lq-xz-0001\",\"stream\":\"9f3c2a71\",\"lane\":\"t\",\"seq\":48213,\"boot\":12,"                 \
    "\"at\":1795310584757,\"clk\":\"sync\",\"dev\":\"gas-kitchen\",\"cls\":\"gas_detector\""
#define HEAD_A                                                                                                         \
    "{\"v\":1,\"gw\":\"lq-xz-0001\",\"stream\":\"9f3c2a71\",\"lane\":\"a\",\"seq\":913,\"boot\":12,"                   \
    "\"at\":1795310590001,\"clk\":\"unsync\""

static void telemetry_of_every_type(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct news_telemetry const news = gas_record();
    struct text text = fresh();
    payload_telemetry(&text, &site, &stamp_t, &news);
    assert_false(text.full);
    assert_string_equal(buffer, HEAD_T ",\"values\":{\"gas_lel_pct\":52.1,\"detector_mode\":\"warmup\",\"fault\":true,"
                                       "\"runs\":-7,\"total\":\"18446744073709551615\","
                                       "\"serial\":\"A\\\"\xEF\xBF\xBD\\u0001中\"},"
                                       "\"uncertain\":[\"detector_mode\"],\"bad\":{}}");
}

/* A missing reading is never a number: not even one that pretends to be good. */
static void bad_points_have_no_value(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct news_telemetry news = gas_record();
    news.samples[WIRE_LEL].value.number = (double)NAN;
    news.samples[WIRE_MODE].value.code = 2;
    news.samples[WIRE_FAULT].quality = QUALITY_BAD;
    news.samples[WIRE_FAULT].reason = REASON_NO_ANSWER;
    news.samples[WIRE_RUNS].quality = QUALITY_BAD;
    news.samples[WIRE_RUNS].reason = REASON_NONE;
    news.samples[WIRE_TOTAL].quality = QUALITY_BAD;
    news.samples[WIRE_TOTAL].reason = REASON_COUNT;
    news.samples[WIRE_SERIAL].value.text.offset = UINT16_MAX;
    struct text text = fresh();
    payload_telemetry(&text, &site, &stamp_t, &news);
    assert_string_equal(buffer,
                        HEAD_T ",\"values\":{},\"bad\":{\"gas_lel_pct\":\"invalid\",\"detector_mode\":\"invalid\","
                               "\"fault\":\"no_answer\",\"runs\":\"invalid\",\"total\":\"invalid\","
                               "\"serial\":\"invalid\"}}");
}

static void integers_at_the_edge_of_doubles(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct news_telemetry news = gas_record();
    news.sample_count = 2;
    news.samples[0] = (struct sample){.point = WIRE_RUNS, .value.integer = (int64_t)1 << 53};
    news.samples[1] = (struct sample){.point = WIRE_TOTAL, .value.natural = ((uint64_t)1 << 53) + 1};
    struct text text = fresh();
    payload_telemetry(&text, &site, &stamp_t, &news);
    assert_non_null(strstr(buffer, "\"values\":{\"runs\":9007199254740992,\"total\":\"9007199254740993\"}"));
    news.samples[0].value.integer = -((int64_t)1 << 53) - 1;
    news.test = 1;
    text = fresh();
    payload_telemetry(&text, &site, &stamp_t, &news);
    assert_non_null(strstr(buffer, "\"runs\":\"-9007199254740993\""));
    assert_non_null(strstr(buffer, "\"bad\":{},\"test\":true}"));
}

static void a_full_buffer_is_not_to_be_used(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct news_telemetry const news = gas_record();
    struct text text = fresh();
    payload_telemetry(&text, &site, &stamp_t, &news);
    size_t const whole = text.used;
    for (size_t size = 1; size <= whole; size++) {
        text_init(&text, buffer, size);
        payload_telemetry(&text, &site, &stamp_t, &news);
        assert_true(text.full);
    }
    text_init(&text, buffer, whole + 1);
    payload_telemetry(&text, &site, &stamp_t, &news);
    assert_false(text.full);
}

static void alarm_of_a_number(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct news_alarm alarm = wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, 0).is.alarm;
    struct text text = fresh();
    alarm.value = (double)52.1f;
    alarm.first_out = 1;
    payload_alarm(&text, &site, &stamp_a, &alarm, 17);
    assert_string_equal(
        buffer, HEAD_A
        ",\"dev\":\"gas-kitchen\",\"cls\":\"gas_detector\",\"alarm\":\"gas.high\","
        "\"uid\":\"9f3c2a71/gas-kitchen/gas.high/17\",\"event\":\"raised\",\"from\":\"NORM\",\"state\":\"UNACK\","
        "\"priority\":\"critical\",\"colour\":\"red\",\"value\":52.1,\"limit\":40,\"unit\":\"%{LEL}\","
        "\"code\":{\"system\":\"GB/T 38656-2020\",\"code\":\"11\"},\"first_out\":true,\"by\":null,\"why\":null,"
        "\"mono\":86400123,\"grid_code\":\"370724001002003\"}");
    alarm.context_count = 1;
    alarm.context[0] = (struct news_context){.point = WIRE_MODE, .code = 1};
    text = fresh();
    payload_alarm(&text, &site, &stamp_a, &alarm, 17);
    assert_non_null(strstr(buffer, ",\"grid_code\":\"370724001002003\",\"ctx\":{\"detector_mode\":\"warmup\"}}"));
}

static void alarm_of_words(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct news_alarm alarm = wire_alarm(WIRE_GAS_MODE, EVENT_ACKED, ALARM_UNACK, ALARM_ACKED, 1, 0).is.alarm;
    struct text text = fresh();
    alarm.value = 1;
    alarm.test = 1;
    text_copy(alarm.by, sizeof alarm.by, "值班 \"王\"");
    text_copy(alarm.why, sizeof alarm.why, "seen");
    payload_alarm(&text, &site, &stamp_a, &alarm, 3);
    assert_non_null(strstr(buffer,
                           ",\"event\":\"acked\",\"from\":\"UNACK\",\"state\":\"ACKED\",\"priority\":\"medium\","
                           "\"colour\":\"yellow\",\"value\":\"warmup\",\"limit\":null,\"unit\":null,"
                           "\"first_out\":false,\"by\":\"值班 \\\"王\\\"\",\"why\":\"seen\","
                           "\"mono\":86400123,\"grid_code\":\"370724001002003\",\"test\":true}"));
}

static void alarm_without_a_value(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct news_alarm alarm = wire_alarm(WIRE_BUS_LOST, EVENT_CLEARED, ALARM_ACKED, ALARM_NORM, 1, 0).is.alarm;
    struct text text = fresh();
    alarm.has_value = 0;
    payload_alarm(&text, &site, &stamp_a, &alarm, 3);
    assert_non_null(strstr(buffer, "\"dev\":\"rs485-1\",\"cls\":\"bus\",\"alarm\":\"bus.lost\","));
    assert_non_null(strstr(buffer, ",\"value\":null,\"limit\":null,\"unit\":null,\"first_out\":false,"));
    alarm.has_value = 1;
    alarm.value = (double)INFINITY;
    text = fresh();
    payload_alarm(&text, &site, &stamp_a, &alarm, 3);
    assert_non_null(strstr(buffer, ",\"value\":null,"));
}

static void alarm_of_a_removed_device(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct text text = fresh();
    payload_removed(&text, &site, &stamp_a,
                    &(struct payload_removed){.dev = "old",
                                              .cls = "lift",
                                              .alarm = "lift.trapped",
                                              .priority = "critical",
                                              .from = ALARM_ACKED,
                                              .occurrence = 4});
    assert_string_equal(buffer,
                        HEAD_A ",\"dev\":\"old\",\"cls\":\"lift\",\"alarm\":\"lift.trapped\","
                               "\"uid\":\"9f3c2a71/old/lift.trapped/4\",\"event\":\"cleared\",\"from\":\"ACKED\","
                               "\"state\":\"NORM\",\"priority\":\"critical\",\"colour\":\"red\",\"value\":null,"
                               "\"limit\":null,\"unit\":null,\"first_out\":false,\"by\":null,\"why\":\"removed\"}");
}

static void events(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct text text = fresh();
    payload_event(&text, &site, &stamp_a, "gap", "\"of\":\"t\",\"from\":100,\"to\":240,\"why\":\"size\"");
    assert_string_equal(buffer, HEAD_A ",\"event\":\"gap\",\"of\":\"t\",\"from\":100,\"to\":240,\"why\":\"size\"}");
    text = fresh();
    payload_event(&text, &site, &stamp_a, "stop", "");
    assert_string_equal(buffer, HEAD_A ",\"event\":\"stop\"}");
}

static void active_lists_what_is_not_normal(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct text text = fresh();
    struct payload_active active;
    payload_active_begin(&active, &text, &site, "9f3c2a71", 0, 1795310590002, 913);
    payload_active_add(&active, &(struct payload_active_alarm){.alarm = "gas.high",
                                                               .state = ALARM_ACKED,
                                                               .occurrence = 17,
                                                               .since_utc_ms = 1795310590001,
                                                               .has_value = true,
                                                               .value = 52.5});
    payload_active_add(&active, &(struct payload_active_alarm){.alarm = "gas.gone", .state = ALARM_UNACK});
    payload_active_add(&active, &(struct payload_active_alarm){.alarm = "comm.lost", .state = ALARM_NORM});
    payload_active_end(&active);
    assert_string_equal(buffer,
                        "{\"v\":1,\"gw\":\"lq-xz-0001\",\"stream\":\"9f3c2a71\",\"at\":1795310590002,"
                        "\"dev\":\"gas-kitchen\",\"upto\":913,\"alarms\":[{\"alarm\":\"gas.high\","
                        "\"uid\":\"9f3c2a71/gas-kitchen/gas.high/17\",\"state\":\"ACKED\",\"priority\":\"critical\","
                        "\"since\":1795310590001,\"value\":52.5,\"limit\":40,\"test\":false}]}");
    text = fresh();
    payload_active_begin(&active, &text, &site, "9f3c2a71", 3, 5, 0);
    payload_active_end(&active);
    assert_non_null(strstr(buffer, "\"dev\":\"kitchen-trip\",\"upto\":0,\"alarms\":[]}"));
}

static void active_says_what_it_leaves_out(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct text text;
    struct payload_active active;
    text_init(&text, buffer, 500);
    payload_active_begin(&active, &text, &site, "9f3c2a71", 0, 5, 7);
    for (int i = 0; i < 4; i++)
        payload_active_add(&active, &(struct payload_active_alarm){.alarm = "gas.high", .state = ALARM_UNACK});
    payload_active_end(&active);
    assert_false(text.full);
    assert_int_equal(active.count + active.left_out, 4);
    assert_true(active.left_out > 0);
    assert_non_null(strstr(buffer, "}],\"more\":"));
}

static void registry_names_points_and_alarms(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct text text = fresh();
    payload_registry(&text, &site, 0, 99, 3, "abc");
    assert_string_equal(
        buffer,
        "{\"v\":1,\"gw\":\"lq-xz-0001\",\"at\":99,\"dev\":\"gas-kitchen\",\"cls\":\"gas_detector\",\"rev\":3,"
        "\"sha256\":\"abc\",\"profile\":\"honeywell-xcd\",\"identity\":{\"reg_cod\":\"123\"},\"time_zone\":\"Asia/"
        "Shanghai\","
        "\"points\":{\"gas_lel_pct\":{\"unit\":\"%{LEL}\",\"type\":\"number\",\"zh\":\"燃气浓度\",\"en\":\"gas\"},"
        "\"detector_mode\":{\"type\":\"enum\",\"codes\":[\"normal\",\"warmup\"]},"
        "\"fault\":{\"type\":\"boolean\",\"zh\":\"故障\",\"en\":\"fault\"},\"runs\":{\"unit\":\"1\",\"type\":"
        "\"integer\"},"
        "\"total\":{\"unit\":\"L\",\"type\":\"integer\"},\"serial\":{\"type\":\"text\"}},"
        "\"alarms\":{\"gas.high\":{\"kind\":\"hi\",\"limit\":40,\"priority\":\"critical\",\"zh\":\"燃气高报\",\"en\":"
        "\"gas high\"},"
        "\"gas.mode\":{\"kind\":\"code\",\"priority\":\"medium\"},"
        "\"comm.lost\":{\"kind\":\"comm\",\"priority\":\"high\",\"zh\":\"通信中断\",\"en\":\"no answer\"}}}");
}

/* What a centre needs to understand a limit that is no plain one, and what is known of this one device. */
static void registry_names_settings_gates_and_references(void **state)
{
    (void)state;
    static const struct code fuels[] = {{"lpg", "", ""}, {"natural_gas", "", ""}};
    static const struct class_setting settings[] = {
        {.id = "rated_speed"}, {.id = "travel"}, {.id = "fuel", .choices = fuels, .choice_count = 2}};
    static const struct device_class class = {.id = "x", .settings = settings, .setting_count = 3};
    static const double known[] = {1.75, NO_LIMIT, 1};
    static const double unknown[] = {NO_LIMIT, NO_LIMIT, NO_LIMIT};
    struct site_device device = wire_devices[WIRE_GAS];
    struct rule rules[WIRE_RULES];
    struct site site = wire_site(no_centres, 0, "");
    memcpy(rules, wire_rules, sizeof rules);
    device.class = &class;
    device.settings = known;
    rules[0].kind = RULE_DEVIATION;
    rules[0].from_point = WIRE_RUNS;
    rules[0].when_point = WIRE_MODE;
    rules[0].when_mask = 3;
    rules[1].kind = RULE_RATE;
    rules[1].limit = -0.5;
    rules[1].over_ms = 10000;
    rules[1].when_point = WIRE_FAULT;
    rules[1].when_mask = 1;
    rules[2].kind = RULE_DEVIATION;
    rules[2].limit = 2;
    rules[2].from_point = -1;
    rules[2].from_value = 1.25;
    rules[2].zh = rules[2].en = "";
    site.devices = &device;
    site.rules = rules;
    struct text text = fresh();
    payload_registry_content(&text, &site, 0);
    assert_non_null(strstr(buffer, ",\"time_zone\":\"Asia/Shanghai\",\"settings\":{\"rated_speed\":1.75,"
                                   "\"fuel\":\"natural_gas\"},\"points\":{"));
    assert_non_null(strstr(buffer, "\"gas.high\":{\"kind\":\"deviation\",\"limit\":40,\"from\":\"runs\","
                                   "\"when\":{\"point\":\"detector_mode\",\"is\":[\"normal\",\"warmup\"]},"
                                   "\"priority\":\"critical\","));
    assert_non_null(strstr(buffer, "\"gas.mode\":{\"kind\":\"rate\",\"limit\":-0.5,\"over_ms\":10000,"
                                   "\"when\":{\"point\":\"fault\",\"is\":[false]},\"priority\":\"medium\"},"));
    assert_non_null(strstr(buffer, "\"comm.lost\":{\"kind\":\"deviation\",\"limit\":2,\"from\":1.25,"
                                   "\"priority\":\"high\"}}}"));
    device.settings = unknown;
    text = fresh();
    payload_registry_content(&text, &site, 0);
    assert_null(strstr(buffer, "settings"));
}

/* What the digest is of: the message without v, gw, at, rev and sha256, byte for byte. */
static void registry_content_is_the_message_without_its_head(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    char whole[4096];
    struct text content = fresh();
    struct text text;
    payload_registry_content(&content, &site, 2);
    text_init(&text, whole, sizeof whole);
    payload_registry(&text, &site, 2, 99, 3, "abc");
    assert_string_equal(buffer, "{\"dev\":\"rs485-1\",\"cls\":\"bus\",\"profile\":null,\"identity\":{},"
                                "\"time_zone\":\"Asia/Shanghai\",\"points\":{},"
                                "\"alarms\":{\"bus.lost\":{\"kind\":\"comm\",\"priority\":\"high\"}}}");
    assert_string_equal(strstr(buffer, ",\"profile\""), strstr(whole, ",\"profile\""));
}

static void status_and_will(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct payload_status status = {.stream = "9f3c2a71",
                                    .version = "1.0",
                                    .boot = 12,
                                    .conn = 2,
                                    .lw_a = 913,
                                    .lw_t = 48190,
                                    .at_utc_ms = 77,
                                    .synced = true};
    struct text text = fresh();
    payload_status(&text, &site, &status);
    assert_string_equal(
        buffer,
        "{\"v\":1,\"gw\":\"lq-xz-0001\",\"online\":true,\"at\":77,\"stream\":\"9f3c2a71\",\"boot\":12,\"conn\":2,"
        "\"lw\":{\"a\":913,\"t\":48190},\"version\":\"1.0\","
        "\"config\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\",\"clk\":\"sync\"}");
    status.reason = "lost";
    text = fresh();
    payload_status(&text, &site, &status);
    assert_non_null(strstr(buffer, "\"online\":false,\"reason\":\"lost\",\"at\":77,"));
}

static void history_holds_records_as_they_are(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    static const char record[] = "{\"v\":1,\"gw\":\"g\",\"stream\":\"old1\",\"lane\":\"t\"}";
    size_t stream_size = 0;
    const char *stream = payload_stream_of(record, sizeof record - 1, &stream_size);
    struct text text = fresh();
    assert_int_equal(stream_size, 4);
    assert_memory_equal(stream, "old1", 4);
    payload_history_begin(&text, &site, stream, stream_size, 48190);
    payload_history_add(&text, true, record, sizeof record - 1);
    payload_history_add(&text, false, record, sizeof record - 1);
    payload_history_end(&text, NULL, 0);
    assert_string_equal(buffer,
                        "{\"v\":1,\"gw\":\"lq-xz-0001\",\"stream\":\"old1\",\"lane\":\"t\",\"lw\":48190,\"records\":["
                        "{\"v\":1,\"gw\":\"g\",\"stream\":\"old1\",\"lane\":\"t\"},"
                        "{\"v\":1,\"gw\":\"g\",\"stream\":\"old1\",\"lane\":\"t\"}]}");
    assert_null(payload_stream_of("{}", 2, &stream_size));
    assert_null(payload_stream_of(",\"stream\":\"no end", 17, &stream_size));
}

static void health_is_bounded(void **state)
{
    (void)state;
    struct site const site = wire_site(no_centres, 0, "");
    struct text text = fresh();
    struct payload_health const health = {
        .status = {.stream = "9f3c2a71", .boot = 1, .lw_a = 2, .lw_t = 3, .at_utc_ms = 4, .synced = true},
        .uptime_s = 5,
        .journal_ok = true,
        .last_a = 6,
        .last_t = 7,
        .days_to_full = -1,
        .rss_bytes = 8,
        .anon_bytes = -1,
        .cpu_ms = 9,
        .written_bytes = 10,
        .alarms = {11, 12, 13, 14, 15, 16, 17, 1},
    };
    payload_health_begin(&text, &site, &health);
    payload_health_buses(&text);
    struct tally const none = {0};
    assert_true(payload_health_bus(&text, &site, true,
                                   &(struct payload_health_bus){.id = "rs485-1",
                                                                .brief = true,
                                                                .load_permille = 123,
                                                                .wire_permille = 45,
                                                                .cycle_ms = 40,
                                                                .tally = &none}));
    payload_health_slaves(&text);
    size_t written = 0;
    while (written < 100000 &&
           payload_health_slave(
               &text, written == 0,
               &(struct payload_health_slave){.id = "s", .rtt_ms = -1, .rtt_p99_ms = -1, .age_ms = 3, .tally = &none}))
        written++;
    payload_health_end(&text, 0, 100000 - written);
    assert_false(text.full);
    assert_true(text.used <= PAYLOAD_MESSAGE_MAX && text.used > PAYLOAD_MESSAGE_MAX - 200);
    static const char head[] =
        "{\"v\":1,\"gw\":\"lq-xz-0001\",\"stream\":\"9f3c2a71\",\"boot\":1,\"at\":4,\"clk\":\"sync\",\"lw\":{\"a\":2,"
        "\"t\":3},"
        "\"journal\":{\"ok\":true,\"last_a\":6,\"last_t\":7,\"bytes\":0,\"commits\":0,\"dropped\":0},"
        "\"alarms\":{\"raised\":11,\"counted\":12,\"hushed\":13,\"recent\":15,\"peak\":16,\"chattering\":14,\"floods\":"
        "17,\"flood\":true},"
        "\"process\":{\"uptime_s\":5,\"rss_bytes\":8,\"cpu_ms\":9,\"written_bytes\":10},"
        "\"buses\":{\"rs485-1\":{\"open\":false,\"load_pct\":12.3,\"cycle_ms\":40,\"requests\":0,\"good\":0,"
        "\"timeouts\":0,"
        "\"garbled\":0,\"foreign\":0,\"exceptions\":0,\"writes\":0,\"reopened\":0}},"
        "\"slaves\":{\"s\":{\"ok\":false,\"age_ms\":3,\"requests\":0,\"good\":0},";
    assert_memory_equal(buffer, head, sizeof head - 1);
    assert_non_null(strstr(buffer, "}},\"slaves_left_out\":"));
}

static const struct tally busy = {
    .requests = 100,
    .good = 80,
    .timeouts = 7,
    .garbled = 5,
    .exceptions = 6,
    .lost = 2,
    .crc = 4,
    .foreign = 3,
    .late = 9,
    .echo = 1,
    .writes = 11,
    .characters = 2048,
    .by_code = {[0] = 1, [2] = 3, [11] = 2},
};

static void health_names_centres_that_are_not_well(void **state)
{
    (void)state;
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    payload_health_centre(&text, true, &(struct payload_health_centre){.id = "district", .trouble = "it \"sleeps\""});
    payload_health_centre(
        &text, false, &(struct payload_health_centre){.id = "c2", .connected = true, .refused = true, .trouble = ""});
    payload_health_centres_end(&text);
    assert_string_equal(buffer, ",\"centres\":{\"district\":{\"connected\":false,\"refused\":false,"
                                "\"trouble\":\"it \\\"sleeps\\\"\"},"
                                "\"c2\":{\"connected\":true,\"refused\":true}}");
}

static void health_tells_causes(void **state)
{
    (void)state;
    struct site_slave const slaves[] = {{.id = "gas-a"}, {.id = "gas-b"}};
    struct site const site = {.id = "g", .slaves = slaves, .slave_count = 2};
    struct text text = fresh();
    struct tally_poll const polls[POLL_CLASS_COUNT] = {
        [POLL_SAFETY] = {.planned_us = 500000, .achieved_us = 612345, .age_us = 700999, .slave = 1},
        [POLL_NORMAL] = {.planned_us = -1, .achieved_us = -1, .age_us = -1, .slave = -1},
        [POLL_SLOW] = {.planned_us = 60000000, .achieved_us = -1, .age_us = -1, .slave = 0},
    };
    assert_true(payload_health_bus(&text, &site, true,
                                   &(struct payload_health_bus){.id = "line",
                                                                .open = true,
                                                                .load_permille = 805,
                                                                .wire_permille = 610,
                                                                .cycle_ms = 500,
                                                                .reopened = 2,
                                                                .tally = &busy,
                                                                .polls = polls}));
    assert_string_equal(
        buffer,
        "\"line\":{\"open\":true,\"load_pct\":80.5,\"cycle_ms\":500,\"requests\":100,\"good\":80,\"timeouts\":7,"
        "\"garbled\":5,\"foreign\":3,\"exceptions\":6,\"writes\":11,\"reopened\":2,\"lost\":2,\"crc\":4,"
        "\"late\":9,\"echo\":1,\"codes\":{\"2\":3,\"11\":2,\"other\":1},\"wire_pct\":61,"
        "\"characters\":2048,\"polls\":{\"safety\":{\"planned_ms\":500,\"achieved_ms\":612,"
        "\"slave\":\"gas-b\",\"age_ms\":700},\"slow\":{\"planned_ms\":60000}}}");
    text = fresh();
    assert_true(payload_health_slave(&text, true,
                                     &(struct payload_health_slave){.id = "gas-a",
                                                                    .answering = true,
                                                                    .stranger = true,
                                                                    .refused = 4,
                                                                    .rtt_ms = 12,
                                                                    .rtt_p99_ms = 90,
                                                                    .age_ms = 340,
                                                                    .tally = &busy}));
    assert_string_equal(
        buffer, "\"gas-a\":{\"ok\":true,\"rtt_ms\":12,\"rtt_p99_ms\":90,\"age_ms\":340,\"requests\":100,\"good\":80,"
                "\"timeouts\":7,\"garbled\":5,\"foreign\":3,\"lost\":2,\"crc\":4,\"late\":9,\"echo\":1,"
                "\"codes\":{\"2\":3,\"11\":2,\"other\":1},\"refused_points\":4,\"stranger\":true}");
}

/* 64 buses of long ids do not fit: what is left out is counted, and there is room for the end. */
static void health_of_many_buses_is_bounded(void **state)
{
    (void)state;
    struct site_slave const slaves[] = {{.id = "a-slave-with-a-name-that-is-as-long-as-names-may-be-in-a-site-file"}};
    struct site const site = {.id = "g", .slaves = slaves, .slave_count = 1};
    struct tally_poll const poll = {.planned_us = 1000000, .achieved_us = 1000000, .age_us = 1000000};
    struct tally_poll const polls[POLL_CLASS_COUNT] = {poll, poll, poll};
    struct text text = fresh();
    size_t written = 0;
    text_put(&text, "{\"v\":1");
    payload_health_buses(&text);
    while (written < 64 &&
           payload_health_bus(
               &text, &site, written == 0,
               &(struct payload_health_bus){.id = "a-bus-whose-name-is-as-long-as-a-name-may-be-in-a-site-file-000",
                                            .open = true,
                                            .tally = &busy,
                                            .polls = polls}))
        written++;
    assert_in_range(written, 15, 40);
    payload_health_slaves(&text);
    size_t slaves_written = 0;
    while (payload_health_slave(&text, slaves_written == 0,
                                &(struct payload_health_slave){.id = slaves[0].id, .tally = &busy}))
        slaves_written++;
    assert_in_range(slaves_written, 0, 3); /* the buses took the room */
    payload_health_end(&text, 64 - written, 1024);
    assert_false(text.full);
    assert_true(text.used <= PAYLOAD_MESSAGE_MAX);
    assert_non_null(strstr(buffer, "},\"buses_left_out\":"));
    assert_non_null(strstr(buffer, ",\"slaves_left_out\":1024}"));
}

/* However the sizes fall, the end of the message has room. */
static void health_always_has_an_end(void **state)
{
    (void)state;
    struct tally const none = {0};
    char id[101];
    for (size_t size = 1; size < sizeof id; size++) {
        struct text text = fresh();
        size_t written = 0;
        memset(id, 'x', size);
        id[size] = '\0';
        payload_health_slaves(&text);
        while (payload_health_slave(&text, written == 0, &(struct payload_health_slave){.id = id, .tally = &none}))
            written++;
        payload_health_end(&text, 64, 1024);
        assert_true(!text.full && text.used <= PAYLOAD_MESSAGE_MAX);
        assert_true(text.used > PAYLOAD_MESSAGE_MAX - 350);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telemetry_of_every_type),
        cmocka_unit_test(bad_points_have_no_value),
        cmocka_unit_test(integers_at_the_edge_of_doubles),
        cmocka_unit_test(a_full_buffer_is_not_to_be_used),
        cmocka_unit_test(alarm_of_a_number),
        cmocka_unit_test(alarm_of_words),
        cmocka_unit_test(alarm_without_a_value),
        cmocka_unit_test(alarm_of_a_removed_device),
        cmocka_unit_test(events),
        cmocka_unit_test(active_lists_what_is_not_normal),
        cmocka_unit_test(active_says_what_it_leaves_out),
        cmocka_unit_test(registry_names_points_and_alarms),
        cmocka_unit_test(registry_names_settings_gates_and_references),
        cmocka_unit_test(registry_content_is_the_message_without_its_head),
        cmocka_unit_test(status_and_will),
        cmocka_unit_test(history_holds_records_as_they_are),
        cmocka_unit_test(health_is_bounded),
        cmocka_unit_test(health_names_centres_that_are_not_well),
        cmocka_unit_test(health_tells_causes),
        cmocka_unit_test(health_of_many_buses_is_bounded),
        cmocka_unit_test(health_always_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
