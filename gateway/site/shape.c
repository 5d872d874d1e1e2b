#include "gateway/site/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

#define TEXT_SIZE_DEFAULT 256
#define DURATION_MAX_MS   (3650.0 * 86400000.0)
#define SIZE_MAX_BYTES    (1024.0 * 1024.0 * 1024.0 * 1024.0 * 1024.0)

/* --- single values, without complaints ------------------------------------------------------------------------------ */

struct measure {
    const char *name;
    double factor;
};

/* A decimal number followed by one of the units: number * factor, when that is whole and at most `maximum`. */
static bool measure_parse(const char *text, const struct measure *units, size_t unit_count, double maximum,
                          int64_t *ret_value)
{
    size_t const digits = strspn(text, "0123456789.");
    if (digits == 0 || digits > 18 || text[0] == '.' || text[digits - 1] == '.')
        return false;
    char *end = NULL;
    double const number = strtod(text, &end);
    if (end != text + digits)
        return false;
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < unit_count; i++) {
        if (strcmp(end, units[i].name) != 0)
            continue;
        double const value = number * units[i].factor;
        double const whole = round(value);
        if (!(whole <= maximum) || fabs(value - whole) > 1e-6)
            return false;
        *ret_value = (int64_t)whole;
        return true;
    }
    return false;
}

bool duration_parse(const char *text, int64_t *ret_ms)
{
    static const struct measure units[] = {{"ms", 1},      {"s", 1000},     {"min", 60000},  {"m", 60000},
                                           {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};
    return measure_parse(text, units, ARRAY_SIZE(units), DURATION_MAX_MS, ret_ms);
}

bool size_parse(const char *text, int64_t *ret_bytes)
{
    static const struct measure units[] = {{"B", 1},
                                           {"KiB", 1024},
                                           {"MiB", 1024.0 * 1024},
                                           {"GiB", 1024.0 * 1024 * 1024},
                                           {"TiB", 1024.0 * 1024 * 1024 * 1024},
                                           {"kB", 1e3},
                                           {"MB", 1e6},
                                           {"GB", 1e9},
                                           {"TB", 1e12}};
    return measure_parse(text, units, ARRAY_SIZE(units), SIZE_MAX_BYTES, ret_bytes);
}

bool id_is_good(const char *id)
{
    size_t const length = strlen(id);
    return length > 0 && length <= SITE_ID_MAX && id[0] != '_' && id[0] != '-' &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

/* --- single values, with complaints --------------------------------------------------------------------------------- */

struct words words_kind(enum field_type type)
{
    switch (type) {
    case FIELD_ID:
        return both("an id in quotes", "带引号的编号");
    case FIELD_TEXT:
    case FIELD_CHOICE:
        return both("a text in quotes", "带引号的文本");
    case FIELD_BOOL:
        return both("true or false", "true 或 false");
    case FIELD_WHOLE:
        return both("a whole number without quotes", "不带引号的整数");
    case FIELD_NUMBER:
        return both("a number without quotes", "不带引号的数字");
    case FIELD_DURATION:
        return both("a time with its unit in quotes, such as \"500ms\", \"15s\", \"30d\"",
                    "带引号和单位的时长，例如 \"500ms\"、\"15s\"、\"30d\"");
    case FIELD_SIZE:
        return both("a size with its unit in quotes, such as \"2GiB\"", "带引号和单位的容量，例如 \"2GiB\"");
    case FIELD_SHAPE:
    case FIELD_OBJECT:
        return both("an object {…}", "对象 {…}");
    case FIELD_LIST:
        return both("a list […]", "列表 […]");
    case FIELD_ANY:
        break;
    }
    return both("a value", "一个值");
}

static void complain_type(const struct node *node, enum field_type type, struct complaints *complaints)
{
    complain_node(complaints, node, ON_VALUE, S_BAD_TYPE, WORDS(words_found(complaints, node), words_kind(type)));
}

static bool is_kind(const struct node *node, enum node_kind kind, enum field_type type, struct complaints *complaints)
{
    if (node_kind(node) == kind)
        return true;
    complain_type(node, type, complaints);
    return false;
}

bool shape_id(const struct node *node, struct complaints *complaints, const char **ret_id)
{
    if (!is_kind(node, NODE_STRING, FIELD_ID, complaints))
        return false;
    if (!id_is_good(node_string(node))) {
        complain_node(complaints, node, ON_VALUE, S_BAD_ID, WORDS(words_quote(complaints, node_string(node))));
        return false;
    }
    *ret_id = node_string(node);
    return true;
}

static bool text_between(const struct node *node, double minimum, double maximum, struct complaints *complaints,
                         const char **ret_text)
{
    if (!is_kind(node, NODE_STRING, FIELD_TEXT, complaints))
        return false;
    double const length = (double)strlen(node_string(node));
    if (length < minimum || length > maximum) {
        complain_node(complaints, node, ON_VALUE, S_OUT_OF_RANGE,
                      WORDS(words_quote(complaints, node_string(node)),
                            both(words_format(complaints, "%g to %g bytes", minimum, maximum).text[LANGUAGE_EN],
                                 words_format(complaints, "%g 到 %g 字节", minimum, maximum).text[LANGUAGE_ZH])));
        return false;
    }
    *ret_text = node_string(node);
    return true;
}

bool shape_text(const struct node *node, size_t size_max, struct complaints *complaints, const char **ret_text)
{
    return text_between(node, 1, (double)size_max, complaints, ret_text);
}

static bool is_between(const struct node *node, double value, double minimum, double maximum,
                       struct words (*words)(struct complaints *, double), struct complaints *complaints)
{
    if (value >= minimum && value <= maximum)
        return true;
    struct words const low = words(complaints, minimum);
    struct words const high = words(complaints, maximum);
    complain_node(complaints, node, ON_VALUE, S_OUT_OF_RANGE,
                  WORDS(words_found(complaints, node),
                        both(words_format(complaints, "%s to %s", low.text[0], high.text[0]).text[LANGUAGE_EN],
                             words_format(complaints, "%s 到 %s", low.text[0], high.text[0]).text[LANGUAGE_ZH])));
    return false;
}

bool shape_number(const struct node *node, double minimum, double maximum, struct complaints *complaints,
                  double *ret_value)
{
    if (!is_kind(node, NODE_NUMBER, FIELD_NUMBER, complaints))
        return false;
    double const value = node_number(node);
    if (!is_between(node, value, minimum, maximum, words_number, complaints))
        return false;
    *ret_value = value;
    return true;
}

bool shape_whole(const struct node *node, double minimum, double maximum, struct complaints *complaints,
                 int64_t *ret_value)
{
    if (!is_kind(node, NODE_NUMBER, FIELD_WHOLE, complaints))
        return false;
    double const value = node_number(node);
    if (!is_between(node, value, minimum, maximum, words_number, complaints))
        return false;
    if (value < trunc(value) || value > trunc(value)) {
        complain_type(node, FIELD_WHOLE, complaints);
        return false;
    }
    *ret_value = (int64_t)value;
    return true;
}

static struct words words_of_ms(struct complaints *complaints, double ms)
{
    return words_duration(complaints, (int64_t)ms);
}

bool shape_duration(const struct node *node, double minimum, double maximum, struct complaints *complaints,
                    int64_t *ret_ms)
{
    if (!is_kind(node, NODE_STRING, FIELD_DURATION, complaints))
        return false;
    int64_t ms;
    if (!duration_parse(node_string(node), &ms)) {
        complain_node(complaints, node, ON_VALUE, S_BAD_DURATION, WORDS(words_quote(complaints, node_string(node))));
        return false;
    }
    if (!is_between(node, (double)ms, minimum, maximum, words_of_ms, complaints))
        return false;
    *ret_ms = ms;
    return true;
}

static struct words words_of_bytes(struct complaints *complaints, double bytes)
{
    double const mib = 1024.0 * 1024.0;
    return bytes >= 1024.0 * mib ? words_format(complaints, "%gGiB", bytes / mib / 1024.0)
                                 : words_format(complaints, "%gMiB", bytes / mib);
}

static bool read_size(const struct node *node, const struct field *field, struct complaints *complaints,
                      int64_t *ret_bytes)
{
    if (!is_kind(node, NODE_STRING, FIELD_SIZE, complaints))
        return false;
    int64_t bytes;
    if (!size_parse(node_string(node), &bytes)) {
        complain_node(complaints, node, ON_VALUE, S_BAD_SIZE, WORDS(words_quote(complaints, node_string(node))));
        return false;
    }
    bool const is_none = field->or_none && bytes == 0;
    if (!is_none && !is_between(node, (double)bytes, field->minimum, field->maximum, words_of_bytes, complaints))
        return false;
    *ret_bytes = bytes;
    return true;
}

static bool read_choice(const struct node *node, const struct field *field, struct complaints *complaints,
                        int *ret_choice)
{
    if (!is_kind(node, NODE_STRING, FIELD_CHOICE, complaints))
        return false;
    for (int i = 0; field->choices[i] != NULL; i++) {
        if (strcmp(field->choices[i], node_string(node)) == 0) {
            *ret_choice = i;
            return true;
        }
    }
    complain_node(complaints, node, ON_VALUE, S_BAD_CHOICE,
                  WORDS(words_quote(complaints, node_string(node)),
                        words_suggest(complaints, node_string(node), name_of_array, field->choices)));
    return false;
}

static bool read_bool(const struct node *node, struct complaints *complaints, bool *ret_value)
{
    if (!is_kind(node, NODE_BOOL, FIELD_BOOL, complaints))
        return false;
    *ret_value = node_is_true(node);
    return true;
}

/* --- objects -------------------------------------------------------------------------------------------------------- */

static void read_node(const struct node *node, const struct field *field, struct complaints *complaints,
                      const struct node **ret_node)
{
    if (field->type == FIELD_LIST && !is_kind(node, NODE_LIST, FIELD_LIST, complaints))
        return;
    if (field->type != FIELD_LIST && field->type != FIELD_ANY && !is_kind(node, NODE_OBJECT, FIELD_OBJECT, complaints))
        return;
    *ret_node = node;
}

static void read_field(const struct node *node, const struct field *field, void *target, struct complaints *complaints)
{
    void *at = (unsigned char *)target + field->offset;
    switch (field->type) {
    case FIELD_ID:
        (void)shape_id(node, complaints, at);
        break;
    case FIELD_TEXT:
        (void)text_between(node, field->minimum, field->maximum > 0 ? field->maximum : TEXT_SIZE_DEFAULT, complaints,
                           at);
        break;
    case FIELD_BOOL:
        (void)read_bool(node, complaints, at);
        break;
    case FIELD_WHOLE:
        (void)shape_whole(node, field->minimum, field->maximum, complaints, at);
        break;
    case FIELD_NUMBER:
        (void)shape_number(node, field->minimum, field->maximum, complaints, at);
        break;
    case FIELD_DURATION:
        (void)shape_duration(node, field->minimum, field->maximum, complaints, at);
        break;
    case FIELD_SIZE:
        (void)read_size(node, field, complaints, at);
        break;
    case FIELD_CHOICE:
        (void)read_choice(node, field, complaints, at);
        break;
    case FIELD_SHAPE:
    case FIELD_OBJECT:
    case FIELD_LIST:
    case FIELD_ANY:
        read_node(node, field, complaints, at);
        break;
    }
}

static const char *name_of_field(const void *context, size_t index)
{
    const struct shape *shape = context;
    return index < shape->field_count ? shape->fields[index].key : NULL;
}

static const struct field *find_field(const struct shape *shape, const char *key)
{
    for (size_t i = 0; i < shape->field_count; i++)
        if (strcmp(shape->fields[i].key, key) == 0)
            return &shape->fields[i];
    return NULL;
}

static void read_member(const struct node *child, const struct shape *shape, void *target,
                        struct complaints *complaints)
{
    const struct field *field = find_field(shape, node_key(child));
    if (field == NULL) {
        bool const secret = strcmp(node_key(child), "password") == 0;
        complain_node(complaints, child, ON_KEY, secret ? S_PASSWORD : S_UNKNOWN_KEY,
                      WORDS(words_quote(complaints, node_key(child)),
                            words_suggest(complaints, node_key(child), name_of_field, shape)));
        return;
    }
    read_field(child, field, target, complaints);
    if (field->later && !(node_kind(child) == NODE_BOOL && !node_is_true(child))) /* "no" is in effect */
        complain_node(complaints, child, ON_KEY, S_NO_EFFECT_YET, WORDS(words_quote(complaints, field->key)));
}

bool shape_read(const struct node *node, const struct shape *shape, void *target, struct complaints *complaints)
{
    memcpy(target, &node, sizeof node);
    if (!is_kind(node, NODE_OBJECT, FIELD_OBJECT, complaints))
        return false;
    for (const struct node *child = node_first(node); child != NULL; child = node_next(child))
        read_member(child, shape, target, complaints);
    for (size_t i = 0; i < shape->field_count; i++)
        if (shape->fields[i].required && node_child(node, shape->fields[i].key) == NULL)
            complain_node(complaints, node, ON_VALUE, S_MISSING_KEY,
                          WORDS(words_quote(complaints, shape->fields[i].key), words_kind(shape->fields[i].type)));
    return true;
}

bool shape_read_list(const struct node *list, const struct shape *shape, const void *defaults, size_t size,
                     size_t count_max, struct arena *arena, struct complaints *complaints, void **ret_items,
                     size_t *ret_count)
{
    size_t const wanted = list == NULL ? 0 : node_count(list);
    size_t const most = wanted < count_max ? wanted : count_max;
    if (wanted > count_max)
        complain_node(complaints, list, ON_KEY, S_TOO_MANY,
                      WORDS(words_number(complaints, (double)wanted), words_number(complaints, (double)count_max)));
    unsigned char *items = arena_take(arena, most, size);
    if (items == NULL)
        return false;
    size_t count = 0;
    const struct node *child = list == NULL ? NULL : node_first(list);
    for (size_t i = 0; i < most; i++, child = node_next(child)) {
        void *item = items + count * size;
        memcpy(item, defaults, size);
        count += shape_read(child, shape, item, complaints);
    }
    *ret_items = items;
    *ret_count = count;
    return true;
}
