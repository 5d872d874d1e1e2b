/* layout: the keys of the site file as rows, and the structs they are read into (the shape pass).
 *
 * Everything optional holds its default, NOT_GIVEN, NULL or "" when the file says nothing. */
#ifndef OUTPOST_SITE_LAYOUT_H
#define OUTPOST_SITE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/site.h"
#include "gateway/site/point.h"
#include "gateway/site/shape.h"

struct raw_gateway {
    SHAPED;
    const char *id;
    const char *name;
    const char *time_zone;
    int language; /* index into language_names */
    const char *area_code;
    const char *grid_code;
    const struct node *location;
};

struct raw_bus {
    SHAPED;
    const char *id;
    int link; /* enum link_kind */
    const struct node *port;
    int64_t baud;
    int format;
    bool rs485;
    const char *host;
    const char *file;
    int64_t timeout_ms;
    int64_t guard_ms;
};

struct raw_slave {
    SHAPED;
    const char *id;
    const char *bus;
    int64_t unit;
    const char *profile;
    const struct node *every;
    const struct node *write;
    const struct node *heartbeat;
    const struct node *points;
    int order;
    int64_t guard_ms;
    int64_t gap_max;
    int64_t count_max;
    int64_t base;     /* 0 too when not given: ask the node whether it has the key */
    int64_t channels; /* of a profile with "repeat" */
};

struct raw_device {
    struct raw_slave wire; /* begins with SHAPED; id and points are the device's too */
    const char *class;
    const struct node *slaves;
    const struct node *alarms;
    const struct node *identity;
    const struct node *settings;
    int64_t max_silence_ms;
};

struct raw_alarm {
    SHAPED;
    const char *point;
    int kind; /* enum rule_kind */
    const struct node *limit;
    const struct node *from;
    int64_t over_ms;
    double deadband;
    int64_t on_delay_ms;
    int64_t off_delay_ms;
    int priority; /* enum priority */
    bool latch;
    bool shelvable;
    int64_t rearm_ms;
    const char *group;
    const struct node *when;
    const struct node *suppress;
    const char *zh;
    const char *en;
};

struct raw_alarm_when { /* "when" and "suppress" of an alarm */
    SHAPED;
    const char *point;
    const struct node *is;
    const struct node *is_not;
};

struct raw_vote {
    SHAPED;
    int64_t n;
    int64_t of;
};

struct raw_zone {
    SHAPED;
    const char *id;
    const struct node *detectors;
    const struct node *vote;
    int fault_vote; /* enum fault_vote */
};

struct raw_when {
    SHAPED;
    const char *zone;
    const char *device;
    const char *alarm;
};

struct raw_action {
    SHAPED;
    const char *write;
    const struct node *value;
    int64_t off_delay_ms;
    int release; /* 0: written back; 1: by hand */
};

struct raw_confirm {
    SHAPED;
    const char *point;
    const struct node *equals;
    int64_t within_ms;
};

struct raw_interlock {
    SHAPED;
    const char *id;
    const struct node *when;
    bool latch;
    const struct node *actions;
    const struct node *confirm;
    bool silenceable;
    const char *proof_test_next;
};

struct raw_cylinders {
    SHAPED;
    const struct node *allow;
};

struct raw_centre {
    SHAPED;
    const char *id;
    const struct node *url;
    const char *prefix;
    int64_t mqtt;
    const char *username;
    const char *password_file;
    const char *ca_file;
    const char *cert_file;
    const char *key_file;
    int drills; /* enum drills */
    const struct node *only;
    int64_t batch_ms;
    int64_t health_ms;
    int compress;
    bool receipt;
    int64_t backoff_min_ms;
    int64_t backoff_max_ms;
    int64_t history_rate;
    const struct node *alarms;
};

struct raw_only {
    SHAPED;
    const struct node *classes;
    const struct node *devices;
    int priority;
};

struct raw_journal {
    SHAPED;
    const char *dir;
    int64_t size_max;
    int64_t keep_sent_ms;
    int64_t flash_budget;
};

struct raw_page {
    SHAPED;
    const char *listen;
};

struct raw_orders {
    SHAPED;
    const struct node *keys;
    const struct node *write;
};

struct raw_order_write {
    SHAPED;
    const char *point;
    const struct node *values;
    int64_t min_interval_ms;
};

struct raw_heartbeat {
    SHAPED;
    const char *write;
    int64_t every_ms;
};

struct raw_every {
    SHAPED;
    int64_t ms[POLL_CLASS_COUNT];
};

struct raw_location {
    SHAPED;
    double lon;
    double lat;
    int crs;
};

/* The whole file; lists are arrays in the loader's scratch memory. */
struct raw_site {
    struct raw_gateway gateway;
    struct raw_bus *buses;
    size_t bus_count;
    struct raw_slave *slaves;
    size_t slave_count;
    struct raw_device *devices;
    size_t device_count;
    struct raw_zone *zones;
    size_t zone_count;
    struct raw_interlock *interlocks;
    size_t interlock_count;
    struct raw_centre *centres;
    size_t centre_count;
    const struct node *cylinders; /* NULL: not given */
    const struct node *journal;
    const struct node *page;
    const struct node *orders;
};

extern const struct shape alarm_shape, own_alarm_shape, alarm_when_shape, vote_shape, when_shape, action_shape,
    confirm_shape, only_shape, cylinders_shape, journal_shape, page_shape, orders_shape, order_write_shape,
    heartbeat_shape, every_shape, location_shape;

extern const char
    *const kind_names[]; /* of alarms, by enum rule_kind; NULL after RULE_COMM, then what no file may name */
extern const char *const priority_names[];
extern const char *const link_names[];

/* Reads the whole file. False: the root is no object, or memory is out; a complaint was made. */
bool layout_read(const struct node *root, struct arena *scratch, struct complaints *complaints,
                 struct raw_site *ret_raw);

#endif
