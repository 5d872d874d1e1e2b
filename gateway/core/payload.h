/* payload: the bytes of every message a centre sees (docs/PROTOCOL.md is the contract, docs/schema/ its machine form).
 *
 * Pure: from the site and what happened to UTF-8 JSON in the caller's buffer. Nothing here knows numbers, times or
 * streams by itself; they come in a stamp. Fields have a fixed order, so that the same record is always the same bytes.
 * No function fails by itself: when the buffer is too small the writer's `full` is set and the content is not to be used
 * (payload_active and payload_health are the exceptions: they leave out what does not fit and say so).
 *
 * Numbers are the shortest decimals that read back the same; integers beyond 2^53 are strings, because JSON readers keep
 * numbers in doubles. What cannot be printed as a good value (NaN, an unknown code, a text outside its area) is `bad`,
 * `invalid`: it never becomes a number. */
#ifndef OUTPOST_CORE_PAYLOAD_H
#define OUTPOST_CORE_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/text.h"
#include "gateway/model/news.h"
#include "gateway/model/site.h"
#include "gateway/model/tally.h"

/* A message over ~15 KB meets Nagle and, with TLS, a second record (23 messages a second at window 1). A telemetry record
 * of 256 points with ids of 64 letters would be larger; it is still sent whole, so the room for one record is larger. */
#define PAYLOAD_MESSAGE_MAX  ((size_t)15 * 1024)
#define PAYLOAD_HISTORY_MAX  ((size_t)12 * 1024)
#define PAYLOAD_RECORD_MAX   ((size_t)60 * 1024)
#define PAYLOAD_RETAINED_MAX ((size_t)64 * 1024)
#define PAYLOAD_UID_MAX      400 /* stream, device, alarm id (cut at 255) and number with their slashes */

/* What every record begins with. */
struct payload_stamp {
    const char *stream;
    char lane; /* 'a' or 't' */
    uint64_t seq;
    uint32_t boot;
    int64_t at_utc_ms;
    bool synced;
    int64_t mono_ms; /* the same moment on the clock that is never set; alarms tell it, and nobody else looks at it */
};

void payload_telemetry(struct text *out, const struct site *site, const struct payload_stamp *stamp,
                       const struct news_telemetry *news);

/* `occurrence` is the absolute number (what the journal had at start plus the judge's relative one). */
void payload_alarm(struct text *out, const struct site *site, const struct payload_stamp *stamp,
                   const struct news_alarm *alarm, uint64_t occurrence);

/* An alarm that is open in the journal but no longer in the site file: it ends, why "removed". */
struct payload_removed {
    const char *dev;
    const char *cls;
    const char *alarm;
    const char *priority;
    enum alarm_state from;
    uint64_t occurrence;
};
void payload_removed(struct text *out, const struct site *site, const struct payload_stamp *stamp,
                     const struct payload_removed *removed);

/* `detail`: further members without braces ("\"of\":\"t\",\"from\":1"), or "". */
void payload_event(struct text *out, const struct site *site, const struct payload_stamp *stamp, const char *event,
                   const char *detail);

/* active/{dev}: begin, one add for each alarm that is not NORM, end. */
struct payload_active {
    struct text *out;
    const struct site *site;
    const char *stream;
    int32_t subject;
    uint32_t count;       /* written */
    uint32_t left_out;    /* did not fit: published as "more" */
    enum priority lowest; /* alarms below it are left out silently; may be set after begin */
};
struct payload_active_alarm {
    const char *alarm; /* rules that are not in the site are left out silently */
    enum alarm_state state;
    bool chattering;
    bool test;            /* the last that was told of it belonged to a drill */
    int64_t until_utc_ms; /* SHELVED: when that ends; 0 not told */
    uint64_t occurrence;
    int64_t since_utc_ms;
    bool has_value;
    double value;
};
void payload_active_begin(struct payload_active *active, struct text *out, const struct site *site, const char *stream,
                          int32_t subject, int64_t at_utc_ms, uint64_t upto);
void payload_active_add(struct payload_active *active, const struct payload_active_alarm *alarm);
void payload_active_end(struct payload_active *active);

/* registry/{dev}. The digest is SHA-256 over exactly what payload_registry_content writes: the message as one JSON object
 * without v, gw, at, rev and sha256. */
void payload_registry_content(struct text *out, const struct site *site, int32_t subject);
void payload_registry(struct text *out, const struct site *site, int32_t subject, int64_t at_utc_ms, uint32_t rev,
                      const char *sha256);

/* status: `reason` NULL means online; else offline and why ("lost" in the will, "stopped"). */
struct payload_status {
    const char *stream;
    const char *version;
    const char *reason;
    uint32_t boot;
    uint32_t conn; /* number of this connection to this centre since start, from 1 */
    uint64_t lw_a; /* as published: every number below it is settled */
    uint64_t lw_t;
    int64_t at_utc_ms;
    bool synced;
};
void payload_status(struct text *out, const struct site *site, const struct payload_status *status);

/* history: begin, the records as they were recorded, end. */
void payload_history_begin(struct text *out, const struct site *site, const char *stream, size_t stream_size,
                           uint64_t lw_t);
void payload_history_add(struct text *out, bool first, const char *record, size_t record_size);
/* `prev`: of each record the number of the one before it that was meant for this centre; NULL: not said. */
void payload_history_end(struct text *out, const uint64_t *prev, size_t prev_count);
/* The stream a record was written in (it may be older than the present one); NULL when the bytes are not a record. */
const char *payload_stream_of(const char *record, size_t record_size, size_t *ret_stream_size);

/* reply: what became of an order. `detail` as for payload_event; `code` "" means that it was done. */
struct payload_reply {
    const char *id;
    const char *code;
    const char *why;
    const char *detail;
};
void payload_reply(struct text *out, const struct payload_reply *reply);

/* The reply to `read`: the newest samples of a device. What does not fit is counted in "more". */
struct payload_reading {
    const char *id; /* of the order */
    size_t device;
    int64_t at_utc_ms; /* now … */
    int64_t mono_us;   /* … and on the clock of: */
    const struct sample *samples;
    const int64_t *read_mono_us; /* when each was last read, or tried to be; 0: not told */
    const char *texts;
    size_t text_size;
};
void payload_reading(struct text *out, const struct site *site, const struct payload_reading *reading);

/* health. Numbers are those of the board; -1 where an int64_t is not known. */
struct payload_health {
    struct payload_status status; /* stream, boot, lw, at, synced */
    int64_t uptime_s;
    bool journal_ok;
    uint64_t last_a;
    uint64_t last_t;
    uint64_t journal_bytes;
    uint64_t commits;
    uint64_t dropped;
    int64_t days_to_full;
    int64_t rss_bytes;
    int64_t anon_bytes;
    int64_t cpu_ms;
    int64_t written_bytes;
    struct tally_alarms alarms;
};
struct payload_health_bus {
    const char *id;
    bool open;
    bool brief;            /* without what is said only where there is room */
    int64_t load_permille; /* of the last interval: share of time with a request under way */
    int64_t wire_permille; /* what characters alone took of it */
    int64_t cycle_ms;
    uint64_t reopened;
    const struct tally *tally;
    const struct tally_poll *polls; /* POLL_CLASS_COUNT */
};
struct payload_health_slave {
    const char *id;
    bool answering;
    bool stranger;    /* answers, but is not what its profile describes */
    uint16_t refused; /* points it refuses to be read */
    int64_t rtt_ms;   /* median */
    int64_t rtt_p99_ms;
    int64_t age_ms; /* of the last answer */
    const struct tally *tally;
};
/* {"raised":…}: also for `outpost status --json`. */
void payload_put_alarms(struct text *out, const struct tally_alarms *alarms);
void payload_health_begin(struct text *out, const struct site *site, const struct payload_health *health);
/* Those that are not well, one after the other, before the buses; `end` after the last of them, when there was one. */
struct payload_health_centre {
    const char *id;
    bool connected;
    bool refused;
    const char *trouble; /* "" none */
};
void payload_health_centre(struct text *out, bool first, const struct payload_health_centre *centre);
void payload_health_centres_end(struct text *out);
void payload_health_buses(struct text *out);
/* False, and nothing written, when the message would grow beyond what is left beside the slaves. */
bool payload_health_bus(struct text *out, const struct site *site, bool first, const struct payload_health_bus *bus);
void payload_health_slaves(struct text *out);
/* The same. */
bool payload_health_slave(struct text *out, bool first, const struct payload_health_slave *slave);
void payload_health_end(struct text *out, size_t buses_left_out, size_t slaves_left_out);

#endif
