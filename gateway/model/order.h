/* order, answer: somebody wants something done, and what became of it. By value, no pointers. */
#ifndef OUTPOST_MODEL_ORDER_H
#define OUTPOST_MODEL_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#define ORDER_ID_MAX   64
#define ORDER_BY_MAX   64
#define ORDER_WHY_MAX  128
#define ANSWER_WHY_MAX 160

enum order_verb {
    ORDER_ACK,     /* 确认: somebody has seen it; clears nothing */
    ORDER_SILENCE, /* 消音: stops sounders only; subject: a silenceable interlock, a zone's …, or all */
    ORDER_RESET,   /* 复位: a latched alarm whose condition is gone, or an interlock latch (local only) */
    ORDER_VERB_COUNT
};

const char *order_verb_text(enum order_verb verb);

enum order_source { SOURCE_LOCAL, SOURCE_CENTRE };

struct order {
    char id[ORDER_ID_MAX + 1];
    char by[ORDER_BY_MAX + 1];
    char why[ORDER_WHY_MAX + 1];
    uint8_t verb;    /* enum order_verb */
    uint8_t source;  /* enum order_source */
    int32_t subject; /* index into site.subjects; -1: all */
    int32_t rule;    /* index into site.rules; -1: all of the subject */
    uint64_t token;  /* whoever asked recognises the answer by it */
};

struct answer {
    uint64_t token;
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
