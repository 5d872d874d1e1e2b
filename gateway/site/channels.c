#include "gateway/site/channels.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/resolver.h"

struct raw_repeat {
    SHAPED;
    int64_t count;
    int64_t step;
};
static const struct field repeat_fields[] = {
    {.key = "count",
     .type = FIELD_WHOLE,
     .offset = offsetof(struct raw_repeat, count),
     .minimum = 1,
     .maximum = SITE_POINTS_MAX},
    {.key = "step", .type = FIELD_WHOLE, .offset = offsetof(struct raw_repeat, step), .maximum = 65535},
};
static const struct shape repeat_shape = SHAPE(repeat_fields);

bool repeat_read(const struct node *node, struct complaints *complaints, struct profile_repeat *repeat)
{
    bool const inherited = repeat->count > 0;
    struct raw_repeat raw = {.count = repeat->count, .step = repeat->step};
    size_t const errors = complaints->errors;
    if (!shape_read(node, &repeat_shape, &raw, complaints))
        return false;
    if (!inherited && node_child(node, "count") == NULL)
        complain_node(complaints, node, ON_KEY, S_MISSING_KEY,
                      WORDS(same("\"count\""), both("how many channels", "通道数")));
    if (!inherited && node_child(node, "step") == NULL)
        complain_node(complaints, node, ON_KEY, S_MISSING_KEY,
                      WORDS(same("\"step\""), both("addresses from one channel to the next; 0: all share one",
                                                   "相邻通道的地址间隔；0：共用一个")));
    if (complaints->errors > errors)
        return false;
    *repeat = (struct profile_repeat){.count = (uint16_t)raw.count, .step = (uint16_t)raw.step};
    return true;
}

void resolve_repeat(struct resolver *r)
{
    const struct node *node = r->raw->repeat;
    struct profile_repeat *repeat = &r->result->repeat;
    *repeat = r->context->repeat;
    if (node != NULL && node_kind(node) == NODE_BOOL && !node_is_true(node))
        *repeat = (struct profile_repeat){0};
    else if (node != NULL && node_kind(node) == NODE_OBJECT)
        r->failed |= !repeat_read(node, complaints_of(r), repeat);
    else if (node != NULL)
        refuse(r, "repeat", ON_VALUE, S_BAD_TYPE,
               WORDS(words_found(complaints_of(r), node), both("an object {…}, or false", "对象 {…}，或 false")));
}

static void widen(int64_t *first, int64_t *last, int64_t from, int64_t to)
{
    *first = from < *first ? from : *first;
    *last = to > *last ? to : *last;
}

/* Of channels `from` to `to`; parts that are fixed stand where they are. */
static void reach_of(const struct profile_point *point, uint16_t from, uint16_t to, int64_t *ret_first,
                     int64_t *ret_last)
{
    int64_t const start = (int64_t)(from - 1) * point->repeat.step;
    int64_t const end = (int64_t)(to - 1) * point->repeat.step;
    const struct slave_point *own = &point->point;
    int64_t first = own->address + start;
    int64_t last = own->address + own->register_count - 1 + end;
    if (own->has_only_if)
        widen(&first, &last, own->only_if.address + (point->only_if_fixed ? 0 : start),
              own->only_if.address + (point->only_if_fixed ? 0 : end));
    if (own->has_scale_from)
        widen(&first, &last, own->scale_from.address + (point->scale_from_fixed ? 0 : start),
              own->scale_from.address + (point->scale_from_fixed ? 0 : end));
    *ret_first = first;
    *ret_last = last;
}

void point_reach(const struct profile_point *point, uint16_t channels, int64_t *ret_first, int64_t *ret_last)
{
    uint16_t const most = point->repeat.count < channels ? point->repeat.count : channels;
    reach_of(point, 1, most > 0 ? most : 1, ret_first, ret_last);
}

int64_t point_width(const struct profile_point *point, uint16_t channel)
{
    int64_t first;
    int64_t last;
    reach_of(point, channel, channel, &first, &last);
    return last - first + 1;
}

struct slave_point point_of_channel(const struct profile_point *point, int64_t base, uint16_t channel)
{
    struct slave_point result = point->point;
    int64_t const moved = base + (int64_t)(channel - 1) * point->repeat.step;
    result.address = (uint16_t)(result.address + moved);
    if (result.has_only_if)
        result.only_if.address = (uint16_t)(result.only_if.address + (point->only_if_fixed ? base : moved));
    if (result.has_scale_from)
        result.scale_from.address = (uint16_t)(result.scale_from.address + (point->scale_from_fixed ? base : moved));
    return result;
}

uint16_t channel_split(const char *text, const char **ret_rest)
{
    const char *digits = text + 2;
    *ret_rest = text;
    if (text[0] != 'c' || text[1] != 'h' || digits[0] < '1' || digits[0] > '9')
        return 0;
    size_t const length = strspn(digits, "0123456789");
    if (length > 4 || (digits[length] != '.' && digits[length] != '\0'))
        return 0;
    *ret_rest = digits + length + (digits[length] == '.');
    return (uint16_t)strtoul(digits, NULL, 10);
}

/* While the base is open only the extent can be too large. */
void check_reach(struct resolver *r)
{
    const struct profile_point *result = r->result;
    int64_t first;
    int64_t last;
    if (result->repeat.count > 1 && result->repeat.step > 0 && result->repeat.step < result->point.register_count)
        refuse(r, "repeat", ON_VALUE, S_REPEAT_STEP,
               WORDS(words_number(complaints_of(r), result->point.register_count),
                     words_number(complaints_of(r), result->repeat.step)));
    point_reach(result, result->repeat.count, &first, &last);
    int64_t const base = r->context->base_is_open ? -first : r->context->base;
    if (first + base >= 0 && last + base <= 65535)
        return;
    if (base == 0 && result->repeat.count <= 1)
        refuse(r, "address", ON_VALUE, S_BEYOND_END, WORDS(words_number(complaints_of(r), (double)last)));
    else
        refuse(r, "address", ON_VALUE, S_REACH,
               WORDS(words_number(complaints_of(r), (double)(first + base)),
                     words_number(complaints_of(r), (double)(last + base))));
}
