/* The models: what they must never do, and how long things take. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/plant.h"
#include "firmware-sim/valve.h"

#define SIGNALS_MAX 64

/* A plant on its own, without registers. */
struct stage {
    const struct plant_kind *kind;
    void *state;
    struct random random;
    struct surroundings around;
    double held[SIGNALS_MAX];
    struct value values[SIGNALS_MAX];
    double seconds;
};

static void stage_open(struct stage *stage, const struct plant_kind *kind, uint64_t seed)
{
    *stage = (struct stage){.kind = kind, .around = {.supply_open = true, .held = stage->held}};
    assert_true(kind->signal_count <= SIGNALS_MAX);
    for (size_t i = 0; i < SIGNALS_MAX; i++)
        stage->held[i] = (double)NAN;
    random_init(&stage->random, seed);
    stage->state = calloc(1, kind->state_size);
    assert_non_null(stage->state);
    kind->open(stage->state, NULL, 0, &stage->random);
}

static void stage_close(struct stage *stage)
{
    free(stage->state);
}

static void stage_step(struct stage *stage)
{
    stage->kind->step(stage->state, 0.1, &stage->around, &stage->random);
    stage->kind->show(stage->state, stage->values);
    stage->seconds += 0.1;
}

static size_t signal_at(const struct stage *stage, const char *id)
{
    for (size_t i = 0; i < stage->kind->signal_count; i++) {
        if (strcmp(stage->kind->signals[i], id) == 0)
            return i;
    }
    fail_msg("no signal %s", id);
    return 0;
}

static double shows(const struct stage *stage, const char *id)
{
    return stage->values[signal_at(stage, id)].number;
}

static bool is_true(const struct stage *stage, const char *id)
{
    return shows(stage, id) > 0;
}

static bool order(struct stage *stage, const char *first, const char *second)
{
    char a[16];
    char b[16];
    char *words[2] = {strcpy(a, first), second == NULL ? NULL : strcpy(b, second)};
    struct sentence why;
    return stage->kind->act(stage->state, words, second == NULL ? 1 : 2, sentence_init(&why));
}

/* Steps until the number crosses, and returns the seconds it took; fails after `limit_s`. */
static double seconds_until(struct stage *stage, const char *id, double level, bool above, double limit_s)
{
    double from = stage->seconds;
    while (stage->seconds - from < limit_s) {
        stage_step(stage);
        if (above ? shows(stage, id) >= level : shows(stage, id) <= level)
            return stage->seconds - from;
    }
    fail_msg("%s did not reach %g within %g s; it is %g", id, level, limit_s, shows(stage, id));
    return 0;
}

static void test_leak_is_seen_and_decays(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, &plant_gas, 3);
    for (int i = 0; i < 600; i++) {
        stage_step(&stage);
        assert_true(fabs(shows(&stage, "gas_lel_pct")) < 1.5);
        assert_false(is_true(&stage, "alarm1_dev"));
    }
    assert_true(order(&stage, "leak", "60"));
    double rise_s = seconds_until(&stage, "gas_lel_pct", 40, true, 40);
    assert_true(rise_s > 8); /* a jump would be no plant */
    (void)seconds_until(&stage, "gas_lel_pct", 57, true, 120);
    assert_true(is_true(&stage, "alarm1_dev") && is_true(&stage, "alarm2_dev"));
    assert_string_equal(stage.values[signal_at(&stage, "detector_status")].text, "high_alarm");
    assert_true(order(&stage, "leak", "stop"));
    assert_true(seconds_until(&stage, "gas_lel_pct", 18, false, 120) > 15);
    (void)seconds_until(&stage, "gas_lel_pct", 1, false, 300);
    assert_false(is_true(&stage, "alarm1_dev"));
    assert_true(shows(&stage, "gas_peak") > 56);
    stage_close(&stage);
}

static void test_closed_supply_ends_a_leak(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, &plant_gas, 4);
    assert_true(order(&stage, "leak", "80"));
    (void)seconds_until(&stage, "gas_lel_pct", 60, true, 60);
    stage.around.supply_open = false;
    assert_true(plant_gas.spill(stage.state) > 79); /* before the step that sees it */
    (void)seconds_until(&stage, "gas_lel_pct", 2, false, 300);
    assert_true(plant_gas.spill(stage.state) < 0.1);
    stage.around.supply_open = true; /* reopened, and the leak was not mended */
    (void)seconds_until(&stage, "gas_lel_pct", 60, true, 60);
    stage_close(&stage);
}

static void test_gas_seeps_next_door(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, &plant_gas, 5);
    stage.around.spill = 60;
    (void)seconds_until(&stage, "gas_lel_pct", 10, true, 120);
    for (int i = 0; i < 3000; i++) {
        stage_step(&stage);
        assert_true(shows(&stage, "gas_lel_pct") < 15);
    }
    stage_close(&stage);
}

static void test_over_range_is_bounded(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, &plant_gas, 6);
    assert_true(order(&stage, "leak", "200"));
    (void)seconds_until(&stage, "over_range", 1, true, 60);
    for (int i = 0; i < 1000; i++) {
        stage_step(&stage);
        assert_true(shows(&stage, "gas_lel_pct") <= 110);
    }
    stage_close(&stage);
}

static void test_detector_alarms_follow_what_a_person_holds(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, &plant_gas, 7);
    stage.held[signal_at(&stage, "gas_lel_pct")] = 30;
    stage_step(&stage);
    assert_true(is_true(&stage, "alarm1_dev"));
    assert_false(is_true(&stage, "alarm2_dev"));
    stage.held[signal_at(&stage, "sp_alarm2_dev")] = 25;
    stage_step(&stage);
    assert_true(is_true(&stage, "alarm2_dev"));
    stage_close(&stage);
}

static void test_wrong_orders_are_refused(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, &plant_gas, 8);
    assert_false(order(&stage, "leak", NULL));
    assert_false(order(&stage, "leak", "-1"));
    assert_false(order(&stage, "leak", "201"));
    assert_false(order(&stage, "leak", "lots"));
    assert_false(order(&stage, "explode", NULL));
    stage_close(&stage);
    stage_open(&stage, &plant_lift, 8);
    assert_false(order(&stage, "rescue", NULL));
    assert_false(order(&stage, "fly", NULL));
    assert_false(order(&stage, "trap", "twice"));
    stage_close(&stage);
}

/* What holds at every moment of a lift's life. */
struct watch {
    double last_position;
    double last_speed;
    bool last_closed;
};

static void look(const struct stage *stage, struct watch *watch)
{
    double position = shows(stage, "car_position_m");
    double speed = shows(stage, "car_speed");
    bool closed = is_true(stage, "door_closed");
    bool in_zone = is_true(stage, "door_zone");
    double off = fabs(position - 3 * round(position / 3));
    assert_true(position >= -1e-9 && position <= 21 + 1e-9);
    assert_true(speed >= 0 && speed <= 1.61);
    if (!closed) {
        assert_true(in_zone && off < 1e-6);
        assert_true(speed < 1e-9);
        if (!watch->last_closed)
            assert_true(fabs(position - watch->last_position) < 1e-9);
    }
    assert_true(in_zone == (off <= 0.2));
    assert_true(fabs(position - watch->last_position) <= 0.17);
    assert_true(fabs(speed - watch->last_speed) <= 2.6 * 0.1 + 0.16); /* brake, or the last centimetre */
    *watch = (struct watch){position, speed, closed};
}

static void test_doors_never_open_between_floors(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct stage stage;
        struct watch watch = {.last_closed = true};
        double lowest = 99;
        double highest = 0;
        stage_open(&stage, &plant_lift, seed);
        for (int i = 0; i < 200000; i++) {
            if (random_chance(&stage.random, 0.002))
                (void)order(&stage, "trap", NULL);
            if (random_chance(&stage.random, 0.002))
                (void)order(&stage, "rescue", NULL);
            if (random_chance(&stage.random, 0.0005))
                (void)order(&stage, "normal", NULL);
            stage_step(&stage);
            look(&stage, &watch);
            lowest = fmin(lowest, watch.last_position);
            highest = fmax(highest, watch.last_position);
        }
        assert_true(lowest < 0.1 && highest > 20.9);
        stage_close(&stage);
    }
}

static void test_traffic_goes_on_by_itself(void **state)
{
    (void)state;
    struct stage stage;
    bool seen_passenger = false;
    stage_open(&stage, &plant_lift, 11);
    stage_step(&stage);
    double runs = shows(&stage, "run_count");
    for (int i = 0; i < 36000; i++) {
        stage_step(&stage);
        seen_passenger = seen_passenger || is_true(&stage, "passenger_present");
        assert_false(is_true(&stage, "alarm_button"));
    }
    assert_true(seen_passenger);
    assert_true(shows(&stage, "run_count") - runs > 60);
    stage_close(&stage);
}

/* At any moment: trapped within 40 s, for as long as nobody comes, and out again within 30 s of the rescue. */
static void trap_and_rescue(uint64_t seed, int after)
{
    struct stage stage;
    struct watch watch = {.last_closed = true};
    bool button = false;
    stage_open(&stage, &plant_lift, seed);
    for (int i = 0; i < after; i++)
        stage_step(&stage);
    assert_true(order(&stage, "trap", NULL));
    (void)seconds_until(&stage, "fault", 4, true, 40);
    for (int i = 0; i < 3000; i++) {
        stage_step(&stage);
        assert_true(is_true(&stage, "passenger_present") && is_true(&stage, "door_closed"));
        assert_false(is_true(&stage, "door_zone"));
        assert_true(shows(&stage, "car_speed") < 1e-9);
        button = button || is_true(&stage, "alarm_button");
    }
    assert_true(button);
    assert_false(order(&stage, "trap", NULL));
    assert_true(order(&stage, "rescue", NULL));
    stage_step(&stage);
    watch.last_position = shows(&stage, "car_position_m");
    (void)seconds_until(&stage, "door_closed", 0, false, 15);
    assert_true(is_true(&stage, "door_zone"));
    (void)seconds_until(&stage, "passenger_present", 0, false, 15);
    assert_true(fabs(shows(&stage, "car_position_m") - watch.last_position) <= 1.5);
    stage_close(&stage);
}

static void test_trap_and_rescue(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        for (int after = 0; after < 1500; after += 97)
            trap_and_rescue(seed, after);
    }
}

static void test_same_seed_same_life(void **state)
{
    (void)state;
    struct stage a;
    struct stage b;
    stage_open(&a, &plant_lift, 42);
    stage_open(&b, &plant_lift, 42);
    for (int i = 0; i < 20000; i++) {
        stage_step(&a);
        stage_step(&b);
        assert_true(fabs(shows(&a, "car_position_m") - shows(&b, "car_position_m")) <= 0);
    }
    stage_close(&a);
    stage_close(&b);
}

static void test_valve_closes_and_stays_closed(void **state)
{
    (void)state;
    struct valve valve = {.shut = 0};
    struct sentence why;
    valve_step(&valve, false, 10);
    assert_false(valve_is_closed(&valve));
    for (int i = 0; i < 19; i++)
        valve_step(&valve, true, 0.1);
    assert_false(valve_is_closed(&valve));
    valve_step(&valve, true, 0.1);
    valve_step(&valve, true, 0.1);
    assert_true(valve_is_closed(&valve));
    assert_false(valve_reopen(&valve, true, sentence_init(&why)));
    valve_step(&valve, false, 100);
    assert_true(valve_is_closed(&valve));
    assert_true(valve_reopen(&valve, false, sentence_init(&why)));
    valve_step(&valve, false, 100);
    assert_false(valve_is_closed(&valve));
}

static void test_jammed_valve_does_not_move(void **state)
{
    (void)state;
    struct valve valve = {.jammed = true};
    struct sentence why;
    valve_step(&valve, true, 100);
    assert_false(valve_is_closed(&valve));
    assert_false(valve_reopen(&valve, false, sentence_init(&why)));
    valve.jammed = false;
    valve_step(&valve, true, 2.1);
    assert_true(valve_is_closed(&valve));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leak_is_seen_and_decays),
        cmocka_unit_test(test_closed_supply_ends_a_leak),
        cmocka_unit_test(test_gas_seeps_next_door),
        cmocka_unit_test(test_over_range_is_bounded),
        cmocka_unit_test(test_detector_alarms_follow_what_a_person_holds),
        cmocka_unit_test(test_wrong_orders_are_refused),
        cmocka_unit_test(test_doors_never_open_between_floors),
        cmocka_unit_test(test_traffic_goes_on_by_itself),
        cmocka_unit_test(test_trap_and_rescue),
        cmocka_unit_test(test_same_seed_same_life),
        cmocka_unit_test(test_valve_closes_and_stays_closed),
        cmocka_unit_test(test_jammed_valve_does_not_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
