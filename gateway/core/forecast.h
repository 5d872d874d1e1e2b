/* forecast: how a bus will do, before anything runs: its load, how long everything takes once, how old a reading may be, and
 * how long it takes from a crossing to the interlock's write.
 *
 * The reads are those of core/plan; what each costs follows from its bytes, the baud rate and the silences (model/line.h); when
 * each is made is found by letting core/schedule work through them on paper, from the worst moment: everything is due at once
 * and the longest transaction has just begun. So priorities, guards, overload, dead slaves and their share are those of the
 * room that will do it (run/bus). Not in it: garbled answers, exceptions, splitting of refused reads, the time a processor
 * takes, identity probes after a start. Pure; the caller owns all memory.
 *
 * What nobody can know beforehand is assumed and stated: struct forecast_basis. On the safe side: a dead slave costs the whole
 * timeout of its bus each time; the bus room waits less for one that it knows to be dead (core/patience). */
#ifndef OUTPOST_CORE_FORECAST_H
#define OUTPOST_CORE_FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/core/plan.h"
#include "gateway/core/schedule.h"
#include "gateway/model/line.h"
#include "gateway/model/site.h"

/* Deadlines. */
#define FORECAST_AGE_PERIODS 2        /* a safety reading may be twice its period old … */
#define FORECAST_AGE_MAX_US  10000000 /* … and never more than this */
#define FORECAST_TRIP_MAX_US 5000000  /* from a crossing to the write on the wire, on-delay and all */

struct forecast_basis {
    int64_t turnaround_us; /* a slave's own time, after the silence on a line that ends the request */
    int64_t
        latency_us; /* a serial adapter hands over what it has so often: latency timer of USB adapters, FTDI 16 ms */
    int64_t round_trip_us; /* over the network to a TCP server and back */
};
#define FORECAST_BASIS_DEFAULT                                                                                         \
    {                                                                                                                  \
        .turnaround_us = LINE_TURNAROUND_US, .latency_us = 0, .round_trip_us = LINE_ROUND_TRIP_US                      \
    }

struct forecast_read {
    struct plan_read plan;
    const uint16_t *points; /* plan.point_count of them: indices into the slave's points */
    uint16_t slave;         /* index into forecast_bus.slaves */
    uint16_t request_size;  /* bytes of the frames */
    uint16_t answer_size;
    int64_t period_us; /* asked; 0: flat out */
    int64_t cost_us;   /* of the whole transaction, with the silence before it, as if another slave was asked before; an
                        * adapter's timer counts half */
    /* Of the last run. A read of a dead slave has none of them. */
    int64_t every_us; /* achieved on average, never less than asked */
    int64_t age_us;   /* worst: the last moment at which a reading is still the newest, since it was asked for */
    int64_t first_us; /* answered first; -1: never */
    int64_t last_us;
    int64_t sent_us;
    int64_t answers;
};

struct forecast_slave {
    size_t index; /* into site.slaves */
    double load;  /* of its reads; flat out counts as 1 */
    bool asked;   /* it has reads */
    bool dead;    /* in the last run */
    int64_t heartbeat_us;
};

struct forecast_class { /* what one poll class of a bus gets */
    size_t read_count;
    double load;       /* share of the line's time it asks for; flat-out reads are not in it */
    int64_t period_us; /* of the read that is worst served … */
    int64_t every_us;  /* … and how often that one comes round; 0: all of them are dead */
};

/* Caller's memory: reads, points, plan and schedule_reads for forecast_point_count() each, slaves and schedule_slaves for
 * forecast_slave_count() each. `reads`, `points` and `slaves` are what the result points to; the rest is only worked with. */
struct forecast_memory {
    struct forecast_read *reads;
    uint16_t *points;
    struct plan_read *plan;
    struct schedule_read *schedule_reads;
    struct forecast_slave *slaves;
    struct schedule_slave *schedule_slaves;
};

struct forecast_bus {
    const struct site *site;
    const struct site_bus *bus;
    struct forecast_basis basis;
    struct forecast_memory memory;
    struct forecast_read *reads; /* in the order of the bus room: slave by slave */
    size_t read_count;
    struct forecast_slave *slaves;
    size_t slave_count;
    size_t asked_count;    /* slaves that have reads */
    bool shared;           /* more than one slave: each may follow upon another */
    int64_t write_us;      /* one register or coil, … */
    int64_t write_wire_us; /* … until its request is on the wire … */
    int64_t read_back_us;  /* … and reading it back */
    double heartbeat_load; /* share of the line's time */
    double load;           /* of all classes and heartbeats together; above 1: the line is too slow */
    bool flat_out;         /* somebody asks again at once: the line is never idle */
    /* Of the last run. */
    struct forecast_class classes[POLL_CLASS_COUNT];
    size_t dead_count;
    int64_t longest_us; /* what may be in flight when a write wants to go out: a timeout, when somebody is dead */
    int64_t cycle_us;   /* until everything that lives was read once; -1: more than the run was long */
    double busy;        /* share of the run with a transaction in flight, as health.load says it */
};

size_t forecast_point_count(const struct site *site, size_t bus);
size_t forecast_slave_count(const struct site *site, size_t bus);

/* Plans the bus and makes the run with all slaves alive. ERR_ARGUMENT: a point that plan_make() refuses. */
MUST_CHECK enum err forecast_make(const struct site *site, size_t bus, const struct forecast_basis *basis,
                                  const struct forecast_memory *memory, struct forecast_bus *ret_forecast);

/* The same run with so many slaves dead from the worst moment on: those whose silence gives the others least. At most
 * asked_count - 1. */
void forecast_run(struct forecast_bus *forecast, size_t dead_count);

/* The safety read of the worst standing: the oldest for its period; NULL: none. `*ret_late`: beyond its deadline. */
const struct forecast_read *forecast_oldest(const struct forecast_bus *forecast, bool *ret_late);

/* Between two writes of a slave's heartbeat that reach it, at worst: one is lost between them, and each time a slave that does
 * not answer has the line, and the other heartbeats of the bus go first. 0: it has none. */
int64_t forecast_heartbeat_us(const struct forecast_bus *forecast, const struct forecast_slave *slave);

/* How often something new is read of a device; 0: nothing is. `buses`: one for each of the site's. */
int64_t forecast_period_us(const struct forecast_bus *buses, const struct site_device *device);

/* From the crossing of the slowest of an interlock's detectors to its last write. All of it was worked out from the last runs. */
struct forecast_trip {
    bool found;       /* false: nobody votes, or nobody is alive to vote */
    int32_t rule;     /* of the slowest */
    int64_t age_us;   /* until its crossing is read */
    int64_t delay_us; /* its on-delay */
    int64_t wait_us;  /* what is in flight on the output's bus, and writes that go first */
    int64_t wire_us;  /* all of it, until the write is on the wire … */
    int64_t back_us;  /* … and read back */
};
/* What other interlocks of the same zone or device write on the same bus counts as going first. */
struct forecast_trip forecast_trip(const struct forecast_bus *buses, size_t interlock);

#endif
