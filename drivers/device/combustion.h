/* combustion: what flue gas tells about a fire. Pure formulas; each answers false, and leaves *ret_ alone, where it does not
 * hold: an input that is no number, oxygen outside 0 … 21 %, no finite result.
 *
 * All concentrations are of the dry gas, in % by volume unless the name says ppm; temperatures in Celsius; losses in % of
 * the fuel's lower heating value.
 *
 * Sources: the flue loss by the Siegert formula with the constants of 1. BImSchV; lambda, q2 … q5 as the simplified heat
 * balance of Chinese boiler practice has them (the manner of GB/T 10180): engineering approximations, good for
 * supervision, not for an acceptance test. */
#ifndef OUTPOST_DRIVERS_DEVICE_COMBUSTION_H
#define OUTPOST_DRIVERS_DEVICE_COMBUSTION_H

#include <stdbool.h>

enum fuel {
    FUEL_NATURAL_GAS,
    FUEL_LIGHT_OIL,
    FUEL_LPG,
    FUEL_TOWN_GAS,
    FUEL_COKE_OVEN_GAS,
    FUEL_COAL, /* bituminous */
    FUEL_COUNT
};

#define O2_OF_AIR_PCT 21.0

/* Milligrams a cubic metre (0 °C, 101.325 kPa) for each ppm; NOx counts as NO2. */
#define NOX_MGM3_PER_PPM 2.05
#define SO2_MGM3_PER_PPM 2.86
#define CO_MGM3_PER_PPM  1.25

/* Excess air ratio 21/(21-O2). */
bool lambda_by_o2(double o2_pct, double *ret_lambda);
/* The same where carbon monoxide and the triatomic gases (CO2 + SO2) are known: 21/(21 - 79(O2-0.5CO)/(100-RO2-O2-CO)). */
bool lambda_by_gases(double o2_pct, double co_pct, double ro2_pct, double *ret_lambda);

/* Flue loss (T_flue-T_air)(A2/(21-O2)+B), or (A1/CO2+B). Not for coal. */
bool siegert_by_o2(enum fuel fuel, double flue_cel, double air_cel, double o2_pct, double *ret_loss_pct);
bool siegert_by_co2(enum fuel fuel, double flue_cel, double air_cel, double co2_pct, double *ret_loss_pct);

/* Heat in the flue gas: (m + n lambda)(T_flue-T_air)/100 (1-q4/100); m, n = 0.5, 3.45 for gas and oil, 0.4, 3.55 for coal. */
bool heat_loss_q2(enum fuel fuel, double lambda, double flue_cel, double air_cel, double q4_pct, double *ret_q2_pct);
/* Unburnt gas: 3.2 lambda CO. 100 ppm are some 0.04 %. */
bool heat_loss_q3(double lambda, double co_ppm, double *ret_q3_pct);
/* Through the casing: 2.9 % up to 4 t/h … 0.8 % from 65 t/h, straight lines between; divided by the load (1: rated), which
 * counts as 0.25 below and 1.2 above. A boiler of 0.7 MW counts as 1 t/h. */
bool heat_loss_q5(double rated_t_h, double load, double *ret_q5_pct);

/* A concentration as it would be at the reference oxygen: value (21-O2_ref)/(21-O2). */
bool at_reference_o2(double value, double o2_pct, double o2_ref_pct, double *ret_value);
/* The reference of emission limits: 3.5 % for gas and oil, 9 % for coal. */
double reference_o2_pct(enum fuel fuel);

#endif
