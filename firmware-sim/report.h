/* report: what an acceptance found, as data, and its two forms: JSON for programs, HTML for the people who sign it.
 *
 * The HTML is one file: no network, no script, prints on A4, and is well-formed XML as well. Every text is escaped,
 * so a device may be called anything. The same report gives the same bytes. Times are wall milliseconds of this
 * machine; REPORT_NEVER where there is none. Texts live elsewhere (as a rule in the pool of who makes the report)
 * and may be NULL where it says so. */
#ifndef OUTPOST_FIRMWARE_SIM_REPORT_H
#define OUTPOST_FIRMWARE_SIM_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "firmware-sim/judge.h"
#include "firmware-sim/scenario.h"
#include "firmware-sim/text.h"

#define REPORT_NEVER INT64_MIN

struct report_fact { /* an entry of the identity block */
    const char *name;
    const char *value;
};

struct report_point {
    const char *id;
    struct label label;
    const char *unit;  /* UCUM; "" none */
    const char *value; /* "" none */
    const char
        *quality; /* good, uncertain, why it is bad, "never" read, or "pending": worked out by the gateway, later */
    bool good;
    const char
        *waived; /* NULL: it is not; else why whoever signs lets it pass although it is bad, "" for no reason given */
};

struct report_alarm {
    const char *id;
    struct label label;
    const char *kind;
    const char *limit; /* "" none */
    const char *priority;
};

struct report_device {
    const char *id;
    const char *class;
    const char *profile; /* "" none */
    const struct report_fact *identity;
    size_t identity_count;
    const struct report_point *points;
    size_t point_count;
    size_t waived_count; /* of them */
    const struct report_alarm *alarms;
    size_t alarm_count;
    bool good;        /* every point is good or waived */
    const char *note; /* what is wrong as a whole; "" nothing */
};

enum report_result { REPORT_PASSED, REPORT_FAILED, REPORT_SKIPPED /* not played */ };

struct report_row { /* an action, or a check of an expectation */
    bool is_action;
    enum report_result result;
    enum judgement outcome; /* of a check */
    struct label label;
    const char *text;
    const char *subject; /* device; "" none */
    const char *note;    /* "" nothing to say */
    int64_t since_ms;    /* an action: when it was begun */
    int64_t until_ms;    /* and done; a check: the end of its time */
    int64_t when_ms;     /* a check: when that which decided it was */
    int64_t arrived_ms;  /* and when it came */
    int64_t took_ms;     /* from `since`, without pauses; REPORT_NEVER */
    int64_t within_ms;
    bool never;
    bool test; /* the record is marked as of a drill */
};

struct report_sample {
    int64_t at_ms;
    double value;
    bool good; /* else there is no value */
};

struct report_trend {
    const char *device;
    const char *point;
    const char *unit;
    bool truth; /* 0 or 1 */
    const struct report_sample *samples;
    size_t sample_count;
};

struct report_mark { /* an alarm or an event */
    int64_t at_ms;
    bool is_alarm;
    const char *subject;
    const char *name;
    const char *state; /* "" of an event */
};

struct report_scenario {
    const char *name;
    struct label label;
    const char *cast; /* "leaking=gas-kitchen" */
    enum report_result result;
    const char *note; /* "" nothing to say */
    int64_t began_ms;
    int64_t ended_ms;
    const struct report_row *rows;
    size_t row_count;
    const struct report_trend *trends;
    size_t trend_count;
    const struct report_mark *marks;
    size_t mark_count;
};

struct report {
    const char *site;    /* the gateway's name; its id where it has none */
    const char *gateway; /* id */
    const char *file;
    const char *sha256;          /* of the file */
    const char *running_sha256;  /* of the file the gateway runs; "" not said */
    const char *gateway_version; /* "" not said */
    const char *version;         /* of the program that made the report */
    const char *broker;
    bool manual;  /* people provoked, not the simulator */
    bool drill;   /* all of it was marked as a drill */
    bool stopped; /* before everything was played */
    int64_t began_ms;
    int64_t ended_ms;
    int utc_offset_min; /* times are printed in this one */
    int64_t delay_ms;   /* picture.h; REPORT_NEVER: unknown */
    bool clock_unsync;
    const char *const *notes; /* what went wrong around it */
    size_t note_count;
    const struct report_device *devices;
    size_t device_count;
    const struct report_scenario *scenarios;
    size_t scenario_count;
};

/* All devices read right, all scenarios passed, at least one was played, and nothing stopped it. */
bool report_passed(const struct report *report);

/* Points that were let pass although they are bad, of all devices. */
size_t report_waived(const struct report *report);

bool report_has_waived(const struct report_device *device, const char *point);

/* How many rows from `first` on are drawn as one: REPORT_ALIKE_LEAST checks or more of one expectation that all
 * passed, of as many devices; else 1. */
#define REPORT_ALIKE_LEAST 5
size_t report_alike(const struct report_scenario *scenario, size_t first);

const char *report_result_word(enum report_result result); /* passed, failed, skipped */
const char *report_judgement_word(enum judgement outcome); /* met, late, missing, violated, not_begun, open */

/* False when it cannot be written; the stream stays the caller's. */
SIM_CHECKED bool report_put_json(const struct report *report, FILE *out);
SIM_CHECKED bool report_put_html(const struct report *report, FILE *out);

/* Whether it could be written there: better known before than after. */
SIM_CHECKED bool report_try(const char *base, struct text *why);

/* Both as <base>.json and <base>.html, complete or not at all. */
SIM_CHECKED bool report_write(const struct report *report, const char *base, struct text *why);

#endif
