#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/decode.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static struct batch batch;

static struct slave_point point_of(enum raw_type raw, enum value_type type, uint16_t count)
{
    return (struct slave_point){.id = "p",
                                .function = FUNCTION_HOLDING,
                                .address = 10,
                                .register_count = count,
                                .raw = raw,
                                .type = type,
                                .scale = 1};
}

/* Decodes one point out of registers that begin at address 10. */
static struct sample decode(const struct slave_point *point, const uint16_t *words, uint16_t count)
{
    struct site_slave slave = {.points = point, .point_count = 1};
    uint16_t index = 0;
    struct decode_input input = {.function = FUNCTION_HOLDING, .address = 10, .count = count, .words = words};
    decode_read(&slave, &index, 1, &input, &batch);
    assert_int_equal(batch.sample_count, 1);
    return batch.samples[0];
}

static void assert_bad(struct sample sample)
{
    assert_int_equal(sample.quality, QUALITY_BAD);
    assert_int_equal(sample.reason, REASON_INVALID);
}

static void test_integers(void **state)
{
    (void)state;
    uint16_t words[4] = {0xFFFF, 0xC1EF, 0, 1};
    struct slave_point point = point_of(RAW_S32, VALUE_INT, 2);
    assert_int_equal(decode(&point, words, 4).value.integer, -15889); /* scale reply FFFF C1EF */
    words[0] = 0;
    words[1] = 0x0084;
    assert_int_equal(decode(&point, words, 4).value.integer, 132);
    point = point_of(RAW_S16, VALUE_INT, 1);
    words[0] = 0x8000;
    assert_int_equal(decode(&point, words, 4).value.integer, -32768);
    point = point_of(RAW_U16, VALUE_INT, 1);
    assert_int_equal(decode(&point, words, 4).value.integer, 32768);
    point = point_of(RAW_U64, VALUE_UINT, 4);
    memcpy(words, (uint16_t[4]){0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE}, sizeof words);
    assert_true(decode(&point, words, 4).value.natural == UINT64_MAX - 1);
    point = point_of(RAW_S64, VALUE_INT, 4);
    assert_int_equal(decode(&point, words, 4).value.integer, -2);
    point = point_of(RAW_U64, VALUE_INT, 4);
    assert_bad(decode(&point, words, 4)); /* does not fit */
}

/* An independent packing: bytes A.. most significant first, laid out as site.h says. */
static void pack(uint64_t bits, size_t words, enum word_order order, uint16_t *ret_words)
{
    uint8_t wire[8];
    for (size_t i = 0; i < 2 * words; i++)
        wire[i] = (uint8_t)(bits >> (8 * (2 * words - 1 - i)));
    for (size_t i = 0; i < words; i++) {
        size_t const from = order == ORDER_CDAB || order == ORDER_DCBA ? words - 1 - i : i;
        bool const swapped = order == ORDER_BADC || order == ORDER_DCBA;
        uint8_t const high = wire[2 * from + (swapped ? 1 : 0)];
        uint8_t const low = wire[2 * from + (swapped ? 0 : 1)];
        ret_words[i] = (uint16_t)(high << 8 | low);
    }
}

static void test_every_order_reads_back(void **state)
{
    (void)state;
    unsigned int seed = 7;
    for (int round = 0; round < 20000; round++) {
        enum word_order const order = (enum word_order)(round % 4);
        uint64_t bits = 0;
        for (int i = 0; i < 5; i++)
            bits = bits << 15 ^ (uint64_t)rand_r(&seed);
        uint16_t words[4];
        struct slave_point point = point_of(RAW_U64, VALUE_UINT, 4);
        point.order = order;
        pack(bits, 4, order, words);
        assert_true(decode(&point, words, 4).value.natural == bits);
        point = point_of(RAW_U32, VALUE_INT, 2);
        point.order = order;
        pack(bits & 0xFFFFFFFF, 2, order, words);
        assert_int_equal(decode(&point, words, 2).value.integer, bits & 0xFFFFFFFF);
        point = point_of(RAW_F32, VALUE_NUMBER, 2);
        point.order = order;
        uint32_t const narrow = (uint32_t)bits;
        float number;
        memcpy(&number, &narrow, sizeof number);
        struct sample sample = decode(&point, words, 2);
        if (isfinite(number))
            assert_memory_equal(&(double){(double)number}, &sample.value.number, sizeof(double));
        else
            assert_bad(sample);
        point = point_of(RAW_F64, VALUE_NUMBER, 4);
        point.order = order;
        double wide;
        memcpy(&wide, &bits, sizeof wide);
        pack(bits, 4, order, words);
        sample = decode(&point, words, 4);
        if (isfinite(wide))
            assert_memory_equal(&wide, &sample.value.number, sizeof(double));
        else
            assert_bad(sample);
    }
}

static void test_floats(void **state)
{
    (void)state;
    struct slave_point point = point_of(RAW_F32, VALUE_NUMBER, 2);
    uint16_t words[2] = {0x4220, 0x0000}; /* Draeger Polytron example: 40.0 */
    NEAR(decode(&point, words, 2).value.number, 40.0);
    point.order = ORDER_CDAB;
    assert_true(fabs(decode(&point, words, 2).value.number) < 1e-30); /* the wrong order is not 40 */
    point.order = ORDER_ABCD;
    words[0] = 0x7FC0;
    assert_bad(decode(&point, words, 2));
    words[0] = 0x7F80;
    assert_bad(decode(&point, words, 2));
}

static void test_scale_and_offset(void **state)
{
    (void)state;
    struct slave_point point = point_of(RAW_U16, VALUE_NUMBER, 1);
    point.scale = 0.1;
    point.offset = -10; /* IGD TOC-635: raw 350 is 25.0 %LEL, 0 is -10, 1200 is 110 */
    uint16_t word = 350;
    NEAR(decode(&point, &word, 1).value.number, 25.0);
    word = 0;
    NEAR(decode(&point, &word, 1).value.number, -10.0);
    word = 1200;
    NEAR(decode(&point, &word, 1).value.number, 110.0);
    point.offset = 0;
    word = 123;
    double const number = decode(&point, &word, 1).value.number;
    assert_memory_equal(&number, &(double){12.3}, sizeof number); /* exactly the double that prints as 12.3 */
    point.scale = 1e308;
    point.raw = RAW_U32;
    point.register_count = 2;
    assert_bad(decode(&point, (uint16_t[]){0xFFFF, 0xFFFF}, 2));
}

static void test_bits_and_bytes(void **state)
{
    (void)state;
    uint16_t word = 0x25A3;
    struct slave_point point = point_of(RAW_U16, VALUE_INT, 1);
    point.byte = BYTE_HIGH;
    assert_int_equal(decode(&point, &word, 1).value.integer, 0x25);
    point.byte = BYTE_LOW;
    assert_int_equal(decode(&point, &word, 1).value.integer, 0xA3);
    point.raw = RAW_S16;
    assert_int_equal(decode(&point, &word, 1).value.integer, (int8_t)0xA3);
    point = point_of(RAW_BIT, VALUE_BOOL, 1);
    for (uint8_t bit = 0; bit < 16; bit++) {
        point.bit_first = bit;
        assert_int_equal(decode(&point, &word, 1).value.boolean, word >> bit & 1);
    }
    point = point_of(RAW_BITS, VALUE_INT, 1);
    point.bit_first = 8;
    point.bit_count = 4;
    assert_int_equal(decode(&point, &word, 1).value.integer, 5);
}

static void test_bcd(void **state)
{
    (void)state;
    struct slave_point point = point_of(RAW_BCD16, VALUE_INT, 1);
    uint16_t words[2] = {0x1234, 0x5678};
    assert_int_equal(decode(&point, words, 2).value.integer, 1234);
    point = point_of(RAW_BCD32, VALUE_INT, 2);
    assert_int_equal(decode(&point, words, 2).value.integer, 12345678);
    words[1] = 0x56A8;
    assert_bad(decode(&point, words, 2));
}

static void test_maps_and_sentinels(void **state)
{
    (void)state;
    static const struct code codes[] = {{"normal", "", ""}, {"warmup", "", ""}};
    static const struct map_entry map[] = {{1, 0}, {2, 1}};
    static const double invalid[] = {32767, 65535};
    struct slave_point point = point_of(RAW_U16, VALUE_ENUM, 1);
    point.codes = codes;
    point.code_count = 2;
    point.map = map;
    point.map_count = 2;
    uint16_t word = 2;
    assert_int_equal(decode(&point, &word, 1).value.code, 1);
    word = 3;
    assert_bad(decode(&point, &word, 1)); /* an unknown code is not a state */
    point = point_of(RAW_U16, VALUE_NUMBER, 1);
    point.invalid = invalid;
    point.invalid_count = 2;
    word = 65535;
    assert_bad(decode(&point, &word, 1));
    word = 65534;
    NEAR(decode(&point, &word, 1).value.number, 65534);
}

/* cn_gas6in1: unit in bits 15-12, decimals 0 4 8 12 in bits 11-8 of register 0. */
static void test_decimals_and_conditions_from_another_register(void **state)
{
    (void)state;
    static const struct decimals_entry decimals[] = {{0, 0}, {4, 1}, {8, 2}, {12, 3}};
    struct slave_point point = point_of(RAW_U16, VALUE_NUMBER, 1);
    point.address = 11;
    point.has_scale_from = true;
    point.scale_from = (struct register_part){.address = 10, .bit_first = 8, .bit_count = 4};
    point.decimals = decimals;
    point.decimals_count = 4;
    point.has_only_if = true;
    point.only_if = (struct register_part){.address = 10, .bit_first = 12, .bit_count = 4};
    point.only_if_equals = 2;
    uint16_t words[2] = {0x2400, 125};
    NEAR(decode(&point, words, 2).value.number, 12.5);
    words[0] = 0x2000;
    NEAR(decode(&point, words, 2).value.number, 125);
    words[0] = 0x2C00;
    NEAR(decode(&point, words, 2).value.number, 0.125);
    words[0] = 0x2100;
    assert_bad(decode(&point, words, 2)); /* no such number of decimals */
    words[0] = 0x0400;
    assert_bad(decode(&point, words, 2)); /* ppm, not %LEL */
    point.only_if.address = 9;
    words[0] = 0x2400;
    assert_bad(decode(&point, words, 2)); /* not in this read */
}

static void test_texts(void **state)
{
    (void)state;
    struct slave_point point = point_of(RAW_STRING, VALUE_TEXT, 4);
    uint16_t words[4] = {0x4348, 0x3420, 0x2020, 0x0000};
    struct sample sample = decode(&point, words, 4);
    assert_int_equal(sample.quality, QUALITY_GOOD);
    assert_int_equal(sample.value.text.size, 3);
    assert_memory_equal(batch.texts + sample.value.text.offset, "CH4", 3);
    words[1] = 0xFFFF;
    assert_bad(decode(&point, words, 4));
    words[1] = 0x0741;
    assert_bad(decode(&point, words, 4)); /* a control character */
}

static void test_coils(void **state)
{
    (void)state;
    struct slave_point point = point_of(RAW_BIT, VALUE_BOOL, 1);
    struct site_slave slave = {.points = &point, .point_count = 1};
    uint16_t index = 0;
    uint8_t const bits[2] = {0x00, 0x02};
    struct decode_input input = {.function = FUNCTION_COIL, .address = 1, .count = 10, .bits = bits};
    point.function = FUNCTION_COIL;
    decode_read(&slave, &index, 1, &input, &batch);
    assert_true(batch.samples[0].quality == QUALITY_GOOD && batch.samples[0].value.boolean);
    point.address = 11;
    decode_read(&slave, &index, 1, &input, &batch);
    assert_bad(batch.samples[0]);
}

static void test_never_outside_the_input(void **state)
{
    (void)state;
    uint16_t *words = malloc(sizeof *words); /* one register: address sanitizer stands guard */
    assert_non_null(words);
    words[0] = 1;
    struct slave_point point = point_of(RAW_U32, VALUE_INT, 2);
    assert_bad(decode(&point, words, 1));
    point.register_count = 1; /* a description that lies */
    assert_bad(decode(&point, words, 1));
    point = point_of(RAW_U16, VALUE_INT, 1);
    point.address = 9;
    assert_bad(decode(&point, words, 1));
    point.address = 65535;
    assert_bad(decode(&point, words, 1));
    point = point_of(RAW_BIT, VALUE_BOOL, 1);
    point.bit_first = 200;
    assert_false(decode(&point, words, 1).value.boolean);
    free(words);
}

static void test_failed_reads_have_no_values(void **state)
{
    (void)state;
    uint16_t points[3] = {4, 5, 9};
    decode_failed(points, 3, REASON_NO_ANSWER, &batch);
    assert_int_equal(batch.sample_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(batch.samples[i].point, points[i]);
        assert_int_equal(batch.samples[i].quality, QUALITY_BAD);
        assert_int_equal(batch.samples[i].reason, REASON_NO_ANSWER);
    }
}

static void test_write_values(void **state)
{
    (void)state;
    struct slave_point point = point_of(RAW_U16, VALUE_NUMBER, 1);
    uint16_t raw = 0;
    point.scale = 0.1;
    assert_int_equal(decode_write_value(&point, 12.3, &raw), ERR_OK);
    assert_int_equal(raw, 123);
    assert_int_equal(decode_write_value(&point, -1, &raw), ERR_ARGUMENT);
    assert_int_equal(decode_write_value(&point, 12.34, &raw), ERR_ARGUMENT);
    assert_int_equal(decode_write_value(&point, 7000, &raw), ERR_ARGUMENT);
    assert_int_equal(decode_write_value(&point, (double)NAN, &raw), ERR_ARGUMENT);
    point = point_of(RAW_S16, VALUE_INT, 1);
    assert_int_equal(decode_write_value(&point, -2, &raw), ERR_OK);
    assert_int_equal(raw, 0xFFFE);
    point.function = FUNCTION_INPUT;
    assert_int_equal(decode_write_value(&point, 1, &raw), ERR_UNSUPPORTED);
    point.function = FUNCTION_COIL;
    assert_int_equal(decode_write_value(&point, 1, &raw), ERR_OK);
    assert_int_equal(raw, 1);
    assert_int_equal(decode_write_value(&point, 2, &raw), ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_every_order_reads_back),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_scale_and_offset),
        cmocka_unit_test(test_bits_and_bytes),
        cmocka_unit_test(test_bcd),
        cmocka_unit_test(test_maps_and_sentinels),
        cmocka_unit_test(test_decimals_and_conditions_from_another_register),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_coils),
        cmocka_unit_test(test_never_outside_the_input),
        cmocka_unit_test(test_failed_reads_have_no_values),
        cmocka_unit_test(test_write_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
