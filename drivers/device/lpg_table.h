/* lpg_table: what a gas cylinder has, as numbers: its points, codes and settings, and what is remembered of it. Between
 * lpg_table.c, which describes them, and lpg.c and lpg_label.c, which compute with them. */
#ifndef OUTPOST_DRIVERS_DEVICE_LPG_TABLE_H
#define OUTPOST_DRIVERS_DEVICE_LPG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/device/number.h"
#include "gateway/model/class.h"

enum cylinder { CYLINDER_NORMAL, CYLINDER_OVERDUE, CYLINDER_SCRAPPED, CYLINDER_UNKNOWN };

enum valve { VALVE_OPEN, VALVE_CLOSED, VALVE_MOVING, VALVE_UNKNOWN };

enum point {
    GROSS_MASS,
    TARE_MASS,
    NET_MASS,
    FILL_PCT,
    SCALE_UNSTABLE,
    SCALE_OVERFLOW,
    SCALE_OVERLOAD,
    SCALE_ZERO,
    SCALE_PEAK_HOLD,
    VALVE_STATE,
    VALVE_LOCK,
    VALVE_CMD,
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
    REG_CODE,
    MAKER_CODE,
    CYLINDER_NO,
    MADE_MONTH,
    SCRAP_MONTH,
    NEXT_INSPECT,
    INSPECT_CYCLE_Y,
    OWNER_UNIT,
    FILL_STATION,
    FILL_DATE,
    FILL_WORKER,
    FILL_MASS,
    MEDIUM,
    DELIVERY_UNIT,
    DELIVERED_AT,
    USER_NAME,
    USER_ADDR,
    USAGE_RATE,
    BURST_FLOW,
    LEAK_MASS_RATE,
    LEAK,
    DAYS_LEFT,
    HOURS_SINCE_MOVE,
    OVERFILLED,
    RESIDUAL_FRAUD,
    CYLINDER_EXPIRED,
    CYLINDER_STRANGE,
    POINT_COUNT
};

enum setting { SET_CYLINDER_TYPE, SET_MAX_FILL_MASS, SET_TARE_STAMPED, SET_APPLIANCE_MAX, SET_MEDIUM, SETTING_COUNT };

#define LPG_TYPES 5 /* of cylinders, setting cylinder_type */

extern const struct class_point lpg_points[POINT_COUNT];
extern const double lpg_max_fill_of_type[LPG_TYPES]; /* kg, GB 5842 */

#define LPG_READINGS     91 /* half an hour */
#define LPG_HOURS_OF_USE 168

struct lpg_reading {
    int64_t mono_ms;
    double kg;
};

struct lpg_used {
    int64_t seen_ms;
    double kg;
};

struct lpg_memory {
    bool begun;
    bool handled; /* since start */
    int64_t moved_mono_ms;
    int64_t closed_mono_ms;                    /* the valve has been closed since; 0: it is not */
    struct lpg_reading readings[LPG_READINGS]; /* ring, the oldest at `first` */
    size_t first;
    size_t count;
    int64_t rated_mono_ms; /* when the two rates were computed */
    struct number usage;
    struct number behind_valve;
    struct lpg_used now;                         /* what was used, and the time that was seen */
    struct lpg_used hours[LPG_HOURS_OF_USE + 1]; /* ring: the same as of each hour seen, the oldest at `first_hour` */
    size_t first_hour;
    size_t hour_count;
};

/* lpg_label.c: cylinder_expired and cylinder_strange. */
void lpg_derive_label(struct derive *derive);
void lpg_mounted(const struct derive *derive, struct class_item *ret_item); /* class.mounted */

#endif
