#include "gateway/core/thin.h"

#include <stdlib.h>
#include <string.h>

#define FNV_BASIS  0xCBF29CE484222325U
#define FNV_PRIME  0x100000001B3U
#define FULL_AT    (THIN_POINTS_MAX / 8 * 7)
#define NUMBER_MAX 32

static uint64_t hash(uint64_t sum, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ at[i]) * FNV_PRIME;
    return sum;
}

void thin_begin(struct thin *thin, int64_t bucket_ms)
{
    memset(thin, 0, sizeof *thin);
    thin->bucket_ms = bucket_ms;
}

/* NULL: the table is full. */
static struct thin_point *find(struct thin *thin, uint64_t key, bool *ret_new)
{
    key = key != 0 ? key : 1;
    size_t at = (size_t)(key ^ key >> 32) % THIN_POINTS_MAX;
    while (thin->points[at].key != 0 && thin->points[at].key != key)
        at = (at + 1) % THIN_POINTS_MAX;
    *ret_new = thin->points[at].key == 0;
    if (*ret_new && thin->point_count == FULL_AT)
        return NULL;
    if (*ret_new) {
        thin->points[at].key = key;
        thin->point_count++;
    }
    return &thin->points[at];
}

static void add_number(struct thin *thin, uint64_t key, double value, uint32_t index)
{
    bool fresh;
    struct thin_point *point = find(thin, key, &fresh);
    if (point == NULL) {
        thin->keep[index] = true;
        return;
    }
    if (fresh || value < point->lowest) {
        point->lowest = value;
        point->lowest_at = index;
    }
    if (fresh || value > point->highest) {
        point->highest = value;
        point->highest_at = index;
    }
}

static void add_last(struct thin *thin, uint64_t key, uint32_t index)
{
    bool fresh;
    struct thin_point *point = find(thin, key, &fresh);
    if (point == NULL)
        thin->keep[index] = true;
    else
        point->lowest_at = point->highest_at = index;
}

/* The first one there is, and each that is not like the one before. */
static void add_word(struct thin *thin, uint64_t key, uint64_t word, uint32_t index)
{
    bool fresh;
    struct thin_point *point = find(thin, key, &fresh);
    if (point == NULL || fresh || point->word != word) {
        thin->keep[index] = true;
        if (point != NULL)
            *point = (struct thin_point){.key = point->key, .lowest_at = index, .highest_at = index, .word = word};
    }
}

/* --- "name":value,"name":value… up to the closing brace; our own writing, yet nothing is read beyond `end` --- */

static const char *end_of_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at + 1 : end;
}

static bool read_number(const char *from, const char *to, double *ret_value)
{
    char text[NUMBER_MAX];
    size_t const size = (size_t)(to - from);
    if (size == 0 || size >= sizeof text || (from[0] != '-' && (from[0] < '0' || from[0] > '9')))
        return false;
    memcpy(text, from, size);
    text[size] = '\0';
    *ret_value = strtod(text, NULL);
    return true;
}

static void add_members(struct thin *thin, uint64_t device, uint64_t bucket, const char *at, const char *end,
                        uint32_t index)
{
    while (at < end && *at == '"') {
        const char *name = at;
        at = end_of_string(at, end);
        size_t const name_size = (size_t)(at - name);
        const char *value = at < end ? ++at : end; /* after the colon */
        double number;
        if (at < end && *at == '"')
            at = end_of_string(at, end);
        while (at < end && *at != ',' && *at != '}')
            at++;
        if (read_number(value, at, &number))
            add_number(thin, hash(bucket, name, name_size), number, index);
        else
            add_word(thin, hash(device, name, name_size), hash(FNV_BASIS, value, (size_t)(at - value)), index);
        if (at < end && *at == ',')
            at++;
        else
            return;
    }
}

/* Which points have no value, all of them together: one that comes or goes is a change. */
static void add_bad(struct thin *thin, uint64_t device, const char *at, const char *end, uint32_t index)
{
    const char *brace = memchr(at, '}', (size_t)(end - at));
    add_word(thin, hash(device, "bad", 3), hash(FNV_BASIS, at, (size_t)((brace != NULL ? brace : end) - at)), index);
}

bool thin_add(struct thin *thin, int64_t at_utc_ms, const char *topic, const char *payload, size_t payload_size)
{
    static const char values_key[] = "\"values\":{";
    static const char bad_key[] = "\"bad\":{";
    if (thin->count == THIN_RECORDS_MAX)
        return false;
    uint32_t const index = (uint32_t)thin->count++;
    int64_t const bucket = at_utc_ms / thin->bucket_ms;
    uint64_t const device = hash(FNV_BASIS, topic, strlen(topic));
    uint64_t const device_bucket = hash(device, &bucket, sizeof bucket);
    const char *end = payload + payload_size;
    const char *values = memmem(payload, payload_size, values_key, sizeof values_key - 1);
    const char *bad = memmem(payload, payload_size, bad_key, sizeof bad_key - 1);
    if (values == NULL || bad == NULL) {
        thin->keep[index] = true; /* not what this knows */
        return true;
    }
    add_last(thin, device_bucket, index);
    add_members(thin, device, device_bucket, values + sizeof values_key - 1, end, index);
    add_bad(thin, device, bad + sizeof bad_key - 1, end, index);
    return true;
}

bool thin_keeps(struct thin *thin, size_t index)
{
    for (size_t i = 0; thin->point_count > 0 && i < THIN_POINTS_MAX; i++)
        if (thin->points[i].key != 0)
            thin->keep[thin->points[i].lowest_at] = thin->keep[thin->points[i].highest_at] = true;
    thin->point_count = 0;
    return thin->keep[index];
}
