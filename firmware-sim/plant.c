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
