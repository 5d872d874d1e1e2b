/* line: the slaves of one bus: who answers a request, who does a broadcast, who speaks unasked. Pure. */
#ifndef OUTPOST_FIRMWARE_SIM_LINE_H
#define OUTPOST_FIRMWARE_SIM_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware-sim/channel.h"
#include "firmware-sim/fault.h"
#include "firmware-sim/random.h"
#include "firmware-sim/text.h"
#include "firmware-sim/unit.h"

#define LINE_UNITS_MAX 256

struct line {
    const char *id; /* of the bus */
    enum wire wire;
    struct random *random;
    struct unit *units[LINE_UNITS_MAX]; /* by unit id */
    struct fault fault;                 /* none or gone */
    int64_t babble_us;                  /* the next burst of a babbling unit; CHANNEL_NEVER */
};

void line_init(struct line *line, const char *id, enum wire wire, struct random *random);

/* The channel's serve function, `self` is a struct line. An unknown unit is silent; unit 0 on a serial line is a broadcast:
 * writes are done by all, nobody answers. */
void line_serve(void *self, const struct request *request, struct answer *ret_answer);

/* Can this unit of the line have the fault? False, with a sentence. */
SIM_CHECKED bool line_takes_fault(const struct line *line, const struct unit *unit, const struct fault *fault,
                                  struct text *why);
void line_set_unit_fault(struct line *line, struct unit *unit, const struct fault *fault);

/* What is over by its times ends. */
void line_pass(struct line *line, int64_t now_us);

/* A burst of noise that is due, and whose; false: none (any more). */
bool line_babble(struct line *line, int64_t now_us, struct answer *ret_answer, uint8_t *ret_unit);

/* When line_babble has something or the bus goes or comes back. */
int64_t line_due_us(const struct line *line, int64_t now_us);

#endif
