/* site: what a site file and its profiles say about the plant to play.
 *
 * The same files the gateway reads, by a reader of its own. Tolerant: keys it does not know, references to nothing and
 * whatever concerns centres, alarms or orders are passed over (the gateway's `check` finds them), with a warning where a
 * value will be missing. Refused is only what cannot be played. All texts live as long as the site. */
#ifndef OUTPOST_FIRMWARE_SIM_SITE_H
#define OUTPOST_FIRMWARE_SIM_SITE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/point.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/setting.h"
#include "firmware-sim/text.h"

#define SITE_POINTS_MAX 65536 /* of one slave, after `repeat` */

enum site_link { SITE_RTU, SITE_TCP, SITE_RTU_OVER_TCP };

struct site_bus {
    const char *id;
    enum site_link link;
    const char
        *path; /* rtu: where the symlink to the pty goes; relative paths already joined to the file's directory */
    const char *host;
    uint16_t port;
    unsigned baud;
    unsigned bits;      /* of one character on the line: 8N1 is 10 */
    const char *format; /* data bits 7 or 8, parity N, E or O, stop bits 1 or 2: "8N1" */
};

struct repeat {
    long long count; /* 0: not repeated */
    long long step;
};

struct profile_point { /* as written: without base, the first of its channels */
    struct point point;
    struct repeat repeat;
};

struct profile {
    const char *name;
    const char *class;
    const struct profile_point *points;
    size_t point_count;
    const struct seed *identity; /* NULL: none */
    long long base;              /* added to every address */
    bool base_from_site;         /* the slave has to say it */
    uint32_t gap;                /* max_gap: how many unused addresses a read may cross */
    const char *watchdog_point;  /* NULL: it has none; else when this was not written for … */
    int64_t watchdog_us;         /* … so long, all coils become … */
    bool watchdog_fail;          /* … this */
};

struct site_slave {
    const char *id;
    size_t bus;
    uint8_t unit;
    const struct profile *profile; /* NULL: inline points only */
    const char *class;             /* its own, else its profile's; NULL: none is said */
    const struct seed *identity;   /* NULL: none */
    struct point *points;
    size_t point_count;
    bool open; /* all its coils and holding registers take writes; else only points that are marked writable */
};

struct site_signal { /* a device's point and where it is */
    const char *id;
    size_t slave;
    size_t point;
    bool invert;
    double scale; /* device value = slave value * scale + offset, in `unit` */
    double offset;
    const char *unit; /* UCUM; "" none */
};

struct site_device {
    const char *id;
    const char *class;
    const struct site_signal *signals;
    size_t signal_count;
    struct settings settings;
};

struct site_zone {
    const char *id;
    const size_t *devices;
    size_t device_count;
    unsigned vote; /* so many must see gas */
};

/* What the first write of an interlock moves. With a `confirm` it is a shut-off valve: the coil closes it, the feedback
 * tells; where the interlock does not latch it is no valve but a fan or a damper: it follows its coil both ways and shuts no
 * gas. Without a `confirm` it is a siren or a lamp. */
struct site_valve {
    const char *id; /* of the interlock */
    struct site_signal command;
    bool closes; /* the coil's value that closes it */
    bool tells;  /* it has a feedback; a siren has none, and moves neither gas nor air */
    struct site_signal feedback;
    double closed;         /* the feedback's value when it is closed */
    bool stays;            /* closed, until a hand opens it; only of what tells */
    const size_t *devices; /* whose gas it shuts: the zone's detectors, or the one device */
    size_t device_count;
};

struct site {
    struct pool pool;
    const struct site_bus *buses;
    size_t bus_count;
    const struct site_slave *slaves;
    size_t slave_count;
    const struct site_device *devices;
    size_t device_count;
    const struct site_zone *zones;
    size_t zone_count;
    const struct site_valve *valves;
    size_t valve_count;
    const char *socket_path; /* default of the control socket: <journal.dir>/../sim.sock, else beside the file */
    cJSON **trees;           /* all texts point into these */
    size_t tree_count;
};

#define SITE_NONE SIZE_MAX

/* `profile_dirs` (NULL-ended) are searched after <the file's directory>/profiles. False, with a sentence; the site is then
 * empty and needs no close. Warnings go, a line each, to `warnings`. */
SIM_CHECKED bool site_open(struct site *site, const char *file, const char *const *profile_dirs, struct text *warnings,
                           struct text *why);
/* The same from memory; `name` stands for the file. */
SIM_CHECKED bool site_open_bytes(struct site *site, const char *name, const char *bytes, size_t size,
                                 const char *const *profile_dirs, struct text *warnings, struct text *why);
void site_close(struct site *site); /* accepts the zeroed */

size_t site_find_slave(const struct site *site, const char *id); /* SITE_NONE */
/* Whether a valve's or a zone's devices have that one among them. */
bool site_lists(const size_t *devices, size_t count, size_t device);
size_t site_find_device(const struct site *site, const char *id);                               /* SITE_NONE */
size_t slave_find_point(const struct site_slave *slave, const char *id);                        /* SITE_NONE */
const struct site_signal *device_find_signal(const struct site_device *device, const char *id); /* NULL */

#endif
