/* site: what the site file says, resolved. Made by site_load(), immutable afterwards, outlives all threads.
 *
 * Everything is arrays and indices; names stay for the wire and for people. Index types are int32_t where -1
 * means "none". All pointers point into the site's own arena or into static class tables. */
#ifndef OUTPOST_MODEL_SITE_H
#define OUTPOST_MODEL_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/class.h"
#include "gateway/model/time_zone.h"
#include "gateway/model/value.h"

#define SITE_ID_MAX            64 /* ids match ^[a-z0-9][a-z0-9_-]{0,63}$ */
#define SITE_BUSES_MAX         64 /* one thread each */
#define SITE_SLAVES_MAX        1024
#define SITE_DEVICES_MAX       2048
#define SITE_POINTS_MAX        1024 /* of one slave */
#define SITE_DEVICE_POINTS_MAX 256  /* of one device: a telemetry record of all of them stays under 15 KB */
#define SITE_RULES_MAX         16384
#define SITE_GROUPS_MAX        1024
#define SITE_CENTRES_MAX       8
#define SITE_ZONES_MAX         256
#define SITE_INTERLOCKS_MAX    256
#define SITE_DETECTORS_MAX     64    /* of one zone */
#define SITE_ACTIONS_MAX       8     /* writes of one interlock */
#define SITE_CYLINDERS_MAX     20000 /* codes of gas cylinders */

/* The values are the Modbus read function codes (Modbus Application Protocol V1.1b3, section 6). */
enum function { FUNCTION_COIL = 1, FUNCTION_DISCRETE = 2, FUNCTION_HOLDING = 3, FUNCTION_INPUT = 4 };

/* Bits, packed eight to a byte; else registers. */
static inline bool function_is_bits(enum function function)
{
    return function == FUNCTION_COIL || function == FUNCTION_DISCRETE;
}

enum raw_type {
    RAW_BIT,  /* a coil, a discrete input, or one bit of a register */
    RAW_BITS, /* `bit_count` bits of a register from `bit_first`, as a number */
    RAW_U16,
    RAW_S16,
    RAW_U32,
    RAW_S32,
    RAW_U64,
    RAW_S64,
    RAW_F32,
    RAW_F64,
    RAW_BCD16,
    RAW_BCD32,
    RAW_STRING,
};

/* Order of the bytes A (most significant) to D on the wire; for 64 bits the same pattern over eight bytes
 * (ABCD: ABCDEFGH, CDAB: words reversed GHEFCDAB, BADC: bytes swapped in each word BADCFEHG, DCBA: HGFEDCBA). */
enum word_order { ORDER_ABCD, ORDER_CDAB, ORDER_BADC, ORDER_DCBA };

enum byte_half { BYTE_BOTH, BYTE_HIGH, BYTE_LOW };

/* A number hidden in (part of) a register: used by only_if, scale_from and the identity probe. */
struct register_part {
    uint16_t address;
    enum byte_half byte;
    uint8_t bit_first; /* from the least significant bit of what `byte` selects */
    uint8_t bit_count; /* 0: all of it */
};

struct map_entry {
    int64_t raw;
    uint32_t code; /* index into slave_point.codes */
};

struct decimals_entry { /* scale_from: this raw value means so many decimals */
    int64_t raw;
    int8_t decimals;
};

struct slave_point {
    const char *id;
    enum function function;
    uint16_t address;        /* zero-based, as on the wire */
    uint16_t register_count; /* registers (or bits for coils and discretes) it occupies */
    enum raw_type raw;
    enum word_order order;
    enum byte_half byte;
    uint8_t bit_first;
    uint8_t bit_count;
    uint8_t text_size; /* RAW_STRING: characters, if the last register holds only one; 0: all */
    double scale;      /* value = raw * scale + offset; 1 and 0: the raw value, kept as an integer */
    double offset;
    enum value_type type;     /* what decoding makes of it */
    const char *unit;         /* UCUM; "" none */
    const struct code *codes; /* VALUE_ENUM */
    size_t code_count;
    const struct map_entry *map; /* raw -> code */
    size_t map_count;
    const double *invalid; /* raw values that mean "no value" */
    size_t invalid_count;
    bool has_valid; /* raw values below or above these mean "no value" too */
    double valid_low;
    double valid_high;
    bool has_only_if; /* the point has a value only while the part equals only_if_equals, else bad, invalid */
    struct register_part only_if;
    int64_t only_if_equals;
    bool has_scale_from;                   /* value = raw * scale * 10^-decimals + offset */
    struct register_part scale_from;       /* same function as the point; the planner reads both in one request */
    const struct decimals_entry *decimals; /* empty: the part's number itself is the number of decimals */
    size_t decimals_count;
    enum poll_class poll;
    bool single;     /* the register holds a float: print the shortest decimal that is the same float */
    bool idle;       /* a channel of a panel that no device takes: it is not read */
    bool writable;   /* in the slave's `write` list */
    double deadband; /* -1: not given */
    const char *zh;  /* may be "" */
    const char *en;
};

enum link_kind { LINK_RTU, LINK_TCP, LINK_RTU_OVER_TCP, LINK_REPLAY, LINK_KIND_COUNT };

struct site_bus {
    const char *id;
    enum link_kind kind;
    const char *port; /* rtu: path of the tty */
    uint32_t baud;    /* also for rtu-over-tcp: the line behind the serial server */
    uint8_t data_bits;
    char parity; /* 'N' 'E' 'O' */
    uint8_t stop_bits;
    bool rs485; /* rtu: the driver may steer the transceiver, where it can */
    const char *host;
    uint16_t tcp_port;
    const char *file;    /* replay: path of the recording; "" */
    uint32_t timeout_ms; /* of one answer; default 1000 at 9600 baud, 500 above and on TCP */
    uint32_t guard_ms;   /* extra silence between requests; 0 */
};

struct site_slave {
    const char *id;
    int32_t bus;
    uint8_t unit;
    const char *profile;                 /* name, or "" for inline points */
    uint32_t every_ms[POLL_CLASS_COUNT]; /* 0: flat out */
    uint32_t guard_ms;                   /* silence after each answer of this slave before its next request */
    uint16_t gap_max;                    /* registers nobody wants that a read may cover to join two points */
    uint16_t count_max;                  /* registers a read may cover, 1..125 */
    const struct slave_point *points;
    size_t point_count;
    bool has_identity;
    enum function identity_function;
    struct register_part identity;
    int64_t identity_equals;
    /* Freeze watchdog: while this point of the slave has not changed for so long, everything the slave says is bad, frozen. */
    int32_t frozen_point;
    uint32_t frozen_after_ms; /* 0: none */
    int32_t heartbeat_point;  /* written with an incrementing number each heartbeat_ms; -1 none */
    uint32_t heartbeat_ms;
    /* Watchdog: a board whose heartbeat_point was not written for so long sets all its coils to watchdog_fail. */
    uint32_t watchdog_ms; /* 0: it has none, or nothing feeds it */
    bool watchdog_fail;
};

struct device_point {
    const char *id;
    const char *unit;
    enum value_type type;
    const struct code *codes;
    size_t code_count;
    int32_t class_point; /* index into class.points; -1: an added one */
    int32_t slave;       /* where it is read; -1: derived */
    int32_t slave_point;
    bool invert;   /* booleans: true means false */
    double factor; /* unit conversion: device value = slave value * factor + addend */
    double addend;
    const uint32_t *code_of; /* enums: device code of each slave code; NULL: the same */
    double minimum;          /* NO_LIMIT: none */
    double maximum;
    double deadband;   /* telemetry */
    uint32_t every_ms; /* the period of its poll class on its slave; derived: the shortest of the device */
    bool single;
    bool vital; /* read, and lives hang on it: that it has no value is an alarm, sensor.fault */
    const char *zh;
    const char *en;
};

struct site_device {
    const char *id;
    const struct device_class *class;
    const struct device_point *points;
    size_t point_count;
    const int32_t *by_class; /* class.point_count entries: index into points, or -1 */
    const int32_t *slaves;   /* whose points it takes, ascending */
    size_t slave_count;
    uint32_t max_silence_ms; /* telemetry is sent at least so often */
    uint32_t every_ms;       /* and at most so often: its shortest period */
    int32_t rule_first;      /* its rules are site.rules[rule_first .. rule_first + rule_count) */
    int32_t rule_count;
    const char *identity_json; /* the identity block as it is published in registry/; "{}" */
    const char *use_cod;       /* "" when unknown */
    const char *profile;       /* profile name of its first slave, or "" */
    const char *maker;
    const char *model;
    const double *settings; /* class.setting_count; NO_LIMIT: unknown */
};

/* Whatever may stand as {dev} in alarm/, active/: devices first (subject index = device index), then buses, then
 * interlocks, then centres. */
enum subject_kind { SUBJECT_DEVICE, SUBJECT_BUS, SUBJECT_INTERLOCK, SUBJECT_CENTRE };

struct subject {
    const char *id;
    const char *cls; /* class id, or "bus", "interlock", "centre" */
    enum subject_kind kind;
    int32_t index; /* into site.devices, buses, interlocks, centres */
    int32_t rule_first;
    int32_t rule_count;
};

/* One rule = one condition = one limit = one priority. */
struct rule {
    const char *id; /* "gas.high" */
    int32_t subject;
    int32_t point; /* index into the device's points; -1 for comm, failed, due, used */
    enum rule_kind kind;
    double limit;
    double deadband;
    uint32_t on_delay_ms;
    uint32_t off_delay_ms;
    enum priority priority;
    bool latch;
    bool shelvable;
    uint32_t rearm_ms;  /* acknowledged and still active for so long: raised anew; 0 never */
    uint32_t group;     /* first-out group, 1 + index into site.groups; 0 none */
    uint64_t code_mask; /* RULE_CODE: bit n set = device code n counts */
    int32_t from_point; /* RULE_DEVIATION: the device's point it is compared with; -1: with from_value */
    double from_value;
    uint32_t over_ms; /* RULE_RATE: the window */
    /* `when`: the rule is judged only while this point is not known to be something else. A bit for each code of an enum;
     * of a yes/no bit 0 is no and bit 1 is yes. 0: always judged. */
    uint64_t when_mask;
    int32_t when_point;
    /* `suppress`: out of sight while this point is known to be one of these; followed all the same. 0: never. */
    uint64_t suppress_mask;
    int32_t suppress_point;
    int32_t due_day;  /* RULE_DUE: the date, as a day of core/civil */
    const char *date; /* RULE_DUE: its key in the site file, "inspect_next"; else NULL */
    const char *unit; /* of value and limit on the wire; "" none */
    const char *code_system;
    const char *code;
    const char *zh;
    const char *en;
};

enum fault_vote { FAULT_VOTE_FOR, FAULT_VOTE_REMOVE };

struct site_zone {
    const char *id;
    const int32_t *detectors; /* devices */
    size_t detector_count;
    uint16_t vote_n;
    enum fault_vote fault_vote;
};

struct site_action { /* one write of an interlock */
    int32_t slave;
    int32_t point;         /* of the slave; writable */
    double value;          /* coils: 0 or 1 */
    uint32_t off_delay_ms; /* after the release it is written back only so much later */
    bool by_hand;          /* a release writes nothing: a valve that is opened at the valve */
};

struct site_interlock {
    const char *id;
    int32_t subject;
    int32_t zone;         /* when: this zone votes, … */
    int32_t device;       /* … or this one device; exactly one of the two is not -1 */
    const int32_t *rules; /* per detector of the zone (or the one device): the rule that votes; -1: it has none */
    size_t rule_count;
    const char *alarm; /* id of that alarm */
    const struct site_action *actions;
    size_t action_count;
    int32_t confirm_device; /* -1: no feedback configured */
    int32_t confirm_point;  /* of the device */
    double confirm_equals;
    uint32_t confirm_within_ms;
    bool latch;
    bool silenceable;
    int32_t failed_rule; /* interlock.failed */
};

enum drills { DRILLS_MARK, DRILLS_DROP };

/* What is meant for a centre at all. Kept as names, because a record of a device that is gone is judged by the names in it. */
struct site_only {
    const char *const *classes; /* a device is meant when its class is named, … */
    size_t class_count;
    const char *const *devices; /* … or it is itself; both lists empty: every device */
    size_t device_count;
    enum priority lowest; /* alarms below it are not meant */
};

struct site_centre {
    const char *id;
    const char *urls[4];
    size_t url_count;
    const char *prefix;   /* "outpost/v1" */
    uint8_t mqtt;         /* 5 or 3 */
    const char *username; /* "" none */
    const char *password_file;
    const char *ca_file;
    const char *cert_file;
    const char *key_file;
    enum drills drills;
    bool filtered; /* by `only` or `drills`: not every record is meant for it, so each names the one before it */
    struct site_only only;
    bool deflate;
    bool receipt;            /* delivered is what the centre itself says it has */
    uint32_t batch_ms;       /* telemetry is collected for so long; 0: sent as it comes */
    uint32_t health_ms;      /* from one health message to the next; default 60 s */
    uint32_t backoff_min_ms; /* default 1 s */
    uint32_t backoff_max_ms; /* default 60 s */
    uint32_t history_rate;   /* bytes of history a second at most; 0: as fast as it goes */
};

struct site_journal {
    const char *dir;
    uint64_t size_max;
    uint32_t keep_sent_s;
    uint64_t
        flash_budget; /* bytes a day to be written at most; 0: none, every record is on the disk before it is sent */
};

struct site {
    const char *file;   /* absolute path of the site file */
    const char *sha256; /* of its bytes, 64 hex digits */
    const char *id;
    const char *name;
    const char *time_zone;
    const struct time_zone *local_time; /* NULL: UTC */
    const char *language;               /* "zh" or "en" */
    const char *area_code;
    const char *grid_code; /* "" none */
    const struct site_bus *buses;
    size_t bus_count;
    const struct site_slave *slaves;
    size_t slave_count;
    const struct site_device *devices;
    size_t device_count;
    const struct subject *subjects;
    size_t subject_count;
    const struct rule *rules; /* grouped by subject, in subject order */
    size_t rule_count;
    const char *const *groups; /* names of the first-out groups */
    size_t group_count;
    const struct site_zone *zones;
    size_t zone_count;
    const struct site_interlock *interlocks;
    size_t interlock_count;
    const struct site_centre *centres;
    size_t centre_count;
    const struct cylinder_list *cylinders; /* NULL: none are listed, any may be used */
    struct site_journal journal;
};

#endif
