/* grounds: the directory in memory that all worlds of one process live in. It goes with the process, however the tests end;
 * what a process leaves that was killed, the next one takes away: the dead hold no lock on their grounds. */
#ifndef OUTPOST_HOUSE_GROUNDS_H
#define OUTPOST_HOUSE_GROUNDS_H

#define GROUNDS_MAX 64

void grounds_open(void);

/* With everything in it, and what journals in it kept in memory. */
void grounds_close(void);

/* Between the two: where to make directories. */
const char *grounds_dir(void);

#endif
