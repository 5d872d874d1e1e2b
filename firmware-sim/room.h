/* room: the mixed air of a room with gas in it, and its ventilation. Pure.
 *
 * The far field of the two-box model of industrial hygiene (near field at the source, far field: the rest of the room;
 * AIHA, Mathematical Models for Estimating Occupational Exposure to Chemicals). With V the volume, Q the air exchanged
 * and C the concentration
 *
 *     V dC/dt = inflow - Q C        so without inflow C decays by e^(-t Q/V), as the air changes per hour say
 *
 * Gas is counted in "%LEL m3": what 1 m3 of air holds at so many %LEL. A detector keeps its own near field and exchanges
 * with the room (gas_head.c). Volume and air changes are engineering choices: a large kitchen with its hood at low speed
 * (GB 50028 asks for at least 6 changes an hour where gas appliances work), and with the exhaust fan at full speed. */
#ifndef OUTPOST_FIRMWARE_SIM_ROOM_H
#define OUTPOST_FIRMWARE_SIM_ROOM_H

#include <stdbool.h>

#define ROOM_VOLUME_M3     200.0
#define ROOM_AIR_CHANGES_H 9.0
#define ROOM_FAN_CHANGES_H 30.0 /* added while the fan runs */

struct room {
    double volume_m3;
    double air_changes_h;
    double fan_changes_h;
    double lel;    /* concentration, %LEL */
    double inflow; /* %LEL m3 since the last step */
    bool fan;      /* runs */
};

void room_init(struct room *room);

/* Gas gets in (or, negative, out again to a near field), %LEL m3. */
void room_release(struct room *room, double lel_m3);

double room_air_m3_s(const struct room *room); /* exchanged: Q */

/* Ventilates and mixes what got in since the last step; exact for any dt_s. Never below 0. */
void room_step(struct room *room, double dt_s);

/* So much of a gas in %LEL m3. `lel_vol_pct`: what 100 %LEL is in % by volume. */
double room_lel_m3(double gas_m3, double lel_vol_pct);

#endif
