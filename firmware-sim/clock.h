/* clock: the only place of the simulator that asks for the time. */
#ifndef OUTPOST_FIRMWARE_SIM_CLOCK_H
#define OUTPOST_FIRMWARE_SIM_CLOCK_H

#include <stdint.h>

int64_t clock_mono_us(void); /* CLOCK_MONOTONIC */
int64_t clock_wall_ms(void); /* CLOCK_REALTIME, since 1970 UTC */

#endif
