/* derive: small tools with which the classes compute their derived points. Pure; all answers are three-valued. */
#ifndef OUTPOST_DRIVERS_DEVICE_DERIVE_H
#define OUTPOST_DRIVERS_DEVICE_DERIVE_H

#include "gateway/core/tri.h"
#include "gateway/model/class.h"

static inline bool derive_has(const struct derive *derive, size_t point)
{
    return derive->sources[point] == POINT_READ;
}

/* Does the device have the point, read or derived? */
static inline bool derive_knows(const struct derive *derive, size_t point)
{
    return derive->sources[point] != POINT_ABSENT;
}

/* Is the point ours to compute? */
static inline bool derive_owes(const struct derive *derive, size_t point)
{
    return derive->sources[point] == POINT_DERIVED;
}

static inline enum tri derive_bool(const struct derive *derive, size_t point)
{
    const struct sample *sample = &derive->samples[point];
    return sample->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(sample->value.boolean);
}

static inline enum tri derive_is_code(const struct derive *derive, size_t point, uint32_t code)
{
    const struct sample *sample = &derive->samples[point];
    return sample->quality == QUALITY_BAD ? TRI_UNKNOWN : tri_of(sample->value.code == code);
}

/* Sets a derived boolean; an unknown is bad with the reason of the read point it mainly depends on. */
static inline void derive_set(struct derive *derive, size_t point, enum tri value, size_t depends_on)
{
    struct sample *sample = &derive->samples[point];
    *sample = (struct sample){.point = (uint16_t)point};
    if (value != TRI_UNKNOWN) {
        sample->value.boolean = value == TRI_YES;
        return;
    }
    const struct sample *cause = &derive->samples[depends_on];
    sample->quality = QUALITY_BAD;
    sample->reason = cause->quality == QUALITY_BAD ? cause->reason : (uint8_t)REASON_STARTING;
}

/* derive_held() for a hold that lives in the class's own memory: it starts anew when the gateway does. */
static inline enum tri derive_timed(struct derive *derive, struct hold *hold, enum tri condition, int64_t for_ms)
{
    if (condition == TRI_NO) {
        *hold = (struct hold){0};
        return TRI_NO;
    }
    if (condition == TRI_UNKNOWN) {
        if (hold->since_mono_ms != 0 && hold->frozen_mono_ms == 0)
            hold->frozen_mono_ms = derive->mono_ms;
        return TRI_UNKNOWN;
    }
    if (hold->since_mono_ms == 0)
        hold->since_mono_ms = derive->mono_ms == 0 ? 1 : derive->mono_ms;
    if (hold->frozen_mono_ms != 0) {
        hold->since_mono_ms += derive->mono_ms - hold->frozen_mono_ms;
        hold->frozen_mono_ms = 0;
    }
    int64_t due_mono_ms = hold->since_mono_ms + for_ms;
    if (derive->mono_ms >= due_mono_ms)
        return TRI_YES;
    if (due_mono_ms < derive->ret_next_mono_ms)
        derive->ret_next_mono_ms = due_mono_ms;
    return TRI_NO;
}

/* True for `for_ms` without a break? While the condition is unknown its time stands still and the answer is unknown; only
 * a known `no` ends it. Lowers derive->ret_next_mono_ms to the moment at which the answer changes by itself. */
static inline enum tri derive_held(struct derive *derive, size_t hold_index, enum tri condition, int64_t for_ms)
{
    return derive_timed(derive, &derive->holds[hold_index], condition, for_ms);
}

#endif
