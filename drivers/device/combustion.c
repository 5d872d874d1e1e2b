#include "drivers/device/combustion.h"

#include <math.h>
#include <stddef.h>

#include "gateway/base/check.h"

static const struct {
    double a1, a2, b;
} siegert[] = {
    [FUEL_NATURAL_GAS] = {0.37, 0.66, 0.009},   [FUEL_LIGHT_OIL] = {0.50, 0.68, 0.007},
    [FUEL_LPG] = {0.42, 0.63, 0.008},           [FUEL_TOWN_GAS] = {0.35, 0.63, 0.011},
    [FUEL_COKE_OVEN_GAS] = {0.29, 0.60, 0.011},
};

static const struct {
    double rated_t_h, q5_pct;
} casing[] = {{4, 2.9}, {6, 2.4}, {10, 1.7}, {15, 1.5}, {20, 1.3}, {35, 1.1}, {65, 0.8}};

static bool result(double value, double *ret_value)
{
    if (!isfinite(value))
        return false;
    *ret_value = value;
    return true;
}

static bool is_o2(double o2_pct)
{
    return o2_pct >= 0 && o2_pct < O2_OF_AIR_PCT;
}

bool lambda_by_o2(double o2_pct, double *ret_lambda)
{
    return is_o2(o2_pct) && result(O2_OF_AIR_PCT / (O2_OF_AIR_PCT - o2_pct), ret_lambda);
}

bool lambda_by_gases(double o2_pct, double co_pct, double ro2_pct, double *ret_lambda)
{
    double const n2_pct = 100 - ro2_pct - o2_pct - co_pct;
    if (!is_o2(o2_pct) || !(co_pct >= 0) || !(ro2_pct >= 0) || !(n2_pct > 0))
        return false;
    double const rest_pct = O2_OF_AIR_PCT - 79 * (o2_pct - 0.5 * co_pct) / n2_pct;
    return rest_pct > 0 && result(O2_OF_AIR_PCT / rest_pct, ret_lambda);
}

static bool has_siegert(enum fuel fuel)
{
    return (size_t)fuel < ARRAY_SIZE(siegert);
}

bool siegert_by_o2(enum fuel fuel, double flue_cel, double air_cel, double o2_pct, double *ret_loss_pct)
{
    if (!has_siegert(fuel) || !is_o2(o2_pct))
        return false;
    double const factor = siegert[fuel].a2 / (O2_OF_AIR_PCT - o2_pct) + siegert[fuel].b;
    return result((flue_cel - air_cel) * factor, ret_loss_pct);
}

bool siegert_by_co2(enum fuel fuel, double flue_cel, double air_cel, double co2_pct, double *ret_loss_pct)
{
    if (!has_siegert(fuel) || !(co2_pct > 0 && co2_pct <= 100))
        return false;
    return result((flue_cel - air_cel) * (siegert[fuel].a1 / co2_pct + siegert[fuel].b), ret_loss_pct);
}

bool heat_loss_q2(enum fuel fuel, double lambda, double flue_cel, double air_cel, double q4_pct, double *ret_q2_pct)
{
    if ((size_t)fuel >= FUEL_COUNT || !(lambda > 0) || !(q4_pct >= 0 && q4_pct <= 100))
        return false;
    double const m = fuel == FUEL_COAL ? 0.4 : 0.5;
    double const n = fuel == FUEL_COAL ? 3.55 : 3.45;
    return result((m + n * lambda) * (flue_cel - air_cel) / 100 * (1 - q4_pct / 100), ret_q2_pct);
}

bool heat_loss_q3(double lambda, double co_ppm, double *ret_q3_pct)
{
    return lambda > 0 && co_ppm >= 0 && result(3.2 * lambda * co_ppm / 1e4, ret_q3_pct);
}

static double casing_loss(double rated_t_h)
{
    size_t const last = ARRAY_SIZE(casing) - 1;
    if (rated_t_h <= casing[0].rated_t_h)
        return casing[0].q5_pct;
    for (size_t i = 1; i <= last; i++) {
        if (rated_t_h >= casing[i].rated_t_h)
            continue;
        double const part = (rated_t_h - casing[i - 1].rated_t_h) / (casing[i].rated_t_h - casing[i - 1].rated_t_h);
        return casing[i - 1].q5_pct + part * (casing[i].q5_pct - casing[i - 1].q5_pct);
    }
    return casing[last].q5_pct;
}

bool heat_loss_q5(double rated_t_h, double load, double *ret_q5_pct)
{
    if (!(rated_t_h > 0) || isnan(load))
        return false;
    double const counted = load < 0.25 ? 0.25 : load > 1.2 ? 1.2 : load;
    return result(casing_loss(rated_t_h) / counted, ret_q5_pct);
}

bool at_reference_o2(double value, double o2_pct, double o2_ref_pct, double *ret_value)
{
    if (!is_o2(o2_pct) || !is_o2(o2_ref_pct))
        return false;
    return result(value * (O2_OF_AIR_PCT - o2_ref_pct) / (O2_OF_AIR_PCT - o2_pct), ret_value);
}

double reference_o2_pct(enum fuel fuel)
{
    return fuel == FUEL_COAL ? 9 : 3.5;
}
