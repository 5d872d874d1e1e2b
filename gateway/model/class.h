/* class: what a kind of equipment is, as data. The tables themselves live in drivers/device; the site loader and
 * the judge get them as an argument and know none by name. */
#ifndef OUTPOST_MODEL_CLASS_H
#define OUTPOST_MODEL_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/sample.h"
#include "gateway/model/value.h"

enum poll_class { POLL_SAFETY, POLL_NORMAL, POLL_SLOW, POLL_CLASS_COUNT };

/* Priorities and their colour levels: critical 红, high 橙, medium 黄, low 蓝, info. Ordered: smaller is graver. */
enum priority { PRIORITY_CRITICAL, PRIORITY_HIGH, PRIORITY_MEDIUM, PRIORITY_LOW, PRIORITY_INFO, PRIORITY_COUNT };

enum rule_kind {
    RULE_HIHI,
    RULE_HI,
    RULE_LO,
    RULE_LOLO,
    RULE_BIT,       /* boolean point is true */
    RULE_CODE,      /* enum point has one of the named codes */
    RULE_EQUALS,    /* number equals limit */
    RULE_DEVIATION, /* number is `limit` or more away from a reference: another point of the device, or a number */
    RULE_RATE,      /* number rose by `limit` or more within `over`; a negative limit: fell by so much */
    RULE_STUCK,     /* number has stayed within `deadband` of where it was for the whole on-delay */
    RULE_COMM,      /* no good reading of at least one slave of the device, or the bus or centre is lost; no point */
    RULE_FAILED, /* interlock: write, read-back or feedback failed; centre: it refuses; device: a point that lives hang on is
                  * read and has no value; no point */
    RULE_DUE, /* a date of the site file is `limit` days away or nearer, and no later stage of it (core/due); no point */
    RULE_USED, /* a device that is registered as stopped or scrapped shows use (enum point_use); no point */
    RULE_KIND_COUNT
};

#define NO_LIMIT (-1e308) /* "none" where a limit, floor or ceiling may be absent */

/* What a reading says about whether the equipment is in use. */
enum point_use {
    USE_NONE,
    USE_COUNTS, /* hours, runs, starts: in use when it is more than at the reading before */
    USE_SHOWS,  /* a yes, or any code but the first: it runs, burns, is switched on */
    USE_FIRST,  /* the first code: it is open */
};

struct class_point {
    const char *id;
    const char *unit; /* UCUM; "" for none */
    enum value_type type;
    const struct code *codes; /* VALUE_ENUM */
    size_t code_count;
    double minimum; /* physical range: outside is bad, implausible. NO_LIMIT both: none */
    double maximum;
    double deadband; /* telemetry: a change below this is not news; 0 any change */
    enum poll_class poll;
    bool derived; /* computed by class.derive() … */
    bool
        readable; /* … but read, and left alone by derive(), when a slave offers it. What is not derived is always read */
    /* Derived points: the device has it only if all of these words are its points (earlier ones of this table) or its
     * settings; "a|b": one of the two is enough. NULL: every device has it. "car_status|car_speed door_zone" */
    const char *needs;
    enum point_use use;
    const char *zh;
    const char *en;
};

/* What an alarm's condition means to a zone vote that asks for another alarm of the same device. */
enum alarm_role {
    ROLE_NONE,
    ROLE_FAULT,      /* the device cannot be trusted: it votes as the zone's fault_vote says (RULE_COMM, RULE_FAILED:
                      * likewise) */
    ROLE_OVER_RANGE, /* beyond all limits: it votes for every alarm that is a high limit */
};

/* limit = setting * factor + addend */
struct class_limit {
    const char *setting;
    double factor;
    double addend;
};

struct class_alarm {
    const char *id;    /* "gas.high" */
    const char *point; /* canonical point id; NULL for RULE_COMM */
    enum rule_kind kind;
    double limit; /* NO_LIMIT where one is needed: see limit_from */
    /* Where the limit follows from settings: of those that are known the strictest. None known and the file gives no limit
     * either: the device does not have the alarm, and the loader says so. */
    struct class_limit limit_from[2];
    double limit_ceiling; /* the site file may not set a limit beyond this; NO_LIMIT none */
    double deadband;      /* in the point's unit */
    uint32_t on_delay_ms;
    uint32_t off_delay_ms;
    uint32_t on_delay_max_ms; /* the site file may not set a longer on-delay */
    enum priority priority;
    bool latch;
    bool shelvable;
    const char *code_system; /* "GB/T 38656-2020" or NULL */
    const char *code;        /* "11" or NULL */
    const char *codes[8];    /* RULE_CODE: canonical code names that count; the rest NULL */
    const char *from;        /* RULE_DEVIATION: the point it is compared with */
    uint32_t over_ms;        /* RULE_RATE */
    const char *when; /* a yes/no point: while it is known to be `no` the condition counts as not met. NULL: always */
    const char *zh;
    const char *en;
    enum alarm_role role; /* in the votes of zones, beside its own alarm */
};

/* What a class must be told about one device: "settings" in the site file. */
struct class_setting {
    const char *id;   /* "rated_speed" */
    const char *unit; /* UCUM; "" none. The site file writes plain numbers in this unit */
    double minimum;
    double maximum;
    double standard;            /* when the file says nothing; NO_LIMIT: then it is unknown */
    const struct code *choices; /* not NULL: the file writes one of these words, and its index is the value */
    size_t choice_count;
    const char *zh;
    const char *en;
};

/* A dialect of codes: what the numbers of one standard or vendor mean. A profile's "map" may name the system instead of
 * listing numbers. */
struct dialect_code {
    int64_t raw;
    const char *code;  /* as its documents print it: "05" */
    const char *means; /* canonical code of the point */
};
struct class_dialect {
    const char *system; /* "GB/T 24476-2017" */
    const char *point;  /* canonical enum point */
    const struct dialect_code *codes;
    size_t code_count;
};

#define DERIVE_HOLDS_MAX 16

#define DERIVE_MEMORY_MAX 8192

/* A condition that has to hold for a while. Owned by the judge, kept over restarts by the journal. */
struct hold {
    int64_t since_mono_ms;  /* when the condition became true; 0: it is not true */
    int64_t frozen_mono_ms; /* since when its inputs are unknown and its time stands still; 0: they are known */
};

enum point_source { POINT_ABSENT, POINT_READ, POINT_DERIVED };

/* What a class may see of one device to compute its derived points. Pure: no clock, no allocation. */
struct derive {
    int64_t mono_ms;
    /* samples[i] belongs to class point i: the read ones are filled in (bad/starting when the device does not have
     * the point), the derived ones are for derive() to fill in; they still hold what it put there the time before.
     * derive() may lower the quality of a good read sample to uncertain, and nothing else of it. */
    struct sample *samples;
    const enum point_source *sources; /* per class point: what this device has */
    size_t sample_count;
    struct hold *holds;                    /* DERIVE_HOLDS_MAX, the class's own numbering; kept over restarts */
    const double *settings;                /* class.setting_count; NO_LIMIT: unknown */
    const char *texts;                     /* of samples that are texts: value.text.offset, size */
    bool doubled;                          /* what is mounted here stands somewhere else too, by its code */
    bool today_known;                      /* the wall clock is set */
    int32_t today;                         /* core/civil, where the site stands */
    const struct cylinder_list *cylinders; /* NULL: the site file lists none */
    void *memory; /* class.memory_size bytes, zeroed at start, the class's own; not kept over restarts. NULL: none */
    /* Out: when the result changes without a new sample (a hold runs out); CLOCK_NEVER-like INT64_MAX if never. */
    int64_t ret_next_mono_ms;
};

/* The codes of the gas cylinders that may be used on a site, ascending by their bytes. */
struct cylinder_list {
    const char *const *codes;
    size_t code_count;
};

/* What is mounted in a device and may be replaced by another of its kind: a cylinder on a scale. */
struct class_item {
    const char *code; /* by which it is told from others; code_size 0: none can be read */
    size_t code_size;
    bool has_mass;
    double mass;    /* kg, with what carries it */
    const char *by; /* who brought it; by_size 0: nobody knows */
    size_t by_size;
};

struct device_class {
    const char *id; /* "gas_detector" */
    const char *zh;
    const char *en;
    const struct class_point *points;
    size_t point_count;
    const struct class_alarm *alarms;
    size_t alarm_count;
    bool open;          /* points beyond the table may be added by profile or site file under any id (generic, io) */
    bool never_written; /* the gateway never writes to a slave that serves such a device (lift) */
    void (*derive)(struct derive *derive); /* NULL: nothing derived */
    /* What is mounted, by the samples as derive() left them; the texts are the device's. NULL: nothing can be. */
    void (*mounted)(const struct derive *derive, struct class_item *ret_item);
    size_t memory_size; /* of what derive() remembers of one device; at most DERIVE_MEMORY_MAX */
    const struct class_setting *settings;
    size_t setting_count;
    const struct class_dialect *dialects;
    size_t dialect_count;
    /* A panel: the class whose canonical points its channels (profile "repeat") carry, and that takes them as
     * "slaves": ["panel-1.ch17"]. NULL: no panel. */
    const struct device_class *channel;
};

struct class_table {
    const struct device_class *const *classes;
    size_t class_count;
};

#endif
