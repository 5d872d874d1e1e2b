/* The whole plant behind its lines and its control words: frames go in, frames come out, the valve closes. */
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "firmware-sim/ctl.h"
#include "firmware-sim/world.h"

/* JSON with ' for ". */
static const char kitchen[] =
    "{'buses':[{'id':'line','link':'rtu','port':'p'},"
    "{'id':'net','link':'tcp','port':15020}],"
    "'slaves':["
    "{'id':'ai','bus':'net','unit':8,'points':{'ma_1':{'address':0,'scale':0.001,'unit':'mA'},'ma_2':{'address':1,'"
    "scale':"
    "0.001,'unit':'mA'}}},"
    "{'id':'di','bus':'net','unit':5,'points':{'in_1':{'function':'discrete','address':0},'in_2':{'function':'discrete'"
    ",'address':1}}}],"
    "'devices':["
    "{'id':'gas','bus':'line','unit':1,'class':'gas_detector','points':{'gas_lel_pct':{'address':2,'type':'f32','only_"
    "if':{'address':10,'byte':'lo','equals':5}},'gas_code':{'address':10,'byte':'lo'},'alarm1_dev':{'address':5,'type':"
    "'bits','bit':0},'gas_name':{'address':"
    "40,'type':'string','length':4},'detector_mode':{'address':6,'byte':'lo','map':{'1':'normal','2':'warmup'}}}},"
    "{'id':'store','bus':'line','unit':2,'class':'gas_detector','points':{'detector_mode':{'address':5,'map':{'0':'"
    "warmup','1':'normal','5':'normal','6':'normal'}},'detector_status':{'address':5,'map':{'0':'warmup','1':'normal','"
    "5':'low_alarm','6':'high_alarm'}},'gas_lel_pct':{'address':1,'scale_from':{'address':0,'bits':[8,4],'decimals':{'"
    "0':0,'4':1,'8':2}}}}},"
    "{'id':'valve','bus':'line','unit':9,'class':'io','points':{'relay_1':{'function':'coil','address':0},'relay_2':{'"
    "function':'coil','address':1},'relay_3':{'function':'coil','address':2},'input_1':{'function':'discrete','address'"
    ":0},'input_2':{'function':'discrete','"
    "address'"
    ":1}}},"
    "{'id':'lift','class':'lift','points':{'door_closed':'di.in_1','door_zone':{'from':'di.in_2','invert':true}}},"
    "{'id':'any','bus':'net','unit':7,'points':{'r0':{'address':0},'b0':{'address':5,'bit':0},'b1':{'address':5,'bit':"
    "1},'word':{'address':6},'r1':{'address':1,'type':'s16','scale':0.1}}},"
    "{'id':'boiler','class':'boiler_steam','points':{'drum_level_pct':{'from':'ai.ma_1','scale':6.25,'offset':-25,'"
    "unit':"
    "'%'},'steam_pressure':{'from':'ai.ma_2','scale':100,'offset':-400,'unit':'kPa'}}}],"
    "'zones':[{'id':'kitchen','detectors':['gas','store']}],"
    "'interlocks':["
    "{'id':'trip','latch':true,'when':{'zone':'kitchen','alarm':'gas.high'},'do':[{'write':'valve.relay_1','value':"
    "true}],'confirm':"
    "{'point':'valve.input_1','equals':true}},"
    "{'id':'fan','when':{'zone':'kitchen'},'do':[{'write':'valve.relay_2','value':true}],'confirm':{'point':'valve."
    "input_2'"
    ",'equals':true}},"
    "{'id':'siren','when':{'zone':'kitchen'},'do':[{'write':'valve.relay_3','value':true}]}]}";

enum { LINE, NET }; /* the buses */

static struct site site;
static struct world world;

static int build(void **state)
{
    (void)state;
    struct sentence why;
    char warnings[512];
    struct text text;
    char json[sizeof kitchen];
    for (size_t i = 0; i < sizeof json; i++)
        json[i] = kitchen[i] == '\'' ? '"' : kitchen[i];
    text_init(&text, warnings, sizeof warnings);
    if (!site_open_bytes(&site, "site.json", json, sizeof json - 1, NULL, &text, sentence_init(&why)))
        fail_msg("%s", why.bytes);
    assert_string_equal(warnings, "");
    world_open(&world, &site, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_close(&world);
    site_close(&site);
    return 0;
}

static void pass(double seconds)
{
    for (int i = 0; i < (int)lround(seconds / WORLD_STEP_S); i++)
        world_step(&world, WORLD_STEP_S);
}

/* One request; the answer as it would go out. */
static struct answer ask(size_t bus, uint8_t unit, const uint8_t *pdu, size_t size)
{
    uint8_t frame[FRAME_MAX];
    struct answer answer = {.size = 0};
    size_t frame_size = frame_wrap(world.lines[bus].wire, 7, unit, pdu, size, frame);
    const struct request request = {
        .transaction = 7, .unit = unit, .pdu = pdu, .pdu_size = size, .frame = frame, .frame_size = frame_size};
    line_serve(&world.lines[bus], &request, &answer);
    return answer;
}

#define ASK(bus, unit, ...)                                                                                            \
    ask(bus, unit, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__} / sizeof(uint8_t))

/* The register at an RTU unit's holding address. */
static unsigned holding(uint8_t unit, uint8_t address)
{
    struct answer answer = ASK(LINE, unit, 3, 0, address, 0, 1);
    assert_int_equal(answer.size, 7);
    assert_true(frame_crc_fits(answer.bytes, 7));
    return (unsigned)answer.bytes[3] << 8 | answer.bytes[4];
}

static bool bit(uint8_t unit, uint8_t function, uint8_t address)
{
    struct answer answer = ASK(LINE, unit, function, 0, address, 0, 1);
    assert_int_equal(answer.size, 6);
    return (answer.bytes[3] & 1) != 0;
}

static void expect_exception(const struct answer *answer, uint8_t function, uint8_t exception)
{
    assert_int_equal(answer->size, 5);
    assert_int_equal(answer->bytes[1], function | 0x80);
    assert_int_equal(answer->bytes[2], exception);
    assert_true(frame_crc_fits(answer->bytes, 5));
}

static char said[65536];

/* One ctl line; returns what it said. */
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

/* --- registers --- */

static void test_explaining_registers_are_set(void **state)
{
    (void)state;
    pass(2);
    assert_int_equal(holding(1, 10) & 0xFF, 5);    /* the model's gas code, 11, would make the reading invalid */
    assert_int_equal(holding(2, 0) >> 8 & 0xF, 4); /* one decimal */
    assert_int_equal(holding(1, 6), 1);
}

static void test_reads_across_gaps_and_beyond(void **state)
{
    (void)state;
    struct answer near = ASK(LINE, 1, 3, 0, 0, 0, 17);
    assert_int_equal(near.size, 5 + 34);
    assert_int_equal(ASK(LINE, 1, 3, 0, 42 + BANK_MARGIN - 1, 0, 1).size, 7); /* the last one that answers */
    struct answer beyond = ASK(LINE, 1, 3, 0, 42 + BANK_MARGIN - 1, 0, 2);
    expect_exception(&beyond, 3, 2);
    struct answer far = ASK(LINE, 1, 3, 0, 100, 0, 1);
    expect_exception(&far, 3, 2);
    struct answer across = ASK(LINE, 1, 3, 0, 0, 0, 40);
    expect_exception(&across, 3, 2);
    struct answer other_table = ASK(LINE, 1, 4, 0, 2, 0, 2);
    expect_exception(&other_table, 4, 2);
}

static void test_unknown_units_are_silent(void **state)
{
    (void)state;
    assert_int_equal(ASK(LINE, 3, 3, 0, 0, 0, 1).size, 0);
    assert_int_equal(ASK(NET, 1, 3, 0, 0, 0, 1).size, 0);
    assert_int_equal(ASK(LINE, 1, 0x83, 0, 0, 0, 1).size, 0);
}

static void test_tcp_answers_with_its_transaction(void **state)
{
    (void)state;
    struct answer answer = ASK(NET, 7, 3, 0, 0, 0, 1);
    assert_int_equal(answer.size, 11);
    assert_memory_equal(answer.bytes, ((const uint8_t[]){0, 7, 0, 0, 0, 5, 7, 3, 2}), 9);
}

static void test_broadcast_is_done_and_not_answered(void **state)
{
    (void)state;
    assert_int_equal(ASK(LINE, 0, 5, 0, 1, 0xFF, 0).size, 0);
    assert_true(bit(9, 1, 1));
    assert_int_equal(ASK(LINE, 0, 3, 0, 0, 0, 1).size, 0);
}

static void test_measured_values_are_not_written(void **state)
{
    (void)state;
    unsigned before = holding(1, 2);
    struct answer refused = ASK(LINE, 1, 6, 0, 2, 0x42, 0x20);
    expect_exception(&refused, 6, 2);
    assert_int_equal(holding(1, 2), before);
    struct answer lift = ASK(NET, 5, 5, 0, 0, 0xFF, 0);
    assert_int_equal(lift.bytes[7], 0x85);
}

static void test_generic_moves_until_it_is_written(void **state)
{
    (void)state;
    struct answer first = ASK(NET, 7, 3, 0, 0, 0, 2);
    pass(1.1);
    struct answer second = ASK(NET, 7, 3, 0, 0, 0, 2);
    assert_memory_not_equal(first.bytes + 9, second.bytes + 9, 2);
    assert_memory_not_equal(first.bytes + 11, second.bytes + 11, 2);
    (void)ASK(NET, 7, 6, 0, 0, 0x12, 0x34);
    pass(3);
    assert_true(says("get any.r0", "any.r0 4660\nok"));
    assert_true(says("set any.r0 auto", "ok"));
    pass(1.1);
    assert_false(says("get any.r0", "any.r0 4660\n"));
}

/* --- the kitchen --- */

static void test_leak_valve_reopen(void **state)
{
    (void)state;
    assert_true(says("do gas leak 60", "ok"));
    pass(60);
    assert_true((holding(1, 5) & 1) != 0);
    assert_true(holding(2, 1) > 2 && holding(2, 1) < 50); /* 0.2 … 5 %LEL next door, one decimal: the room's air */
    assert_false(bit(9, 2, 0));
    assert_int_equal(ASK(LINE, 9, 5, 0, 0, 0xFF, 0).size, 8);
    pass(1.5);
    assert_false(bit(9, 2, 0));
    pass(1);
    assert_true(bit(9, 2, 0));
    pass(300);
    assert_true((holding(1, 5) & 1) == 0); /* the leak is shut off, though not mended */
    assert_true(says("do valve reopen", "error: its coil still commands it closed"));
    assert_int_equal(ASK(LINE, 9, 5, 0, 0, 0x00, 0).size, 8);
    pass(30);
    assert_true(bit(9, 2, 0)); /* only a hand opens it */
    assert_true(says("do valve reopen", "ok"));
    pass(0.2);
    assert_false(bit(9, 2, 0));
    pass(60);
    assert_true((holding(1, 5) & 1) != 0); /* and the leak is back */
}

/* What an unlatched interlock drives is no valve: it comes and goes with its coil, and shuts no gas. */
static void test_fan_follows_its_coil(void **state)
{
    (void)state;
    assert_true(says("do gas leak 60", "ok"));
    (void)ASK(LINE, 9, 5, 0, 1, 0xFF, 0);
    pass(3);
    assert_true(bit(9, 2, 1));
    pass(60);
    assert_true((holding(1, 5) & 1) != 0);
    (void)ASK(LINE, 9, 5, 0, 1, 0x00, 0);
    pass(0.2);
    assert_false(bit(9, 2, 1));
}

static void test_jammed_valve_gives_no_feedback(void **state)
{
    (void)state;
    assert_true(says("do valve jam", "ok"));
    (void)ASK(LINE, 9, 5, 0, 0, 0xFF, 0);
    pass(20);
    assert_true(bit(9, 1, 0)); /* the coil reads back */
    assert_false(bit(9, 2, 0));
    assert_true(says("do valve free", "ok"));
    pass(3);
    assert_true(bit(9, 2, 0));
}

/* With the fan the room is clear much sooner. */
static void test_fan_clears_the_room(void **state)
{
    (void)state;
    double left[2];
    for (int with_fan = 0; with_fan < 2; with_fan++) {
        (void)tear_down(state);
        (void)build(state);
        (void)ASK(LINE, 9, 5, 0, 1, with_fan == 1 ? 0xFF : 0, 0);
        assert_true(says("do gas leak 200", "ok"));
        pass(600);
        assert_true(says("do gas stop", "ok"));
        pass(180);
        left[with_fan] = world.reach.rooms[0].lel;
    }
    assert_true(left[0] > 5 && left[1] < left[0] / 10);
}

static void test_contact_bounces(void **state)
{
    (void)state;
    int changes = 0;
    assert_true(says("do valve bounce 800", "ok"));
    assert_true(says("do valve bounce", "error: bounce takes milliseconds"));
    (void)ASK(LINE, 9, 5, 0, 0, 0xFF, 0);
    bool last = bit(9, 2, 0);
    for (int i = 0; i < 50; i++) {
        pass(WORLD_STEP_S);
        changes += bit(9, 2, 0) != last ? 1 : 0;
        last = bit(9, 2, 0);
    }
    assert_true(changes >= 5 && last);
}

static void test_inverted_input(void **state)
{
    (void)state;
    assert_true(says("get lift.door_zone", "lift.door_zone true\nok"));
    assert_true(says("get di.in_2", "di.in_2 false\nok"));
    assert_true(says("set lift.door_zone false", "ok"));
    pass(1);
    assert_true(says("get di.in_2", "di.in_2 true\nok"));
    assert_true(says("set di.in_2 auto", "ok"));
    pass(1);
    assert_true(says("get lift.door_zone", "lift.door_zone true\nok"));
}

/* What a device has in its own units stands in the slave as the site file scales it. */
static void test_a_level_comes_as_current(void **state)
{
    (void)state;
    assert_true(says("do boiler normal", "ok"));
    pass(1);
    struct answer answer = ASK(NET, 8, 3, 0, 0, 0, 2);
    unsigned level = (unsigned)answer.bytes[9] << 8 | answer.bytes[10];
    unsigned pressure = (unsigned)answer.bytes[11] << 8 | answer.bytes[12];
    assert_true(level > 11500 && level < 13000);       /* about 50 %: 12 mA */
    assert_true(pressure > 10800 && pressure < 11200); /* 0.7 MPa of 0 to 1.6: 11 mA */
    assert_true(says("set boiler.drum_level_pct 20", "ok"));
    assert_true(says("get ai.ma_1", "ai.ma_1 7.2 mA\nok"));
    assert_true(says("get boiler.drum_level_pct", "boiler.drum_level_pct 20 %\nok"));
    assert_true(strstr(say("get boiler"), "drum_level_pct 20 %\n") != NULL);
}

/* --- held values --- */

static void test_held_values_stay(void **state)
{
    (void)state;
    assert_true(says("set gas.gas_lel_pct 52.1", "ok"));
    pass(5);
    assert_true(says("get gas.gas_lel_pct", "gas.gas_lel_pct 52.1\nok"));
    assert_true((holding(1, 5) & 1) != 0); /* the detector's own alarm follows */
    assert_true(says("set gas.detector_mode warmup", "ok"));
    pass(1);
    assert_int_equal(holding(1, 6), 2);
    assert_true(says("set gas.detector_mode raw 77", "ok"));
    assert_int_equal(holding(1, 6), 77);
    assert_true(says("set gas.gas_name C3H8", "ok"));
    assert_true(says("get gas.gas_name", "gas.gas_name C3H8\nok"));
    assert_true(says("set gas.gas_lel_pct auto", "ok"));
    pass(60);
    assert_true((holding(1, 5) & 1) == 0);
}

/* Two points that read one byte differently, as the six-in-one module has them. */
static void test_two_readings_of_one_register(void **state)
{
    (void)state;
    assert_true(says("set store.gas_lel_pct 60", "ok"));
    pass(1);
    assert_int_equal(holding(2, 5), 6);
    assert_true(says("get store.detector_mode", "store.detector_mode normal\nok"));
    assert_true(says("set store.detector_mode warmup", "ok"));
    pass(1);
    assert_int_equal(holding(2, 5), 0);
    assert_true(says("get store.detector_status", "store.detector_status warmup\nok"));
    assert_true(says("set store.detector_mode auto", "ok"));
    pass(1);
    assert_int_equal(holding(2, 5), 6);
}

static void test_held_coil_does_not_take(void **state)
{
    (void)state;
    assert_true(says("set valve.relay_1 false", "ok"));
    assert_int_equal(ASK(LINE, 9, 5, 0, 0, 0xFF, 0).size, 8);
    assert_false(bit(9, 1, 0));
    (void)ASK(LINE, 9, 15, 0, 0, 0, 2, 1, 3);
    assert_false(bit(9, 1, 0));
    assert_true(bit(9, 1, 1));
    assert_true(says("set valve.relay_1 auto", "ok"));
    (void)ASK(LINE, 9, 5, 0, 0, 0xFF, 0);
    assert_true(bit(9, 1, 0));
}

/* --- faults --- */

/* A register of which a person holds one bit takes no write; its neighbour does. */
static void test_held_bit_keeps_its_register(void **state)
{
    (void)state;
    assert_true(says("set any.b1 true", "ok"));
    (void)ASK(NET, 7, 16, 0, 5, 0, 2, 4, 0, 0, 0x12, 0x34);
    assert_true(says("get any.b1", "any.b1 true\nok"));
    assert_true(says("get any.word", "any.word 4660\nok"));
}

static void test_silence_and_back(void **state)
{
    (void)state;
    assert_true(says("fault gas silence", "ok"));
    assert_int_equal(ASK(LINE, 1, 3, 0, 2, 0, 2).size, 0);
    assert_int_equal(ASK(LINE, 2, 3, 0, 1, 0, 1).size, 7);
    assert_true(says("fault gas none", "ok"));
    assert_int_equal(ASK(LINE, 1, 3, 0, 2, 0, 2).size, 9);
}

static void test_exceptions(void **state)
{
    (void)state;
    assert_true(says("fault gas exception 4", "ok"));
    struct answer failure = ASK(LINE, 1, 3, 0, 2, 0, 2);
    expect_exception(&failure, 3, 4);
    assert_true(says("fault gas busy", "ok"));
    struct answer busy = ASK(LINE, 1, 3, 0, 2, 0, 2);
    expect_exception(&busy, 3, 6);
}

static void test_struck_write_is_not_done(void **state)
{
    (void)state;
    assert_true(says("fault valve echo", "ok"));
    struct answer echo = ASK(LINE, 9, 5, 0, 0, 0xFF, 0);
    assert_int_equal(echo.size, 8); /* a fine answer, and nothing happened */
    assert_true(says("fault valve exception 4", "ok"));
    (void)ASK(LINE, 9, 5, 0, 0, 0xFF, 0);
    assert_true(says("fault valve silence", "ok"));
    (void)ASK(LINE, 9, 5, 0, 0, 0xFF, 0);
    assert_true(says("fault valve none", "ok"));
    assert_false(bit(9, 1, 0));
}

static void test_spoiled_frames(void **state)
{
    (void)state;
    assert_true(says("set gas.gas_lel_pct 1.5", "ok"));
    struct answer good = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_true(says("fault gas crc", "ok"));
    struct answer crc = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_int_equal(crc.size, good.size);
    assert_false(frame_crc_fits(crc.bytes, crc.size));
    assert_true(says("fault gas truncate", "ok"));
    struct answer cut = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_int_equal(cut.size, 5);
    assert_memory_equal(cut.bytes, good.bytes, 5);
    assert_true(says("fault gas junk-before", "ok"));
    struct answer before = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_true(before.size > good.size);
    assert_memory_equal(before.bytes + before.size - good.size, good.bytes, good.size);
    assert_true(says("fault gas junk-after", "ok"));
    struct answer after = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_true(after.size > good.size);
    assert_memory_equal(after.bytes, good.bytes, good.size);
}

static void test_valid_frames_that_lie(void **state)
{
    (void)state;
    assert_true(says("fault gas wrong-unit", "ok"));
    struct answer unit = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_true(unit.bytes[0] == 2 && frame_crc_fits(unit.bytes, unit.size));
    assert_true(says("fault gas wrong-function", "ok"));
    struct answer function = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_true(function.bytes[1] == 4 && frame_crc_fits(function.bytes, function.size));
    assert_true(says("fault any wrong-unit", "ok"));
    assert_int_equal(ASK(NET, 7, 3, 0, 0, 0, 1).bytes[6], 8);
}

static void test_late_by_one(void **state)
{
    (void)state;
    assert_true(says("set any.r0 100", "ok"));
    assert_true(says("set any.r1 20", "ok"));
    assert_true(says("fault any late-by-one", "ok"));
    assert_int_equal(ASK(NET, 7, 3, 0, 0, 0, 1).size, 0);
    struct answer second = ASK(NET, 7, 3, 0, 1, 0, 1);
    assert_int_equal(second.bytes[10], 100); /* what the first one asked for */
    struct answer third = ASK(NET, 7, 3, 0, 0, 0, 1);
    assert_int_equal(third.bytes[10], 200);
}

static void test_delays(void **state)
{
    (void)state;
    assert_true(says("fault gas delay 300", "ok"));
    struct answer delayed = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_true(delayed.delay_us == 300000 && !delayed.stays);
    assert_true(says("fault gas late 800 once", "ok"));
    struct answer late = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_true(late.delay_us == 800000 && late.stays);
    struct answer next = ASK(LINE, 1, 3, 0, 2, 0, 2);
    assert_true(next.delay_us == 0 && !next.stays && next.size == 9);
}

static void test_frozen_values_stand_still(void **state)
{
    (void)state;
    assert_true(says("fault any frozen", "ok"));
    struct answer first = ASK(NET, 7, 3, 0, 0, 0, 2);
    pass(5);
    struct answer second = ASK(NET, 7, 3, 0, 0, 0, 2);
    assert_int_equal(second.size, 13);
    assert_memory_equal(first.bytes, second.bytes, first.size);
    assert_true(says("fault any none", "ok"));
    pass(0.2);
    struct answer third = ASK(NET, 7, 3, 0, 0, 0, 2);
    assert_memory_not_equal(first.bytes, third.bytes, first.size);
}

static void test_probability(void **state)
{
    (void)state;
    size_t bad = 0;
    assert_true(says("fault gas crc 0.1", "ok"));
    for (int i = 0; i < 2000; i++) {
        struct answer answer = ASK(LINE, 1, 3, 0, 2, 0, 2);
        bad += frame_crc_fits(answer.bytes, answer.size) ? 0 : 1;
    }
    assert_in_range(bad, 120, 280);
}

static void test_fault_on_all(void **state)
{
    (void)state;
    assert_true(says("fault * silence", "ok"));
    assert_int_equal(ASK(LINE, 1, 3, 0, 2, 0, 2).size, 0);
    assert_int_equal(ASK(NET, 7, 3, 0, 0, 0, 1).size, 0);
    assert_true(says("fault * crc", "error: "));
    assert_int_equal(ASK(LINE, 1, 3, 0, 2, 0, 2).size, 0); /* refused as a whole */
}

/* --- words --- */

static void test_wrong_words(void **state)
{
    (void)state;
    assert_true(says("", "usage: "));
    assert_true(says("frobnicate", "usage: "));
    assert_true(says("get", "usage: get"));
    assert_true(says("get gas store", "usage: get"));
    assert_true(says("get nobody", "error: there is no slave or device nobody"));
    assert_true(says("get gas.nothing", "error: gas has no point nothing"));
    assert_true(says("set gas.gas_lel_pct", "usage: set"));
    assert_true(says("set gas.gas_lel_pct much", "error: "));
    assert_true(says("set gas.gas_lel_pct raw x", "usage: "));
    assert_true(says("set gas.gas_lel_pct 1 2", "usage: "));
    assert_true(says("set gas.gas_name raw 1", "error: "));
    assert_true(says("do nobody trap", "error: there is no device nobody"));
    assert_true(says("do any jump", "error: any can do nothing"));
    assert_true(says("do valve jump", "error: a valve can"));
    assert_true(says("do valve reopen relay_3", "error: valve can do nothing"));
    assert_true(says("fault gas", "usage: "));
    assert_true(says("fault gas sleepy", "usage: a fault is one of"));
    assert_true(says("fault gas late", "usage: "));
    assert_true(says("fault gas exception 0", "usage: "));
    assert_true(says("fault gas crc 2", "usage: "));
    assert_true(says("fault gas crc 0.5 more", "usage: "));
    assert_true(says("fault nobody crc", "error: there is no slave nobody"));
    assert_true(says("fault any crc", "error: any is on Modbus TCP"));
    assert_true(says("a b c d e f g h i j k l m n o p q r s t u v w x y z", "usage: "));
}

static void test_list_and_status(void **state)
{
    (void)state;
    (void)ASK(LINE, 1, 3, 0, 2, 0, 2);
    (void)ASK(LINE, 1, 3, 0, 200, 0, 2);
    assert_non_null(strstr(say("list"), "slave gas bus line unit 1 profile - points 5 fault none\n"));
    assert_non_null(strstr(said, "device valve class io do reopen | jam | free | bounce MS\n"));
    assert_non_null(strstr(said, "device lift class lift do trap | trap_level | "));
    assert_true(says("set any.r0 5", "ok"));
    assert_non_null(
        strstr(say("status"), "slave gas requests 2 answers 2 exceptions 1 struck 0 writes 0 fault none\n"));
    assert_non_null(strstr(said, "set any.r0 5\n"));
    assert_non_null(strstr(said, "valve trip open, coil at rest\n"));
    assert_non_null(strstr(said, "fan fan stands, coil off\n"));
    assert_non_null(strstr(said, "siren siren off\n"));
    (void)ASK(LINE, 9, 5, 0, 2, 0xFF, 0);
    assert_non_null(strstr(say("status"), "siren siren on\n"));
    assert_non_null(strstr(say("help"), "junk-before"));
}

static void test_answer_too_long_says_so(void **state)
{
    (void)state;
    char small[128];
    char line[] = "list";
    struct text out;
    const struct ctl ctl = {.world = &world};
    text_init(&out, small, sizeof small);
    ctl_run(&ctl, line, &out);
    assert_non_null(strstr(small, "\nerror: the answer was too long and is cut\n"));
}

static void test_classes_have_their_models(void **state)
{
    (void)state;
    assert_ptr_equal(world_kind_of("gas_detector"), &plant_gas);
    assert_ptr_equal(world_kind_of("gas_panel"), &plant_panel);
    assert_ptr_equal(world_kind_of("lift"), &plant_lift);
    assert_ptr_equal(world_kind_of("escalator"), &plant_escalator);
    assert_ptr_equal(world_kind_of("moving_walk"), &plant_escalator);
    assert_ptr_equal(world_kind_of("forklift"), &plant_generic);
}

static void test_same_seed_same_plant(void **state)
{
    (void)state;
    struct world twin;
    world_open(&twin, &site, 1);
    for (int i = 0; i < 3000; i++) {
        world_step(&world, WORLD_STEP_S);
        world_step(&twin, WORLD_STEP_S);
    }
    const uint16_t *a = bank_at(&world.units[site_find_slave(&site, "gas")].bank, TABLE_HOLDING, 2, 2);
    const uint16_t *b = bank_at(&twin.units[site_find_slave(&site, "gas")].bank, TABLE_HOLDING, 2, 2);
    assert_memory_equal(a, b, 4);
    world_close(&twin);
}

#define IN_KITCHEN(test) cmocka_unit_test_setup_teardown(test, build, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KITCHEN(test_explaining_registers_are_set),
        IN_KITCHEN(test_reads_across_gaps_and_beyond),
        IN_KITCHEN(test_unknown_units_are_silent),
        IN_KITCHEN(test_tcp_answers_with_its_transaction),
        IN_KITCHEN(test_broadcast_is_done_and_not_answered),
        IN_KITCHEN(test_measured_values_are_not_written),
        IN_KITCHEN(test_generic_moves_until_it_is_written),
        IN_KITCHEN(test_leak_valve_reopen),
        IN_KITCHEN(test_fan_follows_its_coil),
        IN_KITCHEN(test_jammed_valve_gives_no_feedback),
        IN_KITCHEN(test_fan_clears_the_room),
        IN_KITCHEN(test_contact_bounces),
        IN_KITCHEN(test_inverted_input),
        IN_KITCHEN(test_a_level_comes_as_current),
        IN_KITCHEN(test_held_values_stay),
        IN_KITCHEN(test_two_readings_of_one_register),
        IN_KITCHEN(test_held_coil_does_not_take),
        IN_KITCHEN(test_held_bit_keeps_its_register),
        IN_KITCHEN(test_silence_and_back),
        IN_KITCHEN(test_exceptions),
        IN_KITCHEN(test_struck_write_is_not_done),
        IN_KITCHEN(test_spoiled_frames),
        IN_KITCHEN(test_valid_frames_that_lie),
        IN_KITCHEN(test_late_by_one),
        IN_KITCHEN(test_delays),
        IN_KITCHEN(test_frozen_values_stand_still),
        IN_KITCHEN(test_probability),
        IN_KITCHEN(test_fault_on_all),
        IN_KITCHEN(test_wrong_words),
        IN_KITCHEN(test_list_and_status),
        IN_KITCHEN(test_answer_too_long_says_so),
        IN_KITCHEN(test_classes_have_their_models),
        IN_KITCHEN(test_same_seed_same_plant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
