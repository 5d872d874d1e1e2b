#include "firmware-sim/point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/json.h"

static const char *const table_names[TABLE_COUNT] = {"coil", "discrete", "holding", "input"};

const char *table_name(enum table table)
{
    return table_names[table];
}

bool table_is_bits(enum table table)
{
    return table == TABLE_COIL || table == TABLE_DISCRETE;
}

bool table_read(const char *word, enum table *ret_table)
{
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        if (!text_equals(word, table_names[i]))
            continue;
        *ret_table = (enum table)i;
        return true;
    }
    return false;
}

bool order_read(const char *word, enum order *ret_order)
{
    static const char *const names[] = {"ABCD", "CDAB", "BADC", "DCBA"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (!text_equals(word, names[i]))
            continue;
        *ret_order = (enum order)i;
        return true;
    }
    return false;
}

/* What a type word means. One register unless it says more; a string's length comes from `length`. */
struct type_row {
    const char *name;
    enum point_kind kind;
    uint8_t registers;
};

static const struct type_row type_rows[] = {
    {"u16", POINT_UNSIGNED, 1},  {"s16", POINT_SIGNED, 1}, {"u32", POINT_UNSIGNED, 2},  {"s32", POINT_SIGNED, 2},
    {"u64", POINT_UNSIGNED, 4},  {"s64", POINT_SIGNED, 4}, {"f32", POINT_FLOAT, 2},     {"f64", POINT_FLOAT, 4},
    {"bcd16", POINT_BCD, 1},     {"bcd32", POINT_BCD, 2},  {"bits", POINT_UNSIGNED, 1}, {"bit", POINT_BIT, 1},
    {"string", POINT_STRING, 1},
};

static bool read_address(const cJSON *json, uint16_t *address, struct text *why)
{
    const cJSON *item = json_member(json, "address");
    long long number;
    if (item == NULL)
        return true;
    if (!json_integer(item, 0, 65535, &number))
        return text_refuse(why, "address must be a whole number from 0 to 65535");
    *address = (uint16_t)number;
    return true;
}

/* byte, bit, bits: narrows the part. `*ret_bit` when it is a single bit. */
static bool read_part(const cJSON *json, uint8_t *shift, uint8_t *width, bool *ret_bit, struct text *why)
{
    const char *byte = json_text(json, "byte", NULL);
    const cJSON *bit = json_member(json, "bit");
    const cJSON *bits = json_member(json, "bits");
    long long from = 0;
    long long count = 0;
    if (byte != NULL) {
        if (!text_equals(byte, "hi") && !text_equals(byte, "lo"))
            return text_refuse(why, "byte must be \"hi\" or \"lo\", not \"%s\"", byte);
        *shift = text_equals(byte, "hi") ? 8 : 0;
        *width = 8;
    }
    if (bit != NULL) {
        count = 1;
        if (!json_integer(bit, 0, *width - 1, &from))
            return text_refuse(why, "bit must be a whole number from 0 to %d", *width - 1);
    } else if (bits != NULL) {
        if (!json_integer(cJSON_GetArrayItem(bits, 0), 0, *width - 1, &from) ||
            !json_integer(cJSON_GetArrayItem(bits, 1), 1, *width - from, &count))
            return text_refuse(why, "bits must be [from, count] within the %d bits", *width);
    }
    if (count > 0) {
        *shift = (uint8_t)(*shift + from);
        *width = (uint8_t)count;
    }
    *ret_bit = bit != NULL;
    return true;
}

bool seed_read(const cJSON *json, enum table table, struct seed *ret_seed, struct text *why)
{
    struct seed seed = {.table = table, .part = {.width = 16}};
    const char *function = json_text(json, "function", NULL);
    const cJSON *equals = json_member(json, "equals");
    bool bit;
    long long raw = 0;
    if (function != NULL && !table_read(function, &seed.table))
        return text_refuse(why, "function must be holding, input, coil or discrete, not \"%s\"", function);
    if (!read_address(json, &seed.part.address, why) || !read_part(json, &seed.part.shift, &seed.part.width, &bit, why))
        return false;
    if (equals != NULL && !json_integer(equals, 0, (1LL << seed.part.width) - 1, &raw))
        return text_refuse(why, "equals must be a whole number that fits in %d bits", seed.part.width);
    seed.raw = (uint16_t)raw;
    seed.fixed = cJSON_IsTrue(json_member(json, "fixed"));
    *ret_seed = seed;
    return true;
}

static const char *map_name(struct pool *pool, const cJSON *item)
{
    if (cJSON_IsString(item))
        return item->valuestring;
    if (cJSON_IsBool(item))
        return cJSON_IsTrue(item) ? "true" : "false";
    return cJSON_IsNumber(item) ? pool_print(pool, "%.10g", item->valuedouble) : NULL;
}

static bool read_map(const cJSON *map, struct pool *pool, struct point *point, struct text *why)
{
    struct map_entry *entries = pool_take(pool, json_count(map), sizeof *entries);
    size_t count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, map)
    {
        entries[count].name = map_name(pool, item);
        if (item->string == NULL || entries[count].name == NULL ||
            !text_to_integer(item->string, INT64_MIN, INT64_MAX, &entries[count].raw))
            return text_refuse(why, "map must be { \"raw number\": \"code\", … }");
        count++;
    }
    point->map = entries;
    point->map_count = count;
    return true;
}

/* The decimals are ours to choose: the row nearest to one decimal, as detectors ship; without rows three where there is room
 * for them. */
static bool read_scale_from(const cJSON *json, struct point *point, struct seed *ret_seed, struct text *why)
{
    if (!seed_read(json, point->table, ret_seed, why))
        return false;
    const cJSON *map = json_member(json, "decimals");
    if (!cJSON_IsObject(map))
        map = json_member(json, "map");
    double decimals = point->width > 16 ? 3 : 1;
    long long raw = (long long)decimals;
    bool chosen = false;
    const cJSON *item;
    cJSON_ArrayForEach(item, map)
    {
        long long key;
        if (!cJSON_IsNumber(item) || item->string == NULL || !text_to_integer(item->string, 0, 65535, &key))
            return text_refuse(why, "scale_from: its table must be { \"raw number\": decimals, … }");
        if (chosen && fabs(item->valuedouble - 1) >= fabs(decimals - 1))
            continue;
        decimals = item->valuedouble;
        raw = key;
        chosen = true;
    }
    ret_seed->raw = (uint16_t)raw;
    point->decimals = pow(10, -decimals);
    return true;
}

static bool read_seeds(const cJSON *json, struct pool *pool, struct point *point, struct text *why)
{
    const cJSON *only_if = json_member(json, "only_if");
    const cJSON *scale_from = json_member(json, "scale_from");
    if (only_if == NULL && scale_from == NULL)
        return true;
    struct seed *seeds = pool_take(pool, 2, sizeof *seeds);
    size_t count = 0;
    if (only_if != NULL && !seed_read(only_if, point->table, &seeds[count++], why))
        return false;
    if (scale_from != NULL && !read_scale_from(scale_from, point, &seeds[count++], why))
        return false;
    point->seeds = seeds;
    point->seed_count = count;
    return true;
}

static const struct type_row *find_type(const char *name)
{
    for (size_t i = 0; i < sizeof type_rows / sizeof *type_rows; i++) {
        if (strcmp(type_rows[i].name, name) == 0)
            return &type_rows[i];
    }
    return NULL;
}

/* `length` counts characters; two make a register. */
static bool read_length(const cJSON *json, struct point *point, struct text *why)
{
    long long length;
    if (!json_integer(json_member(json, "length"), 1, 2LL * POINT_REGISTERS_MAX, &length))
        return text_refuse(why, "a string needs a length of 1 to %d characters", 2 * POINT_REGISTERS_MAX);
    point->count = (uint16_t)((length + 1) / 2);
    return true;
}

static bool read_type(const cJSON *json, struct point *point, struct text *why)
{
    const char *name = json_text(json, "type", NULL);
    bool bit = false;
    if (table_is_bits(point->table)) {
        point->kind = POINT_BIT;
        point->count = 1;
        point->shift = 0;
        point->width = 1;
        return true;
    }
    if (name != NULL) {
        const struct type_row *row = find_type(name);
        if (row == NULL)
            return text_refuse(why, "type \"%s\" is not known", name);
        point->kind = row->kind;
        point->count = row->registers;
        point->shift = 0;
        point->width = (uint8_t)(16 * row->registers);
        if (row->kind == POINT_STRING && !read_length(json, point, why))
            return false;
    }
    if (point->kind == POINT_STRING || point->count > 1)
        return true;
    if (json_member(json, "byte") != NULL || json_member(json, "bit") != NULL || json_member(json, "bits") != NULL) {
        point->shift = 0;
        point->width = 16;
    }
    if (!read_part(json, &point->shift, &point->width, &bit, why))
        return false;
    if (bit)
        point->kind = POINT_BIT;
    return true;
}

static void read_sentinel(const cJSON *json, struct point *point)
{
    const cJSON *first = cJSON_GetArrayItem(json_member(json, "invalid"), 0);
    const cJSON *valid = json_member(json, "valid");
    const cJSON *low = cJSON_GetArrayItem(valid, 0);
    const cJSON *high = cJSON_GetArrayItem(valid, 1);
    if (cJSON_IsNumber(low) && cJSON_IsNumber(high) && low->valuedouble <= high->valuedouble) {
        point->has_valid = true;
        point->valid_low = low->valuedouble;
        point->valid_high = high->valuedouble;
    }
    if (!cJSON_IsNumber(first))
        return;
    point->has_sentinel = true;
    point->sentinel = first->valuedouble;
}

struct point point_default(const char *id, enum order order)
{
    return (struct point){
        .id = id,
        .unit = "",
        .table = TABLE_HOLDING,
        .count = 1,
        .kind = POINT_UNSIGNED,
        .order = order,
        .width = 16,
        .scale = 1,
        .written_scale = 1,
        .decimals = 1,
    };
}

bool point_read(const cJSON *json, struct pool *pool, struct point *point, struct text *why)
{
    const char *function = json_text(json, "function", NULL);
    const char *order = json_text(json, "order", NULL);
    if (!cJSON_IsObject(json))
        return text_refuse(why, "must be an object { \"function\": …, \"address\": … }");
    if (function != NULL && !table_read(function, &point->table))
        return text_refuse(why, "function must be holding, input, coil or discrete, not \"%s\"", function);
    if (order != NULL && !order_read(order, &point->order))
        return text_refuse(why, "order must be ABCD, CDAB, BADC or DCBA, not \"%s\"", order);
    if (!read_address(json, &point->address, why) || !read_type(json, point, why))
        return false;
    if ((unsigned)point->address + point->count > 65536)
        return text_refuse(why, "reaches beyond address 65535");
    point->unit = json_text(json, "unit", point->unit);
    point->written_scale = json_number(json, "scale", point->written_scale);
    point->offset = json_number(json, "offset", point->offset);
    point->writable = point->writable || cJSON_IsObject(json_member(json, "write"));
    if (!(fabs(point->written_scale) > 0))
        return text_refuse(why, "scale must not be 0");
    read_sentinel(json, point);
    const cJSON *map = json_member(json, "map");
    /* The name of a system of codes: what its numbers mean is the gateway's knowledge, here they are numbers. */
    if (map != NULL && !cJSON_IsString(map) && !read_map(map, pool, point, why))
        return false;
    bool good = read_seeds(json, pool, point, why);
    point->scale = point->written_scale * point->decimals;
    return good;
}
