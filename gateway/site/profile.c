#include "gateway/site/profile.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/file.h"
#include "gateway/site/memory.h"

#define GUARD_MAX_MS 10000

const char *const format_names[] = {"8N1", "8E1", "8O1", "8N2", "8E2", "8O2", "7N1",
                                    "7E1", "7O1", "7N2", "7E2", "7O2", NULL};
static const char *const evidence_names[] = {"documented", "bench", "field", NULL};

struct raw_profile {
    SHAPED;
    const char *schema;
    const char *name;
    const char *class;
    const char *vendor;
    const char *model;
    const char *source;
    int evidence;
    const struct node *link;
    int order;
    int64_t guard_ms;
    int64_t gap_max;
    int64_t count_max;
    const struct node *identity;
    const struct node *points;
    const struct node *repeat;
    const char *zh;
    const char *en;
};

#define AT(member) offsetof(struct raw_profile, member)
static const struct field profile_fields[] = {
    {.key = "$schema", .type = FIELD_TEXT, .offset = AT(schema)},
    {.key = "profile", .type = FIELD_ID, .offset = AT(name), .required = true},
    {.key = "class", .type = FIELD_TEXT, .offset = AT(class), .required = true},
    {.key = "vendor", .type = FIELD_TEXT, .offset = AT(vendor)},
    {.key = "model", .type = FIELD_TEXT, .offset = AT(model)},
    {.key = "source", .type = FIELD_TEXT, .offset = AT(source), .maximum = 512},
    {.key = "evidence", .type = FIELD_CHOICE, .offset = AT(evidence), .choices = evidence_names},
    {.key = "link", .type = FIELD_OBJECT, .offset = AT(link)},
    {.key = "order", .type = FIELD_CHOICE, .offset = AT(order), .choices = order_names},
    {.key = "guard", .type = FIELD_DURATION, .offset = AT(guard_ms), .maximum = GUARD_MAX_MS},
    {.key = "max_gap", .type = FIELD_WHOLE, .offset = AT(gap_max), .maximum = PROFILE_COUNT_MAX - 1},
    {.key = "max_count", .type = FIELD_WHOLE, .offset = AT(count_max), .minimum = 1, .maximum = PROFILE_COUNT_MAX},
    {.key = "identity", .type = FIELD_OBJECT, .offset = AT(identity)},
    {.key = "points", .type = FIELD_OBJECT, .offset = AT(points), .required = true},
    {.key = "repeat", .type = FIELD_OBJECT, .offset = AT(repeat)},
    {.key = "zh", .type = FIELD_TEXT, .offset = AT(zh)},
    {.key = "en", .type = FIELD_TEXT, .offset = AT(en)},
};
static const struct shape profile_shape = SHAPE(profile_fields);

struct raw_link {
    struct profile_link link;
    int format;
};
static const struct field link_fields[] = {
    {.key = "baud",
     .type = FIELD_WHOLE,
     .offset = offsetof(struct raw_link, link.baud),
     .minimum = 300,
     .maximum = 4000000},
    {.key = "format", .type = FIELD_CHOICE, .offset = offsetof(struct raw_link, format), .choices = format_names},
};
static const struct shape link_shape = SHAPE(link_fields);

const struct device_class *class_find(const struct class_table *classes, const char *id)
{
    for (size_t i = 0; i < classes->class_count; i++)
        if (strcmp(classes->classes[i]->id, id) == 0)
            return classes->classes[i];
    return NULL;
}

const char *name_of_class(const void *context, size_t index)
{
    const struct class_table *classes = context;
    return index < classes->class_count ? classes->classes[index]->id : NULL;
}

/* --- one file ------------------------------------------------------------------------------------------------------- */

static void read_class(const struct profiles *profiles, struct profile *profile, const struct raw_profile *raw)
{
    if (raw->class == NULL)
        return;
    profile->class = class_find(profiles->classes, raw->class);
    if (profile->class == NULL)
        complain_node(profiles->complaints, node_child(raw->node, "class"), ON_VALUE, S_NOT_FOUND,
                      WORDS(both("class", "类别"), words_quote(profiles->complaints, raw->class),
                            words_suggest(profiles->complaints, raw->class, name_of_class, profiles->classes)));
}

static void read_identity(const struct profiles *profiles, struct profile *profile, const struct node *node)
{
    struct raw_part part;
    if (node == NULL || !part_resolve(node, &condition_shape, &part, &profile->identity, profiles->complaints))
        return;
    if (part.function == NOT_GIVEN) {
        complain_node(profiles->complaints, node, ON_KEY, S_MISSING_KEY,
                      WORDS(same("\"function\""), same("holding, input")));
        return;
    }
    profile->has_identity = true;
    profile->identity_function = function_of(part.function);
    profile->identity_equals = part.equals;
}

static void read_points(const struct profiles *profiles, struct profile *profile, const struct node *points)
{
    struct complaints *complaints = profiles->complaints;
    size_t const wanted = node_count(points);
    if (wanted == 0 || wanted > SITE_POINTS_MAX) {
        complain_node(complaints, points, ON_KEY, wanted == 0 ? S_LIST_EMPTY : S_TOO_MANY,
                      WORDS(words_number(complaints, (double)wanted), words_number(complaints, SITE_POINTS_MAX)));
        return;
    }
    struct point_context const context = {.class = profile->class,
                                          .order = profile->order,
                                          .count_max = profile->count_max,
                                          .arena = profiles->arena,
                                          .complaints = complaints};
    profile->raw_points = take_array(profiles->scratch, wanted, sizeof *profile->raw_points, complaints);
    profile->points = take_array(profiles->arena, wanted, sizeof *profile->points, complaints);
    if (profile->raw_points == NULL || profile->points == NULL)
        return;
    for (const struct node *child = node_first(points); child != NULL; child = node_next(child)) {
        struct raw_point raw = raw_point_default;
        if (shape_read(child, &register_point_shape, &raw, complaints) &&
            point_resolve(&raw, node_key(child), child, &context, &profile->points[profile->point_count]))
            profile->raw_points[profile->point_count++] = raw;
    }
}

static void read_link(const struct profiles *profiles, struct profile *profile, const struct node *node)
{
    struct raw_link raw = {.link = {.baud = NOT_GIVEN}, .format = NOT_GIVEN};
    if (node != NULL)
        (void)shape_read(node, &link_shape, &raw, profiles->complaints);
    profile->link = raw.link;
    profile->link.format = raw.format == NOT_GIVEN ? NULL : format_names[raw.format];
}

static void read_document(const struct profiles *profiles, struct profile *profile)
{
    struct complaints *complaints = profiles->complaints;
    struct raw_profile raw = {.vendor = "", .model = "", .order = ORDER_ABCD, .count_max = PROFILE_COUNT_MAX};
    if (!shape_read(document_root(&profile->document), &profile_shape, &raw, complaints))
        return;
    if (raw.name != NULL && strcmp(raw.name, profile->name) != 0)
        complain_node(complaints, node_child(raw.node, "profile"), ON_VALUE, S_PROFILE_NAME,
                      WORDS(words_quote(complaints, raw.name), same(profile->name)));
    if (raw.repeat != NULL)
        complain_node(complaints, raw.repeat, ON_KEY, S_NOT_YET, WORDS(same("\"repeat\"")));
    profile->vendor = take_text(profiles->arena, raw.vendor, complaints);
    profile->model = take_text(profiles->arena, raw.model, complaints);
    profile->order = raw.order;
    profile->guard_ms = raw.guard_ms;
    profile->gap_max = raw.gap_max;
    profile->count_max = raw.count_max;
    read_class(profiles, profile, &raw);
    read_link(profiles, profile, raw.link);
    read_identity(profiles, profile, raw.identity);
    if (raw.points != NULL)
        read_points(profiles, profile, raw.points);
}

void profile_read(struct profiles *profiles, struct profile *profile, const char *path, const char *bytes, size_t size)
{
    size_t const errors = profiles->complaints->errors;
    profile->found = true;
    if (document_open(&profile->document, path, bytes, size, profiles->complaints) == ERR_OK)
        read_document(profiles, profile);
    profile->good = profiles->complaints->errors == errors;
}

void profile_close(struct profile *profile)
{
    document_close(&profile->document);
}

/* --- all of them ---------------------------------------------------------------------------------------------------- */

static const char *profile_path(const struct profiles *profiles, const char *directory, const char *name)
{
    char file[SITE_ID_MAX + sizeof ".json"];
    size_t const length = strlen(name);
    memcpy(file, name, length);
    memcpy(file + length, ".json", sizeof ".json");
    return path_join(profiles->scratch, directory, file);
}

static void look_for(struct profiles *profiles, struct profile *profile)
{
    for (size_t i = 0; profiles->dirs[i] != NULL; i++) {
        char *bytes;
        size_t size;
        const char *path = profile_path(profiles, profiles->dirs[i], profile->name);
        if (path == NULL)
            return;
        enum err const err = file_read(path, &bytes, &size);
        if (err == ERR_OK) {
            profile_read(profiles, profile, path, bytes, size);
            free(bytes);
            return;
        }
        if (err != ERR_NOT_FOUND) {
            complain(profiles->complaints, &(struct place){.file = path, .line = 1, .column = 1, .path = ""},
                     S_CANNOT_READ, WORDS(words_read_error(err)));
            profile->found = true;
            return;
        }
    }
}

const struct profile *profiles_get(struct profiles *profiles, const char *name)
{
    for (size_t i = 0; i < profiles->count; i++)
        if (strcmp(profiles->list[i]->name, name) == 0)
            return profiles->list[i];
    if (profiles->count == PROFILES_MAX)
        return NULL;
    struct profile *profile = take_array(profiles->scratch, 1, sizeof *profile, profiles->complaints);
    if (profile == NULL)
        return NULL;
    profile->name = take_text(profiles->arena, name, profiles->complaints);
    profile->vendor = "";
    profile->model = "";
    profiles->list[profiles->count++] = profile;
    if (id_is_good(profile->name))
        look_for(profiles, profile);
    return profile;
}

void profiles_close(struct profiles *profiles)
{
    for (size_t i = 0; i < profiles->count; i++)
        profile_close(profiles->list[i]);
    profiles->count = 0;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static size_t list_directory(const struct profiles *profiles, const char *directory, size_t count)
{
    DIR *dir = opendir(directory);
    if (dir == NULL)
        return count;
    const struct dirent *entry;
    while (count < PROFILE_NAMES_MAX && (entry = readdir(dir)) != NULL) {
        size_t const length = strlen(entry->d_name);
        if (length <= 5 || strcmp(entry->d_name + length - 5, ".json") != 0)
            continue;
        const char *name = arena_copy_text(profiles->scratch, entry->d_name, length - 5);
        if (name != NULL && id_is_good(name) && !is_listed(profiles->names, count, name))
            profiles->names[count++] = name;
    }
    (void)closedir(dir);
    return count;
}

/* Reads the directories at the first call: only a complaint needs the names. */
const char *name_of_profile(const void *context, size_t index)
{
    struct profiles *profiles = *(struct profiles *const *)context;
    if (profiles->names == NULL) {
        profiles->names = arena_take(profiles->scratch, PROFILE_NAMES_MAX + 1, sizeof *profiles->names);
        if (profiles->names == NULL)
            return NULL;
        size_t count = 0;
        for (size_t i = 0; profiles->dirs[i] != NULL; i++)
            count = list_directory(profiles, profiles->dirs[i], count);
        qsort(profiles->names, count, sizeof *profiles->names, by_text);
    }
    return index <= PROFILE_NAMES_MAX ? profiles->names[index] : NULL;
}
