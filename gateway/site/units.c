#include "gateway/site/units.h"

#include <string.h>

#include "gateway/base/check.h"

enum dimension {
    TEMPERATURE,   /* Cel */
    PRESSURE,      /* Pa */
    LENGTH,        /* m */
    SPEED,         /* m/s */
    ACCELERATION,  /* m/s2 */
    MASS,          /* kg */
    TIME,          /* s */
    RATIO,         /* % */
    VOLUME_RATIO,  /* %{vol} */
    EXPLOSIVE,     /* %{LEL} */
    CONCENTRATION, /* mg/m3 */
    VOLTAGE,       /* V */
    CURRENT,       /* A */
    POWER,         /* W */
    ENERGY,        /* J */
    FREQUENCY,     /* Hz */
    ROTATION,      /* {rpm} */
    COUNT,         /* {count} */
    FLOOR,         /* {floor} */
    VOLUME,        /* m3 */
    VOLUME_FLOW,   /* m3/h */
    MASS_FLOW,     /* kg/h */
    ANGLE,         /* deg */
    SIGNAL,        /* dBm */
    RESISTANCE,    /* Ohm */
    CONDUCTIVITY,  /* uS/cm */
    ACIDITY,       /* [pH] */
    AMOUNT,        /* mmol/L */
    HEAT_CONTENT,  /* kJ/m3 */
};

struct unit {
    const char *name;
    enum dimension dimension;
    double factor; /* base = value * factor + addend */
    double addend;
};

static const struct unit units[] = {
    {"Cel", TEMPERATURE, 1, 0},
    {"K", TEMPERATURE, 1, -273.15},
    {"[degF]", TEMPERATURE, 5.0 / 9.0, -160.0 / 9.0},
    {"Pa", PRESSURE, 1, 0},
    {"hPa", PRESSURE, 100, 0},
    {"kPa", PRESSURE, 1e3, 0},
    {"MPa", PRESSURE, 1e6, 0},
    {"bar", PRESSURE, 1e5, 0},
    {"mbar", PRESSURE, 100, 0},
    {"[psi]", PRESSURE, 6894.757293168, 0}, /* NIST SP 811 */
    {"mm[H2O]", PRESSURE, 9.80665, 0},
    {"m[H2O]", PRESSURE, 9806.65, 0},
    {"m", LENGTH, 1, 0},
    {"cm", LENGTH, 0.01, 0},
    {"mm", LENGTH, 1e-3, 0},
    {"km", LENGTH, 1e3, 0},
    {"m/s", SPEED, 1, 0},
    {"cm/s", SPEED, 0.01, 0},
    {"mm/s", SPEED, 1e-3, 0},
    {"m/min", SPEED, 1.0 / 60.0, 0},
    {"km/h", SPEED, 1.0 / 3.6, 0},
    {"m/s2", ACCELERATION, 1, 0},
    {"[g]", ACCELERATION, 9.80665, 0},
    {"kg", MASS, 1, 0},
    {"g", MASS, 1e-3, 0},
    {"t", MASS, 1e3, 0},
    {"s", TIME, 1, 0},
    {"ms", TIME, 1e-3, 0},
    {"min", TIME, 60, 0},
    {"h", TIME, 3600, 0},
    {"d", TIME, 86400, 0},
    {"%", RATIO, 1, 0},
    {"1", RATIO, 100, 0},
    {"[ppth]", RATIO, 0.1, 0},
    {"%{vol}", VOLUME_RATIO, 1, 0},
    {"[ppm]", VOLUME_RATIO, 1e-4, 0},
    {"[ppb]", VOLUME_RATIO, 1e-7, 0},
    {"%{LEL}", EXPLOSIVE, 1, 0},
    {"mg/m3", CONCENTRATION, 1, 0},
    {"ug/m3", CONCENTRATION, 1e-3, 0},
    {"g/m3", CONCENTRATION, 1e3, 0},
    {"V", VOLTAGE, 1, 0},
    {"mV", VOLTAGE, 1e-3, 0},
    {"kV", VOLTAGE, 1e3, 0},
    {"A", CURRENT, 1, 0},
    {"mA", CURRENT, 1e-3, 0},
    {"uA", CURRENT, 1e-6, 0},
    {"W", POWER, 1, 0},
    {"kW", POWER, 1e3, 0},
    {"MW", POWER, 1e6, 0},
    {"J", ENERGY, 1, 0},
    {"kJ", ENERGY, 1e3, 0},
    {"MJ", ENERGY, 1e6, 0},
    {"W.h", ENERGY, 3600, 0},
    {"kW.h", ENERGY, 3.6e6, 0},
    {"MW.h", ENERGY, 3.6e9, 0},
    {"Hz", FREQUENCY, 1, 0},
    {"kHz", FREQUENCY, 1e3, 0},
    {"{rpm}", ROTATION, 1, 0},
    {"/min", ROTATION, 1, 0},
    {"{count}", COUNT, 1, 0},
    {"{floor}", FLOOR, 1, 0},
    {"m3", VOLUME, 1, 0},
    {"L", VOLUME, 1e-3, 0},
    {"m3/h", VOLUME_FLOW, 1, 0},
    {"L/h", VOLUME_FLOW, 1e-3, 0},
    {"L/min", VOLUME_FLOW, 0.06, 0},
    {"m3/min", VOLUME_FLOW, 60, 0},
    {"kg/h", MASS_FLOW, 1, 0},
    {"t/h", MASS_FLOW, 1e3, 0},
    {"kg/s", MASS_FLOW, 3600, 0},
    {"deg", ANGLE, 1, 0},
    {"rad", ANGLE, 57.29577951308232, 0},
    {"dBm", SIGNAL, 1, 0},
    {"Ohm", RESISTANCE, 1, 0},
    {"kOhm", RESISTANCE, 1e3, 0},
    {"uS/cm", CONDUCTIVITY, 1, 0},
    {"mS/cm", CONDUCTIVITY, 1e3, 0},
    {"[pH]", ACIDITY, 1, 0},
    {"mmol/L", AMOUNT, 1, 0},
    {"umol/L", AMOUNT, 1e-3, 0},
    {"kJ/m3", HEAT_CONTENT, 1, 0},
    {"MJ/m3", HEAT_CONTENT, 1e3, 0},
};

static const struct {
    const char *written;
    const char *unit;
} habits[] = {
    {"°C", "Cel"},      {"℃", "Cel"},       {"C", "Cel"},      {"degC", "Cel"},    {"°F", "[degF]"},
    {"℉", "[degF]"},    {"%LEL", "%{LEL}"}, {"LEL", "%{LEL}"}, {"%VOL", "%{vol}"}, {"%vol", "%{vol}"},
    {"vol%", "%{vol}"}, {"ppm", "[ppm]"},   {"ppb", "[ppb]"},  {"psi", "[psi]"},   {"kWh", "kW.h"},
    {"kwh", "kW.h"},    {"Wh", "W.h"},      {"rpm", "{rpm}"},  {"m³", "m3"},       {"m³/h", "m3/h"},
    {"mg/m³", "mg/m3"}, {"m/s²", "m/s2"},   {"°", "deg"},      {"Ω", "Ohm"},       {"pH", "[pH]"},
    {"µg/m³", "ug/m3"}, {"days", "d"},      {"hours", "h"},    {"sec", "s"},       {"l", "L"},
};

static const struct unit *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

bool unit_is_known(const char *unit)
{
    return find(unit) != NULL;
}

bool unit_convert(const char *from, const char *to, double *ret_factor, double *ret_addend)
{
    if (strcmp(from, to) == 0) {
        *ret_factor = 1;
        *ret_addend = 0;
        return true;
    }
    const struct unit *a = find(from);
    const struct unit *b = find(to);
    if (a == NULL || b == NULL || a->dimension != b->dimension)
        return false;
    *ret_factor = a->factor / b->factor;
    *ret_addend = (a->addend - b->addend) / b->factor;
    return true;
}

const char *unit_of_habit(const char *written)
{
    for (size_t i = 0; i < ARRAY_SIZE(habits); i++)
        if (strcmp(habits[i].written, written) == 0)
            return habits[i].unit;
    return NULL;
}

const char *unit_name(const void *context, size_t index)
{
    (void)context;
    return index < ARRAY_SIZE(units) ? units[index].name : NULL;
}
