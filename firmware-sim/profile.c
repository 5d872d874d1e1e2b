#include "firmware-sim/profile.h"

#include <string.h>

#include "firmware-sim/json.h"

/* --- the file --- */

/* { "count", "step" }: a panel of identical channels; what it does not say the profile's does (then it is in `repeat`
 * already). false: stands alone in a profile that repeats. */
static bool read_repeat(const cJSON *json, struct repeat *repeat, struct text *why)
{
    const cJSON *member = json_member(json, "repeat");
    if (member == NULL)
        return true;
    if (cJSON_IsFalse(member)) {
        *repeat = (struct repeat){.count = 0};
        return true;
    }
    const cJSON *count = json_member(member, "count");
    const cJSON *step = json_member(member, "step");
    if ((count != NULL && !json_integer(count, 1, SITE_POINTS_MAX, &repeat->count)) ||
        (step != NULL && !json_integer(step, 0, 65535, &repeat->step)) || repeat->count == 0 || repeat->step < 0)
        return text_refuse(why, "repeat must be { \"count\": 1 or more, \"step\": 0 or more }");
    return true;
}

static bool read_point(const cJSON *item, enum order order, struct repeat repeat, struct pool *pool,
                       struct profile_point *ret_point, struct text *why)
{
    struct profile_point point = {.point = point_default(item->string, order), .repeat = repeat};
    if (json_member(item, "address") == NULL)
        return text_refuse(why, "needs an address");
    if (!point_read(item, pool, &point.point, why) || !read_repeat(item, &point.repeat, why))
        return false;
    *ret_point = point;
    return true;
}

static bool read_points(const cJSON *json, enum order order, struct pool *pool, struct profile *profile,
                        struct text *why)
{
    const cJSON *points = json_member(json, "points");
    struct repeat repeat = {.count = 0, .step = -1};
    if (!read_repeat(json, &repeat, why))
        return false;
    struct profile_point *list = pool_take(pool, json_count(points), sizeof *list);
    profile->points = list;
    const cJSON *item;
    cJSON_ArrayForEach(item, points)
    {
        struct sentence inner;
        if (item->string == NULL ||
            !read_point(item, order, repeat, pool, &list[profile->point_count], sentence_init(&inner)))
            return text_refuse(why, "points.%s: %s", item->string == NULL ? "" : item->string, inner.bytes);
        profile->point_count++;
    }
    return true;
}

static bool read_base(const cJSON *json, struct profile *profile, struct text *why)
{
    const cJSON *base = json_member(json, "base");
    profile->base_from_site = cJSON_IsString(base) && text_equals(base->valuestring, "site");
    if (base == NULL || profile->base_from_site || json_integer(base, -65535, 65535, &profile->base))
        return true;
    return text_refuse(why, "base must be a whole number or \"site\"");
}

static bool read_watchdog(const cJSON *json, struct profile *profile, struct text *why)
{
    const cJSON *watchdog = json_member(json, "watchdog");
    const char *after = json_text(watchdog, "after", NULL);
    if (watchdog == NULL)
        return true;
    profile->watchdog_point = json_text(watchdog, "point", NULL);
    profile->watchdog_fail = cJSON_IsTrue(json_member(watchdog, "fail")) != 0;
    if (profile->watchdog_point != NULL && after != NULL && text_to_duration(after, &profile->watchdog_us))
        return true;
    return text_refuse(why, "watchdog must be { \"point\": …, \"after\": \"10s\", \"fail\": true or false }");
}

bool profile_read(const cJSON *json, const char *name, struct pool *pool, struct profile *ret_profile, struct text *why)
{
    enum order order = ORDER_ABCD;
    const char *word = json_text(json, "order", NULL);
    const cJSON *identity = json_member(json, "identity");
    struct profile profile = {.name = name, .class = json_text(json, "class", NULL)};
    long long gap = 0;
    if (word != NULL && !order_read(word, &order))
        return text_refuse(why, "order must be ABCD, CDAB, BADC or DCBA, not \"%s\"", word);
    if (!read_base(json, &profile, why) || !read_watchdog(json, &profile, why) ||
        !read_points(json, order, pool, &profile, why))
        return false;
    if (identity != NULL) {
        struct seed *seed = pool_take(pool, 1, sizeof *seed);
        if (!seed_read(identity, TABLE_HOLDING, seed, why))
            return false;
        profile.identity = seed;
    }
    if (json_integer(json_member(json, "max_gap"), 0, 125, &gap))
        profile.gap = (uint32_t)gap;
    *ret_profile = profile;
    return true;
}

/* --- one slave of it --- */

/* A slave's points being made. */
struct making {
    struct pool *pool;
    long long base;
    long long channels; /* 0: as many as the profile has */
    struct point *points;
    size_t count;
    struct text *why;
};

static bool move(uint16_t *address, long long shift, unsigned size, struct text *why)
{
    long long moved = *address + shift;
    if (moved < 0 || moved + size > 65536)
        return text_refuse(why, "address %lld is not within 0 to 65535", moved);
    *address = (uint16_t)moved;
    return true;
}

/* The point and the parts it depends on, `channel` steps further on. */
static bool place(struct making *making, const struct profile_point *from, long long channel, struct point *point)
{
    long long step = channel * from->repeat.step;
    struct seed *seeds = pool_take(making->pool, point->seed_count, sizeof *seeds);
    for (size_t i = 0; i < point->seed_count; i++) {
        seeds[i] = point->seeds[i];
        if (!move(&seeds[i].part.address, making->base + (seeds[i].fixed ? 0 : step), 1, making->why))
            return false;
    }
    point->seeds = seeds;
    return move(&point->address, making->base + step, point->count, making->why);
}

static size_t channels_of(const struct making *making, const struct profile_point *point)
{
    bool shorter = making->channels > 0 && making->channels < point->repeat.count;
    return (size_t)(shorter ? making->channels : point->repeat.count);
}

static bool add(struct making *making, const struct profile_point *from)
{
    size_t channels = channels_of(making, from);
    for (size_t i = 0; i < channels || i == 0; i++) {
        struct point point = from->point;
        if (channels > 0)
            point.id = pool_print(making->pool, "ch%zu.%s", i + 1, point.id);
        if (!place(making, from, (long long)i, &point))
            return false;
        making->points[making->count++] = point;
    }
    return true;
}

static bool is_mapping(const cJSON *item)
{
    return !cJSON_IsObject(item) || item->string == NULL || json_member(item, "from") != NULL;
}

static bool add_profile(struct making *making, const cJSON *slave, const struct profile *profile)
{
    for (size_t i = 0; i < profile->point_count; i++) {
        struct profile_point point = profile->points[i];
        const cJSON *change = json_member(json_member(slave, "points"), point.point.id);
        struct sentence inner;
        struct text *outer = making->why;
        making->why = sentence_init(&inner);
        bool good =
            (change == NULL || is_mapping(change) || point_read(change, making->pool, &point.point, making->why)) &&
            add(making, &point);
        making->why = outer;
        if (!good)
            return text_refuse(making->why, "points.%s: %s", point.point.id, inner.bytes);
    }
    return true;
}

static bool is_of_profile(const struct profile *profile, const char *id)
{
    for (size_t i = 0; profile != NULL && i < profile->point_count; i++) {
        if (strcmp(profile->points[i].point.id, id) == 0)
            return true;
    }
    return false;
}

static struct point *find_point(struct point *points, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(points[i].id, id) == 0)
            return &points[i];
    }
    return NULL;
}

/* Its own addresses are on the wire as they stand; one channel's point ("ch3.gas_lel_pct") may be changed too. */
static bool add_inline(struct making *making, const cJSON *item)
{
    struct point *there = find_point(making->points, making->count, item->string);
    struct sentence inner;
    struct point point = point_default(item->string, ORDER_ABCD);
    if (there == NULL && json_member(item, "address") == NULL)
        return true;
    if (!point_read(item, making->pool, there == NULL ? &point : there, sentence_init(&inner)))
        return text_refuse(making->why, "points.%s: %s", item->string, inner.bytes);
    if (there == NULL)
        making->points[making->count++] = point;
    return true;
}

static bool read_place(struct making *making, const cJSON *slave, const struct profile *profile)
{
    const cJSON *base = json_member(slave, "base");
    const cJSON *channels = json_member(slave, "channels");
    making->base = profile == NULL ? 0 : profile->base;
    if (base != NULL && !json_integer(base, -65535, 65535, &making->base))
        return text_refuse(making->why, "base must be a whole number");
    if (base == NULL && profile != NULL && profile->base_from_site)
        return text_refuse(making->why, "the profile %s leaves the base to the site file: needs \"base\"",
                           profile->name);
    if (channels != NULL && !json_integer(channels, 1, SITE_POINTS_MAX, &making->channels))
        return text_refuse(making->why, "channels must be 1 or more");
    return true;
}

static size_t count_points(const struct making *making, const cJSON *slave, const struct profile *profile)
{
    size_t count = json_count(json_member(slave, "points"));
    for (size_t i = 0; profile != NULL && i < profile->point_count; i++) {
        size_t channels = channels_of(making, &profile->points[i]);
        count += channels > 0 ? channels : 1;
    }
    return count;
}

static bool place_identity(struct making *making, const struct profile *profile, struct site_slave *slave)
{
    if (profile == NULL || profile->identity == NULL)
        return true;
    struct seed *identity = pool_take(making->pool, 1, sizeof *identity);
    *identity = *profile->identity;
    slave->identity = identity;
    return move(&identity->part.address, making->base, 1, making->why);
}

bool profile_make_points(const cJSON *slave, const struct profile *profile, struct pool *pool,
                         struct site_slave *ret_slave, struct text *why)
{
    struct making making = {.pool = pool, .why = why};
    if (!read_place(&making, slave, profile))
        return false;
    size_t count = count_points(&making, slave, profile);
    if (count > SITE_POINTS_MAX)
        return text_refuse(why, "%zu points; at most %d", count, SITE_POINTS_MAX);
    making.points = pool_take(pool, count, sizeof *making.points);
    if (profile != NULL && !add_profile(&making, slave, profile))
        return false;
    const cJSON *item;
    cJSON_ArrayForEach(item, json_member(slave, "points"))
    {
        if (!is_mapping(item) && !is_of_profile(profile, item->string) && !add_inline(&making, item))
            return false;
    }
    if (!place_identity(&making, profile, ret_slave))
        return false;
    ret_slave->profile = profile;
    ret_slave->points = making.points;
    ret_slave->point_count = making.count;
    return true;
}
