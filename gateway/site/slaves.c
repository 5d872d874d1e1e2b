#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"

#define SLOW_DEFAULT_MS 60000
#define FLAT_OUT_MS     1000 /* a slave that is polled without a pause is heard from at least so often */
#define HEARTBEATS_EACH 3    /* of a watchdog's time: one may be lost, and the line be busy */
#define FREEZE_READINGS 3    /* of a heartbeat that stand still before it counts as frozen */

static const uint32_t every_default_ms[POLL_CLASS_COUNT] = {
    [POLL_SAFETY] = 1000, [POLL_NORMAL] = 2000, [POLL_SLOW] = SLOW_DEFAULT_MS};

/* --- where it hangs ------------------------------------------------------------------------------------------------- */

/* Modbus over Serial Line V1.02, 2.2: 1..247. On TCP also 0 and 255: Messaging on TCP/IP V1.0b, 4.4.1.2. */
static bool unit_is_allowed(enum link_kind kind, int64_t unit)
{
    return (unit >= 1 && unit <= 247) || ((kind == LINK_TCP || kind == LINK_REPLAY) && (unit == 0 || unit == 255));
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
                            same(kind == LINK_TCP || kind == LINK_REPLAY ? "0 … 247, 255" : "1 … 247")));
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

static const struct profile_file *load_profile(struct loader *l, const struct raw_slave *raw)
{
    if (raw->profile == NULL)
        return NULL;
    const struct node *node = node_child(raw->node, "profile");
    const struct profile_file *profile = profiles_get(&l->profiles, raw->profile);
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

/* --- what may be written -------------------------------------------------------------------------------------------- */

bool slave_write_range(const struct loader *l, int32_t slave, int32_t point, double *ret_minimum, double *ret_maximum)
{
    const struct build_slave *build = &l->build_slaves[slave];
    const struct profile_point *row = &build->rows[build->row_of[point]];
    *ret_minimum = row->write_minimum;
    *ret_maximum = row->write_maximum;
    return row->is_writable;
}

static bool is_writable(struct loader *l, const struct build_slave *build, const struct node *at, int32_t point)
{
    if (build->rows[build->row_of[point]].is_writable)
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
        if (!shape_text(child, SLAVE_POINT_ID_MAX, l->complaints, &id))
            continue;
        int32_t const point = slave_own_point(l, build, child, id);
        if (point < 0 || !is_writable(l, build, child, point))
            continue;
        if (build->points[point].writable)
            complain_node(l->complaints, child, ON_VALUE, S_LISTED_TWICE, WORDS(words_quote(l->complaints, id)));
        build->points[point].writable = true;
    }
}

/* A period that does, in whole seconds where it is that long. */
static int64_t heartbeat_for(int64_t watchdog_ms)
{
    int64_t const every_ms = watchdog_ms / HEARTBEATS_EACH;
    return every_ms >= 1000 ? every_ms / 1000 * 1000 : every_ms;
}

static void load_heartbeat(struct loader *l, struct build_slave *build)
{
    struct raw_heartbeat raw = {0};
    build->slave->heartbeat_point = -1;
    if (build->raw->heartbeat == NULL || !shape_read(build->raw->heartbeat, &heartbeat_shape, &raw, l->complaints) ||
        raw.write == NULL)
        return;
    const struct node *at = node_child(raw.node, "write");
    int32_t const point = slave_own_point(l, build, at, raw.write);
    if (point < 0 || !is_writable(l, build, at, point))
        return;
    build->slave->heartbeat_point = point;
    build->slave->heartbeat_ms = (uint32_t)raw.every_ms;
    const struct profile *profile = build->profile != NULL ? &build->profile->profile : NULL;
    if (profile == NULL || strcmp(raw.write, profile->watchdog_point) != 0)
        return;
    build->slave->watchdog_ms = (uint32_t)profile->watchdog_after_ms;
    build->slave->watchdog_fail = profile->watchdog_fail;
    if (raw.every_ms >= profile->watchdog_after_ms)
        complain_node(l->complaints, node_child(raw.node, "every"), ON_VALUE, S_HEARTBEAT_SLOW,
                      WORDS(words_duration(l->complaints, raw.every_ms),
                            words_duration(l->complaints, profile->watchdog_after_ms),
                            words_duration(l->complaints, heartbeat_for(profile->watchdog_after_ms))));
}

/* --- one slave ------------------------------------------------------------------------------------------------------ */

static void load_limits(struct loader *l, const struct build_slave *build)
{
    const struct raw_slave *raw = build->raw;
    struct site_slave *slave = build->slave;
    struct profile const plain = {.count_max = PROFILE_COUNT_MAX};
    const struct profile *profile = build->profile != NULL ? &build->profile->profile : &plain;
    if (raw->guard_ms != NOT_GIVEN && raw->guard_ms < profile->guard_ms)
        complain_node(l->complaints, node_child(raw->node, "guard"), ON_VALUE, S_GUARD_SHORT,
                      WORDS(words_duration(l->complaints, profile->guard_ms)));
    slave->guard_ms = (uint32_t)(raw->guard_ms != NOT_GIVEN ? raw->guard_ms : profile->guard_ms);
    slave->gap_max = (uint16_t)(raw->gap_max != NOT_GIVEN ? raw->gap_max : profile->gap_max);
    slave->count_max = (uint16_t)(raw->count_max != NOT_GIVEN ? raw->count_max : profile->count_max);
}

/* Who answers here: an identity probe, and a point that shows that the device is alive. */
static void load_watch(struct loader *l, const struct build_slave *build)
{
    struct site_slave *slave = build->slave;
    slave->frozen_point = -1;
    if (build->profile == NULL || build->broken)
        return;
    const struct profile *profile = &build->profile->profile;
    bool const replayed = slave->bus >= 0 && l->buses[slave->bus].kind == LINK_REPLAY; /* who it was is long decided */
    slave->has_identity = profile->has_identity && !replayed;
    slave->identity_function = profile->identity_function;
    slave->identity = profile->identity;
    slave->identity.address = (uint16_t)(profile->identity.address + slave_base(build));
    slave->identity_equals = profile->identity_equals;
    if (profile->freeze_after_ms == 0)
        return;
    int32_t const point = slave_own_point(l, build, place_of(build->raw->node, "channels"), profile->freeze_point);
    if (point < 0)
        return;
    slave->frozen_point = point;
    slave->frozen_after_ms = (uint32_t)profile->freeze_after_ms;
    uint32_t const polled_ms = slave->every_ms[slave->points[point].poll];
    uint32_t const every_ms = polled_ms > 0 ? polled_ms : FLAT_OUT_MS;
    if ((int64_t)every_ms * FREEZE_READINGS > profile->freeze_after_ms)
        complain_node(l->complaints, place_of(build->raw->node, "every"), ON_VALUE, S_FREEZE_SHORT,
                      WORDS(words_quote(l->complaints, profile->freeze_point), words_duration(l->complaints, every_ms),
                            words_duration(l->complaints, profile->freeze_after_ms)));
}

static void check_link(struct loader *l, const struct build_slave *build)
{
    const struct profile *profile = build->profile == NULL ? NULL : &build->profile->profile;
    if (profile == NULL || build->slave->bus < 0)
        return;
    const struct site_bus *bus = &l->buses[build->slave->bus];
    if (bus->kind == LINK_TCP || bus->kind == LINK_REPLAY)
        return;
    const char *wanted = profile->format;
    char const given[] = {(char)('0' + bus->data_bits), bus->parity, (char)('0' + bus->stop_bits), '\0'};
    if (wanted[0] != '\0' && strcmp(wanted, given) != 0)
        complain_node(l->complaints, node_child(build->raw->node, "profile"), ON_VALUE, S_LINK_DIFFERS,
                      WORDS(same(profile->name), words_format(l->complaints, "\"%s\"", wanted),
                            words_format(l->complaints, "\"%s\"", given)));
    if (profile->baud > 0 && profile->baud != bus->baud)
        complain_node(l->complaints, node_child(build->raw->node, "profile"), ON_VALUE, S_LINK_DIFFERS,
                      WORDS(same(profile->name), words_number(l->complaints, (double)profile->baud),
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
    load_slave_points(l, build);
    load_watch(l, build);
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
