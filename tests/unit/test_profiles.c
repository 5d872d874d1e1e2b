/* The shipped profiles against register images: what the map says, through the real decoder, and how many reads it takes. */
#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"
#include "gateway/core/decode.h"
#include "gateway/core/plan.h"
#include "gateway/site/load.h"

#define IMAGE_SIZE              64
#define POINTS_MAX              32
#define assert_near(is, wanted) assert_true(fabs((is) - (wanted)) < 1e-9) /* cmocka compares as float */

/* One slave on the profile, loaded as a site would. */
struct fixture {
    struct arena arena;
    struct complaints *complaints;
    const struct site *site;
    const struct site_slave *slave;
    uint16_t words[IMAGE_SIZE];
    uint8_t bits[(IMAGE_SIZE + 7) / 8];
    struct batch batch;
};

static void load(struct fixture *f, const char *profile, const char *more)
{
    static const char *const dirs[] = {"config/profiles", NULL};
    struct site_sources const sources = {.classes = &classes, .profile_dirs = dirs};
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"gateway\":{\"id\":\"g\"},\"buses\":[{\"id\":\"b\",\"link\":\"tcp\",\"host\":\"127.0.0.1\"}],"
                   "\"devices\":[{\"id\":\"d\",\"bus\":\"b\",\"unit\":1,\"profile\":\"%s\"%s}]}",
                   profile, more);
    complaints_init(f->complaints);
    arena_init(&f->arena, (size_t)1 << 20);
    enum err err = site_load_bytes("test.json", text, strlen(text), &sources, &f->arena, f->complaints, &f->site);
    for (size_t i = 0; err != ERR_OK && i < f->complaints->count; i++)
        print_message("%s: %s\n", f->complaints->list[i].path, f->complaints->list[i].text[LANGUAGE_EN]);
    assert_int_equal(err, ERR_OK);
    f->slave = &f->site->slaves[0];
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    CHECK(f != NULL);
    f->complaints = calloc(1, sizeof *f->complaints);
    CHECK(f->complaints != NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    complaints_close(f->complaints);
    arena_close(&f->arena);
    free(f->complaints);
    free(f);
    return 0;
}

static size_t index_of(const struct fixture *f, const char *id)
{
    for (size_t i = 0; i < f->slave->point_count; i++)
        if (strcmp(f->slave->points[i].id, id) == 0)
            return i;
    fail_msg("no point %s", id);
    return 0;
}

/* Decodes one point of the image. */
static const struct sample *read_point(struct fixture *f, const char *id)
{
    uint16_t const index = (uint16_t)index_of(f, id);
    struct decode_input const input = {
        .function = f->slave->points[index].function, .count = IMAGE_SIZE, .words = f->words, .bits = f->bits};
    decode_read(f->slave, &index, 1, &input, &f->batch);
    assert_int_equal(f->batch.sample_count, 1);
    return &f->batch.samples[0];
}

static void assert_number(struct fixture *f, const char *id, double expected)
{
    const struct sample *sample = read_point(f, id);
    assert_int_equal(f->slave->points[index_of(f, id)].type, VALUE_NUMBER);
    assert_int_equal(sample->quality, QUALITY_GOOD);
    assert_near(sample->value.number, expected);
}

static void assert_integer(struct fixture *f, const char *id, int64_t expected)
{
    const struct sample *sample = read_point(f, id);
    assert_int_equal(f->slave->points[index_of(f, id)].type, VALUE_INT);
    assert_int_equal(sample->quality, QUALITY_GOOD);
    assert_int_equal(sample->value.integer, expected);
}

static void assert_flag(struct fixture *f, const char *id, bool expected)
{
    const struct sample *sample = read_point(f, id);
    assert_int_equal(f->slave->points[index_of(f, id)].type, VALUE_BOOL);
    assert_int_equal(sample->quality, QUALITY_GOOD);
    assert_int_equal(sample->value.boolean, expected);
}

static void assert_code(struct fixture *f, const char *id, const char *expected)
{
    const struct slave_point *point = &f->slave->points[index_of(f, id)];
    const struct sample *sample = read_point(f, id);
    assert_int_equal(point->type, VALUE_ENUM);
    assert_int_equal(sample->quality, QUALITY_GOOD);
    assert_string_equal(point->codes[sample->value.code].id, expected);
}

static void assert_text(struct fixture *f, const char *id, const char *expected)
{
    const struct sample *sample = read_point(f, id);
    assert_int_equal(sample->quality, QUALITY_GOOD);
    assert_int_equal(sample->value.text.size, strlen(expected));
    assert_memory_equal(f->batch.texts + sample->value.text.offset, expected, strlen(expected));
}

static void assert_invalid(struct fixture *f, const char *id)
{
    const struct sample *sample = read_point(f, id);
    assert_int_equal(sample->quality, QUALITY_BAD);
    assert_int_equal(sample->reason, REASON_INVALID);
}

static void set_words(struct fixture *f, size_t address, const uint16_t *words, size_t count)
{
    CHECK(address + count <= IMAGE_SIZE);
    memcpy(f->words + address, words, count * sizeof *words);
}
#define SET(f, address, ...)                                                                                           \
    set_words(f, address, (const uint16_t[]){__VA_ARGS__}, ARRAY_SIZE(((const uint16_t[]){__VA_ARGS__})))

struct reads {
    struct plan_read list[POINTS_MAX];
    uint16_t points[POINTS_MAX];
    struct plan plan;
};

static void plan_reads(const struct fixture *f, struct reads *reads)
{
    CHECK(f->slave->point_count <= POINTS_MAX);
    assert_int_equal(plan_make(f->slave, reads->list, POINTS_MAX, reads->points, &reads->plan), ERR_OK);
}

/* --- honeywell-xcd -------------------------------------------------------------------------------------------------- */

/* 40.0 as 0x42200000 is the vector of the manuals; the rest by hand from the map (SPXCDHMANEN issue 15, p. 80). */
static void set_xcd(struct fixture *f)
{
    SET(f, 0, 0x2503); /* type 0x25, own address 3 */
    SET(f, 2, 0x4220, 0x0000);
    SET(f, 4, 0, 0x0001, 0x0001);
    SET(f, 8, 0x42B4, 0x0000);  /* 90 days */
    SET(f, 10, 5);              /* %LEL */
    SET(f, 11, 0x4270, 0x0000); /* 60 */
    SET(f, 16, 0xFFF6);         /* -10 Cel */
    SET(f, 45, 0x4D65, 0x7468, 0x616E, 0x6520, 0x2020, 0x0000, 0x0000);
    SET(f, 55, 0x0102);
    SET(f, 56, 0x41C0, 0xCCCD); /* 24.1 V */
    SET(f, 58, 180);
}

static void xcd_reads_what_the_manual_says(void **state)
{
    struct fixture *f = *state;
    load(f, "honeywell-xcd", "");
    set_xcd(f);
    assert_number(f, "gas_lel_pct", 40.0);
    assert_integer(f, "fault_code", 0);
    assert_flag(f, "alarm1_dev", true);
    assert_flag(f, "alarm2_dev", false);
    assert_flag(f, "warning_dev", false);
    assert_flag(f, "fault_dev", false);
    assert_code(f, "detector_mode", "normal");
    assert_number(f, "cal_due_days", 90);
    assert_number(f, "gas_peak", 60);
    assert_number(f, "detector_temp", -10);
    assert_text(f, "gas_name", "Methane");
    assert_integer(f, "relay_bits", 2);
    assert_number(f, "supply_voltage", (double)24.1F);
    assert_integer(f, "cal_interval_days", 180);
    assert_true(f->slave->points[index_of(f, "gas_lel_pct")].single);
}

static void xcd_states_and_faults(void **state)
{
    static const struct {
        uint16_t raw;
        const char *code;
    } modes[] = {{1, "normal"}, {2, "warmup"}, {3, "inhibit"}, {12, "calibration"}};
    struct fixture *f = *state;
    load(f, "honeywell-xcd", "");
    set_xcd(f);
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        SET(f, 6, (uint16_t)(0xAB00 | modes[i].raw)); /* only the low byte counts */
        assert_code(f, "detector_mode", modes[i].code);
    }
    SET(f, 6, 99);
    assert_invalid(f, "detector_mode");
    SET(f, 4, 1113, 0x0032);
    assert_integer(f, "fault_code", 1113);
    assert_flag(f, "alarm1_dev", false);
    assert_flag(f, "alarm2_dev", true);
    assert_flag(f, "warning_dev", true);
    assert_flag(f, "fault_dev", true);
}

/* A value in another unit is no %LEL; a NaN is no value. */
static void xcd_never_makes_a_number_up(void **state)
{
    struct fixture *f = *state;
    load(f, "honeywell-xcd", "");
    set_xcd(f);
    for (uint16_t unit = 0; unit < 16; unit++) {
        SET(f, 10, unit);
        if (unit == 5)
            continue;
        assert_invalid(f, "gas_lel_pct");
        assert_invalid(f, "gas_peak");
    }
    SET(f, 10, 0x0105); /* the high byte is not the unit */
    assert_number(f, "gas_lel_pct", 40.0);
    SET(f, 2, 0x7FC0, 0x0000);
    assert_invalid(f, "gas_lel_pct");
}

static void xcd_with_swapped_words(void **state)
{
    struct fixture *f = *state;
    load(f, "honeywell-xcd", ",\"order\":\"CDAB\"");
    set_xcd(f);
    SET(f, 2, 0x0000, 0x4220);
    assert_number(f, "gas_lel_pct", 40.0);
}

static void xcd_is_recognised_and_read_in_few_requests(void **state)
{
    struct fixture *f = *state;
    struct reads reads;
    int64_t number;
    load(f, "honeywell-xcd", "");
    set_xcd(f);
    struct decode_input const input = {.function = f->slave->identity_function, .count = IMAGE_SIZE, .words = f->words};
    assert_true(f->slave->has_identity);
    assert_int_equal(f->slave->identity_function, FUNCTION_HOLDING);
    assert_true(decode_part(&input, f->slave->identity, &number));
    assert_int_equal(number, f->slave->identity_equals);
    plan_reads(f, &reads);
    assert_int_equal(reads.list[0].poll, POLL_SAFETY); /* gas, fault, alarms, mode and the unit in one */
    assert_int_equal(reads.list[0].address, 2);
    assert_int_equal(reads.list[0].count, 9);
    assert_int_not_equal(reads.list[1].poll, POLL_SAFETY);
}

/* --- cn-gas6in1 ----------------------------------------------------------------------------------------------------- */

/* By hand: unit in bits 15-12 of register 0 (2: %LEL), decimals code in bits 11-8 (4: one). */
static void set_6in1(struct fixture *f)
{
    SET(f, 0, 0x2400, 125, 200, 400, 1000, 0x0001, 0, 745, 0x0B00, 553);
}

static void gas6in1_reads_what_the_sheet_says(void **state)
{
    struct fixture *f = *state;
    load(f, "cn-gas6in1", "");
    set_6in1(f);
    assert_number(f, "gas_lel_pct", 12.5);
    assert_number(f, "sp_alarm1_dev", 20);
    assert_number(f, "sp_alarm2_dev", 40);
    assert_number(f, "range_full_scale", 100);
    assert_code(f, "detector_status", "normal");
    assert_code(f, "detector_mode", "normal");
    assert_number(f, "ambient_temp", 24.5);
    assert_integer(f, "gas_code", 11); /* CH4 */
    assert_number(f, "humidity", 55.3);
    assert_int_equal(f->slave->guard_ms, 500);
}

static void gas6in1_decimals_follow_register_0(void **state)
{
    static const struct {
        uint16_t code;
        double value;
    } rows[] = {{0, 1234}, {4, 123.4}, {8, 12.34}, {12, 1.234}};
    struct fixture *f = *state;
    load(f, "cn-gas6in1", "");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        set_6in1(f);
        SET(f, 0, (uint16_t)(0x2000 | rows[i].code << 8), 1234);
        assert_number(f, "gas_lel_pct", rows[i].value);
    }
    for (uint16_t code = 0; code < 16; code++) { /* a code that the sheet does not list is no number of decimals */
        SET(f, 0, (uint16_t)(0x2000 | code << 8), 1234);
        if (code % 4 != 0)
            assert_invalid(f, "gas_lel_pct");
    }
    for (uint16_t unit = 0; unit < 16; unit++) { /* ppm, %VOL, mg/m3 … are not %LEL */
        SET(f, 0, (uint16_t)(unit << 12 | 4 << 8), 1234);
        if (unit != 2)
            assert_invalid(f, "gas_lel_pct");
    }
}

static void gas6in1_states(void **state)
{
    static const struct {
        uint16_t raw;
        const char *status;
        const char *mode;
    } rows[] = {
        {0, "warmup", "warmup"},     {1, "normal", "normal"},
        {2, "data_error", "fault"},  {3, "sensor_fault", "fault"},
        {4, "pre_alarm", "normal"},  {5, "low_alarm", "normal"},
        {6, "high_alarm", "normal"}, {7, "access_fault", "fault"},
        {8, "over_range", "normal"}, {9, "needs_calibration", "normal"},
        {10, "timeout", "fault"},    {11, "stel", "normal"},
        {12, "twa", "normal"},       {15, "comm_fault", "fault"},
    };
    struct fixture *f = *state;
    load(f, "cn-gas6in1", "");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        SET(f, 5, (uint16_t)(0x7700 | rows[i].raw));
        assert_code(f, "detector_status", rows[i].status);
        assert_code(f, "detector_mode", rows[i].mode);
    }
    SET(f, 5, 13);
    assert_invalid(f, "detector_status");
}

static void gas6in1_is_read_in_two_requests(void **state)
{
    struct fixture *f = *state;
    struct reads reads;
    load(f, "cn-gas6in1", "");
    plan_reads(f, &reads);
    assert_int_equal(reads.plan.read_count, 2);
    assert_int_equal(reads.list[0].poll, POLL_SAFETY);
    assert_int_equal(reads.list[0].address, 0);
    assert_int_equal(reads.list[0].count, 6);
}

/* --- boards --------------------------------------------------------------------------------------------------------- */

static void boards_have_eight_of_each(void **state)
{
    static const struct {
        const char *profile;
        const char *prefix;
        enum function function;
    } rows[] = {{"relay-8ch", "relay_", FUNCTION_COIL},
                {"relay-8ch", "input_", FUNCTION_DISCRETE},
                {"di-8ch", "in_", FUNCTION_DISCRETE}};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        complaints_close(f->complaints);
        arena_close(&f->arena);
        load(f, rows[i].profile, "");
        for (size_t channel = 0; channel < 8; channel++) {
            char id[16];
            (void)snprintf(id, sizeof id, "%s%zu", rows[i].prefix, channel + 1);
            const struct slave_point *point = &f->slave->points[index_of(f, id)];
            assert_int_equal(point->function, rows[i].function);
            assert_int_equal(point->address, channel);
            assert_false(point->writable);
            f->bits[0] = (uint8_t)(1U << channel);
            assert_flag(f, id, true);
            f->bits[0] = (uint8_t)~f->bits[0];
            assert_flag(f, id, false);
        }
    }
}

static void relays_are_written_only_by_the_write_list(void **state)
{
    struct fixture *f = *state;
    uint16_t raw = 7;
    load(f, "relay-8ch", ",\"write\":[\"relay_3\"]");
    for (size_t i = 0; i < f->slave->point_count; i++)
        assert_int_equal(f->slave->points[i].writable, i == index_of(f, "relay_3"));
    assert_int_equal(decode_write_value(&f->slave->points[index_of(f, "relay_3")], 1, &raw), ERR_OK);
    assert_int_equal(raw, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(xcd_reads_what_the_manual_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(xcd_states_and_faults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(xcd_never_makes_a_number_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(xcd_with_swapped_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(xcd_is_recognised_and_read_in_few_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gas6in1_reads_what_the_sheet_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gas6in1_decimals_follow_register_0, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gas6in1_states, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gas6in1_is_read_in_two_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(boards_have_eight_of_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relays_are_written_only_by_the_write_list, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
