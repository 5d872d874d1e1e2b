#include "firmware-sim/site.h"

#include <string.h>

#include "firmware-sim/json.h"
#include "firmware-sim/site_maker.h"

/* --- finding --- */

size_t site_find_slave(const struct site *site, const char *id)
{
    for (size_t i = 0; i < site->slave_count; i++) {
        if (text_equals(site->slaves[i].id, id))
            return i;
    }
    return SITE_NONE;
}

size_t site_find_device(const struct site *site, const char *id)
{
    for (size_t i = 0; i < site->device_count; i++) {
        if (text_equals(site->devices[i].id, id))
            return i;
    }
    return SITE_NONE;
}

bool site_lists(const size_t *devices, size_t count, size_t device)
{
    for (size_t i = 0; i < count; i++) {
        if (devices[i] == device)
            return true;
    }
    return false;
}

size_t slave_find_point(const struct site_slave *slave, const char *id)
{
    for (size_t i = 0; i < slave->point_count; i++) {
        if (text_equals(slave->points[i].id, id))
            return i;
    }
    return SITE_NONE;
}

const struct site_signal *device_find_signal(const struct site_device *device, const char *id)
{
    for (size_t i = 0; i < device->signal_count; i++) {
        if (text_equals(device->signals[i].id, id))
            return &device->signals[i];
    }
    return NULL;
}

struct site_signal plain_signal(const struct site *site, size_t slave, size_t point)
{
    const struct point *of = &site->slaves[slave].points[point];
    return (struct site_signal){.id = of->id, .slave = slave, .point = point, .scale = 1, .unit = of->unit};
}

bool site_resolve(const struct site *site, const char *reference, struct site_signal *ret_signal)
{
    const char *dot = reference == NULL ? NULL : strchr(reference, '.');
    char id[SENTENCE_SIZE];
    if (dot == NULL || (size_t)(dot - reference) >= sizeof id)
        return false;
    memcpy(id, reference, (size_t)(dot - reference));
    id[dot - reference] = '\0';
    size_t device = site_find_device(site, id);
    const struct site_signal *own = device == SITE_NONE ? NULL : device_find_signal(&site->devices[device], dot + 1);
    if (own != NULL) {
        *ret_signal = *own;
        return true;
    }
    size_t slave = site_find_slave(site, id);
    size_t point = slave == SITE_NONE ? SITE_NONE : slave_find_point(&site->slaves[slave], dot + 1);
    if (point == SITE_NONE)
        return false;
    *ret_signal = plain_signal(site, slave, point);
    return true;
}

/* --- the whole --- */

char *join_path(struct pool *pool, const char *dir, const char *path)
{
    return path[0] == '/' ? pool_print(pool, "%s", path) : pool_print(pool, "%s/%s", dir, path);
}

static char *dir_of(struct pool *pool, const char *path)
{
    char *dir = pool_print(pool, "%s", path);
    size_t length = strlen(dir);
    while (length > 1 && dir[length - 1] == '/')
        dir[--length] = '\0';
    char *slash = strrchr(dir, '/');
    if (slash == NULL)
        return pool_print(pool, ".");
    slash[slash == dir ? 1 : 0] = '\0';
    return dir;
}

typedef bool read_item(struct maker *maker, const cJSON *json);

static bool read_each(struct maker *maker, const char *key, read_item *read)
{
    const cJSON *array = json_member(maker->json, key);
    const cJSON *item;
    size_t index = 0;
    struct text *outer = maker->why;
    if (array != NULL && !cJSON_IsArray(array))
        return text_refuse(outer, "%s must be an array [ … ]", key);
    cJSON_ArrayForEach(item, array)
    {
        struct sentence inner;
        maker->why = sentence_init(&inner);
        bool good = cJSON_IsObject(item) ? read(maker, item) : text_refuse(maker->why, "must be an object { … }");
        maker->why = outer;
        if (!good)
            return text_refuse(outer, "%s[%zu]%s%s: %s", key, index, json_text(item, "id", NULL) == NULL ? "" : " ",
                               json_text(item, "id", ""), inner.bytes);
        index++;
    }
    return true;
}

static void take_tables(struct maker *maker)
{
    struct site *site = maker->site;
    const cJSON *json = maker->json;
    size_t slaves = json_count(json_member(json, "slaves")) + json_count(json_member(json, "devices"));
    maker->profiles = pool_take(&site->pool, slaves, sizeof *maker->profiles);
    maker->buses = pool_take(&site->pool, json_count(json_member(json, "buses")), sizeof *maker->buses);
    maker->slaves = pool_take(&site->pool, slaves, sizeof *maker->slaves);
    maker->devices = pool_take(&site->pool, 2 * slaves, sizeof *maker->devices);
    maker->zones = pool_take(&site->pool, json_count(json_member(json, "zones")), sizeof *maker->zones);
    maker->valves = pool_take(&site->pool, json_count(json_member(json, "interlocks")), sizeof *maker->valves);
    cJSON **trees = pool_take(&site->pool, slaves + 1, sizeof(cJSON *));
    trees[0] = site->trees[0];
    site->trees = trees;
    site->buses = maker->buses;
    site->slaves = maker->slaves;
    site->devices = maker->devices;
    site->zones = maker->zones;
    site->valves = maker->valves;
}

static const char *socket_path_of(struct maker *maker)
{
    struct pool *pool = &maker->site->pool;
    const char *journal = json_text(json_member(maker->json, "journal"), "dir", NULL);
    const char *dir = journal == NULL ? maker->dir : dir_of(pool, join_path(pool, maker->dir, journal));
    return pool_print(pool, "%s/sim.sock", dir);
}

static bool make(struct maker *maker)
{
    take_tables(maker);
    maker->site->socket_path = socket_path_of(maker);
    if (!read_each(maker, "buses", read_bus) || !read_each(maker, "slaves", read_slave) ||
        !read_each(maker, "devices", read_short_form) || !read_each(maker, "devices", read_device))
        return false;
    adopt_orphans(maker);
    return read_each(maker, "zones", read_zone) && read_each(maker, "interlocks", read_interlock);
}

/* Takes the tree over. */
static bool open_tree(struct site *site, const char *name, cJSON *tree, const char *const *profile_dirs,
                      struct text *warnings, struct text *why)
{
    struct sentence inner;
    *site = (struct site){.trees = &tree};
    if (tree == NULL) {
        *site = (struct site){.tree_count = 0};
        return false;
    }
    site->tree_count = 1;
    struct maker maker = {.site = site,
                          .json = tree,
                          .dir = dir_of(&site->pool, name),
                          .profile_dirs = profile_dirs,
                          .warnings = warnings,
                          .why = sentence_init(&inner)};
    if (make(&maker))
        return true;
    text_add(why, "%s: %s", name, inner.bytes);
    site_close(site);
    return false;
}

bool site_open(struct site *site, const char *file, const char *const *profile_dirs, struct text *warnings,
               struct text *why)
{
    return open_tree(site, file, json_read(file, why), profile_dirs, warnings, why);
}

bool site_open_bytes(struct site *site, const char *name, const char *bytes, size_t size,
                     const char *const *profile_dirs, struct text *warnings, struct text *why)
{
    return open_tree(site, name, json_parse(name, bytes, size, why), profile_dirs, warnings, why);
}

void site_close(struct site *site)
{
    for (size_t i = 0; i < site->tree_count; i++)
        cJSON_Delete(site->trees[i]);
    pool_close(&site->pool);
    *site = (struct site){.tree_count = 0};
}
