#include "firmware-sim/measure.h"

#include <stddef.h>
#include <string.h>

/* What it measures, and how one becomes the base of that: value * factor + addend. */
struct measure {
    const char *unit;
    const char *what;
    double factor;
    double addend;
};

static const struct measure measures[] = {
    {"Pa", "pressure", 1, 0},
    {"kPa", "pressure", 1e3, 0},
    {"MPa", "pressure", 1e6, 0},
    {"mbar", "pressure", 100, 0},
    {"bar", "pressure", 1e5, 0},
    {"[psi]", "pressure", 6894.757293168361, 0}, /* lbf/in2 */
    {"Cel", "temperature", 1, 0},
    {"[degF]", "temperature", 5.0 / 9, -160.0 / 9},
    {"K", "temperature", 1, -273.15},
    {"m/s", "speed", 1, 0},
    {"mm/s", "speed", 1e-3, 0},
    {"m/min", "speed", 1.0 / 60, 0},
    {"m", "length", 1, 0},
    {"mm", "length", 1e-3, 0},
    {"cm", "length", 1e-2, 0},
    {"km", "length", 1e3, 0},
    {"kg", "mass", 1, 0},
    {"g", "mass", 1e-3, 0},
    {"t", "mass", 1e3, 0},
    {"kg/h", "mass flow", 1, 0},
    {"t/h", "mass flow", 1e3, 0},
    {"m3/h", "flow", 1, 0},
    {"L/min", "flow", 0.06, 0},
    {"s", "time", 1, 0},
    {"min", "time", 60, 0},
    {"h", "time", 3600, 0},
    {"d", "time", 86400, 0},
    {"W", "power", 1, 0},
    {"kW", "power", 1e3, 0},
    {"MW", "power", 1e6, 0},
    {"W.h", "energy", 1, 0},
    {"kW.h", "energy", 1e3, 0},
    {"mV", "voltage", 1e-3, 0},
    {"V", "voltage", 1, 0},
};

static const struct measure *find(const char *unit)
{
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        if (strcmp(measures[i].unit, unit) == 0)
            return &measures[i];
    }
    return NULL;
}

bool measure_convert(const char *from, const char *to, double *ret_factor, double *ret_addend)
{
    const struct measure *a = find(from);
    const struct measure *b = find(to);
    bool same = strcmp(from, to) == 0;
    if (!same && (a == NULL || b == NULL || strcmp(a->what, b->what) != 0))
        return false;
    *ret_factor = same ? 1 : a->factor / b->factor;
    *ret_addend = same ? 0 : (a->addend - b->addend) / b->factor;
    return true;
}

const char *measure_name(const char *unit)
{
    static const char *const names[][2] = {{"1", ""},          {"Cel", "°C"},      {"[degF]", "°F"},  {"deg", "°"},
                                           {"%{LEL}", "%LEL"}, {"%{vol}", "%vol"}, {"[ppm]", "ppm"},  {"[psi]", "psi"},
                                           {"{rpm}", "rpm"},   {"{count}", ""},    {"W.h", "Wh"},     {"kW.h", "kWh"},
                                           {"m3/h", "m³/h"},   {"m/s2", "m/s²"},   {"mg/m3", "mg/m³"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(unit, names[i][0]) == 0)
            return names[i][1];
    }
    return unit;
}
