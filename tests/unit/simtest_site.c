/* The site file as the simulator reads it. */
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware-sim/json.h"
#include "firmware-sim/site.h"

static struct site site;
static char warnings[4096];
static struct sentence why;
static char dir[] = "/tmp/simtest-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

/* JSON with ' for ", as the tests write it. */
static void quote(const char *json, size_t size, char *ret_json)
{
    for (size_t i = 0; i < size; i++)
        ret_json[i] = json[i] == '\'' ? '"' : json[i];
}

static bool open_bytes(const char *json, size_t size)
{
    static char quoted[JSON_FILE_MAX + 2];
    struct text text;
    const char *const dirs[] = {dir, NULL};
    text_init(&text, warnings, sizeof warnings);
    quote(json, size < sizeof quoted ? size : sizeof quoted, quoted);
    return site_open_bytes(&site, "/plant/site.json", quoted, size, dirs, &text, sentence_init(&why));
}

static void open_good(const char *json)
{
    if (!open_bytes(json, strlen(json)))
        fail_msg("%s", why.bytes);
}

static int close_site(void **state)
{
    (void)state;
    site_close(&site);
    return 0;
}

static void write_profile(const char *name, const char *json)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s.json", dir, name);
    char quoted[512] = "";
    assert_true(strlen(json) < sizeof quoted);
    quote(json, strlen(json), quoted);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(quoted, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_profile(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s.json", dir, name);
    assert_int_equal(unlink(path), 0);
}

#define BUS "'buses':[{'id':'b','link':'tcp','host':'127.0.0.1','port':15020}]"

static void test_smallest_file(void **state)
{
    (void)state;
    open_good("\xEF\xBB\xBF// the smallest\r\n{'gateway':{'id':'g'}," BUS
              ",/* one */'devices':[{'id':'d1','bus':'b','unit':1,'class':'generic',"
              "'points':{'r0':{'function':'holding','address':0,'type':'u16'},"
              "'url':{'address':1,'unit':'not // a comment'}}}],'journal':{'dir':'state/j'}}");
    assert_int_equal(site.bus_count, 1);
    assert_int_equal(site.buses[0].port, 15020);
    assert_int_equal(site.slave_count, 1);
    assert_int_equal(site.slaves[0].unit, 1);
    assert_int_equal(site.slaves[0].point_count, 2);
    assert_true(site.slaves[0].open);
    assert_string_equal(site.slaves[0].points[1].unit, "not // a comment");
    assert_int_equal(site.device_count, 1);
    assert_int_equal(site.devices[0].signal_count, 2);
    assert_string_equal(site.socket_path, "/plant/state/sim.sock");
    assert_string_equal(warnings, "");
}

static void test_serial_line(void **state)
{
    (void)state;
    open_good("{'buses':[{'id':'a','link':'rtu','port':'x/y'},"
              "{'id':'b','link':'rtu','port':'/dev/ttyX','baud':19200,'format':'8E1'},"
              "{'id':'c','link':'rtu-over-tcp','host':'h','port':8899,'format':'7O2'}]}");
    assert_string_equal(site.buses[0].path, "/plant/x/y");
    assert_int_equal(site.buses[0].baud, 9600);
    assert_int_equal(site.buses[0].bits, 10);
    assert_string_equal(site.buses[1].path, "/dev/ttyX");
    assert_int_equal(site.buses[1].bits, 11);
    assert_int_equal(site.buses[2].bits, 11);
    assert_string_equal(site.socket_path, "/plant/sim.sock");
}

static void test_device_of_two_slaves(void **state)
{
    (void)state;
    open_good("{" BUS ",'slaves':[{'id':'di','bus':'b','unit':5,'points':{'in_1':{'function':"
              "'discrete','address':0},'in_2':{'function':'discrete','address':1}}},"
              "{'id':'sp','bus':'b','unit':6,'points':{'car_speed':{'address':0,'type':'s16'}}}],"
              "'devices':[{'id':'lift','class':'lift','slaves':['sp'],'points':{'door_closed':'di.in_1',"
              "'door_zone':{'from':'di.in_2','invert':true},'gone':'di.in_9'}}]}");
    const struct site_device *lift = &site.devices[0];
    assert_int_equal(lift->signal_count, 3);
    assert_int_equal(device_find_signal(lift, "car_speed")->slave, 1);
    assert_false(device_find_signal(lift, "door_closed")->invert);
    assert_true(device_find_signal(lift, "door_zone")->invert);
    assert_int_equal(device_find_signal(lift, "door_zone")->point, 1);
    assert_non_null(strstr(warnings, "lift.gone: there is no point di.in_9"));
    assert_false(site.slaves[0].open); /* it serves a lift: never written */
    assert_int_equal(site.device_count, 1);
}

static void test_profile_with_override_and_repeat(void **state)
{
    (void)state;
    write_profile("panel", "{'profile':'panel','class':'gas_detector','order':'CDAB','max_gap':20,"
                           "'identity':{'address':99,'byte':'hi','equals':37},"
                           "'points':{'a':{'address':0,'type':'f32'},'g':{'function':'input',"
                           "'address':10,'repeat':{'count':3,'step':2}}}}");
    open_good("{" BUS ",'devices':[{'id':'p','bus':'b','unit':1,'profile':'panel','write':['a'],"
              "'points':{'a':{'deadband':1,'scale':2},'x':'p.ch3.g','own':{'address':50}}}]}");
    const struct site_slave *slave = &site.slaves[0];
    assert_int_equal(slave->point_count, 5);
    assert_int_equal(slave->points[0].order, ORDER_CDAB);
    assert_int_equal(slave->points[0].count, 2);
    assert_true(slave->points[0].scale > 1.9);
    assert_true(slave->points[0].writable);
    assert_false(slave->open);
    assert_string_equal(slave->points[3].id, "ch3.g");
    assert_int_equal(slave->points[3].address, 14);
    assert_int_equal(slave->profile->gap, 20);
    assert_int_equal(slave->profile->identity->part.shift, 8);
    assert_string_equal(site.devices[0].class, "gas_detector");
    assert_int_equal(device_find_signal(&site.devices[0], "x")->point, 3);
    remove_profile("panel");
}

static const struct point *point_named(const struct site_slave *slave, const char *id)
{
    size_t const at = slave_find_point(slave, id);
    if (at == SITE_NONE)
        fail_msg("%s has no point %s", slave->id, id);
    return &slave->points[at];
}

#define PANEL                                                                                                          \
    "{'profile':'panel','class':'gas_panel','base':10,'repeat':{'count':64,'step':2},'identity':{'address':5,'equals'" \
    ":7},'points':{'gas_lel_pct':{'address':100,'only_if':{'address':101,'equals':5},'scale_from':{'address':0,"       \
    "'fixed':true}},'area':{'address':0,'repeat':false},'state':{'address':1,'map':'a system','repeat':{'count':3,"    \
    "'step':0}}}}"

static void test_panel_of_channels(void **state)
{
    (void)state;
    write_profile("panel", PANEL);
    open_good("{" BUS ",'slaves':[{'id':'p','bus':'b','unit':1,'profile':'panel','channels':4,'points':{'gas_lel_pct':"
              "{'scale':0.5},'ch4.gas_lel_pct':{'offset':3}}}],"
              "'devices':[{'id':'shop','class':'gas_detector','slaves':['p.ch3']},{'id':'none','slaves':['p.ch9']},"
              "{'id':'one','points':{'gas_lel_pct':'p.ch4.gas_lel_pct'}}]}");
    const struct site_slave *panel = &site.slaves[0];
    assert_int_equal(panel->point_count, 4 + 1 + 3);
    const struct point *third = point_named(panel, "ch3.gas_lel_pct");
    assert_int_equal(third->address, 10 + 100 + 4);
    assert_true(third->scale < 0.06);                             /* 0.5, and the decimal chosen for scale_from */
    assert_int_equal(third->seeds[0].part.address, 10 + 101 + 4); /* only_if moves along */
    assert_int_equal(third->seeds[1].part.address, 10);           /* scale_from stands still */
    assert_true(point_named(panel, "ch4.gas_lel_pct")->offset > 2);
    assert_true(third->offset < 1);
    assert_int_equal(point_named(panel, "area")->address, 10);
    assert_int_equal(point_named(panel, "ch3.state")->address, 11);
    assert_int_equal(point_named(panel, "ch3.state")->map_count, 0);
    assert_int_equal(panel->identity->part.address, 15);
    const struct site_device *shop = &site.devices[0];
    assert_int_equal(shop->signal_count, 2);
    assert_int_equal(device_find_signal(shop, "gas_lel_pct")->point, slave_find_point(panel, "ch3.gas_lel_pct"));
    assert_non_null(device_find_signal(shop, "state"));
    assert_int_equal(site.devices[1].signal_count, 0);
    assert_non_null(strstr(warnings, "none: slaves names one that is not there"));
    assert_int_equal(site.devices[2].signals[0].point, slave_find_point(panel, "ch4.gas_lel_pct"));
    remove_profile("panel");
}

static void expect_refused(const char *json, const char *part);

static void test_base_comes_from_the_site(void **state)
{
    (void)state;
    write_profile("based", "{'profile':'based','base':'site','points':{'a':{'address':5}}}");
    open_good("{" BUS
              ",'devices':[{'id':'d','bus':'b','unit':1,'profile':'based','base':-3,'points':{'b':{'address':8}}}]}");
    assert_int_equal(point_named(&site.slaves[0], "a")->address, 2);
    assert_int_equal(point_named(&site.slaves[0], "b")->address, 8);
    site_close(&site);
    expect_refused("{" BUS ",'devices':[{'id':'d','bus':'b','unit':1,'profile':'based'}]}", "needs \"base\"");
    expect_refused("{" BUS ",'devices':[{'id':'d','bus':'b','unit':1,'profile':'based','base':-6}]}", "address -1");
    expect_refused("{" BUS ",'devices':[{'id':'d','bus':'b','unit':1,'profile':'based','base':65531}]}",
                   "address 65536");
    remove_profile("based");
}

static void test_mapping_with_a_scale(void **state)
{
    (void)state;
    open_good("{" BUS
              ",'slaves':[{'id':'ai','bus':'b','unit':1,'points':{'ma_1':{'address':0,'scale':0.001,'unit':'mA',"
              "'valid':[3600,21000]}}}],'devices':[{'id':'d','class':'boiler_steam','points':{'drum_level_pct':{'from':"
              "'ai.ma_1','scale':6.25,'offset':-25,'unit':'%'}}}]}");
    const struct site_signal *level = &site.devices[0].signals[0];
    assert_true(level->scale > 6.2 && level->scale < 6.3);
    assert_true(level->offset < -24.9 && level->offset > -25.1);
    assert_string_equal(level->unit, "%");
    assert_true(site.slaves[0].points[0].has_valid);
    assert_true(site.slaves[0].points[0].valid_high > 20999);
}

static void test_interlock_makes_a_valve(void **state)
{
    (void)state;
    open_good("{" BUS ",'devices':[{'id':'v','bus':'b','unit':9,'class':'io','points':{"
              "'relay_1':{'function':'coil','address':0},'relay_2':{'function':'coil','address':1},"
              "'input_1':{'function':'discrete','address':0}}},"
              "{'id':'g','bus':'b','unit':1,'class':'gas_detector','points':{'gas_lel_pct':{'address':0}}"
              "}],"
              "'zones':[{'id':'z','detectors':['g','nobody']}],"
              "'interlocks':[{'id':'trip','when':{'zone':'z','alarm':'gas.high'},"
              "'do':[{'write':'v.relay_1','value':true}],'confirm':{'point':'v.input_1','equals':false}},"
              "{'id':'siren','do':[{'write':'v.relay_2','value':true}]},"
              "{'id':'broken','do':[{'write':'v.relay_7','value':true}],'confirm':{'point':'v.input_1'}}]"
              "}");
    assert_int_equal(site.valve_count, 2);
    assert_string_equal(site.valves[0].id, "trip");
    assert_true(site.valves[0].tells && !site.valves[1].tells && !site.valves[1].stays);
    assert_string_equal(site.valves[1].id, "siren");
    assert_true(site.valves[0].closes);
    assert_true(site.valves[0].closed < 0.5);
    assert_int_equal(site.valves[0].device_count, 1);
    assert_int_equal(site.valves[0].devices[0], 1);
    assert_non_null(strstr(warnings, "nobody") == NULL ? strstr(warnings, "detector that is not there") : warnings);
    assert_non_null(strstr(warnings, "interlock broken"));
}

static void test_settings(void **state)
{
    (void)state;
    open_good("{" BUS ",'devices':[{'id':'d','bus':'b','unit':1,'class':'lift','points':{'a':{'address':0}},"
              "'settings':{'rated_speed':1.75,'gas':'propane','odd':{'x':1},'flag':true}}]}");
    const struct settings *settings = &site.devices[0].settings;
    assert_int_equal(settings->count, 3);
    assert_true(fabs(setting_number(settings, "rated_speed", 1) - 1.75) < 1e-9);
    assert_true(setting_number(settings, "flag", 0) > 0.5);
    assert_string_equal(setting_text(settings, "gas", "methane"), "propane");
    assert_string_equal(setting_text(settings, "rated_speed", "no text"), "no text");
    assert_true(fabs(setting_number(settings, "gas", 7) - 7) < 1e-9 && setting_number(settings, "none", 3) > 2.9);
}

static void test_slave_without_device_lives(void **state)
{
    (void)state;
    open_good("{" BUS ",'slaves':[{'id':'s','bus':'b','unit':3,'points':{'a':{'address':0}}}]}");
    assert_int_equal(site.device_count, 1);
    assert_string_equal(site.devices[0].class, "generic");
}

static void expect_refused(const char *json, const char *part)
{
    assert_false(open_bytes(json, strlen(json)));
    if (strstr(why.bytes, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why.bytes, part);
    assert_int_equal(site.tree_count, 0);
}

static void test_refused_files(void **state)
{
    (void)state;
    expect_refused("", "not valid JSON");
    expect_refused("[]", "must be one JSON object");
    expect_refused("{\n\n'a':}", "site.json:3:");
    expect_refused("{} {}", "not valid JSON");
    expect_refused("{'buses':{}}", "must be an array");
    expect_refused("{'buses':[7]}", "buses[0]: must be an object");
    expect_refused("{'buses':[{'id':'b','link':'can'}]}", "buses[0] b: link must be");
    expect_refused("{'buses':[{'id':'b','link':'tcp','port':70000}]}", "65535");
    expect_refused("{'buses':[{'id':'b','link':'rtu'}]}", "port must be a path");
    expect_refused("{'buses':[{'id':'b','link':'rtu','port':'p','baud':0}]}", "baud");
    expect_refused("{'buses':[{'id':'b','link':'rtu','port':'p','format':'9N1'}]}", "8N1");
    expect_refused("{" BUS ",'slaves':[{'id':'s','bus':'x','unit':1}]}", "no bus x");
    expect_refused("{" BUS ",'slaves':[{'id':'s','bus':'b','unit':256}]}", "unit must be");
    expect_refused("{" BUS ",'slaves':[{'id':'s','bus':'b','unit':1},{'id':'t','bus':'b','unit':1}]}", "has unit 1");
    expect_refused("{" BUS ",'slaves':[{'id':'s','bus':'b','unit':1},{'id':'s','bus':'b','unit':2}]}",
                   "another slave s");
    expect_refused("{" BUS ",'devices':[{'id':'d'},{'id':'d'}]}", "another device d");
    expect_refused("{" BUS ",'slaves':[{'id':'s','bus':'b','unit':1,'profile':'none'}]}", "no file none");
    expect_refused("{" BUS ",'slaves':[{'id':'s','bus':'b','unit':1,'profile':'../x'}]}", "not a path");
    expect_refused("{" BUS ",'slaves':[{'id':'s','bus':'b','unit':1,'points':{'p':{'address':-1}}}]}",
                   "points.p: address");
}

static void test_hostile_files(void **state)
{
    (void)state;
    static char deep[100001];
    memset(deep, '[', sizeof deep - 1);
    expect_refused(deep, "nested deeper");
    assert_false(open_bytes("{'a':\0 1}", 9));
    assert_non_null(strstr(why.bytes, "NUL"));
    char *big = calloc(1, JSON_FILE_MAX + 2);
    assert_non_null(big);
    memset(big, ' ', JSON_FILE_MAX + 1);
    assert_false(open_bytes(big, JSON_FILE_MAX + 1));
    assert_non_null(strstr(why.bytes, "larger"));
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_smallest_file, close_site),
        cmocka_unit_test_teardown(test_serial_line, close_site),
        cmocka_unit_test_teardown(test_device_of_two_slaves, close_site),
        cmocka_unit_test_teardown(test_profile_with_override_and_repeat, close_site),
        cmocka_unit_test_teardown(test_panel_of_channels, close_site),
        cmocka_unit_test_teardown(test_base_comes_from_the_site, close_site),
        cmocka_unit_test_teardown(test_mapping_with_a_scale, close_site),
        cmocka_unit_test_teardown(test_interlock_makes_a_valve, close_site),
        cmocka_unit_test_teardown(test_settings, close_site),
        cmocka_unit_test_teardown(test_slave_without_device_lives, close_site),
        cmocka_unit_test_teardown(test_refused_files, close_site),
        cmocka_unit_test_teardown(test_hostile_files, close_site),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
