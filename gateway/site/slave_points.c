/* The points of a slave: the profile's rows, changed and added to by the file, once for each channel of a panel; and how
 * others refer to them. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"

/* --- references ----------------------------------------------------------------------------------------------------- */

int32_t slave_row_point(const struct build_slave *slave, size_t row, uint16_t channel)
{
    const struct profile_repeat *repeat = &slave->rows[row].repeat;
    if (repeat->count == 0)
        return channel == 0 ? slave->row_first[row] : -1;
    return channel >= 1 && channel <= repeat->count && channel <= slave->channels ? slave->row_first[row] + channel - 1
                                                                                  : -1;
}

int32_t slave_point_find(const struct build_slave *slave, const char *id)
{
    uint16_t channel;
    int32_t const row = profile_point_find(slave->rows, slave->row_count, id, &channel);
    return row < 0 ? -1 : slave_row_point(slave, (size_t)row, slave->rows[row].repeat.count > 0 ? channel : 0);
}

static struct words words_channels(const struct loader *l, const struct build_slave *slave)
{
    if (slave->channels == 0)
        return both("it has none", "它没有通道");
    return both(words_format(l->complaints, "it has ch1 … ch%u", slave->channels).text[LANGUAGE_EN],
                words_format(l->complaints, "它有 ch1 … ch%u", slave->channels).text[LANGUAGE_ZH]);
}

static void complain_channel(struct loader *l, const struct build_slave *slave, const struct node *at, uint16_t channel)
{
    complain_node(l->complaints, at, ON_VALUE, S_NO_CHANNEL,
                  WORDS(words_quote(l->complaints, slave->slave->id), words_format(l->complaints, "ch%u", channel),
                        words_channels(l, slave)));
}

/* For suggestions: what there is in the channel that was meant, else in the first. */
struct names_of_slave {
    const struct build_slave *slave;
    uint16_t channel;
};

static const char *name_of_slave_point(const void *context, size_t index)
{
    const struct names_of_slave *names = context;
    if (index >= names->slave->row_count)
        return NULL;
    int32_t point = slave_row_point(names->slave, index, names->channel);
    return names->slave->points[point >= 0 ? point : names->slave->row_first[index]].id;
}

static bool is_complained_about(const struct build_slave *build, const char *id)
{
    return build->broken || (build->raw->points != NULL && node_child(build->raw->points, id) != NULL);
}

int32_t slave_own_point(struct loader *l, const struct build_slave *build, const struct node *at, const char *id)
{
    const char *bare;
    uint16_t const channel = channel_split(id, &bare);
    int32_t const point = slave_point_find(build, id);
    if (point >= 0 || is_complained_about(build, bare))
        return point;
    if (channel > build->channels) {
        complain_channel(l, build, at, channel);
        return -1;
    }
    struct names_of_slave const names = {.slave = build, .channel = channel};
    complain_node(l->complaints, at, ON_VALUE, S_NO_SLAVE_POINT,
                  WORDS(words_quote(l->complaints, build->slave->id), words_quote(l->complaints, id),
                        words_suggest(l->complaints, id, name_of_slave_point, &names)));
    return -1;
}

/* The slave whose id is the first `length` bytes. */
static const struct name *slave_named(struct loader *l, const struct node *at, const char *text, size_t length)
{
    char id[SITE_ID_MAX + 1];
    size_t const kept = length < sizeof id ? length : sizeof id - 1;
    memcpy(id, text, kept);
    id[kept] = '\0';
    const struct name *name = length == kept ? names_find(&l->names, NAME_SLAVE, id) : NULL;
    struct names_of_kind const of = {&l->names, NAME_SLAVE};
    if (name == NULL)
        complain_node(l->complaints, at, ON_VALUE, S_NOT_FOUND,
                      WORDS(words_name_kind(NAME_SLAVE), words_quote(l->complaints, id),
                            words_suggest(l->complaints, id, name_of_kind, &of)));
    return name;
}

bool slave_reference(struct loader *l, const struct node *at, const char *text, int32_t *ret_slave, int32_t *ret_point)
{
    const char *dot = strchr(text, '.');
    if (dot == NULL || dot == text || dot[1] == '\0' || (size_t)(dot - text) > SITE_ID_MAX) {
        complain_node(l->complaints, at, ON_VALUE, S_BAD_REFERENCE, WORDS(words_quote(l->complaints, text)));
        return false;
    }
    const struct name *name = slave_named(l, at, text, (size_t)(dot - text));
    if (name == NULL)
        return false;
    int32_t const point = slave_own_point(l, &l->build_slaves[name->index], at, dot + 1);
    if (point < 0)
        return false;
    *ret_slave = name->index;
    *ret_point = point;
    return true;
}

bool slave_or_channel(struct loader *l, const struct node *at, const char *text, int32_t *ret_slave,
                      uint16_t *ret_channel)
{
    const char *dot = strchr(text, '.');
    const char *rest = "";
    uint16_t const channel = dot == NULL ? 0 : channel_split(dot + 1, &rest);
    if (dot != NULL && (channel == 0 || rest[0] != '\0' || rest[-1] == '.')) {
        complain_node(l->complaints, at, ON_VALUE, S_BAD_CHANNEL, WORDS(words_quote(l->complaints, text)));
        return false;
    }
    const struct name *name = slave_named(l, at, text, dot == NULL ? strlen(text) : (size_t)(dot - text));
    if (name == NULL)
        return false;
    const struct build_slave *slave = &l->build_slaves[name->index];
    if (channel > slave->channels && !slave->broken) {
        complain_channel(l, slave, at, channel);
        return false;
    }
    *ret_slave = name->index;
    *ret_channel = channel;
    return true;
}

/* --- base and channels ---------------------------------------------------------------------------------------------- */

static const struct profile *profile_of(const struct build_slave *build)
{
    return build->profile != NULL && build->profile->good ? &build->profile->profile : NULL;
}

int64_t slave_base(const struct build_slave *build)
{
    const struct profile *profile = profile_of(build);
    if (node_child(build->raw->node, "base") != NULL)
        return build->raw->base;
    return profile != NULL ? profile->base : 0;
}

static void load_base(struct loader *l, struct build_slave *build)
{
    const struct node *node = node_child(build->raw->node, "base");
    const struct profile *profile = profile_of(build);
    if (node != NULL && build->raw->profile == NULL && node_child(build->raw->node, "profile") == NULL)
        complain_node(l->complaints, node, ON_KEY, S_NEEDS_KEY, WORDS(same("\"base\""), same("\"profile\"")));
    if (node != NULL || profile == NULL || !profile->base_from_site)
        return;
    complain_node(l->complaints, place_of(build->raw->node, "profile"), ON_VALUE, S_BASE_NEEDED,
                  WORDS(words_quote(l->complaints, profile->name)));
    build->broken = true;
}

static void load_channels(struct loader *l, struct build_slave *build)
{
    const struct node *node = node_child(build->raw->node, "channels");
    const struct profile *profile = profile_of(build);
    build->channels = profile != NULL ? profile->channels : 0;
    if (node == NULL || build->raw->channels == NOT_GIVEN || (profile == NULL && build->raw->profile != NULL))
        return;
    if (build->channels == 0)
        complain_node(l->complaints, node, ON_KEY, S_NO_CHANNELS, WORDS(same("\"channels\"")));
    else if (build->raw->channels > build->channels)
        complain_node(l->complaints, node, ON_VALUE, S_OUT_OF_RANGE,
                      WORDS(words_number(l->complaints, (double)build->raw->channels),
                            words_format(l->complaints, "1 … %u", build->channels)));
    else
        build->channels = (uint16_t)build->raw->channels;
}

/* --- rows ----------------------------------------------------------------------------------------------------------- */

static bool is_mapping(const struct node *point)
{
    return node_kind(point) == NODE_STRING || node_child(point, "from") != NULL;
}

static int32_t row_find(const struct build_slave *build, const char *id)
{
    for (size_t i = 0; i < build->row_count; i++)
        if (strcmp(build->rows[i].id, id) == 0)
            return (int32_t)i;
    return -1;
}

/* Which class a point of this slave may be canonical of: the profile's for its own points, else the device's. */
static struct point_context context_of(const struct loader *l, const struct build_slave *build,
                                       const struct device_class *device_class, bool of_profile)
{
    const struct profile *profile = profile_of(build);
    struct point_context context = {
        .class = device_class,
        .order = build->profile != NULL ? build->profile->profile.order : ORDER_ABCD,
        .count_max = build->slave->count_max,
        .arena = l->arena,
        .complaints = l->complaints,
    };
    if (profile != NULL && (of_profile || device_class == NULL))
        context.class = profile->class;
    if (profile != NULL && of_profile) {
        context.base = slave_base(build);
        context.repeat = build->profile->repeat;
    }
    if (build->raw->order != NOT_GIVEN)
        context.order = build->raw->order;
    return context;
}

static void add_inline_row(struct loader *l, struct build_slave *build, const struct node *node,
                           const struct device_class *device_class)
{
    int32_t const known = row_find(build, node_key(node));
    struct raw_point raw = known >= 0 ? build->profile->raw_points[known] : raw_point_default;
    const struct shape *shape = build->implied ? &device_point_shape : &register_point_shape;
    if (!shape_read(node, shape, &raw, l->complaints))
        return;
    if (known < 0 && raw.function == NOT_GIVEN && raw.address == NOT_GIVEN && !build->broken &&
        node_child(node, "function") == NULL && node_child(node, "address") == NULL) {
        complain_node(l->complaints, node, ON_KEY, id_is_good(node_key(node)) ? S_POINT_INCOMPLETE : S_BAD_ID,
                      WORDS(words_quote(l->complaints, node_key(node))));
        return;
    }
    struct point_context const context = context_of(l, build, device_class, known >= 0);
    size_t const index = known >= 0 ? (size_t)known : build->row_count;
    if (!point_resolve(&raw, node_key(node), node, &context, &build->rows[index]))
        return;
    build->row_poll_given[index] =
        known >= 0 || raw.poll != NOT_GIVEN || class_point_find(context.class, node_key(node)) != NULL;
    build->row_count += known < 0;
}

/* The profile's rows, in the slave's own order of bytes when it has one. */
static void add_profile_rows(struct build_slave *build)
{
    const struct profile *profile = profile_of(build);
    for (size_t i = 0; profile != NULL && !build->broken && i < profile->point_count; i++) {
        struct profile_point *row = &build->rows[build->row_count];
        *row = profile->points[i];
        if (build->raw->order != NOT_GIVEN && build->profile->raw_points[i].order == NOT_GIVEN &&
            (row->point.register_count > 1 || row->point.raw == RAW_STRING))
            row->point.order = (enum word_order)build->raw->order;
        build->row_poll_given[build->row_count++] = true;
    }
}

static const struct device_class *device_class_of(const struct loader *l, const struct build_slave *build)
{
    if (!build->implied)
        return NULL;
    const char *class = ((const struct raw_device *)(const void *)build->raw)->class;
    return class == NULL ? NULL : class_find(l->classes, class);
}

static bool add_rows(struct loader *l, struct build_slave *build)
{
    const struct node *points = build->raw->points;
    const struct profile *profile = profile_of(build);
    size_t const most = (profile != NULL ? profile->point_count : 0) + (points == NULL ? 0 : node_count(points));
    if (most > SITE_POINTS_MAX) {
        complain_node(l->complaints, points, ON_KEY, S_TOO_MANY,
                      WORDS(words_number(l->complaints, (double)most), words_number(l->complaints, SITE_POINTS_MAX)));
        return false;
    }
    build->rows = take_array(&l->scratch, most, sizeof *build->rows, l->complaints);
    build->row_first = take_array(&l->scratch, most, sizeof *build->row_first, l->complaints);
    build->row_poll_given = take_array(&l->scratch, most, sizeof *build->row_poll_given, l->complaints);
    if (build->rows == NULL || build->row_first == NULL || build->row_poll_given == NULL)
        return false;
    add_profile_rows(build);
    const struct device_class *class = device_class_of(l, build);
    for (const struct node *child = points == NULL ? NULL : node_first(points); child != NULL; child = node_next(child))
        if (!build->implied || !is_mapping(child))
            add_inline_row(l, build, child, class);
    return true;
}

/* --- from rows to points -------------------------------------------------------------------------------------------- */

static uint16_t channels_of(const struct profile_point *row, uint16_t channels)
{
    return row->repeat.count < channels ? row->repeat.count : channels;
}

static size_t count_points(const struct build_slave *build, uint16_t channels)
{
    size_t count = 0;
    for (size_t i = 0; i < build->row_count; i++)
        count += build->rows[i].repeat.count > 0 ? channels_of(&build->rows[i], channels) : 1;
    return count;
}

/* Is it a row of the profile, so that base applies? They come first. */
static bool is_of_profile(const struct build_slave *build, size_t row)
{
    const struct profile *profile = profile_of(build);
    return profile != NULL && row < profile->point_count;
}

/* True when every channel of the row lies within the addresses, and within one read. */
static bool check_row(struct loader *l, const struct build_slave *build, size_t index)
{
    const struct profile_point *row = &build->rows[index];
    int64_t const base = is_of_profile(build, index) ? slave_base(build) : 0;
    uint16_t const channels = row->repeat.count > 0 ? channels_of(row, build->channels) : 1;
    int64_t first;
    int64_t last;
    point_reach(row, channels, &first, &last);
    if (first + base < 0 || last + base > 65535) {
        complain_node(l->complaints, place_of(build->raw->node, "base"), ON_VALUE, S_BASE_RANGE,
                      WORDS(words_number(l->complaints, (double)base), words_quote(l->complaints, row->id),
                            words_number(l->complaints, (double)(first + base)),
                            words_number(l->complaints, (double)(last + base))));
        return false;
    }
    bool const of_bits = row->point.function == FUNCTION_COIL || row->point.function == FUNCTION_DISCRETE;
    int64_t const near = point_width(row, 1);
    int64_t const far = point_width(row, channels);
    int64_t const width = near > far ? near : far;
    if (of_bits || width <= build->slave->count_max)
        return true;
    complain_node(l->complaints, place_of(build->raw->node, "max_count"), ON_VALUE, S_COUNT_SMALL,
                  WORDS(words_quote(l->complaints, row->id), words_number(l->complaints, (double)width),
                        words_number(l->complaints, build->slave->count_max)));
    return false;
}

static const char *id_of_channel(struct loader *l, const char *id, uint16_t channel)
{
    char text[SLAVE_POINT_ID_MAX + 2];
    (void)snprintf(text, sizeof text, "ch%u.%.*s", channel, SITE_ID_MAX, id);
    return take_text(l->arena, text, l->complaints);
}

static void expand(struct loader *l, struct build_slave *build, size_t index)
{
    const struct profile_point *row = &build->rows[index];
    int64_t const base = is_of_profile(build, index) ? slave_base(build) : 0;
    bool const repeated = row->repeat.count > 0;
    uint16_t const channels = repeated ? channels_of(row, build->channels) : 1;
    build->row_first[index] = (int32_t)build->slave->point_count;
    for (uint16_t channel = 1; channel <= channels; channel++) {
        size_t const at = build->slave->point_count++;
        build->points[at] = point_of_channel(row, base, channel);
        if (repeated)
            build->points[at].id = id_of_channel(l, row->id, channel);
        build->poll_given[at] = build->row_poll_given[index];
        build->row_of[at] = (uint16_t)index;
        build->channel_of[at] = repeated ? channel : 0;
    }
}

static bool take_points(struct loader *l, struct build_slave *build, size_t count)
{
    build->points = take_array(l->arena, count, sizeof *build->points, l->complaints);
    build->poll_given = take_array(&l->scratch, count, sizeof *build->poll_given, l->complaints);
    build->row_of = take_array(&l->scratch, count, sizeof *build->row_of, l->complaints);
    build->channel_of = take_array(&l->scratch, count, sizeof *build->channel_of, l->complaints);
    build->taken = take_array(&l->scratch, count, sizeof *build->taken, l->complaints);
    build->channel_device = take_array(&l->scratch, build->channels, sizeof *build->channel_device, l->complaints);
    if (build->points == NULL || build->poll_given == NULL || build->row_of == NULL || build->channel_of == NULL ||
        build->taken == NULL || build->channel_device == NULL)
        return false;
    for (size_t i = 0; i < build->channels; i++)
        build->channel_device[i] = -1;
    return true;
}

static void complain_many(struct loader *l, const struct build_slave *build, size_t count)
{
    uint16_t fits = build->channels;
    while (fits > 0 && count_points(build, fits) > SITE_POINTS_MAX)
        fits--;
    if (fits == 0)
        complain_node(l->complaints, build->raw->node, ON_VALUE, S_TOO_MANY,
                      WORDS(words_number(l->complaints, (double)count), words_number(l->complaints, SITE_POINTS_MAX)));
    else
        complain_node(
            l->complaints,
            place_of(build->raw->node, node_child(build->raw->node, "channels") != NULL ? "channels" : "profile"),
            ON_VALUE, S_POINTS_MANY,
            WORDS(words_number(l->complaints, (double)count), words_number(l->complaints, build->channels),
                  words_number(l->complaints, SITE_POINTS_MAX), words_number(l->complaints, fits)));
}

void load_slave_points(struct loader *l, struct build_slave *build)
{
    const struct node *points = build->raw->points;
    load_base(l, build);
    load_channels(l, build);
    if (!add_rows(l, build)) {
        build->broken = true;
        build->row_count = 0;
        return;
    }
    if (build->row_count == 0 && build->raw->profile == NULL && (points == NULL || node_count(points) == 0))
        complain_node(l->complaints, build->raw->node, ON_VALUE, S_NOTHING_TO_READ, NO_WORDS);
    size_t const count = count_points(build, build->channels);
    bool good = count <= SITE_POINTS_MAX;
    if (!good)
        complain_many(l, build, count);
    for (size_t i = 0; good && i < build->row_count; i++)
        good = check_row(l, build, i);
    if (!good || !take_points(l, build, count)) {
        build->broken = true;
        build->row_count = 0;
        return;
    }
    build->slave->points = build->points;
    for (size_t i = 0; i < build->row_count; i++)
        expand(l, build, i);
}

void mark_idle(struct loader *l)
{
    for (size_t i = 0; i < l->slave_count; i++) {
        const struct build_slave *build = &l->build_slaves[i];
        const struct site_slave *slave = build->slave;
        for (size_t j = 0; j < slave->point_count; j++)
            build->points[j].idle = build->channel_of[j] > 0 && !build->taken[j] && !build->points[j].writable &&
                                    (int32_t)j != slave->frozen_point && (int32_t)j != slave->heartbeat_point;
    }
}
