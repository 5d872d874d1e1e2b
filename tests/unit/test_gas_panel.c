#include "tests/support/test.h"

#include "drivers/device/gas_detector.h"
#include "drivers/device/gas_panel.h"
#include "gateway/base/check.h"
#include "tests/support/class_rig.h"

static void test_supply(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"mains_ok", "mains_lost"}, {"battery_ok", "battery_lost"}};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct rig rig;
        rig_open(&rig, &gas_panel_class, "panel_fault");
        assert_string_equal(rig_says(&rig, pairs[i][1]), "-");
        rig_open(&rig, &gas_panel_class, pairs[i][0]);
        assert_string_equal(rig_says(&rig, pairs[i][1]), "?");
        rig_bool(&rig, pairs[i][0], true);
        assert_string_equal(rig_says(&rig, pairs[i][1]), "no");
        rig_bool(&rig, pairs[i][0], false);
        assert_string_equal(rig_says(&rig, pairs[i][1]), "yes");
        rig_bad(&rig, pairs[i][0]);
        assert_string_equal(rig_says(&rig, pairs[i][1]), "?");
        assert_int_equal(rig_at(&rig, pairs[i][1])->reason, REASON_NO_ANSWER);
    }
}

static void test_counts(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"alarm_count", "any_alarm1"}, {"fault_count", "any_fault"}};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct rig rig;
        rig_open(&rig, &gas_panel_class, "panel_fault");
        assert_string_equal(rig_says(&rig, pairs[i][1]), "-");
        rig_open(&rig, &gas_panel_class, pairs[i][0]);
        assert_string_equal(rig_says(&rig, pairs[i][1]), "?");
        rig_whole(&rig, pairs[i][0], 0);
        assert_string_equal(rig_says(&rig, pairs[i][1]), "no");
        rig_whole(&rig, pairs[i][0], 1);
        assert_string_equal(rig_says(&rig, pairs[i][1]), "yes");
    }
    struct rig rig; /* what is read is left alone */
    rig_open(&rig, &gas_panel_class, "alarm_count any_alarm1");
    rig_whole(&rig, "alarm_count", 3);
    rig_bool(&rig, "any_alarm1", false);
    assert_string_equal(rig_says(&rig, "any_alarm1"), "no");
}

static void test_its_channels_are_detectors(void **state)
{
    (void)state;
    assert_ptr_equal(gas_panel_class.channel, &gas_detector_class);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_supply),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_its_channels_are_detectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
