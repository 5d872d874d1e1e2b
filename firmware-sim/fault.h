/* fault: what is wrong with one slave, as a technician orders it. Pure.
 *
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
 *
 * Each may end with `once` (the first request only) or a probability between 0 and 1 (each request anew). */
#ifndef OUTPOST_FIRMWARE_SIM_FAULT_H
#define OUTPOST_FIRMWARE_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/channel.h"
#include "firmware-sim/random.h"
#include "firmware-sim/text.h"

/* id, word, whether it takes a number, that number's maximum */
#define FAULT_LIST(X)                                                                                                  \
    X(FAULT_NONE, "none", false, 0)                                                                                    \
    X(FAULT_SILENCE, "silence", false, 0)                                                                              \
    X(FAULT_DELAY, "delay", true, 600000)                                                                              \
    X(FAULT_LATE, "late", true, 600000)                                                                                \
    X(FAULT_LATE_BY_ONE, "late-by-one", false, 0)                                                                      \
    X(FAULT_WRONG_UNIT, "wrong-unit", false, 0)                                                                        \
    X(FAULT_WRONG_FUNCTION, "wrong-function", false, 0)                                                                \
    X(FAULT_CRC, "crc", false, 0)                                                                                      \
    X(FAULT_TRUNCATE, "truncate", false, 0)                                                                            \
    X(FAULT_JUNK_BEFORE, "junk-before", false, 0)                                                                      \
    X(FAULT_JUNK_AFTER, "junk-after", false, 0)                                                                        \
    X(FAULT_ECHO, "echo", false, 0)                                                                                    \
    X(FAULT_EXCEPTION, "exception", true, 255)                                                                         \
    X(FAULT_BUSY, "busy", false, 0)                                                                                    \
    X(FAULT_FROZEN, "frozen", false, 0)

#define FAULT_ENUM(id, word, takes, maximum) id,
enum fault_kind { FAULT_LIST(FAULT_ENUM) FAULT_COUNT };
#undef FAULT_ENUM

struct fault {
    enum fault_kind kind;
    long long number;   /* milliseconds or exception code */
    double probability; /* of each request */
    bool once;
};

/* "late 800 once", "crc 0.1" → a fault. False, with a sentence. */
SIM_CHECKED bool fault_read(char *const *words, size_t count, struct fault *ret_fault, struct text *why);
void fault_print(const struct fault *fault, struct text *out);
void fault_words(struct text *out); /* the words of the list, for help */

/* Does the fault strike this request? */
bool fault_strikes(const struct fault *fault, struct random *random);

/* Spoils a good answer as the kind says (kinds that give no answer at all are the caller's business). */
void fault_spoil(const struct fault *fault, enum wire wire, struct random *random, struct answer *answer);

#endif
