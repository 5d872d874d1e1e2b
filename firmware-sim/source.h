/* source: the link to a device that is being recorded: a serial port or a TCP connection. Questions of master.h go out, and
 * what is heard comes in; in listening mode nothing ever goes out. Blocks until an answer, a deadline or a signal to end. */
#ifndef OUTPOST_FIRMWARE_SIM_SOURCE_H
#define OUTPOST_FIRMWARE_SIM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/finding.h"
#include "firmware-sim/master.h"
#include "firmware-sim/site.h"
#include "firmware-sim/text.h"

struct source {
    const struct site_bus *bus;
    uint8_t unit;
    enum wire wire;
    int64_t timeout_us;
    int64_t quiet_us; /* before each question: 3.5 characters and what an adapter needs */
    int signals;      /* a signalfd: readable when it is to end */
    int fd;           /* -1: not connected */
    uint16_t transaction;
    uint16_t words[SPAN_BITS_MAX];
};

enum told {
    TOLD_FINDING, /* words, an exception, or silence */
    TOLD_NOISE,   /* something came, and it was no answer */
    TOLD_STOP,    /* a signal */
    TOLD_GONE,    /* the serial port is no longer there */
};

/* False, with a sentence. A TCP device need not be there: it is then silent and tried again with each question. */
SIM_CHECKED bool source_open(struct source *source, const struct site_bus *bus, uint8_t unit, int64_t timeout_us,
                             int signals, struct text *why);
void source_close(struct source *source); /* accepts what failed to open, with fd -1 */

/* Asks, and waits for the answer at most `timeout_us`; after silence or noise as long again for what comes late. The words live
 * until the next question. */
enum told source_ask(struct source *source, const struct span *where, struct finding *ret_finding);

/* Waits until then. False: a signal came. */
bool source_wait(struct source *source, int64_t until_us);

/* What comes until then: returns at the first bytes, `*ret_size` of them; 0: time is over. */
enum told source_hear(struct source *source, int64_t until_us, uint8_t *ret_bytes, size_t size_max, size_t *ret_size);

#endif
