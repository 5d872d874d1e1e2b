/* The raw numbers of a point: which there can be, which mean that there is no value, and what other registers say of them
 * (scale_from, only_if). */
#include <float.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/memory.h"
#include "gateway/site/resolver.h"

#define INVALID_MAX 16

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

static void resolve_only_if(struct resolver *r)
{
    struct raw_part raw;
    if (r->raw->only_if == NULL)
        return;
    if (function_is_bits(r->point->function)) {
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

void resolve_numbers(struct resolver *r)
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
