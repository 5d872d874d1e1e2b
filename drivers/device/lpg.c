#include "drivers/device/lpg.h"

#include <math.h>

#include "drivers/device/lpg_table.h"
#include "drivers/device/number.h"
#include "drivers/device/robust.h"
#include "gateway/base/check.h"

/* --- what is remembered ------------------------------------------------------------------------------------------- */

#define MINUTE_MS          60000
#define HOUR_MS            (60 * MINUTE_MS)
#define DAY_MS             (24 * (int64_t)HOUR_MS)
#define READING_EVERY_MS   20000
#define SLOPE_MS           (15 * MINUTE_MS)
#define SLOPE_READINGS_MIN 15
#define SLOPE_SURE_MS      (14 * MINUTE_MS)
#define LEAK_MS            (30 * MINUTE_MS)
#define LEAK_ENDS          5
#define LEAK_KG            0.05
#define RISE_KG            0.2
#define FALL_KG            0.3
#define BURST_FACTOR       1.5
#define OVERFILL_KG        0.2
#define TARE_APART_KG      0.5
#define DAYS_MAX           999.0
#define TINY_KG            1e-6 /* what decimals lose */
_Static_assert(SLOPE_MS / READING_EVERY_MS <= ROBUST_SLOPE_MAX, "all readings of a slope fit");

static const struct lpg_reading *reading_at(const struct lpg_memory *memory, size_t i)
{
    return &memory->readings[(memory->first + i) % LPG_READINGS];
}

static void remember_hour(struct lpg_memory *memory)
{
    size_t const newest = (memory->first_hour + memory->hour_count + LPG_HOURS_OF_USE) % (LPG_HOURS_OF_USE + 1);
    if (memory->hour_count > 0 && memory->now.seen_ms - memory->hours[newest].seen_ms < HOUR_MS)
        return;
    if (memory->hour_count == LPG_HOURS_OF_USE + 1) {
        memory->first_hour = (memory->first_hour + 1) % (LPG_HOURS_OF_USE + 1);
        memory->hour_count--;
    }
    memory->hours[(memory->first_hour + memory->hour_count++) % (LPG_HOURS_OF_USE + 1)] = memory->now;
}

static bool is_handled(double change_kg, int64_t span_ms, double burst_kg_h)
{
    return change_kg > RISE_KG || -change_kg > FALL_KG + burst_kg_h * (double)span_ms / HOUR_MS;
}

static void forget_old(struct lpg_memory *memory, int64_t mono_ms)
{
    while (memory->count > 0 && reading_at(memory, 0)->mono_ms <= mono_ms - LEAK_MS) {
        memory->first = (memory->first + 1) % LPG_READINGS;
        memory->count--;
    }
}

static void note_mass(struct lpg_memory *memory, int64_t mono_ms, double kg, double burst_kg_h)
{
    struct lpg_reading const *newest = memory->count > 0 ? reading_at(memory, memory->count - 1) : NULL;
    int64_t const span_ms = newest != NULL ? mono_ms - newest->mono_ms : 0;
    if (newest != NULL && span_ms < READING_EVERY_MS)
        return;
    if (newest != NULL && is_handled(kg - newest->kg, span_ms, burst_kg_h)) {
        memory->count = 0;
        memory->handled = true;
        memory->moved_mono_ms = mono_ms;
    } else if (newest != NULL) {
        memory->now.seen_ms += span_ms;
        memory->now.kg += newest->kg - kg;
    }
    forget_old(memory, mono_ms);
    CHECK(memory->count < LPG_READINGS);
    memory->readings[(memory->first + memory->count++) % LPG_READINGS] = (struct lpg_reading){mono_ms, kg};
    remember_hour(memory);
}

/* --- slopes ------------------------------------------------------------------------------------------------------- */

/* kg/h that went since `from`, within the last 15 minutes. */
static struct number loss_rate(const struct lpg_memory *memory, int64_t from_mono_ms)
{
    struct robust_point of[ROBUST_SLOPE_MAX];
    size_t count = 0;
    for (size_t i = memory->count; i > 0 && count < ROBUST_SLOPE_MAX; i--) {
        const struct lpg_reading *reading = reading_at(memory, i - 1);
        if (reading->mono_ms < from_mono_ms)
            break;
        of[count++] = (struct robust_point){(double)reading->mono_ms / HOUR_MS, reading->kg};
    }
    if (count < SLOPE_READINGS_MIN)
        return number_none(REASON_STARTING);
    struct number rate = number_good(fmax(-robust_slope(of, count), 0));
    if (of[0].x - of[count - 1].x < (double)SLOPE_SURE_MS / HOUR_MS)
        rate.quality = QUALITY_UNCERTAIN;
    return rate;
}

/* The slopes change with a new reading, and when one has become too old. */
static void rate_loss(struct lpg_memory *memory, int64_t mono_ms)
{
    int64_t const newest_ms = memory->count > 0 ? reading_at(memory, memory->count - 1)->mono_ms : mono_ms;
    if (newest_ms < mono_ms && mono_ms - memory->rated_mono_ms < READING_EVERY_MS)
        return;
    int64_t const from_ms = mono_ms - SLOPE_MS + 1;
    memory->rated_mono_ms = mono_ms;
    memory->usage = loss_rate(memory, from_ms);
    memory->behind_valve = memory->closed_mono_ms > from_ms ? loss_rate(memory, memory->closed_mono_ms) : memory->usage;
}

static double median_of(const struct lpg_memory *memory, size_t from)
{
    double kg[LEAK_ENDS];
    for (size_t i = 0; i < LEAK_ENDS; i++)
        kg[i] = reading_at(memory, from + i)->kg;
    return robust_median(kg, LEAK_ENDS);
}

/* Has mass gone since the valve closed, within the last half hour? */
static enum tri is_losing(const struct lpg_memory *memory, int64_t mono_ms)
{
    int64_t const from_ms = memory->closed_mono_ms > mono_ms - LEAK_MS ? memory->closed_mono_ms : mono_ms - LEAK_MS + 1;
    size_t first = 0;
    while (first < memory->count && reading_at(memory, first)->mono_ms < from_ms)
        first++;
    if (memory->count - first < 2 * (size_t)LEAK_ENDS)
        return TRI_UNKNOWN;
    return tri_of(median_of(memory, first) - median_of(memory, memory->count - LEAK_ENDS) > LEAK_KG + TINY_KG);
}

/* --- points ------------------------------------------------------------------------------------------------------- */

static void doubt_masses(struct derive *derive)
{
    static const uint8_t doubts[] = {SCALE_UNSTABLE, SCALE_OVERFLOW, SCALE_OVERLOAD};
    static const uint8_t masses[] = {GROSS_MASS, NET_MASS, FILL_PCT};
    bool doubtful = false;
    for (size_t i = 0; i < ARRAY_SIZE(doubts); i++)
        doubtful = doubtful || (derive_has(derive, doubts[i]) && derive_bool(derive, doubts[i]) == TRI_YES);
    for (size_t i = 0; doubtful && i < ARRAY_SIZE(masses); i++)
        if (derive->samples[masses[i]].quality == QUALITY_GOOD)
            derive->samples[masses[i]].quality = QUALITY_UNCERTAIN;
}

static void derive_net(struct derive *derive)
{
    struct number const gross = number_of(derive, lpg_points, GROSS_MASS);
    struct number const tare = derive_has(derive, TARE_MASS) ? number_of(derive, lpg_points, TARE_MASS)
                                                             : number_of_setting(derive, SET_TARE_STAMPED);
    struct number net = number_with(gross, tare);
    net.value = number_is_known(net) ? gross.value - tare.value : 0;
    number_put(derive, NET_MASS, net);
}

static struct number max_fill(const struct derive *derive)
{
    struct number const given = number_of_setting(derive, SET_MAX_FILL_MASS);
    struct number const type = number_of_setting(derive, SET_CYLINDER_TYPE);
    if (number_is_known(given) || !number_is_known(type))
        return given;
    return number_good(lpg_max_fill_of_type[(size_t)type.value]);
}

static void derive_filling(struct derive *derive)
{
    struct number const net = number_of(derive, lpg_points, NET_MASS);
    struct number const most = max_fill(derive);
    struct number fill = number_with(net, most);
    bool const known = number_is_known(fill);
    fill.value = known ? net.value / most.value * 100 : 0;
    number_put(derive, FILL_PCT, fill);
    tri_put(derive, OVERFILLED, known ? tri_of(net.value > most.value + OVERFILL_KG + TINY_KG) : TRI_UNKNOWN, NET_MASS);
}

static void derive_tare(struct derive *derive)
{
    struct number const found = number_of(derive, lpg_points, TARE_MASS);
    struct number const stamped = number_of_setting(derive, SET_TARE_STAMPED);
    bool const known = number_is_known(found) && number_is_known(stamped);
    bool const apart = known && fabs(found.value - stamped.value) > TARE_APART_KG + TINY_KG;
    tri_put(derive, RESIDUAL_FRAUD, known ? tri_of(apart) : TRI_UNKNOWN, TARE_MASS);
}

static enum tri is_closed(const struct derive *derive)
{
    if (!derive_has(derive, VALVE_STATE) || derive_is_code(derive, VALVE_STATE, VALVE_UNKNOWN) == TRI_YES)
        return TRI_UNKNOWN;
    return derive_is_code(derive, VALVE_STATE, VALVE_CLOSED);
}

/* Since when the valve has been closed, as far as it is known. */
static enum tri watch_valve(const struct derive *derive, struct lpg_memory *memory)
{
    enum tri const closed = is_closed(derive);
    if (closed == TRI_NO)
        memory->closed_mono_ms = 0;
    if (closed != TRI_YES || memory->closed_mono_ms != 0)
        return closed;
    memory->closed_mono_ms = derive->mono_ms > 0 ? derive->mono_ms : 1;
    memory->behind_valve = number_none(REASON_STARTING);
    return closed;
}

static void derive_leak(struct derive *derive, const struct lpg_memory *memory, enum tri closed, struct number mass)
{
    struct number const rate = number_is_known(mass) ? number_with(memory->behind_valve, mass) : mass;
    number_put(derive, LEAK_MASS_RATE, closed == TRI_YES ? rate : number_none(REASON_INVALID));
    enum tri leak = TRI_NO;
    if (derive_knows(derive, LEAK_MASS_RATE))
        leak = tri_and(closed, number_is_known(mass) ? is_losing(memory, derive->mono_ms) : TRI_UNKNOWN);
    if (derive_has(derive, LEAK_FLAG))
        leak = tri_or(leak, derive_bool(derive, LEAK_FLAG));
    tri_put(derive, LEAK, leak, derive_has(derive, LEAK_FLAG) ? LEAK_FLAG : VALVE_STATE);
}

static void derive_usage(struct derive *derive, const struct lpg_memory *memory, struct number mass)
{
    struct number const rate = number_is_known(mass) ? number_with(memory->usage, mass) : mass;
    double const burst_kg_h = BURST_FACTOR * number_of_setting(derive, SET_APPLIANCE_MAX).value;
    number_put(derive, USAGE_RATE, rate);
    tri_put(derive, BURST_FLOW, number_is_known(rate) ? tri_of(rate.value > burst_kg_h) : TRI_UNKNOWN, USAGE_RATE);
}

static void derive_days(struct derive *derive, const struct lpg_memory *memory)
{
    struct number days = number_of(derive, lpg_points, NET_MASS);
    const struct lpg_used *oldest = &memory->hours[memory->first_hour];
    double const seen_days = (double)(memory->now.seen_ms - oldest->seen_ms) / (double)DAY_MS;
    if (number_is_known(days) && (memory->hour_count == 0 || seen_days < 1))
        days = number_none(REASON_STARTING);
    if (number_is_known(days)) {
        double const net = fmax(days.value, 0);
        double const per_day = (memory->now.kg - oldest->kg) / seen_days;
        days.value = per_day * DAYS_MAX > net ? net / per_day : DAYS_MAX;
        if (days.quality == QUALITY_GOOD && seen_days < LPG_HOURS_OF_USE / 24.0)
            days.quality = QUALITY_UNCERTAIN;
    }
    number_put(derive, DAYS_LEFT, days);
}

static void derive_move(struct derive *derive, struct lpg_memory *memory, struct number mass)
{
    struct number hours = mass;
    if (derive_has(derive, MOVED)) {
        enum tri const moved = derive_bool(derive, MOVED);
        if (moved == TRI_YES) {
            memory->moved_mono_ms = derive->mono_ms;
            memory->handled = true;
        }
        hours = number_of(derive, lpg_points, MOVED);
    }
    hours.value = (double)(derive->mono_ms - memory->moved_mono_ms) / HOUR_MS;
    if (hours.quality == QUALITY_GOOD && !memory->handled)
        hours.quality = QUALITY_UNCERTAIN;
    number_put(derive, HOURS_SINCE_MOVE, hours);
}

void lpg_derive(struct derive *derive)
{
    CHECK(derive->sample_count == POINT_COUNT);
    struct lpg_memory *memory = derive->memory;
    if (!memory->begun)
        memory->moved_mono_ms = derive->mono_ms;
    memory->begun = true;
    doubt_masses(derive);
    derive_net(derive);
    derive_filling(derive);
    derive_tare(derive);
    struct number const mass = number_of(derive, lpg_points, derive_has(derive, GROSS_MASS) ? GROSS_MASS : NET_MASS);
    if (mass.quality == QUALITY_GOOD)
        note_mass(memory, derive->mono_ms, mass.value,
                  BURST_FACTOR * number_of_setting(derive, SET_APPLIANCE_MAX).value);
    enum tri const closed = watch_valve(derive, memory);
    rate_loss(memory, derive->mono_ms);
    derive_usage(derive, memory, mass);
    derive_leak(derive, memory, closed, mass);
    derive_days(derive, memory);
    derive_move(derive, memory, mass);
    lpg_derive_label(derive);
    derive->ret_next_mono_ms = INT64_MAX;
}
