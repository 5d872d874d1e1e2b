/* fault: what is wrong with one slave or one bus, as a technician orders it. Pure.
 *
 * Of a slave:
 *   silence            no answer, nothing is done
 *   delay MS           answers MS later, unless a newer request comes first
 *   late MS            answers MS later, whatever came in between: the answer of a master that has given up
 *   late-by-one        each answer is the one to the request before; the first gets none
 *   wrong-unit         a valid frame of the next unit
 *   wrong-function     a valid frame of another function
 *   crc                a wrong checksum (serial lines)
 *   truncate           the first half of the frame
 *   junk-before        noise, then the frame
 *   junk-after         the frame, then noise
 *   echo               the request comes back and nothing is done: a line with local echo and a dead slave
 *   exception N        answers exception N, nothing is done
 *   busy               exception 6
 *   frozen             answers, but its values stand still
 *   sentinel POINT|*   the invalid value of the profile stands in its registers
 *   duplicate          a second slave of the same address answers too: the answers collide, or come one after the other
 *   babble MS          sends noise every MS without being asked (serial lines)
 * Of a bus:
 *   gone               the port vanishes: the pty, or the listener with all its connections; `back` (or `none`) ends it
 *
 * Each may end with words that say when it strikes: `once` (the first request only), a probability between 0 and 1 (each
 * request anew), `for TIME` (then it is over; `for` may be left out), `every TIME for TIME` (again and again). Times are real
 * ones, of the line, whatever the speed of the plant. */
#ifndef OUTPOST_FIRMWARE_SIM_FAULT_H
#define OUTPOST_FIRMWARE_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/channel.h"
#include "firmware-sim/random.h"
#include "firmware-sim/text.h"

enum fault_takes { TAKES_NOTHING, TAKES_MS, TAKES_CODE, TAKES_POINT };

/* id, word, what it takes */
#define FAULT_LIST(X)                                                                                                  \
    X(FAULT_NONE, "none", TAKES_NOTHING)                                                                               \
    X(FAULT_SILENCE, "silence", TAKES_NOTHING)                                                                         \
    X(FAULT_DELAY, "delay", TAKES_MS)                                                                                  \
    X(FAULT_LATE, "late", TAKES_MS)                                                                                    \
    X(FAULT_LATE_BY_ONE, "late-by-one", TAKES_NOTHING)                                                                 \
    X(FAULT_WRONG_UNIT, "wrong-unit", TAKES_NOTHING)                                                                   \
    X(FAULT_WRONG_FUNCTION, "wrong-function", TAKES_NOTHING)                                                           \
    X(FAULT_CRC, "crc", TAKES_NOTHING)                                                                                 \
    X(FAULT_TRUNCATE, "truncate", TAKES_NOTHING)                                                                       \
    X(FAULT_JUNK_BEFORE, "junk-before", TAKES_NOTHING)                                                                 \
    X(FAULT_JUNK_AFTER, "junk-after", TAKES_NOTHING)                                                                   \
    X(FAULT_ECHO, "echo", TAKES_NOTHING)                                                                               \
    X(FAULT_EXCEPTION, "exception", TAKES_CODE)                                                                        \
    X(FAULT_BUSY, "busy", TAKES_NOTHING)                                                                               \
    X(FAULT_FROZEN, "frozen", TAKES_NOTHING)                                                                           \
    X(FAULT_SENTINEL, "sentinel", TAKES_POINT)                                                                         \
    X(FAULT_DUPLICATE, "duplicate", TAKES_NOTHING)                                                                     \
    X(FAULT_BABBLE, "babble", TAKES_MS)                                                                                \
    X(FAULT_GONE, "gone", TAKES_NOTHING)                                                                               \
    X(FAULT_BACK, "back", TAKES_NOTHING)

#define FAULT_ENUM(id, word, takes) id,
enum fault_kind { FAULT_LIST(FAULT_ENUM) FAULT_COUNT };
#undef FAULT_ENUM

#define FAULT_POINT_SIZE   80
#define FAULT_ALL_POINTS   "*"
#define FAULT_BABBLE_MS    10 /* the least between two bursts */
#define FAULT_BABBLE_BYTES 12 /* the most of one burst */

struct fault {
    enum fault_kind kind;
    long long number; /* milliseconds or exception code */
    char point[FAULT_POINT_SIZE];
    double probability; /* of each request */
    bool once;
    int64_t begun_us; /* when it was ordered */
    int64_t every_us; /* 0: it stays on */
    int64_t for_us;   /* 0: until it is taken away */
};

/* "late 800 once", "crc 0.1 every 30s for 2s" → a fault. False, with a sentence. */
SIM_CHECKED bool fault_read(char *const *words, size_t count, struct fault *ret_fault, struct text *why);
void fault_print(const struct fault *fault, struct text *out);
void fault_words(struct text *out); /* the words of the list, for help */

bool fault_is_of_bus(enum fault_kind kind); /* gone, back; none is of both */

/* Is it on, by its times? */
bool fault_is_on(const struct fault *fault, int64_t now_us);
bool fault_is_over(const struct fault *fault, int64_t now_us);      /* for good, by its times */
int64_t fault_change_us(const struct fault *fault, int64_t now_us); /* when that changes next; CHANNEL_NEVER */

/* Does the fault strike a request of that time? */
bool fault_strikes(const struct fault *fault, int64_t now_us, struct random *random);

/* Spoils a good answer as the kind says (kinds that give no answer at all are the caller's business). */
void fault_spoil(const struct fault *fault, enum wire wire, struct random *random, struct answer *answer);

/* A burst of noise. */
void fault_babble(struct random *random, struct answer *ret_answer);

#endif
