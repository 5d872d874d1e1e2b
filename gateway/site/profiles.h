/* profiles: the profiles there are, for people and tools: a list of all, and one as a register table.
 *
 * The format of the files: profile.h. Library code: prints nothing. Everything that is handed out lives in the caller's
 * arena, or in the class tables. */
#ifndef OUTPOST_SITE_PROFILES_H
#define OUTPOST_SITE_PROFILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/site.h"
#include "gateway/site/load.h"

/* Where a profile (or a point) is repeated for channel 1 … count, each `step` further on than the one before. */
struct profile_repeat {
    uint16_t count; /* 0: not repeated */
    uint16_t step;
};

/* One row of the register table: a point as the profile writes it, of channel 1 when it is repeated. */
struct profile_point {
    const char *id; /* "gas_lel_pct"; a repeated one is ch1.gas_lel_pct … chN.gas_lel_pct at the slave */
    /* As the first channel reads it. All addresses are as written: `base` of the profile is still to be added. */
    struct slave_point point;
    const char *type;       /* as written: "u16" … "bits"; "" for a coil or discrete input */
    const char *map_system; /* the system of codes that "map" names; "" when it lists numbers, or there is no map */
    struct profile_repeat repeat;
    bool only_if_fixed; /* the part stands still while the point is repeated */
    bool scale_from_fixed;
    bool is_writable; /* by its function and type; it is written only when a slave's "write" lists it */
    double write_minimum;
    double write_maximum;
    const char *note[2]; /* by enum language; "" none. A note without languages is in both */
};

struct profile {
    const char *name;
    const char *file;                 /* path it was read from */
    const struct device_class *class; /* NULL: unknown, a complaint was made */
    const char *vendor;               /* "" when not given; so are all texts */
    const char *model;
    const char *source;
    const char *evidence; /* "documented" "bench" "field" */
    const char *label[2]; /* "zh", "en" of the profile, by enum language */
    const char *note[2];
    int64_t baud;       /* -1: not given */
    const char *format; /* "8N1" … */
    int order;          /* enum word_order */
    int64_t guard_ms;
    int64_t gap_max;
    int64_t count_max;
    int64_t base; /* added to every address; 0 when the site has to give it */
    bool base_from_site;
    bool has_identity;
    enum function identity_function;
    struct register_part identity;
    int64_t identity_equals;
    const char *freeze_point; /* id as the slave has it; "" none */
    int64_t freeze_after_ms;
    const char *watchdog_point; /* id as the slave has it; "" none */
    int64_t watchdog_after_ms;
    bool watchdog_fail; /* what all coils of the board then become */
    uint16_t channels;  /* the largest count of a repeat; 0: no panel */
    const struct profile_point *points;
    size_t point_count;
};

struct profile_entry {
    const char *name;      /* of the file, without .json */
    const char *directory; /* where it was found; of two of one name the first counts */
    const char *class;     /* id; "" when it is not known */
    const char *vendor;
    const char *model;
    const char *evidence;
    const char *label[2];
    size_t point_count; /* rows of its table */
    size_t errors;
    size_t warnings;
    bool ok; /* no errors */
};

/* All profiles in the sources, sorted by name. ERR_MEMORY. Reads every file. */
MUST_CHECK enum err profiles_list(const struct site_sources *sources, struct arena *arena,
                                  const struct profile_entry **ret_entries, size_t *ret_count);

/* One profile. `name` with a '/' or ".json" at its end is a path, else it is looked up in the sources. ERR_NOT_FOUND: there is
 * none (no complaint); ERR_FORMAT: complaints say what is wrong, and *ret_profile is what could be understood. */
MUST_CHECK enum err profile_open(const char *name, const struct site_sources *sources, struct arena *arena,
                                 struct complaints *complaints, const struct profile **ret_profile);
/* The same from memory; the name must be an id. */
MUST_CHECK enum err profile_open_bytes(const char *name, const char *bytes, size_t size,
                                       const struct class_table *classes, struct arena *arena,
                                       struct complaints *complaints, const struct profile **ret_profile);

/* "u16" …, "ABCD" …, "holding" …, "hi", "lo" or "": as a profile writes them. */
const char *profile_order_name(enum word_order order);
const char *profile_function_name(enum function function);

#endif
