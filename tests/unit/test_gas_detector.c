#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "drivers/device/gas_detector.h"
#include "gateway/base/check.h"
#include "tests/support/class_rig.h"

#define QUARTER_MS 900000

static const struct class_alarm *alarm_of(const char *id)
{
    return class_alarm_of(&gas_detector_class, id);
}

static struct rig *make(struct rig *rig, const char *has)
{
    rig_open(rig, &gas_detector_class, has);
    return rig;
}

static enum quality quality_of(struct rig *rig, const char *point)
{
    rig_derive(rig);
    return (enum quality)rig_at(rig, point)->quality;
}

/* GB/T 50493-2019 and the starting values of practice. */
static void test_limits(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *point;
        enum rule_kind kind;
        double limit, ceiling;
        uint32_t on_ms, off_ms;
        enum priority priority;
        bool latch;
    } rows[] = {
        {"gas.low", "gas_lel_pct", RULE_HI, 20, 25, 3000, 10000, PRIORITY_HIGH, false},
        {"gas.high", "gas_lel_pct", RULE_HIHI, 40, 50, 0, 10000, PRIORITY_CRITICAL, true},
        {"gas.over_range", "gas_over_range", RULE_BIT, NO_LIMIT, NO_LIMIT, 0, 10000, PRIORITY_CRITICAL, true},
        {"gas.roc", "gas_roc", RULE_HI, 5, NO_LIMIT, 0, 30000, PRIORITY_HIGH, false},
        {"gas.dev_a1", "alarm1_dev", RULE_BIT, NO_LIMIT, NO_LIMIT, 0, 10000, PRIORITY_HIGH, false},
        {"gas.dev_a2", "alarm2_dev", RULE_BIT, NO_LIMIT, NO_LIMIT, 0, 10000, PRIORITY_CRITICAL, true},
        {"gas.dev_a3", "alarm3_dev", RULE_BIT, NO_LIMIT, NO_LIMIT, 0, 10000, PRIORITY_CRITICAL, true},
        {"gas.co_low", "co_ppm", RULE_HI, 24, NO_LIMIT, 3000, 10000, PRIORITY_HIGH, false},
        {"gas.co_high", "co_ppm", RULE_HIHI, 160, NO_LIMIT, 0, 10000, PRIORITY_CRITICAL, true},
        {"gas.o2_low", "o2_vol_pct", RULE_LO, 19.5, 19.5, 3000, 10000, PRIORITY_HIGH, false},
        {"gas.o2_high", "o2_vol_pct", RULE_HI, 23.5, 23.5, 3000, 10000, PRIORITY_HIGH, false},
        {"gas.fault", "gas_fault", RULE_BIT, NO_LIMIT, NO_LIMIT, 5000, 10000, PRIORITY_MEDIUM, false},
        {"gas.inhibit_long", "gas_inhibited", RULE_BIT, NO_LIMIT, NO_LIMIT, 3600000, 0, PRIORITY_MEDIUM, false},
        {"gas.warmup", "gas_warming_up", RULE_BIT, NO_LIMIT, NO_LIMIT, 0, 0, PRIORITY_INFO, false},
        {"gas.zero_drift", "gas_zero_24h", RULE_HI, 3, NO_LIMIT, 0, 0, PRIORITY_LOW, false},
        {"gas.setpoint_mismatch", "setpoint_mismatch", RULE_BIT, NO_LIMIT, NO_LIMIT, 60000, 60000, PRIORITY_MEDIUM,
         false},
        {"gas.cal_due", "cal_due_days", RULE_LO, 30, NO_LIMIT, 60000, 60000, PRIORITY_LOW, false},
        {"gas.cal_due_ll", "cal_due_days", RULE_LOLO, 0, NO_LIMIT, 60000, 60000, PRIORITY_MEDIUM, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct class_alarm *alarm = alarm_of(rows[i].id);
        assert_string_equal(alarm->point, rows[i].point);
        assert_int_equal(alarm->kind, rows[i].kind);
        assert_true(fabs(alarm->limit - rows[i].limit) <= 0 && fabs(alarm->limit_ceiling - rows[i].ceiling) <= 0);
        assert_int_equal(alarm->on_delay_ms, rows[i].on_ms);
        assert_int_equal(alarm->off_delay_ms, rows[i].off_ms);
        assert_int_equal(alarm->priority, rows[i].priority);
        assert_int_equal(alarm->latch, rows[i].latch);
    }
    /* Toxic gas: once and twice the exposure limit, which the site has to name. */
    assert_true(alarm_of("gas.h2s_low")->limit <= NO_LIMIT);
    assert_string_equal(alarm_of("gas.h2s_low")->limit_from[0].setting, "h2s_oel_ppm");
    assert_true(fabs(alarm_of("gas.h2s_low")->limit_from[0].factor - 1) <= 0);
    assert_true(fabs(alarm_of("gas.h2s_high")->limit_from[0].factor - 2) <= 0);
    assert_int_equal(alarm_of("comm.lost")->priority, PRIORITY_HIGH);
    assert_int_equal(alarm_of("gas.over_range")->role, ROLE_OVER_RANGE);
    assert_int_equal(alarm_of("gas.fault")->role, ROLE_FAULT);
}

static void test_over_range(void **state)
{
    (void)state;
    struct rig rig;
    make(&rig, "gas_lel_pct");
    assert_string_equal(rig_says(&rig, "gas_over_range"), "?");
    rig_number(&rig, "gas_lel_pct", 100);
    assert_string_equal(rig_says(&rig, "gas_over_range"), "no");
    rig_number(&rig, "gas_lel_pct", 100.1);
    assert_string_equal(rig_says(&rig, "gas_over_range"), "yes");
    rig_bad_for(&rig, "gas_lel_pct", REASON_IMPLAUSIBLE, 250); /* far beyond: no number any more, but gas */
    assert_string_equal(rig_says(&rig, "gas_over_range"), "yes");
    assert_string_equal(rig_says(&rig, "gas_fault"), "no");
    rig_bad_for(&rig, "gas_lel_pct", REASON_IMPLAUSIBLE, -50);
    assert_string_equal(rig_says(&rig, "gas_over_range"), "no");
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
    rig_bad(&rig, "gas_lel_pct");
    assert_string_equal(rig_says(&rig, "gas_over_range"), "?");
    assert_int_equal(rig_at(&rig, "gas_over_range")->reason, REASON_NO_ANSWER);

    make(&rig, "gas_lel_pct over_range detector_status");
    rig_number(&rig, "gas_lel_pct", 12);
    rig_bool(&rig, "over_range", true); /* it has fallen back to a low reading */
    assert_string_equal(rig_says(&rig, "gas_over_range"), "yes");
    rig_bool(&rig, "over_range", false);
    assert_string_equal(rig_says(&rig, "gas_over_range"), "?"); /* the status was not read yet */
    rig_code(&rig, "detector_status", "normal");
    assert_string_equal(rig_says(&rig, "gas_over_range"), "no");
    rig_code(&rig, "detector_status", "over_range");
    assert_string_equal(rig_says(&rig, "gas_over_range"), "yes");
}

/* More of it than can be measured is gas too, where nothing speaks of %LEL; only of oxygen it is a fault. */
static void test_over_range_of_other_gases(void **state)
{
    (void)state;
    static const char *const gases[] = {"co_ppm", "h2s_ppm", "gas_ppm", "gas_vol_pct", "gas_mgm3", "o2_vol_pct"};
    struct rig rig;
    for (size_t i = 0; i < ARRAY_SIZE(gases); i++) {
        bool const oxygen = i == ARRAY_SIZE(gases) - 1;
        make(&rig, gases[i]);
        assert_string_equal(rig_says(&rig, "gas_over_range"), oxygen ? "no" : "?");
        rig_number(&rig, gases[i], 20);
        assert_string_equal(rig_says(&rig, "gas_over_range"), "no");
        rig_bad_for(&rig, gases[i], REASON_IMPLAUSIBLE, 1e9);
        assert_string_equal(rig_says(&rig, "gas_over_range"), oxygen ? "no" : "yes");
        assert_string_equal(rig_says(&rig, "gas_fault"), oxygen ? "yes" : "no");
        rig_bad_for(&rig, gases[i], REASON_IMPLAUSIBLE, -1e9);
        assert_string_equal(rig_says(&rig, "gas_over_range"), "no");
        assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
        rig_bad(&rig, gases[i]); /* who does not answer ends nothing */
        assert_string_equal(rig_says(&rig, "gas_over_range"), oxygen ? "no" : "?");
    }
    make(&rig, "gas_ppm gas_mgm3"); /* two units: one may be empty */
    rig_number(&rig, "gas_ppm", 12);
    assert_string_equal(rig_says(&rig, "gas_over_range"), "no");
    make(&rig, "gas_lel_pct co_ppm");
    rig_number(&rig, "gas_lel_pct", 3);
    rig_bad_for(&rig, "co_ppm", REASON_IMPLAUSIBLE, 2e5);
    assert_string_equal(rig_says(&rig, "gas_over_range"), "yes");
}

static void test_fault_by_code_and_bits(void **state)
{
    (void)state;
    struct rig rig;
    make(&rig, "gas_lel_pct gas_ppm fault_code fault_dev warning_dev detector_mode");
    assert_string_equal(rig_says(&rig, "gas_fault"), "?");
    rig_number(&rig, "gas_lel_pct", 3);
    rig_bad_for(&rig, "gas_ppm", REASON_INVALID, 0); /* it measures %LEL, not ppm */
    rig_whole(&rig, "fault_code", 0);
    rig_bool(&rig, "fault_dev", false);
    rig_bool(&rig, "warning_dev", false);
    rig_code(&rig, "detector_mode", "normal");
    assert_string_equal(rig_says(&rig, "gas_fault"), "no");
    rig_whole(&rig, "fault_code", 3);
    rig_bool(&rig, "warning_dev", true);
    assert_string_equal(rig_says(&rig, "gas_fault"), "no"); /* a warning */
    rig_bool(&rig, "fault_dev", true);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
    rig_bool(&rig, "fault_dev", false);
    rig_bool(&rig, "warning_dev", false);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes"); /* a code that no warning explains */
    rig_whole(&rig, "fault_code", 0);
    rig_number(&rig, "gas_lel_pct", -5);
    assert_string_equal(rig_says(&rig, "gas_fault"), "no");
    rig_number(&rig, "gas_lel_pct", -5.1);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
    rig_number(&rig, "gas_lel_pct", 3);
    rig_code(&rig, "detector_mode", "fault");
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");

    /* The second bit of a manual that contradicts itself is no warning either. */
    make(&rig, "gas_lel_pct fault_code fault_dev fault_dev2 warning_dev");
    rig_number(&rig, "gas_lel_pct", 3);
    rig_whole(&rig, "fault_code", 1201);
    rig_bool(&rig, "warning_dev", true);
    rig_bool(&rig, "fault_dev", false);
    rig_bool(&rig, "fault_dev2", false);
    assert_string_equal(rig_says(&rig, "gas_fault"), "no");
    rig_bool(&rig, "fault_dev2", true);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
}

static void test_fault_by_status(void **state)
{
    (void)state;
    struct rig rig;
    make(&rig, "gas_lel_pct detector_status under_range fault_code");
    rig_number(&rig, "gas_lel_pct", 3);
    rig_bool(&rig, "under_range", false);
    rig_whole(&rig, "fault_code", 0);
    static const char *const cases[][2] = {{"normal", "no"},     {"warmup", "no"},           {"data_error", "yes"},
                                           {"pre_alarm", "no"},  {"sensor_fault", "yes"},    {"high_alarm", "no"},
                                           {"timeout", "yes"},   {"access_fault", "yes"},    {"comm_fault", "yes"},
                                           {"over_range", "no"}, {"needs_calibration", "no"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        rig_code(&rig, "detector_status", cases[i][0]);
        assert_string_equal(rig_says(&rig, "gas_fault"), cases[i][1]);
    }
    rig_code(&rig, "detector_status", "normal");
    rig_bool(&rig, "under_range", true);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
    rig_bool(&rig, "under_range", false);
    rig_whole(&rig, "fault_code", 9);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
}

/* A detector that answers, but measures nothing. */
static void test_blind(void **state)
{
    (void)state;
    struct rig rig;
    make(&rig, "gas_lel_pct gas_ppm");
    static const struct {
        enum reason reason;
        const char *fault;
    } cases[] = {{REASON_INVALID, "yes"}, {REASON_SENSOR_FAULT, "yes"}, {REASON_FROZEN, "yes"}, {REASON_NO_ANSWER, "?"},
                 {REASON_REFUSED, "?"},   {REASON_STALE, "?"},          {REASON_STARTING, "?"}, {REASON_BUS_LOST, "?"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        rig_bad_for(&rig, "gas_lel_pct", cases[i].reason, 0);
        rig_bad_for(&rig, "gas_ppm", cases[i].reason, 0);
        assert_string_equal(rig_says(&rig, "gas_fault"), cases[i].fault);
    }
    /* Nobody watches the ppm: what has limits is the %LEL. */
    rig_bad_for(&rig, "gas_lel_pct", REASON_INVALID, 0);
    rig_number(&rig, "gas_ppm", 12);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
    make(&rig, "gas_lel_pct gas_ppm gas=7"); /* a head for carbon monoxide may leave it empty */
    rig_bad_for(&rig, "gas_lel_pct", REASON_INVALID, 0);
    rig_number(&rig, "gas_ppm", 12);
    assert_string_equal(rig_says(&rig, "gas_fault"), "no");
    rig_bad_for(&rig, "gas_ppm", REASON_INVALID, 0);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");

    make(&rig, "gas_ppm"); /* a profile that offers nothing else */
    rig_number(&rig, "gas_ppm", 12);
    assert_string_equal(rig_says(&rig, "gas_fault"), "no");
    assert_string_equal(rig_says(&rig, "gas_over_range"), "no");
    rig_bad_for(&rig, "gas_ppm", REASON_INVALID, 0);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");

    make(&rig, "gas_lel_pct co_ppm o2_vol_pct h2s_ppm"); /* four in one */
    rig_number(&rig, "gas_lel_pct", 0);
    rig_number(&rig, "co_ppm", 0);
    rig_number(&rig, "h2s_ppm", 0);
    rig_bad_for(&rig, "o2_vol_pct", REASON_INVALID, 0);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
    rig_number(&rig, "o2_vol_pct", 20.9);
    assert_string_equal(rig_says(&rig, "gas_fault"), "no");
}

/* During warm-up, calibration and the like a reading raises alarms but clears none. */
static void test_doubt_of_the_detector(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        const char *status;
        enum quality quality;
    } cases[] = {{"normal", "normal", QUALITY_GOOD},        {"warmup", "normal", QUALITY_UNCERTAIN},
                 {"inhibit", "normal", QUALITY_UNCERTAIN},  {"calibration", "normal", QUALITY_UNCERTAIN},
                 {"selftest", "normal", QUALITY_UNCERTAIN}, {"normal", "warmup", QUALITY_UNCERTAIN},
                 {"normal", "high_alarm", QUALITY_GOOD},    {"fault", "normal", QUALITY_UNCERTAIN},
                 {"normal", "timeout", QUALITY_UNCERTAIN}};
    struct rig rig;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        make(&rig, "gas_lel_pct co_ppm detector_mode detector_status");
        rig_number(&rig, "gas_lel_pct", 30);
        rig_number(&rig, "co_ppm", 30);
        rig_code(&rig, "detector_mode", cases[i].mode);
        rig_code(&rig, "detector_status", cases[i].status);
        assert_int_equal(quality_of(&rig, "gas_lel_pct"), cases[i].quality);
        assert_int_equal(quality_of(&rig, "co_ppm"), cases[i].quality);
        assert_true(rig_at(&rig, "gas_lel_pct")->value.number > 29);
    }
    make(&rig, "gas_lel_pct detector_mode");
    rig_bad(&rig, "gas_lel_pct");
    rig_code(&rig, "detector_mode", "warmup");
    assert_int_equal(quality_of(&rig, "gas_lel_pct"), QUALITY_BAD);
}

/* A channel that its panel has lost or switched off shows 0 %LEL, and is not healthy. */
static void test_channel_of_a_panel(void **state)
{
    (void)state;
    static const char *const bits[] = {"comm_fault_dev", "disabled_dev", "sensor_fault_dev",
                                       "fault_dev",      "fault_dev2",   "under_range"};
    for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
        struct rig rig;
        make(&rig, "gas_lel_pct comm_fault_dev disabled_dev sensor_fault_dev fault_dev fault_dev2 under_range");
        rig_number(&rig, "gas_lel_pct", 0);
        for (size_t j = 0; j < ARRAY_SIZE(bits); j++)
            rig_bool(&rig, bits[j], false);
        assert_string_equal(rig_says(&rig, "gas_fault"), "no");
        assert_int_equal(quality_of(&rig, "gas_lel_pct"), QUALITY_GOOD);
        rig_bad(&rig, bits[i]);
        assert_string_equal(rig_says(&rig, "gas_fault"), "?");
        rig_bool(&rig, bits[i], true);
        assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
        assert_int_equal(quality_of(&rig, "gas_lel_pct"), QUALITY_UNCERTAIN);
    }
}

static void test_states(void **state)
{
    (void)state;
    struct rig rig;
    make(&rig, "gas_lel_pct");
    assert_string_equal(rig_says(&rig, "gas_warming_up"), "-");
    assert_string_equal(rig_says(&rig, "gas_inhibited"), "-");
    make(&rig, "gas_lel_pct detector_mode");
    assert_string_equal(rig_says(&rig, "gas_warming_up"), "?");
    assert_string_equal(rig_says(&rig, "gas_inhibited"), "?");
    static const char *const modes[][3] = {{"normal", "no", "no"},   {"warmup", "yes", "no"},
                                           {"inhibit", "no", "yes"}, {"calibration", "no", "yes"},
                                           {"selftest", "no", "no"}, {"fault", "no", "no"}};
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        rig_code(&rig, "detector_mode", modes[i][0]);
        assert_string_equal(rig_says(&rig, "gas_warming_up"), modes[i][1]);
        assert_string_equal(rig_says(&rig, "gas_inhibited"), modes[i][2]);
    }
    rig_bad_for(&rig, "detector_mode", REASON_STALE, 0);
    assert_string_equal(rig_says(&rig, "gas_inhibited"), "?");
    assert_int_equal(rig_at(&rig, "gas_inhibited")->reason, REASON_STALE);
    assert_int_equal(rig_at(&rig, "gas_warming_up")->reason, REASON_STALE);

    make(&rig, "gas_lel_pct warmup_dev inhibit_dev calibrating_dev");
    rig_number(&rig, "gas_lel_pct", 0);
    rig_bool(&rig, "warmup_dev", false);
    rig_bool(&rig, "inhibit_dev", false);
    rig_bool(&rig, "calibrating_dev", true);
    assert_string_equal(rig_says(&rig, "gas_inhibited"), "yes");
    assert_int_equal(quality_of(&rig, "gas_lel_pct"), QUALITY_UNCERTAIN);
    rig_bool(&rig, "calibrating_dev", false);
    rig_bool(&rig, "inhibit_dev", true);
    assert_string_equal(rig_says(&rig, "gas_inhibited"), "yes");
    assert_string_equal(rig_says(&rig, "gas_warming_up"), "no");
    rig_bool(&rig, "warmup_dev", true);
    assert_string_equal(rig_says(&rig, "gas_warming_up"), "yes");
    rig_bad_for(&rig, "warmup_dev", REASON_STALE, 0);
    assert_string_equal(rig_says(&rig, "gas_warming_up"), "?");
    assert_int_equal(rig_at(&rig, "gas_warming_up")->reason, REASON_STALE);
    make(&rig, "gas_lel_pct detector_status");
    rig_code(&rig, "detector_status", "warmup");
    assert_string_equal(rig_says(&rig, "gas_warming_up"), "yes");
}

/* Whoever speaks of ppm or % by volume is judged in %LEL all the same. 5 and 4.4 %vol, 1.25 and 1.10 %vol for 25
 * %LEL. */
static void test_lel_of_other_units(void **state)
{
    (void)state;
    static const struct {
        const char *has;
        double vol_pct;
        double lel_pct;
    } cases[] = {
        {"gas_vol_pct gas=0", 1.25, 25},             /* natural gas, GB */
        {"gas_vol_pct gas=1 lel_basis=1", 1.1, 25},  /* methane, IEC */
        {"gas_vol_pct gas=2", 0.45, 25},             /* LPG: the lower of its two */
        {"gas_vol_pct gas=3", 0.525, 25},            /* propane */
        {"gas_vol_pct gas=4 lel_basis=1", 0.35, 25}, /* butane */
        {"gas_vol_pct gas=6", 1, 25},                /* hydrogen */
        {"gas_vol_pct lel_vol_pct=2.5", 0.625, 25},  /* the site's number */
        {"gas_vol_pct gas=0 lel_vol_pct=2.5", 0.625, 25},
    };
    struct rig rig;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        make(&rig, cases[i].has);
        rig_number(&rig, "gas_vol_pct", cases[i].vol_pct);
        rig_expect(&rig, "gas_lel_pct", QUALITY_GOOD, cases[i].lel_pct, 1e-9);
        assert_string_equal(rig_says(&rig, "gas_fault"), "no");
    }
    make(&rig, "gas_ppm gas=0");
    rig_number(&rig, "gas_ppm", 12500);
    rig_expect(&rig, "gas_lel_pct", QUALITY_GOOD, 25, 1e-9);
    rig_number(&rig, "gas_ppm", 55000);
    rig_expect(&rig, "gas_lel_pct", QUALITY_GOOD, 110, 1e-9);
    rig_number(&rig, "gas_ppm", 60000); /* beyond the range of %LEL, as if it had been read */
    rig_expect_bad(&rig, "gas_lel_pct", REASON_IMPLAUSIBLE);
    assert_string_equal(rig_says(&rig, "gas_over_range"), "yes");
    assert_string_equal(rig_says(&rig, "gas_fault"), "no");
    rig_number(&rig, "gas_ppm", -1000);
    rig_expect(&rig, "gas_lel_pct", QUALITY_GOOD, -2, 1e-9);
    rig_bad_for(&rig, "gas_ppm", REASON_NO_ANSWER, 1e9); /* no number is in there */
    rig_expect_bad(&rig, "gas_lel_pct", REASON_NO_ANSWER);
    assert_string_equal(rig_says(&rig, "gas_fault"), "?");
    rig_bad_for(&rig, "gas_ppm", REASON_IMPLAUSIBLE, 2e6); /* beyond all numbers, and on that side */
    assert_string_equal(rig_says(&rig, "gas_over_range"), "yes");
    rig_bad_for(&rig, "gas_ppm", REASON_IMPLAUSIBLE, -5000);
    assert_string_equal(rig_says(&rig, "gas_over_range"), "no");
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");

    make(&rig, "gas_ppm gas_vol_pct gas=0"); /* two units: whichever has a value */
    rig_bad_for(&rig, "gas_vol_pct", REASON_INVALID, 0);
    rig_number(&rig, "gas_ppm", 12500);
    rig_expect(&rig, "gas_lel_pct", QUALITY_GOOD, 25, 1e-9);
    rig_bad_for(&rig, "gas_ppm", REASON_INVALID, 0);
    rig_number(&rig, "gas_vol_pct", 0.5);
    rig_expect(&rig, "gas_lel_pct", QUALITY_GOOD, 10, 1e-9);

    make(&rig, "gas_ppm detector_mode gas=0"); /* doubt is handed on */
    rig_number(&rig, "gas_ppm", 12500);
    rig_code(&rig, "detector_mode", "warmup");
    rig_expect(&rig, "gas_lel_pct", QUALITY_UNCERTAIN, 25, 1e-9);

    make(&rig, "gas_ppm gas_lel_pct gas=0"); /* what is read is left alone */
    rig_number(&rig, "gas_ppm", 12500);
    rig_number(&rig, "gas_lel_pct", 7);
    rig_expect(&rig, "gas_lel_pct", QUALITY_GOOD, 7, 1e-9);
}

static void test_lel_that_nobody_knows(void **state)
{
    (void)state;
    struct rig rig;
    make(&rig, "gas_ppm lel_vol_pct"); /* the detector says what 100 %LEL is, once it is read */
    rig_number(&rig, "gas_ppm", 12500);
    rig_expect_bad(&rig, "gas_lel_pct", REASON_STARTING);
    assert_string_equal(rig_says(&rig, "gas_fault"), "?");
    rig_number(&rig, "lel_vol_pct", 5);
    rig_expect(&rig, "gas_lel_pct", QUALITY_GOOD, 25, 1e-9);
    rig_number(&rig, "lel_vol_pct", 0);
    rig_expect_bad(&rig, "gas_lel_pct", REASON_INVALID);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes"); /* no limit watches this detector: it is told */
    make(&rig, "gas_ppm lel_vol_pct gas=0 lel_basis=1");     /* its own word goes before the table */
    rig_number(&rig, "gas_ppm", 12500);
    rig_number(&rig, "lel_vol_pct", 5);
    rig_expect(&rig, "gas_lel_pct", QUALITY_GOOD, 25, 1e-9);
    rig_bad(&rig, "lel_vol_pct");
    rig_expect(&rig, "gas_lel_pct", QUALITY_GOOD, 12500 / 4.4 / 100, 1e-9);
    make(&rig, "gas_ppm gas=5"); /* town gas is what a town makes of it */
    rig_number(&rig, "gas_ppm", 12500);
    rig_expect_bad(&rig, "gas_lel_pct", REASON_INVALID);
    assert_string_equal(rig_says(&rig, "gas_fault"), "yes");
}

static void test_rise(void **state)
{
    (void)state;
    struct rig rig;
    make(&rig, "gas_lel_pct");
    rig_expect_bad(&rig, "gas_roc", REASON_STARTING);
    rig_number(&rig, "gas_lel_pct", 1);
    rig_expect(&rig, "gas_roc", QUALITY_UNCERTAIN, 0, 1e-9);
    rig_pass(&rig, 10000);
    rig_number(&rig, "gas_lel_pct", 6); /* 5 in 10 s: the limit */
    rig_expect(&rig, "gas_roc", QUALITY_GOOD, 5, 1e-9);
    rig_expect(&rig, "gas_roc", QUALITY_GOOD, 5, 1e-9); /* asked twice */
    rig_pass(&rig, 500);                                /* the 1 is older now */
    rig_expect(&rig, "gas_roc", QUALITY_GOOD, 0, 1e-9);
    for (int i = 0; i < 40; i++) { /* 0.4 per half second is 8 in 10 s */
        rig_pass(&rig, 500);
        rig_number(&rig, "gas_lel_pct", 6 + 0.4 * i);
        rig_derive(&rig);
    }
    rig_expect(&rig, "gas_roc", QUALITY_GOOD, 8, 1e-9);
    rig_number(&rig, "gas_lel_pct", 2); /* falling is no rise, and what it falls to is the new bottom */
    rig_expect(&rig, "gas_roc", QUALITY_GOOD, 0, 1e-9);
    rig_number(&rig, "gas_lel_pct", 4);
    rig_expect(&rig, "gas_roc", QUALITY_GOOD, 2, 1e-9);
    /* A gap shorter than the window is bridged, a longer one begins anew. */
    rig_pass(&rig, 2000);
    rig_bad(&rig, "gas_lel_pct");
    rig_expect_bad(&rig, "gas_roc", REASON_NO_ANSWER);
    rig_pass(&rig, 6000);
    rig_number(&rig, "gas_lel_pct", 9);
    rig_expect(&rig, "gas_roc", QUALITY_GOOD, 7, 1e-9);
    rig_bad(&rig, "gas_lel_pct");
    rig_derive(&rig);
    rig_pass(&rig, 60000);
    rig_number(&rig, "gas_lel_pct", 50);
    rig_expect(&rig, "gas_roc", QUALITY_UNCERTAIN, 0, 1e-9);
    rig_pass(&rig, 9999);
    rig_expect(&rig, "gas_roc", QUALITY_UNCERTAIN, 0, 1e-9);
    rig_pass(&rig, 1);
    rig_expect(&rig, "gas_roc", QUALITY_GOOD, 0, 1e-9);
    rig_restart(&rig);
    rig_number(&rig, "gas_lel_pct", 60);
    rig_expect(&rig, "gas_roc", QUALITY_UNCERTAIN, 0, 1e-9);
}

/* One reading each second of a head that drifts, for so many quarter hours; one minute in ten it smells something. */
static void live(struct rig *rig, int quarters, double zero)
{
    for (int second = 0; second < quarters * (QUARTER_MS / 1000); second += 5) {
        rig_number(rig, "gas_lel_pct", second / 60 % 10 == 0 ? zero + 12 : zero + 0.2 * (second / 15 % 3 - 1));
        rig_derive(rig);
        rig_pass(rig, 5000);
    }
}

static void test_zero(void **state)
{
    (void)state;
    struct rig rig;
    make(&rig, "gas_lel_pct detector_mode");
    rig.mono_ms = 20 * QUARTER_MS;
    rig_code(&rig, "detector_mode", "normal");
    rig_expect_bad(&rig, "gas_zero_24h", REASON_STARTING);
    live(&rig, 47, 4);
    rig_expect_bad(&rig, "gas_zero_24h", REASON_STARTING); /* half a day is 48 quarter hours */
    live(&rig, 1, 4);
    rig_expect(&rig, "gas_zero_24h", QUALITY_GOOD, 4, 0.001);
    live(&rig, 47, 0);
    rig_expect(&rig, "gas_zero_24h", QUALITY_GOOD, 4, 0.001); /* 48 against 47 */
    live(&rig, 2, 0);
    rig_expect(&rig, "gas_zero_24h", QUALITY_GOOD, 0, 0.001); /* the first has left the day */
    /* What is uncertain or bad does not count: the day runs out. */
    rig_code(&rig, "detector_mode", "calibration");
    live(&rig, 48, 50);
    rig_code(&rig, "detector_mode", "normal");
    rig_number(&rig, "gas_lel_pct", 0);
    rig_expect(&rig, "gas_zero_24h", QUALITY_GOOD, 0, 0.001);
    rig_code(&rig, "detector_mode", "calibration");
    live(&rig, 1, 50);
    rig_code(&rig, "detector_mode", "normal");
    rig_number(&rig, "gas_lel_pct", 0);
    rig_expect_bad(&rig, "gas_zero_24h", REASON_STARTING);
    rig_bad(&rig, "gas_lel_pct");
    rig_expect_bad(&rig, "gas_zero_24h", REASON_NO_ANSWER);
    live(&rig, 49, 3);
    rig_expect(&rig, "gas_zero_24h", QUALITY_GOOD, 3, 0.001);
    rig_restart(&rig);
    rig_code(&rig, "detector_mode", "normal");
    rig_number(&rig, "gas_lel_pct", 3);
    rig_expect_bad(&rig, "gas_zero_24h", REASON_STARTING);
    live(&rig, 50, 1);
    rig_expect(&rig, "gas_zero_24h", QUALITY_GOOD, 1, 0.001);
}

/* A quarter hour with less than half its readings counts for nothing. */
static void test_zero_of_a_poor_line(void **state)
{
    (void)state;
    for (int answers = 29; answers <= 30; answers++) {
        struct rig rig;
        make(&rig, "gas_lel_pct");
        rig.mono_ms = 20 * QUARTER_MS;
        for (int i = 0; i < 49 * 60; i++) {
            if (i % 60 < answers)
                rig_number(&rig, "gas_lel_pct", 2);
            else
                rig_bad(&rig, "gas_lel_pct");
            rig_derive(&rig);
            rig_pass(&rig, 15000);
        }
        rig_number(&rig, "gas_lel_pct", 2);
        if (answers == 30)
            rig_expect(&rig, "gas_zero_24h", QUALITY_GOOD, 2, 1e-9);
        else
            rig_expect_bad(&rig, "gas_zero_24h", REASON_STARTING);
    }
}

static void test_setpoints(void **state)
{
    (void)state;
    struct rig rig;
    make(&rig, "gas_lel_pct sp_alarm1_dev sp_alarm2_dev");
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "-"); /* the site says nothing of setpoints */
    make(&rig, "gas_lel_pct sp_alarm1=20 sp_alarm2=40");
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "-");
    make(&rig, "gas_lel_pct sp_alarm1_dev sp_alarm2_dev sp_alarm1=20 sp_alarm2=40");
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "?");
    rig_number(&rig, "sp_alarm1_dev", 20);
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "?"); /* the other was not read yet */
    rig_number(&rig, "sp_alarm2_dev", 40);
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "no");
    rig_number(&rig, "sp_alarm2_dev", 41);
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "no");
    rig_number(&rig, "sp_alarm2_dev", 41.01);
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "yes");
    rig_bad(&rig, "sp_alarm1_dev");
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "yes");
    rig_number(&rig, "sp_alarm1_dev", 18.9);
    rig_number(&rig, "sp_alarm2_dev", 40);
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "yes");
    make(&rig, "gas_lel_pct sp_alarm1_dev sp_alarm2=40"); /* nothing to compare */
    rig_number(&rig, "sp_alarm1_dev", 20);
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "?");
    make(&rig, "gas_lel_pct sp_alarm1_dev sp_alarm2_dev sp_alarm1=20");
    rig_number(&rig, "sp_alarm1_dev", 20);
    assert_string_equal(rig_says(&rig, "setpoint_mismatch"), "no"); /* of the second the site says nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_over_range),
        cmocka_unit_test(test_over_range_of_other_gases),
        cmocka_unit_test(test_fault_by_code_and_bits),
        cmocka_unit_test(test_fault_by_status),
        cmocka_unit_test(test_blind),
        cmocka_unit_test(test_doubt_of_the_detector),
        cmocka_unit_test(test_channel_of_a_panel),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_lel_of_other_units),
        cmocka_unit_test(test_lel_that_nobody_knows),
        cmocka_unit_test(test_rise),
        cmocka_unit_test(test_zero),
        cmocka_unit_test(test_zero_of_a_poor_line),
        cmocka_unit_test(test_setpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
