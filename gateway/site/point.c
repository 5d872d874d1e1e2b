#include "gateway/site/point.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/memory.h"
#include "gateway/site/units.h"

#define INVALID_MAX       16
#define STRING_LENGTH_MAX 240 /* bytes; a batch carries 256 bytes of text */

/* --- the words of the format ---------------------------------------------------------------------------------------- */

const char *const function_names[] = {"holding", "input", "coil", "discrete", NULL};
const char *const order_names[] = {"ABCD", "CDAB", "BADC", "DCBA", NULL};
const char *const poll_names[] = {"safety", "normal", "slow", NULL};
static const char *const byte_names[] = {"hi", "lo", NULL};

enum function function_of(int index)
{
    static const enum function functions[] = {FUNCTION_HOLDING, FUNCTION_INPUT, FUNCTION_COIL, FUNCTION_DISCRETE};
    return functions[index];
}

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

static const char *const type_names[TYPE_COUNT + 1] = {"u16", "s16", "bcd16", "bits", "u32",    "s32", "bcd32",
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

#define AT(member) offsetof(struct raw_point, member)
#define REGISTER_FIELDS                                                                                                \
    {.key = "function", .type = FIELD_CHOICE, .offset = AT(function), .choices = function_names},                      \
        {.key = "address", .type = FIELD_WHOLE, .offset = AT(address), .maximum = 65535},                              \
        {.key = "type", .type = FIELD_CHOICE, .offset = AT(type), .choices = type_names},                              \
        {.key = "length", .type = FIELD_WHOLE, .offset = AT(length), .minimum = 1, .maximum = STRING_LENGTH_MAX},      \
        {.key = "order", .type = FIELD_CHOICE, .offset = AT(order), .choices = order_names},                           \
        {.key = "byte", .type = FIELD_CHOICE, .offset = AT(byte), .choices = byte_names},                              \
        {.key = "bit", .type = FIELD_WHOLE, .offset = AT(bit), .maximum = 15},                                         \
        {.key = "bits", .type = FIELD_LIST, .offset = AT(bits)},                                                       \
        {.key = "scale", .type = FIELD_NUMBER, .offset = AT(scale), .minimum = -1e12, .maximum = 1e12},                \
        {.key = "offset", .type = FIELD_NUMBER, .offset = AT(offset), .minimum = -1e12, .maximum = 1e12},              \
        {.key = "scale_from", .type = FIELD_OBJECT, .offset = AT(scale_from)},                                         \
        {.key = "only_if", .type = FIELD_OBJECT, .offset = AT(only_if)},                                               \
        {.key = "map", .type = FIELD_OBJECT, .offset = AT(map)},                                                       \
        {.key = "invalid", .type = FIELD_LIST, .offset = AT(invalid)},                                                 \
        {.key = "poll", .type = FIELD_CHOICE, .offset = AT(poll), .choices = poll_names},                              \
        {.key = "unit", .type = FIELD_TEXT, .offset = AT(unit), .maximum = 24},                                        \
        {.key = "deadband", .type = FIELD_NUMBER, .offset = AT(deadband), .maximum = 1e12},                            \
        {.key = "write", .type = FIELD_OBJECT, .offset = AT(write)},                                                   \
        {.key = "zh", .type = FIELD_TEXT, .offset = AT(zh), .maximum = 120},                                           \
    {                                                                                                                  \
        .key = "en", .type = FIELD_TEXT, .offset = AT(en), .maximum = 120                                              \
    }

static const struct field register_fields[] = {REGISTER_FIELDS};
static const struct field device_fields[] = {
    REGISTER_FIELDS,
    {.key = "from", .type = FIELD_TEXT, .offset = AT(from), .minimum = 1, .maximum = 2 * SITE_ID_MAX + 1},
    {.key = "invert", .type = FIELD_BOOL, .offset = AT(invert)},
};
const struct shape register_point_shape = SHAPE(register_fields);
const struct shape device_point_shape = SHAPE(device_fields);

const struct raw_point raw_point_default = {
    .function = NOT_GIVEN,
    .address = NOT_GIVEN,
    .type = NOT_GIVEN,
    .length = NOT_GIVEN,
    .order = NOT_GIVEN,
    .byte = NOT_GIVEN,
    .bit = NOT_GIVEN,
    .scale = 1,
    .offset = 0,
    .poll = NOT_GIVEN,
    .deadband = NOT_GIVEN,
};

#define PART_AT(member) offsetof(struct raw_part, member)
#define PART_FIELDS                                                                                                    \
    {.key = "function", .type = FIELD_CHOICE, .offset = PART_AT(function), .choices = function_names},                 \
        {.key = "address", .type = FIELD_WHOLE, .offset = PART_AT(address), .maximum = 65535, .required = true},       \
        {.key = "byte", .type = FIELD_CHOICE, .offset = PART_AT(byte), .choices = byte_names},                         \
        {.key = "bit", .type = FIELD_WHOLE, .offset = PART_AT(bit), .maximum = 15},                                    \
    {                                                                                                                  \
        .key = "bits", .type = FIELD_LIST, .offset = PART_AT(bits)                                                     \
    }

static const struct field condition_fields[] = {
    PART_FIELDS,
    {.key = "equals", .type = FIELD_WHOLE, .offset = PART_AT(equals), .maximum = 65535, .required = true},
};
static const struct field scale_from_fields[] = {
    PART_FIELDS,
    {.key = "decimals", .type = FIELD_OBJECT, .offset = PART_AT(decimals)},
};
const struct shape condition_shape = SHAPE(condition_fields);
static const struct shape scale_from_shape = SHAPE(scale_from_fields);

struct write_limits {
    SHAPED;
    double minimum;
    double maximum;
};
static const struct field write_fields[] = {
    {.key = "minimum",
     .type = FIELD_NUMBER,
     .offset = offsetof(struct write_limits, minimum),
     .minimum = -1e12,
     .maximum = 1e12},
    {.key = "maximum",
     .type = FIELD_NUMBER,
     .offset = offsetof(struct write_limits, maximum),
     .minimum = -1e12,
     .maximum = 1e12},
};
static const struct shape write_shape = SHAPE(write_fields);

/* --- small helpers -------------------------------------------------------------------------------------------------- */

struct words words_value_type(enum value_type type)
{
    switch (type) {
    case VALUE_BOOL:
        return both("a yes/no", "开关量");
    case VALUE_INT:
    case VALUE_UINT:
        return both("a whole number", "整数");
    case VALUE_NUMBER:
        return both("a number", "数字");
    case VALUE_ENUM:
        return both("a named state", "命名状态");
    case VALUE_TEXT:
        break;
    }
    return both("a text", "文本");
}

static bool is_numeric(enum value_type type)
{
    return type == VALUE_INT || type == VALUE_UINT || type == VALUE_NUMBER;
}

bool value_type_converts(enum value_type from, enum value_type to)
{
    bool const whole = from == VALUE_INT || from == VALUE_UINT; /* 0 and 1; others are bad, invalid */
    return from == to || (is_numeric(from) && is_numeric(to)) || (whole && to == VALUE_BOOL);
}

const struct class_point *class_point_find(const struct device_class *class, const char *id)
{
    for (size_t i = 0; class != NULL && i < class->point_count; i++)
        if (strcmp(class->points[i].id, id) == 0)
            return &class->points[i];
    return NULL;
}

const char *name_of_class_point(const void *context, size_t index)
{
    const struct device_class *class = context;
    return index < class->point_count ? class->points[index].id : NULL;
}

static const char *name_of_code(const void *context, size_t index)
{
    const struct class_point *point = context;
    return index < point->code_count ? point->codes[index].id : NULL;
}

/* "12", "-1" or "0x0A" */
static bool whole_parse(const char *text, int64_t *ret_value)
{
    bool const hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text + (text[0] == '-');
    size_t const length = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");
    if (length == 0 || length > (hex ? 15 : 18) || digits[length] != '\0')
        return false;
    *ret_value = strtoll(text, NULL, hex ? 16 : 10);
    return true;
}

/* What goes on in one point_resolve(). */
struct resolver {
    const struct raw_point *raw;
    const struct node *at;
    const char *id;
    const struct point_context *context;
    const struct class_point *canonical; /* NULL: the class does not know it */
    struct slave_point *point;
    bool failed;
};

static struct complaints *complaints_of(const struct resolver *r)
{
    return r->context->complaints;
}

/* A complaint about one key of the point, or about the point when that key is not in the file here (an override). */
static void refuse(struct resolver *r, const char *key, enum spot spot, enum sentence sentence,
                   const struct words words[static WORDS_MAX + 1])
{
    const struct node *node = key != NULL ? node_child(r->at, key) : NULL;
    complain_node(complaints_of(r), node != NULL ? node : r->at, node != NULL ? spot : ON_KEY, sentence, words);
    if (!sentence_is_warning(sentence))
        r->failed = true;
}

static struct words words_id(const struct resolver *r)
{
    return words_quote(complaints_of(r), r->id);
}

/* --- parts of registers --------------------------------------------------------------------------------------------- */

/* [from, count] within `width` bits. */
static bool read_bits(const struct node *list, int64_t width, struct complaints *complaints, uint8_t *ret_first,
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

static enum byte_half byte_of(int index)
{
    return index == 0 ? BYTE_HIGH : index == 1 ? BYTE_LOW : BYTE_BOTH;
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
        (void)read_bits(raw.bits, width, complaints, &part.bit_first, &part.bit_count);
    if (raw.bit >= width)
        complain_node(complaints, node_child(node, "bit"), ON_VALUE, S_BITS_RANGE,
                      WORDS(words_number(complaints, (double)raw.bit), words_number(complaints, (double)raw.bit),
                            both("half a register", "半个寄存器"), words_number(complaints, (double)(width - 1))));
    if (raw.bit != NOT_GIVEN) {
        part.bit_first = (uint8_t)raw.bit;
        part.bit_count = 1;
    }
    if (complaints->errors > errors)
        return false;
    *ret_raw = raw;
    *ret_part = part;
    return true;
}

/* The part is of the point's function, and one request can hold both. */
static void check_near(struct resolver *r, const struct raw_part *raw, const char *key)
{
    struct slave_point *point = r->point;
    if (raw->function != NOT_GIVEN && function_of(raw->function) != point->function)
        refuse(r, key, ON_VALUE, S_OUT_OF_RANGE,
               WORDS(words_quote(complaints_of(r), function_names[raw->function]),
                     both("the function of the point itself", "与该点相同的 function")));
    int64_t const first = raw->address < point->address ? raw->address : point->address;
    int64_t const point_end = (int64_t)point->address + point->register_count;
    int64_t const end = raw->address + 1 > point_end ? raw->address + 1 : point_end;
    if (end - first > r->context->count_max)
        refuse(r, key, ON_VALUE, S_TOO_FAR,
               WORDS(words_format(complaints_of(r), "\"%s\"", key),
                     words_number(complaints_of(r), (double)(end - first)),
                     words_number(complaints_of(r), (double)r->context->count_max)));
}

static bool is_bit_function(const struct slave_point *point)
{
    return point->function == FUNCTION_COIL || point->function == FUNCTION_DISCRETE;
}

static void resolve_only_if(struct resolver *r)
{
    struct raw_part raw;
    if (r->raw->only_if == NULL)
        return;
    if (is_bit_function(r->point)) {
        refuse(r, "only_if", ON_KEY, S_BIT_FUNCTION,
               WORDS(same("\"only_if\""), same(function_names[r->raw->function])));
        return;
    }
    if (!part_resolve(r->raw->only_if, &condition_shape, &raw, &r->point->only_if, complaints_of(r))) {
        r->failed = true;
        return;
    }
    r->point->has_only_if = true;
    r->point->only_if_equals = raw.equals;
    check_near(r, &raw, "only_if");
}

static void resolve_decimals(struct resolver *r, const struct node *map)
{
    struct decimals_entry *entries = take_array(r->context->arena, node_count(map), sizeof *entries, complaints_of(r));
    size_t count = 0;
    if (entries == NULL)
        return;
    for (const struct node *child = node_first(map); child != NULL; child = node_next(child)) {
        int64_t raw;
        int64_t decimals;
        if (!whole_parse(node_key(child), &raw)) {
            complain_node(complaints_of(r), child, ON_KEY, S_MAP_KEY,
                          WORDS(words_quote(complaints_of(r), node_key(child))));
            r->failed = true;
        } else if (!shape_whole(child, 0, 9, complaints_of(r), &decimals)) {
            r->failed = true;
        } else {
            entries[count++] = (struct decimals_entry){.raw = raw, .decimals = (int8_t)decimals};
        }
    }
    r->point->decimals = entries;
    r->point->decimals_count = count;
}

static void resolve_scale_from(struct resolver *r)
{
    struct raw_part raw;
    if (r->raw->scale_from == NULL)
        return;
    if (!part_resolve(r->raw->scale_from, &scale_from_shape, &raw, &r->point->scale_from, complaints_of(r))) {
        r->failed = true;
        return;
    }
    r->point->has_scale_from = true;
    if (raw.decimals != NULL)
        resolve_decimals(r, raw.decimals);
    check_near(r, &raw, "scale_from");
}

/* --- registers ------------------------------------------------------------------------------------------------------ */

/* Keys that mean nothing for a coil or discrete input. */
static void resolve_bit_function(struct resolver *r)
{
    static const char *const meaningless[] = {"type",  "length", "order",      "byte", "bit",     "bits",
                                              "scale", "offset", "scale_from", "map",  "invalid", "unit"};
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
    if ((raw->bit == NOT_GIVEN) == (raw->bits == NULL)) {
        refuse(r, "type", ON_VALUE, S_NEEDS_KEY,
               WORDS(same("\"type\": \"bits\""),
                     both("exactly one of \"bit\" and \"bits\"", "\"bit\" 和 \"bits\" 其中一个")));
    } else if (raw->bits != NULL) {
        r->failed |= !read_bits(raw->bits, width, complaints_of(r), &r->point->bit_first, &r->point->bit_count);
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
    const char *name = type_names[raw->type];
    if (raw->type != TYPE_BITS && raw->bit != NOT_GIVEN)
        refuse_with(r, "bit", name);
    if (raw->type != TYPE_BITS && raw->bits != NULL)
        refuse_with(r, "bits", name);
    if (raw->type != TYPE_BITS && raw->type != TYPE_U16 && raw->byte != NOT_GIVEN)
        refuse_with(r, "byte", name);
    if (raw->order != NOT_GIVEN && types[raw->type].registers == 1)
        refuse_with(r, "order", name);
    if (raw->type != TYPE_STRING && raw->length != NOT_GIVEN)
        refuse_with(r, "length", name);
    if (raw->type == TYPE_STRING && raw->length == NOT_GIVEN)
        refuse(r, "type", ON_VALUE, S_NEEDS_KEY, WORDS(same("\"type\": \"string\""), same("\"length\"")));
    bool const unscaled = raw->type == TYPE_STRING || (raw->type == TYPE_BITS && raw->bit != NOT_GIVEN);
    static const char *const scaling[] = {"scale", "offset", "scale_from", "map", "invalid", "unit"};
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
    if (raw->type == TYPE_STRING)
        point->register_count = (uint16_t)(((raw->length == NOT_GIVEN ? 1 : raw->length) + 1) / 2);
    if (raw->type == TYPE_BITS)
        resolve_bits(r);
    check_type_keys(r);
    if (point->register_count > r->context->count_max)
        refuse(r, raw->type == TYPE_STRING ? "length" : "type", ON_VALUE, S_TOO_FAR,
               WORDS(both("its end", "结尾"), words_number(complaints_of(r), point->register_count),
                     words_number(complaints_of(r), (double)r->context->count_max)));
}

static void resolve_place(struct resolver *r)
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
    if (is_bit_function(r->point))
        resolve_bit_function(r);
    else
        resolve_register(r);
    int64_t const last = r->raw->address + r->point->register_count - 1;
    if (last > 65535)
        refuse(r, "address", ON_VALUE, S_BEYOND_END, WORDS(words_number(complaints_of(r), (double)last)));
}

/* --- numbers -------------------------------------------------------------------------------------------------------- */

static void resolve_invalid(struct resolver *r)
{
    const struct node *list = r->raw->invalid;
    if (list == NULL)
        return;
    if (node_count(list) > INVALID_MAX)
        refuse(r, "invalid", ON_KEY, S_TOO_MANY,
               WORDS(words_number(complaints_of(r), (double)node_count(list)),
                     words_number(complaints_of(r), INVALID_MAX)));
    double *values = take_array(r->context->arena, INVALID_MAX, sizeof *values, complaints_of(r));
    size_t count = 0;
    for (const struct node *child = node_first(list); values != NULL && child != NULL && count < INVALID_MAX;
         child = node_next(child)) {
        if (node_kind(child) == NODE_STRING && strcmp(node_string(child), "nan") == 0)
            continue; /* always is */
        if (shape_number(child, -1.8446744073709552e19, 1.8446744073709552e19, complaints_of(r), &values[count]))
            count++;
        else
            r->failed = true;
    }
    r->point->invalid = values;
    r->point->invalid_count = values == NULL ? 0 : count;
}

/* A double has 53 bits: comparing with 1 and 0 as they were written is exact. */
static bool is_same(double a, double b)
{
    return !(a < b) && !(a > b);
}

static void resolve_numbers(struct resolver *r)
{
    struct slave_point *point = r->point;
    point->scale = r->raw->scale;
    point->offset = r->raw->offset;
    if (is_same(point->scale, 0))
        refuse(r, "scale", ON_VALUE, S_SCALE_ZERO, NO_WORDS);
    resolve_invalid(r);
    resolve_scale_from(r);
    resolve_only_if(r);
}

/* --- maps ----------------------------------------------------------------------------------------------------------- */

/* Codes of a point that no class knows: the names of its map, in order. */
static bool code_add(struct resolver *r, struct code *codes, size_t *count, const struct node *value,
                     uint32_t *ret_code)
{
    const char *name = NULL;
    if (!shape_id(value, complaints_of(r), &name))
        return false;
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(codes[i].id, name) == 0) {
            *ret_code = (uint32_t)i;
            return true;
        }
    }
    const char *kept = take_text(r->context->arena, name, complaints_of(r));
    codes[*count] = (struct code){.id = kept, .zh = kept, .en = kept};
    *ret_code = (uint32_t)(*count)++;
    return true;
}

static bool code_find(struct resolver *r, const struct node *value, uint32_t *ret_code)
{
    const struct class_point *canonical = r->canonical;
    for (size_t i = 0; i < canonical->code_count; i++) {
        if (node_kind(value) == NODE_STRING && strcmp(canonical->codes[i].id, node_string(value)) == 0) {
            *ret_code = (uint32_t)i;
            return true;
        }
    }
    complain_node(complaints_of(r), value, ON_VALUE, S_MAP_CODE,
                  WORDS(words_id(r), words_found(complaints_of(r), value),
                        words_suggest(complaints_of(r), node_string(value), name_of_code, canonical)));
    return false;
}

static bool map_has(const struct map_entry *map, size_t count, int64_t raw)
{
    for (size_t i = 0; i < count; i++)
        if (map[i].raw == raw)
            return true;
    return false;
}

static bool map_add(struct resolver *r, const struct node *child, struct map_entry *map, size_t count,
                    struct code *codes, size_t *code_count)
{
    struct map_entry entry;
    if (!whole_parse(node_key(child), &entry.raw)) {
        complain_node(complaints_of(r), child, ON_KEY, S_MAP_KEY,
                      WORDS(words_quote(complaints_of(r), node_key(child))));
        return false;
    }
    if (map_has(map, count, entry.raw)) {
        complain_node(complaints_of(r), child, ON_KEY, S_MAP_TWICE,
                      WORDS(words_quote(complaints_of(r), node_key(child))));
        return false;
    }
    bool const found =
        codes == NULL ? code_find(r, child, &entry.code) : code_add(r, codes, code_count, child, &entry.code);
    if (found)
        map[count] = entry;
    return found;
}

static void resolve_map(struct resolver *r)
{
    const struct node *node = r->raw->map;
    bool const canonical = r->canonical != NULL && r->canonical->type == VALUE_ENUM;
    size_t const wanted = node_count(node);
    if (wanted == 0 || wanted > POINT_CODES_MAX) {
        refuse(r, "map", ON_KEY, wanted == 0 ? S_LIST_EMPTY : S_TOO_MANY,
               WORDS(words_number(complaints_of(r), (double)wanted), words_number(complaints_of(r), POINT_CODES_MAX)));
        return;
    }
    struct map_entry *map = take_array(r->context->arena, wanted, sizeof *map, complaints_of(r));
    struct code *codes = canonical ? NULL : take_array(r->context->arena, wanted, sizeof *codes, complaints_of(r));
    if (map == NULL || (codes == NULL && !canonical))
        return;
    size_t count = 0;
    size_t code_count = 0;
    for (const struct node *child = node_first(node); child != NULL; child = node_next(child)) {
        if (map_add(r, child, map, count, codes, &code_count))
            count++;
        else
            r->failed = true;
    }
    r->point->map = map;
    r->point->map_count = count;
    r->point->codes = canonical ? r->canonical->codes : codes;
    r->point->code_count = canonical ? r->canonical->code_count : code_count;
}

/* --- what it becomes ------------------------------------------------------------------------------------------------ */

static bool is_scaled(const struct slave_point *point)
{
    return point->has_scale_from || !is_same(point->scale, 1) || !is_same(point->offset, 0);
}

static enum value_type type_of(const struct resolver *r)
{
    const struct slave_point *point = r->point;
    if (r->raw->map != NULL)
        return VALUE_ENUM;
    if (point->raw == RAW_BIT)
        return VALUE_BOOL;
    if (point->raw == RAW_STRING)
        return VALUE_TEXT;
    bool const wanted = r->canonical != NULL && r->canonical->type == VALUE_NUMBER;
    if (wanted || point->raw == RAW_F32 || point->raw == RAW_F64 || is_scaled(point))
        return VALUE_NUMBER;
    return point->raw == RAW_U64 ? VALUE_UINT : VALUE_INT;
}

static void resolve_type(struct resolver *r)
{
    struct slave_point *point = r->point;
    if (r->raw->map != NULL && (is_scaled(point) || point->raw == RAW_F32 || point->raw == RAW_F64))
        refuse(r, "map", ON_KEY, S_NOT_WITH,
               WORDS(same("\"map\""), both("a scaled or floating number", "换算过的数或浮点数")));
    else if (r->raw->map != NULL)
        resolve_map(r);
    point->type = type_of(r);
    /* A float as it is, and a scaled 16-bit number, have few digits: print those, not the noise of binary fractions. */
    point->single =
        (point->raw == RAW_F32 && !is_scaled(point)) || (point->type == VALUE_NUMBER && point->register_count == 1);
    if (r->canonical == NULL || r->failed)
        return;
    if (r->canonical->type == VALUE_ENUM && r->raw->map == NULL)
        refuse(r, NULL, ON_KEY, S_MAP_NEEDED,
               WORDS(words_id(r), words_suggest(complaints_of(r), "", name_of_code, r->canonical)));
    else if (!value_type_converts(point->type, r->canonical->type))
        refuse(r, "type", ON_VALUE, S_CANNOT_BECOME,
               WORDS(words_id(r), words_value_type(r->canonical->type), words_value_type(point->type)));
}

static void resolve_unit(struct resolver *r)
{
    const char *given = r->raw->unit;
    const char *wanted = r->canonical != NULL ? r->canonical->unit : "";
    double factor;
    double addend;
    r->point->unit = given == NULL ? wanted : take_text(r->context->arena, given, complaints_of(r));
    if (given == NULL || r->failed)
        return;
    const char *habit = unit_of_habit(given);
    if (given[0] != '\0' && !unit_is_known(given))
        refuse(r, "unit", ON_VALUE, S_UNIT_UNKNOWN,
               WORDS(words_quote(complaints_of(r), given),
                     habit != NULL ? both(words_format(complaints_of(r), "write \"%s\"", habit).text[LANGUAGE_EN],
                                          words_format(complaints_of(r), "请写 \"%s\"", habit).text[LANGUAGE_ZH])
                                   : words_suggest(complaints_of(r), given, unit_name, NULL)));
    if (r->canonical == NULL)
        return;
    if (wanted[0] == '\0' && given[0] != '\0')
        refuse(r, "unit", ON_VALUE, S_UNITLESS, WORDS(words_id(r), words_quote(complaints_of(r), given)));
    else if (!unit_convert(given, wanted, &factor, &addend))
        refuse(r, "unit", ON_VALUE, S_UNIT_DIFFERS,
               WORDS(words_id(r), words_quote(complaints_of(r), wanted), words_quote(complaints_of(r), given)));
}

static void resolve_rest(struct resolver *r)
{
    const struct raw_point *raw = r->raw;
    const struct class_point *canonical = r->canonical;
    double minimum;
    double maximum;
    size_t const errors = complaints_of(r)->errors;
    write_limits_read(raw->write, complaints_of(r), &minimum, &maximum);
    r->failed |= complaints_of(r)->errors > errors;
    if (minimum > NO_LIMIT && maximum > NO_LIMIT && minimum > maximum)
        refuse(r, "write", ON_VALUE, S_WRONG_RANGE,
               WORDS(words_number(complaints_of(r), minimum), words_number(complaints_of(r), maximum)));
    r->point->poll = raw->poll != NOT_GIVEN ? (enum poll_class)raw->poll
                     : canonical != NULL    ? canonical->poll
                                            : POLL_NORMAL;
    r->point->deadband = raw->deadband;
    r->point->zh = raw->zh != NULL     ? take_text(r->context->arena, raw->zh, complaints_of(r))
                   : canonical != NULL ? canonical->zh
                                       : "";
    r->point->en = raw->en != NULL     ? take_text(r->context->arena, raw->en, complaints_of(r))
                   : canonical != NULL ? canonical->en
                                       : "";
}

/* Booleans among the derived points are verdicts of the gateway; a derived state (car running) may as well be read. */
static bool may_be_read(const struct class_point *canonical)
{
    return !canonical->derived || canonical->type != VALUE_BOOL;
}

static void resolve_id(struct resolver *r)
{
    const struct device_class *class = r->context->class;
    r->canonical = class_point_find(class, r->id);
    if (!id_is_good(r->id))
        refuse(r, NULL, ON_KEY, S_BAD_ID, WORDS(words_id(r)));
    else if (class != NULL && !class->open && r->canonical == NULL)
        refuse(r, NULL, ON_KEY, S_POINT_NOT_OF_CLASS,
               WORDS(same(class->id), words_id(r), words_suggest(complaints_of(r), r->id, name_of_class_point, class)));
    else if (r->canonical != NULL && !may_be_read(r->canonical))
        refuse(r, NULL, ON_KEY, S_POINT_DERIVED, WORDS(words_id(r)));
}

bool point_resolve(const struct raw_point *raw, const char *id, const struct node *at,
                   const struct point_context *context, struct slave_point *ret_point)
{
    struct slave_point point = {.type = VALUE_INT, .unit = "", .zh = "", .en = "", .scale = 1};
    struct resolver r = {.raw = raw, .at = at, .id = id, .context = context, .point = &point};
    resolve_id(&r);
    bool const named = !r.failed;
    r.failed = false;
    resolve_place(&r);
    if (r.failed)
        return false;
    resolve_numbers(&r);
    resolve_type(&r);
    resolve_unit(&r);
    resolve_rest(&r);
    if (r.failed || !named)
        return false;
    point.id = take_text(context->arena, id, context->complaints);
    *ret_point = point;
    return true;
}

void write_limits_read(const struct node *write, struct complaints *complaints, double *ret_minimum,
                       double *ret_maximum)
{
    struct write_limits limits = {.minimum = NO_LIMIT, .maximum = NO_LIMIT};
    if (write != NULL)
        (void)shape_read(write, &write_shape, &limits, complaints);
    *ret_minimum = limits.minimum;
    *ret_maximum = limits.maximum;
}

bool point_write_range(const struct slave_point *point, double *ret_minimum, double *ret_maximum)
{
    if (point->function == FUNCTION_COIL) {
        *ret_minimum = 0;
        *ret_maximum = 1;
        return true;
    }
    bool const signed_word = point->raw == RAW_S16;
    if (point->function != FUNCTION_HOLDING || point->byte != BYTE_BOTH || (point->raw != RAW_U16 && !signed_word))
        return false;
    double const low = (signed_word ? -32768.0 : 0.0) * point->scale + point->offset;
    double const high = (signed_word ? 32767.0 : 65535.0) * point->scale + point->offset;
    *ret_minimum = low < high ? low : high;
    *ret_maximum = low < high ? high : low;
    return true;
}
