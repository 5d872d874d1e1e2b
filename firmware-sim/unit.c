#include "firmware-sim/unit.h"

#include <math.h>
#include <string.h>

#include "firmware-sim/pdu.h"
#include "firmware-sim/unit_replay.h"

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
void unit_plant_seeds(struct unit *unit)
{
    const struct site_slave *slave = unit->slave;
    for (size_t i = slave->point_count; i-- > 0;) {
        for (size_t k = slave->points[i].seed_count; k-- > 0;)
            plant_seed(unit, &slave->points[i].seeds[k]);
    }
    if (slave->identity != NULL)
        plant_seed(unit, slave->identity);
}

static void open_bank(struct unit *unit, const struct span *more, size_t more_count, struct pool *pool)
{
    const struct site_slave *slave = unit->slave;
    const struct profile *profile = slave->profile;
    size_t count = slave->point_count + 1 + more_count;
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
    if (slave->identity != NULL)
        places[used++] =
            (struct point){.table = slave->identity->table, .address = slave->identity->part.address, .count = 1};
    for (size_t i = 0; i < more_count; i++)
        places[used++] = (struct point){.table = more[i].table, .address = more[i].address, .count = more[i].count};
    uint32_t margin = profile != NULL && profile->gap > BANK_MARGIN ? profile->gap : BANK_MARGIN;
    bank_open(&unit->bank, pool, places, used, margin);
}

/* Codes of unit, gas or sensor; a single bit is a state, which lives and makes others invalid now and then. */
static bool is_code_in(const struct seed *seed, const struct point *point)
{
    unsigned mask = ((1U << seed->part.width) - 1U) << seed->part.shift;
    unsigned bits = point->count > 1 ? 0xFFFFU : ((1U << point->width) - 1U) << point->shift;
    return seed->part.width > 1 && seed->table == point->table && seed->part.address >= point->address &&
           seed->part.address < (uint32_t)point->address + point->count && (mask & bits) != 0;
}

static bool explains(const struct site_slave *slave, const struct point *point)
{
    for (size_t i = 0; i < slave->point_count; i++) {
        for (size_t k = 0; k < slave->points[i].seed_count; k++) {
            if (is_code_in(&slave->points[i].seeds[k], point))
                return true;
        }
    }
    return slave->identity != NULL && is_code_in(slave->identity, point);
}

void unit_open(struct unit *unit, const struct site_slave *slave, struct pool *pool)
{
    unit->slave = slave;
    unit->turnaround_us = -1;
    unit->fed_us = -1;
    unit->holds = pool_take(pool, slave->point_count, sizeof *unit->holds);
    unit->explains = pool_take(pool, slave->point_count, sizeof *unit->explains);
    for (size_t i = 0; i < slave->point_count; i++)
        unit->explains[i] = explains(slave, &slave->points[i]);
    open_bank(unit, NULL, 0, pool);
    unit_plant_seeds(unit);
}

void unit_make_room(struct unit *unit, const struct span *spans, size_t count, struct pool *pool)
{
    struct bank before = unit->bank;
    open_bank(unit, spans, count, pool);
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        for (size_t i = 0; i < before.range_count[table]; i++) {
            const struct bank_range *range = &before.ranges[table][i];
            uint16_t *words =
                bank_at(&unit->bank, (enum table)table, (uint16_t)range->first, range->end - range->first);
            memcpy(words, range->words, (range->end - range->first) * sizeof *words);
        }
    }
}

/* --- who decides --- */

static void set_hold(struct unit *unit, size_t point, enum hold hold)
{
    unit->hold_count += hold != HOLD_NONE ? 1U : 0U;
    unit->hold_count -= unit->holds[point] != HOLD_NONE ? 1U : 0U;
    unit->holds[point] = hold;
}

static bool covers(const struct point *point, enum table table, uint32_t address)
{
    return point->table == table && address >= point->address && address < (uint32_t)point->address + point->count;
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
    if (!unit->frozen && !unit->explains[point] && !is_held(unit, point) && !replay_is_on(unit->replay))
        encode_value(point_of(unit, point), value, words_of(unit, point));
}

double unit_number(const struct unit *unit, size_t point)
{
    return decode_number(point_of(unit, point), words_of(unit, point));
}

static bool names_point(const struct fault *fault, const struct point *point)
{
    return text_equals(fault->point, FAULT_ALL_POINTS) || text_equals(fault->point, point->id);
}

bool unit_is_blank(const struct unit *unit, size_t point)
{
    uint16_t ignored[POINT_REGISTERS_MAX] = {0};
    const struct point *of = point_of(unit, point);
    return unit->blank && names_point(&unit->fault, of) && encode_invalid(of, ignored);
}

void unit_print(const struct unit *unit, size_t point, struct text *out)
{
    if (unit_is_blank(unit, point))
        text_add(out, "invalid");
    else
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
    if (unit->replay != NULL)
        unit->replay->fresh = true;
}

/* --- faults --- */

/* What a person holds stays. */
static void fall(struct unit *unit)
{
    for (size_t i = 0; i < unit->slave->point_count; i++) {
        if (point_of(unit, i)->table != TABLE_COIL || unit->holds[i] == HOLD_SET)
            continue;
        *words_of(unit, i) = unit->slave->profile->watchdog_fail ? 1 : 0;
        set_hold(unit, i, HOLD_WRITTEN);
    }
}

static void watch(struct unit *unit)
{
    const struct profile *profile = unit->slave->profile;
    if (unit->fed_us < 0 || unit->now_us - unit->fed_us < profile->watchdog_us)
        return;
    unit->fed_us = -1;
    fall(unit);
}

static void feed(struct unit *unit, enum table table, uint32_t address)
{
    const struct profile *profile = unit->slave->profile;
    if (profile == NULL || profile->watchdog_point == NULL)
        return;
    size_t point = slave_find_point(unit->slave, profile->watchdog_point);
    if (point != SITE_NONE && covers(point_of(unit, point), table, address))
        unit->fed_us = unit->now_us;
}

void unit_pass(struct unit *unit, int64_t now_us)
{
    const struct fault *fault = &unit->fault;
    unit->now_us = now_us;
    watch(unit);
    if (fault_is_over(fault, now_us))
        unit->fault = (struct fault){.kind = FAULT_NONE};
    bool on = fault_is_on(fault, now_us);
    unit->frozen = on && fault->kind == FAULT_FROZEN;
    unit->blank = on && fault->kind == FAULT_SENTINEL && !fault->once && fault->probability >= 1;
}

void unit_set_fault(struct unit *unit, const struct fault *fault)
{
    unit->fault = *fault;
    unit->previous.size = 0;
    unit->babble_us = fault->begun_us;
    unit_pass(unit, fault->begun_us);
}

bool unit_has_sentinel(const struct unit *unit, const char *point, struct text *why)
{
    const struct site_slave *slave = unit->slave;
    uint16_t ignored[POINT_REGISTERS_MAX] = {0};
    bool all = text_equals(point, FAULT_ALL_POINTS);
    if (!all && slave_find_point(slave, point) == SITE_NONE)
        return text_refuse(why, "%s has no point %.80s", slave->id, point);
    for (size_t i = 0; i < slave->point_count; i++) {
        if ((all || text_equals(point, slave->points[i].id)) && encode_invalid(&slave->points[i], ignored))
            return true;
    }
    return text_refuse(why, "%s%s%s has no invalid value: no sentinel, no valid range, no float", slave->id,
                       all ? "" : ".", all ? "" : point);
}

static void end_once(struct unit *unit)
{
    if (unit->fault.once)
        unit->fault = (struct fault){.kind = FAULT_NONE};
}

bool unit_babble(struct unit *unit, int64_t now_us, struct random *random, struct answer *ret_answer)
{
    const struct fault *fault = &unit->fault;
    if (fault->kind != FAULT_BABBLE || now_us < unit->babble_us)
        return false;
    unit->babble_us += fault->number * 1000;
    if (unit->babble_us <= now_us) /* nobody looked for a while */
        unit->babble_us = now_us + fault->number * 1000;
    if (!fault_strikes(fault, now_us, random))
        return false;
    unit->counters.struck++;
    end_once(unit);
    fault_babble(random, ret_answer);
    return true;
}

unsigned unit_held_bits(const struct unit *unit, enum table table, uint16_t address)
{
    unsigned bits = 0;
    for (size_t i = 0; i < unit->slave->point_count && unit->hold_count > 0; i++) {
        if (unit->holds[i] == HOLD_SET && covers(point_of(unit, i), table, address))
            bits |= bits_of(point_of(unit, i));
    }
    return bits;
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

/* Lays the point's invalid value over the part of it that was read. */
static void blank_point(const struct unit *unit, size_t index, uint32_t address, uint32_t count, uint16_t *words)
{
    const struct point *point = point_of(unit, index);
    uint16_t whole[POINT_REGISTERS_MAX];
    for (size_t i = 0; i < point->count; i++) {
        uint32_t at = point->address + (uint32_t)i;
        bool was_read = at >= address && at < address + count;
        whole[i] = was_read ? words[at - address] : words_of(unit, index)[i]; /* other points' bits stay */
    }
    if (!encode_invalid(point, whole))
        return;
    for (size_t i = 0; i < point->count; i++) {
        uint32_t at = point->address + (uint32_t)i;
        if (at >= address && at < address + count)
            words[at - address] = whole[i];
    }
}

static enum pdu_exception read_blanked(void *self, enum table table, uint16_t address, uint16_t count,
                                       uint16_t *ret_words)
{
    const struct unit *unit = self;
    enum pdu_exception exception = read_registers(self, table, address, count, ret_words);
    for (size_t i = 0; i < unit->slave->point_count && exception == PDU_OK; i++) {
        const struct point *point = point_of(unit, i);
        bool read = point->table == table && (uint32_t)point->address < (uint32_t)address + count &&
                    (uint32_t)address < (uint32_t)point->address + point->count;
        if (read && names_point(&unit->fault, point))
            blank_point(unit, i, address, count, ret_words);
    }
    return exception;
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
    if (unit_replay_takes_write(unit))
        return PDU_OK;
    for (uint32_t i = 0; i < count; i++) {
        feed(unit, table, address + i);
        if (take_over(unit, table, address + i))
            there[i] = words[i];
    }
    unit->counters.writes++;
    return PDU_OK;
}

/* A mask (function 22) works on what really stands in the register. */
static size_t answer_pdu(struct unit *unit, enum wire wire, const struct request *request,
                         uint8_t ret_pdu[static PDU_MAX])
{
    const struct profile *profile = unit->slave->profile;
    const struct pdu_server server = {
        .self = unit,
        .name = profile == NULL ? unit->slave->id : profile->name,
        .serial = wire == WIRE_RTU,
        .read = unit->blank && request->pdu[0] != 22 ? read_blanked : read_registers,
        .write = write_registers,
    };
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
    uint8_t exception = 0;
    enum outcome outcome = unit_replay_outcome(unit, request, &exception);
    if (outcome == OUTCOME_SILENCE)
        return;
    if (outcome == OUTCOME_EXCEPTION) {
        serve_exception(wire, request, exception, ret_answer);
        return;
    }
    size_t size = answer_pdu(unit, wire, request, pdu);
    wrap_answer(wire, request, pdu, size, ret_answer);
}

static void swap_with_previous(struct unit *unit, struct answer *answer)
{
    struct answer previous = unit->previous;
    unit->previous = *answer;
    *answer = previous;
}

static void serve_echo(const struct request *request, struct answer *ret_answer)
{
    memcpy(ret_answer->bytes, request->frame, request->frame_size);
    ret_answer->size = request->frame_size;
}

static void serve_blank(struct unit *unit, enum wire wire, const struct request *request, struct answer *ret_answer)
{
    bool before = unit->blank;
    unit->blank = true;
    serve_good(unit, wire, request, ret_answer);
    unit->blank = before;
}

/* The request meets the unit's fault. */
static void serve_struck(struct unit *unit, enum wire wire, const struct request *request, struct random *random,
                         struct answer *ret_answer)
{
    const struct fault fault = unit->fault;
    unit->counters.struck++;
    if (fault.kind == FAULT_SILENCE)
        return;
    if (fault.kind == FAULT_ECHO)
        serve_echo(request, ret_answer);
    else if (fault.kind == FAULT_EXCEPTION || fault.kind == FAULT_BUSY)
        serve_exception(wire, request, fault.kind == FAULT_BUSY ? PDU_BUSY : (unsigned)fault.number, ret_answer);
    else if (fault.kind == FAULT_SENTINEL)
        serve_blank(unit, wire, request, ret_answer);
    else
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

static void keep_turnaround(const struct unit *unit, struct answer *answer)
{
    if (unit->turnaround_us < 0)
        return;
    answer->own_turnaround = true;
    answer->delay_us += unit->turnaround_us;
}

void unit_serve(struct unit *unit, enum wire wire, const struct request *request, struct random *random,
                struct answer *ret_answer)
{
    unit->counters.requests++;
    unit_pass(unit, request->at_us);
    if (unit->fault.kind != FAULT_BABBLE && fault_strikes(&unit->fault, request->at_us, random)) {
        serve_struck(unit, wire, request, random, ret_answer);
        end_once(unit);
    } else {
        serve_good(unit, wire, request, ret_answer);
    }
    keep_turnaround(unit, ret_answer);
    count_answer(unit, wire, ret_answer);
}

void unit_obey(struct unit *unit, const struct request *request)
{
    uint8_t ignored[PDU_MAX];
    bool deaf = unit->fault.kind == FAULT_SILENCE && fault_is_on(&unit->fault, request->at_us);
    if (!deaf)
        (void)answer_pdu(unit, WIRE_RTU, request, ignored);
}
