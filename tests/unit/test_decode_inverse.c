/* decode undoes encode: an encoder of its own puts values into registers as a device would, by tables of letters and by
 * decimal digits where core/decode shifts and divides, and decode_read() must give exactly those values back, for every type,
 * order of bytes, half of a register, field of bits and scale. */
#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/decode.h"

#define ROUNDS      600 /* of each combination */
#define WORDS_AHEAD 3   /* of noise before the point's registers */
#define IMAGE_WORDS 16

/* --- dice ----------------------------------------------------------------------------------------------------------- */

static uint64_t dice_state;

static uint64_t dice(void) /* splitmix64 */
{
    uint64_t z = (dice_state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Edges more often than they would come by themselves. */
static uint64_t some_bits(unsigned int width)
{
    uint64_t const all = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    switch (dice() % 8) {
    case 0:
        return 0;
    case 1:
        return all;
    case 2:
        return UINT64_C(1) << (width - 1);
    case 3:
        return all >> 1;
    default:
        return dice() & all;
    }
}

/* --- the device's side ---------------------------------------------------------------------------------------------- */

/* Which byte stands where on the wire; A is the most significant one (model/site.h). */
static const char *letters(size_t bytes, enum word_order order)
{
    static const char *const two[] = {"AB", "AB", "BA", "BA"};
    static const char *const four[] = {"ABCD", "CDAB", "BADC", "DCBA"};
    static const char *const eight[] = {"ABCDEFGH", "GHEFCDAB", "BADCFEHG", "HGFEDCBA"};
    return bytes == 2 ? two[order] : bytes == 4 ? four[order] : eight[order];
}

/* `value` as a number of so many bytes, on the wire. */
static void put(uint64_t value, size_t bytes, enum word_order order, uint8_t *ret_wire)
{
    const char *places = letters(bytes, order);
    for (size_t i = 0; i < bytes; i++) {
        size_t const significance = bytes - 1 - (size_t)(places[i] - 'A');
        uint64_t divided = value;
        for (size_t k = 0; k < significance; k++)
            divided /= 256;
        ret_wire[i] = (uint8_t)(divided % 256);
    }
}

static uint64_t bcd_of(uint64_t number, int digits)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%0*llu", digits, (unsigned long long)number);
    return strtoull(text, NULL, 16);
}

/* --- one case ------------------------------------------------------------------------------------------------------- */

struct scaling {
    const char *scale; /* as a profile writes it */
    int decimals;      /* the decimal point moves so far to the left; -1: no power of ten */
    double offset;
};

static const struct scaling scalings[] = {
    {"1", 0, 0},     {"0.1", 1, 0},    {"0.01", 2, 0},    {"0.001", 3, 0},  {"10", -1, 0},
    {"0.5", -1, -3}, {"0.1", -1, -50}, {"0.0625", -1, 0}, {"-0.1", -1, 20}, {"6.894757", -1, 0},
};

struct trial {
    struct slave_point point;
    size_t bytes;
    uint64_t bits;    /* what goes onto the wire, most significant byte first */
    bool is_negative; /* the raw number: sign, magnitude; a float stands in `number` */
    uint64_t magnitude;
    bool is_float;
    double number;
};

static void set_float(struct trial *trial, double number)
{
    trial->is_float = true;
    trial->number = number;
}

static void make_whole(struct trial *trial, unsigned int width, bool is_signed)
{
    trial->bits = some_bits(width);
    bool const negative = is_signed && trial->bits >= UINT64_C(1) << (width - 1);
    uint64_t const modulus = width == 64 ? 0 : UINT64_C(1) << width; /* 0 is 2^64 here */
    trial->is_negative = negative;
    trial->magnitude = negative ? modulus - trial->bits : trial->bits;
}

static void make_bcd(struct trial *trial, int digits, uint64_t limit)
{
    trial->magnitude = dice() % limit;
    trial->bits = bcd_of(trial->magnitude, digits);
}

static void make_f32(struct trial *trial)
{
    uint32_t bits = (uint32_t)some_bits(32);
    float number;
    memcpy(&number, &bits, sizeof number);
    trial->bits = bits;
    set_float(trial, (double)number);
}

static void make_f64(struct trial *trial)
{
    trial->bits = some_bits(64);
    double number;
    memcpy(&number, &trial->bits, sizeof number);
    set_float(trial, number);
}

/* A value for the type, in half a register or a whole one. */
static void make_value(struct trial *trial, enum raw_type raw, enum byte_half byte)
{
    unsigned int const width = byte == BYTE_BOTH ? 16 : 8;
    trial->bytes = 2;
    switch (raw) {
    case RAW_U16:
        make_whole(trial, width, false);
        return;
    case RAW_S16:
        make_whole(trial, width, true);
        return;
    case RAW_BCD16:
        make_bcd(trial, width == 8 ? 2 : 4, width == 8 ? 100 : 10000);
        return;
    case RAW_U32:
    case RAW_S32:
        trial->bytes = 4;
        make_whole(trial, 32, raw == RAW_S32);
        return;
    case RAW_BCD32:
        trial->bytes = 4;
        make_bcd(trial, 8, 100000000);
        return;
    case RAW_U64:
    case RAW_S64:
        trial->bytes = 8;
        make_whole(trial, 64, raw == RAW_S64);
        return;
    case RAW_F32:
        trial->bytes = 4;
        make_f32(trial);
        return;
    case RAW_F64:
        trial->bytes = 8;
        make_f64(trial);
        return;
    case RAW_BIT:
    case RAW_BITS:
    case RAW_STRING:
        break;
    }
    fail_msg("no such type here");
}

/* A field of bits in the register (or half of it), and noise around it: `bits` is the whole register then. */
static void make_field(struct trial *trial, enum byte_half byte, bool single)
{
    unsigned int const width = byte == BYTE_BOTH ? 16 : 8;
    unsigned int const first = (unsigned int)(dice() % width);
    unsigned int const count = single ? 1 : 1 + (unsigned int)(dice() % (width - first));
    uint64_t noise = dice() % (1u << width);
    trial->bytes = 2;
    trial->magnitude = dice() % (1u << count);
    for (unsigned int i = 0; i < count; i++) { /* bit by bit */
        uint64_t const weight = UINT64_C(1) << (first + i);
        bool const wanted = trial->magnitude / (UINT64_C(1) << i) % 2 == 1;
        bool const is = noise / weight % 2 == 1;
        noise = wanted && !is ? noise + weight : !wanted && is ? noise - weight : noise;
    }
    trial->bits = noise;
    trial->point.bit_first = (uint8_t)first;
    trial->point.bit_count = (uint8_t)count;
}

/* Onto the wire, with noise in front, behind and in the other half of the register. */
static void encode(const struct trial *trial, uint16_t *words)
{
    uint8_t wire[8];
    uint64_t bits = trial->bits;
    if (trial->point.byte != BYTE_BOTH) {
        uint64_t const other = dice() % 256;
        bits = trial->point.byte == BYTE_HIGH ? bits * 256 + other : other * 256 + bits;
    }
    put(bits, trial->bytes, trial->point.order, wire);
    for (size_t i = 0; i < IMAGE_WORDS; i++)
        words[i] = (uint16_t)dice();
    for (size_t i = 0; i < trial->bytes / 2; i++)
        words[WORDS_AHEAD + i] = (uint16_t)(wire[2 * i] * 256 + wire[2 * i + 1]);
}

static struct sample decode(const struct slave_point *point, const uint16_t *words)
{
    static struct batch batch;
    struct site_slave const slave = {.points = point, .point_count = 1};
    uint16_t const index = 0;
    struct decode_input const input = {.function = point->function,
                                       .address = (uint16_t)(point->address - WORDS_AHEAD),
                                       .count = IMAGE_WORDS,
                                       .words = words};
    decode_read(&slave, &index, 1, &input, &batch);
    return batch.samples[0];
}

/* --- what must come back -------------------------------------------------------------------------------------------- */

static double raw_number(const struct trial *trial)
{
    if (trial->is_float)
        return trial->number;
    double const magnitude = (double)trial->magnitude;
    return trial->is_negative ? -magnitude : magnitude;
}

static bool same(double a, double b)
{
    return a <= b && a >= b;
}

/* 1234 with two decimals is the double that "12.34" names. */
static double with_decimals(const struct trial *trial, int decimals)
{
    char text[48];
    (void)snprintf(text, sizeof text, "%s%llue-%d", trial->is_negative ? "-" : "", (unsigned long long)trial->magnitude,
                   decimals);
    return strtod(text, NULL);
}

static void expect_number(const struct trial *trial, const struct scaling *scaling, struct sample sample)
{
    double const raw = raw_number(trial);
    long double const wanted = (long double)raw * strtold(scaling->scale, NULL) + (long double)scaling->offset;
    if (!isfinite(raw) || !isfinite((double)wanted)) {
        assert_int_equal(sample.quality, QUALITY_BAD);
        assert_int_equal(sample.reason, REASON_INVALID);
        return;
    }
    assert_int_equal(sample.quality, QUALITY_GOOD);
    bool const exact = scaling->decimals >= 0 && !trial->is_float && trial->magnitude < UINT64_C(1) << 53;
    double const is = sample.value.number;
    long double const far = fabsl((long double)is - wanted);
    /* Three operations on doubles: a few units in the last place of what they handle, and of the smallest ones. */
    long double const slack =
        4e-16L * (fabsl((long double)raw * strtold(scaling->scale, NULL)) + fabsl(wanted)) + 1e-320L;
    if (exact ? !same(is, with_decimals(trial, scaling->decimals)) : far > slack)
        fail_msg("raw %.17g scale %s offset %g: %.17g, not %.17Lg", raw, scaling->scale, scaling->offset, is, wanted);
}

static void expect_whole(const struct trial *trial, struct sample sample)
{
    bool const natural = trial->point.type == VALUE_UINT;
    bool const fits = natural || trial->is_negative || trial->magnitude <= INT64_MAX;
    if (!fits) {
        assert_int_equal(sample.quality, QUALITY_BAD);
        return;
    }
    assert_int_equal(sample.quality, QUALITY_GOOD);
    if (natural) {
        assert_true(sample.value.natural == trial->magnitude);
    } else {
        char wanted[32];
        char is[32];
        (void)snprintf(wanted, sizeof wanted, "%s%llu", trial->is_negative ? "-" : "",
                       (unsigned long long)trial->magnitude);
        (void)snprintf(is, sizeof is, "%lld", (long long)sample.value.integer);
        assert_string_equal(is, wanted);
    }
}

static struct slave_point point_base(enum raw_type raw, enum word_order order, enum byte_half byte)
{
    return (struct slave_point){.id = "p",
                                .function = dice() % 2 == 0 ? FUNCTION_HOLDING : FUNCTION_INPUT,
                                .address = (uint16_t)(WORDS_AHEAD + dice() % 60000),
                                .raw = raw,
                                .order = order,
                                .byte = byte,
                                .scale = 1};
}

/* --- tests ---------------------------------------------------------------------------------------------------------- */

static size_t cases;

static void run_number(struct trial *trial, const struct scaling *scaling)
{
    uint16_t words[IMAGE_WORDS];
    trial->point.register_count = (uint16_t)(trial->bytes / 2);
    trial->point.type = VALUE_NUMBER;
    trial->point.scale = strtod(scaling->scale, NULL);
    trial->point.offset = scaling->offset;
    encode(trial, words);
    expect_number(trial, scaling, decode(&trial->point, words));
    cases++;
}

static void run_whole(struct trial *trial)
{
    uint16_t words[IMAGE_WORDS];
    trial->point.register_count = (uint16_t)(trial->bytes / 2);
    trial->point.type = trial->point.raw == RAW_U64 ? VALUE_UINT : VALUE_INT;
    trial->point.scale = 1;
    trial->point.offset = 0;
    encode(trial, words);
    expect_whole(trial, decode(&trial->point, words));
    cases++;
}

static void run_combination(enum raw_type raw, enum word_order order, enum byte_half byte)
{
    bool const is_float = raw == RAW_F32 || raw == RAW_F64;
    for (size_t round = 0; round < ROUNDS; round++) {
        const struct scaling *scaling = &scalings[round % ARRAY_SIZE(scalings)];
        struct trial trial = {.point = point_base(raw, order, byte)};
        if (raw == RAW_BITS)
            make_field(&trial, byte, false);
        else
            make_value(&trial, raw, byte);
        run_number(&trial, scaling);
        if (!is_float)
            run_whole(&trial);
    }
}

static void numbers_come_back(void **state)
{
    static const enum raw_type types[] = {RAW_U16,   RAW_S16, RAW_BCD16, RAW_BITS, RAW_U32, RAW_S32,
                                          RAW_BCD32, RAW_U64, RAW_S64,   RAW_F32,  RAW_F64};
    (void)state;
    cases = 0;
    dice_state = 1;
    for (size_t type = 0; type < ARRAY_SIZE(types); type++)
        for (enum word_order order = ORDER_ABCD; order <= ORDER_DCBA; order++)
            for (enum byte_half byte = BYTE_BOTH; byte <= BYTE_LOW; byte++)
                if (byte == BYTE_BOTH || type <= 3)
                    for (size_t i = 0; i < 5; i++)
                        run_combination(types[type], order, byte);
    assert_true(cases >= 200000);
}

static void single_bits_come_back(void **state)
{
    uint16_t words[IMAGE_WORDS];
    (void)state;
    dice_state = 2;
    for (size_t round = 0; round < 20000; round++) {
        struct trial trial = {.point = point_base(RAW_BIT, (enum word_order)(round % 4), (enum byte_half)(round % 3))};
        make_field(&trial, trial.point.byte, true);
        trial.point.register_count = 1;
        trial.point.type = VALUE_BOOL;
        encode(&trial, words);
        struct sample const sample = decode(&trial.point, words);
        assert_int_equal(sample.quality, QUALITY_GOOD);
        assert_int_equal(sample.value.boolean, trial.magnitude == 1);
    }
}

/* The sentinel is bad and its neighbour is not; a range is bad outside and good at its ends. */
static void sentinels_and_ranges_are_about_raw_numbers(void **state)
{
    static const enum raw_type types[] = {RAW_U16, RAW_S16, RAW_U32, RAW_S32, RAW_BCD16, RAW_BCD32};
    uint16_t words[IMAGE_WORDS];
    (void)state;
    dice_state = 3;
    for (size_t round = 0; round < 20000; round++) {
        struct trial trial = {
            .point = point_base(types[round % ARRAY_SIZE(types)], (enum word_order)(round % 4), BYTE_BOTH)};
        make_value(&trial, trial.point.raw, BYTE_BOTH);
        double const raw = raw_number(&trial);
        double const sentinel = raw + (double)(dice() % 3) - 1;
        double const low = raw + (double)(dice() % 5) - 2;
        trial.point.register_count = (uint16_t)(trial.bytes / 2);
        trial.point.type = VALUE_NUMBER;
        trial.point.scale = 0.1;
        trial.point.invalid = &sentinel;
        trial.point.invalid_count = 1;
        trial.point.has_valid = round % 2 == 0;
        trial.point.valid_low = low;
        trial.point.valid_high = low + (double)(dice() % 3);
        bool const inside = !trial.point.has_valid || (raw >= low && raw <= trial.point.valid_high);
        encode(&trial, words);
        assert_int_equal(decode(&trial.point, words).quality,
                         inside && !same(raw, sentinel) ? QUALITY_GOOD : QUALITY_BAD);
    }
}

static void texts_come_back(void **state)
{
    static struct batch batch;
    (void)state;
    dice_state = 4;
    for (size_t round = 0; round < 5000; round++) {
        enum word_order const order = (enum word_order)(round % 4);
        size_t const size = 1 + dice() % 20;
        uint8_t wire[24];
        uint16_t words[12];
        char text[21] = "";
        for (size_t i = 0; i < size; i++)
            text[i] = (char)('!' + dice() % 90);
        for (size_t i = 0; i < sizeof wire; i++)
            wire[i] = i < size ? (uint8_t)text[i] : 0xFF; /* what lies behind is no text */
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
            words[i] = letters(2, order)[0] == 'A' ? (uint16_t)(wire[2 * i] * 256 + wire[2 * i + 1])
                                                   : (uint16_t)(wire[2 * i + 1] * 256 + wire[2 * i]);
        struct slave_point point = {.id = "p",
                                    .function = FUNCTION_HOLDING,
                                    .register_count = (uint16_t)((size + 1) / 2),
                                    .raw = RAW_STRING,
                                    .text_size = (uint8_t)size,
                                    .order = order,
                                    .type = VALUE_TEXT,
                                    .scale = 1};
        struct site_slave const slave = {.points = &point, .point_count = 1};
        uint16_t const index = 0;
        struct decode_input const input = {.function = FUNCTION_HOLDING, .count = ARRAY_SIZE(words), .words = words};
        decode_read(&slave, &index, 1, &input, &batch);
        assert_int_equal(batch.samples[0].quality, QUALITY_GOOD);
        assert_int_equal(batch.samples[0].value.text.size, size);
        assert_memory_equal(batch.texts + batch.samples[0].value.text.offset, text, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(single_bits_come_back),
        cmocka_unit_test(sentinels_and_ranges_are_about_raw_numbers),
        cmocka_unit_test(texts_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
