#include "gateway/site/profile.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/file.h"
#include "gateway/site/memory.h"

#define GUARD_MAX_MS 10000
#define BASE_MAX     65535

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
    const struct node *base;
    const struct node *freeze;
    const struct node *watchdog;
    const struct node *note;
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
    {.key = "base", .type = FIELD_ANY, .offset = AT(base)},
    {.key = "freeze", .type = FIELD_OBJECT, .offset = AT(freeze)},
    {.key = "watchdog", .type = FIELD_OBJECT, .offset = AT(watchdog)},
    {.key = "note", .type = FIELD_ANY, .offset = AT(note)},
    {.key = "zh", .type = FIELD_TEXT, .offset = AT(zh)},
    {.key = "en", .type = FIELD_TEXT, .offset = AT(en)},
};
static const struct shape profile_shape = SHAPE(profile_fields);

struct raw_link {
    SHAPED;
    int64_t baud;
    int format;
};
static const struct field link_fields[] = {
    {.key = "baud", .type = FIELD_WHOLE, .offset = offsetof(struct raw_link, baud), .minimum = 300, .maximum = 4000000},
    {.key = "format", .type = FIELD_CHOICE, .offset = offsetof(struct raw_link, format), .choices = format_names},
};
static const struct shape link_shape = SHAPE(link_fields);

struct raw_freeze {
    SHAPED;
    const char *point;
    int64_t after_ms;
};
static const struct field freeze_fields[] = {
    {.key = "point",
     .type = FIELD_TEXT,
     .offset = offsetof(struct raw_freeze, point),
     .minimum = 1,
     .maximum = SLAVE_POINT_ID_MAX,
     .required = true},
    {.key = "after",
     .type = FIELD_DURATION,
     .offset = offsetof(struct raw_freeze, after_ms),
     .minimum = 1000,
     .maximum = 86400000,
     .required = true},
};
static const struct shape freeze_shape = SHAPE(freeze_fields);

struct raw_watchdog {
    SHAPED;
    const char *point;
    int64_t after_ms;
    bool fail;
};
static const struct field watchdog_fields[] = {
    {.key = "point",
     .type = FIELD_TEXT,
     .offset = offsetof(struct raw_watchdog, point),
     .minimum = 1,
     .maximum = SLAVE_POINT_ID_MAX,
     .required = true},
    {.key = "after",
     .type = FIELD_DURATION,
     .offset = offsetof(struct raw_watchdog, after_ms),
     .minimum = 1000,
     .maximum = 3600000,
     .required = true},
    {.key = "fail", .type = FIELD_BOOL, .offset = offsetof(struct raw_watchdog, fail), .required = true},
};
static const struct shape watchdog_shape = SHAPE(watchdog_fields);

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

static void read_base(const struct profiles *profiles, struct profile *profile, const struct node *node)
{
    if (node == NULL)
        return;
    if (node_kind(node) == NODE_NUMBER)
        (void)shape_whole(node, -BASE_MAX, BASE_MAX, profiles->complaints, &profile->base);
    else if (node_kind(node) == NODE_STRING && strcmp(node_string(node), "site") == 0)
        profile->base_from_site = true;
    else
        complain_node(
            profiles->complaints, node, ON_VALUE, S_BAD_TYPE,
            WORDS(words_found(profiles->complaints, node), both("a whole number, or \"site\"", "整数，或 \"site\"")));
}

static void read_identity(const struct profiles *profiles, struct profile *profile, const struct node *node)
{
    struct complaints *complaints = profiles->complaints;
    struct raw_part part;
    if (node == NULL || !part_resolve(node, &probe_shape, &part, &profile->identity, complaints))
        return;
    if (part.function == NOT_GIVEN) {
        complain_node(complaints, node, ON_KEY, S_MISSING_KEY, WORDS(same("\"function\""), same("holding, input")));
        return;
    }
    int64_t const address = part.address + profile->base;
    if (address < 0 || address > 65535)
        complain_node(complaints, node_child(node, "address"), ON_VALUE, S_REACH,
                      WORDS(words_number(complaints, (double)address), words_number(complaints, (double)address)));
    profile->has_identity = true;
    profile->identity_function = function_of(part.function);
    profile->identity_equals = part.equals;
}

static void read_points(const struct profiles *profiles, struct profile_file *file, const struct node *points)
{
    struct complaints *complaints = profiles->complaints;
    struct profile *profile = &file->profile;
    size_t const wanted = node_count(points);
    if (wanted == 0 || wanted > SITE_POINTS_MAX) {
        complain_node(complaints, points, ON_KEY, wanted == 0 ? S_LIST_EMPTY : S_TOO_MANY,
                      WORDS(words_number(complaints, (double)wanted), words_number(complaints, SITE_POINTS_MAX)));
        return;
    }
    struct point_context const context = {.class = profile->class,
                                          .class_is_open = profile->class == NULL,
                                          .order = profile->order,
                                          .count_max = profile->count_max,
                                          .base = profile->base,
                                          .base_is_open = profile->base_from_site,
                                          .repeat = file->repeat,
                                          .arena = profiles->arena,
                                          .complaints = complaints};
    file->raw_points = take_array(profiles->scratch, wanted, sizeof *file->raw_points, complaints);
    struct profile_point *rows = take_array(profiles->arena, wanted, sizeof *rows, complaints);
    if (file->raw_points == NULL || rows == NULL)
        return;
    profile->points = rows;
    for (const struct node *child = node_first(points); child != NULL; child = node_next(child)) {
        struct raw_point raw = raw_point_default;
        struct profile_point *row = &rows[profile->point_count];
        if (!shape_read(child, &profile_point_shape, &raw, complaints) ||
            !point_resolve(&raw, node_key(child), child, &context, row))
            continue;
        file->raw_points[profile->point_count++] = raw;
        if (row->repeat.count > profile->channels)
            profile->channels = row->repeat.count;
    }
}

int32_t profile_point_find(const struct profile_point *points, size_t point_count, const char *id,
                           uint16_t *ret_channel)
{
    const char *bare;
    uint16_t const channel = channel_split(id, &bare);
    for (size_t i = 0; i < point_count; i++) {
        if (strcmp(points[i].id, bare) != 0 || (points[i].repeat.count > 0) != (channel > 0))
            continue;
        *ret_channel = channel > 0 ? channel : 1;
        return channel <= points[i].repeat.count ? (int32_t)i : -1;
    }
    return -1;
}

/* Ids of the rows as a slave has them, of channel 1, for suggestions. */
struct names_of_points {
    const struct profile_point *points;
    size_t count;
    struct complaints *complaints; /* owns what is made up */
};

static const char *name_of_profile_point(const void *context, size_t index)
{
    const struct names_of_points *names = context;
    if (index >= names->count)
        return NULL;
    const struct profile_point *point = &names->points[index];
    return point->repeat.count == 0 ? point->id
                                    : words_format(names->complaints, "ch1.%s", point->id).text[LANGUAGE_EN];
}

/* It stands there, but is wrong: that was complained about. */
static bool is_refused(const struct profile *profile, const struct node *points, const char *id)
{
    const char *bare;
    (void)channel_split(id, &bare);
    for (size_t i = 0; i < profile->point_count; i++)
        if (strcmp(profile->points[i].id, bare) == 0)
            return false;
    return points != NULL && node_child(points, bare) != NULL;
}

/* The row of the point that `node` names; -1, and that was complained about. */
static int32_t find_row(const struct profiles *profiles, const struct profile *profile, const struct raw_profile *raw,
                        const struct node *node, const char *id)
{
    uint16_t channel;
    int32_t const row = profile_point_find(profile->points, profile->point_count, id, &channel);
    struct names_of_points const of = {profile->points, profile->point_count, profiles->complaints};
    if (row < 0 && !is_refused(profile, raw->points, id))
        complain_node(profiles->complaints, node, ON_VALUE, S_NO_PROFILE_POINT,
                      WORDS(words_quote(profiles->complaints, id),
                            words_suggest(profiles->complaints, id, name_of_profile_point, &of)));
    return row;
}

static void read_watchdog(const struct profiles *profiles, struct profile *profile, const struct raw_profile *raw)
{
    struct raw_watchdog watchdog = {0};
    if (raw->watchdog == NULL || !shape_read(raw->watchdog, &watchdog_shape, &watchdog, profiles->complaints) ||
        watchdog.point == NULL)
        return;
    const struct node *at = node_child(raw->watchdog, "point");
    int32_t const row = find_row(profiles, profile, raw, at, watchdog.point);
    if (row < 0)
        return;
    if (!profile->points[row].is_writable) {
        complain_node(profiles->complaints, at, ON_VALUE, S_NOT_WRITABLE,
                      WORDS(words_quote(profiles->complaints, watchdog.point)));
        return;
    }
    profile->watchdog_point = take_text(profiles->arena, watchdog.point, profiles->complaints);
    profile->watchdog_after_ms = watchdog.after_ms;
    profile->watchdog_fail = watchdog.fail;
}

static void read_freeze(const struct profiles *profiles, struct profile *profile, const struct raw_profile *raw)
{
    struct raw_freeze freeze = {0};
    if (raw->freeze == NULL || !shape_read(raw->freeze, &freeze_shape, &freeze, profiles->complaints) ||
        freeze.point == NULL)
        return;
    const struct node *at = node_child(raw->freeze, "point");
    int32_t const row = find_row(profiles, profile, raw, at, freeze.point);
    if (row < 0)
        return;
    if (profile->points[row].point.type == VALUE_TEXT)
        complain_node(profiles->complaints, at, ON_VALUE, S_BAD_FORMAT,
                      WORDS(words_quote(profiles->complaints, freeze.point),
                            both("a number, a state or a yes/no", "数字、状态或开关量")));
    profile->freeze_point = take_text(profiles->arena, freeze.point, profiles->complaints);
    profile->freeze_after_ms = freeze.after_ms;
}

static void read_link(const struct profiles *profiles, struct profile *profile, const struct node *node)
{
    struct raw_link raw = {.baud = NOT_GIVEN, .format = NOT_GIVEN};
    if (node != NULL)
        (void)shape_read(node, &link_shape, &raw, profiles->complaints);
    profile->baud = raw.baud;
    profile->format = raw.format == NOT_GIVEN ? "" : format_names[raw.format];
}

static void read_texts(const struct profiles *profiles, struct profile *profile, const struct raw_profile *raw)
{
    profile->vendor = take_text(profiles->arena, raw->vendor, profiles->complaints);
    profile->model = take_text(profiles->arena, raw->model, profiles->complaints);
    profile->source = take_text(profiles->arena, raw->source, profiles->complaints);
    profile->evidence = raw->evidence == NOT_GIVEN ? "" : evidence_names[raw->evidence];
    profile->label[LANGUAGE_ZH] = take_text(profiles->arena, raw->zh, profiles->complaints);
    profile->label[LANGUAGE_EN] = take_text(profiles->arena, raw->en, profiles->complaints);
    note_read(raw->note, profiles->arena, profiles->complaints, profile->note);
}

static void read_document(const struct profiles *profiles, struct profile_file *file)
{
    struct complaints *complaints = profiles->complaints;
    struct profile *profile = &file->profile;
    struct raw_profile raw = {.vendor = "",
                              .model = "",
                              .source = "",
                              .evidence = NOT_GIVEN,
                              .zh = "",
                              .en = "",
                              .order = ORDER_ABCD,
                              .count_max = PROFILE_COUNT_MAX};
    if (!shape_read(document_root(&file->document), &profile_shape, &raw, complaints))
        return;
    if (raw.name != NULL && strcmp(raw.name, profile->name) != 0)
        complain_node(complaints, node_child(raw.node, "profile"), ON_VALUE, S_PROFILE_NAME,
                      WORDS(words_quote(complaints, raw.name), same(profile->name)));
    profile->order = raw.order;
    profile->guard_ms = raw.guard_ms;
    profile->gap_max = raw.gap_max;
    profile->count_max = raw.count_max;
    read_texts(profiles, profile, &raw);
    read_class(profiles, profile, &raw);
    read_link(profiles, profile, raw.link);
    read_base(profiles, profile, raw.base);
    read_identity(profiles, profile, raw.identity);
    if (raw.repeat != NULL)
        (void)repeat_read(raw.repeat, complaints, &file->repeat);
    if (raw.points != NULL)
        read_points(profiles, file, raw.points);
    read_freeze(profiles, profile, &raw);
    read_watchdog(profiles, profile, &raw);
}

void profile_init(struct profile_file *file, const char *name)
{
    *file = (struct profile_file){.profile = {.name = name,
                                              .file = "",
                                              .vendor = "",
                                              .model = "",
                                              .source = "",
                                              .evidence = "",
                                              .label = {"", ""},
                                              .note = {"", ""},
                                              .baud = NOT_GIVEN,
                                              .format = "",
                                              .count_max = PROFILE_COUNT_MAX,
                                              .freeze_point = "",
                                              .watchdog_point = ""}};
}

void profile_read(struct profiles *profiles, struct profile_file *file, const char *path, const char *bytes,
                  size_t size)
{
    size_t const errors = profiles->complaints->errors;
    file->profile.file = take_text(profiles->arena, path, profiles->complaints);
    file->found = true;
    if (document_open(&file->document, file->profile.file, bytes, size, profiles->complaints) == ERR_OK)
        read_document(profiles, file);
    file->good = profiles->complaints->errors == errors;
}

void profile_close(struct profile_file *file)
{
    document_close(&file->document);
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

static void look_for(struct profiles *profiles, struct profile_file *file)
{
    for (size_t i = 0; i < profiles->held_count; i++) {
        const struct profile_bytes *held = &profiles->held[i];
        if (strcmp(held->name, file->profile.name) != 0)
            continue;
        profile_read(profiles, file, held->name, held->bytes, held->size);
        return;
    }
    for (size_t i = 0; profiles->dirs[i] != NULL; i++) {
        char *bytes;
        size_t size;
        const char *path = profile_path(profiles, profiles->dirs[i], file->profile.name);
        if (path == NULL)
            return;
        enum err const err = file_read(path, &bytes, &size);
        if (err == ERR_OK) {
            profile_read(profiles, file, path, bytes, size);
            free(bytes);
            return;
        }
        if (err != ERR_NOT_FOUND) {
            complain(profiles->complaints, &(struct place){.file = path, .line = 1, .column = 1, .path = ""},
                     S_CANNOT_READ, WORDS(words_read_error(err)));
            file->found = true;
            return;
        }
    }
}

const struct profile_file *profiles_get(struct profiles *profiles, const char *name)
{
    for (size_t i = 0; i < profiles->count; i++)
        if (strcmp(profiles->list[i]->profile.name, name) == 0)
            return profiles->list[i];
    if (profiles->count == PROFILES_MAX)
        return NULL;
    struct profile_file *file = take_array(profiles->scratch, 1, sizeof *file, profiles->complaints);
    if (file == NULL)
        return NULL;
    profile_init(file, take_text(profiles->arena, name, profiles->complaints));
    profiles->list[profiles->count++] = file;
    if (id_is_good(name))
        look_for(profiles, file);
    return file;
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

const char *const *profiles_names(struct profiles *profiles)
{
    static const char *const none[] = {NULL};
    if (profiles->names != NULL)
        return profiles->names;
    profiles->names = arena_take(profiles->scratch, PROFILE_NAMES_MAX + 1, sizeof *profiles->names);
    if (profiles->names == NULL)
        return none;
    size_t count = 0;
    for (size_t i = 0; i < profiles->held_count && count < PROFILE_NAMES_MAX; i++)
        profiles->names[count++] = profiles->held[i].name;
    for (size_t i = 0; profiles->dirs[i] != NULL; i++)
        count = list_directory(profiles, profiles->dirs[i], count);
    qsort(profiles->names, count, sizeof *profiles->names, by_text);
    return profiles->names;
}

/* Only a complaint needs the names. */
const char *name_of_profile(const void *context, size_t index)
{
    return profiles_names(*(struct profiles *const *)context)[index];
}
