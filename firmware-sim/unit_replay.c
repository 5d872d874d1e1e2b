#include "firmware-sim/unit_replay.h"

#include "firmware-sim/pdu.h"

/* The recorded words go into the registers, around the bits that a person holds. */
static void show_span(struct unit *unit, const struct span *span)
{
    const struct image *image = unit->replay->image;
    const uint16_t *words = image->words[span->table] + span->address;
    const uint16_t *states = image->states[span->table] + span->address;
    uint16_t *there = bank_at(&unit->bank, span->table, span->address, span->count);
    for (size_t i = 0; i < span->count && there != NULL; i++) {
        unsigned held = unit_held_bits(unit, span->table, (uint16_t)(span->address + i));
        if (states[i] == IMAGE_ANSWERS)
            there[i] = (uint16_t)((there[i] & held) | (words[i] & ~held));
    }
}

static void show(struct unit *unit)
{
    struct replay *replay = unit->replay;
    if (!replay->fresh || unit->frozen || !replay_is_on(replay))
        return;
    for (size_t i = 0; i < replay->span_count; i++)
        show_span(unit, &replay->spans[i]);
    replay->fresh = false;
}

void unit_attach(struct unit *unit, struct replay *replay, struct pool *pool)
{
    unit->replay = replay;
    unit_make_room(unit, replay->spans, replay->span_count, pool);
    show(unit);
}

void unit_step_replay(struct unit *unit, double dt_s)
{
    if (unit->replay == NULL)
        return;
    replay_step(unit->replay, dt_s);
    show(unit);
}

bool unit_order_replay(struct unit *unit, char *const *words, size_t count, struct text *why)
{
    if (unit->replay == NULL)
        return text_refuse(why, "%s plays no recording; start with `outpost-sim run --replay %s=FILE`", unit->slave->id,
                           unit->slave->id);
    if (!replay_order(unit->replay, words, count, why))
        return false;
    if (!replay_is_on(unit->replay))
        unit_plant_seeds(unit);
    show(unit);
    return true;
}

/* What a request reads; false: nothing, or it is wrong anyhow. */
static bool read_of(const struct request *request, struct span *ret_span)
{
    static const enum table tables[] = {TABLE_COIL, TABLE_DISCRETE, TABLE_HOLDING, TABLE_INPUT};
    const uint8_t *pdu = request->pdu;
    bool swaps = pdu[0] == 23;
    if (request->pdu_size < 5 || (!swaps && (pdu[0] < 1 || pdu[0] > 4)))
        return false;
    *ret_span = (struct span){.table = swaps ? TABLE_HOLDING : tables[pdu[0] - 1],
                              .address = (uint16_t)(pdu[1] << 8 | pdu[2]),
                              .count = (uint16_t)(pdu[3] << 8 | pdu[4])};
    return ret_span->count >= 1 && ret_span->address + (uint32_t)ret_span->count <= IMAGE_REGISTERS;
}

/* A point that was not recorded lies there. */
static bool misses_point(const struct unit *unit, const struct span *span)
{
    const uint16_t *states = unit->replay->image->states[span->table];
    uint32_t end = (uint32_t)span->address + span->count;
    for (size_t i = 0; i < unit->slave->point_count; i++) {
        const struct point *point = &unit->slave->points[i];
        if (point->table != span->table)
            continue;
        for (uint32_t at = point->address; at < (uint32_t)point->address + point->count; at++) {
            if (at >= span->address && at < end && states[at] == IMAGE_UNKNOWN)
                return true;
        }
    }
    return false;
}

enum outcome unit_replay_outcome(const struct unit *unit, const struct request *request, uint8_t *ret_exception)
{
    struct span span;
    if (!replay_is_on(unit->replay))
        return OUTCOME_WORDS;
    if (image_is_silent(unit->replay->image))
        return OUTCOME_SILENCE;
    if (!read_of(request, &span))
        return OUTCOME_WORDS;
    enum outcome outcome = image_judge(unit->replay->image, &span, ret_exception);
    if (outcome != OUTCOME_WORDS || !misses_point(unit, &span))
        return outcome;
    *ret_exception = PDU_ILLEGAL_ADDRESS;
    return OUTCOME_EXCEPTION;
}

bool unit_replay_takes_write(struct unit *unit)
{
    if (!replay_is_on(unit->replay))
        return false;
    unit->replay->writes++;
    return true;
}
