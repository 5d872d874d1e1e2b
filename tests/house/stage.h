/* stage: the time of the play, and the list of what went wrong.
 *
 * World time `t_us` starts at 0 and runs on over restarts and reboots. The house sees a monotonic clock that starts anew at
 * each reboot, and a wall clock. Fakes convert with the functions here. */
#ifndef OUTPOST_HOUSE_STAGE_H
#define OUTPOST_HOUSE_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"

#define STAGE_UTC_MS  1795310000000LL /* wall clock at world time 0 */
#define STAGE_MONO_US 500000000LL     /* monotonic clock at the first boot: not 0, so that 0 stays "never" */

#define SECOND 1000000LL
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

/* What must hold. Each is broken on purpose once in controls.c, to prove that the oracle sees it. */
#define INVARIANT_LIST(X)                                                                                              \
    X(INV_LINK, "link")                 /* the house uses a link as ports/link.h says */                               \
    X(INV_FENCE, "fence")               /* no late answer is taken for the answer to another request */                \
    X(INV_LIFT, "lift")                 /* nothing is ever written to a slave of the lift */                           \
    X(INV_UPLINK, "uplink")             /* the house uses an uplink as ports/uplink.h says */                          \
    X(INV_SPIN, "spin")                 /* no room asks to be called again and again at one instant */                 \
    X(INV_NUMBERS, "numbers")           /* lanes are gap-free, or the gap is declared */                               \
    X(INV_DUPLICATE, "duplicate")       /* a number stands for one byte string for ever */                             \
    X(INV_SHAPE, "shape")               /* what is sent has the shape of docs/PROTOCOL.md */                           \
    X(INV_SEQUENCE, "sequence")         /* each lane goes out in order within a connection */                          \
    X(INV_CHAIN, "chain")               /* an alarm leaves only the state it was in; occurrences never repeat */       \
    X(INV_FALSE_RAISE, "false_raise")   /* raised without a good reading that crossed for long enough */               \
    X(INV_MISSED_RAISE, "missed_raise") /* crossed for long enough and not raised */                                   \
    X(INV_FALSE_CLEAR, "false_clear")   /* cleared without good readings below for long enough */                      \
    X(INV_MISSED_CLEAR, "missed_clear") /* below for long enough and not cleared */                                    \
    X(INV_ALARM_VALUE, "alarm_value")   /* value and limit of a raise are those of the plant and the site file */      \
    X(INV_VALUE, "value")               /* a published value is what the plant held when it was read */                \
    X(INV_REASON, "reason")             /* a point without a value says the right reason */                            \
    X(INV_PACE, "pace")                 /* telemetry at most once per `every` */                                       \
    X(INV_SILENCE, "silence")           /* telemetry at least each `max_silence` */                                    \
    X(INV_INTERLOCK, "interlock")       /* trip, write, confirm or fail, each in time and only with cause */           \
    X(INV_ACTIVE, "active")             /* retained active/ says what the events add up to */                          \
    X(INV_STATUS, "status")             /* status is true, and its low-water mark too */                               \
    X(INV_LATENCY, "latency")           /* an alarm is at a healthy centre at once */                                  \
    X(INV_ORDER, "order")               /* orders do what they say and nothing else */

#define INVARIANT_ENUM(name, text) name,
enum invariant { INVARIANT_LIST(INVARIANT_ENUM) INV_COUNT };
#undef INVARIANT_ENUM

const char *invariant_text(enum invariant invariant);

struct stage {
    int64_t t_us;          /* world time */
    int64_t boot_us;       /* world time of the last boot of the machine */
    bool dead;             /* the process has been killed: whatever it still does reaches nobody */
    int64_t crash_in;      /* kills the process at the n-th touch of the outside world; 0 off */
    int64_t sync_crash_in; /* the same at the n-th sync of a file, when all that it is for is written */
    void (*crash)(void *context);
    void *context;

    size_t broken[INV_COUNT];
    size_t broken_count;
    bool quiet; /* a negative control: count, do not print */
};

static inline int64_t stage_mono_us(const struct stage *stage, int64_t t_us)
{
    return t_us - stage->boot_us + STAGE_MONO_US;
}

static inline int64_t stage_world_us(const struct stage *stage, int64_t mono_us)
{
    return mono_us == CLOCK_NEVER ? CLOCK_NEVER : mono_us - STAGE_MONO_US + stage->boot_us;
}

static inline int64_t stage_utc_ms(int64_t t_us)
{
    return STAGE_UTC_MS + t_us / 1000;
}

static inline int64_t stage_at_us(int64_t utc_ms)
{
    return (utc_ms - STAGE_UTC_MS) * 1000;
}

struct now stage_now(const struct stage *stage);

/* The invariant does not hold: says when and what. */
void stage_blame(struct stage *stage, enum invariant invariant, int64_t t_us, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Every fake calls this when the house touches it: here a process may die. */
void stage_touch(struct stage *stage);

/* The house syncs a file: here too. */
void stage_sync(struct stage *stage);

/* Room for one more element in a growing array of this test. */
void *stage_grow(void *array, size_t count, size_t *max, size_t element_size);

#endif
