/* run: the program: plays a whole site file until a signal ends it. */
#ifndef OUTPOST_FIRMWARE_SIM_RUN_H
#define OUTPOST_FIRMWARE_SIM_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct run_options {
    const char *file;
    const char *socket; /* NULL: the site's default */
    const char *listen; /* NULL: the hosts of the file */
    int64_t turnaround_us;
    uint64_t seed;
    bool fast;
};

/* Prints what it opened and `outpost-sim: ready` on stdout, complaints on stderr. Returns the exit status: 0 after SIGTERM or
 * SIGINT, 1 when something could not be opened. Leaves no symlink and no socket behind. */
int run(const struct run_options *options);

/* Where profiles are looked for beside the site file: installed, then in the build tree. NULL-ended, static. */
const char *const *run_profile_dirs(void);

#endif
