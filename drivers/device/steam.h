/* steam: water and steam by the industrial formulation IAPWS-IF97 (Release R7-97(2012), freely published by IAPWS): the
 * saturation line (region 4) and the enthalpies of water (region 1) and steam (region 2).
 *
 * Pressures are absolute, in MPa; temperatures in kelvin; enthalpies in kJ/kg. Every function answers false, and leaves
 * *ret_ alone, outside its domain; NaN is outside. */
#ifndef OUTPOST_DRIVERS_DEVICE_STEAM_H
#define OUTPOST_DRIVERS_DEVICE_STEAM_H

#include <stdbool.h>

#define ZERO_CELSIUS_K 273.15

/* Region 4: 273.15 K … 647.096 K, 611.213 Pa … 22.064 MPa (the critical point). */
bool steam_t_sat(double p_mpa, double *ret_t_k);
bool steam_p_sat(double t_k, double *ret_p_mpa);

/* Region 1: 273.15 … 623.15 K, from saturation up to 100 MPa. */
bool steam_h_water(double p_mpa, double t_k, double *ret_h_kj_kg);
/* Region 2: 273.15 … 1073.15 K, above 0 up to saturation, above 623.15 K up to the boundary to region 3 and to 100 MPa. */
bool steam_h_steam(double p_mpa, double t_k, double *ret_h_kj_kg);

#endif
