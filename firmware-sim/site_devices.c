/* Devices of a site file, and what binds them: zones and the valves of interlocks. */
#include <math.h>
#include <string.h>

#include "firmware-sim/json.h"
#include "firmware-sim/profile.h"
#include "firmware-sim/site_maker.h"

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
    if (!site_resolve(maker->site, reference, &signal)) {
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

bool read_device(struct maker *maker, const cJSON *json)
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

void adopt_orphans(struct maker *maker)
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

bool read_zone(struct maker *maker, const cJSON *json)
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

bool read_interlock(struct maker *maker, const cJSON *json)
{
    struct site *site = maker->site;
    const cJSON *write = cJSON_GetArrayItem(json_member(json, "do"), 0);
    const cJSON *confirm = json_member(json, "confirm");
    struct site_valve valve = {.id = json_text(json, "id", "")};
    bool is_there = site_resolve(site, json_text(write, "write", NULL), &valve.command);
    valve.tells = confirm != NULL;
    if (!is_there && !valve.tells)
        return true;
    if (!is_there || (valve.tells && !site_resolve(site, json_text(confirm, "point", NULL), &valve.feedback))) {
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
