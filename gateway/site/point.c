#include "gateway/site/point.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/memory.h"
#include "gateway/site/resolver.h"
#include "gateway/site/units.h"

#define NOTE_SIZE_MAX 2048

/* --- the words of the format ---------------------------------------------------------------------------------------- */

const char *const order_names[] = {"ABCD", "CDAB", "BADC", "DCBA", NULL};
const char *const poll_names[] = {"safety", "normal", "slow", NULL};

#define AT(member) offsetof(struct raw_point, member)
#define REGISTER_FIELDS                                                                                                \
    {.key = "function", .type = FIELD_CHOICE, .offset = AT(function), .choices = function_names},                      \
        {.key = "address", .type = FIELD_WHOLE, .offset = AT(address), .maximum = 65535},                              \
        {.key = "type", .type = FIELD_CHOICE, .offset = AT(type), .choices = raw_type_names},                          \
        {.key = "length", .type = FIELD_WHOLE, .offset = AT(length), .minimum = 1, .maximum = POINT_TEXT_MAX},         \
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

bool value_type_is_number(enum value_type type)
{
    return type == VALUE_INT || type == VALUE_UINT || type == VALUE_NUMBER;
}

bool value_type_converts(enum value_type from, enum value_type to)
{
    bool const whole = from == VALUE_INT || from == VALUE_UINT; /* 0 and 1; others are bad, invalid */
    return from == to || (value_type_is_number(from) && value_type_is_number(to)) || (whole && to == VALUE_BOOL);
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
