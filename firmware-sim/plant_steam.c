/* A steam boiler: a drum of boiling water over a burner (boiler.h), a feed pump, consumers, a safety valve, a drain.
 *
 * Mass        dM/dt = feed - steam - blow-down - safety valve - drain                                     (liquid, kg)
 * Energy      (M cp + metal) dT/dt = fire - latent (steam + safety valve) - feed cp (T - T_feed) - losses   (kJ, K)
 * Pressure    that of saturation at T (saturation.h): pressure is stored energy, nothing else
 * Level       what M makes of the glass, and bubbles under the surface: 4 % of the glass at rated steam, less what
 *             cold feed water condenses (30 % of its flow), following within 8 s. So level swells when steam is drawn
 *             suddenly and shrinks when feeding starts or the fire goes out
 * Steam       load * rated, less when there is hardly pressure to drive it
 * Feed        one pump of 1.5 * rated between 45 and 55 %; `normal` and `refill` fill at 0.5 %/s so that nobody waits
 * Protection  limit switches at 15, low_level, 75 and 90 %; low water for 2 s, or pressure a quarter of the way from
 *             the working pressure to the safety valve's, locks the burner out until it is reset by hand
 *
 * A compact shell boiler, for each t/h: 1200 kg of water, 1200 kJ/K of metal, 5.4 kg for a percent of a glass of 300
 * mm. The set pressure is 7/8 of the working pressure; switching band +-1/16 of it. A drain of DN 50 passes 4 kg/s
 * for each t/h and lies a fifth of a glass below its lower end. All but the equations are engineering choices.
 *
 * Sources: equations of the natural-circulation drum as in Astrom and Bell, Drum-boiler dynamics (Automatica 36,
 * 2000), reduced to one energy store; latent heat 2257 kJ/kg at 100 Cel falling by 3 kJ/kg each K (1 % up to 200 Cel,
 * IAPWS). TSG 11-2020 asks for a low-water limiter with manual reset. */
#include <math.h>

#include "firmware-sim/boiler.h"
#include "firmware-sim/saturation.h"

#define CP             4.35   /* kJ/kg K, water at 170 Cel */
#define WATER_KG       1200.0 /* for each t/h, at 50 % */
#define METAL_KJ_K     1200.0
#define GLASS_KG_PCT   5.4
#define GLASS_MM       300.0
#define FEED_CEL       62.0
#define FEED_FACTOR    1.5 /* of the pump, to rated */
#define FILL_PCT_S     0.5
#define BLOW_DOWN      0.02 /* of the steam */
#define LOSS_PART      0.015
#define DRAIN_KG_S     4.0
#define DRAIN_AT_PCT   (-20.0)
#define DISPLAY_LOW    (-10.0) /* of the level transmitter */
#define DISPLAY_HIGH   110.0
#define LEVEL_SET      50.0
#define LEVEL_PUMP_ON  45.0
#define LEVEL_PUMP_OFF 55.0
#define LEVEL_LL       15.0
#define LEVEL_H        75.0
#define LEVEL_HH       90.0
#define LEVEL_BACK     2.0
#define LIMITER_S      2.0 /* waves do not trip it */
#define SWELL_PCT      4.0
#define SWELL_S        8.0
#define COLLAPSE       0.3
#define SET_PART       0.875
#define SPAN_PART      0.0625
#define RELIEF         1.5 /* of the safety valve, to rated steam */
#define RESEAT         0.93

#define ACTIONS "low_water | refill | high_water | over_pressure | storm | cold | " BOILER_ACTIONS

struct steam {
    struct boiler boiler;
    double water_kg;
    double temp;
    double pressure; /* MPa, gauge */
    double bubbles;  /* of those at rated steam */
    double level;    /* % of the glass */
    double steam_kg_s;
    double feed_kg_s;
    double low_s; /* the water has been too low for so long */
    bool pump;
    bool blows;
    bool low;
    bool very_low;
    bool high;
    bool very_high;
    bool over_pressure;
};

/* id, unit, value; in the words of `steam` */
#define WATER_SIGNALS(X)                                                                                               \
    X("steam_pressure", "MPa", plant_number(steam->pressure))                                                          \
    X("steam_temp", "Cel", plant_number(steam->temp))                                                                  \
    X("outlet_temp", "Cel", plant_number(steam->temp))                                                                 \
    X("outlet_pressure", "MPa", plant_number(steam->pressure))                                                         \
    X("steam_flow", "kg/h", plant_number(steam->steam_kg_s *BOILER_HOUR_S))                                            \
    X("feed_water_flow", "kg/h", plant_number(steam->feed_kg_s *BOILER_HOUR_S))                                        \
    X("feed_water_temp", "Cel", plant_number(FEED_CEL))                                                                \
    X("feed_water_temp_hot", "Cel", plant_number(FEED_CEL + 30))                                                       \
    X("feed_water_pressure", "MPa", plant_number(feed_pressure(steam)))                                                \
    X("feed_water_pressure_hot", "MPa", plant_number(feed_pressure(steam)))                                            \
    X("drum_level_pct", "%", plant_number(shown_level(steam)))                                                         \
    X("drum_level_mm", "mm", plant_number((shown_level(steam) - LEVEL_SET) * GLASS_MM / 100))                          \
    X("level_ll", NULL, plant_truth(steam->very_low))                                                                  \
    X("level_l", NULL, plant_truth(steam->low))                                                                        \
    X("level_h", NULL, plant_truth(steam->high))                                                                       \
    X("level_hh", NULL, plant_truth(steam->very_high))                                                                 \
    X("feed_pump_on", NULL, plant_truth(steam->pump))                                                                  \
    X("process_value", NULL, plant_number(steam->pressure * 10))                                                       \
    X("safety_valve_open", NULL, plant_truth(steam->blows))

static const struct plant_signal signals[] = {WATER_SIGNALS(BOILER_ROW) BOILER_SIGNALS(BOILER_ROW)};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)

static double latent(double temp)
{
    return 2257 - 3.0 * (temp - 100);
}

static double set_pressure(const struct steam *steam)
{
    return SET_PART * steam->boiler.plate.working_mpa;
}

static double rated_kg_s(const struct steam *steam)
{
    return steam->boiler.plate.rated_t_h * 1000 / BOILER_HOUR_S;
}

static double kg_pct(const struct steam *steam)
{
    return GLASS_KG_PCT * steam->boiler.plate.rated_t_h;
}

static double shown_level(const struct steam *steam)
{
    return fmin(fmax(steam->level, DISPLAY_LOW), DISPLAY_HIGH);
}

static double feed_pressure(const struct steam *steam)
{
    return steam->pump ? steam->pressure + 0.3 : 0.2;
}

static void configure(void *state, const struct settings *settings)
{
    struct steam *steam = state;
    boiler_configure(&steam->boiler, settings);
    steam->water_kg = WATER_KG * steam->boiler.plate.rated_t_h;
    steam->pressure = set_pressure(steam);
    steam->temp = saturation_temp(steam->pressure);
    steam->steam_kg_s = rated_kg_s(steam) / 2;
    steam->bubbles = 0.5;
    steam->level = LEVEL_SET;
}

static void open(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    static const struct settings none = {.count = 0};
    (void)points;
    (void)point_count;
    struct steam *steam = state;
    boiler_open(&steam->boiler, random);
    configure(steam, &none);
}

/* --- stepping --- */

static double still_level(const struct steam *steam) /* without bubbles */
{
    return LEVEL_SET + (steam->water_kg - WATER_KG * steam->boiler.plate.rated_t_h) / kg_pct(steam);
}

static void step_feed(struct steam *steam)
{
    struct boiler *boiler = &steam->boiler;
    const struct troubles *troubles = &boiler->troubles;
    bool able = boiler->power && !troubles->no_pump;
    if (steam->level < LEVEL_PUMP_ON)
        steam->pump = true;
    if (steam->level > LEVEL_PUMP_OFF && !troubles->flood)
        steam->pump = false;
    if (still_level(steam) >= LEVEL_SET)
        boiler->filling = false;
    steam->pump = able && (steam->pump || troubles->flood || boiler->filling);
    bool fast = troubles->flood || boiler->filling;
    double flow = fast ? FILL_PCT_S * kg_pct(steam) : FEED_FACTOR * rated_kg_s(steam);
    steam->feed_kg_s = steam->pump && still_level(steam) < 100 ? flow : 0;
}

static void step_safety_valve(struct steam *steam)
{
    double opens = steam->boiler.plate.blow_mpa;
    steam->blows = steam->pressure >= (steam->blows ? RESEAT * opens : opens);
}

static void step_balance(struct steam *steam, double dt_s)
{
    const struct boiler *boiler = &steam->boiler;
    double rated = rated_kg_s(steam);
    double drive = fmin(1, steam->pressure / (0.5 * set_pressure(steam)));
    double relief = steam->blows ? RELIEF * rated : 0;
    bool drains = boiler->troubles.drain && still_level(steam) > DRAIN_AT_PCT;
    double drain = drains ? DRAIN_KG_S * boiler->plate.rated_t_h : 0;
    double away = steam->steam_kg_s + relief;
    double heat_store = steam->water_kg * CP + METAL_KJ_K * boiler->plate.rated_t_h;
    double loss = LOSS_PART * boiler_rated_kw(boiler) * (steam->temp - BOILER_AMBIENT_CEL) / 150;
    double cold = steam->feed_kg_s * CP * (steam->temp - FEED_CEL);
    steam->temp += (boiler_heat_kw(boiler) - latent(steam->temp) * away - cold - loss) / heat_store * dt_s;
    steam->pressure = saturation_pressure(steam->temp);
    steam->water_kg += (steam->feed_kg_s - away - BLOW_DOWN * steam->steam_kg_s - drain) * dt_s;
    steam->steam_kg_s = rated * boiler->load * drive;
    double bubbles = away / rated - COLLAPSE * steam->feed_kg_s / rated;
    steam->bubbles = plant_approach(steam->bubbles, fmax(bubbles, -0.5), dt_s, SWELL_S);
    steam->level = still_level(steam) + SWELL_PCT * (steam->bubbles - 0.5);
}

static bool is_below(bool before, double level, double at)
{
    return level <= (before ? at + LEVEL_BACK : at);
}

static void step_limits(struct steam *steam, double dt_s)
{
    const struct nameplate *plate = &steam->boiler.plate;
    steam->very_low = is_below(steam->very_low, steam->level, LEVEL_LL);
    steam->low = is_below(steam->low, steam->level, plate->low_level_pct);
    steam->high = is_below(steam->high, -steam->level, -LEVEL_H);
    steam->very_high = is_below(steam->very_high, -steam->level, -LEVEL_HH);
    steam->low_s = steam->very_low ? steam->low_s + dt_s : 0;
    double limit = plate->working_mpa + 0.25 * (plate->blow_mpa - plate->working_mpa);
    steam->over_pressure = steam->pressure >= (steam->over_pressure ? plate->working_mpa : limit);
}

static enum burner_cause chain(const struct steam *steam)
{
    if (steam->low_s >= LIMITER_S)
        return CAUSE_LOW_WATER;
    return steam->over_pressure && !steam->boiler.troubles.limiter_stuck ? CAUSE_PRESSURE : CAUSE_NONE;
}

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    struct steam *steam = state;
    struct boiler_control control = {.actual = steam->pressure,
                                     .set = set_pressure(steam),
                                     .span = SPAN_PART * steam->boiler.plate.working_mpa,
                                     .chain = chain(steam)};
    boiler_step(&steam->boiler, &control, dt_s, around, random);
    step_feed(steam);
    step_safety_valve(steam);
    step_balance(steam, dt_s);
    step_limits(steam, dt_s);
}

static void show(const void *state, struct value *ret_values)
{
    const struct steam *steam = state;
    const struct boiler *boiler = &steam->boiler;
    const struct value values[] = {WATER_SIGNALS(BOILER_VALUE) BOILER_SIGNALS(BOILER_VALUE)};
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        ret_values[i] = values[i];
}

/* --- what people do --- */

static void make_cold(struct steam *steam)
{
    boiler_cool(&steam->boiler);
    steam->temp = BOILER_AMBIENT_CEL;
    steam->pressure = 0;
    steam->steam_kg_s = 0;
}

static bool act(void *state, char *const *words, size_t count, struct text *why)
{
    struct steam *steam = state;
    struct troubles *troubles = &steam->boiler.troubles;
    const char *word = count == 1 ? words[0] : "";
    enum boiler_answer answer = boiler_act(&steam->boiler, words, count, why);
    if (answer != BOILER_KNOWS_NOT)
        return answer == BOILER_DOES;
    if (text_equals(word, "low_water")) {
        troubles->no_pump = troubles->drain = true;
    } else if (text_equals(word, "refill")) {
        troubles->no_pump = troubles->drain = false;
        steam->boiler.filling = true;
    } else if (text_equals(word, "high_water")) {
        troubles->flood = true;
    } else if (text_equals(word, "over_pressure")) {
        troubles->control_stuck = troubles->limiter_stuck = troubles->no_load = true;
    } else if (text_equals(word, "storm")) {
        steam->boiler.burner.snuff = true;
        troubles->water_fails_in_s = 10;
    } else if (text_equals(word, "cold")) {
        make_cold(steam);
    } else {
        return text_refuse(why, "a steam boiler can: " ACTIONS);
    }
    return true;
}

static void describe(const void *state, struct text *out)
{
    const struct steam *steam = state;
    boiler_describe(&steam->boiler, out);
    text_add(out, ", %.2f MPa, level %.0f %%%s", steam->pressure, steam->level,
             steam->blows ? ", SAFETY VALVE OPEN" : "");
}

const struct plant_kind plant_steam = {
    .actions = ACTIONS,
    .signals = signals,
    .signal_count = SIGNAL_COUNT,
    .state_size = sizeof(struct steam),
    .needs_mains = true,
    .uses_gas = true,
    .open = open,
    .configure = configure,
    .step = step,
    .show = show,
    .act = act,
    .describe = describe,
};
