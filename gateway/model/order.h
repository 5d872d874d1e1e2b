/* order, answer: somebody wants something done, and what became of it. By value, no pointers. */
#ifndef OUTPOST_MODEL_ORDER_H
#define OUTPOST_MODEL_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/model/site.h"

#define ORDER_ID_MAX   64
#define ORDER_BY_MAX   64
#define ORDER_WHY_MAX  128
#define ANSWER_WHY_MAX 160
#define DRILL_MAX_MS   7200000 /* 2 h: docs/PROTOCOL.md */
#define HOLD_MAX_MS    600000  /* 10 min, of a drill that holds outputs: the same */

enum order_verb {
    ORDER_ACK,     /* 确认: somebody has seen it; clears nothing */
    ORDER_SILENCE, /* 消音: stops sounders only; subject: a silenceable interlock, a zone's …, or all */
    ORDER_RESET,   /* 复位: a latched alarm whose condition is gone, or an interlock latch (local only) */
    ORDER_SHELVE,  /* 搁置: out of sight for a time; never a critical alarm */
    ORDER_UNSHELVE,
    ORDER_SERVICE, /* 停用: alarms of a device under maintenance (`on` false), and back into service (`on` true) */
    ORDER_DRILL,   /* 演练: marks what some devices say as a test (`on` true), or ends that (`on` false) */
    ORDER_VERB_COUNT
};

const char *order_verb_text(enum order_verb verb);

enum order_source { SOURCE_LOCAL, SOURCE_CENTRE };

/* A set of devices, by their index in the site. */
struct device_set {
    uint8_t bits[SITE_DEVICES_MAX / 8];
};

static inline bool device_set_has(const struct device_set *set, size_t device)
{
    return (set->bits[device / 8] >> device % 8 & 1) != 0;
}

static inline void device_set_put(struct device_set *set, size_t device, bool in)
{
    unsigned const bit = 1U << device % 8;
    set->bits[device / 8] = (uint8_t)(in ? set->bits[device / 8] | bit : set->bits[device / 8] & ~bit);
}

struct order {
    char id[ORDER_ID_MAX + 1];
    char by[ORDER_BY_MAX + 1];
    char why[ORDER_WHY_MAX + 1];
    uint8_t verb;              /* enum order_verb */
    uint8_t source;            /* enum order_source */
    int32_t subject;           /* index into site.subjects; -1: all */
    int32_t rule;              /* index into site.rules; -1: all of the subject */
    uint64_t token;            /* local: whoever asked recognises the answer by it */
    uint32_t centre;           /* SOURCE_CENTRE: index into site.centres; it recognises the answer by `id` */
    uint32_t for_ms;           /* ORDER_SHELVE: 0 the longest that is allowed; ORDER_DRILL: from now */
    bool one_shot;             /* ORDER_SHELVE: until the condition next ends, at most for_ms */
    bool on;                   /* ORDER_SERVICE, ORDER_DRILL */
    int32_t zone;              /* ORDER_DRILL: whose devices they are; -1 */
    bool hold;                 /* ORDER_DRILL, `on`, with zone: its interlocks write nothing */
    struct device_set devices; /* ORDER_DRILL, `on`: whom it is about */
};

struct answer {
    uint64_t token;
    uint64_t
        after; /* told once so many of the judge's news are on the disk (struct board_journal): what is told as done stays
                       done. 0: at once */
    bool ok;
    uint32_t count;               /* alarms or interlocks it applied to */
    char code[24];                /* "" or one word: nothing_to_do, condition_active, ack_first, not_silenceable … */
    char why[ANSWER_WHY_MAX + 1]; /* a sentence when not ok */
};

/* A write to a slave, from the judge (interlocks) to a bus. Overtakes polls after the transaction in flight. */
struct bus_write {
    int32_t slave;
    int32_t point; /* of the slave */
    double value;
    uint32_t token;        /* comes back in struct written */
    int64_t asked_mono_us; /* when the deciding sample was judged */
};

/* What became of it: ok only after the echo matched and the register or coil read back the same. */
struct written {
    int32_t slave;
    int32_t point;
    double value;
    uint32_t token;
    uint8_t err; /* enum err; ERR_OK, ERR_TIMEOUT, ERR_EXCEPTION, ERR_MISMATCH, ERR_CLOSED … */
    uint8_t exception;
    int64_t asked_mono_us;
    int64_t wire_mono_us; /* when the write request left for the wire */
    int64_t done_mono_us;
};

#endif
