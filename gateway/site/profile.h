/* profile: the register map of one real model, from <directory>/<name>.json.
 *
 * {
 *   "profile": "honeywell-xcd",     its name, the same as the file's
 *   "class": "gas_detector",        whose canonical points its points are
 *   "vendor", "model", "source"     texts for people; source: where the map was taken from
 *   "evidence": "documented",       documented bench field
 *   "link": { "baud": 9600, "format": "8N1" },   how it ships; compared with the bus, a warning when they differ
 *   "order": "ABCD",                for types of more than one register
 *   "guard": "500ms",               silence after each answer
 *   "max_gap": 4,                   registers nobody wants that a read may cover to join two points; default 0
 *   "max_count": 60,                registers one read may cover; default 125
 *   "identity": { "function": "holding", "address": 0, "byte": "hi", "equals": 37 },
 *   "points": { … }                 see point.h
 * }
 * `repeat` (panels of equal channels) is known but not supported yet. */
#ifndef OUTPOST_SITE_PROFILE_H
#define OUTPOST_SITE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/model/site.h"
#include "gateway/site/load.h"
#include "gateway/site/point.h"

#define PROFILES_MAX      256
#define PROFILE_NAMES_MAX 256
#define PROFILE_COUNT_MAX 125 /* registers of one read: Modbus Application Protocol V1.1b3, section 6.3 */
#define PROFILE_DIRS_MAX  8

struct profile_link {
    SHAPED;
    int64_t baud;       /* NOT_GIVEN */
    const char *format; /* NULL */
};

struct profile {
    const char *name;
    bool found; /* there is such a file */
    bool good;  /* and it has no mistakes */
    const struct device_class *class;
    const char *vendor; /* "" when not given */
    const char *model;
    struct profile_link link;
    int order;
    int64_t guard_ms;
    int64_t gap_max;
    int64_t count_max;
    bool has_identity;
    enum function identity_function;
    struct register_part identity;
    int64_t identity_equals;
    struct raw_point *raw_points; /* as written, for overrides */
    struct slave_point *points;   /* point_count each, in file order */
    size_t point_count;
    struct document document; /* the raw points live in it */
};

struct profiles {
    const struct class_table *classes;
    const char *dirs[PROFILE_DIRS_MAX + 1]; /* searched in this order; NULL-ended */
    struct profile *list[PROFILES_MAX];     /* each asked for once */
    size_t count;
    const char **names;    /* of all there are, sorted, NULL-ended; made at the first need */
    struct arena *arena;   /* of the site */
    struct arena *scratch; /* of the loading */
    struct complaints *complaints;
};

/* The profile of that name, read at the first call; its mistakes are complained about then. NULL when memory is out. When it
 * does not exist or is bad, ->good is false; complaining about that is the caller's. */
const struct profile *profiles_get(struct profiles *profiles, const char *name);
void profiles_close(struct profiles *profiles);

/* Names for suggestions; context: pointer to struct profiles *. */
const char *name_of_profile(const void *context, size_t index);

/* From memory, for tests and fuzzers. `path` stands for the file in complaints. */
void profile_read(struct profiles *profiles, struct profile *profile, const char *path, const char *bytes, size_t size);
void profile_close(struct profile *profile);

const struct device_class *class_find(const struct class_table *classes, const char *id);
const char *name_of_class(const void *context, size_t index); /* context: struct class_table */

extern const char *const format_names[]; /* "8N1" … */

#endif
