#include "firmware-sim/unit.h"

#include <math.h>
#include <string.h>

#include "firmware-sim/pdu.h"

static const struct point *point_of(const struct unit *unit, size_t point)
{
    return &unit->slave->points[point];
}

static uint16_t *words_of(const struct unit *unit, size_t point)
{
    const struct point *of = point_of(unit, point);
    return bank_at(&unit->bank, of->table, of->address, of->count);
}

/* --- opening --- */

static void plant_seed(struct unit *unit, const struct seed *seed)
{
    uint16_t *word = bank_at(&unit->bank, seed->table, seed->part.address, 1);
    if (word != NULL)
        encode_part(&seed->part, seed->raw, word);
}

/* The registers that say what others mean (units, decimals, identity). In reverse, so that where two points want different
 * things of one register the first one gets it. */
static void plant_seeds(struct unit *unit)
{
    const struct site_slave *slave = unit->slave;
    for (size_t i = slave->point_count; i-- > 0;) {
        for (size_t k = slave->points[i].seed_count; k-- > 0;)
            plant_seed(unit, &slave->points[i].seeds[k]);
    }
    if (slave->profile != NULL && slave->profile->identity != NULL)
        plant_seed(unit, slave->profile->identity);
}

void unit_open(struct unit *unit, const struct site_slave *slave, struct pool *pool)
{
    unit->slave = slave;
    unit->holds = pool_take(pool, slave->point_count, sizeof *unit->holds);
    const struct profile *profile = slave->profile;
    size_t count = slave->point_count + 1;
    for (size_t i = 0; i < slave->point_count; i++)
        count += slave->points[i].seed_count;
    struct point *places = pool_take(pool, count, sizeof *places);
    size_t used = 0;
    for (size_t i = 0; i < slave->point_count; i++) {
        places[used++] = slave->points[i];
        for (size_t k = 0; k < slave->points[i].seed_count; k++)
            places[used++] = (struct point){.table = slave->points[i].seeds[k].table,
                                            .address = slave->points[i].seeds[k].part.address,
                                            .count = 1};
    }
    if (profile != NULL && profile->identity != NULL)
        places[used++] =
            (struct point){.table = profile->identity->table, .address = profile->identity->part.address, .count = 1};
    uint32_t margin = profile != NULL && profile->gap > BANK_MARGIN ? profile->gap : BANK_MARGIN;
    bank_open(&unit->bank, pool, places, used, margin);
    plant_seeds(unit);
}

/* --- who decides --- */

static void set_hold(struct unit *unit, size_t point, enum hold hold)
{
    unit->hold_count += hold != HOLD_NONE ? 1U : 0U;
    unit->hold_count -= unit->holds[point] != HOLD_NONE ? 1U : 0U;
    unit->holds[point] = hold;
}

static unsigned bits_of(const struct point *point)
{
    return point->count > 1 ? 0xFFFFU : ((1U << point->width) - 1U) << point->shift;
}

static bool share_bits(const struct point *a, const struct point *b)
{
    bool apart = a->table != b->table || a->address + a->count <= b->address || b->address + b->count <= a->address;
    return !apart && (bits_of(a) & bits_of(b)) != 0;
}

/* The point itself, or another one that reads the same bits. */
static bool is_held(const struct unit *unit, size_t point)
{
    const struct point *points = unit->slave->points;
    size_t left = unit->hold_count;
    for (size_t i = 0; i < unit->slave->point_count && left > 0; i++) {
        if (unit->holds[i] == HOLD_NONE)
            continue;
        if (i == point || share_bits(&points[i], &points[point]))
            return true;
        left--;
    }
    return false;
}

void unit_put(struct unit *unit, size_t point, struct value value)
{
    if (unit->fault.kind != FAULT_FROZEN && !is_held(unit, point))
        encode_value(point_of(unit, point), value, words_of(unit, point));
}

double unit_number(const struct unit *unit, size_t point)
{
    return decode_number(point_of(unit, point), words_of(unit, point));
}

void unit_print(const struct unit *unit, size_t point, struct text *out)
{
    decode_print(point_of(unit, point), words_of(unit, point), out);
}

bool unit_set(struct unit *unit, size_t point, struct value value)
{
    if (!encode_value(point_of(unit, point), value, words_of(unit, point)))
        return false;
    set_hold(unit, point, HOLD_SET);
    return true;
}

void unit_set_raw(struct unit *unit, size_t point, uint64_t raw)
{
    encode_raw(point_of(unit, point), raw, words_of(unit, point));
    set_hold(unit, point, HOLD_SET);
}

void unit_release(struct unit *unit, size_t point)
{
    set_hold(unit, point, HOLD_NONE);
}

void unit_set_fault(struct unit *unit, const struct fault *fault)
{
    unit->fault = *fault;
    unit->previous.size = 0;
}

/* --- serving --- */

static enum pdu_exception read_registers(void *self, enum table table, uint16_t address, uint16_t count,
                                         uint16_t *ret_words)
{
    const struct unit *unit = self;
    const uint16_t *words = bank_at(&unit->bank, table, address, count);
    if (words == NULL)
        return PDU_ILLEGAL_ADDRESS;
    memcpy(ret_words, words, count * sizeof *words);
    return PDU_OK;
}

static bool covers(const struct point *point, enum table table, uint32_t address)
{
    return point->table == table && address >= point->address && address < (uint32_t)point->address + point->count;
}

static bool is_writable(const struct site_slave *slave, enum table table, uint32_t address)
{
    for (size_t i = 0; i < slave->point_count; i++) {
        if (slave->points[i].writable && covers(&slave->points[i], table, address))
            return true;
    }
    return false;
}

static bool takes_writes(const struct site_slave *slave, enum table table, uint16_t address, uint16_t count)
{
    for (uint32_t i = 0; i < count && !slave->open; i++) {
        if (!is_writable(slave, table, address + i))
            return false;
    }
    return true;
}

/* The master writes this register: from now on its points are the master's. False when a person holds one of them. */
static bool take_over(struct unit *unit, enum table table, uint32_t address)
{
    for (size_t i = 0; i < unit->slave->point_count && unit->hold_count > 0; i++) {
        if (unit->holds[i] == HOLD_SET && covers(point_of(unit, i), table, address))
            return false;
    }
    for (size_t i = 0; i < unit->slave->point_count; i++) {
        if (covers(point_of(unit, i), table, address))
            set_hold(unit, i, HOLD_WRITTEN);
    }
    return true;
}

static enum pdu_exception write_registers(void *self, enum table table, uint16_t address, uint16_t count,
                                          const uint16_t *words)
{
    struct unit *unit = self;
    uint16_t *there = bank_at(&unit->bank, table, address, count);
    if (there == NULL || !takes_writes(unit->slave, table, address, count))
        return PDU_ILLEGAL_ADDRESS;
    for (uint32_t i = 0; i < count; i++) {
        if (take_over(unit, table, address + i))
            there[i] = words[i];
    }
    unit->counters.writes++;
    return PDU_OK;
}

static size_t answer_pdu(struct unit *unit, const struct request *request, uint8_t ret_pdu[static PDU_MAX])
{
    const struct pdu_server server = {.self = unit, .read = read_registers, .write = write_registers};
    return pdu_answer(&server, request->pdu, request->pdu_size, ret_pdu);
}

static void wrap_answer(enum wire wire, const struct request *request, const uint8_t *pdu, size_t size,
                        struct answer *ret_answer)
{
    uint8_t frame[FRAME_MAX];
    ret_answer->size = frame_wrap(wire, request->transaction, request->unit, pdu, size, frame);
    memcpy(ret_answer->bytes, frame, ret_answer->size);
}

static void serve_exception(enum wire wire, const struct request *request, unsigned exception,
                            struct answer *ret_answer)
{
    uint8_t pdu[PDU_MAX];
    size_t size = pdu_exception_answer(request->pdu[0], exception, pdu);
    wrap_answer(wire, request, pdu, size, ret_answer);
}

static void serve_good(struct unit *unit, enum wire wire, const struct request *request, struct answer *ret_answer)
{
    uint8_t pdu[PDU_MAX];
    size_t size = answer_pdu(unit, request, pdu);
    wrap_answer(wire, request, pdu, size, ret_answer);
}

static void swap_with_previous(struct unit *unit, struct answer *answer)
{
    struct answer previous = unit->previous;
    unit->previous = *answer;
    *answer = previous;
}

/* The request meets the unit's fault. */
static void serve_struck(struct unit *unit, enum wire wire, const struct request *request, struct random *random,
                         struct answer *ret_answer)
{
    const struct fault fault = unit->fault;
    unit->counters.struck++;
    if (fault.once)
        unit->fault = (struct fault){.kind = FAULT_NONE};
    if (fault.kind == FAULT_SILENCE)
        return;
    if (fault.kind == FAULT_ECHO) {
        memcpy(ret_answer->bytes, request->frame, request->frame_size);
        ret_answer->size = request->frame_size;
        return;
    }
    if (fault.kind == FAULT_EXCEPTION || fault.kind == FAULT_BUSY) {
        unsigned exception = fault.kind == FAULT_BUSY ? PDU_BUSY : (unsigned)fault.number;
        serve_exception(wire, request, exception, ret_answer);
        return;
    }
    serve_good(unit, wire, request, ret_answer);
    if (fault.kind == FAULT_LATE_BY_ONE)
        swap_with_previous(unit, ret_answer);
    fault_spoil(&fault, wire, random, ret_answer);
}

static void count_answer(struct unit *unit, enum wire wire, const struct answer *answer)
{
    size_t function_at = wire == WIRE_RTU ? 1 : 7;
    if (answer->size <= function_at)
        return;
    unit->counters.answers++;
    unit->counters.exceptions += (answer->bytes[function_at] & 0x80) != 0 ? 1U : 0U;
}

void unit_serve(struct unit *unit, enum wire wire, const struct request *request, struct random *random,
                struct answer *ret_answer)
{
    unit->counters.requests++;
    if (unit->fault.kind != FAULT_FROZEN && fault_strikes(&unit->fault, random))
        serve_struck(unit, wire, request, random, ret_answer);
    else
        serve_good(unit, wire, request, ret_answer);
    count_answer(unit, wire, ret_answer);
}

void unit_obey(struct unit *unit, const struct request *request)
{
    uint8_t ignored[PDU_MAX];
    if (unit->fault.kind != FAULT_SILENCE)
        (void)answer_pdu(unit, request, ignored);
}
