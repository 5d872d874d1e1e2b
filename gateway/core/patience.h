/* patience: how long a slave is waited for, learned from how long it has taken. Pure; one per slave, never shared.
 *
 * What is learned is the slave's own time: from the last bit of the request to the first of the answer, with whatever an
 * adapter adds; the length of the answer is added again to what is waited. The longest of the last ten to twenty minutes
 * counts, so that a slave which is slow once a minute is not cut short; three times that, as what was seen is not the worst
 * there is, and two ticks of a USB adapter's latency timer (16 ms) that may not have been among what was seen.
 *
 * Between a floor and a ceiling. Ceiling: the timeout of the site file. Floor: 100 ms; less would
 * gain little (ten dead slaves at that price can be asked each 10 s within the share of the dead, schedule.h) and would make
 * a slave that was busy for a moment look dead.
 * Until PATIENCE_ANSWERS answers were seen it is the ceiling, or until the slave is dead (schedule.h): of one that was never
 * there no more is known than that it does not answer. And:
 *
 * - an answer that came after all, too late, gives the slave the whole timeout at once, and for an hour;
 * - while it is silent, its first request after the loss and then a rare one (PATIENCE_WHOLE_US) has the whole timeout: a slave
 *   that has become slower is found even where late answers cannot be seen. */
#ifndef OUTPOST_CORE_PATIENCE_H
#define OUTPOST_CORE_PATIENCE_H

#include <stddef.h>
#include <stdint.h>

#define PATIENCE_FLOOR_US   100000
#define PATIENCE_TICKS_US   32000 /* two latencies of a USB adapter */
#define PATIENCE_FACTOR     3
#define PATIENCE_ANSWERS    20 /* before anything is concluded */
#define PATIENCE_WINDOW_US  600000000
#define PATIENCE_WIDENED_US 3600000000
#define PATIENCE_WHOLE_US   300000000 /* between two whole ones on a line: of 1 s, they delay 0.7 % of readings */

struct patience { /* {0}: nothing learned */
    uint32_t answers;
    int64_t window_mono_us; /* when the present window began */
    int64_t longest_us;     /* in it */
    int64_t longest_before_us;
    int64_t widened_until_mono_us;
    int64_t whole_mono_us; /* when its next request may have the whole timeout though it is dead */
};

/* The slave took own_us of its own (what was on the wire is taken away; less than 0 counts as 0). */
void patience_learn(struct patience *patience, int64_t own_us, int64_t mono_us);

/* An answer of it came after the timeout. */
void patience_widen(struct patience *patience, int64_t mono_us);

/* How long to wait from the end of the request for an answer that is answer_us long on the wire. `failures` of the slave in
 * a row so far. Never more than whole_us. */
int64_t patience_us(const struct patience *patience, uint32_t failures, int64_t answer_us, int64_t whole_us,
                    int64_t mono_us);

/* The whole timeout was spent on it in vain, as one of `dead` on its line. */
void patience_spent(struct patience *patience, size_t dead, int64_t mono_us);

#endif
