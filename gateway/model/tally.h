/* tally: what the wire does, counted; for people and health messages. Made by run/bus_stats, shown by the board. */
#ifndef OUTPOST_MODEL_TALLY_H
#define OUTPOST_MODEL_TALLY_H

#include <stdint.h>

#include "gateway/model/class.h"

#define TALLY_CODES 12 /* exceptions 1..11 (Application Protocol V1.1b3, section 7); 0: any other */

/* What became of the requests to one slave, or on one bus, since start. requests = good + timeouts + garbled + exceptions
 * + lost, and the one in flight. What stands below counts what was seen on the way. */
struct tally {
    uint64_t requests;
    uint64_t good; /* the probe after a silence also when it is refused: it is sent for any answer */
    uint64_t timeouts;
    uint64_t garbled; /* bytes came, but no answer */
    uint64_t exceptions;
    uint64_t lost; /* the port or connection broke off */

    uint64_t crc;                  /* answers as asked for whose CRC is wrong */
    uint64_t foreign;              /* good frames of others, counted for whom was waited for */
    uint64_t late;                 /* answers after their deadline, counted for who gave them */
    uint64_t echo;                 /* requests that were heard back */
    uint64_t writes;               /* of the requests */
    uint64_t characters;           /* sent and received */
    uint32_t by_code[TALLY_CODES]; /* exceptions */
};

/* One poll class of a slave, or of the slave of the bus that is farthest behind; all -1: nothing is read so. */
struct tally_poll {
    int64_t planned_us;  /* 0: flat out */
    int64_t achieved_us; /* between good answers to the same read, mean of about the last 8; -1: not known yet */
    int64_t age_us;      /* of the oldest reading; a bus: of slaves that answer and are no strangers. -1: not yet */
    int32_t slave;       /* a bus: whose planned and achieved these are, index into site.slaves */
};

/* As the site file writes them. */
static inline const char *tally_poll_text(enum poll_class poll)
{
    return poll == POLL_SAFETY ? "safety" : poll == POLL_NORMAL ? "normal" : "slow";
}

/* How much the alarms are, since start. */
struct tally_alarms {
    uint64_t raised;
    uint64_t counted;    /* activations that were told only in a number: chattering, out of sight, in a flood */
    uint64_t hushed;     /* changes without a record of their own, in floods */
    uint32_t chattering; /* now */
    uint32_t recent;     /* raised in the last ten minutes */
    uint32_t peak;       /* the most in ten minutes */
    uint32_t floods;
    uint8_t flood; /* one is on */
};

#endif
