#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/desk/request.h"
#include "tests/support/desk_site.h"

static struct request parsed(const char *line)
{
    struct request request = {0};
    struct refusal refusal = {0};
    if (request_parse(line, strlen(line), &request, &refusal) != ERR_OK)
        fail_msg("%s: %s: %s", line, refusal.code, refusal.why);
    return request;
}

/* Refused with this code, in a sentence, and nothing is touched. */
static void refused_bytes(const char *line, size_t size, const char *code)
{
    struct request request = {.verb = REQUEST_STATUS};
    struct refusal refusal = {0};
    if (request_parse(line, size, &request, &refusal) != ERR_REFUSED)
        fail_msg("accepted: %s", line);
    if (strcmp(refusal.code, code) != 0)
        fail_msg("%s: %s instead of %s (%s)", line, refusal.code, code, refusal.why);
    assert_true(strlen(refusal.why) > 5);
    assert_int_equal(request.verb, REQUEST_STATUS);
    assert_string_equal(request.dev, "");
}

static void refused(const char *line, const char *code)
{
    refused_bytes(line, strlen(line), code);
}

static void test_good_requests(void **state)
{
    (void)state;
    assert_int_equal(parsed("{\"verb\":\"alarms\"}").verb, REQUEST_ALARMS);
    assert_int_equal(parsed("{\"verb\":\"watch\",\"lang\":\"zh\"}").language, LANGUAGE_ZH);
    assert_int_equal(parsed(" { \"verb\" : \"status\" } \r").verb, REQUEST_STATUS);
    assert_true(parsed("{\"verb\":\"ack\",\"all\":true}").all);
    assert_int_equal(parsed("{\"verb\":\"silence\"}").verb, REQUEST_SILENCE);
    struct request request = parsed(
        "{\"why\":\"see [3] {a}\",\"verb\":\"reset\",\"dev\":\"gas-kitchen\",\"alarm\":\"gas.high\",\"by\":\"李工\"}");
    assert_int_equal(request.verb, REQUEST_RESET);
    assert_string_equal(request.dev, "gas-kitchen");
    assert_string_equal(request.alarm, "gas.high");
    assert_string_equal(request.by, "李工");
    assert_string_equal(request.why, "see [3] {a}");
    assert_false(request.all);
}

static void test_shapes_are_refused(void **state)
{
    (void)state;
    refused("", "not_json");
    refused("null", "not_json");
    refused("[]", "not_json");
    refused("\"ack\"", "not_json");
    refused("{", "not_json");
    refused("{\"verb\":\"alarms\"", "not_json");
    refused("{\"verb\":\"alarms\"}x", "not_json");
    refused("{\"verb\":\"alarms\"}{}", "not_json");
    refused("{\"verb\":{\"a\":1}}", "not_json");
    refused("{\"verb\":[\"ack\"]}", "not_json");
    refused("{\"verb\":\"ack\xFF\"}", "not_json");
    refused("{\"verb\":\"ack\",\"dev\":\"gas\\u0000-kitchen\"}", "not_json");
    refused_bytes("{\"verb\":\"alarms\"}\0", 18, "not_json");
    refused_bytes("{\"verb\":\"ala\0rms\"}", 18, "not_json");
}

static void test_members_are_refused(void **state)
{
    (void)state;
    refused("{}", "no_verb");
    refused("{\"dev\":\"gas-kitchen\"}", "no_verb");
    refused("{\"verb\":\"open\"}", "unknown_verb");
    refused("{\"verb\":1}", "bad_type");
    refused("{\"verb\":null}", "bad_type");
    refused("{\"verb\":\"ack\",\"all\":1}", "bad_type");
    refused("{\"verb\":\"ack\",\"dev\":7}", "bad_type");
    refused("{\"verb\":\"ack\",\"device\":\"x\"}", "unknown_key");
    refused("{\"verb\":\"ack\",\"ALL\":true}", "unknown_key");
    refused("{\"verb\":\"ack\",\"verb\":\"reset\",\"all\":true}", "doubled_key");
    refused("{\"verb\":\"ack\",\"all\":false,\"all\":true}", "doubled_key");
    refused("{\"verb\":\"ack\",\"all\":true,\"lang\":\"fr\"}", "bad_value");
    refused("{\"verb\":\"ack\",\"all\":true,\"by\":\"a\\u001b[31m\"}", "bad_value");
    refused("{\"verb\":\"ack\",\"all\":true,\"why\":\"two\\nlines\"}", "bad_value");
}

/* A sentence that quotes a long key stays UTF-8 (found by fuzzing). */
static void test_quotes_are_cut_at_characters(void **state)
{
    (void)state;
    struct request request;
    struct refusal refusal;
    static const char *const lines[] = {
        "{\"a气气气气气气气气气气气气气气气气\":1}", "{\"ab气气气气气气气气气气气气气气气气\":1}",
        "{\"气气气气气气气气气气气气气气气气\":1,\"气气气气气气气气气气气气气气气气\":1}"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(request_parse(lines[i], strlen(lines[i]), &request, &refusal), ERR_REFUSED);
        assert_true(text_is_utf8(refusal.why, strlen(refusal.why)));
    }
}

static void test_sense_is_refused(void **state)
{
    (void)state;
    refused("{\"verb\":\"ack\"}", "no_target");
    refused("{\"verb\":\"ack\",\"all\":false}", "no_target");
    refused("{\"verb\":\"reset\",\"dev\":\"\"}", "no_target");
    refused("{\"verb\":\"ack\",\"dev\":\"x\",\"all\":true}", "target_and_all");
    refused("{\"verb\":\"alarms\",\"dev\":\"gas-kitchen\"}", "needless_target");
    refused("{\"verb\":\"watch\",\"all\":true}", "needless_target");
    refused("{\"verb\":\"status\",\"by\":\"me\"}", "needless_target");
    refused("{\"verb\":\"watch\",\"bus\":\"rs485-1\"}", "needless_bus");
    refused("{\"verb\":\"ack\",\"all\":true,\"since\":3}", "needless_bus");
    refused("{\"verb\":\"capture\",\"dev\":\"gas-kitchen\"}", "needless_target");
    refused("{\"verb\":\"capture\",\"bus\":1}", "bad_type");
    refused("{\"verb\":\"capture\",\"since\":-1}", "bad_value");
    refused("{\"verb\":\"capture\",\"since\":1e300}", "bad_value");
    refused("{\"verb\":\"capture\",\"since\":\"7\"}", "bad_value");
}

static void test_capture_names_a_bus(void **state)
{
    (void)state;
    struct site two = desk_site;
    struct site_bus const buses[] = {{.id = "one"}, {.id = "two"}};
    struct refusal refusal;
    struct request request = parsed("{\"verb\":\"capture\",\"bus\":\"two\",\"since\":9007199254740992}");
    size_t bus = 9;
    two.buses = buses;
    two.bus_count = 2;
    assert_int_equal(request.verb, REQUEST_CAPTURE);
    assert_true(request.since == 9007199254740992);
    assert_int_equal(request_find_bus(&request, &two, &bus, &refusal), ERR_OK);
    assert_int_equal(bus, 1);
    request = parsed("{\"verb\":\"capture\",\"bus\":\"twoo\"}");
    assert_int_equal(request_find_bus(&request, &two, &bus, &refusal), ERR_REFUSED);
    assert_string_equal(refusal.code, "unknown_bus");
    assert_non_null(strstr(refusal.why, "did you mean two?"));
    request = parsed("{\"verb\":\"capture\",\"lang\":\"zh\"}");
    assert_int_equal(request_find_bus(&request, &two, &bus, &refusal), ERR_REFUSED);
    assert_string_equal(refusal.code, "no_bus");
    assert_non_null(strstr(refusal.why, "one two"));
    two.bus_count = 1;
    assert_int_equal(request_find_bus(&request, &two, &bus, &refusal), ERR_OK);
    assert_int_equal(bus, 0);
}

static void test_sizes_are_refused(void **state)
{
    (void)state;
    char line[REQUEST_SIZE_MAX + 100];
    char dev[SITE_ID_MAX + 2];
    memset(dev, 'a', SITE_ID_MAX + 1);
    dev[SITE_ID_MAX + 1] = '\0';
    (void)snprintf(line, sizeof line, "{\"verb\":\"ack\",\"dev\":\"%s\"}", dev);
    refused(line, "too_long");
    dev[SITE_ID_MAX] = '\0';
    (void)snprintf(line, sizeof line, "{\"verb\":\"ack\",\"dev\":\"%s\"}", dev);
    assert_string_equal(parsed(line).dev, dev);
    memset(line, ' ', sizeof line);
    memcpy(line, "{\"verb\":\"alarms\"}", 17);
    refused_bytes(line, REQUEST_SIZE_MAX + 1, "too_long");
    memset(line, '{', sizeof line);
    refused_bytes(line, REQUEST_SIZE_MAX, "not_json");
}

static void test_refusals_speak_the_asked_language(void **state)
{
    (void)state;
    struct request request;
    struct refusal refusal;
    const char *line = "{\"verb\":\"akc\",\"lang\":\"zh\"}";
    assert_int_equal(request_parse(line, strlen(line), &request, &refusal), ERR_REFUSED);
    assert_non_null(strstr(refusal.why, "是否指 ack"));
    assert_int_equal(request.language, LANGUAGE_ZH);
}

static struct order resolved(const char *line)
{
    struct order order = {0};
    struct refusal refusal = {0};
    struct request request = parsed(line);
    if (request_resolve(&request, &desk_site, &order, &refusal) != ERR_OK)
        fail_msg("%s: %s", line, refusal.why);
    return order;
}

static void unresolved(const char *line, const char *code, const char *word)
{
    struct order order = {.rule = 77};
    struct refusal refusal = {0};
    struct request request = parsed(line);
    assert_int_equal(request_resolve(&request, &desk_site, &order, &refusal), ERR_REFUSED);
    assert_string_equal(refusal.code, code);
    if (strstr(refusal.why, word) == NULL)
        fail_msg("%s: no \"%s\" in: %s", line, word, refusal.why);
    assert_int_equal(order.rule, 77);
}

static void test_names_become_indices(void **state)
{
    (void)state;
    struct order order = resolved("{\"verb\":\"ack\",\"all\":true,\"by\":\"me\",\"why\":\"seen\"}");
    assert_int_equal(order.verb, ORDER_ACK);
    assert_int_equal(order.source, SOURCE_LOCAL);
    assert_int_equal(order.subject, -1);
    assert_int_equal(order.rule, -1);
    assert_string_equal(order.by, "me");
    assert_string_equal(order.why, "seen");
    order = resolved("{\"verb\":\"reset\",\"dev\":\"gas-store\"}");
    assert_int_equal(order.verb, ORDER_RESET);
    assert_int_equal(order.subject, 1);
    assert_int_equal(order.rule, -1);
    order = resolved("{\"verb\":\"ack\",\"dev\":\"gas-store\",\"alarm\":\"gas.high\"}");
    assert_int_equal(order.subject, 1);
    assert_int_equal(order.rule, RULE_STORE_HIGH); /* not the kitchen's of the same name */
    order = resolved("{\"verb\":\"ack\",\"alarm\":\"valve.stuck\"}");
    assert_int_equal(order.subject, 2);
    assert_int_equal(order.rule, RULE_VALVE_STUCK);
    order = resolved("{\"verb\":\"reset\",\"dev\":\"kitchen-gas-trip\"}");
    assert_int_equal(order.subject, 4);
    order = resolved("{\"verb\":\"silence\"}");
    assert_int_equal(order.verb, ORDER_SILENCE);
    assert_int_equal(order.subject, -1);
}

static void test_what_is_taken_out_of_sight(void **state)
{
    (void)state;
    struct order order = resolved("{\"verb\":\"shelve\",\"dev\":\"gas-store\",\"for_ms\":7200000,\"one_shot\":true}");
    assert_int_equal(order.verb, ORDER_SHELVE);
    assert_int_equal(order.for_ms, 7200000);
    assert_true(order.one_shot);
    order = resolved("{\"verb\":\"shelve\",\"alarm\":\"valve.stuck\"}");
    assert_int_equal(order.for_ms, 0);
    assert_int_equal(order.rule, RULE_VALVE_STUCK);
    assert_int_equal(resolved("{\"verb\":\"unshelve\",\"all\":true}").verb, ORDER_UNSHELVE);
    order = resolved("{\"verb\":\"service\",\"dev\":\"gas-store\",\"on\":false}");
    assert_int_equal(order.verb, ORDER_SERVICE);
    assert_false(order.on);
    assert_true(resolved("{\"verb\":\"service\",\"dev\":\"gas-store\",\"on\":true}").on);
    refused("{\"verb\":\"shelve\",\"all\":true}", "no_target"); /* never the whole site */
    refused("{\"verb\":\"service\",\"all\":true,\"on\":false}", "no_target");
    refused("{\"verb\":\"service\",\"dev\":\"gas-store\"}", "no_on");
    refused("{\"verb\":\"service\",\"dev\":\"gas-store\",\"on\":1}", "bad_type");
    refused("{\"verb\":\"unshelve\"}", "no_target");
    refused("{\"verb\":\"shelve\",\"dev\":\"x\",\"for_ms\":0}", "bad_value");
    refused("{\"verb\":\"shelve\",\"dev\":\"x\",\"for_ms\":1e300}", "bad_value");
    refused("{\"verb\":\"shelve\",\"dev\":\"x\",\"for_ms\":\"2h\"}", "bad_value");
    refused("{\"verb\":\"ack\",\"dev\":\"x\",\"for_ms\":5}", "needless_time");
    refused("{\"verb\":\"drill\",\"on\":true,\"all\":true,\"for_ms\":5,\"one_shot\":true}", "needless_time");
    refused("{\"verb\":\"ack\",\"dev\":\"x\",\"on\":true}", "needless_on");
    refused("{\"verb\":\"ack\",\"all\":true,\"zone\":\"kitchen\"}", "needless_devices");
    refused("{\"verb\":\"read\"}", "no_target");
    refused("{\"verb\":\"read\",\"dev\":\"x\",\"alarm\":\"y\"}", "needless_target");
}

static void test_drills(void **state)
{
    (void)state;
    struct order order =
        resolved("{\"verb\":\"drill\",\"on\":true,\"for_ms\":1800000,\"devices\":\" gas-store  valve-kitchen\"}");
    assert_int_equal(order.verb, ORDER_DRILL);
    assert_true(order.on);
    assert_int_equal(order.zone, -1);
    assert_false(device_set_has(&order.devices, DEV_KITCHEN));
    assert_true(device_set_has(&order.devices, DEV_STORE) && device_set_has(&order.devices, DEV_VALVE));
    order = resolved("{\"verb\":\"drill\",\"on\":true,\"for_ms\":1,\"all\":true}");
    assert_true(device_set_has(&order.devices, DEV_KITCHEN) && device_set_has(&order.devices, DEV_VALVE));
    assert_false(device_set_has(&order.devices, DEV_COUNT));
    order = resolved("{\"verb\":\"drill\",\"on\":true,\"for_ms\":1,\"zone\":\"kitchen\"}");
    assert_int_equal(order.zone, 0);
    assert_false(order.hold);
    order = resolved("{\"verb\":\"drill\",\"on\":true,\"for_ms\":1,\"zone\":\"kitchen\",\"hold\":true}");
    assert_true(order.hold && order.zone >= 0);
    order = resolved("{\"verb\":\"drill\",\"on\":false}");
    assert_false(order.on);
    refused("{\"verb\":\"drill\",\"on\":true,\"for_ms\":1,\"all\":true,\"hold\":true}", "hold_one_zone");
    refused("{\"verb\":\"drill\",\"on\":true,\"for_ms\":1,\"devices\":\"gas-store\",\"hold\":true}", "hold_one_zone");
    refused("{\"verb\":\"drill\",\"on\":false,\"hold\":true}", "hold_one_zone");
    refused("{\"verb\":\"drill\",\"on\":true,\"for_ms\":1,\"zone\":\"kitchen\",\"hold\":1}", "bad_type");
    refused("{\"verb\":\"silence\",\"hold\":true}", "needless_devices");
    refused("{\"verb\":\"drill\"}", "bad_drill");
    refused("{\"verb\":\"drill\",\"on\":true,\"all\":true}", "bad_drill");
    refused("{\"verb\":\"drill\",\"on\":true,\"for_ms\":5}", "bad_drill");
    refused("{\"verb\":\"drill\",\"on\":true,\"for_ms\":5,\"all\":true,\"zone\":\"kitchen\"}", "bad_drill");
    refused("{\"verb\":\"drill\",\"on\":true,\"for_ms\":5,\"dev\":\"gas-store\"}", "bad_drill");
    refused("{\"verb\":\"drill\",\"on\":false,\"all\":true}", "bad_drill");
    refused("{\"verb\":\"drill\",\"on\":false,\"for_ms\":5}", "bad_drill");
    unresolved("{\"verb\":\"drill\",\"on\":true,\"for_ms\":5,\"devices\":\"gas-store gas-stor\"}", "unknown_dev",
               "did you mean gas-store");
    unresolved("{\"verb\":\"drill\",\"on\":true,\"for_ms\":5,\"zone\":\"kitchn\"}", "unknown_zone", "kitchen");
    char line[256];
    char dev[SITE_ID_MAX + 2];
    memset(dev, 'a', sizeof dev - 1);
    dev[sizeof dev - 1] = '\0';
    (void)snprintf(line, sizeof line, "{\"verb\":\"drill\",\"on\":true,\"for_ms\":5,\"devices\":\"%s\"}", dev);
    unresolved(line, "unknown_dev", "device");
}

static void test_read_names_a_device(void **state)
{
    (void)state;
    struct refusal refusal;
    size_t device = 77;
    struct request request = parsed("{\"verb\":\"read\",\"dev\":\"gas-store\"}");
    assert_int_equal(request_find_device(&request, &desk_site, &device, &refusal), ERR_OK);
    assert_int_equal(device, DEV_STORE);
    request = parsed("{\"verb\":\"read\",\"dev\":\"rs485-1\"}"); /* a bus has no readings */
    assert_int_equal(request_find_device(&request, &desk_site, &device, &refusal), ERR_REFUSED);
    assert_string_equal(refusal.code, "unknown_dev");
}

static void test_wrong_names_get_a_suggestion(void **state)
{
    (void)state;
    unresolved("{\"verb\":\"ack\",\"dev\":\"gas-kitchn\"}", "unknown_dev", "did you mean gas-kitchen");
    unresolved("{\"verb\":\"ack\",\"dev\":\"boiler\"}", "unknown_dev", "\"boiler\"");
    unresolved("{\"verb\":\"ack\",\"dev\":\"kitchen\"}", "zone_given", "zone");
    unresolved("{\"verb\":\"ack\",\"dev\":\"gas-store\",\"alarm\":\"gas.hihg\"}", "unknown_alarm", "gas.high");
    unresolved("{\"verb\":\"ack\",\"dev\":\"gas-store\",\"alarm\":\"valve.stuck\"}", "unknown_alarm", "gas-store");
    unresolved("{\"verb\":\"ack\",\"alarm\":\"gas.high\"}", "which_dev", "gas-store");
    unresolved("{\"verb\":\"ack\",\"alarm\":\"nothing\",\"lang\":\"zh\"}", "unknown_alarm", "没有报警");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_requests),
        cmocka_unit_test(test_shapes_are_refused),
        cmocka_unit_test(test_members_are_refused),
        cmocka_unit_test(test_quotes_are_cut_at_characters),
        cmocka_unit_test(test_sense_is_refused),
        cmocka_unit_test(test_capture_names_a_bus),
        cmocka_unit_test(test_sizes_are_refused),
        cmocka_unit_test(test_refusals_speak_the_asked_language),
        cmocka_unit_test(test_names_become_indices),
        cmocka_unit_test(test_wrong_names_get_a_suggestion),
        cmocka_unit_test(test_what_is_taken_out_of_sight),
        cmocka_unit_test(test_drills),
        cmocka_unit_test(test_read_names_a_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
