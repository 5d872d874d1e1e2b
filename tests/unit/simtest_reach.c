/* What reaches across devices: rooms, valves, mains, and one plant seen through several slaves. */
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "firmware-sim/world.h"

/* JSON with ' for ". A boiler house: a burner control, a current board and a relay board, a detector over the burner, a
 * cylinder; and next door a kitchen with a fan. */
#define BOARD                                                                                                          \
    "'points':{'relay_1':{'function':'coil','address':0},'relay_2':{'function':'coil','address':1},'input_1':"         \
    "{'function':'discrete','address':0},'input_2':{'function':'discrete','address':1}}"
#define DETECTOR "'class':'gas_detector','points':{'gas_lel_pct':{'address':2,'type':'f32'},'gas_peak':{'address':6}}"
#define TRIP(id_, when_, board_)                                                                                       \
    "{'id':'" id_ "','latch':true,'when':{" when_ "},'do':[{'write':'" board_                                          \
    ".relay_1','value':true}],'confirm':{'point':'" board_ ".input_1','equals':true}}"

static const char buses[] = "'buses':[{'id':'line','link':'rtu','port':'p'},{'id':'net','link':'tcp','port':15020}],";
static const char slaves[] =
    "'slaves':[{'id':'burner','bus':'line','unit':1,'class':'boiler_burner','points':{'burner_phase':{'address':0},"
    "'flame_signal':{'address':13,'unit':'%'},'steam_pressure':{'address':20,'scale':0.1,'unit':'[psi]'},"
    "'burner_starts':{'address':21,'type':'s32'}}},"
    "{'id':'ai','bus':'net','unit':2,'points':{'ma_1':{'function':'input','address':0,'scale':0.001,'unit':'mA'},"
    "'ma_2':{'function':'input','address':1,'scale':0.001,'unit':'mA'},'ma_3':{'function':'input','address':2,'scale':"
    "0.001,'unit':'mA'},'ma_4':{'function':'input','address':3,'scale':0.001,'unit':'mA'}}}],";
static const char boiler[] =
    "{'id':'boiler','class':'boiler_steam','slaves':['burner'],'points':{"
    "'drum_level_pct':{'from':'ai.ma_1','scale':6.25,'offset':-25,'unit':'%'},"
    "'outlet_pressure':{'from':'ai.ma_2','scale':1,'offset':-4,'unit':'bar'},"
    "'flue_gas_temp':{'from':'ai.ma_3','scale':5,'offset':-20,'unit':'Cel'}}},"; /* the last one ends at 80 Cel */

static struct site site;
static struct world world;

static void build(const char *devices, const char *rest)
{
    struct sentence why;
    char warnings[512];
    char json[8192];
    struct text text;
    int size = snprintf(json, sizeof json, "{%s%s'devices':[%s%s],%s}", buses, slaves, boiler, devices, rest);
    assert_true(size > 0 && (size_t)size < sizeof json);
    for (int i = 0; i < size; i++)
        json[i] = json[i] == '\'' ? '"' : json[i];
    text_init(&text, warnings, sizeof warnings);
    if (!site_open_bytes(&site, "site.json", json, (size_t)size, NULL, &text, sentence_init(&why)))
        fail_msg("%s", why.bytes);
    assert_string_equal(warnings, "");
    world_open(&world, &site, 1);
}

static void pass(double seconds)
{
    for (long i = lround(seconds / WORLD_STEP_S); i > 0; i--)
        world_step(&world, WORLD_STEP_S);
}

static void tear_down(void)
{
    world_close(&world);
    site_close(&site);
}

static double number(const char *reference)
{
    struct output output;
    struct sentence why;
    if (!world_find(&world, reference, &output, sentence_init(&why)))
        fail_msg("%s", why.bytes);
    char bytes[64];
    struct text text;
    double value = 0;
    text_init(&text, bytes, sizeof bytes);
    output_print(&output, &text);
    if (strcmp(bytes, "true") == 0 || strcmp(bytes, "false") == 0)
        return bytes[0] == 't' ? 1 : 0;
    char *word = strtok(bytes, " ");
    if (word == NULL || !text_to_number(word, &value))
        fail_msg("%s is %s", reference, bytes);
    return value;
}

static int phase(void)
{
    return (int)lround(number("burner.burner_phase"));
}

static void set(const char *reference, const char *word)
{
    struct output output;
    struct sentence why;
    assert_true(world_find(&world, reference, &output, sentence_init(&why)));
    assert_true(output_set(&output, word, &why.text));
}

static bool order(const char *device, const char *line)
{
    char bytes[64];
    char *words[4];
    struct sentence why;
    (void)snprintf(bytes, sizeof bytes, "%s", line);
    size_t count = text_split(bytes, words, 4);
    return world_act(&world, device, words, count, sentence_init(&why));
}

/* Bytes of the answer to "read one register". */
static size_t answers(size_t bus, uint8_t unit, uint8_t function)
{
    uint8_t frame[FRAME_MAX];
    const uint8_t pdu[] = {function, 0, 0, 0, 1};
    struct answer answer = {.size = 0};
    size_t size = frame_wrap(world.lines[bus].wire, 7, unit, pdu, sizeof pdu, frame);
    const struct request request = {
        .transaction = 7, .unit = unit, .pdu = pdu, .pdu_size = sizeof pdu, .frame = frame, .frame_size = size};
    line_serve(&world.lines[bus], &request, &answer);
    return answer.size;
}

#define BOILER_HOUSE                                                                                                   \
    "{'id':'gas','bus':'line','unit':3," DETECTOR "},{'id':'out','bus':'line','unit':9,'class':'io'," BOARD "}"
#define CYLINDER                                                                                                       \
    "{'id':'bottle','bus':'net','unit':4,'class':'lpg_scale','points':{'net_mass':{'address':0,'type':'f32'}}}"
#define HOUSE_TRIP TRIP("trip", "'device':'gas','alarm':'gas.high'", "out")

/* The burner's slave and the board's currents are one plant: same pressure in psi and in bar, level as current, and a
 * transmitter at the end of its range says 20.5 mA. */
static void test_one_plant_through_several_slaves(void **state)
{
    (void)state;
    build(BOILER_HOUSE, "'interlocks':[" HOUSE_TRIP "]");
    for (int i = 0; i < 60; i++) {
        pass(10);
        assert_true(fabs(number("burner.steam_pressure") / 145.038 - number("boiler.outlet_pressure")) < 0.001);
        assert_true(fabs((number("ai.ma_1") - 4) * 6.25 - number("boiler.drum_level_pct")) < 0.01);
        assert_true(number("ai.ma_1") > 4 + 38 / 6.25 && number("ai.ma_1") < 4 + 62 / 6.25);
        assert_true(fabs(number("ai.ma_3") - 20.5) < 1e-9);
        assert_true(number("ai.ma_4") < 1e-9); /* nothing is connected there */
    }
    assert_true(order("boiler", "low_water"));
    pass(40);
    assert_true(number("ai.ma_1") < 4 + 30 / 6.25 && phase() == 60);
    pass(30);
    assert_int_equal(phase(), 0);
    tear_down();
}

static void test_the_valve_of_the_room_stops_the_burner(void **state)
{
    (void)state;
    build(BOILER_HOUSE, "'interlocks':[" HOUSE_TRIP "]");
    pass(5);
    set("out.relay_1", "true");
    pass(4);
    assert_true(number("out.input_1") > 0);
    assert_int_equal(phase(), 90);
    assert_true(number("burner.flame_signal") < 1);
    set("out.relay_1", "false");
    pass(60);
    assert_int_equal(phase(), 90); /* only a hand opens the valve */
    assert_true(order("out", "reopen"));
    pass(100);
    assert_int_equal(phase(), 60);
    tear_down();
}

static double lel_after(const char *device, const char *what, const char *detector)
{
    assert_true(order(device, what));
    pass(900);
    return number(detector);
}

static void test_leaks_are_in_the_air_of_the_room(void **state)
{
    (void)state;
    build(BOILER_HOUSE "," CYLINDER, "'interlocks':[" HOUSE_TRIP "]");
    pass(300);
    assert_true(number("gas.gas_lel_pct") < 2);
    assert_true(lel_after("boiler", "gas_leak 60", "gas.gas_lel_pct") > 40);
    set("out.relay_1", "true");
    pass(1800);
    assert_true(number("gas.gas_lel_pct") < 3); /* the valve ends a leak behind it */
    assert_true(lel_after("bottle", "leak 12", "gas.gas_lel_pct") > 10);
    pass(900);
    assert_true(number("gas.gas_lel_pct") > 10); /* a bottle is before it */
    tear_down();
}

/* With two valves each feeds its own: what an interlock names, else what hangs on the line of its board. */
static void test_two_rooms(void **state)
{
    (void)state;
    build(BOILER_HOUSE "," CYLINDER ",{'id':'gas-k','bus':'net','unit':5," DETECTOR
                       "},{'id':'out-k','bus':'net','unit':6,"
                       "'class':'io'," BOARD "}",
          "'zones':[{'id':'kitchen','detectors':['gas-k']}],'interlocks':[" HOUSE_TRIP
          "," TRIP("trip-k", "'zone':'kitchen','alarm':'gas.high'",
                   "out-k") ",{'id':'fan','when':{'zone':'kitchen','alarm':'gas.low'},'do':"
                            "[{'write':'out-k.relay_2','value':true}],'confirm':{'point':"
                            "'out-k.input_2','equals':true}}]");
    assert_true(lel_after("bottle", "leak 12", "gas-k.gas_lel_pct") > 10);
    assert_true(number("gas.gas_lel_pct") < 2);
    double closed = number("gas-k.gas_lel_pct");
    set("out-k.relay_2", "true"); /* the fan */
    pass(900);
    assert_true(number("gas-k.gas_lel_pct") < 0.6 * closed);
    assert_true(order("bottle", "normal"));
    set("out-k.relay_1", "true");
    pass(10);
    double mass = number("bottle.net_mass");
    pass(1800);
    assert_true(fabs(number("bottle.net_mass") - mass) < 0.02);
    set("out.relay_1", "true");
    pass(10);
    assert_int_equal(phase(), 90);
    tear_down();
}

/* The boiler hangs on both lines; the valve of the kitchen is none of its business, because an interlock names it. */
static void test_named_is_fed_by_what_names_it(void **state)
{
    (void)state;
    build(BOILER_HOUSE ",{'id':'out-k','bus':'net','unit':6,'class':'io'," BOARD "}",
          "'interlocks':[" TRIP("trip", "'device':'boiler','alarm':'boiler.pressure_hh'",
                                "out") "," TRIP("trip-k", "'device':'gas','alarm':'gas.high'", "out-k") "]");
    set("out-k.relay_1", "true");
    pass(30);
    assert_int_equal(phase(), 60);
    set("out.relay_1", "true");
    pass(10);
    assert_int_equal(phase(), 90);
    tear_down();
}

static void test_mains(void **state)
{
    (void)state;
    build(BOILER_HOUSE, "'interlocks':[" HOUSE_TRIP "]");
    assert_int_equal(answers(0, 1, 3), 7);
    assert_false(order("*", "explode"));
    assert_true(order("*", "power_cut"));
    pass(30);
    assert_int_equal(answers(0, 1, 3), 0); /* the burner's control is dead */
    assert_int_equal(answers(0, 9, 1), 6); /* what has a battery is not */
    assert_true(answers(1, 2, 4) > 9);
    assert_true(number("burner.flame_signal") < 1);
    double pressure = number("boiler.outlet_pressure");
    pass(300);
    assert_true(number("boiler.outlet_pressure") < pressure - 0.1); /* consumers go on, the fire does not */
    assert_true(order("*", "power_back"));
    assert_int_equal(answers(0, 1, 3), 7);
    pass(120);
    assert_int_equal(phase(), 60);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_plant_through_several_slaves),
        cmocka_unit_test(test_the_valve_of_the_room_stops_the_burner),
        cmocka_unit_test(test_leaks_are_in_the_air_of_the_room),
        cmocka_unit_test(test_two_rooms),
        cmocka_unit_test(test_named_is_fed_by_what_names_it),
        cmocka_unit_test(test_mains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
