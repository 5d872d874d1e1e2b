#include "firmware-sim/valve.h"

#include <math.h>

void valve_step(struct valve *valve, bool coil_closes, double dt_s)
{
    bool closing = coil_closes || valve->shut > 0;
    if (closing && !valve->jammed)
        valve->shut = fmin(1, valve->shut + dt_s / VALVE_STROKE_S);
}

bool valve_is_closed(const struct valve *valve)
{
    return valve->shut >= 1;
}

const char *valve_word(const struct valve *valve)
{
    if (valve->jammed)
        return valve_is_closed(valve) ? "jammed closed" : "jammed open";
    return valve_is_closed(valve) ? "closed" : valve->shut > 0 ? "closing" : "open";
}

bool valve_reopen(struct valve *valve, bool coil_closes, struct text *why)
{
    if (valve->jammed)
        return text_refuse(why, "it is jammed; free it first");
    if (coil_closes)
        return text_refuse(why, "its coil still commands it closed");
    valve->shut = 0;
    return true;
}
