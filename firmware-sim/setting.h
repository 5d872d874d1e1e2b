/* setting: what the site file says about one device beside its points ("settings"): rated speed, working pressure, gas. */
#ifndef OUTPOST_FIRMWARE_SIM_SETTING_H
#define OUTPOST_FIRMWARE_SIM_SETTING_H

#include <stddef.h>

struct setting {
    const char *id;
    double number;    /* NaN: it is a text */
    const char *text; /* NULL: it is a number */
};

struct settings {
    const struct setting *rows;
    size_t count;
};

/* A number of the site file, else `otherwise`. */
double setting_number(const struct settings *settings, const char *id, double otherwise);

/* A text of the site file, else `otherwise`. */
const char *setting_text(const struct settings *settings, const char *id, const char *otherwise);

#endif
