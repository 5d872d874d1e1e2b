#include "drivers/device/steam.h"

#include <math.h>
#include <stddef.h>

#include "gateway/base/check.h"

#define R_KJ_KG_K    0.461526
#define T_MIN_K      273.15
#define T_CRITICAL_K 647.096
#define P_MIN_MPA    611.213e-6
#define P_CRITICAL   22.064
#define T_REGION_1_K 623.15
#define T_REGION_2_K 1073.15
#define T_BOUNDARY_K 863.15
#define P_MAX_MPA    100.0
/* A temperature that was made of the pressure by t_sat may come back as a pressure the last digits away. */
#define P_ROUNDING 1e-7

/* n[0] is not used: the release counts from 1. */
static const double n[] = {0,
                           0.11670521452767e4,
                           -0.72421316703206e6,
                           -0.17073846940092e2,
                           0.12020824702470e5,
                           -0.32325550322333e7,
                           0.14915108613530e2,
                           -0.48232657361591e4,
                           0.40511340542057e6,
                           -0.23855557567849,
                           0.65017534844798e3};

struct term {
    int i;
    int j;
    double n;
};

static const struct term liquid[] = {
    {0, -2, 1.4632971213167e-1},    {0, -1, -8.4548187169114e-1},    {0, 0, -3.756360367204},
    {0, 1, 3.3855169168385},        {0, 2, -9.5791963387872e-1},     {0, 3, 1.5772038513228e-1},
    {0, 4, -1.6616417199501e-2},    {0, 5, 8.1214629983568e-4},      {1, -9, 2.8319080123804e-4},
    {1, -7, -6.0706301565874e-4},   {1, -1, -1.8990068218419e-2},    {1, 0, -3.2529748770505e-2},
    {1, 1, -2.1841717175414e-2},    {1, 3, -5.283835796993e-5},      {2, -3, -4.7184321073267e-4},
    {2, 0, -3.0001780793026e-4},    {2, 1, 4.7661393906987e-5},      {2, 3, -4.4141845330846e-6},
    {2, 17, -7.2694996297594e-16},  {3, -4, -3.1679644845054e-5},    {3, 0, -2.8270797985312e-6},
    {3, 6, -8.5205128120103e-10},   {4, -5, -2.2425281908e-6},       {4, -2, -6.5171222895601e-7},
    {4, 10, -1.4341729937924e-13},  {5, -8, -4.0516996860117e-7},    {8, -11, -1.2734301741641e-9},
    {8, -6, -1.7424871230634e-10},  {21, -29, -6.8762131295531e-19}, {23, -31, 1.4478307828521e-20},
    {29, -38, 2.6335781662795e-23}, {30, -39, -1.1947622640071e-23}, {31, -40, 1.8228094581404e-24},
    {32, -41, -9.3537087292458e-26}};

static const struct term ideal[] = {
    {0, 0, -9.6927686500217},    {0, 1, 1.0086655968018e1},    {0, -5, -5.608791128302e-3},
    {0, -4, 7.1452738081455e-2}, {0, -3, -4.0710498223928e-1}, {0, -2, 1.4240819171444},
    {0, -1, -4.383951131945},    {0, 2, -2.8408632460772e-1},  {0, 3, 2.1268463753307e-2}};

static const struct term residual[] = {
    {1, 0, -1.7731742473213e-3},    {1, 1, -1.7834862292358e-2},    {1, 2, -4.5996013696365e-2},
    {1, 3, -5.7581259083432e-2},    {1, 6, -5.032527872793e-2},     {2, 1, -3.3032641670203e-5},
    {2, 2, -1.8948987516315e-4},    {2, 4, -3.9392777243355e-3},    {2, 7, -4.3797295650573e-2},
    {2, 36, -2.6674547914087e-5},   {3, 0, 2.0481737692309e-8},     {3, 1, 4.3870667284435e-7},
    {3, 3, -3.227767723857e-5},     {3, 6, -1.5033924542148e-3},    {3, 35, -4.0668253562649e-2},
    {4, 1, -7.8847309559367e-10},   {4, 2, 1.2790717852285e-8},     {4, 3, 4.8225372718507e-7},
    {5, 7, 2.2922076337661e-6},     {6, 3, -1.6714766451061e-11},   {6, 16, -2.1171472321355e-3},
    {6, 35, -2.3895741934104e1},    {7, 0, -5.905956432427e-18},    {7, 11, -1.2621808899101e-6},
    {7, 25, -3.8946842435739e-2},   {8, 8, 1.1256211360459e-11},    {8, 36, -8.2311340897998},
    {9, 13, 1.9809712802088e-8},    {10, 4, 1.0406965210174e-19},   {10, 10, -1.0234747095929e-13},
    {10, 14, -1.0018179379511e-9},  {16, 29, -8.0882908646985e-11}, {16, 50, 1.0693031879409e-1},
    {18, 57, -3.3662250574171e-1},  {20, 20, 8.9185845355421e-25},  {20, 35, 3.0629316876232e-13},
    {20, 48, -4.2002467698208e-6},  {21, 21, -5.9056029685639e-26}, {22, 53, 3.7826947613457e-6},
    {23, 39, -1.2768608934681e-15}, {24, 26, 7.3087610595061e-29},  {24, 40, 5.5414715350778e-17},
    {24, 58, -9.436970724121e-7}};

bool steam_t_sat(double p_mpa, double *ret_t_k)
{
    if (!(p_mpa >= P_MIN_MPA && p_mpa <= P_CRITICAL))
        return false;
    double const b = pow(p_mpa, 0.25);
    double const e = b * b + n[3] * b + n[6];
    double const f = n[1] * b * b + n[4] * b + n[7];
    double const g = n[2] * b * b + n[5] * b + n[8];
    double const d = 2 * g / (-f - sqrt(f * f - 4 * e * g));
    double const sum = n[10] + d;
    *ret_t_k = (sum - sqrt(sum * sum - 4 * (n[9] + n[10] * d))) / 2;
    return true;
}

bool steam_p_sat(double t_k, double *ret_p_mpa)
{
    if (!(t_k >= T_MIN_K && t_k <= T_CRITICAL_K))
        return false;
    double const v = t_k + n[9] / (t_k - n[10]);
    double const a = v * v + n[1] * v + n[2];
    double const b = n[3] * v * v + n[4] * v + n[5];
    double const c = n[6] * v * v + n[7] * v + n[8];
    double const x = 2 * c / (-b + sqrt(b * b - 4 * a * c));
    *ret_p_mpa = x * x * x * x;
    return true;
}

/* The derivative by tau of the sum of n x^i y^j. */
static double by_tau(const struct term *terms, size_t count, double x, double y)
{
    double sum = 0;
    for (size_t k = 0; k < count; k++)
        sum += terms[k].n * pow(x, terms[k].i) * terms[k].j * pow(y, terms[k].j - 1);
    return sum;
}

bool steam_h_water(double p_mpa, double t_k, double *ret_h_kj_kg)
{
    double saturated_mpa;
    if (!(t_k <= T_REGION_1_K) || !steam_p_sat(t_k, &saturated_mpa))
        return false;
    if (!(p_mpa >= saturated_mpa * (1 - P_ROUNDING) && p_mpa <= P_MAX_MPA))
        return false;
    double const tau = 1386 / t_k;
    double const gamma_tau = by_tau(liquid, ARRAY_SIZE(liquid), 7.1 - p_mpa / 16.53, tau - 1.222);
    *ret_h_kj_kg = R_KJ_KG_K * 1386 * gamma_tau;
    return true;
}

/* The highest pressure of region 2 at that temperature. */
static double region_2_max_mpa(double t_k)
{
    double p_mpa = P_MAX_MPA;
    if (t_k <= T_REGION_1_K && steam_p_sat(t_k, &p_mpa))
        return p_mpa * (1 + P_ROUNDING);
    if (t_k <= T_BOUNDARY_K)
        return 0.34805185628969e3 - 0.11671859879975e1 * t_k + 0.10192970039326e-2 * t_k * t_k;
    return P_MAX_MPA;
}

bool steam_h_steam(double p_mpa, double t_k, double *ret_h_kj_kg)
{
    if (!(t_k >= T_MIN_K && t_k <= T_REGION_2_K) || !(p_mpa > 0 && p_mpa <= region_2_max_mpa(t_k)))
        return false;
    double const tau = 540 / t_k;
    double const gamma_tau =
        by_tau(ideal, ARRAY_SIZE(ideal), 1, tau) + by_tau(residual, ARRAY_SIZE(residual), p_mpa, tau - 0.5);
    *ret_h_kj_kg = R_KJ_KG_K * 540 * gamma_tau;
    return true;
}
