#include "drivers/device/lift.h"

#include <math.h>

#include "drivers/device/derive.h"
#include "drivers/device/lift_table.h"
#include "gateway/base/check.h"

#define SPEED_RUN_MPS       0.05
#define SPEED_STOP_MPS      0.02
#define MOVING_DOOR_OPEN_MS 300
#define OVERLOAD_PCT        110.0
#define OVERSPEED_FACTOR    1.15 /* the speed governor trips at 115 % of the rated speed or above */
#define RUN_LIMIT_MIN_S     20.0 /* motor run time limiter: 45 s, or the full travel and 10 s, at least 20 s */
#define RUN_LIMIT_MAX_S     45.0
#define RUN_LIMIT_EXTRA_S   10.0

/* --- what is asked of the points ------------------------------------------------------------------------------------- */

static int64_t ms_of(const struct derive *derive, enum lift_setting seconds)
{
    return (int64_t)(derive->settings[seconds] * 1000 + 0.5);
}

static bool has_value(const struct derive *derive, size_t point)
{
    return derive->samples[point].quality != QUALITY_BAD;
}

static enum tri above(const struct derive *derive, enum lift_point point, double limit)
{
    return has_value(derive, point) ? tri_of(fabs(derive->samples[point].value.number) > limit) : TRI_UNKNOWN;
}

/* Any of these yes/no points, as far as the lift has them. */
static enum tri any_of(const struct derive *derive, enum lift_point first, enum lift_point last)
{
    enum tri result = TRI_NO;
    for (size_t i = first; i <= (size_t)last; i++)
        if (derive_knows(derive, i))
            result = tri_or(result, derive_bool(derive, i));
    return result;
}

static enum tri bit(const struct derive *derive, enum lift_point point)
{
    return any_of(derive, point, point);
}

/* A point of its own, or the code that says the same; of a lift with both, either is enough, and the code only adds. */
static enum tri told(const struct derive *derive, enum tri own, bool has_own, enum lift_fault event)
{
    enum tri coded = derive_is_code(derive, FAULT, event);
    return has_own ? tri_or(own, tri_of(coded == TRI_YES)) : coded;
}

static enum tri button(const struct derive *derive)
{
    return told(derive, derive_bool(derive, ALARM_BUTTON), derive_has(derive, ALARM_BUTTON), EVENT_ALARM_BUTTON);
}

/* Where no mode is read, the event that began one. A mode that is unknown, bad or not read excuses nothing. */
static enum lift_mode mode(const struct derive *derive)
{
    static const enum lift_mode begun[] = {MODE_STOPPED,     MODE_INSPECTION,      MODE_FIRE_RETURN,
                                           MODE_FIREFIGHTER, MODE_EMERGENCY_POWER, MODE_EARTHQUAKE};
    size_t const source = derive_has(derive, SERVICE_MODE) ? SERVICE_MODE : FAULT;
    if (!has_value(derive, source))
        return MODE_UNKNOWN;
    uint32_t const code = derive->samples[source].value.code;
    if (source == SERVICE_MODE)
        return (enum lift_mode)code;
    bool const is_begun = code >= EVENT_STOP_SERVICE && code <= EVENT_EARTHQUAKE;
    return is_begun ? begun[code - EVENT_STOP_SERVICE] : MODE_UNKNOWN;
}

static enum tri moving(const struct derive *derive)
{
    const struct sample *status = &derive->samples[CAR_STATUS];
    if (derive_has(derive, CAR_STATUS) && status->quality != QUALITY_BAD)
        return tri_of(status->value.code == CAR_RUN);
    if (!derive_has(derive, CAR_SPEED))
        return TRI_UNKNOWN;
    bool const ran = status->quality != QUALITY_BAD && status->value.code == CAR_RUN; /* what was derived before */
    return above(derive, CAR_SPEED, ran ? SPEED_STOP_MPS : SPEED_RUN_MPS);
}

/* --- how long it has lasted ------------------------------------------------------------------------------------------ */

static void end_spell(struct spell *spell)
{
    *spell = (struct spell){.seen = true};
}

/* As derive_held(), of a memory that begins empty: "not yet so long" is unknown while it may have begun before. */
static enum tri lasts(struct derive *derive, struct spell *spell, enum tri condition, int64_t for_ms)
{
    if (condition == TRI_NO)
        end_spell(spell);
    enum tri result = derive_timed(derive, &spell->hold, condition, for_ms);
    return result == TRI_NO && condition == TRI_YES && !spell->seen ? TRI_UNKNOWN : result;
}

/* --- simple ones ----------------------------------------------------------------------------------------------------- */

static void derive_bits(struct derive *derive)
{
    for (size_t i = EBIKE_IN_CAR; i <= BIT_GENERAL; i++) {
        if (!derive_owes(derive, i))
            continue;
        enum tri value = TRI_UNKNOWN;
        if (has_value(derive, FAULT))
            value = tri_of(lift_bit_of[derive->samples[FAULT].value.code] == i);
        derive_set(derive, i, value, FAULT);
    }
}

static void derive_car_status(struct derive *derive, enum tri running)
{
    if (!derive_owes(derive, CAR_STATUS))
        return;
    derive_set(derive, CAR_STATUS, running, CAR_SPEED);
    if (running != TRI_UNKNOWN)
        derive->samples[CAR_STATUS].value = (union value){.code = running == TRI_YES ? CAR_RUN : CAR_STOP};
}

/* The button of somebody who stands at an open door at a floor is play, not a call. */
static void derive_calls(struct derive *derive)
{
    if (derive_owes(derive, BUTTON_CALL)) {
        bool const at_open_door =
            derive_bool(derive, DOOR_CLOSED) == TRI_NO && derive_bool(derive, DOOR_ZONE) == TRI_YES;
        derive_set(derive, BUTTON_CALL, at_open_door ? TRI_NO : button(derive),
                   derive_has(derive, ALARM_BUTTON) ? ALARM_BUTTON : FAULT);
    }
    if (derive_owes(derive, MAINS_LOST)) {
        bool const has_own = derive_has(derive, MAINS_OK);
        enum tri lost = told(derive, tri_not(derive_bool(derive, MAINS_OK)), has_own, EVENT_MAINS_OFF);
        derive_set(derive, MAINS_LOST, lost, has_own ? MAINS_OK : FAULT);
    }
    if (derive_owes(derive, IN_SERVICE)) {
        size_t const source = derive_has(derive, SERVICE_MODE) ? SERVICE_MODE : FAULT;
        enum tri in_service = has_value(derive, source) ? tri_of(mode(derive) != MODE_INSPECTION) : TRI_UNKNOWN;
        derive_set(derive, IN_SERVICE, in_service, source);
    }
}

/* The general bit counts where no other says what it is. */
static void derive_summaries(struct derive *derive)
{
    if (derive_owes(derive, DOOR_FAULT))
        derive_set(derive, DOOR_FAULT, any_of(derive, BIT_DOOR_CLOSE, BIT_DOOR), FAULT);
    if (derive_owes(derive, EQUIPMENT_FAULT)) {
        enum tri unnamed =
            tri_and(bit(derive, BIT_GENERAL), tri_not(any_of(derive, BIT_SAFETY_CIRCUIT, BIT_GENERAL - 1)));
        derive_set(derive, EQUIPMENT_FAULT, tri_or(any_of(derive, BIT_OTHER, BIT_GENERAL - 1), unnamed), FAULT);
    }
}

/* --- trapped --------------------------------------------------------------------------------------------------------- */

static enum tri trapped_nonlevel(struct derive *derive, enum tri standing)
{
    enum lift_mode const now = mode(derive);
    bool const excused = now == MODE_INSPECTION || now == MODE_FIRE_RETURN || now == MODE_FIREFIGHTER;
    enum tri condition =
        tri_and(derive_bool(derive, PASSENGER_PRESENT), tri_and(standing, tri_not(derive_bool(derive, DOOR_ZONE))));
    return derive_held(derive, HOLD_NONLEVEL, excused ? TRI_NO : condition, ms_of(derive, TRAPPED_NONLEVEL_S));
}

static enum tri trapped_level(struct derive *derive, enum tri standing)
{
    enum tri condition = tri_and(tri_and(derive_bool(derive, PASSENGER_PRESENT), standing),
                                 tri_and(derive_bool(derive, DOOR_ZONE), derive_bool(derive, DOOR_CLOSED)));
    enum tri trouble = tri_or(any_of(derive, BIT_SAFETY_CIRCUIT, BIT_GENERAL), bit(derive, MAINS_LOST));
    if (derive_has(derive, ALARM_BUTTON) || derive_has(derive, FAULT))
        trouble = tri_or(trouble, button(derive));
    return tri_and(derive_held(derive, HOLD_LEVEL, condition, ms_of(derive, TRAPPED_LEVEL_S)), trouble);
}

static enum tri trapped_by_button(struct derive *derive, enum tri standing)
{
    enum tri condition = tri_and(button(derive), tri_and(standing, derive_bool(derive, DOOR_CLOSED)));
    return derive_held(derive, HOLD_BUTTON, condition, ms_of(derive, TRAPPED_BUTTON_S));
}

/* Each part that this lift has the points for, and their sum. */
static void derive_trapped(struct derive *derive, enum tri standing)
{
    if (derive_owes(derive, TRAPPED_NONLEVEL))
        derive_set(derive, TRAPPED_NONLEVEL, trapped_nonlevel(derive, standing), DOOR_ZONE);
    if (derive_owes(derive, TRAPPED_LEVEL))
        derive_set(derive, TRAPPED_LEVEL, trapped_level(derive, standing), DOOR_CLOSED);
    if (derive_owes(derive, TRAPPED_BY_BUTTON))
        derive_set(derive, TRAPPED_BY_BUTTON, trapped_by_button(derive, standing), ALARM_BUTTON);
    if (derive_owes(derive, TRAPPED))
        derive_set(derive, TRAPPED,
                   tri_or(bit(derive, BIT_TRAPPED), any_of(derive, TRAPPED_NONLEVEL, TRAPPED_BY_BUTTON)),
                   derive_knows(derive, TRAPPED_NONLEVEL)    ? PASSENGER_PRESENT
                   : derive_knows(derive, TRAPPED_BY_BUTTON) ? ALARM_BUTTON
                                                             : BIT_TRAPPED);
}

/* --- how it moves ---------------------------------------------------------------------------------------------------- */

static enum tri outside_zone(struct derive *derive, enum tri standing)
{
    enum tri seen = TRI_NO;
    if (derive_knows(derive, CAR_STATUS) && derive_has(derive, DOOR_ZONE) && mode(derive) != MODE_INSPECTION)
        seen = tri_and(standing, tri_not(derive_bool(derive, DOOR_ZONE)));
    return derive_held(derive, HOLD_OUTSIDE_ZONE, tri_or(seen, bit(derive, BIT_STOP_OUTSIDE_ZONE)),
                       ms_of(derive, OUTSIDE_ZONE_S));
}

static enum tri moving_door_open(struct derive *derive, enum tri running)
{
    enum tri seen = TRI_NO;
    if (derive_knows(derive, CAR_STATUS) && derive_has(derive, DOOR_ZONE) && derive_has(derive, DOOR_CLOSED))
        seen = tri_and(running,
                       tri_and(tri_not(derive_bool(derive, DOOR_CLOSED)), tri_not(derive_bool(derive, DOOR_ZONE))));
    enum tri said = tri_or(bit(derive, BIT_DOOR_OPEN_WHILE_RUNNING), bit(derive, BIT_MOVE_DOOR_OPEN));
    return tri_or(derive_held(derive, HOLD_MOVING_DOOR_OPEN, seen, MOVING_DOOR_OPEN_MS), said);
}

static enum tri overspeed(const struct derive *derive)
{
    enum tri seen = TRI_NO;
    if (derive_has(derive, CAR_SPEED) && derive->settings[RATED_SPEED] > NO_LIMIT)
        seen = above(derive, CAR_SPEED, derive->settings[RATED_SPEED] * OVERSPEED_FACTOR);
    return tri_or(seen, bit(derive, BIT_OVERSPEED));
}

static enum tri run_timeout(struct derive *derive, struct lift_memory *memory, enum tri running, bool moved)
{
    if (!derive_knows(derive, CAR_STATUS) || !derive_has(derive, CAR_FLOOR_INDEX))
        return bit(derive, BIT_RUN_TIMEOUT);
    double limit_s = RUN_LIMIT_MAX_S;
    if (derive->settings[FULL_TRAVEL_S] > NO_LIMIT)
        limit_s = fmin(limit_s, fmax(RUN_LIMIT_MIN_S, derive->settings[FULL_TRAVEL_S] + RUN_LIMIT_EXTRA_S));
    if (moved)
        end_spell(&memory->same_floor);
    enum tri known = has_value(derive, CAR_FLOOR_INDEX) ? TRI_YES : TRI_UNKNOWN;
    enum tri seen = lasts(derive, &memory->same_floor, tri_and(running, known), (int64_t)(limit_s * 1000 + 0.5));
    return tri_or(seen, bit(derive, BIT_RUN_TIMEOUT));
}

/* The car was seen to be at another floor than before. */
static bool note_floor(const struct derive *derive, struct lift_memory *memory)
{
    if (!has_value(derive, CAR_FLOOR_INDEX))
        return false;
    double const floor_now = derive->samples[CAR_FLOOR_INDEX].value.number;
    bool const moved = memory->has_floor && fabs(floor_now - memory->floor) > 0.5;
    memory->floor = floor_now;
    memory->has_floor = true;
    return moved;
}

static void derive_motion_faults(struct derive *derive, struct lift_memory *memory, enum tri running, bool moved)
{
    enum tri standing = tri_not(running);
    if (derive_owes(derive, STOP_OUTSIDE_ZONE))
        derive_set(derive, STOP_OUTSIDE_ZONE, outside_zone(derive, standing), DOOR_ZONE);
    if (derive_owes(derive, MOVING_DOOR_OPEN))
        derive_set(derive, MOVING_DOOR_OPEN, moving_door_open(derive, running), DOOR_CLOSED);
    if (derive_owes(derive, OVERSPEED))
        derive_set(derive, OVERSPEED, overspeed(derive), CAR_SPEED);
    if (derive_owes(derive, RUN_TIMEOUT))
        derive_set(derive, RUN_TIMEOUT, run_timeout(derive, memory, running, moved), CAR_FLOOR_INDEX);
    if (derive_owes(derive, OVERLOAD_RUN))
        derive_set(derive, OVERLOAD_RUN, tri_and(running, above(derive, CAR_LOAD_PCT, OVERLOAD_PCT)), CAR_LOAD_PCT);
}

/* --- doors ----------------------------------------------------------------------------------------------------------- */

static void note_door(struct derive *derive, struct lift_memory *memory, bool left)
{
    enum tri const closed = derive_bool(derive, DOOR_CLOSED);
    if (left)
        memory->opened_count = 0;
    else if (closed == TRI_NO && memory->door_was_closed) {
        memory->opened_mono_ms[memory->opened_next] = derive->mono_ms;
        memory->opened_next = (memory->opened_next + 1) % DOOR_CYCLES_MAX;
        memory->opened_count++;
    }
    if (closed != TRI_UNKNOWN)
        memory->door_was_closed = closed == TRI_YES;
}

/* So many openings that the first of them is no older than the window. */
static bool is_hunting(struct derive *derive, const struct lift_memory *memory)
{
    size_t const cycles = (size_t)derive->settings[DOOR_HUNTING_CYCLES];
    if (memory->opened_count < cycles)
        return false;
    size_t const first = (memory->opened_next + DOOR_CYCLES_MAX - cycles) % DOOR_CYCLES_MAX;
    int64_t const over_mono_ms = memory->opened_mono_ms[first] + ms_of(derive, DOOR_HUNTING_S) + 1;
    if (derive->mono_ms >= over_mono_ms)
        return false;
    derive->ret_next_mono_ms = over_mono_ms < derive->ret_next_mono_ms ? over_mono_ms : derive->ret_next_mono_ms;
    return true;
}

/* Cycles that were not seen may be missing: it is `no` only of a lift that moved or was watched for the whole window. */
static enum tri door_hunting(struct derive *derive, struct lift_memory *memory, enum tri running, bool moved)
{
    if (!derive_knows(derive, CAR_STATUS) || !derive_has(derive, DOOR_CLOSED))
        return TRI_NO;
    bool const left = moved || running == TRI_YES;
    bool const known = has_value(derive, DOOR_CLOSED) && running != TRI_UNKNOWN;
    enum tri watched = derive_timed(derive, &memory->watching, tri_of(known), ms_of(derive, DOOR_HUNTING_S));
    memory->cycles_known = known && (memory->cycles_known || left || watched == TRI_YES);
    note_door(derive, memory, left);
    if (running != TRI_NO)
        return running == TRI_YES ? TRI_NO : TRI_UNKNOWN;
    if (is_hunting(derive, memory))
        return TRI_YES;
    return memory->cycles_known ? TRI_NO : TRI_UNKNOWN;
}

static enum tri door_held(struct derive *derive, struct lift_memory *memory)
{
    enum lift_mode const now = mode(derive);
    bool const excused = now != MODE_NORMAL && now != MODE_UNKNOWN;
    return lasts(derive, &memory->door_open, excused ? TRI_NO : tri_not(derive_bool(derive, DOOR_CLOSED)),
                 ms_of(derive, DOOR_HELD_S));
}

static void derive_doors(struct derive *derive, struct lift_memory *memory, enum tri running, bool moved)
{
    if (derive_owes(derive, DOOR_HUNTING)) {
        enum tri seen = door_hunting(derive, memory, running, moved);
        derive_set(derive, DOOR_HUNTING, tri_or(seen, bit(derive, BIT_DOOR_HUNTING)), DOOR_CLOSED);
    }
    if (derive_owes(derive, DOOR_HELD))
        derive_set(derive, DOOR_HELD, door_held(derive, memory), DOOR_CLOSED);
}

/* --- use ------------------------------------------------------------------------------------------------------------- */

static void derive_idle(struct derive *derive, struct lift_memory *memory)
{
    if (!derive_owes(derive, IDLE_SUSPECT))
        return;
    enum tri idle = TRI_UNKNOWN;
    if (has_value(derive, RUN_COUNT)) {
        int64_t const count = derive->samples[RUN_COUNT].value.integer;
        if (memory->has_run_count && memory->run_count != count)
            end_spell(&memory->same_run_count);
        memory->run_count = count;
        memory->has_run_count = true;
        idle = TRI_YES;
    }
    idle = tri_and(idle, tri_not(bit(derive, MAINS_LOST)));
    int64_t const for_ms = (int64_t)(derive->settings[IDLE_H] * 3600e3 + 0.5);
    derive_set(derive, IDLE_SUSPECT, lasts(derive, &memory->same_run_count, idle, for_ms), RUN_COUNT);
}

void lift_derive(struct derive *derive)
{
    CHECK(derive->sample_count == POINT_COUNT);
    struct lift_memory *memory = derive->memory;
    derive->ret_next_mono_ms = INT64_MAX;
    enum tri running = moving(derive);
    bool moved = note_floor(derive, memory);
    derive_bits(derive);
    derive_car_status(derive, running);
    derive_calls(derive);
    derive_summaries(derive);
    derive_trapped(derive, tri_not(running));
    derive_motion_faults(derive, memory, running, moved);
    derive_doors(derive, memory, running, moved);
    derive_idle(derive, memory);
}
