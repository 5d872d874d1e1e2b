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
    X(EVENT_REARMED, "rearmed")

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
};

enum stored_interlock {
    STORED_READY,
    STORED_TRIPPED,
    STORED_RELEASING, /* released, its outputs not yet written back */
};

/* What the journal keeps of one thing that must survive a restart. Fixed size, by value. */
struct stored {
    uint8_t kind;  /* enum stored_kind */
    uint8_t state; /* rule: enum alarm_state; interlock: enum stored_interlock */
    uint8_t sub;
    uint8_t flags;       /* STORED_* below */
    uint32_t index;      /* into the site; the journal keeps it by name */
    uint32_t occurrence; /* rule: relative to the occurrence number at start of this process (see recorder.h) */
    uint8_t quality;
    uint8_t has_value;
    uint8_t zero[2];
    int64_t since_utc_ms;    /* rule: when the present occurrence was raised */
    int64_t pending_mono_ms; /* rule: since when a crossing waits for its on-delay; hold: since when; 0 none */
    double value;            /* at the raise */
};

#define STORED_CONDITION  0x01 /* the condition holds (after on-delay): votes and interlocks look at this */
#define STORED_OTHER_BOOT 0x02 /* set on restore: the machine was rebooted since, pending_mono_ms means nothing */
#define STORED_SILENCED   0x04

#endif
