#include "firmware-sim/room.h"

#include <math.h>

void room_init(struct room *room)
{
    *room = (struct room){
        .volume_m3 = ROOM_VOLUME_M3, .air_changes_h = ROOM_AIR_CHANGES_H, .fan_changes_h = ROOM_FAN_CHANGES_H};
}

void room_release(struct room *room, double lel_m3)
{
    room->inflow += lel_m3;
}

double room_air_m3_s(const struct room *room)
{
    double changes_h = room->air_changes_h + (room->fan ? room->fan_changes_h : 0);
    return room->volume_m3 * changes_h / 3600;
}

void room_step(struct room *room, double dt_s)
{
    double air = room_air_m3_s(room);
    double settles = air > 0 && dt_s > 0 ? room->inflow / (air * dt_s) : 0;
    if (air > 0 && dt_s > 0)
        room->lel = settles + (room->lel - settles) * exp(-dt_s * air / room->volume_m3);
    else
        room->lel += room->inflow / room->volume_m3;
    room->lel = fmax(0, room->lel);
    room->inflow = 0;
}

double room_lel_m3(double gas_m3, double lel_vol_pct)
{
    return gas_m3 * 100 * 100 / lel_vol_pct;
}
