#include "tests/house/plant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

#define EXCEPTION_FUNCTION 1 /* Modbus Application Protocol V1.1b3, section 7 */
#define EXCEPTION_ADDRESS  2

const char *plant_kind_text(enum plant_kind kind)
{
    static const char *const texts[] = {"xcd", "gas6in1", "relays", "inputs", "speed", "stamps", "xrl", "panel"};
    return texts[kind];
}

void plant_note(struct plant *plant, int slave, enum truth what, double value)
{
    plant->steps = stage_grow(plant->steps, plant->step_count, &plant->step_max, sizeof *plant->steps);
    plant->steps[plant->step_count++] =
        (struct truth_step){.t_us = plant->stage->t_us, .slave = slave, .what = what, .value = value};
}

void plant_open(struct plant *plant, struct stage *stage, const struct plant_row *rows, int row_count)
{
    CHECK(row_count <= PLANT_SLAVES_MAX);
    *plant = (struct plant){.stage = stage, .slave_count = row_count, .valve_stroke_us = 2 * SECOND};
    plant->valve_closes_at_us = CLOCK_NEVER;
    for (int i = 0; i < row_count; i++) {
        plant->slaves[i] = (struct plant_slave){.row = rows[i], .number = (uint8_t)(i + 1), .mode = 1};
        plant->slaves[i].silent_since_us = -1;
        plant->slaves[i].frozen_since_us = -1;
        plant->slaves[i].answered_us = -HOUR;
        plant->slaves[i].inputs[INPUT_DOOR_CLOSED] = true;
        plant->slaves[i].inputs[INPUT_DOOR_ZONE] = rows[i].kind == PLANT_INPUTS;
        if (rows[i].kind != PLANT_INPUTS)
            plant->slaves[i].inputs[INPUT_DOOR_CLOSED] = false;
    }
}

void plant_close(struct plant *plant)
{
    free(plant->steps);
    *plant = (struct plant){0};
}

int plant_find(const struct plant *plant, const char *id)
{
    for (int i = 0; i < plant->slave_count; i++)
        if (strcmp(plant->slaves[i].row.id, id) == 0)
            return i;
    return -1;
}

int plant_at(const struct plant *plant, const char *bus, uint8_t unit)
{
    for (int i = 0; i < plant->slave_count; i++)
        if (plant->slaves[i].row.unit == unit && strcmp(plant->slaves[i].row.bus, bus) == 0)
            return i;
    return -1;
}

void plant_set_gas(struct plant *plant, int slave, double lel_pct)
{
    plant->slaves[slave].gas_lel_pct = lel_pct;
    plant_note(plant, slave, TRUTH_GAS, lel_pct);
}

void plant_set_fault(struct plant *plant, int slave, enum fault fault, int per_mille)
{
    struct plant_slave *who = &plant->slaves[slave];
    bool const silent = fault != FAULT_NONE && fault != FAULT_ECHO && per_mille >= 1000;
    if (!silent)
        who->silent_since_us = -1;
    else if (who->silent_since_us < 0)
        who->silent_since_us = plant->stage->t_us;
    who->fault = fault;
    who->fault_per_mille = per_mille;
}

void plant_freeze(struct plant *plant, int slave, bool frozen)
{
    plant->slaves[slave].frozen_since_us = frozen ? plant->stage->t_us : -1;
    plant_note(plant, slave, TRUTH_FROZEN, frozen);
}

void plant_trap(struct plant *plant, int slave, bool trapped)
{
    bool *inputs = plant->slaves[slave].inputs;
    inputs[INPUT_DOOR_CLOSED] = true;
    inputs[INPUT_DOOR_ZONE] = !trapped;
    inputs[INPUT_PASSENGER] = trapped;
    plant_note(plant, slave, TRUTH_TRAPPED, trapped);
}

static int board_of(const struct plant *plant)
{
    for (int i = 0; i < plant->slave_count; i++)
        if (plant->slaves[i].row.kind == PLANT_RELAYS)
            return i;
    return -1;
}

static void set_closed(struct plant *plant, bool closed)
{
    int board = board_of(plant);
    plant->valve_closed = closed;
    plant->slaves[board].inputs[0] = closed;
    plant_note(plant, board, TRUTH_CLOSED, closed);
}

void plant_open_valve_by_hand(struct plant *plant)
{
    plant->valve_closes_at_us = CLOCK_NEVER;
    if (plant->valve_closed && !plant->slaves[board_of(plant)].coils[0])
        set_closed(plant, false);
}

static void set_coil(struct plant *plant, int slave, uint16_t address, bool on)
{
    struct plant_slave *who = &plant->slaves[slave];
    bool const was = who->coils[address];
    who->coils[address] = on;
    if (on == was)
        return;
    if (address < 2)
        plant_note(plant, slave, address == 0 ? TRUTH_COIL_1 : TRUTH_COIL_2, on);
    if (address == 0)
        plant->valve_closes_at_us = on ? plant->stage->t_us + plant->valve_stroke_us : CLOCK_NEVER;
}

int64_t plant_next_us(const struct plant *plant)
{
    int64_t next_us = plant->valve_closes_at_us;
    for (int i = 0; i < plant->slave_count; i++)
        if (plant->slaves[i].falls_us > 0 && plant->slaves[i].falls_us < next_us)
            next_us = plant->slaves[i].falls_us;
    return next_us;
}

static void fall(struct plant *plant)
{
    for (int i = 0; i < plant->slave_count; i++) {
        if (plant->slaves[i].falls_us == 0 || plant->stage->t_us < plant->slaves[i].falls_us)
            continue;
        plant->slaves[i].falls_us = 0;
        for (uint16_t coil = 0; coil < 8; coil++)
            set_coil(plant, i, coil, true);
    }
}

void plant_move(struct plant *plant)
{
    fall(plant);
    if (plant->stage->t_us < plant->valve_closes_at_us)
        return;
    plant->valve_closes_at_us = CLOCK_NEVER;
    if (!plant->valve_stuck && !plant->valve_closed)
        set_closed(plant, true);
}

uint32_t plant_stamp(uint8_t number, uint16_t address, int64_t t_us)
{
    return (uint32_t)number << 24 | (uint32_t)(address & 0xFF) << 16 | (uint32_t)((t_us / STAMP_TICK_US) & 0xFFFF);
}

static void put_float(uint16_t words[static 2], double value)
{
    float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    words[0] = (uint16_t)(bits >> 16);
    words[1] = (uint16_t)(bits & 0xFFFF);
}

static void fill_xcd(const struct plant_slave *slave, uint16_t words[static 64])
{
    words[0] = (uint16_t)(0x2500 | slave->row.unit);
    put_float(&words[2], slave->gas_lel_pct);
    words[6] = slave->mode;
    put_float(&words[8], 200.0);
    words[10] = 5; /* %LEL */
    put_float(&words[11], slave->gas_lel_pct);
    words[16] = 25;
    memcpy(&words[45], "eMhtna e", 8); /* "Methane" in swapped bytes of a little-endian machine */
    put_float(&words[56], 24.0);
    words[58] = 180;
}

static void fill_gas6in1(const struct plant_slave *slave, uint16_t words[static 64])
{
    words[0] = 0x2400; /* %LEL, one decimal */
    words[1] = (uint16_t)lround(slave->gas_lel_pct * 10.0);
    words[2] = 200;
    words[3] = 500;
    words[4] = 1000;
    words[5] = 1; /* normal */
    words[7] = 750;
    words[8] = 11 << 8; /* CH4 */
    words[9] = 450;
}

static void fill_stamps(const struct plant_slave *slave, int64_t t_us, uint16_t words[static 64])
{
    for (uint16_t address = 0; address < 64; address = (uint16_t)(address + 2)) {
        uint32_t stamp = plant_stamp(slave->number, address, t_us);
        words[address] = (uint16_t)(stamp >> 16);
        words[address + 1] = (uint16_t)(stamp & 0xFFFF);
    }
}

/* Registers of their own numbers, far apart: asked one by one. */

static uint16_t xrl_holding(const struct plant *plant, int slave, uint16_t address)
{
    const struct plant_slave *who = &plant->slaves[slave];
    int64_t const t_us = who->frozen_since_us >= 0 ? who->frozen_since_us : plant->stage->t_us;
    uint16_t gas[2];
    put_float(gas, plant_truth(plant, slave, TRUTH_GAS, t_us));
    switch (address) {
    case 100:
        return (uint16_t)(0x2600 | who->row.unit);
    case 102:
    case 103:
        return gas[address - 102];
    case 107:
        return (uint16_t)(t_us / HEARTBEAT_US);
    case 131:
        return 1; /* catalytic */
    default:
        return 0;
    }
}

static uint16_t panel_input(const struct plant_slave *who, uint16_t address)
{
    return address == PANEL_CHANNEL - 1 ? (uint16_t)lround((who->gas_lel_pct + 10) * 10) : 0;
}

static uint8_t read_far_words(const struct plant *plant, int slave, const struct link_request *request,
                              struct link_reply *ret_reply)
{
    const struct plant_slave *who = &plant->slaves[slave];
    bool const holding = request->function == LINK_READ_HOLDING;
    bool const panel = who->row.kind == PLANT_PANEL;
    if (panel && holding)
        return EXCEPTION_FUNCTION;
    if (request->address + request->count > (panel ? 4000 : 161))
        return EXCEPTION_ADDRESS;
    for (uint16_t i = 0; i < request->count; i++) {
        uint16_t const address = (uint16_t)(request->address + i);
        ret_reply->words[i] = panel     ? panel_input(who, address)
                              : holding ? xrl_holding(plant, slave, address)
                                        : address == 10; /* mode: normal */
    }
    return 0;
}

/* How many holding registers there are: beyond is exception 2, as in real maps. */
static int fill_holding(const struct plant *plant, const struct plant_slave *slave, uint16_t words[static 64])
{
    switch (slave->row.kind) {
    case PLANT_XCD:
        fill_xcd(slave, words);
        return 64;
    case PLANT_GAS6IN1:
        fill_gas6in1(slave, words);
        return 10;
    case PLANT_STAMPS:
        fill_stamps(slave, plant->stage->t_us, words);
        return 64;
    case PLANT_SPEED:
        words[0] = (uint16_t)slave->speed_cm_s;
        return 1;
    case PLANT_BANK:
        memcpy(words, slave->bank, sizeof slave->bank);
        return BANK_REGISTERS;
    case PLANT_RELAYS:
        words[0] = slave->fed;
        return 1;
    case PLANT_INPUTS:
    case PLANT_XRL:
    case PLANT_PANEL:
        break;
    }
    return 0;
}

static uint8_t read_words(const struct plant *plant, const struct plant_slave *slave,
                          const struct link_request *request, struct link_reply *ret_reply)
{
    uint16_t words[64] = {0};
    int count = 0;
    if (request->function == LINK_READ_HOLDING)
        count = fill_holding(plant, slave, words);
    else if (slave->row.kind == PLANT_XCD)
        count = 32; /* input registers: status words, all 0 */
    if (count == 0)
        return EXCEPTION_FUNCTION;
    if (request->address + request->count > count)
        return EXCEPTION_ADDRESS;
    memcpy(ret_reply->words, words + request->address, request->count * sizeof words[0]);
    return 0;
}

static uint8_t read_bits(const struct plant_slave *slave, const struct link_request *request,
                         struct link_reply *ret_reply)
{
    bool const coils = request->function == LINK_READ_COILS;
    bool const board = slave->row.kind == PLANT_RELAYS;
    if (!board && (coils || slave->row.kind != PLANT_INPUTS))
        return EXCEPTION_FUNCTION;
    if (request->address + request->count > 8)
        return EXCEPTION_ADDRESS;
    memset(ret_reply->bits, 0, sizeof ret_reply->bits);
    for (unsigned i = 0; i < request->count; i++) {
        bool on = coils ? slave->coils[request->address + i] : slave->inputs[request->address + i];
        ret_reply->bits[i / 8] = (uint8_t)(ret_reply->bits[i / 8] | (on ? 1U << (i % 8) : 0U));
    }
    return 0;
}

static uint8_t write_coil(struct plant *plant, int slave, const struct link_request *request)
{
    struct plant_slave *who = &plant->slaves[slave];
    if (who->row.kind != PLANT_RELAYS)
        return EXCEPTION_FUNCTION;
    if (request->address >= 8)
        return EXCEPTION_ADDRESS;
    if (who->fault != FAULT_ECHO)
        set_coil(plant, slave, request->address, request->value != 0);
    return 0;
}

static uint8_t write_register(struct plant *plant, int slave, const struct link_request *request)
{
    struct plant_slave *who = &plant->slaves[slave];
    if (who->row.kind != PLANT_RELAYS)
        return EXCEPTION_FUNCTION;
    if (request->address > 0)
        return EXCEPTION_ADDRESS;
    who->fed = request->value;
    who->falls_us = plant->stage->t_us + WATCHDOG_US;
    return 0;
}

uint8_t plant_do(struct plant *plant, int slave, const struct link_request *request, struct link_reply *ret_reply)
{
    const struct plant_slave *who = &plant->slaves[slave];
    switch (request->function) {
    case LINK_READ_COILS:
    case LINK_READ_DISCRETES:
        return read_bits(who, request, ret_reply);
    case LINK_READ_HOLDING:
    case LINK_READ_INPUT:
        if (who->row.kind == PLANT_XRL || who->row.kind == PLANT_PANEL)
            return read_far_words(plant, slave, request, ret_reply);
        return read_words(plant, who, request, ret_reply);
    case LINK_WRITE_COIL:
        return write_coil(plant, slave, request);
    case LINK_WRITE_REGISTER:
        return write_register(plant, slave, request);
    default:
        return EXCEPTION_FUNCTION;
    }
}

double plant_truth(const struct plant *plant, int slave, enum truth what, int64_t t_us)
{
    double value = 0;
    for (size_t i = 0; i < plant->step_count && plant->steps[i].t_us <= t_us; i++)
        if (plant->steps[i].slave == slave && plant->steps[i].what == what)
            value = plant->steps[i].value;
    return value;
}

bool plant_was(const struct plant *plant, int slave, enum truth what, double value, int64_t from_us, int64_t to_us)
{
    if (fabs(plant_truth(plant, slave, what, from_us) - value) < 1e-4)
        return true;
    for (size_t i = 0; i < plant->step_count && plant->steps[i].t_us <= to_us; i++) {
        const struct truth_step *step = &plant->steps[i];
        if (step->t_us >= from_us && step->slave == slave && step->what == what && fabs(step->value - value) < 1e-4)
            return true;
    }
    return false;
}
