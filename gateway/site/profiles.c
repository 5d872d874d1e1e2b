#include "gateway/site/profiles.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/file.h"
#include "gateway/site/memory.h"
#include "gateway/site/profile.h"

#define SCRATCH_SIZE_MAX ((size_t)64 * 1024 * 1024)

/* The sources without a site: scratch is the caller's to close. */
static struct profiles profiles_of(const struct site_sources *sources, struct arena *arena, struct arena *scratch,
                                   struct complaints *complaints)
{
    struct profiles profiles = {.classes = sources->classes,
                                .held = sources->profiles,
                                .held_count = sources->profile_count,
                                .arena = arena,
                                .scratch = scratch,
                                .complaints = complaints};
    for (size_t i = 0; sources->profile_dirs != NULL && sources->profile_dirs[i] != NULL && i < PROFILE_DIRS_MAX; i++)
        profiles.dirs[i] = sources->profile_dirs[i];
    return profiles;
}

/* A copy that outlives the file. */
static enum err keep(const struct profile_file *file, const struct profiles *profiles,
                     const struct profile **ret_profile)
{
    struct profile *kept = arena_take(profiles->arena, 1, sizeof *kept);
    if (kept == NULL)
        return ERR_MEMORY;
    complaints_sort(profiles->complaints);
    *kept = file->profile;
    *ret_profile = kept;
    return file->good ? ERR_OK : ERR_FORMAT;
}

enum err profile_open_bytes(const char *name, const char *bytes, size_t size, const struct class_table *classes,
                            struct arena *arena, struct complaints *complaints, const struct profile **ret_profile)
{
    struct profile_bytes const held = {.name = name, .bytes = bytes, .size = size};
    struct site_sources const sources = {.classes = classes, .profiles = &held, .profile_count = 1};
    return profile_open(name, &sources, arena, complaints, ret_profile);
}

static bool is_path(const char *name)
{
    size_t const length = strlen(name);
    return strchr(name, '/') != NULL || (length > 5 && strcmp(name + length - 5, ".json") == 0);
}

/* "x/honeywell-xcd.json" -> "honeywell-xcd" */
static const char *name_of_path(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash != NULL ? slash + 1 : path;
    size_t const length = strlen(file);
    bool const suffixed = length > 5 && strcmp(file + length - 5, ".json") == 0;
    return arena_copy_text(arena, file, suffixed ? length - 5 : length);
}

static enum err open_path(const char *path, const struct site_sources *sources, struct arena *arena,
                          struct complaints *complaints, const struct profile **ret_profile)
{
    struct profile_file file;
    struct arena scratch;
    char *bytes = NULL;
    size_t size = 0;
    const char *name = name_of_path(path, arena);
    enum err err = name == NULL ? ERR_MEMORY : file_read(path, &bytes, &size);
    if (err == ERR_NOT_FOUND || err == ERR_MEMORY)
        return err;
    profile_init(&file, name);
    arena_init(&scratch, SCRATCH_SIZE_MAX);
    struct profiles profiles = profiles_of(sources, arena, &scratch, complaints);
    if (err == ERR_OK)
        profile_read(&profiles, &file, path, bytes, size);
    else
        complain(complaints, &(struct place){.file = path, .line = 1, .column = 1, .path = ""}, S_CANNOT_READ,
                 WORDS(words_read_error(err)));
    free(bytes);
    err = keep(&file, &profiles, ret_profile);
    profile_close(&file);
    arena_close(&scratch);
    return err;
}

enum err profile_open(const char *name, const struct site_sources *sources, struct arena *arena,
                      struct complaints *complaints, const struct profile **ret_profile)
{
    if (is_path(name))
        return open_path(name, sources, arena, complaints, ret_profile);
    struct arena scratch;
    arena_init(&scratch, SCRATCH_SIZE_MAX);
    struct profiles profiles = profiles_of(sources, arena, &scratch, complaints);
    const struct profile_file *file = profiles_get(&profiles, name);
    enum err const err = file == NULL ? ERR_MEMORY : !file->found ? ERR_NOT_FOUND : keep(file, &profiles, ret_profile);
    profiles_close(&profiles);
    arena_close(&scratch);
    return err;
}

static enum err list_one(const char *name, const struct site_sources *sources, struct arena *arena,
                         struct profile_entry *ret_entry)
{
    const struct profile *profile = NULL;
    struct complaints *complaints = malloc(sizeof *complaints);
    if (complaints == NULL)
        return ERR_MEMORY;
    complaints_init(complaints);
    enum err const err = profile_open(name, sources, arena, complaints, &profile);
    if (err != ERR_MEMORY && profile != NULL)
        *ret_entry = (struct profile_entry){.name = profile->name,
                                            .directory = path_directory(arena, profile->file),
                                            .class = profile->class != NULL ? profile->class->id : "",
                                            .vendor = profile->vendor,
                                            .model = profile->model,
                                            .evidence = profile->evidence,
                                            .label = {profile->label[0], profile->label[1]},
                                            .point_count = profile->point_count,
                                            .errors = complaints->errors,
                                            .warnings = complaints->warnings,
                                            .ok = err == ERR_OK};
    complaints_close(complaints);
    free(complaints);
    return err == ERR_MEMORY || (profile != NULL && ret_entry->directory == NULL) ? ERR_MEMORY : ERR_OK;
}

enum err profiles_list(const struct site_sources *sources, struct arena *arena,
                       const struct profile_entry **ret_entries, size_t *ret_count)
{
    struct arena scratch;
    arena_init(&scratch, SCRATCH_SIZE_MAX);
    struct profiles profiles = profiles_of(sources, arena, &scratch, NULL);
    const char *const *names = profiles_names(&profiles);
    struct profile_entry *entries = arena_take(arena, PROFILE_NAMES_MAX, sizeof *entries);
    enum err err = entries == NULL ? ERR_MEMORY : ERR_OK;
    size_t count = 0;
    for (size_t i = 0; err == ERR_OK && names[i] != NULL; i++) {
        err = list_one(names[i], sources, arena, &entries[count]);
        count += err == ERR_OK && entries[count].name != NULL; /* else it has gone meanwhile */
    }
    arena_close(&scratch);
    if (err != ERR_OK)
        return err;
    *ret_entries = entries;
    *ret_count = count;
    return ERR_OK;
}

const char *profile_order_name(enum word_order order)
{
    return order_names[order];
}

const char *profile_function_name(enum function function)
{
    for (int i = 0; function_names[i] != NULL; i++)
        if (function_of(i) == function)
            return function_names[i];
    return "";
}
