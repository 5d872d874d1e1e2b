/* lift: the state of one lift, between the files that play it: lift_people.c (calls and passengers), lift_motion.c (car
 * and doors), lift_trouble.c (what goes wrong, and what people do about it) and plant_lift.c (what the points show). Pure. */
#ifndef OUTPOST_FIRMWARE_SIM_LIFT_H
#define OUTPOST_FIRMWARE_SIM_LIFT_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/point.h"
#include "firmware-sim/random.h"
#include "firmware-sim/text.h"

#define LIFT_FLOORS_MAX   24
#define LIFT_STEP_MAX_S   0.1
#define LIFT_ZONE_M       0.2 /* EN 81-20 / GB/T 7588.1: unlocking zone at most +-0.35 m with coupled doors */
#define LIFT_ACCELERATION 0.8 /* m/s2, also when it slows down: an ordinary residential lift */
#define LIFT_BUFFER_M     0.3 /* past the end landings: then the buffer ends it */

/* id, canonical word, GB/T 24476 number (99: it has none), what it does to the lift. */
#define LIFT_FAULT_LIST(X)                                                                                             \
    X(LIFT_NO_FAULT, "none", 0, REPORTED)                                                                              \
    X(LIFT_SAFETY_CIRCUIT, "safety_circuit_open", 1, STOPS)                                                            \
    X(LIFT_DOOR_CLOSE, "door_close_fault", 2, STANDS)                                                                  \
    X(LIFT_DOOR_OPEN, "door_open_fault", 3, STANDS)                                                                    \
    X(LIFT_OUTSIDE_ZONE, "stop_outside_zone", 4, STOPS)                                                                \
    X(LIFT_UCM, "unintended_movement", 5, STOPS)                                                                       \
    X(LIFT_MOTOR_LIMITER, "motor_time_limiter", 6, STOPS)                                                              \
    X(LIFT_POSITION_LOST, "position_lost", 7, STOPS)                                                                   \
    X(LIFT_ANTI_RERUN, "anti_rerun", 8, STANDS)                                                                        \
    X(LIFT_OPEN_RUNNING, "door_open_while_running", 99, STOPS)                                                         \
    X(LIFT_OVERSHOOT, "overshoot_top", 99, STOPS)                                                                      \
    X(LIFT_PIT, "pit_strike", 99, STOPS)                                                                               \
    X(LIFT_TRAPPED, "trapped", 99, STOPS)                                                                              \
    X(LIFT_OVERSPEED, "overspeed", 99, STOPS)                                                                          \
    X(LIFT_MOVE_OPEN, "move_door_open", 99, STOPS)                                                                     \
    X(LIFT_RUN_TIMEOUT, "run_timeout", 99, STOPS)                                                                      \
    X(LIFT_HUNTING, "door_hunting", 99, REPORTED)                                                                      \
    X(LIFT_DOOR, "door_fault", 99, STANDS)                                                                             \
    X(LIFT_LOCK_JUMPERED, "door_lock_jumpered", 99, REPORTED)                                                          \
    X(LIFT_CONTROLLER, "controller_fault", 99, STANDS)                                                                 \
    X(LIFT_DRIVE, "drive_motor_fault", 99, STOPS)                                                                      \
    X(LIFT_SAFETY_GEAR, "safety_gear_fault", 99, STOPS)                                                                \
    X(LIFT_SHAFT_DEVICE, "shaft_device_fault", 99, STANDS)                                                             \
    X(LIFT_POWER_SUPPLY, "power_supply_fault", 99, STANDS)                                                             \
    X(LIFT_CALL_STUCK, "call_button_stuck", 99, REPORTED)                                                              \
    X(LIFT_START, "start_failure", 99, STANDS)                                                                         \
    X(LIFT_CONTROLLER_SUPPLY, "controller_supply_fault", 99, STANDS)                                                   \
    X(LIFT_SELF_TEST, "self_test_failure", 99, STANDS)                                                                 \
    X(LIFT_DRIVE_TEMP, "drive_overtemperature", 99, STANDS)                                                            \
    X(LIFT_LOAD_CELL, "load_measurement_fault", 99, REPORTED)                                                          \
    X(LIFT_COMM, "comm_fault", 99, REPORTED)                                                                           \
    X(LIFT_OTHER, "other", 99, STANDS)

#define LIFT_FAULT_ENUM(id, word, number, effect) id,
enum lift_fault { LIFT_FAULT_LIST(LIFT_FAULT_ENUM) LIFT_FAULT_COUNT };
#undef LIFT_FAULT_ENUM

enum lift_effect {
    REPORTED, /* the lift goes on */
    STANDS,   /* it ends its run, lets people out and takes no more calls */
    STOPS,    /* the brake falls in at once */
};

struct lift_fault_row {
    const char *word;
    int number;
    enum lift_effect effect;
};

extern const struct lift_fault_row lift_faults[LIFT_FAULT_COUNT];

/* GB/T 24476: Service_Mode. */
enum lift_mode {
    LIFT_OUT_OF_SERVICE,
    LIFT_IN_SERVICE,
    LIFT_INSPECTION,
    LIFT_FIRE_RETURN,
    LIFT_FIREFIGHTER,
    LIFT_EMERGENCY_POWER,
    LIFT_EARTHQUAKE
};

enum lift_phase {
    LIFT_STANDING,
    LIFT_OPENING,
    LIFT_OPEN,
    LIFT_CLOSING,
    LIFT_RUNNING,
    LIFT_RUNAWAY,   /* faster and faster, until the governor trips */
    LIFT_STALLED,   /* the motor turns, the car does not move */
    LIFT_DRIFTING,  /* away from a landing with open doors */
    LIFT_BRAKING,   /* an emergency stop */
    LIFT_STOPPED,   /* after it */
    LIFT_LEVELLING, /* creeps to the nearest landing: rescue by hand or by the rescue device */
    LIFT_CREEPING,  /* inspection: a technician on the car top runs it */
};

/* What was ordered and waits for its moment. */
enum lift_plot {
    NO_PLOT,
    PLOT_TRAP,       /* stops between two landings with somebody inside */
    PLOT_TRAP_LEVEL, /* the doors do not open at the landing */
    PLOT_OVERSPEED,
    PLOT_OPEN_RUNNING, /* the door contact opens on the way */
    PLOT_OVERSHOOT,    /* past the highest landing */
    PLOT_PIT,          /* past the lowest */
    PLOT_STALL,
    PLOT_UCM,
    PLOT_MOVE_OPEN, /* the same, with the vendors' own code */
    PLOT_INSPECTION,
};

enum lift_door_trouble { DOOR_FINE, DOOR_HUNTS, DOOR_OBSTRUCTED, DOOR_HELD };

struct lift {
    /* how it was built */
    int floors;
    int lowest; /* the number of the lowest floor shown: 1, or -1 (there is no floor 0) */
    double floor_m;
    double rated_mps;
    double persons_max;
    double calls_h; /* at the busiest hour */

    /* car and doors */
    enum lift_phase phase;
    double in_phase_s;
    double position;     /* m above the lowest landing */
    double speed;        /* m/s, never negative */
    double going;        /* +1 up, -1 down */
    int target;          /* landing */
    double door;         /* 0 closed … 1 open */
    double brake;        /* m/s2, of this emergency stop */
    double creeps_until; /* inspection: position of this run */
    double rests_s;      /* inspection: until the next run */

    /* people */
    unsigned waiting[LIFT_FLOORS_MAX];
    unsigned inside_to[LIFT_FLOORS_MAX]; /* by where they want to go */
    unsigned inside;
    int service_call;   /* a landing; -1 none */
    bool moved_people;  /* at this stop */
    bool everybody_out; /* at this stop: they were rescued */
    double traffic_h;   /* calls an hour by order; NaN: as the hour of the day has it */
    double hour;        /* of its day */
    double button_s;    /* somebody presses the alarm button for so long */

    /* trouble */
    enum lift_plot plot;
    double plot_s; /* since it was sprung */
    enum lift_fault fault;
    bool latched; /* the fault needs a reset; rescue alone does not end it */
    enum lift_mode mode;
    enum lift_door_trouble door_trouble;
    int door_tries;
    bool help;             /* rescue was ordered while it still brakes */
    bool power_cut;        /* by order, of this lift alone */
    bool mains_off;        /* for this, or because the building has none */
    bool no_rescue_device; /* it fails at the next power cut */
    bool rescue_device;    /* is at work */
    bool status_stuck;     /* car_status says "stop" whatever it does */
    bool frozen;           /* the heartbeat stands still */
    bool ebike;
    bool intercom_dead;
    bool overloaded;
    bool out_of_use; /* registered as stopped, and yet it carries people */
    double hot;      /* machine room, Cel, by order; NaN none */

    /* what it has done */
    double age_s;
    double run_s;
    double run_count;
    double door_cycles;
    double travel_m;
    double carried;
    double energy_kwh;
    double regen_kwh;
    double past_runs; /* before we looked */
    double past_hours;
    double charge; /* of the rescue device, % */
    double machine_temp;
    double vibration[3];
    double beats;
    char floor[12];
    char code[12];
    const struct point *fault_point; /* NULL: any word will do */
};

/* --- lift_people.c --- */

void lift_people_arrive(struct lift *lift, double dt_s, struct random *random);
void lift_people_move(struct lift *lift, struct random *random); /* at an open door */
bool lift_is_called(const struct lift *lift, int landing);
int lift_next_call(const struct lift *lift); /* the landing to run to; -1: none */

/* --- lift_motion.c --- */

void lift_step(struct lift *lift, double dt_s, struct random *random);
void lift_enter(struct lift *lift, enum lift_phase phase);
void lift_open_doors(struct lift *lift);
void lift_run_to(struct lift *lift, int landing);
void lift_brake(struct lift *lift, double deceleration);
void lift_level(struct lift *lift);
int lift_landing(const struct lift *lift);        /* the nearest */
double lift_off_landing(const struct lift *lift); /* m from it */
bool lift_in_zone(const struct lift *lift);
bool lift_moves(const struct lift *lift);
bool lift_serves(const struct lift *lift); /* takes calls */

/* --- lift_trouble.c --- */

#define LIFT_ACTIONS                                                                                                   \
    "trap | trap_level | button [S] | fault NAME | overspeed | ucm | open_running | overshoot | pit | stall | hunt | " \
    "obstruct | hold_door | status_stuck | power_cut [no_ard] | power_back | inspect | stop | fire_return | "          \
    "firefighter | "                                                                                                   \
    "emergency_power | earthquake | stop_service | overload | ebike | hot CEL | intercom | freeze | traffic N | "      \
    "rescue | reset | normal"

void lift_fail(struct lift *lift, enum lift_fault fault); /* says so and does to the lift what the fault does */
void lift_plot_step(struct lift *lift);                   /* arranges and springs what was ordered */
void lift_power(struct lift *lift, bool building);        /* each step; without mains all that moves stops */
bool lift_act(struct lift *lift, char *const *words, size_t count, struct text *why);

#endif
