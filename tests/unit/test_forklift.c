#include "tests/support/test.h"

#include <string.h>

#include "drivers/device/forklift.h"
#include "gateway/base/check.h"
#include "tests/support/class_rig.h"

#define ASSERT_SAYS(rig_, point_, what_) assert_string_equal(rig_says(rig_, point_), what_)

static void test_unauthorised(void **state)
{
    (void)state;
    enum { NO, YES, BAD };
    static const struct {
        int ignition;
        int authorised;
        double days; /* 999: bad */
        const char *unauthorised;
    } cases[] = {{YES, YES, 100, "no"}, {YES, NO, 100, "yes"}, {YES, YES, 0, "no"},   {YES, YES, -0.1, "yes"},
                 {NO, NO, -5, "no"},    {BAD, NO, 100, "?"},   {BAD, YES, 100, "no"}, {YES, BAD, 100, "?"},
                 {YES, BAD, -1, "yes"}, {YES, YES, 999, "?"},  {YES, NO, 999, "yes"}, {NO, BAD, 999, "no"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig truck;
        rig_open(&truck, &forklift_class, "ignition operator_authorised licence_due_days");
        ASSERT_SAYS(&truck, "unauthorised", "?");
        rig_bool(&truck, "ignition", cases[i].ignition == YES);
        rig_bool(&truck, "operator_authorised", cases[i].authorised == YES);
        rig_number(&truck, "licence_due_days", cases[i].days);
        if (cases[i].ignition == BAD)
            rig_bad(&truck, "ignition");
        if (cases[i].authorised == BAD)
            rig_bad(&truck, "operator_authorised");
        if (cases[i].days > 998)
            rig_bad(&truck, "licence_due_days");
        ASSERT_SAYS(&truck, "unauthorised", cases[i].unauthorised);
    }
    struct rig truck;
    rig_open(&truck, &forklift_class, "ignition operator_authorised"); /* one of the two is enough */
    rig_bool(&truck, "ignition", true);
    rig_bool(&truck, "operator_authorised", true);
    ASSERT_SAYS(&truck, "unauthorised", "no");
    rig_open(&truck, &forklift_class, "ignition licence_due_days");
    rig_bool(&truck, "ignition", true);
    rig_number(&truck, "licence_due_days", -1);
    ASSERT_SAYS(&truck, "unauthorised", "yes");
    rig_open(&truck, &forklift_class, "ignition");
    ASSERT_SAYS(&truck, "unauthorised", "-");
}

static void test_seat_belt(void **state)
{
    (void)state;
    struct rig truck;
    rig_open(&truck, &forklift_class, "speed seat_belt");
    ASSERT_SAYS(&truck, "unbelted", "?");
    rig_number(&truck, "speed", 0.999);
    ASSERT_SAYS(&truck, "unbelted", "no"); /* standing is enough to know */
    rig_number(&truck, "speed", 1);
    ASSERT_SAYS(&truck, "unbelted", "?");
    rig_bool(&truck, "seat_belt", false);
    ASSERT_SAYS(&truck, "unbelted", "yes");
    rig_bad(&truck, "speed");
    ASSERT_SAYS(&truck, "unbelted", "?");
    rig_bool(&truck, "seat_belt", true);
    ASSERT_SAYS(&truck, "unbelted", "no");
}

static void test_tilt(void **state)
{
    (void)state;
    struct rig truck;
    rig_open(&truck, &forklift_class, "tilt tilt_limit=8");
    static const struct {
        double tilt;
        const char *tilted;
    } cases[] = {{0, "no"}, {7.999, "no"}, {8, "yes"}, {-7.999, "no"}, {-8, "yes"}, {90, "yes"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        rig_number(&truck, "tilt", cases[i].tilt);
        ASSERT_SAYS(&truck, "tilted", cases[i].tilted);
    }
    rig_bad(&truck, "tilt");
    ASSERT_SAYS(&truck, "tilted", "?");
    rig_open(&truck, &forklift_class, "tilt"); /* how far is too far, nobody said */
    ASSERT_SAYS(&truck, "tilted", "-");
}

/* Speed and load have the limits of the very truck, and no other. */
static void test_limits(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"forklift.overspeed", "speed_limit"}, {"forklift.overload", "rated_load"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct class_alarm *alarm = forklift_class.alarms;
        while (strcmp(alarm->id, cases[i][0]) != 0)
            assert_true(++alarm < forklift_class.alarms + forklift_class.alarm_count);
        assert_true(alarm->limit <= NO_LIMIT);
        assert_string_equal(alarm->limit_from[0].setting, cases[i][1]);
        assert_true(alarm->limit_from[0].factor > 0.999 && alarm->limit_from[0].factor < 1.001);
        assert_null(alarm->limit_from[1].setting);
    }
    for (size_t i = 0; i < forklift_class.setting_count; i++)
        assert_true(forklift_class.settings[i].standard <= NO_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unauthorised),
        cmocka_unit_test(test_seat_belt),
        cmocka_unit_test(test_tilt),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
