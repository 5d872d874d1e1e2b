/* A gas detector, as its points show it; the air and the sensor are in gas_head.c.
 *
 * Gas comes only while the supply is open: the zone's shut-off valve ends a leak, and reopening it without mending the leak
 * starts it again. The gas of the site file's settings decides what 100 %LEL is, and sp_alarm1, sp_alarm2 its own set-points.
 * Set-points without settings: 20 and 50 %LEL, as detectors ship for industry (GB/T 50493-2019: first stage <= 25, second
 * <= 50 %LEL). Fault codes as the common heads number them: up to 99 a warning, above a fault. */
#include <math.h>

#include "firmware-sim/gas_head.h"
#include "firmware-sim/plant.h"

#define LEAK_MAX_LEL   200.0
#define LEAK_MAX_KG_H  500.0
#define LEAK_MAX_L_MIN 10000.0
#define OVER_RANGE_LEL 1800.0 /* in the near field: nearly pure gas */
#define SETPOINT_LOW   20.0
#define SETPOINT_HIGH  50.0
#define WARNING_MAX    99
#define SENSOR_BROKEN  1101

#define ACTIONS                                                                                                        \
    "leak PERCENT_LEL | leak N kg/h | leak N l/min | leak stop | stop | over_range | poison [PERCENT] | drift LEL | "  \
    "drift_setpoint A1 A2 | warmup | inhibit | calibrate LEL | fault CODE | break | freeze | latch | disable | "       \
    "comm_fault | reset | normal"

struct gas {
    struct gas_head head;
    const struct point *mode_point; /* to know which modes it can show; NULL: all */
    double site_low;                /* set-points as the site has them */
    double site_high;
    double own_low; /* as the detector has them; drift_setpoint moves them */
    double own_high;
    bool disabled;   /* at the panel */
    bool comm_fault; /* the panel lost it */
};

static bool has_fault(const struct gas *gas)
{
    return gas->head.fault > WARNING_MAX || gas->head.broken;
}

static int fault_code(const struct gas *gas)
{
    return gas->head.fault != 0 ? gas->head.fault : gas->head.broken ? SENSOR_BROKEN : 0;
}

static struct value mode_of(const struct gas *gas)
{
    static const struct value modes[] = {
        [GAS_NORMAL] = {1, "normal"},           [GAS_WARMUP] = {2, "warmup"}, [GAS_INHIBIT] = {3, "inhibit"},
        [GAS_CALIBRATION] = {4, "calibration"}, [GAS_FAULT] = {5, "fault"},
    };
    const struct value *mode = &modes[gas->head.mode == GAS_NORMAL && has_fault(gas) ? GAS_FAULT : gas->head.mode];
    return plant_knows(gas->mode_point, mode->text) ? *mode : modes[GAS_NORMAL];
}

static struct value status_of(const struct gas *gas)
{
    const struct gas_head *head = &gas->head;
    if (gas->comm_fault)
        return plant_code(15, "comm_fault");
    if (has_fault(gas))
        return plant_code(3, "sensor_fault");
    if (head->mode == GAS_WARMUP)
        return plant_code(0, "warmup");
    if (head->reading > 100)
        return plant_code(8, "over_range");
    if (head->high)
        return plant_code(6, "high_alarm");
    return head->low ? plant_code(5, "low_alarm") : plant_code(1, "normal");
}

static double vol_pct(const struct gas *gas)
{
    return gas->head.reading * gas->head.gas->lel_vol_pct / 100;
}

static bool low(const struct gas *gas)
{
    return gas->head.low || gas->head.low_latched;
}

static bool high(const struct gas *gas)
{
    return gas->head.high || gas->head.high_latched;
}

static double two_bits(bool first, bool second)
{
    return (first ? 1 : 0) + (second ? 2 : 0);
}

/* Bits 0 to 4 warnings, from bit 6 on faults 1101, 1102 …, as one common head has them. */
static double fault_bits(const struct gas *gas)
{
    int code = fault_code(gas);
    int bit = code <= 0 ? -1 : code <= 5 ? code - 1 : code > 1100 && code < 1125 ? code - 1100 + 5 : -1;
    return bit < 0 ? 0 : ldexp(1, bit);
}

/* id, unit, value; in the words of `gas` and `head` */
#define SIGNALS(X_)                                                                                                    \
    X_("gas_lel_pct", NULL, plant_number(head->reading))                                                               \
    X_("sp_alarm1_dev", NULL, plant_number(head->setpoint_low))                                                        \
    X_("sp_alarm2_dev", NULL, plant_number(head->setpoint_high))                                                       \
    X_("gas_vol_pct", NULL, plant_number(vol_pct(gas)))                                                                \
    X_("gas_ppm", NULL, plant_number(vol_pct(gas) * 1e4))                                                              \
    X_("gas_mgm3", NULL, plant_number(vol_pct(gas) * 1e4 * head->gas->density))                                        \
    X_("co_ppm", NULL, plant_number(0))                                                                                \
    X_("h2s_ppm", NULL, plant_number(0))                                                                               \
    X_("o2_vol_pct", NULL, plant_number(20.9 * (1 - fmax(0, vol_pct(gas)) / 100)))                                     \
    X_("alarm1_dev", NULL, plant_truth(low(gas)))                                                                      \
    X_("alarm2_dev", NULL, plant_truth(high(gas)))                                                                     \
    X_("alarm3_dev", NULL, plant_truth(false))                                                                         \
    X_("alarm1_latched_dev", NULL, plant_truth(head->low_latched))                                                     \
    X_("alarm2_latched_dev", NULL, plant_truth(head->high_latched))                                                    \
    X_("alarm1_latching", NULL, plant_truth(head->latching))                                                           \
    X_("alarm2_latching", NULL, plant_truth(head->latching))                                                           \
    X_("alarm1_type", NULL, plant_code(1, "rising"))                                                                   \
    X_("alarm2_type", NULL, plant_code(1, "rising"))                                                                   \
    X_("fault_code", NULL, plant_number(fault_code(gas)))                                                              \
    X_("fault_dev", NULL, plant_truth(has_fault(gas)))                                                                 \
    X_("fault_dev2", NULL, plant_truth(false))                                                                         \
    X_("sensor_fault_dev", NULL, plant_truth(has_fault(gas)))                                                          \
    X_("comm_fault_dev", NULL, plant_truth(gas->comm_fault))                                                           \
    X_("disabled_dev", NULL, plant_truth(gas->disabled))                                                               \
    X_("warning_dev", NULL, plant_truth(head->fault > 0 && head->fault <= WARNING_MAX))                                \
    X_("detector_mode", NULL, mode_of(gas))                                                                            \
    X_("detector_status", NULL, status_of(gas))                                                                        \
    X_("warmup_dev", NULL, plant_truth(head->mode == GAS_WARMUP))                                                      \
    X_("inhibit_dev", NULL, plant_truth(head->mode == GAS_INHIBIT))                                                    \
    X_("calibrating_dev", NULL, plant_truth(head->mode == GAS_CALIBRATION))                                            \
    X_("over_range", NULL, plant_truth(head->reading > 100))                                                           \
    X_("under_range", NULL, plant_truth(head->reading < -5))                                                           \
    X_("heartbeat", NULL, plant_number(fmod(floor(head->beats), 65536)))                                               \
    X_("gas_peak", NULL, plant_number(head->peak))                                                                     \
    X_("gas_name", NULL, plant_code(head->gas->code, head->gas->formula))                                              \
    X_("gas_code", NULL, plant_number(head->gas->code))                                                                \
    X_("lel_vol_pct", NULL, plant_number(head->gas->lel_vol_pct))                                                      \
    X_("sensor_type", NULL, plant_code(1, "catalytic"))                                                                \
    X_("sensor_voltage", "V", plant_number(head->broken ? 0 : 1.2 + 0.008 * head->reading))                            \
    X_("alarm_bits", NULL, plant_number(two_bits(low(gas), high(gas))))                                                \
    X_("alarm_latched_bits", NULL, plant_number(two_bits(head->low_latched, head->high_latched)))                      \
    X_("fault_bits", NULL, plant_number(fault_bits(gas)))                                                              \
    X_("relay_bits", NULL, plant_number(two_bits(low(gas), high(gas)) + (has_fault(gas) ? 4 : 0)))                     \
    X_("range_full_scale", NULL, plant_number(100))                                                                    \
    X_("detector_temp", "Cel", plant_number(head->temperature))                                                        \
    X_("ambient_temp", "Cel", plant_number(head->temperature - 1))                                                     \
    X_("humidity", NULL, plant_number(45))                                                                             \
    X_("supply_voltage", "V", plant_number(24.1))                                                                      \
    X_("cal_due_days", "d", plant_number(180 - head->age_s / 86400))                                                   \
    X_("cal_interval_days", "d", plant_number(365))                                                                    \
    X_("valve_state", NULL, head->supply_open ? plant_code(0, "open") : plant_code(1, "closed"))                       \
    X_("fan_running", NULL, plant_truth(head->fan_runs))                                                               \
    X_("install_date", NULL, plant_code(0, "2025-03-01"))                                                              \
    X_("detector_expiry", NULL, plant_code(0, "2030-03-01"))

#define ROW(id_, unit_, value_)   {(id_), (unit_)},
#define VALUE(id_, unit_, value_) (value_),

static const struct plant_signal signals[] = {SIGNALS(ROW)};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)

enum held {
    HELD_READING,
    HELD_LOW,
    HELD_HIGH
}; /* the first three signals: what a person sets, the detector lives with */

static void open(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    struct gas *gas = state;
    gas_head_open(&gas->head, random);
    gas->site_low = gas->own_low = SETPOINT_LOW;
    gas->site_high = gas->own_high = SETPOINT_HIGH;
    for (size_t i = 0; i < point_count && i < SIGNAL_COUNT; i++) {
        if (text_equals(signals[i].id, "detector_mode"))
            gas->mode_point = points[i];
    }
}

static void configure(void *state, const struct settings *settings)
{
    struct gas *gas = state;
    gas->head.gas = gas_kind_find(setting_text(settings, "gas", "methane"));
    gas->site_low = gas->own_low = setting_number(settings, "sp_alarm1", SETPOINT_LOW);
    gas->site_high = gas->own_high = setting_number(settings, "sp_alarm2", SETPOINT_HIGH);
}

static double held_or(double held, double otherwise)
{
    return isnan(held) ? otherwise : held;
}

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    struct gas *gas = state;
    gas->head.supply_open = around->supply_open;
    gas->head.setpoint_low = held_or(around->held[HELD_LOW], gas->own_low);
    gas->head.setpoint_high = held_or(around->held[HELD_HIGH], gas->own_high);
    gas_head_step(&gas->head, dt_s, around->room, around->held[HELD_READING], random);
}

static void show(const void *state, struct value *ret_values)
{
    const struct gas *gas = state;
    const struct gas_head *head = &gas->head;
    const struct value values[] = {SIGNALS(VALUE)};
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        ret_values[i] = values[i];
}

/* --- orders --- */

static bool number_of(const char *word, double low_end, double high_end, double *ret_number, struct text *why)
{
    if (text_to_number(word, ret_number) && *ret_number >= low_end && *ret_number <= high_end)
        return true;
    return text_refuse(why, "it takes a number from %g to %g, not \"%.40s\"", low_end, high_end, word);
}

static bool leak(struct gas *gas, char *const *words, size_t count, struct text *why)
{
    struct gas_head *head = &gas->head;
    double number;
    if (count == 2 && (text_equals(words[1], "stop") || text_equals(words[1], "off"))) {
        head->source = 0;
        return true;
    }
    const char *unit = count == 3 ? words[2] : "%LEL";
    bool mass = text_equals(unit, "kg/h");
    bool volume = text_equals(unit, "l/min") || text_equals(unit, "L/min");
    if (count < 2 || count > 3 || (!mass && !volume && !text_equals(unit, "%LEL")))
        return text_refuse(why, "a leak is so many %%LEL, or a number and kg/h or l/min, or stop");
    if (!number_of(words[1], 0, mass ? LEAK_MAX_KG_H : volume ? LEAK_MAX_L_MIN : LEAK_MAX_LEL, &number, why))
        return false;
    double m3_s = mass ? number / 3600 / head->gas->density : number / 60000;
    head->source = mass || volume ? gas_source_of_m3_s(head, m3_s) : gas_source_for(number);
    return true;
}

static void enter(struct gas *gas, enum gas_mode mode)
{
    gas->head.mode = mode;
    gas->head.in_mode_s = 0;
}

static void mend(struct gas *gas)
{
    struct gas_head *head = &gas->head;
    enter(gas, GAS_NORMAL);
    head->source = 0;
    head->sensitivity_goal = head->sensitivity = 1;
    head->zero_goal = head->zero = fmin(fmax(head->zero, -0.3), 0.3);
    head->broken = head->frozen = head->latching = false;
    head->fault = 0;
    gas->own_low = gas->site_low;
    gas->own_high = gas->site_high;
    gas->disabled = gas->comm_fault = false;
}

/* Without a number the head hangs: reading and heartbeat stand. */
static bool poison(struct gas *gas, const char *word, struct text *why)
{
    double percent;
    if (word == NULL) {
        gas->head.frozen = true;
        return true;
    }
    if (!number_of(word, 0, 100, &percent, why))
        return false;
    gas->head.sensitivity_goal = percent / 100;
    return true;
}

static bool calibrate(struct gas *gas, const char *word, struct text *why)
{
    if (!number_of(word, 0, GAS_READING_MAX, &gas->head.span, why))
        return false;
    enter(gas, GAS_CALIBRATION);
    return true;
}

static bool set_fault(struct gas *gas, const char *word, struct text *why)
{
    long long code;
    if (!text_to_integer(word, 0, 65535, &code))
        return text_refuse(why, "a fault is a code from 0 to 65535 (0 none, up to 99 a warning), not \"%.40s\"", word);
    gas->head.fault = (int)code;
    return true;
}

static bool act_with_words(struct gas *gas, char *const *words, size_t count, struct text *why)
{
    if (text_equals(words[0], "leak"))
        return leak(gas, words, count, why);
    if (text_equals(words[0], "poison") && count == 2)
        return poison(gas, words[1], why);
    if (text_equals(words[0], "drift") && count == 2)
        return number_of(words[1], -20, 50, &gas->head.zero_goal, why);
    if (text_equals(words[0], "drift_setpoint") && count == 3)
        return number_of(words[1], 0, 100, &gas->own_low, why) && number_of(words[2], 0, 100, &gas->own_high, why);
    if (text_equals(words[0], "calibrate") && count == 2)
        return calibrate(gas, words[1], why);
    if (text_equals(words[0], "fault") && count == 2)
        return set_fault(gas, words[1], why);
    return text_refuse(why, "a gas detector can: " ACTIONS);
}

static bool flag(struct gas *gas, const char *word)
{
    bool *const flags[] = {&gas->head.broken, &gas->head.frozen, &gas->head.latching, &gas->disabled, &gas->comm_fault};
    static const char *const words[] = {"break", "freeze", "latch", "disable", "comm_fault"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (text_equals(words[i], word)) {
            *flags[i] = true;
            return true;
        }
    }
    return false;
}

static bool act(void *state, char *const *words, size_t count, struct text *why)
{
    struct gas *gas = state;
    const char *word = count == 1 ? words[0] : "";
    if (text_equals(word, "stop"))
        gas->head.source = 0;
    else if (text_equals(word, "over_range"))
        gas->head.source = gas_source_for(OVER_RANGE_LEL);
    else if (text_equals(word, "poison"))
        return poison(gas, NULL, why);
    else if (text_equals(word, "warmup"))
        enter(gas, GAS_WARMUP);
    else if (text_equals(word, "inhibit"))
        enter(gas, GAS_INHIBIT);
    else if (text_equals(word, "reset"))
        gas_head_reset(&gas->head);
    else if (text_equals(word, "normal"))
        mend(gas);
    else if (!flag(gas, word))
        return count > 0 ? act_with_words(gas, words, count, why) : text_refuse(why, "a gas detector can: " ACTIONS);
    return true;
}

static void describe(const void *state, struct text *out)
{
    const struct gas *gas = state;
    const struct gas_head *head = &gas->head;
    text_add(out, "%s, near field %.1f %%LEL, reading %.1f, %s", head->gas->formula, head->near, head->reading,
             mode_of(gas).text);
    if (head->source > 0)
        text_add(out, ", LEAK of %.3g m3/h%s", 36 * head->source * head->gas->lel_vol_pct / 100,
                 head->supply_open ? "" : " (shut off)");
    if (fault_code(gas) != 0)
        text_add(out, ", FAULT %d", fault_code(gas));
}

static void tell(const void *state, struct channels *channels)
{
    const struct gas *gas = state;
    channels->count++;
    channels->low += low(gas) ? 1U : 0U;
    channels->high += high(gas) ? 1U : 0U;
    channels->fault += has_fault(gas) || gas->comm_fault ? 1U : 0U;
    channels->disabled += gas->disabled ? 1U : 0U;
    if (low(gas) && channels->first == 0)
        channels->first = channels->count;
}

const struct plant_kind plant_gas = {
    .actions = ACTIONS,
    .signals = signals,
    .signal_count = SIGNAL_COUNT,
    .state_size = sizeof(struct gas),
    .open = open,
    .configure = configure,
    .step = step,
    .show = show,
    .act = act,
    .describe = describe,
    .tell = tell,
};
