#include "firmware-sim/plant.h"

#include <math.h>

struct value plant_truth(bool truth)
{
    return (struct value){.number = truth ? 1 : 0, .text = truth ? "true" : "false"};
}

struct value plant_number(double number)
{
    return (struct value){.number = number};
}

struct value plant_code(double number, const char *text)
{
    return (struct value){.number = number, .text = text};
}

double plant_approach(double from, double to, double dt_s, double time_constant_s)
{
    return to + (from - to) * exp(-dt_s / time_constant_s);
}

bool plant_knows(const struct point *point, const char *word)
{
    for (size_t i = 0; point != NULL && i < point->map_count; i++) {
        if (text_equals(point->map[i].name, word))
            return true;
    }
    return point == NULL || point->map_count == 0;
}
