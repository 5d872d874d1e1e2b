#include "firmware-sim/line.h"

void line_init(struct line *line, const char *id, enum wire wire, struct random *random)
{
    *line = (struct line){.id = id, .wire = wire, .random = random, .babble_us = CHANNEL_NEVER};
}

/* Functions 5, 6, 15, 16 and 22 write and read nothing. */
static bool is_write(uint8_t function)
{
    return function == 5 || function == 6 || function == 15 || function == 16 || function == 22;
}

static void serve_broadcast(struct line *line, const struct request *request)
{
    for (size_t i = 1; i < LINE_UNITS_MAX && is_write(request->pdu[0]); i++) {
        if (line->units[i] != NULL && !line->units[i]->dark)
            unit_obey(line->units[i], request);
    }
}

void line_serve(void *self, const struct request *request, struct answer *ret_answer)
{
    struct line *line = self;
    struct unit *unit = line->units[request->unit];
    if (request->unit == 0 && line->wire == WIRE_RTU)
        serve_broadcast(line, request);
    else if (unit != NULL && !unit->dark && (request->pdu[0] & 0x80) == 0)
        unit_serve(unit, line->wire, request, line->random, ret_answer);
}

/* --- faults --- */

bool line_takes_fault(const struct line *line, const struct unit *unit, const struct fault *fault, struct text *why)
{
    const char *id = unit->slave->id;
    if (fault_is_of_bus(fault->kind))
        return text_refuse(why, "that is a fault of a bus, not of %s: fault bus:%s gone, fault bus:%s back", id,
                           line->id, line->id);
    if (fault->kind == FAULT_CRC && line->wire == WIRE_MBAP)
        return text_refuse(why, "%s is on Modbus TCP, which has no CRC", id);
    if (fault->kind == FAULT_BABBLE && line->wire == WIRE_MBAP)
        return text_refuse(why, "%s is on Modbus TCP, where no slave speaks unasked", id);
    return fault->kind != FAULT_SENTINEL || unit_has_sentinel(unit, fault->point, why);
}

static void look_for_babble(struct line *line)
{
    line->babble_us = CHANNEL_NEVER;
    for (size_t i = 0; i < LINE_UNITS_MAX; i++) {
        const struct unit *unit = line->units[i];
        if (unit != NULL && unit->fault.kind == FAULT_BABBLE && unit->babble_us < line->babble_us)
            line->babble_us = unit->babble_us;
    }
}

void line_set_unit_fault(struct line *line, struct unit *unit, const struct fault *fault)
{
    unit_set_fault(unit, fault);
    look_for_babble(line);
}

void line_pass(struct line *line, int64_t now_us)
{
    if (fault_is_over(&line->fault, now_us))
        line->fault = (struct fault){.kind = FAULT_NONE};
    for (size_t i = 0; i < LINE_UNITS_MAX; i++) {
        if (line->units[i] != NULL)
            unit_pass(line->units[i], now_us);
    }
}

bool line_babble(struct line *line, int64_t now_us, struct answer *ret_answer, uint8_t *ret_unit)
{
    bool found = false;
    for (size_t i = 0; i < LINE_UNITS_MAX && !found && now_us >= line->babble_us; i++) {
        struct unit *unit = line->units[i];
        if (unit == NULL || !unit_babble(unit, now_us, line->random, ret_answer))
            continue;
        *ret_unit = (uint8_t)i;
        found = true;
    }
    if (now_us >= line->babble_us)
        look_for_babble(line);
    return found;
}

int64_t line_due_us(const struct line *line, int64_t now_us)
{
    int64_t change_us = fault_change_us(&line->fault, now_us);
    return change_us < line->babble_us ? change_us : line->babble_us;
}
