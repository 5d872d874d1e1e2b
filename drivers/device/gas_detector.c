#include "drivers/device/gas_detector.h"

#include <math.h>

#include "drivers/device/gas_table.h"
#include "drivers/device/number.h"
#include "drivers/device/robust.h"
#include "gateway/base/check.h"

#define OVER_RANGE_LEL_PCT  100.0 /* above it a catalytic bead may read low again (EN 60079-29-1): latched */
#define UNDER_RANGE_LEL_PCT (-5.0)
#define SETPOINT_APART_LEL  (1.0 + 1e-6) /* one whole, and what decimals lose */
#define PPM_PER_VOL_PCT     1e4

/* --- what this moment says ---------------------------------------------------------------------------------------- */

/* How far a gas value left its range: above is gas, below is a broken detector. */
enum side { SIDE_NONE, SIDE_ABOVE, SIDE_BELOW };

static enum side implausible_side(const struct sample *sample)
{
    if (sample->quality != QUALITY_BAD || sample->reason != REASON_IMPLAUSIBLE)
        return SIDE_NONE;
    return sample->value.number > 0 ? SIDE_ABOVE : SIDE_BELOW;
}

static enum tri lel_above(const struct derive *derive)
{
    const struct sample *lel = &derive->samples[GAS_LEL_PCT];
    if (implausible_side(lel) != SIDE_NONE)
        return tri_of(implausible_side(lel) == SIDE_ABOVE);
    return lel->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(lel->value.number > OVER_RANGE_LEL_PCT);
}

/* Where there is no value, blind() has the word. */
static bool is_lel_below(const struct derive *derive)
{
    const struct sample *lel = &derive->samples[GAS_LEL_PCT];
    return lel->quality != QUALITY_BAD && lel->value.number < UNDER_RANGE_LEL_PCT;
}

/* It answers, but with no value. Where it does not answer, or refuses, comm.lost says so; where it says more gas than it can
 * measure, gas_over_range: of oxygen that would be more than there can be, and is a fault. */
static enum tri is_blank(const struct derive *derive, size_t point)
{
    const struct sample *sample = &derive->samples[point];
    if (sample->quality != QUALITY_BAD || (implausible_side(sample) == SIDE_ABOVE && point != O2_VOL_PCT))
        return TRI_NO;
    bool answered = sample->reason == REASON_INVALID || sample->reason == REASON_IMPLAUSIBLE ||
                    sample->reason == REASON_SENSOR_FAULT || sample->reason == REASON_FROZEN;
    return answered ? TRI_YES : TRI_UNKNOWN;
}

/* A head for toxic gas or oxygen may leave %LEL empty. */
static bool has_lel(const struct derive *derive)
{
    struct number const gas = number_of_setting(derive, SET_GAS);
    bool const may_be_empty = number_is_known(gas) && gas.value >= CARBON_MONOXIDE;
    return derive_knows(derive, GAS_LEL_PCT) && !(may_be_empty && is_blank(derive, GAS_LEL_PCT) == TRI_YES);
}

static enum tri is_above(const struct sample *sample)
{
    if (implausible_side(sample) != SIDE_NONE)
        return tri_of(implausible_side(sample) == SIDE_ABOVE);
    return sample->quality == QUALITY_BAD ? TRI_UNKNOWN : TRI_NO;
}

/* Of a gas without %LEL: one value in any unit tells. */
static enum tri loose_above(const struct derive *derive)
{
    static const uint8_t loose[] = {GAS_VOL_PCT, GAS_PPM, GAS_MGM3};
    bool any = false;
    bool known = false;
    for (size_t i = 0; i < ARRAY_SIZE(loose); i++) {
        if (!derive_has(derive, loose[i]))
            continue;
        enum tri const above = is_above(&derive->samples[loose[i]]);
        if (above == TRI_YES)
            return TRI_YES;
        any = true;
        known = known || above == TRI_NO;
    }
    return any && !known ? TRI_UNKNOWN : TRI_NO;
}

static enum tri over_range(const struct derive *derive)
{
    static const uint8_t toxic[] = {CO_PPM, H2S_PPM};
    enum tri result = derive_knows(derive, GAS_LEL_PCT) ? TRI_NO : loose_above(derive);
    if (derive_has(derive, OVER_RANGE))
        result = tri_or(result, derive_bool(derive, OVER_RANGE));
    if (derive_has(derive, DETECTOR_STATUS))
        result = tri_or(result, derive_is_code(derive, DETECTOR_STATUS, STATUS_OVER_RANGE));
    if (has_lel(derive))
        result = tri_or(result, lel_above(derive));
    for (size_t i = 0; i < ARRAY_SIZE(toxic); i++)
        if (derive_has(derive, toxic[i]))
            result = tri_or(result, is_above(&derive->samples[toxic[i]]));
    return result;
}

/* Is any of these yes/no points, as far as the device has them, true? */
static enum tri any_of(const struct derive *derive, const uint8_t *bits, size_t count)
{
    enum tri result = TRI_NO;
    for (size_t i = 0; i < count; i++)
        if (derive_has(derive, bits[i]))
            result = tri_or(result, derive_bool(derive, bits[i]));
    return result;
}

/* Has an enumerated point, if the device has it, one of these codes? */
static enum tri is_one_of(const struct derive *derive, size_t point, const uint8_t *codes, size_t count)
{
    enum tri result = TRI_NO;
    for (size_t i = 0; derive_has(derive, point) && i < count; i++)
        result = tri_or(result, derive_is_code(derive, point, codes[i]));
    return result;
}

static enum tri warming_up(const struct derive *derive)
{
    static const uint8_t bits[] = {WARMUP_DEV};
    static const uint8_t in_mode[] = {MODE_WARMUP};
    static const uint8_t in_status[] = {STATUS_WARMUP};
    return tri_or(any_of(derive, bits, ARRAY_SIZE(bits)),
                  tri_or(is_one_of(derive, DETECTOR_MODE, in_mode, ARRAY_SIZE(in_mode)),
                         is_one_of(derive, DETECTOR_STATUS, in_status, ARRAY_SIZE(in_status))));
}

static enum tri inhibited(const struct derive *derive)
{
    static const uint8_t bits[] = {INHIBIT_DEV, CALIBRATING_DEV};
    static const uint8_t in_mode[] = {MODE_INHIBIT, MODE_CALIBRATION};
    return tri_or(any_of(derive, bits, ARRAY_SIZE(bits)),
                  is_one_of(derive, DETECTOR_MODE, in_mode, ARRAY_SIZE(in_mode)));
}

/* A code next to a warning bit is a warning, not a fault; that bit has the word where the detector has both. */
static enum tri fault_by_code(const struct derive *derive)
{
    const struct sample *code = &derive->samples[FAULT_CODE];
    if (!derive_has(derive, FAULT_CODE))
        return TRI_NO;
    bool const tells_apart = derive_has(derive, WARNING_DEV) && derive_has(derive, FAULT_DEV);
    enum tri const coded = code->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(code->value.integer != 0);
    return tri_and(coded, tells_apart ? tri_not(derive_bool(derive, WARNING_DEV)) : TRI_YES);
}

/* Each gas that has alarms of its own must have a value; where there is none of these, one value in any unit will
 * do. */
static enum tri blind(const struct derive *derive)
{
    static const uint8_t watched[] = {GAS_LEL_PCT, CO_PPM, H2S_PPM, O2_VOL_PCT};
    static const uint8_t loose[] = {GAS_VOL_PCT, GAS_PPM, GAS_MGM3};
    enum tri result = TRI_NO;
    bool any = false;
    for (size_t i = has_lel(derive) ? 0 : 1; i < ARRAY_SIZE(watched); i++) {
        if (derive_knows(derive, watched[i]))
            result = tri_or(result, is_blank(derive, watched[i]));
        any = any || derive_knows(derive, watched[i]);
    }
    for (size_t i = 0; !any && i < ARRAY_SIZE(loose); i++) {
        enum tri const blank = is_blank(derive, loose[i]);
        if (derive_has(derive, loose[i]) && blank == TRI_NO)
            return TRI_NO;
        result = derive_has(derive, loose[i]) ? tri_or(result, blank) : result;
    }
    return result;
}

static enum tri fault(const struct derive *derive)
{
    static const uint8_t bits[] = {FAULT_DEV, FAULT_DEV2, SENSOR_FAULT_DEV, COMM_FAULT_DEV, DISABLED_DEV, UNDER_RANGE};
    static const uint8_t in_mode[] = {MODE_FAULT};
    static const uint8_t in_status[] = {STATUS_DATA_ERROR, STATUS_SENSOR_FAULT, STATUS_ACCESS_FAULT, STATUS_TIMEOUT,
                                        STATUS_COMM_FAULT};
    enum tri result = tri_or(blind(derive), any_of(derive, bits, ARRAY_SIZE(bits)));
    result = tri_or(result, fault_by_code(derive));
    result = tri_or(result, is_one_of(derive, DETECTOR_MODE, in_mode, ARRAY_SIZE(in_mode)));
    result = tri_or(result, is_one_of(derive, DETECTOR_STATUS, in_status, ARRAY_SIZE(in_status)));
    return tri_or(result, tri_of(is_lel_below(derive)));
}

/* --- %LEL of detectors that speak of ppm or % by volume ----------------------------------------------------------- */

/* The detector's own word goes before the site file's number, and that before the table. */
static struct number lel_vol_pct(const struct derive *derive)
{
    struct number const own = number_of(derive, gas_points, LEL_VOL_PCT);
    struct number const given = number_of_setting(derive, SET_LEL_VOL_PCT);
    struct number const gas = number_of_setting(derive, SET_GAS);
    struct number const basis = number_of_setting(derive, SET_LEL_BASIS);
    if (derive_has(derive, LEL_VOL_PCT) && number_is_known(own) && own.value > 0)
        return own;
    if (number_is_known(given))
        return given;
    double const listed =
        number_is_known(gas) && number_is_known(basis) ? gas_lel_vol_pct[(size_t)gas.value][(size_t)basis.value] : 0;
    if (listed <= 0 && derive_has(derive, LEL_VOL_PCT) && !number_is_known(own))
        return own;
    return listed > 0 ? number_good(listed) : number_none(REASON_INVALID);
}

static size_t loose_gas(const struct derive *derive)
{
    bool const vol = derive_has(derive, GAS_VOL_PCT);
    bool const ppm = derive_has(derive, GAS_PPM);
    return vol && (!ppm || derive->samples[GAS_VOL_PCT].quality != QUALITY_BAD) ? GAS_VOL_PCT : GAS_PPM;
}

/* As if it had been read: beyond the range it is implausible, and what is implausible there is so here, on the same
 * side. */
static void derive_lel(struct derive *derive)
{
    if (!derive_owes(derive, GAS_LEL_PCT))
        return;
    size_t const from = loose_gas(derive);
    const struct class_point *range = &gas_points[GAS_LEL_PCT];
    struct number const lel = lel_vol_pct(derive);
    struct sample *sample = &derive->samples[GAS_LEL_PCT];
    *sample = derive->samples[from];
    sample->point = GAS_LEL_PCT;
    if (sample->quality == QUALITY_BAD)
        return;
    if (number_is_known(lel))
        sample->value.number *= 100 / (lel.value * (from == GAS_PPM ? PPM_PER_VOL_PCT : 1));
    bool const within = sample->value.number >= range->minimum && sample->value.number <= range->maximum;
    if (number_is_known(lel) && within)
        return;
    sample->quality = QUALITY_BAD;
    sample->reason = number_is_known(lel) ? (uint8_t)REASON_IMPLAUSIBLE : (uint8_t)lel.reason;
}

/* --- what only memory knows --------------------------------------------------------------------------------------- */

static bool rise_recalls(const struct gas_rise *rise, size_t i, int64_t step)
{
    return rise->steps[i].step != 0 && rise->steps[i].step > step - RISE_STEPS;
}

/* Rise above the lowest reading of the window. */
static double rise_note(struct gas_rise *rise, int64_t mono_ms, double lel)
{
    int64_t const step = mono_ms / RISE_STEP_MS + 1;
    size_t const slot = (size_t)(step % RISE_STEPS);
    bool const begins = rise->steps[slot].step != step;
    double lowest = lel;
    bool recalls = false;
    if (begins || lel < rise->steps[slot].lowest)
        rise->steps[slot].lowest = lel;
    for (size_t i = 0; i < RISE_STEPS; i++) {
        if (!rise_recalls(rise, i, step))
            continue;
        recalls = true;
        lowest = fmin(lowest, rise->steps[i].lowest);
    }
    rise->steps[slot].step = step;
    if (!recalls)
        rise->since_ms = mono_ms;
    return lel - lowest;
}

static void derive_rise(struct derive *derive, struct gas_rise *rise)
{
    struct number number = number_of(derive, gas_points, GAS_LEL_PCT);
    if (number_is_known(number))
        number.value = rise_note(rise, derive->mono_ms, number.value);
    if (number.quality == QUALITY_GOOD && derive->mono_ms - rise->since_ms < RISE_WINDOW_MS)
        number.quality = QUALITY_UNCERTAIN;
    number_put(derive, GAS_ROC, number);
}

static void zero_end_quarter(struct gas_zero *zero, int64_t quarter)
{
    double medians[QUARTERS];
    size_t count = 0;
    size_t const slot = (size_t)(zero->quarter % QUARTERS);
    if (zero->count >= QUARTER_READINGS_OK) {
        zero->past[slot].median = robust_median(zero->readings, zero->count);
        zero->past[slot].quarter = zero->quarter + 1;
    }
    for (size_t i = 0; i < QUARTERS; i++)
        if (zero->past[i].quarter != 0 && zero->past[i].quarter > quarter - QUARTERS)
            medians[count++] = zero->past[i].median;
    zero->is_known = count >= QUARTERS_NEEDED;
    if (zero->is_known)
        zero->median = robust_median(medians, count);
    zero->quarter = quarter;
    zero->count = 0;
}

static void zero_note(struct gas_zero *zero, int64_t mono_ms, double lel)
{
    if (mono_ms / QUARTER_MS != zero->quarter)
        zero_end_quarter(zero, mono_ms / QUARTER_MS);
    int64_t const reading = mono_ms / READING_EVERY_MS;
    if (zero->count > 0 && reading == zero->reading)
        return;
    CHECK(zero->count < QUARTER_READINGS);
    zero->reading = reading;
    zero->readings[zero->count++] = lel;
}

static void derive_zero(struct derive *derive, struct gas_zero *zero)
{
    struct number number = number_of(derive, gas_points, GAS_LEL_PCT);
    if (number.quality == QUALITY_GOOD)
        zero_note(zero, derive->mono_ms, number.value);
    if (number_is_known(number))
        number = zero->is_known ? number_good(zero->median) : number_none(REASON_STARTING);
    number_put(derive, GAS_ZERO_24H, number);
}

/* --- setpoints ---------------------------------------------------------------------------------------------------- */

static bool is_paired(const struct derive *derive, size_t point, size_t setting)
{
    return derive_has(derive, point) && number_is_known(number_of_setting(derive, setting));
}

static enum tri is_apart(const struct derive *derive, size_t point, size_t setting)
{
    struct number const wanted = number_of_setting(derive, setting);
    struct number const found = number_of(derive, gas_points, point);
    return number_is_known(found) ? tri_of(fabs(found.value - wanted.value) > SETPOINT_APART_LEL) : TRI_UNKNOWN;
}

static enum tri setpoint_mismatch(const struct derive *derive)
{
    bool const first = is_paired(derive, SP_ALARM1_DEV, SET_SP_ALARM1);
    bool const second = is_paired(derive, SP_ALARM2_DEV, SET_SP_ALARM2);
    if (!first && !second)
        return TRI_UNKNOWN;
    return tri_or(first ? is_apart(derive, SP_ALARM1_DEV, SET_SP_ALARM1) : TRI_NO,
                  second ? is_apart(derive, SP_ALARM2_DEV, SET_SP_ALARM2) : TRI_NO);
}

/* --- together ----------------------------------------------------------------------------------------------------- */

static size_t says_its_state(const struct derive *derive)
{
    static const uint8_t states[] = {DETECTOR_MODE, DETECTOR_STATUS, WARMUP_DEV, INHIBIT_DEV, CALIBRATING_DEV};
    size_t i = 0;
    while (i + 1 < ARRAY_SIZE(states) && !derive_has(derive, states[i]))
        i++;
    return states[i];
}

void gas_detector_derive(struct derive *derive)
{
    static const uint8_t testing[] = {MODE_SELFTEST};
    static const uint8_t measured[] = {GAS_VOL_PCT, GAS_PPM, GAS_MGM3, GAS_LEL_PCT, CO_PPM, H2S_PPM, O2_VOL_PCT};
    CHECK(derive->sample_count == POINT_COUNT);
    struct gas_memory *memory = derive->memory;
    derive_lel(derive);
    size_t const gas = derive_knows(derive, GAS_LEL_PCT) ? GAS_LEL_PCT : loose_gas(derive);
    enum tri const is_faulty = fault(derive);
    bool const is_doubtful = is_faulty == TRI_YES || warming_up(derive) == TRI_YES || inhibited(derive) == TRI_YES ||
                             is_one_of(derive, DETECTOR_MODE, testing, ARRAY_SIZE(testing)) == TRI_YES;
    for (size_t i = 0; is_doubtful && i < ARRAY_SIZE(measured); i++)
        if (derive->samples[measured[i]].quality == QUALITY_GOOD)
            derive->samples[measured[i]].quality = QUALITY_UNCERTAIN;
    tri_put(derive, GAS_OVER_RANGE, over_range(derive), gas);
    tri_put(derive, GAS_FAULT, is_faulty, gas);
    tri_put(derive, GAS_WARMING_UP, warming_up(derive), says_its_state(derive));
    tri_put(derive, GAS_INHIBITED, inhibited(derive), says_its_state(derive));
    tri_put(derive, SETPOINT_MISMATCH, setpoint_mismatch(derive),
            derive_has(derive, SP_ALARM1_DEV) ? SP_ALARM1_DEV : SP_ALARM2_DEV);
    derive_rise(derive, &memory->rise);
    derive_zero(derive, &memory->zero);
    derive->ret_next_mono_ms = INT64_MAX;
}
