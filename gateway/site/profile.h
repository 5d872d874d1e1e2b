/* profile: the register map of one real model, from <directory>/<name>.json.
 *
 * {
 *   "profile": "honeywell-xcd",     its name, the same as the file's
 *   "class": "gas_detector",        whose canonical points its points are
 *   "vendor", "model", "source", "zh", "en", "note"   texts for people; source: where the map was taken from; note: a text or
 *                                                     { "zh", "en" }
 *   "evidence": "documented",       documented bench field
 *   "link": { "baud": 9600, "format": "8N1" },   how it ships; compared with the bus, a warning when they differ
 *   "order": "ABCD",                for types of more than one register
 *   "guard": "500ms",               silence after each answer
 *   "max_gap": 4,                   registers nobody wants that a read may cover to join two points; default 0
 *   "max_count": 60,                registers one read may cover; default 125
 *   "base": -1,                     added to every address, of points, parts and identity; "site": the site file has to say
 *                                   it ("base" of the slave, which replaces a number here too)
 *   "identity": { "function": "holding", "address": 0, "byte": "hi", "equals": 37 },
 *   "freeze": { "point": "heartbeat", "after": "60s" },   while that point has not changed for so long, nothing the slave says
 *                                   is believed
 *   "watchdog": { "point": "watchdog", "after": "10s", "fail": true },   a board that sets all its coils to `fail` when that
 *                                   point was not written for so long; it is fed by the slave's "heartbeat"
 *   "repeat": { "count": 64, "step": 1 },   a panel: all points that do not say otherwise are there once for each channel
 *   "points": { … }                 see point.h
 * }
 * A slave has the points of a repeated one as ch1.<id> … chN.<id>; its "channels" makes N smaller. */
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

/* What is known of one file while a site is loaded. */
struct profile_file {
    struct profile profile;
    bool found; /* there is such a file */
    bool good;  /* and it has no mistakes */
    struct profile_repeat repeat;
    struct raw_point *raw_points; /* as written, for overrides; parallel to profile.points */
    struct document document;     /* the raw points live in it */
};

struct profiles {
    const struct class_table *classes;
    const struct profile_bytes *held; /* in memory, looked at first; held_count of them */
    size_t held_count;
    const char *dirs[PROFILE_DIRS_MAX + 1];  /* searched in this order; NULL-ended */
    struct profile_file *list[PROFILES_MAX]; /* each asked for once */
    size_t count;
    const char **names;    /* of all there are, sorted, NULL-ended; made at the first need */
    struct arena *arena;   /* of the site */
    struct arena *scratch; /* of the loading */
    struct complaints *complaints;
};

/* The profile of that name, read at the first call; its mistakes are complained about then. NULL when memory is out. When it
 * does not exist or is bad, ->good is false; complaining about that is the caller's. */
const struct profile_file *profiles_get(struct profiles *profiles, const char *name);
void profiles_close(struct profiles *profiles);

/* Of all profiles there are, sorted, NULL-ended. Reads the directories at the first call. */
const char *const *profiles_names(struct profiles *profiles);
/* Names for suggestions; context: pointer to struct profiles *. */
const char *name_of_profile(const void *context, size_t index);

/* Nothing known yet but the name. */
void profile_init(struct profile_file *file, const char *name);
/* From memory, after profile_init(). `path` stands for the file in complaints. */
void profile_read(struct profiles *profiles, struct profile_file *file, const char *path, const char *bytes,
                  size_t size);
void profile_close(struct profile_file *file);

/* The point "ch3.gas_lel_pct" or "in_1": index of its row, and its channel (1 when it is not repeated). -1: there is none. */
int32_t profile_point_find(const struct profile_point *points, size_t point_count, const char *id,
                           uint16_t *ret_channel);
const struct device_class *class_find(const struct class_table *classes, const char *id);
const char *name_of_class(const void *context, size_t index); /* context: struct class_table */

extern const char *const format_names[]; /* "8N1" … */

#endif
