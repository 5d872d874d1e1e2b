#include "gateway/core/decode.h"

#include <math.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"

/* A raw value before scaling: an integer when it is one, a double otherwise. */
struct raw {
    bool is_double;
    bool is_natural; /* u64: `integer` holds its bits */
    int64_t integer;
    double number;
};

static uint16_t swap_bytes(uint16_t word)
{
    return (uint16_t)((word << 8) | (word >> 8));
}

/* The point's registers, most significant word first. */
static uint64_t join(const uint16_t *words, size_t word_count, enum word_order order)
{
    bool const words_reversed = order == ORDER_CDAB || order == ORDER_DCBA;
    bool const bytes_swapped = order == ORDER_BADC || order == ORDER_DCBA;
    uint64_t joined = 0;
    for (size_t i = 0; i < word_count; i++) {
        uint16_t word = words[words_reversed ? word_count - 1 - i : i];
        joined = (joined << 16) | (bytes_swapped ? swap_bytes(word) : word);
    }
    return joined;
}

static bool bcd(uint64_t digits, unsigned int digit_count, int64_t *ret_number)
{
    int64_t number = 0;
    for (unsigned int i = digit_count; i > 0; i--) {
        uint64_t digit = (digits >> (4 * (i - 1))) & 0xF;
        if (digit > 9)
            return false;
        number = number * 10 + (int64_t)digit;
    }
    *ret_number = number;
    return true;
}

static uint16_t half(uint16_t word, enum byte_half byte)
{
    switch (byte) {
    case BYTE_HIGH:
        return (uint16_t)(word >> 8);
    case BYTE_LOW:
        return word & 0xFF;
    case BYTE_BOTH:
        break;
    }
    return word;
}

static uint16_t some_bits(uint16_t word, uint8_t first, uint8_t count)
{
    if (first >= 16)
        return 0;
    uint32_t const mask = count == 0 || count >= 16 ? 0xFFFFu : (1u << count) - 1;
    return (uint16_t)(((uint32_t)word >> first) & mask);
}

static bool covered(const struct decode_input *input, uint16_t address, uint16_t count)
{
    return address >= input->address && (uint32_t)address + count <= (uint32_t)input->address + input->count;
}

static bool bit_at(const struct decode_input *input, uint16_t address)
{
    size_t const at = (size_t)address - input->address;
    return (input->bits[at / 8] >> (at % 8) & 1) != 0;
}

bool decode_part(const struct decode_input *input, struct register_part part, int64_t *ret_number)
{
    if (!covered(input, part.address, 1))
        return false;
    if (function_is_bits(input->function)) {
        *ret_number = bit_at(input, part.address) ? 1 : 0;
        return true;
    }
    uint16_t word = half(input->words[part.address - input->address], part.byte);
    *ret_number = some_bits(word, part.bit_first, part.bit_count);
    return true;
}

static float float_of(uint64_t bits)
{
    uint32_t const narrow = (uint32_t)bits;
    float number;
    memcpy(&number, &narrow, sizeof number);
    return number;
}

static double double_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static int64_t sign_extended(uint64_t bits, unsigned int width)
{
    uint64_t const sign = (uint64_t)1 << (width - 1);
    uint64_t const extended = (bits ^ sign) - sign;
    int64_t number;
    memcpy(&number, &extended, sizeof number);
    return number;
}

/* How many registers a raw type takes; 0: as many as the point says (strings). */
static size_t word_count_of(enum raw_type raw)
{
    switch (raw) {
    case RAW_U32:
    case RAW_S32:
    case RAW_F32:
    case RAW_BCD32:
        return 2;
    case RAW_U64:
    case RAW_S64:
    case RAW_F64:
        return 4;
    case RAW_STRING:
        return 0;
    case RAW_BIT:
    case RAW_BITS:
    case RAW_U16:
    case RAW_S16:
    case RAW_BCD16:
        break;
    }
    return 1;
}

static bool read_raw(const struct slave_point *point, const struct decode_input *input, struct raw *ret_raw)
{
    struct raw raw = {0};
    if (function_is_bits(point->function)) {
        raw.integer = bit_at(input, point->address) ? 1 : 0;
        *ret_raw = raw;
        return true;
    }
    const uint16_t *words = input->words + (point->address - input->address);
    uint64_t bits = join(words, word_count_of(point->raw), point->order);
    if (point->raw == RAW_BIT || point->raw == RAW_BITS || point->byte != BYTE_BOTH)
        bits = half((uint16_t)bits, point->byte);
    bool good = true;
    switch (point->raw) {
    case RAW_BIT:
        raw.integer = some_bits((uint16_t)bits, point->bit_first, 1);
        break;
    case RAW_BITS:
        raw.integer = some_bits((uint16_t)bits, point->bit_first, point->bit_count);
        break;
    case RAW_U16:
    case RAW_U32:
        raw.integer = (int64_t)bits;
        break;
    case RAW_S16:
        raw.integer = sign_extended(bits, point->byte == BYTE_BOTH ? 16 : 8);
        break;
    case RAW_S32:
        raw.integer = sign_extended(bits, 32);
        break;
    case RAW_S64:
        raw.integer = sign_extended(bits, 64);
        break;
    case RAW_U64:
        raw.is_natural = bits > INT64_MAX;
        memcpy(&raw.integer, &bits, sizeof raw.integer);
        break;
    case RAW_F32:
        raw.is_double = true;
        raw.number = (double)float_of(bits);
        break;
    case RAW_F64:
        raw.is_double = true;
        raw.number = double_of(bits);
        break;
    case RAW_BCD16:
        good = bcd(bits, 4, &raw.integer);
        break;
    case RAW_BCD32:
        good = bcd(bits, 8, &raw.integer);
        break;
    case RAW_STRING:
        good = false;
        break;
    }
    *ret_raw = raw;
    return good;
}

static double raw_number(const struct raw *raw)
{
    if (raw->is_double)
        return raw->number;
    if (raw->is_natural) {
        uint64_t natural;
        memcpy(&natural, &raw->integer, sizeof natural);
        return (double)natural;
    }
    return (double)raw->integer;
}

static bool same(double a, double b)
{
    return a <= b && a >= b;
}

static bool is_sentinel(const struct slave_point *point, const struct raw *raw)
{
    double const number = raw_number(raw);
    if (isnan(number) || isinf(number))
        return true;
    if (point->has_valid && (number < point->valid_low || number > point->valid_high))
        return true;
    for (size_t i = 0; i < point->invalid_count; i++)
        if (same(point->invalid[i], number))
            return true;
    return false;
}

/* 10^-decimals of another register, or false when that says nothing. */
static bool scale_from(const struct slave_point *point, const struct decode_input *input, double *ret_scale)
{
    int64_t raw;
    if (!decode_part(input, point->scale_from, &raw))
        return false;
    int decimals = -1;
    if (point->decimals_count == 0 && raw >= 0 && raw <= 9)
        decimals = (int)raw;
    for (size_t i = 0; i < point->decimals_count; i++)
        if (point->decimals[i].raw == raw)
            decimals = point->decimals[i].decimals; /* NOLINT(bugprone-signed-char-misuse,cert-str34-c): a number */
    if (decimals < 0 || decimals > 9)
        return false;
    /* dividing by a power of ten is exact where multiplying by 0.1 is not */
    double power = 1;
    for (int i = 0; i < decimals; i++)
        power *= 10;
    *ret_scale = power;
    return true;
}

/* raw * scale + offset, so that 123 with scale 0.1 is the double nearest to 12.3. */
static double scaled(const struct slave_point *point, double raw, double divisor)
{
    double value;
    double const inverse = 1 / point->scale;
    if (fabs(point->scale) < 1 && same(nearbyint(inverse), inverse))
        value = raw / (inverse * divisor);
    else
        value = raw * point->scale / divisor;
    return value + point->offset;
}

static bool is_plain(const struct slave_point *point)
{
    return !point->has_scale_from && same(point->scale, 1) && same(point->offset, 0);
}

static bool to_code(const struct slave_point *point, const struct raw *raw, union value *ret_value)
{
    if (raw->is_double || raw->is_natural)
        return false;
    for (size_t i = 0; i < point->map_count; i++) {
        if (point->map[i].raw == raw->integer) {
            ret_value->code = point->map[i].code;
            return point->map[i].code < point->code_count;
        }
    }
    return false;
}

static bool to_number(const struct slave_point *point, const struct decode_input *input, const struct raw *raw,
                      double *ret_number)
{
    double divisor = 1;
    if (point->has_scale_from && !scale_from(point, input, &divisor))
        return false;
    double number = is_plain(point) ? raw_number(raw) : scaled(point, raw_number(raw), divisor);
    if (!isfinite(number))
        return false;
    *ret_number = number;
    return true;
}

static bool to_integer(const struct slave_point *point, const struct decode_input *input, const struct raw *raw,
                       int64_t *ret_integer)
{
    if (!raw->is_double && !raw->is_natural && is_plain(point)) {
        *ret_integer = raw->integer;
        return true;
    }
    double number;
    if (!to_number(point, input, raw, &number) || fabs(number) >= 9.2e18)
        return false;
    *ret_integer = (int64_t)nearbyint(number);
    return true;
}

static bool to_natural(const struct slave_point *point, const struct decode_input *input, const struct raw *raw,
                       uint64_t *ret_natural)
{
    if (raw->is_natural && is_plain(point)) {
        memcpy(ret_natural, &raw->integer, sizeof *ret_natural);
        return true;
    }
    int64_t integer;
    if (!to_integer(point, input, raw, &integer) || integer < 0)
        return false;
    *ret_natural = (uint64_t)integer;
    return true;
}

static bool text_byte_is_padding(char byte)
{
    return byte == '\0' || byte == ' ';
}

static bool to_text(const struct slave_point *point, const struct decode_input *input, struct batch *batch,
                    union value *ret_value)
{
    size_t const size = (size_t)point->register_count * 2;
    if (size > BATCH_TEXT_MAX - (size_t)batch->text_size)
        return false;
    char *text = batch->texts + batch->text_size;
    bool const bytes_swapped = point->order == ORDER_BADC || point->order == ORDER_DCBA;
    for (size_t i = 0; i < point->register_count; i++) {
        uint16_t word = input->words[(size_t)(point->address - input->address) + i];
        if (bytes_swapped)
            word = swap_bytes(word);
        text[2 * i] = (char)(word >> 8);
        text[2 * i + 1] = (char)(word & 0xFF);
    }
    size_t const wanted = point->text_size > 0 && point->text_size < size ? point->text_size : size;
    size_t used = strnlen(text, wanted);
    while (used > 0 && text_byte_is_padding(text[used - 1]))
        used--;
    if (!text_is_utf8(text, used))
        return false;
    for (size_t i = 0; i < used; i++)
        if ((unsigned char)text[i] < 0x20)
            return false;
    ret_value->text.offset = batch->text_size;
    ret_value->text.size = (uint16_t)used;
    batch->text_size = (uint16_t)(batch->text_size + used);
    return true;
}

static bool to_value(const struct slave_point *point, const struct decode_input *input, struct batch *batch,
                     union value *ret_value)
{
    if (point->raw == RAW_STRING)
        return point->type == VALUE_TEXT && !function_is_bits(point->function) &&
               to_text(point, input, batch, ret_value);
    struct raw raw;
    if (!read_raw(point, input, &raw) || is_sentinel(point, &raw))
        return false;
    switch (point->type) {
    case VALUE_BOOL:
        ret_value->boolean = !same(raw_number(&raw), 0);
        return true;
    case VALUE_INT:
        return to_integer(point, input, &raw, &ret_value->integer);
    case VALUE_UINT:
        return to_natural(point, input, &raw, &ret_value->natural);
    case VALUE_NUMBER:
        return to_number(point, input, &raw, &ret_value->number);
    case VALUE_ENUM:
        return to_code(point, &raw, ret_value);
    case VALUE_TEXT:
        break;
    }
    return false;
}

/* A point whose description does not fit what was read must not be touched at all. */
static bool readable(const struct slave_point *point, const struct decode_input *input)
{
    size_t const words = word_count_of(point->raw);
    if (point->function != input->function || !covered(input, point->address, point->register_count))
        return false;
    if (function_is_bits(point->function))
        return point->register_count >= 1;
    return point->register_count >= 1 && words <= point->register_count;
}

static bool condition_holds(const struct slave_point *point, const struct decode_input *input)
{
    int64_t number;
    if (!point->has_only_if)
        return true;
    return decode_part(input, point->only_if, &number) && number == point->only_if_equals;
}

void decode_read(const struct site_slave *slave, const uint16_t *points, size_t point_count,
                 const struct decode_input *input, struct batch *ret_batch)
{
    CHECK(point_count <= BATCH_SAMPLES_MAX);
    ret_batch->text_size = 0;
    for (size_t i = 0; i < point_count; i++) {
        const struct slave_point *point = &slave->points[points[i]];
        struct sample sample = {.point = points[i], .quality = QUALITY_BAD, .reason = REASON_INVALID};
        union value value = {0};
        if (readable(point, input) && condition_holds(point, input) && to_value(point, input, ret_batch, &value)) {
            sample.value = value;
            sample.quality = QUALITY_GOOD;
            sample.reason = REASON_NONE;
        }
        ret_batch->samples[i] = sample;
    }
    ret_batch->sample_count = (uint16_t)point_count;
}

void decode_failed(const uint16_t *points, size_t point_count, enum reason reason, struct batch *ret_batch)
{
    CHECK(point_count <= BATCH_SAMPLES_MAX);
    for (size_t i = 0; i < point_count; i++)
        ret_batch->samples[i] = (struct sample){.point = points[i], .quality = QUALITY_BAD, .reason = (uint8_t)reason};
    ret_batch->sample_count = (uint16_t)point_count;
    ret_batch->text_size = 0;
}

enum err decode_write_value(const struct slave_point *point, double value, uint16_t *ret_raw)
{
    if (!isfinite(value))
        return ERR_ARGUMENT;
    if (point->function == FUNCTION_COIL) {
        if (!same(value, 0) && !same(value, 1))
            return ERR_ARGUMENT;
        *ret_raw = same(value, 1) ? 1 : 0;
        return ERR_OK;
    }
    bool const one_register = point->raw == RAW_U16 || point->raw == RAW_S16;
    if (point->function != FUNCTION_HOLDING || !one_register || point->byte != BYTE_BOTH || point->has_scale_from ||
        point->order == ORDER_BADC || point->order == ORDER_DCBA)
        return ERR_UNSUPPORTED;
    double const raw = nearbyint((value - point->offset) / point->scale);
    double const low = point->raw == RAW_S16 ? -32768 : 0;
    double const high = point->raw == RAW_S16 ? 32767 : 65535;
    if (!(raw >= low && raw <= high) || fabs(scaled(point, raw, 1) - value) > fabs(point->scale) * 1e-6)
        return ERR_ARGUMENT;
    *ret_raw = (uint16_t)((int32_t)raw & 0xFFFF);
    return ERR_OK;
}
