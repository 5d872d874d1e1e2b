/* What goes wrong with a lift, what people do to it, and what they do about it.
 *
 * Some troubles are played (a car that stops between two floors, a runaway, a drift with open doors …): they wait for the
 * moment in which they can happen, and bring one about: somebody calls, the car runs the whole shaft. Every other fault of
 * the list is what its code says: reported, or the lift stands, or it stops at once. `rescue` lets people out, `reset` ends
 * a fault whose cause is gone, `normal` mends everything and returns the lift to service. */
#include "firmware-sim/lift.h"

#include <math.h>

#define BRAKE           2.5  /* m/s2: emergency stop */
#define CLEAR_OF_ZONE_M 0.6  /* a trapped car is at least so far from a landing */
#define RUN_UP_M        12.0 /* of free shaft that a runaway needs */
#define OPENS_FOR_S     2.5  /* that it runs on with an open door contact: a jumpered lock */
#define BUTTON_FIRST_S  8.0  /* after the stop */
#define BUTTON_EVERY_S  25.0
#define BUTTON_HOLDS_S  6.0
#define TRAFFIC_MAX_H   3000.0

#define ROW(id, word, number, effect) [id] = {(word), (number), (effect)},
const struct lift_fault_row lift_faults[LIFT_FAULT_COUNT] = {LIFT_FAULT_LIST(ROW)};
#undef ROW

static void set_fault(struct lift *lift, enum lift_fault fault, bool latched)
{
    lift->fault = fault;
    lift->latched = latched;
}

void lift_fail(struct lift *lift, enum lift_fault fault)
{
    set_fault(lift, fault, true);
    if (lift_faults[fault].effect == STOPS && lift_moves(lift))
        lift_brake(lift, BRAKE);
}

/* --- bringing it about --- */

static double top_of(const struct lift *lift)
{
    return (lift->floors - 1) * lift->floor_m;
}

/* The end landing with more shaft before it, or the one the plot is about. */
static int far_landing(const struct lift *lift)
{
    bool up = lift->plot == PLOT_OVERSHOOT || (lift->plot != PLOT_PIT && lift->position < top_of(lift) / 2);
    return up ? lift->floors - 1 : 0;
}

static double way_to(const struct lift *lift, int landing)
{
    return fabs(landing * lift->floor_m - lift->position);
}

/* A passenger where the car is, or at the next landing it can stop at. */
static void bait(struct lift *lift)
{
    if (lift->inside > 0)
        return;
    if (lift->phase == LIFT_CLOSING)
        lift_open_doors(lift);
    double stop = lift->position + lift->going * lift->speed * lift->speed / (2 * LIFT_ACCELERATION);
    double landing = lift->going > 0 ? ceil(stop / lift->floor_m - 1e-6) : floor(stop / lift->floor_m + 1e-6);
    int next = lift->phase == LIFT_RUNNING ? (int)fmin(fmax(landing, 0), lift->floors - 1) : lift_landing(lift);
    if (lift->waiting[next] == 0)
        lift->waiting[next] = 1;
}

static bool stops_clear(const struct lift *lift)
{
    double stop = lift->position + lift->going * lift->speed * lift->speed / (2 * BRAKE);
    return lift->speed > 0 && fabs(stop - lift->floor_m * round(stop / lift->floor_m)) >= CLEAR_OF_ZONE_M;
}

static void trap(struct lift *lift)
{
    bait(lift);
    if (lift->phase != LIFT_RUNNING || lift->inside == 0 || !stops_clear(lift))
        return;
    lift->plot = NO_PLOT;
    set_fault(lift, LIFT_OUTSIDE_ZONE, false);
    lift_brake(lift, BRAKE);
}

/* It has arrived, and the doors do not open. */
static void trap_level(struct lift *lift)
{
    bait(lift);
    if (lift->phase != LIFT_OPENING || lift->inside == 0 || lift->door > 0.2)
        return;
    lift->plot = NO_PLOT;
    lift->door = 0;
    set_fault(lift, LIFT_DOOR_OPEN, false);
    lift_enter(lift, LIFT_STOPPED);
}

static void run_far(struct lift *lift)
{
    if (lift->service_call < 0 && lift->phase == LIFT_STANDING)
        lift->service_call = far_landing(lift);
    if (lift->phase == LIFT_OPEN && lift->in_phase_s > 2)
        lift_enter(lift, LIFT_CLOSING);
}

static void overspeed(struct lift *lift)
{
    run_far(lift);
    double end = lift->going > 0 ? top_of(lift) : 0;
    if (lift->phase != LIFT_RUNNING || lift->speed < 0.95 * lift->rated_mps)
        return;
    if (fabs(end - lift->position) < fmin(RUN_UP_M, top_of(lift) - 3))
        return;
    lift->plot = NO_PLOT;
    lift->service_call = -1;
    lift_enter(lift, LIFT_RUNAWAY);
}

static void open_running(struct lift *lift)
{
    run_far(lift);
    bool sprung = lift->door > 0 && lift->phase == LIFT_RUNNING;
    if (!sprung && lift->phase == LIFT_RUNNING && !lift_in_zone(lift) &&
        way_to(lift, lift->target) > lift->rated_mps * (OPENS_FOR_S + 1)) {
        lift->door = 0.05;
        lift->plot_s = 0;
    }
    lift->plot_s += LIFT_STEP_MAX_S;
    if (!sprung || lift->plot_s < OPENS_FOR_S)
        return;
    lift->plot = NO_PLOT;
    lift->service_call = -1;
    lift_fail(lift, LIFT_OPEN_RUNNING);
}

/* The limit switch does nothing: the car does not stop at the last landing but in the buffer. */
static void run_past(struct lift *lift)
{
    bool up = lift->plot == PLOT_OVERSHOOT;
    double end = up ? top_of(lift) : 0;
    bool is_there = way_to(lift, far_landing(lift)) < 0.1; /* then from the other end */
    if (lift->service_call < 0 && (lift->phase == LIFT_STANDING || lift->phase == LIFT_RUNNING))
        lift->service_call = is_there ? lift->floors - 1 - far_landing(lift) : far_landing(lift);
    if (lift->phase != LIFT_RUNNING || lift->target != far_landing(lift) || fabs(end - lift->position) > 0.3)
        return;
    lift->plot = NO_PLOT;
    lift->service_call = -1;
    lift->speed = fmax(lift->speed, 0.5);
    set_fault(lift, up ? LIFT_OVERSHOOT : LIFT_PIT, true);
    lift_brake(lift, lift->speed * lift->speed / 2 / (fabs(end - lift->position) + LIFT_BUFFER_M - 0.05));
}

static void stall(struct lift *lift)
{
    run_far(lift);
    if (lift->phase != LIFT_RUNNING || lift->speed < 0.5 || !stops_clear(lift))
        return;
    lift->plot = NO_PLOT;
    lift->service_call = -1;
    lift->speed = 0;
    lift_enter(lift, LIFT_STALLED);
}

static void drift(struct lift *lift)
{
    if (lift->phase == LIFT_STANDING || lift->phase == LIFT_CLOSING)
        lift_open_doors(lift);
    if (lift->phase != LIFT_OPEN || lift->in_phase_s < 3)
        return;
    lift->going = lift_landing(lift) < lift->floors - 1 ? 1 : -1;
    lift_enter(lift, LIFT_DRIFTING);
}

static void begin_inspection(struct lift *lift)
{
    if (lift->phase != LIFT_STANDING || lift->inside > 0)
        return;
    lift->plot = NO_PLOT;
    lift->mode = LIFT_INSPECTION;
    lift->rests_s = 3;
    lift_enter(lift, LIFT_CREEPING);
}

/* Nobody can be trapped, run away … while it stands still for another reason. */
void lift_plot_step(struct lift *lift)
{
    bool calls_for_help = lift->phase == LIFT_STOPPED && lift->inside > 0 && lift->in_phase_s >= BUTTON_FIRST_S;
    if (calls_for_help && fmod(lift->in_phase_s - BUTTON_FIRST_S, BUTTON_EVERY_S) < LIFT_STEP_MAX_S)
        lift->button_s = fmax(lift->button_s, BUTTON_HOLDS_S);
    switch (lift->plot) {
    case NO_PLOT:
        break;
    case PLOT_TRAP:
        trap(lift);
        break;
    case PLOT_TRAP_LEVEL:
        trap_level(lift);
        break;
    case PLOT_OVERSPEED:
        overspeed(lift);
        break;
    case PLOT_OPEN_RUNNING:
        open_running(lift);
        break;
    case PLOT_OVERSHOOT:
    case PLOT_PIT:
        run_past(lift);
        break;
    case PLOT_STALL:
        stall(lift);
        break;
    case PLOT_UCM:
    case PLOT_MOVE_OPEN:
        drift(lift);
        break;
    case PLOT_INSPECTION:
        begin_inspection(lift);
        break;
    }
}

/* --- what people do --- */

static bool is_helpless(const struct lift *lift)
{
    return lift->phase == LIFT_STOPPED || lift->phase == LIFT_BRAKING || lift->phase == LIFT_STALLED;
}

/* By hand: the brake is opened and the car creeps to the nearest landing. */
static bool rescue(struct lift *lift, struct text *why)
{
    bool ordered = lift->plot != NO_PLOT;
    if (!is_helpless(lift) && !ordered)
        return text_refuse(why, "nobody is trapped");
    lift->plot = NO_PLOT;
    lift->service_call = -1;
    lift->button_s = 0;
    if (!lift->latched)
        lift->fault = LIFT_NO_FAULT;
    if (lift->phase == LIFT_BRAKING)
        lift->help = true;
    else if (is_helpless(lift))
        lift_level(lift);
    return true;
}

static void reset(struct lift *lift)
{
    set_fault(lift, LIFT_NO_FAULT, false);
    lift->door_tries = 0;
    lift->door_trouble = DOOR_FINE;
}

static void leave_inspection(struct lift *lift)
{
    if (lift->phase != LIFT_CREEPING)
        return;
    lift->door = 0;
    lift->speed = fmin(lift->speed, 0.2);
    lift_level(lift);
}

static void mend(struct lift *lift)
{
    struct sentence ignored;
    (void)rescue(lift, sentence_init(&ignored));
    reset(lift);
    leave_inspection(lift);
    lift->mode = LIFT_IN_SERVICE;
    lift->power_cut = false;
    lift->no_rescue_device = false;
    lift->status_stuck = false;
    lift->frozen = false;
    lift->ebike = false;
    lift->intercom_dead = false;
    lift->overloaded = false;
    lift->out_of_use = false;
    lift->hot = (double)NAN;
    lift->traffic_h = (double)NAN;
    lift->button_s = 0;
}

void lift_power(struct lift *lift, bool building)
{
    bool off = lift->power_cut || !building;
    if (off && !lift->mains_off) {
        lift->plot = NO_PLOT;
        if (lift_moves(lift) && lift->phase != LIFT_BRAKING)
            lift_brake(lift, BRAKE);
    }
    lift->rescue_device = lift->rescue_device && off;
    lift->mains_off = off;
}

static bool power_cut(struct lift *lift, const char *argument, struct text *why)
{
    if (argument != NULL && !text_equals(argument, "no_ard"))
        return text_refuse(why, "power_cut, or power_cut no_ard: the rescue device fails too");
    lift->power_cut = true;
    lift->no_rescue_device = argument != NULL;
    return true;
}

/* Runs to a landing without taking calls, opens its doors and stays. */
static void recall(struct lift *lift, enum lift_mode mode)
{
    bool next = mode == LIFT_EARTHQUAKE;
    leave_inspection(lift);
    lift->mode = mode;
    lift->service_call = next ? -1 : lift->lowest < 0 ? -lift->lowest : 0;
}

struct plot_word {
    const char *word;
    enum lift_plot plot;
    enum lift_fault fault; /* that `fault NAME` plays like this */
};

static const struct plot_word plot_words[] = {
    {"trap", PLOT_TRAP, LIFT_OUTSIDE_ZONE},        {"trap_level", PLOT_TRAP_LEVEL, LIFT_DOOR_OPEN},
    {"overspeed", PLOT_OVERSPEED, LIFT_OVERSPEED}, {"open_running", PLOT_OPEN_RUNNING, LIFT_OPEN_RUNNING},
    {"overshoot", PLOT_OVERSHOOT, LIFT_OVERSHOOT}, {"pit", PLOT_PIT, LIFT_PIT},
    {"stall", PLOT_STALL, LIFT_MOTOR_LIMITER},     {"ucm", PLOT_UCM, LIFT_UCM},
    {"move_open", PLOT_MOVE_OPEN, LIFT_MOVE_OPEN}, {"inspect", PLOT_INSPECTION, LIFT_NO_FAULT},
};

static bool order_plot(struct lift *lift, enum lift_plot plot, struct text *why)
{
    if (is_helpless(lift))
        return text_refuse(why, lift->inside > 0 ? "a passenger is trapped already: rescue or normal first"
                                                 : "it is stopped already: rescue or normal first");
    if (lift->mains_off || lift->power_cut)
        return text_refuse(why, "it has no power: power_back first");
    if (!lift_serves(lift))
        return text_refuse(why, "it is not in service: normal first");
    lift->plot = plot;
    lift->plot_s = 0;
    return true;
}

/* Faults that are played take their time; the others are there at once. */
static bool order_fault(struct lift *lift, const char *word, struct text *why)
{
    for (int i = LIFT_NO_FAULT; i < LIFT_FAULT_COUNT; i++) {
        if (!text_equals(lift_faults[i].word, word))
            continue;
        for (size_t k = 0; k < sizeof plot_words / sizeof *plot_words && i != LIFT_NO_FAULT; k++) {
            if ((int)plot_words[k].fault == i)
                return order_plot(lift, plot_words[k].plot, why);
        }
        if (i == LIFT_NO_FAULT)
            reset(lift);
        else if (i == LIFT_HUNTING)
            lift->door_trouble = DOOR_HUNTS;
        else
            lift_fail(lift, (enum lift_fault)i);
        return true;
    }
    return text_refuse(why, "fault takes the name of a fault, such as safety_circuit_open, position_lost or overspeed");
}

static bool number_of(const char *word, double low, double high, double *ret_number, struct text *why)
{
    if (word != NULL && text_to_number(word, ret_number) && *ret_number >= low && *ret_number <= high)
        return true;
    return text_refuse(why, "it takes a number from %g to %g", low, high);
}

static bool door_trouble(struct lift *lift, const char *word)
{
    static const char *const words[] = {
        [DOOR_HUNTS] = "hunt", [DOOR_OBSTRUCTED] = "obstruct", [DOOR_HELD] = "hold_door"};
    for (size_t i = DOOR_HUNTS; i < sizeof words / sizeof *words; i++) {
        if (!text_equals(words[i], word))
            continue;
        lift->door_trouble = (enum lift_door_trouble)i;
        lift->door_tries = 0;
        return true;
    }
    return false;
}

static bool flag(struct lift *lift, const char *word)
{
    bool *const flags[] = {&lift->status_stuck,  &lift->frozen,     &lift->ebike,
                           &lift->intercom_dead, &lift->overloaded, &lift->out_of_use};
    static const char *const words[] = {"status_stuck", "freeze", "ebike", "intercom", "overload", "stop"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (text_equals(words[i], word)) {
            *flags[i] = true;
            return true;
        }
    }
    return false;
}

static bool set_mode(struct lift *lift, const char *word)
{
    static const char *const words[] = {
        [LIFT_FIRE_RETURN] = "fire_return",
        [LIFT_FIREFIGHTER] = "firefighter",
        [LIFT_EMERGENCY_POWER] = "emergency_power",
        [LIFT_EARTHQUAKE] = "earthquake",
    };
    if (text_equals(word, "stop_service")) {
        leave_inspection(lift);
        lift->mode = LIFT_OUT_OF_SERVICE;
        return true;
    }
    for (size_t i = LIFT_FIRE_RETURN; i < sizeof words / sizeof *words; i++) {
        if (text_equals(words[i], word)) {
            recall(lift, (enum lift_mode)i);
            return true;
        }
    }
    return false;
}

static bool act_with_number(struct lift *lift, const char *word, const char *argument, struct text *why,
                            bool *ret_known)
{
    *ret_known = true;
    if (text_equals(word, "button")) {
        lift->button_s = 10;
        return argument == NULL || number_of(argument, 0.1, 600, &lift->button_s, why);
    }
    if (text_equals(word, "hot"))
        return number_of(argument, -20, 120, &lift->hot, why);
    if (text_equals(word, "traffic"))
        return number_of(argument, 0, TRAFFIC_MAX_H, &lift->traffic_h, why);
    *ret_known = false;
    return true;
}

static bool act_alone(struct lift *lift, const char *word, struct text *why)
{
    for (size_t i = 0; i < sizeof plot_words / sizeof *plot_words; i++) {
        if (text_equals(plot_words[i].word, word))
            return order_plot(lift, plot_words[i].plot, why);
    }
    if (text_equals(word, "rescue"))
        return rescue(lift, why);
    if (text_equals(word, "power_back"))
        lift->power_cut = false;
    else if (text_equals(word, "reset"))
        reset(lift);
    else if (text_equals(word, "normal"))
        mend(lift);
    else if (!door_trouble(lift, word) && !flag(lift, word) && !set_mode(lift, word))
        return text_refuse(why, "a lift can: " LIFT_ACTIONS);
    return true;
}

bool lift_act(struct lift *lift, char *const *words, size_t count, struct text *why)
{
    const char *word = count >= 1 && count <= 2 ? words[0] : "";
    const char *argument = count == 2 ? words[1] : NULL;
    bool known;
    bool done = act_with_number(lift, word, argument, why, &known);
    if (known)
        return done;
    if (text_equals(word, "power_cut"))
        return power_cut(lift, argument, why);
    if (text_equals(word, "fault"))
        return order_fault(lift, argument, why);
    if (argument != NULL)
        return text_refuse(why, "a lift can: " LIFT_ACTIONS);
    return act_alone(lift, word, why);
}
