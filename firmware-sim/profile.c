#include "firmware-sim/profile.h"

#include <string.h>

#include "firmware-sim/json.h"

/* { "count", "step" }: a panel of identical channels. */
struct repeat {
    long long count; /* 0: not repeated */
    long long step;
};

static bool read_repeat(const cJSON *json, struct repeat *repeat, struct text *why)
{
    const cJSON *member = json_member(json, "repeat");
    if (member == NULL)
        return true;
    if (!json_integer(json_member(member, "count"), 1, SITE_POINTS_MAX, &repeat->count) ||
        !json_integer(json_member(member, "step"), 1, 65535, &repeat->step))
        return text_refuse(why, "repeat must be { \"count\": 1 or more, \"step\": 1 or more }");
    return true;
}

/* Points being collected: `size` was counted before. */
struct harvest {
    struct pool *pool;
    struct point *points;
    size_t count;
    size_t size;
};

static bool add_channels(struct harvest *harvest, const struct point *first, const struct repeat *repeat,
                         struct text *why)
{
    for (long long channel = 0; channel < repeat->count; channel++) {
        long long shift = channel * repeat->step;
        if (shift + first->address + first->count > 65536)
            return text_refuse(why, "repeat reaches beyond address 65535");
        if (harvest->count == harvest->size)
            return text_refuse(why, "more than %d points", SITE_POINTS_MAX);
        struct point *point = &harvest->points[harvest->count++];
        *point = *first;
        point->address = (uint16_t)(first->address + shift);
        point->id = pool_print(harvest->pool, "ch%lld.%s", channel + 1, first->id);
    }
    return true;
}

static bool add_point(struct harvest *harvest, const cJSON *item, enum order order, struct repeat repeat,
                      struct text *why)
{
    struct point point = point_default(item->string, order);
    if (json_member(item, "address") == NULL)
        return text_refuse(why, "needs an address");
    if (!point_read(item, harvest->pool, &point, why) || !read_repeat(item, &repeat, why))
        return false;
    if (repeat.count > 0)
        return add_channels(harvest, &point, &repeat, why);
    harvest->points[harvest->count++] = point;
    return true;
}

static bool count_points(const cJSON *points, struct repeat general, size_t *ret_size, struct text *why)
{
    size_t size = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, points)
    {
        struct repeat repeat = general;
        if (!read_repeat(item, &repeat, why))
            return false;
        size += repeat.count > 0 ? (size_t)repeat.count : 1;
        if (size > SITE_POINTS_MAX)
            return text_refuse(why, "more than %d points", SITE_POINTS_MAX);
    }
    *ret_size = size;
    return true;
}

static bool read_points(const cJSON *json, enum order order, struct harvest *harvest, struct text *why)
{
    const cJSON *points = json_member(json, "points");
    struct repeat repeat = {.count = 0};
    if (!read_repeat(json, &repeat, why) || !count_points(points, repeat, &harvest->size, why))
        return false;
    harvest->points = pool_take(harvest->pool, harvest->size, sizeof *harvest->points);
    const cJSON *item;
    cJSON_ArrayForEach(item, points)
    {
        struct sentence inner;
        if (!add_point(harvest, item, order, repeat, sentence_init(&inner)))
            return text_refuse(why, "points.%s: %s", item->string, inner.bytes);
    }
    return true;
}

bool profile_read(const cJSON *json, const char *name, struct pool *pool, struct profile *ret_profile, struct text *why)
{
    enum order order = ORDER_ABCD;
    const char *word = json_text(json, "order", NULL);
    const cJSON *identity = json_member(json, "identity");
    struct harvest harvest = {.pool = pool};
    struct seed *seed = NULL;
    long long gap = 0;
    if (word != NULL && !order_read(word, &order))
        return text_refuse(why, "order must be ABCD, CDAB, BADC or DCBA, not \"%s\"", word);
    if (!read_points(json, order, &harvest, why))
        return false;
    if (identity != NULL) {
        seed = pool_take(pool, 1, sizeof *seed);
        if (!seed_read(identity, TABLE_HOLDING, seed, why))
            return false;
    }
    if (!json_integer(json_member(json, "max_gap"), 0, 125, &gap))
        gap = 0;
    *ret_profile = (struct profile){.name = name,
                                    .class = json_text(json, "class", NULL),
                                    .points = harvest.points,
                                    .point_count = harvest.count,
                                    .identity = seed,
                                    .gap = (uint32_t)gap};
    return true;
}

static struct point *find_point(struct point *points, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(points[i].id, id) == 0)
            return &points[i];
    }
    return NULL;
}

static bool is_mapping(const cJSON *item)
{
    return !cJSON_IsObject(item) || json_member(item, "from") != NULL;
}

static bool add_inline(const cJSON *item, struct pool *pool, struct point *points, size_t *count, struct text *why)
{
    struct point *there = find_point(points, *count, item->string);
    if (there != NULL)
        return point_read(item, pool, there, why);
    if (json_member(item, "address") == NULL)
        return true;
    struct point point = point_default(item->string, ORDER_ABCD);
    if (!point_read(item, pool, &point, why))
        return false;
    points[(*count)++] = point;
    return true;
}

bool profile_add_points(const cJSON *points, const struct profile *base, struct pool *pool, struct point **ret_points,
                        size_t *ret_count, struct text *why)
{
    size_t count = base == NULL ? 0 : base->point_count;
    struct point *all = pool_take(pool, count + json_count(points), sizeof *all);
    if (count > 0)
        memcpy(all, base->points, count * sizeof *all);
    const cJSON *item;
    cJSON_ArrayForEach(item, points)
    {
        struct sentence inner;
        if (item->string == NULL || is_mapping(item))
            continue;
        if (!add_inline(item, pool, all, &count, sentence_init(&inner)))
            return text_refuse(why, "points.%s: %s", item->string, inner.bytes);
    }
    *ret_points = all;
    *ret_count = count;
    return true;
}
