#include "drivers/device/boiler.h"

#include "drivers/device/steam.h"

#define HALF_LOAD_PCT 50.0

struct number boiler_rated_t_h(const struct derive *derive)
{
    struct number rated = number_of_setting(derive, SETTING_RATED_OUTPUT);
    if (number_is_known(rated))
        return rated;
    rated = number_of_setting(derive, SETTING_RATED_OUTPUT_MW);
    rated.value /= MW_PER_T_H;
    return rated;
}

struct number boiler_sat_cel(struct number gauge_mpa, struct number air_kpa)
{
    struct number const inputs = number_with(gauge_mpa, air_kpa);
    double t_k = 0;
    if (!number_is_known(inputs))
        return inputs;
    struct number boils = number_if(steam_t_sat(gauge_mpa.value + air_kpa.value / 1000, &t_k), &t_k);
    boils.value -= ZERO_CELSIUS_K;
    return number_with(boils, inputs);
}

static void put_circulation(struct derive *derive, const struct class_point *points)
{
    struct number const rated = number_of_setting(derive, SETTING_CIRC_FLOW_RATED);
    struct number flow = number_with(number_of(derive, points, CIRC_FLOW), rated);
    if (number_is_known(flow))
        flow.value *= 100 / rated.value;
    number_put(derive, CIRC_FLOW_PCT, flow);
    if (!derive_owes(derive, PUMP_OFF_BURNING))
        return;
    enum tri const pump_off = tri_not(derive_bool(derive, CIRC_PUMP_ON));
    derive_set(derive, PUMP_OFF_BURNING, tri_and(pump_off, derive_bool(derive, FLAME_ON)),
               pump_off == TRI_UNKNOWN ? CIRC_PUMP_ON : FLAME_ON);
}

static struct number casing(const struct derive *derive, struct number load)
{
    struct number const rated = boiler_rated_t_h(derive);
    struct number const inputs = number_with(rated, load);
    double q5_pct = 0;
    return number_is_known(inputs)
               ? number_with(number_if(heat_loss_q5(rated.value, load.value / 100, &q5_pct), &q5_pct), inputs)
               : inputs;
}

static struct number efficiency(const struct derive *derive, const struct class_point *points)
{
    struct number const losses[] = {
        number_of(derive, points, Q2),
        derive_knows(derive, Q3) ? number_of(derive, points, Q3) : number_good(0),
        burner_loss_of_solids(derive, points, SETTING_Q4),
        number_of(derive, points, Q5),
        burner_loss_of_solids(derive, points, SETTING_Q6),
    };
    struct number result = number_good(100);
    for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
        result = number_with(result, losses[i]);
        result.value -= losses[i].value;
    }
    return result;
}

static void put_efficiency_mean(struct derive *derive, const struct class_point *points, struct number load)
{
    struct boiler_memory *memory = derive->memory;
    if (!derive_owes(derive, EFFICIENCY_1H))
        return;
    struct number const now = number_of(derive, points, EFFICIENCY);
    bool const counts = number_is_known(number_with(now, load)) && load.value > HALF_LOAD_PCT;
    double mean = 0;
    hour_mean_feed(&memory->efficiency, derive->mono_ms, counts, now.value);
    bool const has_mean = hour_mean_get(&memory->efficiency, &mean);
    number_put(derive, EFFICIENCY_1H, has_mean ? number_good(mean) : number_none(REASON_STARTING));
}

void boiler_derive(struct derive *derive, const struct class_point *points, struct number load)
{
    put_circulation(derive, points);
    number_put(derive, Q5, burner_while_burning(derive, casing(derive, load)));
    number_put(derive, EFFICIENCY, burner_while_burning(derive, efficiency(derive, points)));
    put_efficiency_mean(derive, points, load);
}
