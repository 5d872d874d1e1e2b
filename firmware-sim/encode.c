#include "firmware-sim/encode.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where byte k (0 the most significant) of a number of `size` bytes lies on the wire. */
static size_t wire_place(enum order order, size_t size, size_t k)
{
    size_t word = k / 2;
    size_t byte = k % 2;
    if (order == ORDER_CDAB || order == ORDER_DCBA)
        word = size / 2 - 1 - word;
    if (order == ORDER_BADC || order == ORDER_DCBA)
        byte = 1 - byte;
    return 2 * word + byte;
}

static void put_byte(uint16_t *registers, size_t place, uint8_t byte)
{
    uint16_t *word = &registers[place / 2];
    *word = place % 2 == 0 ? (uint16_t)((*word & 0x00FF) | byte << 8) : (uint16_t)((*word & 0xFF00) | byte);
}

static uint8_t get_byte(const uint16_t *registers, size_t place)
{
    return (uint8_t)(place % 2 == 0 ? registers[place / 2] >> 8 : registers[place / 2] & 0xFF);
}

void encode_part(const struct part *part, uint16_t raw, uint16_t *word)
{
    unsigned mask = ((1U << part->width) - 1U) << part->shift;
    *word = (uint16_t)((*word & ~mask) | (((unsigned)raw << part->shift) & mask));
}

void encode_raw(const struct point *point, uint64_t raw, uint16_t *registers)
{
    if (point->count == 1 && point->width < 16) {
        struct part part = {.address = point->address, .shift = point->shift, .width = point->width};
        encode_part(&part, (uint16_t)(raw & 0xFFFF), registers);
        return;
    }
    size_t size = (size_t)2 * point->count;
    for (size_t k = 0; k < size && k < 8; k++)
        put_byte(registers, wire_place(point->order, size, size - 1 - k), (uint8_t)(raw >> (8 * k) & 0xFF));
}

static uint64_t decode_raw(const struct point *point, const uint16_t *registers)
{
    if (point->count == 1 && point->width < 16)
        return (uint64_t)registers[0] >> point->shift & ((1U << point->width) - 1U);
    size_t size = (size_t)2 * point->count;
    uint64_t raw = 0;
    for (size_t k = 0; k < size && k < 8; k++)
        raw = raw << 8 | get_byte(registers, wire_place(point->order, size, k));
    return raw;
}

static int64_t signed_raw(const struct point *point, uint64_t raw)
{
    int64_t number;
    uint64_t sign = (uint64_t)1 << (point->width - 1);
    if (point->width < 64 && (raw & sign) != 0)
        raw |= ~((sign << 1) - 1);
    memcpy(&number, &raw, sizeof number);
    return number;
}

static uint64_t to_bcd(uint64_t number, unsigned digits)
{
    uint64_t bcd = 0;
    for (unsigned i = 0; i < digits; i++) {
        bcd |= number % 10 << (4 * i);
        number /= 10;
    }
    return bcd;
}

static uint64_t from_bcd(uint64_t bcd, unsigned digits)
{
    uint64_t number = 0;
    for (unsigned i = digits; i-- > 0;)
        number = number * 10 + (bcd >> (4 * i) & 0xF);
    return number;
}

static uint64_t signed_bits(const struct point *point, double raw)
{
    double end = ldexp(1, point->width - 1);
    int64_t most = (int64_t)(((uint64_t)1 << (point->width - 1)) - 1);
    int64_t bits = raw <= -end ? -most - 1 : raw >= end ? most : (int64_t)raw;
    uint64_t result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

static uint64_t unsigned_bits(uint64_t most, double raw)
{
    if (!(raw > 0))
        return 0;
    return raw >= (double)most ? most : (uint64_t)raw;
}

/* The nearest raw number, within the type. */
static uint64_t integer_raw(const struct point *point, double number)
{
    unsigned digits = point->width / 4U;
    double raw = isnan(number) ? 0 : round(number);
    if (point->kind == POINT_SIGNED)
        return signed_bits(point, raw);
    if (point->kind == POINT_BCD)
        return to_bcd(unsigned_bits(digits == 4 ? 9999 : 99999999, raw), digits);
    return unsigned_bits(point->width == 64 ? UINT64_MAX : ((uint64_t)1 << point->width) - 1, raw);
}

static uint64_t float_raw(const struct point *point, double number)
{
    uint64_t raw = 0;
    uint32_t half;
    float single = (float)(fabs(number) > 3.4e38 ? copysign(3.4e38, number) : number);
    if (point->width == 64) {
        memcpy(&raw, &number, sizeof raw);
        return raw;
    }
    memcpy(&half, &single, sizeof half);
    return half;
}

static double raw_float(const struct point *point, uint64_t raw)
{
    uint32_t half = (uint32_t)(raw & UINT32_MAX);
    float single;
    double number;
    if (point->width == 64) {
        memcpy(&number, &raw, sizeof number);
        return number;
    }
    memcpy(&single, &half, sizeof single);
    return (double)single;
}

static void put_string(const struct point *point, const char *text, uint16_t *registers)
{
    size_t size = (size_t)2 * point->count;
    size_t length = strnlen(text, size);
    bool swapped = point->order == ORDER_BADC || point->order == ORDER_DCBA;
    for (size_t k = 0; k < size; k++)
        put_byte(registers, swapped ? k ^ 1U : k, (uint8_t)(k < length ? text[k] : '\0'));
}

static const struct map_entry *map_by_name(const struct point *point, const char *name)
{
    for (size_t i = 0; name != NULL && i < point->map_count; i++) {
        if (strcmp(point->map[i].name, name) == 0)
            return &point->map[i];
    }
    return NULL;
}

static const struct map_entry *map_by_raw(const struct point *point, long long raw)
{
    for (size_t i = 0; i < point->map_count; i++) {
        if (point->map[i].raw == raw)
            return &point->map[i];
    }
    return NULL;
}

static long long map_key(const struct point *point, uint64_t raw)
{
    if (point->kind == POINT_SIGNED)
        return signed_raw(point, raw);
    return raw <= INT64_MAX ? (long long)raw : INT64_MAX;
}

/* Several raw numbers may mean one code; then the one that stands there is as good as any, and another point that tells
 * these numbers apart keeps its say. */
static bool says_already(const struct point *point, const char *code, const uint16_t *registers)
{
    if (point->map_count == 0 || code == NULL)
        return false;
    const struct map_entry *entry = map_by_raw(point, map_key(point, decode_raw(point, registers)));
    return entry != NULL && strcmp(entry->name, code) == 0;
}

/* The raw number (before type and order) that stands for the value; NaN for none. */
static double value_raw(const struct point *point, struct value value)
{
    const struct map_entry *entry = map_by_name(point, value.text);
    if (entry != NULL)
        return (double)entry->raw;
    if (point->kind == POINT_BIT || point->map_count > 0)
        return value.number;
    if (isnan(value.number))
        return point->has_sentinel ? point->sentinel : value.number;
    return (value.number - point->offset) / point->scale;
}

bool encode_value(const struct point *point, struct value value, uint16_t *registers)
{
    if (point->kind == POINT_STRING) {
        if (value.text != NULL)
            put_string(point, value.text, registers);
        return value.text != NULL;
    }
    if (says_already(point, value.text, registers))
        return true;
    double raw = value_raw(point, value);
    if (value.text != NULL && isnan(raw))
        return false;
    if (point->kind == POINT_FLOAT)
        encode_raw(point, float_raw(point, raw), registers);
    else if (point->kind == POINT_BIT)
        encode_raw(point, fabs(raw) > 0 ? 1 : 0, registers);
    else
        encode_raw(point, integer_raw(point, raw), registers);
    return true;
}

/* Outside of what is valid, on the side where the type has room. */
static double beyond_valid(const struct point *plain, uint16_t *registers)
{
    double above = plain->valid_high + 1;
    (void)encode_value(plain, (struct value){.number = above, .text = NULL}, registers);
    return decode_number(plain, registers) > plain->valid_high ? above : plain->valid_low - 1;
}

bool encode_invalid(const struct point *point, uint16_t *registers)
{
    struct point plain = *point; /* raw numbers as they stand */
    plain.scale = 1;
    plain.offset = 0;
    plain.map_count = 0;
    if (point->kind == POINT_STRING || point->kind == POINT_BIT)
        return false;
    double raw = point->has_sentinel ? point->sentinel : (double)NAN;
    if (!point->has_sentinel && point->has_valid)
        raw = beyond_valid(&plain, registers);
    if (isnan(raw) && point->kind != POINT_FLOAT)
        return false;
    return encode_value(&plain, (struct value){.number = raw, .text = NULL}, registers);
}

double decode_number(const struct point *point, const uint16_t *registers)
{
    uint64_t raw = decode_raw(point, registers);
    double number = (double)raw;
    switch (point->kind) {
    case POINT_STRING:
        return (double)NAN;
    case POINT_BIT:
        return number;
    case POINT_SIGNED:
        number = (double)signed_raw(point, raw);
        break;
    case POINT_FLOAT:
        number = raw_float(point, raw);
        break;
    case POINT_BCD:
        number = (double)from_bcd(raw, point->width / 4U);
        break;
    case POINT_UNSIGNED:
        break;
    }
    return point->map_count > 0 ? number : number * point->scale + point->offset;
}

static void print_string(const struct point *point, const uint16_t *registers, struct text *out)
{
    bool swapped = point->order == ORDER_BADC || point->order == ORDER_DCBA;
    size_t size = (size_t)2 * point->count;
    for (size_t k = 0; k < size; k++) {
        uint8_t byte = get_byte(registers, swapped ? k ^ 1U : k);
        if (byte == 0)
            break;
        text_add(out, "%c", byte < ' ' || byte == 0x7F ? '?' : byte);
    }
}

/* The fewest digits that read back as the same double, or for 32-bit floats as the same float. */
static void print_shortest(double number, bool single, struct text *out)
{
    char digits[40];
    struct text text;
    for (int precision = 6; precision <= 17; precision++) {
        text_init(&text, digits, sizeof digits);
        text_add(&text, "%.*g", precision, number);
        double back = strtod(digits, NULL);
        bool same = single ? !((float)back < (float)number) && !((float)back > (float)number)
                           : !(back < number) && !(back > number);
        if (same)
            break;
    }
    text_add(out, "%s", digits);
}

static bool is_plain(const struct point *point)
{
    return !(fabs(point->scale - 1) > 0) && !(fabs(point->offset) > 0);
}

void decode_print(const struct point *point, const uint16_t *registers, struct text *out)
{
    uint64_t raw = decode_raw(point, registers);
    if (point->kind == POINT_STRING) {
        print_string(point, registers, out);
        return;
    }
    const struct map_entry *entry = map_by_raw(point, map_key(point, raw));
    if (entry != NULL)
        text_add(out, "%s", entry->name);
    else if (point->kind == POINT_BIT)
        text_add(out, "%s", raw != 0 ? "true" : "false");
    else if (point->kind == POINT_UNSIGNED && (is_plain(point) || point->map_count > 0))
        text_add(out, "%" PRIu64, raw);
    else if (point->kind == POINT_SIGNED && (is_plain(point) || point->map_count > 0))
        text_add(out, "%" PRId64, signed_raw(point, raw));
    else if (point->kind == POINT_FLOAT)
        print_shortest(decode_number(point, registers), point->width == 32, out);
    else /* ten digits: what a scaled integer of any sense needs, without the noise of binary fractions */
        text_add(out, "%.10g", decode_number(point, registers));
}

static bool refuse_code(const struct point *point, const char *word, struct text *why)
{
    text_add(why, "%s has no code \"%s\"; it knows", point->id, word);
    for (size_t i = 0; i < point->map_count; i++)
        text_add(why, " %s", point->map[i].name);
    return false;
}

bool value_read(const struct point *point, const char *word, struct value *ret_value, struct text *why)
{
    struct value value = {.number = (double)NAN, .text = NULL};
    if (point->kind == POINT_STRING || map_by_name(point, word) != NULL)
        value.text = word;
    else if (text_equals(word, "true") || text_equals(word, "false"))
        value.number = text_equals(word, "true") ? 1 : 0;
    else if (!text_equals(word, "nan") && !text_to_number(word, &value.number))
        return point->map_count > 0 ? refuse_code(point, word, why)
                                    : text_refuse(why, "\"%s\" is no value for %s", word, point->id);
    if (point->map_count > 0 && value.text == NULL &&
        (!(fabs(value.number) < 1e15) || map_by_raw(point, llround(value.number)) == NULL))
        return refuse_code(point, word, why);
    *ret_value = value;
    return true;
}
