#include "firmware-sim/saturation.h"

#include <math.h>

#define AIR_MPA  0.1013
#define MMHG_MPA 7500.62

double saturation_pressure(double cel)
{
    double mpa = pow(10, 8.14019 - 1810.94 / (244.485 + cel)) / MMHG_MPA;
    return fmax(0, mpa - AIR_MPA);
}

double saturation_temp(double gauge_mpa)
{
    return 1810.94 / (8.14019 - log10((gauge_mpa + AIR_MPA) * MMHG_MPA)) - 244.485;
}
