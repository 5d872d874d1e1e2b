/* alarm_state: the states of an alarm (IEC 62682 / ISA-18.2), what is stored of one, and the words for them. */
#ifndef OUTPOST_MODEL_ALARM_STATE_H
#define OUTPOST_MODEL_ALARM_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/model/class.h"
#include "gateway/model/value.h"

/* condition, acknowledged, latched: see docs/PROTOCOL.md */
#define ALARM_STATE_LIST(X)                                                                                            \
    X(ALARM_NORM, "NORM")                                                                                              \
    X(ALARM_UNACK, "UNACK")                                                                                            \
    X(ALARM_ACKED, "ACKED")                                                                                            \
    X(ALARM_RTN_UNACK, "RTN_UNACK")                                                                                    \
    X(ALARM_LATCH_UNACK, "LATCH_UNACK")                                                                                \
    X(ALARM_LATCH_ACKED, "LATCH_ACKED")                                                                                \
    X(ALARM_SHELVED, "SHELVED")                                                                                        \
    X(ALARM_SUPPRESSED, "SUPPRESSED")                                                                                  \
    X(ALARM_OOS, "OOS")

#define ALARM_EVENT_LIST(X)                                                                                            \
    X(EVENT_RAISED, "raised")                                                                                          \
    X(EVENT_CLEARED, "cleared")                                                                                        \
    X(EVENT_ACKED, "acked")                                                                                            \
    X(EVENT_RESET, "reset")                                                                                            \
    X(EVENT_SHELVED, "shelved")                                                                                        \
    X(EVENT_UNSHELVED, "unshelved")                                                                                    \
    X(EVENT_SUPPRESSED, "suppressed")                                                                                  \
    X(EVENT_UNSUPPRESSED, "unsuppressed")                                                                              \
    X(EVENT_DISABLED, "disabled")                                                                                      \
    X(EVENT_ENABLED, "enabled")                                                                                        \
    X(EVENT_REARMED, "rearmed")                                                                                        \
    X(EVENT_CHATTERING, "chattering") /* how often it activated; and that it ceases to chatter */                      \
    X(EVENT_SUMMARISED, "summarised") /* what became of it in a flood */

#define ALARM_WORD_ENUM(name, text) name,
enum alarm_state { ALARM_STATE_LIST(ALARM_WORD_ENUM) ALARM_STATE_COUNT };
enum alarm_event { ALARM_EVENT_LIST(ALARM_WORD_ENUM) ALARM_EVENT_COUNT };
#undef ALARM_WORD_ENUM

const char *alarm_state_text(enum alarm_state state);
const char *alarm_event_text(enum alarm_event event);
const char *priority_text(enum priority priority);   /* "critical" … */
const char *priority_colour(enum priority priority); /* "red" "orange" "yellow" "blue" "none" */
const char *priority_zh(enum priority priority);     /* "红" "橙" "黄" "蓝" "—" */

enum stored_kind {
    STORED_RULE,      /* index: rule */
    STORED_INTERLOCK, /* index: interlock */
    STORED_HOLD,      /* index: device, sub: which hold */
    STORED_DRILL,     /* index: device that is in a drill, until_*; state: enum stored_drill */
    STORED_DUE,       /* index: rule of the last stage of a date; value: the day (core/civil) of which `quality` stages
                       * were told as events */
    STORED_CYLINDER,  /* index: device; until_utc_ms: digest of the code of the cylinder that was there last */
};

enum stored_drill { STORED_OVER, STORED_RUNNING };

enum stored_interlock {
    STORED_READY,
    STORED_TRIPPED,
    STORED_RELEASING, /* released, its outputs not yet written back */
};

#define STORED_ACTIVATIONS 2

/* What the journal keeps of one thing that must survive a restart. Fixed size, by value. */
struct stored {
    uint8_t kind;  /* enum stored_kind */
    uint8_t state; /* rule: enum alarm_state; interlock: enum stored_interlock */
    uint8_t sub;
    uint8_t told;        /* rule: 1 + the state to which the last record of it led, where it moved since (a flood); 0 */
    uint32_t index;      /* into the site; the journal keeps it by name */
    uint32_t occurrence; /* rule: relative to the occurrence number at start of this process (see recorder.h) */
    uint16_t flags;      /* STORED_* below */
    uint8_t quality;
    uint8_t has_value;
    uint32_t count;          /* rule: activations that no record tells of yet */
    uint32_t cleared_ms;     /* rule: how much of its off-delay had run, at least */
    int64_t since_utc_ms;    /* rule: when the present occurrence was raised */
    int64_t pending_mono_ms; /* rule: since when a crossing waits for its on-delay; hold: since when; 0 none */
    double value;            /* at the raise */
    int64_t until_mono_ms; /* rule: when its shelf ends, or when it is raised anew (rearm); drill: its end; 0 none … */
    int64_t until_utc_ms;  /* … and by the wall clock, for another boot */
    int64_t active_mono_ms[STORED_ACTIVATIONS]; /* rule: its last activations, the newest first; 0 none */
};

#define STORED_CONDITION  0x001 /* the condition holds (after on-delay): votes and interlocks look at this */
#define STORED_OTHER_BOOT 0x002 /* set on restore: the machine was rebooted since, monotonic times mean nothing */
#define STORED_SILENCED   0x004
#define STORED_LATCHED    0x008 /* rule out of sight (SHELVED, SUPPRESSED, OOS): a latch is or became set */
#define STORED_SEEN       0x010 /* the same: acknowledged, and nothing new since */
#define STORED_ONE_SHOT   0x020 /* rule: its shelf ends with the next end of the condition */
#define STORED_FIRST_OUT  0x040 /* rule: this occurrence was the first of its group */
#define STORED_TEST       0x080 /* rule: the last that was told of it belonged to a drill */
#define STORED_HOLDS      0x200 /* drill: it holds the outputs of a zone, which no restart outlives */
#define STORED_CHATTERING 0x100 /* rule: it comes and goes; it stands as raised, and only its activations are counted */

#endif
