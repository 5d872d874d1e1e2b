#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/normalize.h"

static struct device_point to(enum value_type type)
{
    return (struct device_point){.type = type, .factor = 1, .minimum = NO_LIMIT, .maximum = NO_LIMIT};
}

static struct sample run(struct device_point point, enum value_type from_type, union value value)
{
    struct slave_point from = {.type = from_type, .code_count = 3};
    struct sample in = {.value = value, .point = 9};
    struct sample out = {.point = 4};
    normalize_sample(&point, &from, &in, &out);
    assert_int_equal(out.point, 4);
    return out;
}

static void assert_bad(struct sample sample, enum reason reason)
{
    assert_int_equal(sample.quality, QUALITY_BAD);
    assert_int_equal(sample.reason, reason);
}

static void test_booleans(void **state)
{
    (void)state;
    struct device_point point = to(VALUE_BOOL);
    assert_true(run(point, VALUE_BOOL, (union value){.boolean = true}).value.boolean);
    point.invert = true;
    assert_false(run(point, VALUE_BOOL, (union value){.boolean = true}).value.boolean);
    assert_true(run(point, VALUE_BOOL, (union value){.boolean = false}).value.boolean);
    assert_false(run(point, VALUE_INT, (union value){.integer = 1}).value.boolean);
    assert_bad(run(point, VALUE_INT, (union value){.integer = 2}), REASON_INVALID);
    assert_bad(run(point, VALUE_INT, (union value){.integer = -1}), REASON_INVALID);
}

static void test_units_and_ranges(void **state)
{
    (void)state;
    struct device_point point = to(VALUE_NUMBER);
    point.factor = 0.1;
    point.addend = -10;
    point.minimum = -10;
    point.maximum = 110;
    struct sample sample = run(point, VALUE_INT, (union value){.integer = 350});
    assert_int_equal(sample.quality, QUALITY_GOOD);
    assert_true(fabs(sample.value.number - 25) < 1e-9);
    assert_true(fabs(run(point, VALUE_INT, (union value){.integer = 0}).value.number + 10) < 1e-9);
    assert_int_equal(run(point, VALUE_INT, (union value){.integer = 1200}).quality, QUALITY_GOOD); /* 110: in range */
    sample = run(point, VALUE_INT, (union value){.integer = 1201});
    assert_bad(sample, REASON_IMPLAUSIBLE);
    assert_true(sample.value.number > 110); /* which side it left the range on */
    sample = run(point, VALUE_INT, (union value){.integer = -1});
    assert_bad(sample, REASON_IMPLAUSIBLE);
    assert_true(sample.value.number < -10);
    assert_bad(run(to(VALUE_NUMBER), VALUE_NUMBER, (union value){.number = (double)NAN}), REASON_INVALID);
    assert_bad(run(to(VALUE_NUMBER), VALUE_NUMBER, (union value){.number = (double)INFINITY}), REASON_INVALID);
    assert_int_equal(run(to(VALUE_NUMBER), VALUE_NUMBER, (union value){.number = -1e300}).quality, QUALITY_GOOD);
}

static void test_integers(void **state)
{
    (void)state;
    struct device_point point = to(VALUE_UINT);
    uint64_t const huge = UINT64_C(18446744073709551615);
    assert_true(run(point, VALUE_UINT, (union value){.natural = huge}).value.natural == huge);
    assert_bad(run(point, VALUE_INT, (union value){.integer = -1}), REASON_INVALID);
    assert_bad(run(to(VALUE_INT), VALUE_UINT, (union value){.natural = huge}), REASON_INVALID);
    int64_t const exact = INT64_C(9007199254740993); /* 2^53 + 1: no double has it */
    assert_true(run(to(VALUE_INT), VALUE_INT, (union value){.integer = exact}).value.integer == exact);
    assert_true(run(point, VALUE_INT, (union value){.integer = exact}).value.natural == (uint64_t)exact);
    assert_bad(run(to(VALUE_INT), VALUE_NUMBER, (union value){.number = 1.5}), REASON_INVALID);
    assert_int_equal(run(to(VALUE_INT), VALUE_NUMBER, (union value){.number = -3}).value.integer, -3);
    assert_bad(run(point, VALUE_NUMBER, (union value){.number = -3}), REASON_INVALID);
    assert_bad(run(point, VALUE_NUMBER, (union value){.number = 1e300}), REASON_INVALID);
    point.factor = 1000;
    assert_true(run(point, VALUE_INT, (union value){.integer = 7}).value.natural == 7000);
    struct device_point limited = to(VALUE_INT);
    limited.minimum = 0;
    assert_bad(run(limited, VALUE_INT, (union value){.integer = -5}), REASON_IMPLAUSIBLE);
    assert_int_equal(run(to(VALUE_INT), VALUE_BOOL, (union value){.boolean = true}).value.integer, 1);
}

static void test_codes(void **state)
{
    (void)state;
    static const uint32_t code_of[] = {5, 0, 7};
    struct device_point point = to(VALUE_ENUM);
    point.code_count = 6;
    point.code_of = code_of;
    assert_int_equal(run(point, VALUE_ENUM, (union value){.code = 0}).value.code, 5);
    assert_int_equal(run(point, VALUE_ENUM, (union value){.code = 1}).value.code, 0);
    assert_bad(run(point, VALUE_ENUM, (union value){.code = 2}), REASON_INVALID); /* 7 has no name here */
    assert_bad(run(point, VALUE_ENUM, (union value){.code = 3}), REASON_INVALID); /* beyond the table */
    point.code_of = NULL;
    assert_int_equal(run(point, VALUE_INT, (union value){.integer = 5}).value.code, 5);
    assert_bad(run(point, VALUE_INT, (union value){.integer = 6}), REASON_INVALID);
    assert_bad(run(point, VALUE_INT, (union value){.integer = -1}), REASON_INVALID);
    assert_bad(run(point, VALUE_NUMBER, (union value){.number = 1.5}), REASON_INVALID);
}

static void test_texts_and_bad_samples(void **state)
{
    (void)state;
    union value text = {.text = {.offset = 3, .size = 8}};
    struct sample sample = run(to(VALUE_TEXT), VALUE_TEXT, text);
    assert_int_equal(sample.value.text.offset, 3);
    assert_int_equal(sample.value.text.size, 8);
    assert_bad(run(to(VALUE_NUMBER), VALUE_TEXT, text), REASON_INVALID);
    assert_bad(run(to(VALUE_TEXT), VALUE_INT, text), REASON_INVALID);

    struct slave_point from = {.type = VALUE_NUMBER};
    struct device_point point = to(VALUE_NUMBER);
    struct sample in = {.value = {.number = 42}, .quality = QUALITY_BAD, .reason = REASON_NO_ANSWER};
    struct sample out = {.point = 1};
    normalize_sample(&point, &from, &in, &out);
    assert_bad(out, REASON_NO_ANSWER);
    assert_true(fabs(out.value.number) <= 0); /* what was there must not look like a reading */
    in.quality = QUALITY_UNCERTAIN;
    in.reason = REASON_NONE;
    normalize_sample(&point, &from, &in, &out);
    assert_int_equal(out.quality, QUALITY_UNCERTAIN);
}

static void test_numbers_of_samples(void **state)
{
    (void)state;
    double number = -1;
    struct sample sample = {.value = {.boolean = true}};
    assert_true(sample_number(VALUE_BOOL, &sample, &number) && number > 0.5);
    sample.value = (union value){.boolean = false};
    assert_true(sample_number(VALUE_BOOL, &sample, &number) && number < 0.5);
    sample.value = (union value){.natural = UINT64_MAX};
    assert_true(sample_number(VALUE_UINT, &sample, &number) && number > 1e19);
    sample.value = (union value){.code = 3};
    assert_true(sample_number(VALUE_ENUM, &sample, &number) && number > 2.5);
    assert_false(sample_number(VALUE_TEXT, &sample, &number));
    sample.quality = QUALITY_BAD;
    number = 77;
    assert_false(sample_number(VALUE_INT, &sample, &number));
    assert_true(number > 76); /* untouched */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_units_and_ranges),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_texts_and_bad_samples),
        cmocka_unit_test(test_numbers_of_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
