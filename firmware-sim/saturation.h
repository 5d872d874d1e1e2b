/* saturation: at which pressure water boils. Antoine's equation, 99 to 374 Cel (8.14019, 1810.94, 244.485; mmHg,
 * Cel); within 0.5 % of the steam tables from 100 to 230 Cel. Pressures are gauge, in MPa, and never below 0: a
 * vacuum breaker opens. */
#ifndef OUTPOST_FIRMWARE_SIM_SATURATION_H
#define OUTPOST_FIRMWARE_SIM_SATURATION_H

double saturation_pressure(double cel);
double saturation_temp(double gauge_mpa);

#endif
