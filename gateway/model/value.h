/* value: what a point can hold, and how far to trust it. */
#ifndef OUTPOST_MODEL_VALUE_H
#define OUTPOST_MODEL_VALUE_H

#include <stdbool.h>
#include <stdint.h>

enum value_type {
    VALUE_BOOL,
    VALUE_INT,    /* unscaled signed or unsigned integers that fit an int64 */
    VALUE_UINT,   /* u64 */
    VALUE_NUMBER, /* double, in the point's unit */
    VALUE_ENUM,   /* index into the point's code list */
    VALUE_TEXT,   /* bytes in the text area beside the sample (batch.texts) */
};

/* 8 bytes, no pointers: may cross threads and be stored. Which member is valid is the point's value_type. */
union value {
    bool boolean;
    int64_t integer;
    uint64_t natural;
    double number;
    uint32_t code;
    struct {
        uint16_t offset;
        uint16_t size;
    } text;
};

enum quality {
    QUALITY_GOOD,
    QUALITY_UNCERTAIN, /* has a value, but warming up, substituted, … */
    QUALITY_BAD,       /* has no value; the reason says why */
};

/* The words of the wire contract (telemetry.bad). Order is wire-neutral; names are what is published. */
#define REASON_LIST(X)                                                                                                 \
    X(REASON_NONE, "none")                                                                                             \
    X(REASON_STARTING, "starting")         /* never read since start */                                                \
    X(REASON_NO_ANSWER, "no_answer")       /* timeout; a bridge's exception 10, 11 */                                  \
    X(REASON_BUS_LOST, "bus_lost")         /* port or connection gone */                                               \
    X(REASON_REFUSED, "refused")           /* Modbus exception 1, 2, 3 */                                              \
    X(REASON_BUSY, "busy")                 /* exception 5, 6 */                                                        \
    X(REASON_GARBLED, "garbled")           /* CRC, length, foreign frames only */                                      \
    X(REASON_INVALID, "invalid")           /* a sentinel of the profile, NaN, an unknown code */                       \
    X(REASON_IMPLAUSIBLE, "implausible")   /* outside the canonical range */                                           \
    X(REASON_SENSOR_FAULT, "sensor_fault") /* the device says so; exception 4, 8 and unknown ones */                   \
    X(REASON_FROZEN, "frozen")             /* heartbeat stands still */                                                \
    X(REASON_STALE, "stale")               /* older than three of its periods */

#define REASON_ENUM(name, text) name,
enum reason { REASON_LIST(REASON_ENUM) REASON_COUNT };
#undef REASON_ENUM

static inline const char *reason_text(enum reason reason)
{
#define REASON_TEXT(name, text)                                                                                        \
    case name:                                                                                                         \
        return text;
    switch (reason) {
        REASON_LIST(REASON_TEXT)
    case REASON_COUNT:
        break;
    }
#undef REASON_TEXT
    return "none";
}

/* A named state of an enumerated point. */
struct code {
    const char *id; /* canonical name on the wire: "normal", "warmup" */
    const char *zh;
    const char *en;
};

#endif
