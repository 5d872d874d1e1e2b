/* reach: what reaches a device from beyond itself: gas through its valves, the air of its room, the mains of the
 * building, and a panel's channels.
 *
 * Rooms   A zone is a room. So is what a gas valve watches, where that is in no zone. A detector stands in the room
 *         that names it, and equipment that uses gas (boilers, cylinders) in the room of the valve that feeds it.
 * Supply  A gas valve (see site_valve.stays) feeds what its interlock names: the detectors of a zone, or one device.
 *         Equipment that uses gas and that no interlock names is fed by the site's only gas valve; where there are
 *         several, by those whose board hangs on the same bus as the equipment. Wires seldom leave a building: a
 *         guess, but one that a site file can settle by naming the equipment in the interlock's "when".
 * Fans    What an interlock drives without latching runs as the fan of the rooms it watches.
 * Panels  The channels of a panel are the detectors that take points of its slave.
 * Mains   Without them the controllers of boilers are silent, and every model is told. I/O boards, detectors and
 *         scales have batteries behind them. */
#ifndef OUTPOST_FIRMWARE_SIM_REACH_H
#define OUTPOST_FIRMWARE_SIM_REACH_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/plant.h"
#include "firmware-sim/text.h"

#define REACH_SITE    "*" /* in the place of a device: the whole site */
#define REACH_ACTIONS "power_cut | power_back"

struct world;

struct reach {
    struct room *rooms;    /* of each zone, then of each valve */
    struct room **room_of; /* of each device; NULL: alone */
    bool *feeds;           /* [valve * number of devices + device] */
    size_t *panel_of;      /* of each device: the panel that has it as a channel; SITE_NONE none */
    bool dark;             /* no mains */
};

void reach_open(struct world *world); /* its devices and valves are open */

/* All of `ret_around` but what is held. */
void reach_device(const struct world *world, size_t device, struct surroundings *ret_around);
void reach_step(struct world *world, double dt_s); /* the air of the rooms, after all devices */

SIM_CHECKED bool reach_act(struct world *world, char *const *words, size_t count, struct text *why);

#endif
