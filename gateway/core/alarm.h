/* alarm: the state machine of one rule (IEC 62682 / ISA-18.2). Pure: no clock, no I/O.
 *
 * Two things are kept apart:
 *
 *   condition   is it true, after on- and off-delay? Follows every reading at once. Votes and interlocks look at it.
 *   state       what was told: NORM UNACK ACKED … It moves only by alarm_commit(), after the recorder took the news, so
 *               that nothing is published that was not decided and nothing decided that is not published.
 *
 * So a step is: alarm_feed() or alarm_tick(); act on `condition`; then, as often as alarm_owed() says so, tell the
 * change and commit it. While news cannot be told the condition runs ahead; a raise that was not told yet is not
 * forgotten when the condition ends (raised and cleared follow each other); raises between are one occurrence.
 *
 * Doubt counts for the alarm:
 *   - A bad reading holds: it stops the clocks of both delays, never raises, never clears.
 *   - An uncertain one raises like a good one; when it shows no crossing it holds.
 *   - The on-delay runs on between readings and ends by itself (alarm_next_mono_us); a good reading without crossing ends
 *     it for nothing. The off-delay runs only between two good readings in a row that show no crossing, and ends at a
 *     good reading: nothing clears unseen. (Rules without a point, comm and failed, know their truth at any time: there
 *     both delays end by themselves.)
 *   - Before the first reading since start a rule neither raises nor clears.
 *
 * A rule with `when` has a condition of two halves, crossing AND gate, joined three-valued (alarm_gate()). While the gate is
 * known to be shut the rule is judged as a reading that does not cross, even beside a reading that is bad: so the on-delay
 * ends for nothing, and what was raised clears after its off-delay (a latch stays a latch). A gate whose own reading is
 * uncertain is one that shows no crossing in doubt: it holds. A gate that cannot be read stands open. */
#ifndef OUTPOST_CORE_ALARM_H
#define OUTPOST_CORE_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/core/tri.h"
#include "gateway/model/alarm_state.h"
#include "gateway/model/sample.h"
#include "gateway/model/site.h"

#define ALARM_NEVER INT64_MAX

struct alarm_moment {
    int64_t mono_us;
    int64_t utc_ms;
    bool synced;
};

/* What one reading says about one rule. */
struct alarm_reading {
    struct alarm_moment at;
    enum tri crossing; /* TRI_UNKNOWN: bad */
    enum quality quality;
    bool has_value;
    double value;
};

struct alarm {
    uint8_t state; /* enum alarm_state */
    bool condition;
    bool known;      /* a reading with a value was judged since start */
    bool moved;      /* something happened since start: stored states that come later do not count any more */
    bool pending;    /* a crossing waits for its on-delay … */
    bool running;    /* … and its clock runs */
    bool frozen;     /* … or stands since frozen_mono_us */
    bool clearing;   /* the last reading was good and showed no crossing */
    bool owes_raise; /* the condition became true and nobody was told */
    bool has_value;
    bool raise_has_value;
    uint8_t quality;
    uint8_t raise_quality;
    uint32_t occurrence; /* relative to this process: 0 is the stored one */
    int64_t pending_mono_us;
    int64_t frozen_mono_us;
    int64_t clearing_mono_us; /* time of the last reading that showed no crossing */
    int64_t cleared_for_us;   /* how much of the off-delay has run */
    int64_t since_utc_ms;     /* when the present occurrence was raised */
    int64_t told_pending_ms;  /* what the journal knows: 0 none */
    double value;             /* last one seen */
    double raise_value;
    struct alarm_moment raised_at; /* valid with owes_raise */
    struct alarm_moment ended_at;  /* when the condition became false */
};

/* A transition that is due. */
struct alarm_change {
    uint8_t event; /* enum alarm_event */
    uint8_t from;  /* enum alarm_state */
    uint8_t to;
    bool has_value;
    uint8_t quality;
    uint32_t occurrence;
    double value;
    struct alarm_moment at; /* when it was decided */
};

/* The zeroed struct is a valid alarm in NORM; this says so. */
void alarm_init(struct alarm *alarm);

/* Does it cross the rule's limit? `measure` is what the kind looks at:
 *
 *   hi, hihi, lo, lolo, equals, bit, code   the reading itself
 *   deviation                               how far it is from its reference
 *   rate                                    how much it has changed over the window (core/rate)
 *   stuck                                   how far it is from where it stood when the standing began
 *
 * hi, hihi, deviation, rising rate: measure >= limit; while the condition holds also >= limit - deadband (it clears below).
 * lo, lolo, falling rate (limit < 0) mirrored. equals: exactly the limit; while it holds, within the deadband. stuck: within
 * the deadband. TRI_UNKNOWN for rules without a point. */
enum tri alarm_crosses(const struct rule *rule, double measure, bool condition);

/* Is a point of this value, as a number, among those of the mask? For code_mask and when_mask. */
static inline bool alarm_mask_has(uint64_t mask, double value)
{
    return value >= 0 && value < 64 && (mask >> (unsigned)value & 1) != 0;
}

/* Joins a reading with the gate of its rule; `quality` is that of the reading that shut it. */
void alarm_gate(struct alarm_reading *reading, enum tri gate, enum quality quality);

/* Takes a reading in. Readings come in order of time. Call alarm_tick() with the reading's time first: a delay that ended
 * before it has ended. */
void alarm_feed(struct alarm *alarm, const struct rule *rule, const struct alarm_reading *reading);

/* Ends an on-delay that has run out by then. */
void alarm_tick(struct alarm *alarm, const struct rule *rule, struct alarm_moment at);

/* When alarm_tick() (rules without a point: another reading) has something to do; ALARM_NEVER. */
int64_t alarm_next_mono_us(const struct alarm *alarm, const struct rule *rule);

/* The next change to tell, if there is one. Changes nothing. */
bool alarm_owed(const struct alarm *alarm, const struct rule *rule, struct alarm_change *ret_change);
/* The change was told. */
void alarm_commit(struct alarm *alarm, const struct alarm_change *change);

enum alarm_order { ALARM_ACK, ALARM_RESET };

/* What acknowledging or resetting would do now. ERR_OK: *ret_change is to be told and committed. ERR_REFUSED: *ret_code
 * is one word (nothing_to_do, ack_first, condition_active, not_supported), static. */
MUST_CHECK enum err alarm_obey(const struct alarm *alarm, const struct rule *rule, enum alarm_order order,
                               struct alarm_moment at, struct alarm_change *ret_change, const char **ret_code);

/* Puts a stored state back. A crossing that waited goes on from its start, or, when the machine was rebooted, counts as
 * run out as soon as a first reading still crosses; a standing (stuck) begins anew, because nobody knows any more where it
 * stood. States of a later version of the program count as NORM. */
void alarm_restore(struct alarm *alarm, const struct rule *rule, const struct stored *stored);

/* What the journal is to keep (kind, state, flags, occurrence, value, times); `index` is the rule's. */
struct stored alarm_stored(const struct alarm *alarm, const struct rule *rule, uint32_t index);
/* True while the journal knows another waiting crossing than there is; alarm_told() after it was told alarm_stored().
 * Rules without a point, and stuck, do not have it kept: their truth is found anew at each start. */
bool alarm_untold(const struct alarm *alarm, const struct rule *rule);
void alarm_told(struct alarm *alarm);

#endif
