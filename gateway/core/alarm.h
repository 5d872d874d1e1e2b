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
 *     good reading: nothing clears unseen. (Rules without a point, as comm, know their truth at any time: there
 *     both delays end by themselves.)
 *   - Before the first reading since start a rule neither raises nor clears.
 *
 * A rule with `when` has a condition of two halves, crossing AND gate, joined three-valued (alarm_gate()). While the gate is
 * known to be shut the rule is judged as a reading that does not cross, even beside a reading that is bad: so the on-delay
 * ends for nothing, and what was raised clears after its off-delay (a latch stays a latch). A gate whose own reading is
 * uncertain is one that shows no crossing in doubt: it holds. A gate that cannot be read stands open.
 *
 * Out of sight: SHELVED (a person, for a time), SUPPRESSED (the site file's logic), OOS (maintenance, until returned). The
 * condition is followed all the same, because votes and interlocks look at it; nothing is told. Who is acknowledged stays so
 * until something new happens; a latch stays or becomes set. On leaving, in one change: the condition holds -> UNACK, a new
 * occurrence; else a latch -> LATCH_ACKED or LATCH_UNACK; else NORM. OOS outranks SUPPRESSED, which outranks SHELVED: a shelf
 * ends when either begins; leaving OOS or a shelf while suppression holds leads to SUPPRESSED. A critical rule is neither
 * shelved nor suppressed, whatever the site says.
 *
 * Chattering (core/chatter.h): from the activation that makes it so the alarm stands as raised, acknowledged or not, until it
 * ceases; then its end is told. The condition is followed all the same. With a point it ceases, when the condition is false,
 * only at a good reading. Each CHATTER_US a change `chattering`, from its state to the same, says how often it activated, and
 * one more that it has ceased while the condition holds.
 *
 * Every activation is either a raise that was told or counted in the next change that is (alarm_change.count): out of sight,
 * while it chatters, in a flood, and where the news could not be told fast enough.
 *
 * In a flood (core/flood.h) changes are committed hushed: the state moves and no record is made. alarm_behind() is the change
 * that tells what became of it since; it goes before any other that is told. */
#ifndef OUTPOST_CORE_ALARM_H
#define OUTPOST_CORE_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/core/chatter.h"
#include "gateway/core/tri.h"
#include "gateway/model/alarm_state.h"
#include "gateway/model/sample.h"
#include "gateway/model/site.h"

#define ALARM_NEVER         INT64_MAX
#define ALARM_SHELVE_MAX_MS 28800000 /* 8 h, one shift: IEC 62682 wants a limit and leaves it to the site */

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
    bool known;       /* a reading with a value was judged since start */
    bool moved;       /* something happened since start: stored states that come later do not count any more */
    bool pending;     /* a crossing waits for its on-delay … */
    bool running;     /* with pending: its clock runs … */
    bool frozen;      /* … or stands since frozen_mono_us */
    bool clearing;    /* the last reading was good and showed no crossing */
    bool owes_raise;  /* the condition became true and nobody was told */
    bool suppressing; /* the site's logic wants it out of sight */
    bool latched;     /* out of sight: a latch is or became set */
    bool seen;        /* out of sight: acknowledged, and nothing new since */
    bool one_shot;    /* SHELVED: until the condition next ends */
    bool first_out;   /* this occurrence was the first of its group */
    bool over;        /* SHELVED: the shelf has ended, at over_at; ACKED: it is to be raised anew, then */
    bool recurred;    /* there was another occurrence since the last record, without one of its own */
    bool owes_count;  /* CHATTER_US are over since it last said how often, or it has ceased to chatter, at counted_at */
    bool has_value;
    bool raise_has_value;
    uint8_t quality;
    uint8_t raise_quality;
    uint8_t told;             /* the state to which the last record led */
    uint16_t told_flags;      /* what the journal knows … */
    uint32_t told_count;      /* … and that, */
    uint32_t told_cleared_ms; /* … and that */
    uint32_t count;           /* activations since the last record that none was made of */
    uint32_t occurrence;      /* relative to this process: 0 is the stored one */
    int64_t until_mono_us;    /* SHELVED: the end of the shelf; ACKED: when it is raised anew; 0 none */
    int64_t until_utc_ms;
    int64_t pending_mono_us;
    int64_t frozen_mono_us;
    int64_t clearing_mono_us; /* time of the last reading that showed no crossing */
    int64_t cleared_for_us;   /* how much of the off-delay has run */
    int64_t since_utc_ms;     /* when the present occurrence was raised */
    int64_t told_pending_ms;  /* what the journal knows: 0 none */
    double value;             /* last one seen */
    double raise_value;
    struct alarm_moment raised_at;   /* valid with owes_raise */
    struct alarm_moment ended_at;    /* when the condition became false */
    struct alarm_moment suppress_at; /* when `suppressing` last changed */
    struct alarm_moment over_at;
    struct alarm_moment counted_at; /* valid with owes_count */
    int64_t counted_mono_us;        /* chattering: when its activations were last told */
    struct chatter chatter;
};

/* A transition that is due. */
struct alarm_change {
    uint8_t event; /* enum alarm_event */
    uint8_t from;  /* enum alarm_state */
    uint8_t to;
    bool has_value;
    uint8_t quality;
    bool one_shot;  /* to SHELVED */
    bool first_out; /* of a new occurrence: set by who knows the group, before it is told */
    bool chattering;
    uint32_t count; /* activations since the last record, beside this one */
    uint32_t occurrence;
    double value;
    struct alarm_moment at; /* when it was decided */
    int64_t until_mono_us;  /* to SHELVED: when that ends; to ACKED: when it will be raised anew; 0 none */
    int64_t until_utc_ms;
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

/* Ends an on-delay, a shelf, a wait for re-alarm or a chattering that has run out by then. */
void alarm_tick(struct alarm *alarm, const struct rule *rule, struct alarm_moment at);

/* The site's logic now wants the rule out of sight, or no longer. Nothing for a critical rule. */
void alarm_suppress(struct alarm *alarm, const struct rule *rule, bool wanted, struct alarm_moment at);

/* When alarm_tick() (rules without a point: another reading) has something to do; ALARM_NEVER. */
int64_t alarm_next_mono_us(const struct alarm *alarm, const struct rule *rule);

/* The next change to tell, if there is one. Changes nothing. */
bool alarm_owed(const struct alarm *alarm, const struct rule *rule, struct alarm_change *ret_change);
/* The change was told. */
void alarm_commit(struct alarm *alarm, const struct rule *rule, const struct alarm_change *change);
/* The change was made without being told. */
void alarm_commit_hushed(struct alarm *alarm, const struct rule *rule, const struct alarm_change *change);
/* Is there something that became of it by changes that were not told? */
static inline bool alarm_is_behind(const struct alarm *alarm)
{
    return alarm->told != alarm->state || alarm->recurred;
}
/* What that is; false: nothing. */
bool alarm_behind(const struct alarm *alarm, struct alarm_moment at, struct alarm_change *ret_change);

enum alarm_order { ALARM_ACK, ALARM_RESET, ALARM_SHELVE, ALARM_UNSHELVE, ALARM_DISABLE, ALARM_ENABLE };

struct alarm_wish {
    uint8_t what;    /* enum alarm_order */
    bool one_shot;   /* ALARM_SHELVE: until the condition next ends, at most for_ms */
    uint32_t for_ms; /* ALARM_SHELVE: from now; 0: the longest that is allowed. Shelving anew extends */
};

/* What an order would do now. ERR_OK: *ret_change is to be told and committed. ERR_REFUSED: *ret_code is one word, static:
 * nothing_to_do, ack_first, condition_active, not_shelvable, latched (to be reset, not shelved), too_long, suppressed,
 * out_of_service. */
MUST_CHECK enum err alarm_obey(const struct alarm *alarm, const struct rule *rule, struct alarm_wish wish,
                               struct alarm_moment at, struct alarm_change *ret_change, const char **ret_code);

/* Puts a stored state back; only of an alarm that has not moved yet. A crossing that waited goes on from its start, or, when
 * the machine was rebooted, counts as run out as soon as a first reading still crosses; a standing (stuck) begins anew, because
 * nobody knows any more where it stood. An off-delay goes on from where it was when that was stored last; the time in between
 * does not count, so no clock is asked. The count towards chattering goes on, of the same boot; who chattered goes on doing
 * so, as if it had activated now. A shelf goes on until its end; after a reboot by the wall clock, and when that is not
 * set it has ended. States of a later version of the program count as NORM. */
void alarm_restore(struct alarm *alarm, const struct rule *rule, const struct stored *stored, struct alarm_moment at);

/* When something stored ends: by the monotonic clock of the same boot, else by the wall clock; never more than `most_ms` from
 * now, and over when nobody knows: who is out of sight too long is missed. 0: it has no end. */
int64_t alarm_until_restored(const struct stored *stored, int64_t most_ms, struct alarm_moment at);

/* What the journal is to keep (kind, state, flags, occurrence, value, times); `index` is the rule's. */
struct stored alarm_stored(const struct alarm *alarm, const struct rule *rule, uint32_t index);
/* True while the journal knows another waiting crossing than there is, more of the off-delay than has run, or less by a step of
 * it (an eighth, at least two seconds), or what happened out of sight is not stored yet; alarm_told() after it was told
 * alarm_stored(). Rules without a point, and stuck, do not have their delays kept: their truth is found anew at each start. */
bool alarm_untold(const struct alarm *alarm, const struct rule *rule);
/* The same at an orderly stop, where a last row costs nothing: more of the off-delay has run than the journal knows. */
bool alarm_clears_further(const struct alarm *alarm, const struct rule *rule);
void alarm_told(struct alarm *alarm);

/* Rules without a point (comm, failed, due, used) know their truth at any time. */
static inline bool alarm_has_point(const struct rule *rule)
{
    return rule->kind != RULE_COMM && rule->kind != RULE_FAILED && rule->kind != RULE_DUE && rule->kind != RULE_USED;
}

/* SHELVED, SUPPRESSED or OOS. */
static inline bool alarm_is_out_of_sight(const struct alarm *alarm)
{
    return alarm->state >= ALARM_SHELVED;
}

#endif
