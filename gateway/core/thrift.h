/* thrift: how long telemetry waits for company, so that a day's writing stays within what flash memory bears. A budget fills a
 * purse evenly, six hours' share fits into it; what is written is taken out. While it is at least half full nobody waits longer
 * than the least; as it empties the wait grows to the most. Below a sixteenth it is used up, until it is half full again. It
 * never stops anything. Pure; one owner. */
#ifndef OUTPOST_CORE_THRIFT_H
#define OUTPOST_CORE_THRIFT_H

#include <stdbool.h>
#include <stdint.h>

struct thrift {
    double size; /* bytes that fit; 0: no budget */
    double saved;
    int64_t at_mono_us;
};

void thrift_init(struct thrift *thrift, uint64_t bytes_a_day, int64_t mono_us);
void thrift_spend(struct thrift *thrift, uint64_t bytes);
void thrift_earn(struct thrift *thrift,
                 int64_t for_us); /* what it gets in that time, besides what thrift_wait_us gives it */
int64_t thrift_wait_us(struct thrift *thrift, int64_t mono_us, int64_t least_us, int64_t most_us);
/* As of the last thrift_wait_us and what was spent since. Without a budget it is never used up. */
bool thrift_is_used_up(const struct thrift *thrift);
bool thrift_has_recovered(const struct thrift *thrift);
uint64_t thrift_saved(const struct thrift *thrift);

#endif
