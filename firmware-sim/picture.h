/* picture: what one gateway has told a centre: the newest state of each device, and the facts in the order they came.
 *
 * Messages are those of gateway/docs/PROTOCOL.md, read by eyes of its own. They come from outside: whatever is in them is
 * tolerated, what is not understood is passed over and counted, and memory has a limit. Pure.
 *
 * A record that came before (same stream, lane and number) says nothing new. Readings are kept as facts only of devices that
 * somebody watches; alarms and events always. */
#ifndef OUTPOST_FIRMWARE_SIM_PICTURE_H
#define OUTPOST_FIRMWARE_SIM_PICTURE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/site.h"
#include "firmware-sim/words.h"

#define PICTURE_MESSAGE_MAX ((size_t)256 * 1024)
#define PICTURE_BURST_MAX   ((size_t)4096) /* numbers of a lane behind its newest one that are told apart */

enum fact_kind { FACT_READING, FACT_ALARM, FACT_EVENT };
enum fact_value { FACT_NONE, FACT_NUMBER, FACT_TRUTH, FACT_WORD };

struct fact {
    enum fact_kind kind;
    enum fact_value value;
    bool first_out;      /* of an alarm */
    bool test;           /* of a drill */
    bool live;           /* not from history */
    const char *subject; /* the device; of an event the interlock, device or bus it is about; "" none */
    const char *name;    /* point, alarm, event */
    const char *state;   /* reading: "good", "uncertain" or why it is bad; alarm: "raised" … */
    double number;       /* truth: 0 or 1 */
    const char *word;
    int64_t at_ms;      /* when it was, by the gateway's clock */
    int64_t arrived_ms; /* by ours */
};

struct known { /* the newest of one device; NULL: has not come */
    cJSON *registry;
    cJSON *active;
    cJSON *telemetry;
    int64_t telemetry_ms; /* when it was, by the gateway's clock */
    bool watched;
};

struct lane { /* which numbers came */
    const char *stream;
    int64_t newest;
    uint8_t seen[PICTURE_BURST_MAX / 8]; /* of the numbers up to `newest`, by number modulo PICTURE_BURST_MAX */
};

struct picture {
    const struct site *site;
    const char *root; /* "outpost/v1/demo-0001" */
    struct words words;
    struct known *devices; /* of each site device */
    cJSON *status;
    struct fact *facts;
    size_t fact_room;
    size_t fact_count;
    struct lane lanes[2]; /* a, t */
    bool has_delay;
    int64_t delay_ms;  /* smallest time from `at_ms` to `arrived_ms`: how far the clocks are apart, and the way */
    int64_t offset_ms; /* the same as it was when the watch began: while something is judged, times do not move */
    bool fixed;
    size_t garbled;    /* messages that could not be read */
    size_t forgotten;  /* facts for which there was no room */
    bool clock_unsync; /* the gateway says that its clock was never set */
};

/* With room for so many facts. Site and root must outlive it. */
void picture_open(struct picture *picture, const struct site *site, const char *root, size_t fact_room);
void picture_close(struct picture *picture); /* accepts the zeroed */

/* One message. */
void picture_take(struct picture *picture, const char *topic, const void *payload, size_t size, bool retained,
                  int64_t arrived_ms);

/* Forgets all facts; watches these devices from now on, and their newest readings are the first facts. What is known of the
 * clocks by now holds until the next watch. */
void picture_watch(struct picture *picture, const size_t *devices, size_t count);

/* When the fact was, by our clock: the smallest delay that was seen counts as none. */
int64_t picture_when(const struct picture *picture, const struct fact *fact);

bool picture_online(const struct picture *picture);

/* The newest telemetry of the device is of a drill. */
bool picture_in_drill(const struct picture *picture, size_t device);

#endif
