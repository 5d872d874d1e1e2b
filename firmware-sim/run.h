/* run: the program: plays a whole site file until a signal ends it. */
#ifndef OUTPOST_FIRMWARE_SIM_RUN_H
#define OUTPOST_FIRMWARE_SIM_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/replays.h"
#include "firmware-sim/wish.h"

#include "firmware-sim/scenario.h"

struct run_options {
    const char *file;
    const char *socket; /* NULL: the site's default */
    const char *listen; /* NULL: the hosts of the file */
    int64_t turnaround_us;
    uint64_t seed;
    double speed; /* of the plant */
    bool fast;
    bool has_seed;                   /* else a scenario's own goes before `seed` */
    const char *scenario;            /* NULL: none; a name or a file */
    char *binds[SCENARIO_ROLES_MAX]; /* "role=device" */
    size_t bind_count;
    struct wishes wishes;
    const char *replays[REPLAYS_MAX]; /* "slave=file" or "file" */
    size_t replay_count;
    bool loop; /* recordings begin again at their end */
};

/* Prints what it opened and `outpost-sim: ready` on stdout, complaints on stderr. Returns the exit status: 0 after SIGTERM or
 * SIGINT, 1 when something could not be opened. Leaves no symlink and no socket behind. */
int run(const struct run_options *options);

/* Where profiles are looked for beside the site file: installed, then in the build tree. NULL-ended, static. */
const char *const *run_profile_dirs(void);
/* The same for scenarios, but first in `scenarios` beside the site file. */
const char *const *run_scenario_dirs(const char *site_file);

#endif
