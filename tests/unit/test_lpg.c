#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "drivers/device/lpg.h"
#include "gateway/base/check.h"
#include "tests/house/dice.h"
#include "tests/support/class_rig.h"

#define MINUTE_MS 60000
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_H     24.0

/* A cylinder on a scale: what it weighs falls by `use` kg/h, and is read each 10 s with noise, rounded to 10 g. */
struct cylinder {
    struct rig rig;
    struct dice dice;
    double kg;
    double use;
    double noise; /* standard deviation, kg */
};

static void open(struct cylinder *cylinder, const char *has, uint32_t seed)
{
    *cylinder = (struct cylinder){.dice = {seed}, .kg = 30};
    rig_open(&cylinder->rig, &lpg_scale_class, has);
}

static double bell(struct dice *dice)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (double)dice_between(dice, 0, 1000000) / 1e6;
    return sum - 6;
}

static void live(struct cylinder *cylinder, int64_t ms)
{
    for (int64_t t = 0; t < ms; t += 10000) {
        double const read = cylinder->kg + cylinder->noise * bell(&cylinder->dice);
        cylinder->kg -= cylinder->use * 10 / 3600;
        rig_number(&cylinder->rig, "gross_mass", cylinder->noise > 0 ? round(read * 100) / 100 : read);
        rig_derive(&cylinder->rig);
        rig_pass(&cylinder->rig, 10000);
    }
}

static void test_net_and_filling(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &lpg_scale_class, "gross_mass");
    assert_string_equal(rig_says(&rig, "overfilled"), "-");
    assert_string_equal(rig_says(&rig, "residual_fraud"), "-");
    rig_open(&rig, &lpg_scale_class, "gross_mass tare_mass");
    assert_string_equal(rig_says(&rig, "residual_fraud"), "-");
    rig_open(&rig, &lpg_cylinder_class, "gross_mass tare_stamped=16.5 cylinder_type=3");
    rig_expect_bad(&rig, "net_mass", REASON_STARTING);
    rig_number(&rig, "gross_mass", 23.95);
    rig_expect(&rig, "net_mass", QUALITY_GOOD, 7.45, 1e-9);
    rig_expect(&rig, "fill_pct", QUALITY_GOOD, 50, 1e-9); /* YSP35.5: 14.9 kg */
    rig_bad(&rig, "gross_mass");
    rig_expect_bad(&rig, "net_mass", REASON_NO_ANSWER);
    rig_expect_bad(&rig, "fill_pct", REASON_NO_ANSWER);
    static const double max_fill[] = {1.9, 5.0, 11.0, 14.9, 49.5}; /* YSP4.7 12 26.2 35.5 118 */
    for (size_t i = 0; i < ARRAY_SIZE(max_fill); i++) {
        char has[] = "net_mass cylinder_type=0";
        has[strlen(has) - 1] = (char)('0' + i);
        rig_open(&rig, &lpg_scale_class, has);
        rig_number(&rig, "net_mass", max_fill[i]);
        rig_expect(&rig, "fill_pct", QUALITY_GOOD, 100, 1e-9);
    }
    rig_open(&rig, &lpg_scale_class,
             "net_mass fill_pct max_fill_mass=10 cylinder_type=0"); /* what is read is left alone */
    rig_number(&rig, "net_mass", 5);
    rig_number(&rig, "fill_pct", 33);
    rig_expect(&rig, "fill_pct", QUALITY_GOOD, 33, 1e-9);
    rig_open(&rig, &lpg_scale_class, "net_mass max_fill_mass=10 cylinder_type=0");
    rig_number(&rig, "net_mass", 5);
    rig_expect(&rig, "fill_pct", QUALITY_GOOD, 50, 1e-9);
    /* The tare that is read goes before the stamped one, also when it is bad. */
    rig_open(&rig, &lpg_scale_class, "gross_mass tare_mass tare_stamped=16.5");
    rig_number(&rig, "gross_mass", 30);
    rig_expect_bad(&rig, "net_mass", REASON_STARTING);
    rig_number(&rig, "tare_mass", 16);
    rig_expect(&rig, "net_mass", QUALITY_GOOD, 14, 1e-9);
}

static void test_overfilled(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &lpg_scale_class, "net_mass cylinder_type=3");
    assert_string_equal(rig_says(&rig, "overfilled"), "?");
    rig_number(&rig, "net_mass", 15.1);
    assert_string_equal(rig_says(&rig, "overfilled"), "no");
    rig_number(&rig, "net_mass", 15.11);
    assert_string_equal(rig_says(&rig, "overfilled"), "yes");
    rig_bad(&rig, "net_mass");
    assert_string_equal(rig_says(&rig, "overfilled"), "?");
}

static void test_tare(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &lpg_scale_class, "tare_mass tare_stamped=16.5");
    assert_string_equal(rig_says(&rig, "residual_fraud"), "?");
    static const struct {
        double tare;
        const char *says;
    } cases[] = {{16.5, "no"}, {17.0, "no"}, {16.0, "no"}, {17.01, "yes"}, {15.99, "yes"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        rig_number(&rig, "tare_mass", cases[i].tare);
        assert_string_equal(rig_says(&rig, "residual_fraud"), cases[i].says);
    }
}

/* An unstable or overloaded scale: its masses raise alarms, clear none, and are not remembered. */
static void test_doubt_of_the_scale(void **state)
{
    (void)state;
    static const char *const bits[] = {"scale_unstable", "scale_overload", "scale_overflow"};
    for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
        struct rig rig;
        rig_open(&rig, &lpg_scale_class,
                 "gross_mass scale_unstable scale_overload scale_overflow tare_stamped=16.5 max_fill_mass=15");
        rig_number(&rig, "gross_mass", 24);
        rig_expect(&rig, "net_mass", QUALITY_GOOD, 7.5, 1e-9); /* a bit that was never read doubts nothing */
        for (size_t j = 0; j < ARRAY_SIZE(bits); j++)
            rig_bool(&rig, bits[j], false);
        rig_expect(&rig, "net_mass", QUALITY_GOOD, 7.5, 1e-9);
        rig_bool(&rig, bits[i], true);
        rig_expect(&rig, "net_mass", QUALITY_UNCERTAIN, 7.5, 1e-9);
        rig_expect(&rig, "gross_mass", QUALITY_UNCERTAIN, 24, 1e-9);
        rig_expect(&rig, "fill_pct", QUALITY_UNCERTAIN, 50, 1e-9);
    }
    struct cylinder cylinder;
    open(&cylinder, "gross_mass scale_unstable", 1);
    rig_bool(&cylinder.rig, "scale_unstable", true);
    live(&cylinder, 30 * MINUTE_MS);
    rig_expect_bad(&cylinder.rig, "usage_rate", REASON_STARTING);
    rig_bool(&cylinder.rig, "scale_unstable", false);
    live(&cylinder, 15 * MINUTE_MS);
    rig_expect(&cylinder.rig, "usage_rate", QUALITY_GOOD, 0, 0);
    rig_bool(&cylinder.rig, "scale_unstable", true); /* the window empties */
    rig_expect(&cylinder.rig, "usage_rate", QUALITY_UNCERTAIN, 0, 0);
    live(&cylinder, 12 * MINUTE_MS);
    rig_expect_bad(&cylinder.rig, "usage_rate", REASON_STARTING);
}

static void test_usage(void **state)
{
    (void)state;
    struct cylinder cylinder;
    open(&cylinder, "gross_mass", 1);
    rig_expect_bad(&cylinder.rig, "usage_rate", REASON_STARTING);
    cylinder.use = 0.6;
    live(&cylinder, 4 * MINUTE_MS + 20000); /* 14 readings, 20 s apart */
    rig_expect_bad(&cylinder.rig, "usage_rate", REASON_STARTING);
    assert_string_equal(rig_says(&cylinder.rig, "burst_flow"), "?");
    live(&cylinder, 20000);
    rig_expect(&cylinder.rig, "usage_rate", QUALITY_UNCERTAIN, 0.6, 1e-6);
    assert_string_equal(rig_says(&cylinder.rig, "burst_flow"), "no");
    live(&cylinder, 9 * MINUTE_MS);
    rig_expect(&cylinder.rig, "usage_rate", QUALITY_UNCERTAIN, 0.6, 1e-6);
    live(&cylinder, MINUTE_MS);
    rig_expect(&cylinder.rig, "usage_rate", QUALITY_GOOD, 0.6, 1e-6);
    rig_bad(&cylinder.rig, "gross_mass");
    rig_expect_bad(&cylinder.rig, "usage_rate", REASON_NO_ANSWER);
    assert_string_equal(rig_says(&cylinder.rig, "burst_flow"), "?");
    cylinder.use = -0.5; /* a zero that creeps up is no use */
    live(&cylinder, 20 * MINUTE_MS);
    rig_expect(&cylinder.rig, "usage_rate", QUALITY_GOOD, 0, 0);
    rig_restart(&cylinder.rig);
    live(&cylinder, 10000);
    rig_expect_bad(&cylinder.rig, "usage_rate", REASON_STARTING);
}

/* 10 g of noise and of rounding: the rate is good to 0.1 kg/h. Any seed. */
static void test_usage_in_noise(void **state)
{
    (void)state;
    static const double uses[] = {0, 0.25, 0.6, 2};
    for (uint32_t seed = 1; seed <= 40; seed++) {
        struct cylinder cylinder;
        open(&cylinder, "gross_mass", seed);
        cylinder.noise = 0.01;
        cylinder.use = uses[seed % ARRAY_SIZE(uses)];
        live(&cylinder, 16 * MINUTE_MS);
        for (int i = 0; i < 20; i++) {
            live(&cylinder, MINUTE_MS);
            double const rate = rig_at(&cylinder.rig, "usage_rate")->value.number;
            if (!(fabs(rate - cylinder.use) < 0.1) || strcmp(rig_says(&cylinder.rig, "burst_flow"), "no") != 0)
                fail_msg("seed %u: %g kg/h, not %g", seed, rate, cylinder.use);
        }
    }
}

static void test_burst(void **state)
{
    (void)state;
    struct cylinder cylinder;
    open(&cylinder, "gross_mass", 1); /* 1.5 * 2 kg/h */
    cylinder.use = 2.99;
    live(&cylinder, 20 * MINUTE_MS);
    assert_string_equal(rig_says(&cylinder.rig, "burst_flow"), "no");
    cylinder.use = 3.01;
    live(&cylinder, 20 * MINUTE_MS);
    assert_string_equal(rig_says(&cylinder.rig, "burst_flow"), "yes");
    open(&cylinder, "gross_mass appliance_max=1", 1);
    cylinder.use = 1.51;
    live(&cylinder, 20 * MINUTE_MS);
    assert_string_equal(rig_says(&cylinder.rig, "burst_flow"), "yes");
    for (uint32_t seed = 1; seed <= 40; seed++) { /* a hose comes off: seen within seven minutes, not at once */
        open(&cylinder, "gross_mass", seed);
        cylinder.noise = 0.01;
        cylinder.use = 0.5;
        live(&cylinder, 20 * MINUTE_MS);
        cylinder.use = 10;
        int minutes = 0;
        for (; minutes < 10 && strcmp(rig_says(&cylinder.rig, "burst_flow"), "yes") != 0; minutes++)
            live(&cylinder, MINUTE_MS);
        if (minutes < 2 || minutes > 7)
            fail_msg("seed %u: %d minutes", seed, minutes);
    }
}

/* What people do with cylinders is no burst: exchange, lift, lean on it, take something off the scale. */
static void test_handling_is_no_use(void **state)
{
    (void)state;
    static const double steps[] = {+12, -25, +0.21, -0.36, -0.3, +0.1, -0.1};
    for (size_t s = 0; s < ARRAY_SIZE(steps); s++) {
        for (uint32_t seed = 1; seed <= 20; seed++) {
            struct cylinder cylinder;
            open(&cylinder, "gross_mass", seed);
            cylinder.noise = 0.01;
            cylinder.use = 0.5;
            live(&cylinder, 20 * MINUTE_MS);
            cylinder.kg += steps[s];
            for (int i = 0; i < 60; i++) {
                live(&cylinder, 20000);
                if (strcmp(rig_says(&cylinder.rig, "burst_flow"), "yes") == 0)
                    fail_msg("a step of %g kg is a burst (seed %u)", steps[s], seed);
            }
            live(&cylinder, 20 * MINUTE_MS);
            rig_expect(&cylinder.rig, "usage_rate", QUALITY_GOOD, 0.5, 0.1);
        }
    }
}

static void test_handling_limits(void **state)
{
    (void)state;
    static const struct {
        double step;
        int64_t after_ms;
        bool handled;
    } cases[] = {
        {+0.19, 20000, false},  {+0.21, 20000, true},
        {-0.31, 20000, false},  {-0.32, 20000, true},  /* 0.3 and 3 kg/h for 20 s */
        {-3.2, HOUR_MS, false}, {-3.4, HOUR_MS, true}, /* nobody looked for an hour */
        {+0.21, HOUR_MS, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig rig;
        rig_open(&rig, &lpg_scale_class, "gross_mass");
        rig_number(&rig, "gross_mass", 30);
        rig_derive(&rig);
        rig_pass(&rig, cases[i].after_ms);
        rig_number(&rig, "gross_mass", 30 + cases[i].step);
        double const hours = (double)cases[i].after_ms / HOUR_MS;
        rig_expect(&rig, "hours_since_move", cases[i].handled ? QUALITY_GOOD : QUALITY_UNCERTAIN,
                   cases[i].handled ? 0 : hours, 1e-9);
    }
}

static void test_moved(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &lpg_cylinder_class, "moved");
    rig_expect_bad(&rig, "hours_since_move", REASON_STARTING);
    rig_bool(&rig, "moved", false);
    rig_pass(&rig, 2 * HOUR_MS);
    rig_expect(&rig, "hours_since_move", QUALITY_UNCERTAIN, 2, 1e-9); /* at least: since start */
    rig_bool(&rig, "moved", true);
    rig_expect(&rig, "hours_since_move", QUALITY_GOOD, 0, 1e-9);
    rig_bool(&rig, "moved", false);
    rig_pass(&rig, 36 * HOUR_MS);
    rig_expect(&rig, "hours_since_move", QUALITY_GOOD, 36, 1e-9);
    rig_bad(&rig, "moved");
    rig_expect_bad(&rig, "hours_since_move", REASON_NO_ANSWER);
    rig_restart(&rig);
    rig_bool(&rig, "moved", false);
    rig_expect(&rig, "hours_since_move", QUALITY_UNCERTAIN, 0, 1e-9);
}

static void test_leak_by_flag(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &lpg_cylinder_class, "gross_mass");
    assert_string_equal(rig_says(&rig, "leak"), "-");
    rig_open(&rig, &lpg_cylinder_class, "valve_state");
    assert_string_equal(rig_says(&rig, "leak"), "-");
    rig_open(&rig, &lpg_cylinder_class, "leak_flag");
    assert_string_equal(rig_says(&rig, "leak"), "?");
    rig_bool(&rig, "leak_flag", false);
    assert_string_equal(rig_says(&rig, "leak"), "no");
    rig_bool(&rig, "leak_flag", true);
    assert_string_equal(rig_says(&rig, "leak"), "yes");
    rig_bad(&rig, "leak_flag");
    assert_string_equal(rig_says(&rig, "leak"), "?");
    rig_open(&rig, &lpg_cylinder_class, "leak_flag gross_mass valve_state"); /* the flag alone is enough for a yes */
    rig_bool(&rig, "leak_flag", true);
    assert_string_equal(rig_says(&rig, "leak"), "yes");
    rig_bool(&rig, "leak_flag", false);
    assert_string_equal(rig_says(&rig, "leak"), "?");
    rig_code(&rig, "valve_state", "open"); /* mass may go */
    assert_string_equal(rig_says(&rig, "leak"), "no");
}

static void test_leak_by_mass(void **state)
{
    (void)state;
    struct cylinder cylinder;
    open(&cylinder, "gross_mass valve_state", 1);
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "?");
    rig_code(&cylinder.rig, "valve_state", "open");
    cylinder.use = 1;
    live(&cylinder, 40 * MINUTE_MS);
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "no");
    rig_expect_bad(&cylinder.rig, "leak_mass_rate", REASON_INVALID);
    live(&cylinder, 10000);
    rig_code(&cylinder.rig, "valve_state", "closed"); /* what went before counts for nothing */
    rig_expect_bad(&cylinder.rig, "leak_mass_rate", REASON_STARTING);
    cylinder.use = 0;
    live(&cylinder, 3 * MINUTE_MS - 10000);
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "?");
    live(&cylinder, MINUTE_MS);
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "no");
    rig_expect_bad(&cylinder.rig, "leak_mass_rate", REASON_STARTING);
    live(&cylinder, 60 * MINUTE_MS);
    rig_expect(&cylinder.rig, "leak_mass_rate", QUALITY_GOOD, 0, 1e-9);
    cylinder.use = 0.15; /* 0.075 kg in half an hour */
    live(&cylinder, 15 * MINUTE_MS);
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "no");
    live(&cylinder, 15 * MINUTE_MS);
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "yes");
    rig_expect(&cylinder.rig, "leak_mass_rate", QUALITY_GOOD, 0.15, 1e-6);
    rig_code(&cylinder.rig, "valve_state", "unknown"); /* who knows */
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "?");
    rig_code(&cylinder.rig, "valve_state", "closed"); /* and nothing was forgotten over it */
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "yes");
    rig_bad(&cylinder.rig, "gross_mass");
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "?");
    live(&cylinder, 10000);
    rig_code(&cylinder.rig, "valve_state", "moving");
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "no");
    rig_code(&cylinder.rig, "valve_state", "closed");
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "?"); /* a new count */
    rig_restart(&cylinder.rig);
    assert_string_equal(rig_says(&cylinder.rig, "leak"), "?");
}

/* 0.05 kg in 30 min, to the gram, without noise; and with noise of 10 g no false leak in two days. */
static void test_leak_threshold(void **state)
{
    (void)state;
    static const struct {
        double loss;
        const char *says;
    } cases[] = {{0.050, "no"}, {0.051, "yes"}, {-0.1, "no"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cylinder cylinder;
        open(&cylinder, "gross_mass valve_state", 1);
        rig_code(&cylinder.rig, "valve_state", "closed");
        live(&cylinder, 10 * MINUTE_MS);
        cylinder.kg -= cases[i].loss;
        live(&cylinder, 5 * MINUTE_MS);
        assert_string_equal(rig_says(&cylinder.rig, "leak"), cases[i].says);
        live(&cylinder, 25 * MINUTE_MS); /* all readings are of after it */
        assert_string_equal(rig_says(&cylinder.rig, "leak"), "no");
    }
    struct cylinder quiet;
    open(&quiet, "gross_mass valve_state", 7);
    quiet.noise = 0.01;
    rig_code(&quiet.rig, "valve_state", "closed");
    live(&quiet, 4 * MINUTE_MS);
    for (int i = 0; i < 2 * 24 * 60; i++) {
        live(&quiet, MINUTE_MS);
        if (strcmp(rig_says(&quiet.rig, "leak"), "no") != 0)
            fail_msg("leak after %d minutes", i);
    }
}

static void test_days_left(void **state)
{
    (void)state;
    struct cylinder cylinder;
    open(&cylinder, "gross_mass tare_stamped=16", 3);
    cylinder.noise = 0.01;
    cylinder.kg = 40;
    cylinder.use = 1 / DAY_H; /* one kilogram a day */
    live(&cylinder, 24 * HOUR_MS - 60000);
    rig_expect_bad(&cylinder.rig, "days_left", REASON_STARTING);
    live(&cylinder, 2 * MINUTE_MS);
    rig_expect(&cylinder.rig, "days_left", QUALITY_UNCERTAIN, 23, 2);
    live(&cylinder, 6 * 24 * HOUR_MS - 10 * MINUTE_MS);
    rig_expect(&cylinder.rig, "days_left", QUALITY_UNCERTAIN, 17, 0.5);
    live(&cylinder, 20 * MINUTE_MS);
    rig_expect(&cylinder.rig, "days_left", QUALITY_GOOD, 17, 0.5);
    cylinder.kg = 30; /* exchanged: the use of the days goes on */
    live(&cylinder, 10 * MINUTE_MS);
    rig_expect(&cylinder.rig, "days_left", QUALITY_GOOD, 14, 0.5);
    cylinder.use = 2 / DAY_H; /* twice the use: after a week that is the mean */
    live(&cylinder, (int64_t)3 * 24 * HOUR_MS);
    rig_expect(&cylinder.rig, "days_left", QUALITY_GOOD, 8 / (10.0 / 7), 0.3);
    cylinder.kg = 36;
    live(&cylinder, (int64_t)4 * 24 * HOUR_MS + HOUR_MS);
    rig_expect(&cylinder.rig, "days_left", QUALITY_GOOD, 6, 0.3);
    rig_bad(&cylinder.rig, "gross_mass");
    rig_expect_bad(&cylinder.rig, "days_left", REASON_NO_ANSWER);
    cylinder.kg = 15; /* less than empty is empty */
    live(&cylinder, MINUTE_MS);
    rig_expect(&cylinder.rig, "days_left", QUALITY_GOOD, 0, 0);
    rig_restart(&cylinder.rig);
    live(&cylinder, HOUR_MS);
    rig_expect_bad(&cylinder.rig, "days_left", REASON_STARTING);
}

static void test_days_left_without_use(void **state)
{
    (void)state;
    struct cylinder cylinder;
    open(&cylinder, "gross_mass tare_stamped=16", 3);
    live(&cylinder, 25 * HOUR_MS);
    rig_expect(&cylinder.rig, "days_left", QUALITY_UNCERTAIN, 999, 0);
    cylinder.use = -0.01; /* a scale that creeps */
    live(&cylinder, 10 * HOUR_MS);
    rig_expect(&cylinder.rig, "days_left", QUALITY_UNCERTAIN, 999, 0);
}

/* The time of a gap counts when the mass went on as before, and does not when the cylinder was exchanged meanwhile. */
static void test_days_left_over_gaps(void **state)
{
    (void)state;
    for (int exchanged = 0; exchanged <= 1; exchanged++) {
        struct cylinder cylinder;
        open(&cylinder, "gross_mass tare_stamped=16", 3);
        cylinder.use = 1 / DAY_H;
        live(&cylinder, 20 * HOUR_MS);
        rig_pass(&cylinder.rig, 8 * HOUR_MS);
        cylinder.kg = exchanged != 0 ? 31 : cylinder.kg - 8 / DAY_H;
        live(&cylinder, 60000);
        if (exchanged != 0)
            rig_expect_bad(&cylinder.rig, "days_left", REASON_STARTING); /* 20 h seen */
        else
            rig_expect(&cylinder.rig, "days_left", QUALITY_UNCERTAIN, cylinder.kg - 16, 0.1);
        live(&cylinder, 5 * HOUR_MS);
        rig_expect(&cylinder.rig, "days_left", QUALITY_UNCERTAIN, cylinder.kg - 16, 0.1);
    }
}

/* Any amount of it stays within the memory: the rig looks behind it. */
static void test_goes_on_for_ever(void **state)
{
    (void)state;
    struct cylinder cylinder;
    open(&cylinder, "gross_mass tare_stamped=16 valve_state", 5);
    cylinder.noise = 0.01;
    rig_code(&cylinder.rig, "valve_state", "open");
    for (int i = 0; i < 1000; i++) {
        cylinder.kg = 20 + (double)dice_between(&cylinder.dice, 0, 1000) / 100;
        cylinder.use = (double)dice_between(&cylinder.dice, 0, 100) / 100;
        rig_code(&cylinder.rig, "valve_state", dice_chance(&cylinder.dice, 300) ? "closed" : "open");
        live(&cylinder, dice_between(&cylinder.dice, 1, 120) * 10000);
        rig_pass(&cylinder.rig, dice_between(&cylinder.dice, 0, 5) * HOUR_MS);
    }
    struct sample const *days = rig_at(&cylinder.rig, "days_left");
    assert_int_equal(days->quality, QUALITY_GOOD);
    assert_true(days->value.number >= 0 && days->value.number <= 999);
}

static void test_both_are_one_table(void **state)
{
    (void)state;
    assert_ptr_equal(lpg_cylinder_class.points, lpg_scale_class.points);
    assert_ptr_equal(lpg_cylinder_class.alarms, lpg_scale_class.alarms);
    static const struct {
        const char *id;
        enum rule_kind kind;
        double limit;
        uint32_t on_ms, off_ms;
        enum priority priority;
        bool latch;
    } rows[] = {
        {"lpg.leak", RULE_BIT, NO_LIMIT, 0, 600000, PRIORITY_CRITICAL, true},
        {"lpg.burst_flow", RULE_BIT, NO_LIMIT, 3000, 60000, PRIORITY_CRITICAL, true},
        {"lpg.overfill", RULE_BIT, NO_LIMIT, 60000, 60000, PRIORITY_HIGH, false},
        {"lpg.low", RULE_LO, 15, 300000, 60000, PRIORITY_LOW, false},
        {"lpg.low_ll", RULE_LOLO, 5, 300000, 60000, PRIORITY_MEDIUM, false},
        {"lpg.expired", RULE_BIT, NO_LIMIT, 5000, 10000, PRIORITY_HIGH, false},
        {"lpg.unknown_cylinder", RULE_BIT, NO_LIMIT, 60000, 10000, PRIORITY_HIGH, false},
        {"lpg.moved", RULE_BIT, NO_LIMIT, 2000, 10000, PRIORITY_HIGH, false},
        {"lpg.tilt", RULE_HI, 45, 2000, 10000, PRIORITY_HIGH, false},
        {"lpg.body_temp", RULE_HI, 45, 30000, 60000, PRIORITY_HIGH, false},
        {"lpg.battery", RULE_LO, 3.3, 600000, 60000, PRIORITY_LOW, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct class_alarm *alarm = class_alarm_of(&lpg_scale_class, rows[i].id);
        assert_int_equal(alarm->kind, rows[i].kind);
        assert_true(fabs(alarm->limit - rows[i].limit) <= 0);
        assert_int_equal(alarm->on_delay_ms, rows[i].on_ms);
        assert_int_equal(alarm->off_delay_ms, rows[i].off_ms);
        assert_int_equal(alarm->priority, rows[i].priority);
        assert_int_equal(alarm->latch, rows[i].latch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_net_and_filling),
        cmocka_unit_test(test_overfilled),
        cmocka_unit_test(test_tare),
        cmocka_unit_test(test_doubt_of_the_scale),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_usage_in_noise),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_handling_is_no_use),
        cmocka_unit_test(test_handling_limits),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_leak_by_flag),
        cmocka_unit_test(test_leak_by_mass),
        cmocka_unit_test(test_leak_threshold),
        cmocka_unit_test(test_days_left),
        cmocka_unit_test(test_days_left_without_use),
        cmocka_unit_test(test_days_left_over_gaps),
        cmocka_unit_test(test_goes_on_for_ever),
        cmocka_unit_test(test_both_are_one_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
