/* news: what the judge tells the recorder. Two rings carry it: one for what must never be dropped (alarms,
 * notices, stored states), one for telemetry, which may be (declared) when the disk cannot follow.
 *
 * The recorder gives the numbers (stream, lane, seq), because a number exists exactly when its record is
 * committed or declared lost; the judge never waits for a disk to know one. */
#ifndef OUTPOST_MODEL_NEWS_H
#define OUTPOST_MODEL_NEWS_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/model/alarm_state.h"
#include "gateway/model/order.h"
#include "gateway/model/sample.h"
#include "gateway/model/site.h"

enum news_kind {
    NEWS_ALARM,     /* an alarm changed state: lane a, with its new stored state in one transaction */
    NEWS_NOTICE,    /* what is not an alarm: lane a */
    NEWS_STORED,    /* only a state to keep (a crossing begins to wait, a hold starts or ends): nothing published */
    NEWS_HUSHED,    /* an alarm changed state in a flood: its new stored state, and no record */
    NEWS_TELEMETRY, /* lane t */
};

#define NEWS_DETAIL_MAX 768
#define NEWS_TEXTS_MAX  1024

/* wire.md: event */
#define NOTICE_LIST(X)                                                                                                 \
    X(NOTICE_BOOT, "boot")                                                                                             \
    X(NOTICE_STOP, "stop")                                                                                             \
    X(NOTICE_GAP, "gap")                                                                                               \
    X(NOTICE_CLOCK_SET, "clock_set")                                                                                   \
    X(NOTICE_CLOCK_STEP, "clock_step")                                                                                 \
    X(NOTICE_BUS_LOST, "bus_lost")                                                                                     \
    X(NOTICE_BUS_FOUND, "bus_found")                                                                                   \
    X(NOTICE_ORDER, "order")                                                                                           \
    X(NOTICE_INTERLOCK_TRIPPED, "interlock_tripped")                                                                   \
    X(NOTICE_INTERLOCK_COMMANDED, "interlock_commanded") /* written and read back */                                   \
    X(NOTICE_INTERLOCK_CONFIRMED, "interlock_confirmed") /* feedback input says so */                                  \
    X(NOTICE_INTERLOCK_RELEASED, "interlock_released")                                                                 \
    X(NOTICE_INTERLOCK_SILENCED, "interlock_silenced")                                                                 \
    X(NOTICE_INTERLOCK_HELD, "interlock_held") /* it would have tripped: a drill holds its outputs */                  \
    X(NOTICE_FLOOD_STARTED, "flood_started") /* alarms of medium priority and below are told in sums from here … */  \
    X(NOTICE_FLOOD_SUMMARY, "flood_summary") /* … such as this */                                                    \
    X(NOTICE_FLOOD_ENDED, "flood_ended")                                                                               \
    X(NOTICE_DRILL_BEGUN, "drill_begun")                                                                               \
    X(NOTICE_DRILL_ENDED, "drill_ended")                                                                               \
    X(NOTICE_DUE, "due")                           /* a date of the site file is 60, 30, 7 days away, or here */       \
    X(NOTICE_CYLINDER_SWAPPED, "cylinder_swapped") /* another cylinder is where one was */                             \
    X(NOTICE_CONFIG_APPLIED, "config_applied")                                                                         \
    X(NOTICE_CONFIG_REFUSED, "config_refused")                                                                         \
    X(NOTICE_CENTRE, "centre")   /* a centre's broker refuses this gateway, or somebody else has its id */             \
    X(NOTICE_JOURNAL, "journal") /* opened late, set aside, salvaged … */

#define NOTICE_ENUM(name, text) name,
enum notice { NOTICE_LIST(NOTICE_ENUM) NOTICE_COUNT };
#undef NOTICE_ENUM
const char *notice_text(enum notice notice);

/* What state its device was in: the first points of a class that have codes are its modes (service_mode, detector_mode,
 * burner_phase …). */
#define NEWS_CONTEXT_MAX 4
struct news_context {
    uint16_t point; /* index into device.points */
    uint16_t code;  /* index into its codes */
};

struct news_alarm {
    uint32_t rule;
    uint8_t event; /* enum alarm_event */
    uint8_t from;  /* enum alarm_state */
    uint8_t to;
    uint8_t first_out;
    uint8_t has_value;
    uint8_t quality; /* of the value */
    uint8_t test;
    uint8_t chattering;
    uint32_t count; /* activations since the last record of it, beside this one */
    uint32_t context_count;
    struct news_context context[NEWS_CONTEXT_MAX];
    uint32_t occurrence;  /* relative: see struct stored */
    uint32_t first_rule;  /* 1 + who of its group came first, when it was another; 0 */
    int64_t until_utc_ms; /* EVENT_SHELVED: when that ends; 0 */
    double value;
    char by[ORDER_BY_MAX + 1];   /* "" null */
    char why[ORDER_WHY_MAX + 1]; /* "" null */
};

/* What became of a centre's order: it is kept beside the order's id, and the centre's sender finds it there. */
struct news_answer {
    uint32_t centre; /* index into site.centres */
    uint32_t count;
    char id[ORDER_ID_MAX + 1]; /* "" it was nobody's order */
    char code[24];             /* "" done */
    char why[ANSWER_WHY_MAX + 1];
};

struct news_notice {
    uint32_t notice; /* enum notice */
    struct news_answer answer;
    char detail[NEWS_DETAIL_MAX]; /* JSON members without braces, e.g. "bus":"b1","why":"…"; made with base/text */
};

/* One record of one device: every point that was ever read, in device point order. */
struct news_telemetry {
    uint32_t device;
    uint16_t sample_count;
    uint16_t text_size;
    uint8_t test;
    uint8_t zero[3];
    uint32_t dropped; /* records (of any device) the full ring refused since the last one it took: declared lost */
    char texts[NEWS_TEXTS_MAX];
    struct sample samples[SITE_DEVICE_POINTS_MAX];
};

struct news {
    uint8_t kind; /* enum news_kind */
    uint8_t has_stored;
    uint8_t synced; /* clk */
    uint8_t zero[5];
    int64_t utc_ms; /* when it was read or decided */
    int64_t mono_us;
    struct stored stored;
    union {
        struct news_alarm alarm;
        struct news_notice notice;
        struct news_telemetry telemetry; /* last: only the used samples travel */
    } is;
};

size_t news_size(const struct news *news);

#endif
