/* Buses of a site file, the slaves on them and the profiles of these. */
#include <string.h>
#include <unistd.h>

#include "firmware-sim/json.h"
#include "firmware-sim/profile.h"
#include "firmware-sim/site_maker.h"

/* --- profiles --- */

static const char *find_profile_file(struct maker *maker, const char *name)
{
    struct pool *pool = &maker->site->pool;
    const char *path = pool_print(pool, "%s/profiles/%s.json", maker->dir, name);
    for (size_t i = 0; access(path, R_OK) != 0; i++) {
        if (maker->profile_dirs == NULL || maker->profile_dirs[i] == NULL)
            return NULL;
        path = pool_print(pool, "%s/%s.json", maker->profile_dirs[i], name);
    }
    return path;
}

static cJSON *keep_tree(struct site *site, cJSON *json)
{
    if (json != NULL)
        site->trees[site->tree_count++] = json;
    return json;
}

static bool load_profile(struct maker *maker, const char *name, const struct profile **ret_profile)
{
    struct sentence inner;
    if (strchr(name, '/') != NULL)
        return text_refuse(maker->why, "profile \"%s\": a name, not a path", name);
    const char *path = find_profile_file(maker, name);
    if (path == NULL)
        return text_refuse(maker->why, "profile \"%s\": no file %s.json in %s/profiles or where profiles are installed",
                           name, name, maker->dir);
    const cJSON *json = keep_tree(maker->site, json_read(path, maker->why));
    if (json == NULL)
        return false;
    struct profile *profile = &maker->profiles[maker->profile_count];
    if (!profile_read(json, name, &maker->site->pool, profile, sentence_init(&inner)))
        return text_refuse(maker->why, "%s: %s", path, inner.bytes);
    maker->profile_count++;
    *ret_profile = profile;
    return true;
}

static bool get_profile(struct maker *maker, const char *name, const struct profile **ret_profile)
{
    for (size_t i = 0; i < maker->profile_count; i++) {
        if (!text_equals(maker->profiles[i].name, name))
            continue;
        *ret_profile = &maker->profiles[i];
        return true;
    }
    return load_profile(maker, name, ret_profile);
}

/* --- buses --- */

static size_t find_bus(const struct site *site, const char *id)
{
    for (size_t i = 0; i < site->bus_count; i++) {
        if (text_equals(site->buses[i].id, id))
            return i;
    }
    return SITE_NONE;
}

static bool read_line(const cJSON *json, struct site_bus *bus, struct text *why)
{
    long long baud = 9600;
    const cJSON *item = json_member(json, "baud");
    const char *format = json_text(json, "format", "8N1");
    if (item != NULL && !json_integer(item, 50, 4000000, &baud))
        return text_refuse(why, "baud must be a whole number from 50 to 4000000");
    if (strlen(format) != 3 || strchr("78", format[0]) == NULL || strchr("NEO", format[1]) == NULL ||
        strchr("12", format[2]) == NULL)
        return text_refuse(why, "format must look like 8N1, not \"%s\"", format);
    bus->baud = (unsigned)baud;
    bus->format = format;
    bus->bits = 1U + (unsigned)(format[0] - '0') + (format[1] == 'N' ? 0U : 1U) + (unsigned)(format[2] - '0');
    return true;
}

static bool read_link(struct maker *maker, const cJSON *json, struct site_bus *bus)
{
    const char *link = json_text(json, "link", NULL);
    const cJSON *port = json_member(json, "port");
    long long number = 502;
    if (text_equals(link, "rtu")) {
        bus->link = SITE_RTU;
        if (!cJSON_IsString(port) || port->valuestring[0] == '\0')
            return text_refuse(maker->why, "port must be a path");
        bus->path = join_path(&maker->site->pool, maker->dir, port->valuestring);
        return true;
    }
    if (!text_equals(link, "tcp") && !text_equals(link, "rtu-over-tcp"))
        return text_refuse(maker->why, "link must be rtu, tcp or rtu-over-tcp");
    bus->link = text_equals(link, "tcp") ? SITE_TCP : SITE_RTU_OVER_TCP;
    bus->host = json_text(json, "host", "127.0.0.1");
    if (port != NULL && !json_integer(port, 1, 65535, &number))
        return text_refuse(maker->why, "port must be a whole number from 1 to 65535");
    bus->port = (uint16_t)number;
    return true;
}

bool read_bus(struct maker *maker, const cJSON *json)
{
    struct site *site = maker->site;
    struct site_bus bus = {.id = json_text(json, "id", NULL)};
    if (bus.id == NULL)
        return text_refuse(maker->why, "needs an id");
    if (find_bus(site, bus.id) != SITE_NONE)
        return text_refuse(maker->why, "there is another bus %s", bus.id);
    if (!read_link(maker, json, &bus) || !read_line(json, &bus, maker->why))
        return false;
    maker->buses[site->bus_count++] = bus;
    return true;
}

/* --- slaves --- */

static bool check_place(struct maker *maker, const struct site_slave *slave)
{
    const struct site *site = maker->site;
    if (site_find_slave(site, slave->id) != SITE_NONE)
        return text_refuse(maker->why, "there is another slave %s", slave->id);
    for (size_t i = 0; i < site->slave_count; i++) {
        if (site->slaves[i].bus == slave->bus && site->slaves[i].unit == slave->unit)
            return text_refuse(maker->why, "%s has unit %d of bus %s already", site->slaves[i].id, slave->unit,
                               site->buses[slave->bus].id);
    }
    return true;
}

static bool read_place(struct maker *maker, const cJSON *json, struct site_slave *slave)
{
    const struct site *site = maker->site;
    const char *bus = json_text(json, "bus", NULL);
    long long unit;
    slave->id = json_text(json, "id", NULL);
    if (slave->id == NULL)
        return text_refuse(maker->why, "needs an id");
    slave->bus = find_bus(site, bus);
    if (slave->bus == SITE_NONE)
        return text_refuse(maker->why, "there is no bus %s", bus == NULL ? "named" : bus);
    bool tcp = site->buses[slave->bus].link == SITE_TCP;
    if (!json_integer(json_member(json, "unit"), tcp ? 0 : 1, tcp ? 255 : 247, &unit))
        return text_refuse(maker->why, "unit must be a whole number from %s", tcp ? "0 to 255" : "1 to 247");
    slave->unit = (uint8_t)unit;
    return check_place(maker, slave);
}

static void mark_writable(struct maker *maker, const cJSON *json, struct site_slave *slave)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_member(json, "write"))
    {
        size_t point = cJSON_IsString(item) ? slave_find_point(slave, item->valuestring) : SITE_NONE;
        if (point == SITE_NONE)
            text_add(maker->warnings, "%s: write names a point that is not there\n", slave->id);
        else
            slave->points[point].writable = true;
    }
}

bool read_slave(struct maker *maker, const cJSON *json)
{
    struct site *site = maker->site;
    struct site_slave slave = {.open = true};
    const char *name = json_text(json, "profile", NULL);
    const struct profile *profile = NULL;
    if (!read_place(maker, json, &slave))
        return false;
    if (name != NULL && !get_profile(maker, name, &profile))
        return false;
    if (!profile_make_points(json, profile, &site->pool, &slave, maker->why))
        return false;
    mark_writable(maker, json, &slave);
    slave.class = json_text(json, "class", slave.profile == NULL ? NULL : slave.profile->class);
    slave.open = is_open_class(slave.class);
    maker->slaves[site->slave_count++] = slave;
    return true;
}

bool read_short_form(struct maker *maker, const cJSON *json)
{
    return json_member(json, "bus") == NULL || read_slave(maker, json);
}
