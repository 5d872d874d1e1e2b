#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"
#include "gateway/site/units.h"

#define DEVICE_SLAVES_MAX 64

/* --- points that are mapped in the device --------------------------------------------------------------------------- */

struct mapping { /* "door_closed": "di-1.in_1" or { "from", "invert", "scale", … } */
    const char *id;
    const struct node *node;
    int32_t slave;
    int32_t point;
    struct raw_point raw;
    bool used;
};

/* A slave whose canonical points the device takes: all of it, or one channel of a panel. */
struct offer {
    int32_t slave;
    uint16_t channel;        /* 0: all of it, without what is in channels */
    const struct node *node; /* where it is listed; NULL: it is the device itself */
    const char *text;        /* "panel-1.ch17" */
};

/* What is needed while one device is put together. */
struct assembly {
    struct loader *l;
    struct build_device *build;
    const struct device_class *class;
    size_t index;
    struct offer offers[DEVICE_SLAVES_MAX]; /* implied and listed */
    size_t offer_count;
    struct mapping *mappings;
    size_t mapping_count;
    struct device_point *points;
    size_t point_count;
    size_t point_max;
    bool shared; /* that it takes a channel of another device was said */
};

static struct complaints *complaints_of(const struct assembly *a)
{
    return a->l->complaints;
}

int32_t device_point_find(const struct site_device *device, const char *id)
{
    for (size_t i = 0; i < device->point_count; i++)
        if (strcmp(device->points[i].id, id) == 0)
            return (int32_t)i;
    return -1;
}

static void check_mapping_keys(const struct assembly *a, const struct node *node)
{
    static const char *const register_keys[] = {"function", "address", "type", "length",     "order",
                                                "byte",     "bit",     "bits", "scale_from", "only_if",
                                                "map",      "invalid", "poll", "write"};
    for (size_t i = 0; i < ARRAY_SIZE(register_keys); i++) {
        const struct node *key = node_child(node, register_keys[i]);
        if (key != NULL)
            complain_node(complaints_of(a), key, ON_KEY, S_POINT_MIXED,
                          WORDS(words_format(complaints_of(a), "\"%s\"", register_keys[i])));
    }
}

/* Where it comes from; false when it is no mapping or names nothing. */
static bool read_mapping(struct assembly *a, const struct node *node, struct mapping *ret_mapping)
{
    struct mapping mapping = {.id = node_key(node), .node = node, .raw = raw_point_default};
    const struct node *from = node;
    if (node_kind(node) == NODE_STRING) {
        mapping.raw.from = node_string(node);
    } else {
        if (!shape_read(node, &device_point_shape, &mapping.raw, complaints_of(a)) || mapping.raw.from == NULL)
            return false;
        from = node_child(node, "from");
        check_mapping_keys(a, node);
    }
    if (!slave_reference(a->l, from, mapping.raw.from, &mapping.slave, &mapping.point))
        return false;
    *ret_mapping = mapping;
    return true;
}

static bool is_register(const struct node *node)
{
    return node_child(node, "function") != NULL || node_child(node, "address") != NULL;
}

static void check_mapping_id(const struct assembly *a, const struct node *node)
{
    const struct class_point *canonical = class_point_find(a->class, node_key(node));
    if (!id_is_good(node_key(node)))
        complain_node(complaints_of(a), node, ON_KEY, S_BAD_ID, WORDS(words_quote(complaints_of(a), node_key(node))));
    else if (a->class != NULL && canonical == NULL && !a->class->open)
        complain_node(complaints_of(a), node, ON_KEY, S_POINT_NOT_OF_CLASS,
                      WORDS(same(a->class->id), words_quote(complaints_of(a), node_key(node)),
                            words_suggest(complaints_of(a), node_key(node), name_of_class_point, a->class)));
    else if (canonical != NULL && !class_point_may_be_read(canonical))
        complain_node(complaints_of(a), node, ON_KEY, S_POINT_DERIVED,
                      WORDS(words_quote(complaints_of(a), node_key(node))));
}

static void read_mappings(struct assembly *a)
{
    const struct node *points = a->build->raw->wire.points;
    size_t const wanted = points == NULL ? 0 : node_count(points);
    a->mappings = take_array(&a->l->scratch, wanted, sizeof *a->mappings, complaints_of(a));
    if (a->mappings == NULL)
        return;
    for (const struct node *child = points == NULL ? NULL : node_first(points); child != NULL;
         child = node_next(child)) {
        bool const mapped = node_kind(child) == NODE_STRING || node_child(child, "from") != NULL;
        if (mapped) {
            check_mapping_id(a, child);
            a->mapping_count += read_mapping(a, child, &a->mappings[a->mapping_count]);
        } else if (a->build->implied_slave < 0) { /* else it is the slave's, and was read there */
            bool const object = node_kind(child) == NODE_OBJECT;
            complain_node(complaints_of(a), child, ON_KEY,
                          object && is_register(child) ? S_POINT_NOT_HERE : S_POINT_INCOMPLETE,
                          WORDS(words_quote(complaints_of(a), node_key(child))));
        }
    }
}

/* --- one device point ----------------------------------------------------------------------------------------------- */

static bool is_same(double a, double b)
{
    return !(a < b) && !(a > b);
}

static const char *name_of_code(const void *context, size_t index)
{
    const struct class_point *point = context;
    return index < point->code_count ? point->codes[index].id : NULL;
}

static int64_t code_find(const struct class_point *canonical, const char *id)
{
    for (size_t i = 0; i < canonical->code_count; i++)
        if (strcmp(canonical->codes[i].id, id) == 0)
            return (int64_t)i;
    return -1;
}

/* Translates the slave's codes into the class's by name. */
static bool translate_codes(struct assembly *a, const struct node *at, const struct slave_point *from,
                            const struct class_point *canonical, struct device_point *point)
{
    if (from->codes == canonical->codes)
        return true;
    uint32_t *code_of = take_array(a->l->arena, from->code_count, sizeof *code_of, complaints_of(a));
    bool good = code_of != NULL;
    for (size_t i = 0; good && i < from->code_count; i++) {
        int64_t code = code_find(canonical, from->codes[i].id);
        if (code < 0) {
            complain_node(complaints_of(a), at, ON_VALUE, S_CODE_UNKNOWN,
                          WORDS(words_quote(complaints_of(a), canonical->id),
                                words_quote(complaints_of(a), from->codes[i].id),
                                words_quote(complaints_of(a), from->id),
                                words_suggest(complaints_of(a), from->codes[i].id, name_of_code, canonical)));
            good = false;
        } else {
            code_of[i] = (uint32_t)code;
        }
    }
    point->code_of = code_of;
    return good;
}

/* factor and addend from the slave's value to the device's, over the mapping's scale and both units. */
static bool convert_units(struct assembly *a, const struct node *at, const struct raw_point *raw,
                          const struct slave_point *from, const struct class_point *canonical,
                          struct device_point *point)
{
    bool const scaled = !is_same(raw->scale, 1) || !is_same(raw->offset, 0);
    const char *unit = raw->unit != NULL ? take_text(a->l->arena, raw->unit, complaints_of(a))
                       : scaled          ? ""
                                         : from->unit;
    double factor = 1;
    double addend = 0;
    if (canonical != NULL && unit[0] != '\0' && canonical->unit[0] == '\0') {
        complain_node(complaints_of(a), at, ON_VALUE, S_UNITLESS,
                      WORDS(words_quote(complaints_of(a), canonical->id), words_quote(complaints_of(a), unit)));
        return false;
    }
    if (canonical != NULL && unit[0] != '\0' && !unit_convert(unit, canonical->unit, &factor, &addend)) {
        complain_node(complaints_of(a), at, ON_VALUE, S_UNIT_DIFFERS,
                      WORDS(words_quote(complaints_of(a), canonical->id),
                            words_quote(complaints_of(a), canonical->unit), words_quote(complaints_of(a), unit)));
        return false;
    }
    point->factor = raw->scale * factor;
    point->addend = raw->offset * factor + addend;
    point->unit = canonical != NULL ? canonical->unit : unit;
    return true;
}

static bool check_scaling(struct assembly *a, const struct node *at, const struct raw_point *raw,
                          const struct slave_point *from)
{
    if (raw->invert && from->type != VALUE_BOOL) {
        complain_node(complaints_of(a), place_of(at, "invert"), ON_KEY, S_INVERT_NUMBER,
                      WORDS(words_quote(complaints_of(a), from->id), words_value_type(from->type)));
        return false;
    }
    bool const numeric = from->type == VALUE_INT || from->type == VALUE_UINT || from->type == VALUE_NUMBER;
    if (!numeric && (!is_same(raw->scale, 1) || !is_same(raw->offset, 0))) {
        complain_node(complaints_of(a), at, ON_VALUE, S_CANNOT_BECOME,
                      WORDS(words_quote(complaints_of(a), node_key(at)), both("a scaled number", "换算过的数"),
                            words_value_type(from->type)));
        return false;
    }
    if (is_same(raw->scale, 0)) {
        complain_node(complaints_of(a), place_of(at, "scale"), ON_VALUE, S_SCALE_ZERO, NO_WORDS);
        return false;
    }
    return true;
}

static const char *label_of(struct assembly *a, const char *given, const struct slave_point *from, const char *of_slave,
                            const char *of_class, const char *id)
{
    if (given != NULL)
        return take_text(a->l->arena, given, complaints_of(a));
    const char *bare;
    (void)channel_split(from->id, &bare);
    bool const own = strcmp(bare, id) == 0 && of_slave[0] != '\0'; /* a profile's label for the canonical point */
    if (own || (of_class == NULL && of_slave[0] != '\0'))
        return of_slave;
    return of_class != NULL ? of_class : id;
}

static void set_range(const struct raw_point *raw, const struct slave_point *from, const struct class_point *canonical,
                      struct device_point *point)
{
    point->minimum = canonical != NULL ? canonical->minimum : NO_LIMIT;
    point->maximum = canonical != NULL ? canonical->maximum : NO_LIMIT;
    if (raw->deadband >= 0)
        point->deadband = raw->deadband;
    else if (from->deadband >= 0)
        point->deadband = from->deadband * fabs(point->factor);
    else
        point->deadband = canonical != NULL ? canonical->deadband : 0;
}

static void note_taken(struct assembly *a, const struct node *at, int32_t slave, int32_t slave_point)
{
    struct build_slave *build = &a->l->build_slaves[slave];
    uint16_t const channel = build->channel_of[slave_point];
    build->served = true;
    build->taken[slave_point] = true;
    if (channel == 0)
        return;
    int32_t *device = &build->channel_device[channel - 1];
    if (*device >= 0 && *device != (int32_t)a->index && !a->shared)
        complain_node(complaints_of(a), at, ON_VALUE, S_CHANNEL_SHARED,
                      WORDS(words_format(complaints_of(a), "\"%s.ch%u\"", build->slave->id, channel),
                            words_quote(complaints_of(a), a->l->devices[*device].id)));
    a->shared = a->shared || (*device >= 0 && *device != (int32_t)a->index);
    if (*device < 0)
        *device = (int32_t)a->index;
}

/* Takes one point of a slave as the device point `id`. `at` is where a complaint belongs. */
static bool take_point(struct assembly *a, const char *id, const struct node *at, int32_t slave, int32_t slave_point,
                       const struct raw_point *raw)
{
    struct loader *l = a->l;
    const struct slave_point *from = &l->slaves[slave].points[slave_point];
    const struct class_point *canonical = class_point_find(a->class, id);
    if (a->point_count == a->point_max)
        return false;
    struct device_point point = {.class_point = canonical != NULL ? (int32_t)(canonical - a->class->points) : -1,
                                 .slave = slave,
                                 .slave_point = slave_point,
                                 .type = canonical != NULL ? canonical->type : from->type,
                                 .codes = canonical != NULL ? canonical->codes : from->codes,
                                 .code_count = canonical != NULL ? canonical->code_count : from->code_count,
                                 .invert = raw->invert};
    if (!value_type_converts(from->type, point.type)) {
        complain_node(
            l->complaints, at, ON_VALUE, S_CANNOT_BECOME,
            WORDS(words_quote(l->complaints, id), words_value_type(point.type), words_value_type(from->type)));
        return false;
    }
    if (!check_scaling(a, at, raw, from) || !convert_units(a, at, raw, from, canonical, &point))
        return false;
    if (canonical != NULL && point.type == VALUE_ENUM && !translate_codes(a, at, from, canonical, &point))
        return false;
    if (canonical == NULL && point.type != VALUE_NUMBER && !is_same(point.factor, 1))
        point.type = VALUE_NUMBER;
    point.single = from->single && is_same(point.factor, 1) && is_same(point.addend, 0);
    point.id = canonical != NULL ? canonical->id : take_text(l->arena, id, l->complaints);
    point.zh = label_of(a, raw->zh, from, from->zh, canonical != NULL ? canonical->zh : NULL, point.id);
    point.en = label_of(a, raw->en, from, from->en, canonical != NULL ? canonical->en : NULL, point.id);
    set_range(raw, from, canonical, &point);
    a->points[a->point_count++] = point;
    note_taken(a, at, slave, slave_point);
    return true;
}

/* --- all points of a device ----------------------------------------------------------------------------------------- */

static struct mapping *mapping_find(const struct assembly *a, const char *id)
{
    for (size_t i = 0; i < a->mapping_count; i++)
        if (strcmp(a->mappings[i].id, id) == 0)
            return &a->mappings[i];
    return NULL;
}

static void complain_two_offers(struct assembly *a, const char *id, const struct offer *first,
                                const struct offer *second)
{
    complain_node(complaints_of(a), place_of(a->build->raw->wire.node, "slaves"), ON_VALUE, S_TWO_OFFERS,
                  WORDS(same(first->text), same(second->text), same(id)));
}

/* What this offer has under that id; -1: nothing. */
static int32_t offered_point(const struct assembly *a, const struct offer *offer, const char *id)
{
    const struct build_slave *slave = &a->l->build_slaves[offer->slave];
    for (size_t i = 0; i < slave->row_count; i++)
        if (strcmp(slave->rows[i].id, id) == 0)
            return slave_row_point(slave, i, offer->channel);
    return -1;
}

/* The one offer that has the id; NULL: none does. */
static const struct offer *find_offer(struct assembly *a, const char *id, int32_t *ret_point)
{
    const struct offer *found = NULL;
    for (size_t i = 0; i < a->offer_count; i++) {
        int32_t const point = offered_point(a, &a->offers[i], id);
        if (point < 0)
            continue;
        if (found != NULL) {
            complain_two_offers(a, id, found, &a->offers[i]);
            return found;
        }
        found = &a->offers[i];
        *ret_point = point;
    }
    return found;
}

/* Where a complaint about a point that was taken by its id belongs: the inline point, else the profile or the slaves. */
static const struct node *offer_place(const struct assembly *a, const char *id, const struct offer *offer)
{
    const struct node *device = a->build->raw->wire.node;
    const struct node *points = a->build->raw->wire.points;
    const struct node *own = points != NULL ? node_child(points, id) : NULL;
    return own != NULL ? own : offer->node != NULL ? offer->node : place_of(device, "profile");
}

static void add_derived(struct assembly *a, const struct class_point *canonical)
{
    if (a->point_count == a->point_max)
        return;
    a->points[a->point_count++] = (struct device_point){
        .id = canonical->id,
        .unit = canonical->unit,
        .type = canonical->type,
        .codes = canonical->codes,
        .code_count = canonical->code_count,
        .class_point = (int32_t)(canonical - a->class->points),
        .slave = -1,
        .slave_point = -1,
        .factor = 1,
        .minimum = canonical->minimum,
        .maximum = canonical->maximum,
        .deadband = canonical->deadband,
        .zh = canonical->zh,
        .en = canonical->en,
    };
}

static bool has_word(const struct assembly *a, const char *word, size_t length)
{
    for (size_t i = 0; i < a->point_count; i++)
        if (strlen(a->points[i].id) == length && strncmp(a->points[i].id, word, length) == 0)
            return true;
    const double *settings = a->build->device->settings;
    for (size_t i = 0; settings != NULL && i < a->class->setting_count; i++)
        if (strlen(a->class->settings[i].id) == length && strncmp(a->class->settings[i].id, word, length) == 0)
            return has_limit(settings[i]);
    return false;
}

/* "a|b": one of them. */
static bool has_alternative(const struct assembly *a, const char *words, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t const end = at + strcspn(words + at, "| ");
        if (has_word(a, words + at, end - at))
            return true;
        at = end + 1;
    }
    return false;
}

/* "a|b c": all of these, of those with | one. */
static bool meets_needs(const struct assembly *a, const char *needs)
{
    for (const char *at = needs; at != NULL && *at != '\0';) {
        size_t const length = strcspn(at, " ");
        if (length > 0 && !has_alternative(a, at, length))
            return false;
        at += length + (at[length] == ' ');
    }
    return true;
}

static void add_canonical(struct assembly *a, const struct class_point *canonical)
{
    int32_t point = -1;
    struct mapping *mapping = mapping_find(a, canonical->id);
    const struct offer *offer = NULL;
    if (mapping != NULL) {
        mapping->used = true;
        (void)take_point(a, canonical->id, mapping->node, mapping->slave, mapping->point, &mapping->raw);
        return;
    }
    if (class_point_may_be_read(canonical))
        offer = find_offer(a, canonical->id, &point);
    if (offer != NULL)
        (void)take_point(a, canonical->id, offer_place(a, canonical->id, offer), offer->slave, point,
                         &raw_point_default);
    else if (canonical->derived && meets_needs(a, canonical->needs))
        add_derived(a, canonical);
}

/* An open class also takes whatever else its slaves offer. */
static void add_others(struct assembly *a)
{
    for (size_t i = 0; i < a->offer_count; i++) {
        const struct build_slave *slave = &a->l->build_slaves[a->offers[i].slave];
        for (size_t row = 0; row < slave->row_count; row++) {
            const char *id = slave->rows[row].id;
            int32_t point = -1;
            if (class_point_find(a->class, id) != NULL || mapping_find(a, id) != NULL)
                continue;
            if (find_offer(a, id, &point) == &a->offers[i])
                (void)take_point(a, id, offer_place(a, id, &a->offers[i]), a->offers[i].slave, point,
                                 &raw_point_default);
        }
    }
}

static void add_mapped(struct assembly *a)
{
    for (size_t i = 0; i < a->mapping_count; i++) {
        struct mapping *mapping = &a->mappings[i];
        if (mapping->used || !id_is_good(mapping->id))
            continue;
        if (a->class->open)
            (void)take_point(a, mapping->id, mapping->node, mapping->slave, mapping->point, &mapping->raw);
    }
}

static size_t count_possible(const struct assembly *a)
{
    size_t count = a->class->point_count + a->mapping_count;
    for (size_t i = 0; i < a->offer_count; i++)
        count += a->l->build_slaves[a->offers[i].slave].row_count;
    return count;
}

static void add_points(struct assembly *a)
{
    size_t const possible = count_possible(a);
    bool const wired = a->offer_count > 0 || a->mapping_count > 0;
    a->point_max = possible < SITE_DEVICE_POINTS_MAX ? possible : SITE_DEVICE_POINTS_MAX;
    a->points = take_array(&a->l->scratch, a->point_max, sizeof *a->points, complaints_of(a));
    if (a->points == NULL || !wired)
        return;
    for (size_t i = 0; i < a->class->point_count; i++)
        add_canonical(a, &a->class->points[i]);
    if (a->class->open)
        add_others(a);
    add_mapped(a);
    if (a->point_count == SITE_DEVICE_POINTS_MAX && possible > SITE_DEVICE_POINTS_MAX)
        complain_node(complaints_of(a), a->build->raw->wire.node, ON_VALUE, S_TOO_MANY,
                      WORDS(words_number(complaints_of(a), (double)possible),
                            words_number(complaints_of(a), SITE_DEVICE_POINTS_MAX)));
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
