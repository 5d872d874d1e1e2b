/* A control panel: what it says of its channels together, and of itself. */
#include "tests/support/plant_rig.h"

#include "firmware-sim/world.h"

static void test_sums_up_its_channels(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_panel, 1, NULL);
    rig.around.channels = (struct channels){.count = 8};
    rig_step(&rig);
    assert_false(rig_is(&rig, "any_alarm1") || rig_is(&rig, "any_fault") || rig_is(&rig, "panel_fault"));
    rig.around.channels = (struct channels){.count = 8, .low = 2, .high = 1, .fault = 3, .disabled = 1, .first = 5};
    rig_step(&rig);
    assert_true(rig_is(&rig, "any_alarm1") && rig_is(&rig, "any_alarm2") && rig_is(&rig, "any_fault"));
    assert_true(rig_is(&rig, "area_alarm1") && rig_is(&rig, "area_alarm2") && rig_is(&rig, "area_disabled"));
    assert_true(fabs(rig_shows(&rig, "alarm_count") - 2) < 0.5 && fabs(rig_shows(&rig, "fault_count") - 3) < 0.5);
    assert_true(fabs(rig_shows(&rig, "first_alarm") - 5) < 0.5);
    rig.around.channels = (struct channels){.count = 8};
    rig_step(&rig);
    assert_true(fabs(rig_shows(&rig, "first_alarm") - 5) < 0.5); /* until somebody resets it */
    rig_do(&rig, "reset");
    assert_true(rig_shows(&rig, "first_alarm") > 4);
    rig_step(&rig);
    assert_true(rig_shows(&rig, "first_alarm") < 0.5);
    rig_close(&rig);
}

static void test_muting_ends_with_the_next_alarm(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_panel, 1, NULL);
    rig.around.channels.low = 1;
    rig_step(&rig);
    rig_do(&rig, "mute");
    rig_pass(&rig, 100);
    assert_true(rig_is(&rig, "muted"));
    rig.around.channels.low = 2;
    rig_step(&rig);
    assert_false(rig_is(&rig, "muted"));
    rig_close(&rig);
}

static void test_its_own_faults(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &plant_panel, 1, NULL);
    rig_do(&rig, "mains_off");
    rig_step(&rig);
    assert_true(!rig_is(&rig, "mains_ok") && rig_is(&rig, "panel_fault"));
    rig_do(&rig, "normal");
    rig_step(&rig);
    assert_false(!rig_is(&rig, "mains_ok") || rig_is(&rig, "panel_fault"));
    rig.around.power = false;
    rig_step(&rig);
    assert_false(rig_is(&rig, "mains_ok"));
    rig.around.power = true;
    rig_do(&rig, "battery_fault");
    rig_do(&rig, "earth_fault");
    rig_step(&rig);
    assert_true(!rig_is(&rig, "battery_ok") && rig_is(&rig, "earth_fault") && rig_is(&rig, "mains_ok"));
    double beat = rig_shows(&rig, "heartbeat");
    rig_pass(&rig, 20);
    assert_true(rig_shows(&rig, "heartbeat") > beat);
    rig_do(&rig, "freeze");
    rig_step(&rig);
    beat = rig_shows(&rig, "heartbeat");
    rig_pass(&rig, 20);
    assert_true(rig_shows(&rig, "heartbeat") <= beat);
    assert_false(rig_order(&rig, "leak 60"));
    assert_non_null(strstr(rig.why, "channels"));
    rig_close(&rig);
}

/* --- with channels on the wire --- */

#define CHANNEL(n_)                                                                                                    \
    "'c" #n_ "_lel':{'address':" #n_ ",'scale':0.1,'offset':-10},'c" #n_ "_a1':{'address':1" #n_ ",'bit':0},'c" #n_    \
    "_fault':{'address':1" #n_ ",'bit':3}"
#define SHOP(n_)                                                                                                       \
    "{'id':'shop-" #n_ "','class':'gas_detector','points':{'gas_lel_pct':'panel.c" #n_                                 \
    "_lel','alarm1_dev':'panel.c" #n_ "_a1','fault_dev':'panel.c" #n_ "_fault'}}"

static const char street[] =
    "{'buses':[{'id':'b','link':'rtu','port':'p'}],'slaves':[{'id':'panel','bus':'b','unit':1,"
    "'points':{" CHANNEL(1) "," CHANNEL(2) "," CHANNEL(
        3) ",'any':{'address':30,'bit':0},'bad':{'address':30,'bit':3},'first':{'address':31}}"
           "}],'devices':[{'id':'house','class':'gas_panel','points':{'any_alarm1':'panel.any',"
           "'any_fault':'panel.bad','first_alarm':'panel.first'}}," SHOP(1) "," SHOP(2) "," SHOP(3) "]}";

static struct site site;
static struct world world;

static bool is(const char *reference)
{
    struct output output;
    struct sentence why;
    char bytes[64];
    struct text text;
    text_init(&text, bytes, sizeof bytes);
    assert_true(world_find(&world, reference, &output, sentence_init(&why)));
    output_print(&output, &text);
    return strcmp(bytes, "true") == 0 || strcmp(bytes, "2") == 0;
}

static void tell(const char *device, const char *line)
{
    char bytes[64];
    char *words[4];
    struct sentence why;
    (void)snprintf(bytes, sizeof bytes, "%s", line);
    size_t count = text_split(bytes, words, 4);
    if (!world_act(&world, device, words, count, sentence_init(&why)))
        fail_msg("%s", why.bytes);
    for (int i = 0; i < 900; i++)
        world_step(&world, WORLD_STEP_S);
}

static void test_channels_tell_their_panel(void **state)
{
    (void)state;
    struct sentence why;
    struct text text;
    char warnings[256];
    char json[sizeof street];
    for (size_t i = 0; i < sizeof json; i++)
        json[i] = street[i] == '\'' ? '"' : street[i];
    text_init(&text, warnings, sizeof warnings);
    if (!site_open_bytes(&site, "site.json", json, sizeof json - 1, NULL, &text, sentence_init(&why)))
        fail_msg("%s", why.bytes);
    world_open(&world, &site, 1);
    assert_false(is("house.any_alarm1") || is("house.any_fault"));
    tell("shop-2", "leak 60");
    assert_true(is("house.any_alarm1") && is("shop-2.alarm1_dev") && is("house.first_alarm"));
    assert_false(is("shop-1.alarm1_dev") || is("shop-3.alarm1_dev") || is("house.any_fault"));
    tell("shop-3", "fault 1101");
    assert_true(is("house.any_fault") && is("shop-3.fault_dev"));
    tell("shop-2", "normal");
    tell("shop-3", "normal");
    assert_false(is("house.any_alarm1") || is("house.any_fault"));
    world_close(&world);
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_up_its_channels),
        cmocka_unit_test(test_muting_ends_with_the_next_alarm),
        cmocka_unit_test(test_its_own_faults),
        cmocka_unit_test(test_channels_tell_their_panel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
