/* loader: what is known while a site file becomes a struct site. Private to this folder.
 *
 * Order of the work: document -> raw structs (layout.c, the shape pass) -> buses -> slaves -> devices -> alarms -> zones and
 * interlocks -> centres (the sense pass). Later steps use what earlier ones resolved. Every step goes on after a complaint
 * with what is left, so that one run shows all; the site is handed out only when there was no error at all. */
#ifndef OUTPOST_SITE_LOADER_H
#define OUTPOST_SITE_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/core/due.h"
#include "gateway/core/forecast.h"
#include "gateway/model/site.h"
#include "gateway/site/json.h"
#include "gateway/site/layout.h"
#include "gateway/site/memory.h"
#include "gateway/site/names.h"
#include "gateway/site/profile.h"

struct build_slave {
    const struct raw_slave *raw;
    const struct profile_file *profile;
    bool implied;               /* written as a device with "bus" */
    bool broken;                /* its profile is missing or bad: what it lacks is no news */
    struct site_slave *slave;   /* the result */
    struct slave_point *points; /* the result's, still to be changed */
    bool *poll_given;           /* per point: the poll class was written, or is the class's */
    /* The points it is made of, and per row where its channels 1, 2 … stand in `points` (one, when it is not repeated). */
    struct profile_point *rows;
    size_t row_count;
    int32_t *row_first;
    bool *row_poll_given;
    uint16_t channels;       /* 0: no panel */
    uint16_t *row_of;        /* per point */
    uint16_t *channel_of;    /* per point: 1 …; 0: of no channel */
    bool *taken;             /* per point: a device takes it */
    int32_t *channel_device; /* per channel: the first device that takes a point of it; -1 none */
    int32_t untouchable;     /* a device of a never-written class that takes its points; -1 none */
    bool served;             /* some device takes a point */
    bool driven;             /* some interlock writes it */
};

struct build_device {
    const struct raw_device *raw;
    int32_t implied_slave; /* -1: none */
    bool broken;           /* one of its slaves is, or its class is unknown: what it lacks is no news */
    struct site_device *device;
    struct device_point *points;
};

struct loader {
    struct arena *arena;  /* of the result */
    struct arena scratch; /* of the loading */
    struct complaints *complaints;
    const struct class_table *classes;
    const char *directory;              /* of the site file */
    const struct forecast_basis *basis; /* NULL: the default one */
    struct document document;
    struct raw_site raw;
    struct profiles profiles;
    struct names names;
    struct site *site;

    struct site_bus *buses;
    struct site_slave *slaves;
    struct build_slave *build_slaves;
    size_t slave_count;
    struct site_device *devices;
    struct build_device *build_devices;
    struct rule *rules;
    size_t rule_count;
    size_t rule_capacity;
    const char **groups; /* of rules: SITE_GROUPS_MAX places, or NULL */
    uint32_t group_count;
    struct site_zone *zones;
    struct site_interlock *interlocks;
};

/* What a rule is that looks at no point. */
#define RULE_WITHOUT_POINT                                                                                             \
    .point = -1, .limit = NO_LIMIT, .from_point = -1, .when_point = -1, .suppress_point = -1, .unit = ""

/* A number that is no limit is none; comparisons with NO_LIMIT are exact because nothing is computed with it. */
static inline bool has_limit(double limit)
{
    return limit > NO_LIMIT;
}

/* The member's place, or the object's where it has no such member. */
static inline const struct node *place_of(const struct node *object, const char *key)
{
    const struct node *child = node_child(object, key);
    return child != NULL ? child : object;
}

/* time_zone.c */
void load_time_zone(struct loader *l);
/* buses.c */
void load_buses(struct loader *l);
/* slaves.c */
bool collect_slaves(struct loader *l); /* the written and the implied ones, still empty; false: memory is out */
void load_slaves(struct loader *l);
/* slave_points.c */
void load_slave_points(struct loader *l, struct build_slave *build);
int64_t slave_base(const struct build_slave *build); /* what is added to the profile's addresses */
/* The point "in_1" or, of a panel, "ch17.gas_lel_pct"; -1: there is none. */
int32_t slave_point_find(const struct build_slave *slave, const char *id);
/* The point of that row in one channel; of a row that is not repeated channel 0. -1: there is none. */
int32_t slave_row_point(const struct build_slave *slave, size_t row, uint16_t channel);
/* The same; complains when there is none, unless its profile or itself is wrong: that was said already. */
int32_t slave_own_point(struct loader *l, const struct build_slave *build, const struct node *at, const char *id);
/* "slave.point" -> indices. Split at the first point. Complains; a broken slave is passed over in silence. */
bool slave_reference(struct loader *l, const struct node *at, const char *text, int32_t *ret_slave, int32_t *ret_point);
/* "slave" or "slave.ch17" -> index, and the channel (0: all of it). Complains. */
bool slave_or_channel(struct loader *l, const struct node *at, const char *text, int32_t *ret_slave,
                      uint16_t *ret_channel);
/* Channel points that nobody takes, writes or watches are not read. */
void mark_idle(struct loader *l);
/* What the profile or the file allows to be written, within what the register can hold. False: it cannot be written. */
bool slave_write_range(const struct loader *l, int32_t slave, int32_t point, double *ret_minimum, double *ret_maximum);
/* devices.c */
void load_devices(struct loader *l);
int32_t device_point_find(const struct site_device *device, const char *id);
const char *name_of_device_point(const void *context, size_t index); /* context: struct site_device */
/* settings.c: what the file tells the class about the device; called before the device's points are put together. The
 * device's class must be set. */
void load_settings(struct loader *l, size_t device);
/* identity.c */
void load_identity(struct loader *l, const struct node *node, struct site_device *device);
/* The same of the gateway and of a device: "area_code" and "grid_code", "lon" and "lat" of an object. NO_LIMIT: not given. */
void check_area_codes(struct loader *l, const struct node *node, const char *area_code, const char *grid_code);
void check_date(struct loader *l, const struct node *node); /* NULL: nothing is wrong with it */
void check_far_away(struct loader *l, const struct node *node, double lon, double lat);
/* dates.c: what follows from dates and registration. The identity block was looked at already: what is wrong in it is passed
 * over. Strings are static; `subject` is for the caller to set. */
#define MAINT_INTERVAL_MAX_D 3650
#define IDENTITY_RULES_MAX   33
size_t rules_of_identity(const struct site_device *device, const struct node *identity,
                         struct rule ret_rules[static IDENTITY_RULES_MAX]);
size_t rules_of_proof_test(const struct node *interlock, struct rule ret_rules[static DUE_STAGES]);
/* alarms.c */
void load_device_alarms(struct loader *l, size_t device);
/* alarm_changes.c */
/* What the file changes of an alarm that is no device's: delays, priority, flags, names. `alarms` may be NULL. */
void load_own_alarm(struct loader *l, const struct node *alarms, struct rule *rule);
/* subjects.c */
bool rule_add(struct loader *l, const struct rule *rule); /* false: too many of them, or memory is out */
/* Of first-out groups, by name, new ones too: 1 + index; 0: too many of them, or memory is out. */
uint32_t group_find(struct loader *l, const char *name);
int32_t rule_find(const struct loader *l, size_t device, const char *id); /* -1: none */
void load_subjects(struct loader *l);                                     /* all rules, grouped */
/* zones.c */
void load_zones(struct loader *l);
void load_interlocks(struct loader *l);
/* What an interlock or an order may write to a slave's point: true or false for a coil, a number the register can hold. */
bool write_value_read(struct loader *l, const struct node *node, int32_t slave, int32_t point, double *ret_value);
/* cylinders.c */
void load_cylinders(struct loader *l);
/* centres.c */
void load_centres(struct loader *l);
void load_journal(struct loader *l);
void load_page_and_orders(struct loader *l);
/* lints.c: of a site without errors */
void lint_site(struct loader *l);
/* deadlines.c: likewise */
void lint_deadlines(struct loader *l);

#endif
