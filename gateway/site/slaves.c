#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"

#define SLOW_DEFAULT_MS 60000

static const uint32_t every_default_ms[POLL_CLASS_COUNT] = {
    [POLL_SAFETY] = 1000, [POLL_NORMAL] = 2000, [POLL_SLOW] = SLOW_DEFAULT_MS};

/* --- references ----------------------------------------------------------------------------------------------------- */

int32_t slave_point_find(const struct site_slave *slave, const char *id)
{
    for (size_t i = 0; i < slave->point_count; i++)
        if (strcmp(slave->points[i].id, id) == 0)
            return (int32_t)i;
    return -1;
}

static const char *name_of_slave_point(const void *context, size_t index)
{
    const struct site_slave *slave = context;
    return index < slave->point_count ? slave->points[index].id : NULL;
}

/* The point is missing because its profile or itself is wrong: that was said already. */
static bool is_complained_about(const struct build_slave *build, const char *id)
{
    return build->broken || (build->raw->points != NULL && node_child(build->raw->points, id) != NULL);
}

bool slave_reference(struct loader *l, const struct node *at, const char *text, int32_t *ret_slave, int32_t *ret_point)
{
    const char *dot = strchr(text, '.');
    char id[SITE_ID_MAX + 1];
    if (dot == NULL || dot == text || dot[1] == '\0' || (size_t)(dot - text) >= sizeof id) {
        complain_node(l->complaints, at, ON_VALUE, S_BAD_REFERENCE, WORDS(words_quote(l->complaints, text)));
        return false;
    }
    memcpy(id, text, (size_t)(dot - text));
    id[dot - text] = '\0';
    const struct name *name = names_find(&l->names, NAME_SLAVE, id);
    if (name == NULL) {
        struct names_of_kind const of = {&l->names, NAME_SLAVE};
        complain_node(l->complaints, at, ON_VALUE, S_NOT_FOUND,
                      WORDS(words_name_kind(NAME_SLAVE), words_quote(l->complaints, id),
                            words_suggest(l->complaints, id, name_of_kind, &of)));
        return false;
    }
    const struct build_slave *slave = &l->build_slaves[name->index];
    int32_t const point = slave_point_find(slave->slave, dot + 1);
    if (point < 0 && !is_complained_about(slave, dot + 1))
        complain_node(l->complaints, at, ON_VALUE, S_NO_SLAVE_POINT,
                      WORDS(words_quote(l->complaints, id), words_quote(l->complaints, dot + 1),
                            words_suggest(l->complaints, dot + 1, name_of_slave_point, slave->slave)));
    if (point < 0)
        return false;
    *ret_slave = name->index;
    *ret_point = point;
    return true;
}

/* --- where it hangs ------------------------------------------------------------------------------------------------- */

/* Modbus over Serial Line V1.02, 2.2: 1..247. On TCP also 0 and 255: Messaging on TCP/IP V1.0b, 4.4.1.2. */
static bool unit_is_allowed(enum link_kind kind, int64_t unit)
{
    return (unit >= 1 && unit <= 247) || (kind == LINK_TCP && (unit == 0 || unit == 255));
}

static void load_bus_of(struct loader *l, const struct build_slave *build)
{
    const struct raw_slave *raw = build->raw;
    if (raw->bus == NULL) {
        complain_node(l->complaints, raw->node, ON_VALUE, S_MISSING_KEY,
                      WORDS(same("\"bus\""), both("the id of a bus", "总线的编号")));
        return;
    }
    const struct name *name = names_find(&l->names, NAME_BUS, raw->bus);
    if (name == NULL) {
        struct names_of_kind const of = {&l->names, NAME_BUS};
        complain_node(l->complaints, node_child(raw->node, "bus"), ON_VALUE, S_NOT_FOUND,
                      WORDS(words_name_kind(NAME_BUS), words_quote(l->complaints, raw->bus),
                            words_suggest(l->complaints, raw->bus, name_of_kind, &of)));
        return;
    }
    build->slave->bus = name->index;
}

static void load_unit(struct loader *l, const struct build_slave *build)
{
    const struct raw_slave *raw = build->raw;
    const struct node *node = node_child(raw->node, "unit");
    if (node == NULL)
        complain_node(l->complaints, raw->node, ON_VALUE, S_MISSING_KEY,
                      WORDS(same("\"unit\""), both("the Modbus address, 1 to 247", "Modbus 站号，1 到 247")));
    if (raw->unit == NOT_GIVEN || build->slave->bus < 0)
        return;
    build->slave->unit = (uint8_t)raw->unit;
    enum link_kind const kind = l->buses[build->slave->bus].kind;
    if (!unit_is_allowed(kind, raw->unit))
        complain_node(l->complaints, node, ON_VALUE, S_UNIT_RANGE,
                      WORDS(words_number(l->complaints, (double)raw->unit), same(link_names[kind]),
                            same(kind == LINK_TCP ? "0 … 247, 255" : "1 … 247")));
}

/* taken: slave + 1 by bus and unit. */
static void check_unit(struct loader *l, int32_t (*taken)[256], size_t index)
{
    const struct build_slave *build = &l->build_slaves[index];
    if (build->slave->bus < 0 || build->raw->unit == NOT_GIVEN)
        return;
    int32_t *owner = &taken[build->slave->bus][build->slave->unit];
    if (*owner == 0) {
        *owner = (int32_t)index + 1;
        return;
    }
    complain_node(l->complaints, node_child(build->raw->node, "unit"), ON_VALUE, S_UNIT_TAKEN,
                  WORDS(words_number(l->complaints, build->slave->unit),
                        words_quote(l->complaints, l->buses[build->slave->bus].id),
                        words_quote(l->complaints, l->slaves[*owner - 1].id)));
}

/* --- how often ------------------------------------------------------------------------------------------------------ */

static void load_every(struct loader *l, const struct node *node, struct site_slave *slave)
{
    memcpy(slave->every_ms, every_default_ms, sizeof slave->every_ms);
    if (node == NULL)
        return;
    struct raw_every raw;
    for (size_t i = 0; i < POLL_CLASS_COUNT; i++)
        raw.ms[i] = every_default_ms[i];
    if (node_kind(node) == NODE_OBJECT) {
        (void)shape_read(node, &every_shape, &raw, l->complaints);
    } else { /* one for all; slow points not faster than their default */
        int64_t ms = 0;
        if (!shape_duration(node, 0, 86400000, l->complaints, &ms))
            return;
        raw.ms[POLL_SAFETY] = ms;
        raw.ms[POLL_NORMAL] = ms;
        raw.ms[POLL_SLOW] = ms > SLOW_DEFAULT_MS ? ms : SLOW_DEFAULT_MS;
    }
    for (size_t i = 0; i < POLL_CLASS_COUNT; i++)
        slave->every_ms[i] = (uint32_t)raw.ms[i];
}

/* --- what is read --------------------------------------------------------------------------------------------------- */

static const struct profile *load_profile(struct loader *l, const struct raw_slave *raw)
{
    if (raw->profile == NULL)
        return NULL;
    const struct node *node = node_child(raw->node, "profile");
    const struct profile *profile = profiles_get(&l->profiles, raw->profile);
    const struct profiles *profiles = &l->profiles;
    if (profile == NULL) {
        complain_node(l->complaints, node, ON_VALUE, S_TOO_MANY,
                      WORDS(words_number(l->complaints, PROFILES_MAX + 1), words_number(l->complaints, PROFILES_MAX)));
    } else if (!profile->found) {
        complain_node(l->complaints, node, ON_VALUE, S_NO_PROFILE,
                      WORDS(words_quote(l->complaints, raw->profile),
                            words_suggest(l->complaints, raw->profile, name_of_profile, &profiles)));
    } else if (!profile->good) {
        complain_node(l->complaints, node, ON_VALUE, S_PROFILE_BAD,
                      WORDS(words_quote(l->complaints, raw->profile),
                            same(profile->document.name != NULL ? profile->document.name : "")));
    }
    return profile;
}

static bool is_mapping(const struct node *point)
{
    return node_kind(point) == NODE_STRING || node_child(point, "from") != NULL;
}

/* Which class a point of this slave may be canonical of: the profile's for its own points, else the device's. */
static const struct device_class *class_of_point(const struct build_slave *build,
                                                 const struct device_class *device_class, bool of_profile)
{
    if (build->profile != NULL && build->profile->good && (of_profile || device_class == NULL))
        return build->profile->class;
    return device_class;
}

static void load_inline_point(struct loader *l, struct build_slave *build, const struct node *node,
                              const struct device_class *device_class)
{
    struct site_slave *slave = build->slave;
    int32_t const known = slave_point_find(slave, node_key(node));
    struct raw_point raw = raw_point_default;
    if (known >= 0)
        raw = build->profile->raw_points[known];
    const struct shape *shape = build->implied ? &device_point_shape : &register_point_shape;
    if (!shape_read(node, shape, &raw, l->complaints))
        return;
    if (known < 0 && raw.function == NOT_GIVEN && raw.address == NOT_GIVEN && !build->broken &&
        node_child(node, "function") == NULL && node_child(node, "address") == NULL) {
        complain_node(l->complaints, node, ON_KEY, S_POINT_INCOMPLETE,
                      WORDS(words_quote(l->complaints, node_key(node))));
        return;
    }
    struct point_context const context = {
        .class = class_of_point(build, device_class, known >= 0),
        .order = build->raw->order != NOT_GIVEN ? build->raw->order
                 : build->profile != NULL       ? build->profile->order
                                                : ORDER_ABCD,
        .count_max = slave->count_max,
        .arena = l->arena,
        .complaints = l->complaints,
    };
    size_t const index = known >= 0 ? (size_t)known : slave->point_count;
    if (!point_resolve(&raw, node_key(node), node, &context, &build->points[index]))
        return;
    build->poll_given[index] = raw.poll != NOT_GIVEN || class_point_find(context.class, node_key(node)) != NULL;
    slave->point_count += known < 0;
}

/* The profile's points, in the slave's own order of bytes when it has one. */
static void load_profile_points(struct loader *l, struct build_slave *build)
{
    const struct profile *profile = build->profile;
    struct site_slave *slave = build->slave;
    if (profile == NULL || !profile->good)
        return;
    struct point_context const context = {.class = profile->class,
                                          .order = build->raw->order,
                                          .count_max = slave->count_max,
                                          .arena = l->arena,
                                          .complaints = l->complaints};
    for (size_t i = 0; i < profile->point_count; i++) {
        struct slave_point point = profile->points[i];
        const struct raw_point *raw = &profile->raw_points[i];
        if (build->raw->order != NOT_GIVEN && !point_resolve(raw, point.id, raw->node, &context, &point))
            continue;
        build->points[slave->point_count] = point;
        build->poll_given[slave->point_count++] = true;
    }
}

static const struct device_class *device_class_of(const struct loader *l, const struct build_slave *build)
{
    if (!build->implied)
        return NULL;
    const char *class = ((const struct raw_device *)(const void *)build->raw)->class;
    return class == NULL ? NULL : class_find(l->classes, class);
}

static void load_points(struct loader *l, struct build_slave *build)
{
    struct site_slave *slave = build->slave;
    const struct node *points = build->raw->points;
    size_t const of_profile = build->profile != NULL && build->profile->good ? build->profile->point_count : 0;
    size_t const most = of_profile + (points == NULL ? 0 : node_count(points));
    if (most > SITE_POINTS_MAX) {
        complain_node(l->complaints, points, ON_KEY, S_TOO_MANY,
                      WORDS(words_number(l->complaints, (double)most), words_number(l->complaints, SITE_POINTS_MAX)));
        return;
    }
    build->points = take_array(l->arena, most, sizeof *build->points, l->complaints);
    build->poll_given = take_array(&l->scratch, most, sizeof *build->poll_given, l->complaints);
    if (build->points == NULL || build->poll_given == NULL)
        return;
    slave->points = build->points;
    load_profile_points(l, build);
    const struct device_class *class = device_class_of(l, build);
    for (const struct node *child = points == NULL ? NULL : node_first(points); child != NULL; child = node_next(child))
        if (!build->implied || !is_mapping(child))
            load_inline_point(l, build, child, class);
    if (slave->point_count == 0 && build->raw->profile == NULL && (points == NULL || node_count(points) == 0))
        complain_node(l->complaints, build->raw->node, ON_VALUE, S_NOTHING_TO_READ, NO_WORDS);
}

/* --- what may be written -------------------------------------------------------------------------------------------- */

static int32_t own_point(struct loader *l, const struct build_slave *build, const struct node *at, const char *id)
{
    int32_t const point = slave_point_find(build->slave, id);
    if (point < 0 && !is_complained_about(build, id))
        complain_node(l->complaints, at, ON_VALUE, S_NO_SLAVE_POINT,
                      WORDS(words_quote(l->complaints, build->slave->id), words_quote(l->complaints, id),
                            words_suggest(l->complaints, id, name_of_slave_point, build->slave)));
    return point;
}

static const struct node *write_limits_of(const struct build_slave *build, const char *id)
{
    const struct node *own = build->raw->points == NULL ? NULL : node_child(build->raw->points, id);
    const struct node *limits = own == NULL ? NULL : node_child(own, "write");
    for (size_t i = 0; limits == NULL && build->profile != NULL && i < build->profile->point_count; i++)
        if (strcmp(build->profile->points[i].id, id) == 0)
            limits = build->profile->raw_points[i].write;
    return limits;
}

bool slave_write_range(const struct loader *l, int32_t slave, int32_t point, double *ret_minimum, double *ret_maximum)
{
    const struct build_slave *build = &l->build_slaves[slave];
    double minimum;
    double maximum;
    double low;
    double high;
    if (!point_write_range(&build->points[point], &minimum, &maximum))
        return false;
    write_limits_read(write_limits_of(build, build->points[point].id), l->complaints, &low, &high);
    *ret_minimum = has_limit(low) && low > minimum ? low : minimum;
    *ret_maximum = has_limit(high) && high < maximum ? high : maximum;
    return true;
}

static bool is_writable(struct loader *l, const struct build_slave *build, const struct node *at, int32_t point)
{
    double minimum;
    double maximum;
    if (point_write_range(&build->points[point], &minimum, &maximum))
        return true;
    complain_node(l->complaints, at, ON_VALUE, S_NOT_WRITABLE,
                  WORDS(words_quote(l->complaints, build->points[point].id)));
    return false;
}

static void load_write(struct loader *l, struct build_slave *build)
{
    const struct node *list = build->raw->write;
    for (const struct node *child = list == NULL ? NULL : node_first(list); child != NULL; child = node_next(child)) {
        const char *id;
        if (!shape_text(child, SITE_ID_MAX, l->complaints, &id))
            continue;
        int32_t const point = own_point(l, build, child, id);
        if (point < 0 || !is_writable(l, build, child, point))
            continue;
        if (build->points[point].writable)
            complain_node(l->complaints, child, ON_VALUE, S_LISTED_TWICE, WORDS(words_quote(l->complaints, id)));
        build->points[point].writable = true;
    }
}

static void load_heartbeat(struct loader *l, struct build_slave *build)
{
    struct raw_heartbeat raw = {0};
    build->slave->heartbeat_point = -1;
    if (build->raw->heartbeat == NULL || !shape_read(build->raw->heartbeat, &heartbeat_shape, &raw, l->complaints) ||
        raw.write == NULL)
        return;
    const struct node *at = node_child(raw.node, "write");
    int32_t const point = own_point(l, build, at, raw.write);
    if (point < 0 || !is_writable(l, build, at, point))
        return;
    build->slave->heartbeat_point = point;
    build->slave->heartbeat_ms = (uint32_t)raw.every_ms;
}

/* --- one slave ------------------------------------------------------------------------------------------------------ */

static void load_limits(struct loader *l, const struct build_slave *build)
{
    const struct raw_slave *raw = build->raw;
    const struct profile *profile = build->profile;
    struct site_slave *slave = build->slave;
    int64_t const guard_ms = profile != NULL ? profile->guard_ms : 0;
    if (raw->guard_ms != NOT_GIVEN && raw->guard_ms < guard_ms)
        complain_node(l->complaints, node_child(raw->node, "guard"), ON_VALUE, S_GUARD_SHORT,
                      WORDS(words_duration(l->complaints, guard_ms)));
    slave->guard_ms = (uint32_t)(raw->guard_ms != NOT_GIVEN ? raw->guard_ms : guard_ms);
    slave->gap_max = (uint16_t)(raw->gap_max != NOT_GIVEN ? raw->gap_max : profile != NULL ? profile->gap_max : 0);
    slave->count_max = (uint16_t)(raw->count_max != NOT_GIVEN                 ? raw->count_max
                                  : profile != NULL && profile->count_max > 0 ? profile->count_max
                                                                              : PROFILE_COUNT_MAX);
}

static void check_link(struct loader *l, const struct build_slave *build)
{
    const struct profile *profile = build->profile;
    if (profile == NULL || build->slave->bus < 0 || l->buses[build->slave->bus].kind == LINK_TCP)
        return;
    const struct site_bus *bus = &l->buses[build->slave->bus];
    const char *wanted = profile->link.format;
    char const given[] = {(char)('0' + bus->data_bits), bus->parity, (char)('0' + bus->stop_bits), '\0'};
    if (wanted != NULL && strcmp(wanted, given) != 0)
        complain_node(l->complaints, node_child(build->raw->node, "profile"), ON_VALUE, S_LINK_DIFFERS,
                      WORDS(same(profile->name), words_format(l->complaints, "\"%s\"", wanted),
                            words_format(l->complaints, "\"%s\"", given)));
    if (profile->link.baud > 0 && profile->link.baud != bus->baud)
        complain_node(l->complaints, node_child(build->raw->node, "profile"), ON_VALUE, S_LINK_DIFFERS,
                      WORDS(same(profile->name), words_number(l->complaints, (double)profile->link.baud),
                            words_number(l->complaints, bus->baud)));
}

static void load_slave(struct loader *l, struct build_slave *build)
{
    const struct raw_slave *raw = build->raw;
    struct site_slave *slave = build->slave;
    *slave =
        (struct site_slave){.id = take_text(l->arena, raw->id != NULL ? raw->id : "?", l->complaints),
                            .bus = -1,
                            .profile = take_text(l->arena, raw->profile != NULL ? raw->profile : "", l->complaints)};
    build->untouchable = -1;
    load_bus_of(l, build);
    load_unit(l, build);
    build->profile = load_profile(l, raw);
    build->broken = raw->profile != NULL && (build->profile == NULL || !build->profile->good);
    load_every(l, raw->every, slave);
    load_limits(l, build);
    load_points(l, build);
    if (build->profile != NULL && build->profile->has_identity) {
        slave->has_identity = true;
        slave->identity_function = build->profile->identity_function;
        slave->identity = build->profile->identity;
        slave->identity_equals = build->profile->identity_equals;
    }
    load_write(l, build);
    load_heartbeat(l, build);
    check_link(l, build);
}

static bool is_short_form(const struct raw_device *raw)
{
    return raw->wire.bus != NULL || node_child(raw->wire.node, "bus") != NULL;
}

static void collect(struct loader *l)
{
    size_t count = 0;
    for (size_t i = 0; i < l->raw.slave_count; i++)
        l->build_slaves[count++] = (struct build_slave){.raw = &l->raw.slaves[i]};
    for (size_t i = 0; i < l->raw.device_count; i++) {
        l->build_devices[i] = (struct build_device){.raw = &l->raw.devices[i], .implied_slave = -1};
        if (!is_short_form(&l->raw.devices[i]) || count == SITE_SLAVES_MAX)
            continue;
        l->build_devices[i].implied_slave = (int32_t)count;
        l->build_slaves[count++] = (struct build_slave){.raw = &l->raw.devices[i].wire, .implied = true};
    }
    l->slave_count = count;
}

static size_t count_short_forms(const struct loader *l)
{
    size_t count = 0;
    for (size_t i = 0; i < l->raw.device_count; i++)
        count += is_short_form(&l->raw.devices[i]);
    return count;
}

bool collect_slaves(struct loader *l)
{
    size_t const wanted = l->raw.slave_count + count_short_forms(l);
    size_t const most = wanted < SITE_SLAVES_MAX ? wanted : SITE_SLAVES_MAX;
    if (wanted > SITE_SLAVES_MAX)
        complain_node(l->complaints, document_root(&l->document), ON_VALUE, S_TOO_MANY,
                      WORDS(words_number(l->complaints, (double)wanted), words_number(l->complaints, SITE_SLAVES_MAX)));
    l->slaves = take_array(l->arena, most, sizeof *l->slaves, l->complaints);
    l->build_slaves = take_array(&l->scratch, most, sizeof *l->build_slaves, l->complaints);
    l->build_devices = take_array(&l->scratch, l->raw.device_count, sizeof *l->build_devices, l->complaints);
    if (l->slaves == NULL || l->build_slaves == NULL || l->build_devices == NULL)
        return false;
    collect(l);
    return true;
}

void load_slaves(struct loader *l)
{
    int32_t(*taken)[256] = take_array(&l->scratch, l->raw.bus_count, sizeof *taken, l->complaints);
    if (taken == NULL)
        return;
    for (size_t i = 0; i < l->slave_count; i++) {
        l->build_slaves[i].slave = &l->slaves[i];
        load_slave(l, &l->build_slaves[i]);
        check_unit(l, taken, i);
    }
    l->site->slaves = l->slaves;
    l->site->slave_count = l->slave_count;
}
