/* interlock: a vote that writes outputs, and the outputs it writes. Two pure machines.
 *
 * struct interlock: ready -> tripped -> commanded -> confirmed.
 *   tripped     the vote is on (yes). Its outputs are demanded until it is released.
 *   commanded   every output was written and read back as demanded.
 *   confirmed   a reading of the feedback taken after that shows what it should (without feedback: same as commanded).
 *   failed      a side condition, for the alarm interlock.failed: not commanded within INTERLOCK_WRITE_MS of the trip (or
 *               of the moment an output was lost), not confirmed within confirm_within_ms, or an output that had been
 *               written was found otherwise. It ends when all has been well for INTERLOCK_WELL_MS.
 * A latched interlock is released by a reset, which is refused unless all of it is known to be over; the others release
 * themselves at a known no. An unknown vote changes nothing. Silence withdraws the demand of a silenceable interlock
 * until it trips anew or another detector joins the vote.
 * While it is held (a drill that holds the outputs) it trips and is released as ever, but demands nothing and fails at
 * nothing. When the hold ends and it stands tripped, it trips for real at that moment, unless its vote is a known no: then
 * what tripped it was the drill's, and it is released.
 *
 * struct output: one coil or register that interlocks write. Demanded values win over releases, true over false. A write
 * that fails is tried again each second for ever; so is one whose answer is lost, after OUTPUT_LOST_MS. What is released
 *  is written back to its opposite (0 <-> 1), off_delay_us after the release; an output that nobody ever demanded is not
 * touched. One that is put back by hand is let go at the release, whatever became of its last write: it is never written
 * back (EN 60079-29-2: a gas valve is opened at the valve, by somebody who has looked). */
#ifndef OUTPOST_CORE_INTERLOCK_H
#define OUTPOST_CORE_INTERLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/core/tri.h"
#include "gateway/core/vote.h"
#include "gateway/model/alarm_state.h"
#include "gateway/model/order.h"
#include "gateway/model/site.h"

#define INTERLOCK_NEVER    INT64_MAX
#define INTERLOCK_WRITE_MS 3000 /* three tries */
#define INTERLOCK_WELL_MS  5000 /* an output that flaps is one failure, not one a poll */
#define OUTPUT_RETRY_MS    1000 /* after a write that failed */
#define OUTPUT_LOST_MS     10000 /* no answer from the bus at all: more than it needs for three timeouts and a read-back */

struct interlock {
    bool tripped;
    bool silenced;
    bool commanded;
    bool confirmed;
    bool failed;
    bool found_off;            /* an output was found otherwise since all was well */
    bool held;                 /* its outputs are held: it demands nothing */
    uint64_t voters;           /* who voted the last time */
    int64_t since_mono_us;     /* when its outputs were demanded, or one was lost: the deadlines count from here */
    int64_t commanded_mono_us; /* valid when commanded */
    int64_t well_mono_us;      /* when all began to be well; valid when confirmed */
};

/* What the judge sees of its surroundings. */
struct interlock_view {
    int64_t mono_us;
    struct vote vote;
    bool settled;             /* every output was written and read back as demanded */
    int64_t settled_mono_us;  /* the last of them */
    bool found_off;           /* an output was found otherwise than it had been written */
    enum tri feedback;        /* equals what it should; TRI_UNKNOWN: bad, or none yet */
    int64_t feedback_mono_us; /* when that was read */
};

/* What happened in a step: to be told as notices. */
#define INTERLOCK_TRIPPED   0x01U
#define INTERLOCK_COMMANDED 0x02U
#define INTERLOCK_CONFIRMED 0x04U
#define INTERLOCK_RELEASED  0x08U
#define INTERLOCK_RESOUNDED 0x10U /* the silence was ended by a further detector */
#define INTERLOCK_FOUND     0x40U /* with INTERLOCK_TRIPPED: its board had done it by itself */
#define INTERLOCK_WITHHELD  0x20U /* it would have tripped: its outputs are held */

/* Trips or releases by the vote; to be called before the outputs are driven. Returns what happened. */
unsigned interlock_vote(struct interlock *interlock, const struct site_interlock *site,
                        const struct interlock_view *view);
/* Follows outputs and feedback; to be called after the outputs were driven. Returns what happened. */
unsigned interlock_follow(struct interlock *interlock, const struct site_interlock *site,
                          const struct interlock_view *view);
/* When interlock_follow() has something to do without any news; INTERLOCK_NEVER. */
int64_t interlock_next_mono_us(const struct interlock *interlock, const struct site_interlock *site);

/* An output of it was found as it would write it, and nobody had: the board fell to its fail state. It trips by that, so that
 * only a release as ever takes it back; not while it is held. Returns what happened. */
unsigned interlock_found(struct interlock *interlock, const struct interlock_view *view);

/* Begins a hold, of one that is not tripped; or ends it, to be called before the outputs are driven. Returns what happened. */
void interlock_hold(struct interlock *interlock);
unsigned interlock_end_hold(struct interlock *interlock, const struct interlock_view *view);

/* Does it demand its outputs? */
static inline bool interlock_demands(const struct interlock *interlock)
{
    return interlock->tripped && !interlock->silenced && !interlock->held;
}

/* `is_over`: the vote is a known no, and no milder stage of what tripped it holds. ERR_REFUSED with one word: nothing_to_do,
 * condition_active. */
MUST_CHECK enum err interlock_reset(struct interlock *interlock, bool is_over, const char **ret_code);
/* ERR_REFUSED with one word: nothing_to_do, not_silenceable. */
MUST_CHECK enum err interlock_silence(struct interlock *interlock, const struct site_interlock *site,
                                      const char **ret_code);

/* A tripped interlock demands its outputs again at once; `voters`: who voted when it was stored, as far as known. */
void interlock_restore(struct interlock *interlock, const struct stored *stored, uint64_t voters, int64_t mono_us);
struct stored interlock_stored(const struct interlock *interlock, uint32_t index, int64_t since_utc_ms);

struct output {
    int64_t off_delay_us; /* how it is to be used: given once */
    bool by_hand;
    bool touched;         /* somebody demanded it since start: `wanted` is valid */
    bool demanded;        /* somebody demands it now */
    bool lingers;         /* nobody demands it any more, but it is written back only at off_mono_us */
    bool settled;         /* the last write of `wanted` was read back the same */
    bool found_off;       /* it was found otherwise while demanded; until the next write settles */
    uint8_t err;          /* enum err of the last try */
    bool asked;           /* a write of the present value was handed to the bus */
    uint32_t first_token; /* of the writes of the present value … */
    uint32_t last_token;  /* … all of them count */
    double wanted;
    int64_t next_mono_us;    /* when to write, or to write again */
    int64_t settled_mono_us; /* valid when settled */
    int64_t off_mono_us;     /* valid with lingers */
};

/* Nothing is left to be written to it. */
static inline bool output_rests(const struct output *output)
{
    return !output->touched || (output->settled && !output->lingers);
}

/* A demand, collected over all interlocks before output_drive(). */
struct demand {
    bool any;
    double value;
};
void demand_add(struct demand *demand, double value);

/* Follows the demand: may make a write due at once. */
void output_drive(struct output *output, struct demand demand, int64_t mono_us);
/* True when a write of output->wanted is due; the caller hands it to the bus and says how that went. */
bool output_due(const struct output *output, int64_t mono_us);
void output_sent(struct output *output, uint32_t token, int64_t mono_us);
void output_not_sent(struct output *output, int64_t mono_us); /* the way to the bus is full */
void output_written(struct output *output, const struct written *written);
/* A good reading of it: true when it is not what it was written to be, while demanded: it is written again. */
bool output_seen(struct output *output, double value, int64_t read_mono_us);
/* A good reading of it: true when nobody demands it, nothing is left to be written, and it is this value all the same, by no
 * write that was made since. */
bool output_fell(const struct output *output, double fail, double value, int64_t read_mono_us);
int64_t output_next_mono_us(const struct output *output);

#endif
