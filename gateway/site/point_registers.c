/* Which registers hold a point, and how: function, address, type, order, byte, bits. */
#include "gateway/base/check.h"
#include "gateway/site/resolver.h"

enum type_index {
    TYPE_U16,
    TYPE_S16,
    TYPE_BCD16,
    TYPE_BITS,
    TYPE_U32,
    TYPE_S32,
    TYPE_BCD32,
    TYPE_F32,
    TYPE_U64,
    TYPE_S64,
    TYPE_F64,
    TYPE_STRING,
    TYPE_COUNT
};

const char *const raw_type_names[TYPE_COUNT + 1] = {"u16", "s16", "bcd16", "bits", "u32",    "s32", "bcd32",
                                                    "f32", "u64", "s64",   "f64",  "string", NULL};

static const struct {
    enum raw_type raw;
    uint16_t registers;
} types[TYPE_COUNT] = {
    [TYPE_U16] = {RAW_U16, 1},     [TYPE_S16] = {RAW_S16, 1}, [TYPE_BCD16] = {RAW_BCD16, 1},
    [TYPE_BITS] = {RAW_BITS, 1},   [TYPE_U32] = {RAW_U32, 2}, [TYPE_S32] = {RAW_S32, 2},
    [TYPE_BCD32] = {RAW_BCD32, 2}, [TYPE_F32] = {RAW_F32, 2}, [TYPE_U64] = {RAW_U64, 4},
    [TYPE_S64] = {RAW_S64, 4},     [TYPE_F64] = {RAW_F64, 4}, [TYPE_STRING] = {RAW_STRING, 0},
};

/* Keys that mean nothing for a coil or discrete input. */
static void resolve_bit_function(struct resolver *r)
{
    static const char *const meaningless[] = {"type",   "length",     "order", "byte",    "bit",   "bits", "scale",
                                              "offset", "scale_from", "map",   "invalid", "valid", "unit"};
    for (size_t i = 0; i < ARRAY_SIZE(meaningless); i++)
        if (node_child(r->at, meaningless[i]) != NULL)
            refuse(r, meaningless[i], ON_KEY, S_BIT_FUNCTION,
                   WORDS(words_format(complaints_of(r), "\"%s\"", meaningless[i]),
                         same(function_names[r->raw->function])));
    r->point->raw = RAW_BIT;
    r->point->register_count = 1;
    r->point->bit_count = 1;
}

static void refuse_with(struct resolver *r, const char *key, const char *with)
{
    refuse(
        r, key, ON_KEY, S_NOT_WITH,
        WORDS(words_format(complaints_of(r), "\"%s\"", key), words_format(complaints_of(r), "\"type\": \"%s\"", with)));
}

static void resolve_bits(struct resolver *r)
{
    const struct raw_point *raw = r->raw;
    int64_t const width = raw->byte == NOT_GIVEN ? 16 : 8;
    bool const spoiled = (raw->bit == NOT_GIVEN && node_child(r->at, "bit") != NULL) ||
                         (raw->bits == NULL && node_child(r->at, "bits") != NULL);
    if (spoiled) {
        r->failed = true; /* it was complained about when it was read */
    } else if ((raw->bit == NOT_GIVEN) == (raw->bits == NULL)) {
        refuse(r, "type", ON_VALUE, S_NEEDS_KEY,
               WORDS(same("\"type\": \"bits\""),
                     both("exactly one of \"bit\" and \"bits\"", "\"bit\" 和 \"bits\" 其中一个")));
    } else if (raw->bits != NULL) {
        r->failed |= !part_read_bits(raw->bits, width, complaints_of(r), &r->point->bit_first, &r->point->bit_count);
    } else if (raw->bit >= width) {
        refuse(r, "bit", ON_VALUE, S_BITS_RANGE,
               WORDS(words_number(complaints_of(r), (double)raw->bit), words_number(complaints_of(r), (double)raw->bit),
                     both("half a register", "半个寄存器"), words_number(complaints_of(r), (double)(width - 1))));
    } else {
        r->point->raw = RAW_BIT;
        r->point->bit_first = (uint8_t)raw->bit;
        r->point->bit_count = 1;
    }
}

static void check_type_keys(struct resolver *r)
{
    const struct raw_point *raw = r->raw;
    const char *name = raw_type_names[raw->type];
    if (raw->type != TYPE_BITS && raw->bit != NOT_GIVEN)
        refuse_with(r, "bit", name);
    if (raw->type != TYPE_BITS && raw->bits != NULL)
        refuse_with(r, "bits", name);
    if (types[raw->type].registers != 1 && raw->byte != NOT_GIVEN)
        refuse_with(r, "byte", name);
    if (types[raw->type].registers == 1 && raw->order != NOT_GIVEN)
        refuse_with(r, "order", name);
    if (raw->type != TYPE_STRING && raw->length != NOT_GIVEN)
        refuse_with(r, "length", name);
    if (raw->type == TYPE_STRING && raw->length == NOT_GIVEN && node_child(r->at, "length") == NULL)
        refuse(r, "type", ON_VALUE, S_NEEDS_KEY, WORDS(same("\"type\": \"string\""), same("\"length\"")));
    bool const unscaled = raw->type == TYPE_STRING || (raw->type == TYPE_BITS && raw->bit != NOT_GIVEN);
    static const char *const scaling[] = {"scale", "offset", "scale_from", "map", "invalid", "valid", "unit"};
    for (size_t i = 0; unscaled && i < ARRAY_SIZE(scaling); i++)
        if (node_child(r->at, scaling[i]) != NULL)
            refuse_with(r, scaling[i], raw->type == TYPE_STRING ? "string" : "bits\", \"bit");
}

static void resolve_register(struct resolver *r)
{
    const struct raw_point *raw = r->raw;
    struct slave_point *point = r->point;
    if (raw->type == NOT_GIVEN && node_child(r->at, "type") != NULL) {
        r->failed = true;
        return;
    }
    if (raw->type == NOT_GIVEN) {
        refuse(r, NULL, ON_KEY, S_TYPE_NEEDED, WORDS(same("u16 s16 u32 s32 u64 s64 f32 f64 bcd16 bcd32 string bits")));
        return;
    }
    point->raw = types[raw->type].raw;
    point->register_count = types[raw->type].registers;
    point->byte = byte_of(raw->byte);
    if (point->register_count != 1)
        point->order = (enum word_order)(raw->order != NOT_GIVEN ? raw->order : r->context->order);
    if (raw->type == TYPE_STRING) {
        point->text_size = (uint8_t)(raw->length == NOT_GIVEN ? 1 : raw->length);
        point->register_count = (uint16_t)((point->text_size + 1) / 2);
    }
    if (raw->type == TYPE_BITS)
        resolve_bits(r);
    check_type_keys(r);
    if (point->register_count > r->context->count_max)
        refuse(r, raw->type == TYPE_STRING ? "length" : "type", ON_VALUE, S_TOO_FAR,
               WORDS(both("its end", "结尾"), words_number(complaints_of(r), point->register_count),
                     words_number(complaints_of(r), (double)r->context->count_max)));
}

void resolve_place(struct resolver *r)
{
    /* What is there but wrong was complained about when it was read. */
    r->failed = r->raw->function == NOT_GIVEN || r->raw->address == NOT_GIVEN;
    if (r->raw->function == NOT_GIVEN && node_child(r->at, "function") == NULL)
        refuse(r, NULL, ON_KEY, S_MISSING_KEY, WORDS(same("\"function\""), same("holding, input, coil, discrete")));
    if (r->raw->address == NOT_GIVEN && node_child(r->at, "address") == NULL)
        refuse(r, NULL, ON_KEY, S_MISSING_KEY, WORDS(same("\"address\""), same("0 … 65535")));
    if (r->failed)
        return;
    r->point->function = function_of(r->raw->function);
    r->point->address = (uint16_t)r->raw->address;
    r->result->type =
        r->raw->type == NOT_GIVEN || function_is_bits(r->point->function) ? "" : raw_type_names[r->raw->type];
    if (function_is_bits(r->point->function))
        resolve_bit_function(r);
    else
        resolve_register(r);
}
