/* Slaves on their lines: the words of faults, when they strike and what they do, noise, turnarounds, wishes, status. */
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "firmware-sim/ctl.h"
#include "firmware-sim/wish.h"
#include "firmware-sim/world.h"

/* JSON with ' for ". */
static const char shop[] = "{'buses':[{'id':'line','link':'rtu','port':'p'},{'id':'net','link':'tcp','port':15020}],"
                           "'slaves':["
                           "{'id':'gas','bus':'line','unit':1,'points':{'f':{'address':0,'type':'f32'},"
                           "'s':{'address':2,'type':'s16','invalid':[32767]},"
                           "'v':{'address':3,'valid':[3600,21000]},"
                           "'w':{'address':4,'type':'s16','valid':[-5,32767]},"
                           "'plain':{'address':5},"
                           "'hi':{'address':6,'byte':'hi','invalid':[255]},"
                           "'lo':{'address':6,'byte':'lo'},"
                           "'both_hi':{'address':7,'byte':'hi','invalid':[255]},"
                           "'both_lo':{'address':7,'byte':'lo','invalid':[254]}}},"
                           "{'id':'plain','bus':'line','unit':2,'points':{'r':{'address':0}}},"
                           "{'id':'far','bus':'net','unit':1,'points':{'r':{'address':0}}}]}";

enum { LINE, NET };

static struct site site;
static struct world world;
static char said[65536];

static int build(void **state)
{
    (void)state;
    struct sentence why;
    struct sentence warnings;
    char json[sizeof shop];
    for (size_t i = 0; i < sizeof json; i++)
        json[i] = shop[i] == '\'' ? '"' : shop[i];
    if (!site_open_bytes(&site, "site.json", json, sizeof json - 1, NULL, sentence_init(&warnings),
                         sentence_init(&why)))
        fail_msg("%s", why.bytes);
    assert_string_equal(warnings.bytes, "");
    world_open(&world, &site, 1);
    world_pass(&world, 1000000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_close(&world);
    site_close(&site);
    return 0;
}

static const char *say(const char *words)
{
    char line[CTL_LINE_MAX];
    struct text out;
    const struct ctl ctl = {.world = &world};
    (void)snprintf(line, sizeof line, "%s", words);
    text_init(&out, said, sizeof said);
    ctl_run(&ctl, line, &out);
    return said;
}

static bool says(const char *words, const char *start)
{
    return strncmp(say(words), start, strlen(start)) == 0;
}

/* Is it said, somewhere? */
static bool tells(const char *words, const char *part)
{
    return strstr(say(words), part) != NULL;
}

static struct answer ask_at(int64_t at_us, size_t bus, uint8_t unit, const uint8_t *pdu, size_t size)
{
    uint8_t frame[FRAME_MAX];
    struct answer answer = {.size = 0};
    size_t frame_size = frame_wrap(world.lines[bus].wire, 7, unit, pdu, size, frame);
    const struct request request = {.transaction = 7,
                                    .unit = unit,
                                    .pdu = pdu,
                                    .pdu_size = size,
                                    .frame = frame,
                                    .frame_size = frame_size,
                                    .at_us = at_us};
    line_serve(&world.lines[bus], &request, &answer);
    return answer;
}

#define ASK_AT(at_us, bus, unit, ...)                                                                                  \
    ask_at(at_us, bus, unit, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__} / sizeof(uint8_t))
#define ASK(bus, unit, ...) ASK_AT(world.now_us, bus, unit, __VA_ARGS__)

static unsigned word_of(const struct answer *answer, size_t index)
{
    return (unsigned)answer->bytes[3 + 2 * index] << 8 | answer->bytes[4 + 2 * index];
}

static uint64_t struck(const char *slave)
{
    return world.units[site_find_slave(&site, slave)].counters.struck;
}

/* --- words --- */

static void test_words_come_back_as_they_were_said(void **state)
{
    (void)state;
    static const char *const orders[] = {
        "silence",        "late 800 once",   "crc 0.1",         "exception 4 0.5 every 30s for 2s",
        "frozen for 10s", "sentinel s",      "sentinel * once", "duplicate 0.25 for 1500ms",
        "babble 50",      "delay 20 for 2h", "busy once",       "silence every 1min for 500ms",
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "fault gas %s", orders[i]);
        assert_true(says(line, "ok"));
        (void)snprintf(line, sizeof line, " fault %s\n", orders[i]);
        assert_true(tells("status", line));
    }
    assert_true(says("fault gas silence 10s", "ok")); /* the short way */
    assert_true(tells("status", " fault silence for 10s\n"));
}

static void test_wrong_words(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        const char *verdict;
    } rows[] = {
        {"fault gas silence for", "usage: a time looks like"},
        {"fault gas silence for 0s", "usage: a time looks like"},
        {"fault gas silence 0s", "usage: a time looks like"},
        {"fault gas silence every 30s", "usage: \"every TIME\" needs a shorter"},
        {"fault gas silence every 2s for 2s", "usage: \"every TIME\" needs a shorter"},
        {"fault gas silence twice", "usage: \"twice\" is neither"},
        {"fault gas frozen once", "usage: frozen ends with"},
        {"fault gas none for 10s", "usage: \"for\" is one word too many"},
        {"fault gas sentinel", "usage: sentinel needs a point"},
        {"fault gas sentinel nothing", "error: gas has no point nothing"},
        {"fault gas sentinel plain", "error: gas.plain has no invalid value"},
        {"fault plain sentinel *", "error: plain has no invalid value"},
        {"fault gas babble 9", "usage: babble needs a whole number from 10"},
        {"fault far babble 100", "error: far is on Modbus TCP"},
        {"fault far crc", "error: far is on Modbus TCP"},
        {"fault gas gone", "error: that is a fault of a bus, not of gas: fault bus:line gone"},
        {"fault bus:line silence", "error: a bus can be gone or back"},
        {"fault bus:nowhere gone", "error: there is no bus nowhere"},
        {"fault bus:line gone once", "usage: gone ends with"},
        {"turnaround gas", "usage: turnaround"},
        {"turnaround gas fast", "usage: turnaround"},
        {"turnaround gas -1", "usage: turnaround"},
        {"turnaround nobody 5", "error: there is no slave nobody"},
        {"status xml", "usage: status [json]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!says(rows[i].words, rows[i].verdict))
            fail_msg("%s: %s", rows[i].words, said);
    }
}

/* --- when --- */

static void test_for_a_while(void **state)
{
    (void)state;
    assert_true(says("fault plain silence for 10s", "ok")); /* from 1 s to 11 s */
    assert_int_equal(ASK_AT(1000000, LINE, 2, 3, 0, 0, 0, 1).size, 0);
    assert_int_equal(ASK_AT(10999999, LINE, 2, 3, 0, 0, 0, 1).size, 0);
    assert_int_equal(ASK_AT(11000000, LINE, 2, 3, 0, 0, 0, 1).size, 7);
    assert_int_equal(struck("plain"), 2);
    assert_true(tells("status", "slave plain requests 3 answers 1 exceptions 0 struck 2 writes 0 fault none\n"));
}

static void test_it_is_over_without_a_request(void **state)
{
    (void)state;
    assert_true(says("fault plain silence for 10s", "ok"));
    world_pass(&world, 11000000);
    assert_true(tells("status", "slave plain requests 0 answers 0 exceptions 0 struck 0 writes 0 fault none\n"));
}

static void test_again_and_again(void **state)
{
    (void)state;
    assert_true(says("fault plain silence every 30s for 2s", "ok"));
    for (int64_t turn = 0; turn < 4; turn++) {
        int64_t from_us = 1000000 + turn * 30000000;
        assert_int_equal(ASK_AT(from_us, LINE, 2, 3, 0, 0, 0, 1).size, 0);
        assert_int_equal(ASK_AT(from_us + 1999999, LINE, 2, 3, 0, 0, 0, 1).size, 0);
        assert_int_equal(ASK_AT(from_us + 2000000, LINE, 2, 3, 0, 0, 0, 1).size, 7);
        assert_int_equal(ASK_AT(from_us + 29999999, LINE, 2, 3, 0, 0, 0, 1).size, 7);
    }
    assert_int_equal(struck("plain"), 8);
}

static void test_frozen_for_a_while(void **state)
{
    (void)state;
    assert_true(says("fault plain frozen for 2s", "ok"));
    struct answer first = ASK_AT(1000000, LINE, 2, 3, 0, 0, 0, 1);
    unsigned before = word_of(&first, 0);
    for (int i = 0; i < 50; i++)
        world_step(&world, 0.1);
    struct answer still = ASK_AT(2000000, LINE, 2, 3, 0, 0, 0, 1);
    assert_int_equal(word_of(&still, 0), before);
    world_pass(&world, 3000000);
    for (int i = 0; i < 50; i++)
        world_step(&world, 0.1);
    struct answer moves = ASK_AT(3000000, LINE, 2, 3, 0, 0, 0, 1);
    assert_int_not_equal(word_of(&moves, 0), before);
    assert_int_equal(struck("plain"), 2);
    assert_true(says("fault plain frozen every 10s for 2s", "ok"));
    world_pass(&world, 6000000); /* it was said at 3 s */
    before = word_of(&moves, 0);
    for (int i = 0; i < 50; i++)
        world_step(&world, 0.1);
    struct answer between = ASK_AT(6000000, LINE, 2, 3, 0, 0, 0, 1);
    assert_int_not_equal(word_of(&between, 0), before);
}

/* --- what --- */

static void test_sentinels(void **state)
{
    (void)state;
    assert_true(says("set gas.s 5", "ok"));
    assert_true(says("set gas.lo 7", "ok"));
    assert_true(says("set gas.hi 9", "ok"));
    assert_true(says("set gas.plain 11", "ok"));
    assert_true(says("fault gas sentinel *", "ok"));
    struct answer all = ASK(LINE, 1, 3, 0, 0, 0, 8);
    assert_int_equal(word_of(&all, 0) & 0x7F80, 0x7F80); /* a NaN */
    assert_int_not_equal((word_of(&all, 0) & 0x7F) | word_of(&all, 1), 0);
    assert_int_equal(word_of(&all, 2), 32767);
    assert_int_equal(word_of(&all, 3), 21001);
    assert_int_equal(word_of(&all, 4), 0x10000 - 6); /* above there is no room */
    assert_int_equal(word_of(&all, 5), 11);
    assert_int_equal(word_of(&all, 6), 0xFF07); /* the other half stays */
    assert_int_equal(word_of(&all, 7), 0xFFFE);
    assert_true(tells("get gas.s", "gas.s invalid\n"));
    assert_true(tells("get gas.lo", "gas.lo 7\n"));
    struct answer half = ASK(LINE, 1, 3, 0, 1, 0, 2); /* half a float */
    assert_int_equal(word_of(&half, 0), word_of(&all, 1));
    assert_int_equal(word_of(&half, 1), 32767);
    assert_true(says("fault gas none", "ok"));
    struct answer back = ASK(LINE, 1, 3, 0, 0, 0, 7);
    assert_int_equal(word_of(&back, 2), 5); /* nothing is lost */
    assert_int_equal(word_of(&back, 6), 0x0907);
    assert_int_equal(struck("gas"), 2);
}

static void test_sentinel_of_one_point(void **state)
{
    (void)state;
    assert_true(says("set gas.v 4000", "ok"));
    assert_true(says("set gas.s 5", "ok"));
    assert_true(says("fault gas sentinel s once", "ok"));
    struct answer once = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_int_equal(word_of(&once, 0), 32767);
    assert_int_equal(word_of(&once, 1), 4000);
    struct answer after = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_int_equal(word_of(&after, 0), 5);
    assert_true(says("fault * sentinel *", "ok")); /* of those that have one */
    assert_true(tells("list", "slave gas bus line unit 1 profile - points 9 fault sentinel *\n"));
    assert_true(tells("list", "slave plain bus line unit 2 profile - points 1 fault none\n"));
}

static void test_mask_write_works_on_what_stands_there(void **state)
{
    (void)state;
    assert_true(says("fault plain delay 0", "ok"));
    (void)ASK(LINE, 2, 6, 0, 0, 0x12, 0x34);
    struct answer answer = ASK(LINE, 2, 22, 0, 0, 0xFF, 0x00, 0x00, 0x56);
    assert_int_equal(answer.size, 10);
    struct answer read = ASK(LINE, 2, 3, 0, 0, 0, 1);
    assert_int_equal(word_of(&read, 0), 0x1256);
}

static void test_server_id_and_echo_of_queries(void **state)
{
    (void)state;
    struct answer id = ASK(LINE, 2, 17);
    assert_int_equal(id.size, 5 + 6);
    assert_memory_equal(id.bytes, "\x02\x11\x06plain\xFF", 9);
    assert_int_equal(ASK(LINE, 2, 8, 0, 0, 1, 2).size, 8);
    assert_int_equal(ASK(NET, 1, 8, 0, 0, 1, 2).bytes[7], 0x88);
}

static void test_duplicate_addresses_collide(void **state)
{
    (void)state;
    struct answer good = ASK(LINE, 1, 3, 0, 0, 0, 7);
    size_t spoiled = 0;
    size_t behind = 0;
    assert_true(says("fault gas duplicate", "ok"));
    for (int i = 0; i < 200; i++) {
        struct answer both = ASK(LINE, 1, 3, 0, 0, 0, 7);
        assert_in_range(both.size, good.size, 2 * good.size);
        if (both.size == 2 * good.size) {
            assert_memory_equal(both.bytes, good.bytes, good.size);
            assert_true(frame_crc_fits(both.bytes + good.size, good.size));
            behind++;
        } else {
            spoiled += frame_crc_fits(both.bytes, good.size) ? 0U : 1U;
        }
    }
    assert_int_equal(spoiled + behind, 200);
    assert_in_range(behind, 1, 50);
    assert_int_equal(struck("gas"), 200);
    assert_true(says("fault far duplicate", "ok"));
    struct answer twice = ASK(NET, 1, 3, 0, 0, 0, 1);
    assert_int_equal(twice.size, 22);
    assert_memory_equal(twice.bytes, twice.bytes + 11, 9);
}

static size_t bursts_until(int64_t now_us, size_t *ret_bytes)
{
    struct answer noise = {.size = 0};
    uint8_t unit = 0;
    size_t count = 0;
    for (*ret_bytes = 0; line_babble(&world.lines[LINE], now_us, &noise, &unit); count++) {
        assert_int_equal(unit, 1);
        assert_in_range(noise.size, 1, FAULT_BABBLE_BYTES);
        *ret_bytes += noise.size;
    }
    return count;
}

static void test_babble(void **state)
{
    (void)state;
    size_t bytes;
    size_t count = 0;
    assert_true(line_due_us(&world.lines[LINE], 1000000) == CHANNEL_NEVER);
    assert_true(says("fault gas babble 100 every 10s for 1s", "ok"));
    for (int64_t now_us = 1000000; now_us < 21000000; now_us += 10000) {
        assert_true(line_due_us(&world.lines[LINE], now_us) >= now_us - 10000);
        count += bursts_until(now_us, &bytes);
    }
    assert_int_equal(count, 20);
    assert_int_equal(struck("gas"), 20);
    assert_int_equal(ASK(LINE, 1, 3, 0, 2, 0, 1).size, 7); /* and answers as ever */
    assert_int_equal(bursts_until(3601000000, &bytes), 1); /* no flood after a pause */
    assert_true(says("fault gas none", "ok"));
    assert_int_equal(bursts_until(7200000000, &bytes), 0);
    assert_true(line_due_us(&world.lines[LINE], 0) == CHANNEL_NEVER);
}

static void test_turnaround_of_one_slave(void **state)
{
    (void)state;
    assert_true(says("turnaround gas 35.5", "ok"));
    struct answer slow = ASK(LINE, 1, 3, 0, 2, 0, 1);
    assert_true(slow.own_turnaround && slow.delay_us == 35500);
    assert_false(ASK(LINE, 2, 3, 0, 0, 0, 1).own_turnaround);
    assert_true(tells("status", " turnaround_ms 35.5 fault none\n"));
    assert_true(says("fault gas delay 100", "ok"));
    assert_int_equal(ASK(LINE, 1, 3, 0, 2, 0, 1).delay_us, 135500);
    assert_true(says("turnaround * auto", "ok"));
    assert_false(ASK(LINE, 1, 3, 0, 2, 0, 1).own_turnaround);
}

static void test_a_bus_goes_and_comes_back(void **state)
{
    (void)state;
    const struct fault *fault = &world.lines[LINE].fault;
    assert_true(says("fault bus:line gone for 5s", "ok"));
    assert_true(fault_is_on(fault, 5999999));
    assert_false(fault_is_on(fault, 6000000));
    assert_int_equal(line_due_us(&world.lines[LINE], 2000000), 6000000);
    assert_true(says("fault bus:line back", "ok"));
    assert_int_equal(fault->kind, FAULT_NONE);
    assert_true(says("fault bus:line gone every 60s for 5s", "ok"));
    assert_int_equal(fault_change_us(fault, 7000000), 61000000);
    assert_int_equal(fault_change_us(fault, 61000000), 66000000);
    assert_true(says("fault bus:line none", "ok"));
    assert_int_equal(fault->kind, FAULT_NONE);
}

/* --- wishes --- */

static void test_wishes(void **state)
{
    (void)state;
    static struct wishes wishes;
    struct sentence why;
    assert_true(wish_map(&wishes, "line=/tmp/a=b", sentence_init(&why)));
    assert_true(wish_echo(&wishes, "line", sentence_init(&why)));
    assert_true(wish_latency(&wishes, "line=16ms", sentence_init(&why)));
    const struct wish *wish = wish_find(&wishes, "line");
    assert_string_equal(wish->path, "/tmp/a=b");
    assert_true(wish->echo && wish->latency_us == 16000);
    assert_null(wish_find(&wishes, "net"));
    assert_true(wish_check(&wishes, &site, sentence_init(&why)));
    assert_false(wish_map(&wishes, "line=/tmp/c", sentence_init(&why)));
    assert_string_equal(why.bytes, "--map names bus line twice");
    static const char *const wrong_maps[] = {"line", "line=", "=/tmp/x", ""};
    for (size_t i = 0; i < sizeof wrong_maps / sizeof *wrong_maps; i++)
        assert_false(wish_map(&wishes, wrong_maps[i], sentence_init(&why)));
    static const char *const wrong_latencies[] = {"line", "line=16", "line=0ms", "line=1s", "=16ms"};
    for (size_t i = 0; i < sizeof wrong_latencies / sizeof *wrong_latencies; i++)
        assert_false(wish_latency(&wishes, wrong_latencies[i], sentence_init(&why)));
    assert_false(wish_echo(&wishes, "", sentence_init(&why)));
    assert_true(wish_echo(&wishes, "nowhere", sentence_init(&why)));
    assert_false(wish_check(&wishes, &site, sentence_init(&why)));
    assert_string_equal(why.bytes, "there is no bus nowhere; there are: line net");
}

/* --- status for programs --- */

static void test_status_as_json(void **state)
{
    (void)state;
    struct pace pace;
    char line[] = "status json";
    struct text out;
    pace_init(&pace, 60, 0);
    const struct ctl ctl = {.world = &world, .pace = &pace};
    assert_true(says("fault gas silence", "ok"));
    (void)ASK(LINE, 1, 3, 0, 2, 0, 1);
    text_init(&out, said, sizeof said);
    ctl_run(&ctl, line, &out);
    assert_string_equal(strchr(said, '\n'), "\nok\n");
    cJSON *tree = cJSON_Parse(said);
    assert_non_null(tree);
    assert_int_equal(cJSON_GetObjectItem(tree, "speed")->valueint, 60);
    const cJSON *gas = cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "slaves"), 0);
    assert_string_equal(cJSON_GetObjectItem(gas, "id")->valuestring, "gas");
    assert_int_equal(cJSON_GetObjectItem(gas, "struck")->valueint, 1);
    assert_string_equal(cJSON_GetObjectItem(gas, "fault")->valuestring, "silence");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(tree, "buses")), 0);
    cJSON_Delete(tree);
}

static void test_strings_of_json(void **state)
{
    (void)state;
    struct sentence out;
    struct status status = {.out = sentence_init(&out), .json = true};
    status_begin(&status, "bus", "a\"b\\c\n");
    status_word(&status, "port", "\x01");
    status_end(&status);
    assert_string_equal(out.bytes, "{\"id\":\"a\\\"b\\\\c\\u000a\",\"port\":\"\\u0001\"}");
}

#define IN_SHOP(test) cmocka_unit_test_setup_teardown(test, build, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SHOP(test_words_come_back_as_they_were_said),
        IN_SHOP(test_wrong_words),
        IN_SHOP(test_for_a_while),
        IN_SHOP(test_it_is_over_without_a_request),
        IN_SHOP(test_again_and_again),
        IN_SHOP(test_frozen_for_a_while),
        IN_SHOP(test_sentinels),
        IN_SHOP(test_sentinel_of_one_point),
        IN_SHOP(test_mask_write_works_on_what_stands_there),
        IN_SHOP(test_server_id_and_echo_of_queries),
        IN_SHOP(test_duplicate_addresses_collide),
        IN_SHOP(test_babble),
        IN_SHOP(test_turnaround_of_one_slave),
        IN_SHOP(test_a_bus_goes_and_comes_back),
        IN_SHOP(test_wishes),
        IN_SHOP(test_status_as_json),
        cmocka_unit_test(test_strings_of_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
