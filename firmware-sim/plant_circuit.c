/* A boiler whose fluid is pumped round and does not boil: hot water, and thermal oil, over a burner (boiler.h).
 *
 * Boiler    C_b dT_out/dt = fire - flow rho cp (T_out - T_in) - relief - losses
 * Network   C_n dT_in/dt  = flow rho cp (T_out - T_in) - load                     (T_in is what comes back)
 * Load      load * rated * (T_in - ambient) / (T_in at its usual place - ambient): a cooler network gives less
 * Flow      the pump's within 3 s; it runs down within 4 s
 * Pressure  the expansion vessel's, 0.65 of the working pressure, and 0.5 kPa for each K; a leak empties it within
 *           25 s. Water that is hotter than its boiling point makes steam, and the pressure is that of saturation
 * Tank      oil: expansion tank at 60 %; a leak empties it by 0.5 %/s
 * Limiters  temperature limiter 2 K below what is allowed; flow switch at half the rated flow with a relay of 8 s
 *           against flutter; water: pressure limiter when the outlet is 5 K from boiling; oil: tank below 10 %. Each
 *           locks the burner out. The low-tank switch is at 20 %
 *
 * For each t/h (0.7 MW) 1500 kg in the boiler and 4000 kg in the network; rated flow is what carries rated heat at 25
 * K. The outlet is held 8.5 K below what is allowed. Sources: cp and density of water at 90 Cel, of mineral
 * heat-transfer oil at 250 Cel (maker's tables); saturation by Antoine as for steam; TSG 11-2020: fuel is cut when a
 * hot-water boiler loses pressure, exceeds its temperature or loses its circulation pump. The rest are engineering
 * choices. */
#include <math.h>

#include "firmware-sim/boiler.h"
#include "firmware-sim/saturation.h"

#define BOILER_KG      1500.0
#define NETWORK_KG     4000.0
#define SPREAD_K       25.0
#define SET_BELOW_K    8.5
#define SPAN_K         2.0
#define LIMIT_BELOW_K  2.0
#define LIMIT_BACK_K   5.0
#define LOSS_PART      0.015
#define FLOW_UP_S      3.0
#define FLOW_DOWN_S    4.0
#define FLOW_SWITCH_S  8.0
#define PRESSURE_PART  0.65
#define PRESSURE_K_MPA 0.0005
#define LEAK_S         25.0
#define REFILL_S       15.0
#define FLASH_K        5.0
#define PUMP_HEAD_MPA  0.07
#define RELIEF         1.5 /* of rated heat */
#define RESEAT         0.93
#define CRACKS_K       60.0 /* oil: vapour leaves through the tank above what is allowed */
#define TANK_PCT       60.0
#define TANK_PCT_S     0.5
#define TANK_LOW       20.0
#define TANK_VERY_LOW  10.0

struct fluid {
    const char *name;
    double cp;      /* kJ/kg K */
    double density; /* kg/m3 */
    double outlet_max_cel;
    bool boils;
};

static const struct fluid water = {
    .name = "hot-water boiler", .cp = 4.2, .density = 965, .outlet_max_cel = 100, .boils = true};
static const struct fluid oil = {.name = "thermal-oil heater", .cp = 2.5, .density = 720, .outlet_max_cel = 280};

struct circuit {
    struct boiler boiler;
    const struct fluid *fluid;
    double outlet;
    double inlet;
    double flow; /* m3/h */
    double vessel_mpa;
    double pressure; /* MPa, gauge */
    double tank;     /* % */
    double no_flow_s;
    bool too_hot;
    bool blows;
};

/* id, unit, value; in the words of `circuit` */
#define CIRCUIT_SIGNALS(X)                                                                                             \
    X("outlet_temp", "Cel", plant_number(circuit->outlet))                                                             \
    X("inlet_temp", "Cel", plant_number(circuit->inlet))                                                               \
    X("outlet_pressure", "MPa", plant_number(circuit->pressure))                                                       \
    X("inlet_pressure", "MPa", plant_number(circuit->pressure + PUMP_HEAD_MPA * circuit->flow / rated_flow(circuit)))  \
    X("heat_output", "MW", plant_number(carries(circuit, circuit->flow) * (circuit->outlet - circuit->inlet) / 1000))  \
    X("circ_flow", "m3/h", plant_number(circuit->flow))                                                                \
    X("circ_pump_on", NULL, plant_truth(pump_runs(circuit)))                                                           \
    X("tank_level_pct", "%", plant_number(circuit->tank))                                                              \
    X("tank_level_l", NULL, plant_truth(circuit->tank < TANK_LOW))                                                     \
    X("process_value", NULL, plant_number(circuit->outlet))                                                            \
    X("safety_valve_open", NULL, plant_truth(circuit->blows))

static const struct plant_signal signals[] = {CIRCUIT_SIGNALS(BOILER_ROW) BOILER_SIGNALS(BOILER_ROW)};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)

static double outlet_max(const struct circuit *circuit)
{
    double given = circuit->boiler.plate.outlet_max_cel;
    return given > 0 ? given : circuit->fluid->outlet_max_cel;
}

static double set_temp(const struct circuit *circuit)
{
    return outlet_max(circuit) - SET_BELOW_K;
}

/* kW/K of a flow in m3/h */
static double carries(const struct circuit *circuit, double flow)
{
    return flow / BOILER_HOUR_S * circuit->fluid->density * circuit->fluid->cp;
}

static double rated_flow(const struct circuit *circuit)
{
    double given = circuit->boiler.plate.circ_m3_h;
    return given > 0 ? given : boiler_rated_kw(&circuit->boiler) / SPREAD_K / carries(circuit, 1);
}

static bool pump_runs(const struct circuit *circuit)
{
    return circuit->boiler.power && !circuit->boiler.troubles.no_pump;
}

static double usual_spread(const struct circuit *circuit)
{
    return 0.5 * boiler_rated_kw(&circuit->boiler) / carries(circuit, rated_flow(circuit));
}

static void configure(void *state, const struct settings *settings)
{
    struct circuit *circuit = state;
    boiler_configure(&circuit->boiler, settings);
    circuit->outlet = set_temp(circuit);
    circuit->inlet = circuit->outlet - usual_spread(circuit);
    circuit->flow = rated_flow(circuit);
    circuit->vessel_mpa = PRESSURE_PART * circuit->boiler.plate.working_mpa;
    circuit->pressure = circuit->vessel_mpa;
    circuit->tank = TANK_PCT;
}

static void open_with(struct circuit *circuit, const struct fluid *fluid, struct random *random)
{
    static const struct settings none = {.count = 0};
    boiler_open(&circuit->boiler, random);
    circuit->fluid = fluid;
    configure(circuit, &none);
}

static void open_water(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    (void)points;
    (void)point_count;
    open_with(state, &water, random);
}

static void open_oil(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    (void)points;
    (void)point_count;
    open_with(state, &oil, random);
}

/* --- stepping --- */

static void step_heat(struct circuit *circuit, double dt_s)
{
    const struct boiler *boiler = &circuit->boiler;
    const struct fluid *fluid = circuit->fluid;
    double rated = boiler_rated_kw(boiler);
    double size = boiler->plate.rated_t_h * fluid->cp;
    double usual = set_temp(circuit) - usual_spread(circuit) - BOILER_AMBIENT_CEL;
    double load = boiler->load * rated * fmax(0, circuit->inlet - BOILER_AMBIENT_CEL) / usual;
    double loss = LOSS_PART * rated * (circuit->outlet - BOILER_AMBIENT_CEL) / usual;
    bool cracks = !fluid->boils && circuit->outlet > outlet_max(circuit) + CRACKS_K;
    double relief = circuit->blows || cracks ? RELIEF * rated : 0;
    /* What flows past within a step cannot give more than there is between the two. */
    double mixes = 1 - exp(-carries(circuit, circuit->flow) * dt_s / (BOILER_KG * size));
    double moved = mixes * BOILER_KG * size * (circuit->outlet - circuit->inlet);
    circuit->outlet += ((boiler_heat_kw(boiler) - loss - relief) * dt_s - moved) / (BOILER_KG * size);
    circuit->inlet += (moved - load * dt_s) / (NETWORK_KG * size);
}

static void step_pressure(struct circuit *circuit, double dt_s)
{
    const struct boiler *boiler = &circuit->boiler;
    double full = PRESSURE_PART * boiler->plate.working_mpa;
    bool leaks = boiler->troubles.drain;
    circuit->vessel_mpa = plant_approach(circuit->vessel_mpa, leaks ? 0 : full, dt_s, leaks ? LEAK_S : REFILL_S);
    double part = circuit->vessel_mpa / full;
    circuit->pressure = circuit->vessel_mpa + part * PRESSURE_K_MPA * (circuit->outlet - set_temp(circuit));
    circuit->pressure = fmax(0, circuit->pressure);
    if (circuit->fluid->boils)
        circuit->pressure = fmax(circuit->pressure, saturation_pressure(circuit->outlet));
    double opens = boiler->plate.blow_mpa;
    circuit->blows = circuit->pressure >= (circuit->blows ? RESEAT * opens : opens);
    double fills = leaks ? -TANK_PCT_S : boiler->filling ? 4 * TANK_PCT_S : 0;
    circuit->tank = fmin(fmax(circuit->tank + fills * dt_s, 0), TANK_PCT);
}

static void step_flow(struct circuit *circuit, double dt_s)
{
    bool runs = pump_runs(circuit);
    circuit->flow = plant_approach(circuit->flow, runs ? rated_flow(circuit) : 0, dt_s, runs ? FLOW_UP_S : FLOW_DOWN_S);
    circuit->no_flow_s = circuit->flow < rated_flow(circuit) / 2 ? circuit->no_flow_s + dt_s : 0;
}

static enum burner_cause chain(struct circuit *circuit)
{
    bool stuck = circuit->boiler.troubles.limiter_stuck;
    double limit = outlet_max(circuit) - LIMIT_BELOW_K - (circuit->too_hot ? LIMIT_BACK_K : 0);
    bool boils = circuit->fluid->boils && saturation_temp(circuit->pressure) - circuit->outlet < FLASH_K;
    circuit->too_hot = circuit->outlet >= limit;
    if (circuit->too_hot && !stuck)
        return CAUSE_HIGH_TEMP;
    if (circuit->no_flow_s >= FLOW_SWITCH_S)
        return CAUSE_NO_FLOW;
    if (!circuit->fluid->boils && circuit->tank < TANK_VERY_LOW)
        return CAUSE_LOW_WATER;
    return boils && !stuck ? CAUSE_PRESSURE : CAUSE_NONE;
}

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    struct circuit *circuit = state;
    struct boiler_control control = {
        .actual = circuit->outlet, .set = set_temp(circuit), .span = SPAN_K, .chain = chain(circuit)};
    boiler_step(&circuit->boiler, &control, dt_s, around, random);
    step_flow(circuit, dt_s);
    step_heat(circuit, dt_s);
    step_pressure(circuit, dt_s);
}

static void show(const void *state, struct value *ret_values)
{
    const struct circuit *circuit = state;
    const struct boiler *boiler = &circuit->boiler;
    const struct value values[] = {CIRCUIT_SIGNALS(BOILER_VALUE) BOILER_SIGNALS(BOILER_VALUE)};
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        ret_values[i] = values[i];
}

/* --- what people do --- */

#define ACTIONS "flash | leak | refill | over_temp | storm | cold | " BOILER_ACTIONS

static void make_cold(struct circuit *circuit)
{
    boiler_cool(&circuit->boiler);
    circuit->outlet = BOILER_AMBIENT_CEL;
    circuit->inlet = BOILER_AMBIENT_CEL;
}

static bool act(void *state, char *const *words, size_t count, struct text *why)
{
    struct circuit *circuit = state;
    struct troubles *troubles = &circuit->boiler.troubles;
    const char *word = count == 1 ? words[0] : "";
    enum boiler_answer answer = boiler_act(&circuit->boiler, words, count, why);
    if (answer != BOILER_KNOWS_NOT)
        return answer == BOILER_DOES;
    if (text_equals(word, "flash") || text_equals(word, "leak")) {
        troubles->drain = true;
    } else if (text_equals(word, "refill")) {
        troubles->drain = false;
        circuit->boiler.filling = true;
    } else if (text_equals(word, "over_temp")) {
        troubles->control_stuck = troubles->limiter_stuck = troubles->no_load = true;
    } else if (text_equals(word, "storm")) {
        circuit->boiler.burner.snuff = true;
        troubles->water_fails_in_s = 10;
    } else if (text_equals(word, "cold")) {
        make_cold(circuit);
    } else {
        return text_refuse(why, "a %s can: " ACTIONS, circuit->fluid->name);
    }
    return true;
}

static void describe(const void *state, struct text *out)
{
    const struct circuit *circuit = state;
    boiler_describe(&circuit->boiler, out);
    text_add(out, ", out %.1f Cel, in %.1f Cel, %.2f MPa, %.0f m3/h%s", circuit->outlet, circuit->inlet,
             circuit->pressure, circuit->flow, circuit->blows ? ", SAFETY VALVE OPEN" : "");
}

#define CIRCUIT_KIND                                                                                                   \
    .actions = ACTIONS, .signals = signals, .signal_count = SIGNAL_COUNT, .state_size = sizeof(struct circuit),        \
    .needs_mains = true, .uses_gas = true, .configure = configure, .step = step, .show = show, .act = act,             \
    .describe = describe

const struct plant_kind plant_hot_water = {CIRCUIT_KIND, .open = open_water};
const struct plant_kind plant_thermal_oil = {CIRCUIT_KIND, .open = open_oil};
