#include "tests/support/test.h"

#include <string.h>

#include "drivers/device/lift.h"
#include "gateway/base/check.h"
#include "gateway/core/normalize.h"

/* A lift and its clock; `kit` is what the sensor-only kit has. */
static const char *const kit[] = {"door_closed", "door_zone", "passenger_present", "alarm_button", "car_speed", NULL};
static const char *const controller[] = {
    "door_closed", "door_zone", "passenger_present", "alarm_button", "car_status", "car_speed",
    "mains_ok",    "fault",     "service_mode",      "car_load_pct", NULL};

struct lift {
    struct sample samples[64];
    enum point_source sources[64];
    struct hold holds[DERIVE_HOLDS_MAX];
    int64_t mono_ms;
    int64_t next_mono_ms;
};

static size_t index_of(const char *id)
{
    size_t i = 0;
    while (i < lift_class.point_count && strcmp(lift_class.points[i].id, id) != 0)
        i++;
    if (i == lift_class.point_count)
        fail_msg("no point %s", id);
    return i;
}

static struct sample *at(struct lift *lift, const char *id)
{
    return &lift->samples[index_of(id)];
}

static struct lift make(const char *const *has)
{
    struct lift lift;
    memset(&lift, 0, sizeof lift);
    lift.mono_ms = 1000;
    for (size_t i = 0; i < lift_class.point_count; i++) {
        lift.samples[i] = sample_bad(i, REASON_STARTING);
        lift.sources[i] = lift_class.points[i].derived ? POINT_DERIVED : POINT_ABSENT;
    }
    for (; *has != NULL; has++)
        lift.sources[index_of(*has)] = POINT_READ;
    return lift;
}

static void set_bool(struct lift *lift, const char *id, bool value)
{
    *at(lift, id) = (struct sample){.value = {.boolean = value}};
}

static void set_speed(struct lift *lift, double value)
{
    *at(lift, "car_speed") = (struct sample){.value = {.number = value}};
}

static void set_code(struct lift *lift, const char *id, const char *code)
{
    const struct class_point *point = &lift_class.points[index_of(id)];
    uint32_t i = 0;
    while (i < point->code_count && strcmp(point->codes[i].id, code) != 0)
        i++;
    assert_true(i < point->code_count);
    *at(lift, id) = (struct sample){.value = {.code = i}};
}

static void set_bad(struct lift *lift, const char *id)
{
    *at(lift, id) = sample_bad(0, REASON_NO_ANSWER);
}

static void derive(struct lift *lift)
{
    struct derive in = {.mono_ms = lift->mono_ms,
                        .samples = lift->samples,
                        .sources = lift->sources,
                        .sample_count = lift_class.point_count,
                        .holds = lift->holds};
    lift_class.derive(&in);
    lift->next_mono_ms = in.ret_next_mono_ms;
}

static const char *read_(struct lift *lift, const char *id)
{
    derive(lift);
    const struct sample *sample = at(lift, id);
    return !sample_has_value(sample) ? "?" : sample->value.boolean ? "yes" : "no";
}

static void pass(struct lift *lift, int64_t ms)
{
    lift->mono_ms += ms;
}

/* Somebody inside, standing between floors, doors closed. */
static struct lift stuck(const char *const *has)
{
    struct lift lift = make(has);
    set_bool(&lift, "door_closed", true);
    set_bool(&lift, "door_zone", false);
    set_bool(&lift, "passenger_present", true);
    set_bool(&lift, "alarm_button", false);
    set_speed(&lift, 0);
    if (has == controller) {
        set_code(&lift, "car_status", "stop");
        set_code(&lift, "fault", "none");
        set_code(&lift, "service_mode", "normal");
        set_bool(&lift, "mains_ok", true);
        *at(&lift, "car_load_pct") = (struct sample){.value = {.number = 20}};
    }
    return lift;
}

static void test_trapped_between_floors(void **state)
{
    (void)state;
    struct lift lift = stuck(kit);
    assert_string_equal(read_(&lift, "trapped"), "no");
    assert_int_equal(lift.next_mono_ms, lift.mono_ms + 10000);
    pass(&lift, 9999);
    assert_string_equal(read_(&lift, "trapped_nonlevel"), "no");
    pass(&lift, 1);
    assert_string_equal(read_(&lift, "trapped_nonlevel"), "yes");
    assert_string_equal(read_(&lift, "trapped"), "yes");
    assert_string_equal(read_(&lift, "stop_outside_zone"), "yes");
    assert_true(lift.next_mono_ms == INT64_MAX);
    set_bool(&lift, "door_zone", true); /* rescued: levelled, doors open, nobody inside */
    set_bool(&lift, "door_closed", false);
    set_bool(&lift, "passenger_present", false);
    assert_string_equal(read_(&lift, "trapped"), "no");
    assert_string_equal(read_(&lift, "stop_outside_zone"), "no");
}

static void test_a_stop_on_the_way_is_no_trap(void **state)
{
    (void)state;
    struct lift lift = stuck(kit);
    derive(&lift);
    pass(&lift, 9000);
    set_speed(&lift, 1.0);
    assert_string_equal(read_(&lift, "trapped"), "no");
    set_speed(&lift, 0);
    derive(&lift);
    pass(&lift, 9999);
    assert_string_equal(read_(&lift, "trapped"), "no"); /* ten seconds without a break */
    pass(&lift, 1);
    assert_string_equal(read_(&lift, "trapped"), "yes");
}

static void test_bad_inputs_freeze_a_hold(void **state)
{
    (void)state;
    static const char *const inputs[] = {"passenger_present", "door_zone", "car_speed"};
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
        struct lift lift = stuck(kit);
        derive(&lift);
        pass(&lift, 6000);
        struct sample before = *at(&lift, inputs[i]);
        set_bad(&lift, inputs[i]);
        assert_string_equal(read_(&lift, "trapped"), "?");
        assert_int_equal(at(&lift, "trapped_nonlevel")->quality, QUALITY_BAD);
        pass(&lift, 60000);
        assert_string_equal(read_(&lift, "trapped"), "?"); /* nobody is trapped by a bad reading */
        *at(&lift, inputs[i]) = before;
        assert_string_equal(read_(&lift, "trapped"), "no"); /* the clock stood still */
        assert_int_equal(lift.next_mono_ms, lift.mono_ms + 4000);
        pass(&lift, 4000);
        assert_string_equal(read_(&lift, "trapped"), "yes");
        set_bad(&lift, inputs[i]);
        assert_string_equal(read_(&lift, "trapped"), "?"); /* and nobody is freed by one */
        *at(&lift, inputs[i]) = before;
        assert_string_equal(read_(&lift, "trapped"), "yes");
    }
}

/* What is known may decide although something else is not: nobody inside is nobody trapped. */
static void test_a_known_no_decides(void **state)
{
    (void)state;
    struct lift lift = stuck(kit);
    derive(&lift);
    pass(&lift, 60000);
    set_bool(&lift, "passenger_present", false);
    set_bad(&lift, "car_speed");
    assert_string_equal(read_(&lift, "trapped_nonlevel"), "no");
    assert_string_equal(read_(&lift, "stop_outside_zone"), "?");
}

static void test_modes_excuse(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        const char *trapped;
        const char *outside;
    } cases[] = {{"normal", "yes", "yes"},     {"inspection", "no", "no"}, {"fire_return", "no", "yes"},
                 {"firefighter", "no", "yes"}, {"stopped", "yes", "yes"},  {"emergency_power", "yes", "yes"},
                 {"earthquake", "yes", "yes"}, {"unknown", "yes", "yes"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct lift lift = stuck(controller);
        set_code(&lift, "service_mode", cases[i].mode);
        derive(&lift);
        pass(&lift, 10000);
        assert_string_equal(read_(&lift, "trapped"), cases[i].trapped);
        assert_string_equal(read_(&lift, "stop_outside_zone"), cases[i].outside);
    }
    struct lift lift = stuck(controller);
    set_bad(&lift, "service_mode"); /* doubt counts for the alarm */
    derive(&lift);
    pass(&lift, 10000);
    assert_string_equal(read_(&lift, "trapped"), "yes");
}

static void test_trapped_at_a_floor(void **state)
{
    (void)state;
    struct lift lift = stuck(controller);
    set_bool(&lift, "door_zone", true);
    derive(&lift);
    pass(&lift, 119999);
    assert_string_equal(read_(&lift, "trapped_level"), "no");
    set_code(&lift, "fault", "door_open_fault");
    assert_string_equal(read_(&lift, "trapped_level"), "no");
    pass(&lift, 1);
    assert_string_equal(read_(&lift, "trapped_level"), "yes");
    set_code(&lift, "fault", "none");
    assert_string_equal(read_(&lift, "trapped_level"), "no"); /* waiting with closed doors is no trap */
    set_bool(&lift, "mains_ok", false);
    assert_string_equal(read_(&lift, "trapped_level"), "yes");
    assert_string_equal(read_(&lift, "trapped"), "yes");
    set_bool(&lift, "mains_ok", true);
    set_bool(&lift, "alarm_button", true);
    assert_string_equal(read_(&lift, "trapped_level"), "yes");
    set_bool(&lift, "door_closed", false);
    assert_string_equal(read_(&lift, "trapped_level"), "no");
}

static void test_trapped_by_button(void **state)
{
    (void)state;
    struct lift lift = stuck(kit);
    set_bool(&lift, "passenger_present", false); /* the sensor does not see somebody lying down */
    set_bool(&lift, "door_zone", true);
    set_bool(&lift, "alarm_button", true);
    derive(&lift);
    pass(&lift, 2999);
    assert_string_equal(read_(&lift, "trapped"), "no");
    pass(&lift, 1);
    assert_string_equal(read_(&lift, "trapped_by_button"), "yes");
    assert_string_equal(read_(&lift, "trapped"), "yes");
    assert_string_equal(read_(&lift, "button_call"), "yes");
    set_bool(&lift, "door_closed", false); /* at an open door at a floor it is play */
    assert_string_equal(read_(&lift, "trapped"), "no");
    assert_string_equal(read_(&lift, "button_call"), "no");
    set_bad(&lift, "door_zone");
    assert_string_equal(read_(&lift, "button_call"), "yes"); /* or is it? */
    set_bad(&lift, "alarm_button");
    assert_string_equal(read_(&lift, "button_call"), "?");
}

static void test_the_controllers_own_word(void **state)
{
    (void)state;
    struct lift lift = stuck(controller);
    set_bool(&lift, "door_zone", true);
    set_bool(&lift, "passenger_present", false);
    set_code(&lift, "fault", "trapped");
    assert_string_equal(read_(&lift, "trapped"), "yes");
    set_code(&lift, "fault", "other");
    assert_string_equal(read_(&lift, "trapped"), "no");
    static const char *const bare[] = {"fault", NULL};
    struct lift only = make(bare);
    assert_string_equal(read_(&only, "trapped"), "?");
    set_code(&only, "fault", "trapped");
    assert_string_equal(read_(&only, "trapped"), "yes");
}

/* Parts whose points a lift does not have take no side: what the others say can end. */
static void test_missing_points(void **state)
{
    (void)state;
    static const char *const few[] = {"door_closed", "alarm_button", "car_speed", NULL};
    struct lift lift = make(few);
    set_bool(&lift, "door_closed", true);
    set_bool(&lift, "alarm_button", true);
    set_speed(&lift, 0);
    derive(&lift);
    pass(&lift, 3000);
    assert_string_equal(read_(&lift, "trapped"), "yes");
    set_bool(&lift, "alarm_button", false);
    assert_string_equal(read_(&lift, "trapped"), "no");
    assert_string_equal(read_(&lift, "trapped_nonlevel"), "?");
    static const char *const nothing[] = {"door_closed", "door_zone", "passenger_present", NULL};
    struct lift blind = make(nothing);
    set_bool(&blind, "door_closed", true);
    set_bool(&blind, "door_zone", false);
    set_bool(&blind, "passenger_present", true);
    derive(&blind);
    pass(&blind, 100000);
    assert_string_equal(read_(&blind, "trapped"), "?"); /* whether it stands is not known at all */
}

static const char *car_status(struct lift *lift)
{
    derive(lift);
    const struct sample *sample = at(lift, "car_status");
    return !sample_has_value(sample) ? "?" : lift_class.points[index_of("car_status")].codes[sample->value.code].id;
}

static void test_running_by_speed(void **state)
{
    (void)state;
    struct lift lift = make(kit);
    assert_string_equal(car_status(&lift), "?");
    static const struct {
        double speed;
        const char *status;
    } cases[] = {{0, "stop"},    {0.05, "stop"}, {0.051, "run"}, {-1.5, "run"},  {0.03, "run"},
                 {0.021, "run"}, {0.02, "stop"}, {0.03, "stop"}, {-0.06, "run"}, {0, "stop"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        set_speed(&lift, cases[i].speed);
        assert_string_equal(car_status(&lift), cases[i].status);
    }
    set_bad(&lift, "car_speed");
    assert_string_equal(car_status(&lift), "?");
}

/* A controller's word goes before the sensor; when it is missing, the sensor speaks. */
static void test_running_by_controller(void **state)
{
    (void)state;
    struct lift lift = stuck(controller);
    set_code(&lift, "car_status", "run");
    derive(&lift);
    pass(&lift, 60000);
    assert_string_equal(read_(&lift, "trapped"), "no");
    assert_string_equal(car_status(&lift), "run"); /* a read point is not overwritten */
    set_bad(&lift, "car_status");
    derive(&lift);
    pass(&lift, 10000);
    assert_string_equal(read_(&lift, "trapped"), "yes");
    assert_string_equal(car_status(&lift), "?");
}

static void test_moving_with_open_doors(void **state)
{
    (void)state;
    struct lift lift = stuck(controller);
    set_code(&lift, "car_status", "run");
    set_bool(&lift, "door_closed", false);
    derive(&lift);
    pass(&lift, 299);
    assert_string_equal(read_(&lift, "moving_door_open"), "no");
    pass(&lift, 1);
    assert_string_equal(read_(&lift, "moving_door_open"), "yes");
    set_bool(&lift, "door_zone", true); /* levelling with opening doors is allowed */
    assert_string_equal(read_(&lift, "moving_door_open"), "no");
}

static void test_load_and_mains(void **state)
{
    (void)state;
    struct lift lift = stuck(controller);
    *at(&lift, "car_load_pct") = (struct sample){.value = {.number = 111}};
    assert_string_equal(read_(&lift, "overload_run"), "no");
    set_code(&lift, "car_status", "run");
    assert_string_equal(read_(&lift, "overload_run"), "yes");
    set_bad(&lift, "car_load_pct");
    assert_string_equal(read_(&lift, "overload_run"), "?");
    assert_string_equal(read_(&lift, "mains_lost"), "no");
    set_bool(&lift, "mains_ok", false);
    assert_string_equal(read_(&lift, "mains_lost"), "yes");
    set_bad(&lift, "mains_ok");
    assert_string_equal(read_(&lift, "mains_lost"), "?");
}

/* A hold that began long ago (restored after a reboot) has run out as soon as its condition is seen to hold. */
static void test_restored_hold(void **state)
{
    (void)state;
    struct lift lift = stuck(kit);
    lift.holds[0].since_mono_ms = INT64_MIN / 2000000;
    assert_string_equal(read_(&lift, "trapped_nonlevel"), "yes");
    lift = stuck(kit);
    lift.holds[0].since_mono_ms = INT64_MIN / 2000000;
    set_bool(&lift, "door_zone", true);
    assert_string_equal(read_(&lift, "trapped_nonlevel"), "no");
    assert_int_equal(lift.holds[0].since_mono_ms, 0);
    struct lift first = stuck(kit); /* a clock that stands at zero is a clock */
    first.mono_ms = 0;
    derive(&first);
    assert_true(first.holds[0].since_mono_ms != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trapped_between_floors),
        cmocka_unit_test(test_a_stop_on_the_way_is_no_trap),
        cmocka_unit_test(test_bad_inputs_freeze_a_hold),
        cmocka_unit_test(test_a_known_no_decides),
        cmocka_unit_test(test_modes_excuse),
        cmocka_unit_test(test_trapped_at_a_floor),
        cmocka_unit_test(test_trapped_by_button),
        cmocka_unit_test(test_the_controllers_own_word),
        cmocka_unit_test(test_missing_points),
        cmocka_unit_test(test_running_by_speed),
        cmocka_unit_test(test_running_by_controller),
        cmocka_unit_test(test_moving_with_open_doors),
        cmocka_unit_test(test_load_and_mains),
        cmocka_unit_test(test_restored_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
