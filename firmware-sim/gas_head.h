/* gas_head: one gas detector head and the air around it, between gas_head.c (physics) and plant_gas.c (points, orders). */
#ifndef OUTPOST_FIRMWARE_SIM_GAS_HEAD_H
#define OUTPOST_FIRMWARE_SIM_GAS_HEAD_H

#include <stdbool.h>

#include "firmware-sim/random.h"
#include "firmware-sim/room.h"

#define GAS_READING_MAX 110.0
#define GAS_READING_MIN (-10.0)

/* What the detector measures: 100 %LEL in % by volume, kg/m3 at 25 Cel, % by volume that burns best. */
struct gas_kind {
    const char *setting; /* the word of the site file */
    const char *formula;
    double lel_vol_pct;
    double density;
    double stoichiometric;
    double code; /* as the common Chinese modules number gases */
};

enum gas_mode { GAS_NORMAL, GAS_WARMUP, GAS_INHIBIT, GAS_CALIBRATION, GAS_FAULT };

struct gas_head {
    const struct gas_kind *gas;

    /* the air */
    struct room own_room; /* where the site names no zone */
    double source;        /* of the leak, %LEL m3/s while the supply is open */
    double near;          /* near field, %LEL */
    bool supply_open;
    bool fan_runs;

    /* the sensor */
    double distance_s; /* of the way from the leak to the head: a lag */
    double bead_s;     /* of the bead: T90 / 2.303 */
    double arrives;    /* at the head */
    double sensed;     /* after the bead's lag, %LEL */
    double zero;       /* offset, now and where it drifts to */
    double zero_goal;
    double sensitivity; /* 1 as calibrated */
    double sensitivity_goal;
    double noise;
    double reading;
    double peak;
    bool broken; /* the bead's wire */
    bool frozen;

    /* the electronics */
    enum gas_mode mode;
    double in_mode_s;
    double span; /* calibration gas, %LEL */
    int fault;   /* 0: none */
    bool low;
    bool high;
    bool low_latched;
    bool high_latched;
    bool latching;
    double setpoint_low;
    double setpoint_high;
    double age_s;
    double beats;
    double temperature;
};

const struct gas_kind *gas_kind_find(const char *setting); /* methane for what it does not know */

void gas_head_open(struct gas_head *head, struct random *random);

/* One step: the air, the sensor, then the alarms. `held_reading`: what a person makes it read; NaN: nobody. */
void gas_head_step(struct gas_head *head, double dt_s, struct room *room, double held_reading, struct random *random);

/* The source that makes the near field settle at so much in a room that nobody airs more than usual. */
double gas_source_for(double lel);
double gas_source_of_m3_s(const struct gas_head *head, double gas_m3_s);

void gas_head_reset(struct gas_head *head); /* latched alarms whose cause is gone */

#endif
