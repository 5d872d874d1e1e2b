#include "firmware-sim/site.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "firmware-sim/json.h"
#include "firmware-sim/profile.h"

/* What a site is being made from. */
struct maker {
    struct site *site;
    const cJSON *json;
    const char *dir;
    const char *const *profile_dirs;
    struct profile *profiles;
    size_t profile_count;
    struct site_bus *buses;
    struct site_slave *slaves;
    struct site_device *devices;
    struct site_zone *zones;
    struct site_valve *valves;
    struct text *warnings;
    struct text *why;
};

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

static size_t find_bus(const struct site *site, const char *id)
{
    for (size_t i = 0; i < site->bus_count; i++) {
        if (text_equals(site->buses[i].id, id))
            return i;
    }
    return SITE_NONE;
}

static struct site_signal plain_signal(const struct site *site, size_t slave, size_t point)
{
    const struct point *of = &site->slaves[slave].points[point];
    return (struct site_signal){.id = of->id, .slave = slave, .point = point, .scale = 1, .unit = of->unit};
}

/* "di-1.in_2" or "panel-1.ch17.gas_lel_pct": up to the first dot the slave, the rest its point. A device of that name
 * speaks for its own points. */
static bool resolve(const struct site *site, const char *reference, struct site_signal *ret_signal)
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

/* --- profiles --- */

static char *join_path(struct pool *pool, const char *dir, const char *path)
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

static bool read_bus(struct maker *maker, const cJSON *json)
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

static bool is_open_class(const char *class)
{
    return class == NULL || text_equals(class, "io") || text_equals(class, "generic");
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

static bool read_slave(struct maker *maker, const cJSON *json)
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

static bool read_short_form(struct maker *maker, const cJSON *json)
{
    return json_member(json, "bus") == NULL || read_slave(maker, json);
}

/* --- devices --- */

static void put_signal(struct site_device *device, struct site_signal *signals, struct site_signal signal)
{
    for (size_t i = 0; i < device->signal_count; i++) {
        if (!text_equals(signals[i].id, signal.id))
            continue;
        signals[i] = signal;
        return;
    }
    signals[device->signal_count++] = signal;
}

/* "panel-1" is a slave; "panel-1.ch17" one channel of it: the points that begin with "ch17.". */
struct share {
    size_t slave; /* SITE_NONE: there is no such slave */
    const char *channel;
    size_t channel_size; /* with the dot behind it; 0: the whole slave */
};

static struct share share_of(const struct site *site, const cJSON *item)
{
    struct sentence id;
    const char *word = cJSON_IsString(item) ? item->valuestring : "";
    const char *dot = strchr(word, '.');
    struct share share = {.slave = SITE_NONE, .channel = dot == NULL ? "" : dot + 1};
    text_add(sentence_init(&id), "%.*s", dot == NULL ? (int)strlen(word) : (int)(dot - word), word);
    share.slave = site_find_slave(site, id.bytes);
    share.channel_size = dot == NULL ? 0 : strlen(share.channel) + 1;
    return share;
}

static bool is_shared(const struct share *share, const char *point)
{
    size_t size = share->channel_size;
    return size == 0 || (strncmp(point, share->channel, size - 1) == 0 && point[size - 1] == '.');
}

static size_t count_signals(const struct site *site, const cJSON *json, size_t own)
{
    size_t count = json_count(json_member(json, "points"));
    const cJSON *item;
    count += own == SITE_NONE ? 0 : site->slaves[own].point_count;
    cJSON_ArrayForEach(item, json_member(json, "slaves"))
    {
        struct share share = share_of(site, item);
        count += share.slave == SITE_NONE ? 0 : site->slaves[share.slave].point_count;
    }
    return count;
}

/* Points of one slave do not collide with each other, so this stays linear; between slaves the gateway refuses doubles. */
static void take_slave(const struct site *site, const struct share *share, struct site_device *device,
                       struct site_signal *signals)
{
    const struct site_slave *slave = &site->slaves[share->slave];
    for (size_t i = 0; i < slave->point_count; i++) {
        if (!is_shared(share, slave->points[i].id))
            continue;
        struct site_signal signal = plain_signal(site, share->slave, i);
        signal.id += share->channel_size;
        signals[device->signal_count++] = signal;
    }
}

static void take_slaves(struct maker *maker, const cJSON *json, struct site_device *device, struct site_signal *signals)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_member(json, "slaves"))
    {
        struct share share = share_of(maker->site, item);
        size_t before = device->signal_count;
        if (share.slave != SITE_NONE)
            take_slave(maker->site, &share, device, signals);
        if (device->signal_count == before)
            text_add(maker->warnings, "%s: slaves names one that is not there\n", device->id);
    }
}

static void take_mapping(struct maker *maker, const cJSON *item, struct site_device *device,
                         struct site_signal *signals)
{
    const char *reference = cJSON_IsString(item) ? item->valuestring : json_text(item, "from", NULL);
    struct site_signal signal;
    if (item->string == NULL || reference == NULL)
        return;
    if (!resolve(maker->site, reference, &signal)) {
        text_add(maker->warnings, "%s.%s: there is no point %s\n", device->id, item->string, reference);
        return;
    }
    signal.id = item->string;
    if (cJSON_IsTrue(json_member(item, "invert")))
        signal.invert = !signal.invert;
    double scale = json_number(item, "scale", 1);
    signal.scale *= fabs(scale) > 0 ? scale : 1;
    signal.offset = signal.offset * scale + json_number(item, "offset", 0);
    signal.unit = json_text(item, "unit", signal.unit);
    put_signal(device, signals, signal);
}

static void take_signals(struct maker *maker, const cJSON *json, struct site_device *device)
{
    struct site *site = maker->site;
    size_t own = json_member(json, "bus") == NULL ? SITE_NONE : site_find_slave(site, device->id);
    struct site_signal *signals = pool_take(&site->pool, count_signals(site, json, own), sizeof *signals);
    device->signals = signals;
    if (own != SITE_NONE)
        take_slave(site, &(struct share){.slave = own}, device, signals);
    take_slaves(maker, json, device, signals);
    const cJSON *item;
    cJSON_ArrayForEach(item, json_member(json, "points"))
    {
        take_mapping(maker, item, device, signals);
    }
}

static const char *device_class(const struct site *site, const cJSON *json, const char *id)
{
    size_t own = json_member(json, "bus") == NULL ? SITE_NONE : site_find_slave(site, id);
    const struct profile *profile = own == SITE_NONE ? NULL : site->slaves[own].profile;
    const char *fallback = profile == NULL || profile->class == NULL ? "generic" : profile->class;
    return json_text(json, "class", fallback);
}

static double truth_of(const cJSON *item, double fallback)
{
    if (cJSON_IsBool(item))
        return cJSON_IsTrue(item) ? 1 : 0;
    return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

/* Numbers and texts; yes and no are 1 and 0. */
static struct settings read_settings(struct site *site, const cJSON *json)
{
    struct setting *rows = pool_take(&site->pool, json_count(json), sizeof *rows);
    struct settings settings = {.rows = rows};
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        bool is_number = cJSON_IsNumber(item) || cJSON_IsBool(item);
        if (item->string == NULL || (!is_number && !cJSON_IsString(item)))
            continue;
        rows[settings.count++] = (struct setting){.id = item->string,
                                                  .number = is_number ? truth_of(item, (double)NAN) : (double)NAN,
                                                  .text = item->valuestring};
    }
    return settings;
}

static bool read_device(struct maker *maker, const cJSON *json)
{
    struct site *site = maker->site;
    struct site_device device = {.id = json_text(json, "id", NULL)};
    if (device.id == NULL)
        return text_refuse(maker->why, "needs an id");
    if (site_find_device(site, device.id) != SITE_NONE)
        return text_refuse(maker->why, "there is another device %s", device.id);
    device.class = device_class(site, json, device.id);
    device.settings = read_settings(site, json_member(json, "settings"));
    take_signals(maker, json, &device);
    for (size_t i = 0; i < device.signal_count && !is_open_class(device.class); i++)
        maker->slaves[device.signals[i].slave].open = false;
    maker->devices[site->device_count++] = device;
    return true;
}

/* A slave that serves no device is one of its own, so that its values live. */
static void adopt_orphans(struct maker *maker)
{
    struct site *site = maker->site;
    bool *used = pool_take(&site->pool, site->slave_count, sizeof *used);
    for (size_t i = 0; i < site->device_count; i++) {
        for (size_t k = 0; k < site->devices[i].signal_count; k++)
            used[site->devices[i].signals[k].slave] = true;
    }
    for (size_t i = 0; i < site->slave_count; i++) {
        const struct site_slave *slave = &site->slaves[i];
        if (used[i] || slave->point_count == 0 || site_find_device(site, slave->id) != SITE_NONE)
            continue;
        const char *class = slave->profile == NULL ? NULL : slave->profile->class;
        struct site_device device = {.id = slave->id, .class = class == NULL ? "generic" : class};
        struct site_signal *signals = pool_take(&site->pool, slave->point_count, sizeof *signals);
        device.signals = signals;
        take_slave(site, &(struct share){.slave = i}, &device, signals);
        maker->devices[site->device_count++] = device;
    }
}

/* --- zones and valves --- */

static bool read_zone(struct maker *maker, const cJSON *json)
{
    struct site *site = maker->site;
    const cJSON *detectors = json_member(json, "detectors");
    size_t *devices = pool_take(&site->pool, json_count(detectors), sizeof *devices);
    struct site_zone zone = {.id = json_text(json, "id", ""), .devices = devices};
    long long vote = 1;
    zone.vote = json_integer(json_member(json_member(json, "vote"), "n"), 1, 1000, &vote) ? (unsigned)vote : 1;
    const cJSON *item;
    cJSON_ArrayForEach(item, detectors)
    {
        size_t device = cJSON_IsString(item) ? site_find_device(site, item->valuestring) : SITE_NONE;
        if (device == SITE_NONE)
            text_add(maker->warnings, "zone %s names a detector that is not there\n", zone.id);
        else
            devices[zone.device_count++] = device;
    }
    maker->zones[site->zone_count++] = zone;
    return true;
}

static void watch_of(struct maker *maker, const cJSON *when, struct site_valve *valve)
{
    struct site *site = maker->site;
    const char *zone = json_text(when, "zone", NULL);
    size_t device = site_find_device(site, json_text(when, "device", NULL));
    for (size_t i = 0; i < site->zone_count; i++) {
        if (!text_equals(site->zones[i].id, zone))
            continue;
        valve->devices = site->zones[i].devices;
        valve->device_count = site->zones[i].device_count;
    }
    if (device == SITE_NONE)
        return;
    size_t *one = pool_take(&site->pool, 1, sizeof *one);
    *one = device;
    valve->devices = one;
    valve->device_count = 1;
}

static bool read_interlock(struct maker *maker, const cJSON *json)
{
    struct site *site = maker->site;
    const cJSON *write = cJSON_GetArrayItem(json_member(json, "do"), 0);
    const cJSON *confirm = json_member(json, "confirm");
    struct site_valve valve = {.id = json_text(json, "id", "")};
    bool is_there = resolve(site, json_text(write, "write", NULL), &valve.command);
    valve.tells = confirm != NULL;
    if (!is_there && !valve.tells)
        return true;
    if (!is_there || (valve.tells && !resolve(site, json_text(confirm, "point", NULL), &valve.feedback))) {
        text_add(maker->warnings, "interlock %s: its write or confirm names a point that is not there\n", valve.id);
        return true;
    }
    valve.closes = fabs(truth_of(json_member(write, "value"), 1)) > 0;
    valve.closed = truth_of(json_member(confirm, "equals"), 1);
    valve.stays = valve.tells && cJSON_IsTrue(json_member(json, "latch"));
    watch_of(maker, json_member(json, "when"), &valve);
    maker->valves[site->valve_count++] = valve;
    return true;
}

/* --- the whole --- */

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
