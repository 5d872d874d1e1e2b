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
    RULE_BIT,    /* boolean point is true */
    RULE_CODE,   /* enum point has one of the named codes */
    RULE_EQUALS, /* number equals limit */
    RULE_COMM,   /* no good reading of at least one slave of the device, or the bus is lost; no point */
    RULE_FAILED, /* interlock: write, read-back or feedback failed; no point */
    RULE_KIND_COUNT
};

#define NO_LIMIT (-1e308) /* "none" where a limit, floor or ceiling may be absent */

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
    bool derived; /* computed by class.derive, never read */
    const char *zh;
    const char *en;
};

/* What an alarm's condition means to a zone vote that asks for another alarm of the same device. */
enum alarm_role {
    ROLE_NONE,
    ROLE_FAULT,      /* the device cannot be trusted: it votes as the zone's fault_vote says (RULE_COMM: likewise) */
    ROLE_OVER_RANGE, /* beyond all limits: it votes for every alarm that is a high limit */
};

struct class_alarm {
    const char *id;    /* "gas.high" */
    const char *point; /* canonical point id; NULL for RULE_COMM */
    enum rule_kind kind;
    double limit;
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
    const char *codes[4];    /* RULE_CODE: canonical code names that count, NULL-ended */
    const char *zh;
    const char *en;
    enum alarm_role role; /* in the votes of zones, beside its own alarm */
};

#define DERIVE_HOLDS_MAX 8

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
    struct hold *holds; /* DERIVE_HOLDS_MAX, the class's own numbering */
    /* Out: when the result changes without a new sample (a hold runs out); CLOCK_NEVER-like INT64_MAX if never. */
    int64_t ret_next_mono_ms;
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
};

struct class_table {
    const struct device_class *const *classes;
    size_t class_count;
};

#endif
