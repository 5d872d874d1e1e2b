#include "gateway/site/point.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/memory.h"
#include "gateway/site/resolver.h"
#include "gateway/site/units.h"

#define INVALID_MAX       16
#define NOTE_SIZE_MAX     2048
#define STRING_LENGTH_MAX 240 /* bytes; a batch carries 256 bytes of text */

/* --- the words of the format ---------------------------------------------------------------------------------------- */

const char *const order_names[] = {"ABCD", "CDAB", "BADC", "DCBA", NULL};
const char *const poll_names[] = {"safety", "normal", "slow", NULL};

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
        {.key = "map", .type = FIELD_ANY, .offset = AT(map)},                                                          \
        {.key = "invalid", .type = FIELD_LIST, .offset = AT(invalid)},                                                 \
        {.key = "valid", .type = FIELD_LIST, .offset = AT(valid)},                                                     \
        {.key = "poll", .type = FIELD_CHOICE, .offset = AT(poll), .choices = poll_names},                              \
        {.key = "unit", .type = FIELD_TEXT, .offset = AT(unit), .maximum = 24},                                        \
        {.key = "deadband", .type = FIELD_NUMBER, .offset = AT(deadband), .maximum = 1e12},                            \
        {.key = "write", .type = FIELD_OBJECT, .offset = AT(write)},                                                   \
        {.key = "zh", .type = FIELD_TEXT, .offset = AT(zh), .maximum = 120},                                           \
    {                                                                                                                  \
        .key = "en", .type = FIELD_TEXT, .offset = AT(en), .maximum = 120                                              \
    }

static const struct field register_fields[] = {REGISTER_FIELDS};
static const struct field profile_fields[] = {
    REGISTER_FIELDS,
    {.key = "repeat", .type = FIELD_ANY, .offset = AT(repeat)},
    {.key = "note", .type = FIELD_ANY, .offset = AT(note)},
};
static const struct field device_fields[] = {
    REGISTER_FIELDS,
    {.key = "from", .type = FIELD_TEXT, .offset = AT(from), .minimum = 1, .maximum = REFERENCE_MAX},
    {.key = "invert", .type = FIELD_BOOL, .offset = AT(invert)},
};
const struct shape register_point_shape = SHAPE(register_fields);
const struct shape profile_point_shape = SHAPE(profile_fields);
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

bool class_point_may_be_read(const struct class_point *canonical)
{
    return !canonical->derived || canonical->readable;
}

const char *name_of_class_point(const void *context, size_t index)
{
    const struct device_class *class = context;
    return index < class->point_count ? class->points[index].id : NULL;
}

bool whole_parse(const char *text, int64_t *ret_value)
{
    bool const hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text + (text[0] == '-');
    size_t const length = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");
    if (length == 0 || length > (hex ? 15 : 18) || digits[length] != '\0')
        return false;
    *ret_value = strtoll(text, NULL, hex ? 16 : 10);
    return true;
}

void refuse(struct resolver *r, const char *key, enum spot spot, enum sentence sentence,
            const struct words words[static WORDS_MAX + 1])
{
    const struct node *node = key != NULL ? node_child(r->at, key) : NULL;
    complain_node(complaints_of(r), node != NULL ? node : r->at, node != NULL ? spot : ON_KEY, sentence, words);
    if (!sentence_is_warning(sentence))
        r->failed = true;
}

/* --- parts of registers --------------------------------------------------------------------------------------------- */

/* The part is of the point's function, and one request can hold both, for every channel. */
static void check_near(struct resolver *r, const struct raw_part *raw, const char *key)
{
    const struct profile_point *result = r->result;
    uint16_t const channels = result->repeat.count > 0 ? result->repeat.count : 1;
    if (raw->function != NOT_GIVEN && function_of(raw->function) != r->point->function)
        refuse(r, key, ON_VALUE, S_OUT_OF_RANGE,
               WORDS(words_quote(complaints_of(r), function_names[raw->function]),
                     both("the function of the point itself", "与该点相同的 function")));
    int64_t const first = point_width(result, 1); /* in between it is no wider than at the ends */
    int64_t const last = point_width(result, channels);
    int64_t const width = first > last ? first : last;
    if (width > r->context->count_max)
        refuse(r, key, ON_VALUE, S_TOO_FAR,
               WORDS(words_format(complaints_of(r), "\"%s\"", key), words_number(complaints_of(r), (double)width),
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
    if (!part_resolve(r->raw->only_if, &only_if_shape, &raw, &r->point->only_if, complaints_of(r))) {
        r->failed = true;
        return;
    }
    r->point->has_only_if = true;
    r->point->only_if_equals = raw.equals;
    r->result->only_if_fixed = raw.fixed;
    check_near(r, &raw, "only_if");
}

static bool decimals_have(const struct decimals_entry *entries, size_t count, int64_t raw)
{
    for (size_t i = 0; i < count; i++)
        if (entries[i].raw == raw)
            return true;
    return false;
}

static void resolve_decimals(struct resolver *r, const struct node *map)
{
    struct decimals_entry *entries = take_array(r->context->arena, node_count(map), sizeof *entries, complaints_of(r));
    size_t count = 0;
    if (entries == NULL)
        return;
    if (node_count(map) == 0)
        refuse(r, "scale_from", ON_VALUE, S_LIST_EMPTY, NO_WORDS);
    for (const struct node *child = node_first(map); child != NULL; child = node_next(child)) {
        int64_t raw;
        int64_t decimals;
        if (!whole_parse(node_key(child), &raw)) {
            complain_node(complaints_of(r), child, ON_KEY, S_MAP_KEY,
                          WORDS(words_quote(complaints_of(r), node_key(child))));
            r->failed = true;
        } else if (decimals_have(entries, count, raw)) {
            complain_node(complaints_of(r), child, ON_KEY, S_MAP_TWICE,
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
    r->result->scale_from_fixed = raw.fixed;
    if (raw.decimals != NULL)
        resolve_decimals(r, raw.decimals);
    check_near(r, &raw, "scale_from");
}

/* --- registers ------------------------------------------------------------------------------------------------------ */

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
    const char *name = type_names[raw->type];
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
    r->result->type = r->raw->type == NOT_GIVEN || is_bit_function(r->point) ? "" : type_names[r->raw->type];
    if (is_bit_function(r->point))
        resolve_bit_function(r);
    else
        resolve_register(r);
}

/* --- numbers -------------------------------------------------------------------------------------------------------- */

void point_raw_range(const struct slave_point *point, double *ret_minimum, double *ret_maximum)
{
    bool const half = point->byte != BYTE_BOTH;
    switch (point->raw) {
    case RAW_BIT:
    case RAW_BITS:
        *ret_minimum = 0;
        *ret_maximum = (1 << point->bit_count) - 1;
        return;
    case RAW_U16:
        *ret_minimum = 0;
        *ret_maximum = half ? UINT8_MAX : UINT16_MAX;
        return;
    case RAW_S16:
        *ret_minimum = half ? INT8_MIN : INT16_MIN;
        *ret_maximum = half ? INT8_MAX : INT16_MAX;
        return;
    case RAW_BCD16:
        *ret_minimum = 0;
        *ret_maximum = half ? 99 : 9999;
        return;
    case RAW_BCD32:
        *ret_minimum = 0;
        *ret_maximum = 99999999;
        return;
    case RAW_U32:
        *ret_minimum = 0;
        *ret_maximum = UINT32_MAX;
        return;
    case RAW_S32:
        *ret_minimum = INT32_MIN;
        *ret_maximum = INT32_MAX;
        return;
    case RAW_U64:
        *ret_minimum = 0;
        *ret_maximum = (double)UINT64_MAX;
        return;
    case RAW_S64:
        *ret_minimum = (double)INT64_MIN;
        *ret_maximum = (double)INT64_MAX;
        return;
    case RAW_F32:
        *ret_minimum = (double)-FLT_MAX;
        *ret_maximum = (double)FLT_MAX;
        return;
    case RAW_F64:
    case RAW_STRING:
        break;
    }
    *ret_minimum = -DBL_MAX;
    *ret_maximum = DBL_MAX;
}

bool check_raw(struct resolver *r, const struct node *at, enum spot spot, double raw)
{
    double minimum;
    double maximum;
    point_raw_range(r->point, &minimum, &maximum);
    if (r->failed || (raw >= minimum && raw <= maximum)) /* of a type that is wrong itself nothing more is said */
        return true;
    complain_node(complaints_of(r), at, spot, S_RAW_NEVER,
                  WORDS(words_number(complaints_of(r), raw), words_format(complaints_of(r), "\"%s\"", r->result->type),
                        words_number(complaints_of(r), minimum), words_number(complaints_of(r), maximum)));
    r->failed = true;
    return false;
}

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
        if (!shape_number(child, -1.7e308, 1.7e308, complaints_of(r), &values[count])) {
            r->failed = true;
        } else if (check_raw(r, child, ON_VALUE, values[count])) {
            if (r->point->raw == RAW_F32) /* as the register holds it: -999.9 is no float */
                values[count] = (double)(float)values[count];
            count++;
        }
    }
    r->point->invalid = values;
    r->point->invalid_count = values == NULL ? 0 : count;
}

static void resolve_valid(struct resolver *r)
{
    const struct node *list = r->raw->valid;
    double *const values[] = {&r->point->valid_low, &r->point->valid_high};
    if (list == NULL)
        return;
    if (node_count(list) != ARRAY_SIZE(values)) {
        refuse(r, "valid", ON_VALUE, S_BAD_FORMAT,
               WORDS(words_found(complaints_of(r), list), both("[lowest, highest]", "[最小, 最大]")));
        return;
    }
    const struct node *child = node_first(list);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++, child = node_next(child))
        if (!shape_number(child, -1.7e308, 1.7e308, complaints_of(r), values[i]) ||
            !check_raw(r, child, ON_VALUE, *values[i]))
            r->failed = true;
    r->point->has_valid = true;
    if (!r->failed && r->point->valid_low > r->point->valid_high)
        refuse(r, "valid", ON_VALUE, S_WRONG_RANGE,
               WORDS(words_number(complaints_of(r), r->point->valid_low),
                     words_number(complaints_of(r), r->point->valid_high)));
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
    resolve_valid(r);
    resolve_scale_from(r);
    resolve_only_if(r);
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
    if (r->raw->map != NULL && point->raw == RAW_STRING)
        refuse(r, "map", ON_KEY, S_NOT_WITH, WORDS(same("\"map\""), same("\"type\": \"string\"")));
    else if (r->raw->map != NULL && (is_scaled(point) || point->raw == RAW_F32 || point->raw == RAW_F64))
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

static void write_limits_read(const struct node *write, struct complaints *complaints, double *ret_minimum,
                              double *ret_maximum)
{
    struct write_limits limits = {.minimum = NO_LIMIT, .maximum = NO_LIMIT};
    if (write != NULL)
        (void)shape_read(write, &write_shape, &limits, complaints);
    *ret_minimum = limits.minimum;
    *ret_maximum = limits.maximum;
}

/* What its register can hold; false when it cannot be written at all. */
static bool point_write_range(const struct slave_point *point, double *ret_minimum, double *ret_maximum)
{
    if (point->function == FUNCTION_COIL) {
        *ret_minimum = 0;
        *ret_maximum = 1;
        return true;
    }
    bool const signed_word = point->raw == RAW_S16;
    if (point->function != FUNCTION_HOLDING || point->byte != BYTE_BOTH || (point->raw != RAW_U16 && !signed_word) ||
        point->has_scale_from)
        return false;
    double const low = (signed_word ? -32768.0 : 0.0) * point->scale + point->offset;
    double const high = (signed_word ? 32767.0 : 65535.0) * point->scale + point->offset;
    *ret_minimum = low < high ? low : high;
    *ret_maximum = low < high ? high : low;
    return true;
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
    r->result->is_writable = point_write_range(r->point, &r->result->write_minimum, &r->result->write_maximum);
    if (raw->write != NULL && !r->result->is_writable)
        refuse(r, "write", ON_KEY, S_NOT_WRITABLE, WORDS(words_id(r)));
    if (minimum > r->result->write_minimum)
        r->result->write_minimum = minimum;
    if (maximum > NO_LIMIT && maximum < r->result->write_maximum)
        r->result->write_maximum = maximum;
    note_read(raw->note, r->context->arena, complaints_of(r), r->result->note);
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

static void resolve_id(struct resolver *r)
{
    r->class = r->context->class;
    if (r->result->repeat.count > 0 && r->class != NULL)
        r->class = r->class->channel;
    r->canonical = class_point_find(r->class, r->id);
    if (!id_is_good(r->id))
        refuse(r, NULL, ON_KEY, S_BAD_ID, WORDS(words_id(r)));
    else if (r->class != NULL && !r->class->open && r->canonical == NULL)
        refuse(r, NULL, ON_KEY, S_POINT_NOT_OF_CLASS,
               WORDS(same(r->class->id), words_id(r),
                     words_suggest(complaints_of(r), r->id, name_of_class_point, r->class)));
    else if (r->canonical != NULL && !class_point_may_be_read(r->canonical))
        refuse(r, NULL, ON_KEY, S_POINT_DERIVED, WORDS(words_id(r)));
}

bool point_resolve(const struct raw_point *raw, const char *id, const struct node *at,
                   const struct point_context *context, struct profile_point *ret_point)
{
    struct profile_point result = {.type = "", .map_system = "", .note = {"", ""}};
    result.point = (struct slave_point){.type = VALUE_INT, .unit = "", .zh = "", .en = "", .scale = 1};
    struct resolver r = {.raw = raw, .at = at, .id = id, .context = context, .result = &result, .point = &result.point};
    resolve_repeat(&r);
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
    check_reach(&r);
    if (r.failed)
        return false;
    result.id = result.point.id = take_text(context->arena, id, context->complaints);
    *ret_point = result;
    return true;
}

struct raw_note {
    SHAPED;
    const char *text[2];
};
static const struct field note_fields[] = {
    {.key = "zh", .type = FIELD_TEXT, .offset = offsetof(struct raw_note, text[LANGUAGE_ZH]), .maximum = NOTE_SIZE_MAX},
    {.key = "en", .type = FIELD_TEXT, .offset = offsetof(struct raw_note, text[LANGUAGE_EN]), .maximum = NOTE_SIZE_MAX},
};
static const struct shape note_shape = SHAPE(note_fields);

void note_read(const struct node *node, struct arena *arena, struct complaints *complaints, const char *ret_note[2])
{
    struct raw_note raw = {.text = {"", ""}};
    if (node != NULL && node_kind(node) == NODE_STRING) {
        if (shape_text(node, NOTE_SIZE_MAX, complaints, &raw.text[LANGUAGE_EN]))
            raw.text[LANGUAGE_ZH] = raw.text[LANGUAGE_EN];
    } else if (node != NULL && node_kind(node) == NODE_OBJECT) {
        (void)shape_read(node, &note_shape, &raw, complaints);
    } else if (node != NULL) {
        complain_node(complaints, node, ON_VALUE, S_BAD_TYPE,
                      WORDS(words_found(complaints, node), both("a text, or { \"zh\": \"…\", \"en\": \"…\" }",
                                                                "文本，或 { \"zh\": \"…\", \"en\": \"…\" }")));
    }
    for (size_t i = 0; i < ARRAY_SIZE(raw.text); i++)
        ret_note[i] = take_text(arena, raw.text[i], complaints);
}
