/* accept: `outpost-sim accept`: tries a running gateway from its centre's side and writes the report that is handed over.
 *
 * It listens at the broker until the gateway is online and every device was read, then plays the scenarios that apply to the
 * site (by the simulator, or with --manual by asking people), judges what comes (judge.h), and writes the report (report.h). */
#ifndef OUTPOST_FIRMWARE_SIM_ACCEPT_H
#define OUTPOST_FIRMWARE_SIM_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/waiver.h"

#define ACCEPT_NAMES_MAX 64

struct accept_options { /* NULL where it was not said */
    const char *file;
    const char *centre; /* URL; else the first of the file */
    const char *ca_file;
    const char *username;
    const char *password_file;
    const char *socket;  /* of the simulator; else as the site file has it */
    const char *outpost; /* program for orders; else people are asked */
    const char *report;  /* path without .html and .json */
    const char *language;
    const char *scenarios[ACCEPT_NAMES_MAX]; /* names or files; none: all that apply and are not long */
    size_t scenario_count;
    char *binds[ACCEPT_NAMES_MAX]; /* "role=device" */
    size_t bind_count;
    const char *excepts[WAIVERS_MAX]; /* "device.point=reason" (waiver.h) */
    size_t except_count;
    int64_t wait_ms; /* for the gateway and its devices */
    bool manual;
    bool no_drill;
};

/* The words after `accept`. Returns the exit status: 0 all passed, 1 something failed, 2 wrong usage. */
int accept_verb(int count, char **words);

int accept_site(const struct accept_options *options);

#endif
