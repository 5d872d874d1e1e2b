#include "tests/support/mutant.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"

/* Walks over all places where a mistake fits; at the wanted one it plants it. */
struct mutant {
    size_t wanted;
    size_t at;
    bool done;
    const char *point; /* where we are */
    char *what;
    size_t what_size;
};

static bool is_due(struct mutant *m, const char *part, const char *change)
{
    if (m->done || m->at++ != m->wanted)
        return false;
    (void)snprintf(m->what, m->what_size, "%s: %s %s", m->point, part, change);
    m->done = true;
    return true;
}

static void add(struct mutant *m, const char *part, cJSON *number, double step)
{
    char change[32];
    (void)snprintf(change, sizeof change, "%+g", step);
    if (cJSON_IsNumber(number) && is_due(m, part, change))
        cJSON_SetNumberValue(number, number->valuedouble + step);
}

static void become(struct mutant *m, const char *part, cJSON *object, const char *key, const char *const pairs[][2])
{
    const char *is = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));
    for (size_t i = 0; is != NULL && pairs[i][0] != NULL; i++) {
        if (strcmp(is, pairs[i][0]) != 0 || !is_due(m, part, pairs[i][1]))
            continue;
        cJSON_ReplaceItemInObject(object, key, cJSON_CreateString(pairs[i][1]));
        return;
    }
}

static void leave_out(struct mutant *m, cJSON *object, const char *key)
{
    if (cJSON_GetObjectItem(object, key) != NULL && is_due(m, key, "left out"))
        cJSON_DeleteItemFromObject(object, key);
}

static const char *const other_functions[][2] = {
    {"holding", "input"}, {"input", "holding"}, {"coil", "discrete"}, {"discrete", "coil"}, {NULL, NULL}};
static const char *const other_bytes[][2] = {{"hi", "lo"}, {"lo", "hi"}, {NULL, NULL}};
static const char *const other_polls[][2] = {
    {"safety", "normal"}, {"normal", "slow"}, {"slow", "normal"}, {NULL, NULL}};
static const char *const other_orders[][2] = {{"ABCD", "CDAB"}, {"CDAB", "ABCD"}, {NULL, NULL}};
static const char *const other_formats[][2] = {{"8N1", "8E1"}, {"8E1", "8N1"}, {NULL, NULL}};
static const char *const other_types[][2] = {{"u16", "s16"}, {"s16", "u16"}, {"u32", "s32"}, {"s32", "u32"},
                                             {"f32", "u32"}, {"u32", "f32"}, {NULL, NULL}};

static void change_part(struct mutant *m, const char *name, cJSON *part)
{
    char label[32];
    (void)snprintf(label, sizeof label, "%s.address", name);
    add(m, label, cJSON_GetObjectItem(part, "address"), 1);
    (void)snprintf(label, sizeof label, "%s.equals", name);
    add(m, label, cJSON_GetObjectItem(part, "equals"), 1);
    (void)snprintf(label, sizeof label, "%s.bit", name);
    add(m, label, cJSON_GetObjectItem(part, "bit"), 1);
    (void)snprintf(label, sizeof label, "%s.bits", name);
    add(m, label, cJSON_GetArrayItem(cJSON_GetObjectItem(part, "bits"), 0), 1);
    add(m, label, cJSON_GetArrayItem(cJSON_GetObjectItem(part, "bits"), 1), -1);
    become(m, name, part, "byte", other_bytes);
    cJSON *decimals;
    cJSON_ArrayForEach(decimals, cJSON_GetObjectItem(part, "decimals")) add(m, name, decimals, 1);
}

/* Each code becomes the next other one of the map; each number is forgotten. */
static void change_map(struct mutant *m, cJSON *map)
{
    for (cJSON *entry = cJSON_IsObject(map) ? map->child : NULL; entry != NULL && !m->done; entry = entry->next) {
        const cJSON *other = map->child;
        while (other != NULL && strcmp(other->valuestring, entry->valuestring) == 0)
            other = other->next;
        if (other != NULL && is_due(m, entry->string, other->valuestring)) {
            cJSON_ReplaceItemInObject(map, entry->string, cJSON_CreateString(other->valuestring));
            return;
        }
        if (map->child->next != NULL && is_due(m, entry->string, "forgotten")) {
            cJSON_DeleteItemFromObject(map, entry->string);
            return;
        }
    }
}

static void change_list(struct mutant *m, const char *name, cJSON *list)
{
    for (int i = 0; i < cJSON_GetArraySize(list) && !m->done; i++) {
        add(m, name, cJSON_GetArrayItem(list, i), 1);
        add(m, name, cJSON_GetArrayItem(list, i), -1);
    }
}

static void change_numbers(struct mutant *m, cJSON *point)
{
    cJSON *scale = cJSON_GetObjectItem(point, "scale");
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItem(point, "type"));
    bool const is_bit = cJSON_GetObjectItem(point, "bit") != NULL;
    bool const is_plain = cJSON_GetObjectItem(point, "map") != NULL || type == NULL || strcmp(type, "string") == 0;
    if (scale != NULL) {
        add(m, "scale", scale, scale->valuedouble * 9);
    } else if (!is_plain && !is_bit && is_due(m, "scale", "10")) {
        cJSON_AddNumberToObject(point, "scale", 10);
    }
    add(m, "offset", cJSON_GetObjectItem(point, "offset"), 1);
    /* Beyond "valid" there is no number, whatever its sign. */
    if (!is_plain && cJSON_GetObjectItem(point, "byte") == NULL && cJSON_GetObjectItem(point, "valid") == NULL)
        become(m, "type", point, "type", other_types);
}

static void change_point(struct mutant *m, cJSON *point)
{
    m->point = point->string;
    add(m, "address", cJSON_GetObjectItem(point, "address"), 1);
    add(m, "address", cJSON_GetObjectItem(point, "address"), -1);
    become(m, "function", point, "function", other_functions);
    add(m, "length", cJSON_GetObjectItem(point, "length"), -1);
    add(m, "bit", cJSON_GetObjectItem(point, "bit"), 1);
    add(m, "bit", cJSON_GetObjectItem(point, "bit"), -1);
    add(m, "bits", cJSON_GetArrayItem(cJSON_GetObjectItem(point, "bits"), 0), 1);
    add(m, "bits", cJSON_GetArrayItem(cJSON_GetObjectItem(point, "bits"), 1), -1);
    add(m, "bits", cJSON_GetArrayItem(cJSON_GetObjectItem(point, "bits"), 1), 1);
    become(m, "byte", point, "byte", other_bytes);
    become(m, "poll", point, "poll", other_polls);
    change_numbers(m, point);
    change_map(m, cJSON_GetObjectItem(point, "map"));
    change_list(m, "invalid", cJSON_GetObjectItem(point, "invalid"));
    change_list(m, "valid", cJSON_GetObjectItem(point, "valid"));
    leave_out(m, point, "invalid");
    leave_out(m, point, "valid");
    const char *byte = cJSON_GetStringValue(cJSON_GetObjectItem(point, "byte"));
    bool const is_bits = cJSON_GetObjectItem(point, "bit") != NULL || cJSON_GetObjectItem(point, "bits") != NULL;
    if (!is_bits || (byte != NULL && strcmp(byte, "hi") == 0)) /* bits of the low half are those of the whole */
        leave_out(m, point, "byte");
    change_part(m, "only_if", cJSON_GetObjectItem(point, "only_if"));
    leave_out(m, point, "only_if");
    change_part(m, "scale_from", cJSON_GetObjectItem(point, "scale_from"));
    leave_out(m, point, "scale_from");
    cJSON *repeat = cJSON_GetObjectItem(point, "repeat");
    add(m, "repeat", cJSON_GetObjectItem(repeat, "step"), 1);
    add(m, "repeat", cJSON_GetObjectItem(repeat, "count"), -1);
    leave_out(m, point, "repeat");
}

static void change_head(struct mutant *m, cJSON *profile)
{
    m->point = "profile";
    become(m, "order", profile, "order", other_orders);
    become(m, "link", cJSON_GetObjectItem(profile, "link"), "format", other_formats);
    add(m, "link", cJSON_GetObjectItem(cJSON_GetObjectItem(profile, "link"), "baud"), 9600);
    leave_out(m, profile, "link");
    leave_out(m, profile, "guard");
    leave_out(m, profile, "identity");
    leave_out(m, profile, "freeze");
    change_part(m, "identity", cJSON_GetObjectItem(profile, "identity"));
    become(m, "identity", cJSON_GetObjectItem(profile, "identity"), "function", other_functions);
}

bool mutant_make(cJSON *profile, size_t number, char *ret_what, size_t what_size)
{
    struct mutant m = {.wanted = number, .what = ret_what, .what_size = what_size};
    cJSON *points = cJSON_GetObjectItem(profile, "points");
    change_head(&m, profile);
    for (cJSON *point = points->child; point != NULL && !m.done; point = point->next)
        change_point(&m, point);
    for (cJSON *point = points->child; point != NULL && !m.done; point = point->next) {
        m.point = point->string;
        if (!is_due(&m, "the point", "left out"))
            continue;
        cJSON_Delete(cJSON_DetachItemViaPointer(points, point));
        break;
    }
    return m.done;
}
