/* site_maker: what a site is being made from. Private to site*.c. Each read_* takes one object of its array over: false, with a
 * sentence in `why`. */
#ifndef OUTPOST_FIRMWARE_SIM_SITE_MAKER_H
#define OUTPOST_FIRMWARE_SIM_SITE_MAKER_H

#include <cjson/cJSON.h>

#include "firmware-sim/site.h"

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

static inline bool is_open_class(const char *class)
{
    return class == NULL || text_equals(class, "io") || text_equals(class, "generic");
}

/* site.c */
/* "di-1.in_2" or "panel-1.ch17.gas_lel_pct": up to the first dot the slave, the rest its point. A device of that name
 * speaks for its own points. */
bool site_resolve(const struct site *site, const char *reference, struct site_signal *ret_signal);
struct site_signal plain_signal(const struct site *site, size_t slave, size_t point);
char *join_path(struct pool *pool, const char *dir, const char *path); /* an absolute path stays */

/* site_slaves.c */
bool read_bus(struct maker *maker, const cJSON *json);
bool read_slave(struct maker *maker, const cJSON *json);
bool read_short_form(struct maker *maker, const cJSON *json); /* a device with "bus" is its own slave */

/* site_devices.c */
bool read_device(struct maker *maker, const cJSON *json);
/* A slave that serves no device is one of its own, so that its values live. */
void adopt_orphans(struct maker *maker);
bool read_zone(struct maker *maker, const cJSON *json);
bool read_interlock(struct maker *maker, const cJSON *json);

#endif
