/* lift_table: what a lift has, as numbers: its points, codes, settings and holds. Between lift_table.c, which describes them,
 * and lift.c, which computes with them. */
#ifndef OUTPOST_DRIVERS_DEVICE_LIFT_TABLE_H
#define OUTPOST_DRIVERS_DEVICE_LIFT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/class.h"

enum lift_mode { /* GB/T 24476: Service_Mode */
                 MODE_STOPPED,
                 MODE_NORMAL,
                 MODE_INSPECTION,
                 MODE_FIRE_RETURN,
                 MODE_FIREFIGHTER,
                 MODE_EMERGENCY_POWER,
                 MODE_EARTHQUAKE,
                 MODE_UNKNOWN,
                 MODE_COUNT
};

enum lift_car_status { CAR_STOP, CAR_RUN };

/* Canonical faults and events; the dialects say which numbers mean them. */
enum lift_fault {
    FAULT_NONE,
    FAULT_SAFETY_CIRCUIT_OPEN,
    FAULT_DOOR_CLOSE,
    FAULT_DOOR_OPEN,
    FAULT_STOP_OUTSIDE_ZONE,
    FAULT_UNINTENDED_MOVEMENT,
    FAULT_MOTOR_TIME_LIMITER,
    FAULT_POSITION_LOST,
    FAULT_ANTI_RERUN,
    FAULT_DOOR_OPEN_WHILE_RUNNING,
    FAULT_OVERSHOOT_TOP,
    FAULT_PIT_STRIKE,
    FAULT_TRAPPED,
    FAULT_OVERSPEED,
    FAULT_OTHER,
    FAULT_MOVE_DOOR_OPEN,
    FAULT_RUN_TIMEOUT,
    FAULT_DOOR_HUNTING,
    FAULT_DOOR, /* of a dialect that does not tell closing from opening */
    FAULT_DOOR_LOCK_JUMPERED,
    FAULT_CONTROLLER,
    FAULT_DRIVE_MOTOR,
    FAULT_SAFETY_GEAR,
    FAULT_SHAFT_DEVICE,
    FAULT_POWER_SUPPLY,
    FAULT_CALL_BUTTON_STUCK,
    FAULT_START,
    FAULT_CONTROLLER_SUPPLY,
    FAULT_SELF_TEST,
    FAULT_DRIVE_TEMP,
    FAULT_LOAD_MEASUREMENT,
    FAULT_COMM,
    EVENT_BACK_TO_AUTO, /* from here on: no fault of the lift */
    EVENT_MAINS_OFF,
    EVENT_STOP_SERVICE,
    EVENT_INSPECTION,
    EVENT_FIRE_RETURN,
    EVENT_FIREFIGHTER,
    EVENT_EMERGENCY_POWER,
    EVENT_EARTHQUAKE,
    EVENT_ALARM_BUTTON,
    EVENT_IOT_OFFLINE_LONG,
    EVENT_LONG_STAY_FLOOR,
    EVENT_SUSPECTED_STOP,
    EVENT_EBIKE,
    FAULT_COUNT
};

enum lift_point {
    SERVICE_MODE,
    CAR_SPEED,
    CAR_STATUS,
    CAR_DIRECTION,
    DOOR_ZONE,
    CAR_FLOOR,
    CAR_FLOOR_INDEX,
    DOOR_CLOSED,
    PASSENGER_PRESENT,
    CAR_LOAD_PCT,
    CAR_POSITION_M,
    RUN_HOURS,
    RUN_COUNT,
    DOOR_CYCLES,
    ROPE_BENDS,
    TRAVEL_DISTANCE,
    PASSENGER_COUNT,
    ENERGY_TOTAL,
    ENERGY_REGEN,
    UPPER_LIMIT,
    LOWER_LIMIT,
    MAINS_OK,
    ALARM_BUTTON,
    INTERCOM_OK,
    ARD_ACTIVE,
    UPS_SOC,
    MACHINE_TEMP,
    CABINET_TEMP,
    VIB_X,
    VIB_Y,
    VIB_Z,
    DOOR_BYPASS,
    SHAFT_ENTRY,
    UCM_TEST_ACTIVE,
    FAULT,
    FAULT_CODE_RAW,
    CODE_SYSTEM,
    HEARTBEAT,
    EBIKE_IN_CAR,
    BIT_SAFETY_CIRCUIT, /* faults one by one: read from a bitmap, else what `fault` says; … */
    BIT_DOOR_CLOSE,
    BIT_DOOR_OPEN,
    BIT_DOOR,
    BIT_STOP_OUTSIDE_ZONE,
    BIT_UNINTENDED_MOVEMENT,
    BIT_MOTOR_TIME_LIMITER,
    BIT_POSITION_LOST,
    BIT_ANTI_RERUN,
    BIT_DOOR_OPEN_WHILE_RUNNING,
    BIT_OVERSHOOT_TOP,
    BIT_PIT_STRIKE,
    BIT_TRAPPED,
    BIT_OVERSPEED,
    BIT_MOVE_DOOR_OPEN,
    BIT_RUN_TIMEOUT,
    BIT_DOOR_HUNTING,
    BIT_DOOR_LOCK_JUMPERED,
    BIT_BRAKE,
    BIT_OTHER, /* … from here on with one alarm for all of them, and only read */
    BIT_NONLEVEL_STOP,
    BIT_START,
    BIT_SPEED_ABNORMAL,
    BIT_CONTROLLER,
    BIT_DRIVE,
    BIT_MACHINE,
    BIT_LEVELLING,
    BIT_INVERTER,
    BIT_OVERCURRENT,
    BIT_VOLTAGE,
    BIT_OVERTEMP,
    BIT_COMM,
    BIT_MAINS,
    BIT_CAR_BUTTON,
    BIT_UPPER_FINAL_LIMIT,
    BIT_LOWER_FINAL_LIMIT,
    BIT_GENERAL, /* some fault, which may have a bit of its own as well */
    TRAPPED_NONLEVEL,
    TRAPPED_LEVEL,
    TRAPPED_BY_BUTTON,
    TRAPPED,
    STOP_OUTSIDE_ZONE,
    MOVING_DOOR_OPEN,
    OVERSPEED,
    RUN_TIMEOUT,
    DOOR_HUNTING,
    DOOR_HELD,
    DOOR_FAULT,
    EQUIPMENT_FAULT,
    BUTTON_CALL,
    MAINS_LOST,
    OVERLOAD_RUN,
    IDLE_SUSPECT,
    IN_SERVICE,
    POINT_COUNT
};

/* The point that says this fault alone; 0: none (an event). */
extern const uint8_t lift_bit_of[FAULT_COUNT];

enum lift_setting {
    RATED_SPEED,
    FULL_TRAVEL_S,
    TRAPPED_NONLEVEL_S,
    TRAPPED_LEVEL_S,
    TRAPPED_BUTTON_S,
    OUTSIDE_ZONE_S,
    DOOR_HUNTING_CYCLES,
    DOOR_HUNTING_S,
    DOOR_HELD_S,
    IDLE_H,
    SETTING_COUNT
};

#define DOOR_CYCLES_MAX 10 /* of door_hunting_cycles */

/* How long something has lasted. Unless its beginning was seen, it may have begun before the gateway did. */
struct spell {
    struct hold hold;
    bool seen;
};

/* Zeroed at start; a verdict that would need to know what was before is unknown until it does not matter any more. */
struct lift_memory {
    double floor;
    int64_t run_count;
    bool has_floor;
    bool has_run_count;
    bool door_was_closed;
    bool cycles_known; /* no door cycle of the last door_hunting_s can have been missed */
    struct hold watching;
    int64_t opened_mono_ms[DOOR_CYCLES_MAX]; /* a ring: when the doors were seen to open at this floor */
    size_t opened_next;
    size_t opened_count;
    struct spell same_floor;
    struct spell door_open;
    struct spell same_run_count;
};

/* Never renumbered: holds are kept over restarts, and over updates. */
enum lift_hold { HOLD_NONLEVEL, HOLD_LEVEL, HOLD_BUTTON, HOLD_OUTSIDE_ZONE, HOLD_MOVING_DOOR_OPEN };

#endif
