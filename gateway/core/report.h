/* report: when is a telemetry record of a device due, and what is news? Pure.
 *
 * A device reports when something passed its deadband, at most once per period, and at least each max_silence. A record
 * is made when every slave that is expected has delivered its cycle (a *round*), or REPORT_GRACE_MS after the first of
 * them began, so that one poll makes one record. Polls jitter: "once per period" is kept to a quarter of a period. A
 * max_silence no longer than the period means: each poll is sent once.
 * A reading that comes too early is held for its turn. Where readings come no faster than the period, each turn is then a
 * quarter of a period earlier than it would be, until it falls on the readings: none is held for ever. */
#ifndef OUTPOST_CORE_REPORT_H
#define OUTPOST_CORE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/model/sample.h"
#include "gateway/model/site.h"

#define REPORT_NEVER    INT64_MAX
#define REPORT_GRACE_MS 100

struct report_pace {
    int64_t every_us;
    int64_t silence_us;
};

struct report {
    bool changed;   /* there is news that was not sent */
    bool sent;      /* ever */
    bool in_round;  /* batches came since the last record */
    bool ready;     /* the round is complete since ready_mono_us */
    uint64_t ended; /* which slaves have delivered their cycle in this round */
    int64_t round_mono_us;
    int64_t round_gap_us; /* from the begin of the round before to the begin of this one */
    int64_t ready_mono_us;
    int64_t sent_mono_us;
    int64_t slot_mono_us; /* when it was due at its pace: a record that came early does not make the next one earlier */
};

/* Is the difference worth a record? Same quality class and value within the deadband: no. Texts count by quality only;
 * the caller compares their bytes. */
bool report_is_news(const struct device_point *point, const struct sample *sent, const struct sample *now);

/* A batch of the device's slave number `slave` (0..63, its place in device.slaves) came; `expected` has a bit for each
 * slave a round waits for. */
void report_batch(struct report *report, unsigned slave, bool cycle_ended, uint64_t expected, int64_t mono_us);

/* When the next record is due; REPORT_NEVER before the first batch. */
int64_t report_due_mono_us(const struct report *report, const struct report_pace *pace);

/* It was made (or had to be dropped). */
void report_sent(struct report *report, const struct report_pace *pace, int64_t mono_us);

#endif
