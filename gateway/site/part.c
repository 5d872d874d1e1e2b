#include "gateway/site/part.h"

#include "gateway/base/check.h"

const char *const function_names[] = {"holding", "input", "coil", "discrete", NULL};
const char *const byte_names[] = {"hi", "lo", NULL};

enum function function_of(int index)
{
    static const enum function functions[] = {FUNCTION_HOLDING, FUNCTION_INPUT, FUNCTION_COIL, FUNCTION_DISCRETE};
    return functions[index];
}

enum byte_half byte_of(int index)
{
    return index == 0 ? BYTE_HIGH : index == 1 ? BYTE_LOW : BYTE_BOTH;
}

#define AT(member) offsetof(struct raw_part, member)
#define PART_FIELDS                                                                                                    \
    {.key = "function", .type = FIELD_CHOICE, .offset = AT(function), .choices = function_names},                      \
        {.key = "address", .type = FIELD_WHOLE, .offset = AT(address), .maximum = 65535, .required = true},            \
        {.key = "byte", .type = FIELD_CHOICE, .offset = AT(byte), .choices = byte_names},                              \
        {.key = "bit", .type = FIELD_WHOLE, .offset = AT(bit), .maximum = 15},                                         \
    {                                                                                                                  \
        .key = "bits", .type = FIELD_LIST, .offset = AT(bits)                                                          \
    }
#define EQUALS_FIELD                                                                                                   \
    {                                                                                                                  \
        .key = "equals", .type = FIELD_WHOLE, .offset = AT(equals), .maximum = 65535, .required = true                 \
    }
#define FIXED_FIELD                                                                                                    \
    {                                                                                                                  \
        .key = "fixed", .type = FIELD_BOOL, .offset = AT(fixed)                                                        \
    }

static const struct field probe_fields[] = {PART_FIELDS, EQUALS_FIELD};
static const struct field only_if_fields[] = {PART_FIELDS, EQUALS_FIELD, FIXED_FIELD};
static const struct field scale_from_fields[] = {
    PART_FIELDS,
    FIXED_FIELD,
    {.key = "decimals", .type = FIELD_OBJECT, .offset = AT(decimals)},
};
const struct shape probe_shape = SHAPE(probe_fields);
const struct shape only_if_shape = SHAPE(only_if_fields);
const struct shape scale_from_shape = SHAPE(scale_from_fields);

bool part_read_bits(const struct node *list, int64_t width, struct complaints *complaints, uint8_t *ret_first,
                    uint8_t *ret_count)
{
    int64_t from = 0;
    int64_t count = 0;
    const struct node *first = node_first(list);
    if (node_count(list) != 2) {
        complain_node(complaints, list, ON_VALUE, S_BAD_FORMAT,
                      WORDS(words_found(complaints, list), both("[first bit, number of bits]", "[起始位, 位数]")));
        return false;
    }
    if (!shape_whole(first, 0, 15, complaints, &from) || !shape_whole(node_next(first), 1, 16, complaints, &count))
        return false;
    if (from + count > width) {
        complain_node(complaints, list, ON_VALUE, S_BITS_RANGE,
                      WORDS(words_number(complaints, (double)from),
                            words_number(complaints, (double)(from + count - 1)),
                            width == 8 ? both("half a register", "半个寄存器") : both("a register", "寄存器"),
                            words_number(complaints, (double)(width - 1))));
        return false;
    }
    *ret_first = (uint8_t)from;
    *ret_count = (uint8_t)count;
    return true;
}

bool part_resolve(const struct node *node, const struct shape *shape, struct raw_part *ret_raw,
                  struct register_part *ret_part, struct complaints *complaints)
{
    struct raw_part raw = {
        .function = NOT_GIVEN, .address = NOT_GIVEN, .byte = NOT_GIVEN, .bit = NOT_GIVEN, .equals = NOT_GIVEN};
    size_t const errors = complaints->errors;
    if (!shape_read(node, shape, &raw, complaints))
        return false;
    struct register_part part = {.address = (uint16_t)raw.address, .byte = byte_of(raw.byte)};
    int64_t const width = part.byte == BYTE_BOTH ? 16 : 8;
    if (raw.bit != NOT_GIVEN && raw.bits != NULL)
        complain_node(complaints, raw.bits, ON_KEY, S_NOT_WITH, WORDS(same("\"bits\""), same("\"bit\"")));
    if (raw.bits != NULL)
        (void)part_read_bits(raw.bits, width, complaints, &part.bit_first, &part.bit_count);
    if (raw.bit >= width)
        complain_node(complaints, node_child(node, "bit"), ON_VALUE, S_BITS_RANGE,
                      WORDS(words_number(complaints, (double)raw.bit), words_number(complaints, (double)raw.bit),
                            both("half a register", "半个寄存器"), words_number(complaints, (double)(width - 1))));
    if (raw.bit != NOT_GIVEN) {
        part.bit_first = (uint8_t)raw.bit;
        part.bit_count = 1;
    }
    int64_t const most = (1 << (part.bit_count > 0 ? part.bit_count : width)) - 1;
    if (complaints->errors == errors && raw.equals > most)
        complain_node(complaints, node_child(node, "equals"), ON_VALUE, S_RAW_NEVER,
                      WORDS(words_number(complaints, (double)raw.equals), both("this part", "这一部分"), same("0"),
                            words_number(complaints, (double)most)));
    if (complaints->errors > errors)
        return false;
    *ret_raw = raw;
    *ret_part = part;
    return true;
}
