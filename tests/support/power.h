/* power: what the disk may hold when the power goes. Plays a record of disk.h event by event and writes, for any moment of
 * it, a directory as the next start could find it: what was synced is there; of what was not, each 512 bytes of each write,
 * each truncation and each change of a name may have got there or not. Names change in order (a journaling file system's
 * promise), bytes in none. */
#ifndef OUTPOST_TESTS_SUPPORT_POWER_H
#define OUTPOST_TESTS_SUPPORT_POWER_H

#include "tests/house/dice.h"
#include "tests/support/disk.h"

struct power;

enum power_cut {
    POWER_ALL_KEPT, /* as after a kill: the disk got all of it */
    POWER_NONE_KEPT,
    POWER_TORN, /* at random */
};

struct power *power_open(const struct disk_log *log);
void power_close(struct power *power);

/* Plays one event; false: that was the last one. */
bool power_next(struct power *power, const struct disk_event **ret_event);
/* The files, as a cut after the events played so far would leave them, into a directory, whose files are removed first. */
void power_cut(const struct power *power, enum power_cut how, struct dice *dice, const char *dir);

#endif
