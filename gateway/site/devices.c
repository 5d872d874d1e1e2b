/* Devices: which slaves one takes its points from, what class it is, and what that gives. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/assembly.h"

int32_t device_point_find(const struct site_device *device, const char *id)
{
    for (size_t i = 0; i < device->point_count; i++)
        if (strcmp(device->points[i].id, id) == 0)
            return (int32_t)i;
    return -1;
}

const char *name_of_device_point(const void *context, size_t index)
{
    const struct site_device *device = context;
    return index < device->point_count ? device->points[index].id : NULL;
}

/* --- slaves and class ----------------------------------------------------------------------------------------------- */

static void add_offer(struct assembly *a, const struct offer *offer)
{
    if (a->offer_count < DEVICE_SLAVES_MAX)
        a->offers[a->offer_count++] = *offer;
    if (a->l->build_slaves[offer->slave].broken)
        a->build->broken = true;
}

static bool has_offer(const struct assembly *a, const struct offer *offer)
{
    for (size_t i = 0; i < a->offer_count; i++)
        if (a->offers[i].slave == offer->slave && a->offers[i].channel == offer->channel)
            return true;
    return false;
}

static void read_slaves(struct assembly *a)
{
    const struct node *list = a->build->raw->slaves;
    if (a->build->implied_slave >= 0)
        add_offer(a, &(struct offer){.slave = a->build->implied_slave, .text = a->build->device->id});
    if (list != NULL && node_count(list) > DEVICE_SLAVES_MAX)
        complain_node(complaints_of(a), list, ON_KEY, S_TOO_MANY,
                      WORDS(words_number(complaints_of(a), (double)node_count(list)),
                            words_number(complaints_of(a), DEVICE_SLAVES_MAX)));
    for (const struct node *child = list == NULL ? NULL : node_first(list); child != NULL; child = node_next(child)) {
        struct offer offer = {.node = child};
        if (!shape_text(child, SITE_ID_MAX + CHANNEL_PREFIX_MAX, complaints_of(a), &offer.text) ||
            !slave_or_channel(a->l, child, offer.text, &offer.slave, &offer.channel))
            a->build->broken = true;
        else if (has_offer(a, &offer))
            complain_node(complaints_of(a), child, ON_VALUE, S_LISTED_TWICE,
                          WORDS(words_quote(complaints_of(a), offer.text)));
        else
            add_offer(a, &offer);
    }
}

/* Keys of a slave on a device that is none. */
static void check_slave_keys(struct assembly *a)
{
    static const char *const keys[] = {"unit",  "profile", "every",     "write", "heartbeat", "order",
                                       "guard", "max_gap", "max_count", "base",  "channels"};
    for (size_t i = 0; a->build->implied_slave < 0 && i < ARRAY_SIZE(keys); i++) {
        const struct node *key = node_child(a->build->raw->wire.node, keys[i]);
        if (key != NULL)
            complain_node(complaints_of(a), key, ON_KEY, S_KEY_NEEDS_BUS,
                          WORDS(words_format(complaints_of(a), "\"%s\"", keys[i])));
    }
}

static struct words words_classes(const struct assembly *a)
{
    return words_suggest(complaints_of(a), "", name_of_class, a->l->classes);
}

static const struct device_class *read_class(struct assembly *a)
{
    const struct raw_device *raw = a->build->raw;
    if (raw->class != NULL) {
        const struct device_class *class = class_find(a->l->classes, raw->class);
        if (class == NULL)
            complain_node(complaints_of(a), node_child(raw->wire.node, "class"), ON_VALUE, S_NOT_FOUND,
                          WORDS(both("class", "类别"), words_quote(complaints_of(a), raw->class),
                                words_suggest(complaints_of(a), raw->class, name_of_class, a->l->classes)));
        return class;
    }
    if (a->offer_count == 1) {
        const struct profile_file *profile = a->l->build_slaves[a->offers[0].slave].profile;
        const struct device_class *class = profile != NULL ? profile->profile.class : NULL;
        if (class != NULL && a->offers[0].channel > 0 && !(class->open && class->channel == NULL))
            class = class->channel;
        if (class != NULL)
            return class;
    }
    if (!a->build->broken && node_child(raw->wire.node, "class") == NULL)
        complain_node(complaints_of(a), raw->wire.node, ON_VALUE, S_NO_CLASS, WORDS(words_classes(a)));
    return NULL;
}

/* --- one device ----------------------------------------------------------------------------------------------------- */

static int by_number(const void *left, const void *right)
{
    int32_t const a = *(const int32_t *)left;
    int32_t const b = *(const int32_t *)right;
    return a < b ? -1 : a > b;
}

/* The slaves whose points it takes, ascending, each once. */
static void set_slaves(struct assembly *a, struct site_device *device)
{
    int32_t *slaves = take_array(a->l->arena, a->point_count, sizeof *slaves, complaints_of(a));
    if (slaves == NULL)
        return;
    size_t count = 0;
    for (size_t i = 0; i < a->point_count; i++)
        if (a->points[i].slave >= 0)
            slaves[count++] = a->points[i].slave;
    qsort(slaves, count, sizeof *slaves, by_number);
    size_t unique = 0;
    for (size_t i = 0; i < count; i++)
        if (unique == 0 || slaves[unique - 1] != slaves[i])
            slaves[unique++] = slaves[i];
    device->slaves = slaves;
    device->slave_count = unique;
}

static void set_by_class(struct assembly *a, struct site_device *device)
{
    int32_t *by_class = take_array(a->l->arena, a->class->point_count, sizeof *by_class, complaints_of(a));
    if (by_class == NULL)
        return;
    for (size_t i = 0; i < a->class->point_count; i++)
        by_class[i] = -1;
    for (size_t i = 0; i < a->point_count; i++)
        if (a->points[i].class_point >= 0)
            by_class[a->points[i].class_point] = (int32_t)i;
    device->by_class = by_class;
}

static bool takes_from(const struct assembly *a, const struct offer *offer)
{
    for (size_t i = 0; i < a->point_count; i++)
        if (a->points[i].slave == offer->slave &&
            (offer->channel == 0 ||
             a->l->build_slaves[offer->slave].channel_of[a->points[i].slave_point] == offer->channel))
            return true;
    return false;
}

static void check_slaves(struct assembly *a, bool complete)
{
    const struct site_device *device = a->build->device;
    for (size_t i = 0; i < a->offer_count; i++)
        if (complete && a->offers[i].node != NULL && !takes_from(a, &a->offers[i]) && !a->build->broken)
            complain_node(complaints_of(a), place_of(a->build->raw->wire.node, "slaves"), ON_VALUE, S_SLAVE_GIVES_NONE,
                          WORDS(words_quote(complaints_of(a), a->offers[i].text)));
    for (size_t i = 0; a->class->never_written && i < a->offer_count; i++)
        a->l->build_slaves[a->offers[i].slave].untouchable = (int32_t)a->index;
    for (size_t i = 0; a->class->never_written && i < device->slave_count; i++)
        a->l->build_slaves[device->slaves[i]].untouchable = (int32_t)a->index;
    /* A device may share the id of its only slave. */
    const struct name *name = names_find(&a->l->names, NAME_SLAVE, device->id);
    if (name != NULL && a->build->implied_slave < 0 && a->offer_count + a->mapping_count > 0 && !a->build->broken &&
        (device->slave_count != 1 || device->slaves[0] != name->index))
        complain_node(complaints_of(a), place_of(a->build->raw->wire.node, "id"), ON_VALUE, S_DOUBLED_ID,
                      WORDS(words_quote(complaints_of(a), device->id), words_name_kind(NAME_SLAVE),
                            words_format(complaints_of(a), "%u", node_line(name->node, ON_VALUE))));
}

static void set_texts(struct assembly *a, struct site_device *device)
{
    const struct profile_file *file = NULL;
    if (a->offer_count > 0)
        file = a->l->build_slaves[a->offers[0].slave].profile;
    else if (device->slave_count > 0)
        file = a->l->build_slaves[device->slaves[0]].profile;
    device->profile = file != NULL ? file->profile.name : "";
    device->maker = file != NULL ? file->profile.vendor : "";
    device->model = file != NULL ? file->profile.model : "";
    device->identity_json = "{}";
    device->use_cod = "";
    if (a->build->raw->identity != NULL)
        load_identity(a->l, a->build->raw->identity, device);
}

static void keep_points(struct assembly *a, struct site_device *device)
{
    struct device_point *points = take_array(a->l->arena, a->point_count, sizeof *points, complaints_of(a));
    if (points == NULL || a->point_count == 0)
        return;
    memcpy(points, a->points, a->point_count * sizeof *points);
    a->build->points = points;
    device->points = points;
    device->point_count = a->point_count;
}

static void load_device(struct loader *l, size_t index)
{
    struct build_device *build = &l->build_devices[index];
    const struct raw_device *raw = build->raw;
    struct site_device *device = &l->devices[index];
    struct assembly a = {.l = l, .build = build, .index = index};
    build->device = device;
    *device = (struct site_device){.id = take_text(l->arena, raw->wire.id != NULL ? raw->wire.id : "?", l->complaints),
                                   .max_silence_ms = (uint32_t)raw->max_silence_ms};
    read_slaves(&a);
    check_slave_keys(&a);
    a.class = read_class(&a);
    device->class = a.class;
    read_mappings(&a);
    if (a.class == NULL) {
        build->broken = true;
        set_texts(&a, device);
        return;
    }
    load_settings(l, index);
    size_t const errors = l->complaints->errors;
    add_points(&a);
    keep_points(&a, device);
    set_slaves(&a, device);
    set_by_class(&a, device);
    set_texts(&a, device);
    check_slaves(&a, l->complaints->errors == errors);
    bool const listed = raw->slaves != NULL && node_count(raw->slaves) > 0;
    bool const wired = a.offer_count > 0 || listed || raw->wire.points != NULL;
    if (!wired && a.class->alarm_count > 0 && !a.class->open && !build->broken)
        complain_node(l->complaints, raw->wire.node, ON_VALUE, S_UNWIRED, WORDS(same(a.class->id)));
}

/* Writing to a slave of a lift is refused already in its `write` list. */
static void check_writes(struct loader *l)
{
    for (size_t i = 0; i < l->slave_count; i++) {
        const struct build_slave *build = &l->build_slaves[i];
        if (build->untouchable < 0)
            continue;
        const struct site_device *device = &l->devices[build->untouchable];
        const char *const keys[] = {"write", "heartbeat"};
        for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
            const struct node *key = node_child(build->raw->node, keys[k]);
            if (key == NULL || (node_kind(key) == NODE_LIST && node_count(key) == 0))
                continue;
            complain_node(l->complaints, key, ON_KEY, S_NEVER_WRITTEN,
                          WORDS(words_quote(l->complaints, build->slave->id), words_quote(l->complaints, device->id),
                                both(device->class->en, device->class->zh)));
        }
    }
}

void load_devices(struct loader *l)
{
    l->devices = take_array(l->arena, l->raw.device_count, sizeof *l->devices, l->complaints);
    if (l->devices == NULL)
        return;
    for (size_t i = 0; i < l->raw.device_count; i++)
        load_device(l, i);
    check_writes(l);
    mark_idle(l);
    l->site->devices = l->devices;
    l->site->device_count = l->raw.device_count;
}
