#include "firmware-sim/valve.h"

#include <math.h>

static void step_contact(struct valve *valve, double dt_s)
{
    bool closed = valve_is_closed(valve);
    if (closed != valve->was_closed)
        valve->bounces = valve->bounce_s;
    valve->was_closed = closed;
    valve->bounces = fmax(0, valve->bounces - dt_s);
    valve->contact = valve->bounces > 0 ? !valve->contact : closed;
}

void valve_step(struct valve *valve, bool coil_closes, double dt_s)
{
    bool closing = coil_closes || (valve->shut > 0 && !valve->returns);
    double stroke_s = valve->returns ? FAN_SPIN_S : VALVE_STROKE_S;
    if (valve->returns && valve->jammed)
        valve->shut = 0;
    else if (closing && !valve->jammed)
        valve->shut = fmin(1, valve->shut + dt_s / stroke_s);
    else if (valve->returns)
        valve->shut = fmax(0, valve->shut - dt_s / stroke_s);
    step_contact(valve, dt_s);
}

bool valve_is_closed(const struct valve *valve)
{
    return valve->shut >= 1;
}

const char *valve_word(const struct valve *valve)
{
    if (valve->returns)
        return valve->jammed            ? "stands, jammed"
               : valve_is_closed(valve) ? "runs"
               : valve->shut > 0        ? "turns"
                                        : "stands";
    if (valve->jammed)
        return valve_is_closed(valve) ? "jammed closed" : "jammed open";
    return valve_is_closed(valve) ? "closed" : valve->shut > 0 ? "closing" : "open";
}

bool valve_reopen(struct valve *valve, bool coil_closes, struct text *why)
{
    if (valve->returns)
        return text_refuse(why, "it follows its coil and needs no hand");
    if (valve->jammed)
        return text_refuse(why, "it is jammed; free it first");
    if (coil_closes)
        return text_refuse(why, "its coil still commands it closed");
    valve->shut = 0;
    return true;
}
