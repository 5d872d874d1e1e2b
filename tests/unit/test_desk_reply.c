#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/desk/reply.h"
#include "gateway/desk/view.h"
#include "tests/support/desk_site.h"

#define ANSWER_MAX 65536

struct bench {
    struct board *board;
    char answer[ANSWER_MAX];
    cJSON *json;
};

static struct now const now = {.mono_us = 10000000, .utc_ms = 1795310584757};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    assert_int_equal(board_open(&bench->board, &desk_site), ERR_OK);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    board_close(bench->board);
    cJSON_Delete(bench->json);
    free(bench);
    return 0;
}

/* The whole answer; every piece must keep its promised size. */
static const cJSON *ask(struct bench *bench, enum request_verb verb)
{
    struct reply reply;
    size_t used = 0;
    bool more = true;
    reply_start(&reply, &desk_site, bench->board, verb, now);
    while (more) {
        struct text piece;
        assert_true(ANSWER_MAX - used > REPLY_PIECE_MAX);
        text_init(&piece, bench->answer + used, REPLY_PIECE_MAX);
        more = reply_next(&reply, &piece);
        assert_false(piece.full);
        used += piece.used;
    }
    assert_int_equal(bench->answer[used - 1], '\n');
    assert_ptr_equal(memchr(bench->answer, '\n', used), bench->answer + used - 1); /* one line */
    cJSON_Delete(bench->json);
    bench->json = cJSON_Parse(bench->answer);
    if (bench->json == NULL)
        fail_msg("not JSON: %s", bench->answer);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(bench->json, "ok")));
    return bench->json;
}

static const cJSON *at(const cJSON *json, const char *key, int index)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, key);
    assert_true(cJSON_IsArray(list));
    return cJSON_GetArrayItem(list, index);
}

static const char *text_of(const cJSON *json, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));
    return text != NULL ? text : "(none)";
}

static const cJSON *get(const cJSON *json, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(json, key);
}

static void put_valve(struct bench *bench)
{
    struct sample const samples[] = {
        {.value.boolean = true, .point = 0, .quality = QUALITY_GOOD},
        {.value.text = {.offset = 1, .size = 3}, .point = 1, .quality = QUALITY_GOOD},
        {.value.natural = UINT64_MAX, .point = 2, .quality = QUALITY_GOOD},
        {.value.integer = -5, .point = 3, .quality = QUALITY_UNCERTAIN},
    };
    board_put_device(bench->board, DEV_VALVE, 1795310584000, samples, 4, "?a\"b", 4);
}

static void test_values_of_every_type(void **state)
{
    struct bench *bench = *state;
    put_valve(bench);
    const cJSON *valve = at(ask(bench, REQUEST_WATCH), "devices", DEV_VALVE);
    assert_string_equal(text_of(valve, "dev"), "valve-kitchen");
    assert_true(cJSON_IsTrue(get(at(valve, "points", 0), "value")));
    assert_string_equal(text_of(at(valve, "points", 1), "value"), "a\"b");
    assert_string_equal(text_of(at(valve, "points", 2), "value"), "18446744073709551615");
    assert_int_equal(get(at(valve, "points", 3), "value")->valueint, -5);
    assert_string_equal(text_of(at(valve, "points", 3), "quality"), "uncertain");
}

static void test_a_missing_reading_is_never_a_number(void **state)
{
    struct bench *bench = *state;
    struct sample const samples[] = {
        {.value.number = 12.5, .point = 0, .quality = QUALITY_BAD, .reason = REASON_NO_ANSWER},
        {.value.code = 99, .point = 1, .quality = QUALITY_GOOD}, /* no such code */
    };
    board_put_device(bench->board, DEV_KITCHEN, 5, samples, 2, NULL, 0);
    struct sample const infinite = {.value.number = (double)INFINITY, .point = 0, .quality = QUALITY_GOOD};
    board_put_device(bench->board, DEV_STORE, 5, &infinite, 1, NULL, 0);
    const cJSON *json = ask(bench, REQUEST_WATCH);
    const cJSON *kitchen = at(json, "devices", DEV_KITCHEN);
    assert_null(get(at(kitchen, "points", 0), "value"));
    assert_string_equal(text_of(at(kitchen, "points", 0), "reason"), "no_answer");
    assert_null(get(at(kitchen, "points", 1), "value"));
    assert_string_equal(text_of(at(kitchen, "points", 1), "quality"), "bad");
    const cJSON *store = at(json, "devices", DEV_STORE);
    assert_null(get(at(store, "points", 0), "value"));
    assert_string_equal(text_of(at(store, "points", 1), "reason"), "starting");
}

static void test_a_text_outside_its_area_is_not_read(void **state)
{
    struct bench *bench = *state;
    struct sample const stray = {.value.text = {.offset = 1000, .size = 60000}, .point = 1, .quality = QUALITY_GOOD};
    board_put_device(bench->board, DEV_VALVE, 5, &stray, 1, "abc", 3);
    const cJSON *valve = at(ask(bench, REQUEST_WATCH), "devices", DEV_VALVE);
    assert_null(get(at(valve, "points", 1), "value"));
}

static void raise(struct bench *bench, size_t rule, enum alarm_state alarm_state, double value)
{
    board_put_rule(bench->board, rule,
                   &(struct board_rule){.state = (uint8_t)alarm_state,
                                        .condition = 1,
                                        .has_value = 1,
                                        .value = value,
                                        .since_utc_ms = 1795310580000});
}

static void test_alarms_are_those_that_are_not_normal(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(cJSON_GetArraySize(get(ask(bench, REQUEST_ALARMS), "alarms")), 0);
    raise(bench, RULE_STORE_HIGH, ALARM_UNACK, (double)52.1F);
    raise(bench, RULE_VALVE_STUCK, ALARM_LATCH_ACKED, 1);
    const cJSON *json = ask(bench, REQUEST_ALARMS);
    assert_null(get(json, "devices"));
    assert_int_equal(cJSON_GetArraySize(get(json, "alarms")), 2);
    assert_string_equal(text_of(at(json, "alarms", 0), "dev"), "gas-store");
    assert_string_equal(text_of(at(json, "alarms", 0), "alarm"), "gas.high");
    assert_string_equal(text_of(at(json, "alarms", 0), "state"), "UNACK");
    assert_string_equal(text_of(at(json, "alarms", 0), "point"), "gas_lel_pct");
    assert_non_null(strstr(bench->answer, "\"value\":52.1,")); /* the float, as the centre sees it */
    assert_non_null(strstr(bench->answer, "\"limit\":40,"));
    assert_true(cJSON_IsTrue(get(at(json, "alarms", 1), "value")));
}

static void test_interlocks_by_verb(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(cJSON_GetArraySize(get(ask(bench, REQUEST_ALARMS), "interlocks")), 0);
    assert_int_equal(cJSON_GetArraySize(get(ask(bench, REQUEST_STATUS), "interlocks")), 1);
    board_put_interlock(bench->board, 0, &(struct board_interlock){.tripped = 1, .commanded = 1, .since_utc_ms = 9});
    const cJSON *interlock = at(ask(bench, REQUEST_ALARMS), "interlocks", 0);
    assert_string_equal(text_of(interlock, "dev"), "kitchen-gas-trip");
    assert_true(cJSON_IsTrue(get(interlock, "tripped")));
    assert_true(cJSON_IsFalse(get(interlock, "confirmed")));
}

static void test_status(void **state)
{
    struct bench *bench = *state;
    board_put_slave(bench->board, 0, &(struct board_slave){.answering = 1, .good_mono_us = 9000000});
    board_put_centre(bench->board, 0, &(struct board_centre){.lw_a = 913, .trouble = "no \"such\" host\n"});
    board_put_journal(bench->board,
                      &(struct board_journal){.ok = 1, .budget_used = 1, .last_t = 48213, .stream = "9f3c2a71"});
    const cJSON *json = ask(bench, REQUEST_STATUS);
    assert_null(get(json, "devices"));
    assert_string_equal(text_of(json, "name"), "演示 \"1\"");
    assert_int_equal(get(at(json, "slaves", 0), "age_ms")->valueint, 1000);
    assert_string_equal(text_of(at(json, "centres", 0), "trouble"), "no \"such\" host\n");
    assert_int_equal(get(get(get(json, "journal"), "last"), "t")->valueint, 48213);
    assert_true(cJSON_IsTrue(get(get(json, "journal"), "budget_used")));
}

static const char *slave_state(struct bench *bench, const struct board_slave *slave, bool open)
{
    board_put_bus(bench->board, 0, &(struct board_bus){.open = open ? 1 : 0, .load_permille = -1});
    board_put_slave(bench->board, 0, slave);
    return text_of(at(ask(bench, REQUEST_STATUS), "slaves", 0), "state");
}

static void test_the_state_of_a_slave(void **state)
{
    struct bench *bench = *state;
    struct board_slave slave = {0};
    assert_string_equal(slave_state(bench, &slave, false), "bus_lost");
    assert_string_equal(slave_state(bench, &slave, true), "starting");
    slave.failures = 3;
    assert_string_equal(slave_state(bench, &slave, true), "silent");
    slave.garbled = 1;
    assert_string_equal(slave_state(bench, &slave, true), "garbled");
    slave = (struct board_slave){.answering = 1, .good_mono_us = 5, .failures = 2};
    assert_string_equal(slave_state(bench, &slave, true), "good");
    slave.refusal_count = 1;
    assert_string_equal(slave_state(bench, &slave, true), "refusing");
    slave.stranger = 1;
    assert_string_equal(slave_state(bench, &slave, true), "stranger");
    slave.failures = 3;
    assert_string_equal(slave_state(bench, &slave, true), "silent");
}

static const char *bus_state(struct bench *bench, int64_t planned_us, int64_t achieved_us)
{
    struct tally_poll const none = {.planned_us = -1, .achieved_us = -1, .age_us = -1, .slave = -1};
    struct board_bus bus = {.open = 1, .load_permille = -1, .wire_permille = -1, .polls = {none, none, none}};
    bus.polls[POLL_SAFETY] = (struct tally_poll){planned_us, achieved_us, 1000, 0};
    board_put_bus(bench->board, 0, &bus);
    return text_of(at(ask(bench, REQUEST_STATUS), "buses", 0), "state");
}

static void test_a_bus_that_is_behind(void **state)
{
    struct bench *bench = *state;
    assert_string_equal(bus_state(bench, 500000, 750000), "good");
    assert_string_equal(bus_state(bench, 500000, 750001), "behind");
    const cJSON *bus = at(ask(bench, REQUEST_STATUS), "buses", 0);
    assert_null(get(bus, "load_pct")); /* not known is not 0 */
    assert_int_equal(get(get(get(bus, "polls"), "safety"), "planned_ms")->valueint, 500);
    assert_true(cJSON_IsTrue(get(get(get(bus, "polls"), "safety"), "behind")));
    assert_null(get(get(bus, "polls"), "normal"));
    assert_string_equal(bus_state(bench, 0, 9000000), "good"); /* flat out: as fast as it goes */
    assert_string_equal(bus_state(bench, 500000, -1), "good"); /* nothing is known yet */
}

static void test_a_centre_that_lags(void **state)
{
    struct bench *bench = *state;
    board_put_journal(bench->board, &(struct board_journal){.ok = 1, .last_a = 20, .last_t = 100});
    board_put_centre(bench->board, 0, &(struct board_centre){.lw_a = 20, .lw_t = 90, .acked_mono_us = 7000000});
    const cJSON *centre = at(ask(bench, REQUEST_STATUS), "centres", 0);
    assert_int_equal(get(get(centre, "backlog"), "a")->valueint, 0);
    assert_int_equal(get(get(centre, "backlog"), "t")->valueint, 10);
    assert_int_equal(get(get(centre, "lw"), "t")->valueint, 91);
    assert_int_equal(get(centre, "acked_age_ms")->valueint, 3000);
    board_put_centre(bench->board, 0, &(struct board_centre){.connected = 0}); /* never reached: all of it waits */
    assert_int_equal(get(get(at(ask(bench, REQUEST_STATUS), "centres", 0), "backlog"), "t")->valueint, 100);
}

static void test_short_answers(void **state)
{
    (void)state;
    char buffer[2048];
    struct text text;
    struct answer answer = {.ok = true, .count = 3};
    text_init(&text, buffer, sizeof buffer);
    reply_put_answer(&text, &answer, REQUEST_ACK, LANGUAGE_EN);
    assert_string_equal(buffer, "{\"ok\":true,\"verb\":\"ack\",\"count\":3}\n");
    answer = (struct answer){.ok = true, .count = 1, .code = "ack_first", .why = "one of them was not acknowledged"};
    text_init(&text, buffer, sizeof buffer);
    reply_put_answer(&text, &answer, REQUEST_RESET, LANGUAGE_EN);
    assert_non_null(strstr(buffer, "\"ok\":true"));
    assert_non_null(strstr(buffer, "one of them"));
    answer = (struct answer){.code = "condition_active", .why = "the gas is still there"};
    text_init(&text, buffer, sizeof buffer);
    reply_put_answer(&text, &answer, REQUEST_RESET, LANGUAGE_EN);
    assert_non_null(strstr(buffer, "\"ok\":false"));
    assert_non_null(strstr(buffer, "the gas is still there"));
    text_init(&text, buffer, sizeof buffer);
    reply_put_answer(&text, &answer, REQUEST_RESET, LANGUAGE_ZH);
    assert_non_null(strstr(buffer, "原因仍然存在"));
}

/* And how it looks to a person. */

static void shows(struct bench *bench, struct tongue tongue, enum request_verb verb, const char *wanted, bool there)
{
    char *picture = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&picture, &size);
    assert_non_null(to);
    const cJSON *answer = ask(bench, verb);
    view_set_zone(answer);
    if (verb == REQUEST_ALARMS)
        view_alarms(to, &tongue, answer);
    else
        view_watch(to, &tongue, answer);
    assert_int_equal(fclose(to), 0);
    if ((strstr(picture, wanted) != NULL) != there)
        fail_msg("%s \"%s\" in:\n%s", there ? "no" : "unwanted", wanted, picture);
    free(picture);
}

static void test_pictures(void **state)
{
    struct bench *bench = *state;
    struct tongue const zh = {.language = LANGUAGE_ZH, .utf8 = true};
    struct tongue const en = {.language = LANGUAGE_EN};
    shows(bench, en, REQUEST_ALARMS, "no alarms", true);
    shows(bench, zh, REQUEST_WATCH, "尚未读到", true);
    put_valve(bench);
    raise(bench, RULE_STORE_HIGH, ALARM_UNACK, (double)52.1F);
    struct sample const gas = {.value.number = (double)52.1F, .point = 0, .quality = QUALITY_GOOD};
    board_put_device(bench->board, DEV_STORE, 1795310584000, &gas, 1, NULL, 0);
    shows(bench, zh, REQUEST_ALARMS, "▲ 红 gas-store  燃气高限 (gas.high)  52.1 ≥ 40 %LEL", true);
    shows(bench, zh, REQUEST_ALARMS, "报警，未确认", true);
    shows(bench, en, REQUEST_ALARMS, "^ red gas-store  gas high (gas.high)  52.1 >= 40 %LEL", true);
    shows(bench, en, REQUEST_ALARMS, "no alarms", false);
    shows(bench, zh, REQUEST_WATCH, "52.1 %LEL  红 gas.high", true);
    shows(bench, en, REQUEST_WATCH, "\033", false); /* colours only on a terminal */
    shows(bench, en, REQUEST_WATCH, "NOT CONNECTED", true);
}

/* Whatever is wrong: as many sentences as are counted. A lost bus speaks for its slaves, and a bus that is behind is one thing,
 * however many of its polls are. */
static void test_each_thing_that_is_wrong_is_one_sentence(void **state)
{
    static const char json[] =
        "{\"interlocks\":[{\"dev\":\"trip\",\"failed\":true}],"
        "\"buses\":[{\"bus\":\"lost\",\"state\":\"closed\",\"trouble\":\"gone\"},"
        "{\"bus\":\"slow\",\"state\":\"behind\",\"polls\":{\"safety\":{\"behind\":true,\"slave\":\"c\",\"planned_ms\":"
        "500,"
        "\"achieved_ms\":900},\"normal\":{\"behind\":true,\"slave\":\"d\",\"planned_ms\":1000,\"achieved_ms\":1900}}}],"
        "\"slaves\":[{\"slave\":\"a\",\"bus\":\"lost\",\"state\":\"bus_lost\"},"
        "{\"slave\":\"b\",\"bus\":\"lost\",\"state\":\"bus_lost\"},{\"slave\":\"c\",\"bus\":\"slow\",\"state\":"
        "\"good\"},"
        "{\"slave\":\"d\",\"bus\":\"slow\",\"state\":\"silent\",\"too_late\":true,\"late\":7}],"
        "\"centres\":[{\"centre\":\"c1\",\"connected\":false}],\"journal\":{\"ok\":false}}";
    static const char *const sentences[] = {
        "6 things are wrong",
        "! bus lost is not open, 2 slaves are behind it: gone\n",
        "! bus slow is behind: safety readings of c are planned every 500 ms and come every 900 ms, normal readings of "
        "d are "
        "planned every 1000 ms and come every 1900 ms; see `outpost plan`\n",
        "answers too late (7 times): give bus slow a longer \"timeout\"",
    };
    (void)state;
    struct tongue const en = {.language = LANGUAGE_EN};
    struct paper paper;
    char *picture = NULL;
    size_t size = 0;
    size_t count = 0;
    cJSON *answer = cJSON_Parse(json);
    assert_non_null(answer);
    assert_int_equal(paper_open(&paper, FORM_TEXT, &en), ERR_OK);
    size_t const wrong = view_status(&paper, answer);
    FILE *to = open_memstream(&picture, &size);
    assert_non_null(to);
    assert_int_equal(paper_show(&paper, to), ERR_OK);
    assert_int_equal(fclose(to), 0);
    for (const char *at = picture; (at = strstr(at, "\n! ")) != NULL; at++)
        count++;
    for (size_t i = 0; i < ARRAY_SIZE(sentences); i++)
        if (strstr(picture, sentences[i]) == NULL)
            fail_msg("not said: %s in:\n%s", sentences[i], picture);
    assert_int_equal(wrong, 6);
    assert_int_equal(count, wrong);
    cJSON_Delete(answer);
    free(picture);
}

static void shows_number(const char *json, const char *wanted)
{
    struct tongue const en = {.language = LANGUAGE_EN};
    char line[256];
    char *picture = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&picture, &size);
    assert_non_null(to);
    (void)snprintf(line, sizeof line, "{\"devices\":[{\"dev\":\"d\",\"points\":[{\"id\":\"p\",\"value\":%s}]}]}", json);
    cJSON *answer = cJSON_Parse(line);
    view_watch(to, &en, answer);
    assert_int_equal(fclose(to), 0);
    (void)snprintf(line, sizeof line, " %s\n", wanted);
    if (strstr(picture, line) == NULL)
        fail_msg("%s is not %s in:\n%s", json, wanted, picture);
    cJSON_Delete(answer);
    free(picture);
}

static void test_numbers_for_people(void **state)
{
    (void)state;
    shows_number("0", "0");
    shows_number("41.73971", "41.74");
    shows_number("-41.73971", "-41.74");
    shows_number("0.15358998", "0.1536");
    shows_number("8.3", "8.3");
    shows_number("100.0001", "100");
    shows_number("0.00001234", "1.234e-05");
    shows_number("1234.56", "1234.6");
    shows_number("9007199254740991", "9007199254740991"); /* counters keep every digit */
    shows_number("120", "120");
    shows_number("1e300", "1e+300");
}

/* 1795310580000 ms is 2026-11-22 01:23:00 UTC, 09:23:00 in Shanghai. */
static void test_times_are_those_of_the_site(void **state)
{
    struct bench *bench = *state;
    struct tongue const en = {.language = LANGUAGE_EN};
    raise(bench, RULE_STORE_HIGH, ALARM_ACKED, 41);
    shows(bench, en, REQUEST_ALARMS, "since 2026-11-22 09:23:00", true);
}

static void test_a_strange_answer_is_no_crash(void **state)
{
    (void)state;
    static const char *const strange[] = {
        "{}",
        "[]",
        "null",
        "{\"alarms\":{\"a\":1},\"devices\":7}",
        "{\"alarms\":[1,null,{}],\"interlocks\":[{}]}",
        "{\"devices\":[{\"points\":[{},1,{\"value\":1e999}]}],\"buses\":[{}],\"centres\":[3],\"journal\":[]}",
    };
    struct tongue const en = {.language = LANGUAGE_EN};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        cJSON *json = cJSON_Parse(strange[i]);
        FILE *to = fopen("/dev/null", "we");
        assert_non_null(to);
        view_set_zone(json);
        view_alarms(to, &en, json);
        view_watch(to, &en, json);
        assert_int_equal(fclose(to), 0);
        cJSON_Delete(json);
    }
}

int main(void)
{
#define WITH_BOARD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_BOARD(test_values_of_every_type),
        WITH_BOARD(test_a_missing_reading_is_never_a_number),
        WITH_BOARD(test_a_text_outside_its_area_is_not_read),
        WITH_BOARD(test_alarms_are_those_that_are_not_normal),
        WITH_BOARD(test_interlocks_by_verb),
        WITH_BOARD(test_status),
        WITH_BOARD(test_the_state_of_a_slave),
        WITH_BOARD(test_a_bus_that_is_behind),
        WITH_BOARD(test_a_centre_that_lags),
        cmocka_unit_test(test_short_answers),
        WITH_BOARD(test_pictures),
        WITH_BOARD(test_times_are_those_of_the_site),
        cmocka_unit_test(test_numbers_for_people),
        cmocka_unit_test(test_each_thing_that_is_wrong_is_one_sentence),
        cmocka_unit_test(test_a_strange_answer_is_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
