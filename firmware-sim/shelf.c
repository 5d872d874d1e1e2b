#include "firmware-sim/shelf.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 512

bool shelf_open(const char *const *dirs, const char *what, struct scenario *scenario, struct text *why)
{
    char path[PATH_MAX];
    if (text_ends_with(what, ".json"))
        return scenario_open(scenario, what, why);
    for (size_t i = 0; dirs[i] != NULL && strchr(what, '/') == NULL; i++) {
        int length = snprintf(path, sizeof path, "%s/%s.json", dirs[i], what);
        if (length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0)
            return scenario_open(scenario, path, why);
    }
    return text_refuse(
        why, "there is no scenario %.80s; see `outpost-sim ctl scenario list`, or name a file that ends with .json",
        what);
}

static int is_scenario(const struct dirent *entry)
{
    return text_ends_with(entry->d_name, ".json") && !text_ends_with(entry->d_name, ".schema.json") ? 1 : 0;
}

static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static int compare(const void *a, const void *b)
{
    return strcmp(name_in(*(const char *const *)a), name_in(*(const char *const *)b));
}

static bool has_name(const char *const *files, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name_in(files[i]), name) == 0)
            return true;
    }
    return false;
}

size_t shelf_list(const char *const *dirs, struct pool *pool, const char *const **ret_files)
{
    const char **files = pool_take(pool, FILES_MAX, sizeof *files);
    size_t count = 0;
    for (size_t i = 0; dirs[i] != NULL; i++) {
        struct dirent **entries = NULL;
        int found = scandir(dirs[i], &entries, is_scenario, NULL);
        for (int k = 0; k < found; k++) {
            if (count < FILES_MAX && !has_name(files, count, entries[k]->d_name))
                files[count++] = pool_print(pool, "%s/%s", dirs[i], entries[k]->d_name);
            free(entries[k]);
        }
        free(entries);
    }
    qsort(files, count, sizeof *files, compare);
    *ret_files = files;
    return count;
}
