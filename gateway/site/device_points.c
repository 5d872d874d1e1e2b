/* Which points a device has: those it maps, those its slaves offer under the class's ids, and those the class derives. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/assembly.h"

/* --- points that are mapped in the device --------------------------------------------------------------------------- */

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

void read_mappings(struct assembly *a)
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

/* --- all of them ---------------------------------------------------------------------------------------------------- */

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

void add_points(struct assembly *a)
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
