/* gas_table: what a gas detector has, as numbers: its points, codes, settings and memory. Between gas_table.c, which
 * describes them, and gas_detector.c, which computes with them. */
#ifndef OUTPOST_DRIVERS_DEVICE_GAS_TABLE_H
#define OUTPOST_DRIVERS_DEVICE_GAS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/model/class.h"

enum gas_mode { MODE_NORMAL, MODE_WARMUP, MODE_INHIBIT, MODE_CALIBRATION, MODE_SELFTEST, MODE_FAULT };

/* One-of-many status words, as the common Chinese modules give them. */
enum gas_status {
    STATUS_NORMAL,
    STATUS_WARMUP,
    STATUS_DATA_ERROR,
    STATUS_SENSOR_FAULT,
    STATUS_PRE_ALARM,
    STATUS_LOW_ALARM,
    STATUS_HIGH_ALARM,
    STATUS_ACCESS_FAULT,
    STATUS_OVER_RANGE,
    STATUS_NEEDS_CALIBRATION,
    STATUS_TIMEOUT,
    STATUS_STEL,
    STATUS_TWA,
    STATUS_COMM_FAULT
};

enum gas_point {
    GAS_VOL_PCT,
    GAS_PPM,
    GAS_MGM3,
    LEL_VOL_PCT,
    GAS_LEL_PCT,
    CO_PPM,
    H2S_PPM,
    O2_VOL_PCT,
    ALARM1_DEV,
    ALARM2_DEV,
    ALARM3_DEV,
    ALARM1_LATCHED_DEV,
    ALARM2_LATCHED_DEV,
    ALARM1_MUTED,
    ALARM2_MUTED,
    ALARM3_MUTED,
    FAULT_CODE,
    FAULT_DEV,
    FAULT_DEV2,
    SENSOR_FAULT_DEV,
    COMM_FAULT_DEV,
    DISABLED_DEV,
    WARNING_DEV,
    DETECTOR_MODE,
    DETECTOR_STATUS,
    WARMUP_DEV,
    INHIBIT_DEV,
    CALIBRATING_DEV,
    OVER_RANGE,
    UNDER_RANGE,
    HEARTBEAT,
    GAS_PEAK,
    GAS_NAME,
    GAS_CODE,
    SP_ALARM1_DEV,
    SP_ALARM2_DEV,
    ALARM1_LATCHING,
    ALARM2_LATCHING,
    ALARM1_TYPE,
    ALARM2_TYPE,
    SENSOR_TYPE,
    SENSOR_VOLTAGE,
    UNIT_CODE,
    STATUS_RAW,
    FAULT_BITS,
    ALARM_BITS,
    ALARM_LATCHED_BITS,
    RANGE_FULL_SCALE,
    DETECTOR_TEMP,
    AMBIENT_TEMP,
    HUMIDITY,
    SUPPLY_VOLTAGE,
    CAL_DUE_DAYS,
    CAL_INTERVAL_DAYS,
    RELAY_BITS,
    VALVE_STATE,
    FAN_RUNNING,
    INSTALL_DATE,
    DETECTOR_EXPIRY,
    GAS_OVER_RANGE,
    GAS_FAULT,
    GAS_WARMING_UP,
    GAS_INHIBITED,
    GAS_ROC,
    GAS_ZERO_24H,
    SETPOINT_MISMATCH,
    POINT_COUNT
};

enum gas {
    NATURAL_GAS,
    METHANE,
    LPG,
    PROPANE,
    BUTANE,
    TOWN_GAS,
    HYDROGEN,
    CARBON_MONOXIDE,
    HYDROGEN_SULPHIDE,
    OXYGEN,
    GAS_COUNT
};

enum gas_basis { BASIS_GB, BASIS_IEC, BASIS_COUNT };

enum gas_setting {
    SET_GAS,
    SET_LEL_BASIS,
    SET_LEL_VOL_PCT,
    SET_SP_ALARM1,
    SET_SP_ALARM2,
    SET_H2S_OEL_PPM,
    SET_GAS_DENSITY,
    SET_MOUNT_HEIGHT_M,
    SET_ROOM_HEIGHT_M,
    SETTING_COUNT
};

extern const struct class_point gas_points[POINT_COUNT];

/* 100 %LEL in % by volume; 0: unknown. */
extern const double gas_lel_vol_pct[GAS_COUNT][BASIS_COUNT];

#define RISE_WINDOW_MS 10000
#define RISE_STEP_MS   500
#define RISE_STEPS     (RISE_WINDOW_MS / RISE_STEP_MS + 1)

#define QUARTER_MS          900000
#define QUARTERS            96 /* a day */
#define QUARTERS_NEEDED     48
#define READING_EVERY_MS    15000
#define QUARTER_READINGS    (QUARTER_MS / READING_EVERY_MS)
#define QUARTER_READINGS_OK (QUARTER_READINGS / 2)

/* The lowest reading of each half second of the window. */
struct gas_rise {
    int64_t since_ms; /* there has been a reading in each window since then */
    struct {
        int64_t step; /* half second of the clock, plus one; 0: none */
        double lowest;
    } steps[RISE_STEPS];
};

/* Medians of quarter hours. A quarter hour with less than half its readings counts for nothing. */
struct gas_zero {
    int64_t quarter; /* of the clock, that is being collected */
    int64_t reading; /* 15 s of the clock that gave the last reading */
    size_t count;
    double readings[QUARTER_READINGS];
    struct {
        int64_t quarter; /* plus one; 0: none */
        double median;
    } past[QUARTERS];
    bool is_known;
    double median;
};

struct gas_memory {
    struct gas_rise rise;
    struct gas_zero zero;
};
_Static_assert(sizeof(struct gas_memory) <= DERIVE_MEMORY_MAX, "more than a class may remember");

#endif
