/* An LPG cylinder with a smart valve on its scale, feeding the stoves of a restaurant or a household.
 *
 * Gas       dm/dt = -(cooked + leak + burst), not below 0; kg. Cooking and a burst hose draw through the cylinder's
 *           own valve, cooking also through the building's; a leak is at the valve and goes on behind it
 * Cooking   bouts of 5 to 25 min, and pauses as long, within the hours of a day that begins at about 11: a restaurant
 *           10-14 and 16:30-21:30 with 0.8 kg/h, a household 6:30-7:30, 11-12:30, 17:30-19:30 with 0.3 kg/h
 * Scale     gross = tare + gas + zero drift + what else weighs on it + noise (2 g); swings with 0.4 kg for a few
 *           seconds after anybody handled it and says so; above MAX_KG it is overloaded, above OVERFLOW_KG it has no reading
 * Body      1.5 K below the air for each kg/h that evaporates, within 2 min; the sun or a heater warms it
 * Pressure  2.8 kPa behind the regulator until 0.3 kg are left; a burst hose takes 2/3 of it
 * Battery   3.6 V, 0.1 V a year
 * Room      what leaks or bursts is released into the room: 1.9 kg/m3, 2.1 % is 100 %LEL (propane)
 *
 * Sources: GB 5842 cylinders YSP4.7 1.9 kg, YSP12 5.0, YSP26.2 11.0, YSP35.5 14.9, YSP118 49.5; their tares as usual
 * in trade; low-pressure regulators 2.8 kPa; QR code: label.h. The rest are engineering choices. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "firmware-sim/label.h"
#include "firmware-sim/plant.h"

#define BOUT_MIN_S      300.0
#define BOUT_MAX_S      1500.0
#define RESTAURANT_KG_H 0.8
#define HOUSEHOLD_KG_H  0.3
#define HOUSEHOLD_KG    5.0 /* and smaller: a household has it */
#define DAY_S           86400.0
#define HOUR_S          3600.0
#define BEGINS_H        11.0
#define LEAK_KG_H       0.5
#define BURST_KG_H      6.0
#define SWAP_S          20.0
#define SWING_S         3.0
#define HANDLED_S       15.0
#define SWING_KG        0.4
#define NOISE_KG        0.002
#define MAX_KG          150.0
#define OVERFLOW_KG     250.0
#define PERSON_KG       170.0
#define REGULATOR_KPA   2.8
#define ENOUGH_KG       0.3
#define OVERFILL        1.05
#define OVERFILL_KG     0.4
#define AIR_CEL         22.0
#define CHILL_K         1.5 /* for each kg/h */
#define BODY_LAG_S      120.0
#define BATTERY_V_YEAR  0.1
#define DRIFT_S         600.0
#define GAS_KG_M3       1.9
#define LEL_VOL_PCT     2.1

enum signal {
    GROSS_MASS,
    TARE_MASS,
    NET_MASS,
    FILL_PCT,
    SCALE_UNSTABLE,
    SCALE_OVERFLOW,
    SCALE_OVERLOAD,
    SCALE_ZERO,
    VALVE_STATE,
    VALVE_LOCK,
    LEAK_FLAG,
    MOVED,
    TILT_DEG,
    BODY_TEMP,
    AMBIENT_TEMP,
    OUTLET_PRESSURE,
    BATTERY_V,
    RSSI,
    HEARTBEAT,
    FW_VERSION,
    CYLINDER_STATE,
    CYLINDER_CODE,
    QR_RAW,
    USE_CERT_NO,
    MAKER_CODE,
    REG_CODE,
    CYLINDER_NO,
    MADE_MONTH,
    SCRAP_MONTH,
    SIGNAL_COUNT
};

static const struct plant_signal signals[SIGNAL_COUNT] = {
    [GROSS_MASS] = {"gross_mass", "kg"},
    [TARE_MASS] = {"tare_mass", "kg"},
    [NET_MASS] = {"net_mass", "kg"},
    [FILL_PCT] = {"fill_pct", "%"},
    [SCALE_UNSTABLE] = {"scale_unstable", NULL},
    [SCALE_OVERFLOW] = {"scale_overflow", NULL},
    [SCALE_OVERLOAD] = {"scale_overload", NULL},
    [SCALE_ZERO] = {"scale_zero", NULL},
    [VALVE_STATE] = {"valve_state", NULL},
    [VALVE_LOCK] = {"valve_lock", NULL},
    [LEAK_FLAG] = {"leak_flag", NULL},
    [MOVED] = {"moved", NULL},
    [TILT_DEG] = {"tilt_deg", "deg"},
    [BODY_TEMP] = {"body_temp", "Cel"},
    [AMBIENT_TEMP] = {"ambient_temp", "Cel"},
    [OUTLET_PRESSURE] = {"outlet_pressure", "kPa"},
    [BATTERY_V] = {"battery_v", "V"},
    [RSSI] = {"rssi", NULL},
    [HEARTBEAT] = {"heartbeat", NULL},
    [FW_VERSION] = {"fw_version", NULL},
    [CYLINDER_STATE] = {"cylinder_state", NULL},
    [CYLINDER_CODE] = {"cylinder_code", NULL},
    [QR_RAW] = {"qr_raw", NULL},
    [USE_CERT_NO] = {"use_cert_no", NULL},
    [MAKER_CODE] = {"maker_code", NULL},
    [REG_CODE] = {"reg_code", NULL},
    [CYLINDER_NO] = {"cylinder_no", NULL},
    [MADE_MONTH] = {"made_month", NULL},
    [SCRAP_MONTH] = {"scrap_month", NULL},
};

/* What stands on the scale, or will. */
struct bottle {
    double gas;  /* kg */
    double tare; /* kg */
    struct label label;
};

struct cylinder {
    struct bottle bottle;
    struct bottle next; /* after a swap */
    double full;        /* kg: what may be filled */
    double usual_tare;
    unsigned serial;
    bool household;
    bool cooking;
    double until_s; /* the bout ends */
    double day_s;   /* time of its day */
    double away_s;  /* of a swap: time left; 0: it stands on the scale */
    double swing_s; /* the reading is unstable for so long */
    double moved_s;
    double leak; /* kg/h */
    bool burst;
    bool closed;
    bool locked;
    bool person; /* stands on the platform too */
    double drift_to;
    double drift;
    double tilt;
    double heat; /* NaN: none; to which the body is warmed */
    double body;
    double battery;
    double drawn; /* kg/h, now */
    double noise;
    double age_s;
};

/* --- opening --- */

static struct bottle full_bottle(struct cylinder *cylinder)
{
    struct bottle bottle = {.gas = cylinder->full, .tare = cylinder->usual_tare};
    char qr[LABEL_SIZE];
    cylinder->serial = cylinder->serial % 999999 + 1;
    (void)snprintf(qr, sizeof qr, "[PZ0000%06u,132020%06u,B032,%06u,2021\u5e7406\u6708,2029\u5e7406\u6708]",
                   cylinder->serial, cylinder->serial, cylinder->serial);
    label_read(&bottle.label, qr);
    return bottle;
}

static const struct {
    const char *type;
    double full;
    double tare;
} types[] = {
    {"YSP4.7", 1.9, 3.4}, {"YSP12", 5.0, 7.0}, {"YSP26.2", 11.0, 13.0}, {"YSP35.5", 14.9, 16.5}, {"YSP118", 49.5, 47.0},
};

static void configure(void *state, const struct settings *settings)
{
    struct cylinder *cylinder = state;
    const char *type = setting_text(settings, "cylinder_type", "YSP35.5");
    double part = cylinder->full > 0 ? cylinder->bottle.gas / cylinder->full : 0.7;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!text_equals(types[i].type, type))
            continue;
        cylinder->full = types[i].full;
        cylinder->usual_tare = types[i].tare;
    }
    cylinder->full = setting_number(settings, "max_fill_mass", cylinder->full);
    cylinder->usual_tare = setting_number(settings, "tare_stamped", cylinder->usual_tare);
    cylinder->household = cylinder->full <= HOUSEHOLD_KG;
    cylinder->bottle = full_bottle(cylinder);
    cylinder->bottle.gas = part * cylinder->full;
}

static void open(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    static const struct settings none = {.count = 0};
    (void)points;
    (void)point_count;
    struct cylinder *cylinder = state;
    cylinder->full = 1;
    cylinder->bottle.gas = random_between(random, 0.5, 0.9);
    cylinder->serial = random_below(random, 900000);
    cylinder->day_s = BEGINS_H * HOUR_S + random_between(random, 0, BOUT_MAX_S);
    cylinder->until_s = random_between(random, 0, BOUT_MAX_S);
    cylinder->heat = (double)NAN;
    cylinder->body = AIR_CEL;
    cylinder->battery = 3.6;
    configure(cylinder, &none);
}

/* --- stepping --- */

static bool is_open_hour(const struct cylinder *cylinder)
{
    static const double restaurant[][2] = {{10, 14}, {16.5, 21.5}, {0, 0}};
    static const double household[][2] = {{6.5, 7.5}, {11, 12.5}, {17.5, 19.5}};
    const double(*hours)[2] = cylinder->household ? household : restaurant;
    double hour = cylinder->day_s / HOUR_S;
    for (size_t i = 0; i < 3; i++) {
        if (hour >= hours[i][0] && hour < hours[i][1])
            return true;
    }
    return false;
}

static void step_cook(struct cylinder *cylinder, double dt_s, struct random *random)
{
    cylinder->day_s = fmod(cylinder->day_s + dt_s, DAY_S);
    cylinder->until_s -= dt_s;
    if (cylinder->until_s > 0)
        return;
    cylinder->cooking = !cylinder->cooking;
    cylinder->until_s = random_between(random, BOUT_MIN_S, BOUT_MAX_S);
}

static void step_gas(struct cylinder *cylinder, double dt_s, const struct surroundings *around)
{
    bool cooks = cylinder->cooking && is_open_hour(cylinder) && around->supply_open && !cylinder->closed;
    double cooked = cylinder->household ? HOUSEHOLD_KG_H : RESTAURANT_KG_H;
    double lost = cylinder->leak + (cylinder->burst && !cylinder->closed ? BURST_KG_H : 0);
    double drawn = lost + (cooks ? cooked : 0);
    if (cylinder->away_s > 0 || drawn * dt_s / HOUR_S >= cylinder->bottle.gas)
        drawn = lost = 0;
    cylinder->drawn = drawn;
    cylinder->bottle.gas -= drawn * dt_s / HOUR_S;
    if (around->room != NULL && lost > 0)
        room_release(around->room, room_lel_m3(lost * dt_s / HOUR_S / GAS_KG_M3, LEL_VOL_PCT));
}

static void step_swap(struct cylinder *cylinder, double dt_s)
{
    if (!(cylinder->away_s > 0))
        return;
    cylinder->away_s -= dt_s;
    if (cylinder->away_s > 0)
        return;
    cylinder->away_s = 0;
    cylinder->bottle = cylinder->next;
    cylinder->swing_s = SWING_S;
}

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    struct cylinder *cylinder = state;
    cylinder->age_s += dt_s;
    cylinder->noise = NOISE_KG * random_bell(random);
    cylinder->swing_s = fmax(0, cylinder->swing_s - dt_s);
    cylinder->moved_s = fmax(0, cylinder->moved_s - dt_s);
    double travel = fabs(cylinder->drift_to - cylinder->drift) > 0 ? dt_s / DRIFT_S : 0;
    cylinder->drift += fmin(travel, 1) * (cylinder->drift_to - cylinder->drift);
    cylinder->battery -= BATTERY_V_YEAR * dt_s / (365 * DAY_S);
    step_cook(cylinder, dt_s, random);
    step_swap(cylinder, dt_s);
    step_gas(cylinder, dt_s, around);
    double body = isnan(cylinder->heat) ? AIR_CEL - CHILL_K * cylinder->drawn : cylinder->heat;
    cylinder->body = plant_approach(cylinder->body, body, dt_s, BODY_LAG_S);
}

/* --- showing --- */

static double gross(const struct cylinder *cylinder)
{
    double stands = cylinder->away_s > 0 ? 0 : cylinder->bottle.tare + cylinder->bottle.gas;
    double swing = cylinder->swing_s > 0 ? SWING_KG * sin(8 * cylinder->swing_s) : 0;
    return stands + (cylinder->person ? PERSON_KG : 0) + cylinder->drift + swing + cylinder->noise;
}

static double pressure(const struct cylinder *cylinder)
{
    if (cylinder->away_s > 0 || cylinder->closed)
        return 0;
    double regulated = REGULATOR_KPA * fmin(1, cylinder->bottle.gas / ENOUGH_KG);
    return cylinder->burst ? regulated / 3 : regulated;
}

static void show_label(const struct cylinder *cylinder, struct value *values)
{
    static const enum signal fields[LABEL_FIELDS] = {USE_CERT_NO, REG_CODE,   MAKER_CODE,
                                                     CYLINDER_NO, MADE_MONTH, SCRAP_MONTH};
    static const struct label none;
    const struct label *label = cylinder->away_s > 0 ? &none : &cylinder->bottle.label;
    values[CYLINDER_STATE] = plant_code(label->state, label_state_word(label->state));
    values[QR_RAW] = plant_code(0, label->qr);
    values[CYLINDER_CODE] = plant_code(0, label->fields[LABEL_REGISTRATION]);
    for (size_t i = 0; i < LABEL_FIELDS; i++)
        values[fields[i]] = plant_code(0, label->fields[i]);
}

static void show(const void *state, struct value *ret_values)
{
    const struct cylinder *cylinder = state;
    const bool away = cylinder->away_s > 0;
    const double mass = gross(cylinder);
    ret_values[GROSS_MASS] = plant_number(mass);
    ret_values[TARE_MASS] = plant_number(cylinder->bottle.tare);
    ret_values[NET_MASS] = plant_number(away ? 0 : mass - cylinder->bottle.tare);
    ret_values[FILL_PCT] = plant_number(away ? 0 : 100 * cylinder->bottle.gas / cylinder->full);
    ret_values[SCALE_UNSTABLE] = plant_truth(cylinder->swing_s > 0);
    ret_values[SCALE_OVERFLOW] = plant_truth(mass > OVERFLOW_KG);
    ret_values[SCALE_OVERLOAD] = plant_truth(mass > MAX_KG);
    ret_values[SCALE_ZERO] = plant_truth(fabs(mass) < 0.05);
    ret_values[VALVE_STATE] = cylinder->closed ? plant_code(1, "closed") : plant_code(0, "open");
    ret_values[VALVE_LOCK] = cylinder->locked ? plant_code(1, "locked") : plant_code(0, "unlocked");
    ret_values[LEAK_FLAG] = plant_truth(cylinder->leak > 0 && !away);
    ret_values[MOVED] = plant_truth(cylinder->moved_s > 0);
    ret_values[TILT_DEG] = plant_number(cylinder->tilt);
    ret_values[BODY_TEMP] = plant_number(cylinder->body);
    ret_values[AMBIENT_TEMP] = plant_number(AIR_CEL);
    ret_values[OUTLET_PRESSURE] = plant_number(pressure(cylinder));
    ret_values[BATTERY_V] = plant_number(cylinder->battery);
    ret_values[RSSI] = plant_number(-71);
    ret_values[HEARTBEAT] = plant_number(fmod(floor(cylinder->age_s / 5), 65536));
    ret_values[FW_VERSION] = plant_number(250);
    show_label(cylinder, ret_values);
}

/* --- what people do --- */

#define ACTIONS                                                                                                        \
    "swap [QR [KG [TARE]]] | fill PERCENT | expire | unknown | leak [KG_H] | burst | overfill | close | open | lock"   \
    " | unlock | move | tilt [DEG] | heat [CEL] | drift KG | battery V | overload | pattern household|restaurant | "   \
    "normal"

static bool swap(struct cylinder *cylinder, char *const *words, size_t count, struct text *why)
{
    struct bottle next = full_bottle(cylinder);
    if (count > 1)
        label_read(&next.label, words[1]);
    if ((count > 2 && (!text_to_number(words[2], &next.gas) || next.gas < 0 || next.gas > 2 * cylinder->full)) ||
        (count > 3 && (!text_to_number(words[3], &next.tare) || next.tare < 0 || next.tare > MAX_KG)) || count > 4)
        return text_refuse(why, "swap, swap QR, swap QR KG_OF_GAS or swap QR KG_OF_GAS KG_TARE (gas at most %g kg)",
                           2 * cylinder->full);
    cylinder->next = next;
    cylinder->away_s = SWAP_S;
    cylinder->leak = 0;
    cylinder->burst = false;
    cylinder->tilt = 0;
    cylinder->swing_s = SWING_S;
    cylinder->moved_s = SWAP_S + HANDLED_S;
    return true;
}

static bool handle(struct cylinder *cylinder)
{
    cylinder->moved_s = HANDLED_S;
    cylinder->swing_s = HANDLED_S;
    return true;
}

static void repair(struct cylinder *cylinder)
{
    cylinder->leak = 0;
    cylinder->burst = cylinder->closed = cylinder->locked = cylinder->person = false;
    cylinder->bottle.gas = fmin(cylinder->bottle.gas, cylinder->full);
    cylinder->bottle.label.state = STATE_NORMAL;
    cylinder->drift = cylinder->drift_to = 0;
    cylinder->tilt = 0;
    cylinder->heat = (double)NAN;
    cylinder->battery = fmax(cylinder->battery, 3.6);
}

/* Words that need nothing beside them. */
static bool act_alone(struct cylinder *cylinder, const char *word)
{
    struct label *label = &cylinder->bottle.label;
    if (text_equals(word, "normal"))
        repair(cylinder);
    else if (text_equals(word, "expire"))
        label->state = STATE_OVERDUE;
    else if (text_equals(word, "unknown"))
        *label = (struct label){.state = STATE_UNKNOWN};
    else if (text_equals(word, "burst"))
        cylinder->burst = true;
    else if (text_equals(word, "overfill"))
        cylinder->bottle.gas = OVERFILL * cylinder->full + OVERFILL_KG;
    else if (text_equals(word, "close"))
        cylinder->closed = true;
    else if (text_equals(word, "lock"))
        cylinder->locked = cylinder->closed = true;
    else if (text_equals(word, "unlock"))
        cylinder->locked = false;
    else if (text_equals(word, "overload"))
        cylinder->person = handle(cylinder);
    else if (text_equals(word, "move"))
        (void)handle(cylinder);
    else
        return false;
    return true;
}

/* Words with a number; some know one themselves. */
static bool act_with(struct cylinder *cylinder, char *const *words, size_t count, bool *ret_known, struct text *why)
{
    double fill = 100 * cylinder->bottle.gas / cylinder->full;
    const struct {
        const char *word;
        double *number;
        double low;
        double high;
        double usual; /* NaN: it has to be said */
    } rows[] = {
        {"fill", &fill, 0, 110, (double)NAN},
        {"leak", &cylinder->leak, 0, 20, LEAK_KG_H},
        {"tilt", &cylinder->tilt, 0, 180, 60},
        {"heat", &cylinder->heat, -40, 120, 50},
        {"drift", &cylinder->drift_to, -20, 20, (double)NAN},
        {"battery", &cylinder->battery, 0, 12, (double)NAN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double number = rows[i].usual;
        if (!text_equals(words[0], rows[i].word))
            continue;
        *ret_known = true;
        bool good = count == 1 ? !isnan(number) : count == 2 && text_to_number(words[1], &number);
        if (!good || number < rows[i].low || number > rows[i].high)
            return text_refuse(why, "%s takes a number from %g to %g", words[0], rows[i].low, rows[i].high);
        *rows[i].number = number;
    }
    cylinder->bottle.gas = fill * cylinder->full / 100;
    return *ret_known;
}

static bool open_valve(struct cylinder *cylinder, struct text *why)
{
    if (cylinder->locked)
        return text_refuse(why, "its valve is locked: unlock first");
    cylinder->closed = false;
    return true;
}

static bool set_pattern(struct cylinder *cylinder, char *const *words, size_t count, struct text *why)
{
    const char *pattern = count == 2 ? words[1] : "";
    cylinder->household = text_equals(pattern, "household");
    return cylinder->household || text_equals(pattern, "restaurant") ||
           text_refuse(why, "pattern household, or pattern restaurant");
}

static bool act(void *state, char *const *words, size_t count, struct text *why)
{
    struct cylinder *cylinder = state;
    bool known = false;
    const char *word = count > 0 ? words[0] : "";
    if (text_equals(word, "swap"))
        return swap(cylinder, words, count, why);
    if (text_equals(word, "pattern"))
        return set_pattern(cylinder, words, count, why);
    if (text_equals(word, "open") && count == 1)
        return open_valve(cylinder, why);
    if (count > 0 && act_with(cylinder, words, count, &known, why)) {
        if (text_equals(word, "tilt"))
            (void)handle(cylinder);
        return true;
    }
    if (known || (count == 1 && act_alone(cylinder, word)))
        return !known;
    return text_refuse(why, "a cylinder can: " ACTIONS);
}

static void describe(const void *state, struct text *out)
{
    const struct cylinder *cylinder = state;
    text_add(out, "%.2f kg of gas, %.1f kg/h%s%s%s%s", cylinder->bottle.gas, cylinder->drawn,
             cylinder->closed ? ", valve closed" : "", cylinder->leak > 0 ? ", LEAKING" : "",
             cylinder->burst ? ", HOSE BURST" : "", cylinder->away_s > 0 ? ", off the scale" : "");
}

const struct plant_kind plant_cylinder = {
    .actions = ACTIONS,
    .signals = signals,
    .signal_count = SIGNAL_COUNT,
    .state_size = sizeof(struct cylinder),
    .uses_gas = true,
    .open = open,
    .configure = configure,
    .step = step,
    .show = show,
    .act = act,
    .describe = describe,
};
