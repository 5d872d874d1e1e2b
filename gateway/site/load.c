#include "gateway/site/load.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/digest.h"
#include "gateway/site/file.h"
#include "gateway/site/loader.h"

#define SCRATCH_SIZE_MAX ((size_t)256 * 1024 * 1024)

/* --- gateway -------------------------------------------------------------------------------------------------------- */

static void load_gateway(struct loader *l)
{
    const struct raw_gateway *raw = &l->raw.gateway;
    struct raw_location location = {.lon = NO_LIMIT, .lat = NO_LIMIT};
    struct site *site = l->site;
    site->id = take_text(l->arena, raw->id != NULL ? raw->id : "?", l->complaints);
    site->name = take_text(l->arena, raw->name[0] != '\0' ? raw->name : site->id, l->complaints);
    site->language = raw->language == LANGUAGE_ZH ? "zh" : "en";
    site->area_code = take_text(l->arena, raw->area_code, l->complaints);
    site->grid_code = take_text(l->arena, raw->grid_code, l->complaints);
    load_time_zone(l);
    check_area_codes(l, raw->node, raw->area_code, raw->grid_code);
    if (raw->location != NULL && shape_read(raw->location, &location_shape, &location, l->complaints))
        check_far_away(l, raw->location, location.lon, location.lat);
}

/* --- names ---------------------------------------------------------------------------------------------------------- */

/* A device may share its id with its only slave: whether it is that is known when the device is put together. */
static bool may_share(enum name_kind a, enum name_kind b)
{
    return (a == NAME_DEVICE && b == NAME_SLAVE) || (a == NAME_SLAVE && b == NAME_DEVICE);
}

static bool is_taken(struct loader *l, enum name_kind kind, const char *id, const struct node *node)
{
    if (strcmp(id, "gateway") == 0) {
        complain_node(l->complaints, place_of(node, "id"), ON_VALUE, S_RESERVED_ID, NO_WORDS);
        return true;
    }
    for (int other = 0; other < NAME_KIND_COUNT; other++) {
        const struct name *name = names_find(&l->names, (enum name_kind)other, id);
        if (name == NULL || may_share(kind, (enum name_kind)other))
            continue;
        complain_node(l->complaints, place_of(node, "id"), ON_VALUE, S_DOUBLED_ID,
                      WORDS(words_quote(l->complaints, id), words_name_kind((enum name_kind)other),
                            words_format(l->complaints, "%u", node_line(place_of(name->node, "id"), ON_VALUE))));
        return true;
    }
    return false;
}

static void register_name(struct loader *l, enum name_kind kind, const char *id, size_t index, const struct node *node)
{
    if (id != NULL && !is_taken(l, kind, id, node))
        names_add(&l->names, kind, id, (int32_t)index, node);
}

/* An implied slave has its device's id; that a second such device doubles it is said of the device. */
static void register_implied(struct loader *l, size_t index)
{
    const struct raw_slave *raw = l->build_slaves[index].raw;
    if (raw->id == NULL || names_find(&l->names, NAME_SLAVE, raw->id) != NULL)
        return;
    for (int other = 0; other < NAME_KIND_COUNT; other++)
        if (other != NAME_DEVICE && names_find(&l->names, (enum name_kind)other, raw->id) != NULL)
            return;
    if (strcmp(raw->id, "gateway") != 0)
        names_add(&l->names, NAME_SLAVE, raw->id, (int32_t)index, raw->node);
}

/* Short form next to a written slave of that id: two slaves of one id. */
static void check_implied(struct loader *l, const struct raw_device *raw)
{
    const struct name *slave = raw->wire.id == NULL ? NULL : names_find(&l->names, NAME_SLAVE, raw->wire.id);
    if (slave == NULL || l->build_slaves[slave->index].implied)
        return;
    complain_node(l->complaints, place_of(raw->wire.node, "id"), ON_VALUE, S_DOUBLED_ID,
                  WORDS(words_quote(l->complaints, raw->wire.id), words_name_kind(NAME_SLAVE),
                        words_format(l->complaints, "%u", node_line(place_of(slave->node, "id"), ON_VALUE))));
}

static bool load_names(struct loader *l)
{
    const struct raw_site *raw = &l->raw;
    size_t const count = raw->bus_count + l->slave_count + raw->device_count + raw->zone_count + raw->interlock_count +
                         raw->centre_count;
    if (names_init(&l->names, count, &l->scratch) != ERR_OK)
        return false;
    for (size_t i = 0; i < raw->bus_count; i++)
        register_name(l, NAME_BUS, raw->buses[i].id, i, raw->buses[i].node);
    for (size_t i = 0; i < raw->slave_count; i++)
        register_name(l, NAME_SLAVE, raw->slaves[i].id, i, raw->slaves[i].node);
    for (size_t i = raw->slave_count; i < l->slave_count; i++)
        register_implied(l, i);
    for (size_t i = 0; i < raw->device_count; i++) {
        register_name(l, NAME_DEVICE, raw->devices[i].wire.id, i, raw->devices[i].wire.node);
        if (l->build_devices[i].implied_slave >= 0)
            check_implied(l, &raw->devices[i]);
    }
    for (size_t i = 0; i < raw->zone_count; i++)
        register_name(l, NAME_ZONE, raw->zones[i].id, i, raw->zones[i].node);
    for (size_t i = 0; i < raw->interlock_count; i++)
        register_name(l, NAME_INTERLOCK, raw->interlocks[i].id, i, raw->interlocks[i].node);
    for (size_t i = 0; i < raw->centre_count; i++)
        register_name(l, NAME_CENTRE, raw->centres[i].id, i, raw->centres[i].node);
    return true;
}

/* --- last touches --------------------------------------------------------------------------------------------------- */

static void make_safety(struct loader *l, int32_t device, int32_t point)
{
    if (device < 0 || point < 0)
        return;
    const struct device_point *from = &l->devices[device].points[point];
    if (from->slave >= 0 && !l->build_slaves[from->slave].poll_given[from->slave_point])
        l->build_slaves[from->slave].points[from->slave_point].poll = POLL_SAFETY;
}

/* Inline points that raise critical alarms, vote or confirm are safety points unless the file says otherwise. */
static void promote_points(struct loader *l)
{
    for (size_t i = 0; i < l->rule_count; i++)
        if (l->rules[i].priority == PRIORITY_CRITICAL && l->site->subjects[l->rules[i].subject].kind == SUBJECT_DEVICE)
            make_safety(l, l->site->subjects[l->rules[i].subject].index, l->rules[i].point);
    for (size_t i = 0; i < l->raw.interlock_count; i++) {
        const struct site_interlock *interlock = &l->interlocks[i];
        for (size_t j = 0; j < interlock->rule_count; j++)
            if (interlock->rules[j] >= 0)
                make_safety(l, l->rules[interlock->rules[j]].subject, l->rules[interlock->rules[j]].point);
        make_safety(l, interlock->confirm_device, interlock->confirm_point);
    }
}

/* The period of each point, and the shortest of each device. */
static void set_periods(struct loader *l, size_t index)
{
    struct device_point *points = l->build_devices[index].points;
    struct site_device *device = &l->devices[index];
    uint32_t shortest_ms = UINT32_MAX;
    for (size_t i = 0; i < device->point_count; i++) {
        if (points[i].slave < 0)
            continue;
        const struct site_slave *slave = &l->slaves[points[i].slave];
        points[i].every_ms = slave->every_ms[slave->points[points[i].slave_point].poll];
        if (points[i].every_ms < shortest_ms)
            shortest_ms = points[i].every_ms;
    }
    device->every_ms = shortest_ms == UINT32_MAX ? 0 : shortest_ms;
    for (size_t i = 0; i < device->point_count; i++)
        if (points[i].slave < 0)
            points[i].every_ms = device->every_ms;
}

static void check_use(struct loader *l)
{
    bool used[SITE_BUSES_MAX] = {false};
    for (size_t i = 0; i < l->slave_count; i++) {
        const struct build_slave *build = &l->build_slaves[i];
        if (build->slave->bus >= 0)
            used[build->slave->bus] = true;
        if (!build->served && !build->broken && !build->implied)
            complain_node(l->complaints, build->raw->node, ON_VALUE,
                          build->driven ? S_OUTPUT_UNSEEN : S_SLAVE_SERVES_NONE,
                          WORDS(words_quote(l->complaints, build->slave->id)));
    }
    for (size_t i = 0; i < l->raw.bus_count; i++)
        if (!used[i])
            complain_node(l->complaints, l->raw.buses[i].node, ON_VALUE, S_BUS_WITHOUT_SLAVE, NO_WORDS);
    if (l->raw.device_count == 0)
        complain_node(l->complaints, place_of(document_root(&l->document), "devices"), ON_KEY, S_NO_DEVICES, NO_WORDS);
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

/* Each step needs what the steps before it left, if only empty arrays: without memory there is no going on. */
static void load_all(struct loader *l)
{
    if (!layout_read(document_root(&l->document), &l->scratch, l->complaints, &l->raw))
        return;
    load_gateway(l);
    if (!collect_slaves(l) || !load_names(l))
        return;
    load_buses(l);
    if (l->buses != NULL)
        load_slaves(l);
    if (l->site->slaves != NULL)
        load_devices(l);
    if (l->site->devices == NULL)
        return;
    for (size_t i = 0; i < l->raw.device_count; i++)
        load_device_alarms(l, i);
    load_zones(l);
    if (l->zones != NULL)
        load_interlocks(l);
    load_cylinders(l);
    load_centres(l);
    load_journal(l);
    load_page_and_orders(l);
    check_use(l);
    load_subjects(l);
    if (l->site->subjects == NULL || l->complaints->errors > 0)
        return;
    promote_points(l);
    for (size_t i = 0; i < l->raw.device_count; i++)
        set_periods(l, i);
    lint_site(l);
    lint_deadlines(l);
}

static bool loader_open(struct loader *l, const char *file, const struct site_sources *sources, struct arena *arena,
                        struct complaints *complaints)
{
    *l =
        (struct loader){.arena = arena, .complaints = complaints, .classes = sources->classes, .basis = sources->basis};
    arena_init(&l->scratch, SCRATCH_SIZE_MAX);
    l->site = take_array(arena, 1, sizeof *l->site, complaints);
    const char *absolute = path_absolute(arena, file);
    const char *directory = path_directory(&l->scratch, file); /* as given: complaints show it */
    l->directory = absolute == NULL ? NULL : path_directory(&l->scratch, absolute);
    if (l->site == NULL || l->directory == NULL || directory == NULL)
        return false;
    l->site->file = absolute;
    l->profiles = (struct profiles){.classes = sources->classes,
                                    .held = sources->profiles,
                                    .held_count = sources->profile_count,
                                    .arena = arena,
                                    .scratch = &l->scratch,
                                    .complaints = complaints};
    size_t count = 0;
    l->profiles.dirs[count++] = path_join(&l->scratch, directory, "profiles");
    for (size_t i = 0; sources->profile_dirs != NULL && sources->profile_dirs[i] != NULL && count < PROFILE_DIRS_MAX;
         i++)
        l->profiles.dirs[count++] = sources->profile_dirs[i];
    return l->profiles.dirs[0] != NULL;
}

static void loader_close(struct loader *l)
{
    profiles_close(&l->profiles);
    document_close(&l->document);
    arena_close(&l->scratch);
}

static const char *digest(struct arena *arena, const char *bytes, size_t size, struct complaints *complaints)
{
    char hex[DIGEST_HEX_SIZE];
    digest_sha256_hex(bytes, size, hex);
    return take_text(arena, hex, complaints);
}

enum err site_load_bytes(const char *name, const char *bytes, size_t size, const struct site_sources *sources,
                         struct arena *arena, struct complaints *complaints, const struct site **ret_site)
{
    struct loader loader;
    size_t const errors = complaints->errors;
    if (!loader_open(&loader, name, sources, arena, complaints)) {
        loader_close(&loader);
        complain(complaints, &(struct place){.file = name, .line = 1, .column = 1, .path = ""}, S_MEMORY, NO_WORDS);
        return ERR_FORMAT;
    }
    if (document_open(&loader.document, name, bytes, size, complaints) == ERR_OK) {
        loader.site->sha256 = digest(arena, bytes, size, complaints);
        load_all(&loader);
    }
    loader_close(&loader);
    complaints_sort(complaints);
    if (complaints->errors > errors || loader.site->subjects == NULL)
        return ERR_FORMAT;
    *ret_site = loader.site;
    return ERR_OK;
}

enum err site_load(const char *file, const struct site_sources *sources, struct arena *arena,
                   struct complaints *complaints, const struct site **ret_site)
{
    char *bytes;
    size_t size;
    enum err err = file_read(file, &bytes, &size);
    if (err != ERR_OK) {
        complain(complaints, &(struct place){.file = file, .line = 1, .column = 1, .path = ""}, S_CANNOT_READ,
                 WORDS(words_read_error(err)));
        return ERR_IO;
    }
    err = site_load_bytes(file, bytes, size, sources, arena, complaints, ret_site);
    free(bytes);
    return err;
}
