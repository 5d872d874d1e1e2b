/* roll: which devices were read right, for who waits and for the report. Pure. */
#ifndef OUTPOST_FIRMWARE_SIM_ROLL_H
#define OUTPOST_FIRMWARE_SIM_ROLL_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/picture.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/report.h"
#include "firmware-sim/waiver.h"

#define ROLL_NAMES_MAX 3

/* A device is read right when its archive and telemetry came and every point of the archive is good or waived.
 * `waivers` may be NULL. */
void roll_device(const struct picture *picture, const struct waivers *waivers, size_t device, struct pool *pool,
                 struct report_device *ret_device);

/* How much of it has come, for who waits; the least counts. */
enum readiness {
    READY_NOTHING, /* neither archive nor telemetry, or one of them */
    READY_PARTLY,  /* some point was not read yet */
    READY_BAD,     /* all were read, some are bad */
    READY_GOOD
};
struct outlook {
    enum readiness readiness;
    size_t point_count;                /* of the archive */
    size_t lacking;                    /* of them: what READY_PARTLY or READY_BAD is about */
    const char *names[ROLL_NAMES_MAX]; /* the first of those; as long as the picture's archive */
};
void roll_look(const struct picture *picture, const struct waivers *waivers, size_t device,
               struct outlook *ret_outlook);

/* "gas-store 2/14: humidity temp", what a device lacks. */
void roll_print_outlook(const struct outlook *outlook, const struct picture *picture, size_t device, struct text *out);

#endif
